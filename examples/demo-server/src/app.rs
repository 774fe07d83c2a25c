//! What the handlers share, with the work sized for this build and machine.

use std::fmt::Write;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};
use std::{env, io, process};

use crate::blocking;

pub const PASSWORD: &str = "correct horse battery staple";
pub const BACKEND: (&str, u16) = ("backend.demo.internal", 80);
/// How long the pretended SDK takes to answer.
pub const SDK_CALL: Duration = Duration::from_millis(20);
/// How long the pretended storage takes to save the totals.
pub const SAVE: Duration = Duration::from_millis(15);

/// How long hashing, compressing and reading should each take.
const WORK: Duration = Duration::from_millis(25);

pub struct App {
    pub hash_rounds: usize,
    pub report: String,
    pub template: Template,
    pub totals: Mutex<u64>,
    pub async_totals: tokio::sync::Mutex<u64>,
}

impl App {
    pub fn new() -> io::Result<Self> {
        let hash_rounds = size_taking(WORK, 1_000, |rounds| {
            timed(|| Ok(blocking::hash_password(PASSWORD, rounds)))
        })?;
        let report_rows = size_taking(WORK, 500, |rows| {
            let report = sales_report(rows);
            timed(|| blocking::compress_report(&report))
        })?;
        let template = Template::create()?;
        // The size the template is left with is the one that took long enough.
        size_taking(WORK, 8 << 20, |bytes| {
            template.resize(bytes)?;
            timed(|| blocking::read_template(template.path()))
        })?;
        Ok(Self {
            hash_rounds,
            report: sales_report(report_rows),
            template,
            totals: Mutex::default(),
            async_totals: tokio::sync::Mutex::default(),
        })
    }
}

/// A large file in a private directory; both go when this is dropped.
pub struct Template {
    dir: PathBuf,
    path: PathBuf,
}

impl Template {
    fn create() -> io::Result<Self> {
        // With the time, since a process that was killed leaves its directory
        // to the next one with its id.
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let dir = env::temp_dir().join(format!("demo-server-{}-{}", process::id(), now.as_nanos()));
        DirBuilder::new().mode(0o700).create(&dir)?;
        let template = Self {
            path: dir.join("template"),
            dir,
        };
        File::create(&template.path)?;
        Ok(template)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves the file sparse: reading it costs the same, writing it nothing.
    fn resize(&self, bytes: usize) -> io::Result<()> {
        File::options()
            .write(true)
            .open(&self.path)?
            .set_len(bytes as u64)
    }
}

impl Drop for Template {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            eprintln!("demo-server: cannot remove {}: {error}", self.dir.display());
        }
    }
}

/// The size of work that takes `target`, growing from `size`: so that every
/// endpoint blocks for as long in a debug build as in a release one.
fn size_taking(
    target: Duration,
    mut size: usize,
    mut time: impl FnMut(usize) -> io::Result<Duration>,
) -> io::Result<usize> {
    loop {
        // The fastest of a few: the others were disturbed.
        let mut fastest = Duration::MAX;
        for _ in 0..5 {
            fastest = fastest.min(time(size)?);
        }
        let growth = target.as_secs_f64() / fastest.as_secs_f64().max(1e-6);
        if growth < 1.1 {
            return Ok(size);
        }
        // In bounded steps, as a short time measured is a rough one.
        size = (size as f64 * growth.min(8.0)) as usize;
    }
}

fn timed<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<Duration> {
    let started = Instant::now();
    work()?;
    Ok(started.elapsed())
}

fn sales_report(rows: usize) -> String {
    let mut report = String::from("order,product,quantity,cents\n");
    for row in 0..rows {
        // Scattered figures, so that they compress no better than real ones.
        let noise = row.wrapping_mul(0x9E37_79B9) >> 7;
        let (product, quantity, cents) = (noise % 997, noise % 7 + 1, noise % 19_999);
        writeln!(report, "{row},P-{product:03},{quantity},{cents}")
            .expect("writing to a String cannot fail");
    }
    report
}
// SPDX-License-Identifier: Apache-2.0
