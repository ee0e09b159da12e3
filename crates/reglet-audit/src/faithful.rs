//! Whether a method's maps are faithful to the model: whether the regions that they highlight influence its answer.

use ndarray::{Array2, Array3, ArrayView3, Axis, stack};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reglet_attribution::{Attribution, Baseline, Method};
use reglet_evidence::Faithfulness;
use reglet_metrics::{MetricError, deletion, gaussian, infidelity, insertion, road};
use reglet_model::Model;
use reglet_statistics::median;
use tch::{Device, Kind, Tensor};

use crate::Error;

/// Steps of a deletion or insertion curve.
const STEPS: usize = 10;
/// The share of the pixels that ROAD removes.
const SHARE: f64 = 0.2;
/// The standard deviation of the noise that ROAD adds to the values it fills in, as in the paper.
const ROAD_NOISE: f32 = 0.01;
/// How many perturbations infidelity draws, and their deviation in the model's input space: Captum's example has 0.003
/// times the range, which rounding drowns in a network of single precision.
const PERTURBATIONS: usize = 10;
const DEVIATION: f32 = 0.05;
/// How far the picture that insertion begins with is blurred, as a share of its side.
const BLUR: f64 = 0.05;

/// For each method, given with its attributions and maps of the rows of `input`, how true the maps are of what the
/// model says of `target`; and the same of maps drawn at random, which any map should beat. Medians over the rows.
///
/// * *Deletion* and *insertion* (Petsiuk et al., 2018): the area under the target's probability as the map's
///   highest pixels give way to the mean colour, or come into a blurred picture.
/// * *ROAD* (Rong et al., 2022): the change of the probability when the fifth of the pixels that the map has highest is
///   filled in from its surroundings.
/// * *Infidelity* (Yeh et al., 2019), of the target's score, for attributions that are gradients; there is none for others, whose
///   values are not in units of the score divided by the input's, and none for a random map.
///
/// Costs 24 forward passes for each row and method, and 10 more for infidelity.
///
/// # Errors
/// Any error of the model.
pub(crate) fn faithfulness(
    model: &Model,
    target: usize,
    input: &Tensor,
    methods: &[(&Method, &Attribution, &[Array2<f32>])],
    seed: u64,
) -> Result<Vec<Faithfulness>, Error> {
    let side = input.size()[2].min(input.size()[3]) as f64;
    let blurred = arrays(&Baseline::Blurred((BLUR * side).max(1.0)).tensor(model, input)?)?;
    let inputs = arrays(input)?;
    let rows = inputs.len();
    let probability = |pictures: &[Array3<f32>]| -> Result<Vec<f64>, Error> {
        let logits = model.logits(&tensor(pictures, model.device())?)?;
        let probabilities = model.classes().probabilities(&logits)?.f_select(1, target as i64)?;
        Ok(Vec::try_from(probabilities.f_to_kind(Kind::Double)?.f_to_device(Device::Cpu)?)?)
    };
    let scores = |pictures: &[Array3<f32>]| -> Result<Vec<f64>, Error> {
        let logits = model.logits(&tensor(pictures, model.device())?)?;
        let scores = model.classes().scores(&logits, &vec![target; pictures.len()])?;
        Ok(Vec::try_from(scores.f_to_kind(Kind::Double)?.f_to_device(Device::Cpu)?)?)
    };
    let told = |error: Error| MetricError::Model(error.to_string());

    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let drawn: Vec<Array2<f32>> = inputs
        .iter()
        .map(|picture| {
            let (_, height, width) = picture.dim();
            Array2::from_shape_simple_fn((height, width), || random.random())
        })
        .collect();
    // Values that are not defined for a map (because it is not finite, or constant) are not part of the median.
    let of_maps = |maps: &[Array2<f32>]| {
        let (mut deleted, mut inserted, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..rows {
            let (map, picture) = (maps[row].view(), inputs[row].view());
            let mean = Array3::zeros(picture.raw_dim());
            let score = |pictures: &[Array3<f32>]| probability(pictures).map_err(told);
            deleted.extend(
                defined(deletion(map, picture, mean.view(), STEPS, score))?.map(|curve| curve.area()),
            );
            let begin = blurred[row].view();
            inserted.extend(defined(insertion(map, picture, begin, STEPS, score))?.map(|curve| curve.area()));
            removed.extend(defined(road(map, picture, SHARE, ROAD_NOISE, seed, score))?);
        }
        Ok::<_, Error>([median(&deleted), median(&inserted), median(&removed)])
    };
    let [random_deletion, random_insertion, random_road] = of_maps(&drawn)?;
    let perturbations = |picture: ArrayView3<f32>, row: usize| {
        gaussian(picture.dim(), DEVIATION, PERTURBATIONS, seed.wrapping_add(row as u64))
    };
    methods
        .iter()
        .map(|(method, attribution, maps)| {
            let [deletion, insertion, road] = of_maps(maps)?;
            let mut unfaithful = Vec::new();
            if method.get().is_gradient() {
                for (row, values) in arrays(&attribution.values)?.iter().enumerate() {
                    let picture = inputs[row].view();
                    let score = |pictures: &[Array3<f32>]| scores(pictures).map_err(told);
                    let perturbations = perturbations(picture, row);
                    unfaithful.extend(defined(infidelity(values.view(), picture, &perturbations, score))?);
                }
            }
            Ok(Faithfulness {
                pictures: rows,
                deletion,
                insertion,
                road,
                infidelity: median(&unfaithful),
                random_deletion,
                random_insertion,
                random_road,
            })
        })
        .collect()
}

/// A metric's value, or `None` if it is not defined for this map. That the model failed is an error.
fn defined<T>(found: Result<T, MetricError>) -> Result<Option<T>, Error> {
    match found {
        Ok(value) => Ok(Some(value)),
        Err(MetricError::Model(why)) => Err(Error::Usage(why)),
        Err(_) => Ok(None),
    }
}

/// Each row of a tensor `[N, C, H, W]`.
fn arrays(batch: &Tensor) -> Result<Vec<Array3<f32>>, Error> {
    let (rows, channels, height, width) = batch.size4()?;
    let shape = (channels as usize, height as usize, width as usize);
    let batch = batch.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
    let row = |row: i64| -> Result<Array3<f32>, Error> {
        let values: Vec<f32> = Vec::try_from(batch.f_get(row)?.f_view([-1])?)?;
        Ok(Array3::from_shape_vec(shape, values).expect("the sizes are the tensor's"))
    };
    (0..rows).map(row).collect()
}

/// Pictures of one size as a tensor `[N, C, H, W]`.
fn tensor(pictures: &[Array3<f32>], device: Device) -> Result<Tensor, Error> {
    let views: Vec<ArrayView3<f32>> = pictures.iter().map(|picture| picture.view()).collect();
    let batch = stack(Axis(0), &views).expect("the pictures are of one size");
    let sizes: Vec<i64> = batch.shape().iter().map(|&size| size as i64).collect();
    let flat: Vec<f32> = batch.into_iter().collect();
    Ok(Tensor::f_from_slice(&flat)?.f_view(sizes.as_slice())?.f_to_device(device)?)
}

#[cfg(test)]
mod tests {
    use reglet_attribution::Saliency;
    use reglet_model::{Architecture, Parameters, Preprocessing, Targets};

    use super::*;

    #[test]
    fn what_is_undefined_is_not_measured() {
        let architecture = Architecture::ResNet18;
        let graph = architecture.graph(5, 0.125).expect("valid");
        let parameters = Parameters::initial(&graph, 1).expect("enough memory");
        let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into());
        let model = model.expect("the weights fit");
        let input =
            Tensor::from_slice(&(0..3 * 32 * 32).map(|at| (at as f32 * 0.7).sin()).collect::<Vec<_>>());
        let input = input.view([1, 3, 32, 32]);
        let named = |name: &str| Method::named(name).expect("known");
        let methods = [
            Method::new(Saliency { absolute: false }),
            named("saliency"),
            named("input_x_gradient"),
            named("guided_backprop"),
        ];
        let explained = Method::attribute_all(&methods, &model, &input, Targets::Classes(&[2]));
        let explained = explained.expect("they run").computed;
        let map = |method: usize| {
            let reduction = methods[method].get().reduction();
            [explained[method].attribution.map(0, reduction).expect("there is a row")]
        };
        let (maps, void) = ([0, 1, 2, 3].map(map), [Array2::zeros((32, 32))]);
        let unusable = Attribution { values: input.full_like(f64::NAN), gaps: None };
        let mut all: Vec<(&Method, &Attribution, &[Array2<f32>])> = (0..4)
            .map(|method| (&methods[method], &explained[method].attribution, maps[method].as_slice()))
            .collect();
        all.push((&methods[0], &unusable, void.as_slice()));
        let found = faithfulness(&model, 2, &input, &all, 1).expect("the model runs");
        // Only what is a gradient predicts the score.
        let infidelity: Vec<bool> = found.iter().map(|found| found.infidelity.is_some()).collect();
        assert_eq!(infidelity, [true, false, false, true, false]);
        // A map without an order removes nothing first.
        let ordered =
            |found: &Faithfulness| [found.deletion, found.insertion, found.road].map(|one| one.is_some());
        assert_eq!(ordered(&found[1]), [true; 3]);
        assert_eq!(ordered(&found[4]), [false; 3]);
    }
}
