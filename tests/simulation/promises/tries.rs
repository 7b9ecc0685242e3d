use super::{Case, Moment, Verdict, hold};
use crate::books::asked;
use crate::books::failures::slot_of;
use crate::books::tab::CallBook;
use crate::books::tries::Tries;
use partway::engine::Action;

/// No request is tried more often than `attempts` says; none is sent again before the service wants it. What 429 and
/// 503 ask for holds back uploads and calls alike.
pub fn tries(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Send { part, .. }, Some(wanted)) = case.moment else { return Ok(false) };
    let (book, now) = (case.book, case.now);
    if book.interrupted {
        return Ok(false);
    }
    let upload = part.as_ref().map(|part| part.upload).or_else(|| book.upload_of(wanted.key()));
    let subject = || upload.map_or(case.subject(), |id| case.upload(id));
    let early = book.hold.saturating_sub(now);
    hold!(early == 0, subject(), "{wanted:?} is sent {early} ms before Retry-After is over");
    let tries = match (slot_of(wanted), upload) {
        (Some(slot), Some(id)) => book.upload(id).tries.get(&slot),
        (Some(slot), None) => named(case, wanted).and_then(|upload| upload.tries.get(&slot)),
        _ => {
            // A removal may be an upload's that tidies up.
            let shared = matches!(wanted, crate::books::wanted::Wanted::Remove(_));
            let wants = |call: &&CallBook| asked::wants(&call.call, wanted) && !call.answered && !call.withdrawn;
            let mut calls = book.calls.values().filter(wants);
            let call = calls.next().filter(|_| calls.next().is_none());
            call.map(|call| &call.tries).filter(|_| upload.is_none() && !shared)
        }
    };
    let Some(Tries { cost, not_before, last: Some(failure), .. }) = tries else { return Ok(book.hold > 0) };
    let attempts = book.config.backoff.attempts;
    let most = tries.map_or(attempts, |tries| tries.most(attempts));
    hold!(*cost < most.max(1), subject(), "{wanted:?} is tried again after {cost} tries of {most}: {failure:?}");
    let early = not_before.saturating_sub(now);
    hold!(early == 0, subject(), "{wanted:?} is sent again {early} ms before its own Retry-After is over");
    Ok(true)
}

/// The upload that a start is of, by its name.
fn named<'a>(case: &'a Case<'_>, wanted: &crate::books::wanted::Wanted) -> Option<&'a crate::books::upload::Upload> {
    let crate::books::wanted::Wanted::Start { name, .. } = wanted else { return None };
    case.book.uploads.values().find(|upload| upload.name == *name && upload.unique)
}
