//! Convolutions and linear layers by loops of our own, on tensors.

use std::fmt;
use std::sync::OnceLock;

use reglet_kernels::{
    After, Before, Behind, DepthwiseFilters, Filters, Framed, Fused, Mask, Matrix, Pictures, Surroundings,
    Vectors, Way, convolve, convolve_depthwise, product, silu, supports, supports_depthwise,
};
use tch::{Device, Kind, Tensor};

use crate::ModelError;
use crate::memory::{channels_last, numbers, numbers_mut};
use crate::workers::{Shared, each};

/// From this many tiles on Winograd's algorithm pays: with fewer, reading the transformed filters, four times as many numbers
/// as the filters themselves, takes longer than the multiplications that they save.
const LEAST_TILES: usize = 8;

/// From this many rows on a product pays: with fewer, it takes as long as reading the matrix, for libtorch too.
const LEAST_ROWS: usize = 8;

/// From this many multiplications on a product is worth several threads.
const LEAST_SHARED: usize = 1 << 21;

/// From this many results on a depthwise convolution is worth several threads.
const LEAST_SHARED_RESULTS: usize = 1 << 15;

/// A layer for which there is a loop of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    /// A convolution with 3×3 filters, one step and one zero of padding, by Winograd's algorithm.
    Winograd,
    /// A convolution with one filter for each channel, whose result is as far from the next as `stride`, and with `padding` zeros on
    /// each side.
    Depthwise { stride: usize, padding: usize },
    /// A convolution with 1×1 filters, one step and no padding, as a product of matrices.
    Pointwise,
    /// A linear layer.
    Linear,
}

/// Such a layer with its parameters, forward and back.
pub(crate) struct Kernel {
    layer: Layer,
    weight: Shared<Tensor>,
    bias: Option<Vec<f32>>,
    /// Made when they are first needed.
    forward: OnceLock<Prepared>,
    backward: OnceLock<Prepared>,
}

/// The weight in the layout of the loops.
enum Prepared {
    Filters(Filters),
    Depthwise(DepthwiseFilters),
    Matrix(Matrix),
}

/// What is known of an activation behind a layer through which a gradient passes back.
#[derive(Clone, Copy)]
pub(crate) enum Activated<'a> {
    /// The result of a rectifier. The gradient passes where it is greater than zero and less than `most`.
    Rectifier { result: &'a Tensor, most: Option<f32> },
    /// What was given to a SiLU.
    Silu(&'a Tensor),
}

/// What is done in the same pass as the layer.
#[derive(Clone, Copy, Default)]
pub(crate) struct Steps<'a> {
    /// With the input, for a product.
    pub(crate) before: Option<Before<'a>>,
    /// What is added to the result, of its shape.
    pub(crate) summand: Option<&'a Tensor>,
    /// With the sum.
    pub(crate) after: After,
}

impl Kernel {
    /// Whether something can be done with the input before the layer.
    pub(crate) fn takes_before(&self) -> bool {
        matches!(self.layer, Layer::Pointwise | Layer::Linear)
    }

    /// Whether it can send a gradient back through a SiLU behind it.
    pub(crate) fn takes_silu(&self) -> bool {
        self.layer != Layer::Winograd
    }

    /// For a weight, `[out, in, 3, 3]`, `[channels, 1, side, side]`, `[out, in, 1, 1]` or `[out, in]`, and a bias, `[out]`; `None`
    /// if this processor or these numbers do not allow it.
    pub(crate) fn new(
        layer: Layer,
        weight: &Tensor,
        bias: Option<&Tensor>,
    ) -> Result<Option<Kernel>, ModelError> {
        let suits = |tensor: &Tensor| tensor.kind() == Kind::Float && tensor.device() == Device::Cpu;
        let fits = match (layer, weight.size().as_slice()) {
            (Layer::Winograd, &[out, inner, 3, 3]) => supports(out as usize, inner as usize),
            (Layer::Depthwise { stride, padding }, &[channels, 1, side, width]) => {
                let square = channels > 0 && side == width && padding < side as usize;
                square && supports_depthwise(side as usize, stride)
            }
            (Layer::Pointwise, [_, _, 1, 1]) | (Layer::Linear, [_, _]) => {
                weight.numel() > 0 && reglet_kernels::available()
            }
            _ => false,
        };
        let fits_bias = bias.is_none_or(|bias| suits(bias) && bias.size() == weight.size()[..1]);
        if !fits || !suits(weight) || !fits_bias {
            return Ok(None);
        }
        let bias = bias.map(|bias| Vec::try_from(bias.f_contiguous()?)).transpose()?;
        let weight = Shared(weight.shallow_clone());
        Ok(Some(Kernel { layer, weight, bias, forward: OnceLock::new(), backward: OnceLock::new() }))
    }

    /// Whether it is the faster way for an input, `[N, in, H, W]` or `[…, in]`, and one that nothing records.
    pub(crate) fn suits(&self, input: &Tensor, surroundings: Surroundings) -> bool {
        let plain = input.kind() == Kind::Float && input.device() == Device::Cpu && !input.requires_grad();
        let channels = self.inputs();
        plain
            && match (self.layer, input.size().as_slice()) {
                (Layer::Depthwise { stride, .. }, size) => {
                    self.framed(size, surroundings).is_some_and(|pictures| {
                        let results = pictures.results(self.side(), stride);
                        pictures.count > 0 && !results.contains(&0)
                    })
                }
                (Layer::Winograd, _) => self
                    .pictures(input, channels, surroundings)
                    .is_some_and(|pictures| pictures.tiles() >= LEAST_TILES),
                (Layer::Pointwise, _) => self
                    .pictures(input, channels, surroundings)
                    .is_some_and(|pictures| pictures.pixels() >= LEAST_ROWS),
                (Layer::Linear, [rows @ .., last]) => {
                    *last == channels && rows.iter().product::<i64>() >= LEAST_ROWS as i64
                }
                (Layer::Linear, []) => false,
            }
    }

    /// The size of the result for such an input: `[N, out, H, W]` or `[…, out]`.
    pub(crate) fn output_size(&self, input: &Tensor, surroundings: Surroundings) -> Vec<i64> {
        let mut size = input.size();
        let out = self.weight.get().size()[0];
        match self.layer {
            Layer::Linear => size.splice(size.len() - 1.., [out]).for_each(drop),
            Layer::Depthwise { stride, .. } => {
                if let Some(pictures) = self.framed(&size, surroundings) {
                    let results = pictures.results(self.side(), stride);
                    size[2..].copy_from_slice(&results.map(|side| side as i64));
                }
            }
            Layer::Winograd | Layer::Pointwise => {
                size[1] = out;
                let margin = 2 * self.margin(surroundings) as i64;
                size[2..].iter_mut().for_each(|side| *side -= margin);
            }
        }
        size
    }

    /// Whether a tensor has the shape and kind of the result for an input.
    pub(crate) fn returns(&self, input: &Tensor, surroundings: Surroundings, other: &Tensor) -> bool {
        let plain = other.kind() == Kind::Float && other.device() == Device::Cpu;
        plain && other.size() == self.output_size(input, surroundings)
    }

    /// The layer's result, with what is done in the same pass. The surroundings matter only to filters larger than a pixel.
    pub(crate) fn forward(
        &self,
        input: &Tensor,
        surroundings: Surroundings,
        steps: &Steps,
    ) -> Result<Tensor, ModelError> {
        let Steps { before, summand, after } = *steps;
        let summand = summand.map(|summand| self.rows(summand)).transpose()?;
        let (bias, summand) = (self.bias.as_deref(), summand.as_ref().map(numbers));
        let fused = Fused { before, bias, summand, after, ..Fused::default() };
        self.run(Way::Forward, input, surroundings, &self.output_size(input, surroundings), &fused)
    }

    /// The layer's result, with what is done in the same pass, and a SiLU of that.
    pub(crate) fn forward_and_silu(
        &self,
        input: &Tensor,
        steps: &Steps,
    ) -> Result<(Tensor, Tensor), ModelError> {
        let result = self.forward(input, Surroundings::Zeros, steps)?;
        let rows = self.rows(&result)?;
        let mut activated = rows.f_empty_like()?;
        let vectors = Vectors::widest().expect("there is no such layer without");
        #[expect(unsafe_code, reason = "libtorch gives only the address of its memory")]
        // SAFETY: it was just made, so nothing else refers to it.
        silu(vectors, numbers(&rows), unsafe { numbers_mut(&mut activated) });
        Ok((result, self.pictures_of(activated)?))
    }

    /// What the gradient at its output is at its input, which has the given size but for the number of rows: before an activation
    /// behind the layer, if there was one, and before what was done with the input, given that input.
    pub(crate) fn backward(
        &self,
        gradient: &Tensor,
        size: &[i64],
        activated: Option<Activated>,
        before: Option<(Before, &Tensor)>,
    ) -> Result<Tensor, ModelError> {
        let known =
            activated.map(|(Activated::Rectifier { result: known, .. } | Activated::Silu(known))| known);
        let known = known.map(|known| self.rows(known)).transpose()?;
        let known = known.as_ref().map(numbers);
        let (mask, silu) = match activated {
            Some(Activated::Rectifier { most, .. }) => (known.map(|values| Mask { values, most }), None),
            Some(Activated::Silu(_)) => (None, known),
            None => (None, None),
        };
        let given = before.map(|(_, given)| self.rows(given)).transpose()?;
        let behind =
            before.zip(given.as_ref()).map(|((before, _), given)| Behind { numbers: numbers(given), before });
        let size: Vec<i64> = gradient.size().iter().take(1).chain(&size[1..]).copied().collect();
        let fused = Fused { mask, silu, behind, ..Fused::default() };
        self.run(Way::Backward, gradient, Surroundings::Zeros, &size, &fused)
    }

    /// The result of the given size, `[N, C, H, W]` or `[…, out]`.
    fn run(
        &self,
        way: Way,
        input: &Tensor,
        surroundings: Surroundings,
        size: &[i64],
        fused: &Fused,
    ) -> Result<Tensor, ModelError> {
        let prepared = match way {
            Way::Forward => &self.forward,
            Way::Backward => &self.backward,
        };
        let prepared = prepared.get_or_init(|| self.prepared(way));
        let rows = self.rows(input)?;
        let from = match (self.inputs(), way) {
            (inputs, Way::Forward) => inputs,
            (_, Way::Backward) => self.weight.get().size()[0],
        };
        if rows.size().last() != Some(&from) {
            return Err(tch::TchError::Kind(format!("{from} channels are needed, not {rows:?}")).into());
        }
        let shape = match *size {
            [count, channels, height, width] if self.layer != Layer::Linear => {
                vec![count, height, width, channels]
            }
            _ => size.to_vec(),
        };
        let mut output = Tensor::f_empty(&shape, (Kind::Float, Device::Cpu))?;
        #[expect(unsafe_code, reason = "libtorch gives only the address of its memory")]
        // SAFETY: it was just made, so nothing else refers to it.
        let made = unsafe { numbers_mut(&mut output) };
        match prepared {
            Prepared::Filters(filters) => {
                let pictures = self.pictures(input, from, surroundings).expect("it suits");
                convolve(pictures, numbers(&rows), filters, fused, made);
            }
            Prepared::Depthwise(filters) => {
                let size = if way == Way::Forward { &input.size() } else { size };
                let pictures = self.framed(size, surroundings).expect("it suits");
                share_depthwise(pictures, numbers(&rows), filters, fused, shape[2] * shape[3], made)?;
            }
            Prepared::Matrix(matrix) => multiply(numbers(&rows), matrix, fused, made)?,
        }
        self.pictures_of(output)
    }

    /// `[N, H, W, C]` as `[N, C, H, W]`, and anything as it is for a linear layer.
    fn pictures_of(&self, rows: Tensor) -> Result<Tensor, ModelError> {
        Ok(if self.layer == Layer::Linear { rows } else { rows.f_permute([0, 3, 1, 2])? })
    }

    /// The pictures that result from an input `[N, channels, H, W]`.
    fn pictures(&self, input: &Tensor, channels: i64, surroundings: Surroundings) -> Option<Pictures> {
        let [count, found, height, width] = input.size()[..].try_into().ok()?;
        let margin = 2 * self.margin(surroundings);
        let side = |size: i64| usize::try_from(size).ok()?.checked_sub(margin);
        let [height, width] = [side(height)?, side(width)?];
        (found == channels).then_some(Pictures { count: count as usize, height, width, surroundings })
    }

    /// The pictures `[N, channels, H, W]` before a depthwise convolution.
    fn framed(&self, size: &[i64], surroundings: Surroundings) -> Option<Framed> {
        let Layer::Depthwise { padding, .. } = self.layer else { return None };
        let &[count, channels, height, width] = size else { return None };
        let [count, height, width] = [count as usize, height as usize, width as usize];
        let padding = if surroundings == Surroundings::Given { 0 } else { padding };
        (channels == self.inputs()).then_some(Framed { count, height, width, padding })
    }

    /// The channels or numbers of an input.
    fn inputs(&self) -> i64 {
        let size = self.weight.get().size();
        if let Layer::Depthwise { .. } = self.layer { size[0] } else { size[1] }
    }

    /// The rows of a filter.
    fn side(&self) -> usize {
        self.weight.get().size()[2] as usize
    }

    /// How many pixels an input has on each side beyond the result.
    fn margin(&self, surroundings: Surroundings) -> usize {
        usize::from(self.layer == Layer::Winograd && surroundings == Surroundings::Given)
    }

    /// `[N, C, H, W]` as `[N, H, W, C]`, and anything as it is for a linear layer, in 32-bit floats and contiguous.
    fn rows(&self, tensor: &Tensor) -> Result<Tensor, ModelError> {
        let tensor = tensor.f_detach()?.f_to_kind(Kind::Float)?;
        if self.layer == Layer::Linear { Ok(tensor.f_contiguous()?) } else { channels_last(&tensor) }
    }

    fn prepared(&self, way: Way) -> Prepared {
        let weight = self.weight.get().contiguous();
        let (size, weight) = (weight.size(), numbers(&weight));
        let (outputs, inputs) = (size[0] as usize, size[1] as usize);
        let prepared = match self.layer {
            Layer::Winograd => Filters::new(weight, outputs, inputs, way).map(Prepared::Filters),
            Layer::Depthwise { stride, .. } => {
                DepthwiseFilters::new(weight, outputs, self.side(), stride, way).map(Prepared::Depthwise)
            }
            Layer::Pointwise | Layer::Linear => {
                Matrix::new(weight, outputs, inputs, way).map(Prepared::Matrix)
            }
        };
        prepared.expect("there is no such layer unless it is supported")
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = self.weight.get().size();
        f.debug_struct("Kernel").field("layer", &self.layer).field("weight", &weight).finish_non_exhaustive()
    }
}

/// The product of all rows, on as many threads as libtorch may use on this one.
fn multiply(input: &[f32], matrix: &Matrix, fused: &Fused, output: &mut [f32]) -> Result<(), ModelError> {
    let (from, to) = (matrix.from(), matrix.to());
    let (count, threads) = (input.len() / from, tch::get_num_threads().max(1) as usize);
    if threads == 1 || input.len().saturating_mul(to) < LEAST_SHARED {
        product(input, matrix, fused, output);
        return Ok(());
    }
    let share = count.div_ceil(threads);
    let parts = output.chunks_mut(share * to).enumerate().map(|(index, output)| (index * share, output));
    each(parts.collect(), |(first, output)| {
        let count = output.len() / to;
        let part = |width: usize| first * width..(first + count) * width;
        let mask = fused.mask.map(|mask| Mask { values: &mask.values[part(from)], ..mask });
        let summand = fused.summand.map(|summand| &summand[part(to)]);
        let behind = fused.behind.map(|behind| Behind { numbers: &behind.numbers[part(to)], ..behind });
        let silu = fused.silu.map(|numbers| &numbers[part(from)]);
        product(&input[part(from)], matrix, &Fused { mask, silu, summand, behind, ..*fused }, output);
        Ok(())
    })?;
    Ok(())
}

/// A depthwise convolution, whose rows of results have so many numbers, on as many threads as libtorch may use on this one.
fn share_depthwise(
    pictures: Framed,
    input: &[f32],
    filters: &DepthwiseFilters,
    fused: &Fused,
    length: i64,
    output: &mut [f32],
) -> Result<(), ModelError> {
    let (length, threads) = (length as usize, tch::get_num_threads().max(1) as usize);
    if threads == 1 || output.len() < LEAST_SHARED_RESULTS {
        convolve_depthwise(pictures, 0, input, filters, fused, output);
        return Ok(());
    }
    let share = (output.len() / length).div_ceil(threads);
    let parts = output.chunks_mut(share * length).enumerate().map(|(index, part)| (index * share, part));
    each(parts.collect(), |(first, output)| {
        let summand = fused.summand.map(|summand| &summand[first * length..][..output.len()]);
        convolve_depthwise(pictures, first, input, filters, &Fused { summand, ..*fused }, output);
        Ok(())
    })?;
    Ok(())
}
