//! Films of one channel and 16 bits, from the DICOM file to the model (`reference/make_grey.py`).

use std::path::{Path, PathBuf};
use std::{fs, io};

use reglet_attribution::{Family, Method};
use reglet_audit::{ExplainOptions, Plan, explain, judge, observe, write};
use reglet_data::picture::{self, Limits};
use reglet_data::{Geometry, Size};
use reglet_model::{Channels, Head, ImportOptions, Model, Preprocessing, PreprocessingSource, Targets};
use reglet_tests::{fixtures, quick};
use serde_json::Value;
use tch::{Device, Kind};

fn network() -> Model {
    let mut model = Model::import(&ImportOptions::new(fixtures().join("grey/xray.onnx"))).expect("it loads");
    let (mean, std) = Channels::of_range(-1024.0, 1024.0).expect("a range");
    let preprocessing = Preprocessing { mean, std, ..model.preprocessing().clone() };
    model.set_preprocessing(preprocessing).expect("one number goes with one channel");
    model
}

fn film(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/reglet-data/tests/fixtures/dicom").join(name)
}

fn expected(name: &str) -> Value {
    let text = fs::read_to_string(fixtures().join("grey").join(name)).expect("a fixture");
    serde_json::from_str(&text).expect("JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
}

#[test]
fn every_bit_of_a_film_reaches_a_model_of_one_channel() {
    let model = network();
    assert_eq!(model.classes().head(), Head::MultiLabel);
    let expected = expected("expected.json");
    for (name, wanted) in expected.as_object().expect("an object") {
        let input = model.picture(&film(name)).expect("a film");
        assert_eq!(input.size(), [1, 1, 34, 41], "{name}");
        let given: Vec<f64> = Vec::try_from(input.view([-1]).to_kind(Kind::Double)).expect("numbers");
        for (given, wanted) in given.iter().zip(numbers(&wanted["corner"])) {
            // One level of 65,536 is 0.03 there, one of 256 is 8.
            assert!((given - wanted).abs() < 0.04, "{name}: {given} and {wanted}");
        }
        let logits = model.logits(&input).expect("it runs");
        let found = model.classes().probabilities(&logits).expect("as many as classes");
        let found: Vec<f64> = Vec::try_from(found.view([-1]).to_kind(Kind::Double)).expect("numbers");
        for (found, wanted) in found.iter().zip(numbers(&wanted["findings"])) {
            assert!((found - wanted).abs() < 1e-4, "{name}: {found} and {wanted}");
        }
    }
}

#[test]
fn sixteen_bits_are_resized_as_pillow_resizes_its_mode_f() {
    let whole = picture::load(&film("signed.dcm"), &Limits::default()).expect("a film");
    let geometry = Geometry::to(Size { width: 17, height: 20 });
    let small = geometry.bring(&whole).expect("a size");
    let rest = small.rest().expect("it has 16 bits");
    let levels = small.pixels().zip(rest).map(|(rgb, rest)| f64::from(rgb.0[0]) / 255.0 + f64::from(*rest));
    let wanted = numbers(&expected("resized.json"));
    assert_eq!(rest.len(), wanted.len());
    for (level, wanted) in levels.zip(wanted) {
        assert!((level - wanted).abs() < 2e-5, "{level} and {wanted}");
    }
}

#[test]
fn every_method_explains_a_model_of_one_channel() {
    let model = network();
    let input = model.picture(&film("window.dcm")).expect("a film");
    for method in Method::all().iter().map(quick) {
        let about = method.get().about();
        match Method::attribute_all(std::slice::from_ref(&method), &model, &input, Targets::Classes(&[1])) {
            Ok(found) => {
                let values = &found.computed[0].attribution.values;
                assert!(values.isfinite().all().double_value(&[]) == 1.0, "{}", method.name());
            }
            // Of a network without attention.
            Err(fault) => assert_eq!(about.family, Family::Attention, "{}: {fault}", method.name()),
        }
    }
}

#[test]
fn of_other_channels_a_sentence_is_said() {
    let options = ImportOptions::new(fixtures().join("grey/four.onnx"));
    let fault = Model::import(&options).expect_err("pictures have one channel or three").to_string();
    assert!(fault.contains('4') && fault.contains("3 or 1"), "{fault}");
    let mut model = Model::import(&ImportOptions::new(fixtures().join("grey/xray.onnx"))).expect("it loads");
    assert_eq!(*model.preprocessing_source(), PreprocessingSource::AssumedLevels);
    assert!(model.preprocessing().is_as_is());
    let fault =
        model.set_preprocessing(Preprocessing::exact(41)).expect_err("ImageNet's are three").to_string();
    assert!(fault.contains("takes 1 channel, but its mean (0.485, 0.456, 0.406)"), "{fault}");
    assert_eq!(model.device(), Device::Cpu);
}

/// A folder of DICOM files in one command, in whose results nobody is named.
#[test]
fn a_folder_of_films_is_explained_and_names_nobody() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let films = folder.path().join("films");
    fs::create_dir(&films).expect("room");
    for name in ["window.dcm", "IM0001", "frames.dcm"] {
        fs::copy(film(name), films.join(name)).expect("room");
    }
    let out = folder.path().join("out");
    let options = ExplainOptions {
        pictures: vec![films],
        model: fixtures().join("grey/xray.onnx").display().to_string(),
        methods: vec!["saliency".to_owned(), "grad_cam".to_owned()],
        range: Some("-1024,1024".to_owned()),
        colormap: "gray".to_owned(),
        device: "cpu".to_owned(),
        out: out.clone(),
        ..ExplainOptions::default()
    };
    let found = explain(&options).expect("they are sound");
    let printed = found.to_string();
    assert!(found.is_complete(), "{printed}");
    assert!(printed.contains("grey; mean 0.5; standard deviation 0.00048828125 (given)"), "{printed}");
    let mut read = printed.into_bytes();
    let mut folders = 0;
    gather(&out, &mut read, &mut folders).expect("readable");
    assert_eq!(folders, 5, "one for each film and frame");
    for secret in ["SECRET", "Secret", "4711", "19010203", "1.2.826"] {
        assert!(!contains(&read, secret.as_bytes()), "{secret:?} came out");
    }
    assert!(contains(b"of SECRET-4711, and 0.0034711", b"4711"));
    assert!(!contains(b"0.0034711 and 47110", b"4711"));
}

/// Whether `text` contains `secret`. Digits inside a longer number are no secret: a measured time may contain any.
fn contains(text: &[u8], secret: &[u8]) -> bool {
    let number = secret.iter().all(u8::is_ascii_digit);
    let of_number = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.');
    text.windows(secret.len()).enumerate().any(|(start, part)| {
        let before = start.checked_sub(1).and_then(|before| text.get(before));
        part == secret && !(number && (of_number(before) || of_number(text.get(start + secret.len()))))
    })
}

/// A network of X-ray films knows findings, and has no class for a film without any; the data set has one.
#[test]
fn films_are_audited_with_a_network_of_several_labels() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let archive = fixtures().join("grey/xray.onnx").canonicalize().expect("committed");
    let config = format!(
        r#"
        target = "effusion"
        artefact = "marker"
        lesion = "fluid"

        [data.films]
        count = 40
        size = 64

        [models.xray]
        archive = '{}'
        classes = ["mass", "effusion", "fracture"]
        preprocessing = {{ custom = {{ geometry = {{ resize = {{ exact = {{ width = 41, height = 34 }} }} }}, range = [-1024, 1024] }} }}

        [methods.saliency]
        "#,
        archive.display()
    );
    fs::write(folder.path().join("xray.toml"), config).expect("room");
    let plan = Plan::load(&folder.path().join("xray.toml"), &[]).expect("it is sound");
    let record = observe(&plan).expect("it runs");
    let results = judge(&record, plan.config()).expect("it is judged");
    let [case] = results.cases.as_slice() else { panic!("one model, one artefact, one target") };
    assert!(case.notes.iter().any(|note| note.contains("sigmoid")), "{:?}", case.notes);
    assert!(!case.verdict.summary.is_empty());
    let out = folder.path().join("out");
    fs::create_dir(&out).expect("room");
    write(&record, &results, &out).expect("room");
    let report = fs::read_to_string(out.join("report.html")).expect("written");
    assert!(report.contains("effusion") && report.contains("marker"));
    // By the sigmoid of its own, not by a softmax over all three: the probabilities of a film do not add up to one.
    let plan = Plan::load(&folder.path().join("xray.toml"), &["models.xray.head=\"softmax\"".to_owned()]);
    let message = plan.map(|_| ()).expect_err("the network ends with a sigmoid").to_string();
    assert!(message.contains("multi_label"), "{message}");
}

/// The names and contents of all files in a folder.
fn gather(folder: &Path, read: &mut Vec<u8>, folders: &mut usize) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        read.extend(path.file_name().unwrap_or_default().as_encoded_bytes());
        if path.is_dir() {
            *folders += 1;
            gather(&path, read, folders)?;
        } else {
            read.extend(fs::read(&path)?);
        }
    }
    Ok(())
}
