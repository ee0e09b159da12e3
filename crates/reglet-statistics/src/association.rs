//! The association of two binary properties.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Estimate, LEVEL, normal_quantile};

/// The strength of the association between the artefact and the target class in the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Association {
    /// The odds ratio of the artefact in pictures of the class and in the others, with Woolf's interval (1955). If a count
    /// is zero, one half is added to each count (Haldane, 1956; Anscombe, 1956).
    pub odds_ratio: Estimate,
    /// The phi coefficient, from −1 to 1: Pearson's correlation of the two, with Fisher's interval.
    pub phi: Estimate,
}

impl Association {
    /// From the counts `[[others without, others with], [class without, class with]]`. `None` if a row or a column is empty,
    /// because the association is then undefined.
    pub fn of([[a, b], [c, d]]: [[usize; 2]; 2]) -> Option<Association> {
        let count = a + b + c + d;
        let margins = [a + b, c + d, a + c, b + d].map(|margin| margin as f64);
        if margins.contains(&0.0) {
            return None;
        }
        let z = normal_quantile(1.0 - (1.0 - LEVEL) / 2.0);
        let cells = [a, b, c, d].map(|cell| cell as f64);
        let phi = (cells[0] * cells[3] - cells[1] * cells[2]) / margins.iter().product::<f64>().sqrt();
        let fisher = |side: f64| match count {
            // In this case the variance of the transformed correlation is not known, and no value is excluded.
            0..=3 => side,
            _ => (phi.clamp(-1.0, 1.0).atanh() + side * z / (count as f64 - 3.0).sqrt()).tanh(),
        };
        let phi = Estimate { mean: phi, low: fisher(-1.0), high: fisher(1.0), count };

        let cells = if cells.contains(&0.0) { cells.map(|cell| cell + 0.5) } else { cells };
        let log = (cells[0] * cells[3] / (cells[1] * cells[2])).ln();
        let error = cells.iter().map(|cell| 1.0 / cell).sum::<f64>().sqrt();
        let end = |side: f64| (log + side * z * error).exp();
        Some(Association {
            odds_ratio: Estimate { mean: log.exp(), low: end(-1.0), high: end(1.0), count },
            phi,
        })
    }
}
