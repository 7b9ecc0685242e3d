//! Names in every scheme against vectors made elsewhere: `tests/vectors/schemes.py` writes them with Python's
//! `cryptography`.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use partway::names::{MAX_NAME, NameError, NameFields, PREFIX, ReadName, Scheme, SessionNames, identify};
use serde::Deserialize;

const SESSION: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

#[derive(Deserialize)]
struct Vectors {
    written: Vec<Written>,
    read: Vec<Read>,
    refused: Vec<Text>,
    plain: Vec<Text>,
}

/// Goes both ways.
#[derive(Deserialize)]
struct Written {
    random: String,
    #[serde(flatten)]
    read: Read,
}

/// Our writer would not make it, a reader must take it.
#[derive(Deserialize)]
struct Read {
    scheme: String,
    name: String,
    #[serde(flatten)]
    text: Text,
}

#[derive(Deserialize)]
struct Text {
    title: String,
    session: String,
    text: String,
}

impl Text {
    fn read(&self) -> Option<ReadName> {
        SessionNames::new(Some(&self.session)).unwrap().read(&self.text)
    }
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors/schemes.json")).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn write(session: Option<&str>, scheme: Scheme, name: &str) -> Result<String, NameError> {
    let mut random = |bytes: &mut [u8]| {
        bytes.fill(7);
        Ok::<_, ()>(())
    };
    SessionNames::new(session)?.write(scheme, name, &NameFields::default(), &mut random)
}

/// Checks that a vector is read as it says, and that `identify` says the same.
fn assert_reads(vector: &Read) {
    let (text, scheme) = (&vector.text, Scheme::parse(&vector.scheme).unwrap());
    let read = text.read().unwrap_or_else(|| panic!("{}: not read", text.title));
    assert_eq!(read.name, vector.name, "{}", text.title);
    assert_eq!(read.scheme, scheme, "{}", text.title);
    assert_eq!(read.authenticated, vector.scheme.starts_with("gcm-"), "{}", text.title);
    assert_eq!(read.fields, NameFields::default(), "{}", text.title);
    assert_eq!(identify(&text.session, &vector.name, &text.text), Some(scheme), "{}", text.title);
    assert_eq!(identify(&text.session, "another name", &text.text), None, "{}", text.title);
}

#[test]
fn written_vectors_go_both_ways() {
    let written = vectors().written;
    assert!(written.len() >= 87, "{}", written.len());
    for Written { random, read } in &written {
        let mut given = hex(random).into_iter();
        let mut source = |bytes: &mut [u8]| {
            bytes.fill_with(|| given.next().unwrap());
            Ok::<_, ()>(())
        };
        let names = SessionNames::new(Some(&read.text.session)).unwrap();
        let scheme = Scheme::parse(&read.scheme).unwrap();
        let text = names.write(scheme, &read.name, &NameFields::default(), &mut source);
        assert_eq!(text.unwrap(), read.text.text, "{}", read.text.title);
        assert!(scheme == Scheme::Plain || given.next().is_none(), "{}: less random than there is", read.text.title);
        assert_reads(read);
    }
}

#[test]
fn texts_of_other_writers_are_read() {
    let read = vectors().read;
    assert!(read.len() >= 29, "{}", read.len());
    read.iter().for_each(assert_reads);
}

#[test]
fn texts_of_no_scheme_are_read_as_nothing() {
    let refused = vectors().refused;
    assert!(refused.len() >= 156, "{}", refused.len());
    for vector in refused {
        assert_eq!(vector.read().map(|read| (read.name, read.scheme)), None, "{}", vector.title);
    }
}

#[test]
fn names_that_only_look_a_little_encrypted_are_plain() {
    let plain = vectors().plain;
    assert!(plain.len() >= 70, "{}", plain.len());
    for vector in plain {
        let read = vector.read().unwrap_or_else(|| panic!("{}: not read", vector.title));
        assert_eq!((read.name, read.scheme, read.authenticated), (vector.text, Scheme::Plain, false));
    }
}

#[test]
fn a_plain_name_is_read_back_or_not_written() {
    let expecting = |session, scheme| SessionNames::new(session).unwrap().expecting(scheme);
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for (session, name) in
        [(None, hash), (Some(SESSION), hash), (Some(SESSION), "MyHolidayPicturesFromTheSummerOfNineteen")]
    {
        assert_eq!(write(session, Scheme::Plain, name).is_ok(), session.is_none());
        let names = expecting(session, Scheme::Plain);
        let read = names.read(name).unwrap();
        assert_eq!((read.name.as_str(), read.scheme, read.authenticated), (name, Scheme::Plain, false));
    }
    assert_eq!(expecting(Some(SESSION), Scheme::Partway).read(hash), None);
    let plain = expecting(Some(SESSION), Scheme::Plain);
    for refused in vectors().refused.into_iter() {
        let written = plain.write(Scheme::Plain, &refused.text, &NameFields::default(), &mut |_| Ok::<_, ()>(()));
        let read = plain.read(&refused.text).filter(|read| read.scheme == Scheme::Plain).map(|read| read.name);
        assert_eq!(written.ok(), read.filter(|name| name.len() <= 1_024), "{}", refused.title);
    }
    for name in ["pw1.notes.txt", "U2FsdGVkX1.txt"] {
        assert_eq!(write(Some(SESSION), Scheme::Plain, name), Err(NameError::NameForm), "{name}");
    }
}

#[test]
fn without_a_session_id_all_but_our_own_envelope_is_plain() {
    let names = SessionNames::new(None).unwrap();
    let Vectors { written, read, refused, plain } = vectors();
    let texts = written.into_iter().map(|vector| vector.read.text).chain(read.into_iter().map(|vector| vector.text));
    for text in texts.chain(refused).chain(plain) {
        let expected = if text.text.starts_with(PREFIX) || text.text.is_empty() || text.text.chars().count() > 2_200 {
            None
        } else {
            Some((text.text.clone(), Scheme::Plain, false))
        };
        let read = names.read(&text.text).map(|read| (read.name, read.scheme, read.authenticated));
        assert_eq!(read, expected, "{}", text.title);
    }
    for scheme in Scheme::ALL {
        let written = write(None, scheme, "report.pdf");
        let plain = scheme == Scheme::Plain;
        assert_eq!(written, if plain { Ok("report.pdf".into()) } else { Err(NameError::SessionIdMissing) });
    }
}

#[test]
fn our_own_envelope_is_read_with_its_fields() {
    let fields =
        NameFields { size: Some(48_213), mime: Some("application/pdf".into()), modified: Some(1_767_225_600_123) };
    let names = SessionNames::new(Some(SESSION)).unwrap();
    let mut random = |bytes: &mut [u8]| {
        bytes.fill(7);
        Ok::<_, ()>(())
    };
    let text = names.write(Scheme::Partway, "report.pdf", &fields, &mut random).unwrap();
    let read = names.read(&text).unwrap();
    assert_eq!((read.name.as_str(), read.scheme, read.authenticated), ("report.pdf", Scheme::Partway, true));
    assert_eq!(read.fields, fields);
    assert_eq!(identify(SESSION, "report.pdf", &text), Some(Scheme::Partway));
    assert_eq!(identify("another session", "report.pdf", &text), None);
}

#[test]
fn a_session_id_that_is_no_key_is_refused_by_the_schemes_that_need_one() {
    let raw = [Scheme::GcmRaw32, Scheme::CbcRaw32];
    for session in ["k", &"k".repeat(31), &"k".repeat(33), &format!("{SESSION}0"), &SESSION[1..], &"\u{e9}".repeat(32)]
    {
        for scheme in raw {
            assert_eq!(write(Some(session), scheme, "report.pdf"), Err(NameError::SessionIdLength), "{session}");
        }
    }
    for session in [SESSION, &SESSION.replace('-', ""), &"k".repeat(32), &"-".repeat(32), &"\u{e9}".repeat(16)] {
        for scheme in raw {
            let text = write(Some(session), scheme, "report.pdf").unwrap();
            assert_eq!(identify(session, "report.pdf", &text), Some(scheme), "{session}");
        }
    }
}

#[test]
fn names_that_could_not_be_read_again_are_not_written() {
    for scheme in Scheme::ALL {
        for name in [String::new(), "n".repeat(MAX_NAME + 1), "\u{e9}".repeat(513)] {
            assert_eq!(
                write(Some(SESSION), scheme, &name),
                Err(NameError::NameLength { bytes: name.len() }),
                "{scheme:?}"
            );
        }
        for name in ["a/b", "a\\b", "a\nb", "\0", "a\u{7f}", "\u{85}", "/"] {
            let written = write(Some(SESSION), scheme, name);
            if matches!(scheme, Scheme::CryptoJs | Scheme::CbcRaw32) {
                assert_eq!(written, Err(NameError::NameCharacters), "{scheme:?} {name:?}");
            } else {
                let read = SessionNames::new(Some(SESSION)).unwrap().read(&written.unwrap()).unwrap();
                assert_eq!((read.name.as_str(), read.scheme), (name, scheme));
            }
        }
    }
}

#[test]
fn a_random_source_that_fails_writes_nothing() {
    let names = SessionNames::new(Some(SESSION)).unwrap();
    for scheme in Scheme::ALL {
        let mut asked = 0;
        let mut random = |_: &mut [u8]| {
            asked += 1;
            Err("no entropy")
        };
        let written = names.write(scheme, "report.pdf", &NameFields::default(), &mut random);
        let plain = scheme == Scheme::Plain;
        assert_eq!(written, if plain { Ok("report.pdf".into()) } else { Err(NameError::Random) });
        assert_eq!(asked, i32::from(!plain));
    }
}

#[test]
fn an_empty_session_id_is_refused() {
    assert_eq!(SessionNames::new(Some("")).map(|_| ()), Err(NameError::EmptySessionId));
    assert_eq!(identify("", "a", "U2FsdGVkX1"), None);
    assert_eq!(identify("", "a", "a"), Some(Scheme::Plain));
    assert_eq!(identify(SESSION, "", ""), None);
    // Equal is plain even where the name would not be read as one.
    assert_eq!(identify(SESSION, &"A".repeat(40), &"A".repeat(40)), Some(Scheme::Plain));
}

#[test]
fn nothing_printed_holds_a_secret() {
    let names = SessionNames::new(Some("canary-session-of-32-characters.")).unwrap();
    let read = names.read("canary-name").unwrap();
    let errors =
        [NameError::NameCharacters, NameError::SessionIdMissing, NameError::SessionIdLength, NameError::Random];
    let sentences: Vec<_> = errors.iter().map(ToString::to_string).collect();
    for printed in [format!("{names:?}"), format!("{read:?}"), format!("{errors:?}"), sentences.concat()] {
        assert!(!printed.contains("canary") && printed.len() > 10, "{printed}");
    }
}
