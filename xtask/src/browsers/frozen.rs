//! A tab whose own process is stopped: nothing of it runs, while its locks, its connections and its page stay.
//!
//! Linux only: `/proc` tells which process a tab is.
use std::{collections::BTreeMap, fs, thread, time::Duration};

use anyhow::{Result, bail, ensure};
use serde_json::json;

use super::webdriver::Session;
use crate::process::{self, Stopped};

/// How long a tab computes, so that its process can be told by the time that it takes, in milliseconds.
const LOOP: u64 = 300;
/// How often it does so until its process stands out: other processes of the browser may be busy at first.
const LOOPS: u32 = 30;
/// The least that stands out, in the ticks of `/proc`: 100 a second.
const LEAST: u64 = 5;

/// The process of the page that commands go to. It is another one once the page has gone to another site.
///
/// # Errors
/// None stands out by the time it takes while the page computes.
pub fn process_of(session: &Session) -> Result<u32> {
    let mut before = None;
    for _ in 0..LOOPS {
        let busiest = busiest(session)?;
        // Twice the same: one of the others may have been busy just then.
        if let Some(process) = busiest.filter(|_| busiest == before) {
            return Ok(process);
        }
        before = busiest;
    }
    bail!("none of the processes of {} stands out as the tab's", session.browser())
}

/// The process that took more time than all the others together, while the page computed.
fn busiest(session: &Session) -> Result<Option<u32>> {
    let start = times(session)?;
    let script = "const end = performance.now() + arguments[0]; while (performance.now() < end);";
    session.execute(script, json!([LOOP]))?;
    let took =
        |(process, time): (u32, u64)| (process, time - start.get(&process).copied().unwrap_or_default().min(time));
    let took: Vec<_> = times(session)?.into_iter().map(took).collect();
    let all: u64 = took.iter().map(|(_, time)| time).sum();
    let most = took.into_iter().max_by_key(|(_, time)| *time);
    Ok(most.filter(|(_, time)| *time >= LEAST && *time > all - *time).map(|(process, _)| process))
}

/// How long each process that can be a tab's has computed. The driver's own children are the browser, never a tab.
fn times(session: &Session) -> Result<BTreeMap<u32, u64>> {
    let all: BTreeMap<u32, Stat> =
        process::all().into_iter().filter_map(|process| Some((process, Stat::of(process)?))).collect();
    let driver = session.driver.process();
    let is_of_browser = |stat: &Stat| {
        let mut above = std::iter::successors(all.get(&stat.parent), |stat| all.get(&stat.parent));
        above.any(|stat| stat.parent == driver)
    };
    let of_browser: BTreeMap<_, _> =
        all.iter().filter(|(_, stat)| is_of_browser(stat)).map(|(process, stat)| (*process, stat.time)).collect();
    ensure!(!of_browser.is_empty(), "{} has no process beside its own", session.browser());
    Ok(of_browser)
}

/// Stops the process of a tab, until the guard is dropped.
///
/// # Errors
/// It goes on all the same.
pub fn freeze(process: u32) -> Result<Stopped> {
    let stopped = process::stop(process);
    // The kernel stops one thread after the other.
    for _ in 0..100 {
        if Stat::of(process).is_some_and(|stat| stat.state == "T") {
            return Ok(stopped);
        }
        thread::sleep(Duration::from_millis(10));
    }
    bail!("process {process} cannot be stopped")
}

/// What `/proc/{process}/stat` tells.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: String,
    parent: u32,
    /// Time in its own code, in ticks.
    time: u64,
}

impl Stat {
    fn of(process: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        // The name before may hold spaces and parentheses.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let [state, parent, time] = [0, 1, 11].map(|place| fields.get(place).copied());
        Some(Self { state: state?.to_owned(), parent: parent?.parse().ok()?, time: time?.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::Stat;

    #[test]
    fn a_stat_is_read_whatever_the_process_is_called() {
        let text = "812 (Web) Content 1 (x)) T 77 812 812 0 -1 4194560 90 0 0 0 431 22 0 0 20 0 27 0 90 1 2\n";
        assert_eq!(Stat::parse(text), Some(Stat { state: "T".to_owned(), parent: 77, time: 431 }));
        assert_eq!(Stat::parse("812 (cut off) T 77"), None);
    }
}
