//! A limiter: so many requests in any stretch of so many seconds.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

/// A sliding window over the requests that were served: what was refused does not count.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limit {
    pub requests: usize,
    #[serde(deserialize_with = "seconds")]
    pub seconds: Duration,
    #[serde(skip)]
    served: VecDeque<Instant>,
}

impl Limit {
    /// Whether a request that arrives `now` is one too many. Counts it where it is not.
    pub fn exceeded(&mut self, now: Instant) -> bool {
        while self.served.front().is_some_and(|served| now.duration_since(*served) >= self.seconds) {
            self.served.pop_front();
        }
        let exceeded = self.served.len() >= self.requests;
        if !exceeded {
            self.served.push_back(now);
        }
        exceeded
    }
}

/// A fraction is allowed.
fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| serde::de::Error::custom("seconds must be a number from 0 on"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides_and_what_was_refused_does_not_count() {
        let mut limit: Limit = serde_json::from_str(r#"{"requests": 2, "seconds": 1.5}"#).unwrap();
        let start = Instant::now();
        let found: Vec<_> = [0, 1000, 1400, 1499, 1500, 1600, 2499, 2500, 2501]
            .map(|millis| limit.exceeded(start + Duration::from_millis(millis)))
            .into();
        assert_eq!(found, [false, false, true, true, false, true, true, false, true]);
        assert!(serde_json::from_str::<Limit>(r#"{"requests": 1, "seconds": -1}"#).is_err());
        assert!(serde_json::from_str::<Limit>(r#"{"requests": 1, "seconds": 1, "burst": 2}"#).is_err());
    }
}
