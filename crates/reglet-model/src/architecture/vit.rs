//! Vision transformers.

use super::Sizes;
use super::layers::{EPS, scaled};
use crate::graph::{Activation, Arithmetic, Graph, Layout, Op, Product, Selection, Size, ValueId};

/// Height and width of the pictures, and of the patches they are cut into.
const PICTURE: i64 = 224;
const PATCH: i64 = 16;

/// Encoder layers, and heads of each, of ViT-B (table 1 of the paper).
const LAYERS: usize = 12;
const HEADS: i64 = 12;

/// The width factor makes each head narrower, so that the number of heads stays the same.
pub(super) fn graph(Sizes { in_channels, classes, width }: Sizes) -> Graph {
    let channels = HEADS * scaled(64, width);
    let side = PICTURE / PATCH;
    let places = side * side;
    let (mut g, input) = Graph::new();
    // The number of pictures is left open; the value before the class token determines it, wherever the graph is cut.
    g.set_symbols(vec!["N".to_owned()]);
    let rows = || Size::Symbol(0);
    let declare = |g: &mut Graph, value, sizes: &[i64]| {
        let sizes = sizes.iter().copied().map(Size::Fixed);
        g.set_shape(value, std::iter::once(rows()).chain(sizes).collect());
    };
    declare(&mut g, input, &[in_channels, PICTURE, PICTURE]);
    let mut x = g.patches("conv_proj", input, [in_channels, channels], PATCH);
    declare(&mut g, x, &[channels, side, side]);
    let shape = vec![rows(), Size::Fixed(channels), Size::Fixed(places)];
    x = g.call_function("", Layout::Reshape { shape }, &[x]);
    declare(&mut g, x, &[channels, places]);
    x = g.call_function("", Layout::Permute { dims: vec![0, 2, 1] }, &[x]);
    declare(&mut g, x, &[places, channels]);
    let token = g.parameter("class_token", &[1, 1, channels], true);
    let shape = vec![rows(), Size::Fixed(-1), Size::Fixed(-1)];
    let token = g.call_function("", Layout::Expand { shape }, &[token]);
    x = g.call_function("", Selection::Cat { dim: 1 }, &[token, x]);
    declare(&mut g, x, &[places + 1, channels]);

    let position = g.parameter("encoder.pos_embedding", &[1, places + 1, channels], true);
    x = g.call_function("encoder", Arithmetic::Add { other: None }, &[x, position]);
    x = g.call("encoder.dropout", Op::Dropout { p: 0.0 }, &[x]);
    for index in 0..LAYERS {
        let path = format!("encoder.layers.encoder_layer_{index}");
        x = encoder_layer(&mut g, &path, x, [places + 1, channels]);
    }
    x = g.layer_norm("encoder.ln", x, channels, EPS);
    // The form in which Python's `x[:, 0]` is exported.
    let all =
        Selection::Slice { dim: 0, start: Some(Size::Fixed(0)), end: Some(Size::Fixed(i64::MAX)), step: 1 };
    x = g.call_function("", all, &[x]);
    x = g.call_function("", Selection::Select { dim: 1, index: 0 }, &[x]);
    x = g.linear("heads.head", x, [channels, classes]);
    g.set_output(x);
    g
}

/// Attention and two layers at each place, each with a residual connection.
fn encoder_layer(g: &mut Graph, path: &str, input: ValueId, shape: [i64; 2]) -> ValueId {
    let channels = shape[1];
    let add = Arithmetic::Add { other: None };
    let mut x = g.layer_norm(&format!("{path}.ln_1"), input, channels, EPS);
    x = self_attention(g, &format!("{path}.self_attention"), x, shape);
    x = g.call(&format!("{path}.dropout"), Op::Dropout { p: 0.0 }, &[x]);
    let attended = g.call_function(path, add.clone(), &[x, input]);
    x = g.layer_norm(&format!("{path}.ln_2"), attended, channels, EPS);
    x = g.linear(&format!("{path}.mlp.0"), x, [channels, 4 * channels]);
    x = g.call(&format!("{path}.mlp.1"), Activation::Gelu { tanh: false }, &[x]);
    x = g.call(&format!("{path}.mlp.2"), Op::Dropout { p: 0.0 }, &[x]);
    x = g.linear(&format!("{path}.mlp.3"), x, [4 * channels, channels]);
    x = g.call(&format!("{path}.mlp.4"), Op::Dropout { p: 0.0 }, &[x]);
    g.call_function(path, add, &[attended, x])
}

/// `nn.MultiheadAttention` of `[N, tokens, channels]` to itself, with the same calls as in PyTorch, where the tensors have
/// the tokens first.
fn self_attention(g: &mut Graph, path: &str, input: ValueId, [tokens, channels]: [i64; 2]) -> ValueId {
    let sizes = |sizes: &[i64]| sizes.iter().copied().map(Size::Fixed).collect::<Vec<_>>();
    let head = channels / HEADS;
    let weight = g.parameter(format!("{path}.in_proj_weight"), &[3 * channels, channels], true);
    let bias = g.parameter(format!("{path}.in_proj_bias"), &[3 * channels], true);
    let mut x = g.call_function(path, Layout::Transpose { dims: [1, 0] }, &[input]);
    x = g.call_function(path, Op::Linear, &[x, weight, bias]);
    x = g.call_function(path, Layout::Unflatten { dim: -1, sizes: sizes(&[3, channels]) }, &[x]);
    x = g.call_function(path, Layout::Unsqueeze { dim: 0 }, &[x]);
    x = g.call_function(path, Layout::Transpose { dims: [0, -2] }, &[x]);
    x = g.call_function(path, Layout::Squeeze { dims: Some(vec![-2]) }, &[x]);
    x = g.call_function(path, Layout::Contiguous, &[x]);
    // Query, key and value, [N · heads, tokens, channels of a head] and then [N, heads, tokens, channels of a head].
    let parts = [0, 1, 2].map(|index| g.call_function(path, Selection::Select { dim: 0, index }, &[x]));
    let parts = parts.map(|part| {
        let part = g.call_function(path, Layout::View { shape: sizes(&[tokens, -1, head]) }, &[part]);
        g.call_function(path, Layout::Transpose { dims: [0, 1] }, &[part])
    });
    let shape = sizes(&[-1, HEADS, tokens, head]);
    let parts = parts.map(|part| g.call_function(path, Layout::View { shape: shape.clone() }, &[part]));
    x = g.call_function(path, Product::Attention { causal: false, scale: None, grouped: false }, &parts);
    x = g.call_function(path, Layout::Permute { dims: vec![2, 0, 1, 3] }, &[x]);
    x = g.call_function(path, Layout::Reshape { shape: sizes(&[-1, channels]) }, &[x]);
    let [weight, bias] = g.weight_and_bias(&format!("{path}.out_proj"), &[channels, channels]);
    x = g.call_function(path, Op::Linear, &[x, weight, bias]);
    x = g.call_function(path, Layout::View { shape: sizes(&[tokens, -1, channels]) }, &[x]);
    g.call(path, Layout::Transpose { dims: [1, 0] }, &[x])
}
