//! Evidence in sentences.

use reglet_data::edit::Change;

use crate::language::{Language, Words};
use crate::results::{Attention, Contrast, Doubt, Effect, Test};
use crate::statistics::Estimate;

impl Words {
    /// One effect with its controls.
    pub(crate) fn of_effect(&self, effect: &Effect) -> String {
        let &Effect { change, with, pictures, flipped, called, difference, .. } = effect;
        if change == Change::RemoveLesion {
            let by = self.size(&difference);
            let does = if difference.mean < 0.0 { self.falls(by) } else { self.rises(by) };
            let estimated = if effect.estimated > 0 { self.estimated("") } else { String::new() };
            return self.lesion_out(estimated, called[1], pictures, called[0], does);
        }
        let (what, by) = (self.doing(change, with), self.size(&difference));
        let finding = if difference.mean < 0.0 { self.lowers(what, by) } else { self.raises(what, by) };
        let flipped = self.language.percent(flipped);
        let mut text = self.effect(finding, pictures, self.of_chance(&effect.test), flipped);
        for contrast in &effect.against {
            let own = self.language.estimate(&contrast.difference, Language::signed);
            text +=
                &self.beyond_control(self.of_control(contrast, with), own, self.of_chance(&contrast.test));
        }
        text
    }

    /// A change as the subject of a sentence.
    fn doing(&self, change: Change, with: bool) -> String {
        match change {
            Change::Insert => self.adding(),
            Change::Remove => self.removing(),
            Change::Move => self.moving(),
            Change::Control if with => self.filling_elsewhere(),
            Change::Control => self.skin_instead(),
            Change::Scrambled => self.parts_in_disorder(),
            Change::RemoveLesion => self.removing_lesion(),
        }
    }

    /// What a control does by itself.
    pub(super) fn of_control(&self, contrast: &Contrast, with: bool) -> String {
        let by = self.language.estimate(&contrast.alone, Language::signed);
        match (contrast.control, with) {
            (Change::Scrambled, _) => self.control_scrambled(by),
            (_, true) => self.control_filled(by),
            _ => self.control_skin(by),
        }
    }

    /// Where one method's maps lie.
    pub(crate) fn of_density(&self, title: &str, &Estimate { mean, low, high, count }: &Estimate) -> String {
        let ends = self.language.ends(low, high, Language::plain);
        self.density(title, self.language.plain(mean), ends, count)
    }

    /// Why a method does not count, if it does not.
    pub(crate) fn of_doubt(&self, method: &Attention) -> Option<String> {
        let doubt = method.trust.as_ref()?.doubt.as_ref()?;
        Some(self.doubted(self.language.method(&method.method, &method.title), self.why(doubt)))
    }

    /// Why a method's maps are not believed.
    pub(crate) fn why(&self, doubt: &Doubt) -> String {
        let language = self.language;
        match *doubt {
            Doubt::Unstable { found, least } => self.unstable(language.plain(found), language.given(least)),
            Doubt::Unmoved { found, most } => self.unmoved(language.plain(found), language.given(most)),
        }
    }

    pub(super) fn because_shortcut(&self, matter: &[&Effect], looked: &[&str]) -> String {
        let controlled = matter.iter().all(|effect| !effect.against.is_empty());
        let against = if controlled { self.more_than_control() } else { self.no_control() };
        self.shortcut(self.findings(matter), against, looked.join(", "))
    }

    pub(super) fn because_clear(&self, tested: &[&Effect], least: f64) -> String {
        let effects = tested.iter().map(|effect| {
            let by = self.language.estimate(&effect.difference, Language::signed);
            if effect.change == Change::Insert { self.adding_it(by) } else { self.removing_it(by) }
        });
        self.clear(self.language.given(least), effects.collect::<Vec<_>>().join(", "))
    }

    pub(super) fn only_one(&self, effect: &Effect) -> String {
        let findings = self.findings(&[effect]);
        if effect.change == Change::Insert {
            self.not_when_removed(findings)
        } else {
            self.not_when_added(findings)
        }
    }

    pub(super) fn of_width(&self, effect: &Effect, least: f64, needed: Option<usize>) -> String {
        let settle = match needed {
            Some(needed) if needed > effect.pictures && needed < 100_000 => {
                self.needed(needed, effect.pictures)
            }
            _ => self.more_pictures(),
        };
        self.too_wide(self.findings(&[effect]), self.language.given(least), settle)
    }

    /// "Adding a ruler raises the probability of melanoma by 0.52 [0.44, 0.60], removing it lowers it by …".
    pub(super) fn findings(&self, effects: &[&Effect]) -> String {
        let mut text = String::new();
        for (index, effect) in effects.iter().enumerate() {
            let (falls, by) = (effect.difference.mean < 0.0, self.size(&effect.difference));
            let what = self.doing(effect.change, effect.with);
            text += &match (index, effect.change, falls) {
                (0, _, true) => self.lowers(what, by),
                (0, _, false) => self.raises(what, by),
                (_, Change::Insert, true) => self.adding_it_lowers(by),
                (_, Change::Insert, false) => self.adding_it_raises(by),
                (_, _, true) => self.removing_it_lowers(by),
                (_, _, false) => self.removing_it_raises(by),
            };
        }
        text
    }

    /// As the object of a verb that says the direction: of a fall, the size.
    fn size(&self, difference: &Estimate) -> String {
        let Estimate { mean, low, high, count } = *difference;
        let (mean, low, high) = if mean < 0.0 { (-mean, -high, -low) } else { (mean, low, high) };
        self.language.estimate(&Estimate { mean, low, high, count }, Language::plain)
    }

    /// The corrected p-value in brackets, or nothing where the verdict does not rest on it.
    pub(super) fn of_chance(&self, test: &Test) -> String {
        let Some(p) = test.adjusted else { return String::new() };
        let p = self.language.p_value(p);
        self.chance(if p.starts_with('<') { p } else { format!("=\u{a0}{p}") })
    }
}
