//! What tables say of pictures beside their classes and regions: groups, pairs and further columns.

mod support;

use std::collections::BTreeMap;

use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{
    DataError, Dataset, EstimatedLesions, FolderOptions, Ham10000Options, ImageFolderOptions, IsicOptions,
    ManifestOptions, PictureFiles, ProblemKind,
};
use support::{Disk, problems};

/// Three pictures, of which the first two show one lesion.
fn manifest(disk: &Disk) -> ManifestOptions {
    for name in ["a", "b", "c"] {
        disk.picture(&format!("{name}.png"), 50);
    }
    disk.mask("outline.png", (6, 4), 2, 255);
    let text = "image,label,ruler,nail_mask,lesion,patient,sex,age\n\
                a.png,nv,1,outline.png,L1,P1,female,45\nb.png,nv,0,,L1,P1,female,\nc.png,mel,0,,,P1,,60\n";
    let flags = BTreeMap::from([("ruler".to_owned(), "ruler".to_owned())]);
    ManifestOptions { flags, ..ManifestOptions::new(disk.text("manifest.csv", text)) }
}

fn groups(data: &dyn Dataset) -> Vec<Option<&str>> {
    (0..data.len()).map(|index| data.group(index)).collect()
}

fn pairs(data: &dyn Dataset) -> Vec<Option<&str>> {
    (0..data.len()).map(|index| data.pair(index)).collect()
}

fn cells<'a>(data: &'a dyn Dataset, column: &str) -> Vec<Option<&'a str>> {
    (0..data.len()).map(|index| data.cell(index, column)).collect()
}

#[test]
fn columns_that_no_option_names_are_kept() {
    let disk = Disk::new();
    let data = manifest(&disk).open().expect("it is sound");
    assert_eq!(data.columns(), ["lesion", "patient", "sex", "age"]);
    assert_eq!(cells(&data, "sex"), [Some("female"), Some("female"), None]);
    assert_eq!(cells(&data, "age"), [Some("45"), None, Some("60")]);
    assert_eq!(cells(&data, "ruler"), [None, None, None], "that is a flag");
    assert_eq!(cells(&data, "nail_mask"), [None, None, None], "those are masks");
    assert_eq!(groups(&data), [None, None, None]);
    assert_eq!(pairs(&data), [None, None, None]);
}

#[test]
fn a_column_says_which_pictures_are_one_group_or_one_pair() {
    let disk = Disk::new();
    let options = manifest(&disk);
    let both =
        ManifestOptions { group: Some("patient".into()), pair: Some("lesion".into()), ..options.clone() };
    let data = both.open().expect("it is sound");
    assert_eq!(data.columns(), ["sex", "age"]);
    assert_eq!(groups(&data), [Some("P1"), Some("P1"), Some("P1")]);
    assert_eq!(pairs(&data), [Some("L1"), Some("L1"), None]);

    let pair = ManifestOptions { pair: Some("lesion".into()), ..options.clone() };
    let data = pair.open().expect("it is sound");
    assert_eq!(
        groups(&data),
        [Some("L1"), Some("L1"), None],
        "two pictures of one lesion are not independent"
    );

    let missing = ManifestOptions { group: Some("person".into()), pair: Some("twin".into()), ..options };
    let kinds: Vec<_> = problems(missing.open()).into_iter().map(|problem| problem.kind).collect();
    for (kind, wanted) in kinds.iter().zip(["person", "twin"]) {
        assert!(matches!(kind, ProblemKind::NoColumn { column, .. } if column == wanted), "{kinds:?}");
    }
    assert_eq!(kinds.len(), 2, "{kinds:?}");
}

#[test]
fn a_wrapped_data_set_passes_them_on() {
    let disk = Disk::new();
    let options =
        ManifestOptions { group: Some("patient".into()), pair: Some("lesion".into()), ..manifest(&disk) };
    let inner = || -> PictureFiles { options.open().expect("it is sound") };
    let wrapped = EstimatedLesions::new(Box::new(inner()), "lesion");
    let inner = inner();
    assert_eq!((groups(&wrapped), pairs(&wrapped)), (groups(&inner), pairs(&inner)));
    assert_eq!(wrapped.columns(), inner.columns());
    assert_eq!(cells(&wrapped, "age"), cells(&inner, "age"));
}

#[test]
fn phantoms_and_plain_folders_have_none() -> Result<(), DataError> {
    let disk = Disk::new();
    disk.picture("set/benign/a.png", 10);
    let phantoms = Phantoms::new(PhantomOptions { count: 1, ..PhantomOptions::default() })?;
    let folder = FolderOptions::new(disk.path("set")).open()?;
    for data in [&phantoms as &dyn Dataset, &folder] {
        assert_eq!((data.group(0), data.pair(0), data.cell(0, "sex")), (None, None, None));
        assert!(data.columns().is_empty());
    }
    Ok(())
}

#[test]
fn ham10000_s_groups_are_its_lesions() {
    let disk = Disk::new();
    for id in ["ISIC_1", "ISIC_2"] {
        disk.picture(&format!("ham/HAM10000_images_part_1/{id}.jpg"), 10);
    }
    disk.text(
        "ham/HAM10000_metadata.csv",
        "lesion_id,image_id,dx,dx_type,age,sex,localization\n\
         HAM_1,ISIC_1,nv,histo,45.0,male,trunk\nHAM_1,ISIC_2,nv,histo,,male,trunk\n",
    );
    let options = Ham10000Options::new(disk.path("ham"));
    let data = options.clone().open().expect("it is sound");
    assert_eq!(groups(&data), [Some("HAM_1"), Some("HAM_1")]);
    assert_eq!(data.columns(), ["dx_type", "age", "sex", "localization"]);
    assert_eq!(cells(&data, "age"), [Some("45.0"), None]);
    assert_eq!(data.cell(1, "localization"), Some("trunk"));
    let each = Ham10000Options { group: Some("image_id".into()), ..options }.open().expect("it is sound");
    assert_eq!(groups(&each), [Some("ISIC_1"), Some("ISIC_2")]);
}

#[test]
fn isic_s_groups_are_its_patients_or_else_its_lesions() {
    let disk = Disk::new();
    disk.picture("isic/train/ISIC_1.jpg", 50);
    disk.text(
        "isic/train.csv",
        "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,diagnosis,benign_malignant,target\n\
         ISIC_1,IP_7,male,45.0,head/neck,nevus,benign,0\n",
    );
    let data = IsicOptions::new(disk.path("isic")).open().expect("it is sound");
    assert_eq!(data.group(0), Some("IP_7"));
    assert_eq!(data.columns(), ["sex", "age_approx", "anatom_site_general_challenge", "diagnosis", "target"]);
    assert_eq!(data.cell(0, "anatom_site_general_challenge"), Some("head/neck"));

    disk.text("isic/train.csv", "image,MEL,NV,lesion_id\nISIC_1,1,0,IL_3\n");
    let data = IsicOptions::new(disk.path("isic")).open().expect("it is sound");
    assert_eq!((data.group(0), data.columns().len()), (Some("IL_3"), 0));
}

#[test]
fn an_imagefolder_s_metadata_say_them() {
    let disk = Disk::new();
    disk.picture("set/a.png", 10);
    disk.text(
        "set/metadata.jsonl",
        "{\"file_name\": \"a.png\", \"label\": \"nv\", \"lesion\": 7, \"site\": \"back\", \"age\": null}\n",
    );
    let options =
        ImageFolderOptions { pair: Some("lesion".into()), ..ImageFolderOptions::new(disk.path("set")) };
    let data = options.open().expect("it is sound");
    assert_eq!((data.pair(0), data.group(0)), (Some("7"), Some("7")));
    assert_eq!((data.cell(0, "site"), data.cell(0, "age")), (Some("back"), None));

    let plain = Disk::new();
    plain.picture("set/nv/a.png", 10);
    let options =
        ImageFolderOptions { group: Some("x".into()), ..ImageFolderOptions::new(plain.path("set")) };
    assert!(
        problems(options.open())[0].to_string().contains("leave `masks`, `flags`, `group` and `pair` out")
    );
}

#[test]
fn they_are_part_of_the_fingerprint() {
    let disk = Disk::new();
    let options = manifest(&disk);
    let fingerprint =
        |options: &ManifestOptions| options.open().expect("sound").fingerprint().expect("sound");
    let first = fingerprint(&options);
    let grouped = fingerprint(&ManifestOptions { group: Some("patient".into()), ..options.clone() });
    let paired = fingerprint(&ManifestOptions { pair: Some("patient".into()), ..options.clone() });
    let text = std::fs::read_to_string(&options.manifest).expect("it is there");
    disk.text("manifest.csv", &text.replace("female,45", "female,46"));
    let other = fingerprint(&options);
    let all = std::collections::BTreeSet::from([first, grouped, paired, other]);
    assert_eq!(all.len(), 4);
}
