//! The backward pass whose rules can be replaced.

use reglet_model::{
    Activation, Architecture, Arithmetic, Call, Graph, Model, Parameters, Request, Role, gradients,
};
use reglet_tests::{assert_close, exact, plain_model, small_input, small_model};
use tch::{Device, Kind, Tensor};

/// What the chain rule of whole-graph differentiation gives, to compare with.
fn whole(model: &Model, input: &Tensor, targets: &[reglet_model::ValueId], seed: &Tensor) -> Vec<Tensor> {
    let graph = model.graph();
    let fetches: Vec<_> = std::iter::once(graph.output()).chain(targets.iter().copied()).collect();
    let feeds = [(graph.input(), input)];
    let request = Request { feeds: &feeds, fetches: &fetches, watch: targets, ..Request::default() };
    let values = graph.run(model.parameters(), &request).expect("it runs");
    gradients(&(&values[0] * seed), &values[1..].iter().collect::<Vec<_>>()).expect("differentiable")
}

#[test]
fn the_operators_own_rules_make_the_chain_rule() {
    let models = [
        plain_model(5),
        exact(small_model(Architecture::ResNet18, 5)),
        exact(small_model(Architecture::MobileNetV2, 5)),
    ];
    for model in models {
        let graph = model.graph();
        let input = small_input("input", 2, 32);
        let middle = graph.nodes()[graph.nodes().len() / 2].output;
        let targets = [graph.input(), middle, graph.nodes()[1].output];
        let recording =
            graph.record(model.parameters(), &[(graph.input(), &input)], graph.output()).expect("it runs");
        let seed = small_input("seed", 1, 4).view([-1]).narrow(0, 0, 10).view([2, 5]);
        let own = |call: &Call| call.own(call.upstream);
        let found = recording.backward(&seed, &targets, &own).expect("it runs");
        for (found, expected) in found.iter().zip(whole(&model, &input, &targets, &seed)) {
            assert_close("gradient", found, &expected, 1e-12);
        }
        // A run may take short ways that the recording does not.
        let logits = model.logits(&input).expect("it runs");
        assert_close("logits", recording.value(graph.output()).expect("computed"), &logits, 1e-12);
    }
}

/// x ↦ relu(x) + relu(relu(x) − …) with one module path for both: a rule meets each call by itself.
#[test]
fn a_module_used_twice_and_a_residual_sum_are_calls_like_any_other() {
    let (mut graph, input) = Graph::new();
    let first = graph.call("relu", Activation::Relu, &[input]);
    let sum = graph.call_function("", Arithmetic::Add { other: None }, &[first, input]);
    let second = graph.call("relu", Activation::Relu, &[sum]);
    graph.set_output(second);
    let parameters = Parameters::from_tensors(Vec::new());
    let x = Tensor::from_slice(&[-1.0, 2.0_f64]).view([1, 2]);
    let recording = graph.record(&parameters, &[(input, &x)], second).expect("it runs");
    let met = std::cell::RefCell::new(Vec::new());
    let doubling = |call: &Call| {
        met.borrow_mut().push(graph.name(call.node.output).to_owned());
        match call.node.op.role() {
            Role::Rectifier => call.own(&(call.upstream * 2.0)),
            _ => call.own(call.upstream),
        }
    };
    let seed = Tensor::ones([1, 2], (Kind::Double, Device::Cpu));
    let found = recording.backward(&seed, &[input], &doubling).expect("it runs").remove(0);
    assert_eq!(*met.borrow(), ["relu#2", "add", "relu"]);
    // At 2: the outer ReLU doubles 1, the sum sends it both ways, the inner ReLU doubles once more: 2 + 4. At −1
    // the outer is inactive.
    assert_eq!(Vec::<f64>::try_from(found.view([-1])).expect("two"), [0.0, 6.0]);
}

#[test]
fn what_nothing_reaches_is_zero_and_what_was_not_computed_is_named() {
    let model = plain_model(5);
    let graph = model.graph();
    let x = small_input("input", 1, 16);
    let layer = graph.layer("conv2").expect("there");
    let recording = graph.record(model.parameters(), &[(graph.input(), &x)], layer).expect("it runs");
    let seed = recording.value(layer).expect("computed").ones_like();
    let nothing = |call: &Call| Ok(call.inputs().iter().map(|_| None).collect());
    let found = recording.backward(&seed, &[graph.input()], &nothing).expect("it runs").remove(0);
    assert_eq!(found.abs().max().double_value(&[]), 0.0);
    let error = recording.value(graph.output()).expect_err("after the end").to_string();
    assert!(error.contains("'fc' is needed"), "{error}");
}
