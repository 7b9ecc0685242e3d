//! What `fetch` gave, where it can be used as a response: the browser's own, one of another frame, or one that a page's
//! wrapper of `fetch` made. Everything about it is looked at before it is used, since such a wrapper may give anything.

use super::native::{blob, bytes};
use super::property::{call, get};
use super::reader::{Unread, read};
use super::redirect::is_elsewhere;
use super::{Boxed, Deferred};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

/// A response whose body is not read yet.
pub struct Fetched {
    given: JsValue,
    /// Its status.
    pub status: u16,
}

impl Fetched {
    /// The response that a call of `fetch` gives, if it gives one that can still be read.
    pub async fn of(given: Result<JsValue, JsValue>) -> Option<Self> {
        let given = JsFuture::from(Deferred::of(&given.ok()?)).await.ok()?;
        // A network error has the status 0.
        let status = get(&given, "status").as_f64().filter(|status| (100.0..1000.0).contains(status))?;
        let is_unread = !get(&given, "bodyUsed").is_truthy();
        is_unread.then_some(Self { given, status: status as u16 })
    }

    /// The header `name`, if the page may see it.
    pub fn header(&self, name: &str) -> Option<String> {
        call(&get(&self.given, "headers"), "get", &Array::of1(&JsValue::from_str(name))).ok()?.as_string()
    }

    /// Whether a redirect was followed to another service than `asked`, though none was to be.
    pub fn is_from_elsewhere(&self, asked: &str) -> bool {
        get(&self.given, "redirected").is_truthy()
            && is_elsewhere(asked, get(&self.given, "url").as_string().as_deref())
    }

    /// All of it, where it cannot be read as it comes.
    pub async fn blob(&self) -> Option<Blob> {
        if get(&get(&self.given, "body"), "getReader").is_function() {
            return None;
        }
        let whole = call(&self.given, "blob", &Array::new()).ok()?;
        blob(&JsFuture::from(Deferred::of(&whole)).await.ok()?)
    }

    /// Gives its bytes to `take` until they end or `take` refuses.
    pub fn read<'a>(&'a self, take: &'a mut dyn FnMut(Uint8Array) -> bool) -> Boxed<'a, Result<(), Unread>> {
        Box::pin(async move {
            let body = get(&self.given, "body");
            if get(&body, "getReader").is_function() {
                return read(&body, take).await;
            }
            // One without a body too.
            let whole = call(&self.given, "arrayBuffer", &Array::new()).map_err(|_| Unread::Broken)?;
            let whole = JsFuture::from(Deferred::of(&whole)).await.map_err(|_| Unread::Broken)?;
            if take(bytes(&whole).ok_or(Unread::Broken)?) { Ok(()) } else { Err(Unread::TooLong) }
        })
    }
}
