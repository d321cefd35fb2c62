//! What the tests of this member share: the executables under test, and other people's beside them.
//!
//! Needs `ip` (Debian's iproute2), `unshare` (util-linux), `strace`, a Python with botocore named by `INTEROP_PYTHON`,
//! one with ministack named by `INTEROP_MINISTACK`, one with moto and signxml named by `INTEROP_MOTO`, cargo-lambda named
//! by `INTEROP_CARGO_LAMBDA`; `node`, and `@aws-sdk/credential-providers` in the directory that `INTEROP_NODE_MODULES`
//! names. `.ci/run` installs them; what is missing fails.

pub mod botocore;
pub mod bucket;
pub mod cargo_lambda;
#[path = "../../support/example.rs"]
mod example;
pub mod machines;
pub mod ministack;
pub mod moto;
pub mod namespace;

use std::path::PathBuf;

pub use example::{json, run, stderr};

/// The `credential_process` example of the root package.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn credential_process() -> PathBuf {
    example::example("credential_process")
}

/// The `lambda` example of the root package.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn lambda() -> PathBuf {
    example::example("lambda")
}

/// An example of this package.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn own_example(name: &str) -> PathBuf {
    example::example_of("interop", name)
}

/// Has this process's TLS by ring, for libraries that build a TLS client even for plain HTTP.
///
/// reqwest's default features would choose by themselves; here it is built without them, for the sake of time.
pub fn install_ring() {
    // Installed already: just as well.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
}

/// A Python that has botocore.
///
/// # Panics
/// If `INTEROP_PYTHON` is not set.
#[must_use]
pub fn python() -> PathBuf {
    std::env::var_os("INTEROP_PYTHON")
        .expect("INTEROP_PYTHON names a Python with botocore; see .ci/run")
        .into()
}
