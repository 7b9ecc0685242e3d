//! Each event, noted when an engine is told.

use super::Books;
use super::answers::{Meaning, meaning};
use super::tab::{Flight, GENTLE_FOR, Kind, TabBook};
use super::upload::{Claim, Slot, Upload};
use super::wanted::Wanted;
use partway::engine::{Backoff, Event, Given, Identity, Lock, OpId, Outcome, Plan, Stored, UploadId};
use partway::protocol::{Code, Failure, Response};
use partway::resume::{PeerMessage, PeerReport};

/// How long the last word of a tab may take, in milliseconds.
const LAST_WORD: u64 = 200;

impl TabBook {
    /// Notes an event that the engine is about to be told.
    pub fn told(&mut self, event: &Event, now: u64) {
        self.actions = 0;
        match event {
            Event::Ended { op, outcome } => self.ended(*op, outcome, now),
            Event::Moved { op, bytes } => {
                if let Some(flight) = self.flights.get_mut(op).filter(|flight| *bytes > flight.bytes) {
                    (flight.bytes, flight.moved) = (*bytes, now);
                }
            }
            Event::Peer { identity, message: PeerMessage::Report(PeerReport { key, .. }) } => {
                if let (Some(id), Some(key)) = (self.owner(identity), key) {
                    self.told_key(id, key);
                }
            }
            Event::Peer { .. } => {}
            Event::LockLost { identity } => {
                self.lets_go(identity);
                if let Some(id) = self.owner(identity) {
                    let upload = self.upload_mut(id);
                    (upload.owned, upload.lost_lock) = (false, true);
                }
            }
            Event::Network { online: false } => {
                // Where the service was gone before, what was asked since then may find out, too.
                self.link.vague = self.is_suspicious(now) && (self.link.vague || self.link.offline.is_none());
                self.link.offline = self.link.offline.or(Some(now));
                self.link.told = Some(now);
                self.calls.values_mut().for_each(|call| call.causes.push(Code::Network));
            }
            Event::Network { online: true } => {
                self.link.back |= self.link.offline.is_some();
                self.online_again(now);
            }
            Event::Pause(id) => self.paused(*id, Some(now)),
            Event::Resume(id) => self.paused(*id, None),
            Event::Abort { upload, keep } => {
                let open = |upload: &&mut Upload| upload.live() && !upload.posted_end;
                if let Some(upload) = self.uploads.get_mut(upload).filter(open) {
                    upload.aborted = Some((now, *keep));
                    upload.owned_at_abort = upload.claim == Claim::Held && upload.known;
                }
            }
            Event::Withdraw(call) => {
                if let Some(call) = self.calls.get_mut(call) {
                    call.withdrawn = true;
                }
            }
            Event::Close => {
                self.closed = true;
                for upload in self.uploads.values_mut().filter(|upload| upload.live() && !upload.posted_end) {
                    upload.aborted = Some((now, true));
                }
                for call in self.calls.values_mut() {
                    call.causes.push(Code::Closed);
                }
            }
        }
    }

    fn online_again(&mut self, now: u64) {
        (self.link.offline, self.link.vague, self.link.finders) = (None, false, 0);
        // What failed for want of a network is sent again at once.
        for tries in self.uploads.values_mut().flat_map(|upload| upload.tries.values_mut()) {
            if tries.last.as_ref().is_some_and(Failure::is_connection_failure) {
                tries.not_before = now;
            }
        }
    }

    fn paused(&mut self, id: UploadId, since: Option<u64>) {
        if let Some(upload) = self.uploads.get_mut(&id) {
            upload.paused_at = since.map(|now| upload.paused_at.unwrap_or(now));
            upload.was_paused |= since.is_some();
        }
    }

    fn ended(&mut self, op: OpId, outcome: &Outcome, now: u64) {
        if let Some(flight) = self.flights.remove(&op) {
            return self.answered(&flight, outcome, now);
        }
        let Some(pending) = self.ops.remove(&op) else { return };
        match (pending.kind, outcome) {
            (Kind::Token, Outcome::Token(given)) => self.token_given(given, now),
            (Kind::Sample(id), Outcome::Sampled(sample, _)) => {
                self.sampled(id, sample.clone());
                let left_alone = now <= self.left_alone_until;
                self.upload_mut(id).left_alone |= left_alone;
            }
            (Kind::Decode, Outcome::Listed(Ok(files))) => {
                for upload in self.uploads.values_mut().filter(|upload| upload.live() && upload.key.is_none()) {
                    upload.found_complete(files);
                }
            }
            (Kind::Peek(id), Outcome::Readable(false)) => self.upload_mut(id).causes.push(Code::FileChanged),
            (Kind::Lock(identity, _), Outcome::Locked(lock)) => {
                if let Some(id) = self.owner(&identity) {
                    let upload = self.upload_mut(id);
                    upload.claim = if *lock == Lock::Granted { Claim::Held } else { Claim::None };
                    (upload.locked_at, upload.lost_lock) = (now, false);
                    upload.known = false;
                    upload.followed |= *lock != Lock::Granted;
                    upload.follows |= *lock != Lock::Granted;
                }
            }
            (Kind::Load(identity), Outcome::Loaded(found)) => {
                if let Some(id) = self.owner(&identity) {
                    self.loaded(id, found);
                }
            }
            (Kind::Fetch, outcome) => {
                let code = match outcome {
                    Outcome::Response(Response { status: 416, .. }) | Outcome::NoResponse | Outcome::Misfit => {
                        Code::Network
                    }
                    Outcome::Response(response) => Failure::from_status(response.status, None).code,
                    _ => Code::Integrity,
                };
                self.calls.values_mut().for_each(|call| call.causes.push(code));
            }
            (Kind::LoadAll, Outcome::LoadedAll(found)) => self.store_failed_or_not(found.is_err(), None),
            (Kind::Store(id, is_intent), Outcome::Stored(result)) => {
                self.store_failed_or_not(result.is_err(), Some(id));
                let upload = self.upload_mut(id);
                if result.is_ok() && !is_intent {
                    (upload.recorded, upload.recorded_at) = (true, now);
                }
            }
            (Kind::StorePart(id, part, tag), Outcome::Stored(result)) => {
                self.store_failed_or_not(result.is_err(), Some(id));
                let upload = self.upload_mut(id);
                if result.is_ok() && upload.tags.get(&part) == Some(&tag) {
                    upload.saved.insert(part);
                }
            }
            (Kind::Digest(id, number), Outcome::Digested(digest)) => self.upload_mut(id).digested(number, *digest),
            (Kind::Purge(identity), Outcome::Stored(result)) => {
                self.store_failed_or_not(result.is_err(), None);
                if let Some(id) = self.owner(&identity) {
                    let upload = self.upload_mut(id);
                    upload.stored = false;
                    upload.purge_failed |= result.is_err();
                }
            }
            _ => {}
        }
    }

    fn store_failed_or_not(&mut self, failed: bool, upload: Option<UploadId>) {
        self.store_answered |= !failed;
        if failed {
            for call in self.calls.values_mut() {
                call.causes.push(Code::Storage);
            }
        }
        if let Some(id) = upload.filter(|_| failed) {
            self.must_warn |= !self.warned;
            self.upload_mut(id).unkept = true;
        }
    }

    fn loaded(&mut self, id: UploadId, found: &Result<Option<Stored>, Failure>) {
        self.store_failed_or_not(found.is_err(), Some(id));
        let part_size = self.config.part_size;
        let upload = self.upload_mut(id);
        upload.loaded_once |= found.is_ok();
        upload.known = found.is_ok();
        upload.follows = false;
        // A name that is like others is not stored before its start: the rules may let it in now.
        upload.admitted |= !upload.unique;
        let Some(found) = found.as_ref().ok().and_then(Option::as_ref) else { return self.nothing_found(id) };
        upload.begin_anew(part_size);
        (upload.left, upload.told_key, upload.told, upload.awaits_load) = (None, None, false, false);
        upload.loaded = Some(found.clone());
        upload.stored = true;
        upload.recorded = !found.record.is_intent();
        if !found.record.is_intent() {
            upload.plan = Plan::new(upload.plan.size(), Some(found.record.part_size));
            upload.key = Some(found.record.key.clone());
            upload.upload_id = Some(found.record.upload_id.clone());
            for (number, part) in found.parts.iter().cloned() {
                if part.digest.is_some() {
                    upload.unchecked.insert(number, part);
                } else {
                    upload.resume(number, part);
                }
            }
        }
    }

    /// Another tab says under which key it sends a file.
    fn told_key(&mut self, id: UploadId, key: &str) {
        let upload = self.upload_mut(id);
        if upload.live() && upload.awaits_load && !upload.lockless && partway::protocol::check_key(key).is_ok() {
            upload.told_key = Some(key.to_owned());
        }
    }

    /// A file's lock is another tab's from now on, and so is what is stored.
    pub fn lets_go(&mut self, identity: &Identity) {
        let Some(id) = self.owner(identity) else { return };
        let upload = self.upload_mut(id);
        let ends = !upload.live() || upload.posted_end;
        upload.owned = ends && upload.claim == Claim::Held && upload.known;
        (upload.claim, upload.stored) = (Claim::None, false);
        upload.claimed_by = None;
        upload.followed |= upload.live();
        (upload.follows, upload.awaits_load) = (upload.live(), upload.live());
        upload.left = upload.key.clone().zip(upload.upload_id.clone()).filter(|_| upload.follows);
    }

    /// Nothing is stored of an upload, as far as is known. What this tab began of it is asked about, but no tag is
    /// trusted any more; and its record was another tab's to delete, so nothing is kept of the rest.
    pub fn nothing_found(&mut self, id: UploadId) {
        let part_size = self.config.part_size;
        let token = &self.token;
        let tokenless = token.asking
            || token.refused
            || token.needed.is_some()
            || token.failed_at.is_some()
            || token.missed_since.is_some();
        let upload = self.upload_mut(id);
        upload.begin_anew(part_size);
        upload.follows = false;
        upload.awaits_load = false;
        let told = upload.told_key.take();
        let left = upload.left.take().filter(|(key, _)| told.as_ref().is_none_or(|told| told == key));
        upload.told = left.is_none() && told.is_some();
        upload.believes = tokenless && told.is_some();
        let left = left.or_else(|| told.map(|key| (key, String::new())));
        upload.unrecorded |= left.is_some();
        (upload.key, upload.upload_id) = left.unzip();
    }

    fn sampled(&mut self, id: UploadId, identity: Option<partway::engine::Identity>) {
        let owned = identity.as_ref().and_then(|identity| self.owner(identity)).filter(|owner| *owner != id);
        let resume = self.config.resume;
        let upload = self.upload_mut(id);
        if upload.sampled {
            if upload.identity != identity {
                upload.causes.push(Code::FileChanged);
            }
            return;
        }
        upload.sampled = true;
        upload.unkept |= identity.is_none() || owned.is_some() || !resume;
        upload.twice = owned.is_some();
        upload.identity = identity;
    }

    fn token_given(&mut self, given: &Given, now: u64) {
        self.token.asking = false;
        self.token.unproven = self.token.had;
        (self.token.needed, self.token.refused) = (None, false);
        if *given == Given::Token {
            self.token.had = true;
            self.token.generation += 1;
            (self.token.failed_at, self.token.missed_since) = (None, None);
            return;
        }
        // What is no token at all is final: whoever comes later tries afresh.
        self.token.failed_at = (!matches!(given, Given::Invalid(_))).then_some(now);
        // In an outage that says nothing of the token there is.
        let missed = self.token.failed_at.filter(|_| self.token.had && !self.is_suspicious(now));
        self.token.missed_since = missed.map(|now| self.token.missed_since.unwrap_or(now));
        for upload in self.uploads.values_mut() {
            upload.causes.extend([Code::Unauthorized, Code::InvalidOption]);
        }
        for call in self.calls.values_mut() {
            call.causes.extend([Code::Unauthorized, Code::InvalidOption]);
        }
    }

    fn answered(&mut self, flight: &Flight, outcome: &Outcome, now: u64) {
        if !matches!(outcome, Outcome::NoResponse | Outcome::Unreadable) {
            if self.is_gone() || flight.probes {
                self.link.gentle_until = now + GENTLE_FOR;
            }
            self.link.answered = Some(now);
            self.link.unproven &= self.link.lost.is_some_and(|lost| flight.sent <= lost);
            if self.link.offline.is_some_and(|since| flight.sent > since) {
                self.online_again(now);
            }
        }
        if let Outcome::Response(response) = outcome {
            self.link.responded = true;
            let refuses = Failure::from_status(response.status, None).is_unavailable();
            if self.refuses() && !refuses {
                self.link.gentle_until = now + GENTLE_FOR;
            }
            let may_probe = matches!(flight.wanted, Wanted::List | Wanted::Rules);
            if flight.part.is_some() || refuses && may_probe {
                self.link.refuses_parts = refuses;
            }
            if flight.part.is_none() {
                self.link.refuses_rest = refuses;
            }
            if let (429 | 503, Some(wait)) = (response.status, response.retry_after) {
                self.hold = self.hold.max(now + wait.min(Backoff::LONGEST_ASKED));
            }
            if flight.wanted == Wanted::List && response.status == 200 {
                for upload in self.uploads.values_mut() {
                    upload.searched = true;
                    upload.searched_after_start |= upload.key.is_some();
                }
            }
            if flight.upload.is_none() || flight.part.is_none() {
                let body = (200..300).contains(&response.status).then(|| response.body.clone());
                let calls = self.calls.values_mut();
                for call in calls.filter(|call| super::asked::wants(&call.call, &flight.wanted)) {
                    call.bodies.extend(body.clone());
                }
            }
        }
        match meaning(&flight.wanted, outcome) {
            Err(failure) => {
                if failure.is_connection_failure() {
                    (self.link.lost, self.link.unproven) = (Some(now), true);
                    self.link.answered_before_loss = self.link.responded;
                }
                if failure.is_overload() && failure.status.is_some() {
                    let due = self.window.halved.is_none_or(|halved| flight.sent > halved + 5);
                    let due = due && self.window.may_halved.is_none_or(|halved| flight.sent > halved + 5);
                    self.window.may_halved = Some(now);
                    self.window.must_halve |= due && !flight.probes;
                    self.window.may_halve = true;
                }
                self.failed(flight, &failure, now);
            }
            Ok(meaning) => self.succeeded(flight, meaning),
        }
    }

    fn succeeded(&mut self, flight: &Flight, meaning: Meaning) {
        self.token.unproven &= flight.generation != self.token.generation;
        if let Meaning::Rules(rules) = &meaning {
            // What a probe is answered with, the engine need not read.
            self.rules_change |= flight.probes || self.rules.is_some_and(|known| known != *rules);
            self.rules.get_or_insert(*rules);
        }
        self.window.may_grow |= matches!(meaning, Meaning::Tag(_));
        // Whose list failed cannot be told, so those failures add up.
        if matches!(flight.wanted, Wanted::Remove(_)) {
            let key = flight.wanted.key().unwrap_or_default();
            self.tidying.remove(key);
            self.tidying.remove(&format!("401 {key}"));
        }
        if let Some(call) = flight.call.and_then(|call| self.calls.get_mut(&call)) {
            call.tries = super::tries::Tries::default();
        }
        if let Meaning::File { size } = meaning {
            self.seen_files += 1;
            self.seen_bytes += size;
        }
        let Some(upload) = flight.upload.map(|id| self.upload_mut(id)) else { return };
        match meaning {
            Meaning::Started { key, upload_id } => {
                (upload.key, upload.upload_id) = (Some(key), Some(upload_id));
                upload.tries.remove(&Slot::Start);
            }
            Meaning::Tag(tag) => {
                let part = flight.part.expect("a part's tag");
                upload.tags.insert(part, tag);
                upload.tries.remove(&Slot::Part(part));
            }
            _ => {}
        }
    }
}

impl Books {
    /// Notes an event that the engine of `tab` is about to be told.
    pub fn told(&mut self, tab: usize, event: &Event, now: u64) {
        let unsampled = match event {
            Event::Ended { op, outcome: Outcome::Sampled(Some(_), _) } => match self.tabs[tab].ops.get(op) {
                Some(super::tab::Pending { kind: Kind::Sample(id), .. }) => Some(*id),
                _ => None,
            },
            _ => None,
        };
        let unsampled = unsampled.filter(|id| !self.tabs[tab].upload(*id).sampled);
        self.tabs[tab].told(event, now);
        if let Some(id) = unsampled {
            self.identified(tab, id);
        }
        if let Event::LockLost { identity } = event {
            self.stolen.remove(&(tab, identity.clone()));
        }
        if let Event::Ended { outcome: Outcome::Locked(Lock::Granted), .. } = event {
            self.granted(tab, now);
        }
        self.spread(tab);
    }

    /// A lock that is free as soon as another tab let go of it is granted before that tab's last word may be heard.
    fn granted(&mut self, tab: usize, now: u64) {
        for upload in self.tabs[tab].uploads.values().filter(|upload| upload.locked_at == now && !upload.follows) {
            let file = upload.identity.as_ref().and_then(|identity| self.files.get_mut(identity));
            if let Some(file) = file.filter(|file| file.told_at.is_some_and(|told| now < told + LAST_WORD)) {
                file.copies += 1;
            }
        }
    }

    /// What is known of an upload that nothing is kept of, or that the service lost, is known of its file.
    pub fn spread(&mut self, tab: usize) {
        for upload in self.tabs[tab].uploads.values().filter(|upload| !upload.settled) {
            if upload.unkept && !self.unpromised.contains(&upload.name) {
                self.unpromised.insert(upload.name.clone());
            }
            if upload.nameless {
                let all = self.tabs.iter().flat_map(|tab| tab.uploads.values().map(|upload| (tab.alive, upload)));
                let over = all.filter(|(alive, upload)| !alive || upload.settled).map(|(_, upload)| upload);
                let names = over.filter(|over| over.identity == upload.identity).map(|over| over.name.clone());
                self.unpromised.extend(names);
            }
            if (upload.unkept || upload.lost || upload.begun_beside)
                && let Some(file) = upload.identity.as_ref().and_then(|identity| self.files.get_mut(identity))
            {
                file.blurred = true;
                file.unkept |= upload.unkept;
            }
        }
    }

    /// A file is known by its identity now.
    fn identified(&mut self, tab: usize, id: UploadId) {
        let upload = self.tabs[tab].upload(id);
        let Some(identity) = upload.identity.clone() else { return };
        let file = self.files.entry(identity).or_default();
        if file.over || file.copies == 0 || upload.twice {
            file.copies += 1;
            file.over = false;
        }
        file.tabs += 1;
        file.blurred |= upload.twice || !self.tabs[tab].config.resume;
    }
}
