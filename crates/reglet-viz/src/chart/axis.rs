use crate::text::{fixed, number};

/// A range of values laid along a line, with labelled ticks at round numbers.
#[derive(Debug)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
    /// Values and their labels, in ascending order, all within the range.
    pub(super) ticks: Vec<(f64, String)>,
}

/// Values farther from zero than this, or closer to it on a logarithmic axis than its inverse, are not drawn: it keeps
/// all the sums below far from overflow.
pub(super) const LARGEST: f64 = 1e12;

impl Axis {
    /// An axis from `low` to `high`, with about `wanted` ticks.
    pub(super) fn linear(low: f64, high: f64, wanted: usize) -> Self {
        let (low, high) = opened(low, high);
        Axis { low, high, logarithmic: false, ticks: linear_ticks(low, high, wanted) }
    }

    /// A logarithmic axis from `low` to `high`, both above zero.
    pub(super) fn logarithmic(low: f64, high: f64, wanted: usize) -> Self {
        let (low, high) = if high / low < 1.1 { (low / 1.25, high * 1.25) } else { (low, high) };
        Axis { low, high, logarithmic: true, ticks: logarithmic_ticks(low, high, wanted) }
    }

    /// The same axis with `share` of its length added at both ends. The ticks stay where they are.
    pub(super) fn padded(self, share: f64) -> Self {
        let (low, high) = (self.measure(self.low), self.measure(self.high));
        let extra = (high - low) * share;
        let back = |value: f64| if self.logarithmic { value.exp() } else { value };
        Axis { low: back(low - extra), high: back(high + extra), ..self }
    }

    /// The position of a value along the axis, from 0 to 1.
    pub(super) fn place(&self, value: f64) -> f32 {
        let (low, high) = (self.measure(self.low), self.measure(self.high));
        ((self.measure(value) - low) / (high - low)).clamp(0.0, 1.0) as f32
    }

    fn measure(&self, value: f64) -> f64 {
        if self.logarithmic { value.ln() } else { value }
    }
}

/// A range that has some length, so that one value, or several that are all but equal, can be drawn too.
fn opened(low: f64, high: f64) -> (f64, f64) {
    let largest = low.abs().max(high.abs());
    if high - low > largest * 1e-6 {
        return (low, high);
    }
    let margin = if largest > 0.0 { largest * 0.1 } else { 1.0 };
    (low - margin, high + margin)
}

fn linear_ticks(low: f64, high: f64, wanted: usize) -> Vec<(f64, String)> {
    let step = round_step((high - low) / wanted.max(1) as f64);
    // A small tolerance keeps a tick that rounding has moved past an end.
    let first = (low / step - 1e-9).ceil();
    let count = ((high / step + 1e-9).floor() - first).max(0.0) as usize + 1;
    let plain = step >= 1e-4 && low.abs().max(high.abs()) < 1e6;
    (0..count)
        .map(|index| {
            let value = (first + index as f64) * step;
            (value, if plain { fixed(value, decimals(step)) } else { number(value, 3) })
        })
        .collect()
}

/// The smallest of 1, 2, 2.5 and 5 times a power of ten that is at least `rough`.
fn round_step(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(|factor| factor * power >= rough * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

/// How many places after the point a multiple of `step` needs.
fn decimals(step: f64) -> usize {
    (0..8)
        .find(|&places| {
            let scaled = step * 10_f64.powi(places);
            (scaled - scaled.round()).abs() < 1e-6 * scaled
        })
        .unwrap_or(8) as usize
}

fn logarithmic_ticks(low: f64, high: f64, wanted: usize) -> Vec<(f64, String)> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let within = |value: &f64| *value >= low * (1.0 - 1e-9) && *value <= high * (1.0 + 1e-9);
    let multiples = |factors: &[f64], every: u32| -> Vec<f64> {
        (first..=last)
            .filter(|decade| decade.unsigned_abs().is_multiple_of(every))
            .flat_map(|decade| factors.iter().map(move |factor| factor * 10_f64.powi(decade)))
            .filter(within)
            .collect()
    };
    // From the densest choice to sparser ones, until few enough are left.
    let choices = [multiples(&[1.0, 2.0, 5.0], 1), multiples(&[1.0, 3.0], 1), multiples(&[1.0], 1)];
    let chosen = choices
        .into_iter()
        .chain((2..=24).map(|every| multiples(&[1.0], every)))
        .find(|ticks| ticks.len() <= wanted + 1)
        .unwrap_or_default();
    if chosen.len() < 2 {
        // Less than a decade: round numbers, unevenly spaced, say more than a single power of ten.
        return linear_ticks(low, high, wanted.min(4))
            .into_iter()
            .filter(|(value, _)| *value > 0.0)
            .collect();
    }
    chosen.into_iter().map(|value| (value, number(value, 3))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&Axis::linear(0.0, 1.0, 5)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&Axis::linear(0.0, 1.0, 4)), ["0.00", "0.25", "0.50", "0.75", "1.00"]);
        assert_eq!(labels(&Axis::linear(-30.0, 42.0, 4)), ["−20", "0", "20", "40"]);
        assert_eq!(labels(&Axis::logarithmic(0.08, 12.0, 7)), ["0.1", "0.2", "0.5", "1", "2", "5", "10"]);
        assert_eq!(labels(&Axis::logarithmic(1e-6, 1e6, 5)), ["1×10⁻⁶", "0.001", "1", "1000", "1×10⁶"]);
    }

    #[test]
    fn one_value_still_makes_an_axis() {
        for value in [0.0, 5.0, -LARGEST, 1e-12] {
            let axis = Axis::linear(value, value, 5);
            assert!((axis.place(value) - 0.5).abs() < 1e-3, "{axis:?}");
            assert!(axis.ticks.len() >= 2, "{axis:?}");
        }
        assert!((Axis::logarithmic(3.0, 3.0, 5).place(3.0) - 0.5).abs() < 1e-3);
    }

    #[test]
    fn padding_keeps_places_in_order_on_both_kinds() {
        for axis in [Axis::linear(1.0, 8.0, 5).padded(0.05), Axis::logarithmic(1.0, 8.0, 5).padded(0.05)] {
            assert!(axis.place(1.0) > 0.04 && axis.place(8.0) < 0.96);
            assert!(axis.place(2.0) < axis.place(4.0));
        }
        assert_eq!(Axis::logarithmic(1.0, 4.0, 5).place(2.0), 0.5);
    }
}
