//! The audit service: takes records over HTTP, if they are signed.

use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A real one has a secret of its own, from `echo whsec_$(openssl rand -base64 32)`.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(crate) struct Receiver {
    url: String,
    inside: Arc<Inside>,
}

#[derive(Default)]
struct Inside {
    records: Mutex<Vec<String>>,
    is_down: AtomicBool,
}

impl Receiver {
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/aws-sessions", listener.local_addr()?);
        let inside = Arc::new(Inside::default());
        let ours = Arc::clone(&inside);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = ours.converse(stream).await;
            }
        });
        Ok(Self { url, inside })
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// What has been received.
    pub(crate) fn records(&self) -> Vec<String> {
        self.inside.records.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers 503 from now on.
    pub(crate) fn is_down(&self) {
        self.inside.is_down.store(true, Ordering::Relaxed);
    }
}

impl Inside {
    async fn converse(&self, mut stream: TcpStream) -> io::Result<()> {
        let (head, body) = read(&mut stream).await?;
        let status = if self.is_down.load(Ordering::Relaxed) {
            "503 Service Unavailable"
        } else if is_signed(&head, &body).unwrap_or(false) {
            self.records.lock().unwrap_or_else(PoisonError::into_inner).push(body);
            "204 No Content"
        } else {
            "401 Unauthorized"
        };
        stream.write_all(format!("HTTP/1.1 {status}\r\nconnection: close\r\n\r\n").as_bytes()).await
    }
}

/// Whether whoever sent it knows the secret. A real receiver also refuses a timestamp that is more than five minutes off,
/// and takes an id that it has seen for done.
fn is_signed(head: &str, body: &str) -> Result<bool, Box<dyn Error>> {
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| *known == name).map(|(_, value)| value).ok_or("a header is missing")
    };
    let key = STANDARD.decode(SECRET.trim_start_matches("whsec_"))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key)?;
    mac.update(format!("{}.{}.{body}", header("webhook-id")?, header("webhook-timestamp")?).as_bytes());
    let signature = header("webhook-signature")?.strip_prefix("v1,").ok_or("another version")?;
    Ok(mac.verify_slice(&STANDARD.decode(signature)?).is_ok())
}

async fn read(stream: &mut TcpStream) -> io::Result<(String, String)> {
    let mut text = String::new();
    loop {
        let mut chunk = [0; 4096];
        let length = stream.read(&mut chunk).await?;
        text.push_str(&String::from_utf8_lossy(&chunk[..length]));
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let expected = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if length == 0 || body.len() >= expected.unwrap_or(0) {
                return Ok((head.to_owned(), body.to_owned()));
            }
        }
        if length == 0 || text.len() > 64 * 1024 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}
