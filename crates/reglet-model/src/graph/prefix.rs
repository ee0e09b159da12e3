//! How far a graph is an affine function of its input.

use super::{Graph, Op, Origin, Role, ValueId};

impl Graph {
    /// The last value that is an affine function of the input and through which everything else that the
    /// output rests on is computed: in a ResNet what the first batch norm returns.
    ///
    /// Along a straight line of inputs such a value moves along a straight line itself, so it is interpolated
    /// and not computed; and because the way back through an affine function is linear, a sum of gradients
    /// goes back through it once. `None` if the first operator is not affine already.
    pub fn affine_prefix(&self) -> Option<ValueId> {
        // Whether each value depends on the input, as an affine function.
        let mut affine = vec![false; self.names.len()];
        let mut constant: Vec<bool> =
            self.origins.iter().map(|origin| matches!(origin, Origin::Parameter(_))).collect();
        affine[self.input().0] = true;
        let mut last = None;
        for node in &self.nodes {
            let inputs = &node.inputs;
            constant[node.output.0] = inputs.iter().all(|input| constant[input.0]);
            let known = inputs.iter().all(|input| affine[input.0] || constant[input.0]);
            let is = known && !constant[node.output.0] && keeps_affine(&node.op, inputs, &constant);
            affine[node.output.0] = is;
            if is && node.output != self.output() && self.around(node.output).is_empty() {
                last = Some(node.output);
            }
        }
        last
    }
}

/// Whether the operator's result is an affine function of inputs that are.
fn keeps_affine(op: &Op, inputs: &[ValueId], constant: &[bool]) -> bool {
    match op.role() {
        // By its first input alone: a product of two values that both depend on the input is none.
        Role::Weighted | Role::Normalisation => inputs[1..].iter().all(|input| constant[input.0]),
        Role::Sum | Role::Average | Role::Arrangement => true,
        Role::Rectifier | Role::Activation | Role::Maximum | Role::Other => false,
    }
}
