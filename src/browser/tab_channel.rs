//! The channel between the tabs of a session.

use super::Listener;
use super::property::{dictionary, get, has_global, set};
use crate::engine::{Identity, PeerEnd, PeerMessage, PeerReport};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, MessageEvent};

/// The largest integer JavaScript holds exactly, 2^53 - 1.
const LARGEST: f64 = 9_007_199_254_740_991.0;

/// The field that tells a request to hand a file over.
const WANTED: &str = "wanted";

/// The field that asks for a sign of life.
const PING: &str = "ping";

/// Who hears what another tab posts.
pub type OnMessage = Rc<dyn Fn(Identity, PeerMessage)>;

/// The channel. An open one keeps a program without a page, as in Node, from ending. Without `BroadcastChannel` it
/// sends and receives nothing. Messages hold numbers, the identity and the key: no names.
pub struct TabChannel {
    name: String,
    on_message: OnMessage,
    open: RefCell<Option<Open>>,
}

struct Open {
    channel: BroadcastChannel,
    _listener: Listener,
}

impl TabChannel {
    /// The channel of the session `scope`, still closed.
    pub fn new(scope: &str, on_message: OnMessage) -> Self {
        Self { name: ["partway:", scope].concat(), on_message, open: RefCell::default() }
    }

    /// Opens the channel if it is not open.
    pub fn open(&self) {
        let mut open = self.open.borrow_mut();
        if !has_global("BroadcastChannel") || open.is_some() {
            return;
        }
        let Ok(channel) = BroadcastChannel::new(&self.name) else { return };
        let on_message = Rc::clone(&self.on_message);
        let listener = Listener::new(&channel, "message", move |event| {
            if let Some((identity, message)) = read(&event.unchecked_into::<MessageEvent>().data()) {
                on_message(identity, message);
            }
        });
        *open = Some(Open { channel, _listener: listener });
    }

    /// Closes it. What was posted arrives all the same.
    pub fn close(&self) {
        if let Some(open) = self.open.take() {
            open.channel.close();
        }
    }

    /// Posts a message about a file to the other tabs, if it is open.
    pub fn post(&self, identity: &Identity, message: &PeerMessage) {
        let Some(Open { channel, .. }) = &*self.open.borrow() else { return };
        let data = dictionary();
        set(&data, "identity", &JsValue::from_str(&identity.0));
        match message {
            PeerMessage::RequestHandover => set(&data, WANTED, &JsValue::TRUE),
            PeerMessage::Ping => set(&data, PING, &JsValue::TRUE),
            PeerMessage::Report(report) => {
                set(&data, "sent", &(report.sent as f64).into());
                set(&data, "partsDone", &report.parts_done.into());
                if let Some(key) = &report.key {
                    set(&data, "key", &JsValue::from_str(key));
                }
                if let Some(end) = report.end {
                    set(&data, "ended", &end_name(end).into());
                }
            }
        }
        // A tab that does not hear it takes over when the lease is free, and asks the store.
        let _ = channel.post_message(&data);
    }
}

impl Drop for TabChannel {
    fn drop(&mut self) {
        self.close();
    }
}

/// Any page of this origin may post anything: what is no message of ours is none.
fn read(data: &JsValue) -> Option<(Identity, PeerMessage)> {
    let whole = |key: &str, most: f64| {
        get(data, key).as_f64().filter(|number| (0.0..=most).contains(number) && number.fract() == 0.0)
    };
    let identity = Identity(get(data, "identity").as_string()?);
    if get(data, WANTED) == JsValue::TRUE {
        return Some((identity, PeerMessage::RequestHandover));
    }
    if get(data, PING) == JsValue::TRUE {
        return Some((identity, PeerMessage::Ping));
    }
    let end = get(data, "ended");
    let report = PeerReport {
        sent: whole("sent", LARGEST)? as u64,
        parts_done: whole("partsDone", f64::from(u32::MAX))? as u32,
        key: get(data, "key").as_string(),
        end: [PeerEnd::Done, PeerEnd::Gone].into_iter().find(|known| end == end_name(*known)),
    };
    Some((identity, PeerMessage::Report(report)))
}

const fn end_name(end: PeerEnd) -> &'static str {
    match end {
        PeerEnd::Done => "done",
        PeerEnd::Gone => "gone",
    }
}
