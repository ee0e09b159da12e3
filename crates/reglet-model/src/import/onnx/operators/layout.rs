//! The same numbers in another shape or order, resizing, and numbers out of nothing.

use tch::Kind;

use super::{Found, one};
use crate::graph::{Arithmetic, Creation, Layout, Number, Op, Size};
use crate::import::onnx::builder::{Builder, TO_FIRST, TO_LAST, placed};
use crate::import::onnx::extent;
use crate::import::onnx::node::Node;
use crate::import::onnx::shape::{place, shown, without};
use crate::import::onnx::value::Value;

pub(super) fn read(builder: &mut Builder, node: &mut Node) -> Found {
    match node.operator {
        "Identity" => one(node.input(0)),
        "Constant" => constant(builder, node),
        "ConstantOfShape" => {
            let shape = node.input(0)?.sizes().ok_or("its shape is computed")?;
            let value = match node.maybe_tensor("value")? {
                Some(value) => builder.tensor(value)?,
                None => tch::Tensor::from_slice(&[0.0_f32]),
            };
            let number = Value::of(value.shallow_clone()).number().ok_or("its value is not one number")?;
            let kind = value.kind();
            let value = match kind {
                Kind::Float => Number::Float(number),
                _ => Number::Integer(Size::Fixed(number as i64)),
            };
            one(builder.emit(Creation::Full { shape, value, kind }, &[]))
        }
        "Range" => range(builder, node),
        "Transpose" => transpose(builder, node),
        "Reshape" => {
            let target = match node.maybe_ints("shape") {
                Some(target) => target.into_iter().map(Size::Fixed).collect(),
                None => node.input(1)?.sizes().ok_or("its shape is computed")?,
            };
            let keep_zeros = node.flag("allowzero", false)?;
            reshape(builder, node.input(0)?, target, keep_zeros)
        }
        "Flatten" => {
            let axis = node.int("axis", 1)?;
            let x = node.input(0)?;
            let shape = builder.shape(&x)?;
            let at = if axis == shape.len() as i64 { shape.len() } else { place(axis, shape.len())? };
            let count = |sizes: &[Size]| extent::count(sizes).ok_or("it is too large");
            let flat = vec![count(&shape[..at])?, count(&shape[at..])?];
            one(reshaped(builder, x, flat))
        }
        "Squeeze" | "Unsqueeze" => squeeze(builder, node),
        "Expand" => {
            let target = node.input(1)?.sizes().ok_or("its shape is computed")?;
            let x = node.input(0)?;
            let shape = crate::import::onnx::shape::broadcast(&[&builder.shape(&x)?, &target])?;
            match builder.shape(&x)? == shape {
                true => one(Ok(x)),
                false => one(builder.emit(Layout::Expand { shape }, &[x])),
            }
        }
        "Tile" => {
            let counts = node.input(1)?.sizes().ok_or("its counts are computed")?;
            match counts.iter().all(|count| count.fixed() == Some(1)) {
                true => one(node.input(0)),
                false => one(builder.emit(Layout::Repeat { counts }, &[node.input(0)?])),
            }
        }
        "Pad" => pad(builder, node),
        "DepthToSpace" | "SpaceToDepth" => rearranged(builder, node),
        "Resize" | "Upsample" => resize(builder, node),
        "GridSample" => sampled(builder, node),
        "Trilu" => {
            let upper = node.flag("upper", true)?;
            let k = node.maybe_integers(1, "diagonal")?.and_then(|k| k.first().copied()).unwrap_or(0);
            let (x, name) = (node.input(0)?, if upper { "triu" } else { "tril" });
            let shaped = (builder.shape(&x)?, builder.kind(&x));
            one(builder.emit_aten(name, &format!("torch.{name}(a0, {k})"), &[x], Vec::new(), shaped))
        }
        _ => Ok(None),
    }
}

fn constant(builder: &mut Builder, node: &mut Node) -> Found {
    let fail = |error: tch::TchError| error.to_string();
    if let Some(tensor) = node.maybe_tensor("value")? {
        return one(builder.tensor(tensor).map(Value::of));
    }
    if let Some(number) = node.maybe_float("value_float")? {
        return one(Ok(Value::of(tch::Tensor::from(number as f32))));
    }
    if let Some(numbers) = node.maybe_floats("value_floats") {
        let numbers: Vec<f32> = numbers.iter().map(|number| *number as f32).collect();
        return one(tch::Tensor::f_from_slice(&numbers).map(Value::of).map_err(fail));
    }
    if let Some(number) = node.maybe_int("value_int")? {
        return one(Ok(Value::of(tch::Tensor::from(number))));
    }
    match node.maybe_ints("value_ints") {
        Some(numbers) => one(tch::Tensor::f_from_slice(&numbers).map(Value::of).map_err(fail)),
        None => Err("it is no tensor of numbers".to_owned()),
    }
}

/// The numbers from one up to another, in steps.
fn range(builder: &mut Builder, node: &Node) -> Found {
    let ends = [node.input(0)?, node.input(1)?, node.input(2)?];
    let kind = builder.kind(&ends[0]);
    let counted = |builder: &mut Builder, [start, end, step]: [Size; 3]| {
        let [start, end, step] = [start, end, step].map(Number::Integer);
        builder.emit(Creation::Range { start, end, step, kind: Kind::Int64 }, &[])
    };
    let numbers: Option<Vec<f64>> = ends.iter().map(Value::number).collect();
    let integers: Option<Vec<Size>> = ends.iter().map(|end| size_behind(builder, end)).collect();
    let found = match (numbers.as_deref(), integers) {
        (Some(&[start, end, step]), _) => {
            let span = match kind {
                Kind::Float => f64::from(end as f32 - start as f32),
                _ => end - start,
            };
            let count = (span / step).ceil().max(0.0);
            let exact =
                kind == Kind::Float || [start, end, step].iter().all(|number| number.abs() < 2_f64.powi(53));
            // No larger number of integers is exact in a float, and none is computed.
            if !exact || !count.is_finite() || count > f64::from(u32::MAX) {
                return Err(format!(
                    "there is no range from {start} to {end} in steps of {step}, or it is too large"
                ));
            }
            let places = counted(builder, [0, count as i64, 1].map(Size::Fixed))?;
            let number = |number: f64| match kind {
                Kind::Float => Number::Float(number),
                _ => Number::Integer(Size::Fixed(number as i64)),
            };
            let places = builder.emit(Layout::To { kind }, &[places])?;
            let scaled = builder.emit(Arithmetic::Mul { other: Some(number(step)) }, &[places])?;
            return one(builder.emit(Arithmetic::Add { other: Some(number(start)) }, &[scaled]));
        }
        (None, Some(ends)) => {
            let ends = <[Size; 3]>::try_from(ends).map_err(|_| "its ends are missing")?;
            counted(builder, ends)?
        }
        (_, _) => {
            return Err(
                "its ends are computed from the picture, or not whole where a size is left open".to_owned()
            );
        }
    };
    match kind {
        Kind::Int64 => one(Ok(found)),
        kind => one(builder.emit(Layout::To { kind }, &[found])),
    }
}

/// The whole number that a value is, also where it is a size that the file leaves open and makes a float of.
fn size_behind(builder: &Builder, value: &Value) -> Option<Size> {
    if let Some(mut sizes) = value.sizes().filter(|sizes| sizes.len() == 1) {
        return sizes.pop();
    }
    if let Some(number) = value.number() {
        return (number.fract() == 0.0 && number.abs() < f64::from(1 << 24))
            .then_some(Size::Fixed(number as i64));
    }
    let Value::Computed(value) = value else { return None };
    match builder.maker(*value)? {
        (Op::Creation(Creation::Full { value: Number::Integer(size), .. }), _) => Some(size.clone()),
        (Op::Layout(Layout::To { .. }), &[of]) => size_behind(builder, &Value::Computed(of)),
        _ => None,
    }
}

fn transpose(builder: &mut Builder, node: &mut Node) -> Found {
    let x = node.input(0)?;
    let shape = builder.shape(&x)?;
    let rank = shape.len();
    let dims = node.maybe_ints("perm").unwrap_or_else(|| (0..rank as i64).rev().collect());
    match (&x, &dims[..]) {
        (_, dims) if dims.iter().copied().eq(0..rank as i64) => return one(Ok(x)),
        // The other order of the same.
        (Value::Computed(value), dims) if dims == TO_LAST => return one(Ok(Value::ChannelsLast(*value))),
        (Value::ChannelsLast(value), dims) if dims == TO_FIRST => return one(Ok(Value::Computed(*value))),
        _ => {}
    }
    let (mut x, mut dims) = (x, dims);
    if let Value::ChannelsLast(value) = x {
        dims = dims.iter().map(|dim| place(*dim, 4).map(|dim| TO_LAST[dim])).collect::<Result<_, _>>()?;
        x = Value::Computed(value);
    }
    // Two orders after each other are one.
    if let Value::Computed(value) = x
        && let Some((Op::Layout(Layout::Permute { dims: before }), &[of])) = builder.maker(value)
    {
        let (before, of) = (before.clone(), of);
        dims = dims
            .iter()
            .map(|dim| Ok::<_, String>(before[place(*dim, before.len())?]))
            .collect::<Result<_, _>>()?;
        x = Value::Computed(of);
    }
    match dims.iter().copied().eq(0..dims.len() as i64) {
        true => one(Ok(x)),
        false => one(builder.emit(Layout::Permute { dims }, &[x])),
    }
}

/// The shape that a list of sizes means for a value, in which 0 stands for the size that is there, and −1 for what is left.
fn reshape(builder: &mut Builder, x: Value, mut target: Vec<Size>, keep_zeros: bool) -> Found {
    let from = builder.shape(&x)?;
    let misfit = |target: &[Size]| format!("{} cannot be put into the shape {}", shown(&from), shown(target));
    if !keep_zeros {
        for (at, size) in target.iter_mut().enumerate().filter(|(_, size)| **size == Size::Fixed(0)) {
            *size = from.get(at).cloned().ok_or("it keeps a size where there is none")?;
        }
    }
    let total = extent::count(&from).ok_or("it is too large")?;
    let left: Vec<usize> = (0..target.len()).filter(|at| target[*at] == Size::Fixed(-1)).collect();
    if left.len() > 1 {
        return Err("it leaves two sizes open".to_owned());
    }
    // A file for a fixed number of pictures says how large everything is for these.
    let counted =
        of_fixed_batch(builder, &from, &total).filter(|_| builder.fixed_batch.is_some() || left.is_empty());
    let (said, pictures) = match &counted {
        Some((said, place)) => (said, Some(*place)),
        None => (&total, None),
    };
    if let Some(&at) = left.first() {
        let known: Vec<Size> = target
            .iter()
            .enumerate()
            .filter(|(place, _)| *place != at)
            .map(|(_, size)| size.clone())
            .collect();
        let known = extent::count(&known).ok_or("it is too large")?;
        let rest = match extent::divide(said, &known) {
            Some(rest) => rest,
            // It says the number of pictures after all, as it found it out.
            None => match extent::divide(&total, &known) {
                Some(rest) => rest,
                None if undecided(builder, &total, &known) => {
                    let [a, b] =
                        [&total, &known].map(|count| each_picture(builder, count).unwrap_or(count.clone()));
                    extent::quotient(&a, &b).ok_or_else(|| misfit(&target))?
                }
                None => return Err(misfit(&target)),
            },
        };
        target[at] = rest;
    }
    let asked = extent::count(&target).ok_or("it is too large")?;
    if let (Some(place), true) = (pictures, asked == *said && asked != total) {
        let (batch, fixed) = (builder.batch.clone(), Size::Fixed(builder.fixed_batch.unwrap_or(1)));
        let at = pictures_in(&target, &from, place, &fixed);
        let grown = at.and_then(|at| {
            extent::divide(&extent::multiply(&target[at], &batch)?, &fixed).map(|size| (at, size))
        });
        let (at, size) = grown.ok_or_else(|| misfit(&target))?;
        target[at] = size;
    }
    // Whether a side that is left open is, say, a whole number of windows is seen when there is a picture: then the shape that
    // the file says is right, or there is none.
    let asked = extent::count(&target);
    let right = asked.as_ref().is_some_and(|asked| *asked == total || undecided(builder, asked, &total));
    if !right {
        return Err(misfit(&target));
    }
    one(reshaped(builder, x, target))
}

/// A count for each picture, if it grows with their number.
fn each_picture(builder: &Builder, count: &Size) -> Option<Size> {
    extent::divide(count, &builder.batch)
}

/// Whether it depends on a picture's own size how two counts compare, both of which grow with the number of pictures, or
/// neither.
fn undecided(builder: &Builder, a: &Size, b: &Size) -> bool {
    let times = |a: &Size, b: &Size| extent::divide(a, b).and_then(|times| times.fixed());
    let open = |a: &Size, b: &Size| {
        (a.fixed().is_none() || b.fixed().is_none()) && times(a, b).is_none() && times(b, a).is_none()
    };
    match (each_picture(builder, a), each_picture(builder, b)) {
        (Some(a), Some(b)) => open(&a, &b),
        (None, None) => open(a, b),
        _ => false,
    }
}

/// Which dimension of a shape, said for a `fixed` number of pictures, is that of the pictures, which were in another `place`
/// before. Where that cannot be told from the sizes, it is told by how code is written; whether the pictures stay apart is
/// found out later.
fn pictures_in(target: &[Size], from: &[Size], place: usize, fixed: &Size) -> Option<usize> {
    // The dimension that has just their number.
    if let Some(at) = target.iter().position(|size| size == fixed) {
        return Some(at);
    }
    // What stands before the pictures stands before them in the new shape too. More dimensions than stood behind them are made
    // of these and the pictures; else the pictures are taken together with what stands before.
    let before = extent::count(&from[..place])?;
    match (0..target.len()).find(|at| extent::count(&target[..*at]).as_ref() == Some(&before)) {
        Some(at) if at == 0 || target.len() - at > from.len() - place - 1 => Some(at),
        Some(at) => Some(at - 1),
        None => {
            let all = extent::multiply(&before, fixed)?.fixed()?;
            let reaches = |at: &usize| {
                let count = extent::count(&target[..=*at]).and_then(|count| count.fixed());
                count.is_some_and(|count| count >= all)
            };
            (0..target.len()).find(reaches)
        }
    }
}

/// How many numbers there are for the number of pictures that a file was made for, and in which dimension these are; `None`
/// if there are as many whatever their number.
fn of_fixed_batch(builder: &Builder, from: &[Size], total: &Size) -> Option<(Size, usize)> {
    let fixed = Size::Fixed(builder.fixed_batch.unwrap_or(1));
    let each = extent::divide(total, &builder.batch)?;
    let place = from.iter().position(|size| extent::divide(size, &builder.batch).is_some())?;
    Some((extent::multiply(&each, &fixed)?, place))
}

/// The value in another shape, of which it is known to have the numbers.
fn reshaped(builder: &mut Builder, x: Value, shape: Vec<Size>) -> Result<Value, String> {
    if builder.shape(&x)? == shape {
        return Ok(x);
    }
    // Of one pixel, the order does not matter.
    let x = match &x {
        Value::ChannelsLast(value) => {
            let (own, _) = builder.drafted(*value);
            let one_pixel = own[2..].iter().all(|size| size.fixed() == Some(1));
            if one_pixel { Value::Computed(*value) } else { x }
        }
        _ => x,
    };
    match &x {
        Value::Constant(..) | Value::Computed(_) | Value::ChannelsLast(_) => {
            builder.emit(Layout::Reshape { shape }, &[x])
        }
        _ => Err("it makes numbers of a size that the file leaves open".to_owned()),
    }
}

fn squeeze(builder: &mut Builder, node: &mut Node) -> Found {
    let x = node.input(0)?;
    let shape = builder.shape(&x)?;
    let axes = match node.maybe_ints("axes") {
        Some(axes) => Some(axes),
        None => node.maybe_integers(1, "axes")?,
    };
    let target = match (node.operator, axes) {
        ("Squeeze", axes) => {
            let ones =
                || (0..shape.len() as i64).filter(|at| shape[*at as usize].fixed() == Some(1)).collect();
            let axes: Vec<i64> = axes.unwrap_or_else(ones);
            for axis in &axes {
                let size = &shape[place(*axis, shape.len())?];
                if size.fixed() != Some(1) && *size != builder.batch {
                    return Err(format!("it removes a dimension of {}", shown(std::slice::from_ref(size))));
                }
                if *size == builder.batch {
                    return Err(
                        "it removes the dimension of pictures; export it with a dynamic batch".to_owned()
                    );
                }
            }
            without(&shape, &axes, false)?
        }
        (_, axes) => {
            let axes = axes.ok_or("its axes are missing")?;
            let rank = shape.len() + axes.len();
            let mut places = axes.iter().map(|axis| place(*axis, rank)).collect::<Result<Vec<_>, _>>()?;
            places.sort_unstable();
            places.dedup();
            if places.len() != axes.len() {
                return Err("it names a dimension twice".to_owned());
            }
            let mut target = shape.clone();
            places.into_iter().for_each(|at| target.insert(at, Size::Fixed(1)));
            target
        }
    };
    one(reshaped(builder, x, target))
}

fn pad(builder: &mut Builder, node: &mut Node) -> Found {
    let mode = match node.text("mode", "constant")?.as_str() {
        "constant" => "constant",
        "reflect" => "reflect",
        "edge" => "replicate",
        "wrap" => "circular",
        other => return Err(format!("there is no padding '{other}'")),
    };
    let pads = match node.maybe_ints("pads") {
        Some(pads) => pads,
        None => node.maybe_integers(1, "paddings")?.ok_or("its paddings are missing")?,
    };
    let value = match node.maybe_float("value")? {
        Some(value) => value,
        None => node.maybe(2).map_or(Some(0.0), |value| value.number()).ok_or("its value is computed")?,
    };
    let (inputs, last) = builder.aligned(&[node.input(0)?])?;
    let rank = builder.shape(&inputs[0])?.len();
    let axes = node.maybe_integers(3, "axes")?.unwrap_or_else(|| (0..rank as i64).collect());
    if pads.len() != 2 * axes.len() || pads.iter().any(|pad| pad.abs() > 1 << 24) {
        return Err(format!("{} paddings make no sense for {} dimensions", pads.len(), axes.len()));
    }
    let mut sides = vec![[0; 2]; rank];
    for (at, axis) in axes.iter().enumerate() {
        let at_file = place(*axis, rank)?;
        sides[if last { TO_LAST[at_file] as usize } else { at_file }] = [pads[at], pads[axes.len() + at]];
    }
    let first = sides.iter().position(|side| *side != [0, 0]);
    let Some(first) = first else { return one(Ok(placed(inputs[0].clone(), last))) };
    // Those that repeat the picture are for height and width.
    let first = if mode == "constant" { first } else { first.min(rank.saturating_sub(2)) };
    if mode != "constant" && (rank != 4 || first < 2) {
        return Err(format!("its padding '{mode}' is supported for height and width alone"));
    }
    let amounts: Vec<i64> = sides[first..].iter().rev().flatten().copied().collect();
    let value = Some(value).filter(|value| mode == "constant" && *value != 0.0);
    let found = builder.emit(Layout::Pad { amounts, mode: mode.to_owned(), value }, &inputs)?;
    one(Ok(placed(found, last)))
}

fn rearranged(builder: &mut Builder, node: &mut Node) -> Found {
    let factor = node
        .maybe_int("blocksize")?
        .filter(|factor| (1..=1 << 12).contains(factor))
        .ok_or("its size makes no sense")?;
    let mode = node.text("mode", "DCR")?;
    let x = node.input(0)?;
    let shape = builder.shape(&x)?;
    let [n, c, height, width] = &shape[..] else { return Err("only pictures are rearranged".to_owned()) };
    if node.operator == "DepthToSpace" && mode == "CRD" {
        return one(builder.emit(Layout::PixelShuffle { factor }, &[x]));
    }
    let by = Size::Fixed(factor);
    let misfit = || format!("{} cannot be rearranged by {factor}", shown(&shape));
    let divided = |size: &Size| extent::divide(size, &by).ok_or_else(misfit);
    let times = |size: &Size| extent::multiply(size, &by).ok_or_else(misfit);
    let (split, order, whole) = match node.operator {
        "DepthToSpace" => {
            let channels = divided(&divided(c)?)?;
            let split =
                vec![n.clone(), by.clone(), by.clone(), channels.clone(), height.clone(), width.clone()];
            (split, vec![0, 3, 4, 1, 5, 2], vec![n.clone(), channels, times(height)?, times(width)?])
        }
        _ => {
            let (height, width) = (divided(height)?, divided(width)?);
            let split = vec![n.clone(), c.clone(), height.clone(), by.clone(), width.clone(), by.clone()];
            (split, vec![0, 3, 5, 1, 2, 4], vec![n.clone(), times(&times(c)?)?, height, width])
        }
    };
    let found = builder.emit(Layout::Reshape { shape: split }, &[x])?;
    let found = builder.emit(Layout::Permute { dims: order }, &[found])?;
    one(builder.emit(Layout::Reshape { shape: whole }, &[found]))
}

/// Pictures at the places that a grid `[N, h, w, 2]` says for each of them, as networks do that turn and stretch their input first.
fn sampled(builder: &mut Builder, node: &mut Node) -> Found {
    let mode = match node.text("mode", "linear")?.as_str() {
        "linear" | "bilinear" => 0,
        "nearest" => 1,
        "cubic" | "bicubic" => 2,
        other => return Err(format!("there is no interpolation '{other}'")),
    };
    let padding = match node.text("padding_mode", "zeros")?.as_str() {
        "zeros" => 0,
        "border" => 1,
        "reflection" => 2,
        other => return Err(format!("there is no padding '{other}'")),
    };
    let corners = if node.flag("align_corners", false)? { "True" } else { "False" };
    let (x, grid) = (node.input(0)?, node.input(1)?);
    let (from, to) = (builder.shape(&x)?, builder.shape(&grid)?);
    let ([n, channels, _, _], [rows, height, width, Size::Fixed(2)]) = (&from[..], &to[..]) else {
        return Err(format!(
            "only pictures [N, C, h, w] by a grid [N, h, w, 2] are supported, not {} by {}",
            shown(&from),
            shown(&to)
        ));
    };
    if n != rows {
        return Err(format!(
            "{} pictures have {} grids",
            shown(std::slice::from_ref(n)),
            shown(std::slice::from_ref(rows))
        ));
    }
    let shape = [n, channels, height, width].map(Clone::clone).to_vec();
    let expression = format!("torch.grid_sampler(a0, a1, {mode}, {padding}, {corners})");
    one(builder.emit_aten("grid_sampler", &expression, &[x, grid], Vec::new(), (shape, Kind::Float)))
}

/// How far a scale may be from that of whole pixels.
const NEAR: f64 = 1e-6;

fn resize(builder: &mut Builder, node: &mut Node) -> Found {
    let mode = node.text("mode", "nearest")?;
    let old = node.operator == "Upsample" || node.version < 11;
    let transform =
        node.text("coordinate_transformation_mode", if old { "asymmetric" } else { "half_pixel" })?;
    let nearest = node.text("nearest_mode", if old { "floor" } else { "round_prefer_floor" })?;
    let antialias = node.flag("antialias", false)?;
    let cubic = node.float("cubic_coeff_a", -0.75)?;
    node.pass_over(&["extrapolation_value", "exclude_outside", "keep_aspect_ratio_policy"]);
    let axes = node.maybe_ints("axes");
    let x = node.input(0)?;
    let (inputs, last) = builder.aligned(&[x])?;
    let shape = builder.shape(&inputs[0])?;
    if shape.len() != 4 {
        return Err("only pictures are resized".to_owned());
    }
    let axes = axes.unwrap_or_else(|| vec![0, 1, 2, 3]);
    // What the file says of each of its dimensions, in the order of the draft's.
    let arranged = |given: Vec<Size>| -> Result<Vec<Option<Size>>, String> {
        if given.len() != axes.len() {
            return Err("it says sizes for other dimensions than there are".to_owned());
        }
        let mut all = vec![None; 4];
        for (axis, size) in axes.iter().zip(given) {
            let at = place(*axis, 4)?;
            all[if last { TO_LAST[at] as usize } else { at }] = Some(size);
        }
        Ok(all)
    };
    let sizes = if old { None } else { node.maybe(3) };
    let target = match sizes {
        Some(sizes) => arranged(sizes.sizes().ok_or("its sizes are computed")?)?,
        None => {
            let scales = match node.maybe_floats("scales") {
                Some(scales) => scales,
                None => {
                    let at = if old { 1 } else { 2 };
                    let scales = node.maybe_constant(at, "scales")?.ok_or("its scales are missing")?;
                    Vec::try_from(scales.as_ref().to_kind(Kind::Double))
                        .map_err(|_| "its scales are no list".to_owned())?
                }
            };
            if scales.len() != axes.len() {
                return Err("it says scales for other dimensions than there are".to_owned());
            }
            let mut all = vec![None; 4];
            for (axis, scale) in axes.iter().zip(scales) {
                let at = place(*axis, 4)?;
                let at = if last { TO_LAST[at] as usize } else { at };
                all[at] = Some(scaled(&shape[at], scale)?);
            }
            all
        }
    };
    let output: Vec<Size> =
        target.into_iter().zip(&shape).map(|(size, own)| size.unwrap_or_else(|| own.clone())).collect();
    if output[0].fixed().is_some_and(|rows| rows != builder.fixed_batch.unwrap_or(1)) || output[1] != shape[1]
    {
        return Err("only height and width can be resized".to_owned());
    }
    let sides = [output[2].clone(), output[3].clone()];
    if sides == shape[2..] {
        return one(Ok(placed(inputs[0].clone(), last)));
    }
    let corners = transform == "align_corners";
    let half = matches!(transform.as_str(), "half_pixel" | "pytorch_half_pixel");
    let found = match mode.as_str() {
        "linear" if antialias || !(corners || half) => None,
        "linear" => {
            Some(builder.emit(Layout::UpsampleBilinear { output: sides, align_corners: corners }, &inputs)?)
        }
        "cubic" if (corners || half) && !antialias && (cubic + 0.75).abs() < 1e-6 => {
            let expression =
                format!("torch.upsample_bicubic2d(a0, [n0, n1], {})", if corners { "True" } else { "False" });
            let shaped = (output.clone(), Kind::Float);
            Some(builder.emit_aten("upsample_bicubic2d", &expression, &inputs, sides.to_vec(), shaped)?)
        }
        "nearest" if is_floor(&transform, &nearest, &shape[2..], &sides) => {
            Some(builder.emit(Layout::UpsampleNearest { output: sides }, &inputs)?)
        }
        _ => None,
    };
    let found = found
        .ok_or_else(|| format!("resizing by '{mode}' with '{transform}' and '{nearest}' is not supported"))?;
    one(Ok(placed(found, last)))
}

/// A side by a scale, if that is whole pixels.
fn scaled(size: &Size, scale: f64) -> Result<Size, String> {
    let whole = scale.round();
    if (scale - whole).abs() < NEAR && (1.0..4096.0).contains(&whole) {
        return extent::multiply(size, &Size::Fixed(whole as i64))
            .ok_or_else(|| "it is too large".to_owned());
    }
    let exact = size.fixed().map(|size| size as f64 * scale);
    match exact {
        Some(exact) if (exact - exact.round()).abs() < 1e-3 && (1.0..1e6).contains(&exact) => {
            Ok(Size::Fixed(exact.round() as i64))
        }
        _ => Err(format!("a scale of {scale} makes no whole pixels")),
    }
}

/// Whether the nearest pixel is that whose place is the result's by the scale, rounded down, as PyTorch takes it.
fn is_floor(transform: &str, nearest: &str, from: &[Size], to: &[Size]) -> bool {
    let times = |place: usize| match (&from[place], &to[place]) {
        (Size::Fixed(from), Size::Fixed(to)) => (*from > 0 && to % from == 0).then(|| to / from),
        (from, to) => extent::divide(to, from).and_then(|times| times.fixed()),
    };
    match (transform, nearest) {
        ("asymmetric", "floor") => true,
        // At whole scales, the centre of a pixel lies well within the one that it came of.
        ("half_pixel" | "pytorch_half_pixel", "round_prefer_floor" | "round_prefer_ceil") => {
            times(0).is_some() && times(1).is_some()
        }
        ("asymmetric", "round_prefer_floor") => {
            [times(0), times(1)].iter().all(|times| matches!(times, Some(1 | 2)))
        }
        _ => false,
    }
}
