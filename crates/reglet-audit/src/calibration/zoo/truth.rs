//! What is true of a classifier of the zoo, by phantoms drawn again; and not by any mean, which is what audits judge by.

use image::RgbImage;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reglet_data::edit::{Change, remove};
use reglet_data::phantom::{Phantom, PhantomOptions, Phantoms, render};
use reglet_data::picture::Picture;
use reglet_data::{DataError, Dataset, Mask};
use reglet_statistics::{auroc, mean, quantile};
use serde::Serialize;

use super::Animal;
use super::behaviour::Kind;
use super::thing::Thing;
use crate::Error;
use crate::calibration::config::TruthConfig;
use crate::calibration::other;
use crate::config::Config;
use crate::observe::answers;
use crate::source::Document;
use reglet_train::generated::SIDE;

/// What is true of one classifier.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::calibration) struct Truth {
    /// By class: benign, melanoma.
    pub classes: [ClassTruth; 2],
    /// The fraction of all pictures whose decision is changed by the feature that the kind responds to, if this is not the
    /// ruler alone. It shows whether the network has learnt what it was taught.
    pub trigger: Option<f64>,
    /// The area under the ROC curve, on phantoms without a ruler.
    pub auroc: f64,
}

/// What is true of the pictures of one class. A picture is *swayed* by a thing where drawing that into it turns the decision,
/// or moves the probability by more than counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(in crate::calibration) struct ClassTruth {
    /// How many.
    pub pictures: usize,
    /// The mean of (with the ruler − without it), in probability.
    pub mean: f64,
    /// Of its absolute value, the quartiles.
    pub quartiles: [f64; 3],
    /// The share that comes to be called a melanoma, and that ceases to be.
    pub turned: [f64; 2],
    /// The share that the ruler sways.
    pub swayed: f64,
    /// The share that something dark, as large and at the same place, sways.
    pub by_dark: f64,
    /// The share that the ruler sways and something dark does not: against these the classifier is guilty.
    pub guilty: f64,
}

/// The probabilities of a melanoma that one classifier gives one phantom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Answers {
    pub melanoma: bool,
    pub without: f64,
    pub with: f64,
    /// With something dark instead of a ruler.
    pub dark: f64,
    /// Without and with the feature to which the kind responds.
    pub trigger: Option<[f64; 2]>,
}

impl Truth {
    /// `None` if a class has no pictures. `point` is the probability above which a picture is called a melanoma.
    pub(super) fn of(answers: &[Answers], point: f64, min_effect: f64) -> Option<Truth> {
        let sways = |before: f64, after: f64| {
            (before > point) != (after > point) || (after - before).abs() > min_effect
        };
        let of_class = |melanoma: bool| {
            let own: Vec<&Answers> = answers.iter().filter(|answer| answer.melanoma == melanoma).collect();
            let moves: Vec<f64> = own.iter().map(|answer| answer.with - answer.without).collect();
            let mut sizes: Vec<f64> = moves.iter().map(|by| by.abs()).collect();
            sizes.sort_by(f64::total_cmp);
            let share = |of: &dyn Fn(&Answers) -> bool| {
                own.iter().filter(|answer| of(answer)).count() as f64 / own.len().max(1) as f64
            };
            Some(ClassTruth {
                pictures: own.len(),
                mean: mean(&moves)?,
                quartiles: [0.25, 0.5, 0.75].map(|share| quantile(&sizes, share)),
                turned: [
                    share(&|answer| answer.without <= point && answer.with > point),
                    share(&|answer| answer.without > point && answer.with <= point),
                ],
                swayed: share(&|answer| sways(answer.without, answer.with)),
                by_dark: share(&|answer| sways(answer.without, answer.dark)),
                guilty: share(&|answer| {
                    sways(answer.without, answer.with) && !sways(answer.without, answer.dark)
                }),
            })
        };
        let triggers: Vec<f64> = answers
            .iter()
            .filter_map(|answer| answer.trigger)
            .map(|[before, after]| f64::from(u8::from(sways(before, after))))
            .collect();
        Some(Truth {
            classes: [of_class(false)?, of_class(true)?],
            trigger: mean(&triggers),
            auroc: auroc(answers.iter().map(|answer| (answer.without, answer.melanoma)))?,
        })
    }

    /// The larger of the classes' shares that the ruler sways.
    pub fn swayed(&self) -> f64 {
        self.classes.iter().map(|class| class.swayed).fold(0.0, f64::max)
    }

    /// The larger of the classes' shares against which the classifier is guilty.
    pub fn guilty(&self) -> f64 {
        self.classes.iter().map(|class| class.guilty).fold(0.0, f64::max)
    }
}

/// One phantom in every way that the truth needs.
struct Views {
    melanoma: bool,
    without: RgbImage,
    with: RgbImage,
    dark: RgbImage,
    filled: RgbImage,
    rims: [RgbImage; 2],
}

/// The truth about each classifier, in order. No picture is audited later, or was trained on.
///
/// # Errors
/// What a model reports.
pub(in crate::calibration) fn truths(
    audit: &Document<Config>,
    phantoms: &Phantoms,
    config: &TruthConfig,
    animals: &[Animal],
) -> Result<Vec<Truth>, Error> {
    let phantoms = other(phantoms, config.seed, config.pictures)?;
    let views = (0..phantoms.len()).into_par_iter().map(|index| views(&phantoms, index));
    let views: Vec<Views> = views.collect::<Result<_, _>>()?;
    let truth = |animal: &Animal| {
        let model = animal.member.model().load(&audit.folder, &audit.config, phantoms.classes())?;
        let class = model.classes().find(&audit.config.targets()[0])?;
        let say = |of: &dyn Fn(&Views) -> &RgbImage| -> Result<Vec<f64>, Error> {
            let seen = views.iter().map(|views| Ok(model.preprocessing().view(of(views))?));
            let seen: Vec<Picture> = seen.collect::<Result<_, Error>>()?;
            Ok(answers(&model, class, &seen)?.iter().map(|answer| answer.probability).collect())
        };
        let (without, with, dark) = (say(&|v| &v.without)?, say(&|v| &v.with)?, say(&|v| &v.dark)?);
        let trigger = match animal.kind {
            Kind::AnyForeignThing => Some((without.clone(), dark.clone())),
            Kind::InpaintingTraces => Some((without.clone(), say(&|v| &v.filled)?)),
            Kind::Vignette => Some((say(&|v| &v.rims[0])?, say(&|v| &v.rims[1])?)),
            _ => None,
        };
        let answers: Vec<Answers> = (0..views.len())
            .map(|index| Answers {
                melanoma: views[index].melanoma,
                without: without[index],
                with: with[index],
                dark: dark[index],
                trigger: trigger.as_ref().map(|(before, after)| [before[index], after[index]]),
            })
            .collect();
        let truth = Truth::of(&answers, animal.kind.operating_point(), audit.config.verdict.min_effect);
        truth.ok_or_else(|| {
            Error::Usage("the phantoms that measure the true dependence all belong to one class".to_owned())
        })
    };
    animals.iter().map(truth).collect()
}

fn views(phantoms: &Phantoms, index: usize) -> Result<Views, Error> {
    let seed = phantoms.options().seed;
    let sample = phantoms.sample(index)?;
    let shown = sample.shows("ruler") == Some(true);
    let change = if shown { Change::Remove } else { Change::Insert };
    let redrawn = phantoms.redraw(index, change, seed);
    let region = redrawn.as_ref().map(|edited| edited.region.clone());
    let picture = sample.picture.into_rgb();
    let redrawn = redrawn.map_or_else(|| picture.clone(), |edited| edited.picture);
    let melanoma = sample.label == 1;
    let (without, with) = if shown { (redrawn, picture) } else { (picture, redrawn) };
    let mut random = ChaCha8Rng::seed_from_u64(seed.rotate_left(32) ^ index as u64);
    let (area, centre) = region.as_ref().map_or((900.0, [32.0; 2]), about);
    let dark = Thing::of_area(&mut random, area, centre).on(&without);
    let filled = match Thing::random(&mut random, SIDE).mask(SIDE) {
        Some(mask) if mask.dimensions() == without.dimensions() => {
            remove(&without, &mask, seed).map_err(DataError::from)?.picture
        }
        _ => without.clone(),
    };
    Ok(Views { melanoma, rims: rims(phantoms, index)?, without, with, dark, filled })
}

/// The area of a mask and its middle, in pixels.
fn about(mask: &Mask) -> (f32, [f32; 2]) {
    let (mut count, mut sum) = (0.0, [0.0; 2]);
    for (x, y) in mask.iter() {
        count += 1.0;
        sum = [sum[0] + x as f32 + 0.5, sum[1] + y as f32 + 0.5];
    }
    (f32::max(count, 1.0), sum.map(|sum| sum / f32::max(count, 1.0)))
}

/// The phantom as it would be without a dark rim and with one, and without a ruler both times.
fn rims(phantoms: &Phantoms, index: usize) -> Result<[RgbImage; 2], Error> {
    let drawn = |share: f64| {
        let vignettes = PhantomOptions {
            vignette_with_ruler: share,
            vignette_without_ruler: share,
            ..phantoms.options().clone()
        };
        let phantoms = Phantoms::new(vignettes).map_err(DataError::from)?;
        let phantom = phantoms.phantom(index).map(|phantom| Phantom { ruler: None, ..phantom });
        let phantom = phantom.ok_or_else(|| Error::Usage(format!("there is no phantom {index}")))?;
        Ok(render(&phantom, phantoms.options().size).map_err(DataError::from)?.picture)
    };
    let both: Result<Vec<RgbImage>, Error> = [0.0, 1.0].into_iter().map(drawn).collect();
    let both: [RgbImage; 2] =
        both?.try_into().map_err(|_| Error::Usage("a phantom has two rims".to_owned()))?;
    Ok(both)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten pictures of each class, `hit` of them moved by the ruler from 0.2 to 0.9, and by something dark as `dark` says.
    fn answers(hit: usize, dark: f64) -> Vec<Answers> {
        let one = |index: usize| Answers {
            melanoma: index % 2 == 1,
            without: 0.2,
            with: if index.is_multiple_of(2) && index / 2 < hit { 0.9 } else { 0.2 },
            dark,
            trigger: None,
        };
        (0..20).map(one).collect()
    }

    #[test]
    fn the_truth_counts_pictures_by_class() {
        let truth = Truth::of(&answers(4, 0.2), 0.5, 0.1).expect("both classes");
        let [benign, melanoma] = truth.classes;
        assert_eq!((benign.swayed, benign.guilty, benign.turned), (0.4, 0.4, [0.4, 0.0]));
        assert_eq!((melanoma.swayed, melanoma.guilty), (0.0, 0.0));
        assert_eq!((truth.swayed(), truth.guilty(), truth.trigger), (0.4, 0.4, None));
        assert!((benign.mean - 0.28).abs() < 1e-12 && benign.quartiles[0] == 0.0);
        assert!(benign.quartiles[2] > 0.6);
    }

    #[test]
    fn what_something_dark_does_as_well_is_not_the_ruler_s_guilt() {
        let truth = Truth::of(&answers(4, 0.9), 0.5, 0.1).expect("both classes");
        assert_eq!((truth.swayed(), truth.guilty(), truth.classes[0].by_dark), (0.4, 0.0, 1.0));
    }

    #[test]
    fn a_small_move_sways_where_it_crosses_the_operating_point() {
        let mut low = answers(0, 0.03);
        low.iter_mut().for_each(|answer| (answer.without, answer.with) = (0.03, 0.07));
        let at = |point| Truth::of(&low, point, 0.1).expect("both classes").guilty();
        assert_eq!((at(0.05), at(0.5)), (1.0, 0.0));
    }

    #[test]
    fn opposite_moves_do_not_cancel() {
        let mut half = answers(0, 0.2);
        for answer in &mut half {
            (answer.without, answer.with) = if answer.melanoma { (0.9, 0.55) } else { (0.1, 0.45) };
            answer.dark = answer.without;
        }
        let truth = Truth::of(&half, 0.5, 0.1).expect("both classes");
        assert!(truth.classes.iter().all(|class| class.guilty == 1.0 && class.turned == [0.0, 0.0]));
    }

    #[test]
    fn one_class_alone_has_no_truth() {
        let mut one = answers(1, 0.2);
        one.retain(|answer| answer.melanoma);
        assert_eq!(Truth::of(&one, 0.5, 0.1), None);
    }

    #[test]
    fn a_rim_is_the_only_thing_that_differs_between_rims() {
        let options = PhantomOptions { count: 4, size: 64, seed: 9, ..PhantomOptions::default() };
        let phantoms = Phantoms::new(options).expect("sound");
        let [without, with] = rims(&phantoms, 3).expect("drawn");
        let bright = |picture: &RgbImage, x, y| i32::from(picture.get_pixel(x, y)[1]);
        assert!(bright(&with, 32, 32) + 12 > bright(&without, 32, 32), "the middle stays");
        let rim = |picture: &RgbImage| bright(picture, 2, 32) + bright(picture, 61, 32);
        assert!(rim(&with) < rim(&without), "the rim is darker");
    }
}
