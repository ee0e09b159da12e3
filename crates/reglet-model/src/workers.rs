//! Threads of our own, and what they may share.

use std::sync::LazyLock;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};
use tch::Tensor;

use crate::ModelError;

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
#[derive(Debug)]
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

// SAFETY: none of its functions that write takes `&self`, and those that are shared are not written to.
#[expect(unsafe_code, reason = "tch does not declare that its tensors may be shared between threads")]
unsafe impl ReadOnly for Tensor {}

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

/// Runs a function on each part, each on its own thread, and returns the results in the parts' order. A single part is run
/// on this thread and may use libtorch's own threads.
pub(crate) fn each<P: Send, R: Send>(
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
pub(crate) fn by_itself<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    WORKERS.install(work)
}
