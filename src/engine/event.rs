//! What the engine is told.

use super::{CallId, FileName, Identity, OpId, UploadId};
use crate::protocol::{Failure, FileInfo, Response};
use crate::resume::{Digest, PeerMessage, Record, StoredPart};
use std::any::Any;
use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;

/// A file to upload, as far as the engine needs to know it.
#[derive(Clone, Debug)]
pub struct FileSpec {
    /// Its size in bytes.
    pub size: u64,
    /// Its name as the service gets it.
    pub name: FileName,
    /// Whether no other file's name is like this one (it holds a nonce): files left by a lost start can then be found
    /// in the bucket's list.
    pub unique_name: bool,
    /// Its last modification, milliseconds since 1970, where known.
    pub modified: Option<u64>,
    /// Whether somebody wants to know how far each part is.
    pub wants_progress: bool,
}

/// What the driver tells.
#[derive(Debug)]
pub enum Event {
    /// An operation ended: once for each, and never for one that was cancelled (what comes all the same is ignored).
    Ended {
        /// The operation.
        op: OpId,
        /// What came of it.
        outcome: Outcome,
    },
    /// A request or a download is so far: `bytes` of a part's body were handed to the network, so many bytes of any
    /// other answer came, or so many bytes of a download are gathered.
    Moved {
        /// The operation.
        op: OpId,
        /// Bytes so far.
        bytes: u64,
    },
    /// Another tab posted this about a file.
    Peer {
        /// The file.
        identity: Identity,
        /// What it says.
        message: PeerMessage,
    },
    /// This page has a file's lock no more: another one took it, as it heard nothing of this one.
    LockLost {
        /// The file.
        identity: Identity,
    },
    /// The browser sees a network, or none.
    Network {
        /// Whether there is one.
        online: bool,
    },
    /// The person pauses an upload.
    Pause(UploadId),
    /// The person resumes it.
    Resume(UploadId),
    /// The person aborts it; `keep` leaves what is stored.
    Abort {
        /// The upload.
        upload: UploadId,
        /// Whether the bucket keeps what it has.
        keep: bool,
    },
    /// Nobody wants a call's answer any more; none is given.
    Withdraw(CallId),
    /// The bucket is closed: uploads are aborted and kept, calls are answered with `closed`.
    Close,
}

/// What came of an operation. Each action says which of them answer it.
#[derive(Debug)]
pub enum Outcome {
    /// The service answered, with whatever status.
    Response(Response),
    /// The connection failed, before or while the answer came. What came of a download is gathered.
    NoResponse,
    /// The answer is longer than wanted; the rest was not read.
    TooLong,
    /// The answer came from another address, after a redirect that was not asked for.
    Redirected {
        /// Its status.
        status: u16,
    },
    /// The body of a part could not be read from the file.
    Unreadable,
    /// What the token function gave.
    Token(Given),
    /// Which file it is by its sample; `None` where it cannot be read. And all its bytes, where they were read for it.
    Sampled(Option<Identity>, Option<Bytes>),
    /// Whether the file can be read.
    Readable(bool),
    /// The file can be read, and was: these are all bytes of its one part.
    ReadWhole(Bytes),
    /// What bytes of the file are; `None` where they cannot be read.
    Digested(Option<Digest>),
    /// What came of asking for a lock.
    Locked(Lock),
    /// The files whose lock some page has.
    Locks(Vec<Identity>),
    /// What is stored of a file; nothing where that has expired or does not open.
    Loaded(Result<Option<Stored>, Failure>),
    /// Everything that is stored of the session's uploads.
    LoadedAll(Result<Vec<Stored>, Failure>),
    /// Whether something was stored, or deleted.
    Stored(Result<(), Failure>),
    /// The files in a list.
    Listed(Result<Vec<FileInfo>, Failure>),
    /// A download's bytes: all of them, or as many as the answer announced.
    Fetched(Bytes),
    /// The answer to a download is not the rest of what is gathered: it begins elsewhere, or is of another file.
    Misfit,
    /// The browser could not keep a download's bytes.
    Unkept,
    /// The page has nothing to fetch a download by.
    Unsupported,
}

/// What the token function gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// A token. Every request performed from now on bears it.
    Token,
    /// Nothing (a falsy value); the failure says so, for a caller that never had a token.
    Nothing(Failure),
    /// It threw, or its promise was rejected.
    Threw,
    /// Something that is no token.
    Invalid(Failure),
}

/// What came of asking for a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// This page has it now.
    Granted,
    /// Another page, or another bucket of this one, has it.
    Taken {
        /// Whether one can wait for it in a queue; else it has to be asked for now and then.
        queue: bool,
    },
}

/// What is stored of an upload that began.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The file; as the version before called it, where it was stored by that.
    pub identity: Identity,
    /// What it is. An intent ([`Record::is_intent`]) has the name as the service gets it for an upload ID.
    pub record: Record,
    /// Parts stored, each with its number, from 1. Each number comes once.
    pub parts: Vec<(u32, StoredPart)>,
}

/// Bytes that the engine hands on and never looks into.
#[derive(Clone)]
pub struct Bytes {
    /// How many.
    pub size: u64,
    /// The driver's own value.
    pub value: Rc<dyn Any>,
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.size)
    }
}

/// Where the bytes of a download gather, try after try. It is empty until the driver puts a value of its own there, and
/// goes with the last clone of it.
#[derive(Clone, Default)]
pub struct Gathered(pub Rc<OnceCell<Box<dyn Any>>>);

impl fmt::Debug for Gathered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gathered")
    }
}
