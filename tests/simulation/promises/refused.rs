use super::{Case, Moment, Verdict, hold};
use crate::model::service::Refusing;
use partway::engine::{Action, State};
use partway::protocol::Code;

/// Tries that it takes to find out whom the service refuses.
const LEAST_TRIES: u32 = 3;
/// After so long the finder waits its longest, in milliseconds; and requests that are sent in a minute then.
const SETTLED: u64 = 100_000;
const MINUTE: u64 = 60_000;
const MOST_A_MINUTE: usize = 20;
/// The slowest answer, in milliseconds, stalls where a stall is shorter.
const SLOWEST: u64 = 5000;

/// What refuses everything now, where nothing else goes wrong with requests.
fn refusing(case: &Case<'_>) -> Option<Refusing> {
    let refusing = case.model.service.refuses(false, case.now)?;
    let stalls = case.book.config.stall <= SLOWEST;
    (case.model.faults.spares_requests() && !stalls).then_some(refusing)
}

/// What the service refuses to everybody ends no upload.
pub fn fails_nobody(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Show { upload, view }, _) = case.moment else { return Ok(false) };
    let Some(refusing) = refusing(case).filter(|_| case.book.config.backoff.attempts >= LEAST_TRIES) else {
        return Ok(false);
    };
    if view.state != State::Failed {
        return Ok(view.state == State::Waiting);
    }
    let status = view.failure.as_ref().and_then(|failure| failure.status);
    // What a file that could not be read cost is no try of the service's.
    if case.book.upload(*upload).causes.iter().any(|code| *code != Code::Server) {
        return Ok(false);
    }
    hold!(status != Some(refusing.status), case.upload(*upload), "it fails of what everybody is answered: {status:?}");
    Ok(true)
}

/// A service that serves nobody is not stormed.
pub fn no_storm(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Send { .. }, Some(_)) = case.moment else { return Ok(false) };
    let Some(refusing) = refusing(case).filter(|refusing| case.now >= refusing.since + SETTLED) else {
        return Ok(false);
    };
    let lately = case.book.sends.iter().filter(|at| **at + MINUTE > case.now).count();
    let text = format!("{lately} requests in a minute, {} s after it began", (case.now - refusing.since) / 1000);
    hold!(lately <= MOST_A_MINUTE, case.subject(), "{text}");
    Ok(true)
}
