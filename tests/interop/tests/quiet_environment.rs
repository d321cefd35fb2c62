//! Keys in the environment are all that is looked at: no file is opened, no socket is made, and no certificate is read.

use std::process::Command;

use interop::{credential_process, json, run, stderr};

#[test]
fn environment_keys_open_no_file_and_no_socket() {
    let trace = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new("strace");
    command
        .args(["-f", "-e", "trace=open,openat,socket,connect", "-o"])
        .arg(trace.path())
        .arg(credential_process());
    let keys = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "s"), ("HOME", "/nonexistent")];
    let output = run(&mut command, &keys);
    assert!(json(&output).is_some(), "{}", stderr(&output));
    let text = std::fs::read_to_string(trace.path()).unwrap();
    assert!(text.contains("openat("), "strace saw nothing, not even the loader:\n{text}");
    // What the loader, the C library and the runtime look at by themselves.
    let ours: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("open") || line.contains("socket(") || line.contains("connect("))
        .filter(|line| {
            !["/etc/ld.so", "/lib/", "/usr/lib", "/proc/self/", "/sys/fs/cgroup", "libc.so", "libgcc"]
                .iter()
                .any(|known| line.contains(known))
        })
        // tokio's own wake-up of its signal driver.
        .filter(|line| !line.contains("AF_UNIX"))
        .collect();
    assert!(ours.is_empty(), "{ours:#?}");
}
