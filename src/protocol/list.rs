//! A list of files, read one after the other: a long one is no long task of the page.

use super::answer::{BYTE_ORDER_MARK, FileInfo, file_info};
use super::json::Json;
use super::{Failure, check_key};

/// The files in the answer to `GET /buckets`, in its order. Entries without a usable key are left out: nothing could be
/// done with them.
pub struct FileList<'a> {
    /// What is not read yet; `None` behind the list's end, or a failure.
    rest: Option<&'a [u8]>,
    /// Whether an entry was read already.
    begun: bool,
}

impl<'a> FileList<'a> {
    /// Reads the list in `body`, a JSON array of `UploadInfoDto`.
    #[must_use]
    pub fn new(body: &'a [u8]) -> Self {
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        let rest = body.trim_ascii().strip_prefix(b"[").and_then(|body| body.strip_suffix(b"]"));
        // Anything else is no list: said by whoever asks for the first entry.
        Self { rest: Some(rest.unwrap_or(b"x")), begun: false }
    }

    fn step(&mut self) -> Result<Option<FileInfo>, Failure> {
        let Some(rest) = self.rest.take().map(<[u8]>::trim_ascii_start) else { return Ok(None) };
        if rest.is_empty() && !self.begun {
            return Ok(None);
        }
        let (entry, behind) = rest.split_at(entry_length(rest));
        // One odd entry, whoever's, hides no other; what is no JSON is no list.
        let info = match file_info(entry) {
            Err(_) if Json::new(entry).is_some() => FileInfo::default(),
            read => read?,
        };
        self.begun = true;
        self.rest = behind.strip_prefix(b",");
        Ok(Some(info))
    }
}

impl Iterator for FileList<'_> {
    type Item = Result<FileInfo, Failure>;

    /// # Errors
    /// A `protocol` failure where the answer is not a list of `UploadInfoDto`; nothing comes after it.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let entry = self.step().transpose()?;
            let usable = |info: &FileInfo| info.file_key.as_deref().is_some_and(|key| check_key(key).is_ok());
            if entry.as_ref().map_or(true, usable) {
                return Some(entry);
            }
        }
    }
}

/// Bytes until the comma that ends the first entry, or all. That the entry is JSON is not looked at here.
fn entry_length(text: &[u8]) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let ends = |&byte: &u8| {
        match byte {
            _ if std::mem::take(&mut escaped) => {}
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => return depth == 0,
            _ => {}
        }
        false
    };
    text.iter().position(ends).unwrap_or(text.len())
}
