//! A metadata service for each contestant, which is slow, fails or hangs for a while, under reads in an open loop.

use std::time::{Duration, Instant, SystemTime};

use aws_credential_chain::testing::{Clock, Fault, LocalAws, Route};
use tokio::runtime::Handle;

use crate::contestant::{Contestant, Library};
use crate::load::{self, Read};

/// What happens. Times count from the first read of the loop; credentials are in hand then.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How long credentials live.
    pub lifetime: fn(Library) -> Duration,
    /// What each request meets while the source is well.
    pub delay: Option<Duration>,
    pub outage: Option<Outage>,
    /// How long reads begin.
    pub length: Duration,
    /// How long the last ones may take.
    pub patience: Duration,
}

#[derive(Clone, Copy, Debug)]
pub struct Outage {
    pub kind: Kind,
    pub from: Duration,
    pub length: Duration,
}

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Answers500,
    Hangs,
}

/// What came of it.
#[derive(Debug)]
pub struct Run {
    pub library: Library,
    pub reads: Vec<Read>,
    /// When requests arrived at the source, counted from the first read.
    pub requests: Vec<Duration>,
    /// What the source gave out, in order.
    pub issued: Vec<Issued>,
    pub over: Option<Over>,
}

#[derive(Debug)]
pub struct Issued {
    pub access_key_id: String,
    pub expiry: SystemTime,
}

/// The end of an outage.
#[derive(Clone, Copy, Debug)]
pub struct Over {
    pub at: SystemTime,
    /// How many sets the source had given out by then.
    pub issued: usize,
    /// When the contestant means to ask next, if it tells.
    pub next_attempt: Option<SystemTime>,
}

impl Plan {
    /// Lets all of them live through it side by side, each in a thread of its own with a source of its own. The
    /// sources live on `server`.
    #[must_use]
    pub fn run(&self, libraries: &[Library], server: &Handle) -> Vec<Run> {
        std::thread::scope(|threads| {
            let runs: Vec<_> =
                libraries.iter().map(|library| threads.spawn(|| self.run_one(*library, server))).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        })
    }

    fn run_one(&self, library: Library, server: &Handle) -> Run {
        let aws = server.block_on(LocalAws::builder().clock(Clock::starting_now()).start()).unwrap();
        let lifetime = (self.lifetime)(library);
        aws.metadata().credentials_lifetime(lifetime);
        if let Some(delay) = self.delay {
            break_down(&aws, || Fault::delay(delay));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (started, reads, over) = runtime.block_on(async {
            let contestant = Contestant::new(library, &aws.endpoint());
            contestant.read(|_, _| ()).await.unwrap();
            let started = (SystemTime::now(), Instant::now());
            let outage =
                self.outage.map(|outage| tokio::spawn(outage.happen(aws.clone(), contestant.clone())));
            let reads = load::read(&contestant, self.length, self.patience).await;
            let over = match outage {
                Some(outage) => Some(outage.await.unwrap()),
                None => None,
            };
            (started.0, reads, over)
        });
        // Reads that hang must not hold up the end.
        runtime.shutdown_background();
        let requests = aws.requests();
        let since = |at: SystemTime| at.duration_since(started).unwrap_or_default();
        let given_out = requests
            .iter()
            .filter(|request| request.route() == Route::MetadataCredentials && request.status() == Some(200));
        let issued = given_out.zip(aws.metadata().issued()).map(|(request, access_key_id)| Issued {
            access_key_id,
            expiry: request.at() + self.delay.unwrap_or_default() + lifetime,
        });
        Run {
            library,
            reads,
            issued: issued.collect(),
            requests: requests.iter().map(|request| since(request.at())).collect(),
            over,
        }
    }
}

impl Outage {
    async fn happen(self, aws: LocalAws, contestant: Contestant) -> Over {
        tokio::time::sleep(self.from).await;
        break_down(&aws, || match self.kind {
            Kind::Answers500 => Fault::status(500),
            Kind::Hangs => Fault::hang(),
        });
        tokio::time::sleep(self.length).await;
        aws.clear_faults();
        Over {
            at: SystemTime::now(),
            issued: aws.metadata().issued().len(),
            next_attempt: contestant.next_attempt(),
        }
    }
}

fn break_down(aws: &LocalAws, fault: impl Fn() -> Fault) {
    for route in [Route::MetadataToken, Route::MetadataRoles, Route::MetadataCredentials] {
        aws.fault(route, fault().forever());
    }
}

impl Run {
    /// Reads that began from then on, for so long.
    #[must_use]
    pub fn within(&self, from: Duration, length: Duration) -> Vec<&Read> {
        self.reads.iter().filter(|read| (from..from + length).contains(&read.began)).collect()
    }

    /// Reads that were answered with credentials past their expiry: with the mark, and without it.
    #[must_use]
    pub fn expired(&self) -> (usize, usize) {
        let ends = self.reads.iter().filter_map(|read| read.end.as_ref());
        let answers = ends.filter_map(|end| Some((end.at, end.answer.as_ref().ok()?)));
        let expired = answers.filter(|(at, answer)| {
            let issued = self.issued.iter().find(|issued| issued.access_key_id == answer.access_key_id);
            issued.is_some_and(|issued| issued.expiry <= *at)
        });
        let (marked, unmarked): (Vec<_>, Vec<_>) = expired.partition(|(_, answer)| answer.marked);
        (marked.len(), unmarked.len())
    }

    /// From the end of the outage until a read was answered with something new.
    #[must_use]
    pub fn healed_at(&self) -> Option<SystemTime> {
        let new = self.issued.get(self.over?.issued..)?;
        let ends = self.reads.iter().filter_map(|read| read.end.as_ref());
        let healed = ends.filter(|end| {
            let id = end.answer.as_ref().map(|answer| &answer.access_key_id);
            id.is_ok_and(|id| new.iter().any(|issued| issued.access_key_id == *id))
        });
        healed.map(|end| end.at).min()
    }
}
