//! `SwinForImageClassification` (Liu et al., 2021, <https://arxiv.org/abs/2103.14030>).

use tch::{Device, Kind, Tensor};

use super::{Fields, Side, heads};
use crate::Weights;
use crate::graph::{
    Activation, Arithmetic, Graph, Layout, Number, Op, Product, Reduction, Selection, Size, ValueId,
};

/// The largest window's side, in places.
const LARGEST_WINDOW: i64 = 32;

/// The largest number of pairs of places, in all windows of a stage, for which a mask is computed.
const MOST_PAIRS: i64 = 1 << 26;

/// The settings that all blocks of a stage share.
struct Stage {
    channels: i64,
    heads: i64,
    /// Height and width, in places.
    places: Side,
    window: i64,
    inner: i64,
    activation: Activation,
    eps: f64,
    is_biased: bool,
}

/// The network for pictures of one height and width. The tables of relative positions and the masks of windows that are cut
/// in two are added to the weights, because they are computed and not learnt.
pub(super) fn graph(
    fields: &Fields,
    side: Side,
    classes: i64,
    weights: &mut Weights,
) -> Result<Graph, String> {
    let in_channels = fields.count("num_channels", 3)?;
    let mut channels = fields.count("embed_dim", 96)?;
    let all_heads = fields.counts("num_heads", &[3, 6, 12, 24])?;
    let depths = super::depths(fields, &[2, 2, 6, 2], all_heads.len())?;
    let patch = fields.side("patch_size", 4)?;
    let window = fields.side("window_size", 7)?;
    if window > LARGEST_WINDOW {
        return Err(format!(
            "its windows have {window}×{window} places, and at most {LARGEST_WINDOW}×{LARGEST_WINDOW} are allowed"
        ));
    }
    let ratio = fields.number("mlp_ratio", 4.0)?;
    let activation = fields.activation("hidden_act", "gelu")?;
    let eps = fields.number("layer_norm_eps", 1e-5)?;
    let is_biased = fields.flag("qkv_bias", true)?;
    let mut places = side.map(|side| side / patch);
    let whole = |places: Side| {
        let fits = side.iter().all(|side| side % patch == 0)
            && places.iter().all(|side| *side > 0 && side % window == 0);
        let fault = || {
            format!(
                "a picture of {}×{} pixels has {}×{} places at one of its stages, which its windows of {window}×{window} do not \
                 divide; give it pictures of the size that it was trained with",
                side[1], side[0], places[1], places[0]
            )
        };
        if places[0] * places[1] * window * window > MOST_PAIRS {
            return Err(format!("a picture of {}×{} pixels is too large for it", side[1], side[0]));
        }
        fits.then_some(()).ok_or_else(fault)
    };

    let (mut g, input) = Graph::new();
    let embeddings = "swin.embeddings";
    let projection = format!("{embeddings}.patch_embeddings.projection");
    let mut x = g.patches(&projection, input, [in_channels, channels], patch);
    x = g.call_function("swin.embeddings.patch_embeddings", Layout::Flatten { start: 2, end: -1 }, &[x]);
    x = g.call_function("swin.embeddings.patch_embeddings", Layout::Transpose { dims: [1, 2] }, &[x]);
    x = g.layer_norm(&format!("{embeddings}.norm"), x, channels, 1e-5);
    if fields.flag("use_absolute_embeddings", false)? {
        let shape = [1, places[0] * places[1], channels];
        let table = g.parameter(format!("{embeddings}.position_embeddings"), &shape, true);
        x = g.call_function(embeddings, Arithmetic::Add { other: None }, &[x, table]);
    }
    let stages = depths.len();
    for (index, (depth, count)) in depths.into_iter().zip(all_heads).enumerate() {
        whole(places)?;
        let stage = Stage {
            channels,
            heads: heads(count, channels)?,
            places,
            window,
            inner: ((ratio * channels as f64) as i64).max(1),
            activation,
            eps,
            is_biased,
        };
        let path = format!("swin.encoder.layers.{index}");
        for block in 0..depth {
            // If one window covers the whole picture, nothing is shifted.
            let is_moved = block % 2 == 1 && places.iter().all(|side| *side > window);
            x = stage.block(&mut g, &format!("{path}.blocks.{block}"), x, is_moved, weights)?;
        }
        if index + 1 < stages {
            if places.iter().any(|side| side % 2 == 1) {
                return Err(format!(
                    "{}×{} places cannot be halved behind its stage {index}",
                    places[1], places[0]
                ));
            }
            x = merge(&mut g, &format!("{path}.downsample"), x, channels, places);
            places = places.map(|side| side / 2);
            channels *= 2;
        }
    }
    x = g.layer_norm("swin.layernorm", x, channels, eps);
    x = g.call_function("swin.pooler", Reduction::Mean { dims: vec![1], keep: false }, &[x]);
    x = g.linear("classifier", x, [channels, classes]);
    g.set_output(x);
    Ok(g)
}

impl Stage {
    fn block(
        &self,
        g: &mut Graph,
        path: &str,
        input: ValueId,
        is_moved: bool,
        weights: &mut Weights,
    ) -> Result<ValueId, String> {
        let of = |name: &str| format!("{path}.{name}");
        let ([height, width], channels) = (self.places, self.channels);
        let add = Arithmetic::Add { other: None };
        let mut x = g.layer_norm(&of("layernorm_before"), input, channels, self.eps);
        x = g.call_function(path, view(&[height, width, channels]), &[x]);
        let shift = self.window / 2;
        let roll = |by: i64| Layout::Roll { shifts: vec![by; 2], dims: vec![1, 2] };
        if is_moved {
            x = g.call_function(path, roll(-shift), &[x]);
        }
        x = self.attention(g, &of("attention"), x, is_moved, weights)?;
        if is_moved {
            x = g.call_function(path, roll(shift), &[x]);
        }
        x = g.call_function(path, view(&[height * width, channels]), &[x]);
        let attended = g.call_function(path, add.clone(), &[input, x]);
        x = g.layer_norm(&of("layernorm_after"), attended, channels, self.eps);
        x = g.linear(&of("intermediate.dense"), x, [channels, self.inner]);
        x = g.call(&of("intermediate.intermediate_act_fn"), self.activation, &[x]);
        x = g.linear(&of("output.dense"), x, [self.inner, channels]);
        Ok(g.call_function(path, add, &[attended, x]))
    }

    /// Attention within each window of `[N, h, w, C]`.
    fn attention(
        &self,
        g: &mut Graph,
        path: &str,
        input: ValueId,
        is_moved: bool,
        weights: &mut Weights,
    ) -> Result<ValueId, String> {
        let inside = format!("{path}.self");
        let Stage { channels, heads, places: [height, width], window, .. } = *self;
        let (rows, columns, tokens) = (height / window, width / window, window * window);
        let to_windows = Layout::Permute { dims: vec![0, 1, 3, 2, 4, 5] };
        let mut x = g.call_function(path, view(&[rows, window, columns, window, channels]), &[input]);
        x = g.call_function(path, to_windows.clone(), &[x]);
        x = g.call_function(path, view(&[rows * columns, tokens, channels]), &[x]);
        // [N, windows, heads, tokens, channels of a head]
        let parts = ["query", "key", "value"].map(|name| {
            let of = format!("{inside}.{name}");
            let part = match self.is_biased {
                true => g.linear(&of, x, [channels, channels]),
                false => g.plain_linear(&of, x, [channels, channels]),
            };
            let sizes = vec![Size::Fixed(heads), Size::Fixed(channels / heads)];
            let part = g.call_function(&inside, Layout::Unflatten { dim: -1, sizes }, &[part]);
            g.call_function(&inside, Layout::Permute { dims: vec![0, 1, 3, 2, 4] }, &[part])
        });
        let [query, key, value] = parts;
        let key = g.call_function(&inside, Layout::Transpose { dims: [-2, -1] }, &[key]);
        x = g.call_function(&inside, Product::Matmul, &[query, key]);
        let scale = Number::Float((channels as f64 / heads as f64).sqrt());
        x = g.call_function(&inside, Arithmetic::Div { other: Some(scale) }, &[x]);
        let bias = self.bias(g, &inside, weights)?;
        x = g.call_function(&inside, Arithmetic::Add { other: None }, &[x, bias]);
        if is_moved {
            let name = format!("{inside}.attention_mask");
            weights.insert(name.clone(), self.mask().map_err(|error| error.to_string())?);
            let mask = g.parameter(name, &[rows * columns, 1, tokens, tokens], false);
            x = g.call_function(&inside, Arithmetic::Add { other: None }, &[x, mask]);
        }
        x = g.call_function(&inside, Reduction::Softmax { dim: -1 }, &[x]);
        x = g.call_function(&inside, Product::Matmul, &[x, value]);
        x = g.call_function(&inside, Layout::Permute { dims: vec![0, 1, 3, 2, 4] }, &[x]);
        x = g.call_function(&inside, Layout::Flatten { start: -2, end: -1 }, &[x]);
        x = g.linear(&format!("{path}.output.dense"), x, [channels, channels]);
        x = g.call_function(path, view(&[rows, columns, window, window, channels]), &[x]);
        x = g.call_function(path, to_windows, &[x]);
        Ok(g.call_function(path, view(&[height, width, channels]), &[x]))
    }

    /// The bias that is added for each head and pair of places in a window, depending on their distance: `[heads, tokens,
    /// tokens]`.
    fn bias(&self, g: &mut Graph, path: &str, weights: &mut Weights) -> Result<ValueId, String> {
        let (side, tokens) = (2 * self.window - 1, self.window * self.window);
        let table = format!("{path}.relative_position_bias_table");
        let table = g.parameter(table, &[side * side, self.heads], true);
        let name = format!("{path}.relative_position_index");
        let places = |token: i64| [token / self.window, token % self.window];
        let index: Vec<i64> = (0..tokens * tokens)
            .map(|pair| {
                let [from, to] = [places(pair / tokens), places(pair % tokens)];
                let [down, right] = [0, 1].map(|dim| from[dim] - to[dim] + self.window - 1);
                down * side + right
            })
            .collect();
        weights.insert(name.clone(), Tensor::f_from_slice(&index).map_err(|error| error.to_string())?);
        let index = g.parameter(name, &[tokens * tokens], false);
        let mut x = g.call_function(path, Selection::Index { given: vec![true] }, &[table, index]);
        let shape = [tokens, tokens, self.heads].map(Size::Fixed).to_vec();
        x = g.call_function(path, Layout::Reshape { shape }, &[x]);
        Ok(g.call_function(path, Layout::Permute { dims: vec![2, 0, 1] }, &[x]))
    }

    /// −100 between places of one window that were not neighbours before the picture was shifted, and 0 elsewhere:
    /// `[windows, 1, tokens, tokens]`.
    fn mask(&self) -> Result<Tensor, tch::TchError> {
        let Stage { places: [height, width], window, .. } = *self;
        let shift = window / 2;
        let region = |at: i64, side: i64| i64::from(at >= side - window) + i64::from(at >= side - shift);
        let regions: Vec<i64> = (0..height * width)
            .map(|place| 3 * region(place / width, height) + region(place % width, width))
            .collect();
        let sizes = [height / window, window, width / window, window];
        let regions = Tensor::f_from_slice(&regions)?.f_view(sizes)?.f_permute([0, 2, 1, 3])?;
        let regions = regions.f_reshape([-1, window * window])?;
        let differ = regions.f_unsqueeze(1)?.f_ne_tensor(&regions.f_unsqueeze(2)?)?;
        differ.f_to_kind(Kind::Float)?.f_mul_scalar(-100.0)?.f_unsqueeze(1)?.f_to_device(Device::Cpu)
    }
}

/// Merges four neighbouring places into one with twice the channels.
fn merge(g: &mut Graph, path: &str, input: ValueId, channels: i64, [height, width]: Side) -> ValueId {
    let x = g.call_function(path, view(&[height, width, channels]), &[input]);
    let every_second = |g: &mut Graph, x: ValueId, dim: i64, start: i64| {
        let (start, end) = (Some(Size::Fixed(start)), Some(Size::Fixed(i64::MAX)));
        g.call_function(path, Selection::Slice { dim, start, end, step: 2 }, &[x])
    };
    let parts = [[0, 0], [1, 0], [0, 1], [1, 1]].map(|[down, right]| {
        let rows = every_second(g, x, 1, down);
        every_second(g, rows, 2, right)
    });
    let mut x = g.call_function(path, Selection::Cat { dim: -1 }, &parts);
    x = g.call_function(path, view(&[height * width / 4, 4 * channels]), &[x]);
    x = g.layer_norm(&format!("{path}.norm"), x, 4 * channels, 1e-5);
    g.plain_linear(&format!("{path}.reduction"), x, [4 * channels, 2 * channels])
}

/// Reshapes the values of each picture.
fn view(sizes: &[i64]) -> Op {
    let shape = std::iter::once(-1).chain(sizes.iter().copied()).map(Size::Fixed).collect();
    Op::Layout(Layout::Reshape { shape })
}
