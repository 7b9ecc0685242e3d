use super::{Case, Moment, Verdict, hold};
use crate::books::tab::CallBook;
use partway::engine::{Action, Answer, Call, Link};
use partway::protocol::{Code, FileList, Rules, file_info, link, session_rules};

/// A call is answered with what the service said, or with a failure that something told.
pub fn calls(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Reply { call, answer }, _) = case.moment else { return Ok(false) };
    let Some(book) = case.book.calls.get(call) else { return Ok(false) };
    let text = match answer {
        Ok(answer) => wrong(case, book, answer),
        Err(failure) => {
            // Once the browser has seen none, a failed request is enough for it to be believed again.
            let unseen = case.book.link.told.is_some() || !case.book.config.online;
            let offline = failure.code == Code::Network && unseen;
            let told = book.causes.contains(&failure.code) || derived(failure.code) || offline;
            // An orphan of that key, which an upload removes too, makes requests that look the same.
            let alone = !case.book.uploads.values().any(|upload| upload.lost_start);
            let acted =
                failure.code == Code::NotFound && matches!(book.call, Call::Remove(_)) && book.doubtful && alone;
            if acted {
                Some("removed by a try whose answer was lost, and that is told as a failure".to_owned())
            } else {
                (!told).then(|| format!("{:?} came of nothing: {:?}", failure.code, book.causes))
            }
        }
    };
    hold!(text.is_none(), case.call(*call), "{:?}: {}", book.call, text.unwrap_or_default());
    Ok(true)
}

/// Codes that an engine makes of a whole answer.
fn derived(code: Code) -> bool {
    matches!(code, Code::Integrity | Code::Protocol)
}

fn wrong(case: &Case<'_>, book: &CallBook, answer: &Answer) -> Option<String> {
    let service = &case.model.service;
    match (&book.call, answer) {
        (Call::List, Answer::List(files)) => {
            let own = |name: Option<&str>| {
                let name = name?;
                case.book.uploads.values().find(|upload| upload.unique && upload.name == name)
            };
            let fits = |body: &Vec<u8>| {
                let said: Vec<_> = FileList::new(body).filter_map(Result::ok).collect();
                let hidden = said.iter().filter(|file| !files.contains(file));
                let mut hidden = hidden.filter(|file| file.is_complete() || own(file.file_name.as_deref()).is_none());
                hidden.next().is_none() && files.iter().all(|file| said.contains(file))
            };
            (!book.bodies.iter().any(fits)).then(|| "the list is not what the service said".to_owned())
        }
        (Call::File(key), Answer::File(file)) => {
            let said = book.bodies.iter().filter_map(|body| file_info(body).ok());
            let right = said.clone().any(|said| said == *file) || book.bodies.is_empty();
            (!right || file.file_key.as_ref() != Some(key)).then(|| format!("{file:?} is not what the service said"))
        }
        (Call::Link(_), Answer::Link(Link(given))) => {
            let said = service.links_given.contains(given)
                || book.bodies.iter().any(|body| link(body).ok().as_ref() == Some(given));
            (!said).then(|| "a link that the service did not give".to_owned())
        }
        (Call::Download(key), Answer::Download(bytes)) => {
            let size = service.files.get(key).map(|held| held.size);
            (size.is_some_and(|size| size != bytes.size)).then(|| format!("{} bytes of {size:?}", bytes.size))
        }
        (Call::Remove(key), Answer::Removed) => {
            let here = service.files.contains_key(key) && !service.denied.contains(key);
            here.then(|| "removed, and the bucket still has it".to_owned())
        }
        (Call::Rules, Answer::Rules(rules)) => {
            let said = book.bodies.iter().filter_map(|body| session_rules(body, 0.0, |_| None).ok());
            // An end that was past when it was told ends nothing, and is told.
            let unended = Rules { expiry: None, ..*rules };
            let known = case.book.rules.is_some_and(|known| known == *rules || known == unended);
            (!known && !said.clone().any(|said| said == *rules)).then(|| format!("{rules:?} are not the session's"))
        }
        (Call::Unfinished, Answer::Unfinished(found)) => {
            let intents = found.iter().any(|entry| entry.record.is_intent());
            intents.then(|| "an upload without a key".to_owned())
        }
        (Call::Forget(key), Answer::Forgotten) => {
            let mut rows = case.model.store.rows.values();
            let works = case.model.store.worked;
            // An upload that is being begun under that very key stores it while the store is looked through.
            let begins = case.book.uploads.values().any(|upload| upload.key.as_ref() == Some(key) && !upload.settled);
            let left = works && !begins && rows.any(|row| row.record.key == *key);
            (left && case.books.tabs.len() == 1 && !book.beside_end).then(|| "forgotten, and still stored".to_owned())
        }
        (call, answer) => Some(format!("{call:?} is answered with {answer:?}")),
    }
}
