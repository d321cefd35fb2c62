//! The server for other programs: requests over TCP in, credentials or a JSON error out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use aws_credential_chain::interop::CredentialsServer;
use aws_credential_chain::providers::{Anonymous, StaticKeys};
use aws_credential_chain::testing::{Clock, Fault, LocalAws, Route, World};
use aws_credential_chain::{
    Credentials, CredentialsCache, CredentialsProvider, DefaultChain, Error, Failure, FailureKind,
    SourceKind, provider_fn,
};
use secrecy::ExposeSecret;
use support::example::{example, run, stderr};
use support::seen::Seen;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer over the wire.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    json: serde_json::Value,
}

async fn send(at: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("{answer:?} to {:?}", &request[..request.len().min(60)]));
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_ascii_lowercase(),
        json: serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body:?}")),
    }
}

async fn ask(server: &CredentialsServer) -> Answer {
    let token = server.authorization_token().expose_secret();
    send(server.address(), &format!("GET /credentials HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n"))
        .await
}

/// A server in front of this provider, in this world.
async fn serve(world: &World, provider: impl CredentialsProvider) -> CredentialsServer {
    CredentialsServer::start(CredentialsCache::builder(provider).in_world(world).build()).await.unwrap()
}

fn failing(error: Error) -> impl CredentialsProvider {
    provider_fn(move || std::future::ready(Err::<Credentials, _>(error.clone())))
}

#[tokio::test(start_paused = true)]
async fn another_program_needs_the_two_variables_and_nothing_else() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().role("web");
    let world = aws.world();
    let server = serve(&world, DefaultChain::in_world(&world)).await;
    let mut client = World::new();
    for (name, value) in server.variables() {
        client = client.env(name, value);
    }
    let theirs = CredentialsCache::builder(DefaultChain::in_world(&client)).in_world(&client).build();
    let credentials = theirs.credentials().await.unwrap();
    assert_eq!(credentials.source().kind(), SourceKind::Container);
    let ours = aws.sts().session(credentials.access_key_id()).unwrap();
    assert_eq!(credentials.expiry(), Some(ours.expiry()));
    assert_eq!(credentials.account_id(), Some(ours.account_id()));
    assert_eq!(aws.count(Route::MetadataCredentials), 1);
    theirs.renew().await.unwrap();
    assert_eq!(aws.count(Route::MetadataCredentials), 1, "the server answers out of its cache");
    seen.also(format!("{server:?} {credentials:?}"));
    let token = server.authorization_token().expose_secret().to_owned();
    assert_eq!(token.len(), 64);
    seen.assert_none_of(aws.secrets().into_iter().chain([token]));
}

#[tokio::test(start_paused = true)]
async fn strangers_learn_nothing() {
    let world = World::new();
    let server = serve(&world, StaticKeys::new("AKIAIOSFODNN7EXAMPLE", "CANARY-secret", None).unwrap()).await;
    let other = serve(&world, StaticKeys::new("AKIAIOSFODNN7EXAMPLE", "CANARY-secret", None).unwrap()).await;
    let token = server.authorization_token().expose_secret();
    let cut = &token[..63];
    let foreign = other.authorization_token().expose_secret();
    assert_ne!(token, foreign);
    for headers in [
        String::new(),
        "Authorization: \r\n".to_owned(),
        format!("Authorization: {cut}\r\n"),
        format!("Authorization: {token}0\r\n"),
        format!("Authorization: Bearer {token}\r\n"),
        format!("Authorization: {foreign}\r\n"),
        format!("Authorization: {foreign}\r\nAuthorization: {token}\r\n"),
        format!("Authorization: {token}\r\nAuthorization: {foreign}\r\n"),
        format!("X-Authorization: {token}\r\n"),
    ] {
        // With the path and the method wrong, too: the token comes first.
        for line in ["GET /credentials", "POST /other"] {
            let request = format!("{line} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
            let answer = send(server.address(), &request).await;
            assert_eq!((answer.status, &answer.json["code"]), (403, &"AccessDeniedException".into()));
            assert!(!answer.json.to_string().contains("CANARY"), "{answer:?}");
        }
    }
    assert_eq!(ask(&server).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn only_one_path_and_one_method_are_served() {
    let server = serve(&World::new(), StaticKeys::new("AKIAIOSFODNN7EXAMPLE", "s", None).unwrap()).await;
    let token = server.authorization_token().expose_secret();
    for (line, status, code) in [
        ("GET /", 404, "NotFoundException"),
        ("GET /credentials/", 404, "NotFoundException"),
        ("GET /latest/meta-data/iam/security-credentials/", 404, "NotFoundException"),
        ("POST /credentials", 405, "MethodNotAllowedException"),
        ("GET /credentials?x=1", 200, ""),
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n");
        let answer = send(server.address(), &request).await;
        assert_eq!(
            (answer.status, answer.json["code"].as_str().unwrap_or_default()),
            (status, code),
            "{line}"
        );
        assert!(answer.head.contains("content-type: application/json"), "{answer:?}");
        assert!(answer.head.contains("cache-control: no-store"), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn sdks_find_an_expiration_and_a_token_in_each_answer() {
    let world = World::new();
    let now = world.clock().now();
    let server = serve(&world, StaticKeys::new("AKIAIOSFODNN7EXAMPLE", "s", None).unwrap()).await;
    let answer = ask(&server).await;
    assert_eq!(answer.json["Token"], "");
    assert_eq!(answer.json["Expiration"], text(now + Duration::from_secs(3600)));
    assert!(answer.json.get("AccountId").is_none());
    assert_eq!(ask(&serve(&world, Anonymous).await).await.status, 500);
}

/// As the documents write times.
fn text(at: SystemTime) -> String {
    let at = time::OffsetDateTime::from(at).replace_nanosecond(0).unwrap();
    at.format(&time::format_description::well_known::Rfc3339).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_served_past_its_expiry_looks_good_for_ten_minutes() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().role("web").credentials_lifetime(Duration::from_secs(3600));
    let world = aws.world();
    let server = serve(&world, DefaultChain::in_world(&world)).await;
    let first = ask(&server).await;
    for route in [Route::MetadataToken, Route::MetadataRoles, Route::MetadataCredentials] {
        aws.fault(route, Fault::status(500).forever());
    }
    aws.clock().turn(Duration::from_secs(2 * 3600));
    let stale = ask(&server).await;
    assert_eq!(stale.status, 200, "{stale:?}");
    assert_eq!(stale.json["AccessKeyId"], first.json["AccessKeyId"]);
    let shown = stale.json["Expiration"].as_str().unwrap().to_owned();
    let now = aws.clock().now();
    let window = [text(now + Duration::from_secs(590)), text(now + Duration::from_secs(600))];
    assert!(window[0] <= shown && shown <= window[1], "{shown} {window:?}");
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_is_a_json_error_in_time() {
    let world = World::new();
    let outage = Failure::new(FailureKind::Unavailable, "sts", "answered 500");
    for (provider, status, code, part) in [
        (
            failing(Error::not_configured("environment", "AWS_ACCESS_KEY_ID is not set")),
            500,
            "CredentialsNotConfiguredException",
            "AWS_ACCESS_KEY_ID is not set",
        ),
        (failing(outage.into()), 503, "ServiceUnavailableException", "answered 500"),
        (
            failing(
                Failure::new(FailureKind::Misconfigured, "profile file", "config:3: no such profile").into(),
            ),
            500,
            "CredentialsUnavailableException",
            "config:3",
        ),
    ] {
        let server = serve(&world, provider).await;
        let answer = ask(&server).await;
        assert_eq!((answer.status, &answer.json["code"]), (status, &code.into()), "{answer:?}");
        assert!(answer.json["message"].as_str().unwrap().contains(part), "{answer:?}");
        assert_eq!(answer.head.contains("retry-after: 1"), status == 503, "{answer:?}");
    }
    let server = serve(&world, provider_fn(std::future::pending::<Result<Credentials, Error>>)).await;
    let asked = tokio::time::Instant::now();
    let answer = ask(&server).await;
    assert_eq!((answer.status, &answer.json["code"]), (504, &"RequestTimeoutException".into()));
    assert!(asked.elapsed() <= Duration::from_secs(10), "{:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn clients_that_say_nothing_keep_nobody_out_for_long() {
    let server = serve(&World::new(), StaticKeys::new("AKIAIOSFODNN7EXAMPLE", "s", None).unwrap()).await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(TcpStream::connect(server.address()).await.unwrap());
    }
    let asked = tokio::time::Instant::now();
    assert_eq!(ask(&server).await.status, 200);
    assert!(asked.elapsed() <= Duration::from_secs(8), "{:?}", asked.elapsed());
    let mut rest = Vec::new();
    silent[0].read_to_end(&mut rest).await.unwrap();
}

/// In real time: while the system carries hundreds of connections, a clock that jumps ahead whenever nothing can be done
/// would.
#[tokio::test]
async fn many_clients_are_all_answered_in_time_while_there_is_nothing_to_give() {
    let world = World::with_clock(Clock::starting_now());
    let server = serve(&world, provider_fn(std::future::pending::<Result<Credentials, Error>>)).await;
    let token = server.authorization_token().expose_secret();
    let request = format!("GET /credentials HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n");
    let asked = tokio::time::Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..600 {
        let (at, request) = (server.address(), request.clone());
        clients.spawn(async move {
            let answer = send(at, &request).await;
            (answer.status, answer.json["code"].clone(), answer.head.contains("retry-after: 1"))
        });
    }
    let answers = clients.join_all().await;
    let waited = (504, "RequestTimeoutException".into(), false);
    let sent_away = (503, "ServiceUnavailableException".into(), true);
    let counts = [&waited, &sent_away].map(|answer| answers.iter().filter(|other| *other == answer).count());
    assert!(counts[0] >= 100 && counts.iter().sum::<usize>() == 600, "{counts:?} {answers:?}");
    // Nine seconds, and whatever a busy machine adds; two rounds would be eighteen.
    assert!(asked.elapsed() < Duration::from_secs(17), "{:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_request_is_a_json_error_too() {
    let server = serve(&World::new(), StaticKeys::new("AKIAIOSFODNN7EXAMPLE", "s", None).unwrap()).await;
    let token = server.authorization_token().expose_secret();
    let long = "x".repeat(20_000);
    let many = "X: x\r\n".repeat(200);
    for (request, status) in [
        (format!("GET /credentials HTTP/1.1\r\nAuthorization: {token}\r\nX: {long}\r\n\r\n"), 431),
        (format!("GET /credentials HTTP/1.1\r\nAuthorization: {token}\r\n{many}\r\n"), 431),
        (format!("GET /{long} HTTP/1.1\r\nAuthorization: {token}\r\n\r\n"), 431),
        (format!("GET /credentials HTTP/1.1\r\nAuthorization {token}\r\n\r\n"), 400),
        ("\u{16}\u{3}\u{1} a hello of TLS\r\n\r\n".to_owned(), 400),
        ("GET /credentials HTTP/9.9\r\n\r\n".to_owned(), 400),
    ] {
        let answer = send(server.address(), &request).await;
        let code = &answer.json["code"];
        assert_eq!((answer.status, code), (status, &"BadRequestException".into()), "{answer:?}");
        assert!(answer.json["message"].as_str().unwrap().contains("HTTP/1.1"), "{answer:?}");
        assert!(answer.head.contains("content-type: application/json"), "{answer:?}");
        assert!(answer.head.contains("connection: close"), "{answer:?}");
    }
    assert_eq!(ask(&server).await.status, 200);
}

/// In real time: the system takes some to tell that nobody reads any more.
#[tokio::test]
async fn what_is_no_request_does_not_keep_its_place() {
    let server = serve(&World::new(), StaticKeys::new("AKIAIOSFODNN7EXAMPLE", "s", None).unwrap()).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"nonsense\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let answered = tokio::time::Instant::now();
    while stream.write_all(b"x").await.is_ok() {
        assert!(answered.elapsed() < Duration::from_secs(8), "somebody still reads");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A page in a browser that has its own name point here knows everything but the token; and no other page may read.
#[tokio::test(start_paused = true)]
async fn a_browser_gets_nothing() {
    let server = serve(&World::new(), StaticKeys::new("AKIAIOSFODNN7EXAMPLE", "s", None).unwrap()).await;
    for request in [
        "GET /credentials HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n\r\n",
        "OPTIONS /credentials HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n\
         Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: authorization\r\n\r\n",
    ] {
        let answer = send(server.address(), request).await;
        assert_eq!(answer.status, 403);
        assert!(!answer.head.contains("access-control-"), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_without_end_is_cut_off() {
    let server = serve(&World::new(), StaticKeys::new("AKIAIOSFODNN7EXAMPLE", "s", None).unwrap()).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"GET /credentials HTTP/1.1\r\n").await.unwrap();
    let line = format!("X: {}\r\n", "x".repeat(1000));
    let mut sent = 0;
    while stream.write_all(line.as_bytes()).await.is_ok() && sent < 10_000_000 {
        sent += line.len();
    }
    assert!(sent < 10_000_000, "somebody reads all of it");
    assert_eq!(ask(&server).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn only_loopback_and_only_while_the_handle_lives() {
    let cache = CredentialsCache::new(Anonymous);
    for at in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        let error = CredentialsServer::start_at(cache.clone(), at.parse().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert!(error.to_string().starts_with(at), "{error}");
    }
    let server = CredentialsServer::start(cache.clone()).await.unwrap();
    let at = server.address();
    assert!(cache.status().kept_fresh);
    drop(server);
    support::outcome::settle().await;
    assert!(TcpStream::connect(at).await.is_err());
    assert!(!cache.status().kept_fresh);
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let first = CredentialsServer::start(CredentialsCache::new(Anonymous)).await.unwrap();
    let at = first.address();
    let error = CredentialsServer::start_at(CredentialsCache::new(Anonymous), at).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&format!("cannot listen at {at}: ")), "{error}");
}

#[tokio::test]
async fn it_serves_on_ipv6_as_well() {
    let keys = StaticKeys::new("AKIAIOSFODNN7EXAMPLE", "CANARY-secret", None).unwrap();
    let at = "[::1]:0".parse().unwrap();
    let server = CredentialsServer::start_at(CredentialsCache::new(keys), at).await.unwrap();
    assert!(server.uri().starts_with("http://[::1]:"), "{}", server.uri());
    let mut client = World::with_clock(Clock::starting_now());
    for (name, value) in server.variables() {
        client = client.env(name, value);
    }
    let theirs = CredentialsCache::builder(DefaultChain::in_world(&client)).in_world(&client).build();
    assert_eq!(theirs.credentials().await.unwrap().access_key_id(), "AKIAIOSFODNN7EXAMPLE");
}

#[test]
fn the_example_shows_itself() {
    let output = run(&mut Command::new(example("credentials_server")), &[]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(printed.contains("from container") && printed.contains("a stranger hears"), "{printed}");
}

#[cfg(unix)]
#[test]
fn the_example_serves_until_it_is_told_to_end() {
    let mut child = Command::new(example("credentials_server"))
        .args(["--serve", "localhost:0"])
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "CANARY-secret")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = |name: &str| {
        let line = lines.next().unwrap().unwrap();
        line.strip_prefix(name).unwrap_or_else(|| panic!("{name} in front")).to_owned()
    };
    let uri = next("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:");
    let token = next("AWS_CONTAINER_AUTHORIZATION_TOKEN=");
    let port: u16 = uri.strip_suffix("/credentials").unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(send(
        SocketAddr::from(([127, 0, 0, 1], port)),
        &format!("GET /credentials HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n"),
    ));
    assert_eq!(answer.json["AccessKeyId"], "AKIAIOSFODNN7EXAMPLE");
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert!(child.wait().unwrap().success());
    assert!(lines.next().is_none(), "two lines and no more");

    for (arguments, code, part) in [
        (&["--serve", "0.0.0.0:0"][..], 1, "is not an address of loopback"),
        (&["--serve", "garbage"], 2, "usage: credentials_server"),
        (&["--serve", "localhost"], 2, "usage: credentials_server"),
        (&["--serve", "127.0.0.1:0", "more"], 2, "usage: credentials_server"),
        (&["--help"], 2, "usage: credentials_server"),
    ] {
        let output = run(Command::new(example("credentials_server")).args(arguments), &[]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0), "{arguments:?}");
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
}
