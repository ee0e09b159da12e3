//! Built-in architectures for pictures of one channel: what the first layer's weights say of the pictures is believed.

use image::{Rgb, RgbImage};
use reglet_model::{
    Architecture, Channels, Model, ModelError, ModelOptions, Parameters, Preprocessing, PreprocessingSource,
    Sizes, WeightsSource, save,
};
use tch::{Device, Kind, Tensor};

const WIDTH: f64 = 0.125;

/// One of each family.
const FAMILIES: [(Architecture, &str); 7] = [
    (Architecture::ResNet18, "conv1.weight"),
    (Architecture::MobileNetV2, "features.0.0.weight"),
    (Architecture::VGG11, "features.0.weight"),
    (Architecture::DenseNet121, "features.conv0.weight"),
    (Architecture::EfficientNetB0, "features.0.0.weight"),
    (Architecture::ConvNextTiny, "features.0.0.weight"),
    (Architecture::VitB16, "conv_proj.weight"),
];

/// A model of random weights, the stem's changed by `of_stem`, and of this preprocessing.
fn load(
    architecture: Architecture,
    stem: &str,
    preprocessing: Preprocessing,
    of_stem: impl Fn(&Tensor) -> Tensor,
) -> Result<Model, ModelError> {
    let graph = architecture.graph(3, WIDTH).expect("a small network");
    let initial = Parameters::initial(&graph, 5).expect("initial weights");
    let names = graph.parameters().iter().map(|parameter| parameter.name.as_str());
    let tensors: Vec<(&str, Tensor)> = names
        .zip(initial.tensors())
        .map(|(name, tensor)| (name, if name == stem { of_stem(tensor) } else { tensor.shallow_clone() }))
        .collect();
    let named: Vec<(&str, &Tensor)> = tensors.iter().map(|(name, tensor)| (*name, tensor)).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("weights.safetensors");
    save(&path, &named).expect("saved");
    let options = ModelOptions {
        architecture,
        width: WIDTH,
        weights: WeightsSource::File(path),
        labels: None,
        preprocessing,
        device: Device::Cpu,
    };
    Model::load(&options, &mut |_, _| {})
}

fn statistics(mean: f32, std: f32) -> Preprocessing {
    Preprocessing { mean: Channels::One(mean), std: Channels::One(std), ..Preprocessing::exact(224) }
}

/// On a grey picture a network whose stem adds up the colours' weights says what the network of three colours says.
#[test]
fn every_family_takes_grey_by_its_weights() {
    let grey = RgbImage::from_fn(224, 224, |x, y| Rgb([((x * 7 + y * y * 3) % 251) as u8; 3]));
    for (architecture, stem) in FAMILIES {
        let logits = |model: &Model| {
            let preprocessing = model.preprocessing();
            let view = preprocessing.view(&grey).expect("a view");
            let input = preprocessing.tensor(&[view], Device::Cpu).expect("an input");
            model.logits(&input).expect("logits")
        };
        let colour =
            load(architecture, stem, statistics(0.5, 0.25), Tensor::shallow_clone).expect("of three");
        let summed = |tensor: &Tensor| tensor.sum_dim_intlist(1, true, Kind::Float);
        let one = load(architecture, stem, statistics(0.5, 0.25), summed).expect("of one");
        assert_eq!((colour.preprocessing().channels(), one.preprocessing().channels()), (3, 1));
        let (colour, one) = (logits(&colour), logits(&one));
        let apart = (&colour - &one).abs().max().double_value(&[]) / colour.abs().max().double_value(&[]);
        assert!(apart < 1e-4, "{architecture}: {apart}");
        let graph = architecture.sized(Sizes { in_channels: 1, classes: 3, width: WIDTH }).expect("a graph");
        let declared = graph.parameters().iter().find(|parameter| parameter.name == stem).expect("a stem");
        assert_eq!(declared.shape[1], 1, "{architecture}");
    }
}

#[test]
fn nothing_is_assumed_of_grey_but_its_levels_and_two_channels_are_refused() {
    let (architecture, stem) = FAMILIES[0];
    let assumed =
        load(architecture, stem, Preprocessing::exact(64), |stem| stem.narrow(1, 0, 1)).expect("of one");
    assert!(assumed.preprocessing().is_as_is());
    assert_eq!(*assumed.preprocessing_source(), PreprocessingSource::AssumedLevels);
    let given = load(architecture, stem, statistics(0.5, 0.25), |stem| stem.narrow(1, 0, 1)).expect("of one");
    assert_eq!(*given.preprocessing_source(), PreprocessingSource::Given);
    let two = load(architecture, stem, Preprocessing::exact(64), |stem| stem.narrow(1, 0, 2));
    let message = two.expect_err("no picture has two").to_string();
    assert!(message.contains("2 channels") && message.contains("one (grey) or three"), "{message}");
}
