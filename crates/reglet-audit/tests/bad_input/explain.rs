//! Pictures, weights, names and numbers that `reglet explain` is given.

use std::fs;

use crate::bench::{Bench, exported, fixture, root, shipped_weights};
use reglet_model::{Weights, save};
use tch::Tensor;

#[test]
fn a_picture_that_is_missing() {
    let bench = Bench::new();
    bench.explain("nowhere.png", &[]).refused(&["nowhere.png", "no picture"]);
}

#[test]
fn a_picture_that_is_empty() {
    Bench::new().explain(fixture("broken/data/empty.png"), &[]).refused(&["empty.png", "0 bytes"]);
}

#[test]
fn a_picture_that_is_cut_short() {
    for name in ["half.png", "half.jpg"] {
        Bench::new().explain(fixture("broken/data").join(name), &[]).refused(&[name, "truncated"]);
    }
}

#[test]
fn a_picture_whose_header_promises_60000_by_60000_pixels() {
    let bench = Bench::new();
    bench.explain(fixture("broken/limits/huge.png"), &[]).refused(&["huge.png", "60000×60000", "too large"]);
}

#[test]
fn one_bad_picture_among_good_ones_leaves_nothing_of_the_good_ones() {
    let bench = Bench::new();
    bench.explain(bench.phantom(), &["nowhere.png"]).refused(&["nowhere.png"]);
}

/// Names that lead out of a folder, or to the folder itself, once their extension is taken off.
#[test]
fn the_results_of_a_picture_lie_within_the_folder_whatever_it_is_called() {
    let bench = Bench::new();
    let picture = fs::read(bench.phantom()).expect("there");
    let named = ["...png", "..png", "con.png"].map(|name| bench.write(name, &picture));
    let run = bench.explain(bench.phantom(), &named.each_ref().map(String::as_str));
    run.accepted(&["phantom", "picture", "picture-2", "_con"]);
    assert_eq!(run.results().len(), 4, "{run:?}");
    bench.read("picture-2/summary.json");
    let mut around: Vec<_> =
        fs::read_dir(bench.folder()).expect("the folder").filter_map(Result::ok).collect();
    around.retain(|entry| !entry.file_name().to_string_lossy().ends_with(".png"));
    assert_eq!(around.len(), 1, "only the folder for the results: {around:?}");
}

/// A folder of pictures as macOS copies them: a hidden file of attributes beside each.
#[test]
fn hidden_files_in_a_folder_are_passed_over() {
    let bench = Bench::new();
    let picture = fs::read(bench.phantom()).expect("there");
    fs::create_dir(bench.folder().join("pictures")).expect("room");
    for name in ["0.jpg", "1.jpg"] {
        bench.write(&format!("pictures/{name}"), &picture);
        bench.write(&format!("pictures/._{name}"), b"Mac OS X        ");
    }
    let run = bench.explain("pictures", &[]);
    run.accepted(&["0", "1"]);
    assert_eq!(run.results().len(), 2, "{run:?}");
}

#[test]
fn where_it_is_asked_to_a_run_goes_on_behind_a_broken_picture_and_lists_it_at_the_end() {
    let bench = Bench::new();
    let broken = fixture("broken/data/half.png").display().to_string();
    let run = bench.explain(bench.phantom(), &[&broken, "nowhere.png", "--keep-going"]);
    run.ended_with(1, &["phantom"]);
    assert_eq!(run.results(), ["phantom"]);
    let end = run.printed().split("2 of 3 pictures could not be explained:").nth(1).expect("a list");
    assert!(end.contains("half.png") && end.contains("truncated") && end.contains("nowhere.png"), "{run:?}");

    let run = bench.explain(bench.phantom(), &[&broken, "--keep-going", "--json"]);
    assert_eq!(run.status(), Some(1), "{run:?}");
    let all: serde_json::Value = serde_json::from_str(run.printed()).expect("JSON");
    assert!(all[0]["methods"].is_array() && all[1]["error"].as_str().expect("text").contains("half.png"));

    let bench = Bench::new();
    let run = bench.explain(&broken, &["nowhere.png", "--keep-going"]);
    assert_eq!((run.status(), run.results().len()), (Some(2), 0), "{run:?}");
    assert!(run.said("none of the 2 pictures") && run.said("half.png") && run.said("nowhere.png"), "{run:?}");
}

#[test]
fn the_statistics_that_are_used_are_printed_and_can_be_given() {
    let bench = Bench::new();
    let used = |arguments: &[&str]| {
        let run = bench.explain(bench.phantom(), arguments);
        run.accepted(&["summary.json"]);
        let summary: serde_json::Value = serde_json::from_str(&bench.read("summary.json")).expect("JSON");
        (summary["model"].clone(), run.printed().to_owned())
    };
    let (model, printed) = used(&[]);
    assert_eq!(model["preprocessing_source"], "ImageNet's, because no others are given");
    assert!(printed.contains("mean 0.485, 0.456, 0.406; standard deviation 0.229, 0.224, 0.225 (ImageNet's"));
    let (model, printed) = used(&["--mean", "none"]);
    assert_eq!(model["preprocessing"]["mean"], serde_json::json!([0.0, 0.0, 0.0]));
    assert_eq!(model["preprocessing"]["std"], serde_json::json!([1.0, 1.0, 1.0]));
    assert!(printed.contains("values from 0 to 1, unchanged (given)"), "{printed}");
    let (model, printed) = used(&["--mean", "0.5", "--std", "0.5,0.25,0.5"]);
    assert_eq!(model["preprocessing"]["std"], serde_json::json!([0.5, 0.25, 0.5]));
    assert!(
        printed.contains("resized to 64×64 pixels; mean 0.5, 0.5, 0.5; standard deviation 0.5, 0.25, 0.5")
    );

    // A size alone leaves an exported model the statistics that a file beside it names.
    let archive = bench.folder().join("twice.pt2");
    fs::copy(exported("twice"), &archive).expect("room");
    bench.write(
        "preprocessor_config.json",
        br#"{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25]}"#,
    );
    let (picture, archive, out) = (bench.phantom(), archive.display().to_string(), bench.out());
    let explain = |more: &[&str]| {
        let words = ["explain", picture.to_str().expect("text"), "--model", &archive, "--device", "cpu"];
        bench.run(&[&words, ["--methods", "saliency", "--out", &out].as_slice(), more].concat())
    };
    for size in [[].as_slice(), &["--preprocessing", "8"]] {
        let run = explain(size);
        run.accepted(&["summary.json"]);
        assert!(
            run.printed().contains("mean 0.5, 0.5, 0.5; standard deviation 0.25, 0.25, 0.25 (from "),
            "{run:?}"
        );
        assert!(run.printed().contains("preprocessor_config.json"), "{run:?}");
    }
    let run = bench.run(&["inspect", &archive]);
    assert!(run.printed().contains("standard deviation 0.25, 0.25, 0.25 (from "), "{run:?}");
    let bench = Bench::new();
    bench
        .explain(bench.phantom(), &["--mean", "123,116,103", "--std", "1"])
        .refused(&["--mean", "divide it by 255"]);
}

/// A model in which the picture moves the probability through the other class's logit alone.
#[test]
fn the_score_that_is_explained_is_chosen_and_named() {
    let bench = Bench::new();
    let weights = Weights::read(&shipped_weights("phantom-clean")).expect("it comes with the program");
    let tensors: Vec<(&str, Tensor)> = weights
        .names()
        .map(|name| {
            let tensor = weights.get(name).expect("named").copy();
            if name == "fc.weight" {
                let _ = tensor.get(0).zero_();
            }
            (name, tensor)
        })
        .collect();
    let tensors: Vec<(&str, &Tensor)> = tensors.iter().map(|(name, tensor)| (*name, tensor)).collect();
    let path = bench.folder().join("other.safetensors");
    save(&path, &tensors).expect("room");
    let path = path.display().to_string();
    let mut found = Vec::new();
    for score in ["logit", "margin", "probability"] {
        let words = [
            "--weights",
            &path,
            "--methods",
            "saliency,integrated_gradients",
            "--target",
            "0",
            "--score",
            score,
        ];
        let run = bench.explain(bench.phantom(), &words);
        run.accepted(&["summary.json"]);
        assert!(run.printed().contains(&format!("explained  the {score}")), "{run:?}");
        let summary: serde_json::Value = serde_json::from_str(&bench.read("summary.json")).expect("JSON");
        assert_eq!(summary["explained"]["score"], score);
        let remark = summary["methods"][0]["remark"].as_str().unwrap_or_default().to_owned();
        found.push(remark.starts_with("all zero"));
    }
    assert_eq!(found, [true, false, false], "only the logit is blind to the other class");
    let bench = Bench::new();
    bench.explain(bench.phantom(), &["--score", "odds"]).refused(&["--score", "'odds'", "logit, margin or"]);
}

#[test]
fn grey_16_bit_transparent_and_cmyk_pictures_just_work() {
    for name in ["grey.png", "grey-16-bit.png", "rgb-16-bit.png", "transparent.png", "cmyk.jpg"] {
        let bench = Bench::new();
        let picture = fixture("fixtures/pictures").join(name);
        bench.explain(picture, &[]).accepted(&[
            "figure.png",
            "figure.svg",
            "maps.safetensors",
            "summary.json",
        ]);
    }
}

#[test]
fn weights_of_another_architecture() {
    let bench = Bench::new();
    let run = bench.explain(bench.phantom(), &["--model", "mobilenet_v2"]);
    run.refused(&["phantom-clean.safetensors", "do not fit mobilenet_v2", "perhaps resnet18"]);
    let run = bench.explain(bench.phantom(), &["--model", "resnet34"]);
    run.refused(&["phantom-clean.safetensors", "do not fit resnet34"]);
}

#[test]
fn weights_of_another_width() {
    let bench = Bench::new();
    let run = bench.explain(bench.phantom(), &["--width", "0.25"]);
    run.refused(&["do not fit resnet18", "conv1.weight [8, 3, 7, 7] instead of [16, 3, 7, 7]"]);
}

#[test]
fn weights_that_are_missing_or_cut_short() {
    let bench = Bench::new();
    bench.explain(bench.phantom(), &["--weights", "nowhere.pth"]).refused(&["nowhere.pth", "no such file"]);
    let whole = fs::read(shipped_weights("phantom-clean")).expect("it comes with the program");
    for (name, length) in [("empty", 0), ("header", 100), ("half", whole.len() / 2), ("end", whole.len() - 1)]
    {
        let path = bench.write(&format!("{name}.safetensors"), &whole[..length]);
        let run = bench.explain(bench.phantom(), &["--weights", &path]);
        run.refused(&[&path, "cannot read the weights"]);
    }
}

#[test]
fn weights_with_nan() {
    let bench = Bench::new();
    let weights = Weights::read(&shipped_weights("phantom-clean")).expect("it comes with the program");
    let tensors: Vec<(&str, Tensor)> = weights
        .names()
        .map(|name| {
            let tensor = weights.get(name).expect("named");
            (name, if name == "fc.bias" { tensor * f64::NAN } else { tensor.shallow_clone() })
        })
        .collect();
    let tensors: Vec<(&str, &Tensor)> = tensors.iter().map(|(name, tensor)| (*name, tensor)).collect();
    let path = bench.folder().join("nan.safetensors");
    save(&path, &tensors).expect("room");
    let run = bench.explain(bench.phantom(), &["--weights", &path.display().to_string()]);
    run.refused(&["nan.safetensors", "NaN", "the first of them 'fc.bias'"]);
}

#[test]
fn a_pickle_that_asks_for_code() {
    let checkpoints = root().join("tests/fixtures/checkpoints/hostile");
    for name in ["code_os_system.pth", "code_eval.pth", "code_beside_tensors.pth", "code_bare_pickle.pth"] {
        let bench = Bench::new();
        let path = checkpoints.join(name).display().to_string();
        bench.explain(bench.phantom(), &["--weights", &path]).refused(&[name, "cannot read the weights"]);
    }
}

#[test]
fn names_that_do_not_exist_come_back_with_the_nearest_that_do() {
    let bench = Bench::new();
    let labels = bench.write("labels.txt", b"benign\nmelanoma\n");
    let cases: [(&[&str], &[&str]); 9] = [
        (&["--layer", "layer4.1.conv3"], &["'layer4.1.conv3'", "'layer4.1.conv2'"]),
        (&["--labels", &labels, "--target", "melanona"], &["'melanona'", "did you mean 'melanoma'"]),
        (&["--target", "2"], &["'2'", "2 classes, 0 to 1"]),
        (&["--methods", "salience"], &["'salience'", "did you mean 'saliency'"]),
        (&["--colormap", "infreno"], &["infreno", "inferno"]),
        (&["--device", "cdua"], &["'cdua'", "available: auto, cpu"]),
        (&["--model", "resnet19"], &["'resnet19'", "'resnet18'"]),
        (&["--baseline", "balck"], &["'balck'", "black"]),
        (&["--rewrites", "none,channels_lst"], &["'channels_lst'", "did you mean 'channels_last'"]),
    ];
    for (arguments, expected) in cases {
        bench.explain(bench.phantom(), arguments).refused(expected);
    }
}

#[test]
fn numbers_that_make_no_sense() {
    let bench = Bench::new();
    let cases: [(&[&str], &[&str]); 4] = [
        (&["--steps", "0"], &["steps is 0", "from 1"]),
        (&["--width", "0"], &["width of 0"]),
        (&["--baseline", "nan"], &["baseline 'nan'"]),
        (&["--preprocessing", "0"], &["preprocessing '0'", "1 to 4096"]),
    ];
    for (arguments, expected) in cases {
        bench.explain(bench.phantom(), arguments).refused(expected);
    }
}

#[test]
fn labels_that_do_not_fit_the_classes() {
    let bench = Bench::new();
    let labels = bench.write("labels.txt", b"benign\n");
    bench.explain(bench.phantom(), &["--labels", &labels]).refused(&["1 class labels", "2 classes"]);
    bench.explain(bench.phantom(), &["--labels", "nowhere.txt"]).refused(&["labels nowhere.txt"]);
}

#[test]
fn an_exported_model_explains_and_says_what_does_not_fit_it() {
    let bench = Bench::new();
    let (picture, out) = (bench.phantom().display().to_string(), bench.out());
    let explain = |model: &str, more: &[&str]| {
        let model = exported(model).display().to_string();
        let words =
            ["explain", &picture, "--model", &model, "--device", "cpu", "--steps", "4", "--out", &out];
        bench.run(&[&words, more].concat())
    };
    explain("refused/unknown-operator", &[]).refused(&["torch.ops.aten.fft_fft2.default", "'mix'"]);
    explain("twice", &["--preprocessing", "64"]).refused(&["[N, 3, 8, 8]", "[1, 3, 64, 64]"]);
    explain("twice", &["--weights", "torchvision"]).refused(&["omit --weights"]);
    explain("twice", &["--layer", "cnov"]).refused(&["no layer 'cnov'", "'conv'"]);
    explain("nowhere", &[]).refused(&["nowhere.pt2", "no such file"]);
    // Without --preprocessing the picture is brought to the size that the model was exported for.
    explain("twice", &[]).accepted(&["figure.png", "figure.svg", "maps.safetensors", "summary.json"]);
    assert!(bench.read("summary.json").contains(r#""architecture": "Twice""#));
}

#[test]
fn a_gallery_is_told_what_is_wrong_before_anything_is_drawn() {
    let bench = Bench::new();
    let picture = bench.phantom().display().to_string();
    let weights = shipped_weights("phantom-clean").display().to_string();
    let run = |more: &[&str]| {
        let mut words =
            vec!["gallery", "--photo", &picture, "--photo-weights", &weights, "--dermoscopic", &picture];
        words.extend(["--dermoscopic-weights", &weights]);
        let out = bench.out();
        words.extend(["--out", &out]);
        words.extend(more);
        bench.run(&words)
    };
    run(&["--scale", "0"]).refused(&["--scale is 0", "at most 4"]);
    run(&["--methods", "salience"]).refused(&["salience", "saliency"]);
    run(&["--set", "rise.masks=0"]).refused(&["RISE", "masks is 0"]);
    // The shipped classifiers are an eighth as wide.
    run(&[]).refused(&["phantom-clean.safetensors", "do not fit resnet18"]);
}

/// Other programs turn such a picture before a model sees it, and get another answer.
#[test]
fn a_picture_that_is_stored_lying_is_read_so_and_the_answer_says_so() {
    let bench = Bench::new();
    let said = |picture: std::path::PathBuf| {
        let run = bench.explain(picture, &[]);
        run.accepted(&["summary.json"]);
        let summary: serde_json::Value = serde_json::from_str(&bench.read("summary.json")).expect("JSON");
        let notes = summary["picture_notes"].as_array().expect("a list").len();
        (run.printed().contains("stored rotated or mirrored"), notes)
    };
    assert_eq!(said(fixture("fixtures/pictures/turned-by-exif.jpg")), (true, 1));
    assert_eq!(said(bench.phantom()), (false, 0));
}
