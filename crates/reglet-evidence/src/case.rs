//! All conclusions about one model, one artefact and one target.

use std::collections::BTreeMap;

use reglet_data::edit::Change;
use schemars::JsonSchema;
use serde::Serialize;

use crate::attention::{Attention, Trust, attention};
use crate::effect::{Effect, comparisons, effects};
use crate::natural::{Natural, Pairs, natural, pairs};
use crate::performance::{Group, Performance, Worst, groups, performance, worst};
use crate::question::Asked;
use crate::row::Rows;
use crate::rules::Rules;
use crate::taken::{Taken, taken};
use crate::verdict::{Evidence, Judgement, judge};

/// The conclusions about one model, one artefact and one target, with all the evidence.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Case {
    /// The model's name.
    pub model: String,
    /// The suspected region.
    pub artefact: String,
    /// The class whose probability is compared.
    pub target: String,
    /// What was concluded.
    pub judgement: Judgement,
    /// The probability above which a picture is classified as the target; `None` if the most probable class decides.
    pub decision: Option<f64>,
    /// The number of comparisons that are judged together, for which results are corrected.
    pub comparisons: usize,
    /// The probability of the target by class and artefact.
    pub groups: Vec<Group>,
    /// The accuracy of the answers: on all pictures, on those without and with the artefact, and by each column of the data.
    pub performance: Vec<Performance>,
    /// The subgroup with the lowest accuracy; `None` if no subgroup has enough pictures.
    pub worst: Option<Worst>,
    /// The effect of each change.
    pub effects: Vec<Effect>,
    /// The comparison of unedited pictures, by class.
    pub natural: Vec<Natural>,
    /// The comparison of pairs of the same lesion, by class; empty if the data have none.
    pub pairs: Vec<Pairs>,
    /// Whether the model responds to the edits as to real pictures; `None` if this was not tested.
    pub taken: Option<Taken>,
    /// Where the maps of each method concentrate.
    pub attention: Vec<Attention>,
}

impl Case {
    /// For each picture, by its index among the rows: the change of the target's probability when the artefact is removed,
    /// or added if it is absent, beyond that of the neutral edit of the same picture. The mean over the places that the
    /// verdict uses.
    pub fn effect_by_picture(&self) -> BTreeMap<usize, f64> {
        let possible = |effect: &&Effect| {
            matches!((effect.change, effect.with), (Change::Remove, true) | (Change::Insert, false))
        };
        let all = self.effects.iter().filter(|effect| effect.class.is_none()).filter(possible);
        let against = all.flat_map(|effect| &effect.against).filter(|found| found.control == Change::Control);
        against.flat_map(|found| found.by_picture.iter().copied()).collect()
    }
}

/// Whether the methods' maps of one model and target can be trusted: measured with the model, and stored beside the rows.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
pub struct Tried {
    /// The model, as an index into the rows' models.
    pub model: usize,
    /// The target, as an index into the rows' targets.
    pub target: usize,
    /// The results, by method.
    pub trust: Vec<Trust>,
}

/// Judges every model for every artefact and target, with one correction for all comparisons: one case each, ordered by
/// model, then artefact, then target, as in the rows' subject. This is a pure function: the same rows and rules give the
/// same cases.
pub fn judge_all(rows: &Rows, tried: &[Tried], rules: &Rules) -> Vec<Case> {
    let subject = &rows.subject;
    let mut questions = Vec::new();
    for model in 0..subject.models.len() {
        for artefact in 0..subject.artefacts.len() {
            for target in 0..subject.targets.len() {
                questions.push((model, artefact, target));
            }
        }
    }
    let count = |&(model, artefact, target): &(usize, usize, usize)| {
        comparisons(&Asked::new(rows, rules, model, artefact, target))
    };
    let all: usize = questions.iter().map(count).sum();
    let level = 1.0 - rules.verdict.max_p / all.max(1) as f64;
    questions
        .iter()
        .map(|&(model, artefact, target)| {
            let asked = Asked::new(rows, rules, model, artefact, target);
            let trust = tried.iter().find(|tried| (tried.model, tried.target) == (model, target));
            case(&asked, model, trust.map_or(&[], |tried| tried.trust.as_slice()), level, all)
        })
        .collect()
}

fn case(asked: &Asked<'_>, model: usize, trust: &[Trust], level: f64, comparisons: usize) -> Case {
    let subject = &asked.rows.subject;
    let (effects, left_out) = effects(asked, level);
    let natural = natural(asked, level);
    let pairs = pairs(asked, level);
    let taken = taken(asked);
    let attention = attention(asked, model, trust, level);
    let performance = performance(asked);
    let artefact = &subject.artefacts[asked.artefact];
    let target = &subject.targets[asked.target];
    // Without a picture of the target's class, nothing is known of the decisions that the artefact would lose.
    let judged = |class: &usize| {
        subject.classes[*class] == *target
            || asked.rows.pictures.iter().any(|picture| picture.label == *class)
    };
    let classes: Vec<String> =
        (0..subject.classes.len()).filter(judged).map(|class| subject.classes[class].clone()).collect();
    let evidence = Evidence {
        artefact,
        classes: &classes,
        effects: &effects,
        left_out: &left_out,
        natural: &natural,
        pairs: &pairs,
        taken: taken.as_ref(),
        attention: &attention,
        masks: asked.is_marked(),
        not_finite: asked.not_finite(),
    };
    let judgement = judge(&evidence, asked.rules);
    Case {
        model: subject.models[model].clone(),
        artefact: artefact.clone(),
        target: target.clone(),
        judgement,
        decision: asked.decision(),
        comparisons,
        groups: groups(asked),
        worst: worst(&performance, asked.rules.verdict.min_pictures),
        performance,
        effects,
        natural,
        pairs,
        taken,
        attention,
    }
}
