//! The same six without blocking a worker: computing goes to the threads Tokio
//! keeps for it, and waiting is awaited.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flate2::write::GzEncoder;
use flate2::Compression;
use tokio::fs;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::{self, Instant};

use crate::app::{App, BACKEND, PASSWORD, SAVE, SDK_CALL};

pub async fn hash(app: Arc<App>) -> io::Result<String> {
    let hash = spawn_blocking(move || hash_password_offloaded(&app)).await?;
    Ok(format!("{hash:016x}"))
}

#[inline(never)]
fn hash_password_offloaded(app: &App) -> u64 {
    let mut hash = 0;
    for _ in 0..app.hash_rounds {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(hash);
        hasher.write(PASSWORD.as_bytes());
        hash = hasher.finish();
    }
    hash
}

pub async fn compress(app: Arc<App>) -> io::Result<String> {
    let archive = spawn_blocking(move || compress_report_offloaded(&app)).await??;
    Ok(format!("{} bytes, gzipped", archive.len()))
}

#[inline(never)]
fn compress_report_offloaded(app: &App) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(app.report.as_bytes())?;
    encoder.finish()
}

/// What a healthy file server does: a small file, by way of the blocking pool.
pub async fn file() -> io::Result<String> {
    fs::read_to_string("/proc/self/cgroup").await
}

pub async fn read(app: Arc<App>) -> io::Result<String> {
    let bytes = read_template_async(app.template.path()).await?;
    Ok(format!("{bytes} bytes"))
}

async fn read_template_async(path: &Path) -> io::Result<usize> {
    let template = fs::read(path).await?;
    let bytes = template.len();
    // Giving so much memory back takes milliseconds too.
    spawn_blocking(move || drop(template));
    Ok(bytes)
}

pub async fn dns() -> io::Result<String> {
    let backend = resolve_backend_async().await?;
    Ok(backend.to_string())
}

async fn resolve_backend_async() -> io::Result<SocketAddr> {
    let mut addresses = tokio::net::lookup_host(BACKEND).await?;
    addresses.next().ok_or_else(crate::no_address)
}

pub async fn sleep() -> io::Result<String> {
    let took = call_legacy_sdk_async().await;
    Ok(format!("the SDK took {took:?}"))
}

async fn call_legacy_sdk_async() -> Duration {
    let started = Instant::now();
    time::sleep(SDK_CALL).await;
    started.elapsed()
}

pub async fn lock(app: Arc<App>) -> io::Result<String> {
    let total = update_totals_async(&app.async_totals).await;
    Ok(format!("{total} updates"))
}

/// Tokio's mutex may be held while awaiting: those who want it wait as tasks,
/// and their workers go on.
async fn update_totals_async(totals: &Mutex<u64>) -> u64 {
    let mut total = totals.lock().await;
    *total += 1;
    time::sleep(SAVE).await;
    *total
}
// SPDX-License-Identifier: Apache-2.0
