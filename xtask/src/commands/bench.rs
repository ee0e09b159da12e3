use super::Error;
use crate::{checkout, libtorch, tools};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the benchmarks; the words are `cargo bench`'s.
///
/// They run in the profile everything else uses, which is optimised: another one would compile libtorch's
/// bindings a second time.
pub fn bench(arguments: &[OsString]) -> Result<ExitCode, Error> {
    libtorch::ensure()?;
    let mut cargo = checkout::cargo();
    cargo.args(["bench", "--profile", "dev", "--manifest-path"]);
    cargo.arg(checkout::root().join("benches/Cargo.toml")).args(arguments);
    Ok(tools::hand_over(cargo)?)
}
