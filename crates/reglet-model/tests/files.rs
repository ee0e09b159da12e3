//! Files that are not what they are given as, and files made to keep their reader busy: each is refused at once, with a
//! sentence that says what it is.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reglet_model::{Architecture, ImportOptions, Model, ModelOptions, Preprocessing, Weights, WeightsSource};
use tch::{Device, Kind, Tensor};

fn options(archive: &Path) -> ImportOptions {
    ImportOptions::new(archive.to_owned())
}

/// What importing a file says.
fn as_model(path: &Path) -> String {
    Model::import(&options(path)).map(|_| ()).expect_err("no model").to_string()
}

fn as_weights(path: &Path) -> String {
    Weights::read(path).map(|_| ()).expect_err("no weights").to_string()
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("room for a file");
    path
}

/// Whatever happens within must not take long, and what takes for ever fails the test by its time.
fn at_once<R>(work: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = work();
    assert!(start.elapsed() < Duration::from_secs(20), "it took {:?}", start.elapsed());
    result
}

#[test]
fn other_formats_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    for (name, bytes, parts) in [
        ("model.onnx", b"\x08\x09\x12\x07pytorch\x1a\x052.9.0".as_slice(), ["ONNX", "file"]),
        ("model.h5", b"\x89HDF\r\n\x1a\n\0\0\0\0", ["HDF5", "format=\"onnx\""]),
        ("model.tflite", b"\x1c\0\0\0TFL3\0\0", ["TensorFlow Lite", "export-help"]),
        ("model.pt2", pointer, ["Git LFS", "git lfs pull"]),
        ("page.pt", b"<!DOCTYPE html><html><body>404</body></html>", ["web page", "again"]),
        ("weights.tar.gz", b"\x1f\x8b\x08\0\0\0\0\0", ["gzip", "unpack"]),
    ] {
        let path = written(folder.path(), name, bytes);
        for message in [as_model(&path), as_weights(&path)] {
            assert!(parts.iter().all(|part| message.contains(part)), "{name}: {message}");
        }
    }
}

#[test]
fn weights_that_are_given_as_a_model_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("weights.safetensors");
    reglet_model::save(&path, &[("fc.bias", &Tensor::zeros([2], (Kind::Float, Device::Cpu)))])
        .expect("saved");
    let message = as_model(&path);
    assert!(message.contains("weights (.safetensors) without the network"), "{message}");
    let message = as_model(&written(
        folder.path(),
        "legacy.pth",
        b"\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.",
    ));
    assert!(message.contains("PyTorch checkpoint"), "{message}");
}

#[test]
fn weights_that_are_cut_short_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("weights.safetensors");
    let tensor = Tensor::zeros([1000], (Kind::Float, Device::Cpu));
    reglet_model::save(&path, &[("fc.weight", &tensor)]).expect("saved");
    let whole = fs::read(&path).expect("it was written");
    for length in [1, 7, 8, 20, 100, whole.len() - 1] {
        let message = as_weights(&written(folder.path(), "short", &whole[..length]));
        assert!(message.contains("cannot read the weights"), "{length}: {message}");
    }
}

/// Terabytes of nothing behind a sound beginning.
#[test]
fn a_sparse_file_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, head, size) in [
        ("sparse.safetensors", b"\x02\0\0\0\0\0\0\0{}".as_slice(), 4 << 40),
        ("sparse.pth", b"PK\x03\x04", 4 << 40),
        ("smaller.safetensors", b"\x02\0\0\0\0\0\0\0{}", 32_i64 << 30),
        ("smaller.pth", b"\x80\x02", 32 << 30),
    ] {
        let path = folder.path().join(name);
        let mut file = File::create(&path).expect("a file");
        file.write_all(head).expect("room");
        // Some file systems have no room for holes of that size.
        if file.seek(SeekFrom::Start(size as u64 - 1)).and_then(|_| file.write_all(&[0])).is_err() {
            continue;
        }
        let message = at_once(|| as_weights(&path));
        assert!(message.contains("cannot read the weights"), "{name}: {message}");
        at_once(|| as_model(&path));
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_before_it_is_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe.pt2");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there");
    assert!(made.success());
    for path in [pipe.as_path(), Path::new("/dev/zero")] {
        for message in at_once(|| [as_model(path), as_weights(path)]) {
            assert!(message.contains("a pipe, a device or a socket"), "{message}");
        }
        let trusted = at_once(|| Model::import_trusted(&options(path)).map(|_| ()));
        assert!(trusted.expect_err("no model").to_string().contains("a pipe, a device or a socket"));
    }
}

/// A checkpoint with the average of the weights beside them, and one with a loss's.
#[test]
fn weights_beside_the_networks_own_are_told_from_those_of_another_network() {
    let architecture = Architecture::ResNet18;
    let graph = architecture.graph(3, 0.125).expect("a small network");
    let zeros: Vec<Tensor> = graph
        .parameters()
        .iter()
        .map(|parameter| Tensor::zeros(parameter.shape.as_slice(), (Kind::Float, Device::Cpu)))
        .collect();
    let own = |prefix: &str| -> Vec<(String, &Tensor)> {
        graph.parameters().iter().map(|p| format!("{prefix}{}", p.name)).zip(&zeros).collect()
    };
    let folder = tempfile::tempdir().expect("a folder");
    let load = |tensors: &[(String, &Tensor)]| {
        let path = folder.path().join("weights.safetensors");
        let tensors: Vec<(&str, &Tensor)> =
            tensors.iter().map(|(name, tensor)| (name.as_str(), *tensor)).collect();
        reglet_model::save(&path, &tensors).expect("saved");
        let options = ModelOptions {
            architecture,
            width: 0.125,
            weights: WeightsSource::File(path),
            labels: None,
            preprocessing: Preprocessing::default(),
            device: Device::Cpu,
        };
        Model::load(&options, &mut |_, _| {}).map(|_| ())
    };
    load(&own("")).expect("its own weights");
    let message = load(&[own("model."), own("model_ema.")].concat()).expect_err("two sets").to_string();
    assert!(message.contains("twice, under 'model' and under 'model_ema'"), "{message}");
    let mut with_loss = own("");
    with_loss.push(("criterion.weight".to_owned(), &zeros[0]));
    let message = load(&with_loss).expect_err("one too many").to_string();
    assert!(
        message.contains("1 unexpected (criterion.weight)") && message.contains("the weights of a loss"),
        "{message}"
    );
}
