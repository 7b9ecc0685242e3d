use super::{Case, Moment, Verdict, hold};
use crate::books::upload::Claim;
use partway::engine::{Instant, State};

/// Once all faults ended, everything ends within this time, in milliseconds: an hour is what a request may take whose
/// progress nobody hears of, and its deadline doubles each time.
pub const BOUND: u64 = 8 * 3_600_000;

/// No wait is infinite but a pause, a missing network, a missing token and another tab that has the file, and those are
/// what is shown. Once all faults ended, everything does.
pub fn finite(case: &Case<'_>) -> Verdict {
    let waits = case.engine.wake_at().is_some();
    match case.moment {
        Moment::Stuck => {
            let mut mattered = false;
            for (id, book) in case.book.uploads.iter().filter(|(_, book)| book.end.is_none()) {
                let state = case.engine.view(*id, Instant(case.now)).map(|view| view.state);
                let elsewhere = case.book.needs_lock(book) && book.claim != Claim::Held && book.followed;
                mattered = true;
                if waits || case.book.is_busy(*id) || elsewhere || !case.book.ops.is_empty() {
                    continue;
                }
                let said = matches!(state, Some(State::Paused | State::Waiting));
                hold!(said, case.upload(*id), "nothing will ever happen, and it is {state:?}");
                let paused = state == Some(State::Paused);
                hold!(paused == book.is_paused(), case.upload(*id), "{state:?}, and paused is what the person did");
            }
            Ok(mattered)
        }
        Moment::Over => {
            let calm = case.books.calm.unwrap_or_default();
            hold!(case.now <= calm + BOUND, case.subject(), "it goes on for ever: {:?}", case.engine.wake_at());
            Ok(true)
        }
        _ => Ok(false),
    }
}
