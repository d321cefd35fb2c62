//! All that a test's program would have logged, to be searched for secrets.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, Once};

use tracing_subscriber::fmt::MakeWriter;

/// Events of every level, written out as text.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<Vec<u8>>>);

thread_local! {
    /// Who listens on this thread.
    static LISTENING: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

/// Ends the listening.
pub struct Listening;

impl Drop for Listening {
    fn drop(&mut self) {
        LISTENING.with_borrow_mut(Option::take);
    }
}

impl Seen {
    /// Listens on this thread until the guard is dropped.
    ///
    /// There is one subscriber for all tests of a file. With one for each, tests that run side by side would switch
    /// events off for each other: tracing remembers for the whole process whether anybody wants an event.
    pub fn start() -> (Self, Listening) {
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            let subscriber = tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_ansi(false)
                .with_writer(OfThisThread)
                .finish();
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
        let seen = Self::default();
        LISTENING.set(Some(seen.clone()));
        (seen, Listening)
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

/// Writes to whoever listens on this thread.
struct OfThisThread;

impl io::Write for OfThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LISTENING.with_borrow(|listening| {
            if let Some(seen) = listening {
                seen.0.lock().unwrap().extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for OfThisThread {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}
