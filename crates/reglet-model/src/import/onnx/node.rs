//! One call of an ONNX operator, and its arguments by name and type.

use std::collections::HashMap;
use std::rc::Rc;

use super::proto;
use super::scope::Scope;
use super::value::Value;

/// The largest kernel, stride, padding or dilation of a layer.
const LARGEST_STEP: i64 = 1 << 24;

/// A call whose attributes are asked for one by one. Those that nobody asked for in the end must have been left out: an
/// attribute that is passed over in silence makes a wrong result.
pub(super) struct Node<'a> {
    /// The operator's name.
    pub operator: &'a str,
    /// The version of its set of operators.
    pub version: i64,
    /// How many results somebody may use.
    pub results: usize,
    attributes: HashMap<&'a str, &'a proto::Attribute>,
    inputs: Vec<Option<Value>>,
    /// Whether windows are along a line, and so are those of a picture of one row.
    line: bool,
}

impl<'a> Node<'a> {
    /// A call of these values.
    pub fn new(
        proto: &'a proto::Node,
        version: i64,
        inputs: Vec<Option<Value>>,
        scope: &Scope<'a>,
    ) -> Result<Node<'a>, String> {
        let mut attributes = HashMap::new();
        for attribute in &proto.attribute {
            let Some(given) = scope.attribute(attribute) else { continue };
            if attributes.insert(attribute.name.as_str(), given).is_some() {
                return Err(format!("its attribute '{}' is there twice", attribute.name));
            }
        }
        let results = proto.output.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        Ok(Node { operator: &proto.op_type, version, results, attributes, inputs, line: false })
    }

    /// How many values it is given, those that are left out at the end aside.
    pub fn count(&self) -> usize {
        self.inputs.iter().rposition(Option::is_some).map_or(0, |last| last + 1)
    }

    /// The value at a place.
    pub fn input(&self, place: usize) -> Result<Value, String> {
        self.maybe(place).ok_or_else(|| format!("its input {place} is missing"))
    }

    /// The value at a place, if there is one.
    pub fn maybe(&self, place: usize) -> Option<Value> {
        self.inputs.get(place).cloned().flatten()
    }

    /// All values.
    pub fn all(&self) -> Result<Vec<Value>, String> {
        (0..self.count()).map(|place| self.input(place)).collect()
    }

    /// The constant at a place, if there is one.
    pub fn maybe_constant(&self, place: usize, what: &str) -> Result<Option<Rc<tch::Tensor>>, String> {
        let Some(value) = self.maybe(place) else { return Ok(None) };
        let constant = value.constant()?;
        constant.map(Some).ok_or_else(|| format!("its {what} is computed; only a constant one is supported"))
    }

    /// The integers at a place, if there are any.
    pub fn maybe_integers(&self, place: usize, what: &str) -> Result<Option<Vec<i64>>, String> {
        let Some(value) = self.maybe(place) else { return Ok(None) };
        let sizes = value
            .sizes()
            .ok_or_else(|| format!("its {what} is computed; only a constant one is supported"))?;
        let fixed: Option<Vec<i64>> = sizes.iter().map(crate::graph::Size::fixed).collect();
        fixed.map(Some).ok_or_else(|| format!("its {what} depends on a size that the file leaves open"))
    }

    /// Whether an attribute is given.
    pub fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }

    /// An integer that may be left out.
    pub fn maybe_int(&mut self, name: &str) -> Result<Option<i64>, String> {
        let Some(found) = self.attributes.remove(name) else { return Ok(None) };
        found.i.map(Some).ok_or_else(|| format!("its attribute '{name}' is no integer"))
    }

    /// An integer.
    pub fn int(&mut self, name: &str, default: i64) -> Result<i64, String> {
        Ok(self.maybe_int(name)?.unwrap_or(default))
    }

    /// A truth value, which the format writes as an integer.
    pub fn flag(&mut self, name: &str, default: bool) -> Result<bool, String> {
        Ok(self.int(name, i64::from(default))? != 0)
    }

    /// A number.
    pub fn float(&mut self, name: &str, default: f64) -> Result<f64, String> {
        Ok(self.maybe_float(name)?.unwrap_or(default))
    }

    /// A number that may be left out.
    pub fn maybe_float(&mut self, name: &str) -> Result<Option<f64>, String> {
        let Some(found) = self.attributes.remove(name) else { return Ok(None) };
        let number = found.f.ok_or_else(|| format!("its attribute '{name}' is no number"))?;
        Ok(Some(decimal(number)))
    }

    /// A list of integers that may be left out.
    pub fn maybe_ints(&mut self, name: &str) -> Option<Vec<i64>> {
        self.attributes.remove(name).map(|found| found.ints.clone())
    }

    /// A list of numbers that may be left out.
    pub fn maybe_floats(&mut self, name: &str) -> Option<Vec<f64>> {
        let found = self.attributes.remove(name)?;
        Some(found.floats.iter().map(|number| f64::from(*number)).collect())
    }

    /// A text.
    pub fn text(&mut self, name: &str, default: &str) -> Result<String, String> {
        let Some(found) = self.attributes.remove(name) else { return Ok(default.to_owned()) };
        let bytes = found.s.as_ref().ok_or_else(|| format!("its attribute '{name}' is no text"))?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// A tensor that may be left out.
    pub fn maybe_tensor(&mut self, name: &str) -> Result<Option<&'a proto::Tensor>, String> {
        let Some(found) = self.attributes.remove(name) else { return Ok(None) };
        found.t.as_deref().map(Some).ok_or_else(|| format!("its attribute '{name}' is no tensor"))
    }

    /// Calls of its own.
    pub fn graph(&mut self, name: &str) -> Result<&'a proto::Graph, String> {
        let found = self.attributes.remove(name).and_then(|found| found.g.as_deref());
        found.ok_or_else(|| format!("its attribute '{name}' is missing"))
    }

    /// Says that windows are along a line.
    pub fn along_a_line(&mut self) {
        self.line = true;
    }

    /// One integer for height and one for width.
    pub fn pair(&mut self, name: &str, default: [i64; 2]) -> Result<[i64; 2], String> {
        match self.maybe_ints(name).as_deref() {
            None => Ok(default),
            Some(&[along]) if self.line => Ok([default[0], checked(name, along)?]),
            Some(&[height, width]) if !self.line => Ok([checked(name, height)?, checked(name, width)?]),
            Some(_) => Err(format!("its attribute '{name}' is not for height and width")),
        }
    }

    /// The paddings before and after height and width.
    pub fn pads(&mut self) -> Result<[[i64; 2]; 2], String> {
        match self.maybe_ints("pads").as_deref() {
            None => Ok([[0; 2]; 2]),
            Some(&[before, after]) if self.line => {
                Ok([[0; 2], [checked("pads", before)?, checked("pads", after)?]])
            }
            Some(&[top, left, bottom, right]) if !self.line => {
                let checked = |size| checked("pads", size);
                Ok([[checked(top)?, checked(bottom)?], [checked(left)?, checked(right)?]])
            }
            Some(_) => Err("its attribute 'pads' is not for height and width".to_owned()),
        }
    }

    /// Asks for attributes that change nothing about the result.
    pub fn pass_over(&mut self, names: &[&str]) {
        self.attributes.retain(|name, _| !names.contains(name));
    }

    /// Ends the reading.
    pub fn finish(self) -> Result<(), String> {
        match self.attributes.keys().min() {
            None => Ok(()),
            Some(name) => Err(format!("its attribute '{name}' is not supported")),
        }
    }
}

fn checked(name: &str, size: i64) -> Result<i64, String> {
    match (0..=LARGEST_STEP).contains(&size) {
        true => Ok(size),
        false => Err(format!("its attribute '{name}' is {size}, and 0 to {LARGEST_STEP} makes sense")),
    }
}

/// The number that somebody wrote, of which a file keeps the nearest in 32 bits: an epsilon of 0.001 is meant as that.
fn decimal(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}
