use super::Error;
use crate::{checkout, libtorch};
use reglet_link::tools;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

/// The crates with unsafe code.
const CRATES: [&str; 2] = ["reglet-kernels", "reglet-model"];

/// Runs the unit and integration tests of the crates with unsafe code under AddressSanitizer, with further arguments of `cargo
/// test`. It finds reads and writes outside of an allocation or after its end, in our code and in libtorch's where it is called
/// with our memory. Everything is compiled again, to a folder of its own.
///
/// Leaks are not counted: tch 0.26 does not free the arguments of an operator that libtorch refuses.
pub fn sanitize(arguments: &[OsString]) -> Result<ExitCode, Error> {
    let missing = |reason: &str| Error::Sanitize { reason: reason.to_owned() };
    let version = tools::output("rustup", &["run", "nightly", "rustc", "--version", "--verbose"]);
    let version = version.ok_or_else(|| {
        missing(
            "the nightly compiler, which alone has sanitizers, is missing; install it with `rustup toolchain install nightly --profile minimal`",
        )
    })?;
    let host = host(&version).ok_or_else(|| missing("the compiler does not name its platform"))?;
    libtorch::ensure()?;
    let mut run = Command::new("rustup");
    run.envs(checkout::cargo().get_envs().filter_map(|(name, value)| Some((name, value?))));
    run.args(["run", "nightly", "cargo", "test", "--lib", "--tests", "--target", host]);
    run.arg("--target-dir").arg(checkout::root().join("target/sanitizer"));
    run.arg("--manifest-path").arg(checkout::root().join("Cargo.toml"));
    CRATES.iter().for_each(|name| _ = run.args(["--package", name]));
    run.args(arguments);
    run.env("RUSTFLAGS", "-Zsanitizer=address").env("ASAN_OPTIONS", "detect_leaks=0");
    Ok(tools::hand_over(run)?)
}

/// The platform that a compiler's version names.
fn host(version: &str) -> Option<&str> {
    version.lines().find_map(|line| line.strip_prefix("host: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_is_read_from_the_compilers_version() {
        let version = "rustc 1.97.0-nightly\nhost: x86_64-unknown-linux-gnu\nrelease: 1.97.0-nightly\n";
        assert_eq!(host(version), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(host("rustc 1.97.0-nightly"), None);
    }

    /// A crate that opts out of the ban on unsafe code is tried here.
    #[test]
    fn every_crate_with_unsafe_code_is_listed() {
        for entry in std::fs::read_dir(checkout::root().join("crates")).expect("the crates") {
            let folder = entry.expect("an entry").path();
            let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
            let mut folders = vec![folder.join("src")];
            let mut has = false;
            while let Some(inner) = folders.pop() {
                for entry in std::fs::read_dir(&inner).expect("sources") {
                    let path = entry.expect("an entry").path();
                    if path.is_dir() {
                        folders.push(path);
                        continue;
                    }
                    let text = std::fs::read_to_string(&path).unwrap_or_default();
                    let code = text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
                    has |=
                        code.into_iter().any(|line| line.contains("unsafe {") || line.contains("unsafe fn"));
                }
            }
            let listed = CRATES.contains(&name.as_str());
            assert!(!has || listed || CALLS.contains(&name.as_str()), "{name} has unsafe code");
            assert!(has || !listed, "{name} has no unsafe code");
        }
    }

    /// Crates whose unsafe code is a single call of the system: its memory settings.
    const CALLS: [&str; 1] = ["reglet-audit"];
}
