//! The orientation of pictures when their regions were drawn: as stored, or upright.

use image::{DynamicImage, GrayImage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::picture::{Decoded, Orientation};
use crate::{Mask, MaskError};

/// The orientation of pictures when their masks and annotations were drawn.
///
/// A file may say, in its EXIF data or a TIFF tag, that its picture should be rotated or mirrored. Most viewers and
/// annotation tools apply this; loaders of training data mostly do not ([`picture::load`](crate::picture::load)). Pictures
/// without such a tag are not affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DrawnOn {
    /// As stored in their files.
    Stored,
    /// Rotated according to their files.
    Upright,
}

/// The orientation of a picture's pixels as read, relative to its file.
pub(crate) struct Frame {
    size: (u32, u32),
    orientation: Orientation,
    lies: DrawnOn,
}

impl Frame {
    pub(crate) fn of(decoded: &Decoded) -> Self {
        Self { size: decoded.pixels.dimensions(), orientation: decoded.orientation, lies: lies(decoded) }
    }

    /// The possible orientations in which a region was drawn, given the option, its size if it has one, and the file of its
    /// mask if there is one; none, if its size fits neither.
    pub(crate) fn ways(
        &self,
        said: Option<DrawnOn>,
        size: Option<(u32, u32)>,
        mask: Option<&Decoded<GrayImage>>,
    ) -> Vec<DrawnOn> {
        // A mask whose file has the same orientation tag as the picture's was made together with it.
        let told = mask.filter(|mask| self.is_turned() && mask.orientation == self.orientation).map(lies);
        let ways = match told.or(said) {
            _ if !self.is_turned() => vec![self.lies],
            Some(way) => vec![way],
            None => vec![DrawnOn::Stored, DrawnOn::Upright],
        };
        ways.into_iter().filter(|&way| size.is_none_or(|size| size == self.size(way))).collect()
    }

    /// Whether the file says that its picture should be rotated or mirrored.
    pub(crate) fn is_turned(&self) -> bool {
        self.orientation != Orientation::NoTransforms
    }

    /// The orientation of the file, from 1 to 8, as in EXIF.
    pub(crate) fn exif(&self) -> u8 {
        self.orientation.to_exif()
    }

    /// The picture's width and height in this orientation.
    pub(crate) fn size(&self, way: DrawnOn) -> (u32, u32) {
        use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
        let (width, height) = self.size;
        match self.orientation {
            Rotate90 | Rotate90FlipH | Rotate270 | Rotate270FlipH if way != self.lies => (height, width),
            _ => (width, height),
        }
    }

    /// Converts a mask that was drawn in this orientation to the picture as read.
    pub(crate) fn place(&self, mask: Mask, drawn: DrawnOn) -> Result<Mask, MaskError> {
        let turn = match (drawn, self.lies) {
            (DrawnOn::Stored, DrawnOn::Upright) => self.orientation,
            (DrawnOn::Upright, DrawnOn::Stored) => back(self.orientation),
            _ => return Ok(mask),
        };
        let mut grey = DynamicImage::ImageLuma8(mask.to_gray());
        grey.apply_orientation(turn);
        Mask::from_gray(&grey.into_luma8())
    }
}

fn lies<Pixels>(decoded: &Decoded<Pixels>) -> DrawnOn {
    if decoded.upright { DrawnOn::Upright } else { DrawnOn::Stored }
}

/// The inverse orientation. An orientation that mirrors is its own inverse.
fn back(orientation: Orientation) -> Orientation {
    match orientation {
        Orientation::Rotate90 => Orientation::Rotate270,
        Orientation::Rotate270 => Orientation::Rotate90,
        other => other,
    }
}
