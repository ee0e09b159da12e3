//! Summaries along dimensions, and normalisations along one.

use super::{Results, of};
use crate::graph::Reduction;
use crate::import::call::Call;

pub(super) fn read(call: &mut Call) -> Result<Option<Results>, String> {
    let op = match call.operator {
        "mean" | "mean.dim" => Reduction::Mean { dims: dims(call)?, keep: call.flag("keepdim", false)? },
        "sum" | "sum.dim_IntList" => Reduction::Sum { dims: dims(call)?, keep: call.flag("keepdim", false)? },
        "amax" => Reduction::Max { dims: dims(call)?, keep: call.flag("keepdim", false)? },
        "max.dim" => Reduction::Max { dims: vec![call.int("dim")?], keep: call.flag("keepdim", false)? },
        "var.dim" | "var.correction" => {
            let unbiased = i64::from(call.flag("unbiased", true)?);
            let correction = call.maybe_int("correction")?.unwrap_or(unbiased);
            Reduction::Variance { dims: dims(call)?, correction, keep: call.flag("keepdim", false)? }
        }
        "linalg_vector_norm" | "norm.ScalarOpt_dim" => {
            let order = if call.has("ord") { call.float("ord", 2.0)? } else { call.float("p", 2.0)? };
            if order != 2.0 {
                return Err("only the Euclidean norm is supported".to_owned());
            }
            Reduction::Norm { dims: dims(call)?, keep: call.flag("keepdim", false)? }
        }
        "softmax.int" | "_softmax" => Reduction::Softmax { dim: call.int("dim")? },
        "log_softmax.int" => Reduction::LogSoftmax { dim: call.int("dim")? },
        "cumsum" => Reduction::CumulativeSum { dim: call.int("dim")? },
        _ => return Ok(None),
    };
    // `_softmax` may only widen 16-bit floats, and all floats here have one kind.
    if matches!(op, Reduction::Softmax { .. } | Reduction::LogSoftmax { .. }) {
        call.pass_over(&["half_to_float"]);
    }
    let input = call.input_as_asked()?;
    of(op, [input])
}

fn dims(call: &mut Call) -> Result<Vec<i64>, String> {
    Ok(call.maybe_ints("dim")?.unwrap_or_default())
}
