//! Sorting the values of a map.

/// The places of some numbers, the smallest number first and equal ones in their order, where −0 comes before 0. A number and its
/// place are sorted as one integer, which takes one comparison and no look at the numbers.
///
/// # Panics
/// With more than 2³² numbers.
pub(crate) fn ascending(values: impl IntoIterator<Item = f32>) -> Vec<usize> {
    // As f32::total_cmp: the bits of positive numbers have the order of the numbers, and those of negative ones the opposite.
    let key = |value: f32| match value.to_bits() {
        bits if value.is_sign_negative() => !bits,
        bits => bits | 1 << 31,
    };
    let with_place = |(place, value): (usize, f32)| {
        let place = u32::try_from(place).expect("at most 2³² numbers");
        u64::from(key(value)) << 32 | u64::from(place)
    };
    let mut keys: Vec<u64> = values.into_iter().enumerate().map(with_place).collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| key as u32 as usize).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::ascending;

    proptest! {
        #[test]
        fn it_is_a_stable_sort(values in proptest::collection::vec(any::<f32>(), 0..200), fewer in any::<bool>()) {
            // Many equal numbers, or hardly any.
            let values: Vec<f32> = values.iter().map(|value| if fewer { value.signum() } else { *value }).collect();
            let mut expected: Vec<usize> = (0..values.len()).collect();
            expected.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
            prop_assert_eq!(ascending(values), expected);
        }
    }

    #[test]
    fn zeros_and_infinities_have_their_places() {
        assert_eq!(ascending([0.0, f32::INFINITY, -0.0, f32::NEG_INFINITY, -1.0]), [3, 4, 2, 0, 1]);
        assert_eq!(ascending([]), [0_usize; 0]);
    }
}
