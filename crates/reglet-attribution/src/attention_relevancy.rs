//! Attention relevancy.

use reglet_model::{Request, ValueId, gradients};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::attention::Attention;
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Family, Operators, Point, Reduction, Upsampling,
};

/// The relevance of each place for the score, through the attention of all layers. A map R from tokens to tokens starts as
/// I, and each layer in turn adds Ā R to it, where Ā = mean over heads of max(∂F/∂A ⊙ A, 0) is the layer's attention A,
/// weighted by the gradient of the score with respect to it. The map is the class token's row of R, arranged by place and
/// resized to the input.
///
/// [`AttentionRollout`](crate::AttentionRollout) shows what reaches the class token; this method shows which part of it
/// supports the target. If there is no class token, because the answer is computed from the mean of all tokens, the map is
/// the mean of all rows.
///
/// * **Needs** a transformer in which all tokens attend to each other in every layer, not within windows. **Cost**: one
///   forward and one backward pass.
/// * **Axioms**: sensitivity to the model's parameters; not completeness. Skip connections around attention are treated as
///   the identity, and all other layers count only through the gradient.
/// * **Defaults**: the paper's rule for self-attention, equations 5 and 6, as in the authors' code for ViT. All values are
///   positive, in units of the score, and all are drawn.
/// * **Paper**: Chefer, Gur and Wolf, 2021, <https://arxiv.org/abs/2103.15679>.
///
/// ```
/// # use reglet_attribution::{AttentionRelevancy, AttributionError};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::VitB16;
/// # let graph = architecture.graph(5, 0.0625)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 224, 224], (Kind::Float, Device::Cpu));
/// let found = AttentionRelevancy::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 224, 224]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AttentionRelevancy {
    /// How the map is resized to the input.
    pub upsampling: Upsampling,
}

impl AttentionRelevancy {
    /// The map of each row of `inputs` (`[N, C, H, W]`) for its target: `[N, 1, H, W]`.
    ///
    /// # Errors
    /// The errors of the model, and [`AttributionError::NoAttention`].
    pub fn attribute(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        let (_, _, height, width) = inputs.size4()?;
        let map = self.at_places(model, inputs, targets)?;
        Ok(Attribution { values: self.upsampling.apply(&map, height, width)?, gaps: None })
    }

    /// The map with one value for each place that corresponds to a token, `[N, 1, h, w]`.
    ///
    /// # Errors
    /// The errors of the model, and [`AttributionError::NoAttention`].
    pub fn at_places(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Tensor, AttributionError> {
        let graph = model.graph();
        let attentions = Attention::all(graph)?;
        let outputs: Vec<ValueId> = attentions.iter().map(Attention::output).collect();
        let given = attentions.iter().flat_map(|attention| &attention.inputs).copied();
        let fetches: Vec<ValueId> =
            [graph.output()].into_iter().chain(outputs.clone()).chain(given).collect();
        let feeds = [(graph.input(), inputs)];
        let request = Request { feeds: &feeds, fetches: &fetches, watch: &outputs, ..Request::default() };
        let values = graph.run(model.parameters(), &request)?;

        let (logits, values) = values.split_first().expect("the logits were asked for");
        let (returned, values) = values.split_at(outputs.len());
        let scores = model.scores_of(logits, targets)?;
        let gradients = gradients(&scores, &returned.iter().collect::<Vec<_>>())?;

        let _guard = tch::no_grad_guard();
        let mut values = values.iter().map(Tensor::shallow_clone);
        let mut relevancy: Option<Tensor> = None;
        for (attention, upstream) in attentions.iter().zip(&gradients) {
            let given: Vec<Tensor> = values.by_ref().take(attention.inputs.len()).collect();
            let weights = attention.weights(graph, &given, inputs.size()[0], relevancy.as_ref())?;
            let weighed = attention.gradient(&given, upstream)?.f_mul(&weights)?.f_relu()?;
            let layer = weighed.f_mean_dim(1, false, None::<Kind>)?;
            relevancy = Some(match relevancy {
                Some(before) => before.f_add(&layer.f_matmul(&before)?)?,
                None => layer.f_add(&Tensor::f_eye(layer.size()[2], (layer.kind(), layer.device()))?)?,
            });
        }
        attentions[0].read(model, inputs, &relevancy.expect("there is an attention"))
    }
}

impl AttributionMethod for AttentionRelevancy {
    fn about(&self) -> &'static About {
        &About {
            title: "Attention relevancy",
            family: Family::Attention,
            cost: "1 forward, 1 backward",
            paper: "https://arxiv.org/abs/2103.15679",
        }
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.operators()?, point.inputs, point.targets())
    }

    fn reduction(&self) -> Reduction {
        Reduction::Sum
    }
}
