//! Work on many classifiers, as many at once as there are cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::Error;

/// Calls `work` for every number below `count`, as many at a time as there are cores, each with one thread of libtorch, so
/// that the results do not depend on the number of cores. Returns the results in order. After an error no further call is
/// started.
///
/// # Errors
/// The first of the work's.
pub(super) fn spread<T: Send>(
    count: usize,
    work: impl Fn(usize) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let made: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(count));
    let worker = || -> Result<(), Error> {
        while !failed.load(Ordering::Relaxed) {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= count {
                break;
            }
            let one = work(place).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
            made.lock().unwrap_or_else(|poison| poison.into_inner()).push((place, one));
        }
        Ok(())
    };
    let workers = thread::available_parallelism().map_or(1, |cores| cores.get().min(count));
    let threads = tch::get_num_threads();
    tch::set_num_threads(1);
    let ended: Vec<thread::Result<Result<(), Error>>> = thread::scope(|scope| {
        let started: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        started.into_iter().map(|worker| worker.join()).collect()
    });
    tch::set_num_threads(threads);
    for end in ended {
        end.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    }
    let mut made = made.into_inner().unwrap_or_else(|poison| poison.into_inner());
    made.sort_by_key(|(place, _)| *place);
    Ok(made.into_iter().map(|(_, one)| one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_done_once_and_stands_in_order() {
        let squares = spread(100, |place| Ok(place * place)).expect("nothing fails");
        assert_eq!(squares, (0..100).map(|place| place * place).collect::<Vec<_>>());
        assert!(spread(0, |_| Ok(())).expect("nothing to do").is_empty());
    }

    #[test]
    fn an_error_ends_it() {
        let begun = AtomicUsize::new(0);
        let failed = spread(1000, |place| {
            begun.fetch_add(1, Ordering::Relaxed);
            if place == 3 { Err(Error::Usage("three".to_owned())) } else { Ok(()) }
        });
        assert_eq!(failed.expect_err("it fails").to_string(), "three");
        assert!(begun.load(Ordering::Relaxed) < 1000);
    }
}
