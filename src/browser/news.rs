//! What the page that sends a file tells the pages that wait for it.

use super::Listener;
use js_sys::{Object, Reflect};
use std::cell::RefCell;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, MessageEvent};

/// The largest integer JavaScript holds exactly, 2^53 - 1.
const LARGEST: f64 = 9_007_199_254_740_991.0;

/// The field of a message from a page that could send the file.
const WANTED: &str = "wanted";

/// How an upload ended in the page that sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The file is stored.
    Done,
    /// It was given up: nothing of it is left.
    Gone,
}

impl Ended {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Gone => "gone",
        }
    }
}

/// How far an upload is. Numbers and the key: no names.
#[derive(Clone, PartialEq, Eq)]
pub struct Report {
    /// Bytes the server has or is receiving.
    pub sent: u64,
    /// Parts stored.
    pub parts_done: u32,
    /// The file's key, once it is known.
    pub key: Option<String>,
    /// Whether it is over.
    pub ended: Option<Ended>,
}

/// The channel between the pages of a session. It is open only while this page sends or waits for a file, because an
/// open channel keeps a program without a page, as in Node, from ending. Without `BroadcastChannel` it sends and
/// receives nothing.
pub struct News {
    name: String,
    channel: RefCell<Option<BroadcastChannel>>,
}

impl News {
    /// The channel of the session `scope`, still closed.
    pub fn new(scope: &str) -> Self {
        Self { name: ["partway:", scope].concat(), channel: RefCell::default() }
    }

    /// Opens the channel if it is not open.
    pub fn open(&self) {
        let known = Reflect::has(&js_sys::global(), &"BroadcastChannel".into()).unwrap_or(false);
        let mut channel = self.channel.borrow_mut();
        if known && channel.is_none() {
            *channel = BroadcastChannel::new(&self.name).ok();
        }
    }

    /// Closes it. What was told arrives all the same.
    pub fn close(&self) {
        if let Some(channel) = self.channel.take() {
            channel.close();
        }
    }

    /// Tells the other pages how far the upload of the file `identity` is.
    pub fn tell(&self, identity: &str, report: &Report) {
        let Some(channel) = &*self.channel.borrow() else { return };
        let message = Object::new();
        let set = |key: &str, value: JsValue| drop(Reflect::set(&message, &key.into(), &value));
        set("identity", identity.into());
        set("sent", (report.sent as f64).into());
        set("partsDone", report.parts_done.into());
        if let Some(key) = &report.key {
            set("key", key.into());
        }
        if let Some(ended) = report.ended {
            set("ended", ended.as_str().into());
        }
        // It is only news: a page that does not hear it takes over when the lease is free, and asks the store.
        let _ = channel.post_message(&message);
    }

    /// Tells the page that sends the file `identity` that this one could.
    pub fn want(&self, identity: &str) {
        let Some(channel) = &*self.channel.borrow() else { return };
        let message = Object::new();
        for (key, value) in [("identity", identity.into()), (WANTED, JsValue::TRUE)] {
            // A plain object takes every property.
            let _ = Reflect::set(&message, &key.into(), &value);
        }
        // Unheard, it waits until the other page ends.
        let _ = channel.post_message(&message);
    }

    /// Calls `heard` for each report about the file `identity` from another page, until what this returns is dropped.
    pub fn on_report(&self, identity: &str, heard: impl Fn(Report) + 'static) -> Option<Listener> {
        self.on_message(identity, move |message| {
            if let Some(report) = read(message) {
                heard(report);
            }
        })
    }

    /// Calls `heard` when another page could send the file `identity`, until what this returns is dropped.
    pub fn on_wanted(&self, identity: &str, heard: impl Fn() + 'static) -> Option<Listener> {
        self.on_message(identity, move |message| {
            if get(message, WANTED) == JsValue::TRUE {
                heard();
            }
        })
    }

    fn on_message(&self, identity: &str, heard: impl Fn(&JsValue) + 'static) -> Option<Listener> {
        let identity = JsValue::from_str(identity);
        let channel = self.channel.borrow();
        let channel = channel.as_ref()?;
        Some(Listener::new(channel, "message", move |event| {
            let message = event.unchecked_into::<MessageEvent>().data();
            if get(&message, "identity") == identity {
                heard(&message);
            }
        }))
    }
}

impl Drop for News {
    fn drop(&mut self) {
        self.close();
    }
}

/// Any page of this origin may post anything: what is no report is none.
fn read(message: &JsValue) -> Option<Report> {
    let whole = |key: &str, most: f64| {
        get(message, key).as_f64().filter(|number| (0.0..=most).contains(number) && number.fract() == 0.0)
    };
    let ended = get(message, "ended");
    Some(Report {
        sent: whole("sent", LARGEST)? as u64,
        parts_done: whole("partsDone", f64::from(u32::MAX))? as u32,
        key: get(message, "key").as_string(),
        ended: [Ended::Done, Ended::Gone].into_iter().find(|known| ended == known.as_str()),
    })
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}
