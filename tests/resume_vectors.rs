//! Kept uploads against vectors made elsewhere: `tests/vectors/resume.py` writes them with Python's `cryptography`.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use partway::resume::{Facts, PeerEnd, PeerMessage, PeerReport, Record, ResumeError, ResumeKey, StoredPart};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    scopes: Vec<Scope>,
    identities: Vec<Identity>,
    records: Vec<KeptRecord>,
    tags: Vec<KeptTag>,
    messages: Vec<Said>,
    refused: Vec<Refused>,
    places: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    session: String,
    endpoint: String,
    scope: String,
}

#[derive(Deserialize)]
struct Scope {
    session: String,
    scope: String,
}

#[derive(Deserialize)]
struct Identity {
    session: String,
    name: String,
    size: u64,
    modified: Option<u64>,
    /// Bytes of the sample: n mod 251.
    sample: usize,
    identity: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Values {
    key: String,
    upload_id: String,
    size: u64,
    part_size: u64,
    name: String,
    started_at: u64,
    modified: Option<u64>,
}

#[derive(Deserialize)]
struct KeptRecord {
    title: String,
    session: String,
    identity: String,
    nonce: String,
    record: Values,
    row: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeptTag {
    title: String,
    session: String,
    identity: String,
    nonce: String,
    part: u32,
    upload_id: String,
    key: String,
    tag: String,
    digest: Option<String>,
    row: String,
}

#[derive(Deserialize)]
struct Said {
    title: String,
    session: String,
    identity: String,
    nonce: String,
    message: Message,
    row: String,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Message {
    Report { sent: u64, parts_done: u32, key: Option<String>, end: Option<End> },
    RequestHandover,
    Ping,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum End {
    Done,
    Gone,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refused {
    title: String,
    kind: String,
    session: String,
    identity: String,
    part: u32,
    upload_id: String,
    key: String,
    row: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors/resume.json")).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2));
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn nonce(hex: &str) -> [u8; 12] {
    bytes(hex).try_into().unwrap()
}

/// What binds a tag: only the upload ID and the key of the record matter.
fn binding(upload_id: String, key: String) -> Record {
    Record { key, upload_id, size: 1, part_size: 1, name: String::new(), started_at: 0, modified: None }
}

#[test]
fn scopes_are_what_they_are_elsewhere() {
    let scopes = vectors().scopes;
    assert_eq!(scopes.len(), 4);
    for Scope { session, scope } in scopes {
        assert_eq!(ResumeKey::derive(&session).unwrap().scope(), scope);
    }
}

#[test]
fn scopes_of_services_are_what_they_are_elsewhere() {
    let places = vectors().places;
    assert_eq!(places.len(), 8);
    for Place { session, endpoint, scope } in places {
        assert_eq!(ResumeKey::derive_at(&session, &endpoint).unwrap().scope(), scope);
    }
}

#[test]
fn identities_are_what_they_are_elsewhere() {
    let identities = vectors().identities;
    assert_eq!(identities.len(), 20);
    for vector in identities {
        let sample: Vec<u8> = (0..vector.sample).map(|n| (n % 251) as u8).collect();
        let facts = Facts { name: &vector.name, size: vector.size, modified: vector.modified, sample: &sample };
        assert_eq!(ResumeKey::derive(&vector.session).unwrap().identity(&facts), vector.identity, "{}", vector.name);
    }
}

#[test]
fn records_go_both_ways() {
    let records = vectors().records;
    assert_eq!(records.len(), 17);
    for vector in records {
        let key = ResumeKey::derive(&vector.session).unwrap();
        let Values { key: file, upload_id, size, part_size, name, started_at, modified } = vector.record;
        let record = Record { key: file, upload_id, size, part_size, name, started_at, modified };
        let row = bytes(&vector.row);
        let sealed = key.seal_record(&vector.identity, &record, nonce(&vector.nonce)).unwrap();
        assert!(sealed == row, "{}", vector.title);
        assert!(key.open_record(&vector.identity, &row).unwrap() == record, "{}", vector.title);
    }
}

#[test]
fn tags_go_both_ways() {
    let tags = vectors().tags;
    assert_eq!(tags.len(), 22);
    for vector in tags {
        let key = ResumeKey::derive(&vector.session).unwrap();
        let record = binding(vector.upload_id, vector.key);
        let row = bytes(&vector.row);
        let digest = vector.digest.map(|digest| bytes(&digest).try_into().unwrap());
        let part = StoredPart { tag: vector.tag, digest };
        let sealed = key.seal_part(&vector.identity, vector.part, &record, &part, nonce(&vector.nonce)).unwrap();
        assert!(sealed == row, "{}", vector.title);
        let opened = key.open_part(&vector.identity, vector.part, &record, &row).unwrap();
        assert!(opened == part, "{}", vector.title);
    }
}

#[test]
fn messages_go_both_ways() {
    let messages = vectors().messages;
    assert_eq!(messages.len(), 10);
    for Said { title, session, identity, nonce: random, message, row } in messages {
        let message = match message {
            Message::Report { sent, parts_done, key, end } => {
                let end = end.map(|end| match end {
                    End::Done => PeerEnd::Done,
                    End::Gone => PeerEnd::Gone,
                });
                PeerMessage::Report(PeerReport { sent, parts_done, key, end })
            }
            Message::RequestHandover => PeerMessage::RequestHandover,
            Message::Ping => PeerMessage::Ping,
        };
        let key = ResumeKey::derive(&session).unwrap();
        let row = bytes(&row);
        assert!(key.seal_message(&identity, &message, nonce(&random)).unwrap() == row, "{title}");
        assert!(key.open_message(&row).unwrap() == (identity, message), "{title}");
    }
}

#[test]
fn refused_rows_give_one_error() {
    let refused = vectors().refused;
    assert!(refused.len() >= 66, "{}", refused.len());
    for vector in refused {
        let key = ResumeKey::derive(&vector.session).unwrap();
        let row = bytes(&vector.row);
        let error = match vector.kind.as_str() {
            "record" => key.open_record(&vector.identity, &row).unwrap_err(),
            "message" => key.open_message(&row).unwrap_err(),
            _ => {
                let record = binding(vector.upload_id, vector.key);
                key.open_part(&vector.identity, vector.part, &record, &row).unwrap_err()
            }
        };
        assert_eq!(error, ResumeError::Unreadable, "{}", vector.title);
    }
}
