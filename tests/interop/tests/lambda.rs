//! The example `lambda` as a function of AWS Lambda, under the runtime API of cargo-lambda: the first call and those after it,
//! a freeze past the end of the credentials, SnapStart.
//!
//! A process that is stopped keeps its monotonic clock running, a frozen machine may not. That only the wall clock counts is
//! shown where it is turned: in `cache_clock.rs` of the root, and by the example itself.

use std::time::{Duration, SystemTime};

use aws_credential_chain::providers::StaticKeys;
use aws_credential_chain::testing::{Clock, Fault, LocalAws, Route};
use aws_credential_chain::{CredentialsProvider, ProviderExt, Role};
use interop::cargo_lambda::{Emulator, Function, Restorable};
use secrecy::ExposeSecret;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;

/// Credentials that end while a test waits for it.
const SHORT: Duration = Duration::from_secs(6);
/// Those that are due for renewal, for half of their life, while a test waits for it. With this much left a read that
/// renews them waits up to four seconds for that: no read waits into the last five before expiry.
const MEDIUM: Duration = Duration::from_secs(20);
const DUE: Duration = Duration::from_secs(9);
const LONG: Duration = Duration::from_secs(3600);
const FUNCTION: &str = "arn:aws:iam::123456789012:role/function";
const CUSTOMER: &str = "arn:aws:iam::222222222222:role/customer";
const TOKEN: &str = "CANARY-authorization";

async fn local_aws() -> LocalAws {
    // Built before anything has a clock that runs.
    let _ = interop::lambda();
    let clock = Clock::starting_now();
    let _ = clock.now();
    let aws = LocalAws::builder().clock(clock).start().await.unwrap();
    aws.sts().role(CUSTOMER).trusts("123456789012").requires_external_id("x-42");
    aws.container().authorization(Some(TOKEN)).credentials_lifetime(LONG);
    aws
}

/// Keys of the function's role, as Lambda sets them.
async fn keys(aws: &LocalAws) -> Vec<(&'static str, String)> {
    aws.sts().role(FUNCTION);
    let (id, secret) = aws.sts().user("123456789012", "lambda-service");
    let role = Role::builder(FUNCTION).session_name("show").build().unwrap();
    let keys = StaticKeys::new(id, secret, None).unwrap().assume(role).in_world(&aws.world());
    let keys = keys.retrieve().await.unwrap();
    let token = keys.session_token().unwrap().expose_secret().to_owned();
    vec![
        ("AWS_ACCESS_KEY_ID", keys.access_key_id().to_owned()),
        ("AWS_SECRET_ACCESS_KEY", keys.secret_access_key().expose_secret().to_owned()),
        ("AWS_SESSION_TOKEN", token),
    ]
}

/// The variables with which the function acts in the customer's account.
fn customer() -> Vec<(&'static str, String)> {
    vec![("ROLE_ARN", CUSTOMER.to_owned()), ("EXTERNAL_ID", "x-42".to_owned())]
}

/// Those of SnapStart, where there are no keys.
fn snap_start(aws: &LocalAws, token: &str) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start".to_owned()),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.container_uri()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", token.to_owned()),
    ]
}

fn start(aws: &LocalAws, runtime_api: &str, variables: &[Vec<(&'static str, String)>]) -> Function {
    let endpoint = aws.endpoint();
    let mut all = vec![("AWS_ENDPOINT_URL_STS", endpoint.as_str()), ("RUST_LOG", "trace")];
    all.extend(variables.iter().flatten().map(|(name, value)| (*name, value.as_str())));
    Function::start(&interop::lambda(), runtime_api, &all)
}

/// What the function answered, once that is what the local AWS has issued, and still good.
struct Told {
    key: String,
    arn: String,
    source: String,
    expiry: SystemTime,
}

fn told(aws: &LocalAws, answer: Result<Value, Value>) -> Told {
    let now = aws.clock().now();
    let answer = answer.unwrap_or_else(|refused| panic!("{refused}"));
    let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{name}: {answer}")).to_owned();
    let key = text("access_key_id");
    let session = aws.sts().session(&key).expect("it was issued here");
    let expiry = session.expiry();
    assert!(now < expiry, "{answer}");
    let expires = time::OffsetDateTime::from(expiry).replace_nanosecond(0).unwrap();
    assert_eq!(answer["expires"], expires.format(&Rfc3339).unwrap(), "{answer}");
    assert_eq!(answer["stale"], false, "{answer}");
    assert_eq!(answer["arn"], session.arn(), "{answer}");
    Told { key, arn: text("arn"), source: text("source"), expiry }
}

/// No call was made with credentials that were over, and nobody saw a secret.
fn assert_clean(aws: &LocalAws, function: &Function) {
    for request in aws.requests() {
        assert!(request.status() == Some(200) && request.is_signature_good() != Some(false), "{request:?}");
    }
    let log = function.log();
    assert!(log.contains("TRACE"), "the log tells everything:\n{log}");
    for secret in aws.secrets() {
        assert!(!log.contains(&secret), "a secret that begins with {:?} was logged", &secret[..4]);
    }
}

async fn until(aws: &LocalAws, at: SystemTime) {
    tokio::time::sleep(at.duration_since(aws.clock().now()).unwrap_or_default()).await;
}

async fn until_true(is_so: impl Fn() -> bool) {
    let limit = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), limit).await.expect("it comes true");
}

#[tokio::test]
async fn the_first_call_asks_once_and_warm_ones_do_not() {
    let (aws, emulator) = (local_aws().await, Emulator::start().await);
    let function = start(&aws, &emulator.runtime_api(), &[keys(&aws).await, customer()]);
    let asked = aws.count(Route::AssumeRole);
    let cold = told(&aws, emulator.invoke().await);
    assert_eq!(cold.source, format!("environment (AWS Lambda) → assume role ({CUSTOMER})"));
    assert_eq!(cold.arn, "arn:aws:sts::222222222222:assumed-role/customer/lambda-example");
    for _ in 0..5 {
        assert_eq!(told(&aws, emulator.invoke().await).key, cold.key);
    }
    assert_eq!(aws.count(Route::AssumeRole) - asked, 1);
    assert_eq!(aws.count(Route::GetCallerIdentity), 6);
    assert_clean(&aws, &function);
}

#[tokio::test]
async fn the_role_of_the_function_comes_from_its_environment_and_has_no_end() {
    let (aws, emulator) = (local_aws().await, Emulator::start().await);
    let keys = keys(&aws).await;
    let function = start(&aws, &emulator.runtime_api(), std::slice::from_ref(&keys));
    let asked = aws.requests().len();
    for _ in 0..2 {
        let answer = emulator.invoke().await.unwrap();
        assert_eq!(answer["access_key_id"], keys[0].1);
        assert_eq!(answer["source"], "environment (AWS Lambda)");
        assert_eq!(answer["expires"], Value::Null);
        assert_eq!(answer["arn"], "arn:aws:sts::123456789012:assumed-role/function/show");
    }
    assert_eq!(aws.requests().len() - asked, 2, "nobody is asked but for who it is");
    assert_clean(&aws, &function);
}

#[tokio::test]
async fn after_a_freeze_past_their_end_the_next_call_has_new_ones() {
    let (aws, emulator) = (local_aws().await, Emulator::start().await);
    aws.sts().role(CUSTOMER).credentials_lifetime(SHORT);
    let function = start(&aws, &emulator.runtime_api(), &[keys(&aws).await, customer()]);
    let before = told(&aws, emulator.invoke().await);
    function.freeze();
    aws.sts().role(CUSTOMER).credentials_lifetime(LONG);
    let (requests, asked) = (aws.requests().len(), aws.count(Route::AssumeRole));
    until(&aws, before.expiry + Duration::from_millis(500)).await;
    assert_eq!(aws.requests().len(), requests, "it is frozen");
    function.thaw();
    let after = told(&aws, emulator.invoke().await);
    assert_ne!(after.key, before.key);
    assert_eq!(aws.count(Route::AssumeRole) - asked, 1);
    assert_eq!(told(&aws, emulator.invoke().await).key, after.key);
    assert_clean(&aws, &function);
}

#[tokio::test]
async fn what_arrives_during_a_freeze_and_is_over_after_it_is_used_by_nobody() {
    let (aws, emulator) = (local_aws().await, Emulator::start().await);
    aws.sts().role(CUSTOMER).credentials_lifetime(SHORT);
    let function = start(&aws, &emulator.runtime_api(), &[keys(&aws).await, customer()]);
    let asked = aws.count(Route::AssumeRole);
    aws.fault(Route::AssumeRole, Fault::delay(Duration::from_secs(1)));
    let freeze = async {
        until_true(|| aws.count(Route::AssumeRole) > asked).await;
        function.freeze();
        let issued = aws.sts().issued().len();
        until_true(|| aws.sts().issued().len() > issued).await;
        aws.sts().role(CUSTOMER).credentials_lifetime(LONG);
        tokio::time::sleep(SHORT + Duration::from_millis(500)).await;
        function.thaw();
    };
    let (answer, ()) = tokio::join!(emulator.invoke(), freeze);
    let refused = answer.unwrap_err();
    assert_eq!(refused["errorType"], "CredentialsUnavailable", "{refused}");
    assert!(refused.to_string().contains("answered with credentials that expired at"), "{refused}");
    assert_eq!(aws.count(Route::GetCallerIdentity), 0, "nothing was signed with them");
    // A failure is remembered for a moment, so that nobody hammers the source.
    tokio::time::sleep(Duration::from_secs(1)).await;
    told(&aws, emulator.invoke().await);
    assert_clean(&aws, &function);
}

#[tokio::test]
async fn a_call_near_their_end_waits_for_new_ones_and_nothing_happens_between_calls() {
    let (aws, emulator) = (local_aws().await, Emulator::start().await);
    aws.sts().role(CUSTOMER).credentials_lifetime(MEDIUM);
    let function = start(&aws, &emulator.runtime_api(), &[keys(&aws).await, customer()]);
    let before = told(&aws, emulator.invoke().await);
    aws.sts().role(CUSTOMER).credentials_lifetime(LONG);
    let requests = aws.requests().len();
    until(&aws, before.expiry - DUE).await;
    assert_eq!(aws.requests().len(), requests, "no task works between calls");
    // Renewed in the background it would be the one after that.
    assert_ne!(told(&aws, emulator.invoke().await).key, before.key);
    assert_clean(&aws, &function);
}

#[tokio::test]
async fn restored_from_a_snapshot_it_asks_the_agent_and_again_ahead_of_each_end() {
    let (aws, emulator) = (local_aws().await, Emulator::start().await);
    aws.container().credentials_lifetime(SHORT);
    let restorable = Restorable::start(&emulator).await;
    let function = start(&aws, &restorable.runtime_api(), &[snap_start(&aws, TOKEN)]);
    restorable.started().await;
    function.freeze();
    assert!(aws.requests().is_empty(), "no credentials are in the snapshot");
    tokio::time::sleep(Duration::from_secs(1)).await;
    function.thaw();
    restorable.restore();

    let first = told(&aws, emulator.invoke().await);
    assert_eq!(first.source, "container (127.0.0.1)");
    function.freeze();
    aws.container().credentials_lifetime(MEDIUM);
    until(&aws, first.expiry + Duration::from_millis(500)).await;
    function.thaw();
    let second = told(&aws, emulator.invoke().await);
    aws.container().credentials_lifetime(LONG);
    until(&aws, second.expiry - DUE).await;
    let third = told(&aws, emulator.invoke().await);
    assert_eq!(told(&aws, emulator.invoke().await).key, third.key);
    assert_eq!(aws.container().issued(), [first.key, second.key, third.key]);
    assert_clean(&aws, &function);
}

#[tokio::test]
async fn a_token_that_the_agent_refuses_is_an_error_that_says_so() {
    let (aws, emulator) = (local_aws().await, Emulator::start().await);
    let restorable = Restorable::start(&emulator).await;
    let function = start(&aws, &restorable.runtime_api(), &[snap_start(&aws, "CANARY-other-token")]);
    restorable.started().await;
    restorable.restore();
    let refused = emulator.invoke().await.unwrap_err();
    let message = refused["errorMessage"].as_str().unwrap_or_else(|| panic!("{refused}"));
    assert_eq!(refused["errorType"], "CredentialsUnavailable", "{refused}");
    for part in ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "answered 400: ExpiredTokenException"] {
        assert!(message.contains(part), "{message}");
    }
    for seen in [message, &function.log()] {
        assert!(!seen.contains("CANARY"), "{seen}");
    }
}
