use super::{Case, Moment, Verdict, hold};
use crate::books::tab::{Kind, TabBook};
use crate::books::upload::{Claim, Upload};
use partway::engine::Action;

/// Longest time in which a tab that cannot send lets go of a file that nothing is under way of, in milliseconds.
const LONGEST: u64 = 15_000;

/// A tab that has no token, or in which the upload is paused, lets go of the file for one that waits for it: after a
/// pause, for one that asked since then. It lets go of nothing that the other could not go on with.
pub fn handover(case: &Case<'_>) -> Verdict {
    match case.moment {
        Moment::Asked(Action::Unlock { identity }, _) => {
            let Some(id) = case.book.owner(identity) else { return Ok(false) };
            let book = case.book.upload(id);
            if !book.live() || book.posted_end || book.follows || case.book.interrupted {
                return Ok(false);
            }
            hold!(book.recorded, case.upload(id), "it is left to another tab, and nothing is kept of it");
            Ok(true)
        }
        Moment::Asked(Action::QueryLocks { .. }, _) => {
            // A request that is lost, or that nobody was awake to hear, is not made again.
            let token = &case.book.token;
            let lacks_token = token.asking || token.missed_since.is_some();
            // Without a network this tab could not send it either, and takes it from no other, which may be frozen.
            let is_offline = case.book.link.offline.is_some();
            if lacks_token || is_offline || case.model.channel.loses > 0 || case.books.sleeps > 0 {
                return Ok(false);
            }
            for (id, book) in case.book.uploads.iter().filter(|(_, book)| book.follows && !book.is_paused()) {
                let Some(identity) = &book.identity else { continue };
                let queued = case.book.ops.values().find(|op| op.kind == Kind::Lock(identity.clone(), true));
                let Some(queued_at) = queued.map(|op| op.since) else { continue };
                let Some(holder) = case.model.locks.holder(identity).filter(|holder| *holder != case.tab) else {
                    continue;
                };
                let other = &case.books.tabs[holder];
                let stuck = other.owner(identity).and_then(|id| {
                    let held = other.upload(id);
                    let asked_about = other.flights.values().any(|flight| flight.wanted.key() == held.key.as_deref());
                    let idle = other.alive && !other.is_busy(id) && !asked_about && is_resumable(held, case);
                    // Without a network nobody could go on; why its last request failed is found out once there is one.
                    let is_there = other.link.offline.is_none();
                    cannot_send(other, held, book.asked_at).filter(|_| idle && is_there)
                });
                let since = stuck.map(|since| since.max(queued_at).max(book.asked_at));
                let waited = since.map_or(0, |since| case.now - since);
                hold!(waited <= LONGEST, case.upload(*id), "tab {holder} cannot send it, and kept it for {waited} ms");
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}

/// Whether another tab could go on with it: what is complete is only tidied up after.
fn is_resumable(upload: &Upload, case: &Case<'_>) -> bool {
    let kept = upload.stored && !upload.unkept && !upload.unrecorded;
    let held = upload.key.as_ref().and_then(|key| case.model.service.files.get(key));
    let unfinished = held.is_some_and(|held| !held.complete);
    kept && unfinished
        && upload.live()
        && upload.claim == Claim::Held
        && !upload.follows
        && !upload.completing
        && !upload.lost
}

/// Since when it cannot be sent.
fn cannot_send(tab: &TabBook, upload: &Upload, asked_at: u64) -> Option<u64> {
    let since = upload.paused_at.filter(|paused_at| *paused_at < asked_at).or(tab.token.missed_since);
    since.map(|since| since.max(upload.locked_at).max(upload.recorded_at))
}
