//! Data sets listed in a CSV file: what they give, and that every mistake is named at its line.

mod support;

use std::collections::BTreeMap;
use std::fs;

use image::{DynamicImage, GrayImage, Luma};
use reglet_data::coco::CocoOptions;
use reglet_data::{DataError, Dataset, ManifestOptions, Mask, ProblemKind, Sample};
use sha2::{Digest, Sha256};
use support::{Disk, problems};

/// Three pictures, lesion masks for two of them, and what is known of their rulers.
fn sound() -> (Disk, ManifestOptions) {
    let disk = Disk::new();
    disk.picture("images/a.png", 10);
    disk.picture("images/b.png", 20);
    disk.picture("images/c.png", 30);
    disk.mask("masks/a.png", (6, 4), 2, 255);
    disk.mask("masks/b.png", (6, 4), 0, 255);
    let manifest = disk.text(
        "manifest.csv",
        "image,label,lesion_mask,ruler\n\
         images/a.png,melanoma,masks/a.png,1\n\
         images/b.png,benign,masks/b.png,0\n\
         images/c.png, benign ,,\n",
    );
    let flags = BTreeMap::from([("ruler".to_owned(), "ruler".to_owned())]);
    (disk, ManifestOptions { flags, ..ManifestOptions::new(manifest) })
}

fn left_columns(columns: u32) -> Mask {
    Mask::from_fn(6, 4, |x, _| x < columns).expect("it is small")
}

#[test]
fn samples_come_in_the_order_of_the_lines() {
    let (_disk, options) = sound();
    let data = ManifestOptions { name: Some("three".into()), ..options }.open().expect("it is sound");
    assert_eq!(data.name(), "three");
    assert_eq!(data.classes(), ["benign", "melanoma"]);
    assert_eq!(data.regions(), ["lesion", "ruler"]);
    assert_eq!(data.len(), 3);
    assert_eq!([0, 1, 2].map(|index| data.label(index)), [1, 0, 0]);
    assert_eq!(data.id(2), "images/c.png");
    let grey = |index| data.sample(index).expect("it is sound").picture.get_pixel(5, 3).0[0];
    assert_eq!([0, 1, 2].map(grey), [10, 20, 30]);
    assert!(matches!(data.sample(3), Err(DataError::Index { index: 3, len: 3, .. })));
}

#[test]
fn a_picture_alone_is_read_without_its_masks() {
    let (disk, options) = sound();
    let data = options.open().expect("it is sound");
    let sample = data.sample(0).expect("it is sound");
    disk.text("masks/a.png", "no picture any more");
    assert_eq!(data.picture(0).expect("the picture is sound"), sample.picture);
    assert!(matches!(data.sample(0), Err(DataError::Picture(_))));
    assert!(matches!(data.picture(3), Err(DataError::Index { index: 3, len: 3, .. })));
}

#[test]
fn a_mask_is_the_same_in_grey_and_in_colour() {
    let (disk, options) = sound();
    let data = options.open().expect("it is sound");
    let path = disk.text("masks/a.png", "");
    let grey = GrayImage::from_fn(6, 4, |x, y| Luma([(40 * x + 11 * y) as u8]));
    let read = |picture: DynamicImage| {
        picture.save(&path).expect("there is room");
        data.sample(0).expect("it is sound").regions["lesion"].clone()
    };
    let wanted = Mask::from_gray(&grey).expect("it is small");
    let grey = DynamicImage::ImageLuma8(grey);
    assert_eq!(read(DynamicImage::ImageRgb8(grey.to_rgb8())), wanted);
    assert_eq!(read(DynamicImage::ImageLumaA8(grey.to_luma_alpha8())), wanted);
    assert_eq!(read(grey), wanted);
}

#[test]
fn colours_of_a_mask_count_by_their_brightness_in_pillow() {
    let (disk, options) = sound();
    let data = options.open().expect("it is sound");
    // Pillow's `convert("L")` makes 127, 128, 128, 105, 226 and 128 of these.
    let colours: [[u8; 3]; 6] =
        [[0, 200, 84], [0, 200, 92], [200, 116, 0], [255, 0, 255], [255, 255, 0], [128; 3]];
    let mask = image::RgbImage::from_fn(6, 4, |x, _| image::Rgb(colours[x as usize]));
    mask.save(disk.path("masks/a.png")).expect("there is room");
    let mask = &data.sample(0).expect("it is sound").regions["lesion"];
    assert_eq!([0, 1, 2, 3, 4, 5].map(|x| mask.get(x, 0)), [false, true, true, false, true, true]);
}

#[test]
fn unknown_and_absent_are_different_things() {
    let (_disk, options) = sound();
    let data = options.open().expect("it is sound");
    let known = |index: usize| -> (Sample, Option<bool>) {
        (data.sample(index).expect("it is sound"), data.flag(index, "ruler"))
    };
    let (a, ruler_in_a) = known(0);
    assert_eq!(a.regions, BTreeMap::from([("lesion".to_owned(), left_columns(2))]));
    // It is there, but nobody has said where.
    assert_eq!((a.shows("ruler"), ruler_in_a), (None, Some(true)));
    let (b, ruler_in_b) = known(1);
    assert_eq!((b.shows("lesion"), b.shows("ruler"), ruler_in_b), (Some(false), Some(false), Some(false)));
    let (c, ruler_in_c) = known(2);
    assert_eq!((c.regions, ruler_in_c), (BTreeMap::new(), None));
}

#[test]
fn the_caller_orders_the_classes_and_names_the_columns() {
    let (disk, options) = sound();
    let manifest =
        disk.text("other.csv", "\u{feff}file,outline,diagnosis\nimages/a.png,masks/a.png,melanoma\n");
    let options = ManifestOptions {
        manifest,
        image: "file".into(),
        label: "diagnosis".into(),
        classes: Some(vec!["melanoma".into(), "benign".into()]),
        masks: Some(BTreeMap::from([("lesion".to_owned(), "outline".to_owned())])),
        flags: BTreeMap::new(),
        ..options
    };
    let data = options.open().expect("it is sound");
    assert_eq!((data.classes()[0].as_str(), data.label(0)), ("melanoma", 0));
    assert_eq!(data.sample(0).expect("it is sound").regions["lesion"], left_columns(2));
}

#[test]
fn annotations_are_joined_by_file_name() {
    let (disk, options) = sound();
    let file = disk.text(
        "rulers.json",
        r#"{"images": [{"id": 1, "file_name": "c.png"}, {"id": 2, "file_name": "images/b.png", "width": 6, "height": 4},
                       {"id": 3, "file_name": "elsewhere/a.png"}],
            "annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 3, 4]}],
            "categories": [{"id": 1, "name": "ruler"}]}"#,
    );
    let options = ManifestOptions { coco: Some(CocoOptions::new(file)), flags: BTreeMap::new(), ..options };
    let data = options.open().expect("it is sound");
    assert_eq!(data.regions(), ["lesion", "ruler"]);
    let ruler = |index| data.sample(index).expect("it is sound").regions.remove("ruler");
    assert_eq!(ruler(0), None, "nobody has looked for a ruler in a picture that is not listed");
    assert_eq!(ruler(1), Some(left_columns(0)), "it is listed and has no annotation");
    assert_eq!(ruler(2), Some(left_columns(3)));
    assert_eq!([0, 1, 2].map(|index| data.flag(index, "ruler")), [None, Some(false), Some(true)]);
}

#[test]
fn every_mistake_is_named_at_its_line() {
    let disk = Disk::new();
    disk.picture("a.png", 1);
    disk.picture("b.png", 2);
    let manifest = disk.text(
        "manifest.csv",
        "image,label,lesion_mask,ruler\n\
         a.png,benign,,0\n\
         nowhere.png,benign,,1\n\
         a.png,melanoma,,0\n\
         b.png,wart,no-mask.png,maybe\n\
         b.png\n\
         ,benign,,\n\
         b.png,,,\n",
    );
    let options = ManifestOptions {
        classes: Some(vec!["benign".into(), "melanoma".into()]),
        flags: BTreeMap::from([("ruler".to_owned(), "ruler".to_owned())]),
        ..ManifestOptions::new(&manifest)
    };
    let problems = problems(options.open());
    let found: Vec<_> = problems.iter().map(|problem| (problem.line.unwrap_or(0), &problem.kind)).collect();
    assert!(found.iter().any(|found| matches!(found, (3, ProblemKind::NoFile { .. }))), "{found:?}");
    assert!(found.contains(&(4, &ProblemKind::DuplicateId { id: "a.png".into(), first: "line 2".into() })));
    assert!(
        found
            .iter()
            .any(|found| matches!(found, (5, ProblemKind::UnknownLabel { label, .. }) if label == "wart"))
    );
    assert!(found.iter().any(|found| matches!(found, (5, ProblemKind::NoFile { .. }))), "{found:?}");
    assert!(found.contains(&(5, &ProblemKind::NotAFlag { column: "ruler".into(), value: "maybe".into() })));
    assert!(found.iter().any(|found| matches!(found, (6, ProblemKind::Malformed(_)))), "{found:?}");
    assert!(found.contains(&(7, &ProblemKind::EmptyCell { column: "image".into() })));
    assert!(found.contains(&(8, &ProblemKind::EmptyCell { column: "label".into() })));
    assert!(found.iter().any(|found| matches!(found, (8, ProblemKind::DuplicateId { .. }))), "{found:?}");
    assert_eq!(found.len(), 9, "{found:?}");
    assert!(found.is_sorted_by_key(|found| found.0));
    let text = problems[0].to_string();
    assert!(text.contains("manifest.csv`, line 3: there is no file `"), "{text}");
}

#[test]
fn a_picture_is_listed_once_however_its_path_is_spelt() {
    let (disk, _) = sound();
    let pictures =
        ["images/a.png", "./images/a.png", "images/../images/./a.png", "images//a.png", "images/b.png"];
    let absolute = disk.path("images/b.png").display().to_string();
    let lines = pictures.iter().copied().chain([absolute.as_str()]).map(|picture| format!("{picture},x\n"));
    let manifest = disk.text("manifest.csv", &format!("image,label\n{}", lines.collect::<String>()));
    let found = problems(ManifestOptions::new(manifest).open());
    let twice: Vec<_> = found.iter().map(|problem| (problem.line.unwrap_or(0), &problem.kind)).collect();
    let of = |id: &str, first: &str| ProblemKind::DuplicateId { id: id.into(), first: first.into() };
    assert_eq!(
        twice,
        [
            (3, &of(pictures[1], "line 2")),
            (4, &of(pictures[2], "line 2")),
            (5, &of(pictures[3], "line 2")),
            (7, &of(&absolute, "line 6")),
        ]
    );
}

#[test]
fn columns_that_are_not_there_are_named_together_with_those_that_are() {
    let (disk, _) = sound();
    let manifest = disk.text("manifest.csv", "picture,label,label\n");
    let options = ManifestOptions {
        masks: Some(BTreeMap::from([("lesion".to_owned(), "outline".to_owned())])),
        ..ManifestOptions::new(manifest)
    };
    let kinds: Vec<_> = problems(options.open()).into_iter().map(|problem| problem.kind).collect();
    assert!(kinds.contains(&ProblemKind::DuplicateColumn { column: "label".into() }));
    for column in ["image", "outline"] {
        let columns = ["picture", "label", "label"].map(String::from).to_vec();
        assert!(kinds.contains(&ProblemKind::NoColumn { column: column.into(), columns }), "{kinds:?}");
    }
}

#[test]
fn a_table_without_pictures_is_refused() {
    let disk = Disk::new();
    for text in ["image,label\n", "image,label"] {
        let options = ManifestOptions::new(disk.text("manifest.csv", text));
        assert_eq!(problems(options.open())[0].kind, ProblemKind::NoSamples);
    }
    let empty = problems(ManifestOptions::new(disk.text("manifest.csv", "")).open());
    assert!(matches!(empty[0].kind, ProblemKind::NoColumn { .. }), "{empty:?}");
    let binary = disk.path("binary.csv");
    fs::write(&binary, b"image,label\n\xff\xfe,x\n").expect("it can be written");
    let binary = problems(ManifestOptions::new(binary).open());
    assert!(binary[0].to_string().contains("is not UTF-8 text"), "{binary:?}");
    let missing = ManifestOptions::new(disk.path("nowhere.csv")).open();
    assert!(matches!(missing, Err(DataError::Unreadable { .. })));
}

#[test]
fn flags_and_masks_must_agree() {
    let (disk, options) = sound();
    let flags = BTreeMap::from([("lesion".to_owned(), "lesion".to_owned())]);
    let options = ManifestOptions { flags, ..options };
    disk.text(
        "manifest.csv",
        "image,label,lesion_mask,lesion\nimages/a.png,m,masks/a.png,0\nimages/b.png,m,masks/b.png,1\n",
    );
    let data = options.open().expect("masks are read later");
    let complaints = [0, 1].map(|index| data.sample(index).expect_err("they disagree").to_string());
    assert!(
        complaints[0].contains("not showing `lesion`, but its mask of it is not empty"),
        "{}",
        complaints[0]
    );
    assert!(complaints[1].contains("showing `lesion`, but its mask of it is empty"), "{}", complaints[1]);
}

#[test]
fn flags_and_annotations_must_agree() {
    let (disk, options) = sound();
    let file = disk.text(
        "rulers.json",
        r#"{"images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}],
            "annotations": [{"image_id": 2, "category_id": 1, "bbox": [0, 0, 3, 4]}],
            "categories": [{"id": 1, "name": "ruler"}]}"#,
    );
    let found = problems(ManifestOptions { coco: Some(CocoOptions::new(file)), ..options }.open());
    assert_eq!(found.iter().map(|problem| problem.line).collect::<Vec<_>>(), [Some(2), Some(3)]);
    assert!(
        found[0].to_string().contains("flagged as showing `ruler`, but has no annotation"),
        "{}",
        found[0]
    );
    assert!(
        found[1].to_string().contains("flagged as not showing `ruler`, but has an annotation"),
        "{}",
        found[1]
    );
}

#[test]
fn annotations_of_other_pictures_are_refused() {
    let (disk, options) = sound();
    let annotate = |names: [&str; 2], category: &str| {
        let file = disk.text(
            "annotations.json",
            &format!(
                r#"{{"images": [{{"id": 1, "file_name": "{}"}}, {{"id": 2, "file_name": "{}"}}],
                    "annotations": [], "categories": [{{"id": 1, "name": "{category}"}}]}}"#,
                names[0], names[1]
            ),
        );
        let options =
            ManifestOptions { coco: Some(CocoOptions::new(file)), flags: BTreeMap::new(), ..options.clone() };
        let found = problems(options.open());
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].kind.clone()
    };
    let (named, wanted) = ("x.png".to_owned(), "images/a.png".to_owned());
    assert_eq!(annotate(["x.png", "other/a.png"], "ruler"), ProblemKind::NoCommonPicture { named, wanted });
    let (id, first) = ("images/a.png".to_owned(), "image 0".to_owned());
    assert_eq!(annotate(["a.png", "images/a.png"], "ruler"), ProblemKind::DuplicateId { id, first });
    let region = "lesion".to_owned();
    assert_eq!(annotate(["a.png", "b.png"], "lesion"), ProblemKind::TwoSources { region });
}

#[test]
fn a_file_name_that_fits_several_pictures_is_refused() {
    let disk = Disk::new();
    disk.picture("left/a.png", 1);
    disk.picture("right/a.png", 2);
    let manifest = disk.text("manifest.csv", "image,label\nleft/a.png,x\nright/a.png,x\n");
    let file = disk.text(
        "annotations.json",
        r#"{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [], "categories": []}"#,
    );
    let options = ManifestOptions { coco: Some(CocoOptions::new(file)), ..ManifestOptions::new(manifest) };
    let found = problems(options.open());
    let text = found[0].to_string();
    assert!(text.contains("`a.png` could be `left/a.png`, `right/a.png`: give more of the path"), "{text}");
}

#[test]
fn masks_that_do_not_fit_or_are_nearly_black_are_refused() {
    let (disk, options) = sound();
    disk.mask("masks/a.png", (5, 4), 2, 255);
    disk.mask("masks/b.png", (6, 4), 2, 1);
    let data = options.open().expect("masks are read later");
    let size = data.sample(0).expect_err("the mask is too narrow").to_string();
    assert!(
        size.contains("`lesion`") && size.contains("is 5×4 pixels, but the picture `images/a.png` is 6×4"),
        "{size}"
    );
    let faint = data.sample(1).expect_err("no value reaches one half");
    assert!(matches!(faint, DataError::FaintMask { brightest: 1, .. }), "{faint}");
}

#[test]
fn the_annotations_size_must_be_the_pictures() {
    let (disk, options) = sound();
    let file = disk.text(
        "rulers.json",
        r#"{"images": [{"id": 1, "file_name": "c.png", "width": 7, "height": 4}], "annotations": [],
            "categories": [{"id": 1, "name": "ruler"}]}"#,
    );
    let data = ManifestOptions { coco: Some(CocoOptions::new(file)), ..options }.open().expect("it is sound");
    let complaint = data.sample(2).expect_err("the sizes differ").to_string();
    assert!(complaint.contains("is 7×4 pixels, but the picture `images/c.png` is 6×4"), "{complaint}");
}

#[test]
fn a_picture_that_breaks_after_opening_is_an_error() {
    let (disk, options) = sound();
    let data = options.open().expect("it is sound");
    disk.text("images/a.png", "no longer a picture");
    assert!(matches!(data.sample(0), Err(DataError::Picture(_))));
    data.sample(1).expect("the others are as before");
}

#[test]
fn a_sample_has_the_hash_of_the_bytes_it_was_decoded_from() {
    let (disk, options) = sound();
    let data = options.open().expect("it is sound");
    let hash = |name: &str| format!("{:x}", Sha256::digest(fs::read(disk.path(name)).expect("it is there")));
    let (before, fingerprint) = (data.sample(0).expect("sound"), data.fingerprint().expect("sound"));
    assert_eq!(before.sha256, hash("images/a.png"));
    assert_eq!(before.mask_sha256, BTreeMap::from([("lesion".to_owned(), hash("masks/a.png"))]));
    assert_eq!(data.sample(2).expect("sound").mask_sha256, BTreeMap::new());

    // Replaced while the data set is open.
    disk.picture("images/a.png", 11);
    disk.mask("masks/a.png", (6, 4), 3, 255);
    let after = data.sample(0).expect("sound");
    assert_eq!(after.sha256, hash("images/a.png"));
    assert!(after.sha256 != before.sha256 && after.mask_sha256 != before.mask_sha256);
    disk.picture("images/a.png", 10);
    disk.mask("masks/a.png", (6, 4), 2, 255);
    assert_eq!(data.sample(0).expect("sound"), before);
    assert_eq!(data.fingerprint().expect("sound"), fingerprint);
}

#[test]
fn the_fingerprint_covers_everything_that_is_read() {
    let (disk, options) = sound();
    let fingerprint = |options: &ManifestOptions| -> String {
        options.open().expect("it is sound").fingerprint().expect("the files are there")
    };
    let first = fingerprint(&options);
    assert_eq!(first.len(), 64);
    assert!(first.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(fingerprint(&options), first);
    assert_eq!(fingerprint(&ManifestOptions { name: Some("other".into()), ..options.clone() }), first);

    let mut all = vec![first];
    let mut changed = |options: &ManifestOptions| {
        let new = fingerprint(options);
        assert!(!all.contains(&new));
        all.push(new);
    };
    disk.picture("images/c.png", 31);
    changed(&options);
    disk.mask("masks/a.png", (6, 4), 3, 255);
    changed(&options);
    let text = fs::read_to_string(&options.manifest).expect("it is there");
    fs::write(&options.manifest, text.replace("masks/b.png,0", "masks/b.png,")).expect("it can be written");
    changed(&options);
    changed(&ManifestOptions { classes: Some(vec!["melanoma".into(), "benign".into()]), ..options.clone() });
    let file = disk.text(
        "rulers.json",
        r#"{"images": [{"id": 1, "file_name": "c.png"}], "annotations": [],
            "categories": [{"id": 1, "name": "tape"}, {"id": 2, "name": "hair"}]}"#,
    );
    changed(&ManifestOptions { coco: Some(CocoOptions::new(&file)), ..options.clone() });
    for [tape, hair] in [["a", "b"], ["b", "a"]] {
        let regions = [("tape".to_owned(), tape.to_owned()), ("hair".to_owned(), hair.to_owned())];
        let coco = CocoOptions { regions: Some(regions.into()), ..CocoOptions::new(&file) };
        changed(&ManifestOptions { coco: Some(coco), ..options.clone() });
    }

    fs::remove_file(disk.path("images/c.png")).expect("it is there");
    let gone = options.open().expect_err("a picture is gone");
    assert!(gone.to_string().contains("images/c.png"), "{gone}");
}

#[test]
fn options_are_read_from_toml_and_unknown_keys_refused() {
    let text = r#"
        manifest = "manifest.csv"
        classes = ["benign", "melanoma"]
        flags = { ruler = "ruler" }
        coco = { file = "rulers.coco.json", regions = { "scale bar" = "ruler" } }
    "#;
    let options: ManifestOptions = toml::from_str(text).expect("they are sound");
    assert_eq!((options.image.as_str(), options.label.as_str()), ("image", "label"));
    let moved = options.clone().relative_to("data".as_ref());
    assert_eq!(moved.manifest, std::path::Path::new("data/manifest.csv"));
    assert_eq!(moved.coco.expect("it has one").file, std::path::Path::new("data/rulers.coco.json"));
    let written = toml::to_string(&options).expect("they can be written");
    assert_eq!(toml::from_str::<ManifestOptions>(&written).expect("they can be read back"), options);
    let error = toml::from_str::<ManifestOptions>("manifest = \"a\"\nlables = 3").expect_err("misspelt");
    assert!(error.to_string().contains("lables"), "{error}");
}
