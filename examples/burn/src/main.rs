//! Explains a classifier of Burn: Integrated Gradients with Burn's gradients, and Occlusion with its scores alone.
//!
//! What the classifier looks at is known, because its weights are set by hand: it calls a lesion melanoma if there is a blue
//! ruler beside it. The program fails unless both maps find the ruler.

use std::error::Error;
use std::ops::Range;

use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
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
    device: Device,
}

impl Network {
    fn new(device: Device) -> Network {
        // One channel responds to blue without red, the ruler, and the other to red without green, the lesion.
        let colours = Tensor::<2>::from_floats([[-1.0, 0.0, 1.0], [1.0, -2.0, 0.0]], &device) / 9.0;
        let mut convolution = Conv2dConfig::new([3, 2], [3, 3]).init(&device);
        convolution.weight = Param::from_tensor(colours.reshape([2, 3, 1, 1]).expand([2, 3, 3, 3]));
        convolution.bias = Some(Param::from_data([-0.1, -0.1], &device));
        let mut linear = LinearConfig::new(2, 2).with_bias(false).init(&device);
        linear.weight = Param::from_data([[0.0, 100.0], [40.0, 10.0]], &device);
        Network { convolution, linear, device }
    }

    /// The logit of each picture's target.
    fn scores(&self, pictures: Tensor<4>, targets: &[usize]) -> Tensor<1> {
        let features = relu(self.convolution.forward(pictures)).mean_dims(&[2, 3]).flatten(1, 3);
        let targets: Vec<i64> = targets.iter().map(|&target| target as i64).collect();
        let targets = Tensor::<1, Int>::from_data(targets.as_slice(), &self.device).unsqueeze_dim(1);
        self.linear.forward::<2>(features).gather(1, targets).squeeze_dim(1)
    }

    /// An array as a tensor of Burn.
    fn tensor(&self, pictures: ArrayView4<'_, f32>) -> Tensor<4> {
        let (values, shape) = (pictures.iter().copied().collect(), pictures.shape().to_vec());
        Tensor::from_data(TensorData::new::<f32, _>(values, shape), &self.device)
    }
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
    let network = Network::new(Device::flex().autodiff());
    let scores = |pictures: ArrayView4<'_, f32>, targets: &[usize]| {
        let scores = network.scores(network.tensor(pictures), targets);
        Ok(Array1::from(scores.try_into_data()?.try_into_vec::<f32>()?))
    };
    let gradients = |pictures: ArrayView4<'_, f32>, targets: &[usize]| {
        let inputs = network.tensor(pictures).require_grad();
        let scores = network.scores(inputs.clone(), targets);
        // No picture affects another's score, so the gradient of the sum contains the gradient of each score.
        let gradients = scores.clone().sum().backward();
        let gradient = inputs.grad(&gradients).ok_or("the scores do not depend on the pictures")?;
        let gradient = Array4::from_shape_vec(pictures.dim(), gradient.try_into_data()?.try_into_vec()?)?;
        Ok((Array1::from(scores.try_into_data()?.try_into_vec::<f32>()?), gradient))
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
