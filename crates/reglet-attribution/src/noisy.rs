//! Methods that run another method on noisy copies of the input.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use reglet_model::Targets;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::passes::{add, chunks, rows_per_pass};
use crate::{AttributionError, Classifier, Method};

/// The strength of the noise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Deviation {
    /// A standard deviation in units of each input's range, its largest value minus its smallest: 0 to 10.
    Relative(f64),
    /// A standard deviation in the model's input space: 0 to 1000.
    Absolute(f64),
}

impl Deviation {
    pub(crate) fn check(self, method: &'static str) -> Result<(), AttributionError> {
        let (value, sound, expected) = match self {
            Deviation::Relative(value) => {
                (value, (0.0..=10.0).contains(&value), "from 0 to 10 when relative")
            }
            Deviation::Absolute(value) => {
                (value, (0.0..=1000.0).contains(&value), "from 0 to 1000 when absolute")
            }
        };
        if sound {
            return Ok(());
        }
        Err(AttributionError::Parameter {
            method,
            parameter: "deviation",
            value: value.to_string(),
            expected,
        })
    }

    /// The standard deviation for each of `inputs` (`[N, C, H, W]`), `[N, 1, 1, 1]`.
    fn of(self, inputs: &Tensor) -> Result<Tensor, AttributionError> {
        let space = [1_i64, 2, 3].as_slice();
        let range = inputs.f_amax(space, true)?.f_sub(&inputs.f_amin(space, true)?)?;
        Ok(match self {
            Deviation::Relative(share) => range.f_mul_scalar(share)?,
            Deviation::Absolute(deviation) => range.f_full_like(deviation)?,
        })
    }
}

/// Standard normal noise for one sample after another, in the shape and data type of one input `[1, C, H, W]`. It depends
/// only on the seed, so every picture of a batch gets the same noise as it would alone.
pub(crate) fn normal(seed: u64, like: &Tensor) -> impl FnMut() -> Result<Tensor, AttributionError> + use<> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (shape, count, kind, device) = (like.size(), like.numel(), like.kind(), like.device());
    move || {
        let values: Vec<f64> = StandardNormal.sample_iter(&mut random).take(count).collect();
        Ok(Tensor::f_from_slice(&values)?.f_view(shape.as_slice())?.f_to_kind(kind)?.f_to_device(device)?)
    }
}

/// The mean of a method's values over noisy inputs, that of their squares, and their variance, divided by the number of samples.
pub(crate) struct Moments {
    pub mean: Tensor,
    pub mean_square: Tensor,
    pub variance: Tensor,
}

impl Moments {
    /// Runs `method` on `samples` copies of each of `inputs`, with noise from `draw` times `deviation`, several copies at a
    /// time.
    pub fn new(
        method: &Method,
        model: Classifier<'_>,
        inputs: &Tensor,
        targets: &[usize],
        deviation: Deviation,
        samples: usize,
        draw: &mut dyn FnMut() -> Result<Tensor, AttributionError>,
    ) -> Result<Moments, AttributionError> {
        let deviation = deviation.of(inputs)?;
        let copies = rows_per_pass(&inputs.f_narrow(0, 0, 1)?) / targets.len().max(1);
        let [mut sum, mut squares, mut apart, mut apart_squares]: [Option<Tensor>; 4] = Default::default();
        // The variance is computed from differences to the first sample: as the difference of two large numbers, a small one
        // would be lost to rounding.
        let mut first: Option<Tensor> = None;
        for (_, copies) in chunks(samples, copies) {
            let noisy = (0..copies).map(|_| Ok(inputs.f_add(&deviation.f_mul(&draw()?)?)?));
            let noisy = Tensor::f_cat(&noisy.collect::<Result<Vec<_>, AttributionError>>()?, 0)?;
            let targets = targets.repeat(copies);
            let mut found = Method::attribute_all(
                std::slice::from_ref(method),
                model,
                &noisy,
                Targets::Classes(&targets),
            )?;
            let values = found.computed.swap_remove(0).attribution.values;
            let mut shape = values.size();
            shape[0] /= copies as i64;
            shape.insert(0, copies as i64);
            let values = values.f_view(shape.as_slice())?;
            let total = |values: &Tensor| values.f_sum_dim_intlist(0, false, None::<Kind>);
            add(&mut sum, total(&values)?)?;
            add(&mut squares, total(&values.f_square()?)?)?;
            let first = match &first {
                Some(first) => first,
                None => first.insert(values.f_narrow(0, 0, 1)?),
            };
            let difference = values.f_sub(first)?;
            add(&mut apart, total(&difference)?)?;
            add(&mut apart_squares, total(&difference.f_square()?)?)?;
        }
        let mean = |sum: Option<Tensor>| sum.expect("there is a sample").f_div_scalar(samples as f64);
        let variance = mean(apart_squares)?.f_sub(&mean(apart)?.f_square()?)?.f_clamp_min(0.0)?;
        Ok(Moments { mean: mean(sum)?, mean_square: mean(squares)?, variance })
    }
}

/// Defines a statistic of a method's values over noisy inputs, from its documentation, its name, title and paper, its function of
/// the [`Moments`], and whether that is linear, so that it keeps the unit and the sign of the values.
macro_rules! noisy_method {
    (
        $(#[$documentation:meta])*
        $method:ident, $title:literal, $paper:literal, |$moments:ident| $statistic:expr, linear: $linear:literal
    ) => {
        $(#[$documentation])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $method {
            /// The method that is run on noisy inputs.
            pub method: $crate::Method,
            /// The number of noisy copies of each input: 1 to 100000.
            pub samples: usize,
            /// The strength of the noise.
            pub deviation: $crate::Deviation,
            /// Fixes the noise.
            pub seed: u64,
        }

        impl Default for $method {
            fn default() -> Self {
                $method {
                    method: $crate::Saliency { absolute: false }.into(),
                    samples: 25,
                    deviation: $crate::Deviation::Relative(0.15),
                    seed: 0,
                }
            }
        }

        impl $method {
            /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target, of the shape that the method gives.
            ///
            /// # Errors
            /// The errors of the method, and [`AttributionError::Parameter`](crate::AttributionError::Parameter).
            pub fn attribute<'a>(
                &self,
                model: impl Into<$crate::Classifier<'a>>,
                inputs: &tch::Tensor,
                targets: &[usize],
            ) -> Result<$crate::Attribution, $crate::AttributionError> {
                let mut normal = $crate::noisy::normal(self.seed, &inputs.f_narrow(0, 0, 1)?);
                self.attribute_with(model, inputs, targets, &mut normal)
            }

            /// The same, with standard normal noise given by the caller: `draw` returns the noise of one sample after
            /// another, in a shape that broadcasts to that of the inputs.
            ///
            /// # Errors
            /// The errors of the method and of `draw`, and
            /// [`AttributionError::Parameter`](crate::AttributionError::Parameter).
            pub fn attribute_with<'a>(
                &self,
                model: impl Into<$crate::Classifier<'a>>,
                inputs: &tch::Tensor,
                targets: &[usize],
                draw: &mut dyn FnMut() -> Result<tch::Tensor, $crate::AttributionError>,
            ) -> Result<$crate::Attribution, $crate::AttributionError> {
                $crate::AttributionMethod::check(self)?;
                let $moments = $crate::noisy::Moments::new(
                    &self.method, model.into(), inputs, targets, self.deviation, self.samples, draw,
                )?;
                Ok($crate::Attribution { values: $statistic, gaps: None })
            }
        }

        impl $crate::AttributionMethod for $method {
            fn about(&self) -> &'static $crate::About {
                &$crate::About {
                    title: $title,
                    family: $crate::Family::Gradients,
                    cost: "samples times the method's",
                    paper: $paper,
                }
            }

            fn check(&self) -> Result<(), $crate::AttributionError> {
                $crate::passes::check_count($title, "samples", self.samples)?;
                self.deviation.check($title)?;
                self.method.get().check()
            }

            fn at(&self, point: &$crate::Point) -> Result<$crate::Attribution, $crate::AttributionError> {
                self.attribute(point.model, point.inputs, point.targets())
            }

            fn is_gradient(&self) -> bool {
                $linear && self.method.get().is_gradient()
            }

            fn reduction(&self) -> $crate::Reduction {
                self.method.get().reduction()
            }

            fn note(&self, _model: $crate::Classifier<'_>) -> Option<String> {
                Some(format!("{}, {} samples", self.method.title(), self.samples))
            }
        }
    };
}

pub(crate) use noisy_method;
