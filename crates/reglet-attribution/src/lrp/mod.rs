//! Layer-wise relevance propagation.

mod composite;
mod rule;

use std::collections::{HashMap, HashSet};

use reglet_model::{Call, Fold, Graph, ModelError, Role, ValueId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

pub use composite::{LrpComposite, LrpRules};
pub use rule::LrpRule;
use rule::{Bounds, by_contribution};

use crate::walk::Walk;
use crate::{About, Attribution, AttributionError, AttributionMethod, Family, Operators, Point, Reduction};

/// Layer-wise relevance propagation: the score is propagated back through the network as relevance, which operators
/// distribute among their inputs according to their contributions: R_i = Σ_j a_i w_ij / (Σ_i a_i w_ij + ε sign) · R_j, and
/// by variants of that rule (see [`LrpRule`]) that a composite assigns to the first, the convolutional and the linear
/// layers.
///
/// Batch norm is merged into the convolution or linear layer before it. The two terms of a residual sum share the relevance
/// in proportion to their values, and so do the terms of an average. Activations pass relevance through unchanged, and in a
/// maximum the largest value receives all of it.
///
/// * **Needs** the operators. **Cost**: one forward and one backward pass; z⁺, α-β and γ run and differentiate each of their
///   layers up to four times.
/// * **Axioms**: conservation (the relevance of the input sums to Σ_c ∂F/∂z_c z_c over the logits z, which is the score itself
///   if it is a logit or a margin between two classes) up to ε and the share of the biases; not implementation invariance.
/// * **Defaults** are Zennit's: EpsilonPlusFlat with ε = 10⁻⁶. Zennit's w² rule gives the squared biases a share; the rule
///   here does not, as in the paper. For z-box, the bounds are a black and a white picture.
/// * **Paper**: Bach et al., 2015, <https://doi.org/10.1371/journal.pone.0130140>; composites: Montavon et al., 2019,
///   <https://doi.org/10.1007/978-3-030-28954-6_10>.
///
/// ```
/// # use reglet_attribution::{AttributionError, Lrp, LrpComposite};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let method = Lrp { composite: LrpComposite::EpsilonGammaBox, ..Lrp::default() };
/// assert_eq!(method.attribute(&model, &input, &[3])?.values.size(), [1, 3, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lrp {
    /// The assignment of rules to layers.
    pub composite: LrpComposite,
    /// The stabiliser of denominators, more than 0 and at most 1: it is added with the denominator's sign.
    pub stabiliser: f64,
}

impl Default for Lrp {
    fn default() -> Self {
        Lrp { composite: LrpComposite::default(), stabiliser: 1e-6 }
    }
}

impl Lrp {
    /// The relevance of each row of `inputs` (`[N, C, H, W]`) for its target, in the shape of the inputs.
    ///
    /// # Errors
    /// The errors of the model, [`AttributionError::Parameter`], and [`AttributionError::NoRule`] for an operator that no
    /// rule covers.
    pub fn attribute(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        AttributionMethod::check(self)?;
        let graph = model.graph();
        graph.check_transparent()?;
        check_covered(graph)?;
        let walk = Walk::new(model, inputs, targets)?;
        let rules = self.composite.rules();
        // Without folding a rule would see two layers where the network has one, and its result would depend on how the
        // network is written.
        let folds = graph.folds(model.parameters())?.into_iter().map(|fold| (fold.layer, fold));
        let folds: HashMap<ValueId, Fold> = folds.collect();
        let first = first_layers(graph);
        let bounds = Bounds::new(model, inputs)?;
        let rule = |call: &Call| -> Result<Vec<Option<Tensor>>, ModelError> {
            match call.node.op.role() {
                Role::Weighted => {
                    let rule = rules.of(call, first.contains(&call.node.output));
                    let parameters = match folds.get(&call.node.output) {
                        Some(fold) => vec![&fold.weight, &fold.bias],
                        None => call.inputs()[1..].iter().collect(),
                    };
                    rule.share(call, &parameters, &bounds, self.stabiliser)
                }
                Role::Normalisation if folds.contains_key(&call.node.inputs[0]) => {
                    let mut sent: Vec<Option<Tensor>> = call.inputs().iter().map(|_| None).collect();
                    sent[0] = Some(call.upstream.shallow_clone());
                    Ok(sent)
                }
                Role::Normalisation | Role::Average | Role::Sum => by_contribution(call, self.stabiliser),
                Role::Rectifier | Role::Activation => Ok(vec![Some(call.upstream.shallow_clone())]),
                Role::Maximum | Role::Arrangement | Role::Other => call.own(call.upstream),
            }
        };
        let relevance = walk.seed.f_mul(walk.recording.value(graph.output())?)?;
        Ok(Attribution { values: walk.to_input(&relevance, &rule)?, gaps: None })
    }
}

fn check_covered(graph: &Graph) -> Result<(), AttributionError> {
    match graph.nodes().iter().find(|node| node.op.role() == Role::Other) {
        Some(node) => Err(AttributionError::NoRule {
            method: "LRP",
            operator: node.op.name(),
            layer: graph.name(node.output).to_owned(),
        }),
        None => Ok(()),
    }
}

/// The weighted layers that the input reaches without passing through another one.
fn first_layers(graph: &Graph) -> HashSet<ValueId> {
    let mut raw = HashSet::from([graph.input()]);
    let mut first = HashSet::new();
    for node in graph.nodes() {
        if !node.inputs.iter().any(|input| raw.contains(input)) {
            continue;
        }
        if node.op.role() == Role::Weighted {
            first.insert(node.output);
        } else {
            raw.insert(node.output);
        }
    }
    first
}

impl AttributionMethod for Lrp {
    fn about(&self) -> &'static About {
        &About {
            title: "LRP",
            family: Family::Rules,
            cost: "1 forward, 1 to 4 backward",
            paper: "https://doi.org/10.1371/journal.pone.0130140",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        if !(self.stabiliser > 0.0 && self.stabiliser <= 1.0) {
            return Err(AttributionError::Parameter {
                method: "LRP",
                parameter: "stabiliser",
                value: self.stabiliser.to_string(),
                expected: "more than 0 and at most 1",
            });
        }
        self.composite.rules().check()
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.operators()?, point.inputs, point.targets())
    }

    fn reduction(&self) -> Reduction {
        Reduction::Sum
    }
}
