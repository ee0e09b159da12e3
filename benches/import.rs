//! Importing an exported model and running it, beside `import.py`, which does the same in Python.
//!
//! `REGLET_PT2=model.pt2 cargo xtask bench --bench import`; without it nothing is measured.

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{Criterion, criterion_group, criterion_main};
use reglet_model::{ImportOptions, Model, Targets};
use tch::{Device, Kind, Tensor};

fn import(criterion: &mut Criterion) {
    let Some(archive) = std::env::var_os("REGLET_PT2").map(PathBuf::from) else {
        println!("import: skipped, since REGLET_PT2 names no exported model");
        return;
    };
    let options = ImportOptions { archive, labels: None, preprocessing: None, device: Device::Cpu };
    let mut group = criterion.benchmark_group("import");
    group.sample_size(20);
    group
        .bench_function("load", |bench| bench.iter(|| black_box(Model::import(&options)).expect("it loads")));

    let mut model = Model::import(&options).expect("it loads");
    let shape = model.graph().shape(model.graph().input()).expect("declared");
    let [height, width] = [2, 3].map(|place| shape[place].fixed().unwrap_or(224));
    let input = Tensor::ones([1, 3, height, width], (Kind::Float, Device::Cpu));
    for rewrites in ["with rewrites", "without"] {
        group.bench_function(format!("forward, {rewrites}"), |bench| {
            bench.iter(|| black_box(model.logits(&input)).expect("it runs"));
        });
        group.bench_function(format!("forward and backward, {rewrites}"), |bench| {
            bench.iter(|| {
                black_box(model.evaluate(&input, Targets::Classes(&[0]), true, &[])).expect("it runs")
            });
        });
        model.set_rewrites(&[]).expect("none to prepare");
    }
    group.finish();
}

criterion_group!(benches, import);
criterion_main!(benches);
