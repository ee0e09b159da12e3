use super::Error;
use crate::{checkout, libtorch};
use reglet_link::tools;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

/// Hands the words to the program `reglet`.
pub fn reglet(words: &[OsString]) -> Result<ExitCode, Error> {
    hand_over(&REGLET, words)
}

/// Hands the words to the program `reglet-explore`, which serves the page.
pub fn explore(words: &[OsString]) -> Result<ExitCode, Error> {
    hand_over(&EXPLORE, words)
}

/// A program of the workspace.
struct Program {
    package: &'static str,
    /// What is started.
    name: &'static str,
    /// What does the work, where that is another program, which the first hands over to.
    works: &'static str,
}

const REGLET: Program = Program { package: "reglet-audit", name: "reglet", works: "reglet-run" };
const EXPLORE: Program =
    Program { package: "reglet-explore", name: "reglet-explore", works: "reglet-explore" };

/// Hands the words to a program, built first where its sources are newer than it.
///
/// A build shows itself, since the first one takes minutes; where nothing is to be built cargo stays
/// silent, so that the program's output is all there is.
fn hand_over(program: &Program, words: &[OsString]) -> Result<ExitCode, Error> {
    libtorch::ensure()?;
    let manifest = checkout::root().join("Cargo.toml");
    if !is_up_to_date(&checkout::target().join("debug"), program.works) {
        tools::require_cxx_compiler()?;
        let mut build = checkout::cargo();
        build.args(["build", "--package", program.package, "--bins", "--manifest-path"]).arg(&manifest);
        if !tools::run(build)?.success() {
            return Ok(ExitCode::from(2));
        }
    }
    let mut run = checkout::cargo();
    run.args(["run", "--quiet", "--package", program.package, "--bin", program.name, "--manifest-path"]);
    run.arg(&manifest).arg("--").args(words);
    Ok(tools::hand_over(run)?)
}

/// Whether the program called `name` in `folder` is newer than each source cargo lists for it in the file beside it. This
/// only decides whether cargo is allowed to be silent: what is built, cargo decides for itself.
fn is_up_to_date(folder: &Path, name: &str) -> bool {
    let Ok(listing) = fs::read_to_string(folder.join(format!("{name}.d"))) else {
        return false;
    };
    let program = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let Some(built) = modified(&program) else {
        return false;
    };
    sources(&listing)
        .chain([checkout::root().join("Cargo.lock")])
        .all(|source| modified(&source).is_some_and(|at| at <= built))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|facts| facts.modified()).ok()
}

/// The paths after the colon of a makefile's rule; a space within a path stands there as `\ `.
fn sources(listing: &str) -> impl Iterator<Item = PathBuf> {
    let rule = listing.lines().next().unwrap_or_default();
    let (_, sources) = rule.split_once(": ").unwrap_or_default();
    let sources = sources.replace("\\ ", "\0");
    let paths: Vec<PathBuf> = sources.split_whitespace().map(|path| path.replace('\0', " ").into()).collect();
    paths.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_of_a_rule_keep_their_spaces() {
        let listing = "/t/debug/reglet: /a/lib.rs /b\\ c/main.rs\n\n/a/lib.rs:\n";
        let paths: Vec<PathBuf> = sources(listing).collect();
        assert_eq!(paths, [Path::new("/a/lib.rs"), Path::new("/b c/main.rs")]);
    }

    #[test]
    fn a_program_older_than_a_source_is_not_up_to_date() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let source = folder.path().join("main.rs");
        let program = folder.path().join(format!("{}{}", REGLET.works, std::env::consts::EXE_SUFFIX));
        assert!(!is_up_to_date(folder.path(), REGLET.works), "nothing has been built");

        let listing = format!("{}: {}\n", program.display(), source.display());
        fs::write(folder.path().join(format!("{}.d", REGLET.works)), listing).expect("write the listing");
        fs::write(&source, "").expect("write the source");
        fs::write(&program, "").expect("write the program");
        assert!(is_up_to_date(folder.path(), REGLET.works), "the program is newer than its source");

        let later = SystemTime::now() + std::time::Duration::from_secs(60);
        let file = fs::File::options().append(true).open(&source).expect("open the source");
        file.set_modified(later).expect("set the time of the source");
        assert!(!is_up_to_date(folder.path(), REGLET.works), "the source is newer");
    }
}
