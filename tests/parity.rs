//! Exported networks against what PyTorch computes with them (`reference/make_parity.py`), with a table of
//! how far they are apart: the second half of `cargo xtask parity`, which makes the references. A network that
//! is built in as well is held to its exported twin, and where the reference has Captum's maps, methods are held to those. With
//! `--onnx` the same networks as ONNX files are compared too.
//!
//! The logits are compared with those of the program whose file it is, PyTorch or ONNX Runtime, and the rest with what PyTorch
//! computes in float64. Where some ReLU's input is all but zero, rounding decides whether its gradient counts: so a gradient may be
//! farther than its bound where PyTorch's own in float32 is, too, and an archive of `torch.export`, whose weights are PyTorch's
//! own, must then keep to the bound in float64. Where logits are farther from the other program's than their bound, they agree if
//! they are at least as near to those in float64, and the table says so.
//!
//! The bounds are for the operators as they were exported. By its rewrites a network rounds otherwise, which moves
//! its logits a little and switches ReLUs: so only the logits are bounded then.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use reglet_attribution::{IntegratedGradients, Method, Occlusion};
use reglet_model::{Architecture, ImportOptions, Model, ModelError, Parameters, Preprocessing, Targets};
use reglet_tests::{Reference, distance};
use tch::{Kind, Tensor};

/// What is allowed: of the logits and of gradients, of the operators as they were exported.
const BOUNDS: [f64; 2] = [1e-5, 1e-3];

/// How many times as far from float64 as PyTorch's own float32 a result may be: every order of additions rounds otherwise, and so
/// do batch norms that an exporter merges into convolutions, and that switches what stands on a kink.
const FACTOR: f64 = 5.0;

/// What is allowed of the logits by rewrites.
const REWRITTEN: f64 = 1e-4;

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("REGLET_PARITY").map(PathBuf::from) else {
        println!("skipped: whole networks against PyTorch, which needs Python; run `cargo xtask parity`");
        return ExitCode::SUCCESS;
    };
    let archives = match archives(&folder) {
        Ok(archives) => archives,
        Err(reason) => {
            println!("{reason}");
            return ExitCode::FAILURE;
        }
    };

    println!(
        "{:<36} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}  at layer",
        "network", "operators", "logits", "gradient", "layer", "its grad.", "rewritten", "maps"
    );
    let mut failed = 0;
    for archive in &archives {
        let name = archive.file_stem().unwrap_or_default().to_string_lossy();
        match compare(archive) {
            Ok(found) => {
                failed += usize::from(!found.agrees());
                println!("{name:<36} {found}");
            }
            Err(error) => {
                failed += 1;
                println!("{name:<36} {error}");
            }
        }
    }
    println!("{} of {} agree", archives.len() - failed, archives.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The networks in a folder that the arguments ask for.
fn archives(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let onnx = std::env::args().any(|word| word == "--onnx");
    let entries = std::fs::read_dir(folder).map_err(|error| {
        format!(
            "REGLET_PARITY is {}, which cannot be read as a folder: {error}; `cargo xtask parity` makes one",
            folder.display()
        )
    })?;
    let is_archive =
        |path: &Path| path.extension().is_some_and(|end| end == "pt2" || (onnx && end == "onnx"));
    let mut archives: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_archive(path)).collect();
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    archives.retain(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let is = |wanted: &String| {
            name.strip_prefix(wanted.as_str()).is_some_and(|rest| ["", ".dynamo", ".script"].contains(&rest))
        };
        wanted.is_empty() || wanted.iter().any(is)
    });
    archives.sort();
    if archives.is_empty() {
        return Err(format!(
            "{} holds none of the networks that are asked for; `cargo xtask parity` exports them",
            folder.display()
        ));
    }
    Ok(archives)
}

/// How far a network is from its reference.
struct Found {
    operators: usize,
    layer: String,
    /// Whose logits they are compared with.
    oracle: &'static str,
    far: Far,
    /// The same for the network in float64, where its weights are PyTorch's own and rounding in float32 makes it too far.
    exact: Option<Far>,
    /// How far PyTorch's own in float32 are from those in float64: the input gradient, the activation and its gradient.
    theirs: [f64; 3],
    /// How far the logits are from those in float64: these, and those of the oracle.
    from_exact: [f64; 2],
    /// Of the logits by rewrites.
    rewritten: f64,
    /// Of the built-in network's logits, if there is one of that name.
    twin: Option<f64>,
    /// Of the methods' maps the one that is farthest for what it may be, if the reference has any: how far it is, its name, and
    /// whether it may.
    maps: Option<(f64, String, bool)>,
}

/// How far results are from the reference.
struct Far {
    logits: f64,
    /// The input gradient, the activation and its gradient.
    rest: [f64; 3],
}

/// What is allowed of the input gradient, the activation and its gradient.
const REST: [f64; 3] = [BOUNDS[1], BOUNDS[0], BOUNDS[1]];

impl Far {
    /// Whether all but the logits are as near as asked.
    fn near(&self) -> bool {
        self.rest.iter().zip(REST).all(|(far, bound)| *far <= bound)
    }
}

impl Found {
    /// Whether rounding of the oracle, and not ours, is what keeps the logits apart.
    fn oracle_is_off(&self) -> bool {
        self.far.logits > BOUNDS[0] && self.from_exact[0] <= self.from_exact[1]
    }

    fn agrees(&self) -> bool {
        let allowed = |place: usize| REST[place].max(FACTOR * self.theirs[place]);
        (self.far.logits <= BOUNDS[0] || self.oracle_is_off())
            && (0..3).all(|place| self.far.rest[place] <= allowed(place))
            && self.exact.as_ref().is_none_or(Far::near)
            && self.maps.as_ref().is_none_or(|(_, _, good)| *good)
            && self.rewritten <= REWRITTEN
            && self.twin.is_none_or(|twin| twin <= BOUNDS[0])
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [gradient, activation, layer_gradient] = self.far.rest;
        let (logits, rewritten) = (self.far.logits, self.rewritten);
        let maps = self.maps.as_ref().map_or(String::new(), |(far, _, _)| format!("{far:.1e}"));
        write!(
            f,
            "{:>9} {logits:>9.1e} {gradient:>9.1e} {activation:>9.1e} {layer_gradient:>9.1e} {rewritten:>9.1e} {maps:>9}  {}",
            self.operators, self.layer
        )?;
        if let Some((_, map, _)) = &self.maps {
            write!(f, ", {map}")?;
        }
        if let Some(twin) = self.twin {
            write!(f, ", built in {twin:.1e}")?;
        }
        if self.far.logits > BOUNDS[0] {
            let ([ours, theirs], oracle) = (self.from_exact, self.oracle);
            write!(f, ", logits {ours:.1e} from float64, and {oracle}'s {theirs:.1e}")?;
        }
        if !self.far.near() {
            let [gradient, activation, layer_gradient] = self.theirs;
            write!(f, ", PyTorch's own float32 {gradient:.1e}, {activation:.1e}, {layer_gradient:.1e}")?;
        }
        if let Some(Far { rest: [gradient, activation, layer_gradient], .. }) = self.exact {
            write!(f, ", in float64 {gradient:.1e}, {activation:.1e}, {layer_gradient:.1e}")?;
        }
        f.write_str(if self.agrees() { "" } else { "  TOO FAR" })
    }
}

fn compare(archive: &Path) -> Result<Found, Box<dyn Error>> {
    let onnx = archive.extension().is_some_and(|extension| extension == "onnx");
    let reference = reference(&archive.with_extension("safetensors"))?;
    let options = ImportOptions::new(archive.to_owned());
    let mut model = Model::import(&options)?;
    let rewritten = distance(&model.logits(&reference.input())?, reference.tensor("logits"));
    model.set_rewrites(&[])?;
    let twin = twin(archive, &model, &reference)?;
    let (far, logits) = measured(&model, &reference, &reference.input())?;
    // Merged batch norms are rounded once and for all.
    let exact = (!onnx && !far.near())
        .then(|| {
            let mut model = exact(&model)?;
            model.set_rewrites(&[])?;
            measured(&model, &reference, &reference.input().to_kind(Kind::Double))
        })
        .transpose()?
        .map(|(far, _)| far);
    let targets = reference.targets();
    let maps = reference.holds("saliency").then(|| maps(&model, &reference, &targets)).transpose()?;
    Ok(Found {
        operators: model.graph().nodes().len(),
        layer: reference.text("layer").to_owned(),
        oracle: if onnx { "ONNX Runtime" } else { "PyTorch" },
        far,
        exact,
        theirs: ["input_gradient", "activation", "gradient"].map(|name| reference.float32(name)),
        from_exact: [&logits, reference.tensor("logits")]
            .map(|logits| distance(logits, reference.tensor("exact_logits"))),
        rewritten,
        twin,
        maps,
    })
}

/// The reference of a network, if it is there and has what is compared.
fn reference(path: &Path) -> Result<Reference, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let again = "delete the network's files and run `cargo xtask parity` again";
    if !path.exists() {
        return Err(format!("has no reference, {name}, as if its export had been interrupted; {again}"));
    }
    let reference = Reference::open(path).map_err(|reason| format!("{reason}; {again}"))?;
    let needed = ["input", "logits", "exact_logits", "input_gradient", "activation", "gradient"];
    match needed.into_iter().find(|tensor| !reference.holds(tensor)) {
        Some(tensor) => {
            Err(format!("has a reference, {name}, without '{tensor}', of an older script; {again}"))
        }
        None => Ok(reference),
    }
}

/// How far a model's results are from the reference, and its logits.
fn measured(model: &Model, reference: &Reference, input: &Tensor) -> Result<(Far, Tensor), Box<dyn Error>> {
    let layer = reference.text("layer");
    // Of some networks no module around the layer is called by itself.
    let value = if layer.is_empty() { model.graph().input() } else { model.graph().layer(layer)? };
    let found = model.evaluate(input, Targets::Classes(&reference.targets()), true, &[value])?;
    let gradient = found.input_gradient.ok_or("there is no gradient")?;
    let mut rest = [distance(&gradient, reference.tensor("input_gradient")), 0.0, 0.0];
    if !layer.is_empty() {
        rest[1] = distance(&found.layers[0].activation, reference.tensor("activation"));
        rest[2] = distance(&found.layers[0].gradient, reference.tensor("gradient"));
    }
    Ok((Far { logits: distance(&found.logits, reference.tensor("logits")), rest }, found.logits))
}

/// The same network in float64.
fn exact(model: &Model) -> Result<Model, ModelError> {
    let double = |tensor: &Tensor| match tensor.is_floating_point() {
        true => tensor.to_kind(Kind::Double),
        false => tensor.shallow_clone(),
    };
    model.with_parameters(Parameters::from_tensors(model.parameters().tensors().iter().map(double).collect()))
}

/// The map that is farthest from Captum's, which is in float64, for what it may be: 10⁻³ or, where rounding decides about ReLUs,
/// five times as far as Captum's own in float32.
fn maps(
    model: &Model,
    reference: &Reference,
    targets: &[usize],
) -> Result<(f64, String, bool), Box<dyn Error>> {
    let occlusion = Occlusion { window: Some(32), stride: Some(16), ..Occlusion::default() };
    let methods = [
        ("saliency", Method::named("saliency")?),
        ("input_x_gradient", Method::named("input_x_gradient")?),
        (
            "integrated_gradients",
            Method::new(IntegratedGradients { steps: 8, ..IntegratedGradients::default() }),
        ),
        ("occlusion", Method::new(occlusion)),
    ];
    let known = methods.into_iter().filter(|(name, _)| reference.holds(name));
    let (names, methods): (Vec<&str>, Vec<Method>) = known.unzip();
    let found = Method::attribute_all(&methods, model, &reference.input(), Targets::Classes(targets))?;
    let mut worst = (0.0, String::new(), 0.0);
    for (name, computed) in names.into_iter().zip(&found.computed) {
        let far = distance(&computed.attribution.values, reference.tensor(name));
        let share = far / BOUNDS[1].max(FACTOR * reference.float32(name));
        if share >= worst.2 {
            worst = (far, name.to_owned(), share);
        }
    }
    Ok((worst.0, worst.1, worst.2 <= 1.0))
}

/// How far the logits of the built-in network of the archive's name are from the reference, with the archive's
/// weights; `None` if none is built in.
fn twin(archive: &Path, exported: &Model, reference: &Reference) -> Result<Option<f64>, ModelError> {
    let name = archive.file_stem().unwrap_or_default().to_string_lossy();
    let Ok(architecture) = name.parse::<Architecture>() else { return Ok(None) };
    let graph = architecture.graph(exported.classes().count() as i64, 1.0)?;
    let weight = |name: &str| exported.graph().parameters().iter().position(|known| known.name == name);
    let weights = graph.parameters().iter().map(|parameter| {
        let place =
            weight(&parameter.name).unwrap_or_else(|| panic!("the archive has no {}", parameter.name));
        exported.parameters().tensors()[place].shallow_clone()
    });
    let parameters = Parameters::from_tensors(weights.collect());
    let same = exported.graph().layers().eq(graph.layers());
    assert!(same, "{name}: the layers of the built-in network have other names");
    assert_eq!(exported.grad_cam_layer(), architecture.grad_cam_layer(), "{name}");
    let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
    Ok(Some(distance(&model.logits(&reference.input())?, reference.tensor("logits"))))
}
