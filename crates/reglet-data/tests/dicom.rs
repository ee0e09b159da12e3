//! DICOM files: what pydicom makes of them, what lies in them that may not come out, and what is wrong with some.
#![cfg(feature = "dicom")]

use std::path::{Path, PathBuf};
use std::{env, fs};

use reglet_data::picture::{self, DicomFault, Fault, Limits, PictureError};
use reglet_data::{Dataset, FolderOptions, ImageFolderOptions, ManifestOptions, pictures_in};

/// What is written of people in the fixtures (`make_dicom.py`).
const SECRETS: [&str; 5] = ["SECRET", "Secret", "4711", "19010203", "1.2.826"];

#[test]
fn each_file_looks_as_pydicom_shows_it() {
    compare(&fixtures(), 30);
}

/// The files that come with pydicom, which `tests/reference/make_dicom.py FOLDER` puts there.
#[test]
fn so_do_those_that_come_with_pydicom() {
    let Some(folder) = env::var_os("REGLET_DICOM") else {
        return println!("skipped: REGLET_DICOM names no folder of pydicom's own files");
    };
    compare(Path::new(&folder), 30);
}

fn compare(folder: &Path, least: usize) {
    let (mut compared, mut refused, mut apart) = (0, Vec::new(), Vec::new());
    let files =
        fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("it is there").path());
    for file in files.filter(|file| file.is_file()) {
        for path in picture::frames(&file) {
            let name = path.file_name().and_then(|name| name.to_str()).expect("fixtures have plain names");
            let expected = image::open(folder.join("expected").join(format!("{name}.png")));
            let expected = expected.unwrap_or_else(|fault| panic!("{name}: {fault}")).into_rgb16();
            let actual = match picture::load(&path, &Limits::default()) {
                Ok(actual) => actual,
                Err(fault) => {
                    refused.push(fault.to_string());
                    continue;
                }
            };
            assert_eq!(actual.dimensions(), expected.dimensions(), "{name}");
            let bytes = fs::read(&file).expect("a fixture");
            let is_lossy = ["4.50", "4.51", "4.91"].into_iter().any(|code| {
                let syntax = format!("1.2.840.10008.1.2.{code}");
                bytes.windows(syntax.len()).any(|part| part == syntax.as_bytes())
            });
            // Decoders of what is compressed with loss differ among themselves.
            let allowed = if is_lossy { 4 } else { 1 };
            let levels = actual.as_raw().iter().zip(expected.as_raw());
            let worst = levels.map(|(&a, &b)| a.abs_diff((b >> 8) as u8)).max().unwrap_or(0);
            println!("{name}: differs by {worst} levels of 256 at most");
            if worst > allowed {
                apart.push(format!("{name} by {worst} levels of 256"));
            }
            if let Some(rest) = actual.rest().filter(|_| !is_lossy) {
                let levels =
                    actual.pixels().zip(rest).map(|(rgb, rest)| f32::from(rgb.0[0]) * 257.0 + 65535.0 * rest);
                let pairs = levels.zip(expected.pixels()).map(|(a, b)| (a - f32::from(b.0[0])).abs());
                let worst = pairs.fold(0.0, f32::max);
                if worst > 1.5 {
                    apart.push(format!("{name} by {worst} levels of 65,536"));
                }
            }
            compared += 1;
        }
    }
    println!("{compared} pictures were compared; refused:\n{}", refused.join("\n"));
    assert!(apart.is_empty(), "too far from pydicom: {}", apart.join(", "));
    assert!(compared >= least, "only {compared} were compared:\n{}", refused.join("\n"));
}

#[test]
fn every_committed_file_is_read() {
    let pictures = pictures_in(&fixtures()).expect("they are sound");
    let names: Vec<String> = pictures.iter().map(|path| name(path)).collect();
    assert!(names.iter().any(|name| name == "IM0001"), "told by its content: {names:?}");
    assert!(names.iter().any(|name| name == "frames.dcm#3"), "each frame is a picture: {names:?}");
    for path in &pictures {
        picture::load(path, &Limits::default()).expect("it is sound");
    }
}

#[test]
fn a_frame_is_named_or_asked_for() {
    let frame = |name: &str| picture::load(&fixtures().join(name), &Limits::default());
    let complaint = |name: &str| frame(name).expect_err("there is no such picture").to_string();
    assert_ne!(frame("frames.dcm#1").expect("a frame"), frame("frames.dcm#2").expect("another"));
    assert!(complaint("frames.dcm").contains("of 3 frames: select one"), "{}", complaint("frames.dcm"));
    assert!(complaint("frames.dcm#4").contains("of 3 frames, counted from 1, and has no frame 4"));
    assert!(complaint("frames.dcm#0").contains("has no frame 0"));
    assert!(complaint("window.dcm#2").contains("of 1 frame, counted from 1, and has no frame 2"));
    assert!(complaint("expected/window.dcm.png#1").contains("is not a DICOM file, so no frame"));
    assert_eq!(frame("window.dcm#1").expect("the only one"), frame("window.dcm").expect("the same"));
}

#[test]
fn files_in_folders_and_tables_are_data_sets_grouped_by_patient() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let put = |name: &str, as_name: &str| {
        let to = folder.path().join(as_name);
        fs::create_dir_all(to.parent().expect("it lies in a folder")).expect("room");
        fs::copy(fixtures().join(name), to).expect("room");
    };
    put("window.dcm", "sick/a.dcm");
    put("frames.dcm", "well/cine.dcm");
    put("IM0001", "well/IM0001");
    let open = || FolderOptions::new(folder.path()).open();
    let data = open().expect("they are sound");
    let ids: Vec<&str> = (0..data.len()).map(|index| data.id(index)).collect();
    assert_eq!(ids, ["sick/a.dcm", "well/IM0001", "well/cine.dcm#1", "well/cine.dcm#2", "well/cine.dcm#3"]);
    assert_eq!(
        data.fingerprint().expect("readable"),
        open().expect("sound").fingerprint().expect("readable")
    );
    let groups: Vec<&str> = (0..data.len()).map(|index| data.group(index).expect("a patient")).collect();
    assert!(groups.iter().all(|group| *group == groups[0] && group.starts_with("patient-")), "{groups:?}");
    for (index, group) in groups.iter().enumerate() {
        let said = format!("{:?}", data.sample(index).expect("readable").regions) + group;
        silent(&said);
    }
    silent(&format!("{data:?}"));
    let imagefolder = ImageFolderOptions::new(folder.path()).open().expect("the same folders");
    assert_eq!(imagefolder.len(), 5);

    let table = folder.path().join("table.csv");
    fs::write(&table, "image,label\nsick/a,x\nwell/cine.dcm#2,y\nwell/IM0001,y\n").expect("room");
    let listed = ManifestOptions::new(&table).open().expect("its files are there");
    assert_eq!(listed.id(0), "sick/a.dcm");
    assert_eq!(listed.picture(1).expect("readable"), data.picture(3).expect("readable"));
    assert_eq!(listed.group(2), Some(groups[0]));
    fs::write(&table, "image,label,who\nsick/a.dcm,x,1\nwell/IM0001,y,2\n").expect("room");
    let told = ManifestOptions { group: Some("who".into()), ..ManifestOptions::new(&table) };
    assert_eq!(told.open().expect("sound").group(0), Some("1"), "who says it knows better");
    fs::write(&table, "image,label\nwell/cine.dcm,y\n").expect("room");
    let complaint = ManifestOptions::new(&table).open().expect_err("which frame?").to_string();
    assert!(complaint.contains("line 2") || complaint.contains(":2"), "{complaint}");
    assert!(complaint.contains("of 3 frames"), "{complaint}");
    fs::write(&table, "image,label\nwell/cine.dcm#3,y\nwell/cine.dcm#03,y\n").expect("room");
    let complaint = ManifestOptions::new(&table).open().expect_err("one frame twice").to_string();
    assert!(complaint.contains("`well/cine.dcm#03` is listed a second time, first in line 2"), "{complaint}");
}

#[test]
fn masks_are_found_by_names_with_dots_and_for_every_frame() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["set/x", "rulers/x"] {
        fs::create_dir_all(folder.path().join(name)).expect("room");
    }
    let put = |name: &str, as_name: &str| {
        fs::copy(fixtures().join(name), folder.path().join("set/x").join(as_name)).expect("room");
    };
    for (name, as_name) in [("IM0001", "1.2.840.1"), ("IM0001", "1.2.840.2"), ("frames.dcm", "IM0001")] {
        put(name, as_name);
    }
    let size = |name: &str| {
        picture::load(&fixtures().join(name), &Limits::default()).expect("a fixture").dimensions()
    };
    let masks = [
        ("1.2.840.1.png", size("IM0001"), 1),
        ("1.2.840.2.png", size("IM0001"), 2),
        ("IM0001.png", size("frames.dcm#1"), 3),
    ];
    for (name, (width, height), columns) in masks {
        let mask =
            image::GrayImage::from_fn(width, height, |x, _| image::Luma([u8::from(x < columns) * 255]));
        mask.save(folder.path().join("rulers/x").join(name)).expect("room");
    }
    let masks = [("ruler".to_owned(), folder.path().join("rulers"))].into();
    let options = FolderOptions { masks, ..FolderOptions::new(folder.path().join("set")) };
    let data = options.open().expect("they are sound");
    let columns = |index: usize| {
        let sample = data.sample(index).expect("readable");
        sample.regions.get("ruler").and_then(|mask| mask.bounding_box()).map(|bounds| bounds.width)
    };
    let found: Vec<_> = (0..data.len()).map(|index| (data.id(index), columns(index))).collect();
    let frames = ["x/IM0001#1", "x/IM0001#2", "x/IM0001#3"].map(|id| (id, Some(3)));
    let files = [("x/1.2.840.1", Some(1)), ("x/1.2.840.2", Some(2))];
    assert_eq!(found, [&files[..], &frames[..]].concat());
}

#[test]
fn each_frame_has_its_own_window() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let load = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        fs::write(&file, bytes).expect("room");
        move |frame: &str| {
            let path = PathBuf::from(format!("{}{frame}", file.display()));
            picture::load(&path, &Limits::default())
        }
    };
    let one = fs::read(fixtures().join("jpeg-2000.dcm")).expect("a fixture");
    let mut other = one.clone();
    for (old, new) in [(b"1800", b"1000"), (b"2500", b"0900")] {
        let at = place(&other, old);
        other[at..at + 4].copy_from_slice(new);
    }
    // A file with two such frames: the window that is of the whole file becomes private, and each frame gets one.
    let element = |tag: [u8; 4], vr: &[u8; 2], value: &[u8]| {
        let long: &[u8] = if vr == b"SQ" { &[0, 0] } else { &[] };
        let length = (value.len() as u32).to_le_bytes();
        let length = if vr == b"SQ" { &length[..] } else { &length[..2] };
        [&tag[..], vr, long, length, value].concat()
    };
    let item =
        |value: &[u8]| [&[0xFE, 0xFF, 0, 0xE0][..], &(value.len() as u32).to_le_bytes(), value].concat();
    let of_frame = |centre: &[u8], width: &[u8]| {
        let centre = element([0x28, 0, 0x50, 0x10], b"DS", centre);
        let width = element([0x28, 0, 0x51, 0x10], b"DS", width);
        item(&element([0x28, 0, 0x32, 0x91], b"SQ", &item(&[centre, width].concat())))
    };
    let mut two = one.clone();
    for tag in [[0x28, 0, 0x50, 0x10], [0x28, 0, 0x51, 0x10]] {
        let at = place(&two, &tag);
        two[at] = 0x29;
    }
    let pixels = place(&two, &[0xE0, 0x7F, 0x10, 0, b'O', b'B']);
    let offsets = u32::from_le_bytes(*two[pixels + 16..].first_chunk().expect("a length")) as usize;
    let fragment = two[pixels + 20 + offsets..two.len() - 8].to_vec();
    let file = |groups: &[Vec<u8>]| {
        let rows = place(&two, &[0x28, 0, 0x10, 0, b'U', b'S']);
        [
            &two[..rows],
            &element([0x28, 0, 0x08, 0], b"IS", b"2 "),
            &two[rows..pixels],
            &element([0x00, 0x52, 0x30, 0x92], b"SQ", &groups.concat()),
            &two[pixels..pixels + 12],
            &item(&[]),
            &fragment,
            &fragment,
            &two[two.len() - 8..],
        ]
        .concat()
    };
    let groups = [of_frame(b"1800", b"2500"), of_frame(b"1000", b"0900")];
    let frames = load("two.dcm", &file(&groups));
    let (one, other) = (load("one.dcm", &one)(""), load("other.dcm", &other)(""));
    let (one, other) = (one.expect("a fixture"), other.expect("a fixture with another window"));
    assert!(one != other);
    assert!(frames("#1").expect("readable") == one);
    assert!(frames("#2").expect("readable") == other);
    let complaint = load("three.dcm", &file(&[&groups[..], &groups[..1]].concat()))("#1");
    let complaint = complaint.expect_err("it contradicts itself").to_string();
    assert!(complaint.contains("describes more or fewer frames than it has"), "{complaint}");
}

/// Every file cut short at every length, and with every byte of what stands before the pixels changed: it is a picture or a
/// sentence, in which nobody is named.
#[test]
fn damaged_files_are_refused_and_name_nobody() {
    let limits = Limits { pixels: 1 << 16, bytes: 1 << 20 };
    let mut refused = 0;
    for file in files_of(&fixtures()) {
        let whole = fs::read(&file).expect("a fixture");
        let origin = Path::new("a.dcm");
        for end in (0..whole.len()).step_by(if whole.len() > 4000 { 97 } else { 31 }) {
            let fault = picture::decode(&whole[..end], origin, &limits).expect_err("it is cut short");
            assert_eq!(fault.fault(), Fault::Data, "{fault}");
            silent(&fault.to_string());
        }
        for at in (132..whole.len()).step_by(if whole.len() > 4000 { 41 } else { 17 }) {
            for change in [0x01, 0xFF] {
                let mut changed = whole.clone();
                changed[at] ^= change;
                match picture::decode(&changed, origin, &limits) {
                    Ok(picture) => assert!(picture.width() * picture.height() <= 1 << 16),
                    Err(fault) => {
                        refused += 1;
                        silent(&fault.to_string());
                    }
                }
            }
        }
    }
    assert!(refused > 300, "only {refused} were refused");
}

#[test]
fn sizes_that_lie_are_refused_before_memory_is_taken() {
    let window = fs::read(fixtures().join("window.dcm")).expect("a fixture");
    let complaint =
        |bytes: &[u8]| picture::decode(bytes, Path::new("a.dcm"), &Limits::default()).expect_err("it lies");
    // Rows and columns of 65535, which are 4 thousand million pixels.
    let mut huge = window.clone();
    for element in [0x10, 0x11] {
        let at = place(&huge, &[0x28, 0, element, 0]) + 8;
        huge[at..at + 2].copy_from_slice(&[0xFF, 0xFF]);
    }
    assert!(matches!(complaint(&huge), PictureError::TooManyPixels { width: 65535, height: 65535, .. }));
    // A name of four thousand million letters.
    let mut name = window.clone();
    let at = place(&name, &[0x10, 0, 0x10, 0]);
    name.splice(at + 4..at + 8, [b'U', b'T', 0, 0, 0xF0, 0xFF, 0xFF, 0xFF]);
    assert!(matches!(complaint(&name), PictureError::CutShort { .. }), "{}", complaint(&name));
    // The same behind the pixels, with a tag that would come before them: nothing there is read.
    let mut behind = window.clone();
    behind.extend([0x08, 0x4D, 0x09, 0x70, b'O', b'B', 0, 0, 0x0A, 0xFD, 0x09, 0x99, 0x0A, 0x20]);
    let load = |bytes: &[u8]| picture::decode(bytes, Path::new("a.dcm"), &Limits::default());
    assert_eq!(load(&behind).expect("its pixels are sound"), load(&window).expect("a fixture"));
    // A number of four bytes in two: a reader that counts such numbers reads the rest two bytes too early.
    let mut halved = window.clone();
    let at = place(&halved, &[0x28, 0, 0x03, 0x01]);
    halved[at + 4..at + 6].copy_from_slice(b"SL");
    assert!(
        complaint(&halved).to_string().contains("not a whole number of its values"),
        "{}",
        complaint(&halved)
    );
    // Sequences in sequences.
    let at = place(&window, &[0x10, 0, 0x10, 0]);
    let mut deep = window[..at].to_vec();
    for _ in 0..100_000 {
        deep.extend([0x08, 0, 0x40, 0x11, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
        deep.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
    }
    assert!(complaint(&deep).to_string().contains("too deep"), "{}", complaint(&deep));
    // Frames that are not there.
    let cine = fs::read(fixtures().join("rle-frames.dcm")).expect("a fixture");
    let at = place(&cine, &[0x28, 0, 0x08, 0]) + 8;
    let mut many = cine.clone();
    many[at] = b'9';
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("many.dcm");
    fs::write(&path, many).expect("room");
    let fault = picture::load(&folder.path().join("many.dcm#1"), &Limits::default())
        .expect_err("nine frames in three pieces");
    assert!(fault.to_string().contains("9 frames are stored in 3 fragments"), "{fault}");
}

#[test]
fn what_is_not_read_is_said_by_name() {
    let window = fs::read(fixtures().join("window.dcm")).expect("a fixture");
    let with = |from: &[u8], to: &[u8]| {
        let mut changed = window.clone();
        let at = place(&changed, from);
        changed[at..at + to.len()].copy_from_slice(to);
        match picture::decode(&changed, Path::new("a.dcm"), &Limits::default()) {
            Err(PictureError::Dicom { fault, .. }) => fault,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(with(b"MONOCHROME2", b"PALETTE COL"), DicomFault::Colours);
    let syntax = with(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.7\0");
    assert_eq!(syntax, DicomFault::Syntax { name: "an unknown transfer syntax" });
    assert_eq!(
        with(&[0x28, 0, 0, 1, b'U', b'S', 2, 0, 16], &[0x28, 0, 0, 1, b'U', b'S', 2, 0, 32]),
        DicomFault::Bits { bits: 32 }
    );
    assert_eq!(with(&[0xE0, 0x7F, 0x10, 0], &[0xE0, 0x7F, 0x08, 0]), DicomFault::NoPixels);
}

fn silent(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} came out: {text}");
    }
}

fn place(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).position(|window| window == part).expect("it is there")
}

fn name(path: &Path) -> String {
    path.file_name().and_then(|name| name.to_str()).expect("fixtures have plain names").to_owned()
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it is there").path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    files
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/dicom")
}
