//! Maps over pictures, outlines, and the resizing of maps.

use image::{Rgb, RgbImage};
use ndarray::{Array2, array};
use reglet_viz::{Colormap, Opacity, Scale, VizError, encode_png, outline, outline_layer, resize_map};

const RED: Rgb<u8> = Rgb([255, 0, 0]);

#[test]
fn resizing_is_pytorchs_bilinear() {
    let mut compared = 0;
    for line in include_str!("fixtures/resize.csv").lines() {
        let fields: Vec<&str> = line.split(',').collect();
        let numbers = |index: usize| -> Vec<f32> {
            fields[index]
                .split(' ')
                .map(|number| number.parse().expect("the fixture holds numbers"))
                .collect()
        };
        let sizes: Vec<usize> = numbers(0).into_iter().map(|size| size as usize).collect();
        let map = Array2::from_shape_vec((sizes[0], sizes[1]), numbers(1))
            .expect("as many values as its size says");
        let resized = resize_map(map.view(), sizes[2], sizes[3]);
        for (index, (ours, theirs)) in resized.iter().zip(numbers(2)).enumerate() {
            assert!((ours - theirs).abs() <= 1e-6, "{sizes:?}, value {index}: {ours} and {theirs}");
            compared += 1;
        }
    }
    assert_eq!(compared, 100 + 32 + 27 + 6 + 25);
}

#[test]
fn resizing_to_or_from_nothing_is_harmless() {
    assert_eq!(resize_map(Array2::zeros((0, 3)).view(), 2, 2), Array2::<f32>::zeros((2, 2)));
    assert_eq!(resize_map(Array2::ones((2, 3)).view(), 0, 4).dim(), (0, 4));
}

#[test]
fn a_map_alone_has_a_pixel_for_each_value() {
    let scaled =
        Scale::MinMax.apply(array![[0.0_f32, 1.0, 2.0], [3.0, 4.0, 5.0]].view()).expect("a plain map");
    let picture = scaled.colorize(Colormap::Gray);
    assert_eq!(picture.dimensions(), (3, 2));
    assert_eq!(*picture.get_pixel(0, 0), Colormap::Gray.color(0.0));
    assert_eq!(*picture.get_pixel(1, 1), Colormap::Gray.color(0.8));
}

#[test]
fn opacity_blends_from_picture_to_map() {
    let picture = RgbImage::from_pixel(4, 2, Rgb([200, 100, 0]));
    let scaled = Scale::MinMax.apply(array![[0.0_f32, 1.0]].view()).expect("a plain map");
    let over = |opacity| scaled.overlay(&picture, Colormap::Gray, opacity).expect("the sizes are fine");
    assert_eq!(over(Opacity::Even(0.0)), picture);
    assert_eq!(*over(Opacity::Even(0.5)).get_pixel(0, 0), Rgb([100, 50, 0]));
    assert_eq!(*over(Opacity::Even(1.0)).get_pixel(3, 1), Rgb([255, 255, 255]));
    let by_value = over(Opacity::ByValue(0.5));
    assert_eq!(
        *by_value.get_pixel(0, 0),
        Rgb([200, 100, 0]),
        "where the map says nothing, the picture stays"
    );
    assert_eq!(*by_value.get_pixel(3, 0), Rgb([228, 178, 128]));
}

#[test]
fn by_value_shows_both_ends_of_a_symmetric_map() {
    let picture = RgbImage::new(3, 1);
    let scaled = Scale::Symmetric(100.0).apply(array![[-1.0_f32, 0.0, 1.0]].view()).expect("a plain map");
    let over = scaled.overlay(&picture, Colormap::RdBu, Opacity::ByValue(1.0)).expect("the sizes are fine");
    assert_eq!(*over.get_pixel(0, 0), Colormap::RdBu.entry(0));
    assert_eq!(*over.get_pixel(1, 0), Rgb([0, 0, 0]));
    assert_eq!(*over.get_pixel(2, 0), Colormap::RdBu.entry(255));
}

#[test]
fn overlays_refuse_what_makes_no_sense() {
    let scaled = Scale::MinMax.apply(array![[0.0_f32, 1.0]].view()).expect("a plain map");
    let picture = RgbImage::new(2, 2);
    for opacity in [-0.1, 1.1, f32::NAN] {
        for opacity in [Opacity::Even(opacity), Opacity::ByValue(opacity)] {
            let refused = scaled.overlay(&picture, Colormap::Jet, opacity);
            assert!(matches!(refused, Err(VizError::Opacity { .. })), "{opacity:?}");
        }
    }
    let refused = scaled.overlay(&RgbImage::new(0, 7), Colormap::Jet, Opacity::Even(0.5));
    assert!(matches!(refused, Err(VizError::EmptyPicture { width: 0, height: 7 })));
    assert!(matches!(encode_png(&RgbImage::new(0, 0)), Err(VizError::EmptyPicture { .. })));
}

/// Which pixels are red, row by row, as text.
fn red_pixels(picture: &RgbImage) -> Vec<String> {
    picture.rows().map(|row| row.map(|pixel| if *pixel == RED { '#' } else { '.' }).collect()).collect()
}

fn square(side: u32, from: u32, to: u32) -> Vec<bool> {
    let within = |at: u32| (from..to).contains(&at);
    (0..side * side).map(|index| within(index % side) && within(index / side)).collect()
}

#[test]
fn a_line_follows_the_regions_border() {
    let mut picture = RgbImage::new(7, 7);
    outline(&mut picture, (7, 7), &square(7, 1, 6), RED, 1).expect("the sizes agree");
    assert_eq!(
        red_pixels(&picture),
        [".......", ".#####.", ".#...#.", ".#...#.", ".#...#.", ".#####.", "......."]
    );
}

#[test]
fn a_region_at_the_edge_is_closed_along_it() {
    let mut picture = RgbImage::new(3, 3);
    outline(&mut picture, (3, 3), &[true; 9], RED, 1).expect("the sizes agree");
    assert_eq!(red_pixels(&picture), ["###", "#.#", "###"]);
}

#[test]
fn a_thicker_line_grows_to_both_sides() {
    let mut picture = RgbImage::new(9, 9);
    outline(&mut picture, (9, 9), &square(9, 2, 7), RED, 3).expect("the sizes agree");
    let rows = red_pixels(&picture);
    assert_eq!(rows[4], ".###.###.");
    assert_eq!(rows[0], ".........");
    let mut widest = RgbImage::new(9, 9);
    outline(&mut widest, (9, 9), &square(9, 2, 7), RED, u8::MAX)
        .expect("a pen wider than the picture is fine");
    assert!(widest.pixels().all(|pixel| *pixel == RED));
}

#[test]
fn nothing_to_outline_changes_nothing() {
    let mut picture = RgbImage::new(4, 4);
    outline(&mut picture, (4, 4), &[false; 16], RED, 3).expect("an empty mask is fine");
    outline(&mut picture, (4, 4), &[true; 16], RED, 0).expect("a line without width is fine");
    assert_eq!(picture, RgbImage::new(4, 4));
    outline(&mut RgbImage::new(0, 0), (0, 0), &[], RED, 1).expect("no pixels, no border");
}

#[test]
fn masks_of_another_size_are_refused() {
    let mut picture = RgbImage::new(4, 4);
    let refused = outline(&mut picture, (4, 5), &[true; 20], RED, 1);
    assert!(matches!(refused, Err(VizError::MaskSize { mask: (4, 5), picture: (4, 4) })));
    for size in [(4, 4), (u32::MAX, u32::MAX)] {
        let refused = outline(&mut picture, size, &[true; 15], RED, 1);
        assert!(matches!(refused, Err(VizError::MaskLength { length: 15, .. })));
    }
}

#[test]
fn a_layer_is_clear_where_the_map_says_nothing_and_opaque_at_its_ends() {
    let map = array![[-2.0_f32, 0.0, 1.0, 2.0]];
    for (scale, colormap, alpha) in [
        (Scale::Symmetric(100.0), Colormap::RdBu, [255, 0, 128, 255]),
        (Scale::Fixed { low: 0.0, high: 2.0 }, Colormap::Inferno, [0, 0, 128, 255]),
    ] {
        let png = scale.apply(map.view()).expect("a map").layer(colormap).expect("a layer");
        let picture = image::load_from_memory(&png).expect("the PNG can be read").into_rgba8();
        assert_eq!(picture.dimensions(), (4, 1));
        assert_eq!(picture.pixels().map(|pixel| pixel.0[3]).collect::<Vec<_>>(), alpha);
        let end = picture.get_pixel(3, 0).0;
        assert_eq!(end[..3], colormap.color(1.0).0);
    }
}

#[test]
fn a_layer_of_noise_takes_few_bytes() {
    let mut state = 1_u32;
    let noise = Array2::from_shape_simple_fn((224, 224), || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32
    });
    let png = Scale::MinMax.apply(noise.view()).expect("a map").layer(Colormap::Inferno).expect("a layer");
    // ln 33 / ln 2 = 5.04 bits a pixel are the least that even values take.
    assert!(png.len() < 224 * 224 * 6 / 8, "{}", png.len());
}

#[test]
fn outlines_as_a_layer_are_clear_but_for_their_lines() {
    let (one, other) = (square(5, 0, 2), square(5, 2, 4));
    let green = Rgb([0, 158, 115]);
    let png = outline_layer((5, 5), &[(&one, RED), (&other, green)]).expect("two masks of the size");
    let layer = image::load_from_memory(&png).expect("the PNG can be read").into_rgba8();
    for (x, y, expected) in [(0, 0, Some(RED)), (2, 2, Some(green)), (4, 0, None), (4, 4, None)] {
        let pixel = layer.get_pixel(x, y).0;
        let color = (pixel[3] == 255).then(|| Rgb([pixel[0], pixel[1], pixel[2]]));
        assert_eq!(color, expected, "{x} {y}");
    }
    assert!(matches!(outline_layer((4, 5), &[(&one, RED)]), Err(VizError::MaskLength { .. })));
    assert!(matches!(outline_layer((0, 0), &[]), Err(VizError::EmptyPicture { .. })));
}
