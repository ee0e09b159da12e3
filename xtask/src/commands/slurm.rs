use super::Error;
use crate::{checkout, libtorch};
use reglet_link::tools;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

/// Runs an audit on a local Slurm cluster with `deploy/slurm/try.sh`; the arguments override values of the config.
pub fn slurm(arguments: &[OsString]) -> Result<ExitCode, Error> {
    libtorch::ensure()?;
    let mut build = checkout::cargo();
    build.args(["build", "--package", "reglet-audit", "--bins", "--manifest-path"]);
    build.arg(checkout::root().join("Cargo.toml"));
    if !tools::run(build)?.success() {
        return Ok(ExitCode::from(2));
    }
    let mut script = Command::new("bash");
    script.arg(checkout::root().join("deploy/slurm/try.sh")).args(arguments);
    script.env("REGLET", checkout::target().join("debug/reglet"));
    Ok(tools::hand_over(script)?)
}
