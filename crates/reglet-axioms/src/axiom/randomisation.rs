//! Parameter randomisation: a network with other weights has another map.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reglet_attribution::AttributionError;
use reglet_model::{Activation, Graph, Layout, Op, Parameters, Pool};
use tch::{Kind, Tensor};

use super::short;
use crate::{Counterexample, Network, Subject, Verdict};

/// The number of pairs of networks that are compared.
const PAIRS: usize = 4;

/// Above this mean rank correlation, a map counts as independent of the weights.
const ALIKE: f64 = 0.5;

/// The side of the picture.
const SIDE: i64 = 16;

pub(super) fn examine(subject: &Subject) -> Result<Verdict, AttributionError> {
    let mut upper = ChaCha8Rng::seed_from_u64(u64::MAX);
    let picture = picture();
    let fails = |finding| Ok(Verdict::Fails(Box::new(Counterexample { case: None, finding })));
    let mut total = 0.0;
    for pair in 0..PAIRS {
        let lower = ChaCha8Rng::seed_from_u64(pair as u64);
        let mut map = || -> Result<Vec<f64>, AttributionError> {
            let found = subject(&network(&lower, &mut upper), &picture, &[0])?;
            let map = found.f_to_kind(Kind::Double)?.f_abs()?.f_amax([1_i64].as_slice(), false)?;
            Ok(Vec::try_from(map.f_contiguous()?.f_view([-1])?)?)
        };
        let (one, other) = (map()?, map()?);
        if one.iter().chain(&other).any(|value| !value.is_finite()) {
            return fails("a map is not finite".to_owned());
        }
        total += rank_correlation(&one, &other);
    }
    let mean = total / PAIRS as f64;
    if mean < ALIKE {
        return Ok(Verdict::Holds);
    }
    fails(format!(
        "maps of networks that share their lower half alone have a mean rank correlation of {}",
        short(mean)
    ))
}

/// A bright disc with a dark line across it, on grey: a picture with edges.
fn picture() -> Tensor {
    let value = |place: i64| {
        let (row, column) = ((place / SIDE % SIDE) as f64 - 7.0, (place % SIDE) as f64 - 9.0);
        let disc = if row.hypot(column) < 4.5 { 1.5 } else { -0.3 };
        if (row - column).abs() < 1.2 { -1.5 } else { disc }
    };
    let values: Vec<f64> = (0..3 * SIDE * SIDE).map(value).collect();
    Tensor::from_slice(&values).view([1, 3, SIDE, SIDE])
}

/// Four convolutions of 32 channels with ReLUs and a linear layer. The weights of the first two convolutions are drawn from
/// `lower`, all others from `upper`.
fn network(lower: &ChaCha8Rng, upper: &mut ChaCha8Rng) -> Network {
    let mut lower = lower.clone();
    let mut tensors = Vec::new();
    let (mut graph, mut value) = Graph::new();
    let mut parameter = |graph: &mut Graph, name: String, shape: &[i64], random: &mut ChaCha8Rng| {
        let fan_in: i64 = shape[1..].iter().product();
        let scale = (6.0 / fan_in as f64).sqrt();
        let mut draw = || random.random_range(-scale..scale);
        let values: Vec<f64> = (0..shape.iter().product()).map(|_: i64| draw()).collect();
        tensors.push(Tensor::from_slice(&values).view(shape));
        graph.parameter(name, shape, true)
    };
    for (layer, from) in [(1, 3), (2, 32), (3, 32), (4, 32)] {
        let random = if layer <= 2 { &mut lower } else { &mut *upper };
        let weight = parameter(&mut graph, format!("conv{layer}.weight"), &[32, from, 3, 3], random);
        let op = Op::Conv2d { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 };
        value = graph.call(&format!("conv{layer}"), op, &[value, weight]);
        value = graph.call(&format!("relu{layer}"), Op::Activation(Activation::Relu), &[value]);
    }
    value = graph.call("pool", Op::Pool(Pool::AdaptiveAverage { output: [4, 4] }), &[value]);
    value = graph.call("flatten", Op::Layout(Layout::Flatten { start: 1, end: -1 }), &[value]);
    let weight = parameter(&mut graph, "fc.weight".to_owned(), &[2, 512], upper);
    value = graph.call("fc", Op::Linear, &[value, weight]);
    graph.set_output(value);
    Network::new(graph, Parameters::from_tensors(tensors), "conv4")
}

/// Spearman's rank correlation; equal values have the mean of their ranks. Zero if one side is constant, and one if both are: such
/// maps are alike.
fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    match (product(&a, &a), product(&b, &b)) {
        (0.0, 0.0) => 1.0,
        (0.0, _) | (_, 0.0) => 0.0,
        (one, other) => product(&a, &b) / (one * other).sqrt(),
    }
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for group in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + (group.len() as f64 - 1.0) / 2.0;
        group.iter().for_each(|&index| ranks[index] = rank);
        first += group.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    // scipy.stats.spearmanr([1, 2, 2, 5, 0], [3, 3, 1, 4, 2]).statistic
    #[test]
    fn rank_correlation_is_scipys() {
        let found = rank_correlation(&[1.0, 2.0, 2.0, 5.0, 0.0], &[3.0, 3.0, 1.0, 4.0, 2.0]);
        assert!((found - SCIPY).abs() < 1e-12, "{found}");
    }

    const SCIPY: f64 = 0.5;

    #[test]
    fn constant_maps_are_alike() {
        assert_eq!(rank_correlation(&[0.0; 4], &[2.0; 4]), 1.0);
        assert_eq!(rank_correlation(&[0.0; 4], &[2.0, 1.0, 3.0, 4.0]), 0.0);
    }
}
