//! Groups similar maps, which reveals shortcuts that the config does not name.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::Array2;
use reglet_attribution::Reduction;
use reglet_evidence::Rows;
use reglet_statistics::{mean, spectral};

use crate::Error;
use crate::config::ClustersConfig;
use crate::drawing::layer;
use crate::observe::{explain, jpeg};
use crate::observed::{Observed, place_in_data};
use crate::plan::Plan;
use crate::record::{Drawn, Kinds};
use crate::results::{Cluster, Clustering, Typical};
use crate::sketch::{SIDE, Sketch};

/// The maximum number of pictures that are compared pairwise; if there are more, this number is selected evenly.
const LARGEST: usize = 500;

/// Spectral relevance analysis (Lapuschkin et al., *Unmasking Clever Hans predictors and assessing what machines really
/// learn*, 2019): for each method, the target's maps on its own pictures, for the model number `model`, grouped by
/// similarity, with the most typical pictures of each group.
///
/// Two maps are as far apart as their sketches are beyond the mean of all (Hellinger's distance), turned or mirrored as
/// they match best: a dermoscopic picture has no upper side, and a ruler at the left is a ruler at the top.
///
/// Costs one explanation of each typical picture.
///
/// # Errors
/// A picture that cannot be read, or an error of the model.
pub(crate) fn clusters(
    plan: &Plan,
    model: usize,
    target: usize,
    rows: &Rows,
    observed: &Observed,
) -> Result<Option<Kinds>, Error> {
    let Some(config) = &plan.config.clusters else { return Ok(None) };
    let class = plan.data.classes().iter().position(|class| *class == plan.targets[target]);
    let (mut clusterings, mut pictures) = (Vec::new(), Vec::new());
    for (method, chosen) in plan.methods.iter().enumerate() {
        let all: Vec<&Sketch> = observed
            .sketches
            .iter()
            .filter(|sketch| (sketch.model, sketch.target, sketch.method) == (model, target, method))
            .filter(|sketch| Some(rows.pictures[sketch.picture].label) == class)
            .collect();
        let count = all.len().min(LARGEST);
        let sketched: Vec<&Sketch> = (0..count).map(|at| all[at * all.len() / count]).collect();
        let distances =
            distances(&sketched.iter().map(|sketch| sketch.fields.as_slice()).collect::<Vec<_>>());
        let groups = spectral(&distances, config.most, plan.config.seed);
        let number = groups.groups.iter().max().map_or(0, |last| last + 1);
        let mut clusters = Vec::with_capacity(number);
        for group in 0..number {
            let members: Vec<usize> = (0..count).filter(|&at| groups.groups[at] == group).collect();
            if members.is_empty() {
                continue;
            }
            let typical = typical(&members, &distances, count, config);
            let typical: Vec<usize> = typical.into_iter().map(|at| sketched[at].picture).collect();
            let members: BTreeSet<usize> = members.into_iter().map(|at| sketched[at].picture).collect();
            for &picture in &typical {
                let place = place_in_data(picture, &observed.unread);
                pictures.push(show(plan, model, method, target, place)?);
            }
            let typical = typical.iter().map(|&picture| Typical {
                id: rows.pictures[picture].id.clone(),
                size: (0, 0),
                picture: Vec::new(),
                layer: Vec::new(),
            });
            clusters.push(Cluster {
                typical: typical.collect(),
                ..describe(rows, model, target, method, &members)
            });
        }
        clusterings.push(Clustering {
            method: chosen.name().to_owned(),
            title: chosen.title(),
            pictures: count,
            eigenvalues: groups.eigenvalues,
            clusters,
        });
    }
    Ok(Some(Kinds { model, target, clusterings, pictures }))
}

/// How many pictures a cluster has, and where their maps concentrate. What is true of its pictures in one case is computed for
/// each case, whose artefact and operating point it depends on.
fn describe(rows: &Rows, model: usize, target: usize, method: usize, members: &BTreeSet<usize>) -> Cluster {
    let mut density = BTreeMap::new();
    let maps = rows.maps.iter().filter(|map| {
        (map.model, map.target, map.method, map.without) == (model, target, method, None)
            && members.contains(&map.picture)
    });
    for (region, placement) in maps.flat_map(|map| &map.regions) {
        density.entry(region.clone()).or_insert_with(Vec::new).push(placement.density);
    }
    Cluster {
        pictures: members.len(),
        members: members.iter().map(|&picture| rows.pictures[picture].id.clone()).collect(),
        called: None,
        probability: None,
        artefact: None,
        density: density.into_iter().filter_map(|(region, values)| Some((region, mean(&values)?))).collect(),
        typical: Vec::new(),
    }
}

/// The members that are nearest to all others of their cluster, the nearest first.
fn typical(members: &[usize], distances: &[f64], count: usize, config: &ClustersConfig) -> Vec<usize> {
    let mut order = members.to_vec();
    let far = |one: usize| members.iter().map(|&other| distances[one * count + other]).sum::<f64>();
    order.sort_by(|&a, &b| far(a).total_cmp(&far(b)));
    order.truncate(config.typical);
    order
}

/// A picture, and one method's map to lay over it.
fn show(plan: &Plan, model: usize, method: usize, target: usize, picture: usize) -> Result<Drawn, Error> {
    let (_, model) = &plan.models[model];
    let target = model.classes().find(&plan.targets[target])?;
    let reduction: Reduction = plan.methods[method].get().reduction();
    let view = model.preprocessing().view(&plan.data.picture(picture)?)?;
    let one = std::slice::from_ref(&plan.methods[method]);
    let maps = explain(one, model, target, std::slice::from_ref(&view))?;
    let map: &Array2<f32> = &maps.by_method[0][0];
    Ok(Drawn { size: view.dimensions(), picture: jpeg(&view)?, layer: layer(map.view(), reduction)? })
}

/// Hellinger's distance of each from each, over the eight ways to lay a square on itself, of what a sketch has beyond
/// the mean of all of them, laid in every way: without that the lesions, which all pictures have, would decide.
fn distances(sketched: &[&[f32]]) -> Vec<f64> {
    let mut mean = vec![0.0_f32; SIDE * SIDE];
    let part = 1.0 / (8 * sketched.len().max(1)) as f32;
    for sketch in sketched {
        for laid in every_way(sketch) {
            mean.iter_mut().zip(laid).for_each(|(mean, field)| *mean += part * field);
        }
    }
    let beyond = |sketch: &[f32]| -> Vec<f32> {
        let excess: Vec<f32> =
            sketch.iter().zip(&mean).map(|(field, mean)| (field - mean).max(0.0)).collect();
        let whole = excess.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        excess.iter().map(|field| (field / whole).sqrt()).collect()
    };
    let roots: Vec<Vec<f32>> = sketched.iter().map(|sketch| beyond(sketch)).collect();
    let laid: Vec<[Vec<f32>; 8]> = roots.iter().map(|root| every_way(root)).collect();
    let count = roots.len();
    let mut distances = vec![0.0; count * count];
    for one in 0..count {
        for other in 0..one {
            let overlap = |laid: &Vec<f32>| -> f64 {
                laid.iter().zip(&roots[other]).map(|(a, b)| f64::from(a * b)).sum()
            };
            let nearest = laid[one].iter().map(overlap).fold(0.0, f64::max);
            let apart = (1.0 - nearest).max(0.0).sqrt();
            distances[one * count + other] = apart;
            distances[other * count + one] = apart;
        }
    }
    distances
}

/// The fields of a square, turned and mirrored in all eight ways.
fn every_way(fields: &[f32]) -> [Vec<f32>; 8] {
    let last = SIDE - 1;
    std::array::from_fn(|way| {
        let at = |y: usize, x: usize| {
            let (y, x) = if way & 1 == 0 { (y, x) } else { (x, y) };
            let y = if way & 2 == 0 { y } else { last - y };
            let x = if way & 4 == 0 { x } else { last - x };
            fields[y * SIDE + x]
        };
        (0..SIDE * SIDE).map(|place| at(place / SIDE, place % SIDE)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch::sketch;

    #[test]
    fn a_map_at_the_left_is_like_one_at_the_top() {
        let left = Array2::from_shape_fn((64, 64), |(_, x)| if x < 8 { 1.0_f32 } else { 0.0 });
        let top = left.t().to_owned();
        let middle = Array2::from_shape_fn((64, 64), |(y, x)| {
            f32::from(u8::from(y.abs_diff(32) < 8 && x.abs_diff(32) < 8))
        });
        let sketches: Vec<Vec<f32>> =
            [&left, &top, &middle].iter().map(|map| sketch(map.view()).expect("positive")).collect();
        let sketched: Vec<&[f32]> = sketches.iter().map(Vec::as_slice).collect();
        let found = distances(&sketched);
        assert!(found[1] < 1e-3, "the left and the top: {}", found[1]);
        assert!(found[2] > 0.9, "the left and the middle: {}", found[2]);
        assert_eq!(sketch(Array2::zeros((64, 64)).view()), None);
    }
}
