//! Where the maps of each method lie, and whether they can be believed.

use std::collections::BTreeMap;

use reglet_statistics::{Estimate, Rows as Sampled, bootstrap_mean, median};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::effect::Measure;
use crate::question::Asked;
use crate::row::{Character, MapRow, Placement};

/// Where one method's maps lie.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Attention {
    /// The method's name.
    pub method: String,
    /// Its name for people.
    pub title: String,
    /// By region: on the pictures that show it.
    pub regions: BTreeMap<String, RegionAttention>,
    /// The artefact's density less the density at the same place of the same picture once the artefact has
    /// been taken away; `None` where that cannot be done.
    pub artefact_against_control: Option<Measure>,
    /// The artefact's density less that in the reference model's map of the same picture; `None` for the reference
    /// itself, and where the config names none.
    pub artefact_against_reference: Option<Estimate>,
    /// The median of the relative completeness gap, for methods that promise completeness.
    pub median_gap: Option<f64>,
    /// What the maps look like; `None` where every one is void.
    pub character: Option<Character<Estimate>>,
    /// Whether the maps can be believed; `None` where that was not tried.
    pub trust: Option<Trust>,
    /// How many maps were all zero, had nothing positive, or were not finite.
    pub remarks: BTreeMap<String, usize>,
}

/// A region's part of one method's maps.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RegionAttention {
    /// How many pictures show the region.
    pub pictures: usize,
    /// On how many of them its mask was estimated, since nobody has drawn one.
    pub estimated: usize,
    /// The share of the map that lies in the region, 0 to 1.
    pub share: Estimate,
    /// The share over the region's share of the picture's area: 1 is as much as chance.
    pub density: Measure,
    /// Of the highest values, as many as the region has pixels, the share that lies in it, 0 to 1.
    pub rank_accuracy: Estimate,
    /// The share of pictures whose map is highest in the region (the pointing game).
    pub pointing: Estimate,
    /// How well the map tells the region from the rest, 0 to 1; 0.5 is chance.
    pub auc: Estimate,
}

/// Whether a method's maps of one model and target can be believed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trust {
    /// The method's name.
    pub method: String,
    /// On how many pictures it was tried.
    pub pictures: usize,
    /// The median rank correlation of a map with that of the same picture under faint noise; `None` where maps
    /// are constant.
    pub stability: Option<f64>,
    /// What became of the maps as weights were re-initialised, from the head down.
    pub randomised: Vec<Randomised>,
    /// Whether the maps are true of the model.
    pub faithfulness: Faithfulness,
    /// Why the method is kept out of the verdict, if it is.
    pub doubt: Option<Doubt>,
}

/// Why a method's maps are not believed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// They change under noise that cannot be seen.
    Unstable {
        /// The median rank correlation.
        found: f64,
        /// The least that the config asks for.
        least: f64,
    },
    /// They hardly change when the model's weights are re-initialised.
    Unmoved {
        /// The median rank correlation.
        found: f64,
        /// The most that the config allows.
        most: f64,
    },
}

/// Whether a method's maps are true of the model, beside maps drawn at random: medians over the pictures it was tried
/// on. A figure is `None` where it is not defined for any of the maps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Faithfulness {
    /// On how many pictures it was tried.
    pub pictures: usize,
    /// The area under the target's probability as the map's highest pixels give way to the mean colour, 0 to 1:
    /// low is good.
    pub deletion: Option<f64>,
    /// The area as they come into a blurred picture, 0 to 1: high is good.
    pub insertion: Option<f64>,
    /// The change of the probability when the highest fifth is filled in from around it: low is good.
    pub road: Option<f64>,
    /// How far the attribution mistakes what small perturbations do to the score, in its units squared: low is
    /// good. `None` for maps of another shape than the input.
    pub infidelity: Option<f64>,
    /// The deletion area of a random map.
    pub random_deletion: Option<f64>,
    /// The insertion area of a random map.
    pub random_insertion: Option<f64>,
    /// The ROAD change of a random map.
    pub random_road: Option<f64>,
}

/// What became of a method's maps when part of the weights were re-initialised.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Randomised {
    /// The share of the modules with weights, from the head down, 0 to 1.
    pub share: f64,
    /// The median rank correlation with the maps of the model itself; `None` where maps are constant.
    pub similarity: Option<f64>,
}

/// Each method's maps of the model, with what is known of whether they can be believed.
pub(crate) fn attention(asked: &Asked<'_>, model: usize, trust: &[Trust], level: f64) -> Vec<Attention> {
    let methods = &asked.rows.subject.methods;
    let of = |method: usize| Attention {
        trust: trust.iter().find(|trust| trust.method == methods[method].name).cloned(),
        ..of_method(asked, model, method, level)
    };
    (0..methods.len()).map(of).collect()
}

/// Values of pictures, whose groups are drawn again together.
fn estimate(asked: &Asked<'_>, values: &[(usize, f64)], level: f64) -> Option<Measure> {
    let numbers: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
    let groups: Vec<u32> = values.iter().map(|(picture, _)| asked.group(*picture)).collect();
    let sampled = Sampled { values: &numbers, groups: &groups, donors: None };
    Some(Measure::of(&bootstrap_mean(sampled, asked.rules.seed)?, level))
}

fn of_method(asked: &Asked<'_>, model: usize, method: usize, level: f64) -> Attention {
    let maps: Vec<&MapRow> = asked.maps(model, method, false).collect();
    let mut by_region: BTreeMap<&String, Vec<(usize, Placement)>> = BTreeMap::new();
    for map in &maps {
        for (region, placement) in &map.regions {
            by_region.entry(region).or_default().push((map.picture, *placement));
        }
    }
    let regions = by_region.into_iter().filter_map(|(region, found)| {
        let measure = |of: fn(&Placement) -> f64| {
            let values: Vec<(usize, f64)> = found.iter().map(|(p, placement)| (*p, of(placement))).collect();
            estimate(asked, &values, level)
        };
        let estimated = |picture: &usize| asked.rows.pictures[*picture].estimated.contains(region);
        let attention = RegionAttention {
            pictures: found.len(),
            estimated: found.iter().filter(|(picture, _)| estimated(picture)).count(),
            share: measure(|placement| placement.share)?.estimate,
            density: measure(|placement| placement.density)?,
            rank_accuracy: measure(|placement| placement.rank_accuracy)?.estimate,
            pointing: measure(|placement| placement.pointing)?.estimate,
            auc: measure(|placement| placement.auc)?.estimate,
        };
        Some((region.clone(), attention))
    });
    let regions = regions.collect();
    let artefact = &asked.rows.subject.artefacts[asked.artefact];
    let density = |map: &MapRow| map.regions.get(artefact).map(|placement| placement.density);
    let beside = |others: BTreeMap<usize, f64>| -> Vec<(usize, f64)> {
        let less = |map: &&MapRow| Some((map.picture, density(map)? - others.get(&map.picture)?));
        maps.iter().filter_map(less).collect()
    };
    let densities = |model: usize, without: bool| -> BTreeMap<usize, f64> {
        asked.maps(model, method, without).filter_map(|map| Some((map.picture, density(map)?))).collect()
    };
    let reference = asked.rules.reference.filter(|reference| *reference != model);
    let mut remarks = BTreeMap::new();
    for remark in maps.iter().filter_map(|map| map.remark.as_ref()) {
        *remarks.entry(remark.clone()).or_insert(0) += 1;
    }
    let gaps: Vec<f64> = maps.iter().filter_map(|map| map.gap).filter(|gap| gap.is_finite()).collect();
    let name = &asked.rows.subject.methods[method];
    Attention {
        method: name.name.clone(),
        title: name.title.clone(),
        regions,
        artefact_against_control: estimate(asked, &beside(densities(model, true)), level),
        artefact_against_reference: reference.and_then(|reference| {
            Some(estimate(asked, &beside(densities(reference, false)), level)?.estimate)
        }),
        median_gap: median(&gaps),
        character: character(asked, &maps),
        trust: None,
        remarks,
    }
}

fn character(asked: &Asked<'_>, maps: &[&MapRow]) -> Option<Character<Estimate>> {
    let mean = |of: fn(&Character<f64>) -> f64| {
        let values: Vec<(usize, f64)> =
            maps.iter().filter_map(|map| Some((map.picture, of(map.character.as_ref()?)))).collect();
        Some(estimate(asked, &values, 0.95)?.estimate)
    };
    Some(Character {
        sparsity: mean(|character| character.sparsity)?,
        contours: mean(|character| character.contours)?,
        regions: mean(|character| character.regions)?,
    })
}
