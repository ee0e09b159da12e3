//! A picture with all that its file holds of it.

use std::ops::Deref;
use std::sync::Arc;

use image::RgbImage;

/// A picture in RGB with 8 bits per channel, for display and edits, together with the lower 8 bits of a grey picture that is
/// stored in 16 bits.
///
/// It is used wherever an [`RgbImage`] is; only the code that prepares a picture for a model uses the lower bits. An edit
/// changes only the upper 8 bits and keeps the lower ones, so a model is given all bits of a picture that was not changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    rgb: RgbImage,
    /// By pixel, what is to be added to the levels of all channels in 0…1.
    rest: Option<Arc<Vec<f32>>>,
}

impl Picture {
    /// A grey picture of levels from 0, black, to 65535, white. Eyes see the upper bytes.
    pub(crate) fn of_grey(width: u32, height: u32, levels: &[u16]) -> Option<Picture> {
        let upper = |level: u16| level.to_be_bytes()[0];
        let rgb = levels.iter().flat_map(|&level| [upper(level); 3]).collect();
        let rest = |&level: &u16| (i32::from(level) - 257 * i32::from(upper(level))) as f32 / 65535.0;
        let rest = Arc::new(levels.iter().map(rest).collect());
        Some(Picture { rgb: RgbImage::from_raw(width, height, rgb)?, rest: Some(rest) })
    }

    /// The same picture changed in its 8 bits.
    pub(crate) fn with_rgb(&self, rgb: RgbImage) -> Picture {
        Picture { rgb, rest: self.rest.clone() }
    }

    /// A picture of this size with what is to be added to its levels.
    pub(crate) fn with_rest(rgb: RgbImage, rest: Option<Vec<f32>>) -> Picture {
        Picture { rgb, rest: rest.map(Arc::new) }
    }

    /// The picture that eyes see.
    pub fn into_rgb(self) -> RgbImage {
        self.rgb
    }

    /// By pixel, row by row, what is to be added to the levels of all channels in 0…1: what 8 bits cannot say. `None` if
    /// they say all.
    pub fn rest(&self) -> Option<&[f32]> {
        self.rest.as_deref().map(Vec::as_slice)
    }
}

impl Deref for Picture {
    type Target = RgbImage;

    fn deref(&self) -> &RgbImage {
        &self.rgb
    }
}

impl From<RgbImage> for Picture {
    fn from(rgb: RgbImage) -> Self {
        Picture { rgb, rest: None }
    }
}

impl PartialEq<RgbImage> for Picture {
    fn eq(&self, other: &RgbImage) -> bool {
        self.rgb == *other
    }
}

impl PartialEq<Picture> for RgbImage {
    fn eq(&self, other: &Picture) -> bool {
        *self == other.rgb
    }
}

/// What can be brought to a model: a picture with all that its file holds, or one of 8 bits.
pub trait Pixels {
    /// The 8 bits.
    fn rgb(&self) -> &RgbImage;

    /// The lower bits, as in [`Picture::rest`].
    fn rest(&self) -> Option<&[f32]> {
        None
    }
}

impl Pixels for RgbImage {
    fn rgb(&self) -> &RgbImage {
        self
    }
}

impl Pixels for Picture {
    fn rgb(&self) -> &RgbImage {
        &self.rgb
    }

    fn rest(&self) -> Option<&[f32]> {
        Picture::rest(self)
    }
}
