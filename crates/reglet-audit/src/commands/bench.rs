//! Measures the cost of merging, with generated rows: `cargo xtask bench --merge`.

use std::collections::{BTreeMap, BTreeSet};
use std::{env, fs};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reglet_data::edit::Change;
use reglet_data::{DataError, Dataset, Sample};
use reglet_evidence::{Edit, Observation, Picture, Score};
use reglet_model::{Architecture, Model, ModelOptions, Preprocessing, WeightsSource};
use tch::Device;

use super::*;
use crate::observed::Observed;

/// Rows of each picture: as it is, and three changes at three places.
const ROWS: usize = 10;

/// How many parts there are.
const PARTS: u32 = 50;

/// A data set whose pictures are never requested.
struct Imagined {
    ids: Vec<String>,
    groups: Vec<String>,
    classes: Vec<String>,
    regions: Vec<String>,
}

impl Imagined {
    fn new(count: usize) -> Imagined {
        let names = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        Imagined {
            ids: (0..count).map(|index| format!("lesions/{index:07}.jpg")).collect(),
            groups: (0..count).map(|index| format!("patient-{:07}", index / 2)).collect(),
            classes: names(["benign", "melanoma"]),
            regions: names(["lesion", "ruler"]),
        }
    }
}

impl Dataset for Imagined {
    fn name(&self) -> &str {
        "imagined"
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn regions(&self) -> &[String] {
        &self.regions
    }

    fn len(&self) -> usize {
        self.ids.len()
    }

    fn id(&self, index: usize) -> &str {
        &self.ids[index]
    }

    fn label(&self, index: usize) -> usize {
        index % 2
    }

    fn flag(&self, index: usize, region: &str) -> Option<bool> {
        (region == "ruler").then(|| shows(index))
    }

    fn group(&self, index: usize) -> Option<&str> {
        self.groups.get(index).map(String::as_str)
    }

    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        Err(DataError::Index { name: self.name().to_owned(), index, len: 0 })
    }

    fn fingerprint(&self) -> Result<String, DataError> {
        Ok("1f".repeat(32))
    }
}

fn shows(index: usize) -> bool {
    index / 4 % 2 == 1
}

/// What could have been observed of one picture.
fn observed(data: &Imagined, index: usize, found: &mut Observed) {
    let mut random = ChaCha8Rng::seed_from_u64(index as u64);
    let mut score = |shift: f64| {
        let margin =
            4.0 * (random.random::<f64>() - 0.5) + if data.label(index) == 1 { 1.0 } else { -1.0 } + shift;
        Score { logit: margin / 2.0, margin, probability: 1.0 / (1.0 + (-margin).exp()) }
    };
    let mut row = |edit: Option<Edit>, shift: f64| {
        let score = score(shift);
        let (scores, top) = (vec![score], vec![score.probability > 0.5]);
        found.observations.push(Observation {
            picture: index,
            model: 0,
            edit,
            scores,
            top,
            probes: vec![Some(score.margin)],
        });
    };
    row(None, if shows(index) { 0.5 } else { 0.0 });
    let (change, others) = match shows(index) {
        true => (Change::Move, [Change::Remove, Change::Control]),
        false => (Change::Insert, [Change::Control, Change::Scrambled]),
    };
    for change in [[change].as_slice(), &others].concat() {
        for place in 0..3 {
            let donor = matches!(change, Change::Insert | Change::Scrambled)
                .then(|| data.id((index + 97 * place as usize) % 24).to_owned());
            let shift = if change == Change::Insert { 0.5 } else { 0.0 };
            let edit =
                Edit { artefact: 0, change, place, donor, visible: 1.0, lesion: Some(0.0), strength: 20.0 };
            row(Some(edit), shift);
        }
    }
    let names = [
        "aspect",
        "blockiness",
        "brightness",
        "contrast",
        "dark_border",
        "height",
        "redness",
        "saturation",
        "sharpness",
        "width",
    ];
    let properties = names.map(|name| (name.to_owned(), (random.random::<f64>() * 100.0).round()));
    let columns =
        [("sex", ["female", "male"][index / 2 % 2]), ("site", ["arm", "back", "face"][index / 2 % 3])];
    found.pictures.push(Picture {
        id: data.id(index).to_owned(),
        group: data.group(index).map(str::to_owned),
        pair: None,
        label: data.label(index),
        shows: vec![Some(shows(index))],
        estimated: BTreeSet::new(),
        columns: columns.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        properties: BTreeMap::from(properties),
        sha256: format!("{index:064x}"),
    });
}

/// The peak memory of this program so far, in MiB, if the system reports it.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
}

/// Prints what each step of merging takes. `REGLET_ROWS` says of how many rows, a million otherwise.
#[test]
#[ignore = "it measures"]
fn merging() {
    let rows: usize = env::var("REGLET_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    let data = Imagined::new(rows / ROWS);
    let config: Config = toml::from_str(
        "target = 'melanoma'\nartefact = 'ruler'\nlesion = 'lesion'\nseed = 3\ngallery = 0\nmaps = 0\n\
         changes = ['insert', 'remove', 'move', 'control', 'scrambled']\nedit.insert = 'drawn'\nmethods.saliency = {}\n",
    )
    .expect("a config");
    let weights = format!("{}/configs/models/phantom-shortcut.safetensors", env!("CARGO_MANIFEST_DIR"));
    let model = ModelOptions {
        architecture: Architecture::ResNet18,
        width: 0.125,
        weights: WeightsSource::File(weights.into()),
        labels: Some(data.classes.clone()),
        preprocessing: Preprocessing::exact(128),
        device: Device::Cpu,
    };
    let model = Model::load(&model, &mut |_, _| {}).expect("the weights are part of the project");
    let plan = Plan::new(config, Box::new(data), vec![("suspect".to_owned(), model)]).expect("it fits");
    let fingerprint = plan.data.fingerprint().expect("it is said");
    let folder = tempfile::tempdir().expect("a folder");
    let imagined = Imagined::new(plan.data.len());
    for number in 1..=PARTS {
        let shard = Shard { number, of: PARTS };
        let mut found = Observed::default();
        for chunk in shard.chunks(chunks(plan.data.len()).len()) {
            of_chunk(chunk, plan.data.len()).for_each(|index| observed(&imagined, index, &mut found));
        }
        write_part(&plan, Identity::of(&plan, &fingerprint).expect("sound"), shard, found, folder.path())
            .expect("room");
    }
    drop(imagined);
    let mut last = Instant::now();
    let mut step = |what: &str| {
        println!("{what:>24} {:>7.1} s {:>6} MiB", last.elapsed().as_secs_f64(), peak().unwrap_or(0));
        last = Instant::now();
    };
    println!("{} rows of {} pictures in {PARTS} parts", plan.data.len() * ROWS, plan.data.len());
    step("before");
    let start = Instant::now();
    let parts = Parts::read(&[folder.path().to_owned()]).expect("all are there");
    step("parts are read");
    let (observed, _) = parts.whole(&plan, &fingerprint).expect("they fit");
    step("they are put together");
    let record = conclude(&plan, fingerprint, observed, Some(Vec::new()), start).expect("nothing is asked");
    step("a record");
    let results = assemble(&record, &plan.config);
    step("it is judged");
    fill(Output::new(&folder.path().join("out")).expect("room"), &record, &results).expect("room");
    step("everything is written");
    println!("{:>24} {:>7.1} s", "in all", start.elapsed().as_secs_f64());
}
