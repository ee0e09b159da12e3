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
  explain PICTURE            show a classifier's prediction for a picture, and attribution maps
  audit --config ruler.toml  audit models on a data set: evidence, a verdict and a report
  merge FOLDER…              merge the parts of an audit, made with `audit --shard` on any number of machines
  judge RESULTS              compute the verdicts of an audit again with other rules, without running a model
  correct                    correct a model that uses a shortcut, and audit it before and after
  calibrate                  measure how often audits are right, on classifiers whose dependence is known
  explore                    start the local web page: drag a ruler and watch the prediction; annotate; learn
  methods                    list the attribution methods: name, cost, paper
  gallery                    draw every method on a photograph and a dermoscopic picture (see --help)
  inspect MODEL              list a model's operators, shapes, parameters, and layers for Grad-CAM
  export-help                print the Python code that exports a model
  config-schema [correct]    print the JSON schema of the config of an audit, or of a correction
  results-schema [correct]   print the JSON schema of results.json, or of correction.json
  train-shipped              train the small classifiers that come with the program again
  reglet [ARGUMENTS]         run the program itself: `cargo xtask reglet --help` lists all commands

Set-up
  setup [--cuda]             find or prepare libtorch, for the CPU or for NVIDIA GPUs
  doctor                     show what was found: libtorch, devices, compilers, caches

Development
  test [ARGUMENTS]           run all tests and doc tests, as `cargo test --workspace`, and list what was skipped
  test --quick               run only the unit tests of the libraries
  bench [ARGUMENTS]          run the benchmarks
  bench --peers [ARGUMENTS]  compare Reglet with the notebook and Captum, on the data in the folder REGLET_DATA
  bench --methods            compare single methods with Captum and pytorch-grad-cam, on the same data
  bench --scaling            measure how the cost of an audit grows with the pictures, their size and the steps
  bench --merge              measure the cost of merging the parts of an audit with a million rows
  bench --training           compare a training step with PyTorch's
  bench --forward            compare forward passes and gradients with other engines'; benches/gpu.sh does so on a GPU
  fuzz [TARGET] [--seconds N] [--stable]
                             fuzz the file readers, or one of them; needs cargo-fuzz, and says how to install it
  sanitize [ARGUMENTS]       run the tests of the crates with unsafe code under AddressSanitizer; needs nightly
  outside [CRATE…] [--git]   run the example of each crate's README in a package of its own, and the packages in `examples`
  outside examples           run only the latter: classifiers of other libraries
  api [CRATE…] [--write]     compare the public interface of each crate with its listing, or write the listings
  slurm [KEY=VALUE…]         run the default audit on a local Slurm cluster; needs Debian's packages and root
  parity [NETWORK…]          compare exported networks with PyTorch
  parity --sweep [NETWORK…]  compare one small network of every family of timm, torchvision and transformers
  parity --onnx [NETWORK…]   compare exported networks, also as ONNX files
  parity --folders [NETWORK…]
                             compare networks built from the configs of Hugging Face folders
  parity --corrected         load corrected weights into torchvision's network and compare

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
        Some("api") => commands::api(&arguments),
        Some("slurm") => commands::slurm(&arguments),
        Some("sanitize") => commands::sanitize(&arguments),
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
