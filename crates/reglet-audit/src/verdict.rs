//! From evidence to a verdict, by rules that can be read out.

use reglet_data::edit::Change;

use crate::config::VerdictConfig;
use crate::results::{Attention, Effect, Verdict, VerdictKind};
use crate::statistics::Estimate;

/// What is known of one model when it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The region under suspicion.
    pub artefact: &'a str,
    /// The class whose probability was compared.
    pub target: &'a str,
    /// What each change did.
    pub effects: &'a [Effect],
    /// Where each method's maps lie.
    pub attention: &'a [Attention],
}

/// Judges one model. A shortcut needs both kinds of evidence:
///
/// 1. *it matters*: putting the artefact in, or taking it away, changes the target's probability by at least
///    `min_effect` on average, the interval excludes zero, and the change exceeds that of the meaningless
///    control by at least as much;
/// 2. *it is looked at*: at least one method gives the artefact a density whose interval lies above
///    `min_density`.
///
/// A model is clear if neither change matters: their intervals lie within ±`min_effect`. Maps alone neither
/// convict nor acquit. Everything else is inconclusive, and so is anything on fewer than `min_pictures`
/// pictures.
pub fn judge(evidence: &Evidence, rules: &VerdictConfig) -> Verdict {
    let Evidence { artefact, target, effects, attention } = *evidence;
    let enough = |count: usize| count >= rules.min_pictures;
    let control = effects.iter().find(|effect| effect.change == Change::Control && enough(effect.pictures));
    let control_size = control.map_or(0.0, |effect| effect.difference.mean.abs());
    let tested: Vec<&Effect> = effects
        .iter()
        .filter(|effect| matches!(effect.change, Change::Insert | Change::Remove) && enough(effect.pictures))
        .collect();

    let matters = |effect: &&&Effect| {
        let Estimate { mean, low, high, .. } = effect.difference;
        let certain = low > 0.0 || high < 0.0;
        certain && mean.abs() >= rules.min_effect && mean.abs() - control_size >= rules.min_effect
    };
    let harmless = |effect: &&Effect| {
        let Estimate { low, high, .. } = effect.difference;
        low > -rules.min_effect && high < rules.min_effect
    };
    let density = |attention: &Attention| {
        let found = attention.regions.get(artefact)?;
        enough(found.pictures).then_some((attention.title.clone(), found.density))
    };
    let densities: Vec<(String, Estimate)> = attention.iter().filter_map(density).collect();
    let looked = densities.iter().filter(|(_, density)| density.low > rules.min_density);
    let looked: Vec<&str> = looked.map(|(title, _)| title.as_str()).collect();

    let mut reasons: Vec<String> = tested.iter().map(|effect| in_words(effect, artefact, target)).collect();
    reasons.extend(control.map(|effect| in_words(effect, artefact, target)));
    reasons.extend(densities.iter().map(|(title, density)| {
        let Estimate { mean, low, high, count } = density;
        format!(
            "{title} gives the {artefact} {mean:.2} times its share of the picture [{low:.2}, {high:.2}] on {count} pictures"
        )
    }));

    let worst = tested.iter().max_by(|a, b| a.difference.mean.abs().total_cmp(&b.difference.mean.abs()));
    let (kind, summary) = match worst {
        None => (
            VerdictKind::Inconclusive,
            format!(
                "Too few pictures to say: the {artefact} could be added or removed on fewer than {} of them",
                rules.min_pictures
            ),
        ),
        Some(_) if tested.iter().any(|effect| matters(&effect)) && !looked.is_empty() => (
            VerdictKind::Shortcut,
            format!(
                "The {artefact} changes what the model says, and the model looks at it ({})",
                looked.join(", ")
            ),
        ),
        Some(_) if tested.iter().any(|effect| matters(&effect)) => (
            VerdictKind::Inconclusive,
            format!(
                "The {artefact} changes what the model says, but no map lies on it: a method that sees it, or more pictures, would settle it"
            ),
        ),
        Some(_) if tested.iter().all(harmless) => (
            VerdictKind::Clear,
            format!("Neither adding nor removing the {artefact} changes what the model says"),
        ),
        Some(worst) => (
            VerdictKind::Inconclusive,
            format!(
                "The {artefact} may change what the model says ({}): more pictures would settle it",
                signed(worst.difference)
            ),
        ),
    };
    Verdict { kind, summary, reasons }
}

/// One effect as a sentence.
fn in_words(effect: &Effect, artefact: &str, target: &str) -> String {
    let what = match effect.change {
        Change::Insert => format!("Adding a {artefact}"),
        Change::Remove => format!("Removing the {artefact}"),
        Change::Move => format!("Moving the {artefact}"),
        Change::Control => format!("A blank strip in place of a {artefact}"),
    };
    format!(
        "{what} changes the probability of {target} by {} on {} pictures, and the decision on {:.0} %",
        signed(effect.difference),
        effect.pictures,
        100.0 * effect.flipped
    )
}

fn signed(estimate: Estimate) -> String {
    let Estimate { mean, low, high, .. } = estimate;
    format!("{mean:+.2} [{low:+.2}, {high:+.2}]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::RegionAttention;

    fn estimate(mean: f64, half: f64) -> Estimate {
        Estimate { mean, low: mean - half, high: mean + half, count: 40 }
    }

    fn effect(change: Change, mean: f64, half: f64) -> Effect {
        Effect { change, pictures: 40, difference: estimate(mean, half), flipped: 0.5, pairs: Vec::new() }
    }

    fn attention(density: f64) -> Attention {
        let region =
            RegionAttention { pictures: 40, share: estimate(0.2, 0.01), density: estimate(density, 0.1) };
        Attention {
            method: "grad_cam".into(),
            title: "Grad-CAM".into(),
            regions: [("ruler".to_owned(), region)].into(),
            artefact_against_control: None,
            median_gap: None,
            remarks: Default::default(),
        }
    }

    fn kind(effects: &[Effect], density: f64) -> VerdictKind {
        let attention = [attention(density)];
        let evidence = Evidence { artefact: "ruler", target: "melanoma", effects, attention: &attention };
        judge(&evidence, &VerdictConfig::default()).kind
    }

    #[test]
    fn a_shortcut_needs_both_kinds_of_evidence() {
        let strong = [effect(Change::Insert, 0.5, 0.1)];
        assert_eq!(kind(&strong, 2.0), VerdictKind::Shortcut);
        assert_eq!(kind(&strong, 0.5), VerdictKind::Inconclusive);
        assert_eq!(kind(&[effect(Change::Remove, -0.5, 0.1)], 2.0), VerdictKind::Shortcut);
    }

    #[test]
    fn maps_alone_convict_nobody() {
        assert_eq!(kind(&[effect(Change::Insert, 0.01, 0.02)], 9.0), VerdictKind::Clear);
    }

    #[test]
    fn a_control_that_does_as_much_takes_the_evidence_away() {
        let effects = [effect(Change::Insert, 0.5, 0.1), effect(Change::Control, 0.45, 0.1)];
        assert_eq!(kind(&effects, 2.0), VerdictKind::Inconclusive);
    }

    #[test]
    fn wide_intervals_and_few_pictures_are_inconclusive() {
        assert_eq!(kind(&[effect(Change::Insert, 0.02, 0.3)], 2.0), VerdictKind::Inconclusive);
        let few = Effect { pictures: 3, ..effect(Change::Insert, 0.9, 0.05) };
        assert_eq!(kind(&[few], 2.0), VerdictKind::Inconclusive);
        assert_eq!(kind(&[], 2.0), VerdictKind::Inconclusive);
    }
}
