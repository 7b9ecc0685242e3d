use super::{Case, Moment, Verdict, hold};
use crate::books::wanted::Wanted;
use partway::engine::{Action, PartBody};

/// A tab never sends a part again that the service has and whose tag is known, whoever stored it, unless the service
/// said that it has lost the upload.
pub fn going_on(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Send { part: Some(PartBody { upload, .. }), .. }, Some(Wanted::Part { number, .. })) =
        case.moment
    else {
        return Ok(false);
    };
    let book = case.book.upload(*upload);
    let known = book.tags.contains_key(number);
    hold!(!known || book.lost, case.upload(*upload), "part {number} is stored, and is sent again");
    Ok(book.loaded.as_ref().is_some_and(|loaded| !loaded.record.is_intent()))
}
