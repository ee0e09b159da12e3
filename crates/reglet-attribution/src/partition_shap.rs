//! Partition SHAP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coalitions::{Coalitions, Shares, segment_method};
use crate::passes::check_count;
use crate::{AttributionError, Baseline, Segmentation};

/// Owen values of segments: Shapley values of a game in which neighbours act together. The picture is halved recursively,
/// along its longer side and between segments, down to single segments. Each half is credited with the mean of its
/// contribution to the score without the other half and with it, and its own halves share this credit in the same way. Each
/// segment thus has its mean contribution over all orders in which no half is interrupted by the other. The value of a
/// segment is spread evenly over its pixels.
///
/// Parts are halved in the order of their share of the score, as long as evaluations remain. The value of a part that is not
/// halved is spread evenly, so a small budget gives a coarser map and not a noisier one; nothing is random.
///
/// * **Needs** scores only. **Cost**: two forward passes and at most `evaluations` more, in batches. With 2^k segments, all
///   segments are resolved after 2 (4^k − 1) / 3 evaluations: 170 for 16, 2730 for 64.
/// * **Axioms**: completeness exactly, with any budget. With a sufficient budget, also dummy, linearity and implementation
///   invariance exactly. Symmetry only between segments that the hierarchy treats alike.
/// * **Defaults** are SHAP's 500 evaluations, over a grid of 8 × 8, which is Reglet's own: SHAP halves down to single
///   pixels.
/// * **Paper**: Owen, 1977, <https://doi.org/10.1007/978-3-642-45494-3_7>; for pictures, SHAP's `PartitionExplainer`, Lundberg and
///   Lee, 2017, <https://arxiv.org/abs/1705.07874>.
///
/// ```
/// # use reglet_attribution::{AttributionError, PartitionShap};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = PartitionShap { evaluations: 60, ..PartitionShap::default() }.attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PartitionShap {
    /// The segments.
    pub segmentation: Segmentation,
    /// What replaces a segment that is absent.
    pub baseline: Baseline,
    /// The maximum number of coalitions whose score is computed: 1 to 100000.
    pub evaluations: usize,
}

impl Default for PartitionShap {
    fn default() -> Self {
        let (segmentation, baseline) = (Segmentation::default(), Baseline::default());
        PartitionShap { segmentation, baseline, evaluations: 500 }
    }
}

/// The number of parts that are halved at a time. It is fixed, because the choice of the next parts depends on the results,
/// and the result must not depend on the size of a pass.
const AT_A_TIME: usize = 16;

impl PartitionShap {
    fn shares(&self, coalitions: &Coalitions) -> Result<Shares, AttributionError> {
        let (from, to) = coalitions.ends()?;
        let whole = Part::of((0..coalitions.count()).collect(), &coalitions.centres()?);
        let of_segments = owen_values(&whole, (from, to), self.evaluations, |kept| coalitions.scores(kept))?;
        Ok(Shares { of_segments, rise: Some(to - from) })
    }

    fn check_counts(&self) -> Result<(), AttributionError> {
        check_count("Partition SHAP", "evaluations", self.evaluations)
    }

    fn counts(&self) -> Option<String> {
        Some(format!("{} evaluations", self.evaluations))
    }
}

segment_method!(
    PartitionShap,
    "Partition SHAP",
    "2 + evaluations forward, at most",
    "https://doi.org/10.1007/978-3-642-45494-3_7"
);

/// Segments that act together.
struct Part {
    segments: Vec<usize>,
    halves: Option<Box<[Part; 2]>>,
}

impl Part {
    /// Halves `segments`, whose centres (row and column) are given, along the longer side of their bounding box.
    fn of(mut segments: Vec<usize>, centres: &[[f64; 2]]) -> Part {
        if segments.len() < 2 {
            return Part { segments, halves: None };
        }
        let extent = |axis: usize| {
            let places = || segments.iter().map(|&segment| centres[segment][axis]);
            places().fold(f64::MIN, f64::max) - places().fold(f64::MAX, f64::min)
        };
        let axis = usize::from(extent(1) > extent(0));
        segments.sort_by(|&a, &b| centres[a][axis].total_cmp(&centres[b][axis]).then(a.cmp(&b)));
        let second = segments.split_off(segments.len() / 2);
        let halves = [Part::of(segments.clone(), centres), Part::of(second.clone(), centres)];
        segments.extend(second);
        Part { segments, halves: Some(Box::new(halves)) }
    }
}

/// A part in the presence of certain others, and its contribution to the score there.
struct Beside<'a> {
    part: &'a Part,
    /// The others: 1 for a segment that is present.
    kept: Vec<f64>,
    without: f64,
    with: f64,
    /// The weight of this case in the part's value.
    weight: f64,
}

impl Beside<'_> {
    fn credit(&self) -> f64 {
        self.weight * (self.with - self.without)
    }
}

/// The values of the segments of `whole`, when the score rises from the first to the second of `ends`. `score` is called for
/// a limited number of coalitions.
fn owen_values(
    whole: &Part,
    (without, with): (f64, f64),
    mut evaluations: usize,
    mut score: impl FnMut(&[Vec<f64>]) -> Result<Vec<f64>, AttributionError>,
) -> Result<Vec<f64>, AttributionError> {
    let count = whole.segments.len();
    let mut values = vec![0.0; count];
    let mut share_out = |case: Beside| {
        let share = case.credit() / case.part.segments.len() as f64;
        case.part.segments.iter().for_each(|&segment| values[segment] += share);
    };
    let mut open = vec![Beside { part: whole, kept: vec![0.0; count], without, with, weight: 1.0 }];
    loop {
        let (several, single): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|case| case.part.halves.is_some());
        single.into_iter().for_each(&mut share_out);
        open = several;
        open.sort_by(|a, b| b.credit().abs().total_cmp(&a.credit().abs()));
        let now = open.len().min(AT_A_TIME).min(evaluations / 2);
        if now == 0 {
            break;
        }
        evaluations -= 2 * now;
        let rest = open.split_off(now);
        let chosen = std::mem::replace(&mut open, rest);
        let cases: Vec<(&Beside, &[Part; 2])> =
            chosen.iter().filter_map(|case| Some((case, case.part.halves.as_deref()?))).collect();
        let joined = |case: &Beside, half: &Part| {
            let mut kept = case.kept.clone();
            half.segments.iter().for_each(|&segment| kept[segment] = 1.0);
            kept
        };
        let coalitions: Vec<Vec<f64>> = cases
            .iter()
            .flat_map(|(case, halves)| halves.each_ref().map(|half| joined(case, half)))
            .collect();
        let scores = score(&coalitions)?;
        for ((case, [first, second]), scores) in cases.iter().zip(scores.chunks(2)) {
            let (first_alone, second_alone) = (scores[0], scores[1]);
            for (part, kept, without, with) in [
                (first, case.kept.clone(), case.without, first_alone),
                (second, case.kept.clone(), case.without, second_alone),
                (first, joined(case, second), second_alone, case.with),
                (second, joined(case, first), first_alone, case.with),
            ] {
                open.push(Beside { part, kept, without, with, weight: case.weight / 2.0 });
            }
        }
    }
    open.into_iter().for_each(share_out);
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A game of six players with interactions of every order: any number for every coalition.
    fn worth(kept: &[f64]) -> f64 {
        let set: u32 = kept.iter().enumerate().map(|(player, kept)| (*kept as u32) << player).sum();
        f64::from(set.wrapping_mul(0x9E37_79B9) >> 16) / 65536.0
    }

    /// Two rows of three, numbered row by row: 0, 3 and 1 are one half, 4, 2 and 5 the other.
    fn hierarchy() -> Part {
        let centres: Vec<[f64; 2]> =
            (0..6).map(|player| [f64::from(player / 3), f64::from(player % 3)]).collect();
        Part::of((0..6).collect(), &centres)
    }

    /// All orders in which no half is interrupted by the other.
    fn orders(part: &Part) -> Vec<Vec<usize>> {
        let Some([first, second]) = part.halves.as_deref() else { return vec![part.segments.clone()] };
        let (first, second) = (orders(first), orders(second));
        let pairs = first.iter().flat_map(|a| second.iter().map(move |b| (a, b)));
        pairs.flat_map(|(a, b)| [[a.clone(), b.clone()].concat(), [b.clone(), a.clone()].concat()]).collect()
    }

    fn values(evaluations: usize) -> Vec<f64> {
        let ends = (worth(&[0.0; 6]), worth(&[1.0; 6]));
        let score = |kept: &[Vec<f64>]| Ok(kept.iter().map(|kept| worth(kept)).collect());
        owen_values(&hierarchy(), ends, evaluations, score).expect("a game")
    }

    #[test]
    fn values_are_the_mean_over_all_orders_that_the_hierarchy_allows() {
        let orders = orders(&hierarchy());
        assert_eq!(orders.len(), 32, "two for each of the five halvings");
        let mut expected = vec![0.0; 6];
        for order in &orders {
            let mut kept = vec![0.0; 6];
            for &player in order {
                let before = worth(&kept);
                kept[player] = 1.0;
                expected[player] += (worth(&kept) - before) / orders.len() as f64;
            }
        }
        for (found, expected) in values(1000).iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn a_part_that_is_left_whole_is_shared_out_evenly() {
        let rise = worth(&[1.0; 6]) - worth(&[0.0; 6]);
        for value in values(1) {
            assert!((value - rise / 6.0).abs() < 1e-12, "{value}");
        }
        for evaluations in [2, 5, 10, 17] {
            let sum: f64 = values(evaluations).iter().sum();
            assert!((sum - rise).abs() < 1e-12, "{evaluations}: {sum} {rise}");
        }
        let halved = values(2);
        for [a, b] in [[0, 3], [0, 1], [2, 5], [2, 4]] {
            assert_eq!(halved[a], halved[b], "{halved:?}");
        }
    }
}
