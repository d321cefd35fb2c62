//! Whoever receives notices over HTTP: checks signatures by an HMAC of its own, and answers as a test wrote down.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use aws_credential_chain::testing::Clock;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What it does with one request, once it has read it.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers with this status, a body, and whatever other headers.
    Status(u16, &'static str),
    /// Answers 200 with a body of so many bytes.
    Large(usize),
    Hangs,
    Closes,
}

/// What came.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub head: String,
    pub body: String,
    pub at: SystemTime,
}

impl Delivery {
    pub fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn is_signed(&self) -> bool {
        let signed =
            format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.body);
        let key = STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
        self.header("webhook-signature") == format!("v1,{}", STANDARD.encode(hmac(&key, signed.as_bytes())))
    }
}

/// Listens on loopback until it is dropped.
pub struct Receiver {
    pub url: String,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    deliveries: Arc<Mutex<Vec<Delivery>>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub async fn start(clock: &Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let replies: Arc<Mutex<VecDeque<Reply>>> = Arc::default();
        let deliveries: Arc<Mutex<Vec<Delivery>>> = Arc::default();
        let (ours, kept, clock) = (replies.clone(), deliveries.clone(), clock.clone());
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(converse(stream, ours.clone(), kept.clone(), clock.clone()));
            }
        });
        Self { url, replies, deliveries, accepting }
    }

    /// The next replies. What is not written down is answered with 204.
    pub fn then(&self, replies: impl IntoIterator<Item = Reply>) {
        self.replies.lock().unwrap().extend(replies);
    }

    pub fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.lock().unwrap().clone()
    }

    /// What has come since the last call.
    pub fn take(&self) -> Vec<Delivery> {
        std::mem::take(&mut *self.deliveries.lock().unwrap())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn converse(
    mut stream: TcpStream,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    kept: Arc<Mutex<Vec<Delivery>>>,
    clock: Clock,
) {
    let mut text = Vec::new();
    let (head, body) = loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        text.extend_from_slice(&chunk[..read]);
        let so_far = String::from_utf8_lossy(&text).into_owned();
        let Some((head, body)) = so_far.split_once("\r\n\r\n") else { continue };
        let head = head.replace("\r\n", "\n");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.unwrap_or("0").parse().unwrap() {
            break (head, body.to_owned());
        }
    };
    kept.lock().unwrap().push(Delivery { head, body, at: clock.now() });
    let reply = replies.lock().unwrap().pop_front().unwrap_or(Reply::Status(204, ""));
    let answer = match reply {
        Reply::Hangs => return std::future::pending().await,
        Reply::Closes => return,
        Reply::Status(204, headers) => format!("HTTP/1.1 204 No Content\r\n{headers}\r\n"),
        Reply::Status(status, headers) => {
            format!("HTTP/1.1 {status} X\r\n{headers}content-length: 11\r\n\r\nCANARY-BODY")
        }
        Reply::Large(bytes) => {
            format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n{}", "x".repeat(bytes))
        }
    };
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// <https://www.rfc-editor.org/rfc/rfc2104>
pub fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = block.map(|byte| byte ^ 0x36);
    let outer = block.map(|byte| byte ^ 0x5c);
    let digest = Sha256::new().chain_update(inner).chain_update(text).finalize();
    Sha256::new().chain_update(outer).chain_update(digest).finalize().into()
}
