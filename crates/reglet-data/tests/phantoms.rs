//! Phantoms: what is promised of the generator holds.

use image::RgbImage;
use proptest::prelude::*;
use reglet_data::edit::Change;
use reglet_data::phantom::{Backdrop, Material, Phantom, PhantomError, PhantomOptions, Phantoms, render};
use reglet_data::{DataError, Dataset, Mask};

fn phantoms(change: impl FnOnce(&mut PhantomOptions)) -> Phantoms {
    let mut options = PhantomOptions { count: 40, size: 64, seed: 11, ..PhantomOptions::default() };
    change(&mut options);
    Phantoms::new(options).expect("the options are valid")
}

fn differing(a: &RgbImage, b: &RgbImage) -> Mask {
    assert_eq!(a.dimensions(), b.dimensions());
    Mask::from_fn(a.width(), a.height(), |x, y| a.get_pixel(x, y) != b.get_pixel(x, y))
        .expect("a mask's size")
}

/// The share of `part` that lies in `whole`; all of it where there is none.
fn within(part: &Mask, whole: &Mask) -> f64 {
    let outside = part.iter().filter(|&(x, y)| !whole.get(x, y)).count();
    1.0 - outside as f64 / part.area().max(1) as f64
}

#[test]
fn every_size_gives_a_picture_and_its_masks() {
    for size in [16, 32, 100, 512] {
        let set = phantoms(|o| o.size = size);
        let sample = set.sample(3).expect("a phantom");
        assert_eq!(sample.picture.dimensions(), (size, size));
        let names: Vec<&String> = sample.regions.keys().collect();
        assert_eq!(names, set.regions().iter().collect::<Vec<_>>());
        assert!(sample.regions.values().all(|mask| mask.dimensions() == (size, size)));
        assert_eq!(sample.shows("lesion"), Some(true));
        assert_eq!(sample.shows("ruler"), Some(true));
    }
}

#[test]
fn a_larger_picture_shows_the_same_thing() {
    let (small, large) = (phantoms(|o| o.size = 64), phantoms(|o| o.size = 256));
    for index in 0..12 {
        assert_eq!(small.phantom(index), large.phantom(index));
        let area = |set: &Phantoms| set.sample(index).expect("a phantom").regions["lesion"].fraction();
        let (a, b) = (area(&small), area(&large));
        assert!((a - b).abs() < 0.05 * b + 0.002, "phantom {index}: {a} and {b} of the picture");
    }
}

#[test]
fn the_default_has_all_four_groups_in_turn() {
    let set = phantoms(|o| o.count = 400);
    let mut groups = [[0; 2]; 2];
    for index in 0..set.len() {
        groups[set.label(index)][usize::from(set.flag(index, "ruler") == Some(true))] += 1;
    }
    assert_eq!(groups, [[100, 100], [100, 100]]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn shares_are_right_to_within_one(
        count in 1_usize..700, prevalence in 0.0..=1.0, in_melanoma in 0.0..=1.0, in_benign in 0.0..=1.0,
    ) {
        let set = phantoms(|o| {
            *o = PhantomOptions {
                count, prevalence, ruler_given_melanoma: in_melanoma, ruler_given_benign: in_benign, ..o.clone()
            };
        });
        let (mut classes, mut rulers) = ([0_usize; 2], [0_usize; 2]);
        for index in 0..count {
            classes[set.label(index)] += 1;
            rulers[set.label(index)] += usize::from(set.flag(index, "ruler") == Some(true));
        }
        prop_assert!((classes[1] as f64 - prevalence * count as f64).abs() <= 1.0);
        prop_assert!((rulers[1] as f64 - in_melanoma * classes[1] as f64).abs() <= 1.0);
        prop_assert!((rulers[0] as f64 - in_benign * classes[0] as f64).abs() <= 1.0);
    }
}

#[test]
fn a_phantom_depends_on_its_seed_and_index_alone() {
    let (few, many) = (phantoms(|o| o.count = 5), phantoms(|o| o.count = 5000));
    for index in 0..5 {
        let sample = few.sample(index).expect("a phantom");
        assert_eq!(sample, few.sample(index).expect("the same again"));
        assert_eq!(sample, many.sample(index).expect("the same among many"));
    }
    assert_ne!(few.sample(0).expect("a phantom").picture, few.sample(4).expect("another").picture);
    let other = phantoms(|o| o.seed = 12);
    assert_ne!(few.sample(0).expect("a phantom").picture, other.sample(0).expect("another seed").picture);
}

#[test]
fn the_class_changes_the_lesion_and_nothing_else() {
    let benign = phantoms(|o| o.prevalence = 0.0);
    let melanoma = phantoms(|o| o.prevalence = 1.0);
    for index in 0..20 {
        let (a, b) = (benign.phantom(index).expect("benign"), melanoma.phantom(index).expect("melanoma"));
        assert_ne!(a.lesion, b.lesion);
        assert_eq!((&a.skin, &a.light, &a.hairs), (&b.skin, &b.light, &b.hairs));
        assert_eq!((&a.bubbles, a.grain), (&b.bubbles, b.grain));
    }
}

/// The area under the ROC curve of a score, by counting pairs.
fn auroc(benign: &[f32], melanoma: &[f32]) -> f64 {
    let wins = melanoma.iter().flat_map(|m| benign.iter().map(move |b| m > b)).filter(|&win| win).count();
    wins as f64 / (benign.len() * melanoma.len()) as f64
}

#[test]
fn the_classes_can_be_told_apart_but_overlap() {
    let set = phantoms(|o| o.count = 2000);
    let lesions: Vec<Phantom> = (0..set.len()).filter_map(|index| set.phantom(index)).collect();
    let scores = |melanoma: bool, score: fn(&Phantom) -> f32| -> Vec<f32> {
        lesions.iter().filter(|p| p.melanoma == melanoma).map(score).collect()
    };
    let of = |score| auroc(&scores(false, score), &scores(true, score));
    let all = of(|p| p.lesion.asymmetry + p.lesion.border + p.lesion.colour);
    assert!(all > 0.99, "{all}");
    let extremes = |melanoma| scores(melanoma, |p| p.lesion.border);
    let highest_benign = extremes(false).into_iter().fold(0.0, f32::max);
    let lowest_melanoma = extremes(true).into_iter().fold(1.0, f32::min);
    assert!(highest_benign > lowest_melanoma, "the borders alone separate the classes");
    let radius = of(|p| p.lesion.radius);
    assert!((0.46..0.54).contains(&radius), "size tells the class: {radius}");
}

#[test]
fn rulers_are_in_sight_and_beside_the_lesion() {
    let set = phantoms(|o| {
        *o = PhantomOptions { count: 100, ruler_given_melanoma: 1.0, ruler_given_benign: 1.0, ..o.clone() };
    });
    let mut touching = 0;
    for index in 0..set.len() {
        let sample = set.sample(index).expect("a phantom");
        assert!(sample.regions["ruler"].fraction() > 0.01, "phantom {index} shows no ruler");
        touching += u32::from(within(&sample.regions["lesion"], &sample.regions["ruler"]) > 0.02);
    }
    assert!(touching <= 5, "{touching} of 100 rulers lie on a lesion");
}

#[test]
fn a_redrawn_picture_differs_only_where_it_says() {
    let set = phantoms(|o| o.count = 24);
    for index in 0..set.len() {
        let sample = set.sample(index).expect("a phantom");
        let changes: &[Change] = if sample.shows("ruler") == Some(true) {
            &[Change::Remove, Change::Move]
        } else {
            &[Change::Insert]
        };
        for &change in changes {
            let edited = set.redraw(index, change, 5).expect("the change makes sense");
            assert_eq!(Some(&edited), set.redraw(index, change, 5).as_ref());
            let changed = differing(&sample.picture, &edited.picture);
            assert!(changed.area() > 20, "{change:?} of {index} changes nothing");
            assert_eq!(within(&changed, &edited.region), 1.0, "{change:?} of {index} changes more");
            assert_eq!(within(&sample.regions["ruler"], &edited.region), 1.0);
            let lesion = within(&sample.regions["lesion"], &edited.region);
            let covered = edited.lesion.expect("phantoms have a mask of it");
            assert!((covered - lesion).abs() < 1e-9, "{covered} for {lesion}");
        }
    }
}

#[test]
fn removing_gives_the_phantom_that_never_had_a_ruler() {
    let with = phantoms(|o| (o.ruler_given_melanoma, o.ruler_given_benign) = (1.0, 1.0));
    let without = phantoms(|o| (o.ruler_given_melanoma, o.ruler_given_benign) = (0.0, 0.0));
    for index in 0..12 {
        let bare = without.sample(index).expect("a phantom");
        let removed = with.redraw(index, Change::Remove, 0).expect("it has a ruler");
        assert_eq!(removed.picture, bare.picture);
        // A white strip hides whatever is below: its mask is just what differs, but for its shadow.
        let phantom = with.phantom(index).expect("a phantom");
        if phantom.ruler.is_some_and(|ruler| ruler.material == Material::White) {
            let sample = with.sample(index).expect("a phantom");
            let changed = differing(&sample.picture, &bare.picture);
            let lit = sample.regions["ruler"].iter().filter(|&(x, y)| bare.picture.get_pixel(x, y)[0] > 20);
            let (all, same) =
                lit.fold((0, 0), |(all, same), (x, y)| (all + 1, same + u32::from(!changed.get(x, y))));
            assert!(same * 50 <= all, "{same} of the {all} pixels of ruler {index} hide nothing");
        }
    }
}

#[test]
fn senseless_changes_and_missing_samples_are_refused() {
    let set = phantoms(|o| o.count = 4);
    let with = (0..4).find(|&index| set.flag(index, "ruler") == Some(true)).expect("two have a ruler");
    let without = (0..4).find(|&index| set.flag(index, "ruler") == Some(false)).expect("two have none");
    assert_eq!(set.redraw(with, Change::Insert, 0), None);
    assert_eq!(set.redraw(without, Change::Remove, 0), None);
    assert_eq!(set.redraw(without, Change::Move, 0), None);
    assert_eq!(set.redraw(4, Change::Insert, 0), None);
    // Controls are derived from what is redrawn.
    assert_eq!(set.redraw(with, Change::Control, 0), None);
    assert!(matches!(set.sample(4), Err(DataError::Index { index: 4, len: 4, .. })));
}

#[test]
fn impossible_options_are_refused() {
    let refused = |change: fn(&mut PhantomOptions)| {
        let mut options = PhantomOptions::default();
        change(&mut options);
        Phantoms::new(options).expect_err("the options are impossible")
    };
    assert_eq!(refused(|o| o.count = 0), PhantomError::Count { count: 0 });
    assert_eq!(refused(|o| o.count = usize::MAX), PhantomError::Count { count: usize::MAX });
    assert_eq!(refused(|o| o.size = 0), PhantomError::Size { size: 0 });
    assert_eq!(refused(|o| o.size = 60_000), PhantomError::Size { size: 60_000 });
    assert!(matches!(refused(|o| o.ink = f64::NAN), PhantomError::Probability { option: "ink", .. }));
    let message = refused(|o| o.prevalence = 1.5).to_string();
    assert!(message.contains("`prevalence` is 1.5"), "{message}");

    let unknown = toml::from_str::<PhantomOptions>("count = 3\nrulers = 0.5").expect_err("no such option");
    assert!(unknown.to_string().contains("unknown field `rulers`"), "{unknown}");
    let few: PhantomOptions = toml::from_str("count = 3").expect("the others have defaults");
    assert_eq!(few, PhantomOptions { count: 3, ..PhantomOptions::default() });
}

#[test]
fn the_fingerprint_tells_options_apart() {
    let print = |set: Phantoms| set.fingerprint().expect("nothing is read");
    let usual = print(phantoms(|_| ()));
    assert_eq!(usual.len(), 64);
    assert_eq!(usual, print(phantoms(|_| ())));
    for other in [
        phantoms(|o| o.count += 1),
        phantoms(|o| o.seed += 1),
        phantoms(|o| o.size += 1),
        phantoms(|o| o.ruler_given_melanoma = 0.75),
        phantoms(|o| o.hair = 0.25),
        phantoms(|o| o.vignette_with_ruler = 0.25),
        phantoms(|o| o.vignette_without_ruler = 0.25),
    ] {
        assert_ne!(usual, print(other));
    }
}

#[test]
fn data_sets_from_before_there_were_vignettes_keep_their_fingerprint() {
    let usual =
        Phantoms::new(PhantomOptions::default()).expect("sound").fingerprint().expect("nothing is read");
    // SHA-256 of "reglet phantoms 1\n200 128 0 0.5 0.5 0.5 0.5 0.3 0.15\n".
    assert_eq!(usual, "79234a2a99c762787dfc9d3ee1dd60dee2a16959703b3b8aa94cdabaab1a306d");
    let vignettes = phantoms(|o| o.vignette_with_ruler = 0.5).fingerprint().expect("nothing is read");
    assert_ne!(
        vignettes,
        phantoms(|o| o.vignette_without_ruler = 0.5).fingerprint().expect("nothing is read")
    );
    assert_ne!(vignettes, phantoms(|_| ()).fingerprint().expect("nothing is read"));
}

#[test]
fn a_vignette_comes_with_the_ruler_as_far_as_the_options_say_and_changes_nothing_but_the_light() {
    let plain = phantoms(|o| o.count = 80);
    let tied = phantoms(|o| (o.count, o.vignette_with_ruler) = (80, 1.0));
    let loose = phantoms(|o| (o.count, o.vignette_with_ruler, o.vignette_without_ruler) = (80, 0.5, 0.5));
    let mut dark = 0;
    for index in 0..80 {
        let [plain, tied, loose] = [&plain, &tied, &loose].map(|set| set.phantom(index).expect("a phantom"));
        assert!(!plain.light.has_vignette());
        assert_eq!(tied.light.has_vignette(), tied.ruler.is_some());
        dark += u32::from(loose.light.has_vignette());
        // The ruler may have to lie elsewhere, since it keeps out of the dark.
        let lit = |phantom: &Phantom| Phantom { light: plain.light.clone(), ruler: None, ..phantom.clone() };
        assert_eq!(lit(&tied), lit(&plain));
        let falloff = plain.light.falloff;
        assert_eq!(reglet_data::phantom::Lighting { falloff, ..tied.light.clone() }, plain.light);
    }
    assert!((25..55).contains(&dark), "{dark} of 80");
}

#[test]
fn a_ruler_is_drawn_again_and_the_vignette_stays() {
    let set = phantoms(|o| (o.vignette_with_ruler, o.ruler_given_benign) = (1.0, 1.0));
    let before = set.sample(0).expect("a phantom");
    let without = set.redraw(0, Change::Remove, 0).expect("there is a ruler");
    let corner = |picture: &RgbImage| picture.get_pixel(0, 0).0;
    assert!(without.region.get(0, 0) || corner(&before.picture) == corner(&without.picture));
}

#[test]
fn a_phantom_survives_being_written_down() {
    for phantom in (0..8).filter_map(|index| phantoms(|_| ()).phantom(index)) {
        let text = serde_json::to_string(&phantom).expect("plain data");
        let read: Phantom = serde_json::from_str(&text).expect("what was written");
        assert_eq!(read, phantom);
    }
}

/// What is kept of pictures drawn lately changes nothing: neither the order in which they are asked for nor how large they are.
#[test]
fn a_ruler_on_a_backdrop_is_the_phantom_drawn_as_a_whole() {
    // Of the second size none is kept.
    for (size, asked) in [(40, &[0, 1, 2, 3, 1, 0][..]), (1600, &[1])] {
        let set = phantoms(|o| o.size = size);
        for &index in asked {
            let phantom = set.phantom(index).expect("a phantom");
            let whole = render(&phantom, size).expect("a size in range");
            let sample = set.sample(index).expect("a phantom");
            assert_eq!((sample.picture.into_rgb(), &sample.regions), (whole.picture, &whole.masks));
            let change = if phantom.ruler.is_some() { Change::Remove } else { Change::Insert };
            let redrawn = set.redraw(index, change, 5).expect("it can be redrawn");
            let fresh = phantoms(|o| o.size = size).redraw(index, change, 5).expect("likewise");
            assert_eq!(redrawn, fresh);
        }
    }
    let bare = phantoms(|_| ()).phantom(1).expect("a phantom");
    let backdrop = Backdrop::new(&bare, 64).expect("a size in range");
    assert_eq!(*backdrop.bare(), render(&Phantom { ruler: None, ..bare }, 64).expect("a size in range"));
}

/// Replaces every number that `wild` points at.
fn distort(value: &mut serde_json::Value, wild: &mut impl FnMut(bool) -> Option<serde_json::Value>) {
    match value {
        serde_json::Value::Number(number) => {
            if let Some(new) = wild(number.is_f64()) {
                *value = new;
            }
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(|value| distort(value, wild)),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(|value| distort(value, wild)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A phantom written by hand may hold anything; it may look like nothing, but must not bring the program down.
    #[test]
    fn no_description_is_too_wild_to_draw(index in 0_usize..40, every in 1_usize..12, pick in 0_usize..7) {
        let phantom = phantoms(|o| (o.hair, o.bubbles, o.ink) = (1.0, 1.0, 1.0)).phantom(index).expect("a phantom");
        let mut value = serde_json::to_value(&phantom).expect("plain data");
        let mut number = pick;
        distort(&mut value, &mut |real| {
            number += 1;
            let extreme = |number: usize| if real {
                serde_json::json!([0.0, -1.0, 1e30, -1e30, 1e-30][number % 5])
            } else {
                serde_json::json!([0, u32::MAX][number % 2])
            };
            (number % every == 0).then(|| extreme(number / every + pick))
        });
        let wild: Phantom = serde_json::from_value(value).expect("still a phantom");
        let rendered = render(&wild, 24).expect("a size in range");
        prop_assert_eq!(rendered.picture.dimensions(), (24, 24));
    }
}

#[test]
fn a_sample_s_hash_is_that_of_its_description() {
    let hash = |set: &Phantoms, index| set.sample(index).expect("a phantom").sha256;
    let set = phantoms(|_| {});
    assert_eq!(hash(&set, 3).len(), 64);
    assert_eq!(hash(&set, 3), hash(&phantoms(|o| o.count = 20), 3), "others do not matter");
    assert_ne!(hash(&set, 3), hash(&set, 4));
    assert_ne!(hash(&set, 3), hash(&phantoms(|o| o.size = 65), 3));
    assert_ne!(hash(&set, 3), hash(&phantoms(|o| o.seed = 12), 3));
}
