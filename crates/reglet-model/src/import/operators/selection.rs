//! Some of a tensor's numbers, and several tensors made one.

use super::{Operator, of};
use crate::graph::{Selection, Size};
use crate::import::call::Call;

/// Parts of the longest list of them; an archive cannot make us fill the memory.
const MOST_PARTS: i64 = 1 << 16;

pub(super) fn read(call: &mut Call) -> Result<Option<Operator>, String> {
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
        "chunk" => Selection::Chunk { chunks: call.int("chunks")?, dim: dim(call)? },
        "split.Tensor" => {
            let [size, dim] = [call.int("split_size")?, dim(call)?];
            let input = call.input()?;
            return of(Selection::Split { sizes: parts(call, input, size, dim)?, dim }, [input]);
        }
        "split_with_sizes" => Selection::Split { sizes: call.ints("split_sizes")?, dim: dim(call)? },
        "split.sizes" => Selection::Split { sizes: call.ints("split_size")?, dim: dim(call)? },
        "unbind.int" => Selection::Unbind { dim: dim(call)? },
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

/// The sizes of parts of `size` each, the last of which may be smaller.
fn parts(call: &Call, input: usize, size: i64, dim: i64) -> Result<Vec<i64>, String> {
    let shape = call.shape(input)?;
    let place = if dim < 0 { dim + shape.len() as i64 } else { dim };
    let whole = usize::try_from(place).ok().and_then(|place| shape.get(place)).and_then(Size::fixed);
    let whole = whole.ok_or("it takes apart a dimension that is left open")?;
    if size < 1 || whole / size > MOST_PARTS {
        return Err(format!("it takes {whole} apart by {size}"));
    }
    Ok((0..whole).step_by(size as usize).map(|start| size.min(whole - start)).collect())
}
