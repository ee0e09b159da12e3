//! A classifier together with what it offers.

use reglet_model::{Evaluation, LayerEvaluation, Targets};
use tch::Tensor;

use crate::{AttributionError, Capability, Gradients, Layer, Layers, Operators, Scores};

/// A classifier with the largest capability that it offers. Methods that are selected by name receive it in this form, so that
/// a classifier of your own that only computes scores can be explained by every method that needs no more.
///
/// ```
/// use ndarray::ArrayView4;
/// use reglet_attribution::{ArrayClassifier, AttributionError, Classifier, Method};
/// use reglet_model::Targets;
/// use tch::{Device, Kind, Tensor};
///
/// let sums = ArrayClassifier::new(|inputs: ArrayView4<'_, f32>, _: &[usize]| {
///     Ok(inputs.outer_iter().map(|picture| picture.sum()).collect())
/// });
/// let (input, model) = (Tensor::ones([1, 1, 8, 8], (Kind::Float, Device::Cpu)), Classifier::Scores(&sums));
/// let found = Method::attribute_all(&[Method::named("rise")?], model, &input, Targets::Classes(&[0]))?;
/// assert_eq!(found.computed[0].attribution.values.size(), [1, 1, 8, 8]);
///
/// let refused = Method::attribute_all(&[Method::named("saliency")?], model, &input, Targets::Classes(&[0]));
/// let message = refused.expect_err("there are no gradients").to_string();
/// assert!(message.starts_with("Saliency needs gradients, but the classifier only offers scores"));
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Classifier<'a> {
    /// It computes scores.
    Scores(&'a dyn Scores),
    /// Its scores can also be differentiated.
    Gradients(&'a dyn Gradients),
    /// Its layers can also be read.
    Layers(&'a dyn Layers),
    /// Its operators can also be run one by one.
    Operators(&'a dyn Operators),
}

/// What a classifier returns at the inputs, computed once for all methods.
#[derive(Debug)]
pub struct Answer {
    /// The class index that each row is explained for.
    pub targets: Vec<usize>,
    /// The score of each row's target, `[N]`.
    pub scores: Tensor,
    /// The logits of all classes, `[N, K]`, if the classifier offers layers.
    pub logits: Option<Tensor>,
    /// The gradient of each row's score with respect to its input, `[N, C, H, W]`, if a method needs it.
    pub input_gradient: Option<Tensor>,
    /// The activation and gradient of each layer that a method needs.
    pub layers: Vec<(Layer, LayerEvaluation)>,
}

impl<'a> Classifier<'a> {
    /// What it offers.
    pub fn offers(self) -> Capability {
        match self {
            Classifier::Scores(_) => Capability::Scores,
            Classifier::Gradients(_) => Capability::Gradients,
            Classifier::Layers(_) => Capability::Layers,
            Classifier::Operators(_) => Capability::Operators,
        }
    }

    /// The classifier as one that computes scores, which all do.
    pub fn scores(self) -> &'a dyn Scores {
        match self {
            Classifier::Scores(model) => model,
            Classifier::Gradients(model) => model,
            Classifier::Layers(model) => model,
            Classifier::Operators(model) => model,
        }
    }

    /// The classifier as one whose scores can be differentiated.
    ///
    /// # Errors
    /// [`AttributionError::Lacks`].
    pub fn gradients(self) -> Result<&'a dyn Gradients, AttributionError> {
        match self {
            Classifier::Scores(_) => Err(self.lacks(Capability::Gradients)),
            Classifier::Gradients(model) => Ok(model),
            Classifier::Layers(model) => Ok(model),
            Classifier::Operators(model) => Ok(model),
        }
    }

    /// The classifier as one whose layers can be read.
    ///
    /// # Errors
    /// [`AttributionError::Lacks`].
    pub fn layers(self) -> Result<&'a dyn Layers, AttributionError> {
        match self {
            Classifier::Scores(_) | Classifier::Gradients(_) => Err(self.lacks(Capability::Layers)),
            Classifier::Layers(model) => Ok(model),
            Classifier::Operators(model) => Ok(model),
        }
    }

    /// The layer called `name`; without a name, the one that is best suited for class activation maps.
    ///
    /// # Errors
    /// [`AttributionError::Lacks`], or an error of the classifier if it has no such layer.
    pub fn layer(self, name: Option<&str>) -> Result<Layer, AttributionError> {
        self.layers()?.layer(name)
    }

    /// The classifier as one whose operators can be run one by one.
    ///
    /// # Errors
    /// [`AttributionError::Lacks`].
    pub fn operators(self) -> Result<&'a dyn Operators, AttributionError> {
        match self {
            Classifier::Operators(model) => Ok(model),
            _ => Err(self.lacks(Capability::Operators)),
        }
    }

    fn lacks(self, needed: Capability) -> AttributionError {
        AttributionError::Lacks { method: "the method", needed, offered: self.offers() }
    }

    /// Everything requested at `inputs`, in one forward and at most one backward pass.
    ///
    /// # Errors
    /// Any error of the classifier; or it lacks what is requested, such as the most probable class of one that only computes
    /// the scores of given classes.
    pub(crate) fn answer(
        self,
        inputs: &Tensor,
        targets: Targets,
        input_gradient: bool,
        layers: &[Layer],
    ) -> Result<Answer, AttributionError> {
        if let Ok(model) = self.layers() {
            let found = model.evaluate(inputs, targets, input_gradient, layers)?;
            let Evaluation { logits, targets, scores, input_gradient, layers: values } = found;
            let layers = layers.iter().cloned().zip(values).collect();
            return Ok(Answer { targets, scores, logits: Some(logits), input_gradient, layers });
        }
        if !layers.is_empty() {
            return Err(self.lacks(Capability::Layers));
        }
        let Targets::Classes(targets) = targets else { return Err(AttributionError::NoTop) };
        let (scores, input_gradient) = if input_gradient {
            let (scores, gradient) = self.gradients()?.gradients(inputs, targets)?;
            (scores, Some(gradient))
        } else {
            (self.scores().scores(inputs, targets)?, None)
        };
        Ok(Answer { targets: targets.to_vec(), scores, logits: None, input_gradient, layers: Vec::new() })
    }
}

impl<'a, M: Operators> From<&'a M> for Classifier<'a> {
    fn from(model: &'a M) -> Self {
        Classifier::Operators(model)
    }
}

impl<'a> From<&'a dyn Operators> for Classifier<'a> {
    fn from(model: &'a dyn Operators) -> Self {
        Classifier::Operators(model)
    }
}

impl<'a> From<&'a dyn Layers> for Classifier<'a> {
    fn from(model: &'a dyn Layers) -> Self {
        Classifier::Layers(model)
    }
}

impl<'a> From<&'a dyn Gradients> for Classifier<'a> {
    fn from(model: &'a dyn Gradients) -> Self {
        Classifier::Gradients(model)
    }
}

impl<'a> From<&'a dyn Scores> for Classifier<'a> {
    fn from(model: &'a dyn Scores) -> Self {
        Classifier::Scores(model)
    }
}
