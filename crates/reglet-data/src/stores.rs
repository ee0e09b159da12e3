//! Files in object stores and behind web addresses, for callers that know nothing of asynchrony.
//!
//! | what | where |
//! |---|---|
//! | which store an address is of, with the credentials of the environment | `open.rs` |
//! | one object, tried again where that may help | `fetch.rs` |
//! | objects before they are requested | `ahead.rs` |
//! | what a store says, without what is secret in it | `fault.rs` |

mod ahead;
mod fault;
mod fetch;
mod open;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use object_store::ObjectStore;
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;

use crate::refusal::{Found, Refusal, StoreFault};
use crate::remote::{AddressFault, Remote, Scheme};
pub(crate) use ahead::Ahead;
use fetch::{Content, Object};

/// The number of objects that are requested at the same time.
const AT_ONCE: usize = 64;

/// What has been read of an object.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) bytes: Vec<u8>,
    /// What may be remembered about it; `None` if a replaced object could not be distinguished from it.
    pub(crate) known: Option<Known>,
}

/// What is known of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// The tag that the store gave this version of the object, if it is a strong one.
    pub(crate) tag: Option<String>,
    pub(crate) sha256: [u8; 32],
}

/// How long a store is waited for.
#[derive(Debug, Clone)]
struct Patience {
    /// How often a request is made again after it failed.
    retries: usize,
    /// The first pause before a further attempt; each pause is twice as long as the one before, with some randomness.
    pause: Duration,
    /// How long a response may take to begin, or to continue, without any data arriving.
    silence: Duration,
    /// How long one request may take in all.
    whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            retries: 6,
            pause: Duration::from_millis(100),
            silence: Duration::from_secs(30),
            whole: Duration::from_secs(600),
        }
    }
}

/// The stores that have been opened, and the threads that read from them.
struct Stores {
    runtime: Runtime,
    patience: Patience,
    /// By scheme and bucket or host.
    open: Mutex<HashMap<(Scheme, String), Arc<dyn ObjectStore>>>,
}

/// Those of this program.
fn shared() -> Result<&'static Arc<Stores>, Refusal> {
    static SHARED: OnceLock<Result<Arc<Stores>, String>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| {
        Stores::new(Patience::default())
            .map(Arc::new)
            .map_err(|error| format!("no thread to read with: {error}"))
    });
    shared.as_ref().map_err(|reason| Refusal::Store(StoreFault { reason: reason.clone(), lasting: false }))
}

/// The whole content of an object of at most `limit` bytes.
pub(crate) fn read(remote: &Remote, limit: u64) -> Result<Fetched, Refusal> {
    shared()?.read(remote, limit)
}

/// The first bytes of each object: this number, or all if there are fewer.
pub(crate) fn starts(remotes: Vec<Remote>, count: u64) -> Vec<Result<Vec<u8>, Refusal>> {
    each(remotes, move |stores, remote| async move {
        let object = stores.object(&remote)?;
        Ok(object.start(count).await?.content)
    })
}

/// The hash of each object. One that has the tag which is known of it is not read.
pub(crate) fn hashes(remotes: Vec<(Remote, Option<Known>)>) -> Vec<Result<Known, Refusal>> {
    each(remotes, |stores, (remote, known)| async move {
        let object = stores.object(&remote)?;
        if let Some(known) = known
            && known.tag.is_some()
            && object.tag().await? == known.tag
        {
            return Ok(known);
        }
        let Content { content, tag, .. } = object.whole::<Sha256>(u64::MAX).await?;
        Ok(Known { tag, sha256: content.finalize().into() })
    })
}

/// The entries directly in a folder.
pub(crate) fn list(remote: &Remote) -> Result<Vec<Found>, Refusal> {
    if !remote.scheme.is_store() {
        return Err(Refusal::Address(AddressFault::NoListing { address: remote.to_string() }));
    }
    let stores = shared()?;
    let object = stores.object(remote)?;
    stores.wait(async move { object.list().await })?
}

/// The result for each, computed several at a time, in their order.
fn each<T, Answer, Task>(
    all: Vec<T>,
    ask: impl Fn(Arc<Stores>, T) -> Task + Send + 'static,
) -> Vec<Result<Answer, Refusal>>
where
    T: Send + 'static,
    Answer: Send + 'static,
    Task: Future<Output = Result<Answer, Refusal>> + Send + 'static,
{
    let count = all.len();
    let asked = shared().and_then(|stores| {
        let own = Arc::clone(stores);
        let tasks = stream::iter(all).map(move |one| ask(Arc::clone(&own), one)).buffered(AT_ONCE);
        stores.wait(tasks.collect())
    });
    match asked {
        Ok(answers) => answers,
        Err(_) => (0..count).map(|_| Err(stopped())).collect(),
    }
}

fn stopped() -> Refusal {
    let reason = "what reads from stores has stopped".to_owned();
    Refusal::Store(StoreFault { reason, lasting: false })
}

impl Stores {
    fn new(patience: Patience) -> std::io::Result<Stores> {
        // If another part of the program has already chosen one, that is fine, too.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("stores")
            .enable_all()
            .build()?;
        Ok(Stores { runtime, patience, open: Mutex::default() })
    }

    fn read(&self, remote: &Remote, limit: u64) -> Result<Fetched, Refusal> {
        let object = self.object(remote)?;
        self.wait(async move { object.whole(limit).await.map(Fetched::of) })?
    }

    /// The object at an address, in a store that is opened once.
    fn object(&self, remote: &Remote) -> Result<Object, Refusal> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (remote.scheme, remote.place.clone());
        let store = match open.get(&key) {
            Some(store) => Arc::clone(store),
            None => {
                let store = open::open(remote, &self.patience).map_err(fault::refusal)?;
                open.insert(key, Arc::clone(&store));
                store
            }
        };
        Object::new(store, remote, self.patience.clone())
    }

    /// Waits for a task's result, on any thread of the caller.
    fn wait<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> Result<T, Refusal> {
        let (give, take) = mpsc::channel();
        self.runtime.spawn(async move {
            // The receiver may no longer exist.
            let _ = give.send(task.await);
        });
        take.recv().map_err(|_| stopped())
    }
}

impl Fetched {
    fn of(content: Content<Vec<u8>>) -> Fetched {
        let Content { content: bytes, tag, .. } = content;
        let known = tag.map(|tag| Known { tag: Some(tag), sha256: Sha256::digest(&bytes).into() });
        Fetched { bytes, known }
    }
}

#[cfg(test)]
mod tests;
