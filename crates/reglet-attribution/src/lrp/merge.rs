//! Batch norm merged into the layer before it.

use std::collections::HashMap;

use reglet_model::{Call, Graph, ModelError, Op, Origin, Parameters, Role, ValueId};
use tch::Tensor;

/// For the outputs of weighted layers that only a batch norm uses: by what it multiplies each channel, and what it
/// adds. Without that an LRP rule would see two layers where the network has one, and its result would depend on
/// how the network is written down.
pub(super) struct Merged {
    affine: HashMap<ValueId, (Tensor, Tensor)>,
}

impl Merged {
    pub(super) fn new(graph: &Graph, parameters: &Parameters) -> Result<Merged, ModelError> {
        let mut uses: HashMap<ValueId, usize> = HashMap::new();
        for input in graph.nodes().iter().flat_map(|node| &node.inputs) {
            *uses.entry(*input).or_default() += 1;
        }
        let mut affine = HashMap::new();
        for node in graph.nodes() {
            let Op::BatchNorm { eps, .. } = node.op else { continue };
            let input = node.inputs[0];
            let weighted = matches!(graph.origin(input), Origin::Node(index)
                if graph.nodes()[index].op.role() == Role::Weighted);
            if !weighted || uses[&input] > 1 || graph.output() == input {
                continue;
            }
            let statistic = |index: usize| match graph.origin(node.inputs[index]) {
                Origin::Parameter(parameter) => Some(&parameters.tensors()[parameter]),
                _ => None,
            };
            let [Some(weight), Some(bias), Some(mean), Some(variance)] = [1, 2, 3, 4].map(statistic) else {
                continue;
            };
            let scale = weight.f_div(&variance.f_add_scalar(eps)?.f_sqrt()?)?;
            let shift = bias.f_sub(&mean.f_mul(&scale)?)?;
            affine.insert(input, (scale, shift));
        }
        Ok(Merged { affine })
    }

    /// Whether the batch norm of this value is merged into the layer that computes it.
    pub(super) fn holds(&self, value: ValueId) -> bool {
        self.affine.contains_key(&value)
    }

    /// The weight and the bias, if any, of a weighted layer together with the batch norm that is merged into it.
    pub(super) fn parameters(&self, call: &Call) -> Result<Vec<Tensor>, ModelError> {
        let own: Vec<Tensor> = call.inputs()[1..].iter().map(Tensor::shallow_clone).collect();
        let Some((scale, shift)) = self.affine.get(&call.node.output) else { return Ok(own) };
        let mut shape = vec![1; own[0].dim()];
        shape[0] = -1;
        let weight = own[0].f_mul(&scale.f_view(shape.as_slice())?)?;
        let bias = match own.get(1) {
            Some(bias) => bias.f_mul(scale)?.f_add(shift)?,
            None => shift.shallow_clone(),
        };
        Ok(vec![weight, bias])
    }
}
