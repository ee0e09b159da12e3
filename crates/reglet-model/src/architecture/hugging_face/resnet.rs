//! `ResNetForImageClassification` (He et al., 2016, <https://arxiv.org/abs/1512.03385>).

use super::super::layers::Convolution;
use super::Fields;
use crate::graph::{Activation, Arithmetic, Graph, Layout, Pool, ValueId};

/// The factor by which the 3×3 convolution of a bottleneck is narrower than the bottleneck's result.
const REDUCTION: i64 = 4;

/// What the config says about the blocks.
struct Blocks {
    bottleneck: bool,
    downsample_in_bottleneck: bool,
    activation: Activation,
}

pub(super) fn graph(fields: &Fields, classes: i64) -> Result<Graph, String> {
    let in_channels = fields.count("num_channels", 3)?;
    let stem = fields.count("embedding_size", 64)?;
    let hidden = fields.counts("hidden_sizes", &[256, 512, 1024, 2048])?;
    let depths = super::depths(fields, &[3, 4, 6, 3], hidden.len())?;
    let blocks = Blocks {
        bottleneck: match fields.word("layer_type", "bottleneck")? {
            "bottleneck" => true,
            "basic" => false,
            other => return Err(format!("its layer_type is '{other}', and basic and bottleneck are known")),
        },
        downsample_in_bottleneck: fields.flag("downsample_in_bottleneck", false)?,
        activation: fields.activation("hidden_act", "relu")?,
    };
    let first_stride = if fields.flag("downsample_in_first_stage", false)? { 2 } else { 1 };

    let (mut g, input) = Graph::new();
    let conv = Convolution { channels: [in_channels, stem], kernel: 7, stride: 2, groups: 1 };
    let mut x = layer(&mut g, "resnet.embedder.embedder", input, conv, Some(&blocks.activation));
    let pool = Pool::Max { kernel: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1], ceil: false };
    x = g.call("resnet.embedder.pooler", pool, &[x]);
    let mut channels = stem;
    for (stage, (to, depth)) in hidden.into_iter().zip(depths).enumerate() {
        for index in 0..depth {
            let stride = match (index, stage) {
                (0, 0) => first_stride,
                (0, _) => 2,
                _ => 1,
            };
            let path = format!("resnet.encoder.stages.{stage}.layers.{index}");
            x = block(&mut g, &path, x, [channels, to], stride, &blocks);
            channels = to;
        }
    }
    x = g.call("resnet.pooler", Pool::AdaptiveAverage { output: [1, 1] }, &[x]);
    x = g.call("classifier.0", Layout::Flatten { start: 1, end: -1 }, &[x]);
    x = g.linear("classifier.1", x, [channels, classes]);
    g.set_output(x);
    Ok(g)
}

fn block(
    g: &mut Graph,
    path: &str,
    input: ValueId,
    [from, to]: [i64; 2],
    stride: i64,
    blocks: &Blocks,
) -> ValueId {
    // Kernel, output channels and stride of each convolution.
    let narrow = (to / REDUCTION).max(1);
    let (first, second) = if blocks.downsample_in_bottleneck { (stride, 1) } else { (1, stride) };
    let convolutions: &[(i64, i64, i64)] = match blocks.bottleneck {
        false => &[(3, to, stride), (3, to, 1)],
        true => &[(1, narrow, first), (3, narrow, second), (1, to, 1)],
    };
    let (mut x, mut channels) = (input, from);
    for (index, &(kernel, wide, stride)) in convolutions.iter().enumerate() {
        let conv = Convolution { channels: [channels, wide], kernel, stride, groups: 1 };
        // Inside a block the library applies a rectifier, whatever activation the config names.
        let activation = Some(&Activation::Relu).filter(|_| index + 1 < convolutions.len());
        x = layer(g, &format!("{path}.layer.{index}"), x, conv, activation);
        channels = wide;
    }
    let mut beside = input;
    if from != to || stride != 1 {
        let conv = Convolution { channels: [from, to], kernel: 1, stride, groups: 1 };
        beside = layer(g, &format!("{path}.shortcut"), input, conv, None);
    }
    x = g.call_function(path, Arithmetic::Add { other: None }, &[x, beside]);
    g.call(&format!("{path}.activation"), blocks.activation, &[x])
}

/// A convolution, its batch norm and, if there is one, an activation.
fn layer(
    g: &mut Graph,
    path: &str,
    input: ValueId,
    conv: Convolution,
    activation: Option<&Activation>,
) -> ValueId {
    let channels = conv.channels[1];
    let mut x = g.convolution(&format!("{path}.convolution"), input, conv);
    x = g.batch_norm(&format!("{path}.normalization"), x, channels);
    match activation {
        Some(activation) => g.call(&format!("{path}.activation"), *activation, &[x]),
        None => x,
    }
}
