//! Tasks that block their thread for known times. Every poll that takes long enough is logged, as it was:
//!
//!     START END TID LABEL
//!
//! in nanoseconds on CLOCK_MONOTONIC. tests/accuracy compares the log with what was traced.
//!
//!     ground-truth [multi | current | healthy | stuck | yield] [SECONDS] [LOG_FROM_US] 2>LOG
//!
//! healthy: what only looks like blocking, on a multi-thread runtime. stuck: two tasks that never return from a poll. yield: as
//! many polls as there can be.

use std::cell::UnsafeCell;
use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc;

static LOG_FROM: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1_000_000);

fn now() -> u64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut t) };
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// A future that logs its long polls.
struct Measured<F> {
    label: &'static str,
    future: F,
}

impl<F: Future> Future for Measured<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = unsafe { self.get_unchecked_mut() };
        let start = now();
        let result = unsafe { Pin::new_unchecked(&mut this.future) }.poll(cx);
        let end = now();
        if end - start >= LOG_FROM.load(std::sync::atomic::Ordering::Relaxed) {
            let tid = unsafe { libc::syscall(libc::SYS_gettid) };
            // One line is one write: nothing to lock.
            let line = format!("{start} {end} {tid} {}\n", this.label);
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
        result
    }
}

fn measured<F: Future>(label: &'static str, future: F) -> Measured<F> {
    Measured { label, future }
}

/// Numbers that look random and are the same in every run.
struct Lengths(UnsafeCell<u64>);

unsafe impl Send for Lengths {}

impl Lengths {
    fn new(seed: u64) -> Lengths {
        Lengths(UnsafeCell::new(seed * 0x9e37_79b9 + 1))
    }

    /// Microseconds from `low` to `high`.
    fn us(&self, low: u64, high: u64) -> u64 {
        let state = unsafe { &mut *self.0.get() };
        *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        low + (*state >> 33) % (high - low + 1)
    }
}

/// Keeps the CPU busy until so much time has passed.
#[inline(never)]
fn compute(us: u64) {
    let end = now() + us * 1000;
    let mut x = 1u64;
    while now() < end {
        for _ in 0..200 {
            x = std::hint::black_box(x.wrapping_mul(31).wrapping_add(7));
        }
    }
}

fn doze(us: u64) {
    std::thread::sleep(Duration::from_micros(us));
}

async fn rest(us: u64) {
    tokio::time::sleep(Duration::from_micros(us)).await;
}

async fn computes(seed: u64) {
    let lengths = Lengths::new(seed);
    loop {
        rest(lengths.us(5_000, 60_000)).await;
        compute(lengths.us(1_000, 40_000));
    }
}

async fn dozes(seed: u64) {
    let lengths = Lengths::new(seed);
    loop {
        rest(lengths.us(20_000, 90_000)).await;
        doze(lengths.us(2_000, 40_000));
    }
}

/// Many sleeps, each of them short.
async fn naps(seed: u64) {
    let lengths = Lengths::new(seed);
    loop {
        rest(lengths.us(40_000, 90_000)).await;
        for _ in 0..lengths.us(1, 15) {
            doze(1_500);
            compute(300);
        }
    }
}

async fn locks(seed: u64, lock: Arc<Mutex<()>>) {
    let lengths = Lengths::new(seed);
    loop {
        rest(lengths.us(10_000, 50_000)).await;
        let held = lock.lock().unwrap();
        doze(lengths.us(2_000, 15_000));
        drop(held);
    }
}

/// Never pending for long, always ready again: the worker has no pause, but no poll is long.
async fn shorts() {
    loop {
        for _ in 0..20 {
            compute(200);
            tokio::task::yield_now().await;
        }
        rest(3_000).await;
    }
}

/// Uses up its budget of cooperative calls, in one long poll.
async fn chats(seed: u64) {
    let lengths = Lengths::new(seed);
    let (tx, mut rx) = mpsc::channel(8);
    loop {
        rest(lengths.us(30_000, 90_000)).await;
        for _ in 0..lengths.us(2, 12) {
            tx.send(()).await.unwrap();
            compute(2_000);
            rx.recv().await.unwrap();
        }
    }
}

/// Two tasks that wake each other: the one that was woken last runs next.
async fn pairs(seed: u64, tx: mpsc::Sender<()>, mut rx: mpsc::Receiver<()>, high: u64) {
    let lengths = Lengths::new(seed);
    loop {
        for _ in 0..40 {
            rx.recv().await.unwrap();
            compute(lengths.us(high / 10, high));
            tx.send(()).await.unwrap();
        }
        rest(20_000).await;
    }
}

async fn in_place(seed: u64) {
    let lengths = Lengths::new(seed);
    loop {
        rest(lengths.us(30_000, 90_000)).await;
        tokio::task::block_in_place(|| doze(lengths.us(10_000, 40_000)));
    }
}

async fn pool(seed: u64) {
    let lengths = Lengths::new(seed);
    loop {
        rest(lengths.us(10_000, 40_000)).await;
        let (asleep, busy) = (lengths.us(10_000, 40_000), lengths.us(1_000, 10_000));
        tokio::task::spawn_blocking(move || {
            doze(asleep);
            compute(busy);
        })
        .await
        .unwrap();
    }
}

fn spawn_pair(a: &'static str, b: &'static str, seed: u64, high: u64) {
    let (to_b, from_a) = mpsc::channel(1);
    let (to_a, from_b) = mpsc::channel(1);
    to_b.try_send(()).unwrap();
    tokio::spawn(measured(a, pairs(seed, to_a, from_a, high)));
    tokio::spawn(measured(b, pairs(seed + 1, to_b, from_b, high)));
}

fn spawn_all(multi: bool) {
    let lock = Arc::new(Mutex::new(()));

    for seed in 0..2 {
        tokio::spawn(measured("compute", computes(seed)));
        tokio::spawn(measured("doze", dozes(10 + seed)));
        tokio::spawn(measured("lock", locks(20 + seed, lock.clone())));
        tokio::spawn(measured("pool", pool(30 + seed)));
    }
    for _ in 0..6 {
        tokio::spawn(measured("short", shorts()));
    }
    tokio::spawn(measured("nap", naps(40)));
    tokio::spawn(measured("chat", chats(50)));
    spawn_pair("pair", "pair", 60, 400);
    spawn_pair("long-pair", "long-pair", 70, 7_000);
    if multi {
        tokio::spawn(measured("in-place", in_place(80)));
    }
}

/// Busy workers, none of which is kept from other tasks.
fn spawn_healthy() {
    for seed in 0..2 {
        tokio::spawn(measured("pool", pool(30 + seed)));
        tokio::spawn(measured("in-place", in_place(80 + seed)));
    }
    for _ in 0..6 {
        tokio::spawn(measured("short", shorts()));
    }
    spawn_pair("pair", "pair", 60, 200);
}

fn spawn_stuck() {
    tokio::spawn(measured("stuck", async { doze(1_000_000_000) }));
    tokio::spawn(measured("stuck", async { compute(1_000_000_000) }));
}

async fn yields() {
    loop {
        tokio::task::yield_now().await;
    }
}

/// A runtime of its own, on a thread of its own, with tasks that stay there.
fn local_set() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.spawn_local(measured("local", dozes(90)));
    local.spawn_local(measured("local", computes(91)));
    runtime.block_on(local);
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let flavor = words.get(1).map_or("multi", String::as_str);
    let multi = flavor != "current";
    let seconds = words.get(2).map_or(10, |text| text.parse().unwrap());
    if let Some(text) = words.get(3) {
        let us: u64 = text.parse().unwrap();
        LOG_FROM.store(us * 1000, std::sync::atomic::Ordering::Relaxed);
    }
    // Also if it is stuck.
    unsafe { libc::alarm(seconds as u32 + 10) };
    let mut builder = if multi {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = builder.worker_threads(2).enable_time().build().unwrap();
    if flavor == "multi" || flavor == "current" {
        std::thread::Builder::new().name("local-set".into()).spawn(local_set).unwrap();
    }
    runtime.block_on(async {
        match flavor {
            "healthy" => spawn_healthy(),
            "stuck" => spawn_stuck(),
            "yield" => {
                tokio::spawn(yields());
            }
            _ => spawn_all(multi),
        }
        println!("ready");
        rest(seconds * 1_000_000).await;
    });
    std::process::exit(0);
}
