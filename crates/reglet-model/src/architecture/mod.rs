//! The architectures that are built in, with torchvision's module and parameter names.

mod mobilenet;
mod resnet;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::graph::{Graph, Op, ValueId};
use crate::nearest::nearest;
use crate::{ModelError, Weights};

/// A network that can be built without any file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Architecture {
    /// ResNet-18 (He et al., 2016, <https://arxiv.org/abs/1512.03385>).
    ResNet18,
    /// ResNet-34.
    ResNet34,
    /// ResNet-50, with the stride in the 3×3 convolution as torchvision has it.
    ResNet50,
    /// ResNet-101.
    ResNet101,
    /// ResNet-152.
    ResNet152,
    /// MobileNetV2 (Sandler et al., 2018, <https://arxiv.org/abs/1801.04381>).
    MobileNetV2,
}

impl Architecture {
    /// Every architecture.
    pub const ALL: [Architecture; 6] = [
        Architecture::ResNet18,
        Architecture::ResNet34,
        Architecture::ResNet50,
        Architecture::ResNet101,
        Architecture::ResNet152,
        Architecture::MobileNetV2,
    ];

    /// torchvision's name.
    pub fn name(self) -> &'static str {
        match self {
            Architecture::ResNet18 => "resnet18",
            Architecture::ResNet34 => "resnet34",
            Architecture::ResNet50 => "resnet50",
            Architecture::ResNet101 => "resnet101",
            Architecture::ResNet152 => "resnet152",
            Architecture::MobileNetV2 => "mobilenet_v2",
        }
    }

    /// The network for `classes` logits, its channels multiplied by `width` (1 is the published network).
    ///
    /// # Errors
    /// [`ModelError::Width`] if the width is outside 0.01 to 8.
    pub fn graph(self, classes: i64, width: f64) -> Result<Graph, ModelError> {
        if !(0.01..=8.0).contains(&width) {
            return Err(ModelError::Width { width });
        }
        Ok(match self {
            Architecture::MobileNetV2 => mobilenet::graph(classes, width),
            resnet => resnet::graph(resnet, classes, width),
        })
    }

    /// The layer that Grad-CAM looks at unless told otherwise: the last one with a spatial extent, before
    /// its batch norm, as is usual.
    pub fn grad_cam_layer(self) -> &'static str {
        match self {
            Architecture::ResNet18 => "layer4.1.conv2",
            Architecture::ResNet34 => "layer4.2.conv2",
            Architecture::MobileNetV2 => "features.18.0",
            Architecture::ResNet50 | Architecture::ResNet101 | Architecture::ResNet152 => "layer4.2.conv3",
        }
    }

    /// The parameter whose first dimension is the number of classes.
    pub(crate) fn head(self) -> &'static str {
        match self {
            Architecture::MobileNetV2 => "classifier.1.weight",
            _ => "fc.weight",
        }
    }

    /// How many classes `weights` were trained for, if they are this architecture's at all. Any common
    /// prefix of their names must have been removed.
    pub fn classes_of(self, weights: &Weights) -> Option<i64> {
        weights.get(self.head())?.size().first().copied().filter(|&classes| classes > 0)
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Architecture {
    type Err = ModelError;

    fn from_str(name: &str) -> Result<Self, ModelError> {
        let plain = |name: &str| name.to_lowercase().replace(['_', '-'], "");
        let known = Architecture::ALL.into_iter().find(|known| plain(known.name()) == plain(name));
        known.ok_or_else(|| ModelError::UnknownArchitecture {
            name: name.to_owned(),
            nearest: nearest(name, Architecture::ALL.map(Architecture::name)),
        })
    }
}

impl TryFrom<String> for Architecture {
    type Error = ModelError;

    fn try_from(name: String) -> Result<Self, ModelError> {
        name.parse()
    }
}

impl From<Architecture> for &'static str {
    fn from(architecture: Architecture) -> Self {
        architecture.name()
    }
}

/// The geometry of a convolution, of which only the kernel, stride and groups vary in these networks:
/// the padding is always what keeps the size at stride 1.
#[derive(Clone, Copy)]
struct Convolution {
    channels: [i64; 2],
    kernel: i64,
    stride: i64,
    groups: i64,
}

impl Graph {
    /// A convolution without bias, called as the module `path`.
    fn convolution(&mut self, path: &str, input: ValueId, convolution: Convolution) -> ValueId {
        let Convolution { channels: [from, to], kernel, stride, groups } = convolution;
        let weight = self.parameter(format!("{path}.weight"), &[to, from / groups, kernel, kernel], true);
        let padding = [(kernel - 1) / 2; 2];
        let op = Op::Conv2d { stride: [stride; 2], padding, dilation: [1, 1], groups };
        self.call(path, op, &[input, weight])
    }

    /// Batch norm with PyTorch's default constants, called as the module `path`.
    fn batch_norm(&mut self, path: &str, input: ValueId, channels: i64) -> ValueId {
        let weight = self.parameter(format!("{path}.weight"), &[channels], true);
        let bias = self.parameter(format!("{path}.bias"), &[channels], true);
        let mean = self.parameter(format!("{path}.running_mean"), &[channels], false);
        let variance = self.parameter(format!("{path}.running_var"), &[channels], false);
        let op = Op::BatchNorm { eps: 1e-5, momentum: 0.1 };
        self.call(path, op, &[input, weight, bias, mean, variance])
    }

    /// A fully connected layer with bias, called as the module `path`.
    fn linear(&mut self, path: &str, input: ValueId, [from, to]: [i64; 2]) -> ValueId {
        let weight = self.parameter(format!("{path}.weight"), &[to, from], true);
        let bias = self.parameter(format!("{path}.bias"), &[to], true);
        self.call(path, Op::Linear, &[input, weight, bias])
    }
}
