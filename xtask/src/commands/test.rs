use super::Error;
use crate::{checkout, libtorch};
use reglet_link::tools;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

/// The beginning of a line in which a test says what it has skipped, and why.
const SKIPPED: &str = "skipped: ";

/// Runs all tests and doc tests, with the arguments of `cargo test`, and lists at the end what was skipped. With `--quick`
/// as the first argument, runs only the unit tests of the libraries.
pub fn test(arguments: &[OsString]) -> Result<ExitCode, Error> {
    libtorch::ensure()?;
    let quick = arguments.first().is_some_and(|word| word == OsStr::new("--quick"));
    let mut cargo = checkout::cargo();
    cargo.args(["test", "--workspace"]).args(if quick { &["--lib"][..] } else { &[] });
    cargo.args(&arguments[usize::from(quick)..]);
    run(cargo)
}

/// Runs the tests, prints their output, and repeats the lines about skipped tests at the end.
fn run(mut cargo: Command) -> Result<ExitCode, Error> {
    let program = cargo.get_program().to_string_lossy().into_owned();
    let failed = |source| tools::Error::Start { program: program.clone(), source };
    let mut child = cargo.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut skipped = Vec::new();
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).split(b'\n')) {
        let line = String::from_utf8_lossy(&line.map_err(failed)?).into_owned();
        tools::print(&format!("{line}\n"));
        if line.starts_with(SKIPPED) {
            skipped.push(line);
        }
    }
    let status = child.wait().map_err(failed)?;
    if !skipped.is_empty() {
        tools::print(&format!("\n{}\n", skipped.join("\n")));
    }
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(2)))
}
