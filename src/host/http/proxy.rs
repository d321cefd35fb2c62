//! Proxies for the public client, from the environment as `curl` reads it.
//!
//! reqwest would read the process environment by itself; ours comes through [`Env`], so that a test can give it.

use reqwest::{NoProxy, Proxy};

use crate::host::Env;
use crate::host::http::HttpError;

/// `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY`, minus `NO_PROXY`; each also in lower case, which wins.
pub(super) fn from_env(env: &Env) -> Result<Vec<Proxy>, HttpError> {
    let either = |name: &str| env.get(&name.to_ascii_lowercase()).or_else(|| env.get(name));
    let except = either("NO_PROXY").and_then(|hosts| NoProxy::from_string(&hosts));
    let all = either("ALL_PROXY");
    let mut proxies = Vec::new();
    // A proxy for `http` could be injected into a CGI program by a request header `Proxy:`, hence only in lower case
    // there. https://httpoxy.org
    let cgi = env.get("REQUEST_METHOD").is_some();
    let http = if cgi { env.get("http_proxy") } else { either("HTTP_PROXY") };
    if let Some(url) = either("HTTPS_PROXY").or_else(|| all.clone()) {
        proxies.push(named("HTTPS_PROXY", Proxy::https(url))?.no_proxy(except.clone()));
    }
    if let Some(url) = http.or(all) {
        proxies.push(named("HTTP_PROXY", Proxy::http(url))?.no_proxy(except));
    }
    Ok(proxies)
}

/// The proxies that are set, as they may be shown: with scheme, host and port. In the order of the table above.
pub(crate) fn shown(env: &Env) -> Vec<(String, String)> {
    let mut shown = Vec::new();
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"] {
        let lower = name.to_ascii_lowercase();
        let Some((name, value)) =
            [lower.as_str(), name].into_iter().find_map(|name| Some((name, env.get(name)?)))
        else {
            continue;
        };
        let value = if name.eq_ignore_ascii_case("NO_PROXY") {
            format!("not for {value}")
        } else if name == "HTTP_PROXY" && env.get("REQUEST_METHOD").is_some() {
            "not used: REQUEST_METHOD is set, so that a request may have set it".to_owned()
        } else {
            host_of(&value)
        };
        shown.push((name.to_owned(), value));
    }
    shown
}

/// Without user, password and path.
fn host_of(proxy: &str) -> String {
    // curl takes a name without a scheme for an http proxy, and so does reqwest.
    let url = if proxy.contains("://") { proxy.to_owned() } else { format!("http://{proxy}") };
    let parsed = reqwest::Url::parse(&url).ok();
    match parsed.as_ref().and_then(|url| Some((url.scheme(), url.host_str()?, url.port_or_known_default()))) {
        Some((scheme, host, Some(port))) => format!("{scheme}://{host}:{port}"),
        Some((scheme, host, None)) => format!("{scheme}://{host}"),
        None => "set, and no URL of a proxy".to_owned(),
    }
}

/// The value may hold a password: it is not repeated.
fn named(variable: &str, proxy: reqwest::Result<Proxy>) -> Result<Proxy, HttpError> {
    proxy.map_err(|_| HttpError::NoClient(format!("{variable} (or ALL_PROXY) is no URL of a proxy")))
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn a_proxy_is_shown_without_what_may_be_a_secret() {
        for (value, shown) in [
            ("http://proxy.example:3128", "http://proxy.example:3128"),
            ("http://user:CANARY@proxy.example:3128/CANARY?CANARY#CANARY", "http://proxy.example:3128"),
            ("user:CANARY@proxy.example:3128", "http://proxy.example:3128"),
            ("http://user:CAN@ARY@proxy.example", "http://proxy.example:80"),
            ("socks5://user:CANARY@proxy.example", "socks5://proxy.example"),
            ("proxy.example", "http://proxy.example:80"),
            ("http://CANARY:CANARY:CANARY", "set, and no URL of a proxy"),
            ("CANARY CANARY", "set, and no URL of a proxy"),
        ] {
            assert_eq!(host_of(value), shown);
        }
    }
}
