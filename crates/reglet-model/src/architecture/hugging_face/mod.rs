//! Classifiers in the layout of the Hugging Face Hub: a folder with a `config.json` that describes the network, and its
//! weights, as saved by `transformers` or timm. The graph is built from the config, with the library's module and parameter
//! names for `transformers` and with torchvision's for timm. Nothing in the folder is executed.

mod convnext;
mod fields;
mod resnet;
mod swin;
mod timm;
mod vit;

use std::path::{Path, PathBuf};

use serde_json::Value;

use self::fields::Fields;
use self::vit::Kin;
use crate::graph::{Graph, Layout, Product, Size, ValueId};
use crate::statistics::{self, Said};
use crate::{Head, ModelError, Weights, files, labels};

/// Height and width.
type Side = [i64; 2];

/// The size in bytes of the largest config that is read; ImageNet's 21,841 labels, listed twice, take 2 MB.
const LONGEST: u64 = 16 << 20;

/// The largest number of layers or blocks that a network may have.
const MOST_LAYERS: i64 = 1024;

/// The name of the file with the config.
const CONFIG: &str = "config.json";

/// The files that may contain the weights, the most reliable first.
const WEIGHTS: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

/// The classes of `transformers` that are built here.
const CLASSES: [&str; 7] = [
    "ResNetForImageClassification",
    "ConvNextForImageClassification",
    "ViTForImageClassification",
    "DeiTForImageClassification",
    "DeiTForImageClassificationWithTeacher",
    "SwinForImageClassification",
    "Dinov2ForImageClassification",
];

/// A folder with a classifier, whose config has been read.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    config: Value,
    /// The name of its class in Python, or timm's name of the network.
    pub class: String,
    /// The names of its classes, if they are not just numbers.
    pub labels: Option<Vec<String>>,
    /// What the config says about the logits.
    pub head: Option<Head>,
    /// The side of the pictures that it was trained on, if the network itself depends on it.
    pub side: Option<u32>,
    /// What the files say about how pictures become its input.
    pub said: Said,
}

/// A network built from a folder.
pub(crate) struct Network {
    /// What it computes.
    pub graph: Graph,
    /// Its weights, as the graph needs them.
    pub weights: Weights,
}

impl Folder {
    /// Reads the config of a folder.
    ///
    /// # Errors
    /// [`ModelError::UnreadableArchive`] for a folder without a config, or with a network that is not supported here.
    pub(crate) fn open(path: &Path) -> Result<Folder, ModelError> {
        let unreadable = |reason: String| ModelError::UnreadableArchive { path: path.to_owned(), reason };
        let config = read(&path.join(CONFIG)).map_err(unreadable)?;
        let class = class_of(&config).map_err(unreadable)?;
        let head = match config.get("problem_type").and_then(Value::as_str) {
            Some("multi_label_classification") => Some(Head::MultiLabel),
            Some("regression") => {
                let what = "its config says that it is a regression, and Reglet explains classifiers";
                return Err(unreadable(what.to_owned()));
            }
            _ => None,
        };
        let names = ["id2label", "label_names"].into_iter();
        let mut names =
            names.filter_map(|key| Some((key, config.get(key).filter(|names| !names.is_null())?)));
        let labels = names.next().map(|(key, names)| {
            labels::listed(names).map_err(|reason| unreadable(format!("its {key}: {reason}")))
        });
        let labels = labels.transpose()?;
        let plain = |labels: &Vec<String>| {
            labels.iter().enumerate().all(|(index, label)| *label == format!("LABEL_{index}"))
        };
        let side = Fields(&config).side("image_size", 224).map_err(unreadable)?;
        let said = statistics::find(&path.join(CONFIG), None)?;
        Ok(Folder {
            path: path.to_owned(),
            class,
            labels: labels.filter(|labels| !plain(labels)),
            head,
            side: config.get("image_size").and(u32::try_from(side).ok()),
            said,
            config,
        })
    }

    /// The network for pictures of this size.
    ///
    /// # Errors
    /// [`ModelError::UnreadableArchive`] for a faulty config, and the errors of loading the weights.
    pub(crate) fn network(&self, height: u32, width: u32) -> Result<Network, ModelError> {
        let unreadable = |reason: String| ModelError::UnreadableArchive { path: self.path.clone(), reason };
        let file = WEIGHTS.iter().map(|name| self.path.join(name)).find(|file| file.is_file());
        let file = file.ok_or_else(|| {
            let parts = self.path.join("model.safetensors.index.json").is_file();
            let what = if parts {
                "its weights are in several files, and Reglet reads one: load it in Python and save it with \
                 save_pretrained(folder, max_shard_size=\"100GB\")"
                    .to_owned()
            } else {
                format!(
                    "it has a {CONFIG} but no weights: {} is needed in the same folder",
                    WEIGHTS.join(" or ")
                )
            };
            unreadable(what)
        })?;
        let mut weights = Weights::read(&file)?;
        let fields = Fields(&self.config);
        let side = [height, width].map(i64::from);
        if !CLASSES.contains(&self.class.as_str()) {
            let graph = timm::graph(&self.class, &mut weights).map_err(unreadable)?;
            return Ok(Network { graph, weights });
        }
        let classes = self.classes(&weights).map_err(unreadable)?;
        let graph = match self.class.as_str() {
            "ResNetForImageClassification" => resnet::graph(&fields, classes),
            "ConvNextForImageClassification" => convnext::graph(&fields, classes),
            "ViTForImageClassification" => vit::graph(Kin::Vit, &fields, side, classes, &mut weights),
            "DeiTForImageClassification" => {
                vit::graph(Kin::Deit { has_teacher: false }, &fields, side, classes, &mut weights)
            }
            "DeiTForImageClassificationWithTeacher" => {
                vit::graph(Kin::Deit { has_teacher: true }, &fields, side, classes, &mut weights)
            }
            "SwinForImageClassification" => swin::graph(&fields, side, classes, &mut weights),
            _ => vit::graph(Kin::Dinov2, &fields, side, classes, &mut weights),
        };
        Ok(Network { graph: graph.map_err(unreadable)?, weights })
    }

    /// The number of classes, taken from the last layer's weight.
    fn classes(&self, weights: &Weights) -> Result<i64, String> {
        let heads = ["classifier.weight", "classifier.1.weight", "cls_classifier.weight"];
        let rows = heads.iter().find_map(|name| weights.get(name)?.size().first().copied());
        rows.filter(|rows| *rows > 0).ok_or_else(|| {
            "its weights have no classifier: they are those of a backbone without a last layer, so train one first".to_owned()
        })
    }
}

/// The config of a folder.
fn read(path: &Path) -> Result<Value, String> {
    let (file, size) = files::open(path).map_err(|reason| {
        format!(
            "it is a folder, and its {CONFIG}, which says what network it holds, cannot be read: {reason}"
        )
    })?;
    if size > LONGEST {
        return Err(format!("its {CONFIG} has {size} bytes, and at most {LONGEST} are read"));
    }
    let bytes = files::read_at(&file, 0, size as usize)?;
    serde_json::from_slice(&bytes).map_err(|error| format!("its {CONFIG} is no JSON: {error}"))
}

/// The class in Python that a config belongs to.
fn class_of(config: &Value) -> Result<String, String> {
    let known = || format!("the classes that are built from a folder are {}", CLASSES.join(", "));
    // timm's config names one network, and those of transformers a list of classes.
    if let Some(name) = config.get("architecture").and_then(Value::as_str) {
        return match timm::names().any(|known| known == name) {
            true => Ok(name.to_owned()),
            false => {
                let known: Vec<&str> = timm::names().collect();
                let name: String = name.chars().take(80).collect();
                Err(format!(
                    "it holds timm's {name}, and those that are built from a folder are {}; export it: `reglet export-help \
                     timm.{name}` prints the lines",
                    known.join(", ")
                ))
            }
        };
    }
    let named =
        config.get("architectures").and_then(Value::as_array).and_then(|names| names.first()?.as_str());
    match named {
        Some(name) if CLASSES.contains(&name) => Ok(name.to_owned()),
        Some(name) => {
            let name: String = name.chars().take(80).collect();
            Err(format!(
                "it holds a {name}, and {}; export it in Python: `reglet export-help transformers.FOLDER` prints the lines",
                known()
            ))
        }
        None => Err(format!("its {CONFIG} names no class under 'architectures'; {}", known())),
    }
}

/// The number of blocks of each of `stages`.
fn depths(fields: &Fields, default: &[i64], stages: usize) -> Result<Vec<i64>, String> {
    let depths = fields.counts("depths", default)?;
    if depths.len() != stages {
        return Err(format!("its depths are of {} stages, and its other lists of {stages}", depths.len()));
    }
    few(depths.iter().sum())?;
    Ok(depths)
}

/// A number of layers.
fn layers(fields: &Fields, key: &str, default: i64) -> Result<i64, String> {
    let layers = fields.count(key, default)?;
    few(layers)?;
    Ok(layers)
}

fn few(layers: i64) -> Result<(), String> {
    match layers {
        layers if layers <= MOST_LAYERS => Ok(()),
        layers => Err(format!("it has {layers} layers, and networks of at most {MOST_LAYERS} are built")),
    }
}

/// A number of heads that divides the channels.
fn heads(heads: i64, channels: i64) -> Result<i64, String> {
    match channels % heads {
        0 => Ok(heads),
        _ => Err(format!("its {channels} channels cannot be shared among {heads} heads")),
    }
}

/// Attention of tokens `[N, T, C]` to each other; its three layers are in the submodule `inner` of the module at `path`.
fn attention(
    g: &mut Graph,
    path: &str,
    inner: &str,
    input: ValueId,
    [channels, heads]: [i64; 2],
    is_biased: bool,
) -> ValueId {
    let inside = format!("{path}.{inner}");
    let parts = ["query", "key", "value"].map(|name| {
        let of = format!("{inside}.{name}");
        let part = match is_biased {
            true => g.linear(&of, input, [channels, channels]),
            false => g.plain_linear(&of, input, [channels, channels]),
        };
        let sizes = vec![Size::Fixed(heads), Size::Fixed(channels / heads)];
        let part = g.call_function(&inside, Layout::Unflatten { dim: -1, sizes }, &[part]);
        g.call_function(&inside, Layout::Transpose { dims: [1, 2] }, &[part])
    });
    let product = Product::Attention { causal: false, scale: None, grouped: false };
    let mut x = g.call_function(&inside, product, &parts);
    x = g.call_function(&inside, Layout::Transpose { dims: [1, 2] }, &[x]);
    x = g.call_function(&inside, Layout::Flatten { start: -2, end: -1 }, &[x]);
    g.linear(&format!("{path}.output.dense"), x, [channels, channels])
}
