//! Running the program `reglet` on what is in a folder of its own.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use reglet_data::Dataset;
use reglet_data::phantom::{PhantomOptions, Phantoms};
use tempfile::TempDir;

const REGLET: &str = env!("CARGO_BIN_EXE_reglet");

/// The workspace's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file that the tests of `reglet-data` keep.
pub fn fixture(name: &str) -> PathBuf {
    root().join("crates/reglet-data/tests").join(name)
}

/// The weights of a small model that comes with the program.
pub fn shipped_weights(name: &str) -> PathBuf {
    root().join("configs/models").join(format!("{name}.safetensors"))
}

/// An exported model that the tests of the whole keep.
pub fn exported(name: &str) -> PathBuf {
    root().join("tests/fixtures/pt2").join(format!("{name}.pt2"))
}

/// A config without fault, with `data` as its table of pictures.
pub fn config(data: &str) -> String {
    format!(
        r#"
seed = 7
target = "melanoma"
artefact = "ruler"
device = "cpu"
changes = ["insert", "remove"]
gallery = 1

{data}

[models.clean]
architecture = "resnet18"
width = 0.125
weights = '{}'
preprocessing = {{ square = 64 }}

[methods.saliency]

[methods.grad_cam]
layer = "layer3.1.conv2"

[verdict]
min_effect = 0.1
min_density = 1.0
min_pictures = 2
"#,
        shipped_weights("phantom-clean").display()
    )
}

/// A folder to work in, with an empty place for results.
pub struct Bench {
    folder: TempDir,
}

impl Bench {
    pub fn new() -> Bench {
        Bench { folder: tempfile::tempdir().expect("a folder") }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the results go unless an argument says otherwise.
    pub fn out(&self) -> String {
        self.folder().join("out").display().to_string()
    }

    /// Writes a file and returns its path.
    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.folder().join(name);
        fs::write(&path, bytes).expect("room");
        path.display().to_string()
    }

    /// A file of the results.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder().join("out").join(name)).expect("written")
    }

    /// The path of a picture that is in order.
    pub fn phantom(&self) -> PathBuf {
        let path = self.folder().join("phantom.png");
        if !path.exists() {
            let phantoms = Phantoms::new(PhantomOptions { count: 1, ..PhantomOptions::default() });
            let sample = phantoms.expect("in range").sample(0).expect("the first");
            sample.picture.save(&path).expect("room");
        }
        path
    }

    /// Explains a picture with a small model; `arguments` come before the usual ones and take their place.
    pub fn explain(&self, picture: impl AsRef<OsStr>, arguments: &[&str]) -> Run {
        let mut command = Command::new(REGLET);
        self.run_command(command.args(self.explaining(picture.as_ref(), arguments)))
    }

    /// As [`explain`](Bench::explain), by a shell that finds the program and its arguments in `$@`.
    pub fn explain_in_shell(&self, script: &str, picture: impl AsRef<OsStr>) -> Run {
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh", REGLET]);
        self.run_command(command.args(self.explaining(picture.as_ref(), &[])))
    }

    fn explaining(&self, picture: &OsStr, arguments: &[&str]) -> Vec<String> {
        let weights = shipped_weights("phantom-clean").display().to_string();
        let out = self.out();
        let usual = [
            ("--model", "resnet18"),
            ("--width", "0.125"),
            ("--preprocessing", "64"),
            ("--weights", &weights),
            ("--device", "cpu"),
            ("--steps", "4"),
            ("--out", &out),
        ];
        let mut all = vec!["explain".to_owned(), picture.to_string_lossy().into_owned()];
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        for (name, value) in usual.iter().filter(|(name, _)| !arguments.contains(name)) {
            all.extend([(*name).to_owned(), (*value).to_owned()]);
        }
        all
    }

    /// Runs an audit with this config.
    pub fn audit(&self, config: &str) -> Run {
        let path = self.write("audit.toml", config.as_bytes());
        self.run(&["audit", "--config", &path, "--out", &self.out()])
    }

    /// Runs an audit with this config and interrupts it, as Ctrl-C does, once it has found something.
    pub fn audit_interrupted(&self, config: &str) -> Run {
        let path = self.write("audit.toml", config.as_bytes());
        let mut command = Command::new(REGLET);
        command.args(["audit", "--config", &path, "--out", &self.out()]).current_dir(self.folder());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let start = Instant::now();
        // What was found so far is noted beside the folder for the results: first a head, then the pictures.
        let found =
            || fs::metadata(self.folder().join(".out.unfinished")).is_ok_and(|facts| facts.len() > 64);
        while !found() {
            assert!(start.elapsed() < Duration::from_secs(120), "the work has not begun");
            sleep(Duration::from_millis(20));
        }
        let sent =
            Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
        assert!(sent.success(), "the program had ended by itself");
        self.look_at(child.wait_with_output().expect("it ends"))
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_command(Command::new(REGLET).args(arguments))
    }

    fn run_command(&self, command: &mut Command) -> Run {
        let output = command.current_dir(self.folder()).output().expect("it starts");
        self.look_at(output)
    }

    fn look_at(&self, output: Output) -> Run {
        let mut results: Vec<String> = fs::read_dir(self.folder().join("out"))
            .into_iter()
            .flatten()
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
            .collect();
        results.sort();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        Run { status: output.status.code(), said, printed, results }
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    status: Option<i32>,
    said: String,
    printed: String,
    results: Vec<String>,
}

impl Run {
    /// The exit status, unless a signal ended the program.
    pub fn status(&self) -> Option<i32> {
        self.status
    }

    /// Asserts that the run failed as it should: status 2, one sentence that holds all of `expected`, and no
    /// file written, not even a hidden one.
    pub fn refused(&self, expected: &[&str]) {
        assert_eq!(self.status, Some(2), "{self:#?}");
        let sentences = self.sentences();
        assert_eq!(sentences.len(), 1, "one sentence is wanted: {self:#?}");
        for part in expected {
            assert!(self.said.contains(part), "'{part}' is wanted: {self:#?}");
        }
        assert!(self.results.is_empty(), "left behind: {self:#?}");
    }

    /// Asserts that the run went well and wrote at least these files.
    pub fn accepted(&self, files: &[&str]) {
        self.ended_with(0, files);
    }

    /// As [`accepted`](Run::accepted), with another status.
    pub fn ended_with(&self, status: i32, files: &[&str]) {
        assert_eq!(self.status, Some(status), "{self:#?}");
        for file in files {
            assert!(self.results.iter().any(|result| result == file), "'{file}' is wanted: {self:#?}");
        }
        assert!(!self.results.iter().any(|name| name.starts_with('.')), "left behind: {self:#?}");
    }

    /// What the program printed as its answer.
    pub fn printed(&self) -> &str {
        &self.printed
    }

    /// What lies in the folder for the results, sorted.
    pub fn results(&self) -> &[String] {
        &self.results
    }

    /// Whether the program said this.
    pub fn said(&self, part: &str) -> bool {
        self.said.contains(part)
    }

    /// The lines that say what is wrong, without progress and the excerpt of a config.
    fn sentences(&self) -> Vec<&str> {
        let lines = self.said.lines().map(str::trim).take_while(|line| !line.starts_with("╭─["));
        let progress = ["auditing: ", "computing features: "];
        let said = |line: &&str| !line.is_empty() && !progress.iter().any(|label| line.starts_with(label));
        lines.filter(said).collect()
    }
}
