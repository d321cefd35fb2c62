//! Whom the gate asks: two people at a desk.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{Write, stdin, stdout};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_chain::gate::{Ask, Grant};

/// What one person says.
#[derive(Clone)]
pub(crate) enum Answer {
    Yes { who: &'static str, reason: &'static str },
    No { who: &'static str, why: &'static str },
}

/// Clones are the same desk.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Inside>);

struct Inside {
    /// `None`: people at the terminal.
    play: Option<Mutex<VecDeque<[Answer; 2]>>>,
    asked: AtomicUsize,
}

impl Desk {
    pub(crate) fn that_plays(play: impl IntoIterator<Item = [Answer; 2]>) -> Self {
        Self::with(Some(Mutex::new(play.into_iter().collect())))
    }

    pub(crate) fn at_the_terminal() -> Self {
        Self::with(None)
    }

    fn with(play: Option<Mutex<VecDeque<[Answer; 2]>>>) -> Self {
        Self(Arc::new(Inside { play, asked: AtomicUsize::new(0) }))
    }

    /// How many people were asked so far.
    pub(crate) fn asked(&self) -> usize {
        self.0.asked.load(Ordering::Relaxed)
    }

    /// The gate: a grant only if both say yes, and if they are two. A real one would ask both at once, by pager or chat,
    /// and know who answers by more than a name.
    pub(crate) async fn two_people(self, ask: Ask) -> Result<Grant, Box<dyn Error + Send + Sync>> {
        println!("   asked to approve {} for {}", ask.role().arn().name(), ask.source());
        let [first, second] = match &self.0.play {
            Some(play) => {
                let next = play.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                next.ok_or("nobody is there")?.map(Some)
            }
            None => [None, None],
        };
        let (first, reason) = self.one_person(first).await?;
        let (second, _) = self.one_person(second).await?;
        if first == second {
            return Err(format!("{first} cannot be both of the two who have to approve").into());
        }
        Ok(Grant::new(reason).source_identity("alice").tag("approved-by", format!("{first} {second}")))
    }

    async fn one_person(
        &self,
        script: Option<Answer>,
    ) -> Result<(String, String), Box<dyn Error + Send + Sync>> {
        self.0.asked.fetch_add(1, Ordering::Relaxed);
        match script {
            Some(Answer::Yes { who, reason }) => Ok((who.to_owned(), reason.to_owned())),
            Some(Answer::No { who, why }) => Err(format!("{who} says no: {why}").into()),
            None => {
                tokio::task::spawn_blocking(|| {
                    let (who, reason) = (typed("   who are you? ")?, typed("   why (nothing: no)? ")?);
                    if reason.is_empty() { Err(format!("{who} says no").into()) } else { Ok((who, reason)) }
                })
                .await?
            }
        }
    }
}

fn typed(prompt: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
    print!("{prompt}");
    stdout().flush()?;
    let line = stdin().lines().next().ok_or("there is no terminal")??;
    Ok(line.trim().to_owned())
}
