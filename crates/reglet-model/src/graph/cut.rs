//! Finds what the rest of a graph after a layer needs besides that layer.

use super::{Graph, ValueId};

impl Graph {
    /// The values that the operators after `layer` use besides the layer itself and values computed from parameters alone:
    /// everything that bypasses the layer, such as the other operand of a residual sum. If they are fed together with the
    /// layer, only the rest of the graph runs.
    pub fn around(&self, layer: ValueId) -> Vec<ValueId> {
        let seen = self.computed_from(self.input());
        let mut behind = self.computed_from(layer);
        behind[layer.0] = false;
        let mut needed = vec![false; self.names.len()];
        needed[self.output().0] = true;
        let mut around = Vec::new();
        for node in self.nodes.iter().rev() {
            if !(needed[node.output.0] && behind[node.output.0]) {
                continue;
            }
            for &input in &node.inputs {
                if seen[input.0]
                    && !std::mem::replace(&mut needed[input.0], true)
                    && !behind[input.0]
                    && input != layer
                {
                    around.push(input);
                }
            }
        }
        around
    }

    /// Says of each value whether it is computed from `value`; `value` itself counts.
    pub(super) fn computed_from(&self, value: ValueId) -> Vec<bool> {
        let mut from = vec![false; self.names.len()];
        from[value.0] = true;
        for node in &self.nodes {
            from[node.output.0] |= node.inputs.iter().any(|input| from[input.0]);
        }
        from
    }
}
