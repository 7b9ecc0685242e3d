use super::{Case, Moment, Verdict, hold};
use crate::books::asked::touches;
use crate::books::tab::Flight;
use partway::engine::{Action, State};

/// Longest time that a request which is tried again may be silent, in milliseconds, where the stall timeout is shorter.
const LONGEST_SILENCE: u64 = 600_000;
/// A request whose progress nobody hears of may need so long for its bytes besides, in milliseconds.
const UNHEARD: u64 = 3_600_000;
/// A timer may be so late without anybody noting it, in milliseconds.
const SLACK: u64 = 2000;

/// A request that moves no byte for the stall timeout is given up, and no request of a live upload before.
pub fn stalls(case: &Case<'_>) -> Verdict {
    match case.moment {
        Moment::Quiet => {
            for flight in case.book.flights.values() {
                let longest = LONGEST_SILENCE.max(case.book.config.stall);
                let since = flight.moved.max(case.book.woke_late);
                let unheard = if flight.part.is_some() && !flight.reports { UNHEARD } else { 0 };
                // What the service may be at work on gets the stall timeout again and again, the last time just before.
                let patience = longest + unheard + case.book.config.stall + SLACK;
                let still = case.now.saturating_sub(since);
                let subject = flight.upload.map_or(case.subject(), |id| case.upload(id));
                hold!(still <= patience, subject, "{:?} has moved nothing for {still} ms", flight.wanted);
                let trickles = flight.reports && case.now - flight.sent > 5 * longest + SLACK;
                let slow = flight.bytes < (case.now - flight.sent) / 2;
                let rested = case.now.saturating_sub(case.book.woke_late) > 2 * case.book.config.stall + SLACK;
                hold!(
                    !(trickles && slow && rested && flight.part.is_none()),
                    flight.upload.map_or(case.subject(), |id| case.upload(id)),
                    "{:?} trickles on",
                    flight.wanted
                );
            }
            Ok(false)
        }
        Moment::Asked(Action::Cancel { op }, _) => {
            let Some(flight) = case.book.flights.get(op) else { return Ok(false) };
            // The engine counts from when it was told what the request follows from.
            let stalled = case.now + 5 >= flight.moved + case.book.config.stall;
            let subject = flight.upload.map_or(case.subject(), |id| case.upload(id));
            hold!(
                stalled || trickles(case, flight) || is_unwanted(case, flight),
                subject,
                "{:?} is given up after {} ms",
                flight.wanted,
                case.now - flight.moved
            );
            Ok(stalled)
        }
        _ => Ok(false),
    }
}

fn trickles(case: &Case<'_>, flight: &Flight) -> bool {
    let age = case.now - flight.sent;
    age >= 4 * case.book.config.stall && flight.bytes < age
}

/// Whether nobody wants this request any more.
fn is_unwanted(case: &Case<'_>, flight: &Flight) -> bool {
    if case.book.closed || case.book.interrupted {
        return true;
    }
    let calls = |key: &str| case.book.calls.values().any(|call| touches(&call.call, key));
    if flight.part.is_none() && flight.wanted.key().is_some_and(calls) {
        return true;
    }
    let forgotten = case.book.calls.values().any(|call| matches!(call.call, partway::engine::Call::Forget(_)));
    if let Some(upload) = flight.upload.map(|id| case.book.upload(id)) {
        let paused = upload.is_paused() && flight.part.is_some();
        let ending = upload.causes.iter().any(|code| !code.is_retryable());
        let attempts = case.book.config.backoff.attempts;
        let spent = upload.tries.values().any(|tries| tries.cost + tries.maybe >= tries.most(attempts).max(1));
        let failed = spent || upload.unread > 0 || matches!(upload.end, Some(State::Failed | State::Aborted));
        // What was in doubt may just have been judged, and been the last try.
        let judged = case.book.is_suspicious(case.now) && !upload.causes.is_empty();
        return judged
            || paused
            || upload.lost_lock
            || upload.aborted.is_some()
            || upload.lost
            || ending
            || failed
            || forgotten;
    }
    // A probe, a list or a removal that no upload or call waits for any more.
    true
}
