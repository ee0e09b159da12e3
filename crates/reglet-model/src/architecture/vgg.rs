//! VGGs.

use super::Sizes;
use super::layers::{Convolution, scaled};
use crate::graph::{Activation, Graph, Layout, Op, Pool};

/// Channels of each stage's convolutions (table 1 of the paper).
const CHANNELS: [i64; 5] = [64, 128, 256, 512, 512];

/// Height and width of the classifier's input.
const SIDE: i64 = 7;

/// `depths` gives the number of convolutions of each stage, and `norm` says whether a batch norm follows each of them.
pub(super) fn graph(depths: [i64; 5], norm: bool, Sizes { in_channels, classes, width }: Sizes) -> Graph {
    let (mut g, mut x) = Graph::new();
    let mut channels = in_channels;
    let mut index = 0;
    let mut path = || {
        index += 1;
        format!("features.{}", index - 1)
    };
    for (depth, full) in depths.into_iter().zip(CHANNELS) {
        let to = scaled(full, width);
        for _ in 0..depth {
            let conv = Convolution { channels: [channels, to], kernel: 3, stride: 1, groups: 1 };
            x = g.biased_convolution(&path(), x, conv);
            if norm {
                x = g.batch_norm(&path(), x, to);
            }
            x = g.call(&path(), Activation::Relu, &[x]);
            channels = to;
        }
        let pool =
            Pool::Max { kernel: [2, 2], stride: [2, 2], padding: [0, 0], dilation: [1, 1], ceil: false };
        x = g.call(&path(), pool, &[x]);
    }

    x = g.call("avgpool", Pool::AdaptiveAverage { output: [SIDE; 2] }, &[x]);
    x = g.call_function("", Layout::Flatten { start: 1, end: -1 }, &[x]);
    let hidden = scaled(4096, width);
    for (first, from) in [(0, channels * SIDE * SIDE), (3, hidden)] {
        x = g.linear(&format!("classifier.{first}"), x, [from, hidden]);
        x = g.call(&format!("classifier.{}", first + 1), Activation::Relu, &[x]);
        x = g.call(&format!("classifier.{}", first + 2), Op::Dropout { p: 0.5 }, &[x]);
    }
    x = g.linear("classifier.6", x, [hidden, classes]);
    g.set_output(x);
    g
}
