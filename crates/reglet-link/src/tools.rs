//! Other programs: finding them on `PATH`, running them, and handing over to them.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

/// Why another program failed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages document the variants")]
#[non_exhaustive]
pub enum Error {
    #[error("{program} could not be started: {source}.")]
    Start { program: String, source: io::Error },
    #[error(
        "No C++ compiler was found, but one is needed to compile libtorch's bindings. Install {advice}, or set CXX to your compiler."
    )]
    NoCompiler { advice: &'static str },
}

/// The path of a program of this name on `PATH`.
pub fn find(name: impl AsRef<OsStr>) -> Option<PathBuf> {
    let mut file = name.as_ref().to_os_string();
    file.push(env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(&file)).find(|path| is_executable(path))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|facts| facts.is_file())
}

/// The output of a program, if it can be started and succeeds.
pub fn output(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a program with this one's own input and output.
pub fn run(mut command: Command) -> Result<ExitStatus, Error> {
    command.status().map_err(|source| start_error(&command, source))
}

/// Replaces this process by the other program, which then handles signals and exits by itself.
#[cfg(unix)]
pub fn hand_over(mut command: Command) -> Result<ExitCode, Error> {
    use std::os::unix::process::CommandExt;
    let source = command.exec();
    Err(start_error(&command, source))
}

/// Runs the other program and returns its exit status.
#[cfg(not(unix))]
pub fn hand_over(command: Command) -> Result<ExitCode, Error> {
    // A Windows exit status has 32 bits, but ExitCode keeps only 8, so the program exits with the full status directly.
    std::process::exit(run(command)?.code().unwrap_or(2))
}

fn start_error(command: &Command, source: io::Error) -> Error {
    Error::Start { program: command.get_program().to_string_lossy().into_owned(), source }
}

/// Writes to standard output. It is not an error if the reader has closed the pipe, as `head` does.
pub fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

/// The C++ compiler for the bindings: its name and version. On Windows, the compiler driver finds it through the registry;
/// it is not searched for here.
pub fn cxx_compiler() -> Option<(String, String)> {
    let named = env::var("CXX").ok();
    let names = named.as_deref().map_or(vec!["c++", "g++", "clang++"], |name| vec![name]);
    names.into_iter().find_map(|name| {
        // CXX may contain a wrapper and options in addition to the compiler, as in `ccache g++`.
        let words: Vec<&str> = name.split_whitespace().chain(["--version"]).collect();
        let version = output(words[0], &words[1..])?;
        Some((name.to_owned(), version.lines().next().unwrap_or_default().to_owned()))
    })
}

/// Fails if there is no C++ compiler for the bindings.
pub fn require_cxx_compiler() -> Result<(), Error> {
    if cfg!(windows) || cxx_compiler().is_some() {
        return Ok(());
    }
    let advice = if cfg!(target_os = "macos") {
        "Apple's command line tools (`xcode-select --install`)"
    } else {
        "g++ (Debian and Ubuntu: `apt install g++`; Fedora: `dnf install gcc-c++`)"
    };
    Err(Error::NoCompiler { advice })
}

/// Whether there is an NVIDIA GPU with its driver.
pub fn has_nvidia_gpu() -> bool {
    Path::new("/dev/nvidia0").exists() || !nvidia_gpus().is_empty()
}

/// The NVIDIA GPUs of this machine, each with its name and memory.
pub fn nvidia_gpus() -> Vec<String> {
    let Some(program) = find("nvidia-smi") else {
        return Vec::new();
    };
    output(program, &["--query-gpu=name,memory.total", "--format=csv,noheader"])
        .map(|list| list.lines().map(str::to_owned).collect())
        .unwrap_or_default()
}

/// The free space on the disk of a folder, in megabytes of a million bytes, if the system can report it.
pub fn free_mb(folder: &Path) -> Option<u64> {
    if cfg!(windows) {
        return None;
    }
    let table = output("df", &["-Pk", folder.to_str()?])?;
    let kibibytes: u64 = table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kibibytes * 1024 / 1_000_000)
}
