//! Converts a picture to the tensor that a model reads.

use std::fmt;

use image::Rgb;
use reglet_data::Geometry;
use reglet_data::picture::{Picture, Pixels};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::ModelError;
use crate::graph::Graph;

/// How a picture becomes a model's input: first its geometry is changed, then each channel is scaled to 0…1, and a mean is
/// subtracted and the result divided by a standard deviation.
///
/// A model with three channels is given red, green and blue; a model with a single channel is given grey levels, computed
/// after the resize with the weights of ITU-R BT.601 as Pillow rounds them for its mode `L`. In TOML, `range` can be given
/// instead of the mean and the standard deviation; it names the numbers that black and white become:
///
/// ```toml
/// geometry = { resize = { exact = { width = 224, height = 224 } } }
/// range = [-1024, 1024]               # or mean = [0.485, 0.456, 0.406] and std = [0.229, 0.224, 0.225]
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written")]
#[schemars(with = "Written")]
pub struct Preprocessing {
    /// Resizing and cropping.
    pub geometry: Geometry,
    /// Mean of each channel, in 0…1.
    pub mean: Channels,
    /// Standard deviation of each channel.
    pub std: Channels,
}

/// The keys that a configuration may contain.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Resizing and cropping.
    geometry: Geometry,
    /// Mean of each channel, where levels are 0 to 1: three numbers, or one for all channels.
    mean: Option<Channels>,
    /// Standard deviation of each channel, likewise.
    std: Option<Channels>,
    /// Instead of mean and standard deviation: the numbers that black and white become in every channel, such as `[0, 1]`,
    /// `[-1, 1]`, `[-1024, 1024]`.
    range: Option<[f32; 2]>,
}

impl TryFrom<Written> for Preprocessing {
    type Error = ModelError;

    fn try_from(written: Written) -> Result<Self, ModelError> {
        let fault = |what: &str| ModelError::Preprocessing { what: what.to_owned() };
        let Written { geometry, mean, std, range } = written;
        let (mean, std) = match (mean, std, range) {
            (Some(mean), Some(std), None) => (mean, std),
            (None, None, Some([black, white])) => Channels::of_range(black, white)?,
            _ => return Err(fault("a preprocessing needs mean and std, or range instead of both")),
        };
        if !std.as_slice().iter().all(|std| *std > 0.0) {
            return Err(fault("std must be above 0 in every channel"));
        }
        Ok(Preprocessing { geometry, mean, std })
    }
}

/// A number for each channel: three numbers, or one for the only channel or for all channels alike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<f32>", into = "Vec<f32>")]
#[schemars(with = "Vec<f32>")]
#[non_exhaustive]
pub enum Channels {
    /// One number.
    One(f32),
    /// Red, green and blue.
    Three([f32; 3]),
}

impl Channels {
    /// The numbers.
    pub fn as_slice(&self) -> &[f32] {
        match self {
            Channels::One(all) => std::slice::from_ref(all),
            Channels::Three(each) => each,
        }
    }

    /// The mean and the standard deviation that turn black (0) into one given number and white (1) into another.
    ///
    /// # Errors
    /// [`ModelError::Preprocessing`] if they are not finite, or white is not greater than black.
    pub fn of_range(black: f32, white: f32) -> Result<(Channels, Channels), ModelError> {
        let span = white - black;
        if !(span.is_finite() && span > 0.0) {
            let what = format!(
                "the range from {black} to {white} is invalid: the second number must be above the first"
            );
            return Err(ModelError::Preprocessing { what });
        }
        Ok((Channels::One(-black / span), Channels::One(1.0 / span)))
    }

    /// The same for this number of channels.
    fn of(self, count: usize) -> Option<Channels> {
        match (self, count) {
            (Channels::One(all), 3) => Some(Channels::Three([all; 3])),
            (Channels::One(_), 1) | (Channels::Three(_), 3) => Some(self),
            _ => None,
        }
    }
}

impl From<[f32; 3]> for Channels {
    fn from(each: [f32; 3]) -> Self {
        Channels::Three(each)
    }
}

impl From<Channels> for Vec<f32> {
    fn from(channels: Channels) -> Self {
        channels.as_slice().to_vec()
    }
}

impl TryFrom<Vec<f32>> for Channels {
    type Error = String;

    fn try_from(numbers: Vec<f32>) -> Result<Self, String> {
        match *numbers.as_slice() {
            _ if numbers.iter().any(|number| !number.is_finite()) => Err("a number is not finite".to_owned()),
            [all] => Ok(Channels::One(all)),
            [red, green, blue] => Ok(Channels::Three([red, green, blue])),
            _ => Err(format!(
                "there are {} numbers, but three are needed, or one for all channels",
                numbers.len()
            )),
        }
    }
}

impl fmt::Display for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.as_slice().iter().map(f32::to_string).collect();
        f.write_str(&numbers.join(", "))
    }
}

/// The statistics of ImageNet that torchvision's models are trained with.
const IMAGENET: (Channels, Channels) =
    (Channels::Three([0.485, 0.456, 0.406]), Channels::Three([0.229, 0.224, 0.225]));

impl Preprocessing {
    /// The mean 0 and the standard deviation 1, which leave levels in 0…1 unchanged, for a model that normalises its input
    /// itself.
    pub const AS_IS: (Channels, Channels) = (Channels::One(0.0), Channels::One(1.0));

    /// The notebook's recipe: the whole picture is resized to `size`×`size` and normalised with ImageNet's statistics.
    pub fn exact(size: u32) -> Preprocessing {
        Preprocessing { geometry: Geometry::exact(size), mean: IMAGENET.0, std: IMAGENET.1 }
    }

    /// torchvision's evaluation recipe: the shorter side is resized to 256 pixels, and the central 224×224 pixels are kept.
    pub fn torchvision() -> Preprocessing {
        Preprocessing { geometry: Geometry::torchvision(), mean: IMAGENET.0, std: IMAGENET.1 }
    }

    /// Whether the model is given levels in 0…1 without normalisation.
    pub fn is_as_is(&self) -> bool {
        let all = |channels: &Channels, number: f32| channels.as_slice().iter().all(|one| *one == number);
        all(&self.mean, 0.0) && all(&self.std, 1.0)
    }

    /// Whether the statistics are ImageNet's.
    pub(crate) fn is_imagenet(&self) -> bool {
        (self.mean, self.std) == IMAGENET
    }

    /// The number of channels that the model is given, 1 or 3.
    pub fn channels(&self) -> usize {
        self.mean.as_slice().len().max(self.std.as_slice().len())
    }

    /// The same for the number of channels that a graph takes, or `undeclared` if the graph does not declare one. ImageNet's
    /// statistics are never assumed for a graph with one channel: it is given levels in 0…1 without normalisation, unless
    /// other statistics were given.
    ///
    /// # Errors
    /// [`ModelError::Preprocessing`] if pictures cannot have this number of channels, or the statistics are for another
    /// number.
    pub(crate) fn fitted(
        self,
        graph: &Graph,
        undeclared: i64,
        assumed: bool,
    ) -> Result<Preprocessing, ModelError> {
        let count = match graph.in_channels().unwrap_or(undeclared) {
            count @ (1 | 3) => count as usize,
            count => {
                let what = format!(
                    "the model takes pictures with {count} channels, but pictures have one (grey) or three (red, green and blue): add a first layer that converts these, and export the model again"
                );
                return Err(ModelError::Preprocessing { what });
            }
        };
        let (mean, std) = if count == 1 && assumed { Preprocessing::AS_IS } else { (self.mean, self.std) };
        match (mean.of(count), std.of(count)) {
            (Some(mean), Some(std)) => Ok(Preprocessing { mean, std, ..self }),
            _ => Err(ModelError::Preprocessing {
                what: format!(
                    "the model takes {count} channel{}, but its mean ({mean}) or standard deviation ({std}) has another number of values: give one value for each channel, or one for all",
                    if count == 1 { "" } else { "s" }
                ),
            }),
        }
    }

    /// The picture as the model sees it, before normalisation.
    ///
    /// # Errors
    /// [`ModelError::Geometry`] for an impossible size.
    pub fn view(&self, picture: &impl Pixels) -> Result<Picture, ModelError> {
        Ok(self.geometry.bring(picture)?)
    }

    /// A colour as the model sees it after normalisation, one number for each channel.
    pub fn colour(&self, rgb: [u8; 3]) -> Vec<f32> {
        (0..self.channels())
            .map(|channel| self.normalised(channel, f32::from(level(self.channels(), channel, rgb)) / 255.0))
            .collect()
    }

    /// A level of a channel, in 0…1, after normalisation.
    fn normalised(&self, channel: usize, level: f32) -> f32 {
        let of = |channels: &Channels| *channels.as_slice().get(channel).unwrap_or(&channels.as_slice()[0]);
        (level - of(&self.mean)) / of(&self.std)
    }

    /// The tensor `[N, C, H, W]` of pictures returned by [`view`](Self::view), which must all have the same size. The full
    /// depth of a picture that is stored in more than 8 bits is used.
    ///
    /// # Errors
    /// [`ModelError::Preprocessing`] if there are no pictures or their sizes differ.
    pub fn tensor(&self, views: &[impl Pixels], device: Device) -> Result<Tensor, ModelError> {
        let fault = |what: &str| ModelError::Preprocessing { what: what.to_owned() };
        let (width, height) =
            views.first().ok_or_else(|| fault("there is no picture to look at"))?.rgb().dimensions();
        if views.iter().any(|view| view.rgb().dimensions() != (width, height)) {
            return Err(fault("pictures in one batch must have one size; preprocess them with a fixed size"));
        }
        let (plane, channels) = ((width * height) as usize, self.channels());
        let mut values = vec![0_f32; views.len() * channels * plane];
        for (view, target) in views.iter().zip(values.chunks_exact_mut(channels * plane)) {
            for (channel, target) in target.chunks_exact_mut(plane).enumerate() {
                let level = |rgb: [u8; 3]| level(channels, channel, rgb);
                let pixels = view.rgb().pixels().zip(target);
                let Some(rest) = view.rest() else {
                    let normalised: [f32; 256] =
                        std::array::from_fn(|level| self.normalised(channel, level as f32 / 255.0));
                    pixels.for_each(|(&Rgb(rgb), value)| *value = normalised[usize::from(level(rgb))]);
                    continue;
                };
                for ((&Rgb(rgb), value), rest) in pixels.zip(rest) {
                    let level = f32::from(level(rgb)) / 255.0 + rest;
                    *value = self.normalised(channel, level.clamp(0.0, 1.0));
                }
            }
        }
        let shape = [views.len() as i64, channels as i64, i64::from(height), i64::from(width)];
        Ok(Tensor::f_from_slice(&values)?.f_view(shape)?.f_to_kind(Kind::Float)?.f_to_device(device)?)
    }
}

/// The luma of ITU-R BT.601, with the weights and the rounding of Pillow's mode `L`. Grey pixels keep their level.
fn grey([red, green, blue]: [u8; 3]) -> u8 {
    let sum = 19_595 * u32::from(red) + 38_470 * u32::from(green) + 7_471 * u32::from(blue);
    ((sum + 0x8000) >> 16) as u8
}

impl Default for Preprocessing {
    fn default() -> Self {
        Preprocessing::exact(224)
    }
}

/// The level of a colour in one of the model's channels.
fn level(channels: usize, channel: usize, rgb: [u8; 3]) -> u8 {
    if channels == 1 { grey(rgb) } else { rgb[channel] }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The levels of `Image.new("RGB", (1, 1), colour).convert("L")` in Pillow 13.0.
    #[test]
    fn grey_is_pillows() {
        for (colour, level) in [
            ([255, 0, 0], 76),
            ([0, 255, 0], 150),
            ([0, 0, 255], 29),
            ([10, 200, 30], 124),
            ([1, 2, 3], 2),
            ([222, 170, 150], 183),
        ] {
            assert_eq!(grey(colour), level, "{colour:?}");
        }
        assert!((0..=255).all(|level| grey([level; 3]) == level));
    }

    #[test]
    fn a_range_is_what_black_and_white_become() {
        for (black, white) in [(0.0, 1.0), (-1.0, 1.0), (-1024.0, 1024.0)] {
            let (mean, std) = Channels::of_range(black, white).expect("a range");
            let preprocessing = Preprocessing { mean, std, ..Preprocessing::default() };
            assert_eq!(
                (preprocessing.colour([0; 3]), preprocessing.colour([255; 3])),
                (vec![black], vec![white])
            );
        }
        for (black, white) in [(1.0, 1.0), (1.0, -1.0), (0.0, f32::NAN), (f32::NEG_INFINITY, 1.0)] {
            Channels::of_range(black, white).expect_err("none");
        }
    }

    #[test]
    fn a_config_gives_statistics_or_a_range() {
        let read = |text: &str| {
            let geometry = r#""geometry": {"resize": {"exact": {"width": 8, "height": 6}}}"#;
            let text = format!("{{{geometry}, {text}}}");
            serde_json::from_str::<Preprocessing>(&text).map_err(|fault| fault.to_string())
        };
        let ranged = read(r#""range": [-1, 1]"#).expect("a range");
        assert_eq!((ranged.mean, ranged.std), (Channels::One(0.5), Channels::One(0.5)));
        let one = read(r#""mean": [0.5], "std": [0.25]"#).expect("one channel");
        assert_eq!(one.std, Channels::One(0.25));
        assert_eq!(read(r#""mean": [0.5, 0.4, 0.3], "std": [1, 1, 1]"#).expect("three").channels(), 3);
        for (text, part) in [
            (r#""range": [1, 0]"#, "must be above the first"),
            (r#""mean": [0.5]"#, "mean and std, or range"),
            (r#""mean": [0.5], "std": [1], "range": [0, 1]"#, "mean and std, or range"),
            (r#""mean": [0.5, 0.5], "std": [1]"#, "three are needed, or one"),
            (r#""mean": [0.5], "std": [0]"#, "above 0"),
        ] {
            let message = read(text).expect_err(part);
            assert!(message.contains(part), "{message}");
        }
    }
}
