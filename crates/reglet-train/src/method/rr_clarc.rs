//! Right for the right reasons, by concept activation vectors.

use std::collections::BTreeSet;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reglet_model::{Graph, Origin, Request, ValueId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::pattern::{balance, pattern};
use super::supervised::{Lessons, Penalty, Seen};
use super::{About, Case, Corrected, CorrectionMethod, Needs};
use crate::{Progress, Step, TrainError, Training};

/// RR-ClArC: further training with a penalty on the change of the logits along the artefact's direction v in a layer: loss +
/// λ · mean over the pictures of (v · ∇ₐ Σ_k s_k f_k)², with random signs s for each picture and the gradient averaged over
/// the positions of the layer. The network is frozen up to the layer, so v remains valid: it is the
/// [pattern](fn@super::pattern) of the artefact in the layer's values, averaged over positions, with the same weight for
/// every group of class and artefact.
///
/// * **Needs** to know for each picture whether it shows the artefact, at least two of either kind in each class, and a
///   layer with positions that can be averaged over.
/// * **Defaults**: the layer that is best suited for Grad-CAM, the last convolution, is the authors' choice. They search λ
///   on a logarithmic scale; here, if several values are given, the one with the best result for the worst held-out group is
///   kept.
/// * **Paper**: Dreyer et al., *From hope to safety*, 2024, <https://arxiv.org/abs/2308.09437>.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RrClarc {
    /// The values of λ to try, 0 or more; each requires a separate training.
    pub lambda: Vec<f64>,
    /// The layer, by name. None: the one that is best suited for Grad-CAM.
    pub layer: Option<String>,
}

impl Default for RrClarc {
    fn default() -> Self {
        RrClarc { lambda: vec![1.0, 100.0, 10_000.0], layer: None }
    }
}

const NAME: &str = "RR-ClArC";

struct Along {
    layer: ValueId,
    /// v, of length one, `[C]`.
    direction: Tensor,
    lambda: f64,
}

impl Penalty for Along {
    fn logits_and_penalty(&self, step: &Step<'_>, _: &Seen<'_>) -> Result<(Tensor, Tensor), TrainError> {
        let found = step.run(&[step.graph.output(), self.layer], &[self.layer])?;
        let [logits, layer] = found.as_slice() else { return Err(TrainError::NothingToTrain) };
        let mut random = ChaCha8Rng::seed_from_u64(step.seed);
        let signs: Vec<f32> = (0..logits.numel()).map(|_| if random.random() { 1.0 } else { -1.0 }).collect();
        let signs = Tensor::f_from_slice(&signs)?.f_view_as(logits)?.f_to_device(logits.device())?;
        let summed = logits.f_mul(&signs)?.f_sum(logits.kind())?;
        let gradient = Tensor::f_run_backward(&[summed], &[layer], true, true)?.remove(0);
        let along = averaged(&gradient)?.f_matmul(&self.direction)?;
        let penalty = along.f_square()?.f_mean(along.kind())?.f_mul_scalar(self.lambda)?;
        Ok((logits.shallow_clone(), penalty))
    }
}

/// A layer's values `[N, C, h, w]`, `[N, T, C]` or `[N, C]`, averaged over its positions: `[N, C]`.
fn averaged(values: &Tensor) -> Result<Tensor, TrainError> {
    Ok(match values.dim() {
        4 => values.f_mean_dim([2i64, 3].as_slice(), false, values.kind())?,
        3 => values.f_mean_dim([1i64].as_slice(), false, values.kind())?,
        _ => values.shallow_clone(),
    })
}

/// The modules of everything that a layer is computed from, including itself.
fn modules_up_to(graph: &Graph, layer: ValueId) -> Vec<String> {
    let mut modules = BTreeSet::new();
    let mut pending = vec![layer];
    let mut seen = BTreeSet::new();
    while let Some(value) = pending.pop() {
        let Origin::Node(index) = graph.origin(value) else { continue };
        if seen.insert(value) {
            let node = &graph.nodes()[index];
            // A module's own forward uses no weights except those of its leaf modules.
            let leaf = node.inputs.iter().any(|input| matches!(graph.origin(*input), Origin::Parameter(_)));
            if leaf && !node.module.is_empty() {
                modules.insert(node.module.clone());
            }
            pending.extend(&node.inputs);
        }
    }
    modules.into_iter().collect()
}

impl RrClarc {
    fn layer(&self, case: &Case<'_>) -> Result<ValueId, TrainError> {
        let name = self.layer.as_deref().unwrap_or_else(|| case.model.grad_cam_layer());
        Ok(case.model.graph().layer(name)?)
    }

    /// v.
    fn direction(&self, case: &Case<'_>, layer: ValueId) -> Result<Tensor, TrainError> {
        let graph = case.model.graph();
        let (mut values, mut width) = (Vec::new(), 0);
        for part in case.train.chunks(32) {
            let inputs = case.pool.inputs(case.model, part)?;
            let request =
                Request { feeds: &[(graph.input(), &inputs)], fetches: &[layer], ..Request::default() };
            let found = averaged(&graph.run(case.model.parameters(), &request)?.remove(0))?;
            width = found.size().get(1).copied().unwrap_or(0) as usize;
            let flat =
                found.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?.f_view([-1])?;
            values.extend(Vec::<f32>::try_from(flat)?);
        }
        let kinds: Vec<usize> = case.train.iter().filter_map(|&place| case.pool.kind(place)).collect();
        let shown: Vec<bool> = kinds.iter().map(|kind| kind % 2 == 1).collect();
        let nothing = || TrainError::NothingFound { method: NAME, artefact: case.pool.artefact().to_owned() };
        let found = pattern(&values, width, &shown, &balance(&kinds)).ok_or_else(nothing)?;
        let length = found.iter().map(|value| value * value).sum::<f64>().sqrt();
        if length.is_nan() || length < 1e-12 {
            return Err(nothing());
        }
        let unit: Vec<f32> = found.iter().map(|value| (value / length) as f32).collect();
        Ok(Tensor::f_from_slice(&unit)?.f_to_device(case.model.device())?)
    }
}

impl CorrectionMethod for RrClarc {
    fn about(&self) -> &'static About {
        const {
            &About {
                title: "RR-ClArC",
                needs: Needs { flags: true, masks: false, edits: false, head: false, training: true },
                paper: "https://arxiv.org/abs/2308.09437",
            }
        }
    }

    fn check(&self) -> Result<(), TrainError> {
        if !self.lambda.is_empty() && self.lambda.iter().all(|lambda| lambda.is_finite() && *lambda >= 0.0) {
            return Ok(());
        }
        let what = format!("lambda is {:?}, but must be at least one number, each 0 or more", self.lambda);
        Err(TrainError::Parameter { key: "lambda", what })
    }

    fn fits(&self, case: &Case<'_>) -> Result<(), TrainError> {
        case.check_training()?;
        case.check_groups(NAME, 2)?;
        self.layer(case).map(|_| ())
    }

    fn correct(&self, case: &Case<'_>, progress: &mut dyn FnMut(&Progress)) -> Result<Corrected, TrainError> {
        self.fits(case)?;
        let layer = self.layer(case)?;
        let direction = self.direction(case, layer)?;
        let mut freeze = case.training.freeze.clone();
        freeze.extend(modules_up_to(case.model.graph(), layer));
        let training = Training { freeze, ..case.training.clone() };
        let (count, mut steps) = (self.lambda.len(), 0);
        let mut best: Option<Corrected> = None;
        for (tried, &lambda) in self.lambda.iter().enumerate() {
            let penalty = Along { layer, direction: direction.shallow_clone(), lambda };
            let lessons =
                Lessons { training: Some(training.clone()), penalty: Some(&penalty), ..Lessons::plain(case) };
            let mut within = |own: &Progress| {
                let own = own.clone();
                progress(&Progress { step: own.steps * tried + own.step, steps: own.steps * count, ..own });
            };
            let found = lessons.teach(&format!("rr_clarc-{tried}"), vec![("lambda", lambda)], &mut within)?;
            steps += found.steps;
            if best.as_ref().is_none_or(|best| found.worst[1].is_better_than(&best.worst[1])) {
                best = Some(found);
            }
        }
        let best = best.ok_or(TrainError::NothingToTrain)?;
        Ok(Corrected { steps, ..best })
    }
}
