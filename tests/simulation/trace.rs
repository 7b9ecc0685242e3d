//! What a schedule did, line by line: kept only when it is replayed.

use partway::engine::{CallId, Event, Identity, UploadId};
use std::cell::RefCell;
use std::rc::Rc;

/// Lines of a failed schedule that are shown.
const SHOWN: usize = 60;

/// What a line, or a broken promise, is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subject {
    pub tab: Option<usize>,
    pub upload: Option<UploadId>,
    pub call: Option<CallId>,
    pub identity: Option<Identity>,
}

impl Subject {
    pub fn tab(tab: usize) -> Self {
        Self { tab: Some(tab), ..Self::default() }
    }

    pub fn upload(tab: usize, upload: UploadId) -> Self {
        Self { upload: Some(upload), ..Self::tab(tab) }
    }

    pub fn call(tab: usize, call: CallId) -> Self {
        Self { call: Some(call), ..Self::tab(tab) }
    }

    /// Whether a line about `other` may explain what happened here.
    fn concerns(&self, other: &Self) -> bool {
        if self.identity.is_some() && self.identity == other.identity {
            return true;
        }
        let (Some(own), Some(tab)) = (self.tab, other.tab) else { return true };
        let general = other.upload.is_none() && other.call.is_none();
        let whole = self.upload.is_none() && self.call.is_none();
        let upload = self.upload.is_some() && self.upload == other.upload;
        let call = self.call.is_some() && self.call == other.call;
        own == tab && (general || whole || upload || call)
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(tab) = self.tab {
            write!(f, "tab {tab}")?;
        }
        if let Some(upload) = self.upload {
            write!(f, " upload {}", upload.0)?;
        }
        if let Some(call) = self.call {
            write!(f, " call {}", call.0)?;
        }
        Ok(())
    }
}

struct Line {
    at: u64,
    subject: Subject,
    text: String,
}

/// The lines, shared with whoever prints them after a panic.
#[derive(Clone, Default)]
pub struct Trace(Option<Rc<RefCell<Vec<Line>>>>);

impl Trace {
    pub fn recording() -> Self {
        Self(Some(Rc::default()))
    }

    /// Adds a line; `line` is not made where nobody reads it.
    pub fn note(&self, at: u64, line: impl FnOnce() -> (Subject, String)) {
        if let Some(lines) = &self.0 {
            let (subject, text) = line();
            lines.borrow_mut().push(Line { at, subject, text });
        }
    }

    /// The lines to print: all of them, or the last that explain what was broken.
    pub fn lines(&self, broken: Option<&Subject>) -> Vec<String> {
        let Some(lines) = &self.0 else { return Vec::new() };
        let lines = lines.borrow();
        let all = std::env::var_os("PARTWAY_TRACE").is_some();
        let concerns = |line: &&Line| all || broken.is_none_or(|broken| broken.concerns(&line.subject));
        let chosen = lines.iter().filter(concerns);
        let shown: Vec<String> =
            chosen.map(|line| format!("{:>9} ms  {:<16} {}", line.at, line.subject.to_string(), line.text)).collect();
        let skipped = if broken.is_none() || all { 0 } else { shown.len().saturating_sub(SHOWN) };
        shown.into_iter().skip(skipped).collect()
    }
}

/// An event as a line; the body of an answer as text.
pub fn event_text(event: &Event) -> String {
    use partway::engine::Outcome;
    match event {
        Event::Ended { op, outcome: Outcome::Response(response) } => {
            let body = String::from_utf8_lossy(&response.body);
            let asked = response.retry_after.map(|wait| format!(", Retry-After {wait} ms")).unwrap_or_default();
            format!("<- {} answered {}{asked} {body}", op.0, response.status)
        }
        Event::Ended { op, outcome } => format!("<- {} {outcome:?}", op.0),
        other => format!("<- {other:?}"),
    }
}
