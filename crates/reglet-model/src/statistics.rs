//! Reads the mean and the standard deviation that a model was trained with, from its archive or from a file next to it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use reglet_data::Geometry;
use serde_json::Value;

use crate::recipe::{self, Recipe};
use crate::{Channels, ModelError, Preprocessing, files};

/// The source of a model's mean and standard deviation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PreprocessingSource {
    /// The caller gave them.
    Given,
    /// The archive contains them, as written by the code of [`export_help`](crate::export_help).
    Archive,
    /// A file next to the archive in timm's or Hugging Face's format contains them.
    File(PathBuf),
    /// No source specifies them: ImageNet's are assumed, with which most published models are trained.
    Assumed,
    /// No source specifies them, and the model has one channel, for which ImageNet's make no sense: levels are not
    /// normalised.
    AssumedLevels,
}

impl PreprocessingSource {
    /// The source for a built-in network: a file of weights does not contain the statistics, so ImageNet's are assumed.
    pub(crate) fn of(preprocessing: &Preprocessing) -> PreprocessingSource {
        match preprocessing.is_imagenet() {
            true => PreprocessingSource::Assumed,
            false => PreprocessingSource::Given,
        }
    }

    /// The source once the model is known: ImageNet's statistics are assumed only for three channels.
    pub(crate) fn fitted(self, preprocessing: &Preprocessing) -> PreprocessingSource {
        match (self, preprocessing.channels()) {
            (PreprocessingSource::Assumed, 1) => PreprocessingSource::AssumedLevels,
            (other, _) => other,
        }
    }
}

impl fmt::Display for PreprocessingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PreprocessingSource::Given => f.write_str("given"),
            PreprocessingSource::Archive => f.write_str("from the archive"),
            PreprocessingSource::File(path) => write!(f, "from {}", path.display()),
            PreprocessingSource::Assumed => f.write_str("ImageNet's, because no others are given"),
            PreprocessingSource::AssumedLevels => {
                f.write_str("assumed, because the model does not specify those of its training")
            }
        }
    }
}

/// What a caller specifies about how pictures become an exported model's input.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum PreprocessingChoice {
    /// The whole preprocessing, whatever the archive contains.
    Whole(Preprocessing),
    /// Only the size; the mean and the standard deviation are taken from the archive or a file next to it.
    Geometry(Geometry),
    /// Nothing; the size, too, is the one that the archive or a file next to it specifies.
    Trained,
}

impl PreprocessingChoice {
    /// The chosen preprocessing, with ImageNet's statistics if none were specified.
    pub(crate) fn or_imagenet(&self) -> Preprocessing {
        match self {
            PreprocessingChoice::Whole(preprocessing) => preprocessing.clone(),
            PreprocessingChoice::Geometry(geometry) => {
                Preprocessing { geometry: *geometry, ..Preprocessing::default() }
            }
            PreprocessingChoice::Trained => Preprocessing::default(),
        }
    }
}

/// The mean and standard deviation of each channel, in 0…1.
pub(crate) type Statistics = (Channels, Channels);

/// The name of the archive's entry that contains them.
pub(crate) const ENTRY: &str = "extra/preprocessing.json";

/// The files next to an archive that may contain them, the most reliable first.
const BESIDE: [&str; 2] = ["preprocessor_config.json", "config.json"];

/// The size in bytes of the largest such file that is read.
const LONGEST: u64 = 1 << 20;

/// What an archive and the files next to it specify about how pictures become its input.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    /// The statistics and their source.
    pub statistics: Option<(Statistics, PreprocessingSource)>,
    /// The size and its source.
    pub recipe: Option<(Recipe, PreprocessingSource)>,
}

/// What is known about how pictures become an archive's input: from its own entry, or else from a file next to it.
///
/// # Errors
/// [`ModelError::Preprocessing`] if statistics are specified but impossible.
pub(crate) fn find(archive: &Path, entry: Option<&[u8]>) -> Result<Said, ModelError> {
    let mut said = Said::default();
    let mut read = |bytes: &[u8], place: &dyn fmt::Display, source: PreprocessingSource| {
        let Ok(document) = serde_json::from_slice::<Value>(bytes) else { return Ok(()) };
        if said.statistics.is_none() {
            let found = of(&document);
            let found =
                found.map_err(|what| ModelError::Preprocessing { what: format!("{place}: {what}") })?;
            said.statistics = found.map(|found| (found, source.clone()));
        }
        if said.recipe.is_none() {
            said.recipe = recipe::of(&document).map(|found| (found, source));
        }
        Ok::<_, ModelError>(())
    };
    if let Some(entry) = entry {
        let place = format!("{} in {}", ENTRY, archive.display());
        read(entry, &place, PreprocessingSource::Archive)?;
    }
    for name in BESIDE {
        let path = archive.with_file_name(name);
        let Ok((_, 1..=LONGEST)) = files::open(&path) else { continue };
        let Ok(bytes) = fs::read(&path) else { continue };
        read(&bytes, &path.display(), PreprocessingSource::File(path.clone()))?;
    }
    Ok(said)
}

/// The statistics in a document, which may be one of ours or timm's (`mean`, `std`, alone or under `pretrained_cfg`), or one
/// of Hugging Face's (`image_mean`, `image_std`, with switches that turn the steps on or off).
fn of(document: &Value) -> Result<Option<Statistics>, String> {
    for (holder, mean, std) in [
        (document, "image_mean", "image_std"),
        (&document["pretrained_cfg"], "mean", "std"),
        (document, "mean", "std"),
    ] {
        let (Some(mean), Some(std)) = (holder.get(mean), holder.get(std)) else { continue };
        let (mean, std) = (channels("mean", mean)?, channels("standard deviation", std)?);
        let off = |key: &str| holder.get(key).and_then(Value::as_bool) == Some(false);
        let (mean, std) = if off("do_normalize") { (vec![0.0], vec![1.0]) } else { (mean, std) };
        // The factor by which levels of 0…255 are multiplied first; ours are divided by 255.
        let factor = match holder.get("rescale_factor").and_then(Value::as_f64) {
            _ if off("do_rescale") => 1.0,
            Some(factor) => factor,
            None => 1.0 / 255.0,
        };
        let by = factor * 255.0;
        if !by.is_finite() || by <= 0.0 {
            return Err(format!("its rescale factor is {factor}, but must be above 0"));
        }
        let [mean, std] = [mean, std]
            .map(|numbers| numbers.iter().map(|number| (number / by) as f32).collect::<Vec<f32>>());
        return match std.iter().all(|std| *std > 0.0) {
            true => Ok(Some((mean.try_into()?, std.try_into()?))),
            false => Err("its standard deviation is not above 0 in every channel".to_owned()),
        };
    }
    Ok(None)
}

/// A number for each of three channels, or one number for the only channel or for all.
fn channels(what: &str, value: &Value) -> Result<Vec<f64>, String> {
    let numbers: Option<Vec<f64>> = match value {
        Value::Array(numbers) => numbers.iter().map(Value::as_f64).collect(),
        number => number.as_f64().map(|number| vec![number]),
    };
    match numbers {
        Some(numbers) if matches!(numbers.len(), 1 | 3) => Ok(numbers),
        _ => Err(format!(
            "its {what} is {value}, but three numbers are needed, one for each channel, or one for all"
        )),
    }
}

impl Preprocessing {
    /// The same with other statistics.
    pub(crate) fn with_statistics(self, (mean, std): Statistics) -> Preprocessing {
        Preprocessing { mean, std, ..self }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_document_is_understood() {
        let half = (Channels::Three([0.5; 3]), Channels::Three([0.5; 3]));
        let three = |number: f64| json!([number, number, number]);
        for document in [
            json!({"mean": three(0.5), "std": three(0.5)}),
            json!({"architecture": "vit", "pretrained_cfg": {"mean": three(0.5), "std": three(0.5), "crop_pct": 0.9}}),
            json!({"image_mean": three(0.5), "image_std": three(0.5), "size": {"height": 224, "width": 224}}),
            json!({"image_mean": [0.5], "image_std": 0.5, "rescale_factor": 0.00392156862745098}),
        ] {
            let found = of(&document).expect("sound").expect("statistics");
            assert!(
                found.0.as_slice().iter().chain(found.1.as_slice()).all(|number| (number - 0.5).abs() < 1e-6),
                "{document}: {found:?} {half:?}"
            );
        }
        let document = json!({"image_mean": three(0.5), "image_std": three(0.5), "do_normalize": false});
        assert_eq!(of(&document), Ok(Some(Preprocessing::AS_IS)));
        let document = json!({"image_mean": three(127.5), "image_std": three(127.5), "do_rescale": false});
        assert_eq!(of(&document), Ok(Some(half)));
        assert_eq!(of(&json!({"hidden_size": 768})), Ok(None));
        assert_eq!(of(&json!([1, 2])), Ok(None));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (document, part) in [
            (json!({"mean": [0.5, 0.5], "std": [0.5, 0.5, 0.5]}), "three numbers"),
            (json!({"mean": [0, 0, 0], "std": [0.5, 0.0, 0.5]}), "not above 0"),
            (json!({"mean": "imagenet", "std": [1, 1, 1]}), "three numbers"),
            (json!({"image_mean": [0, 0, 0], "image_std": [1, 1, 1], "rescale_factor": 0}), "rescale factor"),
        ] {
            let message = of(&document).expect_err("no statistics");
            assert!(message.contains(part), "{message}");
        }
    }
}
