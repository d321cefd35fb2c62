//! What the emulator's runtime API lacks: under SnapStart a function says by `GET /runtime/restore/next` that it has
//! started, and has its answer when it is restored from the snapshot that Lambda has taken meanwhile.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks.html>

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::{Emulator, RUNTIME};

/// Stands in front of an emulator: answers that one request, and lets all others through.
pub struct Restorable {
    address: String,
    steps: Arc<Steps>,
    accepting: AbortHandle,
}

#[derive(Default)]
struct Steps {
    started: Notify,
    restored: Notify,
}

impl Restorable {
    /// Starts it in front of this one.
    ///
    /// # Panics
    /// If no port can be had.
    pub async fn start(emulator: &Emulator) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address").to_string();
        let steps = Arc::<Steps>::default();
        let (emulator, shared) = (emulator.address.clone(), Arc::clone(&steps));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, emulator.clone(), Arc::clone(&shared)));
            }
        });
        Self { address, steps, accepting: accepting.abort_handle() }
    }

    /// Where a function asks for events, for its `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn runtime_api(&self) -> String {
        format!("http://{}{RUNTIME}", self.address)
    }

    /// Until a function has started, and the snapshot can be taken.
    pub async fn started(&self) {
        self.steps.started.notified().await;
    }

    /// Tells the function that it is restored.
    pub fn restore(&self) {
        self.steps.restored.notify_one();
    }
}

impl Drop for Restorable {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One connection. Functions ask for the restore first of all, so the first request tells what it is for.
async fn pass(mut function: TcpStream, emulator: String, steps: Arc<Steps>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_MAX {
        // To the end of the head and not beyond: what follows is for the emulator.
        head.push(function.read_u8().await?);
    }
    if head.starts_with(RESTORE.as_bytes()) {
        steps.started.notify_one();
        steps.restored.notified().await;
        return function.write_all(RESTORED.as_bytes()).await;
    }
    let mut emulator = TcpStream::connect(emulator).await?;
    emulator.write_all(&head).await?;
    tokio::io::copy_bidirectional(&mut function, &mut emulator).await.map(drop)
}

const RESTORE: &str = "GET /.rt/2018-06-01/runtime/restore/next ";
const RESTORED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const HEAD_MAX: usize = 8192;
