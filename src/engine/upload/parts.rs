//! The parts of one upload: where each of them stands.

use crate::engine::small_map::SmallMap;
use crate::engine::tries::Tries;
use crate::engine::{Instant, OpId, Plan};
use crate::protocol::Failure;
use crate::resume::Digest;

/// Where a part stands, apart from those on their way or to be sent again.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// Nothing of it is stored.
    Missing,
    /// The service has it; its tag is on its way to the store.
    Storing(String),
    /// The service has it, and its tag is stored, or nothing is.
    Stored(String),
}

/// A part on its way.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Flight {
    /// Its one operation.
    pub op: OpId,
    pub step: FlightStep,
    /// Bytes handed to the network in this try.
    pub moved: u64,
    pub tries: Tries,
    /// When it was taken.
    pub since: Instant,
}

/// What its operation is.
#[derive(Clone, Debug)]
pub(in crate::engine) enum FlightStep {
    /// Can the file still be read?
    Peeking,
    /// Its bytes are sent.
    Sending,
    /// The connection failed: or is it the file that cannot be read?
    Rechecking(Failure),
}

/// How far the digest of a part is that is to be sent, or on its way.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum Digesting {
    Reading(OpId),
    Known(Digest),
}

/// The parts of one upload.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Parts {
    /// By number, from 1; those beyond the end are missing.
    states: Vec<Part>,
    /// The lowest part never tried.
    next: u32,
    /// Parts on their way, by number.
    flights: SmallMap<u32, Flight>,
    /// Parts to be sent again, by number.
    again: SmallMap<u32, Tries>,
    /// Digests of parts that have not arrived, by number.
    digests: SmallMap<u32, Digesting>,
    /// Tags on their way to the store, by the part's number.
    storing: SmallMap<u32, OpId>,
    /// Parts that count: stored, and their tags too.
    done: u32,
    /// Bytes that the service has.
    bytes: u64,
}

impl Parts {
    /// None is sent.
    pub fn new() -> Self {
        Self { next: 1, ..Self::default() }
    }

    /// All are to be sent again. What is on its way to the store still is.
    pub fn send_again(&mut self) {
        *self = Self { storing: std::mem::take(&mut self.storing), ..Self::new() };
    }

    /// The part was stored before.
    pub fn resume(&mut self, plan: &Plan, part: u32, tag: String) {
        if self.tag(part).is_none() {
            self.set(part, Part::Stored(tag));
            self.bytes += plan.len(part);
            self.done += 1;
            self.skip_stored();
        }
    }

    fn set(&mut self, part: u32, state: Part) {
        let place = part as usize;
        if self.states.len() < place {
            self.states.resize(place, Part::Missing);
        }
        if let Some(known) = self.states.get_mut(place - 1) {
            *known = state;
        }
    }

    fn state(&self, part: u32) -> &Part {
        (part as usize).checked_sub(1).and_then(|place| self.states.get(place)).unwrap_or(&Part::Missing)
    }

    /// The tag that the service gave for it, if it has the part.
    pub fn tag(&self, part: u32) -> Option<&String> {
        match self.state(part) {
            Part::Missing => None,
            Part::Storing(tag) | Part::Stored(tag) => Some(tag),
        }
    }

    /// Parts that are stored are not sent again.
    fn skip_stored(&mut self) {
        while self.tag(self.next).is_some() {
            self.next += 1;
        }
    }

    /// One tag a part, in part order, if every part counts.
    pub fn all_tags(&self, plan: &Plan) -> Option<Vec<String>> {
        if self.done != plan.parts() {
            return None;
        }
        Some((1..=plan.parts()).filter_map(|part| self.tag(part).cloned()).collect())
    }

    /// Parts that count.
    pub fn done(&self) -> u32 {
        self.done
    }

    /// Bytes that the service has or was handed.
    pub fn sent(&self) -> u64 {
        self.bytes + self.flights.values().map(|flight| flight.moved).sum::<u64>()
    }

    /// Bytes that the service has.
    pub fn stored_bytes(&self) -> u64 {
        self.bytes
    }

    /// How many are on their way.
    pub fn in_flight(&self) -> usize {
        self.flights.len()
    }

    /// Whether none is on its way, to the service or to the store.
    pub fn is_idle(&self) -> bool {
        self.flights.is_empty() && self.storing.is_empty()
    }

    /// Whether a tag is on its way to the store.
    pub fn is_storing(&self) -> bool {
        !self.storing.is_empty()
    }

    /// Those on their way, by number.
    pub fn flights(&self) -> impl Iterator<Item = &(u32, Flight)> {
        self.flights.iter()
    }

    pub fn flight(&self, part: u32) -> Option<&Flight> {
        self.flights.get(&part)
    }

    pub fn flight_mut(&mut self, part: u32) -> Option<&mut Flight> {
        self.flights.get_mut(&part)
    }

    /// The lowest part that can be sent at `now`.
    pub fn sendable(&self, plan: &Plan, now: Instant) -> Option<u32> {
        let again = self.again.iter().filter(|(_, tries)| tries.due <= now).map(|(part, _)| *part).min();
        again.or_else(|| (self.next <= plan.parts()).then_some(self.next))
    }

    /// When something can be sent next, if only time is in its way.
    pub fn due(&self, plan: &Plan) -> Option<Instant> {
        if self.next <= plan.parts() {
            return Some(Instant::default());
        }
        self.again.values().map(|tries| tries.due).min()
    }

    /// Part `part` is on its way; `op` looks whether its bytes are there.
    pub fn take(&mut self, part: u32, op: OpId, now: Instant) {
        if part == self.next {
            self.next += 1;
            self.skip_stored();
        }
        let tries = self.again.remove(&part).unwrap_or_default();
        self.flights.insert(part, Flight { op, step: FlightStep::Peeking, moved: 0, tries, since: now });
    }

    /// The part is to be sent, some time.
    pub fn put_back(&mut self, part: u32, tries: Tries) {
        if self.flights.remove(&part).is_some() {
            self.again.insert(part, tries);
        }
    }

    /// The service has the part under `tag`. It counts when that is stored: by `op`, or at once.
    pub fn arrived(&mut self, part: u32, tag: String, length: u64, op: Option<OpId>) {
        if self.flights.remove(&part).is_none() {
            return;
        }
        self.bytes += length;
        match op {
            Some(op) => {
                self.set(part, Part::Storing(tag));
                self.storing.insert(part, op);
            }
            None => {
                self.set(part, Part::Stored(tag));
                self.done += 1;
            }
        }
    }

    /// The part is read, by `op`.
    pub fn digests(&mut self, part: u32, op: OpId) {
        self.digests.insert(part, Digesting::Reading(op));
    }

    /// The part was read, or cannot be.
    pub fn digested(&mut self, part: u32, digest: Option<Digest>) {
        if self.digests.remove(&part).is_some()
            && let Some(digest) = digest
        {
            self.digests.insert(part, Digesting::Known(digest));
        }
    }

    /// The digest of a part that has arrived, or is sent again.
    pub fn take_digest(&mut self, part: u32) -> Option<Digesting> {
        self.digests.remove(&part)
    }

    /// The part's tag is on its way to the store, by `op` from now on.
    pub fn goes_on_storing(&mut self, part: u32, op: OpId) {
        if let Some(storing) = self.storing.get_mut(&part) {
            *storing = op;
        }
    }

    /// Whether its tag is on its way to the store.
    pub fn is_storing_part(&self, part: u32) -> bool {
        self.storing.get(&part).is_some()
    }

    /// Something else is on its way to the store, by `op`; it counts as a part's tag of the number 0.
    pub fn stores(&mut self, op: OpId) {
        self.storing.insert(0, op);
    }

    /// Whether that is still on its way.
    pub fn stores_still(&self) -> bool {
        self.storing.get(&0).is_some()
    }

    /// The part's tag is stored, or is not to be any more.
    pub fn counts(&mut self, part: u32) {
        if self.storing.remove(&part).is_some()
            && let Some(state) = (part as usize).checked_sub(1).and_then(|place| self.states.get_mut(place))
            && let Part::Storing(tag) = state
        {
            *state = Part::Stored(std::mem::take(tag));
            self.done += 1;
        }
    }

    /// Tags on their way to the store: the part's number, and the operation.
    pub fn storing(&self) -> Vec<(u32, OpId)> {
        self.storing.iter().copied().collect()
    }

    /// Takes every part out of flight; gives their operations.
    pub fn land(&mut self) -> Vec<OpId> {
        let digests = std::mem::take(&mut self.digests);
        let reading = digests.values().filter_map(|digesting| match digesting {
            Digesting::Reading(op) => Some(*op),
            Digesting::Known(_) => None,
        });
        std::mem::take(&mut self.flights).values().map(|flight| flight.op).chain(reading).collect()
    }

    /// Parts on their way that a pause takes back: a part that is wholly handed over only waits for its answer, and
    /// would be sent twice.
    pub fn unsent(&self, plan: &Plan) -> Vec<(u32, Flight)> {
        let is_unsent = |(part, flight): &&(u32, Flight)| flight.moved < plan.len(*part) || flight.moved == 0;
        self.flights.iter().filter(is_unsent).cloned().collect()
    }

    /// The network is back: what failed for want of it waits no longer.
    pub fn reconnected(&mut self, now: Instant) {
        self.again.values_mut().for_each(|tries| tries.reconnected(now));
    }
}
