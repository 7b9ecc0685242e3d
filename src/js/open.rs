//! `openBucket`.

use super::bucket::{Bucket, Inner};
use super::error::{defect, invalid_option, refused};
use super::options::BucketOptions;
use crate::browser::{Connectivity, Driver, Service, has_xhr};
use crate::engine::{Config, Engine, Platform};
use crate::names::{NameFields, Scheme, SessionNames, identify, strength};
use crate::protocol::Code;
use crate::resume::ResumeKey;
use base64ct::{Base64UrlUnpadded, Encoding};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Below so many bits a session ID can be guessed (`partway.d.ts`, `nameStrength`).
const WEAK: f64 = 80.0;

/// Below so many bits it is guessed in no time, against the very keys of what is kept: nothing is, unless asked for.
const GUESSABLE: f64 = 40.0;

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
    names.write(options.names, "x", &NameFields::default(), &mut |_| Ok::<(), getrandom::Error>(())).map_err(
        |error| {
            let message =
                ["names: \"", options.names.as_str(), "\" cannot be used here: ", &error.sentence(), "."].concat();
            refused(Code::InvalidOption, &message)
        },
    )?;
    let name_strength = options.session_id.as_deref().map_or(0.0, strength);
    if options.names != Scheme::Plain && name_strength < WEAK && !WARNED.replace(true) {
        let message = "partway: this session ID is short enough to be guessed, and file names can then be read (bucket.nameStrength)";
        web_sys::console::warn_1(&message.into());
    }
    let session_id = match &options.session_id {
        Some(session_id) => session_id.clone(),
        // Nothing is stored then.
        None => random_id()?,
    };
    let key = ResumeKey::derive_at(&session_id, options.endpoint.base()).map_err(defect)?;
    let earlier = ResumeKey::derive(&session_id).map_err(defect)?;
    let endpoint = Rc::new(options.endpoint);
    let trusted = Rc::clone(&endpoint);
    let config = Config {
        part_size: options.part_size,
        parallel: options.parallel,
        backoff: options.backoff,
        stall: options.stall,
        // What reports it may be redirected unseen, and an API key is not to reach whoever it is redirected to.
        can_report_progress: has_xhr() && options.api_key.is_none(),
        resume: options.session_id.is_some() && options.resume.unwrap_or(name_strength >= GUESSABLE),
        rules: options.rules,
        token: options.token.source(),
        online: Connectivity::is_online(),
        platform: Platform {
            parse_date: Rc::new(|date| Some(js_sys::Date::parse(date)).filter(|date| date.is_finite())),
            trusts_link: Rc::new(move |link| trusted.trusts_link(link)),
        },
    };
    let seed = getrandom::u64().map_err(defect)?;
    let engine = Rc::new(RefCell::new(Engine::new(config, seed)));
    let service = Service { endpoint, api_key: options.api_key, token: options.token };
    let driver = Driver::new(Rc::clone(&engine), service, key, earlier);
    let closed = Cell::new(false);
    let names = Rc::new(names);
    Ok(Bucket::new(Inner { engine, driver, names, scheme: options.names, name_strength, closed }))
}

/// In place of a session ID, to make identities from.
fn random_id() -> Result<String, JsValue> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(defect)?;
    Ok(Base64UrlUnpadded::encode_string(&random))
}
