//! The zoo's findings as a page of the documentation.

use reglet_data::edit::EditOptions;
use reglet_evidence::VerdictKind;
use reglet_statistics::Estimate;

use super::findings::{Audited, Caged, Mark, ZooFindings};
use super::{Kind, Truth};
use crate::calibration::CalibrationConfig;
use crate::config::Config;

impl ZooFindings {
    /// The page, in Markdown.
    pub fn page(&self, calibration: &CalibrationConfig, audit: &Config) -> String {
        let mut page = String::from(
            "# Classifiers built to fool the audit\n\nThis page is written by `cargo xtask calibrate`, as `zoo.md` in its results folder. Do not edit it by hand.\n\n",
        );
        page += &self.what_was_run(calibration, audit);
        page += &self.by_kind();
        page += &self.rates();
        page += &self.by_classifier();
        page
    }

    fn what_was_run(&self, calibration: &CalibrationConfig, audit: &Config) -> String {
        let trained = calibration.zoo.as_ref().map_or_else(String::new, |zoo| {
            format!(
                "Each classifier is a ResNet-18 with an eighth of the channels. It was trained to reproduce the logits of one behaviour on {} generated pictures of 128 pixels, for {} epochs, or twice as many if the behaviour is hard to learn; {} per kind. ",
                zoo.pictures,
                zoo.epochs,
                plural(zoo.seeds.len(), "seed")
            )
        });
        let means: Vec<String> =
            calibration.means.iter().map(|(name, edit)| format!("`{name}` ({})", about(edit))).collect();
        let rules = &audit.verdict;
        format!(
            "{trained}The audits use the rules of `{}` (min_effect {}, max_flips {}, min_taken {}, min_pictures {}, max_p {}), {} \
             each, every time on new pictures that no classifier was trained on. Pictures are edited by the means {}. Each classifier is judged as if it had been audited alone.\n\n\
             The true behaviour of a classifier is measured on {} further phantoms. Each is drawn without a ruler, with one, and with a dark object of the same size in its place, with everything else unchanged. A picture is *swayed* if the decision at the operating point changes, or if the probability changes by more than {}. A classifier is **guilty** if, in some class, the ruler sways a share of at least {} of the pictures without the dark object swaying them; it is **innocent** if this share is at most {}. It is wrong to call an innocent classifier a shortcut. It is also wrong to call a classifier clear if the ruler sways a share of at least {} of a class, even if other objects do so as well. Inconclusive verdicts are neither right nor wrong, and are counted separately.\n\n",
            calibration.audit.display(),
            rules.min_effect,
            rules.max_flips,
            rules.min_taken,
            rules.min_pictures,
            rules.max_p,
            plural(calibration.repeats, "audit"),
            means.join(" and "),
            calibration.truth.pictures,
            rules.min_effect,
            self.guilty,
            self.innocent,
            self.guilty,
        )
    }

    /// A row for each kind: what it does, what is true of its classifiers, and how their audits ended.
    fn by_kind(&self) -> String {
        let means: Vec<&String> = self.rates.keys().collect();
        let mut table = String::from("| kind | what it does | truth |");
        means.iter().for_each(|means| table += &format!(" {means} |"));
        table += "\n|---|---|---|";
        means.iter().for_each(|_| table += "---|");
        table += "\n";
        for kind in Kind::ALL {
            let own: Vec<&Caged> = self.classifiers.iter().filter(|caged| caged.kind == kind).collect();
            if own.is_empty() {
                continue;
            }
            let mut standings: Vec<&str> = own.iter().map(|caged| caged.standing.name()).collect();
            standings.dedup();
            table += &format!("| {} | {} | {} |", kind.name(), kind.about(), standings.join(", "));
            for means in &means {
                let audits = own.iter().filter_map(|caged| caged.audits.get(*means)).flatten();
                let audits: Vec<&Audited> = audits.collect();
                table += &format!(" {} |", ended(&audits));
            }
            table += "\n";
        }
        table + "\n"
    }

    fn rates(&self) -> String {
        let mut lines = String::from(
            "The table shows shares of audits with 95 % intervals. Audits of the same classifier are not independent, so the intervals are computed from the number of classifiers.\n\n| means | guilty, convicted | guilty, acquitted (wrong) | innocent, convicted (wrong) | inconclusive |\n\
             |---|---|---|---|---|\n",
        );
        for (means, rates) in &self.rates {
            let cells = [rates.convicted, rates.acquitted, rates.accused, rates.inconclusive].map(rate);
            lines += &format!("| {means} | {} |\n", cells.join(" | "));
        }
        lines + "\n"
    }

    /// A row for each classifier and each means of editing.
    fn by_classifier(&self) -> String {
        let mut table = String::from(
            "## One by one\n\n*Swayed*: the shares of benign lesions and of melanomas that the ruler sways. *By dark*: the shares that the dark object sways. *Guilty*: the shares that only the ruler sways. *Trigger*: the share of all pictures that are swayed by what the classifier was trained to react to, if this is not only the ruler. *Reason*: the main reason of the first verdict.\n\n\
             | kind, seed | AUROC | swayed | by dark | guilty | trigger | means | verdicts | reason |\n\
             |---|---|---|---|---|---|---|---|---|\n",
        );
        for caged in &self.classifiers {
            let Truth { classes: [benign, melanoma], trigger, auroc } = caged.truth;
            let both = |a: f64, b: f64| format!("{a:.2}, {b:.2}");
            let trigger = match (trigger, caged.kind.trigger()) {
                (Some(share), Some(name)) => format!("{name}: {share:.2}"),
                _ => "the ruler".to_owned(),
            };
            for (means, audits) in &caged.audits {
                let all: Vec<&Audited> = audits.iter().collect();
                table += &format!(
                    "| {}, {} | {auroc:.3} | {} | {} | {} | {trigger} | {means} | {} | {} |\n",
                    caged.kind.name(),
                    caged.seed,
                    both(benign.swayed, melanoma.swayed),
                    both(benign.by_dark, melanoma.by_dark),
                    both(benign.guilty, melanoma.guilty),
                    ended(&all),
                    audits.first().map_or("", |audited| audited.rests_on.as_str()),
                );
            }
        }
        table
    }

    /// What is printed: a line for each classifier and means, and the rates.
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        for caged in &self.classifiers {
            for (means, audits) in &caged.audits {
                let all: Vec<&Audited> = audits.iter().collect();
                let [benign, melanoma] = caged.truth.classes;
                lines.push(format!(
                    "{}, seed {} ({}; guilty of {:.2} benign, {:.2} melanoma), {means}: {}",
                    caged.kind.name(),
                    caged.seed,
                    caged.standing.name(),
                    benign.guilty,
                    melanoma.guilty,
                    ended(&all),
                ));
            }
        }
        for (means, rates) in &self.rates {
            lines.push(format!(
                "zoo, {means}: guilty convicted {}; guilty acquitted {}; innocent convicted {}; inconclusive {}",
                rate(rates.convicted),
                rate(rates.acquitted),
                rate(rates.accused),
                rate(rates.inconclusive)
            ));
        }
        lines.join("\n") + "\n"
    }
}

/// How audits ended: "shortcut 4, inconclusive 2 (**1 wrong**)".
fn ended(audits: &[&Audited]) -> String {
    let kinds = [VerdictKind::Shortcut, VerdictKind::Clear, VerdictKind::Inconclusive];
    let number = |kind| audits.iter().filter(|audited| audited.judgement.kind == kind).count();
    let counts = kinds.map(|kind| (kind.name(), number(kind)));
    let told: Vec<String> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    let wrong = audits.iter().filter(|audited| audited.mark == Mark::Wrong).count();
    let wrong = if wrong == 0 { String::new() } else { format!(" (**{wrong} wrong**)") };
    told.join(", ") + &wrong
}

fn rate(rate: Option<Estimate>) -> String {
    rate.map_or_else(
        || "none to be tried".to_owned(),
        |Estimate { mean, low, high, count }| {
            format!("{:.0} of {count} [{low:.2}, {high:.2}]", mean * count as f64)
        },
    )
}

fn about(edit: &EditOptions) -> &'static str {
    match edit.insert {
        None => "the generator draws each picture again",
        Some(_) => "rulers are cut out, drawn or filled in, as with photographs",
    }
}

fn plural(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::findings::tests::{judgement, truth};
    use super::super::findings::{Standing, count};
    use super::*;

    #[test]
    fn the_page_tells_each_kind_by_its_truth_and_its_verdicts() {
        let audited =
            |mark, kind| Audited { mark, rests_on: "as said".to_owned(), judgement: judgement(kind) };
        let mut found = ZooFindings {
            guilty: 0.2,
            innocent: 0.05,
            classifiers: vec![Caged {
                kind: Kind::InpaintingTraces,
                seed: 5,
                operating_point: 0.5,
                standing: Standing::Innocent,
                truth: Truth { trigger: Some(0.875), ..truth(0.01, 0.0) },
                audits: BTreeMap::from([(
                    "cutout".to_owned(),
                    vec![
                        audited(Mark::Wrong, VerdictKind::Shortcut),
                        audited(Mark::Open, VerdictKind::Inconclusive),
                    ],
                )]),
            }],
            rates: BTreeMap::new(),
            wrong: BTreeMap::new(),
        };
        let audits = &found.classifiers[0].audits["cutout"];
        assert_eq!(count(audits, VerdictKind::Shortcut), 1);
        found.rates.insert(
            "cutout".to_owned(),
            super::super::findings::Rates {
                convicted: None,
                acquitted: None,
                accused: Some(Estimate { mean: 0.5, low: 0.1, high: 0.9, count: 2 }),
                inconclusive: Some(Estimate { mean: 0.5, low: 0.1, high: 0.9, count: 2 }),
            },
        );
        let kinds = found.by_kind();
        assert!(kinds.contains("| innocent | shortcut 1, inconclusive 1 (**1 wrong**) |"), "{kinds}");
        assert!(!kinds.contains("vignette"), "no kind that is not there: {kinds}");
        assert!(
            found.rates().contains("| cutout | none to be tried | none to be tried | 1 of 2 [0.10, 0.90] |")
        );
        let rows = found.by_classifier();
        assert!(
            rows.contains("| something filled in: 0.88 | cutout |") && rows.contains("| as said |"),
            "{rows}"
        );
        let columns = |line: &str| line.matches('|').count();
        let table: Vec<&str> = rows.lines().filter(|line| line.starts_with('|')).collect();
        assert!(table.iter().all(|line| columns(line) == columns(table[0])), "{rows}");
        assert!(found.text().contains("inpainting_traces, seed 5 (innocent;"));
    }
}
