//! The build script of every crate here that links libtorch: says where its shared libraries are when a
//! program, test, bench or doc test starts.
//!
//! torch-sys finds libtorch while linking, but its linker arguments stop at its own crate, so each package
//! passes them on: the run path, so that a program starts with no `LD_LIBRARY_PATH`, and the CUDA library,
//! which the linker would drop because no symbol of it is used directly (it registers itself when loaded).
//! torch-sys tells the folder only to packages that name it among their own dependencies.
//!
//! It also says which libtorch the program is compiled for, as `REGLET_LIBTORCH`: what libtorch's own headers
//! call themselves, which is not the pinned version where somebody has told torch-sys to bypass its check.

use std::path::Path;
use std::{env, fs};

fn main() {
    // What torch-sys says follows from this; with nothing said here, any change in the package would count.
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    let version = env::var_os("DEP_TCH_LIBTORCH_LIB").and_then(|lib| version(Path::new(&lib)));
    println!("cargo::rustc-env=REGLET_LIBTORCH={}", version.as_deref().unwrap_or("unknown"));
    // Windows has no run path, and torch-sys says nothing there: `cargo xtask` puts the folder on PATH.
    let Some(lib) = env::var_os("DEP_TCH_LIBTORCH_LIB") else {
        return;
    };
    let lib = Path::new(&lib);
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", lib.display());
    let cuda = lib.join("libtorch_cuda.so");
    if cuda.exists() {
        println!("cargo::rustc-link-arg=-Wl,--no-as-needed,{},--as-needed", cuda.display());
    }
}

/// The version in the headers beside the folder of libraries, from lines such as `#define TORCH_VERSION_MAJOR 2`.
fn version(lib: &Path) -> Option<String> {
    let header = fs::read_to_string(lib.parent()?.join("include/torch/headeronly/version.h")).ok()?;
    let part = |name: &str| {
        let define = format!("#define TORCH_VERSION_{name} ");
        header.lines().find_map(|line| line.strip_prefix(&define)).map(str::trim)
    };
    Some(format!("{}.{}.{}", part("MAJOR")?, part("MINOR")?, part("PATCH")?))
}
