//! When a failed request is sent again.

use super::Random;
use crate::protocol::Failure;

/// Exponential back-off with full jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Tries a request gets in all, at least 1.
    pub attempts: u32,
    /// The first wait's upper bound, in milliseconds; it doubles with each further try.
    pub base: u64,
    /// Upper bound of every wait, in milliseconds.
    pub longest: u64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { attempts: 8, base: 500, longest: 30_000 }
    }
}

impl Backoff {
    /// Longest wait a service can ask for, in milliseconds: beyond it, no wait would look finite to a person.
    pub const LONGEST_ASKED: u64 = 5 * 60 * 1000;

    /// Milliseconds to wait before the next try, after `tries` of them ended in `failure`; `None` when it is final.
    /// `Retry-After` is a lower bound: the service's word wins over the jitter.
    pub fn delay(&self, tries: u32, failure: &Failure, random: &mut Random) -> Option<u64> {
        (tries < failure.max_tries(self.attempts)).then(|| self.wait(tries, failure, random))
    }

    /// Milliseconds to wait after `tries` failures, however many they are.
    pub fn wait(&self, tries: u32, failure: &Failure, random: &mut Random) -> u64 {
        let doublings = tries.saturating_sub(1).min(63);
        let bound = self.base.saturating_mul(1 << doublings).min(self.longest);
        random.up_to(bound).max(failure.retry_after.unwrap_or(0).min(Self::LONGEST_ASKED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let backoff = Backoff { attempts: 10, base: 100, longest: 1000 };
        let failure = Failure::from_status(503, None);
        let mut random = Random::new(1);
        for (tries, bound) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (9, 1000)] {
            let waits: Vec<u64> = (0..2000).map(|_| backoff.delay(tries, &failure, &mut random).unwrap()).collect();
            assert!(waits.iter().all(|wait| *wait <= bound));
            assert!(*waits.iter().max().unwrap() > bound * 9 / 10, "the jitter reaches the bound");
            assert!(*waits.iter().min().unwrap() < bound / 10, "and nearly zero");
        }
        assert_eq!(backoff.delay(10, &failure, &mut random), None);
        assert_eq!(backoff.delay(1, &Failure::from_status(403, None), &mut random), None);
    }

    #[test]
    fn the_service_may_ask_for_more_but_not_for_ever() {
        let mut random = Random::new(1);
        let wait = |millis| Backoff::default().delay(1, &Failure::from_status(429, Some(millis)), &mut Random::new(1));
        assert_eq!(wait(7000), Some(7000));
        assert_eq!(wait(u64::MAX), Some(Backoff::LONGEST_ASKED));
        assert!(Backoff::default().delay(7, &Failure::from_status(500, None), &mut random).unwrap() <= 30_000);
    }
}
