//! Networks of timm that are built with torchvision's names: timm has the same layers in the same order under other names.

use tch::Tensor;

use crate::graph::Graph;
use crate::{Architecture, Sizes, Weights};

/// The number of blocks of each stage of a MobileNetV2; torchvision numbers the blocks consecutively.
const MOBILENET_V2: [usize; 7] = [1, 2, 3, 4, 3, 3, 1];

/// timm's names of networks, with torchvision's.
const NAMES: [(&str, Architecture); 18] = [
    ("resnet18", Architecture::ResNet18),
    ("resnet34", Architecture::ResNet34),
    ("resnet50", Architecture::ResNet50),
    ("resnet101", Architecture::ResNet101),
    ("resnet152", Architecture::ResNet152),
    ("mobilenetv2_100", Architecture::MobileNetV2),
    ("vgg11", Architecture::VGG11),
    ("vgg11_bn", Architecture::VGG11Bn),
    ("vgg13", Architecture::VGG13),
    ("vgg13_bn", Architecture::VGG13Bn),
    ("vgg16", Architecture::VGG16),
    ("vgg16_bn", Architecture::VGG16Bn),
    ("vgg19", Architecture::VGG19),
    ("vgg19_bn", Architecture::VGG19Bn),
    ("densenet121", Architecture::DenseNet121),
    ("efficientnet_b0", Architecture::EfficientNetB0),
    ("convnext_tiny", Architecture::ConvNextTiny),
    ("vit_base_patch16_224", Architecture::VitB16),
];

/// The names that are known.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name)
}

/// The network of a given name, with the weights renamed to the names used here.
pub(super) fn graph(name: &str, weights: &mut Weights) -> Result<Graph, String> {
    let (_, architecture) =
        NAMES.into_iter().find(|(known, _)| *known == name).ok_or("the network is not known")?;
    weights.rename_all(|name| renamed(architecture, &name));
    let classes = architecture.classes_of(weights).ok_or_else(|| {
        format!(
            "its weights have no '{}', so they are those of a backbone without a last layer; train one first",
            architecture.head()
        )
    })?;
    let in_channels = architecture.in_channels_of(weights).map_err(|error| error.to_string())?;
    let graph =
        architecture.sized(Sizes { in_channels, classes, width: 1.0 }).map_err(|error| error.to_string())?;
    // Here timm has a convolution over the whole remaining extent, or one dimension in place of three.
    for parameter in graph.parameters() {
        let reshaped =
            weights.get(&parameter.name).filter(|tensor| is_same_in_another_shape(tensor, &parameter.shape));
        if let Some(tensor) = reshaped {
            let tensor = tensor.f_reshape(parameter.shape.as_slice()).map_err(|error| error.to_string())?;
            weights.insert(parameter.name.clone(), tensor);
        }
    }
    Ok(graph)
}

/// Whether two shapes are equal except for dimensions of size one, or except that the dimensions after the first are
/// flattened.
fn is_same_in_another_shape(tensor: &Tensor, shape: &[i64]) -> bool {
    let size = tensor.size();
    size != shape && size.first() == shape.first() && tensor.numel() as i64 == shape.iter().product::<i64>()
}

/// torchvision's name of a parameter.
fn renamed(architecture: Architecture, name: &str) -> String {
    let mut parts: Vec<&str> = name.split('.').collect();
    let leaf = parts.pop().unwrap_or_default();
    let number = |index: usize| parts.get(index).and_then(|part| part.parse::<usize>().ok()).unwrap_or(0);
    let module = match architecture {
        Architecture::MobileNetV2 => match parts.as_slice() {
            ["blocks", _, _, layer] => {
                let (stage, block) = (number(1), number(2));
                let before: usize = MOBILENET_V2.iter().take(stage).sum();
                let inside = match (stage, *layer) {
                    (0, "conv_dw") => "0.0",
                    (0, "bn1") => "0.1",
                    (0, "conv_pw") => "1",
                    (0, "bn2") => "2",
                    (_, "conv_pw") => "0.0",
                    (_, "bn1") => "0.1",
                    (_, "conv_dw") => "1.0",
                    (_, "bn2") => "1.1",
                    (_, "conv_pwl") => "2",
                    (_, "bn3") => "3",
                    (_, other) => other,
                };
                Some(format!("features.{}.conv.{inside}", 1 + before + block))
            }
            other => ends(other, 18),
        },
        Architecture::EfficientNetB0 => match parts.as_slice() {
            ["blocks", _, _, layers @ ..] => {
                let (stage, block) = (number(1), number(2));
                // The first block does not widen its input.
                let from = usize::from(stage > 0);
                let (place, rest) = match (stage, layers) {
                    (0, ["conv_pw"]) => (2, "0"),
                    (0, ["bn2"]) => (2, "1"),
                    (0, ["conv_dw"]) => (0, "0"),
                    (0, ["bn1"]) => (0, "1"),
                    (_, ["conv_pw"]) => (0, "0"),
                    (_, ["bn1"]) => (0, "1"),
                    (_, ["conv_dw"]) => (1, "0"),
                    (_, ["bn2"]) => (1, "1"),
                    (_, ["se", "conv_reduce"]) => (from + 1, "fc1"),
                    (_, ["se", "conv_expand"]) => (from + 1, "fc2"),
                    (_, ["conv_pwl"]) => (3, "0"),
                    (_, ["bn3"]) => (3, "1"),
                    _ => return name.to_owned(),
                };
                Some(format!("features.{}.{block}.block.{place}.{rest}", stage + 1))
            }
            other => ends(other, 8),
        },
        Architecture::ConvNextTiny => match parts.as_slice() {
            ["stem", layer] => Some(format!("features.0.{layer}")),
            ["stages", _, "downsample", layer] => Some(format!("features.{}.{layer}", 2 * number(1))),
            ["stages", _, "blocks", block, layers @ ..] => {
                let path = format!("features.{}.{block}", 2 * number(1) + 1);
                match layers {
                    [] if leaf == "gamma" => return format!("{path}.layer_scale"),
                    ["conv_dw"] => Some(format!("{path}.block.0")),
                    ["norm"] => Some(format!("{path}.block.2")),
                    ["mlp", "fc1"] => Some(format!("{path}.block.3")),
                    ["mlp", "fc2"] => Some(format!("{path}.block.5")),
                    _ => None,
                }
            }
            ["head", "norm"] => Some("classifier.0".to_owned()),
            ["head", "fc"] => Some("classifier.2".to_owned()),
            _ => None,
        },
        Architecture::VitB16 => match parts.as_slice() {
            [] if leaf == "cls_token" => return "class_token".to_owned(),
            [] if leaf == "pos_embed" => return "encoder.pos_embedding".to_owned(),
            ["patch_embed", "proj"] => Some("conv_proj".to_owned()),
            ["blocks", block, layers @ ..] => {
                let path = format!("encoder.layers.encoder_layer_{block}");
                match layers {
                    ["norm1"] => Some(format!("{path}.ln_1")),
                    ["norm2"] => Some(format!("{path}.ln_2")),
                    ["attn", "qkv"] => return format!("{path}.self_attention.in_proj_{leaf}"),
                    ["attn", "proj"] => Some(format!("{path}.self_attention.out_proj")),
                    ["mlp", "fc1"] => Some(format!("{path}.mlp.0")),
                    ["mlp", "fc2"] => Some(format!("{path}.mlp.3")),
                    _ => None,
                }
            }
            ["norm"] => Some("encoder.ln".to_owned()),
            ["head"] => Some("heads.head".to_owned()),
            _ => None,
        },
        // VGGs; the names of ResNets and DenseNets are torchvision's.
        _ => match parts.as_slice() {
            ["pre_logits", "fc1"] => Some("classifier.0".to_owned()),
            ["pre_logits", "fc2"] => Some("classifier.3".to_owned()),
            ["head", "fc"] => Some("classifier.6".to_owned()),
            _ => None,
        },
    };
    module.map_or_else(|| name.to_owned(), |module| format!("{module}.{leaf}"))
}

/// The names of the layers before and after the blocks of a mobile network whose last convolution has this number.
fn ends(parts: &[&str], last: usize) -> Option<String> {
    Some(match parts {
        ["conv_stem"] => "features.0.0".to_owned(),
        ["bn1"] => "features.0.1".to_owned(),
        ["conv_head"] => format!("features.{last}.0"),
        ["bn2"] => format!("features.{last}.1"),
        ["classifier"] => "classifier.1".to_owned(),
        _ => return None,
    })
}
