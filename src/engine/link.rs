//! Whether the service can be reached, by the browser's word and by what became of requests.

use super::operations::{Deadline, Target};
use super::shared::Shared;
use super::{Instant, OpId};
use crate::protocol::Request;

/// A browser may be wrong about being offline: after so long, one request finds out. In milliseconds.
const RETRY_EVERY: u64 = 30_000;
/// How long after a failure the browser may still learn that there is no network, in milliseconds.
const VERDICT_AFTER: u64 = 50;
/// How many times the stall timeout a second try is waited for while the service answers others: it may be lost all the
/// same.
const WAITED_FOR: u64 = 8;
/// Between two probes of a service that is gone, in milliseconds: half as long as it is gone, but so long.
const PROBE_LEAST: u64 = 500;
const PROBE_MOST: u64 = 10_000;

/// The way to the service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// The browser sees a network.
    online: bool,
    down: Option<Down>,
    /// The service answered something.
    answered: bool,
    /// The service answered the request for the rules.
    answered_rules: bool,
    probe: Option<OpId>,
}

/// No request arrives.
#[derive(Clone, Copy, Debug)]
struct Down {
    since: Instant,
    /// Nothing is sent until then but probes.
    retry_at: Instant,
    /// When to probe next, where the browser sees a network.
    probe_at: Instant,
}

impl Link {
    pub fn new(online: bool) -> Self {
        let mut link = Self { online: true, down: None, answered: false, answered_rules: false, probe: None };
        if !online {
            link.set_online(false, Instant::default());
        }
        link
    }

    /// The browser's word.
    fn set_online(&mut self, online: bool, now: Instant) {
        self.online = online;
        if online {
            self.down = None;
        } else {
            self.went(now);
        }
    }

    /// Requests do not arrive.
    pub fn went(&mut self, now: Instant) {
        let since = self.down.map_or(now, |down| down.since);
        let pause = (now.since(since) / 2).clamp(PROBE_LEAST, PROBE_MOST);
        self.down = Some(Down { since, retry_at: now.plus(RETRY_EVERY), probe_at: now.plus(pause) });
    }

    /// Whether requests arrive, as far as is known.
    pub fn is_down(&self) -> bool {
        self.down.is_some()
    }

    /// Whether the browser says so.
    pub fn is_offline(&self) -> bool {
        self.down.is_some() && !self.online
    }

    /// Since when no request arrives although the browser sees a network.
    pub fn gone_since(&self) -> Option<Instant> {
        self.down.filter(|_| self.online).map(|down| down.since)
    }

    /// When something may be sent again.
    pub fn retry_at(&self) -> Instant {
        self.down.map(|down| down.retry_at).unwrap_or_default()
    }

    /// When to look for the service again.
    pub fn probe_at(&self) -> Option<Instant> {
        self.down.filter(|_| self.online && self.probe.is_none()).map(|down| down.probe_at)
    }

    /// Whether the service is being looked for.
    pub fn is_probed(&self) -> bool {
        self.probe.is_some()
    }

    /// The service answered; whether to the request for the rules.
    pub fn answered(&mut self, rules: bool) {
        self.answered = true;
        self.answered_rules |= rules;
    }

    /// The request for the rules was not answered.
    pub fn rules_unanswered(&mut self) {
        self.answered_rules = false;
    }

    /// Whether an answer to what was sent at `sent` shows that the link is back.
    fn is_back(&self, sent: Instant) -> bool {
        self.down.is_some_and(|down| sent > down.since)
    }
}

impl Shared {
    /// The browser sees a network, or none.
    pub fn set_online(&mut self, online: bool) {
        self.link.set_online(online, self.now);
    }

    /// The service answered a request sent at `sent`. Says whether it is back: whatever the browser says, if the
    /// request was sent after the link went.
    pub fn reached(&mut self, sent: Instant) -> bool {
        let is_back = self.link.is_back(sent);
        if is_back {
            // A limit that no page may read of looks like an outage.
            if let Some(since) = self.link.gone_since() {
                self.returned(self.now.since(since));
            }
            self.link.down = None;
        }
        is_back
    }

    /// When to look for the service again: not while it asked everybody to wait, nor while there is no token.
    pub fn probe_at(&self) -> Option<Instant> {
        let at = self.link.probe_at().filter(|_| !self.token.is_awaited())?;
        Some(at.max(self.throttled_until).max(self.availability.next_at()))
    }

    /// Asks whether the service is there. The rules are the shortest answer there is, but not every service, or its
    /// CORS policy, knows of them.
    pub fn probe(&mut self) {
        let request = if self.link.answered_rules { Request::rules() } else { Request::list() };
        self.link.probe = Some(self.send(Target::Probe, request, 0));
    }

    /// Whether the service was ever there, nothing is known against it, and it may be asked.
    pub fn may_look(&self) -> bool {
        self.link.answered && !self.link.is_down() && !self.may_not_ask()
    }

    /// Asks whether the service is there.
    pub fn look(&mut self) {
        if self.may_look() && !self.link.is_probed() {
            self.probe();
        }
    }

    /// Whether a request that was sent at `sent`, and is silent, may be waited for: the service answers others.
    pub fn is_there(&self, sent: Instant) -> bool {
        let is_over = self.now.since(sent) >= WAITED_FOR * self.config.stall;
        self.may_look() && !is_over
    }

    /// Gives a silent request more time, and asks whether the service is still there meanwhile.
    pub fn give_time(&mut self, op: OpId) {
        self.look();
        let at = self.now.plus(self.config.stall + VERDICT_AFTER);
        if let Some(operation) = self.operations.get_mut(op) {
            operation.deadline = Some(Deadline::new(at));
        }
    }

    /// The probe ended.
    pub fn probe_ended(&mut self) {
        self.link.probe = None;
    }

    /// Failed connections that may be judged now: the browser had its time to learn of the network. Where the service
    /// answered before, and a probe may be sent, that is asked first.
    pub fn judged(&mut self) -> Vec<OpId> {
        let now = self.now;
        let is_down = self.link.is_down();
        let ready = |since: Instant| is_down || since.plus(VERDICT_AFTER) <= now;
        let suspects =
            self.operations.iter().filter_map(|(op, operation)| Some((*op, operation.suspect.as_ref()?.since)));
        let ready: Vec<OpId> = suspects.filter(|(_, since)| ready(*since)).map(|(op, _)| op).collect();
        if ready.is_empty() || !self.may_look() {
            return ready;
        }
        self.look();
        Vec::new()
    }

    /// When a failed connection is judged.
    pub fn verdict_at(&self) -> Option<Instant> {
        let suspects = self.operations.values().filter_map(|operation| operation.suspect.as_ref());
        suspects.map(|suspect| suspect.since.plus(VERDICT_AFTER)).filter(|at| *at > self.now).min()
    }
}
