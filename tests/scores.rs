//! Methods that need scores alone against Captum's and SciPy's (`reference/make_methods.py`).

use reglet_attribution::{
    Attribution, AttributionError, Baseline, FeatureAblation, IntegratedGradients, KernelShap, Lime,
    Occlusion, PartitionShap, Rise, Saliency, Scores, Segmentation, ShapleySampling, Sobol,
};
use reglet_model::Model;
use reglet_tests::{Reference, assert_close, plain_model, small_input};
use tch::{Kind, Tensor};

const TARGETS: [usize; 2] = [1, 3];

fn plain() -> (Model, Tensor, Reference) {
    (plain_model(5), small_input("plain", 2, 16), Reference::read("methods/scores"))
}

/// The references are of 64-bit floats, rounded to 32. In them every one of a segment's `area` pixels has the segment's whole
/// value.
fn expect(reference: &Reference, name: &str, area: f64, found: Result<Attribution, AttributionError>) {
    assert_close(name, &(found.expect("it runs").values * area), reference.tensor(name), 1e-6);
}

#[test]
fn occlusion_is_captums() {
    let (model, input, reference) = plain();
    let method = Occlusion { window: Some(5), stride: Some(3), baseline: Baseline::Value(0.3) };
    expect(&reference, "occlusion", 1.0, method.attribute(&model, &input, &TARGETS));
}

#[test]
fn feature_ablation_is_captums() {
    let (model, input, reference) = plain();
    let method = FeatureAblation { segmentation: Segmentation::Grid(4), ..FeatureAblation::default() };
    expect(&reference, "feature_ablation", 16.0, method.attribute(&model, &input, &TARGETS));
}

#[test]
fn kernel_shap_of_all_coalitions_is_captums_shapley_values() {
    let (model, input, reference) = plain();
    let method = KernelShap { segmentation: Segmentation::Grid(2), samples: 14, ..KernelShap::default() };
    let found = method.attribute(&model, &input, &TARGETS).expect("it runs");
    assert!(found.gaps.as_ref().expect("reported").iter().all(|gap| gap.relative < 1e-9));
    expect(&reference, "shapley_values", 64.0, Ok(found));
}

/// Shapley sampling and a Kernel SHAP that draws are the Shapley values in expectation. The test computes their sampling
/// error from the spread of many runs.
#[test]
fn sampled_shapley_values_are_captums_within_the_sampling_error() {
    let (model, input, reference) = plain();
    let exact = reference.tensor("shapley_values") / 64.0;
    let segmentation = Segmentation::Grid(2);
    let sampled = |seed| {
        let method = ShapleySampling { segmentation, orders: 6, seed, ..ShapleySampling::default() };
        method.attribute(&model, &input, &TARGETS)
    };
    let drawn = |seed| {
        let method = KernelShap { segmentation, samples: 12, seed, ..KernelShap::default() };
        method.attribute(&model, &input, &TARGETS)
    };
    let runs: [&dyn Fn(u64) -> Result<Attribution, AttributionError>; 2] = [&sampled, &drawn];
    for run in runs {
        let found: Vec<Tensor> = (0..64)
            .map(|seed| {
                let found = run(seed).expect("it runs");
                assert!(
                    found.gaps.expect("reported").iter().all(|gap| gap.relative < 1e-9),
                    "each run is complete"
                );
                found.values
            })
            .collect();
        let found = Tensor::stack(&found, 0);
        let error = (found.std_dim([0_i64].as_slice(), true, false) / 8.0).norm().double_value(&[]);
        let distance =
            (found.mean_dim([0_i64].as_slice(), false, Kind::Double) - &exact).norm().double_value(&[]);
        assert!(error > 0.0 && distance < 3.0 * error, "{distance} {error}");
    }
}

/// More segments than can be enumerated, and so more coalitions than samples: complete all the same, and near the truth,
/// which for a score that is a sum over segments is what each adds.
#[test]
fn kernel_shap_of_a_sum_is_exact_from_a_few_samples() {
    struct Sum;
    impl Scores for Sum {
        fn scores(&self, inputs: &Tensor, _: &[usize]) -> Result<Tensor, AttributionError> {
            Ok(inputs.sum_dim_intlist([1_i64, 2, 3].as_slice(), false, Kind::Double))
        }
    }
    let input = small_input("plain", 1, 16);
    let method = KernelShap { samples: 400, ..KernelShap::default() };
    let found = method.attribute(&Sum, &input, &[0]).expect("it runs").values;
    let cells = |map: &Tensor| map.avg_pool2d([2_i64, 2], [2_i64, 2], [0_i64, 0], false, true, None);
    let expected = cells(&input.sum_dim_intlist(1, true, Kind::Double));
    assert_close("cells", &cells(&found), &expected, 1e-6);
}

/// A window that is moved by more than the picture has one place, and the rest has no attribution.
#[test]
fn occlusion_with_a_stride_beyond_the_picture_covers_one_corner() {
    let (model, input, _) = plain();
    for stride in [16, 17, usize::MAX] {
        let method = Occlusion { window: Some(4), stride: Some(stride), ..Occlusion::default() };
        let found = method.attribute(&model, &input, &TARGETS).expect("it runs").values;
        let corner = found.narrow(2, 0, 4).narrow(3, 0, 4);
        assert!(corner.abs().min().double_value(&[]) > 0.0, "{stride}");
        let rest = found.abs().sum(Kind::Double) - corner.abs().sum(Kind::Double);
        assert!(rest.double_value(&[]).abs() < 1e-12, "{stride}");
    }
}

/// Too few samples to tell the segments apart say nothing for one rather than another.
#[test]
fn kernel_shap_of_equal_segments_is_equal_from_any_number_of_samples() {
    struct Sum;
    impl Scores for Sum {
        fn scores(&self, inputs: &Tensor, _: &[usize]) -> Result<Tensor, AttributionError> {
            Ok(inputs.sum_dim_intlist([1_i64, 2, 3].as_slice(), false, Kind::Double))
        }
    }
    let input = Tensor::ones([1, 1, 16, 16], (Kind::Double, tch::Device::Cpu));
    for samples in [1, 25, 50, 126] {
        let found = KernelShap { samples, ..KernelShap::default() }.attribute(&Sum, &input, &[0]);
        assert_close("each pixel", &found.expect("it runs").values, &input, 1e-9);
    }
}

/// All weights but those of the nearest samples underflow.
#[test]
fn lime_of_a_narrow_kernel_is_finite() {
    let (model, input, _) = plain();
    let method = Lime { width: 0.001, samples: 50, ..Lime::default() };
    let found = method.attribute(&model, &input, &TARGETS).expect("it runs").values;
    assert!(found.isfinite().all().equal(&Tensor::from(true)));
}

#[test]
fn as_many_classes_as_pictures_are_asked_for() {
    let (model, input, _) = plain();
    for targets in [&[1_usize][..], &[1, 2, 3]] {
        let found = [
            Occlusion::default().attribute(&model, &input, targets),
            KernelShap { samples: 10, ..KernelShap::default() }.attribute(&model, &input, targets),
            Rise { masks: 10, ..Rise::default() }.attribute(&model, &input, targets),
            Saliency::default().attribute(&model, &input, targets),
            IntegratedGradients::default().attribute(
                &model,
                &input,
                targets,
                &Tensor::zeros([2], (Kind::Double, tch::Device::Cpu)),
            ),
        ];
        for found in found {
            let said = found.expect_err("refused").to_string();
            assert!(
                said.contains(&format!(
                    "{} classes to be explained were given for 2 pictures",
                    targets.len()
                )),
                "{said}"
            );
        }
    }
}

#[test]
fn lime_is_captums_on_the_same_samples() {
    let (model, input, reference) = plain();
    let kept: Vec<Vec<f64>> = (0..40)
        .map(|sample| {
            let drawn = small_input(&format!("lime.{sample}"), 1, 4).view([-1]).narrow(0, 0, 16);
            Vec::try_from(drawn.gt(0.0).to_kind(Kind::Double)).expect("numbers")
        })
        .collect();
    let method = Lime { segmentation: Segmentation::Grid(4), ..Lime::default() };
    expect(&reference, "lime", 16.0, method.attribute_with(&model, &input, &TARGETS, &kept));
}

#[test]
fn sobol_indices_are_scipys_on_the_same_samples() {
    let (model, input, reference) = plain();
    let samples = ["sobol.a", "sobol.b"].map(|name| {
        let drawn: Tensor = (small_input(name, 1, 8) / 3_f64.sqrt() + 1.0) / 2.0;
        let flat: Vec<f64> = Vec::try_from(drawn.view([-1])).expect("numbers");
        flat[..128].chunks(16).map(<[f64]>::to_vec).collect::<Vec<_>>()
    });
    let method = Sobol { segmentation: Segmentation::Grid(4), ..Sobol::default() };
    let found = method.attribute_with(&model, &input, &TARGETS, [&samples[0], &samples[1]]).expect("it runs");
    assert_close("sobol", &of_sixteen(&found), reference.tensor("sobol"), 1e-6);
}

/// The value of each of the cells of a grid of four by four, `[2, 16]`.
fn of_sixteen(found: &Attribution) -> Tensor {
    found.values.avg_pool2d([4_i64, 4], [4_i64, 4], [0_i64, 0], false, true, None).view([2, 16]) * 16.0
}

#[test]
fn partition_shap_is_shaps_once_every_part_is_halved() {
    let (model, input, reference) = plain();
    let method =
        PartitionShap { segmentation: Segmentation::Grid(4), evaluations: 170, ..PartitionShap::default() };
    let found = method.attribute(&model, &input, &TARGETS).expect("it runs");
    assert!(found.gaps.as_ref().expect("reported").iter().all(|gap| gap.relative < 1e-9));
    assert_close("partition_shap", &of_sixteen(&found), reference.tensor("partition_shap"), 1e-6);
    // One halving less, and a part is shared out evenly.
    let method = PartitionShap { evaluations: 168, ..method };
    let coarser = method.attribute(&model, &input, &TARGETS).expect("it runs");
    assert!(coarser.gaps.as_ref().expect("reported").iter().all(|gap| gap.relative < 1e-9));
    assert!(!of_sixteen(&coarser).equal(&of_sixteen(&found)));
}

/// Where the score is the same for every mask, the map is that score everywhere, up to the error of a mean of masks.
#[test]
fn rises_masks_are_fair_at_every_pixel() {
    struct Constant;
    impl Scores for Constant {
        fn scores(&self, inputs: &Tensor, _: &[usize]) -> Result<Tensor, AttributionError> {
            Ok(Tensor::full([inputs.size()[0]], 3.0, (Kind::Double, inputs.device())))
        }
    }
    let input = small_input("plain", 1, 30);
    for chance in [0.5, 0.2] {
        let masks = 4000;
        let found =
            Rise { masks, chance, ..Rise::default() }.attribute(&Constant, &input, &[0]).expect("it runs");
        // The values of a mask vary at most as much as zeros and ones with this chance would.
        let error = 3.0 * ((1.0 - chance) / (chance * f64::from(masks as u32))).sqrt();
        let worst = (found.values - 3.0).abs().max().double_value(&[]);
        assert!(worst < 4.5 * error, "{worst} {error}");
    }
}

/// A score that only one corner of the picture has a part in.
#[test]
fn rise_finds_what_the_score_depends_on() {
    struct Corner;
    impl Scores for Corner {
        fn scores(&self, inputs: &Tensor, _: &[usize]) -> Result<Tensor, AttributionError> {
            let corner = inputs.narrow(2, 0, 8).narrow(3, 24, 8);
            Ok(corner.mean_dim([1_i64, 2, 3].as_slice(), false, Kind::Double))
        }
    }
    let input = small_input("plain", 1, 32).ones_like();
    let found =
        Rise { masks: 500, ..Rise::default() }.attribute(&Corner, &input, &[0]).expect("it runs").values;
    let inside = found.narrow(2, 0, 8).narrow(3, 24, 8).mean(Kind::Double).double_value(&[]);
    let outside = found.narrow(2, 16, 16).narrow(3, 0, 16).mean(Kind::Double).double_value(&[]);
    assert!(inside > 1.2 * outside, "{inside} {outside}");
}

#[test]
fn a_seed_fixes_what_is_drawn() {
    let (model, input, _) = plain();
    let segmentation = Segmentation::Grid(4);
    let run = |method: usize, seed: u64| {
        let found = match method {
            0 => Rise { masks: 8, seed, ..Rise::default() }.attribute(&model, &input, &TARGETS),
            1 => Lime { segmentation, samples: 30, seed, ..Lime::default() }
                .attribute(&model, &input, &TARGETS),
            2 => {
                let method = KernelShap { segmentation, samples: 60, seed, ..KernelShap::default() };
                method.attribute(&model, &input, &TARGETS)
            }
            3 => {
                let method = ShapleySampling { segmentation, orders: 2, seed, ..ShapleySampling::default() };
                method.attribute(&model, &input, &TARGETS)
            }
            _ => Sobol { segmentation, samples: 4, seed, ..Sobol::default() }
                .attribute(&model, &input, &TARGETS),
        };
        found.expect("it runs").values
    };
    for method in 0..5 {
        assert!(run(method, 1).equal(&run(method, 1)), "{method}");
        assert!(!run(method, 1).equal(&run(method, 2)), "{method}");
    }
}

#[test]
fn unsound_parameters_are_refused() {
    let (model, input, _) = plain();
    let refused = |found: Result<Attribution, AttributionError>| found.expect_err("refused").to_string();
    let method = FeatureAblation { segmentation: Segmentation::Grid(32), ..FeatureAblation::default() };
    assert!(refused(method.attribute(&model, &input, &TARGETS)).contains("segmentation.grid is 32"));
    let method = Occlusion { window: Some(17), ..Occlusion::default() };
    assert!(refused(method.attribute(&model, &input, &TARGETS)).contains("window is 17"));
    let method = Lime { width: 0.0, ..Lime::default() };
    assert!(refused(method.attribute(&model, &input, &TARGETS)).contains("width is 0"));
    let method = PartitionShap { evaluations: 0, ..PartitionShap::default() };
    assert!(refused(method.attribute(&model, &input, &TARGETS)).contains("evaluations is 0"));
    let method = Rise { chance: 0.0, ..Rise::default() };
    assert!(refused(method.attribute(&model, &input, &TARGETS)).contains("chance is 0"));
    let samples = vec![vec![1.0; 3]];
    assert!(
        refused(Lime::default().attribute_with(&model, &input, &TARGETS, &samples))
            .contains("a number for each")
    );
}
