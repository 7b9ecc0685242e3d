//! What the people in front of the tabs do.

use crate::happening::Happening;
use crate::model::files::Change;
use crate::model::service::Refusing;
use crate::trace::Subject;
use crate::world::World;
use partway::engine::{Call, CallId, Event, Instant, LEAST_PART, UploadId};

/// Something a person does in a tab. Which upload or call it is about is chosen when it happens.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    Pick(usize),
    Pause,
    Resume,
    Abort { keep: bool },
    Call(u64),
    Withdraw,
    Close,
}

impl World {
    /// Draws all that will happen by itself.
    pub fn plan(&mut self) {
        let tabs = self.chance.one_of(&[1, 1, 1, 2, 2, 2, 3]);
        let files = self.chance.one_of(&[1, 1, 1, 2, 2, 3, 5]);
        for _ in 0..files {
            let size = self.size();
            self.model.files.add(size);
        }
        if self.chance.percent(4) {
            let left = self.chance.between(1, 600_000) as f64;
            self.model.service.session_ends = true;
            self.model.service.expiry = Some(crate::model::EPOCH + left);
        }
        self.model.channel.loses = self.chance.one_of(&[0, 0, 10]);
        self.model.channel.forges = self.chance.one_of(&[0, 0, 0, 5, 30]);
        let (from, spread) = (0, self.chance.one_of(&[0, 0, 300, 3000, 30_000]));
        for _ in 0..tabs {
            let tab = self.open_tab();
            for file in 0..files {
                if tabs == 1 || self.chance.percent(75) {
                    self.after(from, spread, Happening::Person(tab, Act::Pick(file)));
                }
            }
            self.whims(tab);
            if self.chance.percent(self.model.faults.freezes) {
                let millis = self.chance.one_of(&[1000, 10_000, 60_000, 300_000]);
                self.after(1, 20_000, Happening::Freeze(tab, millis));
            }
            if self.chance.percent(self.model.faults.deaths / 2) {
                self.after(1, 10_000, Happening::Die(tab));
            }
        }
        self.misfortunes(files);
        let planned = self.agenda.last_key_value().map_or(0, |((at, _), _)| *at);
        self.storm = planned + self.chance.one_of(&[1000, 5000, 60_000, 600_000]);
    }

    fn size(&mut self) -> u64 {
        let (kind, size) = match self.chance.between(0, 9) {
            0 => ("size: empty", 0),
            1 => ("size: one byte", 1),
            2 => ("size: exact multiple", LEAST_PART * self.chance.between(1, 3)),
            3 => ("size: multiple and one byte", LEAST_PART * self.chance.between(1, 3) + 1),
            4 if self.chance.percent(10) => ("size: huge", LEAST_PART * self.chance.between(30, 60)),
            5..=7 => ("size: some parts", LEAST_PART * self.chance.between(1, 6) + 77),
            _ => ("size: one part", self.chance.between(2, LEAST_PART)),
        };
        self.counts.add(kind);
        size
    }

    fn whims(&mut self, tab: usize) {
        for _ in 0..self.chance.one_of(&[0, 0, 1, 3]) {
            let act = match self.chance.between(0, 19) {
                0..=3 => {
                    self.after(1, 30_000, Happening::Person(tab, Act::Resume));
                    Act::Pause
                }
                4 => Act::Resume,
                5 | 6 => Act::Abort { keep: false },
                7 => Act::Abort { keep: true },
                8 if self.chance.percent(30) => Act::Close,
                9 => Act::Withdraw,
                10 | 11 => Act::Pick(self.chance.between(0, self.model.files.all.len() as u64 - 1) as usize),
                _ => Act::Call(self.chance.between(0, 9)),
            };
            self.after(0, 10_000, Happening::Person(tab, act));
        }
    }

    fn misfortunes(&mut self, files: usize) {
        let faults = self.model.faults;
        if self.chance.percent(faults.offline) {
            let (truly, told) = self.chance.one_of(&[(true, true), (true, true), (true, false), (false, true)]);
            let at = self.chance.between(0, 10_000);
            let until = at + self.chance.one_of(&[200, 3000, 60_000, 200_000]);
            self.at(at, Happening::Network { there: false, truly, told });
            self.at(until, Happening::Network { there: true, truly, told });
        }
        if self.chance.percent(faults.expiries) {
            for _ in 0..self.chance.between(1, 3) {
                self.after(0, 10_000, Happening::Expire);
            }
        }
        if self.chance.percent(faults.restarts) {
            let loses = self.chance.percent(50);
            self.after(0, 10_000, Happening::Restart { loses });
        }
        if self.chance.percent(faults.refusals) {
            let (status, parts_only) = (self.chance.one_of(&[429, 502, 503, 504, 522]), self.chance.percent(30));
            let since = self.chance.between(0, 10_000);
            let until = since + self.chance.one_of(&[3000, 60_000, 300_000, 800_000]);
            self.at(since, Happening::Refuse(Refusing { status, parts_only, since, until }));
        }
        if self.chance.percent(faults.changes) {
            let file = self.chance.between(0, files as u64 - 1) as usize;
            let change = self.chance.one_of(&[Change::Refused, Change::Shown, Change::Hidden, Change::Gone]);
            self.after(0, 5000, Happening::Change(file, change));
        }
    }

    /// After a tab died another opens, and its person picks the same files again.
    pub fn open_again(&mut self) {
        if self.books.calm.is_some() {
            return;
        }
        self.counts.add("tab: opens after another died");
        let files: Vec<usize> = {
            let mut files: Vec<usize> =
                self.tabs.iter().filter(|tab| !tab.alive).flat_map(|tab| tab.picked_files.clone()).collect();
            files.sort_unstable();
            files.dedup();
            files
        };
        let tab = self.open_tab();
        for file in files {
            if self.chance.percent(80) {
                self.after(0, 300, Happening::Person(tab, Act::Pick(file)));
            }
        }
        if self.chance.percent(self.model.faults.deaths / 3) {
            self.after(1, 10_000, Happening::Die(tab));
        }
    }

    pub fn act(&mut self, tab: usize, act: Act) {
        if !self.tabs[tab].alive {
            return;
        }
        match act {
            Act::Pick(file) => {
                if !self.books.tabs[tab].closed {
                    self.pick(tab, file);
                }
            }
            Act::Call(kind) => self.call(tab, kind),
            other => {
                if let Some(event) = self.event(tab, other) {
                    self.tell(tab, event);
                }
            }
        }
    }

    fn event(&mut self, tab: usize, act: Act) -> Option<Event> {
        let uploads: Vec<UploadId> = self.books.tabs[tab].uploads.keys().copied().collect();
        let upload = (!uploads.is_empty()).then(|| self.chance.one_of(&uploads));
        Some(match act {
            Act::Pause => {
                self.counts.add("person: pause");
                Event::Pause(upload?)
            }
            Act::Resume => {
                self.counts.add("person: resume");
                Event::Resume(upload?)
            }
            Act::Abort { keep } => {
                self.counts.add(if keep { "person: abort and keep" } else { "person: abort" });
                Event::Abort { upload: upload?, keep }
            }
            Act::Withdraw => {
                let calls: Vec<CallId> = self.books.tabs[tab].calls.keys().copied().collect();
                self.counts.add("person: withdraw");
                Event::Withdraw(if calls.is_empty() { return None } else { self.chance.one_of(&calls) })
            }
            Act::Close => {
                self.counts.add("person: close");
                Event::Close
            }
            Act::Pick(_) | Act::Call(_) => return None,
        })
    }

    fn call(&mut self, tab: usize, kind: u64) {
        let files = &self.model.service.files;
        // Only what is complete has bytes to give.
        let gives = matches!(kind, 4 | 5) && files.values().any(|held| held.complete);
        let asked = files.iter().filter(|(_, held)| held.complete || !gives);
        let keys: Vec<String> = asked.map(|(key, _)| key.clone()).collect();
        let key = match keys.len() {
            0 => "k/0 é".to_owned(),
            count => keys[self.chance.between(0, count as u64 - 1) as usize].clone(),
        };
        let (name, call) = match kind {
            0 | 1 => ("call: list", Call::List),
            2 => ("call: file", Call::File(key)),
            3 => ("call: link", Call::Link(key)),
            4 | 5 => ("call: download", Call::Download(key)),
            6 => ("call: remove", Call::Remove(key)),
            7 => ("call: rules", Call::Rules),
            8 => ("call: unfinished", Call::Unfinished),
            _ => ("call: forget", Call::Forget(key)),
        };
        self.counts.add(name);
        if let Call::Remove(key) | Call::Forget(key) = &call {
            self.books.called_off.insert(key.clone());
        }
        let forgets = self.forgets(tab, &call);
        let id = self.tabs[tab].engine.call(call.clone(), Instant(self.now));
        self.note(Subject::call(tab, id), || format!("calls {call:?}"));
        self.books.tabs[tab].interrupted |= self.tabs[tab].drains_late;
        self.books.tabs[tab].call(id, call, forgets, self.now);
        self.drain(tab);
    }

    /// The upload of this tab that a call ends: the one that shows the key.
    fn forgets(&self, tab: usize, call: &Call) -> Option<UploadId> {
        let Call::Forget(key) = call else { return None };
        let shows = |id: &UploadId| {
            let view = self.tabs[tab].engine.view(*id, Instant(self.now));
            view.is_some_and(|view| view.key.as_ref() == Some(key))
        };
        let uploads = self.books.tabs[tab].uploads.iter();
        let mut open = uploads.filter(|(_, upload)| upload.live() && !upload.posted_end).map(|(id, _)| *id);
        open.find(shows)
    }

    /// A person may act within the very call that shows an upload.
    pub fn act_within(&mut self, tab: usize, upload: UploadId) {
        if !self.chance.percent(self.model.faults.whims) {
            return;
        }
        self.counts.add("person: within a show");
        let keep = self.chance.percent(50);
        let event = match self.chance.between(0, 3) {
            0 => Event::Pause(upload),
            1 => Event::Resume(upload),
            2 => Event::Abort { upload, keep },
            _ => Event::Close,
        };
        if matches!(event, Event::Close) && self.chance.percent(80) {
            return;
        }
        self.note(Subject::upload(tab, upload), || format!("within it: {event:?}"));
        self.books.told(tab, &event, self.now);
        self.books.tabs[tab].interrupted = true;
        self.tabs[tab].engine.handle(event, Instant(self.now));
    }
}
