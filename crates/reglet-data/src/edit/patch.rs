//! The effect of a change on a picture, as the pixels that it touches.

use std::sync::LazyLock;

use image::{Rgb, RgbImage};

use super::Edited;
use crate::resize::Part;
use crate::{Mask, MaskError};

/// The offset that is added to a level before its logarithm is taken, so that black has a logarithm, and noise in dark areas
/// has little weight.
pub(super) const FLOOR: f32 = 8.0;

/// The logarithms of levels.
pub(super) fn logarithms(levels: [u8; 3]) -> [f32; 3] {
    static TABLE: LazyLock<[f32; 256]> =
        LazyLock::new(|| std::array::from_fn(|level| (level as f32 + FLOOR).ln()));
    levels.map(|level| TABLE[usize::from(level)])
}

/// The effect of a change on a picture: the pixels that it touches, each once, with their new levels.
///
/// It takes memory only for these pixels. To process many changed versions of a large picture one after the other, apply
/// each patch to a single copy and undo it again; [`Edited`] would need a copy for each:
///
/// ```
/// use reglet_data::Dataset;
/// use reglet_data::edit::{Change, EditOptions, Editor};
/// use reglet_data::phantom::{PhantomOptions, Phantoms};
///
/// let data = Phantoms::new(PhantomOptions { count: 4, size: 64, ..PhantomOptions::default() })?;
/// let editor = Editor::new(&data, &EditOptions::default(), "ruler", "lesion", 1)?;
/// let sample = data.sample(0)?;
/// let scene = editor.scene(&data, 0, &sample);
/// let mut picture = sample.picture.clone().into_rgb();
/// for change in Change::ALL {
///     let Some(placement) = scene.place(change, 0)? else { continue };
///     let Some(patch) = scene.patch(change, &placement)? else { continue };
///     patch.put(&mut picture);
///     assert_ne!(picture, *sample.picture);
///     patch.undo(&mut picture, &sample.picture);
///     assert_eq!(picture, *sample.picture);
/// }
/// # Ok::<(), reglet_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Patch {
    pub(super) pixels: Vec<Pixel>,
    pub(super) donor: Option<String>,
    pub(super) lesion: Option<f64>,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pixel {
    pub(super) at: (u32, u32),
    pub(super) level: [u8; 3],
}

impl Patch {
    /// The patch that turns the original into the edited picture.
    pub(super) fn of(edited: &Edited) -> Patch {
        let pixel = |(x, y)| Pixel { at: (x, y), level: edited.picture.get_pixel(x, y).0 };
        let pixels = edited.region.iter().map(pixel).collect();
        Patch { pixels, donor: edited.donor.clone(), lesion: edited.lesion }
    }

    /// A patch of these pixels. The information on the lesion and the donor must be added.
    pub(super) fn new(pixels: Vec<Pixel>) -> Patch {
        Patch { pixels, ..Patch::default() }
    }

    /// The same, with the covered share of the lesion, if its mask is known, and the donor.
    pub(super) fn noted(mut self, lesion: Option<&Mask>, donor: Option<&str>) -> Patch {
        self.lesion = lesion.map(|lesion| self.share_of(lesion)).or(self.lesion);
        self.donor = donor.map(str::to_owned);
        self
    }

    /// A copy of `picture` with the change made.
    ///
    /// # Errors
    /// The picture's size is not valid for a mask.
    pub fn on(&self, picture: &RgbImage) -> Result<Edited, MaskError> {
        let mut edited = picture.clone();
        self.put(&mut edited);
        let region = self.region(picture.dimensions())?;
        Ok(Edited { picture: edited, region, donor: self.donor.clone(), lesion: self.lesion })
    }

    /// Makes the change. Pixels outside the picture are ignored.
    pub fn put(&self, picture: &mut RgbImage) {
        for pixel in &self.pixels {
            if let Some(level) = picture.get_pixel_mut_checked(pixel.at.0, pixel.at.1) {
                *level = Rgb(pixel.level);
            }
        }
    }

    /// Undoes the change: the pixels that it touches become those of the picture `before`.
    pub fn undo(&self, picture: &mut RgbImage, before: &RgbImage) {
        for &Pixel { at: (x, y), .. } in &self.pixels {
            if let (Some(level), Some(was)) =
                (picture.get_pixel_mut_checked(x, y), before.get_pixel_checked(x, y))
            {
                *level = *was;
            }
        }
    }

    /// The number of pixels that it touches.
    pub fn area(&self) -> usize {
        self.pixels.len()
    }

    /// The id of the picture that the cut-out came from; `None` if nothing was cut out.
    pub fn donor(&self) -> Option<&str> {
        self.donor.as_deref()
    }

    /// The share, from 0 to 1, of the lesion's pixels that it touches: 0 if the picture is known to show no lesion, and `None`
    /// if the lesion has no mask, so that the share is unknown.
    pub fn lesion(&self) -> Option<f64> {
        self.lesion
    }

    /// The mask of the pixels that it touches, for a picture of this width and height.
    ///
    /// # Errors
    /// This size is not valid for a mask.
    pub fn region(&self, (width, height): (u32, u32)) -> Result<Mask, MaskError> {
        let mut region = Mask::empty(width, height)?;
        for pixel in &self.pixels {
            region.set(pixel.at.0, pixel.at.1, true);
        }
        Ok(region)
    }

    /// Their places.
    pub(crate) fn places(&self) -> impl Iterator<Item = (u32, u32)> {
        self.pixels.iter().map(|pixel| pixel.at)
    }

    /// The rows of a picture from the first to the last pixel that it touches in each, with the change made.
    pub(crate) fn rows(&self, picture: &RgbImage) -> Vec<Part> {
        let (width, height) = picture.dimensions();
        let inside = || self.pixels.iter().filter(|pixel| pixel.at.0 < width && pixel.at.1 < height);
        // The first column that is touched in each row, and the column after the last; `None` for a row that is not touched.
        let mut touched: Vec<Option<(u32, u32)>> = vec![None; height as usize];
        for pixel in inside() {
            let column = pixel.at.0;
            let (start, end) = touched[pixel.at.1 as usize].unwrap_or((column, column));
            touched[pixel.at.1 as usize] = Some((start.min(column), end.max(column + 1)));
        }
        let mut numbers = vec![0; height as usize];
        let mut parts = Vec::new();
        for (row, touched) in touched.into_iter().enumerate() {
            let Some((start, end)) = touched else { continue };
            numbers[row] = parts.len();
            let place = |column: u32| 3 * (row * width as usize + column as usize);
            let values = picture.as_raw()[place(start)..place(end)].to_vec();
            parts.push(Part { row, start: start as usize, values });
        }
        for pixel in inside() {
            let part = &mut parts[numbers[pixel.at.1 as usize]];
            let place = 3 * (pixel.at.0 as usize - part.start);
            part.values[place..place + 3].copy_from_slice(&pixel.level);
        }
        parts
    }

    /// The share of the mask's pixels that it touches; 0 if the mask has none.
    fn share_of(&self, mask: &Mask) -> f64 {
        let touched = self.pixels.iter().filter(|pixel| mask.get(pixel.at.0, pixel.at.1)).count();
        if touched == 0 { 0.0 } else { touched as f64 / mask.area() as f64 }
    }

    /// How strong the change is: the mean, over its pixels and three channels, of the absolute difference to the picture
    /// `before`, on a scale from 0 to 255. 0 if it touches no pixels.
    pub fn strength(&self, before: &RgbImage) -> f64 {
        let change = |pixel: &Pixel| -> u64 {
            let Some(Rgb(was)) = before.get_pixel_checked(pixel.at.0, pixel.at.1) else { return 0 };
            was.iter().zip(pixel.level).map(|(was, is)| u64::from(was.abs_diff(is))).sum()
        };
        let sum: u64 = self.pixels.iter().map(change).sum();
        if self.pixels.is_empty() { 0.0 } else { sum as f64 / (3 * self.pixels.len()) as f64 }
    }

    /// The logarithm of each pixel's ratio to what was there, by channel.
    pub(super) fn ratios(&self, before: &RgbImage) -> impl Iterator<Item = [f32; 3]> {
        self.pixels.iter().map(|pixel| {
            let (is, was) = (logarithms(pixel.level), logarithms(before.get_pixel(pixel.at.0, pixel.at.1).0));
            std::array::from_fn(|c| is[c] - was[c])
        })
    }
}
