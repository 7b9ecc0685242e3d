//! What the engine is told and what it asks for.

use crate::protocol::{Failure, Rules};
use std::ops::Range;

/// Names an upload of one engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(pub u32);

/// Names one try of one request. An answer to a request that was cancelled is ignored by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// A file that someone picked, as far as the engine needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picked {
    /// Its size in bytes.
    pub size: u64,
    /// Whether the encrypted name is unique (it holds a nonce): files left by a lost start can then be found in the
    /// bucket's list.
    pub findable: bool,
    /// Whether the driver hears how far its parts are without being asked to.
    pub heard: bool,
}

/// What an earlier page kept of an upload.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The file's key.
    pub key: String,
    /// The multipart upload's ID.
    pub upload_id: String,
    /// Bytes of every part but the last.
    pub part_size: u64,
    /// Parts stored and saved: number, from 1, and tag.
    pub tags: Vec<(u32, String)>,
}

/// What the driver tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The session's rules came; `expires_in` milliseconds from now the session ends.
    RulesKnown {
        /// The request they answer.
        request: RequestId,
        /// The rules.
        rules: Rules,
        /// Milliseconds until the session ends, where that is known.
        expires_in: Option<u64>,
    },
    /// `POST /buckets` was answered.
    Started {
        /// The request.
        request: RequestId,
        /// The file's key.
        key: String,
        /// The multipart upload's ID.
        upload_id: String,
    },
    /// `bytes` of a part were handed to the network so far, in this try.
    PartMoved {
        /// The request.
        request: RequestId,
        /// Bytes so far.
        bytes: u64,
    },
    /// `PUT /buckets` was answered.
    PartStored {
        /// The request.
        request: RequestId,
        /// The part's tag.
        tag: String,
    },
    /// The tag of a part is kept where a crash does not lose it.
    Saved {
        /// The upload.
        upload: UploadId,
        /// The part's number, from 1.
        part: u32,
    },
    /// `POST /buckets/complete` was answered.
    Completed {
        /// The request.
        request: RequestId,
    },
    /// `GET /buckets/file/{key}` was answered.
    Confirmed {
        /// The request.
        request: RequestId,
        /// Whether the file is complete.
        completed: bool,
    },
    /// An upload was looked up: this is kept of it, or nothing. Nobody else sends it now.
    Recalled {
        /// The upload.
        upload: UploadId,
        /// What is kept.
        kept: Option<Kept>,
    },
    /// Another page sends this upload, and is so far; [`Event::Recalled`] follows when it no longer does.
    Elsewhere {
        /// The upload.
        upload: UploadId,
        /// Bytes sent there.
        sent: u64,
        /// Parts stored there.
        parts_done: u32,
    },
    /// Another page has completed this upload.
    DoneElsewhere {
        /// The upload.
        upload: UploadId,
        /// The file's key.
        key: String,
    },
    /// Another tab asks to take the upload over. Its checkpoint is in the store that all tabs share.
    Wanted {
        /// The upload.
        upload: UploadId,
    },
    /// `GET /buckets` was answered: keys of the files that bear the upload's name.
    Found {
        /// The request.
        request: RequestId,
        /// The keys.
        keys: Vec<String>,
    },
    /// There is no network.
    Offline,
    /// There is a network again.
    Online,
    /// `DELETE /buckets/{key}` was answered.
    Removed {
        /// The request.
        request: RequestId,
    },
    /// A request failed.
    Failed {
        /// The request.
        request: RequestId,
        /// Why.
        failure: Failure,
    },
    /// The token callback gave a token.
    TokenRenewed,
    /// No other token can be had.
    TokenRefused(Failure),
    /// The person pauses an upload.
    Pause(UploadId),
    /// The person lets it go on.
    Resume(UploadId),
    /// The person aborts it; `keep` leaves what is stored.
    Abort {
        /// The upload.
        upload: UploadId,
        /// Whether the bucket keeps what it has.
        keep: bool,
    },
}

/// What the driver must do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `GET /session/current`.
    FetchRules {
        /// Its number.
        request: RequestId,
    },
    /// `POST /buckets`.
    Start {
        /// The upload.
        upload: UploadId,
        /// Its number.
        request: RequestId,
        /// Parts to announce.
        parts: u32,
    },
    /// `PUT /buckets`.
    PutPart {
        /// The upload.
        upload: UploadId,
        /// Its number.
        request: RequestId,
        /// The part's number, from 1.
        part: u32,
        /// The part's bytes in the file.
        range: Range<u64>,
        /// The file's key.
        key: String,
        /// The multipart upload's ID.
        upload_id: String,
        /// Whether the driver must hear how far it is ([`Event::PartMoved`]), whatever that costs.
        watched: bool,
    },
    /// Look up whether the upload was begun before or is sent by another page; answer [`Event::Recalled`] or
    /// [`Event::Elsewhere`].
    Recall {
        /// The upload.
        upload: UploadId,
    },
    /// Let another page send the upload; [`Event::Elsewhere`] and [`Event::Recalled`] tell how that goes.
    StepAside {
        /// The upload.
        upload: UploadId,
    },
    /// Tell the page that sends the upload that this one could: [`Event::Wanted`] there.
    Want {
        /// The upload.
        upload: UploadId,
    },
    /// `GET /buckets`: which files bear the upload's name? Answer [`Event::Found`].
    Find {
        /// The upload.
        upload: UploadId,
        /// Its number.
        request: RequestId,
    },
    /// Keep a part's tag; answer [`Event::Saved`].
    Save {
        /// The upload.
        upload: UploadId,
        /// The part's number, from 1.
        part: u32,
    },
    /// `POST /buckets/complete`.
    Complete {
        /// The upload.
        upload: UploadId,
        /// Its number.
        request: RequestId,
        /// The file's key.
        key: String,
        /// One tag a part, in part order.
        tags: Vec<String>,
    },
    /// `GET /buckets/file/{key}`: did an unanswered completion happen?
    Confirm {
        /// The upload.
        upload: UploadId,
        /// Its number.
        request: RequestId,
        /// The file's key.
        key: String,
    },
    /// `DELETE /buckets/{key}`.
    Remove {
        /// The upload.
        upload: UploadId,
        /// Its number.
        request: RequestId,
        /// The file's key.
        key: String,
    },
    /// Ask for another token, once; answer [`Event::TokenRenewed`] or [`Event::TokenRefused`].
    RenewToken,
    /// Abandon a request. Nothing need be answered.
    Cancel {
        /// The request.
        request: RequestId,
    },
    /// The upload's state or progress changed: show it.
    Report {
        /// The upload.
        upload: UploadId,
    },
    /// Nothing further will be done for this upload: its handle may settle and go.
    Settled {
        /// The upload.
        upload: UploadId,
        /// Whether what is kept of it lets someone go on later; else it is to be deleted.
        keep: bool,
    },
}
