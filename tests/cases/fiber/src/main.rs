// A planner recurses on stacks that grow on the heap: as many on top of each other as the argument says, and one more.
use std::time::{Duration, Instant};

fn burn(ms: u64) -> u64 {
    let t = Instant::now();
    let mut x = 1u64;
    while t.elapsed() < Duration::from_millis(ms) {
        for i in 0..1000u64 { x = x.wrapping_mul(6364136223846793005).wrapping_add(i); }
    }
    x
}
#[inline(never)]
fn optimise_expression() -> u64 {
    let x = burn(25);
    eprintln!("TRUTH optimise_expression: computing 25 ms");
    keep(x)
}
#[inline(never)]
fn fetch_statistics() {
    std::thread::sleep(Duration::from_millis(15));
    eprintln!("TRUTH fetch_statistics: sleep 15 ms");
}
#[inline(never)]
fn visit(depth: u32) -> u64 {
    if depth == 0 {
        let x = optimise_expression();
        fetch_statistics();
        return x;
    }
    stacker::grow(256 * 1024, || visit(depth - 1)).wrapping_add(1)
}
async fn plan_query(depth: u32) {
    loop {
        keep(visit(depth));
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}
#[tokio::main(worker_threads = 2)]
async fn main() {
    let depth = std::env::args().nth(1).map_or(3, |n| n.parse().unwrap());
    tokio::spawn(plan_query(depth));
    tokio::time::sleep(Duration::from_secs(60)).await;
}
// std::hint::black_box, which came with Rust 1.66. In assembly: a volatile read of () is no code, and the call before it would become a tail call.
#[inline(always)]
fn keep<T>(x: T) -> T {
    unsafe { std::arch::asm!("/* {0} */", in(reg) &x as *const T, options(nostack, preserves_flags)) };
    x
}
// SPDX-License-Identifier: Apache-2.0
