//! A model's charts, drawn once: for the page, and for files of their own.

use reglet_data::edit::Change;
use reglet_viz::chart::{Interval, IntervalChart, SlopeChart, Strip, StripChart};
use reglet_viz::{Svg, Theme, VizError};

use super::evidence::ordered;
use super::words::{capital, change, estimated, shown};
use crate::results::{Effect, ModelResults, Results};
use crate::statistics::Estimate;

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
    pub fn draw(results: &Results, model: &ModelResults) -> Result<Charts, VizError> {
        let answered = model.groups.iter().any(|group| !group.values.is_empty());
        let looked = model.attention.iter().any(|method| !method.regions.is_empty());
        let paired = model.effects.iter().filter(|effect| !effect.pairs.is_empty());
        let changes = paired.filter_map(|effect| slopes(results, effect).transpose());
        Ok(Charts {
            answers: answered.then(|| strips(results, model)).transpose()?,
            changes: changes.collect::<Result<_, _>>()?,
            attention: looked.then(|| intervals(results, model)).transpose()?,
        })
    }

    /// Every chart with a name for its file, without extension.
    pub fn named(&self) -> Vec<(&'static str, &Svg)> {
        let changes = self.changes.iter().map(|(change, drawing)| (*change, drawing));
        let answers = self.answers.iter().map(|drawing| ("answers", drawing));
        answers.chain(changes).chain(self.attention.iter().map(|drawing| ("attention", drawing))).collect()
    }
}

fn strips(results: &Results, model: &ModelResults) -> Result<Svg, VizError> {
    let mut drawing = StripChart::new("What it says, by class and artefact")
        .subtitle("Each dot is one picture; the box holds the middle half")
        .axis_label(format!("probability of {}", results.target))
        .reference(0.5, "decision")
        .width(WIDTH);
    let mut classes: Vec<&str> = Vec::new();
    for group in &model.groups {
        if !classes.contains(&group.class.as_str()) {
            classes.push(&group.class);
        }
    }
    for class in classes {
        let strips = model.groups.iter().filter(|group| group.class == class).map(|group| Strip {
            series: shown(&results.artefact, Some(group.artefact)),
            values: group.values.clone(),
        });
        drawing = drawing.group(class, strips);
    }
    drawing.draw(&Theme::LIGHT)
}

fn slopes(results: &Results, effect: &Effect) -> Result<Option<(&'static str, Svg)>, VizError> {
    let artefact = &results.artefact;
    let (name, before) = match effect.change {
        Change::Insert => ("insert", shown(artefact, Some(false))),
        Change::Remove => ("remove", shown(artefact, Some(true))),
        _ => return Ok(None),
    };
    let after = change(effect.change, effect.with, artefact);
    SlopeChart::new(capital(&after), before, after)
        .subtitle("Each thin line is one picture; the thick one joins the means")
        .axis_label(format!("probability of {}", results.target))
        .reference(0.5, "decision")
        .width(WIDTH)
        .pairs("", effect.pairs.iter().copied())
        .draw(&Theme::LIGHT)
        .map(|drawing| Some((name, drawing)))
}

fn intervals(results: &Results, model: &ModelResults) -> Result<Svg, VizError> {
    let mut drawing = IntervalChart::new("Density of each region")
        .subtitle("Mean over the pictures that show the region, with 95 % intervals")
        .axis_label("share of the map ÷ share of the picture")
        .reference(1.0, "chance")
        .width(WIDTH);
    for method in model.attention.iter().filter(|method| !method.regions.is_empty()) {
        let rows = ordered(results, method)
            .into_iter()
            .map(|(name, found)| interval(&estimated(name, found.estimated), &found.density));
        drawing = drawing.row(&method.title, rows);
    }
    drawing.draw(&Theme::LIGHT)
}

/// On a handful of pictures a bootstrap interval can miss its own mean; what is drawn reaches to the mean.
fn interval(series: &str, &Estimate { mean, low, high, .. }: &Estimate) -> Interval {
    Interval { series: series.to_owned(), estimate: mean, low: low.min(mean), high: high.max(mean) }
}
