//! The capabilities that a method may require of a model, from smallest to largest.
//!
//! Each method requires only the smallest of these traits that is enough for it. A method that needs only scores can
//! therefore explain any classifier, in Rust or behind a service, and a method that needs gradients does not require layers.
//! [`Model`](reglet_model::Model) implements all of them.

use std::path::Path;

use reglet_model::{Evaluation, Graph, Parameters, Targets};
use tch::Tensor;

use crate::quadrature::middles;
use crate::{AttributionError, Layer};

/// A classifier that computes scores.
pub trait Scores {
    /// The score of each row's target, `[N]`, for inputs `[N, C, H, W]`: the logit for a softmax
    /// classifier, ± the logit for a sigmoid.
    ///
    /// # Errors
    /// Any error of the classifier.
    fn scores(&self, inputs: &Tensor, targets: &[usize]) -> Result<Tensor, AttributionError>;

    /// The same classifier, prepared for inputs that differ from `base`, `[1, C, H, W]`, inside a rectangle each, if it can
    /// compute their scores at a lower cost: a picture in which something is covered has the original's values in most of the
    /// first layers. Its scores are the same, apart from rounding.
    ///
    /// # Errors
    /// Any error of the classifier.
    fn near<'a>(&'a self, _base: &Tensor) -> Result<Option<Box<dyn Scores + 'a>>, AttributionError> {
        Ok(None)
    }

    /// A colour in the model's input space, one number for each channel: the result of preprocessing a pixel of that colour.
    /// For a classifier without preprocessing, the colour in 0…1 with three channels.
    fn colour(&self, rgb: [u8; 3]) -> Vec<f32> {
        rgb.map(|level| f32::from(level) / 255.0).to_vec()
    }

    /// Another picture, given by its path and preprocessed as the classifier's input: `[1, C, H, W]`.
    ///
    /// # Errors
    /// Any error of the classifier; a classifier that cannot read pictures returns one.
    fn picture(&self, path: &Path) -> Result<Tensor, AttributionError> {
        let reason = format!(
            "this classifier cannot read picture files, so {} cannot be used as a baseline",
            path.display()
        );
        Err(AttributionError::Baseline { reason })
    }
}

/// A classifier whose scores can be differentiated.
pub trait Gradients: Scores {
    /// The scores `[N]` with the gradient of each row's score with respect to that row, `[N, C, H, W]`.
    ///
    /// # Errors
    /// Any error of the classifier.
    fn gradients(&self, inputs: &Tensor, targets: &[usize]) -> Result<(Tensor, Tensor), AttributionError>;

    /// The straight line of inputs between `from` and `to`, `[1, C, H, W]` each, if the classifier can follow it at a lower
    /// cost than one gradient at each point.
    ///
    /// # Errors
    /// Any error of the classifier.
    fn line<'a>(
        &'a self,
        _from: &Tensor,
        _to: &Tensor,
        _target: usize,
    ) -> Result<Option<Box<dyn Line + 'a>>, AttributionError> {
        Ok(None)
    }
}

/// The straight line x(α) = x′ + α (x − x′) of inputs, for one target.
///
/// Gradients may be taken after the affine part of the network, where they are cheaper; their sum is then propagated back to
/// the input once.
pub trait Line {
    /// Σ weight · gradient over points (α, weight) of the line, `[1, …]`, in one forward and one backward pass for each
    /// point.
    ///
    /// # Errors
    /// Any error of the classifier.
    fn sum(&self, points: &[(f64, f64)]) -> Result<Tensor, AttributionError>;

    /// Σ (β − α) · secant over neighbouring points α, β on the line, `[1, …]`: the integral of the gradient between them, if
    /// the input of every rectifier changes linearly from each point to the next. Multiplied by the [way](Line::way), it is
    /// exactly the rise of the score from the first point to the last, if the network has secants. The cost is one forward
    /// pass for each point, and one backward pass for each point except the last.
    ///
    /// If there are no secants, the gradient at the middle of each step is used instead.
    ///
    /// # Errors
    /// Any error of the classifier.
    fn secants(&self, places: &[f64]) -> Result<Tensor, AttributionError> {
        self.sum(&middles(places).collect::<Vec<_>>())
    }

    /// The difference between the line's end and its start, `[1, …]`, at the value where the gradients are taken: its inner
    /// product with a gradient is the slope of the score along the line.
    fn way(&self) -> &Tensor;

    /// Converts a [sum](Line::sum), `[1, …]`, to one with respect to the input, `[1, C, H, W]`.
    ///
    /// # Errors
    /// Any error of the classifier.
    fn at_input(&self, sum: &Tensor) -> Result<Tensor, AttributionError>;
}

/// A classifier whose layers can be read, and with respect to whose layers gradients can be computed.
pub trait Layers: Gradients {
    /// The layer called `name`; without a name, the one that is best suited for class activation maps.
    ///
    /// # Errors
    /// An error of the classifier if it has no such layer.
    fn layer(&self, name: Option<&str>) -> Result<Layer, AttributionError>;

    /// Everything requested at `inputs`, in one forward and one backward pass: the gradient of the input, and for each of
    /// `layers`, in their order, activation and gradient. Whatever the layout of a layer's values (tokens, windows, or
    /// channels last), they are returned by place of the picture, `[N, C, h, w]`, without values that belong to no place,
    /// such as the class token. Only a layer without places is returned unchanged.
    ///
    /// # Errors
    /// Any error of the classifier.
    fn evaluate(
        &self,
        inputs: &Tensor,
        targets: Targets,
        input_gradient: bool,
        layers: &[Layer],
    ) -> Result<Evaluation, AttributionError>;

    /// The result of a layer at `inputs`, in one forward pass that ends at the layer; in the layout of
    /// [`evaluate`](Layers::evaluate).
    ///
    /// # Errors
    /// Any error of the classifier.
    fn activation(&self, inputs: &Tensor, layer: &Layer) -> Result<Tensor, AttributionError>;
}

/// A classifier whose operators can be run, and traversed backwards, one by one.
pub trait Operators: Layers {
    /// The graph of operators, from inputs `[N, C, H, W]` to logits.
    fn graph(&self) -> &Graph;

    /// The graph's parameters.
    fn parameters(&self) -> &Parameters;

    /// The score of each row's target, `[N]`, from the graph's logits.
    ///
    /// # Errors
    /// Any error of the classifier.
    fn scores_of(&self, logits: &Tensor, targets: &[usize]) -> Result<Tensor, AttributionError>;
}
