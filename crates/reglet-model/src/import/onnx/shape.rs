//! The shape and the kind of what an operator returns, from those of its inputs.

use tch::Kind;

use super::extent;
use crate::graph::{Arithmetic, Creation, Layout, Number, Op, Pool, Product, Reduction, Selection, Size};

/// A shape, and the kind of the numbers.
pub(super) type Shaped = (Vec<Size>, Kind);

/// What `op` returns for inputs of these shapes.
///
/// # Errors
/// A clause, where it cannot take such inputs, or what it returns cannot be told.
pub(super) fn result(op: &Op, inputs: &[Shaped]) -> Result<Shaped, String> {
    let input = |place: usize| {
        inputs.get(place).ok_or_else(|| format!("it was given {} tensors, too few", inputs.len()))
    };
    let (x, kind) = input(0).map_or((&[][..], Kind::Float), |(shape, kind)| (shape.as_slice(), *kind));
    let same = || Ok((x.to_vec(), kind));
    match op {
        Op::Conv2d { stride, padding, dilation, groups } => {
            let weight = fixed(&input(1)?.0)?;
            let (&[n, c, _, _], &[out, each, height, width]) = (&refs(x)[..], &weight[..]) else {
                return Err("only convolutions in height and width are supported".to_owned());
            };
            let expected = each.checked_mul(*groups).filter(|expected| *groups > 0 && *expected > 0);
            if c.fixed() != expected || out % groups != 0 {
                return Err(format!("its weight of shape {weight:?} does not fit {} channels", text(c)));
            }
            let mut shape = vec![n.clone(), Size::Fixed(out)];
            for (side, kernel) in [height, width].into_iter().enumerate() {
                let window = Window {
                    kernel,
                    stride: stride[side],
                    padding: padding[side],
                    dilation: dilation[side],
                    ceil: false,
                };
                shape.push(window.steps(&x[2 + side])?);
            }
            Ok((shape, kind))
        }
        Op::Linear => {
            let weight = fixed(&input(1)?.0)?;
            match (x, &weight[..]) {
                ([rest @ .., last], &[out, each]) if last.fixed() == Some(each) => {
                    Ok((rest.iter().cloned().chain([Size::Fixed(out)]).collect(), kind))
                }
                _ => Err(format!("its weight of shape {weight:?} does not fit {}", shown(x))),
            }
        }
        Op::BatchNorm { .. } | Op::GroupNorm { .. } => match (x.get(1), &input(1)?.0[..]) {
            (Some(channels), [each]) if channels == each => same(),
            _ => Err(format!("its weight of shape {} does not fit {}", shown(&input(1)?.0), shown(x))),
        },
        Op::LayerNorm { shape, .. } => {
            let tail = x.len().checked_sub(shape.len()).map(|start| &x[start..]);
            let fits =
                tail.is_some_and(|tail| tail.iter().zip(shape).all(|(size, of)| size.fixed() == Some(*of)));
            if fits { same() } else { Err(format!("it normalises {shape:?} of {}", shown(x))) }
        }
        Op::Dropout { .. } | Op::Activation(_) => same(),
        Op::Arithmetic(op) => arithmetic(op, inputs),
        Op::Pool(pool) => pooled(pool, x).map(|shape| (shape, kind)),
        Op::Product(Product::Matmul) => matmul(x, &input(1)?.0).map(|shape| (shape, kind)),
        Op::Product(Product::Attention { .. }) => match (x, &input(2)?.0[..]) {
            ([rest @ .., _], [.., last]) => Ok((rest.iter().chain([last]).cloned().collect(), kind)),
            _ => Err("attention of no tokens".to_owned()),
        },
        Op::Product(Product::Einsum { equation }) => einsum(equation, inputs).map(|shape| (shape, kind)),
        Op::Reduction(op) => reduced(op, x).map(|shape| (shape, kind)),
        Op::Layout(op) => layout(op, x, kind),
        Op::Selection(op) => selection(op, inputs).map(|shape| (shape, kind)),
        Op::Creation(Creation::Full { shape, kind, .. }) => Ok((shape.clone(), *kind)),
        Op::Creation(Creation::Range { start, end, step, kind }) => match (start, end, step) {
            (
                Number::Integer(Size::Fixed(start)),
                Number::Integer(end),
                Number::Integer(Size::Fixed(step @ 1..)),
            ) => {
                let steps = extent::plus(end, step - 1 - start)
                    .and_then(|end| extent::quotient(&end, &Size::Fixed(*step)));
                Ok((vec![steps.ok_or_else(unclear)?], *kind))
            }
            _ => Err("only ranges of integers upwards from a fixed one are supported".to_owned()),
        },
        _ => Err("its result's shape is not known".to_owned()),
    }
}

fn unclear() -> String {
    "a size is too large, or follows in too many steps from those that are left open".to_owned()
}

/// A shape as people read it.
pub(super) fn shown(shape: &[Size]) -> String {
    format!("[{}]", shape.iter().map(text).collect::<Vec<_>>().join(", "))
}

fn text(size: &Size) -> String {
    size.fixed().map_or("?".to_owned(), |size| size.to_string())
}

fn refs(shape: &[Size]) -> Vec<&Size> {
    shape.iter().collect()
}

fn fixed(shape: &[Size]) -> Result<Vec<i64>, String> {
    shape
        .iter()
        .map(Size::fixed)
        .collect::<Option<_>>()
        .ok_or_else(|| "a weight's size is left open".to_owned())
}

/// The place that a dimension, which may count from the end, is in.
pub(super) fn place(dim: i64, rank: usize) -> Result<usize, String> {
    let found = if dim < 0 { dim.checked_add(rank as i64) } else { Some(dim) };
    let found = found.and_then(|found| usize::try_from(found).ok()).filter(|found| *found < rank);
    found.ok_or_else(|| format!("there is no dimension {dim} among {rank}"))
}

/// A window that moves along a side.
struct Window {
    kernel: i64,
    stride: i64,
    padding: i64,
    dilation: i64,
    ceil: bool,
}

impl Window {
    /// How many places it stops at.
    fn steps(&self, side: &Size) -> Result<Size, String> {
        let Window { kernel, stride, padding, dilation, ceil } = *self;
        if kernel < 1 || stride < 1 || dilation < 1 || padding < 0 {
            return Err(format!("a window of {kernel} in steps of {stride} makes no sense"));
        }
        let reach = (kernel - 1).checked_mul(dilation).and_then(|reach| (2 * padding).checked_sub(reach + 1));
        let rest = reach.and_then(|reach| extent::plus(side, reach)).ok_or_else(unclear)?;
        if let (true, Size::Fixed(rest), Size::Fixed(side)) = (ceil, &rest, side) {
            let mut steps = (rest + stride - 1).div_euclid(stride) + 1;
            // The last window begins within the picture or what is padded before it.
            if (steps - 1) * stride >= side + padding {
                steps -= 1;
            }
            return Some(Size::Fixed(steps))
                .filter(|_| *rest >= 0 || ceil && steps > 0)
                .ok_or_else(too_small);
        }
        if ceil && stride > 1 {
            return Err("its windows may go over the edge of pictures whose size is left open".to_owned());
        }
        if rest.fixed().is_some_and(|rest| rest < 0) {
            return Err(too_small());
        }
        let steps = extent::quotient(&rest, &Size::Fixed(stride));
        steps.and_then(|steps| extent::plus(&steps, 1)).ok_or_else(unclear)
    }
}

fn too_small() -> String {
    "its window is larger than what it is given".to_owned()
}

fn pooled(pool: &Pool, x: &[Size]) -> Result<Vec<Size>, String> {
    let [n, c, height, width] = x else { return Err("only pictures are pooled".to_owned()) };
    let moved =
        |kernel: &[i64; 2], stride: &[i64; 2], padding: &[i64; 2], dilation: &[i64; 2], ceil: bool| {
            let side = |place: usize, size: &Size| {
                let [kernel, stride, padding, dilation] =
                    [kernel, stride, padding, dilation].map(|pair| pair[place]);
                if padding * 2 > kernel {
                    return Err("its padding is more than half its window".to_owned());
                }
                Window { kernel, stride, padding, dilation, ceil }.steps(size)
            };
            Ok::<_, String>([side(0, height)?, side(1, width)?])
        };
    let [height, width] = match pool {
        Pool::Max { kernel, stride, padding, dilation, ceil } => {
            moved(kernel, stride, padding, dilation, *ceil)?
        }
        Pool::Average { kernel, stride, padding, ceil, .. } => {
            moved(kernel, stride, padding, &[1, 1], *ceil)?
        }
        Pool::AdaptiveAverage { output } | Pool::AdaptiveMax { output } => output.map(Size::Fixed),
    };
    Ok(vec![n.clone(), c.clone(), height, width])
}

/// The common shape that tensors are repeated to.
pub(super) fn broadcast(shapes: &[&[Size]]) -> Result<Vec<Size>, String> {
    let rank = shapes.iter().map(|shape| shape.len()).max().unwrap_or_default();
    let mut found = Vec::with_capacity(rank);
    for from_end in (1..=rank).rev() {
        let sizes = shapes.iter().filter_map(|shape| shape.get(shape.len().checked_sub(from_end)?));
        let mut size = Size::Fixed(1);
        for other in sizes.filter(|size| **size != Size::Fixed(1)) {
            size = match (size, other) {
                (Size::Fixed(1), other) => other.clone(),
                (Size::Fixed(a), Size::Fixed(b)) if a != *b => {
                    let all: Vec<String> = shapes.iter().map(|shape| shown(shape)).collect();
                    return Err(format!("its inputs of shapes {} do not go together", all.join(" and ")));
                }
                (Size::Fixed(a), _) => Size::Fixed(a),
                (_, Size::Fixed(b)) => Size::Fixed(*b),
                (open, _) => open,
            };
        }
        found.push(size);
    }
    Ok(found)
}

fn arithmetic(op: &Arithmetic, inputs: &[Shaped]) -> Result<Shaped, String> {
    let shapes: Vec<&[Size]> = inputs.iter().map(|(shape, _)| shape.as_slice()).collect();
    let kind = match op {
        Arithmetic::Eq { .. }
        | Arithmetic::Ne { .. }
        | Arithmetic::Gt { .. }
        | Arithmetic::Ge { .. }
        | Arithmetic::Lt { .. }
        | Arithmetic::Le { .. } => Kind::Bool,
        Arithmetic::Where => inputs.get(1).map_or(Kind::Float, |(_, kind)| *kind),
        _ => inputs.first().map_or(Kind::Float, |(_, kind)| *kind),
    };
    Ok((broadcast(&shapes)?, kind))
}

fn matmul(a: &[Size], b: &[Size]) -> Result<Vec<Size>, String> {
    let fits = |a: &Size, b: &Size| match (a.fixed(), b.fixed()) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    let misfit = || format!("matrices of shapes {} and {} have no product", shown(a), shown(b));
    Ok(match (a, b) {
        ([.., k], [of]) if fits(k, of) => a[..a.len() - 1].to_vec(),
        ([k], [rest @ .., of, m]) if fits(k, of) => rest.iter().chain([m]).cloned().collect(),
        ([rows @ .., n, k], [others @ .., of, m]) if fits(k, of) => {
            let mut shape = broadcast(&[rows, others])?;
            shape.extend([n.clone(), m.clone()]);
            shape
        }
        _ => return Err(misfit()),
    })
}

fn einsum(equation: &str, inputs: &[Shaped]) -> Result<Vec<Size>, String> {
    let plain = || "only sums over plain letters, with the result's named, are supported".to_owned();
    let (terms, result) = equation.split_once("->").ok_or_else(plain)?;
    let mut sizes: Vec<(char, &Size)> = Vec::new();
    let terms: Vec<Vec<char>> = terms.split(',').map(|term| term.trim().chars().collect()).collect();
    if terms.len() != inputs.len() {
        return Err(format!("it has {} terms for {} tensors", terms.len(), inputs.len()));
    }
    for (term, (shape, _)) in terms.iter().zip(inputs) {
        if term.len() != shape.len() || !term.iter().all(char::is_ascii_alphabetic) {
            return Err(plain());
        }
        sizes.extend(term.iter().copied().zip(shape));
    }
    let of = |letter: char| {
        let mut all = sizes.iter().filter(|(known, _)| *known == letter).map(|(_, size)| *size);
        let first = all.next();
        first.map(|first| {
            all.find(|size| **size != Size::Fixed(1)).filter(|_| *first == Size::Fixed(1)).unwrap_or(first)
        })
    };
    result.trim().chars().map(|letter| of(letter).cloned().ok_or_else(plain)).collect()
}

/// The shape without some dimensions, or with ones in their place.
pub(super) fn without(x: &[Size], dims: &[i64], keep: bool) -> Result<Vec<Size>, String> {
    let gone = dims.iter().map(|dim| place(*dim, x.len())).collect::<Result<Vec<_>, _>>()?;
    let all = x.iter().enumerate();
    Ok(match keep {
        true => {
            all.map(|(at, size)| if gone.contains(&at) { Size::Fixed(1) } else { size.clone() }).collect()
        }
        false => all.filter(|(at, _)| !gone.contains(at)).map(|(_, size)| size.clone()).collect(),
    })
}

fn reduced(op: &Reduction, x: &[Size]) -> Result<Vec<Size>, String> {
    match op {
        Reduction::Mean { dims, keep }
        | Reduction::Sum { dims, keep }
        | Reduction::Max { dims, keep }
        | Reduction::Variance { dims, keep, .. }
        | Reduction::Norm { dims, keep } => {
            let all: Vec<i64> = (0..x.len() as i64).collect();
            without(x, if dims.is_empty() { &all } else { dims }, *keep)
        }
        Reduction::Softmax { dim } | Reduction::LogSoftmax { dim } | Reduction::CumulativeSum { dim } => {
            place(*dim, x.len()).map(|_| x.to_vec())
        }
    }
}

fn layout(op: &Layout, x: &[Size], kind: Kind) -> Result<Shaped, String> {
    let rank = x.len();
    let shape = match op {
        Layout::Reshape { shape } => shape.clone(),
        Layout::Permute { dims } => {
            let mut places = dims.iter().map(|dim| place(*dim, rank)).collect::<Result<Vec<_>, _>>()?;
            let shape = places.iter().map(|at| x[*at].clone()).collect();
            places.sort_unstable();
            if !places.into_iter().eq(0..rank) {
                return Err(format!("{dims:?} is no order of {rank} dimensions"));
            }
            shape
        }
        Layout::Unsqueeze { dim } => {
            let at = place(*dim, rank + 1)?;
            let mut shape = x.to_vec();
            shape.insert(at, Size::Fixed(1));
            shape
        }
        Layout::Squeeze { dims: Some(dims) } => without(x, dims, false)?,
        Layout::Expand { shape } => broadcast(&[x, shape])?,
        Layout::Repeat { counts } => {
            if counts.len() != rank {
                return Err(format!("{} counts are given for {rank} dimensions", counts.len()));
            }
            let times = x.iter().zip(counts).map(|(size, count)| extent::multiply(size, count));
            times.collect::<Option<_>>().ok_or_else(unclear)?
        }
        Layout::Flip { .. } => x.to_vec(),
        Layout::Pad { amounts, .. } => {
            let mut shape = x.to_vec();
            for (from_end, pair) in amounts.chunks(2).enumerate() {
                let at = rank.checked_sub(from_end + 1).ok_or("it pads more dimensions than there are")?;
                let more = pair
                    .iter()
                    .try_fold(0_i64, |sum, amount| sum.checked_add(*amount))
                    .ok_or_else(unclear)?;
                shape[at] = extent::plus(&shape[at], more).ok_or_else(unclear)?;
            }
            shape
        }
        Layout::To { kind } => return Ok((x.to_vec(), *kind)),
        Layout::Contiguous | Layout::Identity => x.to_vec(),
        Layout::PixelShuffle { factor } => match x {
            [n, c, height, width] if *factor > 0 => {
                let square = factor.checked_mul(*factor).ok_or_else(unclear)?;
                let channels = extent::divide(c, &Size::Fixed(square));
                let channels = channels.ok_or("its channels are no whole number of squares")?;
                let grown = |size: &Size| extent::multiply(size, &Size::Fixed(*factor)).ok_or_else(unclear);
                vec![n.clone(), channels, grown(height)?, grown(width)?]
            }
            _ => return Err("only pictures are rearranged".to_owned()),
        },
        Layout::UpsampleBilinear { output, .. } | Layout::UpsampleNearest { output } => match x {
            [n, c, _, _] => vec![n.clone(), c.clone(), output[0].clone(), output[1].clone()],
            _ => return Err("only pictures are resized".to_owned()),
        },
        _ => return Err("its result's shape is not known".to_owned()),
    };
    Ok((shape, kind))
}

fn selection(op: &Selection, inputs: &[Shaped]) -> Result<Vec<Size>, String> {
    let (x, _) = inputs.first().ok_or("it is given nothing")?;
    match op {
        Selection::Select { dim, .. } => without(x, &[*dim], false),
        Selection::Slice { dim, start, end, step } => {
            let at = place(*dim, x.len())?;
            let mut shape = x.clone();
            shape[at] = sliced(&x[at], start.as_ref(), end.as_ref(), *step)?;
            Ok(shape)
        }
        Selection::Cat { dim } => {
            let at = place(*dim, x.len())?;
            let mut shape = x.clone();
            for (other, _) in &inputs[1..] {
                let fits = other.len() == x.len()
                    && (0..x.len()).all(|place| {
                        place == at || broadcast(&[&x[place..=place], &other[place..=place]]).is_ok()
                    });
                if !fits {
                    return Err(format!("{} and {} cannot be put together", shown(x), shown(other)));
                }
                shape[at] = extent::add(&shape[at], &other[at]).ok_or_else(unclear)?;
            }
            Ok(shape)
        }
        Selection::Index { given } => {
            let lists: Vec<&[Size]> = inputs[1..].iter().map(|(shape, _)| shape.as_slice()).collect();
            let at = given.iter().position(|given| *given).ok_or("it indexes nothing")?;
            // Dimensions that follow each other are taken together.
            let end = at + lists.len();
            if end != given.len() || end > x.len() || given[at..].contains(&false) {
                return Err("only neighbouring dimensions can be indexed".to_owned());
            }
            Ok([&x[..at], &broadcast(&lists)?, &x[end..]].concat())
        }
        _ => Err("its result's shape is not known".to_owned()),
    }
}

/// How many places a slice takes of a dimension.
fn sliced(size: &Size, start: Option<&Size>, end: Option<&Size>, step: i64) -> Result<Size, String> {
    if step < 1 {
        return Err("only steps forward are supported".to_owned());
    }
    // From either end, as Python counts.
    let clamp = |bound: &Size| -> Option<Size> {
        match (bound, size) {
            (Size::Fixed(bound), Size::Fixed(size)) => {
                let bound = if *bound < 0 { bound.saturating_add(*size) } else { *bound };
                Some(Size::Fixed(bound.clamp(0, *size)))
            }
            (Size::Fixed(bound @ ..0), open) => extent::plus(open, *bound),
            // Beyond any picture's side.
            (Size::Fixed(bound), open) if *bound > 1 << 24 => Some(open.clone()),
            (bound, _) => Some(bound.clone()),
        }
    };
    let start = start.map_or(Some(Size::Fixed(0)), clamp).ok_or_else(unclear)?;
    let end = end.map_or(Some(size.clone()), clamp).ok_or_else(unclear)?;
    let length = extent::subtract(&end, &start).ok_or_else(unclear)?;
    match length {
        Size::Fixed(length) => Ok(Size::Fixed((length.max(0) + step - 1) / step)),
        length => {
            let length = extent::plus(&length, step - 1);
            length.and_then(|length| extent::quotient(&length, &Size::Fixed(step))).ok_or_else(unclear)
        }
    }
}
