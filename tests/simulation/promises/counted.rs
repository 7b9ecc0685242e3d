use super::{Case, Moment, Verdict, hold};
use crate::books::upload::Upload;
use partway::engine::{Action, State, View};

/// A part counts once, and only after its tag is stored, or keeping was given up and that was said.
pub fn counted(case: &Case<'_>) -> Verdict {
    match case.moment {
        Moment::Asked(Action::Show { upload, view }, _) => {
            let book = case.book.upload(*upload);
            if let Some(text) = miscounted(book, view) {
                return Err(Box::new((case.upload(*upload), text)));
            }
            Ok(view.progress.parts_done > 0)
        }
        Moment::Asked(Action::Store { upload, .. } | Action::StorePart { upload, .. }, _) => {
            let book = case.book.upload(*upload);
            hold!(
                !book.unkept || book.end.is_some() || case.book.interrupted,
                case.upload(*upload),
                "something is stored of it after keeping was given up"
            );
            hold!(case.book.config.resume, case.upload(*upload), "something is stored without `resume`");
            Ok(false)
        }
        Moment::Quiet => {
            let should = case.book.should_warn.iter().any(|id| case.book.upload(*id).live());
            hold!(!case.book.must_warn && !should, case.subject(), "the store failed, and nobody says so");
            for (id, book) in case.book.uploads.iter().filter(|(_, book)| !book.settled) {
                let Some(view) = case.engine.view(*id, partway::engine::Instant(case.now)) else { continue };
                if let Some(text) = miscounted(book, &view) {
                    return Err(Box::new((case.upload(*id), text)));
                }
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}

fn miscounted(book: &Upload, view: &View) -> Option<String> {
    let (done, parts) = (view.progress.parts_done as usize, book.plan.parts() as usize);
    // What another tab told is that tab's count; so is what is known of a file that was found whole.
    if book.followed || ((book.end.is_some() || book.posted_end) && done == parts) {
        return (done > parts).then(|| format!("{done} parts of {parts} count"));
    }
    if view.state == State::Done {
        return None;
    }
    let ended =
        !matches!(view.state, State::Starting | State::Uploading | State::Waiting | State::Paused | State::Completing);
    let most = if book.unkept || book.unrecorded || ended {
        book.tags.len()
    } else {
        book.tags.keys().filter(|part| book.is_saved(**part)).count()
    };
    if done > most {
        return Some(format!("{done} parts count, and {most} are stored"));
    }
    let least = if book.lost || book.key.is_none() || !book.live() { 0 } else { book.saved.len() };
    (done < least).then(|| format!("{done} parts count though {least} are stored"))
}
