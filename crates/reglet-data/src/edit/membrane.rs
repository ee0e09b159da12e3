//! The smoothest surface through given values: the solution of Laplace's equation.

/// What is known of one place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    /// Its value is given.
    Given([f32; 3]),
    /// Its value is asked for; this is the guess so far.
    Wanted([f32; 3]),
    /// It has no part in this.
    Outside,
}

/// Gives every wanted cell of a grid `width` wide the mean of its (up to four) neighbours that are not
/// outside, as if a membrane were hung from the given cells; the grid's edge is free.
///
/// A cascade from coarse to fine (F. Bornemann and P. Deuflhard, "The cascadic multigrid method for elliptic
/// problems", Numerische Mathematik 75, 1996): each grid's solution is the next finer one's first guess, so
/// few sweeps of successive over-relaxation are left to do on it.
pub(super) fn stretch(cells: &mut [Cell], width: usize) {
    if width == 0 || !cells.iter().any(|cell| matches!(cell, Cell::Wanted(_))) {
        return;
    }
    let height = cells.len() / width;
    if width.min(height) > 2 {
        let (mut coarse, coarse_width) = coarsened(cells, width, height);
        stretch(&mut coarse, coarse_width);
        for (index, cell) in cells.iter_mut().enumerate() {
            if let Cell::Wanted(guess) = cell {
                let (x, y) = (index % width, index / width);
                if let Cell::Given(value) | Cell::Wanted(value) = coarse[(y / 2) * coarse_width + x / 2] {
                    *guess = value;
                }
            }
        }
    } else if let Some(mean) = mean(cells.iter().filter_map(given)) {
        for cell in cells.iter_mut() {
            if let Cell::Wanted(guess) = cell {
                *guess = mean;
            }
        }
    }
    relax(cells, width, height);
}

/// Sweeps at most, and the change (in grey levels) below which no more are needed.
const SWEEPS: usize = 300;
const SETTLED: f32 = 0.01;

fn relax(cells: &mut [Cell], width: usize, height: usize) {
    let wanted: Vec<usize> =
        (0..cells.len()).filter(|&index| matches!(cells[index], Cell::Wanted(_))).collect();
    // The best factor for a square grid with as many cells (D. Young, 1950) is a fair one for any shape.
    let factor = 2.0 / (1.0 + std::f32::consts::PI / (wanted.len() as f32).sqrt().max(2.0));
    for _ in 0..SWEEPS {
        let mut change = 0.0_f32;
        for &index in &wanted {
            let (x, y) = (index % width, index / width);
            let around = [
                (x > 0).then(|| index - 1),
                (x + 1 < width).then_some(index + 1),
                (y > 0).then(|| index - width),
                (y + 1 < height).then_some(index + width),
            ];
            let (mut sum, mut count) = ([0.0_f32; 3], 0.0_f32);
            for neighbour in around.into_iter().flatten() {
                if let Cell::Given(value) | Cell::Wanted(value) = cells[neighbour] {
                    sum = std::array::from_fn(|c| sum[c] + value[c]);
                    count += 1.0;
                }
            }
            if let Cell::Wanted(value) = &mut cells[index]
                && count > 0.0
            {
                for (channel, sum) in value.iter_mut().zip(sum) {
                    let step = factor * (sum / count - *channel);
                    *channel += step;
                    change = change.max(step.abs());
                }
            }
        }
        if change < SETTLED {
            break;
        }
    }
}

/// Four cells in one: given where any of them is, wanted where any of the others is.
fn coarsened(cells: &[Cell], width: usize, height: usize) -> (Vec<Cell>, usize) {
    let (coarse_width, coarse_height) = (width.div_ceil(2), height.div_ceil(2));
    let coarse = (0..coarse_width * coarse_height)
        .map(|index| {
            let (x, y) = (2 * (index % coarse_width), 2 * (index / coarse_width));
            let children: [Cell; 4] = std::array::from_fn(|child| {
                let (x, y) = (x + child % 2, y + child / 2);
                if x < width && y < height { cells[y * width + x] } else { Cell::Outside }
            });
            match mean(children.iter().filter_map(given)) {
                Some(value) => Cell::Given(value),
                None if children.iter().any(|cell| matches!(cell, Cell::Wanted(_))) => Cell::Wanted([0.0; 3]),
                None => Cell::Outside,
            }
        })
        .collect();
    (coarse, coarse_width)
}

fn given(cell: &Cell) -> Option<[f32; 3]> {
    if let Cell::Given(value) = cell { Some(*value) } else { None }
}

fn mean(values: impl Iterator<Item = [f32; 3]>) -> Option<[f32; 3]> {
    let (sum, count) = values.fold(([0.0_f32; 3], 0.0_f32), |(sum, count), value| {
        (std::array::from_fn(|c| sum[c] + value[c]), count + 1.0)
    });
    (count > 0.0).then(|| sum.map(|sum| sum / count))
}

#[cfg(test)]
mod tests {
    use super::{Cell, stretch};

    /// A linear surface is its own membrane, so its rim brings it back.
    #[test]
    fn a_plane_is_restored_from_its_rim() {
        let (width, height) = (61, 43);
        let plane = |x: usize, y: usize| [2.0 * x as f32, 100.0 - y as f32, 3.0];
        let rim = |x: usize, y: usize| x == 0 || y == 0 || x + 1 == width || y + 1 == height;
        let places = || (0..width * height).map(|index| (index % width, index / width));
        let mut cells: Vec<Cell> = places()
            .map(|(x, y)| if rim(x, y) { Cell::Given(plane(x, y)) } else { Cell::Wanted([0.0; 3]) })
            .collect();
        stretch(&mut cells, width);
        for (cell, (x, y)) in cells.iter().zip(places()) {
            let (Cell::Given(value) | Cell::Wanted(value)) = cell else { panic!("no cell was outside") };
            for (got, expected) in value.iter().zip(plane(x, y)) {
                assert!((got - expected).abs() < 0.5, "at {x}, {y}: {got} is not {expected}");
            }
        }
    }

    #[test]
    fn without_anything_given_nothing_happens() {
        let mut cells = vec![Cell::Wanted([5.0; 3]); 12];
        stretch(&mut cells, 4);
        let still = |cell: &Cell| matches!(cell, Cell::Wanted(value) if value.iter().all(|v| v.is_finite()));
        assert!(cells.iter().all(still));
        stretch(&mut [], 0);
    }
}
