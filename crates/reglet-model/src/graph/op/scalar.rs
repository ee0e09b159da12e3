//! Calls operators that take plain numbers in such a way that a refusal by libtorch becomes an error and not a panic.
//!
//! tch reads libtorch's error only after it has freed the operator's numbers, and freeing a number panics while an error is
//! pending (`wrappers/scalar.rs` of tch 0.26). So any operator with a number that libtorch refuses would end the program.
//! The operators are therefore called here, and the numbers live until the error has been read.

#![expect(unsafe_code, reason = "libtorch's own functions, with numbers that must outlive the call")]

use std::ffi::CStr;
use std::ptr::null_mut;

use tch::{TchError, Tensor};
use torch_sys::c_generated::{
    atg_add_scalar, atg_clamp, atg_clamp_max, atg_clamp_min, atg_div_scalar, atg_eq, atg_fill, atg_ge,
    atg_gt, atg_le, atg_lt, atg_masked_fill, atg_mul_scalar, atg_ne, atg_norm_scalaropt_dim,
    atg_pow_tensor_scalar, atg_rsub_scalar, atg_sub_scalar, atg_var_correction,
};
use torch_sys::{C_scalar, C_tensor, ats_float, ats_free, ats_int, get_and_reset_last_err};

/// A plain number of one of libtorch's two kinds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar {
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
}

impl Scalar {
    /// The number as a float.
    pub fn float(self) -> f64 {
        match self {
            Scalar::Integer(value) => value as f64,
            Scalar::Float(value) => value,
        }
    }
}

impl From<Scalar> for tch::Scalar {
    fn from(number: Scalar) -> tch::Scalar {
        match number {
            Scalar::Integer(value) => value.into(),
            Scalar::Float(value) => value.into(),
        }
    }
}

/// libtorch's own object for a number.
struct Owned(*mut C_scalar);

impl Owned {
    fn new(number: Scalar) -> Result<Owned, TchError> {
        // SAFETY: both take a plain number and return a new object, or null with an error.
        let pointer = unsafe {
            match number {
                Scalar::Integer(value) => ats_int(value),
                Scalar::Float(value) => ats_float(value),
            }
        };
        complaint().map(|()| Owned(pointer))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: only this value owns the object, and it is not used again. Freeing it causes no error.
        unsafe { ats_free(self.0) }
    }
}

/// The error that libtorch has recorded since it was last asked, if any.
fn complaint() -> Result<(), TchError> {
    // SAFETY: the message is a string that we have to free, or null.
    unsafe {
        let message = get_and_reset_last_err();
        if message.is_null() {
            return Ok(());
        }
        let text = CStr::from_ptr(message).to_string_lossy().into_owned();
        libc::free(message.cast());
        Err(TchError::Torch(text))
    }
}

/// The result of a call, which is given these numbers and a place for the result.
fn call<const N: usize>(
    numbers: [Scalar; N],
    function: impl FnOnce(*mut *mut C_tensor, [*mut C_scalar; N]),
) -> Result<Tensor, TchError> {
    let numbers = numbers.into_iter().map(Owned::new).collect::<Result<Vec<_>, _>>()?;
    let mut result: *mut C_tensor = null_mut();
    function(&mut result, std::array::from_fn(|index| numbers[index].0));
    complaint()?;
    // SAFETY: without an error there is a new tensor, which nothing else owns.
    Ok(unsafe { Tensor::from_ptr(result) })
}

fn pointer(tensor: &Tensor) -> *mut C_tensor {
    tensor.as_ptr().cast_mut()
}

/// An operator of a tensor and a number.
pub(super) type Binary = unsafe extern "C" fn(*mut *mut C_tensor, *mut C_tensor, *mut C_scalar);

pub(super) const ADD: Binary = atg_add_scalar;
pub(super) const SUB: Binary = atg_sub_scalar;
pub(super) const REVERSE_SUB: Binary = atg_rsub_scalar;
pub(super) const MUL: Binary = atg_mul_scalar;
pub(super) const DIV: Binary = atg_div_scalar;
pub(super) const POW: Binary = atg_pow_tensor_scalar;
pub(super) const CLAMP_MIN: Binary = atg_clamp_min;
pub(super) const CLAMP_MAX: Binary = atg_clamp_max;
pub(super) const EQ: Binary = atg_eq;
pub(super) const NE: Binary = atg_ne;
pub(super) const GT: Binary = atg_gt;
pub(super) const GE: Binary = atg_ge;
pub(super) const LT: Binary = atg_lt;
pub(super) const LE: Binary = atg_le;
pub(super) const FILL: Binary = atg_fill;

/// The result of one of the operators above for a tensor and a number.
pub(super) fn binary(operator: Binary, a: &Tensor, b: Scalar) -> Result<Tensor, TchError> {
    // SAFETY: the tensor and the number live until the call is over, and the function is one of libtorch's.
    call([b], |result, [b]| unsafe { operator(result, pointer(a), b) })
}

/// The tensor clamped to `min`…`max`.
pub(in crate::graph) fn clamp(x: &Tensor, min: f64, max: f64) -> Result<Tensor, TchError> {
    clamp_between(x, Scalar::Float(min), Scalar::Float(max))
}

/// The same, for bounds of either kind.
pub(super) fn clamp_between(x: &Tensor, min: Scalar, max: Scalar) -> Result<Tensor, TchError> {
    // SAFETY: the tensor and the numbers live until the call is over.
    call([min, max], |result, [min, max]| unsafe { atg_clamp(result, pointer(x), min, max) })
}

/// `value` where the mask is true.
pub(super) fn masked_fill(x: &Tensor, mask: &Tensor, value: Scalar) -> Result<Tensor, TchError> {
    // SAFETY: the tensors and the number live until the call is over.
    call([value], |result, [value]| unsafe { atg_masked_fill(result, pointer(x), pointer(mask), value) })
}

/// The variance over some dimensions.
pub(super) fn variance(x: &Tensor, dims: &[i64], correction: i64, keep: bool) -> Result<Tensor, TchError> {
    // SAFETY: the tensor, the number and the dimensions live until the call is over.
    call([Scalar::Integer(correction)], |result, [correction]| unsafe {
        atg_var_correction(result, pointer(x), dims.as_ptr(), count(dims), correction, i32::from(keep));
    })
}

/// The Euclidean length over some dimensions.
pub(super) fn norm(x: &Tensor, dims: &[i64], keep: bool) -> Result<Tensor, TchError> {
    // SAFETY: the tensor, the number and the dimensions live until the call is over.
    call([Scalar::Float(2.0)], |result, [order]| unsafe {
        atg_norm_scalaropt_dim(result, pointer(x), order, dims.as_ptr(), count(dims), i32::from(keep));
    })
}

fn count(dims: &[i64]) -> i32 {
    i32::try_from(dims.len()).unwrap_or(i32::MAX)
}
