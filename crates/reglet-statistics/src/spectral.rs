//! Clusters items if only their distances are known.

use nalgebra::{DMatrix, SymmetricEigen};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Groups found by the spectrum of a neighbourhood graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectral {
    /// The group of each item, from 0; the largest group comes first.
    pub groups: Vec<usize>,
    /// The smallest eigenvalues of the normalised Laplacian, in ascending order: one more than the maximum number of groups,
    /// if there are as many.
    pub eigenvalues: Vec<f64>,
}

/// The number of restarts of k-means; the best result is kept.
const RESTARTS: usize = 20;
/// The maximum number of iterations.
const SWEEPS: usize = 100;

/// Spectral clustering (von Luxburg, *A tutorial on spectral clustering*, 2007; Ng, Jordan and Weiss, 2001): each item is
/// connected to its ⌈ln n⌉ + 1 nearest neighbours, in either direction. The number of groups, at most `most`, is given by
/// the largest gap between the eigenvalues of the graph's normalised Laplacian, and k-means finds the groups among the rows
/// of the eigenvectors below the gap. `distances` is symmetric, n × n by rows; surplus elements are ignored. The result is
/// one group without eigenvalues if the data are insufficient: fewer than four items, `most` below two, or distances that
/// are NaN.
pub fn spectral(distances: &[f64], most: usize, seed: u64) -> Spectral {
    let count = distances.len().isqrt();
    if count < 4 || most < 2 || distances.iter().any(|distance| distance.is_nan()) {
        return Spectral { groups: vec![0; count], eigenvalues: Vec::new() };
    }
    let SymmetricEigen { eigenvalues, eigenvectors } = laplacian(distances, count).symmetric_eigen();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| eigenvalues[a].total_cmp(&eigenvalues[b]));
    let values: Vec<f64> = order.iter().map(|&at| eigenvalues[at]).collect();
    let most = most.min(count - 1);
    let gap = |groups: usize| values[groups] - values[groups - 1];
    let groups = (1..=most).max_by(|&a, &b| gap(a).total_cmp(&gap(b)).then(b.cmp(&a))).unwrap_or(1);
    // Rows are scaled to unit length, because only their direction distinguishes groups.
    let rows: Vec<Vec<f64>> = (0..count)
        .map(|row| {
            let row: Vec<f64> = order[..groups].iter().map(|&at| eigenvectors[(row, at)]).collect();
            let length = row.iter().map(|value| value * value).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
            row.iter().map(|value| value / length).collect()
        })
        .collect();
    let found = k_means(&rows, groups, seed);
    Spectral { groups: by_size(&found, groups), eigenvalues: values[..=most].to_vec() }
}

/// The normalised Laplacian of the graph that connects each item to its nearest neighbours.
fn laplacian(distances: &[f64], count: usize) -> DMatrix<f64> {
    let neighbours = ((count as f64).ln().ceil() as usize + 1).min(count - 1);
    let mut affinity = DMatrix::<f64>::zeros(count, count);
    for one in 0..count {
        let mut order: Vec<usize> = (0..count).filter(|&other| other != one).collect();
        order.sort_by(|&a, &b| distances[one * count + a].total_cmp(&distances[one * count + b]));
        for other in order.into_iter().take(neighbours) {
            affinity[(one, other)] += 0.5;
            affinity[(other, one)] += 0.5;
        }
    }
    let degree: Vec<f64> = affinity.row_iter().map(|row| row.sum()).collect();
    DMatrix::from_fn(count, count, |row, column| {
        let own = f64::from(u8::from(row == column));
        own - affinity[(row, column)] / (degree[row] * degree[column]).sqrt()
    })
}

/// Numbers the groups by descending size, without empty groups.
fn by_size(groups: &[usize], count: usize) -> Vec<usize> {
    let size = |group: usize| groups.iter().filter(|&&other| other == group).count();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|&group| std::cmp::Reverse(size(group)));
    let place = |group: &usize| order.iter().position(|other| other == group).unwrap_or(0);
    groups.iter().map(place).collect()
}

/// Lloyd's algorithm from centres spread as k-means++ does (Arthur and Vassilvitskii, 2007).
fn k_means(rows: &[Vec<f64>], groups: usize, seed: u64) -> Vec<usize> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut best = (f64::INFINITY, vec![0; rows.len()]);
    for _ in 0..RESTARTS {
        let mut centres = spread(rows, groups, &mut random);
        let mut found = vec![usize::MAX; rows.len()];
        for _ in 0..SWEEPS {
            let nearest = |row: &Vec<f64>| {
                (0..groups).min_by(|&a, &b| apart(row, &centres[a]).total_cmp(&apart(row, &centres[b])))
            };
            let next: Vec<usize> = rows.iter().map(|row| nearest(row).unwrap_or(0)).collect();
            if next == found {
                break;
            }
            found = next;
            for (group, centre) in centres.iter_mut().enumerate() {
                let own: Vec<&Vec<f64>> =
                    rows.iter().zip(&found).filter(|(_, of)| **of == group).map(|(row, _)| row).collect();
                // A centre without rows is not moved.
                if !own.is_empty() {
                    for (axis, value) in centre.iter_mut().enumerate() {
                        *value = own.iter().map(|row| row[axis]).sum::<f64>() / own.len() as f64;
                    }
                }
            }
        }
        let spread: f64 = rows.iter().zip(&found).map(|(row, group)| apart(row, &centres[*group])).sum();
        if spread < best.0 {
            best = (spread, found);
        }
    }
    best.1
}

/// Initial centres, each far from the previous ones.
fn spread(rows: &[Vec<f64>], groups: usize, random: &mut ChaCha8Rng) -> Vec<Vec<f64>> {
    let mut centres = vec![rows[random.random_range(0..rows.len())].clone()];
    while centres.len() < groups {
        let far: Vec<f64> = rows
            .iter()
            .map(|row| centres.iter().map(|centre| apart(row, centre)).fold(f64::INFINITY, f64::min))
            .collect();
        let mut left = random.random::<f64>() * far.iter().sum::<f64>();
        let chosen = far.iter().position(|weight| {
            left -= weight;
            left <= 0.0
        });
        centres.push(rows[chosen.unwrap_or(0)].clone());
    }
    centres
}

/// The squared distance.
fn apart(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum()
}
