use super::{Missing, begin, eventually, get, list, unique};
use crate::browser::Boxed;
use crate::browser::clock::wall_clock;
use crate::browser::database::{Access, Database, LEASES};
use crate::browser::lease::{Lease, Lost};
use crate::browser::leases::Leases;
use crate::engine::{Ask, Identity, Lock, OpId};
use js_sys::{Array, Object, Reflect};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Url, Worker};

fn lost() -> Lost {
    Rc::new(|| {})
}

fn take(name: &str, wait: bool) -> Boxed<'_, Result<Lease, Lock>> {
    Box::pin(async move { Lease::take(name, if wait { Ask::Queue } else { Ask::Now }, &lost()).await })
}

async fn is_free(name: &str) -> bool {
    take(name, false).await.is_ok()
}

/// One has it, the other has not; dropped it is free.
async fn a_lease_is_had_by_one_at_a_time(queue: bool) {
    let (name, other, prefix) = (unique("lease"), unique("lease"), unique("prefix"));
    let (name, other) = (format!("{prefix}{name}"), format!("{prefix}{other}"));
    let first = take(&name, false).await.unwrap();
    for _ in 0..2 {
        assert_eq!(take(&name, false).await.err(), Some(Lock::Taken { queue }));
    }
    let second = take(&other, true).await.unwrap();
    let mut held = Lease::held(&prefix).await;
    held.sort();
    let mut expected = [name.clone(), other.clone()];
    expected.sort();
    assert_eq!(held, expected);
    assert_eq!(Lease::held(&unique("prefix")).await, [""; 0]);
    drop(second);
    assert!(eventually(|| is_free(&other)).await);
    if !queue {
        assert_eq!(take(&name, true).await.err(), Some(Lock::Taken { queue }));
    }
    drop(first);
    assert!(eventually(|| is_free(&name)).await);
}

#[wasm_bindgen_test]
async fn a_lease_is_a_lock() {
    a_lease_is_had_by_one_at_a_time(true).await;
}

#[wasm_bindgen_test]
async fn where_there_are_no_locks_a_lease_is_a_row() {
    let _missing = Missing::locks();
    a_lease_is_had_by_one_at_a_time(false).await;
    assert!(eventually(|| async { rows().await == 0 }).await, "rows are left behind");
}

#[wasm_bindgen_test]
async fn where_there_is_no_database_either_a_lease_is_of_the_page() {
    let (_no_locks, _no_database) = (Missing::locks(), Missing::database());
    a_lease_is_had_by_one_at_a_time(false).await;
}

#[wasm_bindgen_test]
async fn whoever_waits_gets_it_unless_he_gave_up() {
    let name = unique("lease");
    let first = take(&name, false).await.unwrap();
    let patient = Rc::new(RefCell::new(None));
    let (got, of_patient) = (Rc::clone(&patient), name.clone());
    let mut impatient = take(&name, true);
    begin(&mut impatient);
    spawn_local(async move {
        let lease = take(&of_patient, true).await;
        got.replace(Some(lease));
    });
    super::sleep(100).await;
    assert!(patient.borrow().is_none());
    drop(impatient);
    drop(first);
    assert!(eventually(|| async { patient.borrow().is_some() }).await);
    assert!(!is_free(&name).await);
    assert!(patient.take().unwrap().is_ok());
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
    spawn_local(async move { took.set(take(&waits, true).await.is_ok()) });
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
        let lease = take(&name, false).await;
        assert_eq!(lease.is_ok(), free, "{}", until - now);
        assert_eq!(Lease::held(&name).await, [name.as_str()]);
    }
    let name = unique("lease");
    write(&name, wall_clock() + 500.0).await;
    assert!(!is_free(&name).await);
    assert!(eventually(|| is_free(&name)).await);
    remove_all().await;
}

#[wasm_bindgen_test]
async fn an_operation_lets_go_of_what_it_took_and_of_nothing_else() {
    let scope = unique("scope");
    let (here, there) = (Leases::new(&scope), Leases::new(&scope));
    let [one, two] = ["one", "two"].map(|name| Identity(name.to_owned()));
    assert_eq!(here.take(OpId(1), one.clone(), Ask::Now, lost()).await, Lock::Granted);
    assert_eq!(here.take(OpId(2), two.clone(), Ask::Now, lost()).await, Lock::Granted);
    let mut taken = there.query().await;
    taken.sort();
    assert_eq!(taken, [one.clone(), two.clone()]);
    here.release_of(OpId(2));
    here.release_of(OpId(3));
    assert!(eventually(|| async { there.query().await == [one.clone()] }).await);
    assert_eq!(there.take(OpId(1), one.clone(), Ask::Now, lost()).await, Lock::Taken { queue: true });
    here.release(&one);
    assert_eq!(there.take(OpId(2), one, Ask::Queue, lost()).await, Lock::Granted);
}

async fn write(name: &str, until: f64) {
    let row = Object::new();
    Reflect::set(&row, &"owner".into(), &0.5.into()).unwrap();
    Reflect::set(&row, &"until".into(), &until.into()).unwrap();
    let transaction = Database::shared().begin(&[LEASES], Access::Write).await.unwrap();
    transaction.store(LEASES).unwrap().put_with_key(&row, &name.into()).unwrap();
    transaction.end().await.unwrap();
}

async fn rows() -> u32 {
    let transaction = Database::shared().begin(&[LEASES], Access::Read).await.unwrap();
    let keys = transaction.store(LEASES).unwrap().get_all_keys().unwrap();
    transaction.end().await.unwrap();
    get(&list(&keys), "length").as_f64().unwrap() as u32
}

async fn remove_all() {
    let transaction = Database::shared().begin(&[LEASES], Access::Write).await.unwrap();
    transaction.store(LEASES).unwrap().clear().unwrap();
    transaction.end().await.unwrap();
}
