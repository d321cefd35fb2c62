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

/// The value may hold a password: it is not repeated.
fn named(variable: &str, proxy: reqwest::Result<Proxy>) -> Result<Proxy, HttpError> {
    proxy.map_err(|_| HttpError::NoClient(format!("{variable} (or ALL_PROXY) is no URL of a proxy")))
}
