//! DeepLIFT.

use reglet_model::{Call, ModelError, Recording, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::walk::Walk;
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Baseline, Family, Gap, Operators, Point,
    Quadrature,
};

/// Differences from a reference, shared out operator by operator: a multiplier m goes back through the network,
/// and the attribution is m ⊙ (x − x′). By the Rescale rule a function y = f(x) of single numbers has the
/// multiplier Δy / Δx, where Δ is the difference between the pass of the input and that of the reference; sums
/// weighed by parameters have their weights.
///
/// What the paper does not cover has the multiplier that makes it complete: the largest of several numbers gives
/// its rise above the reference to the new largest and its fall to the old one, and any other operator (a product,
/// softmax, layer norm) has the mean of its own derivative along the straight way from the reference, which for
/// functions of single numbers is the Rescale rule itself.
///
/// * **Needs** the operators. **Cost**: one forward pass of the reference, one forward and one backward pass of
///   the input.
/// * **Axioms**: completeness (the attributions sum to F(x) − F(x′)), sensitivity (a) and (b), symmetry; not
///   implementation invariance, as Sundararajan et al. show.
/// * **Defaults**: a reference of zero in the model's input space, as Captum has; where |Δx| < 10⁻¹⁰ the operator's
///   own derivative, as Captum has.
/// * **Paper**: Shrikumar, Greenside and Kundaje, 2017, <https://arxiv.org/abs/1704.02685>.
///
/// ```
/// # use reglet_attribution::{AttributionError, DeepLift};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::from_parts(architecture, graph, parameters, None, Preprocessing::default(), Device::Cpu)?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = DeepLift::default().attribute(&model, &input, &[3])?;
/// // In a ResNet, with its in-place ReLUs used twice and its residual sums, nothing is lost on the way.
/// assert!(found.gaps.is_some_and(|gaps| gaps[0].relative < 1e-3));
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeepLift {
    /// The reference.
    pub baseline: Baseline,
}

/// Below this difference of an operator's inputs, Δy / Δx is no longer a number worth having.
const SMALLEST_DIFFERENCE: f64 = 1e-10;

/// Nodes for the mean derivative of operators that no rule covers.
const NODES: usize = 16;

impl DeepLift {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target, of the inputs' shape, with its gap.
    ///
    /// # Errors
    /// Those of the model, and [`AttributionError::Baseline`].
    pub fn attribute(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        let walk = Walk::new(model, inputs, targets)?;
        let baseline = self.baseline.tensor(model, inputs)?;
        let (values, from) = rescale(model, &walk, inputs, targets, &baseline)?;
        let gaps = Gap::of(&values, &walk.scores.f_sub(&from)?)?;
        Ok(Attribution { values, gaps: Some(gaps) })
    }
}

/// The attribution of the pass `walk` at `inputs` against a reference, `[1, C, H, W]` or one for each row, and the
/// reference's score for each row's target.
pub(crate) fn rescale(
    model: &dyn Operators,
    walk: &Walk,
    inputs: &Tensor,
    targets: &[usize],
    baseline: &Tensor,
) -> Result<(Tensor, Tensor), AttributionError> {
    let graph = model.graph();
    let reference = graph.record(model.parameters(), &[(graph.input(), baseline)], graph.output())?;
    let multipliers = walk.to_input(&walk.seed, &|call: &Call| multiplier(call, &reference))?;
    let logits = reference.value(graph.output())?.f_expand_as(&walk.seed)?;
    Ok((multipliers.f_mul(&inputs.f_sub(baseline)?)?, model.scores_of(&logits, targets)?))
}

/// The multipliers of a call's inputs, given those of its output.
fn multiplier(call: &Call, reference: &Recording) -> Result<Vec<Option<Tensor>>, ModelError> {
    match call.node.op.role() {
        Role::Weighted | Role::Normalisation | Role::Average | Role::Sum | Role::Arrangement => {
            call.own(call.upstream)
        }
        Role::Rectifier | Role::Activation => {
            let rise = call.output()?.f_sub(reference.value(call.node.output)?)?;
            quotient(call, reference, &call.upstream.f_mul(&rise)?)
        }
        Role::Maximum => {
            let (now, before) = (call.output()?, reference.value(call.node.output)?);
            let larger = now.f_maximum(before)?;
            let rise = call.upstream.f_mul(&larger.f_sub(before)?)?;
            let fall = call.upstream.f_mul(&now.f_sub(&larger)?)?;
            let old = reference.value(call.node.inputs[0])?.f_expand_as(&call.inputs()[0])?;
            let old = call.at(&[&old])?.pull_back(&fall)?.swap_remove(0);
            let new = call.own(&rise)?.swap_remove(0);
            match (old, new) {
                (Some(old), Some(new)) => quotient(call, reference, &old.f_add(&new)?),
                _ => call.own(call.upstream),
            }
        }
        Role::Other => mean_derivative(call, reference),
    }
}

/// `contribution` / Δx for the one input of a call.
fn quotient(
    call: &Call,
    reference: &Recording,
    contribution: &Tensor,
) -> Result<Vec<Option<Tensor>>, ModelError> {
    let difference = call.inputs()[0].f_detach()?.f_sub(reference.value(call.node.inputs[0])?)?;
    let Some(own) = call.own(call.upstream)?.swap_remove(0) else { return Ok(vec![None]) };
    let small = difference.f_abs()?.f_lt(SMALLEST_DIFFERENCE)?;
    Ok(vec![Some(own.f_where_self(&small, &contribution.f_div(&difference)?)?)])
}

/// The operator's derivative averaged along the straight way from the reference's inputs to the call's.
fn mean_derivative(call: &Call, reference: &Recording) -> Result<Vec<Option<Tensor>>, ModelError> {
    let mut total: Vec<Option<Tensor>> = call.inputs().iter().map(|_| None).collect();
    for (place, weight) in Quadrature::GaussLegendre.nodes(NODES) {
        let between = |(index, now): (usize, &Tensor)| {
            if call.is_parameter(index) {
                return Ok(now.shallow_clone());
            }
            let before = reference.value(call.node.inputs[index])?.f_expand_as(now)?;
            Ok(before.f_lerp(&now.f_detach()?, place)?)
        };
        let inputs: Vec<Tensor> =
            call.inputs().iter().enumerate().map(between).collect::<Result<_, ModelError>>()?;
        let sent = call.at(&inputs.iter().collect::<Vec<_>>())?.pull_back(call.upstream)?;
        for (total, sent) in total.iter_mut().zip(sent) {
            let Some(sent) = sent else { continue };
            let part = sent.f_mul_scalar(weight)?;
            *total = Some(match total.take() {
                Some(before) => before.f_add(&part)?,
                None => part,
            });
        }
    }
    Ok(total)
}

impl AttributionMethod for DeepLift {
    fn about(&self) -> &'static About {
        &About {
            title: "DeepLIFT",
            family: Family::Rules,
            cost: "2 forward, 1 backward",
            paper: "https://arxiv.org/abs/1704.02685",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        self.baseline.check("DeepLIFT")
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model, point.inputs, point.targets())
    }
}
