//! The PyTorch of a Python interpreter, found without importing it, which would take seconds.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Prints the folder of the package `torch`. The current folder is ignored, because it may contain an unrelated folder of
/// that name.
const PRINT_FOLDER: &str = "\
import sys, importlib.util
sys.path[:] = [path for path in sys.path if path]
spec = importlib.util.find_spec('torch')
print((spec and spec.submodule_search_locations or [''])[0])";

/// The folder of an interpreter's PyTorch.
pub(crate) fn folder(python: &Path) -> Option<PathBuf> {
    let output = Command::new(python).args(["-c", PRINT_FOLDER]).output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !folder.trim().is_empty()).then(|| folder.trim().into())
}

/// The name of the interpreter that torch-sys uses if `LIBTORCH_USE_PYTORCH` is set.
pub(crate) fn interpreter(in_environment: bool) -> &'static str {
    if cfg!(windows) || in_environment { "python" } else { "python3" }
}
