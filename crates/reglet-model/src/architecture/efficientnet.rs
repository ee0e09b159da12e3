//! EfficientNets.

use super::Sizes;
use super::layers::{Convolution, round_channels};
use crate::graph::{Activation, Arithmetic, Graph, Layout, Op, Pool, ValueId};

/// Expansion, kernel, first stride, channels and repetitions of each stage of EfficientNet-B0 (table 1 of the
/// paper).
const STAGES: [(i64, i64, i64, i64, i64); 7] = [
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
];

pub(super) fn graph(Sizes { in_channels, classes, width }: Sizes) -> Graph {
    let (mut g, input) = Graph::new();
    let mut channels = round_channels(32.0 * width);
    let stem = Convolution { channels: [in_channels, channels], kernel: 3, stride: 2, groups: 1 };
    let mut x = convolution_norm_silu(&mut g, "features.0", input, stem);
    for (stage, (expansion, kernel, stride, full, repetitions)) in (1..).zip(STAGES) {
        let to = round_channels(full as f64 * width);
        for repetition in 0..repetitions {
            let stride = if repetition == 0 { stride } else { 1 };
            let path = format!("features.{stage}.{repetition}");
            x = inverted_residual(&mut g, &path, x, [channels, to], expansion, (kernel, stride));
            channels = to;
        }
    }

    let last = 4 * channels;
    let head = Convolution { channels: [channels, last], kernel: 1, stride: 1, groups: 1 };
    x = convolution_norm_silu(&mut g, "features.8", x, head);
    x = g.call("avgpool", Pool::AdaptiveAverage { output: [1, 1] }, &[x]);
    x = g.call_function("", Layout::Flatten { start: 1, end: -1 }, &[x]);
    x = g.call("classifier.0", Op::Dropout { p: 0.2 }, &[x]);
    x = g.linear("classifier.1", x, [last, classes]);
    g.set_output(x);
    g
}

/// A convolution, batch norm and SiLU: torchvision's modules `.0`, `.1` and `.2` under `path`.
fn convolution_norm_silu(g: &mut Graph, path: &str, input: ValueId, conv: Convolution) -> ValueId {
    let mut x = g.convolution(&format!("{path}.0"), input, conv);
    x = g.batch_norm(&format!("{path}.1"), x, conv.channels[1]);
    g.call(&format!("{path}.2"), Activation::Silu, &[x])
}

fn inverted_residual(
    g: &mut Graph,
    path: &str,
    input: ValueId,
    [from, to]: [i64; 2],
    expansion: i64,
    (kernel, stride): (i64, i64),
) -> ValueId {
    let hidden = from * expansion;
    let mut x = input;
    let mut step = 0;
    if expansion != 1 {
        let expand = Convolution { channels: [from, hidden], kernel: 1, stride: 1, groups: 1 };
        x = convolution_norm_silu(g, &format!("{path}.block.{step}"), x, expand);
        step += 1;
    }
    let depthwise = Convolution { channels: [hidden, hidden], kernel, stride, groups: hidden };
    x = convolution_norm_silu(g, &format!("{path}.block.{step}"), x, depthwise);
    x = squeeze_and_excitation(g, &format!("{path}.block.{}", step + 1), x, [hidden, (from / 4).max(1)]);
    let project = Convolution { channels: [hidden, to], kernel: 1, stride: 1, groups: 1 };
    x = g.convolution(&format!("{path}.block.{}.0", step + 2), x, project);
    x = g.batch_norm(&format!("{path}.block.{}.1", step + 2), x, to);
    if stride == 1 && from == to {
        x = g.call_function(path, Arithmetic::Add { other: None }, &[x, input]);
    }
    x
}

/// Multiplies each channel by a number between 0 and 1 that is computed from the means of all channels (Hu et al., 2018,
/// <https://arxiv.org/abs/1709.01507>).
fn squeeze_and_excitation(
    g: &mut Graph,
    path: &str,
    input: ValueId,
    [channels, squeezed]: [i64; 2],
) -> ValueId {
    let pointwise = |channels| Convolution { channels, kernel: 1, stride: 1, groups: 1 };
    let mut x = g.call(&format!("{path}.avgpool"), Pool::AdaptiveAverage { output: [1, 1] }, &[input]);
    x = g.biased_convolution(&format!("{path}.fc1"), x, pointwise([channels, squeezed]));
    x = g.call(&format!("{path}.activation"), Activation::Silu, &[x]);
    x = g.biased_convolution(&format!("{path}.fc2"), x, pointwise([squeezed, channels]));
    x = g.call(&format!("{path}.scale_activation"), Activation::Sigmoid, &[x]);
    g.call_function(path, Arithmetic::Mul { other: None }, &[x, input])
}
