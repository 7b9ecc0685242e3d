//! What is known of one tab, from the actions of its engine and the events it was told.

use super::upload::Upload;
use super::wanted::Wanted;
use partway::engine::{Call, CallId, Config, Engine, Identity, OpId, UploadId};
use partway::protocol::{Code, Rules};
use std::collections::BTreeMap;

/// How long requests may be held back once the service is back, in milliseconds.
pub const GENTLE_FOR: u64 = 60_000;

/// A request on its way.
#[derive(Clone, Debug)]
pub struct Flight {
    pub wanted: Wanted,
    pub upload: Option<UploadId>,
    pub call: Option<CallId>,
    pub part: Option<u32>,
    pub sent: u64,
    /// When a byte last moved, and how many did.
    pub moved: u64,
    pub bytes: u64,
    /// It may only ask whether the service is there.
    pub probes: bool,
    /// Whether its progress is told.
    pub reports: bool,
    /// Which token it bears.
    pub generation: u64,
}

/// Any other operation that is not answered yet.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Fetch,
    Token,
    Sample(UploadId),
    Peek(UploadId),
    Decode,
    Lock(Identity, bool),
    Locks,
    Load(Identity),
    LoadAll,
    Store(UploadId, bool),
    StorePart(UploadId, u32, String),
    Digest(UploadId, u32),
    Purge(Identity),
}

impl Kind {
    /// Whether it is of a lock or of the store, for an upload.
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Lock(_, false) | Self::Load(_) | Self::Store(..) | Self::StorePart(..) | Self::Purge(_))
    }
}

#[derive(Clone, Debug)]
pub struct Pending {
    pub kind: Kind,
    pub since: u64,
}

/// What is known of a call.
#[derive(Clone, Debug)]
pub struct CallBook {
    pub call: Call,
    pub withdrawn: bool,
    pub answered: bool,
    pub causes: Vec<Code>,
    pub tries: super::tries::Tries,
    /// A try of it may have been acted on without an answer.
    pub doubtful: bool,
    /// An upload here of the same file was ending when it was made.
    pub beside_end: bool,
    /// The bodies of the answers that it is made from.
    pub bodies: Vec<Vec<u8>>,
}

/// What is known of the token.
#[derive(Clone, Debug, Default)]
pub struct TokenBook {
    pub asking: bool,
    pub had: bool,
    /// How many were given.
    pub generation: u64,
    /// Somebody needs another.
    pub needed: Option<UploadId>,
    /// One was refused since it was given.
    pub refused: bool,
    /// Until when at most it is not tried again, after it was refused.
    pub held_until: u64,
    /// It was given in place of one that was refused, and nothing was answered under it yet but refusals.
    pub unproven: bool,
    /// When one could not be had, if that was the last word; and since when, where there was one before.
    pub failed_at: Option<u64>,
    pub missed_since: Option<u64>,
    /// Something came since that asks for one afresh.
    pub asked_afresh: bool,
    pub asked: u64,
}

/// What is known of the network.
#[derive(Clone, Debug, Default)]
pub struct LinkBook {
    /// The browser sees no network since then.
    pub offline: Option<u64>,
    /// When the browser said so.
    pub told: Option<u64>,
    /// The service may have been gone before that.
    pub vague: bool,
    /// It was seen again just now.
    pub back: bool,
    /// Requests sent since then.
    pub finders: u64,
    /// When the service last answered, with whatever; whether it ever gave an answer that could be read.
    pub answered: Option<u64>,
    pub responded: bool,
    /// When a connection last failed, or stalled; whether the service had ever answered before.
    pub lost: Option<u64>,
    /// Nothing that was sent since then was answered.
    pub unproven: bool,
    pub answered_before_loss: bool,
    /// It said last that it cannot serve parts, or the rest.
    pub refuses_parts: bool,
    pub refuses_rest: bool,
    /// It serves again after it could not, or was gone: until then, requests may go out slowly.
    pub gentle_until: u64,
}

/// What is known of the window.
#[derive(Clone, Debug)]
pub struct WindowBook {
    pub allowed: usize,
    pub halved: Option<u64>,
    /// When it may have halved without getting smaller.
    pub may_halved: Option<u64>,
    /// An answer asks for half of it; a stall may.
    pub must_halve: bool,
    pub may_halve: bool,
    pub may_grow: bool,
}

pub struct TabBook {
    pub config: Config,
    pub alive: bool,
    pub uploads: BTreeMap<UploadId, Upload>,
    pub calls: BTreeMap<CallId, CallBook>,
    pub flights: BTreeMap<OpId, Flight>,
    pub ops: BTreeMap<OpId, Pending>,
    /// When it sent what no call asked for.
    pub sends: Vec<u64>,
    pub token: TokenBook,
    pub link: LinkBook,
    pub window: WindowBook,
    /// Until when the service asked everybody to wait.
    pub hold: u64,
    /// The last wake-up that came late: requests get one more chance from then.
    pub woke_late: u64,
    pub rules: Option<Rules>,
    /// Later answers told others.
    pub rules_change: bool,
    /// What requests for them failed of.
    pub rules_causes: Vec<Code>,
    /// Failures of the list (by no key), and in a row of removals (by key).
    pub tidying: BTreeMap<String, u32>,
    /// Most files that a list or its own uploads showed, and their bytes.
    pub seen_files: u64,
    pub seen_bytes: u64,
    pub store_answered: bool,
    pub must_warn: bool,
    /// A lock or the store did not answer in time: uploads that begin until then may do without.
    pub left_alone_until: u64,
    /// The same, of uploads that may just as well have been ended.
    pub should_warn: Vec<UploadId>,
    pub warned: bool,
    pub closed: bool,
    /// The person did something while actions were waiting: those decided before may still come.
    pub interrupted: bool,
    /// Actions since the engine was last told something.
    pub actions: u32,
    /// When the last one was asked for.
    pub acted_at: u64,
}

impl TabBook {
    pub fn new(config: Config, engine: &Engine) -> Self {
        let window = WindowBook {
            allowed: engine.parts_allowed(),
            halved: None,
            may_halved: None,
            must_halve: false,
            may_halve: false,
            may_grow: false,
        };
        let rules = match config.rules {
            partway::engine::RulesSource::Given { rules, .. } => Some(rules),
            _ => None,
        };
        let offline = (!config.online).then_some(0);
        Self {
            config,
            alive: true,
            uploads: BTreeMap::new(),
            calls: BTreeMap::new(),
            flights: BTreeMap::new(),
            ops: BTreeMap::new(),
            sends: Vec::new(),
            token: TokenBook::default(),
            link: LinkBook { offline, ..LinkBook::default() },
            window,
            hold: 0,
            woke_late: 0,
            rules,
            rules_change: false,
            rules_causes: Vec::new(),
            tidying: BTreeMap::new(),
            seen_files: 0,
            seen_bytes: 0,
            store_answered: false,
            must_warn: false,
            left_alone_until: 0,
            should_warn: Vec::new(),
            warned: false,
            closed: false,
            interrupted: false,
            actions: 0,
            acted_at: 0,
        }
    }

    pub fn upload(&self, id: UploadId) -> &Upload {
        self.uploads.get(&id).expect("an action names an upload that was picked")
    }

    pub fn upload_mut(&mut self, id: UploadId) -> &mut Upload {
        self.uploads.get_mut(&id).expect("an action names an upload that was picked")
    }

    /// The upload that a lock, a record or a message about a file is of.
    pub fn owner(&self, identity: &Identity) -> Option<UploadId> {
        let owns = |upload: &Upload| {
            !upload.settled && !upload.twice && !upload.lockless && upload.identity.as_ref() == Some(identity)
        };
        self.uploads.iter().find(|(_, upload)| owns(upload)).map(|(id, _)| *id)
    }

    pub fn parts_of(&self, id: UploadId) -> usize {
        self.flights.values().filter(|flight| flight.part.is_some() && flight.upload == Some(id)).count()
    }

    pub fn parts_in_flight(&self) -> usize {
        self.flights.values().filter(|flight| flight.part.is_some()).count()
    }

    /// Whether a call deletes a record of its own accord.
    fn forgets(&self) -> bool {
        self.calls.values().any(|call| matches!(call.call, Call::Forget(_)) && !call.answered)
    }

    /// Whether the newest token was refused to somebody who still wants to send.
    pub fn needs_token(&self) -> bool {
        self.token.needed.is_some_and(|id| self.upload(id).live())
    }

    /// Whether some operation of an upload is not answered yet.
    pub fn is_busy(&self, id: UploadId) -> bool {
        let owns = !self.upload(id).twice && !self.upload(id).lockless;
        let identity = self.upload(id).identity.as_ref().filter(|_| owns);
        let own = |flight: &Flight| {
            let joins = matches!(flight.wanted, Wanted::Start { .. } | Wanted::Complete { .. });
            flight.upload == Some(id) && (joins || flight.part.is_some())
        };
        self.flights.values().any(own)
            || self.ops.values().any(|pending| match &pending.kind {
                Kind::Sample(upload) | Kind::Peek(upload) => *upload == id,
                Kind::Store(upload, _) | Kind::StorePart(upload, ..) => *upload == id,
                Kind::Lock(of, _) | Kind::Load(of) => Some(of) == identity,
                Kind::Purge(of) => Some(of) == identity && !self.forgets(),
                _ => false,
            })
    }

    /// Whether nothing was answered since a connection failed.
    pub fn is_gone(&self) -> bool {
        self.link.lost.is_some_and(|lost| self.link.answered.is_none_or(|answered| answered <= lost))
    }

    /// Whether the service said last that it cannot serve something.
    pub fn refuses(&self) -> bool {
        self.link.refuses_parts || self.link.refuses_rest
    }

    /// Whether the engine may have asked the service whether it is there: a connection failed, or it could not serve.
    pub fn may_probe(&self) -> bool {
        self.link.lost.is_some() || self.refuses() || self.link.gentle_until > 0
    }

    /// Whether a connection failed lately: what that means may not be known yet, and a probe may be on its way.
    pub fn is_suspicious(&self, now: u64) -> bool {
        let gone = self.is_gone();
        let probes = self.flights.values().any(|flight| flight.probes);
        gone || probes
            || self
                .link
                .lost
                .is_some_and(|lost| now < lost.max(self.hold).max(self.woke_late) + 2 * self.config.stall + 5000)
    }

    /// Most requests in flight at once, probes apart.
    pub fn most_requests(&self, engine: &Engine) -> usize {
        (engine.parts_allowed() + 2).min(6)
    }

    /// Whether nobody waits for the session's rules.
    pub fn rules_settled(&self) -> bool {
        let fetches = self.config.rules == partway::engine::RulesSource::Fetch;
        !fetches || self.uploads.values().any(|upload| upload.begun)
    }

    /// Whether an upload sends under the lock of its file.
    pub fn needs_lock(&self, upload: &Upload) -> bool {
        self.config.resume && upload.identity.is_some() && !upload.twice && !upload.lockless
    }

    /// Whether a token, the network or the service keeps everything back.
    pub fn is_held_back(&self, now: u64) -> bool {
        let tokenless = self.token.asking || self.token.failed_at.is_some() || self.needs_token();
        tokenless
            || self.token.held_until > now
            || self.hold > now
            || self.link.offline.is_some()
            || self.is_suspicious(now)
            || self.refuses()
            || now < self.link.gentle_until
    }
}
