//! Files, read whole: regular ones only, up to a limit, never on a task's thread.

mod about;
mod stamp;
#[cfg(feature = "sts")]
mod update;

#[cfg(feature = "test-util")]
use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
#[cfg(feature = "test-util")]
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use self::stamp::Stamp;
use super::last_asked;

/// Where files come from.
#[derive(Clone, Debug, Default)]
pub(crate) enum Files {
    #[default]
    Disk,
    /// A test's: those it gave, and the disk for all others, so that a test may also use real ones.
    #[cfg(feature = "test-util")]
    Given(Arc<Mutex<HashMap<PathBuf, Vec<u8>>>>),
}

impl Files {
    /// Reads a regular file of at most `limit` bytes.
    pub(crate) async fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
        self.read_stamped(path, limit).await.map(|(bytes, _)| bytes)
    }

    /// The same, and how the file looked as it was opened.
    pub(crate) async fn read_stamped(&self, path: &Path, limit: u64) -> Result<(Vec<u8>, Stamp), FileError> {
        #[cfg(feature = "test-util")]
        if let Some(bytes) = self.given(path) {
            let fits = bytes.len() as u64 <= limit;
            let stamp = Stamp::of_contents(&bytes);
            return if fits { Ok((bytes, stamp)) } else { Err(FileError::TooLarge { limit }) };
        }
        last_asked::note(|| format!("the file {}", path.display()));
        let path = path.to_owned();
        let read = off_the_runtime(move || read_regular(&path, limit)).await;
        read.unwrap_or(Err(FileError::Io(io::ErrorKind::Interrupted)))
    }

    /// What a test gave.
    #[cfg(feature = "test-util")]
    fn given(&self, path: &Path) -> Option<Vec<u8>> {
        match self {
            Self::Disk => None,
            Self::Given(files) => files.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned(),
        }
    }

    /// A path as somebody wrote it into a setting: `~/` is the home directory; `~somebody/` is not looked up, as in
    /// AWS's SDKs.
    pub(crate) fn expand(&self, path: impl AsRef<Path>, env: &crate::host::Env) -> PathBuf {
        let path = path.as_ref();
        match (path.strip_prefix("~"), self.home(env)) {
            (Ok(below), Some(home)) => home.join(below),
            _ => path.to_owned(),
        }
    }

    /// The home directory: `HOME` (on Windows `USERPROFILE`), else what the system knows of the user, as under a
    /// service manager that sets no `HOME`.
    pub(crate) fn home(&self, env: &crate::host::Env) -> Option<PathBuf> {
        let named = env.path(if cfg!(windows) { "USERPROFILE" } else { "HOME" });
        match self {
            Self::Disk => named.or_else(std::env::home_dir).filter(|home| !home.as_os_str().is_empty()),
            #[cfg(feature = "test-util")]
            Self::Given(_) => named,
        }
    }
}

/// What takes long, on a thread of its own, so that no other task is held up; `None` if it was cut off.
pub(crate) async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await.ok(),
        // Nobody's task is held up.
        Err(_) => Some(work()),
    }
}

/// Why a file could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileError {
    NotFound,
    NotRegular,
    /// Others can write it.
    NotPrivate,
    TooLarge {
        limit: u64,
    },
    Io(io::ErrorKind),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("does not exist"),
            Self::NotRegular => f.write_str("is not a regular file"),
            Self::NotPrivate => f.write_str("can be written by others, or belongs to somebody else"),
            Self::TooLarge { limit } => match limit / 1024 {
                kib if kib >= 1024 => write!(f, "is larger than {} MiB", kib / 1024),
                kib => write!(f, "is larger than {kib} KiB"),
            },
            Self::Io(kind) => write!(f, "cannot be read: {kind}"),
        }
    }
}

fn read_regular(path: &Path, limit: u64) -> Result<(Vec<u8>, Stamp), FileError> {
    read_open(open(path)?, limit)
}

fn read_open(file: std::fs::File, limit: u64) -> Result<(Vec<u8>, Stamp), FileError> {
    // Asked of what was opened, not of the path: it may have changed in between.
    let about = file.metadata().map_err(|error| io_error(&error))?;
    if is_null_device(&about) {
        return Ok((Vec::new(), Stamp::of(&about)));
    }
    if !about.is_file() {
        return Err(FileError::NotRegular);
    }
    if about.len() > limit {
        return Err(FileError::TooLarge { limit });
    }
    let stamp = Stamp::of(&about);
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or_default());
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| io_error(&error))?;
    if bytes.len() as u64 > limit { Err(FileError::TooLarge { limit }) } else { Ok((bytes, stamp)) }
}

/// Whether it is `/dev/null`, which has nothing in it. What links to it is, too.
#[cfg(unix)]
fn is_null_device(about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let is_same = |null: std::fs::Metadata| null.file_type().is_char_device() && null.rdev() == about.rdev();
    about.file_type().is_char_device() && std::fs::metadata("/dev/null").is_ok_and(is_same)
}

#[cfg(not(unix))]
fn is_null_device(_about: &std::fs::Metadata) -> bool {
    false
}

/// Without waiting for the other end of a FIFO.
#[cfg(unix)]
fn open(path: &Path) -> Result<std::fs::File, FileError> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(descriptor) => Ok(descriptor.into()),
        Err(errno) => Err(io_error(&errno.into())),
    }
}

#[cfg(not(unix))]
fn open(path: &Path) -> Result<std::fs::File, FileError> {
    std::fs::File::open(path).map_err(|error| io_error(&error))
}

fn io_error(error: &io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FileError::NotFound,
        kind => FileError::Io(kind),
    }
}
