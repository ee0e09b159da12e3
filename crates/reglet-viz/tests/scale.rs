//! Scaling: known values, properties that hold for any map, and maps that have nothing to scale.

use ndarray::{Array2, ArrayView2, array};
use proptest::prelude::*;
use reglet_viz::{Scale, Scaled, VizError};

const ALL: [Scale; 4] =
    [Scale::MinMax, Scale::Percentile(99.0), Scale::Symmetric(99.0), Scale::Fixed { low: -1.0, high: 2.0 }];

fn scaled(scale: Scale, map: ArrayView2<'_, f32>) -> Scaled {
    scale.apply(map).expect("a map with finite values can be scaled")
}

/// The percentiles are NumPy's: `np.percentile(v, 90)` and `np.percentile(abs(v), 90)`.
#[test]
fn limits_are_those_of_numpy() {
    let map = array![[3.0_f32, -1.0, 4.0, 1.0], [-5.0, 9.0, 2.0, -6.0]];
    let percentile = scaled(Scale::Percentile(90.0), map.view());
    assert_eq!((percentile.low, percentile.high), (-6.0, 5.5));
    let symmetric = scaled(Scale::Symmetric(90.0), map.view());
    assert_eq!((symmetric.low, symmetric.high), (-6.9, 6.9));
    let all = scaled(Scale::MinMax, map.view());
    assert_eq!((all.low, all.high), (-6.0, 9.0));
    assert_eq!(all.values[[0, 0]], 0.6);
}

#[test]
fn zero_is_the_middle_of_a_symmetric_scale() {
    let result = scaled(Scale::Symmetric(100.0), array![[-4.0_f32, 0.0, 2.0]].view());
    assert_eq!(result.values, array![[0.0, 0.5, 0.75]]);
    assert_eq!(result.neutral, 0.5);
}

#[test]
fn fixed_limits_make_maps_comparable() {
    let scale = Scale::Fixed { low: 0.0, high: 10.0 };
    assert_eq!(scaled(scale, array![[5.0_f32, 20.0]].view()).values, array![[0.5, 1.0]]);
    assert_eq!(scaled(scale, array![[5.0_f32, -3.0]].view()).values, array![[0.5, 0.0]]);
}

#[test]
fn a_flat_map_says_so_and_lies_at_neutral() {
    for value in [0.0, -3.5, f32::MAX] {
        for scale in [Scale::MinMax, Scale::Percentile(99.0)] {
            let result = scaled(scale, Array2::from_elem((3, 4), value).view());
            assert!(result.flat && result.values.iter().all(|place| *place == 0.0), "{scale:?} of {value}");
        }
    }
    let result = scaled(Scale::Symmetric(99.0), Array2::zeros((3, 4)).view());
    assert!(result.flat && result.values.iter().all(|place| *place == 0.5));
}

#[test]
fn a_sparse_map_keeps_its_few_values() {
    let mut map = Array2::zeros((40, 40));
    map[[3, 5]] = 2.0;
    for (scale, zero) in [(Scale::Percentile(99.0), 0.0), (Scale::Symmetric(99.0), 0.5)] {
        let result = scaled(scale, map.view());
        assert!(!result.flat, "{scale:?}");
        assert_eq!((result.values[[3, 5]], result.values[[0, 0]]), (1.0, zero), "{scale:?}");
    }
}

#[test]
fn values_that_are_not_finite_stay_out_of_the_range() {
    let map = array![[f32::NAN, 0.0, 4.0], [f32::INFINITY, f32::NEG_INFINITY, 1.0]];
    let result = scaled(Scale::MinMax, map.view());
    assert_eq!((result.low, result.high, result.non_finite), (0.0, 4.0, 3));
    assert_eq!(result.values, array![[0.0, 0.0, 1.0], [1.0, 0.0, 0.25]]);
    assert_eq!(scaled(Scale::Symmetric(100.0), map.view()).values[[0, 0]], 0.5, "NaN is drawn as neutral");
}

#[test]
fn the_widest_range_there_is_does_not_overflow() {
    let result = scaled(Scale::MinMax, array![[f32::MIN, 0.0, f32::MAX]].view());
    assert_eq!(result.values, array![[0.0, 0.5, 1.0]]);
}

#[test]
fn what_cannot_be_scaled_is_refused() {
    for scale in ALL {
        for shape in [(0, 0), (0, 5), (5, 0)] {
            let refused = scale.apply(Array2::zeros(shape).view());
            assert!(matches!(refused, Err(VizError::EmptyMap { .. })), "{scale:?} of {shape:?}");
        }
        let refused = scale.apply(Array2::from_elem((2, 2), f32::NAN).view());
        assert!(matches!(refused, Err(VizError::NoFiniteValue { count: 4 })), "{scale:?}");
    }
    let map = array![[0.0_f32, 1.0]];
    for percentile in [0.0, -1.0, 100.1, f32::NAN] {
        for scale in [Scale::Percentile(percentile), Scale::Symmetric(percentile)] {
            assert!(matches!(scale.apply(map.view()), Err(VizError::Percentile { .. })), "{scale:?}");
        }
    }
    for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f32::NAN, 1.0), (0.0, f32::INFINITY)] {
        let refused = Scale::Fixed { low, high }.apply(map.view());
        assert!(matches!(refused, Err(VizError::Limits { .. })), "{low} to {high}");
    }
}

proptest! {
    #[test]
    fn any_map_lands_between_0_and_1_in_order(
        values in proptest::collection::vec(proptest::num::f32::ANY, 12),
        which in 0..ALL.len(),
    ) {
        prop_assume!(values.iter().any(|value| value.is_finite()));
        let map = Array2::from_shape_vec((3, 4), values).expect("twelve values");
        let result = scaled(ALL[which], map.view());
        prop_assert!(result.values.iter().all(|place| (0.0..=1.0).contains(place)));
        for (a, place_a) in map.iter().zip(&result.values) {
            for (b, place_b) in map.iter().zip(&result.values) {
                prop_assert!(a.partial_cmp(b).is_none() || a > b || place_a <= place_b || result.flat);
            }
        }
    }

    #[test]
    fn a_map_and_its_multiple_look_the_same(
        values in proptest::collection::vec(-100.0_f32..100.0, 12),
        power in -8_i32..8,
        which in 0..3_usize,
    ) {
        // A power of two multiplies without rounding, so the places agree to the last bit.
        let map = Array2::from_shape_vec((3, 4), values).expect("twelve values");
        let multiple = map.mapv(|value| value * 2_f32.powi(power));
        let (one, other) = (scaled(ALL[which], map.view()), scaled(ALL[which], multiple.view()));
        for (a, b) in one.values.iter().zip(&other.values) {
            prop_assert!((a - b).abs() <= 1e-6, "{} and {}", a, b);
        }
    }
}
