//! The audit of a model before and after: one audit of all of them, on the same pictures, edits and seeds.

use rayon::prelude::*;
use reglet_attribution::Saliency;
use reglet_data::edit::Change;
use reglet_data::picture::Picture;
use reglet_evidence::{MapsRole, OperatingPoint};
use reglet_model::Model;

use crate::Error;
use crate::config::Config;
use crate::observe::{CHUNK, answers};
use crate::plan::Plan;
use crate::source::Document;

/// The audit of one model, without whatever no verdict depends on, opened.
pub(super) fn open(mut audit: Document<Config>, model: &str, target: &str) -> Result<Plan, Error> {
    let config = &mut audit.config;
    (config.target, config.targets) = (Some(target.to_owned()), Vec::new());
    config.models.retain(|name, _| name == model);
    (config.gallery, config.clusters, config.reference) = (0, None, None);
    config.changes = vec![Change::Insert, Change::Remove, Change::Control, Change::Scrambled];
    // The others must not gain influence, which takes the same changes.
    config.artefacts.values_mut().for_each(|own| own.changes = None);
    // Unless the verdict requires maps, a single method is enough; the cheapest is used, on no picture.
    if config.verdict.maps == MapsRole::Support {
        config.methods = [Saliency::default().into()].into_iter().collect();
        (config.maps, config.trust.pictures) = (Some(0), 0);
    }
    Plan::open(audit)
}

/// Replaces an operating point that is chosen on the audit's pictures by the probability that it has for the model before the
/// correction. Otherwise each model would have a threshold of its own, at which its sensitivity is what was asked for.
///
/// # Errors
/// A picture that cannot be read for now, or an error of the model.
pub(super) fn fix_operating_point(plan: &mut Plan, model: &Model, target: &str) -> Result<(), Error> {
    let Some(OperatingPoint::Sensitivity(point)) = plan.config.operating_point else { return Ok(()) };
    let class = model.classes().find(target)?;
    let geometry = model.preprocessing().geometry;
    let is_target = |index: &usize| plan.data.classes()[plan.data.label(*index)] == target;
    let own: Vec<usize> = (0..plan.data.len()).filter(is_target).collect();
    let mut probabilities = Vec::with_capacity(own.len());
    for part in own.chunks(CHUNK) {
        let view = |index: &usize| match plan.data.picture(*index) {
            // The audit names such pictures and leaves them out.
            Err(fault) if fault.is_lasting() => Ok(None),
            picture => Ok(Some(geometry.bring(&picture?)?)),
        };
        let views: Vec<Option<Picture>> = part.par_iter().map(view).collect::<Result<_, Error>>()?;
        let views: Vec<Picture> = views.into_iter().flatten().collect();
        if !views.is_empty() {
            probabilities.extend(answers(model, class, &views)?.into_iter().map(|score| score.probability));
        }
    }
    if let Some(least) = point.threshold(probabilities.clone()) {
        // What reaches the threshold is classified as the target, and what is above the operating point, which therefore lies
        // halfway to the next lower probability: batches of another size round the last digits otherwise.
        let lower = probabilities.into_iter().filter(|other| *other < least).fold(0.0, f64::max);
        plan.config.operating_point = Some(OperatingPoint::Above((least + lower) / 2.0));
    }
    Ok(())
}
