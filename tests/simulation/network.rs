//! The network between driver and service, and what it does to requests.

use crate::fault::Fate;
use crate::server::{Answer, Call};
use crate::world::{Happening, World};
use partway::engine::{Event, RequestId};
use partway::protocol::{Code, Failure, Rules};

impl World {
    /// A request goes out.
    pub fn send(&mut self, request: RequestId, call: Call) {
        let fate = self.weather.fate(&mut self.chance, &mut self.ledger.counts);
        let slow = self.chance.one_of(&[5, 50, 50, 400, 400, 5000]);
        if let Call::Put { range, .. } = &call {
            let length = range.end - range.start;
            let moves = self.chance.one_of(&[0, 1, 2]);
            let mut bytes = 0;
            for step in 1..=moves {
                bytes = if self.chance.percent(30) { length } else { self.chance.between(bytes, length) };
                let event = Event::PartMoved { request, bytes };
                self.after(slow * (step - 1) / 2, slow * step / 2, Happening::Tell(event, false));
            }
        }
        self.calls.insert(request, (call, self.token));
        self.after(slow, slow * 2, Happening::Arrive(request, fate));
    }

    /// It reaches the service, or not.
    pub fn arrive(&mut self, request: RequestId, fate: Fate) {
        let Some((call, token)) = self.calls.remove(&request) else { return };
        if !self.ledger.requests.contains_key(&request) {
            // The driver let go of it; it may be under way all the same.
            if self.chance.percent(70) {
                return;
            }
            self.ledger.counts.add("fault: a cancelled request acts late");
            if let Call::Start { name, .. } = &call {
                self.ledger.late_starts.push(*name);
            }
        }
        let now = self.ledger.now;
        let dropped = Event::Failed { request, failure: Failure::new(Code::Network, "dropped") };
        let event = match fate {
            _ if self.server.down_until > now || self.cut_off => dropped,
            // The driver itself gives up the request for the rules, which is not the engine's alone.
            Fate::Hangs(_) if matches!(call, Call::Rules) => {
                Event::Failed { request, failure: Failure::new(Code::Timeout, "stood still") }
            }
            Fate::Hangs(acts) => {
                if acts {
                    self.server.act(&call, token);
                }
                return;
            }
            Fate::Lost => dropped,
            Fate::Refused(failure) => {
                // The service may deny an upload that it still has. The engine then starts over, and the bucket may
                // hold it twice.
                let upload = self.ledger.requests.get(&request).and_then(|flight| flight.upload);
                if let Some(pick) = upload.filter(|_| failure.code == Code::NotFound).and_then(|id| self.picks.get(&id))
                {
                    self.ledger.denied.push(pick.file);
                }
                Event::Failed { request, failure }
            }
            Fate::Answered => match self.server.act(&call, token) {
                Answer::Rules => self.rules(request),
                Answer::Started { key, upload_id } => Event::Started { request, key, upload_id },
                Answer::Tag(tag) => Event::PartStored { request, tag },
                Answer::Completed => Event::Completed { request },
                Answer::Confirmed(completed) => Event::Confirmed { request, completed },
                Answer::Removed => Event::Removed { request },
                Answer::Found(keys) => Event::Found { request, keys },
                Answer::Status(status) => Event::Failed { request, failure: Failure::from_status(status, None) },
            },
            Fate::ActedAndFailed(failure) => {
                self.server.act(&call, token);
                Event::Failed { request, failure }
            }
        };
        let stale = self.chance.percent(50);
        self.after(0, 200, Happening::Tell(event, stale));
    }

    fn rules(&mut self, request: RequestId) -> Event {
        let rules = Rules {
            max_files: self.server.max_files,
            max_total_mega_bytes: self.server.max_bytes.map(|bytes| bytes as f64 / 1e6),
            expiry: None,
        };
        self.ledger.counts.add("rules: given");
        if rules.max_files.is_some() || rules.max_total_mega_bytes.is_some() {
            self.ledger.counts.add("rules: limits");
        }
        let expires_in = self.chance.percent(20).then(|| self.chance.between(0, 5000));
        Event::RulesKnown { request, rules, expires_in }
    }
}
