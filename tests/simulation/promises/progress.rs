use super::{Case, Moment, Verdict, hold};
use crate::books::upload::Upload;
use partway::engine::{Action, Instant, Progress, State, View};

/// `sent` never decreases and never exceeds the size; done means that all of it was sent; `resumed_from` is what was
/// stored when it went on.
pub fn progress(case: &Case<'_>) -> Verdict {
    match case.moment {
        Moment::Asked(Action::Show { upload, view }, _) => {
            let text = wrong(case.book.upload(*upload), view);
            hold!(text.is_none(), case.upload(*upload), "{}", text.unwrap_or_default());
            Ok(view.progress.sent > 0)
        }
        Moment::Quiet => {
            for (id, book) in case.book.uploads.iter().filter(|(_, book)| !book.settled) {
                let Some(view) = case.engine.view(*id, Instant(case.now)) else {
                    return Err(Box::new((case.upload(*id), "it is not settled, and there is no view".to_owned())));
                };
                let text = wrong(book, &view);
                hold!(text.is_none(), case.upload(*id), "{}", text.unwrap_or_default());
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}

fn wrong(book: &Upload, view: &View) -> Option<String> {
    let Progress { sent, total, parts, parts_done, speed, time_left, resumed_from } = view.progress;
    let size = book.plan.size();
    if sent < book.progress.sent {
        return Some(format!("sent goes back from {} to {sent}", book.progress.sent));
    }
    if total != size || sent > total || resumed_from > total {
        return Some(format!("sent {sent} of {total}, resumed from {resumed_from}, and the size is {size}"));
    }
    if parts_done > parts {
        return Some(format!("{parts_done} parts of {parts} are done"));
    }
    if !speed.is_finite() || speed < 0.0 || time_left.is_some_and(|left| !left.is_finite() || left < 0.0) {
        return Some(format!("a speed of {speed}, {time_left:?} left"));
    }
    if view.state == State::Done && (sent != size || parts_done != parts) {
        return Some(format!("done, and {sent} of {size} bytes in {parts_done} of {parts} parts are"));
    }
    let stored = book.resumed_bytes();
    if view.state == State::Uploading && !book.followed && !book.lost && book.key.is_some() {
        if resumed_from != stored {
            return Some(format!("resumed from {resumed_from}, and {stored} bytes were stored"));
        }
        if sent < book.bytes() {
            return Some(format!("sent {sent} though {} are stored", book.bytes()));
        }
    }
    None
}
