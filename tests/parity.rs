//! Exported networks against what PyTorch computes with them (`reference/make_parity.py`), with a table of
//! how far they are apart: the second half of `cargo xtask parity`, which makes the references.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use reglet_model::{ImportOptions, Model, Targets};
use reglet_tests::{Reference, distance};
use tch::Device;

/// What is allowed: of the logits, and of gradients.
const BOUNDS: [f64; 2] = [1e-5, 1e-3];

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("REGLET_PARITY").map(PathBuf::from) else {
        println!(
            "parity: skipped, since REGLET_PARITY names no folder of references; run `cargo xtask parity`"
        );
        return ExitCode::SUCCESS;
    };
    let mut archives: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("REGLET_PARITY is a folder")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "pt2"))
        .collect();
    archives.sort();
    assert!(!archives.is_empty(), "{} holds no archives", folder.display());

    println!(
        "{:<36} {:>9} {:>9} {:>9} {:>9} {:>9}  at layer",
        "network", "operators", "logits", "gradient", "layer", "its grad."
    );
    let mut failed = 0;
    for archive in &archives {
        let name = archive.file_stem().unwrap_or_default().to_string_lossy();
        match compare(archive) {
            Ok(found) => {
                let [logits, gradient, activation, layer_gradient] = found.distances;
                let good = logits <= BOUNDS[0] && activation <= BOUNDS[0];
                let good = good && gradient <= BOUNDS[1] && layer_gradient <= BOUNDS[1];
                failed += usize::from(!good);
                let mark = if good { "" } else { "  TOO FAR" };
                println!(
                    "{name:<36} {:>9} {logits:>9.1e} {gradient:>9.1e} {activation:>9.1e} {layer_gradient:>9.1e}  {}{mark}",
                    found.operators, found.layer
                );
            }
            Err(error) => {
                failed += 1;
                println!("{name:<36} {error}");
            }
        }
    }
    println!("{} of {} agree", archives.len() - failed, archives.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How far a network is from its reference.
struct Found {
    operators: usize,
    layer: String,
    /// Of logits, input gradient, activation and its gradient.
    distances: [f64; 4],
}

fn compare(archive: &Path) -> Result<Found, reglet_model::ModelError> {
    let reference = Reference::read_path(&archive.with_extension("safetensors"));
    let options =
        ImportOptions { archive: archive.to_owned(), labels: None, preprocessing: None, device: Device::Cpu };
    let model = Model::import(&options)?;
    let layer = reference.text("layer").to_owned();
    let value = model.graph().layer(&layer)?;
    let targets = reference.targets();
    let found = model.evaluate(&reference.input(), Targets::Classes(&targets), true, &[value])?;
    let gradient = found.input_gradient.expect("it was asked for");
    let distances = [
        distance(&found.logits, reference.tensor("logits")),
        distance(&gradient, reference.tensor("input_gradient")),
        distance(&found.layers[0].activation, reference.tensor("activation")),
        distance(&found.layers[0].gradient, reference.tensor("gradient")),
    ];
    Ok(Found { operators: model.graph().nodes().len(), layer, distances })
}
