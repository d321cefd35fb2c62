//! No two tenants share a session by accident: whatever differs in what is asked of STS makes another one.
#![cfg(feature = "sts")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_credential_chain::providers::StaticKeys;
use aws_credential_chain::testing::{Route, World};
use aws_credential_chain::{CachePool, Credentials, Role, RoleBuilder, SessionPolicy, provider_fn};
use support::tenants::{HOUR, aws_with, counting, keys, role};

const ARN: &str = "arn:aws:iam::222222222222:role/tenant";

type Change = fn(RoleBuilder) -> RoleBuilder;

/// Every part of a role, changed alone; and what looks alike and is not.
const DIFFERENT: [Change; 28] = [
    |role| role,
    |role| role.session_name("alice"),
    |role| role.session_name("Alice"),
    |role| role.external_id("tenant-a"),
    |role| role.external_id("tenant-A"),
    |role| role.external_id("tenant-a-"),
    |role| role.duration(Duration::from_secs(900)),
    |role| role.duration(Duration::from_secs(901)),
    |role| role.policy(policy("s3:GetObject")),
    |role| role.policy(policy("s3:PutObject")),
    |role| role.policy_arn(READ_ONLY),
    |role| role.policy_arn("arn:aws:iam::aws:policy/AdministratorAccess"),
    |role| role.policy_arn(READ_ONLY).policy_arn("arn:aws:iam::aws:policy/AdministratorAccess"),
    |role| role.tag("team", "a"),
    |role| role.tag("team", "A"),
    |role| role.tag("Team", "a"),
    |role| role.tag("team", "a").tag("stage", "b"),
    |role| role.tag("team", "b").tag("stage", "a"),
    |role| role.transitive_tag("team", "a"),
    |role| role.source_identity("alice"),
    |role| role.source_identity("alicf"),
    |role| role.provided_context(CONTEXT_PROVIDER, "assertion-a"),
    |role| role.provided_context(CONTEXT_PROVIDER, "assertion-b"),
    // The same text in another place.
    |role| role.session_name("tenant-a"),
    |role| role.source_identity("tenant-a"),
    |role| role.tag("tenant-a", ""),
    |role| role.session_name("tenant-a").external_id("alice"),
    |role| role.session_name("alice").external_id("tenant-a"),
];

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const CONTEXT_PROVIDER: &str = "arn:aws:iam::aws:contextProvider/IdentityCenter";

fn policy(action: &str) -> SessionPolicy {
    let json = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}]}}"#
    );
    SessionPolicy::from_json(json).unwrap()
}

#[tokio::test(start_paused = true)]
async fn whatever_differs_in_a_role_makes_another_session() {
    let (aws, world) = aws_with(0).await;
    let arns = ["", "s", "/tenant"].map(|more| format!("{ARN}{more}"));
    let arns =
        [&arns[..], &[ARN.replace("222222222222", "222222222223"), ARN.replace("tenant", "Tenant")]].concat();
    for arn in &arns {
        aws.sts().role(arn);
    }
    let pool = CachePool::of_roles(keys(&aws)).in_world(&world).build();
    let mut ids = HashSet::new();
    for (number, change) in DIFFERENT.iter().enumerate() {
        for arn in &arns {
            let role = change(Role::builder(arn)).build().unwrap();
            let read = pool.credentials(&role).await.unwrap();
            assert!(
                ids.insert(read.access_key_id().to_owned()),
                "{number} of {arn} has the session of another"
            );
            // Built anew it is the same.
            let again = pool.credentials(&change(Role::builder(arn)).build().unwrap()).await.unwrap();
            assert_eq!(again.access_key_id(), read.access_key_id());
        }
    }
    let sessions = DIFFERENT.len() * arns.len();
    assert_eq!((pool.len(), aws.count(Route::AssumeRole)), (sessions, sessions));
}

/// Each part of a role, there or not, with each of the others there or not.
#[tokio::test(start_paused = true)]
async fn every_combination_of_parts_is_a_tenant_of_its_own() {
    const PARTS: [Change; 10] = [
        |role| role.session_name("aa"),
        |role| role.external_id("aa"),
        |role| role.duration(Duration::from_secs(900)),
        |role| role.policy(policy("s3:GetObject")),
        |role| role.policy_arn(READ_ONLY),
        |role| role.tag("a", "a"),
        |role| role.tag("aa", ""),
        |role| role.transitive_tag_key("a"),
        |role| role.source_identity("aa"),
        |role| role.provided_context(CONTEXT_PROVIDER, "aaaa"),
    ];
    let world = World::new();
    let (asked, inside) = (Arc::new(AtomicUsize::new(0)), world.clone());
    let counted = Arc::clone(&asked);
    let pool = CachePool::builder(move |_: &Role| {
        let (clock, number) = (inside.clock().clone(), counted.fetch_add(1, Ordering::Relaxed));
        Ok(provider_fn(move || {
            let expiry = clock.now() + HOUR;
            async move { Credentials::builder(format!("AKIA{number}"), "secret").expiry(expiry).build() }
        }))
    })
    .in_world(&world)
    .build();
    for round in 0..2 {
        for mask in 0..1 << PARTS.len() {
            let parts = PARTS.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1);
            let role = parts.fold(Role::builder(ARN), |role, (_, part)| part(role)).build().unwrap();
            let read = pool.credentials(&role).await.unwrap();
            assert_eq!(read.access_key_id(), format!("AKIA{mask}"), "round {round}");
        }
    }
    assert_eq!((pool.len(), asked.load(Ordering::Relaxed)), (1024, 1024));
}

/// The source is the pool's: whoever is assumed with other keys is in another pool.
#[tokio::test(start_paused = true)]
async fn the_same_role_from_another_source_is_another_session() {
    let (aws, world) = aws_with(1).await;
    let of = |name: &str| {
        let (id, secret) = aws.sts().user("111111111111", name);
        let keys = StaticKeys::new(id.clone(), secret, None).unwrap();
        (id, CachePool::of_roles(keys).in_world(&world).build())
    };
    let mut sessions = HashSet::new();
    for (id, pool) in [of("alice"), of("bob")] {
        sessions.insert(pool.credentials(&role(0)).await.unwrap().access_key_id().to_owned());
        assert_eq!(aws.requests().last().unwrap().signed_by(), Some(&*id));
    }
    assert_eq!(sessions.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_has_no_meaning_makes_no_other_session() {
    let (aws, world) = aws_with(0).await;
    aws.sts().role(ARN);
    let pool = CachePool::of_roles(keys(&aws)).in_world(&world).build();
    let one = Role::builder(ARN).tag("team", "a").tag("stage", "b").transitive_tag_key("team");
    let other = Role::builder(ARN).transitive_tag_key("team").tag("stage", "b").tag("team", "a");
    let (one, other) = (one.build().unwrap(), other.build().unwrap());
    let first = pool.credentials(&one).await.unwrap();
    assert_eq!(pool.credentials(&other).await.unwrap().access_key_id(), first.access_key_id());
    assert_eq!((pool.len(), aws.count(Route::AssumeRole)), (1, 1));
}

/// A key whose hash says nothing.
#[derive(Clone, PartialEq, Eq)]
struct Colliding(u32);

impl Hash for Colliding {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(7);
    }
}

#[tokio::test(start_paused = true)]
async fn tenants_whose_hashes_are_equal_are_told_apart() {
    let world = World::new();
    let asked = Arc::default();
    let make = counting(&world, &asked);
    let pool = CachePool::builder(move |key: &Colliding| make(&key.0)).in_world(&world).capacity(200).build();
    for _ in 0..2 {
        for number in 0..200 {
            let id = pool.credentials(&Colliding(number)).await.unwrap().access_key_id().to_owned();
            assert_eq!(id, format!("AKIA{number}"));
        }
    }
    assert_eq!((pool.len(), asked.lock().unwrap().len()), (200, 200));
    // Also where some have left.
    for number in 200..300 {
        pool.credentials(&Colliding(number)).await.unwrap();
    }
    let present = (0..300).filter_map(|number| {
        let credentials = pool.current(&Colliding(number))?;
        assert_eq!(credentials.access_key_id(), format!("AKIA{number}"));
        Some(number)
    });
    assert_eq!(present.filter(|number| *number < 200).count(), 100);
}
