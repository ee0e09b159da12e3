//! Convolutions of 3×3 by Winograd's algorithm, on tensors.

use std::fmt;
use std::sync::OnceLock;

use reglet_winograd::{Filters, Fused, Pictures, Way, supports};
use tch::{Device, Kind, Tensor};

use crate::ModelError;
use crate::graph::Shared;
use crate::memory::{channels_last, numbers, numbers_mut};

/// From this many tiles on it pays: with fewer, reading the transformed filters, four times as many numbers as the filters
/// themselves, takes longer than the multiplications that they save.
const LEAST_TILES: usize = 8;

/// A convolution with 3×3 filters, one step and one zero of padding, forward and back.
pub(crate) struct Winograd {
    weight: Shared<Tensor>,
    bias: Option<Vec<f32>>,
    /// Made when they are first needed.
    forward: OnceLock<Filters>,
    backward: OnceLock<Filters>,
}

impl Winograd {
    /// For the weight `[out, in, 3, 3]` and the bias `[out]` of such a convolution; `None` if this processor or these
    /// numbers do not allow it.
    pub(crate) fn new(weight: &Tensor, bias: Option<&Tensor>) -> Result<Option<Winograd>, ModelError> {
        let suits = |tensor: &Tensor| tensor.kind() == Kind::Float && tensor.device() == Device::Cpu;
        let fits = matches!(weight.size()[..], [out, inner, 3, 3] if supports(out as usize, inner as usize));
        if !fits || !suits(weight) || !bias.is_none_or(suits) {
            return Ok(None);
        }
        let bias = bias.map(|bias| Vec::try_from(bias.f_contiguous()?)).transpose()?;
        let weight = Shared(weight.shallow_clone());
        Ok(Some(Winograd { weight, bias, forward: OnceLock::new(), backward: OnceLock::new() }))
    }

    /// Whether it is the faster way for an input `[N, C, H, W]`, and one that nothing records.
    pub(crate) fn suits(&self, input: &Tensor) -> bool {
        let plain = input.kind() == Kind::Float && input.device() == Device::Cpu && !input.requires_grad();
        let channels = self.weight.get().size()[1];
        plain && pictures(input, channels).is_some_and(|pictures| pictures.tiles() >= LEAST_TILES)
    }

    /// The size of the result for such an input: `[N, out, H, W]`.
    pub(crate) fn output_size(&self, input: &Tensor) -> Vec<i64> {
        let mut size = input.size();
        size[1] = self.weight.get().size()[0];
        size
    }

    /// Whether a tensor has the shape and kind of the result for an input.
    pub(crate) fn returns(&self, input: &Tensor, other: &Tensor) -> bool {
        let plain = other.kind() == Kind::Float && other.device() == Device::Cpu;
        plain && other.size() == self.output_size(input)
    }

    /// The convolution of `[N, in, H, W]`, plus a summand of its result's shape, rectified on request.
    pub(crate) fn forward(
        &self,
        input: &Tensor,
        summand: Option<&Tensor>,
        rectify: bool,
    ) -> Result<Tensor, ModelError> {
        let filters = self.forward.get_or_init(|| self.filters(Way::Forward));
        let summand = summand.map(with_channels_last).transpose()?;
        let (bias, summand) = (self.bias.as_deref(), summand.as_ref().map(numbers));
        convolve(input, filters, &Fused { bias, summand, rectify, ..Fused::default() })
    }

    /// What the gradient `[N, out, H, W]` at its output is at its input; before a rectifier that returned `rectified`, if
    /// there was one.
    pub(crate) fn backward(
        &self,
        gradient: &Tensor,
        rectified: Option<&Tensor>,
    ) -> Result<Tensor, ModelError> {
        let filters = self.backward.get_or_init(|| self.filters(Way::Backward));
        let rectified = rectified.map(with_channels_last).transpose()?;
        convolve(gradient, filters, &Fused { mask: rectified.as_ref().map(numbers), ..Fused::default() })
    }

    fn filters(&self, way: Way) -> Filters {
        let weight = self.weight.get().contiguous();
        let size = weight.size();
        let filters = Filters::new(numbers(&weight), size[0] as usize, size[1] as usize, way);
        filters.expect("there is no such convolution unless it is supported")
    }
}

impl fmt::Debug for Winograd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Winograd").field("weight", &self.weight.get().size()).finish_non_exhaustive()
    }
}

/// The sizes of `[N, channels, H, W]`.
fn pictures(tensor: &Tensor, channels: i64) -> Option<Pictures> {
    match tensor.size()[..] {
        [count, found, height, width] if found == channels => {
            let [count, height, width] = [count, height, width].map(|size| size as usize);
            Some(Pictures { count, height, width })
        }
        _ => None,
    }
}

fn convolve(input: &Tensor, filters: &Filters, fused: &Fused) -> Result<Tensor, ModelError> {
    let pictures = pictures(input, filters.from() as i64).expect("it suits");
    let input = with_channels_last(input)?;
    let mut shape = input.size();
    shape[3] = filters.to() as i64;
    let mut output = Tensor::f_empty(&shape, (Kind::Float, Device::Cpu))?;
    #[expect(unsafe_code, reason = "libtorch gives only the address of its memory")]
    // SAFETY: it was just made, so nothing else refers to it.
    let made = unsafe { numbers_mut(&mut output) };
    reglet_winograd::convolve(pictures, numbers(&input), filters, fused, made);
    Ok(output.f_permute([0, 3, 1, 2])?)
}

/// `[N, C, H, W]` as `[N, H, W, C]` in 32-bit floats.
fn with_channels_last(tensor: &Tensor) -> Result<Tensor, ModelError> {
    channels_last(&tensor.f_detach()?.f_to_kind(Kind::Float)?)
}
