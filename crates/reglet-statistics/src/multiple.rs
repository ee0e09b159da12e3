//! Correction for multiple comparisons.

/// Holm's correction (1979): the p-values, adjusted so that the probability that any of them falls below α by chance is at
/// most α, for any number of comparisons. The order is kept; NaN stays NaN and does not count.
pub fn holm(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).filter(|&index| !values[index].is_nan()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut adjusted = values.to_vec();
    let mut largest = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        largest = largest.max((order.len() - rank) as f64 * values[index]).min(1.0);
        adjusted[index] = largest;
    }
    adjusted
}
