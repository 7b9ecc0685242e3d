//! The network between tabs and service, and what becomes of the requests on it.

use super::fault::Fate;
use super::service::{Content, Reply};
use super::{EPOCH, Model};
use partway::engine::Outcome;
use partway::protocol::{Request, Response};

#[derive(Default)]
pub struct Network {
    /// Nothing gets through.
    pub cut: bool,
}

/// A request on its way.
#[derive(Clone, Debug)]
pub struct Sent {
    pub request: Request,
    /// What a part carries; `None` where it cannot be read.
    pub content: Option<Content>,
    pub is_part: bool,
    pub token: Option<u64>,
    pub fate: Fate,
}

/// An answer as the driver reports it.
fn response(reply: Reply, retry_after: Option<u64>, now: u64) -> Outcome {
    let body = if (200..300).contains(&reply.status) { reply.body.into_bytes() } else { Vec::new() };
    let received_at = EPOCH + now as f64;
    Outcome::Response(Response { status: reply.status, retry_after, announced: None, body, received_at })
}

impl Model {
    /// A request reaches the service, or not; `None`: nothing is ever heard of it.
    pub fn arrive(&mut self, sent: &Sent, now: u64) -> Option<Outcome> {
        let outcome = self.answer(sent, now)?;
        let is_hidden = matches!(&outcome, Outcome::Response(response) if response.status >= 400);
        Some(if self.faults.hides && is_hidden { Outcome::NoResponse } else { outcome })
    }

    fn answer(&mut self, sent: &Sent, now: u64) -> Option<Outcome> {
        if sent.is_part && sent.content.is_none() {
            return Some(Outcome::Unreadable);
        }
        if self.network.cut || self.service.down_until > now {
            return Some(Outcome::NoResponse);
        }
        if let Some(refusing) = self.service.refuses(sent.is_part, now) {
            return Some(response(Reply::status(refusing.status), None, now));
        }
        let (request, content) = (&sent.request, sent.content.as_ref());
        let mut act = || self.service.act(request, content, sent.token);
        Some(match sent.fate {
            Fate::Answered => response(act(), None, now),
            Fate::Lost => Outcome::NoResponse,
            Fate::AnswerLost => {
                act();
                Outcome::NoResponse
            }
            Fate::Status(status, wait, acts) => {
                if acts {
                    act();
                }
                response(Reply::status(status), wait, now)
            }
            Fate::Garbled(acts) => {
                if acts {
                    act();
                }
                let body = if now.is_multiple_of(2) { "<html>" } else { r#"{"error":"InternalError"}"# };
                response(Reply { status: 200, body: body.to_owned() }, None, now)
            }
            Fate::CutShort => {
                let reply = act();
                match response(reply, None, now) {
                    Outcome::Response(mut whole) if whole.body.len() > 2 => {
                        whole.announced = Some(whole.body.len() as u64);
                        whole.body.truncate(whole.body.len() - 1);
                        Outcome::Response(whole)
                    }
                    other => other,
                }
            }
            Fate::TooLong => Outcome::TooLong,
            Fate::Redirected => Outcome::Redirected { status: 200 },
            Fate::Hangs(acts) => {
                if acts {
                    act();
                }
                return None;
            }
            Fate::Trickles => return None,
        })
    }
}
