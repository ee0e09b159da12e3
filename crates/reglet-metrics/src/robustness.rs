//! Robustness: whether a map is stable.

pub(crate) mod sensitivity;
pub(crate) mod similarity;
