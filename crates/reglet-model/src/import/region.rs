//! Regions of a program that run in a different mode: `with torch.no_grad():` and `with torch.autocast(…):`.
//!
//! An archive stores such a region as a program inside a call's arguments, with its own names. Its calls are read in place,
//! with their names made unique; in a region without gradients the result of each call is detached.

use super::schema::{Argument, CallNode, Calls, NamedArgument, Symbolic};

/// The greatest depth of nested regions that is read.
const DEEPEST: usize = 16;

/// A region whose names are unique in the program.
pub(super) struct Region {
    pub calls: Calls,
    /// The arguments of the region, in the order of its inputs.
    pub given: Vec<Argument>,
    /// Whether gradients pass through its results.
    pub gradients: bool,
}

/// The region that a call runs, if it runs one whose calls can be read in place. `outside` says whether gradients pass
/// outside of the region; `number` must be unique to the region.
///
/// # Errors
/// A text, if its arguments are not in the form in which the exporter writes them.
pub(super) fn region(
    node: &CallNode,
    outside: bool,
    number: usize,
    depth: usize,
) -> Result<Option<Region>, String> {
    let Some(kind) = node.target.strip_prefix("torch.ops.higher_order.") else { return Ok(None) };
    let place = node.inputs.iter().position(|input| matches!(input.arg, Argument::Graph(_)));
    let Some((place, Argument::Graph(calls))) = place.map(|place| (place, &node.inputs[place].arg)) else {
        return Ok(None);
    };
    let gradients = match (kind, &node.inputs[..place]) {
        ("wrap_with_set_grad_enabled", [NamedArgument { arg: Argument::Bool(enabled), .. }]) => *enabled,
        // Numbers with fewer bits are computed in 32 bits here, whatever precision the program requests.
        ("wrap_with_autocast", _) => outside,
        // Recomputing its values in the backward pass (checkpointing) does not change them.
        ("tag_activation_checkpoint" | "wrap_activation_checkpoint", _) => outside,
        _ => return Ok(None),
    };
    if depth >= DEEPEST {
        return Err(format!("it has regions within regions, more than {DEEPEST} deep"));
    }
    let given: Vec<Argument> = node.inputs[place + 1..].iter().map(|input| input.arg.clone()).collect();
    if given.len() < calls.inputs.len() || node.outputs.len() != calls.outputs.len() {
        return Err("its region does not match the arguments or results of its call".to_owned());
    }
    Ok(Some(Region { calls: renamed((**calls).clone(), number), given, gradients }))
}

/// The calls with every name made unique.
fn renamed(mut calls: Calls, number: usize) -> Calls {
    let own = |name: &mut String| *name = format!("{name}@{number}");
    calls.inputs.iter_mut().chain(&mut calls.outputs).for_each(|argument| rename(argument, &own));
    for node in &mut calls.nodes {
        node.inputs.iter_mut().for_each(|input| rename(&mut input.arg, &own));
        node.outputs.iter_mut().for_each(|output| rename(output, &own));
    }
    let key = |mut name: String| {
        own(&mut name);
        name
    };
    calls.tensor_values = calls.tensor_values.into_iter().map(|(name, meta)| (key(name), meta)).collect();
    calls.sym_int_values = calls.sym_int_values.into_iter().map(|(name, size)| (key(name), size)).collect();
    calls
}

fn rename(argument: &mut Argument, own: &impl Fn(&mut String)) {
    let size = |size: &mut Symbolic| {
        if let Symbolic::AsName(name) = size {
            own(name);
        }
    };
    match argument {
        Argument::Tensor(name) => own(name),
        Argument::Tensors(names) => names.iter_mut().for_each(own),
        Argument::OptionalTensors(names) => names.iter_mut().flatten().for_each(own),
        Argument::Int(one) => size(one),
        Argument::Ints(several) => several.iter_mut().for_each(size),
        // The names within a nested region belong to that region.
        Argument::Graph(_)
        | Argument::None
        | Argument::Float(_)
        | Argument::Floats(_)
        | Argument::Bool(_)
        | Argument::Text(_)
        | Argument::Kind(_)
        | Argument::Other => {}
    }
}
