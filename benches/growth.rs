//! How the work of each part of an audit grows with its input: `cargo xtask bench --bench growth`.
//!
//! Each part runs on inputs of growing size; the processor time (of all threads, so that other work on the machine counts little)
//! is the smallest of several runs. The exponent is the slope of log time against log size by least squares: 1 is proportional,
//! 2 quadratic. Of small inputs, the fixed costs make it smaller than what it tends to; the last column is the exponent between the
//! two largest.

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use ndarray::{Array2, ArrayView2};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reglet_attribution::Segmentation;
use reglet_data::coco::{Coco, CocoOptions};
use reglet_data::edit::{Change, EditOptions, Editor, Source};
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{
    DataError, Dataset, Filter, Geometry, Mask, Sample, View, estimate_lesion, picture, resize_rgb,
};
use reglet_metrics::{Localisation, morans_i};
use reglet_statistics::{Rows, auroc, bootstrap_auroc, bootstrap_mean, spectral};
use reglet_viz::{Colormap, Scale, encode_png};
use rustix::time::{ClockId, clock_gettime};
use tch::{Kind, Tensor};

/// The sides of square pictures.
const SIDES: [usize; 4] = [256, 512, 1024, 2048];
/// Numbers of pictures in a data set, or of maps in a group.
const COUNTS: [usize; 4] = [125, 250, 500, 1000];
/// Numbers of rows.
const ROWS: [usize; 4] = [1000, 4000, 16_000, 64_000];

fn main() {
    println!(
        "{:<58} {:>7} {:>44} {:>9} {:>6}",
        "part", "against", "milliseconds at each size", "exponent", "last"
    );
    for (part, run) in PICTURES {
        // Pixels are the square of the side.
        let size = |side: usize| side * side;
        report(part, "pixels", SIDES.map(|side| (size(side), measured(&mut *run(side)))));
    }
    for (part, run) in SETS {
        report(part, "items", COUNTS.map(|count| (count, measured(&mut *run(count)))));
    }
    for (part, run) in TABLES {
        report(part, "rows", ROWS.map(|count| (count, measured(&mut *run(count)))));
    }
}

/// Prepares a part for a size, and returns what is measured.
type Part = (&'static str, fn(usize) -> Box<dyn FnMut()>);

const PICTURES: &[Part] = &[
    ("decode a JPEG", |side| {
        let bytes = jpeg(&lesion(side));
        Box::new(move || {
            black_box(
                picture::decode(&bytes, Path::new("lesion.jpg"), &picture::Limits::default()).expect("sound"),
            );
        })
    }),
    ("resize to a model's 224×224", |side| {
        let picture = lesion(side);
        Box::new(move || drop(black_box(resize_rgb(&picture, 224, 224, Filter::Bilinear).expect("room"))))
    }),
    ("encode a JPEG for the report", |side| {
        let picture = lesion(side);
        Box::new(move || drop(black_box(jpeg(&picture))))
    }),
    ("encode a PNG of a map", |side| {
        let map = map(side);
        let drawn = Scale::Percentile(99.0).apply(map.view()).expect("numbers").colorize(Colormap::Inferno);
        Box::new(move || drop(black_box(encode_png(&drawn).expect("room"))))
    }),
    ("dilate a mask by 3", |side| {
        let mask = disc(side);
        Box::new(move || drop(black_box(mask.dilate(3))))
    }),
    ("a mask's pixels, area and bounding box", |side| {
        let mask = disc(side);
        Box::new(move || {
            black_box((mask.iter().count(), mask.area(), mask.bounding_box()));
        })
    }),
    ("resize a mask to a model's 224×224", |side| {
        let mask = disc(side);
        Box::new(move || drop(black_box(Geometry::exact(224).apply_mask(&mask).expect("room"))))
    }),
    ("a COCO mask from run lengths", |side| coco(side, &run_lengths(&disc(side)))),
    ("a COCO mask from a polygon", |side| {
        coco(side, &format!("[[0,{0},{0},0,{1},{0},{0},{1}]]", side / 2, side - 1))
    }),
    ("segment a lesion that has no mask", |side| {
        let picture = lesion(side);
        Box::new(move || drop(black_box(estimate_lesion(&picture).expect("room"))))
    }),
    ("insert a cut-out ruler", |side| change(side, Change::Insert)),
    ("remove a ruler", |side| change(side, Change::Remove)),
    ("the control of an inserted ruler", |side| change(side, Change::Control)),
    ("a scrambled ruler", |side| change(side, Change::Scrambled)),
    ("a changed picture as a model sees it", |side| {
        let (data, editor) = edited(side);
        let (sample, index) = shown(&data, true);
        let scene = editor.scene(&data, index, &sample);
        let placement = scene.place(Change::Remove, 0).expect("it is read").expect("it shows one");
        let patch = scene.patch(Change::Remove, &placement).expect("it is edited").expect("a change");
        // A view refers to its picture, and both are needed for as long as the bench runs.
        let picture: &'static RgbImage = Box::leak(Box::new(sample.picture.into_rgb()));
        let view = View::new(picture, Geometry::exact(224)).expect("room");
        Box::new(move || drop(black_box(view.changed(&patch))))
    }),
    ("superpixels (SLIC)", |side| {
        let options = PhantomOptions { count: 1, size: side.min(1024) as u32, ..PhantomOptions::default() };
        let picture = Phantoms::new(options).expect("valid").sample(0).expect("drawn").picture;
        let picture = resize_rgb(&picture, side as u32, side as u32, Filter::Bilinear).expect("room");
        let input = Tensor::from_slice(picture.as_raw()).view([1, side as i64, side as i64, 3]);
        let input = input.permute([0, 3, 1, 2]).to_kind(Kind::Float) / 255.0;
        let segmentation = Segmentation::default();
        Box::new(move || drop(black_box(segmentation.segments("bench", &input).expect("room"))))
    }),
    ("where a map concentrates, with its AUC", |side| {
        let (map, mask) = (map(side), disc(side));
        Box::new(move || {
            let region = ArrayView2::from_shape((side, side), mask.bits()).expect("its size");
            let found = Localisation::new(map.view(), region).expect("one size");
            black_box((found.mass().ok(), found.rank_accuracy(), found.auc().ok()));
        })
    }),
    ("how connected a map is (Moran's I)", |side| {
        let map = map(side);
        Box::new(move || {
            black_box(morans_i(map.view()).expect("numbers"));
        })
    }),
];

const SETS: &[Part] = &[
    ("distances between maps", |count| {
        let maps = sketches(count);
        Box::new(move || drop(black_box(distances(&maps))))
    }),
    ("kinds of maps (spectral clustering)", |count| {
        let distances = distances(&sketches(count));
        Box::new(move || drop(black_box(spectral(&distances, 6, 7))))
    }),
    ("draw generated pictures", |count| {
        let options = PhantomOptions { count, size: 32, ..PhantomOptions::default() };
        let data = Phantoms::new(options).expect("valid");
        Box::new(move || {
            (0..data.len()).for_each(|index| drop(black_box(data.sample(index).expect("drawn"))));
        })
    }),
    ("open a COCO file", |count| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("regions.json");
        fs::write(&file, annotations(count, 64, "[[1,1,9,1,9,9]]")).expect("room");
        Box::new(move || {
            let _ = &folder;
            drop(black_box(Coco::open(&CocoOptions::new(&file)).expect("sound")));
        })
    }),
];

const TABLES: &[Part] = &[
    ("bootstrap of a mean", |count| {
        let (values, groups) = (numbers(count), (0..count as u32).map(|row| row / 3).collect::<Vec<_>>());
        Box::new(move || {
            let rows = Rows { values: &values, groups: &groups, donors: None };
            drop(black_box(bootstrap_mean(rows, 7)));
        })
    }),
    ("bootstrap of a mean over pictures and donors", |count| {
        let (values, groups) = (numbers(count), (0..count as u32).map(|row| row / 3).collect::<Vec<_>>());
        let donors: Vec<Option<u32>> = (0..count as u32).map(|row| Some(row % 24)).collect();
        Box::new(move || {
            let rows = Rows { values: &values, groups: &groups, donors: Some(&donors) };
            drop(black_box(bootstrap_mean(rows, 7)));
        })
    }),
    ("bootstrap of the AUROC", |count| {
        let (values, groups) = (numbers(count), (0..count as u32).map(|row| row / 3).collect::<Vec<_>>());
        let positive: Vec<bool> = values.iter().map(|value| *value > 0.3).collect();
        Box::new(move || drop(black_box(bootstrap_auroc(&values, &positive, &groups, 7))))
    }),
    ("the AUROC", |count| {
        let values = numbers(count);
        Box::new(move || {
            black_box(auroc(values.iter().map(|value| (*value, *value > 0.3))));
        })
    }),
];

/// The processor time of a run, the smallest of some.
fn measured(run: &mut dyn FnMut()) -> f64 {
    let time = || {
        let now = clock_gettime(ClockId::ProcessCPUTime);
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32).as_secs_f64()
    };
    let mut least = f64::INFINITY;
    let start = time();
    // At least two runs, and as many as a fifth of a second has room for.
    for turn in 0..50 {
        let before = time();
        run();
        least = least.min(time() - before);
        if turn > 0 && time() - start > 0.2 {
            break;
        }
    }
    1000.0 * least
}

fn report(part: &str, against: &str, found: [(usize, f64); 4]) {
    let logs = found.map(|(size, time)| ((size as f64).ln(), time.ln()));
    let slope = |points: Range<usize>| {
        let points = &logs[points];
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
        let (x, y) = (mean(|point| point.0), mean(|point| point.1));
        let rise: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
        rise / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
    };
    let times = found.iter().fold(String::new(), |mut text, (_, time)| {
        let _ = write!(text, " {time:>10.3}");
        text
    });
    println!("{part:<58} {against:>7} {times:>44} {:>9.2} {:>6.2}", slope(0..4), slope(2..4));
}

/// Generated pictures that do not draw themselves again, so that they are edited as photographs are.
#[derive(Debug)]
struct Photographs(Phantoms);

impl Dataset for Photographs {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn classes(&self) -> &[String] {
        self.0.classes()
    }

    fn regions(&self) -> &[String] {
        self.0.regions()
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn id(&self, index: usize) -> &str {
        self.0.id(index)
    }

    fn label(&self, index: usize) -> usize {
        self.0.label(index)
    }

    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        self.0.sample(index)
    }

    fn fingerprint(&self) -> Result<String, DataError> {
        self.0.fingerprint()
    }
}

fn edited(side: usize) -> (Photographs, Editor) {
    let options = PhantomOptions { count: 8, size: side as u32, ..PhantomOptions::default() };
    let data = Photographs(Phantoms::new(options).expect("valid"));
    let options = EditOptions { insert: Some(Source::Cutout), ..EditOptions::default() };
    let editor = Editor::new(&data, &options, "ruler", "lesion", 7).expect("rulers to cut out");
    (data, editor)
}

/// A picture with a ruler, or without one.
fn shown(data: &Photographs, ruler: bool) -> (Sample, usize) {
    let samples = (0..data.len()).map(|index| (data.sample(index).expect("drawn"), index));
    samples.into_iter().find(|(sample, _)| sample.shows("ruler") == Some(ruler)).expect("both kinds")
}

fn change(side: usize, change: Change) -> Box<dyn FnMut()> {
    let (data, editor) = edited(side);
    let (sample, index) = shown(&data, change == Change::Remove);
    Box::new(move || {
        let scene = editor.scene(&data, index, &sample);
        let placement = scene.place(change, 0).expect("it is read").expect("there is room");
        black_box(scene.patch(change, &placement).expect("it is edited"));
    })
}

fn lesion(side: usize) -> RgbImage {
    let options = PhantomOptions { count: 1, size: side as u32, ..PhantomOptions::default() };
    Phantoms::new(options).expect("valid").sample(0).expect("drawn").picture.into_rgb()
}

fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 85).encode_image(picture).expect("room");
    bytes
}

fn disc(side: usize) -> Mask {
    let (middle, radius) = (side as f32 / 2.0, side as f32 / 4.0);
    Mask::from_fn(side as u32, side as u32, |x, y| (x as f32 - middle).hypot(y as f32 - middle) < radius)
        .expect("room")
}

fn map(side: usize) -> Array2<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    Array2::from_shape_fn((side, side), |_| random.random())
}

fn numbers(count: usize) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    (0..count).map(|_| random.random()).collect()
}

fn sketches(count: usize) -> Vec<Vec<f64>> {
    (0..count).map(|item| numbers(256).into_iter().map(|value| value + (item % 3) as f64).collect()).collect()
}

fn distances(maps: &[Vec<f64>]) -> Vec<f64> {
    let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    maps.iter().flat_map(|a| maps.iter().map(move |b| distance(a, b))).collect()
}

/// Uncompressed run lengths, column by column, as COCO has them.
fn run_lengths(mask: &Mask) -> String {
    let mut counts = vec![0_usize];
    let mut inside = false;
    for (x, y) in (0..mask.width()).flat_map(|x| (0..mask.height()).map(move |y| (x, y))) {
        if mask.get(x, y) != inside {
            counts.push(0);
            inside = !inside;
        }
        *counts.last_mut().expect("there is one") += 1;
    }
    format!("{{\"counts\":{counts:?},\"size\":[{},{}]}}", mask.height(), mask.width())
}

/// A COCO file of this many pictures, each with one region.
fn annotations(count: usize, side: usize, segmentation: &str) -> String {
    let images = (0..count)
        .map(|id| format!("{{\"id\":{id},\"file_name\":\"{id}.jpg\",\"width\":{side},\"height\":{side}}}"));
    let images: Vec<String> = images.collect();
    let regions = (0..count).map(|id| {
        format!("{{\"id\":{id},\"image_id\":{id},\"category_id\":1,\"iscrowd\":0,\"segmentation\":{segmentation}}}")
    });
    let regions: Vec<String> = regions.collect();
    format!(
        "{{\"images\":[{}],\"annotations\":[{}],\"categories\":[{{\"id\":1,\"name\":\"ruler\"}}]}}",
        images.join(","),
        regions.join(",")
    )
}

fn coco(side: usize, segmentation: &str) -> Box<dyn FnMut()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("regions.json");
    fs::write(&file, annotations(1, side, segmentation)).expect("room");
    let coco = Coco::open(&CocoOptions::new(&file)).expect("sound");
    Box::new(move || drop(black_box(coco.masks(0, side as u32, side as u32).expect("sound"))))
}
