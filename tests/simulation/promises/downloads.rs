use super::{Case, Moment, Verdict, hold};
use crate::download::{Piece, Pieces};
use partway::engine::{Action, Answer, Call};

/// A download that ends well is the file: each byte once, in its order, and all of one copy, as far as can be told.
pub fn whole(case: &Case<'_>) -> Verdict {
    let Moment::Asked(Action::Reply { call, answer: Ok(Answer::Download(bytes)) }, _) = case.moment else {
        return Ok(false);
    };
    let Some(Call::Download(key)) = case.book.calls.get(call).map(|book| &book.call) else { return Ok(false) };
    let Some(pieces) = bytes.value.downcast_ref::<Pieces>() else { return Ok(false) };
    let mut end = 0;
    for Piece { key: of, range, .. } in pieces {
        let follows = of == key && range.start == end;
        hold!(follows, case.call(*call), "{range:?} of {of} follow the first {end} bytes of {key}");
        end = range.end;
    }
    hold!(end == bytes.size, case.call(*call), "{end} bytes are handed over as {}", bytes.size);
    let one_copy = pieces.iter().all(|piece| Some(piece.copy) == pieces.first().map(|first| first.copy));
    hold!(one_copy || !case.model.storage.tells(), case.call(*call), "bytes of two copies: {pieces:?}");
    Ok(true)
}
