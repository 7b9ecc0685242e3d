//! What the tabs of a session tell each other about a file.

use super::row::{LONGEST_OVERHEAD, Place, Plain, Reader};
use super::{MAX_TEXT, ResumeError, ResumeKey};

/// The longest plaintext of a message.
const MOST: usize = 2 + MAX_TEXT + 1 + 8 + 8 + 1 + 2 + MAX_TEXT;

/// The most bytes of a sealed message. What is longer is none.
pub const MAX_MESSAGE: usize = MOST + LONGEST_OVERHEAD;

const REPORT: u8 = 0x01;
const REPORT_WITHOUT_KEY: u8 = 0x02;
const REQUEST_HANDOVER: u8 = 0x03;
const PING: u8 = 0x04;

/// What one tab tells the others about a file. It is a hint: nothing is done, or given up, because of it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerMessage {
    /// From the tab that sends it: how far it is.
    Report(PeerReport),
    /// From a tab that could send it: a tab that has the lock and cannot send releases it.
    RequestHandover,
    /// From a tab that heard nothing of it for long: a tab that has the lock reports.
    Ping,
}

/// How far another tab is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerReport {
    /// Bytes the service has or is receiving.
    pub sent: u64,
    /// Parts stored.
    pub parts_done: u32,
    /// The file's key, once it is known.
    pub key: Option<String>,
    /// How it ended, once it has.
    pub end: Option<PeerEnd>,
}

/// How an upload ended in another tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerEnd {
    /// The file is stored.
    Done,
    /// It was given up there.
    Gone,
}

impl ResumeKey {
    /// Seals a message about the file that `identity` names, for the other tabs of the session at this service.
    ///
    /// `nonce` is 12 bytes from a cryptographic random source, new for every message.
    ///
    /// # Errors
    /// [`ResumeError::Limit`] if the identity or the key has more than [`MAX_TEXT`] bytes.
    pub fn seal_message(&self, identity: &str, message: &PeerMessage, nonce: [u8; 12]) -> Result<Vec<u8>, ResumeError> {
        let mut plain = Plain::with_room(MOST);
        plain.text(identity, MAX_TEXT)?;
        match message {
            PeerMessage::Report(PeerReport { sent, parts_done, key, end }) => {
                plain.byte(if key.is_some() { REPORT } else { REPORT_WITHOUT_KEY });
                plain.number(*sent);
                plain.number(u64::from(*parts_done));
                plain.byte(match end {
                    None => 0,
                    Some(PeerEnd::Done) => 1,
                    Some(PeerEnd::Gone) => 2,
                });
                if let Some(key) = key {
                    plain.text(key, MAX_TEXT)?;
                }
            }
            PeerMessage::RequestHandover => plain.byte(REQUEST_HANDOVER),
            PeerMessage::Ping => plain.byte(PING),
        }
        self.seal("", Place::Message, plain, nonce)
    }

    /// Opens what [`Self::seal_message`] made under the same session ID for the same service: the file's identity and
    /// the message.
    ///
    /// # Errors
    /// [`ResumeError::Unreadable`], whatever the cause.
    pub fn open_message(&self, sealed: &[u8]) -> Result<(String, PeerMessage), ResumeError> {
        self.open("", Place::Message, sealed, MOST, |plain| {
            let identity = plain.text(MAX_TEXT)?;
            let message = match plain.byte()? {
                kind @ (REPORT | REPORT_WITHOUT_KEY) => PeerMessage::Report(report(plain, kind == REPORT)?),
                REQUEST_HANDOVER => PeerMessage::RequestHandover,
                PING => PeerMessage::Ping,
                _ => return None,
            };
            Some((identity, message))
        })
    }
}

fn report(plain: &mut Reader<'_>, has_key: bool) -> Option<PeerReport> {
    let (sent, parts_done) = (plain.number()?, u32::try_from(plain.number()?).ok()?);
    let end = match plain.byte()? {
        0 => None,
        1 => Some(PeerEnd::Done),
        2 => Some(PeerEnd::Gone),
        _ => return None,
    };
    let key = if has_key { Some(plain.text(MAX_TEXT)?) } else { None };
    Some(PeerReport { sent, parts_done, key, end })
}
