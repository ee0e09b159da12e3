//! TorchScript programs, which run as one operator (`reference/make_torchscript.py`).

use std::path::PathBuf;

use reglet_attribution::{Family, Method};
use reglet_data::Geometry;
use reglet_model::{ImportOptions, Model, ModelError, PreprocessingChoice, Targets};
use reglet_tests::{Reference, assert_close, fixtures, quick};

fn options(name: &str) -> ImportOptions {
    let geometry = Geometry::exact(16);
    ImportOptions {
        preprocessing: Some(PreprocessingChoice::Geometry(geometry)),
        ..ImportOptions::new(fixtures().join(format!("torchscript/{name}.pt")))
    }
}

fn plain() -> Model {
    Model::import_trusted(&options("plain")).expect("it loads")
}

#[test]
fn a_program_computes_and_differentiates_as_in_pytorch() {
    let (model, reference) = (plain(), Reference::read("torchscript/plain"));
    assert_eq!((model.classes().count(), model.provenance().architecture.as_str()), (5, "TorchScript"));
    let targets = reference.targets();
    // The interpreter prepares another way of running what has been run before.
    for _ in 0..3 {
        let found =
            model.evaluate(&reference.input(), Targets::Classes(&targets), true, &[]).expect("it runs");
        assert_close("logits", &found.logits, reference.tensor("logits"), 1e-6);
        let gradient = found.input_gradient.expect("it was asked for");
        assert_close("gradient", &gradient, reference.tensor("input_gradient"), 1e-6);
    }
}

#[test]
fn methods_that_need_no_layers_explain_a_program_and_the_others_say_why_not() {
    let (model, input) = (plain(), Reference::read("torchscript/plain").input());
    for method in Method::all().iter().map(quick) {
        let found = Method::attribute_all(std::slice::from_ref(&method), &model, &input, Targets::Top);
        match method.get().about().family {
            Family::Gradients | Family::Scores => {
                let values = found.unwrap_or_else(|error| panic!("{}: {error}", method.name())).computed;
                let values = &values[0].attribution.values;
                assert_eq!(values.size()[2..], [16, 16], "{}", method.name());
                assert!(values.abs().max().double_value(&[]) > 0.0, "{}", method.name());
            }
            Family::Layers | Family::Attention | Family::Rules => {
                let message = found.expect_err("its inside cannot be seen").to_string();
                let told = message.contains("TorchScript program") && message.contains("export-help");
                assert!(told, "{}: {message}", method.name());
            }
        }
    }
}

#[test]
fn a_program_runs_only_where_it_is_trusted() {
    let message = Model::import(&options("plain")).expect_err("nobody said so").to_string();
    assert!(message.contains("TorchScript program") && message.contains("trusted"), "{message}");
    // Whoever trusts a file may have an exported model in it.
    let archive: PathBuf = fixtures().join("pt2/twice.pt2");
    Model::import_trusted(&ImportOptions { archive, preprocessing: None, ..options("plain") })
        .expect("it loads");
}

#[test]
fn a_program_that_returns_no_logits_or_is_cut_short_is_refused_in_one_sentence() {
    let refused = Model::import_trusted(&options("text")).expect_err("a text");
    assert!(matches!(refused, ModelError::Operator { .. }), "{refused}");
    assert_eq!(refused.to_string().lines().count(), 1, "{refused}");

    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("cut.pt");
    let bytes = std::fs::read(options("plain").archive).expect("committed");
    std::fs::write(&archive, &bytes[..bytes.len() / 2]).expect("written");
    let refused =
        Model::import_trusted(&ImportOptions { archive, ..options("plain") }).expect_err("cut short");
    assert!(matches!(refused, ModelError::UnreadableArchive { .. }), "{refused}");
}
