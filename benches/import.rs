//! Importing an exported model and running it, beside PyTorch in the same run; and the same network as an ONNX file, beside ONNX
//! Runtime.
//!
//! `REGLET_PT2=model.pt2 REGLET_ONNX=model.onnx REGLET_PYTHON=python cargo xtask bench --bench import`; of the first two, what is
//! not named is not measured, and without the third Reglet alone. `cargo xtask parity --onnx` leaves both in the cache. On an
//! otherwise idle machine: all take turns, and the best of their medians is shown.

use std::collections::BTreeMap;
use std::env;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use reglet_model::{ImportOptions, Model, Rewrite, Targets};
use tch::{Device, Kind, Tensor};

/// How often the two take turns.
const TURNS: usize = 3;

/// What was measured, by name: milliseconds, or MB.
type Found = BTreeMap<&'static str, f64>;

fn main() {
    let named = ["REGLET_PT2", "REGLET_ONNX"].into_iter().filter_map(env::var_os);
    // The most that a process held never falls, so memory is measured before anything is run.
    let mut archives: Vec<Archive> = named.map(|path| Archive::load(path.into())).collect();
    if archives.is_empty() {
        println!("import: skipped, since neither REGLET_PT2 nor REGLET_ONNX names a model");
    }
    let python = env::var_os("REGLET_PYTHON").map(PathBuf::from);
    for _ in 0..TURNS {
        for archive in &mut archives {
            archive.turn(python.as_deref());
        }
    }
    for archive in &archives {
        archive.print();
    }
}

/// A file, and what was measured of it.
struct Archive {
    path: PathBuf,
    model: Model,
    ours: Found,
    theirs: Found,
}

impl Archive {
    fn load(path: PathBuf) -> Archive {
        let before = peak();
        let model = import(&path);
        let memory = peak().zip(before).map(|(after, before)| after - before);
        let ours = memory.map(|memory| ("memory of loading, MB", memory)).into_iter().collect();
        Archive { path, model, ours, theirs: Found::new() }
    }

    fn turn(&mut self, python: Option<&Path>) {
        let Archive { path, model, ours, theirs } = self;
        let shape = model.graph().shape(model.graph().input()).expect("declared");
        let [height, width] = [2, 3].map(|place| shape[place].fixed().unwrap_or(224));
        let input = Tensor::ones([1, 3, height, width], (Kind::Float, Device::Cpu));
        keep_best(ours, "load, ms", median(5, || drop(black_box(import(path)))));
        let forward = median(20, || drop(black_box(model.logits(&input)).expect("it runs")));
        keep_best(ours, "forward, ms", forward);
        for (what, rewrites) in [
            ("forward and backward, ms", Rewrite::DEFAULT.as_slice()),
            ("forward and backward without rewrites, ms", &[]),
        ] {
            model.set_rewrites(rewrites).expect("they were prepared before");
            let both = median(20, || {
                drop(black_box(model.evaluate(&input, Targets::Classes(&[0]), true, &[])).expect("it runs"));
            });
            keep_best(ours, what, both);
        }
        model.set_rewrites(&Rewrite::DEFAULT).expect("they were prepared before");
        if let Some(python) = python {
            peer(python, path, [height, width], theirs);
        }
    }

    fn print(&self) {
        let onnx = self.path.extension().is_some_and(|extension| extension == "onnx");
        println!(
            "{:<44} {:>9} {:>12} {:>7}",
            self.path.file_name().unwrap_or_default().display(),
            "Reglet",
            if onnx { "ONNX Runtime" } else { "PyTorch" },
            "ratio"
        );
        for (what, found) in &self.ours {
            let peer = self.theirs.get(what.replace(" without rewrites", "").as_str());
            let beside = peer.map_or(String::new(), |peer| format!(" {peer:>12.1} {:>7.2}", found / peer));
            println!("{what:<44} {found:>9.1}{beside}");
        }
        for (what, found) in self.theirs.iter().filter(|(what, _)| what.starts_with("state dict")) {
            println!("{what:<44} {:>9} {found:>12.1}", "");
        }
    }
}

fn import(path: &Path) -> Model {
    Model::import(&ImportOptions::new(path)).expect("it loads")
}

/// What PyTorch or ONNX Runtime takes; the latter has no gradients.
fn peer(python: &Path, archive: &Path, size: [i64; 2], theirs: &mut Found) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/import.py");
    let mut command = Command::new(python);
    command.arg(script).arg(archive).args(size.map(|side| side.to_string()));
    let output = command.output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a line of JSON");
    for (what, pointer) in [
        ("memory of loading, MB", "/memory"),
        ("load, ms", "/load"),
        ("forward, ms", "/forward"),
        ("forward and backward, ms", "/backward"),
        ("state dict alone, memory of loading, MB", "/weights/memory"),
        ("state dict alone, load, ms", "/weights/load"),
    ] {
        if let Some(value) = found.pointer(pointer).and_then(serde_json::Value::as_f64) {
            keep_best(theirs, what, value);
        }
    }
}

fn keep_best(found: &mut Found, what: &'static str, value: f64) {
    found.entry(what).and_modify(|best| *best = best.min(value)).or_insert(value);
}

/// Milliseconds, after two runs that do not count.
fn median(times: usize, run: impl Fn()) -> f64 {
    let mut taken: Vec<f64> = (0..times + 2)
        .map(|_| {
            let start = Instant::now();
            run();
            1000.0 * start.elapsed().as_secs_f64()
        })
        .skip(2)
        .collect();
    taken.sort_by(f64::total_cmp);
    taken[times / 2]
}

/// The most memory this process has held, in MB, where the system tells.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}
