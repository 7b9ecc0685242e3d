//! What can go wrong with a request, and how often in one schedule.

use crate::chance::Chance;
use crate::counts::Counts;
use partway::protocol::{Code, Failure};

/// What becomes of one request.
#[derive(Clone, Debug)]
pub enum Fate {
    /// The service acts and its answer arrives.
    Answered,
    /// It never arrives.
    Lost,
    /// The service answers and does not act.
    Refused(Failure),
    /// The service acts, and the answer says otherwise or is lost.
    ActedAndFailed(Failure),
    /// Nothing is ever answered; whether the service acted.
    Hangs(bool),
}

/// How much goes wrong in a schedule, in percent.
pub struct Weather {
    /// Requests that fail and can be repeated.
    passing: u64,
    /// Requests that fail for good.
    lasting: u64,
    pub expiries: u64,
    pub restarts: u64,
    /// Requests that are never answered.
    hangs: u64,
    /// Schedules in which the network goes, and requests fail with it.
    pub offline: u64,
    /// Schedules in which the page dies.
    pub crashes: u64,
    /// Reports within which the person does something.
    pub whims: u64,
}

impl Weather {
    pub fn new(chance: &mut Chance) -> Self {
        Self {
            passing: chance.one_of(&[0, 3, 15, 40]),
            lasting: chance.one_of(&[0, 0, 1, 5]),
            expiries: chance.one_of(&[0, 30, 100]),
            restarts: chance.one_of(&[0, 0, 100]),
            hangs: chance.one_of(&[0, 0, 2, 10]),
            offline: chance.one_of(&[0, 0, 100]),
            crashes: chance.one_of(&[0, 0, 100]),
            whims: chance.one_of(&[0, 0, 1, 10]),
        }
    }

    pub fn fate(&self, chance: &mut Chance, counts: &mut Counts) -> Fate {
        if chance.percent(self.hangs) {
            let acted = chance.percent(50);
            counts.add(if acted { "fault: hangs after acting" } else { "fault: hangs before acting" });
            Fate::Hangs(acted)
        } else if chance.percent(self.passing) {
            passing(chance, counts)
        } else if chance.percent(self.lasting) {
            lasting(chance, counts)
        } else {
            Fate::Answered
        }
    }
}

fn passing(chance: &mut Chance, counts: &mut Counts) -> Fate {
    match chance.between(0, 3) {
        0 => {
            counts.add("fault: dropped before acting");
            Fate::Lost
        }
        1 => {
            counts.add("fault: answer dropped");
            Fate::ActedAndFailed(Failure::new(Code::Network, "the answer was dropped"))
        }
        _ => {
            let status = chance.one_of(&[401, 408, 425, 429, 429, 500, 503, 503]);
            let asked = matches!(status, 429 | 500 | 503) && chance.percent(40);
            let retry_after = asked.then(|| chance.one_of(&[0, 1000, 1000, 5000, 60_000, 3_600_000, u64::MAX]));
            if asked {
                counts.add("fault: Retry-After");
            }
            let failure = Failure::from_status(status, retry_after);
            if matches!(status, 408 | 500 | 503) && chance.percent(50) {
                counts.add(format!("fault: {status} after acting"));
                Fate::ActedAndFailed(failure)
            } else {
                counts.add(format!("fault: {status} before acting"));
                Fate::Refused(failure)
            }
        }
    }
}

fn lasting(chance: &mut Chance, counts: &mut Counts) -> Fate {
    let status = chance.one_of(&[0, 200, 302, 403, 404, 409, 413]);
    if status == 0 {
        counts.add("fault: the file changed");
        return Fate::Refused(Failure::new(Code::FileChanged, "the file changed"));
    }
    if status != 200 {
        counts.add(format!("fault: {status} before acting"));
        return Fate::Refused(Failure::from_status(status, None));
    }
    let failure = Failure::protocol("it is no JSON");
    if chance.percent(50) {
        counts.add("fault: malformed before acting");
        Fate::Refused(failure)
    } else {
        counts.add("fault: malformed after acting");
        Fate::ActedAndFailed(failure)
    }
}
