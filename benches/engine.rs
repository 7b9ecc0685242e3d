//! What the engine itself costs, in nanoseconds an event: `cargo bench --bench engine`. A cost that grows with what is
//! under way, or waiting, shows as another time an event in the next line of its group.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::{Duration, Instant};

use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use driver::Driver;
use partway::engine::{Event, LEAST_PART};

mod driver;

/// Uploads `files` of `parts` parts; gives how long that took, and how many events it was.
fn upload(files: u64, parts: u64, resume: bool) -> (Duration, u64) {
    let mut driver = Driver::new(LEAST_PART, resume);
    let start = Instant::now();
    for number in 0..files {
        driver.add(parts * LEAST_PART, &format!("file {number}"), false);
    }
    driver.finish();
    assert_eq!((driver.settled, driver.sent), (files, files * parts), "not all was uploaded");
    (start.elapsed(), driver.events)
}

fn measure(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, files: u64, parts: u64, resume: bool) {
    let (_, events) = upload(files, parts, resume);
    group.throughput(Throughput::Elements(events));
    group.bench_function(BenchmarkId::new(name, files * parts), |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| upload(files, parts, resume).0).sum());
    });
}

/// Ten thousand parts a file, which is the most there may be: planned, sent, and with `resume` stored.
fn parts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parts");
    group.sample_size(10);
    for files in [1, 10, 100] {
        measure(&mut group, "sent", files, 10_000, false);
        measure(&mut group, "sent and stored", files, 10_000, true);
    }
}

/// Files of one part, all queued at once.
fn files(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("files");
    group.sample_size(10);
    for files in [100, 1_000, 10_000] {
        measure(&mut group, "queued and finished", files, 1, false);
        measure(&mut group, "queued, stored and finished", files, 1, true);
    }
}

/// Bytes of a part move, beside as many uploads.
fn progress(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("progress");
    group.throughput(Throughput::Elements(1));
    for files in [1, 100, 10_000] {
        let mut driver = Driver::new(LEAST_PART, false);
        for number in 0..files {
            driver.add(100 * LEAST_PART, &format!("file {number}"), true);
        }
        driver.begin();
        let (op, mut bytes) = (*driver.parts.front().unwrap(), 0);
        group.bench_function(BenchmarkId::new("a part moves", files), |bencher| {
            bencher.iter(|| {
                bytes += 1;
                driver.tell(Event::Moved { op, bytes })
            });
        });
    }
}

criterion_group!(benches, parts, files, progress);
criterion_main!(benches);
