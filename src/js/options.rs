//! The options of `partway.d.ts`, one parser for each object.

use super::error::wrong;
use super::options_reader::OptionsReader;
use crate::browser::{Endpoint, Native, SessionToken, get, is_header_text, now, wall_clock};
use crate::engine::{Backoff, GREATEST_PART, LEAST_PART, RulesSource};
use crate::names::{Scheme, check_length};
use crate::protocol::{Code, Rules};
use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::AbortSignal;

/// `BucketOptions`.
pub struct BucketOptions {
    pub endpoint: Endpoint,
    pub token: SessionToken,
    pub session_id: Option<String>,
    pub api_key: Option<String>,
    /// How new names are written.
    pub names: Scheme,
    pub part_size: Option<u64>,
    pub parallel: usize,
    pub backoff: Backoff,
    /// Milliseconds without a byte after which a request is given up.
    pub stall: u64,
    /// Whether what a reload needs is kept, where the caller says.
    pub resume: Option<bool>,
    pub rules: RulesSource,
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
        let options = OptionsReader::new("options", "", value, &KEYS)?;
        let endpoint = endpoint(&options)?;
        let token = token(&options)?;
        let session_id = options.text("sessionId", "must be a non-empty string", &|text| !text.is_empty())?;
        let names = names(&options)?;
        if session_id.is_none() && names != Scheme::Plain {
            let must = "must be the session's ID, the key of its names (or set names to \"plain\")";
            return Err(options.wrong("sessionId", must, &JsValue::UNDEFINED));
        }
        Ok(Self {
            endpoint,
            token,
            session_id,
            names,
            api_key: options.text("apiKey", "must be visible ASCII, as it is sent in a header", &is_header_text)?,
            part_size: options.integer("partSize", LEAST_PART, GREATEST_PART)?,
            parallel: options.integer("parallel", 1, 6)?.map_or(4, |parallel| parallel as usize),
            backoff: backoff(&options)?,
            stall: options.integer("stallTimeout", 1, 24 * 3600 * 1000)?.unwrap_or(30_000),
            resume: options.boolean("resume")?,
            rules: rules(&options)?,
        })
    }
}

fn endpoint(options: &OptionsReader) -> Result<Endpoint, JsValue> {
    let value = options.get("endpoint")?;
    let text = Native::class("URL").read(&value, "href").unwrap_or_else(|| value.clone()).as_string();
    let text = text.ok_or_else(|| options.wrong("endpoint", "must be a URL or a string", &value))?;
    Endpoint::parse(&text).map_err(|must| options.wrong("endpoint", must, &value))
}

fn token(options: &OptionsReader) -> Result<SessionToken, JsValue> {
    let value = options.get("token")?;
    if let Some(function) = value.dyn_ref::<Function>() {
        return Ok(SessionToken::from_function(function.clone()));
    }
    let text = value.as_string().filter(|text| is_header_text(text));
    text.map(SessionToken::fixed).ok_or_else(|| {
        options.wrong("token", "must be a string of visible ASCII, or a function that gives one", &value)
    })
}

fn names(options: &OptionsReader) -> Result<Scheme, JsValue> {
    let value = options.get("names")?;
    if value.is_undefined() {
        return Ok(Scheme::Partway);
    }
    value.as_string().as_deref().and_then(Scheme::parse).ok_or_else(|| {
        let schemes = Scheme::ALL.map(Scheme::as_str).join(", ");
        options.wrong("names", &["must be one of ", &schemes].concat(), &value)
    })
}

fn backoff(options: &OptionsReader) -> Result<Backoff, JsValue> {
    let value = options.get("retry")?;
    let usual = Backoff::default();
    if value.as_bool() == Some(false) {
        return Ok(Backoff { attempts: 1, ..usual });
    }
    if !value.is_undefined() && !value.is_object() {
        return Err(options.wrong("retry", "must be false or an object", &value));
    }
    const DAY: u64 = 24 * 3600 * 1000;
    let retry = OptionsReader::new("retry", "retry.", &value, &["attempts", "baseDelay", "maxDelay"])?;
    Ok(Backoff {
        attempts: retry.integer("attempts", 1, 1000)?.map_or(usual.attempts, |attempts| attempts as u32),
        base: retry.integer("baseDelay", 0, DAY)?.unwrap_or(usual.base),
        longest: retry.integer("maxDelay", 0, DAY)?.unwrap_or(usual.longest),
    })
}

fn rules(options: &OptionsReader) -> Result<RulesSource, JsValue> {
    let value = options.get("rules")?;
    match value.as_string().as_deref() {
        Some("fetch") => return Ok(RulesSource::Fetch),
        Some("ignore") => return Ok(RulesSource::Ignore),
        _ if value.is_undefined() => return Ok(RulesSource::Fetch),
        _ if value.is_object() => {}
        _ => return Err(options.wrong("rules", "must be \"fetch\", \"ignore\" or an object", &value)),
    }
    let rules = OptionsReader::new("rules", "rules.", &value, &["maxFiles", "maxTotalMegaBytes", "expiry"])?;
    let is_size = |number: f64| number.is_finite() && number >= 0.0;
    let rules = Rules {
        max_files: rules.integer("maxFiles", 0, (1 << 53) - 1)?,
        max_total_mega_bytes: rules.number("maxTotalMegaBytes", "must be a number from 0", &is_size)?,
        expiry: rules.number("expiry", "must be milliseconds since 1970", &is_size)?,
    };
    // The cast makes 0 of what is past.
    let ends_at = rules.expiry.map(|expiry| now().plus((expiry - wall_clock()) as u64));
    Ok(RulesSource::Given { rules, ends_at })
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
        let options = OptionsReader::new("options", "", value, &["signal"])?;
        Ok(Self { signal: options.signal()?, on_progress: None })
    }

    /// Reads the options of a download.
    pub fn parse_download(value: &JsValue) -> Result<Self, JsValue> {
        let options = OptionsReader::new("options", "", value, &["signal", "onProgress"])?;
        Ok(Self { signal: options.signal()?, on_progress: options.function("onProgress")? })
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
        let options = OptionsReader::new("options", "", value, &["signal", "name", "handle", "onProgress", "onState"])?;
        let handle = options.get("handle")?;
        let gives_files = handle.is_object() && get(&handle, "getFile").is_function();
        if !handle.is_undefined() && !gives_files {
            return Err(options.wrong("handle", "must be a FileSystemFileHandle", &handle));
        }
        let name = options.text("name", "must be a string", &|_| true)?;
        if let Some(Err(error)) = name.as_deref().map(check_length) {
            return Err(wrong(Code::InvalidOption, "name: ", &error.sentence()));
        }
        Ok(Self {
            signal: options.signal()?,
            name,
            handle: Some(handle).filter(|handle| !handle.is_undefined()),
            on_progress: options.function("onProgress")?,
            on_state: options.function("onState")?,
        })
    }
}

/// Reads the option `keep` of `abort`.
pub fn parse_keep(value: &JsValue) -> Result<bool, JsValue> {
    Ok(OptionsReader::new("options", "", value, &["keep"])?.boolean("keep")?.unwrap_or(false))
}
