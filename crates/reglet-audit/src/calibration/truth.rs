//! How much a classifier really depends on the ruler: by phantoms drawn with it and without it.

use image::RgbImage;
use rayon::prelude::*;
use reglet_data::Dataset;
use reglet_data::edit::Change;
use reglet_data::phantom::Phantoms;
use reglet_data::picture::Picture;
use reglet_model::Model;
use reglet_statistics::{Estimate, auroc};

use super::config::TruthConfig;
use super::other;
use crate::Error;
use crate::config::Config;
use crate::observe::answers;
use crate::source::Document;

/// What is true of one classifier.
#[derive(Debug, Clone, Copy)]
pub(super) struct Truth {
    /// The mean of (with the ruler − without it), in probability of the target.
    pub dependence: Estimate,
    /// The area under the ROC curve on phantoms, half of which in each class have a ruler.
    pub auroc: f64,
}

/// A phantom both ways.
struct Pair {
    positive: bool,
    shown: bool,
    without: RgbImage,
    with: RgbImage,
}

/// Phantoms both ways, by which every classifier is measured. None of them is audited later, or was trained on.
pub(super) struct Pairs {
    pairs: Vec<Pair>,
    target: String,
    seed: u64,
}

impl Pairs {
    /// Draws them.
    pub fn draw(audit: &Document<Config>, phantoms: &Phantoms, config: &TruthConfig) -> Result<Pairs, Error> {
        let phantoms = other(phantoms, config.seed, config.pictures)?;
        let target = audit.config.targets().into_iter().next().ok_or_else(|| {
            Error::Usage(
                "the audit's config names no target; set target to the class whose probability is measured"
                    .to_owned(),
            )
        })?;
        let (artefact, ..) = &audit.config.artefacts()[0];
        let pair = |index: usize| -> Result<Pair, Error> {
            let sample = phantoms.sample(index)?;
            let shown = sample.shows(artefact) == Some(true);
            let change = if shown { Change::Remove } else { Change::Insert };
            let redrawn = phantoms.redraw(index, change, config.seed);
            let picture = sample.picture.into_rgb();
            let redrawn = redrawn.map_or_else(|| picture.clone(), |edited| edited.picture);
            let (without, with) = if shown { (redrawn, picture) } else { (picture, redrawn) };
            Ok(Pair { positive: phantoms.classes()[sample.label] == target, shown, without, with })
        };
        let pairs = (0..phantoms.len()).into_par_iter().map(pair).collect::<Result<_, _>>()?;
        Ok(Pairs { pairs, target, seed: config.seed })
    }

    /// The truth about one classifier.
    pub fn truth(&self, model: &Model) -> Result<Truth, Error> {
        let class = model.classes().find(&self.target)?;
        let say = |of: fn(&Pair) -> &RgbImage| -> Result<Vec<f64>, Error> {
            let views = self.pairs.iter().map(|pair| Ok(model.preprocessing().view(of(pair))?));
            let views: Vec<Picture> = views.collect::<Result<_, Error>>()?;
            Ok(answers(model, class, &views)?.iter().map(|answer| answer.probability).collect())
        };
        let (without, with) = (say(|pair| &pair.without)?, say(|pair| &pair.with)?);
        let differences: Vec<f64> = with.iter().zip(&without).map(|(with, without)| with - without).collect();
        let as_drawn = self.pairs.iter().zip(with.iter().zip(&without));
        let scored = as_drawn
            .map(|(pair, (with, without))| (if pair.shown { *with } else { *without }, pair.positive));
        let found = Estimate::of(&differences, self.seed).zip(auroc(scored));
        let (dependence, auroc) = found.ok_or_else(|| {
            Error::Usage("the phantoms that measure the true dependence all belong to one class".to_owned())
        })?;
        Ok(Truth { dependence, auroc })
    }
}
