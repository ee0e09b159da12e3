//! The attention of a transformer's layers, as its graph computes it.

use reglet_model::{Graph, Node, Op, Product, Reduction, ValueId};
use tch::{Kind, Tensor};

use crate::{AttributionError, Operators};

/// An operator call that computes attention between tokens: `scaled_dot_product_attention`, or a softmax whose result is
/// multiplied by other values.
pub(crate) struct Attention<'a> {
    node: &'a Node,
    /// The inputs of the weights: query, key, value and optionally a mask; or the softmax itself.
    pub inputs: Vec<ValueId>,
}

impl Attention<'_> {
    /// The attentions of a graph, in the order they are computed.
    ///
    /// # Errors
    /// [`AttributionError::NoAttention`] if there is none, and the error of a graph that is a single program.
    pub fn all(graph: &Graph) -> Result<Vec<Attention<'_>>, AttributionError> {
        graph.check_transparent()?;
        let inputs = |node: &Node| match &node.op {
            Op::Product(Product::Attention { .. }) => Some(node.inputs.clone()),
            Op::Reduction(Reduction::Softmax { .. }) if multiplies(graph, node.output) => {
                Some(vec![node.output])
            }
            _ => None,
        };
        let nodes = graph.nodes().iter();
        let found: Vec<_> =
            nodes.filter_map(|node| Some(Attention { node, inputs: inputs(node)? })).collect();
        if found.is_empty() {
            let reason = "this model has no attention".to_owned();
            return Err(AttributionError::NoAttention { reason });
        }
        Ok(found)
    }

    /// What the call returns.
    pub fn output(&self) -> ValueId {
        self.node.output
    }

    /// How much each token attends to each other, `[N, heads, T, T]`; its rows sum to 1.
    ///
    /// # Errors
    /// [`AttributionError::NoAttention`] if the weights do not cover all tokens of each of the `rows` pictures, in the
    /// number that `before` is a map of.
    pub fn weights(
        &self,
        graph: &Graph,
        inputs: &[Tensor],
        rows: i64,
        before: Option<&Tensor>,
    ) -> Result<Tensor, AttributionError> {
        let weights = match (&self.node.op, inputs) {
            (Op::Product(Product::Attention { causal, scale, grouped }), [query, key, _, mask @ ..]) => {
                weights(query, key, mask.first(), *causal, *scale, *grouped)?
            }
            (_, inputs) => inputs[0].shallow_clone(),
        };
        let shape = weights.size();
        let count = before.and_then(|map| map.size().last().copied()).or(shape.last().copied()).unwrap_or(0);
        if !matches!(shape[..], [n, _, from, to] if [n, from, to] == [rows, count, count]) {
            let name = graph.name(self.output());
            let reason = format!("for {rows} pictures the attention of '{name}' has the shape {shape:?}");
            return Err(AttributionError::NoAttention { reason });
        }
        Ok(weights)
    }

    /// The gradient with respect to the weights, computed from the gradient with respect to the call's result.
    pub fn gradient(&self, inputs: &[Tensor], upstream: &Tensor) -> Result<Tensor, AttributionError> {
        match (&self.node.op, inputs) {
            (Op::Product(Product::Attention { grouped, .. }), [query, _, value, ..]) => {
                Ok(upstream.f_matmul(&for_each_head(value, query, *grouped)?.f_transpose(-2, -1)?)?)
            }
            _ => Ok(upstream.shallow_clone()),
        }
    }

    /// The map `[N, 1, h, w]` of the influence of each place on the answer, from a map of tokens `[N, T, T]`: the row of the
    /// class token, which is the first; without a class token, the mean of all rows. What reaches the answer by other tokens
    /// beside the class token (the mean of all places in a DINOv2, a distillation token) is not in the map.
    ///
    /// # Errors
    /// [`AttributionError::NoAttention`] if the tokens do not correspond to places of the picture.
    pub fn read(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        map: &Tensor,
    ) -> Result<Tensor, AttributionError> {
        let (rows, _, count) = map.size3()?;
        let places = model.graph().places(&[self.output()], inputs)?.remove(0);
        let places = places.ok_or_else(|| AttributionError::NoAttention {
            reason: format!("its {count} tokens do not form a grid of positions in the picture"),
        })?;
        let read = match count - places.height * places.width {
            0 => map.f_mean_dim(1, false, None::<Kind>)?,
            _ => map.f_select(1, 0)?,
        };
        Ok(places.laid_out(&read.f_view([rows, 1, count, 1])?)?)
    }
}

/// Whether a value is the first factor of a matrix product, ignoring dropout.
fn multiplies(graph: &Graph, value: ValueId) -> bool {
    graph.nodes().iter().filter(|node| node.inputs.first() == Some(&value)).any(|node| match &node.op {
        Op::Product(Product::Matmul) => true,
        Op::Dropout { .. } => multiplies(graph, node.output),
        _ => false,
    })
}

/// The weights by which `scaled_dot_product_attention` multiplies its values.
fn weights(
    query: &Tensor,
    key: &Tensor,
    mask: Option<&Tensor>,
    causal: bool,
    scale: Option<f64>,
    grouped: bool,
) -> Result<Tensor, AttributionError> {
    let channels = query.size().last().copied().unwrap_or(1);
    let key = for_each_head(key, query, grouped)?;
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

/// A key or value `[N, heads, T, C]` for each of the query's heads, several of which may share one.
fn for_each_head(shared: &Tensor, query: &Tensor, grouped: bool) -> Result<Tensor, AttributionError> {
    Ok(match grouped {
        true => shared.f_repeat_interleave_self_int(query.size()[1] / shared.size()[1].max(1), 1, None)?,
        false => shared.shallow_clone(),
    })
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
