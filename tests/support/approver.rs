//! A person who approves sessions, or does what a test wrote down instead.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_chain::gate::{Ask, Grant};

/// What a gate does, asked once.
pub enum Act {
    Grants(Grant),
    /// Grants it after a while.
    Dawdles(Duration),
    Refuses(&'static str),
    Hangs,
    Panics,
}

/// Clones are the same person. What is not written down is granted.
#[derive(Clone, Default)]
pub struct Approver {
    acts: Arc<Mutex<VecDeque<Act>>>,
    asks: Arc<Mutex<Vec<Ask>>>,
}

impl Approver {
    /// What happens next.
    pub fn then(&self, acts: impl IntoIterator<Item = Act>) {
        self.acts.lock().unwrap().extend(acts);
    }

    /// How often this one was asked.
    pub fn asked(&self) -> usize {
        self.asks.lock().unwrap().len()
    }

    pub fn asks(&self) -> Vec<Ask> {
        self.asks.lock().unwrap().clone()
    }

    /// What is granted if nothing else is said.
    pub fn grant() -> Grant {
        Grant::new("INC-4711: the ledger is stuck").source_identity("alice").tag("approved-by", "bob")
    }

    pub async fn answer(self, ask: Ask) -> Result<Grant, Box<dyn Error + Send + Sync>> {
        self.asks.lock().unwrap().push(ask);
        let act = self.acts.lock().unwrap().pop_front();
        match act {
            Some(Act::Grants(grant)) => return Ok(grant),
            Some(Act::Refuses(why)) => return Err(why.into()),
            Some(Act::Hangs) => std::future::pending().await,
            Some(Act::Panics) => panic!("as the test says"),
            Some(Act::Dawdles(time)) => tokio::time::sleep(time).await,
            None => {}
        }
        Ok(Self::grant())
    }
}
