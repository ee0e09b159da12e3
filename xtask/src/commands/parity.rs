use super::Error;
use crate::{checkout, libtorch, python, tools};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Compares exported networks with what PyTorch computes with them, and prints how far they are apart. The
/// words are names of networks, torchvision's or, after `timm.`, timm's; without any, all are compared.
///
/// What it needs of Python, and the networks, it keeps in the cache: a run makes only what is not there.
pub fn parity(arguments: &[OsString]) -> Result<ExitCode, Error> {
    libtorch::ensure()?;
    let script = checkout::root().join("tests/reference/make_parity.py");
    let cache = libtorch::cache_folder()?.join("parity");
    let interpreter = python::interpreter().map_err(failed)?;

    // References of another script, or of other versions, are others.
    let mut hash = Sha256::new();
    for file in [&script, &python::requirements()] {
        hash.update(read(file)?);
    }
    let hash: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let references = cache.join(hash);
    let mut make = Command::new(interpreter);
    make.arg(script).arg(&references).args(arguments);
    python::run(make, "PyTorch could not export the networks").map_err(failed)?;

    let mut cargo = checkout::cargo();
    cargo.args(["test", "--quiet", "--package", "reglet-tests", "--test", "parity", "--manifest-path"]);
    cargo.arg(checkout::root().join("Cargo.toml")).arg("--").args(arguments);
    cargo.env("REGLET_PARITY", references);
    Ok(tools::hand_over(cargo)?)
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| failed(format!("{} could not be read: {error}", path.display())))
}

fn failed(reason: String) -> Error {
    Error::Python { reason }
}
