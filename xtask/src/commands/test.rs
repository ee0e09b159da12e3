use super::Error;
use crate::{checkout, libtorch};
use reglet_link::tools;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs all tests and doc tests; the words are `cargo test`'s.
pub fn test(arguments: &[OsString]) -> Result<ExitCode, Error> {
    libtorch::ensure()?;
    let mut cargo = checkout::cargo();
    cargo.args(["test", "--workspace"]).args(arguments);
    Ok(tools::hand_over(cargo)?)
}
