//! A connection as hyper 1 serves it, which knows neither Tokio nor bodies of
//! text. The hyper-util and http-body-util crates have both, but not on every
//! system that has hyper.

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

pub use hyper::body::Incoming as RequestBody;

/// Answers each request on `stream` with what `route` makes of it, until the client closes it.
pub async fn serve<R, F>(stream: TcpStream, route: R) -> hyper::Result<()>
where
    R: Fn(Request<RequestBody>) -> F,
    F: Future<Output = Result<Response<Text>, Infallible>> + Send + 'static,
{
    http1::Builder::new()
        .serve_connection(Stream(stream), service_fn(route))
        .await
}

/// A body that is sent at once.
pub struct Text(Option<Bytes>);

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Some(text.into()))
    }
}

impl Body for Text {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|text| Ok(Frame::data(text))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |text| text.len() as u64))
    }
}

struct Stream(TcpStream);

impl Stream {
    fn tokio(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(&mut self.get_mut().0)
    }
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // By way of the stack: to let Tokio write to hyper's buffer is unsafe,
        // and a request is short.
        let mut bytes = [MaybeUninit::uninit(); 1024];
        let room = bytes.len().min(buffer.remaining());
        let mut read = ReadBuf::uninit(&mut bytes[..room]);
        let result = self.tokio().poll_read(context, &mut read);
        buffer.put_slice(read.filled());
        result
    }
}

impl Write for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.tokio().poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tokio().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tokio().poll_shutdown(context)
    }

    // The head of an answer and its body in one system call.
    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.tokio().poll_write_vectored(context, slices)
    }
}
// SPDX-License-Identifier: Apache-2.0
