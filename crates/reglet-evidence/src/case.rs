//! Everything that is concluded of one model, one artefact and one target.

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

/// What is concluded of one model, one artefact and one target, with all that it rests on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Case {
    /// The model's name.
    pub model: String,
    /// The region under suspicion.
    pub artefact: String,
    /// The class whose probability is compared.
    pub target: String,
    /// What was concluded.
    pub judgement: Judgement,
    /// The probability above which a picture is called the target; `None` where it is called what is most probable.
    pub decision: Option<f64>,
    /// How many comparisons are judged together, and so corrected for.
    pub comparisons: usize,
    /// The probability of the target by class and artefact.
    pub groups: Vec<Group>,
    /// How good the answers are: on all pictures, on those without and with the artefact, and by each column of the data.
    pub performance: Vec<Performance>,
    /// Who is served worst; `None` where no part has enough pictures.
    pub worst: Option<Worst>,
    /// What each change does.
    pub effects: Vec<Effect>,
    /// What untouched pictures say, by class.
    pub natural: Vec<Natural>,
    /// What pairs of the same lesion say; `None` where the data have none.
    pub pairs: Option<Pairs>,
    /// Whether the edits are what they stand for; `None` where that was not tried.
    pub taken: Option<Taken>,
    /// Where each method looks.
    pub attention: Vec<Attention>,
}

impl Case {
    /// By the number of a picture among the rows, what taking the artefact away adds to the target's probability, or putting it
    /// in where it is not, beyond the neutral edit of the same picture: the mean over the places that the verdict counts.
    pub fn effect_by_picture(&self) -> BTreeMap<usize, f64> {
        let possible = |effect: &&Effect| {
            matches!((effect.change, effect.with), (Change::Remove, true) | (Change::Insert, false))
        };
        let all = self.effects.iter().filter(|effect| effect.class.is_none()).filter(possible);
        let against = all.flat_map(|effect| &effect.against).filter(|found| found.control == Change::Control);
        against.flat_map(|found| found.by_picture.iter().copied()).collect()
    }
}

/// Whether the methods' maps of one model and target can be believed: found by the model, and kept beside the rows.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
pub struct Tried {
    /// The model, a place among the rows' models.
    pub model: usize,
    /// The target, a place among the rows' targets.
    pub target: usize,
    /// What was found, by method.
    pub trust: Vec<Trust>,
}

/// Judges every model by every artefact and target, all of them together: one case each, in the order of the rows'
/// subject, by model, then artefact, then target. A pure function: the same rows and rules give the same cases.
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
    let effects = effects(asked, level);
    let natural = natural(asked, level);
    let pairs = pairs(asked, level);
    let taken = taken(asked);
    let attention = attention(asked, model, trust, level);
    let performance = performance(asked);
    let artefact = &subject.artefacts[asked.artefact];
    let populated = |class: &usize| asked.rows.pictures.iter().any(|picture| picture.label == *class);
    let classes: Vec<String> =
        (0..subject.classes.len()).filter(populated).map(|class| subject.classes[class].clone()).collect();
    let evidence = Evidence {
        artefact,
        classes: &classes,
        effects: &effects,
        natural: &natural,
        pairs: pairs.as_ref(),
        taken: taken.as_ref(),
        attention: &attention,
        masks: effects.iter().any(|effect| effect.with),
    };
    let judgement = judge(&evidence, asked.rules);
    Case {
        model: subject.models[model].clone(),
        artefact: artefact.clone(),
        target: subject.targets[asked.target].clone(),
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
