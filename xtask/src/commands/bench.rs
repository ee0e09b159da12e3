use super::Error;
use crate::{checkout, libtorch, python, tools};
use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

/// Runs the benchmarks; the words are `cargo bench`'s. With `--peers` first, Reglet runs beside the tools it is
/// compared with instead, and the words are those of `benches/compare.py`.
///
/// They run in the profile everything else uses, which is optimised: another one would compile libtorch's
/// bindings a second time.
pub fn bench(arguments: &[OsString]) -> Result<ExitCode, Error> {
    libtorch::ensure()?;
    if let Some((first, rest)) = arguments.split_first()
        && first == "--peers"
    {
        return peers(rest);
    }
    let mut cargo = checkout::cargo();
    cargo.args(["bench", "--profile", "dev", "--manifest-path"]);
    cargo.arg(checkout::root().join("benches/Cargo.toml")).args(arguments);
    Ok(tools::hand_over(cargo)?)
}

fn peers(arguments: &[OsString]) -> Result<ExitCode, Error> {
    let failed = |reason: String| Error::Python { reason };
    let data = env::var_os("REGLET_DATA").ok_or(Error::NoData)?;
    let mut build = checkout::cargo();
    build.args(["build", "--package", "reglet-audit", "--bin", "reglet", "--manifest-path"]);
    build.arg(checkout::root().join("Cargo.toml"));
    python::run(build, "reglet could not be built").map_err(failed)?;
    let mut compare = Command::new(python::interpreter().map_err(failed)?);
    compare.arg(checkout::root().join("benches/compare.py"));
    let program = checkout::target().join("debug").join(format!("reglet{}", env::consts::EXE_SUFFIX));
    compare.arg("--reglet").arg(program).arg("--data").arg(data).args(arguments);
    Ok(tools::hand_over(compare)?)
}
