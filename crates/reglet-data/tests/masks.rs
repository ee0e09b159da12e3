//! What must hold of a mask, and of a mask made larger.

use image::{GrayImage, Luma};
use proptest::prelude::*;
use reglet_data::{BoundingBox, MAX_PIXELS, Mask, MaskError};

#[test]
fn sizes_and_bits_are_checked() {
    assert_eq!(Mask::empty(0, 5), Err(MaskError::NoPixels { width: 0, height: 5 }));
    assert!(Mask::empty(12_000, 9_000).is_ok(), "what the largest cameras give");
    let side = u32::try_from(MAX_PIXELS.isqrt() + 1).expect("it is small enough");
    assert_eq!(Mask::empty(side, side), Err(MaskError::TooLarge { width: side, height: side }));
    assert_eq!(Mask::from_fn(u32::MAX, u32::MAX, |_, _| true).map(|mask| mask.area()), {
        Err(MaskError::TooLarge { width: u32::MAX, height: u32::MAX })
    });
    let short = Mask::new(3, 2, vec![true; 5]);
    assert_eq!(short, Err(MaskError::Bits { width: 3, height: 2, bits: 5 }));
    let (small, large) = (Mask::empty(3, 2).expect("small"), Mask::empty(2, 3).expect("small"));
    assert_eq!(small.union(&large), Err(MaskError::Sizes { left: (3, 2), right: (2, 3) }));
}

#[test]
fn grey_counts_from_the_middle() {
    let picture = GrayImage::from_raw(4, 1, vec![0, 127, 128, 255]).expect("four values");
    let mask = Mask::from_gray(&picture).expect("a small mask");
    assert_eq!(mask.bits(), [false, false, true, true]);
    assert_eq!(mask.to_gray().into_raw(), [0, 0, 255, 255]);
}

#[test]
fn nothing_is_inside_beyond_the_edge() {
    let mut full = Mask::from_fn(3, 2, |_, _| true).expect("a small mask");
    assert!(full.get(2, 1));
    assert!(!full.get(3, 1) && !full.get(2, 2) && !full.get(u32::MAX, u32::MAX));
    full.set(3, 0, false);
    assert_eq!(full.area(), 6);
    full.set(2, 0, false);
    assert_eq!(full.area(), 5);
}

#[test]
fn a_disc_is_a_dilated_point() {
    let point = Mask::from_fn(9, 9, |x, y| (x, y) == (4, 4)).expect("a small mask");
    let disc = Mask::from_fn(9, 9, |x, y| x.abs_diff(4).pow(2) + y.abs_diff(4).pow(2) <= 9);
    assert_eq!(Ok(point.dilate(3)), disc);
    assert_eq!(point.dilate(u32::MAX).area(), 81);
    assert!(Mask::empty(5, 5).expect("a small mask").dilate(u32::MAX).is_empty());
}

#[test]
fn the_box_is_the_smallest() {
    let mask = Mask::from_fn(20, 10, |x, y| (x, y) == (3, 7) || (x, y) == (11, 2)).expect("a small mask");
    assert_eq!(mask.bounding_box(), Some(BoundingBox { x: 3, y: 2, width: 9, height: 6 }));
    assert_eq!(Mask::empty(2, 2).expect("a small mask").bounding_box(), None);
}

/// An empty mask has no bits before somebody asks for them.
#[test]
fn empty_masks_are_alike_however_they_were_made() {
    let empty = || Mask::empty(3, 2).expect("small");
    let made = Mask::from_fn(3, 2, |_, _| false).expect("small");
    let full = made.complement();
    assert!(empty() == made && made == empty() && empty() == empty());
    assert!(empty() != full && full != empty() && empty() != Mask::empty(2, 3).expect("small"));
    for mask in [empty(), made] {
        assert_eq!((mask.area(), mask.fraction(), mask.iter().count()), (0, 0.0, 0));
        assert!(mask.is_empty() && !mask.get(1, 1) && mask.bounding_box().is_none());
        assert_eq!((mask.complement(), mask.union(&full)), (full.clone(), Ok(full.clone())));
        assert_eq!(mask.to_gray().into_raw(), [0; 6]);
        let mut mask = mask;
        mask.set(1, 1, false);
        assert!(mask.is_empty());
        mask.set(1, 1, true);
        assert_eq!(mask.iter().collect::<Vec<_>>(), [(1, 1)]);
    }
    assert_eq!(empty().bits(), [false; 6]);
    // Two terabytes, if they were made.
    let many: Vec<Mask> = (0..10_000).flat_map(|_| Mask::empty(20_000, 10_000)).collect();
    assert!(many.len() == 10_000 && many.iter().all(Mask::is_empty));
}

proptest! {
    #[test]
    fn dilation_reaches_just_what_is_near(mask in masks(), radius in 0..9_u32) {
        let near = |x: u32, y: u32| {
            mask.iter().any(|(i, j)| i.abs_diff(x).pow(2) + j.abs_diff(y).pow(2) <= radius * radius)
        };
        prop_assert_eq!(Ok(mask.dilate(radius)), Mask::from_fn(mask.width(), mask.height(), near));
    }

    #[test]
    fn union_and_complement_obey_de_morgan(a in masks(), flips: u64) {
        let b = Mask::from_fn(a.width(), a.height(), |x, y| flips >> ((x * 7 + y) % 64) & 1 == 1).expect("small");
        let union = a.union(&b).expect("they have one size");
        let both = a.complement().union(&b.complement()).expect("they have one size").complement();
        prop_assert_eq!(union.area() + both.area(), a.area() + b.area());
        prop_assert!(a.iter().all(|(x, y)| union.get(x, y)));
        prop_assert_eq!(a.union(&a.complement()).expect("they have one size").fraction(), 1.0);
    }

    #[test]
    fn every_way_of_counting_agrees(mask in masks()) {
        prop_assert_eq!(mask.area(), mask.iter().count());
        prop_assert_eq!(mask.is_empty(), mask.area() == 0);
        prop_assert_eq!(mask.is_empty(), mask.bounding_box().is_none());
        prop_assert_eq!(Mask::from_gray(&mask.to_gray()), Ok(mask.clone()));
        let white = mask.to_gray().pixels().filter(|&&pixel| pixel == Luma([255])).count();
        prop_assert_eq!(mask.fraction(), white as f64 / mask.bits().len() as f64);
    }
}

fn masks() -> impl Strategy<Value = Mask> {
    (1..24_u32, 1..24_u32, 0.0..0.3).prop_flat_map(|(width, height, share)| {
        prop::collection::vec(prop::bool::weighted(share), (width * height) as usize)
            .prop_map(move |bits| Mask::new(width, height, bits).expect("one bit a pixel"))
    })
}
