//! Superpixels.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::AttributionError;

/// Simple linear iterative clustering: pixels are clustered by colour and position, with the distance √((colours /
/// compactness)² + (places / step)²), where `step` is the side of a square segment. Pieces that are unconnected or too small
/// are merged with the neighbour with which they share the longest border.
///
/// Colours are those of the model's input space, because a classifier that offers only scores has no other; the paper uses
/// CIELAB.
///
/// Paper: Achanta et al., 2012, <https://doi.org/10.1109/TPAMI.2012.120>.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Slic {
    /// The approximate number of segments: 2 to 4096.
    pub segments: usize,
    /// How much colours may differ within a segment, more than 0; with larger values, segments are closer to squares.
    pub compactness: f64,
}

impl Default for Slic {
    fn default() -> Self {
        Slic { segments: 64, compactness: 1.0 }
    }
}

/// The number of rounds of assignment and update, as in the paper.
const ROUNDS: usize = 10;

impl Slic {
    pub(crate) fn check(&self, method: &'static str) -> Result<(), AttributionError> {
        let fault = |parameter, value: String, expected| {
            Err(AttributionError::Parameter { method, parameter, value, expected })
        };
        if !(2..=4096).contains(&self.segments) {
            return fault("segmentation.slic.segments", self.segments.to_string(), "from 2 to 4096");
        }
        if !(self.compactness > 0.0 && self.compactness.is_finite()) {
            return fault("segmentation.slic.compactness", self.compactness.to_string(), "a number above 0");
        }
        Ok(())
    }

    /// The segment of each pixel of one input `[1, C, H, W]`, row by row, and how many there are.
    pub(crate) fn labels(&self, input: &Tensor) -> Result<(Vec<i64>, usize), AttributionError> {
        let (_, channels, height, width) = input.size4()?;
        let flat = input.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?.f_view([channels, -1])?;
        let pixels: Vec<f64> = Vec::try_from(flat.f_transpose(0, 1)?.f_contiguous()?.f_view([-1])?)?;
        let picture =
            Picture { pixels, channels: channels as usize, height: height as usize, width: width as usize };
        Ok(connected(&self.clusters(self.grid(&picture), &picture), &picture, self.segments))
    }

    /// The side of a square segment.
    fn step(&self, picture: &Picture) -> f64 {
        ((picture.height * picture.width) as f64 / self.segments as f64).sqrt()
    }

    /// The centres of squares, with their colours.
    fn grid(&self, picture: &Picture) -> Vec<Centre> {
        let (height, width, step) = (picture.height, picture.width, self.step(picture));
        let count = |size: usize| ((size as f64 / step).round() as usize).clamp(1, size);
        let (rows, columns) = (count(height), count(width));
        let middle =
            |index: usize, count: usize, size: usize| (index as f64 + 0.5) * size as f64 / count as f64 - 0.5;
        (0..rows * columns)
            .map(|index| {
                let place = [middle(index / columns, rows, height), middle(index % columns, columns, width)];
                let pixel = place[0].round() as usize * width + place[1].round() as usize;
                Centre { place, colour: picture.colour(pixel).to_vec() }
            })
            .collect()
    }

    /// The nearest cluster of each pixel, after the rounds.
    fn clusters(&self, mut centres: Vec<Centre>, picture: &Picture) -> Vec<usize> {
        let (height, width, step) = (picture.height, picture.width, self.step(picture));
        let mut labels = vec![0; height * width];
        for _ in 0..ROUNDS {
            let mut nearest = vec![f64::INFINITY; height * width];
            for (label, centre) in centres.iter().enumerate() {
                let range = |place: f64, size: usize| {
                    let reach = 2.0 * step;
                    (place - reach).max(0.0) as usize..((place + reach) as usize + 1).min(size)
                };
                for row in range(centre.place[0], height) {
                    for column in range(centre.place[1], width) {
                        let pixel = row * width + column;
                        let apart = (row as f64 - centre.place[0]).powi(2)
                            + (column as f64 - centre.place[1]).powi(2);
                        let colours = picture.colour(pixel).iter().zip(&centre.colour);
                        let differ: f64 = colours.map(|(a, b)| (a - b).powi(2)).sum();
                        let distance = apart / (step * step) + differ / (self.compactness * self.compactness);
                        if distance < nearest[pixel] {
                            nearest[pixel] = distance;
                            labels[pixel] = label;
                        }
                    }
                }
            }
            let mut sums = vec![(0.0, [0.0; 2], vec![0.0; picture.channels]); centres.len()];
            for (pixel, &label) in labels.iter().enumerate() {
                let (count, place, colour) = &mut sums[label];
                *count += 1.0;
                place[0] += (pixel / width) as f64;
                place[1] += (pixel % width) as f64;
                colour.iter_mut().zip(picture.colour(pixel)).for_each(|(sum, value)| *sum += value);
            }
            for (centre, (count, place, colour)) in centres.iter_mut().zip(sums) {
                // A cluster that has lost all its pixels keeps its centre.
                if count > 0.0 {
                    centre.place = place.map(|sum| sum / count);
                    centre.colour = colour.into_iter().map(|sum| sum / count).collect();
                }
            }
        }
        labels
    }
}

struct Picture {
    /// Pixel by pixel, channels together.
    pixels: Vec<f64>,
    channels: usize,
    height: usize,
    width: usize,
}

impl Picture {
    fn colour(&self, pixel: usize) -> &[f64] {
        &self.pixels[pixel * self.channels..(pixel + 1) * self.channels]
    }

    /// The pixels that share a side with one.
    fn beside(&self, pixel: usize) -> impl Iterator<Item = usize> {
        let (row, column, width) = (pixel / self.width, pixel % self.width, self.width);
        let (up, left) = ((row > 0).then(|| pixel - width), (column > 0).then(|| pixel - 1));
        let down = (row + 1 < self.height).then(|| pixel + width);
        let right = (column + 1 < width).then(|| pixel + 1);
        [up, left, right, down].into_iter().flatten()
    }
}

struct Centre {
    place: [f64; 2],
    colour: Vec<f64>,
}

/// Connected segments, numbered from 0 in the order of their first pixels: pieces below half of the mean size, as in
/// scikit-image, are merged with the neighbour with which they share the longest border.
fn connected(labels: &[usize], picture: &Picture, segments: usize) -> (Vec<i64>, usize) {
    let mut piece = vec![usize::MAX; labels.len()];
    let mut pieces: Vec<Vec<usize>> = Vec::new();
    for first in 0..labels.len() {
        if piece[first] != usize::MAX {
            continue;
        }
        let mut members = vec![first];
        piece[first] = pieces.len();
        let mut next = 0;
        while let Some(&pixel) = members.get(next) {
            for beside in picture.beside(pixel) {
                if piece[beside] == usize::MAX && labels[beside] == labels[first] {
                    piece[beside] = pieces.len();
                    members.push(beside);
                }
            }
            next += 1;
        }
        pieces.push(members);
    }
    let smallest = labels.len() / segments / 2;
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by_key(|&index| (pieces[index].len(), index));
    for index in order {
        if pieces[index].len() >= smallest.max(1) || pieces[index].is_empty() {
            continue;
        }
        let mut borders: HashMap<usize, usize> = HashMap::new();
        for &pixel in &pieces[index] {
            for beside in picture.beside(pixel).filter(|&beside| piece[beside] != index) {
                *borders.entry(piece[beside]).or_default() += 1;
            }
        }
        let Some((&into, _)) = borders.iter().max_by_key(|&(&piece, &length)| (length, usize::MAX - piece))
        else {
            continue;
        };
        let members = std::mem::take(&mut pieces[index]);
        members.iter().for_each(|&pixel| piece[pixel] = into);
        pieces[into].extend(members);
    }
    let mut numbers: HashMap<usize, i64> = HashMap::new();
    let numbered = piece.iter().map(|piece| {
        let next = numbers.len() as i64;
        *numbers.entry(*piece).or_insert(next)
    });
    let numbered: Vec<i64> = numbered.collect();
    (numbered, numbers.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disc on a slope, in red alone: `[1, 3, 32, 40]`, values in 0…1.
    fn picture() -> Tensor {
        let value = |pixel: i64| {
            let (row, column) = (pixel / 40, pixel % 40);
            let inside = (row - 12).pow(2) + (column - 22).pow(2) < 64;
            if inside { 1.0 } else { (row + column) as f64 / 140.0 }
        };
        let red: Vec<f64> = (0..32 * 40).map(value).collect();
        let red = Tensor::from_slice(&red).view([1, 1, 32, 40]);
        let rest = Tensor::zeros([1, 2, 32, 40], (Kind::Double, Device::Cpu));
        Tensor::cat(&[red, rest], 1)
    }

    /// The share of pairs of pixels on which two segmentations agree that they belong together, or not: Rand's index.
    fn agreement(a: &[i64], b: &[i64]) -> f64 {
        let pairs = (0..a.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        let agree = pairs.filter(|&(i, j)| (a[i] == a[j]) == (b[i] == b[j])).count();
        agree as f64 / (a.len() * (a.len() - 1) / 2) as f64
    }

    // skimage.segmentation.slic(picture, n_segments=20, compactness=0.2, convert2lab=False, start_label=0), by
    // tools/make_slic_fixture.py. It begins with black clusters, where the paper has the colours at their centres, and so
    // do we here.
    #[test]
    fn segments_are_scikit_images() {
        let slic = Slic { segments: 20, compactness: 0.2 };
        let values: Vec<f64> =
            Vec::try_from(picture().permute([0, 2, 3, 1]).contiguous().view([-1])).expect("floats");
        let picture = Picture { pixels: values, channels: 3, height: 32, width: 40 };
        let black = |index: usize| Centre {
            place: [(index / 5 * 8 + 4) as f64, (index % 5 * 8 + 4) as f64],
            colour: vec![0.0; 3],
        };
        let (labels, count) = connected(&slic.clusters((0..20).map(black).collect(), &picture), &picture, 20);
        let bytes = include_bytes!("../tests/fixtures/slic.bin");
        let expected: Vec<i64> = bytes.iter().map(|&label| label.into()).collect();
        let agreement = agreement(&labels, &expected);
        assert!(agreement > 0.99, "{agreement} {count}");
    }

    #[test]
    fn segments_are_connected_cover_the_picture_and_keep_to_edges() {
        let (labels, count) = Slic { segments: 20, compactness: 0.2 }.labels(&picture()).expect("a picture");
        assert!((12..=28).contains(&count), "{count}");
        let picture = Picture { pixels: Vec::new(), channels: 0, height: 32, width: 40 };
        let plain: Vec<usize> = labels.iter().map(|&label| label as usize).collect();
        let (again, pieces) = connected(&plain, &picture, 20);
        assert_eq!((again, pieces), (labels.clone(), count), "every segment is one piece");
        // The disc's border is an edge: hardly a segment has pixels on both of its sides.
        let inside = |pixel: usize| (pixel as i64 / 40 - 12).pow(2) + (pixel as i64 % 40 - 22).pow(2) < 64;
        let mut sides = vec![[0_usize; 2]; count];
        labels
            .iter()
            .enumerate()
            .for_each(|(pixel, &label)| sides[label as usize][usize::from(inside(pixel))] += 1);
        let strays: usize = sides.iter().map(|side| side[0].min(side[1])).sum();
        assert!(strays < 20, "{strays}");
    }
}
