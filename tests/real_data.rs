//! Real networks on real pictures, against what the field's own tools find there (`reference/make_real.py`).
//!
//! The pictures and weights are no part of the project: `REGLET_DATA` names the folder that holds them. Where it
//! is not set, every case is listed as ignored.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use data_encoding::HEXLOWER;
use libtest_mimic::{Arguments, Failed, Trial};
use reglet_attribution::{
    FeatureAblation, GradCam, IntegratedGradients, Layer, Lrp, LrpComposite, Method, Occlusion, Reduction,
    Saliency, Segmentation,
};
use reglet_data::coco::CocoOptions;
use reglet_data::picture::{self, Limits};
use reglet_data::{Dataset, ManifestOptions, Mask};
use reglet_model::{Architecture, Model, ModelOptions, Preprocessing, Targets, WeightsSource};
use reglet_tests::{assert_close, fixtures};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tch::{Device, Kind, Tensor};

/// The weights file of each model in the references.
const WEIGHTS: [(&str, &str); 4] = [
    ("resnet18-imagenet", "resnet18-imagenet.safetensors"),
    ("mobilenet_v2-imagenet", "mobilenet_v2-b0353104.pth"),
    ("resnet18-isic-biased", "resnet18-isic-biased.f16.safetensors"),
    ("resnet18-isic-clean", "resnet18-isic-clean.f16.safetensors"),
];

/// What every method promises on the same weights and input: relative L2.
const PARITY: f64 = 1e-3;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let data = std::env::var_os("REGLET_DATA").map(PathBuf::from);
    let absent = data.is_none();
    let data = data.unwrap_or_default();
    let mut trials = Vec::new();
    for path in references() {
        let reference = read(&path);
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let data = data.clone();
        if name == "isic-ruler" {
            for (model, reference) in reference.as_object().expect("models by name").clone() {
                let data = data.clone();
                let test = move || passes(|| groups_and_densities(&data, &reference));
                trials.push(Trial::test(format!("table::{model}"), test).with_ignored_flag(absent));
            }
        } else if let Some(name) = name.strip_suffix(".methods") {
            let test = move || passes(|| further_methods(&data, &reference));
            trials.push(Trial::test(format!("methods::{name}"), test).with_ignored_flag(absent));
        } else {
            let test = move || passes(|| explanation(&data, &reference));
            trials.push(Trial::test(format!("explanation::{name}"), test).with_ignored_flag(absent));
        }
    }
    if absent && !arguments.list {
        println!("skipped: comparisons on real data, since REGLET_DATA names no folder");
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A panic is reported by the harness; an assertion needs nothing else.
fn passes(test: impl FnOnce()) -> Result<(), Failed> {
    test();
    Ok(())
}

fn references() -> Vec<PathBuf> {
    let folder = fs::read_dir(fixtures().join("real")).expect("the references are committed");
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("the reference is committed");
    serde_json::from_str(&text).expect("the reference is JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// The model of a reference, which must be the very one that the reference was made with.
fn load(data: &Path, reference: &Value) -> Model {
    let name = text(&reference["model"]);
    let (_, file) = WEIGHTS.iter().find(|(model, _)| *model == name).expect("a model known here");
    let architecture: Architecture = text(&reference["architecture"]).parse().expect("built in");
    let options = ModelOptions {
        architecture,
        width: 1.0,
        weights: WeightsSource::File(data.join("models").join(file)),
        labels: None,
        preprocessing: Preprocessing::default(),
        device: Device::Cpu,
    };
    let model = Model::load(&options, &mut |_, _| {}).expect("the weights fit");
    assert_eq!(
        model.provenance().sha256,
        text(&reference["weights_sha256"]),
        "other weights than the reference's"
    );
    model
}

/// The picture of a reference, which must be the very one that the reference was made with, as the model sees it.
fn input(data: &Path, reference: &Value, model: &Model) -> Tensor {
    let name = text(&reference["picture"]);
    let folder = if name.starts_with("ISIC") { "isic-ruler/images" } else { "photos" };
    let path = data.join(folder).join(name);
    let hash = Sha256::digest(fs::read(&path).expect("the picture is there"));
    let hash: String = HEXLOWER.encode(&hash);
    assert_eq!(hash, text(&reference["picture_sha256"]), "another picture than the reference's");
    let picture = picture::load(&path, &Limits::default()).expect("a whole picture");
    let view = model.preprocessing().view(&picture).expect("it has a size");
    model.preprocessing().tensor(&[view], model.device()).expect("of one size")
}

/// One picture: classes, logits and the three methods' maps.
fn explanation(data: &Path, reference: &Value) {
    let model = load(data, reference);
    let input = input(data, reference, &model);

    let steps = reference["integrated_gradients_steps"].as_u64().expect("a count") as usize;
    let target = reference["target"].as_u64().expect("an index") as usize;
    let methods =
        [Saliency::default().into(), IntegratedGradients { steps, ..IntegratedGradients::default() }.into()];
    let found =
        Method::attribute_all(&methods, &model, &input, Targets::Classes(&[target])).expect("it runs");
    let logits = found.answer.logits.as_ref().expect("a model has logits").select(0, 0).to_kind(Kind::Double);
    compare_logits(&logits, reference);

    let [saliency, integrated] = &found.computed[..] else { panic!("one result for each method") };
    let (saliency, integrated) = (&saliency.attribution, &integrated.attribution);
    let saliency_map = blocks(&saliency.values.amax([1_i64].as_slice(), true));
    assert_close("saliency", &saliency_map, &map(&reference["saliency"]), bound(reference, "saliency"));
    let integrated_map = blocks(&integrated.values.sum_dim_intlist(1, true, Kind::Float));
    let allowed = bound(reference, "integrated_gradients");
    assert_close("integrated gradients", &integrated_map, &map(&reference["integrated_gradients"]), allowed);
    let gap = integrated.gaps.as_ref().expect("always reported")[0].absolute;
    let baseline = model.logits(&input.zeros_like()).expect("it runs");
    let difference = logits.double_value(&[target as i64]) - baseline.double_value(&[0, target as i64]);
    let sum = integrated.values.sum(Kind::Double).double_value(&[]);
    let size = integrated.values.abs().sum(Kind::Double).double_value(&[]);
    assert!(
        (gap - (sum - difference)).abs() <= 1e-5 * size,
        "gap {gap}, from the values {}",
        sum - difference
    );
    // The gap is what is left where sums nearly cancel: it says nothing of a picture whose pixels differ.
    if reference["tolerance"]["decoder"].is_null() {
        let expected = number(&reference["integrated_gradients_delta"]);
        let allowed = bound(reference, "delta_absolute");
        assert!((gap - expected).abs() <= allowed, "gap {gap}, expected {expected} ± {allowed}");
    }

    let layer = text(&reference["layer"]);
    assert_eq!(model.grad_cam_layer(), layer, "the default layer");
    let value = model.graph().layer(layer).expect("the model's own choice");
    let evaluation = model.evaluate(&input, Targets::Classes(&[target]), false, &[value]).expect("it runs");
    let cam = GradCam::default().at_layer(&Layer::new(layer), &evaluation.layers[0]).expect("spatial");
    let allowed = bound(reference, "grad_cam");
    assert_close("Grad-CAM", &cam.squeeze(), &map(&reference["grad_cam"]), allowed);
}

/// One picture: the maps of the other common methods.
fn further_methods(data: &Path, reference: &Value) {
    let model = load(data, reference);
    let input = input(data, reference, &model);
    let target = reference["target"].as_u64().expect("an index") as usize;
    assert_eq!(model.grad_cam_layer(), text(&reference["layer"]), "the default layer");
    let expected = reference["maps"].as_object().expect("maps by name");
    let names: Vec<&str> = expected.keys().map(String::as_str).collect();
    let methods: Vec<Method> = names.iter().map(|name| further_method(name)).collect();
    let found =
        Method::attribute_all(&methods, &model, &input, Targets::Classes(&[target])).expect("it runs");
    for (name, computed) in names.into_iter().zip(&found.computed) {
        let values = &computed.attribution.values;
        let expected = map(&expected[name]);
        let (rows, columns) = expected.size2().expect("rows of equal length");
        let found = values.sum_dim_intlist(1, true, Kind::Double).adaptive_avg_pool2d([rows, columns]);
        let allowed = PARITY.max(5.0 * number(&reference["float32"][name]));
        assert_close(name, &found.squeeze(), &expected, allowed);
    }
}

/// A method as the reference has it. What comes from a layer keeps the layer's own cells, but for Score-CAM.
fn further_method(name: &str) -> Method {
    match name {
        "lrp" => Lrp { composite: LrpComposite::EpsilonPlus, ..Lrp::default() }.into(),
        "occlusion" => Method::new(Occlusion { window: Some(32), stride: Some(16), ..Occlusion::default() }),
        "feature_ablation" => {
            let segmentation = Segmentation::Grid(7);
            Method::new(FeatureAblation { segmentation, ..FeatureAblation::default() })
        }
        _ => {
            let method = Method::named(name).expect("a method");
            // Score-CAM's masks are resized as its map is.
            if name == "score_cam" || !method.has("upsampling") {
                return method;
            }
            method.with("upsampling", "nearest".into()).expect("it is one of its values")
        }
    }
}

/// The reference holds the logits of the top classes and the sum of all: each may be off by a share of the
/// norm of all, the sum by √n of that.
fn compare_logits(logits: &Tensor, reference: &Value) {
    let values: Vec<f64> = Vec::try_from(logits).expect("numbers");
    let probabilities: Vec<f64> = Vec::try_from(logits.softmax(0, Kind::Double)).expect("numbers");
    let top = reference["top"].as_array().expect("classes");
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    let expected: Vec<usize> =
        top.iter().map(|class| class["index"].as_u64().expect("an index") as usize).collect();
    assert_eq!(order[..expected.len()], expected, "the top classes");
    let norm = logits.norm().double_value(&[]);
    let allowed = bound(reference, "logits") * norm;
    for class in top {
        let index = class["index"].as_u64().expect("an index") as usize;
        let (logit, probability) = (number(&class["logit"]), number(&class["probability"]));
        assert!((values[index] - logit).abs() <= allowed, "logit {index}: {} for {logit}", values[index]);
        // Softmax moves a probability by no more than the largest change of a logit, halved.
        assert!(
            (probabilities[index] - probability).abs() <= allowed,
            "probability {index}: {} for {probability}",
            probabilities[index]
        );
    }
    let sum = values.iter().sum::<f64>();
    let expected = number(&reference["logit_sum"]);
    let allowed = allowed * (values.len() as f64).sqrt();
    assert!((sum - expected).abs() <= allowed, "sum of the logits {sum} for {expected} ± {allowed}");
}

/// How far `what` may be from the reference, which is exact: as far as a method promises, or five times as far
/// as PyTorch's own 32-bit floats are, whose error depends on the order of sums. For a JPEG the distance that
/// decoders cause comes on top. The reference measures it with noise of one level; real decoders differ by up to
/// three, and alike over whole areas, which fine maps bear well, but logits and coarse maps less.
fn bound(reference: &Value, what: &str) -> f64 {
    let (least, decoders) = match what {
        "logits" => (1e-5, 2.0),
        "grad_cam" => (PARITY, 2.0),
        _ => (PARITY, 1.0),
    };
    let tolerance = &reference["tolerance"];
    let decoder = tolerance["decoder"].as_object().map_or(0.0, |decoder| number(&decoder[what]));
    least.max(5.0 * number(&tolerance["float32"][what])) + decoders * decoder
}

/// The means of 16×16 blocks of a map `[1, 1, 224, 224]`.
fn blocks(map: &Tensor) -> Tensor {
    map.avg_pool2d([16_i64, 16], [16_i64, 16], [0_i64, 0], false, true, None).squeeze()
}

fn map(rows: &Value) -> Tensor {
    let rows = rows.as_array().expect("rows");
    let values: Vec<f64> = rows.iter().flat_map(|row| row.as_array().expect("a row")).map(number).collect();
    Tensor::from_slice(&values).view([rows.len() as i64, -1])
}

/// How far a group's mean probability may be from the reference's: JPEG decoders differ by a level or two.
const PROBABILITY: f64 = 0.02;
/// How far a mean density may be, relatively: decoders again, and edges of masks that are resized in another way.
const DENSITY: f64 = 0.05;

/// Every picture of the ruler set: mean probabilities by group, and where Saliency and Grad-CAM lie in the
/// pictures with a ruler. Integrated Gradients, which take minutes here, are compared picture by picture.
fn groups_and_densities(data: &Path, reference: &Value) {
    let model = load(data, reference);
    let folder = data.join("isic-ruler");
    let manifest = ManifestOptions {
        classes: Some(vec!["benign".into(), "melanoma".into()]),
        flags: BTreeMap::from([("ruler".into(), "ruler".into())]),
        coco: Some(CocoOptions::new(folder.join("rulers.coco.json"))),
        ..ManifestOptions::new(folder.join("manifest.csv"))
    };
    let pictures = manifest.open().expect("a data set without fault");
    let mut groups: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut densities: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
    for index in 0..pictures.len() {
        let sample = pictures.sample(index).expect("a whole picture with its masks");
        let ruler = sample.shows("ruler").expect("annotated");
        let view = model.preprocessing().view(&sample.picture).expect("it has a size");
        let input = model.preprocessing().tensor(&[view], model.device()).expect("of one size");
        let methods = [Saliency::default().into(), Method::new(GradCam::default())];
        let methods = if ruler { &methods[..] } else { &[] };
        let found = Method::attribute_all(methods, &model, &input, Targets::Classes(&[1])).expect("it runs");
        let probability = found
            .answer
            .logits
            .as_ref()
            .expect("a model has logits")
            .softmax(1, Kind::Double)
            .double_value(&[0, 1]);
        let group =
            format!("{}, {}", pictures.classes()[sample.label], if ruler { "ruler" } else { "no ruler" });
        groups.entry(group).or_default().push(probability);
        let [saliency, cam] = &found.computed[..] else { continue };
        let maps = [
            ("saliency", saliency, Reduction::MaxAbs),
            ("grad_cam", cam, Reduction::MaxAbs),
            ("grad_cam_relu", cam, Reduction::PositiveSum),
        ];
        for (name, computed, reduction) in maps {
            let map = computed.attribution.map(0, reduction).expect("a row");
            for region in ["ruler", "lesion"] {
                let mask = &sample.regions[region];
                let mask = model.preprocessing().geometry.apply_mask(mask).expect("it has a size");
                densities.entry((name, region)).or_default().push(density(&map, &mask));
            }
        }
    }
    let expected = reference["mean_probability_of_melanoma"].as_object().expect("groups");
    assert_eq!(groups.len(), expected.len(), "the groups are {:?}", groups.keys());
    for (group, expected) in expected {
        let what = format!("probability of melanoma, {group}");
        compare_means(&what, &groups[group], expected, PROBABILITY);
    }
    assert_eq!(densities.len(), 6, "two regions in each of three maps");
    for ((method, region), values) in &densities {
        let expected = &reference["mean_density"][method][region];
        let what = format!("density of {method} in the {region}");
        compare_means(&what, values, expected, DENSITY * number(&expected["mean"]));
    }
}

/// A region's mean value relative to the map's.
fn density(map: &ndarray::Array2<f32>, mask: &Mask) -> f64 {
    let inside = map.iter().zip(mask.bits()).filter(|(_, inside)| **inside);
    let sum: f64 = inside.map(|(value, _)| f64::from(*value)).sum();
    let all: f64 = map.iter().map(|value| f64::from(*value)).sum();
    sum / mask.area() as f64 / (all / map.len() as f64)
}

fn compare_means(what: &str, values: &[f64], expected: &Value, allowed: f64) {
    assert_eq!(Some(values.len() as u64), expected["pictures"].as_u64(), "{what}: the number of pictures");
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let expected = number(&expected["mean"]);
    assert!((mean - expected).abs() <= allowed, "{what}: {mean:.4}, expected {expected:.4} ± {allowed:.4}");
}
