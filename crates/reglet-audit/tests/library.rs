//! The audit as a library: of a data set and of models that are open already, in memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reglet_audit::config::Config;
use reglet_audit::results::{CaseResults, Results};
use reglet_audit::{Plan, Record, audit, judge, observe, write};
use reglet_data::edit::{Change, Edited};
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::picture::Picture;
use reglet_data::{DataError, Dataset, Ham10000Options, Sample};
use reglet_evidence::{Rules, VerdictKind, judge_all};
use reglet_model::{Architecture, Model, ModelOptions, Preprocessing, WeightsSource};
use serde_json::json;
use tch::Device;

const SIDE: u32 = 128;

fn phantoms(count: usize) -> Phantoms {
    let options = PhantomOptions { count, size: SIDE, seed: 71, ink: 0.5, ..PhantomOptions::default() };
    Phantoms::new(options).expect("valid options")
}

/// One of the classifiers that come with Reglet.
fn classifier(name: &str) -> Model {
    let weights = format!("{}/configs/models/phantom-{name}.safetensors", env!("CARGO_MANIFEST_DIR"));
    let options = ModelOptions {
        architecture: Architecture::ResNet18,
        width: 0.125,
        weights: WeightsSource::File(weights.into()),
        labels: Some(vec!["benign".into(), "melanoma".into()]),
        preprocessing: Preprocessing::exact(SIDE),
        device: Device::Cpu,
    };
    Model::load(&options, &mut |_, _| {}).expect("the weights are part of the project")
}

/// A config without a data set and models, and cheap methods.
fn config(more: &str) -> Config {
    let text = format!("gallery = 2\nmaps = 4\nmethods.saliency = {{}}\ntrust.pictures = 0\n{more}");
    toml::from_str(&text).expect("a valid config")
}

fn case<'a>(results: &'a Results, artefact: &str, target: &str) -> &'a CaseResults {
    let found = results.cases.iter().find(|case| case.artefact == artefact && case.target == target);
    found.expect("it was asked for")
}

#[test]
fn several_artefacts_and_targets_are_audited_and_judged_in_memory() {
    let config = config(
        "targets = ['melanoma', 'benign']\nseed = 7\n[artefacts.ruler]\n[artefacts.ink]\n\
         changes = ['insert', 'remove', 'control']\n[models.mine]\nexpect = { ruler = 'shortcut' }\n",
    );
    let models = vec![("mine".to_owned(), classifier("shortcut"))];
    let plan = Plan::new(config, Box::new(phantoms(96)), models).expect("a valid plan");
    let record = observe(&plan).expect("phantoms can be drawn");
    let results = judge(&record, plan.config()).expect("valid rules");

    let cases: Vec<_> =
        results.cases.iter().map(|case| (case.artefact.as_str(), case.target.as_str())).collect();
    let expected = [("ink", "melanoma"), ("ink", "benign"), ("ruler", "melanoma"), ("ruler", "benign")];
    assert_eq!(cases, expected);
    for target in ["melanoma", "benign"] {
        let ruler = case(&results, "ruler", target);
        assert_eq!(ruler.verdict.kind, VerdictKind::Shortcut, "{target}: {}", ruler.verdict.summary);
        let ink = case(&results, "ink", target);
        assert_ne!(ink.verdict.kind, VerdictKind::Shortcut, "{target}: {}", ink.verdict.summary);
    }
    assert!(results.is_as_expected(), "nothing is expected of ink but that it is no shortcut");
    // What is said of the one class of two is what is said of the other, with the other sign.
    let insert = |target| {
        let found = case(&results, "ruler", target).effects.iter();
        let all = found.filter(|effect| effect.change.to_string() == "insert" && effect.class.is_none());
        all.map(|effect| effect.difference.estimate.mean).next().expect("rulers are inserted")
    };
    assert!((insert("melanoma") + insert("benign")).abs() < 1e-6);

    // Other rules, the same rows: no effect is as large as 0.9, and four cases are corrected for instead of one.
    let mut lenient = plan.config().clone();
    (lenient.verdict.min_effect, lenient.verdict.max_flips) = (0.9, 0.9);
    let judged = judge(&record, &lenient).expect("valid rules");
    assert!(judged.cases.iter().all(|case| case.verdict.kind != VerdictKind::Shortcut));
    let rules = Rules {
        verdict: plan.config().verdict.clone(),
        operating_point: reglet_evidence::OperatingPoint::Above(0.5),
        seed: 7,
        reference: None,
        changes: BTreeMap::new(),
    };
    let bare = judge_all(record.rows(), record.tried(), &rules);
    let kinds: Vec<VerdictKind> = bare.iter().map(|case| case.judgement.kind).collect();
    assert_eq!(kinds, results.cases.iter().map(|case| case.verdict.kind).collect::<Vec<_>>());

    // The files are those of the command, and the rows in them give the record again.
    let folder = tempfile::tempdir().expect("a folder");
    write(&record, &results, folder.path()).expect("room");
    assert_eq!(Record::read(folder.path()).expect("whole"), record);
    assert!(folder.path().join("report.html").is_file());
}

#[test]
fn what_does_not_fit_is_said_before_any_model_is_asked() {
    let plan = |more: &str, names: &[&str]| {
        let models = names.iter().map(|name| ((*name).to_owned(), classifier("clean"))).collect();
        Plan::new(config(more), Box::new(phantoms(4)), models)
    };
    assert!(plan("target = 'melanoma'", &["a", "b"]).is_ok());
    for (more, names, words) in [
        ("", &["a"][..], "target = "),
        ("target = 'naevus'", &["a"], "naevus"),
        ("target = 'melanoma'", &[], "no model"),
        ("target = 'melanoma'", &["a", "a"], "two models have the name 'a'"),
        ("target = 'melanoma'\nartefact = 'plaster'", &["a"], "plaster"),
        ("target = 'melanoma'\nreference = 'b'", &["a"], "'b' does not exist"),
        ("target = 'melanoma'\nverdict.min_effect = 2.0", &["a"], "min_effect"),
    ] {
        let message = plan(more, names).err().map(|error| format!("{error}"));
        assert!(message.as_ref().is_some_and(|said| said.contains(words)), "{more:?} {names:?}: {message:?}");
    }
}

/// HAM10000's layout, of phantoms: each lesion photographed twice, the second time mirrored.
fn ham10000(folder: &Path, lesions: usize) {
    let images = folder.join("HAM10000_images_part_1");
    fs::create_dir_all(&images).expect("room");
    let data = phantoms(lesions);
    let mut table = String::from("lesion_id,image_id,dx,dx_type,age,sex,localization\n");
    let (mut pictures, mut annotations) = (Vec::new(), Vec::new());
    for index in 0..data.len() {
        let sample = data.sample(index).expect("phantoms can be drawn");
        let diagnosis = ["nv", "mel"][sample.label];
        for mirrored in [false, true] {
            let number = 2 * index + usize::from(mirrored);
            let picture = match mirrored {
                true => image::imageops::flip_horizontal(&*sample.picture),
                false => sample.picture.clone().into_rgb(),
            };
            let name = format!("ISIC_{number:07}");
            picture.save(images.join(format!("{name}.png"))).expect("room");
            table.push_str(&format!("HAM_{index:07},{name},{diagnosis},histo,45.0,male,back\n"));
            pictures.push(
                json!({"id": number, "file_name": format!("{name}.png"), "width": SIDE, "height": SIDE}),
            );
            let Some(bounds) = sample.regions.get("ruler").and_then(|ruler| ruler.bounding_box()) else {
                continue;
            };
            let (left, top) = (bounds.x, bounds.y);
            let (mut left, mut right) = (left, left + bounds.width);
            if mirrored {
                (left, right) = (SIDE - right, SIDE - left);
            }
            let (top, bottom) = (top, top + bounds.height);
            annotations.push(json!({"id": number, "image_id": number, "category_id": 1,
                "segmentation": [[left, top, right, top, right, bottom, left, bottom]]}));
        }
    }
    fs::write(folder.join("HAM10000_metadata.csv"), table).expect("room");
    let coco =
        json!({"images": pictures, "annotations": annotations, "categories": [{"id": 1, "name": "ruler"}]});
    fs::write(folder.join("rulers.json"), coco.to_string()).expect("room");
}

#[test]
fn two_pictures_of_one_lesion_count_as_one_in_ham10000() {
    let folder = tempfile::tempdir().expect("a folder");
    ham10000(folder.path(), 60);
    let audited = |group: Option<&str>| {
        let options: Ham10000Options = serde_json::from_value(json!({
            "folder": folder.path(), "group": group, "classes": ["benign", "melanoma"],
            "labels": {"mel": "melanoma", "*": "benign"}, "coco": {"file": folder.path().join("rulers.json")},
        }))
        .expect("valid options");
        let data = Box::new(options.open().expect("a whole data set"));
        let models = vec![("shortcut".to_owned(), classifier("shortcut"))];
        let config = config("target = 'melanoma'\nseed = 3\nlesion_masks = 'estimated'\n");
        audit(&Plan::new(config, data, models).expect("a valid plan")).expect("it can be read")
    };
    let (lesions, pictures) = (audited(None), audited(Some("image_id")));
    assert_eq!((lesions.data.groups, lesions.data.pictures), (60, 120));
    assert_eq!((pictures.data.groups, pictures.data.pictures), (120, 120));
    let natural = |results: &Results| {
        let found = results.cases[0].natural.iter().find(|natural| natural.class == "melanoma");
        found.expect("both groups are there").difference.estimate
    };
    let (one, other) = (natural(&lesions), natural(&pictures));
    assert!((one.mean - other.mean).abs() < 1e-9);
    // A mirrored picture of the same lesion says hardly anything new: the interval is √2 times as wide.
    let widths = (one.high - one.low) / (other.high - other.low);
    assert!((1.2..1.6).contains(&widths), "{widths}: {one:?}, {other:?}");
}

/// Phantoms that count how often a picture is read for the probes alone.
struct Counted {
    data: Phantoms,
    pictures: Arc<AtomicUsize>,
}

impl Dataset for Counted {
    fn name(&self) -> &str {
        self.data.name()
    }

    fn classes(&self) -> &[String] {
        self.data.classes()
    }

    fn regions(&self) -> &[String] {
        self.data.regions()
    }

    fn len(&self) -> usize {
        self.data.len()
    }

    fn id(&self, index: usize) -> &str {
        self.data.id(index)
    }

    fn label(&self, index: usize) -> usize {
        self.data.label(index)
    }

    fn flag(&self, index: usize, region: &str) -> Option<bool> {
        self.data.flag(index, region)
    }

    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        self.data.sample(index)
    }

    fn picture(&self, index: usize) -> Result<Picture, DataError> {
        self.pictures.fetch_add(1, Ordering::Relaxed);
        self.data.picture(index)
    }

    fn redraws(&self) -> Option<&str> {
        self.data.redraws()
    }

    fn redraw(&self, index: usize, change: Change, seed: u64) -> Option<Edited> {
        self.data.redraw(index, change, seed)
    }

    fn fingerprint(&self) -> Result<String, DataError> {
        self.data.fingerprint()
    }
}

/// A probe needs eight pictures with the artefact and eight without it.
#[test]
fn no_picture_is_read_for_probes_that_cannot_be_fitted() {
    for (count, read) in [(12, 0), (16, 16)] {
        let pictures = Arc::new(AtomicUsize::new(0));
        let data = Counted { data: phantoms(count), pictures: Arc::clone(&pictures) };
        let models = vec![("mine".to_owned(), classifier("shortcut"))];
        let plan = Plan::new(config("target = 'melanoma'\nseed = 7\n"), Box::new(data), models);
        observe(&plan.expect("a valid plan")).expect("phantoms can be drawn");
        assert_eq!(pictures.load(Ordering::Relaxed), read, "of {count} pictures");
    }
}
