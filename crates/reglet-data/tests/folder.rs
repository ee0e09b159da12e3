//! Data sets that are folders of class folders.

mod support;

use std::collections::BTreeMap;
use std::fs;

use reglet_data::coco::CocoOptions;
use reglet_data::{Dataset, FolderOptions, ManifestOptions, PictureFiles, ProblemKind};
use support::{Disk, problems};

/// Two classes, three pictures, and a ruler's mask for one of them.
fn sound() -> (Disk, FolderOptions) {
    let disk = Disk::new();
    disk.picture("set/benign/2.png", 2);
    disk.picture("set/benign/10.PNG", 10);
    disk.picture("set/melanoma/1.bmp", 1);
    disk.text("set/benign/notes.txt", "left aside");
    disk.text("set/benign/._2.png", "left aside too");
    disk.text("set/README.md", "left aside as well");
    disk.mask("rulers/melanoma/1.png", (6, 4), 2, 255);
    let masks = BTreeMap::from([("ruler".to_owned(), disk.path("rulers"))]);
    let options = FolderOptions { masks, ..FolderOptions::new(disk.path("set")) };
    (disk, options)
}

#[test]
fn samples_come_in_the_order_of_classes_and_names() {
    let (_disk, options) = sound();
    let data = options.open().expect("it is sound");
    assert_eq!(data.name(), "set");
    assert_eq!(data.classes(), ["benign", "melanoma"]);
    assert_eq!(data.regions(), ["ruler"]);
    let ids: Vec<_> = (0..data.len()).map(|index| data.id(index)).collect();
    assert_eq!(ids, ["benign/10.PNG", "benign/2.png", "melanoma/1.bmp"]);
    assert_eq!([0, 1, 2].map(|index| data.label(index)), [0, 0, 1]);
    let ruler = |index| data.sample(index).expect("it is sound").shows("ruler");
    assert_eq!([0, 1, 2].map(ruler), [None, None, Some(true)]);
}

#[test]
fn two_masks_of_one_picture_are_refused() {
    let (disk, options) = sound();
    disk.mask("rulers/melanoma/1.JPG", (6, 4), 3, 255);
    let found = problems(options.open());
    assert_eq!((found.len(), &found[0].file), (1, &disk.path("rulers/melanoma")));
    assert_eq!(found[0].kind.to_string(), "`1.JPG` and `1.png` are both the mask of `1`: remove one");
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_missed() {
    let (disk, options) = sound();
    std::os::unix::fs::symlink("nowhere.png", disk.path("set/benign/3.png")).expect("it can be made");
    let data = options.open().expect("it is noticed when it is read");
    assert_eq!((data.len(), data.id(2)), (4, "benign/3.png"));
    let error = data.sample(2).expect_err("it is missing").to_string();
    assert!(error.contains("there is no picture") && error.contains("benign/3.png"), "{error}");
}

#[test]
fn the_caller_chooses_and_orders_the_classes() {
    let (_disk, options) = sound();
    let only = FolderOptions { classes: Some(vec!["melanoma".into()]), ..options.clone() };
    assert_eq!(only.open().expect("it is sound").len(), 1);
    let turned = FolderOptions { classes: Some(vec!["melanoma".into(), "benign".into()]), ..options };
    let turned = turned.open().expect("it is sound");
    assert_eq!((turned.id(0), turned.label(0)), ("melanoma/1.bmp", 0));
}

#[test]
fn it_is_the_same_data_set_as_a_manifest_of_it() {
    let (disk, options) = sound();
    let manifest = disk.text(
        "set/manifest.csv",
        "image,label,ruler_mask\nbenign/10.PNG,benign,\nbenign/2.png,benign,\n\
         melanoma/1.bmp,melanoma,../rulers/melanoma/1.png\n",
    );
    let listed = ManifestOptions::new(manifest).open().expect("it is sound");
    let data = options.open().expect("it is sound");
    for index in 0..data.len() {
        assert_eq!(data.sample(index).expect("sound"), listed.sample(index).expect("sound"));
    }
    assert_eq!(data.fingerprint().expect("sound"), listed.fingerprint().expect("sound"));
}

#[test]
fn annotations_are_joined_by_file_name() {
    let (disk, options) = sound();
    let file = disk.text(
        "tapes.json",
        r#"{"images": [{"id": 1, "file_name": "2.png"}],
            "annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 3, 4]}],
            "categories": [{"id": 1, "name": "tape"}]}"#,
    );
    let data = FolderOptions { coco: Some(CocoOptions::new(file)), ..options }.open().expect("it is sound");
    assert_eq!(data.regions(), ["ruler", "tape"]);
    assert_eq!(data.sample(1).expect("it is sound").regions["tape"].area(), 12);
}

#[test]
fn every_mistake_is_named() {
    let (disk, options) = sound();
    fs::create_dir(disk.path("set/empty")).expect("it can be made");
    fs::create_dir(disk.path("no-masks")).expect("it can be made");
    let options = FolderOptions {
        classes: Some(["benign", "benign", "empty", "nowhere"].map(String::from).to_vec()),
        masks: BTreeMap::from([
            ("ruler".to_owned(), disk.path("nowhere")),
            ("lesion".to_owned(), disk.path("no-masks")),
        ]),
        ..options
    };
    let found = problems(options.open());
    let has = |file: &str, kind: ProblemKind| {
        found.iter().any(|problem| problem.file == disk.path(file) && problem.kind == kind)
    };
    assert!(has("set", ProblemKind::DuplicateClass { class: "benign".into() }), "{found:?}");
    assert!(has("set/empty", ProblemKind::NoSamples), "{found:?}");
    assert!(has("set/nowhere", ProblemKind::NoFolder), "{found:?}");
    assert!(has("nowhere", ProblemKind::NoFolder), "{found:?}");
    assert!(
        has(
            "no-masks",
            ProblemKind::NoMaskMatches { region: "lesion".into(), named: "<class>/<picture>.png".into() }
        ),
        "{found:?}"
    );
    assert_eq!(found.len(), 5, "{found:?}");
}

#[test]
fn a_folder_without_classes_is_refused() {
    let disk = Disk::new();
    fs::create_dir(disk.path("set")).expect("it can be made");
    assert_eq!(problems(FolderOptions::new(disk.path("set")).open())[0].kind, ProblemKind::NoSamples);
    let missing = FolderOptions::new(disk.path("nowhere")).open().expect_err("it is not there");
    assert!(missing.to_string().contains("nowhere"), "{missing}");
}

#[test]
fn options_are_read_from_toml() {
    let text = "folder = \"lesions\"\nmasks = { ruler = \"rulers\" }\n";
    let options: FolderOptions = toml::from_str(text).expect("they are sound");
    let moved = options.relative_to("data".as_ref());
    assert_eq!(moved.folder, std::path::Path::new("data/lesions"));
    assert_eq!(moved.masks["ruler"], std::path::Path::new("data/rulers"));
    toml::from_str::<FolderOptions>("folder = \"a\"\nmask = 1").expect_err("it is misspelt");
}

#[test]
fn pictures_without_classes_are_a_data_set_too() {
    let disk = Disk::new();
    fs::create_dir(disk.path("set")).expect("it can be made");
    assert_eq!(problems(PictureFiles::in_folder(&disk.path("set")))[0].kind, ProblemKind::NoSamples);
    PictureFiles::in_folder(&disk.path("nowhere")).expect_err("it is not there");
    disk.picture("set/b.png", 2);
    disk.picture("set/a.jpg.png", 1);
    disk.picture("set/.hidden.png", 3);
    disk.picture("set/melanoma/c.png", 4);
    disk.text("set/notes.txt", "left aside");
    let data = PictureFiles::in_folder(&disk.path("set")).expect("two pictures");
    assert_eq!((data.len(), data.id(0), data.id(1), data.name()), (2, "a.jpg.png", "b.png", "set"));
    assert_eq!((data.classes(), data.label(1)), (["unknown".to_owned()].as_slice(), 0));
    let sample = data.sample(1).expect("a picture");
    assert_eq!((sample.picture.get_pixel(0, 0).0, sample.shows("ruler")), ([2; 3], None));
    assert!(data.sample(2).is_err() && !data.fingerprint().expect("its files can be read").is_empty());
}
