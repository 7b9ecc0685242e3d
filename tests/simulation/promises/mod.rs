//! What the engine promises: one function a promise, held against every moment of every tab. Each is counted where it
//! mattered, and a full run must have met each.

mod aborted;
mod calls;
mod carried;
mod completed;
mod counted;
mod downloads;
mod ends;
mod fair;
mod finite;
mod going_on;
mod handover;
mod kept;
mod limits;
mod offline;
mod one_file;
mod one_tab;
mod orphans;
mod progress;
mod refused;
mod rules;
mod shown;
mod stalls;
mod tags;
mod token;
mod tries;
mod window;

use crate::books::Books;
use crate::books::tab::TabBook;
use crate::books::wanted::Wanted;
use crate::counts::Counts;
use crate::model::Model;
use crate::trace::Subject;
use partway::engine::{Action, CallId, Engine, PartBody, UploadId};
use std::cell::RefCell;

pub use finite::BOUND;

/// When a promise is looked at.
#[derive(Debug)]
pub enum Moment<'a> {
    /// The engine asks for something; what a request asks of the service is read already.
    Asked(&'a Action, Option<&'a Wanted>),
    /// It has said all it has to say for now.
    Quiet,
    /// Nothing will happen any more, or the schedule was long enough: faults are about to end.
    Stuck,
    /// All faults ended, and nothing will happen any more.
    Over,
    /// The last tab has tidied up.
    End,
}

/// A moment, and all that is known then.
pub struct Case<'a> {
    pub books: &'a Books,
    pub book: &'a TabBook,
    pub model: &'a Model,
    pub engine: &'a Engine,
    pub now: u64,
    pub tab: usize,
    pub moment: &'a Moment<'a>,
}

impl Case<'_> {
    pub fn subject(&self) -> Subject {
        Subject::tab(self.tab)
    }

    pub fn upload(&self, upload: UploadId) -> Subject {
        let identity = self.book.uploads.get(&upload).and_then(|upload| upload.identity.clone());
        Subject { identity, ..Subject::upload(self.tab, upload) }
    }

    pub fn call(&self, call: CallId) -> Subject {
        Subject::call(self.tab, call)
    }

    /// The upload that a request is of, if it is of one.
    pub fn upload_of(&self, wanted: &Wanted, part: Option<&PartBody>) -> Option<UploadId> {
        match (wanted, part) {
            (_, Some(part)) => Some(part.upload),
            (Wanted::Start { name, .. }, None) => {
                let mut uploads = self.book.uploads.iter();
                uploads.find(|(_, book)| book.unique && book.name == *name).map(|(id, _)| *id)
            }
            _ => self.book.upload_of(wanted.key()),
        }
    }
}

/// Whether the promise mattered; or what was broken, and of what.
pub type Verdict = Result<bool, Box<(Subject, String)>>;

/// A promise is broken unless this holds.
macro_rules! hold {
    ($condition:expr, $subject:expr, $($text:tt)+) => {
        if !$condition {
            return Err(Box::new(($subject, format!($($text)+))));
        }
    };
}
pub(crate) use hold;

type Promise = fn(&Case<'_>) -> Verdict;

/// Every promise, by its name.
pub const PROMISES: &[(&str, Promise)] = &[
    ("promise: a part counts once, after its tag is stored or keeping was given up, which is said", counted::counted),
    ("promise: nothing is completed before every part and every tag is stored", completed::completed),
    ("promise: every part bears the bytes of the plan and goes to its own upload", tags::part_is_the_plans),
    ("promise: `sent` never decreases, and done is all of it", progress::progress),
    ("promise: at most so many parts and requests are in flight", limits::limits),
    ("promise: the window halves on overload, once a round, and grows with the line", window::window),
    ("promise: a request that moves nothing is given up, and no other", stalls::stalls),
    ("promise: offline nothing is sent but what finds out, and no try is spent", offline::offline),
    ("promise: tries are counted, and retries wait as long as the service asked", tries::tries),
    ("promise: an aborted upload sends nothing more but its removal", aborted::aborted),
    ("promise: every upload and call ends once, in order", ends::ends),
    ("promise: what is done is stored, whole and of one version", ends::done_is_stored),
    ("promise: no file is left in the bucket that nobody knows the key of", orphans::orphans),
    ("promise: before an upload is done, what a lost start left is sought", orphans::sought),
    ("promise: one tab at a time sends a file", one_tab::one_tab),
    ("promise: a file picked in several tabs is in the bucket once", one_tab::once),
    ("promise: a tab that cannot send a file lets another one", handover::handover),
    ("promise: no wait is infinite but those that say so", finite::finite),
    ("promise: what a slow line carries arrives: no part is sent more than twice", carried::carried),
    ("promise: a state of the whole service is no upload's failure", refused::fails_nobody),
    ("promise: a service that refuses everybody is asked now and then", refused::no_storm),
    ("promise: the token function is called once at a time and with patience", token::token),
    ("promise: a request whose token is refused again and again is given up", token::refused_again),
    ("promise: a file with nothing in flight goes first", fair::fair),
    ("promise: slow requests hold no other file back", fair::unhindered),
    ("promise: what is shown is how it is", shown::shown),
    ("promise: no busy loop", shown::no_busy_loop),
    ("promise: nothing starts against the rules, and nothing is refused without a cause", rules::rules),
    ("promise: an upload fails only for a cause", rules::causes),
    ("promise: who goes on sends no stored part again", going_on::going_on),
    ("promise: who goes on completes no part of what the file was before", one_file::one_file),
    ("promise: what a later tab goes on from is kept, and nothing else", kept::kept),
    ("promise: what the service has of an aborted or changed file is removed", kept::removed),
    ("promise: what waited for a network goes on once there is one", kept::at_once),
    ("promise: calls are answered with what the service said", calls::calls),
    ("promise: a download that ends well is the file, byte for byte", downloads::whole),
];

thread_local! {
    /// What the last broken promise was about.
    pub static BROKEN: RefCell<Option<Subject>> = const { RefCell::new(None) };
}

/// Holds a moment against every promise; panics where one is broken.
pub fn judge(case: &Case<'_>, counts: &mut Counts) {
    for (number, (name, promise)) in PROMISES.iter().enumerate() {
        match promise(case) {
            Ok(false) => {}
            Ok(true) => counts.promises[number] += 1,
            Err(broken) => {
                let (subject, text) = *broken;
                let about = subject.to_string();
                BROKEN.with(|broken| *broken.borrow_mut() = Some(subject));
                panic!("{name}: {text} ({about}, at {} ms)", case.now);
            }
        }
    }
}
