//! A model's charts, drawn once: for the page, and for files of their own.

use reglet_data::edit::Change;
use reglet_evidence::Effect;
use reglet_statistics::Estimate;
use reglet_viz::chart::{Interval, IntervalChart, SlopeChart, Strip, StripChart};
use reglet_viz::{Svg, Theme, VizError};

use super::page::{Page, capital};
use crate::results::{CaseResults, Results};

/// Wide enough for a method's name and its numbers, narrow enough to be read on a phone.
const WIDTH: f32 = 440.0;

/// The charts of one model. One that would show nothing is not drawn.
#[derive(Debug)]
pub struct Charts {
    /// The probabilities of the target, by class and artefact.
    pub answers: Option<Svg>,
    /// The probabilities before and after an insertion (`insert`) or a removal (`remove`): the two changes a verdict rests on.
    pub changes: Vec<(&'static str, Svg)>,
    /// Each method's density of each region.
    pub attention: Option<Svg>,
}

impl Charts {
    /// Draws the charts of one of the models of `results`.
    ///
    /// # Errors
    /// A number that no chart can show: a probability outside 0 to 1, an estimate that is not finite.
    pub fn draw(results: &Results, model: &CaseResults) -> Result<Charts, VizError> {
        let page = &Page::of(results, model);
        let answered = model.groups.iter().any(|group| !group.values.is_empty());
        let looked = model.attention.iter().any(|method| !method.regions.is_empty());
        let whole = model.effects.iter().filter(|effect| effect.class.is_none() && !effect.pairs.is_empty());
        let changes = whole.filter_map(|effect| slopes(page, effect, model.decision).transpose());
        Ok(Charts {
            answers: answered.then(|| strips(page, model)).transpose()?,
            changes: changes.collect::<Result<_, _>>()?,
            attention: looked.then(|| intervals(page, model)).transpose()?,
        })
    }

    /// Every chart with a name for its file, without extension.
    pub fn named(&self) -> Vec<(&'static str, &Svg)> {
        let changes = self.changes.iter().map(|(change, drawing)| (*change, drawing));
        let answers = self.answers.iter().map(|drawing| ("answers", drawing));
        answers.chain(changes).chain(self.attention.iter().map(|drawing| ("attention", drawing))).collect()
    }
}

fn strips(page: &Page<'_>, model: &CaseResults) -> Result<Svg, VizError> {
    let phrases = &page.phrases;
    let mut drawing = StripChart::new(phrases.chart_answers())
        .subtitle(phrases.chart_answers_note())
        .axis_label(phrases.probability())
        .median_label(phrases.median())
        .decimal_mark(page.language().decimal_mark())
        .width(WIDTH);
    if let Some(decision) = model.decision {
        drawing = drawing.reference(decision, phrases.decision());
    }
    let mut classes: Vec<&str> = Vec::new();
    for group in &model.groups {
        if !classes.contains(&group.class.as_str()) {
            classes.push(&group.class);
        }
    }
    for class in classes {
        let strips = model
            .groups
            .iter()
            .filter(|group| group.class == class)
            .map(|group| Strip { series: page.shown(Some(group.artefact)), values: group.values.clone() });
        drawing = drawing.group(page.label(class), strips);
    }
    drawing.draw(&Theme::LIGHT)
}

fn slopes(
    page: &Page<'_>,
    effect: &Effect,
    decision: Option<f64>,
) -> Result<Option<(&'static str, Svg)>, VizError> {
    let (name, before) = match effect.change {
        Change::Insert => ("insert", page.shown(Some(false))),
        Change::Remove => ("remove", page.shown(Some(true))),
        _ => return Ok(None),
    };
    let after = page.change(effect.change, effect.with);
    let mut chart = SlopeChart::new(capital(&after), before, after)
        .subtitle(page.phrases.chart_changes_note())
        .axis_label(page.phrases.probability())
        .decimal_mark(page.language().decimal_mark())
        .width(WIDTH)
        .pairs("", effect.pairs.iter().copied());
    if let Some(decision) = decision {
        chart = chart.reference(decision, page.phrases.decision());
    }
    chart.draw(&Theme::LIGHT).map(|drawing| Some((name, drawing)))
}

fn intervals(page: &Page<'_>, model: &CaseResults) -> Result<Svg, VizError> {
    let phrases = &page.phrases;
    let mut drawing = IntervalChart::new(phrases.chart_density())
        .subtitle(phrases.chart_density_note())
        .axis_label(phrases.chart_density_axis())
        .reference(1.0, phrases.at_chance())
        .decimal_mark(page.language().decimal_mark())
        .width(WIDTH);
    for method in model.attention.iter().filter(|method| !method.regions.is_empty()) {
        let rows = page.ordered(method).into_iter();
        let rows = rows.map(|(name, found)| {
            interval(&page.estimated(page.label(name), found.estimated), &found.density.estimate)
        });
        drawing = drawing.row(page.title(method), rows);
    }
    drawing.draw(&Theme::LIGHT)
}

/// On a handful of pictures a bootstrap interval can miss its own mean; what is drawn reaches to the mean.
fn interval(series: &str, &Estimate { mean, low, high, .. }: &Estimate) -> Interval {
    Interval { series: series.to_owned(), estimate: mean, low: low.min(mean), high: high.max(mean) }
}
