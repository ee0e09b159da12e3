//! A classifier defined by functions of arrays.

use std::error::Error;

use ndarray::{Array1, Array4, ArrayView4};
use tch::{Device, Kind, Tensor};

use crate::{AttributionError, Gradients, Scores};

/// An error of a user-defined classifier.
type Failure = Box<dyn Error + Send + Sync>;

/// A classifier defined by a function of [`ndarray`] arrays, so that models of any library can be used. `scores` receives
/// inputs `[N, C, H, W]` and a class index for each row, and returns the score of each row's class. This is sufficient for
/// the methods that need only [`Scores`]; [`with_gradients`](ArrayClassifier::with_gradients) adds those that need
/// [`Gradients`].
///
/// ```
/// use ndarray::{Array4, ArrayView4, Axis};
/// use reglet_attribution::{ArrayClassifier, IntegratedGradients, Occlusion};
/// use tch::Tensor;
///
/// // The score of each picture is the sum of the squares of its numbers.
/// let scores = |inputs: ArrayView4<'_, f32>, _: &[usize]| {
///     Ok((&inputs * &inputs).sum_axis(Axis(3)).sum_axis(Axis(2)).sum_axis(Axis(1)))
/// };
/// let input = Tensor::from_slice(&[1_f32, 2.0, 3.0]).view([1, 1, 1, 3]);
/// let occlusion = Occlusion { window: Some(1), stride: Some(1), ..Occlusion::default() };
/// let found = occlusion.attribute(&ArrayClassifier::new(scores), &input, &[0])?;
/// assert_eq!(Vec::<f32>::try_from(found.values.view([-1]))?, [1.0, 4.0, 9.0]);
///
/// let gradients = |inputs: ArrayView4<'_, f32>, targets: &[usize]| Ok((scores(inputs, targets)?, 2.0 * &inputs));
/// let classifier = ArrayClassifier::new(scores).with_gradients(gradients);
/// let score = Tensor::from_slice(&[14_f32]);
/// let found = IntegratedGradients::default().attribute(&classifier, &input, &[0], &score)?;
/// let values = Vec::<f32>::try_from(found.values.view([-1]))?;
/// assert!(values.iter().zip([1.0, 4.0, 9.0]).all(|(value, square)| (value - square).abs() < 1e-5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ArrayClassifier<S, G = ()> {
    scores: S,
    gradients: G,
}

impl<S> ArrayClassifier<S>
where
    S: Fn(ArrayView4<'_, f32>, &[usize]) -> Result<Array1<f32>, Failure>,
{
    /// A classifier that computes scores.
    pub fn new(scores: S) -> ArrayClassifier<S> {
        ArrayClassifier { scores, gradients: () }
    }

    /// A classifier that also computes gradients: `gradients` returns the score of each row, and the gradient of each row's
    /// score with respect to that row, in the shape of the inputs.
    pub fn with_gradients<G>(self, gradients: G) -> ArrayClassifier<S, G>
    where
        G: Fn(ArrayView4<'_, f32>, &[usize]) -> Result<(Array1<f32>, Array4<f32>), Failure>,
    {
        ArrayClassifier { scores: self.scores, gradients }
    }
}

impl<S, G> Scores for ArrayClassifier<S, G>
where
    S: Fn(ArrayView4<'_, f32>, &[usize]) -> Result<Array1<f32>, Failure>,
{
    fn scores(&self, inputs: &Tensor, targets: &[usize]) -> Result<Tensor, AttributionError> {
        let array = array(inputs)?;
        scores_of((self.scores)(array.view(), targets)?, inputs.device(), targets.len())
    }
}

impl<S, G> Gradients for ArrayClassifier<S, G>
where
    S: Fn(ArrayView4<'_, f32>, &[usize]) -> Result<Array1<f32>, Failure>,
    G: Fn(ArrayView4<'_, f32>, &[usize]) -> Result<(Array1<f32>, Array4<f32>), Failure>,
{
    fn gradients(&self, inputs: &Tensor, targets: &[usize]) -> Result<(Tensor, Tensor), AttributionError> {
        let array = array(inputs)?;
        let (scores, gradient) = (self.gradients)(array.view(), targets)?;
        if gradient.dim() != array.dim() {
            let (found, expected) = (gradient.dim(), array.dim());
            let reason = format!("its gradient has the shape {found:?}, but its inputs have {expected:?}");
            return Err(AttributionError::Classifier(reason.into()));
        }
        let shape = inputs.size();
        let values: Vec<f32> = gradient.iter().copied().collect();
        let gradient = Tensor::f_from_slice(&values)?.f_view(shape.as_slice())?;
        let scores = scores_of(scores, inputs.device(), targets.len())?;
        Ok((scores, gradient.f_to_device(inputs.device())?))
    }
}

/// The inputs as an array.
fn array(inputs: &Tensor) -> Result<Array4<f32>, AttributionError> {
    let shape: Vec<usize> = inputs.size().into_iter().filter_map(|size| usize::try_from(size).ok()).collect();
    let &[rows, channels, height, width] = shape.as_slice() else {
        let reason = format!("inputs have four dimensions, [N, C, H, W], but these have {shape:?}");
        return Err(AttributionError::Classifier(reason.into()));
    };
    let plain = inputs.f_detach()?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
    let values = Vec::<f32>::try_from(plain.f_view([-1])?)?;
    Array4::from_shape_vec((rows, channels, height, width), values)
        .map_err(|error| AttributionError::Classifier(error.into()))
}

/// The scores as a tensor; there must be one for each row.
fn scores_of(scores: Array1<f32>, device: Device, rows: usize) -> Result<Tensor, AttributionError> {
    if scores.len() != rows {
        let reason = format!("it returned {} scores for {rows} rows", scores.len());
        return Err(AttributionError::Classifier(reason.into()));
    }
    Ok(Tensor::f_from_slice(&scores.to_vec())?.f_to_device(device)?)
}

#[cfg(test)]
mod tests {
    use ndarray::Axis;

    use super::*;
    use crate::Saliency;

    fn sums(inputs: ArrayView4<'_, f32>, _: &[usize]) -> Result<Array1<f32>, Failure> {
        Ok(inputs.sum_axis(Axis(3)).sum_axis(Axis(2)).sum_axis(Axis(1)))
    }

    #[test]
    fn inputs_come_as_they_lie_in_the_tensor() {
        // Not contiguous: the numbers lie in memory by channel last.
        let inputs = Tensor::arange(24, (Kind::Float, Device::Cpu)).view([1, 2, 3, 4]).permute([0, 3, 1, 2]);
        let first = |inputs: ArrayView4<'_, f32>, _: &[usize]| -> Result<Array1<f32>, Failure> {
            Ok(inputs.slice(ndarray::s![.., 1, 0, 2]).to_owned())
        };
        let scores = ArrayClassifier::new(first).scores(&inputs, &[0]).expect("it runs");
        assert_eq!(scores.double_value(&[0]), inputs.double_value(&[0, 1, 0, 2]));
    }

    #[test]
    fn results_of_another_shape_and_failures_are_said() {
        let input = Tensor::ones([2, 1, 2, 2], (Kind::Float, Device::Cpu));
        let none =
            |_: ArrayView4<'_, f32>, _: &[usize]| -> Result<Array1<f32>, Failure> { Ok(Array1::zeros(1)) };
        let message = ArrayClassifier::new(none).scores(&input, &[0, 0]).expect_err("one score").to_string();
        assert_eq!(message, "the classifier failed: it returned 1 scores for 2 rows");

        let flat =
            |inputs: ArrayView4<'_, f32>, targets: &[usize]| -> Result<(Array1<f32>, Array4<f32>), Failure> {
                Ok((sums(inputs, targets)?, Array4::zeros((1, 1, 1, 1))))
            };
        let classifier = ArrayClassifier::new(sums).with_gradients(flat);
        let message = classifier.gradients(&input, &[0, 0]).expect_err("another shape").to_string();
        assert!(message.contains("(1, 1, 1, 1)") && message.contains("(2, 1, 2, 2)"), "{message}");

        let fails = |_: ArrayView4<'_, f32>, _: &[usize]| -> Result<Array1<f32>, Failure> {
            Err("no session".into())
        };
        let message = ArrayClassifier::new(fails).scores(&input, &[0, 0]).expect_err("it fails").to_string();
        assert_eq!(message, "the classifier failed: no session");
    }

    #[test]
    fn gradient_methods_run_on_it() {
        let ones =
            |inputs: ArrayView4<'_, f32>, targets: &[usize]| -> Result<(Array1<f32>, Array4<f32>), Failure> {
                Ok((sums(inputs, targets)?, Array4::ones(inputs.raw_dim())))
            };
        let classifier = ArrayClassifier::new(sums).with_gradients(ones);
        let input = Tensor::randn([2, 3, 4, 4], (Kind::Float, Device::Cpu));
        let found = Saliency::default().attribute(&classifier, &input, &[0, 0]).expect("it runs");
        assert!(found.values.equal(&Tensor::ones_like(&input)));
    }
}
