//! Against the definitions of a convolution and of a matrix product, summed in 64-bit floats.

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_oneof, proptest};

use crate::{
    After, Before, Behind, DepthwiseFilters, Filters, Framed, Fused, Mask, Matrix, Pictures, Surroundings,
    Vectors, Way, convolve, convolve_depthwise, product, silu, supports, supports_depthwise,
};

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
    most: Option<f32>,
    bias: bool,
    summand: bool,
    after: After,
}

fn afters() -> impl Strategy<Value = After> {
    let range = After::Clamp(-0.25, 0.5);
    prop_oneof![Just(After::NOTHING), Just(After::RELU), Just(range), Just(After::Silu)]
}

/// What a sum becomes, by the definition.
fn done(after: After, sum: f64) -> f64 {
    match after {
        After::Clamp(least, most) => sum.max(f64::from(least)).min(f64::from(most)),
        After::Silu => sum / (1.0 + (-sum).exp()),
    }
}

/// The derivative of a SiLU.
fn silu_slope(x: f32) -> f64 {
    let sigmoid = 1.0 / (1.0 + (-f64::from(x)).exp());
    sigmoid * (1.0 + f64::from(x) * (1.0 - sigmoid))
}

fn cases() -> impl Strategy<Value = Case> {
    let sizes = (0..4_usize, 0..14_usize, 0..14_usize, 1..4_usize, 1..4_usize);
    (sizes, any::<(u32, bool, bool)>(), any::<[bool; 5]>(), afters()).prop_map(
        |(
            (count, height, width, inputs, outputs),
            (seed, forward, transformed),
            [mask, limited, bias, summand, given],
            after,
        )| Case {
            pictures: Pictures {
                count,
                height,
                width,
                surroundings: if given { Surroundings::Given } else { Surroundings::Zeros },
            },
            inputs: 32 * inputs,
            outputs: 32 * outputs,
            seed,
            way: if forward { Way::Forward } else { Way::Backward },
            transformed: if transformed { usize::MAX } else { 0 },
            mask,
            most: limited.then_some(0.5),
            bias,
            summand,
            after,
        },
    )
}

/// Row by row, tap by tap.
fn by_definition(case: &Case, weight: &[f32], input: &[f32], fused: &Fused) -> Vec<f64> {
    let Pictures { count, height, width, surroundings } = case.pictures;
    let margin = isize::from(surroundings == Surroundings::Given);
    let (rows, columns) = (height as isize + 2 * margin, width as isize + 2 * margin);
    let (from, to) = match case.way {
        Way::Forward => (case.inputs, case.outputs),
        Way::Backward => (case.outputs, case.inputs),
    };
    // One number of the input, which is zero where the input ends.
    let at = |picture: usize, y: isize, x: isize, channel: usize| {
        let (y, x) = (y + margin, x + margin);
        let inside = (0..rows).contains(&y) && (0..columns).contains(&x);
        let place = (picture as isize * rows + y.max(0)) * columns + x.max(0);
        let place = place as usize * from + channel;
        let counts =
            |mask: Mask| mask.values[place] > 0.0 && mask.most.is_none_or(|most| mask.values[place] < most);
        let seen = inside && fused.mask.is_none_or(counts);
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
            output.push(done(case.after, sum));
        }
    }
    output
}

/// With each kind of vectors, how far the convolution is from its definition.
fn distances(case: &Case) -> Vec<(f64, f64)> {
    let weight = numbers(case.seed, case.inputs * case.outputs * 9);
    let distance = |vectors| {
        let sizes = [case.outputs, case.inputs];
        let filters = Filters::stored(vectors, &weight, sizes, case.way, case.transformed);
        let before = case.pictures.pixels_of_input() * filters.from();
        let after = case.pictures.pixels() * filters.to();
        let input = numbers(case.seed ^ 1, before);
        let (mask, bias, summand) = (
            numbers(case.seed ^ 2, before),
            numbers(case.seed ^ 3, filters.to()),
            numbers(case.seed ^ 4, after),
        );
        let fused = Fused {
            mask: case.mask.then_some(Mask { values: &mask, most: case.most }),
            silu: None,
            before: None,
            bias: case.bias.then_some(&bias),
            summand: case.summand.then_some(&summand),
            behind: None,
            after: case.after,
        };
        let mut found = vec![f32::NAN; after];
        convolve(case.pictures, &input, &filters, &fused, &mut found);
        distance(&by_definition(case, &weight, &input, &fused), &found)
    };
    Vectors::all().map(distance).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn it_is_the_convolution(case in cases()) {
        for (off, size) in distances(&case) {
            prop_assert!(off <= 1e-5 * size + 1e-6, "{off:.1e} of {size:.1e}");
        }
    }

    #[test]
    fn it_is_the_depthwise_convolution(
        (count, height, width, channels) in (0..3_usize, 0..19_usize, 0..19_usize, 1..40_usize),
        (side, stride, zeros) in (prop_oneof![Just(3), Just(5), Just(7)], 1..3_usize, 0..7_usize),
        (seed, forward) in any::<(u32, bool)>(),
        [mask, limited, silu, bias, summand] in any::<[bool; 5]>(),
        after in afters(),
    ) {
        let way = if forward { Way::Forward } else { Way::Backward };
        let pictures = Framed { count, height, width, padding: zeros % side };
        let weight = numbers(seed, channels * side * side);
        for vectors in Vectors::all() {
            let filters = DepthwiseFilters::with(vectors, &weight, channels, side, stride, way)
                .expect("they are supported");
            let (outer, inner) = ([height, width], pictures.results(side, stride));
            let (from, to) = if forward { (outer, inner) } else { (inner, outer) };
            let size = |[height, width]: [usize; 2]| count * height * width * channels;
            let input = numbers(seed ^ 1, size(from));
            let values = numbers(seed ^ 2, size(from));
            let (bias_numbers, summand_numbers) = (numbers(seed ^ 3, channels), numbers(seed ^ 4, size(to)));
            let most = limited.then_some(0.5);
            let fused = Fused {
                mask: mask.then_some(Mask { values: &values, most }),
                silu: silu.then_some(&values),
                bias: bias.then_some(&bias_numbers),
                summand: summand.then_some(&summand_numbers),
                after,
                ..Fused::default()
            };
            let expected = depthwise_by_definition(
                pictures, [outer, inner], &weight, [channels, side, stride], way, &input, &fused,
            );
            let mut found = vec![f32::NAN; size(to)];
            convolve_depthwise(pictures, 0, &input, &filters, &fused, &mut found);
            for ((expected, size), found) in expected.iter().zip(&found) {
                let off = (expected - f64::from(*found)).abs();
                prop_assert!(off <= 1e-6 * size, "{vectors}: {off:.1e} of {size:.1e}");
            }
        }
    }

    #[test]
    fn it_is_the_product(
        (count, inputs, outputs) in (0..50_usize, 1..90_usize, 1..90_usize),
        // Several parts of a row, and lengths at which rows displace each other from the cache.
        deep in prop_oneof![Just(0), Just(0), Just(256), Just(900)],
        (seed, forward) in any::<(u32, bool)>(),
        [mask, silu, before, bias, summand, behind] in any::<[bool; 6]>(),
        most in prop_oneof![Just(None), Just(Some(0.5))],
        after in afters(),
    ) {
        let inputs = if deep > 0 { deep } else { inputs };
        // The one is for a backward pass and the other for a forward pass, so they do not come together.
        let behind = behind && after != After::Silu;
        let way = if forward { Way::Forward } else { Way::Backward };
        let (from, to) = if forward { (inputs, outputs) } else { (outputs, inputs) };
        let weight = numbers(seed, inputs * outputs);
        let input = numbers(seed ^ 1, count * from);
        let values = numbers(seed ^ 2, input.len());
        let (bias_numbers, summand_numbers) = (numbers(seed ^ 3, to), numbers(seed ^ 4, count * to));
        let (scale, shift) = (numbers(seed ^ 5, from), numbers(seed ^ 6, from));
        let (given, back_scale, back_shift) = (numbers(seed ^ 7, count * to), numbers(seed ^ 8, to), numbers(seed ^ 9, to));
        let fused = Fused {
            mask: mask.then_some(Mask { values: &values, most }),
            silu: silu.then_some(&values),
            before: before.then_some(Before { scale: &scale, shift: &shift }),
            bias: bias.then_some(&bias_numbers),
            summand: summand.then_some(&summand_numbers),
            behind: behind.then_some(Behind {
                numbers: &given,
                before: Before { scale: &back_scale, shift: &back_shift },
            }),
            after,
        };
        let factor = |from: usize, to: usize| weight[if forward { to * inputs + from } else { from * inputs + to }];
        let counts = |place: usize| !mask || values[place] > 0.0 && most.is_none_or(|most| values[place] < most);
        let (mut expected, mut sizes) = (Vec::new(), Vec::new());
        for (row, column) in (0..count).flat_map(|row| (0..to).map(move |column| (row, column))) {
            let kept = (0..from).filter(|other| counts(row * from + other));
            // Each term, and what the error of its first factor is a share of.
            let term = |other: usize| {
                let (number, factor) = (f64::from(input[row * from + other]), f64::from(factor(other, column)));
                let factor = factor * if silu { silu_slope(values[row * from + other]) } else { 1.0 };
                if !before {
                    return (number * factor, (number * factor).abs());
                }
                let (scaled, shift) = (number * f64::from(scale[other]), f64::from(shift[other]));
                ((scaled + shift).max(0.0) * factor, (scaled.abs() + shift.abs()) * factor.abs())
            };
            let terms: Vec<(f64, f64)> = kept.map(term).collect();
            let bias = if bias { f64::from(bias_numbers[column]) } else { 0.0 };
            let summand = if summand { f64::from(summand_numbers[row * to + column]) } else { 0.0 };
            let (number, scale, shift) = (given[row * to + column], back_scale[column], back_shift[column]);
            let factor = match f64::from(number) * f64::from(scale) + f64::from(shift) > 0.0 {
                _ if !behind => 1.0,
                true => f64::from(scale),
                false => 0.0,
            };
            let sum = terms.iter().map(|term| term.0).sum::<f64>() + bias + summand;
            expected.push(done(after, sum) * factor);
            // What the error of a sum is a share of.
            sizes.push(terms.iter().map(|term| term.1).sum::<f64>() + bias.abs() + summand.abs());
        }
        for vectors in Vectors::all() {
            let matrix = Matrix::with(vectors, &weight, outputs, inputs, way).expect("there are numbers");
            let mut found = vec![f32::NAN; count * to];
            product(&input, &matrix, &fused, &mut found);
            for ((expected, size), found) in expected.iter().zip(&sizes).zip(&found) {
                let off = (expected - f64::from(*found)).abs();
                prop_assert!(off <= 1e-6 * size, "{off:.1e} of {size:.1e}");
            }
        }
    }
}

/// Each result of a depthwise convolution, and the sum of the absolute values of its terms, of which its error is a share. `size`
/// are the rows and columns of the pictures and of the results.
fn depthwise_by_definition(
    pictures: Framed,
    [outer, inner]: [[usize; 2]; 2],
    weight: &[f32],
    [channels, side, stride]: [usize; 3],
    way: Way,
    input: &[f32],
    fused: &Fused,
) -> Vec<(f64, f64)> {
    let to = if way == Way::Forward { inner } else { outer };
    let place = |[height, width]: [usize; 2], picture: usize, y: usize, x: usize| {
        ((picture * height + y) * width + x) * channels
    };
    let mut sums = vec![(0.0, 0.0); pictures.count * to[0] * to[1] * channels];
    let mut add = |at: usize, term: f64| {
        sums[at].0 += term;
        sums[at].1 += term.abs();
    };
    let counts = |at: usize| {
        fused
            .mask
            .is_none_or(|Mask { values, most }| values[at] > 0.0 && most.is_none_or(|most| values[at] < most))
    };
    // What each pixel of the results has to do with each pixel of the pictures.
    for (picture, y, x) in (0..pictures.count)
        .flat_map(|picture| (0..inner[0]).flat_map(move |y| (0..inner[1]).map(move |x| (picture, y, x))))
    {
        for (dy, dx) in (0..side * side).map(|tap| (tap / side, tap % side)) {
            let row = (y * stride + dy).checked_sub(pictures.padding).filter(|row| *row < outer[0]);
            let column = (x * stride + dx).checked_sub(pictures.padding).filter(|column| *column < outer[1]);
            let (Some(row), Some(column)) = (row, column) else { continue };
            for channel in 0..channels {
                let pixel = place(outer, picture, row, column) + channel;
                let result = place(inner, picture, y, x) + channel;
                let (read, written) = if way == Way::Forward { (pixel, result) } else { (result, pixel) };
                if counts(read) {
                    let tap = f64::from(weight[(channel * side + dy) * side + dx]);
                    let factor = fused.silu.map_or(1.0, |numbers| silu_slope(numbers[read]));
                    add(written, f64::from(input[read]) * factor * tap);
                }
            }
        }
    }
    for at in 0..pictures.count * to[0] * to[1] * channels {
        add(at, fused.bias.map_or(0.0, |bias| f64::from(bias[at % channels])));
        add(at, fused.summand.map_or(0.0, |summand| f64::from(summand[at])));
    }
    sums.into_iter().map(|(sum, size)| (done(fused.after, sum), size)).collect()
}

/// The Euclidean distance of what was found from what was expected, and the latter's length.
fn distance(expected: &[f64], found: &[f32]) -> (f64, f64) {
    let norm =
        |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|number| number * number).sum::<f64>().sqrt();
    let off = norm(&mut expected.iter().zip(found).map(|(a, b)| a - f64::from(*b)));
    (off, norm(&mut expected.iter().copied()))
}

/// A row of any part of a batch is what it is alone, to the last bit.
#[test]
fn a_row_does_not_depend_on_the_others() {
    let (count, from, to) = (29, 300, 40);
    let (weight, input) = (numbers(1, from * to), numbers(2, count * from));
    for vectors in Vectors::all() {
        let matrix = Matrix::with(vectors, &weight, to, from, Way::Forward).expect("there are numbers");
        let mut whole = vec![0.0; count * to];
        product(&input, &matrix, &Fused::default(), &mut whole);
        for (row, expected) in input.chunks_exact(from).zip(whole.chunks_exact(to)) {
            let mut alone = vec![0.0; to];
            product(row, &matrix, &Fused::default(), &mut alone);
            assert_eq!(alone, expected);
        }
    }
}

/// Rows of results are the same to the last bit whichever of them are computed together: those of one picture or of all, from the
/// first on or from the middle of a picture.
#[test]
fn a_part_of_a_depthwise_convolution_is_what_it_is_in_the_whole() {
    let (channels, side) = (21, 5);
    let pictures = Framed { count: 3, height: 9, width: 10, padding: 2 };
    let weight = numbers(1, channels * side * side);
    for (vectors, stride, way) in Vectors::all()
        .flat_map(|vectors| [1, 2].map(|stride| (vectors, stride)))
        .flat_map(|(vectors, stride)| [Way::Forward, Way::Backward].map(|way| (vectors, stride, way)))
    {
        let filters =
            DepthwiseFilters::with(vectors, &weight, channels, side, stride, way).expect("it is supported");
        let (outer, inner) = ([pictures.height, pictures.width], pictures.results(side, stride));
        let (from, to) = if way == Way::Forward { (outer, inner) } else { (inner, outer) };
        let input = numbers(2, pictures.count * from[0] * from[1] * channels);
        let values = numbers(3, input.len());
        let (rows, row) = (pictures.count * to[0], to[1] * channels);
        let summand = numbers(4, rows * row);
        let mask = Some(Mask { values: &values, most: None });
        let part = |first: usize, count: usize| {
            let summand = Some(&summand[first * row..][..count * row]);
            let fused = Fused { mask, silu: Some(&values), summand, ..Fused::default() };
            let mut output = vec![f32::NAN; count * row];
            convolve_depthwise(pictures, first, &input, &filters, &fused, &mut output);
            output
        };
        let whole = part(0, rows);
        for (first, count) in [(0, 1), (to[0] - 1, 2), (to[0], to[0]), (3, rows - 3), (rows, 0)] {
            assert!(
                part(first, count) == whole[first * row..][..count * row],
                "{vectors}: {count} from {first}"
            );
        }
    }
}

/// A number that is none reaches the results that depend on it, through every function at the end, and no others.
#[test]
fn what_is_no_number_reaches_the_filters_around_it() {
    let pictures = Framed { count: 1, height: 4, width: 4, padding: 1 };
    let mut input = vec![0.0; 4 * 4 * 3];
    input[1] = f32::NAN;
    for (vectors, after) in Vectors::all()
        .flat_map(|vectors| [After::RELU, After::Clamp(0.0, 6.0), After::Silu].map(|after| (vectors, after)))
    {
        let filters =
            DepthwiseFilters::with(vectors, &[1.0; 27], 3, 3, 1, Way::Forward).expect("it is supported");
        let mut output = vec![0.0; input.len()];
        convolve_depthwise(pictures, 0, &input, &filters, &Fused { after, ..Fused::default() }, &mut output);
        for (place, number) in output.iter().enumerate() {
            let (pixel, channel) = (place / 3, place % 3);
            let near = pixel / 4 < 2 && pixel % 4 < 2 && channel == 1;
            assert_eq!(number.is_nan(), near, "{vectors}, {after:?}: {number} at {place}");
        }
    }
}

#[test]
fn only_some_depthwise_filters_are_supported() {
    for (side, stride) in [(3, 3), (4, 1), (9, 1), (1, 1), (0, 1), (3, 0)] {
        assert!(!supports_depthwise(side, stride));
        assert!(DepthwiseFilters::new(&vec![0.0; side * side], 1, side, stride, Way::Forward).is_none());
    }
    assert!(DepthwiseFilters::new(&[], 0, 3, 1, Way::Forward).is_none());
}

#[test]
#[should_panic(expected = "zeros around pictures")]
fn zeros_that_no_filter_leaves_are_refused() {
    let pictures = Framed { count: 1, height: 1, width: 1, padding: 3 };
    let Some(filters) = DepthwiseFilters::new(&[1.0; 9], 1, 3, 1, Way::Forward) else {
        panic!("there are no vectors here, so there are no zeros around pictures either");
    };
    convolve_depthwise(pictures, 0, &[1.0], &filters, &Fused::default(), &mut [0.0; 25]);
}

#[test]
fn a_silu_is_exact_to_a_few_units_in_the_last_place() {
    let input: Vec<f32> = (-900..900).map(|tenth| tenth as f32 / 10.0).collect();
    for vectors in Vectors::all() {
        let matrix = Matrix::with(vectors, &[1.0], 1, 1, Way::Forward).expect("there are numbers");
        let mut found = vec![0.0; input.len()];
        product(&input, &matrix, &Fused { after: After::Silu, ..Fused::default() }, &mut found);
        for (x, found) in input.iter().zip(&found) {
            let expected = done(After::Silu, f64::from(*x));
            let off = (expected - f64::from(*found)).abs();
            assert!(off <= 1e-6 * expected.abs() + 1e-35, "{x}: {found} instead of {expected}");
        }
        let mut alone = vec![f32::NAN; input.len()];
        silu(vectors, &input, &mut alone);
        assert_eq!(alone, found, "{vectors}: a product's function at the end is the same");
    }
}

/// Where the derivative is nearly zero, its error is a share of its terms.
#[test]
fn a_silu_has_its_derivative() {
    let points: Vec<f32> = (-900..900).map(|tenth| tenth as f32 / 10.0).collect();
    for vectors in Vectors::all() {
        let matrix = Matrix::with(vectors, &[1.0], 1, 1, Way::Backward).expect("there are numbers");
        let mut found = vec![0.0; points.len()];
        let fused = Fused { silu: Some(&points), ..Fused::default() };
        product(&vec![1.0; points.len()], &matrix, &fused, &mut found);
        for (x, found) in points.iter().zip(&found) {
            let off = (silu_slope(*x) - f64::from(*found)).abs();
            let sigmoid = 1.0 / (1.0 + (-f64::from(*x)).exp());
            let size = sigmoid * (1.0 + f64::from(x.abs()));
            assert!(off <= 1e-6 * size + 1e-35, "{x}: {found} instead of {}", silu_slope(*x));
        }
    }
}

/// More tiles than one block has, whose number is not a multiple of those of a block.
#[test]
fn a_convolution_may_have_several_blocks() {
    for transformed in [0, usize::MAX] {
        let case = Case {
            pictures: Pictures { count: 3, height: 37, width: 22, surroundings: Surroundings::Zeros },
            inputs: 32,
            outputs: 32,
            seed: 5,
            way: Way::Forward,
            transformed,
            mask: true,
            most: None,
            bias: true,
            summand: true,
            after: After::RELU,
        };
        assert!(distances(&case).iter().all(|(off, size)| *off <= 1e-5 * size));
    }
}

#[test]
fn a_silu_of_a_large_number_is_that_number_or_nothing() {
    let large = [100.0, 1e10, 1e30, 1e38, f32::MAX];
    for vectors in Vectors::all() {
        let matrix = Matrix::with(vectors, &[1.0], 1, 1, Way::Forward).expect("there is a number");
        let silu = |x: f32| {
            let mut found = [0.0];
            product(&[x], &matrix, &Fused { after: After::Silu, ..Fused::default() }, &mut found);
            found[0]
        };
        for x in large {
            assert_eq!(silu(x), x, "{vectors}");
            assert!(silu(-x).abs() < 1e-36, "{vectors}: {} instead of 0 for {:e}", silu(-x), -x);
        }
        assert_eq!(silu(f32::INFINITY), f32::INFINITY);
    }
}

/// As a sum in 32-bit floats has it, and no other row changes by that.
#[test]
fn an_infinite_number_makes_its_results_infinite() {
    // More numbers than are summed at a time, and a bias, a summand and a limit, of which some apply to parts of a sum only.
    let (count, from, to) = (40, 1500, 70);
    let (weight, input) = (numbers(1, from * to), numbers(2, count * from));
    let (bias, summand) = (numbers(3, to), numbers(4, count * to));
    let fused = Fused { bias: Some(&bias), summand: Some(&summand), after: After::RELU, ..Fused::default() };
    for vectors in Vectors::all() {
        let matrix = Matrix::with(vectors, &weight, to, from, Way::Forward).expect("there are numbers");
        let found = |input: &[f32]| {
            let mut output = vec![0.0; count * to];
            product(input, &matrix, &fused, &mut output);
            output
        };
        let finite = found(&input);
        for (place, number) in
            [(7, f32::INFINITY), (1400, f32::NEG_INFINITY), (1400, f32::MAX), (3, f32::NAN)]
        {
            let mut input = input.clone();
            input[33 * from + place] = number;
            let output = found(&input);
            for (at, (found, finite)) in output.iter().zip(&finite).enumerate() {
                let (row, column) = (at / to, at % to);
                let term = weight[column * from + place] * number;
                match row == 33 {
                    false => assert_eq!(found, finite, "{vectors}: row {row} with {number} in row 33"),
                    true if number.is_nan() => assert!(found.is_nan(), "{vectors}: {found}"),
                    true if number.is_infinite() => assert_eq!(*found, term.max(0.0), "{vectors}: {number}"),
                    true => {
                        let off = (found - term.max(0.0)).abs();
                        assert!(off <= 1e-6 * term.abs(), "{vectors}: {found} for {term}");
                    }
                }
            }
        }
    }
}

/// Numbers of very different sizes, each with all its bits.
#[test]
fn every_bit_of_a_number_counts() {
    for vectors in Vectors::all() {
        for exponent in -60..60 {
            let input: Vec<f32> = numbers(5, 64).iter().map(|x| x * 2_f32.powi(exponent)).collect();
            // An identity matrix, which leaves each number as it is.
            let weight: Vec<f32> = (0..64 * 64).map(|at| f32::from(u8::from(at / 64 == at % 64))).collect();
            let matrix = Matrix::with(vectors, &weight, 64, 64, Way::Forward).expect("there are numbers");
            let mut output = vec![0.0; 64];
            product(&input, &matrix, &Fused::default(), &mut output);
            assert_eq!(output, input, "{vectors}, 2 to the power of {exponent}");
            // The numbers as a matrix, with rows in which one is 1 and the others 0.
            let matrix = Matrix::with(vectors, &input, 64, 1, Way::Forward).expect("there are numbers");
            product(&[1.0], &matrix, &Fused::default(), &mut output);
            assert_eq!(output, input, "{vectors}, 2 to the power of {exponent}");
        }
    }
}

#[test]
fn what_is_no_number_stays_none() {
    let weight = vec![1.0; 32 * 32 * 9];
    let mut input = vec![0.0; 4 * 4 * 32];
    input[0] = f32::NAN;
    let pictures = Pictures { count: 1, height: 4, width: 4, surroundings: Surroundings::Zeros };
    for (vectors, after) in Vectors::all()
        .flat_map(|vectors| [After::RELU, After::Clamp(0.0, 6.0), After::Silu].map(|after| (vectors, after)))
    {
        let fused = Fused { after, ..Fused::default() };
        let filters = Filters::with(vectors, &weight, 32, 32, Way::Forward).expect("32 channels");
        let mut output = vec![0.0; input.len()];
        convolve(pictures, &input, &filters, &fused, &mut output);
        assert!(output[0].is_nan(), "{vectors}, {after:?}");
        let matrix = Matrix::with(vectors, &[1.0; 4], 2, 2, Way::Forward).expect("there are numbers");
        let mut output = [0.0; 4];
        product(&[f32::NAN, 0.0, 1.0, 1.0], &matrix, &fused, &mut output);
        assert!(output[0].is_nan() && output[1].is_nan() && !output[2].is_nan(), "{after:?}: {output:?}");
    }
}

/// In whole vectors and in what is left of a row.
#[test]
fn an_input_counts_where_the_mask_is_no_number() {
    let (count, from) = (3, 37);
    let input = vec![1.0; count * from];
    let values = vec![f32::NAN; count * from];
    for (vectors, most) in Vectors::all().flat_map(|vectors| [None, Some(0.5)].map(|most| (vectors, most))) {
        let fused = Fused { mask: Some(Mask { values: &values, most }), ..Fused::default() };
        let matrix =
            Matrix::with(vectors, &vec![1.0; from], 1, from, Way::Forward).expect("there are numbers");
        let mut output = vec![0.0; count];
        product(&input, &matrix, &fused, &mut output);
        assert_eq!(output, vec![from as f32; count], "{vectors}");
    }
}

/// Nothing beyond a row is read or written: neither a bias nor a summand nor a result is a whole number of vectors.
#[test]
fn what_lies_behind_a_row_stays() {
    let from = 5;
    for (vectors, to) in Vectors::all().flat_map(|vectors| (1..70).map(move |to| (vectors, to))) {
        let weight = numbers(to as u32, from * to);
        let matrix = Matrix::with(vectors, &weight, to, from, Way::Forward).expect("there are numbers");
        for after in [After::NOTHING, After::Silu] {
            let mut output = vec![7.0; to + 64];
            let (bias, summand) = (vec![1.0; to].into_boxed_slice(), vec![1.0; to].into_boxed_slice());
            let fused = Fused { bias: Some(&bias), summand: Some(&summand), after, ..Fused::default() };
            product(&[1.0; 5], &matrix, &fused, &mut output[..to]);
            assert!(output[to..].iter().all(|number| *number == 7.0), "{vectors}, {to} columns");
        }
    }
}

#[test]
#[should_panic(expected = "a weight of")]
fn a_weight_whose_size_overflows_is_another_size() {
    Filters::new(&[], 1 << 59, 32, Way::Forward);
}

#[test]
fn only_channels_in_multiples_of_32_are_supported() {
    assert!(!supports(32, 0));
    assert!(!supports(48, 32));
    assert!(Filters::new(&vec![0.0; 32 * 16 * 9], 32, 16, Way::Forward).is_none());
}

/// Otherwise the tests would pass on such a processor without having computed anything.
#[cfg(target_arch = "aarch64")]
#[test]
fn every_64_bit_arm_processor_has_vectors() {
    assert!(crate::available());
}
