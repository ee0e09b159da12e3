//! Finds the two ends of a network: the input of its first convolution and the input of its last linear layer.

use super::{Graph, Node, Op, Origin, Product, ValueId};

/// A network's last layer W x + b, if it is a linear one whose weight and bias are parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinearHead {
    /// x, `[N, D]`, or more dimensions where the layer is applied at each place.
    pub features: ValueId,
    /// W, `[out, D]`, as an index into [`Graph::parameters`].
    pub weight: usize,
    /// b, `[out]`, likewise; `None` for a layer without a bias.
    pub bias: Option<usize>,
}

impl Graph {
    /// The last layer, if it is linear (`aten::linear`), its weight and bias are parameters that nothing else reads, and
    /// nothing else reads its features.
    pub fn linear_head(&self) -> Option<LinearHead> {
        let features = self.last_features()?;
        let mut readers = self.nodes().iter().filter(|node| node.inputs.contains(&features));
        let (Some(node), None) = (readers.next(), readers.next()) else { return None };
        let own = |value: ValueId| {
            let readers = self.nodes().iter().filter(|node| node.inputs.contains(&value)).count();
            match self.origin(value) {
                Origin::Parameter(index) if readers == 1 => Some(index),
                _ => None,
            }
        };
        match (&node.op, node.inputs.as_slice()) {
            (Op::Linear, &[_, weight]) => Some(LinearHead { features, weight: own(weight)?, bias: None }),
            (Op::Linear, &[_, weight, bias]) => {
                Some(LinearHead { features, weight: own(weight)?, bias: Some(own(bias)?) })
            }
            _ => None,
        }
    }

    /// The input of the last linear layer before the output: `[N, D]`, or with more dimensions for a layer that is applied
    /// at each place. `None` for a graph that has no such layer or whose inside cannot be seen.
    ///
    /// The search goes back from the output along the first computed input of each call, and so passes through whatever is
    /// done to the logits afterwards.
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

    /// The weight of the first convolution that reads the pictures themselves, as an index into [`Graph::parameters`].
    pub(crate) fn stem(&self) -> Option<usize> {
        let reads =
            |node: &&Node| node.inputs.first() == Some(&self.input()) && matches!(node.op, Op::Conv2d { .. });
        match self.origin(*self.nodes().iter().find(reads)?.inputs.get(1)?) {
            Origin::Parameter(index) => Some(index),
            _ => None,
        }
    }

    /// How many channels the pictures have: the declared number, or else the number that the first convolution reads; `None`
    /// if neither is known.
    pub(crate) fn in_channels(&self) -> Option<i64> {
        let declared = self.shape(self.input()).and_then(|shape| shape.get(1)?.fixed());
        declared.or_else(|| self.parameters()[self.stem()?].shape.get(1).copied())
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
