//! The direction of a computation.

/// The direction of a convolution or a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the input to the output.
    Forward,
    /// From the output back to the input: input and output are exchanged, each filter is flipped, and a matrix transposed.
    Backward,
}

impl Way {
    /// The numbers of channels before and after it, given those of the forward direction.
    pub(crate) fn ends(self, outputs: usize, inputs: usize) -> (usize, usize) {
        match self {
            Way::Forward => (inputs, outputs),
            Way::Backward => (outputs, inputs),
        }
    }
}
