use super::Error;
use crate::{checkout, libtorch};
use reglet_link::libtorch::{Build, VERSION, cache_folder, folder_size, package_clients, pytorches};
use reglet_link::tools;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Prints what was found and then what is missing and what to do about it. It changes nothing; the exit status is 1 if
/// something is missing.
pub fn doctor(arguments: &[OsString]) -> Result<ExitCode, Error> {
    if let Some(word) = arguments.first() {
        let word = word.to_string_lossy().into_owned();
        return Err(Error::Usage { command: "doctor", word, expected: "nothing" });
    }
    let mut missing = Vec::new();
    let mut report = String::new();
    let mut line = |name: &str, value: &str| report.push_str(&format!("{name:<18} {value}\n"));

    match libtorch::look() {
        Ok(Some(found)) => {
            line("libtorch", &found.to_string());
            line("  linked at", &checkout::libtorch_link().display().to_string());
        }
        Ok(None) => {
            line("libtorch", "not set up");
            missing.push(format!("libtorch {VERSION} is not set up: run `cargo xtask setup`."));
        }
        Err(error) => {
            line("libtorch", "cannot be used");
            missing.push(error.to_string());
        }
    }
    for (python, torch) in pytorches() {
        line("Python", &format!("{} with {torch}", python.display()));
    }
    line("package clients", &or_none(package_clients().join(", ")));

    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    line("rustc", &or_none(tools::output(rustc, &["--version"]).unwrap_or_default()));
    match tools::cxx_compiler() {
        Some((name, version)) => line("C++ compiler", &format!("{name}: {version}")),
        None if cfg!(windows) => line("C++ compiler", "Visual Studio's, found when building"),
        None => line("C++ compiler", "none"),
    }
    if let Err(error) = tools::require_cxx_compiler() {
        missing.push(error.to_string());
    }

    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    line("devices", &format!("cpu ({threads} threads)"));
    for variable in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"] {
        if let Ok(value) = env::var(variable) {
            line("", &format!("{variable}={value}"));
        }
    }
    if cfg!(all(target_os = "macos", target_arch = "aarch64")) {
        line("", "mps (Apple's GPU)");
    }
    for (index, gpu) in tools::nvidia_gpus().iter().enumerate() {
        line("", &format!("cuda:{index} ({gpu})"));
    }
    let is_cpu_build =
        libtorch::look().ok().flatten().is_some_and(|found| found.libtorch.build == Build::Cpu);
    if tools::has_nvidia_gpu() && is_cpu_build {
        missing.push(
            "libtorch is a build for the CPU, so the GPU is not used: run `cargo xtask setup --cuda`."
                .to_owned(),
        );
    }

    line("cache", &cache_folder().map_or("none".to_owned(), |folder| with_size(&folder)));
    line("torch hub's cache", &torch_hub().map_or("none".to_owned(), |folder| with_size(&folder)));

    report.push('\n');
    if missing.is_empty() {
        report.push_str("Nothing is missing.\n");
    }
    for what in &missing {
        report.push_str(&format!("Missing: {what}\n"));
    }
    tools::print(&report);
    Ok(if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn or_none(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}

fn with_size(folder: &Path) -> String {
    if !folder.exists() {
        return format!("{} (empty)", folder.display());
    }
    format!("{} ({} MB)", folder.display(), folder_size(folder) / 1_000_000)
}

/// The folder where PyTorch keeps downloaded weights: `TORCH_HOME`, or `torch` in `XDG_CACHE_HOME` or in
/// `~/.cache`, on every system.
fn torch_hub() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let torch = set("TORCH_HOME").or_else(|| {
        let caches = set("XDG_CACHE_HOME").or_else(|| env::home_dir().map(|home| home.join(".cache")))?;
        Some(caches.join("torch"))
    })?;
    Some(torch.join("hub/checkpoints"))
}
