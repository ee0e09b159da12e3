//! The few numbers a chart draws for a set of values.

/// The quantile `share` of `values`, interpolated linearly between the two nearest values; `None` for an empty set.
pub(super) fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = share * (sorted.len().checked_sub(1)?) as f64;
    let (below, above) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
    Some(below + (above - below) * rank.fract())
}

pub(super) fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_the_nearest_values() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(quantile(&[0.0, 1.0, 2.0, 3.0], 0.25), Some(0.75));
        assert_eq!(quantile(&[7.0], 1.0), Some(7.0));
        assert_eq!(median(&[]), None);
        assert_eq!((mean(&[4.0, 1.0]), mean(&[])), (Some(2.5), None));
    }
}
