use super::{Case, Moment, Verdict, hold};
use crate::books::wanted::Wanted;
use partway::engine::{Action, PartBody};

/// A part bears the bytes that the plan gives its number, and goes to the upload that its file was announced as; it is
/// in flight once, and once its tag is known it is not sent again. A start announces the plan.
pub fn part_is_the_plans(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Send { part, .. }, Some(wanted)) = case.moment else { return Ok(false) };
    match (wanted, part) {
        (Wanted::Start { parts, size, name }, _) => {
            let named = case.book.uploads.values().filter(|book| book.name == *name && !book.settled);
            for book in named {
                let plan = partway::engine::Plan::new(book.plan.size(), case.book.config.part_size);
                hold!(*size == plan.size(), case.subject(), "a start announces {size} bytes of {}", plan.size());
                hold!(*parts == plan.parts(), case.subject(), "a start announces {parts} parts of {}", plan.parts());
            }
            Ok(true)
        }
        (Wanted::Part { key, upload_id, number }, Some(PartBody { upload, range })) => {
            let (id, book) = (*upload, case.book.upload(*upload));
            hold!(book.key.as_ref() == Some(key), case.upload(id), "a part goes to {key}, not to {:?}", book.key);
            hold!(book.upload_id.as_ref() == Some(upload_id), case.upload(id), "a part bears the ID {upload_id}");
            hold!((1..=book.plan.parts()).contains(number), case.upload(id), "part {number} is none of the plan's");
            let planned = book.plan.range(*number);
            hold!(*range == planned, case.upload(id), "part {number} has the bytes {range:?}, not {planned:?}");
            let twice =
                case.book.flights.values().any(|flight| flight.upload == Some(id) && flight.part == Some(*number));
            hold!(!twice, case.upload(id), "part {number} is in flight twice");
            Ok(true)
        }
        (Wanted::Part { .. }, None) => Err(Box::new((case.subject(), "a part without bytes".to_owned()))),
        _ => Ok(false),
    }
}
