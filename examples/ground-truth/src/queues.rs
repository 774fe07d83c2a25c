//! Workers that are blocked while it is known what waits for them: the tasks that were spawned there and have not run.
//!
//!     queue START END TID LOCAL LIFO INJECTED IDLE JOBS
//!
//! From START to END (as in truth.rs), the worker TID was in one poll, and had LOCAL tasks in its queue and LIFO in its LIFO slot. Its
//! runtime had INJECTED tasks in the injection queue, IDLE workers with nothing to do, and JOBS jobs that waited for its blocking pool,
//! whose one thread was taken.

use crate::{blocks, truth};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{mpsc, Arc, Barrier};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Of the tasks and jobs that are spawned to wait.
static RUN: AtomicU64 = AtomicU64::new(0);

async fn waits() {
    RUN.fetch_add(1, SeqCst);
}

#[derive(Clone, Copy)]
struct Round {
    /// Tasks that the blocked worker spawns, and another thread.
    own: u64,
    others: u64,
    /// Of the blocking pool, that wait for another one.
    jobs: u64,
    /// The other worker is blocked too: nobody steals.
    both: bool,
    burn: bool,
}

/// The worker is blocked. `spawn_others` has returned when they are in the injection queue.
async fn blocks(round: Round, meet: Arc<Barrier>, spawn_others: mpsc::Sender<mpsc::Sender<()>>) {
    if round.both {
        meet.wait();
    }
    for _ in 0..round.own {
        tokio::spawn(waits());
    }
    let (done, spawned) = mpsc::channel();
    spawn_others.send(done).unwrap();
    spawned.recv().unwrap();
    let start = truth::now();
    if round.burn {
        blocks::burn_cpu(30_000);
    } else {
        blocks::legacy_sleep(30_000);
    }
    let lifo = round.own.min(1);
    truth::write_queue(start, [round.own - lifo, lifo, round.others, u64::from(!round.both), round.jobs]);
}

/// Takes the pool's thread until the sender is dropped, and lets so many jobs wait for it.
fn fill_pool(runtime: &Handle, jobs: u64) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (taken, is_taken) = mpsc::channel();
    runtime.spawn_blocking(move || {
        taken.send(()).unwrap();
        let _ = released.recv();
    });
    is_taken.recv().unwrap();
    for _ in 0..jobs {
        runtime.spawn_blocking(|| RUN.fetch_add(1, SeqCst));
    }
    release
}

/// Until the other worker's poll has ended.
async fn blocks_too(meet: Arc<Barrier>, ended: mpsc::Receiver<()>) {
    meet.wait();
    ended.recv().unwrap();
}

/// For this long, on a runtime with two workers. The calling thread is none.
pub fn run(runtime: &Handle, time: Duration) {
    let (mut spawned, mut seed) = (0, 1_u64);
    let start = Instant::now();
    while start.elapsed() < time {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let both = seed >> 40 & 3 != 0;
        let round = Round {
            // A queue has room for 256.
            own: if both { (seed >> 48) % 250 } else { 0 },
            others: if both { (seed >> 24) % 100 } else { 0 },
            jobs: (seed >> 32) % 50,
            both,
            burn: seed >> 42 & 1 == 0,
        };
        let pool = fill_pool(runtime, round.jobs);
        let meet = Arc::new(Barrier::new(2));
        let (sender, receiver) = mpsc::channel::<mpsc::Sender<()>>();
        let blocker = runtime.spawn(blocks(round, meet.clone(), sender));
        let (end, ended) = mpsc::channel();
        if both {
            runtime.spawn(blocks_too(meet, ended));
        }
        let done = receiver.recv().unwrap();
        for _ in 0..round.others {
            runtime.spawn(waits());
        }
        done.send(()).unwrap();
        spawned += round.own + round.others + round.jobs;
        while !blocker.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        // Without the other worker, nobody waits for this.
        let _ = end.send(());
        drop(pool);
        while RUN.load(SeqCst) < spawned {
            std::thread::sleep(Duration::from_millis(1));
        }
        // Both workers park.
        std::thread::sleep(Duration::from_millis(3));
    }
}
// SPDX-License-Identifier: Apache-2.0
