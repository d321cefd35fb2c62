//! Roles whose sessions somebody has to approve: who is asked when, above all when nobody is, and every way of a no.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::time::Duration;

use aws_credential_chain::gate::{Ask, Grant, Occasion};
use aws_credential_chain::providers::{AssumeRole, StaticKeys};
use aws_credential_chain::testing::{Fault, LocalAws, Route, Session, World};
use aws_credential_chain::{
    CacheState, CredentialsCache, CredentialsProvider, DefaultChain, Error, Failure, FailureKind,
    ProviderExt, RefreshPolicy, Role, SessionPolicy,
};
use support::approver::{Act, Approver};
use support::phone::{self, Phone, SERIAL};
use support::reads::{key, pass, refused};
use support::seen::Seen;

const ADMIN: &str = "arn:aws:iam::222222222222:role/admin";
const SPOKE: &str = "arn:aws:iam::333333333333:role/spoke";
const READ_ONLY: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#;
const MINUTE: Duration = Duration::from_secs(60);
const QUARTER: Duration = Duration::from_secs(900);

/// A user, a role behind a gate, and whom the gate asks.
struct Scene {
    aws: LocalAws,
    world: World,
    approver: Approver,
}

impl Scene {
    async fn new() -> Self {
        let aws = LocalAws::start().await.unwrap();
        aws.sts().role(ADMIN).trusts("arn:aws:iam::111111111111:user/alice");
        aws.sts().role(SPOKE).trusts(ADMIN);
        let world = aws.world();
        Self { aws, world, approver: Approver::default() }
    }

    fn user(&self) -> StaticKeys {
        let (id, secret) = self.aws.sts().user("111111111111", "alice");
        StaticKeys::new(id, secret, None).unwrap()
    }

    fn gated(&self, source: impl CredentialsProvider, role: Role) -> AssumeRole {
        let approver = self.approver.clone();
        source.assume(role).in_world(&self.world).gated(move |ask| approver.clone().answer(ask))
    }

    fn admin(&self) -> AssumeRole {
        self.gated(self.user(), role(ADMIN))
    }

    fn cache(&self, provider: impl CredentialsProvider) -> CredentialsCache {
        CredentialsCache::builder(provider).in_world(&self.world).build()
    }

    /// A quarter of an hour of a role that trusts the admins.
    fn spoke(&self, hub: impl CredentialsProvider) -> CredentialsCache {
        let spoke = Role::builder(SPOKE).duration(QUARTER).build().unwrap();
        self.cache(hub.assume(spoke).in_world(&self.world))
    }

    /// How often STS was asked for a session.
    fn issued(&self) -> usize {
        self.aws.count(Route::AssumeRole)
    }

    /// What STS knows of the session of these keys.
    fn session(&self, access_key_id: &str) -> Session {
        self.aws.sts().session(access_key_id).expect("a session of a role")
    }
}

fn role(arn: &str) -> Role {
    Role::builder(arn).build().unwrap()
}

/// What reads say once a session is over.
const OVER: [&str; 4] = [ADMIN, "the approval of the gate", "expired at", "call `renew()`"];

#[tokio::test(start_paused = true)]
async fn a_gate_is_asked_once_and_the_session_is_kept_to_its_end() {
    let (seen, _guard) = Seen::start();
    let scene = Scene::new().await;
    // The default policy, which renews whatever it may.
    let cache = scene.cache(scene.admin());
    let _fresh = cache.keep_fresh().unwrap();
    let first = key(&cache).await;
    pass(59, &cache).await;
    assert_eq!(key(&cache).await, first);
    let status = cache.status();
    assert_eq!((status.state, status.refresh_due), (CacheState::Fresh, None));
    assert!(!cache.valid_for(2 * MINUTE).await.unwrap().shortfall().is_zero());
    assert_eq!((scene.approver.asked(), scene.issued()), (1, 1));

    // After its end: an error for as long as nobody asks, and nothing that would be served all the same.
    pass(600, &cache).await;
    let error = refused(&cache, FailureKind::Withheld, &OVER).await;
    assert!(!error.is_transient() && error.next_attempt().is_none());
    assert!(cache.current().is_none() && cache.ready(MINUTE).await.is_err());
    assert_eq!((cache.status().state, scene.approver.asked(), scene.issued()), (CacheState::Expired, 1, 1));

    let renewed = cache.renew().await.unwrap();
    assert_ne!(renewed.access_key_id(), first);
    // Asked for by hand, it asks, also where the session is good.
    cache.renew().await.unwrap();
    assert_eq!((scene.approver.asked(), scene.issued()), (3, 3));
    let occasions: Vec<_> = scene.approver.asks().iter().map(Ask::occasion).collect();
    assert_eq!(occasions, [Occasion::FirstRead, Occasion::Renewal, Occasion::Renewal]);

    seen.also(format!("{cache:?} {renewed:?} {error:?} {:?} {:?}", scene.admin(), scene.approver.asks()));
    seen.assert_none_of(scene.aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn a_gate_knows_what_it_is_asked_and_its_grant_goes_to_sts() {
    let scene = Scene::new().await;
    let read_only = SessionPolicy::from_json(READ_ONLY).unwrap();
    scene.approver.then([Act::Grants(
        Grant::new("it's stuck, #4711!")
            .source_identity("alice")
            .session_name("alice-4711")
            .tag("approved-by", "bob")
            .duration(QUARTER)
            .policy(read_only.clone()),
    )]);
    let role = Role::builder(ADMIN).external_id("CANARY-x-42").tag("team", "ops").build().unwrap();
    scene.aws.sts().role(ADMIN).requires_external_id("CANARY-x-42").requires_tag("reason");
    let cache = scene.cache(scene.gated(scene.user(), role.clone()));
    let credentials = cache.credentials().await.unwrap();

    let ask = &scene.approver.asks()[0];
    assert_eq!(ask.role(), &role);
    assert!(ask.session_name().starts_with("aws-credential-chain-"));
    assert!(ask.access_key_id().starts_with("AKIA") && ask.account_id().is_none());
    assert_eq!((ask.source().to_string().as_str(), ask.at()), ("static keys", scene.world.clock().now()));
    let shown =
        format!("{ADMIN} as {} with {} of static keys (first read)", ask.session_name(), ask.access_key_id());
    assert_eq!(ask.to_string(), shown);
    assert!(!format!("{ask:?}").contains("CANARY"));

    let session = scene.session(credentials.access_key_id());
    assert_eq!(session.name(), "alice-4711");
    assert_eq!(session.source_identity(), Some("alice"));
    assert_eq!(session.policy(), Some(read_only.as_str()));
    assert_eq!(session.expiry(), scene.world.clock().now() + QUARTER);
    let tags = [("approved-by", "bob"), ("reason", "it_s stuck_ _4711_"), ("team", "ops")];
    let known: Vec<_> = session.tags().iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(known, tags);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_chose_is_the_one_that_was_told() {
    let scene = Scene::new().await;
    scene.approver.then([Act::Dawdles(MINUTE)]);
    let cache = scene.cache(scene.admin());
    let session = scene.session(&key(&cache).await);
    assert_eq!(session.name(), scene.approver.asks()[0].session_name());
}

#[tokio::test(start_paused = true)]
async fn every_no_is_remembered_and_nothing_is_asked_of_sts() {
    let (seen, _guard) = Seen::start();
    let scene = Scene::new().await;
    let cases: [(Act, &[&str]); 7] = [
        (
            Act::Refuses("security says \u{1b}[31mno"),
            &["security says  [31mno", "`renew()` asks the gate anew"],
        ),
        (Act::Panics, &["it panicked", "stderr", "`renew()` asks"]),
        (Act::Hangs, &["none within 300 s", "`renew()` asks"]),
        (Act::Grants(Grant::new("")), &["a grant in which the reason is empty", "`renew()` asks"]),
        (
            Act::Grants(Grant::new("r").tag("a;b", "v")),
            &["the key of a tag has a character", "write 1 to 128"],
        ),
        (Act::Grants(Grant::new("r").duration(2 * 60 * MINUTE)), &["more than the 3600 s of the role"]),
        (Act::Grants(Grant::new("r").source_identity("")), &["the source identity is empty"]),
    ];
    for (asked, (act, says)) in (1..).zip(cases) {
        scene.approver.then([act]);
        let cache = scene.cache(scene.admin());
        let _fresh = cache.keep_fresh().unwrap();
        let mut says = says.to_vec();
        says.extend(["no approval of the gate of", ADMIN]);
        let error = refused(&cache, FailureKind::Withheld, &says).await;
        assert!(!error.is_transient() && error.next_attempt().is_none(), "{error}");
        // Programs try again; nobody is asked for that.
        pass(120, &cache).await;
        let later = refused(&cache, FailureKind::Withheld, &says).await;
        assert_eq!(later.to_string(), error.to_string());
        assert_eq!((scene.approver.asked(), scene.issued()), (2 * asked - 1, asked - 1));
        // And then it works.
        cache.renew().await.unwrap();
        assert_eq!((scene.approver.asked(), scene.issued()), (2 * asked, asked));
        seen.also(format!("{error:?} {cache:?}"));
    }
    seen.assert_none_of(scene.aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn a_no_to_a_renewal_leaves_what_is_in_hand() {
    let scene = Scene::new().await;
    let cache = scene.cache(scene.admin());
    let first = key(&cache).await;
    scene.approver.then([Act::Refuses("enough")]);
    let error = cache.renew().await.unwrap_err();
    assert!(error.to_string().contains("enough"), "{error}");
    pass(59, &cache).await;
    assert_eq!(key(&cache).await, first);
    pass(60, &cache).await;
    refused(&cache, FailureKind::Withheld, &["enough"]).await;
    assert_eq!((scene.approver.asked(), scene.issued()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_readers_ask_once() {
    let scene = Scene::new().await;
    scene.approver.then([Act::Dawdles(2 * MINUTE), Act::Refuses("no more")]);
    let cache = scene.cache(scene.admin());
    for granted in [true, false] {
        let readers: Vec<_> = (0..1000)
            .map(|number| {
                let cache = cache.clone();
                tokio::spawn(async move {
                    // Half of them give up.
                    let patience = if number % 2 == 0 { MINUTE } else { 10 * MINUTE };
                    tokio::time::timeout(patience, cache.credentials()).await.ok()
                })
            })
            .collect();
        let mut answers = Vec::new();
        for reader in readers {
            answers.extend(reader.await.unwrap());
        }
        assert!(answers.len() >= 500 && answers.iter().all(|answer| answer.is_ok() == granted));
        cache.forget();
    }
    assert_eq!((scene.approver.asked(), scene.issued()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_after_a_yes_nobody_is_asked_twice() {
    let scene = Scene::new().await;
    for (fault, kind_of_it, says) in [
        (Fault::status(503).forever(), FailureKind::Unavailable, "answered 503"),
        (Fault::hang().forever(), FailureKind::TimedOut, "no whole answer"),
        (Fault::sts_error("AccessDenied").forever(), FailureKind::Refused, "AccessDenied"),
        (Fault::sts_error("Throttling").forever(), FailureKind::Throttled, "Throttling"),
        (Fault::garbage().forever(), FailureKind::Malformed, "no HTTP"),
    ] {
        let asked = scene.approver.asked();
        scene.aws.fault(Route::AssumeRole, fault);
        let cache = scene.cache(scene.admin());
        let says = [says, ADMIN, "`renew()` asks the gate anew"];
        refused(&cache, kind_of_it, &says).await;
        let issued = scene.issued();
        pass(60, &cache).await;
        refused(&cache, kind_of_it, &says).await;
        assert_eq!((scene.approver.asked(), scene.issued()), (asked + 1, issued), "{kind_of_it:?}");
        scene.aws.clear_faults();
        cache.renew().await.unwrap();
        assert_eq!(scene.approver.asked(), asked + 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_sts_rejects_is_healed_with_the_same_approval() {
    let scene = Scene::new().await;
    scene.aws.metadata().role("web");
    let base = CredentialsCache::builder(DefaultChain::in_world(&scene.world)).in_world(&scene.world).build();
    let before = key(&base).await;
    scene.aws.sts().role(ADMIN).trusts(base.current().unwrap().account_id().unwrap());
    scene.aws.fault(Route::AssumeRole, Fault::sts_error("ExpiredToken").times(1));
    let cache = scene.cache(scene.gated(base.clone(), role(ADMIN)));
    key(&cache).await;
    assert_ne!(key(&base).await, before);
    assert_eq!((scene.approver.asked(), scene.issued()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_a_service_refuses_is_not_renewed_unbidden() {
    let scene = Scene::new().await;
    let cache = scene.cache(scene.admin());
    let first = key(&cache).await;
    assert!(cache.invalidate(first.as_str()));
    refused(&cache, FailureKind::Withheld, &[ADMIN, "refused by a service", "call `renew()`"]).await;
    pass(90, &cache).await;
    assert_eq!(scene.approver.asked(), 1);
    cache.renew().await.unwrap();
    assert_ne!(key(&cache).await, first);
}

#[tokio::test(start_paused = true)]
async fn what_is_made_from_the_session_is_renewed_in_silence_until_that_ends() {
    let scene = Scene::new().await;
    let cache = scene.spoke(scene.admin());
    let _fresh = cache.keep_fresh().unwrap();
    // Nobody has asked yet.
    tokio::time::sleep(5 * MINUTE).await;
    assert_eq!(scene.approver.asked(), 0);
    let mut keys = vec![key(&cache).await];
    for _ in 0..59 {
        pass(1, &cache).await;
        keys.push(key(&cache).await);
    }
    keys.dedup();
    assert!(keys.len() > 4, "{keys:?}");
    let session = scene.session(&keys[0]);
    assert_eq!(session.source_identity(), Some("alice"));
    pass(90, &cache).await;
    refused(&cache, FailureKind::Withheld, &[SPOKE, ADMIN, "the approval of the gate", "call `renew()`"])
        .await;
    assert_eq!(scene.approver.asked(), 1);
    let issued = scene.issued();
    cache.renew().await.unwrap();
    assert_eq!((scene.approver.asked(), scene.issued()), (2, issued + 2));
    // The admin's session is good now: nobody need be asked for another.
    cache.renew().await.unwrap();
    assert_eq!((scene.approver.asked(), scene.issued()), (2, issued + 3));
}

#[tokio::test(start_paused = true)]
async fn a_gate_may_stand_behind_another_role() {
    let scene = Scene::new().await;
    scene.aws.sts().role(SPOKE).trusts("arn:aws:iam::111111111111:user/alice");
    scene.aws.sts().role(ADMIN).trusts(SPOKE);
    let spoke = Role::builder(SPOKE).duration(QUARTER).build().unwrap();
    let hub = scene.user().assume(spoke).in_world(&scene.world);
    let cache = scene.cache(scene.gated(hub, role(ADMIN)));
    key(&cache).await;
    assert_eq!(scene.approver.asks()[0].source().to_string(), format!("static keys → assume role ({SPOKE})"));
    pass(120, &cache).await;
    refused(&cache, FailureKind::Withheld, &OVER).await;
    assert_eq!(scene.approver.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_narrowed_role_is_behind_the_same_gate() {
    let scene = Scene::new().await;
    let admin = scene.admin();
    let policy = SessionPolicy::from_json(READ_ONLY).unwrap();
    let (narrow, wide) = (scene.cache(admin.scoped(policy.clone()).unwrap()), scene.cache(admin));
    for (asked, (cache, policy)) in (1..).zip([(narrow, Some(&policy)), (wide, None)]) {
        key(&cache).await;
        assert_eq!(scene.approver.asked(), asked);
        let ask = &scene.approver.asks()[asked - 1];
        assert_eq!(ask.role().policy(), policy);
        assert_eq!(
            ask.to_string().contains(", narrowed by a session policy, with "),
            policy.is_some(),
            "{ask}"
        );
    }
    // What narrows already is not widened by a grant.
    scene.approver.then([Act::Grants(Grant::new("r").policy(policy.clone()))]);
    let cache = scene.cache(scene.admin().scoped(policy).unwrap());
    refused(&cache, FailureKind::Withheld, &["has a session policy already"]).await;
}

#[tokio::test(start_paused = true)]
async fn with_a_device_too_the_gate_is_asked_first() {
    let (seen, _guard) = Seen::start();
    let scene = Scene::new().await;
    scene.aws.sts().role(ADMIN).requires_mfa();
    let phone = Phone::of(&scene.aws);
    let prompts = phone.clone();
    let admin = scene.admin().mfa(SERIAL, move |prompt| phone.clone().answer(prompt));
    scene.approver.then([Act::Refuses("no"), Act::Dawdles(4 * MINUTE)]);
    prompts.then([phone::Act::Dawdles(4 * MINUTE), phone::Act::Refuses("lost it")]);
    let cache = scene.cache(admin);
    refused(&cache, FailureKind::Withheld, &["no approval"]).await;
    assert_eq!((scene.approver.asked(), prompts.asked()), (1, 0));
    // Both take their time.
    cache.renew().await.unwrap();
    assert_eq!((scene.approver.asked(), prompts.asked()), (2, 1));
    pass(120, &cache).await;
    let both = ["the approval of the gate of", " and a code of the MFA device", SERIAL];
    refused(&cache, FailureKind::Withheld, &both).await;
    let error = cache.renew().await.unwrap_err();
    assert!(error.to_string().ends_with("lost it; `renew()` asks for another code"), "{error}");
    pass(60, &cache).await;
    assert_eq!((scene.approver.asked(), prompts.asked(), scene.issued()), (3, 2, 1));
    seen.also(format!("{error:?} {cache:?}"));
    seen.assert_none_of(prompts.typed());
    seen.assert_none_of(scene.aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_to_approve_what_cannot_come_about() {
    let scene = Scene::new().await;
    let nothing = scene.cache(scene.gated(DefaultChain::in_world(&World::new()), role(ADMIN)));
    assert!(nothing.credentials().await.is_err());
    let own = Role::builder(ADMIN).tag("reason", "mine").build().unwrap();
    let cache = scene.cache(scene.gated(scene.user(), own));
    refused(
        &cache,
        FailureKind::Misconfigured,
        &[ADMIN, "has a tag `reason` itself", "name that tag otherwise"],
    )
    .await;
    let mut full = Role::builder(ADMIN);
    for number in 0..50 {
        full = full.tag(format!("tag-{number}"), "v");
    }
    let cache = scene.cache(scene.gated(scene.user(), full.build().unwrap()));
    refused(&cache, FailureKind::Misconfigured, &[ADMIN, "is gated", "51 tags"]).await;
    assert_eq!((scene.approver.asked(), scene.issued()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn every_call_without_a_cache_asks() {
    let scene = Scene::new().await;
    let admin = scene.admin();
    for _ in 0..2 {
        admin.retrieve().await.unwrap();
    }
    assert_eq!(scene.approver.asked(), 2);
    assert_eq!(scene.approver.asks()[1].occasion(), Occasion::Renewal);
}

#[tokio::test(start_paused = true)]
async fn on_demand_is_no_different() {
    let scene = Scene::new().await;
    let cache = CredentialsCache::builder(scene.admin())
        .in_world(&scene.world)
        .refresh(RefreshPolicy::on_demand())
        .build();
    key(&cache).await;
    pass(300, &cache).await;
    refused(&cache, FailureKind::Withheld, &OVER).await;
    cache.renew().await.unwrap();
    assert_eq!(scene.approver.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_role_says_that_it_is_gated() {
    let scene = Scene::new().await;
    let admin = scene.admin();
    assert!(format!("{admin:?}").contains("gate: Some(Gate)"), "{admin:?}");
    let (id, secret) = scene.aws.sts().user("111111111111", "alice");
    let world = scene.world.clone().env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", secret);
    let chain = DefaultChain::in_world(&world).environment(admin.notify(|_| async { Ok(()) }));
    let explanation = chain.explain().await;
    let text = explanation.render(200, false);
    assert!(text.contains("gated: the first read and `renew()` ask for an approval"), "{text}");
    assert!(text.contains("each session is announced; sinks: 1"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_device_whose_callback_panics_is_not_asked_again_either() {
    let scene = Scene::new().await;
    let panics = |_| -> std::future::Ready<Result<String, Box<dyn std::error::Error + Send + Sync>>> {
        panic!("as the test says")
    };
    let cache = scene.cache(scene.user().assume(role(ADMIN)).in_world(&scene.world).mfa(SERIAL, panics));
    refused(&cache, FailureKind::Withheld, &["no MFA code", "it panicked"]).await;
}

/// A provider of somebody who knows nothing of gates.
struct Wrapped {
    inner: AssumeRole,
    then: Then,
}

#[derive(Clone, Copy, Debug)]
enum Then {
    /// It has the time that providers have who do not say how long they take, and the gate takes longer.
    GivesUp,
    /// In words of its own.
    Rewords,
    /// As a chain would go on.
    IsAbsent,
    Panics,
}

impl CredentialsProvider for Wrapped {
    async fn retrieve(&self) -> Result<aws_credential_chain::Credentials, Error> {
        let answer = self.inner.retrieve().await;
        match self.then {
            Then::GivesUp => answer,
            Then::Rewords => Err(Failure::new(FailureKind::Unavailable, "mine", "no luck").into()),
            Then::IsAbsent => Err(Error::not_configured("mine", "nothing is set up")),
            Then::Panics => panic!("as the test says"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_becomes_of_a_yes_around_the_role_nobody_is_asked_twice() {
    let scene = Scene::new().await;
    for (then, kind_of_it, says) in [
        (Then::GivesUp, FailureKind::TimedOut, "no answer within 30 s"),
        (Then::Rewords, FailureKind::Unavailable, "no luck"),
        (Then::IsAbsent, FailureKind::Withheld, "nothing is set up"),
        (Then::Panics, FailureKind::Interrupted, "panicked"),
    ] {
        let asked = scene.approver.asked();
        if matches!(then, Then::GivesUp) {
            scene.approver.then([Act::Dawdles(MINUTE)]);
        }
        let cache = scene.cache(Wrapped { inner: scene.admin(), then });
        let _fresh = cache.keep_fresh().unwrap();
        for _ in 0..2 {
            let error = refused(&cache, kind_of_it, &[says, "`renew()`"]).await;
            assert!(error.next_attempt().is_none(), "{error}");
            pass(60, &cache).await;
        }
        assert_eq!(scene.approver.asked(), asked + 1, "{then:?}");
        let _ = cache.renew().await;
        assert_eq!(scene.approver.asked(), asked + 2, "{then:?}");
    }
}

#[test]
fn a_runtime_that_ends_while_somebody_is_asked_leaves_a_no() {
    let world = World::new();
    let approver = Approver::default();
    approver.then([Act::Hangs]);
    let gate = approver.clone();
    let keys = StaticKeys::new("AKIAEXAMPLE", "secret", None).unwrap();
    let admin = keys.assume(role(ADMIN)).in_world(&world).gated(move |ask| gate.clone().answer(ask));
    let cache = CredentialsCache::builder(admin).in_world(&world).build();
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    };
    let gave_up = runtime().block_on(async { tokio::time::timeout(MINUTE, cache.credentials()).await });
    assert!(gave_up.is_err());
    runtime().block_on(refused(&cache, FailureKind::Interrupted, &["cut off", "`renew()`"]));
    assert_eq!(approver.asked(), 1);
}
