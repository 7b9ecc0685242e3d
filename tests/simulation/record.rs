//! What an onlooker knows of one upload, from the actions asked for and the events told.

use partway::engine::{Kept, Picked, Plan, RequestId, State};
use partway::protocol::Code;
use std::collections::{BTreeMap, BTreeSet};

/// One of the requests an upload consists of (or the bucket's own, for its rules).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    Rules,
    Start,
    Part(u32),
    Complete,
    Confirm,
    /// Does the service still have what was begun before?
    Verify,
    Remove,
    /// What did a lost start leave?
    Find,
    /// Removing that.
    Clear,
}

/// A request that is to be sent again.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    pub failed_at: u64,
    pub not_before: u64,
    /// When it is sent at the latest, where nothing else is in its way.
    pub latest: u64,
    /// The longest back-off allowed, where it is only the jitter that decides.
    pub jitter: Option<u64>,
    /// It failed for want of a connection.
    pub unconnected: bool,
}

impl Retry {
    /// To be sent at once.
    pub fn at_once(now: u64) -> Self {
        Self { failed_at: now, not_before: now, latest: now, jitter: None, unconnected: false }
    }
}

/// The tries of one request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tries {
    pub sent: u32,
    /// Refused under the token that was newest when it was sent.
    pub refused: bool,
    pub retry: Option<Retry>,
}

#[derive(Debug)]
pub struct Record {
    pub plan: Plan,
    pub picked: Picked,
    /// Whether it goes on from what an earlier page kept.
    pub recalled: bool,
    /// The service was not asked yet whether it still has it.
    pub verifying: bool,
    pub resumed_from: u64,
    /// The service had lost it: it is let in by the rules once more.
    pub anew: bool,
    /// Requests under the key that was lost: they are cancelled.
    pub useless: Vec<RequestId>,
    /// Another page sends it, or did.
    pub followed: bool,
    pub following: bool,
    pub recalling: bool,
    /// Another page would send it.
    pub wanted: bool,
    /// A start was answered by nothing: it may have left a file.
    pub lost_start: bool,
    /// What is being found out about that.
    pub seeking: bool,
    pub orphans: BTreeSet<String>,
    /// Searching or removing failed for good: an orphan may stay.
    pub search_failed: bool,
    /// The bucket was searched since the parts were joined.
    pub searched: bool,
    /// It was let go of without a token, with which nothing could be tidied up.
    pub untidy: bool,
    /// It must not be started again.
    pub spent: bool,
    pub identity: Option<(String, String)>,
    pub tags: BTreeMap<u32, String>,
    pub saved: BTreeSet<u32>,
    /// Parts in flight, with the bytes that moved.
    pub flights: BTreeMap<u32, (RequestId, u64)>,
    pub control: Option<(RequestId, Slot)>,
    pub tries: BTreeMap<Slot, Tries>,
    /// The service was found to have all of it.
    pub complete: bool,
    /// Parts never sent.
    pub fresh: u32,
    pub requests: u32,
    pub paused: bool,
    /// Aborted; whether what is stored is kept.
    pub aborted: Option<bool>,
    pub aborted_at: u64,
    /// It must fail at once, like this.
    pub doom: Option<Code>,
    /// It may fail, like this.
    pub may_fail: Option<Code>,
    pub doubt: Option<partway::protocol::Failure>,
    pub removed: bool,
    pub end: Option<State>,
    pub settled: bool,
    pub forgotten: bool,
    pub sent: u64,
    pub shown: Option<(State, u64)>,
    pub shown_speed: f64,
    /// Parts of others sent while this one, never served, could have been.
    pub passed_over: usize,
}

impl Record {
    pub fn new(picked: Picked, plan: Plan) -> Self {
        Self {
            plan,
            picked,
            recalled: false,
            verifying: false,
            resumed_from: 0,
            anew: false,
            useless: Vec::new(),
            followed: false,
            following: false,
            recalling: false,
            wanted: false,
            lost_start: false,
            seeking: false,
            orphans: BTreeSet::new(),
            search_failed: false,
            searched: false,
            untidy: false,
            spent: false,
            identity: None,
            tags: BTreeMap::new(),
            saved: BTreeSet::new(),
            flights: BTreeMap::new(),
            control: None,
            tries: BTreeMap::new(),
            complete: false,
            fresh: plan.parts(),
            requests: 0,
            paused: false,
            aborted: None,
            aborted_at: 0,
            doom: None,
            may_fail: None,
            doubt: None,
            removed: false,
            end: None,
            settled: false,
            forgotten: false,
            sent: 0,
            shown: None,
            shown_speed: 0.0,
            passed_over: 0,
        }
    }

    /// Goes on from what an earlier page kept.
    pub fn recall(&mut self, kept: &Kept) {
        self.plan = Plan::new(self.plan.size(), Some(kept.part_size));
        self.identity = Some((kept.key.clone(), kept.upload_id.clone()));
        self.tags = kept.tags.iter().cloned().collect();
        self.saved = self.tags.keys().copied().collect();
        self.fresh = self.plan.parts() - self.tags.len() as u32;
        self.resumed_from = self.tags.keys().map(|part| self.plan.len(*part)).sum();
        (self.recalled, self.verifying) = (true, true);
    }

    /// The service no longer has what was stored before.
    pub fn begin_anew(&mut self) {
        self.identity = None;
        self.tags.clear();
        self.saved.clear();
        self.tries.clear();
        self.fresh = self.plan.parts();
        (self.recalled, self.verifying, self.resumed_from) = (false, false, 0);
        self.anew = true;
        self.doubt = None;
        self.useless = self.flights.values().map(|(request, _)| *request).collect();
    }

    /// Neither ended nor aborted.
    pub fn live(&self) -> bool {
        self.end.is_none() && self.aborted.is_none()
    }

    pub fn runnable(&self) -> bool {
        self.live() && !self.paused
    }

    /// Whether a request of this slot stands ready: never tried, or waited for long enough.
    pub fn overdue(&self, slot: Slot, now: u64) -> bool {
        self.tries.get(&slot).and_then(|tries| tries.retry).is_none_or(|retry| retry.latest <= now)
    }

    /// Whether some part must go out now if there is a place for it.
    pub fn part_overdue(&self, now: u64) -> bool {
        let parts = self.tries.range(Slot::Part(0)..=Slot::Part(u32::MAX));
        self.fresh > 0 || parts.filter_map(|(_, tries)| tries.retry).any(|retry| retry.latest <= now)
    }

    /// Nothing of it is to be sent.
    pub fn all_saved(&self) -> bool {
        self.complete || self.saved.len() == self.plan.parts() as usize
    }

    pub fn in_flight(&self) -> bool {
        self.control.is_some() || !self.flights.is_empty()
    }
}
