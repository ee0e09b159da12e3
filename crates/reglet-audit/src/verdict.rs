//! From evidence to a verdict, by rules that can be read out.

mod words;

use reglet_data::edit::Change;

use crate::config::VerdictConfig;
use crate::language::{Language, Words};
use crate::results::{Attention, Contrast, Effect, Verdict, VerdictKind};
use crate::statistics::{Estimate, pictures_needed};

/// What is known of one model when it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The region under suspicion.
    pub artefact: &'a str,
    /// The class whose probability was compared.
    pub target: &'a str,
    /// The language of the verdict's sentences.
    pub language: Language,
    /// What each change did.
    pub effects: &'a [Effect],
    /// Where each method's maps lie.
    pub attention: &'a [Attention],
}

/// Judges one model. A shortcut needs both kinds of evidence:
///
/// 1. *it matters*: putting the artefact in, or taking it away (`both`: the one and the other), changes the target's
///    probability by at least `min_effect` on average, the interval excludes zero, and Holm's p-value is at most
///    `max_p`; and all of that holds, in the same direction, of the difference to its control (`form`: to the
///    artefact with its parts in disorder as well, else a model that reacts to the parts alone is convicted too);
/// 2. *it is looked at*: at least one method whose maps can be believed gives the artefact a density whose interval
///    lies above `min_density`.
///
/// A model is clear if neither change matters: their intervals lie within ±`min_effect`. Maps alone neither
/// convict nor acquit. Everything else is inconclusive, and so is anything on fewer than `min_pictures`
/// pictures.
pub fn judge(evidence: &Evidence, rules: &VerdictConfig) -> Verdict {
    let Evidence { artefact, effects, attention, .. } = *evidence;
    let words = Words::new(evidence.language, artefact, evidence.target);
    let enough = |count: usize| count >= rules.min_pictures;
    let tested: Vec<&Effect> = effects
        .iter()
        .filter(|effect| matches!(effect.change, Change::Insert | Change::Remove) && enough(effect.pictures))
        .collect();
    let matter: Vec<&Effect> = tested.iter().copied().filter(|effect| matters(effect, rules)).collect();
    let convicted = if rules.both { matter.len() == 2 } else { !matter.is_empty() };
    let doubted = |attention: &Attention| attention.trust.as_ref().and_then(|trust| trust.doubt);
    let density = |attention: &Attention| {
        if doubted(attention).is_some() {
            return None;
        }
        let found = attention.regions.get(artefact)?;
        let title = evidence.language.method(&attention.method, &attention.title);
        enough(found.pictures).then_some((title, found.density))
    };
    let densities: Vec<(String, Estimate)> = attention.iter().filter_map(density).collect();
    let looked: Vec<&str> = densities
        .iter()
        .filter(|(_, density)| density.low > rules.min_density)
        .map(|(title, _)| title.as_str())
        .collect();

    let mut reasons: Vec<String> = tested.iter().map(|effect| words.of_effect(effect)).collect();
    let rest = effects.iter().filter(|effect| matches!(effect.change, Change::Move | Change::RemoveLesion));
    reasons.extend(rest.filter(|effect| effect.with).map(|effect| words.of_effect(effect)));
    reasons.extend(densities.iter().map(|(title, density)| words.of_density(title, density)));
    reasons.extend(attention.iter().filter_map(|method| words.of_doubt(method)));

    let (kind, summary) = if tested.is_empty() {
        let most = effects
            .iter()
            .filter(|effect| matches!(effect.change, Change::Insert | Change::Remove))
            .map(|effect| effect.pictures)
            .max();
        (VerdictKind::Inconclusive, words.too_few(most.unwrap_or(0), rules.min_pictures))
    } else if convicted && !looked.is_empty() {
        (VerdictKind::Shortcut, words.because_shortcut(&matter, &looked))
    } else if convicted {
        (VerdictKind::Inconclusive, words.not_looked_at(words.findings(&matter)))
    } else if tested.iter().all(|effect| harmless(effect, rules)) {
        (VerdictKind::Clear, words.because_clear(&tested, rules.min_effect))
    } else {
        (VerdictKind::Inconclusive, unsettled(&words, &tested, &matter, rules))
    };
    Verdict { kind, summary, reasons }
}

/// Whether a change does what chance and its controls do not.
fn matters(effect: &Effect, rules: &VerdictConfig) -> bool {
    let counts = |estimate: &Estimate, p: Option<f64>| {
        estimate.excludes_zero()
            && estimate.mean.abs() >= rules.min_effect
            && p.is_none_or(|p| p <= rules.max_p)
    };
    let direction = effect.difference.mean.signum();
    counts(&effect.difference, effect.test.adjusted)
        && binding(effect, rules).all(|contrast| {
            contrast.difference.mean.signum() == direction
                && counts(&contrast.difference, contrast.test.adjusted)
        })
}

/// The controls that a change must exceed.
fn binding<'a>(effect: &'a Effect, rules: &VerdictConfig) -> impl Iterator<Item = &'a Contrast> {
    let VerdictConfig { form, min_pictures, .. } = *rules;
    effect.against.iter().filter(move |contrast| {
        contrast.pictures >= min_pictures && (form || contrast.control != Change::Scrambled)
    })
}

/// Whether the interval leaves no room for a change that counts.
fn harmless(effect: &Effect, rules: &VerdictConfig) -> bool {
    let Estimate { low, high, .. } = effect.difference;
    low > -rules.min_effect && high < rules.min_effect
}

/// Why nothing can be concluded, and what would settle it.
fn unsettled(words: &Words, tested: &[&Effect], matter: &[&Effect], rules: &VerdictConfig) -> String {
    if let [one] = matter {
        return words.only_one(one);
    }
    let large = |effect: &&&Effect| {
        effect.difference.excludes_zero() && effect.difference.mean.abs() >= rules.min_effect
    };
    if let Some(effect) = tested.iter().find(large) {
        let beaten = binding(effect, rules).find(|contrast| {
            contrast.difference.mean.abs() < rules.min_effect || !contrast.difference.excludes_zero()
        });
        return match beaten {
            Some(contrast) => {
                words.no_more_than_control(words.findings(&[effect]), words.of_control(contrast, effect.with))
            }
            None => words.may_be_chance(words.findings(&[effect]), words.of_chance(&effect.test)),
        };
    }
    // The one that is furthest from being harmless says how many pictures it would take.
    let reach = |effect: &Effect| effect.difference.low.abs().max(effect.difference.high.abs());
    let widest = tested.iter().max_by(|a, b| reach(a).total_cmp(&reach(b)));
    widest.map_or_else(String::new, |effect| {
        let differences: Vec<f64> = effect.pairs.iter().map(|(before, after)| after - before).collect();
        let margin = (rules.min_effect - effect.difference.mean.abs()).abs();
        words.of_width(effect, rules.min_effect, pictures_needed(&differences, margin))
    })
}

#[cfg(test)]
mod tests;
