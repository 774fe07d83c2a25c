// SPDX-License-Identifier: Apache-2.0
//! Tasks that stand in known places: prints "KIND COUNT" for each kind of task, one a line, then "ready", and stands until its
//! input ends. A first argument is how many sleepers there are, a second one how many tasks spawn others without end, which
//! come and go. With a third one, there is a runtime whose only worker is blocked.

use std::future::Future;
use std::io::Read;
use std::pin::Pin;
use std::sync::{mpsc, Arc};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc as channel, Barrier, Mutex};
use tokio::task::{JoinHandle, LocalSet};

const LONG: Duration = Duration::from_secs(100_000);

async fn sleeper() {
    tokio::time::sleep(LONG).await;
}

async fn holder(mutex: Arc<Mutex<u32>>) {
    let _guard = mutex.lock().await;
    tokio::time::sleep(LONG).await;
}

async fn waiter(mutex: Arc<Mutex<u32>>) {
    *mutex.lock().await += 1;
}

async fn receiver(mut from: channel::Receiver<u32>) {
    while from.recv().await.is_some() {}
}

async fn reader(mut socket: TcpStream) {
    let mut byte = [0];

    let _ = socket.read(&mut byte).await;
}

async fn joiner(task: JoinHandle<()>) {
    let _ = task.await;
}

/// Nothing can wake it: it keeps no waker.
struct Lost;

impl Future for Lost {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

async fn lost() {
    Lost.await;
}

async fn finished() {}

async fn local_waiter() {
    tokio::time::sleep(LONG).await;
}

/// The same type of future at two awaits.
async fn forked(first: bool, mutex: Arc<Mutex<u32>>) {
    if first {
        tokio::time::sleep(LONG).await;
    }
    *mutex.lock().await += 1;
}

/// Two of these wait for each other for ever.
async fn crossed(first: Arc<Mutex<u32>>, second: Arc<Mutex<u32>>, both: Arc<Barrier>) {
    let _guard = first.lock().await;
    both.wait().await;
    *second.lock().await += 1;
}

/// Two of these wait for a keeper only: each has dropped its first guard.
async fn dropped(first: Arc<Mutex<u32>>, second: Arc<Mutex<u32>>, both: Arc<Barrier>) {
    let guard = first.lock().await;
    drop(guard);
    both.wait().await;
    both.wait().await;
    *second.lock().await += 1;
}

async fn keeper(first: Arc<Mutex<u32>>, second: Arc<Mutex<u32>>, all: Arc<Barrier>) {
    all.wait().await;
    let _first = first.lock().await;
    let _second = second.lock().await;
    all.wait().await;
    tokio::time::sleep(LONG).await;
}

/// Polls a future once.
struct Once<'a, F>(Pin<&'a mut F>);

impl<F: Future> Future for Once<'_, F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let _ = self.0.as_mut().poll(context);
        Poll::Ready(())
    }
}

/// It gives itself the lock, in a future that it does not poll any more.
async fn futurelock(mutex: Arc<Mutex<u32>>) {
    let guard = mutex.clone().lock_owned().await;
    let mut lock = Box::pin(mutex.lock());

    Once(lock.as_mut()).await;
    drop(guard);
    tokio::time::sleep(LONG).await;
    *lock.await += 1;
}

/// It holds a future that has begun, and waits for another one.
async fn distracted() {
    let mut other = Box::pin(sleeper());

    Once(other.as_mut()).await;
    tokio::time::sleep(LONG).await;
    other.await;
}

async fn current_sleeper() {
    tokio::time::sleep(LONG).await;
}

async fn undriven() {
    tokio::time::sleep(LONG).await;
}

fn block_until_end(end: mpsc::Receiver<()>) {
    let _ = end.recv();
}

async fn passing(hops: u32) {
    for _ in 0..hops {
        tokio::task::yield_now().await;
    }
}

async fn spawner() {
    for hops in (0..8).cycle() {
        let _ = tokio::spawn(passing(hops)).await;
    }
}

/// What must live on, so that everything stands where it does.
#[derive(Default)]
struct Kept {
    senders: Vec<channel::Sender<u32>>,
    sockets: Vec<TcpStream>,
    handles: Vec<JoinHandle<()>>,
    ends: Vec<mpsc::Sender<()>>,
}

async fn queued() {}

/// Blocks its worker, with tasks behind it: one of them is in the LIFO slot.
async fn blocker() {
    for _ in 0..7 {
        tokio::spawn(queued());
    }
    std::thread::sleep(LONG);
}

fn job() {
    std::thread::sleep(LONG);
}

/// The only worker of a runtime is blocked, and one of two jobs has no thread.
fn blocked() -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1).build().unwrap();

    runtime.spawn(blocker());
    runtime.spawn_blocking(job);
    runtime.spawn_blocking(job);
    runtime
}

async fn spawn_all(sleepers: usize) -> Kept {
    let mut kept = Kept::default();
    let mutex = Arc::new(Mutex::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();

    for _ in 0..sleepers {
        tokio::spawn(sleeper());
    }
    tokio::spawn(holder(mutex.clone()));
    while mutex.try_lock().is_ok() {
        tokio::task::yield_now().await;
    }
    for _ in 0..20 {
        tokio::spawn(waiter(mutex.clone()));
    }
    for i in 0..7 {
        tokio::spawn(forked(i < 4, mutex.clone()));
    }
    for _ in 0..10 {
        let (sender, from) = channel::channel(1);

        kept.senders.push(sender);
        tokio::spawn(receiver(from));
    }
    for _ in 0..5 {
        kept.sockets.push(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
        tokio::spawn(reader(listener.accept().await.unwrap().0));
    }
    for _ in 0..3 {
        tokio::spawn(joiner(tokio::spawn(sleeper())));
    }
    for _ in 0..2 {
        tokio::spawn(lost());
    }
    let (one, other, both) = (Arc::default(), Arc::default(), Arc::new(Barrier::new(2)));
    tokio::spawn(crossed(Arc::clone(&one), Arc::clone(&other), both.clone()));
    tokio::spawn(crossed(other, one, both));
    let (one, other, all) = (Arc::default(), Arc::default(), Arc::new(Barrier::new(3)));
    tokio::spawn(dropped(Arc::clone(&one), Arc::clone(&other), all.clone()));
    tokio::spawn(dropped(Arc::clone(&other), Arc::clone(&one), all.clone()));
    tokio::spawn(keeper(one, other, all));
    tokio::spawn(futurelock(Arc::default()));
    tokio::spawn(distracted());
    for _ in 0..4 {
        kept.handles.push(tokio::spawn(finished()));
    }
    for _ in 0..3 {
        let (end, ended) = mpsc::channel();

        kept.ends.push(end);
        tokio::task::spawn_blocking(move || block_until_end(ended));
    }
    kept
}

fn current_thread(ready: mpsc::Sender<()>) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let local = LocalSet::new();

    for _ in 0..6 {
        runtime.spawn(current_sleeper());
    }
    for _ in 0..4 {
        local.spawn_local(local_waiter());
    }
    local.block_on(&runtime, async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        ready.send(()).unwrap();
        tokio::time::sleep(LONG).await;
    });
}

fn not_driven() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();

    for _ in 0..5 {
        runtime.spawn(undriven());
    }
    runtime
}

fn main() {
    let number = |n, default| std::env::args().nth(n).map_or(default, |n| n.parse().unwrap());
    let (sleepers, spawners) = (number(1, 40), number(2, 0));
    let main = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let empty = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let idle = not_driven();
    let (ready, is_ready) = mpsc::channel();
    let kept = main.block_on(spawn_all(sleepers));

    std::thread::spawn(|| current_thread(ready));
    is_ready.recv().unwrap();
    main.block_on(async { tokio::time::sleep(Duration::from_millis(200)).await });
    let blocked = std::env::args().nth(3).map(|_| blocked());
    for _ in 0..spawners {
        main.spawn(spawner());
    }
    println!("sleeper {}", sleepers + 3);
    for (kind, count) in [
        ("holder", 1),
        ("waiter", 20),
        ("receiver", 10),
        ("reader", 5),
        ("joiner", 3),
        ("lost", 2),
        ("forked", 7),
        ("crossed", 2),
        ("dropped", 2),
        ("keeper", 1),
        ("futurelock", 1),
        ("distracted", 1),
        ("finished", 4),
        ("local_waiter", 4),
        ("current_sleeper", 6),
        ("undriven", 5),
        ("block_until_end", 3),
    ] {
        println!("{kind} {count}");
    }
    if blocked.is_some() {
        println!("queued 7");
    }
    println!("ready 0");
    let _ = std::io::stdin().read(&mut [0]);
    drop((kept, idle, empty, blocked));
    std::process::exit(0);
}
// SPDX-License-Identifier: Apache-2.0
