//! Two or three engines, each a tab of its own, over one simulated service, network, lock manager, channel and store:
//! thousands of random schedules in virtual time, each replayed from its seed. Tabs die at any moment, also right
//! after a write of the store, and others go on. `model/` is the world, `books/` what an onlooker knows, `promises/`
//! what must be true (`src/engine/mod.rs`).
//!
//! A run of 100,000 or fewer plays the same schedules each time, so that what passed passes again; longer ones begin
//! anywhere, and explore.
//!
//! - `PARTWAY_SCHEDULES=1000000 cargo test --test simulation` plays more of them.
//! - `cargo xtask simulate --minutes 10` plays as many as that time allows (`PARTWAY_MINUTES`), optimised.
//! - `PARTWAY_SURVEY=1` goes on after a broken promise, and prints one seed for each kind of breach.
//! - `PARTWAY_SEED=… cargo test --test simulation` replays one, and prints what happened in it.

#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod books;
mod chance;
mod counts;
mod download;
mod ending;
mod happening;
mod late;
mod model;
mod person;
mod promises;
mod setup;
mod tab;
mod tabs;
mod trace;
mod world;

use counts::Counts;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;
use trace::Trace;
use world::World;

/// The first seed of a full run.
const FIRST: u64 = 20_261_127;
/// Schedules of a full run; only a full run is asked to have met every kind of fault.
const SCHEDULES: u64 = 100_000;

thread_local! {
    static BROKEN: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Plays one schedule; gives what occurred, or the promise that was broken.
fn play(seed: u64, trace: Trace) -> Result<Counts, String> {
    let mut world = World::new(seed, trace);
    match catch_unwind(AssertUnwindSafe(|| world.play())) {
        Ok(()) => Ok(world.counts),
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

/// Plays a schedule once more and prints what happened: all of it, or what explains the promise that it breaks.
fn replay(seed: u64) -> Result<(), String> {
    let (lines, result) = watched(|| {
        let trace = Trace::recording();
        promises::BROKEN.with(RefCell::take);
        let result = play(seed, trace.clone());
        let broken = promises::BROKEN.with(RefCell::take);
        (trace.lines(broken.as_ref()), result)
    });
    for line in lines {
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
    let explores = minutes.is_some() || schedules > SCHEDULES;
    let first = if explores { RandomState::new().hash_one("partway") >> 1 } else { FIRST };
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let (counts, failed) = (Mutex::new(Counts::default()), Mutex::new(None::<(u64, String)>));
    let surveys = std::env::var_os("PARTWAY_SURVEY").is_some();
    let breaches = Mutex::new(BTreeMap::<String, (u64, u64, String)>::new());
    let began = Instant::now();
    let work = || {
        let mut sum = Counts::default();
        let in_time = || minutes.is_none_or(|minutes| began.elapsed().as_secs() < minutes * 60);
        while !stop.load(Ordering::Relaxed) && in_time() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= schedules {
                break;
            }
            match play(first.wrapping_add(number), Trace::default()) {
                Ok(counts) => sum.merge(&counts),
                Err(broken) if surveys => {
                    let kind = broken.chars().filter(|char| !char.is_ascii_digit()).take(240).collect();
                    let mut breaches = breaches.lock().unwrap();
                    breaches.entry(kind).or_insert((0, first.wrapping_add(number), broken)).0 += 1;
                }
                Err(broken) => {
                    stop.store(true, Ordering::Relaxed);
                    let mut failed = failed.lock().unwrap();
                    if failed.as_ref().is_none_or(|(earlier, _)| number < *earlier) {
                        *failed = Some((number, broken));
                    }
                }
            }
        }
        counts.lock().unwrap().merge(&sum);
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| watched(work));
        }
    });
    let mut breaches: Vec<_> = breaches.into_inner().unwrap().into_values().collect();
    breaches.sort_unstable_by_key(|(times, ..)| std::cmp::Reverse(*times));
    for (times, seed, broken) in &breaches {
        println!("{times} times, PARTWAY_SEED={seed}: {broken}");
    }
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
    assert!(breaches.is_empty(), "promises were broken");
    if schedules >= SCHEDULES {
        assert_eq!(counts.missing(), Vec::<&str>::new(), "the schedules met none of these");
        assert!(counts.mean_wait() > 0.4, "retries hardly wait: {:.2} of the longest wait", counts.mean_wait());
    }
}
