//! One schedule: some tabs, their engines, and the one world around them, in virtual time.

use crate::books::Books;
use crate::chance::Chance;
use crate::counts::Counts;
use crate::happening::Happening;
use crate::model::Model;
use crate::model::files::Change;
use crate::model::network::Sent;
use crate::promises::{self, Case, Moment};
use crate::setup::Setup;
use crate::tab::Tab;
use crate::trace::{Subject, Trace, event_text};
use partway::engine::{Action, Event, Identity, OpId, Outcome};
use std::collections::BTreeMap;

/// Far more than any schedule needs: beyond it, it never ends.
const MOST_STEPS: u32 = 200_000;

pub struct World {
    pub chance: Chance,
    pub counts: Counts,
    pub trace: Trace,
    pub now: u64,
    pub agenda: BTreeMap<(u64, u64), Happening>,
    pub model: Model,
    pub setup: Setup,
    pub tabs: Vec<Tab>,
    pub books: Books,
    /// Requests on their way.
    pub wire: BTreeMap<(usize, OpId), Sent>,
    /// Requests of dead tabs that will still arrive.
    pub ghosts: Vec<Sent>,
    /// Starts that nobody waits for any more, and how many lists go before each.
    pub late_starts: Vec<(usize, Sent, u32)>,
    /// When the last transaction of a tab on a file takes place.
    pub turns: BTreeMap<(usize, Option<Identity>), u64>,
    /// Until when faults may happen.
    pub storm: u64,
    noted: u64,
    pub names: u64,
}

impl World {
    pub fn new(seed: u64, trace: Trace) -> Self {
        let mut chance = Chance::new(seed);
        let model = Model::new(&mut chance);
        let setup = Setup::new(&mut chance, &model);
        Self {
            chance,
            counts: Counts::default(),
            trace,
            now: 0,
            agenda: BTreeMap::new(),
            model,
            setup,
            tabs: Vec::new(),
            books: Books::default(),
            wire: BTreeMap::new(),
            ghosts: Vec::new(),
            late_starts: Vec::new(),
            turns: BTreeMap::new(),
            storm: 0,
            noted: 0,
            names: 0,
        }
    }

    /// Plays the schedule to its end. Panics where a promise is broken.
    pub fn play(&mut self) {
        self.plan();
        self.run();
        self.wind_up();
    }

    /// Lets time go on until nothing will happen any more.
    pub fn run(&mut self) {
        for _ in 0..MOST_STEPS {
            let next = self.agenda.first_key_value().map(|((at, _), _)| *at);
            match (self.next_wake(), next) {
                (None, None) => return,
                (Some((wake, tab)), next) if next.is_none_or(|next| wake <= next) => {
                    self.advance(wake);
                    let reason = self.tabs[tab].engine.wake_at().map(|(_, reason)| reason);
                    let reason = reason.unwrap_or_default();
                    self.trace.note(self.now, || (Subject::tab(tab), format!("wakes: {reason}")));
                    self.drain(tab);
                }
                _ => {
                    if let Some(((at, _), happening)) = self.agenda.pop_first() {
                        self.advance(at);
                        self.happen(happening);
                    }
                }
            }
            let until = self.books.calm.map_or(self.storm, |calm| calm + promises::BOUND);
            if self.now > until {
                return;
            }
        }
        panic!("the schedule does not end");
    }

    /// The next tab to be woken, and when.
    fn next_wake(&self) -> Option<(u64, usize)> {
        let tabs = self.tabs.iter().enumerate().filter(|(_, tab)| tab.alive);
        tabs.filter_map(|(number, tab)| {
            let wake = tab.engine.wake_at()?.0.0 + tab.dozes;
            Some((wake.max(tab.frozen_until), number))
        })
        .min()
    }

    fn advance(&mut self, at: u64) {
        let mut now = self.now.max(at);
        let waits_for_poll = self.tabs.iter().any(|tab| tab.drains_late);
        if self.model.faults.sleeps && !waits_for_poll && self.chance.between(0, 399) == 0 {
            let slept = self.chance.between(1, 600_000);
            now += slept;
            // So short a sleep no engine can tell, and a second one finds a last word put off already.
            self.books.undisturbed &= slept > 1000 && self.books.sleeps == 0;
            self.books.sleeps += 1;
            self.counts.add("time: jump");
        }
        if now == self.now {
            return;
        }
        self.now = now;
        for (tab, book) in self.tabs.iter().zip(&mut self.books.tabs) {
            if tab.alive && tab.engine.wake_at().is_some_and(|(wake, _)| now > wake.0 + 500) {
                book.woke_late = now;
            }
        }
    }

    pub fn at(&mut self, at: u64, happening: Happening) {
        self.noted += 1;
        self.agenda.insert((at, self.noted), happening);
    }

    pub fn after(&mut self, least: u64, most: u64, happening: Happening) {
        let at = self.now + self.chance.between(least, most);
        self.at(at, happening);
    }

    pub fn note(&self, subject: Subject, line: impl FnOnce() -> String) {
        self.trace.note(self.now, || (subject, line()));
    }

    /// Holds a moment of a tab against every promise.
    pub fn judge(&mut self, tab: usize, moment: &Moment<'_>) {
        let (books, model, now) = (&self.books, &self.model, self.now);
        let case = Case { books, book: &books.tabs[tab], model, engine: &self.tabs[tab].engine, now, tab, moment };
        promises::judge(&case, &mut self.counts);
    }

    fn happen(&mut self, happening: Happening) {
        if let Some(until) = happening.page().map(|tab| self.tabs[tab].frozen_until).filter(|until| *until > self.now) {
            return self.at(until, happening);
        }
        match happening {
            Happening::Tell(tab, Event::Ended { op, outcome }) => self.end(tab, op, outcome),
            Happening::Tell(tab, Event::Moved { op, bytes }) => {
                if self.tabs[tab].open.contains(&op) {
                    self.tell(tab, Event::Moved { op, bytes });
                }
            }
            Happening::Tell(tab, event) => self.tell(tab, event),
            Happening::Drain(tab) => self.drain(tab),
            Happening::Arrive(tab, op) => self.arrive(tab, op),
            Happening::Trickle(tab, op, bytes) => {
                if self.tabs[tab].alive && self.tabs[tab].open.contains(&op) {
                    self.after(500, 500, Happening::Trickle(tab, op, bytes + 1));
                    self.tell(tab, Event::Moved { op, bytes });
                }
            }
            Happening::Comes(tab, op, arriving) => self.comes(tab, op, arriving),
            Happening::Came(tab, op, gathered) => self.came(tab, op, &gathered),
            Happening::Ghosts => self.ghosts_arrive(),
            Happening::Token(tab, op, given, good) => self.token(tab, op, given, good),
            Happening::AskLock(tab, op, identity, ask) => self.ask_lock(tab, op, &identity, ask),
            Happening::QueryLocks(tab, op) => {
                let locks = self.model.locks.all(self.now);
                self.tell_ended(tab, op, Outcome::Locks(locks));
            }
            Happening::Peer(tab, identity, message) => {
                if self.tabs[tab].alive && self.tabs[tab].channel_open {
                    self.tell(tab, Event::Peer { identity, message });
                }
            }
            Happening::Commit(tab, op, operation) => self.commit(tab, op, &operation),
            Happening::StoreFails(tab, op, operation) => self.store_fails(tab, op, &operation),
            Happening::Person(tab, act) => self.act(tab, act),
            Happening::Die(tab) => {
                if self.tabs[tab].alive {
                    self.counts.add("tab: dies");
                    self.kill(tab);
                }
            }
            Happening::Freeze(tab, millis) => self.freeze(tab, millis),
            Happening::Open => self.open_again(),
            Happening::Network { there, truly, told } => self.network(there, truly, told),
            Happening::Expire => {
                self.note(Subject::default(), || "the token expires".to_owned());
                self.counts.add("fault: token expired");
                self.model.service.token += 1;
            }
            Happening::Restart { loses } => {
                self.note(Subject::default(), || format!("the service restarts (loses unfinished files: {loses})"));
                self.counts.add(if loses { "fault: restart that loses files" } else { "fault: restart" });
                let until = self.now + self.chance.between(1, 3000);
                self.model.service.restart(until, loses);
            }
            Happening::Refuse(refusing) => {
                self.note(Subject::default(), || format!("the service serves nobody: {refusing:?}"));
                self.counts.add(if refusing.parts_only {
                    "fault: no part is served"
                } else {
                    "fault: nobody is served"
                });
                self.model.service.refusing = Some(refusing);
            }
            Happening::Change(file, change) => {
                self.note(Subject::default(), || format!("file {file} changes: {change:?}"));
                self.counts.add(match change {
                    Change::Refused => "file: changes, and is refused",
                    Change::Shown => "file: changes, and is read",
                    Change::Hidden => "file: changes where no sample is taken",
                    Change::Gone => "file: is removed",
                });
                self.model.files.change(file, change);
            }
        }
    }

    /// An operation's answer comes. Some come for a cancelled one, and some twice.
    fn end(&mut self, tab: usize, op: OpId, mut outcome: Outcome) {
        if let Outcome::Response(response) = &mut outcome {
            // The driver looks at the clock when it reads the answer.
            response.received_at = crate::model::EPOCH + self.now as f64;
        }
        let copy = match &outcome {
            Outcome::Response(response) => Some(Outcome::Response(response.clone())),
            Outcome::NoResponse => Some(Outcome::NoResponse),
            Outcome::Stored(result) => Some(Outcome::Stored(result.clone())),
            _ => None,
        };
        if self.tabs[tab].open.contains(&op) {
            if let Some(outcome) = copy.filter(|_| self.chance.between(0, 99) < 2) {
                self.counts.add("answer: duplicate");
                self.after(0, 500, Happening::Tell(tab, Event::Ended { op, outcome }));
            }
            self.tell_ended(tab, op, outcome);
        } else if copy.is_some() && self.tabs[tab].alive && self.chance.percent(50) {
            self.counts.add("answer: for an operation that is over");
            self.tell(tab, Event::Ended { op, outcome });
        }
    }

    fn network(&mut self, there: bool, truly: bool, told: bool) {
        self.note(Subject::default(), || format!("network: {there} (truly: {truly}, told: {told})"));
        self.counts.add(match (there, truly, told) {
            (true, ..) => "network: comes",
            (_, true, true) => "network: goes",
            (_, true, false) => "network: goes, and no browser sees it",
            _ => "network: the browsers see none, wrongly",
        });
        if truly {
            self.model.network.cut = !there;
        }
        for tab in 0..self.tabs.len() {
            if told && self.tabs[tab].alive {
                self.after(0, 40, Happening::Tell(tab, Event::Network { online: there }));
            }
        }
    }

    // --- trace ---

    pub fn note_event(&self, tab: usize, event: &Event) {
        self.trace.note(self.now, || {
            let book = &self.books.tabs[tab];
            let subject = match event {
                Event::Ended { op, .. } | Event::Moved { op, .. } => book.subject_of(tab, *op),
                Event::Peer { identity, .. } => Subject { upload: book.owner(identity), ..Subject::tab(tab) },
                Event::Pause(upload) | Event::Resume(upload) | Event::Abort { upload, .. } => {
                    Subject::upload(tab, *upload)
                }
                Event::Withdraw(call) => Subject::call(tab, *call),
                Event::LockLost { .. } | Event::Network { .. } | Event::Close => Subject::tab(tab),
            };
            (subject, event_text(event))
        });
    }

    pub fn note_action(&self, tab: usize, action: &Action) {
        self.trace.note(self.now, || (self.books.tabs[tab].subject(tab, action), format!("-> {action:?}")));
    }
}
