//! What the rest of a graph behind a layer needs.

use super::{Graph, ValueId};

impl Graph {
    /// The values that the operators behind `layer` use besides it and what rests on parameters alone: what leads around
    /// it, such as the other side of a residual sum. Feed them together with the layer, and only the rest of the graph
    /// runs.
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

    /// Which values are computed from `value`, itself among them.
    fn computed_from(&self, value: ValueId) -> Vec<bool> {
        let mut from = vec![false; self.names.len()];
        from[value.0] = true;
        for node in &self.nodes {
            from[node.output.0] |= node.inputs.iter().any(|input| from[input.0]);
        }
        from
    }
}
