//! One small network of every family against what PyTorch computes with it (`reference/make_sweep.py`): the second half of
//! `cargo xtask parity --sweep`, which makes the references, and the table `docs/sweep.md`.
//!
//! A network agrees where its logits and input gradients are as near to PyTorch's in float64 as PyTorch's own in float32 are,
//! but for a factor: two ways of rounding are never equal. Where that is far, for rounding decides on which side of its kink some
//! ReLU stands, they must also agree in float64, in which no ReLU is in doubt.

use std::error::Error;
use std::fmt::Write;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use reglet_model::{ImportOptions, Model, Parameters, Targets};
use reglet_tests::{Reference, distance};
use serde::Deserialize;
use tch::{Kind, Tensor};

/// How many times as far as PyTorch's own float32 a result may be.
const FACTOR: f64 = 5.0;

/// What is always allowed, of logits and of gradients.
const ALLOWED: [f64; 2] = [1e-5, 1e-4];

/// `index.json`.
#[derive(Deserialize)]
struct Index {
    versions: std::collections::BTreeMap<String, String>,
    networks: Vec<String>,
}

/// `NAME.json`.
#[derive(Deserialize)]
struct Notes {
    exported: bool,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    batch: String,
    #[serde(default)]
    side: i64,
    #[serde(default)]
    decomposed: bool,
}

/// How a network came out.
struct Row {
    name: String,
    notes: Notes,
    found: Option<Result<Found, String>>,
    decomposed: Option<Result<Found, String>>,
}

/// How far a network's results are from PyTorch's in float64, and how far PyTorch's own in float32.
struct Found {
    operators: usize,
    /// Of logits and gradients.
    ours: [f64; 2],
    theirs: [f64; 2],
    /// Ours, computed in float64.
    exact: Result<[f64; 2], String>,
    /// Of the logits by rewrites.
    rewritten: f64,
}

impl Found {
    fn agrees(&self) -> bool {
        let bound = |index: usize| ALLOWED[index].max(FACTOR * self.theirs[index]);
        let good =
            |index: usize| self.ours[index] <= bound(index) && (!self.excused(index) || self.exactly(index));
        good(0) && good(1) && self.rewritten <= 10.0 * bound(0)
    }

    /// Whether no more than PyTorch's own distance lets ours be as far as it is.
    fn excused(&self, index: usize) -> bool {
        self.ours[index] > ALLOWED[index]
    }

    fn exactly(&self, index: usize) -> bool {
        self.exact.as_ref().is_ok_and(|exact| exact[index] <= ALLOWED[index])
    }

    /// Ours in float64, as a cell of the table.
    fn exact(&self, index: usize) -> String {
        self.exact.as_ref().map_or("–".to_owned(), |exact| format!("{:.1e}", exact[index]))
    }
}

impl Row {
    fn agrees(&self) -> bool {
        matches!(&self.found, Some(Ok(found)) if found.agrees())
    }

    fn library(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }
}

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("REGLET_SWEEP").map(PathBuf::from) else {
        println!(
            "skipped: one network of every family against PyTorch, which takes hours; run `cargo xtask parity --sweep`"
        );
        return ExitCode::SUCCESS;
    };
    let index: Index = read(&folder.join("index.json")).expect("the script writes it");
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |name: &str| {
        wanted.is_empty() || wanted.iter().any(|word| name == word || name.starts_with(&format!("{word}.")))
    };
    let mut rows = Vec::new();
    for name in index.networks.iter().filter(|name| is_wanted(name)) {
        let Some(notes) = read::<Notes>(&folder.join(format!("{name}.json"))) else {
            println!("{name}: there is no reference of it");
            continue;
        };
        let begun = Instant::now();
        let of = |archive: String| {
            guarded(|| compare(&folder.join(archive), &folder.join(format!("{name}.safetensors"))))
        };
        let found = notes.exported.then(|| of(format!("{name}.pt2")));
        let decomposed = notes.decomposed.then(|| of(format!("{name}.decomposed.pt2")));
        let row = Row { name: name.clone(), notes, found, decomposed };
        println!("{} ({:.1} s)", line(&row), begun.elapsed().as_secs_f64());
        rows.push(row);
    }
    if rows.is_empty() {
        println!("there is nothing to compare");
        return ExitCode::FAILURE;
    }
    let table = table(&index, &rows);
    if let Some(path) = std::env::var_os("REGLET_SWEEP_TABLE").filter(|_| wanted.is_empty()) {
        std::fs::write(&path, &table).expect("the table's folder is there");
    }
    let exported = rows.iter().filter(|row| row.notes.exported).count();
    let agreeing = rows.iter().filter(|row| row.agrees()).count();
    println!("{agreeing} of {exported} that can be exported agree");
    if agreeing * 100 >= exported * 95 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// What comes of it, where a panic is an error like any other: the rest are compared all the same.
fn guarded<T>(compare: impl FnOnce() -> Result<T, Box<dyn Error>>) -> Result<T, String> {
    match panic::catch_unwind(panic::AssertUnwindSafe(compare)) {
        Ok(found) => found.map_err(|error| error.to_string()),
        Err(_) => Err("it panics".to_owned()),
    }
}

fn compare(archive: &Path, reference: &Path) -> Result<Found, Box<dyn Error>> {
    let reference = Reference::read_path(reference);
    let options = ImportOptions::new(archive);
    let mut model = Model::import(&options)?;
    let input = reference.input();
    let rewritten = distance(&model.logits(&input)?, reference.tensor("logits"));
    model.set_rewrites(&[])?;
    let ours = results(&model, &input, &reference)?;
    let exact = guarded(|| {
        let double = |tensor: &Tensor| match tensor.is_floating_point() {
            true => tensor.to_kind(Kind::Double),
            false => tensor.shallow_clone(),
        };
        let parameters = model.parameters().tensors().iter().map(double).collect();
        let mut model = model.with_parameters(Parameters::from_tensors(parameters))?;
        model.set_rewrites(&[])?;
        results(&model, &double(&input), &reference)
    });
    let theirs = ["logits", "input_gradient"].map(|name| reference.float32(name));
    Ok(Found { operators: model.graph().nodes().len(), ours, theirs, exact, rewritten })
}

/// How far logits and gradients are from the reference.
fn results(model: &Model, input: &Tensor, reference: &Reference) -> Result<[f64; 2], Box<dyn Error>> {
    let found = model.evaluate(input, Targets::Classes(&reference.targets()), true, &[])?;
    let gradient = found.input_gradient.ok_or("there is no gradient")?;
    Ok([
        distance(&found.logits, reference.tensor("logits")),
        distance(&gradient, reference.tensor("input_gradient")),
    ])
}

/// One network's line on the terminal.
fn line(row: &Row) -> String {
    let told = match &row.found {
        None => format!("not exported: {}", row.notes.reason),
        Some(Err(reason)) => format!("FAILS: {reason}"),
        Some(Ok(found)) => {
            let mark = if found.agrees() { "agrees" } else { "TOO FAR" };
            format!("{mark}, {}", far(found))
        }
    };
    let decomposed = match &row.decomposed {
        Some(Ok(found)) if found.agrees() => "; decomposed agrees".to_owned(),
        Some(Ok(found)) => format!("; decomposed TOO FAR, {}", far(found)),
        Some(Err(reason)) => format!("; decomposed FAILS: {reason}"),
        None => String::new(),
    };
    format!("{}: {told}{decomposed}", row.name)
}

fn far(found: &Found) -> String {
    let [logits, gradient] = found.ours;
    let exact = match &found.exact {
        Ok([logits, gradient]) => format!("{logits:.1e} and {gradient:.1e}"),
        Err(reason) => format!("not to be had ({reason})"),
    };
    format!(
        "logits {logits:.1e} ({:.1e}), gradient {gradient:.1e} ({:.1e}), in float64 {exact}, rewritten {:.1e}",
        found.theirs[0], found.theirs[1], found.rewritten
    )
}

/// The page `docs/sweep.md`.
fn table(index: &Index, rows: &[Row]) -> String {
    let mut text = String::from("# Every family of three libraries\n\n");
    let versions: Vec<String> =
        index.versions.iter().map(|(package, version)| format!("{package} {version}")).collect();
    let _ = writeln!(
        text,
        "This page is written by `cargo xtask parity --sweep` with {}. It covers one small network of every module of timm and of torchvision's classifiers, and every image classifier of transformers, with random weights. Each network was exported by `torch.export.export`, with a dynamic batch size if possible and else for one picture, then imported, run and differentiated.\n\n\
         Distances are ‖a − b‖ / ‖b‖, measured from PyTorch's results in float64, for the logits of two pictures and the gradients of one score for each. A network *agrees* if its distances are at most {FACTOR} times those of PyTorch's own results in float32, or at most {:.0e} for logits and {:.0e} for gradients. The distances of PyTorch's float32 results are given in parentheses: the largest over four inputs that differ by rounding. If Reglet's distances exceed {:.0e} and {:.0e}, because rounding decides whether some ReLU is active, its results in float64 must be within these limits.\n",
        versions.join(", "),
        ALLOWED[0],
        ALLOWED[1],
        ALLOWED[0],
        ALLOWED[1]
    );
    if rows.len() < index.networks.len() {
        let _ = writeln!(
            text,
            "**Not whole:** {} of the {} networks were compared in this run; there was no reference of the others.\n",
            rows.len(),
            index.networks.len()
        );
    }
    text.push_str("| library | networks | exported | of these for one picture | agree | after `run_decompositions()` |\n|---|--:|--:|--:|--:|--:|\n");
    let libraries = ["torchvision", "timm", "transformers"];
    for library in libraries.into_iter().map(Some).chain([None]) {
        let own: Vec<&Row> =
            rows.iter().filter(|row| library.is_none_or(|library| row.library() == library)).collect();
        let count = |which: &dyn Fn(&Row) -> bool| own.iter().filter(|row| which(row)).count();
        let exported = count(&|row| row.notes.exported);
        let agree = count(&Row::agrees);
        let tried = count(&|row| row.decomposed.is_some());
        let good = count(&|row| matches!(&row.decomposed, Some(Ok(found)) if found.agrees()));
        let _ = writeln!(
            text,
            "| {} | {} | {exported} | {} | {agree} ({:.1} %) | {good} of {tried} |",
            library.unwrap_or("all"),
            own.len(),
            count(&|row| row.notes.exported && row.notes.batch == "one"),
            100.0 * agree as f64 / exported.max(1) as f64
        );
    }

    let all = |title: &str, told: &dyn Fn(&Row) -> Option<String>| {
        let lines: Vec<String> =
            rows.iter().filter_map(|row| Some(format!("| `{}` | {} |\n", row.name, told(row)?))).collect();
        match lines.is_empty() {
            true => format!("\n## {title}\n\nNone.\n"),
            false => format!("\n## {title}\n\n| network | reason |\n|---|---|\n{}", lines.concat()),
        }
    };
    text += &all("Exported, and do not agree", &|row| match &row.found {
        Some(Err(reason)) => Some(plain(reason)),
        Some(Ok(found)) if !found.agrees() => Some(far(found)),
        _ => None,
    });
    text += &all("Agree, but not after `run_decompositions()`", &|row| match &row.decomposed {
        _ if !row.agrees() => None,
        Some(Err(reason)) => Some(plain(reason)),
        Some(Ok(found)) if !found.agrees() => Some(far(found)),
        _ => None,
    });
    text += &all("Not exported by PyTorch", &|row| (!row.notes.exported).then(|| plain(&row.notes.reason)));

    text.push_str("\n## Agree\n\n| network | side | batch | operators | logits | in float64 | gradient | in float64 | logits, rewritten |\n|---|--:|---|--:|--:|--:|--:|--:|--:|\n");
    for row in rows.iter().filter(|row| row.agrees()) {
        let Some(Ok(found)) = &row.found else { continue };
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {:.1e} ({:.1e}) | {} | {:.1e} ({:.1e}) | {} | {:.1e} |",
            row.name,
            row.notes.side,
            row.notes.batch,
            found.operators,
            found.ours[0],
            found.theirs[0],
            found.exact(0),
            found.ours[1],
            found.theirs[1],
            found.exact(1),
            found.rewritten
        );
    }
    text
}

/// A reason as a cell of the table: without the folder that the archives were in, which is nobody's business.
fn plain(reason: &str) -> String {
    let words = reason.split(' ').map(|word| match word.rsplit_once('/') {
        Some((folder, file)) if folder.starts_with('/') || folder.starts_with("\"/") => file,
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ").replace('|', "\\|").replace('\n', " ")
}
