//! The session token, as far as the engine knows it: whether there is one, and how often it was renewed.

use super::operations::{Kind, Target};
use super::shared::Shared;
use super::{Action, Backoff, Instant, TokenSource};
use crate::protocol::Failure;

/// When a function that failed to give a token is asked again; it is asked without end.
const BACKOFF: Backoff = Backoff { attempts: u32::MAX, base: 1000, longest: 30_000 };
/// It is given this long at least, in milliseconds.
const LEAST_WAIT: u64 = 500;

/// The session token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    /// How often it was renewed. A request bears the number of its token.
    pub epoch: u64,
    state: TokenState,
    source: TokenSource,
    /// How often in a row none could be had.
    failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum TokenState {
    /// There never was one.
    Missing,
    /// There is one, as far as is known.
    Ready,
    /// The function is being called.
    Fetching {
        /// There was one before.
        again: bool,
    },
    /// The one there was is refused, and no other could be had.
    Failed { retry_at: Instant },
}

impl Token {
    pub fn new(source: TokenSource) -> Self {
        let state = if source == TokenSource::Fixed { TokenState::Ready } else { TokenState::Missing };
        Self { epoch: 0, state, source, failures: 0 }
    }

    /// Whether nothing can be sent for want of a token, be it asked for or not. One that was never asked for is no
    /// hindrance: it is asked for when something is to be sent.
    pub fn is_awaited(&self) -> bool {
        matches!(self.state, TokenState::Fetching { .. } | TokenState::Failed { .. })
    }

    /// Whether it was refused, and no other could be had.
    pub fn has_failed(&self) -> bool {
        matches!(self.state, TokenState::Failed { .. })
    }

    /// Whether there never was one.
    pub fn is_first(&self) -> bool {
        matches!(self.state, TokenState::Missing | TokenState::Fetching { again: false })
    }

    /// When the function is called again.
    pub fn retry_at(&self) -> Option<Instant> {
        match self.state {
            TokenState::Failed { retry_at } => Some(retry_at),
            _ => None,
        }
    }

    /// Somebody wants an answer now: the function is called again without waiting.
    pub fn hurry(&mut self, now: Instant) {
        if let TokenState::Failed { retry_at } = &mut self.state {
            *retry_at = (*retry_at).min(now);
        }
    }

    /// The function gave a token.
    pub fn given(&mut self) {
        *self = Self { epoch: self.epoch + 1, state: TokenState::Ready, source: self.source, failures: 0 };
    }

    /// None can be had, ever or for now; whoever needs one later asks again.
    pub fn forget(&mut self) {
        self.state = if self.is_first() { TokenState::Missing } else { TokenState::Ready };
        self.failures = 0;
    }
}

impl Shared {
    /// Whether a request can bear a token. Where there never was one, it is asked for.
    pub fn has_token(&mut self) -> bool {
        if self.token.state == TokenState::Missing {
            self.fetch_token(false);
        }
        self.token.state == TokenState::Ready
    }

    fn fetch_token(&mut self, again: bool) {
        self.token.state = TokenState::Fetching { again };
        let op = self.begin(Target::Token, Kind::Local, None);
        self.emit(Action::Token { op });
    }

    /// The newest token was refused. A function is asked for another, once; a fixed token has no other: `false`.
    pub fn renew_token(&mut self) -> bool {
        if self.token.source == TokenSource::Fixed {
            return false;
        }
        if self.token.state == TokenState::Ready {
            self.fetch_token(true);
        }
        true
    }

    /// The function failed where there was a token before: it is asked again later.
    pub fn token_failed(&mut self, failure: &Failure) {
        self.token.failures += 1;
        let wait = BACKOFF.wait(self.token.failures, failure, &mut self.random).max(LEAST_WAIT);
        self.token.state = TokenState::Failed { retry_at: self.now.plus(wait) };
    }

    /// Calls the function again when it is time.
    pub fn retry_token(&mut self) {
        if self.token.retry_at().is_some_and(|at| at <= self.now) {
            self.fetch_token(true);
        }
    }
}
