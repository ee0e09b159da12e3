//! The official archive of libtorch for the CPU, from PyTorch's own site, for machines without a package client.

use super::visible::{can_draw, run};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Command;

/// The address of the archive, for the one system that needs it.
pub const URL: Option<&str> = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
    Some("https://download.pytorch.org/libtorch/cpu/libtorch-shared-with-deps-2.13.0%2Bcpu.zip")
} else {
    None
};

/// The archive's SHA-256, in hexadecimal.
const SHA256: &str = "edbf4cbed78433d803e90a65f1752e57783d164bce66c95c0872b2ab8f5c159e";

/// Downloads the archive to a file and checks its hash. The error describes the failure.
pub fn fetch(curl: &Path, file: &Path) -> Result<(), String> {
    let Some(url) = URL else {
        return Err("PyTorch offers no archive for this system".to_owned());
    };
    let mut command = Command::new(curl);
    command.args(["--fail", "--location", "--proto", "=https", "--retry", "2", "--connect-timeout", "20"]);
    command.args(if can_draw() { ["--progress-bar", "--show-error"] } else { ["--silent", "--show-error"] });
    command.arg("--output").arg(file).arg(url);
    run(command, file.parent().unwrap_or(file))?;
    verify(file, SHA256)
}

/// Whether a file has the expected hash.
fn verify(file: &Path, expected: &str) -> Result<(), String> {
    let mut hasher = Sha256::new();
    File::open(file)
        .and_then(|mut file| io::copy(&mut file, &mut hasher))
        .map_err(|error| format!("{} could not be read: {error}", file.display()))?;
    let found: String = HEXLOWER.encode(&hasher.finalize());
    if found == expected {
        return Ok(());
    }
    Err(format!("the downloaded archive has the SHA-256 {found}, not {expected}, and is not used"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_from_another_by_its_hash() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "abc").expect("write a file");
        // The example of one block in FIPS 180-2, appendix B.1.
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(verify(&file, hash), Ok(()));
        let refused = verify(&file, SHA256).expect_err("another hash");
        assert!(refused.contains(hash) && refused.contains(SHA256), "{refused}");
    }
}
