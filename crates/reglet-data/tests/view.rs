//! A changed picture as a model sees it, against the whole changed picture resized.

use std::collections::BTreeMap;

use image::{Rgb, RgbImage};
use proptest::prelude::*;
use reglet_data::edit::{Change, EditOptions, Editor};
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{DataError, Dataset, Geometry, Mask, Resize, Sample, Size, View};

/// One picture, whose artefact is any pixels at all, to be taken away.
struct One {
    regions: [String; 1],
    picture: RgbImage,
    artefact: Mask,
}

impl Dataset for One {
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
            picture: self.picture.clone(),
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
    (resize, crop).prop_map(|(resize, crop)| Geometry { resize, crop })
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
        let data = One { regions: ["ruler".to_owned()], picture, artefact };
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
