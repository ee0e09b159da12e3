//! ConvNeXts.

use super::Sizes;
use super::layers::{Convolution, EPS, layer_norm, scaled};
use crate::graph::{Activation, Arithmetic, Graph, Layout, Pool, ValueId};

/// Channels and blocks of each stage of ConvNeXt-Tiny (section 2 of the paper).
const STAGES: [(i64, i64); 4] = [(96, 3), (192, 3), (384, 9), (768, 3)];

/// The permutations of dimensions that move the channels last, and back.
const CHANNELS_LAST: [i64; 4] = [0, 2, 3, 1];
const CHANNELS_FIRST: [i64; 4] = [0, 3, 1, 2];

pub(super) fn graph(Sizes { in_channels, classes, width }: Sizes) -> Graph {
    let (mut g, input) = Graph::new();
    let mut channels = scaled(STAGES[0].0, width);
    let mut x = g.patches("features.0.0", input, [in_channels, channels], 4);
    x = channel_norm(&mut g, "features.0.1", x, channels);
    for (stage, (full, blocks)) in STAGES.into_iter().enumerate() {
        let to = scaled(full, width);
        if stage > 0 {
            x = channel_norm(&mut g, &format!("features.{}.0", 2 * stage), x, channels);
            x = g.patches(&format!("features.{}.1", 2 * stage), x, [channels, to], 2);
        }
        for index in 0..blocks {
            x = block(&mut g, &format!("features.{}.{index}", 2 * stage + 1), x, to);
        }
        channels = to;
    }

    x = g.call("avgpool", Pool::AdaptiveAverage { output: [1, 1] }, &[x]);
    x = channel_norm(&mut g, "classifier.0", x, channels);
    x = g.call("classifier.1", Layout::Flatten { start: 1, end: -1 }, &[x]);
    x = g.linear("classifier.2", x, [channels, classes]);
    g.set_output(x);
    g
}

/// Layer norm over the channels of each place.
fn channel_norm(g: &mut Graph, path: &str, input: ValueId, channels: i64) -> ValueId {
    let mut x = g.call_function(path, Layout::Permute { dims: CHANNELS_LAST.to_vec() }, &[input]);
    let [weight, bias] = g.weight_and_bias(path, &[channels]);
    x = g.call_function(path, layer_norm(channels, EPS), &[x, weight, bias]);
    g.call(path, Layout::Permute { dims: CHANNELS_FIRST.to_vec() }, &[x])
}

/// A depthwise convolution and two layers at each place, added to the input. In training torchvision drops some of these
/// blocks at random (stochastic depth); this implementation does not.
fn block(g: &mut Graph, path: &str, input: ValueId, channels: i64) -> ValueId {
    let inner = |index: usize| format!("{path}.block.{index}");
    let conv = Convolution { channels: [channels, channels], kernel: 7, stride: 1, groups: channels };
    let mut x = g.biased_convolution(&inner(0), input, conv);
    x = g.call(&inner(1), Layout::Permute { dims: CHANNELS_LAST.to_vec() }, &[x]);
    x = g.layer_norm(&inner(2), x, channels, EPS);
    x = g.linear(&inner(3), x, [channels, 4 * channels]);
    x = g.call(&inner(4), Activation::Gelu { tanh: false }, &[x]);
    x = g.linear(&inner(5), x, [4 * channels, channels]);
    x = g.call(&inner(6), Layout::Permute { dims: CHANNELS_FIRST.to_vec() }, &[x]);
    let scale = g.parameter(format!("{path}.layer_scale"), &[channels, 1, 1], true);
    x = g.call_function(path, Arithmetic::Mul { other: None }, &[scale, x]);
    g.call_function(path, Arithmetic::Add { other: None }, &[x, input])
}
