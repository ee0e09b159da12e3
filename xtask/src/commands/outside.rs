use super::Error;
use crate::{checkout, libtorch};
use reglet_link::tools;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};

/// The crates that link to libtorch; the others must build without it.
const LINKED: [&str; 5] =
    ["reglet-model", "reglet-attribution", "reglet-axioms", "reglet-train", "reglet-audit"];

/// Follows the instructions of each crate's README: creates the package that is shown there in a temporary folder, builds
/// it, and compares its output with that in the README. The packages in `examples` are run where they are.
///
/// The arguments are names of crates, names of examples such as `examples/candle`, `examples` for all of these (by default
/// all crates and examples), and `--git`, with which the crates' packages depend on the checkout's last commit instead of its
/// folders. Everything is built in the checkout's own target folder. The packages have the same profile, so libtorch's bindings are
/// compiled once for all of them.
pub fn outside(arguments: &[OsString]) -> Result<ExitCode, Error> {
    let (crates, examples) = (with_example()?, examples()?);
    let (mut names, mut git) = (Vec::new(), false);
    for word in arguments {
        let word = word.to_string_lossy().into_owned();
        if word == "--git" {
            git = true;
        } else if word == EXAMPLES {
            names.extend(examples.iter().cloned());
        } else if crates.contains(&word) || examples.contains(&word) {
            names.push(word);
        } else {
            let expected = "names of crates, `examples`, names of examples (`examples/NAME`), and `--git`";
            return Err(Error::Usage { command: "outside", word, expected });
        }
    }
    if names.is_empty() {
        names = [crates, examples].concat();
    }
    libtorch::ensure()?;
    let folder = env::temp_dir().join(format!("reglet-outside-{}", std::process::id()));
    let outcome = try_all(&folder, &names, git);
    // The files of a failure are kept for inspection.
    if outcome.as_ref().is_ok_and(|status| *status == ExitCode::SUCCESS) {
        let _ = fs::remove_dir_all(&folder);
    }
    outcome
}

fn try_all(folder: &Path, names: &[String], git: bool) -> Result<ExitCode, Error> {
    let is_example = |name: &String| name.starts_with(EXAMPLES);
    let link = if names.iter().all(is_example) { None } else { Some(install(folder)?) };
    let mut failed = 0;
    for name in names {
        let outcome = match &link {
            Some(link) if !is_example(name) => try_one(&folder.join(name), name, git, link),
            _ => try_example(name),
        };
        match outcome {
            Ok(printed) => tools::print(&format!("{name}: as its README says ({printed} lines)\n")),
            Err(said) => {
                failed += 1;
                tools::print(&format!("{name}: {said}\n"));
            }
        }
    }
    if failed > 0 {
        eprintln!("{failed} of {} packages failed; those of crates are in {}", names.len(), folder.display());
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Installs the program `reglet-link`, as a user would.
fn install(folder: &Path) -> Result<PathBuf, Error> {
    let mut install = checkout::cargo();
    install
        .args(["install", "--quiet", "--locked", "--debug", "--features", "program", "--root"])
        .arg(folder);
    install.arg("--path").arg(checkout::root().join("crates/reglet-link"));
    install.arg("--target-dir").arg(checkout::target());
    if !tools::run(install)?.success() {
        return Err(Error::Outside { reason: "reglet-link could not be installed".to_owned() });
    }
    Ok(folder.join("bin").join(format!("reglet-link{}", env::consts::EXE_SUFFIX)))
}

/// Builds and runs one package. Returns the number of lines that it printed, or an error message.
fn try_one(folder: &Path, name: &str, git: bool, link: &Path) -> Result<usize, String> {
    let readme = fs::read_to_string(readme(name)).map_err(|error| format!("its README: {error}"))?;
    let mut printed = None;
    for (file, text) in blocks(&readme) {
        if file == PRINTED {
            printed = Some(text);
            continue;
        }
        let text = if file == "Cargo.toml" { of_checkout(&text, git)? } else { text };
        write(&folder.join(&file), &text)?;
    }
    let printed = printed.ok_or("its README does not say what the example prints")?;
    // The versions are those that the checkout is tested with.
    let lock = fs::read_to_string(checkout::root().join("Cargo.lock")).map_err(|error| error.to_string())?;
    write(&folder.join("Cargo.lock"), &lock)?;
    if LINKED.contains(&name) {
        let mut here = Command::new(link);
        here.arg("here").current_dir(folder).env("LIBTORCH", libtorch_here());
        ended_well(run(here)?, "`reglet-link here`")?;
    }
    let mut cargo = cargo_run(folder);
    cargo.env_remove("LIBTORCH");
    compare(&ended_well(run(cargo)?, "`cargo run`")?, &printed)
}

/// Builds and runs one of the packages in `examples`, with the versions in its lock file. Returns the number of lines that it
/// printed, or an error message.
fn try_example(name: &str) -> Result<usize, String> {
    let folder = checkout::root().join(name);
    let readme =
        fs::read_to_string(folder.join("README.md")).map_err(|error| format!("its README: {error}"))?;
    let printed = blocks(&readme).into_iter().find(|(file, _)| file == PRINTED);
    let (_, printed) = printed.ok_or("its README does not say what it prints")?;
    let mut cargo = cargo_run(&folder);
    cargo.arg("--locked").env("LIBTORCH", libtorch_here());
    if readme.contains(ONNX_RUNTIME) && env::var_os(ONNX_RUNTIME).is_none() {
        cargo.env(ONNX_RUNTIME, onnx_runtime()?);
    }
    compare(&ended_well(run(cargo)?, "`cargo run --locked`")?, &printed)
}

/// The variable by which the crate `ort` finds the library of ONNX Runtime.
const ONNX_RUNTIME: &str = "ORT_DYLIB_PATH";

/// The library of ONNX Runtime in the Python of `REGLET_PYTHON`, or else in that on the search path.
fn onnx_runtime() -> Result<String, String> {
    const FIND: &str = "import onnxruntime, pathlib
folder = pathlib.Path(onnxruntime.__file__).parent / 'capi'
print(*folder.glob('libonnxruntime.*'), *folder.glob('onnxruntime.dll'))";
    let python = env::var_os("REGLET_PYTHON").map(PathBuf::from);
    let python = python.or_else(|| tools::find("python3")).or_else(|| tools::find("python"));
    let found = python.and_then(|python| Command::new(python).args(["-c", FIND]).output().ok());
    let found = found.map(|found| String::from_utf8_lossy(&found.stdout).trim().to_owned());
    found.filter(|library| !library.is_empty()).ok_or_else(|| {
        format!(
            "ONNX Runtime was not found; run `pip install onnxruntime`, or set {ONNX_RUNTIME} to its library"
        )
    })
}

/// `cargo run` in a folder, as a user would start it, but with the checkout's target folder.
fn cargo_run(folder: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet"]).current_dir(folder).env("CARGO_TARGET_DIR", checkout::target());
    // Cargo gives this program variables that an outside user does not have.
    for (variable, _) in env::vars_os() {
        let kept = ["CARGO_HOME", "CARGO_TARGET_DIR"].iter().any(|kept| variable == *kept);
        if variable.to_string_lossy().starts_with("CARGO_") && !kept {
            cargo.env_remove(variable);
        }
    }
    cargo
}

/// The number of lines of an output, if it is that in the README.
fn compare(found: &str, printed: &str) -> Result<usize, String> {
    if found.trim_end() != printed.trim_end() {
        return Err(format!("it printed\n{found}but its README says\n{printed}"));
    }
    Ok(found.lines().count())
}

/// The folder of libtorch that cargo uses in the checkout, so that nothing linked to it is compiled again.
fn libtorch_here() -> OsString {
    env::var_os("LIBTORCH").unwrap_or_else(|| checkout::libtorch_link().into())
}

fn run(mut command: Command) -> Result<Output, String> {
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    command.output().map_err(|error| error.to_string())
}

fn ended_well(output: Output, what: &str) -> Result<String, String> {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(said) } else { Err(format!("{what} failed ({}): {said}", output.status)) }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = made.and_then(|()| fs::File::create(path)?.write_all(text.as_bytes()));
    written.map_err(|error| format!("{}: {error}", path.display()))
}

/// The name of the block with the example's output.
const PRINTED: &str = "printed";

/// The blocks of a README that are files, each with its name: that of the comment on its first line. A block that begins
/// with `$ cargo run` is what that prints.
fn blocks(readme: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        if !line.starts_with("```") || line == "```" {
            continue;
        }
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let Some((first, rest)) = block.split_first() else { continue };
        let comment = first.strip_prefix("# ").or_else(|| first.strip_prefix("// "));
        let name = match comment {
            Some(name) if name.ends_with(".toml") || name.ends_with(".rs") => name,
            _ if *first == "$ cargo run" => PRINTED,
            _ => continue,
        };
        found.push((name.to_owned(), format!("{}\n", rest.join("\n"))));
    }
    found
}

/// A `Cargo.toml` with the checkout in place of the address.
fn of_checkout(manifest: &str, git: bool) -> Result<String, String> {
    let root = checkout::root().display().to_string();
    let root = root.replace('\\', "/");
    let mut lines = vec!["[package]\nname = \"outside\"\nedition = \"2024\"\n\n[workspace]\n".to_owned()];
    for line in manifest.lines() {
        let named = line.split_once(" = ").filter(|_| line.contains(ADDRESS));
        lines.push(match named {
            Some(_) if git => line.replace(ADDRESS, &format!("git = \"file://{root}\"")),
            Some((name, _)) => line.replace(ADDRESS, &format!("path = \"{root}/crates/{name}\"")),
            None => line.to_owned(),
        });
    }
    if !lines.iter().any(|line| line.contains(&root)) {
        return Err(format!("its README has no `{ADDRESS}`"));
    }
    Ok(format!("{}\n", lines.join("\n")))
}

/// The placeholder in a README for the source of the crates.
const ADDRESS: &str = "git = \"ADDRESS\"";

/// The folder of the examples, and the word for all of them.
const EXAMPLES: &str = "examples";

/// The names of the packages in `examples`, in alphabetical order.
fn examples() -> Result<Vec<String>, Error> {
    let folder = checkout::root().join(EXAMPLES);
    let failed = |error: std::io::Error| Error::Outside { reason: format!("{}: {error}", folder.display()) };
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(format!("{EXAMPLES}/{}", entry.file_name().to_string_lossy()));
        }
    }
    names.sort();
    Ok(names)
}

fn readme(name: &str) -> PathBuf {
    checkout::root().join("crates").join(name).join("README.md")
}

/// The names of the crates whose README has an example, in alphabetical order.
fn with_example() -> Result<Vec<String>, Error> {
    let folder = checkout::root().join("crates");
    let failed = |error: std::io::Error| Error::Outside { reason: format!("{}: {error}", folder.display()) };
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        let text = fs::read_to_string(readme(&name)).unwrap_or_default();
        if blocks(&text).iter().any(|(file, _)| file == "src/main.rs") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readme_s_blocks_are_files() {
        let readme = "# A\n```toml\n# Cargo.toml\n[dependencies]\na = { git = \"ADDRESS\" }\n```\ntext\n```sh\ncargo run\n```\n\
                      ```rust\n// src/main.rs\nfn main() {}\n```\n```text\n$ cargo run\n1\n2\n```\n";
        let found = blocks(readme);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Cargo.toml", "src/main.rs", PRINTED]);
        assert_eq!((found[1].1.as_str(), found[2].1.as_str()), ("fn main() {}\n", "1\n2\n"));
        let manifest = of_checkout(&found[0].1, false).expect("an address");
        assert!(manifest.contains("/crates/a\" }") && manifest.starts_with("[package]\n"), "{manifest}");
        assert!(of_checkout(&found[0].1, true).expect("an address").contains("git = \"file://"));
        assert!(of_checkout("[dependencies]\n", false).is_err());
    }

    #[test]
    fn every_example_has_what_it_prints_and_its_versions() {
        let found = examples().expect("a folder of examples");
        assert!(found.contains(&"examples/candle".to_owned()), "{found:?}");
        for name in &found {
            let folder = checkout::root().join(name);
            let readme = fs::read_to_string(folder.join("README.md")).expect("a README");
            assert!(blocks(&readme).iter().any(|(file, _)| file == PRINTED), "{name}");
            assert!(folder.join("Cargo.lock").is_file(), "{name}");
        }
    }

    #[test]
    fn every_crate_has_an_example_for_strangers() {
        let found = with_example().expect("a folder of crates");
        for entry in fs::read_dir(checkout::root().join("crates")).expect("a folder").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // These two are programs.
            let program = ["reglet-explore", "reglet-link"].contains(&name.as_str());
            assert!(found.contains(&name) || program, "{name}");
        }
        assert!(LINKED.iter().all(|name| found.iter().any(|found| found == name)));
    }
}
