//! Exported networks against what PyTorch computes with them (`reference/make_parity.py`), with a table of
//! how far they are apart: the second half of `cargo xtask parity`, which makes the references. A network that
//! is built in as well is held to its exported twin, and where the reference has Captum's maps, methods are held to those. With
//! `--onnx` the same networks as ONNX files are compared too.
//!
//! The bounds are for the operators as they were exported. By its rewrites a network rounds otherwise, which moves
//! its logits a little and, where some ReLU's input is all but zero, switches that ReLU's gradient on or off: so
//! only the logits are bounded then.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use reglet_attribution::{IntegratedGradients, Method, Occlusion};
use reglet_model::{Architecture, ImportOptions, Model, ModelError, Parameters, Preprocessing, Targets};
use reglet_tests::{Reference, distance};

/// What is allowed: of the logits and of gradients, of the operators as they were exported.
const BOUNDS: [f64; 2] = [1e-5, 1e-3];

/// How many times as far as PyTorch's own float32 an ONNX file's results may be: its exporters merge batch norms into
/// convolutions, which rounds otherwise, and switches what stands on a kink.
const FACTOR: f64 = 5.0;

/// What is allowed of the logits by rewrites.
const REWRITTEN: f64 = 1e-4;

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("REGLET_PARITY").map(PathBuf::from) else {
        println!("skipped: whole networks against PyTorch, which needs Python; run `cargo xtask parity`");
        return ExitCode::SUCCESS;
    };
    let onnx = std::env::args().any(|word| word == "--onnx");
    let mut archives: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("REGLET_PARITY is a folder")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == "pt2" || (onnx && extension == "onnx"))
        })
        .collect();
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    archives.retain(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let is = |wanted: &String| {
            name.strip_prefix(wanted.as_str()).is_some_and(|rest| ["", ".dynamo", ".script"].contains(&rest))
        };
        wanted.is_empty() || wanted.iter().any(is)
    });
    archives.sort();
    assert!(!archives.is_empty(), "{} holds no archives", folder.display());

    println!(
        "{:<36} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}  at layer",
        "network", "operators", "logits", "gradient", "layer", "its grad.", "rewritten", "maps"
    );
    let mut failed = 0;
    for archive in &archives {
        let name = archive.file_stem().unwrap_or_default().to_string_lossy();
        match compare(archive) {
            Ok(found) => {
                let [logits, gradient, activation, layer_gradient] = found.distances;
                let [far_gradient, far_activation, far_layer_gradient] = found.theirs;
                let good = logits <= BOUNDS[0] && activation <= BOUNDS[0].max(FACTOR * far_activation);
                let good = good && gradient <= BOUNDS[1].max(FACTOR * far_gradient);
                let good = good && layer_gradient <= BOUNDS[1].max(FACTOR * far_layer_gradient);
                let good = good && found.maps.as_ref().is_none_or(|(_, _, good)| *good);
                let good =
                    good && found.rewritten <= REWRITTEN && found.twin.is_none_or(|twin| twin <= BOUNDS[0]);
                failed += usize::from(!good);
                let mark = if good { "" } else { "  TOO FAR" };
                let twin = found.twin.map_or(String::new(), |twin| format!(", built in {twin:.1e}"));
                let maps = found.maps.as_ref().map_or(String::new(), |(far, _, _)| format!("{far:.1e}"));
                let layer = match &found.maps {
                    Some((_, name, _)) => format!("{}, {name}", found.layer),
                    None => found.layer.clone(),
                };
                println!(
                    "{name:<36} {:>9} {logits:>9.1e} {gradient:>9.1e} {activation:>9.1e} {layer_gradient:>9.1e} {:>9.1e} {maps:>9}  {layer}{twin}{mark}",
                    found.operators, found.rewritten
                );
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

/// How far a network is from its reference.
struct Found {
    operators: usize,
    layer: String,
    /// Of logits, input gradient, activation and its gradient.
    distances: [f64; 4],
    /// Of the last three, how far PyTorch's own in float32 are from those in float64; zero where it is not noted.
    theirs: [f64; 3],
    /// Of the logits by rewrites.
    rewritten: f64,
    /// Of the built-in network's logits, if there is one of that name.
    twin: Option<f64>,
    /// Of the methods' maps the one that is farthest for what it may be, if the reference has any: how far it is, its name, and
    /// whether it may.
    maps: Option<(f64, String, bool)>,
}

fn compare(archive: &Path) -> Result<Found, Box<dyn Error>> {
    let reference = Reference::read_path(&archive.with_extension("safetensors"));
    let options = ImportOptions::new(archive.to_owned());
    let mut model = Model::import(&options)?;
    let rewritten = distance(&model.logits(&reference.input())?, reference.tensor("logits"));
    model.set_rewrites(&[])?;
    let twin = twin(archive, &model, &reference)?;
    let layer = reference.text("layer").to_owned();
    // Of some networks no module around the layer is called by itself.
    let value = if layer.is_empty() { model.graph().input() } else { model.graph().layer(&layer)? };
    let targets = reference.targets();
    let found = model.evaluate(&reference.input(), Targets::Classes(&targets), true, &[value])?;
    let gradient = found.input_gradient.expect("it was asked for");
    let distances = [
        distance(&found.logits, reference.tensor("logits")),
        distance(&gradient, reference.tensor("input_gradient")),
        if layer.is_empty() {
            0.0
        } else {
            distance(&found.layers[0].activation, reference.tensor("activation"))
        },
        if layer.is_empty() {
            0.0
        } else {
            distance(&found.layers[0].gradient, reference.tensor("gradient"))
        },
    ];
    let maps = reference.holds("saliency").then(|| maps(&model, &reference, &targets)).transpose()?;
    let noted = archive.extension().is_some_and(|extension| extension == "onnx");
    let theirs = ["input_gradient", "activation", "gradient"]
        .map(|name| if noted { reference.float32(name) } else { 0.0 });
    Ok(Found { operators: model.graph().nodes().len(), layer, distances, theirs, rewritten, twin, maps })
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
        let share = far / BOUNDS[1].max(5.0 * reference.float32(name));
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
