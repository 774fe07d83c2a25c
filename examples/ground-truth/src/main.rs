//! Tasks that block their threads for known times, and write it down: see truth.rs. tests/accuracy compares that with a report.
//!
//!     ground-truth [multi | current | healthy | stuck | queues | yield] [SECONDS] [LOG_FROM_US] [SEED] 2>TRUTH
//!
//! multi, current: everything, on such a runtime. healthy: what only looks like blocking, on a multi-thread runtime. stuck: two
//! tasks that never return from a poll, and a job of the blocking pool that waits for another one of the same, full pool. queues: workers that are blocked while tasks wait for them, see queues.rs. yield: as many polls as there can be; ten times a second it prints how many there were in a
//! second of its CPU time.

mod blocks;
mod queues;
mod tasks;
mod truth;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Of the task that does nothing else.
static POLLS: AtomicU64 = AtomicU64::new(0);

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let flavor = words.get(1).map_or("multi", String::as_str);
    let number = |i: usize, default: u64| words.get(i).map_or(default, |text| text.parse().unwrap());
    let (seconds, seed) = (number(2, 10), number(4, 1));
    let multi = flavor != "current";
    truth::log_from(number(3, 1_000));
    // Also if it is stuck.
    unsafe { libc::alarm(seconds as u32 + 10) };
    let mut builder = if multi {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    // One that does nothing but polls: two of those that share a CPU can keep the kernel's own threads from it for minutes.
    let workers = if flavor == "yield" { 1 } else { 2 };
    builder.worker_threads(workers).enable_time();
    if flavor == "queues" || flavor == "stuck" {
        builder.max_blocking_threads(1);
    }
    let runtime = builder.build().unwrap();
    if flavor == "queues" {
        println!("ready");
        queues::run(runtime.handle(), Duration::from_secs(seconds));
        std::process::exit(0);
    }
    tasks::declare_all();
    if flavor == "multi" || flavor == "current" {
        let local_set = move || tasks::local_set(seed);
        std::thread::Builder::new().name("local-set".into()).spawn(local_set).unwrap();
    }
    runtime.block_on(async {
        match flavor {
            "healthy" => tasks::spawn_healthy(seed),
            "stuck" => tasks::spawn_stuck(),
            "yield" => tasks::spawn_yields(&POLLS),
            _ => tasks::spawn_all(seed, multi),
        }
        println!("ready");
        if flavor == "yield" {
            say_polls(seconds).await;
        } else {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
    });
    std::process::exit(0);
}

async fn say_polls(seconds: u64) {
    let seen = || (POLLS.load(Ordering::Relaxed), truth::cpu_seconds());
    let mut before = seen();
    for _ in 0..seconds * 10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = seen();
        println!("{:.0}", (now.0 - before.0) as f64 / (now.1 - before.1));
        before = now;
    }
}
// SPDX-License-Identifier: Apache-2.0
