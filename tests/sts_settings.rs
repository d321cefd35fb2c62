//! Where STS is asked, and by which way: variables and profile keys in, the host that a proxy is asked for out. Nothing
//! leaves this machine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

use std::sync::{Arc, Mutex};

use aws_credential_chain::testing::World;
use aws_credential_chain::{CredentialsProvider, DefaultChain};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A proxy that refuses everything, and remembers what it was asked for.
struct Proxy {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 4096];
                let read = stream.read(&mut head).await.unwrap_or_default();
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                log.lock().unwrap().push(head.split(' ').nth(1).unwrap_or_default().to_owned());
                let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
            }
        });
        Self { url, asked }
    }

    /// What it was asked for first.
    fn first(&self) -> String {
        std::mem::take(&mut *self.asked.lock().unwrap()).into_iter().next().unwrap_or_default()
    }
}

/// Resolves a role whose profile says `keys`, and answers with the error: there is no way to STS.
async fn resolve(variables: &[(&str, &str)], keys: &str) -> String {
    let config =
        format!("[profile a]\nrole_arn=arn:aws:iam::123456789012:role/r\nsource_profile=dev\n{keys}\n");
    let world = World::new()
        .file("~/.aws/config", config)
        .file("~/.aws/credentials", "[dev]\naws_access_key_id=AKIA\naws_secret_access_key=CANARY\n");
    let world = variables.iter().fold(world, |world, (name, value)| world.env(*name, *value));
    DefaultChain::in_world(&world).profile("a").retrieve().await.unwrap_err().to_string()
}

#[tokio::test(start_paused = true)]
async fn variables_and_keys_decide_which_endpoint_of_sts_is_asked() {
    const REGION: (&str, &str) = ("AWS_REGION", "eu-west-1");
    const FIPS: (&str, &str) = ("AWS_USE_FIPS_ENDPOINT", "true");
    const NO_FIPS: (&str, &str) = ("AWS_USE_FIPS_ENDPOINT", "False");
    const DUAL: (&str, &str) = ("AWS_USE_DUALSTACK_ENDPOINT", "TRUE");
    const LEGACY: (&str, &str) = ("AWS_STS_REGIONAL_ENDPOINTS", "legacy");
    const REGIONAL: (&str, &str) = ("AWS_STS_REGIONAL_ENDPOINTS", "Regional");
    let proxy = Proxy::start().await;
    for (variables, keys, host) in [
        (&[][..], "", "sts.us-east-1.amazonaws.com"),
        (&[REGION], "", "sts.eu-west-1.amazonaws.com"),
        (&[("AWS_DEFAULT_REGION", "eu-west-2")], "", "sts.eu-west-2.amazonaws.com"),
        (&[REGION, ("AWS_DEFAULT_REGION", "eu-west-2")], "region=eu-west-3", "sts.eu-west-1.amazonaws.com"),
        (&[], "region=eu-west-3", "sts.eu-west-3.amazonaws.com"),
        (&[REGION, FIPS], "", "sts-fips.eu-west-1.amazonaws.com"),
        (&[REGION, DUAL], "", "sts.eu-west-1.api.aws"),
        (&[REGION, FIPS, DUAL], "", "sts-fips.eu-west-1.api.aws"),
        (&[REGION], "use_fips_endpoint=true", "sts-fips.eu-west-1.amazonaws.com"),
        (&[REGION], "use_dualstack_endpoint=true", "sts.eu-west-1.api.aws"),
        (&[REGION, NO_FIPS], "use_fips_endpoint=true", "sts.eu-west-1.amazonaws.com"),
        (&[REGION, LEGACY], "", "sts.amazonaws.com"),
        (&[REGION], "sts_regional_endpoints=legacy", "sts.amazonaws.com"),
        (&[REGION, REGIONAL], "sts_regional_endpoints=legacy", "sts.eu-west-1.amazonaws.com"),
        (
            &[REGION, ("AWS_ENDPOINT_URL", "https://all.example")],
            "endpoint_url=https://p.example",
            "all.example",
        ),
        (&[REGION], "endpoint_url=https://p.example", "p.example"),
        (
            &[REGION],
            "endpoint_url=https://p.example\nignore_configured_endpoint_urls=true",
            "sts.eu-west-1.amazonaws.com",
        ),
        (
            &[REGION, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")],
            "endpoint_url=https://p.example\nignore_configured_endpoint_urls=true",
            "p.example",
        ),
        (
            &[
                REGION,
                ("AWS_ENDPOINT_URL_STS", "https://x.example"),
                ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
            ],
            "",
            "sts.eu-west-1.amazonaws.com",
        ),
    ] {
        let variables = [variables, &[("HTTPS_PROXY", proxy.url.as_str())]].concat();
        let error = resolve(&variables, keys).await;
        assert_eq!(proxy.first(), format!("{host}:443"), "{variables:?} {keys}: {error}");
        assert!(!error.contains("CANARY"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn proxies_are_those_that_curl_would_take() {
    let (one, other) = (Proxy::start().await, Proxy::start().await);
    let plain = ("AWS_ENDPOINT_URL_STS", "http://sts.example");
    let tls = ("AWS_ENDPOINT_URL_STS", "https://sts.example");
    for (endpoint, names, expected) in [
        (tls, &[("HTTPS_PROXY", &one)][..], Some("sts.example:443")),
        (tls, &[("https_proxy", &one), ("HTTPS_PROXY", &other)], Some("sts.example:443")),
        (tls, &[("ALL_PROXY", &one)], Some("sts.example:443")),
        (tls, &[("all_proxy", &one), ("ALL_PROXY", &other)], Some("sts.example:443")),
        (
            tls,
            &[("HTTPS_PROXY", &one), ("ALL_PROXY", &other), ("HTTP_PROXY", &other)],
            Some("sts.example:443"),
        ),
        (plain, &[("HTTP_PROXY", &one), ("HTTPS_PROXY", &other)], Some("http://sts.example/")),
        (plain, &[("http_proxy", &one), ("HTTP_PROXY", &other)], Some("http://sts.example/")),
        (plain, &[("ALL_PROXY", &one)], Some("http://sts.example/")),
    ] {
        let urls: Vec<_> = names.iter().map(|(name, proxy)| (*name, proxy.url.as_str())).collect();
        resolve(&[&urls[..], &[endpoint]].concat(), "").await;
        assert_eq!(Some(one.first().as_str()).filter(|first| !first.is_empty()), expected, "{urls:?}");
        assert_eq!(other.first(), "", "{urls:?}");
    }
    // In a CGI program `HTTP_PROXY` is what a request's header `Proxy:` says.
    let here = Proxy::start().await;
    let endpoint = ("AWS_ENDPOINT_URL_STS", here.url.as_str());
    let cgi = [endpoint, ("HTTP_PROXY", one.url.as_str()), ("REQUEST_METHOD", "GET")];
    resolve(&cgi, "").await;
    assert_eq!((one.first().as_str(), here.first().as_str()), ("", "/"));
    for name in ["NO_PROXY", "no_proxy"] {
        resolve(&[endpoint, ("HTTP_PROXY", &one.url), (name, "127.0.0.1")], "").await;
        assert_eq!((one.first().as_str(), here.first().as_str()), ("", "/"), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn certificates_are_those_of_the_variable_then_of_the_profile() {
    let error = resolve(&[], "ca_bundle=/nowhere/of-profile.pem").await;
    assert!(
        error.contains("/nowhere/of-profile.pem: does not exist") && error.contains("config:4"),
        "{error}"
    );
    let error =
        resolve(&[("AWS_CA_BUNDLE", "/nowhere/of-variable.pem")], "ca_bundle=/nowhere/of-profile.pem").await;
    assert!(error.contains("AWS_CA_BUNDLE=/nowhere/of-variable.pem: does not exist"), "{error}");
}
