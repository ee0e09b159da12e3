//! Regions from an annotation file in the format of the COCO data set.
//!
//! Polygons, boxes and run lengths (plain or compressed) are supported; crowds are treated like other regions. The format is
//! that of <https://cocodataset.org/#format-data>.

mod document;
mod numbers;
mod place;
mod polygon;
mod runs;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::remote::join;
use crate::{DataError, Mask};
use runs::Runs;

/// The annotation file, and the categories that are regions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CocoOptions {
    /// The JSON file: a path, or an address in an object store or on the web.
    pub file: PathBuf,
    /// Categories of the file by name, and the region to which each belongs. By default, every category is a region of the
    /// same name.
    #[serde(default)]
    pub regions: Option<BTreeMap<String, String>>,
}

impl CocoOptions {
    /// Every category of this file.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), regions: None }
    }

    /// The same annotations, with a relative path resolved against the folder `base`.
    pub fn relative_to(self, base: &Path) -> Self {
        Self { file: join(base, &self.file), ..self }
    }
}

/// The regions of annotated pictures, by the pictures' file names.
///
/// A picture that is listed without an annotation is known not to show any of the regions; nothing is known about a picture
/// that is not listed.
#[derive(Debug, Clone)]
pub struct Coco {
    file: PathBuf,
    sha256: [u8; 32],
    /// The categories that are regions, as the options give them.
    chosen: Option<BTreeMap<String, String>>,
    regions: BTreeSet<String>,
    images: Vec<Image>,
}

impl Coco {
    /// Reads an annotation file.
    ///
    /// # Errors
    /// The file cannot be read, is not JSON of this format, lacks a requested category, or has annotations that are
    /// malformed or refer to a picture or category that does not exist.
    pub fn open(options: &CocoOptions) -> Result<Self, DataError> {
        document::read(options)
    }

    /// The annotation file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The SHA-256 of the bytes that the annotations were read from.
    pub(crate) fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// The categories that were chosen, and the region of each; `None` if every category is a region of its own.
    pub(crate) fn chosen(&self) -> Option<&BTreeMap<String, String>> {
        self.chosen.as_ref()
    }

    /// The names of the regions, sorted.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.regions.iter().map(String::as_str)
    }

    /// The file names of the annotated pictures, in the file's order; `image` elsewhere is an index into them.
    pub fn file_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.images.iter().map(|image| image.file_name.as_str())
    }

    /// Whether the picture has an annotation for the region; `None` if there is no such picture or region.
    pub fn shows(&self, image: usize, region: &str) -> Option<bool> {
        let image = self.images.get(image)?;
        self.regions.contains(region).then(|| image.drawings.contains_key(region))
    }

    /// The width and height in pixels that the file, or its run lengths, specify for the picture.
    pub fn size(&self, image: usize) -> Option<(u32, u32)> {
        self.images.get(image)?.size
    }

    /// A mask of every region, drawn at this size; regions without an annotation are empty. Annotations are in the picture's
    /// own pixels, so the size must be that of the picture.
    ///
    /// # Errors
    /// There can be no mask of this size, or an annotation draws nothing in it. Such an annotation does not belong to this
    /// picture or is not in its pixels; it does not mean that the picture shows nothing.
    pub fn masks(&self, image: usize, width: u32, height: u32) -> Result<BTreeMap<String, Mask>, DataError> {
        let mut masks = BTreeMap::new();
        let Some(image) = self.images.get(image) else { return Ok(masks) };
        for region in &self.regions {
            let mut mask = Mask::empty(width, height)?;
            for drawing in image.drawings.get(region).into_iter().flatten() {
                if let Some(fault) = drawing.fault((width, height)) {
                    return Err(DataError::Annotation {
                        file: self.file.clone(),
                        annotation: drawing.annotation.clone(),
                        picture: image.file_name.clone(),
                        fault,
                    });
                }
                drawing.shapes.iter().for_each(|shape| shape.fill(&mut mask));
            }
            masks.insert(region.clone(), mask);
        }
        Ok(masks)
    }
}

#[derive(Debug, Clone)]
struct Image {
    file_name: String,
    size: Option<(u32, u32)>,
    /// Only regions that have at least one annotation.
    drawings: BTreeMap<String, Vec<Drawing>>,
}

/// The shape of an annotation.
#[derive(Debug, Clone)]
struct Drawing {
    /// Its id or, if it has none, its index in the list.
    annotation: String,
    shapes: Vec<Shape>,
}

impl Drawing {
    /// Why it cannot belong to a picture of this size, or draws nothing in it.
    fn fault(&self, size: (u32, u32)) -> Option<String> {
        let corners = self.shapes.iter().filter_map(|shape| match shape {
            Shape::Polygon(corners) => Some(corners),
            Shape::Runs(_) => None,
        });
        if corners.clone().next().is_some()
            && let Some(fault) = place::fault(corners.clone().flatten(), size)
        {
            return Some(fault);
        }
        if let Some(fault) = corners.clone().find_map(|corners| polygon::fault(corners, size.1)) {
            return Some(fault);
        }
        let nothing = !self.shapes.iter().any(|shape| shape.draws_something(size));
        nothing.then(|| "it contains no pixel's centre: redraw it, or remove it".into())
    }
}

#[derive(Debug, Clone)]
enum Shape {
    /// Corners in pixels; a box is also a polygon.
    Polygon(Vec<[f64; 2]>),
    Runs(Runs),
}

impl Shape {
    fn draws_something(&self, size: (u32, u32)) -> bool {
        match self {
            Self::Polygon(corners) => polygon::spans(corners, size).next().is_some(),
            Self::Runs(runs) => runs.draw_something(),
        }
    }

    fn fill(&self, mask: &mut Mask) {
        match self {
            Self::Polygon(corners) => polygon::fill(mask, corners),
            Self::Runs(runs) => runs.fill(mask),
        }
    }
}
