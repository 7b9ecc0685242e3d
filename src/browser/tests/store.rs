use super::{Missing, begin, eventually, get, list, sleep, unique};
use crate::browser::clock::wall_clock;
use crate::browser::database::{Access, Database, EXPIRES, LEASES, Placed, TAGS, Transaction, UPLOADS};
use crate::browser::store::Store;
use crate::engine::{Identity, Stored};
use crate::protocol::Code;
use crate::resume::{Record, ResumeKey, StoredPart};
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Event, EventTarget, IdbDatabase, IdbFactory, IdbRequest};

fn key(session: &str) -> Rc<ResumeKey> {
    Rc::new(ResumeKey::derive_at(session, "https://api.example/v1").unwrap())
}

fn store(session: &str) -> Store {
    Store::new(key(session), ResumeKey::derive(session).unwrap())
}

fn id(name: &str) -> Identity {
    Identity(name.to_owned())
}

/// What is stored of the file `name`.
async fn load(store: &Store, name: &str) -> Option<Stored> {
    store.load(id(name)).await.unwrap()
}

/// Stores that the upload of the file `name` has begun.
async fn put_record(store: &Store, name: &str) {
    store.begin(&id(name), &record(), soon(), None).await.unwrap();
}

async fn save_tag(store: &Store, name: &str, part: u32, tag: &str) {
    store.save_part(&id(name), part, &record(), &stored(tag)).await.unwrap();
}

fn stored(tag: &str) -> StoredPart {
    StoredPart { tag: tag.to_owned(), digest: Some([9; 32]) }
}

async fn purge(store: &Store, name: &str) {
    store.purge(&id(name)).await.unwrap();
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

fn tags(kept: &Stored) -> Vec<(u32, &str)> {
    kept.parts.iter().map(|(number, part)| (*number, part.tag.as_str())).collect()
}

/// The keys and values of an object store.
async fn rows(name: &str) -> Vec<(JsValue, JsValue)> {
    let transaction = Database::shared().begin(&[name], Access::Read).await.unwrap();
    let store = transaction.store(name).unwrap();
    let (keys, values) = (store.get_all_keys().unwrap(), store.get_all().unwrap());
    transaction.end().await.unwrap();
    list(&keys).iter().zip(list(&values).iter()).collect()
}

/// The rows of one session.
async fn rows_of(session: &str, name: &str) -> Vec<(JsValue, JsValue)> {
    let scope = key(session).scope();
    let rows = rows(name).await.into_iter();
    rows.filter(|(key, _)| key.unchecked_ref::<Array>().get(0).as_string().unwrap() == scope).collect()
}

async fn put(name: &str, key: &JsValue, value: &JsValue) {
    let transaction = Database::shared().begin(&[name], Access::Write).await.unwrap();
    transaction.store(name).unwrap().put_with_key(value, key).unwrap();
    transaction.end().await.unwrap();
}

#[wasm_bindgen_test]
async fn what_was_kept_is_found_by_a_page_that_comes_later() {
    let session = unique("session");
    {
        let before = store(&session);
        assert!(load(&before, "file").await.is_none());
        put_record(&before, "file").await;
        assert!(load(&before, "file").await.unwrap().parts.is_empty());
        for (part, tag) in [(3, "third"), (1, "\"first\""), (2, "zweiter \u{1f600}"), (3, "third again")] {
            save_tag(&before, "file", part, tag).await;
        }
        // The connection goes with the last store.
    }
    let after = store(&session);
    let kept = load(&after, "file").await.unwrap();
    assert!(kept.record == record());
    assert_eq!(tags(&kept), [(1, "\"first\""), (2, "zweiter \u{1f600}"), (3, "third again")]);
    assert!(load(&after, "another file").await.is_none());

    after.begin(&id("another file"), &Record { size: 0, ..record() }, soon(), None).await.unwrap();
    let mut all = after.load_all().await.unwrap();
    all.sort_by_key(|stored| stored.identity.clone());
    let all: Vec<_> = all.iter().map(|stored| (stored.identity.0.as_str(), stored.parts.len())).collect();
    assert_eq!(all, [("another file", 0), ("file", 3)]);

    purge(&after, "file").await;
    assert!(load(&after, "file").await.is_none());
    purge(&after, "another file").await;
    assert_eq!(rows_of(&session, UPLOADS).await.len() + rows_of(&session, TAGS).await.len(), 0);
}

#[wasm_bindgen_test]
async fn nothing_is_in_the_clear() {
    let session = format!("canary-{}", unique("session"));
    let store = store(&session);
    let identity = id(&"a".repeat(43));
    store.begin(&identity, &record(), soon(), None).await.unwrap();
    store.save_part(&identity, 1, &record(), &stored("canary-tag")).await.unwrap();
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
    assert!(seen.windows(43).any(|window| window == identity.0.as_bytes()), "the scan sees nothing");
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
    my_store.begin(&id("file"), &record(), soon(), Some(&Object::new())).await.unwrap();
    save_tag(&my_store, "file", 1, "tag").await;
    assert!(load(&your_store, "file").await.is_none());
    assert!(your_store.load_all().await.unwrap().is_empty());
    assert!(your_store.handle(&id("file")).await.unwrap().is_none());
    assert_eq!(your_store.save_part(&id("file"), 1, &record(), &stored("tag")).await.unwrap_err().code, Code::Storage);
    purge(&your_store, "file").await;
    assert_eq!(load(&my_store, "file").await.unwrap().parts.len(), 1);

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
    assert!(your_store.load_all().await.unwrap().is_empty());
    assert_eq!((rows_of(&yours, UPLOADS).await.len(), rows_of(&yours, TAGS).await.len()), (0, 0), "left where it was");
    purge(&my_store, "file").await;
}

#[wasm_bindgen_test]
async fn a_row_that_was_changed_counts_as_absent_and_is_deleted() {
    let session = unique("session");
    let store = store(&session);
    put_record(&store, "file").await;
    for part in 1..=5 {
        save_tag(&store, "file", part, "tag").await;
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
    assert_eq!(tags(&load(&store, "file").await.unwrap()), [(3, "tag"), (5, "tag")]);
    assert_eq!(rows_of(&session, TAGS).await.len(), 2);

    // The tag of an upload of the same file, begun anew by another page after this row was read.
    let earlier = Record { upload_id: "earlier".into(), ..record() };
    store.save_part(&id("file"), 4, &earlier, &stored("tag")).await.unwrap();
    assert_eq!(load(&store, "file").await.unwrap().parts.len(), 2);

    let (place, row) = rows_of(&session, UPLOADS).await.remove(0);
    let sealed: Uint8Array = get(&row, "sealed").unchecked_into();
    sealed.set_index(0, 2);
    put(UPLOADS, &place, &row).await;
    assert!(load(&store, "file").await.is_none());
    assert_eq!(rows_of(&session, UPLOADS).await.len() + rows_of(&session, TAGS).await.len(), 0);
}

#[wasm_bindgen_test]
async fn an_upload_that_begins_anew_has_no_tags() {
    let session = unique("session");
    let store = store(&session);
    store.begin(&id("file"), &record(), soon(), Some(&Object::new())).await.unwrap();
    save_tag(&store, "file", 1, "tag").await;
    let again = Record { upload_id: "again".into(), ..record() };
    store.begin(&id("file"), &again, soon(), None).await.unwrap();
    let kept = load(&store, "file").await.unwrap();
    assert!(kept.record == again && kept.parts.is_empty());
    assert_eq!(rows_of(&session, TAGS).await.len(), 0);
    assert!(store.handle(&id("file")).await.unwrap().is_none());

    purge(&store, "file").await;
    assert_eq!(store.save_part(&id("file"), 1, &again, &stored("late")).await.unwrap_err().code, Code::Storage);
    assert_eq!(rows_of(&session, TAGS).await.len(), 0, "a tag outlived its upload");
}

#[wasm_bindgen_test]
async fn a_handle_is_kept_where_it_can_be() {
    let session = unique("session");
    let store = store(&session);
    let handle = Object::new();
    Reflect::set(&handle, &"kind".into(), &"file".into()).unwrap();
    store.begin(&id("file"), &record(), soon(), Some(&handle)).await.unwrap();
    assert_eq!(get(&store.handle(&id("file")).await.unwrap().unwrap(), "kind"), "file");
    // What cannot be cloned cannot be stored; the rest is.
    store.begin(&id("file"), &record(), soon(), Some(&Function::new_no_args(""))).await.unwrap();
    assert!(store.handle(&id("file")).await.unwrap().is_none());
    assert!(load(&store, "file").await.is_some());
    purge(&store, "file").await;
}

#[wasm_bindgen_test]
async fn what_has_expired_is_gone() {
    let (mine, yours) = (unique("session"), unique("session"));
    let (my_store, your_store) = (store(&mine), store(&yours));
    for store in [&my_store, &your_store] {
        store.begin(&id("short"), &record(), wall_clock() + 400.0, None).await.unwrap();
        save_tag(store, "short", 1, "tag").await;
        put_record(store, "long").await;
        save_tag(store, "long", 1, "tag").await;
    }
    sleep(500).await;
    assert!(load(&my_store, "short").await.is_none());
    assert_eq!((rows_of(&mine, UPLOADS).await.len(), rows_of(&mine, TAGS).await.len()), (1, 1));
    assert_eq!((rows_of(&yours, UPLOADS).await.len(), rows_of(&yours, TAGS).await.len()), (2, 2));
    // Whoever opens the database sweeps for all sessions.
    drop((my_store, your_store));
    assert!(load(&store(&unique("session")), "file").await.is_none());
    for session in [&mine, &yours] {
        assert_eq!((rows_of(session, UPLOADS).await.len(), rows_of(session, TAGS).await.len()), (1, 1));
    }
    Database::shared().sweep(soon() + 60_000.0).await.unwrap();
    for session in [&mine, &yours] {
        assert_eq!((rows_of(session, UPLOADS).await.len(), rows_of(session, TAGS).await.len()), (0, 0));
    }
}

#[wasm_bindgen_test]
async fn many_tags_at_once() {
    let session = unique("session");
    let store = Rc::new(store(&session));
    put_record(&store, "file").await;
    let saved: Array = (1..=64)
        .map(|part| {
            let store = Rc::clone(&store);
            future_to_promise(async move {
                save_tag(&store, "file", part, &format!("tag {part}")).await;
                Ok(JsValue::UNDEFINED)
            })
        })
        .collect();
    JsFuture::from(Promise::all(&saved)).await.unwrap();
    let kept = load(&store, "file").await.unwrap();
    let expected: Vec<_> = (1..=64).map(|part| (part, stored(&format!("tag {part}")))).collect();
    assert!(kept.parts == expected);
    purge(&store, "file").await;
}

#[wasm_bindgen_test]
async fn a_transaction_that_was_undone_is_a_failure() {
    let name = unique("lease");
    let transaction = Database::shared().begin(&[LEASES], Access::Write).await.unwrap();
    let leases = transaction.store(LEASES).unwrap();
    leases.put_with_key(&Object::new(), &name.as_str().into()).unwrap();
    leases.transaction().abort().unwrap();
    assert_eq!(transaction.end().await.unwrap_err().code, Code::Storage);

    let transaction = Database::shared().begin(&[LEASES], Access::Write).await.unwrap();
    transaction.store(LEASES).unwrap().put_with_key(&Object::new(), &name.as_str().into()).unwrap();
    assert!(transaction.store(UPLOADS).is_err());
    drop(transaction);
    assert!(!rows(LEASES).await.iter().any(|(key, _)| *key == name.as_str()));
}

#[wasm_bindgen_test]
async fn what_cannot_be_asked_for_undoes_the_transaction() {
    let name = unique("lease");
    let key = JsValue::from_str(&name);
    let place = move |transaction: &Transaction| {
        transaction.store(LEASES)?.put_with_key(&Object::new(), &key)?;
        transaction.store(UPLOADS).map(|_| Placed::default())
    };
    let failure = Database::shared().run(&[LEASES], Access::Write, Box::new(place)).await.unwrap_err();
    assert_eq!(failure.code, Code::Storage);
    assert!(failure.message.contains("NotFoundError"), "{failure}");
    assert!(!rows(LEASES).await.iter().any(|(key, _)| *key == name.as_str()));
}

#[wasm_bindgen_test]
async fn without_a_database_it_says_so() {
    let _missing = Missing::database();
    let store = store(&unique("session"));
    for _ in 0..2 {
        assert_eq!(store.load(id("file")).await.map(|_| ()).unwrap_err().code, Code::Storage);
        assert_eq!(store.begin(&id("file"), &record(), soon(), None).await.unwrap_err().code, Code::Storage);
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
    put_record(&store, "file").await;
    let deleted = delete();
    assert!(eventually(|| is_done(&deleted)).await, "the deletion is blocked");
    assert!(load(&store, "file").await.is_none());
    put_record(&store, "file").await;
    assert!(load(&store, "file").await.is_some());
    purge(&store, "file").await;
}

/// Another page holds the database and does not give way: what a tab with an older version would do.
#[wasm_bindgen_test]
async fn a_database_that_was_blocked_is_there_once_it_is_free() {
    // Laid out by us, so that the request below opens what is there.
    assert!(load(&store(&unique("session")), "file").await.is_none());
    let request = factory().open_with_u32("partway", 1).unwrap();
    let request: &IdbRequest = request.unchecked_ref();
    assert!(eventually(|| is_done(request)).await);
    let stubborn: IdbDatabase = request.result().unwrap().unchecked_into();
    let deleted = delete();
    let store = store(&unique("session"));

    let (upload, record) = (id("file"), record());
    let mut waiting = (Box::pin(store.begin(&upload, &record, soon(), None)), Box::pin(store.load(id("file"))));
    begin(&mut waiting.0);
    begin(&mut waiting.1);
    sleep(200).await;
    begin(&mut waiting.1);
    drop(waiting);

    stubborn.close();
    assert!(eventually(|| is_done(&deleted)).await);
    assert!(eventually(|| async { store.load(id("file")).await.is_ok() }).await, "it never opens");
    put_record(&store, "file").await;
    let transaction = Database::shared().begin(&[UPLOADS], Access::Read).await.unwrap();
    let indexed = transaction.store(UPLOADS).unwrap().index(EXPIRES).unwrap().get_all_keys().unwrap();
    transaction.end().await.unwrap();
    let indexed = indexed.result().unwrap();
    assert_eq!(get(&indexed, "length"), 1);
    purge(&store, "file").await;
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
                    let failure = store.load(id("file")).await.map(|_| ()).unwrap_err();
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
    assert!(load(&store, "file").await.is_none());
}

#[wasm_bindgen_test]
async fn a_page_that_goes_into_the_cache_leaves_no_transaction_open() {
    let database = Database::shared();
    let name = JsValue::from_str(&unique("tag"));
    for (persisted, kept) in [(true, false), (false, true)] {
        let hide = Event::new("pagehide").unwrap();
        Reflect::set(&hide, &"persisted".into(), &persisted.into()).unwrap();
        let page: EventTarget = js_sys::global().unchecked_into();
        let transaction = database.begin(&[TAGS], Access::Write).await.unwrap();
        transaction.store(TAGS).unwrap().put_with_key(&"a tag".into(), &name).unwrap();
        page.dispatch_event(&hide).unwrap();
        assert_eq!(transaction.end().await.is_ok(), kept);
        let found = rows(TAGS).await.into_iter().any(|(key, _)| key == name);
        assert_eq!(found, kept);
    }
    let transaction = database.begin(&[TAGS], Access::Write).await.unwrap();
    transaction.store(TAGS).unwrap().delete(&name).unwrap();
    transaction.end().await.unwrap();
}

#[wasm_bindgen_test]
async fn whoever_no_longer_waits_leaves_nothing_written() {
    let store = store(&unique("session"));
    assert!(load(&store, "file").await.is_none());
    let (upload, record) = (id("file"), record());
    let mut storing = Box::pin(store.begin(&upload, &record, soon(), None));
    begin(&mut storing);
    drop(storing);
    assert!(load(&store, "file").await.is_none());
}
