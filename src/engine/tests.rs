//! The engine's contract, scenario by scenario. The driver is told in words: `put 1/2` is part 2 of upload 1.

use super::*;
use crate::protocol::{Code, Failure, Rules};
use std::collections::BTreeMap;

const PART: u64 = LEAST_PART;
const STALL: u64 = 10_000;

/// A driver that only writes down what it is asked to do.
struct Script {
    engine: Engine,
    now: Instant,
    /// The newest request of each description.
    requests: BTreeMap<String, RequestId>,
}

impl Script {
    fn new(parallel: usize, attempts: u32) -> Self {
        Self::with_rules(parallel, attempts, false)
    }

    fn with_rules(parallel: usize, attempts: u32, fetch_rules: bool) -> Self {
        Self::with(parallel, attempts, fetch_rules, false)
    }

    fn with(parallel: usize, attempts: u32, fetch_rules: bool, recalls: bool) -> Self {
        let backoff = Backoff { attempts, base: 100, longest: 1000 };
        let config =
            Config { part_size: Some(PART), parallel, backoff, stall: STALL, hears: true, recalls, fetch_rules };
        Self { engine: Engine::new(config, 1), now: Instant(0), requests: BTreeMap::new() }
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
        self.engine.pick(Picked { size, findable: true, heard: true })
    }

    /// All the engine asks for now, reports apart.
    fn asked(&mut self) -> String {
        let mut asked = Vec::new();
        while let Some(action) = self.engine.poll(self.now) {
            let (line, request) = match action {
                Action::FetchRules { request } => ("rules".to_owned(), Some(request)),
                Action::Start { upload, request, parts } => (format!("start {} of {parts}", upload.0), Some(request)),
                Action::PutPart { upload, request, part, .. } => (format!("put {}/{part}", upload.0), Some(request)),
                Action::Save { upload, part } => (format!("save {}/{part}", upload.0), None),
                Action::Complete { upload, request, tags, .. } => {
                    self.requests.insert(format!("complete {}", upload.0), request);
                    (format!("complete {} with {}", upload.0, tags.join("+")), None)
                }
                Action::Confirm { upload, request, .. } => (format!("confirm {}", upload.0), Some(request)),
                Action::Remove { upload, request, key } => (format!("remove {} {key}", upload.0), Some(request)),
                Action::RenewToken => ("renew".to_owned(), None),
                Action::Cancel { request } => {
                    let name = self.requests.iter().find(|(_, known)| **known == request).map(|(name, _)| name);
                    (format!("cancel {}", name.unwrap()), None)
                }
                Action::StepAside { upload } => (format!("step aside {}", upload.0), None),
                Action::Want { upload } => (format!("want {}", upload.0), None),
                Action::Recall { upload } => (format!("recall {}", upload.0), None),
                Action::Find { upload, request } => (format!("find {}", upload.0), Some(request)),
                Action::Settled { upload, keep } => {
                    (format!("settled {}{}", upload.0, if keep { " kept" } else { "" }), None)
                }
                Action::Report { .. } => continue,
            };
            if let Some(request) = request {
                self.requests.insert(line.clone(), request);
            }
            asked.push(line);
        }
        asked.join(", ")
    }

    fn tell(&mut self, event: Event) -> String {
        self.engine.handle(event, self.now);
        self.asked()
    }

    fn request(&self, name: &str) -> RequestId {
        self.requests[name]
    }

    fn start(&mut self, upload: u32) -> String {
        let parts = self.engine.plan(UploadId(upload)).unwrap().parts();
        let request = self.request(&format!("start {upload} of {parts}"));
        self.tell(Event::Started { request, key: format!("key{upload}"), upload_id: "id".to_owned() })
    }

    fn store(&mut self, part: &str, tag: &str) -> String {
        let request = self.request(&format!("put {part}"));
        self.tell(Event::PartStored { request, tag: tag.to_owned() })
    }

    fn save(&mut self, upload: u32, part: u32) -> String {
        self.tell(Event::Saved { upload: UploadId(upload), part })
    }

    fn fail(&mut self, name: &str, failure: Failure) -> String {
        let request = self.request(name);
        self.tell(Event::Failed { request, failure })
    }

    fn status(&mut self, name: &str, status: u16) -> String {
        self.fail(name, Failure::from_status(status, None))
    }

    /// Waits until the engine asks to be woken for something to do.
    fn wait(&mut self) -> String {
        for _ in 0..100 {
            self.now = self.engine.wake_at().expect("something is to come");
            let asked = self.asked();
            if !asked.is_empty() {
                return asked;
            }
        }
        panic!("woken for nothing");
    }

    fn state(&self, upload: u32) -> State {
        self.engine.state(UploadId(upload)).unwrap()
    }

    fn code(&self, upload: u32) -> Option<Code> {
        self.engine.failure(UploadId(upload)).map(|failure| failure.code)
    }
}

fn network() -> Failure {
    Failure::new(Code::Network, "dropped")
}

#[test]
fn a_file_of_three_parts_action_by_action() {
    let mut script = Script::new(2, 3);
    script.pick(2 * PART + 1);
    assert_eq!(script.asked(), "start 1 of 3");
    assert_eq!(script.state(1), State::Starting);
    assert_eq!(script.start(1), "put 1/1, put 1/2");
    assert_eq!(script.state(1), State::Uploading);
    assert_eq!(script.store("1/2", "b"), "save 1/2, put 1/3");
    assert_eq!(script.store("1/1", "a"), "save 1/1");
    assert_eq!(script.store("1/3", "c"), "save 1/3");
    assert_eq!(script.engine.progress(UploadId(1), script.now).unwrap().parts_done, 0, "stored is not saved");
    assert_eq!(script.save(1, 2), "");
    assert_eq!(script.save(1, 2), "", "saved twice counts once");
    assert_eq!(script.engine.progress(UploadId(1), script.now).unwrap().parts_done, 1);
    assert_eq!(script.save(1, 3), "");
    assert_eq!(script.save(1, 1), "complete 1 with a+b+c");
    assert_eq!(script.state(1), State::Completing);
    let request = script.request("complete 1");
    assert_eq!(script.tell(Event::Completed { request }), "settled 1");
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
        assert_eq!(script.store("1/1", "a"), "save 1/1");
        assert_eq!(script.save(1, 1), "complete 1 with a");
        let request = script.request("complete 1");
        assert_eq!(script.tell(Event::Completed { request }), "settled 1");
    }
}

/// One part, sent and saved: its completion is on its way.
fn completing() -> Script {
    let mut script = Script::sending(1, 1);
    script.store("1/1", "a");
    assert_eq!(script.save(1, 1), "complete 1 with a");
    script
}

#[test]
fn a_completion_without_an_answer_is_asked_for() {
    let mut script = completing();
    assert_eq!(script.fail("complete 1", network()), "confirm 1");
    let request = script.request("confirm 1");
    assert_eq!(script.tell(Event::Confirmed { request, completed: true }), "settled 1");
    assert_eq!(script.state(1), State::Done);
}

#[test]
fn a_completion_that_did_not_happen_is_tried_again_and_given_up() {
    let mut script = completing();
    for _ in 0..2 {
        assert_eq!(script.status("complete 1", 503), "confirm 1");
        let request = script.request("confirm 1");
        assert_eq!(script.tell(Event::Confirmed { request, completed: false }), "");
        assert_eq!(script.state(1), State::Waiting);
        assert_eq!(script.wait(), "complete 1 with a");
    }
    assert_eq!(script.status("complete 1", 409), "confirm 1", "a refusal of a repeated completion is a doubt too");
    let request = script.request("confirm 1");
    assert_eq!(script.tell(Event::Confirmed { request, completed: false }), "settled 1 kept");
    assert_eq!(script.code(1), Some(Code::Refused));
}

#[test]
fn a_first_completion_that_is_refused_is_asked_about_and_fails() {
    let mut script = completing();
    assert_eq!(script.status("complete 1", 409), "confirm 1", "the browser may have sent it twice");
    let request = script.request("confirm 1");
    assert_eq!(script.tell(Event::Confirmed { request, completed: false }), "settled 1 kept");
    assert_eq!(script.code(1), Some(Code::Refused));
}

#[test]
fn a_refused_token_is_renewed_once_for_all_and_costs_no_try() {
    let mut script = Script::new(3, 1);
    script.pick(5 * PART);
    script.asked();
    script.start(1);
    script.store("1/1", "a");
    assert_eq!(script.store("1/2", "b"), "save 1/2, put 1/4, put 1/5", "there is room for three now");
    assert_eq!(script.status("put 1/3", 401), "renew");
    assert_eq!(script.status("put 1/4", 401), "");
    assert_eq!(script.state(1), State::Uploading, "a part is still on its way");
    assert_eq!(script.tell(Event::TokenRenewed), "put 1/3, put 1/4");
    assert_eq!(script.status("put 1/5", 401), "put 1/5", "refused under the old token");
    let given_up = "cancel put 1/3, cancel put 1/5, settled 1 kept";
    assert_eq!(script.status("put 1/4", 401), given_up, "refused under two tokens");
    assert_eq!(script.code(1), Some(Code::Unauthorized));
}

#[test]
fn without_a_token_all_waits_and_what_was_aborted_is_let_go() {
    let mut script = Script::new(2, 3);
    script.pick(1);
    script.pick(1);
    assert_eq!(script.asked(), "start 1 of 1, start 2 of 1");
    assert_eq!(script.tell(Event::Abort { upload: UploadId(2), keep: false }), "");
    assert_eq!(script.status("start 1 of 1", 401), "renew");
    let refused = || Event::TokenRefused(Failure::new(Code::Unauthorized, "no"));
    assert_eq!(script.tell(refused()), "cancel start 2 of 1, settled 2");
    assert_eq!(script.start(2), "", "an answer that comes late changes nothing");
    assert_eq!((script.state(1), script.state(2)), (State::Waiting, State::Aborted));
    for _ in 0..20 {
        assert_eq!(script.wait(), "renew");
        assert_eq!(script.tell(refused()), "");
    }
    assert_eq!(script.wait(), "renew");
    assert_eq!(script.tell(Event::TokenRenewed), "start 1 of 1");
}

#[test]
fn a_refusal_that_comes_late_does_not_ask_for_the_token_again() {
    let mut script = Script::sending(2, 2);
    assert_eq!(script.status("put 1/1", 401), "renew");
    script.tell(Event::TokenRefused(Failure::new(Code::Unauthorized, "no")));
    assert_eq!(script.status("put 1/2", 401), "", "it is asked for when it is time");
    assert_eq!(script.wait(), "renew");
}

#[test]
fn an_aborted_start_that_fails_offline_is_sought_and_let_go() {
    let mut script = Script::new(2, 3);
    script.pick(PART);
    script.asked();
    script.tell(Event::Offline);
    script.tell(Event::Abort { upload: UploadId(1), keep: false });
    assert_eq!(script.fail("start 1 of 1", network()), "");
    assert_eq!(script.tell(Event::Online), "find 1");
    let request = script.request("find 1");
    assert_eq!(script.tell(Event::Found { request, keys: Vec::new() }), "settled 1");
}

#[test]
fn offline_a_start_and_a_completion_cost_no_try_either() {
    let mut script = completing();
    for _ in 0..5 {
        script.tell(Event::Offline);
        script.fail("complete 1", network());
        assert_eq!(script.tell(Event::Online), "confirm 1");
        let request = script.request("confirm 1");
        script.tell(Event::Confirmed { request, completed: false });
        assert_eq!(script.wait(), "complete 1 with a");
    }
}

#[test]
fn without_a_token_an_upload_ends_with_its_session() {
    let mut script = Script::sending(2, 2);
    script.engine.set_rules(Rules::default(), Some(Instant(100_000)));
    assert_eq!(script.status("put 1/1", 401), "renew");
    script.tell(Event::TokenRefused(Failure::new(Code::Unauthorized, "no")));
    assert_eq!(script.store("1/2", "b"), "save 1/2");
    script.save(1, 2);
    assert_eq!(script.state(1), State::Waiting);
    let mut asked = 0;
    while script.state(1) == State::Waiting {
        if script.wait() == "renew" {
            asked += 1;
            script.tell(Event::TokenRefused(Failure::new(Code::Unauthorized, "no")));
        }
    }
    assert!(asked > 2, "{asked}");
    assert_eq!((script.now, script.code(1)), (Instant(100_000), Some(Code::Unauthorized)));
}

#[test]
fn a_token_that_never_changes_ends_what_it_began() {
    let mut script = Script::sending(2, 2);
    assert_eq!(script.status("put 1/1", 401), "renew");
    let refused = script.tell(Event::TokenRefused(Failure::from_status(401, None)));
    assert_eq!(refused, "cancel put 1/2, settled 1 kept");
}

#[test]
fn a_token_refused_to_the_first_request_is_renewed_before_anything_fails() {
    let mut script = Script::with_rules(2, 3, true);
    script.pick(1);
    assert_eq!(script.asked(), "rules");
    assert_eq!(script.status("rules", 401), "renew");
    assert_eq!(script.tell(Event::TokenRenewed), "rules");
    assert_eq!(script.status("rules", 401), "settled 1");
    assert_eq!(script.code(1), Some(Code::Unauthorized));
    script.pick(1);
    assert_eq!(script.asked(), "rules", "another file is another chance");
    assert_eq!(script.status("rules", 401), "renew");
    assert_eq!(script.tell(Event::TokenRefused(Failure::new(Code::InvalidOption, "no text"))), "settled 2");
    assert_eq!(script.code(2), Some(Code::InvalidOption));
}

#[test]
fn a_pause_lets_a_wholly_sent_part_finish_and_cancels_the_others() {
    let mut script = Script::sending(2, 3);
    let (sent, half) = (script.request("put 1/1"), script.request("put 1/2"));
    script.tell(Event::PartMoved { request: sent, bytes: PART });
    script.tell(Event::PartMoved { request: half, bytes: PART - 1 });
    assert_eq!(script.tell(Event::Pause(UploadId(1))), "cancel put 1/2");
    assert_eq!(script.state(1), State::Paused);
    assert_eq!(script.store("1/1", "a"), "save 1/1");
    assert_eq!(script.store("1/2", "late"), "", "the answer to a cancelled request");
    assert_eq!(script.save(1, 1), "");
    assert_eq!(script.engine.wake_at().filter(|wake| wake.0 > 50), None, "a pause has no end of its own");
    assert_eq!(script.tell(Event::Resume(UploadId(1))), "put 1/2, put 1/3");
}

#[test]
fn an_abort_while_starting_waits_for_the_key_and_removes() {
    let mut script = Script::new(2, 3);
    script.pick(PART);
    script.asked();
    assert_eq!(script.tell(Event::Abort { upload: UploadId(1), keep: false }), "");
    assert_eq!(script.state(1), State::Aborted);
    assert_eq!(script.start(1), "remove 1 key1");
    let request = script.request("remove 1 key1");
    assert_eq!(script.tell(Event::Removed { request }), "settled 1");
}

#[test]
fn an_abort_while_sending_cancels_then_removes_or_keeps() {
    let mut script = Script::sending(2, 3);
    let aborted = script.tell(Event::Abort { upload: UploadId(1), keep: false });
    assert_eq!(aborted, "cancel put 1/1, cancel put 1/2, remove 1 key1");
    assert_eq!(script.status("remove 1 key1", 503), "");
    assert_eq!(script.wait(), "remove 1 key1");
    assert_eq!(script.status("remove 1 key1", 404), "settled 1", "gone is what was asked for");

    let mut script = Script::sending(2, 3);
    let aborted = script.tell(Event::Abort { upload: UploadId(1), keep: true });
    assert_eq!(aborted, "cancel put 1/1, cancel put 1/2, settled 1 kept");
}

#[test]
fn retry_after_holds_the_whole_bucket() {
    let mut script = Script::sending(3, 3);
    script.pick(1);
    assert_eq!(script.asked(), "start 2 of 1");
    assert_eq!(script.fail("put 1/1", Failure::from_status(429, Some(7000))), "");
    assert_eq!(script.engine.parts_allowed(), 1, "fewer at a time");
    assert_eq!(script.store("1/2", "b"), "save 1/2", "what is on its way goes on");
    assert_eq!(script.start(2), "", "and nothing new is sent");
    assert_eq!(script.wait(), "put 2/1, put 1/1");
    assert_eq!(script.now, Instant(7000));
}

#[test]
fn a_part_is_given_up_after_its_last_try() {
    let mut script = Script::sending(2, 2);
    for _ in 0..2 {
        assert_eq!(script.fail("put 1/1", network()), "");
        assert_eq!(script.wait(), "put 1/1");
    }
    assert_eq!(script.fail("put 1/1", network()), "cancel put 1/2, settled 1 kept");
    assert_eq!((script.state(1), script.code(1)), (State::Failed, Some(Code::Network)));
}

#[test]
fn the_rules_refuse_before_a_byte_is_sent() {
    let mut script = Script::with_rules(2, 3, true);
    script.pick(3_000_000);
    script.pick(1_000_000);
    script.pick(1_000_000);
    script.pick(1);
    assert_eq!(script.asked(), "rules");
    let rules = Rules { max_files: Some(2), max_total_mega_bytes: Some(2.0), expiry: None };
    let request = script.request("rules");
    let asked = script.tell(Event::RulesKnown { request, rules, expires_in: None });
    assert_eq!(asked, "settled 1, start 2 of 1, start 3 of 1");
    assert_eq!(script.code(1), Some(Code::TooLarge));
    assert_eq!(script.start(2), "put 2/1, settled 4");
    assert_eq!(script.code(4), Some(Code::TooManyFiles));
}

#[test]
fn a_service_that_never_tells_its_rules_does_not_keep_uploads_waiting() {
    let mut script = Script::with_rules(2, 8, true);
    script.pick(1);
    assert_eq!(script.asked(), "rules");
    for _ in 0..2 {
        assert_eq!(script.fail("rules", Failure::from_status(500, None)), "");
        assert_eq!(script.wait(), "rules");
    }
    assert_eq!(script.fail("rules", Failure::from_status(500, None)), "start 1 of 1");
    let mut script = Script::with_rules(2, 8, true);
    script.pick(1);
    script.asked();
    assert_eq!(script.fail("rules", Failure::new(Code::Timeout, "it hangs")), "start 1 of 1");
}

#[test]
fn rules_missed_offline_are_asked_for_when_the_network_is_back() {
    let mut script = Script::with_rules(2, 2, true);
    script.pick(1);
    script.asked();
    for _ in 0..5 {
        assert_eq!(script.tell(Event::Offline), "");
        assert_eq!(script.fail("rules", network()), "");
        assert_eq!(script.state(1), State::Waiting);
        assert_eq!(script.tell(Event::Online), "rules");
    }
    assert_eq!(script.state(1), State::Queued);
}

#[test]
fn a_queued_upload_shows_its_pause() {
    let mut script = Script::with_rules(2, 2, true);
    let id = script.pick(1);
    script.asked();
    script.engine.handle(Event::Pause(id), script.now);
    assert_eq!(script.engine.poll(script.now), Some(Action::Report { upload: id }));
    script.engine.handle(Event::Resume(id), script.now);
    assert_eq!(script.engine.poll(script.now), Some(Action::Report { upload: id }));
    assert_eq!(script.engine.poll(script.now), None);
}

#[test]
fn what_is_found_complete_is_counted_as_sent() {
    let mut script = Script::with(2, 2, false, true);
    let upload = script.pick(2 * PART);
    assert_eq!(script.asked(), "recall 1");
    let tags = vec![(1, "a".to_owned())];
    let kept = Kept { key: "k".to_owned(), upload_id: "u".to_owned(), part_size: PART, tags };
    assert_eq!(script.tell(Event::Recalled { upload, kept: Some(kept) }), "confirm 1");
    let request = script.request("confirm 1");
    script.tell(Event::Confirmed { request, completed: true });
    let progress = script.engine.progress(upload, script.now).unwrap();
    assert_eq!((progress.sent, progress.parts_done, progress.resumed_from), (2 * PART, 2, PART));
}

#[test]
fn a_small_file_gets_the_next_free_place() {
    let mut script = Script::sending(2, 1000);
    assert_eq!(script.pick(10), UploadId(2));
    assert_eq!(script.asked(), "start 2 of 1");
    assert_eq!(script.start(2), "", "both places are taken");
    assert_eq!(script.store("1/1", "a"), "save 1/1, put 2/1");
    assert_eq!(script.store("1/2", "b"), "save 1/2, put 1/3");
}

#[test]
fn a_request_that_stands_still_is_given_up_and_sent_again() {
    let mut script = Script::sending(2, 2);
    let request = script.request("put 1/1");
    script.now = Instant(STALL - 1);
    script.tell(Event::PartMoved { request, bytes: 1 });
    assert_eq!(script.wait(), "cancel put 1/2");
    assert_eq!(script.now, Instant(STALL));
    script.tell(Event::PartMoved { request, bytes: 1 });
    assert_eq!(script.engine.parts_allowed(), 1);
    assert_eq!(script.wait(), "cancel put 1/1, put 1/2", "the same bytes again are no movement");
    assert_eq!(script.now, Instant(2 * STALL - 1));
}

#[test]
fn a_part_that_nobody_hears_of_gets_time_for_its_bytes_and_is_heard_of_next() {
    let mut script = Script::new(1, 3);
    script.engine.pick(Picked { size: PART, findable: true, heard: false });
    script.asked();
    script.start(1);
    assert_eq!(script.wait(), "cancel put 1/1");
    assert!(script.now > Instant(STALL + PART / 2100), "{:?}", script.now);
    script.now = script.engine.wake_at().unwrap();
    let watched = std::iter::from_fn(|| script.engine.poll(script.now))
        .any(|action| matches!(action, Action::PutPart { watched: true, .. }));
    assert!(watched);
}

#[test]
fn a_completion_that_stands_still_is_asked_about() {
    let mut script = completing();
    assert_eq!(script.wait(), "cancel complete 1, confirm 1");
}

#[test]
fn a_sleep_gives_every_request_one_more_chance() {
    let mut script = Script::sending(2, 1);
    script.now = Instant(3_600_000);
    assert_eq!(script.asked(), "");
    script.now = Instant(3_600_000 + STALL);
    assert_eq!(script.asked(), "cancel put 1/1");
}

#[test]
fn offline_costs_no_try_and_ends_at_once() {
    let mut script = Script::sending(2, 3);
    script.tell(Event::Offline);
    assert_eq!(script.state(1), State::Waiting);
    for _ in 0..5 {
        assert_eq!(script.fail("put 1/1", network()), "");
        assert_eq!(script.fail("put 1/2", network()), "");
        assert_eq!(script.state(1), State::Waiting);
        assert_eq!(script.tell(Event::Online), "put 1/1, put 1/2");
        script.tell(Event::Offline);
    }
    assert_eq!(script.store("1/1", "a"), "save 1/1", "it was sent before");
}

#[test]
fn back_online_nothing_waits_for_its_back_off() {
    let mut script = Script::sending(2, 2);
    assert_eq!(script.fail("put 1/1", network()), "");
    assert_eq!(script.tell(Event::Online), "put 1/1");
}

#[test]
fn a_browser_that_is_wrong_about_the_network_is_found_out() {
    let mut script = Script::sending(2, 2);
    script.tell(Event::Offline);
    script.fail("put 1/1", network());
    script.fail("put 1/2", network());
    assert_eq!(script.wait(), "put 1/1", "one request finds out");
    assert_eq!(script.store("1/1", "a"), "save 1/1, put 1/2");
}

#[test]
fn a_lost_start_is_sought_by_its_name_and_removed() {
    let mut script = Script::new(2, 3);
    script.pick(PART);
    script.asked();
    assert_eq!(script.fail("start 1 of 1", network()), "find 1");
    let request = script.request("find 1");
    let keys = vec!["orphan".to_owned()];
    assert_eq!(script.tell(Event::Found { request, keys }), "remove 1 orphan");
    let request = script.request("remove 1 orphan");
    assert_eq!(script.tell(Event::Removed { request }), "");
    assert_eq!(script.wait(), "start 1 of 1");
    assert_eq!(script.start(1), "put 1/1");
    script.store("1/1", "a");
    script.save(1, 1);
    let request = script.request("complete 1");
    assert_eq!(script.tell(Event::Completed { request }), "find 1", "one may have come late");
    assert_eq!(script.state(1), State::Completing);
    let request = script.request("find 1");
    assert_eq!(script.tell(Event::Found { request, keys: vec!["key1".to_owned()] }), "settled 1");
    assert_eq!(script.state(1), State::Done);
}

#[test]
fn a_start_lost_while_aborting_leaves_nothing() {
    let mut script = Script::new(2, 3);
    script.pick(PART);
    script.asked();
    script.tell(Event::Abort { upload: UploadId(1), keep: false });
    assert_eq!(script.fail("start 1 of 1", network()), "find 1");
    let request = script.request("find 1");
    assert_eq!(script.tell(Event::Found { request, keys: vec!["orphan".to_owned()] }), "remove 1 orphan");
    assert_eq!(script.status("remove 1 orphan", 404), "settled 1");
}

/// What an earlier page kept of a file of three parts.
fn kept() -> Option<Kept> {
    let tags = vec![(2, "b".to_owned()), (1, "a".to_owned()), (9, "none".to_owned())];
    Some(Kept { key: "old".to_owned(), upload_id: "id".to_owned(), part_size: PART, tags })
}

fn recalling() -> Script {
    let mut script = Script::with(4, 3, false, true);
    script.pick(3 * PART);
    assert_eq!(script.asked(), "recall 1");
    script
}

#[test]
fn an_upload_goes_on_where_an_earlier_page_stopped() {
    let mut script = recalling();
    assert_eq!(script.tell(Event::Recalled { upload: UploadId(1), kept: kept() }), "confirm 1");
    let request = script.request("confirm 1");
    assert_eq!(script.tell(Event::Confirmed { request, completed: false }), "put 1/3");
    let progress = script.engine.progress(UploadId(1), script.now).unwrap();
    assert_eq!((progress.resumed_from, progress.sent, progress.parts_done), (2 * PART, 2 * PART, 2));
    script.store("1/3", "c");
    assert_eq!(script.save(1, 3), "complete 1 with a+b+c");
}

#[test]
fn what_the_service_lost_begins_anew() {
    let mut script = recalling();
    script.tell(Event::Recalled { upload: UploadId(1), kept: kept() });
    assert_eq!(script.status("confirm 1", 404), "start 1 of 3");
    assert_eq!(script.start(1), "put 1/1, put 1/2");
    assert_eq!(script.engine.progress(UploadId(1), script.now).unwrap().resumed_from, 0);

    let mut script = recalling();
    script.tell(Event::Recalled { upload: UploadId(1), kept: kept() });
    let request = script.request("confirm 1");
    script.tell(Event::Confirmed { request, completed: false });
    assert_eq!(script.status("put 1/3", 404), "start 1 of 3");
}

#[test]
fn what_was_completed_before_a_crash_is_done() {
    let mut script = recalling();
    script.tell(Event::Recalled { upload: UploadId(1), kept: kept() });
    let request = script.request("confirm 1");
    assert_eq!(script.tell(Event::Confirmed { request, completed: true }), "settled 1");
    assert_eq!(script.state(1), State::Done);
}

#[test]
fn another_page_is_followed_and_taken_over_from() {
    let mut script = recalling();
    script.tell(Event::Elsewhere { upload: UploadId(1), sent: 0, parts_done: 0 });
    script.tell(Event::Elsewhere { upload: UploadId(1), sent: 2 * PART + 5, parts_done: 2 });
    let progress = script.engine.progress(UploadId(1), script.now).unwrap();
    assert_eq!((script.state(1), progress.sent, progress.parts_done), (State::Uploading, 2 * PART + 5, 2));
    assert_eq!(script.tell(Event::Recalled { upload: UploadId(1), kept: kept() }), "confirm 1");
    assert_eq!(script.engine.progress(UploadId(1), script.now).unwrap().sent, 2 * PART + 5, "it never goes back");

    let mut script = recalling();
    script.tell(Event::Elsewhere { upload: UploadId(1), sent: 0, parts_done: 0 });
    assert_eq!(script.tell(Event::DoneElsewhere { upload: UploadId(1), key: "k".to_owned() }), "settled 1");
    assert_eq!((script.state(1), script.engine.key(UploadId(1))), (State::Done, Some("k")));
}

/// An upload of three parts of which two are stored, whose last part was refused; no token can be had.
fn without_token() -> Script {
    let mut script = recalling();
    script.tell(Event::Recalled { upload: UploadId(1), kept: kept() });
    let request = script.request("confirm 1");
    script.tell(Event::Confirmed { request, completed: false });
    assert_eq!(script.status("put 1/3", 401), "renew");
    script.tell(Event::TokenRefused(Failure::new(Code::Unauthorized, "none")));
    script
}

#[test]
fn a_page_without_a_token_lets_another_send() {
    let mut script = without_token();
    assert_eq!(script.tell(Event::Wanted { upload: UploadId(1) }), "step aside 1");
    script.tell(Event::Elsewhere { upload: UploadId(1), sent: 2 * PART, parts_done: 2 });
    assert_eq!(script.state(1), State::Uploading);
    assert_eq!(script.tell(Event::TokenRenewed), "want 1");
    assert_eq!(script.tell(Event::Recalled { upload: UploadId(1), kept: kept() }), "confirm 1");

    let mut script = without_token();
    script.tell(Event::Wanted { upload: UploadId(1) });
    assert_eq!(script.tell(Event::DoneElsewhere { upload: UploadId(1), key: "k".to_owned() }), "settled 1");
    assert_eq!(script.state(1), State::Done);
}

#[test]
fn a_page_that_can_send_does_not_step_aside() {
    let mut script = recalling();
    script.tell(Event::Recalled { upload: UploadId(1), kept: kept() });
    assert_eq!(script.tell(Event::Wanted { upload: UploadId(1) }), "");
    let request = script.request("confirm 1");
    assert_eq!(script.tell(Event::Confirmed { request, completed: false }), "put 1/3");
    // Who followed before the pause stands still, too.
    assert_eq!(script.tell(Event::Pause(UploadId(1))), "cancel put 1/3");
    assert_eq!(script.tell(Event::Wanted { upload: UploadId(1) }), "step aside 1");
    assert_eq!(script.state(1), State::Paused);
    assert_eq!(script.tell(Event::Resume(UploadId(1))), "want 1");
}

#[test]
fn a_file_that_changed_is_removed() {
    let mut script = Script::sending(2, 2);
    let changed = Failure::new(Code::FileChanged, "changed");
    assert_eq!(script.fail("put 1/1", changed), "cancel put 1/2, remove 1 key1");
    assert_eq!(script.code(1), Some(Code::FileChanged));
    let request = script.request("remove 1 key1");
    assert_eq!(script.tell(Event::Removed { request }), "settled 1");
}
