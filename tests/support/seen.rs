//! All that a test's program would have logged, to be searched for secrets.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

/// Events of every level, written out as text.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<Vec<u8>>>);

impl Seen {
    /// Listens on this thread until the guard is dropped.
    pub fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        let seen = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(seen.clone())
            .finish();
        (seen, subscriber.set_default())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    /// Adds what a program may print: `Debug` and `Display` of whatever it got.
    pub fn also(&self, text: impl AsRef<str>) {
        self.0.lock().unwrap().extend_from_slice(text.as_ref().as_bytes());
    }

    /// Fails if one of the secrets was seen, without printing it.
    pub fn assert_none_of<S: AsRef<str>>(&self, secrets: impl IntoIterator<Item = S>) {
        let text = self.text();
        let mut searched = 0;
        for secret in secrets {
            let secret = secret.as_ref();
            assert!(secret.len() >= 4, "too short to be searched for");
            assert!(!text.contains(secret), "a secret that begins with {:?} was logged", &secret[..4]);
            searched += 1;
        }
        assert!(searched > 0, "no secret was planted: the scan proves nothing");
    }
}

impl io::Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Seen {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
