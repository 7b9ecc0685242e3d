use super::{Case, Moment, Verdict, hold};
use crate::books::tab::Kind;
use crate::books::upload::Upload;
use partway::engine::{Action, Instant, State, UploadId};
use partway::protocol::Code;

/// What is of use to nobody is kept of no upload: nothing of one that is done, was aborted or changed, or that the
/// service lost. Of one that failed otherwise, or is to be kept, everything stays that a later tab goes on from.
pub fn kept(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Settle { upload }, _) = case.moment else { return Ok(false) };
    let book = case.book.upload(*upload);
    let (Some(identity), Some(key)) = (&book.identity, &book.key) else { return Ok(false) };
    // It was frozen, and does not know yet that what is stored is another tab's.
    let is_stolen = case.books.stolen.contains(&(case.tab, identity.clone()));
    let excused =
        is_stolen || book.unkept || book.unrecorded || book.purge_failed || case.books.called_off.contains(key);
    if excused || !book.owned || !case.book.needs_lock(book) {
        return Ok(false);
    }
    let row = case.model.store.rows.get(identity).filter(|row| row.record.key == *key);
    let (end, failure) = (book.end, book.failure);
    if is_useless(book) {
        hold!(row.is_none(), case.upload(*upload), "it ends as {end:?} ({failure:?}), and {key} is still kept");
        return Ok(true);
    }
    if book.lost || !book.recorded {
        return Ok(false);
    }
    let Some(row) = row else {
        return Err(Box::new((case.upload(*upload), format!("it ends as {end:?} ({failure:?}), and nothing is kept"))));
    };
    let missing = book.saved.iter().find(|number| row.parts.get(number).map(|part| &part.tag) != book.tags.get(number));
    hold!(missing.is_none(), case.upload(*upload), "it ends as {end:?}, and the tag of part {missing:?} is not kept");
    Ok(true)
}

fn is_useless(book: &Upload) -> bool {
    match book.end {
        Some(State::Failed) => matches!(book.failure, Some(Code::FileChanged | Code::NotFound)),
        Some(State::Aborted) => book.aborted.is_some_and(|(_, keep)| !keep),
        _ => true,
    }
}

/// What the service has of an upload that was aborted, or whose file changed, is removed, where there is a token.
pub fn removed(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Settle { upload }, _) = case.moment else { return Ok(false) };
    let book = case.book.upload(*upload);
    let Some(key) = &book.key else { return Ok(false) };
    let due = match book.end {
        Some(State::Failed) => book.failure == Some(Code::FileChanged),
        Some(State::Aborted) => is_useless(book) && book.owned_at_abort,
        _ => false,
    };
    let tokenless = book.causes.iter().any(|code| matches!(code, Code::Unauthorized | Code::InvalidOption));
    // What another tab says is stored may be anything, and is nobody's to remove.
    if !due || book.told || tokenless || book.lost || book.follows || case.books.called_off.contains(key) {
        return Ok(false);
    }
    hold!(book.removals > 0, case.upload(*upload), "it ends as {:?}, and {key} is not removed", book.end);
    Ok(true)
}

/// What waited for want of a network waits no longer once the browser sees one.
pub fn at_once(case: &Case<'_>) -> Verdict {
    let Moment::Quiet = case.moment else { return Ok(false) };
    let book = case.book;
    let is_slowed = case.now < book.link.gentle_until;
    let is_refused = book.token.held_until > case.now || book.refuses() || is_slowed;
    let held_back =
        is_refused || book.token.asking || book.token.failed_at.is_some() || book.needs_token() || book.hold > case.now;
    if !book.link.back || book.interrupted || held_back {
        return Ok(false);
    }
    let mut mattered = false;
    // A file that is not read is waited for with a network, too.
    let reads = |id: UploadId| book.ops.values().any(|op| op.kind == Kind::Peek(id) || op.kind == Kind::Sample(id));
    for (id, _) in book.uploads.iter().filter(|(id, upload)| is_unconnected(upload) && !reads(**id)) {
        let state = case.engine.view(*id, Instant(case.now)).map(|view| view.state);
        hold!(state != Some(State::Waiting), case.upload(*id), "the network is back, and it still waits");
        mattered = true;
    }
    Ok(mattered)
}

/// Nothing ever failed of it but its connection.
fn is_unconnected(upload: &Upload) -> bool {
    let open = upload.live() && !upload.is_paused() && !upload.follows && !upload.posted_end;
    open && !upload.causes.is_empty() && upload.causes.iter().all(|code| *code == Code::Network)
}
