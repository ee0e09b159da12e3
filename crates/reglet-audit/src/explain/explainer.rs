//! One picture together with everything that it is explained with.

use std::path::Path;

use reglet_attribution::{Computed, Explanation, Method};
use reglet_model::Model;
use reglet_viz::Colormap;

use super::ExplainOptions;
use crate::described::scored;

/// A picture with everything that it is explained with.
pub(super) struct Explainer<'a> {
    pub options: &'a ExplainOptions,
    pub model: &'a Model,
    pub methods: &'a [Method],
    pub colormap: Colormap,
    pub target: Option<usize>,
    pub path: &'a Path,
}

/// A class with its probability.
pub(super) struct Ranked {
    pub index: usize,
    pub label: String,
    pub probability: f64,
}

impl Explainer<'_> {
    /// A method's time, how it was computed and, if it has one, its gap.
    pub fn caption(&self, method: &Method, computed: &Computed, found: &Explanation) -> String {
        let mut caption = format!("{:.2} s", self.seconds(computed, found));
        if let Some(note) = method.get().note(self.model.into()) {
            caption += &format!(" · {note}");
        }
        if let Some(gaps) = &computed.attribution.gaps {
            caption += &format!(" · gap {:.2} %", 100.0 * gaps[0].relative);
        }
        caption
    }

    /// The line under a figure's title.
    pub fn subtitle(&self, target: &Ranked) -> String {
        format!(
            "{} · explained: {} of {} ({}), probability {:.3}",
            self.model.provenance().architecture,
            scored(self.model.classes().score()),
            target.label,
            target.index,
            target.probability
        )
    }

    /// The seconds that a method took: its own and, if it uses what all share, those of that.
    pub fn seconds(&self, computed: &Computed, found: &Explanation) -> f64 {
        let own = computed.time.as_secs_f64();
        if computed.shared { own + found.time.as_secs_f64() } else { own }
    }
}
