//! Secants between the rows of a batch, in 64-bit floats, on every architecture.

#[path = "support/noise.rs"]
mod noise;

use noise::Noise;
use reglet_model::{
    Activation, Architecture, Arithmetic, Graph, ModelError, Op, Parameters, Pass, Pool, Rewrite, Rows,
    Slope, ValueId,
};
use tch::{Device, Kind, Tensor};

fn in_64_bits(graph: &Graph) -> Parameters {
    let drawn = Parameters::initial(graph, 1).expect("they are drawn");
    Parameters::from_tensors(drawn.tensors().iter().map(|tensor| tensor.to_kind(Kind::Double)).collect())
}

/// The scores of some inputs, and the secants between them, at the input.
fn secants(graph: &Graph, parameters: &Parameters, inputs: &Tensor) -> (Tensor, Tensor) {
    let feeds = [(graph.input(), Rows::Given(inputs))];
    let watch = [graph.input()];
    let pass = Pass { feeds: &feeds, watch: &watch, slope: Slope::Secant, ..Pass::default() };
    let found = graph.differentiate(parameters, &pass, score).expect("it runs");
    assert_eq!(found.values[0], *inputs, "the rows in their order, each once");
    (found.scores, found.gradients.into_iter().next().expect("one value is watched"))
}

/// Not a linear function of the logits.
fn score(logits: &Tensor) -> Result<Tensor, ModelError> {
    Ok(logits.select(1, 1) * logits.select(1, 2))
}

/// By how much the secants times the way between rows miss the rise of the score, as a share of it.
fn gap(inputs: &Tensor, scores: &Tensor, secants: &Tensor) -> f64 {
    let count = inputs.size()[0] - 1;
    let between = |tensor: &Tensor| tensor.narrow(0, 1, count) - tensor.narrow(0, 0, count);
    let found = (secants * between(inputs)).flatten(1, -1).sum_dim_intlist(1, false, Kind::Double);
    let rise = between(scores);
    ((found - &rise).norm() / rise.norm()).double_value(&[])
}

#[test]
fn a_secant_times_the_way_is_the_rise_of_the_score_whatever_the_network() {
    for architecture in Architecture::ALL {
        let graph = architecture.graph(3, 0.125).expect("it is built");
        if architecture == Architecture::VitB16 {
            assert!(!graph.keeps_rows(graph.input()), "its rows become tokens of one long sequence");
            continue;
        }
        assert!(graph.keeps_rows(graph.input()), "{architecture:?}");
        let mut parameters = in_64_bits(&graph);
        let inputs = Noise::new(2).normal(&[6, 3, 64, 64]) * 2.0;
        // Layer norm has no secant, only a derivative midway, which is one for near neighbours.
        let (inputs, within) = match architecture {
            Architecture::ConvNextTiny => (inputs.narrow(0, 0, 1) + inputs * 1e-3, 1e-4),
            _ => (inputs, 1e-9),
        };
        let mut found = Vec::new();
        for rewrites in [&[][..], &Rewrite::DEFAULT[..]] {
            parameters.prepare(&graph, rewrites).expect("it prepares");
            let (scores, secants) = secants(&graph, &parameters, &inputs);
            let gap = gap(&inputs, &scores, &secants);
            assert!(gap < within, "{architecture:?}: {gap:.1e}");
            found.push(secants);
        }
        let apart = ((&found[0] - &found[1]).norm() / found[0].norm()).double_value(&[]);
        assert!(apart < 1e-9, "{architecture:?} with rewrites: {apart:.1e}");
    }
}

#[test]
fn where_there_are_no_secants_it_is_said() {
    let vit = Architecture::VitB16.graph(3, 0.125).expect("it is built");
    let resnet = Architecture::ResNet18.graph(3, 0.125).expect("it is built");
    for (graph, side, rows, said) in [(vit, 224, 2, "use gradients"), (resnet, 64, 1, "2 or more")] {
        let inputs = Tensor::zeros([rows, 3, side, side], (Kind::Double, Device::Cpu));
        let feeds = [(graph.input(), Rows::Given(&inputs))];
        let watch = [graph.input()];
        let pass = Pass { feeds: &feeds, watch: &watch, slope: Slope::Secant, ..Pass::default() };
        let fault = graph.differentiate(&in_64_bits(&graph), &pass, score).expect_err("no secants");
        assert!(fault.to_string().contains(said), "{fault}");
    }
}

/// In 32-bit floats and with channels enough, convolutions are Winograd's.
#[test]
fn secants_through_winograds_convolutions_are_the_same() {
    let graph = Architecture::ResNet18.graph(3, 0.5).expect("it is built");
    let mut parameters = Parameters::initial(&graph, 1).expect("they are drawn");
    let inputs = Noise::new(5).normal(&[5, 3, 64, 64]).to_kind(Kind::Float);
    let [(_, plain), (scores, found)] = [&[][..], &Rewrite::DEFAULT[..]].map(|rewrites| {
        parameters.prepare(&graph, rewrites).expect("it prepares");
        secants(&graph, &parameters, &inputs)
    });
    let [apart, gap] =
        [((&found - &plain).norm() / plain.norm()).double_value(&[]), gap(&inputs, &scores, &found)];
    assert!(apart < 1e-3 && gap < 1e-3, "{apart:.1e} {gap:.1e}");
}

/// Weighted, along a line, by several threads, the sum is that of the secants.
#[test]
fn a_sum_along_a_line_is_the_sum_of_its_secants() {
    let graph = Architecture::ResNet18.graph(3, 0.125).expect("it is built");
    let parameters = in_64_bits(&graph);
    let mut noise = Noise::new(3);
    let [from, way] = [(); 2].map(|()| noise.normal(&[1, 3, 48, 48]));
    let (alphas, weights) = ([0.0, 0.1, 0.3, 0.35, 0.9, 1.0], [0.5, -1.0, 2.0, 0.25, 1.5]);
    let points: Vec<Tensor> = alphas.iter().map(|alpha| &from + &way * *alpha).collect();
    let (_, each) = secants(&graph, &parameters, &Tensor::cat(&points, 0));
    let column = Tensor::from_slice(&weights).view([-1, 1, 1, 1]);
    let expected = (each * column).sum_dim_intlist(0, true, Kind::Double);

    let feeds = [(graph.input(), Rows::Line { from: &from, way: &way, alphas: &alphas })];
    let watch = [graph.input()];
    let pass = Pass { feeds: &feeds, watch: &watch, slope: Slope::Secant, weights: Some(&weights) };
    let found = graph.differentiate(&parameters, &pass, score).expect("it runs");
    assert_eq!(found.logits.size(), [6, 3]);
    let off = ((&found.gradients[0] - &expected).norm() / expected.norm()).double_value(&[]);
    assert!(off < 1e-9, "{off:.1e}");
}

/// A graph of one operator, with its input.
fn one(op: Op) -> (Graph, ValueId) {
    let (mut graph, input) = Graph::new();
    let output = graph.call("op", op, &[input]);
    graph.set_output(output);
    (graph, input)
}

/// The secants of one operator for an upstream of `weights` of its output, of one number for each row.
fn of_one(op: Op, inputs: &Tensor) -> Tensor {
    let (graph, input) = one(op);
    let feeds = [(input, Rows::Given(inputs))];
    let pass = Pass { feeds: &feeds, watch: &[input], slope: Slope::Secant, ..Pass::default() };
    let score =
        |output: &Tensor| Ok::<_, ModelError>(output.flatten(1, -1).sum_dim_intlist(1, false, output.kind()));
    graph
        .differentiate(&Parameters::from_tensors(Vec::new()), &pass, score)
        .expect("it runs")
        .gradients
        .remove(0)
}

#[test]
fn a_rectifiers_secant_is_how_much_of_the_way_it_lets_through() {
    let inputs = Tensor::from_slice(&[-2.0, -1.0, 1.0, 3.0, 9.0, 9.0, 0.0, 0.0_f64]).view([8, 1, 1, 1]);
    for kind in [Kind::Double, Kind::Float] {
        let inputs = inputs.to_kind(kind);
        let found =
            |op: Activation| Vec::<f64>::try_from(of_one(op.into(), &inputs).view([-1])).expect("numbers");
        assert_eq!(found(Activation::Relu), [0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 0.0]);
        let relu6 = found(Activation::Hardtanh { min: 0.0, max: 6.0 });
        let expected = [0.0, 0.5, 1.0, 0.5, 0.0, 6.0 / 9.0, 0.0];
        assert!(relu6.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{relu6:?}");
    }
}

/// The first number is ahead by 3 and then behind by 1: three quarters of the way the largest is the first.
#[test]
fn a_maximums_secant_shares_the_way_between_those_that_lead() {
    let inputs = Tensor::from_slice(&[5.0, 2.0, 6.0, 7.0_f64]).view([2, 1, 1, 2]);
    let pools = [
        Pool::Max { kernel: [1, 2], stride: [1, 2], padding: [0, 0], dilation: [1, 1], ceil: false },
        Pool::AdaptiveMax { output: [1, 1] },
    ];
    for pool in pools {
        let found = Vec::<f64>::try_from(of_one(pool.into(), &inputs).view([-1])).expect("numbers");
        assert_eq!(found, [0.75, 0.25]);
    }
}

/// Where two rows are the same number, or nearly, a smooth function has its derivative.
#[test]
fn a_smooth_functions_secant_is_its_derivative_where_nothing_changes() {
    let inputs = Tensor::from_slice(&[0.3, 0.3, 0.3 + 1e-9, 2.0_f64]).view([4, 1, 1, 1]);
    let found = Vec::<f64>::try_from(of_one(Activation::Tanh.into(), &inputs).view([-1])).expect("numbers");
    let slope = 1.0 - 0.3_f64.tanh().powi(2);
    let secant = (2.0_f64.tanh() - 0.3_f64.tanh()) / 1.7;
    for (found, expected) in found.iter().zip([slope, slope, secant]) {
        assert!((found - expected).abs() < 1e-8, "{found} {expected}");
    }
}

/// A product with itself, as in squeeze-and-excitation, has no secant by one input alone.
#[test]
fn a_products_secant_takes_the_mean_of_the_other_factor() {
    let (mut graph, input) = Graph::new();
    let pooled = graph.call("pool", Op::Pool(Pool::AdaptiveAverage { output: [1, 1] }), &[input]);
    let product = graph.call_function("", Op::Arithmetic(Arithmetic::Mul { other: None }), &[input, pooled]);
    graph.set_output(product);
    let inputs = Noise::new(4).normal(&[5, 2, 3, 3]);
    let feeds = [(input, Rows::Given(&inputs))];
    let pass = Pass { feeds: &feeds, watch: &[input], slope: Slope::Secant, ..Pass::default() };
    let score =
        |output: &Tensor| Ok::<_, ModelError>(output.flatten(1, -1).sum_dim_intlist(1, false, Kind::Double));
    let found = graph.differentiate(&Parameters::from_tensors(Vec::new()), &pass, score).expect("it runs");
    let gap = gap(&inputs, &found.scores, &found.gradients[0]);
    assert!(gap < 1e-12, "{gap:.1e}");
}
