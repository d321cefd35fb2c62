//! Signed requests and presigned URLs against the S3 of ministack, whose check of signatures is neither ours nor AWS's.

use std::time::Duration;

use aws_credential_chain::interop::{RequestSigner, client_builder};
use aws_credential_chain::testing::{Clock, World};
use aws_credential_chain::{CredentialsCache, DefaultChain, ProviderExt, Region, Role};
use interop::botocore::Botocore;
use interop::ministack::Ministack;
use reqwest::{Client, Method, Request, Response};
use serde_json::json;

/// What a key may look like, as it stands in a URL.
const KEYS: [&str; 6] =
    ["plain.txt", "with%20blank", "a+b=c&d@e", "(1)'!*,;:$~", "ü/%E2%82%AC.txt", "percent%25/dir//twice"];

/// A machine with the keys of a user who may do anything with S3 and STS.
async fn machine(user: &str) -> World {
    let mut botocore = Botocore::start();
    let (id, secret, _) = Ministack::shared().user(&mut botocore, user).await;
    let policy = json!({ "UserName": user, "PolicyName": "s3", "PolicyDocument": anything_of_s3() });
    Ministack::shared().iam(&mut botocore, "put_user_policy", policy).await;
    World::with_clock(Clock::starting_now())
        .env("AWS_ACCESS_KEY_ID", id)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .env("AWS_ENDPOINT_URL_STS", Ministack::shared().endpoint())
        .env("AWS_REGION", "eu-central-1")
}

fn anything_of_s3() -> String {
    let allow = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [allow] }).to_string()
}

fn cache(machine: &World) -> CredentialsCache {
    CredentialsCache::builder(DefaultChain::in_world(machine)).in_world(machine).build()
}

struct S3 {
    signer: RequestSigner,
    client: Client,
}

impl S3 {
    async fn of(cache: CredentialsCache) -> Self {
        let signer = RequestSigner::new(cache, Region::new("us-east-1").unwrap(), "s3");
        Self { signer, client: client_builder().await.unwrap().no_proxy().build().unwrap() }
    }

    async fn send(&self, method: Method, target: &str, body: &'static str) -> Response {
        let mut request = Request::new(method, url(target).parse().unwrap());
        *request.body_mut() = Some(body.into());
        self.signer.send(&self.client, request).await.unwrap()
    }
}

fn url(target: &str) -> String {
    format!("{}{target}", Ministack::shared().endpoint())
}

async fn assert_good(response: Response) -> String {
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert!(status.is_success(), "{status}: {text}");
    text
}

#[tokio::test]
async fn keys_of_every_kind_are_written_and_read() {
    let s3 = S3::of(cache(&machine("sign-alice").await)).await;
    assert_good(s3.send(Method::PUT, "/odd-keys", "").await).await;
    for key in KEYS {
        assert_good(s3.send(Method::PUT, &format!("/odd-keys/{key}"), "contents ü").await).await;
        assert_eq!(
            assert_good(s3.send(Method::GET, &format!("/odd-keys/{key}"), "").await).await,
            "contents ü"
        );
    }
    let listed = s3.send(Method::GET, "/odd-keys?list-type=2&prefix=with+bl&delimiter=%2F", "").await;
    let listed = assert_good(listed).await;
    assert!(listed.contains("<Key>with blank</Key>") && !listed.contains("plain.txt"), "{listed}");
}

#[tokio::test]
async fn a_presigned_url_is_for_everybody() {
    let s3 = S3::of(cache(&machine("sign-bob").await)).await;
    assert_good(s3.send(Method::PUT, "/shared", "").await).await;
    for key in KEYS {
        assert_good(s3.send(Method::PUT, &format!("/shared/{key}"), "for you").await).await;
        let request = http::Request::get(url(&format!("/shared/{key}"))).body(()).unwrap();
        let presigned = s3.signer.presign(&request, Duration::from_secs(600)).await.unwrap();
        assert_eq!(assert_good(s3.client.get(presigned.url()).send().await.unwrap()).await, "for you");
        let spoilt = presigned.url().replace("X-Amz-Expires=600", "X-Amz-Expires=601");
        assert_eq!(s3.client.get(spoilt).send().await.unwrap().status(), 403, "{key}");
    }
}

#[tokio::test]
async fn a_session_signs_and_a_wrong_secret_does_not() {
    let machine = machine("sign-carol").await;
    let mut botocore = Botocore::start();
    let trust = json!({
        "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::000000000000:root" },
        "Action": "sts:AssumeRole",
    });
    let arn = Ministack::shared().role(&mut botocore, "signer", json!([trust])).await;
    let policy = json!({ "RoleName": "signer", "PolicyName": "s3", "PolicyDocument": anything_of_s3() });
    Ministack::shared().iam(&mut botocore, "put_role_policy", policy).await;
    let role = cache(&machine).assume(Role::builder(arn).build().unwrap()).in_world(&machine);
    let session = CredentialsCache::builder(role).in_world(&machine).build();
    assert!(session.credentials().await.unwrap().session_token().is_some());
    let s3 = S3::of(session).await;
    assert_good(s3.send(Method::PUT, "/of-a-session", "").await).await;

    let wrong = S3::of(cache(&machine.env("AWS_SECRET_ACCESS_KEY", "CANARY"))).await;
    let refused = wrong.send(Method::GET, "/of-a-session?list-type=2", "").await;
    assert_eq!(refused.status(), 403);
    assert!(refused.text().await.unwrap().contains("SignatureDoesNotMatch"));
}
