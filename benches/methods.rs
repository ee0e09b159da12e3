//! The cost of each method on one phantom and the shipped classifier, family by family, beside that of a forward pass alone.
//!
//! `cargo xtask bench --bench methods -- layers` measures one family; `compare_methods.py` sets the common methods beside
//! Captum's and pytorch-grad-cam's.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use reglet_attribution::{Family, Method};
use reglet_data::Dataset;
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_model::{Architecture, Model, ModelOptions, Preprocessing, Targets, WeightsSource};
use tch::{Device, Tensor};

fn phantoms() -> Phantoms {
    Phantoms::new(PhantomOptions::default()).expect("the defaults are sound")
}

/// The shipped classifier and the first phantom as it sees it.
fn subject() -> (Model, Tensor) {
    let weights = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../crates/reglet-audit/configs/models/phantom-clean.safetensors");
    let options = ModelOptions {
        architecture: Architecture::ResNet18,
        width: 0.125,
        weights: WeightsSource::File(weights),
        labels: None,
        preprocessing: Preprocessing::exact(128),
        device: Device::Cpu,
    };
    let model = Model::load(&options, &mut |_, _| ()).expect("the shipped weights");
    let picture = phantoms().sample(0).expect("the first phantom").picture;
    let view = model.preprocessing().view(&picture).expect("a picture");
    let input = model.preprocessing().tensor(&[view], Device::Cpu).expect("one picture");
    (model, input)
}

fn family(criterion: &mut Criterion, family: Family) {
    let (model, input) = subject();
    let mut group = criterion.benchmark_group(family.title());
    group.sample_size(20);
    group.bench_function("forward", |bench| bench.iter(|| black_box(model.logits(&input)).expect("it runs")));
    for method in Method::all().into_iter().filter(|method| method.get().about().family == family) {
        let name = method.name().to_owned();
        let methods = [method];
        group.bench_function(name, |bench| {
            bench.iter(|| {
                let found = Method::attribute_all(&methods, &model, &input, Targets::Classes(&[1]));
                black_box(found).expect("it runs")
            });
        });
    }
    group.finish();
}

fn gradients(criterion: &mut Criterion) {
    family(criterion, Family::Gradients);
}

fn layers(criterion: &mut Criterion) {
    family(criterion, Family::Layers);
}

fn rules(criterion: &mut Criterion) {
    family(criterion, Family::Rules);
}

fn scores(criterion: &mut Criterion) {
    family(criterion, Family::Scores);
}

fn phantom(criterion: &mut Criterion) {
    let phantoms = phantoms();
    criterion
        .bench_function("phantom", |bench| bench.iter(|| black_box(phantoms.sample(1)).expect("a phantom")));
}

criterion_group!(benches, gradients, layers, rules, scores, phantom);
criterion_main!(benches);
