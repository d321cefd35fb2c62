//! Whether a file is still the one that was read, without reading it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use super::{Files, off_the_runtime};

/// How a file looked at one moment: its size and times, and which file it is. One that was written to, or replaced by
/// another, looks different. To be compared only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

impl Stamp {
    /// There is no file, or none that can be looked at.
    pub(crate) const ABSENT: Self = Self(0);

    pub(super) fn of(about: &std::fs::Metadata) -> Self {
        let mut hasher = DefaultHasher::new();
        about.len().hash(&mut hasher);
        about.modified().ok().hash(&mut hasher);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            // A file that was replaced by an older one keeps its times.
            (about.dev(), about.ino(), about.ctime(), about.ctime_nsec()).hash(&mut hasher);
        }
        Self(hasher.finish())
    }

    #[cfg(feature = "test-util")]
    pub(super) fn of_contents(bytes: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl Files {
    /// How the file looks now. Follows links, as reading does, and opens nothing.
    pub(crate) async fn stamp(&self, path: &Path) -> Stamp {
        #[cfg(feature = "test-util")]
        if let Self::Given(files) = self
            && let Some(bytes) = files.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(path)
        {
            return Stamp::of_contents(bytes);
        }
        let path = path.to_owned();
        let look = move || std::fs::metadata(&path).map_or(Stamp::ABSENT, |about| Stamp::of(&about));
        off_the_runtime(look).await.unwrap_or(Stamp::ABSENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_was_written_to_or_replaced_looks_different() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials");
        let files = Files::Disk;
        assert_eq!(files.stamp(&path).await, Stamp::ABSENT);
        std::fs::write(&path, "one").unwrap();
        let first = files.stamp(&path).await;
        assert_ne!(first, Stamp::ABSENT);
        assert_eq!(files.stamp(&path).await, first);
        let (_, read) = files.read_stamped(&path, 100).await.unwrap();
        assert_eq!(read, first, "reading sees the same");
        // Of the same length, and with the times of the old one, as some tools restore them.
        let other = directory.path().join("other");
        std::fs::write(&other, "two").unwrap();
        let times = std::fs::metadata(&path).unwrap().modified().unwrap();
        std::fs::File::options().write(true).open(&other).unwrap().set_modified(times).unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert_ne!(files.stamp(&path).await, first);
    }
}
