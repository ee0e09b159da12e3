//! libtorch's inner loops and those of `reglet-kernels`, with each kind of vectors that the processor has, on one core: the 3×3
//! convolutions of a ResNet-18, eight pictures at a time, in multiplications of a direct convolution a second, depthwise convolutions
//! of a MobileNetV2, an EfficientNet-B0 and a ConvNeXt-T, with the ReLU after them, forward and back, and products of rows and a
//! matrix as those of a ViT-B/16, a ConvNeXt-T, a ResNet-50 and a MobileNetV2, in multiplications a second.
//!
//! `cargo xtask bench --bench kernels`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use reglet_kernels::{
    After, DepthwiseFilters, Filters, Framed, Fused, Mask, Matrix, Pictures, Surroundings, Vectors, Way,
    convolve, convolve_depthwise, product,
};
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

fn depthwise(criterion: &mut Criterion) {
    tch::set_num_threads(1);
    let _guard = tch::no_grad_guard();
    let mut group = criterion.benchmark_group("depthwise");
    for (channels, size, side, stride) in [
        (32, 112, 3, 1),
        (96, 112, 3, 2),
        (144, 56, 3, 1),
        (384, 14, 3, 1),
        (960, 7, 3, 1),
        (240, 28, 5, 1),
        (672, 14, 5, 1),
        (1152, 7, 5, 1),
        (96, 56, 7, 1),
        (384, 14, 7, 1),
    ] {
        let weight = draw(&[channels, 1, side, side]);
        let input = draw(&[COUNT as i64, size, size, channels]);
        let name = format!("{channels} channels, {size}×{size}, filters of {side}×{side}, stride {stride}");
        let convolved = |input: &Tensor| {
            input.conv2d(&weight, None::<Tensor>, [stride, stride], [side / 2, side / 2], [1, 1], channels)
        };
        let pictures = input.permute([0, 3, 1, 2]);
        let results = convolved(&pictures);
        group.throughput(Throughput::Elements((results.numel() as i64 * side * side) as u64));
        group.bench_function(BenchmarkId::new("libtorch", &name), |bencher| {
            bencher.iter(|| black_box(convolved(&pictures).relu_()));
        });
        // The rows and columns at the end that no filter reaches.
        let rest = (size - 1) % stride;
        group.bench_function(BenchmarkId::new("libtorch, back", &name), |bencher| {
            let (strides, padding, rest) = ([stride; 2], [side / 2; 2], [rest; 2]);
            bencher.iter(|| {
                let upstream = results.threshold_backward(&results, 0);
                let none = None::<Tensor>;
                black_box(upstream.conv_transpose2d(&weight, none, strides, padding, rest, channels, [1, 1]))
            });
        });
        let gradient = numbers(&results.permute([0, 2, 3, 1]));
        let (weight, input) = (numbers(&weight), numbers(&input));
        let [channels, size, side, stride] = [channels, size, side, stride].map(|number| number as usize);
        let pictures = Framed { count: COUNT, height: size, width: size, padding: side / 2 };
        for vectors in Vectors::all() {
            for (way, what) in [(Way::Forward, ""), (Way::Backward, ", back")] {
                let Some(filters) = DepthwiseFilters::with(vectors, &weight, channels, side, stride, way)
                else {
                    continue;
                };
                let (from, to) = if way == Way::Forward { (&input, &gradient) } else { (&gradient, &input) };
                let mask = Mask { values: &gradient, most: None };
                let fused = match way {
                    Way::Forward => Fused { after: After::RELU, ..Fused::default() },
                    Way::Backward => Fused { mask: Some(mask), ..Fused::default() },
                };
                let mut output = vec![0.0; to.len()];
                group.bench_function(BenchmarkId::new(format!("{vectors}{what}"), &name), |bencher| {
                    bencher.iter(|| {
                        convolve_depthwise(pictures, 0, from, &filters, &fused, &mut output);
                        black_box(output[0])
                    });
                });
            }
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

criterion_group!(benches, convolutions, depthwise, products);
criterion_main!(benches);
