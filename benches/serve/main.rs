//! `cargo bench --all-features --bench serve`: the webhook under load, restarts, certificate swaps and hostile bodies, as a table in
//! Markdown. The load generator runs on the same cores, so the figures are a lower bound. `KUBELINT_SERVE_SECONDS` (10) is the length of
//! each measurement, `KUBELINT_SERVE_RESTARTS` (10) and `KUBELINT_SERVE_SWAPS` (10) how often.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark ends by panicking and prints its result"
)]

mod client;
mod hostile;
mod objects;
mod process;
mod stages;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use client::{Endpoint, Load, percentile};
use process::{Files, Replica};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn row(what: &str, value: impl std::fmt::Display) {
    println!("| {what} | {value} |");
}

fn mib(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1024.0)
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn main() {
    // `cargo test --benches` runs it too: it must not take a minute there.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run());
}

async fn run() {
    let seconds = Duration::from_secs(setting("KUBELINT_SERVE_SECONDS", 10));
    println!("| one review, in process | |\n|---|---|");
    stages::measure();
    println!("\n| `kubelint serve --no-cluster`, all rules, {} cores shared with the load | |\n|---|---|", cores());
    let files = Files::new();
    let mut replica = Replica::start(&files).await;
    let endpoint = Endpoint::new(replica.address);
    row("resident, idle", mib(replica.resident()));
    let bodies = Arc::new(objects::reviews());

    let (before, load) = (replica.cpu(), Load::closed(&endpoint, &bodies, 16).run(seconds).await);
    let most = load.rate();
    let times = [50.0, 99.0].map(|percent| millis(percentile(&load, percent)));
    row("direct, 16 connections, mixed objects", format!("{most:.0} reviews/s, p50 {}, p99 {}", times[0], times[1]));
    let each = (replica.cpu() - before).as_secs_f64() / load.times.len() as f64;
    row("processor time of a review, all threads of the process", format!("{:.0} µs", each * 1e6));
    let load = Load::open(&endpoint, &bodies, most / 2.0).run(seconds).await;
    let times = [50.0, 99.0, 99.9].map(|percent| millis(percentile(&load, percent)));
    row("at half of that, open loop", format!("p50 {}, p99 {}, p99.9 {}", times[0], times[1], times[2]));
    let load = Load::open(&endpoint, &bodies, 300.0).run(seconds).await;
    row(
        "at 300 reviews/s",
        format!("p50 {}, p99 {}, resident {}", millis(percentile(&load, 50.0)), millis(percentile(&load, 99.0)), mib(replica.resident())),
    );
    row("resident, most so far", mib(replica.resident_peak()));

    let restarts = setting("KUBELINT_SERVE_RESTARTS", 10);
    let (answered, failed) = under_load(&endpoint, &bodies, async {
        for _ in 0..restarts {
            let next = Replica::start(&files).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            replica.terminate();
            // Endpoints follow a little later than the signal.
            tokio::time::sleep(Duration::from_millis(200)).await;
            endpoint.moves_to(next.address);
            std::mem::replace(&mut replica, next).ended().await;
        }
    })
    .await;
    row(&format!("{restarts} rolling restarts, 32 connections"), format!("{failed} failed of {answered} calls"));

    let swaps = setting("KUBELINT_SERVE_SWAPS", 10);
    let mut slowest = Duration::ZERO;
    let (answered, failed) = under_load(&endpoint, &bodies, async {
        for _ in 0..swaps {
            let certificate = files.swap();
            slowest = slowest.max(endpoint.until_served(&certificate).await);
        }
    })
    .await;
    row(
        &format!("{swaps} certificate swaps, 32 connections"),
        format!("{failed} failed of {answered} calls; served after {} at most", millis(slowest)),
    );

    let (sent, unanswered) = hostile::send(&endpoint, setting("KUBELINT_SERVE_HOSTILE", 5_000)).await;
    row(
        "hostile bodies",
        format!("{sent} sent, {unanswered} without an answer; resident {}, most {}", mib(replica.resident()), mib(replica.resident_peak())),
    );
    let load = Load::open(&endpoint, &bodies, 300.0).run(seconds / 4).await;
    row("300 reviews/s after them", format!("p99 {}, {} failed", millis(percentile(&load, 99.0)), load.failed));
}

/// Runs something under 32 connections; calls answered, and failed.
async fn under_load(endpoint: &Endpoint, bodies: &Arc<Vec<bytes::Bytes>>, something: impl Future<Output = ()>) -> (usize, usize) {
    let over = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn(Load::closed(endpoint, bodies, 32).pausing(Duration::from_millis(5)).until(Arc::clone(&over)));
    something.await;
    over.store(true, Ordering::Release);
    let load = load.await.unwrap();
    (load.times.len(), load.failed)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
