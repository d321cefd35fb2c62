//! One base session for all that is narrowed from it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_credential_chain::policy::{PolicyTemplate, Statement};
use aws_credential_chain::providers::{AssumeRole, StaticKeys};
use aws_credential_chain::sts::Sts;
use aws_credential_chain::testing::{LocalAws, Route};
use aws_credential_chain::{
    Credentials, CredentialsCache, CredentialsProvider, Error, FailureKind, ProviderExt, Role, SessionPolicy,
    provider_fn,
};
use support::outcome::kind;
use support::seen::Seen;

const HUB: &str = "arn:aws:iam::111111111111:role/hub";
const APP: &str = "arn:aws:iam::222222222222:role/app";
const OF_TENANT: &str = r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:*",
    "Resource": "arn:aws:s3:::data/{{tenant}}/*" }] }"#;

fn of_tenant(name: &str) -> SessionPolicy {
    PolicyTemplate::from_json(OF_TENANT).unwrap().fill([("tenant", name)]).unwrap()
}

fn keys(aws: &LocalAws) -> StaticKeys {
    let (id, secret) = aws.sts().user("111111111111", "alice");
    StaticKeys::new(id, secret, None).unwrap()
}

fn role(arn: &str) -> Role {
    Role::builder(arn).build().unwrap()
}

async fn policy_of(aws: &LocalAws, provider: &AssumeRole) -> Option<String> {
    let credentials = provider.retrieve().await.unwrap();
    aws.sts().session(credentials.access_key_id()).unwrap().policy().map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn a_thousand_narrowed_sessions_ask_the_base_once() {
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(HUB);
    aws.sts().role(APP).trusts(HUB);
    let asked = Arc::new(AtomicUsize::new(0));
    let (counted, alice) = (Arc::clone(&asked), keys(&aws));
    let source = provider_fn(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        let alice = alice.clone();
        async move { alice.retrieve().await }
    });
    // Each hop without a cache of ours: the role keeps one for its source, and what is narrowed shares it.
    let app = source.assume(role(HUB)).in_world(&aws.world()).assume(role(APP)).in_world(&aws.world());
    let mut waiting = Vec::new();
    for number in 0..1000 {
        let tenant = app.scoped(of_tenant(&format!("tenant-{number}"))).unwrap();
        waiting.push(tokio::spawn(async move { tenant.retrieve().await.unwrap() }));
    }
    for (number, tenant) in waiting.into_iter().enumerate() {
        let session = aws.sts().session(tenant.await.unwrap().access_key_id()).unwrap();
        assert_eq!(session.policy(), Some(of_tenant(&format!("tenant-{number}")).as_str()));
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    // One for the hub.
    assert_eq!(aws.count(Route::AssumeRole), 1001);
}

#[tokio::test(start_paused = true)]
async fn a_cache_is_the_base_of_all_that_is_scoped_to_a_role() {
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(HUB);
    aws.sts().role(APP).trusts(HUB);
    let world = aws.world();
    let hub =
        CredentialsCache::builder(keys(&aws).assume(role(HUB)).in_world(&world)).in_world(&world).build();
    for number in 0..100 {
        let scoped = hub.clone().scoped_to(role(APP), of_tenant(&number.to_string())).unwrap();
        let scoped = policy_of(&aws, &scoped.in_world(&world)).await;
        assert_eq!(scoped.as_deref(), Some(of_tenant(&number.to_string()).as_str()));
    }
    assert_eq!(aws.count(Route::AssumeRole), 101);
    let mine = hub.credentials().await.unwrap();
    let by_hub =
        aws.requests().iter().filter(|request| request.signed_by() == Some(mine.access_key_id())).count();
    assert_eq!(by_hub, 100);
}

#[tokio::test(start_paused = true)]
async fn a_role_narrows_itself_if_it_trusts_itself() {
    let aws = LocalAws::start().await.unwrap();
    let world = aws.world();
    aws.sts().role(APP).trusts("arn:aws:iam::111111111111:user/alice");
    let app =
        CredentialsCache::builder(keys(&aws).assume(role(APP)).in_world(&world)).in_world(&world).build();
    let narrow = || app.clone().scoped_to(role(APP), of_tenant("acme")).unwrap().in_world(&world);
    let error = narrow().retrieve().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Refused), "{error}");
    aws.sts().role(APP).trusts(APP);
    assert_eq!(policy_of(&aws, &narrow()).await.as_deref(), Some(of_tenant("acme").as_str()));
    // What was narrowed so may not widen itself again: nothing in its policy allows that.
    let wide = narrow().assume(role(APP)).in_world(&world).retrieve().await.unwrap_err();
    assert!(
        wide.to_string().contains("because no session policy allows the sts:AssumeRole action"),
        "{wide}"
    );
}

#[tokio::test(start_paused = true)]
async fn whatever_is_set_up_stays_set_up() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(APP).requires_external_id("CANARY-x-42").requires_tag("team");
    aws.sts().region(Some("eu-west-3"));
    let full = Role::builder(APP)
        .session_name("nightly")
        .external_id("CANARY-x-42")
        .duration(Duration::from_secs(900))
        .tag("team", "reports")
        .transitive_tag("cost center", "17")
        .source_identity("alice")
        .provided_context("arn:aws:iam::aws:contextProvider/IdentityCenter", "CANARY-assertion")
        .build()
        .unwrap();
    let region = aws_credential_chain::Region::new("eu-west-3").unwrap();
    let base = keys(&aws).assume(full.clone()).region(region).in_world(&aws.world());
    let scoped = base.scoped(of_tenant("acme")).unwrap();
    let credentials = scoped.retrieve().await.unwrap();
    let session = aws.sts().session(credentials.access_key_id()).unwrap();
    assert_eq!(session.policy(), Some(of_tenant("acme").as_str()));
    assert_eq!(session.source_identity(), Some("alice"));
    let whole = base.retrieve().await.unwrap();
    let of_whole = aws.sts().session(whole.access_key_id()).unwrap();
    assert_eq!(of_whole.policy(), None);
    assert_eq!((session.arn(), session.tags()), (of_whole.arn(), of_whole.tags()));
    assert_eq!(session.transitive_tag_keys(), of_whole.transitive_tag_keys());
    assert_eq!(session.expiry().duration_since(aws.clock().now()).unwrap().as_secs(), 900);
    let [first, second] = <[_; 2]>::try_from(aws.requests()).unwrap();
    let but_policy = |request: &aws_credential_chain::testing::Request| {
        let mut names = request.parameter_names().to_vec();
        names.retain(|name| name != "Policy");
        names.sort();
        names
    };
    assert_eq!(but_policy(&first), but_policy(&second));
    assert!(first.parameter_names().iter().any(|name| name == "ProvidedContexts.member.1.ContextAssertion"));

    // The role as a key: the same policy gives the same role, in whichever way it was made.
    assert_eq!(full.scoped(of_tenant("acme")).unwrap(), full.scoped(of_tenant("acme")).unwrap());
    assert_ne!(full.scoped(of_tenant("acme")).unwrap(), full.scoped(of_tenant("globex")).unwrap());
    let typed = Statement::allow(["s3:*"]).on(["arn:aws:s3:::data/acme/*"]);
    let typed = SessionPolicy::builder().statement(typed).build().unwrap();
    assert_eq!(full.scoped(of_tenant("acme")).unwrap(), full.scoped(typed).unwrap());
    assert_eq!(scoped.role(), Some(&full.scoped(of_tenant("acme")).unwrap()));
    seen.also(format!("{scoped:?} {credentials:?}"));
    seen.assert_none_of(["CANARY-x-42", "CANARY-assertion"]);
    seen.assert_none_of(aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn a_second_policy_is_refused_instead_of_widening_the_first() {
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(APP);
    let base = keys(&aws).assume(role(APP)).in_world(&aws.world());
    let acme = base.scoped(of_tenant("acme")).unwrap();
    let managed = Role::builder(APP).policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess").build().unwrap();
    let refused = |result: Result<AssumeRole, Error>| {
        let error = result.unwrap_err();
        assert_eq!(kind(&error), Some(FailureKind::Misconfigured), "{error}");
        error.to_string()
    };
    for (error, says) in [
        (refused(acme.scoped(of_tenant("globex"))), "has a session policy already"),
        (refused(acme.scoped(of_tenant("acme"))), "has a session policy already"),
        (
            refused(keys(&aws).scoped_to(acme.role().unwrap().clone(), of_tenant("x"))),
            "has a session policy already",
        ),
        (
            refused(keys(&aws).scoped_to(managed.clone(), of_tenant("x"))),
            "has managed session policies already",
        ),
        (refused(keys(&aws).assume(managed).scoped(of_tenant("x"))), "has managed session policies already"),
    ] {
        assert!(error.contains(APP) && error.contains(says), "{error}");
        assert!(error.contains("begin with the role without one"), "{error}");
    }

    // A role that is made for each fetch is looked at as it is made.
    let made = |role: Role| keys(&aws).assume_with(move || Ok(role.clone())).in_world(&aws.world());
    let narrow = made(role(APP)).scoped(of_tenant("acme")).unwrap();
    assert_eq!(policy_of(&aws, &narrow).await.as_deref(), Some(of_tenant("acme").as_str()));
    assert_eq!(aws.count(Route::AssumeRole), 1);
    let twice = made(acme.role().unwrap().clone()).scoped(of_tenant("globex")).unwrap();
    assert!(twice.retrieve().await.unwrap_err().to_string().contains("has a session policy already"));
    let chained = narrow.scoped(of_tenant("globex")).unwrap();
    assert!(chained.retrieve().await.unwrap_err().to_string().contains("has a session policy already"));
    assert_eq!(aws.count(Route::AssumeRole), 1);
}

#[tokio::test(start_paused = true)]
async fn caches_of_narrowed_sessions_renew_each_their_own() {
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(APP);
    let world = aws.world();
    let base = keys(&aws).assume(role(APP)).in_world(&world);
    let cache = |name: &str| {
        CredentialsCache::builder(base.scoped(of_tenant(name)).unwrap()).in_world(&world).build()
    };
    let (acme, globex) = (cache("acme"), cache("globex"));
    let first: Vec<Credentials> =
        vec![acme.credentials().await.unwrap(), globex.credentials().await.unwrap()];
    acme.renew().await.unwrap();
    assert_ne!(acme.credentials().await.unwrap().access_key_id(), first[0].access_key_id());
    assert_eq!(globex.credentials().await.unwrap().access_key_id(), first[1].access_key_id());
    let identity = Sts::in_world(&world).caller_identity(&first[0]).await.unwrap();
    assert!(identity.arn().starts_with("arn:aws:sts::222222222222:assumed-role/app/"), "{}", identity.arn());
}
