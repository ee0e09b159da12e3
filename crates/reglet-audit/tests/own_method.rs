//! A method of another crate in an explanation, a config, a gallery and an audit, and the same method twice in one audit.

use std::fs;
use std::path::{Path, PathBuf};

use reglet_attribution::{
    About, Attribution, AttributionError, AttributionMethod, Classifier, Family, Method, NamedMethod, Needs,
    Point,
};
use reglet_audit::results::Results;
use reglet_audit::{ExplainOptions, GalleryOptions, GalleryPicture, explain, gallery, run_audit};
use reglet_data::Dataset;
use reglet_data::phantom::{PhantomOptions, Phantoms};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tempfile::TempDir;

/// The gradient to a power.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct PowerGradient {
    /// From 0.1 to 4.
    exponent: f64,
}

impl Default for PowerGradient {
    fn default() -> Self {
        PowerGradient { exponent: 1.0 }
    }
}

impl AttributionMethod for PowerGradient {
    fn about(&self) -> &'static About {
        &About {
            title: "Power gradient",
            family: Family::Gradients,
            cost: "1 forward, 1 backward",
            paper: "",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        if (0.1..=4.0).contains(&self.exponent) {
            return Ok(());
        }
        Err(AttributionError::Parameter {
            method: "Power gradient",
            parameter: "exponent",
            value: self.exponent.to_string(),
            expected: "from 0.1 to 4",
        })
    }

    fn needs(&self, _: Classifier<'_>) -> Result<Needs, AttributionError> {
        Ok(Needs::input_gradient())
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        let values = point.input_gradient().f_abs()?.f_pow_tensor_scalar(self.exponent)?;
        Ok(Attribution { values, gaps: None })
    }

    fn note(&self, _: Classifier<'_>) -> Option<String> {
        Some(format!("to the power of {}", self.exponent))
    }
}

impl NamedMethod for PowerGradient {
    const NAME: &'static str = "power_gradient";
}

fn weights(name: &str) -> String {
    format!("{}/configs/models/phantom-{name}.safetensors", env!("CARGO_MANIFEST_DIR"))
}

/// A picture of a lesion in a file.
fn picture(folder: &TempDir) -> PathBuf {
    let options = PhantomOptions { count: 2, size: 64, ..PhantomOptions::default() };
    let sample = Phantoms::new(options).expect("valid options").sample(1).expect("it is drawn");
    let path = folder.path().join("lesion.png");
    sample.picture.save(&path).expect("room");
    path
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn it_is_explained_with_by_name() {
    Method::register::<PowerGradient>().expect("a new name");
    let folder = tempfile::tempdir().expect("a folder");
    let options = ExplainOptions {
        pictures: vec![picture(&folder)],
        width: 0.125,
        weights: Some(weights("clean")),
        methods: ["power-gradient", "root=power_gradient", "saliency"].map(str::to_owned).to_vec(),
        set: vec!["root.exponent=0.5".to_owned(), "power_gradient.exponent=2".to_owned()],
        preprocessing: Some("64".to_owned()),
        device: "cpu".to_owned(),
        out: folder.path().join("out"),
        ..ExplainOptions::default()
    };
    let found = explain(&options).expect("it is known");
    assert!(found.is_complete());
    let printed = found.to_string();
    for line in ["Power gradient (root)", "to the power of 0.5", "to the power of 2"] {
        assert!(printed.contains(line), "no {line} in {printed}");
    }
    let summary = json(&folder.path().join("out/summary.json"));
    let named =
        |index: usize| (summary["methods"][index]["name"].clone(), &summary["methods"][index]["parameters"]);
    assert_eq!(named(1).0, "root");
    assert_eq!(named(1).1["exponent"], 0.5);
    // What is written is what was computed: the square of the one is the fourth power of the other.
    let maps = tch::Tensor::read_safetensors(folder.path().join("out/maps.safetensors")).expect("maps");
    let map = |name: &str| {
        let (_, tensor) = maps.iter().find(|(known, _)| known == name).expect("a map by its label");
        tensor.to_kind(tch::Kind::Double)
    };
    let far = (map("root").pow_tensor_scalar(4) - map("power_gradient")).abs().max().double_value(&[]);
    assert!(far <= 1e-5 * map("power_gradient").max().double_value(&[]), "{far}");
    let far = (map("root").square() - map("saliency")).abs().max().double_value(&[]);
    assert!(far <= 1e-5 * map("saliency").max().double_value(&[]), "{far}");

    let wrong = ExplainOptions { set: vec!["root.exponent=9".to_owned()], ..options.clone() };
    let message = explain(&wrong).expect_err("out of range").to_string();
    assert!(message.contains("exponent is 9, but must be from 0.1 to 4"), "{message}");
    let wrong = ExplainOptions { set: vec!["root.power=2".to_owned()], ..options };
    let message = explain(&wrong).expect_err("no such parameter").to_string();
    assert!(message.contains("root has no parameter 'power'; it has: exponent"), "{message}");
}

#[test]
fn it_is_audited_twice_with_other_parameters() {
    Method::register::<PowerGradient>().expect("a new name");
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("audit.toml");
    let text = |exponent: &str| {
        format!(
            "target = 'melanoma'\nseed = 7\ndevice = 'cpu'\ngallery = 1\nmaps = 8\ntrust.pictures = 1\nchanges = ['insert', 'remove']\n\
             [data.phantoms]\ncount = 24\nsize = 64\n\
             [models.mine]\narchitecture = 'resnet18'\nwidth = 0.125\nweights = '{}'\npreprocessing = {{ square = 64 }}\n\
             [methods.saliency]\n[methods.power_gradient]\nexponent = 2\n\
             [methods.gentle]\nname = 'power_gradient'\nexponent = {exponent}\n\
             [verdict]\nmin_pictures = 2\n",
            weights("shortcut")
        )
    };
    fs::write(&config, text("0.5")).expect("room");
    let out = folder.path().join("results");
    let audited = run_audit(&config, &[], &out).expect("it runs");

    let results = json(&out.join("results.json"));
    let attention = results["cases"][0]["attention"].as_array().expect("where it looks");
    let named = |name: &str| {
        let found = attention.iter().find(|of| of["method"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {attention:?}"))
    };
    assert_eq!(named("gentle")["title"], "Power gradient (gentle)");
    assert_eq!(named("power_gradient")["title"], "Power gradient");
    // The exponents are those of the config: another one is another map.
    let density = |name: &str| {
        let density = named(name).pointer("/regions/ruler/density/estimate/mean").and_then(Value::as_f64);
        density.unwrap_or_else(|| panic!("no density of {name} in {}", named(name)))
    };
    assert!(density("gentle") != density("saliency") && density("power_gradient") != density("saliency"));
    assert!(density("gentle") != density("power_gradient"));
    let report = fs::read_to_string(out.join("report.html")).expect("a report");
    assert!(report.contains("Power gradient (gentle)"));

    // The rows are judged again by what the results say of the methods.
    let again = reglet_audit::run_judge(&out, &[], &folder.path().join("again")).expect("its own rows");
    let kinds = |results: &Results| results.cases.iter().map(|case| case.verdict.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&again.results), kinds(&audited.results));
    let again = json(&folder.path().join("again/results.json"));
    assert_eq!(again["cases"][0]["attention"], results["cases"][0]["attention"]);

    fs::write(&config, text("'much'")).expect("room");
    let message = format!("{:?}", run_audit(&config, &[], &out).expect_err("no number"));
    assert!(message.contains("gentle: exponent: invalid type"), "{message}");
    fs::write(&config, text("40")).expect("room");
    let message = format!("{:?}", run_audit(&config, &[], &out).expect_err("out of range"));
    assert!(message.contains("exponent is 40, but must be from 0.1 to 4"), "{message}");
}

#[test]
fn it_has_a_place_in_the_gallery() {
    Method::register::<PowerGradient>().expect("a new name");
    let folder = tempfile::tempdir().expect("a folder");
    if std::env::var_os("REGLET_DATA").is_none() {
        println!("skipped: a gallery, which needs weights of a ResNet-18; set REGLET_DATA");
        return;
    }
    let data = PathBuf::from(std::env::var_os("REGLET_DATA").expect("it was just there"));
    let shown = GalleryPicture {
        picture: picture(&folder),
        weights: data.join("models/resnet18-imagenet.safetensors").display().to_string(),
        labels: None,
    };
    let options = GalleryOptions {
        pictures: vec![shown],
        methods: ["saliency", "power_gradient", "gentle=power_gradient"].map(str::to_owned).to_vec(),
        set: vec!["gentle.exponent=0.25".to_owned()],
        device: "cpu".to_owned(),
        scale: 1.0,
        out: folder.path().join("gallery"),
    };
    let drawn = gallery(&options).expect("it is drawn");
    assert_eq!(drawn.methods, 3);
}
