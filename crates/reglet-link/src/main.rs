//! The program `reglet-link`: finds libtorch, or downloads it, and writes its path to cargo's configuration.

mod config;

use reglet_link::libtorch::{self, Build};
use reglet_link::tools;
use std::env;
use std::path::Path;
use std::process::ExitCode;

const HELP: &str = "\
Finds the libtorch that Reglet's crates link to, or downloads it once into the user's cache.

Usage: reglet-link [here] [--cuda]

  reglet-link         prints the folder, for the variable LIBTORCH:
                      LIBTORCH=$(reglet-link) cargo install …
  reglet-link here    sets LIBTORCH for the package in the current folder, in .cargo/config.toml
  --cuda              a build for NVIDIA GPUs (Linux, about 2.5 GB)

It uses the folder named by LIBTORCH, else the PyTorch of the active Python environment, else the cache
(whose folder can be set with REGLET_CACHE).
";

fn main() -> ExitCode {
    let (mut build, mut here) = (Build::Cpu, false);
    for word in env::args_os().skip(1) {
        match word.to_str() {
            Some("--cuda") => build = Build::Cuda,
            Some("here") => here = true,
            Some("help" | "--help" | "-h") => {
                tools::print(HELP);
                return ExitCode::SUCCESS;
            }
            _ => {
                eprintln!("error: {word:?} is unknown; the arguments are `here` and `--cuda`");
                return ExitCode::from(2);
            }
        }
    }
    match run(build, here) {
        Ok(()) => ExitCode::SUCCESS,
        Err(said) => {
            eprintln!("error: {said}");
            ExitCode::from(2)
        }
    }
}

fn run(build: Build, here: bool) -> Result<(), String> {
    // Nothing is downloaded for a folder in which it could not be used.
    if here && !Path::new("Cargo.toml").is_file() {
        return Err("there is no Cargo.toml here; run this in the folder of your package".to_owned());
    }
    let found = libtorch::find_or_prepare(build, None).map_err(|error| error.to_string())?;
    if here {
        let file = Path::new(".cargo/config.toml");
        config::set(file, &found.libtorch.home)?;
        tools::print(&format!("{found}\n{} now names it as LIBTORCH.\n", file.display()));
    } else {
        eprintln!("{found}");
        tools::print(&format!("{}\n", found.libtorch.home.display()));
    }
    tools::require_cxx_compiler().map_err(|error| error.to_string())
}
