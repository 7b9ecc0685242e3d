//! Kept uploads under attack: every flipped bit, every truncation, every row in another's place, random rows.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use partway::resume::{
    Facts, MAX_MESSAGE, MAX_TAG, MAX_TEXT, PeerEnd, PeerMessage, PeerReport, Record, ResumeError, ResumeKey, StoredPart,
};
use proptest::prelude::*;
use std::collections::HashMap;

const FILE: &str = "MZp4Wq0lXvVbGgW5m1b2bYH7b0dQ6uXo4o1WJ0VYx1s";

fn key() -> ResumeKey {
    ResumeKey::derive("0f8fad5b-d9cb-469f-a165-70867728950e").unwrap()
}

fn record() -> Record {
    Record {
        key: "canary-key".into(),
        upload_id: "canary-upload".into(),
        size: 104_857_601,
        part_size: 8_388_608,
        name: "canary-name.pdf".into(),
        started_at: 1_767_225_700_000,
        modified: Some(1_767_225_600_123),
    }
}

fn stored_part(tag: &str, digest: Option<[u8; 32]>) -> StoredPart {
    StoredPart { tag: tag.to_owned(), digest }
}

/// Whether a row opens, as what it was sealed as.
type Opens<'a> = Box<dyn Fn(&[u8]) -> bool + 'a>;

fn report(key: &str) -> PeerMessage {
    PeerMessage::Report(PeerReport {
        sent: u64::MAX,
        parts_done: 7,
        key: Some(key.to_owned()),
        end: Some(PeerEnd::Done),
    })
}

/// A record, a tag and a message, each of one block or few and of many.
fn samples(key: &ResumeKey) -> Vec<(Vec<u8>, Opens<'_>)> {
    let long = Record { name: "n".repeat(900), ..record() };
    let short = Record { name: "n".into(), key: "k".into(), upload_id: "u".into(), ..record() };
    let records = [short, long].map(|record| {
        let row = key.seal_record(FILE, &record, [0x5a; 12]).unwrap();
        (row, Box::new(|row: &[u8]| key.open_record(FILE, row).is_ok()) as Opens<'_>)
    });
    let tags = ["t".to_owned(), "t".repeat(300)].map(|tag| {
        let row = key.seal_part(FILE, 7, &record(), &stored_part(&tag, Some([7; 32])), [0x5b; 12]).unwrap();
        (row, Box::new(|row: &[u8]| key.open_part(FILE, 7, &record(), row).is_ok()) as Opens<'_>)
    });
    let messages = [PeerMessage::Ping, report(&"k".repeat(300))].map(|message| {
        let sealed = key.seal_message(FILE, &message, [0x5c; 12]).unwrap();
        (sealed, Box::new(|sealed: &[u8]| key.open_message(sealed).is_ok()) as Opens<'_>)
    });
    records.into_iter().chain(tags).chain(messages).collect()
}

#[test]
fn every_flipped_bit_is_refused() {
    let key = key();
    let mut flips = 0;
    for (mut row, opens) in samples(&key) {
        assert!(opens(&row));
        for bit in 0..row.len() * 8 {
            row[bit / 8] ^= 1 << (bit % 8);
            assert!(!opens(&row), "bit {bit} of {}", row.len());
            row[bit / 8] ^= 1 << (bit % 8);
            flips += 1;
        }
    }
    assert!(flips > 12_000, "{flips}");
}

#[test]
fn every_truncation_and_extension_is_refused() {
    let key = key();
    for (row, opens) in samples(&key) {
        for length in 0..row.len() {
            assert!(!opens(&row[..length]), "first {length}");
            assert!(!opens(&row[row.len() - length..]), "last {length}");
        }
        for more in 1..=130 {
            assert!(!opens(&[&row[..], &vec![0; more]].concat()), "{more} more");
        }
    }
}

#[test]
fn a_row_opens_in_its_own_place_only() {
    let other = ResumeKey::derive("another session").unwrap();
    let (key, record) = (key(), record());
    let file = |name| key.identity(&Facts { name, size: 1, modified: None, sample: b"x" });
    let later = Record { upload_id: "later".into(), ..record.clone() };
    let moved = Record { key: "elsewhere".into(), ..record.clone() };
    // Sizes and names may be told otherwise: a tag belongs to the upload, not to what we call it.
    let renamed = Record { name: "renamed".into(), ..record.clone() };
    // Each place has a session, a file, a part and an upload; 0 stands for the record itself.
    let mut places = Vec::new();
    for (session, keys) in [&key, &other].into_iter().enumerate() {
        for name in ["a", "b"] {
            for part in [0, 1, 2, 256, 1 << 24] {
                for (upload, binding) in [&record, &later, &moved].into_iter().enumerate() {
                    if part > 0 || upload == 0 {
                        places.push((session, keys, file(name), part, upload, binding));
                    }
                }
            }
        }
    }
    assert_eq!(places.len(), 2 * 2 * (1 + 4 * 3));
    for (from, from_key, from_file, from_part, from_upload, from_binding) in &places {
        let row = match from_part {
            0 => from_key.seal_record(from_file, from_binding, [1; 12]).unwrap(),
            part => from_key.seal_part(from_file, *part, from_binding, &stored_part("tag", None), [1; 12]).unwrap(),
        };
        for (to, to_key, to_file, to_part, to_upload, to_binding) in &places {
            let opens = match to_part {
                0 => to_key.open_record(to_file, &row).is_ok(),
                part => to_key.open_part(to_file, *part, to_binding, &row).is_ok(),
            };
            let same = (from, from_file, from_part, from_upload) == (to, to_file, to_part, to_upload);
            assert_eq!(opens, same);
        }
    }
    let row = key.seal_part(FILE, 1, &record, &stored_part("tag", None), [1; 12]).unwrap();
    assert_eq!(key.open_part(FILE, 1, &renamed, &row).unwrap(), stored_part("tag", None));
}

#[test]
fn lengths_are_bounded() {
    let key = key();
    let seal = |record: Record| key.seal_record(FILE, &record, [0; 12]).map(|row| row.len());
    let long = |length| "n".repeat(length);
    assert!(seal(Record { name: long(MAX_TEXT), key: long(MAX_TEXT), upload_id: long(MAX_TEXT), ..record() }).is_ok());
    for length in [MAX_TEXT + 1, 70_000] {
        for refused in [
            Record { name: long(length), ..record() },
            Record { key: long(length), ..record() },
            Record { upload_id: long(length), ..record() },
        ] {
            assert_eq!(seal(refused), Err(ResumeError::Limit));
        }
    }
    assert_eq!(seal(Record { part_size: 0, ..record() }), Err(ResumeError::Limit));
    let tag = |length| {
        key.seal_part(FILE, 1, &record(), &stored_part(&long(length), Some([0; 32])), [0; 12]).map(|row| row.len())
    };
    assert_eq!(tag(MAX_TAG), Ok(1 + 12 + 8_256 + 16));
    for length in [MAX_TAG + 1, 70_000] {
        assert_eq!(tag(length), Err(ResumeError::Limit));
    }
    assert!(key.open_record(FILE, &vec![1; 10_000_000]).is_err());
}

#[test]
fn the_longest_message_is_as_long_as_promised() {
    let (key, longest) = (key(), "t".repeat(MAX_TEXT));
    let sealed = key.seal_message(&longest, &report(&longest), [0; 12]).unwrap();
    assert!(sealed.len() <= MAX_MESSAGE && MAX_MESSAGE - sealed.len() < 64, "{} of {MAX_MESSAGE}", sealed.len());
    assert!(key.open_message(&sealed).unwrap() == (longest.clone(), report(&longest)));
    let longer = "t".repeat(MAX_TEXT + 1);
    assert_eq!(key.seal_message(&longer, &PeerMessage::Ping, [0; 12]), Err(ResumeError::Limit));
    assert_eq!(key.seal_message("", &report(&longer), [0; 12]), Err(ResumeError::Limit));
}

#[test]
fn the_length_of_a_row_tells_little_of_the_name() {
    let key = key();
    let lengths: Vec<usize> = (0..=200)
        .map(|length| {
            key.seal_record(FILE, &Record { name: "n".repeat(length), ..record() }, [0; 12]).unwrap().len() - 29
        })
        .collect();
    assert!(lengths.iter().all(|length| length % 64 == 0));
    let mut distinct = lengths.clone();
    distinct.dedup();
    assert!(distinct.len() <= 5, "{distinct:?}");
}

#[test]
fn nothing_of_a_file_is_to_be_seen() {
    let key = key();
    let facts = Facts { name: "canary-name.pdf", size: 1, modified: None, sample: b"canary" };
    let identity = key.identity(&facts);
    assert_eq!((key.scope().len(), identity.len()), (22, 43));
    let rows = [
        key.seal_record(&identity, &record(), [0; 12]).unwrap(),
        key.seal_part(&identity, 1, &record(), &stored_part("canary-tag", None), [1; 12]).unwrap(),
        identity.clone().into_bytes(),
        key.scope().into_bytes(),
        format!("{key:?} {facts:?} {:?} {:?}", record(), stored_part("canary-tag", None)).into_bytes(),
        format!("{:?}", ResumeKey::derive("").unwrap_err()).into_bytes(),
    ];
    for row in rows {
        assert!(!row.windows(6).any(|window| window == b"canary"));
    }
    assert_eq!(ResumeKey::derive("").unwrap_err(), ResumeError::EmptySessionId);
}

#[test]
fn parts_are_counted_as_they_are_sent() {
    let parts = |size, part_size| Record { size, part_size, ..record() }.parts();
    assert_eq!([parts(0, 5), parts(5, 5), parts(6, 5), parts(u64::MAX, 1), parts(7, 0)], [1, 1, 2, u32::MAX, 7]);
}

proptest! {
    #[test]
    fn whatever_is_kept_comes_back(
        (name, id, tag, modified) in (".{0,64}", ".{0,64}", "(?s).{0,200}", any::<Option<u64>>()),
        (size, part_size, number, nonce) in (any::<u64>(), 1u64.., any::<u32>(), any::<[u8; 12]>()),
        digest in any::<Option<[u8; 32]>>(),
    ) {
        let key = key();
        let kept = Record { name, upload_id: id, size, part_size, modified, ..record() };
        let row = key.seal_record(FILE, &kept, nonce).unwrap();
        prop_assert!(key.open_record(FILE, &row).unwrap() == kept);
        let stored = StoredPart { tag, digest };
        let row = key.seal_part(FILE, number, &kept, &stored, nonce).unwrap();
        prop_assert_eq!(key.open_part(FILE, number, &kept, &row).unwrap(), stored);
    }

    #[test]
    fn random_bytes_are_no_row(row in proptest::collection::vec(any::<u8>(), 0..400)) {
        let key = key();
        // With the right version and a length that fits: all that stands between them and us is the tag.
        let framed: Vec<u8> = [&[1][..], &row[..row.len() / 64 * 64], &[0; 28]].concat();
        for row in [row, framed] {
            prop_assert_eq!(key.open_record(FILE, &row).unwrap_err(), ResumeError::Unreadable);
            prop_assert_eq!(key.open_part(FILE, 1, &record(), &row).unwrap_err(), ResumeError::Unreadable);
        }
    }
}

/// Two facts that would be one text if their fields were put together without lengths.
#[test]
fn no_two_files_are_one() {
    let key = key();
    let mut seen = HashMap::new();
    let samples: [&[u8]; 8] = [b"", b"\0", b"\0\0", b"a", b"ab", b"\x01", &[0; 8], &[0; 9]];
    for name in ["", "\0", "a", "ab", "b", "\0\0\0\0\0\0\0\0", "a\0\0\0\0\0\0\0\x01", "\x01"] {
        for size in [0, 1, 256, 1 << 32, u64::MAX] {
            for modified in [None, Some(0), Some(1), Some(1 << 56), Some(u64::MAX)] {
                for sample in samples {
                    let identity = key.identity(&Facts { name, size, modified, sample });
                    let before = seen.insert(identity, (name, size, modified, sample));
                    assert_eq!(before, None);
                }
            }
        }
    }
    assert_eq!(seen.len(), 8 * 5 * 5 * 8);
}
