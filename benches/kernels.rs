//! libtorch's inner loops and those of `reglet-kernels`, with each kind of vectors that the processor has, on one core: the 3×3
//! convolutions of a ResNet-18, eight pictures at a time, in multiplications of a direct convolution a second, and products of rows
//! and a matrix as those of a ViT-B/16, a ConvNeXt-T, a ResNet-50 and a MobileNetV2, in multiplications a second.
//!
//! `cargo xtask bench --bench kernels`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use reglet_kernels::{Filters, Fused, Matrix, Pictures, Surroundings, Vectors, Way, convolve, product};
use tch::{Device, Kind, Tensor};

const COUNT: usize = 8;

fn draw(shape: &[i64]) -> Tensor {
    Tensor::rand(shape, (Kind::Float, Device::Cpu)) - 0.5
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.reshape([-1])).expect("floats")
}

fn convolutions(criterion: &mut Criterion) {
    tch::set_num_threads(1);
    let _guard = tch::no_grad_guard();
    let mut group = criterion.benchmark_group("convolution");
    for (channels, side) in [(64, 56), (128, 28), (256, 14), (512, 7)] {
        let (c, s) = (channels as i64, side as i64);
        let weight = draw(&[c, c, 3, 3]);
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

fn products(criterion: &mut Criterion) {
    tch::set_num_threads(1);
    let _guard = tch::no_grad_guard();
    let mut group = criterion.benchmark_group("product");
    for (rows, from, to) in [
        (788, 768, 3072),
        (788, 3072, 768),
        (3136, 96, 384),
        (784, 512, 128),
        (3136, 64, 256),
        (784, 144, 32),
    ] {
        let [input, weight] = [[rows, from], [to, from]].map(|sizes| draw(&sizes.map(|size| size as i64)));
        let name = format!("{rows} rows, {from} to {to}");
        group.throughput(Throughput::Elements((rows * from * to) as u64));
        group.bench_function(BenchmarkId::new("libtorch", &name), |bencher| {
            bencher.iter(|| black_box(input.linear(&weight, None::<&Tensor>)));
        });
        let (weight, input) = (numbers(&weight), numbers(&input));
        let mut output = vec![0.0; rows * to];
        for vectors in Vectors::all() {
            let Some(matrix) = Matrix::with(vectors, &weight, to, from, Way::Forward) else { continue };
            group.bench_function(BenchmarkId::new(vectors.to_string(), &name), |bencher| {
                bencher.iter(|| {
                    product(&input, &matrix, &Fused::default(), &mut output);
                    black_box(output[0])
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, convolutions, products);
criterion_main!(benches);
