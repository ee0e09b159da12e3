//! A changed picture as a model sees it, against the whole changed picture resized.

use std::collections::BTreeMap;

use image::{Rgb, RgbImage};
use proptest::prelude::*;
use reglet_data::edit::{Change, EditOptions, Editor};
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{Canvas, DataError, Dataset, Filter, Geometry, Mask, Resize, Sample, Size, View};

/// SinglePicture picture, whose artefact is any pixels at all, to be taken away.
struct SinglePicture {
    regions: [String; 1],
    picture: RgbImage,
    artefact: Mask,
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
        "0"
    }
    fn label(&self, _: usize) -> usize {
        0
    }
    fn sample(&self, _: usize) -> Result<Sample, DataError> {
        Ok(Sample {
            id: "0".to_owned(),
            picture: self.picture.clone().into(),
            label: 0,
            sha256: String::new(),
            mask_sha256: BTreeMap::new(),
            regions: BTreeMap::from([("ruler".to_owned(), self.artefact.clone())]),
            estimated: Default::default(),
        })
    }
    fn fingerprint(&self) -> Result<String, DataError> {
        Ok(String::new())
    }
}

fn geometries() -> impl Strategy<Value = Geometry> {
    let side = || prop_oneof![1..12_u32, 12..90_u32];
    let resize = prop_oneof![
        (side(), side()).prop_map(|(width, height)| Resize::Exact(Size { width, height })),
        side().prop_map(Resize::ShorterSide),
    ];
    let crop = prop::option::of((side(), side()).prop_map(|(width, height)| Size { width, height }));
    let filter = prop::sample::select(&Filter::ALL[..]);
    (resize, crop, filter).prop_map(|(resize, crop, filter)| Geometry { resize, crop, filter })
}

/// As wide as high, lying, standing, and standing so tall that columns are resized first.
fn sizes() -> impl Strategy<Value = (u32, u32)> {
    prop_oneof![(1..70_u32, 1..70_u32), (60..150_u32, 2..20_u32), (2..20_u32, 60..150_u32)]
}

/// Discs here and there: more than one mark, at the edge or away from it, of one pixel or of hundreds.
fn discs() -> impl Strategy<Value = Vec<(f32, f32, f32)>> {
    prop::collection::vec((0.0..1.0_f32, 0.0..1.0_f32, 0.0..12.0_f32), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_changed_version_is_the_changed_picture_resized(
        (width, height) in sizes(), geometry in geometries(), discs in discs(), noise: u32
    ) {
        let level = |x: u32, y: u32, c: u32| {
            (x.wrapping_mul(7919) ^ y.wrapping_mul(104_729) ^ c ^ noise).wrapping_mul(2_654_435_761).to_be_bytes()[0]
        };
        let picture = RgbImage::from_fn(width, height, |x, y| Rgb([0, 1, 2].map(|c| level(x, y, c))));
        let inside = |x: u32, y: u32| discs.iter().any(|(u, v, radius)| {
            (x as f32 - u * width as f32).hypot(y as f32 - v * height as f32) <= *radius
        });
        let artefact = Mask::from_fn(width, height, inside).expect("small");
        let share = artefact.fraction();
        let data = SinglePicture { regions: ["ruler".to_owned()], picture, artefact };
        let editor = Editor::new(&data, &EditOptions::default(), "ruler", "lesion", 3).expect("no cut-out is needed");
        let sample = data.sample(0).expect("it is there");
        let scene = editor.scene(&data, 0, &sample);
        let view = View::new(&sample.picture, geometry).expect("sizes are small");
        prop_assert_eq!(view.picture(), &geometry.apply(&sample.picture).expect("sizes are small"));
        if share == 0.0 || share == 1.0 {
            return Ok(());
        }
        for change in [Change::Remove, Change::Control] {
            let Some(placement) = scene.place(change, 0).expect("it is small") else { continue };
            let patch = scene.patch(change, &placement).expect("it is small").expect("it has a place");
            let edited = patch.on(&sample.picture).expect("it is small");
            prop_assert_eq!(view.changed(&patch), geometry.apply(&edited.picture).expect("sizes are small"));
            prop_assert_eq!(view.visible(&patch), geometry.visible(&edited.region));
        }
    }
}

#[test]
fn every_change_of_a_phantom_is_seen_as_if_its_whole_picture_were_resized() {
    let data =
        Phantoms::new(PhantomOptions { count: 6, size: 150, ..PhantomOptions::default() }).expect("valid");
    let editor =
        Editor::new(&data, &EditOptions::default(), "ruler", "lesion", 1).expect("phantoms have rulers");
    let mut compared = 0;
    for index in 0..data.len() {
        let sample = data.sample(index).expect("it can be drawn");
        let scene = editor.scene(&data, index, &sample);
        for geometry in [Geometry::exact(64), Geometry::torchvision(), Geometry::exact(150)] {
            let view = View::new(&sample.picture, geometry).expect("sizes are small");
            for change in Change::ALL {
                let Some(placement) = scene.place(change, 0).expect("it is small") else { continue };
                let patch = scene.patch(change, &placement).expect("it is small").expect("it has a place");
                let whole = patch.on(&sample.picture).expect("it is small").picture;
                assert!(view.changed(&patch) == geometry.apply(&whole).expect("sizes are small"), "{change}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 60, "only {compared} changes");
}

/// A lesion on skin that is lit from one side, and a dark ruler with ticks; the picture is no whole multiple of any block.
fn lesion_with_ruler(width: u32, height: u32) -> SinglePicture {
    let artefact = Mask::from_fn(width, height, |x, y| (100..130).contains(&y) && (80..700).contains(&x));
    let artefact = artefact.expect("small");
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let light = 0.7 + 0.3 * x as f32 / width as f32 + 0.01 * ((x * 7 + y * 13) % 5) as f32;
        let (dx, dy) = (x as f32 - 450.0, y as f32 - 420.0);
        let lesion = dx * dx + dy * dy < 150.0 * 150.0;
        let tick = artefact.get(x, y) && (x % 20 < 6 || y < 106);
        let colour = if tick {
            [30.0; 3]
        } else if lesion {
            [110.0, 70.0, 60.0]
        } else {
            [220.0, 170.0, 150.0]
        };
        Rgb(colour.map(|level| (light * level).clamp(0.0, 255.0) as u8))
    });
    SinglePicture { regions: ["ruler".to_owned()], picture, artefact }
}

#[test]
fn a_change_that_is_made_on_a_smaller_picture_looks_the_same_to_a_model() {
    let data = lesion_with_ruler(903, 701);
    let sample = data.sample(0).expect("it is in memory");
    let cut = Geometry { crop: Some(Size { width: 48, height: 50 }), ..Geometry::shorter_side(56) };
    for geometry in [Geometry::exact(48), cut] {
        let seen = |resolution: Option<u32>| {
            let options = EditOptions { resolution, ..EditOptions::default() };
            let editor = Editor::new(&data, &options, "ruler", "lesion", 3).expect("sound");
            let canvas = Canvas::new(&sample, editor.reduction(sample.picture.dimensions()));
            let scene = editor.scene(&data, 0, canvas.sample());
            let placement = scene.place(Change::Remove, 0).expect("sound").expect("it shows a ruler");
            let patch = scene.patch(Change::Remove, &placement).expect("sound").expect("it shows a ruler");
            let view = canvas.view(geometry).expect("small");
            let changed = view.changed(&patch);
            (canvas.sample().picture.dimensions(), view.into_picture(), changed)
        };
        let (own, before, full) = seen(None);
        let (smaller, same, reduced) = seen(Some(3 * 56));
        assert_eq!((own, smaller), ((903, 701), (226, 176)), "a quarter of it");
        assert_eq!(before, same, "what is not changed is seen as ever");
        assert_eq!(before, geometry.apply(&sample.picture).expect("small"));
        let differences: Vec<u8> =
            full.as_raw().iter().zip(reduced.as_raw()).map(|(a, b)| a.abs_diff(*b)).collect();
        let mean = differences.iter().map(|&level| f64::from(level)).sum::<f64>() / differences.len() as f64;
        let change = before.as_raw().iter().zip(full.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(change > Some(40), "the ruler is to be seen: {change:?}");
        assert!(
            differences.iter().all(|&level| level <= 4) && mean < 0.2,
            "{mean}, {:?}",
            differences.iter().max()
        );
        // The lower half is far from the ruler.
        let rest = before.as_raw().len() / 2..;
        assert_eq!(before.as_raw()[rest.clone()], reduced.as_raw()[rest]);
    }
}

#[test]
fn no_resolution_is_refused() {
    let data = lesion_with_ruler(60, 60);
    let options = EditOptions { resolution: Some(0), ..EditOptions::default() };
    let refused = Editor::new(&data, &options, "ruler", "lesion", 3).expect_err("no pixels would be left");
    assert!(refused.to_string().contains("is 0 pixels"), "{refused}");
}
