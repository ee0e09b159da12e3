//! Folders as Hugging Face's transformers saves them, against that library.

use std::fs;
use std::path::{Path, PathBuf};

use reglet_attribution::{AttentionRollout, GradCam};
use reglet_audit::{ExplainOptions, explain};
use reglet_data::Geometry;
use reglet_model::{Head, HeadSource, ImportOptions, Model, PreprocessingChoice, Targets};
use reglet_tests::{Reference, assert_close, fixtures};
use serde_json::{Value, json};
use tch::{Kind, Tensor};

fn folder(name: &str) -> PathBuf {
    fixtures().join("hugging_face").join(name)
}

fn networks() -> Vec<String> {
    let entries = fs::read_dir(fixtures().join("hugging_face")).expect("committed");
    let folders = entries.map(|entry| entry.expect("it can be listed").path()).filter(|path| path.is_dir());
    let mut names: Vec<String> =
        folders.map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn model(name: &str) -> Model {
    Model::import(&ImportOptions::new(folder(name))).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn pictures_logits_and_gradients_are_those_of_the_library() {
    let names = networks();
    assert!(names.len() >= 10, "only {names:?}");
    for name in names {
        let (model, reference) = (model(&name), Reference::read(&format!("hugging_face/{name}/reference")));
        let of = |what: &str| format!("{name}: {what}");
        let picture = model.picture(&folder("scene.png")).expect("a picture");
        assert_close(&of("picture"), &picture, reference.tensor("pixel_values"), 1e-6);
        assert_close(
            &of("logits"),
            &model.logits(&picture).expect("it runs"),
            reference.tensor("logits"),
            1e-5,
        );
        // The reference is the gradient of a sum of two logits.
        let gradient = |class: usize| {
            let found = model.evaluate(&picture, Targets::Classes(&[class]), true, &[]).expect("it runs");
            found.input_gradient.expect("it was asked for")
        };
        let sum = gradient(0) + gradient(1);
        assert_close(&of("gradient"), &sum, reference.tensor("gradient"), 1e-4);

        assert_eq!(model.classes().labels(), ["benign", "malignant", "unsure"], "{name}");
        let expected = match name.as_str() {
            "dinov2-other-size" => (Head::MultiLabel, HeadSource::Config),
            _ => (Head::Softmax, HeadSource::Assumed),
        };
        assert_eq!((model.classes().head(), model.head_source()), expected, "{name}");
        assert!(model.preprocessing_source().to_string().contains("preprocessor_config.json"), "{name}");
    }
}

#[test]
fn pictures_of_a_batch_are_those_alone() {
    for name in networks() {
        let model = model(&name);
        assert!(!model.notes().iter().any(|note| note.to_string().contains("one by one")), "{name}");
        let picture = model.picture(&folder("scene.png")).expect("a picture");
        let other = picture.flip([3]) * 0.5;
        let both = model.logits(&Tensor::cat(&[&picture, &other], 0)).expect("it runs");
        let alone = [picture, other].map(|picture| model.logits(&picture).expect("it runs"));
        assert_close(&name, &both, &Tensor::cat(&alone, 0), 1e-5);
    }
}

#[test]
fn layers_have_the_librarys_names_and_methods_find_their_places() {
    for (name, layer, side) in [
        ("resnet-bottleneck", "resnet.encoder.stages.1.layers.1.layer.2.convolution", 3),
        ("convnext", "convnext.encoder.stages.1.layers.1.dwconv", 5),
        ("vit", "vit.encoder.layer.1.layernorm_before", 4),
        ("deit-with-teacher", "deit.encoder.layer.1.layernorm_before", 4),
        ("swin", "swin.encoder.layers.1.blocks.1.layernorm_before", 8),
        ("dinov2", "dinov2.encoder.layer.1.norm1", 6),
    ] {
        let model = model(name);
        assert_eq!(model.grad_cam_layer(), layer, "{name}");
        let picture = model.picture(&folder("scene.png")).expect("a picture");
        let value = model.graph().layer(layer).expect("there is one");
        let places = model.graph().places(&[value], &picture).expect("a batch").remove(0).expect("places");
        assert_eq!((places.height, places.width), (side, side), "{name}");
        let map = GradCam::default().attribute(&model, &picture, &[1]).expect("it runs").values;
        assert!(map.abs().sum(Kind::Double).double_value(&[]) > 0.0, "{name}: an empty map");
    }
    let model = model("vit");
    let picture = model.picture(&folder("scene.png")).expect("a picture");
    let map = AttentionRollout::default().attribute(&model, &picture, &[1]).expect("it has attention").values;
    assert!(map.abs().sum(Kind::Double).double_value(&[]) > 0.0);
}

#[test]
fn a_size_of_ones_own_is_taken_where_the_network_can() {
    let sized = |name: &str, side: u32| {
        let preprocessing = Some(PreprocessingChoice::Geometry(Geometry::exact(side)));
        Model::import(&ImportOptions { preprocessing, ..ImportOptions::new(folder(name)) })
    };
    // Positions are interpolated for another number of patches, as the library does on the way.
    let dino = sized("dinov2", 56).expect("eight by eight patches");
    assert_eq!(dino.picture(&folder("scene.png")).expect("a picture").size(), [1, 3, 56, 56]);
    sized("resnet-basic", 64).expect("any size");
    for (name, side, part) in [
        ("vit", 40, "it takes pictures of 32×32 pixels, and would be given 40×40"),
        ("swin", 40, "do not divide"),
        ("dinov2", 5, "more than a picture of 5×5"),
    ] {
        let message = sized(name, side).expect_err(part).to_string();
        assert!(message.contains(part), "{message}");
    }
}

/// A folder in one command.
#[test]
fn a_folder_is_explained() {
    let out = tempfile::tempdir().expect("a folder");
    let options = ExplainOptions {
        pictures: vec![folder("scene.png")],
        model: folder("dinov2-other-size").display().to_string(),
        target: Some("malignant".to_owned()),
        methods: ["saliency", "integrated_gradients", "grad_cam", "attention_rollout"]
            .map(str::to_owned)
            .to_vec(),
        steps: Some(8),
        device: "cpu".to_owned(),
        out: out.path().to_owned(),
        ..ExplainOptions::default()
    };
    let found = explain(&options).expect("it is sound");
    let printed = found.to_string();
    assert!(found.is_complete(), "{printed}");
    for part in [
        "resized to 40 pixels on the shorter side (bicubic)",
        "multi_label",
        "its config.json says so",
        "malignant",
        "dinov2.encoder.layer.1.norm1",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    // Nothing is left to be said of how the model was trained: pictures are resized in that way.
    assert!(!printed.contains("is meant for pictures"), "{printed}");
    assert!(out.path().join("figure.png").is_file() && out.path().join("maps.safetensors").is_file());
}

/// A copy of a folder, with its config changed.
fn changed(name: &str, change: impl FnOnce(&mut Value)) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for file in ["config.json", "preprocessor_config.json", "model.safetensors"] {
        fs::copy(folder(name).join(file), copy.path().join(file)).expect("room");
    }
    let path = copy.path().join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).expect("copied")).expect("JSON");
    change(&mut config);
    fs::write(path, config.to_string()).expect("room");
    copy
}

fn refusal(folder: &Path) -> String {
    Model::import(&ImportOptions::new(folder)).expect_err("it is refused").to_string()
}

#[test]
fn configs_that_lie_are_refused_with_a_sentence() {
    let long: Vec<u32> = vec![1; 100];
    for (name, key, value, part) in [
        ("vit", "hidden_size", json!(-16), "its hidden_size is -16, and a whole number above 0 is needed"),
        ("vit", "hidden_size", json!(1e300), "hidden_size"),
        ("vit", "hidden_size", json!(1_i64 << 40), "hidden_size"),
        ("vit", "hidden_size", json!(32), "of another shape"),
        ("vit", "num_attention_heads", json!(3), "cannot be shared among 3 heads"),
        ("vit", "num_hidden_layers", json!(100_000), "at most 1024"),
        ("vit", "num_hidden_layers", json!(3), "missing"),
        ("vit", "num_hidden_layers", json!(1), "unexpected"),
        ("vit", "hidden_act", json!("quick_gelu"), "'quick_gelu'"),
        ("vit", "hidden_act", json!(7), "a word"),
        ("vit", "image_size", json!([32, 24]), "for height and width alike"),
        ("vit", "patch_size", json!(64), "more than a picture"),
        ("vit", "layer_norm_eps", json!("small"), "a number that is not negative"),
        ("vit", "problem_type", json!("regression"), "a regression"),
        ("vit", "id2label", json!({"7": "one"}), "id2label"),
        ("vit", "id2label", json!({"0": "one"}), "1 class labels were given for a model with 3"),
        (
            "vit",
            "architectures",
            json!(["BeitForImageClassification"]),
            "it holds a BeitForImageClassification, and the classes",
        ),
        ("vit", "architectures", json!([]), "names no class"),
        ("vit", "architectures", json!("ViT"), "names no class"),
        ("vit", "num_channels", json!(4), "of another shape"),
        ("resnet-basic", "depths", json!([2]), "of 1 stages"),
        ("resnet-basic", "depths", json!([2, 1_000_000]), "at most 1024"),
        ("resnet-basic", "hidden_sizes", json!([]), "a list"),
        ("resnet-basic", "hidden_sizes", json!(long), "a list"),
        ("resnet-basic", "layer_type", json!("wide"), "'wide'"),
        ("swin", "window_size", json!(1000), "at most 32×32"),
        ("swin", "window_size", json!(3), "do not divide"),
        ("swin", "patch_size", json!(5), "do not divide"),
        ("swin", "mlp_ratio", json!(-1), "not negative"),
        ("dinov2", "mlp_ratio", json!(1_i64 << 20), "of another shape"),
    ] {
        let copy = changed(name, |config| config[key] = value.clone());
        let message = refusal(copy.path());
        assert!(message.contains(part), "{name} {key} {value}: {message}");
    }
}

#[test]
fn folders_that_lack_something_say_what() {
    let copy = changed("vit", |_| ());
    fs::write(copy.path().join("config.json"), "{").expect("room");
    assert!(refusal(copy.path()).contains("its config.json is no JSON"), "{}", refusal(copy.path()));
    fs::remove_file(copy.path().join("config.json")).expect("it is there");
    assert!(refusal(copy.path()).contains("it is a folder, and its config.json"), "{}", refusal(copy.path()));

    let copy = changed("vit", |_| ());
    fs::remove_file(copy.path().join("model.safetensors")).expect("it is there");
    assert!(refusal(copy.path()).contains("no weights"), "{}", refusal(copy.path()));
    fs::write(copy.path().join("model.safetensors.index.json"), "{}").expect("room");
    assert!(refusal(copy.path()).contains("save_pretrained"), "{}", refusal(copy.path()));

    // Without its preprocessor's config a network is given the size that it was built for.
    let copy = changed("vit", |_| ());
    fs::remove_file(copy.path().join("preprocessor_config.json")).expect("it is there");
    let model = Model::import(&ImportOptions::new(copy.path())).expect("a classifier");
    assert_eq!(model.preprocessing().geometry, Geometry::exact(32));
    assert!(model.preprocessing_source().to_string().contains("because no others are given"));
}
