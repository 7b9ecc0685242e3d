//! The rows of the race: what is uploaded, over what, by whom.
use super::{
    faults::{Faults, Outage},
    line::Quality,
    who::{PARTWAY, PEERS},
};

const MIB: u64 = 1 << 20;

/// The files of a row, all of one size.
#[derive(Clone, Copy, Debug)]
pub struct Files {
    /// How many.
    pub count: u64,
    /// Bytes of each.
    pub bytes: u64,
    /// On the disk, picked by a person; else made in the page's memory.
    pub disk: bool,
}

impl Files {
    const fn on_disk(count: u64, bytes: u64) -> Self {
        Self { count, bytes, disk: true }
    }

    const fn in_memory(count: u64, bytes: u64) -> Self {
        Self { count, bytes, disk: false }
    }

    /// Whether files count, and not their bytes.
    #[must_use]
    pub fn is_small(self) -> bool {
        self.bytes < 1_000_000
    }

    /// Bytes of all.
    #[must_use]
    pub fn sum(self) -> u64 {
        self.count * self.bytes
    }
}

/// What is told of a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Megabytes, or files, a second.
    Throughput,
    /// Seconds from the first call to the last `done`.
    Time,
    /// Bytes that came more than once.
    Twice,
    /// The longest task of the main thread.
    Task,
    /// From the last byte at the server to `done` in the page.
    Tail,
    /// The WebAssembly's memory at the end.
    Memory,
    /// What a file waiting adds to that memory.
    Waiting,
}

impl Figure {
    /// Its name in the results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Time => "time",
            Self::Twice => "sent twice",
            Self::Task => "longest task",
            Self::Tail => "last byte to done",
            Self::Memory => "wasm memory",
            Self::Waiting => "wasm memory a file queued",
        }
    }

    /// The unit of its numbers.
    #[must_use]
    pub fn unit(self, files: Files) -> &'static str {
        match self {
            Self::Throughput if files.is_small() => "files/s",
            Self::Throughput => "MB/s",
            Self::Time => "s",
            Self::Twice | Self::Memory => "MB",
            Self::Task | Self::Tail => "ms",
            Self::Waiting => "B",
        }
    }

    /// What throughput counts a second of.
    #[must_use]
    pub fn amount(files: Files) -> f64 {
        if files.is_small() { files.count as f64 } else { files.sum() as f64 / 1e6 }
    }
}

/// What happens besides.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trouble {
    /// At the server.
    pub faults: Faults,
    /// On the way.
    pub line: Option<Quality>,
    /// The page is loaded again at half of the bytes.
    pub reload: bool,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// What is uploaded.
    pub files: Files,
    /// What is uploaded with `--quick`; `None`: the row is left out there.
    pub quick: Option<Files>,
    /// By whom, besides the hand-written loops.
    pub who: &'static [&'static [&'static str]],
    /// Whether hand-written loops race too.
    pub limit: bool,
    /// What happens besides.
    pub trouble: Trouble,
    /// At most so many runs.
    pub most: usize,
    /// What is told, the first compared with the limit.
    pub figures: &'static [Figure],
}

const CALM: Trouble = Trouble { faults: Faults { late: 0, fail_every: 0, outage: None }, line: None, reload: false };
const LATE: Faults = Faults { late: 40, ..CALM.faults };
const ONE_OF_100: Faults = Faults { fail_every: 100, ..CALM.faults };
/// Of a hundred pieces of 256 KiB one ends its connection.
const SLOW: Quality = Quality { speed: 50_000_000 / 8, breaks_after: 100 * (256 << 10) };

const ALL: &[&[&str]] = &[&PARTWAY, &PEERS];
const OURS: &[&[&str]] = &[&PARTWAY];
const ONE: &[&[&str]] = &[&["partway"]];
/// Who says that they try again, at their best. tus, unless it sends the file with its creation, goes on where it was.
const PATIENT: &[&[&str]] = &[&["partway", "uppy", "uppy5", "tus-defaults", "lib-storage", "upchunk"]];
/// Who goes on after a reload when the file is picked again.
const RELOADED: &[&[&str]] = &[&["partway", "tus-defaults"]];

const BIG: &[Figure] = &[Figure::Throughput, Figure::Tail, Figure::Task];
const MANY: &[Figure] = &[Figure::Throughput, Figure::Task];
const TROUBLED: &[Figure] = &[Figure::Time, Figure::Twice];
const GROWTH: &[Figure] = &[Figure::Throughput, Figure::Memory];
const QUEUE: &[Figure] = &[Figure::Throughput, Figure::Time, Figure::Task, Figure::Waiting];

const fn row(name: &'static str, files: Files, who: &'static [&'static [&'static str]]) -> Row {
    Row { name, files, quick: None, who, limit: true, trouble: CALM, most: usize::MAX, figures: BIG }
}

const fn growth(name: &'static str, files: Files, figures: &'static [Figure]) -> Row {
    Row { limit: false, most: 1, figures, ..row(name, files, ONE) }
}

/// All rows in which something is uploaded.
pub const ROWS: &[Row] = &[
    Row { quick: Some(Files::on_disk(1, 48 * MIB)), ..row("1 x 512 MiB", Files::on_disk(1, 512 * MIB), ALL) },
    Row {
        quick: Some(Files::on_disk(1, 24 * MIB)),
        trouble: Trouble { faults: LATE, ..CALM },
        ..row("1 x 512 MiB, answers 40 ms late", Files::on_disk(1, 512 * MIB), ALL)
    },
    Row { quick: Some(Files::on_disk(4, 10 * MIB)), ..row("20 x 50 MiB", Files::on_disk(20, 50 * MIB), ALL) },
    Row {
        quick: Some(Files::in_memory(20, 100_000)),
        figures: MANY,
        ..row("300 x 100 kB", Files::in_memory(300, 100_000), ALL)
    },
    Row {
        quick: Some(Files::in_memory(20, 100_000)),
        trouble: Trouble { faults: LATE, ..CALM },
        figures: MANY,
        ..row("200 x 100 kB, answers 40 ms late", Files::in_memory(200, 100_000), OURS)
    },
    Row {
        quick: Some(Files::in_memory(100, 1000)),
        figures: &[Figure::Throughput, Figure::Task, Figure::Waiting],
        ..row("5,000 x 1 kB", Files::in_memory(5000, 1000), &[&["partway", "partway-no-resume"]])
    },
    Row {
        quick: Some(Files::on_disk(1, 8 * MIB)),
        trouble: Trouble { faults: LATE, line: Some(SLOW), reload: false },
        figures: &[Figure::Throughput, Figure::Twice],
        ..row("1 x 64 MiB, 50 Mbit/s, answers 40 ms late, connections break", Files::on_disk(1, 64 * MIB), PATIENT)
    },
    Row {
        quick: Some(Files::in_memory(20, 100_000)),
        trouble: Trouble { faults: ONE_OF_100, ..CALM },
        figures: TROUBLED,
        ..row("300 x 100 kB, 1 of 100 requests fails", Files::in_memory(300, 100_000), PATIENT)
    },
    Row {
        quick: Some(Files::on_disk(1, 48 * MIB)),
        trouble: Trouble {
            faults: Faults { outage: Some(Outage { after: 256 * MIB, millis: 5000 }), ..CALM.faults },
            ..CALM
        },
        figures: TROUBLED,
        ..row("1 x 512 MiB, 5 s outage at half", Files::on_disk(1, 512 * MIB), PATIENT)
    },
    Row {
        quick: Some(Files::on_disk(1, 48 * MIB)),
        trouble: Trouble {
            reload: true,
            line: Some(Quality { speed: 50_000_000, breaks_after: u64::MAX / 4 }),
            ..CALM
        },
        figures: TROUBLED,
        ..row("1 x 256 MiB, 400 Mbit/s, reload at half", Files::on_disk(1, 256 * MIB), RELOADED)
    },
    Row { quick: Some(Files::on_disk(1, 1_000_000)), ..growth("10 MB", Files::on_disk(1, 10_000_000), GROWTH) },
    growth("100 MB", Files::on_disk(1, 100_000_000), GROWTH),
    growth("1 GB", Files::on_disk(1, 1_000_000_000), GROWTH),
    growth("10 GB", Files::on_disk(1, 10_000_000_000), GROWTH),
    Row { quick: Some(Files::in_memory(10, 1000)), ..growth("10 queued", Files::in_memory(10, 1000), QUEUE) },
    growth("100 queued", Files::in_memory(100, 1000), QUEUE),
    growth("1,000 queued", Files::in_memory(1000, 1000), QUEUE),
    growth("10,000 queued", Files::in_memory(10_000, 1000), QUEUE),
];

impl Row {
    /// What is uploaded; `None` where the row is left out.
    #[must_use]
    pub fn files(&self, quick: bool) -> Option<Files> {
        if quick { self.quick } else { Some(self.files) }
    }

    /// Whether the best hand-written loop is looked for, or the usual one taken.
    #[must_use]
    pub fn scouts(&self) -> bool {
        self.trouble.line.is_none() && !self.is_faulty()
    }

    /// Whether something may be sent twice.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        let Trouble { faults, line, reload } = self.trouble;
        faults.fail_every > 0 || faults.outage.is_some() || line.is_some() || reload
    }

    /// What the server does; an outage comes at half of whatever is uploaded.
    #[must_use]
    pub fn faults(&self, files: Files) -> Faults {
        let faults = self.trouble.faults;
        Faults { outage: faults.outage.map(|outage| Outage { after: files.sum() / 2, ..outage }), ..faults }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browsers::bench::who::Who;

    #[test]
    fn every_row_has_its_own_name_and_known_racers() {
        let mut names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ROWS.len());
        assert!(ROWS.iter().flat_map(|row| row.who.concat()).all(|name| Who::named(name).is_some()));
    }

    #[test]
    fn every_kind_of_trouble_is_met_quickly() {
        assert!(ROWS.iter().filter(|row| row.is_faulty() || row.limit).all(|row| row.quick.is_some()));
    }
}
