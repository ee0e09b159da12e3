//! Attention rollout.

use reglet_model::{Request, ValueId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::attention::Attention;
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Family, Operators, Point, Reduction, Upsampling,
};

/// How much of each place reaches the class token through all attention layers of a transformer, under the assumption that
/// only attention mixes places: the product over layers of ½ A_l + ½ I, where A_l is the attention of layer l, averaged over
/// its heads, and ½ I stands for the skip connection. The map is the class token's row, arranged by place and resized to the
/// input.
///
/// If there is no class token, because the answer is computed from the mean of all tokens, the map is the mean of all rows.
/// The attention is that of `scaled_dot_product_attention`, computed again from its queries and keys, or a softmax whose
/// result is multiplied by other values.
///
/// * **Needs** a transformer in which all tokens attend to each other in every layer, not within windows. **Cost**: one
///   forward pass.
/// * **Axioms**: none that involve the target: the map is the same for every class, and shows where the transformer looks,
///   not what the answer is based on.
/// * **Defaults**: the paper's mean over heads, and ½. All values are positive, and each picture's sum over places is at
///   most 1 before the map is resized; all values are drawn.
/// * **Paper**: Abnar and Zuidema, 2020, <https://arxiv.org/abs/2005.00928>.
///
/// ```
/// # use reglet_attribution::{AttentionRollout, AttributionError};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::VitB16;
/// # let graph = architecture.graph(5, 0.0625)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 224, 224], (Kind::Float, Device::Cpu));
/// let found = AttentionRollout::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 224, 224]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AttentionRollout {
    /// How the map is resized to the input.
    pub upsampling: Upsampling,
}

impl AttentionRollout {
    /// The map of each row of `inputs` (`[N, C, H, W]`): `[N, 1, H, W]`. The targets do not matter.
    ///
    /// # Errors
    /// The errors of the model, and [`AttributionError::NoAttention`].
    pub fn attribute(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        _targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        let (_, _, height, width) = inputs.size4()?;
        let map = self.at_places(model, inputs)?;
        Ok(Attribution { values: self.upsampling.apply(&map, height, width)?, gaps: None })
    }

    /// The map with one value for each place that corresponds to a token, `[N, 1, h, w]`.
    ///
    /// # Errors
    /// The errors of the model, and [`AttributionError::NoAttention`].
    pub fn at_places(&self, model: &dyn Operators, inputs: &Tensor) -> Result<Tensor, AttributionError> {
        let graph = model.graph();
        let attentions = Attention::all(graph)?;
        let fetches: Vec<ValueId> =
            attentions.iter().flat_map(|attention| &attention.inputs).copied().collect();
        let request = Request { feeds: &[(graph.input(), inputs)], fetches: &fetches, ..Request::default() };
        let mut values = graph.run(model.parameters(), &request)?.into_iter();

        let mut rollout: Option<Tensor> = None;
        for attention in &attentions {
            let given: Vec<Tensor> = values.by_ref().take(attention.inputs.len()).collect();
            let weights = attention.weights(graph, &given, inputs.size()[0], rollout.as_ref())?;
            let around = Tensor::f_eye(weights.size()[2], (weights.kind(), weights.device()))?;
            let layer = weights.f_mean_dim(1, false, None::<Kind>)?.f_add(&around)?.f_mul_scalar(0.5)?;
            rollout = Some(match rollout {
                Some(before) => layer.f_matmul(&before)?,
                None => layer,
            });
        }
        let rollout = rollout.expect("there is an attention");
        attentions[0].read(model, inputs, &rollout)
    }
}

impl AttributionMethod for AttentionRollout {
    fn about(&self) -> &'static About {
        &About {
            title: "Attention rollout",
            family: Family::Attention,
            cost: "1 forward",
            paper: "https://arxiv.org/abs/2005.00928",
        }
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.operators()?, point.inputs, point.targets())
    }

    fn reduction(&self) -> Reduction {
        Reduction::Sum
    }
}
