//! FullGrad.

use std::collections::HashMap;

use reglet_model::{Call, Graph, Op, Origin, Role, ValueId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::cam::over_channels;
use crate::walk::Walk;
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Family, Gap, Operators, Point, Reduction,
    Upsampling,
};

/// The gradients of the input and of every bias, each times its value. For a network of ReLUs and weighted sums, F(x) = x ·
/// ∂F/∂x + Σ b · ∂F/∂b holds exactly. The map is Σ |x ⊙ ∂F/∂x| over colours plus, for each bias of a layer with height and
/// width, Σ |b ⊙ ∂F/∂b| over channels, resized to the input. The bias of a batch norm is its constant term, β − γ μ / σ.
///
/// * **Needs** the operators. **Cost**: one forward and one backward pass.
/// * **Axioms**: before magnitudes are taken, completeness, including the biases of layers without height and width; the
///   reported gap is that of this sum. The map itself is not complete.
/// * **Defaults** are the paper's, but nothing is rescaled: the paper's code rescales every layer's part to 0…1 before
///   adding them, which makes the maps of two pictures incomparable and gives every layer the same weight.
/// * **Scores** that are not linear in the logits (a probability, or a margin over several other classes) are replaced by
///   their linear approximation at the input, and the gap shows by how much this differs from the score.
/// * **Paper**: Srinivas and Fleuret, 2019, <https://arxiv.org/abs/1905.00780>.
///
/// ```
/// # use reglet_attribution::{AttributionError, FullGrad};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = FullGrad::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FullGrad {
    /// How the maps of the layers are resized to the input.
    pub upsampling: Upsampling,
}

impl FullGrad {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target: `[N, 1, H, W]`, with the gap between the
    /// signed sum of all parts and the score.
    ///
    /// # Errors
    /// The errors of the model.
    pub fn attribute(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        let (_, _, height, width) = inputs.size4()?;
        let walk = Walk::new(model, inputs, targets)?;
        let biases = biases(model)?;
        let mut values: Vec<ValueId> = biases.keys().copied().collect();
        values.sort_unstable();
        values.push(model.graph().input());
        let own = |call: &Call| call.own(call.upstream);
        let mut gradients = walk.recording.backward(&walk.seed, &values, &own)?;

        let input = gradients.swap_remove(values.len() - 1).f_mul(inputs)?;
        let mut map = over_channels(&input.f_abs()?)?;
        let mut total = summed(&input)?;
        let places = model.graph().places(&values, inputs)?;
        for ((value, gradient), places) in values.iter().zip(gradients).zip(places) {
            let mut shape = vec![1; gradient.dim()];
            let convolved = convolved(model.graph(), *value);
            shape[if convolved { 1 } else { gradient.dim() - 1 }] = -1;
            let part = gradient.f_mul(&biases[value].f_view(shape.as_slice())?)?;
            total = total.f_add(&summed(&part)?)?;
            if let Some(places) = places.filter(|places| places.fits(&part)) {
                let part = over_channels(&places.laid_out(&part)?.f_abs()?)?;
                map = map.f_add(&self.upsampling.apply(&part, height, width)?)?;
            }
        }
        let gaps = Gap::of(&total.f_view([-1, 1, 1, 1])?, &walk.scores)?;
        Ok(Attribution { values: map, gaps: Some(gaps) })
    }
}

/// Whether a value's channels are its second dimension, and not its last, as after a linear layer.
fn convolved(graph: &Graph, value: ValueId) -> bool {
    match graph.origin(value) {
        Origin::Node(node) => !matches!(graph.nodes()[node].op, Op::Linear),
        _ => true,
    }
}

/// The sum of each row.
fn summed(values: &Tensor) -> Result<Tensor, AttributionError> {
    Ok(values.f_flatten(1, -1)?.f_sum_dim_intlist(1, false, Kind::Double)?)
}

/// The constant that weighted layers and batch norms add to each channel of their output.
fn biases(model: &dyn Operators) -> Result<HashMap<ValueId, Tensor>, AttributionError> {
    let (graph, parameters) = (model.graph(), model.parameters());
    let mut biases = HashMap::new();
    for node in graph.nodes() {
        let parameter = |index: usize| match graph.origin(*node.inputs.get(index)?) {
            Origin::Parameter(parameter) => Some(&parameters.tensors()[parameter]),
            _ => None,
        };
        let bias = match (&node.op, [1, 2, 3, 4].map(parameter)) {
            (Op::BatchNorm { eps, .. }, [Some(mean), Some(variance), None, None]) => {
                mean.f_div(&variance.f_add_scalar(*eps)?.f_sqrt()?)?.f_neg()?
            }
            (Op::BatchNorm { eps, .. }, [Some(weight), Some(bias), Some(mean), Some(variance)]) => {
                let scale = weight.f_div(&variance.f_add_scalar(*eps)?.f_sqrt()?)?;
                bias.f_sub(&mean.f_mul(&scale)?)?
            }
            (op, [_, Some(bias), ..]) if op.role() == Role::Weighted => bias.shallow_clone(),
            _ => continue,
        };
        biases.insert(node.output, bias);
    }
    Ok(biases)
}

impl AttributionMethod for FullGrad {
    fn about(&self) -> &'static About {
        &About {
            title: "FullGrad",
            family: Family::Rules,
            cost: "1 forward, 1 backward",
            paper: "https://arxiv.org/abs/1905.00780",
        }
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.operators()?, point.inputs, point.targets())
    }

    fn reduction(&self) -> Reduction {
        Reduction::PositiveSum
    }
}
