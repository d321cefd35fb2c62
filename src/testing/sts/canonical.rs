//! A request in the form in which version 4 of AWS's signature signs it.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};

use crate::testing::server::Incoming;

/// The canonical request; `None` if a header that is said to be signed is not there. `without` names the parameter of the
/// query that cannot be signed: the signature itself. `None` also if S3 is told another hash than that of the body.
pub(super) fn canonical_request(
    request: &Incoming,
    signed_headers: &[&str],
    without: Option<&str>,
    service: &str,
) -> Option<String> {
    let is_s3 = service == "s3";
    let mut names = signed_headers.to_vec();
    names.sort_unstable();
    let mut canonical = format!(
        "{}\n{}\n{}\n",
        request.method,
        if is_s3 {
            key(&request.path)
        } else {
            percent_encode(request.path.as_bytes(), &IN_PATHS).to_string()
        },
        query(&request.query, without)
    );
    for name in &names {
        canonical.push_str(&header(request, name)?);
    }
    let hash = hex_of_sha256(&request.body);
    // S3 lets the client choose, and signs nothing of the body of who comes with a presigned URL.
    let payload = match request.header("x-amz-content-sha256") {
        _ if !is_s3 => hash,
        Some(told) if told == hash || told == UNSIGNED => told.to_owned(),
        None if without.is_some() => UNSIGNED.to_owned(),
        _ => return None,
    };
    let _ = write!(canonical, "\n{}\n{payload}", names.join(";"));
    Some(canonical)
}

pub(super) fn hex_of_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Sorted by the encoded names, then by the encoded values.
fn query(raw: &str, without: Option<&str>) -> String {
    let mut pairs: Vec<_> = raw
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode_again(name), encode_again(value)))
        .filter(|(name, _)| Some(name.as_str()) != without)
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// A path as S3 reads it: a key, encoded once.
fn key(path: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    percent_encode(&decoded, &IN_PATHS).to_string()
}

/// Whatever the client left unencoded.
fn encode_again(text: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(text).collect();
    percent_encode(&decoded, &EVERYWHERE).to_string()
}

/// All the values under this name, blanks made single.
fn header(request: &Incoming, name: &str) -> Option<String> {
    let named = request.headers.iter().filter(|(known, _)| known == name);
    let values: Vec<_> = named
        .map(|(_, value)| {
            value.split([' ', '\t']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        })
        .collect();
    (!values.is_empty()).then(|| format!("{name}:{}\n", values.join(",")))
}

/// What RFC 3986 calls unreserved stays.
const EVERYWHERE: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const IN_PATHS: AsciiSet = EVERYWHERE.remove(b'/');
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
