//! What a rule may say: everything has an end, nothing overflows, and nothing that is answered can run.

use axum::http::{HeaderName, HeaderValue, header};

use super::rule::{Act, Rule};

/// Longest wait and outage of a rule, in milliseconds, but for a restart.
const LONGEST: u64 = 600_000;
/// Longest restart, in milliseconds.
const LONGEST_RESTART: u64 = 60_000;
/// Most bytes of an invented body.
const MOST_BYTES: u64 = 4 << 30;
/// Most rules of a scenario, and most turns that one lists.
const MOST_RULES: usize = 1000;
const MOST_TURNS: usize = 10_000;
/// Most requests, and seconds, of a limit.
const MOST_REQUESTS: usize = 100_000;
const LONGEST_LIMIT: u64 = 3600;

/// Content types of answers that no browser runs. `text/html` is among them because what a captive portal says is worth
/// testing: it is sent to `fetch` and `XMLHttpRequest` alone, see `answer`.
const TYPES: [&str; 5] =
    ["application/json", "application/octet-stream", "application/problem+json", "text/html", "text/plain"];

/// Headers that a rule may set or remove. None makes a browser run, remember or go to anything.
const HEADERS: [HeaderName; 12] = [
    header::ACCEPT_RANGES,
    header::AGE,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::DATE,
    header::ETAG,
    header::LAST_MODIFIED,
    header::RETRY_AFTER,
    header::SERVER,
    header::VIA,
];

/// Checks a list of rules.
///
/// # Errors
/// A sentence that names the rule, counted from 1, and its field.
pub(super) fn check(rules: &[Rule]) -> Result<(), String> {
    if rules.len() > MOST_RULES {
        return Err(format!("A scenario has at most {MOST_RULES} rules."));
    }
    for (index, rule) in rules.iter().enumerate() {
        rule_in_bounds(rule).map_err(|wrong| format!("Rule {}: {wrong}.", index + 1))?;
    }
    Ok(())
}

fn rule_in_bounds(Rule { when, act, .. }: &Rule) -> Result<(), String> {
    if when.nth.as_ref().is_some_and(|turns| turns.len() > MOST_TURNS) {
        return Err(format!("match.nth lists at most {MOST_TURNS} turns"));
    }
    if act.restart.is_some() && when.nth.is_none() && when.to.is_none() {
        return Err("do.restart needs an end: match.nth or match.to".to_owned());
    }
    if act.early && act.limit.is_none() && !act.invents() {
        return Err("do.early needs a status, a body or a redirect to answer with".to_owned());
    }
    act_in_bounds(act)
}

fn act_in_bounds(act: &Act) -> Result<(), String> {
    for (name, value, least, most) in [
        ("delayMs", Some(act.delay_ms), 0, LONGEST),
        ("thinkMs", act.think_ms, 0, LONGEST),
        ("joinMs", act.join_ms, 0, LONGEST),
        ("refuseTokensMs", act.refuse_tokens_ms, 0, LONGEST),
        ("restart", act.restart, 0, LONGEST_RESTART),
        ("throttle", act.throttle, 1, u64::MAX),
        ("swallow", act.swallow, 1, u64::MAX),
        ("status", act.status.map(u64::from), 200, 599),
        ("limit.requests", act.limit.as_ref().map(|limit| limit.requests as u64), 0, MOST_REQUESTS as u64),
        ("limit.seconds", act.limit.as_ref().map(|limit| limit.seconds.as_secs()), 0, LONGEST_LIMIT),
    ] {
        if value.is_some_and(|value| !(least..=most).contains(&value)) {
            return Err(format!("do.{name} is a number from {least} to {most}"));
        }
    }
    if let Some((again, times)) = &act.body_repeat {
        let bytes = (again.len() as u64).checked_mul(*times);
        if again.is_empty() || bytes.is_none_or(|bytes| bytes > MOST_BYTES) {
            return Err(format!("do.bodyRepeat is a text that is not empty, and at most {MOST_BYTES} bytes in all"));
        }
    }
    for (name, value) in [("redirect", &act.redirect), ("range", &act.range)] {
        if value.as_deref().is_some_and(|value| HeaderValue::from_str(value).is_err()) {
            return Err(format!("do.{name} cannot be a header"));
        }
    }
    act.headers.iter().try_for_each(|(name, value)| header_in_bounds(name, value.as_deref()))
}

fn header_in_bounds(name: &str, value: Option<&str>) -> Result<(), String> {
    let allowed = name
        .parse::<HeaderName>()
        .ok()
        .filter(|name| HEADERS.contains(name) || name.as_str().starts_with("access-control-"));
    let Some(known) = allowed else { return Err(format!("do.headers cannot set {name:?}")) };
    if value.is_some_and(|value| HeaderValue::from_str(value).is_err()) {
        return Err(format!("do.headers has no such value for {name:?}"));
    }
    if known == header::CONTENT_LENGTH && value.is_some_and(|value| value.parse::<u64>().is_err()) {
        return Err("do.headers has a Content-Length that is no number".to_owned());
    }
    // Where there is no type, some browsers look for one.
    if known == header::CONTENT_TYPE && !value.is_some_and(is_still) {
        return Err(format!("do.headers has a Content-Type that is none of {}", TYPES.join(", ")));
    }
    Ok(())
}

/// Whether what is of this content type does not run.
fn is_still(kind: &str) -> bool {
    let essence = kind.split(';').next().unwrap_or_default().trim();
    TYPES.iter().any(|known| essence.eq_ignore_ascii_case(known)) && !kind.contains(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_run_are_told_from_those_that_do_not() {
        for kind in ["application/json", "Text/Plain; charset=utf-8", "application/octet-stream", "text/html"] {
            assert!(is_still(kind), "{kind}");
        }
        for kind in [
            "",
            "text/javascript",
            "application/xhtml+xml",
            "image/svg+xml",
            "text/xml",
            "application/wasm",
            "text/css",
            "application/pdf",
            "multipart/x-mixed-replace",
            "application/json, text/javascript",
            "*/*",
        ] {
            assert!(!is_still(kind), "{kind}");
        }
    }
}
