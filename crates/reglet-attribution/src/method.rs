//! What every method is to those who choose, run and draw methods without knowing them one by one.

use std::fmt;

use reglet_model::{Evaluation, LayerEvaluation};
use tch::Tensor;

use crate::{Attribution, AttributionError, Layers, Operators, Reduction};

/// An attribution method with its parameters.
///
/// A method's own `attribute` asks for the smallest capability that it can live with. This trait is how a
/// [`Method`](crate::Method), a config or a report meets it: on a [`Point`], where what several methods need
/// has been computed once for all of them.
pub trait AttributionMethod: fmt::Debug {
    /// What there is to say of the method, whatever its parameters.
    fn about(&self) -> &'static About;

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`AttributionError::Parameter`].
    fn check(&self) -> Result<(), AttributionError> {
        Ok(())
    }

    /// What the method wants from the evaluation at the inputs themselves, which all methods share.
    fn needs(&self, _model: &dyn Layers) -> Needs {
        Needs::default()
    }

    /// The attribution of each row of the point's inputs for its target.
    ///
    /// # Errors
    /// Those of the model and of the method's parameters.
    fn at(&self, point: &Point) -> Result<Attribution, AttributionError>;

    /// How the attribution's channels usually become one map.
    fn reduction(&self) -> Reduction {
        Reduction::MaxAbs
    }

    /// How the attribution came about, in the few words of a caption: `50 steps`, or the layer's name.
    fn note(&self, _model: &dyn Layers) -> Option<String> {
        None
    }
}

/// What there is to say of a method, whatever its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// The name for people.
    pub title: &'static str,
    /// What it works with.
    pub family: Family,
    /// Its cost in forward and backward passes for one input.
    pub cost: &'static str,
    /// The paper's address.
    pub paper: &'static str,
}

/// What a method works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Gradients of the score with respect to the input.
    Gradients,
    /// Activations and gradients of a layer.
    Layers,
    /// The attention of a transformer's layers, which other networks do not have.
    Attention,
    /// A backward pass with rules of its own for some operators.
    Rules,
    /// Scores alone.
    Scores,
}

impl Family {
    /// The family for people.
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

/// What a method wants from the evaluation at the inputs, which all methods share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The gradient with respect to the input.
    pub input_gradient: bool,
    /// Layers whose activation and gradient it reads, by name.
    pub layers: Vec<String>,
}

impl Needs {
    /// The gradient with respect to the input, and nothing else.
    pub fn input_gradient() -> Needs {
        Needs { input_gradient: true, layers: Vec::new() }
    }

    /// Activation and gradient of one layer, and nothing else.
    pub fn layer(name: impl Into<String>) -> Needs {
        Needs { input_gradient: false, layers: vec![name.into()] }
    }

    /// Whether the scores alone are enough.
    pub fn is_empty(&self) -> bool {
        !self.input_gradient && self.layers.is_empty()
    }
}

/// A batch of inputs with the model's answer there and everything that the methods asked for.
#[derive(Clone, Copy)]
pub struct Point<'a> {
    /// The model.
    pub model: &'a dyn Operators,
    /// The inputs, `[N, C, H, W]`.
    pub inputs: &'a Tensor,
    /// The model's answer at the inputs, with the derivatives that were asked for.
    pub evaluation: &'a Evaluation,
    /// The names of the evaluation's layers.
    pub layers: &'a [String],
}

impl<'a> Point<'a> {
    /// The class index that each row is explained for.
    pub fn targets(&self) -> &'a [usize] {
        &self.evaluation.targets
    }

    /// The score of each row's target, `[N]`.
    pub fn scores(&self) -> &'a Tensor {
        &self.evaluation.scores
    }

    /// The gradient of each row's score with respect to its input, `[N, C, H, W]`.
    ///
    /// # Panics
    /// If no method's [`needs`](AttributionMethod::needs) asked for it.
    pub fn input_gradient(&self) -> &'a Tensor {
        self.evaluation.input_gradient.as_ref().expect("the method asked for the gradient")
    }

    /// The activation and gradient of a layer.
    ///
    /// # Panics
    /// If no method's [`needs`](AttributionMethod::needs) asked for it.
    pub fn layer(&self, name: &str) -> &'a LayerEvaluation {
        let position = self.layers.iter().position(|layer| layer == name);
        &self.evaluation.layers[position.expect("the method asked for the layer")]
    }
}
