//! The kinds of slopes of a network's scores.

/// The kind of slope of the scores to compute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slope {
    /// The gradient at each row.
    #[default]
    Gradient,
    /// The secant from each row a to the next row b, so there is one less than there are rows: numbers m with m · (b − a) =
    /// score(b) − score(a). It is computed by the chain rule with the secant of each operator in place of its derivative,
    /// which is DeepLIFT's Rescale rule (<https://arxiv.org/abs/1704.02685>) between neighbouring rows. An operator of
    /// several numbers that is neither a sum, a product nor a maximum (layer norm, softmax) uses its derivative at the
    /// midpoint instead, with which the equation holds up to an error of third order in b − a.
    ///
    /// Every value on the way must [keep its rows](super::Graph::keeps_rows).
    Secant,
}
