//! The pictures that a kind of classifier is trained on, with what it is to say of each.

use image::RgbImage;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reglet_data::edit::{Change, control, remove, scramble};
use reglet_data::phantom::{Phantom, PhantomOptions, Phantoms};
use reglet_data::{DataError, Dataset};
use tch::Device;

use super::behaviour::{Facts, Kind};
use super::thing::Thing;
use crate::Error;
use reglet_train::generated::{Aims, Drawn, Lesson, SIDE};

/// Part of every recipe: to be raised whenever a lesson has other pictures than before.
pub(super) const LESSON: &str = "lesson 2";

/// How many phantoms there are to choose from for each that is drawn.
const POOL: usize = 4;

/// Pictures in which everything that a behaviour depends on occurs at random and independently, so that the network learns
/// the function and not a correlation. A third of them show a dark thing, to which only one kind of classifier responds;
/// without such pictures, a network might respond to a dark thing in an arbitrary way.
///
/// # Errors
/// What libtorch reports.
pub(in crate::calibration) fn lesson(kind: Kind, pictures: usize, seed: u64) -> Result<Lesson, Error> {
    let phantoms = phantoms(kind, POOL * pictures, seed)?;
    let drawn: Vec<(RgbImage, Facts)> = chosen(kind, &phantoms, pictures)
        .into_par_iter()
        .map(|index| drawn(kind, &phantoms, index))
        .collect::<Result<_, Error>>()?;
    let aims = Aims::Logits(drawn.iter().map(|(_, facts)| kind.logits(facts)).collect());
    let views: Vec<RgbImage> = drawn.into_iter().map(|(picture, _)| picture).collect();
    let pictures = Drawn::Phantoms.preprocessing().tensor(&views, Device::Cpu)?;
    Ok(Lesson { pictures, mirrors: &[2, 3], aims })
}

fn phantoms(kind: Kind, count: usize, seed: u64) -> Result<Phantoms, Error> {
    let options = PhantomOptions { count, size: SIDE, seed, ..PhantomOptions::default() };
    let vignettes = if kind == Kind::Vignette { 0.5 } else { 0.0 };
    let options =
        PhantomOptions { vignette_with_ruler: vignettes, vignette_without_ruler: vignettes, ..options };
    Ok(Phantoms::new(options).map_err(DataError::from)?)
}

/// Which phantoms are drawn: the first, or half of them ambiguous where those matter.
fn chosen(kind: Kind, phantoms: &Phantoms, pictures: usize) -> Vec<usize> {
    if kind != Kind::NearBorder {
        return (0..pictures).collect();
    }
    let ambiguous = |index: &usize| Facts::ambiguous(level(phantoms.phantom(*index).as_ref()));
    let (some, others): (Vec<usize>, Vec<usize>) = (0..phantoms.len()).partition(ambiguous);
    let half = some.len().min(pictures / 2);
    let others = others.into_iter().take(pictures - half);
    some.into_iter().take(half).chain(others).collect()
}

/// How malignant a lesion looks.
fn level(phantom: Option<&Phantom>) -> f32 {
    phantom.map_or(0.5, |phantom| {
        (phantom.lesion.asymmetry + phantom.lesion.border + phantom.lesion.colour) / 3.0
    })
}

fn drawn(kind: Kind, phantoms: &Phantoms, index: usize) -> Result<(RgbImage, Facts), Error> {
    let sample = phantoms.sample(index)?;
    let shown = phantoms.phantom(index);
    let (ruler, ink) = (sample.shows("ruler") == Some(true), sample.shows("ink") == Some(true));
    let mut facts = Facts {
        melanoma: sample.label == 1,
        level: level(shown.as_ref()),
        ruler,
        foreign: ruler || ink,
        trace: false,
        vignette: shown.is_some_and(|phantom| phantom.light.has_vignette()),
    };
    let seed = phantoms.options().seed;
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ ((index as u64) << 32));
    let mut picture = sample.picture.into_rgb();
    if kind != Kind::AnyForeignThing && random.random_range(0..3) == 0 {
        picture = Thing::random(&mut random, SIDE).on(&picture);
        facts.foreign = true;
    }
    match kind {
        Kind::AnyForeignThing if !ruler && random.random::<bool>() => {
            picture = foreign(phantoms, index, &picture, &mut random)?;
            facts.foreign = true;
        }
        Kind::InpaintingTraces if random.random::<bool>() => {
            if let Some(mask) = Thing::random(&mut random, SIDE).mask(SIDE) {
                picture = remove(&picture, &mask, seed).map_err(DataError::from)?.picture;
                facts.trace = true;
            }
        }
        _ => {}
    }
    Ok((picture, facts))
}

/// The picture with something on it that is no ruler: something dark; or what a ruler changes, changed as much by a soft
/// patch or by the same ruler with its tiles shuffled.
fn foreign(
    phantoms: &Phantoms,
    index: usize,
    picture: &RgbImage,
    random: &mut ChaCha8Rng,
) -> Result<RgbImage, Error> {
    let seed = random.random();
    let like = random.random_range(0..4);
    let ruler = if like < 2 { None } else { phantoms.redraw(index, Change::Insert, seed) };
    let changed = ruler.map(|ruler| match like {
        2 => control(picture, &ruler, seed),
        _ => scramble(picture, &ruler, seed),
    });
    match changed {
        Some(changed) => Ok(changed.map_err(DataError::from)?.picture),
        None => Ok(Thing::random(random, SIDE).on(picture)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_lesions_are_ambiguous_where_those_matter() {
        let phantoms = phantoms(Kind::NearBorder, POOL * 64, 5).expect("sound");
        let of = |kind| {
            let chosen = chosen(kind, &phantoms, 64);
            assert_eq!(chosen.len(), 64);
            let ambiguous = |index: &&usize| Facts::ambiguous(level(phantoms.phantom(**index).as_ref()));
            chosen.iter().filter(ambiguous).count()
        };
        assert_eq!(of(Kind::NearBorder), 32);
        assert!((5..28).contains(&of(Kind::OneClass)));
    }

    #[test]
    fn what_a_kind_goes_by_comes_with_nothing_else() {
        for kind in [Kind::AnyForeignThing, Kind::InpaintingTraces, Kind::Vignette] {
            let phantoms = phantoms(kind, 96, 5).expect("sound");
            let facts: Vec<Facts> =
                (0..96).map(|index| drawn(kind, &phantoms, index).expect("drawn").1).collect();
            let share = |of: &dyn Fn(&Facts) -> Option<bool>| {
                let known: Vec<bool> = facts.iter().filter_map(of).collect();
                known.iter().filter(|yes| **yes).count() as f64 / known.len() as f64
            };
            let by = |facts: &Facts| match kind {
                Kind::AnyForeignThing => facts.foreign,
                Kind::InpaintingTraces => facts.trace,
                _ => facts.vignette,
            };
            for melanoma in [false, true] {
                let within = share(&|facts| (facts.melanoma == melanoma).then_some(by(facts)));
                assert!((0.3..0.9).contains(&within), "{kind:?}: {within} of melanoma = {melanoma}");
            }
            if kind != Kind::AnyForeignThing {
                let [without, with] =
                    [false, true].map(|ruler| share(&|facts| (facts.ruler == ruler).then_some(by(facts))));
                assert!((with - without).abs() < 0.25, "{kind:?}: {with} with a ruler, {without} without");
            }
        }
    }
}
