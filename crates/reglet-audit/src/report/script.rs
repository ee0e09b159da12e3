//! The page's only script, and the content security policy that allows nothing else to run.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// What the page runs.
pub(super) const SCRIPT: &str = include_str!("gallery.js");

/// The content security policy: no address is fetched, and no script runs whose hash is not that of [`SCRIPT`].
pub(super) fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(SCRIPT));
    format!(
        "default-src 'none'; script-src 'sha256-{hash}'; style-src 'unsafe-inline'; img-src data:; font-src data:; \
         base-uri 'none'; form-action 'none'"
    )
}
