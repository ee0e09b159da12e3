//! The same numbers in another shape, order or kind.

use super::{Results, of};
use crate::graph::{Layout, Size};
use crate::import::call::Call;

pub(super) fn read(call: &mut Call) -> Result<Option<Results>, String> {
    let op = match call.operator {
        "view" | "_unsafe_view" => Layout::View { shape: call.sizes("size")? },
        "reshape" => Layout::Reshape { shape: call.sizes("shape")? },
        "view_as" | "reshape_as" => {
            let like = call.tensor("other")?;
            Layout::Reshape { shape: call.shape(like)?.to_vec() }
        }
        "flatten.using_ints" => Layout::Flatten {
            start: call.maybe_int("start_dim")?.unwrap_or(0),
            end: call.maybe_int("end_dim")?.unwrap_or(-1),
        },
        "unflatten.int" => Layout::Unflatten { dim: call.int("dim")?, sizes: call.sizes("sizes")? },
        "permute" => Layout::Permute { dims: call.ints("dims")? },
        "transpose.int" => Layout::Transpose { dims: [call.int("dim0")?, call.int("dim1")?] },
        "swapaxes" => Layout::Transpose { dims: [call.int("axis0")?, call.int("axis1")?] },
        "swapdims" => Layout::Transpose { dims: [call.int("dim0")?, call.int("dim1")?] },
        "t" | "numpy_T" | "mT" => return transposed(call),
        "movedim.int" => return moved(call),
        "unsqueeze" => Layout::Unsqueeze { dim: call.int("dim")? },
        "squeeze" => Layout::Squeeze { dims: None },
        "squeeze.dim" => Layout::Squeeze { dims: Some(vec![call.int("dim")?]) },
        "squeeze.dims" => Layout::Squeeze { dims: Some(call.ints("dim")?) },
        "expand" => {
            // It only records whether the expansion was written by the user or added implicitly.
            call.pass_over(&["implicit"]);
            Layout::Expand { shape: call.sizes("size")? }
        }
        "expand_as" => {
            let like = call.tensor("other")?;
            Layout::Expand { shape: call.shape(like)?.to_vec() }
        }
        "repeat" => Layout::Repeat { counts: call.sizes("repeats")? },
        "roll" => {
            Layout::Roll { shifts: call.ints("shifts")?, dims: call.maybe_ints("dims")?.unwrap_or_default() }
        }
        "flip" => Layout::Flip { dims: call.ints("dims")? },
        "pad" | "constant_pad_nd" => Layout::Pad {
            amounts: call.ints("pad")?,
            mode: call.text("mode", "constant")?,
            value: call.maybe_float("value")?,
        },
        "contiguous" => {
            call.pass_over(&["memory_format"]);
            Layout::Contiguous
        }
        "clone" | "lift_fresh_copy" | "alias" | "lift_fresh" => {
            call.pass_over(&["memory_format"]);
            Layout::Identity
        }
        "copy" => {
            let into = call.input()?;
            // The time of the copy does not change its content.
            call.pass_over(&["non_blocking"]);
            let source = call.tensor("src")?;
            let kind = call.kind(into)?;
            let source = call.converted(source, kind)?;
            let op = Layout::Expand { shape: call.shape(into)?.to_vec() };
            return of(op, [source]);
        }
        "detach" => Layout::Detach,
        "to.dtype" | "to.dtype_layout" | "to.other" | "_to_copy" | "to.device" | "type_as" => {
            return to(call);
        }
        "as_strided" => return strided(call),
        "pixel_shuffle" => Layout::PixelShuffle { factor: call.int("upscale_factor")? },
        "pixel_unshuffle" => Layout::PixelUnshuffle { factor: call.int("downscale_factor")? },
        "upsample_bilinear2d.vec" | "upsample_nearest2d.vec" => return upsample(call),
        _ => return Ok(None),
    };
    of(op, [call.input()?])
}

/// Exchanges the last two dimensions, if there are two.
fn transposed(call: &mut Call) -> Result<Option<Results>, String> {
    let input = call.input()?;
    match call.dims(input)? {
        0 | 1 => of(Layout::Identity, [input]),
        2 => of(Layout::Transpose { dims: [0, 1] }, [input]),
        _ if call.operator == "mT" => of(Layout::Transpose { dims: [-2, -1] }, [input]),
        _ => Err("it is supported for matrices only".to_owned()),
    }
}

/// `as_strided` with the shape and strides that the tensor already has, which decompositions of poolings produce. Other
/// strides are refused, because which numbers they select depends on the memory layout.
fn strided(call: &mut Call) -> Result<Option<Results>, String> {
    let own = call.strides("self");
    let input = call.input()?;
    let (sizes, strides) = (call.sizes("size")?, call.sizes("stride")?);
    let offset = call.maybe_int("storage_offset")?.unwrap_or(0);
    let same = |(size, (asked, own)): (&Size, (&Size, &Size))| size.fixed() == Some(1) || asked == own;
    let as_it_lies = own.is_some_and(|own| {
        own.len() == strides.len() && sizes.iter().zip(strides.iter().zip(&own)).all(same)
    });
    match as_it_lies && offset == 0 && sizes == call.shape(input)? {
        true => of(Layout::Identity, [input]),
        false => Err("it addresses numbers by their position in memory".to_owned()),
    }
}

/// Moves one dimension to another position.
fn moved(call: &mut Call) -> Result<Option<Results>, String> {
    let input = call.input()?;
    let count = call.dims(input)? as i64;
    let [from, to] =
        [call.int("source")?, call.int("destination")?].map(|dim| if dim < 0 { dim + count } else { dim });
    if !(0..count).contains(&from) || !(0..count).contains(&to) {
        return Err(format!("it moves a dimension that does not exist in a tensor with {count} dimensions"));
    }
    let mut dims: Vec<i64> = (0..count).filter(|dim| *dim != from).collect();
    dims.insert(to as usize, from);
    of(Layout::Permute { dims }, [input])
}

/// Converts to another kind of numbers. The run decides about the device and the memory layout; whether the result is a copy
/// matters only to in-place operators, and these are not accepted on the result of a conversion.
fn to(call: &mut Call) -> Result<Option<Results>, String> {
    call.pass_over(&["layout", "device", "pin_memory", "non_blocking", "copy", "memory_format"]);
    let input = call.input()?;
    let kind = match (call.maybe_tensor("other")?, call.maybe_kind("dtype")?) {
        (Some(other), None) => Some(call.kind(other)?),
        (_, kind) => kind,
    };
    of(kind.map_or(Layout::Identity, |kind| Layout::To { kind }), [input])
}

fn upsample(call: &mut Call) -> Result<Option<Results>, String> {
    let input = call.input()?;
    let output: Result<[Size; 2], _> = if call.has("output_size") {
        call.sizes("output_size")?.try_into()
    } else {
        return Err("a scale factor is not supported; give the size".to_owned());
    };
    let output = output.map_err(|_| "its output has no height and width".to_owned())?;
    match call.operator {
        "upsample_bilinear2d.vec" => of(
            Layout::UpsampleBilinear { output, align_corners: call.flag("align_corners", false)? },
            [input],
        ),
        _ => of(Layout::UpsampleNearest { output }, [input]),
    }
}
