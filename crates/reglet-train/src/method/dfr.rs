//! Last-layer retraining.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reglet_model::Head;
use reglet_statistics::auroc;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fold::HeadWeights;
use super::{About, Case, Corrected, CorrectionMethod, Needs};
use crate::lasso::Lasso;
use crate::{Features, Progress, TrainError};

/// DFR: the network is unchanged, and its last layer is fitted again on the same number of pictures from each group of class
/// and artefact, by ℓ1-penalised logistic regression on the standardised features, ‖w‖₁ + C Σ log(1 + exp(−y (w · x + b))).
/// C is chosen to give the best result for the worst group when one half of the pictures is used for fitting and the other
/// half for testing. The result is the mean of several fits, each on another balanced subsample. With more than two classes,
/// each class is fitted against all others.
///
/// * **Needs** to know for each picture whether it shows the artefact, at least four in each group, and a linear last layer
///   with a bias. Best with pictures that the network was not trained on.
/// * **Facts**: `class_auroc`: how well the features separate the classes on the half that was not used for fitting,
///   independently of the original last layer; near 0.5, the features are not informative and retraining is futile.
/// * **Defaults** are the authors': C from 1, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01; 20 refits. The authors' solver penalises the
///   intercept; this one does not.
/// * **Paper**: Kirichenko, Izmailov and Wilson, *Last layer re-training is sufficient for robustness to spurious correlations*,
///   2022, <https://arxiv.org/abs/2204.02937>.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dfr {
    /// The values of C to try, above 0.
    pub c: Vec<f64>,
    /// The number of refits whose mean is the result, 1 to 1000.
    pub refits: usize,
}

impl Default for Dfr {
    fn default() -> Self {
        Dfr { c: vec![1.0, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01], refits: 20 }
    }
}

const NAME: &str = "last-layer retraining";

/// One logistic regression for each class against the others; a single one for two classes.
type Fits = Vec<Lasso>;

/// The standardised features of the training pictures.
struct Standard {
    rows: Vec<f64>,
    width: usize,
    mean: Vec<f64>,
    scale: Vec<f64>,
}

impl Standard {
    fn of(features: &Features) -> Standard {
        let Features { values, width } = features;
        let count = features.rows() as f64;
        let mut mean = vec![0.0; *width];
        for row in values.chunks_exact(*width) {
            mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value) / count);
        }
        let mut scale = vec![0.0; *width];
        for row in values.chunks_exact(*width) {
            scale
                .iter_mut()
                .zip(row.iter().zip(&mean))
                .for_each(|(sum, (value, mean))| *sum += (f64::from(*value) - mean).powi(2) / count);
        }
        // A feature that does not vary carries no information and stays zero.
        scale.iter_mut().for_each(|sum| *sum = if *sum > 1e-16 { sum.sqrt() } else { f64::INFINITY });
        let row = |row: &[f32]| -> Vec<f64> {
            row.iter().zip(mean.iter().zip(&scale)).map(|(v, (m, s))| (f64::from(*v) - m) / s).collect()
        };
        let rows = values.chunks_exact(*width).flat_map(row).collect();
        Standard { rows, width: *width, mean, scale }
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.rows[row * self.width..(row + 1) * self.width]
    }

    /// Fits on these rows with the given classes.
    fn fit(&self, rows: &[usize], classes: &[usize], count: usize, c: f64) -> Option<Fits> {
        let values: Vec<f64> = rows.iter().flat_map(|&row| self.row(row)).copied().collect();
        let of = |class: usize| {
            let labels: Vec<bool> = rows.iter().map(|&row| classes[row] == class).collect();
            Lasso::fit(&values, self.width, &labels, c)
        };
        if count == 2 { Some(vec![of(1)?]) } else { (0..count).map(of).collect() }
    }
}

/// The class with the highest log odds.
fn judge(fits: &Fits, row: &[f64]) -> usize {
    if let [one] = fits.as_slice() {
        return usize::from(one.score(row) > 0.0);
    }
    let scores = fits.iter().map(|fit| fit.score(row)).enumerate();
    scores.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(class, _)| class)
}

/// A random sample with the same number of rows from each group.
fn balanced(groups: &[Vec<usize>], random: &mut ChaCha8Rng) -> Vec<usize> {
    let least = groups.iter().map(Vec::len).min().unwrap_or(0);
    let mut drawn = Vec::with_capacity(least * groups.len());
    for group in groups {
        let mut own = group.clone();
        own.shuffle(random);
        drawn.extend(own.into_iter().take(least));
    }
    drawn
}

impl CorrectionMethod for Dfr {
    fn about(&self) -> &'static About {
        const {
            &About {
                title: "Last-layer retraining (DFR)",
                needs: Needs { flags: true, masks: false, edits: false, head: true, training: false },
                paper: "https://arxiv.org/abs/2204.02937",
            }
        }
    }

    fn check(&self) -> Result<(), TrainError> {
        if self.c.is_empty() || self.c.iter().any(|c| !(c.is_finite() && *c > 0.0)) {
            let what = format!("c is {:?}, but must be at least one number, each above 0", self.c);
            return Err(TrainError::Parameter { key: "c", what });
        }
        if !(1..=1000).contains(&self.refits) {
            let what = format!("refits is {}, but must be from 1 to 1000", self.refits);
            return Err(TrainError::Parameter { key: "refits", what });
        }
        Ok(())
    }

    fn fits(&self, case: &Case<'_>) -> Result<(), TrainError> {
        HeadWeights::of(case.model, NAME)?;
        case.check_groups(NAME, 4)
    }

    fn correct(&self, case: &Case<'_>, _: &mut dyn FnMut(&Progress)) -> Result<Corrected, TrainError> {
        self.fits(case)?;
        let (head, place) = HeadWeights::of(case.model, NAME)?;
        let why = "this model's is applied at each position of a picture".to_owned();
        let features = case.pool.features(case.model, case.train)?;
        let features = features.ok_or(TrainError::NoLinearHead { method: NAME, why })?;
        let standard = Standard::of(&features);
        let kinds: Vec<usize> = case.train.iter().filter_map(|&place| case.pool.kind(place)).collect();
        let classes: Vec<usize> = kinds.iter().map(|kind| kind / 2).collect();
        let count = case.model.classes().count();
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); 2 * count];
        kinds.iter().enumerate().for_each(|(row, &kind)| groups[kind].push(row));
        groups.retain(|group| !group.is_empty());

        let mut random = ChaCha8Rng::seed_from_u64(case.seed);
        let (mut fitted, mut asked) = (Vec::new(), Vec::new());
        for group in &groups {
            let mut own = group.clone();
            own.shuffle(&mut random);
            let other = own.split_off(own.len() / 2);
            fitted.push(own);
            asked.push(other);
        }
        let half = balanced(&fitted, &mut random);
        let tried: Vec<Option<(f64, Fits)>> = self
            .c
            .par_iter()
            .map(|&c| {
                let fits = standard.fit(&half, &classes, count, c)?;
                let right = |group: &Vec<usize>| {
                    let right =
                        group.iter().filter(|&&row| judge(&fits, standard.row(row)) == classes[row]).count();
                    right as f64 / group.len() as f64
                };
                Some((asked.iter().map(right).fold(1.0, f64::min), fits))
            })
            .collect();
        let missing = || TrainError::EmptyGroup {
            method: NAME,
            artefact: case.pool.artefact().to_owned(),
            group: "of some class".to_owned(),
            found: 0,
            least: 4,
        };
        // Among equally good ones the first, which has the smallest penalty.
        let mut chosen: Option<(f64, f64, &Fits)> = None;
        for (&c, tried) in self.c.iter().zip(&tried) {
            if let Some((worst, fits)) = tried
                && chosen.is_none_or(|(_, best, _)| *worst > best)
            {
                chosen = Some((c, *worst, fits));
            }
        }
        let (c, worst, fits) = chosen.ok_or_else(missing)?;
        let ranked = asked.iter().flatten().map(|&row| {
            let own = if count == 2 { 0 } else { classes[asked[0][0]] };
            (
                fits[own].score(standard.row(row)),
                if count == 2 { classes[row] == 1 } else { classes[row] == own },
            )
        });
        let class_auroc = auroc(ranked).unwrap_or(f64::NAN);

        let subsamples: Vec<Vec<usize>> = (0..self.refits).map(|_| balanced(&groups, &mut random)).collect();
        let refits: Vec<Fits> = subsamples
            .par_iter()
            .map(|rows| standard.fit(rows, &classes, count, c))
            .collect::<Option<_>>()
            .ok_or_else(missing)?;
        let head = mean_head(&refits, &standard, &head, case.model.classes().head());
        let (parameters, changed) = head.put(case.model, place)?;
        let kept: usize = groups.iter().map(Vec::len).min().unwrap_or(0) * groups.len();
        let facts = vec![
            ("c", c),
            ("worst_on_half", worst),
            ("class_auroc", class_auroc),
            ("pictures_a_fit", kept as f64),
        ];
        case.corrected(parameters, changed, facts)
    }
}

/// The head whose log odds are the mean of those of the refits, for features that are not standardised.
fn mean_head(refits: &[Fits], standard: &Standard, old: &HeadWeights, head: Head) -> HeadWeights {
    let rows = refits[0].len();
    let mut odds: Vec<(Vec<f64>, f64)> = vec![(vec![0.0; standard.width], 0.0); rows];
    for fits in refits {
        for ((weights, bias), fit) in odds.iter_mut().zip(fits) {
            *bias += fit.intercept / refits.len() as f64;
            for (place, weight) in fit.weights.iter().enumerate() {
                let own = weight / standard.scale[place] / refits.len() as f64;
                weights[place] += own;
                *bias -= own * standard.mean[place];
            }
        }
    }
    // The difference of two logits, or one logit, is the log odds.
    let logits: Vec<(Vec<f64>, f64)> = match (odds.as_slice(), head) {
        ([one], Head::Softmax) => {
            [-0.5, 0.5].map(|factor| (one.0.iter().map(|w| factor * w).collect(), factor * one.1)).to_vec()
        }
        ([one], Head::MultiLabel) => {
            [-1.0, 1.0].map(|factor| (one.0.iter().map(|w| factor * w).collect(), factor * one.1)).to_vec()
        }
        (all, _) => all.to_vec(),
    };
    HeadWeights {
        weight: logits.iter().flat_map(|(weights, _)| weights.clone()).collect(),
        bias: logits.iter().map(|(_, bias)| *bias).collect(),
        width: old.width,
    }
}
