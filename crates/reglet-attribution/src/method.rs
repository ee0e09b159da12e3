//! The common interface of all methods, for code that selects methods, runs them or draws their maps.

use std::fmt;

use reglet_model::LayerEvaluation;
use tch::Tensor;

use crate::{Answer, Attribution, AttributionError, Classifier, Layer, Reduction};

/// An attribution method with its parameters.
///
/// A method's own function `attribute` requires the smallest sufficient capability. Through this trait, a
/// [`Method`](crate::Method), a config or a report uses the method on a [`Point`], at which the values that several methods
/// need have been computed once for all of them. With a name ([`NamedMethod`](crate::NamedMethod)), a method of your own can be
/// selected like those of this crate.
pub trait AttributionMethod: fmt::Debug + Send + Sync {
    /// Information on the method that does not depend on its parameters.
    fn about(&self) -> &'static About;

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`AttributionError::Parameter`].
    fn check(&self) -> Result<(), AttributionError> {
        Ok(())
    }

    /// The values that the method needs from the shared evaluation at the inputs.
    ///
    /// # Errors
    /// [`AttributionError::Lacks`] if the classifier does not offer what determines them, such as the layer to read.
    fn needs(&self, _model: Classifier<'_>) -> Result<Needs, AttributionError> {
        Ok(Needs::default())
    }

    /// The attribution of each row of the point's inputs for its target.
    ///
    /// # Errors
    /// Those of the model and of the method's parameters.
    fn at(&self, point: &Point) -> Result<Attribution, AttributionError>;

    /// Whether the attribution is a gradient, possibly by modified rules: the change of the score for each unit of the input, with its
    /// sign, so that Σ I·a predicts the effect of a small change I of the input. By default it is not, as for attributions that are
    /// multiplied by the input, are magnitudes or squares, or are the map of a layer or of a region. Metrics that predict the
    /// score with an attribution, such as infidelity, are defined only for gradients.
    fn is_gradient(&self) -> bool {
        false
    }

    /// How the channels of the attribution are usually combined into one map.
    fn reduction(&self) -> Reduction {
        Reduction::MaxAbs
    }

    /// A short description of the computation for a caption: `50 steps`, or the layer's name.
    fn note(&self, _model: Classifier<'_>) -> Option<String> {
        None
    }
}

/// Information on a method that does not depend on its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// The display name.
    pub title: &'static str,
    /// The values that it works with.
    pub family: Family,
    /// Its cost in forward and backward passes for one input.
    pub cost: &'static str,
    /// The paper's address.
    pub paper: &'static str,
}

/// The values that a method works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Gradients of the score with respect to the input.
    Gradients,
    /// Activations and gradients of a layer.
    Layers,
    /// The attention of a transformer's layers, which other networks do not have.
    Attention,
    /// A backward pass with modified rules for some operators.
    Rules,
    /// Scores alone.
    Scores,
}

impl Family {
    /// The display name of the family.
    pub fn title(self) -> &'static str {
        match self {
            Family::Gradients => "gradients",
            Family::Layers => "layers",
            Family::Attention => "attention",
            Family::Rules => "rules",
            Family::Scores => "scores",
        }
    }
}

/// The values that a method needs from the shared evaluation at the inputs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The gradient with respect to the input.
    pub input_gradient: bool,
    /// The layers whose activation and gradient it reads.
    pub layers: Vec<Layer>,
}

impl Needs {
    /// Only the gradient with respect to the input.
    pub fn input_gradient() -> Needs {
        Needs { input_gradient: true, layers: Vec::new() }
    }

    /// Only the activation and the gradient of one layer.
    pub fn layer(layer: Layer) -> Needs {
        Needs { input_gradient: false, layers: vec![layer] }
    }

    /// Whether the scores are sufficient.
    pub fn is_empty(&self) -> bool {
        !self.input_gradient && self.layers.is_empty()
    }
}

/// A batch of inputs with the classifier's answer and all values that the methods requested.
#[derive(Clone, Copy)]
pub struct Point<'a> {
    /// The classifier, with what it offers.
    pub model: Classifier<'a>,
    /// The inputs, `[N, C, H, W]`.
    pub inputs: &'a Tensor,
    /// The classifier's answer at the inputs, with the requested derivatives.
    pub answer: &'a Answer,
}

impl<'a> Point<'a> {
    /// The class index that each row is explained for.
    pub fn targets(&self) -> &'a [usize] {
        &self.answer.targets
    }

    /// The score of each row's target, `[N]`.
    pub fn scores(&self) -> &'a Tensor {
        &self.answer.scores
    }

    /// The gradient of each row's score with respect to its input, `[N, C, H, W]`.
    ///
    /// # Panics
    /// If no method has requested it in [`needs`](AttributionMethod::needs).
    pub fn input_gradient(&self) -> &'a Tensor {
        self.answer.input_gradient.as_ref().expect("the method asked for the gradient")
    }

    /// The activation and gradient of a layer.
    ///
    /// # Panics
    /// If no method has requested it in [`needs`](AttributionMethod::needs).
    pub fn layer(&self, layer: &Layer) -> &'a LayerEvaluation {
        let found = self.answer.layers.iter().find(|(known, _)| known == layer);
        &found.expect("the method asked for the layer").1
    }
}
