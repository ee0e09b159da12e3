//! Which module a call belongs to, as far as the file tells.
//!
//! PyTorch's exporter since 2.6 notes the modules' paths with each call. The one before it names calls by them,
//! `/layer1/layer1.0/conv1/Conv`: each part is a module's name with that of the lists it stands in. Still older ones left
//! only the names of the weights. What other programs wrote is named as it is in the file.

use std::collections::HashSet;

use super::proto;
use crate::import::draft::Place;

/// Where PyTorch's newer exporter notes the paths of the modules around a call.
const SCOPES: &str = "pkg.torch.onnx.name_scopes";

/// Where it notes their classes.
const CLASSES: &str = "pkg.torch.onnx.class_hierarchy";

/// What is known of the names in a file.
pub(super) struct Names<'a> {
    pytorch: bool,
    /// The parts of paths, each with what is before it.
    parts: HashSet<(String, &'a str)>,
    weights: HashSet<&'a str>,
}

impl<'a> Names<'a> {
    /// Looks at all names of a graph.
    pub fn new(producer: &str, graph: &'a proto::Graph) -> Names<'a> {
        let pytorch = producer == "pytorch";
        let mut parts = HashSet::new();
        for node in graph.node.iter().filter(|node| pytorch && node.name.starts_with('/')) {
            let mut before = String::new();
            for part in scopes(&node.name) {
                parts.insert((before.clone(), part));
                before.push('/');
                before.push_str(part);
            }
        }
        let weights = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
        Names { pytorch, parts, weights }
    }

    /// The place of a call, which a function makes that is itself called `within` another name.
    pub fn place(&self, node: &proto::Node, within: &str) -> Place {
        let (module, invocation) = if let Some(scopes) = metadata(node, SCOPES) {
            let scopes = quoted(scopes);
            let module = scopes.len().checked_sub(2).map_or("", |last| scopes[last]);
            (module.to_owned(), String::new())
        } else if !within.is_empty() {
            let own = if node.name.is_empty() { &node.op_type } else { &node.name };
            (format!("{within}/{own}"), String::new())
        } else if self.pytorch && node.name.starts_with('/') {
            (self.path(&node.name), scopes(&node.name).collect::<Vec<_>>().join("/"))
        } else if self.pytorch {
            (self.by_weight(node), String::new())
        } else {
            (node.name.clone(), String::new())
        };
        Place { target: node.op_type.clone(), module, invocation, line: None }
    }

    /// A module's path from a name with scopes.
    fn path(&self, name: &str) -> String {
        let mut path: Vec<&str> = Vec::new();
        let mut before = String::new();
        for part in scopes(name) {
            let once = self.first_call(&before, part);
            let atoms: Vec<&str> = once.split('.').collect();
            let (last, lists) = atoms.split_last().unwrap_or((&"", &[]));
            match !lists.is_empty() && path.ends_with(lists) {
                true => path.push(last),
                false => path.extend(&atoms),
            }
            before.push('/');
            before.push_str(part);
        }
        path.join(".")
    }

    /// A module's name, of whose further calls the exporter counts: `relu_1` is the second of `relu`, if there are no weights
    /// of a module by that name.
    fn first_call<'p>(&self, before: &str, part: &'p str) -> &'p str {
        let counted =
            part.rsplit_once('_').filter(|(_, count)| count.parse::<u32>().is_ok_and(|count| count > 0));
        let Some((name, _)) = counted else { return part };
        let known = self.parts.contains(&(before.to_owned(), name));
        let own = format!("{part}.");
        let weighted =
            self.weights.iter().any(|weight| weight.starts_with(&own) || weight.contains(&format!(".{own}")));
        if known && !weighted { name } else { part }
    }

    /// The module whose weight a call reads.
    fn by_weight(&self, node: &proto::Node) -> String {
        let weight = node.input.get(1).filter(|name| self.weights.contains(name.as_str()));
        weight.and_then(|name| name.strip_suffix(".weight")).unwrap_or_default().to_owned()
    }
}

/// The scopes in a name, without the call's own.
fn scopes(name: &str) -> impl Iterator<Item = &str> {
    let scopes = name.rsplit_once('/').map_or("", |(scopes, _)| scopes);
    scopes.split('/').filter(|part| !part.is_empty())
}

fn metadata<'a>(node: &'a proto::Node, key: &str) -> Option<&'a str> {
    let entry = node.metadata_props.iter().find(|entry| entry.key == key);
    entry.map(|entry| entry.value.as_str())
}

/// The texts in a list as Python writes it.
fn quoted(list: &str) -> Vec<&str> {
    list.split('\'').skip(1).step_by(2).collect()
}

/// The name of the outermost class, without its package.
pub(super) fn class(graph: &proto::Graph) -> Option<&str> {
    let classes = graph.node.iter().filter_map(|node| metadata(node, CLASSES));
    let outermost =
        classes.filter_map(|classes| quoted(classes).first().copied()).find(|class| class.contains('.'));
    outermost.and_then(|class| class.rsplit('.').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str) -> proto::Node {
        proto::Node { name: name.to_owned(), op_type: "Conv".to_owned(), ..proto::Node::default() }
    }

    #[test]
    fn paths_are_those_of_the_modules() {
        let names = [
            ("/layer1/layer1.0/conv1/Conv", "layer1.0.conv1"),
            ("/layer1/layer1.0/relu/Relu", "layer1.0.relu"),
            ("/layer1/layer1.0/relu_1/Relu", "layer1.0.relu"),
            ("/features/features.1/features.1.0/block/block.0/Conv", "features.1.0.block.0"),
            ("/blocks.0/attn/qkv/MatMul", "blocks.0.attn.qkv"),
            ("/conv_1/Conv", "conv_1"),
            ("/Flatten", ""),
        ];
        let weight = proto::Tensor { name: "conv_1.weight".to_owned(), ..proto::Tensor::default() };
        let graph = proto::Graph {
            node: names.iter().map(|(name, _)| node(name)).chain([node("/conv/Conv")]).collect(),
            initializer: vec![weight],
            ..proto::Graph::default()
        };
        let known = Names::new("pytorch", &graph);
        for (name, module) in names {
            assert_eq!(known.place(&node(name), "").module, module, "{name}");
        }
        let (first, second) = (known.place(&node(names[1].0), ""), known.place(&node(names[2].0), ""));
        assert_ne!(first.invocation, second.invocation);
        assert_eq!(
            Names::new("tf2onnx", &graph).place(&node("model/conv/Conv2D"), "").module,
            "model/conv/Conv2D"
        );
        assert_eq!(known.place(&node("conv"), "block_1/unit").module, "block_1/unit/conv");
    }

    #[test]
    fn newer_files_note_the_paths() {
        let entry = |key: &str, value: &str| proto::Entry { key: key.to_owned(), value: value.to_owned() };
        let metadata_props = vec![
            entry(SCOPES, "['', 'layer1', 'layer1.0', 'layer1.0.conv1', 'conv2d_1']"),
            entry(CLASSES, "['torchvision.models.resnet.ResNet', 'aten.conv2d.default']"),
        ];
        let node = proto::Node { metadata_props, ..node("node_conv2d_1") };
        let graph = proto::Graph { node: vec![node.clone()], ..proto::Graph::default() };
        assert_eq!(Names::new("pytorch", &graph).place(&node, "").module, "layer1.0.conv1");
        assert_eq!(class(&graph), Some("ResNet"));
    }
}
