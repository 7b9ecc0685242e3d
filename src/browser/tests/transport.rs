use crate::browser::download::{Download, download};
use crate::browser::transport::Outgoing;
use crate::browser::{fetch, xhr};
use crate::engine::{Gathered, Link, Outcome};
use crate::protocol::Method;
use js_sys::{Function, Reflect};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

/// Nothing listens there, and no browser asks it.
const NOWHERE: &str = "http://127.0.0.1:1/";

fn outgoing(url: &str) -> Outgoing {
    Outgoing {
        url: url.to_owned(),
        method: Method::Get,
        headers: vec![("Authorization", "Bearer token".to_owned())],
        body: JsValue::UNDEFINED,
        cap: 1,
    }
}

async fn fetched(url: &str) -> Outcome {
    let link = Link(url.to_owned());
    download(Download { link, size: 1, gathered: Gathered::default(), resumes: true }, Rc::new(|_| {})).await
}

#[wasm_bindgen_test]
async fn without_a_service_there_is_no_response() {
    for url in [NOWHERE, "http://127.0.0.1:99999/", "nonsense:"] {
        assert!(matches!(fetch::send(outgoing(url), None).await, Outcome::NoResponse), "{url}");
        assert!(matches!(xhr::send(outgoing(url), Rc::new(|_| {})).await, Outcome::NoResponse), "{url}");
        assert!(matches!(fetched(url).await, Outcome::NoResponse), "{url}");
    }
}

/// A page may have wrapped `fetch`, badly.
#[wasm_bindgen_test]
async fn a_fetch_that_gives_no_response_is_none() {
    let (global, name) = (js_sys::global(), JsValue::from_str("fetch"));
    let real = Reflect::get(&global, &name).unwrap();
    for body in ["return Promise.resolve('no response')", "throw new Error('no')", "return undefined", "return {}"] {
        Reflect::set(&global, &name, &Function::new_no_args(body)).unwrap();
        let sent = fetch::send(outgoing(NOWHERE), None).await;
        let fetched = fetched(NOWHERE).await;
        Reflect::set(&global, &name, &real).unwrap();
        assert!(matches!((sent, fetched), (Outcome::NoResponse, Outcome::NoResponse)), "{body}");
    }
}
