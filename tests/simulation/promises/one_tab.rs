use super::{Case, Moment, Verdict, hold};
use crate::books::upload::Upload;
use crate::books::wanted::Wanted;
use partway::engine::{Action, Identity};
use partway::protocol::Code;

/// A tab sends parts of a file, begins it or completes it, only while it has the file's lock. So no two tabs that live
/// send one file at the same time, and the second begins after the first let go.
pub fn one_tab(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Send { part, .. }, Some(wanted)) = case.moment else { return Ok(false) };
    let adds = matches!(wanted, Wanted::Start { .. } | Wanted::Part { .. } | Wanted::Complete { .. });
    let Some(id) = case.upload_of(wanted, part.as_ref()).filter(|_| adds) else { return Ok(false) };
    let book = case.book.upload(id);
    if !case.book.needs_lock(book) {
        return Ok(false);
    }
    let identity = book.identity.as_ref().expect("it needs a lock");
    let is_stolen = |tab: usize| case.books.stolen.contains(&(tab, identity.clone()));
    if is_stolen(case.tab) {
        // It does not know yet.
        return Ok(false);
    }
    let holder = case.model.locks.holder(identity);
    let text = "is sent, and the lock of the file is";
    hold!(holder == Some(case.tab), case.upload(id), "{wanted:?} {text} with {holder:?}");
    for (other, book) in case.books.tabs.iter().enumerate().filter(|(other, book)| *other != case.tab && book.alive) {
        let sends = book.flights.values().find(|flight| {
            let upload = flight.upload.map(|id| book.upload(id));
            flight.part.is_some()
                && upload.is_some_and(|upload| upload.identity.as_ref() == Some(identity) && book.needs_lock(upload))
        });
        hold!(
            sends.is_none() || is_stolen(other),
            case.upload(id),
            "{wanted:?} is sent while tab {other} still sends {sends:?}"
        );
    }
    Ok(book.followed)
}

/// A file that several tabs picked is in the bucket once, however often it changed hands; more often only where it was
/// picked again after it had ended.
pub fn once(case: &Case<'_>) -> Verdict {
    let Moment::End = case.moment else { return Ok(false) };
    let subject = |identity: &Identity| crate::trace::Subject {
        identity: Some(identity.clone()),
        tab: Some(usize::MAX),
        ..Default::default()
    };
    let mut mattered = false;
    for (identity, file) in &case.books.files {
        let service = &case.model.service;
        let there = service
            .files
            .iter()
            .filter(|(key, _)| !service.denied.contains(*key) && !case.books.called_off.contains(*key));
        let copies = there.filter(|(_, held)| held.complete && is_of(held, identity)).count();
        // A tab that could not sample the file does not know that others send it.
        let prefix = |file: usize| format!("file {file} v");
        let mut uploads = case.books.tabs.iter().flat_map(|tab| tab.uploads.values());
        if uploads
            .any(|upload| upload.sampled && upload.identity.is_none() && identity.0.starts_with(&prefix(upload.file)))
        {
            continue;
        }
        // A removal that failed, or was not to be asked for without a token, leaves a copy of what was aborted.
        let copied = uploads_of(case, identity).any(is_left_complete);
        // Who followed a tab and heard lies of it may have begun the file anew.
        if file.blurred
            || case.books.forged
            || copied
            || case.model.service.session_ends
            || !case.books.undisturbed
            || super::orphans::given_up(case, Some(identity))
        {
            continue;
        }
        hold!(copies <= file.copies, subject(identity), "{} is in the bucket {copies} times", identity.0);
        mattered |= file.tabs > 1 && copies > 0;
    }
    Ok(mattered)
}

/// It was aborted after its completion was sent, and a token was wanting.
fn is_left_complete(upload: &Upload) -> bool {
    let tokenless = upload.causes.iter().any(|code| matches!(code, Code::Unauthorized | Code::InvalidOption));
    upload.aborted.is_some() && upload.completing && tokenless
}

fn uploads_of<'a>(case: &'a Case<'_>, identity: &'a Identity) -> impl Iterator<Item = &'a Upload> {
    let uploads = case.books.tabs.iter().flat_map(|tab| tab.uploads.values());
    uploads.filter(move |upload| upload.identity.as_ref() == Some(identity))
}

fn is_of(held: &crate::model::service::Held, identity: &Identity) -> bool {
    held.stored.values().all(|(_, content)| identity.0 == format!("file {} v{}", content.file, content.version))
}
