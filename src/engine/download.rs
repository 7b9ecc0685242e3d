//! One download: what has come of the file, and how the rest comes.

use super::shared::Shared;
use super::tries::{Exchange, Tries};
use super::{Action, Gathered, Instant, Link, OpId};
use crate::protocol::Failure;

/// After so many answers that were not the rest of the file, the rest is not asked for any more.
const MOST_MISFITS: u32 = 2;

/// A download, from link to link and from try to try. Its tries are counted since more of the file came than ever.
#[derive(Debug, Default)]
pub(super) struct Download {
    size: u64,
    linking: Exchange,
    fetching: Exchange,
    link: Option<Link>,
    gathered: Gathered,
    /// Bytes that are gathered; those that were before this try.
    there: u64,
    before: u64,
    /// Most that ever were, and when the tries were last counted anew.
    furthest: u64,
    counted: u64,
    /// More of the file came through this link than ever before.
    has_served: bool,
    /// Tries in a row that nothing came of.
    unanswered: u32,
    /// Whether this try asks for the rest only.
    resumes: bool,
    /// Only the whole file is asked for from now on.
    only_whole: bool,
    /// Answers that were not the rest, and how many bytes were there when the last of them came.
    misfits: u32,
    misfit_at: u64,
}

/// How a try that failed goes on.
pub(super) enum Next {
    /// Another try, as the tries allow.
    Retry(Failure),
    /// Another link.
    Link,
    End(Failure),
}

impl Download {
    pub fn new(size: u64) -> Self {
        Self { size, ..Self::default() }
    }

    /// Its request: for the link while there is none, else for the bytes.
    pub fn exchange(&self) -> &Exchange {
        if self.link.is_some() { &self.fetching } else { &self.linking }
    }

    pub fn exchange_mut(&mut self) -> &mut Exchange {
        if self.link.is_some() { &mut self.fetching } else { &mut self.linking }
    }

    /// Whether it has no link.
    pub fn wants_link(&self) -> bool {
        self.link.is_none()
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its link is known.
    pub fn linked(&mut self, link: Link) {
        self.link = Some(link);
        self.has_served = false;
        self.linking = Exchange::default();
        // The link was waited for.
        self.fetching.tries.due = Instant::default();
    }

    /// What to fetch. Where tries for the rest get no answer, the service may refuse to say in advance that it takes
    /// such requests (a preflight): the last one asks for the whole file, which costs what is there only once it comes.
    pub fn fetch(&mut self, op: OpId, attempts: u32) -> Option<Action> {
        let is_last = self.fetching.tries.sent + 1 >= attempts;
        self.before = self.there;
        self.resumes = !(self.only_whole || is_last && self.unanswered > 0);
        let (size, gathered, resumes) = (self.size, self.gathered.clone(), self.resumes);
        self.link.clone().map(|link| Action::Fetch { op, link, size, gathered, resumes })
    }

    /// So many bytes are there. Says how many of them this try brought.
    pub fn moved(&mut self, bytes: u64) -> u64 {
        if bytes <= self.before {
            // The whole file comes, from its first byte.
            self.before = 0;
        }
        self.there = bytes;
        self.only_whole |= !self.resumes;
        bytes - self.before
    }

    /// How far it is, if it is further than ever.
    pub fn progress(&mut self) -> Option<u64> {
        let is_further = self.there > self.furthest && self.there <= self.size;
        is_further.then(|| {
            self.furthest = self.there;
            self.there
        })
    }

    /// A try failed.
    pub fn failed(&mut self, failure: Failure, shared: &mut Shared) -> Next {
        self.fetching.op = None;
        let came = self.there > self.before;
        if self.furthest > self.counted {
            (self.counted, self.has_served) = (self.furthest, true);
            self.fetching.tries = Tries { sent: 1, ..Tries::default() };
        }
        let is_misfit = failure.status == Some(416) && self.there > 0;
        let unanswered = failure.is_connection_failure() && !came;
        self.unanswered = if unanswered { self.unanswered + 1 } else { 0 };
        if is_misfit {
            self.misfits += 1;
            self.only_whole |= self.misfits >= MOST_MISFITS;
            self.misfit_at = self.there;
            (self.there, self.gathered) = (0, Gathered::default());
            return Next::Retry(Failure::connection());
        }
        if matches!(failure.status, Some(400 | 401 | 403 | 404 | 410)) {
            return self.refused(failure, shared);
        }
        // It ended where there was no more to be had before.
        let is_short = came && self.before == 0 && self.there == self.misfit_at && !failure.is_stall();
        if is_short { Next::End(Failure::wrong_length()) } else { Next::Retry(failure) }
    }

    /// The link was refused: it may have expired. One that had served costs nothing, another a try.
    fn refused(&mut self, failure: Failure, shared: &mut Shared) -> Next {
        let wait = if self.has_served {
            self.fetching.tries.sent = 0;
            Some(0)
        } else {
            shared.config.backoff.delay(self.fetching.tries.sent, &Failure::connection(), &mut shared.random)
        };
        match wait {
            Some(wait) => {
                self.forget_link(shared.now.plus(wait));
                Next::Link
            }
            // No token went there: it is the link that was refused.
            None if failure.status == Some(401) => Next::End(Failure::from_status(403, None)),
            None => Next::End(failure),
        }
    }

    /// It is tried again. If nothing came, the link may have been refused by an answer that no page may read.
    pub fn retries(&mut self) {
        if self.unanswered > 0 {
            self.forget_link(self.fetching.tries.due);
        }
    }

    fn forget_link(&mut self, due: Instant) {
        self.link = None;
        self.linking = Exchange::after(Tries { due, unconnected: true, ..Tries::default() });
    }
}
