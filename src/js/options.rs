//! The options of `partway.d.ts`, one parser for each object.

use super::record::Record;
use crate::browser::{Endpoint, Token, is_header_text};
use crate::engine::{Backoff, GREATEST_PART, LEAST_PART};
use crate::names::Scheme;
use crate::protocol::Rules;
use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, Url};

/// Where the session's rules come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RulesFrom {
    /// `GET /session/current`, once.
    Fetch,
    /// Nowhere: the service alone enforces them.
    Ignore,
    /// The caller.
    Caller(Rules),
}

/// `BucketOptions`.
pub struct BucketOptions {
    pub endpoint: Endpoint,
    pub token: Token,
    pub session_id: Option<String>,
    pub api_key: Option<String>,
    /// How new names are written.
    pub names: Scheme,
    pub part_size: Option<u64>,
    pub parallel: usize,
    pub backoff: Backoff,
    /// Milliseconds without a byte after which a request is given up.
    pub stall: u64,
    /// Whether what a reload needs is kept.
    pub resume: bool,
    pub rules: RulesFrom,
}

impl BucketOptions {
    /// Reads and checks the argument of `openBucket`.
    pub fn parse(value: &JsValue) -> Result<Self, JsValue> {
        const KEYS: [&str; 11] = [
            "endpoint",
            "token",
            "sessionId",
            "apiKey",
            "names",
            "partSize",
            "parallel",
            "retry",
            "stallTimeout",
            "resume",
            "rules",
        ];
        let record = Record::new("options", "", value, &KEYS)?;
        let endpoint = endpoint(&record)?;
        let token = token(&record)?;
        let session_id = record.text("sessionId", "must be a non-empty string", |text| !text.is_empty())?;
        let names = names(&record)?;
        if session_id.is_none() && names != Scheme::Plain {
            let must = "must be the session's ID, the key of its names (or set names to \"plain\")";
            return Err(record.wrong("sessionId", must, &JsValue::UNDEFINED));
        }
        Ok(Self {
            endpoint,
            token,
            session_id,
            names,
            api_key: record.text("apiKey", "must be visible ASCII, as it is sent in a header", is_header_text)?,
            part_size: record.integer("partSize", LEAST_PART, GREATEST_PART)?,
            parallel: record.integer("parallel", 1, 6)?.map_or(4, |parallel| parallel as usize),
            backoff: backoff(&record)?,
            stall: record.integer("stallTimeout", 1, 24 * 3600 * 1000)?.unwrap_or(30_000),
            resume: record.boolean("resume")?.unwrap_or(true),
            rules: rules(&record)?,
        })
    }
}

fn endpoint(record: &Record) -> Result<Endpoint, JsValue> {
    let value = record.get("endpoint")?;
    let text = match value.dyn_ref::<Url>() {
        Some(url) => url.href(),
        None => value.as_string().ok_or_else(|| record.wrong("endpoint", "must be a URL or a string", &value))?,
    };
    Endpoint::parse(&text).map_err(|must| record.wrong("endpoint", must, &value))
}

fn token(record: &Record) -> Result<Token, JsValue> {
    let value = record.get("token")?;
    if let Some(function) = value.dyn_ref::<Function>() {
        return Ok(Token::from_function(function.clone()));
    }
    let text = value.as_string().filter(|text| is_header_text(text));
    text.map(Token::fixed)
        .ok_or_else(|| record.wrong("token", "must be a string of visible ASCII, or a function that gives one", &value))
}

fn names(record: &Record) -> Result<Scheme, JsValue> {
    let value = record.get("names")?;
    if value.is_undefined() {
        return Ok(Scheme::Partway);
    }
    value.as_string().as_deref().and_then(Scheme::parse).ok_or_else(|| {
        let schemes = Scheme::ALL.map(Scheme::as_str).join(", ");
        record.wrong("names", &format!("must be one of {schemes}"), &value)
    })
}

fn backoff(record: &Record) -> Result<Backoff, JsValue> {
    let value = record.get("retry")?;
    let usual = Backoff::default();
    if value.as_bool() == Some(false) {
        return Ok(Backoff { attempts: 1, ..usual });
    }
    if !value.is_undefined() && !value.is_object() {
        return Err(record.wrong("retry", "must be false or an object", &value));
    }
    const DAY: u64 = 24 * 3600 * 1000;
    let retry = Record::new("retry", "retry.", &value, &["attempts", "baseDelay", "maxDelay"])?;
    Ok(Backoff {
        attempts: retry.integer("attempts", 1, 1000)?.map_or(usual.attempts, |attempts| attempts as u32),
        base: retry.integer("baseDelay", 0, DAY)?.unwrap_or(usual.base),
        longest: retry.integer("maxDelay", 0, DAY)?.unwrap_or(usual.longest),
    })
}

fn rules(record: &Record) -> Result<RulesFrom, JsValue> {
    let value = record.get("rules")?;
    match value.as_string().as_deref() {
        Some("fetch") => return Ok(RulesFrom::Fetch),
        Some("ignore") => return Ok(RulesFrom::Ignore),
        _ if value.is_undefined() => return Ok(RulesFrom::Fetch),
        _ if value.is_object() => {}
        _ => return Err(record.wrong("rules", "must be \"fetch\", \"ignore\" or an object", &value)),
    }
    let rules = Record::new("rules", "rules.", &value, &["maxFiles", "maxTotalMegaBytes", "expiry"])?;
    let is_size = |number: f64| number.is_finite() && number >= 0.0;
    Ok(RulesFrom::Caller(Rules {
        max_files: rules.integer("maxFiles", 0, (1 << 53) - 1)?,
        max_total_mega_bytes: rules.number("maxTotalMegaBytes", "must be a number from 0", is_size)?,
        expiry: rules.number("expiry", "must be milliseconds since 1970", is_size)?,
    }))
}

/// `RequestOptions`, and the `onProgress` of a download.
#[derive(Default)]
pub struct CallOptions {
    pub signal: Option<AbortSignal>,
    pub on_progress: Option<Function>,
}

impl CallOptions {
    /// Reads the options of a call that only knows `signal`.
    pub fn parse(value: &JsValue) -> Result<Self, JsValue> {
        let record = Record::new("options", "", value, &["signal"])?;
        Ok(Self { signal: record.signal()?, on_progress: None })
    }

    /// Reads the options of a download.
    pub fn parse_download(value: &JsValue) -> Result<Self, JsValue> {
        let record = Record::new("options", "", value, &["signal", "onProgress"])?;
        Ok(Self { signal: record.signal()?, on_progress: record.function("onProgress")? })
    }
}

/// `UploadOptions`.
pub struct UploadOptions {
    pub signal: Option<AbortSignal>,
    pub name: Option<String>,
    /// The `FileSystemFileHandle` the file was picked through.
    pub handle: Option<JsValue>,
    pub on_progress: Option<Function>,
    pub on_state: Option<Function>,
}

impl UploadOptions {
    /// Reads and checks the second argument of `upload`.
    pub fn parse(value: &JsValue) -> Result<Self, JsValue> {
        let record = Record::new("options", "", value, &["signal", "name", "handle", "onProgress", "onState"])?;
        let handle = record.get("handle")?;
        let gives_files = |handle: &JsValue| {
            handle.is_object()
                && Reflect::get(handle, &JsValue::from_str("getFile")).is_ok_and(|method| method.is_function())
        };
        if !handle.is_undefined() && !gives_files(&handle) {
            return Err(record.wrong("handle", "must be a FileSystemFileHandle", &handle));
        }
        let longest = crate::names::MAX_NAME;
        let must = format!("must be a string of 1 to {longest} bytes of UTF-8");
        Ok(Self {
            signal: record.signal()?,
            name: record.text("name", &must, |name| !name.is_empty() && name.len() <= longest)?,
            handle: Some(handle).filter(|handle| !handle.is_undefined()),
            on_progress: record.function("onProgress")?,
            on_state: record.function("onState")?,
        })
    }
}

/// Reads the option `keep` of `abort`.
pub fn parse_keep(value: &JsValue) -> Result<bool, JsValue> {
    Ok(Record::new("options", "", value, &["keep"])?.boolean("keep")?.unwrap_or(false))
}
