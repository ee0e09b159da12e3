//! Pictures: whatever the bytes are, decoding them ends in a picture within the limits or in an error.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use reglet_data::picture::{Limits, decode};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { pixels: 1 << 20, bytes: 1 << 20 };
    if let Ok(picture) = decode(bytes, Path::new("picture"), &limits) {
        assert!(u64::from(picture.width()) * u64::from(picture.height()) <= limits.pixels);
    }
});
