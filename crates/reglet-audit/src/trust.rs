//! Whether a method's maps can be trusted: they should be stable when the picture hardly changes, and should change when the
//! model's weights are re-initialised.

use ndarray::Array2;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use reglet_attribution::{Attribution, Explanation, Method};
use reglet_data::AHEAD;
use reglet_data::picture::Picture;
use reglet_evidence::{Doubt, Randomised, Trust};
use reglet_metrics::{gaussian, spearman};
use reglet_model::{Architecture, Model, Parameters, Targets};
use reglet_statistics::median;
use tch::{Kind, Tensor};

use crate::Error;
use crate::config::TrustConfig;
use crate::faithful::faithfulness;
use crate::observe::gallery;
use crate::plan::Plan;

/// The standard deviation of the noise, as a share of the range of the input's values.
const NOISE: f64 = 0.02;

/// The number of parts of the work: explaining the pictures, measuring faithfulness, explaining them with noise, and three
/// times with other weights.
pub(crate) const PARTS: usize = 6;

/// Tests each method of the plan on a few pictures, with the plan's model and target of these numbers. Empty if the config
/// sets the number of pictures to zero.
///
/// * *Stability*: the rank correlation between a picture's map and its map after imperceptible noise, as the median over the
///   pictures.
/// * *Cascading randomisation* (Adebayo et al., *Sanity checks for saliency maps*, 2018): the rank correlation with the map
///   of the same model after its weights have been re-initialised, from the head downwards. A map that does not change shows
///   the picture, and not what the model has learnt.
/// * *Faithfulness*: whether the regions that the map highlights influence the answer.
///
/// Costs five times the methods' passes on these pictures, and those of [`faithfulness`]. Before each of these [`PARTS`],
/// `step` returns whether to continue.
///
/// # Errors
/// A picture that cannot be read, or an error of the model, a method or `step`.
pub(crate) fn trust(
    plan: &Plan,
    model: usize,
    target: usize,
    step: &mut dyn FnMut() -> Result<(), Error>,
) -> Result<Vec<Trust>, Error> {
    let TrustConfig { pictures, .. } = plan.config.trust;
    let (_, model) = &plan.models[model];
    let mut views: Vec<Picture> = Vec::with_capacity(pictures);
    let chosen = gallery(plan.data.len(), pictures, plan.config.seed);
    for (place, &index) in chosen.iter().enumerate() {
        if place % AHEAD == 0 {
            plan.data.read_ahead(&chosen[place..], false);
        }
        let picture = match plan.data.picture(index) {
            // Broken pictures are reported where every picture is read.
            Err(fault) if fault.is_lasting() => continue,
            picture => picture?,
        };
        let view = model.preprocessing().view(&picture)?;
        // All pictures of a batch have one size; if the preprocessing gives several sizes, those of the first size are
        // enough.
        if views.first().is_none_or(|first| first.dimensions() == view.dimensions()) {
            views.push(view);
        }
    }
    if views.is_empty() {
        return Ok(Vec::new());
    }
    let target = model.classes().find(&plan.targets[target])?;
    let input = model.preprocessing().tensor(&views, model.device())?;
    let maps_of =
        |model: &Model, input: &Tensor| maps(&plan.methods, &explain(&plan.methods, model, input, target)?);
    step()?;
    let explained = explain(&plan.methods, model, &input, target)?;
    let here = maps(&plan.methods, &explained)?;
    let of_methods: Vec<(&Method, &Attribution, &[Array2<f32>])> = plan
        .methods
        .iter()
        .zip(&explained.computed)
        .zip(&here)
        .map(|((method, computed), maps)| (method, &computed.attribution, maps.as_slice()))
        .collect();
    step()?;
    let faithful = faithfulness(model, target, &input, &of_methods, plan.config.seed)?;
    step()?;
    let near = maps_of(model, &noisy(&input, plan.config.seed)?)?;
    let mut randomised = Vec::new();
    for share in [0.0, 0.5, 1.0] {
        step()?;
        if let Some((other, share)) = randomise(model, share, plan.config.seed)? {
            randomised.push((share, maps_of(&other, &input)?));
        }
    }
    let trust = plan.methods.iter().zip(faithful).enumerate().map(|(index, (method, faithful))| {
        let similarity = |there: &[Vec<Array2<f32>>]| {
            let pairs = here[index].iter().zip(&there[index]);
            let found: Vec<f64> =
                pairs.filter_map(|(one, other)| spearman(one.view(), other.view()).ok()).collect();
            median(&found)
        };
        let stability = similarity(&near);
        let randomised: Vec<Randomised> = randomised
            .iter()
            .map(|(share, there)| Randomised { share: *share, similarity: similarity(there) })
            .collect();
        let doubt = doubt(stability, &randomised, &plan.config.trust);
        Trust {
            method: method.name().to_owned(),
            pictures: views.len(),
            stability,
            randomised,
            faithfulness: faithful,
            doubt,
        }
    });
    Ok(trust.collect())
}

/// Why a method is excluded from the verdict, if it is.
fn doubt(stability: Option<f64>, randomised: &[Randomised], rules: &TrustConfig) -> Option<Doubt> {
    if let Some(found) = stability.filter(|found| *found < rules.min_stability) {
        return Some(Doubt::Unstable { found, least: rules.min_stability });
    }
    let last = randomised.last()?.similarity?;
    (last > rules.max_randomised).then_some(Doubt::Unmoved { found: last, most: rules.max_randomised })
}

fn explain(methods: &[Method], model: &Model, input: &Tensor, target: usize) -> Result<Explanation, Error> {
    let targets = vec![target; input.size()[0] as usize];
    Ok(Method::attribute_all(methods, model, input, Targets::Classes(&targets))?)
}

/// By method: a map for each picture.
fn maps(methods: &[Method], explained: &Explanation) -> Result<Vec<Vec<Array2<f32>>>, Error> {
    let by_method = methods.iter().zip(&explained.computed).map(|(method, computed)| {
        let values = &computed.attribution;
        let rows = 0..values.values.size()[0];
        rows.map(|row| Ok(values.map(row, method.get().reduction())?)).collect()
    });
    by_method.collect()
}

fn noisy(input: &Tensor, seed: u64) -> Result<Tensor, Error> {
    let (count, channels, height, width) = input.size4()?;
    let range = input.f_max()?.f_double_value(&[])? - input.f_min()?.f_double_value(&[])?;
    let shape = (channels as usize, height as usize, width as usize);
    let noise = gaussian(shape, (NOISE * range) as f32, count as usize, seed);
    let flat: Vec<f32> = noise.into_iter().flatten().collect();
    let noise = Tensor::f_from_slice(&flat)?.f_view(input.size().as_slice())?;
    Ok(input.f_add(&noise.f_to_device(input.device())?.f_to_kind(Kind::Float)?)?)
}

/// The model with the last `share` of its modules' weights, at least the head's, re-initialised, and that share. `None` for a
/// model without weights that training changes.
///
/// For a built-in architecture, weights are initialised as in PyTorch's layers. The initialisation of an imported model is
/// unknown, so its weights are shuffled within each tensor, which preserves their distribution and destroys what was learnt.
fn randomise(model: &Model, share: f64, seed: u64) -> Result<Option<(Model, f64)>, Error> {
    let graph = model.graph();
    let module = |name: &str| name.rsplit_once('.').map_or_else(String::new, |(module, _)| module.to_owned());
    let mut modules: Vec<String> = graph.parameters().iter().map(|p| module(&p.name)).collect();
    modules.dedup();
    if modules.is_empty() {
        return Ok(None);
    }
    let anew = ((share * modules.len() as f64).round() as usize).clamp(1, modules.len());
    let anew = &modules[modules.len() - anew..];
    let fresh = match model.provenance().architecture.parse::<Architecture>() {
        Ok(_) => Parameters::initial(graph, seed)?,
        Err(_) => shuffled(model, seed)?,
    };
    let tensors = graph.parameters().iter().zip(model.parameters().tensors().iter().zip(fresh.tensors()));
    let tensors = tensors
        .map(|(parameter, (own, fresh))| {
            let drawn = anew.contains(&module(&parameter.name));
            Ok(if drawn { fresh.f_to_device(model.device())? } else { own.shallow_clone() })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let other = model.with_parameters(Parameters::from_tensors(tensors))?;
    Ok(Some((other, anew.len() as f64 / modules.len() as f64)))
}

/// A model's weights that training changes, each tensor's numbers in an order that the seed fixes; its buffers as they are.
fn shuffled(model: &Model, seed: u64) -> Result<Parameters, Error> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let known = model.graph().parameters().iter().zip(model.parameters().tensors());
    let tensors = known.map(|(parameter, own)| -> Result<Tensor, Error> {
        if !parameter.trainable {
            return Ok(own.shallow_clone());
        }
        let flat = own.f_reshape([-1])?;
        let mut order: Vec<i64> = (0..flat.size()[0]).collect();
        order.shuffle(&mut random);
        let order = Tensor::f_from_slice(&order)?.f_to_device(own.device())?;
        Ok(flat.f_index_select(0, &order)?.f_reshape(own.size().as_slice())?)
    });
    Ok(Parameters::from_tensors(tensors.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_doubted_for_either_fault() {
        let rules = TrustConfig { pictures: 4, min_stability: 0.5, max_randomised: 0.5 };
        let after = |similarity| [Randomised { share: 1.0, similarity }];
        assert_eq!(doubt(Some(0.9), &after(Some(0.1)), &rules), None);
        assert!(
            doubt(Some(0.3), &after(Some(0.1)), &rules)
                .is_some_and(|why| matches!(why, Doubt::Unstable { .. }))
        );
        assert!(
            doubt(Some(0.9), &after(Some(0.8)), &rules)
                .is_some_and(|why| matches!(why, Doubt::Unmoved { .. }))
        );
        // What could not be checked is no reason to doubt: the report says that it was not.
        assert_eq!(doubt(None, &after(None), &rules), None);
        assert_eq!(doubt(Some(0.9), &[], &rules), None);
    }
}
