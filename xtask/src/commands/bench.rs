use super::Error;
use crate::{checkout, libtorch, python};
use reglet_link::tools;
use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

/// Runs the benchmarks, with the arguments of `cargo bench`. With `--peers` as the first argument, compares Reglet with
/// other tools, with the arguments of `benches/compare.py`; with `--methods`, compares single methods with other libraries', with the
/// arguments of `benches/compare_methods.py`; with `--scaling`, runs audits of growing size, with the
/// arguments of `benches/scaling.py`; with `--training`, compares training steps with PyTorch's, with the arguments of
/// `benches/training.py`; with `--forward`, compares forward passes and gradients with other engines', with the arguments of
/// `benches/forward.py`; with `--merge`, merges the parts of a large synthetic audit.
///
/// They use the same optimised profile as everything else, because another profile would compile libtorch's bindings a
/// second time.
pub fn bench(arguments: &[OsString]) -> Result<ExitCode, Error> {
    libtorch::ensure()?;
    let data = || env::var_os("REGLET_DATA").map(|data| ["--data".into(), data]).ok_or(Error::NoData);
    let first = arguments.split_first().and_then(|(first, rest)| Some((first.to_str()?, rest)));
    match first {
        Some(("--peers", rest)) => return script("compare.py", PROGRAM, &data()?, rest),
        Some(("--methods", rest)) => return script("compare_methods.py", PROGRAM, &data()?, rest),
        Some(("--scaling", rest)) => return script("scaling.py", PROGRAM, &[], rest),
        Some(("--training", rest)) => return script("training.py", STEP, &[], rest),
        Some(("--forward", rest)) => return script("forward.py", PASS, &[], rest),
        Some(("--merge", _)) => {
            let mut cargo = checkout::cargo();
            cargo.args(["test", "--package", "reglet-audit", "--lib", "--manifest-path"]);
            cargo.arg(checkout::root().join("Cargo.toml"));
            cargo.args(["--", "--ignored", "--nocapture", "bench::merging"]);
            return Ok(tools::hand_over(cargo)?);
        }
        _ => {}
    }
    let mut cargo = checkout::cargo();
    cargo.args(["bench", "--profile", "dev", "--manifest-path"]);
    cargo.arg(checkout::root().join("benches/Cargo.toml")).args(arguments);
    Ok(tools::hand_over(cargo)?)
}

/// A program that a script runs: the arguments with which cargo builds it, its path afterwards, and the script's name for
/// it.
type Built = (&'static [&'static str], &'static str, &'static str);

const PROGRAM: Built = (&["--package", "reglet-audit", "--bins"], "reglet", "--reglet");
const STEP: Built =
    (&["--package", "reglet-benches", "--example", "training"], "examples/training", "--step");
const PASS: Built = (&["--package", "reglet-benches", "--example", "forward"], "examples/forward", "--pass");

/// Runs a script of the folder `benches` on a program of ours.
fn script(
    name: &str,
    (words, path, flag): Built,
    own: &[OsString],
    arguments: &[OsString],
) -> Result<ExitCode, Error> {
    let failed = |reason: String| Error::Python { reason };
    let mut build = checkout::cargo();
    build.arg("build").args(words).arg("--manifest-path").arg(checkout::root().join("Cargo.toml"));
    python::run(build, "what is measured could not be built").map_err(failed)?;
    let mut script = Command::new(python::interpreter().map_err(failed)?);
    script.arg(checkout::root().join("benches").join(name));
    let program = checkout::target().join("debug").join(format!("{path}{}", env::consts::EXE_SUFFIX));
    script.arg(flag).arg(program).args(own).args(arguments);
    Ok(tools::hand_over(script)?)
}
