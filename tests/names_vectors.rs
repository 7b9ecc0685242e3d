//! Names against vectors made elsewhere: `tests/vectors/names.py` writes them with Python's `cryptography`.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use partway::names::{MAX_TEXT, NameError, NameFields, NameKey, PREFIX, open, seal};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    sealed: Vec<Sealed>,
    opened: Vec<Opened>,
    refused: Vec<Refused>,
}

/// Goes both ways.
#[derive(Deserialize)]
struct Sealed {
    nonce: String,
    #[serde(flatten)]
    opened: Opened,
}

/// Our writer would not make it, a reader must take it.
#[derive(Deserialize)]
struct Opened {
    title: String,
    session: String,
    name: String,
    fields: Fields,
    text: String,
}

/// A reader must refuse it.
#[derive(Deserialize)]
struct Refused {
    title: String,
    session: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    size: Option<u64>,
    mime: Option<String>,
    modified: Option<u64>,
}

impl Fields {
    fn into_names(self) -> NameFields {
        NameFields { size: self.size, mime: self.mime, modified: self.modified }
    }
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors/names.json")).unwrap()
}

fn nonce(hex: &str) -> [u8; 12] {
    assert_eq!(hex.len(), 24);
    std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
}

/// Checks that a vector opens to what it says.
fn assert_opens(vector: Opened) {
    let key = NameKey::derive(&vector.session).unwrap();
    let opened = open(&key, &vector.text).unwrap_or_else(|error| panic!("{}: {error}", vector.title));
    assert_eq!(opened.name, vector.name, "{}", vector.title);
    assert_eq!(opened.fields, vector.fields.into_names(), "{}", vector.title);
}

#[test]
fn sealed_vectors_go_both_ways() {
    let sealed = vectors().sealed;
    assert!(sealed.len() >= 59, "{}", sealed.len());
    for Sealed { nonce: hex, opened } in sealed {
        let key = NameKey::derive(&opened.session).unwrap();
        let fields =
            NameFields { size: opened.fields.size, mime: opened.fields.mime.clone(), modified: opened.fields.modified };
        assert_eq!(seal(&key, &opened.name, &fields, nonce(&hex)).unwrap(), opened.text, "{}", opened.title);
        assert_opens(opened);
    }
}

#[test]
fn texts_of_other_writers_open() {
    let opened = vectors().opened;
    assert!(opened.len() >= 7, "{}", opened.len());
    opened.into_iter().for_each(assert_opens);
}

#[test]
fn refused_vectors_give_one_error() {
    let refused = vectors().refused;
    assert!(refused.len() >= 155, "{}", refused.len());
    for vector in refused {
        let key = NameKey::derive(&vector.session).unwrap();
        assert_eq!(open(&key, &vector.text), Err(NameError::Unreadable), "{}", vector.title);
    }
}

#[test]
fn the_limit_of_the_text_is_exact() {
    let key = NameKey::derive("session").unwrap();
    for length in [MAX_TEXT, MAX_TEXT + 1, 1_000_000] {
        let text = format!("{PREFIX}{}", "A".repeat(length - PREFIX.len()));
        assert_eq!(open(&key, &text), Err(NameError::Unreadable), "{length}");
    }
    // 2,200 characters of other scripts are more bytes than that: refused like anything that is not base64.
    assert_eq!(open(&key, &"\u{e9}".repeat(MAX_TEXT)), Err(NameError::Unreadable));
    // The longest text we write stays below the limit.
    let fields = NameFields { size: Some(u64::MAX), mime: Some("m".repeat(255)), modified: Some(u64::MAX) };
    assert_eq!(seal(&key, &"n".repeat(1_024), &fields, [0; 12]).unwrap().len(), 1_835);
}

#[test]
fn bad_input_to_the_writer_is_refused() {
    assert_eq!(NameKey::derive("").unwrap_err(), NameError::EmptySessionId);
    let key = NameKey::derive("session").unwrap();
    let none = NameFields::default();
    for name in [String::new(), "n".repeat(1_025), "\u{e9}".repeat(513), "n".repeat(70_000)] {
        assert_eq!(
            seal(&key, &name, &none, [0; 12]),
            Err(NameError::NameLength { bytes: name.len() }),
            "{}",
            name.len()
        );
    }
    assert!(seal(&key, &"\u{e9}".repeat(512), &none, [0; 12]).is_ok());
}

#[test]
fn a_mime_type_that_does_not_fit_is_left_out() {
    let key = NameKey::derive("session").unwrap();
    for mime in [String::new(), "m".repeat(256), "\u{e9}".repeat(128), "m".repeat(100_000)] {
        let fields = NameFields { size: Some(1), mime: Some(mime), modified: Some(2) };
        let text = seal(&key, "name", &fields, [0; 12]).unwrap();
        assert_eq!(open(&key, &text).unwrap().fields, NameFields { mime: None, ..fields });
    }
}

#[test]
fn nothing_printed_holds_a_secret() {
    let key = NameKey::derive("canary-session").unwrap();
    let fields = NameFields { mime: Some("canary/mime".into()), ..NameFields::default() };
    let opened = open(&key, &seal(&key, "canary-name", &fields, [0; 12]).unwrap()).unwrap();
    let errors =
        [NameError::EmptySessionId, NameError::NameLength { bytes: 0 }, NameError::Unreadable, NameError::Cipher];
    for printed in [format!("{key:?}"), format!("{opened:?}"), format!("{errors:?}")] {
        assert!(!printed.contains("canary"), "{printed}");
    }
}
