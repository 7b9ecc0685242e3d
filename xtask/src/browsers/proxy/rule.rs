//! What a test page may tell the proxy to do.
//!
//! ```json
//! [{ "match": { "method": "PUT", "path": "/v1/buckets", "partNumber": 2, "nth": [1, 3] },
//!    "do": { "status": 503, "headers": { "Retry-After": "1" }, "body": "{}" } }]
//! ```
//!
//! The first rule that matches acts; none: the request is forwarded. `path` is a regular expression, found anywhere in the
//! gateway's path. `nth` lists turns, counted from 1 over the requests that match the rest; `from` and `to` bound them. A
//! preflight (`OPTIONS`) matches only a rule that names this method.
use std::collections::BTreeMap;

use hyper::{HeaderMap, Method};
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

/// When to do what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(rename = "match", default)]
    when: Match,
    #[serde(rename = "do")]
    act: Act,
    #[serde(skip)]
    seen: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Match {
    method: Option<String>,
    path: Option<Pattern>,
    part_number: Option<u64>,
    nth: Option<Vec<u64>>,
    from: Option<u64>,
    to: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Pattern(Regex);

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, regex::Error> {
        Regex::new(&text).map(Self)
    }
}

/// What to do with a request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Act {
    /// Milliseconds to wait before anything else.
    pub delay_ms: u64,
    /// Close the connection instead of answering.
    pub drop: Option<Drop>,
    /// Forward to the gateway as well, where the answer is invented: it acts, and the page does not learn it.
    pub forward: bool,
    /// Status of an invented answer; 200 where only a body is given.
    pub status: Option<u16>,
    /// Body of an invented answer.
    pub body: Option<String>,
    /// A text and how many times it follows `body`; streamed.
    pub body_repeat: Option<(String, u64)>,
    /// An invented redirect there; status 307 unless given.
    pub redirect: Option<String>,
    /// Headers to set on the answer, real or invented; null removes one.
    pub headers: BTreeMap<String, Option<String>>,
    /// Merge patch (RFC 7386) of the gateway's JSON.
    pub rewrite_json: Option<Value>,
    /// Break the connection after so many bytes of the answer's body.
    pub cut_after: Option<u64>,
}

/// When the connection is closed without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Drop {
    /// Before the gateway sees anything.
    Before,
    /// After the gateway has acted and answered.
    After,
}

impl Rule {
    /// Reads a JSON list of rules.
    ///
    /// # Errors
    /// A sentence that names the wrong key or value.
    pub fn list(json: &[u8]) -> Result<Vec<Self>, String> {
        serde_json::from_slice(json).map_err(|error| error.to_string())
    }

    /// What to do with this request, if the rule is about it. Counts it for `nth`.
    pub fn applies(&mut self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Act> {
        let Match { method: wanted, path: pattern, part_number, nth, from, to } = &self.when;
        let method_matches = match wanted {
            Some(wanted) => wanted == method.as_str(),
            None => method != Method::OPTIONS,
        };
        let path_matches = pattern.as_ref().is_none_or(|Pattern(pattern)| pattern.is_match(path));
        let part_matches = part_number.is_none_or(|wanted| {
            headers.get("partnumber").and_then(|value| value.to_str().ok()?.parse().ok()) == Some(wanted)
        });
        if !(method_matches && path_matches && part_matches) {
            return None;
        }
        self.seen += 1;
        let its_turn = nth.as_ref().is_none_or(|turns| turns.contains(&self.seen))
            && from.is_none_or(|from| self.seen >= from)
            && to.is_none_or(|to| self.seen <= to);
        its_turn.then(|| self.act.clone())
    }
}

impl Act {
    /// Whether the answer is not the gateway's.
    #[must_use]
    pub fn invents(&self) -> bool {
        self.status.is_some() || self.body.is_some() || self.body_repeat.is_some() || self.redirect.is_some()
    }
}

/// Applies a merge patch (RFC 7386).
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Some(target) = target.as_object_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.as_str()).or_insert(Value::Null), value);
        }
    }
}
