//! `reglet explain`: one picture, or several; what the model says, and where it looks.

use std::path::{Path, PathBuf};
use std::time::Instant;

use image::RgbImage;
use reglet_attribution::{Baseline, Computed, Explanation, Method};
use reglet_data::picture::{self, Limits};
use reglet_model::{
    Architecture, Model, ModelOptions, Preprocessing, Targets, WeightsSource, device, read_labels, save,
};
use reglet_viz::{ColorBar, Colormap, Figure, Opacity, Panel, Scale, Theme};
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};

use crate::progress::Progress;
use crate::{Error, Output};

/// What to explain, and how.
#[derive(Debug, Clone)]
pub struct ExplainOptions {
    /// Pictures, or folders of them.
    pub pictures: Vec<PathBuf>,
    /// The architecture's name.
    pub model: String,
    /// The channels relative to the published network.
    pub width: f64,
    /// A file, or `torchvision`.
    pub weights: String,
    /// A file of class labels, one a line.
    pub labels: Option<PathBuf>,
    /// A label or an index; the top class unless given.
    pub target: Option<String>,
    /// The methods' names.
    pub methods: Vec<String>,
    /// Grad-CAM's layer.
    pub layer: Option<String>,
    /// Integrated Gradients' baseline.
    pub baseline: String,
    /// Integrated Gradients' steps.
    pub steps: usize,
    /// `notebook` or `torchvision`.
    pub preprocessing: String,
    /// The colour map's name.
    pub colormap: String,
    /// Where to run.
    pub device: String,
    /// The folder for the results.
    pub out: PathBuf,
    /// Print JSON instead of text.
    pub json: bool,
}

/// The largest share of a picture that an overlay hides.
const OPACITY: Opacity = Opacity::ByValue(0.75);

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
            let map = computed.attribution.map(0, method.reduction())?;
            let scaled = Scale::Percentile(99.5).apply(map.view())?;
            let mut panel = Panel::picture(method.title(), scaled.colorize(self.colormap))
                .color_bar(ColorBar::of(&scaled, self.colormap))
                .caption(self.caption(method, computed, found));
            if let Some(remark) = computed.attribution.remark(0)? {
                panel = panel.caption(remark.text());
            }
            figure = figure.panel(panel);
            overlays.push(Panel::picture(
                format!("{}, overlaid", method.title()),
                scaled.overlay(view, self.colormap, OPACITY)?,
            ));
        }
        let bars = top.iter().map(|ranked| (ranked.label.clone(), ranked.probability));
        figure = figure.panel(Panel::bars("What it says", bars));
        for overlay in overlays {
            figure = figure.panel(overlay);
        }
        Ok(figure)
    }

    /// A method's time and, where it has one, its gap or layer.
    fn caption(&self, method: &Method, computed: &Computed, found: &Explanation) -> String {
        let time = time_of(method, computed, found);
        let more = match (method, &computed.attribution.gaps) {
            (Method::IntegratedGradients(ig), Some(gaps)) => {
                format!(" · {} steps · gap {:.2} %", ig.steps, 100.0 * gaps[0].relative)
            }
            (Method::GradCam(cam), _) => {
                format!(" · {}", cam.layer.as_deref().unwrap_or(self.model.grad_cam_layer()))
            }
            _ => " · largest channel".to_owned(),
        };
        format!("{time:.2} s{more}")
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
            lines.push(format!("{:<22}{caption}{}", method.title(), remark.unwrap_or_default()));
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
                "seconds": time_of(method, computed, found),
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

/// What a method took: its own time and, if it uses the evaluation that all share, that.
fn time_of(method: &Method, computed: &Computed, found: &Explanation) -> f64 {
    let shared = !matches!(method, Method::IntegratedGradients(_));
    let own = computed.time.as_secs_f64();
    if shared { own + found.time.as_secs_f64() } else { own }
}

fn methods(options: &ExplainOptions) -> Result<Vec<Method>, Error> {
    let mut methods = Vec::new();
    for name in &options.methods {
        let mut method = Method::named(name)?;
        match &mut method {
            Method::IntegratedGradients(ig) => {
                ig.steps = options.steps;
                ig.baseline = baseline(&options.baseline)?;
            }
            Method::GradCam(cam) => cam.layer.clone_from(&options.layer),
            Method::Saliency(_) => {}
        }
        method.check()?;
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    if methods.is_empty() {
        return Err(Error::Usage(format!("no method is named; there are {}", Method::NAMES.join(", "))));
    }
    Ok(methods)
}

fn baseline(name: &str) -> Result<Baseline, Error> {
    match name {
        "zero" => Ok(Baseline::Zero),
        "black" => Ok(Baseline::Black),
        "white" => Ok(Baseline::White),
        "grey" | "gray" => Ok(Baseline::Grey),
        other => {
            other.parse().ok().filter(|value: &f32| value.is_finite()).map(Baseline::Value).ok_or_else(|| {
                let known = "zero, black, white, grey, or a number in the model's input space";
                Error::Usage(format!("there is no baseline '{other}'; there are {known}"))
            })
        }
    }
}

fn load(options: &ExplainOptions) -> Result<Model, Error> {
    let architecture: Architecture = options.model.parse()?;
    let weights = match options.weights.as_str() {
        "torchvision" => WeightsSource::Torchvision,
        path => WeightsSource::File(path.into()),
    };
    let labels = options.labels.as_ref().map(|path| {
        read_labels(path)
            .map_err(|error| Error::Usage(format!("cannot read the labels {}: {error}", path.display())))
    });
    let preprocessing = match options.preprocessing.as_str() {
        "notebook" => Preprocessing::default(),
        "torchvision" => Preprocessing::torchvision(),
        other => match other.parse() {
            Ok(side @ 1..=4096) => Preprocessing::exact(side),
            _ => {
                let known = "notebook, torchvision, or the side of a square in pixels (1 to 4096)";
                return Err(Error::Usage(format!("there is no preprocessing '{other}'; there are {known}")));
            }
        },
    };
    let model = ModelOptions {
        architecture,
        width: options.width,
        weights,
        labels: labels.transpose()?,
        preprocessing,
        device: device(&options.device)?,
    };
    let mut progress = Progress::new("downloading weights", "bytes");
    Ok(Model::load(&model, &mut |done, total| progress.update(done, total.unwrap_or(done)))?)
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

/// A folder name for each picture: its file name without extension, numbered where that is taken.
fn folders(pictures: &[PathBuf]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(pictures.len());
    for picture in pictures {
        let stem = picture.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let taken = |name: &String| names.contains(name);
        let numbered = (2..).map(|number| format!("{stem}-{number}"));
        let name = std::iter::once(stem.clone()).chain(numbered).find(|name| !taken(name));
        names.push(name.unwrap_or(stem));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use reglet_attribution::Reduction;

    #[test]
    fn pictures_of_one_name_get_folders_of_their_own() {
        let paths = ["a/x.png", "b/x.png", "c/y.jpg", "d/x.jpg"].map(PathBuf::from);
        assert_eq!(folders(&paths), ["x", "x-2", "y", "x-3"]);
    }

    #[test]
    fn baselines_have_names_or_are_numbers() {
        assert_eq!(baseline("black").expect("a name"), Baseline::Black);
        assert_eq!(baseline("-0.5").expect("a number"), Baseline::Value(-0.5));
        assert!(baseline("nan").is_err());
        assert!(baseline("blakc").expect_err("a typo").to_string().contains("zero, black"));
    }

    #[test]
    fn drawn_maps_are_never_negative() {
        for name in Method::NAMES {
            assert_ne!(Method::named(name).expect("a method").reduction(), Reduction::Sum);
        }
    }
}
