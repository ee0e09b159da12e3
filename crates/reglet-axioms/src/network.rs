//! A graph with parameters as a classifier that any method can explain.

use reglet_attribution::{AttributionError, Gradients, Layers, Operators, Scores};
use reglet_model::{
    Activation, Evaluation, Graph, LayerEvaluation, Layout, Op, Parameters, Request, Targets, ValueId,
    gradients,
};
use tch::{Kind, Tensor};

use crate::case::{Case, halves};

/// A classifier made of a graph and its parameters. The score of a class is its logit.
pub struct Network {
    graph: Graph,
    parameters: Parameters,
    layer: String,
}

impl Network {
    /// A network of these parts; `layer` is where methods at a layer look.
    pub fn new(graph: Graph, parameters: Parameters, layer: &str) -> Network {
        Network { graph, parameters, layer: layer.to_owned() }
    }

    /// The network of a case.
    pub fn of(case: &Case) -> Network {
        let mut network = Builder::new();
        let convolved = network.convolution(network.input, case);
        network.finish(convolved, case)
    }

    /// The same function, written down in another way: the input goes through relu(x) − relu(−x), each channel of the
    /// convolution is there twice, and the linear layer takes half of each.
    pub fn rewritten(case: &Case) -> Network {
        let mut twice = case.clone();
        twice.convolution.extend(case.convolution.clone());
        twice.convolution_bias.extend(case.convolution_bias.clone());
        for class in &mut twice.linear {
            class.extend(class.clone());
        }
        let mut network = Builder::new();
        let same = network.detour();
        let convolved = network.convolution(same, &twice);
        let mut network = network.finish(convolved, &twice);
        let weight = network.graph.parameters().iter().position(|parameter| parameter.name == "fc.weight");
        let mut tensors: Vec<Tensor> =
            network.parameters.tensors().iter().map(Tensor::shallow_clone).collect();
        let weight = weight.expect("every network of a case has one");
        tensors[weight] = &tensors[weight] / 2.0;
        network.parameters = Parameters::from_tensors(tensors);
        network
    }
}

impl Network {
    /// The network of a case for inputs that are shifted by a constant of each colour, in halves: its first bias takes the
    /// shift away.
    pub(crate) fn shifted(case: &Case, shift: &[i8; 3]) -> Network {
        let mut network = Network::of(case);
        let mut tensors: Vec<Tensor> =
            network.parameters.tensors().iter().map(Tensor::shallow_clone).collect();
        let weight = halves(case.convolution.as_flattened()).view([-1, 3]);
        let bias = halves(&case.convolution_bias) - weight.matmul(&halves(shift));
        tensors[1] = bias;
        network.parameters = Parameters::from_tensors(tensors);
        network
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

    /// x as relu(x) − relu(−x).
    fn detour(&mut self) -> ValueId {
        let eye = Tensor::eye(3, (Kind::Double, tch::Device::Cpu));
        let both = Tensor::cat(&[&eye, &-&eye], 0).view([6, 3, 1, 1]);
        let back = both.view([6, 3]).transpose(0, 1).contiguous().view([3, 6, 1, 1]);
        let parts = self.pointwise("parts", self.input, both, None);
        let parts = self.graph.call("parts_relu", Op::Activation(Activation::Relu), &[parts]);
        self.pointwise("whole", parts, back, None)
    }

    fn convolution(&mut self, input: ValueId, case: &Case) -> ValueId {
        let weight = halves(case.convolution.as_flattened()).view([-1, 3, 1, 1]);
        let convolved = self.pointwise("conv", input, weight, Some(halves(&case.convolution_bias)));
        self.graph.call("relu", Op::Activation(Activation::Relu), &[convolved])
    }

    fn finish(mut self, value: ValueId, case: &Case) -> Network {
        let flat = self.graph.call("flatten", Op::Layout(Layout::Flatten { start: 1, end: -1 }), &[value]);
        let rows: Vec<i8> = case.linear.iter().flatten().flatten().copied().collect();
        let weight = self.parameter("fc.weight", halves(&rows).view([case.linear.len() as i64, -1]));
        let bias = self.parameter("fc.bias", halves(&case.bias));
        let logits = self.graph.call("fc", Op::Linear, &[flat, weight, bias]);
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
    fn evaluate(
        &self,
        inputs: &Tensor,
        targets: Targets,
        input_gradient: bool,
        layers: &[&str],
    ) -> Result<Evaluation, AttributionError> {
        let mut watch = layers.iter().map(|layer| self.graph.layer(layer)).collect::<Result<Vec<_>, _>>()?;
        watch.extend(input_gradient.then(|| self.graph.input()));
        let mut fetches = vec![self.graph.output()];
        fetches.extend(&watch);
        let feeds = [(self.graph.input(), inputs)];
        let request = Request { feeds: &feeds, fetches: &fetches, watch: &watch, training: false };
        let mut values = self.graph.run(&self.parameters, &request)?;
        let logits = values.remove(0);
        let targets = match targets {
            Targets::Classes(targets) => targets.to_vec(),
            Targets::Top => {
                let top: Vec<i64> = Vec::try_from(logits.f_argmax(1, false)?)?;
                top.into_iter().map(|class| class as usize).collect()
            }
        };
        let scores = self.scores_of(&logits, &targets)?;
        let mut derivatives = match watch.is_empty() {
            true => Vec::new(),
            false => gradients(&scores, &values.iter().collect::<Vec<_>>())?,
        };
        let input_gradient = input_gradient.then(|| derivatives.pop()).flatten();
        let layer = |(activation, gradient): (&Tensor, Tensor)| {
            Ok(LayerEvaluation { activation: activation.f_detach()?, gradient })
        };
        let layers = values.iter().zip(derivatives).map(layer).collect::<Result<_, AttributionError>>()?;
        let (logits, scores) = (logits.f_detach()?, scores.f_detach()?);
        Ok(Evaluation { logits, targets, scores, input_gradient, layers })
    }

    fn activation(&self, inputs: &Tensor, layer: &str) -> Result<Tensor, AttributionError> {
        let feeds = [(self.graph.input(), inputs)];
        let request = Request { feeds: &feeds, fetches: &[self.graph.layer(layer)?], ..Request::default() };
        Ok(self.graph.run(&self.parameters, &request)?.remove(0))
    }

    fn grad_cam_layer(&self) -> &str {
        &self.layer
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
        let targets: Vec<i64> = targets.iter().map(|&target| target as i64).collect();
        let index = Tensor::f_from_slice(&targets)?.f_view([-1, 1])?;
        Ok(logits.f_gather(1, &index, false)?.f_view([-1])?)
    }
}
