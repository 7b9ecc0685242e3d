use super::{Case, Moment, Verdict, hold};
use crate::books::wanted::Wanted;
use partway::engine::Action;

/// Nothing is completed before every part is stored at the service and every tag here (or keeping was given up), and
/// then with the newest tag of each part, in their order.
pub fn completed(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Send { .. }, Some(Wanted::Complete { key, tags })) = case.moment else {
        return Ok(false);
    };
    let Some(id) = case.book.upload_of(Some(key)) else {
        return Err(Box::new((case.subject(), format!("{key} is completed, and no upload here has that key"))));
    };
    let book = case.book.upload(id);
    let parts = book.plan.parts();
    hold!(book.is_whole(), case.upload(id), "completed with {} parts of {parts}", book.tags.len());
    let unsaved = (1..=parts).find(|part| !book.is_saved(*part));
    hold!(
        book.unkept || book.unrecorded || unsaved.is_none(),
        case.upload(id),
        "completed before the tag of part {} is stored",
        unsaved.unwrap_or_default()
    );
    hold!(book.tags.values().eq(tags), case.upload(id), "completed with {tags:?} instead of {:?}", book.tags);
    hold!(case.book.parts_of(id) == 0, case.upload(id), "completed while parts are in flight");
    Ok(true)
}
