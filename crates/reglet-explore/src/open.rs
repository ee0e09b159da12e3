//! What the page is about: the classifiers that come with the program, those of a config, or one's own.

use std::path::{Path, PathBuf};

use reglet_audit::config::{Config, DataConfig};
use reglet_audit::{ExplainOptions, Opened, Plan, load_model};
use reglet_data::Dataset;

use crate::Error;
use crate::answers::Classifier;
use crate::library::Library;
use crate::scene::Pictures;
use crate::server::Served;

/// The config with the classifiers that come with the program.
const SHIPPED: &str = "ruler.toml";

/// The side of a phantom for a model that was not made for phantoms.
const SIDE: u32 = 320;

/// The two classifiers that come with the program, of which one takes a ruler for a sign of melanoma, and generated pictures.
///
/// # Errors
/// A checkout that lacks their files.
pub fn shipped() -> Result<Served, Error> {
    let mut served = of_config(Path::new(SHIPPED), &[])?;
    // What there is to see first is the one that follows the ruler.
    served.classifiers.sort_by_key(|classifier| classifier.name != "shortcut");
    Ok(Served { shipped: true, ..served })
}

/// The classifiers and pictures of an audit's config, with `key=value` overrides.
///
/// # Errors
/// Whatever is wrong with the config, the data or a model.
pub fn of_config(config: &Path, overrides: &[String]) -> Result<Served, Error> {
    let Opened { config, folder, data, artefacts, targets, models, methods } =
        Plan::load(config, overrides)?.into_opened();
    let classifier = |(name, model): (String, reglet_model::Model)| {
        let target = targets.first().map(|target| model.classes().find(target)).transpose()?;
        Ok(Classifier { name, model, target })
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
    Ok(Served { pictures, classifiers, methods, shipped: false })
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

/// The folder that the pictures are listed from, where annotations are saved.
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

/// A model as `explain` takes it, with the pictures of a folder, if one is named, and generated ones.
///
/// # Errors
/// Whatever is wrong with the model or the folder.
pub fn of_model(options: &ExplainOptions, folder: Option<&Path>) -> Result<Served, Error> {
    let model = load_model(options)?;
    let target = options.target.as_ref().map(|target| model.classes().find(target)).transpose()?;
    let stem = Path::new(&options.model).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let classifiers = vec![Classifier { name: stem, model, target }];
    let library = folder.map(Library::folder).transpose()?;
    Ok(Served { pictures: Pictures::new(SIDE, library)?, classifiers, methods: Vec::new(), shipped: false })
}
