//! Tables and folders as people have them.

mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use reglet_data::coco::CocoOptions;
use reglet_data::{
    DataError, Dataset, FolderOptions, ImageFolderOptions, IsicOptions, ManifestOptions, PictureFiles,
    ProblemKind, Split, pictures_in,
};
use support::{Disk, problems};

fn ids(data: &PictureFiles) -> Vec<&str> {
    (0..data.len()).map(|index| data.id(index)).collect()
}

fn two_pictures() -> Disk {
    let disk = Disk::new();
    disk.picture("a.png", 1);
    disk.picture("b.png", 2);
    disk
}

fn ruler_flags() -> BTreeMap<String, String> {
    BTreeMap::from([("ruler".to_owned(), "ruler".to_owned())])
}

#[test]
fn lines_are_counted_however_they_end() {
    let disk = two_pictures();
    let lines =
        ["image,label,note", "a.png,x,\"two", "lines\"", "nowhere.png,x,", "", "b.png", "b.png,,", ""];
    for end in ["\n", "\r\n", "\r"] {
        let manifest = disk.text("manifest.csv", &lines.join(end));
        let found = problems(ManifestOptions::new(manifest).open());
        let at: Vec<_> = found.iter().map(|problem| problem.line).collect();
        assert_eq!(at, [Some(4), Some(6), Some(7)], "{end:?}: {found:?}");
        assert!(matches!(found[0].kind, ProblemKind::NoFile { .. }), "{found:?}");
        assert!(matches!(found[1].kind, ProblemKind::Malformed(_)), "{found:?}");
        assert!(matches!(found[2].kind, ProblemKind::EmptyCell { .. }), "{found:?}");
    }
}

#[test]
fn the_first_line_tells_the_separator() {
    let disk = two_pictures();
    for (separator, called) in [(",", "commas"), (";", "semicolons"), ("\t", "tabs")] {
        let text =
            "\u{feff}image|label|\"size, in mm; about\"|site\r\na.png|x|4|back\r\nb.png|x|5|\"a,b;c\"\r\n";
        let manifest = disk.text("manifest.csv", &text.replace('|', separator));
        let data = ManifestOptions::new(&manifest).open().expect("it is sound");
        assert_eq!(ids(&data), ["a.png", "b.png"]);
        assert_eq!(data.cell(0, "size, in mm; about"), Some("4"));
        assert_eq!(data.cell(1, "site"), Some("a,b;c"));
        disk.text("manifest.csv", &text.replace("a.png|x|4|back", "a.png|x").replace('|', separator));
        let found = problems(ManifestOptions::new(manifest).open())[0].to_string();
        let said = format!("there are 2 cells, separated by {called} as in the first line, which has 4");
        assert!(found.contains("line 2") && found.contains(&said), "{found}");
    }
}

#[test]
fn flags_are_read_as_programs_write_them() {
    let disk = Disk::new();
    let written = [
        ("1", Some(true)),
        ("1.0", Some(true)),
        ("True", Some(true)),
        ("TRUE", Some(true)),
        ("yes", Some(true)),
        ("y", Some(true)),
        ("0", Some(false)),
        ("0.0", Some(false)),
        ("False", Some(false)),
        ("no", Some(false)),
        ("", None),
        ("NaN", None),
        ("NA", None),
    ];
    let mut text = "image,label,ruler\n".to_owned();
    for (index, (flag, _)) in written.iter().enumerate() {
        disk.picture(&format!("{index}.png"), 9);
        text += &format!("{index}.png,x,{flag}\n");
    }
    let manifest = disk.text("manifest.csv", &text);
    let options = ManifestOptions { flags: ruler_flags(), ..ManifestOptions::new(manifest) };
    let data = options.open().expect("it is sound");
    let read: Vec<_> = (0..data.len()).map(|index| data.flag(index, "ruler")).collect();
    assert_eq!(read, written.map(|(_, flag)| flag));
    for nonsense in ["2", "0.5", "perhaps", "-1", "inf"] {
        disk.text("manifest.csv", &format!("image,label,ruler\n0.png,x,{nonsense}\n"));
        let found = problems(options.open());
        assert!(
            matches!(&found[0].kind, ProblemKind::NotAFlag { value, .. } if value == nonsense),
            "{found:?}"
        );
    }
}

#[test]
fn what_is_not_known_is_no_group() {
    let disk = two_pictures();
    let manifest = disk.text("manifest.csv", "image,label,patient\na.png,x,NaN\nb.png,x,NA\n");
    let options = ManifestOptions { group: Some("patient".into()), ..ManifestOptions::new(&manifest) };
    let data = options.open().expect("it is sound");
    assert_eq!([data.group(0), data.group(1)], [None, None]);
    let data = ManifestOptions::new(manifest).open().expect("it is sound");
    assert_eq!(data.cell(0, "patient"), None);
}

#[test]
fn ids_may_lack_the_extension() {
    let disk = two_pictures();
    disk.picture("sub/ISIC_1.JPG", 3);
    disk.mask("masks/a.png", (6, 4), 2, 255);
    let manifest =
        disk.text("manifest.csv", "isic_id,label,lesion_mask\na,x,masks/a\nb.png,x,\nsub/ISIC_1,x,\n");
    let file = disk.text(
        "rulers.json",
        r#"{"images": [{"id": 1, "file_name": "ISIC_1.JPG"}], "annotations": [],
            "categories": [{"id": 1, "name": "ruler"}]}"#,
    );
    let options = ManifestOptions { coco: Some(CocoOptions::new(file)), ..ManifestOptions::new(manifest) };
    let data = options.open().expect("it is sound");
    assert_eq!(ids(&data), ["a.png", "b.png", "sub/ISIC_1.JPG"]);
    assert_eq!(data.sample(0).expect("sound").shows("lesion"), Some(true));
    assert_eq!(data.flag(2, "ruler"), Some(false));

    disk.picture("a.jpg", 4);
    let found = problems(options.open())[0].to_string();
    assert!(found.contains("the picture `a` could be `a.png`, `a.jpg`: name one of them"), "{found}");
    disk.text("manifest.csv", "isic_id,label\nnone,x\n");
    assert!(matches!(problems(options.open())[0].kind, ProblemKind::NoFile { .. }));
}

#[test]
fn what_the_archive_s_own_program_downloads_is_read_as_it_comes() {
    let disk = Disk::new();
    for id in ["ISIC_0000000", "ISIC_0000001"] {
        disk.picture(&format!("isic/{id}.jpg"), 30);
    }
    let rows = "ISIC_0000000,CC-0,55,male,IL_1,Benign\nISIC_0000001,CC-0,,female,,Malignant\n";
    disk.text(
        "isic/metadata.csv",
        &format!("isic_id,copyright_license,age_approx,sex,lesion_id,diagnosis_1\n{rows}"),
    );
    let data = IsicOptions::new(disk.path("isic")).open().expect("it is sound");
    assert_eq!(
        (ids(&data), data.classes().join(" ")),
        (vec!["ISIC_0000000.jpg", "ISIC_0000001.jpg"], "Benign Malignant".into())
    );
    assert_eq!([data.group(0), data.group(1)], [Some("IL_1"), None]);
    assert_eq!(data.cell(0, "age_approx"), Some("55"));
    // The same as a manifest, and as an imagefolder.
    let label = || "diagnosis_1".to_owned();
    let manifest = ManifestOptions { label: label(), ..ManifestOptions::new(disk.path("isic/metadata.csv")) };
    let folder = ImageFolderOptions { label: label(), ..ImageFolderOptions::new(disk.path("isic")) };
    for other in [manifest.open(), folder.open()] {
        assert_eq!(ids(&other.expect("it is sound")), ids(&data));
    }
}

#[test]
fn tables_beside_that_of_a_challenge_are_joined() {
    let disk = Disk::new();
    disk.picture("isic/ISIC_2019_Training_Input/ISIC_1.jpg", 50);
    disk.picture("isic/ISIC_2019_Training_Input/ISIC_2.jpg", 50);
    disk.text("isic/ISIC_2019_Training_GroundTruth.csv", "image,MEL,NV\nISIC_1.jpeg,1,0\nISIC_2,0,1\n");
    disk.text(
        "isic/ISIC_2019_Training_Metadata.csv",
        "image,age_approx,anatom_site_general,lesion_id,sex\nISIC_2.JPG,55.0,torso,BCN_7,male\nISIC_9,1,,,\n",
    );
    disk.text("isic/ISIC_2019_Test_Metadata.csv", "image,age_approx\nISIC_1,99\n");
    let data = IsicOptions::new(disk.path("isic")).open().expect("it is sound");
    assert_eq!(data.columns(), ["age_approx", "anatom_site_general", "sex"]);
    assert_eq!([data.group(0), data.group(1)], [None, Some("BCN_7")]);
    assert_eq!([data.cell(0, "age_approx"), data.cell(1, "age_approx")], [None, Some("55.0")]);
    disk.text("isic/ISIC_2019_Training_Metadata.csv", "image,age_approx\nISIC_1\n");
    let found = problems(IsicOptions::new(disk.path("isic")).open())[0].to_string();
    assert!(found.contains("ISIC_2019_Training_Metadata.csv`, line 2: there are 1 cells"), "{found}");
    let test = IsicOptions { split: Split::Test, ..IsicOptions::new(disk.path("isic")) };
    assert!(matches!(problems(test.open())[0].kind, ProblemKind::NotFound { .. }));
}

#[test]
fn one_table_above_the_splits_lists_them_all() {
    let disk = Disk::new();
    disk.picture("set/train/a.png", 10);
    disk.picture("set/train/sub/b.png", 20);
    disk.picture("set/test/a.png", 30);
    disk.text(
        "set/metadata.csv",
        "file_name,label\ntrain/a.png,x\n./train/sub/b.png,y\ntest/a.png,x\ntest/gone.png,x\n",
    );
    let of = |split: &str| ImageFolderOptions {
        split: Some(split.into()),
        ..ImageFolderOptions::new(disk.path("set"))
    };
    let data = of("train").open().expect("it is sound");
    assert_eq!(ids(&data), ["train/a.png", "./train/sub/b.png"]);
    assert_eq!((data.name(), data.classes().len()), ("set", 2));
    assert_eq!(problems(of("test").open())[0].line, Some(5));
    disk.text("set/train/metadata.jsonl", "\u{feff}{\"file_name\": \"a.png\", \"label\": \"z\"}\r\n\r\n");
    assert_eq!(ids(&of("train").open().expect("it is sound")), ["a.png"], "the nearest counts");
}

#[test]
fn folders_hold_more_than_pictures() {
    let disk = Disk::new();
    for name in ["1.png", "2.jfif.png", "._1.png", ".hidden.jpg", "__MACOSX/._1.png"] {
        disk.picture(&format!("set/x/{name}"), 7);
    }
    for name in ["a.jpe", "b.JFIF", "c.jif"] {
        fs::copy(fixture("colour.jpg"), disk.path("set/x").join(name)).expect("it can be copied");
    }
    for name in ["Thumbs.db", ".DS_Store", "desktop.ini"] {
        disk.text(&format!("set/x/{name}"), "no picture");
        disk.text(&format!("set/{name}"), "no picture");
    }
    disk.picture("set/__MACOSX/x/._1.png", 7);
    fs::create_dir(disk.path("set/x/folder.png")).expect("it can be made");
    let expected = ["1.png", "2.jfif.png", "a.jpe", "b.JFIF", "c.jif"];
    let found = pictures_in(&disk.path("set/x")).expect("it is there");
    assert_eq!(found, expected.map(|name| disk.path("set/x").join(name)));
    let expected = expected.map(|name| format!("x/{name}"));
    let folder = FolderOptions::new(disk.path("set")).open().expect("it is sound");
    assert_eq!(ids(&folder), expected);
    let folder = ImageFolderOptions::new(disk.path("set")).open().expect("it is sound");
    assert_eq!(ids(&folder), expected);
    assert_eq!(folder.sample(3).expect("it is a JPEG").picture.dimensions(), (70, 53));
    pictures_in(&disk.path("nowhere")).expect_err("it is not there");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_before_it_is_opened() {
    let disk = two_pictures();
    let pipe = disk.path("pipe.png");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("it is there").success());
    let is_pipe = |opened: Result<PictureFiles, DataError>| {
        let text = opened.expect_err("it is no file").to_string();
        assert!(text.contains("is a pipe, not a file"), "{text}");
    };
    is_pipe(ManifestOptions::new(&pipe).open());
    let manifest = disk.text("manifest.csv", "image,label\na.png,x\n");
    let coco = Some(CocoOptions::new(&pipe));
    is_pipe(ManifestOptions { coco, ..ManifestOptions::new(&manifest) }.open());
    let zero = ManifestOptions::new("/dev/zero").open().expect_err("it never ends").to_string();
    assert!(zero.contains("is a device"), "{zero}");
    let folder = ManifestOptions::new(disk.path("")).open().expect_err("it is a folder").to_string();
    assert!(folder.contains("is a folder"), "{folder}");

    disk.text("manifest.csv", "image,label,ruler_mask\npipe.png,x,\na.png,x,pipe.png\n/dev/zero,x,\n");
    fs::create_dir(disk.path("folder.png")).expect("it can be made");
    let found = problems(ManifestOptions::new(&manifest).open());
    let at: Vec<_> = found.iter().map(|problem| problem.line).collect();
    assert_eq!(at, [Some(2), Some(3), Some(4)]);
    assert!(found.iter().all(|problem| matches!(problem.kind, ProblemKind::NotAFile { .. })), "{found:?}");

    // A file that becomes a pipe after the data set has been opened.
    disk.text("manifest.csv", "image,label\na.png,x\n");
    let data = ManifestOptions::new(&manifest).open().expect("it is sound");
    fs::rename(&pipe, disk.path("a.png")).expect("it can be renamed");
    assert!(data.sample(0).expect_err("it is no file").to_string().contains("is a pipe"));
    assert!(data.fingerprint().expect_err("it is no file").to_string().contains("is a pipe"));
}

#[test]
fn tables_and_annotations_have_a_largest_size() {
    let disk = two_pictures();
    for name in ["manifest.csv", "manifest.jsonl", "rulers.json"] {
        let file = File::create(disk.path(name)).expect("it can be made");
        file.set_len(1 << 40).expect("it takes no room");
    }
    for name in ["manifest.csv", "manifest.jsonl"] {
        let error = ManifestOptions::new(disk.path(name)).open().expect_err("it is too long");
        assert!(matches!(error, DataError::TooLong { .. }), "{error}");
    }
    let manifest = disk.text("sound.csv", "image,label\na.png,x\n");
    let coco = Some(CocoOptions::new(disk.path("rulers.json")));
    let error =
        ManifestOptions { coco, ..ManifestOptions::new(manifest) }.open().expect_err("it is too long");
    assert!(error.to_string().contains("is larger than the limit of 1073741824 bytes"), "{error}");
}

#[test]
fn a_table_of_many_empty_cells_is_refused() {
    let disk = two_pictures();
    let text: String = (0..8_000).map(|line| format!("{{\"column {line}\": 1}}\n")).collect();
    let found = problems(ManifestOptions::new(disk.text("manifest.jsonl", &text)).open());
    let text = found.iter().find(|problem| problem.line.is_some()).expect("it is at a line").to_string();
    assert!(text.contains("there are more than 50000000 cells: split the table"), "{text}");

    let names: String = (0..8_000).map(|column| format!(",{column}")).collect();
    let text = format!("image,label{names}\n{}", format!("a.png,x{}\n", ",".repeat(8_000)).repeat(6_300));
    let found = problems(ManifestOptions::new(disk.text("manifest.csv", &text)).open());
    let text = found[0].to_string();
    assert!(text.contains("line 6250: there are more than 50000000 cells: split the table"), "{text}");
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pictures").join(name)
}
