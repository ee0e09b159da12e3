//! Against the definition of a convolution, summed in 64-bit floats.

use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, proptest};

use crate::lanes::Width;
use crate::{Filters, Fused, Pictures, Way, convolve, supports};

/// Numbers in −1…1 by a linear congruential generator.
fn numbers(seed: u32, count: usize) -> Vec<f32> {
    let mut state = u64::from(seed).wrapping_mul(2_654_435_769).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

#[derive(Debug, Clone)]
struct Case {
    pictures: Pictures,
    inputs: usize,
    outputs: usize,
    seed: u32,
    way: Way,
    /// Up to how many filters are kept transformed.
    transformed: usize,
    mask: bool,
    bias: bool,
    summand: bool,
    rectify: bool,
}

fn cases() -> impl Strategy<Value = Case> {
    let sizes = (1..4_usize, 1..14_usize, 1..14_usize, 1..4_usize, 1..4_usize);
    (sizes, any::<(u32, bool, bool)>(), any::<[bool; 4]>()).prop_map(
        |(
            (count, height, width, inputs, outputs),
            (seed, forward, transformed),
            [mask, bias, summand, rectify],
        )| Case {
            pictures: Pictures { count, height, width },
            inputs: 32 * inputs,
            outputs: 32 * outputs,
            seed,
            way: if forward { Way::Forward } else { Way::Backward },
            transformed: if transformed { usize::MAX } else { 0 },
            mask,
            bias,
            summand,
            rectify,
        },
    )
}

/// Row by row, tap by tap.
fn by_definition(case: &Case, weight: &[f32], input: &[f32], fused: &Fused) -> Vec<f64> {
    let Pictures { count, height, width } = case.pictures;
    let (from, to) = match case.way {
        Way::Forward => (case.inputs, case.outputs),
        Way::Backward => (case.outputs, case.inputs),
    };
    // One number of the input, which is zero around the picture.
    let at = |picture: usize, y: isize, x: isize, channel: usize| {
        let inside = (0..height as isize).contains(&y) && (0..width as isize).contains(&x);
        let place = ((picture * height + y.max(0) as usize) * width + x.max(0) as usize) * from + channel;
        let seen = inside && fused.mask.is_none_or(|mask| mask[place] > 0.0);
        if seen { f64::from(input[place]) } else { 0.0 }
    };
    let tap = |to: usize, from: usize, y: usize, x: usize| match case.way {
        Way::Forward => weight[(to * case.inputs + from) * 9 + y * 3 + x],
        Way::Backward => weight[(from * case.inputs + to) * 9 + (2 - y) * 3 + 2 - x],
    };
    let mut output = Vec::new();
    for place in 0..count * height * width {
        let (picture, y, x) = (place / (height * width), place / width % height, place % width);
        for channel in 0..to {
            let mut sum = fused.bias.map_or(0.0, |bias| f64::from(bias[channel]));
            for (dy, dx) in (0..9).map(|tap| (tap / 3, tap % 3)) {
                let (row, column) = (y as isize + dy as isize - 1, x as isize + dx as isize - 1);
                for other in 0..from {
                    sum += at(picture, row, column, other) * f64::from(tap(channel, other, dy, dx));
                }
            }
            sum += fused.summand.map_or(0.0, |summand| f64::from(summand[place * to + channel]));
            output.push(if fused.rectify { sum.max(0.0) } else { sum });
        }
    }
    output
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn it_is_the_convolution(case in cases()) {
        let weight = numbers(case.seed, case.inputs * case.outputs * 9);
        for width in Width::all() {
            let filters = Filters::of_width(width, &weight, [case.outputs, case.inputs], case.way, case.transformed);
            let (before, after) = (case.pictures.pixels() * filters.from(), case.pictures.pixels() * filters.to());
            let input = numbers(case.seed ^ 1, before);
            let (mask, bias, summand) =
                (numbers(case.seed ^ 2, before), numbers(case.seed ^ 3, filters.to()), numbers(case.seed ^ 4, after));
            let fused = Fused {
                mask: case.mask.then_some(&mask),
                bias: case.bias.then_some(&bias),
                summand: case.summand.then_some(&summand),
                rectify: case.rectify,
            };
            let mut found = vec![f32::NAN; after];
            convolve(case.pictures, &input, &filters, &fused, &mut found);

            let expected = by_definition(&case, &weight, &input, &fused);
            let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|number| number * number).sum::<f64>().sqrt();
            let off = norm(&mut expected.iter().zip(&found).map(|(a, b)| a - f64::from(*b)));
            prop_assert!(off <= 1e-5 * norm(&mut expected.iter().copied()) + 1e-6, "{off:.1e}");
        }
    }
}

#[test]
fn what_is_no_number_stays_none() {
    let weight = vec![1.0; 32 * 32 * 9];
    let Some(filters) = Filters::new(&weight, 32, 32, Way::Forward) else { return };
    let mut input = vec![0.0; 4 * 4 * 32];
    input[0] = f32::NAN;
    let mut output = vec![0.0; input.len()];
    let fused = Fused { rectify: true, ..Fused::default() };
    convolve(Pictures { count: 1, height: 4, width: 4 }, &input, &filters, &fused, &mut output);
    assert!(output[0].is_nan());
}

#[test]
fn only_channels_in_multiples_of_32_are_supported() {
    assert!(!supports(32, 0));
    assert!(!supports(48, 32));
    assert!(Filters::new(&vec![0.0; 32 * 16 * 9], 32, 16, Way::Forward).is_none());
}
