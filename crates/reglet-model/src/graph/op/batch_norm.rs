//! Batch norm, with derivatives that are correct for gradients in any memory layout.
//!
//! libtorch's own derivative on a CPU has a bug for batches of one row: if the strides of the gradient or of the input are
//! neither row-major nor channels-last, it assumes that both have the same memory layout (`native_batch_norm_backward`, seen
//! in 2.13). The result is then silently wrong by as much as the gradient itself. So for evaluation, where batch norm is γ
//! (x − μ) / √(σ² + ε) + β, the derivative is written here, and in training libtorch is given only row-major inputs and
//! gradients.

use tch::Tensor;

use super::Inputs;
use crate::ModelError;

/// The call. Inputs: x; γ and β, or neither; the running mean and variance.
pub(super) fn apply(inputs: &Inputs, training: bool, momentum: f64, eps: f64) -> Result<Tensor, ModelError> {
    let [x] = inputs.first()?;
    let (scale, statistics) = inputs.tensors[1..].split_at(inputs.tensors.len().saturating_sub(3));
    let [weight, bias] = [scale.first().copied(), scale.get(1).copied()];
    let [mean, variance] = [statistics.first().copied(), statistics.get(1).copied()];
    let recorded = inputs.tensors.iter().any(|input| input.requires_grad());
    if let (Some(mean), Some(variance), true, false) = (mean, variance, recorded, training) {
        // As a multiplication and an addition, whose derivatives are correct in libtorch.
        let factor = factor(weight, variance, eps)?;
        let shift = match bias {
            Some(bias) => bias.f_sub(&mean.f_mul(&factor)?)?,
            None => mean.f_mul(&factor)?.f_neg()?,
        };
        let [factor, shift] = [over_channels(&factor, x)?, over_channels(&shift, x)?];
        return Ok(x.f_mul(&factor)?.f_add(&shift)?);
    }
    if !recorded {
        return Ok(x.f_batch_norm(weight, bias, mean, variance, training, momentum, eps, true)?);
    }
    if let (&[n, c, h, w], true) = (x.size().as_slice(), lies_by_channels_last(x)) {
        let result = x.f_batch_norm(weight, bias, mean, variance, training, momentum, eps, true)?;
        let by_places = result.f_permute([0, 2, 3, 1])?;
        return Ok(by_places.f_reshape([-1])?.f_view([n, h, w, c])?.f_permute([0, 3, 1, 2])?);
    }
    let x = x.f_contiguous()?;
    let result = x.f_batch_norm(weight, bias, mean, variance, training, momentum, eps, true)?;
    // A view of a flat view of all numbers: the gradient that comes back through both has the numbers' own memory layout,
    // for which libtorch's derivative is correct.
    Ok(result.f_view([-1])?.f_view(x.size().as_slice())?)
}

/// Whether pictures `[N, C, H, W]` are stored channels-last: the channels of each place are adjacent in memory, with no gaps
/// between the places.
fn lies_by_channels_last(x: &Tensor) -> bool {
    match (x.size().as_slice(), x.stride().as_slice()) {
        (&[_, c, h, w], stride) => c > 1 && h * w > 1 && stride == [c * h * w, 1, c * w, c],
        _ => false,
    }
}

/// The factor by which each channel is multiplied in evaluation: γ / √(σ² + ε), `[C]`.
pub(super) fn factor(weight: Option<&Tensor>, variance: &Tensor, eps: f64) -> Result<Tensor, ModelError> {
    let factor = variance.f_add_scalar(eps)?.f_rsqrt()?;
    Ok(match weight {
        Some(weight) => factor.f_mul(weight)?,
        None => factor,
    })
}

/// One number per channel, reshaped so that it broadcasts against `[N, C, …]`.
pub(super) fn over_channels(numbers: &Tensor, like: &Tensor) -> Result<Tensor, ModelError> {
    let mut shape = vec![1; like.dim().max(2)];
    shape[1] = -1;
    Ok(numbers.f_view(shape.as_slice())?)
}
