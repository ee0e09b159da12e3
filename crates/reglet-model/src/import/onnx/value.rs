//! What is known of a value of an ONNX graph.

use std::rc::Rc;

use tch::{Device, Kind, Tensor};

use crate::graph::Size;

/// Numbers in the longest list that is taken for one of sizes.
const MOST_SIZES: usize = 64;

/// A value.
#[derive(Clone)]
pub(super) enum Value {
    /// A constant, and its name if the file has one for it.
    Constant(Rc<Tensor>, Option<Rc<str>>),
    /// Integers that follow from the input's sizes.
    Sizes(Rc<Sizes>),
    /// A value of the draft.
    Computed(usize),
    /// `[N, h, w, C]`, of which the draft has a value `[N, C, h, w]`.
    ChannelsLast(usize),
    /// Something that could not be computed.
    Fault(Rc<Fault>),
}

/// Integers that follow from the input's sizes.
pub(super) struct Sizes {
    /// They are one alone, and no list of one.
    pub single: bool,
    /// All of them.
    pub sizes: Vec<Size>,
}

/// Why a value cannot be computed.
#[derive(Debug)]
pub(super) struct Fault {
    /// The operator that made it.
    pub operator: String,
    /// The module that called that.
    pub module: String,
    /// What about it is not supported.
    pub reason: String,
}

impl Value {
    /// A constant without a name.
    pub fn of(tensor: Tensor) -> Value {
        Value::Constant(Rc::new(tensor), None)
    }

    /// A list of sizes, or a single one: a constant where all are known.
    pub fn of_sizes(sizes: Vec<Size>, single: bool) -> Result<Value, String> {
        let fixed: Option<Vec<i64>> = sizes.iter().map(Size::fixed).collect();
        match fixed {
            Some(fixed) => {
                let list = Tensor::f_from_slice(&fixed).map_err(|error| error.to_string())?;
                let list = if single { list.f_squeeze() } else { Ok(list) };
                list.map(Value::of).map_err(|error| error.to_string())
            }
            None => Ok(Value::Sizes(Rc::new(Sizes { single, sizes }))),
        }
    }

    /// The constant, if it is one.
    ///
    /// # Errors
    /// Where it is a size that the file leaves open.
    pub fn constant(&self) -> Result<Option<Rc<Tensor>>, String> {
        match self {
            Value::Constant(tensor, _) => Ok(Some(Rc::clone(tensor))),
            Value::Sizes(_) => Err("it makes numbers of a size that the file leaves open".to_owned()),
            _ => Ok(None),
        }
    }

    /// The integers, if they are known but for the open sizes.
    pub fn sizes(&self) -> Option<Vec<Size>> {
        match self {
            Value::Sizes(sizes) => Some(sizes.sizes.clone()),
            Value::Constant(tensor, _) if tensor.numel() <= MOST_SIZES && tensor.dim() <= 1 => {
                integers(tensor).map(|all| all.into_iter().map(Size::Fixed).collect())
            }
            _ => None,
        }
    }

    /// Whether the integers are one alone, and no list.
    pub fn is_single(&self) -> bool {
        match self {
            Value::Sizes(sizes) => sizes.single,
            Value::Constant(tensor, _) => tensor.dim() == 0,
            _ => false,
        }
    }

    /// The number, if it is a constant of one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Constant(tensor, _) if tensor.numel() == 1 => {
                tensor.f_reshape([1]).and_then(|one| one.f_double_value(&[0])).ok()
            }
            _ => None,
        }
    }
}

/// The numbers of a tensor of integers.
pub(super) fn integers(tensor: &Tensor) -> Option<Vec<i64>> {
    if !matches!(tensor.kind(), Kind::Int64 | Kind::Int | Kind::Int16 | Kind::Int8 | Kind::Uint8 | Kind::Bool)
    {
        return None;
    }
    let flat =
        tensor.f_to_device(Device::Cpu).and_then(|flat| flat.f_to_kind(Kind::Int64)?.f_reshape([-1])).ok()?;
    Vec::try_from(flat).ok()
}
