//! The person: what they pick, and what they do to it.

use crate::world::{Happening, World};
use partway::engine::{Event, Picked, State, UploadId};

impl World {
    /// What is certain to happen: files, the person's moods, the service's.
    pub fn plan(&mut self) {
        let uploads = self.chance.one_of(&[1_u64, 1, 2, 2, 3, 5]);
        for number in 0..uploads {
            let at = if number == 0 || self.chance.percent(60) { 0 } else { self.chance.between(1, 4000) };
            if at > 0 {
                self.ledger.counts.add("person: pick later");
            }
            let picked =
                Picked { size: self.size(), findable: self.chance.percent(90), heard: self.chance.percent(50) };
            let file = number + 1;
            self.at(at, Happening::Pick { picked, file, kept: None });
        }
        let busy = self.chance.one_of(&[0, 0, 2, 6]);
        for _ in 0..busy {
            let (at, event) = (self.chance.between(0, 8000), self.whim());
            self.at(at, Happening::Tell(event, true));
        }
        if self.ledger.config.recalls && self.chance.percent(40) {
            let (at, upload) = (self.chance.between(0, 8000), UploadId(self.chance.between(1, 3) as u32));
            self.at(at, Happening::Tell(Event::Wanted { upload }, true));
        }
        if self.chance.percent(self.weather.expiries) {
            let at = self.chance.between(0, 5000);
            self.at(at, Happening::Expire);
        }
        if self.chance.percent(self.weather.offline) {
            let (went, back) = (self.chance.between(0, 6000), self.chance.one_of(&[0, 500, 5000, 100_000]));
            let truly = self.chance.percent(70);
            self.at(went, Happening::Network { there: false, truly });
            self.at(went + back, Happening::Network { there: true, truly });
        }
        if self.chance.percent(self.weather.crashes) {
            let at = self.chance.between(0, 6000);
            self.at(at, Happening::Crash);
        }
        if self.chance.percent(self.weather.restarts) {
            let (at, loses) = (self.chance.between(0, 5000), self.chance.percent(20));
            self.at(at, Happening::Restart { loses });
        }
    }

    fn size(&mut self) -> u64 {
        let part = self.ledger.config.part_size.unwrap_or(8 * 1024 * 1024);
        let parts = self.chance.one_of(&[1, 2, 2, 3, 4, 6]);
        let (kind, size) = match self.chance.between(0, 19) {
            0 | 1 => ("size: empty", 0),
            2 | 3 => ("size: one byte", 1),
            4 | 5 => ("size: exact multiple", parts * part),
            6 | 7 => ("size: multiple and one byte", parts * part + 1),
            8 => ("size: huge", self.chance.between(20, 50) * part),
            9..=13 => ("size: one part", self.chance.between(2, part)),
            _ => ("size: any", self.chance.between(2, 8 * part)),
        };
        self.ledger.counts.add(kind);
        size
    }

    /// Something a person does, perhaps to an upload that is long over or never was.
    pub fn whim(&mut self) -> Event {
        let id = UploadId(self.chance.between(1, 5) as u32);
        match self.chance.between(0, 9) {
            0..=3 => Event::Pause(id),
            4..=7 => Event::Resume(id),
            other => Event::Abort { upload: id, keep: other == 8 },
        }
    }

    /// Nothing is under way any more: what is left must be paused, and the person goes on. Says whether all is over.
    pub fn wind_up(&mut self) -> bool {
        let open: Vec<UploadId> =
            self.ledger.uploads.iter().filter(|(_, record)| !record.settled).map(|(id, _)| *id).collect();
        for id in &open {
            let state = self.engine.state(*id);
            assert_eq!(state, Some(State::Paused), "{id:?} waits for ever, and says it is {state:?}");
        }
        let Some(id) = open.first().copied() else { return true };
        let abort = self.chance.percent(10);
        self.tell(if abort { Event::Abort { upload: id, keep: false } } else { Event::Resume(id) });
        false
    }
}
