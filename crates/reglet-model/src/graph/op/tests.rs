//! Compares every operator's derivative, our own and those left to libtorch, with finite differences in 64-bit floats, in
//! every memory layout of inputs and gradients, and for batches of zero, one and two rows.

#[path = "../../../tests/support/noise.rs"]
mod noise;

use tch::{Device, Kind, Tensor};

use self::noise::Noise;
use super::{
    Activation, Arithmetic, Context, Creation, Layout, Number, Op, Pool, Product, Reduction, Selection,
};
use crate::ModelError;
use crate::graph::size::Sizes;
use crate::graph::{Differentiable, Graph, Node, Origin, Size, Slope, ValueId};

/// The distribution from which an input's numbers are drawn.
#[derive(Clone, Copy)]
enum Draw {
    /// A normal distribution.
    Any,
    /// 0.5 to 1.5.
    Positive,
    /// The same, and its negative: away from zero, where a reciprocal has its pole.
    Apart,
    /// Truth values.
    Flags,
}

/// An operator, the shapes of its inputs (−1 for the batch), and which of them are differentiated.
struct Case {
    op: Op,
    inputs: Vec<(Vec<i64>, Draw)>,
    free: Vec<usize>,
}

fn case(op: impl Into<Op>, inputs: &[(&[i64], Draw)], free: &[usize]) -> Case {
    let inputs = inputs.iter().map(|(shape, draw)| (shape.to_vec(), *draw)).collect();
    Case { op: op.into(), inputs, free: free.to_vec() }
}

const PICTURE: &[i64] = &[-1, 4, 6, 5];
const TOKENS: &[i64] = &[-1, 6, 4];

fn cases() -> Vec<Case> {
    use Draw::{Any, Apart, Flags, Positive};
    let one = |op: Op| case(op, &[(PICTURE, Any)], &[0]);
    let two = |op: Op| case(op, &[(PICTURE, Any), (PICTURE, Positive)], &[0, 1]);
    let mut cases = Vec::new();
    for (stride, padding, dilation, groups) in [
        ([1, 1], [1, 1], [1, 1], 1),
        ([2, 2], [1, 0], [1, 1], 2),
        ([2, 1], [2, 2], [2, 2], 4),
        ([1, 1], [0, 0], [1, 1], 1),
    ] {
        let weight: &[i64] = &[8, 4 / groups, 3, 3];
        let op = Op::Conv2d { stride, padding, dilation, groups };
        cases.push(case(op.clone(), &[(PICTURE, Any), (weight, Any), (&[8], Any)], &[0]));
        cases.push(case(op, &[(PICTURE, Any), (weight, Any)], &[0, 1]));
    }
    cases.push(case(Op::Linear, &[(TOKENS, Any), (&[3, 4], Any), (&[3], Any)], &[0]));
    cases.push(case(Op::Linear, &[(TOKENS, Any), (&[3, 4], Any)], &[0, 1]));
    let norm = Op::BatchNorm { eps: 1e-3, momentum: 0.1 };
    let channels: &[i64] = &[4];
    let statistics = [(channels, Any), (channels, Positive)];
    let [mean, variance] = statistics;
    cases.push(case(
        norm.clone(),
        &[(PICTURE, Any), (channels, Positive), (channels, Any), mean, variance],
        &[0],
    ));
    cases.push(case(
        norm.clone(),
        &[(PICTURE, Any), (channels, Positive), (channels, Any), mean, variance],
        &[0, 1, 2],
    ));
    cases.push(case(norm.clone(), &[(PICTURE, Any), mean, variance], &[0]));
    cases.push(case(norm, &[(&[-1, 4], Any), mean, variance], &[0]));
    let normal = Op::LayerNorm { shape: vec![4], eps: 1e-3 };
    cases.push(case(normal.clone(), &[(TOKENS, Any), (&[4], Positive), (&[4], Any)], &[0]));
    cases.push(case(normal, &[(TOKENS, Any)], &[0]));
    let grouped = Op::GroupNorm { groups: 2, eps: 1e-3 };
    cases.push(case(grouped.clone(), &[(PICTURE, Any), (&[4], Positive), (&[4], Any)], &[0]));
    cases.push(case(grouped, &[(PICTURE, Any)], &[0]));
    cases.push(one(Op::Dropout { p: 0.5 }));
    for activation in activations() {
        cases.push(case(activation, &[(PICTURE, Positive)], &[0]));
        if !matches!(
            activation,
            Activation::Log | Activation::Reciprocal | Activation::Rsqrt | Activation::Sqrt
        ) {
            cases.push(one(activation.into()));
        }
    }
    cases.push(case(Activation::Reciprocal, &[(PICTURE, Apart)], &[0]));
    for op in arithmetic(None) {
        cases.push(two(op.clone().into()));
        // Broadcast, from either side.
        cases.push(case(op.clone(), &[(PICTURE, Any), (&[4, 1, 1], Positive)], &[0, 1]));
        cases.push(case(op, &[(&[4, 1, 1], Positive), (PICTURE, Positive)], &[0, 1]));
    }
    for op in arithmetic(Some(Number::Float(1.5))) {
        cases.push(case(op, &[(PICTURE, Positive)], &[0]));
    }
    cases.push(one(Arithmetic::ReverseSub { other: Number::Integer(Size::Fixed(1)) }.into()));
    cases.push(two(Arithmetic::Maximum.into()));
    cases.push(two(Arithmetic::Minimum.into()));
    let bounds = [Some(Number::Float(-0.3)), Some(Number::Float(0.4))];
    let [min, max] = bounds;
    cases.push(one(Arithmetic::Clamp { min: min.clone(), max: max.clone() }.into()));
    cases.push(one(Arithmetic::Clamp { min, max: None }.into()));
    cases.push(one(Arithmetic::Clamp { min: None, max }.into()));
    let filled = Arithmetic::MaskedFill { value: Some(Number::Float(2.0)) };
    cases.push(case(filled, &[(PICTURE, Any), (PICTURE, Flags)], &[0]));
    let filled = Arithmetic::MaskedFill { value: None };
    cases.push(case(filled, &[(PICTURE, Any), (PICTURE, Flags), (&[], Any)], &[0, 2]));
    cases.push(case(Arithmetic::Where, &[(PICTURE, Flags), (PICTURE, Any), (PICTURE, Any)], &[1, 2]));
    for pool in pools() {
        cases.push(one(pool.into()));
    }
    cases.push(case(Product::Matmul, &[(TOKENS, Any), (&[-1, 4, 6], Any)], &[0, 1]));
    cases.push(case(Product::Matmul, &[(TOKENS, Any), (&[4, 3], Any)], &[0, 1]));
    cases.push(case(Product::AddMatmul, &[(&[3], Any), (&[-1, 4], Any), (&[4, 3], Any)], &[0, 1, 2]));
    let equation = "bij,bkj->bki".to_owned();
    cases.push(case(Product::Einsum { equation }, &[(TOKENS, Any), (TOKENS, Any)], &[0, 1]));
    let heads: &[i64] = &[-1, 2, 6, 4];
    for causal in [false, true] {
        let op = Product::Attention { causal, scale: Some(0.4), grouped: false };
        cases.push(case(op, &[(heads, Any), (heads, Any), (heads, Any)], &[0, 1, 2]));
    }
    for dims in [vec![1], vec![2, 3], vec![1, 2, 3]] {
        for keep in [false, true] {
            let dims = || dims.clone();
            cases.push(one(Reduction::Mean { dims: dims(), keep }.into()));
            cases.push(one(Reduction::Sum { dims: dims(), keep }.into()));
            cases.push(one(Reduction::Max { dims: dims(), keep }.into()));
            cases.push(one(Reduction::Variance { dims: dims(), correction: 1, keep }.into()));
            cases.push(one(Reduction::Norm { dims: dims(), keep }.into()));
        }
    }
    for dim in [1, -1] {
        cases.push(one(Reduction::Softmax { dim }.into()));
        cases.push(one(Reduction::LogSoftmax { dim }.into()));
        cases.push(one(Reduction::CumulativeSum { dim }.into()));
    }
    cases.extend(layouts().into_iter().map(|op| one(op.into())));
    cases.push(case(Layout::PixelUnshuffle { factor: 2 }, &[(&[-1, 4, 6, 4], Any)], &[0]));
    cases.push(one(Selection::Select { dim: 1, index: -2 }.into()));
    let ends = [Some(Size::Fixed(1)), None];
    let [start, end] = ends;
    cases.push(one(Selection::Slice { dim: 2, start: start.clone(), end: end.clone(), step: 2 }.into()));
    let part = Selection::SliceScatter { dim: 2, start, end, step: 2 };
    cases.push(case(part, &[(PICTURE, Any), (&[-1, 4, 3, 5], Any)], &[0, 1]));
    let part = Selection::SelectScatter { dim: 1, index: 1 };
    cases.push(case(part, &[(PICTURE, Any), (&[-1, 6, 5], Any)], &[0, 1]));
    cases.push(two(Selection::Cat { dim: 1 }.into()));
    cases.push(two(Selection::Stack { dim: 1 }.into()));
    cases
}

fn activations() -> Vec<Activation> {
    use Activation::*;
    vec![
        Relu,
        LeakyRelu { slope: 0.2 },
        Gelu { tanh: false },
        Gelu { tanh: true },
        Silu,
        Mish,
        Sigmoid,
        Tanh,
        Hardtanh { min: -0.5, max: 0.7 },
        Hardtanh { min: 0.0, max: 6.0 },
        Hardswish,
        Hardsigmoid,
        Elu,
        Selu,
        Softplus,
        LogSigmoid,
        Exp,
        Log,
        Sqrt,
        Rsqrt,
        Reciprocal,
        Square,
        Abs,
        Neg,
        Erf,
        Sin,
        Cos,
        Floor,
    ]
}

fn arithmetic(other: Option<Number>) -> Vec<Arithmetic> {
    let other = || other.clone();
    let mut all = vec![
        Arithmetic::Add { other: other() },
        Arithmetic::Sub { other: other() },
        Arithmetic::Mul { other: other() },
        Arithmetic::Div { other: other() },
    ];
    if other().is_some() {
        all.push(Arithmetic::Pow { other: other() });
    }
    all
}

fn pools() -> Vec<Pool> {
    let [kernel, stride, padding, dilation] = [[3, 2], [2, 1], [1, 1], [1, 2]];
    vec![
        Pool::Max { kernel, stride, padding, dilation, ceil: true },
        Pool::Max { kernel: [2, 2], stride: [2, 2], padding: [0, 0], dilation: [1, 1], ceil: false },
        Pool::Average { kernel, stride, padding, ceil: true, count_padding: false, divisor: None },
        Pool::Average { kernel, stride, padding, ceil: false, count_padding: true, divisor: Some(5) },
        Pool::AdaptiveAverage { output: [1, 1] },
        Pool::AdaptiveAverage { output: [4, 3] },
        Pool::AdaptiveMax { output: [4, 3] },
    ]
}

fn layouts() -> Vec<Layout> {
    let fixed = |sizes: &[i64]| sizes.iter().map(|size| Size::Fixed(*size)).collect::<Vec<_>>();
    vec![
        Layout::View { shape: fixed(&[-1, 24, 5]) },
        Layout::Reshape { shape: fixed(&[-1, 4, 30]) },
        Layout::Flatten { start: 2, end: 3 },
        Layout::Flatten { start: 1, end: -1 },
        Layout::Unflatten { dim: 1, sizes: fixed(&[2, 2]) },
        Layout::Permute { dims: vec![0, 2, 3, 1] },
        Layout::Permute { dims: vec![0, 3, 2, 1] },
        Layout::Transpose { dims: [1, 3] },
        Layout::Unsqueeze { dim: 1 },
        Layout::Repeat { counts: fixed(&[1, 2, 1, 1]) },
        Layout::Roll { shifts: vec![1, -2], dims: vec![2, 3] },
        Layout::Flip { dims: vec![2] },
        Layout::Pad { amounts: vec![1, 2, 0, 1], mode: "constant".to_owned(), value: Some(3.0) },
        Layout::Pad { amounts: vec![1, 2, 0, 1], mode: "reflect".to_owned(), value: None },
        Layout::Pad { amounts: vec![1, 2, 0, 1], mode: "replicate".to_owned(), value: None },
        Layout::Contiguous,
        Layout::Identity,
        Layout::PixelShuffle { factor: 2 },
        Layout::UpsampleBilinear { output: [Size::Fixed(9), Size::Fixed(7)], align_corners: false },
        Layout::UpsampleBilinear { output: [Size::Fixed(3), Size::Fixed(7)], align_corners: true },
        Layout::UpsampleNearest { output: [Size::Fixed(9), Size::Fixed(7)] },
    ]
}

/// The same numbers in another memory layout.
fn in_memory(tensor: &Tensor, layout: usize) -> Tensor {
    let dims = tensor.dim() as i64;
    let stored_as = |order: Vec<i64>| {
        let mut back = vec![0; order.len()];
        for (place, dim) in order.iter().enumerate() {
            back[*dim as usize] = place as i64;
        }
        tensor.permute(order.as_slice()).contiguous().permute(back.as_slice())
    };
    match layout {
        // As a convolution leaves it.
        1 if dims >= 3 => stored_as([0].into_iter().chain(2..dims).chain([1]).collect()),
        // As a transposition does.
        2 if dims >= 2 => stored_as((0..dims - 2).chain([dims - 1, dims - 2]).collect()),
        3 => stored_as((0..dims).rev().collect()),
        // The layout of tokens that were reshaped to a picture: its strides do not correspond to any order of the
        // dimensions.
        4 if dims == 4 => {
            let tokens = tensor.flatten(2, 3).transpose(1, 2).contiguous();
            tokens.transpose(1, 2).reshape(tensor.size())
        }
        // Every other number of a larger tensor.
        5 if dims >= 1 => {
            let wide = Tensor::stack(&[tensor, &tensor.flip([0])], dims);
            wide.select(dims, 0)
        }
        _ => tensor.contiguous(),
    }
}

const LAYOUTS: usize = 6;

fn drawn(noise: &mut Noise, shape: &[i64], draw: Draw, batch: i64) -> Tensor {
    let shape: Vec<i64> = shape.iter().map(|&size| if size < 0 { batch } else { size }).collect();
    match draw {
        Draw::Any => noise.normal(&shape),
        Draw::Positive => noise.normal(&shape).sigmoid() + 0.5,
        Draw::Apart => (noise.normal(&shape).sigmoid() + 0.5) * noise.normal(&shape).sign(),
        Draw::Flags => noise.normal(&shape).gt(0.0),
    }
}

struct Call {
    graph: Graph,
    context: Context,
    free: Vec<usize>,
}

impl Call {
    fn new(case: &Case) -> Call {
        let (mut graph, _) = Graph::new();
        let inputs: Vec<ValueId> =
            (0..case.inputs.len()).map(|n| graph.parameter(n.to_string(), &[], false)).collect();
        graph.call("", case.op.clone(), &inputs);
        let context = Context { training: false, sizes: Sizes::unknown(0), device: Device::Cpu };
        Call { graph, context, free: case.free.clone() }
    }

    fn node(&self) -> &Node {
        assert!(matches!(self.graph.origin(self.graph.nodes()[0].output), Origin::Node(0)));
        &self.graph.nodes()[0]
    }

    fn compute(&self, inputs: &[Tensor]) -> Result<Tensor, ModelError> {
        let inputs: Vec<&Tensor> = inputs.iter().collect();
        tch::no_grad(|| self.graph.compute(self.node(), &inputs, &self.context))
    }

    /// What a backward pass over a tape sends back.
    fn by_tape(&self, inputs: &[Tensor], upstream: &Tensor) -> Result<Vec<Tensor>, ModelError> {
        let inputs: Vec<&Tensor> = inputs.iter().collect();
        let _guard = tch::no_grad_guard();
        let found =
            self.graph.with_slopes(self.node(), &inputs, &self.free, &self.context, Slope::Gradient)?;
        Ok(self.of_free(found.1(upstream)?, &inputs))
    }

    /// What a recorded call sends back when a rule delegates to it.
    fn by_record(&self, inputs: &[Tensor], upstream: &Tensor) -> Result<Vec<Tensor>, ModelError> {
        let inputs: Vec<&Tensor> = inputs.iter().collect();
        let leaves = super::leaves(&inputs, &self.free)?;
        let call = Differentiable::call(&self.graph, self.node(), leaves, &self.context)?;
        Ok(self.of_free(call.pull_back(upstream)?, &inputs))
    }

    fn of_free(&self, sent: Vec<Option<Tensor>>, inputs: &[&Tensor]) -> Vec<Tensor> {
        let of = |&n: &usize| match sent.get(n) {
            Some(Some(sent)) => sent.shallow_clone(),
            _ => inputs[n].zeros_like(),
        };
        self.free.iter().map(of).collect()
    }
}

fn largest(tensor: &Tensor) -> f64 {
    if tensor.numel() == 0 { 0.0 } else { tensor.abs().max().double_value(&[]) }
}

#[test]
fn every_derivative_is_that_of_differences_in_every_layout() {
    let mut noise = Noise::new(7);
    let mut faults = Vec::new();
    for case in cases() {
        let call = Call::new(&case);
        for batch in [0, 1, 2] {
            let what = |layout: String| format!("{:?}, {batch} rows, {layout}", case.op);
            let inputs: Vec<Tensor> =
                case.inputs.iter().map(|(shape, draw)| drawn(&mut noise, shape, *draw, batch)).collect();
            // Some operators refuse an empty batch, or one whose size cannot be derived.
            let Ok(result) = call.compute(&inputs) else {
                assert_eq!(batch, 0, "{}", what("any".to_owned()));
                continue;
            };
            let upstream = noise.normal(&result.size());
            let plain = match call.by_record(&inputs, &upstream) {
                Ok(plain) => plain,
                // libtorch itself refuses some of these for an empty batch.
                Err(_) if batch == 0 => continue,
                Err(error) => panic!("{}: {error}", what("any".to_owned())),
            };

            // The plain gradient, compared with differences along some directions.
            for (plain, &free) in plain.iter().zip(&case.free) {
                for _ in 0..2 {
                    let direction = noise.normal(&inputs[free].size());
                    let moved = |step: f64| {
                        let mut moved: Vec<Tensor> = inputs.iter().map(Tensor::shallow_clone).collect();
                        moved[free] = &inputs[free] + &direction * step;
                        (call.compute(&moved).expect("it ran before") * &upstream)
                            .sum(Kind::Double)
                            .double_value(&[])
                    };
                    let expected = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                    let found = (plain * &direction).sum(Kind::Double).double_value(&[]);
                    if (found - expected).abs() > 1e-6 * (1.0 + expected.abs()) {
                        faults.push(what(format!("input {free}: {found} for {expected}")));
                    }
                }
            }

            for (kind, bound) in [(Kind::Double, 1e-9), (Kind::Float, 1e-4)] {
                for (of_inputs, of_upstream) in (0..LAYOUTS).flat_map(|a| (0..LAYOUTS).map(move |b| (a, b))) {
                    let placed = |tensor: &Tensor, layout: usize| match tensor.kind() {
                        Kind::Double => in_memory(&tensor.to_kind(kind), layout),
                        _ => in_memory(tensor, layout),
                    };
                    let inputs: Vec<Tensor> = inputs.iter().map(|input| placed(input, of_inputs)).collect();
                    let upstream = placed(&upstream, of_upstream);
                    let what = |way: &str| {
                        what(format!("{kind:?}, {way}, inputs as {of_inputs}, gradient as {of_upstream}"))
                    };
                    let mut check = |way: String, found: &Tensor, plain: &Tensor| {
                        let off = largest(&(found - plain));
                        let near = off <= bound * (1.0 + largest(plain));
                        if found.size() != plain.size() || !near {
                            faults.push(format!("{}: off by {off:.1e}", what(&way)));
                        }
                    };
                    check("result".to_owned(), &call.compute(&inputs).expect("it ran before"), &result);
                    for (way, found) in [
                        ("tape", call.by_tape(&inputs, &upstream)),
                        ("record", call.by_record(&inputs, &upstream)),
                    ] {
                        let found = found.unwrap_or_else(|error| panic!("{}: {error}", what(way)));
                        for ((found, plain), free) in found.iter().zip(&plain).zip(&case.free) {
                            check(format!("{way}, input {free}"), found, plain);
                        }
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn batch_norm_is_differentiated_in_every_layout_while_it_is_trained() {
    let mut noise = Noise::new(7);
    let [picture, channels] = [[1, 4, 6, 5].as_slice(), &[4]];
    let of = [(picture, Draw::Any), (channels, Draw::Positive), (channels, Draw::Any)];
    let statistics = [(channels, Draw::Any), (channels, Draw::Positive)];
    let inputs = [of.as_slice(), &statistics].concat();
    let mut call = Call::new(&case(Op::BatchNorm { eps: 1e-3, momentum: 0.1 }, &inputs, &[0, 1, 2]));
    call.context.training = true;
    let inputs: Vec<Tensor> = inputs.iter().map(|(shape, draw)| drawn(&mut noise, shape, *draw, 1)).collect();
    let upstream = noise.normal(picture);
    let plain = call.by_record(&inputs, &upstream).expect("it runs");
    for (of_inputs, of_upstream) in (0..LAYOUTS).flat_map(|a| (0..LAYOUTS).map(move |b| (a, b))) {
        let inputs: Vec<Tensor> = inputs.iter().map(|input| in_memory(input, of_inputs)).collect();
        let found = call.by_record(&inputs, &in_memory(&upstream, of_upstream)).expect("it runs");
        for (place, (found, plain)) in found.iter().zip(&plain).enumerate() {
            let off = largest(&(found - plain));
            assert!(off < 1e-9, "input {place}, inputs as {of_inputs}, gradient as {of_upstream}: {off:.1e}");
        }
    }
}

/// With tch's own calls this would panic (see `scalar.rs`).
#[test]
fn what_libtorch_refuses_of_a_number_is_an_error() {
    let mut noise = Noise::new(8);
    let flags = [([1, 4].as_slice(), Draw::Flags)];
    let numbers = [([1, 4].as_slice(), Draw::Any)];
    let one = || Number::Integer(Size::Fixed(1));
    let size = |value: i64| vec![Size::Fixed(value)];
    let range = |end: i64, kind| Creation::Range {
        start: one(),
        end: Number::Integer(Size::Fixed(end)),
        step: one(),
        kind,
    };
    for case in [
        case(Arithmetic::ReverseSub { other: one() }, &flags, &[]),
        case(Arithmetic::MaskedFill { value: Some(one()) }, &[numbers[0], numbers[0]], &[]),
        case(Reduction::Norm { dims: vec![7], keep: false }, &numbers, &[]),
        case(Reduction::Variance { dims: vec![7], correction: 1, keep: false }, &numbers, &[]),
        case(Creation::Full { shape: size(-1), value: one(), kind: Kind::Float }, &[], &[]),
        case(range(-5, Kind::Int64), &[], &[]),
        case(range(5, Kind::Bool), &[], &[]),
    ] {
        let call = Call::new(&case);
        let inputs: Vec<Tensor> =
            case.inputs.iter().map(|(shape, draw)| drawn(&mut noise, shape, *draw, 1)).collect();
        assert!(call.compute(&inputs).is_err(), "{:?}", case.op);
        // The error was read and does not appear again with the next call.
        assert!(Tensor::f_zeros([1], (Kind::Float, Device::Cpu)).is_ok(), "{:?}", case.op);
    }
}
