//! Finds out which hyper the server is built with: 0.14, which Debian 12 has, or 1. Each has a file of its own in src.

use std::fs;

fn main() {
    println!("cargo:rerun-if-changed=Cargo.lock");
    // Cargo writes it before it runs this, in this folder.
    let lock = fs::read_to_string("Cargo.lock").expect("Cargo.lock can be read");
    let (_, hyper) = lock
        .split_once("name = \"hyper\"\nversion = \"")
        .expect("Cargo.lock has hyper's version");
    if hyper.starts_with("0.14.") {
        println!("cargo:rustc-cfg=hyper_0_14");
    }
}
// SPDX-License-Identifier: Apache-2.0
