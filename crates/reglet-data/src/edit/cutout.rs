//! Cut-outs: an artefact is cut from one picture and cloned into another.

use std::borrow::Cow;

use image::{RgbImage, imageops};

use super::light::LightMap;
use super::membrane::span;
use super::patch::{FLOOR, Patch, Pixel, logarithms};
use super::placement::Spot;
use super::room::{Room, Shape};
use super::{EditError, Edited};
use crate::parts::{parts, touching_border};
use crate::{Filter, Mask, ResizeError, resize_gray, resize_rgb};

/// The number of pixels around the mask that are included, so that the seam is on skin and not on the artefact's edge.
const MARGIN: u32 = 3;

/// An artefact from one picture, with the skin around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cutout {
    /// The id of the picture that it was cut from.
    donor: String,
    /// The part of the picture about the artefact.
    picture: RgbImage,
    /// The artefact and its margin within that part.
    mask: Mask,
    /// The position of the part's corner, as a share of the available range.
    place: (f32, f32),
    /// The shorter side of the whole picture.
    scale: u32,
    /// Whether part of the artefact may be missing.
    cropped: bool,
}

impl Cutout {
    /// Cuts out the region `mask` of the picture with the id `donor`, and three pixels around it, as far as they are within
    /// the field of view. `None` if no pixel is.
    ///
    /// # Errors
    /// [`EditError::Size`] if the mask does not have the picture's size.
    pub fn of(donor: &str, picture: &RgbImage, mask: &Mask) -> Result<Option<Cutout>, EditError> {
        Self::off(donor, picture, mask, None)
    }

    /// As [`Cutout::of`], but without the pixels around the mask that belong to the lesion.
    pub(super) fn off(
        donor: &str,
        picture: &RgbImage,
        mask: &Mask,
        lesion: Option<&Mask>,
    ) -> Result<Option<Cutout>, EditError> {
        let (width, height) = picture.dimensions();
        if mask.dimensions() != (width, height) {
            return Err(EditError::Size { mask: mask.dimensions(), picture: (width, height) });
        }
        let mut wide = mask.dilate(MARGIN);
        for (x, y) in lesion.into_iter().flat_map(Mask::iter) {
            if !mask.get(x, y) {
                wide.set(x, y, false);
            }
        }
        let light = LightMap::of(picture);
        // Pixels in the dark area around a round field of view would be copied as a black patch. A black artefact within the
        // field of view, however, has to be cut out.
        let mut seen = wide.clone();
        if wide.iter().any(|(x, y)| light.is_dark(x, y)) {
            let dark = touching_border(&Mask::from_fn(width, height, |x, y| light.is_dark(x, y))?);
            wide.iter().filter(|&(x, y)| dark.get(x, y)).for_each(|(x, y)| seen.set(x, y, false));
        }
        let cropped = seen.area() < wide.area() || seen.iter().any(|at| seen.on_border(at));
        let wide = seen;
        // One more pixel on each side, if there is one, because the seam is computed from it.
        let Some(bounds) = wide.dilate(1).bounding_box() else { return Ok(None) };
        let part = imageops::crop_imm(picture, bounds.x, bounds.y, bounds.width, bounds.height).to_image();
        let mask = wide.part(bounds);
        let share = |at: u32, room: u32| if room == 0 { 0.5 } else { at as f32 / room as f32 };
        let place = (share(bounds.x, width - bounds.width), share(bounds.y, height - bounds.height));
        let donor = donor.to_owned();
        Ok(Some(Cutout { donor, picture: part, mask, place, scale: width.min(height), cropped }))
    }

    /// The id of the picture that it was cut from.
    pub fn donor(&self) -> &str {
        &self.donor
    }

    /// Whether the artefact reaches the edge of the picture it was cut from, or of its field of view, so that part
    /// of it may be missing.
    pub fn reaches_edge(&self) -> bool {
        self.cropped
    }

    /// Where there is room for it in a picture of the same scale.
    pub(super) fn spot(&self, room: &Room<'_>, seed: u64) -> Spot {
        let shape = Shape { size: self.mask.dimensions(), pixels: self.mask.iter().collect() };
        room.spot(&shape, 0, self.place, seed).0
    }

    /// The cut-out blended into a picture of the same scale. Parts beyond the picture are dropped.
    pub(super) fn pasted(&self, picture: &RgbImage, spot: Spot) -> Result<Patch, EditError> {
        let spot = spot.checked()?;
        let (width, height) = picture.dimensions();
        let size = self.picture.dimensions();
        let own = |x: u32, y: u32| {
            let (u, v) = spot.from((x, y), size)?;
            Some(logarithms(self.picture.get_pixel(u, v).0))
        };
        let mut region = Mask::empty(width, height)?;
        let inside = |at: i64, side: u32| (0..i64::from(side)).contains(&at).then_some(at as u32);
        for at in self.mask.iter() {
            let (x, y) = spot.of(at, size);
            if let (Some(x), Some(y)) = (inside(x, width), inside(y, height)) {
                region.set(x, y, true);
            }
        }
        let mut patch = Patch::default();
        for part in parts(&region) {
            // Around the seam: how much lighter the picture is than the cut-out.
            let ratios = span(&part, (width, height), |x, y| {
                let (own, here) = (own(x, y)?, logarithms(picture.get_pixel(x, y).0));
                Some([0, 1, 2].map(|c| here[c] - own[c]))
            });
            for ((x, y), ratio) in part.into_iter().zip(ratios) {
                let Some(own) = own(x, y) else { continue };
                let level = |c: usize| ((own[c] + ratio[c]).exp() - FLOOR).round().clamp(0.0, 255.0) as u8;
                patch.pixels.push(Pixel { at: (x, y), level: [0, 1, 2].map(level) });
            }
        }
        Ok(patch)
    }

    /// The same for a picture whose shorter side is `scale`.
    pub(super) fn at_scale(&self, scale: u32) -> Result<Cow<'_, Cutout>, ResizeError> {
        if scale == self.scale {
            return Ok(Cow::Borrowed(self));
        }
        let to =
            |side: u32| (f64::from(side) * f64::from(scale) / f64::from(self.scale)).round().max(1.0) as u32;
        let (width, height) = (to(self.picture.width()), to(self.picture.height()));
        let mask = Mask::from_gray(&resize_gray(&self.mask.to_gray(), width, height, Filter::Bilinear)?)
            .map_err(|_| ResizeError::TooLarge { width, height })?;
        Ok(Cow::Owned(Cutout {
            picture: resize_rgb(&self.picture, width, height, Filter::Bilinear)?,
            mask,
            donor: self.donor.clone(),
            scale,
            ..*self
        }))
    }
}

/// Clones the cut-out into `picture`, at a position that the seed determines, outside the mask `avoid` and the dark rim as
/// far as there is room. If possible, it lies near its original position. It keeps its orientation and its size relative to
/// the picture's shorter side; pictures of equal size are not resampled, so fine marks stay sharp.
///
/// The blending is gradient-domain (Pérez, Gangnet and Blake, *Poisson image editing*, 2003), on logarithms: inside the seam
/// the *relative* contrasts are those of the cut-out, and the local light and colour are interpolated from the seam by the
/// smoothest possible surface. A dark mark therefore keeps its contrast in any light, an engraved scale takes the colour of
/// the skin below, a white strip stays a strip, and no edge is visible.
///
/// # Errors
/// [`EditError::Size`] if the mask is not of the picture's size, [`EditError::Resize`] if the cut-out cannot be resized to
/// the picture's scale.
pub fn paste(
    picture: &RgbImage,
    avoid: Option<&Mask>,
    cutout: &Cutout,
    seed: u64,
) -> Result<Edited, EditError> {
    let dimensions = picture.dimensions();
    if let Some(mask) = avoid.filter(|mask| mask.dimensions() != dimensions) {
        return Err(EditError::Size { mask: mask.dimensions(), picture: dimensions });
    }
    let light = LightMap::of(picture);
    let room = Room { light: &light, taken: avoid.into_iter().collect(), dimensions };
    let cutout = cutout.at_scale(dimensions.0.min(dimensions.1))?;
    let patch = cutout.pasted(picture, cutout.spot(&room, seed))?;
    Ok(patch.noted(avoid, Some(&cutout.donor)).on(picture)?)
}
