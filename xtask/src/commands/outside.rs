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
/// it, and compares its output with that in the README.
///
/// The arguments are names of crates (by default all) and `--git`, with which the packages depend on the checkout's last
/// commit instead of its folders. They are built in the checkout's own target folder, which already contains libtorch's
/// bindings.
pub fn outside(arguments: &[OsString]) -> Result<ExitCode, Error> {
    let all = with_example()?;
    let (mut names, mut git) = (Vec::new(), false);
    for word in arguments {
        let word = word.to_string_lossy().into_owned();
        match all.iter().find(|name| **name == word) {
            Some(name) => names.push(name.clone()),
            None if word == "--git" => git = true,
            None => {
                return Err(Error::Usage {
                    command: "outside",
                    word,
                    expected: "names of crates and `--git`",
                });
            }
        }
    }
    libtorch::ensure()?;
    let folder = env::temp_dir().join(format!("reglet-outside-{}", std::process::id()));
    let outcome = try_all(&folder, if names.is_empty() { &all } else { &names }, git);
    // The files of a failure are kept for inspection.
    if outcome.as_ref().is_ok_and(|status| *status == ExitCode::SUCCESS) {
        let _ = fs::remove_dir_all(&folder);
    }
    outcome
}

fn try_all(folder: &Path, names: &[String], git: bool) -> Result<ExitCode, Error> {
    let link = install(folder)?;
    let mut failed = 0;
    for name in names {
        match try_one(&folder.join(name), name, git, &link) {
            Ok(printed) => tools::print(&format!("{name}: as its README says ({printed} lines)\n")),
            Err(said) => {
                failed += 1;
                tools::print(&format!("{name}: {said}\n"));
            }
        }
    }
    if failed > 0 {
        eprintln!("{failed} of {} packages failed; they are in {}", names.len(), folder.display());
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
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet"]).current_dir(folder).env("CARGO_TARGET_DIR", checkout::target());
    // Cargo gives this program variables that an outside user does not have.
    for (variable, _) in env::vars_os() {
        let kept = ["CARGO_HOME", "CARGO_TARGET_DIR"].iter().any(|kept| variable == *kept);
        if variable.to_string_lossy().starts_with("CARGO_") && !kept {
            cargo.env_remove(variable);
        }
    }
    cargo.env_remove("LIBTORCH");
    let found = ended_well(run(cargo)?, "`cargo run`")?;
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
