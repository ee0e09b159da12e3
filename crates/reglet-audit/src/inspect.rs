//! `reglet inspect`: lists the parts of a model.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use reglet_data::Geometry;
use reglet_model::{
    Architecture, Graph, ImportOptions, Model, Node, Origin, Parameters, Places, Preprocessing,
    PreprocessingChoice, Rewrite, ValueId,
};
use tch::{Device, Kind, Tensor};

use crate::Error;
use crate::loading::{head, input, is_archive};

/// What is inspected: a graph with parameters, and the picture it is shown.
struct Subject {
    title: String,
    model: Model,
    input: Tensor,
}

/// The model called `name`, an architecture, an archive of torch.export or an ONNX file, as text: its operators by module
/// with the shapes of their results and their parameters, the layers that suit Grad-CAM, and the rewrites it runs by. Shapes are those
/// of one square picture of that side.
///
/// # Errors
/// Any error in the model, such as a side that it does not accept.
pub fn inspect(name: &str, side: Option<u32>) -> Result<String, Error> {
    let subject = Subject::load(name, side)?;
    let graph = subject.model.graph();
    let shapes = graph.shapes(subject.model.parameters(), &subject.input.size())?;
    let counts = parameter_counts(graph);
    let total: i64 = counts.values().sum();
    let longest =
        |length: &dyn Fn(&Node) -> usize| graph.nodes().iter().map(length).max().unwrap_or(0).max(8);
    let wide = longest(&|node| graph.name(node.output).len());
    let narrow = longest(&|node| node.op.name().len());

    let notes: Vec<String> = subject.model.notes().iter().map(|note| format!("note: {note}\n")).collect();
    let mut text = format!(
        "{}: {} classes, {} operators, {} parameters\ninput: {}\nhead: {}\n{}\n{:<wide$}  {:<narrow$}  {:<22}  {:>12}\n",
        subject.title,
        subject.model.classes().count(),
        graph.nodes().len(),
        thousands(total),
        input(&subject.model),
        head(&subject.model),
        notes.concat(),
        "layer",
        "operator",
        "shape",
        "parameters"
    );
    let mut module = "";
    for node in graph.nodes() {
        let outermost = node.module.split('.').next().unwrap_or_default();
        if outermost != module {
            text.push('\n');
            module = outermost;
        }
        let count = counts.get(&node.output).map_or(String::new(), |count| thousands(*count));
        let shape = format!("{:?}", shapes[&node.output]);
        let name = graph.name(node.output);
        let line = format!("{name:<wide$}  {:<narrow$}  {shape:<22}  {count:>12}", node.op.name());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push_str(&subject.grad_cam(&shapes)?);
    text.push_str("\nRewrites, which `--rewrites` leaves out\n");
    for rewrite in Rewrite::ALL {
        text.push_str(&format!("  {rewrite}: {} operators\n", subject.model.rewritable(rewrite)?));
    }
    Ok(text)
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

    /// The layer that Grad-CAM takes, and the last of those that suit it at each other resolution.
    fn grad_cam(&self, shapes: &HashMap<ValueId, Vec<i64>>) -> Result<String, Error> {
        let graph = self.model.graph();
        let known = |value| shapes.get(&value).map(|shape| shape.iter().copied().map(Some).collect());
        let mut seen = HashSet::new();
        let mut text = format!("\nGrad-CAM: {} unless told otherwise\n", self.model.grad_cam_layer());
        let layers = graph.class_activation_layers(&known);
        let places = graph.places(&layers, &self.input)?;
        for (layer, places) in layers.iter().zip(places).rev() {
            let Some(Places { width, height, .. }) = places.as_ref() else { continue };
            let channels: i64 =
                places.iter().flat_map(Places::channels).map(|dim| shapes[layer][*dim as usize]).product();
            if seen.insert((*width, *height)) {
                let name = graph.name(*layer);
                text.push_str(&format!("  {width}×{height}: {name}, {channels} channels\n"));
            }
        }
        Ok(text)
    }
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
        let text = inspect("resnet18", Some(64)).expect("built in");
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
        let text = inspect(archive, None).expect("committed");
        assert!(text.contains("Twice: 4 classes, 32 operators, 408 parameters"), "{text}");
        // The convolution's second call uses the weights that the first is charged with.
        assert!(text.contains("conv#2") && text.matches(" 84\n").count() == 1, "{text}");
        assert!(text.contains("  8×8: conv#2, 3 channels"), "{text}");
        assert!(inspect(archive, Some(9)).expect_err("another size").to_string().contains("[1, 3, 9, 9]"));
    }

    /// Nothing is computed at that size, at which the values of one layer alone would take a gigabyte.
    #[test]
    fn a_large_picture_takes_no_longer_than_a_small_one() {
        let text = inspect("resnet18", Some(4096)).expect("shapes alone");
        assert!(text.contains("[1, 64, 2048, 2048]") && text.contains("  128×128: layer4.1.conv2"), "{text}");
    }

    #[test]
    fn long_numbers_are_set_in_threes() {
        assert_eq!([1, 999, 1000, 1_234_567].map(thousands), ["1", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn an_onnx_file_is_inspected_as_an_archive_is() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/onnx/made/zipmap.onnx");
        let text = inspect(file, None).expect("committed");
        assert!(text.contains("head: softmax, one class of 3 (the network ends with it)"), "{text}");
        assert!(text.contains("before ZipMap") && text.contains("conv2d"), "{text}");
    }
}
