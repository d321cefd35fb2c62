//! A bucket on loopback, for the examples: keeps objects, and tells whose signature each request bore. It checks none;
//! ministack does. It answers `ExpiredToken` to the keys that it was told to.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Ends with the value.
pub struct Bucket {
    endpoint: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    objects: HashMap<String, Vec<u8>>,
    expired: HashSet<String>,
    signed_by: Vec<String>,
}

struct Request {
    method: String,
    path: String,
    access_key_id: String,
    body: Vec<u8>,
}

impl Bucket {
    /// Starts one on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Ok(Self { endpoint, state, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// From now on it answers `ExpiredToken` to these keys.
    pub fn expire(&self, access_key_id: impl Into<String>) {
        lock(&self.state).expired.insert(access_key_id.into());
    }

    /// Whose signature each request bore so far.
    #[must_use]
    pub fn signed_by(&self) -> Vec<String> {
        lock(&self.state).signed_by.clone()
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let Some(request) = read(&mut stream).await? else { return Ok(()) };
    let is_head = request.method == "HEAD";
    let (status, body) = answer(request, &mut lock(&state));
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\netag: \"1\"\r\n\
         last-modified: Wed, 25 Nov 2026 12:00:00 GMT\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    if !is_head {
        stream.write_all(&body).await?;
    }
    stream.shutdown().await
}

async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        lines.iter().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let mut first = lines.first().map_or("", String::as_str).split(' ');
    let [method, path] = [first.next(), first.next()].map(|part| part.unwrap_or_default().to_owned());
    let credential = header("authorization").and_then(|value| value.split_once("Credential="));
    let access_key_id =
        credential.and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default().to_owned();
    let length = header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Request { method, path, access_key_id, body }))
}

fn answer(request: Request, state: &mut State) -> (&'static str, Vec<u8>) {
    let is_expired = state.expired.contains(&request.access_key_id);
    state.signed_by.push(request.access_key_id);
    if is_expired {
        return ("400 Bad Request", b"<Error><Code>ExpiredToken</Code></Error>".to_vec());
    }
    match (request.method.as_str(), state.objects.get(&request.path)) {
        ("PUT", _) => {
            state.objects.insert(request.path, request.body);
            ("200 OK", Vec::new())
        }
        ("GET" | "HEAD", Some(object)) => ("200 OK", object.clone()),
        _ => ("404 Not Found", b"<Error><Code>NoSuchKey</Code></Error>".to_vec()),
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
