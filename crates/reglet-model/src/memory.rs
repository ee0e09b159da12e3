//! Gives access to the numbers of a tensor, for loops written in Rust.

#![expect(unsafe_code, reason = "libtorch gives only the address of its memory")]

use std::slice;

use tch::{Device, Kind, Tensor};

use crate::ModelError;

/// The tensor `[N, C, H, W]` as a contiguous `[N, H, W, C]`, which is how it is usually stored in memory already.
pub(crate) fn channels_last(tensor: &Tensor) -> Result<Tensor, ModelError> {
    Ok(tensor.f_permute([0, 2, 3, 1])?.f_contiguous()?)
}

/// Numbers in bfloat16 as 32-bit floats, and any others as they are.
pub(crate) fn finer(tensor: &Tensor) -> Result<Tensor, ModelError> {
    match tensor.kind() {
        Kind::BFloat16 => Ok(tensor.f_to_kind(Kind::Float)?),
        _ => Ok(tensor.shallow_clone()),
    }
}

/// The numbers of a contiguous tensor of 32-bit floats on the CPU, which nothing writes to in the meantime.
///
/// # Panics
/// If it is another kind of tensor.
pub(crate) fn numbers(tensor: &Tensor) -> &[f32] {
    match plain(tensor) {
        0 => &[],
        // SAFETY: such a tensor stores its numbers contiguously at its address for as long as it lives.
        count => unsafe { slice::from_raw_parts(tensor.data_ptr().cast(), count) },
    }
}

/// The same, to be written.
///
/// # Panics
/// If it is another kind of tensor.
///
/// # Safety
/// No other tensor refers to the same numbers, as a view or a shallow clone would.
pub(crate) unsafe fn numbers_mut(tensor: &mut Tensor) -> &mut [f32] {
    match plain(tensor) {
        0 => &mut [],
        // SAFETY: such a tensor stores its numbers contiguously at its address for as long as it lives, and the caller has the
        // only handle to them.
        count => unsafe { slice::from_raw_parts_mut(tensor.data_ptr().cast(), count) },
    }
}

/// How many numbers a tensor holds whose numbers can be read as a slice.
fn plain(tensor: &Tensor) -> usize {
    assert!(
        tensor.kind() == Kind::Float && tensor.device() == Device::Cpu && tensor.is_contiguous(),
        "a contiguous tensor of 32-bit floats on the CPU is needed, not {tensor:?}"
    );
    tensor.numel()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_plain_is_read() {
        let tensor = Tensor::arange(6, (Kind::Float, Device::Cpu)).view([2, 3]);
        assert_eq!(numbers(&tensor), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(numbers(&tensor.narrow(0, 1, 1)), [3.0, 4.0, 5.0], "a row is contiguous");
        assert!(numbers(&Tensor::zeros([0, 3], (Kind::Float, Device::Cpu))).is_empty());
        for other in [tensor.transpose(0, 1), tensor.to_kind(Kind::Double), tensor.narrow(1, 0, 2)] {
            assert!(std::panic::catch_unwind(|| numbers(&other).len()).is_err(), "{other:?}");
        }
    }
}
