//! Describes what a classifier's logits mean.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::ModelError;
use crate::graph::Squashing;
use crate::nearest::nearest;

/// The 1000 classes of ImageNet as torchvision names them (`torchvision.models._meta`).
const IMAGENET: &str = include_str!("../data/imagenet.txt");

/// How the logits at the end of a network become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// The picture has exactly one of two or more classes: a softmax over the logits.
    Softmax,
    /// One logit for two classes, 0 (negative) and 1 (positive): a sigmoid. The classes' logits are −logit and logit.
    Sigmoid,
    /// Each class is decided independently, because a picture can show several: a sigmoid of each logit. The probabilities
    /// need not sum to one.
    MultiLabel,
}

/// The source of the information about what the logits mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadSource {
    /// The caller.
    Given,
    /// The network itself: it ends with a softmax or with sigmoids.
    Network,
    /// The configuration file next to the weights.
    Config,
    /// The number of logits: a single logit can only go through a sigmoid.
    Count,
    /// No source: several logits are read through a softmax unless something else is specified.
    Assumed,
}

/// Who named the classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelSource {
    /// The caller.
    Given,
    /// The configuration file next to the weights.
    Config,
    /// The caller, who assumes that they have these names in this order ([`Model::assume_labels`](crate::Model::assume_labels)).
    Assumed,
    /// No one: there are 1000, so they are taken for ImageNet's.
    ImageNet,
    /// No one: they are numbered.
    Numbered,
}

impl Head {
    /// The head of a network with this number of logits, given what the caller specifies and the function that the network
    /// itself applied to them.
    ///
    /// # Errors
    /// [`ModelError::Head`] if these contradict each other.
    pub(crate) fn find(
        logits: i64,
        given: Option<Head>,
        squashing: Option<Squashing>,
    ) -> Result<(Head, HeadSource), ModelError> {
        let own = squashing.map(|squashing| match (squashing, logits) {
            (Squashing::Softmax, _) => Head::Softmax,
            (Squashing::Sigmoid, 1) => Head::Sigmoid,
            (Squashing::Sigmoid, _) => Head::MultiLabel,
        });
        let fault = |reason: String| Err(ModelError::Head { reason });
        match (given, own) {
            (Some(given), Some(own)) if given != own => fault(format!(
                "the head is given as {given}, but the network itself ends with {own}; omit the head"
            )),
            (Some(Head::Sigmoid), None) if logits != 1 => fault(format!(
                "the head is given as {}, which is for one logit, but the network has {logits}; use {} or {}",
                Head::Sigmoid,
                Head::Softmax,
                Head::MultiLabel
            )),
            (Some(given), None) if given != Head::Sigmoid && logits == 1 => fault(format!(
                "the head is given as {given}, but the network has a single logit, which needs a {}",
                Head::Sigmoid
            )),
            (Some(given), _) => Ok((given, HeadSource::Given)),
            (None, Some(own)) => Ok((own, HeadSource::Network)),
            (None, None) if logits == 1 => Ok((Head::Sigmoid, HeadSource::Count)),
            (None, None) => Ok((Head::Softmax, HeadSource::Assumed)),
        }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Head::Softmax => "softmax",
            Head::Sigmoid => "sigmoid",
            Head::MultiLabel => "multi_label",
        })
    }
}

impl FromStr for Head {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Head, ModelError> {
        let all = [Head::Softmax, Head::Sigmoid, Head::MultiLabel];
        all.into_iter().find(|head| head.to_string() == text).ok_or_else(|| ModelError::Head {
            reason: format!("there is no head '{text}'; choose softmax, sigmoid (one logit) or multi_label"),
        })
    }
}

/// The classes of a classifier and how its logits encode them.
///
/// A classifier with two or more logits is read through a softmax, unless the caller specifies, or the network's final
/// sigmoid shows, that it has [several labels](Head::MultiLabel). A classifier with a single logit has a
/// [sigmoid](Head::Sigmoid); either of its two classes can be a target, and a positive attribution always counts as evidence
/// *for* the target. [`ScoreKind`] says which score of a class is explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classes {
    labels: Vec<String>,
    source: LabelSource,
    head: Head,
    score: ScoreKind,
}

/// The score of a class that is explained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScoreKind {
    /// The class's logit, which Captum and most other tools explain. It does not show influences that act only through the
    /// other logits, although they change the probability just as much.
    #[default]
    Logit,
    /// The log odds against all other classes, ln p / (1 − p): the class's logit minus the logarithm of the sum of the other
    /// logits' exponentials. Everything that changes the probability changes it, too.
    Margin,
    /// The probability. Its gradient vanishes where the model is certain.
    Probability,
}

impl FromStr for ScoreKind {
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
    /// The classes of a model with `logits` outputs, named `labels`. Without labels they have ImageNet's names if there are
    /// 1000, and their indices as names otherwise.
    ///
    /// # Errors
    /// [`ModelError::LabelCount`].
    pub fn new(logits: i64, labels: Option<Vec<String>>) -> Result<Classes, ModelError> {
        let head = if logits == 1 { Head::Sigmoid } else { Head::Softmax };
        let count = if logits == 1 { 2 } else { logits.max(0) as usize };
        let (labels, source) = match (labels, count) {
            (Some(labels), _) => (labels, LabelSource::Given),
            (None, 1000) => (IMAGENET.lines().map(str::to_owned).collect(), LabelSource::ImageNet),
            (None, _) => ((0..count).map(|index| index.to_string()).collect(), LabelSource::Numbered),
        };
        if labels.len() != count {
            return Err(ModelError::LabelCount { labels: labels.len(), classes: count });
        }
        Ok(Classes { labels, source, head, score: ScoreKind::default() })
    }

    /// The same classes with another head.
    ///
    /// # Errors
    /// [`ModelError::Head`] if it does not fit the number of logits.
    pub fn with_head(self, head: Head) -> Result<Classes, ModelError> {
        let logits = if self.head == Head::Sigmoid { 1 } else { self.count() as i64 };
        let (head, _) = Head::find(logits, Some(head), None)?;
        Ok(Classes { head, ..self })
    }

    /// The same classes with the names `labels`.
    ///
    /// # Errors
    /// [`ModelError::LabelCount`].
    pub fn renamed(&self, labels: Vec<String>) -> Result<Classes, ModelError> {
        self.named_by(labels, LabelSource::Given)
    }

    pub(crate) fn named_by(&self, labels: Vec<String>, source: LabelSource) -> Result<Classes, ModelError> {
        if labels.len() != self.count() {
            return Err(ModelError::LabelCount { labels: labels.len(), classes: self.count() });
        }
        // What `transformers` writes for classes that nobody named.
        let numbered = labels.iter().enumerate().all(|(index, label)| *label == format!("LABEL_{index}"));
        let source = if numbered { LabelSource::Numbered } else { source };
        Ok(Classes { labels, source, ..self.clone() })
    }

    /// The same classes, but with another score to be explained.
    pub fn with_score(&self, score: ScoreKind) -> Classes {
        Classes { score, ..self.clone() }
    }

    /// Which score is explained.
    pub fn score(&self) -> ScoreKind {
        self.score
    }

    /// How the logits become probabilities.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The labels, by class index.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Who named the classes.
    pub fn label_source(&self) -> LabelSource {
        self.source
    }

    /// How many classes there are: two for a single logit.
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// The class called `name`: a label (in any case), one of the comma-separated names of a label, or an
    /// index.
    ///
    /// # Errors
    /// [`ModelError::UnknownClass`], which lists the most similar labels; [`ModelError::AmbiguousClass`] for a name that
    /// several classes have.
    pub fn find(&self, name: &str) -> Result<usize, ModelError> {
        let same = |label: &str| label.trim().eq_ignore_ascii_case(name.trim());
        let one = |is_it: &dyn Fn(&str) -> bool| {
            let all = self.labels.iter().enumerate().filter(|(_, label)| is_it(label));
            let classes: Vec<usize> = all.map(|(class, _)| class).collect();
            match classes.as_slice() {
                [] => Ok(None),
                [class] => Ok(Some(*class)),
                _ => Err(ModelError::AmbiguousClass { name: name.to_owned(), classes }),
            }
        };
        let index = || name.trim().parse().ok().filter(|&index: &usize| index < self.count());
        if let Some(class) = one(&|label| label == name)? {
            return Ok(class);
        }
        if let Some(class) = one(&same)?.or_else(index) {
            return Ok(class);
        }
        one(&|label| label.split(',').any(same))?.ok_or_else(|| ModelError::UnknownClass {
            name: name.to_owned(),
            count: self.count(),
            nearest: nearest(name, self.labels.iter().map(String::as_str)),
        })
    }

    /// The score of each row's target, of the kind that [`score`](Classes::score) returns: `[N]`, from logits `[N, classes]`
    /// and one class index for each row.
    ///
    /// # Errors
    /// [`ModelError::UnknownClass`] for an index that is out of range, and [`ModelError::TargetCount`] unless there is an index
    /// for each row.
    pub fn scores(&self, logits: &Tensor, targets: &[usize]) -> Result<Tensor, ModelError> {
        if let Some(wrong) = targets.iter().find(|&&target| target >= self.count()) {
            let name = wrong.to_string();
            return Err(ModelError::UnknownClass { name, count: self.count(), nearest: Vec::new() });
        }
        let rows = logits.size().first().map_or(0, |&rows| rows as usize);
        if targets.len() != rows {
            return Err(ModelError::TargetCount { targets: targets.len(), rows });
        }
        let device = logits.device();
        if self.head == Head::Sigmoid {
            let signs: Vec<f32> = targets.iter().map(|&t| if t == 1 { 1.0 } else { -1.0 }).collect();
            let signs = Tensor::f_from_slice(&signs)?.f_to_device(device)?.f_to_kind(logits.kind())?;
            let logit = logits.f_select(1, 0)?.f_mul(&signs)?;
            return Ok(if self.score == ScoreKind::Probability { logit.f_sigmoid()? } else { logit });
        }
        let targets: Vec<i64> = targets.iter().map(|&target| target as i64).collect();
        let index = Tensor::f_from_slice(&targets)?.f_to_device(device)?.f_unsqueeze(1)?;
        let chosen = |values: &Tensor| values.f_gather(1, &index, false)?.f_squeeze_dim(1);
        let logit = chosen(logits)?;
        Ok(match (self.score, self.head) {
            (ScoreKind::Logit, _) => logit,
            // For an independent class, the odds are only against its absence, and their logarithm is its logit.
            (ScoreKind::Margin, Head::MultiLabel) => logit,
            (ScoreKind::Probability, Head::MultiLabel) => logit.f_sigmoid()?,
            (ScoreKind::Probability, _) => chosen(&logits.f_softmax(1, logits.kind())?)?,
            (ScoreKind::Margin, _) => {
                let others = logits.f_scatter_value(1, &index, f64::NEG_INFINITY)?;
                logit.f_sub(&others.f_logsumexp([1i64].as_slice(), false)?)?
            }
        })
    }

    /// The probabilities `[N, classes]` that the logits stand for.
    ///
    /// # Errors
    /// [`ModelError::Torch`].
    pub fn probabilities(&self, logits: &Tensor) -> Result<Tensor, ModelError> {
        Ok(match self.head {
            Head::Softmax => logits.f_softmax(1, Kind::Float)?,
            Head::MultiLabel => logits.f_sigmoid()?,
            Head::Sigmoid => {
                let positive = logits.f_sigmoid()?;
                let negative = logits.f_neg()?.f_sigmoid()?;
                Tensor::f_cat(&[negative, positive], 1)?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    #[test]
    fn a_name_that_two_classes_have_is_asked_about() {
        let labels = ["crane", "dog, hound", "crane", "cat", "crane, bird"].map(str::to_owned).to_vec();
        let classes = Classes::new(5, Some(labels)).expect("five");
        let message = classes.find("crane").expect_err("two have it").to_string();
        assert_eq!(
            message,
            "several classes are called 'crane': 0, 2; give the index of the one that you mean"
        );
        for (name, class) in [("2", 2), ("hound", 1), ("bird", 4), ("CAT", 3)] {
            assert_eq!(classes.find(name).expect("one has it"), class);
        }
    }

    /// ln p / (1 − p), where p are the probabilities that are reported, whatever function computes them.
    #[test]
    fn a_margin_is_the_log_odds_of_the_probability_however_logits_are_read() {
        let logits = Tensor::from_slice(&[0.3_f32, -1.2, 2.0]).view([1, 3]).to_device(Device::Cpu);
        let three = Classes::new(3, None).expect("three");
        let one = Classes::new(1, None).expect("two");
        let cases = [
            (three.clone(), logits.shallow_clone()),
            (three.with_head(Head::MultiLabel).expect("three"), logits),
            (one, Tensor::from(0.7_f32).view([1, 1])),
        ];
        for (classes, logits) in cases {
            let probabilities = classes.probabilities(&logits).expect("they are");
            for target in 0..classes.count() {
                let p = probabilities.double_value(&[0, target as i64]);
                let score = |kind| {
                    let scores = classes.with_score(kind).scores(&logits, &[target]);
                    scores.expect("in range").double_value(&[0])
                };
                let head = classes.head();
                assert!((score(ScoreKind::Probability) - p).abs() < 1e-6, "{head:?} {target}");
                assert!((score(ScoreKind::Margin) - (p / (1.0 - p)).ln()).abs() < 1e-5, "{head:?} {target}");
            }
        }
    }
}
