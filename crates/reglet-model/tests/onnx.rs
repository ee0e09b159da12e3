//! ONNX files against what PyTorch and ONNX Runtime compute with them (`tests/reference/make_onnx.py`), their gradients against
//! PyTorch's and against differences, and files that must be refused.

#[path = "support/noise.rs"]
mod noise;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use noise::Noise;
use reglet_model::{
    Activation, Head, HeadSource, ImportOptions, Layout, Model, ModelError, Note, Op, Parameters, Product,
    Request, Rewrite, Targets, gradients,
};
use tch::{Device, Kind, Tensor};

/// The folder of committed references.
fn fixtures() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures"))
}

/// What others computed: tensors by name.
struct Reference(HashMap<String, Tensor>);

impl Reference {
    fn read(name: &str) -> Reference {
        let tensors = Tensor::read_safetensors(fixtures().join(format!("{name}.safetensors")));
        Reference(tensors.expect("committed").into_iter().collect())
    }

    fn tensor(&self, name: &str) -> &Tensor {
        &self.0[name]
    }

    fn input(&self) -> Tensor {
        self.tensor("input").shallow_clone()
    }
}

/// By the norm of the difference over that of what is expected.
fn assert_close(what: &str, found: &Tensor, expected: &Tensor, bound: f64) {
    assert_eq!(found.size(), expected.size(), "{what}");
    let far = distance(found, expected);
    assert!(far <= bound, "{what} is {far:.1e} off");
}

/// The norm of the difference over that of what is expected.
fn distance(found: &Tensor, expected: &Tensor) -> f64 {
    let norm = |tensor: &Tensor| tensor.to_kind(Kind::Double).norm().double_value(&[]);
    norm(&(found - expected)) / norm(expected).max(1e-30)
}

fn import(path: &Path) -> Result<Model, ModelError> {
    Model::import(&ImportOptions::new(path))
}

fn made(name: &str) -> Model {
    let path = fixtures().join(format!("onnx/made/{name}.onnx"));
    import(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The committed files of a folder, by name.
fn files(folder: &str) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(fixtures().join("onnx").join(folder)).expect("committed").flatten();
    let files =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "onnx"));
    let mut files: Vec<(String, PathBuf)> =
        files.filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path))).collect();
    files.sort();
    assert!(files.len() > 10, "{folder} has {} files", files.len());
    files
}

/// The same model with parameters in 64-bit floats.
fn doubled(model: &Model) -> Model {
    let double = |tensor: &Tensor| match tensor.kind() {
        Kind::Float => tensor.to_kind(Kind::Double),
        _ => tensor.shallow_clone(),
    };
    let parameters = model.parameters().tensors().iter().map(double).collect();
    model.with_parameters(Parameters::from_tensors(parameters)).expect("the same shapes")
}

/// The rows that a model takes at once.
fn rows(model: &Model, input: &Tensor) -> Vec<Tensor> {
    let alone = model.notes().iter().any(|note| matches!(note, Note::RowsDepend { .. }));
    if alone { input.split(1, 0) } else { vec![input.shallow_clone()] }
}

/// The logits, and the gradient of their sum, weighed, with respect to the input.
fn forward_and_backward(model: &Model, input: &Tensor, weights: &Tensor) -> (Tensor, Tensor) {
    let graph = model.graph();
    let of = |input: &Tensor| {
        let fetches = [graph.output(), graph.input()];
        let feeds = [(graph.input(), input)];
        let request =
            Request { feeds: &feeds, fetches: &fetches, watch: &[graph.input()], ..Request::default() };
        let values = graph.run(model.parameters(), &request).expect("it runs");
        let gradient = gradients(&(&values[0] * weights), &[&values[1]]).expect("differentiable").remove(0);
        (values[0].detach(), gradient)
    };
    let (logits, gradients): (Vec<Tensor>, Vec<Tensor>) = rows(model, input).iter().map(of).unzip();
    (Tensor::cat(&logits, 0), Tensor::cat(&gradients, 0))
}

/// Number by number, for one operator's share of a norm could hide its fault.
fn wrong_logits(case: &str, found: &Tensor, expected: &Tensor) -> Option<String> {
    if found.size() != expected.size() {
        return Some(format!("{case}: logits of shape {:?} and not {:?}", found.size(), expected.size()));
    }
    let wrong = (found - expected).abs().gt_tensor(&(expected.abs() * 1e-5 + 2e-5));
    let wrong: Vec<i64> = Vec::try_from(wrong.nonzero().reshape(-1)).expect("integers");
    (!wrong.is_empty()).then(|| format!("{case}: logits differ at (picture, place) {wrong:?}"))
}

#[test]
fn what_pytorch_exports_computes_and_differentiates_as_in_pytorch() {
    let mut faults = Vec::new();
    for folder in ["dynamo", "script", "fixed"] {
        for (name, path) in files(folder) {
            let case = name.rsplit('-').next().expect("a name");
            let what = format!("{folder} {name}");
            let model = match import(&path) {
                Ok(model) => model,
                Err(error) => {
                    faults.push(format!("{what}: {error}"));
                    continue;
                }
            };
            let reference = Reference::read(&format!("pt2/{case}"));
            let one = Tensor::from(1.0_f32);
            let (logits, gradient) = forward_and_backward(&model, &reference.input(), &one);
            faults.extend(wrong_logits(&what, &logits, reference.tensor("logits")));
            let far = distance(&gradient, reference.tensor("input_gradient"));
            // What ONNX has no operator for: its results send nothing back in PyTorch.
            let detached = case == "layouts";
            faults
                .extend((far > 1e-4 && !detached).then(|| format!("{what}: the gradient is {far:.1e} off")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A file for a fixed number of pictures takes any, and each gets the same answer whatever stands beside it.
#[test]
fn any_number_of_pictures_gives_each_the_same_answer() {
    let names = ["layers", "products", "twice", "windows"];
    let fixed =
        names.iter().flat_map(|name| [format!("fixed/script-1-{name}"), format!("fixed/script-2-{name}")]);
    let made = ["shapes_of_one", "channels_last_eager", "places", "places_of_one", "ranges", "open_windows"];
    for name in fixed.chain(made.map(|name| format!("made/{name}"))) {
        let path = fixtures().join(format!("onnx/{name}.onnx"));
        let model = import(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(model.notes().iter().all(|note| !matches!(note, Note::RowsDepend { .. })), "{name}");
        let input = Tensor::randn([5, 3, 8, 8], (Kind::Float, Device::Cpu));
        let together = model.logits(&input).expect("five pictures");
        for row in 0..5 {
            let alone = model.logits(&input.narrow(0, row, 1)).expect("one picture");
            assert_close(&name, &alone, &together.narrow(0, row, 1), 1e-5);
        }
    }
}

/// Slopes along a line of inputs, for what nobody differentiated before: a logit whose slope is not the same over half the way
/// has a kink or a jump there, and is left out.
#[test]
fn what_others_export_computes_as_onnx_runtime_and_differentiates_as_differences_do() {
    let (mut faults, mut doubles) = (Vec::new(), 0);
    for (name, path) in files("made") {
        let options = ImportOptions {
            output: (name == "two").then(|| "second".to_owned()),
            ..ImportOptions::new(&path)
        };
        let model = match Model::import(&options) {
            Ok(model) => model,
            Err(error) => {
                faults.push(format!("{name}: {error}"));
                continue;
            }
        };
        let reference = Reference::read(&format!("onnx/made/{name}"));
        let input = reference.input();
        let logits = model.logits(&input).unwrap_or_else(|error| panic!("{name}: {error}"));
        faults.extend(wrong_logits(&name, &logits, reference.tensor("logits")));

        // In 64-bit floats, with steps so short that they pass no corner of a rectifier, wherever no operator of the file asks
        // for 32-bit floats itself.
        let exact = doubled(&model);
        let in_double = exact.logits(&input.to_kind(Kind::Double));
        let double = in_double.is_ok_and(|logits| logits.kind() == Kind::Double);
        doubles += usize::from(double);
        let (model, kind, step, bound) =
            if double { (exact, Kind::Double, 1e-6, 1e-6) } else { (model, Kind::Float, 2e-3, 2e-3) };
        let input = input.to_kind(kind);
        for seed in if double { 1..5 } else { 6..7 } {
            let mut noise = Noise::new(seed);
            let direction = noise.normal(&input.size()).to_kind(kind);
            let at = |step: f64| model.logits(&(&input + &direction * step)).expect("it runs");
            let slope = |step: f64| (at(step) - at(-step)) / (2.0 * step);
            let (coarse, fine) = (slope(2.0 * step), slope(step));
            let smooth = (&coarse - &fine).abs().le_tensor(&(fine.abs() * 10.0 * bound + 10.0 * bound));
            let smooth = smooth.to_kind(kind);
            let weights = noise.normal(&smooth.size()).to_kind(kind) * &smooth;
            let share = smooth.mean(Kind::Double).double_value(&[]);
            faults.extend((share < 0.8).then(|| format!("{name}: only {share} of it is smooth")));
            let (_, gradient) = forward_and_backward(&model, &input, &weights);
            let found = (gradient * &direction).sum(Kind::Double).double_value(&[]);
            let expected = (&weights * &fine).sum(Kind::Double).double_value(&[]);
            let scale = (&weights * &fine).abs().sum(Kind::Double).double_value(&[]);
            let far = (found - expected).abs() / scale;
            faults.extend((far > bound).then(|| {
                format!(
                    "{name}: the gradient says {found}, and differences {expected}, {far:.1e} in {kind:?}"
                )
            }));
        }
    }
    assert!(doubles > 20, "only {doubles} run in 64-bit floats");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whether a side that is left open is a whole number of windows is seen when there is a picture.
#[test]
fn windows_of_pictures_of_any_size_are_whole_or_refused() {
    let model = made("open_windows");
    let input = |height, width| Tensor::randn([2, 3, height, width], (Kind::Float, Device::Cpu));
    assert_eq!(model.logits(&input(12, 20)).expect("whole windows").size(), [2, 5]);
    let message = model.logits(&input(10, 20)).expect_err("two and a half windows").to_string();
    // Threads share the pictures among them, so the shape is that of one or of both.
    assert!(message.contains("reshape") && message.contains(", 10, 20, 4]"), "{message}");
}

/// What `torch.export` and both exporters call a layer.
#[test]
fn layers_have_the_names_of_pytorchs_modules() {
    for (folder, case, layers) in [
        // A convolution with its batch norm is called for what it returns.
        ("dynamo", "layers", ["norm", "bare", "valid", "head"].as_slice()),
        ("script", "layers", &["plain", "grouped", "valid", "head"]),
        ("dynamo", "twice", &["conv", "relu", "relu#2", "head"]),
        ("script", "twice", &["conv", "relu", "relu#2", "head"]),
        ("script", "windows", &["norm"]),
    ] {
        let model = import(&fixtures().join(format!("onnx/{folder}/{case}.onnx"))).expect("it loads");
        let names: Vec<&str> = model.graph().layers().collect();
        for layer in layers {
            assert!(names.contains(layer), "{folder} {case} has no {layer}: {names:?}");
        }
        let weights: Vec<&str> =
            model.graph().parameters().iter().map(|weight| weight.name.as_str()).collect();
        if case == "layers" {
            assert!(weights.contains(&"head.weight") && weights.contains(&"plain.bias"), "{weights:?}");
        }
    }
    let class = import(&fixtures().join("onnx/dynamo/layers.onnx")).expect("it loads");
    assert_eq!(class.provenance().architecture, "Layers");
}

/// An operator that a file defines itself is the calls that it is made of, each named after the call that makes it.
#[test]
fn operators_of_a_files_own_are_written_out() {
    let model = made("functions");
    let convolutions: Vec<&str> = model
        .graph()
        .nodes()
        .iter()
        .filter(|node| matches!(node.op, Op::Conv2d { .. }))
        .map(|node| node.module.as_str())
        .collect();
    let expected = [
        "net/Conv_0",
        "net/Block_1/first/conv",
        "net/Block_1/second/conv",
        "net/Block_2/first/conv",
        "net/Block_2/second/conv",
    ];
    assert_eq!(convolutions, expected);
    assert!(model.graph().layers().any(|layer| layer == "net/Block_2/second/conv"));
}

/// Functions that are written as several operators are one again, and so are layers.
#[test]
fn functions_and_layers_are_put_together_again() {
    let model = import(&fixtures().join("onnx/script/activations.onnx")).expect("it loads");
    let has = |op: &Op| model.graph().nodes().iter().any(|node| node.op == *op);
    for function in [
        Activation::Gelu { tanh: false },
        Activation::Gelu { tanh: true },
        Activation::Silu,
        Activation::Mish,
    ] {
        assert!(has(&Op::Activation(function)), "{function:?}");
    }
    for folder in ["dynamo", "script"] {
        let model = import(&fixtures().join(format!("onnx/{folder}/layers.onnx"))).expect("it loads");
        let count =
            |suits: &dyn Fn(&Op) -> bool| model.graph().nodes().iter().filter(|node| suits(&node.op)).count();
        assert_eq!(count(&|op| matches!(op, Op::LayerNorm { .. })), 2, "{folder}");
        assert_eq!(count(&|op| matches!(op, Op::Linear)), 2, "{folder}");
        assert_eq!(count(&|op| matches!(op, Op::Product(Product::Matmul))), 0, "{folder}");
    }
}

/// Methods look for channels in the second place.
#[test]
fn channels_that_are_last_in_a_file_are_second_in_the_graph() {
    for name in ["channels_last", "channels_last_eager"] {
        let model = made(name);
        let graph = model.graph();
        let input = Tensor::zeros([2, 3, 8, 8], (Kind::Float, Device::Cpu));
        let shapes = graph.shapes(model.parameters(), &input.size()).expect("they fit");
        for node in graph.nodes() {
            if let Op::Conv2d { .. } = node.op {
                assert!(
                    matches!(graph.origin(node.inputs[0]), reglet_model::Origin::Input) || {
                        let reglet_model::Origin::Node(before) = graph.origin(node.inputs[0]) else {
                            panic!("{name}")
                        };
                        !matches!(graph.nodes()[before].op, Op::Layout(Layout::Permute { .. }))
                    }
                );
            }
        }
        let layer = graph.layer(model.grad_cam_layer()).expect("there is one");
        assert_eq!(shapes[&layer][1], 4, "{name}: {:?}", shapes[&layer]);
    }
    assert_eq!(made("channels_last").rewritable(Rewrite::FoldBatchNorm).expect("folded"), 1);
}

/// A network of Keras as it exports it, through tf2onnx and through PyTorch: what it computes, its gradients, and a layer whose
/// channels are where Grad-CAM looks for them.
#[test]
fn networks_of_keras_give_its_logits_and_gradients() {
    for backend in ["tensorflow", "torch"] {
        let model = import(&fixtures().join(format!("onnx/keras/{backend}.onnx"))).expect("it loads");
        let graph = model.graph();
        assert_eq!((model.classes().head(), model.head_source()), (Head::Softmax, HeadSource::Network));
        let turned = graph.nodes().iter().filter(|node| {
            matches!(&node.op, Op::Layout(Layout::Permute { .. }))
                && graph.shape(node.output).is_some_and(|shape| shape.len() == 4)
        });
        assert_eq!(turned.count(), 0, "{backend}: pictures are put in another order");
        let reference = Reference::read(&format!("onnx/keras/{backend}"));
        let input = reference.input();
        let layer = graph.layer(model.grad_cam_layer()).expect("there is one");
        let found = model.evaluate(&input, Targets::Classes(&[1, 3]), true, &[layer]).expect("it runs");
        assert_close(backend, &found.logits, reference.tensor("logits"), 1e-5);
        let gradient = found.input_gradient.expect("it was asked for");
        assert_close(backend, &gradient, reference.tensor("input_gradient"), 1e-4);
        assert_close(backend, &found.layers[0].activation, reference.tensor("activation"), 1e-5);
        assert_close(backend, &found.layers[0].gradient, reference.tensor("gradient"), 1e-4);
    }
}

#[test]
fn heads_and_tails_are_found_and_said() {
    let model = made("zipmap");
    let said: Vec<String> = model.notes().iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|note| note.contains("before ZipMap")), "{said:?}");
    assert!(said.iter().any(|note| note.contains("ends with a softmax")), "{said:?}");
    assert_eq!((model.classes().head(), model.head_source()), (Head::Softmax, HeadSource::Network));

    let model = made("argmax");
    let said = model.notes()[0].to_string();
    assert!(said.contains("before ArgMax"), "{said}");
    assert_eq!((model.classes().head(), model.head_source()), (Head::Softmax, HeadSource::Assumed));

    let model = made("named");
    let said = model.notes()[0].to_string();
    assert!(said.contains("'logits'") && said.contains("are ignored"), "{said}");

    let two = fixtures().join("onnx/made/two.onnx");
    let message = import(&two).map(|_| ()).expect_err("it cannot be told").to_string();
    assert!(message.contains("'first' [?, 3], 'second' [?, 2]") && message.contains("output"), "{message}");
    let named = |name: &str| ImportOptions { output: Some(name.to_owned()), ..ImportOptions::new(&two) };
    assert_eq!(Model::import(&named("second")).expect("named").classes().count(), 2);
    let message = Model::import(&named("third")).map(|_| ()).expect_err("no such").to_string();
    assert!(message.contains("no result 'third'"), "{message}");

    let sigmoids = fixtures().join("onnx/made/sigmoids.onnx");
    let model = import(&sigmoids).expect("it loads");
    assert_eq!((model.classes().head(), model.head_source()), (Head::MultiLabel, HeadSource::Network));
    let with = |head: Head, path: &Path| {
        Model::import(&ImportOptions { head: Some(head), ..ImportOptions::new(path) })
    };
    let message = with(Head::Softmax, &sigmoids).map(|_| ()).expect_err("it ends with sigmoids").to_string();
    assert!(message.contains("the network itself ends with multi_label"), "{message}");
    let argmax = fixtures().join("onnx/made/argmax.onnx");
    let model = with(Head::MultiLabel, &argmax).expect("nothing speaks against it");
    assert_eq!((model.classes().head(), model.head_source()), (Head::MultiLabel, HeadSource::Given));
    let input = Reference::read("onnx/made/argmax").input();
    let found = model.evaluate(&input, Targets::Top, false, &[]).expect("it runs");
    let probabilities = model.classes().probabilities(&found.logits).expect("logits");
    assert_close("sigmoids", &probabilities, &found.logits.sigmoid(), 1e-6);
    let message = with(Head::Sigmoid, &argmax).map(|_| ()).expect_err("four logits").to_string();
    assert!(message.contains("for one logit, but the network has 4"), "{message}");
}

/// What lies in a file beside counts for what the model is known by.
#[test]
fn weights_in_another_file_are_read_and_hashed() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["external.onnx", "external.bin"] {
        fs::copy(fixtures().join("onnx/made").join(name), folder.path().join(name)).expect("copied");
    }
    let path = folder.path().join("external.onnx");
    let before = import(&path).expect("both are there").provenance().sha256.clone();
    assert_eq!(before, made("external").provenance().sha256);
    let mut weights = fs::read(folder.path().join("external.bin")).expect("copied");
    weights[4] ^= 1;
    fs::write(folder.path().join("external.bin"), &weights).expect("room");
    assert_ne!(import(&path).expect("still numbers").provenance().sha256, before);
    fs::write(folder.path().join("external.bin"), &weights[..100]).expect("room");
    let message = import(&path).map(|_| ()).expect_err("cut short").to_string();
    assert!(message.contains("'external.bin'") && message.contains("goes beyond the end"), "{message}");
    fs::remove_file(folder.path().join("external.bin")).expect("it was there");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(
            fixtures().join("onnx/made/external.bin"),
            folder.path().join("external.bin"),
        )
        .expect("a link");
        let message = import(&path).map(|_| ()).expect_err("a link that leaves the folder").to_string();
        assert!(message.contains("no path within the model's folder"), "{message}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_in_a_sentence_and_at_once() {
    let mut faults = Vec::new();
    for (name, part) in [
        ("bytes", "numbers are Uint8"),
        ("calls-itself", "'Again' calls itself"),
        ("cycle", "computed later or never"),
        ("deep", "more than 16 deep"),
        ("deep-calls", "more than 16 deep"),
        ("empty-model", "no ONNX file"),
        ("endless-range", "no range from 0 to 1 in steps of 0"),
        ("external-absolute", "no path within the model's folder"),
        ("external-beyond", "goes beyond the end of 'twice.onnx'"),
        ("external-folder", "folder"),
        ("external-missing", "'nothing.bin'"),
        ("external-outside", "no path within the model's folder"),
        ("heavy-calls", "written out at each of their calls"),
        ("huge-constant", "too large for one that is computed"),
        ("huge-range", "no range from 0 to 1000000000"),
        ("huge-window", "kernel_shape"),
        ("long-range", "too large for one that is computed"),
        ("lying-size", "its shape [1099511627776"),
        ("many-calls", "more than 262144 calls"),
        ("many-constants", "too large for one that is computed"),
        ("mixed-pair", "2 pictures at once"),
        ("negative-size", "its shape"),
        ("nested", "no ONNX file"),
        ("no-rows", "no 3 dimensions of rows"),
        ("not-finite", "NaN"),
        ("not-logits", "none of its results is logits"),
        ("open-misfit", "cannot be put into the shape"),
        ("place-beyond", "no place 8 in a dimension of 8"),
        ("two-channels", "its shape is [N, 2, 8, 8]"),
        ("overflowing-size", "its shape"),
        ("quantised", "quantised"),
        ("recurrent", "save it with `torch.export`"),
        ("repeated", "calls written out"),
        ("rows-of-others", "places for rows [3] of [?]"),
        ("runtime", "com.microsoft.FusedConv"),
        ("scattered-constant", "index 7"),
        ("too-many-places", "its places are none"),
        ("shrinking", "in too many steps"),
        ("truncated", "truncated"),
        ("twice", "twice"),
        ("twice-function", "defines the operator 'Two' twice"),
        ("twice-weight", "twice"),
        ("two-inputs", "2 inputs (pictures, mask)"),
        ("unreturned", "returns what it never computes"),
        ("unknown-attribute", "'surprise' is not supported"),
        ("unknown-format", "its format is version 99"),
        ("unknown-kind", "no kind 77"),
        ("unknown-name", "reads 'nowhere'"),
        ("unknown-operator", "Det"),
        ("unknown-operators", "operator set 99"),
        ("unknown-result", "never computed"),
        ("wrong-channels", "does not fit"),
    ] {
        let path = fixtures().join(format!("onnx/refused/{name}.onnx"));
        let start = Instant::now();
        let message = import(&path).map(|_| ()).expect_err(name).to_string();
        assert!(start.elapsed() < Duration::from_secs(20), "{name} took {:?}", start.elapsed());
        let good = message.contains(part) && !message.contains('\n') && message.len() < 500;
        faults.extend((!good).then(|| format!("{name}: {message}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Every file cut short and with single bytes changed: an answer or an error, and nothing else.
#[test]
fn damaged_files_are_answered_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("damaged.onnx");
    for name in [
        "dynamo/twice",
        "script/windows",
        "made/zipmap",
        "made/channels_last_eager",
        "made/shapes_open",
        "made/places",
        "made/ranges",
    ] {
        let whole = fs::read(fixtures().join(format!("onnx/{name}.onnx"))).expect("committed");
        for at in (0..whole.len()).step_by(whole.len() / 60 + 1) {
            fs::write(&path, &whole[..at]).expect("room");
            let _ = import(&path);
            for flip in [0x01_u8, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= flip;
                fs::write(&path, &changed).expect("room");
                let _ = import(&path);
            }
        }
    }
}
