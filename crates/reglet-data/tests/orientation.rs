//! Regions of pictures whose files say that they are to be turned, against Pillow, which turns them.

use std::fs;
use std::path::{Path, PathBuf};

use reglet_data::coco::CocoOptions;
use reglet_data::{DataError, Dataset, DrawnOn, ManifestOptions, Mask, Sample};
use tempfile::TempDir;

/// The data set of one fixture with one mask.
fn with_mask(picture: &str, mask: &str, drawn_on: Option<DrawnOn>) -> Result<Sample, DataError> {
    let disk = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| fixtures().join(name).display().to_string();
    let text = format!("image,label,ruler_mask\n{},x,{}\n", path(picture), path(mask));
    let options = ManifestOptions { drawn_on, ..ManifestOptions::new(write(&disk, "manifest.csv", &text)) };
    options.open().expect("it is sound").sample(0)
}

/// The pictures are black and white, and their masks themselves.
fn fits(sample: &Sample) -> bool {
    let (width, height) = sample.picture.dimensions();
    let white = |x, y| sample.picture.get_pixel(x, y).0 == [255; 3];
    sample.regions["ruler"] == Mask::from_fn(width, height, white).expect("it is small")
}

fn is_ambiguous(read: &Result<Sample, DataError>) -> bool {
    matches!(read, Err(DataError::Orientation { .. }))
}

#[test]
fn a_mask_lies_on_its_picture_however_it_was_drawn() {
    let mut turned = 0;
    for shape in ["wide", "square"] {
        for (number, ending) in (1..=8).flat_map(|number| [(number, "png"), (number, "tiff")]) {
            let picture = format!("{shape}-{number}.{ending}");
            let (stored, upright) = (format!("{shape}-stored.png"), format!("{shape}-{number}-upright.png"));
            for (mask, way) in [(&stored, DrawnOn::Stored), (&upright, DrawnOn::Upright)] {
                let told = with_mask(&picture, mask, Some(way)).expect("it is sound");
                assert!(fits(&told), "{mask} on {picture}");
                let untold = with_mask(&picture, mask, None);
                if number == 1 || (shape == "wide" && number >= 5) {
                    assert!(fits(&untold.expect("its size tells")), "{mask} on {picture}");
                    turned += 1;
                } else {
                    assert!(is_ambiguous(&untold), "{mask} on {picture}: {untold:?}");
                    let text = untold.expect_err("it is ambiguous").to_string();
                    assert!(text.contains(&format!("orientation {number}")), "{text}");
                    assert!(text.contains("drawn_on = \"upright\""), "{text}");
                }
            }
        }
    }
    assert_eq!(turned, 24);
}

#[test]
fn a_mask_that_says_the_same_as_its_picture_was_made_along_with_it() {
    for (picture, mask) in [
        ("square-3.png", "square-3.png"),
        ("square-3.png", "square-3.tiff"),
        ("square-6.tiff", "square-6.png"),
    ] {
        assert!(fits(&with_mask(picture, mask, None).expect("it is sound")), "{mask} on {picture}");
    }
    let other = with_mask("square-3.png", "square-6.png", None).expect_err("they differ").to_string();
    assert!(
        other.contains("(orientation 6), but its picture") && other.contains("(orientation 3)"),
        "{other}"
    );
    let plain = with_mask("square-1.png", "square-6.png", None).expect_err("they differ").to_string();
    assert!(plain.contains("save the mask again without its EXIF data"), "{plain}");
}

#[test]
fn a_mask_of_neither_size_does_not_fit() {
    let error = with_mask("wide-6.png", "square-stored.png", None).expect_err("it is of another picture");
    assert!(matches!(error, DataError::MaskSize { mask: (5, 5), picture: (7, 4), .. }), "{error}");
    let error = with_mask("wide-6.png", "wide-stored.png", Some(DrawnOn::Upright)).expect_err("it is stored");
    assert!(matches!(error, DataError::MaskSize { mask: (7, 4), picture: (4, 7), .. }), "{error}");
}

/// A box over the leftmost column of the picture that is stored, or that is shown, in a file that gives this size.
fn with_box(
    picture: &str,
    size: Option<(u32, u32)>,
    bbox: [u32; 4],
    drawn_on: Option<DrawnOn>,
) -> Result<Sample, DataError> {
    let disk = tempfile::tempdir().expect("a temporary folder");
    fs::copy(fixtures().join(picture), disk.path().join(picture)).expect("it can be copied");
    let size = size.map(|(width, height)| format!(r#", "width": {width}, "height": {height}"#));
    let annotations = format!(
        r#"{{"images": [{{"id": 1, "file_name": "{picture}"{}}}], "categories": [{{"id": 1, "name": "ruler"}}],
            "annotations": [{{"id": 9, "image_id": 1, "category_id": 1, "bbox": {bbox:?}}}]}}"#,
        size.unwrap_or_default()
    );
    let coco = Some(CocoOptions::new(write(&disk, "rulers.json", &annotations)));
    let manifest = write(&disk, "manifest.csv", &format!("image,label\n{picture},x\n"));
    ManifestOptions { coco, drawn_on, ..ManifestOptions::new(manifest) }.open()?.sample(0)
}

#[test]
fn annotations_lie_on_their_picture_however_they_were_drawn() {
    let mask =
        |(width, height), inside: fn(u32, u32) -> bool| Mask::from_fn(width, height, inside).expect("small");
    let ruler = |sample: Result<Sample, DataError>| sample.expect("it is sound").regions.remove("ruler");
    // Orientation 6: shown after a quarter turn clockwise, so that the top row is the rightmost column.
    let left_column = mask((7, 4), |x, _| x == 0);
    let bottom_row = mask((7, 4), |_, y| y == 3);
    assert_eq!(ruler(with_box("wide-6.png", Some((7, 4)), [0, 0, 1, 4], None)), Some(left_column.clone()));
    assert_eq!(ruler(with_box("wide-6.png", Some((4, 7)), [0, 0, 1, 7], None)), Some(bottom_row.clone()));
    assert_eq!(ruler(with_box("wide-6.png", None, [0, 0, 1, 7], Some(DrawnOn::Upright))), Some(bottom_row));
    assert_eq!(ruler(with_box("wide-6.png", None, [0, 0, 1, 4], Some(DrawnOn::Stored))), Some(left_column));
    assert!(is_ambiguous(&with_box("wide-6.png", None, [0, 0, 1, 4], None)));
    assert!(is_ambiguous(&with_box("square-3.png", Some((5, 5)), [0, 0, 1, 5], None)));
    // What lies the same either way is not in doubt.
    assert_eq!(
        ruler(with_box("square-3.png", Some((5, 5)), [1, 1, 3, 3], None)),
        Some(mask((5, 5), |x, y| (1..4).contains(&x) && (1..4).contains(&y)))
    );
    // A TIFF is turned when it is read.
    assert_eq!(
        ruler(with_box("wide-6.tiff", Some((4, 7)), [0, 0, 1, 7], None)),
        Some(mask((4, 7), |x, _| x == 0))
    );
    assert_eq!(
        ruler(with_box("wide-6.tiff", Some((7, 4)), [0, 0, 1, 4], None)),
        Some(mask((4, 7), |_, y| y == 0))
    );
}

#[test]
fn the_fingerprint_tells_how_regions_were_drawn() {
    let disk = tempfile::tempdir().expect("a temporary folder");
    fs::copy(fixtures().join("wide-6.png"), disk.path().join("a.png")).expect("it can be copied");
    let manifest = write(&disk, "manifest.csv", "image,label\na.png,x\n");
    let fingerprint = |drawn_on| {
        let options = ManifestOptions { drawn_on, ..ManifestOptions::new(&manifest) };
        options.open().expect("it is sound").fingerprint().expect("it can be read")
    };
    assert_ne!(fingerprint(Some(DrawnOn::Stored)), fingerprint(Some(DrawnOn::Upright)));
    assert_eq!(fingerprint(None), fingerprint(None));
}

fn write(disk: &TempDir, name: &str, text: &str) -> PathBuf {
    let file = disk.path().join(name);
    fs::write(&file, text).expect("it can be written");
    file
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/orientation")
}
