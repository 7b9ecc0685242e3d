//! Characters that are not seen, or that change how others are seen.

/// Controls, direction marks and overrides, line separators, and what Unicode says to draw nothing for
/// (Default_Ignorable and the like). Not the variation selectors up to U+FE0F, which depend on what stands before them.
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

/// U+200C keeps two letters apart, U+200D joins them.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// What a joiner may stand between: letters from Arabic to Tibetan, Myanmar, Khmer and Mongolian, whose spelling needs
/// it, and emoji, which are put together with it (RFC 5892, appendix A, says so of the letters alone, and more
/// exactly).
const JOINED: [(char, char); 7] = [
    ('\u{600}', '\u{fff}'),
    ('\u{1000}', '\u{109f}'),
    ('\u{1780}', '\u{18af}'),
    ('\u{2190}', '\u{27bf}'),
    ('\u{2900}', '\u{2bff}'),
    ('\u{fb50}', '\u{fdcf}'),
    ('\u{1f000}', '\u{1faff}'),
];

/// Signs that take the vowel away; a joiner behind one chooses its form, at the end of a word too.
const VIRAMAS: [char; 10] =
    ['\u{94d}', '\u{9cd}', '\u{a4d}', '\u{acd}', '\u{b4d}', '\u{bcd}', '\u{c4d}', '\u{ccd}', '\u{d4d}', '\u{dca}'];

/// Rewrites every hidden character of a name.
pub(super) fn replace_hidden(name: &str, mut replace: impl FnMut(char, &mut String)) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name.chars();
    while let Some(character) = rest.next() {
        if is_hidden(character, out.chars().next_back(), rest.clone().next()) {
            replace(character, &mut out);
        } else {
            out.push(character);
        }
    }
    out
}

/// Whether a character is drawn as nothing wherever nothing stands around it, so that a name may not end in it.
pub(super) fn is_joiner_or_variation(character: char) -> bool {
    JOINERS.contains(&character) || is_variation(character)
}

/// Whether a character is hidden behind `before`, the character kept or put in before it, and before `after`.
fn is_hidden(character: char, before: Option<char>, after: Option<char>) -> bool {
    match character {
        // Chooses the form of the emoji or ideograph before it, or makes a key cap; behind a letter of ASCII, or
        // nothing, it only hides.
        _ if is_variation(character) => {
            let caps = |before: char| matches!(before, '0'..='9' | '#' | '*') && after == Some('\u{20e3}');
            !before.is_some_and(|before| is_base(before) || caps(before))
        }
        _ if JOINERS.contains(&character) => {
            let behind = |before: char| joins(before) || is_variation(before);
            let between = before.is_some_and(behind) && after.is_some_and(joins);
            !between && !before.is_some_and(|before| VIRAMAS.contains(&before))
        }
        _ => is_in(&RANGES, character),
    }
}

fn is_variation(character: char) -> bool {
    (VARIATION_FIRST..=VARIATION_LAST).contains(&character)
}

fn is_base(character: char) -> bool {
    !character.is_ascii() && !character.is_whitespace() && !is_variation(character)
}

fn joins(character: char) -> bool {
    is_in(&JOINED, character) && !is_in(&RANGES, character)
}

fn is_in(ranges: &[(char, char)], character: char) -> bool {
    ranges.iter().any(|&(first, last)| (first..=last).contains(&character))
}
