//! One call: which requests it takes, and what it is answered with.

use super::download::{Download, Next};
use super::operations::{Kind, Target};
use super::shared::Shared;
use super::tries::Exchange;
use super::{Action, Answer, Bytes, Call, CallId, Identity, Instant, Link, OpId, Plan, Stored, Unfinished, UploadId};
use crate::protocol::{Code, Failure, FileInfo, Request, file_info, link};

/// A call that is not answered yet.
#[derive(Debug)]
pub(super) struct PendingCall {
    id: CallId,
    call: Call,
    step: CallStep,
    /// A try was answered by nothing: it may have been acted on.
    is_doubtful: bool,
    /// Offline, it waits until then for the network.
    offline_until: Option<Instant>,
}

/// What comes next.
#[derive(Debug)]
enum CallStep {
    /// Its own request.
    Requesting(Exchange),
    /// The list is read; it took these tries.
    Decoding(OpId, Exchange),
    /// How long is the file?
    Sizing(Exchange),
    /// Its link, and its bytes.
    Downloading(Download),
    /// It waits for the bucket's one request for the rules.
    Rules,
    /// It waits for the end of an upload.
    Aborting(UploadId),
    QueryingLocks(OpId),
    LoadingAll(OpId, Vec<Identity>),
    /// What is stored of a file is deleted; then the file is.
    Purging(OpId),
}

/// What a call is answered with, once it is over.
pub(super) type Verdict = Option<Result<Answer, Failure>>;

impl PendingCall {
    /// A call begins. `upload` is this bucket's upload of the file it is about.
    pub fn begin(id: CallId, call: Call, upload: Option<UploadId>, shared: &mut Shared) -> Result<Self, Answer> {
        let request = CallStep::Requesting(Exchange::default());
        let resume = shared.config.resume;
        let step = match &call {
            Call::List | Call::File(_) | Call::Link(_) | Call::Remove(_) => request,
            Call::Download(key) => match shared.admission.size_of(key) {
                Some(size) => CallStep::Downloading(Download::new(size)),
                None => CallStep::Sizing(Exchange::default()),
            },
            Call::Rules => CallStep::Rules,
            Call::Forget(_) if let Some(upload) = upload => CallStep::Aborting(upload),
            Call::Forget(_) if !resume => return Err(Answer::Forgotten),
            Call::Forget(_) => CallStep::load_all(id, Vec::new(), shared),
            Call::Unfinished if !resume => return Err(Answer::Unfinished(Vec::new())),
            Call::Unfinished => {
                let op = shared.begin_storing(Target::Call(id));
                shared.emit(Action::QueryLocks { op });
                CallStep::QueryingLocks(op)
            }
        };
        Ok(Self { id, call, step, is_doubtful: false, offline_until: None })
    }

    /// The operation under way.
    pub fn operation(&self) -> Option<OpId> {
        match &self.step {
            CallStep::Decoding(op, _)
            | CallStep::QueryingLocks(op)
            | CallStep::LoadingAll(op, _)
            | CallStep::Purging(op) => Some(*op),
            _ => self.exchange().and_then(|exchange| exchange.op),
        }
    }

    fn exchange(&self) -> Option<&Exchange> {
        match &self.step {
            CallStep::Requesting(exchange) | CallStep::Sizing(exchange) => Some(exchange),
            CallStep::Downloading(download) => Some(download.exchange()),
            _ => None,
        }
    }

    fn exchange_mut(&mut self) -> Option<&mut Exchange> {
        match &mut self.step {
            CallStep::Requesting(exchange) | CallStep::Sizing(exchange) => Some(exchange),
            CallStep::Downloading(download) => Some(download.exchange_mut()),
            _ => None,
        }
    }

    /// Whether it waits for the rules.
    pub fn wants_rules(&self) -> bool {
        matches!(self.step, CallStep::Rules)
    }

    /// Whether it waits for the end of this upload.
    pub fn waits_for(&self, upload: UploadId) -> bool {
        matches!(self.step, CallStep::Aborting(id) if id == upload)
    }

    /// Whether something of it waits to be sent, be it due or not.
    pub fn wants_to_send(&self) -> bool {
        self.exchange().is_some_and(|exchange| exchange.op.is_none())
    }

    /// When something of it can be sent next, if only time is in its way.
    pub fn due(&self) -> Option<Instant> {
        self.exchange().filter(|exchange| exchange.op.is_none()).map(|exchange| exchange.tries.due)
    }

    /// Until when it waits for the network.
    pub fn offline_until(&self) -> Option<Instant> {
        self.offline_until.filter(|_| self.wants_to_send())
    }

    /// The network is back.
    pub fn reconnected(&mut self, now: Instant) {
        self.offline_until = None;
        if let Some(exchange) = self.exchange_mut() {
            exchange.tries.reconnected(now);
        }
    }

    /// It waits for the network: not for ever, as nobody sees that it does. A try is spent when it waited long enough.
    pub fn wait_offline(&mut self, shared: &mut Shared) -> Verdict {
        let (due, stall) = (self.due()?, shared.config.stall);
        let until = *self.offline_until.get_or_insert(due.max(shared.now).plus(stall));
        if until > shared.now {
            return None;
        }
        let epoch = shared.token.epoch;
        self.exchange_mut()?.tries.begin();
        let verdict = self.retry(Failure::connection(), epoch, false, shared);
        self.offline_until = self.due().map(|due| due.plus(stall));
        verdict
    }

    /// Sends what is next.
    pub fn send(&mut self, shared: &mut Shared) {
        let target = Target::Call(self.id);
        if let CallStep::Downloading(download) = &mut self.step
            && !download.wants_link()
        {
            let patience = shared.patience(download.exchange().tries.stalls);
            let op = shared.begin(target, Kind::Fetch, Some(patience));
            if let Some(action) = download.fetch(op, shared.config.backoff.attempts) {
                shared.emit(action);
            }
            return self.sent(op);
        }
        let request = match (&self.step, &self.call) {
            (CallStep::Requesting(_), Call::List) => Request::list(),
            (CallStep::Requesting(_), Call::File(key)) | (CallStep::Sizing(_), Call::Download(key)) => {
                Request::file(key)
            }
            (CallStep::Requesting(_), Call::Link(key)) | (CallStep::Downloading(_), Call::Download(key)) => {
                Request::download(key)
            }
            (CallStep::Requesting(_), Call::Remove(key) | Call::Forget(key)) => Request::remove(key),
            _ => return,
        };
        let stalls = self.exchange().map_or(0, |exchange| exchange.tries.stalls);
        self.sent(shared.send(target, request, stalls));
    }

    fn sent(&mut self, op: OpId) {
        if let Some(exchange) = self.exchange_mut() {
            exchange.send(op);
        }
        self.offline_until = None;
    }

    /// Its request was answered, or failed.
    pub fn answered(&mut self, result: Result<Vec<u8>, Failure>, epoch: u64, shared: &mut Shared) -> Verdict {
        if let Some(exchange) = self.exchange_mut() {
            exchange.op = None;
        }
        match result.and_then(|body| self.read(body, shared)) {
            Ok(answer) => answer.map(Ok),
            Err(failure) => self.failed(failure, epoch, shared),
        }
    }

    fn read(&mut self, body: Vec<u8>, shared: &mut Shared) -> Result<Option<Answer>, Failure> {
        match (&mut self.step, &self.call) {
            (CallStep::Requesting(exchange), Call::List) => {
                self.step = CallStep::Decoding(shared.decode_list(Target::Call(self.id), body), *exchange);
                Ok(None)
            }
            (CallStep::Requesting(_), Call::File(key)) => Ok(Some(Answer::File(file_of(key, &body, shared)?))),
            (CallStep::Sizing(_), Call::Download(key)) => {
                self.step = CallStep::Downloading(Download::new(file_of(key, &body, shared)?.size()));
                Ok(None)
            }
            (CallStep::Requesting(_), Call::Link(_)) => Ok(Some(Answer::Link(trusted_link(&body, shared)?))),
            (CallStep::Downloading(download), _) => {
                download.linked(trusted_link(&body, shared)?);
                Ok(None)
            }
            (CallStep::Requesting(_), Call::Remove(key)) => {
                shared.admission.removed(key);
                Ok(Some(Answer::Removed))
            }
            (CallStep::Requesting(_), Call::Forget(key)) => {
                shared.admission.removed(key);
                Ok(Some(Answer::Forgotten))
            }
            _ => Ok(None),
        }
    }

    fn failed(&mut self, failure: Failure, epoch: u64, shared: &mut Shared) -> Verdict {
        if let (CallStep::Requesting(_), Call::Remove(key)) = (&self.step, &self.call) {
            // It was there, or the first answer was lost. Browsers send again what a reused connection lost.
            let was_there = self.is_doubtful || shared.admission.size_of(key).is_some();
            if failure.code == Code::NotFound && was_there {
                shared.admission.removed(key);
                return Some(Ok(Answer::Removed));
            }
            self.is_doubtful |= failure.is_ambiguous();
        }
        // Offline, it waits; in an outage, its own back-off decides how long.
        let waits = shared.link.is_offline();
        self.retry(failure, epoch, waits, shared)
    }

    fn retry(&mut self, failure: Failure, epoch: u64, waits: bool, shared: &mut Shared) -> Verdict {
        let tries = self.exchange()?.tries;
        match shared.next_try(tries, &failure, epoch, waits, None) {
            Some(tries) => {
                self.exchange_mut()?.tries = tries;
                None
            }
            // What cannot be removed now ends with the session.
            None if matches!(self.call, Call::Forget(_)) => Some(Ok(Answer::Forgotten)),
            None => Some(Err(failure)),
        }
    }

    /// The list was read, or is none.
    pub fn listed(&mut self, files: Result<Vec<FileInfo>, Failure>, epoch: u64, shared: &mut Shared) -> Verdict {
        let CallStep::Decoding(_, exchange) = self.step else { return None };
        match files {
            Ok(files) => Some(Ok(Answer::List(files))),
            Err(failure) => {
                self.step = CallStep::Requesting(exchange);
                self.retry(failure, epoch, false, shared)
            }
        }
    }

    /// So many bytes of a download are there. Says how many of them came in this try.
    pub fn moved(&mut self, bytes: u64, shared: &mut Shared) -> u64 {
        let CallStep::Downloading(download) = &mut self.step else { return bytes };
        let came = download.moved(bytes);
        if let Some(received) = download.progress() {
            shared.emit(Action::CallProgress { call: self.id, received, size: download.size() });
        }
        came
    }

    /// A download's bytes came.
    pub fn fetched(&self, bytes: Bytes) -> Verdict {
        let CallStep::Downloading(download) = &self.step else { return None };
        let is_whole = bytes.size == download.size();
        Some(if is_whole { Ok(Answer::Download(bytes)) } else { Err(Failure::wrong_length()) })
    }

    /// A try of a download failed.
    pub fn fetch_failed(&mut self, failure: Failure, epoch: u64, shared: &mut Shared) -> Verdict {
        let CallStep::Downloading(download) = &mut self.step else { return None };
        let failure = match download.failed(failure, shared) {
            Next::Retry(failure) => failure,
            Next::Link => return None,
            Next::End(failure) => return Some(Err(failure)),
        };
        let verdict = self.retry(failure, epoch, shared.link.is_offline(), shared);
        if let CallStep::Downloading(download) = &mut self.step {
            download.retries();
        }
        verdict
    }

    /// The locks of the session are known, or are not to be known.
    pub fn locks_known(&mut self, locks: Vec<Identity>, shared: &mut Shared) {
        self.step = CallStep::load_all(self.id, locks, shared);
    }

    /// The locks of the session, where all that is stored is read for the sake of what nobody sends.
    pub fn locks(&self) -> Option<&[Identity]> {
        match (&self.call, &self.step) {
            (Call::Unfinished, CallStep::LoadingAll(_, locks)) => Some(locks),
            _ => None,
        }
    }

    /// Everything that is stored was read. `is_own` tells files that this bucket's uploads lay claim to.
    pub fn loaded_all(
        &mut self,
        loaded: Result<Vec<Stored>, Failure>,
        is_own: impl Fn(&Identity) -> bool,
        shared: &mut Shared,
    ) -> Verdict {
        let CallStep::LoadingAll(_, locks) = &self.step else { return None };
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(failure) => return Some(Err(failure)),
        };
        if let Call::Forget(key) = &self.call {
            let Some(found) = loaded.into_iter().find(|stored| stored.record.key == *key) else {
                return Some(Ok(Answer::Forgotten));
            };
            let op = shared.begin_storing(Target::Call(self.id));
            self.step = CallStep::Purging(op);
            shared.emit(Action::Purge { op, identity: found.identity });
            return None;
        }
        let is_idle = |stored: &Stored| {
            !stored.record.is_intent() && !is_own(&stored.identity) && !locks.contains(&stored.identity)
        };
        let idle = loaded.into_iter().filter(is_idle).map(|Stored { identity, record, parts }| {
            let plan = Plan::new(record.size, Some(record.part_size));
            let stored = parts.iter().map(|(part, _)| plan.len(*part)).sum();
            Unfinished { identity, record, stored }
        });
        Some(Ok(Answer::Unfinished(idle.collect())))
    }

    /// What was stored of a file is deleted, or cannot be. The file itself goes next.
    pub fn purged(&mut self, result: Result<(), Failure>) -> Verdict {
        match result {
            Ok(()) => {
                self.step = CallStep::Requesting(Exchange::default());
                None
            }
            Err(failure) => Some(Err(failure)),
        }
    }

    /// An operation that sends nothing was not answered in time.
    pub fn timed_out(&mut self, epoch: u64, shared: &mut Shared) -> Verdict {
        match &self.step {
            CallStep::Decoding(..) => self.listed(Err(Failure::stalled(shared.config.stall)), epoch, shared),
            CallStep::QueryingLocks(_) => {
                self.locks_known(Vec::new(), shared);
                None
            }
            CallStep::LoadingAll(..) | CallStep::Purging(_) => {
                Some(Err(Failure::new(Code::Storage, "The browser's database takes too long to answer.")))
            }
            _ => None,
        }
    }
}

impl CallStep {
    fn load_all(id: CallId, locks: Vec<Identity>, shared: &mut Shared) -> Self {
        let op = shared.begin_storing(Target::Call(id));
        shared.emit(Action::LoadAll { op });
        Self::LoadingAll(op, locks)
    }
}

/// The file that was asked for, which counts against the rules from now on.
fn file_of(key: &str, body: &[u8], shared: &mut Shared) -> Result<FileInfo, Failure> {
    let mut file = file_info(body)?;
    if file.file_key.as_deref().is_some_and(|answered| answered != key) {
        return Err(Failure::protocol("it speaks of another file"));
    }
    file.file_key = Some(key.to_owned());
    shared.admission.holds(key, file.size());
    Ok(file)
}

fn trusted_link(body: &[u8], shared: &Shared) -> Result<Link, Failure> {
    let link = link(body)?;
    if (shared.config.platform.trusts_link)(&link) {
        Ok(Link(link))
    } else {
        Err(Failure::protocol("its link is not https, or not a link at all"))
    }
}
