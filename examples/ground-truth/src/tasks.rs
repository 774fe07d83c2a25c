//! Tasks that block their thread in one way each, at random times for random lengths, and tasks that never do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::blocks::*;
use crate::truth::{declare, measured, Kind};

/// Numbers that look random and are the same in every run with the same seed.
pub struct Lengths(u64);

impl Lengths {
    pub fn new(seed: u64) -> Lengths {
        Lengths(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1))
    }

    /// Microseconds from `low` to `high`.
    pub fn us(&mut self, low: u64, high: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        low + (self.0 >> 33) % (high - low + 1)
    }
}

async fn rest(us: u64) {
    tokio::time::sleep(Duration::from_micros(us)).await;
}

macro_rules! kinds {
    ($($name:ident: $kind:literal, $reason:literal, $function:literal, $task:literal;)*) => {
        $(static $name: Kind = Kind { name: $kind, reason: $reason, function: $function, task: $task };)*

        pub fn declare_all() {
            $(declare(&$name);)*
        }
    };
}

// What it is called, why it blocks (`-`: it does not), in which function, in which task.
kinds! {
    COMPUTE: "compute", "computing", "burn_cpu", "computes";
    SLEEP: "sleep", "sleep", "legacy_sleep", "sleeps";
    HOLD: "lock-hold", "sleep", "hold_lock", "holds";
    WAIT: "lock-wait", "lock", "wait_for_lock", "waits";
    READ: "file-read", "file-io", "read_file", "reads";
    SYNC: "fsync", "file-io", "sync_file", "syncs";
    SOCKET: "socket", "socket", "read_socket", "asks";
    SHORT_READS: "short-reads", "socket", "read_often", "converses";
    NAME: "name", "name-lookup", "resolve_name", "resolves";
    TOUCH: "page-fault", "computing", "touch_pages", "touches";
    NAP: "pieces", "sleep", "nap_often", "naps";
    CHAT: "budget", "computing", "burn_cpu", "chats";
    LONG_PAIR: "long-pair", "computing", "burn_cpu", "plays_long";
    PAIR: "pair", "computing", "burn_cpu", "plays";
    SHORT: "short", "computing", "burn_cpu", "hurries";
    STUCK_ASLEEP: "stuck-asleep", "sleep", "legacy_sleep", "stops_asleep";
    STUCK: "stuck", "computing", "burn_cpu", "stops";
    REST: "rest", "-", "rest", "rests";
    POOL: "spawn-blocking", "lock", "delegates", "delegates";
    IN_PLACE: "block-in-place", "-", "in_place", "hands_over";
}

async fn computes(mut lengths: Lengths) {
    measured(&COMPUTE, async {
        loop {
            rest(lengths.us(20_000, 80_000)).await;
            burn_cpu(lengths.us(1_000, 30_000));
        }
    })
    .await
}

async fn sleeps(mut lengths: Lengths) {
    measured(&SLEEP, async {
        loop {
            rest(lengths.us(20_000, 80_000)).await;
            legacy_sleep(lengths.us(2_000, 30_000));
        }
    })
    .await
}

async fn holds(mut lengths: Lengths, lock: Arc<Mutex<u64>>) {
    measured(&HOLD, async {
        loop {
            rest(lengths.us(20_000, 50_000)).await;
            hold_lock(&lock, lengths.us(2_000, 30_000));
        }
    })
    .await
}

async fn waits(mut lengths: Lengths, lock: Arc<Mutex<u64>>) {
    measured(&WAIT, async {
        loop {
            rest(lengths.us(5_000, 20_000)).await;
            wait_for_lock(&lock);
        }
    })
    .await
}

async fn reads(mut lengths: Lengths, mut files: Files) {
    measured(&READ, async {
        loop {
            rest(lengths.us(40_000, 120_000)).await;
            read_file(&mut files, lengths.us(1_000, 30_000));
        }
    })
    .await
}

async fn syncs(mut lengths: Lengths, mut files: Files) {
    measured(&SYNC, async {
        loop {
            rest(lengths.us(40_000, 120_000)).await;
            sync_file(&mut files, lengths.us(1_000, 30_000));
        }
    })
    .await
}

async fn asks(mut lengths: Lengths, mut server: Server) {
    measured(&SOCKET, async {
        loop {
            rest(lengths.us(40_000, 120_000)).await;
            read_socket(&mut server, lengths.us(1_000, 30_000));
        }
    })
    .await
}

async fn converses(mut lengths: Lengths, mut server: Server) {
    measured(&SHORT_READS, async {
        loop {
            rest(lengths.us(250_000, 500_000)).await;
            read_often(&mut server);
        }
    })
    .await
}

async fn resolves(mut lengths: Lengths) {
    measured(&NAME, async {
        loop {
            rest(lengths.us(40_000, 120_000)).await;
            resolve_name(lengths.us(1_000, 30_000));
        }
    })
    .await
}

async fn touches(mut lengths: Lengths) {
    measured(&TOUCH, async {
        loop {
            rest(lengths.us(40_000, 120_000)).await;
            touch_pages(lengths.us(1_000, 30_000));
        }
    })
    .await
}

async fn naps(mut lengths: Lengths) {
    measured(&NAP, async {
        loop {
            rest(lengths.us(40_000, 90_000)).await;
            nap_often(lengths.us(1_000, 30_000));
        }
    })
    .await
}

/// Uses up its budget of cooperative calls, in one long poll.
async fn chats(mut lengths: Lengths) {
    let (tx, mut rx) = mpsc::channel(8);
    measured(&CHAT, async {
        loop {
            rest(lengths.us(40_000, 120_000)).await;
            for _ in 0..lengths.us(2, 12) {
                tx.send(()).await.unwrap();
                burn_cpu(2_000);
                rx.recv().await.unwrap();
            }
        }
    })
    .await
}

type Ball = (mpsc::Sender<()>, mpsc::Receiver<()>);

/// The two ends of a game that two tasks play: they wake each other, and the one that was woken last runs next.
fn game() -> (Ball, Ball) {
    let (to_b, from_a) = mpsc::channel(1);
    let (to_a, from_b) = mpsc::channel(1);
    to_b.try_send(()).unwrap();
    ((to_a, from_a), (to_b, from_b))
}

async fn plays(mut lengths: Lengths, (tx, mut rx): Ball) {
    measured(&PAIR, async {
        loop {
            for _ in 0..40 {
                rx.recv().await.unwrap();
                burn_cpu(lengths.us(40, 400));
                tx.send(()).await.unwrap();
            }
            rest(100_000).await;
        }
    })
    .await
}

async fn plays_long(mut lengths: Lengths, (tx, mut rx): Ball) {
    measured(&LONG_PAIR, async {
        loop {
            for _ in 0..10 {
                rx.recv().await.unwrap();
                burn_cpu(lengths.us(700, 10_000));
                tx.send(()).await.unwrap();
            }
            rest(300_000).await;
        }
    })
    .await
}

/// Never pending for long, always ready again: the worker has no pause, but no poll is long.
async fn hurries() {
    measured(&SHORT, async {
        loop {
            for _ in 0..40 {
                burn_cpu(200);
                tokio::task::yield_now().await;
            }
            rest(10_000).await;
        }
    })
    .await
}

async fn rests(mut lengths: Lengths) {
    measured(&REST, async {
        loop {
            rest(lengths.us(5_000, 40_000)).await;
        }
    })
    .await
}

#[inline(never)]
fn in_place(us: u64) {
    legacy_sleep(us);
}

async fn hands_over(mut lengths: Lengths) {
    measured(&IN_PLACE, async {
        loop {
            rest(lengths.us(30_000, 90_000)).await;
            let us = lengths.us(10_000, 40_000);
            tokio::task::block_in_place(|| in_place(us));
        }
    })
    .await
}

#[inline(never)]
fn in_pool(asleep: u64, busy: u64) {
    std::thread::sleep(Duration::from_micros(asleep));
    burn_cpu(busy);
}

async fn delegates(mut lengths: Lengths) {
    measured(&POOL, async {
        loop {
            rest(lengths.us(10_000, 40_000)).await;
            let (asleep, busy) = (lengths.us(10_000, 40_000), lengths.us(1_000, 10_000));
            tokio::task::spawn_blocking(move || in_pool(asleep, busy)).await.unwrap();
        }
    })
    .await
}

/// Everything. On a current-thread runtime, who holds the lock is another thread, and nothing can be handed over.
pub fn spawn_all(seed: u64, multi: bool) {
    let lock = Arc::new(Mutex::new(0));
    let mut kind = 0;
    let mut lengths = || {
        kind += 1;
        Lengths::new(seed * 1000 + kind)
    };

    if multi {
        tokio::spawn(holds(lengths(), lock.clone()));
        tokio::spawn(hands_over(lengths()));
    } else {
        let (mut lengths, lock) = (lengths(), lock.clone());
        std::thread::spawn(move || loop {
            legacy_sleep(lengths.us(20_000, 50_000));
            hold_lock(&lock, lengths.us(2_000, 30_000));
        });
    }
    tokio::spawn(waits(lengths(), lock));
    for _ in 0..2 {
        tokio::spawn(computes(lengths()));
        tokio::spawn(sleeps(lengths()));
        tokio::spawn(delegates(lengths()));
        tokio::spawn(rests(lengths()));
    }
    tokio::spawn(hurries());
    tokio::spawn(reads(lengths(), Files::new("read").unwrap()));
    tokio::spawn(syncs(lengths(), Files::new("sync").unwrap()));
    tokio::spawn(asks(lengths(), Server::new()));
    tokio::spawn(resolves(lengths()));
    tokio::spawn(touches(lengths()));
    tokio::spawn(naps(lengths()));
    tokio::spawn(chats(lengths()));
    let (a, b) = game();
    tokio::spawn(plays(lengths(), a));
    tokio::spawn(plays(lengths(), b));
    let (a, b) = game();
    tokio::spawn(plays_long(lengths(), a));
    tokio::spawn(plays_long(lengths(), b));
    tokio::spawn(converses(lengths(), Server::new()));
}

/// Busy workers, none of which is kept from other tasks.
pub fn spawn_healthy(seed: u64) {
    for i in 0..4 {
        tokio::spawn(rests(Lengths::new(seed * 1000 + i)));
    }
    for i in 4..6 {
        tokio::spawn(delegates(Lengths::new(seed * 1000 + i)));
        tokio::spawn(hands_over(Lengths::new(seed * 1000 + 10 + i)));
    }
    for _ in 0..6 {
        tokio::spawn(hurries());
    }
    let (a, b) = game();
    tokio::spawn(plays(Lengths::new(seed * 1000 + 6), a));
    tokio::spawn(plays(Lengths::new(seed * 1000 + 7), b));
}

async fn stops_asleep() {
    measured(&STUCK_ASLEEP, async { legacy_sleep(1_000_000_000) }).await
}

async fn stops() {
    measured(&STUCK, async { burn_cpu(1_000_000_000) }).await
}

/// Waits for a job that needs a thread of the blocking pool, on the only one.
fn waits_for_own_pool(runtime: tokio::runtime::Handle) {
    let _ = runtime.block_on(runtime.spawn_blocking(|| ()));
}

/// Two polls that never end, and a job that never does.
pub fn spawn_stuck() {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || waits_for_own_pool(runtime));
    tokio::spawn(stops_asleep());
    tokio::spawn(stops());
}

/// As many polls as there can be.
pub fn spawn_yields(polls: &'static AtomicU64) {
    tokio::spawn(async {
        loop {
            polls.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
}

/// A runtime of its own, on a thread of its own, with tasks that stay there.
pub fn local_set(seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.spawn_local(sleeps(Lengths::new(seed * 1000 + 90)));
    local.spawn_local(computes(Lengths::new(seed * 1000 + 91)));
    runtime.block_on(local);
}
// SPDX-License-Identifier: Apache-2.0
