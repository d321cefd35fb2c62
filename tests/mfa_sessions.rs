//! Sessions of users with a second factor: one code for all the roles that ask for one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::time::Duration;

use aws_credential_chain::providers::{SessionToken, StaticKeys};
use aws_credential_chain::testing::{Fault, LocalAws, Route, World};
use aws_credential_chain::{
    CacheState, CredentialsCache, CredentialsProvider, FailureKind, ProviderExt, Role,
};
use support::outcome::{kind, settle};
use support::phone::{Act, Phone, SERIAL};
use support::seen::Seen;

const USER: &str = "arn:aws:iam::111111111111:user/alice";
const ADMIN: &str = "arn:aws:iam::222222222222:role/admin";
const AUDIT: &str = "arn:aws:iam::333333333333:role/audit";
const HOUR: Duration = Duration::from_secs(3600);

struct Scene {
    aws: LocalAws,
    world: World,
    phone: Phone,
}

impl Scene {
    async fn new() -> Self {
        let aws = LocalAws::start().await.unwrap();
        for role in [ADMIN, AUDIT] {
            aws.sts().role(role).trusts(USER).requires_mfa();
        }
        let (world, phone) = (aws.world(), Phone::of(&aws));
        Self { aws, world, phone }
    }

    fn plain(&self) -> SessionToken {
        let (id, secret) = self.aws.sts().user("111111111111", "alice");
        SessionToken::new(StaticKeys::new(id, secret, None).unwrap()).in_world(&self.world)
    }

    /// A session of eight hours.
    fn session(&self) -> SessionToken {
        let phone = self.phone.clone();
        self.plain().duration(8 * HOUR).mfa(SERIAL, move |prompt| {
            assert_eq!(prompt.role_arn(), None);
            phone.clone().answer(prompt)
        })
    }

    fn cache(&self, provider: impl CredentialsProvider) -> CredentialsCache {
        CredentialsCache::builder(provider).in_world(&self.world).build()
    }

    fn role(&self, with: &CredentialsCache, arn: &str) -> CredentialsCache {
        let role = Role::builder(arn).build().unwrap();
        self.cache(with.clone().assume(role).in_world(&self.world))
    }
}

#[tokio::test(start_paused = true)]
async fn one_code_is_for_all_roles_as_long_as_the_session_lasts() {
    let (seen, _guard) = Seen::start();
    let scene = Scene::new().await;
    let session = scene.cache(scene.session());
    let roles = [ADMIN, AUDIT].map(|arn| scene.role(&session, arn));
    let _fresh = roles.each_ref().map(|role| role.keep_fresh().unwrap());
    for _ in 0..7 * 6 {
        for role in &roles {
            role.credentials().await.unwrap();
        }
        tokio::time::sleep(HOUR / 6).await;
        settle().await;
    }
    assert_eq!(scene.phone.prompts(), [format!("MFA code of {SERIAL} for a session of its user")]);
    assert_eq!(scene.aws.count(Route::GetSessionToken), 1);
    assert!(scene.aws.count(Route::AssumeRole) >= 14, "{}", scene.aws.count(Route::AssumeRole));
    let status = session.status();
    assert_eq!((status.state, status.refresh_due), (CacheState::Fresh, None));

    // After its end: errors that say what to do, and nobody is asked unbidden.
    tokio::time::sleep(3 * HOUR).await;
    for cache in [&session, &roles[0], &roles[1]] {
        let error = cache.credentials().await.unwrap_err();
        assert_eq!(kind(&error), Some(FailureKind::Withheld), "{error}");
        for part in [SERIAL, "expired at", "call `renew()`"] {
            assert!(error.to_string().contains(part), "{part}: {error}");
        }
    }
    assert_eq!(scene.phone.asked(), 1);
    // Somebody renews one role: the session is renewed with it, by one code for both.
    roles[0].renew().await.unwrap();
    tokio::time::sleep(HOUR / 60).await;
    roles[1].credentials().await.unwrap();
    assert_eq!((scene.phone.asked(), scene.aws.count(Route::GetSessionToken)), (2, 2));
    seen.also(format!("{session:?} {roles:?} {:?}", scene.session()));
    seen.assert_none_of(scene.aws.secrets());
    seen.assert_none_of(scene.phone.typed());
}

#[tokio::test(start_paused = true)]
async fn a_session_without_a_code_opens_no_such_role() {
    let scene = Scene::new().await;
    let admin = scene.role(&scene.cache(scene.plain()), ADMIN);
    let error = admin.credentials().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Refused), "{error}");
    assert!(error.to_string().contains("MFA"), "{error}");
    assert_eq!(scene.phone.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_names_the_session_and_asks_nobody_twice() {
    for (act, fault, kind_of_it, says, requests) in [
        (Act::Refuses("no phone"), None, FailureKind::Withheld, "for a session of its user: no phone", 0),
        (Act::Types("12345"), None, FailureKind::Withheld, "the MFA code", 0),
        (Act::Types("000000"), None, FailureKind::Refused, "GetSessionToken with AKIA", 1),
        (Act::Hangs, None, FailureKind::Withheld, "none within 300 s", 0),
        (
            Act::Dawdles(Duration::from_secs(200)),
            Some(Fault::sts_error("AccessDenied")),
            FailureKind::Refused,
            SERIAL,
            1,
        ),
    ] {
        let (seen, _guard) = Seen::start();
        let scene = Scene::new().await;
        scene.phone.then([act.clone()]);
        if let Some(fault) = fault {
            scene.aws.fault(Route::GetSessionToken, fault);
        }
        let cache = scene.cache(scene.session());
        let error = cache.credentials().await.unwrap_err();
        assert_eq!(kind(&error), Some(kind_of_it), "{act:?}: {error}");
        assert!(error.to_string().starts_with("session token: "), "{act:?}: {error}");
        assert!(error.to_string().contains(says), "{act:?}: {error}");
        assert!(error.to_string().contains("`renew()` asks for another code"), "{act:?}: {error}");
        tokio::time::sleep(HOUR).await;
        cache.credentials().await.unwrap_err();
        assert_eq!((scene.phone.asked(), scene.aws.count(Route::GetSessionToken)), (1, requests), "{act:?}");
        cache.renew().await.unwrap();
        assert_eq!(scene.phone.asked(), 2, "{act:?}");
        seen.also(format!("{error:?} {error} {cache:?}"));
        seen.assert_none_of(scene.aws.secrets());
        seen.assert_none_of(scene.phone.typed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_has_time_and_nobody_is_asked_for_what_cannot_be_signed() {
    let scene = Scene::new().await;
    assert!(scene.session().time_limit() >= scene.plain().time_limit() + Duration::from_secs(300));
    let (phone, world) = (scene.phone.clone(), &scene.world);
    let nothing = SessionToken::new(aws_credential_chain::providers::Anonymous).in_world(world);
    let nothing = nothing.mfa(SERIAL, move |prompt| phone.clone().answer(prompt));
    let error = nothing.retrieve().await.unwrap_err();
    assert!(error.to_string().contains("cannot be signed with anonymous credentials"), "{error}");
    assert_eq!((scene.phone.asked(), scene.aws.requests().len()), (0, 0));
}
