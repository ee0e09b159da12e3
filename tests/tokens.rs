//! Methods on a transformer, whose tokens stand for places of the picture, against pytorch-grad-cam's and PyTorch's
//! (`reference/make_methods.py`).

use reglet_attribution::{
    AblationCam, AttentionRollout, AttributionError, Family, GradCam, GradCamPlusPlus, HiResCam, LayerCam,
    Layers, Method, Operators, ScoreCam, XGradCam,
};
use reglet_model::{Architecture, Graph, LayerEvaluation, Targets};
use reglet_tests::{Reference, assert_close, exact, quick, small_input, small_model};
use tch::Tensor;

const TARGETS: [usize; 2] = [1, 3];

/// The references are of 64-bit floats, rounded to 32.
const BOUND: f64 = 1e-6;

/// What makes a map at the layer's own size.
type AtLayer = fn(&str, &LayerEvaluation) -> Result<Tensor, AttributionError>;

#[test]
fn class_activation_maps_of_tokens_are_pytorch_grad_cams() {
    let model = exact(small_model(Architecture::VitB16, 5));
    let (input, reference) = (small_input("tokens", 2, 224), Reference::read("methods/tokens"));
    let layer = model.grad_cam_layer();
    let maps: [(&str, AtLayer); 5] = [
        ("grad_cam", |name, layer| GradCam::default().at_layer(name, layer)),
        ("grad_cam_plus_plus", |name, layer| GradCamPlusPlus::default().at_layer(name, layer)),
        ("x_grad_cam", |name, layer| XGradCam::default().at_layer(name, layer)),
        ("hi_res_cam", |name, layer| HiResCam::default().at_layer(name, layer)),
        ("layer_cam", |name, layer| LayerCam::default().at_layer(name, layer)),
    ];
    let found =
        Layers::evaluate(&model, &input, Targets::Classes(&TARGETS), false, &[layer]).expect("it runs");
    for (name, at_layer) in maps {
        let map = at_layer(layer, &found.layers[0]).expect("tokens are laid out");
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
    let request =
        reglet_model::Request { feeds: &[(graph.input(), &input)], fetches: &fetches, ..Default::default() };
    let around = graph.run(model.parameters(), &request).expect("it runs");
    let mut expected = Tensor::zeros([1, 1, 14, 14], (activation.kind(), activation.device()));
    for channel in 0..activation.size()[2] {
        let ablated = activation.copy();
        let _ = ablated.select(2, channel).zero_();
        let mut feeds: Vec<_> = fetches.iter().copied().zip(&around).skip(1).collect();
        feeds.push((layer, &ablated));
        let request =
            reglet_model::Request { feeds: &feeds, fetches: &[graph.output()], ..Default::default() };
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
        if !matches!(method.get().about().family, Family::Layers | Family::Rules) {
            continue;
        }
        let one = std::slice::from_ref(&method);
        match Method::attribute_all(one, &model, &input, Targets::Classes(&[1])) {
            Ok(found) => {
                let values = &found.computed[0].attribution.values;
                assert_eq!(values.size()[2..], [224, 224], "{}", method.name());
                assert!(values.isfinite().all().int64_value(&[]) == 1, "{}", method.name());
                assert!(values.abs().max().double_value(&[]) > 0.0, "{}", method.name());
            }
            Err(AttributionError::NoRule { .. }) => without_rules.push(method.name()),
            Err(error) => panic!("{}: {error}", method.name()),
        }
    }
    assert_eq!(without_rules, ["lrp"]);
}

#[test]
fn a_network_without_attention_is_answered_in_one_sentence() {
    let model = small_model(Architecture::ResNet18, 5);
    let input = Reference::read("models/resnet18").input();
    let error = AttentionRollout::default().attribute(&model, &input, &TARGETS).expect_err("no transformer");
    assert!(error.to_string().contains("this model has no attention; choose another method"), "{error}");
}
