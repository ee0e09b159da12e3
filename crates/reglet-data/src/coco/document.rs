use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::{Coco, CocoOptions, Image, Runs, Shape};
use crate::{DataError, Problem, ProblemKind, Problems};

/// The largest annotation file that is read, in bytes. That of COCO's own training set takes 450 MB.
const MAX_BYTES: u64 = 1 << 30;

/// Reads the file and turns it into regions by picture.
pub(super) fn read(options: &CocoOptions) -> Result<Coco, DataError> {
    let file = &options.file;
    let document = parse(file)?;
    let mut problems = Vec::new();
    let regions = regions(&document, options, &mut problems);

    let mut images: Vec<Image> = Vec::with_capacity(document.images.len());
    let mut index_of = BTreeMap::new();
    for listed in document.images {
        let size = listed.width.zip(listed.height);
        if index_of.insert(listed.id, images.len()).is_some() {
            problems.push(ProblemKind::Malformed(format!(
                "two images have the id {}: give each its own",
                listed.id
            )));
        }
        images.push(Image { file_name: listed.file_name, size, shapes: BTreeMap::new() });
    }
    let categories: BTreeSet<i64> = document.categories.iter().map(|category| category.id).collect();

    for (place, annotation) in document.annotations.into_iter().enumerate() {
        let id = annotation.id.unwrap_or(place as i64);
        let mut complain = |fault| problems.push(ProblemKind::Annotation { annotation: id, fault });
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
                image.shapes.entry(region.clone()).or_default().extend(shapes);
            }
            Err(fault) => complain(fault),
        }
    }
    let problem = |kind| Problem { file: file.clone(), line: None, kind };
    Problems::check(problems.into_iter().map(problem).collect())?;
    Ok(Coco { file: file.clone(), regions: regions.into_values().collect(), images })
}

#[derive(Deserialize)]
struct Document {
    images: Vec<ListedImage>,
    annotations: Vec<Annotation>,
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct ListedImage {
    id: i64,
    file_name: String,
    width: Option<u32>,
    height: Option<u32>,
}

#[derive(Deserialize)]
struct Category {
    id: i64,
    name: String,
}

#[derive(Deserialize)]
struct Annotation {
    id: Option<i64>,
    image_id: i64,
    category_id: i64,
    segmentation: Option<Segmentation>,
    bbox: Option<[f64; 4]>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a segmentation is a list of polygons, or an object with `size` and `counts`")]
enum Segmentation {
    Polygons(Vec<Vec<f64>>),
    /// `size` is height and width.
    Runs {
        size: [u32; 2],
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
    /// What it draws in a picture of this size, where that is known; else what is wrong with it.
    fn shapes(self, size: Option<(u32, u32)>) -> Result<Vec<Shape>, String> {
        match (self.segmentation, self.bbox) {
            (Some(Segmentation::Polygons(polygons)), _) if !polygons.is_empty() => {
                polygons.iter().map(|numbers| polygon(numbers)).collect()
            }
            (Some(Segmentation::Runs { size: [height, width], counts }), _) => {
                let runs = match counts {
                    Counts::Plain(lengths) => Runs::new(width, height, lengths)?,
                    Counts::Compressed(text) => Runs::from_text(width, height, &text)?,
                };
                match size.filter(|&size| size != runs.dimensions()) {
                    None => Ok(vec![Shape::Runs(runs)]),
                    Some(size) => Err(format!(
                        "its run lengths are for {width}×{height} pixels, but the image is {}×{}",
                        size.0, size.1
                    )),
                }
            }
            (_, Some([x, y, width, height])) => {
                if !(width >= 0.0 && height >= 0.0) {
                    return Err(format!("its box is {width} by {height} pixels, which cannot be"));
                }
                let (right, bottom) = (x + width, y + height);
                Ok(vec![Shape::Polygon(vec![[x, y], [right, y], [right, bottom], [x, bottom]])])
            }
            _ => Err("it has neither a segmentation nor a box".into()),
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
    Ok(Shape::Polygon(corners.to_vec()))
}

/// The region of each category that is one, by the category's id.
fn regions(
    document: &Document,
    options: &CocoOptions,
    problems: &mut Vec<ProblemKind>,
) -> BTreeMap<i64, String> {
    let names = || document.categories.iter().map(|category| category.name.clone());
    let Some(wanted) = &options.regions else {
        return document.categories.iter().map(|category| category.id).zip(names()).collect();
    };
    for category in wanted.keys() {
        if !names().any(|name| name == *category) {
            let (category, categories) = (category.clone(), names().collect());
            problems.push(ProblemKind::NoCategory { category, categories });
        }
    }
    let region = |category: &Category| Some((category.id, wanted.get(&category.name)?.clone()));
    document.categories.iter().filter_map(region).collect()
}

fn parse(path: &Path) -> Result<Document, DataError> {
    let unreadable = |source| DataError::Unreadable { path: path.into(), source };
    let problem = |line, text| {
        let kind = ProblemKind::Malformed(text);
        DataError::Problems(Problems(vec![Problem { file: path.into(), line, kind }]))
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(problem(
            None,
            format!("it is larger than the {MAX_BYTES} bytes that are allowed: divide it"),
        ));
    }
    serde_json::from_slice(&bytes).map_err(|fault| {
        problem(Some(fault.line() as u64), format!("it is not a COCO annotation file ({fault})"))
    })
}
