//! What is under way in the browser: one table of requests and of everything else.

use super::small_map::SmallMap;
use super::{CallId, Instant, OpId, UploadId};
use crate::protocol::Failure;

/// A request that was not answered for so long, in milliseconds, holds no other file back.
const SLOW: u64 = 1000;
/// After so long, in milliseconds, it is said that a file is waited for.
const UNREAD: u64 = 5000;

/// Whose operation it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    /// An upload's one operation besides those of its parts.
    Step(UploadId),
    /// A part on its way, its file's look-up included.
    Part(UploadId, u32),
    /// A part's tag on its way to the store.
    Tag(UploadId, u32),
    /// A part that the service has, on its way through the digest.
    Digest(UploadId, u32),
    /// A query of the locks, so that a cached page releases its own.
    Look,
    Call(CallId),
    Rules,
    Token,
    /// Asks whether the service is there.
    Probe,
    /// Removes a file that a start made twice.
    Stray,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A request to the Upload API.
    Request,
    /// A download from a link.
    Fetch,
    /// Anything that sends nothing.
    Local,
}

/// When an operation is given up unless something moves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    pub at: Instant,
    /// It was put off once because nobody was awake to see bytes move.
    pub put_off: bool,
}

impl Deadline {
    pub fn new(at: Instant) -> Self {
        Self { at, put_off: false }
    }
}

/// One operation under way.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub target: Target,
    pub kind: Kind,
    /// The token it bears.
    pub epoch: u64,
    /// When it was sent.
    pub since: Instant,
    /// How long it may be silent, in milliseconds.
    pub limit: u64,
    pub deadline: Option<Deadline>,
    /// Bytes that moved, and since when none did.
    pub moved: u64,
    pub silent_since: Instant,
    /// It has ended for want of a connection, and what that means is being found out.
    pub suspect: Option<Suspect>,
}

/// A failed connection without a verdict.
#[derive(Clone, Debug)]
pub(super) struct Suspect {
    pub failure: Failure,
    pub since: Instant,
}

impl Operation {
    /// Whether it is the one operation of a part on its way.
    pub fn is_part(&self) -> bool {
        matches!(self.target, Target::Part(..))
    }

    /// Whether it is a part on its way, and takes one of their places: a read of its file that hangs takes none.
    fn is_part_in_place(&self, now: Instant) -> bool {
        self.is_part() && !(self.kind == Kind::Local && self.is_slow(now))
    }

    /// Whether it reads a file, and has for so long that it is to be said.
    pub fn is_unread(&self, now: Instant) -> bool {
        self.kind == Kind::Local && now.since(self.since) >= UNREAD
    }

    /// Whether it takes one of the places for requests.
    fn takes_place(&self, now: Instant) -> bool {
        self.is_part_in_place(now) || !self.is_part() && self.kind == Kind::Request && self.target != Target::Probe
    }

    pub fn is_slow(&self, now: Instant) -> bool {
        now.since(self.since) >= SLOW
    }

    /// When it becomes slow.
    pub fn slow_at(&self) -> Instant {
        self.since.plus(SLOW)
    }
}

/// Every operation under way, by number.
#[derive(Debug, Default)]
pub(super) struct Operations {
    table: SmallMap<OpId, Operation>,
    last: u64,
}

impl Operations {
    /// Numbers an operation that begins.
    pub fn begin(&mut self, operation: Operation) -> OpId {
        self.last += 1;
        let op = OpId(self.last);
        self.table.insert(op, operation);
        op
    }

    pub fn get(&self, op: OpId) -> Option<&Operation> {
        self.table.get(&op)
    }

    pub fn get_mut(&mut self, op: OpId) -> Option<&mut Operation> {
        self.table.get_mut(&op)
    }

    pub fn end(&mut self, op: OpId) -> Option<Operation> {
        self.table.remove(&op)
    }

    pub fn iter(&self) -> impl Iterator<Item = &(OpId, Operation)> {
        self.table.iter()
    }

    pub fn values(&self) -> impl Iterator<Item = &Operation> {
        self.table.values()
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Operation> {
        self.table.values_mut()
    }

    /// Places taken by requests.
    pub fn places(&self, now: Instant) -> usize {
        self.values().filter(|operation| operation.takes_place(now)).count()
    }

    /// Parts on their way, and those of them that are slow.
    pub fn parts(&self, now: Instant) -> (usize, usize) {
        let parts = || self.values().filter(|operation| operation.is_part_in_place(now));
        (parts().count(), parts().filter(|operation| operation.is_slow(now)).count())
    }

    /// When it is to be said next that a file is waited for.
    pub fn unread_at(&self, now: Instant) -> Option<Instant> {
        let reads = self.values().filter(|operation| {
            operation.kind == Kind::Local && matches!(operation.target, Target::Step(_) | Target::Part(..))
        });
        reads.map(|operation| operation.since.plus(UNREAD)).filter(|at| *at > now).min()
    }

    /// The first whose deadline is over.
    pub fn overdue(&self, now: Instant) -> Option<OpId> {
        let is_over = |operation: &Operation| operation.deadline.is_some_and(|deadline| deadline.at <= now);
        self.iter().filter(|(_, operation)| is_over(operation)).map(|(op, _)| *op).min()
    }

    /// The earliest deadline.
    pub fn deadline(&self) -> Option<Instant> {
        self.values().filter_map(|operation| operation.deadline).map(|deadline| deadline.at).min()
    }
}
