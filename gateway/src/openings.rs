//! How many sessions one address opens.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;

use crate::address::Address;
use crate::error::ApiError;

/// The most within [`WINDOW`] where no flag says it. This machine may open any number then.
const MOST: u32 = 100;
const WINDOW: Duration = Duration::from_secs(3600);
/// Addresses that are remembered. Beyond them all others are one.
const ADDRESSES: usize = 100_000;

/// What was opened of late, by address.
pub(crate) struct Openings {
    most: Option<u32>,
    opened: Mutex<HashMap<Option<Address>, (Instant, u32)>>,
}

impl Openings {
    /// None yet, and at most so many an hour.
    pub fn new(most: Option<u32>) -> Self {
        Self { most, opened: Mutex::default() }
    }

    /// Counts a session of `address`, before it is opened.
    ///
    /// # Errors
    /// 429 where the address opened as many as it may.
    pub fn enter(&self, address: Address, now: Instant) -> Result<(), ApiError> {
        let Some(most) = self.most.or((!is_loopback(address)).then_some(MOST)) else { return Ok(()) };
        let mut opened = self.opened();
        if opened.len() >= ADDRESSES && !opened.contains_key(&Some(address)) {
            opened.retain(|_, (since, _)| now.saturating_duration_since(*since) < WINDOW);
        }
        let known = opened.len() < ADDRESSES || opened.contains_key(&Some(address));
        let (since, count) = opened.entry(known.then_some(address)).or_insert((now, 0));
        let past = now.saturating_duration_since(*since);
        if past >= WINDOW {
            (*since, *count) = (now, 0);
        } else if *count >= most {
            let message = "This address has opened as many sessions as it may within an hour.";
            let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "SlowDown", message);
            return Err(error.after(WINDOW.saturating_sub(past)));
        }
        *count += 1;
        Ok(())
    }

    /// The session was not opened after all.
    pub fn leave(&self, address: Address) {
        if let Some((_, count)) = self.opened().get_mut(&Some(address)) {
            *count = count.saturating_sub(1);
        }
    }

    fn opened(&self) -> MutexGuard<'_, HashMap<Option<Address>, (Instant, u32)>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_loopback(address: Address) -> bool {
    [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)].map(Address::from).contains(&address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn an_address_opens_so_many_an_hour_and_holds_no_other_back() {
        let openings = Openings::new(None);
        let now = Instant::now();
        let (one, other) = (address("192.0.2.1"), address("192.0.2.2"));
        for _ in 0..MOST {
            openings.enter(one, now).unwrap();
        }
        let refused = openings.enter(one, now + Duration::from_secs(600)).unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.retry_after), (429, Some(Duration::from_secs(3000))));
        openings.enter(other, now).unwrap();
        openings.leave(one);
        openings.enter(one, now).unwrap();
        openings.enter(one, now).unwrap_err();
        openings.enter(one, now + WINDOW).unwrap();
    }

    #[test]
    fn this_machine_opens_any_number_unless_a_flag_says_how_many() {
        let now = Instant::now();
        for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"].map(address) {
            let openings = Openings::new(None);
            assert!((0..10_000).all(|_| openings.enter(loopback, now).is_ok()));
            let openings = Openings::new(Some(2));
            let opened = (0..5).filter(|_| openings.enter(loopback, now).is_ok()).count();
            assert_eq!(opened, 2);
        }
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let openings = Openings::new(Some(1));
        let now = Instant::now();
        let many = |from: u32| (from..).map(|number| Address::from(IpAddr::from(Ipv4Addr::from(number))));
        for address in many(1).take(ADDRESSES) {
            openings.enter(address, now).unwrap();
        }
        let all = |now| many(1 << 28).take(100).filter(|address| openings.enter(*address, now).is_ok()).count();
        assert_eq!(all(now), 1, "those beyond are one");
        assert!(openings.opened().len() <= ADDRESSES + 1);
        assert_eq!(all(now + WINDOW), 100);
    }
}
