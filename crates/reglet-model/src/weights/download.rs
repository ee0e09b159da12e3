//! The download of a file.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::Progress;

/// The size of the largest file that is downloaded, above that of the largest published file (VGG-19 has 575 MB). The limit
/// keeps a server from filling the disk.
const LARGEST: u64 = 1 << 30;

/// Downloads into `path` and returns the SHA-256 of what was received.
pub(super) fn download(url: &str, path: &Path, progress: Progress) -> Result<String, String> {
    let plain = |error: &dyn std::fmt::Display| error.to_string();
    let agent = ureq::Agent::config_builder().timeout_connect(Some(Duration::from_secs(20))).build();
    let mut response = ureq::Agent::new_with_config(agent).get(url).call().map_err(|e| plain(&e))?;
    let total = response.body().content_length();
    let mut body = response.body_mut().with_config().limit(LARGEST).reader();

    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut file = fs::File::create(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut done = 0;
    loop {
        let count = body.read(&mut buffer).map_err(|e| plain(&e))?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
        file.write_all(&buffer[..count]).map_err(|e| plain(&e))?;
        done += count as u64;
        progress(done, total);
    }
    file.sync_all().map_err(|e| plain(&e))?;
    Ok(HEXLOWER.encode(&hash.finalize()))
}
