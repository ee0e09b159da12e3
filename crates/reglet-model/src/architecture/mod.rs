//! The architectures that are built in, with torchvision's module and parameter names.

mod convnext;
mod densenet;
mod efficientnet;
pub(crate) mod hugging_face;
mod layers;
mod mobilenet;
mod resnet;
mod vgg;
mod vit;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::graph::Graph;
use crate::nearest::nearest;
use crate::{ModelError, Weights};

/// A network that can be built without any file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
#[non_exhaustive]
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
    /// VGG-11 (Simonyan and Zisserman, 2015, <https://arxiv.org/abs/1409.1556>).
    VGG11,
    /// VGG-11 with batch norms.
    VGG11Bn,
    /// VGG-13.
    VGG13,
    /// VGG-13 with batch norms.
    VGG13Bn,
    /// VGG-16.
    VGG16,
    /// VGG-16 with batch norms.
    VGG16Bn,
    /// VGG-19.
    VGG19,
    /// VGG-19 with batch norms.
    VGG19Bn,
    /// DenseNet-121 (Huang et al., 2017, <https://arxiv.org/abs/1608.06993>).
    DenseNet121,
    /// EfficientNet-B0 (Tan and Le, 2019, <https://arxiv.org/abs/1905.11946>).
    EfficientNetB0,
    /// ConvNeXt-Tiny (Liu et al., 2022, <https://arxiv.org/abs/2201.03545>).
    ConvNextTiny,
    /// ViT-B/16 (Dosovitskiy et al., 2021, <https://arxiv.org/abs/2010.11929>), for pictures of 224 × 224 pixels.
    VitB16,
}

/// The sizes that an architecture leaves open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizes {
    /// The number of channels of a picture: 3, or 1 for grey pictures.
    pub in_channels: i64,
    /// The number of logits.
    pub classes: i64,
    /// The factor by which the published network's channels are multiplied, 0.01 to 8.
    pub width: f64,
}

impl Architecture {
    /// Every architecture.
    pub const ALL: [Architecture; 18] = [
        Architecture::ResNet18,
        Architecture::ResNet34,
        Architecture::ResNet50,
        Architecture::ResNet101,
        Architecture::ResNet152,
        Architecture::MobileNetV2,
        Architecture::VGG11,
        Architecture::VGG11Bn,
        Architecture::VGG13,
        Architecture::VGG13Bn,
        Architecture::VGG16,
        Architecture::VGG16Bn,
        Architecture::VGG19,
        Architecture::VGG19Bn,
        Architecture::DenseNet121,
        Architecture::EfficientNetB0,
        Architecture::ConvNextTiny,
        Architecture::VitB16,
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
            Architecture::VGG11 => "vgg11",
            Architecture::VGG11Bn => "vgg11_bn",
            Architecture::VGG13 => "vgg13",
            Architecture::VGG13Bn => "vgg13_bn",
            Architecture::VGG16 => "vgg16",
            Architecture::VGG16Bn => "vgg16_bn",
            Architecture::VGG19 => "vgg19",
            Architecture::VGG19Bn => "vgg19_bn",
            Architecture::DenseNet121 => "densenet121",
            Architecture::EfficientNetB0 => "efficientnet_b0",
            Architecture::ConvNextTiny => "convnext_tiny",
            Architecture::VitB16 => "vit_b_16",
        }
    }

    /// The network for `classes` logits, its channels multiplied by `width` (1 is the published network), for pictures of red,
    /// green and blue.
    ///
    /// # Errors
    /// [`ModelError::Width`] if the width is outside 0.01 to 8.
    pub fn graph(self, classes: i64, width: f64) -> Result<Graph, ModelError> {
        self.sized(Sizes { in_channels: 3, classes, width })
    }

    /// The network of these sizes.
    ///
    /// # Errors
    /// [`ModelError::Width`] if the width is outside 0.01 to 8.
    pub fn sized(self, sizes: Sizes) -> Result<Graph, ModelError> {
        let width = sizes.width;
        if !(0.01..=8.0).contains(&width) {
            return Err(ModelError::Width { width });
        }
        Ok(match self {
            Architecture::ResNet18
            | Architecture::ResNet34
            | Architecture::ResNet50
            | Architecture::ResNet101
            | Architecture::ResNet152 => resnet::graph(self, sizes),
            Architecture::MobileNetV2 => mobilenet::graph(sizes),
            Architecture::VGG11 => vgg::graph([1, 1, 2, 2, 2], false, sizes),
            Architecture::VGG11Bn => vgg::graph([1, 1, 2, 2, 2], true, sizes),
            Architecture::VGG13 => vgg::graph([2, 2, 2, 2, 2], false, sizes),
            Architecture::VGG13Bn => vgg::graph([2, 2, 2, 2, 2], true, sizes),
            Architecture::VGG16 => vgg::graph([2, 2, 3, 3, 3], false, sizes),
            Architecture::VGG16Bn => vgg::graph([2, 2, 3, 3, 3], true, sizes),
            Architecture::VGG19 => vgg::graph([2, 2, 4, 4, 4], false, sizes),
            Architecture::VGG19Bn => vgg::graph([2, 2, 4, 4, 4], true, sizes),
            Architecture::DenseNet121 => densenet::graph(sizes),
            Architecture::EfficientNetB0 => efficientnet::graph(sizes),
            Architecture::ConvNextTiny => convnext::graph(sizes),
            Architecture::VitB16 => vit::graph(sizes),
        })
    }

    /// The layer that Grad-CAM uses by default: as is usual, the last convolution whose result has a spatial extent, before
    /// its batch norm; in a DenseNet the concatenated result of its last block, and in a ViT the tokens that the last
    /// attention reads.
    pub fn grad_cam_layer(self) -> &'static str {
        match self {
            Architecture::ResNet18 => "layer4.1.conv2",
            Architecture::ResNet34 => "layer4.2.conv2",
            Architecture::ResNet50 | Architecture::ResNet101 | Architecture::ResNet152 => "layer4.2.conv3",
            Architecture::MobileNetV2 => "features.18.0",
            Architecture::VGG11 => "features.18",
            Architecture::VGG11Bn => "features.25",
            Architecture::VGG13 => "features.22",
            Architecture::VGG13Bn => "features.31",
            Architecture::VGG16 => "features.28",
            Architecture::VGG16Bn => "features.40",
            Architecture::VGG19 => "features.34",
            Architecture::VGG19Bn => "features.49",
            Architecture::DenseNet121 => "features.denseblock4.cat",
            Architecture::EfficientNetB0 => "features.8.0",
            Architecture::ConvNextTiny => "features.7.2.block.0",
            Architecture::VitB16 => "encoder.layers.encoder_layer_11.ln_1",
        }
    }

    /// The parameter whose first dimension is the number of classes.
    pub(crate) fn head(self) -> &'static str {
        match self {
            Architecture::ResNet18
            | Architecture::ResNet34
            | Architecture::ResNet50
            | Architecture::ResNet101
            | Architecture::ResNet152 => "fc.weight",
            Architecture::MobileNetV2 | Architecture::EfficientNetB0 => "classifier.1.weight",
            Architecture::VGG11
            | Architecture::VGG11Bn
            | Architecture::VGG13
            | Architecture::VGG13Bn
            | Architecture::VGG16
            | Architecture::VGG16Bn
            | Architecture::VGG19
            | Architecture::VGG19Bn => "classifier.6.weight",
            Architecture::DenseNet121 => "classifier.weight",
            Architecture::ConvNextTiny => "classifier.2.weight",
            Architecture::VitB16 => "heads.head.weight",
        }
    }

    /// The names that modules had when torchvision published its weights, with their present names.
    pub(crate) fn renamed(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Architecture::DenseNet121 => {
                &[("norm.1", "norm1"), ("conv.1", "conv1"), ("norm.2", "norm2"), ("conv.2", "conv2")]
            }
            Architecture::VitB16 => &[("linear_1", "0"), ("linear_2", "3")],
            _ => &[],
        }
    }

    /// The number of channels of the pictures that `weights` were trained on: that of the first layer, or three if the layer
    /// is missing or its number is impossible.
    pub(crate) fn in_channels_of(self, weights: &Weights) -> Result<i64, ModelError> {
        let graph = self.graph(1, 1.0)?;
        let stem = graph.stem().and_then(|index| weights.get(&graph.parameters()[index].name));
        let size = stem.and_then(|stem| stem.size().get(1).copied());
        Ok(size.filter(|&in_channels| in_channels > 0).unwrap_or(3))
    }

    /// The number of classes that `weights` were trained for, if they belong to this architecture. Any common prefix of
    /// their names must have been removed.
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
