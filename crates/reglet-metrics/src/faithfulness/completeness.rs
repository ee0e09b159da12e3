//! Whether attributions sum to what they explain.

use ndarray::ArrayView3;

/// How far an attribution is from completeness: Σ a = F(x) − F(x′) (Sundararajan, Taly and Yan, *Axiomatic
/// attribution for deep networks*, 2017).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Completeness {
    /// Σ a − (F(x) − F(x′)), in units of the score: Captum's convergence delta.
    pub absolute: f64,
    /// |absolute| over |F(x) − F(x′)|; infinite where the score does not differ.
    pub relative: f64,
}

impl Completeness {
    /// Of an attribution in all its channels, with the score at the input and at the baseline.
    pub fn of(attribution: ArrayView3<f32>, score: f64, baseline_score: f64) -> Completeness {
        let sum: f64 = attribution.iter().map(|&value| f64::from(value)).sum();
        let explained = score - baseline_score;
        let absolute = sum - explained;
        Completeness { absolute, relative: absolute.abs() / explained.abs() }
    }
}
