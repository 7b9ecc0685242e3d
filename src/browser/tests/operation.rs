use super::sleep;
use crate::browser::deferred::Deferred;
use crate::browser::operation::Operation;
use crate::browser::table::Table;
use crate::engine::{OpId, Outcome};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

/// Tells when it is dropped.
struct Guard(Rc<Cell<bool>>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

#[wasm_bindgen_test]
async fn an_operation_tells_its_outcome_once_or_is_dropped() {
    for cancelled in [false, true] {
        let (go, dropped, told) = (Deferred::new(), Rc::new(Cell::new(false)), Rc::new(RefCell::new(Vec::new())));
        let (until, guard, tell) = (go.promise(), Guard(Rc::clone(&dropped)), Rc::clone(&told));
        let operation = Operation::start(
            Box::pin(async move {
                let _guard = guard;
                let _ = JsFuture::from(until).await;
                Outcome::Readable(true)
            }),
            move |outcome| tell.borrow_mut().push(format!("{outcome:?}")),
        );
        sleep(20).await;
        assert!(told.borrow().is_empty() && !dropped.get());
        if cancelled {
            operation.cancel();
            assert!(dropped.get());
        }
        go.resolve(&JsValue::UNDEFINED);
        sleep(20).await;
        assert!(dropped.get());
        assert_eq!(told.borrow().len(), usize::from(!cancelled));
        operation.cancel();
        operation.cancel();
        assert_eq!(told.borrow().len(), usize::from(!cancelled));
    }
}

#[wasm_bindgen_test]
fn a_table_finds_what_it_was_given() {
    let table = Table::default();
    for number in [1, 2, 7, 5, 3] {
        table.insert(OpId(number), number);
    }
    assert_eq!((table.get(OpId(5)), table.get(OpId(4))), (Some(5), None));
    assert_eq!((table.take(OpId(5)), table.take(OpId(5)), table.get(OpId(7))), (Some(5), None, Some(7)));
}
