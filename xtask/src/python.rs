//! A Python environment with PyTorch and the other packages that the comparisons need, kept in the cache. Users do not need
//! it.

use crate::checkout;
use reglet_link::{libtorch, tools};
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An interpreter with the packages of `tests/reference/requirements.txt`: that of `REGLET_PYTHON`, or one in the cache,
/// which is created or updated if necessary. The error says why there is none.
pub fn interpreter() -> Result<PathBuf, String> {
    if let Some(python) = env::var_os("REGLET_PYTHON") {
        return Ok(python.into());
    }
    let folder = libtorch::cache_folder().map_err(|error| error.to_string())?.join("python");
    environment(&folder, &requirements())
}

/// The file that names the packages.
pub fn requirements() -> PathBuf {
    checkout::root().join("tests/reference/requirements.txt")
}

fn environment(folder: &Path, requirements: &Path) -> Result<PathBuf, String> {
    let unreadable = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| format!("{path}: {error}")
    };
    let python = folder.join(if cfg!(windows) { "Scripts\\python.exe" } else { "bin/python" });
    let installed = folder.join("requirements.txt");
    let wanted = fs::read(requirements).map_err(unreadable(requirements))?;
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
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
    fs::write(&installed, wanted).map_err(unreadable(&installed))?;
    Ok(python)
}

/// Runs a command to its end; if it fails, the error says `what`.
pub fn run(command: Command, what: &str) -> Result<(), String> {
    let status = tools::run(command).map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("{what} ({status})")) }
}
