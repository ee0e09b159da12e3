//! Estimated lesions: held to the exact masks of phantoms, refused where nothing credible is found, and marked.

#[path = "support/overlap.rs"]
mod overlap;
#[expect(dead_code, reason = "only a part of this module is needed here")]
mod support;

use std::collections::BTreeSet;

use image::{Rgb, RgbImage};
use overlap::iou;
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{Dataset, EstimatedLesions, ManifestOptions, Mask, estimate_lesion};
use support::Disk;

/// A dark disc of this radius about a place on skin of this size.
fn disc(size: (u32, u32), centre: (u32, u32), radius: u32) -> (RgbImage, Mask) {
    let mask = Mask::from_fn(size.0, size.1, |x, y| {
        x.abs_diff(centre.0).pow(2) + y.abs_diff(centre.1).pow(2) <= radius * radius
    })
    .expect("a mask's size");
    let picture = RgbImage::from_fn(size.0, size.1, |x, y| {
        let speck = (x * 7919 + y * 104_729 + x * y * 31) % 9;
        let level = |skin: u32, pigment: u32| (speck + if mask.get(x, y) { pigment } else { skin }) as u8;
        Rgb([level(200, 110), level(150, 70), level(130, 60)])
    });
    (picture, mask)
}

#[test]
fn phantoms_lesions_are_found() {
    let options = PhantomOptions { count: 60, size: 160, ..PhantomOptions::default() };
    let set = Phantoms::new(options).expect("valid");
    let mut found = Vec::new();
    for index in 0..set.len() {
        let sample = set.sample(index).expect("a phantom");
        if let Some(lesion) = estimate_lesion(&sample.picture).expect("it has pixels") {
            found.push(iou(&lesion, &sample.regions["lesion"]));
        }
    }
    found.sort_by(f64::total_cmp);
    let (median, tenth) = (found[found.len() / 2], found[found.len() / 10]);
    println!("{} of 60, IoU: median {median:.3}, a tenth below {tenth:.3}", found.len());
    assert!(found.len() >= 54, "only {} of 60 have a credible lesion", found.len());
    assert!(median > 0.8, "the median IoU is {median}");
    assert!(tenth > 0.5, "a tenth of them has an IoU below {tenth}");
}

#[test]
fn a_disc_is_found_at_any_size() {
    for (size, centre, radius) in
        [((64, 48), (30, 25), 12), ((300, 200), (150, 100), 50), ((900, 1200), (500, 620), 210)]
    {
        let (picture, mask) = disc(size, centre, radius);
        let lesion = estimate_lesion(&picture).expect("it has pixels").expect("it is plain to see");
        assert!(iou(&lesion, &mask) > 0.9, "{size:?}: {}", iou(&lesion, &mask));
    }
}

#[test]
fn the_dark_about_a_round_field_of_view_is_no_lesion() {
    let (mut picture, mask) = disc((240, 180), (125, 95), 30);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        if x.abs_diff(120).pow(2) + y.abs_diff(90).pow(2) > 100 * 100 {
            *pixel = Rgb([8, 6, 6]);
        }
    }
    let lesion = estimate_lesion(&picture).expect("it has pixels").expect("it is plain to see");
    assert!(iou(&lesion, &mask) > 0.85, "{}", iou(&lesion, &mask));
}

#[test]
fn what_is_not_credible_is_not_given() {
    let estimate = |picture: &RgbImage| estimate_lesion(picture).expect("it has pixels");
    let (skin, _) = disc((120, 90), (60, 45), 0);
    assert_eq!(estimate(&skin), None, "the skin's grain");
    let shaded = RgbImage::from_fn(120, 90, |x, y| Rgb([200 - x as u8 / 2, 150 - y as u8 / 3, 120]));
    assert_eq!(estimate(&shaded), None, "the light");
    assert_eq!(estimate(&RgbImage::from_pixel(40, 40, Rgb([150; 3]))), None, "one colour");
    let (speck, _) = disc((200, 200), (100, 100), 6);
    assert_eq!(estimate(&speck), None, "a speck");
    let (corner, _) = disc((200, 200), (20, 20), 25);
    assert_eq!(estimate(&corner), None, "something in a corner");
    for (width, height) in [(1, 1), (1, 9), (3, 2)] {
        estimate_lesion(&RgbImage::new(width, height)).expect("no picture is too small");
    }
    estimate_lesion(&RgbImage::new(0, 4)).expect_err("there are no pixels");
}

#[test]
fn an_estimate_is_marked_and_what_is_known_stays() {
    let disk = Disk::new();
    let (picture, mask) = disc((120, 90), (60, 45), 20);
    for name in ["none.png", "drawn.png", "absent.png"] {
        picture.save(disk.path(name)).expect("it can be written");
    }
    disc((120, 90), (60, 45), 0).0.save(disk.path("skin.png")).expect("it can be written");
    disk.mask("drawn-mask.png", (120, 90), 30, 255);
    disk.mask("empty-mask.png", (120, 90), 0, 255);
    let manifest = disk.text(
        "manifest.csv",
        "image,label,lesion_mask\nnone.png,benign,\ndrawn.png,benign,drawn-mask.png\n\
         absent.png,benign,empty-mask.png\nskin.png,benign,\n",
    );
    let plain = ManifestOptions::new(manifest).open().expect("it is sound");
    let fingerprint = plain.fingerprint().expect("it is sound");
    let data = EstimatedLesions::new(Box::new(plain), "lesion");
    let sample = |index| data.sample(index).expect("it is sound");
    let estimated = sample(0);
    assert_eq!(estimated.estimated, BTreeSet::from(["lesion".to_owned()]));
    assert!(iou(&estimated.regions["lesion"], &mask) > 0.9);
    assert_eq!(sample(1).regions["lesion"].area(), 30 * 90);
    assert_eq!(sample(2).shows("lesion"), Some(false));
    assert_eq!(sample(3).shows("lesion"), None);
    assert!([1, 2, 3].iter().all(|&index| sample(index).estimated.is_empty()));
    assert_ne!(data.fingerprint().expect("it is sound"), fingerprint);
    assert_eq!(data.regions(), ["lesion"]);

    // Under another name, and where no picture has one, the region is new.
    let options = PhantomOptions { count: 2, size: 96, ..PhantomOptions::default() };
    let renamed = EstimatedLesions::new(Box::new(Phantoms::new(options).expect("valid")), "mole");
    assert_eq!(renamed.regions(), ["bubbles", "hair", "ink", "lesion", "mole", "ruler"]);
    assert!(renamed.sample(0).expect("a phantom").estimated.contains("mole"));
}
