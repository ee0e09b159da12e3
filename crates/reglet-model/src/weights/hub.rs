//! Finds torchvision's published ImageNet weights in PyTorch's cache, or downloads them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::Progress;
#[cfg(feature = "download")]
use super::download::download;
use crate::{Architecture, ModelError};

/// Where torchvision publishes its weights.
const HOST: &str = "https://download.pytorch.org/models/";

/// The file of torchvision's first published ImageNet weights (`IMAGENET1K_V1`, the weights that `pretrained=True` selects)
/// for `architecture`. It is taken from PyTorch's own cache if it is there; otherwise it is downloaded into the cache and
/// checked against the hash in its name.
///
/// The cache is `$TORCH_HOME/hub/checkpoints`, where `TORCH_HOME` is by default `torch` in
/// `$XDG_CACHE_HOME`, by default `~/.cache`.
///
/// # Errors
/// [`ModelError::Download`].
pub fn published(architecture: Architecture, progress: Progress) -> Result<PathBuf, ModelError> {
    let name = file_name(architecture);
    let url = format!("{HOST}{name}");
    let failed = |reason: &str| ModelError::Download { url: url.clone(), reason: reason.to_owned() };
    let folder = checkpoints()
        .ok_or_else(|| failed("neither TORCH_HOME nor HOME is set, so there is no folder to store it in"))?;
    let path = folder.join(name);
    if !path.is_file() {
        let hash = name.rsplit(['-', '.']).nth(1).unwrap_or_default();
        fetch(&url, &path, hash, progress)?;
    }
    Ok(path)
}

fn file_name(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::ResNet18 => "resnet18-f37072fd.pth",
        Architecture::ResNet34 => "resnet34-b627a593.pth",
        Architecture::ResNet50 => "resnet50-0676ba61.pth",
        Architecture::ResNet101 => "resnet101-63fe2227.pth",
        Architecture::ResNet152 => "resnet152-394f9c45.pth",
        Architecture::MobileNetV2 => "mobilenet_v2-b0353104.pth",
        Architecture::VGG11 => "vgg11-8a719046.pth",
        Architecture::VGG11Bn => "vgg11_bn-6002323d.pth",
        Architecture::VGG13 => "vgg13-19584684.pth",
        Architecture::VGG13Bn => "vgg13_bn-abd245e5.pth",
        Architecture::VGG16 => "vgg16-397923af.pth",
        Architecture::VGG16Bn => "vgg16_bn-6c64b313.pth",
        Architecture::VGG19 => "vgg19-dcbb9e9d.pth",
        Architecture::VGG19Bn => "vgg19_bn-c79401a0.pth",
        Architecture::DenseNet121 => "densenet121-a639ec97.pth",
        Architecture::EfficientNetB0 => "efficientnet_b0_rwightman-7f5810bc.pth",
        Architecture::ConvNextTiny => "convnext_tiny-983f1562.pth",
        Architecture::VitB16 => "vit_b_16-c867db91.pth",
    }
}

/// PyTorch's folder for downloaded weights.
fn checkpoints() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = set("TORCH_HOME")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("torch")))
        .or_else(|| env::home_dir().map(|home| home.join(".cache").join("torch")))?;
    Some(home.join("hub").join("checkpoints"))
}

/// Downloads `url` to `path`, for which the feature `download` is needed. The file is created there only after its SHA-256 has been found to begin with `hash`.
///
/// # Errors
/// [`ModelError::Download`].
pub fn fetch(url: &str, path: &Path, hash: &str, progress: Progress) -> Result<(), ModelError> {
    let failed = |reason: String| ModelError::Download { url: url.to_owned(), reason };
    let partial = path.with_extension(format!("{}.part", std::process::id()));
    let result = download(url, &partial, progress).and_then(|found| {
        if !found.starts_with(hash) {
            return Err(format!("its SHA-256 begins {} instead of {hash}", &found[..hash.len().min(64)]));
        }
        fs::rename(&partial, path).map_err(|error| error.to_string())
    });
    result.map_err(|reason| {
        // The received data are useless and are removed; it is not an error if they no longer exist.
        let _ = fs::remove_file(&partial);
        failed(reason)
    })
}

#[cfg(not(feature = "download"))]
fn download(_: &str, _: &Path, _: Progress) -> Result<String, String> {
    Err("this program was built without the feature `download` of reglet-model; download the file yourself and give its path"
        .to_owned())
}

#[cfg(all(test, feature = "download"))]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// A server on this machine that answers one request with `body`.
    fn serve(body: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("one client");
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).expect("an answer");
        });
        format!("http://{address}/weights-00000000.pth")
    }

    // The SHA-256 of "reglet" begins with these digits, as `printf reglet | sha256sum` says.
    const HASH: &str = "8ef31cf4";

    #[test]
    fn what_arrives_whole_and_right_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep").join("weights.pth");
        let mut seen = Vec::new();
        fetch(&serve(b"reglet"), &path, HASH, &mut |done, total| seen.push((done, total)))
            .expect("it arrives");
        assert_eq!(fs::read(&path).expect("the file"), b"reglet");
        assert_eq!(seen.last(), Some(&(6, Some(6))));
    }

    #[test]
    fn a_wrong_hash_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("weights.pth");
        let error = fetch(&serve(b"tampered"), &path, HASH, &mut |_, _| ()).expect_err("another hash");
        assert!(error.to_string().contains("SHA-256 begins"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
    }
}
