//! What the papers prove comes out as they prove it, and the committed table is that of a run.

use std::cell::Cell;

use reglet_attribution::{AttributionError, Baseline, IntegratedGradients, Method, Operators};
use reglet_axioms::{Axiom, Verdict, check, check_method};
use tch::Tensor;

fn holds(axiom: Axiom, method: &str) -> bool {
    match check_method(axiom, &Method::named(method).expect("a method")) {
        Verdict::Holds => true,
        Verdict::Fails(_) => false,
        Verdict::DoesNotApply(reason) => panic!("{method}: {reason}"),
    }
}

/// Sundararajan et al., 2017: Integrated Gradients keep all of their axioms, gradients break completeness and sensitivity (a).
#[test]
fn integrated_gradients_keep_what_gradients_break() {
    // The axioms speak of the integral. With the default's 50 nodes, a steep piece between two kinks can be missed by one node.
    let integral = Method::new(IntegratedGradients { steps: 1000, ..IntegratedGradients::default() });
    for axiom in [
        Axiom::Completeness,
        Axiom::SensitivityA,
        Axiom::SensitivityB,
        Axiom::Dummy,
        Axiom::Linearity,
        Axiom::Symmetry,
        Axiom::ImplementationInvariance,
    ] {
        assert_eq!(check_method(axiom, &integral), Verdict::Holds, "{axiom}");
    }
    for method in ["saliency", "input_x_gradient"] {
        assert!(!holds(Axiom::Completeness, method), "{method}");
        assert!(!holds(Axiom::SensitivityA, method), "{method}");
        assert!(holds(Axiom::ImplementationInvariance, method), "{method}");
    }
}

/// Ibid.: guided backpropagation and deconvolution break sensitivity (a); DeepLIFT and LRP break implementation invariance.
#[test]
fn methods_with_rules_of_their_own_break_what_they_are_known_to_break() {
    for method in ["guided_backprop", "deconvolution", "lrp"] {
        assert!(
            !holds(Axiom::SensitivityA, method) || !holds(Axiom::ImplementationInvariance, method),
            "{method}"
        );
        assert!(!holds(Axiom::ImplementationInvariance, method), "{method}");
    }
    assert!(!holds(Axiom::SensitivityA, "guided_backprop"));
    assert!(holds(Axiom::Completeness, "deep_lift"));
}

/// Kindermans et al., 2017: the gradient does not mind a shift of the input, and input times gradient does.
#[test]
fn a_shift_of_the_input_changes_what_is_multiplied_by_the_input() {
    assert!(holds(Axiom::InputShift, "saliency"));
    assert!(!holds(Axiom::InputShift, "input_x_gradient"));
    assert!(!holds(Axiom::InputShift, "integrated_gradients"));
}

/// Adebayo et al., 2018: guided backpropagation hardly depends on the weights, Grad-CAM and the gradient do.
#[test]
fn guided_backpropagation_does_not_mind_other_weights() {
    assert!(!holds(Axiom::ParameterRandomisation, "guided_backprop"));
    assert!(holds(Axiom::ParameterRandomisation, "grad_cam"));
    assert!(holds(Axiom::ParameterRandomisation, "saliency"));
}

/// Eigen-CAM and a layer's activation are the same for every class.
#[test]
fn maps_that_do_not_know_the_class_are_found_out() {
    assert!(!holds(Axiom::ClassSensitivity, "eigen_cam"));
    assert!(!holds(Axiom::ClassSensitivity, "layer_activation"));
    assert!(holds(Axiom::ClassSensitivity, "grad_cam"));
    assert!(holds(Axiom::ClassSensitivity, "saliency"));
}

/// Maps that say nothing differ neither by the class nor by the weights.
#[test]
fn constant_maps_and_maps_that_are_not_finite_violate_what_asks_for_a_difference() {
    for value in [0.0, f64::NAN, f64::INFINITY] {
        let same = |_: &dyn Operators, inputs: &Tensor, _: &[usize]| -> Result<Tensor, AttributionError> {
            Ok(inputs.f_full_like(value)?)
        };
        for axiom in [Axiom::ClassSensitivity, Axiom::ParameterRandomisation] {
            assert!(matches!(check(axiom, &same), Verdict::Fails(_)), "{axiom}: {value}");
        }
    }
}

/// A fault that only one input in many shows is found, and what remains of it is small.
#[test]
fn counterexamples_are_shrunk() {
    let method = Method::named("input_x_gradient").expect("a method");
    let Verdict::Fails(found) = check_method(Axiom::Completeness, &method) else {
        panic!("it is not complete")
    };
    let case = found.case.expect("a network and its input");
    assert_eq!(case.convolution.len(), 1, "{case}");
    let other_than_zero = |numbers: &[i8]| numbers.iter().filter(|number| **number != 0).count();
    assert!(other_than_zero(&case.input) <= 1, "{case}");
    assert!(other_than_zero(case.hidden[0].as_flattened()) <= 1, "{case}");
}

/// A baseline other than the axiom's is found out too.
#[test]
fn another_baseline_is_not_complete() {
    let mut method = reglet_attribution::DeepLift::default();
    assert_eq!(check_method(Axiom::Completeness, &method.clone().into()), Verdict::Holds);
    method.baseline = Baseline::Value(1.0);
    assert!(matches!(check_method(Axiom::Completeness, &method.into()), Verdict::Fails(_)));
}

#[test]
fn a_method_that_cannot_run_is_not_held_to_an_axiom() {
    let fails = |_: &dyn Operators, _: &Tensor, _: &[usize]| -> Result<Tensor, AttributionError> {
        Err(AttributionError::Baseline { reason: "there is none".to_owned() })
    };
    let Verdict::DoesNotApply(reason) = check(Axiom::Completeness, &fails) else { panic!("it cannot run") };
    assert!(reason.contains("there is none"), "{reason}");
}

#[test]
fn an_error_of_a_simpler_case_does_not_hide_a_counterexample() {
    let violated = Cell::new(false);
    let zero_until_then = |model: &dyn Operators, inputs: &Tensor, classes: &[usize]| {
        if violated.get() {
            return Err(AttributionError::Baseline { reason: "there is none".to_owned() });
        }
        let scores = |inputs: &Tensor| model.scores(inputs, classes);
        let rise = scores(inputs)?.f_sub(&scores(&inputs.f_zeros_like()?)?)?;
        violated.set(rise.f_double_value(&[0])? != 0.0);
        Ok(inputs.f_zeros_like()?)
    };
    let Verdict::Fails(found) = check(Axiom::Completeness, &zero_until_then) else {
        panic!("zeros are not complete")
    };
    assert!(found.finding.contains("the attributions sum to 0"), "{found}");
}

#[test]
fn the_committed_table_is_current() {
    // The networks are so small that threads would only wait for each other.
    tch::set_num_threads(1);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/axioms.md");
    let committed = std::fs::read_to_string(path).expect("docs/axioms.md is committed");
    // Which counterexample a search ends with hangs on how a processor rounds; that there is one does not.
    let said = |document: &str| -> Vec<String> {
        let line = |line: &str| match line.split_once(": ") {
            Some((axiom, _)) if line.starts_with("* ") => axiom.to_owned(),
            _ => line.to_owned(),
        };
        document.lines().map(line).collect()
    };
    assert!(
        said(&committed) == said(&reglet_axioms::survey().to_string()),
        "docs/axioms.md is not current: run `cargo run -p reglet-axioms --example table > docs/axioms.md`"
    );
}
