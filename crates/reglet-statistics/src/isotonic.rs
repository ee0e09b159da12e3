//! Isotonic regression.

/// The non-decreasing sequence closest to `values` in least squares (isotonic regression), by pooling adjacent violators
/// (Ayer et al., *An empirical distribution function for sampling with incomplete information*, 1955).
pub fn isotonic(values: &[f64]) -> Vec<f64> {
    // Each pool: its mean, and how many values it holds.
    let mut pools: Vec<(f64, usize)> = Vec::with_capacity(values.len());
    for &value in values {
        let mut pool = (value, 1);
        while let Some(&(mean, count)) = pools.last().filter(|last| last.0 > pool.0) {
            let all = count + pool.1;
            pool = ((mean * count as f64 + pool.0 * pool.1 as f64) / all as f64, all);
            pools.pop();
        }
        pools.push(pool);
    }
    pools.into_iter().flat_map(|(mean, count)| std::iter::repeat_n(mean, count)).collect()
}
