//! Every task blocks its worker in a call chain that is known beforehand. For each there is a line
//!
//!     chain NAME TID FUNCTION...
//!
//! with its thread and its functions, innermost first; `ready` follows when all of them stand still. It
//! ends when its standard input does.

use std::io::{Read, Write};
use std::os::raw::{c_int, c_void};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::thread::sleep;
use std::time::Duration;

extern "C" {
    fn gettid() -> c_int;
    fn qsort(
        base: *mut c_void,
        count: usize,
        size: usize,
        compare: extern "C" fn(*const c_void, *const c_void) -> c_int,
    );
    fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
    fn raise(number: c_int) -> c_int;
}

const SIGUSR1: c_int = 10;

static STANDING: AtomicUsize = AtomicUsize::new(0);
static LOCK: Mutex<u64> = Mutex::new(0);

/* What the compiler cannot know. std::hint::black_box is not in Rust 1.65. */
fn black_box<T>(value: T) -> T {
    let same = unsafe { std::ptr::read_volatile(&value) };
    std::mem::forget(value);
    same
}

fn announce(chain: &str, functions: &str) {
    let line = format!("chain {} {} {}\n", chain, unsafe { gettid() }, functions);
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    STANDING.fetch_add(1, Ordering::SeqCst);
}

fn stand() {
    sleep(Duration::from_secs(3600));
}

/* Futures that await each other. */

async fn handler(n: u64) -> u64 {
    inner(n).await + black_box(1)
}

async fn inner(n: u64) -> u64 {
    read_config(n).await + black_box(2)
}

async fn read_config(n: u64) -> u64 {
    announce("async", "read_config inner handler");
    stand();
    black_box(n)
}

/* A generic function of a generic function. */

#[inline(never)]
fn sum_all<T: Into<u64>>(items: Vec<T>) -> u64 {
    items.into_iter().map(|x| x.into()).sum::<u64>() + sum_slowly(black_box(&[1u8, 2]))
}

#[inline(never)]
fn sum_slowly<T: Copy + Into<u64>>(items: &[T]) -> u64 {
    announce("generic", "sum_slowly sum_all");
    stand();
    items.iter().map(|x| (*x).into()).sum()
}

/* A method by way of its trait. */

trait Store {
    fn load(&self, key: u64) -> u64;
}

struct Disk(u64);

impl Store for Disk {
    fn load(&self, key: u64) -> u64 {
        announce("trait", "load through_trait");
        stand();
        black_box(self.0 + key)
    }
}

#[inline(never)]
fn through_trait(store: &dyn Store) -> u64 {
    store.load(black_box(3)) + 1
}

/* A closure that another function calls. */

#[inline(never)]
fn retry(attempt: &mut dyn FnMut() -> u64) -> u64 {
    attempt() + black_box(1)
}

#[inline(never)]
fn with_closure(n: u64) -> u64 {
    let mut tries = n;
    retry(&mut || {
        announce("closure", "with_closure retry with_closure");
        stand();
        tries += 1;
        black_box(tries)
    }) + black_box(2)
}

/* Functions that have no frame of their own. */

#[inline(always)]
fn folded_twice(n: u64) -> u64 {
    announce("inlined", "folded_twice folded around_folded");
    stand();
    black_box(n)
}

#[inline(always)]
fn folded(n: u64) -> u64 {
    folded_twice(n + black_box(1)) + 1
}

#[inline(never)]
fn around_folded(n: u64) -> u64 {
    folded(n) + black_box(2)
}

/* C code in between. */

extern "C" fn compare(a: *const c_void, b: *const c_void) -> c_int {
    announce("libc", "compare sort_in_libc");
    stand();
    black_box(a as usize > b as usize) as c_int
}

#[inline(never)]
fn sort_in_libc(items: &mut [u64]) -> u64 {
    let base = items.as_mut_ptr() as *mut c_void;
    unsafe { qsort(base, items.len(), 8, compare) };
    black_box(items[0])
}

/* A signal handler, in the midst of a system call. */

extern "C" fn on_signal(number: c_int) {
    announce("signal", "on_signal interrupted");
    stand();
    black_box(number);
}

#[inline(never)]
fn interrupted() -> u64 {
    let done = unsafe {
        signal(SIGUSR1, on_signal);
        raise(SIGUSR1)
    };
    black_box(done as u64)
}

/* A lock that is not let go. */

#[inline(never)]
fn wait_for_lock() -> u64 {
    announce("lock", "wait_for_lock");
    let guard = LOCK.lock().unwrap();
    black_box(*guard)
}

/* Deep. Two functions, so that no two calls in a row return to the same place. */

#[inline(never)]
fn descend(depth: u64) -> u64 {
    if depth == 0 {
        announce("deep", "descend descend_on descend descend_on descend");
        stand();
        return black_box(depth);
    }
    descend_on(depth - 1) + black_box(depth)
}

#[inline(never)]
fn descend_on(depth: u64) -> u64 {
    descend(black_box(depth - 1)) + black_box(1)
}

/* Not a worker. */

#[inline(never)]
fn in_the_pool() -> u64 {
    announce("pool", "in_the_pool");
    stand();
    black_box(1)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(10).build().unwrap();
    let _guard = LOCK.lock().unwrap();

    runtime.spawn(handler(1));
    runtime.spawn(async { sum_all(black_box(vec![1u32, 2])) });
    runtime.spawn(async { through_trait(black_box(&Disk(2) as &dyn Store)) });
    runtime.spawn(async { with_closure(black_box(1)) });
    runtime.spawn(async { around_folded(black_box(1)) });
    runtime.spawn(async { sort_in_libc(black_box(&mut [2, 1])) });
    runtime.spawn(async { interrupted() });
    runtime.spawn(async { wait_for_lock() });
    runtime.spawn(async { descend(black_box(100)) });
    runtime.spawn_blocking(in_the_pool);
    while STANDING.load(Ordering::SeqCst) < 10 {
        sleep(Duration::from_millis(5));
    }
    /* From the announcement into the system call. */
    sleep(Duration::from_millis(100));
    println!("ready");
    let _ = std::io::stdin().read(&mut [0]);
    std::process::exit(0);
}
// SPDX-License-Identifier: Apache-2.0
