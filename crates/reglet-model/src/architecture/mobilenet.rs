//! MobileNetV2.

use super::Sizes;
use super::layers::{Convolution, round_channels};
use crate::graph::{Activation, Arithmetic, Graph, Layout, Op, Pool, ValueId};

/// Expansion, channels, repetitions and first stride of each stage (table 2 of the paper).
const STAGES: [(i64, i64, i64, i64); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];

pub(super) fn graph(Sizes { in_channels, classes, width }: Sizes) -> Graph {
    let (mut g, input) = Graph::new();
    let mut channels = round_channels(32.0 * width);
    let stem = Convolution { channels: [in_channels, channels], kernel: 3, stride: 2, groups: 1 };
    let mut x = convolution_norm_relu(&mut g, "features.0", input, stem);

    let mut index = 1;
    for (expansion, full, repetitions, stride) in STAGES {
        let to = round_channels(full as f64 * width);
        for repetition in 0..repetitions {
            let stride = if repetition == 0 { stride } else { 1 };
            let path = format!("features.{index}");
            x = inverted_residual(&mut g, &path, x, [channels, to], expansion, stride);
            channels = to;
            index += 1;
        }
    }

    let last = round_channels(1280.0 * width.max(1.0));
    let head = Convolution { channels: [channels, last], kernel: 1, stride: 1, groups: 1 };
    x = convolution_norm_relu(&mut g, &format!("features.{index}"), x, head);
    x = g.call_function("", Pool::AdaptiveAverage { output: [1, 1] }, &[x]);
    x = g.call_function("", Layout::Flatten { start: 1, end: -1 }, &[x]);
    x = g.call("classifier.0", Op::Dropout { p: 0.2 }, &[x]);
    x = g.linear("classifier.1", x, [last, classes]);
    g.set_output(x);
    g
}

/// A convolution, batch norm and ReLU6: torchvision's modules `.0`, `.1` and `.2` under `path`.
fn convolution_norm_relu(g: &mut Graph, path: &str, input: ValueId, conv: Convolution) -> ValueId {
    let mut x = g.convolution(&format!("{path}.0"), input, conv);
    x = g.batch_norm(&format!("{path}.1"), x, conv.channels[1]);
    g.call(&format!("{path}.2"), Activation::Hardtanh { min: 0.0, max: 6.0 }, &[x])
}

fn inverted_residual(
    g: &mut Graph,
    path: &str,
    input: ValueId,
    [from, to]: [i64; 2],
    expansion: i64,
    stride: i64,
) -> ValueId {
    let hidden = from * expansion;
    let mut x = input;
    let mut step = 0;
    if expansion != 1 {
        let expand = Convolution { channels: [from, hidden], kernel: 1, stride: 1, groups: 1 };
        x = convolution_norm_relu(g, &format!("{path}.conv.{step}"), x, expand);
        step += 1;
    }
    let depthwise = Convolution { channels: [hidden, hidden], kernel: 3, stride, groups: hidden };
    x = convolution_norm_relu(g, &format!("{path}.conv.{step}"), x, depthwise);
    let project = Convolution { channels: [hidden, to], kernel: 1, stride: 1, groups: 1 };
    x = g.convolution(&format!("{path}.conv.{}", step + 1), x, project);
    x = g.batch_norm(&format!("{path}.conv.{}", step + 2), x, to);
    if stride == 1 && from == to {
        x = g.call_function(path, Arithmetic::Add { other: None }, &[input, x]);
    }
    x
}
