//! Which scheme a foreign bucket uses.

use super::{Scheme, SessionNames};

/// Which scheme, if any, turns `known_name` into `listed_name` under this session ID.
///
/// It is what [`SessionNames::read`] says of the listed text, provided that the name is the known one, byte for byte;
/// [`Scheme::Plain`] where the two are equal.
#[must_use]
pub fn identify(session_id: &str, known_name: &str, listed_name: &str) -> Option<Scheme> {
    if known_name == listed_name {
        return Some(Scheme::Plain).filter(|_| !known_name.is_empty());
    }
    // A line break comes with whatever is copied from a terminal.
    let mut listed = listed_name;
    while let Some(shorter) = listed.strip_suffix('\n').or_else(|| listed.strip_suffix('\r')) {
        listed = shorter;
    }
    let read = SessionNames::new(Some(session_id)).ok()?.read(listed)?;
    (read.name == known_name).then_some(read.scheme)
}
