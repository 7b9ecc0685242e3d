//! How a schedule ends: all faults are over, everything that waits goes on, and a last tab tidies up.

use crate::promises::Moment;
use crate::trace::Subject;
use crate::world::World;
use partway::engine::{Event, Identity, UploadId};

impl World {
    /// Lifts every fault, and holds what is left in the end against the promises.
    pub fn wind_up(&mut self) {
        for tab in 0..self.tabs.len() {
            self.drain(tab);
        }
        self.judge_all(&Moment::Stuck);
        self.calm();
        for _ in 0..20 {
            self.run();
            if !self.resume_one() {
                break;
            }
        }
        self.judge_all(&Moment::Over);
        self.last_tab();
        let last = self.tabs.len() - 1;
        self.judge(last, &Moment::Over);
        self.judge(last, &Moment::End);
    }

    fn judge_all(&mut self, moment: &Moment<'_>) {
        for tab in 0..self.tabs.len() {
            if self.tabs[tab].alive {
                self.judge(tab, moment);
            }
        }
    }

    fn calm(&mut self) {
        self.note(Subject::default(), || "all faults are over".to_owned());
        self.model.calm();
        self.books.calm = Some(self.now);
        // Who slept over the end of the storm finds it over.
        self.agenda.retain(|_, happening| happening.is_inevitable());
        (self.model.service.max_files, self.model.service.max_megabytes) = (None, None);
        self.model.service.expiry = None;
        for tab in 0..self.tabs.len() {
            self.tell(tab, Event::Network { online: true });
            let paused: Vec<UploadId> = self.paused(tab);
            for upload in paused {
                self.tell(tab, Event::Resume(upload));
            }
        }
    }

    fn paused(&self, tab: usize) -> Vec<UploadId> {
        let uploads = self.books.tabs[tab].uploads.iter();
        uploads.filter(|(_, upload)| upload.is_paused() && upload.live()).map(|(id, _)| *id).collect()
    }

    fn resume_one(&mut self) -> bool {
        for tab in 0..self.tabs.len() {
            if self.tabs[tab].alive
                && let Some(upload) = self.paused(tab).first().copied()
            {
                self.tell(tab, Event::Resume(upload));
                return true;
            }
        }
        false
    }

    /// A last tab picks every file again that something is stored of.
    fn last_tab(&mut self) {
        self.books.calm = Some(self.now);
        let tab = self.open_tab();
        (self.tabs[tab].dozes, self.books.last) = (0, Some(tab));
        self.note(Subject::tab(tab), || "opens as the last".to_owned());
        // Nobody has the bytes again that a file had before it changed; but nothing was sent yet of an intent.
        let rows = self.model.store.rows.iter();
        let pickable = rows.filter(|(identity, row)| row.record.is_intent() || self.model.files.shows(identity));
        let left: Vec<Identity> = pickable.map(|(identity, _)| identity.clone()).collect();
        for identity in left {
            self.counts.add("last tab: goes on");
            let file = self.model.files.restore(&identity);
            self.pick(tab, file);
            // One after the other: they may be one file, before and after it changed.
            self.run();
        }
    }
}
