//! The build script of every crate here that links libtorch: says where its shared libraries are when a
//! program, test, bench or doc test starts.
//!
//! torch-sys finds libtorch while linking, but its linker arguments stop at its own crate, so each package
//! passes them on: the run path, so that a program starts with no `LD_LIBRARY_PATH`, and the CUDA library,
//! which the linker would drop because no symbol of it is used directly (it registers itself when loaded).
//! torch-sys tells the folder only to packages that name it among their own dependencies.

use std::env;
use std::path::Path;

fn main() {
    // What torch-sys says follows from this; with nothing said here, any change in the package would count.
    println!("cargo::rerun-if-env-changed=LIBTORCH");
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
