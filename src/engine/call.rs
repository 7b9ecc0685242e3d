//! Calls: what is asked of the bucket besides uploads.

use super::{Bytes, Identity, Link};
use crate::protocol::{FileInfo, Rules};
use crate::resume::Record;

/// A call. It shares tries, deadlines, token, back-off, places and `Retry-After` with the uploads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Every file of the bucket.
    List,
    /// One file, by its key.
    File(String),
    /// The temporary link of a file, by its key.
    Link(String),
    /// The bytes of a file, by its key.
    Download(String),
    /// Removes a file, by its key.
    Remove(String),
    /// The session's rules.
    Rules,
    /// Uploads that were begun and not finished, and that no page sends now.
    Unfinished,
    /// Ends the upload of the file with this key wherever it is known, and removes what is stored of it.
    Forget(String),
}

/// What a call is answered with.
#[derive(Debug)]
pub enum Answer {
    /// To [`Call::List`]. Each has a key.
    List(Vec<FileInfo>),
    /// To [`Call::File`]. It has the key that was asked for.
    File(FileInfo),
    /// To [`Call::Link`].
    Link(Link),
    /// To [`Call::Download`].
    Download(Bytes),
    /// To [`Call::Remove`].
    Removed,
    /// To [`Call::Rules`].
    Rules(Rules),
    /// To [`Call::Unfinished`].
    Unfinished(Vec<Unfinished>),
    /// To [`Call::Forget`].
    Forgotten,
}

/// An upload that can be resumed.
#[derive(Clone, Debug)]
pub struct Unfinished {
    /// The file.
    pub identity: Identity,
    /// What is stored of it.
    pub record: Record,
    /// Bytes stored at the service.
    pub stored: u64,
}
