//! The onlooker: keeps its own account of every upload and holds each action against the engine's promises.

use crate::counts::Counts;
use crate::record::{Record, Retry, Slot, Tries};
use crate::window::Moves;
use partway::engine::{Action, Backoff, Config, Engine, Instant, RequestId, State, UploadId};
use partway::protocol::{Code, Failure, Rules};
use std::collections::BTreeMap;

/// A request on its way.
#[derive(Clone, Copy, Debug)]
pub struct Flight {
    pub upload: Option<UploadId>,
    pub slot: Slot,
    /// How often the token had been renewed when it was sent.
    pub generation: u64,
    pub sent: u64,
    /// When a byte last moved.
    pub moved: u64,
    /// Whether its bytes are heard of.
    pub heard: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RulesKnown {
    No,
    Asked,
    Yes,
}

pub struct Ledger {
    pub config: Config,
    pub now: u64,
    pub hold: u64,
    pub generation: u64,
    pub renewing: bool,
    /// No token can be had: when it is asked for again, at the earliest and at the latest.
    pub asks: Option<(u64, u64)>,
    /// When no token could be had: what was being tidied up then is let go of.
    pub tokenless_at: Option<u64>,
    /// Offline: since when, and until when nothing is sent.
    pub offline: Option<(u64, u64)>,
    /// How many parts may be in flight, and when that was last halved.
    pub window: usize,
    pub halved_at: Option<u64>,
    pub moves: Moves,
    /// What it was before it halved for a stall that is not seen yet.
    pub halved_early: Option<usize>,
    /// Names of starts that the service acted on after nobody waited any more.
    pub late_starts: Vec<u64>,
    /// Files that the service said it has nothing of.
    pub denied: Vec<u64>,
    /// The last time that nobody was awake: requests get one more chance from then.
    pub woke_at: u64,
    /// The event just told was a 401 to the newest token.
    pub refusal: bool,
    pub requests: BTreeMap<RequestId, Flight>,
    pub uploads: BTreeMap<UploadId, Record>,
    pub rules: RulesKnown,
    /// The tries of the request for them.
    pub rules_tries: Tries,
    pub limits: Rules,
    pub ends_at: Option<u64>,
    /// The person did something while actions waited: a report may then come twice.
    pub interrupted: bool,
    /// A failure is being noted: its answer proves nothing of the network.
    pub failing: bool,
    pub counts: Counts,
}

impl Ledger {
    pub fn new(config: Config) -> Self {
        let window = config.parallel.min(2);
        let rules = if config.fetch_rules { RulesKnown::No } else { RulesKnown::Yes };
        Self {
            now: 0,
            hold: 0,
            generation: 0,
            config,
            renewing: false,
            asks: None,
            tokenless_at: None,
            offline: None,
            window,
            halved_at: None,
            moves: Moves::default(),
            halved_early: None,
            late_starts: Vec::new(),
            denied: Vec::new(),
            woke_at: 0,
            refusal: false,
            requests: BTreeMap::new(),
            uploads: BTreeMap::new(),
            rules,
            rules_tries: Tries::default(),
            limits: Rules::default(),
            ends_at: None,
            interrupted: false,
            failing: false,
            counts: Counts::default(),
        }
    }

    pub fn parts_in_flight(&self) -> usize {
        self.requests.values().filter(|flight| matches!(flight.slot, Slot::Part(_))).count()
    }

    /// Whether a part may be sent of a file that has `others` in flight: slow parts hold no other file back.
    pub fn has_room(&self, others: usize) -> bool {
        let parts = self.parts_in_flight();
        let slow = self.requests.values().filter(|flight| matches!(flight.slot, Slot::Part(_)) && self.is_slow(flight));
        parts < self.window || (others == 0 && parts < self.config.parallel && parts - slow.count() < self.window)
    }

    fn is_slow(&self, flight: &Flight) -> bool {
        self.now - flight.sent >= 1000
    }

    /// Most requests that may be in flight at once.
    pub fn most_requests(&self) -> usize {
        (self.window + 2).min(6)
    }

    pub fn record(&mut self, id: UploadId) -> &mut Record {
        self.uploads.get_mut(&id).expect("an action names an upload that was picked")
    }

    /// Begun as the engine sees it: counted by the rules, announced or about to be.
    pub fn begun(&self, id: UploadId, engine: &Engine) -> bool {
        let queued = matches!(engine.state(id), None | Some(State::Queued | State::Waiting | State::Paused));
        self.uploads[&id].requests > 0 || !queued && self.uploads[&id].live()
    }

    /// Begun uploads that have no part on its way but something to send: an upper bound of the engine's count.
    pub fn ahead(&self, engine: &Engine) -> usize {
        let ahead = |(id, record): &(&UploadId, &Record)| {
            record.runnable()
                && record.flights.is_empty()
                && self.begun(**id, engine)
                && !record.control.is_some_and(|(request, _)| self.is_slow(&self.requests[&request]))
                && (record.verifying || record.tags.len() < record.plan.parts() as usize)
        };
        self.uploads.iter().filter(ahead).count()
    }

    /// Whether a queued upload should be begun before anything else is sent.
    pub fn neglected(&self, engine: &Engine) -> Option<UploadId> {
        if self.rules != RulesKnown::Yes || self.ahead(engine) >= self.window {
            return None;
        }
        let queued = |(id, record): &(&UploadId, &Record)| record.runnable() && !self.begun(**id, engine);
        self.uploads.iter().find(queued).map(|(id, _)| *id)
    }

    // --- actions ---

    /// Checks an action the engine asks for, and notes it.
    pub fn action(&mut self, action: &Action, engine: &Engine) {
        self.session_over();
        match action {
            Action::FetchRules { request } => {
                assert_eq!(self.rules, RulesKnown::No, "the rules are asked for once");
                self.rules = RulesKnown::Asked;
                let due = self.rules_tries.retry.take().map_or(0, |retry| retry.not_before);
                assert!(due <= self.now, "the rules are asked for again too early");
                self.rules_tries.sent += 1;
                assert!(
                    self.rules_tries.sent <= self.config.backoff.attempts.min(3),
                    "the rules are asked for too often"
                );
                self.sent(*request, None, Slot::Rules);
            }
            Action::Start { upload, request, parts } => {
                assert!(self.rules == RulesKnown::Yes, "an upload started before the rules were known");
                self.within_limits(*upload, engine);
                let record = self.record(*upload);
                assert_eq!(*parts, record.plan.parts(), "the parts announced are the plan's");
                assert!(record.identity.is_none(), "started twice");
                assert!(!record.recalling && !record.following, "started while another page may send it");
                assert!(!record.spent, "started once too often");
                assert!(!record.seeking || record.orphans.is_empty(), "started though an orphan was found");
                record.seeking = false;
                self.sent(*request, Some(*upload), Slot::Start);
            }
            Action::PutPart { upload, request, part, range, key, upload_id, watched } => {
                self.part_is_fair(*upload, engine);
                let (window, others) = (self.window, self.uploads[upload].flights.len());
                assert!(self.has_room(others), "more than {window} parts in flight");
                let record = self.record(*upload);
                assert_eq!(record.identity, Some((key.clone(), upload_id.clone())), "a part sent under a wrong key");
                assert!((1..=record.plan.parts()).contains(part), "part {part} is none of the plan's");
                assert_eq!(*range, record.plan.range(*part), "part {part} has other bytes than the plan says");
                assert!(!record.flights.contains_key(part), "part {part} is in flight twice");
                assert!(!record.tags.contains_key(part), "part {part} is stored and sent again");
                if !record.tries.contains_key(&Slot::Part(*part)) {
                    record.fresh -= 1;
                }
                assert!(!record.following && !record.verifying, "sent while another page sends it");
                let heard = record.picked.heard || *watched;
                self.sent(*request, Some(*upload), Slot::Part(*part));
                if let Some(flight) = self.requests.get_mut(request) {
                    flight.heard = heard;
                }
            }
            Action::Recall { upload } => {
                let recalls = self.config.recalls;
                let record = self.record(*upload);
                assert!(recalls && !record.recalling && record.requests == 0, "looked up out of turn");
                record.recalling = true;
            }
            Action::StepAside { upload } => {
                let without_token = self.renewing || self.asks.is_some();
                let record = self.record(*upload);
                assert!(record.live() && (without_token || record.paused), "it steps aside though it can send");
                assert!(std::mem::take(&mut record.wanted), "it steps aside for nobody");
                assert!(!record.in_flight() && record.saved.len() == record.tags.len(), "it steps aside too early");
                assert!(record.identity.is_some(), "it leaves what nobody could go on with");
                record.tries.retain(|slot, _| matches!(slot, Slot::Find | Slot::Clear));
                record.doubt = None;
                (record.recalling, record.following, record.followed) = (true, true, true);
                self.counts.add("page: steps aside");
            }
            Action::Want { upload } => {
                let record = self.record(*upload);
                assert!(record.runnable() && record.following, "wanted back out of turn");
            }
            Action::Find { upload, request } => {
                let record = self.record(*upload);
                assert!(record.lost_start && record.picked.findable, "sought without a cause");
                record.seeking = true;
                self.sent(*request, Some(*upload), Slot::Find);
            }
            Action::Save { upload, part } => {
                let record = self.record(*upload);
                assert!(record.tags.contains_key(part) && !record.saved.contains(part), "nothing to save");
            }
            Action::Complete { upload, request, key, tags } => {
                let record = self.record(*upload);
                assert!(
                    record.all_saved(),
                    "completed with {} of {} tags saved",
                    record.saved.len(),
                    record.plan.parts()
                );
                assert!(record.tags.values().eq(tags.iter()), "the tags are not the latest, in part order");
                assert_eq!(record.identity.as_ref().map(|(key, _)| key), Some(key), "completed under a wrong key");
                self.sent(*request, Some(*upload), Slot::Complete);
            }
            Action::Confirm { upload, request, key } => {
                let record = self.record(*upload);
                let verifies = record.verifying;
                assert!(record.doubt.is_some() || verifies, "asked without a doubt");
                assert_eq!(record.identity.as_ref().map(|(key, _)| key), Some(key), "asked for a wrong key");
                self.sent(*request, Some(*upload), if verifies { Slot::Verify } else { Slot::Confirm });
            }
            Action::Remove { upload, request, key } => {
                let record = self.record(*upload);
                assert!(!record.in_flight(), "removed while something of it is in flight");
                let own = record.identity.as_ref().map(|(key, _)| key) == Some(key);
                assert!(own || record.orphans.contains(key), "removed a wrong key");
                self.sent(*request, Some(*upload), if own { Slot::Remove } else { Slot::Clear });
            }
            Action::RenewToken => {
                assert!(!self.renewing, "the token is asked for twice");
                let again = self.asks.take().is_some_and(|(earliest, _)| earliest <= self.now);
                assert!(again || self.refusal, "the token is asked for though the newest was not refused");
                self.renewing = true;
            }
            Action::Cancel { request } => self.cancelled(*request),
            Action::Report { upload } => self.reported(*upload, engine),
            Action::Settled { upload, keep } => {
                let code = engine.failure(*upload).map(|failure| failure.code);
                let record = self.record(*upload);
                let of_use = match record.end {
                    Some(State::Aborted) => record.aborted == Some(true),
                    Some(State::Failed) => {
                        record.identity.is_some() && !matches!(code, Some(Code::NotFound | Code::FileChanged))
                    }
                    _ => false,
                };
                let changed = code == Some(Code::FileChanged) && record.identity.is_some();
                let removed = record.tries.contains_key(&Slot::Remove) || record.untidy;
                assert!(!changed || removed, "a file that changed is left in the bucket");
                assert_eq!(*keep, of_use, "what is kept of it after {:?} {code:?}", record.end);
                assert!(!record.settled, "settled twice");
                assert!(record.end.is_some(), "settled before an end was reported");
                record.settled = true;
            }
        }
    }

    /// What holds for every request.
    fn sent(&mut self, request: RequestId, upload: Option<UploadId>, slot: Slot) {
        assert!(!self.renewing, "sent while the token is being renewed");
        assert!(self.asks.is_none(), "sent without a token");
        assert!(self.hold <= self.now, "sent {} ms before Retry-After is over", self.hold - self.now);
        if let Some((_, until)) = self.offline {
            assert!(until <= self.now, "sent while offline");
            assert!(self.requests.is_empty(), "more than one request finds out about the network");
            self.counts.add("offline: one request finds out");
        }
        assert!(self.requests.len() < self.most_requests(), "{} requests in flight", self.requests.len() + 1);
        let (now, attempts) = (self.now, self.config.backoff.attempts);
        let flight = Flight { upload, slot, generation: self.generation, sent: now, moved: now, heard: true };
        assert!(self.requests.insert(request, flight).is_none(), "a request number is used twice");
        let Some(id) = upload else { return };
        let record = self.record(id);
        let tidies = matches!(slot, Slot::Remove | Slot::Find | Slot::Clear);
        assert!(!record.settled && record.end.is_none_or(|_| tidies), "sent {slot:?} after its end");
        match record.aborted {
            None => {
                let useless = record.end == Some(State::Failed) && record.doom == Some(Code::FileChanged);
                assert!(slot != Slot::Remove || useless, "removed although nobody aborted it");
                assert!(!record.paused || record.end.is_some(), "sent {slot:?} while paused");
            }
            Some(keep) => assert!(!keep && tidies, "sent {slot:?} after the abort (keep: {keep})"),
        }
        record.requests += 1;
        let tries = record.tries.entry(slot).or_default();
        tries.sent += 1;
        let most = if matches!(slot, Slot::Remove | Slot::Clear) { attempts.min(3) } else { attempts };
        assert!(tries.sent <= most, "{slot:?} is tried {} times of {most}", tries.sent);
        let retry = tries.retry.take();
        match slot {
            Slot::Part(part) => {
                record.passed_over = 0;
                record.flights.insert(part, (request, 0));
            }
            _ => assert!(record.control.replace((request, slot)).is_none(), "two requests of a kind at once"),
        }
        if let Some(retry) = retry {
            assert!(now >= retry.not_before, "{slot:?} is sent {} ms too early", retry.not_before - now);
            self.counts.add("retry");
            if let Some(jitter) = retry.jitter.filter(|jitter| *jitter >= 100) {
                self.counts.waited((now - retry.failed_at) as f64 / jitter as f64);
            }
        }
    }

    /// A file that could be sent and has nothing in flight goes before a second part of any other; and before a part
    /// goes out, a queued file is begun where few are ahead of it.
    fn part_is_fair(&mut self, id: UploadId, engine: &Engine) {
        if let Some(queued) = self.neglected(engine) {
            panic!("a part of {id:?} is sent while {queued:?} waits in the queue");
        }
        let busy = !self.uploads[&id].flights.is_empty();
        let most = self.uploads.len();
        for (other, record) in self.uploads.iter_mut().filter(|(other, _)| **other != id) {
            let sending = record.identity.is_some() && !record.verifying && !record.following && !record.complete;
            let sends = record.runnable() && sending;
            if sends && record.flights.is_empty() && record.fresh > 0 {
                assert!(!busy, "{id:?} gets another place while {other:?} has none");
                if record.fresh == record.plan.parts() {
                    record.passed_over += 1;
                    assert!(record.passed_over <= most, "{other:?} is starved");
                }
            }
        }
    }

    fn reported(&mut self, id: UploadId, engine: &Engine) {
        let now = self.now;
        let state = engine.state(id).expect("a report of an upload that is known");
        let justified = matches!(state, State::Failed) && self.failure_is_justified(id, engine);
        let interrupted = self.interrupted;
        let record = self.record(id);
        if let Some((shown, at)) = record.shown {
            assert!(
                interrupted || shown != state || now - at >= 50,
                "the same state is reported after {} ms",
                now - at
            );
        }
        record.shown = Some((state, now));
        record.shown_speed = engine.progress(id, Instant(now)).map_or(0.0, |progress| progress.speed);
        if matches!(state, State::Done | State::Failed | State::Aborted) {
            assert!(record.end.is_none(), "a second end: {state:?} after {:?}", record.end);
            assert_eq!(state == State::Aborted, record.aborted.is_some(), "aborted is what the person did");
            assert!(state != State::Failed || justified, "failed without a cause: {:?}", engine.failure(id));
            let searched = !record.lost_start || record.searched || record.search_failed || record.followed;
            assert!(state != State::Done || searched, "done, and what a lost start left was not sought");
            assert!(state == State::Failed || record.doom.is_none(), "{state:?} instead of failing");
            record.end = Some(state);
            let keep = record.aborted == Some(true);
            self.counts.add(match (state, engine.failure(id)) {
                (State::Failed, Some(failure)) => format!("end: failed {:?}", failure.code),
                (State::Aborted, _) if keep => "end: aborted and kept".to_owned(),
                (State::Aborted, _) => "end: aborted".to_owned(),
                _ => "end: done".to_owned(),
            });
        }
    }

    // --- rules ---

    /// Files and bytes that count against the rules, `id` apart: those certain to, and those that may.
    fn held(&self, id: UploadId, engine: &Engine) -> [(u64, u64); 2] {
        let mut held = [(0, 0); 2];
        for (other, record) in self.uploads.iter().filter(|(other, _)| **other != id) {
            let stored = record.identity.is_some() && !record.removed;
            let pending = record.identity.is_none() && !record.settled && record.end != Some(State::Failed);
            let counted = !record.recalling && !record.following && self.begun(*other, engine);
            // What an earlier page began is known only when it is looked up: others may have been let in before.
            let certain = (stored && !record.recalled && !record.followed) || (pending && counted);
            // Offline, it is not told from one that is queued.
            let hidden = record.paused || engine.state(*other) == Some(State::Waiting);
            let possible = stored || certain || (pending && (hidden || record.recalling || record.following));
            for (sum, _) in held.iter_mut().zip([certain, possible]).filter(|(_, counts)| *counts) {
                *sum = (sum.0 + 1, sum.1 + record.plan.size());
            }
        }
        held
    }

    fn exceeds(&self, id: UploadId, (files, bytes): (u64, u64)) -> Option<Code> {
        let size = self.uploads[&id].plan.size();
        let most_bytes = self.limits.max_total_mega_bytes.map(|megabytes| (megabytes * 1e6) as u64);
        if most_bytes.is_some_and(|most| bytes + size > most) {
            Some(Code::TooLarge)
        } else {
            self.limits.max_files.filter(|most| files >= *most).map(|_| Code::TooManyFiles)
        }
    }

    fn within_limits(&self, id: UploadId, engine: &Engine) {
        let [certain, _] = self.held(id, engine);
        assert_eq!(self.exceeds(id, certain), None, "started against the session's rules");
    }

    fn failure_is_justified(&self, id: UploadId, engine: &Engine) -> bool {
        let record = &self.uploads[&id];
        let Some(code) = engine.failure(id).map(|failure| failure.code) else { return false };
        if record.doom == Some(code) || record.may_fail == Some(code) {
            return true;
        }
        let [_, possible] = self.held(id, engine);
        (record.requests == 0 || record.anew)
            && match code {
                Code::SessionExpired => self.ends_at.is_some_and(|end| end <= self.now),
                Code::TooManyFiles => self.limits.max_files.is_some_and(|most| possible.0 >= most),
                Code::TooLarge => self.exceeds(id, (0, possible.1)) == Some(Code::TooLarge),
                _ => false,
            }
    }

    /// Tries of a request that fails so: an answer that cannot be read is asked for twice more.
    pub fn most_tries(failure: &Failure, backoff: &Backoff) -> u32 {
        match failure.code {
            Code::Network | Code::Timeout | Code::Server => backoff.attempts,
            Code::Protocol if failure.status.is_none() => backoff.attempts.min(3),
            _ => 0,
        }
    }

    /// Notes a failed try that will be repeated; says whether it was the last.
    pub fn back_off(tries: &mut Tries, failure: &Failure, backoff: &Backoff, now: u64) -> bool {
        if tries.sent >= Self::most_tries(failure, backoff) {
            return true;
        }
        let bound = backoff.base.saturating_mul(1 << tries.sent.saturating_sub(1).min(32)).min(backoff.longest);
        let asked = failure.retry_after.unwrap_or(0).min(Backoff::LONGEST_ASKED);
        let jitter = (asked == 0).then_some(bound);
        let unconnected = failure.is_unconnected();
        let latest = now + bound.max(asked);
        tries.retry = Some(Retry { failed_at: now, not_before: now + asked, latest, jitter, unconnected });
        false
    }
}
