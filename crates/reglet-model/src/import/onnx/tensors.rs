//! The numbers of constant tensors.

use bytes::Bytes;
use tch::{Kind, Tensor};

use super::file::Source;
use super::proto;
use crate::import::tensors::in_graph;

/// Where `data_location` says that a tensor lies in another file.
const EXTERNAL: i32 = 1;

/// The kind that the format's number stands for, if it is one of those that libtorch has.
pub(super) fn kind(number: i32) -> Result<Kind, String> {
    Ok(match number {
        1 => Kind::Float,
        2 => Kind::Uint8,
        3 => Kind::Int8,
        5 => Kind::Int16,
        6 => Kind::Int,
        // Unsigned numbers of 16 to 64 bits, which hold counts.
        4 | 7 | 12 | 13 => Kind::Int64,
        9 => Kind::Bool,
        10 => Kind::Half,
        11 => Kind::Double,
        16 => Kind::BFloat16,
        8 => return Err("text is no tensor of numbers".to_owned()),
        17..=24 => return Err(format!("numbers of 4 or 8 bits (kind {number}) are not supported")),
        other => return Err(format!("there is no kind {other} of numbers")),
    })
}

/// The tensor, in the kind in which a graph computes.
pub(super) fn tensor(proto: &proto::Tensor, source: &mut Source) -> Result<Tensor, String> {
    let kind = kind(proto.data_type)?;
    if proto.segment.is_some() {
        return Err("it is in segments, which are not supported".to_owned());
    }
    let count = proto.dims.iter().try_fold(1_i64, |count, size| {
        count.checked_mul(*size).filter(|count| *size >= 0 && *count <= 1 << 40)
    });
    let count = count.ok_or_else(|| format!("its shape {:?} is none", proto.dims))? as usize;
    let stored = stored_width(proto.data_type);
    let bytes = count.checked_mul(stored).ok_or_else(|| format!("its shape {:?} is none", proto.dims))?;
    let fail = |error: tch::TchError| error.to_string();
    let raw = match (proto.data_location, &proto.raw_data) {
        (EXTERNAL, _) => Some(source.external(&proto.external_data, bytes)?),
        (_, Some(raw)) => Some(raw.clone()),
        (_, None) => None,
    };
    let tensor = match raw {
        Some(raw) if raw.len() != bytes => {
            return Err(format!("its shape {:?} takes {bytes} bytes, and it has {}", proto.dims, raw.len()));
        }
        Some(raw) => of_bytes(&raw, proto.data_type, kind, count as i64)?,
        None => of_numbers(proto, kind, count)?,
    };
    tensor.f_view(proto.dims.as_slice()).and_then(|tensor| tensor.f_to_kind(in_graph(kind))).map_err(fail)
}

/// Bytes of one raw number.
fn stored_width(data_type: i32) -> usize {
    match data_type {
        2 | 3 | 9 => 1,
        4 | 5 | 10 | 16 => 2,
        1 | 6 | 12 => 4,
        _ => 8,
    }
}

fn of_bytes(raw: &Bytes, data_type: i32, kind: Kind, count: i64) -> Result<Tensor, String> {
    let fail = |error: tch::TchError| error.to_string();
    match data_type {
        4 => {
            let (numbers, _) = raw.as_chunks::<2>();
            of_integers(numbers.iter().map(|bytes| i64::from(u16::from_le_bytes(*bytes))))
        }
        12 => {
            let (numbers, _) = raw.as_chunks::<4>();
            of_integers(numbers.iter().map(|bytes| i64::from(u32::from_le_bytes(*bytes))))
        }
        13 => {
            let (numbers, _) = raw.as_chunks::<8>();
            of_integers(
                numbers.iter().map(|bytes| i64::try_from(u64::from_le_bytes(*bytes)).unwrap_or(i64::MAX)),
            )
        }
        // A byte that is neither 0 nor 1 must not become a C++ bool.
        9 => Tensor::f_from_data_size(raw, &[count], Kind::Uint8)
            .and_then(|tensor| tensor.f_to_kind(Kind::Bool))
            .map_err(fail),
        _ => Tensor::f_from_data_size(raw, &[count], kind).map_err(fail),
    }
}

fn of_integers(numbers: impl Iterator<Item = i64>) -> Result<Tensor, String> {
    Tensor::f_from_slice(&numbers.collect::<Vec<i64>>()).map_err(|error| error.to_string())
}

/// Numbers in a field of their own kind. A field that repeats nothing may be left out.
fn of_numbers(proto: &proto::Tensor, kind: Kind, count: usize) -> Result<Tensor, String> {
    let fail = |error: tch::TchError| error.to_string();
    let fits = |found: usize| match found == count {
        true => Ok(()),
        false => Err(format!("its shape {:?} takes {count} numbers, and it has {found}", proto.dims)),
    };
    match proto.data_type {
        1 => {
            fits(proto.float_data.len())?;
            Tensor::f_from_slice(&proto.float_data).map_err(fail)
        }
        11 => {
            fits(proto.double_data.len())?;
            Tensor::f_from_slice(&proto.double_data).map_err(fail)
        }
        7 => {
            fits(proto.int64_data.len())?;
            Tensor::f_from_slice(&proto.int64_data).map_err(fail)
        }
        12 | 13 => {
            fits(proto.uint64_data.len())?;
            of_integers(proto.uint64_data.iter().map(|number| i64::try_from(*number).unwrap_or(i64::MAX)))
        }
        // The bits of each are those of one integer.
        10 | 16 => {
            fits(proto.int32_data.len())?;
            let bytes: Vec<u8> =
                proto.int32_data.iter().flat_map(|bits| (*bits as u16).to_le_bytes()).collect();
            Tensor::f_from_data_size(&bytes, &[count as i64], kind).map_err(fail)
        }
        _ => {
            fits(proto.int32_data.len())?;
            Tensor::f_from_slice(&proto.int32_data).and_then(|numbers| numbers.f_to_kind(kind)).map_err(fail)
        }
    }
}
