//! Runs a graph on inputs that differ from one input inside a rectangle each, and computes only what that changes.
//!
//! A convolution moves the border of a change by the size of its filters, so in the first layers of a network most of the
//! result is that of the unchanged input. Each row of a batch therefore keeps, instead of a whole value, a rectangle of it (a
//! [`Boxes`] for all rows) beside the values of the unchanged input, the base. Where the rectangles cover most of a value, or an
//! operator looks at all places at once, they are pasted into copies of the base's value, and the rest of the network runs as
//! usual.

mod boxes;
mod reach;

use std::collections::HashMap;
use std::sync::OnceLock;

use boxes::{Boxes, Patch, Rectangle, difference};
use reach::Reach;
use tch::{Device, Kind, Tensor};

use super::op::Context;
use super::run::Plan;
use super::{Graph, Node, Op, Request, Shortcut, ValueId};
use crate::memory::numbers;
use crate::workers::{ReadOnly, Shared, each};
use crate::{ModelError, Parameters};

/// From this share of a value on, all of it is computed: it costs less than to cut out its parts and to paste them.
const MOST: f64 = 0.6;

/// The largest number of rows that run together. Their rectangles are all as large as the largest, so few rows of similar
/// size share a batch.
const ROWS: usize = 8;

/// A graph beside one input, for inputs that differ from it in places; made by [`Graph::near`].
#[derive(Debug)]
pub struct Near<'a> {
    graph: &'a Graph,
    parameters: &'a Parameters,
    /// `[1, C, H, W]`.
    base: Tensor,
    /// Whether rows can be computed in part at all.
    able: bool,
    /// The values of the base, computed when they are first needed.
    values: OnceLock<Values>,
}

/// What is known of the base.
#[derive(Debug)]
struct Values {
    /// Whether each value depends on the input.
    varies: Vec<bool>,
    /// Those of them that have four dimensions, with channels last in memory.
    tensors: Vec<Option<Tensor>>,
}

impl Values {
    /// A value, `[1, C, H, W]`, with its rows and columns, of which there is at least one.
    fn of(&self, value: ValueId) -> Option<(&Tensor, [usize; 2])> {
        let tensor = self.tensors[value.0].as_ref()?;
        let size = tensor.size();
        let plane = [size[2] as usize, size[3] as usize];
        (!plane.contains(&0)).then_some((tensor, plane))
    }
}

// SAFETY: it has no functions that write to a tensor.
#[expect(unsafe_code, reason = "tch does not declare that its tensors may be shared between threads")]
unsafe impl ReadOnly for Values {}

// SAFETY: it has no functions that write to a tensor that the caller can reach.
#[expect(unsafe_code, reason = "tch does not declare that its tensors may be shared between threads")]
unsafe impl ReadOnly for Near<'_> {}

impl Graph {
    /// Prepares runs on inputs that differ from `base`, `[1, C, H, W]`, inside a rectangle each.
    ///
    /// # Errors
    /// [`ModelError::Torch`].
    pub fn near<'a>(&'a self, parameters: &'a Parameters, base: &Tensor) -> Result<Near<'a>, ModelError> {
        let plain = base.kind() == Kind::Float && base.device() == Device::Cpu;
        let one = base.dim() == 4 && base.size()[0] == 1 && base.numel() > 0;
        // In bfloat16, rows computed in part would differ from others by more than rounding.
        let fine = !parameters.shortcuts()?.values().any(Shortcut::is_coarse);
        let able = plain && one && fine && !self.one_by_one && self.check_transparent().is_ok();
        // A copy, because the caller may write to its own.
        let base = base.f_detach()?.f_contiguous()?.copy();
        Ok(Near { graph: self, parameters, base, able, values: OnceLock::new() })
    }
}

impl Near<'_> {
    /// The logits of `inputs`, `[N, C, H, W]`: the same as those of [`Graph::run`], apart from rounding. The cost depends on the
    /// area of the smallest rectangle of each row that contains all its differences from the base.
    ///
    /// # Errors
    /// As [`Graph::run`].
    pub fn logits(&self, inputs: &Tensor) -> Result<Tensor, ModelError> {
        let plain = inputs.kind() == Kind::Float && inputs.device() == Device::Cpu && !inputs.requires_grad();
        let shaped = inputs.dim() == 4 && inputs.size()[1..] == self.base.size()[1..] && inputs.size()[0] > 0;
        if !(self.able && plain && shaped) {
            return self.plainly(inputs);
        }
        let inputs = inputs.f_contiguous()?;
        let shared = Shared((self, &inputs));
        let changed = each((0..inputs.size()[0]).collect(), |row| {
            let (near, inputs) = shared.get();
            // A row without a difference needs no run of its own, but a rectangle of one pixel costs next to nothing.
            Ok((row, near.change(&inputs.f_narrow(0, row, 1)?).unwrap_or([[0, 1], [0, 1]])))
        });
        let mut changed: Vec<(i64, Rectangle)> = changed?;
        let area = |(_, [rows, columns]): &(i64, Rectangle)| (rows[1] - rows[0]) * (columns[1] - columns[0]);
        changed.sort_by_key(area);
        let [height, width] = self.plane();
        let most = MOST * (height * width) as f64;
        let (small, large) = changed.split_at(changed.partition_point(|row| (area(row) as f64) < most));
        if small.is_empty() {
            return self.plainly(&inputs);
        }
        self.values()?;
        let threads = tch::get_num_threads().max(1) as usize;
        let share = small.len().div_ceil(threads).min(ROWS);
        let mut logits = each(small.chunks(share).collect(), |part: &[(i64, Rectangle)]| {
            let (near, inputs) = shared.get();
            near.part(inputs, part)
        })?;
        if !large.is_empty() {
            let rows: Vec<i64> = large.iter().map(|(row, _)| *row).collect();
            logits.push(self.plainly(&picked(&inputs, &rows)?)?);
        }
        // In the order of the inputs again.
        let mut places = vec![0; changed.len()];
        for (place, (row, _)) in (0_i64..).zip(&changed) {
            places[*row as usize] = place;
        }
        picked(&Tensor::f_cat(&logits, 0)?, &places)
    }

    /// All of the network, for all rows.
    fn plainly(&self, inputs: &Tensor) -> Result<Tensor, ModelError> {
        let feeds = [(self.graph.input(), inputs)];
        let request = Request { feeds: &feeds, fetches: &[self.graph.output()], ..Request::default() };
        Ok(self.graph.run(self.parameters, &request)?.remove(0))
    }

    fn plane(&self) -> [usize; 2] {
        let size = self.base.size();
        [size[2] as usize, size[3] as usize]
    }

    /// Where a row differs from the base.
    fn change(&self, row: &Tensor) -> Option<Rectangle> {
        difference(numbers(&self.base), numbers(row), self.plane())
    }

    /// The base's values.
    fn values(&self) -> Result<&Values, ModelError> {
        if let Some(values) = self.values.get() {
            return Ok(values);
        }
        let graph = self.graph;
        let varies = graph.computed_from(graph.input());
        let mut tensors: Vec<Option<Tensor>> = graph.names.iter().map(|_| None).collect();
        let mut keep = |value: ValueId, tensor: &Tensor| -> Result<(), ModelError> {
            if varies[value.0] && tensor.dim() == 4 && tensor.size()[0] == 1 && tensor.kind() == Kind::Float {
                let last = tensor.f_permute([0, 2, 3, 1])?.f_contiguous()?;
                tensors[value.0] = Some(last.f_permute([0, 3, 1, 2])?);
            }
            Ok(())
        };
        keep(graph.input(), &self.base)?;
        let _logits = self.follow(self.base.shallow_clone(), |node, shortcut, inputs, context| {
            let result = called(graph, node, shortcut, inputs, context)?;
            keep(node.output, &result)?;
            Ok(result)
        })?;
        Ok(self.values.get_or_init(|| Values { varies, tensors }))
    }

    /// The logits of some rows of a batch, which differ from the base in these rectangles.
    fn part(&self, inputs: &Tensor, rows: &[(i64, Rectangle)]) -> Result<Tensor, ModelError> {
        let changes: Vec<Rectangle> = rows.iter().map(|(_, change)| *change).collect();
        let boxes = Boxes::around(&changes, self.plane());
        let cut = rows.iter().zip(boxes.rectangles()).map(|((row, _), [rows, columns])| {
            let row = inputs.f_narrow(0, *row, 1)?.f_narrow(2, rows[0], rows[1] - rows[0])?;
            Ok(row.f_narrow(3, columns[0], columns[1] - columns[0])?)
        });
        let inside = Tensor::f_cat(&cut.collect::<Result<Vec<_>, ModelError>>()?, 0)?;
        let boxes = HashMap::from([(self.graph.input(), boxes)]);
        let mut partial = Partial { graph: self.graph, values: self.values()?, boxes, rows: rows.len() };
        self.follow(inside, |node, shortcut, given, context| partial.call(node, shortcut, given, context))
    }

    /// Runs the graph with `call` in the place of its operators.
    fn follow(
        &self,
        input: Tensor,
        mut call: impl FnMut(&Node, Option<&Shortcut>, &[&Tensor], &Context) -> Result<Tensor, ModelError>,
    ) -> Result<Tensor, ModelError> {
        let _guard = tch::no_grad_guard();
        let graph = self.graph;
        let like = self.base.f_expand([input.size()[0], -1, -1, -1], false)?;
        let feeds = [(graph.input(), &like)];
        let request = Request { feeds: &feeds, fetches: &[graph.output()], ..Request::default() };
        let plan = Plan::new(graph, &request, self.parameters.shortcuts()?)?;
        let context = graph.context(&feeds, false)?;
        let given = vec![(graph.input(), input)];
        let found = graph.follow(plan, self.parameters, given, request.fetches, |node, shortcut, inputs| {
            call(node, shortcut, inputs, &context)
        });
        Ok(found?.remove(0))
    }
}

/// A run on rows of which some values are known in part.
struct Partial<'a> {
    graph: &'a Graph,
    values: &'a Values,
    /// Where the tensors of those values that are known in part lie.
    boxes: HashMap<ValueId, Boxes>,
    rows: usize,
}

impl Partial<'_> {
    /// The result of a call, in part where that is possible.
    fn call(
        &mut self,
        node: &Node,
        shortcut: Option<&Shortcut>,
        given: &[&Tensor],
        context: &Context,
    ) -> Result<Tensor, ModelError> {
        if let Some((boxes, inputs)) = self.inside(node, shortcut, given)? {
            let inputs: Vec<&Tensor> = inputs.iter().collect();
            let result = match shortcut {
                Some(shortcut) => shortcut.call_unpadded(self.graph, &inputs, context)?,
                None => self.graph.compute(&node.unpadded(), &inputs, context)?,
            };
            self.boxes.insert(node.output, boxes);
            return Ok(result);
        }
        let whole = node.inputs.iter().zip(given).map(|(&value, tensor)| match self.values.of(value) {
            Some((base, plane)) if self.boxes.contains_key(&value) => {
                self.patch(value, base, tensor).cut(&Boxes::whole(self.rows, plane), 0.0)
            }
            _ => Ok(tensor.shallow_clone()),
        });
        let whole = whole.collect::<Result<Vec<_>, _>>()?;
        called(self.graph, node, shortcut, &whole.iter().collect::<Vec<_>>(), context)
    }

    /// Where the result of a call can differ from the base's, and what the call reads for that; `None` if it is better made, or
    /// can only be made, on whole values.
    fn inside(
        &self,
        node: &Node,
        shortcut: Option<&Shortcut>,
        given: &[&Tensor],
    ) -> Result<Option<(Boxes, Vec<Tensor>)>, ModelError> {
        let weight = match shortcut {
            Some(shortcut) => shortcut.weight(),
            None => given.get(1).copied(),
        };
        let (Some(reach), Some((_, plane))) = (Reach::of(&node.op, weight), self.values.of(node.output))
        else {
            return Ok(None);
        };
        let numbers = matches!(node.op, Op::Arithmetic(_) | Op::Selection(_));
        let mut reached = Vec::with_capacity(given.len());
        for (place, value) in node.inputs.iter().enumerate() {
            let Some(boxes) = self.boxes.get(value) else {
                // What varies as a whole may differ anywhere. What is fixed must be a weight, or the same everywhere.
                let weight = place > 0 && !numbers;
                let fixed = !self.values.varies[value.0] && shortcut.is_none();
                if fixed && (weight || everywhere(given[place])) {
                    continue;
                }
                return Ok(None);
            };
            reached.push(match reach {
                Reach::Window(window) if place == 0 => boxes.result(&window, plane),
                _ if self.values.of(*value).is_some_and(|(_, own)| own == plane) => boxes.clone(),
                _ => return Ok(None),
            });
        }
        if reached.is_empty() {
            return Ok(None);
        }
        let boxes = Boxes::union(&reached.iter().collect::<Vec<_>>(), plane);
        if boxes.share(plane) > MOST {
            return Ok(None);
        }
        let read = node.inputs.iter().zip(given).enumerate().map(|(place, (&value, tensor))| {
            match (self.values.of(value).filter(|_| self.boxes.contains_key(&value)), reach) {
                (Some((base, _)), Reach::Window(window)) if place == 0 => {
                    self.patch(value, base, tensor).cut(&boxes.read(&window), window.around)
                }
                (Some((base, _)), _) => self.patch(value, base, tensor).cut(&boxes, 0.0),
                (None, _) => Ok(tensor.shallow_clone()),
            }
        });
        let read = read.collect::<Result<Vec<_>, _>>()?;
        Ok(Some((boxes, read)))
    }

    fn patch<'t>(&'t self, value: ValueId, base: &'t Tensor, inside: &'t Tensor) -> Patch<'t> {
        Patch { base, inside, at: &self.boxes[&value] }
    }
}

/// Whether a tensor has the same numbers at every place of a picture, or for every channel a number of its own.
fn everywhere(tensor: &Tensor) -> bool {
    let size = tensor.size();
    size.iter().rev().take(2).all(|side| *side == 1)
}

/// The result of a call on whole values.
fn called(
    graph: &Graph,
    node: &Node,
    shortcut: Option<&Shortcut>,
    inputs: &[&Tensor],
    context: &Context,
) -> Result<Tensor, ModelError> {
    match shortcut {
        Some(shortcut) => shortcut.call(graph, inputs, context),
        None => graph.compute(node, inputs, context),
    }
}

/// Rows of a batch.
fn picked(inputs: &Tensor, rows: &[i64]) -> Result<Tensor, ModelError> {
    Ok(inputs.f_index_select(0, &Tensor::f_from_slice(rows)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Pool;
    use crate::{Architecture, Op, Rewrite};

    /// Which values of a ResNet-18 are known in part when a square of a picture differs.
    fn in_part(side: i64) -> Vec<String> {
        let graph = Architecture::ResNet18.graph(2, 0.25).expect("a network");
        let mut parameters = Parameters::initial(&graph, 1).expect("parameters");
        parameters.prepare(&graph, &Rewrite::DEFAULT).expect("it is prepared");
        let base = Tensor::zeros([1, 3, 224, 224], (Kind::Float, Device::Cpu));
        let near = graph.near(&parameters, &base).expect("it begins");
        let boxes = Boxes::around(&[[[90, 90 + side], [20, 20 + side]]], [224, 224]);
        let inside = Tensor::ones([1, 3, side, side], (Kind::Float, Device::Cpu));
        let boxes = HashMap::from([(graph.input(), boxes)]);
        let mut partial = Partial { graph: &graph, values: near.values().expect("values"), boxes, rows: 1 };
        let logits = near.follow(inside, |node, shortcut, given, context| {
            let result = partial.call(node, shortcut, given, context)?;
            // What is kept of a value is no larger than its box.
            if let Some(boxes) = partial.boxes.get(&node.output) {
                let [[rows, columns]] =
                    boxes.rectangles().map(|[r, c]| [r[1] - r[0], c[1] - c[0]]).collect::<Vec<_>>()[..]
                        .try_into()
                        .expect("a row");
                assert_eq!(result.size()[2..], [rows, columns]);
            }
            Ok(result)
        });
        assert_eq!(logits.expect("it runs").size(), [1, 2]);
        partial.boxes.keys().map(|value| graph.name(*value).to_owned()).collect()
    }

    #[test]
    fn the_first_layers_are_computed_in_part_and_the_last_ones_whole() {
        let small = in_part(28);
        let has = |names: &[String], name: &str| names.iter().any(|known| known == name);
        for name in ["bn1", "maxpool", "layer1.1.relu#2", "layer2.0.relu", "layer2.0.relu#2"] {
            assert!(has(&small, name), "{name} is not among {small:?}");
        }
        for name in ["layer4.0.relu", "layer4.1.relu#2", "avgpool", "fc"] {
            assert!(!has(&small, name), "{name} is among {small:?}");
        }
        assert!(in_part(150).len() < small.len());
    }

    #[test]
    fn a_windows_reach_is_what_counting_finds() {
        for (kernel, stride, padding, dilation) in
            [(1, 1, 0, 1), (3, 1, 1, 1), (7, 2, 3, 1), (3, 2, 1, 1), (2, 3, 0, 1), (3, 1, 2, 2), (5, 3, 2, 3)]
        {
            let op = Op::Pool(Pool::Max {
                kernel: [kernel; 2],
                stride: [stride; 2],
                padding: [padding; 2],
                dilation: [dilation; 2],
                ceil: false,
            });
            let Some(Reach::Window(window)) = Reach::of(&op, None) else { panic!("a pooling has a window") };
            let reads =
                |place: i64, at: i64| (0..kernel).any(|tap| place * stride - padding + tap * dilation == at);
            for from in 0..12 {
                for to in from + 1..=12 {
                    let [first, last] = window.result(0, [from, to]);
                    let depends: Vec<i64> =
                        (-10..30).filter(|&place| (from..to).any(|at| reads(place, at))).collect();
                    if let (Some(&least), Some(&most)) = (depends.first(), depends.last()) {
                        assert!(first <= least && most < last, "{window:?} for {from}..{to}");
                        // Dilated taps and long strides leave gaps, but the ends are exact.
                        if dilation == 1 && stride <= kernel {
                            assert_eq!([first, last], [least, most + 1], "{window:?} for {from}..{to}");
                        }
                    }
                }
            }
            let read: Vec<i64> = (-40..60).filter(|&at| (2..5).any(|place| reads(place, at))).collect();
            assert_eq!(window.start(0, 2), read[0]);
            assert_eq!(window.start(0, 2) + window.length(0, 3) as i64 - 1, read[read.len() - 1]);
        }
        assert_eq!(Reach::of(&Op::Linear, None), None);
    }

    #[test]
    fn a_difference_is_found_bit_by_bit() {
        let (a, plane) = (vec![1.0_f32; 2 * 4 * 5], [4, 5]);
        assert_eq!(difference(&a, &a, plane), None);
        let mut b = a.clone();
        b[5 + 3] = 2.0; // Row 1, column 3 of the first channel.
        assert_eq!(difference(&a, &b, plane), Some([[1, 2], [3, 4]]));
        b[20 + 2 * 5 + 1] = f32::NAN; // Row 2, column 1 of the second.
        assert_eq!(difference(&a, &b, plane), Some([[1, 3], [1, 4]]));
        assert_eq!(difference(&b, &b, plane), None, "the same NaN is the same number");
        let (zero, negative) = (vec![0.0; 40], vec![-0.0; 40]);
        assert_eq!(difference(&zero, &negative, plane), Some([[0, 4], [0, 5]]));
    }
}
