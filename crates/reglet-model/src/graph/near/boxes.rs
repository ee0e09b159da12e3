//! Rectangles in which inputs differ, and the numbers inside of them.

use tch::{Device, Kind, Tensor};

use super::reach::Window;
use crate::ModelError;
use crate::memory::{channels_last, numbers, numbers_mut};

/// The rows and the columns from a first place to behind the last.
pub(super) type Rectangle = [[i64; 2]; 2];

/// A rectangle for each row of a batch. They all have the same size.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Boxes {
    /// The first row and column of each. A frame may begin outside of the plane.
    corners: Vec<[i64; 2]>,
    /// Rows and columns.
    size: [usize; 2],
}

impl Boxes {
    /// Boxes that contain the rectangles and lie in a plane of so many rows and columns.
    pub(super) fn around(rectangles: &[Rectangle], plane: [usize; 2]) -> Boxes {
        let within = |[from, to]: [i64; 2], side: usize| {
            let from = from.clamp(0, plane[side] as i64 - 1);
            [from, to.clamp(from + 1, plane[side] as i64)]
        };
        let inside = |rectangle: &Rectangle| [within(rectangle[0], 0), within(rectangle[1], 1)];
        let inside: Vec<Rectangle> = rectangles.iter().map(inside).collect();
        let longest =
            |side: usize| inside.iter().map(|all| (all[side][1] - all[side][0]) as usize).max().unwrap_or(1);
        let size = [longest(0), longest(1)];
        let corner = |side: usize, from: i64| from.min((plane[side] - size[side]) as i64);
        let corners = inside.iter().map(|[rows, columns]| [corner(0, rows[0]), corner(1, columns[0])]);
        Boxes { corners: corners.collect(), size }
    }

    pub(super) fn rectangles(&self) -> impl Iterator<Item = Rectangle> + '_ {
        let end = |corner: [i64; 2], side: usize| [corner[side], corner[side] + self.size[side] as i64];
        self.corners.iter().map(move |&corner| [end(corner, 0), end(corner, 1)])
    }

    /// Boxes that contain those of all, of which there is at least one.
    pub(super) fn union(all: &[&Boxes], plane: [usize; 2]) -> Boxes {
        let mut joined: Vec<Rectangle> = all[0].rectangles().collect();
        for boxes in &all[1..] {
            for (joined, other) in joined.iter_mut().zip(boxes.rectangles()) {
                for (joined, other) in joined.iter_mut().zip(other) {
                    *joined = [joined[0].min(other[0]), joined[1].max(other[1])];
                }
            }
        }
        Boxes::around(&joined, plane)
    }

    /// Boxes of a window's result, of so many rows and columns, that contain all that depends on these.
    pub(super) fn result(&self, window: &Window, plane: [usize; 2]) -> Boxes {
        let reached =
            self.rectangles().map(|[rows, columns]| [window.result(0, rows), window.result(1, columns)]);
        Boxes::around(&reached.collect::<Vec<_>>(), plane)
    }

    /// What a window reads for these boxes of its result.
    pub(super) fn read(&self, window: &Window) -> Boxes {
        let corner = |corner: &[i64; 2]| [window.start(0, corner[0]), window.start(1, corner[1])];
        Boxes {
            corners: self.corners.iter().map(corner).collect(),
            size: [window.length(0, self.size[0]), window.length(1, self.size[1])],
        }
    }

    /// The whole plane, for so many rows of a batch.
    pub(super) fn whole(rows: usize, plane: [usize; 2]) -> Boxes {
        Boxes { corners: vec![[0, 0]; rows], size: plane }
    }

    /// Which share of a plane one of them is.
    pub(super) fn share(&self, plane: [usize; 2]) -> f64 {
        let area = |[rows, columns]: [usize; 2]| rows as f64 * columns as f64;
        area(self.size) / area(plane)
    }
}

/// The numbers inside of boxes of a plane that otherwise has the numbers of `base`.
pub(super) struct Patch<'a> {
    /// `[1, C, H, W]`, with channels last in memory.
    pub(super) base: &'a Tensor,
    /// `[N, C, h, w]`.
    pub(super) inside: &'a Tensor,
    /// Where they lie.
    pub(super) at: &'a Boxes,
}

impl Patch<'_> {
    /// The numbers inside of other boxes, `[N, C, h, w]` with channels last in memory; outside of the plane they are `around`.
    pub(super) fn cut(&self, boxes: &Boxes, around: f32) -> Result<Tensor, ModelError> {
        if self.at == boxes {
            return Ok(self.inside.shallow_clone());
        }
        let (base, inside) = (channels_last(self.base)?, channels_last(self.inside)?);
        let [_, height, width, channels] = base.size()[..].try_into().expect("four dimensions");
        let [rows, columns] = boxes.size;
        let shape = [boxes.corners.len() as i64, rows as i64, columns as i64, channels];
        let mut cut = Tensor::f_empty(shape, (Kind::Float, Device::Cpu))?;
        #[expect(unsafe_code, reason = "libtorch gives only the address of its memory")]
        // SAFETY: it was just made, so nothing else refers to it.
        let to = unsafe { numbers_mut(&mut cut) };
        let (from, channels) = (numbers(&base), channels as usize);
        let one = rows * columns * channels;
        for (index, (corner, to)) in boxes.corners.iter().zip(to.chunks_exact_mut(one.max(1))).enumerate() {
            let frame = [(corner[0], rows), (corner[1], columns)];
            copy(from, [(0, height as usize), (0, width as usize)], to, frame, channels, Some(around));
            let (corner, [rows, columns]) = (self.at.corners[index], self.at.size);
            let one = rows * columns * channels;
            let own = [(corner[0], rows), (corner[1], columns)];
            copy(&numbers(&inside)[index * one..][..one], own, to, frame, channels, None);
        }
        Ok(cut.f_permute([0, 3, 1, 2])?)
    }
}

/// Copies the part of a rectangle that lies in another; both are given by the first place and the length of each side. What
/// lies in the second alone becomes `around`, if that is given.
fn copy(
    from: &[f32],
    source: [(i64, usize); 2],
    to: &mut [f32],
    target: [(i64, usize); 2],
    channels: usize,
    around: Option<f32>,
) {
    // From which to which place of the target, and where in the source that begins.
    let common = |side: usize| {
        let ((begin, length), (start, size)) = (source[side], target[side]);
        let first = begin.max(start);
        let last = (begin + length as i64).min(start + size as i64).max(first);
        let at = |place: i64| ((place - start) as usize).min(size);
        (at(first)..at(last), (first - begin).max(0) as usize)
    };
    let ((rows, first_row), (columns, first_column)) = (common(0), common(1));
    let (source_width, width) = (source[1].1, target[1].1);
    for (row, to) in to.chunks_exact_mut((width * channels).max(1)).enumerate() {
        let inside = rows.contains(&row) && !columns.is_empty();
        let (begin, end) = if inside { (columns.start, columns.end) } else { (width, width) };
        if let Some(around) = around {
            to[..begin * channels].fill(around);
            to[end * channels..].fill(around);
        }
        if inside {
            let at = ((row - rows.start + first_row) * source_width + first_column) * channels;
            let count = columns.len() * channels;
            to[begin * channels..end * channels].copy_from_slice(&from[at..at + count]);
        }
    }
}

/// The smallest rectangle outside of which a row of a batch, `[C, H, W]`, has the numbers of another, bit by bit; `None` if
/// they do not differ.
pub(super) fn difference(a: &[f32], b: &[f32], [height, width]: [usize; 2]) -> Option<Rectangle> {
    let differs = |(a, b): (&f32, &f32)| a.to_bits() != b.to_bits();
    // Most rows are equal, which is found without a branch for each number.
    let bits = |all: u32, (a, b): (&f32, &f32)| all | (a.to_bits() ^ b.to_bits());
    let [mut top, mut bottom] = [height, 0];
    let [mut left, mut right] = [width, 0];
    for (a, b) in a.chunks_exact(height * width).zip(b.chunks_exact(height * width)) {
        let row = |row: usize| (&a[row * width..][..width], &b[row * width..][..width]);
        let unequal = |&at: &usize| row(at).0.iter().zip(row(at).1).fold(0, bits) != 0;
        // Only places outside of what has been found can enlarge it.
        top = (0..top).find(unequal).unwrap_or(top);
        bottom = (bottom.max(top)..height).rev().find(unequal).map_or(bottom, |last| last + 1);
        for (a, b) in (top..bottom).map(row) {
            left = a[..left].iter().zip(&b[..left]).position(differs).unwrap_or(left);
            let last = a[right..].iter().zip(&b[right..]).rposition(differs);
            right = last.map_or(right, |last| right + last + 1);
        }
    }
    (top < bottom).then_some([[top as i64, bottom as i64], [left as i64, right as i64]])
}
