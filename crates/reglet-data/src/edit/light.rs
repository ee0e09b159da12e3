//! How strongly the parts of a picture are lit.

use image::RgbImage;

/// The light is estimated on a grid with this number of cells per side.
const CELLS: usize = 8;

/// In each cell the light is that of its brighter skin: darker pixels are hairs and pigment.
const BRIGHT: f32 = 0.8;

/// What skin reflects in a cell whose light has strength 1.
const REFLECTANCE: f32 = 0.85;

/// Pixels darker than this are beyond a round field of view, where nothing could be seen.
const DARK: f32 = 0.3;

/// If a picture's shorter side is longer than twice this number of pixels, only the pixels of a grid with about this number
/// per side are used, which is accurate enough.
const ENOUGH: u32 = 512;

/// In a picture of this size, one of this number of rows and columns is used.
pub(super) fn stride((width, height): (u32, u32)) -> u32 {
    (width.min(height) / ENOUGH).max(1)
}

/// How strongly each part of a picture is lit; 1 is full light.
pub(super) struct LightMap {
    grid: Vec<f32>,
    cell: (f32, f32),
}

impl LightMap {
    pub(super) fn of(picture: &RgbImage) -> LightMap {
        let (width, height) = picture.dimensions();
        let cell = (width as f32 / CELLS as f32, height as f32 / CELLS as f32);
        // How often each level occurs, by cell and channel.
        let mut levels = vec![[[0_u32; 256]; 3]; CELLS * CELLS];
        let stride = stride((width, height)) as usize;
        let columns: Vec<usize> =
            (0..width).step_by(stride).map(|x| ((x as f32 / cell.0) as usize).min(CELLS - 1)).collect();
        for (y, pixels) in picture.rows().enumerate().step_by(stride) {
            let row = ((y as f32 / cell.1) as usize).min(CELLS - 1);
            for (column, pixel) in columns.iter().zip(pixels.step_by(stride)) {
                for (counts, level) in levels[row * CELLS + column].iter_mut().zip(pixel.0) {
                    counts[usize::from(level)] += 1;
                }
            }
        }
        let bright = |counts: [u32; 256]| {
            let all: u32 = counts.iter().sum();
            let rank = (BRIGHT * all.saturating_sub(1) as f32) as u32;
            let mut below = 0;
            let level = counts.iter().position(|count| {
                below += count;
                below > rank
            });
            // Where a cell has no pixel it counts as lit.
            (level.unwrap_or(255) as f32 / 255.0 / REFLECTANCE).clamp(0.05, 1.1)
        };
        // One strength for all channels keeps a white ruler white under pink skin's own colour.
        let even = |channels: [f32; 3]| channels.into_iter().fold(0.0, f32::max);
        let grid = levels.into_iter().map(|channels| even(channels.map(bright))).collect();
        LightMap { grid, cell }
    }

    /// Whether a pixel is in the dark area around a round field of view.
    pub(super) fn is_dark(&self, x: u32, y: u32) -> bool {
        self.at(x, y) < DARK
    }

    /// The strength at a pixel, between the middles of the four cells about it.
    pub(super) fn at(&self, x: u32, y: u32) -> f32 {
        let place = |position: u32, cell: f32| {
            let at = ((position as f32 + 0.5) / cell - 0.5).clamp(0.0, (CELLS - 1) as f32);
            let low = at as usize;
            (low, (low + 1).min(CELLS - 1), at - low as f32)
        };
        let (left, right, u) = place(x, self.cell.0);
        let (top, bottom, v) = place(y, self.cell.1);
        let get = |row: usize, column: usize| self.grid[row * CELLS + column];
        let upper = get(top, left) * (1.0 - u) + get(top, right) * u;
        let lower = get(bottom, left) * (1.0 - u) + get(bottom, right) * u;
        upper * (1.0 - v) + lower * v
    }
}
