//! The pictures that were kept for display, each with its maps and its changed versions.

mod controls;
mod view;

use std::collections::BTreeSet;

use maud::{Markup, html};
use reglet_data::edit::Change;

use super::page::{Page, capital};
use crate::results::{Answer, CaseResults, Exhibit, Results, SampleMap, SampleResult};
use view::Layer;
pub(super) use view::view;

/// Every picture and outline that the page shows, once, for them to refer to: all cases show the same ones.
pub(super) fn store(results: &Results) -> Markup {
    let exhibits = results.cases.iter().flat_map(|model| &model.samples);
    let exhibits = exhibits.filter_map(|sample| sample.exhibit.as_ref());
    let mut seen = BTreeSet::new();
    let stored = exhibits.flat_map(|exhibit| {
        let edited = exhibit.edited.iter().map(|(.., picture)| Layer::Jpeg(picture));
        let layers = [Layer::Jpeg(&exhibit.picture), Layer::Png(&exhibit.outlines)].into_iter().chain(edited);
        layers.map(|layer| (exhibit.size, layer)).collect::<Vec<_>>()
    });
    let kinds = results.cases.iter().flat_map(|model| &model.clusterings).flat_map(|kinds| &kinds.clusters);
    let typical = kinds.flat_map(|kind| &kind.typical);
    let stored = stored.chain(typical.map(|typical| (typical.size, Layer::Jpeg(&typical.picture))));
    let stored: Vec<_> = stored.filter(|(_, layer)| seen.insert(layer.key())).collect();
    html! {
        @if !stored.is_empty() {
            svg.store width="0" height="0" aria-hidden="true" focusable="false" {
                defs { @for (size, layer) in stored { (layer.image(size, Some(&layer.key()))) } }
            }
        }
    }
}

/// The gallery of one model. Nothing where no picture was kept.
pub(super) fn render(page: &Page<'_>, model: &CaseResults, index: usize) -> Markup {
    let kept: Vec<_> =
        model.samples.iter().filter_map(|sample| Some((sample, sample.exhibit.as_ref()?))).collect();
    html! {
        @if !kept.is_empty() {
            details.gallery open {
                summary {
                    h3 { (page.phrases.gallery()) }
                    span.note { " " (page.phrases.gallery_count(kept.len(), page.results.data.pictures)) }
                }
                p.note { (page.phrases.about_gallery()) }
                (controls::render(page, model, index))
                div.samples {
                    @for (place, (sample, exhibit)) in kept.iter().enumerate() {
                        (entry(page, model, sample, exhibit, place))
                    }
                }
            }
        }
    }
}

fn entry(
    page: &Page<'_>,
    model: &CaseResults,
    sample: &SampleResult,
    exhibit: &Exhibit,
    place: usize,
) -> Markup {
    let group = page.results.data.classes.iter().position(|class| *class == sample.label);
    let shares =
        sample.maps.iter().map(|map| share(page, map).map_or_else(String::new, |share| share.to_string()));
    let change = sample.changed.values().map(|after| (after.probability - sample.answer.probability).abs());
    let whole = page.phrases.picture_alternative(&sample.id, page.shown(sample.artefact));
    html! {
        article.sample data-place=(place) data-group=(group.unwrap_or_default())
            data-artefact=(controls::shown(sample.artefact)) data-probability=(sample.answer.probability)
            data-shares=(shares.collect::<Vec<_>>().join(" ")) data-change=(change.fold(0.0, f64::max))
            data-flipped=(flipped(sample).map(controls::name).collect::<Vec<_>>().join(" "))
        {
            h4 { (sample.id) }
            p.facts {
                span { (page.label(&sample.label)) }
                span { (page.shown(sample.artefact)) }
                span { (page.phrases.probability_is(page.language().plain(sample.answer.probability))) }
            }
            div.pictures.maps {
                figure.whole {
                    (view(exhibit.size, &exhibit.picture, None, Some(&exhibit.outlines), &whole))
                    figcaption { (page.phrases.picture()) }
                }
                @for map in &sample.maps {
                    @if let Some(layer) = &map.layer { (over(page, model, sample, exhibit, map, layer)) }
                }
            }
            @if !exhibit.edited.is_empty() {
                div.pictures.changes {
                    (version(page, sample, exhibit, None, (&sample.answer, &exhibit.picture)))
                    @for (done, answer, picture) in &exhibit.edited {
                        (version(page, sample, exhibit, Some(*done), (answer, picture)))
                    }
                }
            }
        }
    }
}

/// The part of a map that is on the artefact.
fn share(page: &Page<'_>, map: &SampleMap) -> Option<f64> {
    map.regions.get(page.artefact).map(|placement| placement.share)
}

/// The changes that turn the decision over.
fn flipped(sample: &SampleResult) -> impl Iterator<Item = Change> {
    let before = sample.answer.called;
    sample.changed.iter().filter(move |(_, after)| after.called != before).map(|(change, _)| *change)
}

/// A method's map over the picture.
fn over(
    page: &Page<'_>,
    model: &CaseResults,
    sample: &SampleResult,
    exhibit: &Exhibit,
    map: &SampleMap,
    layer: &[u8],
) -> Markup {
    let (phrases, language) = (&page.phrases, page.language());
    let known = model.attention.iter().find(|attention| attention.method == map.method);
    let title = known.map_or_else(|| map.method.clone(), |attention| page.title(attention));
    let on = share(page, map).map(|share| phrases.share_on_artefact(language.percent(share)));
    let alternative = phrases.map_alternative(&title, &sample.id, on.unwrap_or_default());
    html! {
        figure {
            (view(exhibit.size, &exhibit.picture, Some(layer), Some(&exhibit.outlines), &alternative))
            figcaption {
                (title)
                @if let Some(placement) = map.regions.get(page.artefact) {
                    span.note { (phrases.artefact_density(language.plain(placement.density))) }
                }
                @if let Some(remark) = &map.remark { span.note { (phrases.of_remark(remark)) } }
            }
        }
    }
}

/// The picture as it is, or after one change, and what the model says of it.
fn version(
    page: &Page<'_>,
    sample: &SampleResult,
    exhibit: &Exhibit,
    done: Option<Change>,
    (answer, picture): (&Answer, &[u8]),
) -> Markup {
    let (phrases, language) = (&page.phrases, page.language());
    let what = done.map_or_else(|| phrases.before(), |done| page.change(done, sample.artefact == Some(true)));
    let probability = language.plain(answer.probability);
    let alternative = phrases.changed_alternative(&sample.id, &what, &probability);
    html! {
        figure {
            (view(exhibit.size, picture, None, None, &alternative))
            figcaption {
                (capital(&what))
                span.note { (phrases.probability_is(probability)) }
                @if answer.called != sample.answer.called { span.flip { (phrases.decision_flips()) } }
            }
        }
    }
}
