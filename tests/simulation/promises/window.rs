use super::{Case, Moment, Verdict, hold};

/// The window halves when the service or the line is overloaded, once for all requests that were sent before; it grows
/// by one when a part was stored, or twofold as long as it never halved; else it stays.
pub fn window(case: &Case<'_>) -> Verdict {
    let Moment::Quiet = case.moment else { return Ok(false) };
    let (before, after) = (case.book.window.allowed, case.engine.parts_allowed());
    let window = &case.book.window;
    let half = |wide: usize| (wide / 2).max(1);
    let most = if window.may_grow { case.book.config.parallel } else { before };
    let twofold = if window.halved.is_none() { 2 * before } else { before + 1 };
    let grown = [before, before + 1, twofold].map(|wide| wide.min(most));
    let halved = grown.iter().any(|wide| after == half(*wide));
    if window.must_halve && !case.book.interrupted {
        hold!(halved, case.subject(), "an overload does not halve the window: {before}, then {after}");
    } else if window.may_halve || window.must_halve {
        let fits = halved || grown.contains(&after);
        hold!(fits, case.subject(), "the window was {before} and is {after}");
    } else {
        hold!(grown.contains(&after), case.subject(), "the window moves for nothing: {before} to {after}");
    }
    Ok(window.must_halve || after != before)
}
