//! The answers of the classifiers for a scene.

use std::sync::Arc;
use std::time::Instant;

use reglet_data::picture::Picture;
use reglet_model::{Head, Model, Parameters};
use serde::Serialize;
use tch::{Device, Kind};

use crate::Error;
use crate::scene::{Choice, Detail, Pictures, Scene};

/// A classifier, by its name.
pub struct Classifier {
    /// Its name.
    pub name: String,
    /// The classifier.
    pub model: Model,
    /// The class whose probability is shown; by default, the most probable class of the unchanged picture.
    pub target: Option<usize>,
    /// The probability above which a picture is classified as this class; `None` if the most probable class decides, or for
    /// independent classes, whether its probability is above one half.
    pub above: Option<f64>,
}

impl Classifier {
    /// The same classifier for another thread: the weights are shared.
    ///
    /// # Errors
    /// What libtorch reports.
    pub fn shared(&self) -> Result<Classifier, Error> {
        let tensors = self.model.parameters().tensors().iter().map(|tensor| tensor.shallow_clone());
        let model = self.model.with_parameters(Parameters::from_tensors(tensors.collect()))?;
        Ok(Classifier { name: self.name.clone(), model, target: self.target, above: self.above })
    }

    /// The class as which a picture with these probabilities is classified: the target by the same rule as in an audit.
    fn decision(&self, target: usize, probabilities: &[f64]) -> Option<usize> {
        let above = self.above.filter(|_| self.target == Some(target));
        decided(above, self.model.classes().head() == Head::MultiLabel, target, probabilities)
    }

    /// The probability of each class.
    pub(crate) fn probabilities(&self, picture: &Picture) -> Result<Vec<f64>, Error> {
        let preprocessing = self.model.preprocessing();
        let view = preprocessing.view(picture)?;
        let input = preprocessing.tensor(&[view], self.model.device())?;
        let probabilities = self.model.classes().probabilities(&self.model.logits(&input)?)?;
        let row = probabilities.f_select(0, 0)?.f_to_kind(Kind::Double)?.f_to_device(Device::Cpu)?;
        Ok(Vec::try_from(row)?)
    }

    /// The class given by name, else the classifier's own; `None` if that is the most probable class.
    ///
    /// # Errors
    /// A class that it does not have.
    pub(crate) fn asked(&self, target: Option<&str>) -> Result<Option<usize>, Error> {
        Ok(target.map(|target| self.model.classes().find(target)).transpose()?.or(self.target))
    }
}

/// The answer of one classifier.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// The classifier.
    pub model: String,
    /// The class that is followed.
    pub target: String,
    /// Its probability.
    pub probability: f64,
    /// The same in the picture without the change.
    pub before: f64,
    /// The class as which the picture is classified: the most probable one, unless the config names the probability from which
    /// it is the target; of independent classes the target or the most probable other one above one half, `None` if there is none.
    pub decision: Option<String>,
    /// The same in the picture without the change.
    pub decision_before: Option<String>,
    /// The most probable classes with their probabilities.
    pub top: Vec<(String, f64)>,
}

/// The answers of all classifiers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// In the order of the classifiers.
    pub models: Vec<Said>,
    /// The share of the lesion that the change touches, 0 to 1; `None` without a change, or if the lesion has no mask.
    pub lesion: Option<f64>,
    /// How long it took.
    pub milliseconds: f64,
}

/// The number of cached answers for unchanged pictures; sliders pass through many.
const KNOWN: usize = 32;

/// The number of classes that are listed.
const TOP: usize = 5;

/// The state of the thread that answers.
pub struct Answers {
    pictures: Arc<Pictures>,
    classifiers: Vec<Classifier>,
    known: Vec<(Choice, Arc<Vec<Vec<f64>>>)>,
}

impl Answers {
    /// Answers of these classifiers.
    pub fn new(pictures: Arc<Pictures>, classifiers: Vec<Classifier>) -> Answers {
        Answers { pictures, classifiers, known: Vec::new() }
    }

    /// The answers of the classifiers for a scene and for the same scene without the change; for the requested class, if one
    /// is given.
    ///
    /// # Errors
    /// A scene that cannot be drawn; a class that a classifier does not have; an error of a model.
    pub fn of(&mut self, scene: &Scene, target: Option<&str>) -> Result<Answer, Error> {
        let start = Instant::now();
        let targets = self.classifiers.iter().map(|classifier| classifier.asked(target));
        let targets = targets.collect::<Result<Vec<_>, _>>()?;
        let before = self.before(&scene.picture)?;
        let mut lesion = None;
        let after = match scene.change {
            None => Arc::clone(&before),
            Some(_) => {
                let composed = self.pictures.compose(scene, Detail::Model)?;
                lesion = composed.lesion;
                Arc::new(self.ask(&composed.picture)?)
            }
        };
        let models = self.classifiers.iter().zip(targets).zip(before.iter().zip(after.iter()));
        let models = models
            .map(|((classifier, target), (before, after))| said(classifier, target, before, after))
            .collect();
        Ok(Answer { models, lesion, milliseconds: 1000.0 * start.elapsed().as_secs_f64() })
    }

    fn ask(&self, picture: &Picture) -> Result<Vec<Vec<f64>>, Error> {
        self.classifiers.iter().map(|classifier| classifier.probabilities(picture)).collect()
    }

    /// Their answers for the unchanged picture.
    fn before(&mut self, choice: &Choice) -> Result<Arc<Vec<Vec<f64>>>, Error> {
        if let Some((_, known)) = self.known.iter().find(|(known, _)| known == choice) {
            return Ok(Arc::clone(known));
        }
        let scene = Scene { picture: choice.clone(), change: None, placement: None };
        let composed = self.pictures.compose(&scene, Detail::Model)?;
        let found = Arc::new(self.ask(&composed.picture)?);
        self.known.insert(0, (choice.clone(), Arc::clone(&found)));
        self.known.truncate(KNOWN);
        Ok(found)
    }
}

/// The most probable class.
pub(crate) fn top(probabilities: &[f64]) -> usize {
    let top = probabilities.iter().enumerate().max_by(|one, other| one.1.total_cmp(other.1));
    top.map_or(0, |(class, _)| class)
}

/// The target if its probability is above a number, else the most probable other class; without a number, the most probable class.
/// Each of several independent classes is predicted if its probability is above one half, and there may be none.
fn decided(above: Option<f64>, independent: bool, target: usize, probabilities: &[f64]) -> Option<usize> {
    let above = match independent {
        true => above.unwrap_or(0.5),
        false => match above {
            Some(above) => above,
            None => return Some(top(probabilities)),
        },
    };
    if probabilities.get(target).is_some_and(|own| *own > above) {
        return Some(target);
    }
    let others = probabilities.iter().enumerate().filter(|(class, _)| *class != target);
    let others = others.filter(|(_, probability)| !independent || **probability > 0.5);
    let other = others.max_by(|one, other| one.1.total_cmp(other.1)).map(|(class, _)| class);
    other.or((!independent).then_some(target))
}

fn said(classifier: &Classifier, target: Option<usize>, before: &[f64], after: &[f64]) -> Said {
    let labels = classifier.model.classes().labels();
    let target = target.unwrap_or_else(|| top(before));
    let ranked = |probabilities: &[f64]| {
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|&one, &other| probabilities[other].total_cmp(&probabilities[one]));
        order
    };
    let order = ranked(after);
    let label = |class: usize| labels.get(class).cloned().unwrap_or_default();
    let decided = |probabilities: &[f64]| classifier.decision(target, probabilities).map(label);
    Said {
        model: classifier.name.clone(),
        target: label(target),
        probability: after.get(target).copied().unwrap_or(f64::NAN),
        before: before.get(target).copied().unwrap_or(f64::NAN),
        decision: decided(after),
        decision_before: decided(before),
        top: order.iter().take(TOP).map(|&class| (label(class), after[class])).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::decided;

    #[test]
    fn an_operating_point_decides_as_in_an_audit() {
        assert_eq!(decided(None, false, 1, &[0.7, 0.3]), Some(0));
        assert_eq!(decided(Some(0.2), false, 1, &[0.7, 0.3]), Some(1));
        assert_eq!(decided(Some(0.8), false, 0, &[0.7, 0.2, 0.1]), Some(1));
        assert_eq!(decided(Some(0.3), false, 1, &[0.7, 0.3]), Some(0), "above, and not at, as in an audit");
        assert_eq!(decided(Some(0.5), false, 0, &[0.4]), Some(0), "there is no other class");
        // Independent classes.
        assert_eq!(decided(None, true, 0, &[0.6, 0.7]), Some(0));
        assert_eq!(decided(None, true, 0, &[0.4, 0.7]), Some(1));
        assert_eq!(decided(None, true, 0, &[0.45, 0.01]), None);
        assert_eq!(decided(Some(0.4), true, 0, &[0.45, 0.01]), Some(0));
    }
}
