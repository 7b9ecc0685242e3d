//! Drives an engine through uploads at which nothing fails, and counts what it is told: the engine's own cost, without
//! a browser's.
use std::{collections::VecDeque, rc::Rc};

use partway::{
    engine::{
        Action, Backoff, Config, Engine, Event, FileSpec, Identity, Instant, Lock, OpId, Outcome, Platform,
        RulesSource, TokenSource, UploadId,
    },
    protocol::{Method, Request, Response},
};

/// An engine, what it is about to be told, and how much it was told.
pub struct Driver {
    /// The engine.
    pub engine: Engine,
    /// The time it was told last.
    pub now: Instant,
    /// Parts on their way, as [`Self::begin`] leaves them.
    pub parts: VecDeque<OpId>,
    /// How many events it was told.
    pub events: u64,
    /// How many uploads have settled.
    pub settled: u64,
    /// How many parts were sent.
    pub sent: u64,
    outcomes: VecDeque<(OpId, Outcome)>,
}

impl Driver {
    /// An engine of a bucket with these options.
    #[must_use]
    pub fn new(part_size: u64, resume: bool) -> Self {
        let config = Config {
            part_size: Some(part_size),
            parallel: 6,
            backoff: Backoff::default(),
            stall: 30_000,
            can_report_progress: true,
            resume,
            rules: RulesSource::Ignore,
            token: TokenSource::Fixed,
            online: true,
            platform: Platform { parse_date: Rc::new(|_| None), trusts_link: Rc::new(|_| true) },
        };
        Self {
            engine: Engine::new(config, 42),
            now: Instant(0),
            parts: VecDeque::new(),
            events: 0,
            settled: 0,
            sent: 0,
            outcomes: VecDeque::new(),
        }
    }

    /// Queues a file.
    pub fn add(&mut self, size: u64, name: &str, wants_progress: bool) -> UploadId {
        let file = FileSpec { size, name: name.to_owned().into(), unique_name: true, modified: None, wants_progress };
        self.engine.upload(file, self.now)
    }

    /// Runs until there is nothing more to do.
    pub fn finish(&mut self) {
        self.run(false);
    }

    /// Runs until parts are on their way and nothing else is.
    pub fn begin(&mut self) {
        self.run(true);
    }

    /// Tells the engine of one event, and does nothing of what it asks for; gives how much that is.
    pub fn tell(&mut self, event: Event) -> usize {
        self.now = self.now.plus(1);
        self.engine.handle(event, self.now);
        self.events += 1;
        std::iter::from_fn(|| self.engine.poll(self.now)).count()
    }

    fn run(&mut self, holds_parts: bool) {
        loop {
            while let Some(action) = self.engine.poll(self.now) {
                self.perform(action, holds_parts);
            }
            if let Some((op, outcome)) = self.outcomes.pop_front() {
                self.now = self.now.plus(1);
                self.engine.handle(Event::Ended { op, outcome }, self.now);
                self.events += 1;
            } else if let Some((at, _reason)) = self.engine.wake_at().filter(|_| !holds_parts) {
                self.now = self.now.max(at);
            } else {
                return;
            }
        }
    }

    /// Does what is asked for, and keeps what comes of it.
    fn perform(&mut self, action: Action, holds_parts: bool) {
        let (op, outcome) = match action {
            Action::Send { op, part: Some(_), .. } if holds_parts => return self.parts.push_back(op),
            Action::Send { op, request, part, .. } => {
                self.sent += u64::from(part.is_some());
                (op, Outcome::Response(self.answer(&request)))
            }
            Action::Sample { op, upload } => {
                let identity = Identity(format!("file {}", upload.0));
                (op, Outcome::Sampled(Some(identity), None))
            }
            Action::Peek { op, .. } => (op, Outcome::Readable(true)),
            Action::Digest { op, .. } => (op, Outcome::Digested(Some([0; 32]))),
            Action::Lock { op, .. } => (op, Outcome::Locked(Lock::Granted)),
            Action::QueryLocks { op } => (op, Outcome::Locks(Vec::new())),
            Action::Load { op, .. } => (op, Outcome::Loaded(Ok(None))),
            Action::LoadAll { op } => (op, Outcome::LoadedAll(Ok(Vec::new()))),
            Action::Store { op, .. } | Action::StorePart { op, .. } | Action::Purge { op, .. } => {
                (op, Outcome::Stored(Ok(())))
            }
            Action::Settle { .. } => return self.settled += 1,
            // What is shown, and what nobody hears: locks given back, messages to other tabs.
            _ => return,
        };
        self.outcomes.push_back((op, outcome));
    }

    fn answer(&self, request: &Request) -> Response {
        let body = match (request.method, request.path.as_str()) {
            (Method::Post, "/buckets") => r#"{"fileKey":"key","uploadId":"id"}"#,
            (Method::Put, _) => r#"{"tag":"5d41402abc4b2a76b9719d911017c592"}"#,
            _ => "{}",
        };
        let body = body.as_bytes().to_vec();
        Response { status: 200, retry_after: None, announced: None, body, received_at: self.now.0 as f64 }
    }
}
