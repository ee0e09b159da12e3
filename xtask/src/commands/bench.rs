use super::Error;
use crate::{checkout, libtorch, python};
use reglet_link::tools;
use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

/// Runs the benchmarks; the words are `cargo bench`'s. With `--peers` first, Reglet runs beside the tools it is
/// compared with instead, and the words are those of `benches/compare.py`; with `--scaling` first, audits run that
/// grow, and the words are those of `benches/scaling.py`.
///
/// They run in the profile everything else uses, which is optimised: another one would compile libtorch's
/// bindings a second time.
pub fn bench(arguments: &[OsString]) -> Result<ExitCode, Error> {
    libtorch::ensure()?;
    if let Some((first, rest)) = arguments.split_first() {
        if first == "--peers" {
            let data = env::var_os("REGLET_DATA").ok_or(Error::NoData)?;
            return script("compare.py", &["--data".into(), data], rest);
        }
        if first == "--scaling" {
            return script("scaling.py", &[], rest);
        }
    }
    let mut cargo = checkout::cargo();
    cargo.args(["bench", "--profile", "dev", "--manifest-path"]);
    cargo.arg(checkout::root().join("benches/Cargo.toml")).args(arguments);
    Ok(tools::hand_over(cargo)?)
}

/// Runs a script of the folder `benches` on the program `reglet`.
fn script(name: &str, own: &[OsString], arguments: &[OsString]) -> Result<ExitCode, Error> {
    let failed = |reason: String| Error::Python { reason };
    let mut build = checkout::cargo();
    build.args(["build", "--package", "reglet-audit", "--bins", "--manifest-path"]);
    build.arg(checkout::root().join("Cargo.toml"));
    python::run(build, "reglet could not be built").map_err(failed)?;
    let mut script = Command::new(python::interpreter().map_err(failed)?);
    script.arg(checkout::root().join("benches").join(name));
    let program = checkout::target().join("debug").join(format!("reglet{}", env::consts::EXE_SUFFIX));
    script.arg("--reglet").arg(program).args(own).args(arguments);
    Ok(tools::hand_over(script)?)
}
