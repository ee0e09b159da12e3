//! `cargo xtask`: prepares libtorch and then starts `reglet`; it also has commands for developers.
//!
//! This crate builds in seconds and without libtorch. Commands that are not listed here are passed to the program `reglet`,
//! after libtorch has been prepared where cargo expects it.

mod checkout;
mod commands;
mod libtorch;
mod python;

use reglet_link::tools;
use std::ffi::OsString;
use std::process::ExitCode;

const HELP: &str = "\
Reglet: does an image classifier look at the lesion or at the ruler beside it?

Usage: cargo xtask <COMMAND> [ARGUMENTS]

Reglet's commands (libtorch is prepared and the program built on first use)
  explain PICTURE            what a classifier says of a picture, and where it looks
  audit --config ruler.toml  a model and a data set: evidence and a verdict
  merge FOLDER…              one audit of the parts that `audit --shard` made on any number of machines
  judge RESULTS              the verdicts of an audit again, by other rules and without any model
  correct                    a model with a shortcut: corrected, and audited before and after
  calibrate                  how often the audit is right: classifiers whose dependence on the ruler is known
  explore                    the page on this machine: drag a ruler, watch the answer; annotate; learn
  methods                    the attribution methods: name, cost, paper
  gallery                    every method on a photograph and a dermoscopic picture; --help says what to pass
  inspect MODEL              a model's operators, shapes, parameters, and layers for Grad-CAM
  export-help                the lines of Python that export a model
  config-schema [correct]    the JSON schema of the audit's config, or of a correction's
  results-schema [correct]   the JSON schema of results.json, or of correction.json
  train-shipped              train the small classifiers that come with the program again
  reglet [ARGUMENTS]         the program itself: `cargo xtask reglet --help` lists all it can do

Set-up
  setup [--cuda]             find or prepare libtorch, for the CPU or for NVIDIA GPUs
  doctor                     show what was found: libtorch, devices, compilers, caches

Development
  test [ARGUMENTS]           all tests and doc tests, as `cargo test --workspace`, and what was left out
  test --quick               the tests inside the libraries
  bench [ARGUMENTS]          the benchmarks
  bench --peers [ARGUMENTS]  Reglet beside the notebook and Captum, on the weights and pictures of REGLET_DATA
  bench --scaling            what an audit costs as pictures, their size and the steps grow
  bench --merge              what merging the parts of an audit of a million rows costs
  bench --training           a step of training beside PyTorch's
  fuzz [TARGET] [--seconds N] [--stable]
                             each reader of files, or one, on made-up ones; needs cargo-fuzz, and says how to get it
  outside [CRATE…] [--git]   what each crate's README tells a stranger to do, in packages of their own
  slurm [KEY=VALUE…]         the default audit as an array of a Slurm cluster on this machine; needs Debian's packages and root
  parity [NETWORK…]          exported networks against what PyTorch computes with them
  parity --sweep [NETWORK…]  the same of one small network of every family of timm, torchvision and transformers
  parity --onnx [NETWORK…]   exported networks, as ONNX files too
  parity --corrected         corrected weights, loaded into torchvision's network

Exit status: the command's own; 2 when it could not be started.
";

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let Some(command) = words.next() else {
        tools::print(HELP);
        return ExitCode::SUCCESS;
    };
    let arguments: Vec<OsString> = words.collect();
    let outcome = match command.to_str() {
        Some("help" | "--help" | "-h") => {
            tools::print(HELP);
            Ok(ExitCode::SUCCESS)
        }
        Some("setup") => commands::setup(&arguments),
        Some("doctor") => commands::doctor(&arguments),
        Some("test") => commands::test(&arguments),
        Some("bench") => commands::bench(&arguments),
        Some("parity") => commands::parity(&arguments),
        Some("outside") => commands::outside(&arguments),
        Some("slurm") => commands::slurm(&arguments),
        Some("fuzz") => commands::fuzz(&arguments),
        Some("explore") => commands::explore(&arguments),
        Some("reglet") => commands::reglet(&arguments),
        _ => {
            let all: Vec<OsString> = std::iter::once(command).chain(arguments).collect();
            commands::reglet(&all)
        }
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}
