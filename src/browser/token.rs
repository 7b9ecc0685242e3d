//! The session token: fixed, or from a function that is asked again when the service refuses what it gave.

use super::kind::kind;
use super::shared::Shared;
use crate::protocol::{Code, Failure};
use js_sys::{Function, Promise};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Whether `text` can be a header's value: visible ASCII, with single spaces inside at most.
pub fn is_header_text(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// The session token. It is neither printed nor stored.
pub struct Token {
    source: Source,
    current: Rc<RefCell<Option<Current>>>,
    asking: Shared<()>,
}

enum Source {
    Fixed,
    Function(Function),
}

#[derive(Clone)]
struct Current {
    text: String,
    /// How many tokens there were before.
    generation: u64,
}

impl Token {
    /// A token that never changes.
    pub fn fixed(text: String) -> Self {
        let current = Rc::new(RefCell::new(Some(Current { text, generation: 0 })));
        Self { source: Source::Fixed, current, asking: Shared::default() }
    }

    /// Tokens from a function that returns one or a promise of one.
    pub fn from_function(function: Function) -> Self {
        Self { source: Source::Function(function), current: Rc::default(), asking: Shared::default() }
    }

    /// The token, and its generation, by which a refusal of it is told from a refusal of an older one.
    pub async fn current(&self) -> Result<(String, u64), Failure> {
        if self.current.borrow().is_none() {
            self.ask().await?;
        }
        let current = self.current.borrow().clone();
        let current = current.ok_or_else(|| Failure::new(Code::Unauthorized, "There is no session token."))?;
        Ok((current.text, current.generation))
    }

    /// Asks for another token because generation `refused` was refused: once for all who ask meanwhile, and not at all
    /// where there is a newer one already.
    pub async fn renew(&self, refused: u64) -> Result<(), Failure> {
        if self.current.borrow().as_ref().is_some_and(|current| current.generation > refused) {
            return Ok(());
        }
        match self.source {
            Source::Fixed => Err(Failure::from_status(401, None)),
            Source::Function(_) => self.ask().await,
        }
    }

    async fn ask(&self) -> Result<(), Failure> {
        let Source::Function(function) = &self.source else { return Ok(()) };
        let (function, current) = (function.clone(), Rc::clone(&self.current));
        self.asking
            .run(async move {
                let given = call(&function).await?;
                // A function that returned a token before and returns nothing now means: signed out for the moment.
                if given.is_falsy() && current.borrow().is_some() {
                    return Err(Failure::new(Code::Unauthorized, "The token function gave no session token."));
                }
                let text = text_of(&given)?;
                let generation = current.borrow().as_ref().map_or(0, |current| current.generation + 1);
                *current.borrow_mut() = Some(Current { text, generation });
                Ok(())
            })
            .await
    }
}

async fn call(function: &Function) -> Result<JsValue, Failure> {
    let failed = |_| Failure::new(Code::Unauthorized, "The token function failed to give a session token.");
    let given = function.call0(&JsValue::UNDEFINED).map_err(failed)?;
    JsFuture::from(Promise::resolve(&given)).await.map_err(failed)
}

fn text_of(given: &JsValue) -> Result<String, Failure> {
    let Some(text) = given.as_string() else {
        let kind = kind(given);
        return Err(Failure::new(Code::InvalidOption, format!("token: the function must give a string, not {kind}.")));
    };
    if !is_header_text(&text) {
        return Err(Failure::new(Code::InvalidOption, "token: the function gave a string that cannot be a header."));
    }
    Ok(text)
}
