//! Tabs open, die, and are given files.

use crate::books::tab::TabBook;
use crate::books::upload::Upload;
use crate::happening::Happening;
use crate::tab::{Pick, Tab};
use crate::trace::Subject;
use crate::world::World;
use partway::engine::{Engine, FileName, FileSpec, Instant, OpId, Plan, UploadId};
use std::rc::Rc;

impl World {
    pub fn open_tab(&mut self) -> usize {
        let mut config = self.setup.config.clone();
        config.online = !self.model.network.cut;
        let can_report = config.can_report_progress;
        let engine = Engine::new(config.clone(), self.chance.bits());
        self.books.tabs.push(TabBook::new(config, &engine));
        let token = (!self.model.tokens.function).then_some(self.model.service.token);
        let dozes = if self.chance.percent(5) { 1000 } else { 0 };
        let (picks, open, picked_files) = Default::default();
        let (alive, channel_open) = (true, false);
        self.tabs.push(Tab {
            engine,
            drains_late: false,
            alive,
            channel_open,
            token,
            picks,
            open,
            can_report,
            dozes,
            frozen_until: 0,
            picked_files,
        });
        self.tabs.len() - 1
    }

    /// A tab dies: its locks are free, its transactions did or did not happen, its requests may still arrive.
    pub fn kill(&mut self, tab: usize) {
        self.note(Subject::tab(tab), || "dies".to_owned());
        self.tabs[tab].alive = false;
        self.books.tabs[tab].alive = false;
        for upload in self.books.tabs[tab].uploads.values().filter(|upload| upload.posted_end && upload.end.is_none()) {
            // Who began to listen after the end was told may never hear of it.
            if let Some(file) = upload.identity.as_ref().and_then(|identity| self.books.files.get_mut(identity)) {
                file.copies += 1;
            }
        }
        let open = std::mem::take(&mut self.tabs[tab].open);
        let ops: Vec<(usize, OpId)> = self.wire.keys().filter(|(of, _)| *of == tab).copied().collect();
        for key in ops {
            let sent = self.wire.remove(&key).expect("just seen");
            let unique_tag = sent.is_part && !self.model.service.tags_by_content;
            if open.contains(&key.1) && !unique_tag && !self.is_over(tab, &sent) && self.chance.percent(60) {
                self.counts.add("tab: dies, and its request acts");
                self.ghosts.push(sent);
            }
        }
        self.late_starts_die(tab);
        self.after(0, 150, Happening::Ghosts);
        for claim in self.model.locks.died(tab, self.now) {
            self.counts.add("lock: passes on from a dead tab");
            self.granted(Some(claim));
        }
        self.after(500, 20_000, Happening::Open);
    }

    /// The browser stops a tab's page: what it asked for goes on, and what it is told waits.
    pub fn freeze(&mut self, tab: usize, millis: u64) {
        let until = (self.now + millis).min(self.storm);
        if self.tabs[tab].alive && self.tabs[tab].frozen_until < until && self.books.calm.is_none() {
            self.note(Subject::tab(tab), || format!("is frozen for {millis} ms"));
            self.counts.add("tab: is frozen");
            self.tabs[tab].frozen_until = until;
        }
    }

    /// The person picks a file in a tab.
    pub fn pick(&mut self, tab: usize, file: usize) -> UploadId {
        let disk = &self.model.files.all[file];
        let (size, version) = (disk.size, disk.shown);
        self.names += 1;
        let name =
            if self.setup.unique_names { format!("pw1.name {}", self.names) } else { format!("plain {}", self.names) };
        let watched = self.chance.percent(50);
        let (is_sealed_late, late) = (self.chance.percent(50), name.clone());
        let spec = FileSpec {
            size,
            name: if is_sealed_late { FileName::Later(Rc::new(move || Ok(late.clone()))) } else { name.clone().into() },
            unique_name: self.setup.unique_names,
            modified: None,
            wants_progress: watched,
        };
        let upload = self.tabs[tab].engine.upload(spec, Instant(self.now));
        self.note(Subject::upload(tab, upload), || format!("picks file {file} v{version}, {size} bytes, as {name}"));
        let plan = Plan::new(size, self.setup.config.part_size);
        let unique = self.setup.unique_names;
        let mut book = Upload::new(file, name.clone(), unique, watched, plan);
        book.unkept = !self.setup.config.resume;
        if book.unkept {
            self.books.unpromised.insert(book.name.clone());
        }
        self.books.tabs[tab].uploads.insert(upload, book);
        self.books.tabs[tab].token.asked_afresh = true;
        self.tabs[tab].picks.insert(upload, Pick { file, version, name, size, watched });
        self.tabs[tab].picked_files.push(file);
        self.drain(tab);
        upload
    }
}
