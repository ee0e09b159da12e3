//! Methods with backward rules of their own against Captum's and zennit's (`reference/make_methods.py`).

use reglet_attribution::{
    Attribution, AttributionError, Baseline, Deconvolution, DeepLift, DeepLiftShap, GuidedBackprop, Lrp,
    LrpComposite, LrpRule, LrpRules, Operators, Saliency, Scores,
};
use reglet_model::{Architecture, Model};
use reglet_tests::{
    Reference, assert_close, averaging_model, distance, exact, plain_model, small_input, small_model,
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
