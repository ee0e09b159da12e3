//! Finds out how far into a graph its values are affine functions of the input.

use super::{Graph, Op, Origin, Role, ValueId};

impl Graph {
    /// The last value that is an affine function of the input and through which alone the output depends on the input; in a
    /// ResNet this is the result of the first batch norm.
    ///
    /// As the input moves along a straight line, such a value moves along a straight line, too, so it can be interpolated
    /// instead of computed. And because the backward pass through an affine function is linear and the same everywhere, the
    /// sum of many gradients can be sent back through it once. `None` if already the first operator is not affine.
    pub fn affine_prefix(&self) -> Option<ValueId> {
        let last_use = self.last_uses();
        // Whether each value depends on the input, as an affine function.
        let mut affine = vec![false; self.names.len()];
        let mut constant: Vec<bool> =
            self.origins.iter().map(|origin| matches!(origin, Origin::Parameter(_))).collect();
        affine[self.input().0] = true;
        let mut last = None;
        // The number of values that depend on the input and are still to be used. If it is one, everything that follows
        // depends on the input only through that value.
        let mut open = usize::from(last_use[self.input().0].is_some());
        for (number, node) in self.nodes.iter().enumerate() {
            let (inputs, output) = (&node.inputs, node.output);
            constant[output.0] = inputs.iter().all(|input| constant[input.0]);
            let known = inputs.iter().all(|input| affine[input.0] || constant[input.0]);
            let is = known && !constant[output.0] && keeps_affine(&node.op, inputs, &constant);
            affine[output.0] = is;
            let done = inputs.iter().enumerate().filter(|(place, input)| {
                last_use[input.0] == Some(number) && !constant[input.0] && !inputs[..*place].contains(input)
            });
            open -= done.count();
            let is_used = last_use[output.0].is_some();
            open += usize::from(is_used && !constant[output.0]);
            if is && is_used && open == 1 && output != self.output() {
                last = Some(output);
            }
        }
        last
    }

    /// For each value, the index of the last node that uses it among those that the output depends on; for the output
    /// itself, an index after all nodes. `None` for a value that the output does not depend on.
    fn last_uses(&self) -> Vec<Option<usize>> {
        let mut last = vec![None; self.names.len()];
        last[self.output().0] = Some(self.nodes.len());
        for (number, node) in self.nodes.iter().enumerate().rev() {
            if last[node.output.0].is_some() {
                for input in &node.inputs {
                    last[input.0].get_or_insert(number);
                }
            }
        }
        last
    }
}

/// Whether the operator's result is affine if its inputs are.
fn keeps_affine(op: &Op, inputs: &[ValueId], constant: &[bool]) -> bool {
    match op.role() {
        // Affine in its first input only: a product of two values that both depend on the input is not affine.
        Role::Weighted | Role::Normalisation => inputs[1..].iter().all(|input| constant[input.0]),
        Role::Sum | Role::Average | Role::Arrangement => true,
        Role::Rectifier | Role::Activation | Role::Maximum | Role::Other => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Architecture, Role};

    #[test]
    fn nothing_leads_around_the_prefix_and_a_rectifier_follows() {
        for architecture in [Architecture::ResNet18, Architecture::DenseNet121, Architecture::MobileNetV2] {
            let graph = architecture.graph(3, 0.5).expect("a graph");
            let prefix = graph.affine_prefix().expect("a convolution comes first");
            assert!(graph.around(prefix).is_empty(), "{architecture:?}");
            let user = graph.nodes.iter().find(|node| node.inputs.contains(&prefix)).expect("it is used");
            assert_eq!(user.op.role(), Role::Rectifier, "{architecture:?}");
        }
    }
}
