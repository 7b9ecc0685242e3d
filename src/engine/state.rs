//! The states a person sees.

/// What a person sees of an upload (`UploadState` in `partway.d.ts`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Picked, not begun.
    Queued,
    /// Announced to the service.
    Starting,
    /// Parts are on their way.
    Uploading,
    /// Nothing can be sent just now: between tries, or until the token is renewed.
    Waiting,
    /// Until someone resumes it.
    Paused,
    /// Every part is stored and saved; the service joins them.
    Completing,
    /// Stored.
    Done,
    /// Given up; the failure says why.
    Failed,
    /// Aborted by the caller.
    Aborted,
}

impl State {
    /// The state as JavaScript sees it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Starting => "starting",
            Self::Uploading => "uploading",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Completing => "completing",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }
}
