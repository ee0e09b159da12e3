//! Attention rollout.

use reglet_model::{Graph, Node, Op, Product, Request, ValueId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::tokens::Tokens;
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Family, Operators, Point, Reduction, Upsampling,
};

/// How much of each place reaches the class token through all attention layers of a transformer, if attention were all
/// that mixes places: with A_l the attention of layer l, averaged over its heads, and ½ for what goes around it, the
/// product over layers of ½ A_l + ½ I. The class token's row of it, at the places, is the map, resized to the input.
///
/// Without a class token, where the answer is made of the mean of all tokens, the map is the mean of all rows. The
/// attention is that of `scaled_dot_product_attention`, computed again from its queries and keys, or a softmax whose
/// result is multiplied by other values.
///
/// * **Needs** a transformer in which all tokens attend to each other in every layer, not within windows. **Cost**: one
///   forward pass, and the patches of one picture.
/// * **Axioms**: none that speak of the target: the map is the same for every class, and says where the transformer looks,
///   not what the answer rests on.
/// * **Defaults**: the paper's mean over heads, and ½. Every number is positive, and each picture's sum over places is at
///   most 1 before the map is resized; all of it is drawn.
/// * **Paper**: Abnar and Zuidema, 2020, <https://arxiv.org/abs/2005.00928>.
///
/// ```
/// # use reglet_attribution::{AttentionRollout, AttributionError};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::VitB16;
/// # let graph = architecture.graph(5, 0.0625)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::from_parts(architecture, graph, parameters, None, Preprocessing::default(), Device::Cpu)?;
/// let input = Tensor::ones([1, 3, 224, 224], (Kind::Float, Device::Cpu));
/// let found = AttentionRollout::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 224, 224]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AttentionRollout {
    /// How the map becomes as large as the input.
    pub upsampling: Upsampling,
}

impl AttentionRollout {
    /// The map of each row of `inputs` (`[N, C, H, W]`): `[N, 1, H, W]`. The targets do not matter.
    ///
    /// # Errors
    /// Those of the model, and [`AttributionError::NoAttention`].
    pub fn attribute(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        _targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        let (_, _, height, width) = inputs.size4()?;
        let map = self.at_places(model, inputs)?;
        Ok(Attribution { values: self.upsampling.apply(&map, height, width)?, gaps: None })
    }

    /// The map with one number for each place that a token stands for, `[N, 1, h, w]`.
    ///
    /// # Errors
    /// Those of the model, and [`AttributionError::NoAttention`].
    pub fn at_places(&self, model: &dyn Operators, inputs: &Tensor) -> Result<Tensor, AttributionError> {
        let graph = model.graph();
        let attentions: Vec<Attention> = Attention::all(graph);
        let fetches: Vec<ValueId> =
            attentions.iter().flat_map(|attention| &attention.inputs).copied().collect();
        let request = Request { feeds: &[(graph.input(), inputs)], fetches: &fetches, ..Request::default() };
        let mut values = graph.run(model.parameters(), &request)?.into_iter();

        let rows = inputs.size()[0];
        let mut rollout: Option<Tensor> = None;
        for attention in &attentions {
            let inputs: Vec<Tensor> = values.by_ref().take(attention.inputs.len()).collect();
            let weights = attention.weights(&inputs)?;
            let count = rollout.as_ref().unwrap_or(&weights).size().last().copied().unwrap_or_default();
            let shape = weights.size();
            if !matches!(shape[..], [n, _, from, to] if [n, from, to] == [rows, count, count]) {
                let name = graph.name(attention.output);
                let reason = format!("for {rows} pictures the attention of '{name}' has the shape {shape:?}");
                return Err(AttributionError::NoAttention { reason });
            }
            let around = Tensor::f_eye(count, (weights.kind(), weights.device()))?;
            let layer = weights.f_mean_dim(1, false, None::<Kind>)?.f_add(&around)?.f_mul_scalar(0.5)?;
            rollout = Some(match rollout {
                Some(before) => layer.f_matmul(&before)?,
                None => layer,
            });
        }
        let none = || AttributionError::NoAttention { reason: "this model has no attention".to_owned() };
        let (first, rollout) = attentions.first().zip(rollout).ok_or_else(none)?;
        let count = rollout.size()[2];
        let tokens = Tokens::behind(model, inputs, first.output, count)?;
        let tokens = tokens.ok_or_else(|| AttributionError::NoAttention {
            reason: format!("its {count} tokens do not fit the patches that the picture is cut into"),
        })?;
        let read = match tokens.others {
            0 => rollout.f_mean_dim(1, true, None::<Kind>)?,
            _ => rollout.f_narrow(1, 0, 1)?,
        };
        tokens.laid_out(&read.f_transpose(1, 2)?)
    }
}

/// A call that lets places attend to each other.
struct Attention<'a> {
    op: &'a Op,
    /// Query and key, and a mask if there is one; or the attention itself.
    inputs: Vec<ValueId>,
    output: ValueId,
}

impl Attention<'_> {
    /// The attentions of a graph, in the order they are computed.
    fn all(graph: &Graph) -> Vec<Attention<'_>> {
        let inputs = |node: &Node| match &node.op {
            Op::Product(Product::Attention { .. }) => {
                // The third input is what is attended to.
                Some([0, 1, 3].iter().filter_map(|&index| node.inputs.get(index)).copied().collect())
            }
            Op::Reduction(reglet_model::Reduction::Softmax { .. }) if multiplies(graph, node.output) => {
                Some(vec![node.output])
            }
            _ => None,
        };
        let nodes = graph.nodes().iter();
        nodes
            .filter_map(|node| Some(Attention { op: &node.op, inputs: inputs(node)?, output: node.output }))
            .collect()
    }

    /// How much each place attends to each other, `[N, heads, T, T]`; its rows sum to 1.
    fn weights(&self, inputs: &[Tensor]) -> Result<Tensor, AttributionError> {
        match (self.op, inputs) {
            (Op::Product(Product::Attention { causal, scale, grouped }), [query, key, mask @ ..]) => {
                weights(query, key, mask.first(), *causal, *scale, *grouped)
            }
            (_, inputs) => Ok(inputs[0].shallow_clone()),
        }
    }
}

/// Whether a value is the first factor of a product of matrices, dropout aside.
fn multiplies(graph: &Graph, value: ValueId) -> bool {
    graph.nodes().iter().filter(|node| node.inputs.first() == Some(&value)).any(|node| match &node.op {
        Op::Product(Product::Matmul) => true,
        Op::Dropout { .. } => multiplies(graph, node.output),
        _ => false,
    })
}

/// What `scaled_dot_product_attention` multiplies its values by.
fn weights(
    query: &Tensor,
    key: &Tensor,
    mask: Option<&Tensor>,
    causal: bool,
    scale: Option<f64>,
    grouped: bool,
) -> Result<Tensor, AttributionError> {
    let channels = query.size().last().copied().unwrap_or(1);
    let key = match grouped {
        true => key.f_repeat_interleave_self_int(query.size()[1] / key.size()[1].max(1), 1, None)?,
        false => key.shallow_clone(),
    };
    let scale = scale.unwrap_or(1.0 / (channels as f64).sqrt());
    let mut products = query.f_matmul(&key.f_transpose(-2, -1)?)?.f_mul_scalar(scale)?;
    let lower = match causal {
        true => Some(products.f_ones_like()?.f_tril(0)?.f_to_kind(Kind::Bool)?),
        false => None,
    };
    for mask in mask.into_iter().chain(&lower) {
        products = match mask.kind() {
            Kind::Bool => products.f_masked_fill(&mask.f_logical_not()?, f64::NEG_INFINITY)?,
            _ => products.f_add(mask)?,
        };
    }
    Ok(products.f_softmax(-1, None::<Kind>)?)
}

impl AttributionMethod for AttentionRollout {
    fn about(&self) -> &'static About {
        &About {
            title: "Attention rollout",
            family: Family::Layers,
            cost: "1 forward",
            paper: "https://arxiv.org/abs/2005.00928",
        }
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model, point.inputs, point.targets())
    }

    fn reduction(&self) -> Reduction {
        Reduction::Sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    #[test]
    fn the_weights_are_those_that_libtorch_multiplies_by() {
        tch::manual_seed(1);
        let draw = |shape: &[i64]| Tensor::randn(shape, (Kind::Double, Device::Cpu));
        let (query, value) = (draw(&[2, 4, 5, 3]), draw(&[2, 4, 5, 6]));
        let added = draw(&[5, 5]);
        let allowed = added.gt(-0.5).logical_or(&Tensor::eye(5, (Kind::Bool, Device::Cpu)));
        for (key, mask, causal, scale) in [
            (draw(&[2, 4, 5, 3]), None, false, None),
            (draw(&[2, 4, 5, 3]), None, true, Some(0.7)),
            (draw(&[2, 4, 5, 3]), Some(&added), false, None),
            (draw(&[2, 4, 5, 3]), Some(&allowed), false, Some(1.3)),
            (draw(&[2, 2, 5, 3]), None, false, None),
        ] {
            let grouped = key.size()[1] != 4;
            let values = if grouped { value.narrow(1, 0, 2) } else { value.shallow_clone() };
            let found = weights(&query, &key, mask, causal, scale, grouped).expect("they fit");
            let expected = Tensor::scaled_dot_product_attention(
                &query, &key, &values, mask, 0.0, causal, scale, grouped,
            );
            let values = if grouped { values.repeat_interleave_self_int(2, 1, None) } else { values };
            let difference = (found.matmul(&values) - expected).abs().max().double_value(&[]);
            assert!(difference < 1e-12, "mask {}, causal {causal}: {difference:.1e}", mask.is_some());
        }
    }
}
