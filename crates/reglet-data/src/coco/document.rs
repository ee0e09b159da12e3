use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::numbers::{Id, Side};
use super::{Coco, CocoOptions, Drawing, Image, Runs, Shape, place};
use crate::files::read_text;
use crate::{DataError, MAX_PIXELS, Problem, ProblemKind, Problems};

/// The largest annotation file that is read, in bytes. That of COCO's own training set takes 450 MB.
const MAX_BYTES: u64 = 1 << 30;

/// The most corners of a polygon.
const MAX_CORNERS: usize = 100_000;

/// Whether no picture of this size is read. Without this limit a file could claim billions of rows, and each would be looked at.
pub(super) fn is_too_large(width: u32, height: u32) -> bool {
    u64::from(width) * u64::from(height) > MAX_PIXELS
}

/// Reads the file and turns it into regions by picture.
pub(super) fn read(options: &CocoOptions) -> Result<Coco, DataError> {
    let file = &options.file;
    let bytes = read_text(file, MAX_BYTES)?;
    let document: Document = serde_json::from_slice(&bytes).map_err(|fault| {
        let (line, file) = (Some(fault.line() as u64), file.clone());
        let kind = ProblemKind::Malformed(format!("it is not a COCO annotation file ({fault})"));
        Problems(vec![Problem { file, line, kind }])
    })?;
    let mut problems = Vec::new();
    let regions = regions(&document, options, &mut problems);

    let mut images: Vec<Image> = Vec::with_capacity(document.images.len());
    let mut index_of = BTreeMap::new();
    for listed in document.images {
        let mut size = listed.width.zip(listed.height).map(|(width, height)| (width.0, height.0));
        if let Some((width, height)) = size.take_if(|&mut (width, height)| is_too_large(width, height)) {
            problems.push(ProblemKind::Malformed(format!(
                "the image {} is {width}×{height} pixels, where at most {MAX_PIXELS} are allowed: correct its width and height",
                listed.id
            )));
        }
        if index_of.contains_key(&listed.id) {
            problems.push(ProblemKind::Malformed(format!(
                "two images have the id {}: give each image a different id",
                listed.id
            )));
        }
        index_of.insert(listed.id, images.len());
        images.push(Image { file_name: listed.file_name, size, drawings: BTreeMap::new() });
    }
    let categories: BTreeSet<&Id> = document.categories.iter().map(|category| &category.id).collect();

    for (place, annotation) in document.annotations.into_iter().enumerate() {
        let name = annotation.id.as_ref().map_or_else(|| place.to_string(), Id::to_string);
        let mut complain = |fault| {
            problems.push(ProblemKind::Annotation { annotation: name.clone(), fault });
        };
        if !categories.contains(&annotation.category_id) {
            complain(format!("there is no category {}", annotation.category_id));
            continue;
        }
        let Some(image) = index_of.get(&annotation.image_id).and_then(|&index| images.get_mut(index)) else {
            complain(format!("there is no image {}", annotation.image_id));
            continue;
        };
        let Some(region) = regions.get(&annotation.category_id) else { continue };
        match annotation.shapes(image.size) {
            Ok(shapes) => {
                for shape in &shapes {
                    if let Shape::Runs(runs) = shape {
                        image.size = Some(runs.dimensions());
                    }
                }
                let drawing = Drawing { annotation: name.clone(), shapes };
                match image.size.and_then(|size| drawing.fault(size)) {
                    Some(fault) => complain(fault),
                    None => image.drawings.entry(region.clone()).or_default().push(drawing),
                }
            }
            Err(fault) => complain(fault),
        }
    }
    let problem = |kind| Problem { file: file.clone(), line: None, kind };
    Problems::check(problems.into_iter().map(problem).collect())?;
    let (regions, sha256) = (regions.into_values().collect(), Sha256::digest(&bytes).into());
    Ok(Coco { file: file.clone(), sha256, chosen: options.regions.clone(), regions, images })
}

#[derive(Deserialize)]
struct Document {
    images: Vec<ListedImage>,
    annotations: Vec<Annotation>,
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct ListedImage {
    id: Id,
    file_name: String,
    width: Option<Side>,
    height: Option<Side>,
}

#[derive(Deserialize)]
struct Category {
    id: Id,
    name: String,
}

#[derive(Deserialize)]
struct Annotation {
    id: Option<Id>,
    image_id: Id,
    category_id: Id,
    segmentation: Option<Segmentation>,
    bbox: Option<Vec<f64>>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a segmentation is a list of polygons, or an object with `size` and `counts`")]
enum Segmentation {
    Polygons(Vec<Vec<f64>>),
    /// `size` is height and width.
    Runs {
        size: [Side; 2],
        counts: Counts,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Counts {
    Plain(Vec<u32>),
    Compressed(String),
}

impl Annotation {
    /// The mask that the annotation draws in a picture of this size, or the error in it.
    fn shapes(self, size: Option<(u32, u32)>) -> Result<Vec<Shape>, String> {
        match (self.segmentation, self.bbox.as_deref().unwrap_or_default()) {
            (Some(Segmentation::Polygons(polygons)), _) if !polygons.is_empty() => {
                polygons.iter().map(|numbers| polygon(numbers)).collect()
            }
            (Some(Segmentation::Runs { size: [Side(height), Side(width)], counts }), _) => {
                let runs = match counts {
                    Counts::Plain(lengths) => Runs::new(width, height, lengths)?,
                    Counts::Compressed(text) => Runs::from_text(width, height, &text)?,
                };
                match size.filter(|&size| size != runs.dimensions()) {
                    None if is_too_large(width, height) => Err(format!(
                        "its run lengths are for {width}×{height} pixels, where at most {MAX_PIXELS} are allowed: correct \
                         their size"
                    )),
                    None => Ok(vec![Shape::Runs(runs)]),
                    Some(size) => Err(format!(
                        "its run lengths are for {width}×{height} pixels, but the image is {}×{}",
                        size.0, size.1
                    )),
                }
            }
            // Some programs write an empty list if there is no box or no polygon.
            (_, []) => Err("it has neither a segmentation nor a box".into()),
            (_, &[x, y, width, height]) => {
                if !(width >= 0.0 && height >= 0.0) {
                    return Err(format!("its box is {width} by {height} pixels, which is impossible"));
                }
                let two_corners = |size| place::is_between_corners([x, y, width, height], size);
                if let Some(fault) = size.and_then(two_corners) {
                    return Err(fault);
                }
                let (right, bottom) = (x + width, y + height);
                Ok(vec![Shape::Polygon(vec![[x, y], [right, y], [right, bottom], [x, bottom]])])
            }
            (_, numbers) => {
                Err(format!("its box has {} numbers, where x, y, width and height are needed", numbers.len()))
            }
        }
    }
}

fn polygon(numbers: &[f64]) -> Result<Shape, String> {
    let (corners, rest) = numbers.as_chunks::<2>();
    if corners.len() < 3 || !rest.is_empty() {
        return Err(format!(
            "a polygon of it has {} numbers, where x and y of at least three corners are needed",
            numbers.len()
        ));
    }
    if corners.len() > MAX_CORNERS {
        return Err(format!(
            "a polygon of it has {} corners, where at most {MAX_CORNERS} are allowed: write run lengths",
            corners.len()
        ));
    }
    Ok(Shape::Polygon(corners.to_vec()))
}

/// The region of each category that is one, by the category's id.
fn regions(
    document: &Document,
    options: &CocoOptions,
    problems: &mut Vec<ProblemKind>,
) -> BTreeMap<Id, String> {
    let mut ids = BTreeSet::new();
    for category in document.categories.iter().filter(|category| !ids.insert(&category.id)) {
        problems.push(ProblemKind::Malformed(format!(
            "two categories have the id {}: give each category a different id",
            category.id
        )));
    }
    let names = || document.categories.iter().map(|category| category.name.clone());
    let Some(wanted) = &options.regions else {
        return document.categories.iter().map(|category| category.id.clone()).zip(names()).collect();
    };
    for category in wanted.keys() {
        if !names().any(|name| name == *category) {
            let (category, categories) = (category.clone(), names().collect());
            problems.push(ProblemKind::NoCategory { category, categories });
        }
    }
    let region = |category: &Category| Some((category.id.clone(), wanted.get(&category.name)?.clone()));
    document.categories.iter().filter_map(region).collect()
}
