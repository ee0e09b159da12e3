//! The regions of a picture, from all sources, converted to its pixels.

use std::collections::BTreeMap;
use std::path::Path;

use crate::coco::Coco;
use crate::drawn::Frame;
use crate::picture::{self, Decoded, Limits, Orientation};
use crate::reader::Reader;
use crate::{DataError, DrawnOn, Mask};

/// A picture that has been read and whose regions are needed.
pub(crate) struct Regions<'a> {
    pub(crate) id: &'a str,
    pub(crate) frame: Frame,
    pub(crate) drawn_on: Option<DrawnOn>,
    pub(crate) reader: &'a Reader,
    pub(crate) limits: &'a Limits,
}

impl Regions<'_> {
    /// The mask in a file, and the hash of the file's bytes.
    pub(crate) fn mask(&self, region: &str, file: &Path) -> Result<(Mask, String), DataError> {
        let decoded = picture::read_grey(|path, limit| self.reader.read(path, limit), file, self.limits)?;
        if decoded.orientation != Orientation::NoTransforms
            && decoded.orientation.to_exif() != self.frame.exif()
        {
            return Err(DataError::MaskOrientation {
                id: self.id.into(),
                file: file.into(),
                picture: self.frame.exif(),
                mask: decoded.orientation.to_exif(),
            });
        }
        let mask = Mask::from_gray(&decoded.pixels)?;
        // Masks are often written with 1 for inside, which looks black in a viewer.
        if mask.is_empty()
            && let Some(brightest @ 1..) = decoded.pixels.as_raw().iter().copied().max()
        {
            return Err(DataError::FaintMask { file: file.into(), brightest });
        }
        let size = Some(mask.dimensions());
        let ways = self.frame.ways(self.drawn_on, size, Some(&decoded));
        let Decoded { sha256, pixels, .. } = decoded;
        // Each copy of a large picture takes much memory, so the grey one is dropped as soon as it is no longer needed.
        drop(pixels);
        if let [way] = ways[..] {
            return Ok((self.frame.place(mask, way)?, sha256));
        }
        let placed = ways.into_iter().map(|way| Ok(self.frame.place(mask.clone(), way)?));
        Ok((self.only(placed, region, file, size)?, sha256))
    }

    /// The masks of annotations; `image` is the picture's index in them.
    pub(crate) fn annotated(&self, coco: &Coco, image: usize) -> Result<BTreeMap<String, Mask>, DataError> {
        let regions = coco.regions().collect::<Vec<_>>().join("`, `");
        let size = coco.size(image);
        let drawn = |way: DrawnOn| -> Result<BTreeMap<String, Mask>, DataError> {
            let (width, height) = self.frame.size(way);
            let masks = coco.masks(image, width, height)?.into_iter();
            masks.map(|(region, mask)| Ok((region, self.frame.place(mask, way)?))).collect()
        };
        let ways = self.frame.ways(self.drawn_on, size, None);
        self.only(ways.into_iter().map(drawn), &regions, coco.file(), size)
    }

    /// The common result of all possible orientations. It is an error if they differ, if none is possible, or if none fits
    /// the size.
    fn only<T: PartialEq>(
        &self,
        mut ways: impl Iterator<Item = Result<T, DataError>>,
        region: &str,
        file: &Path,
        size: Option<(u32, u32)>,
    ) -> Result<T, DataError> {
        let (id, region, file) = (self.id.to_owned(), region.to_owned(), file.to_path_buf());
        let Some(mut first) = ways.next() else {
            let picture = self.frame.size(self.drawn_on.unwrap_or(DrawnOn::Stored));
            return Err(DataError::MaskSize { id, region, file, picture, mask: size.unwrap_or(picture) });
        };
        for other in ways {
            match (&first, other) {
                (Ok(one), Ok(other)) if *one != other => {
                    return Err(DataError::Orientation { id, region, file, orientation: self.frame.exif() });
                }
                (Err(_), other @ Ok(_)) => first = other,
                _ => {}
            }
        }
        first
    }
}
