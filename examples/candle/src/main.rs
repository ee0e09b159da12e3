//! Explains a classifier of candle: Integrated Gradients with candle's gradients, and Occlusion with its scores alone.
//!
//! What the classifier looks at is known, because its weights are set by hand: it calls a lesion melanoma if there is a blue
//! ruler beside it. The program fails unless both maps find the ruler.

use std::error::Error;
use std::ops::Range;

use candle_core::{Device, Tensor, Var};
use candle_nn::{Conv2d, Conv2dConfig, Linear, Module};
use ndarray::{Array1, Array2, Array4, ArrayView4, s};
use reglet_attribution::{ArrayClassifier, IntegratedGradients, Occlusion, Reduction, Scores};

type Failure = Box<dyn Error + Send + Sync>;

/// The height and the width of the picture, and the ruler's rows and columns.
const SIDE: usize = 32;
const RULER: [Range<usize>; 2] = [4..8, 4..28];
/// The classes are benign and melanoma.
const MELANOMA: usize = 1;

/// A convolution, ReLU, the mean over all places, and a linear layer.
struct Network {
    convolution: Conv2d,
    linear: Linear,
}

impl Network {
    fn new() -> Result<Network, Failure> {
        // One channel responds to blue without red, the ruler, and the other to red without green, the lesion.
        let colours = Tensor::new(&[[-1_f32, 0.0, 1.0], [1.0, -2.0, 0.0]], &Device::Cpu)?;
        let kernel = (colours.reshape((2, 3, 1, 1))? / 9.0)?.broadcast_as((2, 3, 3, 3))?.contiguous()?;
        let bias = Tensor::new(&[-0.1_f32, -0.1], &Device::Cpu)?;
        let weight = Tensor::new(&[[0_f32, 40.0], [100.0, 10.0]], &Device::Cpu)?;
        let convolution = Conv2d::new(kernel, Some(bias), Conv2dConfig::default());
        Ok(Network { convolution, linear: Linear::new(weight, None) })
    }

    /// The logit of each picture's target.
    fn scores(&self, pictures: &Tensor, targets: &[usize]) -> Result<Tensor, Failure> {
        let features = self.convolution.forward(pictures)?.relu()?.mean((2, 3))?;
        let targets: Vec<u32> =
            targets.iter().map(|&target| u32::try_from(target)).collect::<Result<_, _>>()?;
        let targets = Tensor::new(targets, pictures.device())?.unsqueeze(1)?;
        Ok(self.linear.forward(&features)?.gather(&targets, 1)?.squeeze(1)?)
    }
}

/// An array as a tensor of candle.
fn tensor(pictures: ArrayView4<'_, f32>) -> Result<Tensor, Failure> {
    Ok(Tensor::from_iter(pictures.iter().copied(), &Device::Cpu)?.reshape(pictures.dim())?)
}

/// Skin, a round lesion, and a blue ruler: `[1, 3, SIDE, SIDE]`.
fn picture() -> Array4<f32> {
    Array4::from_shape_fn((1, 3, SIDE, SIDE), |(_, channel, row, column)| {
        let [rows, columns] = RULER;
        let colour = match (row.abs_diff(20).pow(2) + column.abs_diff(16).pow(2)).isqrt() {
            _ if rows.contains(&row) && columns.contains(&column) => [0.2, 0.4, 0.9],
            ..=6 => [0.6, 0.2, 0.1],
            _ => [0.9, 0.7, 0.6],
        };
        colour[channel]
    })
}

/// The share of a map's positive values that lies on the ruler. Fails if it is not more than half; the ruler covers less than a
/// tenth of the picture.
fn share_on_ruler(map: &Array2<f32>) -> Result<f32, Failure> {
    let map = map.mapv(|value| value.max(0.0));
    let [rows, columns] = RULER;
    let share = map.slice(s![rows, columns]).sum() / map.sum();
    if share > 0.5 { Ok(share) } else { Err(format!("only {share:.2} of the map lies on the ruler").into()) }
}

fn main() -> Result<(), Failure> {
    let network = Network::new()?;
    let scores = |pictures: ArrayView4<'_, f32>, targets: &[usize]| {
        let scores = network.scores(&tensor(pictures)?, targets)?;
        Ok(Array1::from(scores.to_vec1::<f32>()?))
    };
    let gradients = |pictures: ArrayView4<'_, f32>, targets: &[usize]| {
        let inputs = Var::from_tensor(&tensor(pictures)?)?;
        let scores = network.scores(&inputs, targets)?;
        // No picture affects another's score, so the gradient of the sum contains the gradient of each score.
        let gradients = scores.sum_all()?.backward()?;
        let gradient = gradients.get(&inputs).ok_or("the scores do not depend on the pictures")?;
        let gradient = Array4::from_shape_vec(pictures.dim(), gradient.flatten_all()?.to_vec1()?)?;
        Ok((Array1::from(scores.to_vec1::<f32>()?), gradient))
    };
    let classifier = ArrayClassifier::new(scores).with_gradients(gradients);

    let values: Vec<f32> = picture().into_iter().collect();
    let input = tch::Tensor::from_slice(&values).view([1, 3, SIDE as i64, SIDE as i64]);
    let score = classifier.scores(&input, &[MELANOMA])?;
    println!("score for melanoma: {:.2}", score.double_value(&[0]));

    // The number of steps is doubled until the attributions sum to the difference of the scores within half a per cent.
    let method = IntegratedGradients { tolerance: Some(0.005), ..IntegratedGradients::default() };
    let found = method.attribute(&classifier, &input, &[MELANOMA], &score)?;
    let share = share_on_ruler(&found.map(0, Reduction::Sum)?)?;
    println!("Integrated Gradients: {:.0} % of the map lies on the ruler", 100.0 * share);

    // Completeness: the attributions sum to the score minus that of the baseline, a black picture.
    let gap = found.gaps.ok_or("Integrated Gradients has gaps")?[0];
    println!("distance from completeness: {:.1} %", 100.0 * gap.relative);
    if gap.relative > 0.005 {
        return Err("the attributions do not sum to the difference of the scores".into());
    }

    let found = Occlusion::default().attribute(&classifier, &input, &[MELANOMA])?;
    let share = share_on_ruler(&found.map(0, Reduction::Sum)?)?;
    println!("Occlusion: {:.0} % of the map lies on the ruler", 100.0 * share);
    Ok(())
}
