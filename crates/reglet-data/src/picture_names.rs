//! What the names of picture files look like.

use std::path::Path;

/// What the names of pictures end in. JPEGs are also called `jpe`, `jfif` and `jif`.
pub(crate) const EXTENSIONS: [&str; 12] =
    ["png", "jpg", "jpeg", "jpe", "jfif", "jif", "bmp", "tif", "tiff", "webp", "dcm", "dicom"];

/// Whether a name ends as those of pictures do.
pub(crate) fn is_named_picture(name: &str) -> bool {
    let extension = Path::new(name).extension().unwrap_or_default();
    EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Whether a name may be that of a picture. DICOM files often have no extension, or a part of a number in its place. The
/// file that lists a DICOM medium's files is not a picture.
pub(crate) fn may_be_picture(name: &str) -> bool {
    is_named_picture(name) || (may_be_dicom(name) && !name.eq_ignore_ascii_case("DICOMDIR"))
}

/// Whether a name may be that of a DICOM file.
pub(crate) fn may_be_dicom(name: &str) -> bool {
    let extension = Path::new(name).extension().unwrap_or_default();
    extension.as_encoded_bytes().iter().all(u8::is_ascii_digit)
        || ["dcm", "dicom"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}
