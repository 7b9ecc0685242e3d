//! Parts on their way: each takes the bytes it brings from what its file may still have when it begins, and from what
//! all sessions may store together, and ends when its file does.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{Notify, watch};

use crate::error::ApiError;
use crate::session::SessionKey;
use crate::store::FileKey;

/// How often a part that waits for an earlier try of itself looks at it.
const LOOK: Duration = Duration::from_millis(100);
/// After so many looks in a row at which its client had sent nothing, an earlier try is ended.
const SILENT_LOOKS: u32 = 5;
/// After so many looks a part waits no longer.
const MOST_LOOKS: u32 = 300;

/// All parts on their way.
pub(crate) struct UnderWay {
    /// Most bytes stored and on their way.
    most: u64,
    books: Mutex<Books>,
    /// Told whenever one ends.
    freed: Notify,
}

#[derive(Default)]
struct Books {
    /// Bytes of all stored parts. What removes one may be booked before what stored it.
    stored: i64,
    begun: u64,
    /// By file, number and order.
    tries: BTreeMap<(FileKey, u32, u64), Arc<Try>>,
}

/// One try of a part.
struct Try {
    session: SessionKey,
    /// Bytes it may bring.
    reserved: AtomicU64,
    /// Bytes of these that are on disk.
    written: AtomicU64,
    /// Bytes that came.
    came: AtomicU64,
    /// Whether it waits for its client.
    listening: AtomicBool,
    end: watch::Sender<Option<End>>,
}

/// Why a part is ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Its file, or its session, was removed.
    Gone,
    /// Its file was completed.
    Complete,
    /// Its client was silent, and sends it anew.
    Superseded,
}

impl From<End> for ApiError {
    fn from(end: End) -> Self {
        match end {
            End::Gone => Self::no_upload(),
            End::Complete => Self::complete(),
            End::Superseded => {
                let message = "The body came too slowly, and another try of this part has begun.";
                Self::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message)
            }
        }
    }
}

/// The place of a part among those on their way, given back when it is dropped.
pub(crate) struct Ticket {
    key: (FileKey, u32, u64),
    this: Arc<Try>,
    under_way: Arc<UnderWay>,
}

/// What the file of a part has.
pub(crate) struct Has {
    /// Bytes it may have beside those that are stored.
    pub left: u64,
    /// Bytes of its stored parts, by number.
    pub parts: BTreeMap<u32, u64>,
}

/// Other tries of the same part, by order, that have its bytes.
pub(crate) struct Rivals(Vec<(u64, Arc<Try>)>);

impl UnderWay {
    /// None yet. With those that come, and those that are stored, there are never more than `most` bytes.
    pub fn new(most: Option<u64>) -> Self {
        Self { most: most.unwrap_or(u64::MAX), books: Mutex::default(), freed: Notify::new() }
    }

    /// Books bytes that were stored, or removed.
    pub fn stored(&self, change: i64) {
        let mut books = self.books();
        books.stored = books.stored.saturating_add(change);
    }

    /// Whether `coming` bytes more could be stored.
    ///
    /// # Errors
    /// 507 where they could not.
    pub fn check(&self, coming: u64) -> Result<(), ApiError> {
        self.books().check(self.most, coming)
    }

    /// A part begins, with nothing yet.
    pub fn begin(self: &Arc<Self>, session: SessionKey, file: FileKey, number: u32) -> Ticket {
        let this = Arc::new(Try {
            session,
            reserved: AtomicU64::new(0),
            written: AtomicU64::new(0),
            came: AtomicU64::new(0),
            listening: AtomicBool::new(false),
            end: watch::Sender::new(None),
        });
        let mut books = self.books();
        books.begun += 1;
        let key = (file, number, books.begun);
        books.tries.insert(key, this.clone());
        Ticket { key, this, under_way: self.clone() }
    }

    /// Ends every part of `file`.
    pub fn end_file(&self, file: FileKey, end: End) {
        for this in self.books().of(file).map(|(_, this)| this) {
            this.end.send_replace(Some(end));
        }
    }

    /// Ends every part of a session that is gone.
    pub fn end_session(&self, session: SessionKey) {
        for this in self.books().tries.values().filter(|this| this.session == session) {
            this.end.send_replace(Some(End::Gone));
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn of(&self, file: FileKey) -> impl Iterator<Item = (&(FileKey, u32, u64), &Arc<Try>)> {
        self.tries.range((file, 0, 0)..=(file, u32::MAX, u64::MAX))
    }

    fn check(&self, most: u64, coming: u64) -> Result<(), ApiError> {
        let reserved: u64 = self.tries.values().map(|this| this.reserved.load(Relaxed)).sum();
        let stored = u64::try_from(self.stored).unwrap_or_default();
        let all = stored.checked_add(reserved).and_then(|all| all.checked_add(coming));
        if all.is_some_and(|all| all <= most) { Ok(()) } else { Err(ApiError::no_room()) }
    }
}

impl Ticket {
    /// Takes `more` bytes for the part. `look` tells what its file has, and of the parts of which numbers; `fits`,
    /// whether so many bytes, all that are yet to be written, find room on the disk. The inner error are other tries of
    /// the same part, of which one at a time has bytes.
    ///
    /// # Errors
    /// 413 where the file may not have them, 507 where the server may not, and what the functions say.
    pub fn reserve(
        &self,
        more: u64,
        look: impl FnOnce(&mut dyn Iterator<Item = u32>) -> Result<Has, ApiError>,
        fits: impl FnOnce(u64) -> Result<(), ApiError>,
    ) -> Result<Result<(), Rivals>, ApiError> {
        // Nothing begins or ends from before `look` on: what is stored meanwhile is booked here until that can be seen.
        let books = self.under_way.books();
        let (file, number, order) = self.key;
        // By number, with this one's own.
        let mut under_way = BTreeMap::from([(number, 0)]);
        let mut rivals = Vec::new();
        for ((_, other, turn), this) in books.of(file).filter(|((_, _, turn), _)| *turn != order) {
            let reserved = this.reserved.load(Relaxed);
            if *other != number {
                *under_way.entry(*other).or_default() += reserved;
            } else if reserved > 0 {
                rivals.push((*turn, this.clone()));
            }
        }
        let Has { left, parts } = look(&mut under_way.keys().copied())?;
        let stored = |number| parts.get(&number).copied().unwrap_or_default();
        // A part that replaces another uses what that one has.
        let others = under_way.into_iter().filter(|(other, _)| *other != number);
        let others: u64 = others.map(|(other, reserved)| reserved.saturating_sub(stored(other))).sum();
        let wanted = self.this.reserved.load(Relaxed).saturating_add(more);
        if wanted > left.saturating_sub(others).saturating_add(stored(number)) {
            return Err(super::too_many_bytes());
        }
        // Two tries of one part would take from the file what its other parts need.
        if !rivals.is_empty() {
            return Ok(Err(Rivals(rivals)));
        }
        books.check(self.under_way.most, more)?;
        let unwritten: u64 = books.tries.values().map(|this| this.unwritten()).sum();
        fits(unwritten.saturating_add(more))?;
        self.this.reserved.store(wanted, Relaxed);
        Ok(Ok(()))
    }

    /// The part is stored, in place of one of `old` bytes.
    pub fn stored(&self, size: u64, old: u64) {
        let mut books = self.under_way.books();
        self.this.reserved.store(0, Relaxed);
        books.stored = books.stored.saturating_add_unsigned(size).saturating_sub_unsigned(old);
    }

    /// What `next` gives, which waits for the client; or, as soon as the part is to end, why.
    pub async fn listen<T>(&self, next: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
        self.this.listening.store(true, Relaxed);
        let heard = tokio::select! {
            biased;
            end = self.ended() => Err(end.into()),
            next = next => next,
        };
        self.this.listening.store(false, Relaxed);
        heard
    }

    /// So many bytes came.
    pub fn came(&self, bytes: u64) {
        self.this.came.fetch_add(bytes, Relaxed);
    }

    /// So many bytes are on disk.
    pub fn written(&self, bytes: u64) {
        self.this.written.fetch_add(bytes, Relaxed);
    }

    async fn ended(&self) -> End {
        let mut ended = self.this.end.subscribe();
        match ended.wait_for(Option::is_some).await.map(|end| *end) {
            Ok(Some(end)) => end,
            // The sender is here.
            _ => std::future::pending().await,
        }
    }
}

impl Try {
    /// Bytes that are yet to come.
    fn unwritten(&self) -> u64 {
        self.reserved.load(Relaxed).saturating_sub(self.written.load(Relaxed))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.under_way.books().tries.remove(&self.key);
        self.under_way.freed.notify_waiters();
    }
}

/// Waiting for an earlier try of the same part: it is let finish while its client sends, and ended once that is silent,
/// as happens where a connection broke and only one end knows.
#[derive(Default)]
pub(super) struct Patience {
    looks: u32,
    /// By order: the bytes that had come, and looks since.
    silent: HashMap<u64, (u64, u32)>,
}

impl Patience {
    /// Waits, and does `again` in between, until that is given its bytes.
    ///
    /// # Errors
    /// What `again` says, why the part is to end, and 408 where it waited for too long.
    pub async fn wait<F: Future<Output = Result<Result<(), Rivals>, ApiError>>>(
        &mut self,
        ticket: &Ticket,
        again: impl Fn() -> F,
    ) -> Result<(), ApiError> {
        loop {
            let mut freed = std::pin::pin!(ticket.under_way.freed.notified());
            freed.as_mut().enable();
            let Err(Rivals(rivals)) = again().await? else { return Ok(()) };
            tokio::select! {
                biased;
                end = ticket.ended() => return Err(end.into()),
                () = freed => {}
                () = tokio::time::sleep(LOOK) => self.look(ticket, &rivals)?,
            }
        }
    }

    fn look(&mut self, ticket: &Ticket, rivals: &[(u64, Arc<Try>)]) -> Result<(), ApiError> {
        self.looks += 1;
        if self.looks > MOST_LOOKS {
            let message = "Another try of this part is under way.";
            return Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message));
        }
        // Two that wait for one another would never end: the latest has the right of way.
        for (order, rival) in rivals.iter().filter(|(order, _)| *order < ticket.key.2) {
            let came = rival.came.load(Relaxed);
            let (before, looks) = self.silent.entry(*order).or_insert((came, 0));
            if *before != came || !rival.listening.load(Relaxed) {
                (*before, *looks) = (came, 0);
                continue;
            }
            *looks += 1;
            if *looks >= SILENT_LOOKS {
                rival.end.send_replace(Some(End::Superseded));
            }
        }
        Ok(())
    }
}
