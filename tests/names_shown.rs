//! Hostile names: how they are shown and what they are saved as. The tables are `tests/vectors/shown-names.json` and
//! `saved-names.json`, written by hand.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use partway::names::{ShownName, display, safe_download_name};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    title: String,
    name: String,
    stem: String,
    extension: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    title: String,
    name: String,
    saved: String,
}

#[test]
fn hostile_names_are_shown_as_the_table_says() {
    let table: Vec<Shown> = serde_json::from_str(include_str!("vectors/shown-names.json")).unwrap();
    assert!(table.len() >= 60, "{}", table.len());
    for Shown { title, name, stem, extension } in table {
        assert_eq!(display(&name), ShownName { stem, extension }, "{title}");
    }
}

#[test]
fn hostile_names_are_saved_as_the_table_says() {
    let table: Vec<Saved> = serde_json::from_str(include_str!("vectors/saved-names.json")).unwrap();
    assert!(table.len() >= 65, "{}", table.len());
    for Saved { title, name, saved } in table {
        assert_eq!(safe_download_name(&name), saved, "{title}");
        check_saved(&name, &saved);
    }
}

/// Written from the promise, not from the code.
fn check_saved(name: &str, saved: &str) {
    assert!((1..=240).contains(&saved.len()), "{name:?}: {} bytes", saved.len());
    assert_eq!(safe_download_name(saved), saved, "{name:?}: not idempotent");
    assert!(!saved.contains(|c: char| c.is_control() || "<>:\"/\\|?*".contains(c)), "{saved:?}");
    assert!(!saved.starts_with('.') && !saved.ends_with(['.', ' ']), "{saved:?}");
    assert_eq!(saved.trim(), saved);
    let shown = display(saved);
    assert_eq!(format!("{}{}", shown.stem, shown.extension), saved, "{saved:?} hides something");
    let base = saved.split(['.', ' ']).next().unwrap().to_uppercase();
    let numbered = base.chars().count() == 4
        && (base.starts_with("COM") || base.starts_with("LPT"))
        && base.ends_with(|c: char| c.is_ascii_digit() || "\u{b9}\u{b2}\u{b3}".contains(c));
    assert!(!numbered && !["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&base.as_str()), "{saved:?}");
}

/// Pieces that matter, in any order.
fn any_name() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z.]{1,6}",
        2 => prop::sample::select(vec![
            ".", "..", " ", "/", "\\", ":", "*", "con", "NUL", "com1", "lpt\u{b2}", "\u{202e}", "\u{200d}", "\u{fe0f}", "\u{3000}",
            "\u{645}", "\u{d4d}", "1", "\u{20e3}", "\u{1f469}", "\u{200c}", "\u{a0}", "\0", "\n", "\u{fffd}", "\u{2764}", "\u{e0041}", ".exe", ".tar.gz", "_", "\u{85}", "\u{feff}", "\u{fe00}",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => (any::<char>(), 1_usize..300).prop_map(|(character, count)| String::from_iter(std::iter::repeat_n(character, count))),
        1 => "n{200,260}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// A joiner stays between two letters or emoji that are put together with it, or behind a virama, and nowhere else.
fn joiners_are_needed(name: &str) -> bool {
    let joined = |c: char| {
        matches!(c, '\u{600}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{2190}'..='\u{2bff}' | '\u{fb50}'..='\u{fdcf}'
            | '\u{1f000}'..='\u{1faff}')
    };
    let viramas = "\u{94d}\u{9cd}\u{a4d}\u{acd}\u{b4d}\u{bcd}\u{c4d}\u{ccd}\u{d4d}\u{dca}";
    let characters: Vec<char> = name.chars().collect();
    let is_needed = |at: usize| {
        let before = at.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(at + 1).copied();
        before.is_some_and(|c| viramas.contains(c))
            || before.is_some_and(|c| joined(c) || ('\u{fe00}'..='\u{fe0f}').contains(&c)) && after.is_some_and(joined)
    };
    let joiner = |at: &usize| matches!(characters[*at], '\u{200c}' | '\u{200d}');
    (0..characters.len()).filter(joiner).all(is_needed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_name_is_saved_safely(name in any_name()) {
        check_saved(&name, &safe_download_name(&name));
    }

    #[test]
    fn a_saved_name_keeps_the_extension(stem in "[a-z\u{65e5}\u{1f980}]{1,300}", extension in "\\.[a-z0-9\u{fc}]{1,15}") {
        let saved = safe_download_name(&format!("{stem}{extension}"));
        prop_assert!(saved.ends_with(&extension) && stem.starts_with(saved.strip_suffix(&extension).unwrap().trim_start_matches('_')));
        prop_assert_eq!(display(&saved).extension, extension);
    }

    #[test]
    fn any_name_is_shown_without_anything_hidden(name in any_name()) {
        let ShownName { stem, extension } = display(&name);
        let all = format!("{stem}{extension}");
        prop_assert!(joiners_are_needed(&all), "{:?}", all);
        prop_assert!(!all.contains(|c: char| c.is_control() || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}') || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c) || ('\u{e0000}'..='\u{e007f}').contains(&c)), "{:?}", all);
        prop_assert!(extension.is_empty() || (extension.starts_with('.') && extension.chars().count() <= 16));
        // Shown again it stays as it is, and what was visible is all there.
        prop_assert_eq!(display(&all), ShownName { stem, extension });
        let visible = |text: &str| text.chars().filter(char::is_ascii_graphic).count();
        prop_assert!(visible(&all) >= visible(&name));
    }
}
