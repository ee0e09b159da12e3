//! Whether a map stays the same.

pub(crate) mod sensitivity;
pub(crate) mod similarity;
