//! The quality of probabilities.

/// The area under the ROC curve: the probability that a positive scores above a negative, ties counting half (Mann and
/// Whitney's U over the number of pairs). `None` unless there are both positives and negatives.
pub fn auroc(scored: impl IntoIterator<Item = (f64, bool)>) -> Option<f64> {
    let (mut positives, mut negatives) = (Vec::new(), Vec::new());
    for (score, positive) in scored {
        if positive { positives.push(score) } else { negatives.push(score) }
    }
    if positives.is_empty() || negatives.is_empty() {
        return None;
    }
    negatives.sort_by(f64::total_cmp);
    let wins = |score: &f64| {
        let below = negatives.partition_point(|other| other < score);
        let not_above = negatives.partition_point(|other| other <= score);
        (below + not_above) as f64 / 2.0
    };
    let total: f64 = positives.iter().map(wins).sum();
    Some(total / (positives.len() * negatives.len()) as f64)
}

/// Sorted scores, to compute the area under the ROC curve for many weightings.
#[derive(Debug, Clone)]
pub struct Ranked {
    /// By stratum, in ascending order of the score.
    order: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    number: usize,
    positive: bool,
    /// Whether the next row has the same score, in the same stratum.
    tied: bool,
    /// Whether it is the last one of its stratum.
    last: bool,
}

impl Ranked {
    /// Sorts the scores. `None` if one is NaN, or if the lists differ in length.
    pub fn new(scores: &[f64], positive: &[bool]) -> Option<Ranked> {
        Ranked::within(scores, positive, &vec![0; scores.len()])
    }

    /// The same in strata, of which each row names its own: only positives and negatives of one stratum are compared.
    pub fn within(scores: &[f64], positive: &[bool], strata: &[usize]) -> Option<Ranked> {
        let as_long = scores.len() == positive.len() && scores.len() == strata.len();
        if !as_long || scores.iter().any(|score| score.is_nan()) {
            return None;
        }
        let mut rows: Vec<usize> = (0..scores.len()).collect();
        rows.sort_by(|&a, &b| strata[a].cmp(&strata[b]).then(scores[a].total_cmp(&scores[b])));
        let row = |at: usize| {
            let number = rows[at];
            let next = rows.get(at + 1).filter(|&&next| strata[next] == strata[number]);
            let tied = next.is_some_and(|&next| scores[next] == scores[number]);
            Row { number, positive: positive[number], tied, last: next.is_none() }
        };
        Some(Ranked { order: (0..rows.len()).map(row).collect() })
    }

    /// The area with weighted rows; with all weights one, and one stratum, it is [`auroc`]. With several, it is the share of
    /// the pairs of one stratum that are in the right order. `None` if no stratum has both positives and negatives of some
    /// weight, or if the number of weights is not the number of rows.
    pub fn auroc(&self, weights: &[f64]) -> Option<f64> {
        if weights.len() != self.order.len() {
            return None;
        }
        let (mut wins, mut pairs) = (0.0, 0.0);
        let (mut below, mut positives) = (0.0, 0.0);
        // Of the rows that share a score.
        let mut tied = [0.0; 2];
        for &Row { number, positive, tied: same, last } in &self.order {
            tied[usize::from(positive)] += weights[number];
            if !same {
                wins += tied[1] * (below + tied[0] / 2.0);
                below += tied[0];
                positives += tied[1];
                tied = [0.0; 2];
            }
            if last {
                pairs += below * positives;
                (below, positives) = (0.0, 0.0);
            }
        }
        (pairs > 0.0).then(|| wins / pairs)
    }
}

/// Brier's score (1950) for one class against the rest: the mean squared distance between the probability and the true
/// label, 0 to 1; a constant probability of one half gives 0.25. `None` without pictures.
pub fn brier(scored: &[(f64, bool)]) -> Option<f64> {
    let square = |&(score, positive): &(f64, bool)| (score - f64::from(u8::from(positive))).powi(2);
    (!scored.is_empty()).then(|| scored.iter().map(square).sum::<f64>() / scored.len() as f64)
}

/// The number of bins of equal width in which probabilities are compared with true frequencies.
const BINS: usize = 10;

/// The expected calibration error (Naeini, Cooper and Hauskrecht, 2015) of one class against the rest: in ten bins of equal
/// width, the distance between the mean probability and the true frequency, weighted by the bin's number of pictures. It
/// lies between 0 and 1; with few pictures, it is well above 0 even for a perfect model. `None` without pictures.
pub fn calibration_error(scored: &[(f64, bool)]) -> Option<f64> {
    let mut bins = [(0.0_f64, 0.0_f64); BINS];
    for &(score, positive) in scored {
        // A probability on a border belongs to the bin below it, as in the paper's intervals.
        let bin = ((score * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        bins[bin].0 += score;
        bins[bin].1 += f64::from(u8::from(positive));
    }
    let apart: f64 = bins.iter().map(|(scores, positives)| (scores - positives).abs()).sum();
    (!scored.is_empty()).then(|| apart / scored.len() as f64)
}
