use super::{Case, Moment, Verdict, hold};
use crate::model::store::Row;
use crate::trace::Subject;
use partway::engine::{Action, Identity, State};

/// In the end the bucket holds no unfinished file whose key nobody knows, if names are unique: each is in the store for
/// a later tab, or was shown to a person with an upload that failed, was kept, or could not be removed.
pub fn orphans(case: &Case<'_>) -> Verdict {
    let Moment::End = case.moment else { return Ok(false) };
    let mut mattered = false;
    for (key, held) in &case.model.service.files {
        let plain = held.name.starts_with("plain");
        let untold = case.model.service.names_untold.contains(&held.name);
        let unpromised = untold || case.books.unpromised.contains(&held.name);
        let identity = whose(case, &held.name).identity;
        let file = identity.as_ref().and_then(|identity| case.books.files.get(identity));
        let unkept = file.is_some_and(|file| file.unkept) || given_up(case, identity.as_ref());
        if held.complete || plain || unpromised || unkept || case.model.service.session_ends {
            continue;
        }
        // Whoever goes on from the record of the same file removes it; nobody can before the file is as it was.
        let rows = &case.model.store.rows;
        let waits = |row: &(&Identity, &Row)| Some(row.0) == identity.as_ref() && !case.model.files.shows(row.0);
        let stored = rows.iter().any(|row| waits(&row) && !row.1.record.is_intent())
            || rows.values().any(|row| row.record.key == *key);
        let known = stored || case.books.called_off.contains(key) || case.books.shown_keys.contains(key);
        hold!(known, whose(case, &held.name), "{key} ({}) is left in the bucket, and nobody knows its key", held.name);
        mattered = true;
    }
    Ok(mattered || !case.model.service.removed.is_empty())
}

/// The upload that bears this name.
fn whose(case: &Case<'_>, name: &str) -> Subject {
    let mut tabs = case.books.tabs.iter().enumerate();
    let found = tabs.find_map(|(tab, book)| {
        let (id, upload) = book.uploads.iter().find(|(_, upload)| upload.name == name)?;
        Some(Subject { identity: upload.identity.clone(), ..Subject::upload(tab, *id) })
    });
    found.unwrap_or_default()
}

/// Whether the service refused a list or a removal to an upload of the same file, or failed it to the last try.
pub fn given_up(case: &Case<'_>, identity: Option<&Identity>) -> bool {
    let mut uploads = case.books.tabs.iter().flat_map(|tab| tab.uploads.values());
    identity.is_some() && uploads.any(|upload| upload.search_failed && upload.identity.as_ref() == identity)
}

/// Before an upload is done, what a lost start of it left is sought in the list once more.
pub fn sought(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Show { upload, view }, _) = case.moment else { return Ok(false) };
    let book = case.book.upload(*upload);
    if view.state != State::Done || !book.lost_start || !book.unique || book.followed {
        return Ok(false);
    }
    let sought = book.searched_after_start || book.search_failed;
    hold!(sought, case.upload(*upload), "done, and what a lost start left was not sought");
    Ok(true)
}
