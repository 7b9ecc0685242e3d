use super::{Case, Moment, Verdict, hold};
use crate::books::tab::Kind;
use partway::engine::{Action, Instant, State};
use partway::protocol::Code;

/// After so long one request finds out whether there is a network, in milliseconds.
const FINDS_OUT_AFTER: u64 = 30_000;

/// While the browser sees no network nothing is sent but one request at a time that finds out. A connection that
/// failed costs a try only if the service answers somebody: an upload does not fail of it while nobody is answered.
pub fn offline(case: &Case<'_>) -> Verdict {
    let book = case.book;
    if book.link.vague {
        return Ok(false);
    }
    match case.moment {
        Moment::Asked(Action::Send { .. }, _) => {
            let Some(since) = book.link.offline else { return Ok(false) };
            let waited = case.now - since;
            let finders = book.link.finders + 1;
            let most = if waited + 5 < FINDS_OUT_AFTER { 0 } else { 2 + 2 * (waited / FINDS_OUT_AFTER) };
            hold!(
                book.interrupted || finders <= most,
                case.subject(),
                "{finders} requests are sent {waited} ms after it went offline"
            );
            let told = book.link.told.unwrap_or(since);
            let newer = book.flights.values().filter(|flight| flight.sent > told).count();
            hold!(newer == 0, case.subject(), "more than one request finds out about the network");
            Ok(true)
        }
        Moment::Asked(Action::Show { upload, view }, _) if view.state == State::Failed => {
            let failed_of_connection =
                view.failure.as_ref().is_some_and(|failure| failure.status.is_none() && failure.code == Code::Network);
            if !failed_of_connection {
                return Ok(false);
            }
            let judged = book.link.offline.is_none_or(|since| {
                let lost = book.link.lost.unwrap_or_default();
                // What is answered although the browser sees no network is judged by the answer.
                book.link.answered.is_some_and(|answered| lost < since && answered >= lost || answered == case.now)
            });
            hold!(judged, case.upload(*upload), "it fails of the connection while offline");
            let proven = match (book.link.answered_before_loss, book.upload(*upload).lost_at, book.link.answered) {
                (true, Some(lost), Some(answered)) => answered + 5 >= lost,
                _ => true,
            };
            hold!(proven, case.upload(*upload), "it fails of the connection while the service answers nobody");
            Ok(true)
        }
        Moment::Quiet => {
            if book.link.offline.is_none() {
                return Ok(false);
            }
            for (id, upload) in book.uploads.iter().filter(|(_, upload)| upload.live() && !upload.is_paused()) {
                let claims = book.ops.values().any(|op| match &op.kind {
                    Kind::Sample(of) => of == id,
                    Kind::Lock(of, _) | Kind::Load(of) => upload.identity.as_ref() == Some(of),
                    _ => false,
                });
                if claims {
                    continue;
                }
                if upload.follows || upload.posted_end {
                    continue;
                }
                let state = case.engine.view(*id, Instant(case.now)).map(|view| view.state);
                hold!(state == Some(State::Waiting), case.upload(*id), "offline, and it is {state:?}");
                let shown = upload.shown.map(|shown| shown.state);
                hold!(shown == Some(State::Waiting), case.upload(*id), "offline, and it shows {shown:?}");
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}
