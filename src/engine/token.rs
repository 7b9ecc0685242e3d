//! The session token, as far as the engine knows it: whether there is one, and how often it was renewed.

use super::operations::{Kind, Target};
use super::shared::Shared;
use super::{Action, Backoff, Instant, TokenSource};
use crate::protocol::Failure;

/// When a function that failed to give a token is asked again; it is asked without end.
const BACKOFF: Backoff = Backoff { attempts: u32::MAX, base: 1000, longest: 30_000 };
/// It is given this long at least, in milliseconds.
const LEAST_WAIT: u64 = 500;
/// How often the function is called in an outage, in milliseconds.
const DOUBTED_EVERY: u64 = 30_000;
/// Most refusals of one request, each under the newest token: a fresh token may reach a service's replicas late.
const MOST_REFUSALS: u32 = 5;
/// The wait after the first refusal of a token that no other replaces, in milliseconds; it doubles.
const REFUSED_WAIT: u64 = 500;

/// The session token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    /// How often it was renewed. A request bears the number of its token.
    pub epoch: u64,
    state: TokenState,
    source: TokenSource,
    /// How often in a row none could be had.
    failures: u32,
    /// When the function last gave one, or failed and left the one there was.
    answered_at: Instant,
    /// It failed, then.
    was_kept: bool,
    /// It replaced one that was refused, and nothing was answered under it yet but refusals.
    unproven: bool,
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
    /// It is refused, and is tried again then.
    Refused { retry_at: Instant },
}

impl Token {
    pub fn new(source: TokenSource) -> Self {
        let state = if source == TokenSource::Fixed { TokenState::Ready } else { TokenState::Missing };
        let unproven = source == TokenSource::Fixed;
        Self { epoch: 0, state, source, failures: 0, answered_at: Instant::default(), was_kept: false, unproven }
    }

    /// Whether nothing can be sent for want of a token, be it asked for or not. One that was never asked for is no
    /// hindrance: it is asked for when something is to be sent.
    pub fn is_awaited(&self) -> bool {
        !matches!(self.state, TokenState::Missing | TokenState::Ready)
    }

    /// Whether it was refused, and no other could be had.
    pub fn has_failed(&self) -> bool {
        matches!(self.state, TokenState::Failed { .. })
    }

    /// Whether there never was one.
    pub fn is_first(&self) -> bool {
        matches!(self.state, TokenState::Missing | TokenState::Fetching { again: false })
    }

    /// When the function is called again, or a refused token is tried again.
    pub fn retry_at(&self) -> Option<Instant> {
        match self.state {
            TokenState::Failed { retry_at } | TokenState::Refused { retry_at } => Some(retry_at),
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
    pub fn given(&mut self, now: Instant) {
        let unproven = self.state == TokenState::Fetching { again: true };
        (self.epoch, self.state, self.failures) = (self.epoch + 1, TokenState::Ready, 0);
        (self.answered_at, self.was_kept, self.unproven) = (now, false, unproven);
    }

    /// The function failed, and the token there was may be as good as before.
    pub fn kept(&mut self, now: Instant) {
        (self.state, self.answered_at, self.was_kept) = (TokenState::Ready, now, true);
    }

    /// Something was answered, by no refusal, that bore the token of `epoch`.
    pub fn accepted(&mut self, epoch: u64) {
        if epoch == self.epoch && self.source == TokenSource::Function {
            self.unproven = false;
        }
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

    /// The newest token was refused to a request, for the `refusals`th time. A function is asked for another, once; a
    /// token that has no other, or none better, is tried again after a while. Says whether the request goes on.
    pub fn token_refused(&mut self, refusals: u32) -> bool {
        let is_fixed = self.token.source == TokenSource::Fixed;
        let waits = refusals.saturating_sub(u32::from(!is_fixed));
        if waits >= MOST_REFUSALS {
            // Whoever comes later may be given a better one.
            self.token.unproven = is_fixed;
            return false;
        }
        if self.token.state == TokenState::Ready {
            // A function that has just failed is not called at once.
            let has_just_failed = self.token.was_kept && self.now < self.token.answered_at.plus(LEAST_WAIT);
            if self.token.unproven || has_just_failed {
                let retry_at = self.now.plus(REFUSED_WAIT << waits.saturating_sub(1));
                self.token.state = TokenState::Refused { retry_at };
            } else {
                self.fetch_token(true);
            }
        }
        true
    }

    /// When the function is called in an outage: the token may be what is wrong, as no page can read a 401 without CORS
    /// headers.
    pub fn token_doubted_at(&self) -> Option<Instant> {
        let gone_since = self.link.gone_since()?;
        let is_there = self.token.source == TokenSource::Function && self.token.state == TokenState::Ready;
        is_there.then(|| gone_since.max(self.token.answered_at).plus(DOUBTED_EVERY))
    }

    /// Calls the function when that is so.
    pub fn doubt_token(&mut self) {
        if self.token_doubted_at().is_some_and(|at| at <= self.now) {
            self.fetch_token(true);
        }
    }

    /// The function failed where there was a token before: it is asked again later.
    pub fn token_failed(&mut self, failure: &Failure) {
        self.token.failures += 1;
        let wait = BACKOFF.wait(self.token.failures, failure, &mut self.random).max(LEAST_WAIT);
        self.token.state = TokenState::Failed { retry_at: self.now.plus(wait) };
    }

    /// Calls the function again, or lets a refused token be tried again, when it is time.
    pub fn retry_token(&mut self) {
        if self.token.retry_at().is_some_and(|at| at <= self.now) {
            if self.token.has_failed() {
                self.fetch_token(true);
            } else {
                self.token.state = TokenState::Ready;
            }
        }
    }
}
