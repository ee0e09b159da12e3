//! The cost of each method on one phantom and the shipped classifier, beside that of a forward pass alone.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use reglet_attribution::Method;
use reglet_data::Dataset;
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_model::{Architecture, Model, ModelOptions, Preprocessing, Targets, WeightsSource};
use tch::Device;

fn methods(criterion: &mut Criterion) {
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/models/phantom-clean.safetensors");
    let options = ModelOptions {
        architecture: Architecture::ResNet18,
        width: 0.125,
        weights: WeightsSource::File(weights),
        labels: None,
        preprocessing: Preprocessing::exact(128),
        device: Device::Cpu,
    };
    let model = Model::load(&options, &mut |_, _| ()).expect("the shipped weights");
    let phantoms = Phantoms::new(PhantomOptions::default()).expect("the defaults are sound");
    let picture = phantoms.sample(0).expect("the first phantom").picture;
    let view = model.preprocessing().view(&picture).expect("a picture");
    let input = model.preprocessing().tensor(&[view], Device::Cpu).expect("one picture");

    let mut group = criterion.benchmark_group("methods");
    group.sample_size(20);
    group.bench_function("forward", |bench| bench.iter(|| black_box(model.logits(&input)).expect("it runs")));
    // Rollout is for transformers.
    for method in Method::all().into_iter().filter(|method| method.name() != "attention_rollout") {
        let name = method.name();
        let methods = [method];
        group.bench_function(name, |bench| {
            bench.iter(|| {
                let found = Method::attribute_all(&methods, &model, &input, Targets::Classes(&[1]));
                black_box(found).expect("it runs")
            });
        });
    }
    group.finish();
    criterion
        .bench_function("phantom", |bench| bench.iter(|| black_box(phantoms.sample(1)).expect("a phantom")));
}

criterion_group!(benches, methods);
criterion_main!(benches);
