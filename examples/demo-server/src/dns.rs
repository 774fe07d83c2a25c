//! A name server that takes its time, so that a lookup blocks for as long on
//! every machine, with or without a network. `run` points the server at it.

use std::net::UdpSocket;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{io, thread};

const DELAY: Duration = Duration::from_millis(30);
const HEADER: usize = 12;

/// Answers on port 53 of the IP address `ip`, for as long as the process lives.
pub fn spawn_responder(ip: &str) -> io::Result<()> {
    let socket = UdpSocket::bind((ip, 53))?;
    let replies = socket.try_clone()?;
    let (sender, delayed) = mpsc::channel();

    // Two threads, so that a lookup's two questions (IPv4 and IPv6) and those
    // of other lookups are all delayed once, rather than one after another.
    spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut query) {
            if let Some(reply) = reply_to(&query[..length]) {
                let due = Instant::now() + DELAY;
                if sender.send((due, reply, client)).is_err() {
                    break;
                }
            }
        }
    })?;
    spawn(move || {
        for (due, reply, client) in delayed {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            // A client that has gone is no reason to stop.
            let _ = replies.send_to(&reply, client);
        }
    })
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name("demo-dns".to_string())
        .spawn(work)?;
    Ok(())
}

/// Every name is 127.0.0.1 and has no IPv6 address (RFC 1035, section 4).
fn reply_to(query: &[u8]) -> Option<Vec<u8>> {
    let name_length = query.get(HEADER..)?.iter().position(|&byte| byte == 0)? + 1;
    let question = query.get(HEADER..HEADER + name_length + 4)?;
    let is_ipv4 = question.ends_with(&[0, 1, 0, 1]);

    let mut reply = query[..2].to_vec(); // the query's id
    reply.extend([0x81, 0x80]); // an answer, recursion available, no error
    reply.extend([0, 1, 0, is_ipv4.into(), 0, 0, 0, 0]); // questions, answers
    reply.extend(question);
    if is_ipv4 {
        reply.extend([0xc0, HEADER as u8]); // the name in the question
        reply.extend([0, 1, 0, 1, 0, 0, 0, 0]); // A, IN, not to be cached
        reply.extend([0, 4, 127, 0, 0, 1]);
    }
    Some(reply)
}
// SPDX-License-Identifier: Apache-2.0
