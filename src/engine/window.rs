//! How many parts may be in flight: as many as make the line faster.

use super::Instant;

/// Parts in flight at the beginning.
const FIRST: usize = 2;
/// Cost of a part besides its bytes (round trip, the service's work), counted as bytes. Without it, small files would
/// not count in the throughput.
const PART_COST: u64 = 256 * 1024;
/// One part more in flight must raise the throughput this much to be followed by another.
const WORTHWHILE: f64 = 1.1;
/// After so many rounds without growth, one more part is tried all the same: lines change.
const PATIENCE: u32 = 8;

/// A window that grows while the throughput grows with it, twofold a round at first and then by one part, and halves
/// when the service or the line is overloaded (slow start, additive increase, multiplicative decrease, as in TCP: RFC
/// 5681). A round ends when as many parts are stored as the window is wide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    allowed: usize,
    most: usize,
    began: Instant,
    parts: usize,
    cost: u64,
    /// Throughput of the round before the window last grew, in bytes a millisecond.
    before: f64,
    waited: u32,
    /// The throughput has grown with every round so far.
    is_starting: bool,
    halved_at: Option<Instant>,
}

impl Window {
    /// A window of two parts, never more than `most`.
    pub fn new(most: usize) -> Self {
        Self {
            allowed: FIRST.min(most),
            most,
            began: Instant::default(),
            parts: 0,
            cost: 0,
            before: 0.0,
            waited: 0,
            is_starting: true,
            halved_at: None,
        }
    }

    /// Parts that may be in flight.
    pub fn allowed(&self) -> usize {
        self.allowed
    }

    /// Parts that may ever be in flight.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Parts begin to be sent after nothing was: the time before says nothing.
    pub fn begin(&mut self, now: Instant) {
        self.began = now;
        (self.parts, self.cost) = (0, 0);
    }

    /// A part of `bytes` bytes was stored.
    pub fn stored(&mut self, bytes: u64, now: Instant) {
        self.parts += 1;
        self.cost += bytes + PART_COST;
        if self.parts < self.allowed {
            return;
        }
        let throughput = self.cost as f64 / now.since(self.began).max(1) as f64;
        self.waited += 1;
        let has_grown = throughput >= self.before * WORTHWHILE;
        self.is_starting &= has_grown;
        if self.allowed < self.most && (has_grown || self.waited > PATIENCE) {
            self.allowed = if self.is_starting { (2 * self.allowed).min(self.most) } else { self.allowed + 1 };
            self.before = throughput;
            self.waited = 0;
        }
        self.begin(now);
    }

    /// A request sent at `sent` met an overload. Those sent before the window last halved met the same one.
    pub fn overloaded(&mut self, sent: Instant, now: Instant) {
        if self.halved_at.is_some_and(|halved| sent <= halved) {
            return;
        }
        self.allowed = (self.allowed / 2).max(1);
        self.halved_at = Some(now);
        (self.before, self.waited, self.is_starting) = (0.0, 0, false);
        self.begin(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stores `rounds` rounds on a line that `throughput` (bytes a millisecond) of so many parts in flight describes.
    fn play(window: &mut Window, now: &mut u64, rounds: usize, throughput: impl Fn(usize) -> u64) {
        for _ in 0..rounds {
            let parts = window.allowed();
            *now += parts as u64 * (1_000_000 + PART_COST) / throughput(parts);
            (0..parts).for_each(|_| window.stored(1_000_000, Instant(*now)));
        }
    }

    #[test]
    fn it_begins_with_two_and_grows_while_the_line_does() {
        let mut window = Window::new(6);
        let mut now = 0;
        assert_eq!(window.allowed(), 2);
        play(&mut window, &mut now, 1, |parts| parts as u64 * 1000);
        assert_eq!(window.allowed(), 4);
        play(&mut window, &mut now, 9, |parts| parts as u64 * 1000);
        assert_eq!(window.allowed(), 6);
        assert_eq!(Window::new(1).allowed(), 1);
    }

    #[test]
    fn a_full_line_is_not_crowded() {
        let mut window = Window::new(6);
        play(&mut window, &mut 0, 8, |_| 1000);
        assert_eq!(window.allowed(), 4);
    }

    #[test]
    fn an_overload_halves_once_and_is_recovered_from() {
        let mut window = Window::new(6);
        let mut now = 0;
        play(&mut window, &mut now, 10, |parts| parts as u64 * 1000);
        window.overloaded(Instant(now - 10), Instant(now));
        window.overloaded(Instant(now - 5), Instant(now + 1));
        assert_eq!(window.allowed(), 3);
        window.overloaded(Instant(now + 2), Instant(now + 3));
        window.overloaded(Instant(now + 4), Instant(now + 5));
        assert_eq!(window.allowed(), 1);
        now += 5;
        play(&mut window, &mut now, 6, |parts| parts as u64 * 1000);
        assert_eq!(window.allowed(), 6);
    }
}
