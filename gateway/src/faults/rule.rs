//! When the gateway is to do what in place of its work.
//!
//! ```json
//! [{ "match": { "method": "PUT", "path": "/v1/buckets", "partNumber": 2, "nth": [1, 3] },
//!    "do": { "status": 503, "headers": { "Retry-After": "1" }, "body": "{}" } }]
//! ```
//!
//! The first rule that matches acts; none: the request is served. `path` is a regular expression, found anywhere in the
//! path from `/v1` on. `nth` lists turns, counted from 1 over the requests that match the rest and that no earlier rule
//! took; `from` and `to` bound them. A preflight (`OPTIONS`) matches only a rule that names this method, or `*`: all of
//! them.
//!
//! Four acts narrow what their rule matches: `limit` to the requests above the limit, `refuseTokensMs` to those with
//! such a token, `joinMs` and `refuseTags` to completions. Other requests are left to the rules below.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, Method};
use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::limit::Limit;
use super::{bounds, completes};

/// Most bytes that a compiled `path` takes.
const PATTERN_LIMIT: usize = 256 << 10;

/// When to do what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    #[serde(rename = "match", default)]
    pub when: Match,
    #[serde(rename = "do")]
    pub act: Act,
    #[serde(skip)]
    seen: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Match {
    method: Option<String>,
    path: Option<Pattern>,
    part_number: Option<u64>,
    pub nth: Option<Vec<u64>>,
    from: Option<u64>,
    pub to: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Pattern(Regex);

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, regex::Error> {
        RegexBuilder::new(&text).size_limit(PATTERN_LIMIT).build().map(Self)
    }
}

/// What a rule looks at.
pub(super) struct Arrival<'a> {
    pub method: &'a Method,
    /// From `/v1` on.
    pub path: &'a str,
    pub headers: &'a HeaderMap,
    /// How long ago the request's token was issued.
    pub token_age: Option<Duration>,
}

/// What to do with a request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Act {
    /// Milliseconds to wait before anything else.
    pub delay_ms: u64,
    /// Close the connection instead of answering.
    pub drop: Option<Drop>,
    /// Keep the connection and never answer.
    pub hang: Option<Hang>,
    /// Most bytes a second of the request's body.
    pub throttle: Option<u64>,
    /// Act as well where the answer is invented, and the page does not learn it.
    pub forward: bool,
    /// Status of an invented answer; 200 where only a body is given.
    pub status: Option<u16>,
    /// Body of an invented answer.
    pub body: Option<String>,
    /// A text and how many times it follows `body`; streamed.
    pub body_repeat: Option<(String, u64)>,
    /// An invented redirect there; status 307 unless given.
    pub redirect: Option<String>,
    /// Headers to set on the answer, real or invented; null removes one. Only those that `bounds` knows.
    pub headers: BTreeMap<String, Option<String>>,
    /// Merge patch (RFC 7396) of the real answer's JSON.
    pub rewrite_json: Option<Value>,
    /// Break the connection after so many bytes of the answer's body.
    pub cut_after: Option<u64>,
    /// Send so many bytes of the answer's body, and then nothing more.
    pub hang_after: Option<u64>,
    /// Serve the request as if it had asked for this `Range`; an empty one: for everything.
    pub range: Option<String>,
    /// From now on refuse every token that the session has now.
    pub expire_tokens: bool,
    /// Fail to store, as with no space left.
    pub disk_full: bool,
    /// Close every connection, and take none for so many milliseconds.
    pub restart: Option<u64>,
    /// Read the whole request, then act and answer after so many milliseconds, even if the client has gone away.
    pub think_ms: Option<u64>,
    /// Read the whole request, then act and answer when a line of so many bytes a second, which carries one such body
    /// of the scenario after the other, would have brought it; even if the client has gone away.
    pub swallow: Option<u64>,
    /// Send the invented answer before any of the body is read, then reset the connection.
    pub early: bool,
    /// Send the answer, real or invented, without any `Access-Control-*` header: a page sees a failed request.
    pub hide_cors: bool,
    /// Leave these headers out of `Access-Control-Expose-Headers`: they are sent, and a page does not see them.
    pub hide: Vec<Hidden>,
    /// Complete the file after so many milliseconds, even if the client has gone away; answer other completions of it
    /// 409 until then, and at once from then on. With `forward` an invented answer does not wait for it.
    pub join_ms: Option<u64>,
    /// Refuse a completion with 400 until every part was sent again after the first refusal.
    pub refuse_tags: bool,
    /// Answer requests above the limit with `status`, 429 unless given.
    pub limit: Option<Limit>,
    /// Refuse every token that was issued within the last so many milliseconds with 401.
    pub refuse_tokens_ms: Option<u64>,
}

/// The name of a header that pages are not to see.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Hidden(pub HeaderName);

impl TryFrom<String> for Hidden {
    type Error = axum::http::header::InvalidHeaderName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

/// When the connection is closed without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Drop {
    /// Before anything is read.
    Before,
    /// When half of the body is read.
    Middle,
    /// When the gateway has acted.
    After,
}

/// When nothing happens any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Hang {
    /// Before anything is read.
    Before,
    /// When the gateway has acted.
    After,
    /// When the answer's headers are sent.
    Headers,
}

impl Rule {
    /// Reads a JSON list of rules.
    ///
    /// # Errors
    /// A sentence that names the wrong key or value, or the field that is out of its [`bounds`].
    pub fn list(json: &[u8]) -> Result<Vec<Self>, String> {
        let rules: Vec<Self> = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        bounds::check(&rules)?;
        Ok(rules)
    }

    /// What to do with this request, if the rule is about it. Counts it for `nth` and `limit`.
    pub fn applies(&mut self, arrival: &Arrival<'_>) -> Option<Act> {
        let Arrival { method, path, headers, .. } = *arrival;
        let Match { method: wanted, path: pattern, part_number, nth, from, to } = &self.when;
        let method_matches = match wanted.as_deref() {
            Some("*") => true,
            Some(wanted) => wanted == method.as_str(),
            None => method != Method::OPTIONS,
        };
        let path_matches = pattern.as_ref().is_none_or(|Pattern(pattern)| pattern.is_match(path));
        let part_matches = part_number.is_none_or(|wanted| {
            headers.get("partnumber").and_then(|value| value.to_str().ok()?.parse().ok()) == Some(wanted)
        });
        let act_matches = self.act.concerns(arrival);
        if !(method_matches && path_matches && part_matches && act_matches) {
            return None;
        }
        self.seen += 1;
        let its_turn = nth.as_ref().is_none_or(|turns| turns.contains(&self.seen))
            && from.is_none_or(|from| self.seen >= from)
            && to.is_none_or(|to| self.seen <= to);
        if !its_turn {
            return None;
        }
        let Some(limit) = &mut self.act.limit else { return Some(self.act.clone()) };
        limit.exceeded(Instant::now()).then(|| Act { status: self.act.status.or(Some(429)), ..self.act.clone() })
    }
}

impl Act {
    /// Whether it can do anything to such a request.
    fn concerns(&self, arrival: &Arrival<'_>) -> bool {
        let completes = completes(arrival.method, arrival.path);
        let younger = |millis| arrival.token_age.is_some_and(|age| age < Duration::from_millis(millis));
        (completes || self.join_ms.is_none() && !self.refuse_tags) && self.refuse_tokens_ms.is_none_or(younger)
    }

    /// Whether the answer is not the gateway's.
    pub fn invents(&self) -> bool {
        self.status.is_some() || self.body.is_some() || self.body_repeat.is_some() || self.redirect.is_some()
    }

    /// What the log calls it; nothing where it does nothing.
    pub fn name(&self) -> Option<String> {
        let when = |fault: &str, when: &dyn std::fmt::Debug| format!("{fault}-{when:?}").to_lowercase();
        let status = |status| match (&self.limit, self.early) {
            (Some(_), _) => format!("limit-{status}"),
            (None, true) => format!("early-{status}"),
            (None, false) => format!("status-{status}"),
        };
        let named = [
            (self.early, "early"),
            (self.join_ms.is_some(), "join"),
            (self.refuse_tags, "refuse-tags"),
            (self.refuse_tokens_ms.is_some(), "refuse-tokens"),
            (self.think_ms.is_some(), "think"),
            (self.swallow.is_some(), "swallow"),
            (self.expire_tokens, "expire-tokens"),
            (self.disk_full, "disk-full"),
            (self.restart.is_some(), "restart"),
            (self.cut_after.is_some(), "cut"),
            (self.hang_after.is_some(), "hang-body"),
            (self.range.is_some(), "range"),
            (self.throttle.is_some(), "throttle"),
            (self.redirect.is_some(), "redirect"),
            (self.body.is_some() || self.body_repeat.is_some(), "body"),
            (self.rewrite_json.is_some(), "rewrite-json"),
            (!self.headers.is_empty(), "headers"),
            (self.hide_cors, "hide-cors"),
            (!self.hide.is_empty(), "hide"),
            (self.delay_ms > 0, "delay"),
        ];
        let first = || named.into_iter().find_map(|(so, name)| so.then(|| name.to_owned()));
        let drop = self.drop.map(|at| when("drop", &at)).or_else(|| self.hang.map(|at| when("hang", &at)));
        drop.or_else(|| self.status.map(status)).or_else(first)
    }
}
