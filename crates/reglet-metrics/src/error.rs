//! The reasons why a metric can be undefined.

/// The reasons why a metric can be undefined.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// Two arrays that belong together differ in shape.
    #[error("the shapes {left:?} and {right:?} differ: they must be the same")]
    Shape {
        /// The one.
        left: Vec<usize>,
        /// The other.
        right: Vec<usize>,
    },
    /// The region has no pixel, or the map no value.
    #[error("the region is empty: a map cannot be compared with it")]
    EmptyRegion,
    /// The region is the whole picture.
    #[error("the region is the whole picture: there is nothing outside it to compare with")]
    WholePicture,
    /// A value is NaN or infinite.
    #[error("a value of the map is not finite: the map cannot be used")]
    NotFinite,
    /// No value of the map is above zero, so shares of it are undefined.
    #[error("the map has no value above zero: shares of it are undefined")]
    NothingPositive,
    /// All values are equal, so they have no order.
    #[error("all values of a map are equal: they have no order to compare")]
    Constant,
    /// A parameter is out of range.
    #[error("{parameter} is {value}, but must be {expected}")]
    Parameter {
        /// Its name.
        parameter: &'static str,
        /// What it is.
        value: f64,
        /// The permitted values.
        expected: &'static str,
    },
    /// The values of removed pixels were not found.
    #[error(
        "after {steps} steps, a removed pixel still deviates from its neighbours' mean by {deviation}: remove fewer pixels"
    )]
    NotConverged {
        /// The number of steps of conjugate gradients.
        steps: usize,
        /// The largest deviation from the mean of the neighbours, in the input's unit.
        deviation: f64,
    },
    /// The function that scores pictures, or explains them, failed.
    #[error("{0}")]
    Model(String),
}

/// Checks that two arrays have the same shape.
pub(crate) fn same_shape(left: &[usize], right: &[usize]) -> Result<(), MetricError> {
    if left == right {
        Ok(())
    } else {
        Err(MetricError::Shape { left: left.to_vec(), right: right.to_vec() })
    }
}

/// Checks that every value is finite.
pub(crate) fn finite<'a>(values: impl IntoIterator<Item = &'a f32>) -> Result<(), MetricError> {
    if values.into_iter().all(|value| value.is_finite()) { Ok(()) } else { Err(MetricError::NotFinite) }
}

/// Checks that some values differ, so that they have an order.
pub(crate) fn ordered(values: &[f32]) -> Result<(), MetricError> {
    if values.iter().any(|value| *value != values[0]) { Ok(()) } else { Err(MetricError::Constant) }
}

/// Checks that a function returned one value for each picture.
pub(crate) fn one_each<T>(answers: Vec<T>, pictures: usize) -> Result<Vec<T>, MetricError> {
    if answers.len() == pictures {
        Ok(answers)
    } else {
        Err(MetricError::Shape { left: vec![answers.len()], right: vec![pictures] })
    }
}
