//! A classifier ready to run.

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use image::{Rgb, RgbImage};
use reglet_data::picture::{self, Limits};
use reglet_data::{Geometry, Size};
use sha2::{Digest, Sha256};
use tch::{Device, Kind, Tensor};

use crate::architecture::Sizes;
use crate::architecture::hugging_face::{Folder, Network};
use crate::graph::{Graph, Near, Node, Op, Pass, Request, Rewrite, Rows, ValueId};
use crate::import::{self, Exported};
use crate::meaning::Meaning;
use crate::statistics::{PreprocessingSource, Said};
use crate::weights::Progress;
use crate::{
    Architecture, Classes, Head, HeadSource, LabelSource, ModelError, Note, Parameters, Preprocessing,
    PreprocessingChoice, ScoreKind, Weights, published,
};

/// Where a model's weights come from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightsSource {
    /// A file.
    File(PathBuf),
    /// What torchvision publishes for the architecture; see [`published`].
    Torchvision,
}

/// Everything needed to load a model.
#[derive(Debug, Clone)]
pub struct ModelOptions {
    /// The network.
    pub architecture: Architecture,
    /// Its channels, relative to the published network.
    pub width: f64,
    /// Its weights.
    pub weights: WeightsSource,
    /// Its class labels; `None` for ImageNet's, or the indices.
    pub labels: Option<Vec<String>>,
    /// How pictures become its input.
    pub preprocessing: Preprocessing,
    /// Where it runs.
    pub device: Device,
}

/// Everything needed to import a model that was exported.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The archive of `torch.export` (`.pt2`), with the weights in it, an ONNX file (`.onnx`), or a folder as Hugging Face's
    /// `transformers` saves it (`config.json` and `model.safetensors`).
    pub archive: PathBuf,
    /// The name of the output with the logits, for an ONNX file with several outputs.
    pub output: Option<String>,
    /// What the logits mean; `None` for what the network itself does with them at its end, else a softmax, or a sigmoid of
    /// a single one.
    pub head: Option<Head>,
    /// Its class labels; `None` for those that a folder names, else ImageNet's, or the indices.
    pub labels: Option<Vec<String>>,
    /// How pictures become its input; `None` for what a folder says, else a resize to the height and width it was exported for. Unless all of it is
    /// given, the mean and the standard deviation are those that the archive or a file beside it names
    /// ([`preprocessing_source`](Model::preprocessing_source)), else ImageNet's.
    pub preprocessing: Option<PreprocessingChoice>,
    /// Where it runs.
    pub device: Device,
}

impl ImportOptions {
    /// The model in this file, on the CPU, with all else as it says.
    pub fn new(archive: impl Into<PathBuf>) -> ImportOptions {
        ImportOptions {
            archive: archive.into(),
            output: None,
            head: None,
            labels: None,
            preprocessing: None,
            device: Device::Cpu,
        }
    }
}

/// A classifier ready to run: a graph, its parameters, what its logits mean, and how it reads a picture.
#[derive(Debug)]
pub struct Model {
    graph: Graph,
    parameters: Parameters,
    classes: Classes,
    head: HeadSource,
    notes: Vec<Note>,
    preprocessing: Preprocessing,
    source: PreprocessingSource,
    device: Device,
    grad_cam_layer: String,
    provenance: Provenance,
}

/// What is known of a model's origin.
#[derive(Debug, Clone)]
pub struct Provenance {
    /// The architecture's name; that of its class in Python, if the model is imported.
    pub architecture: String,
    /// The weights file, or the archive.
    pub weights: PathBuf,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// The prefix that was removed from the names in it.
    pub prefix: Option<String>,
}

impl Provenance {
    /// That of a network which comes from no file.
    pub fn of(name: impl Into<String>) -> Provenance {
        Provenance { architecture: name.into(), weights: PathBuf::new(), sha256: String::new(), prefix: None }
    }
}

impl From<Architecture> for Provenance {
    fn from(architecture: Architecture) -> Provenance {
        Provenance::of(architecture.name())
    }
}

/// A model's answer at one batch of inputs, with the derivatives that were asked for.
#[derive(Debug)]
pub struct Evaluation {
    /// The logits, `[N, classes]`.
    pub logits: Tensor,
    /// The class index that each row is explained for.
    pub targets: Vec<usize>,
    /// The score of each row's target, `[N]`.
    pub scores: Tensor,
    /// The gradient of each row's score with respect to its input, `[N, C, H, W]`, if asked for.
    pub input_gradient: Option<Tensor>,
    /// For each layer asked for, what it returned and the gradient of the score with respect to that.
    pub layers: Vec<LayerEvaluation>,
}

/// A layer's part of an [`Evaluation`].
#[derive(Debug)]
pub struct LayerEvaluation {
    /// What the layer returned, `[N, C, h, w]` for a convolution.
    pub activation: Tensor,
    /// The gradient of each row's score with respect to it, of the same shape.
    pub gradient: Tensor,
}

impl Model {
    /// A model of a graph and its parameters, wherever they come from. Labels are the indices, or ImageNet's for a thousand
    /// classes, until [`set_labels`](Model::set_labels) names them.
    ///
    /// The classes are counted in the shape of the output for pictures of the size that `preprocessing` makes, without running the
    /// network. `head` says what the logits mean; `None` for what the network itself does with them at its end, else a softmax,
    /// or a sigmoid of a single one. Grad-CAM's layer is the last of [`Graph::class_activation_layers`].
    ///
    /// # Errors
    /// [`ModelError::NoClassifier`] for a graph whose output is not `[N, classes]`, [`ModelError::Operator`] for one that cannot
    /// take such pictures, [`ModelError::Head`] and [`ModelError::Preprocessing`] for what does not go with it, and
    /// [`ModelError::Torch`] if the parameters do not have the shapes that the graph declares.
    ///
    /// ```
    /// use reglet_model::{Graph, Layout, Model, Op, Parameters, Pool, Preprocessing, Provenance};
    ///
    /// // A network of one's own: a convolution, the mean over the picture, and two classes.
    /// let (mut graph, picture) = Graph::new();
    /// let weight = graph.parameter("conv.weight", &[8, 3, 3, 3], true);
    /// let convolution = Op::Conv2d { stride: [1; 2], padding: [1; 2], dilation: [1; 2], groups: 1 };
    /// let mut x = graph.call("conv", convolution, &[picture, weight]);
    /// x = graph.call("pool", Pool::AdaptiveAverage { output: [1, 1] }, &[x]);
    /// x = graph.call("flatten", Layout::Flatten { start: 1, end: -1 }, &[x]);
    /// let (weight, bias) = (graph.parameter("fc.weight", &[2, 8], true), graph.parameter("fc.bias", &[2], true));
    /// x = graph.call("fc", Op::Linear, &[x, weight, bias]);
    /// graph.set_output(x);
    ///
    /// let parameters = Parameters::initial(&graph, 1)?;
    /// let model = Model::new(graph, parameters, None, Preprocessing::exact(32), Provenance::of("tiny"))?;
    /// assert_eq!((model.classes().count(), model.grad_cam_layer()), (2, "conv"));
    /// # Ok::<(), reglet_model::ModelError>(())
    /// ```
    pub fn new(
        mut graph: Graph,
        mut parameters: Parameters,
        head: Option<Head>,
        preprocessing: Preprocessing,
        provenance: Provenance,
    ) -> Result<Model, ModelError> {
        let (preprocessing, source) = built(preprocessing, &graph)?;
        let (width, height) = preprocessing.geometry.output_size(SIDE, SIDE)?;
        let picture = [preprocessing.channels() as i64, i64::from(height), i64::from(width)];
        let (meaning, grad_cam_layer) = graph.while_declared(&parameters, picture, |graph| {
            let meaning = Meaning::of(graph, &parameters);
            (meaning, grad_cam_layer(graph))
        })?;
        let Meaning { logits, squashing, notes } = meaning.map_err(|reason| ModelError::NoClassifier {
            name: provenance.architecture.clone(),
            width,
            height,
            reason,
        })?;
        parameters.prepare(&graph, &Rewrite::DEFAULT)?;
        let (head, source_of_head) = Head::find(logits, head, squashing)?;
        Ok(Model {
            device: parameters.device(),
            graph,
            parameters,
            classes: Classes::new(logits, None)?.with_head(head)?,
            head: source_of_head,
            notes,
            preprocessing,
            source,
            grad_cam_layer,
            provenance,
        })
    }

    /// Loads a model.
    ///
    /// # Errors
    /// Whatever is wrong with the weights or the labels, as one sentence.
    pub fn load(options: &ModelOptions, progress: Progress) -> Result<Model, ModelError> {
        let architecture = options.architecture;
        let path = match &options.weights {
            WeightsSource::File(path) => path.clone(),
            WeightsSource::Torchvision => published(architecture, progress)?,
        };
        let mut weights = Weights::read(&path)?;
        if let [first, second, ..] = weights.sets(architecture.head()).as_slice() {
            let named = |prefix: &str| match prefix.strip_suffix('.') {
                Some(name) => format!("under '{name}'"),
                None => "at the top".to_owned(),
            };
            return Err(ModelError::WeightsMismatch {
                path,
                architecture: architecture.to_string(),
                mismatch: format!(
                    "they hold the network's weights twice, {} and {}, as where averaged weights are kept beside the others; save \
                     the one state dict that is meant",
                    named(first),
                    named(second)
                ),
            });
        }
        let prefix = weights.strip_prefix(architecture.head());
        weights.rename(architecture.renamed());
        let logits = architecture.classes_of(&weights).ok_or_else(|| ModelError::WeightsMismatch {
            path: path.clone(),
            architecture: architecture.to_string(),
            mismatch: format!(
                "they have no '{}'; name the architecture they were trained with{}",
                architecture.head(),
                guess(&weights).map(|other| format!(", perhaps {other}")).unwrap_or_default()
            ),
        })?;
        let in_channels = architecture.in_channels_of(&weights)?;
        let graph = architecture.sized(Sizes { in_channels, classes: logits, width: options.width })?;
        let mut parameters = Parameters::from_weights(&graph, &weights, architecture.name(), options.device)?;
        parameters.prepare(&graph, &Rewrite::DEFAULT)?;
        let (preprocessing, source) = built(options.preprocessing.clone(), &graph)?;
        let provenance = Provenance {
            architecture: architecture.to_string(),
            weights: path,
            sha256: weights.sha256().to_owned(),
            prefix,
        };
        Ok(Model {
            graph,
            parameters,
            classes: Classes::new(logits, options.labels.clone())?,
            head: Head::find(logits, None, None)?.1,
            notes: Vec::new(),
            preprocessing,
            source,
            device: options.device,
            grad_cam_layer: architecture.grad_cam_layer().to_owned(),
            provenance,
        })
    }

    /// Imports a model that was exported: a program of PyTorch's `torch.export`, or an ONNX file, for any number of pictures,
    /// of one height and width or of any, that returns logits. One that was written as ONNX for a fixed number of pictures
    /// takes any, where they stay apart.
    ///
    /// A folder that `transformers` saved is built from its config: ResNet, ConvNeXt, ViT, DeiT, Swin and DINOv2 as classifiers, for
    /// pictures of the size that its preprocessor makes.
    ///
    /// The number of classes is that of the logits. Grad-CAM's layer is the last of
    /// [`Graph::class_activation_layers`]: in a convolutional network the last convolution whose result has more
    /// than one pixel.
    ///
    /// # Errors
    /// [`ModelError::UnreadableArchive`], [`ModelError::UnsupportedOperator`], [`ModelError::LabelCount`].
    pub fn import(options: &ImportOptions) -> Result<Model, ModelError> {
        if options.archive.is_dir() {
            return Model::of_folder(options);
        }
        let mut exported = import::read(&options.archive, options.device, options.output.as_deref())?;
        let graph = &exported.graph;
        exported.parameters.prepare(graph, &Rewrite::DEFAULT)?;
        let preprocessing =
            options.preprocessing.as_ref().map_or_else(|| fitting(graph), PreprocessingChoice::or_imagenet);
        let grad_cam_layer = grad_cam_layer(graph);
        Model::of_exported(options, exported, preprocessing, grad_cam_layer)
    }

    /// The model in a folder as Hugging Face's `transformers` saves it.
    fn of_folder(options: &ImportOptions) -> Result<Model, ModelError> {
        let folder = Folder::open(&options.archive)?;
        if options.output.is_some() {
            let reason = "it has one result; leave out the name of the output".to_owned();
            return Err(ModelError::UnreadableArchive { path: options.archive.clone(), reason });
        }
        let Said { statistics, recipe } = folder.said.clone();
        let assumed = Preprocessing::exact(folder.side.unwrap_or(SIDE));
        let trained = recipe.as_ref().map_or(assumed.geometry, |(recipe, _)| recipe.geometry);
        let given = options.preprocessing.as_ref();
        let preprocessing = match given {
            None | Some(PreprocessingChoice::Trained) => Preprocessing { geometry: trained, ..assumed },
            Some(choice) => choice.or_imagenet(),
        };
        let (width, height) = preprocessing.geometry.output_size(SIDE, SIDE)?;
        let Network { graph, weights } = folder.network(height, width)?;
        let parameters = Parameters::from_weights(&graph, &weights, &folder.class, options.device)?;
        let provenance = Provenance {
            weights: weights.path().to_owned(),
            sha256: weights.sha256().to_owned(),
            ..Provenance::of(folder.class)
        };
        let (preprocessing, source) = match (given, statistics) {
            (Some(PreprocessingChoice::Whole(_)), _) => (preprocessing, PreprocessingSource::Given),
            (_, Some((statistics, source))) => (preprocessing.with_statistics(statistics), source),
            (_, None) => (preprocessing, PreprocessingSource::Assumed),
        };
        let mut model =
            Model::new(graph, parameters, options.head.or(folder.head), preprocessing, provenance)?;
        if options.head.is_none() && folder.head.is_some() {
            model.head = HeadSource::Config;
        }
        model.source = source.fitted(&model.preprocessing);
        model.notes.extend(Note::unless_followed(recipe, &model.preprocessing));
        match (options.labels.clone(), folder.labels) {
            (Some(labels), _) => model.set_labels(labels)?,
            (None, Some(labels)) => model.classes = model.classes.named_by(labels, LabelSource::Config)?,
            (None, None) => {}
        }
        Ok(model)
    }

    fn of_exported(
        options: &ImportOptions,
        exported: Exported,
        preprocessing: Preprocessing,
        grad_cam_layer: String,
    ) -> Result<Model, ModelError> {
        let Exported { graph, parameters, class: architecture, logits, squashing, mut notes, said, sha256 } =
            exported;
        let mut preprocessing = preprocessing;
        if options.preprocessing == Some(PreprocessingChoice::Trained) {
            let recipe = said.recipe.as_ref().ok_or_else(|| ModelError::Preprocessing {
                what: format!(
                    "neither {} nor a preprocessor_config.json or config.json beside it says which size of pictures the model was \
                     trained with",
                    options.archive.display()
                ),
            })?;
            preprocessing.geometry = recipe.0.geometry;
        }
        notes.extend(Note::unless_followed(said.recipe, &preprocessing));
        let (preprocessing, source) = match (&options.preprocessing, said.statistics) {
            (Some(PreprocessingChoice::Whole(given)), _) => (given.clone(), PreprocessingSource::Given),
            (_, Some((statistics, source))) => (preprocessing.with_statistics(statistics), source),
            (_, None) => (preprocessing, PreprocessingSource::Assumed),
        };
        let undeclared = match &options.preprocessing {
            Some(PreprocessingChoice::Whole(given)) => given.channels() as i64,
            _ => 3,
        };
        let is_assumed = source == PreprocessingSource::Assumed;
        let preprocessing = preprocessing.fitted(&graph, undeclared, is_assumed)?;
        let source = source.fitted(&preprocessing);
        let classes = Classes::new(logits, options.labels.clone())?;
        let (head, source_of_head) = Head::find(logits, options.head, squashing)?;
        Ok(Model {
            graph,
            parameters,
            classes: classes.with_head(head)?,
            head: source_of_head,
            notes,
            preprocessing,
            source,
            device: options.device,
            grad_cam_layer,
            provenance: Provenance { architecture, weights: options.archive.clone(), sha256, prefix: None },
        })
    }

    /// Imports a model as [`import`](Model::import) does, or runs the TorchScript program (`torch.jit.save`) that the file
    /// is, as one operator whose inside cannot be seen. Its classes are counted on a grey picture.
    ///
    /// A program does what its author wrote: TorchScript has no access to the system but through operators, some of which
    /// write and read files, and libtorch does not promise to withstand a hostile one. So only the caller can say that it
    /// is trusted.
    ///
    /// # Errors
    /// Those of [`import`](Model::import), and [`ModelError::Operator`] where the program does not take the picture.
    pub fn import_trusted(options: &ImportOptions) -> Result<Model, ModelError> {
        if !import::is_script(&options.archive) {
            return Model::import(options);
        }
        let preprocessing =
            options.preprocessing.as_ref().map(PreprocessingChoice::or_imagenet).unwrap_or_default();
        let grey = preprocessing.view(&RgbImage::from_pixel(64, 64, Rgb([128; 3])))?;
        let grey = preprocessing.tensor(&[grey], options.device)?;
        let script = import::read_script(&options.archive, &grey, options.device)?;
        Model::of_exported(options, script, preprocessing, String::new())
    }

    /// The same model with other parameters.
    ///
    /// # Errors
    /// [`ModelError::Torch`] if they do not have the shapes that the graph declares.
    pub fn with_parameters(&self, mut parameters: Parameters) -> Result<Model, ModelError> {
        parameters.prepare(&self.graph, &Rewrite::DEFAULT)?;
        Ok(Model {
            graph: self.graph.clone(),
            parameters,
            classes: self.classes.clone(),
            head: self.head,
            notes: self.notes.clone(),
            preprocessing: self.preprocessing.clone(),
            source: self.source.clone(),
            device: self.device,
            grad_cam_layer: self.grad_cam_layer.clone(),
            provenance: self.provenance.clone(),
        })
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Lets the model run by these rewrites only; without being told so, it runs by [`Rewrite::DEFAULT`].
    ///
    /// # Errors
    /// [`ModelError::Torch`].
    pub fn set_rewrites(&mut self, rewrites: &[Rewrite]) -> Result<(), ModelError> {
        self.parameters.prepare(&self.graph, rewrites)?;
        self.notes.retain(|note| *note != Note::Coarse);
        self.notes.extend(rewrites.contains(&Rewrite::Bfloat16).then_some(Note::Coarse));
        Ok(())
    }

    /// How many operator calls a rewrite has a faster way for.
    ///
    /// # Errors
    /// [`ModelError::Torch`].
    pub fn rewritable(&self, rewrite: Rewrite) -> Result<usize, ModelError> {
        Ok(self.graph.shortcuts(&self.parameters, &[rewrite])?.len())
    }

    /// SHA-256, in hexadecimal, of all that its answers depend on: the operators with their attributes, the values of the
    /// parameters, the preprocessing, and the names and the meaning of the logits; of a TorchScript program, whose operators
    /// cannot be seen, the file. The file's own SHA-256 is included, so the same model in another file has another fingerprint;
    /// [rewrites](Model::set_rewrites) are not.
    ///
    /// # Errors
    /// [`ModelError::Torch`].
    pub fn fingerprint(&self) -> Result<String, ModelError> {
        let mut hash = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        add(self.provenance.sha256.as_bytes());
        for Node { op, inputs, output, .. } in self.graph.nodes() {
            let op =
                if matches!(op, Op::TorchScript(_)) { "TorchScript".to_owned() } else { format!("{op:?}") };
            add(format!("{op} {inputs:?} {output:?}").as_bytes());
        }
        for (parameter, tensor) in self.graph.parameters().iter().zip(self.parameters.tensors()) {
            add(format!("{} {:?} {:?}", parameter.name, parameter.shape, tensor.kind()).as_bytes());
            let flat = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?.f_view([-1])?;
            add(&Vec::<u8>::try_from(flat.f_view_dtype(Kind::Uint8)?)?);
        }
        add(format!("{:?} {:?}", self.preprocessing, self.classes).as_bytes());
        Ok(HEXLOWER.encode(&hash.finalize()))
    }

    /// The classes.
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// Names the classes.
    ///
    /// # Errors
    /// [`ModelError::LabelCount`].
    pub fn set_labels(&mut self, labels: Vec<String>) -> Result<(), ModelError> {
        self.classes = self.classes.renamed(labels)?;
        self.notes.retain(|note| !matches!(note, Note::LabelsAssumed { .. }));
        Ok(())
    }

    /// Names the classes of a model that does not name them, on the assumption that they are in this order; a
    /// [note](Model::notes) says so.
    ///
    /// # Errors
    /// [`ModelError::LabelCount`].
    pub fn assume_labels(&mut self, labels: Vec<String>) -> Result<(), ModelError> {
        self.classes = self.classes.named_by(labels.clone(), LabelSource::Assumed)?;
        self.notes.push(Note::LabelsAssumed { labels });
        Ok(())
    }

    /// Who says how the logits become probabilities.
    pub fn head_source(&self) -> HeadSource {
        self.head
    }

    /// Says how the logits become probabilities.
    ///
    /// # Errors
    /// [`ModelError::Head`] where that does not go with the number of logits, or with what the network does with them.
    pub fn set_head(&mut self, head: Head) -> Result<(), ModelError> {
        if self.head == HeadSource::Network && head != self.classes.head() {
            let own = self.classes.head();
            let reason = format!(
                "the head was said to be {head}, and the network itself ends with {own}; leave it out"
            );
            return Err(ModelError::Head { reason });
        }
        self.classes = self.classes.clone().with_head(head)?;
        self.head = HeadSource::Given;
        Ok(())
    }

    /// Chooses which score of a class is explained.
    pub fn set_score(&mut self, score: ScoreKind) {
        self.classes = self.classes.with_score(score);
    }

    /// What a reader of the model's answers should know of it: what the program did with its logits, and whether pictures are
    /// run one by one.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// How pictures become the model's input.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    /// Where the mean and the standard deviation of the preprocessing come from.
    pub fn preprocessing_source(&self) -> &PreprocessingSource {
        &self.source
    }

    /// Has pictures become the model's input in another way, which the caller knows. One number for mean or standard
    /// deviation is every channel's.
    ///
    /// # Errors
    /// [`ModelError::Preprocessing`] where they are of another number than the model's channels.
    pub fn set_preprocessing(&mut self, preprocessing: Preprocessing) -> Result<(), ModelError> {
        self.preprocessing =
            preprocessing.fitted(&self.graph, self.preprocessing.channels() as i64, false)?;
        self.source = PreprocessingSource::Given;
        Ok(())
    }

    /// The picture in a file, as the model sees it: `[1, C, H, W]`.
    ///
    /// # Errors
    /// [`ModelError::Picture`], [`ModelError::Geometry`].
    pub fn picture(&self, path: &Path) -> Result<Tensor, ModelError> {
        let view = self.preprocessing.view(&picture::load(path, &Limits::default())?)?;
        self.preprocessing.tensor(&[view], self.device)
    }

    /// Where the model runs.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The layer that suits Grad-CAM best.
    pub fn grad_cam_layer(&self) -> &str {
        &self.grad_cam_layer
    }

    /// Where the model comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The logits `[N, classes]` for inputs `[N, C, H, W]`, in one forward pass that records nothing.
    ///
    /// # Errors
    /// [`ModelError::Operator`].
    pub fn logits(&self, inputs: &Tensor) -> Result<Tensor, ModelError> {
        let request = Request {
            feeds: &[(self.graph.input(), inputs)],
            fetches: &[self.graph.output()],
            ..Request::default()
        };
        Ok(self.graph.run(&self.parameters, &request)?.remove(0))
    }

    /// Prepares forward passes on inputs that differ from `base`, `[1, C, H, W]`, inside a rectangle each, such as a picture
    /// with something covered. [`Near::logits`] computes only what each difference changes: in the first layers of a
    /// convolutional network that is little.
    ///
    /// # Errors
    /// [`ModelError::Torch`].
    pub fn near(&self, base: &Tensor) -> Result<Near<'_>, ModelError> {
        self.graph.near(&self.parameters, base)
    }

    /// The logits, and what the last linear layer is given, `[N, D]`: the mean over all places where there are several.
    /// `None` for a model of which that cannot be seen. One forward pass.
    ///
    /// # Errors
    /// [`ModelError::Operator`].
    pub fn logits_and_features(&self, inputs: &Tensor) -> Result<(Tensor, Option<Tensor>), ModelError> {
        let features = self.graph.last_features();
        let fetches: Vec<ValueId> = std::iter::once(self.graph.output()).chain(features).collect();
        let request =
            Request { feeds: &[(self.graph.input(), inputs)], fetches: &fetches, ..Request::default() };
        let mut found = self.graph.run(&self.parameters, &request)?.into_iter();
        let logits = found.next().ok_or(ModelError::Opaque)?;
        let rows = inputs.size()[0];
        // A layer that mixes pictures has no row for each.
        let pooled = |features: Tensor| -> Result<Option<Tensor>, ModelError> {
            if features.size().first() != Some(&rows) {
                return Ok(None);
            }
            // Channels come first in pictures, and last in tokens.
            let pooled = match features.dim() {
                2 => features,
                4 => features.f_mean_dim([2i64, 3].as_slice(), false, features.kind())?,
                3 => features.f_mean_dim([1i64].as_slice(), false, features.kind())?,
                _ => features.f_reshape([rows, -1])?,
            };
            Ok(Some(pooled))
        };
        Ok((logits, found.next().map(pooled).transpose()?.flatten()))
    }

    /// The scores of `targets` with the gradients that are asked for: of
    /// the input, of layers, or both, in one forward and one backward pass. With layers alone, the backward
    /// pass ends at the earliest of them, and nothing before it is recorded.
    ///
    /// # Errors
    /// [`ModelError::UnknownLayer`], [`ModelError::UnknownClass`], [`ModelError::Operator`].
    pub fn evaluate(
        &self,
        inputs: &Tensor,
        targets: Targets,
        input_gradient: bool,
        layers: &[ValueId],
    ) -> Result<Evaluation, ModelError> {
        let score = |logits: &Tensor| {
            let targets = targets.resolve(logits, &self.classes)?;
            let scores = self.classes.scores(logits, &targets)?;
            Ok((targets, scores))
        };
        Evaluation::of(&self.graph, &self.parameters, inputs, input_gradient, layers, score)
    }
}

impl Evaluation {
    /// Evaluates any graph with its parameters: the same as [`Model::evaluate`], where `score` returns, from the logits `[N, K]`,
    /// the explained class of each row and its score, `[N]`.
    ///
    /// # Errors
    /// Any error of an operator, or of `score`.
    pub fn of(
        graph: &Graph,
        parameters: &Parameters,
        inputs: &Tensor,
        input_gradient: bool,
        layers: &[ValueId],
        mut score: impl FnMut(&Tensor) -> Result<(Vec<usize>, Tensor), ModelError>,
    ) -> Result<Evaluation, ModelError> {
        let mut watch = layers.to_vec();
        watch.extend(input_gradient.then(|| graph.input()));
        let mut targets = Vec::new();
        let score = |logits: &Tensor| {
            let (classes, scores) = score(logits)?;
            targets = classes;
            Ok::<Tensor, ModelError>(scores)
        };
        let feeds = [(graph.input(), Rows::Given(inputs))];
        let pass = Pass { feeds: &feeds, watch: &watch, ..Pass::default() };
        let found = graph.differentiate(parameters, &pass, score)?;
        // However a convolution laid its result out, what leaves the model lies in memory as it is read.
        let mut derivatives: Vec<Tensor> =
            found.gradients.iter().map(Tensor::f_contiguous).collect::<Result<_, _>>()?;
        let input_gradient = input_gradient.then(|| derivatives.pop()).flatten();
        let layers = found.values.iter().zip(derivatives);
        let layers = layers
            .map(|(activation, gradient)| {
                Ok(LayerEvaluation { activation: activation.f_detach()?.f_contiguous()?, gradient })
            })
            .collect::<Result<_, ModelError>>()?;
        Ok(Evaluation { logits: found.logits, targets, scores: found.scores, input_gradient, layers })
    }
}

/// Which class each row of a batch is explained for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Targets<'a> {
    /// One class index for each row.
    Classes(&'a [usize]),
    /// The class with the highest score in each row.
    Top,
}

impl Targets<'_> {
    fn resolve(self, logits: &Tensor, classes: &Classes) -> Result<Vec<usize>, ModelError> {
        match self {
            Targets::Classes(targets) => Ok(targets.to_vec()),
            Targets::Top => {
                let top = classes.probabilities(&logits.f_detach()?)?.f_argmax(1, false)?;
                let top: Vec<i64> = Vec::try_from(top.f_to_device(Device::Cpu)?)?;
                Ok(top.into_iter().map(|class| class as usize).collect())
            }
        }
    }
}

/// The side, in pixels, of the square picture that stands for all of them where a preprocessing leaves a size open.
const SIDE: u32 = 224;

/// The last layer that suits class activation maps, by the declared shapes; empty where none does.
fn grad_cam_layer(graph: &Graph) -> String {
    let declared = |value| graph.shape(value).map(|shape| shape.iter().map(|size| size.fixed()).collect());
    let layers = graph.class_activation_layers(&declared);
    layers.last().map_or("", |layer| graph.name(*layer)).to_owned()
}

/// How a network that is built here is given pictures, and who says so.
fn built(given: Preprocessing, graph: &Graph) -> Result<(Preprocessing, PreprocessingSource), ModelError> {
    let source = PreprocessingSource::of(&given);
    let undeclared = given.channels() as i64;
    let preprocessing = given.fitted(graph, undeclared, source == PreprocessingSource::Assumed)?;
    let source = source.fitted(&preprocessing);
    Ok((preprocessing, source))
}

/// The preprocessing for the height and width that a graph is declared for.
fn fitting(graph: &Graph) -> Preprocessing {
    let size = |place: usize| graph.shape(graph.input())?.get(place)?.fixed()?.try_into().ok();
    let Some((height, width)) = size(2).zip(size(3)) else { return Preprocessing::default() };
    Preprocessing { geometry: Geometry::to(Size { width, height }), ..Preprocessing::default() }
}

/// The architecture whose parameters have the names that the weights have.
fn guess(weights: &Weights) -> Option<Architecture> {
    Architecture::ALL.into_iter().find(|architecture| {
        let graph = architecture.graph(1, 1.0);
        graph.is_ok_and(|graph| {
            let mut names: Vec<&str> = graph.parameters().iter().map(|known| known.name.as_str()).collect();
            names.sort_unstable();
            weights.names().eq(names)
        })
    })
}
