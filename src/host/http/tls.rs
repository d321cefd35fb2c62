//! What rustls gets handed.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::host::Files;
use crate::host::http::HttpError;

/// For clients that speak plain HTTP only: reqwest wants a configuration all the same.
pub(super) fn without_roots() -> Result<ClientConfig, HttpError> {
    with_roots(RootCertStore::empty())
}

/// Trusts what the system trusts.
///
/// A system without certificates gives a client all the same: it fails at the first handshake, and by then there is
/// a URL to name.
pub(super) async fn with_system_roots() -> Result<ClientConfig, HttpError> {
    let mut roots = RootCertStore::empty();
    // Reads a hundred files and more.
    let loaded = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
    let (added, _) = roots.add_parsable_certificates(loaded.map(|loaded| loaded.certs).unwrap_or_default());
    if added == 0 {
        tracing::warn!(
            "no root certificates found on this system; install ca-certificates or set AWS_CA_BUNDLE"
        );
    }
    with_roots(roots)
}

/// Trusts a bundle of certificates alone. `setting` is what names it.
pub(super) async fn with_bundle(files: &Files, path: &str, setting: &str) -> Result<ClientConfig, HttpError> {
    let unusable = |why: &dyn std::fmt::Display| HttpError::NoClient(format!("{setting}={path}: {why}"));
    let pem = files.read(&PathBuf::from(path), CA_BUNDLE_MAX).await.map_err(|error| unusable(&error))?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
    if added == 0 {
        return Err(unusable(&"holds no certificate in PEM"));
    }
    with_roots(roots)
}

fn with_roots(roots: RootCertStore) -> Result<ClientConfig, HttpError> {
    let config = ClientConfig::builder_with_provider(crypto())
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpError::NoClient(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn crypto() -> Arc<CryptoProvider> {
    #[cfg(feature = "aws-lc-rs")]
    return Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    return Arc::new(rustls::crypto::ring::default_provider());
}

const CA_BUNDLE_MAX: u64 = 64 * 1024 * 1024;
