//! Groups of rows.

/// Each row's group as an index from 0, in the order of the groups' numbers, and how many groups there are.
pub(crate) fn dense(numbers: &[u32]) -> (Vec<usize>, usize) {
    let mut distinct = numbers.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let place = |number: &u32| distinct.partition_point(|other| other < number);
    (numbers.iter().map(place).collect(), distinct.len())
}

/// The number of groups of equal size that would vary as much as these, (Σn)²/Σn² for groups of n rows (Kish, *Survey
/// sampling*, 1965; Carter, Schnepel and Steigerwald, *Asymptotic behavior of a t-test robust to cluster heterogeneity*,
/// 2017). It is their number if all have the same size.
pub(crate) fn as_many_equal(sizes: impl Iterator<Item = f64>) -> f64 {
    let (sum, squares) = sizes.fold((0.0, 0.0), |(sum, squares), size| (sum + size, squares + size * size));
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}
