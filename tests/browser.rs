//! The library in a real browser, against a real gateway: `cargo xtask test`, or `cargo run -p partway-gateway` beside
//! `wasm-pack test --headless --chrome`.

#![cfg(target_family = "wasm")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use gloo_net::http::Request;
use js_sys::{Array, Object, Reflect, Uint8Array};
use partway::js::{Bucket, open_bucket};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Blob, BlobPropertyBag};

wasm_bindgen_test_configure!(run_in_browser);

const MIB: usize = 1024 * 1024;

fn gateway() -> &'static str {
    option_env!("PARTWAY_GATEWAY").unwrap_or("http://127.0.0.1:8787")
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap()
}

fn object(entries: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (key, value) in entries {
        Reflect::set(&object, &(*key).into(), value).unwrap();
    }
    object.into()
}

/// A bucket of a new session.
async fn bucket() -> Bucket {
    let request = Request::post(&format!("{}/v1/session", gateway())).header("Content-Type", "application/json");
    let answer = match request.body("{}").unwrap().send().await {
        Ok(answer) if answer.ok() => answer.text().await.unwrap(),
        _ => panic!("no gateway answers at {}: start one with `cargo run -p partway-gateway`", gateway()),
    };
    let session = js_sys::JSON::parse(&answer).unwrap();
    let options = object(&[
        ("endpoint", format!("{}/v1", gateway()).into()),
        ("token", get(&get(&session, "credentials"), "token")),
        ("sessionId", get(&session, "sessionId")),
    ]);
    open_bucket(options).unwrap_or_else(|_| panic!("the options are right"))
}

async fn settle(promise: js_sys::Promise) -> Result<JsValue, JsValue> {
    JsFuture::from(promise).await
}

/// `length` bytes that differ from place to place, as a `Blob` that JavaScript keeps: copies of one block, each with
/// its number in front.
fn blob(length: usize) -> Blob {
    let block: Vec<u8> = (0..MIB).map(|at| (at * 31 + (at >> 8)) as u8).collect();
    let block = Uint8Array::from(block.as_slice());
    let pieces = Array::new();
    let mut left = length;
    let mut number = 0u32;
    while left > 0 {
        let piece = block.slice(0, left.min(MIB) as u32);
        if left >= 4 {
            piece.set(&Uint8Array::from(number.to_le_bytes().as_slice()), 0);
        }
        pieces.push(&piece);
        left -= left.min(MIB);
        number += 1;
    }
    let kind = BlobPropertyBag::new();
    kind.set_type("text/x-test");
    Blob::new_with_buffer_source_sequence_and_options(&pieces, &kind).unwrap()
}

async fn bytes(blob: &Blob) -> Vec<u8> {
    Uint8Array::new(&JsFuture::from(blob.array_buffer()).await.unwrap()).to_vec()
}

fn wasm_memory() -> f64 {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    get(&memory.buffer(), "byteLength").as_f64().unwrap()
}

#[wasm_bindgen_test]
async fn a_file_comes_back_identical() {
    let bucket = bucket().await;
    let file = blob(20 * MIB + 3);
    let upload = bucket.upload(file.clone().into(), object(&[("name", "réport.bin".into())])).unwrap();
    let stored = settle(upload.done()).await.unwrap();
    let key = get(&stored, "key");

    let listed = Array::from(&settle(bucket.list(JsValue::UNDEFINED)).await.unwrap());
    assert_eq!(listed.length(), 1);
    let entry = listed.get(0);
    assert_eq!(get(&entry, "name").as_string().unwrap(), "réport.bin");
    assert_eq!(get(&entry, "type").as_string().unwrap(), "text/x-test");
    assert_eq!(get(&entry, "nameAuthenticated"), JsValue::TRUE);
    assert_eq!(get(&entry, "completed"), JsValue::TRUE);

    let back = settle(bucket.download(key.clone(), JsValue::UNDEFINED)).await.unwrap();
    assert!(bytes(&back.unchecked_into()).await == bytes(&file).await, "the bytes differ");

    settle(bucket.remove(key, JsValue::UNDEFINED)).await.unwrap();
    assert_eq!(Array::from(&settle(bucket.list(JsValue::UNDEFINED)).await.unwrap()).length(), 0);
}

#[wasm_bindgen_test]
async fn bytes_of_a_file_never_enter_wasm_memory() {
    let bucket = bucket().await;
    let file = blob(320 * MIB);
    let before = wasm_memory();
    // Both transports: with a listener parts go through XMLHttpRequest, without one through fetch.
    let heard = Closure::<dyn FnMut(JsValue)>::new(|_| {});
    for options in [vec![("onProgress", heard.as_ref().clone())], vec![]] {
        let options: Vec<_> = options.into_iter().chain([("name", JsValue::from("large"))]).collect();
        let upload = bucket.upload(file.clone().into(), object(&options)).unwrap();
        let key = get(&settle(upload.done()).await.unwrap(), "key");
        settle(bucket.remove(key, JsValue::UNDEFINED)).await.unwrap();
    }
    let grown = wasm_memory() - before;
    assert!(grown < 2.0 * MIB as f64, "wasm memory grew by {grown} bytes");
}

#[wasm_bindgen_test]
async fn freeing_a_handle_harms_nothing() {
    let bucket = bucket().await;
    let upload = bucket.upload(blob(6 * MIB).into(), object(&[("name", "freed".into())])).unwrap();
    let done = upload.done();
    drop(upload);
    let listing = bucket.list(JsValue::UNDEFINED);
    drop(bucket);
    assert_eq!(get(&settle(done).await.unwrap(), "completed"), JsValue::TRUE);
    settle(listing).await.unwrap();
}
