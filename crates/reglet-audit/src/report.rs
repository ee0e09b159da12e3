//! The report.
use crate::results::Results;
use reglet_viz::{Svg, VizError};
/// The page.
pub fn render(results: &Results) -> Result<String, VizError> { Ok(results.title.clone()) }
