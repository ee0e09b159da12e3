//! Passes in bfloat16, which must be asked for and are never silent.

use std::fs;
use std::path::Path;

use reglet_audit::{ExplainOptions, explain, run_audit};
use reglet_data::Dataset;
use reglet_data::phantom::{PhantomOptions, Phantoms};

/// What the note on such passes says in every place.
const NOTE: &str = "computed in bfloat16, as asked for";

fn weights() -> String {
    format!("{}/configs/models/phantom-shortcut.safetensors", env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn an_explanation_says_that_its_scores_are_coarse() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = PhantomOptions { count: 2, size: 64, ..PhantomOptions::default() };
    let sample = Phantoms::new(options).expect("valid options").sample(1).expect("it is drawn");
    let picture = folder.path().join("lesion.png");
    sample.picture.save(&picture).expect("room");
    let explained = |rewrites: Option<&str>| {
        let out = folder.path().join(rewrites.unwrap_or("usual"));
        let options = ExplainOptions {
            pictures: vec![picture.clone()],
            width: 0.125,
            weights: Some(weights()),
            methods: vec!["saliency".to_owned()],
            preprocessing: Some("64".to_owned()),
            device: "cpu".to_owned(),
            rewrites: rewrites.map(str::to_owned),
            out: out.clone(),
            ..ExplainOptions::default()
        };
        let printed = explain(&options).expect("it is explained").to_string();
        (printed.contains(NOTE), read(&out.join("summary.json")).contains(NOTE))
    };
    assert_eq!(explained(None), (false, false));
    assert_eq!(explained(Some("default")), (false, false));
    assert_eq!(explained(Some("default,bfloat16")), (true, true));
}

#[test]
fn a_report_says_that_its_scores_are_coarse() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("audit.toml");
    let audited = |rewrites: &str| {
        let text = format!(
            "target = 'melanoma'\nseed = 7\ndevice = 'cpu'\ngallery = 1\nmaps = 4\ntrust.pictures = 1\nchanges = ['insert', 'remove']\n\
             {rewrites}\n[data.phantoms]\ncount = 16\nsize = 64\n\
             [models.mine]\narchitecture = 'resnet18'\nwidth = 0.125\nweights = '{}'\npreprocessing = {{ square = 64 }}\n\
             [methods.saliency]\n[verdict]\nmin_pictures = 2\n",
            weights()
        );
        fs::write(&config, text).expect("room");
        let out = folder.path().join("results");
        run_audit(&config, &[], &out).expect("it runs");
        ["results.json", "report.html"].map(|name| read(&out.join(name)).contains(NOTE))
    };
    assert_eq!(audited(""), [false, false]);
    assert_eq!(audited("rewrites = ['matrix_products', 'bfloat16']"), [true, true]);
}
