//! The program `reglet`: parses the command line and starts `reglet-run`.
//!
//! There are two programs because libtorch takes a fifth of a second to load, which is unnecessary for printing the version
//! or reporting a misspelt option. This program is not linked to libtorch.

mod command_line;

use std::process::{self, ExitCode};
use std::{env, io};

use clap::Parser;
use command_line::{Command, CommandLine};
use reglet_link::libtorch::{Build, find_or_prepare};

fn main() -> ExitCode {
    if let Command::Setup { cuda } = CommandLine::parse().command {
        return setup(cuda);
    }
    match hand_over() {
        Ok(status) => status,
        Err(error) => {
            eprintln!(
                "error: could not start the program reglet-run, which must be in the same folder as reglet ({error}); build both with `cargo build --package reglet-audit`"
            );
            ExitCode::from(2)
        }
    }
}

/// Finds libtorch, or prepares it, for the program that is linked to it.
fn setup(cuda: bool) -> ExitCode {
    match find_or_prepare(if cuda { Build::Cuda } else { Build::Cpu }, None) {
        Ok(found) => {
            println!("{found}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Becomes the other program.
#[cfg(unix)]
fn hand_over() -> io::Result<ExitCode> {
    use std::os::unix::process::CommandExt;

    Err(runner()?.exec())
}

/// Runs the other program and ends as it does.
#[cfg(not(unix))]
fn hand_over() -> io::Result<ExitCode> {
    let status = runner()?.status()?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(2)))
}

fn runner() -> io::Result<process::Command> {
    let program = env::current_exe()?.with_file_name(format!("reglet-run{}", env::consts::EXE_SUFFIX));
    let mut command = process::Command::new(program);
    command.args(env::args_os().skip(1));
    Ok(command)
}
