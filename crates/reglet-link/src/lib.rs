//! Finding libtorch, preparing it, and letting programs that are linked to it start.
//!
//! * [`run_path`] is for build scripts, and needs no other crate.
//! * `libtorch` (feature `prepare`) looks for a libtorch of the version that `tch` takes, and downloads one where there is none.
//! * The program `reglet-link` (feature `program`) does that for a package of one's own, and tells cargo of it.
//!
//! In a package that uses `reglet-model`, `reglet-attribution` or whatever else stands on libtorch:
//!
//! ```toml
//! [build-dependencies]
//! reglet-link = { git = "…" }   # where the other crates come from
//! ```
//!
//! with the `build.rs` that [`run_path`] shows. Then `reglet-link here`, once, in the folder of the package.

mod pytorch;
mod run_path;
mod version;

#[cfg(feature = "prepare")]
pub mod libtorch;
#[cfg(feature = "prepare")]
pub mod tools;

pub use run_path::run_path;
