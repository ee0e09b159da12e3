//! Edits: what they change, what they leave alone, and when they refuse.

#[expect(dead_code, reason = "only a part of this module is needed here")]
mod support;

use std::collections::{BTreeMap, BTreeSet};

use image::{Rgb, RgbImage};
use proptest::prelude::*;
use reglet_data::coco::CocoOptions;
use reglet_data::edit::{
    self, Change, Cutout, EditError, EditOptions, Edited, Editor, Insertion, Placement, Source, Spot,
};
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{DataError, Dataset, ManifestOptions, Mask, Sample};
use support::Disk;

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

/// The share of one mask's pixels that are of the other as well.
fn share(of: &Mask, other: &Mask) -> f64 {
    of.iter().filter(|&(x, y)| other.get(x, y)).count() as f64 / of.area().max(1) as f64
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
    assert_eq!(edit::insert(&picture, Some(&other), 0), Err(expected.clone()));
    let region = Mask::empty(30, 40).expect("a mask's size");
    let edited = Edited { picture: skin(30, 40), region, donor: None, lesion: None };
    assert_eq!(edit::control(&picture, &edited, 0), Err(expected.clone()));
    assert_eq!(edit::scramble(&picture, &edited, 0), Err(expected));
    assert!(matches!(edit::insert(&RgbImage::new(0, 4), None, 0), Err(EditError::Mask(_))));
}

#[test]
fn a_ruler_is_put_beside_the_lesion() {
    let picture = skin(160, 120);
    let lesion = box_mask((160, 120), 60, 40, 40, 40);
    let mut touching = 0;
    for seed in 0..30 {
        let ruler = edit::insert(&picture, Some(&lesion), seed).expect("valid");
        assert_eq!(ruler, edit::insert(&picture, Some(&lesion), seed).expect("the same again"));
        assert!(only_region_changed(&picture, &ruler));
        assert!(ruler.region.fraction() > 0.01, "ruler {seed} cannot be seen");
        assert_eq!(ruler.lesion, Some(share(&lesion, &ruler.region)));
        touching += u32::from(ruler.lesion > Some(0.0));
    }
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
        let ruler = edit::insert(&picture, Some(&mask), seed).expect("the sizes agree");
        prop_assert!(only_region_changed(&picture, &ruler));
        for derived in [edit::control(&picture, &ruler, seed), edit::scramble(&picture, &ruler, seed)] {
            let derived = derived.expect("the sizes agree");
            prop_assert!(only_region_changed(&picture, &derived));
            prop_assert_eq!((&derived.region, derived.lesion), (&ruler.region, ruler.lesion));
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
        let (id, picture, estimated) = (self.id(index).to_owned(), skin(size.0, size.1), BTreeSet::new());
        let (sha256, mask_sha256) = (String::new(), BTreeMap::new());
        Ok(Sample { id, picture: picture.into(), label: 0, sha256, mask_sha256, regions, estimated })
    }
    fn fingerprint(&self) -> Result<String, DataError> {
        Ok(String::new())
    }
}

fn editor(set: &dyn Dataset, artefact: &str, options: &EditOptions) -> Editor {
    Editor::new(set, options, artefact, "lesion", 1).expect("valid")
}

/// For each picture, which changes can be had, in the order of [`Change::ALL`].
fn possible(set: &Photographs, editor: &Editor) -> Vec<[bool; 6]> {
    (0..4)
        .map(|index| {
            let sample = set.sample(index).expect("made here");
            Change::ALL.map(|change| {
                let edited = editor.edit(set, index, &sample, change, 0).expect("valid");
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
    for insert in [None, Some(Source::Drawn), Some(Source::Cutout)] {
        let options = EditOptions { insert, ..EditOptions::default() };
        assert_eq!(
            possible(&annotated, &editor(&annotated, "ruler", &options)),
            [
                [false, true, true, true, false, true],
                [true, false, false, true, true, true],
                [false, false, false, false, false, true],
                [false, false, false, false, false, true]
            ],
            "{insert:?}"
        );
    }
    // What nobody has annotated can neither be cut out nor drawn.
    let sticker = editor(&annotated, "sticker", &EditOptions::default());
    assert_eq!(possible(&annotated, &sticker), [[false, false, false, false, false, true]; 4]);
    let refused = |insert, places| {
        let options = EditOptions { insert, places, ..EditOptions::default() };
        Editor::new(&annotated, &options, "sticker", "lesion", 1).expect_err("refused").to_string()
    };
    assert!(refused(Some(Source::Cutout), 1).contains("no cut-out of 'sticker'"));
    assert!(refused(Some(Source::Drawn), 1).contains("only a ruler"));
    assert!(refused(None, 0).contains("1 to 64"));
}

#[test]
fn the_one_mask_among_many_pictures_is_found() {
    let disk = Disk::new();
    let mut table = "image,label,ruler_mask\n".to_owned();
    skin(40, 40).save(disk.path("0.png")).expect("room");
    for index in 1..=300 {
        std::fs::copy(disk.path("0.png"), disk.path(&format!("{index}.png"))).expect("room");
        table += &format!("{index}.png,x,{}\n", if index == 7 { "ruler.png" } else { "" });
    }
    box_mask((40, 40), 8, 30, 24, 4).to_gray().save(disk.path("ruler.png")).expect("room");
    let data = ManifestOptions::new(disk.text("manifest.csv", &table)).open().expect("it is sound");
    assert!(data.is_drawn(6, "ruler") && !data.is_drawn(7, "ruler"));
    for seed in 0..16 {
        let editor = Editor::new(&data, &EditOptions::default(), "ruler", "lesion", seed).expect("valid");
        assert_eq!(editor.insertion(), Insertion::Cutouts(1), "{seed}");
    }
}

#[test]
fn places_differ_and_the_controls_lie_where_the_artefact_would() {
    let set = Photographs { regions: vec!["lesion".into(), "ruler".into()] };
    let editor = editor(&set, "ruler", &EditOptions { places: 4, ..EditOptions::default() });
    let sample = set.sample(1).expect("made here");
    let lesion = &sample.regions["lesion"];
    let mut regions = Vec::new();
    for place in 0..editor.places(Change::Insert) {
        let [ruler, soft, scrambled] = [Change::Insert, Change::Control, Change::Scrambled].map(|change| {
            editor.edit(&set, 1, &sample, change, place).expect("valid").expect("there is room")
        });
        assert_eq!(ruler.region, scrambled.region);
        assert_eq!(ruler.region, soft.region);
        assert!(!lesion.iter().any(|(x, y)| ruler.region.get(x, y)), "the lesion is spared");
        regions.push(ruler.region);
    }
    regions.dedup();
    assert!(regions.len() > 1, "every place is the same");
}

/// A line of ticks on skin, as a ruler's scale is engraved.
fn scale(picture: &mut RgbImage, from: u32, to: u32, y: u32) {
    for x in from..to {
        let height = if x % 6 == 0 { 6 } else { 1 };
        (y - height..=y).for_each(|y| picture.put_pixel(x, y, Rgb([40, 30, 30])));
    }
}

#[test]
fn a_cut_out_keeps_its_contrast_and_takes_on_the_light() {
    let mut donor = skin(160, 120);
    scale(&mut donor, 40, 110, 90);
    let mask = box_mask((160, 120), 38, 82, 74, 10);
    let cutout = Cutout::of("donor", &donor, &mask).expect("one size").expect("not empty");
    assert!(!cutout.reaches_edge());
    // Half the light, and another colour.
    let dim = RgbImage::from_fn(160, 120, |x, y| {
        let Rgb([r, g, b]) = *skin(160, 120).get_pixel(x, y);
        Rgb([r / 2, g / 2, (f32::from(b) / 1.4) as u8])
    });
    let pasted = edit::paste(&dim, None, &cutout, 5).expect("one size");
    assert!(only_region_changed(&dim, &pasted));
    let lightness = |picture: &RgbImage, mask: &Mask| {
        let mut levels: Vec<u8> = mask.iter().map(|(x, y)| picture.get_pixel(x, y)[0]).collect();
        levels.sort_unstable();
        (f64::from(levels[levels.len() / 40]) + 8.0, f64::from(levels[levels.len() * 3 / 4]) + 8.0)
    };
    let (ink, bare) = lightness(&donor, &mask);
    let (dim_ink, dim_bare) = lightness(&pasted.picture, &pasted.region);
    let contrast = (ink / bare) / (dim_ink / dim_bare);
    assert!((0.85..1.15).contains(&contrast), "the marks' contrast changed by a factor of {contrast}");
    let (_, around) = lightness(&dim, &pasted.region);
    assert!((dim_bare / around - 1.0).abs() < 0.08, "skin of {dim_bare} where it was {around}");
    // A picture twice as large gets a ruler twice as large.
    let large = edit::paste(&skin(320, 240), None, &cutout, 5).expect("it is brought to scale");
    let ratio = large.region.area() as f64 / pasted.region.area() as f64;
    assert!((3.6..4.4).contains(&ratio), "{ratio} times the area");
}

#[test]
fn a_scrambled_ruler_has_its_pixels_and_not_its_form() {
    let before = skin(160, 120);
    let mut after = before.clone();
    scale(&mut after, 40, 110, 90);
    let edited = Edited {
        picture: after,
        region: box_mask((160, 120), 38, 80, 74, 14),
        donor: None,
        lesion: Some(0.25),
    };
    let scrambled = edit::scramble(&before, &edited, 3).expect("one size");
    assert_eq!(scrambled.lesion, Some(0.25));
    assert!(only_region_changed(&before, &scrambled));
    assert_eq!(Ok(&scrambled), edit::scramble(&before, &edited, 3).as_ref());
    assert_ne!(Ok(&scrambled), edit::scramble(&before, &edited, 4).as_ref());
    let (ruler, shuffled) = (contrast(&before, &edited.picture), contrast(&before, &scrambled.picture));
    assert!((shuffled / ruler - 1.0).abs() < 0.1, "{shuffled} for {ruler}");
    // The line the ticks stand on is broken up.
    let dark = |picture: &RgbImage| {
        (80..94).map(|y| (40..110).filter(|&x| picture.get_pixel(x, y)[0] < 80).count()).max()
    };
    assert_eq!(dark(&edited.picture), Some(70));
    assert!(dark(&scrambled.picture) < Some(50), "{:?}", dark(&scrambled.picture));
}

#[test]
fn a_polygon_that_ends_too_early_is_followed_to_the_ruler_s_end() {
    let mut picture = skin(200, 120);
    scale(&mut picture, 40, 150, 90);
    let half = box_mask((200, 120), 38, 82, 60, 12);
    let followed = edit::follow(&picture, &half).expect("one size");
    assert!(half.iter().all(|(x, y)| followed.get(x, y)));
    assert!((40..150).all(|x| followed.get(x, 90)), "part of the line is left");
    let bounds = followed.bounding_box().expect("not empty");
    assert!(bounds.x >= 34 && bounds.x + bounds.width <= 158, "followed beyond the end: {bounds:?}");
    // Skin, and what is not long, stay as they are.
    let plain = skin(200, 120);
    assert_eq!(edit::follow(&plain, &half).expect("one size"), half);
    let square = box_mask((200, 120), 60, 70, 24, 24);
    assert_eq!(edit::follow(&picture, &square).expect("one size"), square);
    assert!(edit::follow(&picture, &Mask::empty(3, 3).expect("small")).is_err());
}

#[test]
fn without_its_lesion_a_picture_keeps_its_ruler() {
    let set = Photographs { regions: vec!["lesion".into(), "ruler".into()] };
    let editor = editor(&set, "ruler", &EditOptions::default());
    let sample = set.sample(0).expect("made here");
    let edited = editor.edit(&set, 0, &sample, Change::RemoveLesion, 0).expect("valid").expect("a lesion");
    assert!(sample.regions["lesion"].iter().all(|(x, y)| edited.region.get(x, y)));
    let ruler = &sample.regions["ruler"];
    assert!(ruler.iter().all(|(x, y)| edited.picture.get_pixel(x, y) == sample.picture.get_pixel(x, y)));
}

#[test]
fn generated_pictures_are_drawn_again() {
    let options = PhantomOptions { count: 8, size: 64, ..PhantomOptions::default() };
    let set = Phantoms::new(options).expect("valid");
    let ruler = Editor::new(&set, &EditOptions::default(), "ruler", "lesion", 3).expect("valid");
    let mut redrawn = 0;
    for index in 0..set.len() {
        let sample = set.sample(index).expect("a phantom");
        for change in [Change::Insert, Change::Remove, Change::Move] {
            let edited = ruler.edit(&set, index, &sample, change, 0).expect("valid");
            assert!(edited == set.redraw(index, change, 3), "{change:?} of {index}");
            redrawn += u32::from(edited.is_some());
        }
    }
    // SinglePicture insertion for each of four pictures, a removal and a move for each of the others.
    assert_eq!(redrawn, 12);
    // What the generator cannot take away is edited out.
    let haired = (0..8).find(|&index| set.sample(index).is_ok_and(|s| s.shows("hair") == Some(true)));
    let index = haired.expect("half of the phantoms have hair");
    let sample = set.sample(index).expect("a phantom");
    let hair = Editor::new(&set, &EditOptions::default(), "hair", "lesion", 3).expect("valid");
    let bare = hair.edit(&set, index, &sample, Change::Remove, 0).expect("valid");
    let bare = bare.expect("there is hair to be removed");
    assert!(sample.regions["hair"].iter().all(|(x, y)| bare.region.get(x, y)));
}

/// SinglePicture photograph with a ruler and a lesion.
struct SinglePicture {
    sample: Sample,
    regions: [String; 2],
}

impl SinglePicture {
    fn new(picture: RgbImage, ruler: &Mask, lesion: &Mask) -> SinglePicture {
        let regions = BTreeMap::from([("lesion".into(), lesion.clone()), ("ruler".into(), ruler.clone())]);
        let (sha256, mask_sha256, estimated) = (String::new(), BTreeMap::new(), BTreeSet::new());
        let sample = Sample {
            id: "one".into(),
            picture: picture.into(),
            label: 0,
            sha256,
            mask_sha256,
            regions,
            estimated,
        };
        SinglePicture { sample, regions: ["lesion".into(), "ruler".into()] }
    }

    fn edit(&self, follow: bool, seed: u64, change: Change) -> Option<Edited> {
        let options = EditOptions { follow, ..EditOptions::default() };
        let editor = Editor::new(self, &options, "ruler", "lesion", seed).expect("valid");
        editor.edit(self, 0, &self.sample, change, 0).expect("valid")
    }
}

impl Dataset for SinglePicture {
    fn name(&self) -> &str {
        "one"
    }
    fn classes(&self) -> &[String] {
        &[]
    }
    fn regions(&self) -> &[String] {
        &self.regions
    }
    fn len(&self) -> usize {
        1
    }
    fn id(&self, _: usize) -> &str {
        "one"
    }
    fn label(&self, _: usize) -> usize {
        0
    }
    fn sample(&self, _: usize) -> Result<Sample, DataError> {
        Ok(self.sample.clone())
    }
    fn fingerprint(&self) -> Result<String, DataError> {
        Ok(String::new())
    }
}

#[test]
fn what_surrounds_the_lesion_has_a_control_in_parts_and_turned() {
    let size = (160, 120);
    let lesion = box_mask(size, 60, 40, 40, 40);
    // Four dashes about the lesion: together they are nowhere off it but where they are.
    let dashes = [(76, 14, 8, 20), (76, 86, 8, 20), (30, 56, 24, 8), (106, 56, 24, 8)]
        .map(|(left, top, width, height)| box_mask(size, left, top, width, height));
    let dashes = dashes
        .iter()
        .fold(Mask::empty(size.0, size.1).expect("small"), |all, dash| all.union(dash).expect("one size"));
    // A strip that has no room elsewhere unless it stands upright.
    let strip = box_mask(size, 10, 96, 100, 12);
    let narrow = box_mask(size, 0, 0, 132, 90);
    for (mask, avoid) in [(&dashes, &lesion), (&strip, &narrow)] {
        let mut picture = skin(size.0, size.1);
        mask.iter().for_each(|(x, y)| picture.put_pixel(x, y, Rgb([60, 50, 50])));
        let one = SinglePicture::new(picture, mask, avoid);
        for seed in 0..5 {
            let control = one.edit(false, seed, Change::Control);
            let control = control.unwrap_or_else(|| panic!("no room with seed {seed}"));
            let removed = one.edit(false, seed, Change::Remove).expect("there is something");
            assert_eq!(control.region.area(), removed.region.area());
            assert!(!control.region.iter().any(|(x, y)| removed.region.get(x, y) || avoid.get(x, y)));
            assert!(only_region_changed(&one.sample.picture, &control));
        }
    }
    // Where there is no room at all there is no control.
    let everywhere = strip.complement();
    assert_eq!(
        SinglePicture::new(skin(size.0, size.1), &strip, &everywhere).edit(false, 1, Change::Control),
        None
    );
}

#[test]
fn what_covers_the_whole_picture_is_not_removed() {
    let size = (60, 40);
    let (all, part) = (box_mask(size, 0, 0, 60, 40), box_mask(size, 20, 10, 20, 20));
    let ruler = SinglePicture::new(skin(60, 40), &all, &part);
    let lesion = SinglePicture::new(skin(60, 40), &part, &all);
    for change in [Change::Remove, Change::Move, Change::Control] {
        assert_eq!(ruler.edit(false, 1, change), None, "{change:?}");
    }
    assert_eq!(lesion.edit(false, 1, Change::RemoveLesion), None);
}

#[test]
fn a_removal_takes_no_more_of_the_lesion_than_the_mask_marks() {
    let size = (200, 120);
    let mut picture = skin(size.0, size.1);
    // The scale goes on into the lesion, of which its mask marks the first part.
    let lesion = box_mask(size, 90, 60, 50, 40);
    lesion.iter().for_each(|(x, y)| picture.put_pixel(x, y, Rgb([120, 80, 60])));
    scale(&mut picture, 20, 120, 90);
    let mask = box_mask(size, 18, 82, 80, 12);
    let one = SinglePicture::new(picture, &mask, &lesion);
    for follow in [false, true] {
        let removed = one.edit(follow, 1, Change::Remove).expect("a ruler");
        assert!(mask.iter().all(|(x, y)| removed.region.get(x, y)));
        assert!(lesion.iter().all(|(x, y)| mask.get(x, y) || !removed.region.get(x, y)), "follow: {follow}");
        assert_eq!(removed.lesion, Some(share(&lesion, &mask)));
        assert!(removed.lesion > Some(0.0));
        // Off the lesion there is the margin.
        assert!(removed.region.get(50, 80) && removed.region.get(50, 95));
        if let Some(control) = one.edit(follow, 1, Change::Control) {
            assert_eq!(control.lesion, Some(0.0));
        }
        if let Some(moved) = one.edit(follow, 1, Change::Move) {
            assert_eq!(moved.lesion, removed.lesion, "the lesion is not carried along");
        }
    }
}

#[test]
fn a_placement_can_come_from_a_hand() {
    let set = Photographs { regions: vec!["lesion".into(), "ruler".into()] };
    let options = EditOptions { insert: Some(Source::Cutout), ..EditOptions::default() };
    let editor = editor(&set, "ruler", &options);
    let sample = set.sample(1).expect("made here");
    let apply = |change, placement: &Placement| editor.apply(&set, 1, &sample, change, placement);
    let placed = editor.place(&set, 1, &sample, Change::Insert, 0).expect("valid").expect("a place");
    for change in [Change::Control, Change::Scrambled] {
        assert_eq!(editor.place(&set, 1, &sample, change, 0).expect("valid").as_ref(), Some(&placed));
    }
    // It survives being written down, and means the same afterwards.
    let text = serde_json::to_string(&placed).expect("plain data");
    let read: Placement = serde_json::from_str(&text).expect("what was written");
    assert_eq!(read, placed);
    let edited = apply(Change::Insert, &read).expect("valid").expect("there is room");
    assert_eq!(Some(&edited), editor.edit(&set, 1, &sample, Change::Insert, 0).expect("valid").as_ref());
    assert_eq!(edited.donor.as_deref(), Some("with"));

    // Upright in the upper left corner, partly beyond the edge.
    let at = |left, top, turn| Placement::Cutout { donor: "with".into(), spot: Spot { left, top, turn } };
    let upright = apply(Change::Insert, &at(-4, 2, 4)).expect("valid").expect("most of it is in sight");
    let bounds = upright.region.bounding_box().expect("not empty");
    assert!(bounds.x == 0 && bounds.height > 3 * bounds.width, "{bounds:?}");
    assert!(only_region_changed(&sample.picture, &upright));
    // On the lesion, and in a picture that nobody has annotated: a hand may.
    assert!(apply(Change::Insert, &at(20, 30, 0)).expect("valid").expect("there").lesion > Some(0.2));
    let unknown = set.sample(3).expect("made here");
    assert!(editor.apply(&set, 3, &unknown, Change::Control, &at(4, 4, 0)).expect("valid").is_some());
    // A drawn ruler goes anywhere, by whatever means the editor itself puts one in.
    let drawn = self::editor(&set, "ruler", &EditOptions { insert: Some(Source::Drawn), ..options.clone() });
    let ruler = drawn.place(&set, 1, &sample, Change::Insert, 0).expect("valid").expect("a place");
    assert!(apply(Change::Insert, &ruler).expect("valid").is_some());

    // Beyond the picture, there is nothing; and what makes no sense is refused in so many words.
    for far in [at(4000, 0, 0), at(i32::MIN, i32::MAX, 3)] {
        assert_eq!(apply(Change::Insert, &far).expect("valid"), None);
    }
    let stranger = Placement::Cutout { donor: "nobody".into(), spot: Spot { left: 0, top: 0, turn: 0 } };
    let refused = |change, placement: &Placement| apply(change, placement).expect_err("refused").to_string();
    assert!(
        refused(Change::Insert, &stranger)
            .contains("there is no cut-out of 'ruler' from the picture 'nobody'")
    );
    assert!(refused(Change::Insert, &at(0, 0, 9)).contains("there are eight"));
    assert!(
        refused(Change::Remove, &at(0, 0, 0))
            .contains("`remove` cannot be made at a placement of the kind `cutout`")
    );
    assert!(refused(Change::Insert, &Placement::InPlace).contains("`in_place`"));
    let with = set.sample(0).expect("made here");
    let none = Placement::Elsewhere { parts: Vec::new() };
    let refused = editor.apply(&set, 0, &with, Change::Control, &none).expect_err("one part, no spot");
    assert!(refused.to_string().contains("0 positions"), "{refused}");
}

#[test]
fn ink_is_put_in_taken_away_and_controlled_like_a_ruler() {
    let options = PhantomOptions { count: 24, size: 128, ink: 0.5, ..PhantomOptions::default() };
    let set = Phantoms::new(options).expect("valid");
    let editor = editor(&set, "ink", &EditOptions { follow: true, ..EditOptions::default() });
    assert!(matches!(editor.insertion(), Insertion::Cutouts(1..)), "{}", editor.insertion());
    let (mut shown, mut controlled) = (0, 0);
    for index in 0..set.len() {
        let sample = set.sample(index).expect("a phantom");
        let ink = &sample.regions["ink"];
        let apply = |change| editor.edit(&set, index, &sample, change, 0).expect("valid");
        if ink.is_empty() {
            let [ink, soft, scrambled] = [Change::Insert, Change::Control, Change::Scrambled]
                .map(|change| apply(change).expect("there is always a place"));
            assert_eq!(ink.region, soft.region, "{index}: the control changes as much");
            assert_eq!(ink.region, scrambled.region);
            assert!(contrast(&sample.picture, &ink.picture) > 0.0);
            assert_ne!(ink.picture, scrambled.picture);
            assert_eq!(apply(Change::Remove), None);
        } else {
            shown += 1;
            let removed = apply(Change::Remove).expect("there is ink");
            assert!(ink.iter().all(|(x, y)| removed.region.get(x, y)));
            let moved = apply(Change::Move).expect("there is ink");
            assert!(removed.region.iter().all(|(x, y)| moved.region.get(x, y)));
            assert_ne!(moved.picture, removed.picture);
            if let Some(control) = apply(Change::Control) {
                controlled += 1;
                assert!(!control.region.iter().any(|(x, y)| ink.get(x, y)));
            }
        }
    }
    assert!(shown >= 8 && controlled * 10 >= shown * 8, "{controlled} of {shown} have a control");
}

/// A round patch with a darker rim, as it is stuck beside a lesion.
fn patch(picture: &mut RgbImage, centre: (u32, u32), radius: u32) {
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let distance = x.abs_diff(centre.0).pow(2) + y.abs_diff(centre.1).pow(2);
        if distance <= radius * radius {
            let rim = distance > (radius - 3) * (radius - 3);
            *pixel = if rim { Rgb([20, 60, 120]) } else { Rgb([60, 130, 220]) };
        }
    }
}

#[test]
fn a_patch_from_coco_annotations_is_edited_like_a_ruler() {
    let disk = Disk::new();
    let mut with = skin(140, 110);
    patch(&mut with, (30, 30), 14);
    with.save(disk.path("with.png")).expect("it can be written");
    skin(140, 110).save(disk.path("without.png")).expect("it can be written");
    let rim: Vec<String> = (0..24)
        .map(|corner| {
            let angle = f64::from(corner) * std::f64::consts::TAU / 24.0;
            format!("{:.1},{:.1}", 30.5 + 15.0 * angle.cos(), 30.5 + 15.0 * angle.sin())
        })
        .collect();
    let coco = disk.text(
        "patches.json",
        &format!(
            r#"{{"images": [{{"id": 1, "file_name": "with.png"}}, {{"id": 2, "file_name": "without.png"}}],
                "annotations": [{{"image_id": 1, "category_id": 1, "segmentation": [[{}]]}}],
                "categories": [{{"id": 1, "name": "patch"}}]}}"#,
            rim.join(",")
        ),
    );
    let manifest = disk.text("manifest.csv", "image,label\nwith.png,benign\nwithout.png,benign\n");
    let options = ManifestOptions { coco: Some(CocoOptions::new(coco)), ..ManifestOptions::new(manifest) };
    let set = options.open().expect("it is sound");
    let options = EditOptions { insert: Some(Source::Cutout), follow: true, ..EditOptions::default() };
    let editor = editor(&set, "patch", &options);
    // How much of a picture is bluer than it is red, as only the patch is.
    let blue = |picture: &RgbImage| picture.pixels().filter(|pixel| pixel[2] > pixel[0]).count() as f64;
    let whole = blue(&with);
    let [with, without] = [0, 1].map(|index| set.sample(index).expect("it is sound"));
    let apply = |index, sample: &Sample, change| {
        let edited = editor.edit(&set, index, sample, change, 0).expect("valid").expect("it makes sense");
        assert!(only_region_changed(&sample.picture, &edited), "{change:?}");
        blue(&edited.picture) / whole
    };
    assert!((0.9..1.1).contains(&apply(1, &without, Change::Insert)));
    assert!((0.9..1.1).contains(&apply(1, &without, Change::Scrambled)));
    assert_eq!(apply(1, &without, Change::Control), 0.0);
    assert_eq!(apply(0, &with, Change::Remove), 0.0);
    assert!((0.9..1.1).contains(&apply(0, &with, Change::Move)));
    assert_eq!(apply(0, &with, Change::Control), 1.0);
}

#[test]
fn the_dark_about_a_field_of_view_does_not_come_along() {
    let mut donor = skin(160, 160);
    for (x, _, pixel) in donor.enumerate_pixels_mut() {
        if x < 60 {
            *pixel = Rgb([4, 4, 4]);
        }
    }
    scale(&mut donor, 20, 130, 90);
    let cutout = Cutout::of("donor", &donor, &box_mask((160, 160), 18, 82, 114, 10)).expect("one size");
    let cutout = cutout.expect("most of it is in the light");
    assert!(cutout.reaches_edge(), "part of it lies in the dark");
    let bright = skin(160, 160);
    let pasted = edit::paste(&bright, None, &cutout, 2).expect("one size");
    let black = pasted.picture.pixels().filter(|pixel| pixel[0] < 20).count();
    assert_eq!(black, 0, "the dark was pasted");
    assert!(Cutout::of("donor", &donor, &box_mask((160, 160), 4, 20, 20, 10)).expect("one size").is_none());

    // Black within the field of view is an artefact like any other.
    let tape = box_mask((160, 160), 60, 60, 44, 44);
    let mut taped = skin(160, 160);
    tape.iter().for_each(|(x, y)| taped.put_pixel(x, y, Rgb([8, 8, 8])));
    let cutout = Cutout::of("taped", &taped, &tape).expect("one size").expect("it is in the light");
    assert!(!cutout.reaches_edge());
    let pasted = edit::paste(&bright, None, &cutout, 2).expect("one size");
    let black = pasted.picture.pixels().filter(|pixel| pixel[0] < 30).count();
    assert!(black > 44 * 40, "{black} of {} pixels are black", tape.area());
}
