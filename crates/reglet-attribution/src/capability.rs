//! The capabilities of classifiers by name, for messages and comparisons.

use std::fmt;

/// What a classifier offers, or a method needs. Each capability includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Capability {
    /// [`Scores`](crate::Scores).
    Scores,
    /// [`Gradients`](crate::Gradients).
    Gradients,
    /// [`Layers`](crate::Layers).
    Layers,
    /// [`Operators`](crate::Operators).
    Operators,
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Capability::Scores => "scores",
            Capability::Gradients => "gradients",
            Capability::Layers => "layers",
            Capability::Operators => "operators",
        })
    }
}
