//! Requests and URLs signed with a cache, against the local AWS, whose check of signatures is written on its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::unchecked_time_subtraction,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::pin::Pin;
use std::process::Command;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_credential_chain::interop::{
    Payload, RequestSigner, SendError, SigningMiddleware, client_builder, rejects_credentials,
};
use aws_credential_chain::providers::StaticKeys;
use aws_credential_chain::testing::{Fault, LocalAws, Request, Route};
use aws_credential_chain::{Credentials, CredentialsCache, DefaultChain, FailureKind, Region, provider_fn};
use http_body::Frame;
use reqwest::{Client, Method, Response, Url};
use support::example::{example, run, stderr};
use support::outcome::kind;
use support::seen::Seen;

const FORM: &str = "application/x-www-form-urlencoded";
const WHO_AM_I: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const HOUR: Duration = Duration::from_secs(3600);
/// After which new keys that are rejected are exchanged again.
const A_WHILE: Duration = Duration::from_secs(10);

/// A machine with a role, and a client.
struct Setup {
    aws: LocalAws,
    cache: CredentialsCache,
    client: Client,
}

impl Setup {
    async fn new() -> Self {
        let aws = LocalAws::start().await.unwrap();
        aws.metadata().role("web").credentials_lifetime(HOUR);
        let world = aws.world();
        let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
        Self { aws, cache, client: client_builder().await.unwrap().no_proxy().build().unwrap() }
    }

    fn signer(&self, service: &'static str) -> RequestSigner {
        RequestSigner::new(self.cache.clone(), Region::new("eu-central-1").unwrap(), service)
    }

    fn request(&self, method: Method, target: &str) -> reqwest::Request {
        reqwest::Request::new(method, format!("{}{target}", self.aws.endpoint()).parse().unwrap())
    }

    fn who_am_i(&self) -> reqwest::Request {
        let mut request = self.request(Method::POST, "/");
        request.headers_mut().insert("content-type", FORM.parse().unwrap());
        *request.body_mut() = Some(WHO_AM_I.into());
        request
    }

    /// What arrived last but for the metadata service.
    fn last(&self) -> Request {
        let is_ours = |request: &Request| {
            matches!(request.route(), Route::GetCallerIdentity | Route::Sts | Route::Unknown)
        };
        self.aws.requests().into_iter().rfind(is_ours).unwrap()
    }

    fn keys_of(&self, route: Route) -> Vec<String> {
        let requests = self.aws.requests().into_iter().filter(|request| request.route() == route);
        requests.map(|request| request.signed_by().unwrap_or("nobody").to_owned()).collect()
    }
}

/// Sends a request of the crate `http` as it is.
async fn sent<B: Into<reqwest::Body>>(client: &Client, request: http::Request<B>) -> Response {
    client.execute(reqwest::Request::try_from(request).unwrap()).await.unwrap()
}

/// A body of which nobody knows beforehand what it will bring.
struct Stream(Option<&'static str>);

impl http_body::Body for Stream {
    type Data = &'static [u8];
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<&'static [u8]>, Self::Error>>> {
        Poll::Ready(self.0.take().map(|text| Ok(Frame::data(text.as_bytes()))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_of_either_kind_is_accepted_and_no_secret_is_seen() {
    let (seen, _guard) = Seen::start();
    let setup = Setup::new().await;
    let signer = setup.signer("sts");
    seen.also(format!("{signer:?} {:?}", Payload::Bytes(b"CANARY")));

    let response = signer.send(&setup.client, setup.who_am_i()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.text().await.unwrap().contains("assumed-role/web/"));
    let last = setup.last();
    assert_eq!((last.is_signature_good(), last.signed_region()), (Some(true), Some("eu-central-1")));

    let mut request = http::Request::post(setup.aws.endpoint())
        .header("content-type", FORM)
        .header("x-blanks", "  a   b  ")
        .header("x-twice", "1")
        .header("x-twice", "2")
        .header("connection", "keep-alive")
        .body(WHO_AM_I)
        .unwrap();
    let used = signer.sign(&mut request).await.unwrap();
    seen.also(format!("{request:?}"));
    // An earlier signature is replaced.
    assert_eq!(signer.sign(&mut request).await.unwrap().access_key_id(), used.access_key_id());
    assert_eq!(sent(&setup.client, request).await.status(), 200);
    assert_eq!(setup.last().signed_by(), Some(used.access_key_id()));

    let query = format!("/?{WHO_AM_I}&odd=a+b%2B%26%3D~*%2F%c3%bc()'!;:@$,&empty&odd=");
    let mut request = setup.request(Method::GET, &query);
    signer.sign_reqwest(&mut request).await.unwrap();
    assert!(request.url().query().unwrap().contains("odd=a%20b%2B"), "{}", request.url());
    seen.also(format!("{request:?}"));
    assert_eq!(setup.client.execute(request).await.unwrap().status(), 200);

    // Not what it was signed for.
    let mut request = setup.who_am_i();
    signer.sign_reqwest(&mut request).await.unwrap();
    *request.body_mut() = Some(format!("{WHO_AM_I}&x=1").into());
    assert_eq!(setup.client.execute(request).await.unwrap().status(), 403);
    seen.assert_none_of(setup.aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn paths_and_bodies_of_every_kind_of_service() {
    let setup = Setup::new().await;
    let keys = "/bucket/a%20b/ü(1)+c=d@e'f!*,;:$&~%2Fx//y%C3%BC%25";
    for (service, target, good) in [
        ("s3", keys, Some(true)),
        ("s3", "/bucket/?list-type=2&prefix=a+b%2Fc&delimiter", Some(true)),
        ("execute-api", "/prod/ü/a(b)%20c@d+e?q=ü", Some(true)),
        ("aoss", "/index/_doc/1", Some(true)),
    ] {
        let signer = setup.signer(service);
        for (body, method) in [("", Method::GET), ("{\"ü\":1}\r\n", Method::PUT)] {
            let mut request = setup.request(method, target);
            *request.body_mut() = Some(body.into());
            // Nobody is there; whether the signature is good is noted.
            assert_eq!(signer.send(&setup.client, request).await.unwrap().status(), 404);
            let last = setup.last();
            assert_eq!(last.is_signature_good(), good, "{service} {}", last.path());
            let tells_hash = last.header_names().iter().any(|name| name == "x-amz-content-sha256");
            assert_eq!(tells_hash, service != "execute-api", "{service}");
        }
    }
    // The rules are those of the service: what is signed by S3's is wrong elsewhere, and a byte more is seen.
    let mut request = setup.request(Method::PUT, keys);
    *request.body_mut() = Some("a".into());
    setup.signer("s3").sign_reqwest(&mut request).await.unwrap();
    *request.body_mut() = Some("b".into());
    setup.client.execute(request).await.unwrap();
    assert_eq!(setup.last().is_signature_good(), Some(false));
    let request = http::Request::put(format!("{}/bucket/k", setup.aws.endpoint()));
    let mut request = request.body("whatever").unwrap();
    setup.signer("s3").sign_with_payload(&mut request, Payload::Unsigned).await.unwrap();
    *request.body_mut() = "something else";
    sent(&setup.client, request).await;
    assert_eq!(setup.last().is_signature_good(), Some(true));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_is_refused_and_not_tried_again() {
    let setup = Setup::new().await;
    let (id, _) = setup.aws.sts().user("111111111111", "alice");
    let wrong = CredentialsCache::builder(StaticKeys::new(id, "CANARY-wrong-secret", None).unwrap())
        .in_world(&setup.aws.world())
        .build();
    let signer = RequestSigner::new(wrong, Region::new("eu-central-1").unwrap(), "sts");
    let response = signer.send(&setup.client, setup.who_am_i()).await.unwrap();
    assert_eq!(response.status(), 403);
    assert!(response.text().await.unwrap().contains("SignatureDoesNotMatch"));
    assert_eq!(setup.aws.count(Route::GetCallerIdentity), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_rejected_is_sent_again_with_new_credentials_and_once() {
    for code in ["ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"] {
        let setup = Setup::new().await;
        let signer = setup.signer("sts");
        setup.aws.fault(Route::GetCallerIdentity, Fault::sts_error(code));
        assert_eq!(signer.send(&setup.client, setup.who_am_i()).await.unwrap().status(), 200);
        let keys = setup.keys_of(Route::GetCallerIdentity);
        assert_eq!(keys, setup.aws.metadata().issued(), "{code}");
        assert_eq!(keys.len(), 2);

        // Rejected for good: the answer comes back whole.
        tokio::time::sleep(A_WHILE).await;
        setup.aws.fault(Route::GetCallerIdentity, Fault::sts_error(code).forever());
        let response = signer.send(&setup.client, setup.who_am_i()).await.unwrap();
        assert_eq!(response.url().as_str(), format!("{}/", setup.aws.endpoint()));
        assert!(response.text().await.unwrap().contains(&format!("<Code>{code}</Code>")));
        assert_eq!(setup.aws.count(Route::GetCallerIdentity), 4);
    }
    // Of everything else the credentials are not to blame.
    for fault in [Fault::sts_error("AccessDenied"), Fault::status(500), Fault::status(403)] {
        let setup = Setup::new().await;
        setup.aws.fault(Route::GetCallerIdentity, fault);
        setup.signer("sts").send(&setup.client, setup.who_am_i()).await.unwrap();
        assert_eq!((setup.aws.count(Route::GetCallerIdentity), setup.aws.metadata().issued().len()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_rejects_every_key_does_not_have_the_source_asked_for_each_request() {
    let setup = Setup::new().await;
    let signer = setup.signer("sts");
    setup.aws.fault(Route::GetCallerIdentity, Fault::sts_error("InvalidClientTokenId").forever());
    for _ in 0..10 {
        // A signer for each request is a clone.
        assert_eq!(signer.clone().send(&setup.client, setup.who_am_i()).await.unwrap().status(), 403);
    }
    assert_eq!(setup.aws.metadata().issued().len(), 2);
    assert_eq!(setup.aws.count(Route::GetCallerIdentity), 11);

    let client = reqwest_middleware::ClientBuilder::new(setup.client.clone())
        .with(SigningMiddleware::new(signer, |_| true))
        .build();
    client.execute(setup.who_am_i()).await.unwrap();
    assert_eq!(setup.aws.metadata().issued().len(), 2);
    tokio::time::sleep(A_WHILE).await;
    client.execute(setup.who_am_i()).await.unwrap();
    assert_eq!(setup.aws.metadata().issued().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_a_url_would_shorten_is_refused_and_not_another() {
    let setup = Setup::new().await;
    for target in ["/bucket/theirs/..%2Fmine", "/bucket/.%2Fmine", "/bucket/..%2F..%2Fother/mine"] {
        let request = setup.request(Method::DELETE, target);
        let error = setup.signer("s3").send(&setup.client, request).await.unwrap_err();
        assert!(matches!(error, SendError::NotSigned(_)), "{error}");
        assert!(error.to_string().contains("`.` or `..`"), "{error}");
    }
    assert_eq!(setup.aws.count(Route::Unknown), 0);
    // Elsewhere nothing is decoded.
    setup.signer("execute-api").send(&setup.client, setup.request(Method::GET, "/a/..%2Fb")).await.unwrap();
    assert_eq!((setup.last().path(), setup.last().is_signature_good()), ("/a/..%2Fb", Some(true)));
}

#[tokio::test(start_paused = true)]
async fn without_new_credentials_the_rejection_comes_back_to_be_read() {
    let setup = Setup::new().await;
    let signer = setup.signer("sts");
    signer.send(&setup.client, setup.who_am_i()).await.unwrap();
    setup.aws.fault(Route::GetCallerIdentity, Fault::sts_error("ExpiredToken"));
    setup.aws.fault(Route::MetadataCredentials, Fault::status(500).forever());
    let response = signer.send(&setup.client, setup.who_am_i()).await.unwrap();
    assert_eq!((response.status().as_u16(), setup.aws.count(Route::GetCallerIdentity)), (403, 2));
    let headers = response.headers().clone();
    let body = response.bytes().await.unwrap();
    assert!(rejects_credentials(&headers, &body));
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_refused_or_not_covered_and_never_sent_again() {
    let setup = Setup::new().await;
    let stream = |target: &str| {
        let mut request = setup.request(Method::POST, target);
        request.headers_mut().insert("content-type", FORM.parse().unwrap());
        *request.body_mut() = Some(reqwest::Body::wrap(Stream(Some(WHO_AM_I))));
        request
    };
    let error = setup.signer("s3").send(&setup.client, stream("/bucket/k")).await.unwrap_err();
    let SendError::NotSigned(failure) = &error else { panic!("{error:?}") };
    assert_eq!(kind(failure), Some(FailureKind::Misconfigured));
    assert!(error.to_string().contains("is a stream; send bytes, or allow"), "{error}");
    assert_eq!(setup.aws.count(Route::Unknown), 0);

    let allowed = setup.signer("s3").allow_unsigned_streams();
    allowed.send(&setup.client, stream("/bucket/k")).await.unwrap();
    assert_eq!(setup.last().is_signature_good(), Some(true));
    // Bytes are covered as ever.
    let mut request = setup.request(Method::PUT, "/bucket/k");
    *request.body_mut() = Some("a".into());
    allowed.sign_reqwest(&mut request).await.unwrap();
    assert_ne!(request.headers()["x-amz-content-sha256"], "UNSIGNED-PAYLOAD");

    setup.aws.fault(Route::Sts, Fault::sts_error("ExpiredToken"));
    let response =
        setup.signer("sts").allow_unsigned_streams().send(&setup.client, stream("/")).await.unwrap();
    assert!(response.text().await.unwrap().contains("ExpiredToken"));
    let issued = setup.aws.metadata().issued();
    // The next one has new credentials.
    setup.signer("sts").send(&setup.client, setup.who_am_i()).await.unwrap();
    assert_eq!((issued.len(), setup.aws.metadata().issued().len()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn the_middleware_signs_what_it_is_told_to() {
    let setup = Setup::new().await;
    let host = setup.aws.endpoint();
    let signs = move |url: &Url| url.as_str().starts_with(&host) && url.path() == "/";
    let client = reqwest_middleware::ClientBuilder::new(setup.client.clone())
        .with(SigningMiddleware::new(setup.signer("sts"), signs))
        .build();
    setup.aws.fault(Route::GetCallerIdentity, Fault::sts_error("ExpiredToken"));
    assert_eq!(client.execute(setup.who_am_i()).await.unwrap().status(), 200);
    assert_eq!(setup.keys_of(Route::GetCallerIdentity), setup.aws.metadata().issued());

    let elsewhere = setup.request(Method::GET, "/elsewhere");
    client.execute(elsewhere).await.unwrap();
    let last = setup.last();
    assert_eq!(last.is_signature_good(), None);
    assert!(last.header_names().iter().all(|name| !name.starts_with("x-amz-")), "{last:?}");

    setup.cache.forget();
    setup.aws.fault(Route::MetadataCredentials, Fault::status(500).forever());
    let error = client.execute(setup.who_am_i()).await.unwrap_err();
    assert!(error.to_string().contains("instance metadata: "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_presigned_url_says_how_long_it_works() {
    let (seen, _guard) = Seen::start();
    let setup = Setup::new().await;
    let request = |target: &str| http::Request::get(format!("{}{target}", setup.aws.endpoint()));
    let who_am_i = || request(&format!("/?{WHO_AM_I}&odd=a+b")).header("x-k8s-aws-id", "cluster");
    let signer = setup.signer("sts");
    let presigned = signer.presign(&who_am_i().body(()).unwrap(), HOUR / 60).await.unwrap();
    assert_eq!(presigned.shortfall(), Duration::ZERO);
    assert_eq!(presigned.expiry().duration_since(setup.aws.clock().now()).unwrap().as_secs(), 60);
    let get = || setup.client.get(presigned.url());
    let answer = get().header("x-k8s-aws-id", "cluster").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(get().send().await.unwrap().status(), 403, "a header that is part of it");
    seen.also(format!("{presigned:?}"));

    // Signatures count in whole seconds.
    let start = setup.aws.clock().now();
    setup.aws.clock().turn(Duration::from_millis(900));
    let presigned = signer.presign(&who_am_i().body(()).unwrap(), HOUR / 60).await.unwrap();
    assert_eq!(presigned.expiry().duration_since(start).unwrap(), HOUR / 60);
    assert_eq!(presigned.shortfall(), Duration::ZERO);

    // The credentials end before the URL would.
    let signer = setup.signer("s3");
    let presigned = signer.presign(&request("/bucket/ü(1)").body(()).unwrap(), 2 * HOUR).await.unwrap();
    let end = setup.cache.current().unwrap().expiry().unwrap();
    assert!(presigned.expiry() <= end && presigned.expiry() + Duration::from_secs(2) > end);
    assert!(presigned.shortfall() > HOUR - Duration::from_secs(60), "{presigned:?}");
    setup.aws.clock().turn(HOUR - Duration::from_secs(60));
    setup.client.get(presigned.url()).send().await.unwrap();
    assert_eq!(setup.last().is_signature_good(), Some(true));
    setup.aws.clock().turn(Duration::from_secs(61));
    setup.client.get(presigned.url()).send().await.unwrap();
    assert_eq!(setup.last().is_signature_good(), Some(false));
    seen.assert_none_of(setup.aws.secrets());

    for (uri, time, said) in [
        ("/relative", HOUR, "not absolute"),
        ("http://h/?X-Amz-Signature=CANARY", HOUR, "presigned"),
        ("http://h/", Duration::from_millis(999), "one second to seven days"),
        ("http://h/", 169 * HOUR, "one second to seven days"),
    ] {
        let request = http::Request::get(uri).body(()).unwrap();
        let error = signer.presign(&request, time).await.unwrap_err();
        assert_eq!(kind(&error), Some(FailureKind::Misconfigured));
        assert!(error.to_string().contains(said) && !error.to_string().contains("CANARY"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn anonymous_requests_are_not_signed() {
    let setup = Setup::new().await;
    let anonymous = CredentialsCache::new(provider_fn(|| async { Ok(Credentials::anonymous()) }));
    let signer = RequestSigner::new(anonymous, Region::new("eu-central-1").unwrap(), "s3");
    let mut request = setup.request(Method::GET, "/public/a");
    request.headers_mut().insert("authorization", "old".parse().unwrap());
    signer.send(&setup.client, request).await.unwrap();
    let last = setup.last();
    assert_eq!(last.is_signature_good(), None);
    assert!(!last.header_names().contains(&"authorization".to_owned()));
    let request = http::Request::get("https://public.example/a").body(()).unwrap();
    assert_eq!(signer.presign(&request, HOUR).await.unwrap().url(), "https://public.example/a");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_signed_or_sent_is_an_error_and_no_panic() {
    let setup = Setup::new().await;
    let signer = setup.signer("sts");
    let mut request = http::Request::get("/path").body("").unwrap();
    let error = signer.sign(&mut request).await.unwrap_err();
    assert!(error.to_string().contains("has no host"), "{error}");
    request.headers_mut().insert("host", "sts.example".parse().unwrap());
    signer.sign(&mut request).await.unwrap();
    assert_eq!(request.uri(), "/path");

    let nobody = reqwest::Request::new(Method::GET, "http://127.0.0.1:1/?q=CANARY".parse().unwrap());
    let error = signer.send(&setup.client, nobody).await.unwrap_err();
    assert!(matches!(error, SendError::NotSent(_)) && !error.to_string().contains("CANARY"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_is_no_matter() {
    let setup = Setup::new().await;
    let clock = aws_credential_chain::testing::Clock::starting_at(setup.aws.clock().now() - 20 * HOUR);
    let world = aws_credential_chain::testing::World::with_clock(clock)
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", setup.aws.endpoint());
    let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
    let signer = RequestSigner::new(cache, Region::new("eu-central-1").unwrap(), "sts");
    assert_eq!(signer.send(&setup.client, setup.who_am_i()).await.unwrap().status(), 200);
}

#[test]
fn the_example_runs() {
    let output = run(&mut Command::new(example("sign_request")), &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.matches("STS says: arn:aws:sts::").count(), 3, "{said}");
}
