//! Rewrites change nothing but the speed: on random graphs, every output, activation and gradient is the same.

#[path = "support/noise.rs"]
mod noise;

use noise::Noise;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;
use reglet_model::{
    Activation, Arithmetic, Graph, Layout, ModelError, Op, Parameters, Pass, Pool, Reduction, Request,
    Rewrite, Rows, ValueId, gradients,
};
use tch::{Device, Kind, Tensor};

/// A piece of a random network.
#[derive(Debug, Clone)]
struct Block {
    /// Whether a batch norm and a ReLU precede the convolution, as in a DenseNet.
    before: bool,
    channels: i64,
    /// Whether each channel has a filter of its own, so that there are as many channels as before.
    depthwise: bool,
    kernel: i64,
    stride: i64,
    bias: bool,
    norm: bool,
    rectifier: Rectifier,
    /// Whether something else reads the convolution's result, so that no batch norm can be folded into it.
    read_twice: bool,
    /// Whether the block's input is added, where it has the shape.
    residual: bool,
    pool: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Rectifier {
    None,
    Relu,
    Relu6,
    Silu,
}

/// The rewrites with loops of our own.
const OWN: [Rewrite; 3] = [Rewrite::Winograd, Rewrite::Depthwise, Rewrite::MatrixProducts];

fn blocks() -> impl Strategy<Value = Vec<Block>> {
    let rectifier = prop_oneof![
        Just(Rectifier::None),
        Just(Rectifier::Relu),
        Just(Rectifier::Relu6),
        Just(Rectifier::Silu)
    ];
    let block = (1..4_i64, prop_oneof![Just(1), Just(3)], 1..3_i64, any::<[bool; 7]>(), rectifier).prop_map(
        |(
            channels,
            kernel,
            stride,
            [before, depthwise, bias, norm, read_twice, residual, pool],
            rectifier,
        )| Block {
            before,
            channels,
            depthwise,
            kernel,
            stride,
            bias,
            norm,
            rectifier,
            read_twice,
            residual,
            pool,
        },
    );
    prop::collection::vec(block, 1..6)
}

/// Blocks that our own loops are written for: 32 or 64 channels, of which the first block has three before it, or a filter for each
/// channel.
fn wide_blocks(rectifier: Rectifier) -> impl Strategy<Value = Vec<Block>> {
    let (kernel, side) = (prop_oneof![Just(1), Just(3)], prop_oneof![Just(3), Just(5), Just(7)]);
    let block = (1..3_i64, kernel, side, 1..3_i64, any::<[bool; 5]>()).prop_map(
        move |(channels, kernel, side, stride, [before, depthwise, bias, norm, residual])| Block {
            before: before && rectifier == Rectifier::Relu,
            channels: 32 * channels,
            depthwise,
            kernel: if depthwise { side } else { kernel },
            stride: if depthwise { stride } else { 1 },
            bias,
            norm,
            rectifier,
            read_twice: false,
            residual,
            pool: false,
        },
    );
    prop::collection::vec(block, 2..4)
}

/// The network, with its values that a rewrite may skip or keep.
fn network(blocks: &[Block]) -> (Graph, Vec<ValueId>) {
    let (mut g, mut x) = Graph::new();
    let mut channels = 3;
    let mut layers = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        let path = format!("block{index}");
        let (before, channels_before) = (x, channels);
        let (out, inner, groups) =
            if block.depthwise { (channels, 1, channels) } else { (block.channels, channels, 1) };
        let norm = |g: &mut Graph, name: &str, x: ValueId, channels: i64| {
            let mut inputs = vec![x];
            for part in ["weight", "bias", "running_mean", "running_var"] {
                inputs.push(g.parameter(format!("{name}.{part}"), &[channels], true));
            }
            g.call(name, Op::BatchNorm { eps: 1e-5, momentum: 0.1 }, &inputs)
        };
        if block.before {
            x = norm(&mut g, &format!("{path}.before"), x, channels);
            x = g.call(&format!("{path}.before.relu"), Activation::Relu, &[x]);
            layers.push(x);
        }
        let shape = [out, inner, block.kernel, block.kernel];
        let mut inputs = vec![x, g.parameter(format!("{path}.conv.weight"), &shape, true)];
        if block.bias {
            inputs.push(g.parameter(format!("{path}.conv.bias"), &[out], true));
        }
        let op = Op::Conv2d {
            stride: [block.stride; 2],
            padding: [block.kernel / 2; 2],
            dilation: [1, 1],
            groups,
        };
        let convolved = g.call(&format!("{path}.conv"), op, &inputs);
        x = convolved;
        layers.push(x);
        if block.norm {
            x = norm(&mut g, &format!("{path}.bn"), x, out);
            layers.push(x);
        }
        if block.read_twice {
            x = g.call_function(&path, Op::Arithmetic(Arithmetic::Add { other: None }), &[x, convolved]);
        }
        if block.residual && block.stride == 1 && out == channels_before {
            x = g.call_function(&path, Op::Arithmetic(Arithmetic::Add { other: None }), &[before, x]);
            layers.push(x);
        }
        x = match block.rectifier {
            Rectifier::None => x,
            Rectifier::Relu => g.call(&format!("{path}.relu"), Op::Activation(Activation::Relu), &[x]),
            Rectifier::Silu => g.call(&format!("{path}.relu"), Op::Activation(Activation::Silu), &[x]),
            Rectifier::Relu6 => g.call(
                &format!("{path}.relu"),
                Op::Activation(Activation::Hardtanh { min: 0.0, max: 6.0 }),
                &[x],
            ),
        };
        layers.push(x);
        // Further on, flat places of a rectifier would make the numbers of a window equal but for rounding.
        if block.pool && index == 0 && matches!(block.rectifier, Rectifier::Relu | Rectifier::Relu6) {
            let pool =
                Pool::Max { kernel: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1], ceil: false };
            x = g.call(&format!("{path}.pool"), Op::Pool(pool), &[x]);
        }
        channels = out;
    }
    x = g.call("pool", Op::Pool(Pool::AdaptiveAverage { output: [1, 1] }), &[x]);
    x = g.call("flatten", Op::Layout(Layout::Flatten { start: 1, end: -1 }), &[x]);
    let weight = g.parameter("fc.weight", &[2, channels], true);
    let output = g.call("fc", Op::Linear, &[x, weight]);
    g.set_output(output);
    (g, layers)
}

/// Parameters in 64-bit floats, where no difference but that of rounding is large enough to turn a ReLU.
fn parameters(graph: &Graph, seed: u64, kind: Kind) -> Parameters {
    let mut noise = Noise::new(seed);
    let mut draw = |name: &str, shape: &[i64]| {
        let drawn = noise.normal(shape);
        let drawn = if name.ends_with("running_var") { drawn.square() + 0.1 } else { drawn };
        drawn.to_kind(kind)
    };
    Parameters::from_tensors(graph.parameters().iter().map(|p| draw(&p.name, &p.shape)).collect())
}

/// Gradients of a logit at what is watched, logits and watched values, by libtorch's derivatives alone.
fn evaluate(graph: &Graph, parameters: &Parameters, input: &Tensor, watch: &[ValueId]) -> Vec<Tensor> {
    let mut fetches = vec![graph.output()];
    fetches.extend(watch);
    let request =
        Request { feeds: &[(graph.input(), input)], fetches: &fetches, watch, ..Request::default() };
    let values = graph.run(parameters, &request).expect("it runs");
    let watched: Vec<&Tensor> = values[1..].iter().collect();
    let mut found = gradients(&values[0].select(1, 1), &watched).expect("it differentiates");
    found.extend(values);
    found
}

/// The same in one go.
fn differentiate(graph: &Graph, parameters: &Parameters, input: &Tensor, watch: &[ValueId]) -> Vec<Tensor> {
    let feeds = [(graph.input(), Rows::Given(input))];
    let pass = Pass { feeds: &feeds, watch, ..Pass::default() };
    let score = |logits: &Tensor| Ok::<_, ModelError>(logits.select(1, 1));
    let found = graph.differentiate(parameters, &pass, score).expect("it differentiates");
    found.gradients.into_iter().chain([found.logits]).chain(found.values).collect()
}

fn same(a: &[Tensor], b: &[Tensor], within: f64) -> Result<(), TestCaseError> {
    prop_assert!(a.len() == b.len());
    for (a, b) in a.iter().zip(b) {
        prop_assert!(a.size() == b.size());
        let scale = b.abs().max().double_value(&[]) + 1e-12;
        let difference = (a - b).abs().max().double_value(&[]) / scale;
        prop_assert!(difference < within, "{difference:.1e} of {scale:.1e}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_rewrite_and_all_of_them_keep_outputs_activations_and_gradients(
        blocks in blocks(), seed in 0..1_000_000_u64, chosen in any::<prop::sample::Index>(),
    ) {
        let (graph, layers) = network(&blocks);
        let mut weights = parameters(&graph, seed, Kind::Double);
        let input = Noise::new(seed + 1).normal(&[3, 3, 7, 9]);
        // With the input alone every short way is open; a layer that is asked for may close one.
        let layer = *chosen.get(&layers);
        let watches = [vec![graph.input()], vec![layer, graph.input()], vec![layer]];
        let plain: Vec<_> = watches.iter().map(|watch| evaluate(&graph, &weights, &input, watch)).collect();
        let each = Rewrite::DEFAULT.map(|rewrite| vec![rewrite]);
        for rewrites in each.into_iter().chain([Rewrite::DEFAULT.to_vec(), Vec::new()]) {
            weights.prepare(&graph, &rewrites).expect("it prepares");
            for (watch, plain) in watches.iter().zip(&plain) {
                same(&evaluate(&graph, &weights, &input, watch), plain, 1e-9)?;
                same(&differentiate(&graph, &weights, &input, watch), plain, 1e-9)?;
            }
        }
    }

    /// Without rectifiers, which a difference in 32-bit floats could turn.
    #[test]
    fn loops_of_our_own_keep_outputs_and_gradients(blocks in wide_blocks(Rectifier::None), seed in 0..1_000_000_u64) {
        let (graph, layers) = network(&blocks);
        let mut weights = parameters(&graph, seed, Kind::Float);
        let input = Noise::new(seed + 1).normal(&[4, 3, 9, 9]).to_kind(Kind::Float);
        let watches = [vec![graph.input()], vec![layers[0], graph.input()]];
        let plain: Vec<_> = watches.iter().map(|watch| evaluate(&graph, &weights, &input, watch)).collect();
        weights.prepare(&graph, &OWN).expect("it prepares");
        for (watch, plain) in watches.iter().zip(&plain) {
            same(&differentiate(&graph, &weights, &input, watch), plain, 1e-4)?;
        }
    }

    /// The same numbers go into the rectifiers, so that none turns.
    #[test]
    fn fused_into_a_loop_of_our_own_a_rectifier_does_what_it_did(
        blocks in prop_oneof![
            wide_blocks(Rectifier::Relu),
            wide_blocks(Rectifier::Relu6),
            wide_blocks(Rectifier::Silu),
        ],
        seed in 0..1_000_000_u64,
    ) {
        let (graph, layers) = network(&blocks);
        let mut weights = parameters(&graph, seed, Kind::Float);
        let input = Noise::new(seed + 1).normal(&[4, 3, 9, 9]).to_kind(Kind::Float);
        let layer = layers[layers.len() - 1];
        for watch in [vec![graph.input()], vec![layer, graph.input()], vec![layer]] {
            weights.prepare(&graph, &OWN).expect("it prepares");
            let apart = differentiate(&graph, &weights, &input, &watch);
            weights.prepare(&graph, &[&OWN[..], &[Rewrite::FuseRectifiers]].concat()).expect("it prepares");
            same(&differentiate(&graph, &weights, &input, &watch), &apart, 1e-5)?;
        }
    }

    /// A line's points are made as they are needed, and weighted gradients summed where they come about.
    #[test]
    fn a_sum_along_a_line_is_the_sum_of_its_gradients(blocks in blocks(), seed in 0..1_000_000_u64) {
        let (graph, _) = network(&blocks);
        let weights = parameters(&graph, seed, Kind::Double);
        let mut noise = Noise::new(seed + 1);
        let [from, way] = [(); 2].map(|()| noise.normal(&[1, 3, 7, 9]));
        let (alphas, shares) = ([0.1, 0.35, 0.5, 0.8, 1.0], [0.3, -1.0, 0.25, 2.0, 0.5]);
        let watch = [graph.input()];
        let feeds = [(graph.input(), Rows::Line { from: &from, way: &way, alphas: &alphas })];
        let pass = Pass { feeds: &feeds, watch: &watch, weights: Some(&shares), ..Pass::default() };
        let score = |logits: &Tensor| Ok::<_, ModelError>(logits.select(1, 1));
        let found = graph.differentiate(&weights, &pass, score).expect("it differentiates");

        let points: Vec<Tensor> = alphas.iter().map(|alpha| &from + &way * *alpha).collect();
        let apart = evaluate(&graph, &weights, &Tensor::cat(&points, 0), &watch);
        let column = Tensor::from_slice(&shares).view([-1, 1, 1, 1]);
        let sum = (&apart[0] * column).sum_dim_intlist(0, true, Kind::Double);
        same(&found.gradients, &[sum], 1e-9)?;
        same(&[found.logits], &apart[1..2], 1e-9)?;
    }
}

#[test]
fn a_norm_is_folded_unless_something_else_reads_the_convolution() {
    let block = Block {
        before: false,
        channels: 2,
        depthwise: false,
        kernel: 3,
        stride: 1,
        bias: false,
        norm: true,
        rectifier: Rectifier::Relu,
        read_twice: false,
        residual: false,
        pool: false,
    };
    for (read_twice, count) in [(false, 1), (true, 0)] {
        let (graph, _) = network(&[Block { read_twice, ..block.clone() }]);
        assert_eq!(graph.folds(&parameters(&graph, 1, Kind::Double)).expect("sound").len(), count);
    }
}

/// A convolution's result plus something of another shape, rectified: a number for each channel, or a whole picture where the
/// convolution returned one pixel. By Winograd's algorithm too.
#[test]
fn a_summand_may_be_broadcast() {
    let conv = Op::Conv2d { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 };
    for pooled_first in [false, true] {
        let (mut g, x) = Graph::new();
        let pool = Op::Pool(Pool::AdaptiveAverage { output: [1, 1] });
        let pooled = g.call("pool", pool, &[x]);
        let (from, other) = if pooled_first { (pooled, x) } else { (x, pooled) };
        let weight = g.parameter("conv.weight", &[32, 32, 3, 3], true);
        let convolved = g.call("conv", conv.clone(), &[from, weight]);
        let sum = g.call_function("", Op::Arithmetic(Arithmetic::Add { other: None }), &[other, convolved]);
        let rectified = g.call("relu", Op::Activation(Activation::Relu), &[sum]);
        let pool = Op::Pool(Pool::AdaptiveAverage { output: [1, 1] });
        let means = g.call("mean", pool, &[rectified]);
        let flat = g.call("flatten", Op::Layout(Layout::Flatten { start: 1, end: -1 }), &[means]);
        g.set_output(flat);
        for (kind, within) in [(Kind::Double, 1e-9), (Kind::Float, 1e-3)] {
            let mut weights = parameters(&g, 5, kind);
            // Sums far from zero, so that no rectifier turns.
            let input = (Noise::new(6).normal(&[8, 32, 9, 9]).sigmoid() + 1000.0 * f64::from(!pooled_first))
                .to_kind(kind);
            let plain = evaluate(&g, &weights, &input, &[x]);
            weights.prepare(&g, &Rewrite::DEFAULT).expect("it prepares");
            same(&differentiate(&g, &weights, &input, &[x]), &plain, within).expect("the same");
            same(&evaluate(&g, &weights, &input, &[x]), &plain, within).expect("the same");
        }
    }
}

/// Linear layers of tokens, with a SiLU that is computed together with the first, a residual sum, and 32-bit floats.
#[test]
fn tokens_go_through_linear_layers_of_our_own() {
    let (mut g, x) = Graph::new();
    let [first, bias, second, last] = [
        ("first.weight", [40, 48].as_slice()),
        ("first.bias", &[40]),
        ("second.weight", &[48, 40]),
        ("last.weight", &[3, 48]),
    ]
    .map(|(name, shape)| g.parameter(name, shape, true));
    let hidden = g.call("first", Op::Linear, &[x, first, bias]);
    let hidden = g.call("silu", Op::Activation(Activation::Silu), &[hidden]);
    let back = g.call("second", Op::Linear, &[hidden, second]);
    let sum = g.call_function("", Op::Arithmetic(Arithmetic::Add { other: None }), &[x, back]);
    let rectified = g.call("relu", Op::Activation(Activation::Relu), &[sum]);
    let mean = Op::Reduction(Reduction::Mean { dims: vec![1], keep: false });
    let mean = g.call("mean", mean, &[rectified]);
    let output = g.call("last", Op::Linear, &[mean, last]);
    g.set_output(output);
    // So few numbers that, with these seeds, none lies as near to the rectifier's corner as rounding reaches.
    let mut weights = parameters(&g, 3, Kind::Float);
    let input = Noise::new(4).normal(&[9, 7, 48]).to_kind(Kind::Float);
    for watch in [vec![x], vec![hidden, x], vec![sum]] {
        weights.prepare(&g, &[]).expect("it prepares");
        let plain = evaluate(&g, &weights, &input, &watch);
        weights.prepare(&g, &Rewrite::DEFAULT).expect("it prepares");
        same(&differentiate(&g, &weights, &input, &watch), &plain, 1e-5).expect("the same");
        same(&evaluate(&g, &weights, &input, &watch), &plain, 1e-5).expect("the same");
    }
}

/// At its very ends PyTorch's ReLU6 passes nothing back; where a picture is black, whole areas lie there.
#[test]
fn relu6_has_no_slope_at_zero() {
    let rectifier = Rectifier::Relu6;
    let block = Block {
        before: false,
        channels: 2,
        depthwise: false,
        kernel: 3,
        stride: 1,
        bias: false,
        norm: false,
        rectifier,
        read_twice: false,
        residual: false,
        pool: false,
    };
    let (graph, _) = network(&[block]);
    let mut weights = parameters(&graph, 1, Kind::Double);
    let black = Tensor::zeros([2, 3, 7, 9], (Kind::Double, Device::Cpu));
    for rewrites in [&Rewrite::DEFAULT[..], &[]] {
        weights.prepare(&graph, rewrites).expect("it prepares");
        let watch = [graph.input()];
        for found in
            [evaluate(&graph, &weights, &black, &watch), differentiate(&graph, &weights, &black, &watch)]
        {
            assert_eq!(found[0].abs().max().double_value(&[]), 0.0);
        }
    }
}

/// Fixed seeds, because a rectifier that a difference in 32-bit floats turns would be one of some thousands.
#[test]
fn a_norm_and_a_relu_before_a_product_are_applied_on_the_way() {
    let block = |channels, kernel, norm, residual| Block {
        before: true,
        channels,
        depthwise: false,
        kernel,
        stride: 1,
        bias: true,
        norm,
        rectifier: Rectifier::None,
        read_twice: false,
        residual,
        pool: false,
    };
    // Channels that are no multiple of a vector, a sum at the end, and a convolution that takes nothing before.
    let blocks = [
        block(45, 1, false, false),
        block(45, 1, true, true),
        block(32, 3, false, false),
        block(7, 1, false, false),
    ];
    let (graph, layers) = network(&blocks);
    for seed in 0..8 {
        let mut weights = parameters(&graph, seed, Kind::Float);
        let input = Noise::new(seed + 100).normal(&[3, 3, 9, 7]).to_kind(Kind::Float);
        // A pass backward, and one that is asked for what would be skipped.
        let watches = [vec![graph.input()], vec![layers[2], graph.input()]];
        let plain: Vec<_> = watches.iter().map(|watch| evaluate(&graph, &weights, &input, watch)).collect();
        let forward = |weights: &Parameters, input: &Tensor| {
            let feeds = [(graph.input(), input)];
            let request = Request { feeds: &feeds, fetches: &[graph.output()], ..Request::default() };
            graph.run(weights, &request).expect("it runs")
        };
        weights.prepare(&graph, &Rewrite::DEFAULT).expect("it prepares");
        same(&forward(&weights, &input), &plain[0][1..2], 1e-5).expect("the same logits");
        let few = forward(&weights, &input.narrow(0, 0, 1).narrow(2, 0, 1).narrow(3, 0, 4));
        assert_eq!(few[0].size(), [1, 2], "too few rows for loops of our own");
        for (watch, plain) in watches.iter().zip(&plain) {
            same(&differentiate(&graph, &weights, &input, watch), plain, 1e-4).expect("the same gradients");
        }
    }
}

/// A pass in bfloat16 is off by more than rounding, and says so by its size; what needs gradients is not touched.
#[test]
fn bfloat16_is_coarse_forward_and_absent_from_gradients() {
    let block = |channels, kernel, residual| Block {
        before: residual,
        channels,
        depthwise: false,
        kernel,
        stride: 1,
        bias: true,
        norm: true,
        rectifier: Rectifier::Relu,
        read_twice: false,
        residual,
        pool: !residual,
    };
    let (graph, layers) = network(&[block(32, 3, false), block(32, 3, true), block(64, 1, false)]);
    let mut fine = parameters(&graph, 3, Kind::Float);
    fine.prepare(&graph, &Rewrite::DEFAULT).expect("it prepares");
    let mut coarse = parameters(&graph, 3, Kind::Float);
    let rewrites = [&Rewrite::DEFAULT[..], &[Rewrite::Bfloat16]].concat();
    coarse.prepare(&graph, &rewrites).expect("it prepares");
    let input = Noise::new(4).normal(&[10, 3, 24, 20]).to_kind(Kind::Float);
    let last = *layers.last().expect("layers");
    let forward = |parameters: &Parameters| {
        let (feeds, fetches) = ([(graph.input(), &input)], [graph.output(), last]);
        let request = Request { feeds: &feeds, fetches: &fetches, ..Request::default() };
        graph.run(parameters, &request).expect("it runs")
    };
    for (fine, coarse) in forward(&fine).iter().zip(&forward(&coarse)) {
        assert_eq!(coarse.kind(), Kind::Float);
        let off = (coarse - fine).abs().max().double_value(&[]) / fine.abs().max().double_value(&[]);
        assert!((1e-4..5e-2).contains(&off), "{off:.1e}");
    }
    let watch = [graph.input()];
    let found = [&fine, &coarse].map(|parameters| differentiate(&graph, parameters, &input, &watch));
    assert!(found[0].iter().zip(&found[1]).all(|(a, b)| a == b), "a gradient is that of 32-bit floats");
    // Near to an input, nothing is finer than elsewhere.
    let near = graph.near(&coarse, &input.narrow(0, 0, 1)).expect("it begins").logits(&input);
    assert_eq!(near.expect("it runs"), forward(&coarse)[0]);
}

#[test]
fn names_are_known() {
    assert!(Rewrite::DEFAULT.iter().all(|rewrite| Rewrite::ALL.contains(rewrite)));
    for rewrite in Rewrite::ALL {
        assert_eq!(rewrite.name().parse::<Rewrite>().expect("its own name"), rewrite);
    }
    let message = "fold_batchnorm".parse::<Rewrite>().expect_err("a typo").to_string();
    assert!(message.contains("'fold_batch_norm'"), "{message}");
}
