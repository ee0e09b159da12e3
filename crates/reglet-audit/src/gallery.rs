//! `reglet gallery`: every method on one photograph and one dermoscopic picture.

use std::fmt;
use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage, imageops};
use reglet_attribution::{Family, Method};
use reglet_data::picture::{self, Limits};
use reglet_model::{Architecture, Model, ModelOptions, Preprocessing, Targets, device};
use reglet_viz::{Colormap, Figure, Panel, Theme};
use serde_json::json;
use tch::{Kind, Tensor};

use crate::drawing::{OPACITY, scaled};
use crate::explain::set;
use crate::loading::weights;
use crate::progress::Progress;
use crate::{Error, Output};

/// What to show.
#[derive(Debug, Clone)]
pub struct GalleryOptions {
    /// The pictures, which are shown side by side under each method's name.
    pub pictures: Vec<GalleryPicture>,
    /// The methods' names; by default, all that can explain a convolutional network.
    pub methods: Vec<String>,
    /// Parameters of methods: `METHOD.PARAMETER=VALUE`, as for an explanation.
    pub set: Vec<String>,
    /// Where to run.
    pub device: String,
    /// Pixels of the PNG for each CSS pixel; fewer where a side would be longer than can be painted.
    pub scale: f32,
    /// The folder for the results.
    pub out: PathBuf,
}

/// A picture, and the ResNet-18 that is explained for it.
#[derive(Debug, Clone)]
pub struct GalleryPicture {
    /// The picture.
    pub picture: PathBuf,
    /// The model's weights: a file, or `torchvision`.
    pub weights: String,
    /// The class labels, in the order of the logits; ImageNet's, or numbers, unless given.
    pub labels: Option<Vec<String>>,
}

/// A gallery that has been written. Written out, it is what `reglet gallery` prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnGallery {
    /// The number of methods.
    pub methods: usize,
    /// The folder of `gallery.svg` and `gallery.png`.
    pub out: PathBuf,
}

impl fmt::Display for DrawnGallery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} methods drawn\nwritten to {}", self.methods, self.out.display())
    }
}

/// Draws every method's map over each picture, for the model's most probable class, and writes one figure.
///
/// # Errors
/// Any error in a picture or its weights; nothing is written in this case.
pub fn gallery(options: &GalleryOptions) -> Result<DrawnGallery, Error> {
    if !(options.scale > 0.0 && options.scale <= LARGEST_SCALE) {
        return Err(Error::Usage(format!(
            "--scale is {}, but must be more than 0 and at most {LARGEST_SCALE}",
            options.scale
        )));
    }
    let named = options.methods.iter().map(|name| name.parse()).collect::<Result<Vec<Method>, _>>()?;
    // These are networks of convolutions.
    let all = || {
        Method::all().into_iter().filter(|method| method.get().about().family != Family::Attention).collect()
    };
    let methods: Vec<Method> = if named.is_empty() { all() } else { named };
    let mut methods: Vec<Method> = methods.into_iter().map(affordable).collect();
    options.set.iter().try_for_each(|setting| set(&mut methods, setting))?;
    methods.iter().try_for_each(|method| method.get().check())?;
    let shown: Vec<Shown> = options
        .pictures
        .iter()
        .map(|picture| Shown::load(picture, &options.device))
        .collect::<Result<_, _>>()?;
    let mut output = Output::new(&options.out)?;
    let drawing = figure(&shown, &methods)?.draw(&Theme::LIGHT)?;
    output.write("gallery.svg", drawing.as_str().as_bytes())?;
    output.write("gallery.png", &drawing.to_png(drawing.scale_within(options.scale))?)?;
    output.finish()?;
    Ok(DrawnGallery { methods: methods.len(), out: options.out.clone() })
}

const LARGEST_SCALE: f32 = 4.0;

/// Counts for the methods that would otherwise take most of the time. At the size of a panel more of them show nothing new.
const COUNTS: [(&str, &str, usize); 11] = [
    ("smooth_grad", "samples", 10),
    ("smooth_grad_squared", "samples", 10),
    ("var_grad", "samples", 10),
    ("blur_integrated_gradients", "steps", 50),
    ("guided_integrated_gradients", "steps", 50),
    ("rise", "masks", 500),
    ("lime", "samples", 300),
    ("kernel_shap", "samples", 500),
    ("shapley_sampling", "orders", 6),
    ("partition_shap", "evaluations", 300),
    ("sobol", "samples", 6),
];

fn affordable(method: Method) -> Method {
    let count = COUNTS.iter().find(|(name, _, _)| *name == method.name());
    let changed = count.and_then(|(_, key, count)| method.with(key, json!(count)).ok());
    changed.unwrap_or(method)
}

/// A picture as its model sees it.
struct Shown {
    model: Model,
    view: RgbImage,
    input: Tensor,
    target: usize,
    /// The picture's name.
    name: String,
    /// The class, and how probable it is.
    says: String,
}

impl Shown {
    fn load(picture: &GalleryPicture, on: &str) -> Result<Shown, Error> {
        let options = ModelOptions {
            architecture: Architecture::ResNet18,
            width: 1.0,
            weights: weights(Some(&picture.weights)),
            labels: picture.labels.clone(),
            preprocessing: Preprocessing::default(),
            device: device(on)?,
        };
        let mut progress = Progress::new("downloading weights", "bytes");
        let model = Model::load(&options, &mut |done, total| progress.update(done, total.unwrap_or(done)))?;
        Shown::new(model, &picture.picture)
    }

    fn new(model: Model, path: &Path) -> Result<Shown, Error> {
        let view = model.preprocessing().view(&picture::load(path, &Limits::default())?)?;
        let input = model.preprocessing().tensor(std::slice::from_ref(&view), model.device())?;
        let evaluation = model.evaluate(&input, Targets::Top, false, &[])?;
        let target = evaluation.targets[0];
        let probabilities = model.classes().probabilities(&evaluation.logits)?.f_to_kind(Kind::Double)?;
        let probability = probabilities.f_double_value(&[0, target as i64])?;
        let label = &model.classes().labels()[target];
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let says = format!("{label}, {:.1} %", 100.0 * probability);
        Ok(Shown { model, view: view.into_rgb(), input, target, name, says })
    }

    /// A method's map over the picture, and what there is to say of it.
    fn overlay(&self, method: &Method) -> Result<(RgbImage, Option<&'static str>), Error> {
        let one = std::slice::from_ref(method);
        let mut found =
            Method::attribute_all(one, &self.model, &self.input, Targets::Classes(&[self.target]))?;
        let attribution = found.computed.swap_remove(0).attribution;
        let reduction = method.get().reduction();
        let (scaled, colormap) = scaled(attribution.map(0, reduction)?.view(), reduction, Colormap::Inferno)?;
        let remark = attribution.remark(0)?.map(|remark| remark.text());
        Ok((scaled.overlay(&self.view, colormap, OPACITY)?, remark))
    }
}

/// A section for each family, with a panel for each method, in which the pictures stand side by side.
fn figure(shown: &[Shown], methods: &[Method]) -> Result<Figure, Error> {
    let views: Vec<RgbImage> = shown.iter().map(|shown| shown.view.clone()).collect();
    let mut pictures = Panel::picture("As the model sees them", beside(&views));
    for Shown { name, says, .. } in shown {
        pictures = pictures.caption(format!("{name}: {says}"));
    }
    let mut figure = Figure::new(format!("{} methods, {} pictures", methods.len(), shown.len()))
        .subtitle(
            "The regions that each method considers relevant for the model's most probable class. Maps with values of one sign are drawn from dark to bright; in maps with both signs, red supports the class and blue opposes it.",
        )
        .columns(COLUMNS)
        .cell_width(CELL)
        .panel(pictures);
    let mut progress = Progress::new("drawing", "methods");
    let mut done = 0;
    for (family, heading) in SECTIONS {
        let members: Vec<&Method> =
            methods.iter().filter(|method| method.get().about().family == family).collect();
        if !members.is_empty() {
            figure = figure.section(heading);
        }
        for method in members {
            let overlays: Vec<_> =
                shown.iter().map(|shown| shown.overlay(method)).collect::<Result<_, _>>()?;
            let (overlays, remarks): (Vec<_>, Vec<_>) = overlays.into_iter().unzip();
            let mut panel = Panel::picture(method.title(), beside(&overlays));
            for (Shown { name, .. }, remark) in shown.iter().zip(remarks) {
                if let Some(remark) = remark {
                    panel = panel.caption(format!("{name}: {remark}"));
                }
            }
            figure = figure.panel(panel);
            done += 1;
            progress.update(done, methods.len() as u64);
        }
    }
    Ok(figure)
}

const COLUMNS: usize = 6;
/// Wide enough for two pictures.
const CELL: f32 = 212.0;

const SECTIONS: [(Family, &str); 5] = [
    (Family::Gradients, "Gradients of the score"),
    (Family::Layers, "Activations and gradients of a layer"),
    (Family::Attention, "Attention"),
    (Family::Rules, "Modified backward passes"),
    (Family::Scores, "Scores alone"),
];

/// Pictures in a row on white, a gap between them.
fn beside(pictures: &[RgbImage]) -> RgbImage {
    const GAP: u32 = 8;
    let height = pictures.iter().map(RgbImage::height).max().unwrap_or(0);
    let widths: u32 = pictures.iter().map(|picture| picture.width() + GAP).sum();
    let mut row = RgbImage::from_pixel(widths.saturating_sub(GAP), height, Rgb([255; 3]));
    let mut left = 0;
    for picture in pictures {
        imageops::replace(&mut row, picture, left, 0);
        left += i64::from(picture.width() + GAP);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use reglet_model::Parameters;

    fn shown() -> Shown {
        let architecture = Architecture::ResNet18;
        let graph = architecture.graph(2, 0.125).expect("a small one");
        let parameters = Parameters::initial(&graph, 1).expect("drawn");
        let preprocessing = Preprocessing::exact(32);
        let model = Model::new(graph, parameters, None, preprocessing, architecture.into());
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("slope.png");
        RgbImage::from_fn(40, 40, |x, y| Rgb([(6 * x) as u8, (6 * y) as u8, 90])).save(&path).expect("room");
        Shown::new(model.expect("two classes"), &path).expect("a picture")
    }

    #[test]
    fn every_method_has_its_place_under_its_family() {
        let methods =
            ["saliency", "occlusion", "grad_cam"].map(|name| Method::named(name).expect("a method"));
        let figure = figure(&[shown(), shown()], &methods).expect("they run");
        let drawing = figure.draw(&Theme::LIGHT).expect("they can be drawn").to_string();
        let place = |text: &str| drawing.find(&format!(">{text}<")).unwrap_or_else(|| panic!("no {text}"));
        let order =
            ["Gradients of the score", "Saliency", "Grad-CAM", "Scores alone", "Occlusion"].map(place);
        assert!(order.is_sorted(), "{order:?}");
        assert!(!drawing.contains("Modified backward passes"), "no family without a method");
        assert_eq!(drawing.matches("<image").count(), 4, "the pictures and three methods");
        assert!(drawing.contains("slope.png: "), "what the model says");
    }

    #[test]
    fn every_method_belongs_to_a_section() {
        for method in Method::all() {
            let family = method.get().about().family;
            assert!(SECTIONS.iter().any(|(section, _)| *section == family), "{family:?}");
        }
    }

    #[test]
    fn counts_are_those_of_methods_that_have_them() {
        for (name, key, count) in COUNTS {
            let method = affordable(Method::named(name).expect("a method"));
            assert_eq!(serde_json::to_value(&method).expect("plain values")[key], json!(count), "{name}");
        }
    }

    #[test]
    fn pictures_stand_side_by_side() {
        let red = RgbImage::from_pixel(4, 3, Rgb([255, 0, 0]));
        let row = beside(&[red.clone(), red]);
        assert_eq!(row.dimensions(), (16, 3));
        assert_eq!([3, 4, 11, 12].map(|x| row.get_pixel(x, 2)[1]), [0, 255, 255, 0]);
    }
}
