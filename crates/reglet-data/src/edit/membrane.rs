//! The smoothest surface over a gap.

use super::grid::Grid;

/// The iteration ends when no value changes by more than this fraction of the values' range, or after the largest number of
/// steps.
const STILL: f32 = 1e-3;
const STEPS: usize = 60;

/// A coarser level's corrections are made larger by this factor. Any below 2 converges.
const LARGER: f32 = 1.6;

/// How often a coarser level is visited in a cycle.
const VISITS: usize = 2;

/// Grids with at most this number of cells are solved by relaxation sweeps alone, and this is the number of sweeps.
const COARSEST: usize = 12;
const SWEEPS: usize = 20;

/// Solves Laplace's equation on the connected pixels `gap` of a picture, for three channels: each value becomes the mean of
/// its four neighbours, and the surface meets the values around the gap. A neighbour that is not `known`, or is beyond the
/// picture's edge, has no influence: there the surface has slope zero across the border (a Neumann boundary condition).
///
/// The solution is in the order of the pixels; it is zero if nothing is known around the gap.
///
/// The equation is solved by conjugate gradients, preconditioned by a multigrid cycle on the pixels of the gap only, so that
/// time and memory are proportional to their number. Two by two cells become one cell of the next coarser level; their
/// residuals are summed, and the coarse cell's correction, enlarged by a factor, is applied to all of its parts (D. Braess,
/// *Towards algebraic multigrid for elliptic problems of second order*, Computing 55, 1995). It converges on any shape.
pub(super) fn span(
    gap: &[(u32, u32)],
    dimensions: (u32, u32),
    known: impl Fn(u32, u32) -> Option<[f32; 3]>,
) -> Vec<[f32; 3]> {
    let Some((equations, range)) = Level::finest(gap, dimensions, known) else {
        return vec![[0.0; 3]; gap.len()];
    };
    let (values, _) = solved(equations, STILL * range.max(f32::MIN_POSITIVE));
    values.into_iter().map(|[a, b, c, _]| [a, b, c]).collect()
}

/// Solves the equations until a step moves no value by more than `still`. Returns how many steps that took as well.
fn solved(finest: Level, still: f32) -> (Vec<Values>, usize) {
    let count = finest.cells.len();
    let mut levels = vec![finest];
    while let Some(last) = levels.last_mut().filter(|last| last.cells.len() > COARSEST) {
        let coarser = last.coarsened();
        levels.push(coarser);
    }
    guess(&mut levels);
    let mut found = levels[0].values[..count].to_vec();
    // From here on, the source of the finest level is the residual.
    for number in 0..count {
        levels[0].source[number] = levels[0].residual(number);
    }
    let (mut direction, mut images): (Vec<Values>, Vec<Values>) = (Vec::new(), Vec::with_capacity(count));
    let mut before = [0.0_f64; 4];
    for step in 1..=STEPS {
        levels[0].values.fill([0.0; 4]);
        cycle(&mut levels);
        let fine = &mut levels[0];
        let product = dot(&fine.source, &fine.values);
        if direction.is_empty() {
            direction = fine.values.clone();
        } else {
            let kept: Values = std::array::from_fn(|c| ratio(product[c], before[c]));
            for (direction, value) in direction.iter_mut().zip(&fine.values) {
                *direction = std::array::from_fn(|c| value[c] + kept[c] * direction[c]);
            }
        }
        before = product;
        fine.values.copy_from_slice(&direction);
        images.clear();
        images.extend((0..count).map(|number| fine.image(number)));
        let energy = dot(&direction, &images);
        let length: Values = std::array::from_fn(|c| ratio(product[c], energy[c]));
        let mut moved = 0.0_f32;
        for number in 0..count {
            for c in 0..4 {
                let way = length[c] * direction[number][c];
                moved = moved.max(way.abs());
                found[number][c] += way;
                fine.source[number][c] -= length[c] * images[number][c];
            }
        }
        if moved <= still {
            return (found, step);
        }
    }
    (found, STEPS)
}

/// A first guess at each level from the next coarser one's, on which one cycle is spent: of what is far from the rim
/// nearly everything is known from there.
fn guess(levels: &mut [Level]) {
    for number in 1..levels.len() {
        let (finer, coarser) = levels.split_at_mut(number);
        let (fine, coarse) = (&finer[number - 1], &mut coarser[0]);
        for (source, &parent) in fine.source.iter().zip(&fine.parents) {
            let sum = &mut coarse.source[parent as usize];
            *sum = added(*sum, 1.0 / LARGER, *source);
        }
    }
    for number in (0..levels.len()).rev() {
        let (finer, coarser) = levels.split_at_mut(number + 1);
        let fine = &mut finer[number];
        if let Some(coarse) = coarser.first() {
            for (value, &parent) in fine.values.iter_mut().zip(&fine.parents) {
                *value = coarse.values[parent as usize];
            }
        }
        if number > 0 || levels.len() == 1 {
            cycle(&mut levels[number..]);
        }
    }
}

/// By channel. Summed up in double precision: there may be millions.
fn dot(a: &[Values], b: &[Values]) -> [f64; 4] {
    let mut sum = [0.0; 4];
    for (a, b) in a.iter().zip(b) {
        for c in 0..4 {
            sum[c] += f64::from(a[c] * b[c]);
        }
    }
    sum
}

/// The quotient, or zero if the denominator is zero.
fn ratio(a: f64, b: f64) -> f32 {
    if b > 0.0 { (a / b) as f32 } else { 0.0 }
}

/// A value of each channel. The fourth is padding, so that one instruction takes all of them.
type Values = [f32; 4];

/// `sum + factor * values`.
fn added(sum: Values, factor: f32, values: Values) -> Values {
    std::array::from_fn(|c| sum[c] + factor * values[c])
}

/// The equations of one level: at each cell, `own` times its value less `weight` times each neighbour's is the source.
struct Level {
    /// The cells' places in a box.
    cells: Vec<(u32, u32)>,
    size: (usize, usize),
    /// The indices of the cells to the left, right, above and below; if there is no such cell, the index after the last.
    near: Vec<[u32; 4]>,
    /// How strongly each neighbour pulls. Empty at the finest level, where all pull alike, by one.
    weight: Vec<[f32; 4]>,
    /// How much a cell's own value counts: the sum of its weights, and how strongly what is known outside pulls.
    own: Vec<f32>,
    source: Vec<Values>,
    /// One more than there are cells: the last is always zero.
    values: Vec<Values>,
    /// The number of the coarser level's cell that each is part of.
    parents: Vec<u32>,
}

impl Level {
    fn new(cells: Vec<(u32, u32)>, size: (usize, usize)) -> Level {
        let count = cells.len();
        Level {
            size,
            near: vec![[count as u32; 4]; count],
            weight: Vec::new(),
            own: vec![0.0; count],
            source: vec![[0.0; 4]; count],
            values: vec![[0.0; 4]; count + 1],
            parents: Vec::new(),
            cells,
        }
    }

    /// The pixels themselves, and the range of what is known about them; `None` if nothing is.
    fn finest(
        gap: &[(u32, u32)],
        dimensions: (u32, u32),
        known: impl Fn(u32, u32) -> Option<[f32; 3]>,
    ) -> Option<(Level, f32)> {
        let grid = Grid::about(gap, dimensions);
        let cell = |&place: &usize| ((place % grid.width) as u32, (place / grid.width) as u32);
        let cells = grid.places.iter().map(cell).collect();
        let mut level = Level::new(cells, (grid.width, grid.height));
        let mut numbers = vec![0_u32; grid.width * grid.height];
        for (number, &place) in (1..).zip(&grid.places) {
            numbers[place] = number;
        }
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        for (number, &place) in grid.places.iter().enumerate() {
            for (side, at) in
                [place - 1, place + 1, place - grid.width, place + grid.width].into_iter().enumerate()
            {
                if numbers[at] > 0 {
                    level.near[number][side] = numbers[at] - 1;
                    level.own[number] += 1.0;
                } else if let Some([a, b, c]) = grid.pixel(at).and_then(|(x, y)| known(x, y)) {
                    level.own[number] += 1.0;
                    level.source[number] = added(level.source[number], 1.0, [a, b, c, 0.0]);
                    (low, high) = (low.min(a).min(b).min(c), high.max(a).max(b).max(c));
                }
            }
        }
        (low <= high).then_some((level, high - low))
    }

    /// The next coarser level.
    fn coarsened(&mut self) -> Level {
        let size = (self.size.0.div_ceil(2), self.size.1.div_ceil(2));
        let mut numbers = vec![0_u32; size.0 * size.1];
        let mut cells = Vec::with_capacity(self.cells.len() / 3);
        self.parents = Vec::with_capacity(self.cells.len());
        for &(x, y) in &self.cells {
            let number = &mut numbers[y as usize / 2 * size.0 + x as usize / 2];
            if *number == 0 {
                cells.push((x / 2, y / 2));
                *number = cells.len() as u32;
            }
            self.parents.push(*number - 1);
        }
        let mut coarser = Level::new(cells, size);
        coarser.weight = vec![[0.0; 4]; coarser.cells.len()];
        for (number, &parent) in self.parents.iter().enumerate() {
            let parent_at = parent as usize;
            coarser.own[parent_at] += self.own[number] / LARGER;
            for side in 0..4 {
                let Some(&other) = self.parents.get(self.near[number][side] as usize) else { continue };
                let weight = self.weight.get(number).map_or(1.0, |weight| weight[side]) / LARGER;
                if other == parent {
                    // Within one cell nothing flows.
                    coarser.own[parent_at] -= weight;
                } else {
                    coarser.near[parent_at][side] = other;
                    coarser.weight[parent_at][side] += weight;
                }
            }
        }
        coarser
    }

    /// What the neighbours bring, and by how much the value itself counts.
    #[inline]
    fn about(&self, number: usize) -> (Values, f32) {
        let value = |side: usize| self.values[self.near[number][side] as usize];
        let brought = match self.weight.get(number) {
            Some(weight) => (0..4).fold([0.0; 4], |sum, side| added(sum, weight[side], value(side))),
            None => (0..4).fold([0.0; 4], |sum, side| added(sum, 1.0, value(side))),
        };
        (brought, self.own[number])
    }

    /// The source that the values as they are would have.
    #[inline]
    fn image(&self, number: usize) -> Values {
        let (brought, own) = self.about(number);
        std::array::from_fn(|c| own * self.values[number][c] - brought[c])
    }

    /// What is left of the source when the values are as they are.
    #[inline]
    fn residual(&self, number: usize) -> Values {
        added(self.source[number], -1.0, self.image(number))
    }

    /// Makes a cell agree with its neighbours.
    #[inline]
    fn relax(&mut self, number: usize) {
        let (brought, own) = self.about(number);
        if own > 0.0 {
            let (source, reciprocal) = (self.source[number], 1.0 / own);
            self.values[number] = std::array::from_fn(|c| (source[c] + brought[c]) * reciprocal);
        }
    }
}

/// A sweep, the coarser level's correction, a sweep back.
fn cycle(levels: &mut [Level]) {
    let Some((fine, coarser)) = levels.split_first_mut() else { return };
    let count = fine.cells.len();
    let Some(coarse) = coarser.first_mut() else {
        for _ in 0..SWEEPS {
            (0..count).chain((0..count).rev()).for_each(|number| fine.relax(number));
        }
        return;
    };
    (0..count).for_each(|number| fine.relax(number));
    coarse.source.fill([0.0; 4]);
    coarse.values.fill([0.0; 4]);
    for (number, &parent) in fine.parents.iter().enumerate() {
        let source = &mut coarse.source[parent as usize];
        *source = added(*source, 1.0, fine.residual(number));
    }
    for _ in 0..VISITS {
        cycle(coarser);
    }
    for (value, &parent) in fine.values.iter_mut().zip(&fine.parents) {
        *value = added(*value, 1.0, coarser[0].values[parent as usize]);
    }
    (0..count).rev().for_each(|number| fine.relax(number));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mask;
    use crate::parts::parts;
    use crate::phantom::Dice;

    fn rectangle(columns: std::ops::Range<u32>, rows: std::ops::Range<u32>) -> Vec<(u32, u32)> {
        rows.flat_map(|y| columns.clone().map(move |x| (x, y))).collect()
    }

    /// The same, by sweeps in double precision until nothing moves any more.
    fn slowly(
        gap: &[(u32, u32)],
        (width, height): (u32, u32),
        known: impl Fn(u32, u32) -> Option<[f32; 3]>,
    ) -> Vec<f64> {
        let numbers: std::collections::HashMap<(u32, u32), usize> = gap.iter().copied().zip(0..).collect();
        let mut values = vec![0.0_f64; gap.len()];
        let relaxation = 2.0 / (1.0 + (std::f64::consts::PI / (gap.len() as f64).sqrt().max(2.0)).sin());
        for _ in 0..200_000 {
            let mut moved = 0.0_f64;
            for (place, &(x, y)) in gap.iter().enumerate() {
                let about = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
                let (mut sum, mut count) = (0.0, 0.0);
                for (x, y) in about.into_iter().filter(|&(x, y)| x < width && y < height) {
                    let value = match numbers.get(&(x, y)) {
                        Some(&other) => Some(values[other]),
                        None => known(x, y).map(|value| f64::from(value[0])),
                    };
                    if let Some(value) = value {
                        (sum, count) = (sum + value, count + 1.0);
                    }
                }
                let step = relaxation * (sum / count - values[place]);
                values[place] += step;
                moved = moved.max(step.abs());
            }
            if moved < 1e-9 {
                break;
            }
        }
        values
    }

    /// These have no second difference but that of one direction makes up for that of the other, so they are harmonic
    /// on the pixels as they are in the plane, and must come back.
    #[test]
    fn harmonic_polynomials_are_spanned_by_themselves() {
        let polynomials: [fn(f32, f32) -> f32; 4] = [
            |x, y| 3.0 + 0.5 * x - 0.25 * y,
            |x, y| x * x - y * y,
            |x, y| x * y,
            |x, y| x * x * x - 3.0 * x * y * y,
        ];
        for (width, height) in [(14, 9), (61, 37), (200, 30), (128, 128), (3, 300)] {
            let gap = rectangle(5..5 + width, 4..4 + height);
            for polynomial in polynomials {
                let scaled = |x: u32, y: u32| {
                    let at = |place: u32, side: u32| (place as f32 - 5.0) / side.max(1) as f32;
                    let longer = width.max(height);
                    [100.0 * polynomial(at(x, longer), at(y, longer)), 7.0, -3.0]
                };
                let found = span(&gap, (400, 400), |x, y| Some(scaled(x, y)));
                for (&(x, y), found) in gap.iter().zip(found) {
                    let wanted = scaled(x, y);
                    assert!((found[0] - wanted[0]).abs() < 0.05, "({x}, {y}): {found:?} for {wanted:?}");
                    assert!((found[1] - 7.0).abs() < 1e-3 && (found[2] + 3.0).abs() < 1e-3);
                }
            }
        }
    }

    #[test]
    fn a_ring_is_spanned_by_the_logarithm_of_the_radius() {
        let radius = |x: u32, y: u32| (x as f32 - 80.0).hypot(y as f32 - 80.0);
        let gap: Vec<(u32, u32)> = rectangle(0..161, 0..161)
            .into_iter()
            .filter(|&(x, y)| (15.0..70.0).contains(&radius(x, y)))
            .collect();
        let log = |x: u32, y: u32| [50.0 * radius(x, y).ln(); 3];
        let found = span(&gap, (161, 161), |x, y| Some(log(x, y)));
        for (&(x, y), found) in gap.iter().zip(found) {
            assert!((found[0] - log(x, y)[0]).abs() < 0.05, "({x}, {y})");
        }
    }

    /// Shapes as they come, and worse: what multigrid finds is what sweeping finds in the end.
    #[test]
    fn no_shape_is_too_ragged() {
        type Shape = fn(&mut Dice, f32, f32) -> bool;
        let shapes: [(&str, Shape); 5] = [
            ("noise", |dice, _, _| dice.chance(0.7)),
            ("a comb", |_, x, y| y < 6.0 || (x as u32).is_multiple_of(3)),
            ("a slanting line", |_, x, y| (x - 1.7 * y).abs() < 1.2),
            ("a spiral", |_, x, y| {
                let (x, y) = (x - 30.0, y - 20.0);
                (x.hypot(y) * 0.6 + y.atan2(x)).sin() > 0.2
            }),
            ("two discs and a bridge", |_, x, y| {
                (x - 14.0).hypot(y - 20.0) < 13.0 || (x - 46.0).hypot(y - 20.0) < 13.0 || y == 20.0
            }),
        ];
        let mut dice = Dice::new(3, 0, "shapes");
        for (name, shape) in shapes {
            for known_share in [1.0, 0.4] {
                let mask = Mask::from_fn(60, 40, |x, y| shape(&mut dice, x as f32, y as f32)).expect("small");
                let level = |x: u32, y: u32| {
                    let hash = (x.wrapping_mul(73_856_093) ^ y.wrapping_mul(19_349_663))
                        .wrapping_mul(2_654_435_761)
                        >> 8;
                    let known = (hash % 1000) as f32 <= 1000.0 * known_share;
                    (known && !mask.get(x, y)).then_some([(hash / 1000 % 256) as f32; 3])
                };
                for part in parts(&mask).into_iter().filter(|part| part.len() > 1) {
                    let found = span(&part, (60, 40), level);
                    if found.iter().all(|value| *value == [0.0; 3]) {
                        continue;
                    }
                    let wanted = slowly(&part, (60, 40), level);
                    for ((at, found), wanted) in part.iter().zip(found).zip(wanted) {
                        assert!(
                            (f64::from(found[0]) - wanted).abs() < 0.5,
                            "{name}, {at:?}: {found:?}, {wanted}"
                        );
                    }
                }
            }
        }
    }

    /// Some more for a gap nine hundred times as large, and not many for what noise leaves of one.
    #[test]
    fn large_gaps_take_hardly_more_steps_than_small_ones() {
        let rough = |x: u32, y: u32| Some([((x * 7919 + y * 104_729 + x * y * 31) % 256) as f32; 3]);
        let steps = |gap: &[(u32, u32)]| {
            let (finest, range) = Level::finest(gap, (800, 800), rough).expect("all is known");
            solved(finest, STILL * range).1
        };
        for side in [20, 60, 200, 600] {
            let steps = steps(&rectangle(1..1 + side, 1..1 + side / 3));
            assert!(steps <= 6, "{side}: {steps} steps");
        }
        let mut dice = Dice::new(1, 0, "noise");
        for share in [0.62, 0.8, 0.97] {
            let mask = Mask::from_fn(500, 400, |_, _| dice.chance(share)).expect("small");
            let largest = parts(&mask).into_iter().max_by_key(Vec::len).expect("some");
            let steps = steps(&largest);
            assert!(
                largest.len() > 50_000 && steps <= 20,
                "{share}: {} pixels, {steps} steps",
                largest.len()
            );
        }
        // Known at one end only: what is far from it must be found all the same.
        let mask = Mask::from_fn(500, 400, |_, _| dice.chance(0.7)).expect("small");
        let largest = parts(&mask).into_iter().max_by_key(Vec::len).expect("some");
        let one_end = |x: u32, _: u32| (x < 3).then_some([if x == 0 { 20.0 } else { 200.0 }; 3]);
        let (finest, range) = Level::finest(&largest, (500, 400), one_end).expect("some is known");
        let (values, steps) = solved(finest, STILL * range);
        assert!(steps < STEPS, "{steps} steps");
        assert!(values.iter().all(|value| (19.0..=201.0).contains(&value[0])), "beyond what is known");
    }

    #[test]
    fn what_is_not_known_does_not_pull() {
        let gap = rectangle(3..6, 3..6);
        let found = span(&gap, (9, 9), |x, _| (x < 3).then_some([7.0; 3]));
        assert!(found.iter().flatten().all(|value| (value - 7.0).abs() < 1e-3));
        // With nothing known at all there is nothing to span, and nothing that is not a number comes of it.
        assert_eq!(span(&gap, (9, 9), |_, _| None), vec![[0.0; 3]; 9]);
        assert!(span(&[], (9, 9), |_, _| None).is_empty());
    }
}
