//! Parts of tensors, and several made one.

use tch::Kind;

use super::{Found, one};
use crate::graph::{Arithmetic, Layout, Number, Selection, Size};
use crate::import::onnx::builder::{Builder, TO_LAST, placed};
use crate::import::onnx::extent;
use crate::import::onnx::node::Node;
use crate::import::onnx::shape::{place, shown};
use crate::import::onnx::value::Value;

pub(super) fn read(builder: &mut Builder, node: &mut Node) -> Found {
    match node.operator {
        "Concat" => concatenation(builder, node),
        "Slice" => slice(builder, node),
        "Split" => split(builder, node),
        "Gather" => gather(builder, node),
        "GatherElements" => {
            let axis = node.int("axis", 0)?;
            let inputs = [node.input(0)?, node.input(1)?];
            let shape = (builder.shape(&inputs[1])?, builder.kind(&inputs[0]));
            one(builder.emit_aten(
                "gather",
                &format!("torch.gather(a0, {axis}, a1)"),
                &inputs,
                Vec::new(),
                shape,
            ))
        }
        "ScatterElements" => {
            let axis = node.int("axis", 0)?;
            if node.text("reduction", "none")? != "none" {
                return Err("only what replaces numbers is supported".to_owned());
            }
            let inputs = [node.input(0)?, node.input(1)?, node.input(2)?];
            let shape = (builder.shape(&inputs[0])?, builder.kind(&inputs[0]));
            let expression = format!("torch.scatter(a0, {axis}, a1, a2)");
            one(builder.emit_aten("scatter", &expression, &inputs, Vec::new(), shape))
        }
        "GatherND" => gather_places(builder, node),
        "ScatterND" => scatter(builder, node),
        _ => Ok(None),
    }
}

/// The numbers, or rows of them, at places of a tensor that a list names, in several dimensions at once; of each row of the first
/// `batch_dims` dimensions, those that a list of its own names.
fn gather_places(builder: &mut Builder, node: &mut Node) -> Found {
    let batch = node.int("batch_dims", 0)?;
    let (x, mut places) = (node.input(0)?, node.input(1)?);
    let shape = builder.shape(&x)?;
    let mut listed = builder.shape(&places)?;
    if !matches!(builder.kind(&places), Kind::Int64 | Kind::Int) {
        return Err("its places are no integers".to_owned());
    }
    let rows = usize::try_from(batch).ok().filter(|rows| *rows < listed.len().min(shape.len()));
    let rows = rows.ok_or_else(|| format!("it has no {batch} dimensions of rows"))?;
    let count = listed.last().and_then(Size::fixed).and_then(|count| usize::try_from(count).ok());
    let count =
        count.filter(|count| (1..=shape.len() - rows).contains(count)).ok_or("its places are none")?;
    check_places(&places, &shape[rows..rows + count])?;
    // A list that the file has for its fixed number of pictures is there for each of any number.
    let fixed = Size::Fixed(builder.fixed_batch.unwrap_or(1));
    if rows > 0 && shape[0] == builder.batch && listed[0] == fixed && matches!(places, Value::Constant(..)) {
        listed[0] = shape[0].clone();
        let first = first_row(builder, &places)?;
        places = builder.emit(Layout::Expand { shape: listed.clone() }, &[first])?;
    }
    if listed[..rows] != shape[..rows] {
        return Err(format!(
            "it has places for rows {} of {}",
            shown(&listed[..rows]),
            shown(&shape[..rows])
        ));
    }
    let places = to_integers(builder, places)?;
    let column = |builder: &mut Builder, index: usize| {
        builder.emit(Selection::Select { dim: -1, index: index as i64 }, std::slice::from_ref(&places))
    };
    if rows == 0 {
        let mut inputs = vec![x];
        for index in 0..count {
            inputs.push(column(builder, index)?);
        }
        return one(builder.emit(Selection::Index { given: vec![true; count] }, &inputs));
    }

    // The dimensions that are listed as one, and each place as one number.
    let too_large = || "a size is too large".to_owned();
    let product = |sizes: &[Size]| extent::count(sizes).ok_or_else(too_large);
    let (chosen, rest) = (&shape[rows..rows + count], &shape[rows + count..]);
    let mut at = None;
    for (index, size) in chosen.iter().enumerate() {
        let places = column(builder, index)?;
        let own = before_each(builder, places, size, product(&chosen[index + 1..])?)?;
        at = Some(match at {
            None => own,
            Some(sum) => builder.emit(Arithmetic::Add { other: None }, &[sum, own])?,
        });
    }
    let at = at.ok_or("its places are none")?;
    let between = &listed[rows..listed.len() - 1];
    let flat = |sizes: [Size; 2]| [&shape[..rows], &sizes].concat();
    let (each, all) = (product(rest)?, product(between)?);
    let x = builder.emit(Layout::Reshape { shape: flat([product(chosen)?, each.clone()]) }, &[x])?;
    let at = builder.emit(Layout::Reshape { shape: flat([all.clone(), Size::Fixed(1)]) }, &[at])?;
    let target = flat([all, each]);
    let at = builder.emit(Layout::Expand { shape: target.clone() }, &[at])?;
    let shaped = (target, builder.kind(&x));
    let expression = format!("torch.gather(a0, {rows}, a1)");
    let found = builder.emit_aten("gather", &expression, &[x, at], Vec::new(), shaped)?;
    one(builder.emit(Layout::Reshape { shape: [&shape[..rows], between, rest].concat() }, &[found]))
}

/// Whether the places that a constant lists are some of these dimensions.
fn check_places(places: &Value, dims: &[Size]) -> Result<(), String> {
    let Value::Constant(list, _) = places else { return Ok(()) };
    let fault = |error: tch::TchError| error.to_string();
    for (index, size) in dims.iter().enumerate() {
        let (Some(size), true) = (size.fixed(), list.numel() > 0) else { continue };
        let column = list.f_select(-1, index as i64).map_err(fault)?;
        for bound in [column.f_min(), column.f_max()] {
            let place = bound.and_then(|bound| bound.f_int64_value(&[])).map_err(fault)?;
            if !(-size..size).contains(&place) {
                return Err(format!("there is no place {place} in a dimension of {size}"));
            }
        }
    }
    Ok(())
}

/// Places of a dimension as how many numbers lie before each, all counted from its beginning; those beyond either end are far before
/// that.
fn before_each(builder: &mut Builder, places: Value, size: &Size, stride: Size) -> Result<Value, String> {
    let zero = || Some(Number::Integer(Size::Fixed(0)));
    let length = || Some(Number::Integer(size.clone()));
    let negative = builder.emit(Arithmetic::Lt { other: zero() }, std::slice::from_ref(&places))?;
    let from_end = builder.emit(Arithmetic::Add { other: length() }, std::slice::from_ref(&places))?;
    let place = builder.emit(Arithmetic::Where, &[negative, from_end, places])?;
    let before = builder.emit(Arithmetic::Lt { other: zero() }, std::slice::from_ref(&place))?;
    let behind = builder.emit(Arithmetic::Ge { other: length() }, std::slice::from_ref(&place))?;
    let stride = Some(Number::Integer(stride));
    let mut found = builder.emit(Arithmetic::Mul { other: stride }, &[place])?;
    for beyond in [before, behind] {
        let nowhere = Some(Number::Integer(Size::Fixed(-(1 << 40))));
        found = builder.emit(Arithmetic::MaskedFill { value: nowhere }, &[found, beyond])?;
    }
    Ok(found)
}

/// Numbers put, or added, to the places of a tensor that a list names.
fn scatter(builder: &mut Builder, node: &mut Node) -> Found {
    let adds = match node.text("reduction", "none")?.as_str() {
        "none" => "False",
        "add" => "True",
        _ => return Err("only what replaces numbers or adds to them is supported".to_owned()),
    };
    let (x, places, updates) = (node.input(0)?, node.input(1)?, node.input(2)?);
    let (shape, mut listed) = (builder.shape(&x)?, builder.shape(&places)?);
    let count = listed.pop().and_then(|count| count.fixed());
    let count =
        count.filter(|count| (1..=shape.len() as i64).contains(count)).ok_or("its places are none")?;
    listed.extend_from_slice(&shape[count as usize..]);
    let given = builder.shape(&updates)?;
    if given != listed {
        return Err(format!("it puts numbers of shape {} where {} belong", shown(&given), shown(&listed)));
    }
    let places = to_integers(builder, places)?;
    let mut inputs = vec![x];
    for index in 0..count {
        inputs.push(builder.emit(Selection::Select { dim: -1, index }, std::slice::from_ref(&places))?);
    }
    inputs.push(updates);
    let lists: Vec<String> = (1..=count).map(|list| format!("a{list}")).collect();
    let expression = format!("torch.index_put(a0, [{}], a{}, {adds})", lists.join(", "), count + 1);
    let shaped = (shape, builder.kind(&inputs[0]));
    one(builder.emit_aten("index_put", &expression, &inputs, Vec::new(), shaped))
}

/// Places in the kind of numbers in which libtorch takes them.
fn to_integers(builder: &mut Builder, places: Value) -> Result<Value, String> {
    match builder.kind(&places) {
        Kind::Int64 => Ok(places),
        _ => builder.emit(Layout::To { kind: Kind::Int64 }, &[places]),
    }
}

/// The value as the draft has it, and a dimension's place there.
fn moved(builder: &Builder, x: Value, axis: i64) -> Result<(Value, usize, bool), String> {
    let at = place(axis, builder.shape(&x)?.len())?;
    Ok(match x {
        Value::ChannelsLast(value) => (Value::Computed(value), TO_LAST[at] as usize, true),
        other => (other, at, false),
    })
}

fn concatenation(builder: &mut Builder, node: &mut Node) -> Found {
    let axis = node.int("axis", 1)?;
    let mut inputs = node.all()?;
    let shapes = inputs.iter().map(|input| builder.shape(input)).collect::<Result<Vec<_>, _>>()?;
    let rank = shapes.first().map_or(0, Vec::len);
    let at = place(axis, rank)?;
    // A constant that the file has for its fixed number of pictures, such as a class token, is there for each of any number.
    let batch = builder.batch.clone();
    let fixed = builder.fixed_batch.unwrap_or(1);
    if at != 0 && shapes.iter().any(|shape| shape.first() == Some(&batch)) {
        for (input, shape) in inputs.iter_mut().zip(&shapes) {
            if shape.first() == Some(&Size::Fixed(fixed)) && rank > 0 {
                let mut wanted = shape.clone();
                wanted[0] = batch.clone();
                let first = first_row(builder, input)?;
                *input = builder.emit(Layout::Expand { shape: wanted }, &[first])?;
            }
        }
    }
    let (inputs, last) = builder.aligned(&inputs)?;
    let dim = if last { TO_LAST[at] } else { at as i64 };
    let found = builder.emit(Selection::Cat { dim }, &inputs)?;
    one(Ok(placed(found, last)))
}

/// Of rows that are all the same, the first.
fn first_row(builder: &mut Builder, value: &Value) -> Result<Value, String> {
    if builder.shape(value)?.first() == Some(&Size::Fixed(1)) {
        return Ok(value.clone());
    }
    let constant = value.constant()?.ok_or("it has a row for each picture, and not as many as there are")?;
    let row = constant.f_narrow(0, 0, 1).map_err(|error| error.to_string())?;
    let same = row.f_expand_as(&constant).and_then(|all| all.f_equal(&constant)).unwrap_or(false);
    if same {
        Ok(Value::of(row))
    } else {
        Err("it has constants of its own for each picture of a batch".to_owned())
    }
}

/// Sizes, as far as they are said.
fn bounds(node: &mut Node, at: usize, name: &str) -> Result<Option<Vec<Size>>, String> {
    if let Some(given) = node.maybe_ints(name) {
        return Ok(Some(given.into_iter().map(Size::Fixed).collect()));
    }
    let Some(value) = node.maybe(at) else { return Ok(None) };
    value
        .sizes()
        .map(Some)
        .ok_or_else(|| format!("its {name} are computed; only constant ones are supported"))
}

fn slice(builder: &mut Builder, node: &mut Node) -> Found {
    let starts = bounds(node, 1, "starts")?.ok_or("its starts are missing")?;
    let ends = bounds(node, 2, "ends")?.ok_or("its ends are missing")?;
    let axes = bounds(node, 3, "axes")?;
    let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).map(Size::Fixed).collect());
    let steps = bounds(node, 4, "steps")?.unwrap_or_else(|| vec![Size::Fixed(1); starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return Err("its starts, ends, axes and steps are of different numbers".to_owned());
    }
    let mut found = node.input(0)?;
    for (((start, end), axis), step) in starts.iter().zip(&ends).zip(&axes).zip(&steps) {
        let (axis, step) = axis.fixed().zip(step.fixed()).ok_or("its axes or steps are left open")?;
        let shape = builder.shape(&found)?;
        let size = &shape[place(axis, shape.len())?];
        let (value, at, last) = moved(builder, found, axis)?;
        // All of a dimension is no part of it, and in reverse it is turned.
        let reversed = step == -1
            && start
                .fixed()
                .is_some_and(|start| start == -1 || size.fixed().is_some_and(|size| start >= size - 1))
            && end.fixed().is_some_and(|end| size.fixed().map_or(end < -(1 << 24), |size| end < -size));
        found = if reversed {
            placed(builder.emit(Layout::Flip { dims: vec![at as i64] }, &[value])?, last)
        } else if step == 1 && *start == Size::Fixed(0) && end.fixed().is_some_and(|end| covers(end, size)) {
            placed(value, last)
        } else {
            let bound = |bound: &Size| match bound {
                Size::Fixed(bound) => Size::Fixed((*bound).clamp(-(1 << 40), 1 << 40)),
                open => open.clone(),
            };
            let op =
                Selection::Slice { dim: at as i64, start: Some(bound(start)), end: Some(bound(end)), step };
            placed(builder.emit(op, &[value])?, last)
        };
    }
    one(Ok(found))
}

/// Whether an end lies at that of a dimension or behind it.
fn covers(end: i64, size: &Size) -> bool {
    size.fixed().map_or(end > 1 << 24, |size| end >= size)
}

fn split(builder: &mut Builder, node: &mut Node) -> Found {
    let axis = node.int("axis", 0)?;
    let parts = match node.maybe_ints("split") {
        Some(parts) => Some(parts),
        None => node.maybe_integers(1, "lengths")?,
    };
    let count = node.int("num_outputs", node.results as i64)?;
    let x = node.input(0)?;
    let shape = builder.shape(&x)?;
    let size = shape[place(axis, shape.len())?].fixed().ok_or("it splits a size that is left open")?;
    let (value, at, last) = moved(builder, x, axis)?;
    let parts = match parts {
        Some(parts) => parts,
        None if (1..=size.max(1)).contains(&count) => {
            let each = (size + count - 1) / count;
            (0..count).map(|part| (size - part * each).clamp(0, each)).collect()
        }
        None => return Err(format!("{size} cannot be split into {count} parts")),
    };
    let sum = parts.iter().try_fold(0_i64, |sum, part| sum.checked_add(*part).filter(|_| *part >= 0));
    if sum != Some(size) {
        return Err(format!("parts of {parts:?} are not {size} together"));
    }
    let (mut found, mut start) = (Vec::with_capacity(parts.len()), 0);
    for part in parts {
        let end = start + part;
        let op = Selection::Slice {
            dim: at as i64,
            start: Some(Size::Fixed(start)),
            end: Some(Size::Fixed(end)),
            step: 1,
        };
        found.push(placed(builder.emit(op, std::slice::from_ref(&value))?, last));
        start = end;
    }
    Ok(Some(found))
}

fn gather(builder: &mut Builder, node: &mut Node) -> Found {
    let axis = node.int("axis", 0)?;
    let (x, places) = (node.input(0)?, node.input(1)?);
    let (value, at, last) = moved(builder, x.clone(), axis)?;
    let single = places.is_single();
    if let (Some([Size::Fixed(index)]), true) = (places.sizes().as_deref(), single) {
        // Without a dimension, the others are in the file's order.
        let (value, dim) = if last { (x, axis) } else { (value, at as i64) };
        let size = builder.shape(&value)?[place(dim, builder.shape(&value)?.len())?].clone();
        if size.fixed().is_some_and(|size| !(-size..size).contains(index)) {
            return Err(format!(
                "there is no place {index} in a dimension of {}",
                size.fixed().unwrap_or_default()
            ));
        }
        return one(builder.emit(Selection::Select { dim, index: *index }, &[value]));
    }
    if last && builder.shape(&places)?.len() != 1 {
        let at = place(axis, 4)?;
        let given: Vec<bool> = (0..=at).map(|dim| dim == at).collect();
        return one(builder.emit(Selection::Index { given }, &[x, places]));
    }
    let rank = builder.shape(&value)?.len();
    let given: Vec<bool> = (0..rank).take(at + 1).map(|dim| dim == at).collect();
    let places = to_integers(builder, places)?;
    let found = builder.emit(Selection::Index { given }, &[value, places])?;
    one(Ok(placed(found, last)))
}
