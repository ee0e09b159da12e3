//! Methods on transformers, whose tokens stand for places of the picture, against pytorch-grad-cam's and PyTorch's
//! (`reference/make_methods.py`).

use std::fs::File;
use std::slice;

use reglet_attribution::{
    AblationCam, AttentionRelevancy, AttentionRollout, AttributionError, Family, GradCam, GradCamPlusPlus,
    HiResCam, Layer, LayerCam, Layers, Method, Operators, ScoreCam, XGradCam,
};
use reglet_model::{Architecture, Graph, ImportOptions, LayerEvaluation, Model, Request, Targets, ValueId};
use reglet_tests::{Reference, assert_close, exact, fixtures, quick, small_input, small_model};
use tch::{Kind, Tensor};
use zip::ZipArchive;

const TARGETS: [usize; 2] = [1, 3];

/// The references are of 64-bit floats, rounded to 32.
const BOUND: f64 = 1e-6;

/// What makes a map at the layer's own size.
type AtLayer = fn(&Layer, &LayerEvaluation) -> Result<Tensor, AttributionError>;

#[test]
fn class_activation_maps_of_tokens_are_pytorch_grad_cams() {
    let model = exact(small_model(Architecture::VitB16, 5));
    let (input, reference) = (small_input("tokens", 2, 224), Reference::read("methods/tokens"));
    let layer = model.layer(None).expect("its own");
    let maps: [(&str, AtLayer); 5] = [
        ("grad_cam", |layer, values| GradCam::default().at_layer(layer, values)),
        ("grad_cam_plus_plus", |layer, values| GradCamPlusPlus::default().at_layer(layer, values)),
        ("x_grad_cam", |layer, values| XGradCam::default().at_layer(layer, values)),
        ("hi_res_cam", |layer, values| HiResCam::default().at_layer(layer, values)),
        ("layer_cam", |layer, values| LayerCam::default().at_layer(layer, values)),
    ];
    let found = Layers::evaluate(&model, &input, Targets::Classes(&TARGETS), false, slice::from_ref(&layer))
        .expect("it runs");
    for (name, at_layer) in maps {
        let map = at_layer(&layer, &found.layers[0]).expect("tokens are laid out");
        assert_close(name, &map, reference.tensor(name), BOUND);
    }
    let map = ScoreCam::default().at_layer(&model, &input, &TARGETS).expect("it runs");
    assert_close("score_cam", &map, reference.tensor("score_cam"), BOUND);
}

#[test]
fn attention_rollout_is_that_of_the_weights_pytorch_reports() {
    let model = exact(small_model(Architecture::VitB16, 5));
    let (input, reference) = (small_input("tokens", 2, 224), Reference::read("methods/tokens"));
    let map = AttentionRollout::default().at_places(&model, &input).expect("it is a transformer");
    assert_close("attention_rollout", &map, reference.tensor("attention_rollout"), BOUND);
}

#[test]
fn attention_relevancy_is_that_of_pytorchs_weights_and_gradients() {
    let model = exact(small_model(Architecture::VitB16, 5));
    let (input, reference) = (small_input("tokens", 2, 224), Reference::read("methods/tokens"));
    let map = AttentionRelevancy::default().at_places(&model, &input, &TARGETS).expect("it is a transformer");
    assert_close("attention_relevancy", &map, reference.tensor("attention_relevancy"), BOUND);
}

/// The small Swin transformer, exported in 32-bit floats.
fn swin() -> Model {
    let folder = tempfile::tempdir().expect("a folder");
    let file = File::open(fixtures().join("methods/swin.zip")).expect("committed");
    ZipArchive::new(file).and_then(|mut zip| zip.extract(folder.path())).expect("a whole file");
    let archive = folder.path().join("swin.pt2");
    Model::import(&ImportOptions::new(archive)).expect("it loads")
}

#[test]
fn class_activation_maps_of_values_with_channels_last_are_pytorch_grad_cams() {
    let model = swin();
    let input = small_input("windows", 2, 64).to_kind(Kind::Float);
    let reference = Reference::read("methods/windows");
    for layer in ["features.1.1.norm1", "features.2.reduction", "features.3.1.norm1", "norm"] {
        let layer = model.layer(Some(layer)).expect("there");
        let found =
            Layers::evaluate(&model, &input, Targets::Classes(&TARGETS), false, slice::from_ref(&layer))
                .expect("it runs");
        let maps: [(&str, AtLayer); 2] = [
            ("grad_cam", |layer, values| GradCam::default().at_layer(layer, values)),
            ("layer_cam", |layer, values| LayerCam::default().at_layer(layer, values)),
        ];
        for (name, at_layer) in maps {
            let map = at_layer(&layer, &found.layers[0]).expect("it has places");
            let what = format!("{layer}.{name}");
            assert_close(&what, &map, reference.tensor(&what), 1e-4);
        }
        let what = format!("{layer}.score_cam");
        let score_cam = ScoreCam { layer: Some(layer.to_string()), ..ScoreCam::default() };
        let map = score_cam.at_layer(&model, &input, &TARGETS).expect("it runs");
        assert_close(&what, &map, reference.tensor(&what), 1e-4);
    }
    assert_eq!(model.grad_cam_layer(), "norm");
    let map = GradCam::default().attribute(&model, &input, &TARGETS).expect("no layer is needed");
    assert_eq!(map.values.size(), [2, 1, 64, 64]);
}

/// What moves numbers into windows, a shift and heads among them, moves none that is laid out again.
#[test]
fn a_value_cut_into_windows_is_laid_out_as_it_was() {
    let model = swin();
    let input = small_input("windows", 3, 64).to_kind(Kind::Float);
    let graph = Operators::graph(&model);
    let mut windows = 0;
    for block in ["features.1.0", "features.1.1", "features.3.0", "features.3.1"] {
        let norm = graph.layer(&format!("{block}.norm1")).expect("a norm");
        let whole = laid_out(&model, &input, norm).expect("it has places");
        let within = graph.nodes().iter().filter(|node| node.module == format!("{block}.attn"));
        let cut: Vec<ValueId> = within
            .map(|node| node.output)
            .skip_while(|value| *value <= norm)
            .take_while(|value| graph.name(*value) != format!("{block}.attn.linear"))
            .collect();
        let seen = cut.iter().filter_map(|value| laid_out(&model, &input, *value));
        for value in seen {
            assert!(value.equal(&whole), "{block}");
            windows += 1;
        }
    }
    assert!(windows >= 12, "shifted, divided and flattened in each of four blocks: {windows}");
}

/// A value as the places it stands for.
fn laid_out(model: &Model, input: &Tensor, value: ValueId) -> Option<Tensor> {
    let graph = Operators::graph(model);
    let request = Request { feeds: &[(graph.input(), input)], fetches: &[value], ..Request::default() };
    let found = graph.run(model.parameters(), &request).expect("it runs").remove(0);
    let places = graph.places(&[value], input).expect("a batch").remove(0)?;
    Some(places.laid_out(&found).expect("its own shape"))
}

#[test]
fn a_channel_is_left_out_of_every_token() {
    let model = exact(small_model(Architecture::VitB16, 5));
    let input = small_input("tokens", 1, 224);
    let layer = model.graph().layer(model.grad_cam_layer()).expect("its own");
    let map = AblationCam::default().at_layer(&model, &input, &[1]).expect("it runs");

    // By the definition, with the whole network run for each channel.
    let seen = model.evaluate(&input, Targets::Classes(&[1]), false, &[layer]).expect("it runs");
    let (activation, whole) = (&seen.layers[0].activation, &seen.scores);
    let graph: &Graph = Operators::graph(&model);
    let mut fetches = vec![layer];
    fetches.extend(graph.around(layer));
    let request = Request { feeds: &[(graph.input(), &input)], fetches: &fetches, ..Default::default() };
    let around = graph.run(model.parameters(), &request).expect("it runs");
    let mut expected = Tensor::zeros([1, 1, 14, 14], (activation.kind(), activation.device()));
    for channel in 0..activation.size()[2] {
        let ablated = activation.copy();
        let _ = ablated.select(2, channel).zero_();
        let mut feeds: Vec<_> = fetches.iter().copied().zip(&around).skip(1).collect();
        feeds.push((layer, &ablated));
        let request = Request { feeds: &feeds, fetches: &[graph.output()], ..Default::default() };
        let score = graph.run(model.parameters(), &request).expect("it runs").remove(0).select(1, 1);
        let weight = (whole - score) / whole.abs();
        let places = activation.select(2, channel).narrow(1, 1, 196).view([1, 1, 14, 14]);
        expected += places * weight;
    }
    assert_close("Ablation-CAM", &map, &expected, BOUND);
}

#[test]
fn methods_that_look_inside_explain_a_transformer_or_say_why_not() {
    let model = small_model(Architecture::VitB16, 5);
    let input = Reference::read("models/vit_b_16").input();
    let mut without_rules = Vec::new();
    for method in Method::all().iter().map(quick) {
        // The others see scores and gradients alone.
        if !matches!(method.get().about().family, Family::Layers | Family::Attention | Family::Rules) {
            continue;
        }
        let one = slice::from_ref(&method);
        match Method::attribute_all(one, &model, &input, Targets::Classes(&[1])) {
            Ok(found) => {
                let values = &found.computed[0].attribution.values;
                assert_eq!(values.size()[2..], [224, 224], "{}", method.name());
                assert!(values.isfinite().all().int64_value(&[]) == 1, "{}", method.name());
                assert!(values.abs().max().double_value(&[]) > 0.0, "{}", method.name());
            }
            Err(AttributionError::NoRule { .. } | AttributionError::NoRectifier { .. }) => {
                without_rules.push(method.name().to_owned());
            }
            Err(error) => panic!("{}: {error}", method.name()),
        }
    }
    // It has no rectifiers, whose rules the others change.
    without_rules.sort();
    assert_eq!(without_rules, ["deconvolution", "guided_backprop", "guided_grad_cam", "lrp"]);
}

#[test]
fn a_network_without_attention_is_answered_in_one_sentence() {
    let model = small_model(Architecture::ResNet18, 5);
    let input = Reference::read("models/resnet18").input();
    let error = AttentionRollout::default().attribute(&model, &input, &TARGETS).expect_err("no transformer");
    assert!(error.to_string().contains("this model has no attention; choose another method"), "{error}");
}
