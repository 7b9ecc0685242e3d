//! Pages: one that dies, one that comes after it, another that sends the same file.

use crate::fault::Fate;
use crate::ledger::Ledger;
use crate::record::Record;
use crate::server::Call;
use crate::world::{Happening, World};
use partway::engine::{Engine, Event, Kept, State, UploadId};

impl World {
    /// The page dies with everything in it. The next one picks the unfinished files again, in the same order.
    pub fn crash(&mut self) {
        self.note(|| "the page dies".to_owned());
        self.ledger.counts.add("page: crash");
        let mut config = self.ledger.config.clone();
        config.recalls = true;
        let old = std::mem::replace(&mut self.ledger, Ledger::new(config.clone()));
        self.ledger.now = old.now;
        self.ledger.counts = old.counts;
        self.ledger.late_starts = old.late_starts;
        self.ledger.denied = old.denied;
        self.engine = Engine::new(config, self.chance.bits());
        // Requests on their way may still reach the service; nobody hears of it.
        let mut completed = Vec::new();
        for ((at, _), happening) in std::mem::take(&mut self.agenda) {
            match happening {
                Happening::Arrive(request, fate) => {
                    let Some((call, token)) = self.calls.remove(&request) else { continue };
                    let acts = matches!(fate, Fate::Answered | Fate::ActedAndFailed(_) | Fate::Hangs(true));
                    if acts && self.chance.percent(50) {
                        if let Call::Start { name, .. } = &call {
                            self.ledger.late_starts.push(*name);
                        }
                        self.at(at, Happening::Ghost(call, token));
                    }
                }
                // The other page has completed it, though nobody here heard so: nobody picks it again.
                Happening::Tell(Event::DoneElsewhere { upload, .. }, _) => completed.push(upload),
                Happening::Tell(event, _)
                    if !matches!(event, Event::Pause(_) | Event::Resume(_) | Event::Abort { .. }) => {}
                Happening::Token(_) => {}
                other => self.at(at, other),
            }
        }
        self.calls.clear();
        let now = self.ledger.now;
        let unfinished = |(id, record): &(UploadId, Record)| record.live() && !completed.contains(id);
        for (id, record) in old.uploads.into_iter().filter(unfinished) {
            let pick = self.picks.remove(&id).expect("every upload was picked");
            if record.lost_start {
                self.ledger.late_starts.push(pick.name);
            }
            // An upload that was not looked up yet is still kept as it was.
            let kept = kept(&record).or(pick.kept.filter(|_| record.requests == 0));
            self.at(now, Happening::Pick { picked: record.picked, file: pick.file, kept });
        }
        self.picks.clear();
    }

    /// Looks an upload up, as the driver does.
    pub fn recall(&mut self, upload: UploadId) {
        let pick = self.picks.get_mut(&upload).expect("every upload was picked");
        let (file, kept) = (pick.file, pick.kept.take());
        let plan = self.ledger.record(upload).plan;
        let mut at = self.ledger.now + self.chance.between(0, 100);
        if self.chance.percent(15) {
            let mut sent = 0;
            for parts_done in 0..self.chance.between(1, 4) as u32 {
                let event = Event::Elsewhere { upload, sent, parts_done: parts_done.min(plan.parts()) };
                self.at(at, Happening::Tell(event, true));
                sent = self.chance.between(sent, plan.size());
                at += self.chance.between(1, 3000);
            }
            if kept.is_none() && self.chance.percent(30) {
                let key = self.server.store(file, plan);
                return self.at(at, Happening::Tell(Event::DoneElsewhere { upload, key }, true));
            }
        }
        self.at(at, Happening::Tell(Event::Recalled { upload, kept }, true));
    }

    /// Another page goes on with an upload, to its end or not.
    pub fn step_aside(&mut self, upload: UploadId) {
        let record = self.ledger.record(upload);
        let (plan, kept) = (record.plan, kept(record));
        let key = kept.as_ref().expect("it had begun").key.clone();
        let at = self.ledger.now + self.chance.between(0, 5000);
        let sent = self.chance.between(0, plan.size());
        self.at(at, Happening::Tell(Event::Elsewhere { upload, sent, parts_done: 0 }, true));
        let at = at + self.chance.between(0, 5000);
        if self.chance.percent(40) && self.server.finish(&key, plan) {
            self.ledger.counts.add("page: steps aside, and the other completes");
            return self.at(at, Happening::Tell(Event::DoneElsewhere { upload, key }, true));
        }
        if self.chance.percent(30) {
            // Its last word is missed, and it kept nothing: it completed the upload, or removed it, or could not.
            self.ledger.counts.add("page: steps aside, and nothing is kept");
            match self.chance.between(0, 2) {
                0 => drop(self.server.finish(&key, plan)),
                1 => drop(self.server.files.remove(&key)),
                _ => {}
            }
            return self.at(at, Happening::Tell(Event::Recalled { upload, kept: None }, true));
        }
        self.at(at, Happening::Tell(Event::Recalled { upload, kept }, true));
    }

    /// At the end the bucket holds nothing that nobody knows the key of, and no file twice.
    pub fn no_orphans(&mut self) {
        for (id, record) in &self.ledger.uploads {
            let Some(pick) = self.picks.get(id) else { continue };
            let twice = self.server.files.values().filter(|stored| stored.file == pick.file && stored.complete).count();
            assert!(
                twice <= 1 || self.ledger.denied.contains(&pick.file),
                "file {} is in the bucket {twice} times",
                pick.file
            );
            let tidy = record.picked.findable
                && match record.end {
                    Some(State::Done) => true,
                    Some(State::Aborted) => record.aborted == Some(false) && record.doom.is_none(),
                    _ => false,
                };
            if !record.lost_start || !tidy {
                continue;
            }
            let denied = self.ledger.denied.contains(&pick.file);
            if record.search_failed || record.untidy || denied || self.ledger.late_starts.contains(&pick.name) {
                self.ledger.counts.add("orphan: not to be found");
                continue;
            }
            let own = record.identity.as_ref().map(|(key, _)| key);
            let left = self.server.files.iter().filter(|(key, stored)| stored.name == pick.name && Some(*key) != own);
            assert_eq!(left.count(), 0, "{id:?} left a file that nobody knows the key of");
            self.ledger.counts.add("orphan: none is left");
        }
    }
}

/// What a page keeps of an upload.
fn kept(record: &Record) -> Option<Kept> {
    let (key, upload_id) = record.identity.clone()?;
    let tags = record.saved.iter().map(|part| (*part, record.tags[part].clone())).collect();
    Some(Kept { key, upload_id, part_size: record.plan.part_size(), tags })
}
