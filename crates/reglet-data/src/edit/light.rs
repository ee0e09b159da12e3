//! How strongly a photograph is lit at each place.

use image::RgbImage;

/// A smooth estimate of the light on a picture, 1 being what shows white as white.
///
/// Skin is nearly of one brightness all over, so what varies slowly in it is the light. Each cell of a
/// coarse grid takes a high percentile of its brightness, which hairs and small marks do not change; cells
/// that hold nothing but what is left out take their neighbours'; and between the cells' middles the values
/// are joined linearly.
pub(super) struct LightMap {
    columns: usize,
    rows: usize,
    /// Pixels to a cell's side.
    side: f32,
    cells: Vec<f32>,
}

/// Cells along the shorter side.
const CELLS: f32 = 14.0;

/// The share of a cell's pixels that are darker than its light.
const PERCENTILE: f32 = 0.8;

/// Brightness of well-exposed fair skin; a picture this bright is taken to be lit fully.
const FULL: f32 = 0.78;

impl LightMap {
    /// Estimates the light from the pixels that are `usable`.
    pub(super) fn estimate(picture: &RgbImage, usable: impl Fn(u32, u32) -> bool) -> Self {
        let (width, height) = picture.dimensions();
        let side = (width.min(height) as f32 / CELLS).max(1.0);
        let cells_along = |length: u32| (length as f32 / side).ceil().max(1.0) as usize;
        let (columns, rows) = (cells_along(width), cells_along(height));
        let mut brightness = vec![Vec::new(); columns * rows];
        // A few hundred pixels tell a cell's percentile well enough.
        let step = ((side / 16.0) as usize).max(1);
        for y in (0..height).step_by(step) {
            for x in (0..width).step_by(step) {
                if usable(x, y) {
                    let [red, green, blue] = picture.get_pixel(x, y).0.map(f32::from);
                    // Luma of ITU-R BT.601.
                    let luma = (0.299 * red + 0.587 * green + 0.114 * blue) / 255.0;
                    let place = |value: u32, count: usize| ((value as f32 / side) as usize).min(count - 1);
                    brightness[place(y, rows) * columns + place(x, columns)].push(luma);
                }
            }
        }
        let known: Vec<Option<f32>> =
            brightness.into_iter().map(|values| percentile(values, PERCENTILE)).collect();
        let brightest = percentile(known.iter().flatten().copied().collect(), 0.9).unwrap_or(FULL);
        // Dark skin is not a dim lamp: half of what a picture lacks in brightness is put down to the light.
        let exposure = (0.5 + 0.5 * brightest / FULL).min(1.0);
        let mut cells = filled(known, columns, rows, brightest);
        for cell in &mut cells {
            *cell = (*cell / brightest.max(1e-3)).min(1.1) * exposure;
        }
        Self { columns, rows, side, cells: smoothed(&cells, columns, rows) }
    }

    /// The light at a pixel.
    pub(super) fn at(&self, x: u32, y: u32) -> f32 {
        let split = |pixel: u32, count: usize| {
            let place = ((pixel as f32 + 0.5) / self.side - 0.5).clamp(0.0, (count - 1) as f32);
            let whole = (place as usize).min(count.saturating_sub(2));
            (whole, (whole + 1).min(count - 1), place - whole as f32)
        };
        let (left, right, u) = split(x, self.columns);
        let (top, bottom, v) = split(y, self.rows);
        let cell = |column: usize, row: usize| self.cells[row * self.columns + column];
        let upper = cell(left, top) + (cell(right, top) - cell(left, top)) * u;
        let lower = cell(left, bottom) + (cell(right, bottom) - cell(left, bottom)) * u;
        upper + (lower - upper) * v
    }
}

fn percentile(mut values: Vec<f32>, share: f32) -> Option<f32> {
    let place = (values.len() as f32 * share) as usize;
    let place = place.min(values.len().checked_sub(1)?);
    Some(*values.select_nth_unstable_by(place, f32::total_cmp).1)
}

/// Gives cells without a value the mean of their neighbours', from the known ones outwards.
fn filled(mut cells: Vec<Option<f32>>, columns: usize, rows: usize, otherwise: f32) -> Vec<f32> {
    while cells.contains(&None) {
        let next: Vec<Option<f32>> = (0..cells.len())
            .map(|index| cells[index].or_else(|| mean(neighbours(index, columns, rows).filter_map(|n| cells[n]))))
            .collect();
        if next == cells {
            break;
        }
        cells = next;
    }
    cells.into_iter().map(|cell| cell.unwrap_or(otherwise)).collect()
}

fn smoothed(cells: &[f32], columns: usize, rows: usize) -> Vec<f32> {
    (0..cells.len())
        .map(|index| {
            let around = mean(neighbours(index, columns, rows).map(|n| cells[n]));
            0.5 * (cells[index] + around.unwrap_or(cells[index]))
        })
        .collect()
}

fn mean(values: impl Iterator<Item = f32>) -> Option<f32> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f32)
}

/// The up to eight cells around one.
fn neighbours(index: usize, columns: usize, rows: usize) -> impl Iterator<Item = usize> {
    let (column, row) = (index % columns, index / columns);
    let span = |place: usize, count: usize| place.saturating_sub(1)..=(place + 1).min(count - 1);
    span(row, rows)
        .flat_map(move |r| span(column, columns).map(move |c| r * columns + c))
        .filter(move |&n| n != index)
}
