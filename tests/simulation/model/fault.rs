//! What can go wrong with a request, and how often in one schedule.

use crate::chance::Chance;
use crate::counts::Counts;

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    /// The service acts and its answer arrives.
    Answered,
    /// It never arrives.
    Lost,
    /// The service acts, and its answer is lost.
    AnswerLost,
    /// Somebody answers so; whether the service acted. With it the wait that the answer asks for.
    Status(u16, Option<u64>, bool),
    /// The answer is no JSON; whether the service acted.
    Garbled(bool),
    /// The answer breaks off; the service acted.
    CutShort,
    /// The answer is longer than any.
    TooLong,
    /// It was redirected.
    Redirected,
    /// Nothing is ever answered; whether the service acted.
    Hangs(bool),
    /// The answer comes so slowly that it never ends.
    Trickles,
}

/// How much goes wrong in a schedule, in percent.
#[derive(Clone, Copy, Default)]
pub struct Faults {
    /// Requests that fail and can be repeated.
    passing: u64,
    /// Requests that fail for good.
    lasting: u64,
    /// Requests that are never answered.
    hangs: u64,
    /// Whether the token expires at times.
    pub expiries: u64,
    /// How long the line needs for a part that it has taken at once, in milliseconds; zero where it takes it as it
    /// goes.
    pub swallows: u64,
    /// Whether no page may read a status above 399, as nothing adds CORS headers to it.
    pub hides: bool,
    /// Whether the service restarts.
    pub restarts: u64,
    /// Whether it serves nobody for a while.
    pub refusals: u64,
    /// Whether the network goes.
    pub offline: u64,
    /// Whether tabs die.
    pub deaths: u64,
    /// Writes of the store right after which their tab dies, in a thousand.
    pub fatal_writes: u64,
    /// Shows within which the person does something.
    pub whims: u64,
    /// Tabs whose page is stopped for a while.
    pub freezes: u64,
    /// Whether files change.
    pub changes: u64,
    /// Whether somebody sleeps.
    pub sleeps: bool,
}

impl Faults {
    pub fn new(chance: &mut Chance) -> Self {
        Self {
            passing: chance.one_of(&[0, 3, 15, 40]),
            lasting: chance.one_of(&[0, 0, 0, 1, 4]),
            hangs: chance.one_of(&[0, 0, 2, 8]),
            expiries: chance.one_of(&[0, 0, 100]),
            swallows: chance.one_of(&[0, 0, 0, 0, 0, 0, 0, 4000, 40_000, 200_000]),
            hides: chance.percent(8),
            restarts: chance.one_of(&[0, 0, 0, 100]),
            refusals: chance.one_of(&[0, 0, 0, 0, 100]),
            offline: chance.one_of(&[0, 0, 0, 100]),
            deaths: chance.one_of(&[0, 0, 100]),
            fatal_writes: chance.one_of(&[0, 0, 20, 100]),
            whims: chance.one_of(&[0, 0, 1, 8]),
            freezes: chance.one_of(&[0, 0, 0, 0, 50]),
            changes: chance.one_of(&[0, 0, 0, 100]),
            sleeps: chance.percent(50),
        }
    }

    pub fn none() -> Self {
        Self::default()
    }

    /// Whether requests fail by nothing that is drawn for each.
    pub fn spares_requests(&self) -> bool {
        self.passing + self.lasting + self.hangs == 0
    }

    pub fn fate(&self, chance: &mut Chance, counts: &mut Counts) -> Fate {
        let fate = if chance.percent(self.hangs) {
            if chance.percent(10) { Fate::Trickles } else { Fate::Hangs(chance.percent(50)) }
        } else if chance.percent(self.passing) {
            passing(chance)
        } else if chance.percent(self.lasting) {
            lasting(chance)
        } else {
            return Fate::Answered;
        };
        counts.add(kind(fate));
        if matches!(fate, Fate::Status(_, Some(_), _)) {
            counts.add("fault: Retry-After");
        }
        fate
    }
}

fn passing(chance: &mut Chance) -> Fate {
    match chance.between(0, 4) {
        0 => Fate::Lost,
        1 => Fate::AnswerLost,
        2 if chance.percent(20) => Fate::CutShort,
        2 => Fate::Garbled(chance.percent(50)),
        _ => {
            let status = chance.one_of(&[401, 408, 425, 429, 429, 500, 503, 503]);
            let asked = matches!(status, 429 | 500 | 503) && chance.percent(40);
            let wait = asked.then(|| chance.one_of(&[0, 1000, 1000, 5000, 60_000, 3_600_000, u64::MAX]));
            Fate::Status(status, wait, matches!(status, 408 | 500 | 503) && chance.percent(50))
        }
    }
}

fn lasting(chance: &mut Chance) -> Fate {
    match chance.one_of(&[1, 2, 302, 400, 403, 404, 404, 409, 413]) {
        1 => Fate::TooLong,
        2 => Fate::Redirected,
        status => Fate::Status(status, None, false),
    }
}

fn kind(fate: Fate) -> &'static str {
    match fate {
        Fate::Answered => "fault: none",
        Fate::Lost => "fault: dropped before acting",
        Fate::AnswerLost => "fault: answer dropped",
        Fate::Garbled(true) => "fault: malformed after acting",
        Fate::Garbled(false) => "fault: malformed before acting",
        Fate::CutShort => "fault: answer cut short",
        Fate::TooLong => "fault: answer too long",
        Fate::Redirected => "fault: redirected",
        Fate::Hangs(true) => "fault: hangs after acting",
        Fate::Hangs(false) => "fault: hangs before acting",
        Fate::Trickles => "fault: trickles",
        Fate::Status(302, ..) => "fault: 302",
        Fate::Status(401, ..) => "fault: 401",
        Fate::Status(403, ..) => "fault: 403",
        Fate::Status(404, ..) => "fault: 404",
        Fate::Status(408, _, true) => "fault: 408 after acting",
        Fate::Status(408, ..) => "fault: 408 before acting",
        Fate::Status(409, ..) => "fault: 409",
        Fate::Status(413, ..) => "fault: 413",
        Fate::Status(425, ..) => "fault: 425",
        Fate::Status(429, ..) => "fault: 429",
        Fate::Status(500, _, true) => "fault: 500 after acting",
        Fate::Status(500, ..) => "fault: 500 before acting",
        Fate::Status(503, _, true) => "fault: 503 after acting",
        Fate::Status(..) => "fault: 503 before acting",
    }
}
