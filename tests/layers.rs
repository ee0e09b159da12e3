//! Methods at a layer against pytorch-grad-cam's and Captum's (`reference/make_methods.py`).

use std::slice;

use reglet_attribution::{
    AblationCam, Attribution, AttributionError, EigenCam, FullGrad, GradCamPlusPlus, GuidedGradCam, HiResCam,
    InternalInfluence, Layer, LayerActivation, LayerCam, LayerConductance, LayerIntegratedGradients, Layers,
    Operators, ScoreCam, Scores, Upsampling, XGradCam,
};
use reglet_model::{Architecture, LayerEvaluation, Model, Targets};
use reglet_tests::{Reference, assert_close, exact, plain_model, small_input, small_model};
use tch::{Kind, Tensor};

const TARGETS: [usize; 2] = [1, 3];

/// The references are of 64-bit floats, rounded to 32.
const BOUND: f64 = 1e-6;

fn plain() -> (Model, Tensor, Reference) {
    (plain_model(5), small_input("plain", 2, 16), Reference::read("methods/layers"))
}

/// What makes a map at the layer's own size.
type AtLayer = fn(&Layer, &LayerEvaluation) -> Result<Tensor, AttributionError>;

#[test]
fn class_activation_maps_are_pytorch_grad_cams() {
    let (model, input, reference) = plain();
    let maps: [(&str, AtLayer); 5] = [
        ("grad_cam_plus_plus", |layer, values| GradCamPlusPlus::default().at_layer(layer, values)),
        ("x_grad_cam", |layer, values| XGradCam::default().at_layer(layer, values)),
        ("hi_res_cam", |layer, values| HiResCam::default().at_layer(layer, values)),
        ("layer_cam", |layer, values| LayerCam::default().at_layer(layer, values)),
        ("eigen_cam", |layer, values| EigenCam::default().at_layer(layer, values)),
    ];
    for layer in ["conv3", "relu3"] {
        let layer = model.layer(Some(layer)).expect("there");
        let found =
            Layers::evaluate(&model, &input, Targets::Classes(&TARGETS), false, slice::from_ref(&layer))
                .expect("it runs");
        for (name, at_layer) in maps {
            let name = format!("{layer}.{name}");
            let map = at_layer(&layer, &found.layers[0]).expect("spatial");
            assert_close(&name, &map, reference.tensor(&name), BOUND);
        }
    }
}

#[test]
fn score_cam_is_pytorch_grad_cams() {
    let (model, input, reference) = plain();
    for layer in ["conv3", "relu3"] {
        let method = ScoreCam { layer: Some(layer.to_owned()), ..ScoreCam::default() };
        let map = method.at_layer(&model, &input, &TARGETS).expect("it runs");
        assert_close(layer, &map, reference.tensor(&format!("{layer}.score_cam")), BOUND);
    }
}

#[test]
fn ablation_cam_is_pytorch_grad_cams_where_that_ablates_by_zeros() {
    let (model, input, reference) = plain();
    let method = AblationCam { layer: Some("relu3".to_owned()), ..AblationCam::default() };
    let map = method.at_layer(&model, &input, &[0, 4]).expect("it runs");
    assert_close("relu3", &map, reference.tensor("relu3.ablation_cam"), BOUND);
}

/// Whoever lost less than nothing would be called evidence for the target: the paper divides by the score, not by its
/// magnitude, so its maps of negative scores are turned round. Behind a layer that is all linear, leaving out a channel
/// loses just that channel's part of the score.
#[test]
fn ablation_cam_keeps_its_signs_where_the_score_is_negative() {
    let (model, input, _) = plain();
    let layer = Some("relu3".to_owned());
    let scores = model.scores(&input, &TARGETS).expect("it runs");
    assert!(scores.max().double_value(&[]) < 0.0, "the scores are to be negative");
    let found = Layers::evaluate(&model, &input, Targets::Classes(&TARGETS), false, &[Layer::new("relu3")])
        .expect("it runs");
    let LayerEvaluation { activation, gradient } = &found.layers[0];
    let parts = (activation * gradient).sum_dim_intlist([2_i64, 3].as_slice(), true, Kind::Double);
    let expected =
        (parts / scores.abs().view([-1, 1, 1, 1]) * activation).sum_dim_intlist(1, true, Kind::Double);
    let map =
        AblationCam { layer, ..AblationCam::default() }.at_layer(&model, &input, &TARGETS).expect("it runs");
    assert_close("signs", &map, &expected, 1e-9);
}

#[test]
fn full_grad_is_pytorch_grad_cams_without_its_rescaling() {
    let (model, input, reference) = plain();
    let found = FullGrad::default().attribute(&model, &input, &TARGETS).expect("it runs");
    assert_close("full_grad", &found.values, reference.tensor("full_grad"), BOUND);
}

/// Every bias counts, and so does every use of a shared module: the signed parts sum to the score.
#[test]
fn full_grads_parts_sum_to_the_score() {
    for model in [plain_model(5), exact(small_model(Architecture::ResNet18, 5))] {
        let found =
            FullGrad::default().attribute(&model, &small_input("input", 2, 32), &TARGETS).expect("it runs");
        let gaps = found.gaps.expect("reported");
        assert!(gaps.iter().all(|gap| gap.relative < 1e-9), "{gaps:?}");
    }
}

#[test]
fn guided_grad_cam_and_the_layers_path_methods_are_captums() {
    let (model, input, reference) = plain();
    let layer = Some("conv3".to_owned());
    let expect = |name: &str, found: &Tensor| {
        let name = format!("conv3.{name}");
        assert_close(&name, found, reference.tensor(&name), BOUND);
    };
    let method = GuidedGradCam { layer: layer.clone(), ..GuidedGradCam::default() };
    expect("guided_grad_cam", &method.attribute(&model, &input, &TARGETS).expect("it runs").values);
    expect("layer_activation", &Layers::activation(&model, &input, &Layer::new("conv3")).expect("it runs"));
    let method = InternalInfluence { layer: layer.clone(), ..InternalInfluence::default() };
    expect("internal_influence", &method.at_layer(&model, &input, &TARGETS).expect("it runs"));
    let method = LayerIntegratedGradients { layer: layer.clone(), ..LayerIntegratedGradients::default() };
    expect("layer_integrated_gradients", &method.at_layer(&model, &input, &TARGETS).expect("it runs").0);
    // Captum's trapezoid has one place more than steps, as ours has.
    let method = LayerConductance { layer, ..LayerConductance::default() };
    expect("layer_conductance", &method.at_layer(&model, &input, &TARGETS).expect("it runs"));
}

/// Inside a residual block the shortcut leads around the layer. What goes that way is kept, so the integral is complete
/// for what the layer alone does.
#[test]
fn a_layers_integral_is_complete_beside_a_shortcut() {
    let model = exact(small_model(Architecture::ResNet18, 5));
    let input = small_input("input", 2, 32);
    let layer = Some("layer2.1.conv1".to_owned());
    let method = LayerIntegratedGradients { layer, steps: 400, ..LayerIntegratedGradients::default() };
    let found = method.attribute(&model, &input, &TARGETS).expect("it runs");
    let gaps = found.gaps.expect("reported");
    assert!(gaps.iter().all(|gap| gap.relative < 1e-2), "{gaps:?}");
}

type Attribute = fn(&dyn Operators, &Tensor, &[usize]) -> Result<Attribution, AttributionError>;

#[test]
fn batches_equal_single_pictures() {
    let model = exact(small_model(Architecture::ResNet18, 5));
    let input = small_input("input", 2, 32);
    let methods: [(&str, Attribute); 6] = [
        // At a layer of one place every mask is constant, and bringing it to 0…1 is dividing rounding by rounding.
        ("Score-CAM", |m, x, t| {
            ScoreCam { layer: Some("layer2".to_owned()), ..ScoreCam::default() }.attribute(m, x, t)
        }),
        ("Ablation-CAM", |m, x, t| AblationCam::default().attribute(m, x, t)),
        ("FullGrad", |m, x, t| FullGrad::default().attribute(m, x, t)),
        ("Eigen-CAM", |m, x, t| {
            EigenCam { layer: Some("layer2".to_owned()), ..EigenCam::default() }.attribute(m, x, t)
        }),
        ("layer IG", |m, x, t| LayerIntegratedGradients::default().attribute(m, x, t)),
        ("conductance", |m, x, t| LayerConductance::default().attribute(m, x, t)),
    ];
    for (name, attribute) in methods {
        let together = attribute(&model, &input, &TARGETS).expect("it runs").values;
        for row in 0..2 {
            let alone =
                attribute(&model, &input.narrow(0, row, 1), &TARGETS[row as usize..][..1]).expect("it runs");
            assert_close(name, &alone.values, &together.narrow(0, row, 1), 1e-9);
        }
    }
}

#[test]
fn a_layer_without_height_and_width_is_refused() {
    let (model, input, _) = plain();
    let method = LayerActivation { layer: Some("fc".to_owned()), upsampling: Upsampling::Bilinear };
    let fault = method.attribute(&model, &input, &TARGETS).expect_err("refused").to_string();
    assert!(fault.contains("'fc' returns the shape [2, 5]"), "{fault}");
}
