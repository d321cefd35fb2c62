//! Whoever is told of sessions: of each, before anybody has the credentials, and nobody has them if it cannot be told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_chain::gate::Occasion;
use aws_credential_chain::notice::{IssueRecord, NoticeSink, Webhook};
use aws_credential_chain::providers::{AssumeRole, StaticKeys};
use aws_credential_chain::testing::{LocalAws, Route, World};
use aws_credential_chain::{
    CredentialsCache, CredentialsProvider, FailureKind, ProviderExt, Role, SessionPolicy,
};
use support::approver::Approver;
use support::outcome::settle;
use support::phone::{Phone, SERIAL};
use support::reads::{pass, refused};
use support::receiver::{Receiver, Reply, SECRET, hmac};
use support::seen::Seen;
use tokio::sync::mpsc;

const ADMIN: &str = "arn:aws:iam::222222222222:role/admin";
const READ_ONLY: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

struct Scene {
    aws: LocalAws,
    world: World,
    approver: Approver,
}

impl Scene {
    async fn new() -> Self {
        let aws = LocalAws::start().await.unwrap();
        aws.sts().role(ADMIN).trusts("arn:aws:iam::111111111111:user/alice");
        let world = aws.world();
        Self { aws, world, approver: Approver::default() }
    }

    fn assumed(&self) -> AssumeRole {
        let (id, secret) = self.aws.sts().user("111111111111", "alice");
        let admin = Role::builder(ADMIN).session_name("nightly").build().unwrap();
        StaticKeys::new(id, secret, None).unwrap().assume(admin).in_world(&self.world)
    }

    fn gated(&self) -> AssumeRole {
        let approver = self.approver.clone();
        self.assumed().gated(move |ask| approver.clone().answer(ask))
    }

    fn cache(&self, provider: impl CredentialsProvider) -> CredentialsCache {
        CredentialsCache::builder(provider).in_world(&self.world).build()
    }

    fn webhook(&self, receiver: &Receiver) -> Webhook {
        Webhook::new(format!("{}/hooks/CANARY-PATH", receiver.url), SECRET).unwrap().in_world(&self.world)
    }

    fn issued(&self) -> usize {
        self.aws.count(Route::AssumeRole)
    }
}

/// Keeps what it is told, and fails for as long as it is told to.
#[derive(Clone, Default)]
struct Ledger {
    records: Arc<Mutex<Vec<IssueRecord>>>,
    fails: Arc<AtomicBool>,
}

impl Ledger {
    fn records(&self) -> Vec<IssueRecord> {
        self.records.lock().unwrap().clone()
    }

    fn fails(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }
}

impl NoticeSink for Ledger {
    async fn notify(&self, record: &IssueRecord) -> Result<(), BoxError> {
        self.records.lock().unwrap().push(record.clone());
        if self.fails.load(Ordering::Relaxed) { Err("the ledger is full".into()) } else { Ok(()) }
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_announced_before_anybody_has_it() {
    let (seen, _guard) = Seen::start();
    let scene = Scene::new().await;
    let holder: Arc<Mutex<Option<CredentialsCache>>> = Arc::default();
    let (mut told, inside) = (Vec::new(), Arc::clone(&holder));
    let (sender, mut records) = mpsc::channel(1);
    let aws = scene.aws.clone();
    let admin = scene.gated().notify(move |record: IssueRecord| {
        let cache = inside.lock().unwrap().clone().unwrap();
        let (sender, issued) = (sender.clone(), aws.count(Route::AssumeRole));
        async move {
            tokio::time::sleep(Duration::from_secs(5)).await;
            sender.send((record, issued, cache.current().is_none())).await?;
            Ok(())
        }
    });
    let cache = scene.cache(admin);
    *holder.lock().unwrap() = Some(cache.clone());
    let credentials = cache.credentials().await.unwrap();
    told.push(records.try_recv().unwrap());
    let (record, issued, nothing_in_hand) = told.remove(0);
    assert!(issued == 1 && nothing_in_hand && records.try_recv().is_err());

    let assumed = "arn:aws:sts::222222222222:assumed-role/admin/nightly";
    let ask = &scene.approver.asks()[0];
    assert_eq!(
        (record.id(), record.access_key_id()),
        (credentials.access_key_id(), credentials.access_key_id())
    );
    assert_eq!((record.role_arn().as_str(), record.session_name()), (ADMIN, "nightly"));
    assert_eq!(record.assumed_role_arn(), Some(assumed));
    assert_eq!(
        (record.reason(), record.source_identity()),
        (Some("INC-4711: the ledger is stuck"), Some("alice"))
    );
    assert_eq!((record.occasion(), record.expires_at()), (Occasion::FirstRead, credentials.expiry()));
    assert_eq!(
        (record.source().to_string().as_str(), record.source_access_key_id()),
        ("static keys", ask.access_key_id())
    );
    assert_eq!(record.tags().len(), 2);
    let shown = record.to_string();
    assert!(
        shown.starts_with(assumed) && shown.ends_with("because: INC-4711: the ledger is stuck"),
        "{shown}"
    );
    seen.also(format!("{record:?} {record} {}", record.to_json()));
    seen.assert_none_of(scene.aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn a_record_is_json_with_names_that_stay() {
    let scene = Scene::new().await;
    let ledger = Ledger::default();
    let (id, secret) = scene.aws.sts().user("111111111111", "alice");
    let role = Role::builder(ADMIN)
        .session_name("nightly")
        .external_id("CANARY-x-42")
        .policy(SessionPolicy::from_json(READ_ONLY).unwrap())
        .policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess")
        .transitive_tag("team", "ops")
        .build()
        .unwrap();
    let admin = StaticKeys::new(id.clone(), secret, None).unwrap().assume(role).in_world(&scene.world);
    let credentials = admin.notify(ledger.clone()).retrieve().await.unwrap();
    let record = &ledger.records()[0];
    let key = credentials.access_key_id();
    let mut json: serde_json::Value = serde_json::from_str(&record.to_json()).unwrap();
    let role_id = json["assumed_role_id"].take();
    assert!(role_id.as_str().unwrap().ends_with(":nightly"));
    let seconds = |text: &serde_json::Value| {
        let at = time::OffsetDateTime::parse(
            text.as_str().unwrap(),
            &time::format_description::well_known::Rfc3339,
        );
        at.unwrap().unix_timestamp()
    };
    assert_eq!(seconds(&json["expires_at"]) - seconds(&json["issued_at"]), 3600);
    let expected = serde_json::json!({
        "version": 1,
        "type": "session_issued",
        "id": key,
        "issued_at": json["issued_at"],
        "expires_at": json["expires_at"],
        "role_arn": ADMIN,
        "session_name": "nightly",
        "assumed_role_arn": "arn:aws:sts::222222222222:assumed-role/admin/nightly",
        "assumed_role_id": null,
        "access_key_id": key,
        "occasion": "renewal",
        "reason": null,
        "source_identity": null,
        "tags": { "team": "ops" },
        "transitive_tag_keys": ["team"],
        "policy": READ_ONLY,
        "policy_arns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "packed_policy_size": record.packed_policy_size().unwrap(),
        "source": [{ "kind": "static keys", "detail": null }],
        "source_access_key_id": id,
        "source_account_id": null,
    });
    assert_eq!(json, expected);
}

#[tokio::test(start_paused = true)]
async fn each_refresh_of_a_role_without_a_gate_is_announced() {
    let scene = Scene::new().await;
    let ledger = Ledger::default();
    let cache = scene.cache(scene.assumed().notify(ledger.clone()));
    cache.credentials().await.unwrap();
    pass(170, &cache).await;
    let records = ledger.records();
    assert!(records.len() >= 4 && records.len() == scene.issued(), "{}", records.len());
    assert_eq!(records[0].occasion(), Occasion::FirstRead);
    assert!(
        records[1..].iter().all(|record| record.occasion() == Occasion::Refresh && record.reason().is_none())
    );
    cache.renew().await.unwrap();
    assert_eq!(ledger.records().last().unwrap().occasion(), Occasion::Renewal);
}

#[tokio::test(start_paused = true)]
async fn behind_a_gate_nothing_that_cannot_be_announced_is_handed_out_or_asked_for_again() {
    let (seen, _guard) = Seen::start();
    let scene = Scene::new().await;
    let ledger = Ledger::default();
    ledger.fails(true);
    let cache = scene.cache(scene.gated().notify(ledger.clone()));
    let _fresh = cache.keep_fresh().unwrap();
    let says = [
        "the session arn:aws:sts::222222222222:assumed-role/admin/nightly (ASIA",
        "was issued, could not be announced and is dropped: the sink: the ledger is full",
        "then `renew()` asks for another",
    ];
    let error = refused(&cache, FailureKind::Withheld, &says).await;
    pass(120, &cache).await;
    refused(&cache, FailureKind::Withheld, &says).await;
    assert!(cache.current().is_none());
    assert_eq!((scene.approver.asked(), scene.issued(), ledger.records().len()), (1, 1, 1));
    ledger.fails(false);
    let renewed = cache.renew().await.unwrap();
    assert_eq!((scene.approver.asked(), scene.issued()), (2, 2));
    assert_eq!(ledger.records()[1].id(), renewed.access_key_id());
    // With something in hand: it stays.
    ledger.fails(true);
    assert!(cache.renew().await.is_err());
    assert_eq!(cache.credentials().await.unwrap().access_key_id(), renewed.access_key_id());
    seen.also(format!("{error:?} {error} {cache:?}"));
    seen.assert_none_of(scene.aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn a_code_is_not_asked_for_again_either() {
    let scene = Scene::new().await;
    scene.aws.sts().role(ADMIN).requires_mfa();
    let (phone, ledger) = (Phone::of(&scene.aws), Ledger::default());
    ledger.fails(true);
    let prompts = phone.clone();
    let admin = scene.assumed().mfa(SERIAL, move |prompt| phone.clone().answer(prompt)).notify(ledger);
    let cache = scene.cache(admin);
    refused(&cache, FailureKind::Withheld, &["could not be announced", "`renew()`"]).await;
    pass(60, &cache).await;
    assert_eq!((prompts.asked(), scene.issued()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn without_a_gate_an_outage_of_a_sink_heals() {
    let scene = Scene::new().await;
    let ledger = Ledger::default();
    let cache = scene.cache(scene.assumed().notify(ledger.clone()));
    let first = cache.credentials().await.unwrap();
    ledger.fails(true);
    pass(50, &cache).await;
    // What is in hand was announced, and is served on; nothing else is.
    assert_eq!(cache.credentials().await.unwrap().access_key_id(), first.access_key_id());
    assert!(ledger.records().len() > 1);
    let failure = cache.status().last_failure.unwrap();
    assert!(failure.is_transient() && failure.to_string().contains("could not be announced"), "{failure}");
    ledger.fails(false);
    pass(8, &cache).await;
    let renewed = cache.credentials().await.unwrap();
    assert_ne!(renewed.access_key_id(), first.access_key_id());
    assert_eq!(ledger.records().last().unwrap().id(), renewed.access_key_id());
    // Past its end nothing is made up.
    ledger.fails(true);
    pass(120, &cache).await;
    let served = cache.credentials().await.ok();
    assert!(
        served.is_none_or(|served| served.access_key_id() == renewed.access_key_id() && served.is_stale())
    );
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_panics_or_hangs_fails() {
    let scene = Scene::new().await;
    let panics = |_: IssueRecord| -> std::future::Ready<Result<(), BoxError>> { panic!("as the test says") };
    let panics_later = |record: IssueRecord| async move {
        tokio::task::yield_now().await;
        assert!(record.reason().is_none(), "as the test says");
        Ok(())
    };
    let hangs = |_: IssueRecord| std::future::pending::<Result<(), BoxError>>();
    let cases = [
        (scene.gated().notify(panics), "the sink: it panicked"),
        (scene.gated().notify(panics_later), "the sink: it panicked"),
        (scene.gated().notify(hangs), "the sink: it did not return within 10 s"),
    ];
    for (asked, (admin, says)) in (1..).zip(cases) {
        let cache = scene.cache(admin);
        refused(&cache, FailureKind::Withheld, &[says]).await;
        pass(20, &cache).await;
        assert_eq!((scene.approver.asked(), scene.issued()), (asked, asked));
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_is_full_or_closed_fails() {
    let scene = Scene::new().await;
    let (sender, mut records) = mpsc::channel::<IssueRecord>(1);
    let cache = scene.cache(scene.gated().notify(sender));
    let first = cache.credentials().await.unwrap();
    let error = cache.renew().await.unwrap_err();
    assert!(error.to_string().contains("the sink: the channel is full"), "{error}");
    assert_eq!(records.recv().await.unwrap().id(), first.access_key_id());
    cache.renew().await.unwrap();
    drop(records);
    let error = cache.renew().await.unwrap_err();
    assert!(error.to_string().contains("the receiver of the channel has gone"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn several_sinks_are_told_in_their_order_until_one_fails() {
    let scene = Scene::new().await;
    let (first, second, third) = (Ledger::default(), Ledger::default(), Ledger::default());
    second.fails(true);
    let admin = scene.gated().notify(first.clone()).notify(second.clone()).notify(third.clone());
    let cache = scene.cache(admin);
    refused(
        &cache,
        FailureKind::Withheld,
        &["dropped: sink 2 of 3: the ledger is full; sink 1 has been told"],
    )
    .await;
    let told = [&first, &second, &third].map(|ledger| ledger.records().len());
    assert_eq!(told, [1, 1, 0]);
    second.fails(false);
    cache.renew().await.unwrap();
    let told = [&first, &second, &third].map(|ledger| ledger.records().len());
    assert_eq!(told, [2, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn slow_sinks_together_have_the_time_that_each_has() {
    let scene = Scene::new().await;
    let slow = |_: IssueRecord| async {
        tokio::time::sleep(Duration::from_secs(9)).await;
        Ok(())
    };
    // Longer than a provider usually may take.
    let mut admin = scene.assumed();
    for _ in 0..8 {
        admin = admin.notify(slow);
    }
    scene.cache(admin).credentials().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_session_that_sts_refuses_is_announced_to_nobody() {
    let scene = Scene::new().await;
    scene.aws.sts().role(ADMIN).refuses_tags();
    let told = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&told);
    let admin = scene.gated().notify(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        async { Ok(()) }
    });
    let cache = scene.cache(admin);
    refused(&cache, FailureKind::Refused, &["sts:TagSession", "`renew()` asks the gate anew"]).await;
    assert_eq!(told.load(Ordering::Relaxed), 0);
}

#[test]
fn the_hmac_of_the_receiver_is_that_of_rfc_4231() {
    let hex = |bytes: [u8; 32]| {
        let [high, low] = [0, 16].map(|at| u128::from_be_bytes(bytes[at..at + 16].try_into().unwrap()));
        format!("{high:032x}{low:032x}")
    };
    assert_eq!(
        hex(hmac(b"Jefe", b"what do ya want for nothing?")),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    assert_eq!(
        hex(hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First")),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    );
}

#[tokio::test(start_paused = true)]
async fn a_webhook_is_signed_and_carries_the_record() {
    let (seen, _guard) = Seen::start();
    let scene = Scene::new().await;
    let receiver = Receiver::start(scene.world.clock()).await;
    let ledger = Ledger::default();
    // Another clock, and a proxy that would read along.
    let proxy = Receiver::start(scene.world.clock()).await;
    receiver.then([Reply::Status(200, "date: Mon, 23 Nov 2026 03:00:00 GMT\r\n")]);
    let world = World::with_clock(scene.world.clock().clone())
        .env("HTTP_PROXY", proxy.url.clone())
        .env("ALL_PROXY", proxy.url.clone());
    let webhook = scene.webhook(&receiver).in_world(&world);
    let shown = format!("{webhook:?}");
    let admin = scene.gated().notify(ledger.clone()).notify(webhook);
    let shown = shown + &format!("{admin:?}");
    let cache = scene.cache(admin);
    let credentials = cache.credentials().await.unwrap();
    let [delivery] = &receiver.deliveries()[..] else { panic!("one delivery") };
    assert!(delivery.is_signed(), "{delivery:?}");
    assert!(delivery.head.starts_with("POST /hooks/CANARY-PATH HTTP/1.1\n"), "{}", delivery.head);
    assert_eq!(delivery.header("content-type"), "application/json");
    assert_eq!(delivery.header("webhook-id"), credentials.access_key_id());
    let now = delivery.at.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(delivery.header("webhook-timestamp").parse::<u64>().unwrap(), now);
    assert_eq!(delivery.body, ledger.records()[0].to_json());
    assert!(proxy.deliveries().is_empty());
    assert_eq!(cache.signing_time(), scene.world.clock().now(), "a receiver teaches nobody the time");
    // What is altered on the way is noticed.
    let mut altered = delivery.clone();
    altered.body = altered.body.replace("INC-4711", "INC-4712");
    assert!(!altered.is_signed());

    seen.also(shown);
    seen.also(&delivery.body);
    seen.assert_none_of(scene.aws.secrets());
    seen.assert_none_of([SECRET, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "CANARY-PATH", "CANARY-BODY"]);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_is_tried_again_with_the_same_id() {
    let scene = Scene::new().await;
    let receiver = Receiver::start(scene.world.clock()).await;
    let shared = Arc::new(scene.webhook(&receiver));
    let cache = scene.cache(scene.gated().notify(Arc::clone(&shared)));
    for first in [
        [Reply::Status(500, ""), Reply::Status(503, "")],
        [Reply::Hangs, Reply::Hangs],
        [Reply::Closes, Reply::Status(429, "")],
        [Reply::Status(408, ""), Reply::Closes],
    ] {
        receiver.then(first.clone());
        let credentials = cache.renew().await.unwrap_or_else(|error| panic!("{first:?}: {error}"));
        let deliveries = receiver.take();
        assert_eq!(deliveries.len(), 3, "{first:?}");
        assert!(deliveries.iter().all(|delivery| delivery.is_signed()
            && delivery.header("webhook-id") == credentials.access_key_id()
            && delivery.body == deliveries[0].body));
        let gaps = deliveries.windows(2).map(|two| two[1].at.duration_since(two[0].at).unwrap());
        assert!(
            gaps.into_iter().all(|gap| gap >= Duration::from_millis(250) && gap < Duration::from_secs(4))
        );
    }
    assert_eq!(scene.issued(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_nobody_takes_fails() {
    let (seen, _guard) = Seen::start();
    let scene = Scene::new().await;
    let receiver = Receiver::start(scene.world.clock()).await;
    let redirect = "location: /CANARY-elsewhere\r\n";
    let cases: [(&[Reply], &str, usize); 8] = [
        (
            &[Reply::Status(500, ""), Reply::Status(500, ""), Reply::Status(502, "")],
            "answered 502 (attempt 3)",
            3,
        ),
        (&[Reply::Hangs, Reply::Hangs, Reply::Hangs], "no whole answer within the time limit (attempt 3)", 3),
        (&[Reply::Closes, Reply::Closes, Reply::Closes], "broke off", 3),
        (&[Reply::Status(404, "")], "answered 404", 1),
        (&[Reply::Status(500, ""), Reply::Status(401, "")], "answered 401 (attempt 2)", 2),
        (&[Reply::Status(302, redirect)], "answered 302, a redirect, which is not followed", 1),
        (&[Reply::Status(307, redirect)], "answered 307, a redirect", 1),
        (&[Reply::Large(70_000)], "the answer is larger than 64 KiB", 1),
    ];
    for (replies, says, attempts) in cases {
        receiver.then(replies.to_vec());
        let cache = scene.cache(scene.gated().notify(scene.webhook(&receiver)));
        let began = scene.world.clock().now();
        let to = format!("the sink: POST to {}: ", receiver.url);
        let error = refused(&cache, FailureKind::Withheld, &[to.as_str(), says]).await;
        let took = scene.world.clock().now().duration_since(began).unwrap();
        assert!(took < Duration::from_secs(10), "{took:?}");
        assert_eq!(receiver.take().len(), attempts, "{says}");
        pass(10, &cache).await;
        assert!(receiver.take().is_empty());
        seen.also(format!("{error:?} {error:#} {cache:?}"));
    }
    // Nobody there at all.
    let webhook = scene.webhook(&receiver);
    drop(receiver);
    settle().await;
    let cache = scene.cache(scene.gated().notify(webhook));
    let error =
        refused(&cache, FailureKind::Withheld, &["the sink: POST to http://127.0.0.1:", "no connection"])
            .await;
    seen.also(format!("{error:?} {error:#}"));
    seen.assert_none_of(scene.aws.secrets());
    seen.assert_none_of([SECRET, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "CANARY"]);
}

#[tokio::test(start_paused = true)]
async fn over_the_network_a_webhook_goes_the_way_of_the_environment() {
    let (seen, _guard) = Seen::start();
    let scene = Scene::new().await;
    let proxy = Receiver::start(scene.world.clock()).await;
    proxy.then([Reply::Status(403, ""), Reply::Status(403, ""), Reply::Status(403, "")]);
    let world = World::with_clock(scene.world.clock().clone()).env("HTTPS_PROXY", proxy.url.clone());
    let webhook = Webhook::new("https://audit.example/hooks/CANARY-PATH", SECRET).unwrap().in_world(&world);
    let cache = scene.cache(scene.gated().notify(webhook));
    let error =
        refused(&cache, FailureKind::Withheld, &["POST to https://audit.example: no connection"]).await;
    let heads: Vec<_> = proxy.take().into_iter().map(|delivery| delivery.head).collect();
    assert_eq!(heads.len(), 3);
    assert!(heads.iter().all(|head| head.starts_with("CONNECT audit.example:443 HTTP/1.1")), "{heads:?}");
    seen.also(format!("{error:?} {error:#} {heads:?}"));
    seen.assert_none_of(scene.aws.secrets());
    seen.assert_none_of([SECRET, "CANARY"]);
}
