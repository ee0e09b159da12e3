//! The layers that these networks consist of, with the names that PyTorch's modules give their parameters.

use crate::graph::{Graph, Op, ValueId};

/// The geometry of a convolution. Only the kernel, stride and groups vary in these networks; the padding is always the one
/// that preserves the size at stride 1.
#[derive(Clone, Copy)]
pub(super) struct Convolution {
    pub channels: [i64; 2],
    pub kernel: i64,
    pub stride: i64,
    pub groups: i64,
}

impl Graph {
    /// A convolution without bias, called as the module `path`.
    pub(super) fn convolution(&mut self, path: &str, input: ValueId, convolution: Convolution) -> ValueId {
        let padding = (convolution.kernel - 1) / 2;
        self.padded_convolution(path, input, convolution, padding, false)
    }

    /// A convolution with bias, called as the module `path`.
    pub(super) fn biased_convolution(
        &mut self,
        path: &str,
        input: ValueId,
        convolution: Convolution,
    ) -> ValueId {
        let padding = (convolution.kernel - 1) / 2;
        self.padded_convolution(path, input, convolution, padding, true)
    }

    /// A convolution with bias that cuts its input into squares of `side`, called as the module `path`.
    pub(super) fn patches(&mut self, path: &str, input: ValueId, channels: [i64; 2], side: i64) -> ValueId {
        let convolution = Convolution { channels, kernel: side, stride: side, groups: 1 };
        self.padded_convolution(path, input, convolution, 0, true)
    }

    fn padded_convolution(
        &mut self,
        path: &str,
        input: ValueId,
        convolution: Convolution,
        padding: i64,
        biased: bool,
    ) -> ValueId {
        let Convolution { channels: [from, to], kernel, stride, groups } = convolution;
        let weight = self.parameter(format!("{path}.weight"), &[to, from / groups, kernel, kernel], true);
        let mut inputs = vec![input, weight];
        if biased {
            inputs.push(self.parameter(format!("{path}.bias"), &[to], true));
        }
        let op = Op::Conv2d { stride: [stride; 2], padding: [padding; 2], dilation: [1, 1], groups };
        self.call(path, op, &inputs)
    }

    /// Batch norm with PyTorch's default constants, called as the module `path`.
    pub(super) fn batch_norm(&mut self, path: &str, input: ValueId, channels: i64) -> ValueId {
        let [weight, bias] = self.weight_and_bias(path, &[channels]);
        let mean = self.parameter(format!("{path}.running_mean"), &[channels], false);
        let variance = self.parameter(format!("{path}.running_var"), &[channels], false);
        let op = Op::BatchNorm { eps: 1e-5, momentum: 0.1 };
        self.call(path, op, &[input, weight, bias, mean, variance])
    }

    /// Layer norm over the last dimension, called as the module `path`.
    pub(super) fn layer_norm(&mut self, path: &str, input: ValueId, channels: i64, eps: f64) -> ValueId {
        let [weight, bias] = self.weight_and_bias(path, &[channels]);
        self.call(path, layer_norm(channels, eps), &[input, weight, bias])
    }

    /// A fully connected layer with bias, called as the module `path`.
    pub(super) fn linear(&mut self, path: &str, input: ValueId, [from, to]: [i64; 2]) -> ValueId {
        let [weight, bias] = self.weight_and_bias(path, &[to, from]);
        self.call(path, Op::Linear, &[input, weight, bias])
    }

    /// A fully connected layer without bias, called as the module `path`.
    pub(super) fn plain_linear(&mut self, path: &str, input: ValueId, [from, to]: [i64; 2]) -> ValueId {
        let weight = self.parameter(format!("{path}.weight"), &[to, from], true);
        self.call(path, Op::Linear, &[input, weight])
    }

    /// A weight and, along its first dimension, a bias.
    pub(super) fn weight_and_bias(&mut self, path: &str, shape: &[i64]) -> [ValueId; 2] {
        let weight = self.parameter(format!("{path}.weight"), shape, true);
        [weight, self.parameter(format!("{path}.bias"), &shape[..1], true)]
    }
}

/// The constant that torchvision's transformers and ConvNeXts add to variances.
pub(super) const EPS: f64 = 1e-6;

/// Layer norm over the last dimension.
pub(super) fn layer_norm(channels: i64, eps: f64) -> Op {
    Op::LayerNorm { shape: vec![channels], eps }
}

/// A number of channels multiplied by a network's width, at least one.
pub(super) fn scaled(channels: i64, width: f64) -> i64 {
    ((channels as f64 * width).round() as i64).max(1)
}

/// The nearest multiple of eight that is not more than a tenth below `channels`, as in the reference
/// implementation that the published weights of mobile networks come from.
pub(super) fn round_channels(channels: f64) -> i64 {
    let rounded = (((channels + 4.0) / 8.0) as i64 * 8).max(8);
    if (rounded as f64) < 0.9 * channels { rounded + 8 } else { rounded }
}
