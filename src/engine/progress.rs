//! How far an upload is, how fast, and how long it will take.

use super::Instant;

/// Time over which the speed forgets, in milliseconds.
const SMOOTHING: u64 = 2000;
/// Shorter spans are gathered before they count: a burst of events says nothing of speed.
const LEAST_SPAN: u64 = 200;
/// Answers are forgotten by halves after this time, in milliseconds.
const FORGETS: u64 = 120_000;
/// A part that is answered sooner after its last byte was not swallowed, in milliseconds.
const LEAST_SILENCE: u64 = 1000;
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

/// What the service answered for. Something on the way (the system's buffers, a proxy) may take a part at once and pass
/// it on slowly: then only answers tell how fast it goes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Carried {
    /// Bytes answered for, and the milliseconds that took; both are halved now and then, so that they forget.
    bytes: f64,
    millis: f64,
    /// What is not in them yet begins here.
    since: Instant,
    /// How long the last part took, in milliseconds.
    lasted: u64,
    swallows: bool,
    /// Answers since then, and what their distances tell.
    answers: u32,
    order: Order,
}

impl Carried {
    /// Parts begin to be sent.
    pub fn begin(&mut self, now: Instant) {
        (self.since, self.answers, self.order) = (now, 0, Order::Unknown);
    }

    /// A part of `length` bytes was answered, `took` milliseconds after it was sent and `silent` after its last byte;
    /// so many were in flight, it among them.
    pub fn answered(&mut self, length: u64, took: u64, silent: u64, in_flight: usize, now: Instant) {
        let gap = now.since(self.since);
        let is_close = gap.saturating_mul(3 * in_flight as u64) < took;
        if is_close && self.answers > 0 {
            self.order = Order::Together;
        } else if self.answers > 0 && self.order == Order::Unknown {
            self.order = Order::OneByOne;
        }
        self.answers += 1;
        self.bytes += length as f64;
        self.millis += gap as f64;
        (self.since, self.lasted) = (now, took.max(1));
        if self.millis > FORGETS as f64 {
            (self.bytes, self.millis) = (self.bytes / 2.0, self.millis / 2.0);
        }
        let least = if self.swallows { took / 8 } else { took / 4 };
        self.swallows = silent >= LEAST_SILENCE && silent >= least;
    }

    /// Whether the last part was handed over long before it was answered.
    pub fn swallows(&self) -> bool {
        self.swallows
    }

    /// Whether nothing was answered for twice as long as the last part took.
    pub fn is_late(&self, now: Instant) -> bool {
        now.since(self.since) > STILL.max(2 * self.lasted)
    }

    /// How many of `length` bytes that were sent `elapsed` milliseconds ago have arrived by now.
    pub fn share(&self, length: u64, elapsed: u64) -> u64 {
        (length as f64 * (elapsed as f64 / self.lasted.max(1) as f64).min(1.0)) as u64
    }

    /// How long `bytes` take on a line that swallows, in milliseconds.
    pub fn takes(&self, bytes: u64) -> Option<u64> {
        let is_known = self.swallows && self.bytes > 0.0;
        is_known.then(|| (bytes as f64 * self.millis / self.bytes) as u64)
    }

    /// How many bytes can have arrived since the last answer, all of one part of `length`, where parts go one after the
    /// other.
    pub fn most_since(&self, length: u64, now: Instant) -> Option<u64> {
        let carried = self.bytes / self.millis.max(1.0) * now.since(self.since) as f64;
        (self.order(now) == Order::OneByOne).then_some((length as f64).min(carried) as u64)
    }

    /// In which order parts go, as far as is known now: those that share the line are answered at almost the same time.
    fn order(&self, now: Instant) -> Order {
        let is_alone = now.since(self.since).saturating_mul(8) > self.lasted;
        if self.order == Order::Unknown && is_alone { Order::OneByOne } else { self.order }
    }

    /// Bytes a second, and milliseconds until the `left` bytes are there that were not answered for. `under_way` of
    /// them may have arrived, if what is under way shares the line; little, if one part goes after the other. While it
    /// is not known which, for an eighth of a part's time, what is told is between both.
    pub fn pace(&self, left: u64, under_way: u64, now: Instant) -> (f64, Option<f64>) {
        if self.is_late(now) || self.bytes <= 0.0 {
            return (0.0, None);
        }
        let elapsed = now.since(self.since) as f64;
        let one = self.bytes / self.millis.max(1.0);
        let left_one = (left as f64 / one - elapsed).max(0.0);
        let all = (self.bytes + under_way as f64) / (self.millis + elapsed).max(1.0);
        let left_all = left.saturating_sub(under_way) as f64 / all;
        let (rate, left) = match self.order(now) {
            Order::OneByOne => (one, left_one),
            Order::Together => (all, left_all),
            Order::Unknown => ((one * all).sqrt(), (left_one * left_all).sqrt()),
        };
        (rate * 1000.0, Some(left))
    }
}

/// In which order a line carries what it is given.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Order {
    #[default]
    Unknown,
    OneByOne,
    Together,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends `parts` parts of 1000 bytes, `wide` at a time, over a line of 1 byte a millisecond that shares, or not;
    /// gives how long it was said to take and took, after each answer.
    fn told(parts: u64, wide: u64, shares: bool) -> Vec<(f64, f64)> {
        let (mut carried, mut said) = (Carried::default(), Vec::new());
        carried.begin(Instant(0));
        let end = parts * 1000;
        for part in 1..=parts {
            // In rounds that share the line, or one after the other.
            let round = (part - 1) / wide;
            let (sent, at) = if shares {
                (round * wide * 1000, (round + 1) * wide * 1000)
            } else {
                (part.saturating_sub(wide) * 1000, part * 1000)
            };
            let in_flight = if shares { (round + 1) * wide - part + 1 } else { wide.min(parts - part + 1) };
            carried.answered(1000, at - sent, at - sent, in_flight as usize, Instant(at));
            let others = if shares { (round + 1) * wide - part } else { 0 };
            let left = end - part * 1000;
            if left > others * 1000 {
                let (_, time) = carried.pace(left, others * 1000, Instant(at));
                said.push((time.unwrap(), (end - at) as f64));
            }
        }
        said
    }

    #[test]
    fn behind_a_line_that_swallows_the_time_left_follows_the_answers() {
        // Two parts are in flight at first.
        for (wide, shares) in [(1, false), (2, false), (2, true)] {
            for (said, true_time) in told(12, wide, shares) {
                let ratio = said / true_time;
                assert!((1.0 / 1.5..1.5).contains(&ratio), "{wide}, {shares}: {said} for {true_time}");
            }
        }
    }

    #[test]
    fn a_line_that_swallows_is_known_by_its_silence() {
        let mut carried = Carried::default();
        carried.answered(1000, 10_000, 100, 1, Instant(10_000));
        assert!(!carried.swallows());
        assert_eq!(carried.takes(1000), None);
        carried.answered(1000, 10_000, 9000, 1, Instant(20_000));
        assert!(carried.swallows());
        assert_eq!(carried.takes(3000), Some(30_000));
        // One part goes after the other: of all under way, at most one arrives in the time of one.
        let most = |millis: u64| carried.most_since(1000, Instant(20_000 + millis));
        assert_eq!((most(2500), most(90_000)), (Some(250), Some(1000)));
        assert_eq!((carried.share(1000, 2500), carried.share(1000, 20_000)), (250, 1000));
        assert_eq!(carried.pace(1000, 0, Instant(60_000)), (0.0, None), "nothing moves");
    }

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
