//! The engine against a simulated service, network and person: thousands of random schedules in virtual time, each
//! replayed from its seed, each action held against what the engine promises (`src/engine/mod.rs`).
//!
//! - `PARTWAY_SCHEDULES=1000000 cargo test --test simulation` plays more of them.
//! - `cargo xtask simulate --minutes 10` plays as many as that time allows (`PARTWAY_MINUTES`), optimised.
//! - `PARTWAY_SEED=… cargo test --test simulation` replays one, and prints what happened in it.

#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod chance;
mod counts;
mod fault;
mod ledger;
mod network;
mod page;
mod person;
mod quiet;
mod record;
mod server;
mod stall;
mod told;
mod window;
mod world;

use counts::Counts;
use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;
use world::{Trace, World};

/// Schedules of a full run; only a full run is asked to have met every kind of fault.
const SCHEDULES: u64 = 100_000;
/// Lines of a failed schedule that are shown: its end says most.
const SHOWN: usize = 200;

thread_local! {
    static BROKEN: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Plays one schedule; gives what occurred, or the promise that was broken.
fn play(seed: u64, trace: Option<Trace>) -> Result<Counts, String> {
    let mut world = World::new(seed, trace);
    match catch_unwind(AssertUnwindSafe(|| world.play())) {
        Ok(()) => Ok(world.ledger.counts),
        Err(_) => Err(BROKEN.with(RefCell::take)),
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a whole number, and is `{text}`")))
}

/// A panic of a schedule is kept for its report instead of printed.
fn keep_panics() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() == Some("schedules") {
            BROKEN.with(|broken| *broken.borrow_mut() = panic.to_string());
        } else {
            print(panic);
        }
    }));
}

/// Runs `work` on a thread whose panics are kept.
fn watched<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("schedules".to_owned());
        thread.spawn_scoped(scope, work).unwrap().join().expect("a schedule's panic is caught")
    })
}

fn replay(seed: u64) -> Result<(), String> {
    let (lines, result) = watched(|| {
        let trace = Trace::default();
        let result = play(seed, Some(trace.clone()));
        (trace.take(), result)
    });
    for line in lines.iter().skip(lines.len().saturating_sub(if result.is_ok() { usize::MAX } else { SHOWN })) {
        println!("{line}");
    }
    result.map(|_| ())
}

#[test]
fn every_promise_is_kept_under_random_schedules() {
    keep_panics();
    if let Some(seed) = number("PARTWAY_SEED") {
        replay(seed).unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
        return;
    }
    let minutes = number("PARTWAY_MINUTES");
    let schedules = number("PARTWAY_SCHEDULES").unwrap_or(if minutes.is_some() { u64::MAX } else { SCHEDULES });
    let first = RandomState::new().hash_one("partway") >> 1;
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let (counts, failed) = (Mutex::new(Counts::default()), Mutex::new(None::<(u64, String)>));
    let began = Instant::now();
    let work = || {
        let mut sum = Counts::default();
        let in_time = || minutes.is_none_or(|minutes| began.elapsed().as_secs() < minutes * 60);
        while !stop.load(Ordering::Relaxed) && in_time() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= schedules {
                break;
            }
            match play(first.wrapping_add(number), None) {
                Ok(counts) => sum.merge(counts),
                Err(broken) => {
                    stop.store(true, Ordering::Relaxed);
                    let mut failed = failed.lock().unwrap();
                    if failed.as_ref().is_none_or(|(earlier, _)| number < *earlier) {
                        *failed = Some((number, broken));
                    }
                }
            }
        }
        counts.lock().unwrap().merge(sum);
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| watched(work));
        }
    });
    if let Some((number, broken)) = failed.into_inner().unwrap() {
        let seed = first.wrapping_add(number);
        println!("The end of the schedule that broke a promise:");
        let _ = replay(seed);
        panic!(
            "schedule {} broke a promise: {broken}\nreplay: PARTWAY_SEED={seed} cargo test --test simulation -- --nocapture",
            number + 1
        );
    }
    let schedules = next.into_inner().min(schedules);
    let counts = counts.into_inner().unwrap();
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{counts}{schedules} schedules from seed {first} in {seconds:.1} s, {:.0} a second",
        schedules as f64 / seconds
    );
    if schedules >= SCHEDULES {
        assert_eq!(counts.missing(), Vec::<&str>::new(), "the schedules met none of these");
        assert!(counts.mean_wait() > 0.4, "retries hardly wait: {:.2} of the longest wait", counts.mean_wait());
    }
}
