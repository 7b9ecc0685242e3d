//! Characters that are not seen, or that change how others are seen.

/// Controls, direction marks and overrides, line separators, and what Unicode says to draw nothing for (Default_Ignorable
/// and the like). Not the variation selectors up to U+FE0F, which depend on what stands before them.
const RANGES: [(char, char); 23] = [
    ('\0', '\u{1f}'),
    ('\u{7f}', '\u{9f}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fdd0}', '\u{fdef}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{fffe}', '\u{ffff}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{16fe4}', '\u{16fe4}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

const VARIATION_FIRST: char = '\u{fe00}';
const VARIATION_LAST: char = '\u{fe0f}';

/// Rewrites every hidden character of a name.
pub(super) fn replace_hidden(name: &str, mut replace: impl FnMut(char, &mut String)) -> String {
    let mut out = String::with_capacity(name.len());
    for character in name.chars() {
        if is_hidden(character, out.chars().next_back()) {
            replace(character, &mut out);
        } else {
            out.push(character);
        }
    }
    out
}

/// Whether a character is hidden behind `before`, the character kept or put in before it.
fn is_hidden(character: char, before: Option<char>) -> bool {
    match character {
        // Chooses the form of the emoji or ideograph before it; behind a letter of ASCII, or nothing, it only hides.
        VARIATION_FIRST..=VARIATION_LAST => !before.is_some_and(is_base),
        _ => RANGES.iter().any(|&(first, last)| (first..=last).contains(&character)),
    }
}

fn is_base(character: char) -> bool {
    !character.is_ascii() && !character.is_whitespace() && !(VARIATION_FIRST..=VARIATION_LAST).contains(&character)
}
