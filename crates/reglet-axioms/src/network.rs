//! A graph with parameters as a classifier that any method can explain.

use reglet_attribution::{AttributionError, Gradients, Layer, Layers, Operators, Scores};
use reglet_model::{
    Activation, Evaluation, Graph, Layout, ModelError, Op, Parameters, Request, Targets, ValueId,
};
use tch::{Device, Kind, Tensor};

use crate::case::{Case, halves};

/// A classifier made of a graph and its parameters. The score of a class is its logit.
pub struct Network {
    graph: Graph,
    parameters: Parameters,
    layer: String,
}

impl Network {
    /// A network made of these parts; `layer` is the layer that layer methods use.
    pub fn new(graph: Graph, parameters: Parameters, layer: &str) -> Network {
        Network { graph, parameters, layer: layer.to_owned() }
    }

    /// The network of a case.
    pub fn of(case: &Case) -> Network {
        let mut builder = Builder::new();
        let convolved = builder.convolution(builder.input, case, halves(&case.convolution_bias));
        let hidden = builder.hidden(convolved, case);
        builder.finish(hidden, case)
    }

    /// The network of a case for inputs that are shifted by a constant of each colour, in halves: its first bias subtracts
    /// the shift.
    pub(crate) fn shifted(case: &Case, shift: &[i8; 3]) -> Network {
        let weight = halves(case.convolution.as_flattened()).view([-1, 3]);
        let bias = halves(&case.convolution_bias) - weight.matmul(&halves(shift));
        let mut builder = Builder::new();
        let convolved = builder.convolution(builder.input, case, bias);
        let hidden = builder.hidden(convolved, case);
        builder.finish(hidden, case)
    }

    /// The same function with another implementation: the input goes through max(0, x + 8) − 8, which is x for the inputs of
    /// cases, each channel of the convolution is there twice, and the hidden units take half of each.
    pub fn rewritten(case: &Case) -> Network {
        let mut builder = Builder::new();
        let same = builder.detour();
        let bias = halves(&case.convolution_bias);
        let convolved = builder.convolution(same, case, bias);
        let channels = case.convolution.len() as i64;
        let eye = Tensor::eye(channels, (Kind::Double, Device::Cpu)).view([channels, channels, 1, 1]);
        let doubled = Tensor::cat(&[&eye, &eye], 0);
        let twice = builder.pointwise("twice", convolved, doubled, None);
        let halved = Tensor::cat(&[&eye, &eye], 1) / 2.0;
        let once = builder.pointwise("once", twice, halved, None);
        let hidden = builder.hidden(once, case);
        builder.finish(hidden, case)
    }

    /// Two implementations of the same function with three layers (Sundararajan et al., 2017, figure 7): the hidden units
    /// are max(0, max(0, s) − m − r), or else max(0, max(0, s − m) − r), which is the same as neither m nor r is negative. s
    /// is the unit's sum and r another's, m half of the case's first factor.
    pub(crate) fn layered(case: &Case, inside: bool) -> Network {
        let mut builder = Builder::new();
        let convolved = builder.convolution(builder.input, case, halves(&case.convolution_bias));
        let mut both = case.clone();
        both.hidden.extend(case.hidden.iter().rev().cloned());
        both.hidden_bias.extend(case.hidden_bias.iter().rev());
        let units = case.hidden.len();
        let margin = case.factors[0].abs();
        if inside {
            both.hidden_bias.iter_mut().take(units).for_each(|bias| *bias -= margin);
        }
        let sums = builder.hidden(convolved, &both);
        let eye = Tensor::eye(units as i64, (Kind::Double, Device::Cpu));
        let weight = Tensor::cat(&[&eye, &-&eye], 1);
        let bias = halves(&vec![if inside { 0 } else { -margin }; units]);
        let mixed = builder.linear("mix", sums, weight, bias);
        let mixed = builder.graph.call("mix_relu", Op::Activation(Activation::Relu), &[mixed]);
        builder.finish(mixed, case)
    }
}

/// A graph being built, with the tensors of its parameters.
struct Builder {
    graph: Graph,
    input: ValueId,
    tensors: Vec<Tensor>,
}

impl Builder {
    fn new() -> Builder {
        let (graph, input) = Graph::new();
        Builder { graph, input, tensors: Vec::new() }
    }

    fn parameter(&mut self, name: &str, tensor: Tensor) -> ValueId {
        let value = self.graph.parameter(name, &tensor.size(), true);
        self.tensors.push(tensor);
        value
    }

    fn pointwise(&mut self, path: &str, input: ValueId, weight: Tensor, bias: Option<Tensor>) -> ValueId {
        let mut inputs = vec![input, self.parameter(&format!("{path}.weight"), weight)];
        if let Some(bias) = bias {
            inputs.push(self.parameter(&format!("{path}.bias"), bias));
        }
        let op = Op::Conv2d { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };
        self.graph.call(path, op, &inputs)
    }

    fn linear(&mut self, path: &str, input: ValueId, weight: Tensor, bias: Tensor) -> ValueId {
        let weight = self.parameter(&format!("{path}.weight"), weight);
        let bias = self.parameter(&format!("{path}.bias"), bias);
        self.graph.call(path, Op::Linear, &[input, weight, bias])
    }

    /// x as max(0, x + 8) − 8.
    fn detour(&mut self) -> ValueId {
        let eye = || Tensor::eye(3, (Kind::Double, Device::Cpu)).view([3, 3, 1, 1]);
        let eights = |sign: f64| Tensor::full([3], 8.0 * sign, (Kind::Double, Device::Cpu));
        let raised = self.pointwise("raised", self.input, eye(), Some(eights(1.0)));
        let raised = self.graph.call("raised_relu", Op::Activation(Activation::Relu), &[raised]);
        self.pointwise("lowered", raised, eye(), Some(eights(-1.0)))
    }

    fn convolution(&mut self, input: ValueId, case: &Case, bias: Tensor) -> ValueId {
        let weight = halves(case.convolution.as_flattened()).view([-1, 3, 1, 1]);
        let convolved = self.pointwise("conv", input, weight, Some(bias));
        self.graph.call("relu", Op::Activation(Activation::Relu), &[convolved])
    }

    fn hidden(&mut self, value: ValueId, case: &Case) -> ValueId {
        let flat = self.graph.call("flatten", Op::Layout(Layout::Flatten { start: 1, end: -1 }), &[value]);
        let weights: Vec<i8> = case.hidden.iter().flatten().flatten().copied().collect();
        let weight = halves(&weights).view([case.hidden.len() as i64, -1]);
        let hidden = self.linear("hidden", flat, weight, halves(&case.hidden_bias));
        self.graph.call("hidden_relu", Op::Activation(Activation::Relu), &[hidden])
    }

    fn finish(mut self, value: ValueId, case: &Case) -> Network {
        let weight = halves(&case.classes.concat()).view([case.classes.len() as i64, -1]);
        let logits = self.linear("fc", value, weight, halves(&case.bias));
        self.graph.set_output(logits);
        Network::new(self.graph, Parameters::from_tensors(self.tensors), "conv")
    }
}

impl Scores for Network {
    fn scores(&self, inputs: &Tensor, targets: &[usize]) -> Result<Tensor, AttributionError> {
        let feeds = [(self.graph.input(), inputs)];
        let request = Request { feeds: &feeds, fetches: &[self.graph.output()], ..Request::default() };
        self.scores_of(&self.graph.run(&self.parameters, &request)?[0], targets)
    }
}

impl Gradients for Network {
    fn gradients(&self, inputs: &Tensor, targets: &[usize]) -> Result<(Tensor, Tensor), AttributionError> {
        let found = self.evaluate(inputs, Targets::Classes(targets), true, &[])?;
        let gradient = found.input_gradient.expect("an evaluation holds the gradient it was asked for");
        Ok((found.scores, gradient))
    }
}

impl Layers for Network {
    fn layer(&self, name: Option<&str>) -> Result<Layer, AttributionError> {
        let name = name.unwrap_or(&self.layer);
        self.graph.layer(name)?;
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
            layers.iter().map(|layer| self.graph.layer(layer.name())).collect::<Result<Vec<_>, _>>()?;
        let score = |logits: &Tensor| {
            let targets = match targets {
                Targets::Classes(targets) => targets.to_vec(),
                Targets::Top => {
                    let top: Vec<i64> = Vec::try_from(logits.f_argmax(1, false)?)?;
                    top.into_iter().map(|class| class as usize).collect()
                }
            };
            let scores = score(logits, &targets)?;
            Ok((targets, scores))
        };
        Ok(Evaluation::of(&self.graph, &self.parameters, inputs, input_gradient, &layers, score)?)
    }

    fn activation(&self, inputs: &Tensor, layer: &Layer) -> Result<Tensor, AttributionError> {
        let feeds = [(self.graph.input(), inputs)];
        let request =
            Request { feeds: &feeds, fetches: &[self.graph.layer(layer.name())?], ..Request::default() };
        Ok(self.graph.run(&self.parameters, &request)?.remove(0))
    }
}

impl Operators for Network {
    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn scores_of(&self, logits: &Tensor, targets: &[usize]) -> Result<Tensor, AttributionError> {
        Ok(score(logits, targets)?)
    }
}

/// Each row's logit of its class.
fn score(logits: &Tensor, targets: &[usize]) -> Result<Tensor, ModelError> {
    let targets: Vec<i64> = targets.iter().map(|&target| target as i64).collect();
    let index = Tensor::f_from_slice(&targets)?.f_view([-1, 1])?;
    Ok(logits.f_gather(1, &index, false)?.f_view([-1])?)
}
