//! Reads an options object: known keys only, each of its right type.

use super::error::{invalid_option, refused};
use crate::browser::{read, read_named, signal};
use crate::protocol::Code;
use crate::text::decimal;
use js_sys::{Array, Function, JsString, Object};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::AbortSignal;

/// An options object whose keys are all known. Errors are ready to be thrown.
pub struct OptionsReader {
    /// Stands before the keys in messages, such as `retry.`.
    prefix: &'static str,
    /// Undefined where none is given.
    object: JsValue,
}

impl OptionsReader {
    /// Takes `value`, which may be undefined, as the argument or option `what`; `prefix` stands before its keys.
    pub fn new(what: &str, prefix: &'static str, value: &JsValue, keys: &[&str]) -> Result<Self, JsValue> {
        if value.is_undefined() {
            return Ok(Self { prefix, object: JsValue::UNDEFINED });
        }
        if !value.is_object() || Array::is_array(value) || value.is_function() {
            return Err(invalid_option(what, "must be an object", value));
        }
        for name in Object::keys(value.unchecked_ref::<Object>()).iter() {
            let key = name.as_string().unwrap_or_default();
            if !keys.contains(&key.as_str()) {
                let given = read_named(value, &name)?;
                let must = ["is no option here; known are ", &keys.join(", ")].concat();
                // A mistyped key may be anything: it is shown cut, and without what could break a line.
                let shown: String = key.chars().filter(|c| !c.is_control()).take(40).collect();
                return Err(invalid_option(&[prefix, &shown].concat(), &must, &given));
            }
        }
        Ok(Self { prefix, object: value.clone() })
    }

    /// The value of `key`, the object's own or its class's; undefined where there is none.
    pub fn get(&self, key: &'static str) -> Result<JsValue, JsValue> {
        if self.object.is_undefined() { Ok(JsValue::UNDEFINED) } else { read(&self.object, key) }
    }

    /// The error that `key` is wrong.
    pub fn wrong(&self, key: &str, must: &str, given: &JsValue) -> JsValue {
        invalid_option(&[self.prefix, key].concat(), must, given)
    }

    /// A string of well-formed Unicode that `is_right`.
    pub fn text(
        &self,
        key: &'static str,
        must: &str,
        is_right: &dyn Fn(&str) -> bool,
    ) -> Result<Option<String>, JsValue> {
        let value = self.get(key)?;
        if value.is_undefined() {
            return Ok(None);
        }
        let well_formed = value.dyn_ref::<JsString>().filter(|text| text.is_valid_utf16()).map(String::from);
        well_formed.filter(|text| is_right(text)).map(Some).ok_or_else(|| {
            if value.is_falsy() || !value.is_string() {
                return self.wrong(key, must, &value);
            }
            // Which string it is may be a secret.
            let message = [self.prefix, key, ": ", must, ", which the given string is not."].concat();
            refused(Code::InvalidOption, &message)
        })
    }

    /// An integer from `least` to `most`.
    pub fn integer(&self, key: &'static str, least: u64, most: u64) -> Result<Option<u64>, JsValue> {
        let is_right = |n: f64| n.fract() == 0.0 && n >= least as f64 && n <= most as f64;
        let must = ["must be an integer from ", &decimal(least), " to ", &decimal(most)].concat();
        Ok(self.number(key, &must, &is_right)?.map(|number| number as u64))
    }

    /// A number that `is_right`.
    pub fn number(
        &self,
        key: &'static str,
        must: &str,
        is_right: &dyn Fn(f64) -> bool,
    ) -> Result<Option<f64>, JsValue> {
        let value = self.get(key)?;
        if value.is_undefined() {
            return Ok(None);
        }
        value.as_f64().filter(|number| is_right(*number)).map(Some).ok_or_else(|| self.wrong(key, must, &value))
    }

    /// A function.
    pub fn function(&self, key: &'static str) -> Result<Option<Function>, JsValue> {
        let value = self.get(key)?;
        if value.is_undefined() {
            return Ok(None);
        }
        value.dyn_into().map(Some).map_err(|value| self.wrong(key, "must be a function", &value))
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &'static str) -> Result<Option<bool>, JsValue> {
        let value = self.get(key)?;
        if value.is_undefined() {
            return Ok(None);
        }
        value.as_bool().map(Some).ok_or_else(|| self.wrong(key, "must be true or false", &value))
    }

    /// An `AbortSignal`.
    pub fn signal(&self) -> Result<Option<AbortSignal>, JsValue> {
        let value = self.get("signal")?;
        if value.is_undefined() {
            return Ok(None);
        }
        signal(&value).map(Some).ok_or_else(|| self.wrong("signal", "must be an AbortSignal", &value))
    }
}
