//! `openBucket`.

use super::bucket::{Bucket, Inner};
use super::error::{invalid_option, partway_error};
use super::options::{BucketOptions, RulesFrom};
use crate::browser::{Api, Driver, Resume, Xhr};
use crate::engine::Config;
use crate::names::{NameFields, Scheme, SessionNames, identify, strength};
use crate::protocol::{Code, Failure};
use crate::resume::ResumeKey;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

/// Below so many bits a session ID can be guessed (`partway.d.ts`, `nameStrength`).
const WEAK: f64 = 80.0;

thread_local! {
    /// Whether this page was warned of a weak session ID.
    static WARNED: Cell<bool> = const { Cell::new(false) };
}

/// Which scheme turns `known` into `listed`, as JavaScript names it; `undefined` where none does.
#[wasm_bindgen(js_name = identifyNames, skip_typescript)]
pub fn identify_names(session_id: &str, known: &str, listed: &str) -> Option<String> {
    identify(session_id, known, listed).map(|scheme| scheme.as_str().to_owned())
}

/// Opens a session's bucket. No request is sent yet.
///
/// # Errors
/// `invalid-option` names the option that is wrong.
#[wasm_bindgen(js_name = openBucket, skip_typescript)]
pub fn open_bucket(options: JsValue) -> Result<Bucket, JsValue> {
    let options = BucketOptions::parse(&options)?;
    let names = SessionNames::new(options.session_id.as_deref())
        .map_err(|_| invalid_option("sessionId", "must be the session's ID", &JsValue::UNDEFINED))?
        .expecting(options.names);
    // Said now, not with the first file: a scheme may want an ID of a certain length.
    names.write(options.names, "x", &NameFields::default(), &mut |_| Ok::<(), ()>(())).map_err(|error| {
        let message = format!("names: \"{}\" cannot be used here: {error}.", options.names.as_str());
        partway_error(&Failure::new(Code::InvalidOption, message))
    })?;
    let rules = match options.rules {
        RulesFrom::Caller(rules) => Some(rules),
        RulesFrom::Fetch | RulesFrom::Ignore => None,
    };
    let resume = options.session_id.as_deref().filter(|_| options.resume).map(ResumeKey::derive).transpose();
    let resume = resume.map_err(super::future::defect)?.map(|key| Resume::new(Rc::new(key)));
    let config = Config {
        part_size: options.part_size,
        parallel: options.parallel,
        backoff: options.backoff,
        stall: options.stall,
        hears: Xhr::is_here(),
        recalls: resume.is_some(),
        fetch_rules: options.rules == RulesFrom::Fetch,
    };
    let name_strength = options.session_id.as_deref().map_or(0.0, strength);
    if options.names != Scheme::Plain && name_strength < WEAK && !WARNED.replace(true) {
        let message = "partway: this session ID is short enough to be guessed, and file names can then be read (bucket.nameStrength)";
        web_sys::console::warn_1(&message.into());
    }
    let closing = AbortController::new()?;
    let seed = || getrandom::u64().map_err(super::future::defect);
    let api =
        Api::new(options.endpoint, options.token, options.api_key, options.backoff, options.stall, seed()?, rules);
    let driver = Driver::new(api.clone(), config, seed()?, rules, resume, closing.signal());
    Ok(Bucket::new(Inner { api, driver, names, scheme: options.names, name_strength, closing }))
}
