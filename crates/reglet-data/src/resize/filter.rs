//! The filters that Pillow resizes by.

use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the values around a place count for in the resized one, by their distance; Pillow's filters of the same names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Filter {
    /// The mean of what a pixel covers.
    Box,
    /// A triangle, which falls to 0 at a distance of one pixel of the result; torchvision's default.
    #[default]
    Bilinear,
    /// A cosine times the cardinal sine, as narrow as the triangle and sharper.
    Hamming,
    /// A piecewise cubic polynomial with a = −0.5 (Keys, 1981, <https://doi.org/10.1109/TASSP.1981.1163711>).
    Bicubic,
    /// The cardinal sine, cut off by a wider one at a distance of three pixels.
    Lanczos,
}

impl Filter {
    /// Every filter.
    pub const ALL: [Filter; 5] =
        [Filter::Box, Filter::Bilinear, Filter::Hamming, Filter::Bicubic, Filter::Lanczos];

    /// Pillow's name, in small letters.
    pub fn name(self) -> &'static str {
        match self {
            Filter::Box => "box",
            Filter::Bilinear => "bilinear",
            Filter::Hamming => "hamming",
            Filter::Bicubic => "bicubic",
            Filter::Lanczos => "lanczos",
        }
    }

    /// The distance, in pixels of the smaller of the two pictures, from which on nothing counts.
    pub(super) fn support(self) -> f64 {
        match self {
            Filter::Box => 0.5,
            Filter::Bilinear | Filter::Hamming => 1.0,
            Filter::Bicubic => 2.0,
            Filter::Lanczos => 3.0,
        }
    }

    /// What counts at a distance within the support, up to a factor.
    pub(super) fn at(self, distance: f64) -> f64 {
        let x = distance.abs();
        match self {
            // A value on the border between two pixels belongs to one of them.
            Filter::Box => f64::from(distance > -0.5 && distance <= 0.5),
            Filter::Bilinear => (1.0 - x).max(0.0),
            Filter::Hamming if x >= 1.0 => 0.0,
            Filter::Hamming => sinc(x) * (0.54 + 0.46 * (PI * x).cos()),
            Filter::Bicubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Filter::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5,
            Filter::Lanczos if x < 3.0 => sinc(x) * sinc(x / 3.0),
            Filter::Bicubic | Filter::Lanczos => 0.0,
        }
    }

    /// Whether some of what is around a place counts against it.
    pub(super) fn has_negative_lobes(self) -> bool {
        matches!(self, Filter::Bicubic | Filter::Lanczos)
    }
}

/// The cardinal sine, sin(πx) / πx.
fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(name: &str) -> Result<Filter, String> {
        let known = Filter::ALL.map(Filter::name).join(", ");
        let found = Filter::ALL.into_iter().find(|filter| filter.name() == name);
        found.ok_or_else(|| format!("there is no filter '{name}'; there are {known}"))
    }
}
