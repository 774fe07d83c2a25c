//! What the program writes down of itself, to stderr. First, what each kind of poll is:
//!
//!     kind KIND REASON FUNCTION TASK
//!
//! Then each poll that took long enough, in nanoseconds on CLOCK_MONOTONIC; WAIT is how much of it the thread could have run but
//! had no CPU:
//!
//!     poll START END TID WAIT KIND
//!
//! Writing that takes time, too, in the same poll of Tokio's, and long where all is slow. So when it was is written with the
//! thread's next poll:
//!
//!     own START END TID
//!
//! REASON and FUNCTION are what a report should name first. REASON is `-` where it should not name the poll at all.

use std::cell::Cell;
use std::fs::File;
use std::future::Future;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

static LOG_FROM: AtomicU64 = AtomicU64::new(1_000_000);

pub struct Kind {
    pub name: &'static str,
    pub reason: &'static str,
    pub function: &'static str,
    pub task: &'static str,
}

fn read_clock(clock: libc::clockid_t) -> u64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(clock, &mut t) };
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

pub fn now() -> u64 {
    read_clock(libc::CLOCK_MONOTONIC)
}

/// The CPU time of all threads so far.
pub fn cpu_seconds() -> f64 {
    read_clock(libc::CLOCK_PROCESS_CPUTIME_ID) as f64 / 1e9
}

/// The thread's id, the kernel's count of its time: on a CPU, waiting for one (ns), and how often; and when it last wrote a poll.
struct Thread {
    tid: i64,
    schedstat: Option<File>,
    own: Cell<Option<(u64, u64)>>,
}

thread_local! {
    static THREAD: Thread = {
        let tid = unsafe { libc::syscall(libc::SYS_gettid) };
        let schedstat = File::open(format!("/proc/self/task/{}/schedstat", tid)).ok();
        Thread { tid, schedstat, own: Cell::new(None) }
    };
}

/// How long the thread has waited for a CPU since it began (ns). 0 if the kernel does not tell.
fn waited(thread: &Thread) -> u64 {
    let mut text = [0; 64];
    let length = thread.schedstat.as_ref().and_then(|file| file.read_at(&mut text, 0).ok()).unwrap_or(0);
    let mut numbers = text[..length].split(|&byte| byte == b' ').skip(1);
    numbers.next().map_or(0, |digits| digits.iter().fold(0, |sum, &digit| sum * 10 + u64::from(digit & 15)))
}

/// Polls that are shorter are not written down.
pub fn log_from(us: u64) {
    LOG_FROM.store(us * 1000, Ordering::Relaxed);
}

/// One line is one write: nothing to lock, which std's own stderr would.
fn write(line: String) {
    unsafe { libc::write(2, line.as_ptr().cast(), line.len()) };
}

/// What waited for the thread, since `start`: see queues.rs.
pub fn write_queue(start: u64, waiting: [u64; 5]) {
    let [local, lifo, injected, idle, jobs] = waiting;
    let tid = THREAD.with(|thread| thread.tid);
    write(format!("queue {start} {} {tid} {local} {lifo} {injected} {idle} {jobs}\n", now()));
}

fn write_poll(thread: &Thread, start: u64, end: u64, wait: u64, kind: &str) {
    let tid = thread.tid;
    let own = thread.own.take().map_or_else(String::new, |(from, to)| format!("own {from} {to} {tid}\n"));
    write(format!("{own}poll {start} {end} {tid} {wait} {kind}\n"));
    thread.own.set(Some((end, now())));
}

/// A future that writes down its long polls.
struct Measured<F> {
    kind: &'static Kind,
    future: F,
}

impl<F: Future> Future for Measured<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = unsafe { self.get_unchecked_mut() };
        let future = unsafe { Pin::new_unchecked(&mut this.future) };
        THREAD.with(|thread| {
            let start = now();
            let waited_before = waited(thread);
            let result = future.poll(cx);
            let wait = waited(thread) - waited_before;
            let end = now();
            if end - start >= LOG_FROM.load(Ordering::Relaxed) {
                write_poll(thread, start, end, wait, this.kind.name);
            }
            result
        })
    }
}

/// Awaits `future`, and writes down its long polls, that is, the task's.
pub async fn measured<F: Future>(kind: &'static Kind, future: F) -> F::Output {
    Measured { kind, future }.await
}

/// Says what a kind of poll is.
pub fn declare(kind: &Kind) {
    write(format!("kind {} {} {} {}\n", kind.name, kind.reason, kind.function, kind.task));
}
// SPDX-License-Identifier: Apache-2.0
