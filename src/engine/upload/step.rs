//! The request, or the operation, of an upload's stage: how it goes out, and what follows from what came of it.

use super::Upload;
use super::orphans::{AfterOrphans, OrphanStep, Orphans};
use super::stage::{Claiming, End, EndStep, Ending, Live, LiveStep, Stage, Starting, Uncertain};
use crate::engine::availability::Class;
use crate::engine::operations::Kind;
use crate::engine::shared::Shared;
use crate::engine::tries::Exchange;
use crate::engine::{Action, Bytes, Identity, Lock, Remote, Stored};
use crate::protocol::{Code, Failure, FileInfo, Request, file_info, says_complete, started};

/// Tries a removal gets: the person has already moved on.
const REMOVAL_TRIES: u32 = 3;

/// What a stage sends, or asks the browser for.
enum Next {
    Request(Request),
    Sample,
}

impl Upload {
    /// Whether the stage's own request waits to be sent, be it due or not.
    pub fn wants_step(&self) -> bool {
        // Who is paused sends nothing, and hears all the same that another tab has stored the file.
        let is_stored = match &self.stage {
            Stage::Live(Live { step: LiveStep::Verifying(_), .. }) => self.is_told_done(),
            Stage::Live(Live { step: LiveStep::Orphans(_), .. }) => true,
            _ => false,
        };
        let may_send = !self.paused || self.has_ended() || is_stored;
        may_send && self.stage.exchange().is_some_and(|exchange| exchange.op.is_none())
    }

    /// Sends it.
    pub fn send_step(&mut self, shared: &mut Shared) {
        let Some(next) = self.next() else { return };
        let op = match next {
            Next::Request(request) => {
                let stalls = self.stage.exchange().map_or(0, |exchange| exchange.tries.stalls);
                shared.send(self.step(), request, stalls)
            }
            Next::Sample => {
                let op = shared.begin(self.step(), Kind::Local, Some(shared.config.stall));
                shared.emit(Action::Sample { op, upload: self.id });
                op
            }
        };
        if let Some(exchange) = self.stage.exchange_mut() {
            exchange.send(op);
        }
    }

    /// What the stage sends, or asks the browser for.
    fn next(&self) -> Option<Next> {
        let request = match &self.stage {
            Stage::Starting(Starting::Posting(_)) => {
                Some(Request::start(self.plan.parts(), self.file.name.as_str(), self.plan.size()))
            }
            Stage::Starting(Starting::Orphans(orphans, _))
            | Stage::Live(Live { step: LiveStep::Orphans(orphans), .. })
            | Stage::Ending(Ending { step: EndStep::Orphans(orphans), .. }) => orphans.request(),
            Stage::Live(Live { remote, step, .. }) => match step {
                LiveStep::Verifying(_) | LiveStep::Confirming(..) => Some(Request::file(&remote.key)),
                LiveStep::Completing(_) => Some(Request::complete(&remote.key, &self.tags()?)),
                LiveStep::Sampling(_) => return Some(Next::Sample),
                LiveStep::Checking(_) | LiveStep::Sending | LiveStep::Orphans(_) => None,
            },
            Stage::Ending(Ending { remote: Some(remote), step: EndStep::Removing(_), .. }) => {
                Some(Request::remove(&remote.key))
            }
            Stage::Queued | Stage::Claiming(_) | Stage::Starting(_) | Stage::Ending(_) => None,
        };
        request.map(Next::Request)
    }

    /// The request of the stage was answered, or failed.
    pub fn step_ended(&mut self, result: Result<Vec<u8>, Failure>, epoch: u64, shared: &mut Shared) {
        let tries = self.stage.exchange_mut().map(|exchange| {
            exchange.op = None;
            exchange.tries
        });
        match result.and_then(|body| self.read(body, shared)) {
            Ok(()) => {}
            Err(failure) => match tries {
                Some(_) => self.step_failed(failure, epoch, shared),
                None => self.start_not_awaited(&failure, shared),
            },
        }
    }

    /// Reads the answer to the stage's request, and enters the next stage.
    fn read(&mut self, body: Vec<u8>, shared: &mut Shared) -> Result<(), Failure> {
        let (size, parts) = (self.plan.size(), self.plan.parts());
        match &mut self.stage {
            Stage::Starting(Starting::Posting(_)) => self.started(started(&body)?, shared),
            Stage::Ending(Ending { step: EndStep::AwaitingStart(_), .. }) => {
                let started = started(&body)?;
                self.note_start(&started.file_key, shared);
                let remote = Remote { key: started.file_key, upload_id: started.upload_id };
                self.start_awaited(Some(remote), shared);
            }
            Stage::Ending(Ending { step: EndStep::Removing(_), .. }) => self.removed(true, shared),
            Stage::Live(live) => match live.step {
                LiveStep::Verifying(_) => self.verified(file_info(&body)?, shared),
                LiveStep::Confirming(..) => {
                    let file = file_info(&body)?;
                    if file.is_complete() && !file.is_of(&live.remote.key, size, parts) {
                        return Err(Failure::protocol("it is complete, and not the file that was sent"));
                    }
                    self.confirmed(file.is_complete(), shared);
                }
                // An answer without a file, as an empty one, says nothing else of it.
                LiveStep::Completing(_)
                    if says_complete(&body)
                        && file_info(&body).map_or(true, |file| file.is_of(&live.remote.key, size, parts)) =>
                {
                    self.completed(shared);
                }
                LiveStep::Completing(exchange) => {
                    let failure = Failure::protocol("it does not say that the file is complete");
                    let uncertain = Uncertain::new(failure, exchange.tries, shared);
                    live.step = LiveStep::Confirming(Exchange::default(), uncertain);
                }
                LiveStep::Orphans(_) => self.orphans_answered(body, shared),
                LiveStep::Checking(_) | LiveStep::Sending | LiveStep::Sampling(_) => {}
            },
            Stage::Starting(Starting::Orphans(..)) | Stage::Ending(Ending { step: EndStep::Orphans(_), .. }) => {
                self.orphans_answered(body, shared);
            }
            Stage::Queued | Stage::Claiming(_) | Stage::Starting(_) | Stage::Ending(_) => {}
        }
        Ok(())
    }

    fn step_failed(&mut self, failure: Failure, epoch: u64, shared: &mut Shared) {
        let Some(tries) = self.stage.exchange().map(|exchange| exchange.tries) else { return };
        // Browsers silently repeat a request that a reused connection lost: even the first 404 or 409 may answer the
        // second copy.
        let is_doubtful = failure.is_ambiguous() || matches!(failure.status, Some(404 | 409));
        let is_gone = failure.code == Code::NotFound;
        // Waiting for a network is free, and so is waiting with everybody.
        let class = (!self.has_ended()).then_some(Class::Rest);
        let is_unavailable = failure.is_unavailable() && class.is_some();
        let free = failure.is_connection_failure() && shared.link.is_down()
            || is_unavailable && shared.waits_with_all(Class::Rest) == Some(true);
        let doubted = if free { tries.freed(tries.due) } else { tries };
        let spent = doubted.sent;
        let is_removal_over = spent >= REMOVAL_TRIES && failure.code != Code::Unauthorized;
        match &mut self.stage {
            Stage::Starting(Starting::Posting(_)) if failure.is_ambiguous() && self.file.unique_name => {
                return self.start_lost(Uncertain::new(failure, doubted, shared));
            }
            Stage::Live(live) => match &live.step {
                LiveStep::Verifying(_) if is_gone => return self.restart(shared),
                LiveStep::Confirming(
                    _,
                    Uncertain { failure: Failure { code: Code::NotFound, .. }, tries: 0..=1, .. },
                ) if is_gone && live.resumed => {
                    return self.restart(shared);
                }
                // A part that arrived late, after another try of it, has another tag than was told.
                LiveStep::Completing(_) if matches!(failure.status, Some(400 | 412 | 422)) && !live.tags_refused => {
                    (live.tags_refused, live.step) = (true, LiveStep::Sending);
                    self.parts.send_again();
                    self.meter.moved_since_shown = true;
                    return;
                }
                LiveStep::Completing(_) if is_doubtful => {
                    let uncertain = Uncertain::new(failure, doubted, shared);
                    live.step = LiveStep::Confirming(Exchange::default(), uncertain);
                    return;
                }
                _ => {}
            },
            Stage::Ending(Ending { step: EndStep::Removing(_), .. }) => {
                if is_gone {
                    return self.removed(true, shared);
                }
                if is_removal_over {
                    return self.removed(false, shared);
                }
            }
            _ => {}
        }
        if let Some(orphans) = self.orphans_mut()
            && matches!(orphans.step, OrphanStep::Removing { .. })
            && (is_gone || is_removal_over)
        {
            return self.orphan_removed(is_gone, shared);
        }
        match shared.next_try(tries, &failure, epoch, true, class) {
            Some(tries) => {
                if let Some(exchange) = self.stage.exchange_mut() {
                    exchange.tries = tries;
                }
            }
            None => self.step_given_up(failure, shared),
        }
    }

    /// The stage's request is not tried again.
    fn step_given_up(&mut self, failure: Failure, shared: &mut Shared) {
        match &mut self.stage {
            // A service without a list cannot tell what an earlier page left.
            Stage::Starting(Starting::Orphans(_, AfterOrphans::Begin)) if !failure.is_retryable() => self.begin(shared),
            Stage::Live(Live { step: LiveStep::Orphans(_), .. }) => self.finish(End::Done, shared),
            Stage::Ending(ending) => {
                let searches = matches!(ending.step, EndStep::Orphans(_));
                if searches { self.release(shared) } else { self.removed(false, shared) }
            }
            _ => self.finish(End::Failed(failure), shared),
        }
    }

    /// A start that an abort waited for came to nothing.
    fn start_not_awaited(&mut self, failure: &Failure, shared: &mut Shared) {
        if failure.is_ambiguous() {
            self.seek_own_name();
        }
        self.start_awaited(None, shared);
    }

    // --- orphans ---

    fn orphans_mut(&mut self) -> Option<&mut Orphans> {
        match &mut self.stage {
            Stage::Starting(Starting::Orphans(orphans, _))
            | Stage::Live(Live { step: LiveStep::Orphans(orphans), .. })
            | Stage::Ending(Ending { step: EndStep::Orphans(orphans), .. }) => Some(orphans),
            _ => None,
        }
    }

    /// The list came, or an orphan is removed.
    fn orphans_answered(&mut self, body: Vec<u8>, shared: &mut Shared) {
        let target = self.step();
        let Some(orphans) = self.orphans_mut() else { return };
        match &orphans.step {
            OrphanStep::Finding(exchange) => {
                orphans.step = OrphanStep::Decoding(shared.decode_list(target, body), *exchange);
            }
            OrphanStep::Removing { .. } => self.orphan_removed(true, shared),
            OrphanStep::Decoding(..) => {}
        }
    }

    /// The list is read, or is none.
    pub fn listed(&mut self, files: Result<Vec<FileInfo>, Failure>, epoch: u64, shared: &mut Shared) {
        let own = self.stage.remote().map(|remote| remote.key.clone());
        let (size, parts) = (self.plan.size(), self.plan.parts());
        let begins = matches!(self.stage, Stage::Starting(Starting::Orphans(_, AfterOrphans::Begin)));
        let Some(orphans) = self.orphans_mut() else { return };
        let OrphanStep::Decoding(_, exchange) = orphans.step else { return };
        match files {
            Ok(files) => {
                if let Some(key) = orphans.completed(&files, size, parts).filter(|_| begins) {
                    return self.go_on(Remote::told(key), self.plan.part_size(), Vec::new(), shared);
                }
                if !orphans.found(files, own.as_deref()) {
                    self.no_orphan_left(shared);
                }
            }
            Err(failure) => {
                orphans.step = OrphanStep::Finding(exchange);
                self.step_failed(failure, epoch, shared);
            }
        }
    }

    fn orphan_removed(&mut self, removed: bool, shared: &mut Shared) {
        let Some(orphans) = self.orphans_mut() else { return };
        if !removed {
            orphans.left = true;
        }
        if !orphans.removed() {
            self.no_orphan_left(shared);
        }
    }

    /// Nothing more can be found or removed.
    fn no_orphan_left(&mut self, shared: &mut Shared) {
        self.orphans_left = self.orphans_mut().is_some_and(|orphans| orphans.left);
        match &mut self.stage {
            Stage::Starting(Starting::Orphans(_, after)) => {
                let after = after.clone();
                self.orphans_gone(after, shared);
            }
            Stage::Live(_) => self.finish(End::Done, shared),
            _ => self.release(shared),
        }
    }

    // --- operations that send nothing ---

    /// The file was sampled.
    pub fn sampled(&mut self, identity: Option<Identity>, read: Option<Bytes>, is_known: bool, shared: &mut Shared) {
        if matches!(self.stage, Stage::Claiming(Claiming::Sampling(_))) {
            self.identified(identity, read, is_known, shared);
        } else {
            self.resampled(identity.as_ref(), shared);
        }
    }

    /// What is stored of the file was read, or cannot be.
    pub fn loaded_or_not(&mut self, loaded: Result<Option<Stored>, Failure>, shared: &mut Shared) {
        match loaded {
            Ok(stored) => self.loaded(stored, shared),
            Err(_) => {
                self.stop_keeping(shared);
                self.loaded(None, shared);
            }
        }
    }

    /// Something was stored or deleted, or could not be.
    pub fn stored(&mut self, stored: bool, shared: &mut Shared) {
        if !stored {
            self.stop_keeping(shared);
        }
        match &self.stage {
            Stage::Starting(Starting::StoringIntent(_)) => self.intent_stored(),
            Stage::Starting(Starting::StoringRecord(_, live)) => {
                let live = live.clone();
                self.record_stored(live, stored, shared);
            }
            Stage::Ending(Ending { step: EndStep::Storing(_), .. }) => self.record_kept(shared),
            Stage::Ending(Ending { step: EndStep::Purging(_), .. }) => self.settle(shared),
            _ => {}
        }
    }

    /// An operation that sends nothing was not answered in time.
    pub fn step_timed_out(&mut self, epoch: u64, shared: &mut Shared) {
        let stalled = Failure::stalled(shared.config.stall);
        match &self.stage {
            Stage::Claiming(Claiming::Sampling(_)) => self.sampled(None, None, false, shared),
            // Without a lock nothing is kept, and the upload continues.
            Stage::Claiming(Claiming::Locking(_)) => {
                shared.store_hangs();
                shared.store_failed();
                self.unclaim(None, shared);
                self.begin(shared);
            }
            Stage::Claiming(Claiming::Following(_)) => self.locked(Lock::Taken { queue: false }, shared),
            Stage::Claiming(Claiming::Loading(_)) => {
                shared.look_out_for_store();
                self.loaded_or_not(Err(stalled), shared);
            }
            Stage::Live(Live { step: LiveStep::Checking(_), .. }) => self.checked(None, shared),
            Stage::Live(Live { step: LiveStep::Sampling(_), .. }) => self.step_ended(Err(stalled), epoch, shared),
            Stage::Starting(Starting::Orphans(..))
            | Stage::Live(_)
            | Stage::Ending(Ending { step: EndStep::Orphans(_), .. }) => self.listed(Err(stalled), epoch, shared),
            Stage::Queued | Stage::Starting(_) | Stage::Ending(_) => {
                shared.store_hangs();
                self.stored(false, shared);
            }
        }
    }
}
