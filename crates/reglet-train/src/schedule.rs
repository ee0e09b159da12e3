//! The schedule of the learning rate during training.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A warm-up, followed by a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// The number of warm-up steps, during which the rate rises linearly.
    pub warm_up: usize,
    /// Its shape over the whole training.
    pub shape: Shape,
}

/// The shape of the learning rate η over n steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shape {
    /// It stays.
    Constant,
    /// At step k it is η · (1 + cos(π k / n)) / 2 (Loshchilov and Hutter, 2017, <https://arxiv.org/abs/1608.03983>).
    #[default]
    Cosine,
}

impl Default for Schedule {
    fn default() -> Self {
        Schedule { warm_up: 10, shape: Shape::Cosine }
    }
}

impl Schedule {
    /// The rate of step number `step`, from 1 to `steps`.
    pub fn rate(&self, rate: f64, step: usize, steps: usize) -> f64 {
        let warm = if self.warm_up == 0 { 1.0 } else { (step as f64 / self.warm_up as f64).min(1.0) };
        let shape = match self.shape {
            Shape::Constant => 1.0,
            Shape::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * step as f64 / steps.max(1) as f64).cos()),
        };
        rate * warm * shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_rises_to_its_full_height_and_falls_to_nothing() {
        let cosine = Schedule { warm_up: 10, shape: Shape::Cosine };
        assert!((cosine.rate(2.0, 5, 1000) - 1.0).abs() < 1e-3, "half of the warm-up");
        assert!((cosine.rate(2.0, 500, 1000) - 1.0).abs() < 1e-12, "half of the way");
        assert!(cosine.rate(2.0, 1000, 1000).abs() < 1e-12, "the end");
        let constant = Schedule { warm_up: 0, shape: Shape::Constant };
        assert_eq!(constant.rate(0.3, 1, 5), 0.3);
    }
}
