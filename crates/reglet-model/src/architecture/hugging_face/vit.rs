//! `ViTForImageClassification` (Dosovitskiy et al., 2021, <https://arxiv.org/abs/2010.11929>), `DeiTForImageClassification` with and
//! without a teacher (Touvron et al., 2021, <https://arxiv.org/abs/2012.12877>), and `Dinov2ForImageClassification` (Oquab et al., 2023,
//! <https://arxiv.org/abs/2304.07193>).

use tch::{Kind, Tensor};

use super::{Fields, Side, attention, heads};
use crate::Weights;
use crate::graph::{Activation, Arithmetic, Graph, Layout, Number, Reduction, Selection, Size, ValueId};

/// The kind of a vision transformer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kin {
    Vit,
    Deit {
        /// The logits are the mean of the logits of two tokens.
        has_teacher: bool,
    },
    Dinov2,
}

impl Kin {
    fn prefix(self) -> &'static str {
        match self {
            Kin::Vit => "vit",
            Kin::Deit { .. } => "deit",
            Kin::Dinov2 => "dinov2",
        }
    }
}

/// What the config says about the layers.
struct Encoder {
    kin: Kin,
    channels: i64,
    heads: i64,
    /// The number of channels between the two layers at each place.
    inner: i64,
    activation: Activation,
    /// Whether the inner layer's channels are gated: silu(a) · b, as in SwiGLU.
    is_gated: bool,
    eps: f64,
    is_biased: bool,
}

impl Encoder {
    fn of(kin: Kin, fields: &Fields) -> Result<Encoder, String> {
        let channels = fields.count("hidden_size", 768)?;
        let is_gated = kin == Kin::Dinov2 && fields.flag("use_swiglu_ffn", false)?;
        let inner = match kin {
            Kin::Dinov2 => {
                let inner = channels.saturating_mul(fields.count("mlp_ratio", 4)?);
                // There are three layers instead of two, so each has two thirds of the channels, rounded up to a multiple of
                // eight.
                if is_gated { (inner * 2 / 3 + 7) / 8 * 8 } else { inner }
            }
            _ => fields.count("intermediate_size", 3072)?,
        };
        Ok(Encoder {
            kin,
            channels,
            heads: heads(fields.count("num_attention_heads", 12)?, channels)?,
            inner,
            activation: fields.activation("hidden_act", "gelu")?,
            is_gated,
            eps: fields.number("layer_norm_eps", if kin == Kin::Dinov2 { 1e-6 } else { 1e-12 })?,
            is_biased: fields.flag("qkv_bias", true)?,
        })
    }

    fn layer(&self, g: &mut Graph, path: &str, input: ValueId) -> ValueId {
        let of = |name: &str| format!("{path}.{name}");
        let is_dino = self.kin == Kin::Dinov2;
        let add = Arithmetic::Add { other: None };
        let [before, after] =
            if is_dino { ["norm1", "norm2"] } else { ["layernorm_before", "layernorm_after"] };
        let mut x = g.layer_norm(&of(before), input, self.channels, self.eps);
        let shape = [self.channels, self.heads];
        x = attention(g, &of("attention"), "attention", x, shape, self.is_biased);
        x = self.scaled(g, &of("layer_scale1"), x);
        let attended = g.call_function(path, add.clone(), &[x, input]);
        x = g.layer_norm(&of(after), attended, self.channels, self.eps);
        let [first, last] = match (is_dino, self.is_gated) {
            (true, true) => ["mlp.weights_in", "mlp.weights_out"],
            (true, false) => ["mlp.fc1", "mlp.fc2"],
            (false, _) => ["intermediate.dense", "output.dense"],
        };
        if self.is_gated {
            x = g.linear(&of(first), x, [self.channels, 2 * self.inner]);
            let half = |g: &mut Graph, from: i64| {
                let [start, end] = [from, from + self.inner].map(|at| Some(Size::Fixed(at)));
                g.call_function(&of("mlp"), Selection::Slice { dim: -1, start, end, step: 1 }, &[x])
            };
            let [gate, value] = [half(g, 0), half(g, self.inner)];
            let gate = g.call_function(&of("mlp"), Activation::Silu, &[gate]);
            x = g.call_function(&of("mlp"), Arithmetic::Mul { other: None }, &[gate, value]);
        } else {
            x = g.linear(&of(first), x, [self.channels, self.inner]);
            let module = if is_dino { "mlp.activation" } else { "intermediate.intermediate_act_fn" };
            x = g.call(&of(module), self.activation, &[x]);
        }
        x = g.linear(&of(last), x, [self.inner, self.channels]);
        x = self.scaled(g, &of("layer_scale2"), x);
        g.call_function(path, add, &[x, attended])
    }

    /// Whether there is a factor for each channel, which only DINOv2 has.
    fn scaled(&self, g: &mut Graph, path: &str, x: ValueId) -> ValueId {
        if self.kin != Kin::Dinov2 {
            return x;
        }
        let factor = g.parameter(format!("{path}.lambda1"), &[self.channels], true);
        g.call(path, Arithmetic::Mul { other: None }, &[x, factor])
    }
}

/// The network for pictures of one height and width, with its weights: position embeddings that were learnt for another size
/// are resized to this one.
pub(super) fn graph(
    kin: Kin,
    fields: &Fields,
    side: Side,
    classes: i64,
    weights: &mut Weights,
) -> Result<Graph, String> {
    let encoder = Encoder::of(kin, fields)?;
    let (channels, patch) =
        (encoder.channels, fields.side("patch_size", if kin == Kin::Dinov2 { 14 } else { 16 })?);
    let in_channels = fields.count("num_channels", 3)?;
    let prefix = kin.prefix();
    let learnt = fields.side("image_size", 224)? / patch;
    let [height, width] = side.map(|side| side / patch);
    if height < 1 || width < 1 {
        return Err(format!(
            "its patches have {patch}×{patch} pixels, more than a picture of {}×{}",
            side[1], side[0]
        ));
    }
    let position = format!("{prefix}.embeddings.position_embeddings");
    let tokens = if matches!(kin, Kin::Deit { .. }) { 2 } else { 1 };
    if [height, width] != [learnt; 2] {
        if kin != Kin::Dinov2 {
            let learnt = learnt * patch;
            return Err(format!(
                "it takes pictures of {learnt}×{learnt} pixels, and would be given {}×{}",
                side[1], side[0]
            ));
        }
        if let Some(table) =
            weights.get(&position).filter(|table| table.size() == [1, learnt * learnt + 1, channels])
        {
            let brought = brought(table, learnt, [height, width]).map_err(|error| error.to_string())?;
            weights.insert(position.clone(), brought);
        }
    }

    let (mut g, input) = Graph::new();
    // The number of pictures is left open; the value before the class token determines it, wherever the graph is cut.
    g.set_symbols(vec!["N".to_owned()]);
    let declare = |g: &mut Graph, value, sizes: &[i64]| {
        let sizes = sizes.iter().copied().map(Size::Fixed);
        g.set_shape(value, std::iter::once(Size::Symbol(0)).chain(sizes).collect());
    };
    declare(&mut g, input, &[in_channels, side[0], side[1]]);
    let embeddings = format!("{prefix}.embeddings");
    let patches = format!("{embeddings}.patch_embeddings");
    let mut x = g.patches(&format!("{patches}.projection"), input, [in_channels, channels], patch);
    declare(&mut g, x, &[channels, height, width]);
    x = g.call_function(&patches, Layout::Flatten { start: 2, end: -1 }, &[x]);
    declare(&mut g, x, &[channels, height * width]);
    x = g.call_function(&patches, Layout::Transpose { dims: [1, 2] }, &[x]);
    declare(&mut g, x, &[height * width, channels]);
    let mut all = Vec::new();
    for name in ["cls_token", "distillation_token"].into_iter().take(tokens as usize) {
        let token = g.parameter(format!("{embeddings}.{name}"), &[1, 1, channels], true);
        let shape = vec![Size::Symbol(0), Size::Fixed(-1), Size::Fixed(-1)];
        all.push(g.call_function(&embeddings, Layout::Expand { shape }, &[token]));
    }
    all.push(x);
    x = g.call_function(&embeddings, Selection::Cat { dim: 1 }, &all);
    let count = height * width + tokens;
    declare(&mut g, x, &[count, channels]);
    let table = g.parameter(position, &[1, count, channels], true);
    x = g.call_function(&embeddings, Arithmetic::Add { other: None }, &[x, table]);
    for index in 0..super::layers(fields, "num_hidden_layers", 12)? {
        x = encoder.layer(&mut g, &format!("{prefix}.encoder.layer.{index}"), x);
    }
    x = g.layer_norm(&format!("{prefix}.layernorm"), x, channels, encoder.eps);
    let token = |g: &mut Graph, index: i64| g.call_function("", Selection::Select { dim: 1, index }, &[x]);
    let logits = match kin {
        Kin::Vit | Kin::Deit { has_teacher: false } => {
            let token = token(&mut g, 0);
            g.linear("classifier", token, [channels, classes])
        }
        Kin::Deit { has_teacher: true } => {
            let [class, teacher] = [token(&mut g, 0), token(&mut g, 1)];
            let class = g.linear("cls_classifier", class, [channels, classes]);
            let teacher = g.linear("distillation_classifier", teacher, [channels, classes]);
            let sum = g.call_function("", Arithmetic::Add { other: None }, &[class, teacher]);
            g.call_function("", Arithmetic::Div { other: Some(Number::Float(2.0)) }, &[sum])
        }
        Kin::Dinov2 => {
            let class = token(&mut g, 0);
            let rest = Selection::Slice {
                dim: 1,
                start: Some(Size::Fixed(1)),
                end: Some(Size::Fixed(i64::MAX)),
                step: 1,
            };
            let places = g.call_function("", rest, &[x]);
            let mean = g.call_function("", Reduction::Mean { dims: vec![1], keep: false }, &[places]);
            let both = g.call_function("", Selection::Cat { dim: 1 }, &[class, mean]);
            g.linear("classifier", both, [2 * channels, classes])
        }
    };
    g.set_output(logits);
    // Parameters that only training reads.
    weights.remove(&format!("{embeddings}.mask_token"));
    Ok(g)
}

/// Resizes a table of position embeddings (the class token's, then `learnt` × `learnt` others) to another height and width,
/// with PyTorch's bicubic interpolation as in DINOv2.
fn brought(table: &Tensor, learnt: i64, [height, width]: [i64; 2]) -> Result<Tensor, tch::TchError> {
    let channels = table.size()[2];
    let class = table.f_narrow(1, 0, 1)?;
    let places = table.f_narrow(1, 1, learnt * learnt)?.f_reshape([1, learnt, learnt, channels])?;
    let places = places.f_permute([0, 3, 1, 2])?.f_to_kind(Kind::Float)?;
    let places = places.f_upsample_bicubic2d([height, width], false, None, None)?;
    let places = places.f_permute([0, 2, 3, 1])?.f_reshape([1, height * width, channels])?;
    Tensor::f_cat(&[class, places], 1)
}
