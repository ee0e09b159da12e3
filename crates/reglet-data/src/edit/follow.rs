//! Following a ruler beyond the mask that marks only part of it.

use image::RgbImage;

use super::EditError;
use super::axis::Axis;
use crate::Mask;

/// A region whose length is at least this multiple of its width has ends that can be followed.
const ELONGATED: f32 = 2.5;

/// The line must be darker than the pixels beside it by at least this fraction of its darkness inside the mask.
const FAINTEST: f32 = 0.4;

/// In logarithms of the level: inside the mask the line is at least this much darker than its surroundings.
const LINE: f32 = 0.1;

/// Breaks in the line up to this share of the mask's length are crossed.
const BREAK: f32 = 0.12;

/// So many pixels beyond where the line ends still belong to it.
const END: usize = 3;

/// The mask is extended at each end by at most this multiple of its length.
const LONGEST: f32 = 1.5;

/// How far, in pixels, the line may move sideways from one pixel to the next.
const DRIFT: f32 = 1.0;

/// The mask, made longer at either end as far as the dark line that runs along it goes on.
///
/// Polygons drawn by hand often end before the ruler does, and what is then left of a removed ruler is still a
/// ruler. The line is looked for where the picture is darkest along the mask's main axis; from either end it is
/// followed pixel by pixel while it stays at least 0.4 times as dark, against its surroundings, as it is inside the
/// mask. A mask that is not long, or has no such line, is returned as it is.
///
/// # Errors
/// [`EditError::Size`] if the mask is not of the picture's size.
pub fn follow(picture: &RgbImage, mask: &Mask) -> Result<Mask, EditError> {
    let (width, height) = picture.dimensions();
    if mask.dimensions() != (width, height) {
        return Err(EditError::Size { mask: mask.dimensions(), picture: (width, height) });
    }
    let Some(axis) = Axis::of(mask) else { return Ok(mask.clone()) };
    let (mut start, mut end, mut near, mut far) = (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32);
    for (x, y) in mask.iter() {
        let (along, across) = axis.local((x as f32, y as f32));
        (start, end) = (start.min(along), end.max(along));
        (near, far) = (near.min(across), far.max(across));
    }
    let length = end - start;
    if length < ELONGATED * (far - near) || length < 8.0 {
        return Ok(mask.clone());
    }
    let view = View { picture, axis: &axis, near, far };
    let Some(line) = view.line(start, end) else { return Ok(mask.clone()) };

    let mut longer = mask.clone();
    for (from, step) in [(end, 1.0_f32), (start, -1.0)] {
        let (mut across, mut reached, mut broken) = (line.across, Vec::new(), Vec::new());
        let mut along = from - step * 2.0;
        while broken.len() as f32 <= BREAK * length && (along - from).abs() <= LONGEST * length {
            let Some((found, darkness)) = view.darkest(along, across) else { break };
            if darkness >= FAINTEST * line.darkness {
                across = found;
                reached.append(&mut broken);
                reached.push((along, across - line.across));
            } else {
                broken.push((along, across - line.across));
            }
            along += step;
        }
        // The last tick is as broad as a column or two, and its figure a little broader.
        if !reached.is_empty() {
            reached.extend(broken.into_iter().take(END));
        }
        for (along, drift) in reached {
            for place in 0..=(2.0 * (far - near)) as u32 {
                for half in [0.0, 0.5] {
                    let at = (along + half, near + 0.5 * place as f32 + drift);
                    let (x, y) = axis.global(at);
                    if x >= -0.5 && y >= -0.5 {
                        longer.set(x.round() as u32, y.round() as u32, true);
                    }
                }
            }
        }
    }
    Ok(longer)
}

/// The picture as the mask's axis sees it.
struct View<'a> {
    picture: &'a RgbImage,
    axis: &'a Axis,
    near: f32,
    far: f32,
}

/// Where the line runs, and how dark it is.
struct Line {
    across: f32,
    darkness: f32,
}

impl View<'_> {
    /// The row of the mask that is darkest on average, and the median over the columns of how dark it is there.
    fn line(&self, start: f32, end: f32) -> Option<Line> {
        let columns: Vec<f32> = (start as i32 + 2..=end as i32 - 2).map(|along| along as f32).collect();
        let rows = (self.near as i32..=self.far as i32).map(|across| across as f32);
        let mean = |across: f32| {
            let dark =
                columns.iter().filter_map(|&along| Some(self.level(along, across)? - self.middle(along)?));
            let (sum, count) = dark.fold((0.0, 0.0_f32), |(sum, count), value| (sum + value, count + 1.0));
            if count > 0.0 { sum / count } else { f32::INFINITY }
        };
        let (across, _) = rows.map(|across| (across, mean(across))).min_by(|a, b| a.1.total_cmp(&b.1))?;
        let mut darkness: Vec<f32> =
            columns.iter().filter_map(|&along| Some(self.darkest(along, across)?.1)).collect();
        if darkness.is_empty() {
            return None;
        }
        let middle = darkness.len() / 2;
        let darkness = *darkness.select_nth_unstable_by(middle, f32::total_cmp).1;
        (darkness >= LINE).then_some(Line { across, darkness })
    }

    /// The darkest place near the line in one column, and how much darker it is than the column's median.
    fn darkest(&self, along: f32, across: f32) -> Option<(f32, f32)> {
        let middle = self.middle(along)?;
        [-DRIFT, 0.0, DRIFT]
            .into_iter()
            .filter_map(|drift| Some((across + drift, middle - self.level(along, across + drift)?)))
            .max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// The median of a column across the mask and as much again on either side of it.
    fn middle(&self, along: f32) -> Option<f32> {
        let (near, far) = (self.near - 4.0, self.far + 4.0);
        let mut levels: Vec<f32> =
            (near as i32..=far as i32).filter_map(|across| self.level(along, across as f32)).collect();
        let middle = levels.len() / 2;
        (levels.len() > 4).then(|| *levels.select_nth_unstable_by(middle, f32::total_cmp).1)
    }

    /// The logarithm of the level at the pixel nearest to a place; `None` beyond the picture.
    fn level(&self, along: f32, across: f32) -> Option<f32> {
        let (x, y) = self.axis.global((along, across));
        let inside = x >= -0.5 && y >= -0.5;
        let pixel = inside.then(|| self.picture.get_pixel_checked(x.round() as u32, y.round() as u32))??;
        Some((pixel.0.iter().map(|&level| f32::from(level)).sum::<f32>() / 3.0 + 8.0).ln())
    }
}
