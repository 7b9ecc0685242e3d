//! Fetches a file's bytes, or the rest of them, from its temporary link.

use super::Boxed;
use super::fetch::{self, Fetch};
use super::fetched::Fetched;
use super::gathering::Gathering;
use super::property::{dictionary, set};
use super::reader::Unread;
use super::transport::retry_after;
use super::wall_clock;
use crate::engine::{Bytes, Gathered, Link, Outcome};
use crate::protocol;
use crate::text::{decimal, split_once};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// A download's one request.
pub struct Download {
    pub link: Link,
    /// Bytes of the file.
    pub size: u64,
    pub gathered: Gathered,
    /// Whether to ask for the rest of what is gathered.
    pub resumes: bool,
}

/// Fetches the bytes behind a link, and gathers them. No token is sent: the link itself is the permission. `moved`
/// hears how many are gathered.
pub fn download(download: Download, moved: Rc<dyn Fn(u64)>) -> Boxed<'static, Outcome> {
    Box::pin(async move {
        let Download { link, size, gathered, resumes } = download;
        let own = gathered.0.get_or_init(|| Box::new(RefCell::new(Gathering::default())));
        let Some(gathering) = own.downcast_ref::<RefCell<Gathering>>() else { return Outcome::Unkept };
        let there = gathering.borrow().size();
        // What a try before this one brought to its last byte, and saw break then.
        if there == 0 || there < size {
            let from = if resumes { there } else { 0 };
            if let Some(outcome) = request(&link, size, from, gathering, &*moved).await {
                return outcome;
            }
        }
        let mut gathering = gathering.borrow_mut();
        let size = gathering.size();
        gathering.blob().map_or(Outcome::Unkept, |blob| Outcome::Fetched(Bytes { size, value: Rc::new(blob) }))
    })
}

/// Asks for the bytes from `from` on. What came of it, unless all of them did.
async fn request(
    link: &Link,
    size: u64,
    from: u64,
    gathering: &RefCell<Gathering>,
    moved: &dyn Fn(u64),
) -> Option<Outcome> {
    if !fetch::is_here() {
        return Some(Outcome::Unsupported);
    }
    let mut fetch = Fetch::new();
    let init = fetch.init();
    if from > 0 {
        // Just this form is sent without asking the service before. `If-Range` never is, so the answer is looked at.
        let headers = dictionary();
        set(&headers, "Range", &["bytes=", &decimal(from), "-"].concat().into());
        init.set_headers(&headers);
    }
    let Some(response) = Fetched::of(fetch.ask(&link.0, &init)).await else { return Some(Outcome::NoResponse) };
    let status = response.status;
    if !protocol::is_success(status) {
        return Some(Outcome::Response(protocol::Response {
            status,
            retry_after: retry_after(response.header("Retry-After")),
            announced: None,
            body: Vec::new(),
            received_at: wall_clock(),
        }));
    }
    let copy = response.header("ETag").or_else(|| response.header("Last-Modified"));
    let announced: Option<u64> = response.header("Content-Length").and_then(|length| length.parse().ok());
    let is_rest = status == 206;
    let start = if is_rest { from } else { 0 };
    if is_rest {
        // Many a service shows no page the range.
        let range = response.header("Content-Range");
        let fits =
            range.map_or(announced.is_none_or(|bytes| bytes == size - from), |range| is_rest_of(&range, from, size));
        if !fits || from > 0 && gathering.borrow().copy != copy {
            return Some(Outcome::Misfit);
        }
    }
    let (mut received, mut is_kept) = (0, true);
    let mut take = |chunk: &JsValue, bytes: u64| {
        let mut gathering = gathering.borrow_mut();
        if received == 0 {
            gathering.begin(start);
            gathering.copy.clone_from(&copy);
        }
        received += bytes;
        if start + received > size {
            return false;
        }
        is_kept = gathering.push(chunk, bytes);
        let there = gathering.size();
        drop(gathering);
        moved(there);
        is_kept
    };
    let taken = match response.blob().await {
        Some(blob) if take(&blob, blob.size() as u64) => Ok(()),
        Some(_) => Err(Unread::TooLong),
        None => response.read(&mut |chunk| take(&chunk, u64::from(chunk.length()))).await,
    };
    match taken {
        Err(Unread::TooLong) if !is_kept => Some(Outcome::Unkept),
        Err(Unread::TooLong) if start > 0 => Some(Outcome::Misfit),
        Err(Unread::TooLong) => Some(Outcome::TooLong),
        _ if start + received == size => None,
        // It is all there is.
        Ok(()) if start == 0 && announced == Some(received) => None,
        _ => Some(Outcome::NoResponse),
    }
}

/// Whether a `Content-Range` is of a file of `size` bytes, from `from` on.
fn is_rest_of(range: &str, from: u64, size: u64) -> bool {
    let parts = range.strip_prefix("bytes ").and_then(|range| split_once(range, b'/'));
    parts.is_some_and(|(range, of)| {
        let begins = split_once(range, b'-').is_some_and(|(first, _)| first.parse() == Ok(from));
        begins && (of == "*" || of.parse() == Ok(size))
    })
}
