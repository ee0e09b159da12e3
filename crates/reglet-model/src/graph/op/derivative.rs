//! Derivatives that are written here instead of being left to libtorch: those of the operators that take most of a network's
//! time, and of operators commonly used with them.

use tch::Tensor;

use super::{Activation, Arithmetic, Op, Pool, batch_norm};
use crate::ModelError;

/// What an operator call sends back to its inputs, given what reached its output. It keeps only what it needs of the forward
/// pass and is consumed when called, so memory is freed as the backward pass proceeds.
pub(in crate::graph) type Derivative<'a> =
    Box<dyn FnOnce(&Tensor) -> Result<Vec<Option<Tensor>>, ModelError> + Send + 'a>;

impl Op {
    /// The result of `compute`, the operator's own call, with its derivative with respect to the inputs that are `free`.
    /// `None`, with nothing computed, if the derivative has to be left to libtorch.
    pub(in crate::graph) fn with_derivative<'a>(
        &self,
        inputs: &[&Tensor],
        free: &[usize],
        compute: &dyn Fn() -> Result<Tensor, ModelError>,
    ) -> Result<Option<(Tensor, Derivative<'a>)>, ModelError> {
        if let (Op::Arithmetic(Arithmetic::Add { .. }), [0] | [0, 1]) = (self, free) {
            return sum(inputs, free.len(), compute);
        }
        if free != [0] {
            return Ok(None);
        }
        let input = inputs[0];
        Ok(match self {
            Op::Conv2d { stride, padding, dilation, groups } if input.dim() == 4 => {
                let (stride, padding, dilation, groups) = (*stride, *padding, *dilation, *groups);
                let (weight, size) = (inputs[1].shallow_clone(), input.size());
                one(compute()?, move |upstream| {
                    let (kernel, reached) = (weight.size(), upstream.size());
                    // The rows and columns at the end that no step of the filters reaches.
                    let rest = |d: usize| {
                        let steps = (reached[2 + d] - 1).checked_mul(stride[d])?;
                        let covered = dilation[d].checked_mul(kernel[2 + d] - 1)?.checked_add(steps)?;
                        size[2 + d]
                            .checked_add(padding[d].checked_mul(2)?)?
                            .checked_sub(covered)?
                            .checked_sub(1)
                    };
                    let beyond = || tch::TchError::Kind("its strides are too large".to_owned());
                    let rest = [rest(0).ok_or_else(beyond)?, rest(1).ok_or_else(beyond)?];
                    let no_bias = None::<Tensor>;
                    upstream.f_conv_transpose2d(&weight, no_bias, stride, padding, rest, groups, dilation)
                })
            }
            Op::Pool(pool @ Pool::Max { kernel, stride, padding, dilation, ceil }) => {
                let (kernel, stride, padding, dilation, ceil) =
                    (*kernel, *stride, *padding, *dilation, *ceil);
                // The operator's own error message is better.
                let Ok((result, places)) = pool.largest(input) else { return compute().map(|_| None) };
                let input = input.shallow_clone();
                one(result, move |upstream| {
                    input.f_max_pool2d_with_indices_backward(
                        upstream, kernel, stride, padding, dilation, ceil, &places,
                    )
                })
            }
            Op::Pool(Pool::AdaptiveAverage { output: [1, 1] }) if input.dim() == 4 => {
                let size = input.size();
                // The same number for all pixels of a channel takes no memory, and is divided once.
                one(compute()?, move |upstream| {
                    let [height, width] = [size[2], size[3]];
                    let share = upstream.f_div_scalar((height * width) as f64)?;
                    share.f_expand([upstream.size()[0], size[1], height, width], false)
                })
            }
            Op::Linear => {
                let weight = inputs[1].shallow_clone();
                one(compute()?, move |upstream| upstream.f_matmul(&weight))
            }
            // In evaluation, because only evaluation is differentiated operator by operator.
            Op::BatchNorm { eps, .. } if inputs.len() >= 3 => {
                let weight = inputs.get(1).copied().filter(|_| inputs.len() > 3);
                let factor = batch_norm::factor(weight, inputs[inputs.len() - 1], *eps)?;
                let factor = batch_norm::over_channels(&factor, input)?;
                one(compute()?, move |upstream| upstream.f_mul(&factor))
            }
            Op::Dropout { .. } => one(compute()?, |upstream| Ok(upstream.shallow_clone())),
            // Where the result is at an end of the range, the input is at that end or beyond it.
            Op::Activation(Activation::Relu) => {
                of_result(compute()?, |upstream, result| result.f_threshold_backward(upstream, 0))
            }
            Op::Activation(Activation::Hardtanh { min, max }) => {
                let (min, max) = (*min, *max);
                of_result(compute()?, move |upstream, result| result.f_hardtanh_backward(upstream, min, max))
            }
            Op::Activation(Activation::Silu) => {
                let input = input.shallow_clone();
                one(compute()?, move |upstream| input.f_silu_backward(upstream))
            }
            Op::Activation(Activation::Hardswish) => {
                let input = input.shallow_clone();
                one(compute()?, move |upstream| input.f_hardswish_backward(upstream))
            }
            Op::Activation(Activation::Gelu { tanh }) => {
                let (input, approximation) = (input.shallow_clone(), if *tanh { "tanh" } else { "none" });
                one(compute()?, move |upstream| input.f_gelu_backward(upstream, approximation))
            }
            _ => None,
        })
    }
}

/// A result with its derivative with respect to the first input, as a function of what reached the result.
fn one<'a>(
    result: Tensor,
    derivative: impl FnOnce(&Tensor) -> Result<Tensor, tch::TchError> + Send + 'a,
) -> Option<(Tensor, Derivative<'a>)> {
    Some((result, Box::new(move |upstream| Ok(vec![Some(derivative(upstream)?)]))))
}

/// The same for a derivative that is easiest to compute from the result, which is kept for it.
fn of_result<'a>(
    result: Tensor,
    derivative: impl FnOnce(&Tensor, &Tensor) -> Result<Tensor, tch::TchError> + Send + 'a,
) -> Option<(Tensor, Derivative<'a>)> {
    let kept = result.shallow_clone();
    one(result, move |upstream| derivative(upstream, &kept))
}

/// A sum sends to each summand what reached it, unless a summand was broadcast.
fn sum<'a>(
    inputs: &[&Tensor],
    free: usize,
    compute: &dyn Fn() -> Result<Tensor, ModelError>,
) -> Result<Option<(Tensor, Derivative<'a>)>, ModelError> {
    if inputs.iter().any(|input| input.size() != inputs[0].size() || input.kind() != inputs[0].kind()) {
        return Ok(None);
    }
    let derivative = move |upstream: &Tensor| Ok((0..free).map(|_| Some(upstream.shallow_clone())).collect());
    Ok(Some((compute()?, Box::new(derivative))))
}
