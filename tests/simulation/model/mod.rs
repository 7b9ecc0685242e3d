//! The world around the engines: one service, network, lock manager, channel, store and disk for all tabs. Each part
//! only does what such a thing does; what an engine ought to do with it is in `promises/`.

pub mod channel;
pub mod fault;
pub mod files;
pub mod locks;
pub mod network;
pub mod service;
pub mod store;
pub mod token;

use crate::chance::Chance;
use crate::download::Storage;
use channel::Channel;
use fault::Faults;
use files::Files;
use locks::Locks;
use network::Network;
use service::Service;
use store::Store;
use token::Tokens;

/// Milliseconds since 1970 at the schedule's start.
pub const EPOCH: f64 = 1.7e12;

pub struct Model {
    pub service: Service,
    pub network: Network,
    pub locks: Locks,
    pub channel: Channel,
    pub store: Store,
    pub files: Files,
    pub tokens: Tokens,
    pub faults: Faults,
    /// Where the links lead.
    pub storage: Storage,
}

impl Model {
    pub fn new(chance: &mut Chance) -> Self {
        Self {
            faults: Faults::new(chance),
            service: Service::new(chance),
            network: Network::default(),
            locks: Locks::new(chance.percent(80)),
            channel: Channel::default(),
            store: Store::new(chance),
            files: Files { all: Vec::new(), hang: chance.clone().percent(9) },
            tokens: Tokens::new(chance),
            storage: Storage::new(chance),
        }
    }

    /// Everything is in order from now on.
    pub fn calm(&mut self) {
        self.faults = Faults::none();
        (self.service.down_until, self.service.refusing) = (0, None);
        self.network = Network::default();
        (self.channel.loses, self.channel.forges) = (0, 0);
        self.store.calm();
        self.tokens.calm();
    }
}
