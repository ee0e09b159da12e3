//! Runs the rows of a batch on several threads.
//!
//! Rows do not depend on each other, so each thread runs its share of them through the whole network, and libtorch uses a
//! single thread within it. That is faster than libtorch's own threads, which have to synchronise after every operator.

use std::ops::Range;
use std::sync::LazyLock;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};
use tch::{Device, Tensor};

use super::{Arithmetic, Graph, Layout, Op, Origin, Pass, Reduction, Request, Selection, ValueId};
use crate::{ModelError, Parameters};

/// A pool of as many threads as libtorch would use; on each of them libtorch itself is single-threaded.
static WORKERS: LazyLock<ThreadPool> = LazyLock::new(|| {
    let threads = tch::get_num_threads();
    let builder = ThreadPoolBuilder::new().num_threads(threads as usize);
    let named = builder.thread_name(|index| format!("rows {index}"));
    let pool = named.start_handler(|_| tch::set_num_threads(1)).build().expect("threads can be started");
    // Each thread has its own number, but a thread that starts later takes the last one that was set.
    pool.broadcast(|_| ());
    tch::set_num_threads(threads);
    pool
});

/// A value that holds tensors and that several threads read.
pub(crate) struct Shared<T>(pub(crate) T);

impl<T> Shared<T> {
    pub(crate) fn get(&self) -> &T {
        &self.0
    }
}

/// A type whose tensors are only read through a shared reference to it.
///
/// # Safety
/// Nothing but its tensors keeps threads from sharing it, and none of its functions writes to a tensor through `&self`. `tch`
/// itself has such functions (of tensors: those with an underscore behind their name take `&mut self`, but two handles may refer
/// to the same numbers); no tensor that is shared here is written to while it is shared.
#[expect(unsafe_code, reason = "tch does not declare that its tensors may be shared between threads")]
pub(crate) unsafe trait ReadOnly {}

macro_rules! read_only {
    ($($shared:ty),+) => {$(
        // SAFETY: see the types: graphs and parameters have no functions that write to a tensor, and requests and passes refer to
        // tensors that their caller does not write to in the meantime.
        #[expect(unsafe_code, reason = "tch does not declare that its tensors may be shared between threads")]
        unsafe impl ReadOnly for $shared {}
    )+};
}

read_only!(Tensor, Graph, Parameters, Request<'_>, Pass<'_>);

// SAFETY: whoever may share a value may share references to it.
#[expect(unsafe_code, reason = "tch does not declare that its tensors may be shared between threads")]
unsafe impl<T: ReadOnly> ReadOnly for &T {}

// SAFETY: both are.
#[expect(unsafe_code, reason = "tch does not declare that its tensors may be shared between threads")]
unsafe impl<A: ReadOnly, B: ReadOnly> ReadOnly for (A, B) {}

// SAFETY: any number of threads may read a tensor of libtorch's at once, and these are only read.
#[expect(unsafe_code, reason = "tch does not declare that its tensors may be shared between threads")]
unsafe impl<T: ReadOnly> Send for Shared<T> {}

// SAFETY: as above.
#[expect(unsafe_code, reason = "tch does not declare that its tensors may be shared between threads")]
unsafe impl<T: ReadOnly> Sync for Shared<T> {}

impl Graph {
    /// The rows of a batch, split into as many parts of nearly equal size as there are threads to run them if they can be
    /// run `apart`, and in one part otherwise. Each row forms its own part if several pictures must not be run in one batch.
    pub(super) fn parts(&self, rows: i64, device: Device, apart: bool) -> Vec<Range<i64>> {
        if self.one_by_one {
            return (0..rows.max(1)).map(|row| row..(row + 1).min(rows)).collect();
        }
        let apart = apart && device == Device::Cpu && self.check_transparent().is_ok();
        let threads = if apart { i64::from(tch::get_num_threads()).clamp(1, rows.max(1)) } else { 1 };
        (0..threads).map(|index| index * rows / threads..(index + 1) * rows / threads).collect()
    }
}

impl Graph {
    /// Says of each value whether it is known to have one row per row of the batch in its first dimension, with no row
    /// depending on another, provided that the values of `fed` have: the results of operators that do not mix that
    /// dimension.
    pub(super) fn by_row(&self, fed: impl Iterator<Item = ValueId>) -> Vec<bool> {
        let mut by_row = vec![false; self.names.len()];
        for value in fed {
            by_row[value.0] = true;
        }
        for node in &self.nodes {
            let leaves = match node.op {
                Op::Conv2d { .. } | Op::Linear | Op::Dropout { .. } | Op::Activation(_) | Op::Pool(_) => true,
                Op::BatchNorm { .. } | Op::LayerNorm { .. } | Op::GroupNorm { .. } => true,
                Op::Arithmetic(Arithmetic::Add { .. } | Arithmetic::Mul { .. }) => true,
                Op::Layout(Layout::Flatten { start, .. }) => start > 0,
                Op::Layout(Layout::Permute { ref dims }) => dims.first() == Some(&0),
                Op::Selection(Selection::Cat { dim }) => dim > 0,
                Op::Reduction(Reduction::Mean { ref dims, .. }) => {
                    !dims.is_empty() && dims.iter().all(|dim| *dim > 0)
                }
                _ => false,
            };
            let parameter = |input: &ValueId| matches!(self.origins[input.0], Origin::Parameter(_));
            let mut given = node.inputs.iter().filter(|input| !parameter(input)).peekable();
            by_row[node.output.0] |= leaves && given.peek().is_some() && given.all(|input| by_row[input.0]);
        }
        by_row
    }
}

/// The parts of a value concatenated; a single part is returned as it is.
pub(super) fn whole(mut parts: Vec<Tensor>) -> Result<Tensor, ModelError> {
    match parts.len() {
        1 => Ok(parts.remove(0)),
        _ => Ok(Tensor::f_cat(&parts, 0)?),
    }
}

/// Runs a function on each part, each on its own thread, and returns the results in the parts' order. A single part is run
/// on this thread and may use libtorch's own threads.
pub(super) fn each<P: Send, R: Send>(
    parts: Vec<P>,
    work: impl Fn(P) -> Result<R, ModelError> + Sync + Send,
) -> Result<Vec<R>, ModelError> {
    if parts.len() == 1 {
        return parts.into_iter().map(work).collect();
    }
    WORKERS.install(|| parts.into_par_iter().map(work).collect())
}

/// Runs a function on a thread on which libtorch itself is single-threaded. This suits many small operators, in which
/// libtorch's threads would mostly wait for each other.
pub(super) fn by_itself<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    WORKERS.install(work)
}
