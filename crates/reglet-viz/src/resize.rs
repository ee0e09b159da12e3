use ndarray::{Array2, ArrayView2};

/// Resizes `map`, height × width, bilinearly, with the corners of the two grids laid on each other.
///
/// The value at output pixel `i` is taken at `(i + ½) · input / output − ½`, held inside the map: the same as
/// PyTorch's `interpolate(mode="bilinear", align_corners=False)`. There is no averaging when a map becomes
/// smaller. An empty map or size gives an empty or a zero map.
pub fn resize_map(map: ArrayView2<'_, f32>, height: usize, width: usize) -> Array2<f32> {
    if map.dim() == (height, width) {
        return map.to_owned();
    }
    if map.is_empty() {
        return Array2::zeros((height, width));
    }
    let rows = taps(map.nrows(), height);
    let columns = taps(map.ncols(), width);
    Array2::from_shape_fn((height, width), |(y, x)| {
        let (top, bottom, down) = rows[y];
        let (left, right, across) = columns[x];
        let upper = mix(map[[top, left]], map[[top, right]], across);
        let lower = mix(map[[bottom, left]], map[[bottom, right]], across);
        mix(upper, lower, down)
    })
}

/// For each output position, the two input positions between which it is, and the weight of the second.
fn taps(input: usize, output: usize) -> Vec<(usize, usize, f32)> {
    let step = input as f64 / output as f64;
    (0..output)
        .map(|position| {
            let at = ((position as f64 + 0.5) * step - 0.5).clamp(0.0, (input - 1) as f64);
            let first = at.floor() as usize;
            (first, (first + 1).min(input - 1), (at - first as f64) as f32)
        })
        .collect()
}

fn mix(a: f32, b: f32, share: f32) -> f32 {
    a * (1.0 - share) + b * share
}
