//! Finds libtorch, downloads it if necessary, and makes sure that programs that link to it find it when they start.
//!
//! * [`run_path`] is for build scripts, and depends on no other crate.
//! * `libtorch` (feature `prepare`) looks for a libtorch of the version that `tch` requires, and downloads one if there is
//!   none.
//! * The program `reglet-link` (feature `program`) does this for a package of your own, and writes the path to cargo's
//!   configuration.
//!
//! In a package that uses `reglet-model`, `reglet-attribution` or any other crate that links to libtorch, write
//!
//! ```toml
//! [build-dependencies]
//! reglet-link = { git = "…" }   # from the same source as the other crates
//! ```
//!
//! and add the `build.rs` shown at [`run_path`]. Then run `reglet-link here` once in the folder of the package.

mod pytorch;
mod run_path;
mod version;

#[cfg(feature = "prepare")]
pub mod libtorch;
#[cfg(feature = "prepare")]
pub mod tools;

pub use run_path::run_path;
