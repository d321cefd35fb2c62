//! An STS that says yes to everybody, with tokens of 1,024 bytes: quick enough to fill a hundred thousand tenants.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Serves for ever; `listening` is told the address.
///
/// # Panics
/// If there is no port.
pub async fn serve(listening: impl FnOnce(String)) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listening(format!("http://{}", listener.local_addr().unwrap()));
    let number = Arc::new(AtomicU64::new(0));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(serve_one(stream, Arc::clone(&number)));
    }
}

/// One connection, until its client ends it.
async fn serve_one(mut stream: TcpStream, number: Arc<AtomicU64>) {
    while answer(&mut stream, &number).await.is_some() {}
}

async fn answer(stream: &mut TcpStream, number: &AtomicU64) -> Option<()> {
    let mut request = Vec::new();
    while !is_whole(&request) {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&chunk[..read]);
    }
    let number = number.fetch_add(1, Ordering::Relaxed);
    let token = format!("{number:020}{}", "t".repeat(1004));
    let body = format!(
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA{number:016}</AccessKeyId>\
         <SecretAccessKey>{number:040}</SecretAccessKey><SessionToken>{token}</SessionToken>\
         <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser>\
         <Arn>arn:aws:sts::222222222222:assumed-role/reader/session</Arn></AssumedRoleUser></AssumeRoleResult>\
         </AssumeRoleResponse>"
    );
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await.ok()
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.and_then(|length| length.trim().parse::<usize>().ok()).is_some_and(|length| body.len() >= length)
}
