//! What is known of a file without reading it, for errors and explanations.

use std::fmt;
use std::path::Path;

use super::{FileError, Files, io_error, off_the_runtime};
use crate::wall_time::WallTime;

/// What is known of a file without reading it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    pub(crate) size: u64,
    /// When it was last written, where that can be known.
    pub(crate) written: Option<WallTime>,
    /// Its permissions on Unix.
    pub(crate) mode: Option<u32>,
}

impl Files {
    /// Follows links, as reading does, and opens nothing.
    pub(crate) async fn about(&self, path: &Path) -> Result<About, FileError> {
        #[cfg(feature = "test-util")]
        if let Self::Given(files) = self
            && let Some(bytes) = files.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(path)
        {
            return Ok(About { size: bytes.len() as u64, written: None, mode: None });
        }
        let path = path.to_owned();
        let look =
            move || std::fs::metadata(&path).map_err(|error| io_error(&error)).map(|about| About::of(&about));
        off_the_runtime(look).await.unwrap_or(Err(FileError::Io(std::io::ErrorKind::Interrupted)))
    }
}

impl About {
    fn of(about: &std::fs::Metadata) -> Self {
        #[cfg(unix)]
        let mode = Some(std::os::unix::fs::MetadataExt::mode(about) & 0o7777);
        #[cfg(not(unix))]
        let mode = None;
        Self { size: about.len(), written: about.modified().ok().map(WallTime::from), mode }
    }

    /// Whether others than its owner may read it.
    pub(crate) fn is_readable_by_others(self) -> bool {
        self.mode.is_some_and(|mode| mode & 0o044 != 0)
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.size)?;
        if let Some(at) = self.written {
            write!(f, ", last written at {at}")?;
        }
        match self.mode {
            Some(mode) => write!(f, ", mode {mode:04o}"),
            None => Ok(()),
        }
    }
}
