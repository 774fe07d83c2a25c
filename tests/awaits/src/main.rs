//! Every task waits in a place that is known beforehand, and writes it down (log.rs) before it waits. When all of them stand
//! still, they are printed:
//!
//!     task HEADER NAME
//!       FUNCTION FILE:LINE
//!         = WHAT
//!
//! A name that begins with `!` is of a task that does not wait: `!complete`, `!new`; or whose chain is not
//! written down: `!deeper`. `ready` follows. It ends when its standard
//! input does.
//!
//! `log.at()` and `log.end()` speak of the await in the line below them.

mod log;

use futures_util::future::{self, FutureExt};
use futures_util::stream::{self, FuturesUnordered, StreamExt};
use log::{note, root, task, Log};
use std::future::Future;
use std::io::Read;
use std::os::unix::io::AsRawFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};
use tokio::sync::{broadcast, mpsc, oneshot, watch, Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

const HOUR: Duration = Duration::from_secs(3600);

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/* --- functions that await each other --- */

async fn sleeps(log: Log) {
    log.end("awaits::sleeps", "sleep");
    sleep(HOUR).await;
}

async fn outer(log: Log) -> u32 {
    let log = log.at("awaits::outer");
    middle(log, 7).await
}

async fn middle(log: Log, n: u32) -> u32 {
    let text = vec![n; 3];
    let log = log.at("awaits::middle");
    sleeps(log).await;
    text[0]
}

async fn generic<T: Send + std::fmt::Debug>(log: Log, value: T) {
    let log = log.at("awaits::generic");
    sleeps(log).await;
    println!("{:?}", value);
}

async fn second_await(log: Log) {
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    let log = log.at("awaits::second_await");
    sleeps(log).await;
    tokio::task::yield_now().await;
}

async fn big(log: Log) {
    let mut array = [1u8; 9000];
    let log = log.at("awaits::big");
    sleeps(log).await;
    array[3] = 4;
    println!("{:?}", &array[..8]);
}

fn returns_block(log: Log) -> impl Future<Output = ()> {
    async move {
        let log = log.at("awaits::returns_block");
        sleeps(log).await;
    }
}

async fn inner_blocks(log: Log) {
    let first = async { 1 };
    let second = async {
        let log = log.at("awaits::inner_blocks");
        sleeps(log).await;
    };
    first.await;
    let log = log.later("awaits::inner_blocks");
    let block = async move {
        let log = log.at("awaits::inner_blocks");
        sleeps(log).await;
    };
    log.here();
    block.await;
    second.await;
}

fn recursive(log: Log, n: u32) -> Boxed<u32> {
    Box::pin(async move {
        if n == 0 {
            log.end("awaits::recursive", "sleep");
            sleep(HOUR).await;
        }
        let log = log.at("awaits::recursive");
        recursive(log, n - 1).await + 1
    })
}

/* Deeper than anybody looks. */
fn endless(n: u32) -> Boxed<()> {
    Box::pin(async move {
        if n == 0 {
            sleep(HOUR).await;
        } else {
            endless(n - 1).await;
        }
    })
}

struct Service {
    name: String,
}

trait Handler {
    fn handle(&self, log: Log) -> Boxed<usize>;
}

impl Service {
    async fn method(&self, log: Log) -> usize {
        let log = log.at("awaits::Service::method");
        sleeps(log).await;
        self.name.len()
    }
}

impl Handler for Service {
    fn handle(&self, log: Log) -> Boxed<usize> {
        let name = self.name.clone();

        Box::pin(async move {
            let log = log.at("<awaits::Service as Handler>::handle");
            sleeps(log).await;
            name.len()
        })
    }
}

async fn by_trait(log: Log) {
    let handler: Box<dyn Handler + Send + Sync> = Box::new(Service { name: "x".to_string() });
    let log = log.at("awaits::by_trait");
    handler.handle(log).await;
}

async fn by_method(log: Log) {
    let service = Service { name: "x".to_string() };
    let log = log.at("awaits::by_method");
    service.method(log).await;
}

async fn boxed(log: Log) {
    let log = log.at("awaits::boxed");
    sleeps(log).boxed().await;
}

async fn boxed_sized(log: Log) {
    let log = log.at("awaits::boxed_sized");
    Box::pin(sleeps(log)).await;
}

async fn pinned(log: Log) {
    let log = log.later("awaits::pinned");
    let future = sleeps(log);
    tokio::pin!(future);
    log.here();
    (&mut future).await;
}

/* A future written by hand. */

struct Wrapper<F> {
    calls: u32,
    inner: Pin<Box<F>>,
}

impl<F: Future> Future for Wrapper<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.calls += 1;
        self.inner.as_mut().poll(context)
    }
}

async fn by_hand(log: Log) {
    let log = log.later("awaits::by_hand");
    let future = Wrapper {
        calls: 0,
        inner: Box::pin(sleeps(log.kind("awaits::Wrapper"))),
    };
    log.here();
    future.await;
}

/* --- several futures at once --- */

async fn ready() -> u32 {
    1
}

async fn waits_for(log: Log, notify: Arc<Notify>) {
    log.end("awaits::waits_for", "notify");
    notify.notified().await;
}

async fn joins(log: Log) {
    let log = log.at("awaits::joins");
    tokio::join!(sleeps(log), waits_for(log, Arc::new(Notify::new())), ready());
}

async fn tries(log: Log) -> Result<(), ()> {
    let log = log.later("awaits::tries");
    let first = async {
        let log = log.at("awaits::tries");
        sleeps(log).await;
        Ok::<(), ()>(())
    };
    let second = async {
        let log = log.at("awaits::tries");
        waits_for(log, Arc::new(Notify::new())).await;
        Err::<(), ()>(())
    };
    log.here();
    tokio::try_join!(first, second).map(|_| ())
}

async fn selects(log: Log) {
    let log = log.at("awaits::selects");
    tokio::select! {
        _ = sleeps(log) => println!("slept"),
        _ = waits_for(log, Arc::new(Notify::new())) => println!("notified"),
    }
}

/* The second branch has ended and does not match. */
async fn selects_disabled(log: Log) {
    let log = log.at("awaits::selects_disabled");
    tokio::select! {
        _ = sleeps(log) => println!("slept"),
        5 = ready() => println!("five"),
        _ = waits_for(log, Arc::new(Notify::new())) => println!("notified"),
    }
}

async fn selects_reference(log: Log) {
    let log = log.later("awaits::selects_reference");
    let future = sleeps(log);
    tokio::pin!(future);
    loop {
        log.here();
        tokio::select! {
            _ = &mut future => break,
            _ = waits_for(log, Arc::new(Notify::new())) => println!("notified"),
        }
    }
}

async fn selects_biased(log: Log, mut receiver: mpsc::Receiver<u8>) {
    let log = log.later("awaits::selects_biased");
    log.leaf("channel");
    log.here();
    tokio::select! {
        biased;
        _ = receiver.recv() => println!("received"),
        _ = sleeps(log) => println!("slept"),
    }
}

async fn futures_select(log: Log) {
    let log = log.later("awaits::futures_select");
    let both = future::select(sleeps(log).boxed(), waits_for(log, Arc::new(Notify::new())).boxed());
    log.here();
    both.await;
}

async fn futures_join(log: Log) {
    let log = log.at("awaits::futures_join");
    future::join(sleeps(log), waits_for(log, Arc::new(Notify::new()))).await;
}

async fn joins_few(log: Log) {
    let log = log.at("awaits::joins_few");
    future::join_all((0..3).map(|_| sleeps(log))).await;
}

async fn joins_many(log: Log) {
    let log = log.at("awaits::joins_many");
    future::join_all((0..40).map(|_| sleeps(log))).await;
}

async fn selects_all(log: Log) {
    let log = log.at("awaits::selects_all");
    future::select_all((0..3).map(|_| sleeps(log).boxed())).await;
}

async fn unordered(log: Log) {
    let log = log.later("awaits::unordered");
    let mut futures: FuturesUnordered<_> = (0..5).map(|_| sleeps(log)).collect();
    log.here();
    futures.next().await;
}

async fn buffered(log: Log) {
    let log = log.later("awaits::buffered");
    let mut stream = stream::iter(0..9).map(|_| sleeps(log)).buffered(3);
    log.here();
    stream.next().await;
}

async fn buffered_unordered(log: Log) {
    let log = log.later("awaits::buffered_unordered");
    let mut stream = stream::iter(0..9).map(|_| sleeps(log)).buffer_unordered(2).boxed();
    log.here();
    stream.next().await;
}

async fn for_each(log: Log) {
    let log = log.at("awaits::for_each");
    stream::iter(0..9).for_each_concurrent(2, |_| sleeps(log)).await;
}

async fn unfolds(log: Log) {
    let log = log.later("awaits::unfolds");
    let mut stream = stream::unfold(log, |log| async move {
        let below = log.at("awaits::unfolds");
        sleeps(below).await;
        Some((1, log))
    })
    .boxed();
    log.here();
    stream.next().await;
}

async fn maps(log: Log) {
    let log = log.at("awaits::maps");
    sleeps(log).map(|_| 5).then(|n| async move { n + 1 }).await;
}

async fn fuses(log: Log) {
    let log = log.at("awaits::fuses");
    sleeps(log).fuse().await;
}

async fn shares(log: Log) {
    let log = log.later("awaits::shares");
    let shared = sleeps(log).boxed().shared();
    let other = shared.clone();
    log.here();
    shared.await;
    other.await;
}

async fn either(log: Log) {
    let log = log.later("awaits::either");
    let future = if log.is_place() {
        future::Either::Left(sleeps(log).map(|_| 1))
    } else {
        future::Either::Right(ready())
    };
    log.here();
    future.await;
}

async fn optional(log: Log) {
    let log = log.later("awaits::optional");
    let future = future::OptionFuture::from(Some(sleeps(log)));
    log.here();
    future.await;
}

async fn aborts(log: Log) {
    let log = log.later("awaits::aborts");
    let (future, handle) = future::abortable(sleeps(log));
    log.here();
    let _ = future.await;
    handle.abort();
}

async fn joins_set(log: Log) {
    let log = log.later("awaits::joins_set");
    let mut set = JoinSet::new();
    for _ in 0..3 {
        let below = root();
        set.spawn(sleeps(below));
        log.leaf("task");
    }
    log.here();
    set.join_next().await;
}

async fn times_out(log: Log) {
    let log = log.later("awaits::times_out");
    log.leaf("sleep");
    log.here();
    timeout(HOUR, waits_for(log, Arc::new(Notify::new()))).await.ok();
}

tokio::task_local! {
    static NUMBER: u32;
}

async fn scopes(log: Log) {
    let log = log.at("awaits::scopes");
    NUMBER.scope(3, sleeps(log)).await;
}

async fn unconstrained(log: Log) {
    let log = log.at("awaits::unconstrained");
    tokio::task::unconstrained(sleeps(log)).await;
}

/* --- what they wait for --- */

async fn locks(log: Log, mutex: Arc<Mutex<u32>>) {
    log.end("awaits::locks", "mutex");
    let mut guard = mutex.lock().await;
    *guard += 1;
}

async fn locks_owned(log: Log, mutex: Arc<Mutex<u32>>) {
    log.end("awaits::locks_owned", "mutex");
    let mut guard = mutex.lock_owned().await;
    *guard += 1;
}

async fn holds(log: Log, mutex: Arc<Mutex<u32>>) {
    let mut guard = mutex.lock().await;
    let log = log.at("awaits::holds");
    sleeps(log).await;
    *guard += 1;
}

async fn reads(log: Log, lock: Arc<RwLock<u32>>) {
    log.end("awaits::reads", "read lock");
    let guard = lock.read().await;
    println!("{}", *guard);
}

async fn writes(log: Log, lock: Arc<RwLock<u32>>) {
    log.end("awaits::writes", "write lock");
    let mut guard = lock.write().await;
    *guard += 1;
}

async fn holds_write(log: Log, lock: Arc<RwLock<u32>>) {
    let mut guard = lock.write().await;
    let log = log.at("awaits::holds_write");
    sleeps(log).await;
    *guard += 1;
}

async fn acquires(log: Log, semaphore: Arc<Semaphore>) {
    log.end("awaits::acquires", "semaphore");
    let permit = semaphore.acquire_many(3).await;
    drop(permit);
}

async fn acquires_owned(log: Log, semaphore: Arc<Semaphore>) {
    log.end("awaits::acquires_owned", "semaphore");
    let permit = semaphore.acquire_owned().await;
    drop(permit);
}

async fn holds_permit(log: Log, semaphore: Arc<Semaphore>) {
    let permit = semaphore.acquire_many_owned(4).await;
    let log = log.at("awaits::holds_permit");
    sleeps(log).await;
    drop(permit);
}

async fn receives(log: Log, mut receiver: mpsc::Receiver<u8>) {
    log.end("awaits::receives", "channel");
    let _ = receiver.recv().await;
}

async fn receives_unbounded(log: Log, mut receiver: mpsc::UnboundedReceiver<String>) {
    log.end("awaits::receives_unbounded", "channel");
    let _ = receiver.recv().await;
}

async fn sends(log: Log, sender: mpsc::Sender<u8>) {
    sender.send(1).await.unwrap();
    log.end("awaits::sends", "capacity of a channel");
    sender.send(2).await.unwrap();
}

async fn reserves(log: Log, sender: mpsc::Sender<u8>) {
    sender.send(1).await.unwrap();
    log.end("awaits::reserves", "capacity of a channel");
    let _ = sender.reserve().await;
}

async fn oneshots(log: Log, receiver: oneshot::Receiver<Vec<u8>>) {
    log.end("awaits::oneshots", "oneshot channel");
    let _ = receiver.await;
}

async fn closes(log: Log, mut sender: oneshot::Sender<Vec<u8>>) {
    log.end("awaits::closes", "oneshot channel");
    sender.closed().await;
}

async fn watches(log: Log, mut receiver: watch::Receiver<u8>) {
    log.end("awaits::watches", "watch channel");
    let _ = receiver.changed().await;
}

async fn listens(log: Log, mut receiver: broadcast::Receiver<u8>) {
    log.end("awaits::listens", "broadcast channel");
    let _ = receiver.recv().await;
}

async fn barrier(log: Log, barrier: Arc<Barrier>) {
    log.end("awaits::barrier", "barrier");
    barrier.wait().await;
}

async fn once(log: Log, cell: Arc<OnceCell<u32>>) {
    let log = log.later("awaits::once");
    let init = || async move {
        let log = log.at("awaits::once");
        sleeps(log).await;
        5
    };
    log.here();
    cell.get_or_init(init).await;
}

async fn once_waits(log: Log, cell: Arc<OnceCell<u32>>) {
    log.end("awaits::once_waits", "once cell");
    cell.get_or_init(|| async { 5 }).await;
}

async fn ticks(log: Log) {
    let mut interval = interval(HOUR);
    interval.tick().await;
    log.end("awaits::ticks", "sleep");
    interval.tick().await;
}

async fn joins_task(log: Log) {
    let handle = tokio::spawn(sleeps(root()));
    log.end("awaits::joins_task", &format!("task {:x}", log::header(&handle)));
    handle.await.unwrap();
}

async fn joins_blocking(log: Log) {
    let handle = tokio::task::spawn_blocking(|| std::thread::sleep(HOUR));
    log.end("awaits::joins_blocking", &format!("task {:x}", log::header(&handle)));
    handle.await.unwrap();
}

async fn never(log: Log) {
    log.end("awaits::never", "nothing");
    std::future::pending::<()>().await;
}

async fn signals(log: Log) {
    let mut signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::user_defined2()).unwrap();
    log.end("awaits::signals", "signal");
    signal.recv().await;
}

async fn interrupts(log: Log) {
    log.end("awaits::interrupts", "signal");
    tokio::signal::ctrl_c().await.unwrap();
}

async fn child(log: Log) {
    let mut child = tokio::process::Command::new("cat")
        .stdin(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let stdin = child.stdin.take();
    log.end("awaits::child", &format!("process {}", child.id().unwrap()));
    child.wait().await.unwrap();
    drop(stdin);
}

fn socket(fd: &impl AsRawFd) -> String {
    format!("socket {}", fd.as_raw_fd())
}

async fn accepts(log: Log, listener: TcpListener) {
    log.end("awaits::accepts", &socket(&listener));
    listener.accept().await.unwrap();
}

async fn accepts_unix(log: Log) {
    let listener = UnixListener::bind("\0awaits").or_else(|_| UnixListener::bind(format!("/tmp/awaits.{}", std::process::id()))).unwrap();
    log.end("awaits::accepts_unix", &socket(&listener));
    listener.accept().await.unwrap();
}

async fn connect(address: std::net::SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

async fn reads_socket(log: Log, mut stream: TcpStream) {
    let mut buffer = [0; 16];
    log.end("awaits::reads_socket", &socket(&stream));
    stream.read(&mut buffer).await.unwrap();
}

async fn reads_exactly(log: Log, mut stream: TcpStream) {
    let mut buffer = [0; 16];
    log.end("awaits::reads_exactly", &socket(&stream));
    stream.read_exact(&mut buffer).await.unwrap();
}

async fn reads_all(log: Log, mut stream: TcpStream) {
    let mut buffer = Vec::new();
    log.end("awaits::reads_all", &socket(&stream));
    stream.read_to_end(&mut buffer).await.unwrap();
}

async fn reads_lines(log: Log, stream: TcpStream) {
    let mut line = String::new();
    let name = socket(&stream);
    let mut reader = BufReader::new(stream);
    log.end("awaits::reads_lines", &name);
    reader.read_line(&mut line).await.unwrap();
}

async fn next_line(log: Log, stream: TcpStream) {
    let name = socket(&stream);
    let mut lines = BufReader::new(stream).lines();
    log.end("awaits::next_line", &name);
    lines.next_line().await.unwrap();
}

async fn readable(log: Log, stream: TcpStream) {
    log.end("awaits::readable", &socket(&stream));
    stream.readable().await.unwrap();
}

async fn peeks(log: Log, stream: TcpStream) {
    let mut buffer = [0; 16];
    log.end("awaits::peeks", &socket(&stream));
    stream.peek(&mut buffer).await.unwrap();
}

async fn reads_half(log: Log, mut stream: TcpStream) {
    let mut buffer = [0; 16];
    let name = socket(&stream);
    let (mut half, _other) = stream.split();
    log.end("awaits::reads_half", &name);
    half.read(&mut buffer).await.unwrap();
}

async fn reads_owned_half(log: Log, stream: TcpStream) {
    let mut buffer = [0; 16];
    let name = socket(&stream);
    let (mut half, _other) = stream.into_split();
    log.end("awaits::reads_owned_half", &name);
    half.read(&mut buffer).await.unwrap();
}

async fn reads_split(log: Log, stream: TcpStream) {
    let mut buffer = [0; 16];
    let name = socket(&stream);
    let (mut half, _other) = tokio::io::split(stream);
    log.end("awaits::reads_split", &name);
    half.read(&mut buffer).await.unwrap();
}

async fn copies(log: Log, mut stream: TcpStream) {
    let name = socket(&stream);
    log.end("awaits::copies", &name);
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.unwrap();
}

async fn copies_both(log: Log, mut one: TcpStream, mut two: TcpStream) {
    let log = log.later("awaits::copies_both");
    log.leaf(&socket(&one));
    log.leaf(&socket(&two));
    log.here();
    tokio::io::copy_bidirectional(&mut one, &mut two).await.unwrap();
}

async fn writes_socket(log: Log, mut stream: UnixStream, other: UnixStream) {
    let data = vec![0; 1 << 26];
    log.end("awaits::writes_socket", &socket(&stream));
    stream.write_all(&data).await.unwrap();
    drop(other);
}

async fn reads_unix(log: Log, mut stream: UnixStream, other: UnixStream) {
    log.end("awaits::reads_unix", &socket(&stream));
    stream.read_u32().await.unwrap();
    drop(other);
}

async fn receives_datagram(log: Log) {
    let mut buffer = [0; 16];
    let socket_ = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    log.end("awaits::receives_datagram", &socket(&socket_));
    socket_.recv_from(&mut buffer).await.unwrap();
}

async fn reads_boxed(log: Log, stream: TcpStream) {
    let mut buffer = [0; 16];
    let name = socket(&stream);
    let mut reader: Box<dyn tokio::io::AsyncRead + Send + Unpin> = Box::new(stream);
    log.end("awaits::reads_boxed", &name);
    reader.read(&mut buffer).await.unwrap();
}

/* A lock is granted to a future that its task does not call while it waits for the same lock (Oxide's RFD 609). */
async fn futurelock(log: Log, mutex: Arc<Mutex<u32>>, release: Arc<Notify>) {
    let mut lock = Box::pin(mutex.lock());
    tokio::select! {
        biased;
        _ = &mut lock => unreachable!(),
        _ = ready() => release.notify_one(),
    }
    log.end("awaits::futurelock", "mutex");
    let _second = mutex.lock().await;
    let _first = lock.await;
}

async fn holds_until(mutex: Arc<Mutex<u32>>, held: Arc<Notify>, release: Arc<Notify>) {
    let guard = mutex.lock().await;
    held.notify_one();
    release.notified().await;
    drop(guard);
}

async fn completes() -> u32 {
    5
}

/* --- all of them --- */

fn plain() {
    task("sleeps", sleeps);
    task("nested", outer);
    task("generic", |log| generic(log, "text"));
    task("generic_number", |log| generic(log, 5u64));
    task("second_await", second_await);
    task("big", big);
    task("returns_block", returns_block);
    task("inner_blocks", inner_blocks);
    task("recursive", |log| recursive(log, 5));
    task("deep", |log| recursive(log, 100));
    task("!deeper", |_| endless(10_000));
    task("by_trait", by_trait);
    task("by_method", by_method);
    task("boxed", boxed);
    task("boxed_sized", boxed_sized);
    task("boxed_root", |log| sleeps(log).boxed());
    task("pinned", pinned);
    task("by_hand", by_hand);
}

fn several() {
    let (sender, receiver) = mpsc::channel(3);

    std::mem::forget(sender);
    task("joins", joins);
    task("tries", tries);
    task("selects", selects);
    task("selects_disabled", selects_disabled);
    task("selects_reference", selects_reference);
    task("selects_biased", |log| {
        let future = selects_biased(log, receiver);
        future
    });
    task("futures_select", futures_select);
    task("futures_join", futures_join);
    task("joins_few", joins_few);
    task("joins_many", joins_many);
    task("selects_all", selects_all);
    task("unordered", unordered);
    task("buffered", buffered);
    task("buffered_unordered", buffered_unordered);
    task("for_each", for_each);
    task("unfolds", unfolds);
    task("maps", maps);
    task("fuses", fuses);
    task("shares", shares);
    task("either", either);
    task("optional", optional);
    task("aborts", aborts);
    task("joins_set", joins_set);
    task("times_out", times_out);
    task("scopes", scopes);
    task("unconstrained", unconstrained);
}

async fn locking() {
    let mutex = Arc::new(Mutex::new(1));
    let lock = Arc::new(RwLock::new(1));
    let semaphore = Arc::new(Semaphore::new(4));

    task("holds", |log| holds(log, mutex.clone()));
    task("holds_write", |log| holds_write(log, lock.clone()));
    task("holds_permit", |log| holds_permit(log, semaphore.clone()));
    while mutex.try_lock().is_ok() || lock.try_read().is_ok() || semaphore.try_acquire().is_ok() {
        tokio::task::yield_now().await;
    }
    task("locks", |log| locks(log, mutex.clone()));
    task("locks_owned", |log| locks_owned(log, mutex.clone()));
    task("reads", |log| reads(log, lock.clone()));
    task("writes", |log| writes(log, lock.clone()));
    task("acquires", |log| acquires(log, semaphore.clone()));
    task("acquires_owned", |log| acquires_owned(log, semaphore.clone()));
    let (mutex, held, release) = (Arc::new(Mutex::new(1)), Arc::new(Notify::new()), Arc::new(Notify::new()));
    tokio::spawn(holds_until(mutex.clone(), held.clone(), release.clone()));
    held.notified().await;
    task("futurelock", |log| futurelock(log, mutex, release));
}

async fn channels() {
    let (a, receiver) = mpsc::channel(3);
    task("receives", |log| receives(log, receiver));
    let (b, receiver) = mpsc::unbounded_channel();
    task("receives_unbounded", |log| receives_unbounded(log, receiver));
    let (sender, c) = mpsc::channel(1);
    task("sends", |log| sends(log, sender));
    let (sender, d) = mpsc::channel(1);
    task("reserves", |log| reserves(log, sender));
    let (e, receiver) = oneshot::channel();
    task("oneshots", |log| oneshots(log, receiver));
    let (sender, f) = oneshot::channel();
    task("closes", |log| closes(log, sender));
    let (g, receiver) = watch::channel(1);
    task("watches", |log| watches(log, receiver));
    let (h, receiver) = broadcast::channel(3);
    task("listens", |log| listens(log, receiver));
    let two = Arc::new(Barrier::new(2));
    task("barrier", |log| barrier(log, two.clone()));
    let cell = Arc::new(OnceCell::new());
    let before = log::ends();
    task("once", |log| once(log, cell.clone()));
    while log::ends() == before {
        tokio::task::yield_now().await;
    }
    task("once_waits", |log| once_waits(log, cell.clone()));
    let notify = Arc::new(Notify::new());
    task("notify", |log| waits_for(log, notify.clone()));
    std::mem::forget((a, b, c, d, e, f, g, h));
}

fn others() {
    task("ticks", ticks);
    task("joins_task", joins_task);
    task("joins_blocking", joins_blocking);
    task("never", never);
    task("signals", signals);
    task("interrupts", interrupts);
    task("child", child);
    task("!complete", |_| completes());
}

async fn sockets() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();

    macro_rules! on_socket {
        ($($name:ident)*) => {
            $(
                let stream = connect(address).await;
                std::mem::forget(listener.accept().await.unwrap());
                task(stringify!($name), |log| $name(log, stream));
            )*
        };
    }

    on_socket!(reads_socket reads_exactly reads_all reads_lines next_line readable peeks reads_half reads_owned_half);
    on_socket!(reads_split copies reads_boxed);
    let (one, two) = (connect(address).await, connect(address).await);
    std::mem::forget((listener.accept().await.unwrap(), listener.accept().await.unwrap()));
    task("copies_both", |log| copies_both(log, one, two));
    task("accepts", |log| accepts(log, listener));
    task("accepts_unix", accepts_unix);
    task("receives_datagram", receives_datagram);
    let (one, two) = UnixStream::pair().unwrap();
    task("writes_socket", |log| writes_socket(log, one, two));
    let (one, two) = UnixStream::pair().unwrap();
    task("reads_unix", |log| reads_unix(log, one, two));
}

/* Tasks of a LocalSet in a current-thread runtime, and one that nobody has called yet. */
fn locals() {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let local = tokio::task::LocalSet::new();

        local.block_on(&runtime, async {
            let log = root();
            let not_send = std::rc::Rc::new(5);
            let handle = tokio::task::spawn_local(async move {
                let log = log.at("awaits::locals");
                sleeps(log).await;
                println!("{}", not_send);
            });

            note("local", log, &handle);
            task("current_thread", outer);
            sleep(HOUR).await;
        });
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let log = root();
    let handle = runtime.spawn(sleeps(log));
    note("!new", log.unpolled("awaits::sleeps"), &handle);
    std::mem::forget((runtime, handle));
}

/* Until nothing was written down for a while and all tasks stand still. The time only decides whether the list is
 * complete; the tests compare the number of tasks. */
fn settle() {
    let mut before = 0;
    let mut same = 0;

    while same < 50 {
        let now = log::ends();

        same = if now == before && log::quiet() { same + 1 } else { 0 };
        before = now;
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(1 << 28)
        .enable_all()
        .build()
        .unwrap();

    runtime.block_on(async {
        plain();
        several();
        locking().await;
        channels().await;
        others();
        sockets().await;
    });
    locals();
    settle();
    log::print();
    let _ = std::io::stdin().read(&mut [0; 1]);
    std::process::exit(0);
}
// SPDX-License-Identifier: Apache-2.0
