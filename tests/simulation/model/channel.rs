//! The channel between the tabs: in order from one tab to another, late, and at times a report is lost.

use crate::chance::Chance;
use partway::engine::Identity;
use partway::resume::{PeerEnd, PeerMessage, PeerReport};
use std::collections::BTreeMap;

/// Longest way of a message, in milliseconds.
const SLOWEST: u64 = 150;

#[derive(Default)]
pub struct Channel {
    /// Messages that are lost, in percent; never the last word about a file, which a browser delivers.
    pub loses: u64,
    /// How often, in percent of messages, somebody says after one that the file is stored, and lies.
    pub forges: u64,
    /// When the last message from one tab to another arrives.
    last: BTreeMap<(usize, usize), u64>,
}

impl Channel {
    /// What somebody says falsely of a file, now and then: that it is stored.
    pub fn forged(&self, identity: &Identity, chance: &mut Chance) -> Option<PeerMessage> {
        if !chance.percent(self.forges) {
            return None;
        }
        let key = Some(format!("forged/{}", identity.0));
        Some(PeerMessage::Report(PeerReport { sent: u64::MAX, parts_done: u32::MAX, key, end: Some(PeerEnd::Done) }))
    }

    /// When a message arrives, if it does.
    pub fn arrives(
        &mut self,
        from: usize,
        to: usize,
        message: &PeerMessage,
        now: u64,
        chance: &mut Chance,
    ) -> Option<u64> {
        let last_word = matches!(message, PeerMessage::Report(PeerReport { end: Some(_), .. }));
        if !last_word && chance.percent(self.loses) {
            return None;
        }
        let at = (now + chance.between(0, SLOWEST)).max(self.last.get(&(from, to)).copied().unwrap_or(0));
        // A tab that is behind delivers faster: no message is under way longer than the slowest.
        let at = at.min(now + SLOWEST);
        self.last.insert((from, to), at);
        Some(at)
    }
}
