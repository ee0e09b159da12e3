//! Rewrites: other ways to compute the same values, faster.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::{Graph, Node, Op, Origin, ValueId};
use crate::nearest::nearest;
use crate::{ModelError, Parameters};

/// A rewrite, which changes how fast a graph runs and, but for rounding, nothing else.
///
/// Rewrites never touch the [`Graph`]: they prepare tensors from its parameters, once, and a run then takes the
/// short way wherever nobody asks for the values that it skips. Training ignores them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rewrite {
    /// A convolution whose result only a batch norm reads becomes one convolution:
    /// γ (w ∗ x + b − μ) / √(σ² + ε) + β = w′ ∗ x + b′, with w′ = w γ / √(σ² + ε) and
    /// b′ = (b − μ) γ / √(σ² + ε) + β.
    FoldBatchNorm,
    /// Convolution weights lie in memory with their channels innermost, and so do the activations that come of
    /// them: the layout that the convolutions of a CPU work in, so that none of them rearranges its input.
    ChannelsLast,
}

impl Rewrite {
    /// All of them, in the order they are applied.
    pub const ALL: [Rewrite; 2] = [Rewrite::FoldBatchNorm, Rewrite::ChannelsLast];

    /// The name in options and listings.
    pub fn name(self) -> &'static str {
        match self {
            Rewrite::FoldBatchNorm => "fold_batch_norm",
            Rewrite::ChannelsLast => "channels_last",
        }
    }
}

impl fmt::Display for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Rewrite {
    type Err = ModelError;

    fn from_str(name: &str) -> Result<Self, ModelError> {
        let known = Rewrite::ALL.into_iter().find(|rewrite| rewrite.name() == name);
        known.ok_or_else(|| ModelError::UnknownRewrite {
            name: name.to_owned(),
            nearest: nearest(name, Rewrite::ALL.map(Rewrite::name)),
        })
    }
}

/// A batch norm that can be folded into the layer before it.
#[derive(Debug)]
pub struct Fold {
    /// What the layer returns, which nothing but the batch norm reads.
    pub layer: ValueId,
    /// What the batch norm returns.
    pub norm: ValueId,
    /// The weight of the layer that does the work of both.
    pub weight: Tensor,
    /// Its bias, `[out]`.
    pub bias: Tensor,
}

/// Another way to compute a value.
#[derive(Debug)]
pub(crate) struct Shortcut {
    /// The call. Its inputs are values; the prepared tensors follow them.
    pub(crate) node: Node,
    /// The prepared tensors.
    pub(crate) tensors: Vec<Tensor>,
    /// A value that is not computed on this way.
    pub(crate) skips: Option<ValueId>,
}

impl Graph {
    /// The batch norms that can be folded into the convolution or linear layer before them.
    ///
    /// # Errors
    /// [`ModelError::Torch`] if the parameters have other shapes than the graph declares.
    pub fn folds(&self, parameters: &Parameters) -> Result<Vec<Fold>, ModelError> {
        let mut uses: HashMap<ValueId, usize> = HashMap::new();
        for input in self.nodes().iter().flat_map(|node| &node.inputs) {
            *uses.entry(*input).or_default() += 1;
        }
        let parameter = |value: ValueId| match self.origin(value) {
            Origin::Parameter(index) => Some(&parameters.tensors()[index]),
            _ => None,
        };
        let mut folds = Vec::new();
        for norm in self.nodes() {
            let Op::BatchNorm { eps, .. } = norm.op else { continue };
            let &[value, weight, bias, mean, variance] = norm.inputs.as_slice() else { continue };
            let Origin::Node(layer) = self.origin(value) else { continue };
            let layer = &self.nodes()[layer];
            let alone = uses[&value] == 1 && self.output() != value;
            if !alone || !matches!(layer.op, Op::Conv2d { .. } | Op::Linear) {
                continue;
            }
            let own = layer.inputs[1..].iter().map(|&input| parameter(input)).collect::<Option<Vec<_>>>();
            let statistics = [weight, bias, mean, variance].map(parameter);
            let (Some(own), [Some(scale), Some(shift), Some(mean), Some(variance)]) = (own, statistics)
            else {
                continue;
            };
            // In 64-bit floats, so that the fold rounds once.
            let double = |tensor: &Tensor| tensor.f_to_kind(Kind::Double);
            let scale = double(scale)?.f_div(&double(variance)?.f_add_scalar(eps)?.f_sqrt()?)?;
            let centre = match own.get(1) {
                Some(bias) => double(bias)?.f_sub(&double(mean)?)?,
                None => double(mean)?.f_neg()?,
            };
            let bias = centre.f_mul(&scale)?.f_add(&double(shift)?)?;
            let mut shape = vec![1; own[0].dim()];
            shape[0] = -1;
            let weight = double(own[0])?.f_mul(&scale.f_view(shape.as_slice())?)?;
            let kind = own[0].kind();
            folds.push(Fold {
                layer: value,
                norm: norm.output,
                weight: weight.f_to_kind(kind)?,
                bias: bias.f_to_kind(kind)?,
            });
        }
        Ok(folds)
    }

    /// The short ways that `rewrites` open, by the value they lead to.
    pub(crate) fn shortcuts(
        &self,
        parameters: &Parameters,
        rewrites: &[Rewrite],
    ) -> Result<HashMap<ValueId, Shortcut>, ModelError> {
        let mut folds: HashMap<ValueId, Fold> = HashMap::new();
        if rewrites.contains(&Rewrite::FoldBatchNorm) {
            folds.extend(self.folds(parameters)?.into_iter().map(|fold| (fold.layer, fold)));
        }
        let channels_last = rewrites.contains(&Rewrite::ChannelsLast);
        let mut shortcuts = HashMap::new();
        for node in self.nodes() {
            let convolution = matches!(node.op, Op::Conv2d { .. });
            let fold = folds.remove(&node.output);
            if fold.is_none() && !(channels_last && convolution) {
                continue;
            }
            let (value, skips, mut tensors) = match fold {
                Some(fold) => (fold.norm, Some(fold.layer), vec![fold.weight, fold.bias]),
                None => {
                    let own = node.inputs[1..].iter().map(|&input| match self.origin(input) {
                        Origin::Parameter(index) => Some(parameters.tensors()[index].shallow_clone()),
                        _ => None,
                    });
                    let Some(own) = own.collect() else { continue };
                    (node.output, None, own)
                }
            };
            if channels_last && convolution {
                tensors[0] = with_channels_last(&tensors[0])?;
            }
            let node = Node { inputs: vec![node.inputs[0]], output: value, ..node.clone() };
            shortcuts.insert(value, Shortcut { node, tensors, skips });
        }
        Ok(shortcuts)
    }
}

/// The same `[O, I, H, W]`, in memory as `[O, H, W, I]`.
fn with_channels_last(weight: &Tensor) -> Result<Tensor, ModelError> {
    Ok(weight.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])?)
}
