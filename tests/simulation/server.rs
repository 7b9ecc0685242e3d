//! The service, as a value: what it stores and what it answers to a request that reaches it.

use partway::engine::Plan;
use std::collections::BTreeMap;
use std::ops::Range;

/// A request, as the service sees it.
#[derive(Clone, Debug)]
pub enum Call {
    Rules,
    Start { parts: u32, size: u64, name: u64, file: u64 },
    Put { part: u32, range: Range<u64>, key: String, upload_id: String },
    Complete { key: String, tags: Vec<String> },
    Confirm { key: String },
    Remove { key: String },
    Find { name: u64 },
}

/// What it answers.
#[derive(Clone, Debug)]
pub enum Answer {
    Rules,
    Started { key: String, upload_id: String },
    Tag(String),
    Completed,
    Confirmed(bool),
    Removed,
    Found(Vec<String>),
    Status(u16),
}

/// A file of the bucket.
#[derive(Clone, Debug)]
pub struct Stored {
    upload_id: String,
    parts: u32,
    size: u64,
    /// The sealed name: like no other.
    pub name: u64,
    /// Which of the person's files it is.
    pub file: u64,
    pub complete: bool,
    /// Tag and bytes of each part, by number.
    pub stored: BTreeMap<u32, (String, Range<u64>)>,
}

#[derive(Debug, Default)]
pub struct Server {
    pub files: BTreeMap<String, Stored>,
    /// The one token it takes.
    pub token: u64,
    pub max_files: Option<u64>,
    pub max_bytes: Option<u64>,
    /// Whether completing a completed file succeeds again, or answers 409.
    idempotent: bool,
    /// It answers nobody until then.
    pub down_until: u64,
    named: u64,
}

impl Server {
    pub fn new(idempotent: bool) -> Self {
        Self { idempotent, ..Self::default() }
    }

    /// Acts on a request that carries `token`.
    pub fn act(&mut self, call: &Call, token: u64) -> Answer {
        if token != self.token {
            return Answer::Status(401);
        }
        match call {
            Call::Rules => Answer::Rules,
            Call::Start { parts, size, name, file } => self.start(*parts, *size, *name, *file),
            Call::Put { part, range, key, upload_id } => self.put(*part, range, key, upload_id),
            Call::Complete { key, tags } => self.complete(key, tags),
            Call::Confirm { key } => {
                self.files.get(key).map_or(Answer::Status(404), |file| Answer::Confirmed(file.complete))
            }
            Call::Find { name } => {
                let named = self.files.iter().filter(|(_, file)| file.name == *name);
                Answer::Found(named.map(|(key, _)| key.clone()).collect())
            }
            Call::Remove { key } => self.files.remove(key).map_or(Answer::Status(404), |_| Answer::Removed),
        }
    }

    fn start(&mut self, parts: u32, size: u64, name: u64, file: u64) -> Answer {
        let bytes: u64 = self.files.values().map(|file| file.size).sum();
        let full = self.max_files.is_some_and(|most| self.files.len() as u64 >= most);
        if full || self.max_bytes.is_some_and(|most| bytes + size > most) {
            return Answer::Status(403);
        }
        self.named += 1;
        let (key, upload_id) = (format!("key {}", self.named), format!("upload {}", self.named));
        let stored = BTreeMap::new();
        let file = Stored { upload_id: upload_id.clone(), parts, size, name, file, complete: false, stored };
        self.files.insert(key.clone(), file);
        Answer::Started { key, upload_id }
    }

    fn put(&mut self, part: u32, range: &Range<u64>, key: &str, upload_id: &str) -> Answer {
        let Some(file) = self.files.get_mut(key) else { return Answer::Status(404) };
        if file.complete {
            return Answer::Status(409);
        }
        if part == 0 || part > file.parts || file.upload_id != upload_id {
            return Answer::Status(400);
        }
        self.named += 1;
        let tag = format!("\"tag {}\"", self.named);
        file.stored.insert(part, (tag.clone(), range.clone()));
        Answer::Tag(tag)
    }

    fn complete(&mut self, key: &str, tags: &[String]) -> Answer {
        let Some(file) = self.files.get_mut(key) else { return Answer::Status(404) };
        if file.complete {
            return if self.idempotent { Answer::Completed } else { Answer::Status(409) };
        }
        if file.stored.len() != file.parts as usize || !file.stored.values().map(|(tag, _)| tag).eq(tags) {
            return Answer::Status(400);
        }
        file.complete = true;
        Answer::Completed
    }

    /// Another page has stored the whole file.
    pub fn store(&mut self, file: u64, plan: Plan) -> String {
        self.named += 1;
        let key = format!("key {}", self.named);
        let stored = (1..=plan.parts()).map(|part| (part, (String::new(), plan.range(part)))).collect();
        let (parts, size) = (plan.parts(), plan.size());
        let whole = Stored { upload_id: String::new(), parts, size, name: 0, file, complete: true, stored };
        self.files.insert(key.clone(), whole);
        key
    }

    /// Another page has stored the rest of a file that was begun. Says whether there was one.
    pub fn finish(&mut self, key: &str, plan: Plan) -> bool {
        let Some(file) = self.files.get_mut(key) else { return false };
        file.stored = (1..=plan.parts()).map(|part| (part, (String::new(), plan.range(part)))).collect();
        file.complete = true;
        true
    }

    /// Starts anew at `now`; what was stored stays, unless it also `loses` the unfinished files.
    pub fn restart(&mut self, until: u64, loses: bool) {
        self.down_until = self.down_until.max(until);
        if loses {
            self.files.retain(|_, file| file.complete);
        }
    }
}
