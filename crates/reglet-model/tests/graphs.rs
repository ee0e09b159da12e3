//! Models of graphs that a caller built: what is found out of them without being told.

use reglet_model::{
    Activation, Arithmetic, Graph, Head, HeadSource, Layout, Model, ModelError, Number, Op, Parameters, Pool,
    Preprocessing, Provenance, Reduction, Targets, ValueId,
};
use tch::{Kind, Tensor};

/// A convolution, the mean over the picture, and as many outputs as are asked for, which `last` makes the network's own of.
fn network(
    channels: i64,
    outputs: i64,
    last: impl Fn(&mut Graph, ValueId) -> ValueId,
) -> (Graph, Parameters) {
    let (mut g, picture) = Graph::new();
    let weight = g.parameter("conv.weight", &[8, channels, 3, 3], true);
    let convolution = Op::Conv2d { stride: [1; 2], padding: [0; 2], dilation: [1; 2], groups: 1 };
    let mut x = g.call("conv", convolution, &[picture, weight]);
    x = g.call("relu", Activation::Relu, &[x]);
    x = g.call("pool", Pool::AdaptiveAverage { output: [1, 1] }, &[x]);
    x = g.call("flatten", Layout::Flatten { start: 1, end: -1 }, &[x]);
    let parameters =
        [g.parameter("fc.weight", &[outputs, 8], true), g.parameter("fc.bias", &[outputs], true)];
    x = g.call("fc", Op::Linear, &[x, parameters[0], parameters[1]]);
    let output = last(&mut g, x);
    g.set_output(output);
    let parameters = Parameters::initial(&g, 1).expect("drawn");
    (g, parameters)
}

fn model((graph, parameters): (Graph, Parameters)) -> Result<Model, ModelError> {
    Model::new(graph, parameters, None, Preprocessing::exact(16), Provenance::of("a network"))
}

fn pictures(rows: i64, side: i64) -> Tensor {
    let count = rows * 3 * side * side;
    Tensor::arange(count, (Kind::Float, tch::Device::Cpu)).sin().view([rows, 3, side, side])
}

#[test]
fn classes_are_counted_and_the_layer_is_found_without_an_architecture() {
    let model = model(network(3, 5, |_, x| x)).expect("a classifier");
    assert_eq!((model.classes().count(), model.grad_cam_layer()), (5, "conv"));
    assert_eq!((model.classes().head(), model.head_source()), (Head::Softmax, HeadSource::Assumed));
    assert_eq!(model.provenance().architecture, "a network");
    // What was found out by the shapes for one size binds nobody to it.
    assert_eq!(model.logits(&pictures(2, 40)).expect("another size").size(), [2, 5]);
    let grey = model_of_one_channel();
    assert_eq!(grey.preprocessing().channels(), 1);
}

fn model_of_one_channel() -> Model {
    model(network(1, 2, |_, x| x)).expect("grey pictures")
}

/// Probabilities that were taken for logits would be squashed a second time.
#[test]
fn a_last_softmax_is_looked_behind() {
    let plain = model(network(3, 5, |_, x| x)).expect("a classifier");
    let squashed = model(network(3, 5, |g, x| g.call("softmax", Reduction::Softmax { dim: 1 }, &[x])))
        .expect("the same");
    assert_eq!(squashed.head_source(), HeadSource::Network);
    assert!(squashed.notes()[0].to_string().contains("ends with a softmax"), "{:?}", squashed.notes());
    let of = |model: &Model| {
        let found = model.evaluate(&pictures(2, 16), Targets::Classes(&[1, 4]), true, &[]).expect("it runs");
        (found.logits, found.input_gradient.expect("it was asked for"))
    };
    let (found, expected) = (of(&squashed), of(&plain));
    assert_eq!(found.0, expected.0);
    assert_eq!(found.1, expected.1);
    let sigmoid =
        model(network(3, 5, |g, x| g.call("sigmoid", Activation::Sigmoid, &[x]))).expect("several labels");
    assert_eq!(sigmoid.classes().head(), Head::MultiLabel);
}

#[test]
fn pictures_that_depend_on_each_other_are_run_one_by_one() {
    let centred = |g: &mut Graph, x: ValueId| {
        let mean = g.call_function("", Reduction::Mean { dims: vec![0], keep: true }, &[x]);
        let half = g.call_function("", Arithmetic::Mul { other: Some(Number::Float(0.5)) }, &[mean]);
        g.call_function("", Arithmetic::Sub { other: None }, &[x, half])
    };
    let model = model(network(3, 5, centred)).expect("a classifier");
    assert!(
        model.notes().iter().any(|note| note.to_string().contains("run one by one")),
        "{:?}",
        model.notes()
    );
    let two = pictures(2, 16);
    let alone = [0, 1].map(|row| model.logits(&two.narrow(0, row, 1)).expect("one alone"));
    assert_eq!(model.logits(&two).expect("one after the other"), Tensor::cat(&alone, 0));
    let gradient = |pictures: &Tensor, targets: &[usize]| {
        let found = model.evaluate(pictures, Targets::Classes(targets), true, &[]).expect("it runs");
        found.input_gradient.expect("it was asked for")
    };
    let alone = [0, 1].map(|row| gradient(&two.narrow(0, row, 1), &[1]));
    assert_eq!(gradient(&two, &[1, 1]), Tensor::cat(&alone, 0));
}

#[test]
fn what_is_no_classifier_is_refused() {
    let refused = |network: (Graph, Parameters), part: &str| {
        let message = model(network).map(|_| ()).expect_err(part).to_string();
        assert!(message.contains(part), "{message}");
    };
    refused(network(4, 2, |_, x| x), "pictures with 4 channels");
    refused(
        network(3, 2, |g, x| g.call("", Layout::Unsqueeze { dim: 2 }, &[x])),
        "the network 'a network' is no classifier of pictures of 16×16 pixels: its result has the shape",
    );
    let halves = |g: &mut Graph, x: ValueId| {
        let x = g.call("softmax", Reduction::Softmax { dim: 1 }, &[x]);
        g.call_function("", Arithmetic::Mul { other: Some(Number::Float(0.5)) }, &[x])
    };
    refused(network(3, 2, halves), "contains probabilities");
    let (graph, _) = network(3, 2, |_, x| x);
    let short = Parameters::from_tensors(vec![pictures(1, 3)]);
    model((graph, short)).map(|_| ()).expect_err("parameters are missing");
    let (graph, parameters) = network(3, 2, |_, x| x);
    let tiny = Model::new(graph, parameters, None, Preprocessing::exact(2), Provenance::of("a network"));
    assert!(matches!(tiny, Err(ModelError::Operator { .. })), "a window of 3×3 in pictures of 2×2");
    let (graph, parameters) = network(3, 2, |_, x| x);
    let head = Some(Head::Sigmoid);
    let two = Model::new(graph, parameters, head, Preprocessing::exact(16), Provenance::of("a network"));
    assert!(matches!(two, Err(ModelError::Head { .. })), "a sigmoid of two logits");
}
