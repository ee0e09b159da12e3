//! DenseNets.

use super::Sizes;
use super::layers::{Convolution, scaled};
use crate::graph::{Activation, Graph, Layout, Pool, Selection, ValueId};

/// The layers of each block of DenseNet-121 (table 1 of the paper).
const DEPTHS: [i64; 4] = [6, 12, 24, 16];

/// How many channels each layer adds.
const GROWTH: i64 = 32;

/// How many times more channels a layer's first convolution returns than the layer adds.
const BOTTLENECK: i64 = 4;

pub(super) fn graph(Sizes { in_channels, classes, width }: Sizes) -> Graph {
    let growth = scaled(GROWTH, width);
    let (mut g, input) = Graph::new();
    let mut channels = scaled(64, width);
    let conv = Convolution { channels: [in_channels, channels], kernel: 7, stride: 2, groups: 1 };
    let mut x = g.convolution("features.conv0", input, conv);
    x = g.batch_norm("features.norm0", x, channels);
    x = g.call("features.relu0", Activation::Relu, &[x]);
    let pool = Pool::Max { kernel: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1], ceil: false };
    x = g.call("features.pool0", pool, &[x]);

    for (block, depth) in (1..).zip(DEPTHS) {
        let path = format!("features.denseblock{block}");
        let mut parts = vec![x];
        for index in 1..=depth {
            let path = format!("{path}.denselayer{index}");
            let part = dense_layer(&mut g, &path, &parts, [channels, growth]);
            parts.push(part);
            channels += growth;
        }
        x = g.call_function(&path, Selection::Cat { dim: 1 }, &parts);
        if block < DEPTHS.len() {
            x = transition(&mut g, &format!("features.transition{block}"), x, [channels, channels / 2]);
            channels /= 2;
        }
    }

    x = g.batch_norm("features.norm5", x, channels);
    x = g.call_function("", Activation::Relu, &[x]);
    x = g.call_function("", Pool::AdaptiveAverage { output: [1, 1] }, &[x]);
    x = g.call_function("", Layout::Flatten { start: 1, end: -1 }, &[x]);
    x = g.linear("classifier", x, [channels, classes]);
    g.set_output(x);
    g
}

/// The channels that a layer adds to all those before it in its block.
fn dense_layer(g: &mut Graph, path: &str, parts: &[ValueId], [from, growth]: [i64; 2]) -> ValueId {
    let hidden = BOTTLENECK * growth;
    let mut x = g.call_function(path, Selection::Cat { dim: 1 }, parts);
    for (index, from, to, kernel) in [(1, from, hidden, 1), (2, hidden, growth, 3)] {
        x = g.batch_norm(&format!("{path}.norm{index}"), x, from);
        x = g.call(&format!("{path}.relu{index}"), Activation::Relu, &[x]);
        let conv = Convolution { channels: [from, to], kernel, stride: 1, groups: 1 };
        x = g.convolution(&format!("{path}.conv{index}"), x, conv);
    }
    x
}

/// The transition between two blocks, which halves the channels, the height and the width.
fn transition(g: &mut Graph, path: &str, input: ValueId, [from, to]: [i64; 2]) -> ValueId {
    let mut x = g.batch_norm(&format!("{path}.norm"), input, from);
    x = g.call(&format!("{path}.relu"), Activation::Relu, &[x]);
    let conv = Convolution { channels: [from, to], kernel: 1, stride: 1, groups: 1 };
    x = g.convolution(&format!("{path}.conv"), x, conv);
    let pool = Pool::Average {
        kernel: [2, 2],
        stride: [2, 2],
        padding: [0, 0],
        ceil: false,
        count_padding: true,
        divisor: None,
    };
    g.call(&format!("{path}.pool"), pool, &[x])
}
