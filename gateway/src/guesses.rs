//! How often a session's password may be guessed.
//!
//! A guess counts before it is judged, so that a hundred at once are no more than a hundred in a row; one that was
//! right counts no longer. Whoever guesses wrong waits, longer each time, and nobody else does:
//!
//! - one guesser has ten guesses a minute at a session: an address, or a member who sends a token of the session, and
//!   whom nobody's guesses from the same address hold back;
//! - an address has thirty a minute at all sessions together;
//! - a session that was guessed at thirty times in a minute, from wherever, gives each address one guess: many
//!   addresses are slowed down together, and one that has not guessed is let in with the right password.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;

use crate::address::Address;
use crate::error::ApiError;
use crate::session::{MemberId, SessionKey};

/// The stretch of time over which guesses are counted, and the first wait.
const WINDOW: Duration = Duration::from_secs(60);
/// Guesses of one guesser at one session within it.
const MOST: usize = 10;
/// The same at a session that is guessed at from everywhere.
const MOST_WHILE_ATTACKED: usize = 1;
/// Guesses of one address at all sessions, and of all at one session.
const MOST_AT_ALL: usize = 30;
/// How often a wait doubles at most: from one minute to sixteen.
const DOUBLINGS: u32 = 4;
/// How long nothing must have happened for it to be forgotten.
const MEMORY: Duration = Duration::from_secs(3600);

/// Who guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Guesser {
    /// Somebody at this address.
    At(Address),
    /// A member of the session.
    Member(MemberId),
}

/// The guesses of the last minutes.
#[derive(Default)]
pub(crate) struct Guesses(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    by_guesser: HashMap<(Guesser, SessionKey), Tally>,
    by_address: HashMap<Address, Tally>,
    by_session: HashMap<SessionKey, Tally>,
    swept: Option<Instant>,
}

/// A guess that has been counted. It is wrong unless it is said to be right.
#[must_use]
pub(crate) struct Guess {
    guesser: Guesser,
    session: SessionKey,
    at: Instant,
}

/// The guesses of one kind.
#[derive(Default)]
struct Tally {
    recent: VecDeque<Instant>,
    waits: u32,
    last: Option<Instant>,
}

impl Guesses {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a guess would be judged now: so that others need not be asked about one that would not.
    ///
    /// # Errors
    /// 429.
    pub fn check(&self, guesser: Guesser, session: SessionKey, now: Instant) -> Result<(), ApiError> {
        self.counts().check(guesser, session, now)
    }

    /// Counts a guess that is about to be judged.
    ///
    /// # Errors
    /// 429: it is not to be judged, and is not counted.
    pub fn enter(&self, guesser: Guesser, session: SessionKey, now: Instant) -> Result<Guess, ApiError> {
        let mut counts = self.counts();
        counts.check(guesser, session, now)?;
        counts.by_guesser.entry((guesser, session)).or_default().count(now);
        counts.by_session.entry(session).or_default().count(now);
        if let Guesser::At(address) = guesser {
            counts.by_address.entry(address).or_default().count(now);
        }
        Ok(Guess { guesser, session, at: now })
    }

    /// Counts a guess no longer, nor what its guesser said wrong at the session before.
    pub fn right(&self, Guess { guesser, session, at }: Guess) {
        let mut counts = self.counts();
        counts.by_guesser.remove(&(guesser, session));
        if let Some(tally) = counts.by_session.get_mut(&session) {
            tally.take_back(at);
        }
        if let Guesser::At(address) = guesser
            && let Some(tally) = counts.by_address.get_mut(&address)
        {
            tally.take_back(at);
        }
    }
}

impl Counts {
    fn check(&mut self, guesser: Guesser, session: SessionKey, now: Instant) -> Result<(), ApiError> {
        self.sweep(now);
        let attacked = self.by_session.get(&session).is_some_and(|tally| tally.within_window(now) >= MOST_AT_ALL);
        let (address, most) = match guesser {
            Guesser::At(address) => (Some(address), if attacked { MOST_WHILE_ATTACKED } else { MOST }),
            Guesser::Member(_) => (None, MOST),
        };
        let own = self.by_guesser.get_mut(&(guesser, session)).and_then(|tally| tally.wait(most, now));
        let all = address.and_then(|address| self.by_address.get_mut(&address)?.wait(MOST_AT_ALL, now));
        let Some(wait) = own.max(all) else { return Ok(()) };
        let message = "Too many wrong passwords: wait before the next one.";
        Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "SlowDown", message).after(wait))
    }

    /// Forgets what counts no longer, now and then.
    fn sweep(&mut self, now: Instant) {
        if self.swept.is_some_and(|swept| now.duration_since(swept) < WINDOW) {
            return;
        }
        self.swept = Some(now);
        self.by_guesser.retain(|_, tally| tally.matters(now));
        self.by_address.retain(|_, tally| tally.matters(now));
        self.by_session.retain(|_, tally| tally.matters(now));
    }
}

impl Tally {
    fn count(&mut self, now: Instant) {
        if self.recent.len() == MOST_AT_ALL {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        self.last = Some(now);
    }

    fn take_back(&mut self, at: Instant) {
        if let Some(index) = self.recent.iter().rposition(|guess| *guess == at) {
            self.recent.remove(index);
        }
    }

    fn within_window(&self, now: Instant) -> usize {
        self.recent.iter().filter(|guess| now.duration_since(**guess) < WINDOW).count()
    }

    /// How long to wait before the next guess, where `most` of them are as many as may be.
    fn wait(&mut self, most: usize, now: Instant) -> Option<Duration> {
        if self.recent.len() < most {
            self.recent.retain(|guess| now.duration_since(*guess) < WINDOW);
            return None;
        }
        let end = *self.recent.back()? + WINDOW * 2_u32.pow(self.waits.min(DOUBLINGS));
        if now < end {
            return Some(end - now);
        }
        self.recent.clear();
        self.waits += 1;
        None
    }

    fn matters(&self, now: Instant) -> bool {
        let memory = if self.waits > 0 || self.recent.len() >= MOST { MEMORY } else { WINDOW };
        self.last.is_some_and(|last| now.duration_since(last) < memory)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const ONE: SessionKey = SessionKey([1; 32]);
    const OTHER: SessionKey = SessionKey([2; 32]);

    fn at(last: u8) -> Guesser {
        Guesser::At(Address::from(IpAddr::from(Ipv4Addr::new(127, 0, 0, last))))
    }

    /// How many of `count` wrong guesses are judged.
    fn judged(guesses: &Guesses, count: usize, guesser: Guesser, session: SessionKey, now: Instant) -> usize {
        (0..count).filter(|_| guesses.enter(guesser, session, now).is_ok()).count()
    }

    #[test]
    fn ten_are_judged_and_then_the_waits_double() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        let mut now = start;
        for minutes in [1, 2, 4, 8, 16, 16] {
            assert_eq!(judged(&guesses, 100, at(1), ONE, now), MOST, "before a wait of {minutes} min");
            let refused = guesses.enter(at(1), ONE, now).err().unwrap();
            assert_eq!(refused.retry_after, Some(Duration::from_secs(60 * minutes)));
            let wait = Duration::from_secs(60 * minutes);
            assert_eq!(judged(&guesses, 1, at(1), ONE, now + wait - Duration::from_millis(1)), 0);
            now += wait;
        }
        // Who does nothing for an hour begins anew.
        now += MEMORY + WINDOW;
        assert_eq!(judged(&guesses, 100, at(1), ONE, now), MOST);
        assert!(guesses.check(at(1), ONE, now + WINDOW).is_ok());
    }

    #[test]
    fn nobody_else_waits() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        let member = Guesser::Member(MemberId([1; 16]));
        assert_eq!(judged(&guesses, 100, at(1), ONE, now), MOST);
        assert_eq!(judged(&guesses, 100, at(2), ONE, now), MOST);
        assert_eq!(judged(&guesses, 100, member, ONE, now), MOST);
        assert_eq!(judged(&guesses, 100, at(1), OTHER, now), MOST);
        // A session that is guessed at from everywhere leaves each address one guess.
        for last in 3..250 {
            assert_eq!(judged(&guesses, 100, at(last), ONE, now), 1);
        }
        assert_eq!(judged(&guesses, 100, Guesser::Member(MemberId([2; 16])), ONE, now), MOST);
    }

    #[test]
    fn an_address_that_guesses_at_many_sessions_waits_at_all_of_them() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        let found: usize = (0..200).map(|n| judged(&guesses, 1, at(1), SessionKey([n; 32]), now)).sum();
        assert_eq!(found, MOST_AT_ALL);
        assert!(guesses.enter(at(2), ONE, now).is_ok());
    }

    #[test]
    fn what_was_right_does_not_count() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..100 {
            let guess = guesses.enter(at(1), ONE, now).unwrap();
            guesses.right(guess);
        }
        assert_eq!(judged(&guesses, 9, at(1), ONE, now), 9);
        let guess = guesses.enter(at(1), ONE, now).unwrap();
        guesses.right(guess);
        assert_eq!(judged(&guesses, 100, at(1), ONE, now), MOST);
    }

    #[test]
    fn guesses_that_count_no_longer_take_no_room() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for n in 0..=255 {
            drop(guesses.enter(at(n), SessionKey([n; 32]), now));
        }
        drop(guesses.enter(at(1), ONE, now + WINDOW * 2));
        let counts = guesses.counts();
        assert_eq!((counts.by_guesser.len(), counts.by_address.len(), counts.by_session.len()), (1, 1, 1));
    }
}
