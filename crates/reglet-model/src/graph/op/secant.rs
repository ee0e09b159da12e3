//! Secants of operators: how their results change from each row of a batch to the next.
//!
//! A derivative describes an operator at one point; a secant describes its change between two: numbers m with m · (b − a) =
//! f(b) − f(a), for each row a and the next row b. It is the Rescale rule of DeepLIFT (Shrikumar, Greenside and Kundaje,
//! 2017, <https://arxiv.org/abs/1704.02685>) between neighbouring rows. N rows have N − 1 secants.

use tch::{Device, Kind, Tensor};

use super::{Activation, Derivative, Op, Pool};
use crate::ModelError;
use crate::graph::differentiable::{Differentiable, leaf};
use crate::graph::role::Role;
use crate::memory::{channels_last, numbers, numbers_mut};

impl Op {
    /// The result of `compute`, the operator's own call, with its secants with respect to the inputs that are `free`, all of
    /// which have the same number of rows. `record` makes the call at other inputs, to be differentiated.
    pub(in crate::graph) fn with_secants<'a>(
        &self,
        inputs: &[&Tensor],
        free: &[usize],
        compute: &dyn Fn() -> Result<Tensor, ModelError>,
        record: &dyn Fn(Vec<Tensor>) -> Result<Differentiable, ModelError>,
    ) -> Result<(Tensor, Derivative<'a>), ModelError> {
        let input = inputs[free[0]].shallow_clone();
        match (self, self.role()) {
            (Op::Activation(rectifier @ (Activation::Relu | Activation::Hardtanh { .. })), _) => {
                let rectifier = *rectifier;
                let secants =
                    move |upstream: &Tensor| Ok(vec![Some(behind_rectifier(&input, rectifier, upstream)?)]);
                Ok((compute()?, Box::new(secants)))
            }
            (Op::Activation(_), _) => {
                let (result, middle) = (compute()?, middle(inputs, free, record)?);
                let kept = result.shallow_clone();
                let secants = move |upstream: &Tensor| {
                    let sent = middle(upstream)?.swap_remove(0);
                    let Some(sent) = sent else { return Ok(vec![None]) };
                    Ok(vec![Some(quotient(&input, &kept, upstream, &sent)?)])
                };
                Ok((result, Box::new(secants)))
            }
            (Op::Pool(pool @ (Pool::Max { .. } | Pool::AdaptiveMax { .. })), _) => {
                // The operator's own error message is better.
                let (result, places) = match pool.largest(&input) {
                    Ok(found) => found,
                    Err(error) => return compute().and(Err(error.into())),
                };
                let kept = result.shallow_clone();
                let secants = move |upstream: &Tensor| {
                    Ok(vec![Some(behind_maximum(&input, &kept, &places, upstream)?)])
                };
                Ok((result, Box::new(secants)))
            }
            // An affine function's secants equal its derivative at any point.
            (_, Role::Sum | Role::Average | Role::Arrangement) => self.affine(inputs, free, compute, record),
            (_, Role::Weighted | Role::Normalisation) if free == [0] => {
                self.affine(inputs, free, compute, record)
            }
            _ => Ok((compute()?, middle(inputs, free, record)?)),
        }
    }

    fn affine<'a>(
        &self,
        inputs: &[&Tensor],
        free: &[usize],
        compute: &dyn Fn() -> Result<Tensor, ModelError>,
        record: &dyn Fn(Vec<Tensor>) -> Result<Differentiable, ModelError>,
    ) -> Result<(Tensor, Derivative<'a>), ModelError> {
        if let Some(found) = self.with_derivative(inputs, free, compute)? {
            return Ok(found);
        }
        let call = record(leaves(inputs, free)?)?;
        Ok((call.output()?, Box::new(move |upstream: &Tensor| but_the_last(&call, upstream))))
    }
}

/// The derivative at the midpoint of neighbouring rows. For a product it is exactly the secant: Δ(ab) = ā Δb + b̄ Δa. For a
/// smooth function it is a secant up to an error of third order in the distance.
fn middle<'a>(
    inputs: &[&Tensor],
    free: &[usize],
    record: &dyn Fn(Vec<Tensor>) -> Result<Differentiable, ModelError>,
) -> Result<Derivative<'a>, ModelError> {
    let halfway = |(place, input): (usize, &&Tensor)| match free.contains(&place) {
        // A last row without a meaning, so that the call has the shapes that it expects.
        true => Ok(Tensor::f_cat(&[middles(input)?, last(input)?], 0)?),
        false => Ok(input.shallow_clone()),
    };
    let inputs = inputs.iter().enumerate().map(halfway).collect::<Result<Vec<_>, ModelError>>()?;
    let call = record(leaves(&inputs.iter().collect::<Vec<_>>(), free)?)?;
    Ok(Box::new(move |upstream: &Tensor| but_the_last(&call, upstream)))
}

/// What a call sends back, for all rows but the last.
fn but_the_last(call: &Differentiable, upstream: &Tensor) -> Result<Vec<Option<Tensor>>, ModelError> {
    let nothing = last(upstream)?.f_zeros_like()?;
    let sent = tch::with_grad(|| call.pull_back(&Tensor::f_cat(&[upstream, &nothing], 0)?))?;
    let all_but_one = |sent: Option<Tensor>| sent.map(|sent| first_rows(&sent)).transpose();
    sent.into_iter().map(all_but_one).collect()
}

/// The inputs; those that are free become leaves of an autograd record.
pub(in crate::graph) fn leaves(inputs: &[&Tensor], free: &[usize]) -> Result<Vec<Tensor>, ModelError> {
    let given = inputs.iter().enumerate().map(|(place, input)| match free.contains(&place) {
        true => leaf(input),
        false => Ok(input.f_detach()?),
    });
    given.collect()
}

/// Below this difference, as a share of |a| + |f(a)|, f(b) − f(a) is mostly rounding.
fn smallest_difference(kind: Kind) -> f64 {
    if kind == Kind::Double { 1e-6 } else { 1e-3 }
}

/// `upstream` · (f(b) − f(a)) / (b − a) for a function of single numbers that computed `result` from `input`, or `otherwise`
/// where b is too close to a.
fn quotient(
    input: &Tensor,
    result: &Tensor,
    upstream: &Tensor,
    otherwise: &Tensor,
) -> Result<Tensor, ModelError> {
    let (way, rise) = (differences(input)?, differences(result)?);
    let least = first_rows(input)?.f_abs()?.f_add(&first_rows(result)?.f_abs()?)?;
    let least = least.f_mul_scalar(smallest_difference(input.kind()))?;
    let near = way.f_abs()?.f_le_tensor(&least)?;
    Ok(otherwise.f_where_self(&near, &upstream.f_mul(&rise)?.f_div(&way)?)?)
}

/// `upstream` sent back through ReLU or hardtanh, with the secants between neighbouring rows of its `input`.
pub(in crate::graph) fn behind_rectifier(
    input: &Tensor,
    rectifier: Activation,
    upstream: &Tensor,
) -> Result<Tensor, ModelError> {
    let (min, max) = match rectifier {
        Activation::Hardtanh { min, max } => (min, max),
        _ => (0.0, f64::INFINITY),
    };
    let plain = |tensor: &Tensor| tensor.kind() == Kind::Float && tensor.device() == Device::Cpu;
    if plain(input) && plain(upstream) {
        return clamped(input, (min as f32, max as f32), upstream);
    }
    let (way, rise) = (differences(input)?, differences(&input.f_clamp(min, max)?)?);
    let start = first_rows(input)?;
    let inside = start.f_gt(min)?.f_logical_and(&start.f_lt(max)?)?;
    let slope = inside.f_to_kind(way.kind())?.f_where_self(&way.f_eq(0.0)?, &rise.f_div(&way)?)?;
    Ok(upstream.f_mul(&slope)?)
}

/// The same in one pass over the memory.
fn clamped(input: &Tensor, (min, max): (f32, f32), upstream: &Tensor) -> Result<Tensor, ModelError> {
    let pictures = input.dim() == 4;
    let flat = |tensor: &Tensor| if pictures { channels_last(tensor) } else { Ok(tensor.f_contiguous()?) };
    let (input, upstream) = (flat(input)?, flat(upstream)?);
    let mut sent = upstream.f_empty_like()?;
    let row = numbers(&upstream).len() / (upstream.size()[0].max(1) as usize);
    let (from, to) = (numbers(&input), &numbers(&input)[row..]);
    #[expect(unsafe_code, reason = "libtorch gives only the address of its memory")]
    // SAFETY: it was just made, so nothing else refers to it.
    let numbers = from.iter().zip(to).zip(numbers(&upstream)).zip(unsafe { numbers_mut(&mut sent) });
    // NaN stays NaN, and a range from a file may be empty, so `f32::clamp` cannot be used.
    let clamped = |number: f32| match number {
        below if below < min => min,
        above if above > max => max,
        number => number,
    };
    for (((&from, &to), &upstream), sent) in numbers {
        let (way, rise) = (to - from, clamped(to) - clamped(from));
        let inside = if from > min && from < max { 1.0 } else { 0.0 };
        *sent = upstream * if way == 0.0 { inside } else { rise / way };
    }
    Ok(if pictures { sent.f_permute([0, 3, 1, 2])? } else { sent })
}

/// `upstream` sent back through a max pooling, whose largest numbers are at `places` of their planes. If the maximum moves
/// from one place to another between two rows, each place receives its share of the way: if the first leads by u at the
/// beginning and the second by v at the end, and both change linearly, they are equal at the fraction u / (u + v) of the
/// way.
fn behind_maximum(
    input: &Tensor,
    result: &Tensor,
    places: &Tensor,
    upstream: &Tensor,
) -> Result<Tensor, ModelError> {
    // Planes in the second dimension, as they are stored if channels are innermost.
    let flat = |tensor: &Tensor| tensor.f_permute([0, 2, 3, 1])?.f_flatten(1, 2);
    let (numbers, places, largest) = (flat(input)?, flat(places)?, flat(result)?);
    let (before, after) = (first_rows(&places)?, other_rows(&places)?);
    let ahead_before = first_rows(&largest)?.f_sub(&first_rows(&numbers)?.f_gather(1, &after, false)?)?;
    let ahead_after = other_rows(&largest)?.f_sub(&other_rows(&numbers)?.f_gather(1, &before, false)?)?;
    let way = ahead_before.f_add(&ahead_after)?;
    let share = ahead_before.f_div(&way)?.f_masked_fill(&way.f_eq(0.0)?, 0.5)?;
    let upstream = flat(upstream)?;
    let to_first = upstream.f_mul(&share)?;
    let mut sent = first_rows(&numbers)?.f_zeros_like()?;
    let _ = sent.f_scatter_add_(1, &before, &to_first)?;
    let _ = sent.f_scatter_add_(1, &after, &upstream.f_sub(&to_first)?)?;
    let [height, width] = [input.size()[2], input.size()[3]];
    Ok(sent.f_unflatten(1, [height, width])?.f_permute([0, 3, 1, 2])?)
}

/// All rows but the last.
fn first_rows(tensor: &Tensor) -> Result<Tensor, ModelError> {
    Ok(tensor.f_narrow(0, 0, (tensor.size()[0] - 1).max(0))?)
}

/// All rows but the first.
fn other_rows(tensor: &Tensor) -> Result<Tensor, ModelError> {
    Ok(tensor.f_narrow(0, 1, (tensor.size()[0] - 1).max(0))?)
}

fn last(tensor: &Tensor) -> Result<Tensor, ModelError> {
    Ok(tensor.f_narrow(0, tensor.size()[0] - 1, 1)?)
}

/// The difference of each row to the next.
fn differences(tensor: &Tensor) -> Result<Tensor, ModelError> {
    Ok(other_rows(tensor)?.f_sub(&first_rows(tensor)?)?)
}

/// Midway between neighbours.
fn middles(tensor: &Tensor) -> Result<Tensor, ModelError> {
    Ok(first_rows(tensor)?.f_lerp(&other_rows(tensor)?, 0.5)?)
}
