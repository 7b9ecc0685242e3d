use super::{sleep, unique};
use crate::browser::tab_channel::TabChannel;
use crate::engine::{Identity, PeerEnd, PeerMessage, PeerReport};
use js_sys::{Object, Reflect};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::BroadcastChannel;

type Messages = Rc<RefCell<Vec<(String, PeerMessage)>>>;

fn report(sent: u64) -> PeerReport {
    PeerReport { sent, parts_done: 3, key: Some("a/b".into()), end: None }
}

fn file() -> Identity {
    Identity("file".into())
}

/// A channel that is still closed, and what it hears.
fn closed(scope: &str) -> (TabChannel, Messages) {
    let heard = Messages::default();
    let into = Rc::clone(&heard);
    let hear = move |Identity(identity), message| into.borrow_mut().push((identity, message));
    (TabChannel::new(scope, Rc::new(hear)), heard)
}

fn opened(scope: &str) -> (TabChannel, Messages) {
    let (channel, heard) = closed(scope);
    channel.open();
    (channel, heard)
}

#[wasm_bindgen_test]
async fn a_message_reaches_the_other_tabs_of_the_session() {
    let scope = unique("scope");
    let ((here, own), (_there, heard), (_elsewhere, other)) =
        (opened(&scope), opened(&scope), opened(&unique("scope")));
    let messages = [
        PeerMessage::Report(report(0)),
        PeerMessage::Report(PeerReport { sent: (1 << 53) - 1, parts_done: u32::MAX, key: None, end: None }),
        PeerMessage::RequestHandover,
        PeerMessage::Ping,
        PeerMessage::Report(PeerReport { end: Some(PeerEnd::Done), ..report(7) }),
        PeerMessage::Report(PeerReport { end: Some(PeerEnd::Gone), ..report(8) }),
    ];
    for message in &messages {
        here.post(&file(), message);
    }
    sleep(300).await;
    assert_eq!(*heard.borrow(), messages.map(|message| ("file".to_owned(), message)));
    assert_eq!((own.borrow().len(), other.borrow().len()), (0, 0));
}

#[wasm_bindgen_test]
async fn a_channel_is_there_only_while_it_is_open() {
    let scope = unique("scope");
    let ((here, _), (there, heard)) = (opened(&scope), closed(&scope));
    here.post(&file(), &PeerMessage::Report(report(0)));
    sleep(200).await;
    there.open();
    there.open();
    here.post(&file(), &PeerMessage::Report(report(1)));
    here.close();
    here.post(&file(), &PeerMessage::Report(report(2)));
    sleep(300).await;
    assert_eq!(*heard.borrow(), [("file".to_owned(), PeerMessage::Report(report(1)))]);
}

#[wasm_bindgen_test]
async fn what_is_no_message_is_not_heard() {
    let scope = unique("scope");
    let (_channel, heard) = opened(&scope);
    let raw = BroadcastChannel::new(&format!("partway:{scope}")).unwrap();
    let numbers =
        |value: f64| [("identity", "file".into()), ("sent", JsValue::from(value)), ("partsDone", JsValue::from(1))];
    let mut messages: Vec<JsValue> = vec![JsValue::NULL, "file".into(), 5.into(), Object::new().into()];
    for bad in [f64::NAN, f64::INFINITY, -1.0, 0.5, 9_007_199_254_740_992.0] {
        messages.push(object(&numbers(bad)));
    }
    messages.push(object(&[("identity", "file".into()), ("sent", "1".into()), ("partsDone", 1.into())]));
    messages.push(object(&[("identity", "file".into()), ("sent", 1.into())]));
    messages.push(object(&[("identity", 5.into()), ("sent", 1.into()), ("partsDone", 1.into())]));
    messages.push(object(&[("wanted", JsValue::TRUE)]));
    messages.push(object(&[("identity", "file".into()), ("wanted", 1.into())]));
    for message in &messages {
        raw.post_message(message).unwrap();
    }
    // The last one is a report: so the others arrived as well.
    raw.post_message(&object(&numbers(5.0))).unwrap();
    sleep(300).await;
    raw.close();
    let last = PeerReport { sent: 5, parts_done: 1, key: None, end: None };
    assert_eq!(*heard.borrow(), [("file".to_owned(), PeerMessage::Report(last))]);
}

fn object(entries: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (key, value) in entries {
        Reflect::set(&object, &(*key).into(), value).unwrap();
    }
    object.into()
}

#[wasm_bindgen_test]
fn without_channels_nothing_is_posted() {
    let _missing = super::Missing::new(&js_sys::global(), "BroadcastChannel");
    let (channel, heard) = opened("scope");
    channel.post(&file(), &PeerMessage::Report(report(1)));
    channel.close();
    assert!(heard.borrow().is_empty());
}
