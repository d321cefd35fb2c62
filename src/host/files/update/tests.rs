use std::path::PathBuf;

use super::*;

fn directory() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a").join("b").join("entry.json");
    (directory, file)
}

fn put(file: &Path, text: &str) -> Result<(), WriteError> {
    update(file, LIMIT, |_| Some(SecretString::from(text)))
}

/// All but the lock.
fn names(file: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(file.parent().unwrap()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != LOCK).collect()
}

#[test]
fn nothing_that_is_written_at_once_is_lost() {
    let (_directory, file) = directory();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let count = |there: Option<&[u8]>| {
                        let count = there.map_or(0, |text| str::from_utf8(text).unwrap().parse().unwrap());
                        Some(SecretString::from((count + 1_u32).to_string()))
                    };
                    update(&file, LIMIT, count).unwrap();
                }
            });
        }
    });
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "100");
    assert_eq!(names(&file), ["entry.json"]);
}

#[test]
fn what_is_not_to_be_changed_is_not_touched() {
    let (_directory, file) = directory();
    put(&file, "one").unwrap();
    let before = std::fs::metadata(&file).unwrap().modified().unwrap();
    let seen = std::cell::RefCell::new(Vec::new());
    let look = |there: Option<&[u8]>| {
        seen.borrow_mut().extend_from_slice(there.unwrap());
        None
    };
    update(&file, LIMIT, look).unwrap();
    assert_eq!(*seen.borrow(), b"one");
    assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), before);
}

#[test]
fn a_write_that_fails_leaves_nothing_behind() {
    let (directory, file) = directory();
    // No file can be renamed onto a directory.
    std::fs::create_dir_all(&file).unwrap();
    assert!(matches!(put(&file, "one"), Err(WriteError::Io(_))));
    assert_eq!(names(&file), ["entry.json"]);
    // No directory can be made below a file.
    let plain = directory.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    assert!(matches!(put(&plain.join("cache").join("entry.json"), "one"), Err(WriteError::Io(_))));
}

#[test]
fn a_lock_that_nobody_gives_back_is_not_waited_for_without_end() {
    let (_directory, file) = directory();
    put(&file, "one").unwrap();
    let held = open_lock(&file.parent().unwrap().join(LOCK)).unwrap();
    held.lock().unwrap();
    assert_eq!(put(&file, "two"), Err(WriteError::Locked));
    drop(held);
    put(&file, "three").unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "three");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn only_the_owner_can_read_what_is_written() {
        let (directory, file) = directory();
        put(&file, "one").unwrap();
        assert_eq!(mode(&file), 0o600);
        assert_eq!(mode(&file.parent().unwrap().join(LOCK)), 0o600);
        assert_eq!(mode(file.parent().unwrap()), 0o700);
        assert_eq!(mode(&directory.path().join("a")), 0o700);
        // Also where somebody has opened it before.
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
        put(&file, "two").unwrap();
        assert_eq!(mode(&file), 0o600);
    }

    #[test]
    fn what_others_can_write_is_not_read() {
        let (_directory, file) = directory();
        put(&file, "one").unwrap();
        for (mode, is_read) in [(0o600, true), (0o644, true), (0o660, false), (0o602, false), (0o666, false)]
        {
            std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
            let read = read_private(&file, LIMIT);
            assert_eq!(read.err(), (!is_read).then_some(FileError::NotPrivate), "{mode:o}");
        }
    }

    #[test]
    fn what_is_no_file_is_neither_read_nor_waited_for_and_is_replaced() {
        let (directory, file) = directory();
        put(&file, "one").unwrap();
        std::fs::remove_file(&file).unwrap();
        let fifo = std::process::Command::new("mkfifo").arg(&file).status().unwrap();
        assert!(fifo.success());
        assert_eq!(read_private(&file, LIMIT).err(), Some(FileError::NotRegular));
        put(&file, "two").unwrap();
        assert!(std::fs::metadata(&file).unwrap().is_file());
        // What a link points to is read, and not written.
        let other = directory.path().join("other");
        std::fs::write(&other, "other").unwrap();
        std::fs::remove_file(&file).unwrap();
        symlink(&other, &file).unwrap();
        assert_eq!(read_private(&file, LIMIT).unwrap().as_slice(), b"other");
        put(&file, "three").unwrap();
        assert!(!std::fs::symlink_metadata(&file).unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "other");
        // Nor is a lock made where a link in its place points to.
        let lock = file.parent().unwrap().join(LOCK);
        std::fs::remove_file(&lock).unwrap();
        symlink(directory.path().join("elsewhere"), &lock).unwrap();
        assert!(put(&file, "four").is_err());
        assert!(!directory.path().join("elsewhere").exists());
    }
}

const LIMIT: u64 = 100;
