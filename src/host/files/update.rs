//! Files that other processes read and write too: read with care, and written whole or not at all.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::{FileError, Files, io_error, off_the_runtime, read_open};

impl Files {
    /// Reads a regular file of at most `limit` bytes that nobody can have forged: it belongs to whom its directory
    /// belongs, or to root, and no group and nobody else can write it.
    pub(crate) async fn read_private(
        &self,
        path: &Path,
        limit: u64,
    ) -> Result<Zeroizing<Vec<u8>>, FileError> {
        #[cfg(feature = "test-util")]
        if self.given(path).is_some() {
            return self.read(path, limit).await.map(Zeroizing::new);
        }
        let path = path.to_owned();
        let read = off_the_runtime(move || read_private(&path, limit)).await;
        read.unwrap_or(Err(FileError::Io(io::ErrorKind::Interrupted)))
    }

    /// Replaces a file by what `change` makes of it; `None` leaves it. `change` is given what lies there, if it can be
    /// read [privately](Self::read_private), and nobody else who asks here writes in between.
    ///
    /// Readers see the old file or the new one, also after a crash, and only the owner can read it. Directories that are
    /// missing are made. The lock is a file beside it, which stays: removing it would let two in. It is waited for up to
    /// three seconds; file systems that know none are written without, which is how the AWS CLI writes.
    pub(crate) async fn update(
        &self,
        path: &Path,
        limit: u64,
        change: impl FnOnce(Option<&[u8]>) -> Option<SecretString> + Send + 'static,
    ) -> Result<(), WriteError> {
        #[cfg(feature = "test-util")]
        if let Self::Given(files) = self
            && crate::testing::is_in_home_of_world(path)
        {
            let mut files = files.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Some(new) = change(files.get(path).map(Vec::as_slice)) {
                files.insert(path.to_owned(), new.expose_secret().as_bytes().to_vec());
            }
            return Ok(());
        }
        let path = path.to_owned();
        let written = off_the_runtime(move || update(&path, limit, change)).await;
        written.unwrap_or(Err(WriteError::Io(io::ErrorKind::Interrupted)))
    }
}

/// Why a file could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteError {
    /// Others are at it all the time, or one that hangs.
    Locked,
    Io(io::ErrorKind),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked => write!(f, "another process holds `{LOCK}` in its directory"),
            Self::Io(kind) => write!(f, "it cannot be written: {kind}"),
        }
    }
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error.kind())
    }
}

fn read_private(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let file = super::open(path)?;
    let about = file.metadata().map_err(|error| io_error(&error))?;
    if about.is_file() && !is_private(path, &about) {
        return Err(FileError::NotPrivate);
    }
    read_open(file, limit).map(|(bytes, _)| Zeroizing::new(bytes))
}

#[cfg(unix)]
fn is_private(path: &Path, about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let owner =
        path.parent().and_then(|directory| std::fs::metadata(directory).ok()).map(|about| about.uid());
    about.mode() & WRITABLE_BY_OTHERS == 0 && (about.uid() == 0 || owner == Some(about.uid()))
}

/// Elsewhere the directories of a user are the user's.
#[cfg(not(unix))]
fn is_private(_path: &Path, _about: &std::fs::Metadata) -> bool {
    true
}

fn update(
    path: &Path,
    limit: u64,
    change: impl FnOnce(Option<&[u8]>) -> Option<SecretString>,
) -> Result<(), WriteError> {
    let directory = path.parent().ok_or(WriteError::Io(io::ErrorKind::InvalidInput))?;
    make(directory)?;
    let lock = open_lock(&directory.join(LOCK))?;
    acquire(&lock)?;
    let there = read_private(path, limit).ok();
    let Some(new) = change(there.as_ref().map(|bytes| bytes.as_slice())) else { return Ok(()) };
    // Only its owner can read it, from the first byte on; removed if anything from here on fails.
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).suffix(".tmp").tempfile_in(directory)?;
    file.write_all(new.expose_secret().as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

#[cfg(unix)]
fn make(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn make(directory: &Path) -> io::Result<()> {
    std::fs::create_dir_all(directory)
}

/// Without waiting for the other end of a FIFO, and without following a link that somebody has put there.
#[cfg(unix)]
fn open_lock(path: &Path) -> io::Result<std::fs::File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDWR
        | OFlags::CREATE
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK
        | OFlags::CLOEXEC
        | OFlags::NOCTTY;
    Ok(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?.into())
}

#[cfg(not(unix))]
fn open_lock(path: &Path) -> io::Result<std::fs::File> {
    std::fs::File::options().read(true).write(true).create(true).truncate(false).open(path)
}

/// The system gives it back when the file is closed, also by the end of a process that was killed.
fn acquire(lock: &std::fs::File) -> Result<(), WriteError> {
    for _ in 0..LOCK_ATTEMPTS {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(std::fs::TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                return Ok(());
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(error.into()),
            // Not all of those who wait at the same moment.
            Err(std::fs::TryLockError::WouldBlock) => {
                std::thread::sleep(LOCK_PAUSE.mul_f64(0.5 + fastrand::f64() / 2.0));
            }
        }
    }
    Err(WriteError::Locked)
}

/// One for the directory: a write takes a few milliseconds. No `.json`: others list those.
const LOCK: &str = ".aws-credential-chain.lock";
const TEMPORARY: &str = ".aws-credential-chain-";
const LOCK_PAUSE: Duration = Duration::from_millis(20);
const LOCK_ATTEMPTS: u32 = 150;
#[cfg(unix)]
const WRITABLE_BY_OTHERS: u32 = 0o022;

#[cfg(test)]
mod tests;
