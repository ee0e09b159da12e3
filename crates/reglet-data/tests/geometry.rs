//! The geometry of preprocessing against torchvision's transforms.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use reglet_data::{Filter, Geometry, Mask, ResizeError, Size};

#[derive(serde::Deserialize)]
struct Case {
    picture: String,
    geometry: Geometry,
    expected: String,
}

#[test]
fn no_pixel_differs_from_torchvisions() {
    let cases = fs::read(folder().join("cases.json")).expect("a fixture");
    let cases: Vec<Case> = serde_json::from_slice(&cases).expect("cases are geometries");
    assert!(cases.len() >= 20, "only {} cases", cases.len());
    for case in cases {
        let picture = image::open(folder().join(case.picture)).expect("a fixture").into_rgb8();
        let expected = image::open(folder().join(&case.expected)).expect("a fixture").into_rgb8();
        let (width, height) = picture.dimensions();
        assert_eq!(case.geometry.output_size(width, height), Ok(expected.dimensions()), "{}", case.expected);
        assert!(case.geometry.apply(&picture) == Ok(expected), "{}", case.expected);
    }
}

#[test]
fn the_presets_are_the_well_known_recipes() {
    assert_eq!(Geometry::exact(224).output_size(1280, 853), Ok((224, 224)));
    assert_eq!(Geometry::torchvision().output_size(1280, 853), Ok((224, 224)));
    let resized = Geometry { crop: None, ..Geometry::torchvision() };
    assert_eq!(resized.output_size(1280, 853), Ok((384, 256)));
    assert_eq!(resized.output_size(853, 1280), Ok((256, 384)));
}

#[test]
fn it_is_written_and_read_as_toml() {
    let text = "[resize]\nshorter_side = 256\n\n[crop]\nwidth = 224\nheight = 224\n";
    assert_eq!(toml::from_str::<Geometry>(text).expect("it is a geometry"), Geometry::torchvision());
    assert_eq!(toml::to_string(&Geometry::torchvision()).expect("it can be written"), text);
    let sharper = Geometry { filter: Filter::Bicubic, ..Geometry::torchvision() };
    let text = format!("filter = \"bicubic\"\n\n{text}");
    assert_eq!(toml::from_str::<Geometry>(&text).expect("it is a geometry"), sharper);
    let written = toml::to_string(&sharper).expect("it can be written");
    assert_eq!(toml::from_str::<Geometry>(&written).expect("it is a geometry"), sharper);
    toml::from_str::<Geometry>("filter = \"nearest\"\nresize = { shorter_side = 9 }").expect_err("no filter");
    let exact = "resize = { exact = { width = 224, height = 224 } }";
    assert_eq!(toml::from_str::<Geometry>(exact).expect("it is a geometry"), Geometry::exact(224));
    toml::from_str::<Geometry>("resize = { exakt = 224 }").expect_err("there is no such resize");
    toml::from_str::<Geometry>("resize = { shorter_side = 9 }\nkrop = 2").expect_err("there is no such key");
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    let zero = Geometry { crop: Some(Size { width: 0, height: 4 }), ..Geometry::exact(8) };
    assert!(matches!(zero.output_size(10, 10), Err(ResizeError::NoPixels { .. })));
    let long = Geometry::shorter_side(256);
    assert!(matches!(long.output_size(1, 1_000_000), Err(ResizeError::TooLarge { .. })));
    assert!(matches!(Geometry::torchvision().output_size(0, 5), Err(ResizeError::NoPixels { .. })));
}

#[test]
fn padding_is_outside_every_region() {
    let full = Mask::from_fn(10, 10, |_, _| true).expect("a small mask");
    let padded = Geometry { crop: Some(Size { width: 14, height: 10 }), ..Geometry::exact(10) };
    let mask = padded.apply_mask(&full).expect("sizes are small");
    assert_eq!(mask, Mask::from_fn(14, 10, |x, _| (2..12).contains(&x)).expect("a small mask"));
}

#[test]
fn half_covered_is_covered() {
    let mask = Mask::from_fn(8, 8, |x, _| x < 4).expect("a small mask");
    let smaller = Geometry::exact(4).apply_mask(&mask).expect("sizes are small");
    assert_eq!(smaller, Mask::from_fn(4, 4, |x, _| x < 2).expect("a small mask"));
}

proptest! {
    #[test]
    fn a_mask_keeps_its_share_of_a_picture(side in 20..200_u32, left in 0.0..0.5, width in 0.2..0.5) {
        let inside = |position: u32, side: u32| {
            let position = (f64::from(position) + 0.5) / f64::from(side);
            (left..left + width).contains(&position)
        };
        let mask = Mask::from_fn(side, side, |x, y| inside(x, side) && inside(y, side)).expect("small");
        let resized = Geometry::exact(64).apply_mask(&mask).expect("sizes are small");
        // Each edge may move by a pixel of the coarser of the two.
        let allowed = 2.0 * width * 2.0 / f64::from(side.min(64)) + 0.01;
        prop_assert!((resized.fraction() - mask.fraction()).abs() <= allowed);
    }

    #[test]
    fn the_promised_size_is_the_size(w in 1..80_u32, h in 1..80_u32, shorter in 1..60_u32, cut in 1..80_u32) {
        let geometry = Geometry {
            crop: (cut % 3 > 0).then_some(Size { width: cut, height: 80 - cut + 1 }),
            ..Geometry::shorter_side(shorter)
        };
        let promised = geometry.output_size(w, h).expect("sizes are small");
        let picture = geometry.apply(&image::RgbImage::new(w, h)).expect("sizes are small");
        let mask = geometry.apply_mask(&Mask::empty(w, h).expect("small")).expect("sizes are small");
        prop_assert_eq!(picture.dimensions(), promised);
        prop_assert_eq!(mask.dimensions(), promised);
        prop_assert!(mask.is_empty());
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/geometry")
}
