//! What the engine costs where it is called most: while the bytes of parts move.

#![cfg(not(target_family = "wasm"))]

use allocation_counter::measure;
use driver::Driver;
use partway::engine::{Event, LEAST_PART};

#[path = "../benches/driver/mod.rs"]
mod driver;

/// Events of the uploads of so many files of so many parts.
fn events(files: u64, parts: u64, resume: bool) -> u64 {
    let mut driver = Driver::new(LEAST_PART, resume);
    for number in 0..files {
        driver.add(parts * LEAST_PART, &format!("file {number}"), false);
    }
    driver.finish();
    assert_eq!((driver.settled, driver.sent), (files, files * parts));
    driver.events
}

#[test]
fn events_grow_with_parts_and_files_and_no_faster() {
    for resume in [false, true] {
        let [few, many] = [100, 1000].map(|parts| events(1, parts, resume));
        assert!(many <= 10 * few, "parts: {few} events, then {many}, resume {resume}");
        let [few, many] = [20, 200].map(|files| events(files, 1, resume));
        assert!(many <= 10 * few, "files: {few} events, then {many}, resume {resume}");
    }
}

#[test]
fn progress_of_a_part_allocates_nothing() {
    for resume in [false, true] {
        for wants_progress in [false, true] {
            let mut driver = Driver::new(LEAST_PART, resume);
            for number in 0..100 {
                driver.add(100 * LEAST_PART, &format!("file {number}"), wants_progress);
            }
            driver.begin();
            let op = *driver.parts.front().expect("a part is on its way");
            // What is measured is the usual event, not the first one.
            driver.tell(Event::Moved { op, bytes: 1 });
            let mut quiet = 0;
            for bytes in 2..1000 {
                let mut asked = 0;
                let moved = measure(|| asked = driver.tell(Event::Moved { op, bytes }));
                // Now and then the upload is shown, and other tabs are told: what goes out is made then.
                if asked == 0 {
                    assert_eq!(moved.count_total, 0, "resume {resume}, wants_progress {wants_progress}, byte {bytes}");
                    quiet += 1;
                }
            }
            assert!(quiet > 900, "only {quiet} of 998 events asked for nothing");
        }
    }
}

#[test]
fn a_file_that_only_waits_is_small() {
    let mut driver = Driver::new(LEAST_PART, true);
    driver.add(1, "first", false);
    driver.begin();
    let queued = measure(|| {
        for number in 0..4000 {
            driver.add(1, &format!("file {number}"), false);
        }
    });
    // Its name and facts, its places in the lists, and what those were grown for.
    let each = queued.bytes_current / 4000;
    assert!(each <= 128, "{each} bytes a file");
}
