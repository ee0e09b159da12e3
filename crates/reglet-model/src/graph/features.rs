//! The last features of a network: what its last linear layer is given.

use super::{Graph, Op, Origin, Product, ValueId};

impl Graph {
    /// What the last linear layer before the output is given: `[N, D]`, or more dimensions for a layer that is applied at
    /// each place. `None` for a graph without such a layer, or whose inside cannot be seen.
    ///
    /// The output is followed back along the first computed value of each call, which leads through what is done to the
    /// logits afterwards.
    pub fn last_features(&self) -> Option<ValueId> {
        let mut value = self.output();
        loop {
            let Origin::Node(index) = self.origin(value) else { return None };
            let node = &self.nodes()[index];
            let given = |input: &ValueId| self.is_given(*input);
            let linear = match &node.op {
                Op::Linear | Op::Conv2d { .. } | Op::Product(Product::AddMatmul) => true,
                Op::Product(Product::Matmul) => node.inputs.iter().any(given),
                _ => false,
            };
            let computed = node.inputs.iter().copied().find(|input| !given(input));
            match computed {
                Some(features) if linear => return Some(features).filter(|v| *v != self.input()),
                next => value = next?,
            }
        }
    }

    /// Whether a value depends on parameters alone.
    fn is_given(&self, value: ValueId) -> bool {
        match self.origin(value) {
            Origin::Input => false,
            Origin::Parameter(_) => true,
            Origin::Node(index) => self.nodes()[index].inputs.iter().all(|input| self.is_given(*input)),
        }
    }
}
