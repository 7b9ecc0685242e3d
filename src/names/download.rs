//! Names made safe to save under.

use super::display::{is_loose_end, split};
use super::hidden::{is_joiner_or_variation, replace_hidden};

/// Most bytes of a saved name: file systems end at 255, and browsers append " (1)".
const MOST_BYTES: usize = 240;

/// What a name is called that has nothing of its own.
const NAMELESS: &str = "file";

/// Names that Windows gives to devices, whatever the extension; `COM` and `LPT` take a digit more.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
const NUMBERED: [&str; 2] = ["COM", "LPT"];

/// A name made safe to save under, on any system: the last part of a path; hidden characters and `<>:"|?*` become `_`,
/// as do dots at the start; no space at either end and no dot at the last; not a device's name; at most 240 bytes of
/// UTF-8; the extension kept; `file` where nothing is left. Idempotent.
#[must_use]
pub fn safe_download_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let allowed: String = last.chars().map(allowed).collect();
    let plain = replace_hidden(&allowed, |_, out| out.push('_'));
    let (stem, extension) = split(&plain);
    let extension = extension.trim_end_matches(is_loose_end);
    let stem = stem.trim_start();
    let bare = stem.trim_start_matches('.');
    let mut safe = "_".repeat(stem.len() - bare.len());
    safe.push_str(if extension.is_empty() { bare.trim_end_matches(is_loose_end) } else { bare });
    if safe.is_empty() && !extension.is_empty() {
        safe.push('_');
    }
    safe.push_str(extension);
    if is_device(&safe) {
        safe.insert(0, '_');
    }
    if safe.is_empty() { NAMELESS.to_owned() } else { shorten(&safe) }
}

fn allowed(character: char) -> char {
    match character {
        // What a lone surrogate has become on its way here.
        '<' | '>' | ':' | '"' | '|' | '?' | '*' | char::REPLACEMENT_CHARACTER => '_',
        other => other,
    }
}

fn is_device(name: &str) -> bool {
    let base = name.split(['.', ' ']).next().unwrap_or_default();
    let is = |word: &str| base.eq_ignore_ascii_case(word);
    let is_numbered = |word: &&str| {
        base.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && base.get(word.len()..).is_some_and(|end| matches!(end, "\u{b9}" | "\u{b2}" | "\u{b3}") || is_digit(end))
    };
    DEVICES.into_iter().any(is) || NUMBERED.iter().any(is_numbered)
}

fn is_digit(text: &str) -> bool {
    matches!(text.as_bytes(), [b'0'..=b'9'])
}

/// What no name may end in where it is cut.
fn is_cut_end(character: char) -> bool {
    is_loose_end(character) || is_joiner_or_variation(character)
}

/// Cuts the stem until the name fits.
fn shorten(name: &str) -> String {
    if name.len() <= MOST_BYTES {
        return name.to_owned();
    }
    let (stem, extension) = split(name);
    let end = stem.floor_char_boundary(MOST_BYTES.saturating_sub(extension.len()));
    let stem = stem.split_at_checked(end).map_or(stem, |(kept, _)| kept).trim_end_matches(is_cut_end);
    if extension.is_empty() {
        // A long name without an extension gets none by the cut.
        return match split(stem) {
            (stem, "") => stem.to_owned(),
            (stem, ending) => format!("{stem}{}", ending.replacen('.', "_", 1)),
        };
    }
    format!("{stem}{extension}")
}
