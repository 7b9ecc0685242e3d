//! Names of JavaScript's properties, as strings of JavaScript's.

use std::cell::RefCell;
use wasm_bindgen::JsValue;

/// Where a text of the program is, and how long.
type Place = (*const u8, usize);

thread_local! {
    static NAMES: RefCell<Vec<(Place, &'static JsValue)>> = const { RefCell::new(Vec::new()) };
}

/// `text` as a string of JavaScript's, made once: it costs more than most of what is done with a property.
pub fn name(text: &'static str) -> &'static JsValue {
    let key = (text.as_ptr(), text.len());
    let place = |names: &Vec<(Place, _)>| names.binary_search_by_key(&key, |(place, _)| *place);
    let found = NAMES.with_borrow(|names| names.get(place(names).ok()?).map(|(_, name)| *name));
    found.unwrap_or_else(|| {
        let made: &'static JsValue = Box::leak(Box::new(JsValue::from_str(text)));
        NAMES.with_borrow_mut(|names| {
            let at = place(names).unwrap_or_else(|at| at);
            names.insert(at, (key, made));
        });
        made
    })
}
