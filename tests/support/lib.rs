//! What the tests of the whole share: references made by the field's own tools, and the small models they
//! were made with.

pub mod browser;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use reglet_attribution::{Family, Method};
use reglet_model::{
    Activation, Architecture, Graph, Layout, Model, Op, Parameter, Parameters, Pool, Preprocessing,
    Provenance, ValueId,
};
use serde_json::Value;
use tch::{Kind, Tensor};

/// The folder of committed references.
pub fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A reference file: its tensors by name and what its maker noted about them.
pub struct Reference {
    tensors: HashMap<String, Tensor>,
    notes: Value,
}

impl Reference {
    /// Reads `name` (without extension) under the fixtures.
    pub fn read(name: &str) -> Reference {
        Reference::read_path(&fixtures().join(format!("{name}.safetensors")))
    }

    /// Reads a file.
    pub fn read_path(path: &Path) -> Reference {
        Reference::open(path).unwrap_or_else(|reason| panic!("{reason}"))
    }

    /// Reads a file that may be missing or damaged.
    pub fn open(path: &Path) -> Result<Reference, String> {
        let fault = |reason: &dyn std::fmt::Display| format!("the reference {}: {reason}", path.display());
        let bytes = std::fs::read(path).map_err(|error| fault(&error))?;
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).map_err(|error| fault(&error))?;
        let notes = header.metadata().as_ref().and_then(|notes| notes.get("reference"));
        // Where a file has no notes, whoever asks for one is told so.
        let notes = notes.map_or(Ok(Value::Null), |notes| serde_json::from_str(notes));
        let notes = notes.map_err(|error| fault(&error))?;
        let tensors = Tensor::read_safetensors(path).map_err(|error| fault(&error))?;
        Ok(Reference { tensors: tensors.into_iter().collect(), notes })
    }

    /// The tensor called `name`.
    pub fn tensor(&self, name: &str) -> &Tensor {
        self.tensors.get(name).unwrap_or_else(|| panic!("the reference has no '{name}'"))
    }

    /// A text among the notes.
    pub fn text(&self, name: &str) -> &str {
        self.notes[name].as_str().expect("a text")
    }

    /// A number among the notes, if it is there.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.notes[name].as_i64()
    }

    /// How far a map in 32-bit floats was from the reference, which is in 64-bit floats.
    pub fn float32(&self, name: &str) -> f64 {
        self.notes["float32"][name].as_f64().expect("a number")
    }

    /// The targets among the notes.
    pub fn targets(&self) -> Vec<usize> {
        let targets = self.notes["targets"].as_array().expect("a list");
        targets.iter().map(|target| target.as_u64().expect("an index") as usize).collect()
    }

    /// The input that the reference was made with: kept in it, or drawn after the shape in the notes.
    pub fn input(&self) -> Tensor {
        if let Some(input) = self.tensors.get("input") {
            return input.shallow_clone();
        }
        let shape = self.notes["input_shape"].as_array().expect("a shape");
        let shape: Vec<i64> = shape.iter().map(|size| size.as_i64().expect("a size")).collect();
        drawn("input", &shape, |unit| unit * 3_f64.sqrt())
    }

    /// Whether the reference holds a tensor called `name`.
    pub fn holds(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }
}

/// Every method that explains a network of convolutions.
pub fn for_convolutions() -> Vec<Method> {
    Method::all().into_iter().filter(|method| method.get().about().family != Family::Attention).collect()
}

/// The method with few steps, samples, masks and orders, for tests that do not ask how good its map is.
pub fn quick(method: &Method) -> Method {
    let mut parameters = serde_json::to_value(method).expect("plain values");
    for count in ["steps", "samples", "masks", "orders", "evaluations"] {
        if let Some(place) = parameters.get_mut(count) {
            *place = 6.into();
        }
    }
    serde_json::from_value(parameters).expect("its own words")
}

/// The relative distance ‖a − b‖ / ‖b‖.
pub fn distance(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size(), "the shapes differ");
    let (a, b) = (a.to_kind(Kind::Double), b.to_kind(Kind::Double));
    ((a - &b).norm() / b.norm()).double_value(&[])
}

/// Asserts that `found` is within `bound` of `expected`, and says how far it is if not.
pub fn assert_close(what: &str, found: &Tensor, expected: &Tensor, bound: f64) {
    let distance = distance(found, expected);
    assert!(distance <= bound, "{what}: relative distance {distance:.2e}, allowed {bound:.0e}");
}

/// The small model that the references of `architecture` were made with.
pub fn small_model(architecture: Architecture, classes: i64) -> Model {
    let width = small_width(architecture);
    let graph = architecture.graph(classes, width).expect("a small model");
    let parameters = synthetic_parameters(&graph);
    Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())
        .expect("the labels are the indices")
}

/// The width of the small model of `architecture`.
pub fn small_width(architecture: Architecture) -> f64 {
    match architecture {
        Architecture::MobileNetV2 | Architecture::EfficientNetB0 => 0.25,
        _ => 0.125,
    }
}

/// The same model in 64-bit floats, in which nothing is lost to rounding.
pub fn exact(model: Model) -> Model {
    let exact = |tensor: &Tensor| match tensor.kind() {
        Kind::Float => tensor.to_kind(Kind::Double),
        _ => tensor.shallow_clone(),
    };
    let parameters = Parameters::from_tensors(model.parameters().tensors().iter().map(exact).collect());
    let graph = model.graph().clone();
    let (preprocessing, provenance) = (model.preprocessing().clone(), model.provenance().clone());
    Model::new(graph, parameters, None, preprocessing, provenance).expect("as before")
}

/// `PlainNet` of `reference/small_models.py` in 64-bit floats: each module used once, nothing done in place, no
/// overlapping windows.
pub fn plain_model(classes: i64) -> Model {
    let pool = Pool::Max { kernel: [2, 2], stride: [2, 2], padding: [0, 0], dilation: [1, 1], ceil: false };
    plain_network(classes, [pool, pool])
}

/// The same network, pooling by means and not by maxima.
pub fn averaging_model(classes: i64) -> Model {
    plain_network(classes, [8, 4].map(|side| Pool::AdaptiveAverage { output: [side; 2] }))
}

fn plain_network(classes: i64, [pool1, pool2]: [Pool; 2]) -> Model {
    let (mut g, mut x) = Graph::new();
    x = convolution(&mut g, "conv1", x, [3, 8], true);
    x = g.call("relu1", Activation::Relu, &[x]);
    x = g.call("pool1", pool1, &[x]);
    x = convolution(&mut g, "conv2", x, [8, 12], false);
    let mut norm = vec![x];
    for (leaf, trainable) in
        [("weight", true), ("bias", true), ("running_mean", false), ("running_var", false)]
    {
        norm.push(g.parameter(format!("bn2.{leaf}"), &[12], trainable));
    }
    x = g.call("bn2", Op::BatchNorm { eps: 1e-5, momentum: 0.1 }, &norm);
    x = g.call("relu2", Activation::Relu, &[x]);
    x = g.call("pool2", pool2, &[x]);
    x = convolution(&mut g, "conv3", x, [12, 16], true);
    x = g.call("relu3", Activation::Relu, &[x]);
    x = g.call("avgpool", Pool::AdaptiveAverage { output: [1, 1] }, &[x]);
    x = g.call("flatten", Layout::Flatten { start: 1, end: -1 }, &[x]);
    let weight = g.parameter("fc.weight", &[classes, 16], true);
    let bias = g.parameter("fc.bias", &[classes], true);
    x = g.call("fc", Op::Linear, &[x, weight, bias]);
    g.set_output(x);
    let parameters = synthetic_parameters(&g);
    let model = Model::new(g, parameters, None, Preprocessing::default(), Provenance::of("PlainNet"));
    exact(model.expect("the labels are the indices"))
}

fn convolution(g: &mut Graph, path: &str, input: ValueId, [from, to]: [i64; 2], bias: bool) -> ValueId {
    let mut inputs = vec![input, g.parameter(format!("{path}.weight"), &[to, from, 3, 3], true)];
    if bias {
        inputs.push(g.parameter(format!("{path}.bias"), &[to], true));
    }
    let op = Op::Conv2d { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 };
    g.call(path, op, &inputs)
}

/// The input of that name (`reference/small_models.py`) in 64-bit floats: `[batch, 3, side, side]`.
pub fn small_input(name: &str, batch: i64, side: i64) -> Tensor {
    drawn(name, &[batch, 3, side, side], |unit| unit * 3_f64.sqrt()).to_kind(Kind::Double)
}

/// Weights computed from their names alone, as `reference/small_models.py` computes them.
pub fn synthetic_parameters(graph: &Graph) -> Parameters {
    let norms: Vec<&str> = graph
        .parameters()
        .iter()
        .filter(|p| p.shape.len() == 1)
        .filter_map(|p| p.name.strip_suffix(".weight"))
        .collect();
    let value = |parameter: &Parameter| {
        let (module, leaf) = parameter.name.rsplit_once('.').unwrap_or(("", &parameter.name));
        let norm = norms.contains(&module);
        let fan_in: i64 = parameter.shape[1..].iter().product();
        let scale = (6.0 / fan_in as f64).sqrt();
        drawn(&parameter.name, &parameter.shape, |unit| match leaf {
            "running_var" => 1.0 + 0.5 * unit,
            "weight" if norm => 1.0 + 0.2 * unit,
            "running_mean" | "bias" if norm => 0.2 * unit,
            "weight" | "in_proj_weight" => unit * scale,
            "bias" | "in_proj_bias" => 0.1 * unit,
            _ => unit,
        })
    };
    Parameters::from_tensors(graph.parameters().iter().map(value).collect())
}

/// A tensor whose element i is `shape_of` a number in −1…1 that depends on `name` and i only.
pub fn drawn(name: &str, shape: &[i64], shape_of: impl Fn(f64) -> f64) -> Tensor {
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let count: i64 = shape.iter().product();
    let unit = |index: u64| {
        let bits = splitmix64(seed.wrapping_add(index)) >> 11;
        bits as f64 * 2_f64.powi(-53) * 2.0 - 1.0
    };
    let values: Vec<f32> = (0..count as u64).map(|index| shape_of(unit(index)) as f32).collect();
    Tensor::from_slice(&values).view(shape)
}

/// Vigna's SplitMix64: a number that looks random for every number.
fn splitmix64(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
