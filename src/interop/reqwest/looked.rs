//! An answer whose beginning has been looked at, and that can be read from its beginning all the same.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ::reqwest::{Body, Error, Response, ResponseBuilderExt};
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::host::runtime;

type Chunk = <Body as HttpBody>::Data;

/// The beginning of the body, and the answer with all of it.
///
/// Bounded in bytes and in time: what is not there by then counts as not there, and comes when the caller reads.
pub(super) async fn look(response: Response) -> (Response, Vec<u8>) {
    let url = response.url().clone();
    let (parts, rest) = http::Response::<Body>::from(response).into_parts();
    let mut looked = Looked { seen: VecDeque::new(), rest: Some(rest) };
    let mut beginning = Vec::new();
    if runtime::is_there() {
        let reading = looked.fill(&mut beginning);
        // Late is no error here: the caller may want to wait longer.
        let _ = tokio::time::timeout(TIME_MAX, reading).await;
    }
    let empty = http::Response::builder().url(url).body(()).unwrap_or_default();
    let mut rebuilt = empty.map(|()| Body::wrap(looked));
    *rebuilt.status_mut() = parts.status;
    *rebuilt.version_mut() = parts.version;
    *rebuilt.headers_mut() = parts.headers;
    rebuilt.extensions_mut().extend(parts.extensions);
    (rebuilt.into(), beginning)
}

/// What was read already, then the rest.
struct Looked {
    seen: VecDeque<Result<Frame<Chunk>, Error>>,
    rest: Option<Body>,
}

impl Looked {
    /// Reads on until there is enough, the end, or an error, which the caller will find at the same place.
    async fn fill(&mut self, beginning: &mut Vec<u8>) {
        while beginning.len() < SIZE_MAX {
            let Some(rest) = &mut self.rest else { return };
            match poll_fn(|context| Pin::new(&mut *rest).poll_frame(context)).await {
                None => self.rest = None,
                Some(frame) => {
                    if let Some(data) = frame.as_ref().ok().and_then(Frame::data_ref) {
                        beginning.extend_from_slice(data);
                    }
                    if frame.is_err() {
                        self.rest = None;
                    }
                    self.seen.push_back(frame);
                }
            }
        }
    }
}

impl HttpBody for Looked {
    type Data = Chunk;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Chunk>, Error>>> {
        if let Some(frame) = self.seen.pop_front() {
            return Poll::Ready(Some(frame));
        }
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.seen.is_empty() && self.rest.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let seen = self.seen.iter().flatten().filter_map(Frame::data_ref);
        let seen: u64 = seen.map(|data| u64::try_from(data.len()).unwrap_or(u64::MAX)).sum();
        let rest = self.rest.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint);
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(seen));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(seen));
        }
        hint
    }
}

/// Errors of AWS are some hundred bytes long.
const SIZE_MAX: usize = 64 * 1024;
const TIME_MAX: Duration = Duration::from_secs(5);
