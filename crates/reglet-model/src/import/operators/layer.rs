//! Layers with weights, pooling, products and dropout.

use super::{Results, of};
use crate::graph::{Op, Pool, Product, Size};
use crate::import::call::Call;

pub(super) fn read(call: &mut Call) -> Result<Option<Results>, String> {
    match call.operator {
        "conv2d" | "conv2d.padding" | "convolution" => convolution(call),
        "linear" => of(Op::Linear, call.tensors_while_given(&["input", "weight", "bias"])?),
        "batch_norm" | "_native_batch_norm_legit_no_training" | "native_batch_norm" => batch_norm(call),
        "layer_norm" | "native_layer_norm" => {
            call.pass_over(&["cudnn_enable"]);
            let op = Op::LayerNorm { shape: call.ints("normalized_shape")?, eps: call.float("eps", 1e-5)? };
            of(op, call.tensors_while_given(&["input", "weight", "bias"])?)
        }
        "group_norm" => {
            call.pass_over(&["cudnn_enabled"]);
            let op = Op::GroupNorm { groups: call.int("num_groups")?, eps: call.float("eps", 1e-5)? };
            of(op, call.tensors_while_given(&["input", "weight", "bias"])?)
        }
        "dropout" | "feature_dropout" | "native_dropout" => {
            let p = call.float("p", 0.5)?;
            // Without a dropout probability nothing is dropped.
            if call.flag("train", false)? && p != 0.0 {
                return Err(format!(
                    "it drops a share of {p} of its input, as in training; call `model.eval()` before exporting, and write `F.dropout(x, p, training=self.training)` if the function is called without its last argument"
                ));
            }
            of(Op::Dropout { p }, [call.input()?])
        }
        "max_pool2d" | "max_pool2d_with_indices" => {
            let kernel = call.pair("kernel_size", [1, 1])?;
            let op = Pool::Max {
                kernel,
                stride: call.pair("stride", kernel)?,
                padding: call.pair("padding", [0, 0])?,
                dilation: call.pair("dilation", [1, 1])?,
                ceil: call.flag("ceil_mode", false)?,
            };
            of(op, [call.input()?])
        }
        "avg_pool2d" => {
            let kernel = call.pair("kernel_size", [1, 1])?;
            let op = Pool::Average {
                kernel,
                stride: call.pair("stride", kernel)?,
                padding: call.pair("padding", [0, 0])?,
                ceil: call.flag("ceil_mode", false)?,
                count_padding: call.flag("count_include_pad", true)?,
                divisor: call.maybe_int("divisor_override")?,
            };
            of(op, [call.input()?])
        }
        "adaptive_avg_pool2d" | "_adaptive_avg_pool2d" => {
            of(Pool::AdaptiveAverage { output: call.pair("output_size", [1, 1])? }, [call.input()?])
        }
        "adaptive_max_pool2d" => {
            of(Pool::AdaptiveMax { output: call.pair("output_size", [1, 1])? }, [call.input()?])
        }
        "matmul" => of(Product::Matmul, [call.input()?, call.tensor("other")?]),
        "mm" | "bmm" => of(Product::Matmul, [call.input()?, call.tensor("mat2")?]),
        "addmm" => of(Product::AddMatmul, [call.input()?, call.tensor("mat1")?, call.tensor("mat2")?]),
        "einsum" => {
            let equation = call.text("equation", "")?;
            call.pass_over(&["path"]);
            of(Product::Einsum { equation }, call.tensor_list("tensors")?.into_iter().flatten())
        }
        "scaled_dot_product_attention" => {
            if call.float("dropout_p", 0.0)? != 0.0 {
                return Err("its argument dropout_p is above 0, as in training; call `model.eval()` before exporting, and give \
                            `dropout_p=0` while `self.training` is false"
                    .to_owned());
            }
            let op = Product::Attention {
                causal: call.flag("is_causal", false)?,
                scale: call.maybe_float("scale")?,
                grouped: call.flag("enable_gqa", false)?,
            };
            of(op, call.tensors_while_given(&["query", "key", "value", "attn_mask"])?)
        }
        _ => Ok(None),
    }
}

/// The error text for a norm that was not switched to evaluation.
const IN_TRAINING: &str = "it keeps running statistics but uses those of each batch, so it was exported in training mode; call `model.eval()` before exporting";

/// Whether a norm uses its batch's own statistics and keeps running statistics for evaluation.
fn in_training(call: &Call) -> bool {
    let takes = ["training", "use_input_stats"].iter().any(|name| call.is_true(name));
    takes && call.is_tensor("running_mean")
}

/// Returns an error for a layer that behaves differently in evaluation. A norm without running statistics does not: such
/// norms are used to standardise weights and for instance normalisation.
pub(super) fn check_evaluation(call: &Call) -> Result<(), String> {
    if in_training(call) {
        return Err(IN_TRAINING.to_owned());
    }
    let recurrent = matches!(call.operator, "lstm.input" | "gru.input" | "rnn_tanh.input" | "rnn_relu.input");
    if recurrent && call.is_true("train") && !call.is_zero("dropout") {
        return Err("it drops a share of the values between its layers, as in training; call `model.eval()` before exporting"
            .to_owned());
    }
    Ok(())
}

fn convolution(call: &mut Call) -> Result<Option<Results>, String> {
    let inputs = call.tensors_while_given(&["input", "weight", "bias"])?;
    let &[_, weight, ..] = inputs.as_slice() else { return Err("it has no weight".to_owned()) };
    if call.dims(weight)? != 4 {
        return Err("only convolutions in height and width are supported".to_owned());
    }
    if call.flag("transposed", false)?
        || call.maybe_ints("output_padding")?.is_some_and(|p| p.iter().any(|&p| p != 0))
    {
        return Err("transposed convolutions are not supported".to_owned());
    }
    let dilation = call.pair("dilation", [1, 1])?;
    let padding = match call.operator {
        "conv2d.padding" => match call.text("padding", "valid")?.as_str() {
            "valid" => [0, 0],
            "same" => same_padding(call.shape(weight)?, dilation)?,
            other => return Err(format!("there is no padding '{other}'")),
        },
        _ => call.pair("padding", [0, 0])?,
    };
    let op = Op::Conv2d {
        stride: call.pair("stride", [1, 1])?,
        padding,
        dilation,
        groups: call.maybe_int("groups")?.unwrap_or(1),
    };
    of(op, inputs)
}

/// The padding on each side that preserves the size at stride one.
fn same_padding(weight: &[Size], dilation: [i64; 2]) -> Result<[i64; 2], String> {
    let mut padding = [0; 2];
    for ((padding, kernel), dilation) in padding.iter_mut().zip(&weight[2..]).zip(dilation) {
        let total = kernel.fixed().map(|kernel| dilation.saturating_mul(kernel - 1)).unwrap_or(1);
        if total % 2 != 0 {
            return Err("padding 'same' of an even kernel is not supported".to_owned());
        }
        *padding = total / 2;
    }
    Ok(padding)
}

fn batch_norm(call: &mut Call) -> Result<Option<Results>, String> {
    check_evaluation(call)?;
    if call.flag("training", false)? {
        return Err("it normalises by the batch's own statistics".to_owned());
    }
    call.pass_over(&["cudnn_enabled"]);
    let op = Op::BatchNorm { eps: call.float("eps", 1e-5)?, momentum: call.float("momentum", 0.1)? };
    let mut inputs = vec![call.input()?];
    inputs.extend(call.tensors_while_given(&["weight", "bias"])?);
    inputs.extend([call.tensor("running_mean")?, call.tensor("running_var")?]);
    if inputs.len() == 4 {
        return Err("a weight without a bias is not supported".to_owned());
    }
    of(op, inputs)
}
