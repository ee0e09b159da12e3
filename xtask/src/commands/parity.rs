use super::Error;
use crate::{checkout, libtorch, tools};
use sha2::{Digest, Sha256};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Compares exported networks with what PyTorch computes with them, and prints how far they are apart. The
/// words are names of networks, torchvision's or, after `timm.`, timm's; without any, all are compared.
///
/// What it needs of Python, and the networks, it keeps in the cache: a run makes only what is not there.
pub fn parity(arguments: &[OsString]) -> Result<ExitCode, Error> {
    libtorch::ensure()?;
    let script = checkout::root().join("tests/reference/make_parity.py");
    let requirements = checkout::root().join("tests/reference/requirements.txt");
    let cache = libtorch::cache_folder()?.join("parity");
    let python = match env::var_os("REGLET_PYTHON") {
        Some(python) => PathBuf::from(python),
        None => environment(&cache.join("python"), &requirements)?,
    };

    // References of another script, or of other versions, are others.
    let mut hash = Sha256::new();
    for file in [&script, &requirements] {
        hash.update(read(file)?);
    }
    let hash: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let references = cache.join(hash);
    let mut make = Command::new(python);
    make.arg(script).arg(&references).args(arguments);
    run(make, "PyTorch could not export the networks")?;

    let mut cargo = checkout::cargo();
    cargo.args(["test", "--quiet", "--package", "reglet-tests", "--test", "parity", "--manifest-path"]);
    cargo.arg(checkout::root().join("Cargo.toml")).arg("--").args(arguments);
    cargo.env("REGLET_PARITY", references);
    Ok(tools::hand_over(cargo)?)
}

/// The interpreter of a Python environment that has the packages required, made or made anew if need be.
fn environment(folder: &Path, requirements: &Path) -> Result<PathBuf, Error> {
    let python = folder.join(if cfg!(windows) { "Scripts\\python.exe" } else { "bin/python" });
    let installed = folder.join("requirements.txt");
    if fs::read(&installed)
        .is_ok_and(|installed| fs::read(requirements).is_ok_and(|wanted| wanted == installed))
    {
        return Ok(python);
    }
    eprintln!("preparing Python with PyTorch in {} (about 6 GB on Linux)", folder.display());
    let (mut make, mut install) = match tools::find("uv") {
        Some(uv) => {
            let (mut make, mut install) = (Command::new(&uv), Command::new(uv));
            make.args(["venv", "--allow-existing"]);
            install.args(["pip", "install", "--python"]).arg(&python);
            (make, install)
        }
        None => {
            let system = tools::find("python3").or_else(|| tools::find("python"));
            let (mut make, mut install) =
                (Command::new(system.unwrap_or_else(|| "python3".into())), Command::new(&python));
            make.args(["-m", "venv"]);
            install.args(["-m", "pip", "install", "--disable-pip-version-check"]);
            (make, install)
        }
    };
    make.arg(folder);
    install.arg("-r").arg(requirements);
    run(make, "no Python environment could be made")?;
    run(install, "PyTorch could not be installed")?;
    fs::write(&installed, read(requirements)?)
        .map_err(|error| failed(format!("{}: {error}", installed.display())))?;
    Ok(python)
}

fn run(command: Command, what: &str) -> Result<(), Error> {
    let status = tools::run(command)?;
    if status.success() { Ok(()) } else { Err(failed(format!("{what} ({status})"))) }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| failed(format!("{} could not be read: {error}", path.display())))
}

fn failed(reason: String) -> Error {
    Error::Parity { reason }
}
