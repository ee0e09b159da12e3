//! Prepares libtorch in the cache from packages that a client downloads.

use super::client::{self, Client, Dependencies};
use super::wheel::Packages;
use super::{Build, Error, Libtorch, VERSION, archive, cache, library_file};
use crate::tools;
use std::fs;
use std::path::{Path, PathBuf};

/// Downloads libtorch and unpacks the required files, so that it appears in the cache completely or not at all.
pub fn prepare(build: Build) -> Result<Libtorch, Error> {
    if build == Build::Cuda && !cfg!(target_os = "linux") {
        return Err(Error::NoCuda { reason: NO_CUDA_HERE.to_owned() });
    }
    let home = cache::home(build)?;
    let turn = cache::Turn::wait(build, || {
        eprintln!("Another process is preparing libtorch: waiting for it.");
    })?;
    // Another process may just have prepared it.
    if let Ok(libtorch) = Libtorch::at(&home) {
        return Ok(libtorch);
    }
    let slot = cache::slot(build)?;
    require_room(slot.parent().unwrap_or(&slot), needed_mb(build))?;
    if build == Build::Cpu && tools::has_nvidia_gpu() {
        eprintln!("{GPU_ADVICE}");
    }

    let mut attempts = Vec::new();
    for client in client::clients() {
        let (megabytes, name) = (download_mb(build, &client), client.name());
        let parts = if build == Build::Cuda { "CUDA libraries" } else { "library for the CPU" };
        eprintln!(
            "Downloading PyTorch {VERSION}'s {parts} with {name}: about {megabytes} MB, once, for {}.",
            slot.display()
        );
        match fetch(&client, build, &turn)? {
            Ok(packages) => {
                eprintln!("Unpacking what is needed.");
                let finished = turn.fresh("finished")?;
                packages.unpack(build, &finished)?;
                complete(&finished, build)?;
                turn.publish(&finished)?;
                return Libtorch::at(&home).map_err(|unfit| Error::Package { unfit, folder: slot });
            }
            Err(said) => attempts.push((name, said)),
        }
    }
    Err(Failed { attempts, slot }.into())
}

const NO_CUDA_HERE: &str = "the package index has CUDA builds for Linux only. On other systems, install PyTorch with CUDA as its site describes, activate its environment and run `cargo xtask setup`.";

const GPU_ADVICE: &str = "This machine has an NVIDIA GPU, but libtorch is being prepared for the CPU. To use the GPU, \
    activate a Python environment with a CUDA build of torch==2.13.0 and run `cargo xtask setup`, or run \
    `cargo xtask setup --cuda`.";

/// Downloads the files of a build with one client. The inner error is the client's output.
fn fetch(client: &Client, build: Build, turn: &cache::Turn) -> Result<Result<Packages, String>, Error> {
    let folder = turn.fresh("download")?;
    if let Client::Curl(curl) = client {
        if build == Build::Cuda {
            return Ok(Err(
                "downloading the CUDA libraries needs pip or uv, and neither was found".to_owned()
            ));
        }
        let file = folder.join("libtorch.zip");
        return Ok(archive::fetch(curl, &file).map(|()| Packages::Archives(vec![file])));
    }
    if let Err(said) = client.fetch(&[format!("torch=={VERSION}")], Dependencies::Without, &folder) {
        return Ok(Err(said));
    }
    let packages = Packages::in_folder(&folder)?;
    let version = packages.text(|name| name == "torch/version.py")?.unwrap_or_default();
    let is_cuda = version.lines().any(|line| line.starts_with("__version__") && line.contains("+cu"));
    if !is_cuda {
        return Ok(match build {
            Build::Cpu => Ok(packages),
            Build::Cuda => Err("the package index it uses gave a build of PyTorch without CUDA".to_owned()),
        });
    }
    let metadata =
        packages.text(|name| name.starts_with("torch-") && name.ends_with(".dist-info/METADATA"))?;
    let (requirements, dependencies) = match build {
        Build::Cpu => (CPU_NEEDS.map(str::to_owned).to_vec(), Dependencies::Without),
        Build::Cuda => (cuda_requirements(&metadata.unwrap_or_default()), Dependencies::With),
    };
    if let Err(said) = client.fetch(&requirements, dependencies, &folder) {
        return Ok(Err(said));
    }
    Ok(Ok(Packages::in_folder(&folder)?))
}

/// The packages of the libraries that the CPU part of a CUDA build refers to: `libcudart.so.13` and `libcupti.so.13`.
const CPU_NEEDS: [&str; 2] = ["nvidia-cuda-runtime==13.0.*", "nvidia-cuda-cupti==13.0.*"];

/// The packages of NVIDIA's libraries among the lines `Requires-Dist` of PyTorch's metadata, without the
/// conditions on system and Python behind the semicolon.
fn cuda_requirements(metadata: &str) -> Vec<String> {
    metadata
        .lines()
        .filter_map(|line| line.strip_prefix("Requires-Dist: "))
        .filter(|line| line.starts_with("nvidia-") || line.starts_with("cuda-toolkit"))
        .filter_map(|line| line.split(';').next())
        .map(|requirement| requirement.trim().to_owned())
        .collect()
}

/// Completes the unpacked files to a libtorch.
fn complete(finished: &Path, build: Build) -> Result<(), Error> {
    let home = if build == Build::Cuda { finished.join("torch") } else { finished.to_path_buf() };
    #[cfg(target_os = "linux")]
    if build == Build::Cpu {
        // The library `torch` only refers to its parts; in a CUDA build they include CUDA's.
        let library = home.join("lib").join(library_file("torch"));
        if library.is_file() {
            fs::remove_file(&library).map_err(Error::file(&library, "replaced"))?;
            let part = library_file("torch_cpu");
            std::os::unix::fs::symlink(part, &library).map_err(Error::file(&library, "replaced"))?;
        }
    }
    let stated = home.join("build-version");
    if !stated.exists() {
        fs::write(&stated, format!("{VERSION}\n")).map_err(Error::file(&stated, "written"))?;
    }
    Libtorch::at(&home).map_err(|unfit| Error::Package { unfit, folder: home }).map(drop)
}

/// The size of the download in megabytes: the wheels of PyTorch 2.13.0 and of its dependencies.
fn download_mb(build: Build, client: &Client) -> u64 {
    match (build, client) {
        (Build::Cuda, _) => 2_500,
        (Build::Cpu, Client::Curl(_)) => 126,
        (Build::Cpu, _) if cfg!(target_os = "macos") => 111,
        (Build::Cpu, _) if cfg!(windows) => 122,
        (Build::Cpu, _) if cfg!(target_arch = "aarch64") => 440,
        (Build::Cpu, _) => 540,
    }
}

/// The space that the download and the unpacked files need together, in megabytes.
fn needed_mb(build: Build) -> u64 {
    match build {
        Build::Cpu if cfg!(target_os = "linux") => 1_300,
        Build::Cpu => 700,
        Build::Cuda => 7_500,
    }
}

fn require_room(folder: &Path, needed_mb: u64) -> Result<(), Error> {
    match tools::free_mb(folder) {
        Some(free_mb) if free_mb < needed_mb => {
            Err(Error::NoRoom { folder: folder.to_path_buf(), needed_mb, free_mb })
        }
        _ => Ok(()),
    }
}

/// The message if no client could download libtorch: the output of each client, and the alternatives.
#[derive(Debug)]
pub struct Failed {
    attempts: Vec<(&'static str, String)>,
    slot: PathBuf,
}

impl std::error::Error for Failed {}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "libtorch {VERSION} is not on this machine and could not be downloaded.")?;
        if self.attempts.is_empty() {
            writeln!(
                f,
                "  Neither pip nor uv was found on PATH to download it with; install either of them."
            )?;
        }
        for (client, said) in &self.attempts {
            writeln!(f, "  {client} said: {said}")?;
        }
        let slot = self.slot.display();
        writeln!(f, "Three ways out:")?;
        writeln!(f, "  1. set LIBTORCH to the folder of an unpacked libtorch {VERSION};")?;
        writeln!(f, "  2. activate a Python environment that has torch=={VERSION};")?;
        write!(f, "  3. copy {slot} from a machine where `cargo xtask setup` has worked")?;
        match archive::URL {
            Some(url) => {
                write!(f, ",\n     or fetch {url},\n     unpack it, and set LIBTORCH to its folder libtorch.")
            }
            None => write!(f, "."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_pytorchs_requirements_nvidias_are_taken_without_conditions() {
        let metadata = "Name: torch\n\
            Requires-Dist: filelock\n\
            Requires-Dist: cuda-toolkit[cublas,cudart]==13.0.3; platform_system == \"Linux\"\n\
            Requires-Dist: nvidia-cudnn-cu13==9.20.0.48; platform_system == \"Linux\"\n\
            Requires-Dist: triton==3.7.1; platform_system == \"Linux\"\n";
        assert_eq!(
            cuda_requirements(metadata),
            ["cuda-toolkit[cublas,cudart]==13.0.3", "nvidia-cudnn-cu13==9.20.0.48"]
        );
    }
}
