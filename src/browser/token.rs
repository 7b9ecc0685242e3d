//! The session's token: a fixed text, or the newest one that a function gave.

use super::kind::kind;
use super::{Boxed, Deferred};
use crate::engine::{Given, Outcome, TokenSource};
use crate::protocol::{Code, Failure};
use js_sys::Function;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Whether `text` can be a header's value: visible ASCII, with single spaces inside at most.
pub fn is_header_text(text: &str) -> bool {
    !text.is_empty() && text.trim_ascii() == text && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// The session's token. It is neither printed nor stored.
pub struct SessionToken {
    function: Option<Function>,
    newest: Rc<RefCell<Option<String>>>,
}

impl SessionToken {
    /// A token that never changes.
    pub fn fixed(text: String) -> Self {
        Self { function: None, newest: Rc::new(RefCell::new(Some(text))) }
    }

    /// Tokens from a function that returns one, or a promise of one.
    pub fn from_function(function: Function) -> Self {
        Self { function: Some(function), newest: Rc::default() }
    }

    /// Where it comes from.
    pub fn source(&self) -> TokenSource {
        if self.function.is_some() { TokenSource::Function } else { TokenSource::Fixed }
    }

    /// The newest token.
    pub fn text(&self) -> Option<String> {
        self.newest.borrow().clone()
    }

    /// Calls the function once. Requests that are built later bear the token it gives.
    pub fn fetch(&self) -> Boxed<'static, Outcome> {
        let (function, newest) = (self.function.clone(), Rc::clone(&self.newest));
        Box::pin(async move {
            // A fixed token is never fetched; the engine knows its source.
            let Some(function) = function else { return Outcome::Token(Given::Token) };
            let Ok(value) = call(&function).await else { return Outcome::Token(Given::Threw) };
            Outcome::Token(match text(&value) {
                Ok(text) => {
                    newest.replace(Some(text));
                    Given::Token
                }
                Err(failure) if value.is_falsy() => Given::Nothing(failure),
                Err(failure) => Given::Invalid(failure),
            })
        })
    }
}

async fn call(function: &Function) -> Result<JsValue, JsValue> {
    let given = function.call0(&JsValue::UNDEFINED)?;
    JsFuture::from(Deferred::of(&given)).await
}

fn text(given: &JsValue) -> Result<String, Failure> {
    let wrong = |why: &str| Failure::new(Code::InvalidOption, ["token: the function ", why].concat());
    match given.as_string() {
        None => Err(wrong(&["must give a string, not ", &kind(given), "."].concat())),
        Some(text) if is_header_text(&text) => Ok(text),
        Some(_) => Err(wrong("gave a string that cannot be a header.")),
    }
}
