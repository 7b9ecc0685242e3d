use super::{eventually, sleep, unique};
use crate::browser::tab_channel::TabChannel;
use crate::engine::Identity;
use crate::resume::{PeerEnd, PeerMessage, PeerReport, ResumeKey};
use js_sys::{Object, Reflect, Uint8Array};
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

fn key(session: &str) -> Rc<ResumeKey> {
    Rc::new(ResumeKey::derive(session).unwrap())
}

/// A channel that is still closed, and what it hears.
fn closed(session: &str) -> (TabChannel, Messages) {
    let heard = Messages::default();
    let into = Rc::clone(&heard);
    let hear = move |Identity(identity), message| into.borrow_mut().push((identity, message));
    (TabChannel::new(key(session), Rc::new(hear)), heard)
}

fn opened(session: &str) -> (TabChannel, Messages) {
    let (channel, heard) = closed(session);
    channel.open();
    (channel, heard)
}

/// Waits until so many messages were heard: they come in order, and as late as a busy machine lets them.
async fn hears(heard: &Messages, messages: usize) {
    assert!(eventually(|| async { heard.borrow().len() >= messages }).await, "{:?}", heard.borrow());
}

#[wasm_bindgen_test]
async fn a_message_reaches_the_other_tabs_of_the_session() {
    let session = unique("session");
    let ((here, own), (_there, heard), (_elsewhere, other)) =
        (opened(&session), opened(&session), opened(&unique("session")));
    let messages = [
        PeerMessage::Report(report(0)),
        PeerMessage::Report(PeerReport { sent: u64::MAX, parts_done: u32::MAX, key: None, end: None }),
        PeerMessage::RequestHandover,
        PeerMessage::Ping,
        PeerMessage::Report(PeerReport { end: Some(PeerEnd::Done), ..report(7) }),
        PeerMessage::Report(PeerReport { end: Some(PeerEnd::Gone), ..report(8) }),
    ];
    for message in &messages {
        here.post(&file(), message);
    }
    hears(&heard, messages.len()).await;
    assert_eq!(*heard.borrow(), messages.map(|message| ("file".to_owned(), message)));
    assert_eq!((own.borrow().len(), other.borrow().len()), (0, 0));
}

#[wasm_bindgen_test]
async fn a_channel_is_there_only_while_it_is_open() {
    let session = unique("session");
    let ((here, _), (there, heard)) = (opened(&session), closed(&session));
    here.post(&file(), &PeerMessage::Report(report(0)));
    sleep(200).await;
    there.open();
    there.open();
    here.post(&file(), &PeerMessage::Report(report(1)));
    here.close();
    here.post(&file(), &PeerMessage::Report(report(2)));
    hears(&heard, 1).await;
    assert_eq!(*heard.borrow(), [("file".to_owned(), PeerMessage::Report(report(1)))]);
}

#[wasm_bindgen_test]
async fn what_is_no_message_is_not_heard() {
    let session = unique("session");
    let (_channel, heard) = opened(&session);
    let raw = BroadcastChannel::new(&format!("partway:{}", key(&session).scope())).unwrap();
    let sealed = |session: &str, message: &PeerMessage| key(session).seal_message("file", message, [7; 12]).unwrap();
    let good = sealed(&session, &PeerMessage::Report(report(5)));
    let bytes = |bytes: &[u8]| JsValue::from(Uint8Array::from(bytes));
    let mut changed = good.clone();
    *changed.last_mut().unwrap() ^= 1;
    let plain = [("identity", "file".into()), ("sent", JsValue::from(1)), ("partsDone", JsValue::from(1))];
    let messages: [JsValue; 11] = [
        JsValue::NULL,
        "file".into(),
        5.into(),
        object(&plain),
        object(&[("identity", "file".into()), ("wanted", JsValue::TRUE)]),
        Uint8Array::from(good.as_slice()).buffer().into(),
        bytes(&[]),
        bytes(&changed),
        bytes(&good[1..]),
        bytes(&[good.as_slice(), &[0; 1 << 20]].concat()),
        bytes(&sealed("another session", &PeerMessage::Ping)),
    ];
    for message in &messages {
        raw.post_message(message).unwrap();
    }
    // The last one is a report: so the others arrived as well.
    raw.post_message(&bytes(&good)).unwrap();
    hears(&heard, 1).await;
    raw.close();
    assert_eq!(*heard.borrow(), [("file".to_owned(), PeerMessage::Report(report(5)))]);
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
    let (channel, heard) = opened("session");
    channel.post(&file(), &PeerMessage::Report(report(1)));
    channel.close();
    assert!(heard.borrow().is_empty());
}
