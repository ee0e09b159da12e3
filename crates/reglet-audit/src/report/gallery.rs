use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use reglet_data::edit::Change;

use super::words::{capital, change, plain, shown};
use crate::results::{ModelResults, Results, SampleMap, SampleResult};

/// The pictures that were kept to be looked at, each beside its maps. Nothing where none was kept.
pub(super) fn render(results: &Results, model: &ModelResults) -> Markup {
    let kept: Vec<_> =
        model.samples.iter().filter_map(|sample| Some((sample, sample.thumbnail.as_deref()?))).collect();
    html! {
        @if !kept.is_empty() {
            details.gallery open {
                summary { h3 { "Pictures and their maps" } span.note { " " (kept.len()) " shown" } }
                p.note {
                    "Each picture as the model saw it, its regions outlined, and each method’s map laid over "
                    "it: the brighter, the more that place counts. Below, the same picture with one thing changed."
                }
                @for (sample, picture) in &kept { (entry(results, model, sample, picture)) }
            }
        }
    }
}

fn entry(results: &Results, model: &ModelResults, sample: &SampleResult, picture: &[u8]) -> Markup {
    let drawn = sample.maps.iter().filter_map(|map| Some((map, map.overlay.as_deref()?)));
    let whole = format!("{} as the model saw it, regions outlined", sample.id);
    html! {
        article.sample {
            h4 { (sample.id) }
            p.facts {
                span { (sample.label) }
                span { (shown(&results.artefact, sample.artefact)) }
                span { "probability of " (results.target) " " b { (plain(sample.answer.probability)) } }
            }
            div.pictures {
                (image(picture, &whole, &html! { "Picture" }))
                @for (map, overlay) in drawn {
                    @let over = format!("{} map over {}", title(model, map), sample.id);
                    (image(overlay, &over, &caption(results, model, map)))
                }
            }
            @if !sample.edited.is_empty() {
                div.pictures {
                    @for (done, picture) in &sample.edited { (changed(results, sample, *done, picture)) }
                }
            }
        }
    }
}

/// One changed version, and what the model says of it.
fn changed(results: &Results, sample: &SampleResult, done: Change, picture: &[u8]) -> Markup {
    let what = change(done, sample.artefact == Some(true), &results.artefact);
    let caption = html! {
        (capital(&what))
        @if let Some(after) = sample.changed.get(&done) {
            span.note { "probability of " (results.target) " " (plain(after.probability)) }
        }
    };
    image(picture, &format!("{}, {what}", sample.id), &caption)
}

fn caption(results: &Results, model: &ModelResults, map: &SampleMap) -> Markup {
    html! {
        (title(model, map))
        @if let Some(placement) = map.regions.get(&results.artefact) {
            span.note { (results.artefact) " density " (plain(placement.density)) }
        }
        @if let Some(remark) = &map.remark { span.note { (remark) } }
    }
}

fn image(jpeg: &[u8], alternative: &str, caption: &Markup) -> Markup {
    let address = format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg));
    html! {
        figure {
            img src=(address) alt=(alternative) decoding="async";
            figcaption { (caption) }
        }
    }
}

/// The method's name for people, or its own where the results hold no other.
fn title<'a>(model: &'a ModelResults, map: &'a SampleMap) -> &'a str {
    let known = model.attention.iter().find(|attention| attention.method == map.method);
    known.map_or(&map.method, |attention| &attention.title)
}
