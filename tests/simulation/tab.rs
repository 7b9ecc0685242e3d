//! One tab: an engine, the driver around it, and what of its operations is not answered yet.

use crate::books::wanted::Wanted;
use crate::happening::Happening;
use crate::model::files::Read;
use crate::model::locks::Asked;
use crate::model::network::Sent;
use crate::model::service::Content;
use crate::model::store::{Lot, Operation, Store};
use crate::person::Act;
use crate::promises::Moment;
use crate::trace::Subject;
use crate::world::World;
use partway::engine::{Action, Ask, Bytes, Engine, Event, Identity, Instant, Lock, OpId, Outcome, PartBody, UploadId};
use partway::protocol::{FileList, Request};
use partway::resume::SAMPLE;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Actions that one event, or one wake-up, may ask for: beyond it the engine is in a busy loop.
const MOST_ACTIONS: u32 = 2000;

/// What the driver knows of an upload.
#[derive(Clone, Debug)]
pub struct Pick {
    pub file: usize,
    /// The version the file showed when it was picked.
    pub version: u32,
    pub name: String,
    pub size: u64,
    pub watched: bool,
}

pub struct Tab {
    pub engine: Engine,
    pub alive: bool,
    /// Events were told that no poll followed yet.
    pub drains_late: bool,
    pub channel_open: bool,
    /// The newest token.
    pub token: Option<u64>,
    pub picks: BTreeMap<UploadId, Pick>,
    /// Operations that were neither answered nor cancelled.
    pub open: BTreeSet<OpId>,
    pub can_report: bool,
    /// Timers of a hidden page come so late, in milliseconds.
    pub dozes: u64,
    /// Until when the browser keeps its page stopped.
    pub frozen_until: u64,
    /// The file that each pick of the person was of.
    pub picked_files: Vec<usize>,
}

impl World {
    /// Tells an engine, and does what it asks for.
    pub fn tell(&mut self, tab: usize, event: Event) {
        if !self.tabs[tab].alive {
            return;
        }
        if self.tabs[tab].drains_late && !matches!(event, Event::Moved { .. } | Event::Peer { .. } | Event::Pause(_)) {
            // What the engine has given up by then, it no longer hears of; who watches cannot know.
            self.drain(tab);
        }
        self.note_event(tab, &event);
        self.books.told(tab, &event, self.now);
        // What was decided before is still asked for.
        self.books.tabs[tab].interrupted |= self.tabs[tab].drains_late;
        let now = Instant(self.now);
        self.tabs[tab].engine.handle(event, now);
        if self.chance.between(0, 99) < 3 {
            self.counts.add("driver: two events before a poll");
            self.tabs[tab].drains_late = true;
            return self.after(0, 3, Happening::Drain(tab));
        }
        self.drain(tab);
    }

    /// Does all that the engine asks for now.
    pub fn drain(&mut self, tab: usize) {
        let mut asked = 0;
        self.tabs[tab].drains_late = false;
        while self.tabs[tab].alive {
            let Some(action) = self.tabs[tab].engine.poll(Instant(self.now)) else { break };
            asked += 1;
            assert!(asked < MOST_ACTIONS, "one poll after the other asks for something: a busy loop, {action:?}");
            self.note_action(tab, &action);
            let wanted = match &action {
                Action::Send { request, .. } => Some(Wanted::of(request)),
                _ => None,
            };
            if let Some(wanted) = &wanted {
                let unclaimed = self.books.tabs[tab].begins(wanted);
                self.books.unpromised.extend(unclaimed);
            }
            self.judge(tab, &Moment::Asked(&action, wanted.as_ref()));
            if let Some(share) = wanted.as_ref().and_then(|wanted| self.books.tabs[tab].waited(wanted, self.now)) {
                self.counts.waited(share);
            }
            self.books.asked(tab, &action, wanted, self.now);
            self.perform(tab, action);
        }
        if self.tabs[tab].alive {
            self.judge(tab, &Moment::Quiet);
            let allowed = self.tabs[tab].engine.parts_allowed();
            self.books.tabs[tab].quiet(allowed, self.now);
        }
    }

    pub fn open(&mut self, tab: usize, op: OpId) {
        self.tabs[tab].open.insert(op);
    }

    /// An operation is answered after a time between `least` and `most`.
    pub fn answer(&mut self, tab: usize, op: OpId, least: u64, most: u64, outcome: Outcome) {
        self.open(tab, op);
        self.after(least, most, Happening::Tell(tab, Event::Ended { op, outcome }));
    }

    fn perform(&mut self, tab: usize, action: Action) {
        match action {
            Action::Send { op, request, part, read, report } => self.send(tab, op, request, part, read, report),
            Action::Fetch { op, link, size, gathered, resumes } => {
                self.fetch(tab, op, &link, size, &gathered, resumes);
            }
            Action::Cancel { op } => self.cancel(tab, op),
            Action::Token { op } => {
                self.open(tab, op);
                let called = self.model.tokens.call(&mut self.chance);
                self.after(called.after, called.after, Happening::Token(tab, op, called.given, called.good));
            }
            Action::Sample { op, upload } => {
                let identity = self.identity(tab, upload);
                let read = self.read_whole(tab, upload);
                self.answer(tab, op, 0, 30, Outcome::Sampled(identity, read));
            }
            Action::Peek { op, upload, whole, .. } => {
                let readable = self.identity(tab, upload).is_some();
                // Files in a cloud, or on a drive that is away, take as long as they like.
                let hangs = self.model.files.hang && self.books.calm.is_none() && self.chance.percent(4);
                if hangs {
                    self.counts.add("file: is read late");
                }
                let read = self.read_whole(tab, upload).filter(|_| whole);
                let outcome = read.map_or(Outcome::Readable(readable), Outcome::ReadWhole);
                self.answer(tab, op, 0, if hangs { 60_000 } else { 5 }, outcome);
            }
            Action::Digest { op, upload, range } => {
                let pick = &self.tabs[tab].picks[&upload];
                let digest = match self.model.files.read(pick.file, pick.version) {
                    Read::Bytes(version) => Some(Content { file: pick.file, version, range }.digest()),
                    Read::Unreadable => None,
                };
                let hangs = self.model.files.hang && self.books.calm.is_none() && self.chance.percent(4);
                self.answer(tab, op, 0, if hangs { 60_000 } else { 30 }, Outcome::Digested(digest));
            }
            Action::DecodeList { op, body } => {
                let files = FileList::new(&body).collect();
                self.answer(tab, op, 0, 30, Outcome::Listed(files));
            }
            Action::Lock { op, identity, ask } => {
                self.open(tab, op);
                self.after(0, 5, Happening::AskLock(tab, op, identity, ask));
            }
            Action::Unlock { identity } => {
                let next = self.model.locks.release(&identity, tab);
                self.granted(next);
            }
            Action::QueryLocks { op } => {
                self.open(tab, op);
                self.after(0, 5, Happening::QueryLocks(tab, op));
            }
            Action::Channel { open } => self.tabs[tab].channel_open = open,
            Action::Post { identity, message } => {
                assert!(self.tabs[tab].channel_open, "a message is posted on a closed channel");
                for other in 0..self.tabs.len() {
                    if other == tab || !self.tabs[other].alive || !self.tabs[other].channel_open {
                        continue;
                    }
                    let (now, chance) = (self.now, &mut self.chance);
                    match self.model.channel.arrives(tab, other, &message, now, chance) {
                        Some(at) => self.at(at, Happening::Peer(other, identity.clone(), message.clone())),
                        None => self.counts.add("channel: a message is lost"),
                    }
                    if let Some(forged) = self.model.channel.forged(&identity, &mut self.chance) {
                        self.counts.add("channel: a message is forged");
                        self.books.forged = true;
                        self.after(0, 150, Happening::Peer(other, identity.clone(), forged));
                    }
                }
            }
            Action::Load { op, identity, .. } => self.store(tab, op, Operation::Load(identity)),
            Action::Move { .. } => panic!("nothing is stored by a version before"),
            Action::LoadAll { op } => self.store(tab, op, Operation::LoadAll),
            Action::Store { op, upload, identity, checkpoint, part_size, expires_in } => {
                let pick = &self.tabs[tab].picks[&upload];
                let record = Store::record(&checkpoint, &pick.name, pick.size, part_size, self.now);
                let expires_at = self.now + expires_in;
                self.store(tab, op, Operation::Store { identity, record, expires_at });
            }
            Action::StorePart { op, identity, remote, number, part, .. } => {
                self.store(tab, op, Operation::StorePart { identity, remote, number, part });
            }
            Action::Purge { op, identity } => self.store(tab, op, Operation::Purge(identity)),
            Action::Show { upload, .. } => self.act_within(tab, upload),
            Action::WarnUnkept => self.counts.add("store: keeping is given up"),
            // What has just arrived is looked at.
            Action::Settle { .. } if self.books.calm.is_none() && self.chance.percent(25) => {
                self.after(0, 2000, Happening::Person(tab, Act::Call(4)));
            }
            Action::Stand { .. } | Action::Settle { .. } | Action::CallProgress { .. } | Action::Reply { .. } => {}
        }
    }

    /// All bytes of an upload's file, where it is short.
    fn read_whole(&self, tab: usize, upload: UploadId) -> Option<Bytes> {
        let pick = &self.tabs[tab].picks[&upload];
        match self.model.files.read(pick.file, pick.version) {
            Read::Bytes(version) if pick.size <= 3 * SAMPLE => Some(Bytes { size: pick.size, value: Rc::new(version) }),
            _ => None,
        }
    }

    /// What the file of an upload is now.
    fn identity(&self, tab: usize, upload: UploadId) -> Option<Identity> {
        let pick = &self.tabs[tab].picks[&upload];
        self.model.files.identity(pick.file, pick.version)
    }

    fn send(
        &mut self,
        tab: usize,
        op: OpId,
        request: Request,
        part: Option<PartBody>,
        read: Option<Bytes>,
        report: bool,
    ) {
        self.open(tab, op);
        let fate = self.model.faults.fate(&mut self.chance, &mut self.counts);
        let slow = self.chance.one_of(&[5, 5, 50, 50, 400, 400, 5000]);
        let slow = if self.books.calm.is_some() { slow.min(50) } else { slow };
        let mut content = None;
        if let Some(PartBody { upload, range }) = &part {
            let pick = &self.tabs[tab].picks[upload];
            let read = read.and_then(|read| read.value.downcast_ref::<u32>().copied());
            if read.is_some() {
                self.counts.add("file: is sent as it was read");
            }
            let read = read.map_or_else(|| self.model.files.read(pick.file, pick.version), Read::Bytes);
            if let Read::Bytes(version) = read {
                content = Some(Content { file: pick.file, version, range: range.clone() });
            }
            let told = self.tabs[tab].can_report && (report || pick.watched);
            let length = range.end - range.start;
            let moves = if told { self.chance.one_of(&[0, 1, 2]) } else { 0 };
            let mut bytes = 0;
            for step in 1..=moves {
                bytes = if self.chance.percent(30) { length } else { self.chance.between(bytes, length) };
                let event = Event::Moved { op, bytes };
                self.after(slow * (step - 1) / 2, slow * step / 2, Happening::Tell(tab, event));
            }
        }
        let token = self.tabs[tab].token;
        let sent = Sent { request, content, is_part: part.is_some(), token, fate };
        if fate == crate::model::fault::Fate::Trickles && part.is_none() {
            self.after(500, 500, Happening::Trickle(tab, op, 1));
        }
        let swallows = if sent.is_part { self.model.faults.swallows } else { 0 };
        if swallows > 0 {
            self.counts.add("fault: a part is taken at once and passed on slowly");
            let length = part.map_or(0, |part| part.range.end - part.range.start);
            self.after(0, 5, Happening::Tell(tab, Event::Moved { op, bytes: length }));
        }
        if self.model.faults.hides {
            self.counts.add("fault: statuses are hidden");
        }
        self.wire.insert((tab, op), sent);
        self.after(slow + swallows / 2, slow * 2 + swallows, Happening::Arrive(tab, op));
    }

    fn cancel(&mut self, tab: usize, op: OpId) {
        self.tabs[tab].open.remove(&op);
        let next = self.model.locks.withdraw((tab, op));
        self.granted(next);
    }

    /// Somebody has a lock now.
    pub fn granted(&mut self, claim: Option<(usize, OpId)>) {
        if let Some((tab, op)) = claim {
            let event = Event::Ended { op, outcome: Outcome::Locked(Lock::Granted) };
            self.after(0, 5, Happening::Tell(tab, event));
        }
    }

    pub fn ask_lock(&mut self, tab: usize, op: OpId, identity: &Identity, ask: Ask) {
        if !self.tabs[tab].alive || !self.tabs[tab].open.contains(&op) {
            return;
        }
        if ask == Ask::Steal
            && let Some(loser) = self.model.locks.steal(identity)
        {
            self.counts.add("lock: is stolen");
            self.note(Subject::tab(loser), || format!("loses the lock of {}", identity.0));
            self.books.is_stolen(loser, identity);
            // Whoever has only just got it hears that before.
            self.after(5, 10, Happening::Tell(loser, Event::LockLost { identity: identity.clone() }));
        }
        let lock = match self.model.locks.ask(identity, (tab, op), ask, self.now) {
            Asked::Granted => Lock::Granted,
            Asked::Waits => return self.counts.add("lock: waits in the queue"),
            Asked::Taken => {
                self.counts.add("lock: taken");
                Lock::Taken { queue: self.model.locks.queue }
            }
        };
        self.after(0, 5, Happening::Tell(tab, Event::Ended { op, outcome: Outcome::Locked(lock) }));
    }

    fn store(&mut self, tab: usize, op: OpId, operation: Operation) {
        self.open(tab, op);
        match self.model.store.lot(&mut self.chance) {
            Lot::Fails(after) => {
                self.counts.add("store: fails");
                self.after(after, after, Happening::StoreFails(tab, op, operation));
            }
            Lot::NeverEnds => self.counts.add("store: never ends"),
            Lot::Happens(after) => {
                // Transactions of one tab on one file take place in their order.
                let turn = self.turns.entry((tab, operation.identity().cloned())).or_default();
                let at = (self.now + after).max(*turn);
                *turn = at;
                self.at(at, Happening::Commit(tab, op, operation));
            }
        }
    }

    /// An operation of the store takes place; perhaps it is the last that its tab does.
    pub fn commit(&mut self, tab: usize, op: OpId, operation: &Operation) {
        if !self.tabs[tab].alive || !self.tabs[tab].open.contains(&op) {
            return;
        }
        let stored = self.model.store.write(operation);
        if let Operation::Purge(identity) = operation
            && let Some(file) = self.books.files.get_mut(identity)
        {
            // Whoever picks it from now on begins anew, whether or not this tab lives to show its end.
            file.over = true;
        }
        let text = |operation: &Operation| format!("the store: {}", described(operation));
        let identity = operation.identity().cloned();
        self.trace.note(self.now, || (Subject { identity, ..Subject::tab(tab) }, text(operation)));
        if operation.writes() && self.chance.between(0, 999) < self.model.faults.fatal_writes {
            self.counts.add(match operation {
                Operation::Store { record, .. } if record.is_intent() => "tab: dies after an intent is stored",
                Operation::Store { .. } => "tab: dies after a record is stored",
                Operation::StorePart { .. } => "tab: dies after a tag is stored",
                _ => "tab: dies after a record is deleted",
            });
            return self.kill(tab);
        }
        let now = self.now;
        let outcome = match operation {
            Operation::Load(identity) => Outcome::Loaded(Ok(self.model.store.load(identity, now))),
            Operation::LoadAll => Outcome::LoadedAll(Ok(self.model.store.load_all(now))),
            _ if stored => Outcome::Stored(Ok(())),
            _ => Outcome::Stored(Err(Store::failure())),
        };
        self.after(0, 3, Happening::Tell(tab, Event::Ended { op, outcome }));
    }

    /// An answer of the token function.
    pub fn token(&mut self, tab: usize, op: OpId, given: partway::engine::Given, good: bool) {
        if !self.tabs[tab].open.contains(&op) {
            return;
        }
        use partway::engine::Given;
        if given == Given::Token {
            self.tabs[tab].token = Some(if good { self.model.service.token } else { 0 });
        }
        self.counts.add(match &given {
            Given::Token if good => "token: given",
            Given::Token => "token: given, and a bad one",
            Given::Nothing(_) => "token: gives nothing",
            Given::Threw => "token: throws",
            Given::Invalid(_) => "token: gives what is none",
        });
        self.tell_ended(tab, op, Outcome::Token(given));
    }

    /// Ends an operation, if it is still open.
    pub fn tell_ended(&mut self, tab: usize, op: OpId, outcome: Outcome) {
        if self.tabs[tab].open.remove(&op) {
            self.tell(tab, Event::Ended { op, outcome });
        }
    }

    pub fn store_fails(&mut self, tab: usize, op: OpId, operation: &Operation) {
        let outcome = match operation {
            Operation::Load(_) => Outcome::Loaded(Err(Store::failure())),
            Operation::LoadAll => Outcome::LoadedAll(Err(Store::failure())),
            _ => Outcome::Stored(Err(Store::failure())),
        };
        self.tell_ended(tab, op, outcome);
    }
}

fn described(operation: &Operation) -> String {
    match operation {
        Operation::Load(identity) => format!("loads {}", identity.0),
        Operation::LoadAll => "loads all".to_owned(),
        Operation::Store { identity, record, .. } if record.is_intent() => format!("keeps an intent of {}", identity.0),
        Operation::Store { identity, record, .. } => format!("keeps {} as {}", identity.0, record.key),
        Operation::StorePart { identity, number, part, .. } => {
            format!("keeps tag {} of part {number} of {}", part.tag, identity.0)
        }
        Operation::Purge(identity) => format!("deletes {}", identity.0),
    }
}
