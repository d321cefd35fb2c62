//! A record of each read: of all that is handed out, and nothing is handed out without one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_chain::audit::{AuditSink, ReadRecord};
use aws_credential_chain::interop::blocking;
use aws_credential_chain::providers::StaticKeys;
use aws_credential_chain::testing::{LocalAws, World};
use aws_credential_chain::{
    CredentialsCache, CredentialsCacheBuilder, FailureKind, ProviderExt, RefreshPolicy, Role, SourceKind,
};
use support::outcome::{kind, settle};
use support::script::{Script, Step};
use support::seen::Seen;
use tokio::sync::mpsc;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// Keeps the records, and says no for as long as it is told to.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<(Vec<ReadRecord>, bool)>>);

impl Book {
    /// How many there were since the last look.
    fn new_ones(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap().0).len()
    }

    fn last(&self) -> ReadRecord {
        self.0.lock().unwrap().0.last().unwrap().clone()
    }

    fn is_full(&self, full: bool) {
        self.0.lock().unwrap().1 = full;
    }
}

impl AuditSink for Book {
    fn read(&self, record: &ReadRecord) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut book = self.0.lock().unwrap();
        if book.1 {
            return Err("the book is full".into());
        }
        book.0.push(record.clone());
        Ok(())
    }
}

fn audited(world: &World, script: &Script, book: &Book) -> CredentialsCacheBuilder {
    CredentialsCache::builder(script.clone()).in_world(world).audit(Arc::new(book.clone()))
}

#[tokio::test(start_paused = true)]
async fn each_read_that_hands_out_credentials_is_recorded_once() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let book = Book::default();
    let cache = audited(&world, &script, &book).build();
    // Nothing in hand, nothing handed out.
    assert!(cache.current().is_none() && cache.with_current(|_| ()).is_none() && !cache.is_ready());
    assert_eq!(book.new_ones(), 0);
    let first = cache.credentials().await.unwrap();
    assert_eq!(book.new_ones(), 1);
    for _ in 0..100 {
        cache.credentials().await.unwrap();
    }
    assert_eq!((book.new_ones(), script.calls()), (100, 1));
    cache.current().unwrap();
    cache.with_current(|credentials| assert_eq!(credentials.access_key_id(), "AKIA1")).unwrap();
    assert_eq!(book.new_ones(), 2);
    let _ = cache.valid_for(MINUTE).await.unwrap();
    assert_eq!(book.new_ones(), 1);
    // Renewed for it, and one record all the same.
    tokio::time::sleep(20 * MINUTE).await;
    let _ = cache.valid_for(59 * MINUTE).await.unwrap();
    assert_eq!((book.last().access_key_id(), book.new_ones(), script.calls()), ("AKIA2", 1, 2));
    cache.renew().await.unwrap();
    assert_eq!((book.last().access_key_id(), book.new_ones()), ("AKIA3", 1));

    // What looks and takes nothing.
    assert!(cache.is_ready());
    cache.ready(MINUTE).await.unwrap();
    let _ = (cache.status(), format!("{cache:?}"));
    let _fresh = cache.keep_fresh().unwrap();
    tokio::time::sleep(2 * HOUR).await;
    settle().await;
    assert!(script.calls() > 4);
    assert_eq!(book.new_ones(), 0);
    assert_ne!(cache.credentials().await.unwrap().access_key_id(), first.access_key_id());
    assert_eq!(book.new_ones(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_record_tells_which_keys_from_where_and_when() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    let admin = "arn:aws:iam::222222222222:role/admin";
    aws.sts().role(admin);
    let (id, secret) = aws.sts().user("111111111111", "alice");
    let world = aws.world();
    let role = Role::builder(admin).build().unwrap();
    let hop = StaticKeys::new(id, secret, None).unwrap().assume(role).in_world(&world);
    let book = Book::default();
    let cache = CredentialsCache::builder(hop).in_world(&world).audit(book.clone()).build();
    let credentials = cache.credentials().await.unwrap();
    let record = book.last();
    assert_eq!((record.at(), record.expires_at()), (world.clock().now(), credentials.expiry()));
    assert_eq!((record.account_id(), record.generation()), (Some("222222222222"), credentials.generation()));
    assert!(!record.is_stale() && record.source().kind() == SourceKind::AssumeRole);
    let json = serde_json::to_value(&record).unwrap();
    let expected = serde_json::json!({
        "version": 1,
        "type": "credentials_read",
        "at": json["at"],
        "access_key_id": credentials.access_key_id(),
        "account_id": "222222222222",
        "source": [
            { "kind": "static keys", "detail": null },
            { "kind": "assume role", "detail": admin },
        ],
        "expires_at": json["expires_at"],
        "stale": false,
        "generation": credentials.generation(),
    });
    assert_eq!(json, expected);
    assert!(json["at"].as_str().unwrap().ends_with('Z'));
    seen.also(format!("{record:?} {record} {json}"));
    seen.assert_none_of(aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn without_a_record_nothing_is_handed_out() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let book = Book::default();
    let cache = audited(&world, &script, &book).build();
    cache.credentials().await.unwrap();
    book.is_full(true);
    let error = cache.credentials().await.unwrap_err();
    let text = error.to_string();
    assert_eq!(kind(&error), Some(FailureKind::Unavailable));
    assert!(text.contains("the read could not be audited") && text.contains("the book is full"), "{text}");
    assert!(error.is_transient() && cache.current().is_none() && cache.with_current(|_| ()).is_none());
    assert!(cache.renew().await.is_err() && cache.valid_for(MINUTE).await.is_err());
    // The source has done nothing wrong, and the cache has what it had.
    assert!(cache.is_ready() && cache.status().last_failure.is_none());
    book.is_full(false);
    cache.credentials().await.unwrap();
    assert_eq!(script.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_panics_and_a_channel_that_is_full_are_a_no() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let panics = |_: &ReadRecord| -> Result<(), Box<dyn std::error::Error + Send + Sync>> { panic!("x") };
    let cache = CredentialsCache::builder(script.clone()).in_world(&world).audit(panics).build();
    let error = cache.credentials().await.unwrap_err();
    assert!(error.to_string().contains("it panicked"), "{error}");

    let (sender, mut records) = mpsc::channel::<ReadRecord>(1);
    let cache = CredentialsCache::builder(script).in_world(&world).audit(sender).build();
    cache.credentials().await.unwrap();
    assert!(cache.credentials().await.unwrap_err().to_string().contains("the channel is full"));
    records.recv().await.unwrap();
    cache.credentials().await.unwrap();
    drop(records);
    assert!(cache.current().is_none());
}

#[tokio::test(start_paused = true)]
async fn whatever_becomes_of_a_cache_no_read_of_it_is_a_quiet_one() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR)).of_kind(SourceKind::InstanceMetadata);
    let book = Book::default();
    let cache = audited(&world, &script, &book).build();
    cache.credentials().await.unwrap();
    assert_eq!(book.new_ones(), 1);
    for _ in 0..3 {
        // Rejected, renewed, in each window, failed, stale, forgotten.
        cache.invalidate(cache.status().access_key_id.unwrap().as_str());
        cache.credentials().await.unwrap();
        assert_eq!(book.new_ones(), 1);
        for minutes in [30, 20, 10] {
            tokio::time::sleep(minutes * MINUTE).await;
            cache.credentials().await.unwrap();
            settle().await;
            assert_eq!(book.new_ones(), 1);
        }
    }
    script.then_always(Step::Transient);
    tokio::time::sleep(2 * HOUR).await;
    assert!(cache.credentials().await.unwrap().is_stale() && book.last().is_stale());
    assert_eq!(book.new_ones(), 1);
    cache.forget();
    script.then_always(Step::Live(HOUR));
    cache.credentials().await.unwrap();
    cache.credentials().await.unwrap();
    assert_eq!(book.new_ones(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_is_given_stays_behind_an_audited_one() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let (book, plain) = (Book::default(), script.cache(&world));
    let cache = CredentialsCache::builder(plain.clone()).in_world(&world).audit(book.clone()).build();
    cache.credentials().await.unwrap();
    plain.credentials().await.unwrap();
    assert_eq!((book.new_ones(), script.calls()), (1, 1));
    // It is shared as any other.
    let shared = CredentialsCache::builder(cache).refresh(RefreshPolicy::aws()).build();
    shared.credentials().await.unwrap();
    assert_eq!((book.new_ones(), script.calls()), (1, 1));
}

#[test]
fn reads_without_async_are_recorded() {
    let keys = StaticKeys::new("AKIAIOSFODNN7EXAMPLE", "secret", None).unwrap();
    let book = Book::default();
    let cache = CredentialsCache::builder(keys).audit(book.clone()).build();
    let blocking = blocking::CredentialsCache::new(cache);
    blocking.credentials().unwrap();
    blocking.credentials().unwrap();
    assert_eq!(book.new_ones(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_reads_what_it_audits_is_a_no_and_no_endless_loop() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let itself = Arc::new(std::sync::OnceLock::<CredentialsCache>::new());
    let called = Arc::new(Mutex::new(0));
    let (cache_in_sink, calls) = (Arc::clone(&itself), Arc::clone(&called));
    let cache = CredentialsCache::builder(script.clone())
        .in_world(&world)
        .audit(move |_: &ReadRecord| {
            *calls.lock().unwrap() += 1;
            match cache_in_sink.get().unwrap().current() {
                Some(_) => Ok(()),
                None => Err("no keys to sign the record with".into()),
            }
        })
        .build();
    itself.set(cache.clone()).unwrap();
    let error = cache.credentials().await.unwrap_err();
    assert!(error.to_string().contains("no keys to sign the record with"), "{error}");
    assert_eq!(*called.lock().unwrap(), 1);
    // One that reads another cache may.
    let book = Book::default();
    let other = audited(&world, &Script::new(&world, [], Step::Live(HOUR)), &book).build();
    other.credentials().await.unwrap();
    let reader = CredentialsCache::builder(script)
        .in_world(&world)
        .audit(move |_: &ReadRecord| other.current().map(|_| ()).ok_or_else(|| "nothing".into()))
        .build();
    reader.credentials().await.unwrap();
    reader.credentials().await.unwrap();
    assert_eq!(book.new_ones(), 3);
}
