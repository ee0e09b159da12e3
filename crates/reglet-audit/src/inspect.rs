//! `reglet inspect`: lists the parts of a model.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use reglet_data::Geometry;
use reglet_model::{
    Architecture, Graph, ImportOptions, Model, Node, Origin, Parameters, Places, Preprocessing,
    PreprocessingChoice, Rewrite, ValueId,
};
use tch::{Device, Kind, Tensor};

use crate::Error;
use crate::described;
use crate::loading::is_archive;

/// The parts of a model. Written out, it is what `reglet inspect` prints.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// The model's name.
    pub title: String,
    /// The number of classes.
    pub classes: usize,
    /// The number of trainable numbers.
    pub parameters: i64,
    /// How pictures become the model's input, in words.
    pub input: String,
    /// What the logits are taken for, in words.
    pub head: String,
    /// What else a reader should know.
    pub notes: Vec<String>,
    /// The operators, in the order in which they run.
    pub operators: Vec<InspectedOperator>,
    /// The layer that Grad-CAM reads by default.
    pub grad_cam_layer: String,
    /// The last layer at each resolution that suits Grad-CAM, from the output to the input.
    pub suitable_layers: Vec<SuitableLayer>,
    /// By how many operators each rewrite runs the model.
    pub rewrites: Vec<(Rewrite, usize)>,
}

/// An operator of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedOperator {
    /// The name of its result, which is the layer's name.
    pub layer: String,
    /// The path of its module.
    pub module: String,
    /// Its name in ATen.
    pub operator: String,
    /// The shape of its result for one picture.
    pub shape: Vec<i64>,
    /// The number of trainable numbers that it is the first to use.
    pub parameters: i64,
}

/// A layer that suits Grad-CAM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuitableLayer {
    /// Its name.
    pub name: String,
    /// The number of its places in a row…
    pub width: i64,
    /// …and in a column.
    pub height: i64,
    /// The number of its channels.
    pub channels: i64,
}

/// Lists the parts of the model called `name`: an architecture, an archive of torch.export, an ONNX file or a folder. Shapes are
/// those of one square picture with that side.
///
/// # Errors
/// Any error in the model, such as a side that it does not accept.
pub fn inspect(name: &str, side: Option<u32>) -> Result<Inspection, Error> {
    let Subject { title, model, input } = Subject::load(name, side)?;
    let graph = model.graph();
    let shapes = graph.shapes(model.parameters(), &input.size())?;
    let counts = parameter_counts(graph);
    let operators = graph.nodes().iter().map(|node| InspectedOperator {
        layer: graph.name(node.output).to_owned(),
        module: node.module.clone(),
        operator: node.op.name().to_owned(),
        shape: shapes[&node.output].clone(),
        parameters: counts.get(&node.output).copied().unwrap_or(0),
    });
    let rewrites = Rewrite::ALL.into_iter().map(|rewrite| Ok((rewrite, model.rewritable(rewrite)?)));
    Ok(Inspection {
        title,
        classes: model.classes().count(),
        parameters: counts.values().sum(),
        input: described::input(&model),
        head: described::head(&model),
        notes: model.notes().iter().map(ToString::to_string).collect(),
        operators: operators.collect(),
        grad_cam_layer: model.grad_cam_layer().to_owned(),
        suitable_layers: suitable_layers(graph, &shapes, &input)?,
        rewrites: rewrites.collect::<Result<_, Error>>()?,
    })
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = |length: fn(&InspectedOperator) -> usize| {
            self.operators.iter().map(length).max().unwrap_or(0).max(8)
        };
        let wide = longest(|operator| operator.layer.len());
        let narrow = longest(|operator| operator.operator.len());
        let (count, parameters) = (self.operators.len(), thousands(self.parameters));
        writeln!(f, "{}: {} classes, {count} operators, {parameters} parameters", self.title, self.classes)?;
        writeln!(f, "input: {}\nhead: {}", self.input, self.head)?;
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))?;
        writeln!(f, "\n{:<wide$}  {:<narrow$}  {:<22}  {:>12}", "layer", "operator", "shape", "parameters")?;
        let mut module = "";
        for InspectedOperator { layer, module: path, operator, shape, parameters } in &self.operators {
            let outermost = path.split('.').next().unwrap_or_default();
            if outermost != module {
                writeln!(f)?;
                module = outermost;
            }
            let count = if *parameters > 0 { thousands(*parameters) } else { String::new() };
            let shape = format!("{shape:?}");
            let line = format!("{layer:<wide$}  {operator:<narrow$}  {shape:<22}  {count:>12}");
            writeln!(f, "{}", line.trim_end())?;
        }
        writeln!(f, "\nGrad-CAM: {} unless told otherwise", self.grad_cam_layer)?;
        for SuitableLayer { name, width, height, channels } in &self.suitable_layers {
            writeln!(f, "  {width}×{height}: {name}, {channels} channels")?;
        }
        writeln!(f, "\nRewrites, chosen by `--rewrites`; all but bfloat16 are on unless told otherwise")?;
        self.rewrites.iter().try_for_each(|(rewrite, count)| writeln!(f, "  {rewrite}: {count} operators"))
    }
}

/// What is inspected: a graph with parameters, and the picture it is shown.
struct Subject {
    title: String,
    model: Model,
    input: Tensor,
}

impl Subject {
    fn load(name: &str, side: Option<u32>) -> Result<Subject, Error> {
        if is_archive(Path::new(name)) {
            let archive = PathBuf::from(name);
            let preprocessing = side.map(|side| PreprocessingChoice::Geometry(Geometry::exact(side)));
            let options = ImportOptions { preprocessing, ..ImportOptions::new(archive) };
            let model = Model::import(&options)?;
            let title = format!("{name}, {}", model.provenance().architecture);
            let declared = model.graph().shape(model.graph().input());
            let size = |place: usize| declared?.get(place)?.fixed();
            let [height, width] = [2, 3].map(|place| side.map(i64::from).or(size(place)).unwrap_or(224));
            let input = picture(&model, height, width)?;
            return Ok(Subject { title, model, input });
        }
        let architecture: Architecture = name.parse()?;
        let graph = architecture.graph(1000, 1.0)?;
        let parameters = Parameters::initial(&graph, 0)?;
        let side = side.unwrap_or(224);
        let preprocessing = Preprocessing::exact(side);
        let model = Model::new(graph, parameters, None, preprocessing, architecture.into())?;
        let side = i64::from(side);
        let input = picture(&model, side, side)?;
        Ok(Subject { title: architecture.to_string(), model, input })
    }
}

/// The last layer that suits Grad-CAM at each resolution.
fn suitable_layers(
    graph: &Graph,
    shapes: &HashMap<ValueId, Vec<i64>>,
    input: &Tensor,
) -> Result<Vec<SuitableLayer>, Error> {
    let known = |value| shapes.get(&value).map(|shape| shape.iter().copied().map(Some).collect());
    let layers = graph.class_activation_layers(&known);
    let places = graph.places(&layers, input)?;
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    for (layer, places) in layers.iter().zip(places).rev() {
        let Some(Places { width, height, .. }) = places.as_ref() else { continue };
        let channels: i64 =
            places.iter().flat_map(Places::channels).map(|dim| shapes[layer][*dim as usize]).product();
        if seen.insert((*width, *height)) {
            let name = graph.name(*layer).to_owned();
            found.push(SuitableLayer { name, width: *width, height: *height, channels });
        }
    }
    Ok(found)
}

fn picture(model: &Model, height: i64, width: i64) -> Result<Tensor, Error> {
    let shape = [1, model.preprocessing().channels() as i64, height, width];
    // Only its shape matters, so it takes the memory of one number.
    Ok(Tensor::f_zeros([1, 1, 1, 1], (Kind::Float, Device::Cpu))?.f_expand(shape, false)?)
}

/// How many trainable numbers each operator is the first to use, by its result.
fn parameter_counts(graph: &Graph) -> HashMap<ValueId, i64> {
    let mut seen = HashSet::new();
    let mut count = |node: &Node| {
        let mut sum = 0;
        for input in &node.inputs {
            if let Origin::Parameter(index) = graph.origin(*input) {
                let parameter = &graph.parameters()[index];
                if parameter.trainable && seen.insert(index) {
                    sum += parameter.shape.iter().product::<i64>();
                }
            }
        }
        sum
    };
    let counts = graph.nodes().iter().map(|node| (node.output, count(node)));
    counts.filter(|(_, count)| *count > 0).collect()
}

/// The number with a comma before every third digit.
fn thousands(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_shown_with_its_layers_parameters_and_shapes() {
        let text = inspect("resnet18", Some(64)).expect("built in").to_string();
        // torchvision's documentation gives resnet18 11,689,512 parameters.
        assert!(text.starts_with("resnet18: 1000 classes, 69 operators, 11,689,512 parameters"), "{text}");
        let line = text.lines().find(|line| line.starts_with("layer4.1.conv2 ")).expect("a layer");
        assert_eq!(
            line.split_whitespace().collect::<Vec<_>>().join(" "),
            "layer4.1.conv2 conv2d [1, 512, 2, 2] 2,359,296"
        );
        let input = "input: resized to 64×64 pixels; mean 0.485, 0.456, 0.406; standard deviation 0.229, 0.224, 0.225";
        assert!(text.contains(input), "{text}");
        assert!(text.contains("Grad-CAM: layer4.1.conv2 unless told otherwise"), "{text}");
        assert!(text.contains("fold_batch_norm: 20 operators"), "{text}");
        assert!(text.contains("  4×4: layer3.1.conv2, 256 channels"), "{text}");
    }

    #[test]
    fn an_exported_model_is_shown_at_the_size_it_was_exported_for() {
        let archive = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/pt2/twice.pt2");
        let text = inspect(archive, None).expect("committed").to_string();
        assert!(text.contains("Twice: 4 classes, 32 operators, 408 parameters"), "{text}");
        // The convolution's second call uses the weights that the first is charged with.
        assert!(text.contains("conv#2") && text.matches(" 84\n").count() == 1, "{text}");
        assert!(text.contains("  8×8: conv#2, 3 channels"), "{text}");
        assert!(inspect(archive, Some(9)).expect_err("another size").to_string().contains("[1, 3, 9, 9]"));
    }

    /// Nothing is computed at that size, at which the values of one layer alone would take a gigabyte.
    #[test]
    fn a_large_picture_takes_no_longer_than_a_small_one() {
        let text = inspect("resnet18", Some(4096)).expect("shapes alone").to_string();
        assert!(text.contains("[1, 64, 2048, 2048]") && text.contains("  128×128: layer4.1.conv2"), "{text}");
    }

    #[test]
    fn long_numbers_are_set_in_threes() {
        assert_eq!([1, 999, 1000, 1_234_567].map(thousands), ["1", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn an_onnx_file_is_inspected_as_an_archive_is() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/onnx/made/zipmap.onnx");
        let text = inspect(file, None).expect("committed").to_string();
        assert!(text.contains("head: softmax, one class of 3 (the network ends with it)"), "{text}");
        assert!(text.contains("before ZipMap") && text.contains("conv2d"), "{text}");
    }
}
