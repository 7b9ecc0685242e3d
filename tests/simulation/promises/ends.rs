use super::{Case, Moment, Verdict, hold};
use crate::books::tab::Kind;
use crate::books::upload::Claim;
use partway::engine::{Action, State};

/// Every upload ends in exactly one of done, failed, aborted, and is settled after that: its record deleted unless it
/// is kept, its last word posted, its lock let go of. Done is shown only after the record was deleted. Every call is
/// answered once, or withdrawn.
pub fn ends(case: &Case<'_>) -> Verdict {
    match case.moment {
        Moment::Asked(Action::Show { upload, view }, _) => {
            let book = case.book.upload(*upload);
            hold!(!book.settled, case.upload(*upload), "shown after it was settled");
            let ends = matches!(view.state, State::Done | State::Failed | State::Aborted);
            hold!(book.end.is_none(), case.upload(*upload), "{:?} is shown after {:?}", view.state, book.end);
            hold!(
                view.failure.is_some() == (view.state == State::Failed),
                case.upload(*upload),
                "{:?} with the failure {:?}",
                view.state,
                view.failure
            );
            if !ends {
                return Ok(false);
            }
            let aborted = book.aborted.is_some();
            hold!(
                (view.state == State::Aborted) == aborted || case.book.interrupted,
                case.upload(*upload),
                "{:?} is shown, and aborted is what the person did: {aborted}",
                view.state
            );
            if view.state == State::Done {
                hold!(!book.stored || book.unkept, case.upload(*upload), "done before what is stored is deleted");
            }
            Ok(true)
        }
        Moment::Asked(Action::Settle { upload }, _) => settle(case, *upload),
        Moment::Asked(Action::Reply { call, .. }, _) => {
            let Some(book) = case.book.calls.get(call) else {
                return Err(Box::new((case.call(*call), "an answer to a call that nobody made".to_owned())));
            };
            hold!(!book.answered, case.call(*call), "answered twice");
            hold!(!book.withdrawn || case.book.interrupted, case.call(*call), "answered after it was withdrawn");
            Ok(true)
        }
        Moment::Quiet => {
            for (id, book) in &case.book.uploads {
                if book.settled {
                    let view = case.engine.view(*id, partway::engine::Instant(case.now));
                    hold!(view.is_none(), case.upload(*id), "settled, and the engine still knows it");
                }
                let aborted = book.aborted.is_some();
                hold!(!aborted || book.end.is_some(), case.upload(*id), "aborted, and it does not say so");
            }
            Ok(false)
        }
        Moment::Over => {
            for (id, book) in &case.book.uploads {
                let text = "the last thing shown is no end";
                hold!(book.end.is_some(), case.upload(*id), "{text}: {:?}", book.shown.map(|shown| shown.state));
                hold!(book.settled, case.upload(*id), "it is never settled after {:?}", book.end);
            }
            for (id, book) in &case.book.calls {
                hold!(book.answered || book.withdrawn, case.call(*id), "{:?} is never answered", book.call);
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn settle(case: &Case<'_>, upload: partway::engine::UploadId) -> Verdict {
    let book = case.book.upload(upload);
    hold!(!book.settled, case.upload(upload), "settled twice");
    hold!(book.end.is_some(), case.upload(upload), "settled before an end was shown");
    let busy = case.book.is_busy(upload);
    hold!(!busy, case.upload(upload), "settled while an operation of it is under way");
    if !case.book.needs_lock(book) {
        return Ok(true);
    }
    hold!(book.claim == Claim::None, case.upload(upload), "settled with its lock: {:?}", book.claim);
    let identity = book.identity.as_ref().expect("it needs a lock");
    let waits = case.book.ops.values().any(|op| matches!(&op.kind, Kind::Lock(of, _) if of == identity));
    hold!(!waits, case.upload(upload), "settled while it asks for its lock");
    if book.end == Some(State::Done) && book.loaded_once && !book.unkept {
        hold!(book.posted_end || book.followed, case.upload(upload), "settled, and no other tab was told");
    }
    Ok(true)
}

/// What is shown as done is stored: the file that the person picked, whole, every part of one version.
pub fn done_is_stored(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Show { upload, view }, _) = case.moment else { return Ok(false) };
    if view.state != State::Done {
        return Ok(false);
    }
    let book = case.book.upload(*upload);
    let Some(key) = &view.key else {
        return Err(Box::new((case.upload(*upload), "done without a key".to_owned())));
    };
    // Who has no token cannot ask, and believes a sealed word: here even lies are sealed.
    let deceived = book.believes && case.books.forged;
    let Some(held) = case.model.service.files.get(key) else {
        let removed = case.books.called_off.contains(key);
        hold!(removed || deceived, case.upload(*upload), "done, and the bucket has no {key}");
        return Ok(false);
    };
    hold!(held.complete || deceived, case.upload(*upload), "done, and {key} is not complete");
    let plan = partway::engine::Plan::new(book.plan.size(), Some(book.plan.part_size()));
    let mut next = 0;
    for (part, (_, content)) in &held.stored {
        hold!(content.file == book.file, case.upload(*upload), "part {part} is of file {}", content.file);
        hold!(content.range.start == next, case.upload(*upload), "part {part} begins at {}", content.range.start);
        next = content.range.end;
    }
    hold!(next == plan.size(), case.upload(*upload), "{next} of {} bytes are stored", plan.size());
    let mut versions: Vec<u32> = held.stored.values().map(|(_, content)| content.version).collect();
    let hidden = &case.model.files.all[book.file].hidden;
    let visible = |version: &u32| !hidden.contains(version);
    versions.retain(visible);
    versions.dedup();
    hold!(versions.len() <= 1, case.upload(*upload), "done, and its parts are of the versions {versions:?}");
    if held.stored.len() > 1
        && let (Some(identity), Some(version)) = (&book.identity, versions.first())
    {
        let same = identity.0 == format!("file {} v{version}", book.file);
        hold!(same, case.upload(*upload), "done, and version {version} is stored instead of {}", identity.0);
    }
    Ok(true)
}
