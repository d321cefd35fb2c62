//! Which addresses a container's credentials may come from. Pure, but for the resolution of names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use secrecy::SecretString;

use super::{FULL_URI, NAME, RELATIVE_URI};
use crate::error::{Error, Failure, FailureKind};

/// Where the variables point, checked as far as it can be without resolving a name.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    url: Url,
    variable: &'static str,
}

/// Where the request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// To the address that was checked.
    Address(String),
    /// To a name that its certificate has to prove.
    Tls(String),
}

impl Endpoint {
    /// The relative URI goes before the full one, as in AWS's SDKs.
    pub(super) fn of(relative: Option<&str>, full: Option<&str>) -> Result<Self, Error> {
        match (relative, full) {
            (Some(path), _) if !path.starts_with('/') => {
                Err(misconfigured(RELATIVE_URI, "does not begin with `/`", "write it like /v2/credentials/…"))
            }
            (Some(path), _) => parse(&format!("{ECS}{path}"), RELATIVE_URI),
            (None, Some(full)) => parse(full, FULL_URI),
            (None, None) => {
                Err(Error::not_configured(NAME, format!("{RELATIVE_URI} and {FULL_URI} are not set")))
            }
        }
    }

    /// Resolves the name, if it is one, and checks every address that it has.
    pub(super) async fn resolve(&self) -> Result<Target, Error> {
        if self.url.scheme() == "https" {
            return Ok(Target::Tls(self.url.as_str().to_owned()));
        }
        let port = self.url.port_or_known_default().unwrap_or(80);
        let addresses = match self.address() {
            Some(address) => vec![address],
            None => self.look_up(port).await?,
        };
        self.target(&addresses)
    }

    /// The URL, fit for errors: a query may hold an id that is a secret of its own.
    pub(super) fn shown(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.to_string()
    }

    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// What the server is told it was called, although the request goes to an address.
    pub(super) fn host_header(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host()),
            None => self.host().to_owned(),
        }
    }

    pub(super) fn variable(&self) -> &'static str {
        self.variable
    }

    /// Where it is one, and no name.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.host().trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    async fn look_up(&self, port: u16) -> Result<Vec<IpAddr>, Error> {
        if !crate::host::runtime::is_there() {
            return Err(Failure::new(
                FailureKind::NoRuntime,
                NAME,
                "resolving a name needs a tokio runtime with timers",
            )
            .with_remedy(crate::host::runtime::REMEDY)
            .into());
        }
        let unresolved = |why: &str| {
            Failure::new(
                FailureKind::Unreachable,
                NAME,
                format!("{}: the name {} {why}", self.variable, self.host()),
            )
            .with_remedy("write the address itself, or mend the name service of the container")
        };
        match tokio::time::timeout(LOOK_UP_LIMIT, tokio::net::lookup_host((self.host(), port))).await {
            Ok(Ok(addresses)) => Ok(addresses.map(|address: SocketAddr| address.ip()).collect()),
            Ok(Err(_)) => Err(unresolved("cannot be resolved").into()),
            Err(_) => Err(unresolved("was not resolved within the time limit").into()),
        }
    }

    fn target(&self, addresses: &[IpAddr]) -> Result<Target, Error> {
        let first = addresses.first().filter(|_| addresses.iter().copied().all(is_allowed));
        let mut url = self.url.clone();
        match first {
            Some(address) if url.set_ip_host(*address).is_ok() => {
                Ok(Target::Address(url.as_str().to_owned()))
            }
            _ => Err(misconfigured(
                self.variable,
                &format!("points to {} over plain HTTP, which is none of the allowed addresses", self.host()),
                "use https, or a loopback address, 169.254.170.2 (ECS), 169.254.170.23 or fd00:ec2::23 (EKS)",
            )),
        }
    }
}

/// A token that can be a header: no line break may smuggle in another one.
pub(super) fn authorization(text: &str, place: &str) -> Result<SecretString, Error> {
    if text.bytes().any(|byte| byte != b'\t' && (byte.is_ascii_control() || !byte.is_ascii())) {
        return Err(misconfigured(
            place,
            "holds a line break or another character that has no place in a header",
            "check what wrote it",
        ));
    }
    Ok(SecretString::from(text))
}

fn parse(text: &str, variable: &'static str) -> Result<Endpoint, Error> {
    let wrong =
        |why: &str| misconfigured(variable, why, "write it like http://169.254.170.23/v1/credentials");
    let url = Url::parse(text).map_err(|_| wrong("is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("is neither an http nor an https URL with a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("has a user, and may have none"));
    }
    Ok(Endpoint { url, variable })
}

fn is_allowed(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address.is_loopback() || ALLOWED.contains(&address)
}

fn misconfigured(place: &str, why: &str, remedy: &str) -> Error {
    Failure::new(FailureKind::Misconfigured, NAME, format!("{place} {why}"))
        .with_remedy(remedy.to_owned())
        .into()
}

const ECS: &str = "http://169.254.170.2";
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
const ALLOWED: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
];
const LOOK_UP_LIMIT: std::time::Duration = std::time::Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn target(relative: Option<&str>, full: Option<&str>) -> Result<Target, String> {
        let endpoint = Endpoint::of(relative, full).map_err(|error| error.to_string())?;
        if endpoint.url.scheme() == "https" {
            return Ok(Target::Tls(endpoint.url.to_string()));
        }
        let addresses = endpoint.address().into_iter().collect::<Vec<_>>();
        endpoint.target(&addresses).map_err(|error| error.to_string())
    }

    #[test]
    fn uris_that_are_allowed() {
        for (relative, full, expected) in [
            (Some("/v2/x?id=1"), None, "http://169.254.170.2/v2/x?id=1"),
            (Some("/a"), Some("http://127.0.0.1/b"), "http://169.254.170.2/a"),
            (None, Some("http://127.0.0.1:8080/b"), "http://127.0.0.1:8080/b"),
            (None, Some("http://127.9.9.9/"), "http://127.9.9.9/"),
            (None, Some("http://[::1]:81/"), "http://[::1]:81/"),
            (None, Some("http://169.254.170.2/"), "http://169.254.170.2/"),
            (None, Some("http://169.254.170.23/v1/credentials"), "http://169.254.170.23/v1/credentials"),
            (None, Some("http://[fd00:ec2::23]/v1"), "http://[fd00:ec2::23]/v1"),
            (None, Some("http://[::ffff:127.0.0.1]/"), "http://[::ffff:7f00:1]/"),
        ] {
            assert_eq!(target(relative, full), Ok(Target::Address(expected.to_owned())));
        }
        let tls = target(None, Some("https://credentials.example/x"));
        assert_eq!(tls, Ok(Target::Tls("https://credentials.example/x".to_owned())));
    }

    #[test]
    fn uris_that_are_not() {
        for (relative, full, says) in [
            (Some("v2/x"), None, "does not begin with `/`"),
            (Some("@evil.example/"), None, "does not begin with `/`"),
            (None, Some("http://169.254.169.254/"), "none of the allowed addresses"),
            (None, Some("http://10.0.0.1/"), "169.254.170.23 or fd00:ec2::23 (EKS)"),
            (None, Some("http://2130706433.example/"), "none of the allowed"),
            (None, Some("http://[fd00:ec2::254]/"), "none of the allowed"),
            (None, Some("ftp://127.0.0.1/"), "neither an http nor an https URL"),
            (None, Some("/v2/x"), "is no URL"),
            (None, Some("http://u:CANARY@127.0.0.1/"), "has a user"),
            (None, None, "are not set"),
        ] {
            let error = target(relative, full).unwrap_err();
            assert!(error.contains(says) && !error.contains("CANARY"), "{error}");
        }
    }

    #[test]
    fn every_address_of_a_name_has_to_be_allowed() {
        let endpoint = Endpoint::of(None, Some("http://agent.local:8080/x")).unwrap();
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let all = endpoint.target(&[ip("127.0.0.1"), ip("::1")]).unwrap();
        assert_eq!(all, Target::Address("http://127.0.0.1:8080/x".to_owned()));
        assert!(endpoint.target(&[ip("127.0.0.1"), ip("93.184.216.34")]).is_err());
        assert!(endpoint.target(&[]).is_err());
        assert_eq!(endpoint.host_header(), "agent.local:8080");
    }

    #[test]
    fn a_token_is_one_line() {
        use secrecy::ExposeSecret;
        assert_eq!(authorization("Basic abc=", "x").unwrap().expose_secret(), "Basic abc=");
        for (text, says) in [("CANARY\r\nX: y", "a line break"), ("CANARY\u{e9}", "no place")] {
            let error = authorization(text, "the file t").unwrap_err().to_string();
            assert!(
                error.contains(says) && error.contains("the file t") && !error.contains("CANARY"),
                "{error}"
            );
        }
    }
}
