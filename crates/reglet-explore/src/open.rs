//! Opens the classifiers and pictures of the page: those that come with the program, those of a config, or the user's own.

use std::path::{Path, PathBuf};

use reglet_audit::config::{Config, DataConfig, ModelConfig, PreprocessingConfig};
use reglet_audit::{ExplainOptions, Opened, Plan, load_model};
use reglet_data::{Dataset, FolderOptions};
use reglet_evidence::OperatingPoint;
use reglet_model::{Architecture, Model};

use crate::Error;
use crate::answers::Classifier;
use crate::audits::Recipe;
use crate::library::Library;
use crate::scene::Pictures;
use crate::server::Served;

/// The config with the classifiers that come with the program.
const SHIPPED: &str = "ruler.toml";

/// The side of a phantom for a model that was not made for phantoms.
const SIDE: u32 = 320;

/// The two classifiers that come with the program, one of which treats a ruler as a sign of melanoma, and generated
/// pictures.
///
/// # Errors
/// A checkout that lacks their files.
pub fn shipped() -> Result<Served, Error> {
    let mut served = of_config(Path::new(SHIPPED), &[], Path::new(""))?;
    // The classifier that responds to the ruler is shown first.
    served.classifiers.sort_by_key(|classifier| classifier.name != "shortcut");
    Ok(Served { shipped: true, ..served })
}

/// The classifiers and pictures of an audit's config, with `key=value` overrides. Audits from the page are written to `out`.
///
/// # Errors
/// Any error in the config, the data or a model.
pub fn of_config(config: &Path, overrides: &[String], out: &Path) -> Result<Served, Error> {
    let Opened { config, folder, data, artefacts, targets, models, methods } =
        Plan::load(config, overrides)?.into_opened();
    // A threshold that an audit chooses on its pictures is not known here.
    let above = match config.operating_point {
        Some(OperatingPoint::Above(value)) => Some(value),
        _ => None,
    };
    let classifier = |(name, model): (String, Model)| {
        let target = targets.first().map(|target| model.classes().find(target)).transpose()?;
        Ok(Classifier { name, model, target, above })
    };
    let classifiers = models.into_iter().map(classifier).collect::<Result<Vec<_>, Error>>()?;
    let phantoms = match &config.data {
        Some(DataConfig::Phantoms(options)) => Some(options.size),
        _ => None,
    };
    let library = match phantoms {
        Some(_) => None,
        None => artefacts
            .into_iter()
            .next()
            .map(|artefact| library(&config, &folder, data, artefact))
            .transpose()?,
    };
    let pictures = Pictures::new(phantoms.unwrap_or(SIDE), library)?;
    let config = config.relative_to(&absolute(&folder));
    let audit = phantoms.is_none().then(|| Recipe { config, out: out.to_owned() });
    Ok(Served { pictures, classifiers, methods, audit, shipped: false })
}

fn library(
    config: &Config,
    folder: &Path,
    data: Box<dyn Dataset>,
    (artefact, editor): (String, reglet_data::edit::Editor),
) -> Result<Library, Error> {
    let beside = config.data.as_ref().and_then(|data| folder_of(data, folder));
    Library::new(data, editor, &artefact, &config.lesion, beside)
}

/// The folder whose pictures are listed, in which annotations are saved, too.
fn folder_of(data: &DataConfig, folder: &Path) -> Option<PathBuf> {
    match data {
        DataConfig::Phantoms(_) | DataConfig::Films(_) => None,
        DataConfig::Manifest(options) => folder.join(&options.manifest).parent().map(Path::to_owned),
        DataConfig::Folder(options) => Some(folder.join(&options.folder)),
        DataConfig::ImageFolder(options) => Some(folder.join(&options.folder)),
        DataConfig::Isic(options) => Some(folder.join(&options.folder)),
        DataConfig::Ham10000(options) => Some(folder.join(&options.folder)),
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A model as for `explain`, with the pictures of a folder, if one is given, and generated pictures. Audits from the page
/// are written to `out`.
///
/// # Errors
/// Any error in the model or the folder.
pub fn of_model(options: &ExplainOptions, folder: Option<&Path>, out: &Path) -> Result<Served, Error> {
    let model = load_model(options)?;
    let target = options.target.as_ref().map(|target| model.classes().find(target)).transpose()?;
    let stem = Path::new(&options.model).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let audit = folder.map(|folder| Recipe {
        config: Config {
            target: target.and_then(|target| model.classes().labels().get(target).cloned()),
            data: Some(DataConfig::Folder(FolderOptions::new(absolute(folder)))),
            models: [(stem.clone(), named(options, &model))].into(),
            ..Config::default()
        },
        out: out.to_owned(),
    });
    let classifiers = vec![Classifier { name: stem, model, target, above: None }];
    let library = folder.map(Library::folder).transpose()?;
    let pictures = Pictures::new(SIDE, library)?;
    Ok(Served { pictures, classifiers, methods: Vec::new(), audit, shipped: false })
}

/// The model as a config names it, so that a report says how it came about.
fn named(options: &ExplainOptions, model: &Model) -> ModelConfig {
    let architecture: Option<Architecture> = options.model.parse().ok();
    let weights = || match options.weights.as_deref() {
        None | Some("torchvision") => PathBuf::from("torchvision"),
        Some(file) => absolute(Path::new(file)),
    };
    ModelConfig {
        weights: architecture.map(|_| weights()),
        archive: architecture.is_none().then(|| absolute(Path::new(&options.model))),
        architecture,
        run_torchscript: options.run_torchscript,
        output: options.output.clone(),
        head: options.head.as_deref().and_then(|head| head.parse().ok()),
        width: options.width,
        classes: Some(model.classes().labels().to_vec()),
        preprocessing: Some(PreprocessingConfig::Custom(model.preprocessing().clone())),
        expect: None,
    }
}
