//! Parts of a program that run in a way of their own: `with torch.no_grad():` and `with torch.autocast(…):`.
//!
//! An archive holds such a part as a program inside a call's arguments, with names of its own. Its calls are read where it stands, in
//! names that no other part has; what a part without gradients makes is detached, call by call.

use super::schema::{Argument, CallNode, Calls, NamedArgument, Symbolic};

/// Regions inside regions that are read.
const DEEPEST: usize = 16;

/// A region whose names are those of no other part of the program.
pub(super) struct Region {
    pub calls: Calls,
    /// What the region is given, in the order of its inputs.
    pub given: Vec<Argument>,
    /// Whether gradients pass through what it makes.
    pub gradients: bool,
}

/// The region that a call runs, if it runs one whose calls can be read where it stands. `outside` says whether gradients pass
/// there; `number` is no other region's.
///
/// # Errors
/// Where its arguments are not as the exporter writes them.
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
        // Numbers of fewer bits are computed in 32 bits here, whatever the precision that was asked for.
        ("wrap_with_autocast", _) => outside,
        // To compute its values a second time in the backward pass changes none of them.
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

/// The calls with every name made its own.
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
        // The names within a region inside this one are its own.
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
