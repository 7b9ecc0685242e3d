//! The stages of an upload, each with what is known in it.

use super::orphans::{AfterOrphans, Orphans};
use crate::engine::shared::Shared;
use crate::engine::tries::{Exchange, Tries};
use crate::engine::{Instant, OpId, Remote};
use crate::protocol::Failure;
use crate::resume::StoredPart;
use std::collections::VecDeque;

/// How many times `stallTimeout` the parts of a file may take to be joined, where nothing is heard of it; and where the
/// service says that they are being joined (HTTP 409).
const JOINED_WITHIN: u64 = 4;
const CERTAINLY_JOINED_WITHIN: u64 = 10;

/// Where an upload stands.
#[derive(Clone, Debug)]
pub(in crate::engine) enum Stage {
    /// It waits for its turn.
    Queued,
    /// Which file is it, does another tab send it, and was it begun before?
    Claiming(Claiming),
    /// The service is told of it; it has no key yet.
    Starting(Starting),
    /// The service knows it.
    Live(Live),
    /// It has ended; something may be left to do.
    Ending(Ending),
}

/// Before anything is sent.
#[derive(Clone, Debug)]
pub(in crate::engine) enum Claiming {
    Sampling(OpId),
    Locking(OpId),
    /// Another tab has the file's lock.
    Following(Following),
    Loading(OpId),
}

/// How this tab waits for the file's lock.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Following {
    pub wait: LockWait,
    /// When to query the locks next, so that a cached page releases its own.
    pub look_at: Instant,
    /// When it last heard of the tab that has the lock, or began to listen.
    pub heard_at: Instant,
    /// When it asked that tab for a sign of life: first since then, and last.
    pub asked_at: Option<(Instant, Instant)>,
}

/// How this tab waits for the file's lock.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum LockWait {
    /// In the browser's queue.
    Queued(OpId),
    /// Asking once more, where there is no queue.
    Asking(OpId),
    /// There is no queue: it is asked for then.
    AskAt(Instant),
    /// It is granted; the other tab's last report may still be on its way.
    LastWord {
        /// Until then.
        at: Instant,
        /// Nobody was awake to hear it, so it was given more time.
        put_off: bool,
    },
}

/// On the way to a key.
#[derive(Clone, Debug)]
pub(in crate::engine) enum Starting {
    /// The store learns that a start is about to be sent.
    StoringIntent(OpId),
    /// `POST /buckets`.
    Posting(Exchange),
    /// The store learns the key; then this follows.
    StoringRecord(OpId, Live),
    /// What did an earlier start leave in the bucket?
    Orphans(Orphans, AfterOrphans),
}

/// The service knows it by a key.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Live {
    pub remote: Remote,
    /// It is resumed from what an earlier page stored.
    pub resumed: bool,
    /// The service refused the tags there were, and every part is sent again.
    pub tags_refused: bool,
    pub step: LiveStep,
}

impl Live {
    /// Its parts are sent, or the rest of them.
    pub fn sending(remote: Remote, resumed: bool) -> Self {
        Self { remote, resumed, tags_refused: false, step: LiveStep::Sending }
    }
}

/// What comes next.
#[derive(Clone, Debug)]
pub(in crate::engine) enum LiveStep {
    /// Is the file still what was sent of it before?
    Checking(Checking),
    /// Does the service still have what was begun before?
    Verifying(Exchange),
    Sending,
    /// Is it still the same file?
    Sampling(Exchange),
    Completing(Exchange),
    /// Was the completion done all the same?
    Confirming(Exchange, Uncertain),
    /// It is complete. What did a lost start leave in the bucket?
    Orphans(Orphans),
}

/// Parts that are stored, and count once the file is found to be the same there.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Checking {
    /// Reads the first of them.
    pub op: OpId,
    /// By number.
    pub parts: VecDeque<(u32, StoredPart)>,
}

/// A request that failed and may have been acted on all the same.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Uncertain {
    pub failure: Failure,
    /// How often it was sent, and how often it stalled.
    pub tries: u32,
    pub stalls: u32,
    /// When it failed.
    pub since: Instant,
}

impl Uncertain {
    /// A request failed after `tries`.
    pub fn new(failure: Failure, tries: Tries, shared: &Shared) -> Self {
        let stalls = tries.stalls + u32::from(failure.is_stall());
        Self { failure, tries: tries.sent, stalls, since: shared.now }
    }

    /// Its next try, by the back-off; `None` when it is given up.
    pub fn again(&self, shared: &mut Shared) -> Option<Exchange> {
        let wait = shared.config.backoff.delay(self.tries, &self.failure, &mut shared.random)?;
        let (due, unconnected) = (shared.now.plus(wait), self.failure.is_connection_failure());
        Some(Exchange::after(Tries { sent: self.tries, stalls: self.stalls, due, unconnected, ..Tries::default() }))
    }

    /// When to ask again whether it was done after all, where it may be under way: at growing distances.
    pub fn asked_again_at(&self, shared: &Shared) -> Option<Instant> {
        let (stall, waited) = (shared.config.stall, shared.now.since(self.since));
        let within = match self.failure.status {
            Some(409) => CERTAINLY_JOINED_WITHIN * stall,
            None if self.failure.is_stall() => JOINED_WITHIN * stall,
            _ => 0,
        };
        (waited < within).then(|| shared.now.plus((waited / 2).clamp(stall / 16, stall)))
    }
}

/// It has ended.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Ending {
    pub end: End,
    /// What is stored of it, here and at the service, lets somebody resume it later.
    pub keep: bool,
    /// What the service knows it by.
    pub remote: Option<Remote>,
    pub step: EndStep,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) enum End {
    Done,
    Failed(Failure),
    Aborted,
}

/// What is left to do.
#[derive(Clone, Debug)]
pub(in crate::engine) enum EndStep {
    /// It was aborted while it started: without the key nothing can be removed.
    AwaitingStart(OpId),
    /// Removes what the service has.
    Removing(Exchange),
    /// What did a lost start leave in the bucket?
    Orphans(Orphans),
    /// Tags are still on their way to the store; so is the record, by this operation.
    Storing(Option<OpId>),
    /// Deletes what is stored of it.
    Purging(OpId),
    Settled,
}

impl Stage {
    /// The request of this stage, parts apart, with its tries. There is none where none is sent.
    pub fn exchange(&self) -> Option<&Exchange> {
        match self {
            Self::Starting(Starting::Posting(exchange)) => Some(exchange),
            Self::Starting(Starting::Orphans(orphans, _)) => orphans.exchange(),
            Self::Live(live) => match &live.step {
                LiveStep::Verifying(exchange)
                | LiveStep::Sampling(exchange)
                | LiveStep::Completing(exchange)
                | LiveStep::Confirming(exchange, _) => Some(exchange),
                LiveStep::Orphans(orphans) => orphans.exchange(),
                LiveStep::Checking(_) | LiveStep::Sending => None,
            },
            Self::Ending(ending) => match &ending.step {
                EndStep::Removing(exchange) => Some(exchange),
                EndStep::Orphans(orphans) => orphans.exchange(),
                EndStep::AwaitingStart(_) | EndStep::Storing(_) | EndStep::Purging(_) | EndStep::Settled => None,
            },
            Self::Queued | Self::Claiming(_) | Self::Starting(_) => None,
        }
    }

    /// The same, to be changed.
    pub fn exchange_mut(&mut self) -> Option<&mut Exchange> {
        match self {
            Self::Starting(Starting::Posting(exchange)) => Some(exchange),
            Self::Starting(Starting::Orphans(orphans, _)) => orphans.exchange_mut(),
            Self::Live(live) => match &mut live.step {
                LiveStep::Verifying(exchange)
                | LiveStep::Sampling(exchange)
                | LiveStep::Completing(exchange)
                | LiveStep::Confirming(exchange, _) => Some(exchange),
                LiveStep::Orphans(orphans) => orphans.exchange_mut(),
                LiveStep::Checking(_) | LiveStep::Sending => None,
            },
            Self::Ending(ending) => match &mut ending.step {
                EndStep::Removing(exchange) => Some(exchange),
                EndStep::Orphans(orphans) => orphans.exchange_mut(),
                EndStep::AwaitingStart(_) | EndStep::Storing(_) | EndStep::Purging(_) | EndStep::Settled => None,
            },
            Self::Queued | Self::Claiming(_) | Self::Starting(_) => None,
        }
    }

    /// The operation of this stage that is under way, those of parts apart.
    pub fn operation(&self) -> Option<OpId> {
        match self {
            Self::Claiming(Claiming::Sampling(op) | Claiming::Locking(op) | Claiming::Loading(op))
            | Self::Starting(Starting::StoringIntent(op) | Starting::StoringRecord(op, _)) => Some(*op),
            Self::Claiming(Claiming::Following(following)) => match following.wait {
                LockWait::Queued(op) | LockWait::Asking(op) => Some(op),
                LockWait::AskAt(_) | LockWait::LastWord { .. } => None,
            },
            Self::Starting(Starting::Orphans(orphans, _))
            | Self::Live(Live { step: LiveStep::Orphans(orphans), .. })
            | Self::Ending(Ending { step: EndStep::Orphans(orphans), .. }) => orphans.operation(),
            Self::Live(Live { step: LiveStep::Checking(checking), .. }) => Some(checking.op),
            Self::Ending(ending) => match &ending.step {
                EndStep::AwaitingStart(op) | EndStep::Purging(op) => Some(*op),
                EndStep::Storing(op) => *op,
                EndStep::Removing(exchange) => exchange.op,
                EndStep::Orphans(_) | EndStep::Settled => None,
            },
            Self::Queued | Self::Starting(_) | Self::Live(_) => self.exchange().and_then(|exchange| exchange.op),
        }
    }

    /// What names the upload at the service, once that is known.
    pub fn remote(&self) -> Option<&Remote> {
        match self {
            Self::Starting(Starting::StoringRecord(_, live)) | Self::Live(live) => Some(&live.remote),
            Self::Ending(ending) => ending.remote.as_ref(),
            Self::Queued | Self::Claiming(_) | Self::Starting(_) => None,
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        matches!(self, Self::Ending(_))
    }

    /// Whether another tab sends it.
    pub fn is_following(&self) -> bool {
        matches!(self, Self::Claiming(Claiming::Following(_)))
    }

    /// Whether parts are sent.
    pub fn is_sending(&self) -> bool {
        matches!(self, Self::Live(Live { step: LiveStep::Sending, .. }))
    }
}
