//! What a bucket was opened with.

use super::{Backoff, Instant};
use crate::protocol::Rules;
use std::fmt;
use std::rc::Rc;

/// What a bucket was opened with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Bytes a part; `None` chooses by the file's size.
    pub part_size: Option<u64>,
    /// Most parts in flight over the whole bucket, 1 to 6.
    pub parallel: usize,
    /// When failed requests are sent again.
    pub backoff: Backoff,
    /// A request that moves no byte for so many milliseconds is given up.
    pub stall: u64,
    /// Whether the driver can tell how much of a part was handed to the network.
    pub can_report_progress: bool,
    /// Whether uploads are stored, so that they can be resumed after a reload and in another tab.
    pub resume: bool,
    /// Where the session's rules come from.
    pub rules: RulesSource,
    /// Where tokens come from.
    pub token: TokenSource,
    /// Whether the browser sees a network.
    pub online: bool,
    /// What only the platform can tell.
    pub platform: Platform,
}

/// Where the session's rules come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RulesSource {
    /// The service, before the first upload.
    Fetch,
    /// Nowhere: uploads are checked against none.
    Ignore,
    /// The caller.
    Given {
        /// The rules.
        rules: Rules,
        /// When the session ends, where that is known.
        ends_at: Option<Instant>,
    },
}

/// Where tokens come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// There is one, for good.
    Fixed,
    /// A function, which is called before the first request and whenever a token is refused.
    Function,
}

/// Reads an ISO 8601 date: milliseconds since 1970.
pub type ParseDate = Rc<dyn Fn(&str) -> Option<f64>>;

/// Functions of the platform that compute, and do nothing else.
#[derive(Clone)]
pub struct Platform {
    /// Reads a date.
    pub parse_date: ParseDate,
    /// Whether a download link may be followed: its scheme is safe, and it holds no user or password.
    pub trusts_link: Rc<dyn Fn(&str) -> bool>,
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform").finish_non_exhaustive()
    }
}
