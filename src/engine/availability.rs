//! Whether the service serves: what it refuses to everybody is no request's failure.
//!
//! A service that is overloaded, or being deployed, answers 429, 502, 503 or 504 to whoever asks. One request at a time
//! finds out whether it is over, later and later; all others wait and spend no try. Where it is over, requests go out
//! slowly at first.

use super::operations::{Kind, Operation, Target};
use super::shared::Shared;
use super::{Instant, Random};
use crate::protocol::Failure;

/// How long everybody is refused before that is a failure, in milliseconds.
const LONGEST: u64 = 15 * 60_000;
/// The first wait of the request that finds out, and the longest, in milliseconds; it doubles.
const FIRST_WAIT: u64 = 1000;
const LONGEST_WAIT: u64 = 15_000;
/// The longest distance of requests after a service came back, in milliseconds; one below the least is none. And for
/// how long there is any.
const LONGEST_GAP: u64 = 4000;
const LEAST_GAP: u64 = 50;
const GENTLE_FOR: u64 = 55_000;
/// The distance where it went again within that time, in milliseconds: it doubles each time, up to the longest.
const RELAPSE_GAP: u64 = 1000;
const LONGEST_RELAPSE_GAP: u64 = 8000;

/// What a service, or what stands before it, may refuse alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The bytes of files.
    Parts,
    /// All else.
    Rest,
}

/// What the service serves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Availability {
    parts: Option<Refusal>,
    rest: Option<Refusal>,
    /// The distance of requests, in milliseconds, and when the next may be sent.
    gap: u64,
    next_at: Instant,
    /// When the service came back.
    back_at: Option<Instant>,
    /// It went again soon after: the distance does not shrink.
    relapsed: bool,
}

/// Refusals with nothing served between.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    /// When the first was heard, and the last.
    since: Instant,
    last: Instant,
    /// Whom the first was for.
    target: Target,
    /// Others were refused too.
    is_everybodys: bool,
    waits: u32,
    until: Instant,
    /// The service was asked for something else since the last.
    was_asked: bool,
    /// It said when it will serve again, and then it may be taken at its word.
    told_when: bool,
    /// It asked for fewer requests.
    is_rate: bool,
}

impl Refusal {
    /// Whether the others wait as well: too many requests are everybody's from the first refusal, as far as that goes.
    fn holds(&self) -> bool {
        self.is_everybodys || self.is_rate
    }

    /// It is refused again, or for the first time. The next request waits longer.
    fn again(&mut self, now: Instant, random: &mut Random) {
        let wait = (FIRST_WAIT << self.waits.min(4)).min(LONGEST_WAIT);
        self.waits += 1;
        (self.last, self.was_asked) = (now, false);
        // Other tabs and other people wait too.
        self.until = now.plus(wait - random.up_to(wait / 4));
    }
}

impl Class {
    /// The class of what is sent for `target`.
    fn of(target: Target) -> Self {
        if matches!(target, Target::Part(..)) { Self::Parts } else { Self::Rest }
    }
}

impl Availability {
    fn refusal(&self, class: Class) -> Option<&Refusal> {
        match class {
            Class::Parts => self.parts.as_ref(),
            Class::Rest => self.rest.as_ref(),
        }
    }

    fn slot(&mut self, class: Class) -> &mut Option<Refusal> {
        match class {
            Class::Parts => &mut self.parts,
            Class::Rest => &mut self.rest,
        }
    }

    /// Whether it refuses requests of this class for the time being.
    pub fn holds(&self, class: Class) -> bool {
        self.refusal(class).is_some_and(Refusal::holds)
    }

    /// When the next request may be sent, whatever it is.
    pub fn next_at(&self) -> Instant {
        self.next_at
    }

    /// When a request of this class may be sent.
    pub fn opens_at(&self, class: Class) -> Instant {
        let until = self.refusal(class).filter(|refusal| refusal.holds()).map(|refusal| refusal.until);
        until.unwrap_or_default().max(self.next_at)
    }

    /// What it refuses to everybody it refused for `away` milliseconds, and serves again: gently, at first. One that
    /// goes again soon may have a limit.
    fn returns(&mut self, away: u64, now: Instant) {
        self.relapsed = self.back_at.is_some_and(|at| now.since(at) < GENTLE_FOR.saturating_add(away));
        if self.relapsed {
            self.gap = (2 * self.gap).clamp(RELAPSE_GAP, LONGEST_RELAPSE_GAP);
        } else {
            self.gap = (away / 4).min(LONGEST_GAP);
        }
        self.next_at = if self.relapsed { now.plus(self.gap) } else { now };
        self.back_at = Some(now);
    }

    /// A request is sent.
    pub fn sent(&mut self, now: Instant) {
        if self.gap < LEAST_GAP || self.back_at.is_none_or(|at| now.since(at) >= GENTLE_FOR) {
            self.gap = 0;
        }
        self.next_at = now.plus(self.gap);
    }
}

impl Shared {
    /// The service refused a request, sent at `sent`, in a way that says nothing of the request.
    pub fn refused(&mut self, target: Target, sent: Instant, failure: &Failure) {
        let now = self.now;
        // The probe is the shortest request there is: what refuses that refuses parts as well.
        let both = [Class::Parts, Class::Rest];
        for class in both.into_iter().filter(|class| target == Target::Probe || *class == Class::of(target)) {
            let slot = self.availability.slot(class);
            // What was refused long ago says nothing of now.
            *slot = slot.filter(|refusal| now.since(refusal.last) <= LONGEST);
            let is_first = slot.is_none();
            let refusal = slot.get_or_insert(Refusal {
                since: now,
                last: now,
                target,
                is_everybodys: false,
                waits: 0,
                until: now,
                was_asked: false,
                told_when: false,
                is_rate: false,
            });
            let (is_new, held) = (is_first || sent >= refusal.last, refusal.holds());
            refusal.is_everybodys |= target == Target::Probe || refusal.target != target;
            refusal.told_when |= failure.retry_after.is_some();
            refusal.is_rate |= failure.status == Some(429);
            if is_new || held != refusal.holds() {
                refusal.again(now, &mut self.random);
            }
        }
    }

    /// The service served a request for `target`. Says whether it refused others until now.
    pub fn served(&mut self, target: Target) -> bool {
        let now = self.now;
        let availability = &mut self.availability;
        if !availability.relapsed {
            availability.gap = availability.gap * 7 / 8;
        }
        match availability.slot(Class::of(target)).take() {
            Some(refusal) if refusal.holds() => {
                if !refusal.told_when {
                    let away = refusal.until.min(now).since(refusal.since);
                    availability.returns(if refusal.is_rate { away } else { away / 4 }, now);
                }
                true
            }
            _ => false,
        }
    }

    /// Requests arrive again, which they did not for `away` milliseconds.
    pub fn returned(&mut self, away: u64) {
        self.availability.returns(away, self.now);
    }

    /// Whether a request of this class may be sent: where the service refuses them, one at a time finds out.
    pub fn may_send(&self, class: Class) -> bool {
        let finds_out = |operation: &Operation, refusal: &Refusal| {
            let is_sent = operation.is_part() || operation.kind == Kind::Request && operation.target != Target::Probe;
            is_sent && Class::of(operation.target) == class && operation.since >= refusal.last
        };
        let refusal = self.availability.refusal(class);
        // Until it is known whether anybody else is refused, it costs no further try.
        if self.link.is_probed() && refusal.is_some_and(|refusal| refusal.waits > 1 && !refusal.is_everybodys) {
            return false;
        }
        let refusal = refusal.filter(|refusal| refusal.holds());
        self.availability.opens_at(class) <= self.now
            && refusal.is_none_or(|refusal| !self.operations.values().any(|operation| finds_out(operation, refusal)))
    }

    /// Whether what was refused costs no try, as it is refused to everybody; `None` when it was for too long.
    pub fn waits_with_all(&self, class: Class) -> Option<bool> {
        let refusal = self.availability.refusal(class).filter(|refusal| refusal.is_everybodys);
        let is_patient = self.config.backoff.attempts > 1;
        match refusal {
            Some(refusal) if is_patient && self.now.since(refusal.since) > LONGEST => None,
            refusal => Some(is_patient && refusal.is_some()),
        }
    }

    /// Asks whether the service refuses anything else, where one request was refused again, and no other.
    pub fn ask_what_else(&mut self) {
        if self.config.backoff.attempts == 1 || self.link.is_probed() || !self.may_look() {
            return;
        }
        let mut asks = false;
        for refusal in [&mut self.availability.parts, &mut self.availability.rest].into_iter().flatten() {
            if !refusal.is_everybodys && refusal.waits > 1 && !refusal.was_asked {
                (refusal.was_asked, asks) = (true, true);
            }
        }
        if asks {
            self.probe();
        }
    }
}
