//! Path and query in the one way of writing them that services read as the signer does.
//!
//! A service computes the signature from what it received. Where the same may be written in several ways, it chooses one,
//! and it is not always the signer's: so only one way is sent.

use std::fmt;

use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode,
};

use super::wrong;
use crate::error::Error;

/// What stands behind the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::interop) struct Target {
    pub(in crate::interop) path: String,
    pub(in crate::interop) query: Option<String>,
}

impl Target {
    /// # Errors
    /// The query is that of a presigned URL, or is not UTF-8 beneath its encoding: the signer reads it as text.
    pub(super) fn new(path: &str, query: Option<&str>, is_s3: bool) -> Result<Self, Error> {
        let path = if is_s3 {
            // S3 decodes the path to a key, and encodes that in its own way.
            let key: Vec<u8> = percent_decode_str(path).collect();
            percent_encode(&key, &IN_KEYS).to_string()
        } else {
            // The others encode it once more, as it came.
            utf8_percent_encode(path, CONTROLS).to_string()
        };
        let path = if path.is_empty() { "/".to_owned() } else { path };
        Ok(Self { path, query: query.filter(|query| !query.is_empty()).map(written).transpose()? })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        match &self.query {
            Some(query) => write!(f, "?{query}"),
            None => Ok(()),
        }
    }
}

/// A value in a query, as AWS writes it.
pub(in crate::interop) fn encoded(value: &str) -> impl fmt::Display {
    utf8_percent_encode(value, &EVERYWHERE)
}

fn written(query: &str) -> Result<String, Error> {
    let names = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    if names.into_iter().any(|name| name.eq_ignore_ascii_case("X-Amz-Signature")) {
        return Err(wrong("the URL is presigned", "sign the URL that it was made from"));
    }
    if percent_decode_str(query).decode_utf8().is_err() {
        return Err(wrong("the query is not UTF-8", "encode it"));
    }
    // Everybody reads `%20` as a blank; `+` is one only in forms.
    Ok(utf8_percent_encode(query, CONTROLS).to_string().replace('+', "%20"))
}

/// What RFC 3986 calls unreserved stays.
const EVERYWHERE: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const IN_KEYS: AsciiSet = EVERYWHERE.remove(b'/');
