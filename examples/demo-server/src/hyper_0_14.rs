//! A connection as hyper 0.14 serves it.

use std::convert::Infallible;
use std::future::Future;

use hyper::server::conn::Http;
use hyper::service::service_fn;
use hyper::{Request, Response};
use tokio::net::TcpStream;

pub use hyper::Body as Text;
pub use hyper::Body as RequestBody;

/// Answers each request on `stream` with what `route` makes of it, until the client closes it.
pub async fn serve<R, F>(stream: TcpStream, route: R) -> hyper::Result<()>
where
    R: Fn(Request<RequestBody>) -> F,
    F: Future<Output = Result<Response<Text>, Infallible>> + Send + 'static,
{
    Http::new()
        .serve_connection(stream, service_fn(route))
        .await
}
// SPDX-License-Identifier: Apache-2.0
