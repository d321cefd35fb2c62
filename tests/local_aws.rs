//! The local AWS by itself: it refuses what the real one refuses, goes wrong as it is told to, and ends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::unchecked_time_subtraction,
    reason = "a test is its own host, and may fail loudly"
)]

use std::time::Duration;

use aws_credential_chain::testing::{Fault, LocalAws, Route};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends text and reads until the other side closes, or falls silent for a minute.
async fn say(aws: &LocalAws, text: &str) -> String {
    let mut stream = TcpStream::connect(aws.endpoint().trim_start_matches("http://")).await.unwrap();
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// One request with `Connection: close`: the status and the body.
async fn ask(aws: &LocalAws, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat();
    let answer =
        say(aws, &format!("{method} {path} HTTP/1.1\r\nhost: x\r\n{headers}connection: close\r\n\r\n")).await;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    (status, body)
}

async fn token(aws: &LocalAws) -> String {
    let (status, token) = ask(aws, "PUT", "/latest/api/token", &[(TTL, "21600")]).await;
    assert_eq!(status, 200);
    token
}

/// Looks at an answer.
type IsRight<'a> = &'a dyn Fn(&str) -> bool;

const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "X-aws-ec2-metadata-token";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const EXTENDED: &str = "/latest/meta-data/iam/security-credentials-extended/";

#[tokio::test(start_paused = true)]
async fn a_token_is_given_for_one_second_to_six_hours() {
    let aws = LocalAws::start().await.unwrap();
    for (ttl, expected) in
        [("1", 200), ("21600", 200), ("0", 400), ("21601", 400), ("-1", 400), ("soon", 400)]
    {
        assert_eq!(ask(&aws, "PUT", "/latest/api/token", &[(TTL, ttl)]).await.0, expected, "{ttl}");
    }
    assert_eq!(ask(&aws, "PUT", "/latest/api/token", &[]).await.0, 400);
    assert_eq!(ask(&aws, "GET", "/latest/api/token", &[(TTL, "60")]).await.0, 405);
    let forwarded = [(TTL, "60"), ("X-Forwarded-For", "10.0.0.1")];
    assert_eq!(ask(&aws, "PUT", "/latest/api/token", &forwarded).await.0, 403);
    aws.metadata().enabled(false);
    assert_eq!(ask(&aws, "PUT", "/latest/api/token", &[(TTL, "60")]).await.0, 403);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_without_a_token_that_is_good() {
    let aws = LocalAws::start().await.unwrap();
    assert_eq!(ask(&aws, "GET", ROLES, &[]).await.0, 401);
    assert_eq!(ask(&aws, "GET", ROLES, &[(TOKEN, "made up")]).await.0, 401);
    let (_, short) = ask(&aws, "PUT", "/latest/api/token", &[(TTL, "5")]).await;
    assert_eq!(ask(&aws, "GET", ROLES, &[(TOKEN, &short)]).await, (200, "local-role".to_owned()));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(ask(&aws, "GET", ROLES, &[(TOKEN, &short)]).await.0, 401);
    let good = token(&aws).await;
    assert_eq!(ask(&aws, "POST", ROLES, &[(TOKEN, &good)]).await.0, 405);
    assert_eq!(ask(&aws, "GET", &format!("{ROLES}another"), &[(TOKEN, &good)]).await.0, 404);
    assert_eq!(ask(&aws, "GET", "/latest/meta-data/nothing", &[(TOKEN, &good)]).await.0, 404);
    assert_eq!(
        ask(&aws, "GET", "/latest/meta-data/placement/region", &[(TOKEN, &good)]).await.1,
        "eu-central-1"
    );
}

#[tokio::test(start_paused = true)]
async fn the_account_is_told_on_the_extended_path_alone() {
    let aws = LocalAws::start().await.unwrap();
    let good = token(&aws).await;
    let (_, legacy) = ask(&aws, "GET", &format!("{ROLES}local-role"), &[(TOKEN, &good)]).await;
    let (_, extended) = ask(&aws, "GET", &format!("{EXTENDED}local-role"), &[(TOKEN, &good)]).await;
    let [legacy, extended] =
        [legacy, extended].map(|text| serde_json::from_str::<serde_json::Value>(&text).unwrap());
    assert!(legacy.get("AccountId").is_none());
    assert_eq!(extended["AccountId"], "123456789012");
    assert_eq!(extended["Code"], "Success");
    let told = [&legacy, &extended].map(|document| document["AccessKeyId"].as_str().unwrap().to_owned());
    assert_eq!(aws.metadata().issued(), told);
    aws.metadata().without_extended_path();
    assert_eq!(ask(&aws, "GET", EXTENDED, &[(TOKEN, &good)]).await.0, 404);
    assert_eq!(ask(&aws, "GET", ROLES, &[(TOKEN, &good)]).await.0, 200);
    aws.metadata().no_role();
    assert_eq!(ask(&aws, "GET", ROLES, &[(TOKEN, &good)]).await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn credentials_are_repeated_until_the_next_ones_are_due() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().credentials_lifetime(Duration::from_secs(3600)).repeat_until(Duration::from_secs(300));
    let good = token(&aws).await;
    for (minutes, issued) in [(0, 1), (30, 1), (24, 1), (2, 2)] {
        tokio::time::sleep(Duration::from_secs(minutes * 60)).await;
        ask(&aws, "GET", &format!("{ROLES}local-role"), &[(TOKEN, &good)]).await;
        assert_eq!(aws.metadata().issued().len(), issued);
    }
}

#[tokio::test(start_paused = true)]
async fn faults_are_used_up_in_order_and_taken_back() {
    let aws = LocalAws::start().await.unwrap();
    aws.fault(Route::MetadataToken, Fault::status(500).times(2));
    aws.fault(Route::MetadataToken, Fault::status(429).retry_after(Duration::from_secs(7)));
    aws.fault(Route::MetadataToken, Fault::status(503).forever());
    let ask = || ask(&aws, "PUT", "/latest/api/token", &[(TTL, "60")]);
    for expected in [500, 500, 429, 503, 503, 503] {
        assert_eq!(ask().await.0, expected);
    }
    aws.clear_faults();
    assert_eq!(ask().await.0, 200);
    assert_eq!(aws.count(Route::MetadataToken), 7);
}

#[tokio::test(start_paused = true)]
async fn each_fault_does_what_it_says() {
    let aws = LocalAws::start().await.unwrap();
    let put = format!("PUT /latest/api/token HTTP/1.1\r\n{TTL}: 60\r\nconnection: close\r\n\r\n");
    let cases: [(Fault, IsRight<'_>); 12] = [
        (Fault::status(418), &|answer| answer.starts_with("HTTP/1.1 418 ")),
        (Fault::status(503).retry_after(Duration::from_secs(9)), &|answer| {
            answer.contains("retry-after: 9\r\n")
        }),
        (Fault::delay(Duration::from_secs(30)), &|answer| answer.starts_with("HTTP/1.1 200 ")),
        (Fault::hang(), &str::is_empty),
        (Fault::drip(), &|answer| answer.starts_with("HTTP/1.1 200 ") && answer.len() <= 61),
        (Fault::status(418).header("X-Mine", "yes"), &|answer| answer.contains("\r\nX-Mine: yes\r\n")),
        (Fault::reset(), &str::is_empty),
        (Fault::garbage(), &|answer| !answer.is_empty() && !answer.starts_with("HTTP")),
        (Fault::truncated(), &|answer| {
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            head.contains("content-length: 56") && body.len() == 46
        }),
        (Fault::oversized(), &|answer| answer.len() > 1024 * 1024),
        (Fault::redirect("http://x/"), &|answer| {
            answer.contains(" 302 ") && answer.contains("location: http://x/\r\n")
        }),
        (Fault::without_header(TTL), &|answer| answer.contains(" 200 ") && !answer.contains("ttl-seconds")),
    ];
    for (fault, is_right) in cases {
        let shown = format!("{fault:?}");
        aws.fault(Route::MetadataToken, fault);
        let answer = say(&aws, &put).await;
        assert!(is_right(&answer), "{shown}: {answer:.200}");
    }
    aws.fault(Route::MetadataToken, Fault::body("mine"));
    assert!(say(&aws, &put).await.ends_with("\r\n\r\nmine"));
}

#[tokio::test(start_paused = true)]
async fn the_log_tells_what_was_asked_and_no_secret() {
    let aws = LocalAws::start().await.unwrap();
    let good = token(&aws).await;
    ask(&aws, "GET", &format!("{ROLES}local-role?x=y"), &[(TOKEN, &good)]).await;
    let log = aws.requests();
    assert_eq!(log.len(), 2);
    assert_eq!(
        (log[1].method(), log[1].path(), log[1].status()),
        ("GET", "/latest/meta-data/iam/security-credentials/local-role", Some(200))
    );
    assert_eq!(log[1].header_names(), ["host", "x-aws-ec2-metadata-token", "connection"]);
    assert_eq!(log[1].at(), aws.clock().now());
    let shown = format!("{log:?} {aws:?} {:?} {:?}", aws.metadata(), aws.world());
    assert_eq!(aws.secrets().len(), 3);
    assert!(aws.secrets().iter().all(|secret| !shown.contains(secret)));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_http_or_too_large_ends_the_connection_and_nothing_else() {
    let aws = LocalAws::start().await.unwrap();
    for text in [
        "\u{0}\u{1}\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(20_000)),
        "PUT / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n".to_owned(),
        "PUT / HTTP/1.1\r\ncontent-length: 2000000\r\n\r\n".to_owned(),
    ] {
        assert_eq!(say(&aws, &text).await, "", "{text:.40}");
    }
    let pipelined = "GET /a HTTP/1.1\r\n\r\nPUT /b HTTP/1.1\r\ncontent-length: 3\r\n\r\nabcGET /c HTTP/1.1\r\nconnection: close\r\n\r\n";
    assert_eq!(say(&aws, pipelined).await.matches("HTTP/1.1 404").count(), 3);
    token(&aws).await;
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_its_last_handle_and_takes_hanging_connections_along() {
    let aws = LocalAws::start().await.unwrap();
    let address = aws.endpoint().trim_start_matches("http://").to_owned();
    aws.fault(Route::Unknown, Fault::hang());
    let mut hanging = TcpStream::connect(&address).await.unwrap();
    hanging.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    while aws.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    let clone = aws.clone();
    drop(aws);
    TcpStream::connect(&address).await.unwrap();
    drop(clone);
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(1), hanging.read_to_end(&mut rest)).await;
    assert!(ended.is_ok() && rest.is_empty());
    assert!(TcpStream::connect(&address).await.is_err());
}
