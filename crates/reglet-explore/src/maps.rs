//! The maps of the classifiers: a coarse map first, then the refined one.

use std::sync::Arc;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reglet_attribution::{AttributionError, Baseline, Method, Noise, Reduction};
use reglet_data::{Geometry, Resize};
use reglet_model::Targets;
use reglet_viz::Scale;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Error;
use crate::answers::{Classifier, top};
use crate::scene::{Choice, Detail, Pictures, Scene};
use crate::watched::Watched;

/// A method as requested by the page. Omitted parameters are those of the config, else the method's defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The method's name.
    pub method: String,
    /// The class that is explained; by default, the class that is shown.
    #[serde(default)]
    pub target: Option<String>,
    /// Its number of steps, samples or masks, whichever it has.
    #[serde(default)]
    pub steps: Option<usize>,
    /// The layer it reads.
    #[serde(default)]
    pub layer: Option<String>,
    /// The start of its path.
    #[serde(default)]
    pub baseline: Option<Beginning>,
    /// Whether a coarse map is computed first, if the method has one.
    #[serde(default = "yes")]
    pub sketch: bool,
    /// Whether the coarse map is followed by the refined one.
    #[serde(default)]
    pub refine: bool,
}

fn yes() -> bool {
    true
}

/// A baseline that needs no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beginning {
    /// The mean colour of the training set.
    Zero,
    /// A black picture.
    Black,
    /// A white one.
    White,
    /// A middle grey one.
    Grey,
    /// The picture itself, blurred.
    Blurred,
    /// Noise.
    Noise,
}

impl Beginning {
    fn baseline(self) -> Baseline {
        match self {
            Beginning::Zero => Baseline::Zero,
            Beginning::Black => Baseline::Black,
            Beginning::White => Baseline::White,
            Beginning::Grey => Baseline::Grey,
            Beginning::Blurred => Baseline::Blurred(10.0),
            Beginning::Noise => Baseline::Noise(Noise::default()),
        }
    }
}

/// What says how often a model is asked, whichever of them a method has.
const COUNTS: [&str; 5] = ["steps", "samples", "masks", "orders", "evaluations"];

/// The maximum in the page.
const MOST: usize = 2000;

/// The number for a coarse map.
const COARSE: usize = 6;

/// One map of one classifier.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Map {
    /// The classifier's place.
    pub model: usize,
    /// Whether this is the requested map; otherwise, it is a coarse map that will be followed by it.
    pub refined: bool,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The values, row by row, 32-bit floats of the little end first, in base 64.
    pub values: String,
    /// The value at the lower end of the colours.
    pub low: f32,
    /// The value at the upper end.
    pub high: f32,
    /// Whether zero is in the middle of the colour scale.
    pub signed: bool,
    /// Which part of the picture the map covers: left, top, width and height, as shares of its sides.
    pub frame: [f64; 4],
    /// The completeness gap of the map, relative to the value that it should sum to; for methods that satisfy completeness.
    pub gap: Option<f64>,
    /// A remark, if there is one.
    pub remark: Option<&'static str>,
    /// How it came about: steps, or a layer.
    pub note: Option<String>,
    /// How long it took.
    pub milliseconds: f64,
}

/// The state of the thread that makes maps.
pub struct Maps {
    pictures: Arc<Pictures>,
    classifiers: Vec<Classifier>,
    preferred: Vec<Method>,
}

impl Maps {
    /// Maps of these classifiers; `preferred` are methods with the parameters of a config.
    pub fn new(pictures: Arc<Pictures>, classifiers: Vec<Classifier>, preferred: Vec<Method>) -> Maps {
        Maps { pictures, classifiers, preferred }
    }

    /// Computes the maps of a scene, and passes each to `found` as soon as it is ready: the coarse maps of all classifiers
    /// and then, if requested and if there is a difference, the refined ones. It ends early and silently, even during a map,
    /// when the result is no longer `awaited`.
    ///
    /// # Errors
    /// A scene that cannot be drawn, a method that does not exist or does not fit, an error of a model.
    pub fn of(
        &self,
        scene: &Scene,
        wanted: &Wanted,
        awaited: &dyn Fn() -> bool,
        mut found: impl FnMut(Map),
    ) -> Result<(), Error> {
        let method = self.method(wanted)?;
        let coarse = coarse(&method);
        let picture = self.pictures.compose(scene, Detail::Model)?.picture;
        let unchanged = Scene { change: None, placement: None, ..scene.clone() };
        let targets = self.targets(&unchanged, wanted.target.as_deref())?;
        let sketch =
            coarse.as_ref().filter(|_| wanted.sketch || !wanted.refine).map(|coarse| (coarse, false));
        let refined = (wanted.refine || coarse.is_none()).then_some((&method, true));
        let stages = sketch.into_iter().chain(refined);
        for (method, refined) in stages {
            for (place, (classifier, &target)) in self.classifiers.iter().zip(&targets).enumerate() {
                match map(classifier, &picture, method, target, awaited) {
                    Ok(map) => found(Map { model: place, refined, ..map }),
                    Err(Error::Attribution(AttributionError::Stopped)) => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// The class for which each classifier is explained: the requested one, or the most probable one.
    fn targets(&self, unchanged: &Scene, target: Option<&str>) -> Result<Vec<usize>, Error> {
        let mut picture = None;
        let of = |classifier: &Classifier| match classifier.asked(target)? {
            Some(known) => Ok(known),
            None => {
                let picture = match &picture {
                    Some(picture) => picture,
                    None => picture.insert(self.pictures.compose(unchanged, Detail::Model)?.picture),
                };
                Ok(top(&classifier.probabilities(picture)?))
            }
        };
        self.classifiers.iter().map(of).collect()
    }

    fn method(&self, wanted: &Wanted) -> Result<Method, Error> {
        let preferred = self.preferred.iter().find(|method| method.name() == wanted.method);
        let mut method = match preferred {
            Some(preferred) => preferred.clone(),
            None => Method::named(&wanted.method)?,
        };
        if let Some(steps) = wanted.steps {
            if !(1..=MOST).contains(&steps) {
                return Err(Error::request(format!(
                    "the number of steps is {steps}, but must be from 1 to {MOST}"
                )));
            }
            for count in COUNTS {
                replace(&mut method, count, json!(steps))?;
            }
        }
        if let Some(layer) = &wanted.layer {
            replace(&mut method, "layer", json!(layer))?;
        }
        if let Some(baseline) = wanted.baseline {
            replace(&mut method, "baseline", json!(baseline.baseline()))?;
        }
        method.get().check()?;
        Ok(method)
    }

    /// The methods, with the information that the page needs.
    pub fn catalogue(preferred: &[Method]) -> Vec<Value> {
        let of = |method: &Method| {
            let parameters = method.parameters();
            let about = method.get().about();
            json!({
                "name": method.name(),
                "title": method.title(),
                "family": about.family.title(),
                "cost": about.cost,
                "paper": about.paper,
                "steps": COUNTS.iter().find_map(|count| parameters.get(*count)?.as_u64()),
                "layer": parameters.get("layer").is_some(),
                "usual_layer": parameters.get("layer").and_then(Value::as_str),
                "baseline": parameters.get("baseline").is_some(),
            })
        };
        // Every method, with the parameters of the config if it has any, and those that the config gives labels.
        let mut all = Method::all();
        for preferred in preferred {
            match all.iter_mut().find(|method| method.name() == preferred.name()) {
                Some(method) => *method = preferred.clone(),
                None => all.push(preferred.clone()),
            }
        }
        all.iter().map(of).collect()
    }
}

/// Changes a parameter of a method that has it.
fn replace(method: &mut Method, parameter: &str, value: Value) -> Result<(), Error> {
    if method.has(parameter) {
        *method = method.with(parameter, value)?;
    }
    Ok(())
}

/// The method with few steps; `None` if it has few already.
fn coarse(method: &Method) -> Option<Method> {
    let parameters = method.parameters();
    let many = |count: &&&str| parameters.get(**count).and_then(Value::as_u64) > Some(COARSE as u64);
    let mut coarse = method.clone();
    let mut less = false;
    for count in COUNTS.iter().filter(many) {
        (coarse, less) = (coarse.with(count, json!(COARSE)).ok()?, true);
    }
    // Some methods need more than this, and report an error.
    (less && coarse.get().check().is_ok()).then_some(coarse)
}

fn map(
    classifier: &Classifier,
    picture: &reglet_data::picture::Picture,
    method: &Method,
    target: usize,
    awaited: &dyn Fn() -> bool,
) -> Result<Map, Error> {
    let start = Instant::now();
    let model = &classifier.model;
    let preprocessing = model.preprocessing();
    let view = preprocessing.view(picture)?;
    let input = preprocessing.tensor(&[view], model.device())?;
    let methods = std::slice::from_ref(method);
    let mut explained = Method::attribute_all(
        methods,
        &Watched { model, wanted: awaited },
        &input,
        Targets::Classes(&[target]),
    )?;
    let attribution = explained.computed.remove(0).attribution;
    let reduction = method.get().reduction();
    let values = attribution.map(0, reduction)?;
    let signed = reduction == Reduction::Sum;
    let scale = if signed { Scale::Symmetric(99.0) } else { Scale::Percentile(99.0) };
    let scaled = scale.apply(values.view())?;
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let (height, width) = values.dim();
    let gap = attribution.gaps.as_ref().and_then(|gaps| gaps.first()).map(|gap| gap.relative);
    Ok(Map {
        model: 0,
        refined: false,
        width,
        height,
        values: STANDARD.encode(bytes),
        low: scaled.low,
        high: scaled.high,
        signed,
        frame: frame(&preprocessing.geometry, picture.dimensions()),
        gap: gap.filter(|gap| gap.is_finite()),
        remark: attribution.remark(0)?.map(|remark| remark.text()),
        note: method.get().note(model.into()),
        milliseconds: 1000.0 * start.elapsed().as_secs_f64(),
    })
}

/// Which part of a picture a model sees.
fn frame(geometry: &Geometry, (width, height): (u32, u32)) -> [f64; 4] {
    let Some(crop) = geometry.crop else { return [0.0, 0.0, 1.0, 1.0] };
    let (width, height) = (f64::from(width), f64::from(height));
    let (wide, high) = match geometry.resize {
        Resize::Exact(size) => (f64::from(size.width), f64::from(size.height)),
        Resize::ShorterSide(side) => {
            let scale = f64::from(side) / width.min(height);
            (width * scale, height * scale)
        }
    };
    let (w, h) = (f64::from(crop.width) / wide, f64::from(crop.height) / high);
    [0.5 * (1.0 - w), 0.5 * (1.0 - h), w, h]
}

/// The contents of one request for maps.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapRequest {
    /// The page that asks.
    pub tab: crate::lane::Tab,
    /// What is looked at.
    pub scene: Scene,
    /// By which method.
    pub wanted: Wanted,
}

/// Layers that suit the methods that read one: the classifier's own choice, then those whose names are known.
pub fn layers(classifier: &Classifier) -> Vec<String> {
    let model = &classifier.model;
    let graph = model.graph();
    let declared = |value| graph.shape(value).map(|shape| shape.iter().map(|size| size.fixed()).collect());
    let found = graph.class_activation_layers(&declared);
    let known = ["layer4.1.conv2", "layer3.1.conv2", "layer2.1.conv2", "layer1.1.conv2"];
    let known = known.iter().filter(|name| graph.layer(name).is_ok()).map(|name| (*name).to_owned());
    let names = std::iter::once(model.grad_cam_layer().to_owned())
        .chain(found.into_iter().rev().map(|layer| graph.name(layer).to_owned()))
        .chain(known);
    let mut distinct = Vec::new();
    for name in names.filter(|name| !name.is_empty()) {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

/// A phantom's own scene, for those who ask in Rust.
impl From<Choice> for Scene {
    fn from(picture: Choice) -> Scene {
        Scene { picture, change: None, placement: None }
    }
}
