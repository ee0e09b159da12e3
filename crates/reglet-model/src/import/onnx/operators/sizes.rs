//! Arithmetic of sizes, by which exporters compute shapes: done here, with the open ones as they are.

use super::{Found, one};
use crate::graph::Size;
use crate::import::onnx::builder::Builder;
use crate::import::onnx::extent;
use crate::import::onnx::node::Node;
use crate::import::onnx::value::Value;

pub(super) fn read(builder: &mut Builder, node: &mut Node) -> Found {
    match node.operator {
        "Shape" => return shape(builder, node),
        "Size" => {
            let count = extent::count(&builder.shape(&node.input(0)?)?);
            return one(Value::of_sizes(vec![count.ok_or("it is too large")?], true));
        }
        _ => {}
    }
    // What has an open size in it, or is divided, which integers do in another way than tensors.
    // What is left out in between is for no list of sizes.
    let Ok(inputs) = node.all() else { return Ok(None) };
    let open = inputs.iter().any(|input| matches!(input, Value::Sizes(_)));
    let integers = || inputs.iter().all(|input| input.sizes().is_some());
    if !(open || matches!(node.operator, "Div" | "Mod" | "ReduceProd")) || !integers() {
        return Ok(None);
    }
    let sizes: Vec<Vec<Size>> = inputs.iter().filter_map(Value::sizes).collect();
    let single: Vec<bool> = inputs.iter().map(Value::is_single).collect();
    let floats = inputs.iter().any(|input| builder.kind(input) == tch::Kind::Float);
    let (Some(first), false) = (sizes.first(), floats) else { return Ok(None) };
    let result = |sizes: Vec<Size>, single: bool| one(Value::of_sizes(sizes, single));
    match node.operator {
        "Identity" => one(Ok(inputs[0].clone())),
        "Cast" => match node.int("to", 7)? {
            6 | 7 | 12 | 13 => one(Ok(inputs[0].clone())),
            to => {
                let kind = crate::import::tensors::in_graph(crate::import::onnx::tensors::kind(to as i32)?);
                let number = inputs[0].clone();
                one(builder.emit(crate::graph::Layout::To { kind }, &[number]))
            }
        },
        "Gather" => {
            node.pass_over(&["axis"]);
            let place = |at: &Size| {
                let at = at.fixed().map(|at| if at < 0 { at + first.len() as i64 } else { at });
                at.and_then(|at| usize::try_from(at).ok()).and_then(|at| first.get(at)).cloned()
            };
            let found: Option<Vec<Size>> =
                sizes.get(1).ok_or("its places are missing")?.iter().map(place).collect();
            result(found.ok_or("it takes a size from where there is none")?, single[1])
        }
        "Slice" => {
            let bound = |place: usize, name: &str, node: &mut Node, default: i64| -> Result<i64, String> {
                let given = match node.maybe_ints(name) {
                    Some(given) => Some(given),
                    None => node.maybe_integers(place, name)?,
                };
                match given.as_deref() {
                    None => Ok(default),
                    Some([only]) => Ok(*only),
                    Some(_) => Err("it cuts a list in several dimensions".to_owned()),
                }
            };
            let start = bound(1, "starts", node, 0)?;
            let end = bound(2, "ends", node, i64::MAX)?;
            bound(3, "axes", node, 0)?;
            if bound(4, "steps", node, 1)? != 1 {
                return Err("it takes sizes in steps".to_owned());
            }
            let length = first.len() as i64;
            let clamp =
                |at: i64| (if at < 0 { at.saturating_add(length) } else { at }).clamp(0, length) as usize;
            let (start, end) = (clamp(start), clamp(end));
            result(first.get(start..end.max(start)).unwrap_or_default().to_vec(), false)
        }
        "Concat" => {
            node.pass_over(&["axis"]);
            result(sizes.concat(), false)
        }
        "Squeeze" => {
            node.pass_over(&["axes"]);
            result(first.clone(), true)
        }
        "Unsqueeze" => {
            node.pass_over(&["axes"]);
            result(first.clone(), false)
        }
        "Reshape" => {
            node.pass_over(&["allowzero"]);
            result(first.clone(), sizes.get(1).is_some_and(Vec::is_empty))
        }
        "ReduceProd" => {
            let keep = node.flag("keepdims", true)?;
            node.pass_over(&["axes", "noop_with_empty_axes"]);
            result(vec![extent::count(first).ok_or("it is too large")?], !keep)
        }
        "Neg" => {
            let negated = first.iter().map(|size| extent::multiply(size, &Size::Fixed(-1)));
            result(negated.collect::<Option<_>>().ok_or("it is too large")?, single[0])
        }
        "Add" | "Sub" | "Mul" | "Div" | "Mod" | "Max" | "Min" | "Equal" | "Greater" | "Less" => {
            node.pass_over(&["fmod"]);
            let [a, b] = &sizes[..] else {
                return Err("only two lists of sizes are put together".to_owned());
            };
            let found = pairs(node.operator, a, b)?;
            result(found, single.iter().all(|single| *single))
        }
        "Where" => {
            let [chosen, a, b] = &sizes[..] else { return Err("it needs three lists".to_owned()) };
            let length = chosen.len().max(a.len()).max(b.len());
            let pick = |place: usize| {
                let yes = *at(chosen, place)? != Size::Fixed(0);
                at(if yes { a } else { b }, place).cloned()
            };
            let found: Option<Vec<Size>> = (0..length).map(pick).collect();
            result(found.ok_or("lists of different lengths")?, single.iter().all(|single| *single))
        }
        _ => Ok(None),
    }
}

/// The size at a place, of which one alone is repeated.
fn at(sizes: &[Size], place: usize) -> Option<&Size> {
    if sizes.len() == 1 { sizes.first() } else { sizes.get(place) }
}

fn pairs(operator: &str, a: &[Size], b: &[Size]) -> Result<Vec<Size>, String> {
    // An open size is that of a picture or of a batch, and so at least one.
    let smaller = |a: &Size, b: &Size| match (a, b) {
        (Size::Fixed(a), Size::Fixed(b)) => Some(a < b),
        (Size::Fixed(a), Size::Symbol(_)) if *a < 1 => Some(true),
        (Size::Symbol(_), Size::Fixed(b)) if *b <= 1 => Some(false),
        _ => None,
    };
    let equal = |a: &Size, b: &Size| match (a, b) {
        _ if a == b => Some(true),
        (Size::Fixed(_), Size::Fixed(_)) => Some(false),
        (Size::Fixed(fixed), _) | (_, Size::Fixed(fixed)) if *fixed < 0 => Some(false),
        _ => None,
    };
    let truth = |found: Option<bool>| found.map(|found| Size::Fixed(i64::from(found)));
    let one = |a: &Size, b: &Size| match operator {
        "Add" => extent::add(a, b),
        "Sub" => extent::subtract(a, b),
        "Mul" => extent::multiply(a, b),
        "Div" => extent::quotient(a, b)
            .filter(|_| !matches!((a, b), (Size::Fixed(..0), _) | (_, Size::Fixed(..1)))),
        "Mod" => extent::remainder(a, b),
        "Max" => smaller(a, b).map(|smaller| if smaller { b.clone() } else { a.clone() }),
        "Min" => smaller(a, b).map(|smaller| if smaller { a.clone() } else { b.clone() }),
        "Equal" => truth(equal(a, b)),
        "Less" => truth(smaller(a, b)),
        _ => truth(smaller(b, a)),
    };
    let length = a.len().max(b.len());
    (0..length)
        .map(|place| {
            let (a, b) = at(a, place).zip(at(b, place)).ok_or("lists of different lengths")?;
            one(a, b).ok_or_else(|| "it depends on a size that the file leaves open".to_owned())
        })
        .collect()
}

fn shape(builder: &mut Builder, node: &mut Node) -> Found {
    let shape = builder.shape(&node.input(0)?)?;
    let length = shape.len() as i64;
    let clamp = |at: i64| (if at < 0 { at.saturating_add(length) } else { at }).clamp(0, length) as usize;
    let start = clamp(node.int("start", 0)?);
    let end = clamp(node.int("end", i64::MAX)?);
    one(Value::of_sizes(shape.get(start..end.max(start)).unwrap_or_default().to_vec(), false))
}
