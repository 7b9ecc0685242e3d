//! Properties of JavaScript's objects.

use super::name::name;
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// The property `key` of `object`: undefined if it has none of its own or of its class, or is no object.
pub fn get(object: &JsValue, key: &'static str) -> JsValue {
    read(object, key).unwrap_or(JsValue::UNDEFINED)
}

/// The same, or what a getter threw.
pub fn read(object: &JsValue, key: &'static str) -> Result<JsValue, JsValue> {
    read_named(object, name(key))
}

/// The same, of a property whose name is not known before.
pub fn read_named(object: &JsValue, name: &JsValue) -> Result<JsValue, JsValue> {
    if is_everybodys(object, name)? { Ok(JsValue::UNDEFINED) } else { Reflect::get(object, name) }
}

/// Whether `object` only inherits the property from the end of its prototypes. That is `Object.prototype`, of whichever
/// frame, and a fault of the page's may have put anything there.
pub fn is_everybodys(object: &JsValue, name: &JsValue) -> Result<bool, JsValue> {
    let has = |holder: &JsValue| {
        let own = Reflect::get_own_property_descriptor::<JsValue>(holder.unchecked_ref(), name);
        own.map(|own| !own.is_undefined())
    };
    if has(object)? {
        return Ok(false);
    }
    let mut holder = JsValue::from(Reflect::get_prototype_of(object)?);
    while !holder.is_null() {
        let next = JsValue::from(Reflect::get_prototype_of(&holder)?);
        if has(&holder)? {
            return Ok(next.is_null());
        }
        holder = next;
    }
    Ok(false)
}

/// An object that inherits nothing, to be filled and handed to the browser, which reads what it was not given as well.
pub fn dictionary() -> Object {
    Object::create(JsValue::NULL.unchecked_ref())
}

/// Whether this global scope has `name`: not every browser, and not every worker, has everything.
pub fn has_global(name: &'static str) -> bool {
    !get(&js_sys::global(), name).is_undefined()
}

/// Sets the property `key`, unless the object, which a page may have made, does not take it.
pub fn set(object: &JsValue, key: &'static str, value: &JsValue) {
    let _ = Reflect::set(object, name(key), value);
}

/// Calls the method `name` of `object`; one that is not there throws.
pub fn call(object: &JsValue, name: &'static str, arguments: &Array) -> Result<JsValue, JsValue> {
    Reflect::apply(get(object, name).unchecked_ref::<Function>(), object, arguments)
}
