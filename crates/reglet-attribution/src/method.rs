//! Methods by name, with typed parameters, and their computation together.

use std::time::{Duration, Instant};

use reglet_model::{Evaluation, Targets, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::{Attribution, AttributionError, GradCam, IntegratedGradients, Layers, Reduction, Saliency};

/// A method with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Method {
    /// The absolute gradient.
    Saliency(Saliency),
    /// The gradient's integral along the way from a baseline.
    IntegratedGradients(IntegratedGradients),
    /// A layer's channels weighted by their gradients.
    GradCam(GradCam),
}

/// What a method wants from the evaluation at the input itself, which all methods share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The gradient with respect to the input.
    pub input_gradient: bool,
    /// Activation and gradient of a layer.
    pub layer: Option<String>,
}

/// A method's result and what it took beyond the shared evaluation.
#[derive(Debug)]
pub struct Computed {
    /// The result.
    pub attribution: Attribution,
    /// The time it took.
    pub time: Duration,
}

/// What [`Method::attribute_all`] returns.
#[derive(Debug)]
pub struct Explanation {
    /// The model's answer at the inputs.
    pub evaluation: Evaluation,
    /// The time that the evaluation took, gradients included.
    pub time: Duration,
    /// What each method found, in the order they were asked for.
    pub computed: Vec<Computed>,
}

impl Method {
    /// The names of all methods.
    pub const NAMES: [&'static str; 3] = ["saliency", "integrated_gradients", "grad_cam"];

    /// The method called `name` (in any case, with `_` or `-`), with its default parameters.
    ///
    /// # Errors
    /// [`AttributionError::UnknownMethod`] with the nearest names.
    pub fn named(name: &str) -> Result<Method, AttributionError> {
        let plain = |name: &str| name.to_lowercase().replace(['_', '-', ' '], "");
        match plain(name).as_str() {
            "saliency" => Ok(Method::Saliency(Saliency::default())),
            "integratedgradients" | "ig" => Ok(Method::IntegratedGradients(IntegratedGradients::default())),
            "gradcam" => Ok(Method::GradCam(GradCam::default())),
            _ => Err(AttributionError::UnknownMethod {
                name: name.to_owned(),
                nearest: nearest(name, Method::NAMES),
            }),
        }
    }

    /// The name in configs, results and file names.
    pub fn name(&self) -> &'static str {
        match self {
            Method::Saliency(_) => "saliency",
            Method::IntegratedGradients(_) => "integrated_gradients",
            Method::GradCam(_) => "grad_cam",
        }
    }

    /// The name for people.
    pub fn title(&self) -> &'static str {
        match self {
            Method::Saliency(_) => "Saliency",
            Method::IntegratedGradients(_) => "Integrated Gradients",
            Method::GradCam(_) => "Grad-CAM",
        }
    }

    /// How the method's channels usually become one map.
    pub fn reduction(&self) -> Reduction {
        match self {
            Method::Saliency(_) | Method::IntegratedGradients(_) => Reduction::MaxAbs,
            Method::GradCam(_) => Reduction::PositiveSum,
        }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`AttributionError::Parameter`].
    pub fn check(&self) -> Result<(), AttributionError> {
        match self {
            Method::IntegratedGradients(method) => method.check(),
            Method::Saliency(_) | Method::GradCam(_) => Ok(()),
        }
    }

    /// What the method wants from the shared evaluation.
    fn needs(&self, model: &dyn Layers) -> Needs {
        match self {
            Method::Saliency(_) => Needs { input_gradient: true, layer: None },
            Method::IntegratedGradients(_) => Needs::default(),
            Method::GradCam(method) => {
                let layer = method.layer.as_deref().unwrap_or(model.grad_cam_layer());
                Needs { input_gradient: false, layer: Some(layer.to_owned()) }
            }
        }
    }

    /// Computes several methods at `inputs` (`[N, C, H, W]`). What they need of the inputs themselves
    /// (the scores, the gradient, layers) is computed once, in one forward and one backward pass.
    ///
    /// # Errors
    /// [`AttributionError`], whichever comes first.
    pub fn attribute_all(
        methods: &[Method],
        model: &dyn Layers,
        inputs: &Tensor,
        targets: Targets,
    ) -> Result<Explanation, AttributionError> {
        methods.iter().try_for_each(Method::check)?;
        let start = Instant::now();
        let needs: Vec<Needs> = methods.iter().map(|method| method.needs(model)).collect();
        let input_gradient = needs.iter().any(|needs| needs.input_gradient);
        let mut layers: Vec<&str> = needs.iter().filter_map(|needs| needs.layer.as_deref()).collect();
        layers.sort_unstable();
        layers.dedup();
        let evaluation = model.evaluate(inputs, targets, input_gradient, &layers)?;
        check_finite(&evaluation)?;
        let time = start.elapsed();

        let mut computed = Vec::with_capacity(methods.len());
        for (method, needs) in methods.iter().zip(&needs) {
            let start = Instant::now();
            let at = |name: &str| {
                let position = layers.iter().position(|layer| *layer == name);
                &evaluation.layers[position.expect("the layer was asked for")]
            };
            let attribution = match method {
                Method::Saliency(method) => {
                    let gradient = evaluation.input_gradient.as_ref().expect("the gradient was asked for");
                    method.from_gradient(gradient)?
                }
                Method::IntegratedGradients(method) => {
                    method.attribute(model, inputs, &evaluation.targets, &evaluation.scores)?
                }
                Method::GradCam(method) => {
                    let layer = needs.layer.as_deref().expect("Grad-CAM names a layer");
                    method.from_layer(layer, at(layer), inputs)?
                }
            };
            computed.push(Computed { attribution, time: start.elapsed() });
        }
        Ok(Explanation { evaluation, time, computed })
    }
}

fn check_finite(evaluation: &Evaluation) -> Result<(), AttributionError> {
    let scores: Vec<f64> = Vec::try_from(evaluation.scores.f_to_kind(tch::Kind::Double)?)?;
    match scores.iter().position(|score| !score.is_finite()) {
        Some(row) => Err(AttributionError::NotFinite { score: scores[row], row }),
        None => Ok(()),
    }
}
