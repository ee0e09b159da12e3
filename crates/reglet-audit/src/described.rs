//! What a reader should know of a model before believing its answers.

use reglet_data::{Filter, Geometry, Resize, Size};
use reglet_model::{Head, HeadSource, LabelSource, Model, Preprocessing, ScoreKind};

/// The model's input, the part of its answer that is explained, and what else a reader should know about the model, one line
/// each.
pub(crate) fn described(model: &Model) -> String {
    let mut lines = vec![
        format!("input      {}", input(model)),
        format!("classes    {}", classes(model)),
        format!("head       {}", head(model)),
        format!("explained  {} of the class", scored(model.classes().score())),
    ];
    lines.extend(model.notes().iter().map(|note| format!("note       {note}")));
    lines.join("\n")
}

/// The largest number of classes that are all named.
const NAMED: usize = 8;

/// The names of the classes in the order of the logits, and who says so.
pub(crate) fn classes(model: &Model) -> String {
    let labels = model.classes().labels();
    let names = match labels {
        [first, .., last] if labels.len() > NAMED => format!("{}, from {first} to {last}", labels.len()),
        labels => labels.join(", "),
    };
    let source = match model.classes().label_source() {
        LabelSource::Given => "given",
        LabelSource::Config => "its config.json says so",
        LabelSource::Assumed => "assumed to be in this order, because the model does not name them",
        LabelSource::ImageNet => "assumed to be ImageNet's, because there are 1000",
        LabelSource::Numbered => "numbered, because the model does not name them",
    };
    format!("{names} ({source})")
}

/// What the logits are taken for, and who says so.
pub(crate) fn head(model: &Model) -> String {
    let classes = model.classes();
    let count = classes.count();
    let head = match classes.head() {
        Head::Softmax => format!("softmax, one class of {count}"),
        Head::Sigmoid => "sigmoid of one logit, for the second of two classes".to_owned(),
        Head::MultiLabel => format!("multi_label, a sigmoid for each of {count} classes"),
    };
    let source = match model.head_source() {
        HeadSource::Given => "given",
        HeadSource::Network => "the network ends with it",
        HeadSource::Config => "its config.json says so",
        HeadSource::Count => "a single logit",
        HeadSource::Assumed => {
            "assumed, because the model does not specify it; if a picture may show several classes, set head to multi_label"
        }
    };
    format!("{head} ({source})")
}

/// How pictures become the model's input, and who says so.
pub(crate) fn input(model: &Model) -> String {
    let preprocessing = model.preprocessing();
    let Preprocessing { geometry, mean, std } = preprocessing;
    let colours = if preprocessing.channels() == 1 { "; grey" } else { "" };
    let statistics = match preprocessing.is_as_is() {
        true => "values from 0 to 1, unchanged".to_owned(),
        false => format!("mean {mean}; standard deviation {std}"),
    };
    format!("{}{colours}; {statistics} ({})", size(geometry), model.preprocessing_source())
}

fn size(geometry: &Geometry) -> String {
    let of = |size: &Size| format!("{}×{}", size.width, size.height);
    let resized = match &geometry.resize {
        Resize::Exact(size) => format!("resized to {} pixels", of(size)),
        Resize::ShorterSide(side) => format!("resized to {side} pixels on the shorter side"),
    };
    let filter = match geometry.filter {
        Filter::Bilinear => String::new(),
        other => format!(" ({other})"),
    };
    match &geometry.crop {
        Some(crop) => format!("{resized}{filter}, the middle {} cut out", of(crop)),
        None => format!("{resized}{filter}"),
    }
}

/// A score, formatted for a sentence.
pub(crate) fn scored(score: ScoreKind) -> &'static str {
    match score {
        ScoreKind::Logit => "the logit",
        ScoreKind::Margin => "the margin (log odds against all others)",
        ScoreKind::Probability => "the probability",
    }
}
