//! Tracks which place of the picture each number of a value stands for.

use tch::{Device, Kind, Tensor};

use super::op::Context;
use super::{Layout, Op, Product, Reduction, Selection};

/// The places that a value's numbers stand for.
///
/// A trace knows shapes but no values. An operator that moves numbers is applied to the indices of places; the result of an
/// operator that mixes numbers stands for one of their places. After an operator that does not accept indices or that mixes
/// the whole picture, the places are not known.
pub(super) struct Trace {
    /// A tensor of the value's shape with (picture · height + row) · width + column for each number, or −1 for a number that
    /// stands for no place, such as those of a class token or of padding.
    pub index: Tensor,
    /// Height and width of the grid of places; `None` if no number stands for a place.
    pub grid: Option<[i64; 2]>,
}

impl Trace {
    /// A value `[N, C, H, W]` whose own pixels are the grid of places.
    pub fn grid([rows, channels, height, width]: [i64; 4]) -> Option<Trace> {
        let places = Tensor::f_arange(rows * height * width, (Kind::Int64, Device::Cpu)).ok()?;
        let places = places.f_view([rows, 1, height, width]).ok()?;
        let index = places.f_expand([rows, channels, height, width], false).ok()?;
        Some(Trace { index, grid: Some([height, width]) })
    }

    /// A value whose numbers stand for no place.
    pub fn nowhere(shape: &[i64]) -> Option<Trace> {
        Some(Trace { index: Tensor::from(-1_i64).f_expand(shape, false).ok()?, grid: None })
    }

    /// The same.
    pub fn shallow_clone(&self) -> Trace {
        Trace { index: self.index.shallow_clone(), grid: self.grid }
    }

    /// The places of the result of `op` for `inputs`, in a batch of `rows` pictures.
    pub fn behind(op: &Op, inputs: &[Option<Trace>], rows: i64, context: &Context) -> Option<Trace> {
        let input = |place: usize| inputs.get(place)?.as_ref();
        let first = |place: usize| input(place)?.index.size().first().copied();
        let last = |place: usize| input(place)?.index.size().last().copied();
        match op {
            Op::Conv2d { stride: [1, 1], padding: [0, 0], .. }
                if matches!(input(1)?.index.size()[..], [_, _, 1, 1]) =>
            {
                input(0)?.mixed(1, first(1)?)
            }
            Op::Conv2d { stride, padding, dilation, .. } => {
                let &[channels, _, height, width] = input(1)?.index.size().as_slice() else { return None };
                let weight = Tensor::f_zeros([1, 1, height, width], (Kind::Float, Device::Cpu)).ok()?;
                let convolved =
                    |x: &Tensor| x.f_conv2d(&weight, None::<&Tensor>, stride, padding, dilation, 1).ok();
                input(0)?.over_new_grid(rows, channels, 1, convolved)
            }
            Op::Pool(_) | Op::Layout(Layout::UpsampleBilinear { .. } | Layout::UpsampleNearest { .. }) => {
                let channels = *input(0)?.index.size().get(1)?;
                input(0)?.over_new_grid(rows, channels, 1, |x| op.apply(&[x], context).ok())
            }
            Op::Layout(Layout::PixelShuffle { factor }) => {
                let of = factor.checked_mul(*factor)?;
                let channels = input(0)?.index.size().get(1)?.checked_div(of)?;
                input(0)?.over_new_grid(rows, channels, of, |x| op.apply(&[x], context).ok())
            }
            Op::Layout(Layout::PixelUnshuffle { factor }) => {
                let channels = input(0)?.index.size().get(1)?.checked_mul(factor.checked_mul(*factor)?)?;
                input(0)?.over_new_grid(rows, channels, 1, |x| op.apply(&[x], context).ok())
            }
            Op::BatchNorm { .. }
            | Op::GroupNorm { .. }
            | Op::Dropout { .. }
            | Op::Activation(_)
            | Op::Layout(Layout::Contiguous | Layout::Detach | Layout::Identity | Layout::To { .. })
            | Op::Reduction(Reduction::Softmax { .. } | Reduction::LogSoftmax { .. }) => {
                Some(input(0)?.shallow_clone())
            }
            Op::Linear => input(0)?.mixed(-1, first(1)?),
            Op::LayerNorm { shape, .. } => (1..)
                .zip(shape.iter().rev())
                .try_fold(input(0)?.shallow_clone(), |trace, (place, size)| trace.mixed(-place, *size)),
            // The result of attention for a query keeps the query's place, whatever values it gathers.
            Op::Product(Product::Matmul) => input(0)?.mixed(-1, last(1)?),
            Op::Product(Product::Attention { .. }) => input(0)?.mixed(-1, last(2)?),
            Op::Arithmetic(_) => broadcast(inputs),
            Op::Reduction(
                Reduction::Mean { dims, keep }
                | Reduction::Sum { dims, keep }
                | Reduction::Max { dims, keep }
                | Reduction::Variance { dims, keep, .. }
                | Reduction::Norm { dims, keep },
            ) => {
                let mixed =
                    dims.iter().try_fold(input(0)?.shallow_clone(), |trace, dim| trace.mixed(*dim, 1))?;
                let index = if *keep { mixed.index } else { mixed.index.f_squeeze_dims(dims).ok()? };
                Some(Trace { index, grid: mixed.grid })
            }
            Op::Layout(Layout::Pad { amounts, mode, .. }) if mode == "constant" => {
                let pad = Layout::Pad { amounts: amounts.clone(), mode: mode.clone(), value: Some(-1.0) };
                moved(&pad.into(), inputs, context)
            }
            Op::Selection(Selection::Cat { dim }) => {
                let joined = moved(op, inputs, context)?;
                // A mixture of channels, of one place or of neighbouring places.
                let channels = inputs.iter().flatten().all(|input| input.is_constant(*dim));
                let size = *joined.index.size().get(dim.rem_euclid(joined.index.dim() as i64) as usize)?;
                if channels && size > inputs.len() as i64 { joined.mixed(*dim, size) } else { Some(joined) }
            }
            // The values in a list of indices are not known, which only matters if the indexed value stands for places.
            Op::Selection(Selection::Index { .. }) if input(0)?.grid.is_some() => None,
            Op::Layout(_) | Op::Selection(_) => moved(op, inputs, context),
            Op::Creation(_) => Trace::nowhere(&op.apply(&[], context).ok()?.size()),
            Op::Product(_) | Op::Reduction(_) | Op::Aten(_) | Op::TorchScript(_) => None,
        }
    }

    /// The result of mixing the `size` numbers along a dimension. It stands for the place that all of them stood for, or for
    /// the first if neighbouring places were merged; a mixture of a whole row, column or picture stands for none.
    fn mixed(&self, dim: i64, size: i64) -> Option<Trace> {
        if !self.is_constant(dim) {
            let [height, width] = self.grid?;
            let line = self.index.f_floor_divide_scalar(width).ok()?;
            let column = self.index.f_remainder(width).ok()?;
            let picture = line.f_floor_divide_scalar(height).ok()?;
            let row = line.f_remainder(height).ok()?;
            for (place, count) in [(picture, 1), (row, height), (column, width)] {
                let (high, low) = (place.f_amax(dim, false).ok()?, place.f_amin(dim, false).ok()?);
                let spread = high.f_sub(&low).ok()?.f_max().ok()?.f_int64_value(&[]).ok()?;
                if spread > 0 && spread + 1 >= count {
                    return None;
                }
            }
        }
        let first = self.index.f_narrow(dim, 0, 1).ok()?;
        let (mut shape, count) = (first.size(), first.dim() as i64);
        *shape.get_mut(dim.rem_euclid(count) as usize)? = size;
        Some(Trace { index: first.f_expand(shape, false).ok()?, grid: self.grid })
    }

    /// Whether all numbers along a dimension stand for one place.
    pub fn is_constant(&self, dim: i64) -> bool {
        // An expanded value has a single number in memory for all elements.
        let place = dim.rem_euclid(self.index.dim().max(1) as i64) as usize;
        if self.index.stride().get(place) == Some(&0) {
            return true;
        }
        let first = self.index.f_narrow(dim, 0, 1).and_then(|first| first.f_expand_as(&self.index));
        first.and_then(|first| first.f_equal(&self.index)).unwrap_or(false)
    }

    /// The trace of the result of `op` for a value `[N, C, H, W]`. The result has `channels` channels, each of which is
    /// computed from `of` channels of the value.
    fn over_new_grid(
        &self,
        rows: i64,
        channels: i64,
        of: i64,
        op: impl Fn(&Tensor) -> Option<Tensor>,
    ) -> Option<Trace> {
        let &[count, _, height, width] = self.index.size().as_slice() else { return None };
        // Only the size matters, so one channel of one picture is enough.
        let size = op(&Tensor::f_zeros([1, of, height, width], (Kind::Float, Device::Cpu)).ok()?)?.size();
        (count == rows).then(|| Trace::grid([rows, channels, size[2], size[3]]))?
    }
}

/// The trace of an operator that moves numbers without changing them.
fn moved(op: &Op, inputs: &[Option<Trace>], context: &Context) -> Option<Trace> {
    let indices: Vec<&Tensor> =
        inputs.iter().map(|input| Some(&input.as_ref()?.index)).collect::<Option<_>>()?;
    let mut grids = inputs.iter().flatten().filter_map(|input| input.grid);
    let grid = grids.next();
    if grids.any(|other| Some(other) != grid) {
        return None;
    }
    Some(Trace { index: op.apply(&indices, context).ok()?, grid })
}

/// The result of an elementwise operator stands for the places of its largest input, the first if several are equally large:
/// the factors of a gate and a bias belong to the places that they are applied to.
fn broadcast(inputs: &[Option<Trace>]) -> Option<Trace> {
    let known: Vec<&Trace> = inputs.iter().flatten().collect();
    let count = |trace: &Trace| (trace.grid.is_some(), trace.index.numel());
    let largest = known.iter().enumerate().rev().max_by_key(|(_, trace)| count(trace))?.0;
    let indices: Vec<&Tensor> = known.iter().map(|trace| &trace.index).collect();
    let index = Tensor::f_broadcast_tensors(&indices).ok()?.swap_remove(largest);
    Some(Trace { index, grid: known[largest].grid })
}
