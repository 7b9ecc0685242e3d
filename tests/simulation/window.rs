//! The onlooker on how many parts may be in flight.

use crate::ledger::Ledger;
use partway::engine::{Engine, Event};

/// What an event may do to the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Moves {
    #[default]
    Nothing,
    /// A part was stored.
    MayGrow,
    /// An overload that the last halving did not answer yet.
    MustHalve,
}

impl Ledger {
    /// Called with each event once it is noted: `told` has left in `moves` what it allows.
    pub fn expects(&mut self, event: &Event) {
        if matches!(event, Event::PartStored { .. }) && self.moves == Moves::Nothing {
            self.moves = Moves::MayGrow;
        }
    }

    /// A request sent at `sent` met an overload.
    pub fn overloaded(&mut self, sent: u64) {
        if self.halved_at.is_none_or(|halved| sent > halved) {
            self.halved_at = Some(self.now);
            self.moves = Moves::MustHalve;
            self.counts.add("window: halved");
        }
    }

    /// The engine was told an event.
    pub fn window_moved(&mut self, engine: &Engine) {
        let (before, after) = (self.window, engine.parts_allowed());
        match std::mem::take(&mut self.moves) {
            Moves::Nothing => assert_eq!(after, before, "the window moves for nothing"),
            Moves::MayGrow => assert!(after == before || after == before + 1, "{before} parts, then {after}"),
            Moves::MustHalve => assert_eq!(after, (before / 2).max(1), "an overload does not halve {before}"),
        }
        if after > before {
            self.counts.add("window: grown");
        }
        assert!(after <= self.config.parallel, "{after} parts in flight allowed");
        self.window = after;
    }

    /// The engine gave up what stood still, before it gave the action that says so.
    pub fn window_halved(&mut self, engine: &Engine) {
        let (before, after) = (self.window, engine.parts_allowed());
        if after != before {
            assert_eq!(after, (before / 2).max(1), "the window moves for nothing");
            self.window = after;
            self.halved_early = Some(before);
        }
    }

    /// A stall was seen; the window may be half already.
    pub fn stall_halves(&mut self, sent: u64) {
        let due = self.halved_at.is_none_or(|halved| sent > halved);
        if due {
            let before = self.halved_early.take().unwrap_or(self.window);
            assert_eq!(self.window, (before / 2).max(1), "a stall does not halve the window");
            assert!(before == 1 || before != self.window, "a stall does not halve the window");
            self.halved_at = Some(self.now);
            self.counts.add("window: halved");
        }
    }
}
