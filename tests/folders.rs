//! Whole networks as they lie on the Hugging Face Hub, against what transformers and timm compute with them
//! (`reference/make_folders.py`): the second half of `cargo xtask parity --folders`, which makes the references.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use reglet_model::{ImportOptions, Model, Targets};
use reglet_tests::{Reference, distance, exact};
use tch::Kind;

/// What is allowed: of the logits in 32-bit floats, and of gradients in 64-bit ones, where no unit turns by rounding.
const BOUNDS: [f64; 2] = [1e-5, 1e-6];

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("REGLET_FOLDERS").map(PathBuf::from) else {
        println!(
            "skipped: whole networks of the Hugging Face Hub, which needs Python; run `cargo xtask parity --folders`"
        );
        return ExitCode::SUCCESS;
    };
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let entries = std::fs::read_dir(&folder).expect("REGLET_FOLDERS is a folder");
    let mut networks: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    networks.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.join("reference.safetensors").is_file()
            && (wanted.is_empty() || wanted.iter().any(|word| *word == name))
    });
    networks.sort();
    assert!(!networks.is_empty(), "{} holds no networks", folder.display());
    println!("{:<36} {:>9} {:>9} {:>9}  Grad-CAM", "network", "operators", "logits", "gradient");
    let mut failed = 0;
    for network in &networks {
        let name = network.file_name().unwrap_or_default().to_string_lossy();
        match compare(network) {
            Ok((operators, [logits, gradient], layer)) => {
                let good = logits <= BOUNDS[0] && gradient <= BOUNDS[1];
                failed += usize::from(!good);
                let mark = if good { "" } else { "  TOO FAR" };
                println!("{name:<36} {operators:>9} {logits:>9.1e} {gradient:>9.1e}  {layer}{mark}");
            }
            Err(error) => {
                failed += 1;
                println!("{name:<36} {error}");
            }
        }
    }
    println!("{} of {} agree", networks.len() - failed, networks.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How many operators a network has, how far its logits and its gradient are from the reference, and the layer for Grad-CAM.
fn compare(folder: &Path) -> Result<(usize, [f64; 2], String), Box<dyn Error>> {
    let mut model = Model::import(&ImportOptions::new(folder))?;
    // The bounds are for the operators as they are; a rewrite rounds otherwise.
    model.set_rewrites(&[])?;
    let reference = Reference::read_path(&folder.join("reference.safetensors"));
    let input = reference.tensor("input");
    let logits = distance(&model.logits(input)?, reference.tensor("logits"));
    let (operators, layer) = (model.graph().nodes().len(), model.grad_cam_layer().to_owned());
    let found = exact(model).evaluate(&input.to_kind(Kind::Double), Targets::Classes(&[1, 3]), true, &[])?;
    let gradient = found.input_gradient.ok_or("no gradient")?;
    Ok((operators, [logits, distance(&gradient, reference.tensor("input_gradient"))], layer))
}
