//! Whether attributions sum to the difference of the scores that they explain.

use ndarray::ArrayView3;

/// The deviation of an attribution from completeness: Σ a = F(x) − F(x′) (Sundararajan, Taly and Yan, *Axiomatic attribution
/// for deep networks*, 2017).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Completeness {
    /// Σ a − (F(x) − F(x′)), in units of the score: Captum's convergence delta.
    pub absolute: f64,
    /// |absolute| divided by |F(x) − F(x′)|; infinite if only the scores are equal, and 0 if there is no gap either.
    pub relative: f64,
}

impl Completeness {
    /// The gap of an attribution with all its channels, given the scores of the input and of the baseline.
    pub fn of(attribution: ArrayView3<f32>, score: f64, baseline_score: f64) -> Completeness {
        let sum: f64 = attribution.iter().map(|&value| f64::from(value)).sum();
        let explained = score - baseline_score;
        let absolute = sum - explained;
        let relative = if absolute == 0.0 { 0.0 } else { absolute.abs() / explained.abs() };
        Completeness { absolute, relative }
    }
}
