//! What an upload goes on from: what is stored of the file, as far as the file still is what was sent of it.

use super::Upload;
use super::orphans::{AfterOrphans, Orphans};
use super::parts::Parts;
use super::stage::{Checking, End, Live, LiveStep, Stage, Starting};
use crate::engine::operations::Kind;
use crate::engine::shared::Shared;
use crate::engine::tries::Exchange;
use crate::engine::{Action, Plan, Remote, Stored};
use crate::resume::{Digest, StoredPart};
use std::collections::VecDeque;

impl Upload {
    /// Nobody else sends this upload, and this is stored of it.
    pub(super) fn loaded(&mut self, stored: Option<Stored>, shared: &mut Shared) {
        let claim = self.claim.as_mut();
        let (mut left, told, told_done) = claim.map_or((None, None, false), |claim| {
            claim.begun_at = None;
            (claim.left.take(), claim.told_key.take(), claim.told_done)
        });
        // What this tab began is gone, where the other tab had to begin anew.
        let newer = stored.as_ref().map(|stored| &stored.record.key).or(told.as_ref());
        if let Some(gone) = left.take_if(|left| newer.is_some_and(|key| left.key != *key)) {
            shared.admission.removed(&gone.key);
        }
        match stored {
            Some(Stored { record, .. }) if record.is_intent() => {
                if let Some(claim) = &mut self.claim {
                    claim.doubted = record.modified != self.file.modified;
                }
                // A start of an earlier page may act even after this search.
                if !record.name_there().is_empty() {
                    self.seek(record.name_there().to_owned());
                }
                let orphans = Orphans::of(self.sought.clone()).and(record.aborted_key());
                self.stage = Stage::Starting(Starting::Orphans(orphans, AfterOrphans::Begin));
            }
            Some(Stored { identity, record, mut parts }) => {
                if let Some(claim) = &mut self.claim {
                    claim.recorded = claim.identity == identity;
                    claim.found_earlier = Some(identity).filter(|_| !claim.recorded);
                    claim.doubted = record.modified != self.file.modified;
                }
                // Phones give another date at each pick; but the file may have changed: what cannot be compared with it
                // is sent again.
                if self.claim.as_ref().is_some_and(|claim| claim.doubted) {
                    parts.retain(|(_, part)| part.digest.is_some());
                }
                let remote = Remote { key: record.key.clone(), upload_id: record.upload_id.clone() };
                self.go_on(remote, record.part_size, parts, shared);
            }
            // Begun here, and nothing is kept of it: the tab it was left to has completed it, or has given it up, or
            // could not keep it. It may have stored parts again, so no tag is trusted.
            None => match left.or_else(|| told.map(Remote::told)) {
                // Who has no token cannot ask. The word was sealed, and nothing is stored any more.
                Some(remote) if told_done && shared.token.is_awaited() => {
                    shared.admission.holds(&remote.key, self.plan.size());
                    self.stage = Stage::Live(Live::sending(remote, true));
                    self.finish(End::Done, shared);
                }
                Some(remote) => self.go_on(remote, self.plan.part_size(), Vec::new(), shared),
                None => self.begin(shared),
            },
        }
    }

    /// Goes on from what was begun before.
    pub(super) fn go_on(
        &mut self,
        remote: Remote,
        part_size: u64,
        stored: Vec<(u32, StoredPart)>,
        shared: &mut Shared,
    ) {
        shared.admission.holds(&remote.key, self.plan.size());
        self.plan = Plan::new(self.plan.size(), Some(part_size));
        self.parts = Parts::new();
        let stored = stored.into_iter().filter(|(number, _)| (1..=self.plan.parts()).contains(number));
        let (compared, trusted): (VecDeque<_>, _) = stored.partition(|(_, part)| part.digest.is_some());
        for (number, part) in trusted {
            self.parts.resume(&self.plan, number, part.tag);
        }
        let step = LiveStep::Verifying(Exchange::default());
        self.stage = Stage::Live(Live { remote, resumed: true, tags_refused: false, step });
        self.check(compared, shared);
    }

    /// Reads the file where these parts are; those that it still has count. Then the service is asked.
    fn check(&mut self, parts: VecDeque<(u32, StoredPart)>, shared: &mut Shared) {
        let next = parts.front().map(|(number, _)| self.plan.range(*number));
        let step = if let Some(range) = next {
            let op = shared.begin(self.step(), Kind::Local, Some(shared.config.stall));
            shared.emit(Action::Digest { op, upload: self.id, range });
            LiveStep::Checking(Checking { op, parts })
        } else {
            let is_same = self.parts.done() == self.plan.parts();
            if let Some(claim) = &mut self.claim {
                claim.doubted &= !is_same;
            }
            LiveStep::Verifying(Exchange::default())
        };
        if let Stage::Live(live) = &mut self.stage {
            live.step = step;
        }
        self.meter.resumed_from = self.parts.stored_bytes();
        self.meter.highest_sent = self.meter.highest_sent.max(self.parts.stored_bytes());
        self.meter.moved_since_shown = true;
    }

    /// What the file has where a part is stored is known; `None` where it cannot be read, or not in time: whatever is
    /// left is then sent again, or found to be unreadable.
    pub fn checked(&mut self, digest: Option<Digest>, shared: &mut Shared) {
        let Stage::Live(Live { step: LiveStep::Checking(checking), .. }) = &mut self.stage else { return };
        let mut parts = std::mem::take(&mut checking.parts);
        let Some((number, part)) = parts.pop_front() else { return };
        if digest.is_some() && digest == part.digest {
            self.parts.resume(&self.plan, number, part.tag);
        } else if let Some(claim) = &mut self.claim {
            claim.doubted = true;
        }
        if digest.is_none() {
            parts.clear();
        }
        self.check(parts, shared);
    }
}
