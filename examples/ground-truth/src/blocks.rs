//! The ways to block a thread, each for a known time in a function of its own. These call nothing but the standard library
//! and the C library, so that it is clear whose function it is.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::ToSocketAddrs;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{channel, Sender};
use std::sync::Mutex;
use std::time::{Duration, Instant};

#[inline(never)]
pub fn burn_cpu(us: u64) {
    let (start, length) = (Instant::now(), Duration::from_micros(us));
    let mut x = 1u64;
    while start.elapsed() < length {
        for _ in 0..200 {
            // What the compiler must not leave out; std::hint::black_box is not in Rust 1.65.
            x = unsafe { std::ptr::read_volatile(&x) }.wrapping_mul(31).wrapping_add(7);
        }
    }
}

#[inline(never)]
pub fn legacy_sleep(us: u64) {
    std::thread::sleep(Duration::from_micros(us));
    // Otherwise the call is a jump, and this function is not on the stack.
    unsafe { std::ptr::read_volatile(&us) };
}

#[inline(never)]
pub fn hold_lock(lock: &Mutex<u64>, us: u64) {
    let mut held = lock.lock().unwrap();
    std::thread::sleep(Duration::from_micros(us));
    *held += us;
}

/// For as long as another thread holds it.
#[inline(never)]
pub fn wait_for_lock(lock: &Mutex<u64>) {
    *lock.lock().unwrap() += 1;
}

/// Files that are there while the program runs, and have no name.
pub struct Files {
    long: File,
    log: File,
    page: Vec<u8>,
}

const LONG: u64 = 32 << 20;

impl Files {
    pub fn new(name: &str) -> std::io::Result<Files> {
        let page = vec![42; 1 << 18];
        let open = |name: String| -> std::io::Result<File> {
            let path = std::env::temp_dir().join(name);
            let file = std::fs::OpenOptions::new().read(true).write(true).create(true).open(&path)?;
            std::fs::remove_file(&path)?;
            Ok(file)
        };
        let mut long = open(format!("ground-truth-{}-{}-long", std::process::id(), name))?;
        for _ in 0..LONG / page.len() as u64 {
            long.write_all(&page)?;
        }
        let log = open(format!("ground-truth-{}-{}-log", std::process::id(), name))?;
        Ok(Files { long, log, page })
    }
}

#[inline(never)]
pub fn read_file(files: &mut Files, us: u64) {
    let (start, length) = (Instant::now(), Duration::from_micros(us));
    while start.elapsed() < length {
        if files.long.read(&mut files.page).unwrap() == 0 {
            files.long.seek(SeekFrom::Start(0)).unwrap();
        }
    }
}

#[inline(never)]
pub fn sync_file(files: &mut Files, us: u64) {
    let (start, length) = (Instant::now(), Duration::from_micros(us));
    while start.elapsed() < length {
        files.log.seek(SeekFrom::Start(0)).unwrap();
        files.log.write_all(&files.page[..4096]).unwrap();
        files.log.sync_all().unwrap();
    }
}

/// A server at the other end of a socket, which answers when it was told to.
pub struct Server {
    socket: UnixStream,
    orders: Sender<u64>,
}

impl Server {
    pub fn new() -> Server {
        let (socket, mut other) = UnixStream::pair().unwrap();
        let (orders, delays) = channel();
        std::thread::spawn(move || {
            for us in delays {
                std::thread::sleep(Duration::from_micros(us));
                let _ = other.write_all(b"!");
            }
        });
        Server { socket, orders }
    }
}

#[inline(never)]
pub fn read_socket(server: &mut Server, us: u64) {
    server.orders.send(us).unwrap();
    server.socket.read_exact(&mut [0]).unwrap();
}

/// Forty answers, each of which takes 0.3 ms.
#[inline(never)]
pub fn read_often(server: &mut Server) {
    for _ in 0..40 {
        server.orders.send(300).unwrap();
        server.socket.read_exact(&mut [0]).unwrap();
    }
}

/// Where no name server is asked, one lookup is short: it is repeated.
#[inline(never)]
pub fn resolve_name(us: u64) {
    let (start, length) = (Instant::now(), Duration::from_micros(us));
    while start.elapsed() < length {
        let _ = "localhost:80".to_socket_addrs();
    }
}

const MEMORY: usize = 8 << 20;

/// New memory, again and again: each page of it is a fault.
#[inline(never)]
pub fn touch_pages(us: u64) {
    let (start, length) = (Instant::now(), Duration::from_micros(us));
    unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let memory = libc::mmap(std::ptr::null_mut(), MEMORY, protection, flags, -1, 0);
        assert!(memory != libc::MAP_FAILED);
        libc::madvise(memory, MEMORY, libc::MADV_NOHUGEPAGE);
        while start.elapsed() < length {
            let mut at = 0;
            while at < MEMORY && start.elapsed() < length {
                std::ptr::write_volatile(memory.cast::<u8>().add(at), 1);
                at += 4096;
            }
            libc::madvise(memory, MEMORY, libc::MADV_DONTNEED);
        }
        libc::munmap(memory, MEMORY);
    }
}

/// Many sleeps, each of them short, with a little work in between.
#[inline(never)]
pub fn nap_often(us: u64) {
    let (start, length) = (Instant::now(), Duration::from_micros(us));
    while start.elapsed() < length {
        std::thread::sleep(Duration::from_micros(1_500));
        let nap = Instant::now();
        while nap.elapsed() < Duration::from_micros(300) {
            std::hint::spin_loop();
        }
    }
}
// SPDX-License-Identifier: Apache-2.0
