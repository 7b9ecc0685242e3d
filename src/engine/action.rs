//! What the engine asks for.

use super::{Answer, Bytes, CallId, Gathered, Identity, OpId, Progress, State, UploadId};
use crate::protocol::{Failure, Request};
use crate::resume::{PeerMessage, StoredPart};
use std::fmt;
use std::ops::Range;

/// What the driver must do. Each is one operation of the browser and holds all that is needed for it; those with an
/// `op` are answered once by [`Event::Ended`](super::Event::Ended).
#[derive(Debug)]
pub enum Action {
    /// Send one request once, under the newest token. `Response`, `NoResponse`, `TooLong`, `Redirected`, `Unreadable`.
    Send {
        /// The operation.
        op: OpId,
        /// The request.
        request: Request,
        /// The part it carries, if it does.
        part: Option<PartBody>,
        /// The part's bytes, where they were read a moment ago: they are sent as they are.
        read: Option<Bytes>,
        /// Whether the driver must tell how much of the part it handed to the network, whatever that costs. Of the
        /// answer to a request without a part it always tells.
        report: bool,
    },
    /// Fetch a file from its temporary link, without the token, and gather its bytes: the rest of them where some are
    /// gathered and this `resumes`, else all. The whole file takes the place of what was gathered as soon as it comes.
    /// `Fetched`, `TooLong` beyond `size` bytes, `Unkept`, `Response` where the status is no success, `Misfit`,
    /// `NoResponse`, `Unsupported`.
    Fetch {
        /// The operation.
        op: OpId,
        /// The link.
        link: Link,
        /// Bytes of the file.
        size: u64,
        /// Where they are gathered, also for a later try.
        gathered: Gathered,
        /// Whether to ask for the rest only.
        resumes: bool,
    },
    /// Abandon an operation. A lock that it was granted, or is granted later, is released; a transaction
    /// is undone.
    Cancel {
        /// The operation.
        op: OpId,
    },
    /// Call the token function once. `Token`.
    Token {
        /// The operation.
        op: OpId,
    },
    /// Read the file's sample and make its identity. `Sampled`.
    Sample {
        /// The operation.
        op: OpId,
        /// The upload.
        upload: UploadId,
    },
    /// Read the first byte of `range` (of an empty file: nothing), or all of it. `Readable`, `ReadWhole`.
    Peek {
        /// The operation.
        op: OpId,
        /// The upload.
        upload: UploadId,
        /// Bytes of the file.
        range: Range<u64>,
        /// Whether all of it is to be read, and handed over.
        whole: bool,
    },
    /// Read the bytes of `range` and digest them. `Digested`.
    Digest {
        /// The operation.
        op: OpId,
        /// The upload.
        upload: UploadId,
        /// Bytes of the file.
        range: Range<u64>,
    },
    /// Read a list of files, giving way to the page now and then. `Listed`.
    DecodeList {
        /// The operation.
        op: OpId,
        /// The answer to `GET /buckets`.
        body: Vec<u8>,
    },
    /// Take the file's lock. `Locked`; a page that cannot steal answers as if it had been asked for at once.
    Lock {
        /// The operation.
        op: OpId,
        /// The file.
        identity: Identity,
        /// How.
        ask: Ask,
    },
    /// Release the file's lock.
    Unlock {
        /// The file.
        identity: Identity,
    },
    /// Ask which locks of the session are taken. `Locks`.
    QueryLocks {
        /// The operation.
        op: OpId,
    },
    /// Open or close the channel to the other tabs of the session. An open one keeps Node alive.
    Channel {
        /// Whether it is to be open.
        open: bool,
    },
    /// Post a message about a file to the other tabs.
    Post {
        /// The file.
        identity: Identity,
        /// The message.
        message: PeerMessage,
    },
    /// Read what is stored of a file, or else what the version before stored of it. `Loaded`.
    Load {
        /// The operation.
        op: OpId,
        /// The upload.
        upload: UploadId,
        /// The file.
        identity: Identity,
    },
    /// Move all that the version before stored of a file to where it belongs now. `Stored`.
    Move {
        /// The operation.
        op: OpId,
        /// From here.
        earlier: Identity,
        /// To here.
        identity: Identity,
    },
    /// Read what is stored of every upload of the session. `LoadedAll`.
    LoadAll {
        /// The operation.
        op: OpId,
    },
    /// Store that an upload is about to begin, or has begun, in place of all that is stored of the file. `Stored`.
    Store {
        /// The operation.
        op: OpId,
        /// The upload.
        upload: UploadId,
        /// The file.
        identity: Identity,
        /// What to store.
        checkpoint: Checkpoint,
        /// Bytes of every part but the last.
        part_size: u64,
        /// Milliseconds from now after which it is of no use.
        expires_in: u64,
    },
    /// Store that the service has a part. `Stored`: an error also where the upload itself is not stored any more.
    StorePart {
        /// The operation.
        op: OpId,
        /// The upload.
        upload: UploadId,
        /// The file.
        identity: Identity,
        /// The upload at the service.
        remote: Remote,
        /// Bytes of every part but the last.
        part_size: u64,
        /// The part's number, from 1.
        number: u32,
        /// What to store of it.
        part: StoredPart,
    },
    /// Delete what is stored of a file. `Stored`.
    Purge {
        /// The operation.
        op: OpId,
        /// The file.
        identity: Identity,
    },
    /// Say on the console that this browser keeps nothing: uploads cannot go on after a reload. Asked for once.
    WarnUnkept,
    /// An upload is like this now.
    Show {
        /// The upload.
        upload: UploadId,
        /// Its state.
        view: View,
    },
    /// The person's decision to abort an upload stands, whatever there is still to do for it.
    Stand {
        /// The upload.
        upload: UploadId,
    },
    /// Nothing further will be done for this upload, and the engine knows it no more.
    Settle {
        /// The upload.
        upload: UploadId,
    },
    /// A download is so far.
    CallProgress {
        /// The call.
        call: CallId,
        /// Bytes that came.
        received: u64,
        /// Bytes of the file.
        size: u64,
    },
    /// A call's answer. The engine knows the call no more.
    Reply {
        /// The call.
        call: CallId,
        /// What came of it.
        answer: Result<Answer, Failure>,
    },
}

/// Bytes of an upload's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartBody {
    /// The upload.
    pub upload: UploadId,
    /// The bytes.
    pub range: Range<u64>,
}

/// What names an upload at the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The file's key.
    pub key: String,
    /// The multipart upload's ID; empty where only another tab says that the service has it.
    pub upload_id: String,
}

impl Remote {
    /// A file that another tab says is stored under `key`.
    pub(super) const fn told(key: String) -> Self {
        Self { key, upload_id: String::new() }
    }

    /// Whether only another tab says so.
    pub(super) const fn is_told(&self) -> bool {
        self.upload_id.is_empty()
    }
}

/// What is stored so that an upload can be resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checkpoint {
    /// A start is about to be sent under this unique name: if its answer is lost, so is the key of what it makes.
    Intent {
        /// The name as the service gets it.
        name: String,
    },
    /// The service has begun it.
    Begun(Remote),
    /// The person aborted it: what the service has is to be removed, by whoever sees this.
    Aborted {
        /// The file's key.
        key: String,
        /// What the service calls it, where that is like no other name; else empty.
        name: String,
    },
}

/// How a lock is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// At once or not at all.
    Now,
    /// When it is free.
    Queue,
    /// From a page that has it and gives no sign of life.
    Steal,
}

/// An upload at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Its state.
    pub state: State,
    /// How far it is.
    pub progress: Progress,
    /// The file's key, once known.
    pub key: Option<String>,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
}

/// A temporary download link: the permission to read the file, so it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(pub String);

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}
