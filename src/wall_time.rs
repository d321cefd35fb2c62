//! Instants on the wall clock, as plain numbers that saturate.
//!
//! Expirations are absolute: a laptop that slept or a snapshot that was restored must see them pass. So nothing
//! here is monotonic, and nothing here can panic on a clock that steps: arithmetic stops at both ends.

use std::fmt;
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
#[cfg(any(feature = "_http", feature = "test-util"))]
use time::format_description::well_known::Rfc2822;
use time::format_description::well_known::Rfc3339;

/// Nanoseconds since 1970-01-01T00:00:00Z. Reaches from 1677 to 2262; what lies beyond stops at the end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct WallTime(i64);

impl WallTime {
    /// Later than every expiration.
    pub(crate) const NEVER: Self = Self(i64::MAX);
    /// Earlier than every reading of a clock.
    pub(crate) const ALWAYS_PAST: Self = Self(i64::MIN);

    #[cfg(test)]
    pub(crate) const fn from_unix_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    pub(crate) const fn from_unix(seconds: i64, nanos: i64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND).saturating_add(nanos))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[cfg(feature = "sts")]
    pub(crate) const fn unix_millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub(crate) const fn unix_nanos(self) -> i64 {
        self.0
    }

    /// Later by so many nanoseconds, or earlier.
    #[inline]
    pub(crate) const fn shifted(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// Time left until `later`; zero if it has passed.
    pub(crate) fn until(self, later: Self) -> Duration {
        Duration::from_nanos(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }

    pub(crate) fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }

    /// The second that has begun: not everybody reads fractions.
    #[cfg(feature = "server")]
    pub(crate) fn whole_seconds(self) -> Self {
        Self::from_unix(self.unix_nanos().div_euclid(1_000_000_000), 0)
    }

    pub(crate) fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(duration)))
    }

    /// Reads the form of HTTP's `Date` (`Mon, 23 Nov 2026 20:00:00 GMT`).
    #[cfg(feature = "_http")]
    pub(crate) fn parse_http_date(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text.trim(), &Rfc2822).ok().map(|at| Self::from_unix(at.unix_timestamp(), 0))
    }

    /// The same form, written.
    #[cfg(feature = "test-util")]
    pub(crate) fn http_date(self) -> Option<String> {
        let at = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(NANOS_PER_SECOND)).ok()?;
        Some(at.format(&Rfc2822).ok()?.replace("+0000", "GMT"))
    }

    /// Differs from one moment to the next, for generators of random numbers.
    pub(crate) fn seed(self) -> u64 {
        self.0.cast_unsigned()
    }

    /// Reads the RFC 3339 form in which AWS writes expirations (`2026-11-23T20:00:00Z`). With `UTC` instead of `Z`
    /// botocore writes it into its caches.
    pub(crate) fn parse_rfc3339(text: &str) -> Option<Self> {
        let text = text.trim();
        let at = match text.strip_suffix("UTC") {
            Some(text) => OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339),
            None => OffsetDateTime::parse(text, &Rfc3339),
        };
        at.ok().map(|at| {
            let nanos = at.unix_timestamp_nanos().clamp(i64::MIN.into(), i64::MAX.into());
            Self(i64::try_from(nanos).unwrap_or(i64::MAX))
        })
    }
}

impl From<SystemTime> for WallTime {
    fn from(at: SystemTime) -> Self {
        match at.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => Self(nanos(since)),
            Err(before) => Self(nanos(before.duration()).saturating_neg()),
        }
    }
}

impl From<WallTime> for SystemTime {
    fn from(at: WallTime) -> Self {
        let distance = Duration::from_nanos(at.0.unsigned_abs());
        let moved = if at.0 < 0 {
            Self::UNIX_EPOCH.checked_sub(distance)
        } else {
            Self::UNIX_EPOCH.checked_add(distance)
        };
        moved.unwrap_or(Self::UNIX_EPOCH)
    }
}

/// RFC 3339 to the second, in UTC: how a person reads an expiration in a log.
impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(NANOS_PER_SECOND);
        let text = OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|at| at.format(&Rfc3339).ok());
        f.write_str(text.as_deref().unwrap_or("a time out of range"))
    }
}

impl fmt::Debug for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

const NANOS_PER_SECOND: i64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_the_form_of_aws() {
        for (text, shown) in [
            ("2026-11-23T20:00:00Z", Some("2026-11-23T20:00:00Z")),
            (" 2026-11-23T20:00:00.123Z\n", Some("2026-11-23T20:00:00Z")),
            ("2026-11-23T20:00:00+02:00", Some("2026-11-23T18:00:00Z")),
            ("2026-11-23T20:00:00+00:00", Some("2026-11-23T20:00:00Z")),
            ("2026-11-23T20:00:00UTC", Some("2026-11-23T20:00:00Z")),
            ("2026-11-23T20:00:00ZUTC", None),
            ("UTC", None),
            ("9999-12-31T23:59:59Z", Some("2262-04-11T23:47:16Z")),
            ("2026-11-23", None),
            ("1763928000", None),
            ("", None),
        ] {
            assert_eq!(WallTime::parse_rfc3339(text).map(|at| at.to_string()).as_deref(), shown, "{text}");
        }
    }

    #[test]
    #[cfg(all(feature = "_http", feature = "test-util"))]
    fn reads_and_writes_the_form_of_http() {
        let at = WallTime::parse_rfc3339("2026-11-23T20:00:07Z").unwrap();
        assert_eq!(at.http_date().unwrap(), "Mon, 23 Nov 2026 20:00:07 GMT");
        assert_eq!(WallTime::parse_http_date("Mon, 23 Nov 2026 20:00:07 GMT"), Some(at));
        assert_eq!(WallTime::parse_http_date(" Mon, 23 Nov 2026 20:00:07 GMT "), Some(at));
        for text in ["", "now", "Mon, 23 Nov 2026", "2026-11-23T20:00:07Z", "Mon, 99 Nov 2026 20:00:07 GMT"] {
            assert_eq!(WallTime::parse_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn stops_at_both_ends() {
        assert_eq!(WallTime::NEVER.plus(Duration::MAX), WallTime::NEVER);
        assert_eq!(WallTime::ALWAYS_PAST.minus(Duration::MAX), WallTime::ALWAYS_PAST);
        assert_eq!(WallTime::ALWAYS_PAST.until(WallTime::NEVER), Duration::from_nanos(i64::MAX as u64));
        assert_eq!(WallTime::NEVER.until(WallTime::ALWAYS_PAST), Duration::ZERO);
    }

    #[test]
    fn survives_the_way_to_system_time_and_back() {
        for nanos in [i64::MIN, -1, 0, 1, i64::MAX] {
            let at = WallTime::from_unix_nanos(nanos);
            // `i64::MIN` has no positive twin: it stops one short.
            assert_eq!(WallTime::from(SystemTime::from(at)), WallTime::from_unix_nanos(nanos.max(-i64::MAX)));
        }
    }
}
