//! Segmentations of pictures; methods that need only scores keep or remove their segments.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::{AttributionError, Slic};

/// How a picture is divided into segments.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Segmentation {
    /// A grid with this number of rows and columns, 1 to 64; the cells have the proportions of the picture.
    Grid(usize),
    /// Superpixels, which follow edges.
    Slic(Slic),
}

impl Default for Segmentation {
    fn default() -> Self {
        Segmentation::Grid(8)
    }
}

/// The segment of each pixel.
#[derive(Debug)]
pub struct Segments {
    /// Numbers from 0 to `count` − 1, `[H, W]`, 64-bit integers.
    pub labels: Tensor,
    /// How many segments there are.
    pub count: usize,
}

impl Segmentation {
    /// The segments of one input `[1, C, H, W]`.
    ///
    /// # Errors
    /// [`AttributionError::Parameter`] if there are more rows or columns than pixels.
    pub fn segments(&self, method: &'static str, input: &Tensor) -> Result<Segments, AttributionError> {
        self.check(method)?;
        let (_, _, height, width) = input.size4()?;
        match *self {
            Segmentation::Grid(cells) => {
                if (height.min(width) as usize) < cells {
                    return Err(AttributionError::Parameter {
                        method,
                        parameter: "segmentation.grid",
                        value: cells.to_string(),
                        expected: "no more than the picture's height and width",
                    });
                }
                let cell = |place: i64, size: i64| place * cells as i64 / size;
                let labels: Vec<i64> = (0..height * width)
                    .map(|pixel| cell(pixel / width, height) * cells as i64 + cell(pixel % width, width))
                    .collect();
                let labels =
                    Tensor::f_from_slice(&labels)?.f_view([height, width])?.f_to_device(input.device())?;
                Ok(Segments { labels, count: cells * cells })
            }
            Segmentation::Slic(slic) => {
                let (labels, count) = slic.labels(input)?;
                let labels =
                    Tensor::f_from_slice(&labels)?.f_view([height, width])?.f_to_device(input.device())?;
                Ok(Segments { labels, count })
            }
        }
    }

    pub(crate) fn check(&self, method: &'static str) -> Result<(), AttributionError> {
        match *self {
            Segmentation::Grid(cells) if !(1..=64).contains(&cells) => Err(AttributionError::Parameter {
                method,
                parameter: "segmentation.grid",
                value: cells.to_string(),
                expected: "from 1 to 64",
            }),
            Segmentation::Grid(_) => Ok(()),
            Segmentation::Slic(slic) => slic.check(method),
        }
    }
}
