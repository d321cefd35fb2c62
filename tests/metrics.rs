//! What a cache's metrics say.
#![cfg(feature = "metrics")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::float_cmp,
    reason = "a test may fail loudly; the figures are exact"
)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_chain::interop::Metrics;
use aws_credential_chain::testing::World;
use aws_credential_chain::{CredentialsCache, SourceKind};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use support::script::{Script, Step};
use tokio::time::sleep;

const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);

/// In virtual time, with a recorder of its own.
fn recording(test: impl AsyncFnOnce(&Snapshotter)) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    // For this thread only, and with it for this runtime.
    metrics::with_local_recorder(&recorder, || runtime.block_on(test(&snapshotter)));
}

/// All that was recorded since the last call: `name{label=value,…}`, and counts, gauges, and the number and sum of
/// histograms.
fn recorded(snapshotter: &Snapshotter) -> BTreeMap<String, f64> {
    let mut recorded = BTreeMap::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let labels: Vec<String> =
            key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let name = format!("{}{{{}}}", key.key().name(), labels.join(","));
        match value {
            DebugValue::Counter(count) => {
                recorded.insert(name, f64::from(u32::try_from(count).unwrap()));
            }
            DebugValue::Gauge(value) => {
                recorded.insert(name, value.into_inner());
            }
            DebugValue::Histogram(values) => {
                recorded.insert(format!("{name} number"), f64::from(u32::try_from(values.len()).unwrap()));
                recorded.insert(format!("{name} sum"), values.iter().map(|value| value.into_inner()).sum());
            }
        }
    }
    recorded
}

#[test]
fn refreshes_waits_expiry_and_stale_reads_are_counted() {
    recording(async |snapshotter| {
        let world = World::new();
        let script = Script::new(&world, [Step::Live(HOUR).after(2 * SECOND)], Step::Transient)
            .of_kind(SourceKind::InstanceMetadata);
        let metrics = Metrics::new().cache("base");
        let cache =
            CredentialsCache::builder(script.clone()).in_world(&world).observer(metrics.clone()).build();
        cache.credentials().await.unwrap();
        let first = recorded(snapshotter);
        assert_eq!(
            first["aws_credentials_refreshes_total{cache=base,source=instance metadata,outcome=success}"],
            1.0
        );
        assert_eq!(
            first["aws_credentials_refresh_seconds{cache=base,source=instance metadata,outcome=success} sum"],
            2.0
        );
        assert_eq!(first["aws_credentials_seconds_to_expiry{cache=base}"], 3600.0);
        assert_eq!(first["aws_credentials_read_wait_seconds{cache=base} number"], 1.0);
        assert_eq!(
            first["aws_credentials_stale_reads_total{cache=base}"], 0.0,
            "the first one is an increase"
        );
        assert_eq!(first["aws_credentials_read_wait_seconds{cache=base} sum"], 2.0);

        sleep(HOUR / 2).await;
        metrics.update(&cache);
        assert_eq!(recorded(snapshotter)["aws_credentials_seconds_to_expiry{cache=base}"], 1800.0);

        cache.renew().await.unwrap_err();
        let failed = recorded(snapshotter);
        assert_eq!(
            failed["aws_credentials_refreshes_total{cache=base,source=script,outcome=unavailable}"],
            1.0
        );
        assert_eq!(failed["aws_credentials_seconds_to_expiry{cache=base}"], 1800.0);

        sleep(HOUR).await;
        for _ in 0..3 {
            assert!(cache.credentials().await.unwrap().is_stale());
        }
        let stale = recorded(snapshotter);
        assert_eq!(stale["aws_credentials_stale_reads_total{cache=base}"], 3.0);
        assert_eq!(stale["aws_credentials_seconds_to_expiry{cache=base}"], 0.0);
        metrics.update(&cache);
        assert_eq!(recorded(snapshotter)["aws_credentials_seconds_to_expiry{cache=base}"], 0.0);
    });
}

#[test]
fn what_does_not_expire_is_valid_for_ever_and_without_a_name_there_is_no_label() {
    recording(async |snapshotter| {
        let world = World::new();
        let script = Script::new(&world, [Step::NotConfigured], Step::Forever);
        let metrics = Metrics::new();
        let cache = CredentialsCache::builder(script).in_world(&world).observer(metrics.clone()).build();
        metrics.update(&cache);
        assert_eq!(recorded(snapshotter)["aws_credentials_seconds_to_expiry{}"], 0.0);
        cache.credentials().await.unwrap_err();
        cache.renew().await.unwrap();
        let seen = recorded(snapshotter);
        assert_eq!(seen["aws_credentials_refreshes_total{source=none,outcome=not_configured}"], 1.0);
        assert_eq!(seen["aws_credentials_refreshes_total{source=custom provider,outcome=success}"], 1.0);
        assert_eq!(seen["aws_credentials_seconds_to_expiry{}"], f64::INFINITY);
        metrics.update(&cache);
        assert_eq!(recorded(snapshotter)["aws_credentials_seconds_to_expiry{}"], f64::INFINITY);
    });
}

#[cfg(feature = "sts")]
#[test]
fn a_pool_counts_for_all_its_tenants_and_names_none() {
    use aws_credential_chain::testing::LocalAws;
    use aws_credential_chain::{CachePool, Role};
    recording(async |snapshotter| {
        let aws = LocalAws::start().await.unwrap();
        let (id, secret) = aws.sts().user("111111111111", "alice");
        let keys = aws_credential_chain::providers::StaticKeys::new(id, secret, None).unwrap();
        let metrics = Metrics::new().pool("tenants");
        let limiter = aws_credential_chain::sts::StsLimiter::new().per_second(1).patience(60 * SECOND);
        let pool = CachePool::of_roles(keys)
            .in_world(&aws.world())
            .capacity(2)
            .limiter(limiter)
            .observer(metrics.clone())
            .build();
        for number in 0..4 {
            let arn = format!("arn:aws:iam::222222222222:role/CANARY-{number}");
            if number != 3 {
                aws.sts().role(&arn);
            }
            let _ = pool.credentials(&Role::builder(arn).build().unwrap()).await;
        }
        metrics.update_pool(&pool);
        let seen = recorded(snapshotter);
        let refreshes = "aws_credentials_refreshes_total{pool=tenants,source=assume role";
        assert_eq!(seen[&format!("{refreshes},outcome=success}}")], 3.0);
        assert_eq!(seen[&format!("{refreshes},outcome=refused}}")], 1.0);
        assert_eq!(seen["aws_credentials_tenants{pool=tenants}"], 2.0);
        assert_eq!(seen["aws_credentials_tenants_left_total{pool=tenants,because=capacity}"], 2.0);
        assert!(seen["aws_credentials_sts_wait_seconds{pool=tenants} number"] >= 1.0);
        assert!(!seen.keys().any(|name| name.contains("CANARY") || name.contains("to_expiry")), "{seen:?}");
    });
}
