//! Work in a separate thread, the newest job first: jobs whose results are no longer needed are not started, or are
//! abandoned.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The sender of a request: each page that is open in a browser has a number, and only its newest request counts.
pub type Tab = u32;

/// The maximum number of waiting pages; if there are more, the one that has waited longest is refused.
const TABS: usize = 16;

/// A thread with a state of its own, to which jobs are submitted.
///
/// At most one job of each tab waits; a newer one replaces it. The newest job is done first. A running job learns from its
/// [`Ticket`] that a newer job of its tab is waiting, and should then end early.
pub struct Lane<State> {
    shared: Arc<Shared<State>>,
}

/// The priority of a lane if there are fewer cores than jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// As any other thread of the program.
    Usual,
    /// After all others, those that the thread itself starts included.
    Last,
}

/// Lowers the priority of the calling thread and of those that it will start. On Linux each thread has its own priority;
/// elsewhere, and if the system forbids it, the lane keeps the usual priority.
fn step_back() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}

/// Tells a running job whether its result is still needed.
#[derive(Debug, Clone, Default)]
pub struct Ticket(Arc<AtomicBool>);

impl Ticket {
    /// Whether a newer job of the same tab has come.
    pub fn is_superseded(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

type Work<State> = Box<dyn FnOnce(&mut State, &Ticket) + Send>;

struct Job<State> {
    tab: Tab,
    ticket: Ticket,
    work: Work<State>,
}

struct Queue<State> {
    waiting: Vec<Job<State>>,
    running: Option<(Tab, Ticket)>,
    closed: bool,
}

struct Shared<State> {
    queue: Mutex<Queue<State>>,
    arrived: Condvar,
}

impl<State> Shared<State> {
    fn queue(&self) -> MutexGuard<'_, Queue<State>> {
        // No job runs while the lock is held, so a panic cannot have left anything half done.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<State: Send + 'static> Lane<State> {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub fn start(name: &str, turn: Turn, mut state: State) -> std::io::Result<Lane<State>> {
        let queue = Mutex::new(Queue { waiting: Vec::new(), running: None, closed: false });
        let shared = Arc::new(Shared { queue, arrived: Condvar::new() });
        let own = Arc::clone(&shared);
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            if turn == Turn::Last {
                step_back();
            }
            while let Some(Job { ticket, work, .. }) = own.next() {
                // A job that panics gives no answer, but the jobs after it do.
                let _ = catch_unwind(AssertUnwindSafe(|| work(&mut state, &ticket)));
            }
        })?;
        Ok(Lane { shared })
    }

    /// Runs a job, unless a newer one of the same tab arrives before it starts; it is then dropped.
    pub fn submit(&self, tab: Tab, work: impl FnOnce(&mut State, &Ticket) + Send + 'static) {
        let mut queue = self.shared.queue();
        if let Some((running, ticket)) = &queue.running
            && *running == tab
        {
            ticket.0.store(true, Ordering::Relaxed);
        }
        queue.waiting.retain(|job| job.tab != tab);
        if queue.waiting.len() == TABS {
            queue.waiting.remove(0);
        }
        queue.waiting.push(Job { tab, ticket: Ticket::default(), work: Box::new(work) });
        self.shared.arrived.notify_one();
    }
}

impl<State> Shared<State> {
    /// The newest job; `None` once the lane is gone.
    fn next(&self) -> Option<Job<State>> {
        let mut queue = self.queue();
        queue.running = None;
        loop {
            if queue.closed {
                return None;
            }
            if let Some(job) = queue.waiting.pop() {
                queue.running = Some((job.tab, job.ticket.clone()));
                return Some(job);
            }
            queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<State> Drop for Lane<State> {
    fn drop(&mut self) {
        self.shared.queue().closed = true;
        self.shared.arrived.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    #[test]
    fn of_a_tab_only_the_newest_job_is_done_and_the_running_one_is_told() {
        let lane = Lane::start("test", Turn::Usual, Vec::new()).expect("a thread");
        let (begun, has_begun) = mpsc::channel();
        let (told, was_told) = mpsc::channel();
        lane.submit(1, move |done: &mut Vec<u32>, ticket| {
            begun.send(()).expect("somebody waits");
            while !ticket.is_superseded() {
                thread::sleep(Duration::from_millis(1));
            }
            done.push(0);
        });
        has_begun.recv_timeout(SOON).expect("the first job begins");
        for number in 1..100 {
            let told = told.clone();
            lane.submit(1, move |done, _| {
                done.push(number);
                told.send(done.clone()).expect("somebody waits");
            });
        }
        assert_eq!(was_told.recv_timeout(SOON).expect("the last job is done"), [0, 99]);
    }

    #[test]
    fn the_newest_tab_comes_first_a_panic_ends_nothing_and_others_are_kept() {
        let lane = Lane::start("test", Turn::Usual, ()).expect("a thread");
        let (open, gate) = mpsc::channel::<()>();
        lane.submit(0, move |(), _| {
            let _ = gate.recv_timeout(SOON);
            panic!("this job has no answer");
        });
        let (say, said) = mpsc::channel();
        for tab in 1..=3 {
            let say = say.clone();
            lane.submit(tab, move |(), ticket| say.send((tab, ticket.is_superseded())).expect("heard"));
        }
        open.send(()).expect("the first job waits");
        let order: Vec<_> = (0..3).map(|_| said.recv_timeout(SOON).expect("all are done")).collect();
        // The first may have been begun after the others had come, and is then the last.
        assert_eq!(order, [(3, false), (2, false), (1, false)]);
    }

    #[test]
    fn no_more_wait_than_there_are_places() {
        let lane = Lane::start("test", Turn::Usual, ()).expect("a thread");
        let (open, gate) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        lane.submit(0, move |(), _| {
            begun.send(()).expect("heard");
            let _ = gate.recv_timeout(SOON);
        });
        has_begun.recv_timeout(SOON).expect("it begins");
        let (say, said) = mpsc::channel();
        for tab in 1..=100 {
            let say = say.clone();
            lane.submit(tab, move |(), _| say.send(tab).expect("heard"));
        }
        drop((say, open));
        let done: Vec<u32> = said.iter().collect();
        assert_eq!(done, (101 - TABS as u32..=100).rev().collect::<Vec<_>>());
    }
}
