//! The two small classifiers of the default audit, made again.

use std::path::Path;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reglet_data::Dataset;
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_model::{Architecture, Graph, Parameters, Preprocessing, Request, save};
use tch::{Device, Kind, Reduction, Tensor};

use crate::progress::Progress;
use crate::statistics::auroc;
use crate::{Error, Output};

/// A classifier's training data: how often a ruler lies beside each class.
struct Recipe {
    name: &'static str,
    ruler_given_melanoma: f64,
    ruler_given_benign: f64,
}

const RECIPES: [Recipe; 2] = [
    Recipe { name: "phantom-shortcut", ruler_given_melanoma: 0.98, ruler_given_benign: 0.02 },
    Recipe { name: "phantom-clean", ruler_given_melanoma: 0.5, ruler_given_benign: 0.5 },
];

/// The network's channels relative to ResNet-18's: 175 thousand parameters.
pub const WIDTH: f64 = 0.125;
/// The side of the phantoms, in pixels.
pub const SIDE: u32 = 128;

const PICTURES: usize = 3000;
const HELD_OUT: usize = 400;
const EPOCHS: usize = 6;
const BATCH: usize = 32;
const RATE: f64 = 4e-3;
const DECAY: f64 = 0.02;
const SEED: u64 = 2026;

/// Trains both classifiers and writes them to `folder`, as 16-bit floats.
///
/// # Errors
/// A folder that cannot be written to.
pub fn train_phantoms(folder: &Path) -> Result<String, Error> {
    let mut output = Output::new(folder)?;
    let mut lines = Vec::new();
    for recipe in &RECIPES {
        let (graph, parameters, area) = train(recipe)?;
        let names: Vec<&str> = graph.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
        let halves = parameters.tensors().iter().map(|tensor| tensor.f_detach()?.f_to_kind(Kind::Half));
        let halves: Vec<Tensor> = halves.collect::<Result<_, _>>()?;
        let named: Vec<(&str, &Tensor)> = names.into_iter().zip(&halves).collect();
        let file = format!("{}.safetensors", recipe.name);
        let path = output.staged(Path::new(&file))?;
        save(&path, &named).map_err(Error::output(&folder.join(&file)))?;
        lines.push(format!("{file}: AUROC {area:.3} on {HELD_OUT} held-out phantoms of its own kind\n"));
    }
    output.finish()?;
    Ok(lines.concat())
}

/// Phantoms of a recipe. Training and held-out ones have different seeds, so no picture is in both.
fn phantoms(recipe: &Recipe, count: usize, seed: u64) -> Result<Phantoms, Error> {
    let options = PhantomOptions {
        count,
        size: SIDE,
        seed,
        ruler_given_melanoma: recipe.ruler_given_melanoma,
        ruler_given_benign: recipe.ruler_given_benign,
        ..PhantomOptions::default()
    };
    Ok(Phantoms::new(options).map_err(reglet_data::DataError::from)?)
}

/// Every picture as a tensor `[N, 3, H, W]`, and its label.
fn load(data: &Phantoms) -> Result<(Tensor, Vec<i64>), Error> {
    let samples: Vec<_> =
        (0..data.len()).into_par_iter().map(|i| data.sample(i)).collect::<Result<_, _>>()?;
    let labels = samples.iter().map(|sample| sample.label as i64).collect();
    let views: Vec<_> = samples.into_iter().map(|sample| sample.picture).collect();
    Ok((Preprocessing::exact(SIDE).tensor(&views, Device::Cpu)?, labels))
}

/// AdamW (Loshchilov and Hutter, 2019, <https://arxiv.org/abs/1711.05101>) with a warm-up and a cosine
/// schedule; pictures are mirrored at random.
fn train(recipe: &Recipe) -> Result<(Graph, Parameters, f64), Error> {
    let graph = Architecture::ResNet18.graph(2, WIDTH)?;
    let parameters = Parameters::initial(&graph, SEED)?;
    let trainable: Vec<usize> =
        (0..graph.parameters().len()).filter(|&i| graph.parameters()[i].trainable).collect();
    for &index in &trainable {
        let _ = parameters.tensors()[index].f_set_requires_grad(true)?;
    }
    let (inputs, labels) = load(&phantoms(recipe, PICTURES, SEED)?)?;
    let mut moments: Vec<(Tensor, Tensor)> = Vec::new();
    for &index in &trainable {
        let weight = parameters.tensors()[index].f_detach()?;
        moments.push((weight.f_zeros_like()?, weight.f_zeros_like()?));
    }

    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut order: Vec<i64> = (0..PICTURES as i64).collect();
    let steps = EPOCHS * (PICTURES / BATCH);
    let mut step = 0;
    let mut progress = Progress::new(format!("training {}", recipe.name), "steps");
    for _ in 0..EPOCHS {
        order.shuffle(&mut random);
        for batch in order.chunks_exact(BATCH) {
            let mut input = inputs.f_index_select(0, &Tensor::from_slice(batch))?;
            for axis in [2, 3] {
                if random.random::<bool>() {
                    input = input.f_flip([axis])?;
                }
            }
            let target: Vec<i64> = batch.iter().map(|&index| labels[index as usize]).collect();
            let request = Request {
                feeds: &[(graph.input(), &input)],
                fetches: &[graph.output()],
                training: true,
                ..Request::default()
            };
            let logits = graph.run(&parameters, &request)?.remove(0);
            let loss = logits.f_cross_entropy_loss::<Tensor>(
                &Tensor::from_slice(&target),
                None,
                Reduction::Mean,
                -100,
                0.05,
            )?;
            let weights: Vec<&Tensor> = trainable.iter().map(|&index| &parameters.tensors()[index]).collect();
            let gradients = Tensor::f_run_backward(&[loss], &weights, false, false)?;
            step += 1;
            let warm = (step as f64 / 40.0).min(1.0);
            let cosine = 0.5 * (1.0 + (std::f64::consts::PI * step as f64 / steps as f64).cos());
            adamw(&weights, &gradients, &mut moments, step, RATE * warm * cosine)?;
            progress.update(step as u64, steps as u64);
        }
    }
    drop(progress);
    for &index in &trainable {
        let _ = parameters.tensors()[index].f_set_requires_grad(false)?;
    }

    let (inputs, labels) = load(&phantoms(recipe, HELD_OUT, SEED + 1)?)?;
    let request =
        Request { feeds: &[(graph.input(), &inputs)], fetches: &[graph.output()], ..Request::default() };
    let logits = graph.run(&parameters, &request)?.remove(0);
    let scores: Vec<f64> =
        Vec::try_from((logits.f_select(1, 1)? - logits.f_select(1, 0)?).f_to_kind(Kind::Double)?)?;
    let area = auroc(scores.into_iter().zip(labels.iter().map(|&label| label == 1))).unwrap_or(f64::NAN);
    Ok((graph, parameters, area))
}

fn adamw(
    weights: &[&Tensor],
    gradients: &[Tensor],
    moments: &mut [(Tensor, Tensor)],
    step: usize,
    rate: f64,
) -> Result<(), Error> {
    let _guard = tch::no_grad_guard();
    let (first, second, tiny) = (0.9_f64, 0.999_f64, 1e-8);
    let correction = |decay: f64| 1.0 - decay.powi(step as i32);
    for ((weight, gradient), (mean, square)) in weights.iter().zip(gradients).zip(moments) {
        *mean = &*mean * first + gradient * (1.0 - first);
        *square = &*square * second + gradient * gradient * (1.0 - second);
        let scale = (&*square / correction(second)).f_sqrt()? + tiny;
        let update = (&*mean / correction(first)) / scale;
        // Biases and norms are not decayed.
        let decay = if weight.dim() > 1 { DECAY } else { 0.0 };
        let mut weight = weight.shallow_clone();
        let _ = weight.f_mul_scalar_(1.0 - rate * decay)?;
        let _ = weight.f_sub_(&(update * rate))?;
    }
    Ok(())
}
