//! Integrated Gradients of a layer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::cam::{check_spatial, over_channels};
use crate::downstream::Downstream;
use crate::layer_path::baseline_of;
use crate::passes::{by_row, chunks, rows_per_pass};
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Baseline, Classifier, Family, Gap, Layer,
    Operators, Point, Quadrature, Reduction, Upsampling,
};

/// Integrated Gradients of the part of the network after a layer, along the straight line from the layer's result h′ for a
/// baseline to its result h for the input: (h − h′) ⊙ ∫₀¹ ∂F/∂h (h′ + α (h − h′)) dα. Paths around the layer keep their
/// values for the input. The map is summed over channels and resized to the input.
///
/// * **Needs** the operators and a layer with height and width. **Cost**: one forward pass each for the input and the
///   baseline, and `steps` forward and backward passes of the layers after the chosen one; after the last convolution these
///   take hardly any time.
/// * **Axioms**: completeness at the layer (the sum is F minus F with h′ in place of the layer's result), sensitivity (a)
///   and (b), linearity, symmetry. The gap of the sum at the layer is reported.
/// * **Defaults** are Captum's: 50 Gauss-Legendre nodes, a baseline of zero in the model's input space.
/// * **Paper**: Sundararajan, Taly and Yan, 2017, <https://arxiv.org/abs/1703.01365>.
///
/// ```
/// # use reglet_attribution::{AttributionError, LayerIntegratedGradients};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = LayerIntegratedGradients::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LayerIntegratedGradients {
    /// The layer's name, such as `layer4.1.conv2`; the model's last convolution by default.
    pub layer: Option<String>,
    /// The number of gradients along the path: 1 to 100000.
    pub steps: usize,
    /// The positions of the gradients.
    pub quadrature: Quadrature,
    /// The input at the start of the path.
    pub baseline: Baseline,
    /// How the map is resized to the input.
    pub upsampling: Upsampling,
}

impl Default for LayerIntegratedGradients {
    fn default() -> Self {
        LayerIntegratedGradients {
            layer: None,
            steps: 50,
            quadrature: Quadrature::default(),
            baseline: Baseline::default(),
            upsampling: Upsampling::default(),
        }
    }
}

impl LayerIntegratedGradients {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target: `[N, 1, H, W]`, with the gap at the layer.
    ///
    /// # Errors
    /// The errors of the model, [`AttributionError::Parameter`] and [`AttributionError::NotSpatial`].
    pub fn attribute(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        let (_, _, height, width) = inputs.size4()?;
        let layer = model.layer(self.layer.as_deref())?;
        let rest = Downstream::new(model, inputs, &layer)?;
        let (units, differences) = self.units(model, inputs, targets, &layer, &rest)?;
        let gaps = Gap::of(&units.f_reshape([units.size()[0], -1, 1, 1])?, &differences)?;
        let places = rest.laid_out(&units)?;
        check_spatial("Layer Integrated Gradients", &layer, &places)?;
        let values = self.upsampling.apply(&over_channels(&places)?, height, width)?;
        Ok(Attribution { values, gaps: Some(gaps) })
    }

    /// The attribution of each unit of the layer, in the shape of the layer's result, and the value to which each row should
    /// sum.
    ///
    /// # Errors
    /// The errors of the model, and [`AttributionError::Parameter`].
    pub fn at_layer(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<(Tensor, Tensor), AttributionError> {
        let layer = model.layer(self.layer.as_deref())?;
        let rest = Downstream::new(model, inputs, &layer)?;
        self.units(model, inputs, targets, &layer, &rest)
    }

    fn units(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        targets: &[usize],
        layer: &Layer,
        rest: &Downstream,
    ) -> Result<(Tensor, Tensor), AttributionError> {
        AttributionMethod::check(self)?;
        let starts = Downstream::new(model, &self.baseline.tensor(model, inputs)?, layer)?.activation;
        let nodes = self.quadrature.nodes(self.steps);
        let (mut rows, mut differences) =
            (Vec::with_capacity(targets.len()), Vec::with_capacity(targets.len()));
        for (row, target) in by_row(inputs, targets)? {
            let row = row as i64;
            let start = baseline_of(&starts, row)?;
            let end = rest.activation.f_narrow(0, row, 1)?;
            let way = end.f_sub(&start)?;
            let mut total = way.f_zeros_like()?;
            for (first, length) in chunks(nodes.len(), rows_per_pass(&way)) {
                let nodes = &nodes[first..first + length];
                let mut shape = vec![1; way.dim()];
                shape[0] = -1;
                let column = |values: Vec<f64>| -> Result<Tensor, AttributionError> {
                    let values = Tensor::f_from_slice(&values)?.f_view(shape.as_slice())?;
                    Ok(values.f_to_device(way.device())?.f_to_kind(way.kind())?)
                };
                let alphas = column(nodes.iter().map(|node| node.0).collect())?;
                let weights = column(nodes.iter().map(|node| node.1).collect())?;
                let gradients = rest.gradients(row, &alphas.f_mul(&way)?.f_add(&start)?, target)?;
                total =
                    total.f_add(&gradients.f_mul(&weights)?.f_sum_dim_intlist(0, true, None::<Kind>)?)?;
            }
            rows.push(total.f_mul(&way)?);
            differences.push(rest.scores(row, &end, target)?.f_sub(&rest.scores(row, &start, target)?)?);
        }
        Ok((Tensor::f_cat(&rows, 0)?, Tensor::f_cat(&differences, 0)?))
    }
}

impl AttributionMethod for LayerIntegratedGradients {
    fn about(&self) -> &'static About {
        &About {
            title: "Layer Integrated Gradients",
            family: Family::Layers,
            cost: "2 forward, steps forward and backward behind the layer",
            paper: "https://arxiv.org/abs/1703.01365",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        crate::layer_path::check("Layer Integrated Gradients", self.steps, &self.baseline)
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.operators()?, point.inputs, point.targets())
    }

    fn reduction(&self) -> Reduction {
        Reduction::Sum
    }

    fn note(&self, model: Classifier<'_>) -> Option<String> {
        Some(format!("{}, {} steps", model.layer(self.layer.as_deref()).ok()?, self.steps))
    }
}
