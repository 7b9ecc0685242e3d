use super::{Case, Moment, Verdict, hold};
use crate::books::wanted::Wanted;
use partway::engine::Action;

/// An aborted upload sends nothing more but its removal, and the search for what a lost start left; one that is to be
/// kept sends nothing.
pub fn aborted(case: &Case<'_>) -> Verdict {
    match case.moment {
        Moment::Asked(Action::Send { part, .. }, Some(wanted)) if !case.book.interrupted => {
            let Some(id) = case.upload_of(wanted, part.as_ref()) else { return Ok(false) };
            let book = case.book.upload(id);
            let Some((_, keep)) = book.aborted else { return Ok(false) };
            let called = book
                .key
                .as_ref()
                .is_some_and(|key| case.book.calls.values().any(|call| crate::books::asked::touches(&call.call, key)));
            let removes = matches!(wanted, Wanted::Remove(_));
            hold!(called || (removes && !keep), case.upload(id), "{wanted:?} is sent after its abort (keep: {keep})");
            Ok(true)
        }
        Moment::Quiet => {
            for flight in case.book.flights.values() {
                let Some(id) = flight.upload else { continue };
                let Some((_, keep)) = case.book.upload(id).aborted else { continue };
                let starts = matches!(flight.wanted, Wanted::Start { .. }) && !keep;
                let joins = matches!(flight.wanted, Wanted::Part { .. } | Wanted::Complete { .. });
                let begins = matches!(flight.wanted, Wanted::Start { .. });
                hold!(!joins && (starts || !begins), case.upload(id), "{:?} goes on after its abort", flight.wanted);
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}
