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

/// Stem and extension, the dot with the latter. A dot at the start makes a hidden file, and one with a space or a path
/// behind it ends a sentence.
pub(super) fn split(name: &str) -> (&str, &str) {
    let Some((stem, extension)) = name.rfind('.').and_then(|dot| name.split_at_checked(dot)) else { return (name, "") };
    let length = extension.chars().count();
    if stem.is_empty()
        || !(2..=MOST_EXTENSION).contains(&length)
        || extension.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '\\'))
    {
        return (name, "");
    }
    (stem, extension)
}
