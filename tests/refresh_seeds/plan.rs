//! What happens in one run: drawn from its seed, and nothing else.

use std::time::Duration;

use aws_credential_chain::{FailureKind, RefreshMode, RefreshPolicy, SourceKind, StaleRule};
use fastrand::Rng;

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rules: Rules,
    pub(crate) kind: SourceKind,
    pub(crate) phases: Vec<Phase>,
    pub(crate) acts: Vec<(Duration, Act)>,
    /// The machine sleeps so long each time that this many refreshes have landed, before those who wait have their turn.
    pub(crate) naps: Option<(u32, Duration)>,
    /// Nothing but one outage, shorter than the advisory window: no read may notice it.
    pub(crate) calm: bool,
}

/// A policy, as far as the invariants ask for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) name: Name,
    pub(crate) window: Option<Duration>,
    pub(crate) inline: bool,
    pub(crate) never_stale: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Ours,
    Aws,
    OnDemand,
}

/// How the source behaves until then, counted from the beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phase {
    pub(crate) until: Duration,
    pub(crate) latency: Duration,
    pub(crate) does: Does,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Does {
    Gives(Duration),
    GivesForEver,
    /// The key that it gave last, for so long.
    Repeats(Duration),
    /// Credentials that expired so long ago.
    GivesExpired(Duration),
    Fails(FailureKind),
    Wants(Duration),
    NotConfigured,
    Hangs,
    Panics,
}

/// What is done to the cache.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// So many at once.
    Reads(u32),
    /// A read that is given up after so long.
    GivesUp(Duration),
    Renew,
    ValidFor(Duration),
    Look,
    /// Of the key that is so many keys older than the one in hand.
    Invalidate(u32),
    Forget,
    Turn(Duration),
    TurnBack(Duration),
    KeepFresh(bool),
    /// The runtime is dropped with all that runs in it, and another goes on.
    NewRuntime,
}

impl Rules {
    pub(crate) fn policy(&self) -> RefreshPolicy {
        let mut policy = match self.name {
            Name::Ours => RefreshPolicy::default(),
            Name::Aws => RefreshPolicy::aws(),
            Name::OnDemand => RefreshPolicy::on_demand(),
        };
        if let Some(window) = self.window {
            policy = policy.advisory_window(window);
        }
        if self.inline {
            policy = policy.mode(RefreshMode::Inline);
        }
        if self.never_stale {
            policy = policy.stale(StaleRule::Never);
        }
        policy
    }
}

impl Plan {
    /// Anything.
    pub(crate) fn draw(seed: u64) -> Self {
        let rng = &mut Rng::with_seed(seed);
        let lifetime = Duration::from_secs(one_of(rng, &[20, 60, 300, 900, 1200, 1201, 3600, 21_600]));
        let name = one_of(rng, &[Name::Ours, Name::Ours, Name::Ours, Name::Ours, Name::Aws, Name::OnDemand]);
        let rules = Rules {
            name,
            window: one_in(rng, 4).then(|| part(rng, lifetime)),
            inline: name == Name::Aws || one_in(rng, 5),
            never_stale: one_in(rng, 5),
        };
        let mut acts = Vec::new();
        let mut whole = Duration::ZERO;
        for _ in 0..rng.u32(20..120) {
            let gap = gap(rng, lifetime);
            whole += gap;
            acts.push((gap, act(rng, lifetime, name)));
        }
        let mut phases = Vec::new();
        let mut until = Duration::ZERO;
        while until < whole {
            until += match rng.u8(0..4) {
                0 => part(rng, Duration::from_secs(60)),
                1 => part(rng, lifetime / 4),
                _ => part(rng, lifetime * 2),
            };
            let latency = match rng.u8(0..8) {
                0 => part(rng, Duration::from_secs(40)),
                1 | 2 => Duration::ZERO,
                _ => part(rng, Duration::from_secs(1)),
            };
            phases.push(Phase { until, latency, does: does(rng, lifetime) });
        }
        let naps = one_in(rng, 4).then(|| (rng.u32(2..6), part(rng, lifetime * 2)));
        Self { rules, kind: kind(rng), phases, acts, naps, calm: false }
    }

    /// One outage that is shorter than the advisory window, and readers who look often enough to start a refresh.
    pub(crate) fn draw_calm(seed: u64) -> Self {
        let rng = &mut Rng::with_seed(seed);
        let (lifetime, window) = one_of(
            rng,
            &[(300, 150_u32), (900, 300), (1200, 300), (3600, 900), (7200, 3600), (21_600, 3600)],
        );
        let gap = Duration::from_secs_f64(f64::from(window) / 40.0);
        let latency = part(rng, Duration::from_secs(2));
        let does = match rng.u8(0..8) {
            0 => Does::Hangs,
            1 => Does::Panics,
            2 => Does::NotConfigured,
            3 => Does::Fails(FailureKind::Throttled),
            4 => Does::GivesExpired(part(rng, Duration::from_secs(60))),
            _ => Does::Fails(FailureKind::Unavailable),
        };
        // The last attempt in vain has an end, and a read has to come by after the pause that follows it.
        let last = if matches!(does, Does::Hangs) { LIMIT } else { latency };
        let margin = last + 2 * (Duration::from_secs(7) + gap + latency);
        let window = Duration::from_secs(window.into());
        let lifetime = Duration::from_secs(lifetime);
        let begins = Duration::from_secs(5) + part(rng, lifetime * 2);
        let ends = begins + part(rng, window.saturating_sub(margin));
        let good = Does::Gives(lifetime);
        let phases = vec![
            Phase { until: begins, latency, does: good },
            Phase { until: ends, latency, does },
            Phase { until: Duration::MAX, latency, does: good },
        ];
        let mut acts = vec![(Duration::ZERO, Act::Reads(1)), (Duration::from_secs(5), Act::Reads(1))];
        if one_in(rng, 3) {
            acts.push((Duration::ZERO, Act::KeepFresh(true)));
        }
        // Few, as long as nothing can be due; then often, until it is over.
        let quiet = begins.saturating_sub(window + window / 4);
        acts.extend((0..5).map(|_| (quiet / 5, Act::Reads(1))));
        let often = (ends + window - quiet).as_secs_f64() / gap.as_secs_f64();
        for _ in 0..often.ceil() as u32 {
            acts.push((gap, Act::Reads(1 + rng.u32(0..20) / 19)));
        }
        let inline = one_in(rng, 4);
        let rules = Rules { name: Name::Ours, window: None, inline, never_stale: one_in(rng, 3) };
        Self { rules, kind: kind(rng), phases, acts, naps: None, calm: true }
    }

    pub(crate) fn phase(&self, at: Duration) -> Phase {
        let last = Phase {
            until: Duration::MAX,
            latency: Duration::ZERO,
            does: Does::Gives(Duration::from_secs(3600)),
        };
        self.phases.iter().find(|phase| at < phase.until).copied().unwrap_or(last)
    }
}

fn act(rng: &mut Rng, lifetime: Duration, name: Name) -> Act {
    match rng.u8(0..40) {
        0..20 => Act::Reads(if one_in(rng, 3) { rng.u32(2..6) } else { 1 }),
        20..23 => Act::GivesUp(part(rng, Duration::from_secs(8))),
        23..25 => Act::Renew,
        25..27 => Act::ValidFor(part(rng, lifetime)),
        27..30 => Act::Look,
        30..33 => Act::Invalidate(rng.u32(0..5) / 3),
        33 => Act::Forget,
        34 => Act::Turn(step(rng, lifetime)),
        35 => Act::TurnBack(step(rng, lifetime)),
        // Without a pause after failures it asks once a second, and a run would take for ever.
        36 if name != Name::Aws => Act::KeepFresh(true),
        37 => Act::KeepFresh(false),
        38 if one_in(rng, 4) => Act::NewRuntime,
        _ => Act::Reads(1),
    }
}

fn does(rng: &mut Rng, lifetime: Duration) -> Does {
    match rng.u8(0..24) {
        0..10 => Does::Gives(lifetime),
        10 => Does::Gives(part(rng, lifetime * 2)),
        11 => Does::GivesForEver,
        12 | 13 => Does::Repeats(part(rng, lifetime)),
        14 => Does::GivesExpired(part(rng, lifetime)),
        15..18 => Does::Fails(FailureKind::Unavailable),
        18 => Does::Fails(FailureKind::Throttled),
        19 => Does::Fails(one_of(rng, &[FailureKind::Refused, FailureKind::Refused, FailureKind::Withheld])),
        20 => Does::Wants(part(rng, Duration::from_secs(600))),
        21 => Does::NotConfigured,
        22 => Does::Hangs,
        _ => Does::Panics,
    }
}

fn kind(rng: &mut Rng) -> SourceKind {
    one_of(rng, &[SourceKind::InstanceMetadata, SourceKind::Container, SourceKind::Custom])
}

/// Between two acts: none, or anything from milliseconds to a part of the lifetime.
fn gap(rng: &mut Rng, lifetime: Duration) -> Duration {
    match rng.u8(0..16) {
        0..5 => Duration::ZERO,
        5..9 => part(rng, Duration::from_millis(500)),
        9..13 => part(rng, Duration::from_secs(10)),
        13 | 14 => part(rng, lifetime / 8),
        _ => part(rng, lifetime.min(Duration::from_secs(7200))),
    }
}

/// NTP's, or a laptop's lid.
fn step(rng: &mut Rng, lifetime: Duration) -> Duration {
    match rng.u8(0..4) {
        0 => part(rng, Duration::from_secs(2)),
        1 => Duration::from_secs(86_400 * 30),
        _ => part(rng, lifetime * 2),
    }
}

/// In milliseconds.
fn part(rng: &mut Rng, of: Duration) -> Duration {
    Duration::from_millis(rng.u64(0..=u64::try_from(of.as_millis()).unwrap()))
}

fn one_in(rng: &mut Rng, so_many: u32) -> bool {
    rng.u32(0..so_many) == 0
}

fn one_of<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.usize(0..all.len())]
}

/// Of a provider: the one that the trait has.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);
