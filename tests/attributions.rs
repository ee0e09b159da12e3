//! The methods against Captum's (`reference/make_attributions.py`).

use reglet_attribution::{
    Attribution, AttributionError, Baseline, DeepLift, GradCam, Gradients, InputXGradient,
    IntegratedGradients, Layer, Method, Noise, Quadrature, Saliency, Scores, Upsampling,
};
use reglet_model::{Architecture, Model, Targets};
use reglet_tests::{Reference, assert_close, distance, exact, for_convolutions, quick, small_model};
use tch::{Kind, Tensor};

/// A small model with its references: two examples of five classes, or one of a single logit.
struct Case {
    model: Model,
    reference: Reference,
    input: Tensor,
    targets: Vec<usize>,
}

impl Case {
    fn five_classes(architecture: Architecture) -> Case {
        let reference = Reference::read(&format!("attributions/{architecture}"));
        let (input, targets) = (reference.input(), reference.targets());
        Case { model: small_model(architecture, 5), reference, input, targets }
    }

    fn one_logit(architecture: Architecture, class: usize) -> Case {
        let reference = Reference::read(&format!("attributions/{architecture}-one-logit"));
        let input = reference.input();
        Case { model: small_model(architecture, 1), reference, input, targets: vec![class] }
    }

    /// In 64-bit floats, so that only what differs differs.
    fn in_64_bits(self) -> Case {
        Case { model: exact(self.model), input: self.input.to_kind(Kind::Double), ..self }
    }

    fn integrated(&self, method: &IntegratedGradients) -> Attribution {
        let scores = self.model.scores(&self.input, &self.targets).expect("it runs");
        method.attribute(&self.model, &self.input, &self.targets, &scores).expect("it runs")
    }

    fn expect(&self, name: &str, found: &Tensor, bound: f64) {
        assert_close(name, found, self.reference.tensor(name), bound);
    }
}

const BOTH: [Architecture; 2] = [Architecture::ResNet18, Architecture::MobileNetV2];

#[test]
fn saliency_and_input_x_gradient_are_captums() {
    for case in BOTH.map(Case::five_classes) {
        let found = Saliency::default().attribute(&case.model, &case.input, &case.targets).expect("it runs");
        case.expect("saliency", &found.values, 1e-5);
        let found = InputXGradient {}.attribute(&case.model, &case.input, &case.targets).expect("it runs");
        case.expect("input_x_gradient", &found.values, 1e-5);
    }
}

/// In 64-bit floats: in 32 bits a unit that comes close to its kink falls to one side or the other with every
/// rounding, and some unit does on most lines.
#[test]
fn integrated_gradients_are_captums_for_every_rule_and_baseline() {
    for architecture in BOTH {
        let case = Case::five_classes(architecture).in_64_bits();
        let rules = [
            (Quadrature::GaussLegendre, 50, Baseline::Zero, "gausslegendre.50.0.0"),
            (Quadrature::GaussLegendre, 50, Baseline::Value(0.3), "gausslegendre.50.0.3"),
            (Quadrature::Middle, 10, Baseline::Zero, "riemann_middle.10.0.0"),
            (Quadrature::Left, 10, Baseline::Zero, "riemann_left.10.0.0"),
            (Quadrature::Right, 10, Baseline::Zero, "riemann_right.10.0.0"),
        ];
        // The reference holds for MobileNetV2 only what 32-bit floats can tell (`reference/README.md`).
        let held = |name: &str| case.reference.holds(&format!("integrated_gradients.{name}"));
        for (quadrature, steps, baseline, name) in rules.into_iter().filter(|rule| held(rule.3)) {
            let found =
                case.integrated(&IntegratedGradients { steps, quadrature, baseline, ..Default::default() });
            case.expect(&format!("integrated_gradients.{name}"), &found.values, 1e-6);
            let gaps: Vec<f64> = found.gaps.expect("reported").iter().map(|gap| gap.absolute).collect();
            let expected: Vec<f64> =
                Vec::try_from(case.reference.tensor(&format!("delta.{name}"))).expect("one each");
            // The gap is a difference of sums that nearly cancel: its error is that of the sums.
            let size = found.values.abs().sum(Kind::Double).double_value(&[]);
            let error = gaps.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(error <= 1e-6 * size, "{name}: {gaps:?} {expected:?}");
        }
    }
}

/// On the line of this MobileNetV2 some unit is close to its kink at one point in ten, and falls to one side or the other with
/// every rounding, in libtorch's loops as in our own: of 200 points, 21 and 12 had another gradient than in 64-bit floats. The
/// integral of 50 points is therefore off by whatever number of them is hit. Between the kinks, gradients agree.
#[test]
fn integrated_gradients_are_captums_in_32_bits_as_far_as_those_can_tell() {
    let case = Case::five_classes(Architecture::ResNet18);
    let found = case.integrated(&IntegratedGradients::default());
    case.expect("integrated_gradients.gausslegendre.50.0.0", &found.values, 1e-5);

    let case = Case::five_classes(Architecture::MobileNetV2);
    let exact = Case::five_classes(Architecture::MobileNetV2).in_64_bits();
    let mut apart: Vec<f64> = (0..40)
        .map(|step| {
            let at = |case: &Case| {
                let input = &case.input * ((f64::from(step) + 0.5) / 40.0);
                let found = Saliency::default().attribute(&case.model, &input, &case.targets);
                found.expect("it runs").values.to_kind(Kind::Double)
            };
            let (found, expected) = (at(&case), at(&exact));
            (found - &expected).norm().double_value(&[]) / expected.norm().double_value(&[])
        })
        .collect();
    apart.sort_by(f64::total_cmp);
    assert!(apart[20] < 2e-6 && apart[31] < 1e-5, "{apart:?}");
}

/// Captum's trapezoid weighs n points by 1/n with halved ends, so its weights sum to (n − 1)/n and its
/// attributions fall short by that. Ours sum to 1.
#[test]
fn the_trapezoid_rule_differs_from_captums_by_exactly_its_fault() {
    let case = Case::five_classes(Architecture::ResNet18);
    let method = IntegratedGradients { steps: 10, quadrature: Quadrature::Trapezoid, ..Default::default() };
    let found = case.integrated(&method).values * (9.0 / 10.0);
    case.expect("integrated_gradients.riemann_trapezoid.10.0.0", &found, 1e-5);
}

/// Behind the first convolution and its batch norm, which are affine, gradients are taken at interpolated values;
/// whoever offers only gradients of the input gets the same map.
struct InputGradientsOnly<'a>(&'a Model);

impl Scores for InputGradientsOnly<'_> {
    fn scores(&self, inputs: &Tensor, targets: &[usize]) -> Result<Tensor, AttributionError> {
        self.0.scores(inputs, targets)
    }
}

impl Gradients for InputGradientsOnly<'_> {
    fn gradients(&self, inputs: &Tensor, targets: &[usize]) -> Result<(Tensor, Tensor), AttributionError> {
        self.0.gradients(inputs, targets)
    }
}

#[test]
fn the_affine_beginning_of_a_network_leaves_the_loop_and_changes_nothing() {
    for case in BOTH.map(|architecture| Case::five_classes(architecture).in_64_bits()) {
        let prefix = case.model.graph().affine_prefix().expect("a convolution comes first");
        let norm = if case.model.graph().layer("bn1").is_ok() { "bn1" } else { "features.0.1" };
        assert_eq!(case.model.graph().name(prefix), norm);
        let method = IntegratedGradients { steps: 12, ..IntegratedGradients::default() };
        let scores = case.model.scores(&case.input, &case.targets).expect("it runs");
        let plain = InputGradientsOnly(&case.model);
        let plain = method.attribute(&plain, &case.input, &case.targets, &scores).expect("it runs");
        assert_close("behind the prefix", &case.integrated(&method).values, &plain.values, 1e-9);
    }
}

/// Of any number of steps the attributions sum to the rise of the score.
#[test]
fn secants_are_complete() {
    for case in BOTH.map(|architecture| Case::five_classes(architecture).in_64_bits()) {
        for steps in [1, 20] {
            let method = IntegratedGradients {
                steps,
                quadrature: Quadrature::Secant,
                ..IntegratedGradients::default()
            };
            let gaps = case.integrated(&method).gaps.expect("reported");
            assert!(gaps.iter().all(|gap| gap.relative < 1e-9), "{steps}: {gaps:?}");
        }
    }
}

#[test]
fn secants_come_as_near_to_the_integral_as_twice_as_many_gradients() {
    let case = Case::five_classes(Architecture::ResNet18).in_64_bits();
    let map = |quadrature, steps| {
        case.integrated(&IntegratedGradients { steps, quadrature, ..Default::default() }).values
    };
    let exact = map(Quadrature::Graded, 2048);
    for steps in [32, 64] {
        let [secants, gradients] = [(Quadrature::Secant, steps), (Quadrature::Graded, 2 * steps)]
            .map(|(quadrature, steps)| distance(&map(quadrature, steps), &exact));
        assert!(secants < gradients && secants < 0.02, "{steps}: {secants} {gradients}");
    }
}

/// Between the baseline and the input alone, secants are DeepLIFT's Rescale rule; MobileNetV2 has no maximum, of which
/// DeepLIFT has another.
#[test]
fn one_secant_is_deep_lift() {
    let case = Case::five_classes(Architecture::MobileNetV2).in_64_bits();
    let method = IntegratedGradients { steps: 1, quadrature: Quadrature::Secant, ..Default::default() };
    let lift = DeepLift::default().attribute(&case.model, &case.input, &case.targets).expect("it runs");
    assert_close("one secant", &case.integrated(&method).values, &lift.values, 1e-9);
}

/// Whoever offers only gradients has one at the middle of each step.
#[test]
fn without_secants_there_are_gradients() {
    let case = Case::five_classes(Architecture::ResNet18).in_64_bits();
    let scores = case.model.scores(&case.input, &case.targets).expect("it runs");
    let method = IntegratedGradients { steps: 48, quadrature: Quadrature::Secant, ..Default::default() };
    let plain = InputGradientsOnly(&case.model);
    let plain = method.attribute(&plain, &case.input, &case.targets, &scores).expect("it runs");
    let apart = distance(&plain.values, &case.integrated(&method).values);
    assert!(apart > 1e-4 && apart < 0.2, "{apart}");
}

#[test]
fn a_tolerance_brings_the_map_that_close() {
    let case = Case::five_classes(Architecture::ResNet18);
    let exact = IntegratedGradients { steps: 2048, quadrature: Quadrature::Middle, ..Default::default() };
    let exact = case.integrated(&exact);
    for tolerance in [0.2, 0.05] {
        let method = IntegratedGradients { tolerance: Some(tolerance), ..IntegratedGradients::default() };
        let found = case.integrated(&method);
        for row in 0..2 {
            let distance = distance(&found.values.get(row), &exact.values.get(row));
            assert!(distance < tolerance, "{tolerance}: {distance}");
            let gap = found.gaps.as_ref().expect("reported")[row as usize].relative;
            assert!(gap <= tolerance * 1.001, "{tolerance}: gap {gap}");
        }
    }
    for tolerance in [0.0, 1.0, f64::NAN] {
        let method = IntegratedGradients { tolerance: Some(tolerance), ..IntegratedGradients::default() };
        let scores = case.model.scores(&case.input, &case.targets).expect("it runs");
        let fault = method.attribute(&case.model, &case.input, &case.targets, &scores);
        assert!(fault.expect_err("no tolerance").to_string().contains("less than 1"));
    }
}

#[test]
fn grad_cam_is_captums_at_the_layer_and_at_the_input() {
    for case in BOTH.map(Case::five_classes) {
        for (layer, name) in
            [(case.reference.text("layer"), ""), (case.reference.text("early_layer"), ".early")]
        {
            let evaluation = case
                .model
                .evaluate(
                    &case.input,
                    Targets::Classes(&case.targets),
                    false,
                    &[case.model.graph().layer(layer).expect("there")],
                )
                .expect("it runs");
            let found =
                GradCam::default().at_layer(&Layer::new(layer), &evaluation.layers[0]).expect("spatial");
            case.expect(&format!("grad_cam{name}"), &found, 2e-5);
        }
        let found = GradCam::default().attribute(&case.model, &case.input, &case.targets).expect("it runs");
        case.expect("grad_cam.bilinear", &found.values, 2e-5);
        let nearest = GradCam { upsampling: Upsampling::Nearest, ..GradCam::default() };
        let found = nearest.attribute(&case.model, &case.input, &case.targets).expect("it runs");
        case.expect("grad_cam.nearest", &found.values, 2e-5);
    }
}

/// A baseline of each input's own, and one that is shared: the score there is what completeness is measured
/// from, and an input explained alone begins where it begins in a batch.
#[test]
fn baselines_are_those_of_each_input() {
    let case = Case::five_classes(Architecture::ResNet18);
    for baseline in [Baseline::Blurred(4.0), Baseline::Noise(Noise { seed: 5, deviation: 0.5 })] {
        let method = IntegratedGradients { steps: 20, baseline, ..IntegratedGradients::default() };
        let together = case.integrated(&method);
        let baselines = method.baseline.tensor(&case.model, &case.input).expect("it is made");
        let from = case.model.scores(&baselines.expand_as(&case.input), &case.targets).expect("it runs");
        let scores = case.model.scores(&case.input, &case.targets).expect("it runs");
        let sums = together.values.sum_dim_intlist([1_i64, 2, 3].as_slice(), false, Kind::Double);
        for row in 0..2 {
            let expected = (sums.get(row) - (scores.get(row) - from.get(row))).double_value(&[]);
            let gap = together.gaps.as_ref().expect("reported")[row as usize].absolute;
            assert!((gap - expected).abs() < 1e-5, "{:?}: {gap} {expected}", method.baseline);
            let (input, target) = (case.input.narrow(0, row, 1), &case.targets[row as usize..][..1]);
            let alone = method.attribute(&case.model, &input, target, &scores.narrow(0, row, 1));
            let alone = alone.expect("it runs").values;
            assert_close("alone", &alone, &together.values.narrow(0, row, 1), 1e-5);
        }
    }
}

#[test]
fn a_single_logit_is_explained_for_either_class() {
    for architecture in BOTH {
        for (class, sign) in [(1, ""), (0, ".negative")] {
            let case = Case::one_logit(architecture, class);
            let expect = |name: &str, found: &Attribution, bound| {
                case.expect(&format!("{name}{sign}"), &found.values, bound);
            };
            let saliency = Saliency::default().attribute(&case.model, &case.input, &case.targets);
            expect("saliency", &saliency.expect("it runs"), 1e-5);
            let grad_cam = GradCam::default().attribute(&case.model, &case.input, &case.targets);
            expect("grad_cam.bilinear", &grad_cam.expect("it runs"), 2e-5);
            let case = case.in_64_bits();
            let integrated = case.integrated(&IntegratedGradients::default());
            let name = format!("integrated_gradients.gausslegendre.50.0.0{sign}");
            case.expect(&name, &integrated.values, 1e-6);
        }
    }
}

#[test]
fn methods_together_equal_methods_alone_and_share_one_evaluation() {
    let case = Case::five_classes(Architecture::ResNet18).in_64_bits();
    let methods: Vec<Method> = for_convolutions().iter().map(quick).collect();
    let together = Method::attribute_all(&methods, &case.model, &case.input, Targets::Classes(&case.targets))
        .expect("it runs");
    assert_eq!(together.computed.len(), methods.len());
    for (method, computed) in methods.iter().zip(&together.computed) {
        let one = std::slice::from_ref(method);
        let alone = Method::attribute_all(one, &case.model, &case.input, Targets::Classes(&case.targets))
            .expect("it runs");
        let difference = distance(&computed.attribution.values, &alone.computed[0].attribution.values);
        assert!(difference < 1e-5, "{}: {difference:.1e}", method.name());
    }
}

#[test]
fn batches_equal_single_pictures() {
    let case = Case::five_classes(Architecture::ResNet18).in_64_bits();
    for method in for_convolutions().iter().map(quick) {
        let name = method.name().to_owned();
        let methods = [method];
        let run = |input: &Tensor, targets: &[usize]| {
            let found = Method::attribute_all(&methods, &case.model, input, Targets::Classes(targets));
            found.expect("it runs").computed.remove(0).attribution.values
        };
        let together = run(&case.input, &case.targets);
        for row in 0..2 {
            let alone = run(&case.input.narrow(0, row, 1), &case.targets[row as usize..][..1]);
            assert_close(&name, &alone, &together.narrow(0, row, 1), 1e-5);
        }
    }
}

#[test]
fn the_gradient_is_the_limit_of_finite_differences() {
    let case = Case::five_classes(Architecture::ResNet18);
    let signed = Saliency { absolute: false };
    let gradient = signed.attribute(&case.model, &case.input, &case.targets).expect("it runs").values;
    // Along the gradient's own direction the slope is its norm, far above the rounding of two scores.
    let step = 1e-2;
    let norm = gradient.norm_scalaropt_dim(2, [1_i64, 2, 3].as_slice(), true);
    let direction = &gradient / &norm;
    let at = |sign: f64| {
        let moved = &case.input + &direction * (sign * step);
        case.model.scores(&moved, &case.targets).expect("it runs")
    };
    let slope = (at(1.0) - at(-1.0)) / (2.0 * step);
    assert_close("slope", &slope, &norm.view([-1]), 1e-2);
}

#[test]
fn the_default_layer_is_the_models_choice() {
    let case = Case::five_classes(Architecture::ResNet18);
    assert_eq!(case.model.grad_cam_layer(), case.reference.text("layer"));
}
