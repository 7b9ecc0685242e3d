use super::{Case, Moment, Verdict, hold};
use crate::books::upload::Upload;
use partway::engine::{Action, Instant, State};

/// Shortest time between two shows of the same state, in milliseconds.
const SHOW_EVERY: u64 = 50;
/// Actions that one event may ask for.
const MOST_ACTIONS: u32 = 1000;

/// What is shown is the engine's view; the same state is not shown twice within 50 ms; what is shown last is the state
/// it is in.
pub fn shown(case: &Case<'_>) -> Verdict {
    match case.moment {
        Moment::Asked(Action::Show { upload, view }, _) => {
            let book = case.book.upload(*upload);
            let known = case.engine.view(*upload, Instant(case.now));
            let same = known.as_ref().is_some_and(|known| known.state == view.state && known.key == view.key);
            hold!(
                same || case.book.interrupted || known.is_none(),
                case.upload(*upload),
                "{:?} is shown, and it is {:?}",
                view.state,
                known.map(|known| known.state)
            );
            if let Some(shown) = book.shown {
                let early = shown.state == view.state && case.now - shown.at < SHOW_EVERY;
                hold!(
                    !early || case.book.interrupted,
                    case.upload(*upload),
                    "{:?} is shown again after {} ms",
                    view.state,
                    case.now - shown.at
                );
            }
            Ok(true)
        }
        Moment::Quiet => {
            // What is done is shown as done once its record is deleted; until then it is completing, and says nothing.
            let shown = |book: &Upload| !(book.settled || book.posted_end && book.end.is_none());
            for (id, book) in case.book.uploads.iter().filter(|(_, book)| shown(book)) {
                let state = case.engine.view(*id, Instant(case.now)).map(|view| view.state);
                let shown = book.shown.map_or(State::Queued, |shown| shown.state);
                hold!(state == Some(shown), case.upload(*id), "it is {state:?}, and {shown:?} is shown");
                let paused = state == Some(State::Paused);
                hold!(!paused || book.is_paused(), case.upload(*id), "it is paused, and nobody paused it");
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}

/// One event, or one moment, asks for a bounded number of actions, and a wake-up is never in the past.
pub fn no_busy_loop(case: &Case<'_>) -> Verdict {
    match case.moment {
        Moment::Asked(action, _) => {
            hold!(case.book.actions < MOST_ACTIONS, case.subject(), "an event asks for ever more: {action:?}");
            Ok(false)
        }
        Moment::Quiet => {
            if let Some((at, reason)) = case.engine.wake_at() {
                hold!(at.0 > case.now, case.subject(), "it asks to be woken at {} ms: {reason}", at.0);
                hold!(!reason.is_empty(), case.subject(), "a wake-up without a reason");
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}
