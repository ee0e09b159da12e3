//! `ConvNextForImageClassification` (Liu et al., 2022, <https://arxiv.org/abs/2201.03545>).

use super::super::layers::{Convolution, EPS, layer_norm};
use super::Fields;
use crate::graph::{Activation, Arithmetic, Graph, Layout, Reduction, ValueId};

/// The permutations of dimensions that move the channels last, and back.
const CHANNELS_LAST: [i64; 4] = [0, 2, 3, 1];
const CHANNELS_FIRST: [i64; 4] = [0, 3, 1, 2];

pub(super) fn graph(fields: &Fields, classes: i64) -> Result<Graph, String> {
    let in_channels = fields.count("num_channels", 3)?;
    let hidden = fields.counts("hidden_sizes", &[96, 192, 384, 768])?;
    let depths = super::depths(fields, &[3, 3, 9, 3], hidden.len())?;
    let patch = fields.side("patch_size", 4)?;
    let activation = fields.activation("hidden_act", "gelu")?;
    let is_scaled = fields.number("layer_scale_init_value", 1e-6)? > 0.0;
    let eps = fields.number("layer_norm_eps", 1e-12)?;

    let (mut g, input) = Graph::new();
    let mut channels = hidden[0];
    let mut x = g.patches("convnext.embeddings.patch_embeddings", input, [in_channels, channels], patch);
    x = channel_norm(&mut g, "convnext.embeddings.layernorm", x, channels);
    for (stage, (to, depth)) in hidden.into_iter().zip(depths).enumerate() {
        let path = format!("convnext.encoder.stages.{stage}");
        if stage > 0 {
            x = channel_norm(&mut g, &format!("{path}.downsampling_layer.0"), x, channels);
            x = g.patches(&format!("{path}.downsampling_layer.1"), x, [channels, to], 2);
        }
        for index in 0..depth {
            x = block(&mut g, &format!("{path}.layers.{index}"), x, to, &activation, is_scaled);
        }
        channels = to;
    }
    x = g.call_function("convnext", Reduction::Mean { dims: vec![-2, -1], keep: false }, &[x]);
    x = g.layer_norm("convnext.layernorm", x, channels, eps);
    x = g.linear("classifier", x, [channels, classes]);
    g.set_output(x);
    Ok(g)
}

/// Layer norm over the channels of each place.
fn channel_norm(g: &mut Graph, path: &str, input: ValueId, channels: i64) -> ValueId {
    let mut x = g.call_function(path, Layout::Permute { dims: CHANNELS_LAST.to_vec() }, &[input]);
    let [weight, bias] = g.weight_and_bias(path, &[channels]);
    x = g.call_function(path, layer_norm(channels, EPS), &[x, weight, bias]);
    g.call(path, Layout::Permute { dims: CHANNELS_FIRST.to_vec() }, &[x])
}

fn block(
    g: &mut Graph,
    path: &str,
    input: ValueId,
    channels: i64,
    activation: &Activation,
    is_scaled: bool,
) -> ValueId {
    let inner = |name: &str| format!("{path}.{name}");
    let conv = Convolution { channels: [channels, channels], kernel: 7, stride: 1, groups: channels };
    let mut x = g.biased_convolution(&inner("dwconv"), input, conv);
    x = g.call_function(path, Layout::Permute { dims: CHANNELS_LAST.to_vec() }, &[x]);
    x = g.layer_norm(&inner("layernorm"), x, channels, EPS);
    x = g.linear(&inner("pwconv1"), x, [channels, 4 * channels]);
    x = g.call(&inner("act"), *activation, &[x]);
    x = g.linear(&inner("pwconv2"), x, [4 * channels, channels]);
    if is_scaled {
        let scale = g.parameter(inner("layer_scale_parameter"), &[channels], true);
        x = g.call_function(path, Arithmetic::Mul { other: None }, &[scale, x]);
    }
    x = g.call_function(path, Layout::Permute { dims: CHANNELS_FIRST.to_vec() }, &[x]);
    g.call_function(path, Arithmetic::Add { other: None }, &[input, x])
}
