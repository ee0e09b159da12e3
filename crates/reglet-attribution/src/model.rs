//! What a [`Model`] offers: all of it.

use std::path::Path;

use reglet_model::{Evaluation, Graph, Model, Near, Parameters, Request, Targets};
use tch::Tensor;

use crate::line::BehindPrefix;
use crate::{AttributionError, Gradients, Layer, Layers, Line, Operators, Scores};

impl Scores for Model {
    fn scores(&self, inputs: &Tensor, targets: &[usize]) -> Result<Tensor, AttributionError> {
        Ok(self.classes().scores(&self.logits(inputs)?, targets)?)
    }

    fn near<'a>(&'a self, base: &Tensor) -> Result<Option<Box<dyn Scores + 'a>>, AttributionError> {
        Ok(Some(Box::new(NearOne { model: self, near: Model::near(self, base)? })))
    }

    fn colour(&self, rgb: [u8; 3]) -> Vec<f32> {
        self.preprocessing().colour(rgb)
    }

    fn picture(&self, path: &Path) -> Result<Tensor, AttributionError> {
        Ok(Model::picture(self, path)?)
    }
}

/// A model beside one input.
struct NearOne<'a> {
    model: &'a Model,
    near: Near<'a>,
}

impl Scores for NearOne<'_> {
    fn scores(&self, inputs: &Tensor, targets: &[usize]) -> Result<Tensor, AttributionError> {
        Ok(self.model.classes().scores(&self.near.logits(inputs)?, targets)?)
    }

    fn colour(&self, rgb: [u8; 3]) -> Vec<f32> {
        Scores::colour(self.model, rgb)
    }

    fn picture(&self, path: &Path) -> Result<Tensor, AttributionError> {
        Scores::picture(self.model, path)
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
    fn layer(&self, name: Option<&str>) -> Result<Layer, AttributionError> {
        let name = name.unwrap_or(self.grad_cam_layer());
        Model::graph(self).layer(name)?;
        Ok(Layer::new(name))
    }

    fn evaluate(
        &self,
        inputs: &Tensor,
        targets: Targets,
        input_gradient: bool,
        layers: &[Layer],
    ) -> Result<Evaluation, AttributionError> {
        let layers =
            layers.iter().map(|layer| self.graph().layer(layer.name())).collect::<Result<Vec<_>, _>>()?;
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

    fn activation(&self, inputs: &Tensor, layer: &Layer) -> Result<Tensor, AttributionError> {
        let graph = Model::graph(self);
        let (feeds, layer) = ([(graph.input(), inputs)], graph.layer(layer.name())?);
        let request = Request { feeds: &feeds, fetches: &[layer], ..Request::default() };
        let activation = graph.run(Model::parameters(self), &request)?.remove(0);
        match graph.places(&[layer], inputs)?.remove(0).filter(|places| places.fits(&activation)) {
            Some(places) => Ok(places.laid_out(&activation)?),
            None => Ok(activation),
        }
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
