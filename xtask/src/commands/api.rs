use super::Error;
use crate::{checkout, libtorch};
use reglet_link::tools;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{ExitCode, Stdio};

/// The listing of a crate's public interface, in the crate's folder.
const LISTING: &str = "api.txt";

/// Compares the public interface of each library in `crates` with the listing in the library's folder, and prints every item
/// that is new or gone. With `--write`, writes the listings instead.
///
/// The arguments are names of crates (by default all) and `--write`. The interface is found by cargo-public-api, with all
/// features of the crate. Implementations that every type has, such as `Send`, are left out.
pub fn api(arguments: &[OsString]) -> Result<ExitCode, Error> {
    let root = checkout::root();
    let all = libraries(&root)?;
    let (mut names, mut write) = (Vec::new(), false);
    for word in arguments {
        let word = word.to_string_lossy().into_owned();
        match all.iter().find(|name| **name == word) {
            Some(name) => names.push(name),
            None if word == "--write" => write = true,
            None => {
                return Err(Error::Usage { command: "api", word, expected: "names of crates and `--write`" });
            }
        }
    }
    if names.is_empty() {
        names = all.iter().collect();
    }
    check()?;
    libtorch::ensure()?;
    let mut differing = 0;
    for name in names {
        let found = interface(name)?;
        let path = root.join("crates").join(name).join(LISTING);
        if write {
            fs::write(&path, &found).map_err(|error| failed(&path, &error))?;
            tools::print(&format!("{name}: {} items\n", found.lines().count()));
            continue;
        }
        let listed = if path.exists() {
            fs::read_to_string(&path).map_err(|error| failed(&path, &error))?
        } else {
            String::new()
        };
        let changes = changes(&listed, &found);
        let said = if changes.is_empty() { "as listed" } else { "not as listed" };
        tools::print(&format!("{name}: {said}\n{changes}"));
        differing += usize::from(!changes.is_empty());
    }
    if differing > 0 {
        eprintln!(
            "{differing} interfaces are not as listed. If this is intended, run `cargo xtask api --write`."
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// The names of the crates with a library, in alphabetical order.
fn libraries(root: &Path) -> Result<Vec<String>, Error> {
    let folder = root.join("crates");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|error| failed(&folder, &error))? {
        let entry = entry.map_err(|error| failed(&folder, &error))?;
        if entry.path().join("src/lib.rs").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Fails, with a message that says what to do, if something that the listing needs is missing.
fn check() -> Result<(), Error> {
    let missing = |reason: &str| Err(Error::Api { reason: reason.to_owned() });
    if tools::find("cargo-public-api").is_none() {
        return missing(
            "cargo-public-api is missing; install it with `cargo install cargo-public-api --locked`",
        );
    }
    if tools::output("rustup", &["run", "nightly", "rustdoc", "--version"]).is_none() {
        return missing(
            "the nightly compiler, which alone describes interfaces as JSON, is missing; install it with `rustup toolchain install nightly --profile minimal`",
        );
    }
    Ok(())
}

/// The items of a crate's public interface, one in each line.
fn interface(name: &str) -> Result<String, Error> {
    let mut cargo = checkout::cargo();
    cargo.current_dir(checkout::root()).stdin(Stdio::null()).stderr(Stdio::inherit());
    cargo.args(["public-api", "--package", name, "--all-features"]);
    cargo.args(["--omit", "blanket-impls,auto-trait-impls"]);
    let output = cargo.output().map_err(|error| Error::Api { reason: error.to_string() })?;
    if !output.status.success() {
        return Err(Error::Api { reason: format!("cargo-public-api failed for {name}") });
    }
    String::from_utf8(output.stdout).map_err(|error| Error::Api { reason: error.to_string() })
}

/// The items that are gone and those that are new, one in each line.
fn changes(listed: &str, found: &str) -> String {
    let items = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (listed, found) = (items(listed), items(found));
    let gone = listed.difference(&found).map(|item| format!("  - {item}\n"));
    gone.chain(found.difference(&listed).map(|item| format!("  + {item}\n"))).collect()
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::Api { reason: format!("{}: {error}", path.display()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_and_what_is_new_is_said() {
        let listed = "pub fn a::one()\npub fn a::two()\n";
        assert_eq!(changes(listed, listed), "");
        let found = "pub fn a::one(u8)\npub fn a::two()\n";
        assert_eq!(changes(listed, found), "  - pub fn a::one()\n  + pub fn a::one(u8)\n");
        assert_eq!(changes("", found).lines().count(), 2);
    }

    #[test]
    fn every_crate_is_a_library() {
        let names = libraries(&checkout::root()).expect("committed");
        let folders = fs::read_dir(checkout::root().join("crates")).expect("committed").count();
        assert_eq!(names.len(), folders, "{names:?}");
    }
}
