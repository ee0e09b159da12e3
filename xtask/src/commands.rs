//! The commands, one in each file. Each receives the arguments after its name and returns an exit status.

mod api;
mod bench;
mod doctor;
mod fuzz;
mod outside;
mod parity;
mod reglet;
mod sanitize;
mod setup;
mod slurm;
mod test;

pub use api::api;
pub use bench::bench;
pub use doctor::doctor;
pub use fuzz::fuzz;
pub use outside::outside;
pub use parity::parity;
pub use reglet::{explore, reglet};
pub use sanitize::sanitize;
pub use setup::setup;
pub use slurm::slurm;
pub use test::test;

use crate::libtorch;
use reglet_link::tools;

/// Why a command failed; errors of a program that it has started are not included.
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
    #[error("the tests could not be run under a sanitizer: {reason}")]
    Sanitize { reason: String },
    #[error("packages outside the checkout could not be tested: {reason}")]
    Outside { reason: String },
    #[error("the public interfaces could not be compared with their listings: {reason}")]
    Api { reason: String },
    #[error(
        "REGLET_DATA is not set to a folder; `bench --peers` and `bench --methods` need it for weights and pictures"
    )]
    NoData,
    #[error(transparent)]
    Libtorch(#[from] libtorch::Error),
    #[error(transparent)]
    Tool(#[from] tools::Error),
}
