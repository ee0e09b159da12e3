//! Annotations against what pycocotools makes of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use reglet_data::coco::{Coco, CocoOptions};
use reglet_data::edit::{Change, EditOptions, Editor, Source};
use reglet_data::{DataError, Dataset, EstimatedLesions, ManifestOptions, Mask, ProblemKind};
use serde_json::{Value, json};

#[test]
fn masks_are_those_of_pycocotools() {
    let coco = Coco::open(&CocoOptions::new(folder().join("annotations.json"))).expect("a fixture");
    assert_eq!(coco.regions().collect::<Vec<_>>(), ["ruler"]);
    assert!(coco.file_names().len() >= 14, "only {} pictures", coco.file_names().len());
    for (image, name) in coco.file_names().enumerate() {
        let expected = image::open(folder().join(name)).expect("a fixture").into_luma8();
        let expected = Mask::from_gray(&expected).expect("it is small");
        let (width, height) = expected.dimensions();
        assert_eq!(coco.size(image), Some((width, height)), "{name}");
        assert_eq!(coco.shows(image, "ruler"), Some(!expected.is_empty()), "{name}");
        let mask = coco.masks(image, width, height).expect("it is small").remove("ruler").expect("a region");
        if name.starts_with("rle") || name == "nothing.png" || name == "box.png" {
            assert!(mask == expected, "{name}");
        } else {
            // pycocotools rounds corners to a fifth of a pixel and counts pixels that are touched in part;
            // here the centre decides. The two may differ along an edge, by one pixel.
            let difference = |a: &Mask, b: &Mask| a.iter().all(|(x, y)| b.dilate(1).get(x, y));
            assert!(difference(&mask, &expected) && difference(&expected, &mask), "{name}");
            let common = mask.iter().filter(|&(x, y)| expected.get(x, y)).count() as f64;
            let union = mask.union(&expected).expect("they have one size").area() as f64;
            assert!(common / union > 0.93, "{name}: {}", common / union);
        }
    }
}

#[test]
fn categories_become_the_regions_that_are_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut document = small();
    document["categories"] =
        json!([{"id": 1, "name": "scale bar"}, {"id": 2, "name": "sticker"}, {"id": 3, "name": "hair"}]);
    document["annotations"] = json!([
        {"id": 1, "image_id": 7, "category_id": 1, "bbox": [0, 0, 2, 1]},
        {"id": 2, "image_id": 7, "category_id": 2, "bbox": [2, 1, 2, 1]},
        {"id": 3, "image_id": 7, "category_id": 3, "bbox": [0, 2, 4, 1]},
    ]);
    let file = write(folder.path(), &document);
    let artefacts = ["scale bar", "sticker"].map(|category| (category.to_owned(), "artefact".to_owned()));
    let options = CocoOptions { regions: Some(BTreeMap::from(artefacts.clone())), ..CocoOptions::new(&file) };
    let coco = Coco::open(&options).expect("it is sound");
    let masks = coco.masks(0, 4, 3).expect("it is small");
    let expected = Mask::from_fn(4, 3, |x, y| (y == 0 && x < 2) || (y == 1 && x >= 2)).expect("it is small");
    assert_eq!(masks, BTreeMap::from([("artefact".to_owned(), expected)]));
    assert_eq!(coco.shows(0, "hair"), None);

    let mut wrong = BTreeMap::from(artefacts);
    wrong.insert("rule".into(), "ruler".into());
    let problem = problem(&CocoOptions { regions: Some(wrong), ..CocoOptions::new(file) });
    assert!(matches!(problem, ProblemKind::NoCategory { category, .. } if category == "rule"));
}

#[test]
fn categories_with_one_id_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut document = small();
    document["categories"] = json!([{"id": 1, "name": "ruler"}, {"id": "1", "name": "hair"}]);
    let text = problem(&CocoOptions::new(write(folder.path(), &document))).to_string();
    assert_eq!(text, "two categories have the id 1: give each category a different id");
}

#[test]
fn every_malformed_annotation_is_named() {
    let cases = [
        (json!({"category_id": 9, "bbox": [0, 0, 1, 1]}), "there is no category 9"),
        (json!({"image_id": 8, "bbox": [0, 0, 1, 1]}), "there is no image 8"),
        (json!({}), "neither a segmentation nor a box"),
        (json!({"segmentation": []}), "neither a segmentation nor a box"),
        (json!({"segmentation": [[0, 0, 3, 3]]}), "has 4 numbers"),
        (json!({"segmentation": [[0, 0, 3, 3, 1, 2, 3]]}), "has 7 numbers"),
        (json!({"bbox": [0, 0, -1, 1]}), "its box is -1 by 1"),
        (json!({"segmentation": {"size": [3, 4], "counts": [5, 6]}}), "add up to 11"),
        (json!({"segmentation": {"size": [4, 3], "counts": [5, 7]}}), "for 3×4 pixels, but the image is 4×3"),
        (json!({"segmentation": {"size": [3, 4], "counts": "P"}}), "end within a number"),
        (json!({"segmentation": {"size": [3, 4], "counts": "!"}}), "are damaged"),
    ];
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (fields, expected) in cases {
        let mut document = small();
        let annotation = document["annotations"][0].as_object_mut().expect("it has one");
        annotation.remove("bbox");
        annotation.extend(fields.as_object().expect("fields").clone());
        match problem(&CocoOptions::new(write(folder.path(), &document))) {
            ProblemKind::Annotation { annotation, fault } => {
                assert_eq!(annotation, "31");
                assert!(fault.contains(expected), "{fault}");
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn what_is_not_coco_is_refused_at_its_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("annotations.json");
    for (text, line) in [("", 0), ("{\n\"images\": [],\n", 3), ("{\"images\": 5}", 1), ("[[[[[[", 1)] {
        fs::write(&file, text).expect("it can be written");
        match Coco::open(&CocoOptions::new(&file)) {
            Err(DataError::Problems(problems)) => {
                assert_eq!(problems.0[0].line.unwrap_or_default().max(1), line.max(1), "{problems}");
                assert!(problems.to_string().contains("not a COCO annotation file"), "{problems}");
            }
            other => panic!("{text:?} gave {other:?}"),
        }
    }
    let missing = Coco::open(&CocoOptions::new(folder.path().join("nowhere.json")));
    assert!(matches!(missing, Err(DataError::Unreadable { .. })));
}

#[test]
fn two_images_of_one_id_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut document = small();
    document["images"] = json!([{"id": 7, "file_name": "a.png"}, {"id": 7, "file_name": "b.png"}]);
    let problem = problem(&CocoOptions::new(write(folder.path(), &document)));
    assert!(problem.to_string().contains("two images have the id 7"), "{problem}");
}

#[test]
fn an_annotation_that_cannot_be_of_its_picture_is_named_with_the_likely_cause() {
    let far = json!({"segmentation": [[-1e300, -1e300, 1e300, -1e300, 1e300, 1e300, -1e300, 1e300]]});
    let cases = [
        (json!({"segmentation": [[0.1, 0.1, 0.9, 0.2, 0.5, 0.9]]}), "multiply them by its width and height"),
        (json!({"bbox": [0.25, 0.25, 0.5, 0.5]}), "multiply them by its width and height"),
        (
            json!({"segmentation": [[80, 40, 240, 48, 160, 96]]}),
            "outside the picture of 32×16 pixels, at x from 80",
        ),
        (json!({"segmentation": [[8, 8, 200, 8, 200, 90]]}), "far beyond the picture of 32×16 pixels"),
        (json!({"segmentation": [[-30, -20, -4, -20, -4, -2]]}), "outside the picture"),
        (far, "at x from -1e300 to 1e300"),
        (json!({"segmentation": [[5.6, 5.6, 5.9, 5.6, 5.9, 5.9]]}), "no pixel's centre"),
        (json!({"bbox": [3, 3, 0, 5]}), "no pixel's centre"),
        (json!({"segmentation": {"size": [16, 32], "counts": [512]}}), "no pixel's centre"),
        (json!({"bbox": [10, 4, 30, 14]}), "lies within it as two corners: write 10, 4, 20, 10"),
        (json!({"bbox": [1, 2, 3]}), "its box has 3 numbers"),
    ];
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (fields, expected) in cases {
        let mut document = small();
        document["images"][0]
            .as_object_mut()
            .expect("one")
            .extend(json_object(json!({"width": 32, "height": 16})));
        let annotation = document["annotations"][0].as_object_mut().expect("it has one");
        annotation.remove("bbox");
        annotation.extend(json_object(fields.clone()));
        match problem(&CocoOptions::new(write(folder.path(), &document))) {
            ProblemKind::Annotation { annotation, fault } => {
                assert_eq!(annotation, "31");
                assert!(fault.contains(expected), "{fault}");
                assert!(fault.len() < 300, "{fault}");
            }
            other => panic!("{other}"),
        }
        // Where the file does not give the picture's size, it is found out when the picture is read.
        let image = document["images"][0].as_object_mut().expect("one");
        image.remove("width");
        let Ok(coco) = Coco::open(&CocoOptions::new(write(folder.path(), &document))) else {
            assert!(fields.get("bbox").is_some() || fields["segmentation"].is_object(), "{fields}");
            continue;
        };
        if expected.contains("two corners") {
            continue;
        }
        let error = coco.masks(0, 32, 16).expect_err("it draws nothing").to_string();
        assert!(error.contains("annotation 31 of `a.png`") && error.contains(expected), "{error}");
    }
}

#[test]
fn what_reaches_a_little_beyond_the_edge_is_cut_off() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut document = small();
    document["annotations"][0]["bbox"] = json!([-1, 1, 6, 3]);
    let coco = Coco::open(&CocoOptions::new(write(folder.path(), &document))).expect("it is sound");
    let expected = Mask::from_fn(4, 3, |_, y| y >= 1).expect("it is small");
    assert_eq!(coco.masks(0, 4, 3).expect("it is sound")["ruler"], expected);
    assert_eq!(coco.masks(5, 4, 3).expect("there is no such picture"), BTreeMap::new());
}

#[test]
fn ids_and_sizes_may_be_written_in_other_ways() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plain = Coco::open(&CocoOptions::new(write(folder.path(), &small()))).expect("it is sound");
    let mut document = small();
    document["images"] = json!([{"id": "7", "file_name": "a.png", "width": 4.0, "height": 3.0}]);
    document["categories"] = json!([{"id": 1.0, "name": "ruler"}]);
    document["annotations"][0]["image_id"] = json!(7.0);
    document["annotations"][0]["category_id"] = json!("1");
    document["annotations"][0]["id"] = json!("x-31");
    let other = Coco::open(&CocoOptions::new(write(folder.path(), &document))).expect("it is sound");
    assert_eq!(other.masks(0, 4, 3).expect("sound"), plain.masks(0, 4, 3).expect("sound"));
    document["annotations"][0]["bbox"] = json!([]);
    document["annotations"][0]["segmentation"] = json!([[0, 0, 1, 0, 1, 1, 0, 1]]);
    let file = write(folder.path(), &document);
    let text = fs::read_to_string(&file).expect("it is there");
    fs::write(&file, format!("\u{feff}{text}")).expect("it can be written");
    let other = Coco::open(&CocoOptions::new(&file)).expect("it is sound");
    assert_eq!(other.masks(0, 4, 3).expect("sound"), plain.masks(0, 4, 3).expect("sound"));
    document["annotations"][0]["bbox"] = json!([9, 9, 9, 9]);
    document["annotations"][0]["segmentation"] = json!([]);
    let text = problem(&CocoOptions::new(write(folder.path(), &document))).to_string();
    assert!(text.starts_with("annotation x-31: it lies outside"), "{text}");
    for (field, value) in
        [("width", json!(4.5)), ("width", json!(-4)), ("id", json!(7.5)), ("id", json!([7]))]
    {
        let mut document = small();
        document["images"][0][field] = value;
        let text = problem(&CocoOptions::new(write(folder.path(), &document))).to_string();
        assert!(text.contains("is not a COCO annotation file"), "{text}");
    }
}

#[test]
fn hostile_sizes_and_depths_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut document = small();
    let max = u32::MAX;
    document["images"] = json!([{"id": 7, "file_name": "a.png"}]);
    document["annotations"][0]["segmentation"] = json!({"size": [max, max], "counts": [max, max, max]});
    let text = problem(&CocoOptions::new(write(folder.path(), &document))).to_string();
    assert!(text.contains("run lengths add up to"), "{text}");
    let corners = vec![1.5; 2 * 100_001];
    document["annotations"][0]["segmentation"] = json!([corners]);
    let text = problem(&CocoOptions::new(write(folder.path(), &document))).to_string();
    assert!(text.contains("has 100001 corners, where at most 100000"), "{text}");
    document["annotations"][0]["segmentation"] = json!({"size": [max, 1], "counts": [0, max]});
    let text = problem(&CocoOptions::new(write(folder.path(), &document))).to_string();
    assert!(text.contains("for 1×4294967295 pixels, where at most 200000000 are allowed"), "{text}");
    document["annotations"][0]["segmentation"] = json!([[0.1, 0, 0.4, 1.5e8, 0.4, 0]]);
    document["images"] = json!([{"id": 7, "file_name": "a.png", "width": 1, "height": 150_000_000}]);
    let text = problem(&CocoOptions::new(write(folder.path(), &document))).to_string();
    assert!(text.contains("3 corners in 150000000 rows, which takes too long to fill"), "{text}");
    document["images"] = json!([{"id": 7, "file_name": "a.png", "width": 1, "height": max}]);
    let text = problem(&CocoOptions::new(write(folder.path(), &document))).to_string();
    assert!(text.contains("the image 7 is 1×4294967295 pixels, where at most 200000000"), "{text}");
    let file = folder.path().join("annotations.json");
    fs::write(&file, format!("{{\"images\": {}", "[".repeat(1_000_000))).expect("it can be written");
    let deep = problem(&CocoOptions::new(&file)).to_string();
    assert!(deep.contains("not a COCO annotation file"), "{deep}");
}

#[test]
fn a_changed_byte_gives_masks_or_an_error() {
    let disk = tempfile::tempdir().expect("a temporary folder");
    let file = disk.path().join("annotations.json");
    let whole = fs::read(folder().join("annotations.json")).expect("a fixture");
    let mut sound = 0;
    let places = (0..whole.len()).filter(|&place| !whole[place].is_ascii_whitespace()).step_by(9);
    for (place, value) in places.flat_map(|place| [b'9', b'e'].map(|value| (place, value))) {
        let mut bytes = whole.clone();
        bytes[place] = value;
        fs::write(&file, bytes).expect("it can be written");
        if let Ok(coco) = Coco::open(&CocoOptions::new(&file)) {
            sound += 1;
            for image in 0..coco.file_names().len() {
                drop(coco.masks(image, 61, 47));
            }
        }
    }
    assert!(sound > 100, "only {sound} could be opened");
}

fn json_object(value: Value) -> serde_json::Map<String, Value> {
    value.as_object().expect("an object").clone()
}

/// One picture of 4×3 pixels with one annotation.
fn small() -> Value {
    json!({
        "images": [{"id": 7, "file_name": "a.png", "width": 4, "height": 3}],
        "annotations": [{"id": 31, "image_id": 7, "category_id": 1, "bbox": [0, 0, 1, 1]}],
        "categories": [{"id": 1, "name": "ruler"}],
    })
}

fn write(folder: &Path, document: &Value) -> PathBuf {
    let file = folder.join("annotations.json");
    fs::write(&file, document.to_string()).expect("it can be written");
    file
}

/// The only problem with this file.
fn problem(options: &CocoOptions) -> ProblemKind {
    match Coco::open(options) {
        Err(DataError::Problems(problems)) if problems.0.len() == 1 => problems.0[0].kind.clone(),
        other => panic!("one problem was expected, not {other:?}"),
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/coco")
}

/// An annotator who outlines rulers may have outlined no lesion at all.
#[test]
fn a_lesion_that_is_not_drawn_is_not_taken_for_absent() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let picture = image::RgbImage::from_fn(160, 120, |x, y| {
        image::Rgb([180 + (x % 7) as u8, 130 + (y % 5) as u8, 110])
    });
    let images: Vec<Value> = (0..3)
        .map(|index| {
            let name = format!("{index}.png");
            picture.save(folder.path().join(&name)).expect("room");
            json!({"id": index, "file_name": name, "width": 160, "height": 120})
        })
        .collect();
    fs::write(
        folder.path().join("manifest.csv"),
        "image,label,lesion\n0.png,benign,\n1.png,benign,0\n2.png,benign,1\n",
    )
    .expect("room");
    // The third picture has an outlined lesion, and the second is said to have none.
    let annotations = json!([
        {"id": 1, "image_id": 2, "category_id": 2, "bbox": [100, 60, 40, 40]},
        {"id": 2, "image_id": 2, "category_id": 1, "bbox": [5, 5, 90, 12]},
    ]);
    let categories = json!([{"id": 1, "name": "ruler"}, {"id": 2, "name": "lesion"}]);
    let document = json!({"images": images, "annotations": annotations, "categories": categories});
    let file = write(folder.path(), &document);
    let data = ManifestOptions {
        coco: Some(CocoOptions::new(file)),
        flags: BTreeMap::from([("lesion".to_owned(), "lesion".to_owned())]),
        ..ManifestOptions::new(folder.path().join("manifest.csv"))
    };
    let data = data.open().expect("it is sound");
    let options = EditOptions { insert: Some(Source::Drawn), ..EditOptions::default() };
    let editor = Editor::new(&data, &options, "ruler", "lesion", 1).expect("a ruler can be drawn");
    let covered = |index: usize, change: Change| {
        let sample = data.sample(index).expect("it can be read");
        let edited = editor.scene(&data, index, &sample).edit(change, 0).expect("an edit");
        edited.expect("it is possible").lesion
    };
    assert!(data.is_silent(0, "lesion") && !data.is_silent(1, "lesion") && !data.is_silent(2, "lesion"));
    assert_eq!((data.flag(0, "ruler"), data.flag(2, "ruler")), (Some(false), Some(true)));
    assert_eq!(covered(0, Change::Insert), None);
    assert_eq!((covered(1, Change::Insert), covered(2, Change::Remove)), (Some(0.0), Some(0.0)));
    // Where lesions are estimated, so is this one; what is said to show none is left alone.
    let estimated = EstimatedLesions::new(Box::new(data), "lesion");
    assert!(estimated.sample(1).expect("it can be read").estimated.is_empty());
    assert!(estimated.is_silent(0, "lesion"));
}
