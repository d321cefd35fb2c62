//! This crate and others while their source is slow, away or hanging; and what their reads take otherwise. Prints a
//! table; takes some four minutes of real time.
//!
//! `cargo run --release -p benches --features peers --bin outages`

use std::time::{Duration, SystemTime};

use benches::cached::{self, Kind};
use benches::contestant::Library;
use benches::load::Read;
use benches::outage::{self, Outage, Plan, Run};
use tokio::runtime::Handle;

fn main() {
    // The clients that object_store makes ask for one, also where they speak plain HTTP.
    rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap();
    // A thread for all sources, so that no contestant waits for the others' turn in its own.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = &runtime.handle().clone();
    std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
    reads(server);
    herd(server);
    refreshing(server);
    answering_500(server);
    hanging(server);
    past_expiry(server);
}

fn reads(server: &Handle) {
    println!(
        "\na cached read                            ns, 1 thread   ns, {} threads   ratio",
        cached::THREADS
    );
    let ours = [
        ("`current()`", Kind::Current),
        ("`with_current(…)`", Kind::Lent),
        ("`credentials().await`", Kind::Awaited),
    ];
    for (what, kind) in ours {
        row_of_reads(&format!("{}, {what}", Library::Ours.name()), Library::Ours, kind, server);
    }
    for library in Library::PEERS {
        row_of_reads(library.name(), library, Kind::Awaited, server);
    }
}

fn row_of_reads(title: &str, library: Library, kind: Kind, server: &Handle) {
    let (alone, together) = cached::nanoseconds(library, kind, server);
    println!("  {title:<38} {alone:>12.0} {together:>14.0} {:>7.1}", together / alone);
}

fn herd(server: &Handle) {
    println!("\n10,000 tasks, nothing cached, 20 ms a request      requests       ms");
    for library in Library::ALL {
        // The best of three: whoever comes first also makes the process grow.
        let runs = (0..3).map(|_| cached::herd(library, server));
        let (requests, took) = runs.min_by_key(|(_, took)| *took).unwrap_or_default();
        println!("  {:<46} {requests:>10} {:>8}", library.name(), took.as_millis());
    }
}

/// The first refresh falls due after four seconds, and so do all that follow.
fn refreshing(server: &Handle) {
    let plan = Plan {
        lifetime: |library| library.lifetime_renewed(seconds(4)),
        delay: Some(Duration::from_millis(200)),
        outage: None,
        length: seconds(24),
        patience: seconds(10),
    };
    println!("\nrefreshing under load, 200 ms a request    reads  refreshes  over 1 ms   waited      worst");
    for run in plan.run(&Library::WITH_CONTROL, server) {
        let reads = run.within(Duration::ZERO, plan.length);
        println!(
            "  {:<38} {:>7} {:>10} {:>10} {:>8} {:>10}",
            run.library.name(),
            reads.len(),
            run.issued.len().saturating_sub(1),
            share(over_a_millisecond(&reads), reads.len()),
            share(waited(&reads), reads.len()),
            worst(&reads),
        );
    }
}

/// Everybody wants new credentials soon after the source has gone, and those in hand stay valid until it is back.
const WHILE_VALID: Plan = Plan {
    lifetime: |library| library.lifetime_renewed(seconds(15)),
    delay: None,
    outage: None,
    length: Duration::from_millis(26_400),
    patience: seconds(5),
};
const AWAY_FROM: Duration = Duration::from_millis(13_400);
const AWAY_FOR: Duration = seconds(7);
/// Thirteen seconds, 2,600 reads: the outage, and three seconds around it.
const LOOKED_AT: (Duration, Duration) = (Duration::from_millis(10_400), seconds(13));

fn answering_500(server: &Handle) {
    let outage = Outage { kind: outage::Kind::Answers500, from: AWAY_FROM, length: AWAY_FOR };
    let plan = Plan { outage: Some(outage), ..WHILE_VALID };
    println!("\n500 for 7 s, credentials valid             reads    errors   waited      worst  requests/s");
    for run in plan.run(&Library::WITH_CONTROL, server) {
        let reads = run.within(LOOKED_AT.0, LOOKED_AT.1);
        println!(
            "  {:<38} {:>7} {:>9} {:>8} {:>10} {:>11.1}",
            run.library.name(),
            reads.len(),
            errors(&reads),
            share(waited(&reads), reads.len()),
            worst(&reads),
            requests_a_second(&run),
        );
    }
}

fn hanging(server: &Handle) {
    let outage = Outage { kind: outage::Kind::Hangs, from: AWAY_FROM, length: AWAY_FOR };
    let plan = Plan { outage: Some(outage), patience: seconds(45), ..WHILE_VALID };
    println!(
        "\nhanging for 7 s, credentials valid         reads    errors   waited      worst  unanswered after 45 s"
    );
    for run in plan.run(&Library::WITH_CONTROL, server) {
        let reads = run.within(LOOKED_AT.0, LOOKED_AT.1);
        let unanswered = reads.iter().filter(|read| read.end.is_none()).count();
        println!(
            "  {:<38} {:>7} {:>9} {:>8} {:>10} {:>22}",
            run.library.name(),
            reads.len(),
            errors(&reads),
            share(waited(&reads), reads.len()),
            worst(&reads),
            share(unanswered, reads.len()),
        );
    }
}

/// Credentials of twenty seconds, and an outage that outlasts them by ten.
fn past_expiry(server: &Handle) {
    let outage = Outage { kind: outage::Kind::Answers500, from: seconds(8), length: seconds(22) };
    let plan = Plan {
        lifetime: |_| seconds(20),
        delay: None,
        outage: Some(outage),
        length: seconds(105),
        patience: seconds(5),
    };
    println!(
        "\noutage 10 s past expiry                  errors  expired: unmarked  marked     worst  healed after   that was, after the attempt was due"
    );
    for run in plan.run(&Library::ALL, server) {
        let reads = run.within(Duration::ZERO, plan.length);
        let (marked, unmarked) = run.expired();
        let ago = |from: SystemTime| run.healed_at().map(|at| at.duration_since(from).unwrap_or_default());
        println!(
            "  {:<38} {:>6} {:>18} {:>7} {:>9} {:>13}   {}",
            run.library.name(),
            errors(&reads),
            unmarked,
            marked,
            worst(&reads),
            run.over.and_then(|over| ago(over.at)).map_or("never".to_owned(), time),
            run.over.and_then(|over| ago(over.next_attempt?)).map_or("-".to_owned(), time),
        );
    }
}

fn over_a_millisecond(reads: &[&Read]) -> usize {
    let is_over = |read: &&&Read| read.end.as_ref().is_none_or(|end| end.took > Duration::from_millis(1));
    reads.iter().filter(is_over).count()
}

fn waited(reads: &[&Read]) -> usize {
    reads.iter().filter(|read| read.end.as_ref().is_none_or(|end| end.waited)).count()
}

fn errors(reads: &[&Read]) -> usize {
    reads.iter().filter(|read| read.end.as_ref().is_some_and(|end| end.answer.is_err())).count()
}

/// The longest read of those that came back.
fn worst(reads: &[&Read]) -> String {
    reads.iter().filter_map(|read| Some(read.end.as_ref()?.took)).max().map_or("-".to_owned(), time)
}

#[allow(clippy::cast_precision_loss, reason = "shown with one digit")]
fn requests_a_second(run: &Run) -> f64 {
    let meanwhile = run.requests.iter().filter(|at| (AWAY_FROM..AWAY_FROM + AWAY_FOR).contains(*at));
    meanwhile.count() as f64 / AWAY_FOR.as_secs_f64()
}

#[allow(clippy::cast_precision_loss, reason = "shown with one digit")]
fn share(part: usize, whole: usize) -> String {
    if part == 0 { "0".to_owned() } else { format!("{:.1} %", part as f64 * 100.0 / whole.max(1) as f64) }
}

fn time(took: Duration) -> String {
    match took.as_micros() {
        0..1000 => format!("{} µs", took.as_micros()),
        1000..1_000_000 => format!("{} ms", took.as_millis()),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
