//! What a failed request may cost, and what it may end in.

use super::tab::{Flight, TabBook};
use super::upload::{Slot, Upload};
use super::wanted::Wanted;
use partway::engine::TokenSource;
use partway::protocol::{Code, Failure};

/// Most refusals of one request, each under the newest token there was.
pub const MOST_REFUSALS: u32 = 5;
/// Longest time for which a refused token is not tried again, in milliseconds.
const LONGEST_HOLD: u64 = 4_000;

impl TabBook {
    /// Whether a list or a removal failed so often, or so finally, that it is given up.
    fn given_up(&mut self, wanted: &Wanted, failure: &Failure) -> bool {
        let attempts = self.config.backoff.attempts;
        let most = match wanted {
            Wanted::List => failure.max_tries(attempts),
            Wanted::Remove(_) => failure.max_tries(attempts).min(3),
            _ => return false,
        };
        if failure.status == Some(401) {
            let refusals = self.tidying.entry(format!("401 {}", wanted.key().unwrap_or_default())).or_default();
            *refusals += 1;
            return *refusals >= MOST_REFUSALS;
        }
        let key = wanted.key().unwrap_or_default().to_owned();
        let failures = self.tidying.entry(key).or_default();
        *failures += 1;
        *failures >= most
    }

    /// A request failed: what that may cost, and what it may end in.
    pub fn failed(&mut self, flight: &Flight, failure: &Failure, now: u64) {
        if failure.status == Some(401) && flight.generation == self.token.generation {
            self.token.refused = true;
            self.token.held_until = now + LONGEST_HOLD;
        }
        let offline = self.link.offline.is_some();
        let suspicious = self.is_suspicious(now);
        let free = failure.is_connection_failure() && offline;
        let backoff = self.config.backoff;
        let fresh = failure.status == Some(401) && flight.generation == self.token.generation;
        let note = |tries: &mut super::tries::Tries| {
            tries.failed(failure, free, &backoff, now);
            if fresh {
                tries.refused += 1;
            } else if failure.status != Some(401) {
                tries.refused = 0;
            }
        };
        let given_up = self.given_up(&flight.wanted, failure);
        let list_given_up = given_up;
        if matches!(flight.wanted, Wanted::List | Wanted::Rules) {
            self.rules_causes.push(failure.code);
            for call in self.calls.values_mut() {
                call.causes.push(failure.code);
            }
            for upload in self.uploads.values_mut() {
                upload.causes.push(failure.code);
                upload.search_failed |= flight.wanted == Wanted::List && list_given_up;
            }
        }
        for call in self.calls.values_mut() {
            if super::asked::wants(&call.call, &flight.wanted) {
                call.causes.push(failure.code);
            }
        }
        if let Some(call) = flight.call.and_then(|call| self.calls.get_mut(&call)) {
            note(&mut call.tries);
            call.doubtful |= failure.is_ambiguous();
        }
        let Some(upload) = flight.upload.map(|id| self.upload_mut(id)) else {
            if matches!(flight.wanted, Wanted::Remove(_)) {
                for upload in self.uploads.values_mut() {
                    upload.search_failed |= given_up;
                    upload.causes.push(failure.code);
                }
            }
            return;
        };
        upload.failed(&flight.wanted, failure, given_up, now);
        if let Some(slot) = slot_of(&flight.wanted) {
            let tries = upload.tries(slot);
            note(tries);
            let renews = fresh && tries.refused <= MOST_REFUSALS && upload.live();
            if slot == Slot::Complete && failure.status == Some(400) && !upload.sent_again {
                upload.send_again();
            }
            let is_function = self.config.token == TokenSource::Function;
            if renews && !suspicious && !self.token.unproven && is_function {
                self.token.needed = flight.upload;
            }
        }
    }
}

pub fn slot_of(wanted: &Wanted) -> Option<Slot> {
    Some(match wanted {
        Wanted::Start { .. } => Slot::Start,
        Wanted::Part { number, .. } => Slot::Part(*number),
        Wanted::Complete { .. } => Slot::Complete,
        _ => return None,
    })
}

impl Upload {
    fn failed(&mut self, wanted: &Wanted, failure: &Failure, given_up: bool, now: u64) {
        self.causes.push(failure.code);
        if failure.is_connection_failure() {
            self.lost_at = Some(now);
        }
        match wanted {
            Wanted::Start { .. } if failure.is_ambiguous() => (self.lost_start, self.searched) = (true, false),
            Wanted::Part { .. } | Wanted::Complete { .. } | Wanted::File(_) => {
                self.lost |= failure.code == Code::NotFound;
                self.nameless |= self.lost && self.loaded.is_some() && matches!(wanted, Wanted::File(_));
            }
            Wanted::Remove(_) => self.search_failed |= given_up,
            _ => {}
        }
    }
}
