//! The one thing that a SAML assertion tells us, and not only STS: when its session ends.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Reader;
use quick_xml::events::Event;
use secrecy::zeroize::Zeroizing;

use crate::wall_time::WallTime;

/// `SessionNotOnOrAfter` of an assertion in base64. `None`: it says none, or it is encrypted or no assertion, about
/// which STS knows best.
pub(crate) fn session_end(assertion: &str) -> Option<WallTime> {
    let document = Zeroizing::new(STANDARD.decode(assertion).ok()?);
    let mut reader = Reader::from_str(str::from_utf8(&document).ok()?);
    let mut earliest: Option<WallTime> = None;
    loop {
        match reader.read_event() {
            Ok(Event::Start(start) | Event::Empty(start)) => {
                if start.local_name().into_inner() != "AuthnStatement" {
                    continue;
                }
                let attribute = start.try_get_attribute("SessionNotOnOrAfter").ok().flatten();
                let ends = attribute.and_then(|attribute| WallTime::parse_rfc3339(&attribute.value));
                earliest = match (earliest, ends) {
                    (Some(earliest), Some(ends)) => Some(earliest.min(ends)),
                    (earliest, ends) => earliest.or(ends),
                };
            }
            // What came before a broken end still counts: it can only shorten the session.
            Ok(Event::Eof) | Err(_) => return earliest,
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_that_an_assertion_sets() {
        let assertion = |statement: &str| {
            format!("<saml2:Assertion xmlns:saml2='urn:oasis'>{statement}<saml2:Subject/></saml2:Assertion>")
        };
        for (document, ends) in [
            (
                assertion("<saml2:AuthnStatement SessionNotOnOrAfter=\"2026-11-23T18:00:00Z\"/>"),
                Some("2026-11-23T18:00:00Z"),
            ),
            (
                assertion(
                    "<AuthnStatement SessionNotOnOrAfter='2026-11-23T19:30:00.250+01:00'>x</AuthnStatement>",
                ),
                Some("2026-11-23T18:30:00Z"),
            ),
            (
                assertion(
                    "<AuthnStatement SessionNotOnOrAfter='2026-11-23T19:00:00Z'/>\
                     <AuthnStatement SessionNotOnOrAfter='2026-11-23T18:00:00Z'/>",
                ),
                Some("2026-11-23T18:00:00Z"),
            ),
            (assertion("<AuthnStatement AuthnInstant='2026-11-23T18:00:00Z'/>"), None),
            (assertion("<AuthnStatement SessionNotOnOrAfter='soon'/>"), None),
            (assertion("<EncryptedAssertion>…</EncryptedAssertion>"), None),
            ("no xml <".to_owned(), None),
        ] {
            let found = session_end(&STANDARD.encode(&document)).map(|at| at.to_string());
            assert_eq!(found.as_deref(), ends, "{document}");
        }
        assert_eq!(session_end("%%%"), None);
        assert_eq!(session_end(&STANDARD.encode([0xff, 0xfe])), None);
    }
}
