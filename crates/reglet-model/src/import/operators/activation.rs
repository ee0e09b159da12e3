//! Elementwise functions.

use tch::Kind;

use super::{Results, of};
use crate::graph::Activation;
use crate::import::call::Call;

pub(super) fn read(call: &mut Call) -> Result<Option<Results>, String> {
    let op = match call.operator {
        "relu" => Activation::Relu,
        "relu6" => Activation::Hardtanh { min: 0.0, max: 6.0 },
        "leaky_relu" => Activation::LeakyRelu { slope: call.float("negative_slope", 0.01)? },
        // In evaluation its slope is the mean of the slopes that it draws in training.
        "rrelu" => {
            let (lower, upper) = (call.float("lower", 1.0 / 8.0)?, call.float("upper", 1.0 / 3.0)?);
            if call.flag("training", false)? {
                return Err(
                    "it draws random slopes, as in training; call `model.eval()` before exporting".to_owned()
                );
            }
            Activation::LeakyRelu { slope: (lower + upper) / 2.0 }
        }
        "gelu" => Activation::Gelu { tanh: call.text("approximate", "none")? == "tanh" },
        "silu" => Activation::Silu,
        "mish" => Activation::Mish,
        "sigmoid" => Activation::Sigmoid,
        "tanh" => Activation::Tanh,
        "hardtanh" => {
            Activation::Hardtanh { min: call.float("min_val", -1.0)?, max: call.float("max_val", 1.0)? }
        }
        "hardswish" => Activation::Hardswish,
        "hardsigmoid" => Activation::Hardsigmoid,
        "elu" => {
            only(call, &[("alpha", 1.0), ("scale", 1.0), ("input_scale", 1.0)])?;
            Activation::Elu
        }
        "selu" => Activation::Selu,
        "softplus" => {
            only(call, &[("beta", 1.0), ("threshold", 20.0)])?;
            Activation::Softplus
        }
        "log_sigmoid" => Activation::LogSigmoid,
        "exp" => Activation::Exp,
        "log" => Activation::Log,
        "sqrt" => Activation::Sqrt,
        "rsqrt" => Activation::Rsqrt,
        "reciprocal" => Activation::Reciprocal,
        "square" => Activation::Square,
        "abs" => Activation::Abs,
        "neg" => Activation::Neg,
        "erf" => Activation::Erf,
        "sin" => Activation::Sin,
        "cos" => Activation::Cos,
        "floor" => Activation::Floor,
        "logical_not" => Activation::LogicalNot,
        "bitwise_not" => {
            let input = call.input()?;
            return match call.kind(input)? {
                Kind::Bool => of(Activation::LogicalNot, [input]),
                _ => Err("it is supported for Boolean values only".to_owned()),
            };
        }
        _ => return Ok(None),
    };
    of(op, [call.input()?])
}

/// Returns an error unless the operator has the constants that are supported.
fn only(call: &mut Call, constants: &[(&str, f64)]) -> Result<(), String> {
    for (name, constant) in constants {
        if call.float(name, *constant)? != *constant {
            return Err(format!("its argument '{name}' is supported only with the value {constant}"));
        }
    }
    Ok(())
}
