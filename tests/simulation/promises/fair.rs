use super::limits::SLOW;
use super::{Case, Moment, Verdict, hold};
use crate::books::tab::Kind;
use crate::books::upload::{Claim, Upload};
use partway::engine::{Action, Instant, State, UploadId};

/// Whether an upload has a part that could be sent now: its own lock, a key, parts never sent, nothing in flight and
/// nothing under way.
fn could_send(case: &Case<'_>, id: UploadId, book: &Upload) -> bool {
    let alone = !case.book.is_busy(id);
    let locked = !case.book.needs_lock(book) || book.claim == Claim::Held;
    let begun = book.live() && !book.is_paused() && book.key.is_some() && !book.lost && locked && !book.follows;
    let uploading = || {
        let view = case.engine.view(id, Instant(case.now));
        view.is_some_and(|view| view.state == State::Uploading)
    };
    begun && alone && book.causes.is_empty() && book.has_fresh_parts() && uploading()
}

/// A file that could be sent and has nothing in flight goes before a second part of any other. The choice is made when
/// the part's bytes are looked for.
pub fn fair(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Peek { upload, .. }, _) = case.moment else { return Ok(false) };
    let busy = case.book.parts_of(*upload) > 0 || case.book.ops.values().any(|op| op.kind == Kind::Peek(*upload));
    if !busy || case.book.interrupted || case.book.is_suspicious(case.now) {
        return Ok(false);
    }
    for (other, book) in case.book.uploads.iter().filter(|(other, _)| *other != upload) {
        let passed_over = could_send(case, *other, book);
        hold!(!passed_over, case.upload(*other), "upload {} gets another place, and this has none", upload.0);
    }
    Ok(case.book.uploads.values().filter(|book| book.live()).count() > 1)
}

/// With a place free, whatever could be sent is; requests that are slow hold no other file back, and a queued file is
/// begun.
pub fn unhindered(case: &Case<'_>) -> Verdict {
    let Moment::Quiet = case.moment else { return Ok(false) };
    let tab = case.book;
    let idle_token = tab.config.token == partway::engine::TokenSource::Function && !tab.token.had;
    if tab.is_held_back(case.now) || idle_token || tab.closed || tab.interrupted {
        return Ok(false);
    }
    let window = case.engine.parts_allowed();
    let parts = tab.parts_in_flight();
    let slow =
        tab.flights.values().filter(|flight| flight.part.is_some() && flight.sent + SLOW + 5 <= case.now).count();
    let peeks = tab.ops.values().filter(|op| matches!(op.kind, Kind::Peek(_))).count();
    let room = tab.flights.len() + peeks < tab.most_requests(case.engine)
        && parts + peeks < tab.config.parallel
        && parts + peeks - slow < window;
    if !room {
        return Ok(false);
    }
    for (id, book) in &tab.uploads {
        let waits = could_send(case, *id, book);
        hold!(!waits, case.upload(*id), "a part waits for nothing, {parts} in flight, {slow} of them slow");
    }
    let idle = tab.flights.is_empty() && tab.ops.is_empty();
    if idle && tab.rules_settled() {
        let begun = tab.uploads.values().any(|book| book.begun && book.live() && !book.is_paused());
        for (id, _) in tab.uploads.iter().filter(|(_, book)| book.live() && !book.is_paused() && !book.begun) {
            let state = case.engine.view(*id, Instant(case.now)).map(|view| view.state);
            let queued = state == Some(State::Queued) && !begun;
            hold!(!queued, case.upload(*id), "it waits in the queue, and nothing is under way");
        }
    }
    Ok(slow > 0)
}
