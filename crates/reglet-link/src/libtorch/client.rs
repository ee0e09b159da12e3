//! The programs that fetch packages: they bring the user's own index, proxies and certificates with them,
//! and check hashes.

use super::archive;
use super::python;
use crate::tools;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program that fetches packages.
#[derive(Debug)]
pub enum Client {
    /// pip as a module of this interpreter.
    PipModule(PathBuf),
    /// A program `pip`.
    Pip(PathBuf),
    Uv(PathBuf),
    /// No package client at all: the official archive, by `curl`.
    Curl(PathBuf),
}

/// The clients that are there, the one to be preferred first.
///
/// pip comes before uv since it leaves a single file where it is told to; curl counts only where neither is
/// there, since it knows nothing of the user's index.
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
    /// What the user calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::PipModule(_) | Self::Pip(_) => "pip",
            Self::Uv(_) => "uv",
            Self::Curl(_) => "curl",
        }
    }

    /// Fetches packages, by their requirements, into a folder: their wheels (pip) or their content (uv).
    /// The error is what the client said last.
    ///
    /// The wheels are those for CPython 3.12, whatever Python is there: libtorch is the same in all of them.
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
                // The wheel is kept unpacked; a second copy in pip's cache would be of use to nobody.
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

/// Whether what a package depends on is fetched with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependencies {
    With,
    Without,
}

/// Runs a client so that its progress is seen and, when it fails, gives its last words.
///
/// Its output goes to this program's error stream: standard output belongs to what is run afterwards.
pub fn run(mut command: Command, work: &Path) -> Result<(), String> {
    // A package may be larger than the system's folder for temporary files.
    command.env("TMPDIR", work).env("TEMP", work).env("TMP", work);
    command.stdin(Stdio::null()).stdout(io::stderr()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let mut said = Vec::new();
    if let Some(mut errors) = child.stderr.take() {
        let mut buffer = [0; 1024];
        while let Ok(length @ 1..) = errors.read(&mut buffer) {
            // On a terminal the client's bar is shown as it comes.
            let _ = io::stderr().write_all(&buffer[..length]);
            said.extend_from_slice(&buffer[..length]);
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() {
        return Ok(());
    }
    let last = last_words(&String::from_utf8_lossy(&said));
    Err(if last.is_empty() { status.to_string() } else { last })
}

/// Whether progress can be drawn, rather than told line by line.
pub fn can_draw() -> bool {
    io::stderr().is_terminal()
}

/// The last lines that say something, on one line: a progress bar's do not.
fn last_words(said: &str) -> String {
    let lines: Vec<&str> = said
        .split(['\n', '\r'])
        .map(str::trim)
        .filter(|line| line.chars().filter(|letter| letter.is_alphabetic()).count() > 2)
        .collect();
    lines[lines.len().saturating_sub(3)..].join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_the_last_lines_without_bars() {
        let said =
            "Collecting torch\nWARNING: a\nWARNING: b\n\r##### 12.5%\r####### 20.0%\ncurl: (6) no host\n";
        assert_eq!(last_words(said), "WARNING: a WARNING: b curl: (6) no host");
        assert_eq!(last_words("\n12 %\n"), "");
    }
}
