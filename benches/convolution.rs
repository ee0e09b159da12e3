//! The 3×3 convolutions of a ResNet-18, eight pictures at a time on one core: libtorch's and those of `reglet-winograd`, with each
//! kind of vectors that the processor has, in multiplications of a direct convolution a second.
//!
//! `cargo xtask bench --bench convolution`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use reglet_winograd::{Filters, Fused, Pictures, Surroundings, Vectors, Way, convolve};
use tch::{Device, Kind, Tensor};

const COUNT: usize = 8;

fn convolutions(criterion: &mut Criterion) {
    tch::set_num_threads(1);
    let _guard = tch::no_grad_guard();
    let mut group = criterion.benchmark_group("convolution");
    for (channels, side) in [(64, 56), (128, 28), (256, 14), (512, 7)] {
        let (c, s) = (channels as i64, side as i64);
        let draw = |shape: &[i64]| Tensor::rand(shape, (Kind::Float, Device::Cpu)) - 0.5;
        let weight = draw(&[c, c, 3, 3]);
        let numbers = |tensor: &Tensor| Vec::<f32>::try_from(tensor.reshape([-1])).expect("floats");
        let input = draw(&[COUNT as i64, s, s, c]);
        let name = format!("{channels} channels, {side}×{side}");
        let multiplications = COUNT * side * side * channels * channels * 9;
        group.throughput(Throughput::Elements(multiplications as u64));

        // Both with their channels innermost.
        let [pictures, filters] =
            [input.permute([0, 3, 1, 2]), weight.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])];
        group.bench_function(BenchmarkId::new("libtorch", &name), |bencher| {
            bencher.iter(|| black_box(pictures.conv2d(&filters, None::<Tensor>, [1, 1], [1, 1], [1, 1], 1)));
        });
        let (weight, input) = (numbers(&weight), numbers(&input));
        let surroundings = Surroundings::Zeros;
        let pictures = Pictures { count: COUNT, height: side, width: side, surroundings };
        let mut output = vec![0.0; input.len()];
        for vectors in Vectors::all() {
            let Some(filters) = Filters::with(vectors, &weight, channels, channels, Way::Forward) else {
                continue;
            };
            group.bench_function(BenchmarkId::new(format!("winograd with {vectors}"), &name), |bencher| {
                bencher.iter(|| {
                    convolve(pictures, &input, &filters, &Fused::default(), &mut output);
                    black_box(output[0])
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, convolutions);
criterion_main!(benches);
