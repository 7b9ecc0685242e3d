//! What a signed link answers: the file's bytes, as an attachment and nothing else.

use std::time::SystemTime;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, SeekFrom};

use super::range::{Wanted, wanted};
use crate::error::ApiError;
use crate::link::BadLink;
use crate::peer::Peer;
use crate::revocations::Watch;
use crate::state::Shared;
use crate::store::{FileInfo, Segment};

/// Bytes read from disk at a time.
const CHUNK: u64 = 256 << 10;
/// Longest name in `Content-Disposition`, in bytes.
const LONGEST_NAME: usize = 200;
/// What `filename*` has percent-encoded: all but the `attr-char` of RFC 8187.
const NO_ATTR_CHAR: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'^')
    .remove(b'`')
    .remove(b'|');

/// `GET` and `HEAD` of a link. It needs no token: it is one.
pub(super) async fn read(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    method: Method,
    key: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let segment = key.map(|Path(key)| key).unwrap_or_default();
    let checked = app.links.check(&segment, uri.query().unwrap_or_default(), SystemTime::now());
    let opens = checked.map_err(|bad| match bad {
        BadLink::Forged => ApiError::refused("SignatureDoesNotMatch", "This is not a link that this server signed."),
        BadLink::Expired => ApiError::expired_link(),
    })?;
    let (info, segments, expiry) = app.store.segments(opens).await?;
    let size = info.original_size_in_bytes;
    // Content never changes under a key, so the key says which content it is.
    let etag = format!("\"{}\"", info.file_key);
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    // A range counts for GET only, and with If-Range only for the content that was seen before.
    let counts = method == Method::GET && text(header::IF_RANGE).is_none_or(|seen| seen == etag);
    let wanted = wanted(text(header::RANGE).filter(|_| counts), size);
    let (status, first, end) = match wanted {
        Wanted::All => (StatusCode::OK, 0, size),
        Wanted::Part(first, end) => (StatusCode::PARTIAL_CONTENT, first, end),
        Wanted::Nothing => {
            let message = "The file has no bytes in that range.";
            let error = ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", message);
            let mut response = error.into_response();
            response.headers_mut().insert(header::CONTENT_RANGE, value(&format!("bytes */{size}"))?);
            return Ok(response);
        }
    };
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        content(segments, first, end, Watch::over(&app, peer, opens, expiry))
    };
    let mut response = (status, body).into_response();
    let answer = response.headers_mut();
    if status == StatusCode::PARTIAL_CONTENT {
        answer.insert(header::CONTENT_RANGE, value(&format!("bytes {first}-{}/{size}", end.saturating_sub(1)))?);
    }
    answer.insert(header::CONTENT_LENGTH, HeaderValue::from(end - first));
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    answer.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    answer.insert(header::ETAG, value(&etag)?);
    answer.insert(header::CONTENT_DISPOSITION, value(&disposition(&info))?);
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    let nothing_runs = HeaderValue::from_static("sandbox; default-src 'none'");
    answer.insert(header::CONTENT_SECURITY_POLICY, nothing_runs);
    Ok(response)
}

fn value(text: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(text).map_err(|error| ApiError::internal("a header", &error))
}

/// What is left to send.
struct Rest {
    segments: std::vec::IntoIter<Segment>,
    open: Option<(File, u64)>,
    skip: u64,
    left: u64,
    _watch: Watch,
}

/// The bytes from `first` to before `end` of a file that consists of `segments`, watched over until they are sent.
fn content(segments: Vec<Segment>, first: u64, end: u64, watch: Watch) -> Body {
    let rest = Rest { segments: segments.into_iter(), open: None, skip: first, left: end - first, _watch: watch };
    Body::from_stream(stream::unfold(Some(rest), |rest| async move {
        let mut rest = rest?;
        match rest.next().await {
            Ok(None) => None,
            Ok(Some(chunk)) => Some((Ok(chunk), Some(rest))),
            // The answer is cut short, which its Content-Length gives away.
            Err(error) => Some((Err(error), None)),
        }
    }))
}

impl Rest {
    async fn next(&mut self) -> std::io::Result<Option<Bytes>> {
        while self.left > 0 {
            let Some((file, remaining)) = &mut self.open else {
                self.open_next().await?;
                continue;
            };
            if *remaining == 0 {
                self.open = None;
                continue;
            }
            let length = CHUNK.min(*remaining).min(self.left);
            let mut chunk = BytesMut::with_capacity(usize::try_from(length).unwrap_or_default());
            let mut source = file.take(length);
            while (chunk.len() as u64) < length {
                if source.read_buf(&mut chunk).await? == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
            }
            *remaining -= length;
            self.left -= length;
            return Ok(Some(chunk.freeze()));
        }
        Ok(None)
    }

    /// Opens the segment in which the next byte is.
    async fn open_next(&mut self) -> std::io::Result<()> {
        for Segment { path, size } in self.segments.by_ref() {
            if self.skip >= size {
                self.skip -= size;
                continue;
            }
            let mut file = File::open(path).await?;
            file.set_max_buf_size(usize::try_from(CHUNK).unwrap_or_default());
            if self.skip > 0 {
                file.seek(SeekFrom::Start(self.skip)).await?;
            }
            self.open = Some((file, size - self.skip));
            self.skip = 0;
            return Ok(());
        }
        Err(std::io::ErrorKind::UnexpectedEof.into())
    }
}

/// An attachment under the only name the server knows, which the client sent: without what a path or a header could
/// trip over, in ASCII for old readers and in full for others.
fn disposition(info: &FileInfo) -> String {
    let name: String = info.file_name.as_deref().unwrap_or_default().chars().map(plain).collect();
    let name = name.get(..name.floor_char_boundary(LONGEST_NAME)).unwrap_or_default();
    let name = if name.trim_matches(['.', ' ']).is_empty() { &info.file_key } else { name };
    let ascii: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let encoded = utf8_percent_encode(name, &NO_ATTR_CHAR);
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

fn plain(c: char) -> char {
    // Percent signs too: some readers decode them in the quoted form.
    if c.is_control() || "\"\\/<>:|?*%;".contains(c) { '_' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> String {
        let info = FileInfo {
            creator_id: String::new(),
            completed: true,
            file_key: "00ff".to_owned(),
            file_name: Some(name.to_owned()),
            total_parts: 1,
            original_size_in_bytes: 0,
        };
        disposition(&info)
    }

    #[test]
    fn hostile_names_stay_inside_their_quotes() {
        for (name, expected) in [
            ("a.txt", "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt"),
            ("a b", "attachment; filename=\"a b\"; filename*=UTF-8''a%20b"),
            ("ä😀", "attachment; filename=\"__\"; filename*=UTF-8''%C3%A4%F0%9F%98%80"),
            ("a\r\nX: y\"; b", "attachment; filename=\"a__X_ y__ b\"; filename*=UTF-8''a__X_%20y__%20b"),
            ("../../etc/passwd", "attachment; filename=\".._.._etc_passwd\"; filename*=UTF-8''.._.._etc_passwd"),
            ("", "attachment; filename=\"00ff\"; filename*=UTF-8''00ff"),
            ("..", "attachment; filename=\"00ff\"; filename*=UTF-8''00ff"),
        ] {
            assert_eq!(named(name), expected, "{name:?}");
        }
        for name in ["😀".repeat(200), "\u{0}\u{7f}\u{85}".repeat(99), "x".repeat(400), "\"".repeat(400)] {
            let header = named(&name);
            assert!(HeaderValue::from_str(&header).is_ok() && header.is_ascii(), "{header}");
            assert_eq!(header.matches('"').count(), 2, "{header}");
            assert!(header.len() < 1000);
        }
    }
}
