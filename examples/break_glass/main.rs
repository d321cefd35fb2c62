//! Break-glass: an admin role that nobody has until two people say yes, and that is known to others before it can be used.
//!
//! Runs on an embedded local AWS, with two people who answer as written down here; with `--ask` it asks on the terminal.
//! The pieces are those of a real program: the gate in front of the role, the webhook that tells an audit service, the
//! policy that never renews by itself, the record of each read.
#![allow(clippy::print_stdout, reason = "it tells a person")]

mod desk;
mod receiver;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_credential_chain::audit::ReadRecord;
use aws_credential_chain::notice::Webhook;
use aws_credential_chain::providers::StaticKeys;
use aws_credential_chain::testing::{LocalAws, Route};
use aws_credential_chain::{CredentialsCache, ProviderExt, RefreshPolicy, Role};

use desk::{Answer, Desk};
use receiver::{Receiver, SECRET};

const ADMIN: &str = "arn:aws:iam::222222222222:role/admin";
const QUARTER: Duration = Duration::from_secs(900);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    // The account: a role that alice may assume, if the request says for which reason.
    let aws = LocalAws::start().await?;
    aws.sts().role(ADMIN).trusts("arn:aws:iam::111111111111:user/alice").requires_tag("reason");
    let (access_key_id, secret) = aws.sts().user("111111111111", "alice");
    let world = aws.world();

    // The people, and the service that keeps the records.
    let desk =
        if std::env::args().any(|argument| argument == "--ask") { Desk::at_the_terminal() } else { play() };
    let receiver = Receiver::start().await?;

    // The program: a gate of two, a webhook, nothing renewed by itself, a record of each read.
    let reads = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&reads);
    let gate = desk.clone();
    let admin = StaticKeys::new(access_key_id, secret, None)?
        .assume(Role::builder(ADMIN).duration(QUARTER).build()?)
        .in_world(&world)
        .gated(move |ask| gate.clone().two_people(ask))
        .notify(Webhook::new(receiver.url(), SECRET)?.in_world(&world));
    let cache = CredentialsCache::builder(admin)
        .in_world(&world)
        .refresh(RefreshPolicy::on_demand())
        .audit(move |_: &ReadRecord| {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
        .build();
    let issued = || aws.count(Route::AssumeRole);

    println!("1. somebody says no");
    if let Err(error) = cache.credentials().await {
        println!("   {error}");
    }
    // Programs try again. Nobody is asked for that.
    let _ = cache.credentials().await;
    println!("   asked: {}, sessions issued: {}", desk.asked(), issued());

    println!("2. one person says yes twice");
    if let Err(error) = cache.renew().await {
        println!("   {error}");
    }

    println!("3. two people say yes");
    let credentials = cache.renew().await?;
    println!("   have {} from {}", credentials.access_key_id(), credentials.source());
    if let Some(session) = aws.sts().session(credentials.access_key_id()) {
        println!("   AWS knows {} as {:?}", session.arn(), session.source_identity().unwrap_or_default());
        for (key, value) in session.tags() {
            println!("   tag {key} = {value}");
        }
    }
    for record in receiver.records() {
        println!("   the audit service has: {record}");
    }

    println!("4. the program works with it");
    let (asked, before) = (desk.asked(), reads.load(Ordering::Relaxed));
    for _ in 0..1000 {
        cache.credentials().await?;
    }
    let recorded = reads.load(Ordering::Relaxed) - before;
    println!("   1000 reads, {recorded} recorded, asked: {}", desk.asked() - asked);

    println!("5. a quarter of an hour later it is over, and nobody is asked unbidden");
    aws.clock().turn(QUARTER);
    match cache.credentials().await {
        Ok(_) => return Err("credentials past their end".into()),
        Err(error) => println!("   {error}"),
    }
    println!("   asked: {}, in hand: {:?}", desk.asked() - asked, cache.current().map(|_| "something"));

    println!("6. two people say yes, and the audit service is down");
    receiver.is_down();
    match cache.renew().await {
        Ok(_) => Err("credentials that nobody was told of".into()),
        Err(error) => {
            println!("   {error}");
            Ok(())
        }
    }
}

/// What happens if nobody sits at the terminal.
fn play() -> Desk {
    let yes = |who| Answer::Yes { who, reason: "INC-4711: the ledger is stuck" };
    Desk::that_plays([
        [yes("bob"), Answer::No { who: "carol", why: "not on a Friday" }],
        [yes("bob"), yes("bob")],
        [yes("bob"), yes("carol")],
        [yes("bob"), yes("carol")],
    ])
}
