//! Whether pictures lay as their files store them, or upright, when their regions were drawn.

use image::{DynamicImage, GrayImage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::picture::{Decoded, Orientation};
use crate::{Mask, MaskError};

/// How pictures lay when their masks and annotations were drawn.
///
/// A file may say, in its EXIF data or a TIFF tag, that its picture is to be turned or mirrored. Most viewers and tools
/// for annotation do so; loaders of training data mostly do not ([`picture::load`](crate::picture::load)). Pictures
/// whose files say nothing are not concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrawnOn {
    /// As their files store them.
    Stored,
    /// Turned as their files say.
    Upright,
}

/// The pixels of a picture as they have been read, in relation to its file.
pub(crate) struct Frame {
    size: (u32, u32),
    orientation: Orientation,
    lies: DrawnOn,
}

impl Frame {
    pub(crate) fn of(decoded: &Decoded) -> Self {
        Self { size: decoded.pixels.dimensions(), orientation: decoded.orientation, lies: lies(decoded) }
    }

    /// The ways that a region may have been drawn, by what was said of it, its size where it has one, and the file of
    /// its mask where there is one; none, where its size fits neither.
    pub(crate) fn ways(
        &self,
        said: Option<DrawnOn>,
        size: Option<(u32, u32)>,
        mask: Option<&Decoded<GrayImage>>,
    ) -> Vec<DrawnOn> {
        // A mask whose file says the same as the picture's was made along with it.
        let told = mask.filter(|mask| self.is_turned() && mask.orientation == self.orientation).map(lies);
        let ways = match told.or(said) {
            _ if !self.is_turned() => vec![self.lies],
            Some(way) => vec![way],
            None => vec![DrawnOn::Stored, DrawnOn::Upright],
        };
        ways.into_iter().filter(|&way| size.is_none_or(|size| size == self.size(way))).collect()
    }

    /// Whether the file says that its picture is to be turned or mirrored.
    pub(crate) fn is_turned(&self) -> bool {
        self.orientation != Orientation::NoTransforms
    }

    /// What the file says, from 1 to 8, as EXIF has it.
    pub(crate) fn exif(&self) -> u8 {
        self.orientation.to_exif()
    }

    /// The picture's width and height, lying so.
    pub(crate) fn size(&self, way: DrawnOn) -> (u32, u32) {
        use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
        let (width, height) = self.size;
        match self.orientation {
            Rotate90 | Rotate90FlipH | Rotate270 | Rotate270FlipH if way != self.lies => (height, width),
            _ => (width, height),
        }
    }

    /// Brings a mask that was drawn so to the picture as it has been read.
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

/// What undoes it. Whatever mirrors undoes itself.
fn back(orientation: Orientation) -> Orientation {
    match orientation {
        Orientation::Rotate90 => Orientation::Rotate270,
        Orientation::Rotate270 => Orientation::Rotate90,
        other => other,
    }
}
