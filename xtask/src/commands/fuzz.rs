use super::Error;
use crate::{checkout, libtorch};
use reglet_link::tools;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

/// A fuzz target: a reader of untrusted files.
struct Target {
    name: &'static str,
    /// Folders of files to begin with, from the checkout's root. Where tests keep such files already, they are not kept twice.
    seeds: &'static [&'static str],
    /// It is linked with libtorch, whose bindings take minutes to compile.
    libtorch: bool,
}

const TARGETS: [Target; 10] = [
    Target { name: "archive", seeds: &["tests/fixtures/pt2"], libtorch: true },
    Target { name: "checkpoint", seeds: &["tests/fixtures/checkpoints"], libtorch: true },
    Target {
        name: "coco",
        seeds: &["fuzz/seeds/coco", "crates/reglet-data/tests/fixtures/coco"],
        libtorch: false,
    },
    Target { name: "folder", seeds: &["tests/fixtures/hugging_face"], libtorch: true },
    Target { name: "labels", seeds: &["fuzz/seeds/labels"], libtorch: true },
    Target { name: "manifest", seeds: &["fuzz/seeds/manifest"], libtorch: false },
    Target { name: "model", seeds: &["tests/fixtures/pt2"], libtorch: true },
    Target { name: "onnx", seeds: &["tests/fixtures/onnx"], libtorch: true },
    Target {
        name: "picture",
        seeds: &["crates/reglet-data/tests/fixtures", "crates/reglet-data/tests/broken/data"],
        libtorch: false,
    },
    Target { name: "rows", seeds: &["fuzz/seeds/rows"], libtorch: false },
];

const EXPECTED: &str = "`[TARGET] [--seconds N] [--stable]`, where TARGET is archive, checkpoint, coco, folder, labels, manifest, model, onnx, picture or rows (default: all in turn), N is the number of seconds for each (default: 60), and --stable uses the installed compiler instead of nightly";

/// The parsed arguments.
struct Asked {
    targets: Vec<&'static Target>,
    seconds: u64,
    stable: bool,
}

/// Runs one fuzz target, or all in turn, each for a number of seconds. Inputs that reach new code are kept in `fuzz/corpus`,
/// and inputs that make a target fail in `fuzz/artifacts`; the run ends with the first failure.
pub fn fuzz(arguments: &[OsString]) -> Result<ExitCode, Error> {
    let Asked { targets, seconds, stable } = parse(arguments)?;
    check(stable)?;
    if targets.iter().any(|target| target.libtorch) {
        libtorch::ensure()?;
    }
    for target in targets {
        eprintln!("fuzzing {} for {seconds} s", target.name);
        let status = tools::run(command(cargo(stable), target, seconds, &checkout::root())?)?;
        if !status.success() {
            return Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn parse(arguments: &[OsString]) -> Result<Asked, Error> {
    let fault = |word: &str| Error::Usage { command: "fuzz", word: word.to_owned(), expected: EXPECTED };
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let mut asked = Asked { targets: Vec::new(), seconds: 60, stable: false };
    let mut words = words.iter().map(AsRef::as_ref);
    while let Some(word) = words.next() {
        match word {
            "--stable" => asked.stable = true,
            "--seconds" => {
                let number: &str = words.next().ok_or_else(|| fault(word))?;
                asked.seconds =
                    number.parse().ok().filter(|seconds| *seconds > 0).ok_or_else(|| fault(number))?;
            }
            name => {
                let target = TARGETS.iter().find(|target| target.name == name);
                asked.targets.push(target.ok_or_else(|| fault(name))?);
            }
        }
    }
    if asked.targets.is_empty() {
        asked.targets = TARGETS.iter().collect();
    }
    Ok(asked)
}

/// Fails, with a message that says what to do, if something that fuzzing needs is missing.
fn check(stable: bool) -> Result<(), Error> {
    let missing = |reason: &str| Err(Error::Fuzz { reason: reason.to_owned() });
    if tools::find("cargo-fuzz").is_none() {
        return missing("cargo-fuzz is missing; install it with `cargo install cargo-fuzz --locked`");
    }
    if !stable && tools::output("rustup", &["run", "nightly", "rustc", "--version"]).is_none() {
        return missing(
            "the nightly compiler, whose options fuzzing needs, is missing; install it with `rustup toolchain install nightly --profile minimal`, or use the installed compiler with --stable",
        );
    }
    Ok(())
}

/// A cargo whose compiler takes the options that fuzzing needs: nightly's, or the one at hand, told to.
fn cargo(stable: bool) -> Command {
    let mut cargo = checkout::cargo();
    if stable {
        cargo.env("RUSTC_BOOTSTRAP", "1");
        return cargo;
    }
    let mut rustup = Command::new("rustup");
    rustup.args(["run", "nightly", "cargo"]);
    rustup.envs(cargo.get_envs().filter_map(|(name, value)| Some((name, value?))));
    rustup
}

/// The command that runs a target. Its folder for new inputs, which a new clone does not have, is made.
fn command(mut cargo: Command, target: &Target, seconds: u64, root: &Path) -> Result<Command, Error> {
    let corpus = root.join("fuzz/corpus").join(target.name);
    fs::create_dir_all(&corpus).map_err(|error| Error::Fuzz {
        reason: format!("{} could not be made: {error}", corpus.display()),
    })?;
    cargo.current_dir(root).args(["fuzz", "run"]);
    if !target.libtorch {
        cargo.arg("--no-default-features");
    }
    cargo.arg(target.name).arg(corpus).args(target.seeds.iter().map(|seeds| root.join(seeds)));
    cargo.arg("--").arg(format!("-max_total_time={seconds}")).args(["-timeout=20", "-rss_limit_mb=2048"]);
    if target.libtorch {
        // tch 0.26 does not free the arguments of a TorchScript program that fails (`CModule::forward_is`), by which operators
        // without a form of their own are run, so every operator that libtorch refuses would count as a leak.
        cargo.arg("-detect_leaks=0");
    }
    Ok(cargo)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn words_name_targets_and_seconds() {
        let names = |arguments: &[&str]| {
            let asked = parse(&words(arguments)).expect("sound");
            (asked.targets.iter().map(|target| target.name).collect::<Vec<_>>(), asked.seconds, asked.stable)
        };
        assert_eq!(names(&["coco", "--seconds", "5"]), (vec!["coco"], 5, false));
        assert_eq!((names(&[]).0.len(), names(&["--stable"]).2), (TARGETS.len(), true));
        for fault in [&["cocoa"][..], &["--seconds"], &["--seconds", "0"], &["--seconds", "long"]] {
            parse(&words(fault)).map(|_| ()).expect_err("no such target or number");
        }
    }

    #[test]
    fn the_compiler_at_hand_is_used_only_where_it_is_asked_to() {
        let told = |cargo: Command| cargo.get_envs().any(|(name, _)| name == "RUSTC_BOOTSTRAP");
        assert!(told(cargo(true)) && !told(cargo(false)));
        assert!(cargo(false).get_program() == "rustup");
    }

    #[test]
    fn every_target_has_its_file_and_its_seeds() {
        let root = checkout::root();
        let manifest = fs::read_to_string(root.join("fuzz/Cargo.toml")).expect("committed");
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len(), "each is listed here");
        for target in &TARGETS {
            assert!(root.join("fuzz/fuzz_targets").join(target.name).with_extension("rs").is_file());
            assert!(target.seeds.iter().all(|seeds| root.join(seeds).exists()), "{}", target.name);
        }
    }

    /// The state of a new clone, which has no folder for new inputs.
    #[test]
    fn the_folder_for_new_inputs_is_made() {
        let root = tempfile::tempdir().expect("a folder");
        let target = TARGETS.iter().find(|target| target.name == "manifest").expect("one of them");
        let run = command(Command::new("cargo"), target, 7, root.path()).expect("room");
        assert!(root.path().join("fuzz/corpus/manifest").is_dir());
        let words: Vec<_> = run.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        assert_eq!(words[..4], ["fuzz", "run", "--no-default-features", "manifest"]);
        assert!(words.contains(&"-max_total_time=7".to_owned()));
    }
}
