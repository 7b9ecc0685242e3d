//! The service: what it keeps and what it answers to the requests of `docs/upload-api.md`, as they are on the wire.

use crate::chance::Chance;
use partway::protocol::{Body, Method, Request};
use partway::resume::Digest;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::Range;

/// The bytes a part carries: a range of one version of the person's file.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    pub file: usize,
    pub version: u32,
    pub range: Range<u64>,
}

impl Content {
    /// What tells these bytes from others.
    pub fn digest(&self) -> Digest {
        let Self { file, version, range } = self;
        let mut digest = [0; 32];
        let words = [*file as u64, u64::from(*version), range.start, range.end];
        for (bytes, word) in digest.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        digest
    }
}

/// A file of the bucket.
#[derive(Clone, Debug)]
pub struct Held {
    pub upload_id: String,
    pub parts: u32,
    pub size: u64,
    pub name: String,
    pub complete: bool,
    /// Tag and bytes of each part, by number.
    pub stored: BTreeMap<u32, (String, Content)>,
}

/// An answer on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub body: String,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self { status, body: String::new() }
    }

    fn ok(body: String) -> Self {
        Self { status: 200, body }
    }
}

/// It is overloaded, or being deployed: everybody is answered so.
#[derive(Clone, Copy, Debug)]
pub struct Refusing {
    pub status: u16,
    /// All but parts is served.
    pub parts_only: bool,
    pub since: u64,
    pub until: u64,
}

pub struct Service {
    pub files: BTreeMap<String, Held>,
    /// The one token it takes.
    pub token: u64,
    pub max_files: Option<u64>,
    pub max_megabytes: Option<u64>,
    /// When the session ends, in milliseconds since 1970.
    pub expiry: Option<f64>,
    /// What is stored expires with the session.
    pub session_ends: bool,
    /// Whether completing a completed file succeeds again, or answers 409.
    idempotent: bool,
    /// Whether the same bytes get the same tag, as an S3 store gives it.
    pub tags_by_content: bool,
    /// It answers nobody until then.
    pub down_until: u64,
    pub refusing: Option<Refusing>,
    /// Keys that a request removed, and that a restart lost.
    pub removed: BTreeSet<String>,
    pub lost: BTreeSet<String>,
    /// Links that it gave, with the key of each; those that expired are gone.
    pub links: BTreeMap<String, String>,
    pub links_given: BTreeSet<String>,
    /// How often the copies behind the links were replaced.
    pub copies: u64,
    /// Keys that it denied to have although it has them.
    pub denied: BTreeSet<String>,
    /// Names of files that it denied or lost: a later tab reads from the file's entry what else may bear its name.
    pub names_untold: BTreeSet<String>,
    numbered: u64,
}

impl Service {
    pub fn new(chance: &mut Chance) -> Self {
        Self {
            files: BTreeMap::new(),
            token: 1,
            max_files: chance.percent(15).then(|| chance.between(0, 4)),
            max_megabytes: chance.percent(15).then(|| chance.between(0, 60)),
            expiry: None,
            session_ends: false,
            idempotent: chance.percent(50),
            tags_by_content: chance.percent(70),
            down_until: 0,
            refusing: None,
            removed: BTreeSet::new(),
            lost: BTreeSet::new(),
            links: BTreeMap::new(),
            links_given: BTreeSet::new(),
            copies: 0,
            denied: BTreeSet::new(),
            names_untold: BTreeSet::new(),
            numbered: 0,
        }
    }

    /// How it refuses everybody at `now`.
    pub fn refuses(&self, is_part: bool, now: u64) -> Option<Refusing> {
        self.refusing
            .filter(|refusing| (refusing.since..refusing.until).contains(&now) && (is_part || !refusing.parts_only))
    }

    /// Acts on a request that bears `token`.
    pub fn act(&mut self, request: &Request, content: Option<&Content>, token: Option<u64>) -> Reply {
        if token != Some(self.token) {
            return Reply::status(401);
        }
        match (request.method, request.path.as_str(), &request.body) {
            (Method::Get, "/session/current", Body::Empty) => self.rules(),
            (Method::Get, "/buckets", Body::Empty) => self.list(),
            (Method::Post, "/buckets", Body::Json(body)) => self.start(body),
            (Method::Put, "/buckets", Body::Part) => self.put(request, content.expect("a part has bytes")),
            (Method::Post, "/buckets/complete", Body::Json(body)) => self.complete(body),
            (method, path, Body::Empty) => self.one(method, path),
            other => panic!("no such request: {other:?}"),
        }
    }

    fn one(&mut self, method: Method, path: &str) -> Reply {
        if let Some(key) = path.strip_prefix("/buckets/file/") {
            let key = decoded(key);
            return self.files.get(&key).map_or(Reply::status(404), |held| Reply::ok(entry(&key, held)));
        }
        if let Some(key) = path.strip_prefix("/buckets/download/") {
            let key = decoded(key);
            if !self.files.get(&key).is_some_and(|held| held.complete) {
                return Reply::status(404);
            }
            self.numbered += 1;
            let link = format!("https://files/{}", self.numbered);
            self.links.insert(link.clone(), key);
            self.links_given.insert(link.clone());
            return Reply::ok(format!("{{\"url\":{link:?}}}"));
        }
        let key = path.strip_prefix("/buckets/").filter(|_| method == Method::Delete);
        let key = decoded(key.unwrap_or_else(|| panic!("no such request: {method:?} {path}")));
        if self.files.remove(&key).is_none() {
            return Reply::status(404);
        }
        self.removed.insert(key);
        Reply::status(204)
    }

    fn rules(&self) -> Reply {
        let text = |limit: Option<u64>| limit.map_or("null".to_owned(), |limit| limit.to_string());
        let expiry = self.expiry.map_or("null".to_owned(), |expiry| format!("{expiry}"));
        let (files, bytes) = (text(self.max_files), text(self.max_megabytes));
        Reply::ok(format!("{{\"id\":\"s\",\"expiry\":{expiry},\"maxFiles\":{files},\"maxTotalMegaBytes\":{bytes}}}"))
    }

    fn list(&self) -> Reply {
        let mut body = "[".to_owned();
        for (number, (key, held)) in self.files.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            let _ = write!(body, "{comma}{}", entry(key, held));
        }
        body.push(']');
        Reply::ok(body)
    }

    fn start(&mut self, body: &str) -> Reply {
        let body: serde_json::Value = serde_json::from_str(body).expect("a start is JSON");
        let parts = body["totalParts"].as_u64().expect("totalParts") as u32;
        let size = body["originalSizeInBytes"].as_u64().expect("originalSizeInBytes");
        let name = body["encryptedName"].as_str().expect("encryptedName").to_owned();
        let bytes: u64 = self.files.values().map(|held| held.size).sum();
        let full = self.max_files.is_some_and(|most| self.files.len() as u64 >= most);
        if full || self.max_megabytes.is_some_and(|most| bytes + size > most * 1_000_000) {
            return Reply::status(403);
        }
        self.numbered += 1;
        let (key, upload_id) = (format!("k/{} é", self.numbered), format!("upload {}", self.numbered));
        let reply = format!("{{\"uploadId\":{upload_id:?},\"fileKey\":{key:?}}}");
        self.files.insert(key, Held { upload_id, parts, size, name, complete: false, stored: BTreeMap::new() });
        Reply::ok(reply)
    }

    fn put(&mut self, request: &Request, content: &Content) -> Reply {
        let header = |name| &request.headers.iter().find(|(header, _)| *header == name).expect("a header of a part").1;
        let key = decoded(header("key"));
        let part: u32 = header("partNumber").parse().expect("a number");
        let Some(held) = self.files.get_mut(&key) else { return Reply::status(404) };
        if held.complete {
            return Reply::status(409);
        }
        if part == 0 || part > held.parts || held.upload_id != *header("uploadId") {
            return Reply::status(400);
        }
        self.numbered += 1;
        let number = if self.tags_by_content { 1_000_000 + u64::from(content.version) } else { self.numbered };
        let tag = format!("\"{part}-{number}\"");
        let reply = format!("{{\"tag\":{tag:?},\"partNumber\":{part}}}");
        held.stored.insert(part, (tag, content.clone()));
        Reply::ok(reply)
    }

    fn complete(&mut self, body: &str) -> Reply {
        let body: serde_json::Value = serde_json::from_str(body).expect("a completion is JSON");
        let key = body["key"].as_str().expect("key");
        let tags: Vec<&str> = body["tags"].as_array().expect("tags").iter().filter_map(|tag| tag.as_str()).collect();
        let Some(held) = self.files.get_mut(key) else { return Reply::status(404) };
        if held.complete {
            return Reply::status(if self.idempotent { 200 } else { 409 });
        }
        let whole = held.stored.len() == held.parts as usize;
        if !whole || !held.stored.values().map(|(tag, _)| tag.as_str()).eq(tags) {
            return Reply::status(400);
        }
        held.complete = true;
        Reply::status(200)
    }

    /// Starts anew; what was stored stays, unless it also `loses` the unfinished files.
    pub fn restart(&mut self, until: u64, loses: bool) {
        self.down_until = self.down_until.max(until);
        if loses {
            let gone: Vec<String> =
                self.files.iter().filter(|(_, held)| !held.complete).map(|(key, _)| key.clone()).collect();
            for key in gone {
                self.names_untold.extend(self.files.remove(&key).map(|held| held.name));
                self.lost.insert(key);
            }
        }
    }
}

fn entry(key: &str, held: &Held) -> String {
    let Held { parts, size, name, complete, .. } = held;
    format!(
        "{{\"creatorId\":null,\"completed\":{complete},\"fileKey\":{key:?},\"fileName\":{name:?},\
         \"totalParts\":{parts},\"originalSizeInBytes\":{size}}}"
    )
}

/// Undoes percent-encoding.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || (rest.next().expect("two digits") as char).to_digit(16).expect("a digit") as u8;
            bytes.push(digit() * 16 + digit());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}
