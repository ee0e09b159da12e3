//! The resize against Pillow's, pixel for pixel, and what must hold of any resize.

use std::fs;
use std::path::{Path, PathBuf};

use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};
use proptest::prelude::*;
use reglet_data::{Filter, ResizeError, resize_gray, resize_rgb};

#[test]
fn no_pixel_differs_from_pillows() {
    let mut compared = [0; Filter::ALL.len()];
    for path in listing(&folder()).iter().filter(|path| path.is_file()) {
        let picture = image::open(path).expect("a fixture");
        for expected in listing(&path.with_extension("")) {
            let name = expected.display();
            let stem = expected.file_stem().and_then(|stem| stem.to_str()).expect("a size");
            let filter: Filter =
                stem.split_once('-').map_or("bilinear", |(_, filter)| filter).parse().expect("a filter");
            let expected = image::open(&expected).expect("a fixture");
            let (width, height) = (expected.width(), expected.height());
            let same = match (&picture, &expected) {
                (DynamicImage::ImageLuma8(picture), DynamicImage::ImageLuma8(expected)) => {
                    resize_gray(picture, width, height, filter).expect("sizes are small") == *expected
                }
                (DynamicImage::ImageRgb8(picture), DynamicImage::ImageRgb8(expected)) => {
                    resize_rgb(picture, width, height, filter).expect("sizes are small") == *expected
                }
                _ => panic!("{name} is neither grey nor RGB, or not as its original"),
            };
            assert!(same, "{name}");
            let of = Filter::ALL.iter().position(|known| *known == filter).expect("one of all");
            compared[of] += 1;
        }
    }
    for (filter, compared) in Filter::ALL.iter().zip(compared) {
        assert!(compared >= 10, "only {compared} pictures were compared by {filter}");
    }
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    let picture = RgbImage::new(4, 3);
    assert_eq!(
        resize_rgb(&picture, 0, 5, Filter::Bilinear),
        Err(ResizeError::NoPixels { from: (4, 3), to: (0, 5) })
    );
    assert!(matches!(resize_rgb(&RgbImage::new(0, 3), 2, 2, Filter::Box), Err(ResizeError::NoPixels { .. })));
    assert_eq!(
        resize_rgb(&picture, u32::MAX, u32::MAX, Filter::Lanczos),
        Err(ResizeError::TooLarge { width: u32::MAX, height: u32::MAX })
    );
}

#[test]
fn white_stays_white_where_rounding_matters_most() {
    // Every one of these weights is a little over one half and becomes 1: together they are 1.31.
    let white = GrayImage::from_pixel(5_500_000, 1, Luma([255]));
    for filter in [Filter::Box, Filter::Bilinear, Filter::Hamming] {
        assert_eq!(resize_gray(&white, 1, 1, filter), Ok(GrayImage::from_pixel(1, 1, Luma([255]))));
    }
    // What counts against a place makes room for more that counts for it.
    for filter in [Filter::Bicubic, Filter::Lanczos] {
        assert!(matches!(resize_gray(&white, 1, 1, filter), Err(ResizeError::TooMuchReduced { .. })));
        let white = GrayImage::from_pixel(170_000, 1, Luma([255]));
        assert_eq!(resize_gray(&white, 1, 1, filter), Ok(GrayImage::from_pixel(1, 1, Luma([255]))));
    }
}

proptest! {
    #[test]
    fn a_plain_picture_stays_plain(color: [u8; 3], from in sides(), to in sides(), filter in filters()) {
        let picture = RgbImage::from_pixel(from.0, from.1, Rgb(color));
        let resized = resize_rgb(&picture, to.0, to.1, filter).expect("sizes are small");
        prop_assert_eq!(resized, RgbImage::from_pixel(to.0, to.1, Rgb(color)));
    }

    #[test]
    fn nothing_is_darker_or_brighter_than_before(picture in pictures(), to in sides()) {
        let resized = resize_gray(&picture, to.0, to.1, Filter::Bilinear).expect("sizes are small");
        let range = |picture: &GrayImage| {
            let values = picture.as_raw();
            (values.iter().min().copied(), values.iter().max().copied())
        };
        prop_assert!(range(&resized).0 >= range(&picture).0);
        prop_assert!(range(&resized).1 <= range(&picture).1);
    }

    #[test]
    fn the_same_size_is_the_same_picture(picture in pictures(), filter in filters()) {
        let resized = resize_gray(&picture, picture.width(), picture.height(), filter).expect("sizes are small");
        prop_assert_eq!(resized, picture);
    }

    #[test]
    fn a_mirrored_picture_gives_the_mirrored_result(picture in pictures(), to in sides(), filter in filters()) {
        // The box gives what lies between two pixels to one of them.
        prop_assume!(filter != Filter::Box);
        let mirrored = |picture: &GrayImage| image::imageops::flip_horizontal(picture);
        let before = resize_gray(&mirrored(&picture), to.0, to.1, filter).expect("sizes are small");
        let after = mirrored(&resize_gray(&picture, to.0, to.1, filter).expect("sizes are small"));
        // Window bounds are rounded upwards on one side and downwards on the other.
        let furthest = before.as_raw().iter().zip(after.as_raw()).map(|(&a, &b)| a.abs_diff(b)).max();
        prop_assert!(furthest <= Some(1), "{:?}", furthest);
    }
}

fn filters() -> impl Strategy<Value = Filter> {
    prop::sample::select(&Filter::ALL[..])
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
