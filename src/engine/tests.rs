//! The engine's contract, scenario by scenario. The driver is told in words: `put 1/2` is part 2 of upload 1.

use super::*;
use crate::protocol::{Body, Code, Failure, Method, Request, Response};
use crate::resume::{Digest, PeerEnd, PeerMessage, PeerReport, Record, StoredPart};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

const PART: u64 = LEAST_PART;
const STALL: u64 = 10_000;

/// A driver that only writes down what it is asked to do. It answers at once what concerns the file itself, and, unless
/// a test does that, what concerns its lock and the store.
struct Script {
    engine: Engine,
    now: Instant,
    /// The newest operation of each description.
    ops: BTreeMap<String, OpId>,
    /// Whether locks and the store are the test's to answer.
    by_hand: bool,
    /// Whether the file's bytes are there.
    readable: bool,
    /// Parts whose bytes are others now.
    changed: Vec<u32>,
    /// What the file's sample says.
    sample: &'static str,
    /// What was read of the file for it.
    read: Option<Bytes>,
    /// Whether the newest request sends that.
    sends_read: bool,
    /// The newest moment shown of each upload.
    shown: BTreeMap<UploadId, View>,
    /// Whether the newest download asks for the rest only, and where it gathers.
    fetch: Option<(bool, Gathered)>,
}

/// A bucket that keeps nothing, has no rules and one token.
fn config(parallel: usize, attempts: u32) -> Config {
    let platform = Platform { parse_date: Rc::new(|_| None), trusts_link: Rc::new(|link| link.starts_with("https:")) };
    Config {
        part_size: Some(PART),
        parallel,
        backoff: Backoff { attempts, base: 100, longest: 1000 },
        stall: STALL,
        can_report_progress: true,
        resume: false,
        rules: RulesSource::Ignore,
        token: TokenSource::Fixed,
        online: true,
        platform,
    }
}

impl Script {
    fn new(parallel: usize, attempts: u32) -> Self {
        Self::with(parallel, attempts, |_| {})
    }

    fn with_rules(parallel: usize, attempts: u32) -> Self {
        Self::with(parallel, attempts, |config| config.rules = RulesSource::Fetch)
    }

    fn with(parallel: usize, attempts: u32, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config(parallel, attempts);
        change(&mut config);
        Self {
            engine: Engine::new(config, 1),
            now: Instant(0),
            ops: BTreeMap::new(),
            by_hand: false,
            readable: true,
            changed: Vec::new(),
            sample: "same",
            read: None,
            sends_read: false,
            shown: BTreeMap::new(),
            fetch: None,
        }
    }

    /// A bucket that keeps its uploads; what locks and the store answer is the test's to say.
    fn keeping() -> Self {
        Self { by_hand: true, ..Self::with(2, 3, |config| config.resume = true) }
    }

    /// A bucket whose token comes from a function, which gave one.
    fn with_token_function(parallel: usize, attempts: u32) -> Self {
        Self::with(parallel, attempts, |config| config.token = TokenSource::Function)
    }

    /// An upload of `parts` whole parts, started and sending.
    fn sending(parallel: usize, parts: u64) -> Self {
        let mut script = Self::new(parallel, 3);
        script.pick(parts * PART);
        script.asked();
        script.start(1);
        script
    }

    fn pick(&mut self, size: u64) -> UploadId {
        self.pick_as(size, true)
    }

    fn pick_as(&mut self, size: u64, wants_progress: bool) -> UploadId {
        let name = format!("name{}", self.shown.len() + 1);
        self.pick_named(size, wants_progress, name.into())
    }

    fn pick_named(&mut self, size: u64, wants_progress: bool, name: FileName) -> UploadId {
        let file = FileSpec { size, name, unique_name: true, modified: Some(1), wants_progress };
        let id = self.engine.upload(file, self.now);
        let view = self.engine.view(id, self.now).unwrap();
        self.shown.insert(id, view);
        id
    }

    fn call(&mut self, call: Call) -> String {
        self.engine.call(call, self.now);
        self.asked()
    }

    /// All the engine asks for now, but for what is shown.
    fn asked(&mut self) -> String {
        let mut asked = Vec::new();
        while let Some(action) = self.engine.poll(self.now) {
            let (line, op) = match action {
                Action::Send { op, request, part, read, .. } => {
                    self.sends_read = read.is_some();
                    (describe(&request, part), Some(op))
                }
                Action::Fetch { op, size, gathered, resumes, .. } => {
                    self.fetch = Some((resumes, gathered));
                    (format!("fetch {size}"), Some(op))
                }
                Action::Token { op } => ("token".to_owned(), Some(op)),
                Action::Cancel { op } => {
                    let name = self.ops.iter().find(|(_, known)| **known == op).map(|(name, _)| name);
                    (format!("cancel {}", name.unwrap()), None)
                }
                Action::Sample { op, upload } => {
                    let identity = Identity(format!("{} {}", self.sample, upload.0));
                    self.end(op, Outcome::Sampled(Some(identity), self.read.clone()));
                    continue;
                }
                Action::Peek { op, .. } => {
                    self.end(op, Outcome::Readable(self.readable));
                    continue;
                }
                Action::Digest { op, range, .. } => {
                    let part = u32::try_from(range.start / PART).unwrap() + 1;
                    let is_other = self.changed.contains(&part);
                    self.end(op, Outcome::Digested(self.readable.then(|| digest_of(if is_other { 0 } else { part }))));
                    continue;
                }
                Action::DecodeList { op, body } => {
                    self.end(op, Outcome::Listed(crate::protocol::FileList::new(&body).collect()));
                    continue;
                }
                Action::Lock { op, ask: Ask::Steal, .. } => ("steal lock".to_owned(), Some(op)),
                Action::Lock { op, ask, .. } if self.by_hand => {
                    (if ask == Ask::Queue { "wait for lock" } else { "lock" }.to_owned(), Some(op))
                }
                Action::Lock { op, .. } => {
                    self.end(op, Outcome::Locked(Lock::Granted));
                    continue;
                }
                Action::Load { op, .. } if self.by_hand => ("load".to_owned(), Some(op)),
                Action::Load { op, .. } => {
                    self.end(op, Outcome::Loaded(Ok(None)));
                    continue;
                }
                Action::Store { op, checkpoint, .. } if self.by_hand => {
                    let what = match checkpoint {
                        Checkpoint::Intent { .. } => "intent".to_owned(),
                        Checkpoint::Begun(_) => "key".to_owned(),
                        Checkpoint::Aborted { key, .. } => format!("abort of {key}"),
                    };
                    (format!("store {what}"), Some(op))
                }
                Action::StorePart { op, upload, number, .. } if self.by_hand => {
                    (format!("save {}/{number}", upload.0), Some(op))
                }
                Action::Purge { op, identity } if self.by_hand => {
                    let what = if identity.0.starts_with("1/") { "purge what was earlier" } else { "purge" };
                    (what.to_owned(), Some(op))
                }
                Action::Move { op, .. } => ("move".to_owned(), Some(op)),
                Action::Store { op, .. } | Action::StorePart { op, .. } | Action::Purge { op, .. } => {
                    self.end(op, Outcome::Stored(Ok(())));
                    continue;
                }
                Action::LoadAll { op } => ("load all".to_owned(), Some(op)),
                Action::QueryLocks { op } => ("look at locks".to_owned(), Some(op)),
                Action::Unlock { .. } => ("unlock".to_owned(), None),
                Action::Post { message: PeerMessage::Ping, .. } => ("ping".to_owned(), None),
                Action::Post { message: PeerMessage::RequestHandover, .. } => ("ask for it".to_owned(), None),
                Action::Post { message: PeerMessage::Report(PeerReport { end: Some(end), .. }), .. } => {
                    (format!("tell {end:?}"), None)
                }
                Action::WarnUnkept => ("warn".to_owned(), None),
                Action::Stand { upload } => (format!("abort of {} stands", upload.0), None),
                Action::Settle { upload } => (format!("settled {}", upload.0), None),
                Action::Reply { call, answer } => (format!("reply {} {}", call.0, words(answer)), None),
                Action::Show { upload, view } => {
                    self.shown.insert(upload, view);
                    continue;
                }
                Action::Post { .. } | Action::Channel { .. } | Action::CallProgress { .. } => continue,
            };
            if let Some(op) = op {
                self.ops.insert(line.split(" with ").next().unwrap().to_owned(), op);
            }
            asked.push(line);
        }
        asked.join(", ")
    }

    fn end(&mut self, op: OpId, outcome: Outcome) {
        self.engine.handle(Event::Ended { op, outcome }, self.now);
    }

    fn tell(&mut self, event: Event) -> String {
        self.engine.handle(event, self.now);
        self.asked()
    }

    /// An operation ends.
    fn ends(&mut self, name: &str, outcome: Outcome) -> String {
        self.end(self.ops[name], outcome);
        self.asked()
    }

    /// A request is answered with this JSON.
    fn answer(&mut self, name: &str, json: &str) -> String {
        self.ends(name, Outcome::Response(response(200, None, json)))
    }

    fn start(&mut self, upload: u32) -> String {
        let name = self.ops.keys().find(|name| name.starts_with(&format!("start {upload} of "))).unwrap().clone();
        self.answer(&name, &format!(r#"{{"fileKey":"key{upload}","uploadId":"id"}}"#))
    }

    fn store(&mut self, part: &str, tag: &str) -> String {
        self.answer(&format!("put {part}"), &format!(r#"{{"tag":"{tag}"}}"#))
    }

    fn stored(&mut self, name: &str) -> String {
        self.ends(name, Outcome::Stored(Ok(())))
    }

    /// Whether a file is complete, the service says.
    fn confirm(&mut self, name: &str, completed: bool) -> String {
        self.answer(name, &format!(r#"{{"fileKey":null,"completed":{completed}}}"#))
    }

    fn status(&mut self, name: &str, status: u16) -> String {
        self.ends(name, Outcome::Response(response(status, None, "")))
    }

    /// The newest token is refused to a request, as often as it is tried again; gives how late each try came.
    fn refused_on(&mut self, name: &str) -> Vec<u64> {
        let began = self.now;
        let mut tries = Vec::new();
        for _ in 0..4 {
            assert_eq!(self.status(name, 401), "");
            assert_eq!(self.wait(), name);
            tries.push(self.now.since(began));
        }
        tries
    }

    /// A request's connection fails; nothing is known of the network, and the service never answered, or does.
    fn drop(&mut self, name: &str) -> String {
        let asked = self.ends(name, Outcome::NoResponse);
        self.now = self.now.plus(50);
        let verdict = self.asked();
        let probe = verdict.strip_prefix("list").map(|_| self.status("list", 200));
        [asked, probe.unwrap_or(verdict)].into_iter().filter(|asked| !asked.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// Waits until the engine asks to be woken for something to do.
    fn wait(&mut self) -> String {
        for _ in 0..1000 {
            let (at, reason) = self.engine.wake_at().expect("something is to come");
            assert!(at > self.now, "woken in the past: {reason}");
            self.now = at;
            let asked = self.asked();
            if !asked.is_empty() {
                return asked;
            }
        }
        panic!("woken for nothing");
    }

    fn view(&self, upload: u32) -> View {
        let id = UploadId(upload);
        self.engine.view(id, self.now).unwrap_or_else(|| self.shown[&id].clone())
    }

    fn state(&self, upload: u32) -> State {
        self.view(upload).state
    }

    fn code(&self, upload: u32) -> Option<Code> {
        self.view(upload).failure.map(|failure| failure.code)
    }
}

fn response(status: u16, retry_after: Option<u64>, json: &str) -> Response {
    Response { status, retry_after, announced: None, body: json.as_bytes().to_vec(), received_at: 1e12 }
}

fn describe(request: &Request, part: Option<PartBody>) -> String {
    let body = match &request.body {
        Body::Json(json) => serde_json::from_str(json).unwrap(),
        Body::Empty | Body::Part => serde_json::Value::Null,
    };
    match (request.method, request.path.as_str()) {
        (Method::Get, "/session/current") => "rules".to_owned(),
        (Method::Get, "/buckets") => "list".to_owned(),
        (Method::Post, "/buckets") => {
            let name = body["encryptedName"].as_str().unwrap().trim_start_matches("name");
            format!("start {name} of {}", body["totalParts"])
        }
        (Method::Post, _) => {
            let tags: Vec<_> = body["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
            format!("complete {} with {}", body["key"].as_str().unwrap(), tags.join("+"))
        }
        (Method::Put, _) => format!("put {}/{}", part.unwrap().upload.0, request.headers[0].1),
        (Method::Delete, path) => format!("remove {}", path.trim_start_matches("/buckets/")),
        (Method::Get, path) => {
            let path = path.trim_start_matches("/buckets/");
            path.replace("file/", "confirm ").replace("download/", "link ")
        }
    }
}

fn words(answer: Result<Answer, Failure>) -> String {
    match answer {
        Ok(Answer::List(files)) => format!("{} files", files.len()),
        Ok(Answer::File(file)) => format!("file {}", file.file_key.unwrap()),
        Ok(Answer::Link(_)) => "link".to_owned(),
        Ok(Answer::Download(bytes)) => format!("{} bytes", bytes.size),
        Ok(Answer::Removed) => "removed".to_owned(),
        Ok(Answer::Rules(_)) => "rules".to_owned(),
        Ok(Answer::Unfinished(found)) => format!("{} unfinished", found.len()),
        Ok(Answer::Forgotten) => "forgotten".to_owned(),
        Err(failure) => failure.code.as_str().to_owned(),
    }
}

fn offline() -> Event {
    Event::Network { online: false }
}

fn online() -> Event {
    Event::Network { online: true }
}

fn abort(upload: u32, keep: bool) -> Event {
    Event::Abort { upload: UploadId(upload), keep }
}

#[test]
fn a_file_of_three_parts_action_by_action() {
    let mut script = Script::keeping();
    script.pick(2 * PART + 1);
    assert_eq!(script.asked(), "lock");
    assert_eq!(script.ends("lock", Outcome::Locked(Lock::Granted)), "load");
    assert_eq!(script.ends("load", Outcome::Loaded(Ok(None))), "store intent");
    assert_eq!(script.stored("store intent"), "start 1 of 3");
    assert_eq!(script.state(1), State::Starting);
    assert_eq!(script.start(1), "store key");
    assert_eq!(script.stored("store key"), "put 1/1, put 1/2");
    assert_eq!(script.state(1), State::Uploading);
    assert_eq!(script.store("1/2", "b"), "save 1/2, put 1/3");
    assert_eq!(script.store("1/1", "a"), "save 1/1");
    assert_eq!(script.store("1/3", "c"), "save 1/3");
    assert_eq!(script.view(1).progress.parts_done, 0, "what is stored counts when its tag is");
    assert_eq!(script.stored("save 1/2"), "");
    assert_eq!(script.stored("save 1/2"), "", "stored twice counts once");
    assert_eq!(script.view(1).progress.parts_done, 1);
    assert_eq!(script.stored("save 1/3"), "");
    assert_eq!(script.stored("save 1/1"), "complete key1 with a+b+c");
    assert_eq!(script.state(1), State::Completing);
    assert_eq!(script.answer("complete key1", ""), "tell Done, purge");
    assert_eq!(script.state(1), State::Completing, "done is shown once nothing is stored of it any more");
    assert_eq!(script.stored("purge"), "tell Done, unlock, settled 1");
    assert_eq!(script.state(1), State::Done);
    assert_eq!(script.engine.wake_at(), None);
}

#[test]
fn a_file_of_one_part_costs_three_requests() {
    for size in [0, 1, PART] {
        let mut script = Script::new(6, 3);
        script.pick(size);
        assert_eq!(script.asked(), "start 1 of 1");
        assert_eq!(script.start(1), "put 1/1");
        assert_eq!(script.store("1/1", "a"), "complete key1 with a");
        assert_eq!(script.answer("complete key1", "{}"), "settled 1");
        assert_eq!(script.state(1), State::Done);
    }
}

/// One part, sent: its completion is on its way.
fn completing() -> Script {
    let mut script = Script::sending(1, 1);
    assert_eq!(script.store("1/1", "a"), "complete key1 with a");
    script
}

#[test]
fn a_completion_without_an_answer_is_asked_for() {
    let mut script = completing();
    assert_eq!(script.drop("complete key1"), "confirm key1");
    assert_eq!(script.confirm("confirm key1", true), "settled 1");
    assert_eq!(script.state(1), State::Done);
}

#[test]
fn what_is_complete_is_compared_with_what_was_sent() {
    for another in [r#""fileKey":"key2""#, r#""originalSizeInBytes":2"#, r#""totalParts":2"#] {
        let says = |completed| format!(r#"{{{another},"completed":{completed}}}"#);
        let mut script = completing();
        assert_eq!(script.answer("complete key1", &says(true)), "confirm key1", "{another}");
        assert_eq!(script.confirm("confirm key1", true), "settled 1");

        let mut script = completing();
        script.drop("complete key1");
        // An answer that makes no sense is asked for twice more.
        for _ in 0..2 {
            script.answer("confirm key1", &says(true));
            assert_eq!(script.wait(), "confirm key1", "{another}");
        }
        script.answer("confirm key1", &says(true));
        assert_eq!((script.state(1), script.code(1)), (State::Failed, Some(Code::Protocol)), "{another}");
    }
    let mut script = loading();
    script.ends("load", kept());
    let another = r#"{"fileKey":"old","completed":true,"originalSizeInBytes":7}"#;
    assert_eq!(script.answer("confirm old", another), "store intent");
}

#[test]
fn a_completion_that_did_not_happen_is_tried_again_and_given_up() {
    let mut script = completing();
    for _ in 0..2 {
        assert_eq!(script.status("complete key1", 503), "confirm key1");
        assert_eq!(script.confirm("confirm key1", false), "");
        assert_eq!(script.state(1), State::Waiting);
        assert_eq!(script.wait(), "complete key1 with a");
    }
    assert_eq!(script.status("complete key1", 409), "confirm key1", "a refusal of a repeated one is a doubt too");
    assert_eq!(never_joined(&mut script), "settled 1");
    assert_eq!(script.code(1), Some(Code::Refused));
}

/// Tells again and again that the file is not complete; gives what follows in the end.
fn never_joined(script: &mut Script) -> String {
    let (began, mut asked) = (script.now, 0);
    loop {
        asked += 1;
        let end = script.confirm("confirm key1", false);
        if !end.is_empty() {
            let took = script.now.since(began);
            assert!((100_000..=115_000).contains(&took) && (10..25).contains(&asked), "{asked} in {took} ms");
            return end;
        }
        assert_eq!(script.wait(), "confirm key1");
    }
}

#[test]
fn parts_that_take_minutes_to_be_joined_are_joined_once() {
    let mut script = completing();
    assert_eq!(script.wait(), "cancel complete key1, confirm key1");
    assert_eq!(script.now, Instant(10_000));
    for _ in 0..5 {
        assert_eq!(script.confirm("confirm key1", false), "");
        assert_eq!(script.wait(), "confirm key1");
    }
    assert_eq!(script.confirm("confirm key1", true), "settled 1");
    assert_eq!(script.state(1), State::Done);
}

/// Waits until the try under way of the first upload's only part is given up, while the service answers all else.
fn given_up(script: &mut Script) -> u64 {
    let began = script.now;
    loop {
        let asked = script.wait();
        if asked.contains("list") {
            script.answer("list", "[]");
        }
        if asked.contains("cancel put 1/1") {
            return script.now.since(began) / 1000;
        }
    }
}

#[test]
fn each_try_of_a_part_is_given_more_time() {
    let mut script = Script::sending(2, 1);
    let mut silences = Vec::new();
    for _ in 0..3 {
        let op = script.ops["put 1/1"];
        script.tell(Event::Moved { op, bytes: 1 });
        silences.push(given_up(&mut script));
        while !script.ops.contains_key("put 1/1") || script.ops["put 1/1"] == op && script.state(1) != State::Failed {
            script.wait();
        }
    }
    // The back-off, and the time for its bytes, are in them.
    let least = [10, 40, 160];
    assert!(silences.iter().zip(least).all(|(silence, least)| (least..least + 5).contains(silence)), "{silences:?}");
}

#[test]
fn what_was_handed_over_twice_is_waited_for_while_the_service_answers() {
    let mut script = Script::sending(2, 1);
    let hand_over = |script: &mut Script| script.tell(Event::Moved { op: script.ops["put 1/1"], bytes: PART });
    hand_over(&mut script);
    assert_eq!(given_up(&mut script), STALL / 1000);
    assert_eq!(script.wait(), "put 1/1");
    hand_over(&mut script);
    assert!((80..95).contains(&given_up(&mut script)), "twice as long as its own patience");
}

#[test]
fn what_was_handed_over_to_a_service_that_is_gone_waits_for_it() {
    let mut script = Script::sending(2, 1);
    script.tell(Event::Moved { op: script.ops["put 1/1"], bytes: PART });
    assert_eq!(script.wait(), "cancel put 1/1, list");
    assert_eq!(script.wait(), "put 1/1");
    while script.state(1) != State::Waiting {
        script.wait();
    }
    assert!(script.now.0 <= 2 * STALL + 1000, "what is dead is found out soon: {:?}", script.now);
    for _ in 0..100 {
        script.wait();
    }
    assert_eq!(script.state(1), State::Waiting, "for as long as it takes");
}

#[test]
fn a_first_completion_that_is_refused_is_asked_about_and_fails() {
    let mut script = completing();
    assert_eq!(script.status("complete key1", 409), "confirm key1", "the browser may have sent it twice");
    assert_eq!(never_joined(&mut script), "settled 1");
    assert_eq!(script.code(1), Some(Code::Refused));
}

#[test]
fn a_failed_store_is_said_once_and_the_upload_goes_on_without() {
    let mut script = Script::keeping();
    script.pick(3 * PART);
    script.asked();
    script.ends("lock", Outcome::Locked(Lock::Granted));
    script.ends("load", Outcome::Loaded(Ok(None)));
    script.stored("store intent");
    script.start(1);
    script.stored("store key");
    script.store("1/1", "a");
    script.store("1/2", "b");
    let full = || Outcome::Stored(Err(Failure::new(Code::Storage, "full")));
    assert_eq!(script.ends("save 1/1", full()), "warn, cancel save 1/2");
    assert_eq!(script.view(1).progress.parts_done, 2, "keeping is given up, so nothing waits for it");
    assert_eq!(script.store("1/3", "c"), "complete key1 with a+b+c", "and nothing is stored any more");
}

#[test]
fn a_store_that_never_answers_holds_an_upload_for_seconds_only() {
    let mut script = Script::keeping();
    script.pick(1);
    script.asked();
    script.ends("lock", Outcome::Locked(Lock::Granted));
    assert_eq!(script.wait(), "cancel load, load all, warn, start 1 of 1");
    assert_eq!(script.now, Instant(4000));
    script.start(1);
    assert_eq!(script.store("1/1", "a"), "complete key1 with a");
    assert_eq!(
        script.answer("complete key1", ""),
        "tell Done, unlock, settled 1",
        "nothing is stored, and nothing waits"
    );
    // It is remembered, until the store answers after all.
    script.pick(1);
    assert_eq!(script.asked(), "start 2 of 1");
    script.ends("load all", Outcome::LoadedAll(Ok(Vec::new())));
    script.pick(1);
    assert_eq!(script.asked(), "lock");
}

#[test]
fn a_lock_that_is_never_answered_holds_one_upload_a_minute_for_seconds_only() {
    let mut script = Script::keeping();
    script.pick(1);
    assert_eq!(script.asked(), "lock");
    assert_eq!(script.wait(), "cancel lock, warn, start 1 of 1");
    assert_eq!(script.now, Instant(4000));
    script.pick(1);
    assert_eq!(script.asked(), "start 2 of 1");
    script.now = script.now.plus(60_000);
    script.pick(1);
    assert!(script.asked().ends_with("lock"));
}

#[test]
fn what_the_store_does_not_delete_holds_back_no_end() {
    let mut script = Script::keeping();
    script.pick(1);
    script.asked();
    script.ends("lock", Outcome::Locked(Lock::Granted));
    script.ends("load", Outcome::Loaded(Ok(None)));
    script.stored("store intent");
    script.start(1);
    assert_eq!(script.store("1/1", "a"), "complete key1 with a");
    assert_eq!(script.answer("complete key1", ""), "tell Done, purge");
    assert_eq!(script.wait(), "cancel purge, warn, tell Done, unlock, settled 1");
    assert_eq!(script.now, Instant(5000));
}

/// A small file, which the service has begun.
fn small() -> Script {
    let mut script = Script::keeping();
    script.pick(10);
    script.asked();
    script.ends("lock", Outcome::Locked(Lock::Granted));
    assert_eq!(script.ends("load", Outcome::Loaded(Ok(None))), "store intent");
    assert_eq!(script.stored("store intent"), "start 1 of 1");
    assert_eq!(script.start(1), "put 1/1");
    script
}

#[test]
fn what_was_read_of_a_small_file_is_sent_as_it_is_once() {
    let begun = |read: u64, after: u64| {
        let mut script = Script::keeping();
        script.read = Some(Bytes { size: read, value: Rc::new(()) });
        script.pick(10);
        script.asked();
        script.ends("lock", Outcome::Locked(Lock::Granted));
        script.ends("load", Outcome::Loaded(Ok(None)));
        script.stored("store intent");
        script.now = script.now.plus(after);
        assert_eq!(script.start(1), "put 1/1");
        script
    };
    let mut script = begun(10, 0);
    assert!(script.sends_read);
    script.status("put 1/1", 500);
    assert_eq!(script.wait(), "put 1/1");
    assert!(!script.sends_read, "the next try reads the file");
    assert!(!begun(9, 0).sends_read, "that is not all of it");
    assert!(!begun(10, 1000).sends_read, "the file may have changed since");
}

#[test]
fn an_empty_file_is_looked_for_before_it_is_sent() {
    let mut script = Script::keeping();
    script.read = Some(Bytes { size: 0, value: Rc::new(()) });
    script.pick(0);
    script.asked();
    script.ends("lock", Outcome::Locked(Lock::Granted));
    script.ends("load", Outcome::Loaded(Ok(None)));
    script.stored("store intent");
    script.readable = false;
    script.start(1);
    assert_eq!((script.state(1), script.code(1)), (State::Failed, Some(Code::FileChanged)));
}

#[test]
fn what_was_read_is_kept_for_a_second_and_not_by_who_follows() {
    for follows in [true, false] {
        let mut script = Script::keeping();
        let value = Rc::new(());
        let kept = Rc::downgrade(&value);
        script.read = Some(Bytes { size: 10, value });
        script.pick(10);
        script.asked();
        script.read = None;
        assert!(kept.upgrade().is_some());
        if follows {
            script.ends("lock", Outcome::Locked(Lock::Taken { queue: true }));
        } else {
            script.now = script.now.plus(1000);
            script.asked();
        }
        assert!(kept.upgrade().is_none(), "follows: {follows}");
    }
}

#[test]
fn of_a_small_file_only_the_intent_is_stored() {
    let mut script = small();
    assert_eq!(script.store("1/1", "a"), "complete key1 with a");
    assert_eq!(script.answer("complete key1", ""), "tell Done, purge");
    assert_eq!(script.stored("purge"), "tell Done, unlock, settled 1");
    assert_eq!(script.engine.wake_at(), None);
}

#[test]
fn a_small_file_that_takes_long_is_stored_by_its_key_and_can_be_left_to_another_tab() {
    let mut script = small();
    assert_eq!(script.wait(), "store key");
    assert_eq!(script.now, Instant(300));
    script.tell(Event::Pause(UploadId(1)));
    let identity = Identity("same 1".to_owned());
    assert_eq!(script.tell(Event::Peer { identity, message: PeerMessage::RequestHandover }), "", "not kept yet");
    assert_eq!(script.stored("store key"), "unlock");
}

#[test]
fn a_small_file_that_is_given_up_and_kept_is_stored_by_its_key() {
    let mut script = small();
    assert_eq!(script.tell(abort(1, true)), "store key, cancel put 1/1");
    assert_eq!(script.stored("store key"), "tell Gone, unlock, settled 1");
    let mut script = small();
    assert_eq!(script.status("put 1/1", 403), "store key");
    assert_eq!(script.stored("store key"), "tell Gone, unlock, settled 1");
    let mut script = small();
    assert_eq!(script.tell(abort(1, false)), "cancel put 1/1, store abort of key1, remove key1");
    assert_eq!(script.status("remove key1", 204), "cancel store abort of key1, purge");
}

#[test]
fn only_a_tab_that_follows_is_told_how_far_a_file_is() {
    let mut script = small();
    let told = |script: &mut Script| {
        let mut told = 0;
        while let Some(action) = script.engine.poll(script.now) {
            told += u32::from(matches!(action, Action::Post { message: PeerMessage::Report(_), .. }));
        }
        told
    };
    let moves = |script: &mut Script, bytes| {
        let op = script.ops["put 1/1"];
        script.now = script.now.plus(100);
        script.engine.handle(Event::Moved { op, bytes }, script.now);
    };
    moves(&mut script, 1);
    assert_eq!(told(&mut script), 0);
    let identity = Identity("same 1".to_owned());
    script.engine.handle(Event::Peer { identity, message: PeerMessage::Ping }, script.now);
    assert_eq!(told(&mut script), 1);
    moves(&mut script, 2);
    assert_eq!(told(&mut script), 1);
}

/// A function gave a token, and an upload of five parts is sending three of them.
fn sending_with_token_function() -> Script {
    let mut script = Script::with_token_function(3, 1);
    script.pick(5 * PART);
    assert_eq!(script.asked(), "token");
    assert_eq!(script.ends("token", Outcome::Token(Given::Token)), "start 1 of 5");
    script.start(1);
    script.store("1/1", "a");
    assert_eq!(script.store("1/2", "b"), "put 1/4, put 1/5", "there is room for three now");
    script
}

#[test]
fn a_refused_token_is_renewed_once_for_all_and_costs_no_try() {
    let mut script = sending_with_token_function();
    assert_eq!(script.status("put 1/3", 401), "token");
    assert_eq!(script.status("put 1/4", 401), "");
    assert_eq!(script.state(1), State::Uploading, "a part is still on its way");
    assert_eq!(script.call(Call::List), "", "a call shares the renewal");
    let renewed = script.ends("token", Outcome::Token(Given::Token));
    assert_eq!(renewed, "list, put 1/3, put 1/4");
    assert_eq!(script.status("put 1/5", 401), "put 1/5", "refused under the old token");
    assert_eq!(script.refused_on("put 1/4"), [500, 1500, 3500, 7500], "the better token is tried again and again");
    assert_eq!(script.status("put 1/4", 401), "cancel put 1/5, cancel put 1/3, settled 1");
    assert_eq!(script.code(1), Some(Code::Unauthorized));
}

#[test]
fn a_fresh_token_that_is_refused_at_first_is_tried_again() {
    let mut script = Script::sending(2, 1);
    assert_eq!(script.status("put 1/1", 401), "");
    assert_eq!((script.wait(), script.now), ("put 1/1".to_owned(), Instant(500)));
    assert_eq!(script.status("put 1/1", 401), "");
    assert_eq!(script.wait(), "put 1/1");
    script.store("1/1", "a");
    assert_eq!(script.answer("complete key1", ""), "settled 1");
    assert_eq!(script.state(1), State::Done);
}

#[test]
fn the_first_token_that_cannot_be_had_fails_what_waits_for_it() {
    let mut script = Script::with_token_function(2, 3);
    script.pick(1);
    assert_eq!(script.asked(), "token");
    assert_eq!(script.call(Call::List), "", "it is asked for once");
    assert_eq!(script.ends("token", Outcome::Token(Given::Threw)), "settled 1, reply 1 unauthorized");
    assert_eq!(script.code(1), Some(Code::Unauthorized));
    assert_eq!(script.call(Call::List), "token", "another call is another chance");
    assert_eq!(script.ends("token", Outcome::Token(Given::Token)), "list");
}

#[test]
fn a_call_is_told_that_no_token_can_be_had() {
    let mut script = sending_with_token_function();
    script.call(Call::List);
    script.status("list", 401);
    assert_eq!(script.ends("token", Outcome::Token(Given::Threw)), "reply 1 unauthorized");
    assert_eq!(script.call(Call::List), "token", "whoever asks now wants to know now");
}

#[test]
fn without_a_token_all_waits_and_what_was_aborted_is_let_go() {
    let mut script = Script::with_token_function(2, 3);
    script.pick(1);
    script.pick(1);
    script.asked();
    assert_eq!(script.ends("token", Outcome::Token(Given::Token)), "start 1 of 1, start 2 of 1");
    assert_eq!(script.tell(abort(2, false)), "");
    assert_eq!(script.status("start 1 of 1", 401), "token");
    assert_eq!(script.ends("token", Outcome::Token(Given::Threw)), "cancel start 2 of 1, settled 2");
    assert_eq!(script.start(2), "", "an answer that comes late changes nothing");
    assert_eq!((script.state(1), script.state(2)), (State::Waiting, State::Aborted));
    for _ in 0..20 {
        assert_eq!(script.wait(), "token");
        assert_eq!(script.ends("token", Outcome::Token(Given::Threw)), "");
    }
    assert_eq!(script.wait(), "token");
    assert_eq!(script.ends("token", Outcome::Token(Given::Token)), "start 1 of 1");
}

#[test]
fn a_refusal_that_comes_late_does_not_ask_for_the_token_again() {
    let mut script = sending_with_token_function();
    assert_eq!(script.status("put 1/3", 401), "token");
    script.ends("token", Outcome::Token(Given::Threw));
    assert_eq!(script.status("put 1/4", 401), "", "it is asked for when it is time");
    assert_eq!(script.wait(), "token");
}

#[test]
fn an_aborted_start_that_fails_offline_is_sought_and_let_go() {
    let mut script = Script::new(2, 3);
    script.pick(PART);
    script.asked();
    script.tell(offline());
    script.tell(abort(1, false));
    assert_eq!(script.drop("start 1 of 1"), "");
    assert_eq!(script.tell(online()), "list");
    assert_eq!(script.answer("list", "[]"), "settled 1");
}

#[test]
fn offline_a_start_and_a_completion_cost_no_try_either() {
    let mut script = completing();
    for _ in 0..5 {
        script.tell(offline());
        script.drop("complete key1");
        assert_eq!(script.tell(online()), "confirm key1");
        script.confirm("confirm key1", false);
        assert_eq!(script.wait(), "complete key1 with a");
    }
}

#[test]
fn without_a_token_an_upload_ends_with_its_session() {
    let rules = crate::protocol::Rules::default();
    let mut script = Script::with(2, 2, |config| {
        config.token = TokenSource::Function;
        config.rules = RulesSource::Given { rules, ends_at: Some(Instant(100_000)) };
    });
    script.pick(2 * PART);
    script.asked();
    script.ends("token", Outcome::Token(Given::Token));
    script.start(1);
    assert_eq!(script.status("put 1/1", 401), "token");
    script.ends("token", Outcome::Token(Given::Threw));
    assert_eq!(script.store("1/2", "b"), "");
    assert_eq!(script.state(1), State::Waiting);
    let mut asked = 0;
    while script.state(1) == State::Waiting {
        if script.wait() == "token" {
            asked += 1;
            script.ends("token", Outcome::Token(Given::Threw));
        }
    }
    assert!(asked > 2, "{asked}");
    assert_eq!((script.now, script.code(1)), (Instant(100_000), Some(Code::Unauthorized)));
}

#[test]
fn a_token_that_never_changes_ends_what_it_began() {
    let mut script = Script::sending(2, 2);
    assert_eq!(script.refused_on("put 1/1"), [500, 1500, 3500, 7500]);
    assert_eq!(script.status("put 1/1", 401), "cancel put 1/2, settled 1");
    assert_eq!(script.code(1), Some(Code::Unauthorized));
}

#[test]
fn a_token_refused_to_the_first_request_is_renewed_before_anything_fails() {
    let mut script = Script::with(2, 3, |config| {
        (config.rules, config.token) = (RulesSource::Fetch, TokenSource::Function);
    });
    script.pick(1);
    script.asked();
    assert_eq!(script.ends("token", Outcome::Token(Given::Token)), "rules");
    assert_eq!(script.status("rules", 401), "token");
    assert_eq!(script.ends("token", Outcome::Token(Given::Token)), "rules");
    assert_eq!(script.refused_on("rules"), [500, 1500, 3500, 7500]);
    assert_eq!(script.status("rules", 401), "settled 1");
    assert_eq!(script.code(1), Some(Code::Unauthorized));
    script.pick(1);
    assert_eq!(script.asked(), "rules", "another file is another chance");
    assert_eq!(script.status("rules", 401), "token");
    let invalid = Given::Invalid(Failure::new(Code::InvalidOption, "no text"));
    assert_eq!(script.ends("token", Outcome::Token(invalid)), "settled 2");
    assert_eq!(script.code(2), Some(Code::InvalidOption));
}

#[test]
fn in_an_outage_the_token_is_doubted_now_and_then() {
    let mut script = sending_with_token_function();
    for part in ["put 1/3", "put 1/4", "put 1/5"] {
        script.ends(part, Outcome::NoResponse);
    }
    let (mut asked, mut probes) = (Vec::new(), 0);
    while script.now < Instant(120_000) {
        match script.wait().as_str() {
            "token" => {
                asked.push(script.now.0 / 1000);
                // Whatever keeps requests from arriving may keep the function from it.
                script.ends("token", Outcome::Token(Given::Threw));
            }
            "list" => {
                probes += 1;
                script.ends("list", Outcome::NoResponse);
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!((asked, script.state(1)), (vec![30, 60, 90, 120], State::Waiting));
    assert!((10..25).contains(&probes), "{probes}");
}

#[test]
fn a_probe_that_is_refused_renews_the_token() {
    let mut script = sending_with_token_function();
    script.ends("put 1/3", Outcome::NoResponse);
    assert_eq!(script.wait(), "list");
    assert_eq!(script.status("list", 401), "token");
    assert_eq!(script.ends("token", Outcome::Token(Given::Token)), "put 1/3");
}

#[test]
fn a_pause_lets_a_wholly_sent_part_finish_and_cancels_the_others() {
    let mut script = Script::sending(2, 3);
    let (sent, half) = (script.ops["put 1/1"], script.ops["put 1/2"]);
    script.tell(Event::Moved { op: sent, bytes: PART });
    script.tell(Event::Moved { op: half, bytes: PART - 1 });
    assert_eq!(script.tell(Event::Pause(UploadId(1))), "cancel put 1/2");
    assert_eq!(script.state(1), State::Paused);
    assert_eq!(script.store("1/1", "a"), "");
    assert_eq!(script.store("1/2", "late"), "", "the answer to a cancelled request");
    assert_eq!(script.engine.wake_at().filter(|(wake, _)| wake.0 > 50), None, "a pause has no end of its own");
    assert_eq!(script.tell(Event::Resume(UploadId(1))), "put 1/2, put 1/3");
}

#[test]
fn an_abort_while_starting_waits_for_the_key_and_removes() {
    let mut script = Script::new(2, 3);
    script.pick(PART);
    script.asked();
    assert_eq!(script.tell(abort(1, false)), "");
    assert_eq!(script.state(1), State::Aborted);
    assert_eq!(script.start(1), "remove key1");
    assert_eq!(script.answer("remove key1", ""), "settled 1");
}

#[test]
fn an_abort_while_sending_cancels_then_removes_or_keeps() {
    let mut script = Script::sending(2, 3);
    assert_eq!(script.tell(abort(1, false)), "cancel put 1/1, cancel put 1/2, remove key1");
    assert_eq!(script.status("remove key1", 503), "");
    assert_eq!(script.wait(), "remove key1");
    assert_eq!(script.status("remove key1", 404), "settled 1", "gone is what was asked for");

    let mut script = Script::sending(2, 3);
    assert_eq!(script.tell(abort(1, true)), "cancel put 1/1, cancel put 1/2, settled 1");
}

#[test]
fn an_abort_stands_without_a_network_and_is_stored_at_once() {
    let mut script = storing_one_tag();
    script.stored("save 1/1");
    script.tell(Event::Network { online: false });
    let asked = script.tell(abort(1, false));
    assert!(asked.ends_with("store abort of key1"), "{asked}");
    assert_eq!(script.stored("store abort of key1"), "abort of 1 stands");
    assert_eq!(script.tell(Event::Network { online: true }), "remove key1");
    assert_eq!(script.answer("remove key1", ""), "purge");
    assert_eq!(script.stored("purge"), "tell Gone, unlock, settled 1");
}

#[test]
fn an_abort_stands_though_the_service_does_not_answer() {
    let mut script = Script::sending(2, 3);
    script.tell(abort(1, false));
    let aborted = script.now;
    assert_eq!(script.wait(), "abort of 1 stands");
    assert_eq!(script.now.since(aborted), 2000);
    assert_eq!(script.answer("remove key1", ""), "settled 1");
}

/// What an earlier page stored of an upload that was aborted there, and that it could not remove.
fn aborted() -> Stored {
    let record = Record { name: "old name".to_owned(), ..record("old", "") };
    Stored { identity: Identity("same 1".to_owned()), record, parts: Vec::new() }
}

#[test]
fn what_was_aborted_on_an_earlier_page_is_removed_before_the_file_begins_anew() {
    let mut script = loading();
    assert_eq!(script.ends("load", Outcome::Loaded(Ok(Some(aborted())))), "list");
    let list = r#"[{"fileKey":"old"},{"fileKey":"other","fileName":"name1"}]"#;
    assert_eq!(script.answer("list", list), "remove old");
    assert_eq!(script.answer("remove old", ""), "store intent");
}

#[test]
fn what_was_aborted_on_an_earlier_page_is_offered_to_nobody_and_removed() {
    let mut script = Script::keeping();
    assert_eq!(script.call(Call::Unfinished), "look at locks");
    assert_eq!(script.ends("look at locks", Outcome::Locks(Vec::new())), "load all");
    let asked = script.ends("load all", Outcome::LoadedAll(Ok(vec![aborted()])));
    assert_eq!(asked, "reply 1 0 unfinished, remove old");
    assert_eq!(script.answer("remove old", ""), "purge");
    // Another page is about to; or the service does not do it, and it is left to the next.
    for (locked, status) in [(true, 200), (false, 503)] {
        let mut script = Script::with(2, 3, |config| config.resume = true);
        script.by_hand = true;
        script.call(Call::Unfinished);
        let locks = if locked { vec![aborted().identity] } else { Vec::new() };
        script.ends("look at locks", Outcome::Locks(locks));
        let asked = script.ends("load all", Outcome::LoadedAll(Ok(vec![aborted()])));
        assert_eq!(asked.ends_with("remove old"), !locked);
        if !locked {
            assert_eq!(script.status("remove old", status), "");
        }
    }
}

#[test]
fn an_abort_that_keeps_lets_tags_be_stored() {
    let mut script = storing_one_tag();
    assert_eq!(script.tell(abort(1, true)), "cancel put 1/2, cancel put 1/3");
    assert_eq!(script.state(1), State::Aborted);
    assert_eq!(script.stored("save 1/1"), "tell Gone, unlock, settled 1");

    let mut script = storing_one_tag();
    let removed = script.tell(abort(1, false));
    assert_eq!(removed, "cancel put 1/2, cancel put 1/3, cancel save 1/1, store abort of key1, remove key1");
    assert_eq!(script.answer("remove key1", ""), "cancel store abort of key1, purge");
    assert_eq!(script.stored("purge"), "tell Gone, unlock, settled 1");
}

/// Three parts, of which the first is stored and its tag is not.
fn storing_one_tag() -> Script {
    let mut script = Script::with(2, 3, |config| config.resume = true);
    script.pick(3 * PART);
    script.asked();
    script.start(1);
    script.by_hand = true;
    assert_eq!(script.store("1/1", "a"), "save 1/1, put 1/3");
    script
}

#[test]
fn retry_after_holds_the_whole_bucket_and_its_calls() {
    let mut script = Script::sending(3, 3);
    script.pick(1);
    assert_eq!(script.asked(), "start 2 of 1");
    assert_eq!(script.ends("put 1/1", Outcome::Response(response(429, Some(7000), ""))), "");
    assert_eq!(script.engine.parts_allowed(), 1, "fewer at a time");
    assert_eq!(script.call(Call::File("other".to_owned())), "");
    assert_eq!(script.store("1/2", "b"), "", "what is on its way goes on");
    assert_eq!(script.start(2), "", "and nothing new is sent");
    assert_eq!(script.wait(), "confirm other, put 2/1, put 1/1");
    assert_eq!(script.now, Instant(7000));
}

#[test]
fn a_part_is_given_up_after_its_last_try() {
    let mut script = Script::sending(2, 2);
    for _ in 0..2 {
        assert_eq!(script.drop("put 1/1"), "");
        assert_eq!(script.wait(), "put 1/1");
    }
    assert_eq!(script.drop("put 1/1"), "cancel put 1/2, settled 1");
    assert_eq!((script.state(1), script.code(1)), (State::Failed, Some(Code::Network)));
}

#[test]
fn the_rules_refuse_before_a_byte_is_sent() {
    let mut script = Script::with_rules(2, 3);
    script.pick(3_000_000);
    script.pick(1_000_000);
    script.pick(1_000_000);
    script.pick(1);
    assert_eq!(script.asked(), "rules");
    let asked = script.answer("rules", r#"{"maxFiles":2,"maxTotalMegaBytes":2}"#);
    assert_eq!(asked, "settled 1, start 2 of 1, start 3 of 1");
    assert_eq!(script.code(1), Some(Code::TooLarge));
    assert_eq!(script.start(2), "put 2/1, settled 4");
    assert_eq!(script.code(4), Some(Code::TooManyFiles));
}

#[test]
fn a_service_that_never_tells_its_rules_does_not_keep_uploads_waiting() {
    let mut script = Script::with_rules(2, 8);
    script.pick(1);
    assert_eq!(script.asked(), "rules");
    for _ in 0..2 {
        assert_eq!(script.status("rules", 500), "");
        assert_eq!(script.wait(), "rules");
    }
    assert_eq!(script.status("rules", 500), "start 1 of 1");
    let mut script = Script::with_rules(2, 8);
    script.pick(1);
    script.asked();
    assert_eq!(script.wait(), "cancel rules, start 1 of 1", "it hangs");
}

#[test]
fn rules_missed_offline_are_asked_for_when_the_network_is_back() {
    let mut script = Script::with_rules(2, 2);
    script.pick(1);
    script.asked();
    for _ in 0..5 {
        assert_eq!(script.tell(offline()), "");
        assert_eq!(script.drop("rules"), "");
        assert_eq!(script.state(1), State::Waiting);
        assert_eq!(script.tell(online()), "rules");
    }
    assert_eq!(script.state(1), State::Queued);
}

#[test]
fn a_queued_upload_shows_its_pause() {
    let mut script = Script::with_rules(2, 2);
    let id = script.pick(1);
    script.asked();
    script.engine.handle(Event::Pause(id), script.now);
    assert!(matches!(script.engine.poll(script.now), Some(Action::Show { view, .. }) if view.state == State::Paused));
    script.engine.handle(Event::Resume(id), script.now);
    assert!(matches!(script.engine.poll(script.now), Some(Action::Show { view, .. }) if view.state == State::Queued));
    assert!(script.engine.poll(script.now).is_none());
}

#[test]
fn a_name_is_written_once_and_when_it_is_its_turn() {
    let mut script = Script::new(2, 3);
    let written = Rc::new(Cell::new(0));
    for _ in 0..9 {
        let count = Rc::clone(&written);
        let write = move || {
            count.set(count.get() + 1);
            Ok(format!("name{}", count.get()))
        };
        script.pick_named(1, false, FileName::Later(Rc::new(write)));
    }
    assert_eq!(script.asked(), "start 1 of 1, start 2 of 1");
    assert_eq!(written.get(), 2);
    // Its name is the same in every try.
    assert_eq!(script.status("start 1 of 1", 500), "list, start 3 of 1", "what it may have made is sought");
    script.answer("list", "[]");
    assert_eq!(script.wait(), "start 1 of 1");
    assert_eq!(written.get(), 3, "its name is the same in every try");
}

#[test]
fn a_name_that_cannot_be_written_fails_its_upload_alone() {
    let mut script = Script::new(2, 3);
    let failure = || Failure::new(Code::InvalidFile, "The file's name: the random source failed.");
    script.pick_named(1, false, FileName::Later(Rc::new(move || Err(failure()))));
    script.pick(1);
    assert_eq!(script.asked(), "settled 1, start 2 of 1");
    assert_eq!((script.state(1), script.code(1)), (State::Failed, Some(Code::InvalidFile)));
}

#[test]
fn a_small_file_gets_the_next_free_place() {
    let mut script = Script::sending(2, 1000);
    assert_eq!(script.pick(10), UploadId(2));
    assert_eq!(script.asked(), "start 2 of 1");
    assert_eq!(script.start(2), "", "both places are taken");
    assert_eq!(script.store("1/1", "a"), "put 2/1");
    assert_eq!(script.store("1/2", "b"), "put 1/3");
}

#[test]
fn a_request_that_stands_still_is_given_up_and_sent_again() {
    let mut script = Script::sending(2, 2);
    let op = script.ops["put 1/1"];
    script.now = Instant(STALL - 1);
    script.tell(Event::Moved { op, bytes: 1 });
    assert_eq!(script.wait(), "cancel put 1/2, list", "is the service still there?");
    assert_eq!(script.now, Instant(STALL));
    assert_eq!(script.answer("list", "[]"), "");
    script.tell(Event::Moved { op, bytes: 1 });
    assert_eq!(script.engine.parts_allowed(), 1);
    assert_eq!(script.wait(), "cancel put 1/1, list, put 1/2", "the same bytes again are no movement");
    assert_eq!(script.now, Instant(2 * STALL - 1));
}

#[test]
fn a_part_that_nobody_hears_of_gets_time_for_its_bytes_and_reports_next() {
    let mut script = Script::new(1, 3);
    script.pick_as(PART, false);
    script.asked();
    script.start(1);
    assert_eq!(script.wait(), "cancel put 1/1, list");
    assert_eq!(script.answer("list", "[]"), "");
    assert!(script.now > Instant(STALL + PART / 2100), "{:?}", script.now);
    loop {
        script.now = script.engine.wake_at().unwrap().0;
        while let Some(action) = script.engine.poll(script.now) {
            match action {
                Action::Peek { op, .. } => script.end(op, Outcome::Readable(true)),
                Action::Send { report, .. } => {
                    assert!(report);
                    return;
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_file_that_is_never_read_holds_no_other_and_is_given_up() {
    let mut script = Script::sending(1, 1);
    script.pick(1);
    assert_eq!(script.asked(), "start 2 of 1");
    assert_eq!(script.start(2), "");
    // The look at the second file's bytes never ends.
    let mut asked = String::new();
    for _ in 0..40 {
        script.now = script.engine.wake_at().unwrap().0;
        while let Some(action) = script.engine.poll(script.now) {
            match action {
                Action::Settle { upload } => asked.push_str(&format!("settled {} ", upload.0)),
                Action::Send { op, request, part: None, .. } if request.path == "/buckets" => {
                    script.end(op, Outcome::Response(response(200, None, "[]")));
                }
                _ => {}
            }
        }
        if asked.contains('2') {
            break;
        }
    }
    assert!(asked.contains("settled 2"), "{asked}");
    assert_eq!(script.engine.view(UploadId(2), script.now), None);
}

#[test]
fn a_completion_that_stands_still_is_asked_about() {
    let mut script = completing();
    assert_eq!(script.wait(), "cancel complete key1, confirm key1");
}

#[test]
fn a_sleep_gives_every_request_one_more_chance() {
    let mut script = Script::sending(2, 1);
    script.now = Instant(3_600_000);
    assert_eq!(script.asked(), "");
    script.now = Instant(3_600_000 + STALL);
    assert_eq!(script.asked(), "cancel put 1/1, list");
}

#[test]
fn offline_costs_no_try_and_ends_at_once() {
    let mut script = Script::sending(2, 3);
    script.tell(offline());
    assert_eq!(script.state(1), State::Waiting);
    for _ in 0..5 {
        assert_eq!(script.drop("put 1/1"), "");
        assert_eq!(script.drop("put 1/2"), "");
        assert_eq!(script.state(1), State::Waiting);
        assert_eq!(script.tell(online()), "put 1/1, put 1/2");
        script.tell(offline());
    }
    assert_eq!(script.store("1/1", "a"), "", "it was sent before");
}

#[test]
fn back_online_nothing_waits_for_its_back_off() {
    let mut script = Script::sending(2, 2);
    assert_eq!(script.drop("put 1/1"), "");
    assert_eq!(script.tell(online()), "put 1/1");
}

#[test]
fn a_browser_that_is_wrong_about_the_network_is_found_out() {
    let mut script = Script::sending(2, 2);
    script.tell(offline());
    script.drop("put 1/1");
    script.drop("put 1/2");
    assert_eq!(script.wait(), "put 1/1", "one request finds out");
    assert_eq!(script.store("1/1", "a"), "put 1/2");
}

#[test]
fn a_service_that_is_gone_is_looked_for_and_costs_no_try() {
    let mut script = Script::sending(2, 1);
    assert_eq!(script.ends("put 1/1", Outcome::NoResponse), "");
    assert_eq!(script.wait(), "list", "it answered before: is it still there?");
    assert_eq!(script.ends("list", Outcome::NoResponse), "");
    assert_eq!(script.state(1), State::Waiting);
    let gone = script.now;
    for _ in 0..3 {
        assert_eq!(script.wait(), "list");
        script.ends("list", Outcome::NoResponse);
    }
    assert_eq!(script.now, gone.plus(1500), "every half second, then after half as long as it is gone");
    assert_eq!(script.wait(), "list");
    assert_eq!(script.answer("list", "[]"), "put 1/1");
}

#[test]
fn a_lost_start_is_sought_by_its_name_and_removed() {
    let mut script = Script::new(2, 3);
    script.pick(PART);
    script.asked();
    assert_eq!(script.status("start 1 of 1", 500), "list");
    let list = r#"[{"fileKey":"orphan","fileName":"name1"},{"fileKey":"other","fileName":"name2"}]"#;
    assert_eq!(script.answer("list", list), "remove orphan");
    assert_eq!(script.answer("remove orphan", ""), "");
    assert_eq!(script.wait(), "start 1 of 1");
    assert_eq!(script.start(1), "put 1/1");
    assert_eq!(script.store("1/1", "a"), "complete key1 with a");
    assert_eq!(script.answer("complete key1", ""), "list", "one may have come late");
    assert_eq!(script.state(1), State::Completing);
    assert_eq!(script.answer("list", r#"[{"fileKey":"key1","fileName":"name1","completed":true}]"#), "settled 1");
    assert_eq!(script.state(1), State::Done);
}

#[test]
fn a_start_lost_while_aborting_leaves_nothing() {
    let mut script = Script::new(2, 3);
    script.pick(PART);
    script.asked();
    script.tell(abort(1, false));
    assert_eq!(script.status("start 1 of 1", 500), "list");
    assert_eq!(script.answer("list", r#"[{"fileKey":"orphan","fileName":"name1"}]"#), "remove orphan");
    assert_eq!(script.status("remove orphan", 404), "settled 1");
}

// --- going on, and other tabs ---

fn record(key: &str, upload_id: &str) -> Record {
    let (key, upload_id, name) = (key.to_owned(), upload_id.to_owned(), "a file".to_owned());
    Record { key, upload_id, size: 3 * PART, part_size: PART, name, started_at: 0, modified: Some(1) }
}

/// What an earlier page stored of a file of three parts.
fn kept() -> Outcome {
    Outcome::Loaded(Ok(Some(stored_with(Some))))
}

fn digest_of(part: u32) -> Digest {
    [u8::try_from(part).unwrap(); 32]
}

/// The same, with such digests.
fn stored_with(digest: impl Fn(Digest) -> Option<Digest>) -> Stored {
    let part = |number, tag: &str| (number, StoredPart { tag: tag.to_owned(), digest: digest(digest_of(number)) });
    let parts = vec![part(2, "b"), part(1, "a"), part(9, "none")];
    Stored { identity: Identity("same 1".to_owned()), record: record("old", "id"), parts }
}

fn peer(message: PeerMessage) -> Event {
    Event::Peer { identity: Identity("same 1".to_owned()), message }
}

fn elsewhere(sent: u64, parts_done: u32, key: Option<&str>, end: Option<PeerEnd>) -> Event {
    peer(PeerMessage::Report(PeerReport { sent, parts_done, key: key.map(str::to_owned), end }))
}

/// A file of three parts that is about to be claimed; the test answers.
fn claiming(token: TokenSource) -> Script {
    let mut script = Script::with(4, 3, |config| (config.resume, config.token) = (true, token));
    script.by_hand = true;
    script.pick(3 * PART);
    assert_eq!(script.asked(), "lock");
    script
}

/// The same, once it has the lock.
fn loading() -> Script {
    let mut script = claiming(TokenSource::Fixed);
    assert_eq!(script.ends("lock", Outcome::Locked(Lock::Granted)), "load");
    script
}

#[test]
fn an_upload_goes_on_where_an_earlier_page_stopped() {
    let mut script = loading();
    assert_eq!(script.ends("load", kept()), "confirm old");
    assert_eq!(script.confirm("confirm old", false), "put 1/3");
    let progress = script.view(1).progress;
    assert_eq!((progress.resumed_from, progress.sent, progress.parts_done), (2 * PART, 2 * PART, 2));
    assert_eq!(script.store("1/3", "c"), "save 1/3");
    assert_eq!(script.stored("save 1/3"), "complete old with a+b+c");
}

/// The same, where the version before stored it, maybe for another service.
fn kept_earlier() -> Outcome {
    let identity = Identity("1/same 1".to_owned());
    Outcome::Loaded(Ok(Some(Stored { identity, ..stored_with(|_| None) })))
}

#[test]
fn what_the_version_before_stored_is_moved_once_the_service_knows_it() {
    let mut script = loading();
    assert_eq!(script.ends("load", kept_earlier()), "confirm old");
    let entry = format!(r#"{{"completed":false,"originalSizeInBytes":{}}}"#, 3 * PART);
    assert_eq!(script.answer("confirm old", &entry), "move");
    assert_eq!(script.stored("move"), "put 1/3");
    assert_eq!(script.view(1).progress.resumed_from, 2 * PART);
    assert_eq!(script.store("1/3", "c"), "save 1/3");
    assert_eq!(script.stored("save 1/3"), "complete old with a+b+c");
    assert_eq!(script.answer("complete old", ""), "tell Done, purge");
}

#[test]
fn what_the_version_before_stored_for_another_service_is_left_alone() {
    // It does not know the key; or it has something else under it.
    for (status, json) in [(404, ""), (200, r#"{"completed":false,"originalSizeInBytes":1}"#)] {
        let mut script = loading();
        script.ends("load", kept_earlier());
        let asked = script.ends("confirm old", Outcome::Response(response(status, None, json)));
        assert_eq!(asked, "store intent");
        script.stored("store intent");
        script.start(1);
        assert_eq!(script.stored("store key"), "put 1/1, put 1/2");
    }
    let mut script = loading();
    script.ends("load", kept_earlier());
    let asked = script.tell(Event::Abort { upload: UploadId(1), keep: false });
    assert_eq!(asked, "cancel confirm old, tell Gone, unlock, settled 1");
}

#[test]
fn what_the_version_before_stored_is_deleted_where_it_is_complete() {
    let mut script = loading();
    script.ends("load", kept_earlier());
    let entry = format!(r#"{{"completed":true,"originalSizeInBytes":{}}}"#, 3 * PART);
    assert_eq!(script.answer("confirm old", &entry), "tell Done, purge what was earlier");
}

/// What an earlier page stored when the file had another date.
fn kept_of_another_date(stored: Stored) -> Outcome {
    Outcome::Loaded(Ok(Some(Stored { record: Record { modified: Some(2), ..record("old", "id") }, ..stored })))
}

#[test]
fn a_file_of_another_date_goes_on_where_its_bytes_are_the_same() {
    let mut script = loading();
    assert_eq!(script.ends("load", kept_of_another_date(stored_with(Some))), "confirm old");
    assert_eq!(script.confirm("confirm old", false), "put 1/3");
    assert_eq!(script.view(1).progress.resumed_from, 2 * PART);
}

#[test]
fn a_part_that_is_stored_counts_where_the_file_has_the_same_bytes_now() {
    let mut script = loading();
    script.changed = vec![2];
    assert_eq!(script.ends("load", kept()), "confirm old");
    assert_eq!(script.confirm("confirm old", false), "put 1/2, put 1/3");
    let progress = script.view(1).progress;
    assert_eq!((progress.resumed_from, progress.sent, progress.parts_done), (PART, PART, 1));
    script.store("1/2", "B");
    script.store("1/3", "c");
    script.stored("save 1/2");
    assert_eq!(script.stored("save 1/3"), "complete old with a+B+c");

    // It was completed as what it was then: what it is now is another file.
    let mut script = loading();
    script.changed = vec![2];
    script.ends("load", kept());
    assert_eq!(script.confirm("confirm old", true), "store intent");
}

#[test]
fn a_file_that_cannot_be_read_any_more_is_not_read_again_for_each_part() {
    let mut script = loading();
    script.readable = false;
    assert_eq!(script.ends("load", kept()), "confirm old");
    assert_eq!(script.view(1).progress.resumed_from, 0);
}

#[test]
fn a_file_of_another_date_goes_on_under_the_same_key_and_trusts_no_part_that_cannot_be_compared() {
    let mut script = loading();
    assert_eq!(script.ends("load", kept_of_another_date(stored_with(|_| None))), "confirm old");
    assert_eq!(script.confirm("confirm old", false), "put 1/1, put 1/2");

    // What is complete there may be another file.
    let mut script = loading();
    script.ends("load", kept_of_another_date(stored_with(Some)));
    assert_eq!(script.confirm("confirm old", true), "store intent");
}

/// A file whose lock another tab has; gives what is asked for until `most` milliseconds later, without looks at locks.
fn follows(script: &mut Script, most: u64) -> Vec<(u64, String)> {
    let (began, mut asked) = (script.now, Vec::new());
    while let Some((at, _)) = script.engine.wake_at().filter(|(at, _)| at.since(began) <= most) {
        script.now = at;
        let line = script.asked();
        if line.contains("look at locks") {
            script.ends("look at locks", Outcome::Locks(Vec::new()));
        }
        let line = line.replace("look at locks", "").trim_end_matches(", ").to_owned();
        if !line.is_empty() {
            asked.push((at.since(began) / 1000, line));
        }
    }
    asked
}

#[test]
fn a_tab_that_gives_no_sign_of_life_is_taken_over_from() {
    let mut script = claiming(TokenSource::Fixed);
    script.ends("lock", Outcome::Locked(Lock::Taken { queue: true }));
    // The stall timeout is 10 s.
    let asked = follows(&mut script, 17_000);
    assert_eq!(asked[0], (6, "ping".to_owned()));
    assert_eq!(asked.last().unwrap(), &(16, "cancel wait for lock, steal lock".to_owned()));
    assert_eq!(script.ends("steal lock", Outcome::Locked(Lock::Granted)), "");
    assert_eq!(script.wait(), "load");
    assert_eq!(script.ends("load", kept()), "confirm old");
}

#[test]
fn a_tab_that_answers_is_not_taken_over_from() {
    let mut script = claiming(TokenSource::Fixed);
    script.ends("lock", Outcome::Locked(Lock::Taken { queue: true }));
    for _ in 0..5 {
        assert_eq!(follows(&mut script, 9_000), [(6, "ping".to_owned())]);
        script.tell(elsewhere(PART, 1, Some("old"), None));
    }
}

#[test]
fn a_tab_that_cannot_steal_waits_on() {
    let mut script = claiming(TokenSource::Fixed);
    script.ends("lock", Outcome::Locked(Lock::Taken { queue: true }));
    follows(&mut script, 17_000);
    assert_eq!(script.ends("steal lock", Outcome::Locked(Lock::Taken { queue: true })), "wait for lock");
}

#[test]
fn a_tab_that_was_frozen_and_lost_its_lock_stops_and_follows() {
    let mut script = loading();
    script.ends("load", kept());
    assert_eq!(script.confirm("confirm old", false), "put 1/3");
    let lost = Event::LockLost { identity: Identity("same 1".to_owned()) };
    assert_eq!(script.tell(lost), "cancel put 1/3, wait for lock");
    assert_eq!(script.state(1), State::Uploading);
    // It asks about what it began, once the other tab has completed it and nothing is stored of it any more.
    script.ends("wait for lock", Outcome::Locked(Lock::Granted));
    assert_eq!(script.wait(), "load");
    assert_eq!(script.ends("load", Outcome::Loaded(Ok(None))), "confirm old");
    assert_eq!(script.confirm("confirm old", true), "tell Done, purge");
    // At its end it leaves what is stored to the other tab.
    let lost = Event::LockLost { identity: Identity("same 1".to_owned()) };
    assert_eq!(script.tell(lost), "cancel purge, settled 1");
    assert_eq!(script.state(1), State::Done);
}

#[test]
fn what_the_service_lost_begins_anew() {
    let mut script = loading();
    script.ends("load", kept());
    assert_eq!(script.status("confirm old", 404), "store intent");
    assert_eq!(script.stored("store intent"), "start 1 of 3");
    script.start(1);
    assert_eq!(script.stored("store key"), "put 1/1, put 1/2");
    assert_eq!(script.view(1).progress.resumed_from, 0);

    let mut script = loading();
    script.ends("load", kept());
    script.confirm("confirm old", false);
    assert_eq!(script.status("put 1/3", 404), "store intent");
}

#[test]
fn what_is_found_complete_is_done_and_counted_as_sent() {
    let mut script = loading();
    script.ends("load", kept());
    assert_eq!(script.confirm("confirm old", true), "tell Done, purge");
    assert_eq!(script.stored("purge"), "tell Done, unlock, settled 1");
    let View { state, progress, .. } = script.view(1);
    assert_eq!((state, progress.sent, progress.parts_done), (State::Done, 3 * PART, 3));
    assert_eq!(progress.resumed_from, 2 * PART);
}

#[test]
fn what_a_start_of_a_dead_page_left_is_removed_before_the_next() {
    let mut script = loading();
    let identity = Identity("same 1".to_owned());
    let stored = Stored { identity, record: record("", "old name"), parts: Vec::new() };
    assert_eq!(script.ends("load", Outcome::Loaded(Ok(Some(stored)))), "list");
    let list = r#"[{"fileKey":"orphan","fileName":"old name"},{"fileKey":"other","fileName":"name1"}]"#;
    assert_eq!(script.answer("list", list), "remove orphan");
    assert_eq!(script.answer("remove orphan", ""), "store intent");
}

#[test]
fn what_a_dead_page_completed_is_found_by_the_intent_and_is_done() {
    let entry = |size: u64| {
        format!(
            r#"{{"fileKey":"whole","fileName":"old name","completed":true,"totalParts":3,"originalSizeInBytes":{size}}}"#
        )
    };
    let found = |modified: u64| {
        let mut script = loading();
        let record = Record { modified: Some(modified), ..record("", "old name") };
        let stored = Stored { identity: Identity("same 1".to_owned()), record, parts: Vec::new() };
        assert_eq!(script.ends("load", Outcome::Loaded(Ok(Some(stored)))), "list");
        script
    };
    let mut script = found(1);
    assert_eq!(script.answer("list", &format!("[{}]", entry(3 * PART))), "confirm whole");
    assert_eq!(script.answer("confirm whole", &entry(3 * PART)), "list", "its start may have come twice");
    assert_eq!(script.answer("list", "[]"), "tell Done, purge");
    assert_eq!(script.view(1).key.as_deref(), Some("whole"));
    let mut script = found(1);
    assert_eq!(script.answer("list", &format!("[{}]", entry(7))), "store intent", "that is another file");
    let mut script = found(2);
    script.answer("list", &format!("[{}]", entry(3 * PART)));
    assert_eq!(script.answer("confirm whole", &entry(3 * PART)), "store intent", "that may be what the file was");
}

#[test]
fn another_tab_is_followed_and_taken_over_from() {
    let mut script = claiming(TokenSource::Fixed);
    assert_eq!(script.ends("lock", Outcome::Locked(Lock::Taken { queue: true })), "ask for it, wait for lock");
    script.tell(elsewhere(2 * PART + 5, 2, None, None));
    let View { state, progress, .. } = script.view(1);
    assert_eq!((state, progress.sent, progress.parts_done), (State::Uploading, 2 * PART + 5, 2));
    assert_eq!(script.ends("wait for lock", Outcome::Locked(Lock::Granted)), "");
    assert_eq!(script.wait(), "load", "its last report may come a moment later than its lock");
    assert_eq!(script.ends("load", kept()), "confirm old");
    assert_eq!(script.view(1).progress.sent, 2 * PART + 5, "it never goes back");
}

/// A tab that follows another hears that the file is stored as `k`, and gets the lock.
fn told_done(script: &mut Script) {
    script.ends("lock", Outcome::Locked(Lock::Taken { queue: true }));
    assert_eq!(script.tell(elsewhere(3 * PART, 3, Some("k"), Some(PeerEnd::Done))), "");
    assert_eq!(script.state(1), State::Uploading, "anybody may post that");
    assert_eq!(script.ends("wait for lock", Outcome::Locked(Lock::Granted)), "load");
}

#[test]
fn what_another_tab_calls_done_is_done_once_the_service_says_so() {
    let mut script = claiming(TokenSource::Fixed);
    told_done(&mut script);
    assert_eq!(script.ends("load", Outcome::Loaded(Ok(None))), "confirm k");
    script.confirm("confirm k", true);
    assert_eq!((script.state(1), script.view(1).key.as_deref()), (State::Completing, Some("k")));
    assert_eq!(script.ends("purge", Outcome::Stored(Ok(()))), "tell Done, unlock, settled 1");
    assert_eq!(script.state(1), State::Done);
}

#[test]
fn what_another_tab_calls_done_and_the_service_does_not_is_sent() {
    let other = r#"{"fileKey":"k","completed":true,"originalSizeInBytes":1,"totalParts":1}"#;
    for answer in [r#"{"fileKey":"k","completed":false}"#, other] {
        let mut script = claiming(TokenSource::Fixed);
        told_done(&mut script);
        script.ends("load", Outcome::Loaded(Ok(None)));
        assert_eq!(script.answer("confirm k", answer), "store intent");
    }
    let mut script = claiming(TokenSource::Fixed);
    told_done(&mut script);
    script.ends("load", Outcome::Loaded(Ok(None)));
    assert_eq!(script.status("confirm k", 404), "store intent");
}

#[test]
fn a_last_word_that_never_comes_makes_no_second_file() {
    let follow = |reports: Vec<Event>| {
        let mut script = claiming(TokenSource::Fixed);
        script.ends("lock", Outcome::Locked(Lock::Taken { queue: true }));
        for report in reports {
            script.tell(report);
        }
        script.ends("wait for lock", Outcome::Locked(Lock::Granted));
        assert_eq!(script.wait(), "load");
        script.ends("load", Outcome::Loaded(Ok(None)))
    };
    assert_eq!(follow(vec![elsewhere(5, 0, Some("k"), None), elsewhere(5, 0, None, None)]), "confirm k");
    let given_up = elsewhere(5, 0, None, Some(PeerEnd::Gone));
    assert_eq!(follow(vec![elsewhere(5, 0, Some("k"), None), given_up]), "confirm k");
    assert_eq!(follow(vec![elsewhere(5, 0, None, None)]), "store intent");
}

#[test]
fn what_is_stored_here_counts_for_more_than_what_another_tab_says() {
    let mut script = claiming(TokenSource::Fixed);
    told_done(&mut script);
    assert_eq!(script.ends("load", kept()), "confirm old");
}

#[test]
fn a_key_that_could_name_something_else_is_not_asked_for() {
    let mut script = claiming(TokenSource::Fixed);
    script.ends("lock", Outcome::Locked(Lock::Taken { queue: true }));
    script.tell(elsewhere(3 * PART, 3, Some(".."), Some(PeerEnd::Done)));
    script.ends("wait for lock", Outcome::Locked(Lock::Granted));
    assert_eq!(script.wait(), "load");
    assert_eq!(script.ends("load", Outcome::Loaded(Ok(None))), "store intent");
}

#[test]
fn what_only_another_tab_calls_this_file_is_not_removed_by_an_abort() {
    let mut script = claiming(TokenSource::Fixed);
    told_done(&mut script);
    script.ends("load", Outcome::Loaded(Ok(None)));
    let aborted = script.tell(Event::Abort { upload: UploadId(1), keep: false });
    assert_eq!(aborted, "cancel confirm k, tell Gone, unlock, settled 1");
}

#[test]
fn a_paused_tab_hears_that_another_stored_the_file() {
    let mut script = claiming(TokenSource::Fixed);
    script.ends("lock", Outcome::Locked(Lock::Taken { queue: false }));
    script.tell(Event::Pause(UploadId(1)));
    assert_eq!(script.tell(elsewhere(3 * PART, 3, Some("k"), Some(PeerEnd::Done))), "lock");
    assert_eq!(script.ends("lock", Outcome::Locked(Lock::Granted)), "load");
    assert_eq!(script.ends("load", Outcome::Loaded(Ok(None))), "confirm k");
    assert_eq!(script.state(1), State::Paused);
    script.confirm("confirm k", true);
    script.ends("purge", Outcome::Stored(Ok(())));
    assert_eq!(script.state(1), State::Done);
}

#[test]
fn a_tab_that_is_paused_and_left_the_file_hears_that_another_stored_it() {
    let mut script = loading();
    script.ends("load", kept());
    script.confirm("confirm old", false);
    script.tell(Event::Pause(UploadId(1)));
    assert_eq!(script.tell(peer(PeerMessage::RequestHandover)), "unlock");
    assert_eq!(script.tell(elsewhere(3 * PART, 3, Some("old"), Some(PeerEnd::Done))), "lock");
    assert_eq!(script.ends("lock", Outcome::Locked(Lock::Granted)), "load");
    assert_eq!(script.ends("load", Outcome::Loaded(Ok(None))), "confirm old");
    // It may be this tab that began it, and another start of it that was lost.
    let file = format!(r#"{{"fileKey":"old","completed":true,"fileName":"{}name1"}}"#, crate::names::PREFIX);
    assert_eq!(script.answer("confirm old", &file), "list");
    assert_eq!(script.answer("list", "[]"), "tell Done, purge");
    script.ends("purge", Outcome::Stored(Ok(())));
    assert_eq!(script.state(1), State::Done);
}

#[test]
fn a_file_that_another_tab_ends_while_its_lock_is_asked_for_is_done() {
    let mut script = claiming(TokenSource::Fixed);
    assert_eq!(script.tell(elsewhere(3 * PART, 3, Some("k"), Some(PeerEnd::Done))), "");
    assert_eq!(script.ends("lock", Outcome::Locked(Lock::Granted)), "load");
    assert_eq!(script.ends("load", Outcome::Loaded(Ok(None))), "confirm k");
}

#[test]
fn where_there_is_no_queue_a_lock_is_asked_for_now_and_then() {
    let mut script = claiming(TokenSource::Fixed);
    assert_eq!(script.ends("lock", Outcome::Locked(Lock::Taken { queue: false })), "ask for it");
    assert_eq!(script.wait(), "lock");
    assert_eq!(script.now, Instant(2000));
    assert_eq!(script.ends("lock", Outcome::Locked(Lock::Granted)), "");
    assert_eq!(script.wait(), "load");
}

/// An upload of three parts of which two are stored, whose last part was refused; no token can be had.
fn without_token() -> Script {
    let mut script = claiming(TokenSource::Function);
    script.ends("lock", Outcome::Locked(Lock::Granted));
    assert_eq!(script.ends("load", kept()), "token");
    assert_eq!(script.ends("token", Outcome::Token(Given::Token)), "confirm old");
    script.confirm("confirm old", false);
    assert_eq!(script.status("put 1/3", 401), "token");
    script.ends("token", Outcome::Token(Given::Threw));
    script
}

#[test]
fn a_tab_without_a_token_lets_another_send() {
    let mut script = without_token();
    assert_eq!(script.tell(peer(PeerMessage::RequestHandover)), "unlock");
    script.tell(elsewhere(2 * PART, 2, None, None));
    assert_eq!(script.state(1), State::Uploading);
    while script.wait() != "lock" {}
    assert_eq!(script.ends("lock", Outcome::Locked(Lock::Taken { queue: true })), "wait for lock, look at locks");
    assert_eq!(script.ends("token", Outcome::Token(Given::Token)), "ask for it");
    assert_eq!(script.ends("wait for lock", Outcome::Locked(Lock::Granted)), "");
    assert_eq!(script.wait(), "load");
    assert_eq!(script.ends("load", kept()), "confirm old");

    let mut script = without_token();
    script.tell(peer(PeerMessage::RequestHandover));
    assert_eq!(script.tell(elsewhere(3 * PART, 3, Some("k"), Some(PeerEnd::Done))), "lock");
    assert_eq!(script.ends("lock", Outcome::Locked(Lock::Granted)), "load");
    // Without a token nobody can be asked.
    assert_eq!(script.ends("load", Outcome::Loaded(Ok(None))), "tell Done, purge");
    script.ends("purge", Outcome::Stored(Ok(())));
    assert_eq!((script.state(1), script.view(1).key.as_deref()), (State::Done, Some("k")));
}

#[test]
fn a_tab_that_lets_go_of_a_lock_leaves_the_other_time_to_queue() {
    let mut script = without_token();
    script.tell(peer(PeerMessage::RequestHandover));
    let left_at = script.now;
    while script.wait() != "lock" {}
    assert!(script.now.since(left_at) >= 4_000);
}

#[test]
fn a_tab_that_was_asked_before_it_could_let_go_does_so_later() {
    let mut script = claiming(TokenSource::Function);
    script.ends("lock", Outcome::Locked(Lock::Granted));
    script.tell(peer(PeerMessage::RequestHandover));
    assert_eq!(script.ends("load", kept()), "token, unlock");
}

#[test]
fn a_tab_that_can_send_does_not_let_go() {
    let mut script = loading();
    script.ends("load", kept());
    assert_eq!(script.tell(peer(PeerMessage::RequestHandover)), "");
    assert_eq!(script.confirm("confirm old", false), "put 1/3");
    // Who followed before the pause stands still, too.
    assert_eq!(script.tell(Event::Pause(UploadId(1))), "cancel put 1/3");
    assert_eq!(script.tell(peer(PeerMessage::RequestHandover)), "unlock");
    assert_eq!(script.state(1), State::Paused);
    assert_eq!(script.tell(Event::Resume(UploadId(1))), "ask for it, lock");
}

#[test]
fn tags_that_the_service_refused_are_not_trusted_again() {
    let mut script = Script::sending(2, 2);
    script.store("1/1", "a");
    script.store("1/2", "b");
    assert_eq!(script.status("complete key1", 400), "put 1/1, put 1/2");
    assert_eq!(script.state(1), State::Uploading);
    script.store("1/1", "c");
    assert_eq!(script.store("1/2", "d"), "complete key1 with c+d");
    assert_eq!(script.status("complete key1", 400), "settled 1", "once");
    assert_eq!(script.code(1), Some(Code::Refused));
}

#[test]
fn a_file_that_changed_is_removed() {
    let mut script = Script::sending(2, 2);
    script.readable = false;
    assert_eq!(script.ends("put 1/1", Outcome::NoResponse), "cancel put 1/2, remove key1");
    assert_eq!(script.code(1), Some(Code::FileChanged));
    assert_eq!(script.answer("remove key1", ""), "settled 1");

    let mut script = Script::sending(2, 2);
    script.store("1/1", "a");
    script.sample = "changed";
    assert_eq!(script.store("1/2", "b"), "remove key1", "it is sampled before it is completed");
    assert_eq!(script.code(1), Some(Code::FileChanged));
}

// --- calls ---

#[test]
fn a_call_is_tried_by_the_back_off_and_answered_once() {
    let mut script = Script::new(2, 2);
    assert_eq!(script.call(Call::List), "list");
    assert_eq!(script.status("list", 503), "");
    assert_eq!(script.wait(), "list");
    assert_eq!(script.answer("list", r#"[{"fileKey":"a"},{"fileKey":null}]"#), "reply 1 1 files");
    script.call(Call::List);
    script.status("list", 503);
    script.wait();
    assert_eq!(script.status("list", 503), "reply 2 server");
    assert_eq!(script.engine.wake_at(), None);
}

#[test]
fn a_call_that_nobody_waits_for_is_cancelled() {
    let mut script = Script::new(2, 2);
    script.call(Call::List);
    assert_eq!(script.tell(Event::Withdraw(CallId(1))), "cancel list");
    assert_eq!(script.answer("list", "[]"), "");
}

#[test]
fn a_removal_whose_answer_was_lost_is_a_success() {
    let mut script = Script::new(2, 3);
    assert_eq!(script.call(Call::Remove("k".to_owned())), "remove k");
    assert_eq!(script.status("remove k", 404), "reply 1 not-found");
    script.call(Call::Remove("k".to_owned()));
    assert_eq!(script.status("remove k", 500), "");
    script.wait();
    assert_eq!(script.status("remove k", 404), "reply 2 removed");
}

#[test]
fn a_download_asks_for_size_link_and_bytes() {
    let mut script = Script::new(2, 3);
    assert_eq!(script.call(Call::Download("k".to_owned())), "confirm k");
    assert_eq!(script.answer("confirm k", r#"{"fileKey":"k","originalSizeInBytes":5}"#), "link k");
    assert_eq!(script.answer("link k", "https://x"), "fetch 5");
    assert_eq!(script.ends("fetch 5", fetched(5)), "reply 1 5 bytes");
    assert_eq!(script.call(Call::Download("k".to_owned())), "link k", "its size is known now");
    script.answer("link k", "https://x");
    assert_eq!(script.ends("fetch 5", Outcome::TooLong), "reply 2 integrity");
    script.call(Call::Link("k".to_owned()));
    assert_eq!(script.answer("link k", "javascript:x"), "");
}

fn fetched(size: u64) -> Outcome {
    Outcome::Fetched(Bytes { size, value: Rc::new(()) })
}

/// A download of 100 bytes that has its first link.
fn downloading(attempts: u32) -> Script {
    let mut script = Script::new(2, attempts);
    script.call(Call::Download("k".to_owned()));
    script.answer("confirm k", r#"{"fileKey":"k","originalSizeInBytes":100}"#);
    assert_eq!(script.answer("link k", "https://x"), "fetch 100");
    script
}

impl Script {
    /// So many bytes of the download are gathered.
    fn gathers(&mut self, bytes: u64) {
        let op = self.ops["fetch 100"];
        assert_eq!(self.tell(Event::Moved { op, bytes }), "");
    }

    /// The download's connection breaks, and it goes on after a while.
    fn breaks(&mut self) -> String {
        let asked = self.ends("fetch 100", Outcome::NoResponse);
        if asked.is_empty() { self.wait() } else { asked }
    }
}

#[test]
fn a_refused_link_is_asked_for_anew_as_long_as_it_served_or_tries_are_left() {
    let mut script = downloading(3);
    for _ in 0..2 {
        assert_eq!(script.status("fetch 100", 403), "");
        assert_eq!(script.wait(), "link k");
        assert_eq!(script.answer("link k", "https://x"), "fetch 100");
    }
    assert_eq!(script.status("fetch 100", 403), "reply 1 refused", "three fresh links were refused");

    let mut script = downloading(3);
    for bytes in 1..20 {
        script.gathers(bytes);
        assert_eq!(script.breaks(), "fetch 100");
        assert_eq!(script.status("fetch 100", 401), "link k", "it served, so it has expired");
        assert_eq!(script.answer("link k", "https://x"), "fetch 100");
    }
    assert_eq!(script.ends("fetch 100", fetched(100)), "reply 1 100 bytes");
}

#[test]
fn a_download_that_moves_on_never_runs_out_of_tries() {
    let mut script = downloading(2);
    for bytes in 1..50 {
        script.gathers(bytes);
        assert_eq!(script.breaks(), "fetch 100");
    }
    // From its first byte, again and again, as far as before: nothing new comes.
    script.gathers(49);
    assert_eq!(script.ends("fetch 100", Outcome::NoResponse), "reply 1 network");
}

#[test]
fn without_tries_a_download_is_not_tried_again() {
    let mut script = downloading(1);
    script.gathers(50);
    assert_eq!(script.ends("fetch 100", Outcome::NoResponse), "reply 1 network");
}

#[test]
fn a_download_that_stands_still_goes_on_with_what_came() {
    let mut script = downloading(2);
    script.gathers(50);
    let gathered = script.fetch.take().expect("it was fetched").1;
    assert_eq!(script.wait(), "cancel fetch 100");
    assert_eq!(script.wait(), "fetch 100");
    let (resumes, again) = script.fetch.take().expect("it is fetched again");
    assert!(resumes && Rc::ptr_eq(&gathered.0, &again.0), "what came is thrown away");
}

#[test]
fn where_nothing_answers_a_new_link_is_asked_for_and_the_last_try_is_for_the_whole_file() {
    let mut script = downloading(4);
    script.gathers(50);
    assert_eq!(script.breaks(), "fetch 100");
    assert!(script.fetch.take().unwrap().0, "only the rest");
    for resumes in [true, false] {
        assert_eq!(script.breaks(), "link k", "the link may be refused in a way that no page can read");
        assert_eq!(script.answer("link k", "https://x"), "fetch 100");
        assert_eq!(script.fetch.take().unwrap().0, resumes);
    }
    // It comes, and breaks: nobody asks for the rest any more.
    script.gathers(60);
    assert_eq!(script.breaks(), "fetch 100");
    assert!(!script.fetch.take().unwrap().0);
}

#[test]
fn an_answer_that_is_not_the_rest_begins_again() {
    let mut script = downloading(4);
    script.gathers(50);
    assert_eq!(script.breaks(), "fetch 100");
    let first = script.fetch.take().unwrap().1;
    assert_eq!(script.ends("fetch 100", Outcome::Misfit), "");
    assert_eq!(script.wait(), "fetch 100");
    let (resumes, second) = script.fetch.take().unwrap();
    assert!(resumes && !Rc::ptr_eq(&first.0, &second.0), "what came is kept");
    script.gathers(70);
    assert_eq!(script.breaks(), "fetch 100");
    assert_eq!(script.status("fetch 100", 416), "");
    assert_eq!(script.wait(), "fetch 100");
    assert!(!script.fetch.take().unwrap().0, "twice is enough");
    script.gathers(70);
    assert_eq!(script.ends("fetch 100", Outcome::NoResponse), "reply 1 integrity", "there are no more bytes");
}

#[test]
fn rules_are_asked_for_once_by_all_who_want_them() {
    let mut script = Script::with_rules(2, 3);
    script.pick(1);
    assert_eq!(script.call(Call::Rules), "rules");
    assert_eq!(script.call(Call::Rules), "");
    assert_eq!(script.answer("rules", r#"{"maxFiles":9}"#), "reply 1 rules, reply 2 rules, start 1 of 1");
    assert_eq!(script.call(Call::Rules), "reply 3 rules");
}

#[test]
fn offline_a_call_waits_for_a_while() {
    let mut script = Script::new(2, 2);
    script.tell(offline());
    assert_eq!(script.call(Call::List), "");
    assert_eq!(script.tell(online()), "list");
    script.tell(offline());
    script.drop("list");
    assert_eq!(script.wait(), "reply 1 network");
    assert!(script.now >= Instant(2 * STALL), "{:?}", script.now);
}

#[test]
fn to_forget_a_file_ends_its_upload_or_deletes_what_is_stored_of_it() {
    let mut script = loading();
    script.ends("load", kept());
    let forgotten = script.call(Call::Forget("old".to_owned()));
    assert_eq!(forgotten, "cancel confirm old, store abort of old, remove old");
    assert_eq!(script.answer("remove old", ""), "cancel store abort of old, purge");
    assert_eq!(script.stored("purge"), "tell Gone, unlock, settled 1, reply 1 forgotten");

    assert_eq!(script.call(Call::Forget("k".to_owned())), "load all");
    let identity = Identity("another".to_owned());
    let stored = Stored { identity, record: record("k", "id"), parts: Vec::new() };
    assert_eq!(script.ends("load all", Outcome::LoadedAll(Ok(vec![stored]))), "purge");
    assert_eq!(script.stored("purge"), "remove k");
    assert_eq!(script.status("remove k", 403), "reply 2 forgotten", "what cannot be removed ends with the session");
}

#[test]
fn what_is_unfinished_is_what_nobody_sends() {
    let mut script = loading();
    assert_eq!(script.call(Call::Unfinished), "look at locks");
    let locked = Outcome::Locks(vec![Identity("locked".to_owned())]);
    assert_eq!(script.ends("look at locks", locked), "load all");
    let stored = |identity: &str, key: &str| {
        let identity = Identity(identity.to_owned());
        Stored { identity, record: record(key, "id"), ..stored_with(|_| None) }
    };
    let all = vec![stored("same 1", "a"), stored("locked", "b"), stored("idle", "c"), stored("intent", "")];
    assert_eq!(script.ends("load all", Outcome::LoadedAll(Ok(all))), "reply 1 1 unfinished");
}

#[test]
fn a_closed_bucket_keeps_its_uploads_and_answers_its_calls() {
    let mut script = Script::sending(2, 3);
    script.call(Call::List);
    let closed = script.tell(Event::Close);
    assert_eq!(closed, "cancel put 1/1, cancel put 1/2, settled 1, cancel list, reply 1 closed");
    assert_eq!(script.state(1), State::Aborted);
}

/// Answers each request with what `status` says of it, for `millis`, or until nothing is to come; gives them all.
fn answered_so(script: &mut Script, millis: u64, status: impl Fn(&str) -> u16) -> Vec<String> {
    let (until, mut asked, mut sent) = (script.now.plus(millis), script.asked(), Vec::new());
    loop {
        for name in asked.split(", ") {
            let Some(op) = script.ops.get(name.split(" with ").next().unwrap()).copied() else { continue };
            let body = match (status(name), name.split([' ', '/']).next().unwrap()) {
                (200, "start") => format!(r#"{{"fileKey":"{name}","uploadId":"id"}}"#),
                (200, "put") => r#"{"tag":"tag"}"#.to_owned(),
                (200, "list") => "[]".to_owned(),
                _ => "{}".to_owned(),
            };
            script.end(op, Outcome::Response(response(status(name), None, &body)));
            sent.push(name.to_owned());
        }
        asked = script.asked();
        if asked.is_empty() {
            let Some((at, _)) = script.engine.wake_at().filter(|(at, _)| *at < until) else { return sent };
            script.now = at;
            asked = script.asked();
        }
    }
}

#[test]
fn a_service_that_refuses_everybody_fails_nobody() {
    for refused in [503, 502, 504, 429, 522] {
        for parts_only in [false, true] {
            let mut script = Script::new(4, 8);
            script.pick(12 * PART);
            for _ in 0..30 {
                script.pick(1);
            }
            let sent =
                answered_so(
                    &mut script,
                    120_000,
                    |name| {
                        if name.starts_with("put") || !parts_only { refused } else { 200 }
                    },
                );
            let waits = sent.iter().filter(|name| name.starts_with("put") || !parts_only).count();
            assert!((5..30).contains(&waits), "{refused}, {parts_only}: {sent:?}");
            assert!((1..=31).all(|upload| script.view(upload).failure.is_none()));
            let state = if parts_only { State::Waiting } else { script.state(1) };
            assert_eq!((script.state(1), state), (State::Waiting, State::Waiting));
            answered_so(&mut script, 120_000, |_| 200);
            let ended = (1..=31).filter(|upload| script.state(*upload) == State::Done).count();
            assert_eq!(ended, 31, "{refused}, {parts_only}");
        }
    }
}

#[test]
fn one_request_that_is_refused_by_itself_costs_tries() {
    let mut script = Script::new(2, 3);
    script.pick(1);
    let sent = answered_so(&mut script, 120_000, |name| if name.starts_with("put") { 503 } else { 200 });
    assert_eq!(sent.iter().filter(|name| name.starts_with("put")).count(), 3, "{sent:?}");
    assert_eq!(script.code(1), Some(Code::Server));
}

#[test]
fn one_file_waits_with_everybody_where_all_is_refused() {
    let mut script = Script::new(2, 8);
    script.pick(1);
    let sent = answered_so(&mut script, 300_000, |_| 503);
    assert!(sent.len() < 40, "{sent:?}");
    assert_eq!(script.state(1), State::Waiting);
    answered_so(&mut script, 30_000, |_| 200);
    assert_eq!(script.state(1), State::Done);
}

#[test]
fn everybody_is_refused_for_a_quarter_of_an_hour_at_most() {
    let mut script = Script::new(2, 8);
    script.pick(2 * PART);
    answered_so(&mut script, 14 * 60_000, |_| 503);
    assert_eq!(script.state(1), State::Waiting);
    answered_so(&mut script, 3 * 60_000, |_| 503);
    assert_eq!(script.code(1), Some(Code::Server));
}

#[test]
fn a_session_without_rules_behind_a_failing_proxy_uploads_all_the_same() {
    let mut script = Script::with_rules(2, 8);
    script.pick(1);
    answered_so(&mut script, 60_000, |name| if name == "rules" { 502 } else { 200 });
    assert_eq!(script.state(1), State::Done);
}

#[test]
fn who_comes_back_from_too_many_requests_sends_slowly() {
    let mut script = Script::new(2, 8);
    script.pick(12 * PART);
    let limited = std::cell::Cell::new(0);
    let limit = |_: &str| {
        limited.set(limited.get() + 1);
        if limited.get() > 8 { 429 } else { 200 }
    };
    answered_so(&mut script, 10_000, limit);
    let sent = answered_so(&mut script, 10_000, |_| 200).len();
    assert!((2..8).contains(&sent), "{sent}");
    answered_so(&mut script, 60_000, |_| 200);
    assert_eq!(script.state(1), State::Done);
}

#[test]
fn where_the_line_is_fast_reading_gets_a_quarter_of_the_time() {
    // Bytes in a tenth of a second; whether that is fast.
    for (bytes, is_fast) in [(1_000_000, false), (10_000_000, true)] {
        let mut shared = shared::Shared::new(config(2, 3), 1);
        shared.speed.begin(Instant(0));
        for tick in 1..=10 {
            shared.now = Instant(tick * 100);
            shared.speed.moved(bytes, shared.now);
        }
        assert!(shared.may_digest());
        shared.digests();
        assert_eq!(shared.may_digest(), !is_fast, "one at a time");
        shared.now = Instant(1100);
        shared.digested(Instant(1000));
        for (at, may) in [(1100, false), (1399, false), (1400, true)] {
            shared.now = Instant(at);
            assert_eq!(shared.may_digest(), may || !is_fast, "at {at}");
        }
    }
}
