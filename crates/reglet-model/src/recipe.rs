//! Reads how pictures were resized and cropped when a model was trained or evaluated, from its archive or from a file next
//! to it.

use std::fmt;

use reglet_data::{Filter, Geometry, Resize, Size};
use serde_json::Value;

/// The resize, the crop and the filter that a file specifies for a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The resize and the crop after it; the filter is bilinear if the file names none or one that is not supported.
    pub geometry: Geometry,
    /// The resize filter that the file names, as Pillow's name in lower case.
    pub interpolation: Option<&'static str>,
}

impl Recipe {
    fn new(geometry: Geometry, interpolation: Option<&'static str>) -> Recipe {
        let filter = interpolation.and_then(|name| name.parse().ok()).unwrap_or_default();
        Recipe { geometry: Geometry { filter, ..geometry }, interpolation }
    }

    /// Whether pictures can be resized with the filter that the file names.
    pub(crate) fn has_its_filter(&self) -> bool {
        self.interpolation.is_none_or(|name| name.parse::<Filter>().is_ok())
    }
}

/// Pillow's filters, indexed by the numbers that Hugging Face's configuration files use for them.
const FILTERS: [&str; 6] = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"];

/// The largest side, in pixels, that a recipe may name.
const LARGEST: u32 = 4096;

/// The fraction of a side that timm and Hugging Face keep if a file names none.
const CROP: f64 = 0.875;

/// The recipe in a document: timm's `input_size`, `crop_pct`, `crop_mode` and `interpolation`, alone or under
/// `pretrained_cfg`, or Hugging Face's `size`, `crop_size`, `crop_pct` and `resample`. `None` if it contains no size that
/// Reglet understands.
pub(crate) fn of(document: &Value) -> Option<Recipe> {
    [&document["pretrained_cfg"], document].into_iter().find_map(timm).or_else(|| hugging_face(document))
}

fn timm(holder: &Value) -> Option<Recipe> {
    let [_, height, width] = holder.get("input_size")?.as_array()?.as_slice() else { return None };
    let size = Size { width: side(width)?, height: side(height)? };
    let share = match holder.get("crop_pct") {
        None | Some(Value::Null) => CROP,
        Some(share) => share.as_f64().filter(|share| *share > 0.0 && *share <= 1.0)?,
    };
    // timm rounds the size before the crop down.
    let before = |side: u32| plain(f64::from(side) / share);
    let resize = match holder.get("crop_mode").and_then(Value::as_str) {
        Some("squash") => Resize::Exact(Size { width: before(size.width)?, height: before(size.height)? }),
        None | Some("center") if size.width == size.height => Resize::ShorterSide(before(size.width)?),
        _ => return None,
    };
    Some(Recipe::new(Geometry { resize, crop: Some(size), ..Geometry::to(size) }, filter(holder)))
}

fn hugging_face(document: &Value) -> Option<Recipe> {
    let is_off = |key: &str| document.get(key).and_then(Value::as_bool) == Some(false);
    if is_off("do_resize") {
        return None;
    }
    let size = document.get("size")?;
    let crop = match document.get("crop_size") {
        Some(crop) if !is_off("do_center_crop") => Some(square(crop)?),
        _ => None,
    };
    let geometry = match size.get("shortest_edge").map(side) {
        Some(shorter) => {
            let shorter = shorter?;
            match document.get("crop_pct").and_then(Value::as_f64) {
                // ConvNeXT's processor, and those made after it.
                Some(share) if share > 0.0 && share <= 1.0 && crop.is_none() => match shorter < 384 {
                    true => Geometry {
                        crop: Some(Size { width: shorter, height: shorter }),
                        ..Geometry::shorter_side(plain(f64::from(shorter) / share)?)
                    },
                    false => Geometry::exact(shorter),
                },
                _ => Geometry { crop, ..Geometry::shorter_side(shorter) },
            }
        }
        None => Geometry { crop, ..Geometry::to(square(size)?) },
    };
    Some(Recipe::new(geometry, filter(document)))
}

/// A number, or a height and a width.
fn square(value: &Value) -> Option<Size> {
    match value.get("height").zip(value.get("width")) {
        Some((height, width)) => Some(Size { width: side(width)?, height: side(height)? }),
        None => side(value).map(|side| Size { width: side, height: side }),
    }
}

fn side(value: &Value) -> Option<u32> {
    let side = u32::try_from(value.as_u64()?).ok()?;
    (1..=LARGEST).contains(&side).then_some(side)
}

fn plain(side: f64) -> Option<u32> {
    (1.0..=f64::from(LARGEST)).contains(&side).then_some(side as u32)
}

fn filter(holder: &Value) -> Option<&'static str> {
    if let Some(name) = holder.get("interpolation").and_then(Value::as_str) {
        return FILTERS.into_iter().find(|known| *known == name);
    }
    let number = usize::try_from(holder.get("resample")?.as_u64()?).ok()?;
    FILTERS.get(number).copied()
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.geometry.resize {
            Resize::Exact(Size { width, height }) => write!(f, "resized to {width}×{height} pixels")?,
            Resize::ShorterSide(side) => write!(f, "resized to {side} pixels on the shorter side")?,
        }
        if let Some(filter) = self.interpolation {
            write!(f, " ({filter})")?;
        }
        match self.geometry.crop {
            Some(Size { width, height }) => write!(f, ", then cropped to the central {width}×{height}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// From published configuration files: timm's resnet50.a1_in1k and convnext_nano.in12k_ft_in1k, Hugging Face's
    /// google/vit-base-patch16-224, facebook/convnext-tiny-224, microsoft/resnet-50 and facebook/dinov2-base.
    #[test]
    fn published_configs_are_understood() {
        for (document, text) in [
            (
                json!({"pretrained_cfg": {"input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.95, "crop_mode": "center"}}),
                "resized to 235 pixels on the shorter side (bicubic), then cropped to the central 224×224",
            ),
            (
                json!({"input_size": [3, 288, 288], "interpolation": "bicubic", "crop_pct": 1.0, "crop_mode": "squash"}),
                "resized to 288×288 pixels (bicubic), then cropped to the central 288×288",
            ),
            (
                json!({"do_resize": true, "size": {"height": 224, "width": 224}, "resample": 2}),
                "resized to 224×224 pixels (bilinear)",
            ),
            (
                json!({"size": {"shortest_edge": 224}, "crop_pct": 0.875, "resample": 3}),
                "resized to 256 pixels on the shorter side (bicubic), then cropped to the central 224×224",
            ),
            (
                json!({"size": {"shortest_edge": 384}, "crop_pct": 0.875, "resample": 3}),
                "resized to 384×384 pixels (bicubic)",
            ),
            (
                json!({"size": {"shortest_edge": 256}, "do_center_crop": true, "crop_size": {"height": 224, "width": 224}, "resample": 3}),
                "resized to 256 pixels on the shorter side (bicubic), then cropped to the central 224×224",
            ),
            (json!({"size": 224}), "resized to 224×224 pixels"),
        ] {
            assert_eq!(of(&document).expect("understood").to_string(), text, "{document}");
        }
    }

    #[test]
    fn what_is_not_understood_says_nothing() {
        for document in [
            json!({"hidden_size": 768}),
            json!([1, 2]),
            json!({"size": {"longest_edge": 512}}),
            json!({"size": {"height": 0, "width": 224}}),
            json!({"size": 1e12}),
            json!({"size": 224, "do_resize": false}),
            json!({"size": {"shortest_edge": -3}}),
            json!({"input_size": [3, 224, 224], "crop_pct": 0.0}),
            json!({"input_size": [3, 224, 224], "crop_pct": 1e-9}),
            json!({"input_size": [224, 224]}),
            json!({"input_size": [3, 224, 192], "crop_pct": 0.9}),
        ] {
            assert_eq!(of(&document), None, "{document}");
        }
    }
}
