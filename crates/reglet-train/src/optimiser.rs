//! Optimisers: AdamW and stochastic gradient descent, as in PyTorch.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::TrainError;

/// An optimiser with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Optimiser {
    /// See [`AdamW`].
    AdamW(AdamW),
    /// See [`Sgd`].
    Sgd(Sgd),
}

/// Adam with decoupled weight decay: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w(1 − ηλ) − η m̂ / (√v̂ + ε), where m̂
/// and v̂ are bias-corrected.
///
/// The defaults are PyTorch's, except for the decay of vectors. Paper: Loshchilov and Hutter, *Decoupled weight decay
/// regularization*, 2019, <https://arxiv.org/abs/1711.05101>.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// The learning rate η, above 0.
    pub rate: f64,
    /// The decay λ, 0 or more.
    pub decay: f64,
    /// Whether the decay also applies to vectors, which are biases and norms.
    pub decay_vectors: bool,
    /// β₁ and β₂, at least 0 and below 1.
    pub betas: [f64; 2],
    /// ε, above 0.
    pub epsilon: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        AdamW { rate: 1e-3, decay: 0.01, decay_vectors: false, betas: [0.9, 0.999], epsilon: 1e-8 }
    }
}

/// Stochastic gradient descent with momentum: g ← g + λw, m ← μm + g, w ← w − ηm, or with Nesterov's momentum w ← w − η(g + μm).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// The learning rate η, above 0.
    pub rate: f64,
    /// The momentum μ, at least 0 and below 1.
    pub momentum: f64,
    /// Whether the momentum is Nesterov's.
    pub nesterov: bool,
    /// The decay λ, 0 or more.
    pub decay: f64,
    /// Whether the decay also applies to vectors, which are biases and norms.
    pub decay_vectors: bool,
}

impl Default for Sgd {
    fn default() -> Self {
        Sgd { rate: 1e-3, momentum: 0.9, nesterov: false, decay: 1e-4, decay_vectors: false }
    }
}

impl Default for Optimiser {
    fn default() -> Self {
        Optimiser::AdamW(AdamW::default())
    }
}

/// The state of an optimiser: the number of steps, and the moments of each weight.
#[derive(Debug)]
pub(crate) struct Memory {
    pub steps: u64,
    /// By weight: first and second moment.
    pub moments: Vec<[Tensor; 2]>,
}

impl Optimiser {
    /// The learning rate before any schedule.
    pub fn rate(&self) -> f64 {
        match self {
            Optimiser::AdamW(AdamW { rate, .. }) | Optimiser::Sgd(Sgd { rate, .. }) => *rate,
        }
    }

    /// The first invalid parameter: its key and an error message.
    pub(crate) fn fault(&self) -> Option<(&'static str, String)> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let share = |value: f64| (0.0..1.0).contains(&value);
        let wrong = |key, value: &dyn std::fmt::Debug, must| {
            Some((key, format!("{key} is {value:?}, but must be {must}")))
        };
        let (rate, decay) = match self {
            Optimiser::AdamW(own) if !own.betas.into_iter().all(share) => {
                return wrong("betas", &own.betas, "from 0 and below 1, both");
            }
            Optimiser::AdamW(own) if !positive(own.epsilon) => {
                return wrong("epsilon", &own.epsilon, "above 0");
            }
            Optimiser::Sgd(own) if !share(own.momentum) => {
                return wrong("momentum", &own.momentum, "from 0 and below 1");
            }
            Optimiser::AdamW(own) => (own.rate, own.decay),
            Optimiser::Sgd(own) => (own.rate, own.decay),
        };
        if !positive(rate) {
            return wrong("rate", &rate, "above 0");
        }
        (!(decay.is_finite() && decay >= 0.0)).then(|| wrong("decay", &decay, "0 or more")).flatten()
    }

    /// Nothing remembered yet.
    pub(crate) fn begin(weights: &[&Tensor]) -> Result<Memory, TrainError> {
        let zeros = |weight: &&Tensor| -> Result<[Tensor; 2], tch::TchError> {
            let weight = weight.f_detach()?;
            Ok([weight.f_zeros_like()?, weight.f_zeros_like()?])
        };
        Ok(Memory { steps: 0, moments: weights.iter().map(zeros).collect::<Result<_, _>>()? })
    }

    /// One step at this learning rate.
    pub(crate) fn step(
        &self,
        weights: &[&Tensor],
        gradients: &[Tensor],
        memory: &mut Memory,
        rate: f64,
    ) -> Result<(), TrainError> {
        let _guard = tch::no_grad_guard();
        memory.steps += 1;
        for ((weight, gradient), moments) in weights.iter().zip(gradients).zip(&mut memory.moments) {
            let mut weight = weight.shallow_clone();
            // A parameter on which the loss does not depend keeps its value.
            if !gradient.defined() {
                continue;
            }
            match self {
                Optimiser::AdamW(own) => own.step(&mut weight, gradient, moments, memory.steps, rate)?,
                Optimiser::Sgd(own) => own.step(&mut weight, gradient, moments, memory.steps, rate)?,
            }
        }
        Ok(())
    }
}

impl AdamW {
    fn step(
        &self,
        weight: &mut Tensor,
        gradient: &Tensor,
        [mean, square]: &mut [Tensor; 2],
        step: u64,
        rate: f64,
    ) -> Result<(), TrainError> {
        let [first, second] = self.betas;
        let correction = |beta: f64| 1.0 - beta.powi(step.min(i32::MAX as u64) as i32);
        *mean = mean.f_mul_scalar(first)?.f_add(&gradient.f_mul_scalar(1.0 - first)?)?;
        *square =
            square.f_mul_scalar(second)?.f_add(&gradient.f_mul(gradient)?.f_mul_scalar(1.0 - second)?)?;
        let scale = square.f_div_scalar(correction(second))?.f_sqrt()?.f_add_scalar(self.epsilon)?;
        let update = mean.f_div_scalar(correction(first))?.f_div(&scale)?;
        let decay = if self.decay_vectors || weight.dim() > 1 { self.decay } else { 0.0 };
        let _ = weight.f_mul_scalar_(1.0 - rate * decay)?;
        let _ = weight.f_sub_(&update.f_mul_scalar(rate)?)?;
        Ok(())
    }
}

impl Sgd {
    fn step(
        &self,
        weight: &mut Tensor,
        gradient: &Tensor,
        [momentum, _]: &mut [Tensor; 2],
        step: u64,
        rate: f64,
    ) -> Result<(), TrainError> {
        let decay = if self.decay_vectors || weight.dim() > 1 { self.decay } else { 0.0 };
        let gradient = gradient.f_add(&weight.f_mul_scalar(decay)?)?;
        *momentum = match step {
            1 => gradient.shallow_clone(),
            _ => momentum.f_mul_scalar(self.momentum)?.f_add(&gradient)?,
        };
        let update = match self.nesterov {
            true => gradient.f_add(&momentum.f_mul_scalar(self.momentum)?)?,
            false => momentum.shallow_clone(),
        };
        let _ = weight.f_sub_(&update.f_mul_scalar(rate)?)?;
        Ok(())
    }
}
