//! Evidence and verdicts in sentences.

use reglet_data::edit::Change;
use reglet_evidence::{
    Attention, Case, Contrast, Doubt, Effect, Finding, Functional, JUDGED, Lack, Natural, Objection, Pairs,
    ReactsTo, Rules, Taken, Test, VerdictKind,
};
use reglet_statistics::Estimate;

use super::{Language, Phrases};

/// As many effects are named in a verdict's first sentence.
const NAMED: usize = 2;

/// The first letter made small, for a sentence that becomes part of another.
fn uncapital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(characters.as_str().chars()).collect()
}

impl Phrases {
    /// A verdict in one sentence, and what it rests on, a sentence for each piece of evidence; without full stops.
    pub(crate) fn of_case(&self, case: &Case, rules: &Rules) -> (String, Vec<String>) {
        let judgement = &case.judgement;
        let summary = match judgement.kind {
            VerdictKind::Shortcut => {
                let reacts = match judgement.reacts_to {
                    Some(ReactsTo::Form) => self.reacts_to_form(),
                    Some(ReactsTo::AnythingLikeIt) => self.reacts_to_anything_like_it(),
                    Some(ReactsTo::Unknown) | None => String::new(),
                };
                let titles = self.titles(case, &judgement.corroborated);
                let maps = match (case.attention.is_empty(), titles.is_empty()) {
                    (true, _) => String::new(),
                    (false, true) => self.no_map_lies_on_it(),
                    (false, false) => self.maps_lie_on_it(titles),
                };
                self.shortcut(self.of_findings(&judgement.findings), reacts, maps)
            }
            VerdictKind::Clear => {
                let least = self.language.given(rules.verdict.min_effect);
                let flips = self.language.percent(rules.verdict.max_flips);
                self.clear(least, flips, self.of_whole(case).join(", "))
            }
            VerdictKind::Inconclusive => {
                judgement.doubts.first().map_or_else(String::new, |doubt| self.of_objection(doubt, rules))
            }
        };
        (summary, self.reasons(case, rules))
    }

    fn reasons(&self, case: &Case, rules: &Rules) -> Vec<String> {
        let whole = |effect: &&Effect| effect.class.is_none();
        let judged = case.effects.iter().filter(|effect| JUDGED.contains(&effect.change)).filter(whole);
        let mut reasons: Vec<String> = judged.map(|effect| self.of_effect(effect)).collect();
        let rest = case.effects.iter().filter(whole);
        let rest = rest.filter(|effect| matches!(effect.change, Change::Move | Change::RemoveLesion));
        reasons.extend(rest.filter(|effect| effect.with).map(|effect| self.of_effect(effect)));
        reasons.extend(case.natural.iter().map(|natural| self.of_natural(natural)));
        reasons.extend(case.pairs.iter().map(|pairs| self.of_pairs(pairs)));
        reasons.extend(case.taken.as_ref().map(|taken| self.of_taken(taken)));
        let density =
            |method: &Attention| {
                if method.trust.as_ref().is_some_and(|trust| trust.doubt.is_some()) {
                    return None;
                }
                let found = method.regions.get(&case.artefact)?;
                Some(self.of_density(
                    &self.language.method(&method.method, &method.title),
                    &found.density.estimate,
                ))
            };
        reasons.extend(case.attention.iter().filter_map(density));
        reasons.extend(case.attention.iter().filter_map(|method| self.of_doubt(method)));
        let told = usize::from(case.judgement.kind == VerdictKind::Inconclusive);
        reasons.extend(case.judgement.doubts.iter().skip(told).map(|doubt| self.of_objection(doubt, rules)));
        reasons
    }

    /// The titles of methods in this language.
    fn titles(&self, case: &Case, titles: &[String]) -> String {
        let known = case.attention.iter().filter(|method| titles.contains(&method.title));
        let titles: Vec<String> =
            known.map(|method| self.language.method(&method.method, &method.title)).collect();
        self.language.list(&titles)
    }

    /// What both changes do to all pictures, for a verdict of `clear`.
    fn of_whole(&self, case: &Case) -> Vec<String> {
        let judged = case.effects.iter().filter(|effect| effect.class.is_none());
        let said = judged.filter_map(|effect| {
            let by = self.language.estimate(&effect.difference.estimate, Language::signed);
            match effect.change {
                Change::Insert => Some(self.adding_it(by)),
                Change::Remove => Some(self.removing_it(by)),
                _ => None,
            }
        });
        said.collect()
    }

    /// The strongest findings: for each change the one for all pictures, or else the one for the class that changes most.
    fn of_findings(&self, findings: &[Finding]) -> String {
        let mut order: Vec<&Finding> = findings.iter().collect();
        order.sort_by(|a, b| {
            (a.what.cmp(&b.what))
                .then(a.class.is_some().cmp(&b.class.is_some()))
                .then(b.by.mean.abs().total_cmp(&a.by.mean.abs()))
        });
        let mut told: Vec<&Finding> = Vec::new();
        for finding in order {
            if told.len() < NAMED && told.iter().all(|other| other.change != finding.change) {
                told.push(finding);
            }
        }
        told.sort_by_key(|finding| finding.change);
        let said = told.into_iter().enumerate();
        let said = said.map(|(place, finding)| match place {
            0 => self.of_finding(finding),
            _ => uncapital(&self.of_finding(finding)),
        });
        self.language.list(&said.collect::<Vec<_>>())
    }

    /// "Adding a ruler raises the probability of melanoma by 0.52 [0.44, 0.60] (class benign)".
    fn of_finding(&self, finding: &Finding) -> String {
        let what = self.doing(finding.change, finding.change == Change::Remove);
        let said = match finding.what {
            Functional::Probability => self.moves(what, &finding.by),
            Functional::Gained => self.gains(what, self.language.estimate(&finding.by, Language::percent)),
            Functional::Lost => self.loses(what, self.language.estimate(&finding.by, Language::percent)),
        };
        self.in_class(said, finding.class.as_deref())
    }

    fn moves(&self, what: String, by: &Estimate) -> String {
        let size = self.size(by);
        if by.mean < 0.0 { self.lowers(what, size) } else { self.raises(what, size) }
    }

    fn in_class(&self, said: String, class: Option<&str>) -> String {
        match class {
            Some(class) => self.of_class(said, self.language.name(class).bare),
            None => said,
        }
    }

    /// One effect with its controls.
    pub(crate) fn of_effect(&self, effect: &Effect) -> String {
        let &Effect { change, with, pictures, called, .. } = effect;
        let difference = &effect.difference.estimate;
        if change == Change::RemoveLesion {
            let by = self.size(difference);
            let does = if difference.mean < 0.0 { self.falls(by) } else { self.rises(by) };
            let estimated = if effect.estimated > 0 { self.estimated("") } else { String::new() };
            return self.lesion_out(estimated, called[1], pictures, called[0], does);
        }
        let finding = self.moves(self.doing(change, with), difference);
        let flipped = self.language.percent(effect.gained.estimate.mean + effect.lost.estimate.mean);
        let text = self.effect(finding, pictures, self.of_chance(&effect.test), flipped);
        let mut text = self.in_class(text, effect.class.as_deref());
        for contrast in &effect.against {
            let own = self.language.estimate(&contrast.difference.estimate, Language::signed);
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
            Change::Control if with => self.changing_elsewhere(),
            Change::Control => self.plain_patch(),
            Change::Scrambled => self.shuffled_tiles(),
            Change::RemoveLesion => self.removing_lesion(),
        }
    }

    /// The effect of a control alone.
    fn of_control(&self, contrast: &Contrast, with: bool) -> String {
        self.control_does(contrast.control, with, &contrast.alone)
    }

    fn control_does(&self, control: Change, with: bool, alone: &Estimate) -> String {
        let by = self.language.estimate(alone, Language::signed);
        match (control, with) {
            (Change::Scrambled, _) => self.control_scrambled(by),
            (_, true) => self.control_elsewhere(by),
            _ => self.control_patch(by),
        }
    }

    fn of_natural(&self, natural: &Natural) -> String {
        let by = self.language.estimate(&natural.difference.estimate, Language::signed);
        let class = self.language.name(&natural.class).bare;
        let said = self.natural_says(class, natural.with, natural.without, by);
        match &natural.unexplained {
            Some(rest) => {
                let rest = self.language.estimate(&rest.estimate, Language::signed);
                format!("{said}{}", self.edits_leave(rest))
            }
            None => said,
        }
    }

    /// What pairs of the same lesion say.
    pub(crate) fn of_pairs(&self, pairs: &Pairs) -> String {
        let by = self.language.estimate(&pairs.difference.estimate, Language::signed);
        match &pairs.class {
            Some(class) => self.pairs_of_class_say(self.language.name(class).bare, pairs.pairs, by),
            None => self.pairs_say(pairs.pairs, by),
        }
    }

    /// What the probe says.
    pub(crate) fn of_taken(&self, taken: &Taken) -> String {
        let auroc = self.language.estimate(&taken.auroc, Language::plain);
        if taken.sees_nothing() {
            return self.probe_sees_nothing(auroc);
        }
        let ways: Vec<String> = JUDGED
            .into_iter()
            .filter_map(|change| {
                let way = self.language.estimate(&taken.of(change)?.way, Language::percent);
                Some(self.goes(self.of_edits(change), way))
            })
            .collect();
        let ways = if ways.is_empty() { String::new() } else { self.to_it(self.language.list(&ways)) };
        format!("{}{ways}", self.probe_tells(auroc))
    }

    fn of_edits(&self, change: Change) -> String {
        if change == Change::Insert { self.the_added() } else { self.the_removed() }
    }

    /// Where the maps of one method concentrate.
    pub(crate) fn of_density(&self, title: &str, &Estimate { mean, low, high, count }: &Estimate) -> String {
        let ends = self.language.ends(low, high, Language::plain);
        self.density(title, self.language.plain(mean), ends, count)
    }

    /// Why a method does not count, if it does not.
    pub(crate) fn of_doubt(&self, method: &Attention) -> Option<String> {
        let doubt = method.trust.as_ref()?.doubt.as_ref()?;
        Some(self.doubted(self.language.method(&method.method, &method.title), self.why(doubt)))
    }

    /// Why a method's maps are not trusted.
    pub(crate) fn why(&self, doubt: &Doubt) -> String {
        let language = self.language;
        match *doubt {
            Doubt::Unstable { found, least } => {
                self.unstable(language.beside(found, least), language.given(least))
            }
            Doubt::Unmoved { found, most } => {
                self.unmoved(language.beside(found, most), language.given(most))
            }
        }
    }

    /// The objections to `clear`, and what would settle the question.
    pub(crate) fn of_objection(&self, objection: &Objection, rules: &Rules) -> String {
        let language = self.language;
        let signed = |estimate: &Estimate| language.estimate(estimate, Language::signed);
        let class_name = |class: &str| language.name(class).bare;
        match objection {
            Objection::NotFinite { answers } => self.answers_not_finite(answers),
            Objection::NoControl { finding, control, asked: false, .. } => {
                self.control_not_asked(self.of_finding(finding), control)
            }
            Objection::NoControl { finding, pictures, .. } => {
                self.no_control(self.of_finding(finding), pictures, rules.verdict.min_pictures)
            }
            Objection::NoMoreThanControl { finding, control, alone } => {
                let with = finding.change == Change::Remove;
                let control = match finding.what {
                    Functional::Probability => self.control_does(*control, with, alone),
                    Functional::Gained | Functional::Lost => {
                        let share = language.estimate(alone, Language::percent);
                        self.does_so(uncapital(&self.doing(*control, with)), share)
                    }
                };
                self.no_more_than_control(self.of_finding(finding), control)
            }
            Objection::SameSign { class, insert, remove } => {
                self.in_class(self.same_sign(signed(insert), signed(remove)), class.as_deref())
            }
            Objection::OnlyOne { finding, tried } => {
                let said = self.of_finding(finding);
                match (finding.change, tried) {
                    (Change::Insert, true) => self.not_when_removed(said),
                    (Change::Insert, false) => self.not_removed(said),
                    (_, true) => self.not_when_added(said),
                    (_, false) => self.not_added(said),
                }
            }
            Objection::NotLookedAt { finding, mapped: true } => self.not_looked_at(self.of_finding(finding)),
            Objection::NotLookedAt { finding, mapped: false } => self.not_mapped(self.of_finding(finding)),
            Objection::MayBeChance { finding, beyond: None } => self.may_be_chance(self.of_finding(finding)),
            Objection::MayBeChance { finding, beyond: Some((control, beyond)) } => {
                let beyond = match finding.what {
                    Functional::Probability => language.estimate(beyond, Language::signed),
                    Functional::Gained | Functional::Lost => language.estimate(beyond, Language::percent),
                };
                let control = uncapital(&self.doing(*control, finding.change == Change::Remove));
                self.excess_may_be_chance(self.of_finding(finding), control.trim_end_matches(','), beyond)
            }
            Objection::Unexplained { class, difference, unexplained } => {
                self.unexplained(class_name(class), signed(difference), signed(unexplained))
            }
            Objection::PairsDiffer { class, pairs, difference } => match class {
                Some(class) => self.pairs_of_class_differ(class_name(class), pairs, signed(difference)),
                None => self.pairs_differ(pairs, signed(difference)),
            },
            Objection::Untried { change, lack: Lack::Request, .. } => self.not_asked(change),
            Objection::Untried { change, class, pictures, excluded, lack } => {
                let wanted = rules.verdict.min_pictures;
                let untried = match (change, lack) {
                    (Change::Remove, Lack::Positions) => self.unmarked(),
                    (Change::Remove, _) => self.untried_removing(class_name(class), pictures, wanted),
                    _ => self.untried_adding(class_name(class), pictures, wanted),
                };
                // The most frequent reason why pictures were changed in vain says what would help.
                let why = [
                    (excluded.lesion_unknown, self.because_no_mask()),
                    (excluded.on_lesion, self.because_on_lesion()),
                    (excluded.unseen, self.because_unseen()),
                ];
                match why.into_iter().rev().max_by_key(|(count, _)| *count).filter(|(count, _)| *count > 0) {
                    Some((count, why)) => {
                        let change = self.doing(*change, *change == Change::Remove);
                        self.too_few_of_change(change, class_name(class), pictures, count, why, wanted)
                    }
                    None => untried,
                }
            }
            Objection::NotTaken { change, way } => {
                let least = language.percent(rules.verdict.min_taken);
                // At 49.6 % of 50 %, whole numbers would contradict the sentence.
                let numbers = [Language::percent, Language::precise_percent, Language::finest_percent];
                let tells = |number: &fn(Language, f64) -> String| {
                    number(language, way.low) != number(language, rules.verdict.min_taken)
                };
                let number = numbers.into_iter().find(tells).unwrap_or(Language::finest_percent);
                let way = language.estimate(way, number);
                self.not_taken(self.of_edits(*change), way, least)
            }
            Objection::TakenUnknown => self.taken_unknown(),
            Objection::Wide { change, class, what, by, pictures, needed } => {
                let with = *change == Change::Remove;
                let settle = match needed {
                    Some(needed) if needed > pictures && *needed < 100_000 => self.needed(needed, pictures),
                    _ => self.more_pictures(),
                };
                let doing = self.doing(*change, with);
                let (said, least) = match what {
                    Functional::Probability => {
                        (self.moves(doing, by), language.given(rules.verdict.min_effect))
                    }
                    Functional::Gained => {
                        let by = language.estimate(by, Language::percent);
                        (self.gains(doing, by), language.percent(rules.verdict.max_flips))
                    }
                    Functional::Lost => {
                        let by = language.estimate(by, Language::percent);
                        (self.loses(doing, by), language.percent(rules.verdict.max_flips))
                    }
                };
                self.too_wide(self.in_class(said, Some(class)), least, settle)
            }
            Objection::Moved { change, class, share } => {
                let doing = self.doing(*change, *change == Change::Remove);
                let share = language.estimate(share, Language::percent);
                let least = language.given(rules.verdict.min_effect);
                let most = language.percent(rules.verdict.max_flips);
                self.in_class(self.moved_apart(doing, share, least, most), Some(class))
            }
        }
    }

    /// As the object of a verb that says the direction: of a fall, the size.
    fn size(&self, difference: &Estimate) -> String {
        let Estimate { mean, low, high, count } = *difference;
        let (mean, low, high) = if mean < 0.0 { (-mean, -high, -low) } else { (mean, low, high) };
        self.language.estimate(&Estimate { mean, low, high, count }, Language::plain)
    }

    /// The p-value in brackets.
    fn of_chance(&self, test: &Test) -> String {
        let p = self.language.p_value(test.p);
        self.chance(if p.starts_with('<') { p } else { format!("=\u{a0}{p}") })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use reglet_evidence::{Excluded, OperatingPoint, VerdictConfig};

    use super::*;

    fn said(language: Language, objection: &Objection) -> String {
        let rules = Rules {
            verdict: VerdictConfig::default(),
            operating_point: OperatingPoint::Above(0.5),
            seed: 0,
            reference: None,
            changes: BTreeMap::new(),
        };
        // A narrow and a plain space look alike.
        Phrases::new(language, "ruler", "melanoma")
            .of_objection(objection, &rules)
            .replace(['\u{a0}', '\u{202f}'], " ")
    }

    fn estimate(mean: f64) -> Estimate {
        Estimate { mean, low: mean - 0.1, high: mean + 0.1, count: 40 }
    }

    fn finding(what: Functional) -> Finding {
        Finding { change: Change::Insert, class: Some("benign".into()), what, by: estimate(0.3) }
    }

    #[test]
    fn a_control_of_decisions_is_told_as_a_share() {
        let objection = Objection::NoMoreThanControl {
            finding: finding(Functional::Gained),
            control: Change::Control,
            alone: estimate(0.28),
        };
        let text = said(Language::En, &objection);
        let wanted = "Adding a ruler changes the decision to melanoma for 30 % [20 %, 40 %] of the edited pictures (class benign), \
                      but a plain patch of the same shape and strength in place of a ruler does so for 28 % [18 %, 38 %] of them";
        assert!(text.starts_with(wanted), "{text}");
        let text = said(Language::Fr, &objection);
        assert!(text.contains("le fait pour 28 % [18 % ; 38 %] d’entre elles"), "{text}");
    }

    #[test]
    fn an_excess_that_may_be_chance_names_its_control() {
        let excess = |control| Objection::MayBeChance {
            finding: finding(Functional::Probability),
            beyond: Some((control, estimate(0.15))),
        };
        let text = said(Language::En, &excess(Change::Scrambled));
        let wanted = "Adding a ruler raises the probability of melanoma by 0.30 [0.20, 0.40] (class benign), but the excess over \
                      the effect of a control (+0.15 [+0.05, +0.25]; the control: adding the shuffled tiles of a ruler) may be due to chance";
        assert!(text.starts_with(wanted), "{text}");
        let text = said(Language::Fr, &excess(Change::Control));
        assert!(text.contains("à la place d’une règle chirurgicale) peut être dû au hasard"), "{text}");
    }

    #[test]
    fn what_nobody_asked_for_is_said_to_be_so() {
        let untried = Objection::Untried {
            change: Change::Remove,
            class: "benign".into(),
            pictures: 0,
            excluded: Excluded::default(),
            lack: Lack::Request,
        };
        assert!(said(Language::En, &untried).starts_with("The config does not ask for the change “remove”"));
        let control = Objection::NoControl {
            finding: finding(Functional::Probability),
            control: Change::Scrambled,
            asked: false,
            pictures: 0,
        };
        assert!(said(Language::En, &control).contains("does not ask for the change “scrambled”"));
        let only = |tried| {
            said(Language::En, &Objection::OnlyOne { finding: finding(Functional::Probability), tried })
        };
        assert!(only(false).contains("was not tried on enough pictures"), "{}", only(false));
        assert!(only(true).contains("does not change the answer enough"), "{}", only(true));
    }

    /// At 49.6 % and at 49.96 % of a required 50 %.
    #[test]
    fn a_limit_that_is_missed_is_not_rounded_to_it() {
        for (low, shown) in [(0.496, "[49.6 %, "), (0.4996, "[49.960 %, "), (0.4, "[40 %, ")] {
            let way = Estimate { mean: 0.62, low, high: 0.74, count: 40 };
            let text = said(Language::En, &Objection::NotTaken { change: Change::Insert, way });
            assert!(text.contains("less than 50 %") && text.contains(shown), "{text}");
        }
    }

    #[test]
    fn probabilities_that_are_no_numbers_are_counted() {
        let text = said(Language::En, &Objection::NotFinite { answers: 1 });
        assert!(text.contains("a probability that is not a number (1 in all)"), "{text}");
        let text = said(Language::Fr, &Objection::NotFinite { answers: 1 });
        assert!(text.contains("une probabilité qui n’est pas un nombre (1 en tout)"), "{text}");
    }
}
