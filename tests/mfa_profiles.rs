//! Profiles with `mfa_serial`: files, people and programs in, credentials or a message out.
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
use aws_credential_chain::{CredentialsCache, CredentialsProvider, DefaultChain, FailureKind};
use support::outcome::{kind, settle};
use support::phone::{Act, Phone, SERIAL};
use support::seen::Seen;

const ADMIN: &str = "arn:aws:iam::222222222222:role/admin";
const SPOKE: &str = "arn:aws:iam::333333333333:role/spoke";
const MINUTE: Duration = Duration::from_secs(60);

/// A local AWS, and a machine of alice's with these profiles.
async fn machine(config: &str) -> (LocalAws, World, Phone) {
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(ADMIN).trusts("arn:aws:iam::111111111111:user/alice").requires_mfa();
    aws.sts().role(SPOKE).trusts(ADMIN);
    let (id, secret) = aws.sts().user("111111111111", "alice");
    let keys = format!("[alice]\naws_access_key_id={id}\naws_secret_access_key={secret}\n");
    let world = aws.world().file("~/.aws/credentials", keys).file("~/.aws/config", config);
    let phone = Phone::of(&aws);
    (aws, world, phone)
}

/// The lines of a profile behind its header.
fn admin(more: &str) -> String {
    format!("[profile admin]\nrole_arn={ADMIN}\nsource_profile=alice\nmfa_serial = {SERIAL}\n{more}")
}

fn spoke() -> String {
    format!("[profile spoke]\nrole_arn={SPOKE}\nsource_profile=admin\nduration_seconds=900\n")
}

fn chain(world: &World, profile: &str, phone: &Phone) -> DefaultChain {
    let phone = phone.clone();
    DefaultChain::in_world(world).profile(profile).mfa(move |prompt| phone.clone().answer(prompt))
}

fn cache(world: &World, chain: DefaultChain) -> CredentialsCache {
    CredentialsCache::builder(chain).in_world(world).build()
}

#[tokio::test(start_paused = true)]
async fn the_chain_asks_for_the_code_and_keeps_the_session() {
    let (seen, _guard) = Seen::start();
    let (aws, world, phone) = machine(&(admin("") + &spoke())).await;
    phone.then([Act::Dawdles(Duration::from_secs(299))]);
    let cache = cache(&world, chain(&world, "spoke", &phone));
    let _fresh = cache.keep_fresh().unwrap();
    let credentials = cache.credentials().await.unwrap();
    assert_eq!(phone.prompts(), [format!("MFA code of {SERIAL} for {ADMIN} (profile admin)")]);
    assert_eq!(
        credentials.source().to_string(),
        format!("profile file (alice) → assume role ({ADMIN}) → assume role ({SPOKE})")
    );
    let asked = aws.requests();
    assert!(asked.iter().all(|request| request.is_signature_good() == Some(true)));
    // An hour from the fifth minute on, and a quarter.
    for _ in 0..100 {
        tokio::time::sleep(MINUTE).await;
        let _ = cache.credentials().await;
        settle().await;
    }
    let error = cache.credentials().await.unwrap_err();
    for part in [SPOKE, ADMIN, SERIAL, "profile `admin`", "call `renew()`"] {
        assert!(error.to_string().contains(part), "{part} is not in: {error}");
    }
    assert_eq!((kind(&error), phone.asked()), (Some(FailureKind::Withheld), 1));
    cache.renew().await.unwrap();
    cache.renew().await.unwrap();
    assert_eq!(phone.asked(), 2);
    seen.also(format!("{credentials:?} {error:?} {cache:?} {:?}", chain(&world, "spoke", &phone)));
    seen.assert_none_of(aws.secrets());
    seen.assert_none_of(phone.typed());
}

#[tokio::test(start_paused = true)]
async fn files_that_change_ask_nobody() {
    let (_aws, world, phone) = machine(&(admin("") + &spoke())).await;
    let cache = cache(&world, chain(&world, "spoke", &phone));
    let _fresh = cache.keep_fresh().unwrap();
    let first = cache.credentials().await.unwrap();
    let changed = admin("external_id=another\n") + &spoke();
    let world = world.file("~/.aws/config", changed);
    for _ in 0..14 {
        tokio::time::sleep(MINUTE).await;
        assert_eq!(cache.credentials().await.unwrap().access_key_id(), first.access_key_id());
        settle().await;
    }
    tokio::time::sleep(2 * MINUTE).await;
    let error = cache.credentials().await.unwrap_err();
    assert!(error.to_string().contains(SERIAL) && error.to_string().contains("renew()"), "{error}");
    assert_eq!(phone.asked(), 1);
    cache.renew().await.unwrap();
    assert_eq!(phone.asked(), 2);
    drop(world);
}

#[tokio::test(start_paused = true)]
async fn without_somebody_to_ask_an_error_names_profile_and_device() {
    let (aws, world, _) = machine(&(admin("") + &spoke())).await;
    for profile in ["admin", "spoke"] {
        let error = DefaultChain::in_world(&world).profile(profile).retrieve().await.unwrap_err();
        let text = error.to_string();
        for part in
            ["profile `admin`", "config:4", "`mfa_serial`", SERIAL, "`DefaultChain::mfa`", "`mfa_process`"]
        {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
        assert_eq!(kind(&error), Some(FailureKind::Misconfigured), "{text}");
    }
    let (_, wrong, phone) = machine(&admin("").replace(SERIAL, "GAHT")).await;
    let error = chain(&wrong, "admin", &phone).retrieve().await.unwrap_err();
    let says = "profile `admin` (/home-of-the-test-world/.aws/config:4): the serial number of the MFA device has 4 characters";
    assert!(error.to_string().contains(says), "{error}");
    assert_eq!((aws.count(Route::Sts), phone.asked()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_role_that_refuses_says_whether_a_code_went_with_the_request() {
    let (aws, world, phone) = machine(&admin("")).await;
    aws.sts().role(ADMIN).requires_external_id("x");
    let error = chain(&world, "admin", &phone).retrieve().await.unwrap_err().to_string();
    assert!(error.contains("sent: an MFA code; not sent: an external id"), "{error}");
    let unasked = format!("[profile admin]\nrole_arn={ADMIN}\nsource_profile=alice\n");
    let world = world.file("~/.aws/config", unasked);
    let error = chain(&world, "admin", &phone).retrieve().await.unwrap_err().to_string();
    assert!(error.contains("not sent: an external id, an MFA code"), "{error}");
    assert_eq!(phone.asked(), 1);
}

/// Real processes, hence real time; no timing decides a test.
#[cfg(unix)]
mod programs {
    use super::*;

    /// Prints the next line of a file at each call.
    fn printing(codes: &[&str], directory: &tempfile::TempDir) -> String {
        let path = directory.path().join("codes");
        std::fs::write(&path, codes.join("\n") + "\n").unwrap();
        let path = path.to_str().unwrap();
        format!(
            "mfa_process=head -n 1 '{path}'; tail -n +2 '{path}' > '{path}-left'; mv '{path}-left' '{path}'\n"
        )
    }

    async fn until(what: impl Fn() -> bool) {
        for _ in 0..1000 {
            if what() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it never came");
    }

    #[tokio::test]
    async fn a_program_gives_codes_and_the_session_renews_by_itself() {
        let (seen, _guard) = Seen::start();
        let directory = tempfile::tempdir().unwrap();
        let codes = ["918273", "827364"];
        let (aws, world, phone) = machine(&admin(&printing(&codes, &directory))).await;
        for code in codes {
            aws.sts().accept_mfa_code(SERIAL, code);
        }
        // The callback is there, and the program goes before it.
        let cache = cache(&world, chain(&world, "admin", &phone));
        let first = cache.credentials().await.unwrap();
        assert!(cache.status().refresh_due.is_some());
        world.clock().turn(50 * MINUTE);
        cache.credentials().await.unwrap();
        until(|| cache.current().unwrap().access_key_id() != first.access_key_id()).await;
        assert_eq!((aws.count(Route::AssumeRole), phone.asked()), (2, 0));
        seen.also(format!("{first:?} {cache:?}"));
        seen.assert_none_of(aws.secrets());
        seen.assert_none_of(codes);
    }

    #[tokio::test]
    async fn a_program_that_gives_no_code_is_named_with_its_place() {
        let (seen, _guard) = Seen::start();
        for (command, kind_of_it, says) in [
            ("echo 12345", FailureKind::Malformed, "the MFA code has 5 characters"),
            ("echo CANARY", FailureKind::Malformed, "the MFA code has a character that is not allowed"),
            ("true", FailureKind::Malformed, "the MFA code is empty"),
            ("sh -c 'echo token=CANARY >&2; exit 3'", FailureKind::Unavailable, "code 3"),
            ("/nowhere/otp CANARY", FailureKind::Misconfigured, "was not found"),
            ("'otp", FailureKind::Misconfigured, "quote"),
        ] {
            let (aws, world, phone) = machine(&admin(&format!("mfa_process={command}\n"))).await;
            let error = chain(&world, "admin", &phone).retrieve().await.unwrap_err();
            let text = error.to_string();
            for part in ["`mfa_process` (/home-of-the-test-world/.aws/config:5)", says] {
                assert!(text.contains(part), "{part} is not in: {text}");
            }
            assert_eq!(kind(&error), Some(kind_of_it), "{text}");
            assert_eq!((aws.count(Route::AssumeRole), phone.asked()), (0, 0));
            seen.also(format!("{error:?} {text}"));
        }
        seen.assert_none_of(["CANARY"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_hangs_is_given_up_and_no_code_of_another_is_asked_for() {
        let (aws, world, phone) = machine(&admin("mfa_process=sleep 1000\n")).await;
        let cache = cache(&world, chain(&world, "admin", &phone));
        let error = cache.credentials().await.unwrap_err();
        let text = error.to_string();
        for part in ["`mfa_process` (/home-of-the-test-world/.aws/config:5)", "45 s"] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
        assert_eq!(kind(&error), Some(FailureKind::TimedOut), "{text}");
        assert_eq!((aws.count(Route::AssumeRole), phone.asked()), (0, 0));
    }
}
