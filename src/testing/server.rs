//! HTTP/1.1 on loopback, by hand: a server that has to answer wrongly on purpose cannot leave the writing of answers to
//! a library. Reading the head is httparse's.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::fault::{Fault, Kind};
use crate::wall_time::WallTime;

/// What answers.
pub(super) trait Serve: Send + Sync + 'static {
    /// Notes the request, and says under which number, and whether it is to go wrong.
    fn arrived(&self, request: &Incoming) -> (usize, Option<Fault>);
    fn answer(&self, request: &Incoming) -> Answer;
    fn answered(&self, number: usize, answer: &Answer);
    /// What its clock shows.
    fn now(&self) -> SystemTime;
}

/// A request, read whole.
#[derive(Default)]
pub(super) struct Incoming {
    pub(super) method: String,
    /// Without the query.
    pub(super) path: String,
    /// As it came, without the question mark; empty if there is none.
    pub(super) query: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// The number of its connection.
    pub(super) connection: u64,
}

impl Incoming {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
pub(super) struct Answer {
    status: u16,
    headers: Vec<(Cow<'static, str>, String)>,
    body: Vec<u8>,
    /// For the log: the code in the body, if it is an error of AWS's query protocol.
    error_code: Option<String>,
}

impl Answer {
    pub(super) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: format!("{status}\n").into_bytes(), error_code: None }
    }

    pub(super) fn ok(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".into(), content_type.to_owned())];
        Self { status: 200, headers, body: body.into(), error_code: None }
    }

    /// The same with another status.
    pub(super) fn but(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(super) fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(super) fn with_error_code(mut self, code: impl Into<String>) -> Self {
        self.error_code = Some(code.into());
        self
    }

    pub(super) fn status_code(&self) -> u16 {
        self.status
    }

    pub(super) fn error_code(&self) -> Option<&str> {
        self.error_code.as_deref()
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Local\r\ncontent-length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            head.extend([name.as_ref(), ": ", value.as_str(), "\r\n"]);
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// Takes connections until its task is aborted; they end with it.
pub(super) async fn accept(listener: TcpListener, service: Arc<impl Serve>) {
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        while connections.try_join_next().is_some() {}
        if connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                let service = Arc::clone(&service);
                number += 1;
                connections.spawn(async move { serve(stream, number, &*service).await });
            }
            // Out of file descriptors, for example: others are being closed meanwhile.
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn serve(mut stream: TcpStream, connection: u64, service: &impl Serve) {
    let mut buffer = Vec::new();
    while let Some(mut request) = read(&mut stream, &mut buffer).await {
        request.connection = connection;
        let (number, fault) = service.arrived(&request);
        let without_date = is_without_date(fault.as_ref());
        let answer = match fault.as_ref().map(|fault| &fault.kind) {
            None => service.answer(&request),
            Some(Kind::Drip) => {
                for byte in service.answer(&request).bytes() {
                    if stream.write_all(&[byte]).await.is_err() {
                        break;
                    }
                    tokio::time::sleep(DRIP_PAUSE).await;
                }
                return;
            }
            Some(Kind::Delay(delay)) => {
                tokio::time::sleep(*delay).await;
                service.answer(&request)
            }
            Some(Kind::Status(status)) => Answer::status(*status),
            Some(Kind::Refusal(refusal)) => refusal.answer(),
            Some(Kind::Redirect(location)) => Answer::status(302).with("location", location.clone()),
            Some(Kind::Body(body)) => Answer::ok("text/plain", body.clone()),
            Some(Kind::Oversized) => Answer::ok("text/plain", vec![b'x'; OVERSIZED]),
            Some(Kind::WithoutHeader(name)) => {
                let mut answer = service.answer(&request);
                answer.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
                answer
            }
            Some(Kind::Hang) => return std::future::pending().await,
            Some(Kind::Reset) => {
                let _ = stream.set_zero_linger();
                return;
            }
            Some(Kind::Garbage) => {
                let _ = stream.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n").await;
                return;
            }
            Some(Kind::Truncated) => {
                let bytes = service.answer(&request).bytes();
                let _ =
                    stream.write_all(bytes.get(..bytes.len().saturating_sub(10)).unwrap_or_default()).await;
                return;
            }
        };
        let headers = fault.map(|fault| fault.headers).unwrap_or_default();
        let answer = headers.into_iter().fold(answer, |answer, (name, value)| answer.with(name, value));
        let answer = match WallTime::from(service.now()).http_date() {
            Some(date) if !without_date => answer.with("date", date),
            _ => answer,
        };
        service.answered(number, &answer);
        if stream.write_all(&answer.bytes()).await.is_err() || request.header("connection") == Some("close") {
            return;
        }
    }
}

fn is_without_date(fault: Option<&Fault>) -> bool {
    matches!(fault.map(|fault| &fault.kind), Some(Kind::WithoutHeader(name)) if name.eq_ignore_ascii_case("date"))
}

/// The next request of a connection; `None` when it ends, or says what is no HTTP.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Incoming> {
    let (mut request, head) = loop {
        match parse(buffer) {
            Parsed::Whole(request, length) => break (request, length),
            Parsed::Part => {}
            Parsed::NoHttp => return None,
        }
        fill(stream, buffer, HEAD_MAX).await?;
    };
    let length = match request.header("content-length") {
        Some(length) => length.trim().parse().ok().filter(|length| *length <= BODY_MAX)?,
        None => 0,
    };
    while buffer.len() < head + length {
        fill(stream, buffer, head + BODY_MAX).await?;
    }
    request.body = buffer.get(head..head + length)?.to_vec();
    buffer.drain(..head + length);
    Some(request)
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>, limit: usize) -> Option<()> {
    let mut chunk = [0; 4096];
    let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
    buffer.extend_from_slice(chunk.get(..read)?);
    (buffer.len() <= limit).then_some(())
}

enum Parsed {
    /// A request but for its body, and how long its head is.
    Whole(Incoming, usize),
    Part,
    NoHttp,
}

fn parse(buffer: &[u8]) -> Parsed {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Request::new(&mut headers);
    let length = match head.parse(buffer) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Parsed::Part,
        Err(_) => return Parsed::NoHttp,
    };
    let target = head.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Incoming {
        method: head.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: head
            .headers
            .iter()
            .map(|header| {
                (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned())
            })
            .collect(),
        body: Vec::new(),
        connection: 0,
    };
    Parsed::Whole(request, length)
}

const DRIP_PAUSE: Duration = Duration::from_secs(1);
const CONNECTIONS_MAX: usize = 1024;
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
const HEADERS_MAX: usize = 64;
const HEAD_MAX: usize = 16 * 1024;
const BODY_MAX: usize = 1024 * 1024;
const OVERSIZED: usize = 1024 * 1024;
