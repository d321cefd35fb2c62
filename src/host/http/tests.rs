//! The two clients against servers of their own: TLS, proxies, redirects, limits.
#![allow(clippy::unwrap_used, clippy::unchecked_time_subtraction, reason = "tests")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::testing::World;

/// What a server was asked: the first line of each request.
type Asked = Arc<Mutex<Vec<String>>>;

/// Answers one request with these bytes, and notes its first line.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, with: &str, asked: &Asked) {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut chunk = [0; 1024];
        match stream.read(&mut chunk).await {
            Ok(read @ 1..) => head.extend_from_slice(&chunk[..read]),
            _ => return,
        }
    }
    let first = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    asked.lock().unwrap().push(first);
    let _ = stream.write_all(with.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn plain_server(with: &'static str) -> (SocketAddr, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            tokio::spawn(async move { answer(stream, with, &log).await });
        }
    });
    (at, asked)
}

/// A server for `localhost`, and the certificate to trust it by.
async fn tls_server(with: &'static str) -> (SocketAddr, Asked, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, log) = (acceptor.clone(), Arc::clone(&log));
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    answer(stream, with, &log).await;
                }
            });
        }
    });
    (at, asked, made.cert.pem())
}

fn get(url: &str) -> Outgoing<'_> {
    Outgoing::get(url, &[])
}

fn link_local() -> LinkLocal {
    LinkLocal::new(LIMITS)
}

async fn public(world: &World, request: Outgoing<'_>) -> Result<Answer, HttpError> {
    let host = world.host();
    host.public.send(&host, None, request, Connection::Closed).await
}

const LIMITS: Limits = Limits { connect: Duration::from_secs(1), answer: Duration::from_secs(1) };
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood";
const YESTERDAY: &str =
    "HTTP/1.1 200 OK\r\ndate: Sun, 22 Nov 2026 12:00:00 GMT\r\ncontent-length: 4\r\n\r\ngood";
const FOUND: &str =
    "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/elsewhere\r\ncontent-length: 0\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn the_bundle_of_the_environment_is_trusted_and_nothing_beside_it() {
    let (at, asked, pem) = tls_server(OK).await;
    let url = format!("https://localhost:{}/", at.port());
    let world = World::new().file("/bundle.pem", pem).env("AWS_CA_BUNDLE", "/bundle.pem");
    let answer = public(&world, get(&url)).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"good".as_slice()));

    let (_, _, other) = tls_server(OK).await;
    let world = World::new().file("/bundle.pem", other).env("AWS_CA_BUNDLE", "/bundle.pem");
    let error = public(&world, get(&url)).await.unwrap_err();
    assert!(matches!(&error, HttpError::Refused(why) if why.contains("certificate")), "{error}");
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn others_than_aws_are_asked_in_the_same_way_and_teach_nobody_the_time() {
    let (at, asked, pem) = tls_server(YESTERDAY).await;
    let url = format!("https://localhost:{}/", at.port());
    let world = World::new().file("/bundle.pem", pem).env("AWS_CA_BUNDLE", "/bundle.pem");
    let host = world.host();
    let answer = host.public.send_elsewhere(&host, get(&url), Duration::from_secs(1)).await.unwrap();
    assert_eq!((answer.status, asked.lock().unwrap().len()), (200, 1));
    assert_eq!(std::time::SystemTime::from(host.clock.now()), world.clock().now());
    // AWS does.
    public(&world, get(&url)).await.unwrap();
    assert_ne!(std::time::SystemTime::from(host.clock.now()), world.clock().now());
}

#[tokio::test(start_paused = true)]
async fn without_a_bundle_the_system_decides_and_does_not_know_our_server() {
    let (at, _, _) = tls_server(OK).await;
    let url = format!("https://localhost:{}/", at.port());
    let error = public(&World::new(), get(&url)).await.unwrap_err();
    assert!(matches!(error, HttpError::Refused(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_bundle_that_cannot_be_used_is_named_and_read_again_next_time() {
    let (at, _, pem) = tls_server(OK).await;
    let url = format!("https://localhost:{}/", at.port());
    let world = World::new().env("AWS_CA_BUNDLE", "/bundle.pem");
    let error = public(&world, get(&url)).await.unwrap_err().to_string();
    assert!(error.contains("AWS_CA_BUNDLE=/bundle.pem: does not exist"), "{error}");
    let world = world.file("/bundle.pem", "no certificate");
    let error = public(&world, get(&url)).await.unwrap_err().to_string();
    assert!(error.contains("holds no certificate"), "{error}");
    let world = world.file("/bundle.pem", pem);
    assert_eq!(public(&world, get(&url)).await.unwrap().status, 200);
}

#[tokio::test(start_paused = true)]
async fn the_public_client_uses_the_proxy_of_the_environment_and_the_link_local_one_never() {
    let (proxy, asked_of_proxy) = plain_server("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
    let (target, asked_of_target) = plain_server(OK).await;
    let proxy = format!("http://127.0.0.1:{}", proxy.port());
    let world = World::new().env("HTTPS_PROXY", &proxy).env("HTTP_PROXY", &proxy);
    let url = format!("http://127.0.0.1:{}/x", target.port());

    assert_eq!(public(&world, get(&url)).await.unwrap().status, 403);
    public(&world, get("https://sts.example:443/")).await.unwrap_err();
    let seen = asked_of_proxy.lock().unwrap().clone();
    assert_eq!(seen, [format!("GET {url} HTTP/1.1"), "CONNECT sts.example:443 HTTP/1.1".to_owned()]);
    assert!(asked_of_target.lock().unwrap().is_empty());

    assert_eq!(link_local().send(get(&url)).await.unwrap().status, 200);
    let excepted = World::new().env("HTTP_PROXY", &proxy).env("NO_PROXY", "127.0.0.1");
    assert_eq!(public(&excepted, get(&url)).await.unwrap().status, 200);
    assert_eq!(asked_of_proxy.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_is_no_url_is_named_and_not_repeated() {
    let world = World::new().env("https_proxy", "::CANARY::");
    let error = public(&world, get("https://sts.example/")).await.unwrap_err().to_string();
    assert!(error.contains("HTTPS_PROXY") && !error.contains("CANARY"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn no_client_follows_redirects_whatever_a_user_adjusts() {
    let (at, _) = plain_server(FOUND).await;
    let url = format!("http://127.0.0.1:{}/", at.port());
    let adjusted = Public::adjusted(|builder| builder.redirect(Policy::limited(5)));
    assert_eq!(
        adjusted.send(&World::new().host(), None, get(&url), Connection::Closed).await.unwrap().status,
        302
    );
    assert_eq!(link_local().send(get(&url)).await.unwrap().status, 302);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_is_an_error() {
    let evil =
        [(reqwest::header::HeaderName::from_static("x"), secrecy::SecretString::from("a\r\nb: CANARY"))];
    let error = link_local().send(Outgoing::get("http://127.0.0.1:1/", &evil)).await.unwrap_err();
    assert!(matches!(error, HttpError::Unsendable(_)), "{error}");
    assert!(matches!(link_local().send(get("nonsense")).await.unwrap_err(), HttpError::Unsendable(_)));
}

#[test]
fn without_a_runtime_it_is_an_error_and_no_panic() {
    let client = link_local();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = std::pin::pin!(client.send(get("http://127.0.0.1:1/"))).poll(&mut context);
    assert!(matches!(polled, std::task::Poll::Ready(Err(HttpError::NoRuntime))), "{polled:?}");
}
