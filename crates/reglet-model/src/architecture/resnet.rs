//! ResNets.

use super::layers::{Convolution, scaled};
use super::{Architecture, Sizes};
use crate::graph::{Activation, Arithmetic, Graph, Layout, Pool, ValueId};

/// The kinds of residual blocks, which differ in their layers and in how much wider their result is than their 3×3
/// convolutions.
#[derive(Clone, Copy)]
enum Block {
    Basic,
    Bottleneck,
}

impl Block {
    fn expansion(self) -> i64 {
        match self {
            Block::Basic => 1,
            Block::Bottleneck => 4,
        }
    }
}

pub(super) fn graph(architecture: Architecture, Sizes { in_channels, classes, width }: Sizes) -> Graph {
    let (block, depths) = match architecture {
        Architecture::ResNet18 => (Block::Basic, [2, 2, 2, 2]),
        Architecture::ResNet34 => (Block::Basic, [3, 4, 6, 3]),
        Architecture::ResNet50 => (Block::Bottleneck, [3, 4, 6, 3]),
        Architecture::ResNet101 => (Block::Bottleneck, [3, 4, 23, 3]),
        _ => (Block::Bottleneck, [3, 8, 36, 3]),
    };

    let (mut g, input) = Graph::new();
    let stem = scaled(64, width);
    let conv = Convolution { channels: [in_channels, stem], kernel: 7, stride: 2, groups: 1 };
    let mut x = g.convolution("conv1", input, conv);
    x = g.batch_norm("bn1", x, stem);
    x = g.call("relu", Activation::Relu, &[x]);
    let pool = Pool::Max { kernel: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1], ceil: false };
    x = g.call("maxpool", pool, &[x]);

    let mut channels = stem;
    for (stage, depth) in depths.into_iter().enumerate() {
        let planes = scaled(64 << stage, width);
        for index in 0..depth {
            let stride = if stage > 0 && index == 0 { 2 } else { 1 };
            let path = format!("layer{}.{index}", stage + 1);
            x = residual_block(&mut g, &path, x, block, [channels, planes], stride);
            channels = planes * block.expansion();
        }
    }

    x = g.call("avgpool", Pool::AdaptiveAverage { output: [1, 1] }, &[x]);
    x = g.call_function("", Layout::Flatten { start: 1, end: -1 }, &[x]);
    x = g.linear("fc", x, [channels, classes]);
    g.set_output(x);
    g
}

fn residual_block(
    g: &mut Graph,
    path: &str,
    input: ValueId,
    block: Block,
    [from, planes]: [i64; 2],
    stride: i64,
) -> ValueId {
    let to = planes * block.expansion();
    // Kernel, output channels and stride of each convolution.
    let convolutions: &[(i64, i64, i64)] = match block {
        Block::Basic => &[(3, planes, stride), (3, planes, 1)],
        Block::Bottleneck => &[(1, planes, 1), (3, planes, stride), (1, to, 1)],
    };

    let mut x = input;
    let mut channels = from;
    for (index, &(kernel, out, stride)) in convolutions.iter().enumerate() {
        let conv = Convolution { channels: [channels, out], kernel, stride, groups: 1 };
        x = g.convolution(&format!("{path}.conv{}", index + 1), x, conv);
        x = g.batch_norm(&format!("{path}.bn{}", index + 1), x, out);
        if index + 1 < convolutions.len() {
            x = g.call(&format!("{path}.relu"), Activation::Relu, &[x]);
        }
        channels = out;
    }

    let mut identity = input;
    if stride != 1 || from != to {
        let conv = Convolution { channels: [from, to], kernel: 1, stride, groups: 1 };
        identity = g.convolution(&format!("{path}.downsample.0"), identity, conv);
        identity = g.batch_norm(&format!("{path}.downsample.1"), identity, to);
    }
    x = g.call_function(path, Arithmetic::Add { other: None }, &[x, identity]);
    g.call(&format!("{path}.relu"), Activation::Relu, &[x])
}
