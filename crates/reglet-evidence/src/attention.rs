//! Where the maps of each method concentrate, and whether they can be trusted.

use std::collections::BTreeMap;

use reglet_statistics::{Estimate, Rows as Sampled, bootstrap_mean, median};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::effect::Measure;
use crate::question::Asked;
use crate::row::{Character, MapRow, Placement};

/// Where the maps of one method concentrate.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Attention {
    /// The method's name.
    pub method: String,
    /// Its display name.
    pub title: String,
    /// By region, on the pictures that show it.
    pub regions: BTreeMap<String, RegionAttention>,
    /// The artefact's density minus the density at the same place of the same picture after the artefact has been removed;
    /// `None` if it cannot be removed.
    pub artefact_against_control: Option<Measure>,
    /// The artefact's density minus that in the reference model's map of the same picture; `None` for the reference itself,
    /// and if the config names no reference.
    pub artefact_against_reference: Option<Estimate>,
    /// The median of the relative completeness gap, for methods that satisfy completeness.
    pub median_gap: Option<f64>,
    /// The appearance of the maps; `None` if all are unusable.
    pub character: Option<Character<Estimate>>,
    /// Whether the maps can be trusted; `None` if this was not tested.
    pub trust: Option<Trust>,
    /// The numbers of maps that were all zero, had no positive values, or were not finite.
    pub remarks: BTreeMap<String, usize>,
}

/// The share of a region in one method's maps.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RegionAttention {
    /// The number of pictures that show the region.
    pub pictures: usize,
    /// The number of them with an estimated mask, because none has been drawn.
    pub estimated: usize,
    /// The share of the map that lies in the region, 0 to 1.
    pub share: Estimate,
    /// The share divided by the region's share of the picture's area; 1 is chance.
    pub density: Measure,
    /// The share, 0 to 1, of the n highest values that lie in the region, which has n pixels.
    pub rank_accuracy: Estimate,
    /// The share of pictures whose map is highest in the region (the pointing game).
    pub pointing: Estimate,
    /// How well the map separates the region from the rest, 0 to 1; 0.5 is chance.
    pub auc: Estimate,
}

/// Whether a method's maps of one model and target can be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trust {
    /// The method's name.
    pub method: String,
    /// The number of pictures on which it was tested.
    pub pictures: usize,
    /// The median rank correlation between a picture's map and its map after faint noise; `None` if maps are constant.
    pub stability: Option<f64>,
    /// The effect of re-initialising the weights, from the head downwards, on the maps.
    pub randomised: Vec<Randomised>,
    /// Whether the maps are faithful to the model.
    pub faithfulness: Faithfulness,
    /// Why the method is excluded from the verdict, if it is.
    pub doubt: Option<Doubt>,
}

/// Why a method's maps are not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// They change under imperceptible noise.
    Unstable {
        /// The median rank correlation.
        found: f64,
        /// The minimum that the config requires.
        least: f64,
    },
    /// They hardly change when the model's weights are re-initialised.
    Unmoved {
        /// The median rank correlation.
        found: f64,
        /// The maximum that the config allows.
        most: f64,
    },
}

/// Whether a method's maps are faithful to the model, compared with random maps: medians over the tested pictures. A value
/// is `None` if it is undefined for all maps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Faithfulness {
    /// The number of pictures on which it was tested.
    pub pictures: usize,
    /// The area under the curve of the target's probability as the map's highest pixels are replaced by the mean colour, 0
    /// to 1; low is good.
    pub deletion: Option<f64>,
    /// The area as these pixels are added to a blurred picture, 0 to 1; high is good.
    pub insertion: Option<f64>,
    /// The change of the probability when the highest fifth of the pixels is filled in from its surroundings; low is good.
    pub road: Option<f64>,
    /// The error with which the attribution predicts the effect of small perturbations on the score, in squared units of the
    /// score; low is good. `None` for attributions that are not signed gradients, such as those multiplied by the input.
    pub infidelity: Option<f64>,
    /// The deletion area of a random map.
    pub random_deletion: Option<f64>,
    /// The insertion area of a random map.
    pub random_insertion: Option<f64>,
    /// The ROAD change of a random map.
    pub random_road: Option<f64>,
}

/// The effect of re-initialising part of the weights on a method's maps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Randomised {
    /// The share of the modules with weights that were re-initialised, from the head downwards, 0 to 1.
    pub share: f64,
    /// The median rank correlation with the maps of the model itself; `None` if maps are constant.
    pub similarity: Option<f64>,
}

/// Each method's maps of the model, with the results of the tests of the method.
pub(crate) fn attention(asked: &Asked<'_>, model: usize, trust: &[Trust], level: f64) -> Vec<Attention> {
    let methods = &asked.rows.subject.methods;
    let of = |method: usize| Attention {
        trust: trust.iter().find(|trust| trust.method == methods[method].name).cloned(),
        ..of_method(asked, model, method, level)
    };
    (0..methods.len()).map(of).collect()
}

/// Values of pictures, which the bootstrap resamples by group.
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
