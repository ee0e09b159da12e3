//! Baselines: pictures that represent the absence of information.

use std::path::PathBuf;
use std::str::FromStr;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::{AttributionError, Scores};

/// A picture that represents the absence of information: the start of a path to the input, or the replacement for a removed
/// part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Baseline {
    /// Zero in the model's input space: the mean colour of the training set.
    #[default]
    Zero,
    /// A black picture.
    Black,
    /// A white picture.
    White,
    /// A middle grey picture.
    Grey,
    /// A picture of one colour: red, green and blue, 0 to 255.
    Colour([u8; 3]),
    /// The same number everywhere, in the model's input space.
    Value(f32),
    /// The input itself, blurred by a Gaussian with this standard deviation in pixels, more than 0 and at
    /// most 1000.
    Blurred(f64),
    /// Normal noise around zero in the model's input space, the same for every input.
    Noise(Noise),
    /// Another picture, given by its path and preprocessed as the model's input.
    Picture(PathBuf),
}

/// Normal noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Noise {
    /// The seed of the noise.
    pub seed: u64,
    /// The standard deviation, 0 to 1000, in the model's input space: 1 is about the spread of natural
    /// pictures there.
    pub deviation: f32,
}

impl Default for Noise {
    fn default() -> Self {
        Noise { seed: 0, deviation: 1.0 }
    }
}

impl Baseline {
    /// The baseline of inputs `[N, C, H, W]`: `[1, C, H, W]` if it is the same for all inputs, else `[N, C, H, W]`.
    ///
    /// # Errors
    /// [`AttributionError::Baseline`] for a picture that cannot be read or has another size.
    pub fn tensor(&self, model: &dyn Scores, inputs: &Tensor) -> Result<Tensor, AttributionError> {
        let like = inputs.f_narrow(0, 0, 1)?;
        let colour = |rgb: [u8; 3]| -> Result<Tensor, AttributionError> {
            let colour = model.colour(rgb);
            let channels = like.size()[1];
            if colour.len() as i64 != channels {
                let reason =
                    format!("a colour has {} channels there, and the input has {channels}", colour.len());
                return Err(AttributionError::Baseline { reason });
            }
            let colour = Tensor::f_from_slice(&colour)?.f_view([1, channels, 1, 1])?;
            let colour = colour.f_to_device(inputs.device())?.f_to_kind(inputs.kind())?;
            Ok(colour.f_expand_as(&like)?.f_contiguous()?)
        };
        match self {
            Baseline::Zero => Ok(like.f_zeros_like()?),
            Baseline::Value(value) => Ok(like.f_full_like(f64::from(*value))?),
            Baseline::Black => colour([0; 3]),
            Baseline::White => colour([255; 3]),
            Baseline::Grey => colour([128; 3]),
            Baseline::Colour(rgb) => colour(*rgb),
            Baseline::Blurred(deviation) => blur(inputs, *deviation),
            Baseline::Noise(noise) => noise.like(&like),
            Baseline::Picture(path) => {
                let picture = model.picture(path)?;
                if picture.size() != like.size() {
                    return Err(AttributionError::Baseline {
                        reason: format!(
                            "{} becomes {:?}, but the input is {:?}",
                            path.display(),
                            picture.size(),
                            like.size()
                        ),
                    });
                }
                Ok(picture.f_to_kind(inputs.kind())?)
            }
        }
    }

    /// Checks the parameters, on behalf of `method`.
    ///
    /// # Errors
    /// [`AttributionError::Parameter`].
    pub fn check(&self, method: &'static str) -> Result<(), AttributionError> {
        let fault = |parameter, value: String, expected| {
            Err(AttributionError::Parameter { method, parameter, value, expected })
        };
        match self {
            Baseline::Value(value) if !value.is_finite() => {
                fault("baseline", value.to_string(), "a finite number")
            }
            Baseline::Blurred(deviation) if !(*deviation > 0.0 && *deviation <= 1000.0) => {
                fault("baseline.blurred", deviation.to_string(), "more than 0 and at most 1000 pixels")
            }
            Baseline::Noise(noise) if !(0.0..=1000.0).contains(&noise.deviation) => {
                fault("baseline.noise.deviation", noise.deviation.to_string(), "from 0 to 1000")
            }
            _ => Ok(()),
        }
    }
}

impl FromStr for Baseline {
    type Err = AttributionError;

    /// `zero`, `black`, `white`, `grey`, `#rrggbb`, a number in the model's input space, `blur` or
    /// `blur:PIXELS`, `noise` or `noise:SEED`, or the path of a picture.
    fn from_str(text: &str) -> Result<Baseline, AttributionError> {
        let unknown = || AttributionError::UnknownBaseline { name: text.to_owned() };
        if let Some(digits) = text.strip_prefix('#') {
            let level = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
            let rgb = (digits.len() == 6).then(|| Some([level(0)?, level(2)?, level(4)?])).flatten();
            return rgb.map(Baseline::Colour).ok_or_else(unknown);
        }
        let (word, argument) = text.split_once(':').unzip();
        Ok(match (word.unwrap_or(text), argument) {
            ("zero", None) => Baseline::Zero,
            ("black", None) => Baseline::Black,
            ("white", None) => Baseline::White,
            ("grey" | "gray", None) => Baseline::Grey,
            ("blur", None) => Baseline::Blurred(10.0),
            ("blur", Some(pixels)) => Baseline::Blurred(pixels.parse().map_err(|_| unknown())?),
            ("noise", None) => Baseline::Noise(Noise::default()),
            ("noise", Some(seed)) => {
                Baseline::Noise(Noise { seed: seed.parse().map_err(|_| unknown())?, ..Noise::default() })
            }
            _ => match text.parse() {
                Ok(value) if f32::is_finite(value) => Baseline::Value(value),
                Err(_) if text.contains(['.', '/', '\\']) => Baseline::Picture(text.into()),
                _ => return Err(unknown()),
            },
        })
    }
}

impl Noise {
    /// Noise of the shape, kind and device of `like`.
    fn like(&self, like: &Tensor) -> Result<Tensor, AttributionError> {
        let normal = Normal::new(0.0, self.deviation).map_err(|error| AttributionError::Baseline {
            reason: format!("noise of deviation {}: {error}", self.deviation),
        })?;
        let random = ChaCha8Rng::seed_from_u64(self.seed);
        let values: Vec<f32> = normal.sample_iter(random).take(like.numel()).collect();
        let noise = Tensor::f_from_slice(&values)?.f_view(like.size().as_slice())?;
        Ok(noise.f_to_device(like.device())?.f_to_kind(like.kind())?)
    }
}

/// How far the Gaussian reaches, in standard deviations.
const REACH: f64 = 4.0;

/// Inputs `[N, C, H, W]` blurred by a Gaussian of this standard deviation in pixels, cut off at four of them and
/// renormalised. Beyond the border, the outermost pixel is repeated.
fn blur(inputs: &Tensor, deviation: f64) -> Result<Tensor, AttributionError> {
    let (rows, channels, height, width) = inputs.size4()?;
    let radius = (REACH * deviation + 0.5) as i64;
    let weight = |offset: i64| (-0.5 * (offset as f64 / deviation).powi(2)).exp();
    let total: f64 = (-radius..=radius).map(weight).sum();
    let kernel: Vec<f64> = (-radius..=radius).map(|offset| weight(offset) / total).collect();
    let kernel = Tensor::f_from_slice(&kernel)?.f_to_kind(inputs.kind())?.f_to_device(inputs.device())?;
    let planes = inputs.f_reshape([rows * channels, 1, height, width])?;
    let across = planes.f_replication_pad2d([radius, radius, 0, 0])?.f_conv2d(
        &kernel.f_view([1, 1, 1, -1])?,
        None::<&Tensor>,
        1,
        0,
        1,
        1,
    )?;
    let down = across.f_replication_pad2d([0, 0, radius, radius])?.f_conv2d(
        &kernel.f_view([1, 1, -1, 1])?,
        None::<&Tensor>,
        1,
        0,
        1,
        1,
    )?;
    Ok(down.f_view_as(inputs)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    // scipy.ndimage.gaussian_filter([[0, 1, 4, 9], [2, 0, 0, 5], [7, 7, 1, 0]], 1.5, mode="nearest", truncate=4)
    #[test]
    fn blurring_is_scipys() {
        let input = Tensor::from_slice(&[0.0, 1.0, 4.0, 9.0, 2.0, 0.0, 0.0, 5.0, 7.0, 7.0, 1.0, 0.0_f64]);
        let found = blur(&input.view([1, 1, 3, 4]), 1.5).expect("it blurs");
        let found: Vec<f64> = Vec::try_from(found.view([-1])).expect("twelve numbers");
        for (found, expected) in found.iter().zip(SCIPY) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }

    const SCIPY: [f64; 12] = [
        1.9126427893447295,
        2.620919105588209,
        3.7922252815037054,
        5.1064216211889395,
        2.9960022320635336,
        3.0235781114294387,
        3.2914769014531573,
        3.7830961835522423,
        4.2968964627875135,
        3.645619988670221,
        2.9565391038155413,
        2.5361237909179324,
    ];

    #[test]
    fn baselines_have_names_or_are_numbers_or_paths() {
        let read = |text: &str| text.parse::<Baseline>();
        for (text, expected) in [
            ("black", Baseline::Black),
            ("-0.5", Baseline::Value(-0.5)),
            ("#ff8000", Baseline::Colour([255, 128, 0])),
            ("blur:2.5", Baseline::Blurred(2.5)),
            ("noise:7", Baseline::Noise(Noise { seed: 7, deviation: 1.0 })),
            ("other/lesion.png", Baseline::Picture("other/lesion.png".into())),
        ] {
            assert_eq!(read(text).expect(text), expected);
        }
        for text in ["blakc", "#ff80", "#gg0000", "blur:wide", "noise:-1", "nan", "inf", ""] {
            assert!(read(text).expect_err(text).to_string().contains("zero, black"), "{text}");
        }
        for fault in ["blur:0", "blur:nan"] {
            assert!(read(fault).expect(fault).check("Integrated Gradients").is_err(), "{fault}");
        }
    }

    #[test]
    fn noise_depends_on_its_seed_alone() {
        let noise = |seed, rows| {
            let like = Tensor::zeros([rows, 3, 8, 8], (Kind::Float, Device::Cpu));
            Noise { seed, deviation: 2.0 }.like(&like).expect("noise")
        };
        assert_eq!(noise(1, 1), noise(1, 1));
        assert_ne!(noise(1, 1), noise(2, 1));
        let deviation = noise(3, 50).std(false).double_value(&[]);
        assert!((deviation - 2.0).abs() < 0.1, "{deviation}");
    }
}
