//! Objects of the platform, known by what they are. `instanceof` knows them by a class, and each frame has classes of
//! its own: a file that was picked in another frame is no `File` of this one, and is a file all the same.

use super::Deferred;
use super::name::name;
use super::property::{call, dictionary, get, is_everybodys};
use js_sys::{Array, ArrayBuffer, Object, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, BlobPropertyBag};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Reflect, js_name = get, catch)]
    fn read(prototype: &JsValue, property: &JsValue, of: &JsValue) -> Result<JsValue, JsValue>;
}

/// A class of the platform.
pub struct Native(JsValue);

impl Native {
    /// The class of this name, as it is now: a page may put another in its place.
    pub fn class(name: &'static str) -> Self {
        Self(get(&get(&js_sys::global(), name), "prototype"))
    }

    /// What `value`, if it is an object of the class, has as `property`. A getter of the platform reads the objects of
    /// its class, of whatever frame, and nothing else: no proxy, and nothing that only looks like one.
    pub fn read(&self, value: &JsValue, property: &'static str) -> Option<JsValue> {
        let Self(prototype) = self;
        let everybodys = is_everybodys(prototype, name(property)).ok()?;
        let found = read(prototype, name(property), value).ok()?;
        if !everybodys && !found.is_undefined() {
            return Some(found);
        }
        // Where the class is not the platform's own, its objects may bear their properties themselves.
        let is_instance = value.is_object() && prototype.unchecked_ref::<Object>().is_prototype_of(value);
        Some(get(value, property)).filter(|own| is_instance && !own.is_undefined())
    }
}

/// Whether `value` is a `Blob`, as every `File` is.
pub fn is_blob(value: &JsValue) -> bool {
    Native::class("Blob").read(value, "size").is_some()
}

/// The `Blob` that `value` is. One of another frame is wrapped in one of this frame, without a copy of its bytes, since
/// what belongs to a frame that is gone cannot be read by itself.
pub fn blob(value: &JsValue) -> Option<Blob> {
    let class = Native::class("Blob");
    let mime = class.read(value, "type").filter(|_| class.read(value, "size").is_some())?;
    if let Some(own) = value.dyn_ref::<Blob>() {
        return Some(own.clone());
    }
    let bag: BlobPropertyBag = dictionary().unchecked_into();
    bag.set_type(&mime.as_string().unwrap_or_default());
    Blob::new_with_blob_sequence_and_options(&Array::of1(value), &bag).ok()
}

/// The `AbortSignal` that `value` is, or that it can stand for.
pub fn signal(value: &JsValue) -> Option<AbortSignal> {
    let listens = ["addEventListener", "removeEventListener"].iter().all(|method| get(value, method).is_function());
    (listens && get(value, "aborted").as_bool().is_some()).then(|| value.unchecked_ref::<AbortSignal>().clone())
}

/// Reads a `Blob` into a buffer. `None` where it cannot be read.
pub async fn buffer(blob: &Blob) -> Option<JsValue> {
    let read = call(blob, "arrayBuffer", &Array::new()).ok()?;
    // A page's own may give anything.
    JsFuture::from(Deferred::of(&read)).await.ok().filter(|read| bytes(read).is_some())
}

/// Reads a `Blob` of `size` bytes into a buffer. `None` where it cannot be read: a file that was cut short may read as
/// less, without an error.
pub async fn whole_buffer(blob: &Blob, size: u64) -> Option<JsValue> {
    buffer(blob).await.filter(|read| bytes(read).is_some_and(|bytes| u64::from(bytes.length()) == size))
}

/// The bytes of a buffer or of a view on one.
pub fn bytes(value: &JsValue) -> Option<Uint8Array> {
    if !ArrayBuffer::is_view(value) {
        return Native::class("ArrayBuffer").read(value, "byteLength").map(|_| Uint8Array::new(value));
    }
    let number = |property| get(value, property).as_f64().map(|number| number as u32);
    let (start, length) = (number("byteOffset")?, number("byteLength")?);
    Some(Uint8Array::new_with_byte_offset_and_length(&get(value, "buffer"), start, length))
}
