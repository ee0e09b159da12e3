//! Methods with backward rules of their own against Captum's and zennit's (`reference/make_methods.py`).

use reglet_attribution::{
    Attribution, AttributionError, Baseline, Deconvolution, DeepLift, DeepLiftRule, DeepLiftShap, FullGrad,
    GuidedBackprop, GuidedGradCam, Lrp, LrpComposite, LrpRule, LrpRules, Operators, Saliency, Scores,
};
use reglet_data::{Geometry, Size};
use reglet_model::{
    Activation, Architecture, Graph, Layout, Model, Op, Parameters, Preprocessing, Provenance, Reduction,
    Rewrite, ScoreKind,
};
use reglet_tests::{
    Reference, assert_close, averaging_model, distance, exact, plain_model, small_input, small_model,
    synthetic_parameters,
};
use tch::{Kind, Tensor};

/// A network in 64-bit floats with its input and targets. `resnet18` uses its in-place ReLUs twice and sums
/// residuals; the reference was made with a module for each use, because hooks miss what is shared.
struct Case {
    name: &'static str,
    model: Model,
    input: Tensor,
    targets: Vec<usize>,
}

fn cases() -> [Case; 2] {
    let resnet18 = exact(small_model(Architecture::ResNet18, 5));
    [
        Case {
            name: "plain",
            model: plain_model(5),
            input: small_input("plain", 2, 16),
            targets: vec![1, 3],
        },
        Case { name: "resnet18", model: resnet18, input: small_input("resnet18", 1, 32), targets: vec![1] },
    ]
}

type Attribute<'a> = &'a dyn Fn(&dyn Operators, &Tensor, &[usize]) -> Result<Attribution, AttributionError>;

impl Case {
    fn values(&self, attribute: Attribute) -> Tensor {
        attribute(&self.model, &self.input, &self.targets).expect("it runs").values
    }

    /// The references are of 64-bit floats, rounded to 32.
    fn expect(&self, reference: &Reference, name: &str, attribute: Attribute) {
        let name = format!("{}.{name}", self.name);
        assert_close(&name, &self.values(attribute), reference.tensor(&name), 1e-6);
    }
}

#[test]
fn guided_backpropagation_and_deconvolution_are_captums() {
    let reference = Reference::read("methods/rules");
    for case in cases() {
        case.expect(&reference, "guided_backprop", &|m, x, t| GuidedBackprop::default().attribute(m, x, t));
        case.expect(&reference, "deconvolution", &|m, x, t| Deconvolution::default().attribute(m, x, t));
    }
}

/// Captum's rules are for `nn.ReLU` alone, so in a MobileNet, whose rectifiers are ReLU6, its guided
/// backpropagation is the gradient. Ours is not.
#[test]
fn relu6_is_guided_too() {
    let model = exact(small_model(Architecture::MobileNetV2, 5));
    let input = small_input("input", 1, 32);
    let guided = GuidedBackprop::default().attribute(&model, &input, &[1]).expect("it runs").values;
    let gradient = Saliency { absolute: false }.attribute(&model, &input, &[1]).expect("it runs").values;
    assert!(distance(&guided, &gradient) > 0.1);
}

/// Captum's rule for max pooling is not complete, so this network pools by means (`reference/make_methods.py`).
#[test]
fn deep_lift_is_captums_where_nothing_is_pooled_by_maximum() {
    let reference = Reference::read("methods/rules");
    let [plain, _] = cases();
    let plain = Case { name: "averages", model: averaging_model(5), ..plain };
    plain.expect(&reference, "deep_lift", &|m, x, t| DeepLift::default().attribute(m, x, t));
    let lifted = DeepLift { baseline: Baseline::Value(0.3), ..DeepLift::default() };
    plain.expect(&reference, "deep_lift.0.3", &|m, x, t| lifted.attribute(m, x, t));
    let baselines = [-0.5, 0.0, 0.7].map(Baseline::Value).to_vec();
    let shap = DeepLiftShap { baselines };
    plain.expect(&reference, "deep_lift_shap", &|m, x, t| shap.attribute(m, x, t));
}

/// ResNet-18 has all that breaks Captum's DeepLIFT: ReLU modules used twice and in place, sums, and max pooling.
/// Completeness tells.
#[test]
fn deep_lift_is_complete_in_networks_that_share_modules_and_pool_by_maximum() {
    let [resnet, mobilenet] =
        [Architecture::ResNet18, Architecture::MobileNetV2].map(|name| exact(small_model(name, 5)));
    for model in [plain_model(5), resnet, mobilenet] {
        let input = small_input("input", 2, 32);
        for baseline in [Baseline::Zero, Baseline::White, Baseline::Value(-0.4)] {
            let method = DeepLift { baseline: baseline.clone(), ..DeepLift::default() };
            let found = method.attribute(&model, &input, &[1, 4]).expect("it runs");
            let reference = baseline.tensor(&model, &input).expect("plain").expand_as(&input);
            let rise = model.scores(&input, &[1, 4]).expect("it runs")
                - model.scores(&reference, &[1, 4]).expect("it runs");
            let sums = found.values.sum_dim_intlist([1_i64, 2, 3].as_slice(), false, Kind::Double);
            assert_close("the sum", &sums, &rise, 1e-9);
            assert!(found.gaps.expect("reported").iter().all(|gap| gap.relative < 1e-9));
        }
    }
}

#[test]
fn relevance_propagation_is_zennits_for_every_composite() {
    let reference = Reference::read("methods/rules");
    let composites = [
        ("epsilon", LrpComposite::Epsilon),
        ("epsilon_plus", LrpComposite::EpsilonPlus),
        ("epsilon_plus_flat", LrpComposite::EpsilonPlusFlat),
        ("epsilon_gamma_box", LrpComposite::EpsilonGammaBox),
        ("epsilon_alpha2_beta1", LrpComposite::EpsilonAlpha2Beta1),
    ];
    for case in cases() {
        for (name, composite) in &composites {
            let method = Lrp { composite: composite.clone(), ..Lrp::default() };
            case.expect(&reference, &format!("lrp.{name}"), &|m, x, t| method.attribute(m, x, t));
        }
    }
}

#[test]
fn relevance_propagation_is_zennits_for_every_rule() {
    let reference = Reference::read("methods/rules");
    let [plain, _] = cases();
    let rules = [
        ("w_square", LrpRule::WSquare),
        ("flat", LrpRule::Flat),
        ("gamma", LrpRule::Gamma(0.5)),
        ("z_plus", LrpRule::ZPlus),
        ("z_plus", LrpRule::AlphaBeta { alpha: 1.0, beta: 0.0 }),
    ];
    for (name, rule) in rules {
        let composite = LrpComposite::Rules(LrpRules { first: None, convolution: rule, linear: rule });
        let method = Lrp { composite, ..Lrp::default() };
        plain.expect(&reference, &format!("lrp.{name}"), &|m, x, t| method.attribute(m, x, t));
    }
}

/// Below the last layer, where the bias takes its share of the score, these rules give biases nothing and lose nothing.
#[test]
fn relevance_is_conserved() {
    for case in cases() {
        let flat = LrpComposite::Rules(LrpRules {
            first: None,
            convolution: LrpRule::WSquare,
            linear: LrpRule::Epsilon(1e-12),
        });
        let values =
            case.values(&|m, x, t| Lrp { composite: flat.clone(), stabiliser: 1e-12 }.attribute(m, x, t));
        let sums = values.sum_dim_intlist([1_i64, 2, 3].as_slice(), false, Kind::Double);
        let scores = case.model.scores(&case.input, &case.targets).expect("it runs");
        let bias = case.model.parameters().tensors().last().expect("that of `fc`");
        let bias = bias.index_select(
            0,
            &Tensor::from_slice(&case.targets.iter().map(|&t| t as i64).collect::<Vec<_>>()),
        );
        assert_close(case.name, &sums, &(scores - bias), 1e-6);
    }
}

#[test]
fn unsound_parameters_are_refused() {
    let [plain, _] = cases();
    let refused = |composite, stabiliser: f64| {
        let method = Lrp { composite, stabiliser };
        method.attribute(&plain.model, &plain.input, &plain.targets).expect_err("refused").to_string()
    };
    assert!(refused(LrpComposite::Epsilon, 0.0).contains("stabiliser is 0, but must be more than 0"));
    let rule = LrpRule::AlphaBeta { alpha: 2.0, beta: 2.0 };
    let rules = LrpRules { first: None, convolution: rule, linear: LrpRule::Flat };
    assert!(refused(LrpComposite::Rules(rules), 1e-6).contains("alpha_beta is 2 and 2"));
}

/// min(x, y) = x − max(0, x − y), from a reference of zero (Shrikumar et al., 2017, section 3.5.2): Rescale gives all of it to the
/// smaller number, RevealCancel half to each, as the Shapley value does.
#[test]
fn reveal_cancel_shares_a_minimum() {
    let (mut graph, input) = Graph::new();
    let flat = graph.call("flatten", Op::Layout(Layout::Flatten { start: 1, end: -1 }), &[input]);
    let difference = graph.parameter("difference.weight", &[2, 2], true);
    let both = graph.call("difference", Op::Linear, &[flat, difference]);
    let rectified = graph.call("relu", Op::Activation(Activation::Relu), &[both]);
    let weight = graph.parameter("fc.weight", &[2, 2], true);
    let output = graph.call("fc", Op::Linear, &[rectified, weight]);
    graph.set_output(output);
    // Hidden: x − y and x, which is not negative here. Class 0: their difference.
    let weights = [[1.0, -1.0, 1.0, 0.0], [-1.0, 1.0, 0.0, 0.0_f64]];
    let parameters = Parameters::from_tensors(weights.map(|w| Tensor::from_slice(&w).view([2, 2])).into());
    let geometry = Geometry::to(Size { width: 2, height: 1 });
    let (mean, std) = Preprocessing::AS_IS;
    let preprocessing = Preprocessing { geometry, mean, std };
    let model = Model::new(graph, parameters, None, preprocessing, Provenance::of("a difference"));
    let model = model.expect("two classes");
    for (x, y, shares) in [(3.0, 1.0, [0.5, 0.5]), (1.0, 4.0, [0.5, 0.5])] {
        let input = Tensor::from_slice(&[x, y]).view([1, 1, 1, 2]);
        let method = DeepLift { rule: DeepLiftRule::RevealCancel, ..DeepLift::default() };
        let found = method.attribute(&model, &input, &[0]).expect("it runs");
        assert_close("shares", &found.values.view([-1]), &Tensor::from_slice(&shares), 1e-12);
        assert!(found.gaps.expect("reported")[0].absolute.abs() < 1e-12);
        let found = DeepLift::default().attribute(&model, &input, &[0]).expect("it runs").values;
        let smaller = if x < y { [x, 0.0] } else { [0.0, y] };
        assert_close("all to the smaller", &found.view([-1]), &Tensor::from_slice(&smaller), 1e-12);
    }
}

#[test]
fn reveal_cancel_is_complete_in_networks_of_all_kinds() {
    let [resnet, mobilenet] =
        [Architecture::ResNet18, Architecture::MobileNetV2].map(|name| exact(small_model(name, 5)));
    for model in [plain_model(5), averaging_model(5), resnet, mobilenet] {
        let input = small_input("input", 2, if model.graph().layer("conv3").is_ok() { 16 } else { 32 });
        let method = DeepLift { rule: DeepLiftRule::RevealCancel, ..DeepLift::default() };
        let found = method.attribute(&model, &input, &[1, 4]).expect("it runs");
        assert!(
            found.gaps.as_ref().expect("reported").iter().all(|gap| gap.relative < 1e-9),
            "{:?}",
            found.gaps
        );
        let rescaled = DeepLift::default().attribute(&model, &input, &[1, 4]).expect("it runs").values;
        assert!(distance(&found.values, &rescaled) > 1e-3, "another rule has another result");
    }
}

/// A network whose pictures become tokens behind a batch norm, so that the gradient which comes back to it lies in memory
/// as tokens do.
fn tokens_behind_a_norm() -> Model {
    let (mut g, mut x) = Graph::new();
    let weight = g.parameter("conv.weight", &[16, 3, 3, 3], true);
    let op = Op::Conv2d { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 };
    x = g.call("conv", op, &[x, weight]);
    let mut norm = vec![x];
    for (leaf, trainable) in
        [("weight", true), ("bias", true), ("running_mean", false), ("running_var", false)]
    {
        norm.push(g.parameter(format!("bn.{leaf}"), &[16], trainable));
    }
    x = g.call("bn", Op::BatchNorm { eps: 1e-5, momentum: 0.1 }, &norm);
    x = g.call("", Layout::Flatten { start: 2, end: -1 }, &[x]);
    x = g.call("", Layout::Transpose { dims: [1, 2] }, &[x]);
    let [weight, bias] = [g.parameter("fc.weight", &[5, 16], true), g.parameter("fc.bias", &[5], true)];
    x = g.call("fc", Op::Linear, &[x, weight, bias]);
    x = g.call("act", Activation::Relu, &[x]);
    x = g.call("", Reduction::Mean { dims: vec![1], keep: false }, &[x]);
    g.set_output(x);
    let parameters = synthetic_parameters(&g);
    Model::new(g, parameters, None, Preprocessing::default(), Provenance::of("tokens"))
        .expect("the labels are the indices")
}

/// libtorch's own derivative of batch norm takes such a gradient of one picture for another; of two pictures it does not.
#[test]
fn a_picture_alone_gets_the_map_that_it_gets_among_others() {
    let mut model = tokens_behind_a_norm();
    let input = small_input("plain", 2, 4).to_kind(Kind::Float);
    for rewrites in [&[][..], &Rewrite::DEFAULT] {
        model.set_rewrites(rewrites).expect("known ones");
        let methods: [(&str, Attribute); 4] = [
            ("saliency", &|m, x, t| Saliency::default().attribute(m, x, t)),
            ("guided_backprop", &|m, x, t| GuidedBackprop::default().attribute(m, x, t)),
            ("deconvolution", &|m, x, t| Deconvolution::default().attribute(m, x, t)),
            ("deep_lift", &|m, x, t| DeepLift::default().attribute(m, x, t)),
        ];
        for (name, attribute) in methods {
            let together = attribute(&model, &input, &[1, 1]).expect("it runs").values;
            for row in 0..2 {
                let alone = attribute(&model, &input.narrow(0, row, 1), &[1]).expect("it runs").values;
                assert_close(&format!("{name}, {rewrites:?}"), &alone, &together.narrow(0, row, 1), 1e-5);
            }
        }
    }
}

/// A probability and a margin over several other classes are not linear in the logits.
#[test]
fn deep_lift_is_complete_for_scores_that_are_not_linear_in_the_logits() {
    let mut model = plain_model(5);
    let input = small_input("input", 2, 16) * 8.0;
    for score in [ScoreKind::Margin, ScoreKind::Probability] {
        model.set_score(score);
        for rule in [DeepLiftRule::Rescale, DeepLiftRule::RevealCancel] {
            let found = DeepLift { rule, ..DeepLift::default() }.attribute(&model, &input, &[1, 4]);
            let gaps = found.expect("it runs").gaps.expect("reported");
            assert!(gaps.iter().all(|gap| gap.relative < 1e-9), "{score:?}: {gaps:?}");
        }
    }
}

/// As `torch.nn.BatchNorm2d(affine=False)` is exported: its inputs are only the mean and the variance.
fn behind_a_norm_without_weights() -> Model {
    let (mut graph, input) = Graph::new();
    let mean = graph.parameter("bn.running_mean", &[1], false);
    let variance = graph.parameter("bn.running_var", &[1], false);
    let norm = Op::BatchNorm { eps: 1e-5, momentum: 0.1 };
    let normal = graph.call("bn", norm, &[input, mean, variance]);
    let rectified = graph.call("relu", Op::Activation(Activation::Relu), &[normal]);
    let flat = graph.call("flatten", Op::Layout(Layout::Flatten { start: 1, end: -1 }), &[rectified]);
    let weight = graph.parameter("fc.weight", &[5, 16], true);
    let output = graph.call("fc", Op::Linear, &[flat, weight]);
    graph.set_output(output);
    let parameters = synthetic_parameters(&graph);
    let geometry = Geometry::to(Size { width: 4, height: 4 });
    let (mean, std) = Preprocessing::AS_IS;
    let preprocessing = Preprocessing { geometry, mean, std };
    exact(Model::new(graph, parameters, None, preprocessing, Provenance::of("a norm")).expect("five classes"))
}

#[test]
fn a_norm_without_weights_is_no_obstacle() {
    let (model, input) = (behind_a_norm_without_weights(), small_input("input", 2, 4).narrow(1, 0, 1));
    for rule in [DeepLiftRule::Rescale, DeepLiftRule::RevealCancel] {
        let found = DeepLift { rule, ..DeepLift::default() }.attribute(&model, &input, &[1, 4]);
        let gaps = found.expect("it runs").gaps.expect("reported");
        assert!(gaps.iter().all(|gap| gap.relative < 1e-9), "{gaps:?}");
    }
    let gaps = FullGrad::default().attribute(&model, &input, &[1, 4]).expect("it runs").gaps;
    assert!(gaps.as_ref().is_some_and(|gaps| gaps.iter().all(|gap| gap.relative < 1e-9)), "{gaps:?}");
}

/// In a network of GELUs they would be the plain gradient under another name.
#[test]
fn rules_for_rectifiers_refuse_a_network_without_any() {
    let model = exact(small_model(Architecture::ConvNextTiny, 5));
    let input = small_input("input", 1, 32);
    let refusals = [
        GuidedBackprop::default().attribute(&model, &input, &[1]),
        Deconvolution::default().attribute(&model, &input, &[1]),
        GuidedGradCam::default().attribute(&model, &input, &[1]),
    ];
    for found in refusals {
        assert!(matches!(found, Err(AttributionError::NoRectifier { .. })), "{found:?}");
    }
}
