//! A small HTTP server with endpoints that block Tokio's workers in the ways
//! people do by accident ([`blocking`]), each with a twin under `/good/` that
//! does the same without blocking them ([`good`]).

// The cfg of build.rs, which Rust 1.80 and later would like to be told of in a
// way that 1.63 does not know.
#![allow(unknown_lints, unexpected_cfgs)]

mod app;
mod blocking;
mod dns;
mod good;
#[cfg_attr(hyper_0_14, path = "hyper_0_14.rs")]
#[cfg_attr(not(hyper_0_14), path = "hyper_1.rs")]
mod http;
mod page;

use std::convert::Infallible;
use std::env;
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use http::{RequestBody, Text};
use hyper::{Request, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{signal, SignalKind};
use tokio::time;

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let addr = setting("DEMO_ADDR", SocketAddr::from(([127, 0, 0, 1], 0)))?;
    if let Ok(dns) = env::var("DEMO_DNS") {
        // Without it /dns still blocks, for as long as the system's own lookup.
        if let Err(error) = dns::spawn_responder(&dns) {
            eprintln!("demo-server: cannot answer DNS on {dns}: {error}");
        }
    }
    runtime()?.block_on(serve(addr))
}

fn runtime() -> Result<Runtime, Error> {
    let mut builder = match setting("DEMO_FLAVOR", "multi".to_string())?.as_str() {
        "multi" => Builder::new_multi_thread(),
        "current" => Builder::new_current_thread(),
        other => return Err(format!("DEMO_FLAVOR={other}: neither multi nor current").into()),
    };
    match setting("DEMO_WORKERS", 2)? {
        0 => return Err("DEMO_WORKERS=0: there must be at least one".into()),
        workers => builder.worker_threads(workers),
    };
    if let Ok(name) = env::var("DEMO_THREAD_NAME") {
        builder.thread_name(name);
    }
    Ok(builder.enable_all().build()?)
}

/// The environment variable `name`, or `default` if it is not set.
fn setting<T>(name: &str, default: T) -> Result<T, Error>
where
    T: FromStr,
    T::Err: Display,
{
    match env::var(name) {
        Ok(value) => value
            .parse()
            .map_err(|error| format!("{name}={value}: {error}").into()),
        Err(_) => Ok(default),
    }
}

async fn serve(addr: SocketAddr) -> Result<(), Error> {
    // Before `App` makes its temporary file, so that no signal leaves it behind.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;

    let app = Arc::new(tokio::task::spawn_blocking(App::new).await??);
    let listener = TcpListener::bind(addr).await?;
    println!("listening on {}", listener.local_addr()?);

    tokio::select! {
        _ = accept(&listener, app) => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Serves each connection by a task of its own.
async fn accept(listener: &TcpListener, app: Arc<App>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // At worst, answers come later.
                let _ = stream.set_nodelay(true);
                let app = app.clone();
                tokio::spawn(http::serve(stream, move |request| {
                    route(app.clone(), request)
                }));
            }
            Err(error) => {
                eprintln!("demo-server: cannot accept a connection: {error}");
                // Until there are files to be had again, say.
                time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn route(app: Arc<App>, request: Request<RequestBody>) -> Result<Response<Text>, Infallible> {
    let result = match request.uri().path() {
        "/" => Ok("hello".to_string()),
        "/page" => Ok(page::render(&app)),
        "/file" => good::file().await,

        "/hash" => blocking::hash(app).await,
        "/compress" => blocking::compress(app).await,
        "/read" => blocking::read(app).await,
        "/dns" => blocking::dns().await,
        "/sleep" => blocking::sleep().await,
        "/lock" => blocking::lock(app).await,

        "/good/hash" => good::hash(app).await,
        "/good/compress" => good::compress(app).await,
        "/good/read" => good::read(app).await,
        "/good/dns" => good::dns().await,
        "/good/sleep" => good::sleep().await,
        "/good/lock" => good::lock(app).await,

        _ => return Ok(respond(StatusCode::NOT_FOUND, "no such endpoint")),
    };
    Ok(match result {
        Ok(text) => respond(StatusCode::OK, &text),
        Err(error) => respond(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    })
}

fn respond(status: StatusCode, text: &str) -> Response<Text> {
    let mut response = Response::new(Text::from(format!("{text}\n")));
    *response.status_mut() = status;
    response
}

/// What the two kinds of `dns` answer when a name has no address.
fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the name has no address")
}
// SPDX-License-Identifier: Apache-2.0
