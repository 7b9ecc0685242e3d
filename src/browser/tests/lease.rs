use super::{Missing, eventually, get, unique};
use crate::browser::clock::wall_clock;
use crate::browser::database::{Access, Database, LEASES};
use crate::browser::lease::{Lease, lease_name};
use js_sys::{Array, Object, Reflect};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{AbortController, Url, Worker};

async fn is_free(name: &str) -> bool {
    Lease::try_take(name).await.is_some()
}

/// One has it, the other has not; dropped it is free; whoever waited gets it, unless he gave up.
async fn a_lease_is_had_by_one_at_a_time() {
    let scope = unique("scope");
    let (name, other) = (lease_name(&scope, "file"), lease_name(&scope, "other"));
    let first = Lease::try_take(&name).await.unwrap();
    assert!(!is_free(&name).await);
    assert!(!is_free(&name).await);
    let second = Lease::try_take(&other).await.unwrap();
    let mut held = Lease::held(&lease_name(&scope, "")).await;
    held.sort();
    assert_eq!(held, [name.clone(), other.clone()]);
    assert_eq!(Lease::held(&lease_name(&unique("scope"), "")).await, [""; 0]);
    drop(second);
    assert!(eventually(|| is_free(&other)).await);

    let (patient, impatient) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(None)));
    let (got, gave_up) = (Rc::clone(&patient), Rc::clone(&impatient));
    let (stays, leaves) = (AbortController::new().unwrap(), AbortController::new().unwrap());
    let (name_of_patient, signal) = (name.clone(), stays.signal());
    spawn_local(async move {
        let lease = Lease::wait(&name_of_patient, &signal).await;
        got.replace(Some(lease));
    });
    let (name_of_impatient, signal) = (name.clone(), leaves.signal());
    spawn_local(async move {
        gave_up.set(Some(Lease::wait(&name_of_impatient, &signal).await.is_none()));
    });
    super::sleep(100).await;
    assert!(patient.borrow().is_none() && impatient.get().is_none());
    leaves.abort();
    assert!(eventually(|| async { impatient.get() == Some(true) }).await);
    assert!(patient.borrow().is_none());
    assert!(Lease::wait(&name, &leaves.signal()).await.is_none(), "aborted before");

    drop(first);
    assert!(eventually(|| async { patient.borrow().is_some() }).await);
    assert!(!is_free(&name).await);
    assert!(patient.take().flatten().is_some());
    assert!(eventually(|| is_free(&name)).await);
}

#[wasm_bindgen_test]
async fn a_lease_is_a_lock() {
    a_lease_is_had_by_one_at_a_time().await;
}

#[wasm_bindgen_test]
async fn where_there_are_no_locks_a_lease_is_a_row() {
    let _missing = Missing::locks();
    a_lease_is_had_by_one_at_a_time().await;
    assert!(eventually(|| async { rows().await == 0 }).await, "rows are left behind");
}

#[wasm_bindgen_test]
async fn where_there_is_no_database_either_a_lease_is_of_the_page() {
    let (_no_locks, _no_database) = (Missing::locks(), Missing::database());
    a_lease_is_had_by_one_at_a_time().await;
}

#[wasm_bindgen_test]
async fn whoever_stops_waiting_does_not_get_it() {
    let name = unique("lease");
    let first = Lease::try_take(&name).await.unwrap();
    let signal = AbortController::new().unwrap().signal();
    {
        let mut waiting = pin!(Lease::wait(&name, &signal));
        assert!(matches!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
    }
    drop(first);
    assert!(eventually(|| is_free(&name)).await);
}

/// The lease of a worker that is killed: what happens to a tab that crashes.
#[wasm_bindgen_test]
async fn a_lease_is_free_when_its_holder_dies() {
    let name = unique("lease");
    let script = "onmessage = ({ data }) => \
        navigator.locks.request(data, () => { postMessage('held'); return new Promise(() => {}); });";
    let script = web_sys::Blob::new_with_str_sequence(&Array::of1(&script.into())).unwrap();
    let url = Url::create_object_url_with_blob(&script).unwrap();
    let worker = Worker::new(&url).unwrap();
    worker.post_message(&name.as_str().into()).unwrap();
    assert!(eventually(|| async { Lease::held(&name).await == [name.as_str()] }).await);
    assert!(!is_free(&name).await);

    let got = Rc::new(Cell::new(false));
    let (took, waits) = (Rc::clone(&got), name.clone());
    spawn_local(async move {
        let signal = AbortController::new().unwrap().signal();
        took.set(Lease::wait(&waits, &signal).await.is_some());
    });
    super::sleep(200).await;
    assert!(!got.get());
    worker.terminate();
    assert!(eventually(|| async { got.get() }).await);
    Url::revoke_object_url(&url).unwrap();
}

#[wasm_bindgen_test]
async fn a_row_runs_out() {
    let _missing = Missing::locks();
    let now = wall_clock();
    // Until when somebody else's row says it holds, and whether it is free.
    for (until, free) in [(now - 1.0, true), (now + 60_000.0, false), (now + 1e9, true), (f64::NAN, true)] {
        let name = unique("lease");
        write(&name, until).await;
        let lease = Lease::try_take(&name).await;
        assert_eq!(lease.is_some(), free, "{}", until - now);
        assert_eq!(Lease::held(&name).await, [name.as_str()]);
    }
    let name = unique("lease");
    write(&name, wall_clock() + 500.0).await;
    let signal = AbortController::new().unwrap().signal();
    assert!(!is_free(&name).await);
    assert!(Lease::wait(&name, &signal).await.is_some());
    remove_all().await;
}

async fn write(name: &str, until: f64) {
    let row = Object::new();
    Reflect::set(&row, &"owner".into(), &0.5.into()).unwrap();
    Reflect::set(&row, &"until".into(), &until.into()).unwrap();
    let put = Database::shared()
        .run(&[LEASES], Access::Write, |transaction| {
            transaction.object_store(LEASES)?.put_with_key(&row, &name.into()).map(drop)
        })
        .await;
    put.unwrap();
}

async fn rows() -> u32 {
    let all = Database::shared()
        .run(&[LEASES], Access::Read, |transaction| transaction.object_store(LEASES)?.get_all_keys())
        .await;
    get(&all.unwrap().result().unwrap(), "length").as_f64().unwrap() as u32
}

async fn remove_all() {
    let clear =
        Database::shared().run(&[LEASES], Access::Write, |transaction| transaction.object_store(LEASES)?.clear()).await;
    clear.map(drop).unwrap();
}
