//! Some of a tensor's numbers, and several tensors made one.

use super::{Operator, Results, of};
use crate::graph::{Selection, Size};
use crate::import::call::Call;

/// The largest number of parts. The limit keeps an archive from filling the memory.
const MOST_PARTS: i64 = 1 << 16;

pub(super) fn read(call: &mut Call) -> Result<Option<Results>, String> {
    let dim = |call: &mut Call| Ok::<_, String>(call.maybe_int("dim")?.unwrap_or(0));
    let op = match call.operator {
        "select.int" => Selection::Select { dim: call.int("dim")?, index: call.int("index")? },
        "slice.Tensor" => Selection::Slice {
            dim: dim(call)?,
            start: call.maybe_size("start")?,
            end: call.maybe_size("end")?,
            step: call.maybe_int("step")?.unwrap_or(1),
        },
        "narrow" => {
            let [start, length] = [call.int("start")?, call.int("length")?];
            let [start, end] = [start, start.saturating_add(length)].map(Size::Fixed);
            Selection::Slice { dim: call.int("dim")?, start: Some(start), end: Some(end), step: 1 }
        }
        "index.Tensor" => {
            let mut inputs = vec![call.input()?];
            let indices = call.tensor_list("indices")?;
            let given = indices.iter().map(Option::is_some).collect();
            inputs.extend(indices.into_iter().flatten());
            return of(Selection::Index { given }, inputs);
        }
        "chunk" => {
            let [chunks, dim] = [call.int("chunks")?, dim(call)?];
            let input = call.input()?;
            let whole = extent(call, input, dim)?;
            return parts(input, dim, equal(whole, (whole - 1) / chunks.max(1) + 1)?);
        }
        "split.Tensor" => {
            let [size, dim] = [call.int("split_size")?, dim(call)?];
            let input = call.input()?;
            return parts(input, dim, equal(extent(call, input, dim)?, size)?);
        }
        "split_with_sizes" | "split.sizes" => {
            let name = if call.has("split_sizes") { "split_sizes" } else { "split_size" };
            let (sizes, dim) = (call.ints(name)?, dim(call)?);
            return parts(call.input()?, dim, sizes);
        }
        "unbind.int" => {
            let dim = dim(call)?;
            let input = call.input()?;
            let count = equal(extent(call, input, dim)?, 1)?.len() as i64;
            let select =
                |index| Operator { op: Selection::Select { dim, index }.into(), inputs: vec![input] };
            return Ok(Some((0..count).map(select).collect()));
        }
        "cat" | "concat" => {
            let op = Selection::Cat { dim: dim(call)? };
            return of(op, call.tensor_list("tensors")?.into_iter().flatten());
        }
        "stack" => {
            let op = Selection::Stack { dim: dim(call)? };
            return of(op, call.tensor_list("tensors")?.into_iter().flatten());
        }
        _ => return Ok(None),
    };
    of(op, [call.input()?])
}

/// One slice for each of the parts, with these sizes, into which a dimension is split.
fn parts(input: usize, dim: i64, sizes: Vec<i64>) -> Result<Option<Results>, String> {
    let mut start = 0_i64;
    let mut slice = |size: i64| {
        let end = start.saturating_add(size);
        let [first, after] = [start, end].map(|place| Some(Size::Fixed(place)));
        start = end;
        let op = Selection::Slice { dim, start: first, end: after, step: 1 };
        Operator { op: op.into(), inputs: vec![input] }
    };
    Ok(Some(sizes.into_iter().map(&mut slice).collect()))
}

/// The sizes of the parts if `whole` is split into parts of `size`; the last may be smaller.
fn equal(whole: i64, size: i64) -> Result<Vec<i64>, String> {
    if size < 1 || whole / size > MOST_PARTS {
        return Err(format!("it splits {whole} into parts of {size}"));
    }
    Ok((0..whole).step_by(size as usize).map(|start| size.min(whole - start)).collect())
}

/// The size of a dimension.
fn extent(call: &Call, input: usize, dim: i64) -> Result<i64, String> {
    let shape = call.shape(input)?;
    let place = if dim < 0 { dim.saturating_add(shape.len() as i64) } else { dim };
    let size = usize::try_from(place).ok().and_then(|place| shape.get(place)).and_then(Size::fixed);
    size.ok_or_else(|| "it splits a dimension whose size is left open".to_owned())
}
