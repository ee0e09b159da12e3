//! How long the edits of a picture take, by its size: the pictures of an ISIC-like manifest, made larger.
//!
//! ```sh
//! cargo run -p reglet-data --example edit_sizes -- DATA/isic-ruler 12 256 1024 3072
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use reglet_data::coco::CocoOptions;
use reglet_data::edit::{Change, EditOptions, Editor};
use reglet_data::{DataError, Dataset, Filter, ManifestOptions, Mask, Sample, resize_gray, resize_rgb};

/// Some pictures in memory, half of them with a ruler.
struct Pictures {
    regions: Vec<String>,
    samples: Vec<Sample>,
}

impl Dataset for Pictures {
    fn name(&self) -> &str {
        "pictures"
    }
    fn classes(&self) -> &[String] {
        &[]
    }
    fn regions(&self) -> &[String] {
        &self.regions
    }
    fn len(&self) -> usize {
        self.samples.len()
    }
    fn id(&self, index: usize) -> &str {
        &self.samples[index].id
    }
    fn label(&self, _: usize) -> usize {
        0
    }
    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        Ok(self.samples[index].clone())
    }
    fn fingerprint(&self) -> Result<String, DataError> {
        Ok(String::new())
    }
}

fn resized(sample: &Sample, size: u32) -> Result<Sample, DataError> {
    let mut regions = BTreeMap::new();
    for (name, mask) in &sample.regions {
        regions.insert(
            name.clone(),
            Mask::from_gray(&resize_gray(&mask.to_gray(), size, size, Filter::Bilinear)?)?,
        );
    }
    Ok(Sample {
        picture: resize_rgb(&sample.picture, size, size, Filter::Bilinear)?.into(),
        regions,
        ..sample.clone()
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let folder =
        PathBuf::from(arguments.next().ok_or("which folder holds manifest.csv and rulers.coco.json?")?);
    let mut numbers = arguments.map(|text| text.to_string_lossy().parse::<u32>());
    let count = numbers.next().ok_or("how many pictures?")?? as usize;
    let manifest = ManifestOptions {
        flags: BTreeMap::from([("ruler".into(), "ruler".into())]),
        masks: Some(BTreeMap::from([("lesion".into(), "lesion_mask".into())])),
        coco: Some(CocoOptions::new(folder.join("rulers.coco.json"))),
        ..ManifestOptions::new(folder.join("manifest.csv"))
    };
    let data = manifest.open()?;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for index in 0..data.len() {
        let kind = if data.flag(index, "ruler") == Some(true) { &mut with } else { &mut without };
        if kind.len() < count.div_ceil(2) {
            kind.push(data.sample(index)?);
        }
    }
    for size in numbers {
        let size = size?;
        let samples: Vec<Sample> =
            with.iter().chain(&without).map(|sample| resized(sample, size)).collect::<Result<_, _>>()?;
        let set = Pictures { regions: data.regions().to_vec(), samples };
        let start = Instant::now();
        let editor = Editor::new(&set, &EditOptions::default(), "ruler", "lesion", 7)?;
        print!("{size}: editor {:.3} s", start.elapsed().as_secs_f64());
        let mut times = [0.0; 4];
        let changes = [Change::Insert, Change::Remove, Change::Control, Change::Scrambled];
        let mut changed = 0;
        for (index, sample) in set.samples.iter().enumerate() {
            let scene = editor.scene(&set, index, sample);
            let mut scratch = sample.picture.clone().into_rgb();
            for (change, time) in changes.into_iter().zip(&mut times) {
                let start = Instant::now();
                for place in 0..editor.places(change) {
                    let Some(placement) = scene.place(change, place)? else { continue };
                    let Some(patch) = scene.patch(change, &placement)? else { continue };
                    patch.put(&mut scratch);
                    patch.undo(&mut scratch, &sample.picture);
                    changed += patch.area();
                }
                *time += start.elapsed().as_secs_f64();
            }
        }
        let total: f64 = times.iter().sum();
        println!(
            "; {} pictures {total:.3} s (insert {:.3}, remove {:.3}, control {:.3}, scrambled {:.3}); {changed} pixels changed",
            set.len(),
            times[0],
            times[1],
            times[2],
            times[3]
        );
    }
    Ok(())
}
