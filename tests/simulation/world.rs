//! One schedule: a driver, a network, a service and a person around one engine, in virtual time.

use crate::chance::Chance;
use crate::fault::{Fate, Weather};
use crate::ledger::Ledger;
use crate::record::Record;
use crate::server::{Call, Server};
use partway::engine::{
    Action, Backoff, Config, Engine, Event, Instant, Kept, LEAST_PART, Picked, RequestId, State, UploadId,
};
use partway::protocol::{Code, Failure};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Far more than any schedule needs: beyond it, it never ends.
const MOST_STEPS: u32 = 100_000;

/// What is going to happen.
#[derive(Clone, Debug)]
pub enum Happening {
    /// A request reaches the service.
    Arrive(RequestId, Fate),
    /// The engine is told; `true`: also where the request was cancelled meanwhile.
    Tell(Event, bool),
    Pick {
        picked: Picked,
        file: u64,
        kept: Option<Kept>,
    },
    /// The browser says that the network went or came; whether requests notice.
    Network {
        there: bool,
        truly: bool,
    },
    /// The page dies; another goes on.
    Crash,
    /// A request of a page that died reaches the service.
    Ghost(Call, u64),
    /// The token the service took is no longer taken.
    Expire,
    Restart {
        loses: bool,
    },
    /// The token callback answers: with a token, with one that is no good, or not.
    Token(Option<bool>),
}

/// What the driver knows of an upload.
pub struct Pick {
    pub name: u64,
    pub file: u64,
    pub kept: Option<Kept>,
}

/// What a schedule did, line by line.
pub type Trace = Rc<RefCell<Vec<String>>>;

pub struct World {
    pub chance: Chance,
    pub weather: Weather,
    pub engine: Engine,
    pub server: Server,
    pub ledger: Ledger,
    pub agenda: BTreeMap<(u64, u64), Happening>,
    /// Requests on their way to the service, with the token they carry.
    pub calls: BTreeMap<RequestId, (Call, u64)>,
    pub token: u64,
    pub cut_off: bool,
    /// Of each upload: its sealed name, the person's file, and what an earlier page kept.
    pub picks: BTreeMap<UploadId, Pick>,
    names: u64,
    noted: u64,
    trace: Option<Trace>,
}

impl World {
    pub fn new(seed: u64, trace: Option<Trace>) -> Self {
        let mut chance = Chance::new(seed);
        let attempts = chance.one_of(&[1, 2, 3, 3, 4, 5, 8]);
        let base = chance.one_of(&[0, 1, 100, 500, 500, 3000]);
        let config = Config {
            part_size: chance.one_of(&[Some(LEAST_PART), Some(LEAST_PART), Some(LEAST_PART * 7 + 1), None]),
            parallel: chance.between(1, 6) as usize,
            backoff: Backoff { attempts, base, longest: chance.one_of(&[base, base * 3, 30_000]) },
            stall: chance.one_of(&[1000, 10_000, 30_000]),
            hears: chance.percent(80),
            recalls: chance.percent(50),
            fetch_rules: chance.percent(60),
        };
        let weather = Weather::new(&mut chance);
        let mut ledger = Ledger::new(config.clone());
        for (occurs, kind) in [
            (attempts == 1, "config: attempts 1"),
            (config.parallel == 1, "config: parallel 1"),
            (config.parallel == 6, "config: parallel 6"),
            (!config.fetch_rules, "rules: not asked"),
        ] {
            if occurs {
                ledger.counts.add(kind);
            }
        }
        let engine = Engine::new(config, chance.bits());
        let mut server = Server::new(chance.percent(50));
        if chance.percent(25) {
            server.max_files = Some(chance.between(0, 3));
        }
        if chance.percent(25) {
            server.max_bytes = Some(chance.between(0, 60) * 1_000_000);
        }
        Self {
            chance,
            weather,
            engine,
            server,
            ledger,
            agenda: BTreeMap::new(),
            calls: BTreeMap::new(),
            token: 0,
            cut_off: false,
            picks: BTreeMap::new(),
            names: 0,
            noted: 0,
            trace,
        }
    }

    /// Plays the schedule to its end. Panics where a promise is broken.
    pub fn play(&mut self) {
        self.plan();
        for _ in 0..MOST_STEPS {
            let wake = self.engine.wake_at().map(|wake| wake.0);
            let next = self.agenda.first_key_value().map(|((at, _), _)| *at);
            match (wake, next) {
                (None, None) if self.wind_up() => return self.no_orphans(),
                (None, None) => {}
                (Some(wake), next) if next.is_none_or(|next| wake <= next) => {
                    self.advance(wake);
                    self.note(|| "wakes".to_owned());
                    self.drain();
                }
                _ => {
                    if let Some(((at, _), happening)) = self.agenda.pop_first() {
                        self.advance(at);
                        self.happen(happening);
                    }
                }
            }
        }
        panic!("the schedule does not end");
    }

    fn advance(&mut self, at: u64) {
        let mut now = self.ledger.now.max(at);
        if self.chance.between(0, 199) == 0 {
            now += self.chance.between(1, 600_000);
            self.ledger.counts.add("time: jump");
        }
        if self.engine.wake_at().is_some_and(|wake| now > wake.0 + 500) {
            self.ledger.woke_at = now;
        }
        self.ledger.now = now;
    }

    pub fn at(&mut self, at: u64, happening: Happening) {
        self.noted += 1;
        self.agenda.insert((at, self.noted), happening);
    }

    pub fn after(&mut self, least: u64, most: u64, happening: Happening) {
        let at = self.ledger.now + self.chance.between(least, most);
        self.at(at, happening);
    }

    pub fn note(&self, line: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            trace.borrow_mut().push(format!("{:>8} ms  {}", self.ledger.now, line()));
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrive(request, fate) => self.arrive(request, fate),
            Happening::Tell(event, stale) => {
                let cancelled = request_of(&event).is_some_and(|request| !self.ledger.requests.contains_key(&request));
                if cancelled {
                    if !stale {
                        return;
                    }
                    self.ledger.counts.add("answer: for a cancelled request");
                }
                let answers = request_of(&event).is_some() && !matches!(event, Event::PartMoved { .. });
                if self.chance.percent(3) && answers {
                    self.ledger.counts.add("answer: duplicate");
                    self.after(0, 500, Happening::Tell(event.clone(), true));
                }
                self.tell(event);
            }
            Happening::Pick { picked, file, kept } => {
                let id = self.engine.pick(picked);
                self.note(|| format!("picks {id:?}, file {file}: {picked:?}"));
                let plan = self.engine.plan(id).expect("just picked");
                self.names += 1;
                self.picks.insert(id, Pick { name: self.names, file, kept });
                self.ledger.uploads.insert(id, Record::new(picked, plan));
                self.drain();
            }
            Happening::Network { there, truly } => {
                self.cut_off = !there && truly;
                self.tell(if there { Event::Online } else { Event::Offline });
            }
            Happening::Crash => self.crash(),
            Happening::Ghost(call, token) => {
                self.server.act(&call, token);
            }
            Happening::Expire => {
                self.note(|| "the token expires".to_owned());
                self.ledger.counts.add("fault: token expired");
                self.server.token += 1;
            }
            Happening::Restart { loses } => {
                self.note(|| format!("the service restarts (loses unfinished files: {loses})"));
                self.ledger.counts.add(if loses { "fault: restart that loses files" } else { "fault: restart" });
                let until = self.ledger.now + self.chance.between(1, 3000);
                self.server.restart(until, loses);
            }
            Happening::Token(outcome) => {
                let (kind, event) = match outcome {
                    Some(good) => {
                        self.token = if good { self.server.token } else { u64::MAX };
                        (if good { "token: renewed" } else { "token: renewed to a bad one" }, Event::TokenRenewed)
                    }
                    None if self.chance.percent(20) => {
                        ("token: never another", Event::TokenRefused(Failure::from_status(401, None)))
                    }
                    None => {
                        let failure = Failure::new(Code::Unauthorized, "no token");
                        ("token: refused", Event::TokenRefused(failure))
                    }
                };
                self.ledger.counts.add(kind);
                self.tell(event);
            }
        }
    }

    pub fn tell(&mut self, event: Event) {
        self.note(|| format!("<- {event:?}"));
        self.ledger.told(&event, &self.engine);
        self.ledger.expects(&event);
        let pauses = if let Event::Pause(id) = event { Some(id) } else { None };
        self.engine.handle(event, Instant(self.ledger.now));
        self.ledger.window_moved(&self.engine);
        self.drain();
        let lets_finish = |id| self.ledger.uploads.get(&id).is_some_and(|record| !record.flights.is_empty());
        if pauses.is_some_and(lets_finish) {
            self.ledger.counts.add("person: pause lets a sent part finish");
        }
    }

    /// Performs all the engine asks for, then checks what must hold.
    fn drain(&mut self) {
        let most = 50 + 20 * self.ledger.uploads.len();
        let mut actions = 0;
        self.ledger.interrupted = false;
        while let Some(action) = self.engine.poll(Instant(self.ledger.now)) {
            actions += 1;
            assert!(actions <= most, "poll gave {actions} actions and does not end");
            self.note(|| format!("-> {action:?}"));
            self.ledger.window_halved(&self.engine);
            self.ledger.action(&action, &self.engine);
            self.perform(action);
        }
        self.ledger.quiet(&self.engine);
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::FetchRules { request } => self.send(request, Call::Rules),
            Action::Start { upload, request, parts } => {
                let size = self.ledger.record(upload).plan.size();
                let Pick { name, file, .. } = self.picks[&upload];
                self.send(request, Call::Start { parts, size, name, file });
            }
            Action::Find { upload, request } => self.send(request, Call::Find { name: self.picks[&upload].name }),
            Action::Recall { upload } => self.recall(upload),
            Action::StepAside { upload } => self.step_aside(upload),
            Action::Want { .. } => {}
            Action::PutPart { request, part, range, key, upload_id, .. } => {
                self.send(request, Call::Put { part, range, key, upload_id });
            }
            Action::Complete { request, key, tags, .. } => self.send(request, Call::Complete { key, tags }),
            Action::Confirm { request, key, .. } => self.send(request, Call::Confirm { key }),
            Action::Remove { request, key, .. } => self.send(request, Call::Remove { key }),
            Action::Save { upload, part } => {
                let most = self.chance.one_of(&[0, 20, 2000]);
                self.after(0, most, Happening::Tell(Event::Saved { upload, part }, true));
            }
            Action::RenewToken => {
                let outcome = self.chance.one_of(&[Some(true), Some(true), Some(true), Some(false), None]);
                self.after(0, 3000, Happening::Token(outcome));
            }
            Action::Cancel { .. } => {}
            Action::Report { upload } => {
                if self.engine.state(upload) == Some(State::Done) {
                    self.really_stored(upload);
                }
                // While something stands still, a cancellation could mean either.
                if self.chance.percent(self.weather.whims) && !self.ledger.stands_still() {
                    let event = self.whim();
                    self.ledger.counts.add("person: within a report");
                    self.note(|| format!("<- {event:?} (within the report)"));
                    self.ledger.interrupted = true;
                    let refusal = self.ledger.refusal;
                    self.ledger.told(&event, &self.engine);
                    self.ledger.refusal = refusal;
                    self.engine.handle(event, Instant(self.ledger.now));
                }
            }
            Action::Settled { upload, .. } => {
                if self.chance.percent(30) {
                    self.engine.forget(upload);
                    self.ledger.record(upload).forgotten = true;
                }
            }
        }
    }

    /// What is called done is complete at the service, with the right bytes in every part.
    fn really_stored(&mut self, id: UploadId) {
        let record = self.ledger.record(id);
        let (key, _) = record.identity.as_ref().expect("a key");
        let file = self.server.files.get(key).expect("done, and the service has no such file");
        assert!(file.complete, "done, and the service has not completed it");
        let plan = record.plan;
        let whole = (1..=plan.parts()).map(|part| (part, plan.range(part)));
        assert!(file.stored.iter().map(|(part, (_, range))| (*part, range.clone())).eq(whole), "done with other bytes");
        assert_eq!(record.sent.max(plan.size()), plan.size());
        let sent = self.engine.progress(id, Instant(self.ledger.now)).map(|progress| progress.sent);
        assert_eq!(sent, Some(plan.size()), "done, and not all is sent");
    }
}

fn request_of(event: &Event) -> Option<RequestId> {
    match event {
        Event::RulesKnown { request, .. }
        | Event::Started { request, .. }
        | Event::PartMoved { request, .. }
        | Event::PartStored { request, .. }
        | Event::Completed { request }
        | Event::Confirmed { request, .. }
        | Event::Removed { request }
        | Event::Found { request, .. }
        | Event::Failed { request, .. } => Some(*request),
        _ => None,
    }
}
