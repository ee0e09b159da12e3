//! The instructions of a build script about libtorch.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::pytorch;
use crate::version::header_version;

/// The system's own library folders that torch-sys searches; the loader knows them without a run path.
const OF_THE_SYSTEM: [&str; 2] = ["/usr/lib/libtorch.so", "/usr/local/lib/libtorch.so"];

/// Makes sure that the programs, tests, examples and doc tests of a package find libtorch when they start. Call it in the
/// package's build script:
///
/// ```no_run
/// // The body of build.rs's `main`.
/// reglet_link::run_path();
/// ```
///
/// torch-sys finds libtorch for linking, but its instructions to the linker apply only to its own crate. Each package with
/// programs therefore has to add the place of the shared libraries (the *run path*) and, on Linux, the CUDA library, which
/// the linker would otherwise drop because none of its symbols is used directly.
///
/// It searches the same places as torch-sys: `LIBTORCH_LIB`, `LIBTORCH`, then the Python environment if
/// `LIBTORCH_USE_PYTORCH` is set, then the system's own folders. If there is no libtorch, the build ends with a message that
/// says how to get one.
///
/// The variable `REGLET_LIBTORCH` is set for the compiler: the version that libtorch's headers state, or `unknown`. On
/// Windows there are no run paths, so nothing else is set; `PATH` must contain libtorch's folder `lib`.
pub fn run_path() {
    for name in ["LIBTORCH", "LIBTORCH_LIB", "LIBTORCH_USE_PYTORCH"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    // Documentation is built there without libtorch.
    if env::var_os("DOCS_RS").is_some() {
        return;
    }
    match folder(|name| env::var_os(name).filter(|value| !value.is_empty())) {
        Ok(folder) => folder.as_deref().map_or_else(|| say_version(None), say),
        Err(missing) => println!("cargo::error={missing}"),
    }
}

/// Prints the instructions for the folder of the libraries.
fn say(lib: &Path) {
    say_version(version(lib).as_deref());
    if cfg!(windows) {
        return;
    }
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", lib.display());
    let cuda = lib.join("libtorch_cuda.so");
    if cuda.exists() {
        println!("cargo::rustc-link-arg=-Wl,--no-as-needed,{},--as-needed", cuda.display());
    }
}

fn say_version(version: Option<&str>) {
    println!("cargo::rustc-env=REGLET_LIBTORCH={}", version.unwrap_or("unknown"));
}

/// The version in the headers beside the libraries' folder.
fn version(lib: &Path) -> Option<String> {
    header_version(&fs::read_to_string(lib.parent()?.join("include/torch/headeronly/version.h")).ok()?)
}

/// Why there is no libtorch to link to.
#[derive(Debug, PartialEq, Eq)]
enum Missing {
    /// A variable names a folder without libtorch.
    Elsewhere { variable: &'static str, folder: PathBuf },
    /// Python was selected, but has no PyTorch.
    Python,
    /// No place was given, and none was found.
    Unknown,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::Elsewhere { variable, folder } => {
                write!(f, "{variable} points to {}, which contains no libtorch", folder.display())?;
            }
            Missing::Python => {
                f.write_str("LIBTORCH_USE_PYTORCH is set, but the Python on PATH has no PyTorch")?;
            }
            Missing::Unknown => f.write_str("libtorch was not found")?,
        }
        f.write_str(
            ". In this package's folder run `reglet-link here`, which finds it or downloads it once and writes its path to cargo's configuration (install the program with `cargo install reglet-link --features program`, with the same `--git` or `--path` as \
             in Cargo.toml); in a checkout of Reglet run `cargo xtask setup`.",
        )
    }
}

/// The folder of libtorch's libraries; `None` if the system's loader knows it.
fn folder(variable: impl Fn(&str) -> Option<OsString>) -> Result<Option<PathBuf>, Missing> {
    // The folder that torch-sys itself found, for packages that have it among their own dependencies.
    if let Some(lib) = variable("DEP_TCH_LIBTORCH_LIB") {
        return Ok(Some(lib.into()));
    }
    for name in ["LIBTORCH_LIB", "LIBTORCH"] {
        let Some(home) = variable(name).map(PathBuf::from) else { continue };
        let lib = home.join("lib");
        return match has_libtorch(&lib) {
            true => Ok(Some(lib)),
            false => Err(Missing::Elsewhere { variable: name, folder: home }),
        };
    }
    if variable("LIBTORCH_USE_PYTORCH").is_some() {
        let python = pytorch::interpreter(variable("VIRTUAL_ENV").is_some());
        let lib = pytorch::folder(Path::new(python)).map(|package| package.join("lib"));
        return lib.filter(|lib| has_libtorch(lib)).map(Some).ok_or(Missing::Python);
    }
    let known = OF_THE_SYSTEM.iter().any(|library| Path::new(library).exists());
    if known { Ok(None) } else { Err(Missing::Unknown) }
}

fn has_libtorch(lib: &Path) -> bool {
    let library = format!("{}torch_cpu{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    lib.join(library).is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'a>(variables: &'a [(&'a str, &'a Path)]) -> impl Fn(&str) -> Option<OsString> + use<'a> {
        move |name| {
            let (_, value) = variables.iter().find(|(variable, _)| *variable == name)?;
            Some(value.as_os_str().to_owned())
        }
    }

    #[test]
    fn libtorch_is_where_torch_sys_finds_it() {
        let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
        let [first, second] = folders.each_ref().map(tempfile::TempDir::path);
        for home in [first, second] {
            fs::create_dir(home.join("lib")).expect("make a folder");
            let library = format!("{}torch_cpu{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
            fs::write(home.join("lib").join(library), "").expect("write a library");
        }
        assert_eq!(folder(with(&[("LIBTORCH", first)])), Ok(Some(first.join("lib"))));
        let both = [("LIBTORCH", first), ("LIBTORCH_LIB", second)];
        assert_eq!(folder(with(&both)), Ok(Some(second.join("lib"))));
        let found = [("LIBTORCH", first), ("DEP_TCH_LIBTORCH_LIB", Path::new("found"))];
        assert_eq!(folder(with(&found)), Ok(Some("found".into())));
    }

    #[test]
    fn what_is_missing_is_said_with_what_to_do() {
        let empty = tempfile::tempdir().expect("a temporary folder");
        let missing = folder(with(&[("LIBTORCH", empty.path())])).expect_err("no libtorch");
        let said = missing.to_string();
        assert!(
            said.contains(&empty.path().display().to_string()) && said.contains("`reglet-link here`"),
            "{said}"
        );
        assert!(Missing::Unknown.to_string().starts_with("libtorch was not found. In"));
        // One line: cargo takes no other.
        assert!(!said.contains('\n'), "{said}");
    }
}
