//! Roles that ask for a code of an MFA device: who is asked when, and above all when nobody is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::time::Duration;

use aws_credential_chain::providers::{AssumeRole, StaticKeys};
use aws_credential_chain::testing::{Fault, LocalAws, Route, World};
use aws_credential_chain::{
    CacheState, CredentialsCache, CredentialsProvider, Error, FailureKind, ProviderChain, ProviderExt, Role,
    provider_fn,
};
use support::outcome::{kind, settle};
use support::phone::{Act, Phone, SERIAL};
use support::reads::{key, pass, refused};
use support::seen::Seen;

const ADMIN: &str = "arn:aws:iam::222222222222:role/admin";
const SPOKE: &str = "arn:aws:iam::333333333333:role/spoke";
const OTHER: &str = "arn:aws:iam::444444444444:role/other";
const MINUTE: Duration = Duration::from_secs(60);
const QUARTER: Duration = Duration::from_secs(900);

/// A user with a device, and a role that asks for its codes.
struct Scene {
    aws: LocalAws,
    world: World,
    phone: Phone,
}

impl Scene {
    async fn new() -> Self {
        let aws = LocalAws::start().await.unwrap();
        aws.sts().role(ADMIN).trusts("arn:aws:iam::111111111111:user/alice").requires_mfa();
        aws.sts().role(SPOKE).trusts(ADMIN);
        aws.sts().role(OTHER).trusts(ADMIN);
        let (world, phone) = (aws.world(), Phone::of(&aws));
        Self { aws, world, phone }
    }

    fn admin(&self) -> AssumeRole {
        let (id, secret) = self.aws.sts().user("111111111111", "alice");
        let phone = self.phone.clone();
        StaticKeys::new(id, secret, None)
            .unwrap()
            .assume(role(ADMIN))
            .in_world(&self.world)
            .mfa(SERIAL, move |prompt| phone.clone().answer(prompt))
    }

    fn cache(&self, provider: impl CredentialsProvider) -> CredentialsCache {
        CredentialsCache::builder(provider).in_world(&self.world).build()
    }

    /// A quarter of an hour of a role that trusts the admins.
    fn spoke(&self, hub: impl CredentialsProvider, arn: &str) -> CredentialsCache {
        let spoke = Role::builder(arn).duration(QUARTER).build().unwrap();
        self.cache(hub.assume(spoke).in_world(&self.world))
    }

    /// How often STS was asked for a session.
    fn issued(&self) -> usize {
        self.aws.count(Route::AssumeRole)
    }
}

fn role(arn: &str) -> Role {
    Role::builder(arn).build().unwrap()
}

/// What a person does, what STS does, what comes of it, and how often STS is asked.
type Case = (Act, Option<Fault>, FailureKind, &'static [&'static str], usize);

/// What reads say once a session is over.
const OVER: [&str; 4] = [ADMIN, SERIAL, "expired at", "call `renew()`"];

#[tokio::test(start_paused = true)]
async fn a_person_is_asked_once_and_the_session_is_kept_to_its_end() {
    let (seen, _guard) = Seen::start();
    let scene = Scene::new().await;
    let cache = scene.cache(scene.admin());
    let _fresh = cache.keep_fresh().unwrap();
    let first = key(&cache).await;
    assert_eq!(scene.phone.prompts(), [format!("MFA code of {SERIAL} for {ADMIN}")]);
    pass(59, &cache).await;
    assert_eq!(key(&cache).await, first);
    let status = cache.status();
    assert_eq!((status.state, status.refresh_due), (CacheState::Fresh, None));
    assert!(!cache.valid_for(2 * MINUTE).await.unwrap().shortfall().is_zero());
    assert_eq!((scene.phone.asked(), scene.issued()), (1, 1));

    // After its end: an error for as long as nobody asks, and nothing that would be served all the same.
    pass(120, &cache).await;
    let error = refused(&cache, FailureKind::Withheld, &OVER).await;
    assert!(!error.is_transient() && error.next_attempt().is_none());
    assert!(cache.current().is_none() && cache.ready(MINUTE).await.is_err());
    assert_eq!((cache.status().state, scene.phone.asked(), scene.issued()), (CacheState::Expired, 1, 1));

    let renewed = cache.renew().await.unwrap();
    assert_ne!(renewed.access_key_id(), first);
    assert_eq!((key(&cache).await.as_str(), scene.phone.asked()), (renewed.access_key_id(), 2));
    // Asked for by hand, it asks, also where the session is good.
    cache.renew().await.unwrap();
    assert_eq!(scene.phone.asked(), 3);

    assert_eq!(scene.phone.typed().len(), 3);
    seen.also(format!("{cache:?} {renewed:?} {error:?} {:?} {:?}", cache.status(), scene.admin()));
    seen.assert_none_of(scene.aws.secrets());
    seen.assert_none_of(scene.phone.typed());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_a_service_refuses_is_not_renewed_unbidden() {
    let scene = Scene::new().await;
    let cache = scene.cache(scene.admin());
    let _fresh = cache.keep_fresh().unwrap();
    let first = key(&cache).await;
    assert!(cache.invalidate(first.as_str()));
    refused(&cache, FailureKind::Withheld, &[ADMIN, SERIAL, "refused by a service", "call `renew()`"]).await;
    pass(90, &cache).await;
    assert_eq!(scene.phone.asked(), 1);
    cache.renew().await.unwrap();
    assert_ne!(key(&cache).await, first);
    assert_eq!(scene.phone.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_made_from_the_session_is_renewed_in_silence_until_that_ends() {
    let (seen, _guard) = Seen::start();
    let scene = Scene::new().await;
    let cache = scene.spoke(scene.admin(), SPOKE);
    let _fresh = cache.keep_fresh().unwrap();
    let mut keys = vec![key(&cache).await];
    for _ in 0..59 {
        pass(1, &cache).await;
        keys.push(key(&cache).await);
    }
    keys.dedup();
    assert!(keys.len() > 4, "{keys:?}");
    assert_eq!(scene.phone.asked(), 1);
    // The last quarter of an hour is served to its end.
    let left = cache.credentials().await.unwrap().expiry().unwrap();
    while scene.world.clock().now() + Duration::from_secs(1) < left {
        cache.credentials().await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    pass(90, &cache).await;
    let over = refused(&cache, FailureKind::Withheld, &[SPOKE, ADMIN, SERIAL, "call `renew()`"]).await;
    assert_eq!(scene.phone.asked(), 1);

    let issued = scene.issued();
    cache.renew().await.unwrap();
    assert_eq!((scene.phone.asked(), scene.issued()), (2, issued + 2));
    // The admin's session is good now: nobody need be asked for another.
    cache.renew().await.unwrap();
    assert_eq!((scene.phone.asked(), scene.issued()), (2, issued + 3));
    seen.also(format!("{over:?} {over} {cache:?}"));
    seen.assert_none_of(scene.aws.secrets());
    seen.assert_none_of(scene.phone.typed());
}

#[tokio::test(start_paused = true)]
async fn a_renewal_reaches_down_through_any_number_of_hops() {
    let scene = Scene::new().await;
    scene.aws.sts().role(OTHER).trusts(SPOKE);
    let spoke = Role::builder(SPOKE).duration(QUARTER).build().unwrap();
    let spoke = scene.admin().assume(spoke).in_world(&scene.world);
    let cache = scene.spoke(spoke, OTHER);
    let _fresh = cache.keep_fresh().unwrap();
    key(&cache).await;
    // All of them are over, and each remembers that the one below is.
    pass(120, &cache).await;
    refused(&cache, FailureKind::Withheld, &OVER).await;
    assert_eq!(scene.phone.asked(), 1);
    cache.renew().await.unwrap();
    assert_eq!(scene.phone.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_shared_and_renewed_heals_all_that_is_made_from_it() {
    let scene = Scene::new().await;
    let hub = scene.cache(scene.admin());
    let spokes = [scene.spoke(hub.clone(), SPOKE), scene.spoke(hub.clone(), OTHER)];
    let _fresh = spokes.each_ref().map(|spoke| spoke.keep_fresh().unwrap());
    for spoke in &spokes {
        key(spoke).await;
    }
    pass(90, &spokes[0]).await;
    for spoke in &spokes {
        refused(spoke, FailureKind::Withheld, &OVER).await;
    }
    assert_eq!(scene.phone.asked(), 1);
    hub.renew().await.unwrap();
    tokio::time::sleep(MINUTE).await;
    settle().await;
    for spoke in &spokes {
        spoke.credentials().await.unwrap();
    }
    assert_eq!(scene.phone.asked(), 2);
    // Of two that ask by hand at once, both are content with one prompt.
    tokio::time::sleep(90 * MINUTE).await;
    let (one, other) = tokio::join!(spokes[0].renew(), spokes[1].renew());
    one.unwrap();
    other.unwrap();
    assert_eq!(scene.phone.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_sts_itself_refuses_waits_for_a_renewal() {
    let scene = Scene::new().await;
    let cache = scene.spoke(scene.admin(), SPOKE);
    key(&cache).await;
    scene.aws.fault(Route::AssumeRole, Fault::sts_error("ExpiredToken").times(1));
    tokio::time::sleep(11 * MINUTE).await;
    cache.credentials().await.unwrap();
    settle().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let failure = cache.status().last_failure.expect("the refresh failed").to_string();
    assert!(failure.contains("refused by a service") && failure.contains(SERIAL), "{failure}");
    assert_eq!(scene.phone.asked(), 1);
    cache.renew().await.unwrap();
    assert_eq!(scene.phone.asked(), 2);
    // In a renewal it is renewed at once: the session that was refused, and what is made from it.
    scene.aws.fault(Route::AssumeRole, Fault::sts_error("ExpiredToken").times(1));
    cache.renew().await.unwrap();
    assert_eq!(scene.phone.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn keeping_fresh_asks_nobody_and_a_read_does() {
    let scene = Scene::new().await;
    let direct = scene.cache(scene.admin());
    let nested = scene.spoke(scene.admin(), SPOKE);
    let _fresh = [direct.keep_fresh().unwrap(), nested.keep_fresh().unwrap()];
    tokio::time::sleep(5 * MINUTE).await;
    assert_eq!((scene.phone.asked(), scene.issued()), (0, 0));
    for cache in [&direct, &nested] {
        let failure = cache.status().last_failure.expect("it tried").to_string();
        assert!(
            failure.contains(ADMIN) && failure.contains(SERIAL) && failure.contains("renew()"),
            "{failure}"
        );
    }
    // However soon after the scheduler's last attempt.
    key(&direct).await;
    nested.ready(Duration::from_secs(10)).await.unwrap();
    assert_eq!(scene.phone.asked(), 2);
    // Forgotten on purpose: a read is the first again.
    direct.forget();
    settle().await;
    key(&direct).await;
    assert_eq!(scene.phone.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_finds_a_refresh_of_nobodys_under_way_asks_all_the_same() {
    let scene = Scene::new().await;
    let slow = provider_fn(|| async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        Err(Error::not_configured("slow", "takes its time"))
    });
    let cache = scene.cache(ProviderChain::new().then(slow).then(scene.admin()));
    let _fresh = cache.keep_fresh().unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(cache.status().refreshing);
    key(&cache).await;
    assert_eq!(scene.phone.asked(), 1);

    // A renewal likewise, where what nobody asked for is in its way.
    cache.forget();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(cache.status().refreshing);
    cache.renew().await.unwrap();
    assert_eq!(scene.phone.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_with_a_code_nobody_is_asked_twice() {
    let (seen, _guard) = Seen::start();
    let scene = Scene::new().await;
    let unavailable = || Fault::status(503).forever();
    let cases: [Case; 7] = [
        (Act::Refuses("not now"), None, FailureKind::Withheld, &["not now"], 0),
        (
            Act::Types("73184"),
            None,
            FailureKind::Withheld,
            &["the MFA code has 5 characters", "write 6 digits"],
            0,
        ),
        (Act::Types("73184x"), None, FailureKind::Withheld, &["not allowed, at position 6"], 0),
        (Act::Types(""), None, FailureKind::Withheld, &["the MFA code is empty"], 0),
        (Act::Hangs, None, FailureKind::Withheld, &["none within 300 s"], 0),
        (
            Act::Types("482913"),
            None,
            FailureKind::Refused,
            &[
                "a code of arn",
                "invalid MFA one time pass code",
                "wrong, or had been used",
                "wait for the next one",
            ],
            1,
        ),
        (Act::Dawdles(MINUTE), Some(unavailable()), FailureKind::Unavailable, &["answered 503"], 3),
    ];
    for (act, fault, kind_of_it, says, requests) in cases {
        let what = format!("{act:?}");
        scene.phone.then([act]);
        if let Some(fault) = fault {
            scene.aws.fault(Route::AssumeRole, fault);
        }
        let cache = scene.cache(scene.admin());
        let (asked, issued) = (scene.phone.asked(), scene.issued());
        let error = refused(&cache, kind_of_it, says).await;
        let text = error.to_string();
        for part in [ADMIN, SERIAL, "`renew()` asks for another code"] {
            assert!(text.contains(part), "{what}: {part} is not in: {text}");
        }
        assert_eq!(scene.issued() - issued, requests, "{what}");
        scene.aws.clear_faults();
        let _fresh = cache.keep_fresh().unwrap();
        pass(200, &cache).await;
        assert_eq!(refused(&cache, kind_of_it, says).await.to_string(), text);
        assert!(cache.ready(MINUTE).await.is_err());
        assert_eq!((scene.phone.asked() - asked, scene.issued() - issued), (1, requests), "{what}");
        cache.renew().await.unwrap();
        key(&cache).await;
        assert_eq!(scene.phone.asked() - asked, 2, "{what}");
        seen.also(format!("{error:?} {text} {cache:?}"));
    }
    seen.assert_none_of(scene.aws.secrets());
    seen.assert_none_of(scene.phone.typed().iter().filter(|typed| typed.len() > 3));
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_takes_nothing_away() {
    let scene = Scene::new().await;
    let cache = scene.cache(scene.admin());
    let first = key(&cache).await;
    scene.phone.then([Act::Refuses("away"), Act::Types("482913")]);
    for _ in 0..2 {
        assert!(cache.renew().await.is_err());
        assert_eq!(key(&cache).await, first);
    }
    pass(59, &cache).await;
    assert_eq!(key(&cache).await, first);
    pass(2, &cache).await;
    refused(&cache, FailureKind::Refused, &[ADMIN, SERIAL, "invalid MFA one time pass code"]).await;
    assert_eq!(scene.phone.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn below_another_role_a_prompt_in_vain_is_remembered_too() {
    let scene = Scene::new().await;
    let cache = scene.spoke(scene.admin(), SPOKE);
    scene.phone.then([Act::Types("482913")]);
    let text = refused(&cache, FailureKind::Refused, &[SPOKE, ADMIN, SERIAL]).await.to_string();
    assert!(text.contains("`renew()` asks for another code"), "{text}");
    let _fresh = cache.keep_fresh().unwrap();
    pass(30, &cache).await;
    assert_eq!((scene.phone.asked(), scene.issued()), (1, 1));
    cache.renew().await.unwrap();
    assert_eq!((scene.phone.asked(), scene.issued()), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn a_person_has_five_minutes_however_many_hops_follow() {
    let scene = Scene::new().await;
    scene.phone.then([Act::Dawdles(Duration::from_secs(299))]);
    let cache = scene.spoke(scene.cache(scene.admin()), SPOKE);
    let chain = ProviderChain::new().then(cache);
    let began = scene.world.clock().now();
    scene.cache(chain).credentials().await.unwrap();
    let took = scene.world.clock().now().duration_since(began).unwrap();
    assert!(took >= Duration::from_secs(299), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_read_that_is_given_up_leaves_the_prompt_standing() {
    let scene = Scene::new().await;
    scene.phone.then([Act::Dawdles(MINUTE)]);
    let cache = scene.cache(scene.admin());
    assert!(tokio::time::timeout(Duration::from_secs(1), cache.credentials()).await.is_err());
    tokio::time::sleep(2 * MINUTE).await;
    assert!(cache.current().is_some());
    assert_eq!(scene.phone.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_callback_asks_one_thing_at_a_time() {
    let scene = Scene::new().await;
    scene.phone.then([Act::Dawdles(MINUTE), Act::Dawdles(MINUTE)]);
    let world = scene.aws.world();
    let (id, secret) = scene.aws.sts().user("111111111111", "alice");
    let keys = format!("[dev]\naws_access_key_id={id}\naws_secret_access_key={secret}\n");
    let config = format!("[profile admin]\nrole_arn={ADMIN}\nsource_profile=dev\nmfa_serial={SERIAL}\n");
    let world = world.file("~/.aws/credentials", keys).file("~/.aws/config", config);
    let phone = scene.phone.clone();
    let files = aws_credential_chain::providers::ProfileFile::in_world(&world)
        .profile("admin")
        .mfa(move |prompt| phone.clone().answer(prompt));
    let caches = [scene.cache(files.clone()), scene.cache(files)];
    let (one, other) = tokio::join!(caches[0].credentials(), caches[1].credentials());
    assert_ne!(one.unwrap().access_key_id(), other.unwrap().access_key_id());
    assert_eq!((scene.phone.asked(), scene.phone.at_once()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_for_a_code_that_could_not_be_used() {
    let scene = Scene::new().await;
    let phone = scene.phone.clone();
    let answer = move |prompt| phone.clone().answer(prompt);
    let failing = provider_fn(|| async {
        Err(aws_credential_chain::Failure::new(FailureKind::Unreachable, "source", "is down").into())
    });
    let admin = failing.assume(role(ADMIN)).in_world(&scene.world).mfa(SERIAL, answer.clone());
    let error = admin.retrieve().await.unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("is down"), "{error}");

    for (serial, says) in [("GAHT", "has 4 characters"), ("GAHT 1234567", "not allowed, at position 5")] {
        let (id, secret) = scene.aws.sts().user("111111111111", "alice");
        let keys = StaticKeys::new(id, secret, None).unwrap();
        let admin = keys.assume(role(ADMIN)).in_world(&scene.world).mfa(serial, answer.clone());
        let error = admin.retrieve().await.unwrap_err();
        assert_eq!(kind(&error), Some(FailureKind::Misconfigured));
        assert!(error.to_string().contains(says), "{error}");
    }
    assert_eq!((scene.phone.asked(), scene.issued()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn without_a_cache_each_call_asks() {
    let scene = Scene::new().await;
    let admin = scene.admin();
    admin.retrieve().await.unwrap();
    admin.retrieve().await.unwrap();
    assert_eq!(scene.phone.asked(), 2);
    // Further down there is one: it asks again where its session is over.
    let spoke = scene.admin().assume(role(SPOKE)).in_world(&scene.world);
    for (minutes, asked) in [(0, 3), (30, 3), (31, 4)] {
        tokio::time::sleep(minutes * MINUTE).await;
        spoke.retrieve().await.unwrap();
        assert_eq!(scene.phone.asked(), asked, "after {minutes} more");
    }
}
