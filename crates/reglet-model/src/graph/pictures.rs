//! Finds out whether the pictures of a batch stay independent of each other, by following two of them through the graph.
//!
//! For every value this module tracks which picture each of its numbers belongs to. Most values have one row per picture,
//! and most operators preserve that. Where an operator splits or joins rows, as windowed attention does, it is run on the
//! pictures' indices instead of on the values.

use tch::{Device, Kind, Tensor};

use super::op::Context;
use super::size::Sizes;
use super::{
    Arithmetic, Creation, Graph, Layout, Node, Number, Op, Origin, Product, Reduction, Request, Selection,
    Size, ValueId,
};
use crate::Parameters;
use crate::workers::{Shared, by_itself};

/// The number of pictures that are followed.
const PICTURES: i64 = 2;

/// Which picture the numbers of a value belong to.
enum Owner {
    /// None: the value depends on parameters alone.
    Nobody,
    /// Each row of the first dimension belongs to one picture.
    Rows,
    /// The picture of each number, or −1 for a number that belongs to none.
    Each(Tensor),
    /// Some number depends on both pictures.
    Mixed,
}

/// The size of the largest value that is followed number by number. There is a limit because the shapes come from the model
/// file.
const MOST_NUMBERS: i64 = 1 << 25;

/// Follows pictures through one graph.
struct Follower<'a> {
    graph: &'a Graph,
    parameters: &'a Parameters,
    context: Context,
}

impl Graph {
    /// The first call that combines several pictures into one number on which the output depends, and whether that is
    /// certain; `None` if the pictures are certain to stay independent.
    pub(crate) fn mixes_pictures(&self, parameters: &Parameters) -> Option<(&Node, bool)> {
        let shared = Shared((self, parameters));
        let found = by_itself(|| {
            let (graph, parameters) = shared.get();
            graph.first_mixing(parameters)
        });
        found.map(|(index, surely)| (&self.nodes[index], surely))
    }

    fn first_mixing(&self, parameters: &Parameters) -> Option<(usize, bool)> {
        let mut shape: Vec<i64> =
            self.shape(self.input())?.iter().map(|size| size.fixed().unwrap_or(DEFAULT_SIDE)).collect();
        *shape.first_mut()? = PICTURES;
        let mut sizes = Sizes::unknown(self.symbols.len());
        sizes.learn(self.shape(self.input())?, &shape);
        let context = Context { training: false, sizes, device: Device::Cpu };
        let follower = Follower { graph: self, parameters, context };

        let mut needed = vec![false; self.names.len()];
        needed[self.output().0] = true;
        for node in self.nodes.iter().rev() {
            if needed[node.output.0] {
                node.inputs.iter().for_each(|input| needed[input.0] = true);
            }
        }
        let mut owners: Vec<Owner> = self.origins.iter().map(|_| Owner::Nobody).collect();
        owners[self.input().0] = Owner::Rows;
        let _guard = tch::no_grad_guard();
        for (index, node) in self.nodes.iter().enumerate().filter(|(_, node)| needed[node.output.0]) {
            let given: Vec<&Owner> = node.inputs.iter().map(|input| &owners[input.0]).collect();
            match follower.behind(node, &given) {
                // A dependence that was found by trying may only be rounding.
                Some(Owner::Mixed) => return Some((index, !matches!(node.op, Op::Aten(_)))),
                None => return Some((index, false)),
                Some(owner) => owners[node.output.0] = owner,
            }
        }
        // The rows of the output belong to the pictures in order, however they were computed.
        let Origin::Node(last) = self.origin(self.output()) else { return None };
        let owner = &owners[self.output().0];
        let expected = follower.each(self.output(), &Owner::Rows);
        let found = follower.each(self.output(), owner);
        let apart = matches!(owner, Owner::Rows | Owner::Nobody)
            || found.zip(expected).is_some_and(|(found, expected)| keeps_to(&found, &expected));
        (!apart).then_some((last, true))
    }
}

/// The height and width that are tried where a graph leaves them open.
const DEFAULT_SIDE: i64 = 224;

impl Follower<'_> {
    /// Which picture the results of a call belong to; `None` if that is not known.
    fn behind(&self, node: &Node, given: &[&Owner]) -> Option<Owner> {
        if self.depends_on_count(&node.op) {
            return Some(Owner::Mixed);
        }
        if given.iter().all(|owner| matches!(owner, Owner::Nobody)) {
            return Some(Owner::Nobody);
        }
        let apart = given.iter().all(|owner| matches!(owner, Owner::Nobody | Owner::Rows));
        if apart && self.keeps_rows(node, given) {
            return Some(Owner::Rows);
        }
        let owners: Vec<Tensor> = node
            .inputs
            .iter()
            .zip(given)
            .map(|(input, owner)| self.each(*input, owner))
            .collect::<Option<_>>()?;
        self.traced(node, given, &owners)
    }

    /// Whether a call on values with one row per picture is certain to return one row per picture, judging by its operator
    /// and the declared shapes.
    fn keeps_rows(&self, node: &Node, given: &[&Owner]) -> bool {
        let shape = |value: ValueId| self.graph.shape(value);
        let first = |value: ValueId| shape(value).and_then(<[Size]>::first);
        let batch = first(self.graph.input());
        // The batch is the first dimension of the result, and of all that has rows.
        let rows = node.inputs.iter().zip(given).filter(|(_, owner)| matches!(owner, Owner::Rows));
        let mut rows = rows.map(|(input, _)| *input);
        if first(node.output) != batch || rows.clone().any(|input| first(input) != batch) {
            return false;
        }
        let dims = |value: ValueId| shape(value).map(<[Size]>::len);
        let count = dims(node.output);
        let own = |dim: i64| {
            dim == 0
                || node.inputs.first().and_then(|input| dims(*input)) == Some(dim.unsigned_abs() as usize)
                    && dim < 0
        };
        match &node.op {
            Op::Conv2d { .. } | Op::Linear => {
                rows.all(|input| Some(&input) == node.inputs.first()) && !matches!(given[1], Owner::Rows)
            }
            Op::BatchNorm { .. } | Op::LayerNorm { .. } | Op::GroupNorm { .. } => {
                given[1..].iter().all(|owner| matches!(owner, Owner::Nobody)) && count > Some(1)
            }
            Op::Dropout { .. } | Op::Activation(_) | Op::Pool(_) => true,
            // A value that belongs to no picture may be broadcast over the rows, if that does not make them longer.
            Op::Arithmetic(_) => rows.all(|input| dims(input) == count),
            Op::Reduction(reduction) => match reduction {
                Reduction::Mean { dims, .. }
                | Reduction::Sum { dims, .. }
                | Reduction::Max { dims, .. }
                | Reduction::Variance { dims, .. }
                | Reduction::Norm { dims, .. } => !dims.is_empty() && !dims.iter().any(|dim| own(*dim)),
                Reduction::Softmax { dim }
                | Reduction::LogSoftmax { dim }
                | Reduction::CumulativeSum { dim } => !own(*dim),
            },
            Op::Layout(layout) => match layout {
                // The numbers keep their order, and the batch is the first dimension before and after.
                Layout::View { .. }
                | Layout::Reshape { .. }
                | Layout::Flatten { .. }
                | Layout::Unflatten { .. } => true,
                Layout::Unsqueeze { dim } => {
                    *dim > 0 || *dim < 0 && count > Some(dim.unsigned_abs() as usize)
                }
                Layout::Squeeze { dims: Some(dims) } => !dims.iter().any(|dim| own(*dim)),
                Layout::Permute { dims } => dims.first().is_some_and(|dim| own(*dim)),
                Layout::Transpose { dims } => !dims.iter().any(|dim| own(*dim)),
                Layout::Roll { dims, .. } => !dims.is_empty() && !dims.iter().any(|dim| own(*dim)),
                Layout::Flip { dims } => !dims.iter().any(|dim| own(*dim)),
                Layout::Expand { .. } => node.inputs.first().and_then(|input| dims(*input)) == count,
                Layout::Pad { amounts, .. } => count.is_some_and(|count| amounts.len() < 2 * count),
                Layout::Contiguous | Layout::Detach | Layout::Identity | Layout::To { .. } => true,
                Layout::PixelShuffle { .. }
                | Layout::PixelUnshuffle { .. }
                | Layout::UpsampleBilinear { .. }
                | Layout::UpsampleNearest { .. } => true,
                Layout::Squeeze { dims: None } | Layout::Repeat { .. } => false,
            },
            Op::Selection(
                Selection::Select { dim, .. } | Selection::Slice { dim, .. } | Selection::Cat { dim },
            ) => !own(*dim),
            // Places in neighbouring dimensions behind the first, the same for every picture.
            Op::Selection(Selection::Index { given: listed }) => {
                let mut behind = listed.iter().skip_while(|listed| !**listed);
                listed.first() == Some(&false)
                    && behind.all(|listed| *listed)
                    && given[1..].iter().all(|owner| matches!(owner, Owner::Nobody))
            }
            // For matrices, the batch is one of the dimensions before the last two.
            Op::Product(Product::Matmul | Product::Attention { .. }) if count > Some(2) => {
                rows.all(|input| dims(input) == count)
            }
            Op::Product(Product::Matmul) => matches!(given[1..], [Owner::Nobody]),
            Op::Product(Product::AddMatmul) => matches!(given, [Owner::Nobody, _, Owner::Nobody]),
            Op::Product(Product::Einsum { equation }) => keeps_first(equation, given),
            _ => false,
        }
    }

    /// Whether an operator's result depends on the number of pictures.
    fn depends_on_count(&self, op: &Op) -> bool {
        let batch = self.graph.shape(self.graph.input()).and_then(<[Size]>::first);
        let open = |number: &Number| match (number, batch) {
            (Number::Integer(size), Some(Size::Symbol(batch))) => size.mentions(*batch),
            _ => false,
        };
        match op {
            Op::Arithmetic(
                Arithmetic::Add { other: Some(other) }
                | Arithmetic::Sub { other: Some(other) }
                | Arithmetic::ReverseSub { other }
                | Arithmetic::Mul { other: Some(other) }
                | Arithmetic::Div { other: Some(other) }
                | Arithmetic::Pow { other: Some(other) }
                | Arithmetic::Fill { value: Some(other) }
                | Arithmetic::MaskedFill { value: Some(other) },
            )
            | Op::Creation(Creation::Full { value: other, .. }) => open(other),
            // A size that only determines the layout of results does no harm, but it cannot be distinguished from others
            // here.
            Op::Aten(_) => false,
            _ => false,
        }
    }

    /// The picture of each number of a value.
    fn each(&self, value: ValueId, owner: &Owner) -> Option<Tensor> {
        let shape = match (self.graph.origin(value), self.graph.shape(value)) {
            (Origin::Parameter(index), _) => self.parameters.tensors().get(index)?.size(),
            (_, declared) => self.context.sizes.numbers(declared?).ok()?,
        };
        let count = shape.iter().try_fold(1_i64, |count, size| count.checked_mul(*size));
        count.filter(|count| *count <= MOST_NUMBERS)?;
        match owner {
            Owner::Each(owners) => Some(owners.shallow_clone()),
            Owner::Nobody => Tensor::from(-1_i64).f_expand(shape, false).ok(),
            Owner::Rows => {
                // This is checked first, because an error of libtorch takes milliseconds.
                shape.first().filter(|rows| **rows == PICTURES)?;
                let mut column = vec![1; shape.len()];
                *column.first_mut()? = PICTURES;
                let rows = Tensor::f_arange(PICTURES, (Kind::Int64, Device::Cpu)).ok()?;
                rows.f_view(column.as_slice()).ok()?.f_expand(shape, false).ok()
            }
            Owner::Mixed => None,
        }
    }

    /// A value that depends on no picture, but perhaps on their number.
    fn constant(&self, value: ValueId) -> Option<Tensor> {
        let shape = self.context.sizes.numbers(self.graph.shape(self.graph.input())?).ok();
        let shape = shape.unwrap_or_else(|| vec![PICTURES, 3, DEFAULT_SIDE, DEFAULT_SIDE]);
        let device = self.parameters.tensors().first().map_or(Device::Cpu, Tensor::device);
        let pictures = Tensor::f_zeros(shape, (Kind::Float, device)).ok()?;
        let request =
            Request { feeds: &[(self.graph.input(), &pictures)], fetches: &[value], ..Request::default() };
        self.graph.run(self.parameters, &request).ok()?.pop()?.f_to_device(Device::Cpu).ok()
    }

    /// The same for an operator of which nothing is known but its results: it is run on random numbers twice, the second
    /// time with those of one picture changed, and the results that change belong to that picture.
    fn tried(&self, node: &Node, given: &[&Owner], owners: &[Tensor]) -> Option<Tensor> {
        let mut drawn = Vec::new();
        for ((place, input), owner) in node.inputs.iter().enumerate().zip(given) {
            let kind = self.graph.kinds.get(input).copied().unwrap_or(Kind::Float);
            drawn.push(match (owner, self.graph.origin(*input), kind) {
                (_, Origin::Parameter(index), _) => {
                    self.parameters.tensors().get(index)?.f_to_device(Device::Cpu).ok()?
                }
                (Owner::Nobody, ..) => self.constant(*input)?,
                (_, _, Kind::Float) => noise(&owners[place].size(), place as f64)?,
                (_, _, Kind::Bool) => noise(&owners[place].size(), place as f64)?.f_gt(0.0).ok()?,
                // Indices that are certainly valid, if they are used as indices.
                _ => Tensor::f_zeros(owners[place].size(), (kind, Device::Cpu)).ok()?,
            });
        }
        let apply = |inputs: &[Tensor]| node.op.apply(&inputs.iter().collect::<Vec<_>>(), &self.context).ok();
        let before = apply(&drawn)?;
        let mut found = before.f_zeros_like().ok()?.f_to_kind(Kind::Int64).ok()?.f_sub_scalar(1).ok()?;
        for picture in 0..PICTURES {
            let mut changed = before.f_zeros_like().ok()?.f_to_kind(Kind::Bool).ok()?;
            for (factor, shift) in [(1.7, 0.9), (-2.3, -0.4), (0.1, 30.0)] {
                let mut inputs = Vec::new();
                for (input, owners) in drawn.iter().zip(owners) {
                    let moved = match input.kind() {
                        Kind::Float => input.f_mul_scalar(factor).ok()?.f_add_scalar(shift).ok()?,
                        Kind::Bool => input.f_logical_not().ok()?,
                        _ => input.f_add_scalar(1).ok()?,
                    };
                    inputs.push(match owners.size() == input.size() {
                        true => moved.f_where_self(&owners.f_eq(picture).ok()?, input).ok()?,
                        false => input.shallow_clone(),
                    });
                }
                let after = apply(&inputs)?;
                let both = after.f_isnan().ok()?.f_logical_and(&before.f_isnan().ok()?).ok()?;
                let differ = differs(&after, &before)?.f_logical_and(&both.f_logical_not().ok()?).ok()?;
                changed = changed.f_logical_or(&differ).ok()?;
            }
            let own = Tensor::from(picture).f_expand(found.size(), false).ok()?;
            let own = own.f_where_self(&changed, &Tensor::from(-1_i64)).ok()?;
            found = join(Some(found), &own).ok()??;
        }
        Some(found)
    }

    /// The pictures of a call's results, derived from the pictures of its inputs' numbers.
    fn traced(&self, node: &Node, given: &[&Owner], owners: &[Tensor]) -> Option<Owner> {
        let first = owners.first()?;
        let together = |owners: &[Tensor]| owners.iter().try_fold(None, join).ok()?;
        let over = |dims: &[i64], owners: &Tensor, keep: bool| summary(owners, dims, keep);
        let shape = || self.context.sizes.numbers(self.graph.shape(node.output)?).ok();
        let owner = match &node.op {
            Op::Dropout { .. } | Op::Activation(_) => first.shallow_clone(),
            Op::Arithmetic(_) => together(owners)?,
            // Whatever happens within a row, the rows stay separate.
            Op::Conv2d { .. }
            | Op::Pool(_)
            | Op::GroupNorm { .. }
            | Op::BatchNorm { .. }
            | Op::Layout(
                Layout::UpsampleBilinear { .. }
                | Layout::UpsampleNearest { .. }
                | Layout::PixelShuffle { .. }
                | Layout::PixelUnshuffle { .. },
            ) if given[1..].iter().all(|owner| matches!(owner, Owner::Nobody)) => {
                let dims: Vec<i64> = (1..first.dim() as i64).collect();
                spread(&over(&dims, first, true)?, shape()?)?
            }
            Op::Linear if matches!(given[1], Owner::Nobody) => spread(&over(&[-1], first, true)?, shape()?)?,
            Op::LayerNorm { shape: normal, .. } => {
                let dims: Vec<i64> = (1..=normal.len() as i64).map(|dim| -dim).collect();
                spread(&over(&dims, first, true)?, shape()?)?
            }
            Op::Product(Product::Matmul) if owners.iter().all(|owners| owners.dim() > 1) => {
                let [a, b] = [over(&[-1], first, true)?, over(&[-2], owners.get(1)?, true)?];
                spread(&together(&[a, b])?, shape()?)?
            }
            Op::Product(Product::Attention { .. }) => {
                let mut all = vec![over(&[-1], first, true)?];
                for owners in &owners[1..3.min(owners.len())] {
                    all.push(over(&[-1, -2], owners, true)?);
                }
                if let Some(mask) = owners.get(3) {
                    all.push(over(&[-1], mask, true)?);
                }
                spread(&together(&all)?, shape()?)?
            }
            Op::Reduction(reduction) => match reduction {
                Reduction::Mean { dims, keep }
                | Reduction::Sum { dims, keep }
                | Reduction::Max { dims, keep }
                | Reduction::Variance { dims, keep, .. }
                | Reduction::Norm { dims, keep } => {
                    let all: Vec<i64> = (0..first.dim() as i64).collect();
                    over(if dims.is_empty() { &all } else { dims }, first, *keep)?
                }
                Reduction::Softmax { dim }
                | Reduction::LogSoftmax { dim }
                | Reduction::CumulativeSum { dim } => spread(&over(&[*dim], first, true)?, first.size())?,
            },
            Op::Layout(Layout::Pad { amounts, mode, .. }) if mode == "constant" => {
                let pad = Layout::Pad { amounts: amounts.clone(), mode: mode.clone(), value: Some(-1.0) };
                Op::from(pad).apply(&[first], &self.context).ok()?
            }
            Op::Layout(Layout::To { .. } | Layout::Contiguous | Layout::Identity | Layout::Detach) => {
                first.shallow_clone()
            }
            Op::Selection(Selection::Index { .. }) => {
                // The indices are constants, so their values are known.
                if !given[1..].iter().all(|owner| matches!(owner, Owner::Nobody)) {
                    return None;
                }
                let mut lists = Vec::new();
                for input in &node.inputs[1..] {
                    let request = Request { fetches: &[*input], ..Request::default() };
                    lists.push(
                        self.graph
                            .run(self.parameters, &request)
                            .ok()?
                            .pop()?
                            .f_to_device(Device::Cpu)
                            .ok()?,
                    );
                }
                let all: Vec<&Tensor> = [first].into_iter().chain(&lists).collect();
                node.op.apply(&all, &self.context).ok()?
            }
            Op::Aten(_) | Op::Product(_) => self.tried(node, given, owners)?,
            Op::Layout(_) | Op::Selection(_) => {
                node.op.apply(&owners.iter().collect::<Vec<_>>(), &self.context).ok()?
            }
            _ => return None,
        };
        // Mixed numbers are marked with an index that no picture has.
        let mixed = owner.f_eq(MIXED).ok()?.f_any().ok()?.f_int64_value(&[]).ok()? != 0;
        if mixed {
            return Some(Owner::Mixed);
        }
        let rows = self.each(node.output, &Owner::Rows).filter(|rows| rows.size() == owner.size());
        let apart = rows.is_some_and(|rows| keeps_to(&owner, &rows));
        Some(if apart { Owner::Rows } else { Owner::Each(owner) })
    }
}

/// Whether an einsum has the batch as the first index of its result and of all inputs that have rows, and nowhere else.
fn keeps_first(equation: &str, given: &[&Owner]) -> bool {
    let Some((terms, result)) = equation.split_once("->") else { return false };
    let Some(batch) = result.trim().chars().next() else { return false };
    terms.split(',').zip(given).all(|(term, owner)| match owner {
        Owner::Rows => term.trim().starts_with(batch),
        _ => !term.contains(batch),
    })
}

/// Marks a number that depends on several pictures.
const MIXED: i64 = PICTURES;

/// Whether all numbers that belong to a picture belong to the expected one.
fn keeps_to(owners: &Tensor, expected: &Tensor) -> bool {
    let differ =
        || owners.f_ne_tensor(expected)?.f_logical_and(&owners.f_ge(0)?)?.f_any()?.f_int64_value(&[]);
    owners.size() == expected.size() && differ().is_ok_and(|differ| differ == 0)
}

/// Says which results differ by more than rounding. Rounding may depend on where in memory an input lies.
fn differs(after: &Tensor, before: &Tensor) -> Option<Tensor> {
    let [after, before] = [after, before].map(|tensor| tensor.f_to_kind(Kind::Double));
    let (after, before) = (after.ok()?, before.ok()?);
    let same = after.f_isclose(&before, 1e-4, 1e-5, false).ok()?;
    same.f_logical_not().ok()
}

/// Pseudo-random numbers of about the size of a standard normal variable, the same on every call.
fn noise(shape: &[i64], seed: f64) -> Option<Tensor> {
    let count: i64 = shape.iter().product();
    let places = Tensor::f_arange(count, (Kind::Double, Device::Cpu)).ok()?;
    let waves = places.f_mul_scalar(12.9898).ok()?.f_add_scalar(78.233 * (seed + 1.0)).ok()?.f_sin().ok()?;
    let waves = waves.f_mul_scalar(43758.5453).ok()?;
    let fractions = waves.f_sub(&waves.f_floor().ok()?).ok()?;
    let spread = fractions.f_sub_scalar(0.5).ok()?.f_mul_scalar(3.4).ok()?;
    spread.f_to_kind(Kind::Float).ok()?.f_view(shape).ok()
}

/// The owners of the results of an elementwise operator of several inputs, with broadcasting.
fn join(found: Option<Tensor>, owners: &Tensor) -> Result<Option<Tensor>, ()> {
    let Some(found) = found else { return Ok(Some(owners.shallow_clone())) };
    let joined = || -> Result<Tensor, tch::TchError> {
        let larger = found.f_maximum(owners)?;
        let known = found.f_minimum(owners)?.f_ge(0)?;
        let differ = found.f_ne_tensor(owners)?.f_logical_and(&known)?;
        larger.f_masked_fill(&differ, MIXED)
    };
    joined().map(Some).map_err(|_| ())
}

/// The owners of the results of an operator that combines all numbers along some dimensions.
fn summary(owners: &Tensor, dims: &[i64], keep: bool) -> Option<Tensor> {
    let of = || -> Result<Tensor, tch::TchError> {
        let largest = owners.f_amax(dims, keep)?;
        // Numbers that belong to no picture do not count.
        let nobodys = owners.f_lt(0)?;
        let smallest = owners.f_masked_fill(&nobodys, MIXED)?.f_amin(dims, keep)?;
        let differ = smallest.f_lt_tensor(&largest)?.f_logical_and(&largest.f_ge(0)?)?;
        largest.f_masked_fill(&differ, MIXED)
    };
    if dims.is_empty() { Some(owners.shallow_clone()) } else { of().ok() }
}

/// The same for dimensions along which the value has no size of its own.
fn spread(owners: &Tensor, shape: Vec<i64>) -> Option<Tensor> {
    // Dimensions that were summed over take the result's sizes.
    if owners.dim() != shape.len() {
        let mut own = owners.size();
        while own.len() < shape.len() {
            own.push(1);
        }
        return owners.f_reshape(own).ok()?.f_expand(shape, false).ok();
    }
    owners.f_expand(shape, false).ok()
}
