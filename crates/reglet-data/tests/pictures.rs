//! Every kind of picture that must work, against Pillow; every broken one, refused for its own reason.
//! Both are found by looking into the folders: a file added there is tested.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, Rgb, RgbImage};
use reglet_data::picture::{self, Fault, Limits, Orientation, PictureError};
use sha2::{Digest, Sha256};

#[test]
fn each_kind_gives_the_pixels_that_pillow_gives() {
    let pictures = files("fixtures/pictures");
    assert!(pictures.len() >= 40, "only {} pictures were found", pictures.len());
    for path in pictures {
        let name = path.file_name().and_then(OsStr::to_str).expect("fixtures have plain names");
        let expected = path.with_file_name("expected").join(format!("{name}.png"));
        let expected = image::open(expected).expect("each picture has an expected one").into_rgb8();
        let actual = picture::load(&path, &Limits::default()).expect("it is a sound picture");
        assert_eq!(actual.dimensions(), expected.dimensions(), "{name}");
        let bytes = fs::read(&path).expect("it was just read");
        let tolerance = match image::guess_format(&bytes).unwrap_or(ImageFormat::Tiff) {
            // The inverse cosine transform and the upsampling of colour are not fixed to the last bit.
            ImageFormat::Jpeg => 4,
            ImageFormat::Tiff if name.contains("as-jpeg") => 4,
            // So is the conversion of colours, which Pillow does with tables.
            ImageFormat::Tiff if name.contains("ycbcr") => 1,
            _ => 0,
        };
        let worst = largest_difference(&actual, &expected);
        assert!(worst <= tolerance, "{name} differs from Pillow's by up to {worst} levels");
    }
}

#[test]
fn each_broken_file_is_refused_for_what_is_wrong_with_it() {
    for (folder, fault) in [("broken/data", Fault::Data), ("broken/limits", Fault::Limits)] {
        let broken = files(folder);
        assert!(broken.len() >= 3, "only {} files were found in {folder}", broken.len());
        for path in broken {
            match picture::load(&path, &Limits::default()) {
                Ok(picture) => panic!("{} was read as {:?} pixels", path.display(), picture.dimensions()),
                Err(error) => {
                    assert_eq!(error.fault(), fault, "{error}");
                    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
                }
            }
        }
    }
}

#[test]
fn what_is_wrong_is_said_in_one_sentence() {
    let complaint =
        |path: &Path| picture::load(path, &Limits::default()).expect_err("the file is not sound").to_string();
    let broken = |name: &str| complaint(&tests_folder().join("broken").join(name));
    assert!(broken("data/empty.png").contains("is empty, 0 bytes long"));
    assert!(broken("data/text.png").contains("convert it to PNG, JPEG, BMP, TIFF or WebP"));
    assert!(broken("data/half.jpg").contains("is truncated"));
    assert!(broken("data/half.png").contains("is truncated"));
    assert!(broken("data/float.tiff").contains("save it as an 8-bit PNG"), "{}", broken("data/float.tiff"));
    let twelve = broken("data/twelve-bits.png");
    assert!(
        twelve.contains("no value above 3887 of 65535") && twelve.contains("contain 12-bit values"),
        "{twelve}"
    );
    assert!(twelve.contains("multiply them by 16,"), "{twelve}");
    assert!(broken("limits/huge.png").contains("60000×60000 pixels, but at most 200000000 are allowed"));
    assert!(complaint(Path::new("nowhere.png")).contains("there is no picture `nowhere.png`"));
    assert!(complaint(&tests_folder()).contains("is a folder"));
}

#[test]
fn floating_point_pictures_have_no_fixed_black_and_white() {
    let mut bytes = io::Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgb32F(ImageBuffer::from_pixel(3, 2, Rgb([0.0, 0.5, 255.0])));
    picture.write_to(&mut bytes, ImageFormat::Tiff).expect("such pictures can be written");
    let error = picture::decode(bytes.get_ref(), Path::new("float.tiff"), &Limits::default())
        .expect_err("nobody knows what 255 means there");
    assert!(matches!(error, PictureError::FloatingPoint { .. }), "{error}");
}

/// So does libjpeg, if the file has neither JFIF's marker nor Adobe's.
#[test]
fn components_that_are_named_red_green_and_blue_are_not_converted() {
    let whole = fs::read(tests_folder().join("fixtures/pictures/no-subsampling.jpg")).expect("a fixture");
    let converted = picture::decode(&whole, Path::new("a.jpg"), &Limits::default()).expect("it is sound");
    let (mut renamed, mut at) = (vec![0xFF, 0xD8], 2);
    loop {
        let length = 2 + usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]]));
        let mut segment = whole[at..at + length].to_vec();
        // The names of the components are in the headers of the frame and of the scan.
        let names = match segment[1] {
            0xC0 => Some((10, 3)),
            0xDA => Some((5, 2)),
            _ => None,
        };
        for (index, &name) in b"RGB".iter().enumerate() {
            names.iter().for_each(|(first, step)| segment[first + index * step] = name);
        }
        if segment[1] != 0xE0 {
            renamed.extend(&segment);
        }
        at += length;
        if segment[1] == 0xDA {
            break;
        }
    }
    renamed.extend(&whole[at..]);
    let read = picture::decode(&renamed, Path::new("a.jpg"), &Limits::default()).expect("it is sound");
    for (read, converted) in read.pixels().zip(converted.pixels()) {
        let [red, green, blue] = converted.0.map(f32::from);
        let brightness = 0.299 * red + 0.587 * green + 0.114 * blue;
        let differences = [128.0 + (blue - brightness) / 1.772, 128.0 + (red - brightness) / 1.402];
        let expected = [brightness, differences[0], differences[1]];
        let worst = read.0.iter().zip(expected).map(|(&a, b)| (f32::from(a) - b).abs()).fold(0.0, f32::max);
        // Colours beyond what RGB can say were cut off by the conversion.
        let is_cut = converted.0.iter().any(|level| [0, 255].contains(level));
        assert!(is_cut || worst < 3.0, "{read:?} is not {expected:?}");
    }
}

/// Pillow keeps the upper bytes, and divides them by that of the alpha.
#[test]
fn sixteen_bits_are_divided_by_the_alpha_they_were_multiplied_with() {
    // Two pixels: half of a colour under half an alpha, and white under all of it.
    let pixels = [0x4000_u16, 0x2000, 0x1000, 0x8000, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF];
    // Tag, type, count and value; the values of two tags are longer and stand behind the directory.
    let entries: [[u32; 4]; 10] = [
        [256, 3, 1, 2],
        [257, 3, 1, 1],
        [258, 3, 4, 134],
        [259, 3, 1, 1],
        [262, 3, 1, 2],
        [273, 4, 1, 142],
        [277, 3, 1, 4],
        [278, 3, 1, 1],
        [279, 4, 1, 16],
        [338, 3, 1, 1],
    ];
    let mut bytes = b"II\x2a\0\x08\0\0\0\x0a\0".to_vec();
    for [tag, kind, count, value] in entries {
        bytes.extend((tag as u16).to_le_bytes());
        bytes.extend((kind as u16).to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes.extend([16_u16; 4].into_iter().chain(pixels).flat_map(u16::to_le_bytes));
    let picture = picture::decode(&bytes, Path::new("a.tiff"), &Limits::default()).expect("it is sound");
    let colours: Vec<[u8; 3]> = picture.pixels().map(|pixel| pixel.0).collect();
    assert_eq!(colours, [[127, 63, 31], [255; 3]]);
}

#[test]
fn a_missing_file_is_the_fault_of_the_path() {
    let error = picture::load(Path::new("nowhere.png"), &Limits::default()).expect_err("it is not there");
    assert_eq!(error.fault(), Fault::Missing);
}

#[test]
fn the_hash_is_of_the_bytes_and_the_orientation_is_told() {
    let orientation = |name: &str| {
        let path = tests_folder().join("fixtures/pictures").join(name);
        let read = picture::read(&path, &Limits::default()).expect("a fixture");
        let bytes = fs::read(&path).expect("it was just read");
        assert_eq!(read.sha256, format!("{:x}", Sha256::digest(&bytes)), "{name}");
        assert_eq!(read.pixels, picture::load(&path, &Limits::default()).expect("a fixture"));
        (read.orientation, read.upright)
    };
    assert_eq!(orientation("colour.jpg"), (Orientation::NoTransforms, false));
    assert_eq!(orientation("turned-by-exif.jpg"), (Orientation::Rotate90, false));
    assert_eq!(orientation("turned-6.tiff"), (Orientation::Rotate90, true));
    assert_eq!(orientation("rgb.tiff"), (Orientation::NoTransforms, true));
}

#[test]
fn a_black_picture_of_sixteen_bits_is_black() {
    let mut bytes = io::Cursor::new(Vec::new());
    let picture = DynamicImage::ImageLuma16(ImageBuffer::from_pixel(3, 2, Luma([0])));
    picture.write_to(&mut bytes, ImageFormat::Png).expect("such pictures can be written");
    let read = picture::decode(bytes.get_ref(), Path::new("black.png"), &Limits::default());
    assert_eq!(read.expect("black is a colour"), RgbImage::new(3, 2));
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_before_it_is_opened() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pipe = folder.path().join("pipe.png");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("it is there").success());
    for (path, what) in [(pipe.as_path(), "is a pipe, not a file"), (Path::new("/dev/zero"), "is a device")] {
        let error = picture::load(path, &Limits::default()).expect_err("it is no file");
        assert!(error.to_string().contains(what), "{error}");
        assert_eq!(error.fault(), Fault::Missing);
    }
}

#[cfg(unix)]
#[test]
fn a_refusal_by_the_system_is_the_fault_of_the_system() {
    // A link to itself is refused by every user's system, even the administrator's.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("loop.png");
    std::os::unix::fs::symlink(&path, &path).expect("a link");
    let error = picture::load(&path, &Limits::default()).expect_err("it leads nowhere");
    assert_eq!(error.fault(), Fault::System, "{error}");
}

#[test]
fn limits_are_kept_to_the_pixel_and_the_byte() {
    let path = tests_folder().join("fixtures/pictures/rgb.png");
    let bytes = fs::metadata(&path).expect("it is there").len();
    let exact = Limits { pixels: 37 * 29, bytes };
    picture::load(&path, &exact).expect("it is exactly as large as allowed");
    let pixels = picture::load(&path, &Limits { pixels: 37 * 29 - 1, ..exact });
    assert!(matches!(pixels, Err(PictureError::TooManyPixels { width: 37, height: 29, limit: 1072, .. })));
    let bytes = picture::load(&path, &Limits { bytes: bytes - 1, ..exact });
    assert!(matches!(bytes, Err(PictureError::TooManyBytes { .. })));
}

#[test]
fn every_way_of_cutting_a_picture_short_is_noticed_or_harmless() -> io::Result<()> {
    let tiffs = ["big", "grey-alpha", "palette", "palette-big", "premultiplied", "turned-6", "ycbcr"];
    let tiffs = tiffs.map(|name| format!("{name}.tiff"));
    let others = ["rgb.png", "colour.jpg", "progressive.jpg", "rgb.bmp", "rgb.tiff", "lossless.webp"];
    for name in tiffs.iter().map(String::as_str).chain(others) {
        let path = tests_folder().join("fixtures/pictures").join(name);
        let bytes = fs::read(&path)?;
        let whole = picture::decode(&bytes, &path, &Limits::default()).expect("it is sound");
        for end in 0..bytes.len() {
            // What follows the pixels (metadata, a closing marker) may be missing; pixels may not.
            match picture::decode(&bytes[..end], &path, &Limits::default()) {
                Ok(picture) => assert_eq!(picture, whole, "the first {end} bytes of {name}"),
                Err(error) => assert_eq!(error.fault(), Fault::Data, "{error}"),
            }
        }
    }
    Ok(())
}

#[test]
fn a_changed_byte_gives_a_picture_or_an_error() {
    for path in files("fixtures/pictures") {
        let whole = fs::read(&path).expect("it is there");
        let limits = Limits { pixels: 10_000, bytes: 1 << 20 };
        // Headers are at the beginning, and in TIFF also at the end.
        let places = (0..whole.len().min(300)).chain(whole.len().saturating_sub(300)..whole.len());
        for (place, value) in places.flat_map(|place| [0, 1, 0x7f, 0xff].map(|value| (place, value))) {
            let mut bytes = whole.clone();
            bytes[place] = value;
            if let Ok(read) = picture::decode(&bytes, &path, &limits) {
                assert!(u64::from(read.width()) * u64::from(read.height()) <= limits.pixels);
            }
        }
    }
}

fn largest_difference(a: &RgbImage, b: &RgbImage) -> u8 {
    a.as_raw().iter().zip(b.as_raw()).map(|(&a, &b)| a.abs_diff(b)).max().unwrap_or(0)
}

/// The files of a folder under `tests`, without its folders, sorted.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(tests_folder().join(folder)).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    let mut files: Vec<_> = paths.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}
