use super::{Case, Moment, Verdict, hold};
use crate::books::failures::{MOST_REFUSALS, slot_of};
use partway::engine::{Action, TokenSource};

/// Least time before a function that failed is called again for whoever waits, in milliseconds.
const LEAST_WAIT: u64 = 400;

/// The token function is called once at a time, only when somebody needs another token, and not at once again when it
/// failed. Nothing is sent while there is none, or while another is being fetched.
pub fn token(case: &Case<'_>) -> Verdict {
    let token = &case.book.token;
    match case.moment {
        Moment::Asked(Action::Token { .. }, _) => {
            hold!(case.book.config.token == TokenSource::Function, case.subject(), "a fixed token is asked for");
            hold!(!token.asking, case.subject(), "the token is asked for twice at once");
            // In an outage, the token may be what is wrong.
            let doubted = case.book.is_suspicious(case.now) || case.book.link.unproven;
            let needed = !token.had || token.refused || token.failed_at.is_some() || doubted;
            hold!(needed, case.subject(), "a token is asked for, and none was refused");
            let waited = token.failed_at.map_or(u64::MAX, |failed| case.now - failed);
            let patient = waited >= LEAST_WAIT || token.asked_afresh || !token.had;
            hold!(patient, case.subject(), "asked for {waited} ms after none could be had: a busy loop");
            Ok(true)
        }
        Moment::Asked(Action::Send { .. }, Some(wanted)) if case.book.config.token == TokenSource::Function => {
            if case.book.interrupted {
                return Ok(false);
            }
            hold!(token.had, case.subject(), "{wanted:?} is sent before there was a token");
            hold!(!token.asking, case.subject(), "{wanted:?} is sent while a token is being fetched");
            hold!(!case.book.needs_token(), case.subject(), "{wanted:?} is sent under a token that was refused");
            Ok(false)
        }
        _ => Ok(false),
    }
}

/// A request that was refused again and again, under the newest token each time, is given up.
pub fn refused_again(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Send { part, .. }, Some(wanted)) = case.moment else { return Ok(false) };
    let upload = case.upload_of(wanted, part.as_ref());
    let refused = match (slot_of(wanted), upload) {
        (Some(slot), Some(id)) => case.book.upload(id).tries.get(&slot).map_or(0, |tries| tries.refused),
        _ => 0,
    };
    let subject = upload.map_or(case.subject(), |id| case.upload(id));
    hold!(refused <= MOST_REFUSALS, subject, "{wanted:?} after {refused} refusals");
    Ok(refused > 1)
}
