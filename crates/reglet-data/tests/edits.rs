//! Edits: what they change, what they leave alone, and when they refuse.

use std::collections::BTreeMap;

use image::{Rgb, RgbImage};
use proptest::prelude::*;
use reglet_data::edit::{self, Change, EditError, Edited, Inserted};
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{DataError, Dataset, Mask, Sample};

/// Smoothly lit skin with a little texture that repeats nowhere.
fn skin(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let speck = ((x * 7919 + y * 104_729 + x * y * 31) % 17) as i32 - 8;
        let shade = |base: i32, across: f32| {
            let light = across * (x as f32 / width as f32 + y as f32 / height as f32);
            (base + light as i32 + speck).clamp(0, 255) as u8
        };
        Rgb([shade(180, 20.0), shade(130, 15.0), shade(105, 15.0)])
    })
}

fn box_mask(size: (u32, u32), left: u32, top: u32, width: u32, height: u32) -> Mask {
    Mask::from_fn(size.0, size.1, |x, y| {
        (left..left + width).contains(&x) && (top..top + height).contains(&y)
    })
    .expect("a mask's size")
}

fn only_region_changed(before: &RgbImage, edited: &Edited) -> bool {
    edited.region.dimensions() == before.dimensions()
        && before
            .enumerate_pixels()
            .all(|(x, y, pixel)| edited.region.get(x, y) || pixel == edited.picture.get_pixel(x, y))
}

/// Sum of the squared differences of two pictures.
fn contrast(a: &RgbImage, b: &RgbImage) -> f64 {
    a.as_raw().iter().zip(b.as_raw()).map(|(&a, &b)| f64::from(a.abs_diff(b)).powi(2)).sum()
}

#[test]
fn a_gap_in_a_gradient_is_filled_with_the_gradient() {
    let gradient =
        RgbImage::from_fn(120, 90, |x, y| Rgb([100 + x as u8, 60 + y as u8, 90 + (x / 2 + y / 2) as u8]));
    let gap = box_mask((120, 90), 30, 40, 60, 14);
    let mut marked = gradient.clone();
    gap.iter().for_each(|(x, y)| marked.put_pixel(x, y, Rgb([0, 0, 0])));
    let filled = edit::remove(&marked, &gap, 3).expect("there is enough left");
    assert!(only_region_changed(&marked, &filled));
    for (x, y) in gap.iter() {
        for (got, was) in filled.picture.get_pixel(x, y).0.iter().zip(gradient.get_pixel(x, y).0) {
            assert!(got.abs_diff(was) <= 2, "at {x}, {y}: {got} instead of {was}");
        }
    }
}

#[test]
fn what_fills_a_gap_has_the_skin_s_texture() {
    let picture = skin(128, 128);
    let gap = box_mask((128, 128), 20, 90, 80, 16);
    let filled = edit::remove(&picture, &gap, 1).expect("there is enough left").picture;
    let roughness = |picture: &RgbImage| -> f64 {
        let steps = gap
            .iter()
            .map(|(x, y)| f64::from(picture.get_pixel(x, y)[0].abs_diff(picture.get_pixel(x + 1, y)[0])));
        steps.sum::<f64>() / gap.area() as f64
    };
    let (before, after) = (roughness(&picture), roughness(&filled));
    assert!((0.7..1.4).contains(&(after / before)), "steps of {after} where there were {before}");
}

#[test]
fn nearly_everything_can_be_removed_but_not_all() {
    let picture = skin(40, 30);
    let nothing = Mask::empty(40, 30).expect("a mask's size");
    let same = edit::remove(&picture, &nothing, 0).expect("nothing to do");
    assert_eq!((&same.picture, same.region.is_empty()), (&picture, true));

    let mut most = nothing.complement();
    most.set(5, 5, false);
    let filled = edit::remove(&picture, &most, 0).expect("one pixel is left");
    assert!(only_region_changed(&picture, &filled));
    let left = picture.get_pixel(5, 5)[0];
    assert!(filled.picture.pixels().all(|pixel| pixel[0].abs_diff(left) < 40));

    let refused = edit::remove(&picture, &nothing.complement(), 0);
    assert_eq!(refused, Err(EditError::NothingLeft { width: 40, height: 30 }));
}

#[test]
fn masks_of_another_size_are_refused() {
    let picture = skin(40, 30);
    let other = Mask::empty(30, 40).expect("a mask's size");
    let expected = EditError::Size { mask: (30, 40), picture: (40, 30) };
    assert_eq!(edit::remove(&picture, &other, 0), Err(expected.clone()));
    assert_eq!(edit::insert(&picture, Some(&other), Inserted::Ruler, 0), Err(expected.clone()));
    assert_eq!(edit::insert(&picture, Some(&other), Inserted::BlankStrip, 0), Err(expected));
    assert!(matches!(edit::insert(&RgbImage::new(0, 4), None, Inserted::Ruler, 0), Err(EditError::Mask(_))));
}

#[test]
fn a_ruler_is_put_beside_the_lesion_and_its_control_in_the_same_place() {
    let picture = skin(160, 120);
    let lesion = box_mask((160, 120), 60, 40, 40, 40);
    let (mut fainter, mut touching) = (0, 0);
    for seed in 0..30 {
        let ruler = edit::insert(&picture, Some(&lesion), Inserted::Ruler, seed).expect("valid");
        let control = edit::insert(&picture, Some(&lesion), Inserted::BlankStrip, seed).expect("valid");
        assert_eq!(
            ruler,
            edit::insert(&picture, Some(&lesion), Inserted::Ruler, seed).expect("the same again")
        );
        assert!(only_region_changed(&picture, &ruler) && only_region_changed(&picture, &control));
        assert!(ruler.region.fraction() > 0.01, "ruler {seed} cannot be seen");
        let both = ruler.region.iter().filter(|&(x, y)| control.region.get(x, y)).count();
        assert!(both as f64 > 0.8 * ruler.region.area() as f64, "control {seed} lies elsewhere");
        fainter += u32::from(contrast(&picture, &control.picture) < 0.5 * contrast(&picture, &ruler.picture));
        touching += u32::from(lesion.iter().any(|(x, y)| ruler.region.get(x, y)));
    }
    assert!(fainter >= 28, "only {fainter} of 30 controls are much fainter than their rulers");
    assert!(touching <= 3, "{touching} of 30 rulers touch the lesion");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_picture_is_too_small_or_too_narrow(
        width in 1_u32..70, height in 1_u32..70, seed: u64, left in 0_u32..60, top in 0_u32..60,
    ) {
        let picture = skin(width, height);
        let mask = box_mask((width, height), left, top, 9, 7);
        for edited in [
            edit::insert(&picture, Some(&mask), Inserted::Ruler, seed),
            edit::insert(&picture, Some(&mask), Inserted::BlankStrip, seed),
        ] {
            prop_assert!(only_region_changed(&picture, &edited.expect("the sizes agree")));
        }
        match edit::remove(&picture, &mask, seed) {
            Ok(edited) => prop_assert!(only_region_changed(&picture, &edited)),
            Err(error) => {
                prop_assert!(mask.complement().is_empty());
                prop_assert_eq!(error, EditError::NothingLeft { width, height });
            }
        }
    }
}

/// Photographs as an audit meets them: one with a ruler, one without, one of which only the presence is
/// known, and one not annotated.
struct Photographs {
    regions: Vec<String>,
}

impl Dataset for Photographs {
    fn name(&self) -> &str {
        "photographs"
    }
    fn classes(&self) -> &[String] {
        &[]
    }
    fn regions(&self) -> &[String] {
        &self.regions
    }
    fn len(&self) -> usize {
        4
    }
    fn id(&self, index: usize) -> &str {
        ["with", "without", "flagged", "unknown"][index]
    }
    fn label(&self, _: usize) -> usize {
        0
    }
    fn flag(&self, index: usize, region: &str) -> Option<bool> {
        (index == 2 && region == "ruler").then_some(true)
    }
    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        let size = (96, 96);
        let mut regions = BTreeMap::from([("lesion".to_owned(), box_mask(size, 36, 30, 24, 24))]);
        match index {
            0 => regions.insert("ruler".to_owned(), box_mask(size, 16, 74, 60, 10)),
            1 => regions.insert("ruler".to_owned(), Mask::empty(size.0, size.1)?),
            _ => None,
        };
        Ok(Sample { id: self.id(index).to_owned(), picture: skin(size.0, size.1), label: 0, regions })
    }
    fn fingerprint(&self) -> Result<String, DataError> {
        Ok(String::new())
    }
}

/// For each picture, which of insert, remove, move and control can be had.
fn possible(set: &Photographs, artefact: &str) -> Vec<[bool; 4]> {
    (0..4)
        .map(|index| {
            let sample = set.sample(index).expect("made here");
            [Change::Insert, Change::Remove, Change::Move, Change::Control].map(|change| {
                let edited =
                    edit::apply(set, index, &sample, artefact, Some("lesion"), change, 1).expect("valid");
                edited.is_some_and(|edited| {
                    assert!(only_region_changed(&sample.picture, &edited));
                    assert!(!edited.region.is_empty());
                    true
                })
            })
        })
        .collect()
}

#[test]
fn changes_are_made_where_they_make_sense() {
    let annotated = Photographs { regions: vec!["lesion".into(), "ruler".into()] };
    assert_eq!(
        possible(&annotated, "ruler"),
        [[false, true, true, false], [true, false, false, true], [false; 4], [false; 4]]
    );
    assert_eq!(possible(&annotated, "sticker"), [[false; 4]; 4]);
}

#[test]
fn generated_pictures_are_drawn_again() {
    let options = PhantomOptions { count: 8, size: 64, ..PhantomOptions::default() };
    let set = Phantoms::new(options).expect("valid");
    let mut redrawn = 0;
    for index in 0..set.len() {
        let sample = set.sample(index).expect("a phantom");
        for change in [Change::Insert, Change::Remove, Change::Move, Change::Control] {
            let edited =
                edit::apply(&set, index, &sample, "ruler", Some("lesion"), change, 3).expect("valid");
            assert_eq!(edited, set.redraw(index, change, 3));
            redrawn += u32::from(edited.is_some());
        }
    }
    // Two changes for each of four pictures without a ruler, three for each of four with one.
    assert_eq!(redrawn, 20);
    // What the generator cannot take away is edited out.
    let haired = (0..8).find(|&index| set.sample(index).is_ok_and(|s| s.shows("hair") == Some(true)));
    let index = haired.expect("half of the phantoms have hair");
    let sample = set.sample(index).expect("a phantom");
    let bare = edit::apply(&set, index, &sample, "hair", Some("lesion"), Change::Remove, 3).expect("valid");
    let bare = bare.expect("there is hair to be removed");
    assert!(sample.regions["hair"].iter().all(|(x, y)| bare.region.get(x, y)));
}
