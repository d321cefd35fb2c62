//! The calls of STS that are for no role: sessions of users, of federated users, of root, of partners, and tokens for others.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::time::Duration;

use aws_credential_chain::providers::{
    Anonymous, AssumeRoot, DelegatedAccess, FederationToken, RootTask, SessionToken, StaticKeys, WebIdentity,
};
use aws_credential_chain::sts::{OutboundIdentity, SigningAlgorithm, Sts};
use aws_credential_chain::testing::{Fault, LocalAws, Request, Route};
use aws_credential_chain::{
    Credentials, CredentialsCache, CredentialsProvider, Error, FailureKind, ProviderExt, Role, SessionPolicy,
    SourceKind,
};
use secrecy::{ExposeSecret, SecretString};
use support::outcome::kind;
use support::seen::Seen;

const USER: &str = "arn:aws:iam::111111111111:user/alice";
const ROLE: &str = "arn:aws:iam::222222222222:role/partner";
const READ_ONLY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

fn keys(aws: &LocalAws) -> StaticKeys {
    let (id, secret) = aws.sts().user("111111111111", "alice");
    StaticKeys::new(id, secret, None).unwrap()
}

async fn who(aws: &LocalAws, credentials: &Credentials) -> String {
    Sts::in_world(&aws.world()).caller_identity(credentials).await.unwrap().arn().to_owned()
}

fn minutes_left(aws: &LocalAws, credentials: &Credentials) -> u64 {
    credentials.expiry().unwrap().duration_since(aws.clock().now()).unwrap().as_secs().div_ceil(60)
}

/// Every request that has a signature has a good one.
fn assert_signed(aws: &LocalAws) {
    let signatures: Vec<_> = aws.requests().iter().map(Request::is_signature_good).collect();
    assert!(!signatures.is_empty() && signatures.iter().all(|good| *good == Some(true)), "{signatures:?}");
}

#[tokio::test(start_paused = true)]
async fn a_session_token_is_the_user_for_a_while() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    let provider = SessionToken::new(keys(&aws)).duration(Duration::from_secs(3600)).in_world(&aws.world());
    let credentials = provider.retrieve().await.unwrap();
    assert_eq!(credentials.source().to_string(), "static keys → session token");
    assert_eq!((who(&aws, &credentials).await.as_str(), minutes_left(&aws, &credentials)), (USER, 60));
    let default = SessionToken::new(keys(&aws)).in_world(&aws.world()).retrieve().await.unwrap();
    assert_eq!(minutes_left(&aws, &default), 12 * 60);

    // It composes: a role, assumed with the session.
    aws.sts().role(ROLE).trusts(USER);
    let role = Role::builder(ROLE).build().unwrap();
    let provider = SessionToken::new(keys(&aws)).in_world(&aws.world()).assume(role).in_world(&aws.world());
    let cache = CredentialsCache::builder(provider).in_world(&aws.world()).build();
    let assumed = cache.credentials().await.unwrap();
    assert_eq!(assumed.source().to_string(), format!("static keys → session token → assume role ({ROLE})"));
    assert_signed(&aws);
    seen.also(format!("{credentials:?} {assumed:?} {cache:?}"));
    seen.assert_none_of(aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn sessions_cannot_open_sessions_of_users() {
    let aws = LocalAws::start().await.unwrap();
    let world = aws.world();
    let session = SessionToken::new(keys(&aws)).in_world(&world).retrieve().await.unwrap();
    let temporary = |credentials: &Credentials| {
        StaticKeys::new(
            credentials.access_key_id(),
            credentials.secret_access_key().clone(),
            credentials.session_token().cloned(),
        )
        .unwrap()
    };
    for error in [
        SessionToken::new(temporary(&session)).in_world(&world).retrieve().await.unwrap_err(),
        FederationToken::new(temporary(&session), "bob").in_world(&world).retrieve().await.unwrap_err(),
    ] {
        assert_eq!(kind(&error), Some(FailureKind::Refused));
        assert!(error.to_string().contains("the long-lived keys of an IAM user"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_federation_token_is_somebody_else() {
    let aws = LocalAws::start().await.unwrap();
    let policy = SessionPolicy::from_json(READ_ONLY).unwrap();
    let provider = FederationToken::new(keys(&aws), "bob")
        .policy(policy)
        .policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess")
        .tag("team", "reports")
        .duration(Duration::from_secs(900))
        .in_world(&aws.world());
    let credentials = provider.retrieve().await.unwrap();
    assert_eq!(credentials.source().to_string(), "static keys → federation token (bob)");
    assert_eq!(credentials.account_id(), Some("111111111111"));
    assert_eq!(credentials.packed_policy_size(), Some(8));
    assert_eq!(who(&aws, &credentials).await, "arn:aws:sts::111111111111:federated-user/bob");
    assert_eq!(minutes_left(&aws, &credentials), 15);
    let names: Vec<_> = aws.requests()[0].parameter_names().to_vec();
    assert!(names.iter().any(|name| name == "PolicyArns.member.1.arn"), "{names:?}");
    assert!(names.iter().any(|name| name == "Tags.member.1.Value"), "{names:?}");
    assert_signed(&aws);
}

#[tokio::test(start_paused = true)]
async fn root_of_a_member_account_for_one_task() {
    let aws = LocalAws::start().await.unwrap();
    // The global endpoint does not answer it, whatever is set.
    let world = aws.world().env("AWS_STS_REGIONAL_ENDPOINTS", "legacy");
    let provider = AssumeRoot::new(keys(&aws), "222222222222", RootTask::UnlockS3Bucket).in_world(&world);
    let credentials = provider.retrieve().await.unwrap();
    assert_eq!(credentials.source().to_string(), "static keys → assume root (222222222222)");
    assert_eq!(credentials.account_id(), Some("222222222222"));
    assert_eq!(who(&aws, &credentials).await, "arn:aws:iam::222222222222:root");
    assert_eq!(minutes_left(&aws, &credentials), 15);
    let own = AssumeRoot::new(keys(&aws), "111111111111", RootTask::AuditCredentials).in_world(&world);
    let error = own.retrieve().await.unwrap_err();
    assert!(error.to_string().contains("AssumeRoot 111111111111 with AKIA"), "{error}");
    assert!(error.to_string().contains("check what denies sts:AssumeRoot to AKIA"), "{error}");
    assert_signed(&aws);
}

#[tokio::test(start_paused = true)]
async fn delegated_access_is_traded_in_once() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    let token = aws.sts().trade_in_token(ROLE);
    let given = SecretString::from(token);
    let provider =
        DelegatedAccess::new(keys(&aws), move || std::future::ready(Ok::<_, Error>(given.clone())));
    let provider = provider.in_world(&aws.world());
    let credentials = provider.retrieve().await.unwrap();
    assert_eq!(credentials.source().to_string(), "static keys → delegated access");
    assert_eq!(credentials.account_id(), Some("222222222222"));
    assert_eq!(who(&aws, &credentials).await, "arn:aws:sts::222222222222:assumed-role/partner/delegated");
    let error = provider.retrieve().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Expired));
    assert!(error.to_string().contains("ExpiredTradeInTokenException"), "{error}");
    seen.also(format!("{credentials:?} {error:?} {provider:?}"));
    seen.assert_none_of(aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn tokens_for_others_are_kept_and_renewed() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(ROLE);
    let world = aws.world();
    let role = Role::builder(ROLE).build().unwrap();
    let source = CredentialsCache::builder(keys(&aws).assume(role).in_world(&world)).in_world(&world).build();
    let tokens = OutboundIdentity::new(source, "https://partner.example")
        .audience("https://other.example")
        .signing_algorithm(SigningAlgorithm::Rs256)
        .duration(Duration::from_secs(600))
        .tag("team", "reports")
        .in_world(&world)
        .cached();
    let first = tokens.token().await.unwrap();
    let claims = first.jwt().expose_secret().split('.').count();
    assert_eq!(claims, 3);
    assert_eq!(first.expiry().duration_since(aws.clock().now()).unwrap().as_secs().div_ceil(60), 10);
    assert_eq!(tokens.token().await.unwrap().jwt().expose_secret(), first.jwt().expose_secret());
    assert_eq!(aws.count(Route::GetWebIdentityToken), 1, "a token in hand is no reason to ask");

    aws.clock().turn(Duration::from_secs(570));
    let second = tokens.token().await.unwrap();
    assert_ne!(second.jwt().expose_secret(), first.jwt().expose_secret());
    tokens.invalidate(&second);
    let third = tokens.token().await.unwrap();
    assert_ne!(third.jwt().expose_secret(), second.jwt().expose_secret());
    assert_eq!(aws.count(Route::GetWebIdentityToken), 3);
    assert_signed(&aws);
    seen.also(format!("{first:?} {tokens:?}"));
    seen.assert_none_of(aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn why_there_is_no_token_for_others() {
    let aws = LocalAws::start().await.unwrap();
    let identity = || OutboundIdentity::new(keys(&aws), "https://partner.example").in_world(&aws.world());
    for (code, part) in [
        ("OutboundWebIdentityFederationDisabledException", "turn outbound identity federation on"),
        ("JWTPayloadSizeExceededException", "fewer audiences and tags"),
        ("SessionDurationEscalationException", "may not outlive the session"),
    ] {
        aws.fault(Route::GetWebIdentityToken, Fault::sts_error(code));
        let error = identity().retrieve().await.unwrap_err();
        assert_eq!(kind(&error), Some(FailureKind::Refused));
        assert!(error.to_string().contains(part), "{error}");
    }
    let asked = aws.requests().len();
    for (identity, part) in [
        (identity().duration(Duration::from_secs(59)), "write 60 to 3600 whole seconds"),
        (identity().audience(""), "an audience is empty"),
        (identity().tag("aws:x", "y"), "begins with `aws:`"),
    ] {
        let error = identity.retrieve().await.unwrap_err();
        assert_eq!(kind(&error), Some(FailureKind::Misconfigured));
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(aws.requests().len(), asked);
}

#[tokio::test(start_paused = true)]
async fn what_sts_would_refuse_is_not_sent() {
    let aws = LocalAws::start().await.unwrap();
    let world = aws.world();
    let second = Duration::from_secs(1);
    let federation = |name: &str| FederationToken::new(keys(&aws), name).in_world(&world);
    let root = |account: &str, task| AssumeRoot::new(keys(&aws), account, task).in_world(&world);
    let errors = [
        (
            SessionToken::new(keys(&aws)).duration(second).retrieve().await,
            "write 900 to 129600 whole seconds",
        ),
        (federation("b").retrieve().await, "the name of the federated user has 1 character"),
        (federation("bob").tag("a", "b").tag("A", "c").retrieve().await, "have the same key"),
        (root("2222", RootTask::UnlockSqsQueue).retrieve().await, "is not twelve digits"),
        (
            root("222222222222", RootTask::Policy("arn:aws:iam::aws:policy/Admin".to_owned()))
                .retrieve()
                .await,
            "is not one of AWS's tasks for root users",
        ),
        (
            root("222222222222", RootTask::CreatePassword).duration(second * 901).retrieve().await,
            "write 1 to 900 whole seconds",
        ),
        (
            SessionToken::new(Anonymous).in_world(&world).retrieve().await,
            "GetSessionToken cannot be signed with anonymous credentials",
        ),
    ];
    for (result, part) in errors {
        let error = result.unwrap_err();
        assert_eq!(kind(&error), Some(FailureKind::Misconfigured), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(aws.requests().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_source_whose_keys_were_exchanged_heals_once() {
    let aws = LocalAws::start().await.unwrap();
    let world = aws.world();
    let good = keys(&aws).retrieve().await.unwrap();
    let gone = Credentials::builder("AKIAGONE000000000000", "gone").build().unwrap();
    let sets = std::sync::Mutex::new(vec![good, gone]);
    let source = aws_credential_chain::provider_fn(move || {
        let next = sets.lock().unwrap().pop();
        async move { next.ok_or_else(|| Error::not_configured("sets", "no more")) }
    });
    let credentials = SessionToken::new(source).in_world(&world).retrieve().await.unwrap();
    assert_eq!(who(&aws, &credentials).await, USER);
    let signatures: Vec<_> = aws.requests().iter().map(Request::is_signature_good).collect();
    assert_eq!(signatures, [Some(false), Some(true), Some(true)]);
}

#[tokio::test(start_paused = true)]
async fn a_web_identity_token_can_come_from_a_callback() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    aws.sts().identity_provider("https://ci.example");
    aws.sts().role(ROLE).trusts_identity_provider("https://ci.example");
    let server = aws.clone();
    let role = Role::builder(ROLE).session_name("run-7").build().unwrap();
    let provider = WebIdentity::from_fn(role.clone(), move || {
        let token = server.sts().web_identity_token("https://ci.example", "repo:x").sign();
        async move { Ok::<_, Error>(SecretString::from(token)) }
    });
    let provider = provider.in_world(&aws.world());
    let credentials = provider.retrieve().await.unwrap();
    assert_eq!(credentials.source().kind(), SourceKind::WebIdentity);
    assert_eq!(who(&aws, &credentials).await, "arn:aws:sts::222222222222:assumed-role/partner/run-7");
    assert!(provider.time_limit() > WebIdentity::new().time_limit());

    let down = WebIdentity::from_fn(role, || async { Err::<SecretString, _>("the CI server is down") });
    let error = down.in_world(&aws.world()).retrieve().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Unavailable));
    assert!(error.to_string().contains("brought no web identity token: the CI server is down"), "{error}");
    seen.also(format!("{credentials:?} {error:?}"));
    seen.assert_none_of(aws.secrets());
}
