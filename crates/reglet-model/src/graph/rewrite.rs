//! Rewrites: faster ways to compute the same values.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::shortcut::{Rectification, Shortcut, Tail};
use super::{Activation, Arithmetic, Graph, Node, Op, Origin, Pool, ValueId};
use crate::kernel::{Kernel, Layer};
use crate::nearest::nearest;
use crate::{ModelError, Parameters};

/// A rewrite changes how fast a graph runs and, apart from rounding, nothing else. [`Bfloat16`](Rewrite::Bfloat16) rounds
/// coarsely and is therefore used only if it is asked for.
///
/// Rewrites never change the [`Graph`]: they prepare tensors from its parameters once, and a run then uses the faster
/// computation wherever none of the values that it skips is requested. Training ignores rewrites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rewrite {
    /// A convolution whose result only a batch norm reads becomes one convolution:
    /// γ (w ∗ x + b − μ) / √(σ² + ε) + β = w′ ∗ x + b′, with w′ = w γ / √(σ² + ε) and
    /// b′ = (b − μ) γ / √(σ² + ε) + β.
    FoldBatchNorm,
    /// Convolution weights are stored with their channels innermost (channels-last), and so are the activations computed
    /// from them. The CPU's convolutions work in this layout, so none of them has to rearrange its input.
    ChannelsLast,
    /// Convolutions of 3×3 with stride one need only a quarter of the multiplications with Winograd's algorithm
    /// (<https://arxiv.org/abs/1509.09308>). It is used if their numbers of channels are multiples of 32 and the processor
    /// has AVX2, AVX-512 or NEON. In 32-bit floats the results differ by about 10⁻⁶.
    Winograd,
    /// Depthwise convolutions, which have one filter for each channel, are computed by loops of our own on processors with AVX2,
    /// AVX-512 or NEON, if the filters are of 3×3, 5×5 or 7×7 and the stride is one or two. In 32-bit floats the results differ by
    /// rounding.
    Depthwise,
    /// Linear layers, and convolutions of 1×1 with stride one, are products of matrices, which are computed by loops of our own
    /// on processors with AVX2, AVX-512 or NEON. In 32-bit floats the results differ by rounding.
    MatrixProducts,
    /// A ReLU, ReLU6 or SiLU is computed together with the layer before it, with or without a residual sum in between, and not in
    /// a separate pass over the activations. Before a max pooling, with which it commutes, it is moved after the pooling,
    /// where there are fewer numbers to rectify.
    FuseRectifiers,
    /// Convolutions and linear layers, except the one that computes the logits, read, multiply and return numbers with 8
    /// significant bits (bfloat16) in passes without gradients, as the processor's own instructions for them do. Such a pass
    /// takes 0.3 to 1.1 of the time on a processor with AMX, depending on the network; on others it was not timed. Logits are off by
    /// one to several per cent of the largest, and maps of methods that need scores alone by 0 to 3 % (`benches/NOTES.md`).
    /// Gradients are computed without it, because their errors would not average out.
    Bfloat16,
}

impl Rewrite {
    /// Those that are used unless others are asked for, in the order they are applied: all whose results differ by the
    /// rounding of 32-bit floats alone.
    pub const DEFAULT: [Rewrite; 6] = [
        Rewrite::FoldBatchNorm,
        Rewrite::ChannelsLast,
        Rewrite::Winograd,
        Rewrite::Depthwise,
        Rewrite::MatrixProducts,
        Rewrite::FuseRectifiers,
    ];

    /// All of them, in the order they are applied.
    pub const ALL: [Rewrite; 7] = [
        Rewrite::FoldBatchNorm,
        Rewrite::ChannelsLast,
        Rewrite::Winograd,
        Rewrite::Depthwise,
        Rewrite::MatrixProducts,
        Rewrite::FuseRectifiers,
        Rewrite::Bfloat16,
    ];

    /// The rewrite's name in options and listings.
    pub fn name(self) -> &'static str {
        match self {
            Rewrite::FoldBatchNorm => "fold_batch_norm",
            Rewrite::ChannelsLast => "channels_last",
            Rewrite::Winograd => "winograd",
            Rewrite::Depthwise => "depthwise",
            Rewrite::MatrixProducts => "matrix_products",
            Rewrite::FuseRectifiers => "fuse_rectifiers",
            Rewrite::Bfloat16 => "bfloat16",
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
    /// The layer's result, which nothing but the batch norm reads.
    pub layer: ValueId,
    /// The batch norm's result.
    pub norm: ValueId,
    /// The weight of the layer that replaces both.
    pub weight: Tensor,
    /// Its bias, `[out]`.
    pub bias: Tensor,
}

impl Parameters {
    /// Prepares what `rewrites` need to run `graph` faster; these must be the parameters of `graph`. Whatever was prepared
    /// before is dropped.
    ///
    /// # Errors
    /// [`ModelError::Torch`] if the parameters' shapes are not those that the graph declares.
    pub fn prepare(&mut self, graph: &Graph, rewrites: &[Rewrite]) -> Result<(), ModelError> {
        let version = self.version()?;
        let shortcuts = graph.shortcuts(self, rewrites)?;
        self.set_shortcuts(shortcuts, version);
        Ok(())
    }
}

impl Graph {
    /// The batch norms that can be folded into the convolution or linear layer before them.
    ///
    /// # Errors
    /// [`ModelError::Torch`] if the parameters' shapes are not those that the graph declares.
    pub fn folds(&self, parameters: &Parameters) -> Result<Vec<Fold>, ModelError> {
        let uses = self.uses();
        let parameter = |value: ValueId| match self.origin(value) {
            Origin::Parameter(index) => Some(&parameters.tensors()[index]),
            _ => None,
        };
        let mut folds = Vec::new();
        for norm in self.nodes() {
            let Op::BatchNorm { eps, .. } = norm.op else { continue };
            let Some(&value) = norm.inputs.first() else { continue };
            let Origin::Node(layer) = self.origin(value) else { continue };
            let layer = &self.nodes()[layer];
            let alone = uses[&value] == 1 && self.output() != value;
            if !alone || !matches!(layer.op, Op::Conv2d { .. } | Op::Linear) {
                continue;
            }
            let own = layer.inputs[1..].iter().map(|&input| parameter(input)).collect::<Option<Vec<_>>>();
            let (Some(own), Some((scale, shift))) = (own, self.scale_and_shift(norm, eps, parameters)?)
            else {
                continue;
            };
            // In 64-bit floats, so that folding rounds only once.
            let double = |tensor: &Tensor| tensor.f_to_kind(Kind::Double);
            let bias = match own.get(1) {
                Some(bias) => double(bias)?.f_mul(&scale)?.f_add(&shift)?,
                None => shift,
            };
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

    /// The shortcuts that `rewrites` make possible, by the value they compute.
    pub(crate) fn shortcuts(
        &self,
        parameters: &Parameters,
        rewrites: &[Rewrite],
    ) -> Result<HashMap<ValueId, Shortcut>, ModelError> {
        let on = |rewrite: Rewrite| rewrites.contains(&rewrite);
        let mut folds: HashMap<ValueId, Fold> = HashMap::new();
        if on(Rewrite::FoldBatchNorm) {
            folds.extend(self.folds(parameters)?.into_iter().map(|fold| (fold.layer, fold)));
        }
        // Every convolution or linear layer, and whether a shortcut for it alone is worthwhile.
        let mut layers: HashMap<ValueId, (Shortcut, bool)> = HashMap::new();
        for node in self.nodes() {
            if !matches!(node.op, Op::Conv2d { .. } | Op::Linear) {
                continue;
            }
            let convolution = matches!(node.op, Op::Conv2d { .. });
            let (value, skips, mut tensors) = match folds.remove(&node.output) {
                Some(fold) => (fold.norm, vec![fold.layer], vec![fold.weight, fold.bias]),
                None => {
                    let own = node.inputs[1..].iter().map(|&input| match self.origin(input) {
                        Origin::Parameter(index) => Some(parameters.tensors()[index].shallow_clone()),
                        _ => None,
                    });
                    let Some(own) = own.collect() else { continue };
                    (node.output, Vec::new(), own)
                }
            };
            let mut gained = !skips.is_empty();
            if on(Rewrite::ChannelsLast) && convolution {
                tensors[0] = with_channels_last(&tensors[0])?;
                gained = true;
            }
            let mut kernel = None;
            if let Some((rewrite, layer)) = own_layer(&node.op, &tensors[0])
                && on(rewrite)
            {
                kernel = Kernel::new(layer, &tensors[0], tensors.get(1))?.map(Arc::new);
                gained |= kernel.is_some();
            }
            let mut coarse = None;
            if on(Rewrite::Bfloat16) && value != self.output() {
                let rounded = tensors.iter().map(|tensor| tensor.f_to_kind(Kind::BFloat16));
                coarse = Some(rounded.collect::<Result<_, _>>()?);
                gained = true;
            }
            let node = Node { inputs: vec![node.inputs[0]], output: value, ..node.clone() };
            let tail = Tail::default();
            let before = None;
            layers.insert(value, (Shortcut { node, tensors, coarse, skips, kernel, before, tail }, gained));
        }
        if on(Rewrite::FuseRectifiers) && on(Rewrite::FoldBatchNorm) {
            self.fuse_before(parameters, &mut layers)?;
        }
        let mut shortcuts = HashMap::new();
        if on(Rewrite::FuseRectifiers) {
            shortcuts.extend(self.fused(&layers).into_iter().map(|fused| (fused.node.output, fused)));
        }
        let alone = layers.into_values().filter(|(_, gained)| *gained).map(|(layer, _)| layer);
        shortcuts.extend(alone.map(|layer| (layer.node.output, layer)));
        Ok(shortcuts)
    }

    /// Lets layers with loops of our own apply the batch norm and the ReLU before them to their input, where nothing else reads
    /// what these return, as in a DenseNet. A batch norm that is folded into the layer before it stays there.
    fn fuse_before(
        &self,
        parameters: &Parameters,
        layers: &mut HashMap<ValueId, (Shortcut, bool)>,
    ) -> Result<(), ModelError> {
        let uses = self.uses();
        // The call that computes a value which is read once.
        let between = |value: ValueId| match self.origin(value) {
            Origin::Node(node) if uses.get(&value) == Some(&1) && value != self.output() => {
                Some(&self.nodes()[node])
            }
            _ => None,
        };
        let computed: HashSet<ValueId> = layers.keys().copied().collect();
        for (layer, _) in layers.values_mut() {
            let Some(Node { op: Op::Activation(Activation::Relu), inputs, .. }) =
                between(layer.node.inputs[0])
            else {
                continue;
            };
            let Some(norm @ Node { op: Op::BatchNorm { eps, .. }, .. }) = between(inputs[0]) else {
                continue;
            };
            if computed.contains(&norm.output) {
                continue;
            }
            let Some((scale, shift)) = self.scale_and_shift(norm, *eps, parameters)? else { continue };
            let suits = |kernel: &Arc<Kernel>| kernel.takes_before();
            if layer.kernel.as_ref().is_some_and(suits) {
                layer.before = Some(Arc::new(Rectification::new(&scale, &shift)?));
                layer.skips.extend([layer.node.inputs[0], norm.output]);
                layer.node.inputs[0] = norm.inputs[0];
            }
        }
        Ok(())
    }

    /// The factor and the summand of each channel that a batch norm with weight and bias is when it is not trained, in 64-bit
    /// floats.
    fn scale_and_shift(
        &self,
        norm: &Node,
        eps: f64,
        parameters: &Parameters,
    ) -> Result<Option<(Tensor, Tensor)>, ModelError> {
        let &[_, weight, bias, mean, variance] = norm.inputs.as_slice() else { return Ok(None) };
        let mut found = Vec::with_capacity(4);
        for value in [weight, bias, mean, variance] {
            let Origin::Parameter(index) = self.origin(value) else { return Ok(None) };
            found.push(parameters.tensors()[index].f_detach()?.f_to_kind(Kind::Double)?);
        }
        let scale = found[0].f_div(&found[3].f_add_scalar(eps)?.f_sqrt()?)?;
        let shift = found[1].f_sub(&found[2].f_mul(&scale)?)?;
        Ok(Some((scale, shift)))
    }

    /// The rectifiers that can be computed together with the layer before them, with or without a sum in between, and those
    /// that can be moved after the pooling that follows them.
    fn fused(&self, layers: &HashMap<ValueId, (Shortcut, bool)>) -> Vec<Shortcut> {
        let uses = self.uses();
        let between = |value: ValueId| uses.get(&value) == Some(&1) && value != self.output();
        let computed_by = |value: ValueId| match self.origin(value) {
            Origin::Node(node) => Some(&self.nodes()[node]),
            _ => None,
        };
        let mut fused = Vec::new();
        for node in self.nodes() {
            if let Op::Activation(
                activation @ (Activation::Relu | Activation::Hardtanh { .. } | Activation::Silu),
            ) = node.op
            {
                let before = node.inputs[0];
                if !between(before) {
                    continue;
                }
                // Only loops of our own gain from a SiLU; a rectifier can always be applied in place.
                let suits = |layer: &&Shortcut| activation != Activation::Silu || layer.kernel.is_some();
                let layer = |value: ValueId| layers.get(&value).map(|(layer, _)| layer).filter(suits);
                if let Some(layer) = layer(before) {
                    fused.push(layer.with_tail(node.output, None, activation));
                } else if let Some(Node {
                    op: Op::Arithmetic(Arithmetic::Add { other: None }), inputs, ..
                }) = computed_by(before)
                {
                    // If two layers are possible, the one that is computed last.
                    let mut summands = [(inputs[0], inputs[1]), (inputs[1], inputs[0])];
                    summands.sort_unstable_by_key(|(layer, _)| std::cmp::Reverse(*layer));
                    let possible = |(value, other): &(ValueId, ValueId)| {
                        let layer = layer(*value).filter(|_| between(*value) && value != other);
                        layer.map(|layer| (layer, *other))
                    };
                    if let Some((layer, other)) = summands.iter().find_map(possible) {
                        let mut whole = layer.with_tail(node.output, Some(other), activation);
                        whole.skips.push(before);
                        fused.push(whole);
                    }
                }
            } else if let Op::Pool(Pool::Max { .. }) = node.op
                && let Some(Node { op: Op::Activation(rectifier), inputs, output, .. }) =
                    computed_by(node.inputs[0])
                && matches!(rectifier, Activation::Relu | Activation::Hardtanh { .. })
                && between(*output)
            {
                fused.push(Shortcut {
                    node: Node { inputs: vec![inputs[0]], ..node.clone() },
                    tensors: Vec::new(),
                    coarse: None,
                    skips: vec![*output],
                    kernel: None,
                    before: None,
                    tail: Tail { sum: false, activation: Some(*rectifier) },
                });
            }
        }
        fused
    }

    /// How many operators read each value.
    fn uses(&self) -> HashMap<ValueId, usize> {
        let mut uses: HashMap<ValueId, usize> = HashMap::new();
        for input in self.nodes().iter().flat_map(|node| &node.inputs) {
            *uses.entry(*input).or_default() += 1;
        }
        uses
    }
}

/// The loop of our own that computes such a call, provided that its weight suits too, and the rewrite that it belongs to.
fn own_layer(op: &Op, weight: &Tensor) -> Option<(Rewrite, Layer)> {
    let &Op::Conv2d { stride, padding, dilation, groups } = op else {
        return matches!(op, Op::Linear).then_some((Rewrite::MatrixProducts, Layer::Linear));
    };
    match (weight.size().as_slice(), groups, stride, padding, dilation) {
        ([_, _, 3, 3], 1, [1, 1], [1, 1], [1, 1]) => Some((Rewrite::Winograd, Layer::Winograd)),
        ([_, _, 1, 1], 1, [1, 1], [0, 0], _) => Some((Rewrite::MatrixProducts, Layer::Pointwise)),
        (&[channels, 1, ..], _, [stride, steps], [padding, zeros], [1, 1])
            if groups == channels && stride == steps && padding == zeros =>
        {
            let [stride, padding] = [stride, padding].map(usize::try_from);
            Some((Rewrite::Depthwise, Layer::Depthwise { stride: stride.ok()?, padding: padding.ok()? }))
        }
        _ => None,
    }
}

/// The same tensor `[O, I, H, W]`, stored in memory as `[O, H, W, I]`.
fn with_channels_last(weight: &Tensor) -> Result<Tensor, ModelError> {
    Ok(weight.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])?)
}

#[cfg(test)]
mod tests {
    use reglet_kernels::Surroundings;

    use super::*;
    use crate::Architecture;
    use crate::graph::Request;
    use crate::graph::run::Plan;

    /// A DenseNet-121 has 58 layers of two convolutions and three transitions, each of which begins with a batch norm, a ReLU and
    /// a convolution of 1×1. In a ResNet-50 the norms before such a convolution are folded into the layer before them.
    #[test]
    fn what_precedes_a_product_is_fused_with_it_unless_a_layer_before_takes_it() {
        for (architecture, products) in [(Architecture::DenseNet121, 61), (Architecture::ResNet50, 0)] {
            let graph = architecture.graph(2, 0.5).expect("a network");
            let parameters = Parameters::initial(&graph, 1).expect("parameters");
            let count = |rewrites: &[Rewrite]| {
                let shortcuts = graph.shortcuts(&parameters, rewrites).expect("shortcuts");
                // With and without what follows, a layer has the same input.
                let before = shortcuts.values().filter(|shortcut| shortcut.before.is_some());
                before.map(|shortcut| shortcut.node.inputs[0]).collect::<HashSet<_>>().len()
            };
            let expected = if reglet_kernels::available() { products } else { 0 };
            assert_eq!(count(&Rewrite::DEFAULT), expected);
            assert_eq!(count(&[Rewrite::MatrixProducts, Rewrite::FuseRectifiers]), 0);
        }
    }

    /// Every convolution with one filter for each channel runs by a loop of our own, with the activation that follows it; without the
    /// rewrite none does.
    #[test]
    fn depthwise_convolutions_run_by_loops_of_our_own() {
        let without = Rewrite::DEFAULT.into_iter().filter(|rewrite| *rewrite != Rewrite::Depthwise);
        let without: Vec<Rewrite> = without.collect();
        for (architecture, layers, activated) in [
            (Architecture::MobileNetV2, 17, 17),
            (Architecture::EfficientNetB0, 16, 16),
            (Architecture::ConvNextTiny, 18, 0),
        ] {
            let graph = architecture.graph(2, 0.5).expect("a network");
            let mut parameters = Parameters::initial(&graph, 1).expect("parameters");
            let input = Tensor::zeros([1, 3, 224, 224], (Kind::Float, tch::Device::Cpu));
            let feeds = [(graph.input(), &input)];
            let request = Request { feeds: &feeds, fetches: &[graph.output()], ..Request::default() };
            let mut count = |rewrites: &[Rewrite]| {
                parameters.prepare(&graph, rewrites).expect("it is prepared");
                let shortcuts = parameters.shortcuts().expect("shortcuts");
                let plan = Plan::new(&graph, &request, shortcuts).expect("a plan");
                let shortcuts = plan.steps.into_iter().filter_map(|(_, shortcut)| shortcut);
                let own: Vec<&Shortcut> = shortcuts
                    .filter(|shortcut| {
                        let (Some(kernel), Op::Conv2d { groups: channels @ 2.., .. }) =
                            (&shortcut.kernel, &shortcut.node.op)
                        else {
                            return false;
                        };
                        let input = Tensor::zeros([1, *channels, 7, 7], (Kind::Float, tch::Device::Cpu));
                        kernel.suits(&input, Surroundings::Zeros)
                    })
                    .collect();
                [own.len(), own.iter().filter(|shortcut| shortcut.tail.activation.is_some()).count()]
            };
            let expected = if reglet_kernels::available() { [layers, activated] } else { [0, 0] };
            assert_eq!(count(&Rewrite::DEFAULT), expected, "{}", architecture.name());
            assert_eq!(count(&without), [0, 0], "{}", architecture.name());
        }
    }

    /// Every convolution and linear layer of a network runs as a shortcut, so none skips what another is to compute.
    #[test]
    fn no_layer_is_left_out() {
        for architecture in Architecture::ALL {
            let graph = architecture.graph(2, 0.5).expect("a network");
            let mut parameters = Parameters::initial(&graph, 1).expect("parameters");
            parameters.prepare(&graph, &Rewrite::DEFAULT).expect("it is prepared");
            let input = Tensor::zeros([1, 3, 224, 224], (Kind::Float, tch::Device::Cpu));
            let feeds = [(graph.input(), &input)];
            let request = Request { feeds: &feeds, fetches: &[graph.output()], ..Request::default() };
            let plan =
                Plan::new(&graph, &request, parameters.shortcuts().expect("shortcuts")).expect("a plan");
            for (index, shortcut) in plan.steps {
                let node = &graph.nodes()[index];
                let layer = matches!(node.op, Op::Conv2d { .. } | Op::Linear);
                assert!(!layer || shortcut.is_some(), "{}: {}", architecture.name(), graph.name(node.output));
            }
        }
    }
}
