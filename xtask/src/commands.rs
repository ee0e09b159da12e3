//! One command to a file. Each takes the words after its name and ends with an exit status.

mod bench;
mod doctor;
mod fuzz;
mod outside;
mod parity;
mod reglet;
mod setup;
mod slurm;
mod test;

pub use bench::bench;
pub use doctor::doctor;
pub use fuzz::fuzz;
pub use outside::outside;
pub use parity::parity;
pub use reglet::{explore, reglet};
pub use setup::setup;
pub use slurm::slurm;
pub use test::test;

use crate::libtorch;
use reglet_link::tools;

/// Why a command could not do its work; what went wrong inside a program it started is not among these.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`cargo xtask {command}` does not accept {word:?}; it accepts {expected}.")]
    Usage { command: &'static str, word: String, expected: &'static str },
    #[error(
        "{reason}. Set REGLET_PYTHON to a Python that has the packages in tests/reference/requirements.txt."
    )]
    Python { reason: String },
    #[error("fuzzing is not possible: {reason}")]
    Fuzz { reason: String },
    #[error("packages outside the checkout could not be tested: {reason}")]
    Outside { reason: String },
    #[error("REGLET_DATA is not set to a folder; `bench --peers` needs it for weights and pictures")]
    NoData,
    #[error(transparent)]
    Libtorch(#[from] libtorch::Error),
    #[error(transparent)]
    Tool(#[from] tools::Error),
}
