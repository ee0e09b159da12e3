//! Finds the values of a graph that suit class activation maps.

use super::{Graph, Node, Op, Origin, Product, Selection, ValueId};

impl Graph {
    /// The values that suit class activation maps, in the order they are computed. `shape` returns a value's shape, with
    /// `None` for a size that is left open.
    ///
    /// The candidates are tried in this order, and the first kind that the graph has is used. (1) Results `[N, C, h, w]` of
    /// convolutions with more than one pixel, except convolutions that cut a picture into patches; where a result is only
    /// ever concatenated with others, as in a DenseNet, the concatenation takes its place. (2) Outputs `[N, h, w, C]` of
    /// layer norms, as in a Swin transformer. (3) The tokens `[N, T, C]` that a layer norm passes to attention, as in a ViT;
    /// not those after the last attention, because from there on the tokens that stand for places no longer reach the
    /// logits. (4) The patches.
    pub fn class_activation_layers(
        &self,
        shape: &dyn Fn(ValueId) -> Option<Vec<Option<i64>>>,
    ) -> Vec<ValueId> {
        let spatial = |node: &Node| match shape(node.output).as_deref() {
            Some([_, _, height, width]) => *height != Some(1) && *width != Some(1),
            _ => false,
        };
        let tokens = |node: &Node| matches!(shape(node.output).as_deref(), Some([_, _, _]));
        let last_attention = self.nodes.iter().rposition(|node| self.mixes_tokens(node)).unwrap_or_default();
        let part = |value: ValueId| self.is_convolution(value) && self.is_only_concatenated(value);

        let sees = |_: usize, node: &Node| {
            spatial(node)
                && match &node.op {
                    Op::Conv2d { .. } => !self.cuts_patches(node) && !part(node.output),
                    Op::Selection(Selection::Cat { dim: 1 }) => node.inputs.iter().any(|input| part(*input)),
                    _ => false,
                }
        };
        let norms = |_: usize, node: &Node| match shape(node.output).as_deref() {
            Some([_, height, width, _]) if *height != Some(1) && *width != Some(1) => {
                matches!(&node.op, Op::LayerNorm { shape, .. } if shape.len() == 1)
            }
            _ => false,
        };
        let attended = |index: usize, node: &Node| {
            index < last_attention && tokens(node) && matches!(node.op, Op::LayerNorm { .. })
        };
        let cuts = |_: usize, node: &Node| spatial(node) && matches!(node.op, Op::Conv2d { .. });
        let of = |suits: &dyn Fn(usize, &Node) -> bool| -> Vec<ValueId> {
            let nodes = self.nodes.iter().enumerate();
            nodes.filter(|(index, node)| suits(*index, node)).map(|(_, node)| node.output).collect()
        };
        let kinds = [of(&sees), of(&norms), of(&attended), of(&cuts)];
        kinds.into_iter().find(|layers| !layers.is_empty()).unwrap_or_default()
    }

    /// The last convolution that a value depends on; in a transformer it is the one that cuts the picture into the patches
    /// that its tokens stand for.
    pub fn convolution_before(&self, value: ValueId) -> Option<ValueId> {
        let mut needed = vec![false; self.names.len()];
        needed[value.0] = true;
        for node in self.nodes.iter().rev().filter(|node| node.output <= value) {
            if needed[node.output.0] {
                if matches!(node.op, Op::Conv2d { .. }) {
                    return Some(node.output);
                }
                node.inputs.iter().for_each(|input| needed[input.0] = true);
            }
        }
        None
    }

    /// Whether a call multiplies computed values with each other, as attention does, and not with a weight.
    fn mixes_tokens(&self, node: &Node) -> bool {
        let computed = |value: &ValueId| matches!(self.origin(*value), Origin::Node(_));
        match &node.op {
            Op::Product(Product::Attention { .. }) => true,
            Op::Product(Product::Matmul | Product::Einsum { .. }) => node.inputs.iter().all(computed),
            _ => false,
        }
    }

    /// Whether a convolution's windows touch without overlapping, so that it cuts the picture into patches.
    fn cuts_patches(&self, node: &Node) -> bool {
        let Op::Conv2d { stride, .. } = &node.op else { return false };
        let kernel = match node.inputs.get(1).map(|weight| self.origin(*weight)) {
            Some(Origin::Parameter(weight)) => &self.parameters[weight].shape,
            _ => return false,
        };
        matches!(kernel[..], [_, _, height, width] if [height, width] == *stride && *stride != [1, 1])
    }

    fn is_convolution(&self, value: ValueId) -> bool {
        match self.origin(value) {
            Origin::Node(node) => matches!(self.nodes[node].op, Op::Conv2d { .. }),
            _ => false,
        }
    }

    fn is_only_concatenated(&self, value: ValueId) -> bool {
        let mut users = self.nodes.iter().filter(|node| node.inputs.contains(&value)).peekable();
        users.peek().is_some() && users.all(|node| matches!(node.op, Op::Selection(Selection::Cat { .. })))
    }
}
