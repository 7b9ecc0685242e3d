//! `openBucket`.

use super::bucket::{Bucket, Inner};
use super::error::invalid_option;
use super::options::{BucketOptions, RulesFrom};
use crate::browser::{Api, Driver, Resume, Xhr};
use crate::engine::Config;
use crate::names::{NameKey, strength};
use crate::resume::ResumeKey;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

/// Opens a session's bucket. No request is sent yet.
///
/// # Errors
/// `invalid-option` names the option that is wrong.
#[wasm_bindgen(js_name = openBucket, skip_typescript)]
pub fn open_bucket(options: JsValue) -> Result<Bucket, JsValue> {
    let options = BucketOptions::parse(&options)?;
    let name_key = options.session_id.as_deref().map(NameKey::derive).transpose();
    let name_key =
        name_key.map_err(|_| invalid_option("sessionId", "must be the session's ID", &JsValue::UNDEFINED))?;
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
    let closing = AbortController::new()?;
    let seed = || getrandom::u64().map_err(super::future::defect);
    let api =
        Api::new(options.endpoint, options.token, options.api_key, options.backoff, options.stall, seed()?, rules);
    let driver = Driver::new(api.clone(), config, seed()?, rules, resume, closing.signal());
    Ok(Bucket::new(Inner {
        api,
        driver,
        names: options.names,
        name_key,
        name_strength: options.session_id.as_deref().map_or(0.0, strength),
        closing,
    }))
}
