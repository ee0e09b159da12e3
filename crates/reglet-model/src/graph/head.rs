//! Finds out whether a network returns its logits or something already computed from them, such as probabilities.
//!
//! Explanations are of logits, because the slopes of a softmax or sigmoid vanish where it saturates; and probabilities
//! mistaken for logits would go through a softmax or sigmoid a second time. So if a network ends with a sigmoid or softmax,
//! the value before it is taken as the logits.

use super::{
    Activation, Arithmetic, Graph, Layout, Node, Number, Op, Origin, Pool, Reduction, Selection, Size,
    ValueId,
};

/// The function that is applied to the logits at the end of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Squashing {
    /// A softmax over all logits, or its logarithm: the picture has exactly one of the classes.
    Softmax,
    /// A sigmoid of each logit, or its logarithm: each class is decided independently.
    Sigmoid,
}

/// Describes the function removed from the end of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Behind {
    /// The function that was applied to the logits.
    pub squashing: Squashing,
    /// The name of the value that was the function's result.
    pub value: String,
}

impl Graph {
    /// Makes the logits the graph's output if it ends with a sigmoid or a softmax of them, or with the logarithm of one.
    ///
    /// # Errors
    /// A clause for an error message, if the output is a probability whose logits cannot be identified.
    pub(crate) fn look_behind(&mut self) -> Result<Option<Behind>, String> {
        if let Some((behind, logits, rest)) = self.squashed() {
            let mut value = logits;
            for index in rest.into_iter().rev() {
                let node = self.nodes[index].clone();
                let shape = self.shapes.get(&node.output).cloned();
                value = self.call_function(&node.module, node.op, &[value]);
                if let Some(shape) = shape {
                    self.set_shape(value, shape);
                }
            }
            self.set_output(value);
            return Ok(Some(behind));
        }
        match self.range(self.output()) {
            Some((low, high)) if low >= 0.0 && high <= 1.0 => Err(format!(
                "its result, '{}', is never below 0 or above 1, so it contains probabilities, whose logits cannot be identified; return the input of the last sigmoid or softmax",
                self.name(self.output())
            )),
            _ => Ok(None),
        }
    }

    /// The function applied to the logits, the logits, and the calls that rearrange the function's result afterwards, last
    /// first.
    fn squashed(&self) -> Option<(Behind, ValueId, Vec<usize>)> {
        let mut rest = Vec::new();
        let mut value = self.output();
        loop {
            let Origin::Node(index) = self.origin(value) else { return None };
            let node = &self.nodes[index];
            let behind = |squashing| Behind { squashing, value: self.name(node.output).to_owned() };
            let input = *node.inputs.first()?;
            match &node.op {
                Op::Activation(Activation::Sigmoid | Activation::LogSigmoid) => {
                    return Some((behind(Squashing::Sigmoid), input, rest));
                }
                Op::Reduction(Reduction::Softmax { dim } | Reduction::LogSoftmax { dim }) => {
                    let kept = rest.iter().all(|&index| keeps_all(&self.nodes[index].op));
                    return (kept && self.is_over_all(input, *dim))
                        .then(|| (behind(Squashing::Softmax), input, rest));
                }
                // An operator between a softmax and a logarithm, or the other way round.
                Op::Activation(Activation::Log | Activation::Exp) if self.makes_log(node) => {}
                // Keeps numbers away from 0 and 1, where a logarithm is infinite.
                Op::Arithmetic(Arithmetic::Clamp { .. }) => {}
                op if keeps_all(op)
                    || matches!(op, Op::Selection(Selection::Select { .. } | Selection::Slice { .. })) =>
                {
                    rest.push(index);
                }
                _ => return None,
            }
            value = input;
        }
    }

    /// Whether the input of a logarithm or an exponential is the result of a softmax or sigmoid, or the logarithm of one.
    fn makes_log(&self, node: &Node) -> bool {
        let mut value = node.inputs[0];
        while let Origin::Node(index) = self.origin(value) {
            let before = &self.nodes[index];
            let clamp = matches!(before.op, Op::Arithmetic(Arithmetic::Clamp { .. }));
            if !clamp && !keeps_all(&before.op) {
                return match node.op {
                    Op::Activation(Activation::Log) => matches!(
                        before.op,
                        Op::Activation(Activation::Sigmoid) | Op::Reduction(Reduction::Softmax { .. })
                    ),
                    _ => matches!(
                        before.op,
                        Op::Activation(Activation::LogSigmoid) | Op::Reduction(Reduction::LogSoftmax { .. })
                    ),
                };
            }
            value = before.inputs[0];
        }
        false
    }

    /// Whether a softmax of a value along `dim` runs over all the numbers that the value has for a picture.
    fn is_over_all(&self, value: ValueId, dim: i64) -> bool {
        let Some(shape) = self.shape(value) else { return false };
        let count = shape.len() as i64;
        let dim = if dim < 0 { dim + count } else { dim };
        shape.iter().zip(0..).skip(1).all(|(size, place)| place == dim || size.fixed() == Some(1)) && dim > 0
    }

    /// Bounds within which the numbers of a value lie, whatever the input is; `None` if none are known.
    fn range(&self, value: ValueId) -> Option<(f64, f64)> {
        let mut ranges: Vec<Option<(f64, f64)>> = vec![None; self.names.len()];
        for node in &self.nodes {
            let of = |place: usize| node.inputs.get(place).and_then(|input| ranges[input.0]);
            let number = |number: &Number| match number {
                Number::Integer(Size::Fixed(value)) => Some(*value as f64),
                Number::Integer(_) => None,
                Number::Float(value) => Some(*value),
            };
            // An operand is a constant or the second input.
            let other = |other: &Option<Number>| match other {
                Some(other) => number(other).map(|value| (value, value)),
                None => of(1),
            };
            let scaled = |(low, high): (f64, f64), by: f64| {
                if by < 0.0 { (high * by, low * by) } else { (low * by, high * by) }
            };
            ranges[node.output.0] = match &node.op {
                Op::Activation(Activation::Sigmoid | Activation::Hardsigmoid)
                | Op::Reduction(Reduction::Softmax { .. }) => Some((0.0, 1.0)),
                Op::Activation(Activation::LogSigmoid) | Op::Reduction(Reduction::LogSoftmax { .. }) => {
                    Some((f64::NEG_INFINITY, 0.0))
                }
                Op::Activation(Activation::Exp) => of(0).map(|(low, high)| (low.exp(), high.exp())),
                Op::Activation(Activation::Neg) => of(0).map(|range| scaled(range, -1.0)),
                Op::Activation(Activation::Square) => {
                    of(0).filter(|(low, _)| *low >= 0.0).map(|(low, high)| (low * low, high * high))
                }
                Op::Activation(Activation::Sqrt) => {
                    of(0).map(|(low, high)| (low.max(0.0).sqrt(), high.sqrt()))
                }
                Op::Dropout { .. } | Op::Layout(_) => of(0),
                Op::Selection(
                    Selection::Select { .. } | Selection::Slice { .. } | Selection::Index { .. },
                ) => of(0),
                Op::Selection(Selection::Cat { .. } | Selection::Stack { .. }) => {
                    let all = node.inputs.iter().map(|input| ranges[input.0]).collect::<Option<Vec<_>>>();
                    all.and_then(|all| all.into_iter().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))))
                }
                Op::Reduction(Reduction::Mean { .. } | Reduction::Max { .. })
                | Op::Pool(Pool::AdaptiveAverage { .. } | Pool::AdaptiveMax { .. }) => of(0),
                Op::Arithmetic(op) => match op {
                    Arithmetic::Add { other: b } => of(0).zip(other(b)).map(|(a, b)| (a.0 + b.0, a.1 + b.1)),
                    Arithmetic::Sub { other: b } => of(0).zip(other(b)).map(|(a, b)| (a.0 - b.1, a.1 - b.0)),
                    Arithmetic::ReverseSub { other: b } => {
                        of(0).zip(number(b)).map(|(a, b)| (b - a.1, b - a.0))
                    }
                    Arithmetic::Mul { other: Some(b) } => of(0).zip(number(b)).map(|(a, b)| scaled(a, b)),
                    Arithmetic::Mul { other: None } => of(0)
                        .zip(of(1))
                        .filter(|(a, b)| a.0 >= 0.0 && b.0 >= 0.0)
                        .map(|(a, b)| (a.0 * b.0, a.1 * b.1)),
                    Arithmetic::Div { other: Some(b) } => {
                        of(0).zip(number(b)).filter(|(_, b)| *b != 0.0).map(|(a, b)| scaled(a, 1.0 / b))
                    }
                    Arithmetic::Clamp { min: Some(min), max: Some(max) } => number(min).zip(number(max)),
                    Arithmetic::Maximum => of(0).zip(of(1)).map(|(a, b)| (a.0.max(b.0), a.1.max(b.1))),
                    Arithmetic::Minimum => of(0).zip(of(1)).map(|(a, b)| (a.0.min(b.0), a.1.min(b.1))),
                    _ => None,
                },
                _ => None,
            };
        }
        ranges[value.0]
    }
}

/// Whether an operator's result consists of exactly the numbers of its input, in any order.
fn keeps_all(op: &Op) -> bool {
    match op {
        Op::Dropout { .. } => true,
        Op::Layout(layout) => matches!(
            layout,
            Layout::View { .. }
                | Layout::Reshape { .. }
                | Layout::Flatten { .. }
                | Layout::Unflatten { .. }
                | Layout::Permute { .. }
                | Layout::Transpose { .. }
                | Layout::Unsqueeze { .. }
                | Layout::Squeeze { .. }
                | Layout::Contiguous
                | Layout::Detach
                | Layout::Identity
                | Layout::To { .. }
        ),
        _ => false,
    }
}
