//! Each action, noted once the promises have judged it.

use super::Books;
use super::tab::{CallBook, Flight, Kind, Pending, TabBook};
use super::upload::{Claim, Shown};
use super::wanted::Wanted;
use partway::engine::{Action, Answer, Ask, Call, CallId, Checkpoint, OpId, PartBody, State, UploadId};
use partway::protocol::{Code, Failure};
use partway::resume::{PeerEnd, PeerMessage, PeerReport};

/// How long uploads that begin may do without what did not answer one, in milliseconds.
const LEFT_ALONE_FOR: u64 = 60_000;

impl TabBook {
    /// Whose request this is: an upload's, or a call's where only one can be meant.
    fn whose(&self, wanted: &Wanted, part: Option<&PartBody>) -> (Option<UploadId>, Option<CallId>) {
        if let Some(part) = part {
            return (Some(part.upload), None);
        }
        let upload = match wanted {
            Wanted::Start { name, .. } => {
                let named = self.uploads.iter().filter(|(_, upload)| upload.name == *name && !upload.settled);
                named.min_by_key(|(_, upload)| (upload.key.is_some(), upload.starts)).map(|(id, _)| *id)
            }
            _ => self.upload_of(wanted.key()),
        };
        let calls =
            self.calls.iter().filter(|(_, book)| !book.answered && !book.withdrawn && wants(&book.call, wanted));
        // One request at a time: another with the same text is an upload's.
        let idle = |id: &CallId| !self.flights.values().any(|flight| flight.call == Some(*id));
        let calls: Vec<CallId> = calls.map(|(id, _)| *id).filter(idle).collect();
        let shared = matches!(wanted, Wanted::List | Wanted::Rules);
        (upload, calls.first().copied().filter(|_| calls.len() == 1 && upload.is_none() && !shared))
    }

    pub fn upload_of(&self, key: Option<&str>) -> Option<UploadId> {
        let key = key?;
        let has =
            |(_, upload): &(&UploadId, &super::upload::Upload)| !upload.settled && upload.key.as_deref() == Some(key);
        self.uploads.iter().find(has).map(|(id, _)| *id)
    }

    fn send(&mut self, op: OpId, wanted: Wanted, part: Option<&PartBody>, report: bool, now: u64) {
        let (upload, call) = self.whose(&wanted, part);
        let reports = match upload {
            Some(id) if part.is_some() => self.config.can_report_progress && (report || self.upload(id).watched),
            _ => true,
        };
        let part_size = self.config.part_size;
        let mut number = None;
        let is_digested = matches!((&wanted, upload), (Wanted::Part { number, .. }, Some(id))
            if self.ops.values().any(|op| op.kind == Kind::Digest(id, *number)));
        if let Some(upload) = upload.map(|id| self.upload_mut(id)) {
            match &wanted {
                Wanted::Start { .. } => {
                    upload.admitted = true;
                    if upload.key.is_some() || upload.lost {
                        upload.begin_anew(part_size);
                    }
                    upload.starts += 1;
                    (upload.begun, upload.searched_after_start) = (true, false);
                }
                Wanted::Complete { .. } => upload.completing = true,
                Wanted::Part { number: sent, .. } => {
                    *upload.tried.entry(*sent).or_default() += 1;
                    // Where sending is fast, a part may be sent without its digest, and is not kept.
                    if is_digested {
                        upload.undigested.remove(sent);
                    } else if upload.plan.parts() > 1 {
                        upload.undigested.insert(*sent);
                    }
                    number = Some(*sent);
                }
                Wanted::Remove(_) => upload.removals += 1,
                _ => {}
            }
        }
        let generation = self.token.generation;
        let probes = self.may_probe() && matches!(wanted, Wanted::List | Wanted::Rules);
        let flight =
            Flight { probes, wanted, upload, call, part: number, sent: now, moved: now, bytes: 0, reports, generation };
        if flight.call.is_none() {
            self.sends.push(now);
        }
        self.flights.insert(op, flight);
        self.link.finders += u64::from(self.link.offline.is_some());
    }

    fn cancel(&mut self, op: OpId, now: u64) {
        // A lock that was granted meanwhile is let go of, too.
        for upload in self.uploads.values_mut().filter(|upload| upload.claimed_by == Some(op)) {
            (upload.claim, upload.claimed_by) = (Claim::None, None);
        }
        if let Some(flight) = self.flights.remove(&op) {
            let age = now - flight.sent;
            let trickles = age >= 4 * self.config.stall && flight.bytes < age;
            if trickles || now + 5 >= flight.moved + self.config.stall {
                let failure = Failure::stalled(self.config.stall);
                self.window.may_halve = true;
                self.window.may_halved = Some(now);
                self.link.lost = Some(now);
                // A probe that nothing answers is an outage.
                self.link.unproven |= flight.probes;
                self.link.answered_before_loss = self.link.responded;
                self.failed(&flight, &failure, now);
            } else if let (Wanted::Start { .. }, Some(id)) = (&flight.wanted, flight.upload) {
                let upload = self.upload_mut(id);
                (upload.lost_start, upload.searched) = (true, false);
            }
        }
        if let Some(pending) = self.ops.remove(&op) {
            if self.upload_stored_by(&pending.kind).is_some_and(|id| self.upload(id).lost_lock) {
                // Its lock was stolen: what is stored is another tab's.
                return;
            }
            if pending.kind.is_kept() {
                self.left_alone_until = now + LEFT_ALONE_FOR;
            }
            match pending.kind {
                Kind::Lock(identity, wait) => {
                    if let Some(id) = self.owner(&identity) {
                        let upload = self.upload_mut(id);
                        upload.claim = Claim::None;
                        // Nobody says who has the lock: it goes on without.
                        upload.lockless |= !wait && upload.live() && !upload.follows;
                        upload.unkept |= upload.lockless;
                    }
                }
                // An upload that begins anew gives up what it was about to store of the old one.
                Kind::StorePart(id, ..) if self.upload(id).lost && now < pending.since + 9_990 => {}
                // One that is done needs its key no more.
                Kind::Store(id, false)
                    if self.upload(id).is_small() && (now < pending.since + 9_990 || self.has_slept(now)) => {}
                Kind::Store(id, _) | Kind::StorePart(id, ..) => {
                    let upload = self.upload_mut(id);
                    upload.purge_failed |= !upload.live();
                    self.give_up_keeping(id, pending.since, now);
                }
                Kind::Sample(id) => {
                    let upload = self.upload_mut(id);
                    upload.unkept |= !upload.sampled;
                    upload.sampled = true;
                }
                Kind::Peek(id) => {
                    // A read that never ends is a try, and says nothing of the token.
                    let upload = self.upload_mut(id);
                    upload.causes.push(Code::Timeout);
                    upload.unread += u32::from(upload.live());
                    upload.tries.values_mut().for_each(|tries| tries.refused = 0);
                }
                Kind::Digest(id, number) => self.upload_mut(id).digested(number, None),
                Kind::Fetch => self.calls.values_mut().for_each(|call| call.causes.push(Code::Timeout)),
                Kind::Purge(identity) => {
                    self.calls.values_mut().for_each(|call| call.causes.push(Code::Storage));
                    if let Some(id) = self.owner(&identity) {
                        let upload = self.upload_mut(id);
                        (upload.stored, upload.purge_failed) = (false, true);
                    }
                }
                Kind::Load(identity) => {
                    if let Some(id) = self.owner(&identity) {
                        self.give_up_keeping(id, pending.since, now);
                        self.nothing_found(id);
                    }
                }
                Kind::LoadAll | Kind::Locks => self.calls.values_mut().for_each(|call| call.causes.push(Code::Storage)),
                _ => {}
            }
        }
    }

    /// A start is about to be asked for: of a file that was never claimed, where locks or the store were not answered.
    /// Gives its name.
    pub fn begins(&mut self, wanted: &Wanted) -> Option<String> {
        let Wanted::Start { name, .. } = wanted else { return None };
        let unclaimed = |upload: &&mut super::upload::Upload| {
            upload.name == *name && upload.left_alone && upload.claimed_by.is_none() && upload.locked_at == 0
        };
        let upload = self.uploads.values_mut().find(unclaimed)?;
        (upload.lockless, upload.unkept) = (true, true);
        Some(upload.name.clone())
    }

    /// The upload that an operation of the store is of.
    fn upload_stored_by(&self, kind: &Kind) -> Option<UploadId> {
        match kind {
            Kind::Store(id, _) | Kind::StorePart(id, ..) => Some(*id),
            Kind::Load(identity) | Kind::Purge(identity) => self.owner(identity),
            _ => None,
        }
    }

    /// Whether it overslept a moment ago: every operation got another chance.
    fn has_slept(&self, now: u64) -> bool {
        self.woke_late > 0 && now <= self.woke_late + 2 * self.config.stall
    }

    fn give_up_keeping(&mut self, id: UploadId, since: u64, now: u64) {
        let slept = self.has_slept(now);
        let late = now - since >= 3990;
        if (late || slept) && self.upload(id).live() {
            if late && !self.warned {
                self.should_warn.push(id);
            }
            self.upload_mut(id).unkept = true;
        }
    }

    fn open(&mut self, op: OpId, kind: Kind, now: u64) {
        self.ops.insert(op, Pending { kind, since: now });
    }

    /// Notes an action. `wanted` is what a request asks for.
    pub fn asked(&mut self, action: &Action, wanted: Option<Wanted>, now: u64) {
        // Whatever is asked for later, time has asked for.
        if std::mem::replace(&mut self.acted_at, now) != now {
            self.actions = 0;
        }
        self.actions += 1;
        match action {
            Action::Send { op, part, report, .. } => {
                self.send(*op, wanted.expect("a request was read"), part.as_ref(), *report, now);
            }
            Action::Cancel { op } => self.cancel(*op, now),
            Action::Fetch { op, .. } => self.open(*op, Kind::Fetch, now),
            Action::Token { op } => {
                self.token.asking = true;
                self.token.asked += 1;
                self.token.asked_afresh = false;
                self.open(*op, Kind::Token, now);
            }
            Action::Sample { op, upload } => {
                self.upload_mut(*upload).begun = true;
                self.open(*op, Kind::Sample(*upload), now);
            }
            Action::Peek { op, upload, .. } => self.open(*op, Kind::Peek(*upload), now),
            Action::DecodeList { op, .. } => self.open(*op, Kind::Decode, now),
            Action::Lock { op, identity, ask } => {
                if let Some(id) = self.owner(identity) {
                    let book = self.upload_mut(id);
                    (book.claim, book.claimed_by, book.awaits_load) = (Claim::Asked(*op), Some(*op), true);
                }
                self.open(*op, Kind::Lock(identity.clone(), *ask == Ask::Queue), now);
            }
            Action::Unlock { identity } => self.lets_go(identity),
            Action::QueryLocks { op } => self.open(*op, Kind::Locks, now),
            Action::Post { identity, message: PeerMessage::RequestHandover } => {
                if let Some(id) = self.owner(identity) {
                    self.upload_mut(id).asked_at = now;
                }
            }
            Action::Post { identity, message: PeerMessage::Report(PeerReport { end: Some(end), .. }) } => {
                if let Some(id) = self.owner(identity) {
                    let upload = self.upload_mut(id);
                    upload.posted_end = true;
                    // It was done before the person wanted it no more.
                    if *end == PeerEnd::Done {
                        upload.aborted = None;
                    }
                }
            }
            Action::Post { .. } | Action::Channel { .. } | Action::CallProgress { .. } => {}
            Action::Move { .. } => {}
            Action::Load { op, identity, .. } => self.open(*op, Kind::Load(identity.clone()), now),
            Action::LoadAll { op } => self.open(*op, Kind::LoadAll, now),
            Action::Store { op, upload, checkpoint, .. } => {
                let part_size = self.config.part_size;
                let book = self.upload_mut(*upload);
                if matches!(checkpoint, Checkpoint::Intent { .. }) && book.key.is_some() && book.live() {
                    // What it found is complete, and of what the file was before; or is not what another tab told.
                    book.begun_beside |= !book.told;
                    book.begin_anew(part_size);
                }
                (book.stored, book.admitted, book.unrecorded) = (true, true, false);
                self.open(*op, Kind::Store(*upload, !matches!(checkpoint, Checkpoint::Begun(_))), now);
            }
            Action::Digest { op, upload, range } => {
                let plan = &self.upload(*upload).plan;
                let number = (range.start / plan.part_size()) as u32 + 1;
                self.open(*op, Kind::Digest(*upload, number), now);
            }
            Action::StorePart { op, upload, number, part, .. } => {
                self.open(*op, Kind::StorePart(*upload, *number, part.tag.clone()), now);
            }
            Action::Purge { op, identity } => self.open(*op, Kind::Purge(identity.clone()), now),
            Action::WarnUnkept => {
                (self.warned, self.must_warn) = (true, false);
                self.should_warn.clear();
            }
            Action::Show { upload, view } => {
                let book = self.upload_mut(*upload);
                book.shown = Some(Shown { state: view.state, at: now });
                book.progress = view.progress;
                if matches!(view.state, State::Done | State::Failed | State::Aborted) {
                    book.end = Some(view.state);
                    book.failure = view.failure.as_ref().map(|failure| failure.code);
                }
            }
            Action::Stand { .. } => {}
            Action::Settle { upload } => self.upload_mut(*upload).settled = true,
            Action::Reply { call, answer } => {
                if let Ok(Answer::List(files)) = answer {
                    self.seen_files = self.seen_files.max(files.len() as u64);
                    self.seen_bytes = self.seen_bytes.max(files.iter().map(|file| file.size()).sum());
                }
                self.calls.get_mut(call).expect("a call that was made").answered = true;
            }
        }
    }

    /// A call is made. It `forgets` an upload here, if it does.
    pub fn call(&mut self, id: CallId, call: Call, forgets: Option<UploadId>, now: u64) {
        let offline = self.link.offline.map(|_| Code::Network);
        let known = self.rules_causes.iter().copied().filter(|_| call == Call::Rules);
        let causes = self.closed.then_some(Code::Closed).into_iter().chain(offline).chain(known).collect();
        let ending = |upload: &super::upload::Upload| {
            upload.key.as_ref().is_some_and(|key| touches(&call, key)) && !upload.live() && !upload.settled
        };
        let beside_end = self.uploads.values().any(ending);
        let book = CallBook {
            call,
            withdrawn: false,
            answered: false,
            causes,
            tries: super::tries::Tries::default(),
            doubtful: false,
            beside_end,
            bodies: Vec::new(),
        };
        self.calls.insert(id, book);
        self.token.asked_afresh = true;
        if let Some(upload) = forgets {
            self.upload_mut(upload).aborted = Some((now, false));
        }
    }
}

/// Whether a call is made of requests like this.
pub fn wants(call: &Call, wanted: &Wanted) -> bool {
    match (call, wanted) {
        (Call::List, Wanted::List) | (Call::Rules, Wanted::Rules) => true,
        (Call::File(of) | Call::Download(of), Wanted::File(key)) => of == key,
        (Call::Link(of) | Call::Download(of), Wanted::Link(key)) => of == key,
        (Call::Remove(of) | Call::Forget(of), Wanted::Remove(key)) => of == key,
        _ => false,
    }
}

/// Whether a call is about the file with this key.
pub fn touches(call: &Call, key: &str) -> bool {
    match call {
        Call::File(of) | Call::Link(of) | Call::Download(of) | Call::Remove(of) | Call::Forget(of) => of == key,
        Call::List | Call::Rules | Call::Unfinished => false,
    }
}

impl Books {
    /// Notes what an action tells about a file in all tabs.
    pub fn asked(&mut self, tab: usize, action: &Action, wanted: Option<Wanted>, now: u64) {
        if let Action::Show { upload, view } = action {
            let ends = matches!(view.state, State::Done | State::Failed | State::Aborted);
            let book = self.tabs[tab].upload(*upload);
            if ends {
                self.shown_keys.extend(view.key.iter().cloned());
                if view.state == State::Failed {
                    self.unpromised.insert(book.name.clone());
                }
            }
            if let Some(file) = book.identity.as_ref().and_then(|identity| self.files.get_mut(identity)) {
                if view.state == State::Done {
                    file.done.extend(view.key.iter().cloned());
                }
                file.over |= ends;
            }
        }
        if let Action::Post { identity, message: PeerMessage::Report(PeerReport { end: Some(_), .. }) } = action
            && let Some(file) = self.files.get_mut(identity)
        {
            file.told_at = Some(now);
        }
        self.tabs[tab].asked(action, wanted, now);
        if matches!(action, Action::Cancel { .. } | Action::Send { .. }) {
            self.spread(tab);
        }
    }
}
