//! Checks whether annotations can belong to their picture.

/// The error of an annotation's corners in a picture of this size, with the likely cause; nothing if their positions are
/// plausible. A part may lie beyond the edge, if somebody drew across it, but not by as much as the size of the picture.
pub(super) fn fault<'a>(
    corners: impl Iterator<Item = &'a [f64; 2]> + Clone,
    (width, height): (u32, u32),
) -> Option<String> {
    let range = |axis: usize| {
        let values = corners.clone().map(move |corner| corner[axis]);
        values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    };
    let (x, y) = (range(0), range(1));
    let (right, bottom) = (f64::from(width), f64::from(height));
    let all = |is: fn(f64) -> bool| corners.clone().flatten().all(|&value| is(value));
    if all(|value| (0.0..=1.0).contains(&value)) && !all(|value| value.fract() == 0.0) {
        return Some(format!(
            "its corners lie between 0 and 1 in a picture of {width}×{height} pixels, as if they were shares of its \
             sides: multiply them by its width and height"
        ));
    }
    let outside = x.1 <= 0.0 || y.1 <= 0.0 || x.0 >= right || y.0 >= bottom;
    let far = x.0 < -right || y.0 < -bottom || x.1 > 2.0 * right || y.1 > 2.0 * bottom;
    (outside || far).then(|| {
        let number = |value: f64| if value.abs() < 1e6 { format!("{value:.0}") } else { format!("{value:.0e}") };
        let span = |(low, high)| format!("from {} to {}", number(low), number(high));
        format!(
            "it lies {} the picture of {width}×{height} pixels, at x {} and y {}, as if it belonged to another picture or had been drawn on a larger copy: scale it to this picture",
            if outside { "outside" } else { "far beyond" },
            span(x),
            span(y),
        )
    })
}

/// The error of a box with this position, width and height in a picture of this size: it extends beyond the edge, but would
/// lie inside if its numbers were two corners.
pub(super) fn is_between_corners([x0, y0, x1, y1]: [f64; 4], (width, height): (u32, u32)) -> Option<String> {
    // A box that was drawn by hand may reach a little beyond the edge.
    const SLACK: f64 = 1.05;
    let (right, bottom) = (f64::from(width), f64::from(height));
    let beyond = x0 + x1 > SLACK * right || y0 + y1 > SLACK * bottom;
    let within = x0 >= 0.0 && y0 >= 0.0 && x0 < x1 && y0 < y1 && x1 <= right && y1 <= bottom;
    (beyond && within).then(|| {
        format!(
            "its box reaches beyond the picture of {width}×{height} pixels as x, y, width and height, but lies within it \
             as two corners: write {x0}, {y0}, {}, {} if that is meant",
            x1 - x0,
            y1 - y0
        )
    })
}
