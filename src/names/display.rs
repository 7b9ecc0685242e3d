//! Names made safe to show.

use super::hidden::replace_hidden;

/// A longer ending, counted with its dot, is no extension.
const MOST_EXTENSION: usize = 16;

/// A name as it may be shown: still text, never markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownName {
    /// Everything before the extension.
    pub stem: String,
    /// The extension with its dot; empty where there is none.
    pub extension: String,
}

/// A name made safe to show: direction overrides, controls and invisible characters become visible marks such as
/// `[U+202E]`; the extension apart, so that it stays in sight beside a stem cut short or written from right to left.
#[must_use]
pub fn display(name: &str) -> ShownName {
    let marked = replace_hidden(name, |character, out| out.push_str(&format!("[U+{:04X}]", u32::from(character))));
    let (stem, extension) = split(&marked);
    ShownName { stem: stem.to_owned(), extension: extension.to_owned() }
}

/// Stem and extension, the dot with the latter, and whatever of spaces and dots Windows would drop behind it. A dot at
/// the start makes a hidden file, and one with a space or a path behind it ends a sentence.
pub(super) fn split(name: &str) -> (&str, &str) {
    let kept = name.trim_end_matches(is_loose_end);
    let Some(dot) = kept.rfind('.').filter(|dot| *dot > 0) else { return (name, "") };
    let (stem, extension) = name.split_at_checked(dot).unwrap_or((name, ""));
    let proper = kept.get(dot..).unwrap_or_default();
    let length = extension.chars().count();
    let fits = proper.len() > 1 && length <= MOST_EXTENSION;
    if !fits || proper.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '\\')) {
        return (name, "");
    }
    (stem, extension)
}

/// What Windows drops from the end of a name.
pub(super) fn is_loose_end(character: char) -> bool {
    character.is_whitespace() || character == '.'
}
