use maud::{Markup, html};

use super::table;
use super::words::{counted, estimate, plain, signed};
use crate::results::Results;

/// Where the results come from, so that they can be made again: versions, seeds, hashes and the config.
pub(super) fn render(results: &Results) -> Markup {
    let from = &results.provenance;
    html! {
        section.provenance aria-labelledby="provenance" {
            h2 id="provenance" { "Where this comes from" }
            p.note { "With the same versions, data, weights and config, the seed gives the same results." }
            dl {
                dt { "Reglet" } dd { (from.reglet) }
                dt { "libtorch" } dd { (from.libtorch) }
                dt { "Device" } dd { (from.device) }
                dt { "Seed" } dd { (from.seed) }
                dt { "Time taken" } dd { (format!("{:.1} s", from.seconds)) }
                dt { "Data, SHA-256" } dd { code { (results.data.fingerprint) } }
                dt { "Config, SHA-256" } dd { code { (from.config_sha256) } }
                @for model in &results.models {
                    dt { "Weights of " (model.name) ", SHA-256" } dd { code { (model.weights_sha256) } }
                }
            }
            h3 { "Config" }
            pre tabindex="0" aria-label="Config" { (from.config) }
        }
    }
}

/// What was audited: how many pictures of each class, with and without the artefact.
pub(super) fn data(results: &Results) -> Markup {
    let data = &results.data;
    let head = html! {
        th scope="col" { "Class" }
        th.number scope="col" { "Without " (results.artefact) }
        th.number scope="col" { "With " (results.artefact) }
    };
    let body = html! {
        @for (class, [without, with]) in data.classes.iter().zip(&data.groups) {
            tr { th scope="row" { (class) } td.number { (without) } td.number { (with) } }
        }
    };
    html! {
        section aria-labelledby="data" {
            h2 id="data" { "The data" }
            p.note {
                "The data set " b { (data.name) } " holds " (counted(data.pictures, "picture", "pictures"))
                ". The class in question is " b { (results.target) }
                ", and the region under suspicion the " b { (results.artefact) }
                @if let Some(lesion) = &results.lesion {
                    "; a classifier should look at the " b { (lesion) }
                    @if let Some(pictures) = data.estimated.get(lesion) {
                        ", whose outline is estimated in " (counted(*pictures, "picture", "pictures"))
                    }
                } "."
            }
            (table("Pictures by group", &head, &body))
            p.note {
                @if let Some(found) = &data.association {
                    "In these data the odds of a " (results.artefact) " are "
                    (estimate(&found.odds_ratio, plain)) " times as high in pictures of " (results.target)
                    " as in the others (" dfn { "odds ratio" } "; 1: they have nothing to do with each other; phi "
                    (estimate(&found.phi, signed)) "). "
                }
                "For the changes below, a " (results.artefact) " is " (data.insertion) "."
            }
        }
    }
}
