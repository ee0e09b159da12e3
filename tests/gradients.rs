//! Methods that walk or scatter gradients against Captum's and PAIR's (`reference/make_methods.py`).

use reglet_attribution::{
    Attribution, AttributionError, Baseline, BlurIntegratedGradients, Deviation, GradientShap,
    GuidedIntegratedGradients, Idgi, IntegratedGradients, Method, Operators, PathSample, Quadrature,
    Saliency, Scores, Segmentation, SmoothGrad, SmoothGradSquared, VarGrad, Xrai,
};
use reglet_model::{Architecture, Graph, Layout, Model, Op, Parameters, Preprocessing, Provenance};
use reglet_tests::{Reference, assert_close, exact, plain_model, small_input, small_model};
use tch::{Kind, Tensor};

const TARGETS: [usize; 2] = [1, 3];

fn plain() -> (Model, Tensor, Reference) {
    (plain_model(5), small_input("plain", 2, 16), Reference::read("methods/gradients"))
}

/// The references are of 64-bit floats, rounded to 32.
fn expect(reference: &Reference, name: &str, found: Result<Attribution, AttributionError>) {
    assert_close(name, &found.expect("it runs").values, reference.tensor(name), 1e-6);
}

#[test]
fn noisy_methods_are_captums_on_the_same_noise() {
    let (model, input, reference) = plain();
    let draws = || {
        let mut index = 0;
        move || {
            let noise = small_input(&format!("noise.{index}"), 1, 16);
            index += 1;
            Ok(noise)
        }
    };
    let (samples, deviation) = (4, Deviation::Absolute(0.2));
    let smooth = SmoothGrad { samples, deviation, ..SmoothGrad::default() };
    expect(&reference, "smooth_grad", smooth.attribute_with(&model, &input, &TARGETS, &mut draws()));
    let squared = SmoothGradSquared { samples, deviation, ..SmoothGradSquared::default() };
    expect(&reference, "smooth_grad_squared", squared.attribute_with(&model, &input, &TARGETS, &mut draws()));
    let variance = VarGrad { samples, deviation, ..VarGrad::default() };
    expect(&reference, "var_grad", variance.attribute_with(&model, &input, &TARGETS, &mut draws()));
}

/// Of input times gradient and a linear score with weights w, the variance is (w σ)², and the sampling error of a variance of
/// n draws is √(2/n) of it.
#[test]
fn the_noise_is_as_strong_as_it_says() {
    let model = linear_model();
    let input = small_input("plain", 1, 16);
    let samples = 2000;
    let method = VarGrad {
        method: Method::named("input_x_gradient").expect("a method"),
        samples,
        deviation: Deviation::Relative(0.25),
        seed: 7,
    };
    let found = method.attribute(&model, &input, &[0]).expect("it runs").values;
    let weights = Saliency { absolute: false }.attribute(&model, &input, &[0]).expect("it runs").values;
    let deviation = 0.25 * (input.max() - input.min());
    let expected: Tensor = weights * deviation;
    let ratios = found / expected.square();
    // The mean over 768 values, each with an error of √(2/2000).
    let mean = ratios.mean(Kind::Double).double_value(&[]);
    let error = (2.0 / samples as f64).sqrt() / 768_f64.sqrt();
    assert!((mean - 1.0).abs() < 5.0 * error, "{mean} ± {error}");
    let spread = ratios.std(true).double_value(&[]);
    assert!((0.8..1.25).contains(&(spread / (2.0 / samples as f64).sqrt())), "{spread}");
}

/// The difference of two large sums would leave their rounding errors.
#[test]
fn the_variance_of_a_linear_score_is_zero_in_32_bits() {
    let model = linear_model();
    let parameters = model.parameters().tensors().iter().map(|tensor| tensor.to_kind(Kind::Float)).collect();
    let model = model.with_parameters(Parameters::from_tensors(parameters)).expect("the same parameters");
    let input = small_input("plain", 1, 16).to_kind(Kind::Float);
    let found = VarGrad::default().attribute(&model, &input, &[0]).expect("it runs").values;
    assert_eq!(found.max().double_value(&[]), 0.0);
}

/// A linear score of 3×16×16 values for each of two classes.
fn linear_model() -> Model {
    let (mut graph, input) = Graph::new();
    let flat = graph.call("flatten", Op::Layout(Layout::Flatten { start: 1, end: -1 }), &[input]);
    let weight = graph.parameter("fc.weight", &[2, 768], true);
    let output = graph.call("fc", Op::Linear, &[flat, weight]);
    graph.set_output(output);
    let weights = small_input("weights", 2, 16).view([2, 768]);
    let parameters = Parameters::from_tensors(vec![weights]);
    Model::new(graph, parameters, None, Preprocessing::exact(16), Provenance::of("a linear score"))
        .expect("two classes")
}

#[test]
fn a_seed_fixes_what_is_drawn() {
    let (model, input, _) = plain();
    let smooth = |seed| {
        let method = SmoothGrad { samples: 3, seed, ..SmoothGrad::default() };
        method.attribute(&model, &input, &TARGETS).expect("it runs").values
    };
    assert!(smooth(1).equal(&smooth(1)));
    assert!(!smooth(1).equal(&smooth(2)));
    let shap = |seed| {
        let method = GradientShap { samples: 3, seed, ..GradientShap::default() };
        method.attribute(&model, &input, &TARGETS).expect("it runs").values
    };
    assert!(shap(1).equal(&shap(1)));
    assert!(!shap(1).equal(&shap(2)));
}

#[test]
fn gradient_shap_is_captums_on_the_same_samples() {
    let (model, input, reference) = plain();
    let method = GradientShap { baselines: vec![Baseline::Value(0.3)], ..GradientShap::default() };
    let samples = [0.05, 0.3, 0.55, 0.6, 0.95].map(|place| PathSample { baseline: 0, place });
    expect(&reference, "gradient_shap", method.attribute_with(&model, &input, &TARGETS, &samples));
}

/// Its expectation is the mean of Integrated Gradients over the baselines. The test computes the sampling error from the
/// spread of ten runs.
#[test]
fn gradient_shap_is_integrated_gradients_in_expectation() {
    let (model, input, _) = plain();
    let baselines = vec![Baseline::Value(0.3), Baseline::Value(-0.5)];
    let scores = model.scores(&input, &TARGETS).expect("it runs");
    let exact = baselines.iter().map(|baseline| {
        let method = IntegratedGradients { baseline: baseline.clone(), steps: 300, ..Default::default() };
        method.attribute(&model, &input, &TARGETS, &scores).expect("it runs").values / 2.0
    });
    let exact = exact.reduce(|a, b| a + b).expect("two");
    let runs: Vec<Tensor> = (0..10)
        .map(|seed| {
            let method = GradientShap { baselines: baselines.clone(), samples: 200, seed };
            method.attribute(&model, &input, &TARGETS).expect("it runs").values
        })
        .collect();
    let runs = Tensor::stack(&runs, 0);
    let error = (runs.std_dim([0_i64].as_slice(), true, false) / 10_f64.sqrt()).norm().double_value(&[]);
    let distance = (runs.mean_dim([0_i64].as_slice(), false, Kind::Double) - exact).norm().double_value(&[]);
    // The norm of many errors is close to that of their deviations.
    assert!(distance < 1.5 * error, "{distance} {error}");
}

#[test]
fn blur_and_guided_integrated_gradients_are_pairs() {
    let (model, input, reference) = plain();
    let blur = BlurIntegratedGradients { deviation: 5.0, steps: 20 };
    expect(&reference, "blur_integrated_gradients", blur.attribute(&model, &input, &TARGETS));
    let guided =
        GuidedIntegratedGradients { steps: 40, fraction: 0.25, distance: 0.1, baseline: Baseline::default() };
    expect(&reference, "guided_integrated_gradients", guided.attribute(&model, &input, &TARGETS));
}

/// Where nothing may leave the straight way, the path is that of Integrated Gradients.
#[test]
fn guided_integrated_gradients_on_a_leash_are_integrated_gradients() {
    let (model, input, _) = plain();
    let guided = GuidedIntegratedGradients { steps: 100, distance: 0.0, ..Default::default() };
    let found = guided.attribute(&model, &input, &TARGETS).expect("it runs").values;
    let scores = model.scores(&input, &TARGETS).expect("it runs");
    let straight = IntegratedGradients { steps: 100, quadrature: Quadrature::Left, ..Default::default() };
    let expected = straight.attribute(&model, &input, &TARGETS, &scores).expect("it runs").values;
    // The quadrature keeps its places as 32-bit floats.
    assert_close("straight", &found, &expected, 1e-6);
}

/// IDGI has no implementation on a package index. Its formula holds it: for a linear score the gradient is w all along the
/// way, and each value has the share w² / ‖w‖² of the rise.
/// Segments of the cells of grids, and paths that Captum's and ours agree on.
fn xrai() -> Xrai {
    let integrated =
        |baseline| Method::new(IntegratedGradients { baseline, ..IntegratedGradients::default() });
    Xrai {
        methods: [Baseline::Zero, Baseline::Value(0.3)].map(integrated).into(),
        segmentations: [2, 4, 5].map(Segmentation::Grid).into(),
        dilation: 1,
        smallest: 4,
    }
}

#[test]
fn xrai_is_pairs() {
    let (model, input, reference) = plain();
    expect(&reference, "xrai", xrai().attribute(&model, &input, &TARGETS));
}

/// Whatever the regions are, they share out what the map has.
#[test]
fn xrai_keeps_the_sum_of_its_map() {
    let (model, input, _) = plain();
    let method = Xrai { methods: vec![Method::named("deep_lift").expect("a method")], ..Xrai::default() };
    let found = method.attribute(&model, &input, &TARGETS).expect("it runs").values;
    let rise = model.scores(&input, &TARGETS).expect("it runs")
        - model.scores(&input.zeros_like(), &TARGETS).expect("it runs");
    let sums = found.sum_dim_intlist([1_i64, 2, 3].as_slice(), false, Kind::Double);
    assert_close("sums", &sums, &rise, 1e-9);
}

#[test]
fn idgi_shares_a_linear_scores_rise_by_squared_weights() {
    let model = linear_model();
    let input = small_input("plain", 2, 16);
    let targets = [0, 1];
    let found = Idgi::default().attribute(&model, &input, &targets).expect("it runs").values;
    let weights = Saliency { absolute: false }.attribute(&model, &input, &targets).expect("it runs").values;
    let squares = weights.square();
    let norm = squares.sum_dim_intlist([1_i64, 2, 3].as_slice(), true, Kind::Double);
    let rise = model.scores(&input, &targets).expect("it runs").view([2, 1, 1, 1]);
    assert_close("shares", &found, &(squares / norm * rise), 1e-9);
}

#[test]
fn idgi_is_complete_in_any_number_of_steps() {
    let model = exact(small_model(Architecture::ResNet18, 5));
    let input = small_input("input", 2, 32);
    for steps in [1, 7, 60] {
        let method = Idgi { steps, baseline: Baseline::Value(0.2) };
        let found = method.attribute(&model, &input, &TARGETS).expect("it runs");
        let from = model.scores(&input.full_like(0.2), &TARGETS).expect("it runs");
        let rise = model.scores(&input, &TARGETS).expect("it runs") - from;
        let sums = found.values.sum_dim_intlist([1_i64, 2, 3].as_slice(), false, Kind::Double);
        // The baseline's number is a 32-bit float.
        assert_close("the sum", &sums, &rise, 1e-6);
        assert!(found.gaps.expect("reported").iter().all(|gap| gap.relative < 1e-9));
    }
}

type Attribute = fn(&dyn Operators, &Tensor, &[usize]) -> Result<Attribution, AttributionError>;

#[test]
fn batches_equal_single_pictures() {
    let (model, input, _) = plain();
    let methods: [(&str, Attribute); 5] = [
        ("SmoothGrad", |m, x, t| SmoothGrad { samples: 3, ..SmoothGrad::default() }.attribute(m, x, t)),
        ("GradientSHAP", |m, x, t| GradientShap { samples: 3, ..GradientShap::default() }.attribute(m, x, t)),
        ("IDGI", |m, x, t| Idgi { steps: 5, ..Idgi::default() }.attribute(m, x, t)),
        ("blur", |m, x, t| BlurIntegratedGradients { deviation: 3.0, steps: 5 }.attribute(m, x, t)),
        ("guided", |m, x, t| GuidedIntegratedGradients { steps: 5, ..Default::default() }.attribute(m, x, t)),
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
fn unsound_parameters_are_refused() {
    let (model, input, _) = plain();
    let refused = |found: Result<Attribution, AttributionError>| found.expect_err("refused").to_string();
    let smooth = SmoothGrad { samples: 0, ..SmoothGrad::default() };
    let fault = refused(smooth.attribute(&model, &input, &TARGETS));
    assert_eq!(fault, "SmoothGrad: samples is 0, but must be from 1 to 100000");
    let smooth = SmoothGrad { deviation: Deviation::Relative(f64::NAN), ..SmoothGrad::default() };
    assert!(refused(smooth.attribute(&model, &input, &TARGETS)).contains("deviation is NaN"));
    let shap = GradientShap { baselines: Vec::new(), ..GradientShap::default() };
    assert!(refused(shap.attribute(&model, &input, &TARGETS)).contains("baselines is 0"));
    let samples = [PathSample { baseline: 4, place: 0.5 }];
    let fault = refused(GradientShap::default().attribute_with(&model, &input, &TARGETS, &samples));
    assert!(fault.contains("baseline of a sample is 4"), "{fault}");
    for (method, part) in [
        (Xrai { methods: Vec::new(), ..Xrai::default() }, "methods is 0"),
        (Xrai { segmentations: vec![Segmentation::Grid(0)], ..Xrai::default() }, "segmentation.grid is 0"),
        (Xrai { dilation: 65, ..Xrai::default() }, "dilation is 65"),
        (Xrai { smallest: 0, ..Xrai::default() }, "smallest is 0"),
    ] {
        let fault = refused(method.attribute(&model, &input, &TARGETS));
        assert!(fault.contains(part), "{fault}");
    }
    let guided = GuidedIntegratedGradients { fraction: 0.0, ..Default::default() };
    assert!(refused(guided.attribute(&model, &input, &TARGETS)).contains("fraction is 0"));
}
