//! Loading the model that the command line names.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use reglet_data::{Geometry, Size};
use reglet_model::{
    Architecture, Channels, Head, ImportOptions, Model, ModelError, ModelOptions, Preprocessing,
    PreprocessingChoice, Rewrite, WeightsSource, device, read_labels,
};

use crate::progress::Progress;
use crate::{Error, ExplainOptions};

/// The model that `explain` would explain: of its options, those that say where the model comes from and how it runs.
///
/// # Errors
/// Whatever is wrong with them or with the model's files.
pub fn load(options: &ExplainOptions) -> Result<Model, Error> {
    let score = options.score.parse().map_err(|fault| Error::Usage(format!("--score: {fault}")))?;
    let statistics = match (&options.range, statistics(options.mean.as_deref(), options.std.as_deref())?) {
        (Some(_), Some(_)) => {
            let what =
                "--range cannot be combined with --mean and --std; give either --range or the other two";
            return Err(Error::Usage(what.to_owned()));
        }
        (Some(text), None) => Some(range(text)?),
        (None, statistics) => statistics,
    };
    let mut model = read(options)?;
    model.set_score(score);
    if let Some((mean, std)) = statistics {
        model.set_preprocessing(Preprocessing { mean, std, ..model.preprocessing().clone() })?;
    }
    if let Some(names) = &options.rewrites {
        model.set_rewrites(&rewrites(names)?)?;
    }
    Ok(model)
}

fn read(options: &ExplainOptions) -> Result<Model, Error> {
    let labels = options.labels.as_deref().map(read_labels).transpose()?;
    let trained = options.preprocessing.as_deref() == Some("trained");
    let preprocessing =
        options.preprocessing.as_deref().filter(|_| !trained).map(preprocessing).transpose()?;
    let asked = options.head.as_deref().map(str::parse::<Head>).transpose();
    let asked = asked.map_err(|fault: ModelError| Error::Usage(format!("--head: {fault}")))?;
    let device = device(&options.device)?;
    if is_archive(Path::new(&options.model)) {
        if options.weights.is_some() || options.width != 1.0 {
            let what = "an exported model contains its weights and its width; omit --weights and --width";
            return Err(Error::Usage(what.to_owned()));
        }
        let archive = PathBuf::from(&options.model);
        let preprocessing = match trained {
            true => Some(PreprocessingChoice::Trained),
            false => preprocessing.map(|given| PreprocessingChoice::Geometry(given.geometry)),
        };
        let import = if options.run_torchscript { Model::import_trusted } else { Model::import };
        let (output, head) = (options.output.clone(), asked);
        return Ok(import(&ImportOptions { archive, output, head, labels, preprocessing, device })?);
    }
    if options.output.is_some() {
        return Err(Error::Usage("a built-in architecture has a single output; omit --output".to_owned()));
    }
    let architecture: Architecture = options.model.parse()?;
    if trained {
        let what = "--preprocessing trained applies to exported models only; give a size";
        return Err(Error::Usage(what.to_owned()));
    }
    let model = ModelOptions {
        architecture,
        width: options.width,
        weights: weights(options.weights.as_deref()),
        labels,
        preprocessing: preprocessing.unwrap_or_default(),
        device,
    };
    let mut progress = Progress::new("downloading weights", "bytes");
    let mut model = Model::load(&model, &mut |done, total| progress.update(done, total.unwrap_or(done)))?;
    if let Some(head) = asked {
        model.set_head(head)?;
    }
    Ok(model)
}

/// Where weights come from, by their word: a file, or torchvision, which is what no word means.
pub(crate) fn weights(word: Option<&str>) -> WeightsSource {
    match word {
        None | Some("torchvision") => WeightsSource::Torchvision,
        Some(path) => WeightsSource::File(path.into()),
    }
}

/// Whether a model is named by an archive of torch.export, an ONNX file, a folder, or what somebody takes for one, and not by an
/// architecture: a folder called as one is meant with `./` before it.
pub(crate) fn is_archive(model: &Path) -> bool {
    let is_named = |extension: &OsStr| {
        extension.eq_ignore_ascii_case("pt2") || extension.eq_ignore_ascii_case("onnx") || model.is_file()
    };
    let is_architecture = model.to_str().is_some_and(|name| name.parse::<Architecture>().is_ok());
    model.is_dir() && !is_architecture || model.extension().is_some_and(is_named)
}

fn preprocessing(name: &str) -> Result<Preprocessing, Error> {
    match name {
        "notebook" => Ok(Preprocessing::default()),
        "torchvision" => Ok(Preprocessing::torchvision()),
        other => {
            let side = |text: &str| text.parse().ok().filter(|side| (1..=4096).contains(side));
            let (height, width) = other.split_once('x').unwrap_or((other, other));
            match side(height).zip(side(width)) {
                Some((height, width)) => {
                    let geometry = Geometry::to(Size { width, height });
                    Ok(Preprocessing { geometry, ..Preprocessing::default() })
                }
                None => {
                    let known = "notebook, torchvision, trained (as a file beside an exported model says), the side of a square in \
                                 pixels (1 to 4096), or HEIGHTxWIDTH";
                    Err(Error::Usage(format!("there is no preprocessing '{other}'; there are {known}")))
                }
            }
        }
    }
}

/// The rewrites named in a list with commas; `default` names those that are used without a list, and `none` names none.
fn rewrites(names: &str) -> Result<Vec<Rewrite>, Error> {
    let mut found = Vec::new();
    for name in names.split(',').map(str::trim) {
        match name {
            "none" => {}
            "default" => found.extend(Rewrite::DEFAULT),
            _ => found.push(
                name.parse().map_err(|fault: ModelError| Error::Usage(format!("--rewrites: {fault}")))?,
            ),
        }
    }
    Ok(found)
}

/// The mean and standard deviation of each channel, in 0…1.
type Statistics = (Channels, Channels);

/// The mean and the standard deviation by which black and white become two numbers with a comma between them.
fn range(text: &str) -> Result<Statistics, Error> {
    let fault = |what: &str| Error::Usage(format!("--range {text}: {what}"));
    let numbers: Result<Vec<f32>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    match numbers.as_deref() {
        Ok(&[black, white]) => Channels::of_range(black, white).map_err(|error| fault(&error.to_string())),
        _ => Err(fault(
            "give two numbers separated by a comma, the values that black and white are mapped to, such as -1024,1024",
        )),
    }
}

/// The mean and the standard deviation that words give, if they do. `none` for either is `none` for both unless the other is
/// given as well.
fn statistics(mean: Option<&str>, std: Option<&str>) -> Result<Option<Statistics>, Error> {
    let (mean, std) = match (mean, std) {
        (None, None) => return Ok(None),
        (Some("none"), None) | (None, Some("none")) => ("none", "none"),
        (Some(mean), Some(std)) => (mean, std),
        (Some(_), None) => return Err(Error::Usage("--mean: give --std as well, or --mean none".to_owned())),
        (None, Some(_)) => return Err(Error::Usage("--std: give --mean as well, or --std none".to_owned())),
    };
    let (no_mean, no_std) = Preprocessing::AS_IS;
    Ok(Some((channels("--mean", mean, no_mean, 0.0)?, channels("--std", std, no_std, f32::MIN_POSITIVE)?)))
}

/// A number for each channel, `least` to 1, or one for all, or `none`.
fn channels(word: &str, text: &str, none: Channels, least: f32) -> Result<Channels, Error> {
    if text == "none" {
        return Ok(none);
    }
    let fault = |what: &str| Error::Usage(format!("{word} {text}: {what}"));
    let numbers: Result<Vec<f32>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    let numbers = match numbers {
        Ok(numbers) if matches!(numbers.len(), 1 | 3) => numbers,
        _ => {
            return Err(fault(
                "give three numbers separated by commas (one for each channel), one number for all channels, or none",
            ));
        }
    };
    if numbers.iter().any(|number| *number > 1.0) {
        return Err(fault(
            "it applies to values from 0 to 1 and must be at most 1; if yours applies to values from 0 to 255, divide it by 255",
        ));
    }
    match numbers.iter().all(|number| *number >= least) {
        true => Channels::try_from(numbers).map_err(|what| fault(&what)),
        false => Err(fault(if least > 0.0 { "it must be above 0" } else { "it must be 0 to 1" })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_may_be_oblong() {
        let size = |text: &str| preprocessing(text).map(|found| found.geometry.output_size(50, 50));
        assert_eq!(size("320x200").expect("a size").expect("one"), (200, 320), "height comes first");
        assert_eq!(size("32").expect("a size").expect("one"), (32, 32));
        for text in ["320x", "x200", "0x5", "5000x5", "1x2x3", "-3"] {
            assert!(preprocessing(text).expect_err("none").to_string().contains("HEIGHTxWIDTH"), "{text}");
        }
    }

    #[test]
    fn a_range_is_two_numbers() {
        assert_eq!(range("-1, 1").expect("a range"), (Channels::One(0.5), Channels::One(0.5)));
        for (text, part) in [
            ("1", "two numbers"),
            ("1,2,3", "two numbers"),
            ("1,0", "above the first"),
            ("a,b", "two numbers"),
        ] {
            let message = range(text).expect_err(part).to_string();
            assert!(message.contains(part) && message.contains("--range"), "{message}");
        }
    }

    #[test]
    fn statistics_are_given_together_or_not_at_all() {
        assert_eq!(statistics(None, None).expect("nothing"), None);
        for (mean, std) in [(Some("none"), None), (None, Some("none")), (Some("none"), Some("none"))] {
            assert_eq!(statistics(mean, std).expect("sound"), Some(Preprocessing::AS_IS));
        }
        let found = statistics(Some("0.5, 0.4,0.3"), Some("0.25")).expect("sound");
        assert_eq!(found, Some((Channels::Three([0.5, 0.4, 0.3]), Channels::One(0.25))));
        let found = statistics(Some("none"), Some("0.5")).expect("sound");
        assert_eq!(found, Some((Channels::One(0.0), Channels::One(0.5))));
        for (mean, std, part) in [
            (Some("0.5"), None, "--std as well"),
            (None, Some("0.5"), "--mean as well"),
            (Some("0.5,0.5"), Some("1"), "three numbers"),
            (Some("half"), Some("1"), "three numbers"),
            (Some("123.7,116.3,103.5"), Some("1"), "divide it by 255"),
            (Some("0.5"), Some("0"), "above 0"),
            (Some("-0.5"), Some("1"), "0 to 1"),
            (Some("nan"), Some("1"), "0 to 1"),
            (Some("0"), Some("nan"), "above 0"),
        ] {
            let message = statistics(mean, std).expect_err(part).to_string();
            assert!(message.contains(part), "{message}");
        }
    }
    #[test]
    fn rewrites_are_a_list_of_names() {
        assert_eq!(rewrites("none").expect("no names"), []);
        assert_eq!(rewrites("default").expect("a name for several"), Rewrite::DEFAULT);
        let all = rewrites("default, bfloat16").expect("both are known");
        assert_eq!(all, [&Rewrite::DEFAULT[..], &[Rewrite::Bfloat16]].concat());
        let message = rewrites("default,bf16").expect_err("no such name").to_string();
        assert!(message.starts_with("--rewrites: ") && message.contains("'bf16'"), "{message}");
    }
}
