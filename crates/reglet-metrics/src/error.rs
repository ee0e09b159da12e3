//! Why a metric has no value.

/// Why a metric has no value.
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
    /// Nothing in the map is above zero, so there is nothing to share out.
    #[error("the map has no value above zero: shares of it are undefined")]
    NothingPositive,
    /// Every value is the same, so they have no order.
    #[error("all values of a map are equal: they have no order to compare")]
    Constant,
    /// A parameter is out of range.
    #[error("{parameter} is {value}, but must be {expected}")]
    Parameter {
        /// Its name.
        parameter: &'static str,
        /// What it is.
        value: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// The function that scores pictures, or explains them, failed.
    #[error("{0}")]
    Model(String),
}

/// Checks that two arrays have one shape.
pub(crate) fn same_shape(left: &[usize], right: &[usize]) -> Result<(), MetricError> {
    if left == right {
        Ok(())
    } else {
        Err(MetricError::Shape { left: left.to_vec(), right: right.to_vec() })
    }
}

/// Checks that a function answered once for each picture.
pub(crate) fn one_each<T>(answers: Vec<T>, pictures: usize) -> Result<Vec<T>, MetricError> {
    if answers.len() == pictures {
        Ok(answers)
    } else {
        Err(MetricError::Shape { left: vec![answers.len()], right: vec![pictures] })
    }
}
