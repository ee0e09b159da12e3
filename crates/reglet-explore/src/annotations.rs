//! Regions drawn in the page, saved as COCO. Files are written completely or not at all, and existing files are never
//! changed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use reglet_data::coco::{Coco, CocoOptions};
use reglet_data::{DataError, Mask, Sample};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::Error;

/// A region of a picture: polygons in its own pixels, and areas painted with a brush.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// The corners of each polygon.
    pub polygons: Vec<Vec<[f64; 2]>>,
    /// The painted area, as run lengths: the numbers of pixels, column by column, that are alternately outside and inside.
    /// Empty if nothing was painted.
    #[serde(default)]
    pub runs: Vec<u32>,
}

impl Region {
    fn is_empty(&self) -> bool {
        self.polygons.is_empty() && self.runs.is_empty()
    }
}

/// The most polygons of a picture, and the most corners of one.
const MOST_POLYGONS: usize = 200;
const MOST_CORNERS: usize = 5000;

/// The most runs of a picture that was painted on.
const MOST_RUNS: usize = 400_000;

/// The files' name is this, a number and `.json`.
const NAME: &str = "reglet-annotations-";

/// The regions drawn on the pictures of a folder.
///
/// It continues from the newest file of an earlier session, and writes a new file with the next number beside the pictures:
/// first a temporary file, which is then renamed.
#[derive(Debug, Clone)]
pub struct Annotations {
    regions: Vec<String>,
    pictures: BTreeMap<String, Drawn>,
    path: PathBuf,
    /// The file of an earlier session, from which this one continues.
    earlier: PathBuf,
    /// Whether the file at `path` is ours.
    begun: bool,
    coco: Option<Coco>,
}

#[derive(Debug, Clone)]
struct Drawn {
    size: (u32, u32),
    regions: Vec<Region>,
}

#[derive(Deserialize)]
struct Document {
    images: Vec<Image>,
    annotations: Vec<Annotation>,
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct Image {
    id: u64,
    file_name: String,
    width: u32,
    height: u32,
}

#[derive(Deserialize)]
struct Annotation {
    image_id: u64,
    category_id: u64,
    segmentation: Segmentation,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Segmentation {
    Polygons(Vec<Vec<f64>>),
    Runs { counts: Vec<u32> },
}

#[derive(Deserialize)]
struct Category {
    id: u64,
    name: String,
}

impl Annotations {
    /// Those of a folder, of these regions.
    ///
    /// # Errors
    /// A file of an earlier session that cannot be read.
    pub fn open(folder: &Path, regions: &[String]) -> Result<Annotations, Error> {
        let number = |name: &str| name.strip_prefix(NAME)?.strip_suffix(".json")?.parse::<u32>().ok();
        let entries = fs::read_dir(folder)
            .map_err(|error| Error::Annotations { path: folder.to_owned(), reason: error.to_string() })?;
        let last = entries.filter_map(|entry| number(entry.ok()?.file_name().to_str()?)).max();
        let file = |number: u32| folder.join(format!("{NAME}{number}.json"));
        let mut annotations = Annotations {
            regions: regions.to_vec(),
            pictures: BTreeMap::new(),
            path: file(last.unwrap_or(0).saturating_add(1)),
            earlier: last.map(file).unwrap_or_default(),
            begun: false,
            coco: None,
        };
        if let Some(last) = last {
            annotations.read(&file(last))?;
        }
        Ok(annotations)
    }

    /// The names of the regions.
    pub(crate) fn regions(&self) -> &[String] {
        &self.regions
    }

    /// The file with the regions: that of this session or, until something changes, that of an earlier session.
    pub(crate) fn written(&self) -> &Path {
        self.coco.as_ref().map_or(&self.path, |_| if self.begun { &self.path } else { &self.earlier })
    }

    /// Everything that was drawn, in the form in which it is stored in the file.
    pub(crate) fn text(&self) -> String {
        self.document().to_string()
    }

    /// Whether a picture has been reviewed.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.pictures.contains_key(id)
    }

    /// Whether a reviewed picture shows the region.
    pub(crate) fn shows(&self, id: &str, region: &str) -> Option<bool> {
        let drawn = self.pictures.get(id).filter(|_| self.regions.iter().any(|known| known == region))?;
        Some(drawn.regions.iter().any(|one| one.name == region && !one.is_empty()))
    }

    /// Gives a picture that has been looked at the regions that were drawn on it. A picture without an artefact shows none; one
    /// without a lesion, the second region, keeps the mask that it has, since it may just not have been drawn.
    ///
    /// # Errors
    /// A picture that is not of the size it had.
    pub(crate) fn lay_over(&self, sample: &mut Sample) -> Result<(), DataError> {
        for (region, mask) in self.masks(&sample.id, sample.picture.dimensions())? {
            if mask.is_empty() && self.regions.get(1) == Some(&region) && sample.regions.contains_key(&region)
            {
                continue;
            }
            sample.estimated.remove(&region);
            sample.regions.insert(region, mask);
        }
        Ok(())
    }

    /// The file that is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name without its folder, which should not be visible in the browser.
    pub fn file_name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The number of reviewed pictures.
    pub fn len(&self) -> usize {
        self.pictures.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.pictures.is_empty()
    }

    /// The regions of a picture; `None` if it has not been reviewed.
    pub fn of(&self, id: &str) -> Option<Vec<Region>> {
        self.pictures.get(id).map(|drawn| drawn.regions.clone())
    }

    /// The masks of a reviewed picture; empty for regions that it does not show.
    ///
    /// # Errors
    /// A picture that is not of the size it had.
    pub fn masks(&self, id: &str, (width, height): (u32, u32)) -> Result<BTreeMap<String, Mask>, DataError> {
        let image = self.coco.as_ref().and_then(|coco| coco.file_names().position(|name| name == id));
        let Some((coco, image)) = self.coco.as_ref().zip(image) else { return Ok(BTreeMap::new()) };
        let mut masks = coco.masks(image, width, height)?;
        for region in &self.regions {
            if !masks.contains_key(region) {
                masks.insert(region.clone(), Mask::empty(width, height)?);
            }
        }
        Ok(masks)
    }

    /// Saves the regions of a picture of this size; an empty list means that it shows none of the regions.
    ///
    /// # Errors
    /// Polygons that cannot belong to this picture; a file that cannot be written. Nothing has changed then.
    pub fn save(&mut self, id: &str, size: (u32, u32), regions: Vec<Region>) -> Result<(), Error> {
        for region in &regions {
            self.check(region, size)?;
        }
        if regions.iter().map(|region| region.polygons.len()).sum::<usize>() > MOST_POLYGONS {
            return Err(Error::request(format!("a picture can have {MOST_POLYGONS} polygons at most")));
        }
        let regions = regions.into_iter().filter(|region| !region.is_empty()).collect();
        let before = self.pictures.insert(id.to_owned(), Drawn { size, regions });
        let written = self.write();
        if written.is_err() {
            match before {
                Some(before) => self.pictures.insert(id.to_owned(), before),
                None => self.pictures.remove(id),
            };
        }
        self.coco = Some(written?);
        Ok(())
    }

    fn check(&self, region: &Region, (width, height): (u32, u32)) -> Result<(), Error> {
        if !self.regions.contains(&region.name) {
            let known = self.regions.join(", ");
            return Err(Error::request(format!("there is no region '{}'; there are: {known}", region.name)));
        }
        let pixels = u64::from(width) * u64::from(height);
        let count = |first: usize, each: usize| {
            region.runs.iter().skip(first).step_by(each).map(|&run| u64::from(run)).sum::<u64>()
        };
        if !region.runs.is_empty() {
            if region.runs.len() > MOST_RUNS {
                return Err(Error::request(format!(
                    "the painted region has {} runs, but at most {MOST_RUNS} are allowed; paint with a broader brush",
                    region.runs.len()
                )));
            }
            if count(0, 1) != pixels {
                return Err(Error::request(format!(
                    "the painted region does not match the picture of {width}×{height} pixels"
                )));
            }
            if count(1, 2) == 0 {
                return Err(Error::request("the painted region is smaller than a pixel; paint it again"));
            }
        }
        for polygon in &region.polygons {
            if !(3..=MOST_CORNERS).contains(&polygon.len()) {
                return Err(Error::request(format!(
                    "a polygon has {} corners, but must have from 3 to {MOST_CORNERS}",
                    polygon.len()
                )));
            }
            let inside = |&[x, y]: &[f64; 2]| {
                (0.0..=f64::from(width)).contains(&x) && (0.0..=f64::from(height)).contains(&y)
            };
            if !polygon.iter().all(inside) {
                return Err(Error::request(format!(
                    "a corner lies outside the picture of {width}×{height} pixels"
                )));
            }
            if area(polygon) < 1.0 {
                return Err(Error::request("a polygon is smaller than a pixel; draw it again"));
            }
        }
        Ok(())
    }

    fn fault(&self, reason: impl ToString) -> Error {
        Error::Annotations { path: self.path.clone(), reason: reason.to_string() }
    }

    /// Writes the file whole, and reads it again as an audit would.
    fn write(&mut self) -> Result<Coco, Error> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file =
            NamedTempFile::with_prefix_in(".reglet-", folder).map_err(|error| self.fault(error))?;
        let text = serde_json::to_string_pretty(&self.document()).map_err(|error| self.fault(error))?;
        file.write_all(text.as_bytes()).map_err(|error| self.fault(error))?;
        file.as_file().sync_all().map_err(|error| self.fault(error))?;
        let coco = Coco::open(&CocoOptions::new(file.path()))?;
        // A file that was created there in the meantime is kept, and ours takes the next number.
        let placed = if self.begun {
            file.persist(&self.path).map(drop).map_err(|error| error.error)
        } else {
            file.persist_noclobber(&self.path).map(drop).map_err(|error| error.error)
        };
        placed.map_err(|error| self.fault(error))?;
        self.begun = true;
        // Also flushes the folder's own entry, if the system supports that.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(coco)
    }

    fn document(&self) -> Value {
        let category =
            |name: &str| self.regions.iter().position(|known| known == name).map(|place| place + 1);
        let (mut images, mut annotations) = (Vec::new(), Vec::new());
        for (image, (id, drawn)) in self.pictures.iter().enumerate() {
            let (width, height) = drawn.size;
            images.push(json!({ "id": image + 1, "file_name": id, "width": width, "height": height }));
            for region in &drawn.regions {
                for polygon in &region.polygons {
                    let corners: Vec<f64> =
                        polygon.iter().flatten().map(|at| (at * 100.0).round() / 100.0).collect();
                    annotations.push(json!({
                        "id": annotations.len() + 1,
                        "image_id": image + 1,
                        "category_id": category(&region.name),
                        "segmentation": [corners],
                        "area": area(polygon),
                        "bbox": bounds(polygon),
                        "iscrowd": 0,
                    }));
                }
                if !region.runs.is_empty() {
                    let (area, bbox) = painted(&region.runs, height);
                    annotations.push(json!({
                        "id": annotations.len() + 1,
                        "image_id": image + 1,
                        "category_id": category(&region.name),
                        "segmentation": { "counts": region.runs, "size": [height, width] },
                        "area": area,
                        "bbox": bbox,
                        "iscrowd": 1,
                    }));
                }
            }
        }
        let categories = self.regions.iter().enumerate();
        let categories: Vec<Value> =
            categories.map(|(place, name)| json!({ "id": place + 1, "name": name })).collect();
        json!({
            "info": { "description": "Regions drawn with Reglet; a picture without annotations shows none of them" },
            "images": images,
            "annotations": annotations,
            "categories": categories,
        })
    }

    /// Goes on from what an earlier session has saved.
    fn read(&mut self, path: &Path) -> Result<(), Error> {
        let fault = |reason: String| Error::Annotations { path: path.to_owned(), reason };
        let coco = Coco::open(&CocoOptions::new(path))?;
        let text = fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
        let document: Document = serde_json::from_str(&text)
            .map_err(|error| fault(format!("it was not written by Reglet ({error}); move it elsewhere")))?;
        for image in document.images {
            let mut regions: Vec<Region> = Vec::new();
            for annotation in document.annotations.iter().filter(|annotation| annotation.image_id == image.id)
            {
                let of = |category: &&Category| category.id == annotation.category_id;
                let Some(Category { name, .. }) = document.categories.iter().find(of) else { continue };
                if !regions.iter().any(|region| region.name == *name) {
                    regions.push(Region { name: name.clone(), polygons: Vec::new(), runs: Vec::new() });
                }
                let Some(region) = regions.iter_mut().find(|region| region.name == *name) else { continue };
                let corners = |numbers: &Vec<f64>| numbers.chunks_exact(2).map(|at| [at[0], at[1]]).collect();
                match &annotation.segmentation {
                    Segmentation::Polygons(polygons) => {
                        region.polygons.extend(polygons.iter().map(corners));
                    }
                    Segmentation::Runs { counts } => region.runs.clone_from(counts),
                }
                if !self.regions.contains(name) {
                    self.regions.push(name.clone());
                }
            }
            self.pictures.insert(image.file_name, Drawn { size: (image.width, image.height), regions });
        }
        self.coco = Some(coco);
        Ok(())
    }
}

/// The area of a polygon, by the shoelace formula.
fn area(polygon: &[[f64; 2]]) -> f64 {
    let next = polygon.iter().cycle().skip(1);
    let twice: f64 = polygon.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum();
    (0.5 * twice).abs()
}

/// How many pixels were painted, and the left, top, width and height of the box about them, of a picture so high.
fn painted(runs: &[u32], height: u32) -> (u64, [u64; 4]) {
    let height = u64::from(height).max(1);
    let (mut at, mut area) = (0, 0);
    let mut bounds: Option<[u64; 4]> = None;
    for (place, &run) in runs.iter().enumerate() {
        let run = u64::from(run);
        if place % 2 == 1 && run > 0 {
            area += run;
            let last = at + run - 1;
            let columns = (at / height, last / height);
            // A run that goes on into the next column touches the bottom of one and the top of the other.
            let rows = if columns.0 == columns.1 { (at % height, last % height) } else { (0, height - 1) };
            let [left, top, right, bottom] = bounds.unwrap_or([columns.0, rows.0, columns.1, rows.1]);
            bounds = Some([left.min(columns.0), top.min(rows.0), right.max(columns.1), bottom.max(rows.1)]);
        }
        at += run;
    }
    let [left, top, right, bottom] = bounds.unwrap_or_default();
    (area, [left, top, right + 1 - left, bottom + 1 - top])
}

/// Its left, top, width and height.
fn bounds(polygon: &[[f64; 2]]) -> [f64; 4] {
    let range = |axis: usize| {
        let values = polygon.iter().map(|corner| corner[axis]);
        values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    };
    let (x, y) = (range(0), range(1));
    [x.0, y.0, x.1 - x.0, y.1 - y.0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regions() -> [String; 2] {
        ["ruler", "lesion"].map(str::to_owned)
    }

    fn square(name: &str, left: f64) -> Region {
        let polygon = vec![[left, 2.0], [left + 10.0, 2.0], [left + 10.0, 12.0], [left, 12.0]];
        Region { name: name.to_owned(), polygons: vec![polygon], runs: Vec::new() }
    }

    #[test]
    fn what_is_saved_is_coco_and_a_later_session_goes_on_in_a_file_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut first = Annotations::open(folder.path(), &regions()).expect("an empty folder");
        first.save("a.png", (40, 30), vec![square("ruler", 3.0)]).expect("it is saved");
        first.save("b/c.png", (40, 30), Vec::new()).expect("none is an answer too");
        let masks = first.masks("a.png", (40, 30)).expect("masks");
        assert_eq!(masks["ruler"].area(), 100);
        assert!(masks["lesion"].is_empty() && first.masks("d.png", (40, 30)).expect("none").is_empty());

        let before = fs::read(first.path()).expect("the first file");
        let mut second = Annotations::open(folder.path(), &regions()).expect("it goes on");
        assert_eq!(second.of("a.png"), Some(vec![square("ruler", 3.0)]));
        assert_eq!(second.of("b/c.png"), Some(Vec::new()));
        assert_eq!(second.of("d.png"), None);
        second.save("a.png", (40, 30), vec![square("lesion", 5.0)]).expect("it is saved");
        assert_ne!(first.path(), second.path());
        assert_eq!(fs::read(first.path()).expect("it is still there"), before);
        let coco = Coco::open(&CocoOptions::new(second.path())).expect("COCO");
        assert_eq!(coco.file_names().collect::<Vec<_>>(), ["a.png", "b/c.png"]);
        assert_eq!((coco.shows(0, "ruler"), coco.shows(0, "lesion")), (Some(false), Some(true)));
        let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
        assert_eq!(left.len(), 2, "no temporary file is left");
    }

    #[test]
    fn what_was_painted_is_saved_as_run_lengths_and_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut first = Annotations::open(folder.path(), &regions()).expect("an empty folder");
        // Rows 5 to 9 of the columns 2 and 3, of 30 pixels each.
        let runs = vec![65, 5, 25, 5, 1100];
        let region = Region { runs, ..square("ruler", 20.0) };
        first.save("a.png", (40, 30), vec![region.clone()]).expect("it is saved");
        let mask = first.masks("a.png", (40, 30)).expect("masks").remove("ruler").expect("it is there");
        assert_eq!(mask.area(), 110);
        assert!(mask.get(2, 5) && mask.get(3, 9) && !mask.get(4, 5) && !mask.get(2, 10) && mask.get(25, 7));
        assert_eq!(painted(&region.runs, 30), (10, [2, 5, 2, 5]));
        assert_eq!(
            (first.shows("a.png", "ruler"), first.shows("a.png", "lesion")),
            (Some(true), Some(false))
        );
        assert_eq!((first.shows("b.png", "ruler"), first.shows("a.png", "hair")), (None, None));
        // An audit takes the ruler for absent where none is drawn, and knows nothing of a lesion that is not drawn.
        let coco = Coco::open(&CocoOptions::new(first.path())).expect("COCO");
        assert_eq!((coco.shows(0, "ruler"), coco.shows(0, "lesion")), (Some(true), Some(false)));
        let second = Annotations::open(folder.path(), &regions()).expect("it goes on");
        assert_eq!(second.of("a.png"), Some(vec![region]));
        assert_eq!(second.written(), first.path());
    }

    #[test]
    fn a_file_that_somebody_else_has_put_there_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut annotations = Annotations::open(folder.path(), &regions()).expect("an empty folder");
        fs::write(annotations.path(), "somebody's").expect("a file");
        let refused = annotations.save("a.png", (40, 30), vec![square("ruler", 3.0)]);
        assert!(matches!(refused, Err(Error::Annotations { .. })), "{refused:?}");
        assert_eq!(fs::read_to_string(annotations.path()).expect("it is there"), "somebody's");
        assert!(annotations.is_empty(), "what was not saved is not there");
    }

    #[test]
    fn what_cannot_be_of_the_picture_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut annotations = Annotations::open(folder.path(), &regions()).expect("an empty folder");
        let polygon = |polygon: &[[f64; 2]]| {
            vec![Region { name: "ruler".to_owned(), polygons: vec![polygon.to_vec()], runs: Vec::new() }]
        };
        let runs = |runs: &[u32]| {
            vec![Region { name: "ruler".to_owned(), polygons: Vec::new(), runs: runs.to_vec() }]
        };
        for wrong in [
            polygon(&[[1.0, 1.0], [9.0, 9.0]]),
            polygon(&[[1.0, 1.0], [9.0, 9.0], [5.0, 5.0]]),
            polygon(&[[1.0, 1.0], [90.0, 1.0], [5.0, 5.0]]),
            polygon(&[[1.0, 1.0], [f64::NAN, 1.0], [5.0, 5.0]]),
            vec![square("../ruler", 3.0)],
            runs(&[1200]),
            runs(&[600, 599]),
            runs(&[600, u32::MAX, u32::MAX]),
            runs(&vec![1; MOST_RUNS + 1]),
        ] {
            assert!(annotations.save("a.png", (40, 30), wrong).is_err());
        }
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
