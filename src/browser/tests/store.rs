use super::{Missing, eventually, get, sleep, unique};
use crate::browser::clock::wall_clock;
use crate::browser::database::{Access, Database, EXPIRES, LEASES, TAGS, UPLOADS};
use crate::browser::store::{Kept, Store};
use crate::protocol::{Code, Failure};
use crate::resume::{Record, ResumeKey};
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Event, EventTarget, IdbDatabase, IdbFactory, IdbRequest, IdbTransaction};

fn key(session: &str) -> Rc<ResumeKey> {
    Rc::new(ResumeKey::derive(session).unwrap())
}

fn store(session: &str) -> Store {
    Store::open(key(session))
}

fn record() -> Record {
    Record {
        key: "canary-key".into(),
        upload_id: "canary-upload".into(),
        size: 640 << 20,
        part_size: 8 << 20,
        name: "canary-name.pdf".into(),
        started_at: 1_767_225_700_000,
        modified: Some(1_767_225_600_123),
    }
}

fn soon() -> f64 {
    wall_clock() + 60_000.0
}

fn tags(kept: &Kept) -> Vec<(u32, &str)> {
    kept.tags.iter().map(|(part, tag)| (*part, tag.as_str())).collect()
}

/// The keys and values of an object store.
async fn rows(name: &str) -> Vec<(JsValue, JsValue)> {
    let database = Database::shared();
    let stores = [name];
    let read = database.run(&stores, Access::Read, |transaction| {
        let store = transaction.object_store(name)?;
        Ok((store.get_all_keys()?, store.get_all()?))
    });
    let (keys, values) = read.await.unwrap();
    let list = |request: IdbRequest| request.result().unwrap().unchecked_into::<Array>();
    list(keys).iter().zip(list(values).iter()).collect()
}

/// The rows of one session.
async fn rows_of(session: &str, name: &str) -> Vec<(JsValue, JsValue)> {
    let scope = key(session).scope();
    let rows = rows(name).await.into_iter();
    rows.filter(|(key, _)| key.unchecked_ref::<Array>().get(0).as_string().unwrap() == scope).collect()
}

async fn put(name: &str, key: &JsValue, value: &JsValue) {
    let database = Database::shared();
    let put = |transaction: &web_sys::IdbTransaction| transaction.object_store(name)?.put_with_key(value, key);
    database.run(&[name], Access::Write, put).await.map(drop).unwrap();
}

#[wasm_bindgen_test]
async fn what_was_kept_is_found_by_a_page_that_comes_later() {
    let session = unique("session");
    {
        let before = store(&session);
        assert!(before.find("file").await.unwrap().is_none());
        before.begin("file", &record(), soon(), None).await.unwrap();
        assert!(before.find("file").await.unwrap().unwrap().tags.is_empty());
        for (part, tag) in [(3, "third"), (1, "\"first\""), (2, "zweiter \u{1f600}"), (3, "third again")] {
            assert!(before.save_tag("file", part, &record(), tag).await.unwrap());
        }
        // The connection goes with the last store.
    }
    let after = store(&session);
    let kept = after.find("file").await.unwrap().unwrap();
    assert!(kept.record == record());
    assert_eq!(tags(&kept), [(1, "\"first\""), (2, "zweiter \u{1f600}"), (3, "third again")]);
    assert!(after.find("another file").await.unwrap().is_none());

    after.begin("another file", &Record { size: 0, ..record() }, soon(), None).await.unwrap();
    let mut all = after.all().await.unwrap();
    all.sort_by_key(|(identity, ..)| identity.clone());
    let all: Vec<_> =
        all.iter().map(|(identity, kept, handle)| (identity.as_str(), kept.tags.len(), *handle)).collect();
    assert_eq!(all, [("another file", 0, false), ("file", 3, false)]);

    after.purge("file").await.unwrap();
    assert!(after.find("file").await.unwrap().is_none());
    after.purge("another file").await.unwrap();
    assert_eq!(rows_of(&session, UPLOADS).await.len() + rows_of(&session, TAGS).await.len(), 0);
}

#[wasm_bindgen_test]
async fn nothing_is_in_the_clear() {
    let session = format!("canary-{}", unique("session"));
    let store = store(&session);
    let identity = "a".repeat(43);
    store.begin(&identity, &record(), soon(), None).await.unwrap();
    assert!(store.save_tag(&identity, 1, &record(), "canary-tag").await.unwrap());
    let mut seen = Vec::new();
    let mut count = 0;
    for name in [UPLOADS, TAGS, LEASES] {
        for (key, value) in rows(name).await {
            count += 1;
            spell(&key, &mut seen);
            spell(&value, &mut seen);
            if name == UPLOADS {
                let keys = Object::keys(value.unchecked_ref::<Object>());
                assert!(keys.iter().all(|key| ["sealed", "expires"].contains(&key.as_string().unwrap().as_str())));
            }
        }
    }
    assert!(count >= 2 && seen.len() > 300, "{count}, {}", seen.len());
    assert!(seen.windows(43).any(|window| window == identity.as_bytes()), "the scan sees nothing");
    assert!(!seen.windows(6).any(|window| window == b"canary"));
    assert!(!seen.windows(8).any(|window| session.as_bytes()[7..].windows(8).any(|part| part == window)));
    store.purge(&identity).await.unwrap();
}

/// Every text and byte in a value.
fn spell(value: &JsValue, out: &mut Vec<u8>) {
    if let Some(text) = value.as_string() {
        out.extend(text.into_bytes());
    } else if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
        out.extend(bytes.to_vec());
    } else if let Some(number) = value.as_f64() {
        out.extend(number.to_be_bytes());
    } else {
        assert!(value.is_object());
        for entry in Object::entries(value.unchecked_ref::<Object>()).iter() {
            let entry: Array = entry.unchecked_into();
            spell(&entry.get(0), out);
            spell(&entry.get(1), out);
        }
    }
    out.push(0);
}

#[wasm_bindgen_test]
async fn another_session_finds_nothing() {
    let (mine, yours) = (unique("session"), unique("session"));
    let (my_store, your_store) = (store(&mine), store(&yours));
    my_store.begin("file", &record(), soon(), Some(&Object::new())).await.unwrap();
    assert!(my_store.save_tag("file", 1, &record(), "tag").await.unwrap());
    assert!(your_store.find("file").await.unwrap().is_none());
    assert!(your_store.all().await.unwrap().is_empty());
    assert!(your_store.handle("file").await.unwrap().is_none());
    assert!(!your_store.save_tag("file", 1, &record(), "tag").await.unwrap());
    your_store.purge("file").await.unwrap();
    assert_eq!(my_store.find("file").await.unwrap().unwrap().tags.len(), 1);

    // Not even where the rows are moved to the other's place.
    let scope = key(&yours).scope();
    for name in [UPLOADS, TAGS] {
        for (key, value) in rows_of(&mine, name).await {
            let key: Array = key.unchecked_into();
            key.set(0, scope.as_str().into());
            put(name, &key, &value).await;
        }
    }
    assert_eq!((rows_of(&yours, UPLOADS).await.len(), rows_of(&yours, TAGS).await.len()), (1, 1));
    assert!(your_store.all().await.unwrap().is_empty());
    assert_eq!((rows_of(&yours, UPLOADS).await.len(), rows_of(&yours, TAGS).await.len()), (0, 0), "left where it was");
    my_store.purge("file").await.unwrap();
}

#[wasm_bindgen_test]
async fn a_row_that_was_changed_counts_as_absent_and_is_deleted() {
    let session = unique("session");
    let store = store(&session);
    store.begin("file", &record(), soon(), None).await.unwrap();
    for part in 1..=5 {
        assert!(store.save_tag("file", part, &record(), "tag").await.unwrap());
    }
    let parts = rows_of(&session, TAGS).await;
    let changed: Uint8Array = parts[0].1.clone().unchecked_into();
    changed.set_index(40, changed.get_index(40) ^ 1);
    put(TAGS, &parts[0].0, &changed).await;
    put(TAGS, &parts[1].0, &parts[2].1).await;
    put(TAGS, &parts[3].0, &"no bytes".into()).await;
    // A part that the file does not have.
    let beyond: Array = parts[4].0.clone().unchecked_into();
    beyond.set(2, 81.into());
    put(TAGS, &beyond, &parts[4].1).await;
    assert_eq!(tags(&store.find("file").await.unwrap().unwrap()), [(3, "tag"), (5, "tag")]);
    assert_eq!(rows_of(&session, TAGS).await.len(), 2);

    // The tag of an upload of the same file, begun anew by another page after this row was read.
    let earlier = Record { upload_id: "earlier".into(), ..record() };
    assert!(store.save_tag("file", 4, &earlier, "tag").await.unwrap());
    assert_eq!(store.find("file").await.unwrap().unwrap().tags.len(), 2);

    let (place, row) = rows_of(&session, UPLOADS).await.remove(0);
    let sealed: Uint8Array = get(&row, "sealed").unchecked_into();
    sealed.set_index(0, 2);
    put(UPLOADS, &place, &row).await;
    assert!(store.find("file").await.unwrap().is_none());
    assert_eq!(rows_of(&session, UPLOADS).await.len() + rows_of(&session, TAGS).await.len(), 0);
}

#[wasm_bindgen_test]
async fn an_upload_that_begins_anew_has_no_tags() {
    let session = unique("session");
    let store = store(&session);
    store.begin("file", &record(), soon(), Some(&Object::new())).await.unwrap();
    assert!(store.save_tag("file", 1, &record(), "tag").await.unwrap());
    let again = Record { upload_id: "again".into(), ..record() };
    store.begin("file", &again, soon(), None).await.unwrap();
    let kept = store.find("file").await.unwrap().unwrap();
    assert!(kept.record == again && kept.tags.is_empty());
    assert_eq!(rows_of(&session, TAGS).await.len(), 0);
    assert!(store.handle("file").await.unwrap().is_none());

    store.purge("file").await.unwrap();
    assert!(!store.save_tag("file", 1, &again, "late").await.unwrap());
    assert_eq!(rows_of(&session, TAGS).await.len(), 0, "a tag outlived its upload");
}

#[wasm_bindgen_test]
async fn a_handle_is_kept_where_it_can_be() {
    let session = unique("session");
    let store = store(&session);
    let handle = Object::new();
    Reflect::set(&handle, &"kind".into(), &"file".into()).unwrap();
    store.begin("file", &record(), soon(), Some(&handle)).await.unwrap();
    assert_eq!(get(&store.handle("file").await.unwrap().unwrap(), "kind"), "file");
    assert!(store.all().await.unwrap()[0].2);
    // What cannot be cloned cannot be stored; the rest is.
    store.begin("file", &record(), soon(), Some(&Function::new_no_args(""))).await.unwrap();
    assert!(store.handle("file").await.unwrap().is_none());
    assert!(store.find("file").await.unwrap().is_some());
    store.purge("file").await.unwrap();
}

#[wasm_bindgen_test]
async fn what_has_expired_is_gone() {
    let (mine, yours) = (unique("session"), unique("session"));
    let (my_store, your_store) = (store(&mine), store(&yours));
    for store in [&my_store, &your_store] {
        store.begin("short", &record(), wall_clock() + 400.0, None).await.unwrap();
        assert!(store.save_tag("short", 1, &record(), "tag").await.unwrap());
        store.begin("long", &record(), soon(), None).await.unwrap();
        assert!(store.save_tag("long", 1, &record(), "tag").await.unwrap());
    }
    sleep(500).await;
    assert!(my_store.find("short").await.unwrap().is_none());
    assert_eq!((rows_of(&mine, UPLOADS).await.len(), rows_of(&mine, TAGS).await.len()), (1, 1));
    assert_eq!((rows_of(&yours, UPLOADS).await.len(), rows_of(&yours, TAGS).await.len()), (2, 2));
    // Any session's store sweeps for all, once, as it is first used.
    assert!(store(&unique("session")).find("file").await.unwrap().is_none());
    for session in [&mine, &yours] {
        assert_eq!((rows_of(session, UPLOADS).await.len(), rows_of(session, TAGS).await.len()), (1, 1));
    }
    my_store.purge_expired(soon() + 60_000.0).await.unwrap();
    for session in [&mine, &yours] {
        assert_eq!((rows_of(session, UPLOADS).await.len(), rows_of(session, TAGS).await.len()), (0, 0));
    }
}

#[wasm_bindgen_test]
async fn many_tags_at_once() {
    let session = unique("session");
    let store = Rc::new(store(&session));
    store.begin("file", &record(), soon(), None).await.unwrap();
    let saved: Array = (1..=64)
        .map(|part| {
            let store = Rc::clone(&store);
            future_to_promise(async move {
                let saved = store.save_tag("file", part, &record(), &format!("tag {part}")).await;
                Ok(JsValue::from(saved.unwrap()))
            })
        })
        .collect();
    let saved = JsFuture::from(Promise::all(&saved)).await.unwrap();
    assert!(saved.unchecked_into::<Array>().iter().all(|saved| saved.is_truthy()));
    let kept = store.find("file").await.unwrap().unwrap();
    let expected: Vec<_> = (1..=64).map(|part| (part, format!("tag {part}"))).collect();
    assert!(kept.tags == expected);
    store.purge("file").await.unwrap();
}

#[wasm_bindgen_test]
async fn a_transaction_that_was_undone_is_a_failure() {
    let name = unique("lease");
    let database = Database::shared();
    let undone = database.run(&[LEASES], Access::Write, |transaction| {
        transaction.object_store(LEASES)?.put_with_key(&Object::new(), &name.as_str().into())?;
        transaction.abort()
    });
    assert_eq!(undone.await.unwrap_err().code, Code::Storage);
    let refused = database.run(&[LEASES], Access::Write, |transaction| {
        transaction.object_store(LEASES)?.put_with_key(&Object::new(), &name.as_str().into())?;
        transaction.object_store(UPLOADS).map(drop)
    });
    let failure: Failure = refused.await.unwrap_err();
    assert_eq!(failure.code, Code::Storage);
    assert!(failure.message.contains("NotFoundError"), "{failure}");
    assert!(!rows(LEASES).await.iter().any(|(key, _)| *key == name.as_str()));
}

#[wasm_bindgen_test]
async fn without_a_database_it_says_so() {
    let _missing = Missing::database();
    let store = store(&unique("session"));
    for _ in 0..2 {
        assert_eq!(store.find("file").await.map(|_| ()).unwrap_err().code, Code::Storage);
        assert_eq!(store.begin("file", &record(), soon(), None).await.unwrap_err().code, Code::Storage);
    }
}

fn factory() -> IdbFactory {
    get(&js_sys::global(), "indexedDB").unchecked_into()
}

fn delete() -> IdbRequest {
    factory().delete_database("partway").unwrap().unchecked_into()
}

async fn is_done(request: &IdbRequest) -> bool {
    get(request, "readyState") == "done"
}

#[wasm_bindgen_test]
async fn it_gives_way_to_whoever_deletes_it_and_opens_again() {
    let session = unique("session");
    let store = store(&session);
    store.begin("file", &record(), soon(), None).await.unwrap();
    let deleted = delete();
    assert!(eventually(|| is_done(&deleted)).await, "the deletion is blocked");
    assert!(store.find("file").await.unwrap().is_none());
    store.begin("file", &record(), soon(), None).await.unwrap();
    assert!(store.find("file").await.unwrap().is_some());
    store.purge("file").await.unwrap();
}

/// Another page holds the database and does not give way: what a tab with an older version would do.
#[wasm_bindgen_test]
async fn a_blocked_database_holds_nobody_up() {
    // Laid out by us, so that the request below opens what is there.
    store(&unique("session")).find("file").await.unwrap();
    let request = factory().open_with_u32("partway", 1).unwrap();
    let request: &IdbRequest = request.unchecked_ref();
    assert!(eventually(|| is_done(request)).await);
    let stubborn: IdbDatabase = request.result().unwrap().unchecked_into();
    let deleted = delete();
    let store = store(&unique("session"));

    let start = wall_clock();
    assert_eq!(store.begin("file", &record(), soon(), None).await.unwrap_err().code, Code::Storage);
    let first = wall_clock() - start;
    assert_eq!(store.find("file").await.map(|_| ()).unwrap_err().code, Code::Storage);
    let second = wall_clock() - start - first;
    assert!((4_900.0..8_000.0).contains(&first), "{first} ms");
    assert!(second < 500.0, "{second} ms: everybody waits anew");

    stubborn.close();
    assert!(eventually(|| is_done(&deleted)).await);
    assert!(eventually(|| async { store.find("file").await.is_ok() }).await, "it never opens");
    store.begin("file", &record(), soon(), None).await.unwrap();
    let database = Database::shared();
    let indexed = database
        .run(&[UPLOADS], Access::Read, |transaction| transaction.object_store(UPLOADS)?.index(EXPIRES)?.get_all_keys());
    let indexed = indexed.await.unwrap().result().unwrap();
    assert_eq!(get(&indexed, "length"), 1);
    store.purge("file").await.unwrap();
}

/// A layout of a newer version of this library is left alone, and several attempts at once do not disturb each other.
#[wasm_bindgen_test]
async fn a_newer_database_is_left_alone() {
    let deleted = delete();
    assert!(eventually(|| is_done(&deleted)).await);
    let newer = factory().open_with_u32("partway", 2).unwrap();
    assert!(eventually(|| is_done(&newer)).await);
    newer.result().unwrap().unchecked_into::<IdbDatabase>().close();

    let start = wall_clock();
    let store = Rc::new(store(&unique("session")));
    let tries: Array = (0..3)
        .map(|_| {
            let store = Rc::clone(&store);
            future_to_promise(async move {
                for _ in 0..3 {
                    let failure = store.find("file").await.map(|_| ()).unwrap_err();
                    assert_eq!(failure.code, Code::Storage);
                    assert!(failure.message.contains("VersionError"), "{failure}");
                }
                Ok(JsValue::UNDEFINED)
            })
        })
        .collect();
    JsFuture::from(Promise::all(&tries)).await.unwrap();
    let took = wall_clock() - start;
    assert!(took < 3_000.0, "{took} ms");
    let deleted = delete();
    assert!(eventually(|| is_done(&deleted)).await);
    assert!(store.find("file").await.unwrap().is_none());
}

#[wasm_bindgen_test]
async fn a_page_that_goes_into_the_cache_leaves_no_transaction_open() {
    let database = Database::shared();
    let name = JsValue::from_str(&unique("tag"));
    for (persisted, kept) in [(true, false), (false, true)] {
        let hide = Event::new("pagehide").unwrap();
        Reflect::set(&hide, &"persisted".into(), &persisted.into()).unwrap();
        let page: EventTarget = js_sys::global().unchecked_into();
        let put = database.run(&[TAGS], Access::Write, |transaction| {
            let put = transaction.object_store(TAGS)?.put_with_key(&"a tag".into(), &name);
            page.dispatch_event(&hide)?;
            put
        });
        assert_eq!(put.await.is_ok(), kept);
        let read = |transaction: &IdbTransaction| transaction.object_store(TAGS)?.get(&name);
        let found = database.run(&[TAGS], Access::Read, read).await.unwrap().result().unwrap();
        assert_eq!(found.is_undefined(), !kept);
    }
    let delete = |transaction: &IdbTransaction| transaction.object_store(TAGS)?.delete(&name);
    database.run(&[TAGS], Access::Write, delete).await.unwrap();
}
