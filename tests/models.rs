//! The built-in architectures against torchvision's (`reference/make_models.py`, `reference/make_twins.py`).

use std::fs::File;

use reglet_model::{
    Architecture, ImportOptions, Model, ModelOptions, Preprocessing, Request, Targets, WeightsSource,
    gradients,
};
use reglet_tests::{Reference, assert_close, fixtures, small_model, small_width, synthetic_parameters};
use serde_json::Value;
use tch::{Device, Tensor};
use zip::ZipArchive;

#[test]
fn parameters_have_torchvisions_names_and_shapes() {
    let text = std::fs::read_to_string(fixtures().join("models/state_dict.json")).expect("committed");
    let all: Value = serde_json::from_str(&text).expect("JSON");
    for architecture in Architecture::ALL {
        let listed = all[architecture.name()].as_array().expect("a list of name and shape");
        let expected: Vec<(String, Vec<i64>)> = listed
            .iter()
            .map(|entry| serde_json::from_value(entry.clone()).expect("name and shape"))
            .filter(|(name, _): &(String, Vec<i64>)| !name.ends_with("num_batches_tracked"))
            .collect();
        let graph = architecture.graph(1000, 1.0).expect("the published network");
        let mut found: Vec<(String, Vec<i64>)> =
            graph.parameters().iter().map(|p| (p.name.clone(), p.shape.clone())).collect();
        let mut expected = expected;
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{architecture}");
    }
}

#[test]
fn logits_gradients_and_layers_agree_with_torchvision() {
    for architecture in Architecture::ALL {
        let reference = Reference::read(&format!("models/{architecture}"));
        let model = small_model(architecture, 5);
        let layer = model.graph().layer(reference.text("layer")).expect("the reference's layer");
        assert_eq!(model.graph().name(layer), model.grad_cam_layer(), "{architecture}");

        let targets = reference.targets();
        let found =
            model.evaluate(&reference.input(), Targets::Classes(&targets), true, &[layer]).expect("it runs");
        let gradient = found.input_gradient.expect("it was asked for");
        let step = reference.number("step").unwrap_or(1);
        let thinned = |x: &Tensor| x.slice(-2, None, None, step).slice(-1, None, None, step);
        let of = |what: &str| format!("{architecture} {what}");
        // Rounding of 32-bit floats through up to 152 layers; the references are of 64.
        assert_close(&of("logits"), &found.logits, reference.tensor("logits"), 1e-5);
        for (what, found) in [
            ("input_gradient", &gradient),
            ("activation", &found.layers[0].activation),
            ("gradient", &found.layers[0].gradient),
        ] {
            assert_close(&of(what), &thinned(found), reference.tensor(what), 1e-5);
        }
    }
}

#[test]
fn each_is_in_outcome_the_network_that_torch_export_saves() {
    let folder = tempfile::tempdir().expect("a folder");
    for architecture in Architecture::ALL {
        let file = File::open(fixtures().join(format!("twins/{architecture}.zip"))).expect("committed");
        ZipArchive::new(file).and_then(|mut zip| zip.extract(folder.path())).expect("a whole file");
        let archive = folder.path().join(format!("{architecture}.pt2"));
        let options = ImportOptions::new(archive);
        let exported = Model::import(&options).unwrap_or_else(|error| panic!("{architecture}: {error}"));
        let model = small_model(architecture, 5);
        assert!(exported.graph().layers().eq(model.graph().layers()), "{architecture}: other layers");
        assert_eq!(exported.grad_cam_layer(), model.grad_cam_layer(), "{architecture}");

        let graph = exported.graph().clone();
        let parameters = synthetic_parameters(&graph);
        let twin = Model::new(graph, parameters, None, exported.preprocessing().clone(), architecture.into());
        let twin = twin.expect("a classifier");
        let reference = Reference::read(&format!("models/{architecture}"));
        let (input, targets) = (reference.input(), reference.targets());
        let [found, expected] = [&model, &twin]
            .map(|model| model.evaluate(&input, Targets::Classes(&targets), true, &[]).expect("it runs"));
        let of = |what: &str| format!("{architecture} {what}");
        assert_close(&of("logits"), &found.logits, &expected.logits, 1e-6);
        let gradients = [found, expected].map(|found| found.input_gradient.expect("it was asked for"));
        assert_close(&of("input gradient"), &gradients[0], &gradients[1], 1e-6);
    }
}

#[test]
fn weights_by_the_names_of_their_time_are_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    for (architecture, now, then) in [
        (Architecture::DenseNet121, "denselayer3.conv2.weight", "denselayer3.conv.2.weight"),
        (Architecture::VitB16, "encoder_layer_7.mlp.3.bias", "encoder_layer_7.mlp.linear_2.bias"),
    ] {
        let model = small_model(architecture, 5);
        let names = model.graph().parameters().iter().map(|parameter| parameter.name.replace(now, then));
        let tensors: Vec<(String, &Tensor)> = names.zip(model.parameters().tensors()).collect();
        assert!(tensors.iter().any(|(name, _)| name.ends_with(then)), "{architecture}");
        let weights = folder.path().join(format!("{architecture}.safetensors"));
        Tensor::write_safetensors(&tensors, &weights).expect("it is written");
        let options = ModelOptions {
            architecture,
            width: small_width(architecture),
            weights: WeightsSource::File(weights),
            labels: None,
            preprocessing: Preprocessing::default(),
            device: Device::Cpu,
        };
        let loaded = Model::load(&options, &mut |_, _| ()).expect("the weights are taken");
        let input = Reference::read(&format!("models/{architecture}")).input();
        let [found, expected] = [&loaded, &model].map(|model| model.logits(&input).expect("it runs"));
        assert_close(now, &found, &expected, 1e-6);
    }
}

#[test]
fn a_graph_cut_at_a_layer_runs_from_there() {
    let model = small_model(Architecture::ResNet18, 5);
    let graph = model.graph();
    let input = Reference::read("models/resnet18").input();
    let stage = graph.layer("layer3").expect("a module of several calls");
    assert_eq!(graph.name(stage), "layer3.1.relu#2");
    let fetches = [stage, graph.output()];
    let request = Request { feeds: &[(graph.input(), &input)], fetches: &fetches, ..Request::default() };
    let whole = graph.run(model.parameters(), &request).expect("it runs");
    let request = Request { feeds: &[(stage, &whole[0])], fetches: &[graph.output()], ..Request::default() };
    let rest = graph.run(model.parameters(), &request).expect("the rest runs without the input");
    assert!(rest[0].equal(&whole[1]));

    // Above a residual connection the cut does not separate, and the missing value is named.
    let conv = graph.layer("layer4.1.conv2").expect("a convolution");
    let values = [(conv, &whole[0])];
    let request = Request { feeds: &values, fetches: &[graph.output()], ..Request::default() };
    let error = graph.run(model.parameters(), &request).expect_err("the shortcut needs the input");
    assert!(error.to_string().contains("'input' is needed"), "{error}");
}

#[test]
fn the_same_gradients_come_from_any_point_of_the_graph() {
    let model = small_model(Architecture::ResNet18, 5);
    let graph = model.graph();
    let input = Reference::read("models/resnet18").input();
    let layer = graph.layer("layer2.0.bn1").expect("a layer");
    let at = |watch: &[_]| {
        let fetches: Vec<_> = std::iter::once(graph.output()).chain(watch.iter().copied()).collect();
        let feeds = [(graph.input(), &input)];
        let request = Request { feeds: &feeds, fetches: &fetches, watch, ..Request::default() };
        let values = graph.run(model.parameters(), &request).expect("it runs");
        let inputs: Vec<_> = values[1..].iter().collect();
        gradients(&values[0].select(1, 2), &inputs).expect("differentiable").remove(0)
    };
    // Watched alone, nothing before the layer is recorded; together with the input, all is.
    assert_close("gradient at the layer", &at(&[layer]), &at(&[layer, graph.input()]), 1e-6);
}

#[test]
fn batches_equal_single_pictures() {
    for architecture in [Architecture::ResNet18, Architecture::MobileNetV2] {
        let model = small_model(architecture, 5);
        let input = Reference::read(&format!("models/{architecture}")).input();
        let together = model.logits(&input).expect("it runs");
        for row in 0..2 {
            let alone = model.logits(&input.narrow(0, row, 1)).expect("it runs");
            assert_close("a row alone", &alone, &together.narrow(0, row, 1), 1e-5);
        }
    }
}

#[test]
fn a_layer_that_does_not_exist_is_answered_with_the_nearest() {
    let model = small_model(Architecture::ResNet18, 5);
    let message = model.graph().layer("layer4.1.conv3").expect_err("there is none").to_string();
    assert!(message.contains("no layer 'layer4.1.conv3'; did you mean 'layer4.1.conv"), "{message}");
    assert!(model.graph().layer("").is_err());
    assert!(model.graph().layer("conv1.weight").is_err(), "a parameter is no layer");
}
