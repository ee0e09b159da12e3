//! Data sets whose files lie behind web addresses: the same samples as on a disk, and what is said where a server fails.
#![cfg(feature = "stores")]

#[path = "support/web.rs"]
mod web;

use std::fs;
use std::path::Path;

use reglet_data::coco::CocoOptions;
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{
    AHEAD, AddressFault, DataError, Dataset, Ham10000Options, ImageFolderOptions, IsicOptions,
    ManifestOptions, Sample, in_turn,
};
use tempfile::TempDir;
use web::{Answer, Web};

/// A manifest of so many pictures with masks, in a folder.
fn folder(count: usize) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let phantoms =
        Phantoms::new(PhantomOptions { count, seed: 5, ..PhantomOptions::default() }).expect("valid");
    let mut manifest = "image,label,lesion_mask\n".to_owned();
    for index in 0..count {
        let Sample { id, picture, label, regions, .. } = phantoms.sample(index).expect("it can be drawn");
        picture.save(folder.path().join(format!("{id}.png"))).expect("room");
        regions["lesion"].to_gray().save(folder.path().join(format!("{id}-lesion.png"))).expect("room");
        manifest += &format!("{id}.png,{},./{id}-lesion.png\n", phantoms.classes()[label]);
    }
    fs::write(folder.path().join("manifest.csv"), manifest).expect("room");
    folder
}

fn content(_: &str, content: Vec<u8>) -> Answer {
    Answer::Content(content)
}

fn refused<T>(opened: Result<T, DataError>) -> String {
    opened.err().expect("it must be refused").to_string()
}

#[test]
fn pictures_on_the_web_are_those_on_a_disk() {
    let folder = folder(3);
    let coco = r#"{"images": [{"id": 1, "file_name": "phantom-00000.png"}], "categories": [{"id": 1, "name": "ruler"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [3, 3, 20, 10]}]}"#;
    fs::write(folder.path().join("rulers.json"), coco).expect("room");
    let web = Web::folder(folder.path(), content);
    let open = |base: &str, annotations: &str| {
        let coco = Some(CocoOptions::new(annotations));
        let options = ManifestOptions { coco, ..ManifestOptions::new("manifest.csv") };
        options.relative_to(Path::new(base)).open().expect("of use")
    };
    let here = open(&folder.path().display().to_string(), "rulers.json");
    let there = open(&web.address, "rulers.json");
    assert_eq!(there.regions(), ["lesion", "ruler"]);
    assert_eq!(there.len(), 3);
    for index in 0..3 {
        assert_eq!(here.sample(index).expect("sound"), there.sample(index).expect("sound"));
        assert_eq!(here.id(index), there.id(index));
    }
    assert_eq!(here.fingerprint().expect("sound"), there.fingerprint().expect("sound"));
    assert_eq!(here.fingerprint_of(1..2).expect("sound"), there.fingerprint_of(1..2).expect("sound"));

    // A manifest on this machine may name pictures elsewhere.
    let table = format!("image,label\n{0}/phantom-00001.png,benign\n{0}/gone.png,benign\n", web.address);
    fs::write(folder.path().join("elsewhere.csv"), table).expect("room");
    let data = ManifestOptions::new(folder.path().join("elsewhere.csv")).open().expect("of use");
    assert_eq!(data.sample(0).expect("sound").picture, here.sample(1).expect("sound").picture);
    // One that is not there is found out when it is read, and is of no other picture's concern.
    let error = data.sample(1).expect_err("it is not there");
    assert!(error.is_of_one_picture() && error.is_lasting(), "{error}");
    assert!(
        error.to_string().contains(&format!("there is no picture `{}/gone.png`", web.address)),
        "{error}"
    );
    let with_gap = data.fingerprint().expect("the gap counts as one");
    assert_ne!(with_gap, data.fingerprint_of(0..1).expect("sound"));
    assert_eq!(with_gap, data.fingerprint().expect("the same gap"));
}

#[test]
fn what_is_no_use_is_said_in_one_sentence() {
    let folder = folder(1);
    let table = "image,label\nhttps://me:hunter2@host/a.png,benign\nhttps://host/b.png?sig=hunter2,benign\n\
                 ftp://host/c.png,benign\nhttp://elsewhere.example/d.png,benign\n";
    fs::write(folder.path().join("secret.csv"), table).expect("room");
    let said = refused(ManifestOptions::new(folder.path().join("secret.csv")).open());
    assert!(!said.contains("hunter2"), "{said}");
    for line in ["line 2", "line 3", "`ftp://`", "line 5: `http://elsewhere.example/d.png` is not encrypted"]
    {
        assert!(said.contains(line), "{line}: {said}");
    }
    let error = ManifestOptions::new("https://me:hunter2@host/m.csv").open().expect_err("a secret");
    assert!(matches!(error, DataError::Address(AddressFault::Secret { .. })), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");

    let said = refused(ImageFolderOptions::new("https://host/lesions").open());
    assert!(
        said.contains("`https://host/lesions` is a web address, whose contents cannot be listed"),
        "{said}"
    );
    let said = refused(IsicOptions::new("s3://bucket/isic").open());
    assert!(said.contains("an ISIC challenge can be read from folders only"), "{said}");
    let said = refused(Ham10000Options::new("gs://bucket/ham").open());
    assert!(said.contains("HAM10000 can be read from folders only"), "{said}");

    let web = Web::serve([]);
    let said = refused(ManifestOptions::new(format!("{}/manifest.csv", web.address)).open());
    assert!(said.contains("manifest.csv` cannot be read (the store has no such object)"), "{said}");
}

#[test]
fn pictures_are_read_ahead_and_no_more_than_so_many() {
    let count = AHEAD + 8;
    let folder = folder(count);
    // A picture is only given out once this many are asked for at the same time: one by one it would take ten seconds for each.
    let wanted = AHEAD;
    let web = Web::folder(folder.path(), |name, content| match name.ends_with(".csv") {
        true => Answer::Content(content),
        false => Answer::Together(wanted, content),
    });
    let data = ManifestOptions::new(format!("{}/manifest.csv", web.address)).open().expect("of use");
    let all: Vec<usize> = (0..count).collect();
    for (index, sample) in in_turn(&data, &all) {
        assert_eq!(sample.expect("sound").id, data.id(index));
    }
    let asked = web.asked();
    // With a mask each, twice as many files as pictures.
    assert!((wanted..=2 * AHEAD).contains(&asked.most), "{}", asked.most);
    assert_eq!(asked.paths.len(), 1 + 2 * count);
    assert!(asked.paths.values().all(|times| *times == 1), "each is read once: {:?}", asked.paths);

    // What is expected and not asked for holds nothing up, and is forgotten.
    data.read_ahead(&all, false);
    data.read_ahead(&[3], true);
    assert_eq!(data.sample(20).expect("sound").id, data.id(20));
}
