//! The PyTorch of a Python environment.

use super::{Error, Libtorch, VERSION};
use crate::{pytorch, tools};
use std::env;
use std::path::{Path, PathBuf};

/// The PyTorch of the active environment, if it has the version that `tch` requires.
pub fn active() -> Option<Libtorch> {
    interpreters().iter().find_map(|python| Libtorch::at(&pytorch::folder(python)?).ok())
}

/// The PyTorch that `LIBTORCH_USE_PYTORCH` selects: that of the interpreter that torch-sys will use as well.
pub fn required() -> Result<Libtorch, Error> {
    let name = pytorch::interpreter(env::var_os("VIRTUAL_ENV").is_some());
    let Some(python) = tools::find(name) else {
        return Err(Error::Python { reason: format!("there is no {name} on PATH") });
    };
    let Some(package) = pytorch::folder(&python) else {
        return Err(Error::Python { reason: format!("{} has no PyTorch", python.display()) });
    };
    Libtorch::at(&package).map_err(|unfit| Error::Python { reason: unfit.to_string() })
}

/// The interpreters to query, that of the active environment first.
pub fn interpreters() -> Vec<PathBuf> {
    let environment = |variable: &str, windows: &str| {
        let program = if cfg!(windows) { windows } else { "bin/python" };
        env::var_os(variable).map(|folder| PathBuf::from(folder).join(program))
    };
    let mut pythons: Vec<PathBuf> = [
        environment("VIRTUAL_ENV", "Scripts\\python.exe"),
        environment("CONDA_PREFIX", "python.exe"),
        tools::find("python3"),
        tools::find("python"),
    ]
    .into_iter()
    .flatten()
    .filter(|python| python.is_file())
    .collect();
    pythons.dedup();
    pythons
}

/// The version of an interpreter's PyTorch, and whether it can be used.
pub fn describe(python: &Path) -> Option<String> {
    Some(match Libtorch::at(&pytorch::folder(python)?) {
        Ok(libtorch) => format!("PyTorch {}", libtorch.version),
        Err(unfit) => format!("a PyTorch that cannot be used, because {unfit} ({VERSION} is needed)"),
    })
}
