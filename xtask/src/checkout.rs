//! The checkout this xtask was built from, and its cargo.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    // Cargo says at run time where the manifest is, so a checkout that has been moved is still found.
    let manifest = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.parent().map_or_else(|| manifest.clone(), Path::to_path_buf)
}

/// The link at which `.cargo/config.toml` points `LIBTORCH`.
pub fn libtorch_link() -> PathBuf {
    root().join(".libtorch")
}

/// The folder cargo builds in.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The cargo that runs this program, set up to find libtorch from any folder.
pub fn cargo() -> Command {
    with_libtorch(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), &[])
}

/// A program, set up to find libtorch, with these words.
pub fn with_libtorch(program: impl AsRef<OsStr>, words: &[OsString]) -> Command {
    let mut command = Command::new(program);
    command.args(words);
    if env::var_os("LIBTORCH").is_none() {
        command.env("LIBTORCH", libtorch_link());
    }
    if cfg!(windows) {
        // Windows has no run path: a program finds libtorch's libraries through PATH alone.
        let libtorch = env::var_os("LIBTORCH").map_or_else(libtorch_link, PathBuf::from);
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(libtorch.join("lib")).chain(env::split_paths(&path));
        if let Ok(path) = env::join_paths(folders) {
            command.env("PATH", path);
        }
    }
    command
}
