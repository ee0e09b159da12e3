//! The smoothest surface over a gap.

/// Sweeps end when no value moves by more than this share of the values' range, or after so many.
const STILL: f32 = 1e-4;
const SWEEPS: usize = 2000;

/// A box about some pixels of a picture, with a frame one pixel wide on each side, whether or not the picture goes on
/// there.
pub(super) struct Grid {
    /// The picture's place of the box's first pixel, which lies in the frame.
    left: i64,
    top: i64,
    dimensions: (u32, u32),
    pub(super) width: usize,
    pub(super) height: usize,
    /// The pixels' places in the box, in their order.
    pub(super) places: Vec<usize>,
}

impl Grid {
    /// The box about pixels of a picture of this size.
    pub(super) fn about(pixels: &[(u32, u32)], dimensions: (u32, u32)) -> Grid {
        let extent = |values: &mut dyn Iterator<Item = u32>| {
            let (low, high) = values.fold((u32::MAX, 0), |(low, high), at| (low.min(at), high.max(at)));
            if low > high { (0, 0) } else { (i64::from(low) - 1, (high - low) as usize + 3) }
        };
        let (left, width) = extent(&mut pixels.iter().map(|at| at.0));
        let (top, height) = extent(&mut pixels.iter().map(|at| at.1));
        let place =
            |&(x, y): &(u32, u32)| (i64::from(y) - top) as usize * width + (i64::from(x) - left) as usize;
        let places = pixels.iter().map(place).collect();
        Grid { left, top, dimensions, width, height, places }
    }

    /// The pixel of the picture at a place of the box; `None` beyond the picture.
    fn pixel(&self, place: usize) -> Option<(u32, u32)> {
        let (x, y) = (self.left + (place % self.width) as i64, self.top + (place / self.width) as i64);
        let inside = |at: i64, side: u32| (0..i64::from(side)).contains(&at).then_some(at as u32);
        Some((inside(x, self.dimensions.0)?, inside(y, self.dimensions.1)?))
    }

    /// Whether a place of the box lies beyond the picture.
    pub(super) fn beyond(&self, place: usize) -> bool {
        self.pixel(place).is_none()
    }
}

/// Solves Laplace's equation on the pixels `gap` of a picture, for three channels, by successive over-relaxation (D. M.
/// Young, *Iterative methods for solving partial difference equations of elliptic type*, Transactions of the AMS 76,
/// 1954): each value becomes the mean of its four neighbours, and the surface meets the values about the gap. A
/// neighbour that is not `known`, or beyond the picture's edge, does not pull: there the surface ends at a right angle.
///
/// The answer is in the order of the pixels; zero where nothing is known about the gap.
pub(super) fn span(
    gap: &[(u32, u32)],
    dimensions: (u32, u32),
    known: impl Fn(u32, u32) -> Option<[f32; 3]>,
) -> Vec<[f32; 3]> {
    let grid = Grid::about(gap, dimensions);
    let mut values = vec![[0.0_f32; 3]; grid.width * grid.height];
    let mut inside = vec![false; values.len()];
    grid.places.iter().for_each(|&place| inside[place] = true);
    let (mut sum, mut count) = ([0.0_f32; 3], 0.0_f32);
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    let mut stencils: Vec<(usize, [usize; 4], usize)> = Vec::with_capacity(gap.len());
    for &place in &grid.places {
        let (mut neighbours, mut pulling) = ([0; 4], 0);
        for near in [place - 1, place + 1, place - grid.width, place + grid.width] {
            if !inside[near] {
                let Some(value) = grid.pixel(near).and_then(|(x, y)| known(x, y)) else { continue };
                values[near] = value;
                count += 1.0;
                for (sum, value) in sum.iter_mut().zip(value) {
                    *sum += value;
                    (low, high) = (low.min(value), high.max(value));
                }
            }
            neighbours[pulling] = near;
            pulling += 1;
        }
        stencils.push((place, neighbours, pulling));
    }
    if count == 0.0 {
        return vec![[0.0; 3]; gap.len()];
    }
    for &place in &grid.places {
        values[place] = sum.map(|sum| sum / count);
    }
    // The best factor for a gap about as wide as it is deep; any below 2 converges.
    let across = (gap.len() as f32).sqrt().max(2.0);
    let relaxation = 2.0 / (1.0 + (std::f32::consts::PI / across).sin());
    let still = STILL * (high - low).max(f32::MIN_POSITIVE);
    for _ in 0..SWEEPS {
        let mut moved = 0.0_f32;
        for (place, neighbours, pulling) in &stencils {
            if *pulling == 0 {
                continue;
            }
            let mean = mean_of(&values, &neighbours[..*pulling]);
            for (value, mean) in values[*place].iter_mut().zip(mean) {
                let step = relaxation * (mean - *value);
                *value += step;
                moved = moved.max(step.abs());
            }
        }
        if moved < still {
            break;
        }
    }
    grid.places.iter().map(|&place| values[place]).collect()
}

/// The mean of the values at some places.
fn mean_of(values: &[[f32; 3]], places: &[usize]) -> [f32; 3] {
    let mut sum = [0.0_f32; 3];
    for &place in places {
        sum.iter_mut().zip(values[place]).for_each(|(sum, value)| *sum += value);
    }
    sum.map(|sum| sum / places.len() as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(columns: std::ops::Range<u32>, rows: std::ops::Range<u32>) -> Vec<(u32, u32)> {
        rows.flat_map(|y| columns.clone().map(move |x| (x, y))).collect()
    }

    /// A linear function is harmonic: it must come back.
    #[test]
    fn a_plane_is_spanned_by_itself() {
        let plane = |x: u32, y: u32| [3.0 + 0.5 * x as f32 - 0.25 * y as f32; 3];
        let gap = gap(5..19, 4..13);
        let found = span(&gap, (24, 18), |x, y| Some(plane(x, y)));
        for (&(x, y), found) in gap.iter().zip(found) {
            assert!((found[0] - plane(x, y)[0]).abs() < 0.01, "({x}, {y}): {found:?}");
        }
    }

    #[test]
    fn what_is_not_known_does_not_pull() {
        let gap = gap(3..6, 3..6);
        let found = span(&gap, (9, 9), |x, _| (x < 3).then_some([7.0; 3]));
        assert!(found.iter().flatten().all(|value| (value - 7.0).abs() < 1e-3));
        // With nothing known at all there is nothing to span, and nothing that is not a number comes of it.
        assert_eq!(span(&gap, (9, 9), |_, _| None), vec![[0.0; 3]; 9]);
        assert!(span(&[], (9, 9), |_, _| None).is_empty());
    }
}
