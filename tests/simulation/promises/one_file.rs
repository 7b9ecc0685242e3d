use super::{Case, Moment, Verdict, hold};
use crate::books::wanted::Wanted;
use partway::engine::Action;

/// An upload that goes on completes no part of what the file was before: each part that it found stored has the bytes
/// that the file had when it went on.
pub fn one_file(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Send { .. }, Some(Wanted::Complete { key, tags })) = case.moment else {
        return Ok(false);
    };
    let (Some(id), Some(held)) = (case.book.upload_of(Some(key)), case.model.service.files.get(key)) else {
        return Ok(false);
    };
    let resumed = case.book.upload(id).resumed.iter().filter_map(|(number, digest)| Some((number, (*digest)?)));
    let mut compared = false;
    for (number, digest) in resumed {
        let Some((tag, content)) = held.stored.get(number) else { continue };
        // Another tag is refused.
        if tags.get(*number as usize - 1) == Some(tag) {
            hold!(content.digest() == digest, case.upload(id), "part {number} is of what the file was before");
            compared = true;
        }
    }
    Ok(compared)
}
