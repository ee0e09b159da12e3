//! The capabilities that a method may require of a model, from smallest to largest.
//!
//! Each method requires only the smallest of these traits that is enough for it. A method that needs only scores can
//! therefore explain any classifier, in Rust or behind a service, and a method that needs gradients does not require layers.
//! [`Model`] implements all of them.

use std::path::Path;

use reglet_model::{Evaluation, Graph, Model, Parameters, Request, Targets};
use tch::Tensor;

use crate::AttributionError;
use crate::line::{BehindPrefix, Line};

/// A classifier that computes scores.
pub trait Scores {
    /// The score of each row's target, `[N]`, for inputs `[N, C, H, W]`: the logit for a softmax
    /// classifier, ± the logit for a sigmoid.
    ///
    /// # Errors
    /// Any error of the classifier.
    fn scores(&self, inputs: &Tensor, targets: &[usize]) -> Result<Tensor, AttributionError>;

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

/// A classifier whose layers can be read, and with respect to whose layers gradients can be computed.
pub trait Layers: Gradients {
    /// Everything requested at `inputs`, in one forward and one backward pass: the gradient of the input, and for each of
    /// `layers`, in their order, activation and gradient. Whatever the layout of a layer's values (tokens, windows, or
    /// channels last), they are returned by place of the picture, `[N, C, h, w]`, without values that belong to no place,
    /// such as the class token. Only a layer without places is returned unchanged.
    ///
    /// # Errors
    /// Any error of the classifier, such as one for a layer that does not exist.
    fn evaluate(
        &self,
        inputs: &Tensor,
        targets: Targets,
        input_gradient: bool,
        layers: &[&str],
    ) -> Result<Evaluation, AttributionError>;

    /// The result of a layer at `inputs`, in one forward pass that ends at the layer; in the layout of
    /// [`evaluate`](Layers::evaluate).
    ///
    /// # Errors
    /// Any error of the classifier, such as one for a layer that does not exist.
    fn activation(&self, inputs: &Tensor, layer: &str) -> Result<Tensor, AttributionError>;

    /// The layer that is best suited for class activation maps.
    fn grad_cam_layer(&self) -> &str;
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

impl Scores for Model {
    fn scores(&self, inputs: &Tensor, targets: &[usize]) -> Result<Tensor, AttributionError> {
        Ok(self.classes().scores(&self.logits(inputs)?, targets)?)
    }

    fn colour(&self, rgb: [u8; 3]) -> Vec<f32> {
        self.preprocessing().colour(rgb)
    }

    fn picture(&self, path: &Path) -> Result<Tensor, AttributionError> {
        Ok(Model::picture(self, path)?)
    }
}

impl Gradients for Model {
    fn gradients(&self, inputs: &Tensor, targets: &[usize]) -> Result<(Tensor, Tensor), AttributionError> {
        let evaluation = Model::evaluate(self, inputs, Targets::Classes(targets), true, &[])?;
        let gradient = evaluation.input_gradient.expect("an evaluation holds the gradient it was asked for");
        Ok((evaluation.scores, gradient))
    }

    fn line<'a>(
        &'a self,
        from: &Tensor,
        to: &Tensor,
        target: usize,
    ) -> Result<Option<Box<dyn Line + 'a>>, AttributionError> {
        Ok(match Model::graph(self).affine_prefix() {
            Some(prefix) => Some(Box::new(BehindPrefix::new(self, prefix, from, to, target)?)),
            None => None,
        })
    }
}

impl Layers for Model {
    fn evaluate(
        &self,
        inputs: &Tensor,
        targets: Targets,
        input_gradient: bool,
        layers: &[&str],
    ) -> Result<Evaluation, AttributionError> {
        let layers = layers.iter().map(|name| self.graph().layer(name)).collect::<Result<Vec<_>, _>>()?;
        let mut evaluation = Model::evaluate(self, inputs, targets, input_gradient, &layers)?;
        let places = self.graph().places(&layers, inputs)?;
        for (places, seen) in places.into_iter().zip(&mut evaluation.layers) {
            if let Some(places) = places.filter(|places| places.fits(&seen.activation)) {
                seen.activation = places.laid_out(&seen.activation)?;
                seen.gradient = places.laid_out(&seen.gradient)?;
            }
        }
        Ok(evaluation)
    }

    fn activation(&self, inputs: &Tensor, layer: &str) -> Result<Tensor, AttributionError> {
        let graph = Model::graph(self);
        let (feeds, layer) = ([(graph.input(), inputs)], graph.layer(layer)?);
        let request = Request { feeds: &feeds, fetches: &[layer], ..Request::default() };
        let activation = graph.run(Model::parameters(self), &request)?.remove(0);
        match graph.places(&[layer], inputs)?.remove(0).filter(|places| places.fits(&activation)) {
            Some(places) => Ok(places.laid_out(&activation)?),
            None => Ok(activation),
        }
    }

    fn grad_cam_layer(&self) -> &str {
        Model::grad_cam_layer(self)
    }
}

impl Operators for Model {
    fn graph(&self) -> &Graph {
        Model::graph(self)
    }

    fn parameters(&self) -> &Parameters {
        Model::parameters(self)
    }

    fn scores_of(&self, logits: &Tensor, targets: &[usize]) -> Result<Tensor, AttributionError> {
        Ok(self.classes().scores(logits, targets)?)
    }
}
