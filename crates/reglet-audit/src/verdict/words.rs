//! Evidence in sentences.

use reglet_data::edit::Change;

use crate::results::{Contrast, Effect, Test};
use crate::statistics::Estimate;

/// Writes of one artefact and one class.
pub(super) struct Words<'a> {
    pub(super) artefact: &'a str,
    pub(super) target: &'a str,
}

impl Words<'_> {
    /// One effect with its controls.
    pub(super) fn effect(&self, effect: &Effect) -> String {
        let Words { artefact, target } = self;
        let Effect { pictures, flipped, called, .. } = effect;
        let does = rise(&effect.difference);
        if effect.change == Change::RemoveLesion {
            return format!(
                "Without its lesion{}, but with its {artefact}, a picture is called {target} on {} of {pictures}, {} before ({})",
                if effect.estimated > 0 { " (estimated)" } else { "" },
                called[1],
                called[0],
                format_args!("the probability {}", does)
            );
        }
        let mut text = format!(
            "{} {} the probability of {target} by {} on {pictures} pictures{}, and changes the decision on {:.0} %",
            self.what(effect.change, effect.with),
            verb(&effect.difference),
            interval(&effect.difference),
            chance(&effect.test),
            100.0 * flipped
        );
        for contrast in &effect.against {
            text += &format!(
                "; {} by {}, so the {artefact} itself by {}{}",
                self.control(contrast.control, effect.with),
                signed(&contrast.alone),
                signed(&contrast.difference),
                chance(&contrast.test)
            );
        }
        text
    }

    fn what(&self, change: Change, with: bool) -> String {
        let artefact = self.artefact;
        match change {
            Change::Insert => format!("Adding a {artefact}"),
            Change::Remove => format!("Removing the {artefact}"),
            Change::Move => format!("Moving the {artefact}"),
            Change::Control if with => "Filling as much skin elsewhere".to_owned(),
            Change::Control => format!("Skin of the same shape in place of a {artefact}"),
            Change::Scrambled => format!("The parts of a {artefact} in disorder"),
            Change::RemoveLesion => "Removing the lesion".to_owned(),
        }
    }

    fn control(&self, control: Change, with: bool) -> String {
        match (control, with) {
            (Change::Scrambled, _) => "its parts in disorder change it".to_owned(),
            (_, true) => "filling as much skin elsewhere changes it".to_owned(),
            _ => "skin of the same shape changes it".to_owned(),
        }
    }

    /// Where one method's maps lie.
    pub(super) fn density(&self, title: &str, density: &Estimate) -> String {
        let Estimate { mean, low, high, count } = density;
        format!(
            "{title} gives the {} {mean:.2} times its share of the picture [{low:.2}, {high:.2}] on {count} pictures",
            self.artefact
        )
    }

    /// Why a method does not count.
    pub(super) fn doubted(&self, title: &str, why: &str) -> String {
        format!("{title} is shown but does not count: {why}")
    }

    pub(super) fn shortcut(&self, matter: &[&Effect], looked: &[&str]) -> String {
        let controlled = matter.iter().all(|effect| !effect.against.is_empty());
        let against =
            if controlled { "more than its control does" } else { "with no control to set it against" };
        format!("{}, {against}, and the model looks at it ({})", self.findings(matter), looked.join(", "))
    }

    pub(super) fn clear(&self, tested: &[&Effect], least: f64) -> String {
        let what: Vec<String> = tested
            .iter()
            .map(|effect| {
                let doing = if effect.change == Change::Insert { "adding" } else { "removing" };
                format!("{doing} it {}", signed(&effect.difference))
            })
            .collect();
        format!(
            "The {} changes the probability of {} by less than {least}: {}",
            self.artefact,
            self.target,
            what.join(", ")
        )
    }

    pub(super) fn too_few(&self, pictures: usize, wanted: usize) -> String {
        format!(
            "Too few pictures to say: the {} could be added or removed on {pictures} of them at most; {wanted} with it, or as many known to be without, would do",
            self.artefact
        )
    }

    pub(super) fn not_looked_at(&self, matter: &[&Effect]) -> String {
        format!(
            "{}, but no map lies on it more than chance would have it: a method that sees it would settle the matter",
            self.findings(matter)
        )
    }

    pub(super) fn only_one(&self, effect: &Effect) -> String {
        let other = if effect.change == Change::Insert { "removing" } else { "adding" };
        format!(
            "{}, but {other} it does not change the answer enough, and both are asked for",
            self.findings(&[effect])
        )
    }

    pub(super) fn no_more_than_control(&self, effect: &Effect, contrast: &Contrast) -> String {
        format!(
            "{}, but {} by {}: the {} itself may not be what matters. Other controls, or more pictures, would settle it",
            self.findings(&[effect]),
            self.control(contrast.control, effect.with),
            signed(&contrast.alone),
            self.artefact
        )
    }

    pub(super) fn may_be_chance(&self, effect: &Effect) -> String {
        format!(
            "{}{}, which could be chance: more pictures would settle it",
            self.findings(&[effect]),
            chance(&effect.test)
        )
    }

    pub(super) fn too_wide(&self, effect: &Effect, least: f64, needed: Option<usize>) -> String {
        let settle = match needed {
            Some(needed) if needed > effect.pictures && needed < 100_000 => {
                format!(
                    "about {needed} pictures of this kind, where there are {}, would settle it",
                    effect.pictures
                )
            }
            _ => "more pictures would settle it".to_owned(),
        };
        format!(
            "{}: a change of {least} can neither be shown nor excluded; {settle}",
            self.findings(&[effect])
        )
    }

    /// "Adding a ruler raises the probability of melanoma by 0.52 [0.44, 0.60] and removing it lowers it by …".
    fn findings(&self, effects: &[&Effect]) -> String {
        let mut text = String::new();
        for (index, effect) in effects.iter().enumerate() {
            let (does, by) = (verb(&effect.difference), interval(&effect.difference));
            text += &if index == 0 {
                format!(
                    "{} {does} the probability of {} by {by}",
                    self.what(effect.change, effect.with),
                    self.target
                )
            } else {
                let doing = if effect.change == Change::Insert { "adding" } else { "removing" };
                format!(", {doing} it {does} it by {by}")
            };
        }
        text
    }
}

fn verb(difference: &Estimate) -> &'static str {
    if difference.mean < 0.0 { "lowers" } else { "raises" }
}

/// As the object of a verb that says the direction: of a fall, the size.
fn interval(difference: &Estimate) -> String {
    let Estimate { mean, low, high, .. } = *difference;
    let (mean, low, high) = if mean < 0.0 { (-mean, -high, -low) } else { (mean, low, high) };
    format!("{} [{}, {}]", number(mean, false), number(low, false), number(high, false))
}

fn rise(difference: &Estimate) -> String {
    let direction = if difference.mean < 0.0 { "falls" } else { "rises" };
    format!("{direction} by {}", interval(difference))
}

fn signed(estimate: &Estimate) -> String {
    let Estimate { mean, low, high, .. } = *estimate;
    format!("{} [{}, {}]", number(mean, true), number(low, true), number(high, true))
}

/// Two decimals; what rounds to zero has no sign.
fn number(value: f64, sign: bool) -> String {
    let text = if sign { format!("{value:+.2}") } else { format!("{value:.2}") };
    if text.ends_with("0.00") { "0.00".to_owned() } else { text }
}

/// The corrected p-value in brackets, or nothing where the verdict does not rest on it.
fn chance(test: &Test) -> String {
    match test.adjusted {
        Some(p) if p < 0.001 => " (p < 0.001)".to_owned(),
        Some(p) => format!(" (p = {p:.3})"),
        None => String::new(),
    }
}
