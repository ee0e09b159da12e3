use super::Error;
use crate::{checkout, libtorch, python};
use data_encoding::HEXLOWER;
use reglet_link::libtorch::cache_folder;
use reglet_link::tools;
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The networks that are compared, and the place of their table.
struct Comparison {
    /// The script that creates the references, and the test that compares with them.
    script: &'static str,
    test: &'static str,
    /// The variables that tell the test the folder of references, and where to write its table.
    folder: &'static str,
    table: Option<(&'static str, &'static str)>,
    /// A word for both.
    flag: Option<&'static str>,
}

/// The best-known networks, layer by layer.
const PARITY: Comparison =
    Comparison { script: "make_parity.py", test: "parity", folder: "REGLET_PARITY", table: None, flag: None };

/// The same, also as ONNX files.
const ONNX: Comparison = Comparison { flag: Some("--onnx"), ..PARITY };

/// One of every family.
const SWEEP: Comparison = Comparison {
    script: "make_sweep.py",
    test: "sweep",
    folder: "REGLET_SWEEP",
    table: Some(("REGLET_SWEEP_TABLE", "docs/sweep.md")),
    flag: None,
};

/// Folders in the layout of the Hugging Face Hub.
const FOLDERS: Comparison = Comparison {
    script: "make_folders.py",
    test: "folders",
    folder: "REGLET_FOLDERS",
    table: None,
    flag: None,
};

/// Compares exported networks with PyTorch, and prints the differences. The arguments are names of networks in torchvision
/// or, with the prefix `timm.`, in timm; without any, all are compared. With `--sweep` they are one small network of every
/// family of timm, torchvision and transformers, and without names the table `docs/sweep.md` is written; with `--onnx` the
/// networks are compared as ONNX files too; with `--folders` they are saved by transformers and timm, and built from their
/// configs.
///
/// With `--corrected`, weights that `reglet correct` wrote are loaded into torchvision's network instead, by the lines of Python
/// that it printed.
///
/// The Python environment and the networks are kept in the cache; a run creates only what is missing.
pub fn parity(arguments: &[OsString]) -> Result<ExitCode, Error> {
    let (flags, names): (Vec<&OsString>, Vec<&OsString>) =
        arguments.iter().partition(|word| word.to_string_lossy().starts_with('-'));
    if let ([flag], []) = (flags.as_slice(), names.as_slice())
        && *flag == "--corrected"
    {
        libtorch::ensure()?;
        let interpreter = python::interpreter().map_err(failed)?;
        let mut cargo = test("corrected");
        cargo.env("REGLET_PYTHON", interpreter);
        return Ok(tools::hand_over(cargo)?);
    }
    let comparison = match flags.as_slice() {
        [] => PARITY,
        [flag] if *flag == "--sweep" => SWEEP,
        [flag] if *flag == "--onnx" => ONNX,
        [flag] if *flag == "--folders" => FOLDERS,
        [.., word] => {
            return Err(Error::Usage {
                command: "parity",
                word: word.to_string_lossy().into_owned(),
                expected: "`[--sweep | --onnx | --folders] [NETWORK…]` or `--corrected`",
            });
        }
    };
    libtorch::ensure()?;
    let script = checkout::root().join("tests/reference").join(comparison.script);
    let interpreter = python::interpreter().map_err(failed)?;
    let references = references(&script, comparison.test)?;
    let mut make = Command::new(interpreter);
    make.arg(script).arg(&references).args(comparison.flag).args(&names);
    python::run(make, "PyTorch could not export the networks").map_err(failed)?;

    let mut cargo = test(comparison.test);
    cargo.arg("--").args(comparison.flag).args(&names);
    cargo.env(comparison.folder, references);
    if let Some((variable, path)) = comparison.table {
        cargo.env(variable, checkout::root().join(path));
    }
    Ok(tools::hand_over(cargo)?)
}

/// Runs one of the tests that compare.
fn test(name: &str) -> Command {
    let mut cargo = checkout::cargo();
    cargo.args(["test", "--quiet", "--package", "reglet-tests", "--test", name, "--manifest-path"]);
    cargo.arg(checkout::root().join("Cargo.toml"));
    cargo
}

/// The folder of references in the cache. Those of another script, or of other versions, are others.
fn references(script: &Path, name: &str) -> Result<PathBuf, Error> {
    let mut hash = Sha256::new();
    for file in [script, &python::requirements()] {
        hash.update(
            fs::read(file)
                .map_err(|error| failed(format!("{} could not be read: {error}", file.display())))?,
        );
    }
    let hash = HEXLOWER.encode(&hash.finalize()[..6]);
    Ok(cache_folder().map_err(libtorch::Error::from)?.join(name).join(hash))
}

fn failed(reason: String) -> Error {
    Error::Python { reason }
}
