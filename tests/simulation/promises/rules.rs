use super::{Case, Moment, Verdict, hold};
use crate::books::upload::Slot;
use crate::books::wanted::Wanted;
use crate::model::EPOCH;
use partway::engine::{Action, RulesSource, State};
use partway::protocol::Code;
use std::collections::BTreeMap;

/// Nothing starts against rules that are known; nothing is refused by them without a cause.
pub fn rules(case: &Case<'_>) -> Verdict {
    let Some(rules) =
        case.book.rules.filter(|_| !case.book.rules_change && case.book.config.rules != RulesSource::Ignore)
    else {
        return Ok(false);
    };
    match case.moment {
        Moment::Asked(Action::Send { .. } | Action::Store { .. }, _) => {
            let Some((name, size)) = begins(case) else { return Ok(false) };
            let own = case.book.uploads.values().filter(|book| book.name != name);
            let certain = |book: &&crate::books::upload::Upload| {
                book.end != Some(State::Aborted) && !book.lost && !book.search_failed
            };
            let sizes: BTreeMap<&String, u64> =
                own.filter(certain).filter_map(|book| Some((book.key.as_ref()?, book.plan.size()))).collect();
            let service = &case.model.service;
            let there = |key: &String| service.files.contains_key(key) && !service.denied.contains(key);
            let held = sizes.iter().filter(|(key, _)| there(key));
            let (mut files, mut bytes) = (0, 0);
            held.for_each(|(_, size)| (files, bytes) = (files + 1, bytes + size));
            let most = rules.max_files;
            hold!(most.is_none_or(|most| files < most), case.subject(), "{name} is one file more than {most:?}");
            let most = rules.max_total_mega_bytes.map(|most| most * 1e6);
            // One that was let in, and paused before its start, may be overtaken by what another one goes on from.
            let paused = case.book.uploads.values().any(|book| book.name == name && book.was_paused);
            let fits = paused || most.is_none_or(|most| (bytes + size) as f64 <= most);
            hold!(fits, case.subject(), "{name} makes it {} bytes of {most:?}", bytes + size);
            let ended = rules.expiry.is_some_and(|expiry| EPOCH + case.now as f64 > expiry + 1000.0);
            let just_now = matches!(case.moment, Moment::Asked(Action::Store { .. }, _));
            hold!(!ended || !just_now, case.subject(), "{name} is started after the session ended");
            Ok(most.is_some() || rules.max_files.is_some())
        }
        Moment::Asked(Action::Show { upload, view }, _) if view.state == State::Failed => {
            let Some(failure) = &view.failure else { return Ok(false) };
            let others = case.book.uploads.len() as u64 - 1;
            // A start that was lost may have left a file, too.
            let others = others + u64::from(case.book.upload(*upload).starts > 0);
            let size = case.book.upload(*upload).plan.size();
            let cause = match failure.code {
                Code::TooManyFiles => rules.max_files.is_some_and(|most| others + case.book.seen_files >= most),
                Code::TooLarge => rules.max_total_mega_bytes.is_some_and(|most| {
                    let others: u64 = case.book.uploads.values().map(|book| book.plan.size()).sum();
                    (others + case.book.seen_bytes) as f64 > most * 1e6 || size as f64 > most * 1e6
                }),
                Code::SessionExpired => rules.expiry.is_some_and(|expiry| EPOCH + case.now as f64 + 1000.0 >= expiry),
                _ => return Ok(false),
            };
            hold!(cause, case.upload(*upload), "{:?} without a cause: {rules:?}", failure.code);
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Name and size of the upload that the rules must have let in just now: its start is sent, or stored as an intent.
fn begins(case: &Case<'_>) -> Option<(String, u64)> {
    let book = match case.moment {
        Moment::Asked(Action::Send { .. }, Some(Wanted::Start { name, .. })) => {
            case.book.uploads.values().find(|book| book.name == *name && !book.settled)?
        }
        Moment::Asked(Action::Store { upload, .. }, _) if case.book.upload(*upload).live() => case.book.upload(*upload),
        _ => return None,
    };
    (!book.admitted).then(|| (book.name.clone(), book.plan.size()))
}

/// An upload fails only of what an answer, the connection, the token, the file or the rules told.
pub fn causes(case: &Case<'_>) -> Verdict {
    match case.moment {
        Moment::Asked(Action::Show { upload, view }, _) if view.state == State::Failed => {
            let Some(failure) = &view.failure else { return Ok(false) };
            let book = case.book.upload(*upload);
            let by_rules = matches!(failure.code, Code::TooManyFiles | Code::TooLarge | Code::SessionExpired);
            // The session's end is the token's, too, where none could be had before the file was picked.
            let tokenless = failure.code == Code::Unauthorized && case.book.token.missed_since.is_some();
            let told = tokenless || book.causes.contains(&failure.code);
            hold!(
                told || (by_rules && case.book.rules.is_some()),
                case.upload(*upload),
                "it fails of {:?}, and that came of nothing: {:?}",
                failure.code,
                book.causes
            );
            // A completion in doubt may have been done, and the file be removed since.
            let doubtful = book.tries.contains_key(&Slot::Complete);
            let lost = failure.code == Code::NotFound
                && !doubtful
                && book.loaded.as_ref().is_some_and(|loaded| !loaded.record.is_intent());
            hold!(
                !lost,
                case.upload(*upload),
                "the service lost what an earlier tab began, and it does not begin anew"
            );
            Ok(true)
        }
        _ => Ok(false),
    }
}
