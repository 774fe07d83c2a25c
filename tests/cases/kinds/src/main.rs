// What belongs to the other cases, one mode each: other functions of std and of the C library, other crates, other types.
use std::collections::HashMap;
use std::io::{BufRead, Read, Write};
use std::sync::{mpsc, Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
fn said(what: &str, t: Instant) {
    eprintln!("TRUTH {}: {:.1} ms", what, t.elapsed().as_secs_f64() * 1e3);
}
pub struct Item {
    name: String,
    tags: Vec<String>,
}
pub struct Index {
    by_name: HashMap<u64, Item>,
}
pub struct Table {
    rows: Vec<Item>,
}
pub trait Handler: Send {
    fn len(&self) -> usize;
}
impl Handler for Table {
    fn len(&self) -> usize {
        self.rows.len()
    }
}
fn item(i: u64) -> Item {
    Item {
        name: format!("item number {}", i),
        tags: (0..3).map(|t| format!("tag {} of {}", t, i)).collect(),
    }
}
fn index(n: u64) -> Index {
    Index {
        by_name: (0..n).map(|i| (i, item(i))).collect(),
    }
}
fn table(n: u64) -> Table {
    Table {
        rows: (0..n).map(item).collect(),
    }
}
#[inline(never)]
fn raw_write() {
    let b = [b'x'; 4000];
    let t = Instant::now();
    unsafe { libc::write(1, b.as_ptr() as *const _, 4000) };
    said("raw_write", t);
}
#[inline(never)]
fn write_fifo(f: &mut std::fs::File) {
    let t = Instant::now();
    f.write_all(&[b'x'; 4000]).unwrap();
    said("write_fifo", t);
}
#[inline(never)]
fn read_stdin() {
    let t = Instant::now();
    let mut s = String::new();
    std::io::stdin().lock().read_line(&mut s).unwrap();
    said("read_stdin", t);
}
#[inline(never)]
fn spawn_libc() {
    let t = Instant::now();
    unsafe {
        let c = b"sleep 0.02\0";
        libc::system(c.as_ptr() as *const _);
    }
    said("spawn_libc system", t);
}
#[inline(never)]
fn wait_libc() {
    let t = Instant::now();
    unsafe {
        let p = libc::fork();
        if p == 0 {
            libc::usleep(20000);
            libc::_exit(0);
        }
        let mut s = 0;
        libc::waitpid(p, &mut s, 0);
    }
    said("wait_libc", t);
}
#[inline(never)]
fn read_pipe(fd: i32) {
    let mut b = [0u8; 10];
    let t = Instant::now();
    unsafe {
        libc::read(fd, b.as_mut_ptr() as *mut _, 10);
    }
    said("read_pipe", t);
}
#[inline(never)]
fn usleep_c() {
    let t = Instant::now();
    unsafe {
        libc::usleep(15000);
    }
    said("usleep_c", t);
}
#[inline(never)]
fn pause() {
    let t = Instant::now();
    std::thread::sleep(Duration::from_millis(20));
    said("pause", t);
}
// A runtime whose block_on does the work, beside its tasks.
fn run_current_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::spawn(every(30, usleep_c));
        every(30, pause).await
    });
}
#[inline(never)]
fn compute() {
    let t = Instant::now();
    let mut x = 1u64;
    while t.elapsed() < Duration::from_millis(20) {
        for i in 0..1000u64 {
            x = x.wrapping_mul(6364136223846793005).wrapping_add(i);
        }
    }
    said("compute", t);
    std::env::args().nth(x as usize);
}
#[inline(never)]
fn with_rayon() -> f64 {
    use rayon::prelude::*;
    let t = Instant::now();
    let s = (0..4u64)
        .into_par_iter()
        .map(|i| {
            let mut x = i as f64;
            for k in 0..3_000_000u64 {
                x = x * 1.0000001 + k as f64;
            }
            x
        })
        .sum();
    said("with_rayon", t);
    s
}
#[inline(never)]
fn recv_late(r: &mpsc::Receiver<u8>) {
    let t = Instant::now();
    let _ = r.recv_timeout(Duration::from_millis(18));
    said("recv_late", t);
}
#[inline(never)]
fn park_late() {
    let t = Instant::now();
    std::thread::park_timeout(Duration::from_millis(18));
    said("park_late", t);
}
#[inline(never)]
fn handmade_block_on() {
    let t = Instant::now();
    mine::block_on(async {
        let (s, r) = tokio::sync::oneshot::channel::<u8>();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            let _ = s.send(1);
        });
        r.await.unwrap()
    });
    said("handmade_block_on", t);
}
mod mine {
    use std::task::{Context, Poll, Wake};
    struct W(std::thread::Thread);
    impl Wake for W {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark()
        }
    }
    pub fn block_on<F: std::future::Future>(f: F) -> F::Output {
        let mut f = Box::pin(f);
        let w = std::sync::Arc::new(W(std::thread::current())).into();
        let mut c = Context::from_waker(&w);
        loop {
            if let Poll::Ready(x) = f.as_mut().poll(&mut c) {
                return x;
            }
            std::thread::park();
        }
    }
}
async fn holder(i: Index, t: Table) {
    std::future::pending::<()>().await;
    println!("{} {}", i.by_name.len(), t.rows[0].name);
}
async fn boxed(h: Box<dyn Handler>) {
    std::future::pending::<()>().await;
    println!("{}", h.len());
}
async fn shared(h: Arc<Index>) {
    std::future::pending::<()>().await;
    println!("{}", h.by_name.len());
}
#[inline(never)]
fn refresh(cell: &Mutex<Option<Table>>, new: Table) {
    let t = Instant::now();
    *cell.lock().unwrap() = Some(new);
    said("refresh drops a Table", t);
}
async fn every(ms: u64, mut f: impl FnMut() + Send) {
    loop {
        f();
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}
#[tokio::main(worker_threads = 2)]
async fn main() {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let ms = 40;
    match mode.as_str() {
        "raw" => {
            tokio::spawn(every(1, raw_write));
        }
        "fifo" => {
            let p = b"case-kinds.fifo\0";
            unsafe {
                libc::mkfifo(p.as_ptr() as *const _, 0o600);
            }
            let mut f = std::fs::OpenOptions::new().read(true).write(true).open("case-kinds.fifo").unwrap();
            let mut g = f.try_clone().unwrap();
            std::thread::Builder::new()
                .name("fiforeader".into())
                .spawn(move || {
                    let mut b = vec![0; 65536];
                    loop {
                        let _ = g.read(&mut b);
                        std::thread::sleep(Duration::from_millis(40));
                    }
                })
                .unwrap();
            tokio::spawn(every(1, move || write_fifo(&mut f)));
        }
        "stdin" => {
            tokio::spawn(every(5, read_stdin));
        }
        "child" => {
            tokio::spawn(every(ms, spawn_libc));
            tokio::spawn(every(ms, wait_libc));
        }
        "pipe" => {
            let mut p = [0; 2];
            unsafe {
                libc::pipe(p.as_mut_ptr());
            }
            std::thread::Builder::new()
                .name("feeder".into())
                .spawn(move || loop {
                    std::thread::sleep(Duration::from_millis(30));
                    unsafe {
                        libc::write(p[1], b"0123456789".as_ptr() as *const _, 10);
                    }
                })
                .unwrap();
            tokio::spawn(every(5, move || read_pipe(p[0])));
        }
        "current" => {
            std::thread::spawn(run_current_thread);
        }
        "busy" => {
            tokio::spawn(every(1, compute));
            tokio::spawn(every(1, compute));
        }
        "never" => {
            let mut p = [0; 2];
            unsafe {
                libc::pipe(p.as_mut_ptr());
            }
            // When it is told to.
            tokio::task::spawn_blocking(|| std::io::stdin().lock().read_line(&mut String::new()))
                .await
                .unwrap()
                .unwrap();
            tokio::spawn(every(5, move || read_pipe(p[0])));
        }
        "sleep" => {
            tokio::spawn(every(ms, usleep_c));
        }
        "rayon" => {
            tokio::spawn(every(ms, || {
                with_rayon();
            }));
        }
        "timed" => {
            let (s, r) = mpsc::channel();
            std::mem::forget(s);
            tokio::spawn(every(ms, move || recv_late(&r)));
            tokio::spawn(every(ms, park_late));
        }
        "mine" => {
            tokio::spawn(every(ms, handmade_block_on));
        }
        "drop" => {
            let cell = Arc::new(Mutex::new(None));
            loop {
                let (i, t, b, s, n) = tokio::task::spawn_blocking(|| {
                    (
                        index(60_000),
                        table(60_000),
                        Box::new(table(60_000)) as Box<dyn Handler>,
                        Arc::new(index(60_000)),
                        table(60_000),
                    )
                })
                .await
                .unwrap();
                let hs = [tokio::spawn(holder(i, t)), tokio::spawn(boxed(b)), tokio::spawn(shared(s))];
                tokio::time::sleep(Duration::from_millis(100)).await;
                for h in hs {
                    h.abort();
                    let _ = h.await;
                }
                let c = cell.clone();
                tokio::spawn(async move { refresh(&c, n) }).await.unwrap();
            }
        }
        _ => {}
    }
    let _ = Condvar::new();
    tokio::time::sleep(Duration::from_secs(60)).await;
    println!("{}", item(1).tags.len());
}
// SPDX-License-Identifier: Apache-2.0
