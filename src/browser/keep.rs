//! What the driver does so that an upload can be gone on with after a reload, and by one page at a time.

use super::driver::Driver;
use super::hold::{Hold, Turn};
use super::job::{Snapshot, Task};
use super::news::{Ended, Report};
use super::wall_clock;
use crate::engine::{Event, Kept, State, UploadId};
use crate::protocol::{Failure, Started};
use crate::resume::Record;
use std::rc::Rc;

impl Driver {
    /// Looks up whether the upload was begun before, and waits while another page sends it.
    pub(super) async fn recall(self: Rc<Self>, upload: UploadId, task: Rc<Task>) {
        self.take(upload, &task, Turn::First).await;
    }

    /// Lets a page that waits send the upload, and follows it.
    pub(super) async fn step_aside(self: Rc<Self>, upload: UploadId, task: Rc<Task>) {
        if let Some(hold) = task.hold.take() {
            hold.let_go();
        }
        self.take(upload, &task, Turn::AfterOthers).await;
    }

    /// Tells the page that sends the upload that this one could.
    pub(super) async fn want(&self, task: &Task) {
        if let Some(resume) = &self.resume {
            resume.want(&task.job.subject).await;
        }
    }

    async fn take(self: &Rc<Self>, upload: UploadId, task: &Task, turn: Turn) {
        let mut kept = None;
        if let (Some(resume), Some(over)) = (&self.resume, &task.over) {
            let driver = Rc::downgrade(self);
            let wanted = move || {
                if let Some(driver) = driver.upgrade() {
                    driver.tell(Event::Wanted { upload });
                }
            };
            let driver = Rc::downgrade(self);
            let follow = move |report: Report| {
                let Some(driver) = driver.upgrade() else { return };
                let Report { sent, parts_done, key, ended } = report;
                match (ended, key) {
                    (Some(Ended::Done), Some(key)) => driver.tell(Event::DoneElsewhere { upload, key }),
                    // It goes on here when the other page lets go of it.
                    _ => driver.tell(Event::Elsewhere { upload, sent, parts_done }),
                }
            };
            if let Some((hold, found)) = resume.take(&task.job.subject, turn, &over.signal(), follow, wanted).await {
                *task.hold.borrow_mut() = Some(hold);
                kept = found;
            }
            if let Some(Kept { upload_id: sealed, .. }) = kept.take_if(|kept| kept.key.is_empty()) {
                self.clear_start(&sealed, &over.signal()).await;
            }
        }
        self.tell(Event::Recalled { upload, kept });
    }

    /// Keeps that a start is about to be sent, where what it leaves in the bucket can be told by its name.
    pub(super) async fn keep_intent(&self, upload: UploadId, task: &Task) {
        if task.job.findable {
            self.begin_record(upload, task, "", &task.job.sealed).await;
        }
    }

    /// Keeps what a start was answered, before anything is sent under it.
    pub(super) async fn keep_start(&self, upload: UploadId, task: &Task, started: &Started) {
        self.begin_record(upload, task, &started.file_key, &started.upload_id).await;
    }

    async fn begin_record(&self, upload: UploadId, task: &Task, key: &str, upload_id: &str) {
        let (Some(hold), Some(plan)) = (task.hold(), self.plan(upload)) else { return };
        let subject = &task.job.subject;
        let record = Record {
            key: key.to_owned(),
            upload_id: upload_id.to_owned(),
            size: plan.size(),
            part_size: plan.part_size(),
            name: subject.name.clone(),
            started_at: wall_clock() as u64,
            modified: subject.modified,
        };
        let expires = self.api.known_rules().and_then(|rules| rules.expiry);
        hold.begin(record, expires, subject.handle.as_ref()).await;
    }

    /// Keeps a part's tag.
    pub(super) async fn keep_tag(&self, upload: UploadId, task: &Task, part: u32) {
        if let (Some(hold), Some(tag)) = (task.hold(), self.tag(upload, part)) {
            hold.save(part, &tag).await;
        }
    }

    /// Whether the file is still the one that was picked.
    pub(super) async fn check_same(&self, task: &Task) -> Result<(), Failure> {
        match task.hold() {
            Some(hold) if task.job.subject.is_on_disk() => hold.check_same(&task.job.subject).await,
            _ => Ok(()),
        }
    }

    /// Shows the upload's state, here and to other pages. `done` is shown only after the record is deleted.
    pub(super) async fn show(&self, task: &Task, snapshot: Snapshot) {
        if let Some(hold) = task.hold() {
            if snapshot.state == State::Done {
                end(task, &hold, false, &snapshot).await;
            } else {
                hold.tell(&report(&snapshot));
            }
        }
        task.job.watch.changed(snapshot);
    }

    /// Lets go of an upload for which nothing more is done.
    pub(super) async fn let_go(&self, task: &Task, keep: bool, snapshot: Option<Snapshot>) {
        if let Some(over) = &task.over {
            over.abort();
        }
        if let (Some(hold), Some(snapshot)) = (task.hold(), snapshot) {
            end(task, &hold, keep, &snapshot).await;
        }
        task.job.watch.settled();
    }
}

async fn end(task: &Task, hold: &Hold, keep: bool, snapshot: &Snapshot) {
    task.hold.take();
    let ended = if snapshot.state == State::Done { Ended::Done } else { Ended::Gone };
    hold.end(keep, &Report { ended: Some(ended), ..report(snapshot) }).await;
}

fn report(snapshot: &Snapshot) -> Report {
    Report {
        sent: snapshot.progress.sent,
        parts_done: snapshot.progress.parts_done,
        key: snapshot.key.clone(),
        ended: None,
    }
}
