//! `reglet explain`: one picture, or several; what the model says, and where it looks.

use std::path::{Path, PathBuf};
use std::time::Instant;

use image::RgbImage;
use reglet_attribution::{Baseline, Computed, Explanation, Method};
use reglet_data::file_names;
use reglet_data::picture::{self, Limits};
use reglet_model::{
    ImportOptions, Model, ModelError, ModelOptions, Preprocessing, Rewrite, Targets, WeightsSource, device,
    read_labels, save,
};
use reglet_viz::{ColorBar, Colormap, Figure, Panel, Theme};
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};

use crate::drawing::{OPACITY, scaled};
use crate::progress::Progress;
use crate::{Error, Output, parameters};

/// What to explain, and how.
#[derive(Debug, Clone)]
pub struct ExplainOptions {
    /// Pictures, or folders of them.
    pub pictures: Vec<PathBuf>,
    /// The architecture's name, or an archive of torch.export.
    pub model: String,
    /// A TorchScript program is run, since it comes from a source that is trusted.
    pub run_torchscript: bool,
    /// The channels relative to the published network.
    pub width: f64,
    /// A file, or `torchvision`; an archive has its own.
    pub weights: Option<String>,
    /// A file of class labels, one a line.
    pub labels: Option<PathBuf>,
    /// A label or an index; the top class unless given.
    pub target: Option<String>,
    /// The methods' names.
    pub methods: Vec<String>,
    /// The layer of the methods that read one; the model's own choice unless given.
    pub layer: Option<String>,
    /// The baseline of the methods that have one; their own default unless given.
    pub baseline: Option<String>,
    /// The steps of the methods that have them; their own default unless given.
    pub steps: Option<usize>,
    /// Parameters of methods: `METHOD.PARAMETER=VALUE`, the value in TOML or else plain text.
    pub set: Vec<String>,
    /// `notebook`, `torchvision` or a side; what an archive was exported for, else `notebook`, unless given.
    pub preprocessing: Option<String>,
    /// The colour map's name.
    pub colormap: String,
    /// Where to run.
    pub device: String,
    /// The rewrites to run by: names with commas, or `none`; all unless given.
    pub rewrites: Option<String>,
    /// The folder for the results.
    pub out: PathBuf,
    /// Print JSON instead of text.
    pub json: bool,
}

/// How many classes are named.
const TOP: usize = 5;

/// Explains every picture and writes the results. Returns what is to be printed.
///
/// # Errors
/// Whatever is wrong with the options, the model or a picture; nothing is written then.
pub fn explain(options: &ExplainOptions) -> Result<String, Error> {
    let pictures = collect(&options.pictures)?;
    let colormap: Colormap = options.colormap.parse()?;
    let methods = methods(options)?;
    let model = load(options)?;
    let target = options.target.as_ref().map(|name| model.classes().find(name)).transpose()?;
    let mut output = Output::new(&options.out)?;

    let several = pictures.len() > 1;
    let folders = folders(&pictures);
    let mut progress = Progress::new("explaining", "pictures");
    let mut printed = Vec::with_capacity(pictures.len());
    let mut summaries = Vec::with_capacity(pictures.len());
    for (index, (path, folder)) in pictures.iter().zip(&folders).enumerate() {
        let folder = if several { Path::new(folder) } else { Path::new("") };
        let one = One { options, model: &model, methods: &methods, colormap, target, path };
        let (text, summary) = one.explain(&mut output, folder)?;
        printed.push(text);
        summaries.push(summary);
        progress.update(index as u64 + 1, pictures.len() as u64);
    }
    drop(progress);
    output.finish()?;
    if options.json {
        let all = if several { Value::Array(summaries) } else { summaries.remove(0) };
        return Ok(format!("{all:#}\n"));
    }
    Ok(format!("{}\nwritten to {}\n", printed.join("\n"), options.out.display()))
}

/// One picture with all that it is explained with.
struct One<'a> {
    options: &'a ExplainOptions,
    model: &'a Model,
    methods: &'a [Method],
    colormap: Colormap,
    target: Option<usize>,
    path: &'a Path,
}

/// A class with its probability.
struct Ranked {
    index: usize,
    label: String,
    probability: f64,
}

impl One<'_> {
    fn explain(&self, output: &mut Output, folder: &Path) -> Result<(String, Value), Error> {
        let model = self.model;
        let picture = picture::load(self.path, &Limits::default())?;
        let view = model.preprocessing().view(&picture)?;
        let input = model.preprocessing().tensor(std::slice::from_ref(&view), model.device())?;
        let classes: Vec<usize> = self.target.into_iter().collect();
        let targets = if classes.is_empty() { Targets::Top } else { Targets::Classes(&classes) };
        let start = Instant::now();
        let found = Method::attribute_all(self.methods, model, &input, targets)?;
        let seconds = start.elapsed().as_secs_f64();

        let probabilities = model.classes().probabilities(&found.evaluation.logits)?;
        let probabilities: Vec<f64> =
            Vec::try_from(probabilities.f_select(0, 0)?.f_to_kind(Kind::Double)?.f_to_device(Device::Cpu)?)?;
        let target = found.evaluation.targets[0];
        let label = |index: usize| model.classes().labels()[index].clone();
        let ranked = |index: usize| Ranked { index, label: label(index), probability: probabilities[index] };
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
        let top: Vec<Ranked> = order.into_iter().take(TOP).map(ranked).collect();
        let target = ranked(target);

        let figure = self.figure(&view, &found, &top, &target)?;
        let drawing = figure.draw(&Theme::LIGHT)?;
        output.write(folder.join("figure.svg"), drawing.as_str().as_bytes())?;
        output.write(folder.join("figure.png"), &drawing.to_png(2.0)?)?;
        let summary = self.summary(&found, &top, &target, seconds)?;
        output.write(folder.join("summary.json"), format!("{summary:#}\n").as_bytes())?;
        self.save_maps(output, folder, &input, &found)?;
        Ok((self.text(&found, &top, &target)?, summary))
    }

    fn figure(
        &self,
        view: &RgbImage,
        found: &Explanation,
        top: &[Ranked],
        target: &Ranked,
    ) -> Result<Figure, Error> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let (width, height) = view.dimensions();
        let mut figure = Figure::new(format!("{name}: {}", target.label))
            .subtitle(format!(
                "{} · explained: {} ({}), probability {:.3}",
                self.model.provenance().architecture,
                target.label,
                target.index,
                target.probability
            ))
            .columns(self.methods.len() + 1)
            .panel(Panel::picture("As the model sees it", view.clone()).caption(format!("{width}×{height}")));
        let mut overlays = Vec::new();
        for (method, computed) in self.methods.iter().zip(&found.computed) {
            let reduction = method.get().reduction();
            let map = computed.attribution.map(0, reduction)?;
            let (scaled, colormap) = scaled(map.view(), reduction, self.colormap)?;
            let mut panel = Panel::picture(method.get().about().title, scaled.colorize(colormap))
                .color_bar(ColorBar::of(&scaled, colormap))
                .caption(self.caption(method, computed, found));
            if let Some(remark) = computed.attribution.remark(0)? {
                panel = panel.caption(remark.text());
            }
            figure = figure.panel(panel);
            overlays.push(Panel::picture(
                format!("{}, overlaid", method.get().about().title),
                scaled.overlay(view, colormap, OPACITY)?,
            ));
        }
        let bars = top.iter().map(|ranked| (ranked.label.clone(), ranked.probability));
        figure = figure.panel(Panel::bars("What it says", bars));
        for overlay in overlays {
            figure = figure.panel(overlay);
        }
        Ok(figure)
    }

    /// A method's time, how it was computed and, where it has one, its gap.
    fn caption(&self, method: &Method, computed: &Computed, found: &Explanation) -> String {
        let mut caption = format!("{:.2} s", taken(computed, found));
        if let Some(note) = method.get().note(self.model) {
            caption += &format!(" · {note}");
        }
        if let Some(gaps) = &computed.attribution.gaps {
            caption += &format!(" · gap {:.2} %", 100.0 * gaps[0].relative);
        }
        caption
    }

    fn text(&self, found: &Explanation, top: &[Ranked], target: &Ranked) -> Result<String, Error> {
        let mut lines = vec![format!("{}", self.path.display())];
        for ranked in top {
            let mark = if ranked.index == target.index { "*" } else { " " };
            lines.push(format!(
                "{mark} {:6.2} %  {} ({})",
                100.0 * ranked.probability,
                ranked.label,
                ranked.index
            ));
        }
        if top.iter().all(|ranked| ranked.index != target.index) {
            let Ranked { index, label, probability } = target;
            lines.push(format!("* {:6.2} %  {label} ({index})", 100.0 * probability));
        }
        for (method, computed) in self.methods.iter().zip(&found.computed) {
            let remark = computed.attribution.remark(0)?.map(|remark| format!(" · {}", remark.text()));
            let caption = self.caption(method, computed, found);
            let title = method.get().about().title;
            lines.push(format!("{title:<22}{caption}{}", remark.unwrap_or_default()));
        }
        Ok(lines.join("\n"))
    }

    fn summary(
        &self,
        found: &Explanation,
        top: &[Ranked],
        target: &Ranked,
        seconds: f64,
    ) -> Result<Value, Error> {
        let class = |ranked: &Ranked| json!({ "index": ranked.index, "label": ranked.label, "probability": ranked.probability });
        let mut methods = Vec::new();
        for (method, computed) in self.methods.iter().zip(&found.computed) {
            let gap = computed.attribution.gaps.as_ref().map(|gaps| {
                // JSON has no infinity: a gap relative to nothing is null.
                json!({ "absolute": gaps[0].absolute, "relative": gaps[0].relative })
            });
            methods.push(json!({
                "name": method.name(),
                "parameters": method,
                "seconds": taken(computed, found),
                "gap": gap,
                "remark": computed.attribution.remark(0)?.map(|remark| remark.text()),
            }));
        }
        let provenance = self.model.provenance();
        Ok(json!({
            "schema_version": 1,
            "picture": self.path.display().to_string(),
            "model": {
                "architecture": provenance.architecture,
                "weights": provenance.weights.display().to_string(),
                "weights_sha256": provenance.sha256,
                "prefix_removed": provenance.prefix,
                "preprocessing": self.model.preprocessing(),
                "device": format!("{:?}", self.model.device()),
            },
            "target": class(target),
            "top": top.iter().map(class).collect::<Vec<_>>(),
            "methods": methods,
            "seconds": seconds,
            "reglet": env!("CARGO_PKG_VERSION"),
        }))
    }

    /// The raw tensors, without the batch dimension.
    fn save_maps(
        &self,
        output: &mut Output,
        folder: &Path,
        input: &Tensor,
        found: &Explanation,
    ) -> Result<(), Error> {
        let mut tensors = vec![("input", input.f_select(0, 0)?)];
        for (method, computed) in self.methods.iter().zip(&found.computed) {
            tensors.push((method.name(), computed.attribution.values.f_select(0, 0)?));
        }
        let tensors: Vec<(&str, &Tensor)> = tensors.iter().map(|(name, tensor)| (*name, tensor)).collect();
        let name = folder.join("maps.safetensors");
        let path = output.staged(&name)?;
        save(&path, &tensors).map_err(Error::output(&self.options.out.join(&name)))
    }
}

/// What a method took: its own time and, if it uses what all share, the time of that.
fn taken(computed: &Computed, found: &Explanation) -> f64 {
    let own = computed.time.as_secs_f64();
    if computed.shared { own + found.time.as_secs_f64() } else { own }
}

fn methods(options: &ExplainOptions) -> Result<Vec<Method>, Error> {
    let mut methods: Vec<Method> =
        options.methods.iter().map(|name| Method::named(name)).collect::<Result<_, _>>()?;
    if methods.is_empty() {
        return Err(Error::Usage(format!("no method is named; there are {}", Method::NAMES.join(", "))));
    }
    let baseline = options.baseline.as_deref().map(str::parse::<Baseline>).transpose()?;
    for (key, value) in [
        ("baseline", baseline.map(|baseline| json!(baseline))),
        ("steps", options.steps.map(|steps| json!(steps))),
        ("layer", options.layer.as_ref().map(|layer| json!(layer))),
    ] {
        let Some(value) = value else { continue };
        let mut taken = false;
        for method in &mut methods {
            if let Some(changed) = parameters::set(method, key, value.clone())? {
                (*method, taken) = (changed, true);
            }
        }
        if !taken {
            let asked = options.methods.join(", ");
            return Err(Error::Usage(format!("--{key}: none of the methods asked for has one ({asked})")));
        }
    }
    for setting in &options.set {
        set(&mut methods, setting)?;
    }
    let mut distinct = Vec::new();
    for method in methods {
        method.get().check()?;
        if !distinct.contains(&method) {
            distinct.push(method);
        }
    }
    Ok(distinct)
}

/// Applies one `METHOD.PARAMETER=VALUE`.
pub(crate) fn set(methods: &mut [Method], setting: &str) -> Result<(), Error> {
    let fault = |what: String| Error::Usage(format!("--set {setting}: {what}"));
    let form = || fault("write METHOD.PARAMETER=VALUE, such as integrated_gradients.steps=100".to_owned());
    let (key, value) = setting.split_once('=').ok_or_else(form)?;
    let (name, key) = key.trim().split_once('.').ok_or_else(form)?;
    let name = Method::named(name)?.name();
    let method = methods.iter_mut().find(|method| method.name() == name);
    let method = method.ok_or_else(|| fault(format!("{name} is not among the methods asked for")))?;
    let document: Result<toml::Table, _> = toml::from_str(&format!("value = {value}"));
    let value = document.map_or_else(|_| json!(value), |document| json!(document["value"]));
    *method = parameters::set(method, key, value)?.ok_or_else(|| {
        let known = parameters::names(method).join(", ");
        fault(format!("{name} has no parameter '{key}'; it has: {known}"))
    })?;
    Ok(())
}

/// The rewrites named in a list with commas; `none` names none.
fn rewrites(names: &str) -> Result<Vec<Rewrite>, Error> {
    let names = names.split(',').map(str::trim).filter(|name| *name != "none");
    Ok(names.map(str::parse).collect::<Result<_, ModelError>>()?)
}

fn load(options: &ExplainOptions) -> Result<Model, Error> {
    let mut model = read(options)?;
    if let Some(names) = &options.rewrites {
        model.set_rewrites(&rewrites(names)?)?;
    }
    Ok(model)
}

fn read(options: &ExplainOptions) -> Result<Model, Error> {
    let labels = options.labels.as_ref().map(|path| {
        read_labels(path)
            .map_err(|error| Error::Usage(format!("cannot read the labels {}: {error}", path.display())))
    });
    let labels = labels.transpose()?;
    let preprocessing = options.preprocessing.as_deref().map(preprocessing).transpose()?;
    let device = device(&options.device)?;
    if is_archive(Path::new(&options.model)) {
        if options.weights.is_some() || options.width != 1.0 {
            let what =
                "an exported model has its weights and its width in it; leave out --weights and --width";
            return Err(Error::Usage(what.to_owned()));
        }
        let archive = PathBuf::from(&options.model);
        let import = if options.run_torchscript { Model::import_trusted } else { Model::import };
        return Ok(import(&ImportOptions { archive, labels, preprocessing, device })?);
    }
    let model = ModelOptions {
        architecture: options.model.parse()?,
        width: options.width,
        weights: weights(options.weights.as_deref()),
        labels,
        preprocessing: preprocessing.unwrap_or_default(),
        device,
    };
    let mut progress = Progress::new("downloading weights", "bytes");
    Ok(Model::load(&model, &mut |done, total| progress.update(done, total.unwrap_or(done)))?)
}

/// Where weights come from, by their word: a file, or torchvision, which is what no word means.
pub(crate) fn weights(word: Option<&str>) -> WeightsSource {
    match word {
        None | Some("torchvision") => WeightsSource::Torchvision,
        Some(path) => WeightsSource::File(path.into()),
    }
}

/// Whether a model is named by an archive of torch.export, or what somebody takes for one, and not by an architecture.
pub(crate) fn is_archive(model: &Path) -> bool {
    model.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pt2") || model.is_file())
}

fn preprocessing(name: &str) -> Result<Preprocessing, Error> {
    match name {
        "notebook" => Ok(Preprocessing::default()),
        "torchvision" => Ok(Preprocessing::torchvision()),
        other => match other.parse() {
            Ok(side @ 1..=4096) => Ok(Preprocessing::exact(side)),
            _ => {
                let known = "notebook, torchvision, or the side of a square in pixels (1 to 4096)";
                Err(Error::Usage(format!("there is no preprocessing '{other}'; there are {known}")))
            }
        },
    }
}

/// The pictures named, with every folder replaced by the pictures in it, sorted.
fn collect(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut pictures = Vec::new();
    for path in paths {
        if !path.is_dir() {
            pictures.push(path.clone());
            continue;
        }
        let unreadable = |error| Error::Usage(format!("cannot read the folder {}: {error}", path.display()));
        let mut found = Vec::new();
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            let extension = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
            if ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp"].contains(&extension.as_str()) {
                found.push(file);
            }
        }
        if found.is_empty() {
            return Err(Error::Usage(format!("the folder {} holds no pictures", path.display())));
        }
        found.sort();
        pictures.append(&mut found);
    }
    Ok(pictures)
}

/// A folder for each picture's results, within the folder for all.
fn folders(pictures: &[PathBuf]) -> Vec<String> {
    let names: Vec<_> =
        pictures.iter().map(|picture| picture.file_name().unwrap_or_default().to_string_lossy()).collect();
    file_names(names.iter().map(AsRef::as_ref))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_one_name_get_folders_of_their_own() {
        let paths = ["a/x.png", "b/x.png", "c/y.jpg", "d/x.jpg"].map(PathBuf::from);
        assert_eq!(folders(&paths), ["x", "x-2", "y", "x-3"]);
    }

    fn options(methods: &[&str]) -> ExplainOptions {
        ExplainOptions {
            pictures: Vec::new(),
            model: "resnet18".into(),
            run_torchscript: false,
            width: 1.0,
            weights: None,
            labels: None,
            target: None,
            methods: methods.iter().map(|name| (*name).to_owned()).collect(),
            layer: None,
            baseline: None,
            steps: None,
            set: Vec::new(),
            preprocessing: None,
            colormap: "inferno".into(),
            device: "cpu".into(),
            rewrites: None,
            out: PathBuf::new(),
            json: false,
        }
    }

    #[test]
    fn words_reach_the_methods_that_have_the_parameter() {
        let words = ExplainOptions { steps: Some(7), ..options(&["saliency", "ig"]) };
        let found = methods(&words).expect("sound");
        assert!(
            matches!(&found[..], [Method::Saliency(_), Method::IntegratedGradients(ig)] if ig.steps == 7)
        );
        let words = ExplainOptions { steps: Some(7), ..options(&["saliency"]) };
        assert!(methods(&words).expect_err("no steps").to_string().contains("--steps"));

        let set = vec!["ig.baseline=black".to_owned(), "grad-cam.upsampling=nearest".to_owned()];
        let found = methods(&ExplainOptions { set, ..options(&["ig", "grad_cam"]) }).expect("sound");
        let expected = "{\"name\":\"grad_cam\",\"layer\":null,\"upsampling\":\"nearest\"}";
        assert_eq!(json!(found[1]), serde_json::from_str::<Value>(expected).expect("JSON"));
        for (fault, part) in [
            ("ig.step=1", "it has: baseline, quadrature, steps, tolerance"),
            ("ig=1", "METHOD.PARAMETER"),
            ("grad_cam.layer=x", "not among"),
            ("ig.steps=many", "invalid type"),
            ("ig.steps=0", "1 to 100000"),
        ] {
            let words = ExplainOptions { set: vec![fault.to_owned()], ..options(&["ig"]) };
            let message = methods(&words).expect_err(fault).to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
