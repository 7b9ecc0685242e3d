//! The channel between the tabs of a session.

use super::Listener;
use super::property::has_global;
use super::store::{bytes, nonce};
use crate::engine::Identity;
use crate::resume::{MAX_MESSAGE, PeerMessage, ResumeKey};
use js_sys::Uint8Array;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, MessageEvent};

/// Who hears what another tab posts.
pub type OnMessage = Rc<dyn Fn(Identity, PeerMessage)>;

/// The channel. An open one keeps a program without a page, as in Node, from ending. Without `BroadcastChannel` it
/// sends and receives nothing. Messages are sealed: any page of the origin may listen, and post.
pub struct TabChannel {
    name: String,
    key: Rc<ResumeKey>,
    on_message: OnMessage,
    open: RefCell<Option<Open>>,
}

struct Open {
    channel: BroadcastChannel,
    _listener: Listener,
}

impl TabChannel {
    /// The channel of the session that `key` belongs to, still closed.
    pub fn new(key: Rc<ResumeKey>, on_message: OnMessage) -> Self {
        Self { name: ["partway:", &key.scope()].concat(), key, on_message, open: RefCell::default() }
    }

    /// Opens the channel if it is not open.
    pub fn open(&self) {
        let mut open = self.open.borrow_mut();
        if !has_global("BroadcastChannel") || open.is_some() {
            return;
        }
        let Ok(channel) = BroadcastChannel::new(&self.name) else { return };
        let (key, on_message) = (Rc::clone(&self.key), Rc::clone(&self.on_message));
        let listener = Listener::new(&channel, "message", move |event| {
            if let Some((identity, message)) = read(&key, &event.unchecked_into::<MessageEvent>().data()) {
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
    pub fn post(&self, Identity(identity): &Identity, message: &PeerMessage) {
        let Some(Open { channel, .. }) = &*self.open.borrow() else { return };
        let Ok(nonce) = nonce() else { return };
        if let Ok(sealed) = self.key.seal_message(identity, message, nonce) {
            // A tab that does not hear it takes over when the lease is free, and asks the store.
            let _ = channel.post_message(&Uint8Array::from(sealed.as_slice()));
        }
    }
}

impl Drop for TabChannel {
    fn drop(&mut self) {
        self.close();
    }
}

/// Any page of this origin may post anything: what this session did not seal is no message.
fn read(key: &ResumeKey, data: &JsValue) -> Option<(Identity, PeerMessage)> {
    let (identity, message) = key.open_message(&bytes(data, MAX_MESSAGE as u32)?).ok()?;
    Some((Identity(identity), message))
}
