//! Layers of a classifier.

use std::fmt;

/// A layer that a classifier has found by its name ([`Layers::layer`](crate::Layers::layer)).
///
/// Names are resolved once, before anything is computed: whoever holds a `Layer` need not check whether it exists, nor which layer
/// a method reads if its parameters name none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer(String);

impl Layer {
    /// The layer of this name, for a classifier that has checked that it exists.
    pub fn new(name: impl Into<String>) -> Layer {
        Layer(name.into())
    }

    /// Its name, such as `layer4.1.conv2`.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
