//! The resize against Pillow's, pixel for pixel, and what must hold of any resize.

use std::fs;
use std::path::{Path, PathBuf};

use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};
use proptest::prelude::*;
use reglet_data::{ResizeError, resize_gray, resize_rgb};

#[test]
fn no_pixel_differs_from_pillows() {
    let mut compared = 0;
    for path in listing(&folder()).iter().filter(|path| path.is_file()) {
        let picture = image::open(path).expect("a fixture");
        for expected in listing(&path.with_extension("")) {
            let name = expected.display();
            let expected = image::open(&expected).expect("a fixture");
            let (width, height) = (expected.width(), expected.height());
            let same = match (&picture, &expected) {
                (DynamicImage::ImageLuma8(picture), DynamicImage::ImageLuma8(expected)) => {
                    resize_gray(picture, width, height).expect("sizes are small") == *expected
                }
                (DynamicImage::ImageRgb8(picture), DynamicImage::ImageRgb8(expected)) => {
                    resize_rgb(picture, width, height).expect("sizes are small") == *expected
                }
                _ => panic!("{name} is neither grey nor RGB, or not as its original"),
            };
            assert!(same, "{name}");
            compared += 1;
        }
    }
    assert!(compared >= 20, "only {compared} pictures were compared");
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    let picture = RgbImage::new(4, 3);
    assert_eq!(resize_rgb(&picture, 0, 5), Err(ResizeError::NoPixels { from: (4, 3), to: (0, 5) }));
    assert!(matches!(resize_rgb(&RgbImage::new(0, 3), 2, 2), Err(ResizeError::NoPixels { .. })));
    assert_eq!(
        resize_rgb(&picture, u32::MAX, u32::MAX),
        Err(ResizeError::TooLarge { width: u32::MAX, height: u32::MAX })
    );
}

#[test]
fn white_stays_white_where_rounding_matters_most() {
    // Every one of these weights is a little over one half and becomes 1: together they are 1.31.
    let white = GrayImage::from_pixel(5_500_000, 1, Luma([255]));
    assert_eq!(resize_gray(&white, 1, 1), Ok(GrayImage::from_pixel(1, 1, Luma([255]))));
}

proptest! {
    #[test]
    fn a_plain_picture_stays_plain(color: [u8; 3], from in sides(), to in sides()) {
        let picture = RgbImage::from_pixel(from.0, from.1, Rgb(color));
        let resized = resize_rgb(&picture, to.0, to.1).expect("sizes are small");
        prop_assert_eq!(resized, RgbImage::from_pixel(to.0, to.1, Rgb(color)));
    }

    #[test]
    fn nothing_is_darker_or_brighter_than_before(picture in pictures(), to in sides()) {
        let resized = resize_gray(&picture, to.0, to.1).expect("sizes are small");
        let range = |picture: &GrayImage| {
            let values = picture.as_raw();
            (values.iter().min().copied(), values.iter().max().copied())
        };
        prop_assert!(range(&resized).0 >= range(&picture).0);
        prop_assert!(range(&resized).1 <= range(&picture).1);
    }

    #[test]
    fn the_same_size_is_the_same_picture(picture in pictures()) {
        let resized = resize_gray(&picture, picture.width(), picture.height()).expect("sizes are small");
        prop_assert_eq!(resized, picture);
    }

    #[test]
    fn a_mirrored_picture_gives_the_mirrored_result(picture in pictures(), to in sides()) {
        let mirrored = |picture: &GrayImage| image::imageops::flip_horizontal(picture);
        let before = resize_gray(&mirrored(&picture), to.0, to.1).expect("sizes are small");
        let after = mirrored(&resize_gray(&picture, to.0, to.1).expect("sizes are small"));
        // Window bounds are rounded upwards on one side and downwards on the other.
        let furthest = before.as_raw().iter().zip(after.as_raw()).map(|(&a, &b)| a.abs_diff(b)).max();
        prop_assert!(furthest <= Some(1), "{:?}", furthest);
    }
}

fn sides() -> impl Strategy<Value = (u32, u32)> {
    (1..50_u32, 1..50_u32)
}

fn pictures() -> impl Strategy<Value = GrayImage> {
    sides().prop_flat_map(|(width, height)| {
        prop::collection::vec(any::<u8>(), (width * height) as usize)
            .prop_map(move |values| GrayImage::from_raw(width, height, values).expect("one value a pixel"))
    })
}

fn listing(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.sort();
    paths
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/resize")
}
