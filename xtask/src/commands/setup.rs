use super::Error;
use crate::libtorch;
use reglet_link::{libtorch::Build, tools};
use std::ffi::OsString;
use std::process::ExitCode;

/// Finds or prepares libtorch, for the CPU or, with `--cuda`, for NVIDIA GPUs.
pub fn setup(arguments: &[OsString]) -> Result<ExitCode, Error> {
    let mut build = Build::Cpu;
    for word in arguments {
        match word.to_str() {
            Some("--cuda") => build = Build::Cuda,
            _ => {
                return Err(Error::Usage {
                    command: "setup",
                    word: word.to_string_lossy().into_owned(),
                    expected: "`--cuda` or nothing",
                });
            }
        }
    }
    let found = libtorch::set_up(build)?;
    tools::print(&format!("{found}\n"));
    tools::require_cxx_compiler()?;
    Ok(ExitCode::SUCCESS)
}
