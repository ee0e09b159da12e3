//! Gives access to the numbers of a tensor, for loops written in Rust.

#![expect(unsafe_code, reason = "libtorch gives only the address of its memory")]

use std::slice;

use tch::Tensor;

use crate::ModelError;

/// The tensor `[N, C, H, W]` as a contiguous `[N, H, W, C]`, which is how it is usually stored in memory already.
pub(crate) fn channels_last(tensor: &Tensor) -> Result<Tensor, ModelError> {
    Ok(tensor.f_permute([0, 2, 3, 1])?.f_contiguous()?)
}

/// The numbers of a contiguous tensor of 32-bit floats on the CPU.
pub(crate) fn numbers(tensor: &Tensor) -> &[f32] {
    // SAFETY: such a tensor stores its numbers contiguously at its address for as long as it lives.
    unsafe { slice::from_raw_parts(tensor.data_ptr().cast(), tensor.numel()) }
}

/// The same, for a tensor to which nothing else refers.
pub(crate) fn numbers_mut(tensor: &mut Tensor) -> &mut [f32] {
    // SAFETY: such a tensor stores its numbers contiguously at its address for as long as it lives.
    unsafe { slice::from_raw_parts_mut(tensor.data_ptr().cast(), tensor.numel()) }
}
