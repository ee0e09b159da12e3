//! Published data sets as they come: the ISIC challenges, HAM10000 and Hugging Face's imagefolder; and labels that
//! are called something else as classes.

mod support;

use std::collections::BTreeMap;
use std::fs;

use reglet_data::coco::CocoOptions;
use reglet_data::{
    DataError, Dataset, FolderOptions, Ham10000Options, ImageFolderOptions, IsicOptions, ManifestOptions,
    PictureFiles, Problem, ProblemKind, Split,
};
use support::{Disk, problems};

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(from, to)| (from.to_string(), to.to_string())).collect()
}

fn list(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// Each picture's id, its class, and whether it shows a lesion.
fn summary(data: &PictureFiles) -> Vec<(&str, &str, Option<bool>)> {
    let of = |index| {
        let sample = data.sample(index).expect("it is sound");
        (data.id(index), data.classes()[data.label(index)].as_str(), sample.shows("lesion"))
    };
    (0..data.len()).map(of).collect()
}

/// What a problem says, without the folder, which differs from run to run.
fn said(disk: &Disk, problems: &[Problem]) -> Vec<String> {
    let folder = disk.path("").display().to_string();
    problems.iter().map(|problem| problem.to_string().replace(&folder, "")).collect()
}

/// The challenge of 2017 as its archives unpack, with what has to be left aside.
fn isic_2017() -> (Disk, IsicOptions) {
    let disk = Disk::new();
    for (id, grey) in [("ISIC_0000000", 10), ("ISIC_0000001", 20), ("ISIC_0000002", 30)] {
        disk.picture(&format!("isic/ISIC-2017_Training_Data/{id}.jpg"), grey);
        disk.picture(&format!("isic/ISIC-2017_Training_Data/{id}_superpixels.png"), grey);
        disk.mask(
            &format!("isic/ISIC-2017_Training_Part1_GroundTruth/{id}_segmentation.png"),
            (6, 4),
            2,
            255,
        );
    }
    fs::remove_file(disk.path("isic/ISIC-2017_Training_Part1_GroundTruth/ISIC_0000002_segmentation.png"))
        .expect("it is there");
    disk.picture("isic/ISIC-2017_Training_Data/ISIC_0000009.jpg", 90);
    disk.picture("isic/ISIC-2017_Test_v2_Data/ISIC_0000007.jpg", 70);
    disk.text(
        "isic/ISIC-2017_Training_Data/ISIC-2017_Training_Data_metadata.csv",
        "image_id,age_approximate,sex\n",
    );
    disk.text(
        "isic/ISIC-2017_Test_v2_Part3_GroundTruth.csv",
        "image_id,melanoma,seborrheic_keratosis\nISIC_0000007,0,1\n",
    );
    disk.text(
        "isic/ISIC-2017_Training_Part3_GroundTruth.csv",
        "image_id,melanoma,seborrheic_keratosis\n\
         ISIC_0000000,0.0,0.0\n\
         ISIC_0000001,1.0,0.0\n\
         ISIC_0000002,0.0,1.0\n",
    );
    let folder = disk.path("isic");
    (disk, IsicOptions::new(folder))
}

#[test]
fn isic_2017_has_three_diagnoses_in_two_columns() {
    let (_disk, options) = isic_2017();
    let data = options.clone().open().expect("it is sound");
    assert_eq!((data.name(), data.regions()), ("isic", list(&["lesion"]).as_slice()));
    assert_eq!(data.classes(), ["melanoma", "seborrheic_keratosis", "nevus"]);
    assert_eq!(
        summary(&data),
        [
            ("ISIC_0000000.jpg", "nevus", Some(true)),
            ("ISIC_0000001.jpg", "melanoma", Some(true)),
            ("ISIC_0000002.jpg", "seborrheic_keratosis", None),
        ]
    );
    let test = IsicOptions { split: Split::Test, ..options }.open().expect("it is sound");
    assert_eq!(summary(&test), [("ISIC_0000007.jpg", "seborrheic_keratosis", None)]);
    assert_eq!(test.regions(), list(&[]));
}

#[test]
fn melanoma_is_set_against_the_rest() {
    let (disk, options) = isic_2017();
    let rulers = disk.text(
        "rulers.json",
        r#"{"images": [{"id": 1, "file_name": "ISIC_0000001.jpg"}],
            "annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 3, 4]}],
            "categories": [{"id": 1, "name": "ruler"}]}"#,
    );
    let options = IsicOptions {
        classes: Some(list(&["benign", "melanoma"])),
        labels: Some(map(&[("melanoma", "melanoma"), ("*", "benign")])),
        coco: Some(CocoOptions::new(rulers)),
        ..options
    };
    let data = options.open().expect("it is sound");
    assert_eq!(data.classes(), ["benign", "melanoma"]);
    assert_eq!([0, 1, 2].map(|index| data.label(index)), [0, 1, 0]);
    assert_eq!([0, 1, 2].map(|index| data.flag(index, "ruler")), [None, Some(true), None]);
}

#[test]
fn isic_2016_has_no_line_of_columns() {
    let disk = Disk::new();
    for id in ["ISIC_0000000", "ISIC_0000001"] {
        disk.picture(&format!("isic/ISBI2016_ISIC_Part3_Training_Data/{id}.jpg"), 50);
        // The same pictures again, for the first task.
        disk.picture(&format!("isic/ISBI2016_ISIC_Part1_Training_Data/{id}.jpg"), 50);
    }
    disk.mask("isic/ISBI2016_ISIC_Part1_Training_GroundTruth/ISIC_0000001_Segmentation.png", (6, 4), 3, 255);
    let truth = "isic/ISBI2016_ISIC_Part3_Training_GroundTruth.csv";
    let expected = [("ISIC_0000000.jpg", "benign", None), ("ISIC_0000001.jpg", "malignant", Some(true))];
    for text in ["ISIC_0000000,benign\nISIC_0000001,malignant\n", "ISIC_0000000,0.0\nISIC_0000001,1.0\n"] {
        disk.text(truth, text);
        let data = IsicOptions::new(disk.path("isic")).open().expect("it is sound");
        assert_eq!(summary(&data), expected);
        assert_eq!(data.classes(), ["benign", "malignant"]);
    }
    disk.text(truth, "ISIC_0000000,benign\nISIC_0000000,malignant\nISIC_0000001,wart\n");
    assert_eq!(
        said(&disk, &problems(IsicOptions::new(disk.path("isic")).open())),
        [
            "`isic/ISBI2016_ISIC_Part3_Training_GroundTruth.csv`, line 2: the picture `ISIC_0000000.jpg` is \
             listed a second time, first in line 1: remove one",
            "`isic/ISBI2016_ISIC_Part3_Training_GroundTruth.csv`, line 3: the label `wart` is not one of the classes \
             `benign`, `malignant`",
        ]
    );
}

#[test]
fn isic_2018_and_2019_have_a_column_for_each_diagnosis() {
    let disk = Disk::new();
    disk.picture("2018/ISIC2018_Task3_Training_Input/ISIC_0024306.jpg", 50);
    disk.picture("2018/ISIC2018_Task1-2_Training_Input/ISIC_0000000.jpg", 50);
    disk.mask("2018/ISIC2018_Task1_Training_GroundTruth/ISIC_0024306_segmentation.png", (6, 4), 3, 255);
    disk.text(
        "2018/ISIC2018_Task3_Training_GroundTruth/ISIC2018_Task3_Training_GroundTruth.csv",
        "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC\nISIC_0024306,0.0,1.0,0.0,0.0,0.0,0.0,0.0\n",
    );
    let data = IsicOptions::new(disk.path("2018")).open().expect("it is sound");
    assert_eq!(data.classes(), ["MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC"]);
    assert_eq!(summary(&data), [("ISIC_0024306.jpg", "NV", Some(true))]);

    disk.picture("2019/ISIC_2019_Training_Input/ISIC_0000002_downsampled.jpg", 50);
    disk.text("2019/ISIC_2019_Training_Metadata.csv", "image,age_approx,anatom_site_general,lesion_id,sex\n");
    disk.text(
        "2019/ISIC_2019_Training_GroundTruth.csv",
        "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK,score_weight\nISIC_0000002_downsampled,1,0,0,0,0,0,0,0,0,0.5\n",
    );
    let data = IsicOptions::new(disk.path("2019")).open().expect("it is sound");
    assert_eq!(data.classes().len(), 9);
    assert_eq!(summary(&data), [("ISIC_0000002_downsampled.jpg", "MEL", None)]);
}

#[test]
fn isic_2020_writes_its_labels_out() {
    let disk = Disk::new();
    disk.picture("isic/train/ISIC_2637011.jpg", 50);
    disk.text(
        "isic/train.csv",
        "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,diagnosis,benign_malignant,target\n\
         ISIC_2637011,IP_7279968,male,45.0,head/neck,nevus,benign,0\n",
    );
    let options = IsicOptions::new(disk.path("isic"));
    let data = options.open().expect("it is sound");
    assert_eq!(summary(&data), [("ISIC_2637011.jpg", "benign", None)]);
    let other = IsicOptions { label: Some("diagnosis".into()), ..options.clone() }.open().expect("sound");
    assert_eq!(summary(&other), [("ISIC_2637011.jpg", "nevus", None)]);
    let none = IsicOptions { label: Some("dx".into()), ..options };
    assert!(said(&disk, &problems(none.open()))[0].contains("line 1: there is no column `dx`"));
}

#[test]
fn every_mistake_in_a_challenge_s_files_is_named() {
    let (disk, options) = isic_2017();
    disk.text(
        "isic/ISIC-2017_Training_Part3_GroundTruth.csv",
        "image_id,melanoma,seborrheic_keratosis\n\
         ISIC_0000000,1.0,1.0\n\
         ISIC_0000001,0.7,0.0\n\
         ISIC_0000003,0.0,0.0\n\
         ,0.0,0.0\n",
    );
    let truth = "`isic/ISIC-2017_Training_Part3_GroundTruth.csv`";
    assert_eq!(
        said(&disk, &problems(options.open())),
        [
            format!(
                "{truth}, line 2: the picture has several labels, `melanoma`, `seborrheic_keratosis`: keep one"
            ),
            format!(
                "{truth}, line 3: the column `melanoma` says `0.7`, which is neither 1 nor 0: give the ground truth"
            ),
            format!(
                "{truth}, line 4: there is no picture `ISIC_0000003` in `isic/ISIC-2017_Training_Data`: unpack it \
                 there, or remove the line"
            ),
            format!("{truth}, line 5: the column `image_id` is empty: fill it in"),
        ]
    );

    disk.text("isic/ISIC-2017_Training_Part3_GroundTruth.csv", "image_id,age\nISIC_0000000,30\n");
    let found = said(&disk, &problems(options.open()));
    assert!(found[0].contains("line 1: there is no column `benign_malignant`"), "{found:?}");

    disk.text("isic/ISIC-2017_Training_Part3_GroundTruth_v2.csv", "left aside, since its name is another");
    disk.text("isic/train.csv", "image_name,benign_malignant\n");
    assert_eq!(
        said(&disk, &problems(options.open())),
        [
            "`isic`: the table of diagnoses could be `ISIC-2017_Training_Part3_GroundTruth.csv`, `train.csv`: name one \
          with `truth`"
        ]
    );
    let named = IsicOptions { truth: Some("train.csv".into()), ..options.clone() };
    assert_eq!(problems(named.open())[0].kind, ProblemKind::NoSamples);
    let validation = IsicOptions { split: Split::Validation, ..options };
    assert_eq!(
        said(&disk, &problems(validation.open())),
        ["`isic`: there is no table of diagnoses in it: unpack it there, or name it with `truth`"]
    );
}

#[test]
fn a_picture_without_a_label_and_masks_of_others_are_mistakes() {
    let disk = Disk::new();
    disk.picture("isic/ISIC2018_Task3_Training_Input/ISIC_1.jpg", 50);
    disk.mask("isic/ISIC2018_Task1_Training_GroundTruth/ISIC_2_segmentation.png", (6, 4), 3, 255);
    disk.text("isic/ISIC2018_Task3_Training_GroundTruth.csv", "image,MEL,NV\nISIC_1,0,0\n");
    assert_eq!(
        said(&disk, &problems(IsicOptions::new(disk.path("isic")).open())),
        [
            "`isic/ISIC2018_Task1_Training_GroundTruth`: no mask in this folder of `lesion` belongs to a picture: a \
             mask is named <id>_segmentation.png",
            "`isic/ISIC2018_Task3_Training_GroundTruth.csv`, line 2: the picture has none of the labels `MEL`, \
             `NV`: set one of them to 1",
        ]
    );
}

/// HAM10000 as Kaggle and the Dataverse give it.
fn ham10000(metadata: &str, separator: &str) -> (Disk, Ham10000Options) {
    let disk = Disk::new();
    disk.picture("ham/HAM10000_images_part_1/ISIC_0024306.jpg", 10);
    disk.picture("ham/ham10000_images_part_1/ISIC_0024306.jpg", 10);
    disk.picture("ham/HAM10000_images_part_2/ISIC_0030000.jpg", 20);
    let masks = "ham/HAM10000_segmentations_lesion_tschandl/HAM10000_segmentations_lesion_tschandl";
    disk.mask(&format!("{masks}/ISIC_0030000_segmentation.png"), (6, 4), 2, 255);
    let table = "lesion_id,image_id,dx,dx_type,age,sex,localization\n\
                 HAM_0000550,ISIC_0024306,nv,follow_up,45.0,male,trunk\n\
                 HAM_0003577,ISIC_0030000,mel,histo,50.0,female,face\n";
    disk.text(&format!("ham/{metadata}"), &table.replace(',', separator));
    let folder = disk.path("ham");
    (disk, Ham10000Options::new(folder))
}

#[test]
fn ham10000_is_read_from_its_two_folders() {
    for (metadata, separator) in
        [("HAM10000_metadata.csv", ","), ("HAM10000_metadata", ","), ("HAM10000_metadata.tab", "\t")]
    {
        let (_disk, options) = ham10000(metadata, separator);
        let data = options.clone().open().expect("it is sound");
        assert_eq!(data.classes(), ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]);
        assert_eq!(
            summary(&data),
            [("ISIC_0024306.jpg", "nv", None), ("ISIC_0030000.jpg", "mel", Some(true))]
        );
        let labels = Some(map(&[("mel", "melanoma"), ("*", "benign")]));
        let two = Ham10000Options { labels, ..options }.open().expect("it is sound");
        assert_eq!(two.classes(), ["benign", "melanoma"]);
        assert_eq!([0, 1].map(|index| two.label(index)), [0, 1]);
    }
}

#[test]
fn every_mistake_in_ham10000_is_named() {
    let (disk, options) = ham10000("HAM10000_metadata.csv", ",");
    disk.text(
        "ham/HAM10000_metadata.csv",
        "lesion_id,image_id,dx\nHAM_1,ISIC_0024306,naevus\nHAM_2,ISIC_0030000,\nHAM_2,ISIC_0030000,mel\n",
    );
    let table = "`ham/HAM10000_metadata.csv`";
    assert_eq!(
        said(&disk, &problems(options.open())),
        [
            format!(
                "{table}, line 2: the label `naevus` is not one of the classes `akiec`, `bcc`, `bkl`, `df`, `mel`, \
                 `nv`, `vasc`"
            ),
            format!("{table}, line 3: the column `dx` is empty: fill it in"),
            format!(
                "{table}, line 4: the picture `ISIC_0030000.jpg` is listed a second time, first in line 3: remove one"
            ),
        ]
    );
    disk.text("ham/HAM10000_metadata.csv", "image,diagnosis\n");
    assert_eq!(problems(options.open()).len(), 2);
    disk.picture("ham/HAM10000_images_part_2/ISIC_0024306.jpg", 10);
    disk.text(
        "ham/HAM10000_metadata.csv",
        "lesion_id,image_id,dx\nHAM_1,ISIC_0024306,nv\nHAM_1,ISIC_0030000,nv\n",
    );
    let twice = said(&disk, &problems(options.open()));
    assert!(twice[0].contains("line 2: the picture `ISIC_0024306` could be"), "{twice:?}");
    fs::remove_file(disk.path("ham/HAM10000_metadata.csv")).expect("it is there");
    assert!(
        said(&disk, &problems(options.open()))[0]
            .starts_with("`ham`: there is no `HAM10000_metadata.csv` in it")
    );
}

#[test]
fn a_diagnosis_that_is_written_otherwise_is_not_one_of_the_others() {
    let (disk, options) = ham10000("HAM10000_metadata.csv", ",");
    disk.text("ham/HAM10000_metadata.csv", "image_id,dx\nISIC_0024306,nv\nISIC_0030000,MEL\n");
    let labels = Some(map(&[("mel", "melanoma"), ("*", "benign")]));
    assert_eq!(
        said(&disk, &problems(Ham10000Options { labels, ..options }.open())),
        [
            "`ham/HAM10000_metadata.csv`, line 3: the label `MEL` is not one of the classes `akiec`, `bcc`, `bkl`, `df`, \
             `mel`, `nv`, `vasc`"
        ]
    );
}

#[test]
fn an_imagefolder_is_listed_by_its_metadata() {
    let csv = "file_name,label,lesion_mask_file_name,ruler\na.png,0,masks/a.png,1\nsub/b.png,1,,0\n";
    let jsonl = "{\"file_name\": \"a.png\", \"label\": 0, \"lesion_mask_file_name\": \"masks/a.png\", \"ruler\": true}\n\
                 \n{\"ruler\": false, \"file_name\": \"sub/b.png\", \"label\": \"1\", \"lesion_mask_file_name\": null}\n";
    let mut fingerprints = Vec::new();
    for (name, text) in [("metadata.csv", csv), ("metadata.jsonl", jsonl)] {
        let disk = Disk::new();
        disk.picture("set/train/a.png", 10);
        disk.picture("set/train/sub/b.png", 20);
        disk.picture("set/test/c.png", 30);
        disk.mask("set/train/masks/a.png", (6, 4), 2, 255);
        disk.text(&format!("set/train/{name}"), text);
        let options = ImageFolderOptions {
            split: Some("training".into()),
            labels: Some(map(&[("0", "benign"), ("1", "melanoma")])),
            flags: map(&[("ruler", "ruler")]),
            ..ImageFolderOptions::new(disk.path("set"))
        };
        let data = options.open().expect("it is sound");
        assert_eq!((data.name(), data.regions()), ("set", list(&["lesion", "ruler"]).as_slice()));
        assert_eq!(summary(&data), [("a.png", "benign", Some(true)), ("sub/b.png", "melanoma", None)]);
        assert_eq!([0, 1].map(|index| data.flag(index, "ruler")), [Some(true), Some(false)]);
        fingerprints.push(data.fingerprint().expect("sound"));
    }
    assert_eq!(fingerprints[0], fingerprints[1]);
}

#[test]
fn an_imagefolder_without_metadata_has_class_folders() {
    let disk = Disk::new();
    disk.picture("set/train/benign/a.png", 10);
    disk.picture("set/train/melanoma/b.png", 20);
    disk.picture("set/val/benign/c.png", 20);
    let options = ImageFolderOptions::new(disk.path("set"));
    assert_eq!(
        said(&disk, &problems(options.open())),
        ["`set`: the split could be `train`, `val`: name one with `split`"]
    );
    let of = |split: &str| ImageFolderOptions { split: Some(split.into()), ..options.clone() };
    let data = of("train").open().expect("it is sound");
    assert_eq!(summary(&data), [("benign/a.png", "benign", None), ("melanoma/b.png", "melanoma", None)]);
    assert_eq!(of("validation").open().expect("it is sound").len(), 1);
    assert_eq!(
        said(&disk, &problems(of("test").open())),
        ["`set`: there is no folder of the split `test` in it: unpack it there, or name it with `split`"]
    );
    let flagged = ImageFolderOptions { flags: map(&[("ruler", "ruler")]), ..of("train") };
    assert!(
        said(&disk, &problems(flagged.open()))[0].contains("no `metadata.csv` or `metadata.jsonl`: add one")
    );
}

#[test]
fn a_split_is_the_folder_of_its_name_before_one_of_a_synonym() {
    let disk = Disk::new();
    disk.picture("set/eval/benign/a.png", 10);
    disk.picture("set/test/benign/b.png", 20);
    disk.picture("set/dev/benign/c.png", 30);
    disk.picture("set/val/benign/d.png", 40);
    let of = |split: &str| ImageFolderOptions {
        split: Some(split.into()),
        ..ImageFolderOptions::new(disk.path("set"))
    };
    for (split, id) in [("test", "benign/b.png"), ("eval", "benign/a.png"), ("val", "benign/d.png")] {
        assert_eq!(of(split).open().expect("it is sound").id(0), id, "{split}");
    }
    for (split, found) in [("validation", "`dev`, `val`"), ("testing", "`eval`, `test`")] {
        assert_eq!(
            said(&disk, &problems(of(split).open())),
            [format!("`set`: the folder of the split `{split}` could be {found}: name one with `split`")]
        );
    }
}

#[test]
fn every_mistake_in_an_imagefolder_is_named() {
    let disk = Disk::new();
    disk.picture("set/a.png", 10);
    disk.text(
        "set/metadata.jsonl",
        "{\"file_name\": \"a.png\", \"label\": \"benign\"}\n[1]\n{\"file_name\": \n\
         {\"file_name\": \"b.png\", \"label\": \"benign\"}\n{\"file_name\": \"a.png\"}\n",
    );
    let options = ImageFolderOptions::new(disk.path("set"));
    let found = said(&disk, &problems(options.open()));
    let expected = [
        "line 2: this is not a JSON object: write one, {…}, on each line",
        "line 3: this is not a JSON object (EOF while parsing a value",
        "line 4: there is no file",
        "line 5: the column `label` is empty",
        "line 5: the picture `a.png` is listed a second time",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with("`set/metadata.jsonl`, ") && found.contains(expected), "{found}");
    }
    disk.text("set/metadata.csv", "file_name,text\na.png,\"a mole\"\n");
    assert!(said(&disk, &problems(options.open()))[0].contains("both `metadata.csv` and `metadata.jsonl`"));
    fs::remove_file(disk.path("set/metadata.jsonl")).expect("it is there");
    assert!(said(&disk, &problems(options.open()))[0].contains("line 1: there is no column `label`"));
}

#[test]
fn labels_are_mapped_to_classes_and_a_misspelt_one_is_refused() {
    let disk = Disk::new();
    for (class, name) in [("nv", "a.png"), ("mel", "b.png"), ("bkl", "c.png")] {
        disk.picture(&format!("set/{class}/{name}"), 10);
    }
    let manifest = disk.text("set/manifest.csv", "image,label\nbkl/c.png,bkl\nmel/b.png,mel\nnv/a.png,nv\n");
    type Open<'a> = Box<dyn Fn(&[(&str, &str)], Option<&[&str]>) -> Result<PictureFiles, DataError> + 'a>;
    let folder = || FolderOptions::new(disk.path("set"));
    let opens: [Open; 2] = [
        Box::new(|labels, classes| {
            FolderOptions { labels: Some(map(labels)), classes: classes.map(list), ..folder() }.open()
        }),
        Box::new(|labels, classes| {
            let options = ManifestOptions::new(manifest.clone());
            ManifestOptions { labels: Some(map(labels)), classes: classes.map(list), ..options }.open()
        }),
    ];
    for open in opens {
        let data = open(&[("mel", "melanoma"), ("*", "benign")], None).expect("it is sound");
        assert_eq!(data.classes(), ["benign", "melanoma"]);
        assert_eq!([0, 1, 2].map(|index| data.label(index)), [0, 1, 0]);
        let turned = open(&[("mel", "melanoma"), ("*", "benign")], Some(&["melanoma", "benign"]));
        assert_eq!(turned.expect("it is sound").label(1), 0);

        let misspelt = problems(open(&[("mell", "melanoma"), ("*", "benign")], None));
        let text = misspelt[0].kind.to_string();
        assert_eq!(text, "`labels` names `mell`, which is not one of the labels `bkl`, `mel`, `nv`");
        let partial = problems(open(&[("mel", "melanoma"), ("nv", "benign")], None));
        assert_eq!(partial[0].kind, ProblemKind::UnmappedLabel { label: "bkl".into() });
        let outside =
            problems(open(&[("mel", "melanoma"), ("*", "benign")], Some(&["melanoma", "harmless"])));
        assert!(outside[0].kind.to_string().contains("`benign` is not one of the classes"), "{outside:?}");
    }
}

#[test]
fn what_stands_for_a_missing_label_is_no_class() {
    let labels = || Some(map(&[("mel", "melanoma"), ("*", "benign")]));
    for missing in ["NA", "nan", "null", "N/A"] {
        let (disk, ham) = ham10000("HAM10000_metadata.csv", ",");
        disk.text(
            "ham/HAM10000_metadata.csv",
            &format!("image_id,dx\nISIC_0024306,{missing}\nISIC_0030000,mel\n"),
        );
        disk.picture("2016/ISBI2016_ISIC_Part3_Training_Data/ISIC_0000000.jpg", 50);
        disk.text("2016/ISBI2016_ISIC_Part3_Training_GroundTruth.csv", &format!("ISIC_0000000,{missing}\n"));
        disk.picture("2020/train/ISIC_0000000.jpg", 50);
        disk.text("2020/train.csv", &format!("image_name,benign_malignant\nISIC_0000000,{missing}\n"));
        disk.picture("set/a.png", 50);
        let manifest = disk.text("set/manifest.csv", &format!("image,label\na.png,{missing}\n"));
        let others = || Some(map(&[("*", "benign")]));
        for opened in [
            Ham10000Options { labels: labels(), ..ham }.open(),
            IsicOptions { labels: others(), ..IsicOptions::new(disk.path("2016")) }.open(),
            IsicOptions { labels: others(), ..IsicOptions::new(disk.path("2020")) }.open(),
            ManifestOptions { labels: others(), ..ManifestOptions::new(&manifest) }.open(),
            ManifestOptions::new(&manifest).open(),
        ] {
            let found = said(&disk, &problems(opened));
            let says = format!("says `{missing}`, which stands for a missing value: fill it in");
            assert!(found.len() == 1 && found[0].contains(&says), "{found:?}");
        }
    }
    let disk = Disk::new();
    disk.picture("2016/ISBI2016_ISIC_Part3_Training_Data/ISIC_0000000.jpg", 50);
    disk.text("2016/ISBI2016_ISIC_Part3_Training_GroundTruth.csv", "ISIC_0000000,\n");
    let empty = IsicOptions { labels: Some(map(&[("*", "benign")])), ..IsicOptions::new(disk.path("2016")) };
    assert!(said(&disk, &problems(empty.open()))[0].contains("is empty: fill it in"));
}

#[test]
fn options_are_read_from_toml() {
    let isic: IsicOptions = toml::from_str(
        "folder = \"isic\"\nsplit = \"test\"\nlabels = { melanoma = \"melanoma\", \"*\" = \"benign\" }",
    )
    .expect("they are sound");
    assert_eq!((isic.split, isic.labels.map(|labels| labels.len())), (Split::Test, Some(2)));
    let ham: Ham10000Options = toml::from_str("folder = \"ham\"").expect("they are sound");
    assert_eq!(ham.relative_to("data".as_ref()).folder, std::path::Path::new("data/ham"));
    let set: ImageFolderOptions = toml::from_str("folder = \"set\"").expect("they are sound");
    assert_eq!((set.label.as_str(), set.split), ("label", None));
    toml::from_str::<IsicOptions>("folder = \"a\"\nimage = \"b\"").expect_err("it is misspelt");
}
