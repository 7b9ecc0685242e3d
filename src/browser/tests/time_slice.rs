use crate::browser::clock::now;
use crate::browser::time_slice::{TimeSlice, give_way};
use gloo_timers::callback::Timeout;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen_test::wasm_bindgen_test;

/// A timer that is due gets its turn, and there is no wait where nobody waits.
#[wasm_bindgen_test]
async fn the_page_gets_its_turn() {
    let ran = Rc::new(Cell::new(false));
    let told = Rc::clone(&ran);
    let _timer = Timeout::new(0, move || told.set(true));
    let mut ways = 0;
    while !ran.get() && ways < 10_000 {
        give_way().await;
        ways += 1;
    }
    assert!(ran.get(), "the page is held up");

    let (began, mut slice) = (now(), TimeSlice::begin());
    for _ in 0..100_000 {
        slice.give_way().await;
    }
    assert!(now().since(began) < 2_000);
}
