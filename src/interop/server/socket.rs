//! A connection on which also what is no request gets an answer that clients of AWS can read.
//!
//! hyper speaks by itself then: with a status, and no body.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::{Buf, Bytes};
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::refusal::Refusal;

/// Writes what hyper does, unless that comes before a request was heard: then it says the same as JSON.
pub(super) struct Socket {
    stream: TokioIo<TcpStream>,
    heard: Arc<AtomicBool>,
    refusal: Option<Bytes>,
    swallowed: usize,
    enough: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    /// `heard`: set once a request has come.
    pub(super) fn new(stream: TcpStream, heard: Arc<AtomicBool>) -> Self {
        Self { stream: TokioIo::new(stream), heard, refusal: None, swallowed: 0, enough: None }
    }

    fn poll_refuse(&mut self, context: &mut Context<'_>, said: &[u8]) -> Poll<io::Result<usize>> {
        let refusal = self.refusal.get_or_insert_with(|| refusal(said));
        while refusal.has_remaining() {
            match ready!(Pin::new(&mut self.stream).poll_write(context, refusal))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => refusal.advance(written),
            }
        }
        Poll::Ready(Ok(said.len()))
    }

    /// Reads on: closed with something unread, the system would take the answer back.
    fn poll_swallow(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let enough = self.enough.get_or_insert_with(|| Box::pin(tokio::time::sleep(SWALLOWED_FOR)));
        if enough.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let mut bytes = [0; 1024];
        while self.swallowed < SWALLOWED_MAX {
            let mut read = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.stream).poll_read(context, read.unfilled()))?;
            match read.filled().len() {
                0 => break,
                more => self.swallowed += more,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.heard.load(Ordering::Relaxed) {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        }
        self.poll_refuse(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        if self.refusal.is_some() { self.poll_swallow(context) } else { Poll::Ready(Ok(())) }
    }
}

/// In place of what hyper was about to say: its status is taken over.
fn refusal(said: &[u8]) -> Bytes {
    let status = said.get(STATUS).and_then(|status| StatusCode::from_bytes(status).ok());
    let status = status.unwrap_or(StatusCode::BAD_REQUEST);
    let what =
        format!("this is no request of HTTP/1.1 with a head of at most {} KiB", super::HEAD_MAX / 1024);
    let document = Refusal::new(status, "BadRequestException", what).document();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncache-control: no-store\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        document.len()
    );
    Bytes::from(head + &document)
}

/// Behind `HTTP/1.1 `.
const STATUS: std::ops::Range<usize> = 9..12;
const SWALLOWED_MAX: usize = 256 * 1024;
const SWALLOWED_FOR: Duration = Duration::from_secs(1);
