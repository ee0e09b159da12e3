//! Faithfulness: whether a map reflects the behaviour of the model.

pub(crate) mod completeness;
pub(crate) mod curve;
pub(crate) mod infidelity;
pub(crate) mod road;

use ndarray::ArrayView2;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::MetricError;
use crate::error::{finite, ordered};
use crate::order::ascending;

/// Fixes the order of equal values.
const TIES: u64 = 0;

/// Every pixel (row, column), the highest value first. Equal values are in a random order, which is the same for every map of this
/// size: many maps are zero in a large part of the picture, and in reading order that part would be taken from the top downwards,
/// which no random map is.
fn ranked(map: ArrayView2<f32>) -> Result<Vec<(usize, usize)>, MetricError> {
    finite(map)?;
    let values: Vec<f32> = map.iter().copied().collect();
    ordered(&values)?;
    let mut places: Vec<usize> = (0..values.len()).collect();
    places.shuffle(&mut ChaCha8Rng::seed_from_u64(TIES));
    // The largest first. Unlike −0 and 0, the differences 0 − −0 and 0 − 0 are the same number.
    let order = ascending(places.iter().map(|&at| 0.0 - values[at]));
    let columns = map.ncols();
    Ok(order.into_iter().map(|at| (places[at] / columns, places[at] % columns)).collect())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::ranked;
    use crate::MetricError;

    #[test]
    fn the_highest_value_is_first_and_zeros_are_equal() {
        let order = |zero: f32| {
            let map = Array2::from_shape_fn((6, 6), |(y, x)| match (y, x) {
                (4, 1) => 2.0,
                (0, 5) => -1.0,
                _ if x % 2 == 0 => zero,
                _ => 0.0,
            });
            ranked(map.view()).expect("not constant")
        };
        let found = order(0.0);
        assert_eq!((found[0], found[35]), ((4, 1), (0, 5)));
        assert_eq!(found, order(-0.0));
    }

    #[test]
    fn equal_values_prefer_no_side() {
        let mut map = Array2::zeros((40, 40));
        map[[20, 20]] = 1.0_f32;
        let order = ranked(map.view()).expect("not constant");
        let first = &order[1..=400];
        let share = |among: &dyn Fn(usize, usize) -> bool| {
            first.iter().filter(|(row, column)| among(*row, *column)).count() as f64 / 400.0
        };
        // Half of them with a standard deviation of 0.022; in reading order, all of them are at the top.
        for half in [share(&|row, _| row < 20), share(&|_, column| column < 20)] {
            assert!((half - 0.5).abs() < 0.1, "{half}");
        }
        let mut all = order.clone();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 1600);
    }

    #[test]
    fn a_map_without_an_order_is_refused() {
        assert_eq!(ranked(Array2::zeros((3, 3)).view()), Err(MetricError::Constant));
        assert_eq!(ranked(array![[0.0_f32, -0.0]].view()), Err(MetricError::Constant));
        assert_eq!(ranked(array![[1.0, f32::NAN]].view()), Err(MetricError::NotFinite));
    }
}
