//! The programs that download packages. They use the user's own index, proxies and certificates, and check hashes.

use super::archive;
use super::python;
use super::visible::run;
use crate::tools;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that downloads packages.
#[derive(Debug)]
pub enum Client {
    /// pip, as a module of this interpreter.
    PipModule(PathBuf),
    /// A program `pip`.
    Pip(PathBuf),
    Uv(PathBuf),
    /// No package client at all: the official archive, by `curl`.
    Curl(PathBuf),
}

/// The available clients, in order of preference.
///
/// pip is preferred to uv because it writes a single file to a given place; curl is used only if neither is available,
/// because it does not know the user's index.
pub fn clients() -> Vec<Client> {
    let mut clients = Vec::new();
    let with_pip = python::interpreters()
        .into_iter()
        .find(|python| tools::output(python, &["-m", "pip", "--version"]).is_some());
    if let Some(python) = with_pip {
        clients.push(Client::PipModule(python));
    } else if let Some(pip) = tools::find("pip3").or_else(|| tools::find("pip")) {
        clients.push(Client::Pip(pip));
    }
    clients.extend(tools::find("uv").map(Client::Uv));
    if clients.is_empty() && archive::URL.is_some() {
        clients.extend(tools::find("curl").map(Client::Curl));
    }
    clients
}

impl Client {
    /// The name that users know.
    pub fn name(&self) -> &'static str {
        match self {
            Self::PipModule(_) | Self::Pip(_) => "pip",
            Self::Uv(_) => "uv",
            Self::Curl(_) => "curl",
        }
    }

    /// Downloads packages, by their requirements, into a folder: their wheels (pip) or their content (uv). The error is the
    /// client's last output.
    ///
    /// The wheels are those for CPython 3.12, whatever Python is installed, because libtorch is the same in all of them.
    pub fn fetch(
        &self,
        requirements: &[String],
        dependencies: Dependencies,
        folder: &Path,
    ) -> Result<(), String> {
        let mut command = match self {
            Self::PipModule(program) | Self::Pip(program) => {
                let mut pip = Command::new(program);
                if matches!(self, Self::PipModule(_)) {
                    pip.args(["-m", "pip"]);
                }
                // The wheel is kept unpacked, so a second copy in pip's cache would be useless.
                pip.args(["download", "--disable-pip-version-check", "--no-cache-dir"]);
                pip.args(["--only-binary=:all:", "--implementation", "cp", "--python-version", "3.12"]);
                pip.arg("--dest").arg(folder);
                pip
            }
            Self::Uv(program) => {
                let mut uv = Command::new(program);
                uv.args(["pip", "install", "--only-binary", ":all:", "--python-version", "3.12"]);
                uv.arg("--target").arg(folder);
                uv
            }
            Self::Curl(_) => return Err("curl fetches no packages".to_owned()),
        };
        if dependencies == Dependencies::Without {
            command.arg("--no-deps");
        }
        command.args(requirements);
        run(command, folder)
    }
}

/// Whether the dependencies of a package are downloaded as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependencies {
    With,
    Without,
}
