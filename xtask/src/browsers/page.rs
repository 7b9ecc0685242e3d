//! A page of tests, followed to its end: it leaves `window.results`, `{done, tests: [{ok, millis, error}], longest}`.
use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use super::webdriver::Session;
use crate::gateway::Gateway;

/// Longest that a page gives a single test, in milliseconds, where it does not say so.
const LONGEST: u64 = 120_000;
/// Longest time without a further result, beyond that.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest time until the page's modules have loaded.
const LOADING: Duration = Duration::from_secs(30);

/// Gives every result to `told` once, as soon as it is there.
///
/// # Errors
/// The page has no tests, or does not come to its end; the sentence ends with its console.
pub fn follow(session: &Session, told: impl FnMut(&Value)) -> Result<()> {
    attend(session, told, || {
        thread::sleep(Duration::from_millis(100));
        Ok(())
    })
}

/// The same for a page that asks for something meanwhile: `serve` waits a moment for that, and does it.
///
/// # Errors
/// As [`follow`], or `serve` fails.
pub fn attend(session: &Session, mut told: impl FnMut(&Value), mut serve: impl FnMut() -> Result<()>) -> Result<()> {
    let (mut seen, mut last) = (0, Instant::now());
    loop {
        let script = "const { tests, ...rest } = window.results ?? {}; return tests ? { ...rest, tests: tests.slice(arguments[0]) } : null";
        let results = session.execute(script, json!([seen]))?;
        let tests = results.get("tests").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for test in tests {
            told(test);
            last = Instant::now();
        }
        seen += tests.len();
        if is_true(&results, "done") {
            ensure!(seen > 0, "the page has no test, or none of such a name");
            return Ok(());
        }
        let longest = results.get("longest").and_then(Value::as_u64).unwrap_or(LONGEST);
        let patience = if results.is_null() { LOADING } else { Duration::from_millis(longest) + PATIENCE };
        if last.elapsed() > patience {
            let console = session.console().unwrap_or_default().join("\n  ");
            bail!("the page stopped after {seen} tests; its console:\n  {console}");
        }
        serve()?;
    }
}

/// The words for faults of `gateways`, each under its origin, as the fragment of a page's address: no server sees that.
#[must_use]
pub fn words<'a>(gateways: impl IntoIterator<Item = &'a Gateway>) -> String {
    let fields = gateways.into_iter().map(|gateway| format!("{}={}", query(&gateway.origin), gateway.word));
    fields.collect::<Vec<_>>().join("&")
}

/// A text as a value in the query of an address.
#[must_use]
pub fn query(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The line, or lines, that a result is printed as.
#[must_use]
pub fn line(session: &Session, name: &str, test: &Value) -> String {
    let passed = is_true(test, "ok");
    let millis = test.get("millis").and_then(Value::as_u64).unwrap_or_default();
    let outcome = if passed { "ok" } else { "FAILED" };
    let mut line = format!("{}: {name} ... {outcome} ({millis} ms)", session.browser());
    if !passed {
        for reason in text(test, "error").unwrap_or("no reason given").lines() {
            line.push_str("\n    ");
            line.push_str(reason);
        }
    }
    line
}

/// Whether that field is true.
#[must_use]
pub fn is_true(object: &Value, key: &str) -> bool {
    object.get(key).and_then(Value::as_bool) == Some(true)
}

/// A field that is text.
#[must_use]
pub fn text<'json>(object: &'json Value, key: &str) -> Option<&'json str> {
    object.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::query;

    #[test]
    fn any_text_is_a_value_of_a_query() {
        assert_eq!(query("a+b & 100 %, `é`#"), "a%2Bb%20%26%20100%20%25%2C%20%60%C3%A9%60%23");
    }
}
