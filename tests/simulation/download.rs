//! Downloads: what comes through a link, how much of it, and where it breaks.

use crate::chance::Chance;
use crate::happening::Happening;
use crate::model::EPOCH;
use crate::world::World;
use partway::engine::{Bytes, Event, Gathered, Link, OpId, Outcome};
use partway::protocol::Response;
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

/// Bytes of one copy of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    pub key: String,
    pub copy: u64,
    pub range: Range<u64>,
}

/// What a download's tries gathered, in its order.
pub type Pieces = Vec<Piece>;

/// Bytes of a download on their way.
#[derive(Debug)]
pub struct Arriving {
    pub gathered: Gathered,
    pub piece: Piece,
    /// They are the first of the whole file: what was gathered goes.
    pub anew: bool,
}

/// What a service does to downloads in one schedule, in percent.
pub struct Storage {
    breaks: u64,
    expires: u64,
    /// A page cannot read that a link is refused.
    hides: bool,
    /// It gives the whole file, whatever is asked for.
    ignores_ranges: bool,
    /// It takes no request for the rest from a page.
    forbids_ranges: bool,
    /// It tells no page where the rest begins, or which copy it is of.
    tells: bool,
    misfits: u64,
}

impl Storage {
    pub fn new(chance: &mut Chance) -> Self {
        Self {
            breaks: chance.one_of(&[0, 5, 40]),
            expires: chance.one_of(&[0, 8, 25]),
            hides: chance.percent(20),
            ignores_ranges: chance.percent(15),
            forbids_ranges: chance.percent(15),
            tells: chance.percent(60),
            misfits: chance.one_of(&[0, 0, 10]),
        }
    }

    /// Whether a page learns where the rest begins, and which copy it is of.
    pub fn tells(&self) -> bool {
        self.tells
    }
}

/// The driver's own value in `gathered`.
pub fn pieces(gathered: &Gathered) -> &RefCell<Pieces> {
    let own = gathered.0.get_or_init(|| Box::new(RefCell::new(Pieces::new())));
    own.downcast_ref().expect("the driver put it there")
}

fn end(pieces: &Pieces) -> u64 {
    pieces.last().map_or(0, |piece| piece.range.end)
}

fn status(status: u16) -> Outcome {
    let body = Vec::new();
    Outcome::Response(Response { status, retry_after: None, announced: None, body, received_at: EPOCH })
}

impl World {
    /// One request for the bytes behind a link, or for the rest of them.
    pub fn fetch(&mut self, tab: usize, op: OpId, link: &Link, size: u64, gathered: &Gathered, resumes: bool) {
        let before = end(&pieces(gathered).borrow());
        if size > 0 && before == size {
            return self.answer(tab, op, 0, 5, Outcome::Fetched(whole(gathered)));
        }
        let from = if resumes { before } else { 0 };
        let calm = self.books.calm.is_some();
        let storage = &self.model.storage;
        let forbidden = storage.forbids_ranges && from > 0;
        if forbidden {
            self.counts.add("download: the rest may not be asked for");
        }
        if self.model.network.cut || forbidden {
            return self.answer(tab, op, 5, 50, Outcome::NoResponse);
        }
        let known = self.model.service.links.get(&link.0).cloned();
        let held = known.and_then(|key| Some((self.model.service.files.get(&key)?.size, key)));
        let Some((held, key)) = held else {
            let outcome = self.refusal(404);
            return self.answer(tab, op, 5, 50, outcome);
        };
        let (breaks, expires, misfits) = (storage.breaks, storage.expires, storage.misfits);
        if !calm && self.chance.percent(expires) {
            self.counts.add("download: the link expired");
            self.model.service.links.remove(&link.0);
            let outcome = self.refusal(403);
            return self.answer(tab, op, 5, 50, outcome);
        }
        if !calm && self.chance.percent(2) {
            return self.answer(tab, op, 20, 100, Outcome::Unkept);
        }
        if held > size {
            return self.answer(tab, op, 20, 100, Outcome::TooLong);
        }
        let storage = &self.model.storage;
        let (ignores, tells) = (storage.ignores_ranges, storage.tells);
        if from > 0 && !ignores && !calm && self.chance.percent(misfits) {
            self.counts.add("download: not the rest");
            // Another copy has taken its place, or it has fewer bytes.
            self.model.service.copies += u64::from(tells);
            let outcome = if self.chance.percent(50) { Outcome::Misfit } else { status(416) };
            return self.answer(tab, op, 5, 50, outcome);
        }
        let start = if ignores { 0 } else { from };
        if from > 0 {
            self.counts.add(if ignores { "download: the whole comes again" } else { "download: the rest comes" });
        }
        let copy = self.model.service.copies;
        if start > 0 && tells && pieces(gathered).borrow().iter().any(|piece| piece.copy != copy) {
            return self.answer(tab, op, 5, 50, Outcome::Misfit);
        }
        self.deliver(tab, op, gathered, Piece { key, copy, range: start..held }, breaks);
    }

    fn refusal(&mut self, code: u16) -> Outcome {
        if !self.model.storage.hides {
            return status(code);
        }
        self.counts.add("download: a refusal is hidden");
        Outcome::NoResponse
    }

    /// Bytes come, in one or two pieces, and end where they break off.
    fn deliver(&mut self, tab: usize, op: OpId, gathered: &Gathered, all: Piece, breaks: u64) {
        let calm = self.books.calm.is_some();
        let Range { start, end: whole_end } = all.range;
        let broken = !calm && self.chance.percent(breaks);
        let last = if broken { self.chance.between(start, whole_end) } else { whole_end };
        let middle = self.chance.between(start, last);
        self.open(tab, op);
        let mut from = start;
        for to in [middle, last] {
            if to > from {
                let piece = Piece { range: from..to, ..all.clone() };
                let arriving = Arriving { gathered: gathered.clone(), piece, anew: from == 0 };
                self.after(
                    10 * u64::from(to == last),
                    10 + 10 * u64::from(to == last),
                    Happening::Comes(tab, op, arriving),
                );
                from = to;
            }
        }
        if !broken {
            return self.after(30, 100, Happening::Came(tab, op, gathered.clone()));
        }
        if self.chance.percent(30) {
            // Nothing more is heard of it.
            return self.counts.add("download: stalls");
        }
        self.counts.add("download: breaks off");
        self.after(30, 100, Happening::Tell(tab, Event::Ended { op, outcome: Outcome::NoResponse }));
    }

    /// Bytes of a download come.
    pub fn comes(&mut self, tab: usize, op: OpId, arriving: Arriving) {
        if !self.tabs[tab].alive || !self.tabs[tab].open.contains(&op) {
            return;
        }
        let bytes = arriving.piece.range.end;
        {
            let mut pieces = pieces(&arriving.gathered).borrow_mut();
            if arriving.anew {
                pieces.clear();
            }
            pieces.push(arriving.piece);
        }
        self.tell(tab, Event::Moved { op, bytes });
    }

    /// All of an answer came.
    pub fn came(&mut self, tab: usize, op: OpId, gathered: &Gathered) {
        if self.tabs[tab].alive {
            self.tell_ended(tab, op, Outcome::Fetched(whole(gathered)));
        }
    }
}

fn whole(gathered: &Gathered) -> Bytes {
    let pieces = pieces(gathered).borrow().clone();
    Bytes { size: end(&pieces), value: Rc::new(pieces) }
}
