//! The program `reglet-run`, which carries out the commands of `reglet`.

use std::process::ExitCode;

fn main() -> ExitCode {
    reglet_audit::program()
}
