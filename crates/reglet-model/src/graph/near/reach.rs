//! Which numbers of an operator's result depend on one number of its input.

use tch::Tensor;

use crate::graph::{Arithmetic, Node, Op, Pool, Selection};

/// How far a change of an operator's input reaches in its result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reach {
    /// Each place of the result depends on the same place of the input alone.
    Place,
    /// Each place of the result depends on a window of the input.
    Window(Window),
}

/// A window that slides over a picture; each pair of numbers is for height and width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    kernel: [i64; 2],
    stride: [i64; 2],
    padding: [i64; 2],
    dilation: [i64; 2],
    /// The number that lies around the picture.
    pub(super) around: f32,
}

impl Window {
    /// The places of a side of the result, from the first to behind the last, whose windows contain one of those from `from`
    /// to `to` (exclusive) of the input.
    pub(super) fn result(&self, side: usize, [from, to]: [i64; 2]) -> [i64; 2] {
        let (stride, padding) = (self.stride[side], self.padding[side]);
        // Place p of the result reads from p · stride − padding to that + span, inclusive.
        let first = (from + padding - self.span(side) + stride - 1).div_euclid(stride);
        [first, (to - 1 + padding).div_euclid(stride) + 1]
    }

    /// The first place of the input that a place of the result reads, which may lie outside.
    pub(super) fn start(&self, side: usize, place: i64) -> i64 {
        place * self.stride[side] - self.padding[side]
    }

    /// How many places of the input so many of the result read.
    pub(super) fn length(&self, side: usize, count: usize) -> usize {
        ((count as i64 - 1) * self.stride[side] + self.span(side) + 1) as usize
    }

    /// The distance between the first and the last place of a window.
    fn span(&self, side: usize) -> i64 {
        (self.kernel[side] - 1) * self.dilation[side]
    }
}

impl Reach {
    /// The reach of a node's operator when it is not trained; `None` if a change at one place may change the result
    /// everywhere. `weight` is its second input.
    pub(super) fn of(op: &Op, weight: Option<&Tensor>) -> Option<Reach> {
        match op {
            Op::Conv2d { stride, padding, dilation, .. } => {
                let [_, _, height, width] = weight?.size()[..].try_into().ok()?;
                Some(Reach::Window(Window {
                    kernel: [height, width],
                    stride: *stride,
                    padding: *padding,
                    dilation: *dilation,
                    around: 0.0,
                }))
            }
            Op::Pool(Pool::Max { kernel, stride, padding, dilation, ceil: false }) => {
                Some(Reach::Window(Window {
                    kernel: *kernel,
                    stride: *stride,
                    padding: *padding,
                    dilation: *dilation,
                    around: f32::NEG_INFINITY,
                }))
            }
            // With padding, the mean at an edge may be over fewer numbers.
            Op::Pool(Pool::Average { kernel, stride, padding: [0, 0], ceil: false, .. }) => {
                let (padding, dilation) = ([0, 0], [1, 1]);
                let (kernel, stride) = (*kernel, *stride);
                Some(Reach::Window(Window { kernel, stride, padding, dilation, around: 0.0 }))
            }
            Op::Activation(_) | Op::BatchNorm { .. } | Op::Dropout { .. } => Some(Reach::Place),
            Op::Arithmetic(
                Arithmetic::Add { .. }
                | Arithmetic::Sub { .. }
                | Arithmetic::Mul { .. }
                | Arithmetic::Div { .. },
            ) => Some(Reach::Place),
            Op::Selection(Selection::Cat { dim: 1 }) => Some(Reach::Place),
            _ => None,
        }
    }
}

impl Node {
    /// The same call for an input that contains what its padding would add.
    pub(in crate::graph) fn unpadded(&self) -> Node {
        let mut node = self.clone();
        match &mut node.op {
            Op::Conv2d { padding, .. } | Op::Pool(Pool::Max { padding, .. }) => *padding = [0, 0],
            _ => {}
        }
        node
    }
}
