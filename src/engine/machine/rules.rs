//! The session's rules: one request for all who wait for them.

use super::Engine;
use crate::engine::availability::Class;
use crate::engine::operations::Target;
use crate::engine::tries::Exchange;
use crate::engine::{Answer, CallId, Instant, RulesSource};
use crate::protocol::{Code, Failure, Request, Rules, session_rules};

/// Tries the request for the rules gets for the sake of uploads: they wait for it, and a service need not have it.
const TRIES_FOR_UPLOADS: u32 = 3;

/// What is known of the rules, and the request for them.
#[derive(Debug)]
pub(super) struct SessionRules {
    known: Option<Rules>,
    exchange: Exchange,
    /// Uploads wait for them.
    uploads_wait: bool,
    /// Uploads are checked against them.
    apply: bool,
}

impl SessionRules {
    pub fn new(source: &RulesSource) -> Self {
        let known = match source {
            RulesSource::Given { rules, .. } => Some(*rules),
            RulesSource::Fetch | RulesSource::Ignore => None,
        };
        let fetch = *source == RulesSource::Fetch;
        Self { known, exchange: Exchange::default(), uploads_wait: fetch, apply: fetch }
    }

    /// Whether uploads wait for them.
    pub fn hold_uploads(&self) -> bool {
        self.uploads_wait
    }

    pub fn reconnected(&mut self, now: Instant) {
        self.exchange.tries.reconnected(now);
    }
}

impl Engine {
    /// Calls that wait for them.
    pub(super) fn callers(&self) -> Vec<CallId> {
        self.calls.iter().filter(|(_, call)| call.wants_rules()).map(|(id, _)| *id).collect()
    }

    fn want_rules(&self) -> bool {
        self.rules.uploads_wait && !self.queue.is_empty() || self.calls.values().any(|call| call.wants_rules())
    }

    /// When the rules are asked for, if somebody waits for them.
    pub(super) fn rules_due(&self) -> Option<Instant> {
        (self.rules.exchange.op.is_none() && self.want_rules()).then_some(self.rules.exchange.tries.due)
    }

    pub(super) fn send_rules(&mut self) -> bool {
        if let Some(rules) = self.rules.known {
            let callers = self.callers();
            callers.iter().for_each(|call| self.reply(*call, Some(Ok(Answer::Rules(rules)))));
            return !callers.is_empty();
        }
        if self.rules_due().is_none_or(|due| due > self.shared.now) {
            return false;
        }
        if self.shared.has_token() {
            let stalls = self.rules.exchange.tries.stalls;
            self.rules.exchange.send(self.shared.send(Target::Rules, Request::rules(), stalls));
        }
        true
    }

    /// The request for the rules was answered, or failed.
    pub(super) fn rules_ended(&mut self, result: Result<Vec<u8>, Failure>, received_at: f64, epoch: u64) {
        self.rules.exchange.op = None;
        let parse_date = self.shared.config.platform.parse_date.clone();
        let rules = result.and_then(|body| session_rules(&body, received_at, |date| parse_date(date)));
        match rules {
            Ok(rules) => {
                self.rules.exchange = Exchange::default();
                (self.rules.known, self.rules.uploads_wait) = (Some(rules), false);
                if self.rules.apply {
                    // A session that answers is not over: where its end is past, the page's clock is wrong.
                    let left = rules.expiry.map(|expiry| expiry - received_at).filter(|left| *left > 0.0);
                    let left = left.map(|left| left as u64);
                    let ends_at = left.map(|left| self.shared.now.plus(left));
                    self.shared.admission.set_rules(rules, ends_at);
                }
            }
            Err(failure) => self.rules_failed(failure, epoch),
        }
    }

    /// A service without session rules is no error; a token that nobody can renew is one for all that waits.
    fn rules_failed(&mut self, failure: Failure, epoch: u64) {
        // A service that hangs here, or keeps failing, must not delay uploads further.
        let hangs = failure.code == Code::Timeout && failure.status.is_none() && !self.shared.link.is_down();
        let callers = self.callers();
        let next = self.shared.next_try(self.rules.exchange.tries, &failure, epoch, true, Some(Class::Rest));
        let is_unauthorized = matches!(failure.code, Code::Unauthorized | Code::InvalidOption);
        let last = hangs || failure.code == Code::Protocol;
        let spent = next.is_none_or(|tries| last || tries.sent >= TRIES_FOR_UPLOADS);
        if spent && !is_unauthorized {
            self.rules.uploads_wait = false;
        }
        match next {
            Some(tries) if self.rules.uploads_wait || !callers.is_empty() => self.rules.exchange.tries = tries,
            Some(_) => self.rules.exchange = Exchange::default(),
            None => {
                self.rules.exchange = Exchange::default();
                callers.into_iter().for_each(|call| self.reply(call, Some(Err(failure.clone()))));
                if is_unauthorized {
                    self.fail_queue(&failure);
                }
            }
        }
    }
}
