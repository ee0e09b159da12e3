//! `cargo xtask setup` as a user meets it: the program itself, in a pretended checkout, with pretended
//! Pythons and package clients on PATH.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What stands for PyTorch's wheel: a build with CUDA, as the package index has.
const TORCH: [(&str, &str); 7] = [
    ("torch/version.py", "__version__ = '2.13.0+cu130'\n"),
    ("torch/lib/libtorch.so", "needs cuda"),
    ("torch/lib/libtorch_cpu.so", "cpu"),
    ("torch/lib/libtorch_cuda.so", "cuda"),
    ("torch/lib/libc10.so", "c10"),
    ("torch/include/torch/csrc/api/include/torch/torch.h", ""),
    ("torch/nn/functional.py", ""),
];

/// What stands for the wheels of NVIDIA's that it needs.
const NVIDIA: [(&str, &str); 2] =
    [("nvidia/cu13/lib/libcudart.so.13", "cudart"), ("nvidia/cu13/lib/libcupti.so.13", "cupti")];

/// A checkout, a cache and a PATH of the test's own.
struct Machine {
    folder: TempDir,
}

impl Machine {
    /// A machine with a C++ compiler and nothing else.
    fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        for name in ["checkout/xtask", "bin", "wheels"] {
            fs::create_dir_all(machine.path(name)).expect("make a folder");
        }
        machine.program("c++", "echo pretended compiler");
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a shell script on PATH.
    fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("write a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("make it executable");
    }

    /// A Python without PyTorch whose pip runs a script; in it `$dest` is where wheels are to go, and each
    /// call is noted in the file `calls`.
    fn python_with_pip(&self, download: &str) {
        let script = format!(
            r#"case "$1 $2 $3" in
"-m pip --version") echo "pip 24.0"; exit 0 ;;
"-m pip download") ;;
*) echo; exit 0 ;;
esac
echo "$*" >> {calls}
while [ "$1" != "--dest" ]; do shift; done
dest=$2
{download}"#,
            calls = self.path("calls").display(),
        );
        self.program("python3", &script);
    }

    /// A pip that delivers the wheels of `write_wheels`.
    fn working_pip(&self) {
        self.write_wheels();
        let wheels = self.path("wheels");
        let download = format!(
            r#"case "$*" in
*torch==*) /bin/cp {0}/torch-*.whl "$dest" ;;
*) /bin/cp {0}/nvidia_*.whl "$dest" ;;
esac"#,
            wheels.display()
        );
        self.python_with_pip(&download);
    }

    /// Wheels with the names, the folders and the version of the real ones.
    fn write_wheels(&self) {
        write_zip(&self.torch_wheel(), &TORCH);
        let nvidia = [
            ("nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.whl", &NVIDIA[..1]),
            ("nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl", &NVIDIA[1..]),
        ];
        for (name, members) in nvidia {
            write_zip(&self.path("wheels").join(name), members);
        }
    }

    fn torch_wheel(&self) -> PathBuf {
        self.path("wheels/torch-2.13.0-cp312-cp312-manylinux_2_28_x86_64.whl")
    }

    /// A folder that looks like a libtorch of a version.
    fn libtorch(&self, name: &str, version: &str) -> PathBuf {
        let home = self.path(name);
        for file in [
            "lib/libtorch.so",
            "lib/libtorch_cpu.so",
            "lib/libc10.so",
            "include/torch/csrc/api/include/torch/torch.h",
        ] {
            let file = home.join(file);
            fs::create_dir_all(file.parent().expect("a parent")).expect("make a folder");
            fs::write(file, "").expect("write a file");
        }
        fs::write(home.join("version.py"), format!("__version__ = '{version}'\n"))
            .expect("write the version");
        home
    }

    fn slot(&self) -> PathBuf {
        self.path("cache/libtorch/2.13.0-cpu")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(words).env_clear().current_dir(self.folder.path());
        command.env("CARGO_MANIFEST_DIR", self.path("checkout/xtask"));
        command.env("PATH", self.path("bin")).env("REGLET_CACHE", self.path("cache"));
        // As cargo does, by .cargo/config.toml.
        command.env("LIBTORCH", self.path("checkout/.libtorch"));
        command
    }

    fn setup(&self) -> Output {
        self.command(&["setup"]).output().expect("start xtask")
    }

    /// What the checkout's link leads to.
    fn linked(&self) -> PathBuf {
        fs::canonicalize(self.path("checkout/.libtorch")).expect("the link leads somewhere")
    }

    /// How many calls of pip, or of another program that notes them there, the file `calls` holds.
    fn noted_calls(&self) -> usize {
        fs::read_to_string(self.path("calls")).map_or(0, |calls| calls.lines().count())
    }

    /// The slot holds the CPU's part, and nothing stands beside it.
    fn assert_is_prepared(&self) {
        let lib = self.slot().join("lib");
        let mut names: Vec<String> = fs::read_dir(&lib)
            .expect("libraries")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let expected = ["libc10.so", "libcudart.so.13", "libcupti.so.13", "libtorch.so", "libtorch_cpu.so"];
        assert_eq!(names, expected);
        assert_eq!(fs::read_to_string(lib.join("libtorch.so")).expect("a link"), "cpu");
        let stated = fs::read_to_string(self.slot().join("build-version")).expect("the version");
        assert_eq!(stated, "2.13.0\n");
        assert_eq!(self.left_over(), Vec::<String>::new());
    }

    /// The names in the cache that would remain of an unfinished download.
    fn left_over(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("cache/libtorch")) else {
            return Vec::new();
        };
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        names.filter(|name| !name.ends_with(".lock") && name != "2.13.0-cpu").collect()
    }
}

fn write_zip(path: &Path, members: &[(&str, &str)]) {
    let mut archive = zip::ZipWriter::new(File::create(path).expect("create an archive"));
    for (name, content) in members {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).expect("start a member");
        archive.write_all(content.as_bytes()).expect("write a member");
    }
    archive.finish().expect("finish the archive");
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn assert_success(output: &Output) {
    assert!(output.status.success(), "{}", text(output));
}

#[test]
fn pip_brings_the_cpus_part_once() {
    let machine = Machine::new();
    machine.working_pip();
    let output = machine.setup();
    assert_success(&output);
    assert!(text(&output).contains("about 540 MB"), "{}", text(&output));
    assert_eq!(machine.linked(), fs::canonicalize(machine.slot()).expect("the cache"));

    machine.assert_is_prepared();

    let downloads = machine.noted_calls();
    assert_success(&machine.setup());
    assert_eq!(machine.noted_calls(), downloads, "nothing is downloaded again");
}

#[test]
fn uv_brings_the_same() {
    let machine = Machine::new();
    // uv delivers packages unpacked.
    for (name, members) in [("torch", &TORCH[..]), ("nvidia", &NVIDIA[..])] {
        for (member, content) in members {
            let path = machine.path("unpacked").join(name).join(member);
            fs::create_dir_all(path.parent().expect("a parent")).expect("make a folder");
            fs::write(path, content).expect("write a file");
        }
    }
    let script = format!(
        r#"[ "$1 $2" = "pip install" ] || exit 9
while [ "$1" != "--target" ]; do shift; done
case "$*" in
*torch==*) /bin/cp -R {0}/torch/. "$2" ;;
*) /bin/cp -R {0}/nvidia/. "$2" ;;
esac"#,
        machine.path("unpacked").display()
    );
    machine.program("uv", &script);
    assert_success(&machine.setup());
    machine.assert_is_prepared();
}

#[test]
fn the_variable_comes_before_python_and_python_before_the_cache() {
    let machine = Machine::new();
    machine.working_pip();
    assert_success(&machine.setup());

    let python = machine.libtorch("site-packages/torch", "2.13.0+cpu");
    machine.program("python3", &format!("echo {}", python.display()));
    assert_success(&machine.setup());
    assert_eq!(machine.linked(), fs::canonicalize(&python).expect("Python's"));

    let own = machine.libtorch("own", "2.13.0");
    let output = machine.command(&["setup"]).env("LIBTORCH", &own).output().expect("start xtask");
    assert_success(&output);
    assert!(text(&output).contains("named by LIBTORCH"), "{}", text(&output));
    assert_eq!(machine.linked(), fs::canonicalize(&own).expect("the user's own"));
}

#[test]
fn another_version_is_passed_over_unless_it_was_asked_for() {
    let machine = Machine::new();
    machine.working_pip();
    assert_success(&machine.setup());
    let newer = machine.libtorch("site-packages/torch", "2.15.0+cpu");
    machine.program("python3", &format!("echo {}", newer.display()));
    assert_success(&machine.setup());
    assert_eq!(machine.linked(), fs::canonicalize(machine.slot()).expect("the cache"));

    let required =
        machine.command(&["setup"]).env("LIBTORCH_USE_PYTORCH", "1").output().expect("start xtask");
    assert_eq!(required.status.code(), Some(2));
    assert!(text(&required).contains("is version 2.15.0+cpu"), "{}", text(&required));

    let mut named = machine.command(&["setup"]);
    let refused = named.env("LIBTORCH", &newer).output().expect("start xtask");
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused).contains("LIBTORCH_BYPASS_VERSION_CHECK"), "{}", text(&refused));
    let accepted = named.env("LIBTORCH_BYPASS_VERSION_CHECK", "1").output().expect("start xtask");
    assert_success(&accepted);
}

#[test]
fn an_interrupted_download_leaves_no_libtorch_and_is_cleared_away() {
    let machine = Machine::new();
    machine.python_with_pip("echo half > \"$dest/torch.part\"; exec /bin/sleep 5");
    let mut child =
        machine.command(&["setup"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("start xtask");
    let part = machine.path("cache/libtorch/.2.13.0-cpu.tmp/download/torch.part");
    let start = Instant::now();
    while !part.exists() && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(part.exists(), "the download has begun");
    child.kill().expect("kill xtask");
    child.wait().expect("wait for xtask");
    assert!(!machine.slot().exists());

    machine.working_pip();
    assert_success(&machine.setup());
    machine.assert_is_prepared();
}

#[test]
fn a_damaged_wheel_leaves_nothing() {
    let machine = Machine::new();
    machine.working_pip();
    let wheel = machine.torch_wheel();
    let bytes = fs::read(&wheel).expect("the wheel");
    fs::write(&wheel, &bytes[..bytes.len() / 2]).expect("cut the wheel");
    let output = machine.setup();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(!machine.slot().exists());
    assert_eq!(machine.left_over(), Vec::<String>::new());
}

#[test]
fn of_two_processes_at_once_one_downloads_and_both_succeed() {
    let machine = Machine::new();
    machine.working_pip();
    // Slowed down, so that they meet.
    let quick = fs::read_to_string(machine.path("bin/python3")).expect("the script");
    let slow = quick.replace("dest=$2\n", "dest=$2\n/bin/sleep 1\n");
    fs::write(machine.path("bin/python3"), slow).expect("write the script");
    let start = || machine.command(&["setup"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let (first, second) = (start().expect("start xtask"), start().expect("start xtask"));
    let outputs = [first, second].map(|child| child.wait_with_output().expect("wait for xtask"));
    outputs.iter().for_each(assert_success);
    assert_eq!(machine.noted_calls(), 2, "PyTorch once, and what it needs once");
    let waited = outputs.iter().filter(|output| text(output).contains("waiting for it")).count();
    assert_eq!(waited, 1);
}

#[test]
fn offline_one_message_says_what_failed_and_three_ways_out() {
    let machine = Machine::new();
    machine.python_with_pip("echo 'ERROR: Could not find a version of torch' >&2; exit 1");
    let output = machine.setup();
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output);
    assert_eq!(said.matches("error: ").count(), 1, "{said}");
    for part in
        ["pip said: ERROR: Could not find a version of torch", "1. set LIBTORCH", "2. activate", "3. copy"]
    {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
    assert!(!machine.slot().exists() && machine.left_over().is_empty());
}

#[test]
fn without_a_package_client_curl_fetches_the_archive_and_its_hash_is_checked() {
    let machine = Machine::new();
    let nothing = text(&machine.setup());
    assert!(nothing.contains("Neither pip nor uv"), "{nothing}");

    machine.program("curl", "echo 'curl: (6) Could not resolve host' >&2; exit 6");
    let offline = machine.setup();
    assert_eq!(offline.status.code(), Some(2));
    assert!(text(&offline).contains("curl said: curl: (6) Could not resolve host"), "{}", text(&offline));

    machine.program("curl", "while [ \"$1\" != \"--output\" ]; do shift; done; echo other > \"$2\"");
    let replaced = machine.setup();
    assert_eq!(replaced.status.code(), Some(2));
    assert!(text(&replaced).contains("SHA-256"), "{}", text(&replaced));
    assert!(!machine.slot().exists() && machine.left_over().is_empty());
}

#[test]
fn without_a_compiler_setup_says_so() {
    let machine = Machine::new();
    machine.working_pip();
    fs::remove_file(machine.path("bin/c++")).expect("remove the compiler");
    let output = machine.setup();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("No C++ compiler"), "{}", text(&output));
}

#[test]
fn an_unknown_word_of_setup_is_refused() {
    let machine = Machine::new();
    let output = machine.command(&["setup", "--gpu"]).output().expect("start xtask");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("\"--gpu\""), "{}", text(&output));
}

#[test]
fn when_cuda_comes_or_goes_the_bindings_are_linked_anew() {
    let machine = Machine::new();
    machine.program("cargo", &format!("echo \"$*\" >> {}", machine.path("calls").display()));
    let (cpu, other) = (machine.libtorch("cpu", "2.13.0"), machine.libtorch("other", "2.13.0"));
    let cuda = machine.libtorch("cuda", "2.13.0");
    fs::write(cuda.join("lib/libtorch_cuda.so"), "").expect("write a library");
    for (home, cleaned) in [(&cpu, 0), (&other, 0), (&cuda, 1), (&cuda, 1), (&cpu, 2)] {
        let output = machine.command(&["setup"]).env("LIBTORCH", home).output().expect("start xtask");
        assert_success(&output);
        assert_eq!(machine.noted_calls(), cleaned, "cargo's calls after {}", home.display());
    }
    let calls = fs::read_to_string(machine.path("calls")).expect("calls");
    assert!(calls.lines().all(|call| call.starts_with("clean --quiet --package torch-sys")), "{calls}");
}

#[test]
fn other_words_and_the_exit_status_pass_through_unchanged() {
    let machine = Machine::new();
    let home = machine.libtorch("own", "2.13.0");
    machine.program("made", "echo \"reglet $*\" >> \"$CALLS\"; exit 7");
    machine.program(
        "cargo",
        "echo \"$*\" >> \"$CALLS\"; /bin/mkdir -p \"$MADE\"; /bin/cp \"${0%/*}/made\" \"$MADE/reglet\"",
    );
    let run = || {
        let mut command = machine.command(&["audit", "--config", "ruler.toml", "--set", "a b=c"]);
        command.env("LIBTORCH", &home).env("CARGO", machine.path("bin/cargo"));
        command.env("MADE", machine.path("checkout/target/debug"));
        command.env("CALLS", machine.path("calls")).output().expect("start xtask")
    };
    let output = run();
    assert_eq!(output.status.code(), Some(7), "{}", text(&output));
    let calls = fs::read_to_string(machine.path("calls")).expect("calls");
    let calls: Vec<&str> = calls.lines().collect();
    assert!(calls[0].starts_with("build --package reglet-audit --bins"), "{calls:?}");
    assert_eq!(calls[1], "reglet audit --config ruler.toml --set a b=c");
    assert!(output.stdout.is_empty(), "standard output belongs to the program: {}", text(&output));
}
