//! Places for connections: so many at a time, and never all of them for one address.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::address::Address;
use crate::config::Config;

/// Connections of one address that wait for a place; more are closed.
const WAITING: usize = 64;
/// Connections that wait in all.
const WAITING_IN_ALL: usize = 256;

/// The places, and who is there.
#[derive(Clone)]
pub(super) struct Places {
    /// Of all addresses together.
    all: Arc<Semaphore>,
    /// Of one address.
    most: usize,
    /// Connections that are taken at all, served or waiting.
    room: usize,
    there: Arc<Mutex<There>>,
}

#[derive(Default)]
struct There {
    connections: usize,
    by_address: HashMap<Address, Here>,
}

struct Here {
    connections: usize,
    places: Arc<Semaphore>,
}

/// A connection that was taken. It counts until this is dropped.
pub(super) struct Arrival {
    places: Places,
    address: Address,
    own: Arc<Semaphore>,
}

impl Places {
    /// As many as `config` says. One address has at most three quarters of them, whatever it says.
    pub fn new(config: &Config) -> Self {
        let all = config.max_connections.clamp(1, Semaphore::MAX_PERMITS);
        let most = config.max_connections_per_address.clamp(1, (all - all.div_ceil(4)).max(1));
        let room = all.saturating_add(WAITING_IN_ALL);
        Self { all: Arc::new(Semaphore::new(all)), most, room, there: Arc::default() }
    }

    fn there(&self) -> MutexGuard<'_, There> {
        self.there.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection, unless too many wait.
    pub fn enter(&self, address: Address) -> Option<Arrival> {
        let mut there = self.there();
        let There { connections, by_address } = &mut *there;
        let here = by_address
            .entry(address)
            .or_insert_with(|| Here { connections: 0, places: Arc::new(Semaphore::new(self.most)) });
        if *connections >= self.room || here.connections >= self.most + WAITING {
            if here.connections == 0 {
                by_address.remove(&address);
            }
            return None;
        }
        *connections += 1;
        here.connections += 1;
        Some(Arrival { places: self.clone(), address, own: here.places.clone() })
    }
}

impl Arrival {
    /// A place, once there is one: first among those of its address, so that these wait for each other alone.
    pub async fn place(&self) -> Option<[OwnedSemaphorePermit; 2]> {
        // The semaphores are never closed.
        let own = self.own.clone().acquire_owned().await.ok()?;
        let any = self.places.all.clone().acquire_owned().await.ok()?;
        Some([own, any])
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let mut there = self.places.there();
        there.connections -= 1;
        if let Some(here) = there.by_address.get_mut(&self.address) {
            here.connections -= 1;
            if here.connections == 0 {
                there.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn at(last: u8) -> Address {
        IpAddr::from(Ipv4Addr::new(127, 0, 0, last)).into()
    }

    fn places(flags: &[&str]) -> Places {
        Places::new(&Config::from_flags(flags).unwrap())
    }

    #[tokio::test]
    async fn one_address_never_has_all_places() {
        for (most, per_address, own) in [("8", "256", 6), ("8", "2", 2), ("1", "9", 1), ("2", "9", 1), ("3", "9", 2)] {
            let places = places(&["--max-connections", most, "--max-connections-per-address", per_address]);
            let arrivals: Vec<_> = std::iter::from_fn(|| places.enter(at(1))).collect();
            assert_eq!(arrivals.len(), own + WAITING, "{most} {per_address}");
            let mut held = Vec::new();
            for arrival in &arrivals[..own] {
                held.push(arrival.place().await.unwrap());
            }
            if most != "1" {
                let other = places.enter(at(2)).unwrap();
                assert!(other.place().await.is_some());
            }
            drop((held, arrivals));
            let there = places.there();
            assert_eq!((there.connections, there.by_address.len()), (0, 0));
        }
    }

    #[test]
    fn many_addresses_together_have_an_end() {
        let places = places(&["--max-connections", "4"]);
        let arrivals: Vec<_> = (0..=255).flat_map(|last| places.enter(at(last))).collect();
        let more: Vec<_> = (0..=255).flat_map(|last| places.enter(at(last))).collect();
        assert_eq!(arrivals.len() + more.len(), 4 + WAITING_IN_ALL);
        assert_eq!(places.there().by_address.len(), 256);
    }
}
