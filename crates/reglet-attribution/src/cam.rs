//! The common parts of class activation maps: a layer that is read, and a map that is resized to the input.

use tch::Tensor;

use crate::{AttributionError, Layer};

/// Defines a class activation map from its documentation, its name, title and paper, and the map `[N, 1, h, w]` that it
/// computes from a layer's activation and gradient, `[N, C, h, w]` each.
macro_rules! class_activation_map {
    (
        $(#[$documentation:meta])*
        $method:ident, $title:literal, $paper:literal,
        |$activation:ident, $gradient:ident| $map:block
    ) => {
        $(#[$documentation])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $method {
            /// The layer's name, such as `layer4.1.conv2`; the model's last convolution by default.
            pub layer: Option<String>,
            /// How the map is resized to the input.
            pub upsampling: $crate::Upsampling,
        }

        impl $method {
            /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target: `[N, 1, H, W]`.
            ///
            /// # Errors
            /// The errors of the model, and [`AttributionError::NotSpatial`](crate::AttributionError::NotSpatial).
            pub fn attribute(
                &self,
                model: &dyn $crate::Layers,
                inputs: &tch::Tensor,
                targets: &[usize],
            ) -> Result<$crate::Attribution, $crate::AttributionError> {
                let layer = model.layer(self.layer.as_deref())?;
                let targets = reglet_model::Targets::Classes(targets);
                let evaluation = model.evaluate(inputs, targets, false, std::slice::from_ref(&layer))?;
                self.from_layer(&layer, &evaluation.layers[0], inputs)
            }

            /// The attribution from a layer's activation and gradient that have already been computed.
            ///
            /// # Errors
            /// [`AttributionError::NotSpatial`](crate::AttributionError::NotSpatial).
            pub fn from_layer(
                &self,
                layer: &$crate::Layer,
                values: &reglet_model::LayerEvaluation,
                inputs: &tch::Tensor,
            ) -> Result<$crate::Attribution, $crate::AttributionError> {
                let map = self.at_layer(layer, values)?;
                let (_, _, height, width) = inputs.size4()?;
                Ok($crate::Attribution { values: self.upsampling.apply(&map, height, width)?, gaps: None })
            }

            /// The map at the layer's own size, `[N, 1, h, w]`.
            ///
            /// # Errors
            /// [`AttributionError::NotSpatial`](crate::AttributionError::NotSpatial).
            pub fn at_layer(
                &self,
                layer: &$crate::Layer,
                values: &reglet_model::LayerEvaluation,
            ) -> Result<tch::Tensor, $crate::AttributionError> {
                $crate::cam::check_spatial($title, layer, &values.activation)?;
                let ($activation, $gradient) = (&values.activation, &values.gradient);
                $map
            }
        }

        impl $crate::AttributionMethod for $method {
            fn about(&self) -> &'static $crate::About {
                &$crate::About {
                    title: $title,
                    family: $crate::Family::Layers,
                    cost: "1 forward, 1 backward to the layer, shared",
                    paper: $paper,
                }
            }

            fn needs(&self, model: $crate::Classifier<'_>) -> Result<$crate::Needs, $crate::AttributionError> {
                Ok($crate::Needs::layer(model.layer(self.layer.as_deref())?))
            }

            fn at(&self, point: &$crate::Point) -> Result<$crate::Attribution, $crate::AttributionError> {
                let layer = point.model.layer(self.layer.as_deref())?;
                self.from_layer(&layer, point.layer(&layer), point.inputs)
            }

            fn reduction(&self) -> $crate::Reduction {
                $crate::Reduction::PositiveSum
            }

            fn note(&self, model: $crate::Classifier<'_>) -> Option<String> {
                Some(model.layer(self.layer.as_deref()).ok()?.to_string())
            }
        }
    };
}

/// Makes a type with the parameters `layer` and `upsampling` a method, from its name, the capability that it needs and the
/// function by which a [`Classifier`](crate::Classifier) offers it, its title, cost and paper, and how its values are reduced. The
/// type has the functions `at_layer`, which computes the values of a layer's units, `check_parameters`, and `described`, which adds to
/// the layer's name.
macro_rules! layer_method {
    (
        $method:ident, $capability:ident, $offered:ident,
        $title:literal, $cost:literal, $paper:literal, $reduction:ident
    ) => {
        impl $method {
            /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target: `[N, 1, H, W]`.
            ///
            /// # Errors
            /// The errors of the model, [`AttributionError::Parameter`](crate::AttributionError::Parameter) and
            /// [`AttributionError::NotSpatial`](crate::AttributionError::NotSpatial).
            pub fn attribute(
                &self,
                model: &dyn $crate::$capability,
                inputs: &tch::Tensor,
                targets: &[usize],
            ) -> Result<$crate::Attribution, $crate::AttributionError> {
                let (_, _, height, width) = inputs.size4()?;
                let units = self.at_layer(model, inputs, targets)?;
                $crate::cam::check_spatial($title, &model.layer(self.layer.as_deref())?, &units)?;
                let map = $crate::cam::over_channels(&units)?;
                Ok($crate::Attribution { values: self.upsampling.apply(&map, height, width)?, gaps: None })
            }
        }

        impl $crate::AttributionMethod for $method {
            fn about(&self) -> &'static $crate::About {
                &$crate::About { title: $title, family: $crate::Family::Layers, cost: $cost, paper: $paper }
            }

            fn check(&self) -> Result<(), $crate::AttributionError> {
                self.check_parameters()
            }

            fn at(&self, point: &$crate::Point) -> Result<$crate::Attribution, $crate::AttributionError> {
                self.attribute(point.model.$offered()?, point.inputs, point.targets())
            }

            fn reduction(&self) -> $crate::Reduction {
                $crate::Reduction::$reduction
            }

            fn note(&self, model: $crate::Classifier<'_>) -> Option<String> {
                Some(self.described(&model.layer(self.layer.as_deref()).ok()?))
            }
        }
    };
}

pub(crate) use {class_activation_map, layer_method};

/// The two dimensions of space in `[N, C, h, w]`.
pub(crate) const SPACE: &[i64] = &[2, 3];

/// Returns an error for a layer whose activation has no height and width.
pub(crate) fn check_spatial(
    method: &'static str,
    layer: &Layer,
    activation: &Tensor,
) -> Result<(), AttributionError> {
    if activation.dim() == 4 {
        return Ok(());
    }
    Err(AttributionError::NotSpatial { method, layer: layer.to_string(), shape: activation.size() })
}

/// The sum over channels, `[N, 1, h, w]`.
pub(crate) fn over_channels(values: &Tensor) -> Result<Tensor, AttributionError> {
    Ok(values.f_sum_dim_intlist(1, true, None)?)
}
