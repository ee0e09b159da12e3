//! What a classifier's logits mean.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::ModelError;
use crate::nearest::nearest;

/// The 1000 classes of ImageNet as torchvision names them (`torchvision.models._meta`).
const IMAGENET: &str = include_str!("../data/imagenet.txt");

/// The classes of a classifier and how its logits encode them.
///
/// A classifier with two or more logits is read through a softmax; which score of a class is explained is a
/// [`ScoreKind`]. One with a single logit is binary and read through a sigmoid: its classes are 0, the negative, with
/// score −logit, and 1, the positive, with score logit. So either class can be a target, and a positive attribution
/// always speaks *for* the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classes {
    labels: Vec<String>,
    sigmoid: bool,
    score: ScoreKind,
}

/// Which number of a class is explained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScoreKind {
    /// The class's logit, as Captum and most tools have it. What only the other logits know is not seen by it, although it
    /// moves the probability as much.
    #[default]
    Logit,
    /// The log odds against all other classes, ln p / (1 − p): the class's logit less the logarithm of the sum of the
    /// other logits' exponentials. Whatever moves the probability moves it.
    Margin,
    /// The probability. Its gradient vanishes where the model is sure.
    Probability,
}

impl std::str::FromStr for ScoreKind {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<ScoreKind, ModelError> {
        match text {
            "logit" => Ok(ScoreKind::Logit),
            "margin" => Ok(ScoreKind::Margin),
            "probability" => Ok(ScoreKind::Probability),
            other => Err(ModelError::Preprocessing {
                what: format!("there is no score '{other}'; choose logit, margin or probability"),
            }),
        }
    }
}

impl Classes {
    /// The classes of a model with `logits` outputs, called `labels`; without labels, ImageNet's names if
    /// there are 1000, else the indices.
    ///
    /// # Errors
    /// [`ModelError::LabelCount`].
    pub fn new(logits: i64, labels: Option<Vec<String>>) -> Result<Classes, ModelError> {
        let sigmoid = logits == 1;
        let count = if sigmoid { 2 } else { logits.max(0) as usize };
        let labels = labels.unwrap_or_else(|| match count {
            1000 => IMAGENET.lines().map(str::to_owned).collect(),
            _ => (0..count).map(|index| index.to_string()).collect(),
        });
        if labels.len() != count {
            return Err(ModelError::LabelCount { labels: labels.len(), classes: count });
        }
        Ok(Classes { labels, sigmoid, score: ScoreKind::default() })
    }

    /// The same classes called `labels`.
    ///
    /// # Errors
    /// [`ModelError::LabelCount`].
    pub fn renamed(&self, labels: Vec<String>) -> Result<Classes, ModelError> {
        if labels.len() != self.count() {
            return Err(ModelError::LabelCount { labels: labels.len(), classes: self.count() });
        }
        Ok(Classes { labels, ..self.clone() })
    }

    /// The same classes, of which another score is explained.
    pub fn with_score(&self, score: ScoreKind) -> Classes {
        Classes { score, ..self.clone() }
    }

    /// Which score is explained.
    pub fn score(&self) -> ScoreKind {
        self.score
    }

    /// The labels, by class index.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// How many classes there are: two for a single logit.
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// The class called `name`: a label (in any case), one of the comma-separated names of a label, or an
    /// index.
    ///
    /// # Errors
    /// [`ModelError::UnknownClass`] with the nearest labels.
    pub fn find(&self, name: &str) -> Result<usize, ModelError> {
        let same = |label: &str| label.trim().eq_ignore_ascii_case(name.trim());
        let exact = self.labels.iter().position(|label| same(label));
        let index = || name.trim().parse().ok().filter(|&index: &usize| index < self.count());
        let part = || self.labels.iter().position(|label| label.split(',').any(same));
        exact.or_else(index).or_else(part).ok_or_else(|| ModelError::UnknownClass {
            name: name.to_owned(),
            count: self.count(),
            nearest: nearest(name, self.labels.iter().map(String::as_str)),
        })
    }

    /// The score of each row's target, as [`score`](Classes::score) says: `[N]` from logits `[N, classes]` and one class index for each row.
    ///
    /// # Errors
    /// [`ModelError::UnknownClass`] for an index that is out of range.
    pub fn scores(&self, logits: &Tensor, targets: &[usize]) -> Result<Tensor, ModelError> {
        if let Some(wrong) = targets.iter().find(|&&target| target >= self.count()) {
            let name = wrong.to_string();
            return Err(ModelError::UnknownClass { name, count: self.count(), nearest: Vec::new() });
        }
        let device = logits.device();
        if self.sigmoid {
            let signs: Vec<f32> = targets.iter().map(|&t| if t == 1 { 1.0 } else { -1.0 }).collect();
            let signs = Tensor::f_from_slice(&signs)?.f_to_device(device)?.f_to_kind(logits.kind())?;
            let logit = logits.f_select(1, 0)?.f_mul(&signs)?;
            return Ok(if self.score == ScoreKind::Probability { logit.f_sigmoid()? } else { logit });
        }
        let targets: Vec<i64> = targets.iter().map(|&target| target as i64).collect();
        let index = Tensor::f_from_slice(&targets)?.f_to_device(device)?.f_unsqueeze(1)?;
        let chosen = |values: &Tensor| values.f_gather(1, &index, false)?.f_squeeze_dim(1);
        let logit = chosen(logits)?;
        Ok(match self.score {
            ScoreKind::Logit => logit,
            ScoreKind::Probability => chosen(&logits.f_softmax(1, logits.kind())?)?,
            ScoreKind::Margin => {
                let others = logits.f_scatter_value(1, &index, f64::NEG_INFINITY)?;
                logit.f_sub(&others.f_logsumexp([1i64].as_slice(), false)?)?
            }
        })
    }

    /// The probabilities `[N, classes]` that logits stand for.
    ///
    /// # Errors
    /// [`ModelError::Torch`].
    pub fn probabilities(&self, logits: &Tensor) -> Result<Tensor, ModelError> {
        if self.sigmoid {
            let positive = logits.f_sigmoid()?;
            let negative = logits.f_neg()?.f_sigmoid()?;
            return Ok(Tensor::f_cat(&[negative, positive], 1)?);
        }
        Ok(logits.f_softmax(1, Kind::Float)?)
    }
}
