//! What the rest of a graph behind a layer needs.

use super::{Graph, Origin, ValueId};

impl Graph {
    /// The values that the operators behind `layer` use besides it and the parameters: what leads around it, such as the
    /// other side of a residual sum. Feed them together with the layer, and only the rest of the graph runs.
    pub fn around(&self, layer: ValueId) -> Vec<ValueId> {
        let mut behind = vec![false; self.names.len()];
        behind[layer.0] = true;
        for node in &self.nodes {
            behind[node.output.0] |= node.inputs.iter().any(|input| behind[input.0]);
        }
        behind[layer.0] = false;
        let mut needed = vec![false; self.names.len()];
        needed[self.output().0] = true;
        let mut around = Vec::new();
        for node in self.nodes.iter().rev() {
            if !(needed[node.output.0] && behind[node.output.0]) {
                continue;
            }
            for &input in &node.inputs {
                let computed = !matches!(self.origins[input.0], Origin::Parameter(_));
                if computed
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
}
