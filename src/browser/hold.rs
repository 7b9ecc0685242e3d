//! What this page holds of uploads that can be gone on with: the lock, the record, the tags.

use super::Listener;
use super::fingerprint::sample;
use super::lease::{Lease, lease_name};
use super::news::{Ended, News, Report};
use super::sleep::sleep;
use super::store::{Kept as Stored, Store};
use super::wall_clock;
use crate::engine::Kept;
use crate::protocol::{Code, Failure};
use crate::resume::{Facts, Record, ResumeKey};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, Blob, File};

/// How long a record is kept if nothing says when the session ends: 7 days, in milliseconds.
const LASTS: f64 = 7.0 * 24.0 * 3600.0 * 1000.0;

/// How long another page's last report may take to arrive after its lock is free, in milliseconds.
const LAST_WORD: u64 = 200;

/// The uploads of one session that can be gone on with.
pub struct Resume {
    key: Rc<ResumeKey>,
    store: Store,
    news: News,
    /// Identities of the files that this page sends or waits for.
    held: RefCell<Vec<String>>,
    complained: Cell<bool>,
}

/// One such upload, while this page sends it.
pub struct Hold {
    resume: Rc<Resume>,
    identity: String,
    held: Cell<bool>,
    record: RefCell<Option<Rc<Record>>>,
    lease: RefCell<Option<Lease>>,
    /// Called when another page would send it.
    wanted: Rc<dyn Fn()>,
    listening: RefCell<Option<Listener>>,
}

/// When it is a page's turn to send a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// At once, if no other page sends it.
    First,
    /// After the pages that wait for it.
    AfterOthers,
}

/// A file, as its identity needs it.
pub struct Subject {
    /// Its bytes.
    pub file: Blob,
    /// Its name.
    pub name: String,
    /// Its last modification, milliseconds since 1970, where known.
    pub modified: Option<u64>,
    /// Through what it was picked, where that can be kept.
    pub handle: Option<JsValue>,
}

impl Subject {
    /// Whether the bytes are those of a file, which may change.
    pub fn is_on_disk(&self) -> bool {
        self.file.has_type::<File>()
    }
}

impl Resume {
    /// The uploads of the session that `key` belongs to.
    pub fn new(key: Rc<ResumeKey>) -> Rc<Self> {
        let news = News::new(&key.scope());
        let store = Store::open(Rc::clone(&key));
        Rc::new(Self { key, store, news, held: RefCell::default(), complained: Cell::new(false) })
    }

    /// Where they are kept.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Whether this page sends the file, or waits for another that does.
    pub fn holds(&self, identity: &str) -> bool {
        self.held.borrow().iter().any(|held| held == identity)
    }

    /// What names the file among the session's uploads.
    ///
    /// # Errors
    /// `file-changed` where it cannot be read.
    pub async fn identify(&self, subject: &Subject) -> Result<String, Failure> {
        let sample = sample(&subject.file).await?;
        let size = subject.file.size() as u64;
        let facts = Facts { name: &subject.name, size, modified: subject.modified, sample: &sample };
        Ok(self.key.identity(&facts))
    }

    /// Identities of the files that some page of this origin sends.
    pub async fn taken(&self) -> Vec<String> {
        let prefix = lease_name(&self.key.scope(), "");
        let names = Lease::held(&prefix).await;
        names.iter().filter_map(|name| name.strip_prefix(&prefix)).map(str::to_owned).collect()
    }

    /// Waits until this page holds the file's lock, or `signal` aborts, and returns what is stored of the file.
    /// Meanwhile `follow` is called with each report of the page that sends it. Later, `wanted` is called when another
    /// page asks to take over what this page has begun.
    ///
    /// Returns `None` if `signal` aborts, if the file cannot be read, or if this page sends it already: a file picked
    /// twice on one page is two uploads.
    pub async fn take(
        self: &Rc<Self>,
        subject: &Subject,
        turn: Turn,
        signal: &AbortSignal,
        follow: impl Fn(Report) + 'static,
        wanted: impl Fn() + 'static,
    ) -> Option<(Rc<Hold>, Option<Kept>)> {
        let identity = self.identify(subject).await.ok()?;
        if self.holds(&identity) || signal.aborted() {
            return None;
        }
        self.held.borrow_mut().push(identity.clone());
        self.news.open();
        let hold = Rc::new(Hold {
            resume: Rc::clone(self),
            identity,
            held: Cell::new(true),
            record: RefCell::default(),
            lease: RefCell::default(),
            wanted: Rc::new(wanted),
            listening: RefCell::default(),
        });
        let lock = lease_name(&self.key.scope(), &hold.identity);
        let free = if turn == Turn::First { Lease::try_take(&lock).await } else { None };
        let lease = match free {
            Some(lease) => lease,
            None => {
                follow(Report { sent: 0, parts_done: 0, key: None, ended: None });
                let _listening = self.news.on_report(&hold.identity, follow);
                match turn {
                    Turn::First => self.news.want(&hold.identity),
                    Turn::AfterOthers => Lease::let_others_look(signal).await,
                }
                let lease = Lease::wait(&lock, signal).await?;
                // The lock may be granted before the other page's last report arrives.
                sleep(LAST_WORD, signal).await;
                lease
            }
        };
        if signal.aborted() {
            return None;
        }
        *hold.lease.borrow_mut() = Some(lease);
        let found = self.tell_once(self.store.find(&hold.identity).await).flatten();
        let kept = found.map(|Stored { record, tags, .. }| {
            let kept = Kept {
                key: record.key.clone(),
                upload_id: record.upload_id.clone(),
                part_size: record.part_size,
                tags,
            };
            hold.keeps(Rc::new(record));
            kept
        });
        Some((hold, kept))
    }

    /// Tells the page that sends the file that this one could.
    pub async fn want(&self, subject: &Subject) {
        if let Ok(identity) = self.identify(subject).await {
            self.news.want(&identity);
        }
    }

    /// An upload goes on without the store: it is only said, once.
    fn tell_once<T>(&self, result: Result<T, Failure>) -> Option<T> {
        if result.is_err() && !self.complained.replace(true) {
            web_sys::console::warn_1(
                &"partway: this browser keeps nothing; an upload cannot go on after a reload".into(),
            );
        }
        result.ok()
    }
}

impl Hold {
    /// Stores the record of an upload that has begun, or whose start is about to be sent. If this page dies before it
    /// learns the key, the next page removes the files that bear the record's encrypted name.
    pub async fn begin(&self, record: Record, expires: Option<f64>, handle: Option<&JsValue>) {
        let expires = expires.unwrap_or_else(|| wall_clock() + LASTS);
        let record = Rc::new(record);
        let begun = self.resume.store.begin(&self.identity, &record, expires, handle).await;
        if self.resume.tell_once(begun).is_some() {
            self.keeps(record);
        }
    }

    /// Another page would find this record, and could go on from it.
    fn keeps(&self, record: Rc<Record>) {
        if record.is_intent() {
            return;
        }
        *self.record.borrow_mut() = Some(record);
        let wanted = Rc::clone(&self.wanted);
        *self.listening.borrow_mut() = self.resume.news.on_wanted(&self.identity, move || wanted());
    }

    /// A part is stored.
    pub async fn save(&self, part: u32, tag: &str) {
        let record = self.record.borrow().clone();
        if let Some(record) = record {
            self.resume.tell_once(self.resume.store.save_tag(&self.identity, part, &record, tag).await);
        }
    }

    /// Whether `subject` is still the file that was picked.
    ///
    /// # Errors
    /// `file-changed` where it is not, or cannot be read.
    pub async fn check_same(&self, subject: &Subject) -> Result<(), Failure> {
        if self.resume.identify(subject).await? == self.identity {
            Ok(())
        } else {
            Err(Failure::new(Code::FileChanged, "The file changed while it was uploaded; pick it again."))
        }
    }

    /// Tells other pages how far it is.
    pub fn tell(&self, report: &Report) {
        self.resume.news.tell(&self.identity, report);
    }

    /// The upload has ended: deletes the record unless `keep`, sends `report` to other pages, and releases the lock.
    pub async fn end(&self, keep: bool, report: &Report) {
        let is_done = report.ended == Some(Ended::Done);
        if is_done {
            // Announce the end before deleting the record: a tab that finds neither would start over.
            self.tell(report);
        }
        if !keep {
            self.resume.tell_once(self.resume.store.purge(&self.identity).await);
        }
        if !is_done {
            self.tell(report);
        }
        self.let_go();
    }

    /// Lets another page send it.
    pub fn let_go(&self) {
        self.listening.take();
        self.lease.take();
        self.release();
    }

    fn release(&self) {
        // Once: this page may hold the file anew by then.
        if !self.held.replace(false) {
            return;
        }
        let mut held = self.resume.held.borrow_mut();
        held.retain(|held| *held != self.identity);
        if held.is_empty() {
            self.resume.news.close();
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}
