use super::{sleep, unique};
use crate::browser::news::{Ended, News, Report};
use js_sys::{Object, Reflect};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::BroadcastChannel;

fn report(sent: u64) -> Report {
    Report { sent, parts_done: 3, key: Some("a/b".into()), ended: None }
}

fn opened(scope: &str) -> News {
    let news = News::new(scope);
    news.open();
    news
}

fn collect(news: &News, identity: &str) -> (Rc<RefCell<Vec<Report>>>, Option<crate::browser::Listener>) {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let into = Rc::clone(&heard);
    (heard, news.on_report(identity, move |report| into.borrow_mut().push(report)))
}

#[wasm_bindgen_test]
async fn a_report_reaches_those_who_wait_for_that_file() {
    let scope = unique("scope");
    let (here, there, elsewhere) = (opened(&scope), opened(&scope), opened(&unique("scope")));
    let (heard, listener) = collect(&there, "file");
    let (other_file, _other) = collect(&there, "another file");
    let (other_session, _elsewhere) = collect(&elsewhere, "file");
    let (own, _own) = collect(&here, "file");
    assert!(listener.is_some());

    let reports = [
        report(0),
        Report { sent: (1 << 53) - 1, parts_done: u32::MAX, key: None, ended: None },
        Report { ended: Some(Ended::Done), ..report(7) },
        Report { ended: Some(Ended::Gone), ..report(8) },
    ];
    for report in &reports {
        here.tell("file", report);
    }
    sleep(300).await;
    assert!(*heard.borrow() == reports);
    assert_eq!([other_file, other_session, own].map(|heard| heard.borrow().len()), [0; 3]);

    drop(listener);
    here.tell("file", &report(9));
    sleep(200).await;
    assert_eq!(heard.borrow().len(), reports.len());
}

#[wasm_bindgen_test]
async fn a_channel_is_there_only_while_it_is_open() {
    let scope = unique("scope");
    let (here, there) = (opened(&scope), News::new(&scope));
    assert!(collect(&there, "file").1.is_none());
    there.open();
    there.open();
    let (heard, _listener) = collect(&there, "file");
    here.tell("file", &report(1));
    here.close();
    here.tell("file", &report(2));
    sleep(300).await;
    assert!(*heard.borrow() == [report(1)]);
}

#[wasm_bindgen_test]
async fn what_is_no_report_is_not_heard() {
    let scope = unique("scope");
    let news = opened(&scope);
    let (heard, _listener) = collect(&news, "file");
    let channel = BroadcastChannel::new(&format!("partway:{scope}")).unwrap();
    let numbers =
        |value: f64| [("identity", "file".into()), ("sent", JsValue::from(value)), ("partsDone", JsValue::from(1))];
    let mut messages: Vec<JsValue> = vec![JsValue::NULL, "file".into(), 5.into(), Object::new().into()];
    for bad in [f64::NAN, f64::INFINITY, -1.0, 0.5, 9_007_199_254_740_992.0] {
        messages.push(object(&numbers(bad)));
    }
    messages.push(object(&[("identity", "file".into()), ("sent", "1".into()), ("partsDone", 1.into())]));
    messages.push(object(&[("identity", "file".into()), ("sent", 1.into())]));
    for message in &messages {
        channel.post_message(message).unwrap();
    }
    // The last one is a report: so the others arrived as well.
    channel.post_message(&object(&numbers(5.0))).unwrap();
    sleep(300).await;
    channel.close();
    assert!(*heard.borrow() == [Report { sent: 5, parts_done: 1, key: None, ended: None }]);
}

fn object(entries: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (key, value) in entries {
        Reflect::set(&object, &(*key).into(), value).unwrap();
    }
    object.into()
}

#[wasm_bindgen_test]
fn without_channels_nothing_is_told() {
    let _missing = super::Missing::new(&js_sys::global(), "BroadcastChannel");
    let news = opened("scope");
    news.tell("file", &report(1));
    assert!(news.on_report("file", |_| {}).is_none());
}
