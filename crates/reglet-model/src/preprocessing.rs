//! From a picture to the tensor a model reads.

use image::RgbImage;
use reglet_data::Geometry;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::ModelError;

/// How a picture becomes a model's input: geometry, then each channel scaled to 0…1, less a mean, over a
/// standard deviation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// Resizing and cropping.
    pub geometry: Geometry,
    /// Mean of each channel, in 0…1.
    pub mean: [f32; 3],
    /// Standard deviation of each channel.
    pub std: [f32; 3],
}

/// The statistics of ImageNet that torchvision's models are trained with.
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

impl Preprocessing {
    /// The mean and standard deviation that leave numbers in 0…1 as they are, for a model that normalises them itself.
    pub const AS_IS: ([f32; 3], [f32; 3]) = ([0.0; 3], [1.0; 3]);

    /// The notebook's recipe: the whole picture resized to `size`×`size`, ImageNet's statistics.
    pub fn exact(size: u32) -> Preprocessing {
        Preprocessing { geometry: Geometry::exact(size), mean: IMAGENET.0, std: IMAGENET.1 }
    }

    /// torchvision's evaluation recipe: the shorter side resized to 256, the centre 224×224 kept.
    pub fn torchvision() -> Preprocessing {
        Preprocessing { geometry: Geometry::torchvision(), mean: IMAGENET.0, std: IMAGENET.1 }
    }

    /// The picture as the model sees it, before normalisation.
    ///
    /// # Errors
    /// [`ModelError::Geometry`] for a size that cannot be.
    pub fn view(&self, picture: &RgbImage) -> Result<RgbImage, ModelError> {
        Ok(self.geometry.apply(picture)?)
    }

    /// A colour as the model sees it after normalisation.
    pub fn colour(&self, rgb: [u8; 3]) -> [f32; 3] {
        std::array::from_fn(|channel| {
            (f32::from(rgb[channel]) / 255.0 - self.mean[channel]) / self.std[channel]
        })
    }

    /// The tensor `[N, 3, H, W]` of pictures that [`view`](Self::view) returned, all of one size.
    ///
    /// # Errors
    /// [`ModelError::Preprocessing`] if there is none or their sizes differ.
    pub fn tensor(&self, views: &[RgbImage], device: Device) -> Result<Tensor, ModelError> {
        let fault = |what: &str| ModelError::Preprocessing { what: what.to_owned() };
        let (width, height) =
            views.first().ok_or_else(|| fault("there is no picture to look at"))?.dimensions();
        if views.iter().any(|view| view.dimensions() != (width, height)) {
            return Err(fault("pictures in one batch must have one size; preprocess them with a fixed size"));
        }
        let plane = (width * height) as usize;
        let mut values = vec![0_f32; views.len() * 3 * plane];
        for (view, target) in views.iter().zip(values.chunks_exact_mut(3 * plane)) {
            for (channel, target) in target.chunks_exact_mut(plane).enumerate() {
                let normalised: [f32; 256] =
                    std::array::from_fn(|level| self.colour([level as u8; 3])[channel]);
                for (pixel, value) in view.pixels().zip(target) {
                    *value = normalised[usize::from(pixel.0[channel])];
                }
            }
        }
        let shape = [views.len() as i64, 3, i64::from(height), i64::from(width)];
        Ok(Tensor::f_from_slice(&values)?.f_view(shape)?.f_to_kind(Kind::Float)?.f_to_device(device)?)
    }
}

impl Default for Preprocessing {
    fn default() -> Self {
        Preprocessing::exact(224)
    }
}
