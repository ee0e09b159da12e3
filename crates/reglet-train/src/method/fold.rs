//! The last layer, and projections that are folded into it.

use reglet_model::{LinearHead, Model, Parameters};
use tch::{Device, Kind, Tensor};

use crate::TrainError;

/// A model's last layer, W x + b, in 64-bit floats.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadWeights {
    /// W, row by row: one row for each logit.
    pub weight: Vec<f64>,
    /// b.
    pub bias: Vec<f64>,
    /// The number of features.
    pub width: usize,
}

/// A projection of features along one direction: r(x) = x − c (d · (x − m)), with d · c = 1, so that r(r(x)) = r(x).
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// c: the direction that is removed.
    pub taken: Vec<f64>,
    /// d: measures how much of it is present.
    pub measured: Vec<f64>,
    /// m: the point that does not change.
    pub centre: Vec<f64>,
}

impl Projection {
    /// r(x).
    pub fn apply(&self, x: &[f32]) -> Vec<f64> {
        let centred = x.iter().zip(&self.centre).map(|(value, centre)| f64::from(*value) - centre);
        let much: f64 = centred.zip(&self.measured).map(|(value, measured)| value * measured).sum();
        x.iter().zip(&self.taken).map(|(value, taken)| f64::from(*value) - much * taken).collect()
    }
}

impl HeadWeights {
    /// The model's last layer, and its index among the parameters.
    ///
    /// # Errors
    /// [`TrainError::NoLinearHead`] for a model without such a layer, or without a bias, and for a layer that is applied at
    /// each position.
    pub fn of(model: &Model, method: &'static str) -> Result<(HeadWeights, LinearHead), TrainError> {
        let fault = |why: &str| TrainError::NoLinearHead { method, why: why.to_owned() };
        let found = model.graph().linear_head().ok_or_else(|| fault("this model ends with another layer"))?;
        let bias = found.bias.ok_or_else(|| fault("this model's has no bias"))?;
        let numbers = |index: usize| -> Result<Vec<f64>, TrainError> {
            let tensor = model.parameters().tensors()[index].f_detach()?.f_to_device(Device::Cpu)?;
            Ok(Vec::try_from(tensor.f_to_kind(Kind::Double)?.f_contiguous()?.f_view([-1])?)?)
        };
        let width = model.graph().parameters()[found.weight].shape.get(1).copied().unwrap_or(0) as usize;
        Ok((HeadWeights { weight: numbers(found.weight)?, bias: numbers(bias)?, width }, found))
    }

    /// W x + b.
    pub fn logits(&self, x: &[f64]) -> Vec<f64> {
        let rows = self.weight.chunks_exact(self.width.max(1)).zip(&self.bias);
        rows.map(|(row, bias)| bias + row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>()).collect()
    }

    /// The head that gives for x the result of this head for r(x): W′ = W − (W c) dᵀ, b′ = b + W c (d · m).
    #[must_use]
    pub fn folded(&self, projection: &Projection) -> HeadWeights {
        let Projection { taken, measured, centre } = projection;
        let at_centre: f64 = measured.iter().zip(centre).map(|(d, m)| d * m).sum();
        let mut folded = self.clone();
        let rows = folded.weight.chunks_exact_mut(self.width.max(1)).zip(&mut folded.bias);
        for (row, bias) in rows {
            let along: f64 = row.iter().zip(taken).map(|(w, c)| w * c).sum();
            row.iter_mut().zip(measured).for_each(|(w, d)| *w -= along * d);
            *bias += along * at_centre;
        }
        folded
    }

    /// The model's parameters, with this head instead of its own.
    ///
    /// # Errors
    /// [`TrainError::Torch`].
    pub fn put(&self, model: &Model, place: LinearHead) -> Result<(Parameters, Vec<usize>), TrainError> {
        let bias = place.bias.unwrap_or(place.weight);
        let tensor = |(index, old): (usize, &Tensor)| -> Result<Tensor, TrainError> {
            let values = match index {
                index if index == place.weight => &self.weight,
                index if index == bias => &self.bias,
                _ => return Ok(old.f_detach()?),
            };
            let new = Tensor::f_from_slice(values)?.f_view(old.size().as_slice())?;
            Ok(new.f_to_kind(old.kind())?.f_to_device(old.device())?)
        };
        let all = model.parameters().tensors().iter().enumerate().map(tensor);
        Ok((Parameters::from_tensors(all.collect::<Result<_, _>>()?), vec![place.weight, bias]))
    }
}

#[cfg(test)]
mod tests {
    use reglet_model::{Graph, Layout, Op, Pool, Preprocessing, Provenance, ValueId};

    use super::*;

    /// A network that consists of this last layer, with its input, weight and bias.
    fn ending(last: impl Fn(&mut Graph, ValueId) -> ValueId) -> Model {
        let (mut graph, input) = Graph::new();
        let output = last(&mut graph, input);
        graph.set_output(output);
        let start = Parameters::initial(&graph, 1).expect("weights");
        Model::new(graph, start, None, Preprocessing::exact(8), Provenance::of("a network"))
            .expect("two classes")
    }

    fn pooled(graph: &mut Graph, x: ValueId) -> ValueId {
        let x = graph.call("pool", Op::Pool(Pool::AdaptiveAverage { output: [1, 1] }), &[x]);
        graph.call("flatten", Op::Layout(Layout::Flatten { start: 1, end: -1 }), &[x])
    }

    #[test]
    fn a_model_without_a_linear_last_layer_is_refused_with_what_it_has() {
        // As SqueezeNet ends: with a convolution, and a mean over the picture.
        let model = ending(|graph, x| {
            let weight = graph.parameter("fc.weight", &[2, 3, 1, 1], true);
            let bias = graph.parameter("fc.bias", &[2], true);
            let op = Op::Conv2d { stride: [1; 2], padding: [0; 2], dilation: [1; 2], groups: 1 };
            let x = graph.call("fc", op, &[x, weight, bias]);
            pooled(graph, x)
        });
        let message = HeadWeights::of(&model, "leace").expect_err("a convolution").to_string();
        assert!(
            message.starts_with("leace ") && message.contains("this model ends with another layer"),
            "{message}"
        );

        let model = ending(|graph, x| {
            let (x, weight) = (pooled(graph, x), graph.parameter("fc.weight", &[2, 3], true));
            graph.call("fc", Op::Linear, &[x, weight])
        });
        let message = HeadWeights::of(&model, "dfr").expect_err("no bias").to_string();
        assert!(message.contains("has no bias") && message.contains("trains the network"), "{message}");
    }
}
