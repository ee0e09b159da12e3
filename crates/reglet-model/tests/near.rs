//! Inputs that differ from another inside a rectangle have the same logits whether all of a network is computed or only what the
//! difference changes.

#[path = "support/noise.rs"]
mod noise;

use noise::Noise;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_oneof, proptest};
use reglet_model::{
    Activation, Architecture, Arithmetic, Graph, Layout, Op, Parameters, Pool, Request, Rewrite, Selection,
    ValueId,
};
use tch::{IndexOp, Kind, Tensor};

/// A piece of a random network.
#[derive(Debug, Clone, Copy)]
enum Block {
    Convolution {
        kernel: i64,
        stride: i64,
        padding: i64,
        dilation: i64,
        wide: bool,
        depthwise: bool,
    },
    Largest {
        kernel: i64,
        stride: i64,
        padding: i64,
    },
    Mean {
        kernel: i64,
        stride: i64,
        padding: i64,
    },
    Norm,
    Relu,
    /// Adds a number for each channel.
    Shift,
    /// Adds the value before the last block, where it has the same shape, or multiplies by it.
    Join {
        product: bool,
    },
    /// The last two values side by side.
    Beside,
    /// Subtracts its mean over all places, as squeeze-and-excitation looks at all places.
    Centre,
}

fn blocks() -> impl Strategy<Value = Vec<Block>> {
    let convolution = (1..6_i64, 1..4_i64, 0..3_i64, 1..3_i64, any::<bool>(), any::<bool>()).prop_map(
        |(kernel, stride, padding, dilation, wide, depthwise)| Block::Convolution {
            kernel,
            stride,
            padding,
            dilation,
            wide,
            depthwise,
        },
    );
    // What loops of our own are written for.
    let own = prop_oneof![Just(1_i64), Just(3)].prop_map(|kernel| Block::Convolution {
        kernel,
        stride: 1,
        padding: kernel / 2,
        dilation: 1,
        wide: true,
        depthwise: false,
    });
    let window = (1..4_i64, 1..3_i64, any::<bool>());
    let largest = window.clone().prop_map(|(kernel, stride, padded)| Block::Largest {
        kernel,
        stride,
        padding: if padded { kernel / 2 } else { 0 },
    });
    let mean = window.prop_map(|(kernel, stride, padded)| Block::Mean {
        kernel,
        stride,
        padding: if padded { kernel / 2 } else { 0 },
    });
    let block = prop_oneof![
        3 => convolution,
        4 => own,
        1 => largest,
        1 => mean,
        1 => Just(Block::Norm),
        2 => Just(Block::Relu),
        1 => Just(Block::Shift),
        2 => any::<bool>().prop_map(|product| Block::Join { product }),
        1 => Just(Block::Beside),
        1 => Just(Block::Centre),
    ];
    prop::collection::vec(block, 1..8)
}

/// A network whose logits are all numbers of its last value, so that none can be wrong unseen.
fn network(blocks: &[Block]) -> Graph {
    let (mut g, mut x) = Graph::new();
    let mut channels = 3;
    let (mut before, mut channels_before) = (x, channels);
    for (index, block) in blocks.iter().enumerate() {
        let path = format!("block{index}");
        let (value, width) = (x, channels);
        match *block {
            Block::Convolution { kernel, stride, padding, dilation, wide, depthwise } => {
                let groups = if depthwise && !wide { channels } else { 1 };
                let out = if wide { 32 } else { channels };
                let shape = [out, channels / groups, kernel, kernel];
                let weight = g.parameter(format!("{path}.weight"), &shape, true);
                let bias = g.parameter(format!("{path}.bias"), &[out], true);
                let op = Op::Conv2d {
                    stride: [stride, (stride + 1) / 2],
                    padding: [padding; 2],
                    dilation: [dilation; 2],
                    groups,
                };
                x = g.call(&path, op, &[x, weight, bias]);
                channels = out;
            }
            Block::Largest { kernel, stride, padding } => {
                let (kernel, stride, padding) = ([kernel; 2], [stride; 2], [padding; 2]);
                x = g.call(&path, Pool::Max { kernel, stride, padding, dilation: [1, 1], ceil: false }, &[x]);
            }
            Block::Mean { kernel, stride, padding } => {
                let (kernel, stride, padding) = ([kernel; 2], [stride; 2], [padding; 2]);
                let (ceil, count_padding, divisor) = (false, false, None);
                x = g.call(
                    &path,
                    Pool::Average { kernel, stride, padding, ceil, count_padding, divisor },
                    &[x],
                );
            }
            Block::Norm => {
                let names = ["weight", "bias", "running_mean", "running_var"];
                let mut inputs = vec![x];
                inputs.extend(names.map(|name| g.parameter(format!("{path}.{name}"), &[channels], true)));
                x = g.call(&path, Op::BatchNorm { eps: 1e-5, momentum: 0.1 }, &inputs);
            }
            Block::Relu => x = g.call(&path, Activation::Relu, &[x]),
            Block::Shift => {
                let shift = g.parameter(format!("{path}.shift"), &[channels, 1, 1], true);
                x = g.call(&path, Arithmetic::Add { other: None }, &[x, shift]);
            }
            Block::Join { product } => {
                let same = matches!(
                    blocks.get(index.wrapping_sub(1)),
                    Some(Block::Norm | Block::Relu | Block::Shift)
                );
                let shaped = matches!(
                    blocks.get(index.wrapping_sub(1)),
                    Some(Block::Convolution { kernel, stride: 1, padding, dilation: 1, .. }) if 2 * padding + 1 == *kernel
                );
                if channels == channels_before && (same || shaped) {
                    let op = if product {
                        Arithmetic::Mul { other: None }
                    } else {
                        Arithmetic::Add { other: None }
                    };
                    x = g.call(&path, op, &[before, x]);
                }
            }
            Block::Beside => {
                x = g.call(&path, Selection::Cat { dim: 1 }, &[x, x]);
                channels *= 2;
            }
            Block::Centre => {
                let mean = g.call(&path, Pool::AdaptiveAverage { output: [1, 1] }, &[x]);
                x = g.call_function(&path, Arithmetic::Sub { other: None }, &[x, mean]);
            }
        }
        (before, channels_before) = (value, width);
    }
    let output = g.call("flatten", Op::Layout(Layout::Flatten { start: 1, end: -1 }), &[x]);
    g.set_output(output);
    g
}

fn drawn(graph: &Graph, seed: u64) -> Parameters {
    let mut noise = Noise::new(seed);
    let mut draw = |name: &str, shape: &[i64]| {
        let fan: i64 = shape[1..].iter().product();
        let drawn = noise.normal(shape) / (fan as f64).sqrt();
        let drawn = if name.ends_with("running_var") { drawn.square() + 0.1 } else { drawn };
        drawn.to_kind(Kind::Float)
    };
    Parameters::from_tensors(graph.parameters().iter().map(|p| draw(&p.name, &p.shape)).collect())
}

fn logits(graph: &Graph, parameters: &Parameters, inputs: &Tensor) -> Option<Tensor> {
    let feeds: [(ValueId, &Tensor); 1] = [(graph.input(), inputs)];
    let request = Request { feeds: &feeds, fetches: &[graph.output()], ..Request::default() };
    Some(graph.run(parameters, &request).ok()?.remove(0))
}

/// Copies of a base, each with other numbers inside a rectangle: first row, rows, first column and columns.
fn changed(base: &Tensor, rectangles: &[[i64; 4]], noise: &mut Noise) -> Tensor {
    let rows: Vec<Tensor> = rectangles
        .iter()
        .map(|&[top, height, left, width]| {
            let row = base.copy();
            let mut part = row.narrow(2, top, height).narrow(3, left, width);
            let other = noise.normal(&part.size()).to_kind(Kind::Float);
            part.copy_(&other);
            row
        })
        .collect();
    Tensor::cat(&rows, 0)
}

/// The largest difference, as a share of the largest number.
fn off(found: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(found.size(), expected.size());
    (found - expected).abs().max().double_value(&[]) / (expected.abs().max().double_value(&[]) + 1e-6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn random_networks_have_the_same_logits(
        blocks in blocks(), seed in 0..1_000_000_u64, [height, width] in [20..50_i64, 20..50_i64],
        rectangles in prop::collection::vec(any::<[prop::sample::Index; 4]>(), 1..12), rewritten in any::<bool>(),
    ) {
        let graph = network(&blocks);
        let mut parameters = drawn(&graph, seed);
        if rewritten {
            parameters.prepare(&graph, &Rewrite::DEFAULT).expect("it is prepared");
        }
        let mut noise = Noise::new(seed ^ 1);
        let base = noise.normal(&[1, 3, height, width]).to_kind(Kind::Float);
        let place = |side: i64, [a, b]: [prop::sample::Index; 2]| {
            let first = a.index(side as usize) as i64;
            [first, 1 + b.index((side - first) as usize) as i64]
        };
        let rectangles: Vec<[i64; 4]> = rectangles.into_iter().map(|[a, b, c, d]| {
            let ([top, rows], [left, columns]) = (place(height, [a, b]), place(width, [c, d]));
            [top, rows, left, columns]
        }).collect();
        let inputs = changed(&base, &rectangles, &mut noise);
        // A window may be larger than what is left of the picture.
        let Some(expected) = logits(&graph, &parameters, &inputs) else { return Ok(()) };
        let found = graph.near(&parameters, &base).expect("it begins").logits(&inputs).expect("it runs");
        prop_assert!(off(&found, &expected) < 2e-5, "{:.1e}", off(&found, &expected));
    }
}

#[test]
fn every_architecture_has_the_same_logits() {
    for architecture in Architecture::ALL {
        let side = 224;
        let graph = architecture.graph(7, 0.25).expect("a network");
        let mut parameters = Parameters::initial(&graph, 3).expect("parameters");
        parameters.prepare(&graph, &Rewrite::DEFAULT).expect("it is prepared");
        let mut noise = Noise::new(5);
        let base = noise.normal(&[1, 3, side, side]).to_kind(Kind::Float);
        // A corner, an edge, a pixel, a line, nearly everything, and what is the same.
        let rectangles =
            [[0, 40, 0, 40], [side - 9, 9, 30, 50], [60, 1, 61, 1], [17, 2, 0, side], [3, side - 3, 0, side]];
        let inputs = Tensor::cat(&[changed(&base, &rectangles, &mut noise), base.copy()], 0);
        let expected = logits(&graph, &parameters, &inputs).expect("it runs");
        let found = graph.near(&parameters, &base).expect("it begins").logits(&inputs).expect("it runs");
        let off = off(&found, &expected);
        assert!(off < 2e-5, "{}: {off:.1e}", architecture.name());
    }
}

#[test]
fn rows_keep_their_order_and_numbers_that_are_none_are_seen() {
    let graph = Architecture::ResNet18.graph(3, 0.25).expect("a network");
    let parameters = Parameters::initial(&graph, 3).expect("parameters");
    let mut noise = Noise::new(7);
    let base = noise.normal(&[1, 3, 96, 96]).to_kind(Kind::Float);
    let rectangles: Vec<[i64; 4]> =
        (0..20).map(|row| [row, 1 + (row * 37) % 60, row, 1 + (row * 53) % 70]).collect();
    let inputs = changed(&base, &rectangles, &mut noise);
    let near = graph.near(&parameters, &base).expect("it begins");
    let together = near.logits(&inputs).expect("it runs");
    for row in 0..20 {
        let alone = near.logits(&inputs.i(row..=row)).expect("it runs");
        let off = off(&together.i(row..=row), &alone);
        assert!(off < 1e-5, "row {row}: {off:.1e}");
    }
    let spoilt = base.copy();
    let _ = spoilt.i((0, 1, 40, 50)).fill_(f64::NAN);
    assert!(near.logits(&spoilt).expect("it runs").isnan().all().double_value(&[]) > 0.0);
    assert_eq!(near.logits(&inputs.i(0..0)).expect("no rows").size(), [0, 3]);
}
