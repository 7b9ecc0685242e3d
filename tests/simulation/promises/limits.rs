use super::{Case, Moment, Verdict, hold};
use crate::books::tab::Kind;
use crate::books::wanted::Wanted;
use partway::engine::{Action, UploadId};

/// How old a request is that holds nobody else back, in milliseconds.
pub const SLOW: u64 = 1000;

/// At most `parallel` parts are in flight, no more than the window unless some are slow; at most `min(window + 2, 6)`
/// requests, a probe apart.
pub fn limits(case: &Case<'_>) -> Verdict {
    let (part, wanted) = match case.moment {
        Moment::Asked(Action::Send { part, .. }, Some(wanted)) => (part, wanted),
        Moment::Asked(Action::Peek { upload, .. }, _) => return place(case, *upload),
        _ => return Ok(false),
    };
    let book = case.book;
    let window = case.engine.parts_allowed();
    let parallel = book.config.parallel;
    hold!(window <= parallel && window >= 1, case.subject(), "{window} parts allowed of {parallel}");
    if let Some(part) = part {
        let parts = book.parts_in_flight() + 1;
        hold!(parts <= parallel, case.upload(part.upload), "{parts} parts in flight, {parallel} allowed");
        return Ok(true);
    }
    if book.may_probe() && matches!(wanted, Wanted::List | Wanted::Rules) {
        // A probe takes no place.
        return Ok(false);
    }
    let in_flight = book.flights.values().filter(|flight| !flight.probes).count() + 1;
    let most = book.most_requests(case.engine);
    hold!(in_flight <= most, case.subject(), "{in_flight} requests in flight, with a window of {window}");
    Ok(in_flight + 1 >= most)
}

/// A part takes its place when its bytes are looked for.
fn place(case: &Case<'_>, upload: UploadId) -> Verdict {
    let book = case.book;
    if book.is_suspicious(case.now) || book.interrupted {
        return Ok(false);
    }
    let window = case.engine.parts_allowed();
    // A read that hangs takes none.
    let late = |since: u64| since + SLOW <= case.now + 5;
    let looked_for = |of: Option<UploadId>| {
        let peeks = book.ops.values().filter(move |op| match op.kind {
            Kind::Peek(peeked) => of.is_none_or(|of| of == peeked) && !late(op.since),
            _ => false,
        });
        peeks.count()
    };
    let parts = book.parts_in_flight() + looked_for(None) + 1;
    let slow =
        book.flights.values().filter(|flight| flight.part.is_some() && flight.sent + SLOW <= case.now + 5).count();
    let alone = book.parts_of(upload) + looked_for(Some(upload)) == 0;
    let beside = alone && parts - slow <= window;
    hold!(parts <= window || beside, case.upload(upload), "{parts} parts in a window of {window}, {slow} of them slow");
    let requests = book.flights.values().filter(|flight| !flight.probes).count() + looked_for(None) + 1;
    let most = book.most_requests(case.engine);
    hold!(requests <= most, case.upload(upload), "{requests} requests in flight, with a window of {window}");
    Ok(true)
}
