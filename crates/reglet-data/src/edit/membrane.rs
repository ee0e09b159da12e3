//! The smoothest surface over a gap.

use crate::Mask;

/// Sweeps end when no value moves by more than this share of the values' range, or after so many.
const STILL: f32 = 1e-4;
const SWEEPS: usize = 2000;

/// Solves Laplace's equation inside the region by successive over-relaxation (D. M. Young, *Iterative methods for
/// solving partial difference equations of elliptic type*, Transactions of the AMS 76, 1954): each value becomes the
/// mean of its four neighbours, and the surface meets the values about the region. A neighbour outside the region
/// that is not `known`, or beyond the picture's edge, does not pull: there the surface ends at a right angle.
///
/// `values` hold one number for each pixel, row by row; those outside the region stay.
pub(super) fn span(values: &mut [f32], region: &Mask, known: impl Fn(u32, u32) -> bool) {
    let (width, height) = region.dimensions();
    let at = |x: u32, y: u32| (y * width + x) as usize;
    let (mut sum, mut count) = (0.0, 0.0_f32);
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    let mut gap: Vec<(usize, [usize; 4], usize)> = Vec::with_capacity(region.area());
    for (x, y) in region.iter() {
        let about = [
            (x > 0).then(|| (x - 1, y)),
            (x + 1 < width).then_some((x + 1, y)),
            (y > 0).then(|| (x, y - 1)),
            (y + 1 < height).then_some((x, y + 1)),
        ];
        let (mut neighbours, mut pulling) = ([0; 4], 0);
        for (x, y) in about.into_iter().flatten() {
            let inside = region.get(x, y);
            if !inside && !known(x, y) {
                continue;
            }
            if !inside {
                let value = values[at(x, y)];
                (sum, count) = (sum + value, count + 1.0);
                (low, high) = (low.min(value), high.max(value));
            }
            neighbours[pulling] = at(x, y);
            pulling += 1;
        }
        gap.push((at(x, y), neighbours, pulling));
    }
    let mean = if count > 0.0 { sum / count } else { 0.0 };
    for (place, ..) in &gap {
        values[*place] = mean;
    }
    // The best factor for a gap about as wide as it is deep; any below 2 converges.
    let across = (gap.len() as f32).sqrt().max(2.0);
    let relaxation = 2.0 / (1.0 + (std::f32::consts::PI / across).sin());
    let still = STILL * (high - low).max(f32::MIN_POSITIVE);
    for _ in 0..SWEEPS {
        let mut moved = 0.0_f32;
        for (place, neighbours, pulling) in &gap {
            if *pulling > 0 {
                let sum: f32 = neighbours[..*pulling].iter().map(|&neighbour| values[neighbour]).sum();
                let step = relaxation * (sum / *pulling as f32 - values[*place]);
                values[*place] += step;
                moved = moved.max(step.abs());
            }
        }
        if moved < still {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A linear function is harmonic: it must come back whatever stood in the gap.
    #[test]
    fn a_plane_is_spanned_by_itself() {
        let plane = |x: u32, y: u32| 3.0 + 0.5 * x as f32 - 0.25 * y as f32;
        let region =
            Mask::from_fn(24, 18, |x, y| (5..19).contains(&x) && (4..13).contains(&y)).expect("small");
        let mut values: Vec<f32> = (0..18).flat_map(|y| (0..24).map(move |x| plane(x, y))).collect();
        region.iter().for_each(|(x, y)| values[(y * 24 + x) as usize] = 99.0);
        span(&mut values, &region, |_, _| true);
        for (x, y) in region.iter() {
            let found = values[(y * 24 + x) as usize];
            assert!((found - plane(x, y)).abs() < 0.01, "({x}, {y}): {found}");
        }
    }

    #[test]
    fn what_is_not_known_does_not_pull() {
        let region = Mask::from_fn(9, 9, |x, y| (3..6).contains(&x) && (3..6).contains(&y)).expect("small");
        let mut values: Vec<f32> = (0..81).map(|place| if place % 9 < 3 { 7.0 } else { -50.0 }).collect();
        span(&mut values, &region, |x, _| x < 3);
        assert!(region.iter().all(|(x, y)| (values[(y * 9 + x) as usize] - 7.0).abs() < 1e-3));
        // With nothing known at all there is nothing to span, and nothing that is not a number comes of it.
        span(&mut values, &region, |_, _| false);
        assert!(values.iter().all(|value| value.is_finite()));
    }
}
