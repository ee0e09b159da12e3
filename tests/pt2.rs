//! Exported models against what PyTorch computes with them (`reference/make_pt2.py`), and archives that
//! must be refused.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use reglet_model::{
    Head, ImportOptions, Model, ModelError, Note, Op, Pass, Preprocessing, PreprocessingSource, Request,
    Rows, Squashing, Targets, gradients,
};
use reglet_tests::{Reference, assert_close, fixtures};
use serde_json::Value;
use tch::{Device, Kind, Tensor};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

fn import(archive: &Path) -> Result<Model, ModelError> {
    let archive = archive.to_owned();
    Model::import(&ImportOptions::new(archive))
}

fn fixture(name: &str) -> PathBuf {
    fixtures().join(format!("pt2/{name}.pt2"))
}

/// The committed archives.
fn cases() -> Vec<String> {
    let entries = fs::read_dir(fixtures().join("pt2")).expect("committed").flatten();
    let archives = entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "pt2"));
    let mut names: Vec<String> =
        archives.filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    assert!(names.len() >= 28, "all of the cases: {names:?}");
    names
}

/// The logits and the gradient of their sum with respect to the input, recorded whole: picture by picture where a model
/// takes them so.
fn forward_and_backward(model: &Model, input: &Tensor) -> (Tensor, Tensor) {
    let graph = model.graph();
    let alone = |note: &Note| matches!(note, Note::RowsDepend { .. } | Note::OnePicture);
    let rows = if model.notes().iter().any(alone) { input.split(1, 0) } else { vec![input.shallow_clone()] };
    let of = |input: &Tensor| {
        let fetches = [graph.output(), graph.input()];
        let feeds = [(graph.input(), input)];
        let request =
            Request { feeds: &feeds, fetches: &fetches, watch: &[graph.input()], ..Request::default() };
        let values = graph.run(model.parameters(), &request).expect("it runs");
        let gradient = gradients(&values[0], &[&values[1]]).expect("differentiable").remove(0);
        (values[0].detach(), gradient)
    };
    let (logits, gradients): (Vec<Tensor>, Vec<Tensor>) = rows.iter().map(of).unzip();
    (Tensor::cat(&logits, 0), Tensor::cat(&gradients, 0))
}

/// The same, operator by operator.
fn differentiated(model: &Model, input: &Tensor) -> (Tensor, Tensor) {
    let graph = model.graph();
    let pass =
        Pass { feeds: &[(graph.input(), Rows::Given(input))], watch: &[graph.input()], ..Pass::default() };
    let sum = |logits: &Tensor| Ok::<_, ModelError>(logits.f_sum_dim_intlist(1, false, Kind::Float)?);
    let mut found = graph.differentiate(model.parameters(), &pass, sum).expect("it runs");
    (found.logits, found.gradients.remove(0))
}

/// Compares what a model computes, recorded and operator by operator, with a reference.
fn compare(case: &str, archive: &Path, reference: &Reference) {
    let model = import(archive).unwrap_or_else(|error| panic!("{case}: {error}"));
    let expected = reference.tensor("logits");
    let input = reference.input();
    for (way, (logits, gradient)) in [
        ("recorded", forward_and_backward(&model, &input)),
        ("differentiated", differentiated(&model, &input)),
    ] {
        assert_eq!(logits.size(), expected.size(), "{case}");
        // Number by number, for one operator's share of a norm could hide its fault.
        let wrong = (&logits - expected).abs().gt_tensor(&(expected.abs() * 1e-5 + 1e-5));
        let wrong: Vec<i64> = Vec::try_from(wrong.nonzero().reshape(-1)).expect("integers");
        assert!(wrong.is_empty(), "{case}, {way}: logits differ at (picture, place) {wrong:?}");
        let what = format!("{case} gradient, {way}");
        assert_close(&what, &gradient, reference.tensor("input_gradient"), 1e-5);
    }
}

#[test]
fn every_operator_computes_and_differentiates_as_pytorch_does() {
    for case in cases() {
        compare(&case, &fixture(&case), &Reference::read(&format!("pt2/{case}")));
    }
}

#[test]
fn decomposed_programs_compute_the_same() {
    let archives = fs::read_dir(fixtures().join("pt2/decomposed")).expect("committed").flatten();
    let mut count = 0;
    for archive in archives {
        let path = archive.path();
        let case = path.file_stem().expect("a name").to_str().expect("plain").to_owned();
        compare(&format!("decomposed {case}"), &path, &Reference::read(&format!("pt2/{case}")));
        count += 1;
    }
    assert!(count >= 10, "{count} of them");
}

/// A last softmax or sigmoid, or a logarithm of one, is looked behind, and said.
#[test]
fn outputs_that_are_probabilities_already_are_looked_behind() {
    for (case, squashing, head) in [
        ("softmax", Squashing::Softmax, Head::Softmax),
        ("log_softmax", Squashing::Softmax, Head::Softmax),
        ("logarithm", Squashing::Softmax, Head::Softmax),
        ("one_sigmoid", Squashing::Sigmoid, Head::Sigmoid),
        ("sigmoids", Squashing::Sigmoid, Head::MultiLabel),
    ] {
        let model = import(&fixture(case)).unwrap_or_else(|error| panic!("{case}: {error}"));
        let [Note::LookedBehind { squashing: found, .. }] = model.notes() else {
            panic!("{case}: {:?}", model.notes());
        };
        assert_eq!((*found, model.classes().head()), (squashing, head), "{case}");
        let reference = Reference::read(&format!("pt2/{case}"));
        let logits = reference.tensor("logits");
        let expected = match head {
            Head::Softmax => logits.softmax(1, Kind::Float),
            Head::MultiLabel => logits.sigmoid(),
            Head::Sigmoid => Tensor::cat(&[1 - logits.sigmoid(), logits.sigmoid()], 1),
        };
        let found = model.evaluate(&reference.input(), Targets::Top, false, &[]).expect("it runs");
        let probabilities = model.classes().probabilities(&found.logits).expect("logits");
        assert_close(case, &probabilities, &expected, 1e-6);
        let top: Vec<i64> = Vec::try_from(expected.argmax(1, false)).expect("indices");
        assert!(found.targets.iter().zip(top).all(|(found, top)| *found as i64 == top), "{case}");
    }
    for name in ["ensemble", "pair"] {
        let found = import(&fixture(&format!("refused/{name}"))).map(|_| ()).expect_err(name).to_string();
        assert!(found.contains("contains probabilities") && found.contains("sigmoid or softmax"), "{found}");
    }
}

/// Where an answer depends on the other pictures of a batch, that is found and each runs by itself; elsewhere it is not.
#[test]
fn pictures_that_depend_on_each_other_are_run_one_by_one() {
    for case in cases() {
        let model = import(&fixture(&case)).expect("it loads");
        let dependent = ["arithmetic", "batch", "norm", "reductions", "shuffled"].contains(&case.as_str());
        let notes: Vec<&Note> =
            model.notes().iter().filter(|note| matches!(note, Note::RowsDepend { .. })).collect();
        assert_eq!(!notes.is_empty(), dependent, "{case}: {notes:?}");
        if dependent {
            let input = Reference::read(&format!("pt2/{case}")).input();
            let graph = model.graph();
            let error =
                graph.record(model.parameters(), &[(graph.input(), &input)], graph.output()).map(|_| ());
            assert!(matches!(error, Err(ModelError::RowsDepend { rows: 2 })), "{case}");
        }
    }
}

/// Where only a program for one picture could be exported, pictures are run one by one.
#[test]
fn a_model_exported_for_one_picture_takes_several_in_turn() {
    let model = import(&fixture("alone")).expect("it loads");
    assert!(matches!(model.notes(), [Note::OnePicture]), "{:?}", model.notes());
    let reference = Reference::read("pt2/alone");
    let found = model.evaluate(&reference.input(), Targets::Classes(&[0, 2]), true, &[]).expect("it runs");
    assert_close("logits", &found.logits, reference.tensor("logits"), 1e-5);
    let graph = model.graph();
    let recorded = graph.record(model.parameters(), &[(graph.input(), &reference.input())], graph.output());
    let message = recorded.map(|_| ()).expect_err("two at once").to_string();
    assert!(message.contains("one picture at a time"), "{message}");
}

/// Gradients stop where they do in Python: at what is made under `torch.no_grad()`, unless it is passed through.
#[test]
fn regions_are_read_where_they_stand() {
    let model = import(&fixture("regions")).expect("it loads");
    let detached = model.graph().nodes().iter().filter(|node| node.op.name() == "detach").count();
    assert!(detached >= 2, "{detached}");
    let names: Vec<&str> = model.graph().nodes().iter().map(|node| model.graph().name(node.output)).collect();
    assert!(!names.iter().any(|name| name.contains('@')), "{names:?}");
}

#[test]
fn any_number_of_pictures_gives_each_the_same_answer() {
    for case in cases() {
        let model = import(&fixture(&case)).expect("it loads");
        let input = Reference::read(&format!("pt2/{case}")).input();
        let many = Tensor::cat(&[&input, &input.flip([0]), &input], 0);
        let together = model.logits(&many).expect("a batch of six");
        for row in [0, 3, 5] {
            let alone = model.logits(&many.narrow(0, row, 1)).expect("one picture");
            // These drop the dimension of a batch of one on purpose.
            if case != "layouts" {
                assert_close(&case, &alone, &together.narrow(0, row, 1), 1e-4);
            }
        }
    }
}

#[test]
fn height_and_width_may_be_left_open() {
    let model = import(&fixture("open")).expect("it loads");
    let reference = Reference::read("pt2/open");
    let found = model.logits(reference.tensor("other")).expect("another size");
    assert_close("logits", &found, reference.tensor("other_logits"), 1e-5);
}

#[test]
fn a_picture_of_another_size_is_refused_with_both_sizes() {
    let model = import(&fixture("layers")).expect("it loads");
    let input = Tensor::zeros([1, 3, 9, 8], (Kind::Float, Device::Cpu));
    let message = model.logits(&input).expect_err("too high").to_string();
    assert!(message.contains("[N, 3, 8, 8]") && message.contains("[1, 3, 9, 8]"), "{message}");
}

#[test]
fn a_model_cut_at_a_layer_runs_from_there() {
    // The number of pictures, which a view needs, then follows from what is given for the layer.
    let model = import(&fixture("windows")).expect("it loads");
    let graph = model.graph();
    let input = Reference::read("pt2/windows").input();
    let layer = graph.layer("norm").expect("a module");
    let fetches = [layer, graph.output()];
    let request = Request { feeds: &[(graph.input(), &input)], fetches: &fetches, ..Request::default() };
    let whole = graph.run(model.parameters(), &request).expect("it runs");
    assert_eq!(whole[0].size(), [8, 16, 3]);
    let request = Request { feeds: &[(layer, &whole[0])], fetches: &[graph.output()], ..Request::default() };
    let rest = graph.run(model.parameters(), &request).expect("the rest runs without the input");
    assert!(rest[0].equal(&whole[1]));
}

#[test]
fn layers_have_the_names_of_python_modules() {
    let model = import(&fixture("twice")).expect("it loads");
    let graph = model.graph();
    let names: Vec<&str> = graph.layers().collect();
    assert_eq!(names[..4], ["conv", "relu", "conv#2", "relu#2"], "{names:?}");
    assert!(names.contains(&"attn"), "the result of a module of many calls: {names:?}");
    assert_eq!(graph.name(graph.output()), "head");
    assert_eq!(model.grad_cam_layer(), "conv#2");
    assert_eq!(model.classes().count(), 4);
    assert_eq!(model.provenance().architecture, "Twice");
    assert!(!names.iter().any(|name| name.contains("fft")), "what nobody needs is dropped: {names:?}");
}

#[test]
fn weights_that_share_memory_share_it() {
    let model = import(&fixture("weights")).expect("it loads");
    let tensor = |name: &str| {
        let place = model.graph().parameters().iter().position(|p| p.name == name);
        &model.parameters().tensors()[place.unwrap_or_else(|| panic!("no {name}"))]
    };
    // Twenty floats apart in one storage.
    assert_eq!(tensor("late").data_ptr() as usize - tensor("early").data_ptr() as usize, 80);
    assert_eq!(tensor("across").stride(), [1, 4]);
    assert_eq!(tensor("coarse").kind(), Kind::Float);
    assert_eq!(tensor("flags").kind(), Kind::Bool);
    assert!(model.graph().parameters().iter().all(|p| p.name != "never"), "nobody needs it");
}

#[test]
fn nothing_is_changed_in_place() {
    let model = import(&fixture("in_place")).expect("it loads");
    let scatters = model.graph().nodes().iter().filter(|node| node.op.name() == "slice_scatter").count();
    assert!(scatters >= 4, "writes through views become values of their own");
    let input = Reference::read("pt2/in_place").input();
    let kept = input.copy();
    let conv = model.graph().layer("conv").expect("a layer");
    let request = Request {
        feeds: &[(model.graph().input(), &input)],
        fetches: &[conv, model.graph().output()],
        ..Request::default()
    };
    let values = model.graph().run(model.parameters(), &request).expect("it runs");
    assert!(input.equal(&kept));
    assert!(values[0].min().double_value(&[]) < 0.0, "the convolution's result is not rectified");
}

#[test]
fn dropout_and_batch_norm_evaluate() {
    let model = import(&fixture("layers")).expect("it loads");
    assert!(model.graph().nodes().iter().any(|node| matches!(node.op, Op::Dropout { .. })));
    let input = Reference::read("pt2/layers").input();
    assert!(model.logits(&input).expect("it runs").equal(&model.logits(&input).expect("again")));
}

#[test]
fn what_cannot_be_run_is_refused_with_the_reason() {
    for (name, parts) in [
        ("fixed-batch", &["fixed number of pictures", "export-help"] as &[&str]),
        ("unknown-operator", &["torch.ops.aten.fft_fft2.default", "in 'mix'", "please report it"]),
        ("two-results", &["several results"]),
        ("not-logits", &["[N, 3, 8, 8]", "[N, classes]"]),
        ("in-training", &["training mode", "model.eval()"]),
        ("lost-alias", &["in-place operator"]),
        ("lost-twice", &["in-place operator"]),
        ("two-channels", &["[N, 3 or 1, height, width]"]),
        ("dropping", &["drops a share of 0.3", "training=self.training"]),
    ] {
        let error = import(&fixture(&format!("refused/{name}"))).map(|_| ()).expect_err(name).to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{name}: {error}");
    }
}

/// The entries of an archive, by their path under the root folder.
fn entries(archive: &Path) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(fs::File::open(archive).expect("committed")).expect("an archive");
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).expect("an entry");
        let name = entry.name().expect("a name").into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its bytes");
        let (_, inner) = name.split_once('/').expect("a root folder");
        entries.push((inner.to_owned(), bytes));
    }
    entries
}

/// An archive of these entries.
fn packed(entries: &[(String, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in entries {
        writer.start_file(format!("root/{name}"), options).expect("a new name");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

/// What loading says to an archive of these bytes.
fn message(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hostile.pt2");
    fs::write(&path, bytes).expect("written");
    match import(&path) {
        Ok(_) => panic!("it loads"),
        Err(error) => error.to_string(),
    }
}

/// What loading says once an entry of the case `weights` is replaced.
fn replaced(name: &str, change: impl Fn(&mut Vec<u8>)) -> String {
    let mut entries = entries(&fixture("weights"));
    let entry = entries.iter_mut().find(|(known, _)| known == name);
    change(&mut entry.unwrap_or_else(|| panic!("no {name}")).1);
    message(&packed(&entries, CompressionMethod::Stored))
}

/// What loading says once a JSON document of the case `weights` is changed.
fn edited(name: &str, change: impl Fn(&mut Value)) -> String {
    replaced(name, |bytes| {
        let mut document: Value = serde_json::from_slice(bytes).expect("JSON");
        change(&mut document);
        *bytes = serde_json::to_vec(&document).expect("JSON");
    })
}

/// Of a call that cannot be run, the line of Python that makes it is named.
#[test]
fn the_line_to_change_is_named() {
    let mut all = entries(&fixture("refused/dropping"));
    let model = all.iter_mut().find(|(name, _)| name == MODEL).expect("a program");
    let mut document: Value = serde_json::from_slice(&model.1).expect("JSON");
    let stack = "  File \"net.py\", line 12, in forward\n    return self.head(x)\n  File \"head.py\", line 7, in forward\n    return F.dropout(x, 0.3)\n";
    for node in
        document.pointer_mut("/graph_module/graph/nodes").expect("nodes").as_array_mut().expect("a list")
    {
        node["metadata"]["stack_trace"] = stack.into();
    }
    model.1 = serde_json::to_vec(&document).expect("JSON");
    let found = message(&packed(&all, CompressionMethod::Stored));
    assert!(found.contains("(line 7 of head.py: return F.dropout(x, 0.3))"), "{found}");
}

const WEIGHTS: &str = "data/weights/model_weights_config.json";
const MODEL: &str = "models/model.json";

#[test]
fn an_archive_packed_again_still_loads() {
    let bytes = packed(&entries(&fixture("weights")), CompressionMethod::Stored);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("again.pt2");
    fs::write(&path, bytes).expect("written");
    import(&path).expect("the hostile archives below differ from this in one thing each");
}

#[test]
fn sizes_that_lie_are_refused() {
    let meta = |weight: &'static str, key: &'static str, value: Value| {
        edited(WEIGHTS, move |document| document["config"][weight]["tensor_meta"][key] = value.clone())
    };
    let int = |value: i64| serde_json::json!({ "as_int": value });
    for found in [
        meta("late", "storage_offset", int(33)),
        meta("late", "storage_offset", int(-1)),
        meta("late", "sizes", serde_json::json!([int(1 << 40)])),
        meta("late", "sizes", serde_json::json!([int(-1)])),
        meta("again.weight", "sizes", serde_json::json!([int(i64::MAX), int(i64::MAX)])),
        meta("again.weight", "strides", serde_json::json!([int(i64::MAX), int(1)])),
        meta("again.weight", "strides", serde_json::json!([int(1)])),
        replaced("data/weights/weight_0", |bytes| bytes.truncate(3)),
        replaced("data/weights/weight_0", Vec::clear),
    ] {
        assert!(found.contains("extends beyond its"), "{found}");
    }
}

#[test]
fn what_is_no_plain_tensor_is_refused() {
    let found = edited(WEIGHTS, |document| document["config"]["early"]["use_pickle"] = true.into());
    assert!(found.contains("'early' is a pickle"), "{found}");
    let found = edited(WEIGHTS, |document| document["config"]["early"]["tensor_meta"]["layout"] = 1.into());
    assert!(found.contains("is not dense"), "{found}");
    let found = edited(WEIGHTS, |document| document["config"]["early"]["tensor_meta"]["dtype"] = 99.into());
    assert!(found.contains("unknown data type (99)"), "{found}");
    let found =
        edited(WEIGHTS, |document| document["config"]["early"]["path_name"] = "../../etc/passwd".into());
    assert!(found.contains("it has no data/"), "{found}");
    let found =
        replaced("data/weights/weight_0", |bytes| bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes()));
    assert!(found.contains("NaN or infinity"), "{found}");
}

#[test]
fn other_formats_and_versions_are_refused() {
    let found = edited(MODEL, |document| document["schema_version"]["major"] = 9.into());
    assert!(found.contains("version is 9.") && found.contains("2.9 to 2.13"), "{found}");
    let found = replaced("archive_version", |bytes| *bytes = b"1".to_vec());
    assert!(found.contains("archive version is 1"), "{found}");
    let found = replaced("archive_format", |bytes| *bytes = b"pt9".to_vec());
    assert!(found.contains("not an archive of torch.export"), "{found}");
    let found = replaced("byteorder", |bytes| *bytes = b"big".to_vec());
    assert!(found.contains("big-endian"), "{found}");

    // Before 2.9 the weights were one pickle.
    let mut old = entries(&fixture("weights"));
    old.push(("data/weights/model.pt".to_owned(), b"\x80\x02}q\x00.".to_vec()));
    let found = message(&packed(&old, CompressionMethod::Stored));
    assert!(found.contains("before 2.9") && found.contains("export the model again"), "{found}");

    let program = fixtures().join("checkpoints/refused/torchscript.pth");
    let found = import(&program).expect_err("no program of torch.export").to_string();
    assert!(found.contains("TorchScript") && found.contains("export-help"), "{found}");

    let checkpoint = fs::read_dir(fixtures().join("checkpoints/accepted")).expect("committed");
    for file in checkpoint.flatten() {
        let found = import(&file.path()).expect_err("a state dict is no program").to_string();
        assert!(found.contains("cannot read the exported model"), "{found}");
    }
}

#[test]
fn containers_that_cheat_are_refused() {
    let all = entries(&fixture("weights"));
    let found = message(&packed(&all, CompressionMethod::Deflated));
    assert!(found.contains("compressed"), "{found}");

    let whole = packed(&all, CompressionMethod::Stored);
    let twins = renamed(&whole, b"root/data/weights/weight_1", b"root/data/weights/weight_0");
    let found = message(&twins);
    assert!(found.contains("two entries with the same name"), "{found}");
    let found = message(&renamed(&whole, b"root/byteorder", b"boot/byteorder"));
    assert!(found.contains("two root folders"), "{found}");

    for length in [0, 3, 22, 100, whole.len() / 2, whole.len() - 1] {
        let found = message(&whole[..length]);
        assert!(found.contains("cannot read the exported model"), "{found}");
    }
}

/// All places where `from` stands in the archive, replaced by as many other bytes.
fn renamed(archive: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut archive = archive.to_vec();
    let mut place = 0;
    while place + from.len() <= archive.len() {
        if archive[place..].starts_with(from) {
            archive[place..place + from.len()].copy_from_slice(to);
        }
        place += 1;
    }
    archive
}

/// Half a gigabyte that deflates to half a megabyte.
#[test]
fn a_zip_bomb_is_refused_and_not_unpacked() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    writer.start_file("root/models/model.json", options).expect("a new name");
    for _ in 0..512 {
        writer.write_all(&[b' '; 1 << 20]).expect("memory");
    }
    let bomb = writer.finish().expect("memory").into_inner();
    assert!(bomb.len() < 1 << 20);
    let found = message(&bomb);
    assert!(found.contains("'root/models/model.json' is compressed"), "{found}");
}

#[test]
fn an_entry_beyond_the_file_is_refused() {
    let whole = packed(&entries(&fixture("weights")), CompressionMethod::Stored);
    // In the central directory both sizes of each entry stand 20 bytes after its signature.
    let mut lying = whole.clone();
    let header = |place: &usize| whole[*place..].starts_with(b"PK\x01\x02");
    for place in (0..whole.len()).filter(header) {
        lying[place + 20..place + 28].fill(0x7f);
    }
    let found = message(&lying);
    assert!(found.contains("beyond the end") || found.contains("ZIP archive"), "{found}");
}

#[test]
fn graphs_that_make_no_sense_are_refused() {
    let nodes = "/graph_module/graph/nodes";
    let edit = |change: &dyn Fn(&mut Vec<Value>)| {
        edited(MODEL, |document| {
            change(document.pointer_mut(nodes).expect("nodes").as_array_mut().expect("a list"));
        })
    };
    let found = edit(&|nodes| nodes.reverse());
    assert!(found.contains("before anything defines it"), "a cycle or a wrong order: {found}");
    let found = edit(&|nodes| {
        let again = nodes.last().expect("some").clone();
        nodes.push(again);
    });
    assert!(found.contains("two values are called"), "{found}");
    let found = edit(&|nodes| nodes.clear());
    assert!(found.contains("before anything defines it"), "{found}");
    let found = edit(&|nodes| nodes.last_mut().expect("some")["inputs"] = Value::Array(Vec::new()));
    assert!(found.contains("'tensors' is not a list of tensors"), "{found}");
    let two = serde_json::json!({ "as_int": 1, "as_float": 2.0 });
    let found = edit(&|nodes| nodes.last_mut().expect("some")["inputs"][1]["arg"] = two.clone());
    assert!(found.contains("two kinds"), "{found}");
    let found = edit(&|nodes| nodes.last_mut().expect("some")["inputs"][1]["name"] = "novel".into());
    assert!(found.contains("'novel' is not supported"), "{found}");
    let found =
        edit(&|nodes| nodes.last_mut().expect("some")["target"] = "torch.ops.evil.run.default".into());
    assert!(found.contains("torch.ops.evil.run.default"), "{found}");
}

#[test]
fn json_that_is_too_deep_or_no_json_is_refused() {
    let deep = "[".repeat(1 << 20);
    let found = replaced(MODEL, |bytes| *bytes = deep.clone().into_bytes());
    assert!(found.contains("model.json is not as expected"), "{found}");
    let found = replaced(MODEL, |bytes| *bytes = format!(r#"{{"graph_module":{deep}"#).into_bytes());
    assert!(found.contains("model.json is not as expected"), "{found}");
    for bytes in [&b""[..], b"{}", b"null", b"\xff\xfe"] {
        let found = replaced(MODEL, |document| *document = bytes.to_vec());
        assert!(found.contains("model.json is not as expected"), "{found}");
    }
    let found = edited(MODEL, |document| {
        let sizes = &mut document["graph_module"]["graph"]["tensor_values"]["x"]["sizes"];
        sizes[0]["as_expr"]["expr_str"] = "Add(".repeat(100_000).into();
    });
    assert!(found.contains("too deep"), "{found}");
}

#[test]
fn damaged_archives_never_panic() {
    let whole = packed(&entries(&fixture("twice")), CompressionMethod::Stored);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("damaged.pt2");
    // Every 97th byte turned over, one at a time: some of these load, and none panics.
    let mut refused = 0;
    for place in (0..whole.len()).step_by(97) {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x55;
        fs::write(&path, &damaged).expect("written");
        refused += usize::from(import(&path).is_err());
    }
    assert!(refused > 20, "only {refused} were refused");
}

/// Reads and runs a program of so many calls of `target`, each of the last one's result. How long that took.
fn run_deep(target: &str, calls: usize) -> std::time::Duration {
    let mut entries = entries(&fixture("softmax"));
    let model = entries.iter_mut().find(|(name, _)| name == MODEL).expect("a program");
    let mut document: Value = serde_json::from_slice(&model.1).expect("JSON");
    let nodes =
        document.pointer_mut("/graph_module/graph/nodes").expect("nodes").as_array_mut().expect("a list");
    let mut first = nodes[0].clone();
    let input = first["inputs"][0]["arg"]["as_tensor"]["name"].clone();
    let chain = (0..calls).map(|index| {
        let mut node = first.clone();
        node["target"] = target.into();
        let from = if index == 0 { input.clone() } else { format!("deep{}", index - 1).into() };
        node["inputs"] =
            serde_json::json!([{ "name": "self", "arg": { "as_tensor": { "name": from } }, "kind": 1 }]);
        node["outputs"] = serde_json::json!([{ "as_tensor": { "name": format!("deep{index}") } }]);
        node
    });
    let chain: Vec<Value> = chain.collect();
    first["inputs"][0]["arg"]["as_tensor"]["name"] = format!("deep{}", calls - 1).into();
    nodes[0] = first;
    nodes.splice(0..0, chain);
    model.1 = serde_json::to_vec(&document).expect("JSON");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep.pt2");
    fs::write(&path, packed(&entries, CompressionMethod::Stored)).expect("written");
    let start = std::time::Instant::now();
    match import(&path) {
        Ok(model) => {
            let input = Reference::read("pt2/softmax").input();
            let _ = model.logits(&input).expect("it runs");
            let _ = model.graph().affine_prefix();
        }
        Err(error) => assert!(error.to_string().contains("deep"), "{target}: {error}"),
    }
    start.elapsed()
}

/// Programs of tens of thousands of calls are refused or run, in a time that grows with their number: ten times as many take
/// at most forty times as long, on a busy machine too, and not a hundred times.
#[test]
fn the_time_that_a_program_takes_grows_with_its_calls() {
    for target in
        ["torch.ops.aten.relu.default", "torch.ops.aten.relu_.default", "torch.ops.aten.alias.default"]
    {
        let (few, many) = (run_deep(target, 3_000), run_deep(target, 30_000));
        assert!(many < 40 * few, "{target}: {many:?} after {few:?}");
    }
}

#[test]
fn mean_and_deviation_are_those_that_the_archive_or_a_file_beside_it_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.pt2");
    let mut parts = entries(&fixture("softmax"));
    let write = |parts: &[(String, Vec<u8>)]| {
        fs::write(&path, packed(parts, CompressionMethod::Stored)).expect("written");
    };
    write(&parts);
    let statistics = |model: &Model| {
        let Preprocessing { mean, std, .. } = model.preprocessing();
        (mean.as_slice()[0], std.as_slice()[0])
    };
    let model = import(&path).expect("it loads");
    assert_eq!(
        (model.preprocessing_source(), statistics(&model)),
        (&PreprocessingSource::Assumed, (0.485, 0.229))
    );

    let beside = folder.path().join("config.json");
    fs::write(&beside, r#"{"pretrained_cfg": {"mean": [0.4, 0.4, 0.4], "std": [0.2, 0.2, 0.2]}}"#)
        .expect("written");
    let model = import(&path).expect("it loads");
    assert_eq!(
        (model.preprocessing_source(), statistics(&model)),
        (&PreprocessingSource::File(beside), (0.4, 0.2))
    );

    let json = br#"{"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}"#.to_vec();
    parts.push(("extra/preprocessing.json".to_owned(), json));
    write(&parts);
    let model = import(&path).expect("it loads");
    assert_eq!(
        (model.preprocessing_source(), statistics(&model)),
        (&PreprocessingSource::Archive, (0.5, 0.5))
    );
    assert_eq!(model.preprocessing().geometry, reglet_data::Geometry::exact(8));

    parts.pop();
    parts.push(("extra/preprocessing.json".to_owned(), br#"{"mean": [0, 0, 0], "std": [0, 1, 1]}"#.to_vec()));
    write(&parts);
    let message = import(&path).expect_err("no deviation").to_string();
    assert!(message.contains("preprocessing.json") && message.contains("not above 0"), "{message}");
}
