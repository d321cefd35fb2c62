//! Roles that ask for a code, and sessions that the AWS CLI keeps: who typed a code into `aws` types none here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::time::Duration;

use aws_credential_chain::testing::{LocalAws, Route, World};
use aws_credential_chain::{
    CliCache, Credentials, CredentialsCache, CredentialsProvider, DefaultChain, ExplainedSource, Explanation,
    FailureKind, Verdict,
};
use support::outcome::kind;
use support::phone::{Phone, SERIAL};
use support::reads::{key, pass};
use support::seen::Seen;

const ADMIN: &str = "arn:aws:iam::222222222222:role/admin";
const SPOKE: &str = "arn:aws:iam::333333333333:role/spoke";
const MINUTE: Duration = Duration::from_secs(60);

/// A machine of alice's, who has a device.
struct Machine {
    aws: LocalAws,
    world: World,
    phone: Phone,
}

impl Machine {
    async fn start() -> Self {
        let aws = LocalAws::start().await.unwrap();
        aws.sts().role(ADMIN).trusts("arn:aws:iam::111111111111:user/alice").requires_mfa();
        aws.sts().role(SPOKE).trusts(ADMIN);
        let (id, secret) = aws.sts().user("111111111111", "alice");
        let keys = format!("[alice]\naws_access_key_id={id}\naws_secret_access_key={secret}\n");
        let config = format!(
            "[profile admin]\nrole_arn={ADMIN}\nsource_profile=alice\nmfa_serial={SERIAL}\n\
             [profile spoke]\nrole_arn={SPOKE}\nsource_profile=admin\nduration_seconds=900\n"
        );
        let world = aws.world().file("~/.aws/credentials", keys).file("~/.aws/config", config);
        let phone = Phone::of(&aws);
        Self { aws, world, phone }
    }

    /// What another process, as `aws`, does: it asks for a code, and keeps the session.
    async fn kept_by_another(&self) -> Credentials {
        let asked = self.phone.asked();
        let kept = self.chain("admin").cli_cache(CliCache::ReadWrite).retrieve().await.unwrap();
        assert_eq!(self.phone.asked(), asked + 1);
        kept
    }

    fn chain(&self, profile: &str) -> DefaultChain {
        let phone = self.phone.clone();
        self.chain_of_nobody(profile).mfa(move |prompt| phone.clone().answer(prompt))
    }

    fn chain_of_nobody(&self, profile: &str) -> DefaultChain {
        DefaultChain::in_world(&self.world).profile(profile)
    }

    fn cache(&self, chain: DefaultChain) -> CredentialsCache {
        CredentialsCache::builder(chain).in_world(&self.world).build()
    }

    /// What is asked of people, and of STS.
    fn asked(&self) -> (usize, usize) {
        (self.phone.asked(), self.aws.count(Route::AssumeRole))
    }
}

async fn assert_over(cache: &CredentialsCache, says: &[&str]) {
    let error = cache.credentials().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Withheld), "{error}");
    for part in [ADMIN, SERIAL, "call `renew()`"].iter().chain(says) {
        assert!(error.to_string().contains(part), "{part} is not in: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_kept_spares_the_code() {
    let (seen, _guard) = Seen::start();
    let machine = Machine::start().await;
    let kept = machine.kept_by_another().await;
    for chain in [machine.chain("admin"), machine.chain_of_nobody("admin")] {
        let credentials = machine.cache(chain).credentials().await.unwrap();
        assert_eq!(credentials.access_key_id(), kept.access_key_id());
        seen.also(format!("{credentials:?}"));
    }
    assert_eq!(machine.asked(), (1, 1));
    let spoke = machine.chain("spoke").retrieve().await.unwrap();
    assert_eq!(
        spoke.source().to_string(),
        format!("profile file (alice) → assume role ({ADMIN}, kept by the AWS CLI) → assume role ({SPOKE})")
    );
    assert_eq!(machine.asked(), (1, 2));
    seen.assert_none_of(machine.aws.secrets());
    seen.assert_none_of(machine.phone.typed());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_kept_is_used_to_its_end_and_then_waits_for_a_renewal() {
    let machine = Machine::start().await;
    let kept = machine.kept_by_another().await;
    tokio::time::sleep(44 * MINUTE).await;
    let cache = machine.cache(machine.chain("admin").cli_cache(CliCache::ReadWrite));
    let _fresh = cache.keep_fresh().unwrap();
    assert_eq!(key(&cache).await, kept.access_key_id());
    pass(15, &cache).await;
    assert_eq!(key(&cache).await, kept.access_key_id());
    pass(30, &cache).await;
    assert_over(&cache, &[]).await;
    assert_eq!(machine.asked(), (1, 1));

    let renewed = cache.renew().await.unwrap();
    assert_eq!(machine.asked(), (2, 2));
    // Whoever comes next is spared the code.
    let next = machine.chain("admin").retrieve().await.unwrap();
    assert_eq!(next.access_key_id(), renewed.access_key_id());
    // By hand it asks, also with a good session in hand and in the file.
    cache.renew().await.unwrap();
    assert_eq!(machine.asked(), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_another_process_got_meanwhile_is_taken_over_in_silence() {
    let machine = Machine::start().await;
    machine.kept_by_another().await;
    let cache = machine.cache(machine.chain("admin"));
    key(&cache).await;
    pass(70, &cache).await;
    assert_over(&cache, &[]).await;
    let kept = machine.kept_by_another().await;
    pass(2, &cache).await;
    assert_eq!(key(&cache).await, kept.access_key_id());
    assert_eq!(machine.asked(), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn what_is_made_from_a_kept_session_ends_with_it_and_a_renewal_reaches_down() {
    let machine = Machine::start().await;
    machine.kept_by_another().await;
    let cache = machine.cache(machine.chain("spoke"));
    let _fresh = cache.keep_fresh().unwrap();
    let first = key(&cache).await;
    pass(50, &cache).await;
    assert_ne!(key(&cache).await, first);
    pass(60, &cache).await;
    assert_over(&cache, &[SPOKE]).await;
    assert_eq!(machine.phone.asked(), 1);
    cache.renew().await.unwrap();
    assert_eq!(machine.phone.asked(), 2);
    pass(20, &cache).await;
    key(&cache).await;
    assert_eq!(machine.phone.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_kept_session_that_a_service_refuses_is_not_served_on() {
    let machine = Machine::start().await;
    let kept = machine.kept_by_another().await;
    let cache = machine.cache(machine.chain("admin"));
    assert_eq!(key(&cache).await, kept.access_key_id());
    assert!(cache.invalidate(&kept));
    for _ in 0..5 {
        assert_over(&cache, &[]).await;
        pass(1, &cache).await;
    }
    assert_eq!(machine.asked(), (1, 1));
    cache.renew().await.unwrap();
    assert_ne!(key(&cache).await, kept.access_key_id());
    assert_eq!(machine.asked(), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn without_anybody_to_ask_a_kept_session_is_used_all_the_same() {
    let machine = Machine::start().await;
    let kept = machine.kept_by_another().await;
    let cache = machine.cache(machine.chain_of_nobody("admin"));
    key(&cache).await;
    pass(58, &cache).await;
    let last = cache.credentials().await;
    assert_eq!(last.unwrap().access_key_id(), kept.access_key_id());
    pass(3, &cache).await;
    let error = cache.credentials().await.unwrap_err().to_string();
    assert!(error.contains("profile `admin`") && error.contains("`DefaultChain::mfa`"), "{error}");
    assert_eq!(machine.asked(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_kept_session_needs_no_source_that_works() {
    let machine = Machine::start().await;
    let kept = machine.kept_by_another().await;
    let sso = "sso_start_url=https://d-1.awsapps.com/start\nsso_region=eu-west-1\nsso_account_id=111111111111\n\
               sso_role_name=dev\n";
    for source in [sso, "login_session=arn:aws:iam::111111111111:user/alice\n"] {
        let config = format!(
            "[profile admin]\nrole_arn={ADMIN}\nsource_profile=people\nmfa_serial={SERIAL}\n[profile people]\n{source}"
        );
        drop(machine.world.clone().file("~/.aws/config", config));
        let credentials = machine.chain("admin").retrieve().await.unwrap();
        assert_eq!(credentials.access_key_id(), kept.access_key_id());
        let error = machine.chain("admin").cli_cache(CliCache::Off).retrieve().await.unwrap_err().to_string();
        assert!(error.contains("cannot carry out yet") && error.contains("aws"), "{error}");
    }
    assert_eq!(machine.asked(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_explanation_says_who_gives_the_code_and_whether_it_is_needed() {
    let machine = Machine::start().await;
    let nobody = machine.chain_of_nobody("admin").explain_offline().await;
    assert_eq!(nobody.sources()[1].verdict(), Verdict::Failed, "{nobody}");
    assert!(nobody.sources()[1].why().contains("`DefaultChain::mfa`"), "{nobody}");
    let somebody = machine.chain("admin").explain_offline().await;
    assert_eq!(somebody.would_be_asked().map(ExplainedSource::name), Some("profile file"), "{somebody}");
    let asked = |explanation: &Explanation, what: &str| {
        explanation.sources()[1].looked_at().iter().any(|look| look.found().contains(what))
    };
    assert!(asked(&somebody, SERIAL) && asked(&somebody, "given by a person"), "{somebody}");
    assert_eq!(machine.asked(), (0, 0));
    let typed = machine.chain("admin").explain().await;
    assert!(typed.is_found() && typed.to_string().contains("never by itself"), "{typed}");

    let kept = machine.kept_by_another().await;
    let before = machine.asked();
    for explanation in [
        machine.chain_of_nobody("admin").explain_offline().await,
        machine.chain_of_nobody("admin").explain().await,
    ] {
        assert_eq!(explanation.used().map(ExplainedSource::name), Some("profile file"), "{explanation}");
        assert!(explanation.to_string().contains(kept.access_key_id()), "{explanation}");
        assert!(explanation.sources()[1].why().contains("the AWS CLI keeps"), "{explanation}");
    }
    let spoke = machine.chain_of_nobody("spoke").explain_offline().await;
    assert_eq!(spoke.would_be_asked().map(ExplainedSource::name), Some("profile file"), "{spoke}");
    assert_eq!(machine.asked(), before);
}
