//! Six ways to block a worker. Each handler is `async`, but calls a plain
//! function that keeps its thread until it is done: meanwhile the worker polls
//! none of its other tasks.
//!
//! The plain functions are `#[inline(never)]`, which changes nothing about the
//! blocking, so that an optimised build without debug info still has a frame
//! with the name to look for.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{fs, thread};

use flate2::write::GzEncoder;
use flate2::Compression;

use crate::app::{App, BACKEND, PASSWORD, SAVE, SDK_CALL};

pub async fn hash(app: Arc<App>) -> io::Result<String> {
    let hash = hash_password(PASSWORD, app.hash_rounds);
    Ok(format!("{hash:016x}"))
}

/// Computing for long: nothing here ever waits, so nothing ever yields.
#[inline(never)]
pub fn hash_password(password: &str, rounds: usize) -> u64 {
    let mut hash = 0;
    for _ in 0..rounds {
        // Slow on purpose, as password hashes are; but do not use this one.
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(hash);
        hasher.write(password.as_bytes());
        hash = hasher.finish();
    }
    hash
}

pub async fn compress(app: Arc<App>) -> io::Result<String> {
    let archive = compress_report(&app.report)?;
    Ok(format!("{} bytes, gzipped", archive.len()))
}

/// The same, but it is a dependency that computes.
#[inline(never)]
pub fn compress_report(report: &str) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(report.as_bytes())?;
    encoder.finish()
}

pub async fn read(app: Arc<App>) -> io::Result<String> {
    let bytes = read_template(app.template.path())?;
    Ok(format!("{bytes} bytes"))
}

/// `std::fs` in async code: slow even when the file is in the page cache.
#[inline(never)]
pub fn read_template(path: &Path) -> io::Result<usize> {
    let template = fs::read(path)?;
    Ok(template.len())
}

pub async fn dns() -> io::Result<String> {
    let backend = resolve_backend()?;
    Ok(backend.to_string())
}

/// The system's resolver, which waits for the name server's answer.
#[inline(never)]
pub fn resolve_backend() -> io::Result<SocketAddr> {
    let mut addresses = BACKEND.to_socket_addrs()?;
    addresses.next().ok_or_else(crate::no_address)
}

pub async fn sleep() -> io::Result<String> {
    let took = call_legacy_sdk();
    Ok(format!("the SDK took {took:?}"))
}

/// A synchronous client library, or a plain `sleep` in a retry loop.
#[inline(never)]
pub fn call_legacy_sdk() -> Duration {
    let started = Instant::now();
    thread::sleep(SDK_CALL);
    started.elapsed()
}

pub async fn lock(app: Arc<App>) -> io::Result<String> {
    let total = update_totals(&app.totals);
    Ok(format!("{total} updates"))
}

/// A lock held over slow work: it blocks the worker that holds it, and then
/// every other worker that comes for it.
#[inline(never)]
pub fn update_totals(totals: &Mutex<u64>) -> u64 {
    let mut total = totals.lock().expect("no update panics");
    *total += 1;
    thread::sleep(SAVE);
    *total
}
// SPDX-License-Identifier: Apache-2.0
