//! A steady load on the demo server: every path is asked at the same rate, by
//! connections of its own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

const USAGE: &str = "\
usage: demo-load ADDR [--seconds N] [--rate N] [--connections N] [PATH ...]

  ADDR             where the server listens, such as 127.0.0.1:8080
  --seconds N      how long to go on; otherwise until the server ends
  --rate N|max     requests per second of each path (4); max: each connection
                   asks again as soon as it has its answer
  --connections N  connections of each path, which all ask at once (1; at least
                   3 of a path that ends in /lock, or nobody waits for the lock)
  PATH ...         what to ask for; otherwise all endpoints, bad and good";

const PATHS: [&str; 13] = [
    "/",
    "/hash",
    "/compress",
    "/read",
    "/dns",
    "/sleep",
    "/lock",
    "/good/hash",
    "/good/compress",
    "/good/read",
    "/good/dns",
    "/good/sleep",
    "/good/lock",
];

/// Longer than any answer takes, unless the server is stuck.
const TIMEOUT: Duration = Duration::from_secs(5);

struct Options {
    addr: SocketAddr,
    seconds: Option<f64>,
    /// None: as fast as answers come.
    rate: Option<f64>,
    connections: u32,
    paths: Vec<String>,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self {
            addr: args.next()?.parse().ok()?,
            seconds: None,
            rate: Some(4.0),
            connections: 1,
            paths: Vec::new(),
        };
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--seconds" => options.seconds = Some(positive(&args.next()?)?),
                "--rate" => {
                    options.rate = match args.next()?.as_str() {
                        "max" => None,
                        rate => Some(positive(rate)?),
                    }
                }
                "--connections" => options.connections = args.next()?.parse().ok()?,
                path if path.starts_with('/') => options.paths.push(arg),
                _ => return None,
            }
        }
        if options.paths.is_empty() {
            options.paths = PATHS.map(String::from).to_vec();
        }
        Some(options)
    }

    fn connections(&self, path: &str) -> u32 {
        let at_least = if path.ends_with("/lock") { 3 } else { 1 };
        self.connections.max(at_least)
    }
}

fn positive(arg: &str) -> Option<f64> {
    // Bounded, to be fit for a `Duration` whatever is asked for.
    arg.parse().ok().filter(|n| (1e-3..=1e6).contains(n))
}

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Some(options) => options,
        None => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    // Later, no answer only means that the server has ended.
    if let Err(error) = Connection::open(options.addr) {
        eprintln!("demo-load: cannot connect to {}: {error}", options.addr);
        return ExitCode::FAILURE;
    }
    run(&options);
    ExitCode::SUCCESS
}

fn run(options: &Options) {
    let started = Instant::now();
    let end = options
        .seconds
        .map(|seconds| started + Duration::from_secs_f64(seconds));

    let stats: Vec<Stats> = thread::scope(|scope| {
        let mut asking = Vec::new();
        for (index, path) in options.paths.iter().enumerate() {
            let connections = options.connections(path);
            let turn = index as f64 / options.paths.len() as f64;
            // The paths take turns, the connections of one path do not.
            let rate = options.rate.unwrap_or(f64::INFINITY);
            let first = started + Duration::from_secs_f64(turn / rate);
            let period = Duration::from_secs_f64(f64::from(connections) / rate);
            let threads: Vec<_> = (0..connections)
                .map(|_| scope.spawn(move || ask(options.addr, path, first, period, end)))
                .collect();
            asking.push(threads);
        }
        asking
            .into_iter()
            .map(|threads| {
                threads
                    .into_iter()
                    .map(|thread| thread.join().expect("no asking thread panics"))
                    .fold(Stats::default(), Stats::merge)
            })
            .collect()
    });

    for (path, stats) in options.paths.iter().zip(stats) {
        println!(
            "{path:<16} {:>6} requests  mean {:>7.3} ms  p99 {:>7.3} ms  max {:>7.3} ms  {} failed",
            stats.took.len(),
            stats.mean_ms(),
            stats.p99_ms(),
            stats.max_ms(),
            stats.failed,
        );
    }
}

#[derive(Default)]
struct Stats {
    /// How long each answer took.
    took: Vec<Duration>,
    /// How many requests were not answered, or not with success.
    failed: u32,
}

impl Stats {
    fn merge(mut self, other: Self) -> Self {
        self.took.extend(other.took);
        self.took.sort_unstable();
        Self {
            took: self.took,
            failed: self.failed + other.failed,
        }
    }

    fn mean_ms(&self) -> f64 {
        let total: Duration = self.took.iter().sum();
        total.as_secs_f64() * 1e3 / self.took.len().max(1) as f64
    }

    /// 99 in 100 answers took no longer.
    fn p99_ms(&self) -> f64 {
        let at = self.took.len() * 99 / 100;
        self.took.get(at).map_or(0.0, |took| took.as_secs_f64() * 1e3)
    }

    fn max_ms(&self) -> f64 {
        self.took.last().map_or(0.0, |took| took.as_secs_f64() * 1e3)
    }
}

/// Asks for `path` on one connection, until `end` or until the server is gone.
fn ask(
    addr: SocketAddr,
    path: &str,
    first: Instant,
    period: Duration,
    end: Option<Instant>,
) -> Stats {
    let mut stats = Stats::default();
    let mut connection = None;
    let mut due = first;
    while end.map_or(true, |end| due < end) {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let mut open = match connection.take().map_or_else(|| Connection::open(addr), Ok) {
            Ok(open) => open,
            Err(_) => break,
        };
        let asked = Instant::now();
        match open.get(path) {
            Ok(success) => {
                let took = asked.elapsed();
                stats.took.push(took);
                stats.failed += u32::from(!success);
                connection = Some(open);
            }
            // Opened anew next time, if there is still a server.
            Err(_) => stats.failed += 1,
        }
        // Turns that were missed stay missed: a server that falls behind is
        // not punished for it, and a path's connections keep in step.
        let now = Instant::now();
        if period.is_zero() {
            due = now;
        }
        while due <= now && !period.is_zero() {
            due += period;
        }
    }
    stats
}

/// Just enough of an HTTP/1.1 client for the answers of this server.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&addr, TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Whether the answer was a success.
    fn get(&mut self, path: &str) -> io::Result<bool> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: demo\r\n\r\n");
        self.0.get_mut().write_all(request.as_bytes())?;

        let status = self.line()?;
        let mut length = 0;
        loop {
            let header = self.line()?.to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(invalid)?;
            }
        }
        io::copy(&mut self.0.by_ref().take(length), &mut io::sink())?;
        Ok(status.starts_with("HTTP/1.1 200 "))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_string()),
        }
    }
}

fn invalid(error: std::num::ParseIntError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
// SPDX-License-Identifier: Apache-2.0
