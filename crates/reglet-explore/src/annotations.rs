//! Regions drawn in the page, saved as COCO: whole files only, and none that was there before is touched.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use reglet_data::Mask;
use reglet_data::coco::{Coco, CocoOptions};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::Error;

/// A region of a picture: polygons in its own pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// The corners of each polygon.
    pub polygons: Vec<Vec<[f64; 2]>>,
}

/// The most polygons of a picture, and the most corners of one.
const MOST_POLYGONS: usize = 200;
const MOST_CORNERS: usize = 5000;

/// The files' name is this, a number and `.json`.
const NAME: &str = "reglet-annotations-";

/// What was drawn on the pictures of a folder.
///
/// It goes on from the newest file of an earlier session, and writes a file of its own, with the next number: beside the
/// pictures, first to a temporary file, which then takes its place whole.
#[derive(Debug)]
pub struct Annotations {
    regions: Vec<String>,
    pictures: BTreeMap<String, Drawn>,
    path: PathBuf,
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
    segmentation: Vec<Vec<f64>>,
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
            begun: false,
            coco: None,
        };
        if let Some(last) = last {
            annotations.read(&file(last))?;
        }
        Ok(annotations)
    }

    /// The file that is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name without its folder, which is nobody's business in a browser.
    pub fn file_name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// How many pictures have been looked at.
    pub fn len(&self) -> usize {
        self.pictures.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.pictures.is_empty()
    }

    /// What was drawn on a picture; `None` where it has not been looked at.
    pub fn of(&self, id: &str) -> Option<Vec<Region>> {
        self.pictures.get(id).map(|drawn| drawn.regions.clone())
    }

    /// The masks of a picture that has been looked at: empty where it does not show the region.
    ///
    /// # Errors
    /// A picture that is not of the size it had.
    pub fn masks(&self, id: &str, (width, height): (u32, u32)) -> Result<BTreeMap<String, Mask>, Error> {
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

    /// Saves what was drawn on a picture of this size; nothing at all says that it shows none of the regions.
    ///
    /// # Errors
    /// Polygons that cannot be of this picture; a file that cannot be written. Nothing has changed then.
    pub fn save(&mut self, id: &str, size: (u32, u32), regions: Vec<Region>) -> Result<(), Error> {
        for region in &regions {
            self.check(region, size)?;
        }
        if regions.iter().map(|region| region.polygons.len()).sum::<usize>() > MOST_POLYGONS {
            return Err(Error::request(format!("a picture can have {MOST_POLYGONS} polygons at most")));
        }
        let regions = regions.into_iter().filter(|region| !region.polygons.is_empty()).collect();
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
                return Err(Error::request("a polygon is smaller than a pixel; draw it anew"));
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
        // A file that somebody else has put there meanwhile stays, and ours takes the next number.
        let placed = if self.begun {
            file.persist(&self.path).map(drop).map_err(|error| error.error)
        } else {
            file.persist_noclobber(&self.path).map(drop).map_err(|error| error.error)
        };
        placed.map_err(|error| self.fault(error))?;
        self.begun = true;
        // The folder's own entry, where the system can be told to keep it.
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
            .map_err(|error| fault(format!("it is not as Reglet writes it ({error}); move it elsewhere")))?;
        for image in document.images {
            let mut regions: Vec<Region> = Vec::new();
            for annotation in document.annotations.iter().filter(|annotation| annotation.image_id == image.id)
            {
                let of = |category: &&Category| category.id == annotation.category_id;
                let Some(Category { name, .. }) = document.categories.iter().find(of) else { continue };
                let corners = |numbers: &Vec<f64>| numbers.chunks_exact(2).map(|at| [at[0], at[1]]).collect();
                let polygons: Vec<Vec<[f64; 2]>> = annotation.segmentation.iter().map(corners).collect();
                match regions.iter_mut().find(|region| region.name == *name) {
                    Some(region) => region.polygons.extend(polygons),
                    None => regions.push(Region { name: name.clone(), polygons }),
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
        Region { name: name.to_owned(), polygons: vec![polygon] }
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
            vec![Region { name: "ruler".to_owned(), polygons: vec![polygon.to_vec()] }]
        };
        for wrong in [
            polygon(&[[1.0, 1.0], [9.0, 9.0]]),
            polygon(&[[1.0, 1.0], [9.0, 9.0], [5.0, 5.0]]),
            polygon(&[[1.0, 1.0], [90.0, 1.0], [5.0, 5.0]]),
            polygon(&[[1.0, 1.0], [f64::NAN, 1.0], [5.0, 5.0]]),
            vec![square("../ruler", 3.0)],
        ] {
            assert!(annotations.save("a.png", (40, 30), wrong).is_err());
        }
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
