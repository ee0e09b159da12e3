//! Importing an exported model and running it, beside PyTorch in the same run.
//!
//! `REGLET_PT2=model.pt2 REGLET_PYTHON=python cargo xtask bench --bench import`; without the first nothing is measured, and
//! without the second Reglet alone. `cargo xtask parity` leaves exported models in the cache. On an otherwise idle machine:
//! the two take turns, and the best of their medians is shown.

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
    let Some(archive) = env::var_os("REGLET_PT2").map(PathBuf::from) else {
        println!("import: skipped, since REGLET_PT2 names no exported model");
        return;
    };
    let options = ImportOptions::new(archive.clone());
    let load = || Model::import(&options).expect("it loads");
    // The most that a process held never falls, so memory is measured first.
    let before = peak();
    let mut model = load();
    let memory = peak().zip(before).map(|(after, before)| after - before);

    let shape = model.graph().shape(model.graph().input()).expect("declared");
    let [height, width] = [2, 3].map(|place| shape[place].fixed().unwrap_or(224));
    let input = Tensor::ones([1, 3, height, width], (Kind::Float, Device::Cpu));
    let python = env::var_os("REGLET_PYTHON").map(PathBuf::from);
    let (mut ours, mut theirs) = (Found::new(), Found::new());
    ours.extend(memory.map(|memory| ("memory of loading, MB", memory)));
    for _ in 0..TURNS {
        keep_best(&mut ours, "load, ms", median(5, || drop(black_box(load()))));
        let forward = median(20, || drop(black_box(model.logits(&input)).expect("it runs")));
        keep_best(&mut ours, "forward, ms", forward);
        for (what, rewrites) in [
            ("forward and backward, ms", Rewrite::ALL.as_slice()),
            ("forward and backward without rewrites, ms", &[]),
        ] {
            model.set_rewrites(rewrites).expect("they were prepared before");
            let both = median(20, || {
                drop(black_box(model.evaluate(&input, Targets::Classes(&[0]), true, &[])).expect("it runs"));
            });
            keep_best(&mut ours, what, both);
        }
        model.set_rewrites(&Rewrite::ALL).expect("they were prepared before");
        if let Some(python) = &python {
            peer(python, &archive, [height, width], &mut theirs);
        }
    }

    println!(
        "{:<44} {:>9} {:>9} {:>7}",
        archive.file_name().unwrap_or_default().display(),
        "Reglet",
        "PyTorch",
        "ratio"
    );
    for (what, found) in &ours {
        let peer = theirs.get(what.replace(" without rewrites", "").as_str());
        let beside = peer.map_or(String::new(), |peer| format!(" {peer:>9.1} {:>7.2}", found / peer));
        println!("{what:<44} {found:>9.1}{beside}");
    }
    for (what, found) in theirs.iter().filter(|(what, _)| what.starts_with("state dict")) {
        println!("{what:<44} {:>9} {found:>9.1}", "");
    }
}

/// What PyTorch takes.
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
        let value = found.pointer(pointer).and_then(serde_json::Value::as_f64).expect("a number");
        keep_best(theirs, what, value);
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
