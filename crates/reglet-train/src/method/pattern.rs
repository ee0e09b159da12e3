//! Directions of features that are associated with the artefact.

use std::collections::BTreeMap;

/// A weight for each row, so that the weights of every group have the same sum, and all weights sum to one. The artefact is
/// then independent of the class, and a direction associated with it is not associated with the class as well.
pub fn balance(groups: &[usize]) -> Vec<f64> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    groups.iter().for_each(|&group| *counts.entry(group).or_default() += 1);
    let share = |group: &usize| 1.0 / (counts[group] as f64 * counts.len() as f64);
    groups.iter().map(share).collect()
}

/// The pattern of a concept: v = cov(a, t) / var(t) over rows a of features with weights that sum to one, where t is 1 in
/// rows with the concept and 0 in the others. It is the direction that the concept adds to the features, not the direction
/// that best separates it from noise (Haufe et al., 2014, <https://doi.org/10.1016/j.neuroimage.2013.10.067>; as a concept
/// activation vector: Pahde et al., 2022, <https://arxiv.org/abs/2202.03482>).
///
/// `None` if all rows, or none, have the concept, or if the lists do not have matching lengths.
pub fn pattern(features: &[f32], width: usize, shown: &[bool], weights: &[f64]) -> Option<Vec<f64>> {
    let rows = shown.len();
    if width == 0 || weights.len() != rows || features.len() != rows.checked_mul(width)? {
        return None;
    }
    let mean = weighted_mean(features, width, weights);
    let share: f64 =
        shown.iter().zip(weights).map(|(&shown, weight)| f64::from(u8::from(shown)) * weight).sum();
    let variance = share * (1.0 - share);
    if variance.is_nan() || variance < 1e-12 {
        return None;
    }
    let mut pattern = vec![0.0; width];
    for (row, (&shown, weight)) in shown.iter().zip(weights).enumerate() {
        let factor = weight * (f64::from(u8::from(shown)) - share) / variance;
        for (sum, (value, mean)) in pattern.iter_mut().zip(features[row * width..].iter().zip(&mean)) {
            *sum += factor * (f64::from(*value) - mean);
        }
    }
    Some(pattern)
}

/// The mean row, with weights that sum to one.
pub(super) fn weighted_mean(features: &[f32], width: usize, weights: &[f64]) -> Vec<f64> {
    let mut mean = vec![0.0; width];
    for (row, weight) in features.chunks_exact(width).zip(weights) {
        mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * f64::from(*value));
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_the_difference_of_the_means() {
        // For a concept of two values, cov(a, t) / var(t) = E[a | t = 1] − E[a | t = 0].
        let features = [1.0, 4.0, 3.0, 0.0, 7.0, 1.0_f32];
        let found = pattern(&features, 2, &[false, false, true], &[1.0 / 3.0; 3]).expect("both kinds");
        assert!((found[0] - 5.0).abs() < 1e-9 && (found[1] + 1.0).abs() < 1e-9, "{found:?}");
        assert_eq!(pattern(&features, 2, &[true; 3], &[1.0 / 3.0; 3]), None);
    }

    #[test]
    fn balanced_weights_part_the_artefact_from_the_class() {
        // Twice the class, plus one with the artefact: rulers nearly always with the class.
        let groups = [0, 0, 0, 1, 2, 3, 3, 3, 3];
        let weights = balance(&groups);
        let sum = |of: &dyn Fn(usize) -> bool| -> f64 {
            groups.iter().zip(&weights).filter(|(group, _)| of(**group)).map(|(_, weight)| weight).sum()
        };
        let joint = sum(&|group| group == 3);
        assert!((joint - sum(&|group| group >= 2) * sum(&|group| group % 2 == 1)).abs() < 1e-12);
        assert!((sum(&|_| true) - 1.0).abs() < 1e-12);
    }
}
