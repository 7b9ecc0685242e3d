//! How far an upload is, how fast, and how long it will take.

use super::Instant;

/// Time over which the speed forgets, in milliseconds.
const SMOOTHING: u64 = 2000;
/// Shorter spans are gathered before they count: a burst of events says nothing of speed.
const LEAST_SPAN: u64 = 200;
/// After this long without a byte, nothing moves.
const STILL: u64 = 5000;

/// A snapshot of an upload (`UploadProgress` in `partway.d.ts`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Bytes the service has or is receiving. Never decreases.
    pub sent: u64,
    /// The file's size in bytes.
    pub total: u64,
    /// Parts stored.
    pub parts_done: u32,
    /// Parts in all.
    pub parts: u32,
    /// Smoothed, in bytes a second; 0 while nothing moves.
    pub speed: f64,
    /// Milliseconds to the end; `None` while unknown.
    pub time_left: Option<f64>,
    /// Bytes that were stored already when an earlier page's upload was gone on with.
    pub resumed_from: u64,
}

/// An exponentially smoothed speed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Speed {
    since: Option<Instant>,
    gathered: u64,
    rate: Option<f64>,
    moved_at: Instant,
}

impl Speed {
    /// `bytes` more have moved.
    pub fn moved(&mut self, bytes: u64, now: Instant) {
        let since = *self.since.get_or_insert(now);
        self.gathered = self.gathered.saturating_add(bytes);
        self.moved_at = now;
        let span = now.since(since);
        if span >= LEAST_SPAN {
            let measured = self.gathered as f64 * 1000.0 / span as f64;
            let weight = span as f64 / (span + SMOOTHING) as f64;
            self.rate = Some(self.rate.map_or(measured, |rate| rate + weight * (measured - rate)));
            self.gathered = 0;
            self.since = Some(now);
        }
    }

    /// Something began to be sent: the time before it says nothing of speed.
    pub fn begin(&mut self, now: Instant) {
        if now.since(self.moved_at) > STILL || self.since.is_none() {
            *self = Self { since: Some(now), moved_at: now, ..Self::default() };
        }
    }

    /// When it is 0 if nothing moves until then.
    pub fn stands_at(&self) -> Instant {
        self.moved_at.plus(STILL + 1)
    }

    /// Bytes a second at `now`.
    pub fn rate(&self, now: Instant) -> f64 {
        if now.since(self.moved_at) > STILL { 0.0 } else { self.rate.unwrap_or(0.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_flow_is_measured_and_a_stop_is_seen() {
        let mut speed = Speed::default();
        speed.begin(Instant(0));
        for tick in 1..=100 {
            speed.moved(1000, Instant(tick * 10));
        }
        let rate = speed.rate(Instant(1000));
        assert!((rate - 100_000.0).abs() < 1.0, "{rate}");
        assert!(speed.rate(Instant(1000 + STILL + 1)) == 0.0);
    }

    #[test]
    fn a_change_is_followed_smoothly() {
        let mut speed = Speed::default();
        speed.begin(Instant(0));
        (1..=10).for_each(|tick| speed.moved(100_000, Instant(tick * 1000)));
        speed.moved(0, Instant(11_000));
        let rate = speed.rate(Instant(11_000));
        assert!(rate > 50_000.0 && rate < 80_000.0, "{rate}");
    }
}
