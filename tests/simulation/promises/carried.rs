use super::{Case, Moment, Verdict, hold};
use partway::engine::{Action, PartBody};
use partway::protocol::Code;

/// How many times the stall timeout a part may need in its second try, where the service answers others.
const PATIENCE: u64 = 8;
/// The slowest answer besides, in milliseconds.
const SLOWEST: u64 = 10_000;

/// What the line carries arrives: no part is sent more than twice because the line, which takes bytes at once, or the
/// service, which thinks about them, is slow.
pub fn carried(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Send { part: Some(PartBody { upload, range }), .. }, _) = case.moment else {
        return Ok(false);
    };
    let (faults, stall) = (&case.model.faults, case.book.config.stall);
    let is_carried = faults.swallows > 0 && faults.swallows + SLOWEST <= PATIENCE * stall;
    let book = case.book.upload(*upload);
    // A pause, an outage and a token that is refused take parts back, too.
    let is_slow_only = book.causes.iter().all(|code| *code == Code::Timeout) && book.unread == 0;
    let undisturbed = faults.spares_requests()
        && faults.offline + faults.refusals == 0
        && case.books.sleeps == 0
        && !book.was_paused
        && !case.book.interrupted;
    if !is_carried || !is_slow_only || !undisturbed {
        return Ok(false);
    }
    let number = (range.start / book.plan.part_size()) as u32 + 1;
    let times = book.tried.get(&number).copied().unwrap_or_default();
    hold!(times < 2, case.upload(*upload), "part {number} is sent for the {}th time", times + 1);
    Ok(times > 0)
}
