//! Finds out which places of the picture the numbers of a value stand for.

use std::collections::HashMap;

use tch::{Device, Tensor};

use super::op::Context;
use super::run::Plan;
use super::trace::Trace;
use super::{Graph, Origin, Request, ValueId};
use crate::ModelError;

/// The layout of a value over the picture: which of its numbers stand for which of `height` × `width` places.
///
/// Convolutions return `[N, C, h, w]`; transformers also have values `[N, h, w, C]`, tokens `[N, T, C]` after a class token,
/// heads `[N, heads, T, C]`, and windows of any of these.
#[derive(Debug)]
pub struct Places {
    shape: Vec<i64>,
    /// The value's dimensions: first those over which places are spread, then those of the channels.
    dims: Vec<i64>,
    /// The indices, within the dimensions that places are spread over, at which the places are found, row by row and picture
    /// by picture.
    order: Vec<i64>,
    spread: usize,
    rows: i64,
    /// The height of the grid of places.
    pub height: i64,
    /// Its width.
    pub width: i64,
}

impl Graph {
    /// The layout of each of `values` over the pictures of a batch `inputs`, `[N, C, H, W]`; `None` for a value that has
    /// none, such as the logits.
    ///
    /// The picture is a grid of places, and so is the result of a convolution or a pooling of it. The operators that follow
    /// move its numbers into other dimensions, into windows, and after a class token. To find out where they end up, those
    /// operators are applied to the places' indices instead of the values, so no layout has to be guessed from a shape. No
    /// forward pass is needed.
    ///
    /// # Errors
    /// [`ModelError::Shape`] if the pictures do not have the declared shape, [`ModelError::Torch`] if there are none.
    pub fn places(&self, values: &[ValueId], inputs: &Tensor) -> Result<Vec<Option<Places>>, ModelError> {
        let (rows, channels, height, width) = inputs.size4()?;
        let feeds = [(self.input(), inputs)];
        let request = Request { feeds: &feeds, fetches: values, ..Request::default() };
        let written = HashMap::new();
        let plan = Plan::new(self, &request, &written)?;
        let context = Context { device: Device::Cpu, ..self.context(&feeds, false)? };

        let mut traces: Vec<Option<Trace>> = self.names.iter().map(|_| None).collect();
        traces[self.input().0] = Trace::grid([rows, channels, height, width]);
        for (index, _) in plan.steps {
            let node = &self.nodes[index];
            let given = node.inputs.iter().map(|input| match self.origins[input.0] {
                Origin::Parameter(parameter) => Trace::nowhere(&self.parameters[parameter].shape),
                _ => traces[input.0].as_ref().map(Trace::shallow_clone),
            });
            let given: Vec<Option<Trace>> = given.collect();
            traces[node.output.0] = Trace::behind(&node.op, &given, rows, &context);
            for input in &node.inputs {
                if plan.last_use[input.0] == Some(index) {
                    traces[input.0] = None;
                }
            }
        }
        let found =
            |value: &ValueId| traces[value.0].as_ref().map(|trace| Places::new(trace, rows)).transpose();
        values.iter().map(|value| Ok(found(value)?.flatten())).collect()
    }
}

impl Places {
    fn new(trace: &Trace, rows: i64) -> Result<Option<Places>, ModelError> {
        let shape = trace.index.size();
        let Some([height, width]) = trace.grid.filter(|_| shape.len() > 2) else { return Ok(None) };
        let all = 0..shape.len() as i64;
        let (channels, spread): (Vec<i64>, Vec<i64>) =
            all.partition(|dim| shape[*dim as usize] > 1 && trace.is_constant(*dim));
        let mut index = trace.index.shallow_clone();
        for dim in &channels {
            index = index.f_narrow(*dim, 0, 1)?;
        }
        let dims = [spread.as_slice(), &channels].concat();
        let places: Vec<i64> = Vec::try_from(index.f_permute(&dims)?.f_reshape([-1])?)?;
        let mut found: Vec<(i64, i64)> =
            places.into_iter().zip(0..).filter(|(place, _)| *place >= 0).collect();
        found.sort_unstable();

        // Each picture has the same places, once each, and they form a grid: the whole one, or the one left after merging.
        let (places, order): (Vec<i64>, Vec<i64>) = found.into_iter().unzip();
        let picture = places.partition_point(|place| *place < height * width);
        let again = |(at, place): (usize, &i64)| {
            *place == places[at % picture] + (at / picture) as i64 * height * width
        };
        let lines = |of: fn(i64, i64) -> i64| {
            let mut lines: Vec<i64> = places[..picture].iter().map(|place| of(*place, width)).collect();
            lines.sort_unstable();
            lines.dedup();
            lines.len()
        };
        let grid = [lines(|place, width| place / width), lines(|place, width| place % width)];
        let distinct = places.windows(2).all(|pair| pair[0] < pair[1]);
        let whole = distinct
            && picture > 0
            && places.len() == picture * rows as usize
            && grid[0] * grid[1] == picture;
        if !whole || !places.iter().enumerate().all(again) || (picture == 1 && height * width > 1) {
            return Ok(None);
        }
        let [height, width] = grid.map(|lines| lines as i64);
        Ok(Some(Places { shape, dims, order, spread: spread.len(), rows, height, width }))
    }

    /// The dimensions of the value's channels, in order.
    pub fn channels(&self) -> &[i64] {
        &self.dims[self.spread..]
    }

    /// Whether `value` has the shape that was derived for it. After an operator through which places cannot be followed,
    /// such as an einsum, the shape may not be known.
    pub fn fits(&self, value: &Tensor) -> bool {
        value.size() == self.shape
    }

    /// The value, or a tensor of its shape such as its gradient, as `[N, C, height, width]`, without the numbers that stand
    /// for no place. Channels that span several dimensions, as those of attention heads do, become one dimension.
    ///
    /// # Errors
    /// [`ModelError::Torch`] if the shape differs.
    pub fn laid_out(&self, value: &Tensor) -> Result<Tensor, ModelError> {
        if self.dims == [0, 2, 3, 1] && self.order.iter().copied().eq(0..self.order.len() as i64) {
            return Ok(value.shallow_clone());
        }
        let spread = value.f_permute(&self.dims)?.f_flatten(0, self.spread as i64 - 1)?;
        let order = Tensor::f_from_slice(&self.order)?.f_to_device(value.device())?;
        let shape = [self.rows, self.height, self.width, -1];
        let places = spread.f_index_select(0, &order)?.f_reshape(shape)?;
        Ok(places.f_permute([0, 3, 1, 2])?.f_contiguous()?)
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::graph::{Arithmetic, Layout, Number, Op, Reduction, Selection, Size};

    /// A graph that cuts pictures into patches of 4 × 4 pixels, with two channels.
    fn patches() -> (Graph, ValueId) {
        let (mut graph, input) = Graph::new();
        let weight = graph.parameter("weight", &[2, 3, 4, 4], true);
        let op = Op::Conv2d { stride: [4, 4], padding: [0, 0], dilation: [1, 1], groups: 1 };
        let patches = graph.call("patches", op, &[input, weight]);
        (graph, patches)
    }

    fn places(graph: &Graph, value: ValueId) -> Option<Places> {
        let pictures = Tensor::zeros([2, 3, 8, 12], (Kind::Float, Device::Cpu));
        graph.places(&[value], &pictures).expect("pictures").remove(0)
    }

    /// The patches of two pictures, 2 × 3 with two channels, in which every number is different.
    fn numbered() -> Tensor {
        Tensor::arange(24, (Kind::Int64, Device::Cpu)).view([2, 2, 2, 3])
    }

    #[test]
    fn tokens_behind_a_class_token_are_laid_out_without_it() {
        let (mut graph, patches) = patches();
        let flat = graph.call("", Layout::Flatten { start: 2, end: 3 }, &[patches]);
        let tokens = graph.call("", Layout::Transpose { dims: [1, 2] }, &[flat]);
        let token = graph.parameter("class_token", &[1, 1, 2], true);
        let shape = [2, -1, -1].map(Size::Fixed).to_vec();
        let token = graph.call("", Layout::Expand { shape }, &[token]);
        let all = graph.call("", Selection::Cat { dim: 1 }, &[token, tokens]);
        let gate = graph.call("", Arithmetic::Mul { other: Some(Number::Float(2.0)) }, &[all]);
        // Some code has the pictures second.
        let second = graph.call("", Layout::Permute { dims: vec![1, 0, 2] }, &[gate]);
        let found = places(&graph, second).expect("tokens have places");
        assert_eq!((found.height, found.width, found.channels()), (2, 3, [2].as_slice()));

        let token = Tensor::from(-1_i64).expand([2, 1, 2], false);
        let value = Tensor::cat(&[token, numbered().flatten(2, 3).transpose(1, 2)], 1).transpose(0, 1);
        assert_eq!(found.laid_out(&value).expect("its shape"), numbered());
    }

    #[test]
    fn what_mixes_a_whole_picture_has_no_places() {
        let (mut graph, patches) = patches();
        let flat = graph.call("", Layout::Flatten { start: 2, end: 3 }, &[patches]);
        let weight = graph.parameter("mixer", &[6, 6], true);
        let mixed = graph.call("", Op::Linear, &[flat, weight]);
        let mean = graph.call("", Reduction::Mean { dims: vec![2, 3], keep: true }, &[patches]);
        assert!(places(&graph, patches).is_some() && places(&graph, flat).is_some());
        assert!(places(&graph, mixed).is_none() && places(&graph, mean).is_none());
    }
}
