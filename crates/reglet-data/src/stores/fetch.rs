//! One object of a store.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use futures_util::StreamExt;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore};
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Patience, fault};
use crate::refusal::{Found, Refusal};
use crate::remote::{AddressFault, Remote};

/// An object, there or not.
#[derive(Clone)]
pub(super) struct Object {
    store: Arc<dyn ObjectStore>,
    path: Path,
    patience: Patience,
    /// Whether the store promises another tag for every version of an object.
    is_store: bool,
}

/// What has been read of an object.
pub(super) struct Content<T> {
    pub(super) content: T,
    /// The tag of this version, where the store vouches for it.
    pub(super) tag: Option<String>,
    /// Reserved memory, for as long as it is in use.
    room: Option<OwnedSemaphorePermit>,
}

impl<T> Content<T> {
    /// The memory that it occupies, to be handed over to another holder.
    pub(super) fn take_room(&mut self) -> Option<OwnedSemaphorePermit> {
        self.room.take()
    }
}

/// What takes an object's bytes as they come.
pub(super) trait Sink: Default + Send {
    fn take(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn take(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Sink for Sha256 {
    fn take(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

/// How far reading came.
enum Outcome<T> {
    Done(T),
    /// There is no room for so much.
    NoRoom,
    /// The download of the object had begun; then the client does not retry by itself unless the store gives tags.
    Midway(Refusal),
}

impl Object {
    pub(super) fn new(
        store: Arc<dyn ObjectStore>,
        remote: &Remote,
        patience: Patience,
    ) -> Result<Object, Refusal> {
        let is_store = remote.scheme.is_store();
        let path = if is_store { Path::parse(&remote.key) } else { Path::from_url_path(&remote.key) };
        let path =
            path.map_err(|_| Refusal::Address(AddressFault::Malformed { address: remote.to_string() }))?;
        Ok(Object { store, path, patience, is_store })
    }

    /// All of it, if that is at most `limit` bytes.
    pub(super) async fn whole<T: Sink>(&self, limit: u64) -> Result<Content<T>, Refusal> {
        match self.get(GetOptions::new(), limit, None).await? {
            Some(content) => Ok(content),
            None => Err(Refusal::TooLong(limit)),
        }
    }

    /// The same, if there is room for it: a unit for each KiB. `None` if there is none.
    pub(super) async fn whole_within<T: Sink>(
        &self,
        limit: u64,
        room: &Arc<Semaphore>,
    ) -> Result<Option<Content<T>>, Refusal> {
        self.get(GetOptions::new(), limit, Some(room)).await
    }

    /// The first bytes.
    pub(super) async fn start(&self, count: u64) -> Result<Content<Vec<u8>>, Refusal> {
        if !self.is_store {
            // A web server may not support ranges and send more than was requested; the rest is not read.
            let answer = self.store.get_opts(&self.path, GetOptions::new()).await.map_err(fault::refusal)?;
            let (mut stream, mut content) = (answer.into_stream(), Vec::new());
            while (content.len() as u64) < count
                && let Some(bytes) = stream.next().await
            {
                content.extend_from_slice(&bytes.map_err(fault::refusal)?);
            }
            content.truncate(usize::try_from(count).unwrap_or(usize::MAX));
            return Ok(Content { content, tag: None, room: None });
        }
        let options = GetOptions::new().with_range(Some(GetRange::Bounded(0..count)));
        self.get(options, count, None).await?.ok_or(Refusal::TooLong(count))
    }

    /// The tag of the version that is there now, where the store vouches for it.
    pub(super) async fn tag(&self) -> Result<Option<String>, Refusal> {
        let answer = self.store.get_opts(&self.path, GetOptions::new().with_head(true)).await;
        Ok(self.tag_of(&answer.map_err(fault::refusal)?.meta))
    }

    /// A weak tag may also belong to another version, and a web server's tag may be computed from a time.
    fn tag_of(&self, meta: &ObjectMeta) -> Option<String> {
        let tag =
            meta.e_tag.as_deref().filter(|tag| self.is_store && !tag.is_empty() && !tag.starts_with("W/"))?;
        Some(format!("{tag} {}", meta.size))
    }

    async fn get<T: Sink>(
        &self,
        options: GetOptions,
        limit: u64,
        room: Option<&Arc<Semaphore>>,
    ) -> Result<Option<Content<T>>, Refusal> {
        let mut pause = self.patience.pause;
        for _ in 0..self.patience.retries {
            match self.once(options.clone(), limit, room).await? {
                Outcome::Done(content) => return Ok(Some(content)),
                Outcome::NoRoom => return Ok(None),
                Outcome::Midway(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        match self.once(options, limit, room).await? {
            Outcome::Done(content) => Ok(Some(content)),
            Outcome::NoRoom => Ok(None),
            Outcome::Midway(refusal) => Err(refusal),
        }
    }

    async fn once<T: Sink>(
        &self,
        options: GetOptions,
        limit: u64,
        room: Option<&Arc<Semaphore>>,
    ) -> Result<Outcome<Content<T>>, Refusal> {
        let answer = self.store.get_opts(&self.path, options).await.map_err(fault::refusal)?;
        let length = answer.range.end.saturating_sub(answer.range.start);
        if length > limit {
            return Err(Refusal::TooLong(limit));
        }
        let tag = self.tag_of(&answer.meta);
        let room = match room {
            None => None,
            Some(room) => {
                let units = u32::try_from(length.div_ceil(1 << 10)).unwrap_or(u32::MAX);
                match Arc::clone(room).try_acquire_many_owned(units) {
                    Ok(room) => Some(room),
                    Err(_) => return Ok(Outcome::NoRoom),
                }
            }
        };
        // No memory is allocated for a length that is only announced.
        let (mut stream, mut content, mut came) = (answer.into_stream(), T::default(), 0);
        while let Some(bytes) = stream.next().await {
            let bytes = match bytes {
                Ok(bytes) => bytes,
                Err(error) => return Ok(Outcome::Midway(fault::refusal(error))),
            };
            came += bytes.len() as u64;
            if came > limit {
                return Err(Refusal::TooLong(limit));
            }
            content.take(&bytes);
        }
        if came != length {
            let reason = format!("{came} bytes were received, but {length} were announced");
            return Ok(Outcome::Midway(fault::fleeting(reason)));
        }
        Ok(Outcome::Done(Content { content, tag, room }))
    }

    /// The entries directly in it, if it is a folder.
    pub(super) async fn list(&self) -> Result<Vec<Found>, Refusal> {
        let prefix = Some(&self.path).filter(|path| !path.as_ref().is_empty());
        let listed = self.store.list_with_delimiter(prefix).await.map_err(fault::refusal)?;
        if listed.objects.is_empty() && listed.common_prefixes.is_empty() {
            return Err(Refusal::System(io::Error::new(io::ErrorKind::NotFound, "there is nothing in it")));
        }
        // Some servers do not support folders and list the entries within them, too.
        let place = |path: &Path| -> Option<(String, bool)> {
            let mut parts = path.prefix_match(&self.path)?;
            let first = parts.next()?.as_ref().to_owned();
            Some((first, parts.next().is_some()))
        };
        let folders = listed.common_prefixes.iter().filter_map(|path| Some((place(path)?.0, true)));
        let files = listed.objects.iter().filter_map(|object| place(&object.location));
        let found: BTreeSet<(String, bool)> = folders.chain(files).collect();
        let found = found.into_iter();
        Ok(found
            .map(|(name, is_folder)| Found { name, is_text: true, is_folder, is_file: !is_folder })
            .collect())
    }
}
