//! Otsu's threshold.

/// The level that divides the values in two classes, those at most as high and those higher, whose variance between the
/// classes is the largest; `None` if there are not two different values.
pub(super) fn threshold(values: impl Iterator<Item = u8>) -> Option<u8> {
    let mut counts = [0_u64; 256];
    values.for_each(|value| counts[usize::from(value)] += 1);
    let total: u64 = counts.iter().sum();
    let sum: u64 = (0..).zip(&counts).map(|(level, count)| level * count).sum();
    let (mut below, mut sum_below) = (0, 0);
    let mut best: Option<(f64, u8)> = None;
    for (level, &count) in (0..=u8::MAX).zip(&counts) {
        below += count;
        sum_below += u64::from(level) * count;
        if below == 0 || below == total {
            continue;
        }
        // The variance between the classes, up to a factor that is the same for every level.
        let (lower, upper) = (below as f64, (total - below) as f64);
        let apart = sum_below as f64 / lower - (sum - sum_below) as f64 / upper;
        let variance = lower * upper * apart * apart;
        if best.is_none_or(|(largest, _)| variance > largest) {
            best = Some((variance, level));
        }
    }
    best.map(|(_, level)| level)
}

#[cfg(test)]
mod tests {
    use super::threshold;

    /// The answers are those of `skimage.filters.threshold_otsu` (scikit-image 0.26) to the same values.
    #[test]
    fn it_is_scikit_image_s() {
        let threshold = |value: fn(u32) -> u32| threshold((0..1000).map(|index| value(index) as u8));
        assert_eq!(threshold(|i| i * i * 7 % 251), Some(125));
        assert_eq!(threshold(|i| if i % 3 == 0 { 40 + i * 7 % 31 } else { 150 + i * 11 % 60 }), Some(70));
        assert_eq!(threshold(|i| if i % 10 == 0 { 90 + i * 13 % 20 } else { 120 + i * i % 40 }), Some(129));
        assert_eq!(threshold(|i| i % 256), Some(124));
    }

    #[test]
    fn one_level_has_no_threshold() {
        assert_eq!(threshold([7; 9].into_iter()), None);
        assert_eq!(threshold([].into_iter()), None);
        assert_eq!(threshold([7, 9].into_iter()), Some(7));
    }
}
