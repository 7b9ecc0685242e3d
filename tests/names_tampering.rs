//! Names under attack: every flipped bit, every truncation, random texts and random plaintexts.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use base64ct::{Base64UrlUnpadded, Encoding};
use hkdf::Hkdf;
use partway::names::{MAX_NAME, NameError, NameFields, NameKey, PREFIX, open, seal};
use proptest::prelude::*;
use sha2::Sha256;

const SESSION: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

fn key() -> NameKey {
    NameKey::derive(SESSION).unwrap()
}

/// One text of each size class, from one block to the longest there is.
fn samples() -> Vec<String> {
    let all =
        NameFields { size: Some(48_213), mime: Some("application/pdf".into()), modified: Some(1_767_225_600_123) };
    let most = NameFields { mime: Some("m".repeat(255)), ..all.clone() };
    let (one, three, longest) = ("report.pdf", "\u{65e5}".repeat(40), "n".repeat(MAX_NAME));
    [(one, &NameFields::default()), (one, &all), (&three, &all), (&longest, &most)]
        .into_iter()
        .map(|(name, fields)| seal(&key(), name, fields, [0x5a; 12]).unwrap())
        .collect()
}

fn decode(text: &str) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(text.strip_prefix(PREFIX).unwrap()).unwrap()
}

fn encode(envelope: &[u8]) -> String {
    format!("{PREFIX}{}", Base64UrlUnpadded::encode_string(envelope))
}

/// Seals any plaintext as suite 1, from the layout alone.
fn seal_bytes(plain: &[u8]) -> String {
    let mut derived = [0; 32];
    Hkdf::<Sha256>::new(None, SESSION.as_bytes()).expand(b"partway/v1/name/session/AES-256-GCM", &mut derived).unwrap();
    let nonce = Nonce::from([0x77; 12]);
    let payload = Payload { msg: plain, aad: b"partway-name\x01" };
    let body = Aes256Gcm::new(&derived.into()).encrypt(&nonce, payload).unwrap();
    encode(&[&[1][..], &nonce, &body].concat())
}

#[test]
fn every_flipped_bit_of_an_envelope_is_refused() {
    let key = key();
    let mut flips = 0;
    for text in samples() {
        let mut envelope = decode(&text);
        assert!(open(&key, &encode(&envelope)).is_ok());
        for bit in 0..envelope.len() * 8 {
            envelope[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&key, &encode(&envelope)), Err(NameError::Unreadable), "bit {bit}");
            envelope[bit / 8] ^= 1 << (bit % 8);
            flips += 1;
        }
    }
    assert_eq!(flips, 8 * (93 + 93 + 221 + 1_373));
}

#[test]
fn every_flipped_bit_of_a_text_is_refused() {
    let key = key();
    for text in samples() {
        let mut bytes = text.into_bytes();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(text) = std::str::from_utf8(&bytes) {
                assert_eq!(open(&key, text), Err(NameError::Unreadable), "bit {bit}");
            }
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    let key = key();
    for text in samples() {
        let envelope = decode(&text);
        for length in 0..envelope.len() {
            assert_eq!(open(&key, &encode(&envelope[..length])), Err(NameError::Unreadable), "first {length} bytes");
            assert_eq!(
                open(&key, &encode(&envelope[length + 1..])),
                Err(NameError::Unreadable),
                "without {length} bytes"
            );
        }
        for length in 0..text.len() {
            assert_eq!(open(&key, &text[..length]), Err(NameError::Unreadable), "first {length} characters");
            assert_eq!(open(&key, &text[length + 1..]), Err(NameError::Unreadable), "without {length} characters");
        }
    }
}

#[test]
fn every_other_suite_is_refused() {
    let key = key();
    for text in samples() {
        let mut envelope = decode(&text);
        for suite in (0..=255).filter(|&suite| suite != 1) {
            envelope[0] = suite;
            assert_eq!(open(&key, &encode(&envelope)), Err(NameError::Unreadable), "suite {suite}");
        }
    }
}

#[test]
fn parts_of_two_envelopes_do_not_fit_together() {
    let key = key();
    let [first, second] =
        [[1; 12], [2; 12]].map(|nonce| decode(&seal(&key, "a.txt", &NameFields::default(), nonce).unwrap()));
    for range in [1..13, 13..77, 77..93] {
        let mut mixed = first.clone();
        mixed[range.clone()].copy_from_slice(&second[range]);
        assert_eq!(open(&key, &encode(&mixed)), Err(NameError::Unreadable));
    }
    assert_eq!(open(&NameKey::derive("another session").unwrap(), &encode(&first)), Err(NameError::Unreadable));
}

/// What reading gives back of what was written: a MIME type that does not fit is left out.
fn as_read(mut fields: NameFields) -> NameFields {
    fields.mime = fields.mime.filter(|mime| (1..=255).contains(&mime.len()));
    fields
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(any::<char>(), 1..=256).prop_map(String::from_iter),
        "[ -~]{1,1024}",
        "[a-z0-9_]{1,40}\\.[a-z]{1,4}",
    ]
}

fn any_fields() -> impl Strategy<Value = NameFields> {
    let mime = proptest::option::of(prop_oneof!["[a-z]{1,20}/[a-z+.-]{1,40}", "\\PC{0,300}"]);
    (any::<Option<u64>>(), mime, any::<Option<u64>>()).prop_map(|(size, mime, modified)| NameFields {
        size,
        mime,
        modified,
    })
}

/// Plaintexts near the right form: a length, a name, a few fields, padding; each of them possibly wrong.
fn any_plaintext() -> impl Strategy<Value = Vec<u8>> {
    let field =
        (prop_oneof![0_u8..8, 0x7e_u8..0x82, any::<u8>()], proptest::collection::vec(any::<u8>(), 0..12), -1_i8..=1);
    let fields = proptest::collection::vec(field, 0..5);
    (-1_i16..=1, "[a-z.]{0,70}", fields, any::<bool>(), 0_u8..20).prop_map(|(shift, name, fields, cut, end)| {
        let length = u16::try_from(name.len()).unwrap().wrapping_add_signed(if end < 2 { shift } else { 0 });
        let mut plain = length.to_be_bytes().to_vec();
        plain.extend_from_slice(name.as_bytes());
        for (kind, mut value, wrong) in fields {
            if matches!(kind, 1 | 5) && wrong == 0 {
                value.resize(8, 1);
            }
            plain.extend_from_slice(&[kind, u8::try_from(value.len()).unwrap().saturating_add_signed(wrong.min(0))]);
            plain.extend_from_slice(&value);
        }
        plain.resize(plain.len().next_multiple_of(64), 0);
        if cut {
            *plain.last_mut().unwrap() |= end & 1;
        }
        plain
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_opens(name in any_name(), fields in any_fields(), nonce in any::<[u8; 12]>(), session in "\\PC{1,50}") {
        let key = NameKey::derive(&session).unwrap();
        let text = seal(&key, &name, &fields, nonce).unwrap();
        prop_assert!(text.len() <= 1_835 && text.is_ascii());
        let opened = open(&key, &text).unwrap();
        prop_assert_eq!(opened.name, name);
        prop_assert_eq!(opened.fields, as_read(fields));
    }

    #[test]
    fn any_text_is_refused_without_a_panic(text in prop_oneof!["\\PC{0,400}", "pw1\\.[A-Za-z0-9_-]{0,2300}", "pw1\\.\\PC{0,400}"]) {
        prop_assert_eq!(open(&key(), &text), Err(NameError::Unreadable));
    }

    #[test]
    fn any_authentic_plaintext_is_read_the_same_twice_or_refused(
        plain in prop_oneof![9 => any_plaintext(), 1 => proptest::collection::vec(any::<u8>(), 0..400)],
    ) {
        let key = key();
        match open(&key, &seal_bytes(&plain)) {
            Err(error) => prop_assert_eq!(error, NameError::Unreadable),
            Ok(opened) => {
                let again = open(&key, &seal(&key, &opened.name, &opened.fields, [3; 12]).unwrap());
                prop_assert_eq!(again, Ok(opened));
            }
        }
    }
}

/// A test of the tests: the plaintexts above are neither all good nor all bad.
#[test]
fn random_plaintexts_reach_both_outcomes() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let (mut runner, key) = (TestRunner::deterministic(), key());
    let good = (0..1_000)
        .filter(|_| open(&key, &seal_bytes(&any_plaintext().new_tree(&mut runner).unwrap().current())).is_ok());
    let good = good.count();
    assert!((200..900).contains(&good), "{good} of 1,000 were read");
}
