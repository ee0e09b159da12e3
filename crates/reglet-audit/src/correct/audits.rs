//! The audit of a model before and after: one audit of all of them, on the same pictures, edits and seeds.

use reglet_attribution::Saliency;
use reglet_data::edit::Change;
use reglet_evidence::MapsRole;

use crate::Error;
use crate::config::Config;
use crate::plan::Plan;
use crate::source::Document;

/// The audit of one model, without whatever no verdict depends on, opened.
pub(super) fn open(mut audit: Document<Config>, model: &str) -> Result<Plan, Error> {
    let config = &mut audit.config;
    config.models.retain(|name, _| name == model);
    (config.gallery, config.clusters, config.reference) = (0, None, None);
    config.changes = vec![Change::Insert, Change::Remove, Change::Control, Change::Scrambled];
    // Unless the verdict requires maps, a single method is enough; the cheapest is used, on no picture.
    if config.verdict.maps == MapsRole::Support {
        config.methods = [Saliency::default().into()].into_iter().collect();
        (config.maps, config.trust.pictures) = (Some(0), 0);
    }
    Plan::open(audit)
}
