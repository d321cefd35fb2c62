//! What a reader is told, and what programs can ask.

use std::time::Duration;

use super::*;

#[test]
fn the_final_error_of_a_chain_lists_every_source() {
    let none = Error::NotConfigured(NotConfigured::from(vec![
        Attempt { source: "environment".into(), why: "AWS_ACCESS_KEY_ID is not set".into() },
        Attempt {
            source: "instance metadata".into(),
            why: "switched off by AWS_EC2_METADATA_DISABLED".into(),
        },
    ]));
    assert_eq!(
        none.to_string(),
        "no AWS credentials found; looked at, in this order:\n  - environment: AWS_ACCESS_KEY_ID is not set\n  \
         - instance metadata: switched off by AWS_EC2_METADATA_DISABLED"
    );
}

#[test]
fn a_failure_keeps_its_parts_and_its_cause() {
    let cause = std::io::Error::other("the cable was cut");
    let failure = Failure::new(FailureKind::Unreachable, "vault", "no way to https://vault.example")
        .with_remedy("mend the cable")
        .with_retry_after(Duration::from_secs(3))
        .with_cause(cause);
    assert_eq!(failure.kind(), FailureKind::Unreachable);
    assert_eq!((failure.source_name(), failure.message()), ("vault", "no way to https://vault.example"));
    assert_eq!(
        (failure.remedy(), failure.retry_after()),
        (Some("mend the cable"), Some(Duration::from_secs(3)))
    );
    let error = Error::from(failure.clone());
    for shown in [std::error::Error::source(&error), std::error::Error::source(&failure)] {
        assert_eq!(shown.unwrap().to_string(), "the cable was cut");
    }
    let debug = format!("{failure:?}");
    assert!(debug.contains("Unreachable") && debug.contains("mend the cable"), "{debug}");
    let absent = Error::not_configured("vault", "VAULT_ADDR is not set");
    assert_eq!(
        (absent.attempts()[0].source(), absent.attempts()[0].why()),
        ("vault", "VAULT_ADDR is not set")
    );
    assert!(!absent.is_transient() && std::error::Error::source(&absent).is_none());
}

#[test]
fn only_what_a_person_has_to_change_is_permanent() {
    use FailureKind as K;
    for kind in [K::Misconfigured, K::Refused, K::NoRuntime] {
        assert!(!kind.is_transient(), "{kind:?}");
    }
    let transient = [
        K::Unreachable,
        K::TimedOut,
        K::Throttled,
        K::Unavailable,
        K::Malformed,
        K::Unreadable,
        K::Expired,
        K::Interrupted,
    ];
    for kind in transient {
        assert!(kind.is_transient(), "{kind:?}");
    }
}

#[cfg(any(feature = "profile", feature = "_http"))]
#[test]
fn foreign_text_is_cut_and_stripped() {
    assert_eq!(printable("a\r\nb\u{1b}[31mc"), "a  b [31mc");
    assert_eq!(printable("yes\u{202e}on\u{2066}\u{2028}\u{200f}\u{85}.\u{200d}"), "yes on    .\u{200d}");
    assert_eq!(printable(&"é".repeat(600)).chars().count(), 513);
}

#[test]
fn a_remembered_failure_says_when_the_source_is_asked_again() {
    let at = WallTime::from_unix(1_795_464_000, 0);
    let error = Error::from(Failure::new(FailureKind::TimedOut, "x", "no answer")).with_next_attempt(at);
    assert_eq!(error.to_string(), "x: no answer (next attempt after 2026-11-23T20:00:00Z)");
    assert_eq!(error.next_attempt(), Some(at.into()));
}

#[test]
fn the_alternate_form_shows_what_lies_underneath() {
    let inner =
        Failure::new(FailureKind::Unreadable, "file", "gone").with_cause(std::io::Error::other("disk"));
    let error = Error::from(Failure::new(FailureKind::Refused, "vault", "no").with_cause(inner));
    assert_eq!(error.to_string(), "vault: no");
    assert_eq!(format!("{error:#}"), "vault: no\n  caused by: file: gone\n  caused by: disk");
}
