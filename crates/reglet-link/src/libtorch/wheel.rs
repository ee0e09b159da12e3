//! The files that are kept from libtorch's packages, and their unpacking.
//!
//! A wheel of PyTorch contains libtorch and much that only Python needs. On Linux, the wheels of the package index are CUDA
//! builds, whose CPU part works on its own with two small additional libraries.

use super::{Build, Error};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

/// Packages as downloaded by a client.
#[derive(Debug)]
pub enum Packages {
    /// Zip archives, as wheels are.
    Archives(Vec<PathBuf>),
    /// A folder in which they have already been unpacked.
    Unpacked(PathBuf),
}

impl Packages {
    /// The packages that a client has written to a folder.
    pub fn in_folder(folder: &Path) -> Result<Self, Error> {
        let entries = fs::read_dir(folder).map_err(Error::file(folder, "read"))?;
        let mut archives: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "whl"))
            .collect();
        archives.sort();
        Ok(if archives.is_empty() { Self::Unpacked(folder.to_path_buf()) } else { Self::Archives(archives) })
    }

    /// The text of the first member whose name satisfies the condition.
    pub fn text(&self, is_it: impl Fn(&str) -> bool) -> Result<Option<String>, Error> {
        let mut text = None;
        self.visit(|name, content| {
            if text.is_none() && is_it(name) {
                let mut read = String::new();
                // The metadata of packages are a few kilobytes long; a longer file is not one of them.
                content.reader()?.take(1 << 22).read_to_string(&mut read)?;
                text = Some(read);
            }
            Ok(())
        })?;
        Ok(text)
    }

    /// Extracts each member that belongs to a libtorch of this build to its place under a folder.
    pub fn unpack(&self, build: Build, folder: &Path) -> Result<(), Error> {
        self.visit(|name, content| {
            let Some(place) = place(name, build) else {
                return Ok(());
            };
            let path = folder.join(place);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            content.bring_to(&path)
        })
    }

    /// Calls a function for each file with its name in the package, in which folders are separated by `/`.
    fn visit(&self, mut each: impl FnMut(&str, Content<'_>) -> io::Result<()>) -> Result<(), Error> {
        match self {
            Self::Archives(archives) => {
                for path in archives {
                    visit_archive(path, &mut each).map_err(Error::file(path, "unpacked"))?;
                }
            }
            Self::Unpacked(folder) => {
                visit_folder(folder, "", &mut each).map_err(Error::file(folder, "read"))?;
            }
        }
        Ok(())
    }
}

/// The content of one file of a package.
enum Content<'a> {
    Packed(&'a mut dyn Read),
    File(&'a Path),
}

impl<'a> Content<'a> {
    fn reader(self) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Self::Packed(reader) => Box::new(reader),
            Self::File(path) => Box::new(File::open(path)?),
        })
    }

    fn bring_to(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Packed(reader) => io::copy(reader, &mut File::create(path)?).map(drop),
            Self::File(from) => fs::rename(from, path),
        }
    }
}

type Visitor<'a> = dyn FnMut(&str, Content<'_>) -> io::Result<()> + 'a;

fn visit_archive(path: &Path, each: &mut Visitor<'_>) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(io::BufReader::new(File::open(path)?))?;
    for index in 0..archive.len() {
        let mut member = archive.by_index(index)?;
        if member.is_file() {
            let name = member.name()?.into_owned();
            each(&name, Content::Packed(&mut member))?;
        }
    }
    Ok(())
}

fn visit_folder(folder: &Path, prefix: &str, each: &mut Visitor<'_>) -> io::Result<()> {
    let entries: Vec<fs::DirEntry> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            visit_folder(&entry.path(), &format!("{name}/"), each)?;
        } else {
            each(&name, Content::File(&entry.path()))?;
        }
    }
    Ok(())
}

/// The place of a file of a package in the folder of a prepared build, if it belongs there.
///
/// Names come from `torch`'s wheel, from NVIDIA's, and from the official archive, whose only folder `libtorch` already has
/// this layout.
fn place(name: &str, build: Build) -> Option<PathBuf> {
    // A name that leads out of the folder, or is written as on another system, is ignored.
    let is_plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if !is_plain || name.contains('\\') {
        return None;
    }
    let parts: Vec<&str> = name.split('/').collect();
    let is_kept = match parts.as_slice() {
        ["torch" | "libtorch", "include", ..] | ["libtorch", "build-version"] => true,
        ["torch" | "libtorch", "lib", file] => is_library(file) && has_use(file, build),
        ["nvidia", .., "lib" | "bin", file] if build == Build::Cuda => is_library(file),
        ["nvidia", .., "lib", "libcudart.so.13" | "libcupti.so.13"] => true,
        _ => false,
    };
    if !is_kept {
        return None;
    }
    Some(match build {
        Build::Cuda => PathBuf::from(name),
        // For the CPU the packages' outer folders are dropped, because libraries also look for others in their own folder.
        Build::Cpu if parts[0] == "nvidia" => Path::new("lib").join(parts[parts.len() - 1]),
        Build::Cpu => parts[1..].iter().collect(),
    })
}

fn is_library(file: &str) -> bool {
    file.ends_with(".so")
        || file.contains(".so.")
        || [".dylib", ".dll", ".lib"].iter().any(|end| file.ends_with(end))
}

/// Omits those of PyTorch's libraries that only Python uses and, for the CPU, those that only CUDA uses.
fn has_use(file: &str, build: Build) -> bool {
    let has = |word: &str| file.contains(word);
    let is_pythons = has("torch_python") || has("torch_global_deps");
    let is_cudas = has("cuda") || has("nvrtc") || has("nvshmem");
    !is_pythons && (build == Build::Cuda || !is_cudas)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(name: &str) -> Option<String> {
        place(name, Build::Cpu).map(|path| path.to_string_lossy().replace('\\', "/"))
    }

    #[test]
    fn for_the_cpu_libraries_and_headers_are_kept() {
        let places = [
            ("torch/lib/libtorch_cpu.so", "lib/libtorch_cpu.so"),
            ("torch/lib/libgomp.so.1", "lib/libgomp.so.1"),
            ("torch/lib/libnvpl_blas_core.so.0", "lib/libnvpl_blas_core.so.0"),
            ("torch/lib/libtorch_cpu.dylib", "lib/libtorch_cpu.dylib"),
            ("torch/lib/torch_cpu.lib", "lib/torch_cpu.lib"),
            ("torch/include/ATen/ATen.h", "include/ATen/ATen.h"),
            ("nvidia/cu13/lib/libcudart.so.13", "lib/libcudart.so.13"),
            ("libtorch/lib/libc10.so", "lib/libc10.so"),
            ("libtorch/build-version", "build-version"),
        ];
        for (name, expected) in places {
            assert_eq!(cpu(name).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn for_the_cpu_the_parts_of_cuda_and_python_are_not_kept() {
        let names = [
            "torch/lib/libtorch_cuda.so",
            "torch/lib/libc10_cuda.so",
            "torch/lib/libcaffe2_nvrtc.so",
            "torch/lib/libtorch_python.so",
            "torch/lib/libshm/libshm.h",
            "torch/nn/modules/conv.py",
            "nvidia/cu13/lib/libnvperf_host.so",
            "libtorch/lib/libsleef.a",
        ];
        for name in names {
            assert_eq!(cpu(name), None, "{name}");
        }
    }

    #[test]
    fn for_cuda_the_layout_of_the_packages_is_kept() {
        for name in ["torch/lib/libtorch_cuda.so", "nvidia/cudnn/lib/libcudnn.so.9", "torch/include/a.h"] {
            assert_eq!(place(name, Build::Cuda), Some(PathBuf::from(name)));
        }
        assert_eq!(place("nvidia/cu13/lib/libcudart_static.a", Build::Cuda), None);
    }

    #[test]
    fn names_that_lead_elsewhere_have_no_place() {
        let names = [
            "../torch/include/a.h",
            "/torch/include/a.h",
            "torch/include/../../a.h",
            "torch/include/a\\..\\..\\b.h",
        ];
        for name in names {
            assert_eq!(cpu(name), None, "{name}");
        }
    }

    #[test]
    fn unpacked_packages_are_treated_as_archives_are() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        for name in ["torch/include/a.h", "torch/lib/libc10.so", "torch/nn.py"] {
            let path = from.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("make a folder");
            fs::write(path, name).expect("write a file");
        }
        let packages = Packages::in_folder(&from).expect("a folder");
        let text = packages.text(|name| name == "torch/nn.py").expect("a text");
        assert_eq!(text.as_deref(), Some("torch/nn.py"));
        packages.unpack(Build::Cpu, &to).expect("unpack");
        let library = fs::read_to_string(to.join("lib/libc10.so")).expect("the library");
        assert_eq!(library, "torch/lib/libc10.so");
        assert!(to.join("include/a.h").is_file() && !to.join("nn.py").exists());
    }
}
