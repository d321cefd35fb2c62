//! A person with an MFA device, who does what a test wrote down, prompt by prompt.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_chain::providers::MfaPrompt;
use aws_credential_chain::testing::LocalAws;

pub const SERIAL: &str = "arn:aws:iam::111111111111:mfa/alice";

/// What a person does, asked for a code.
#[derive(Clone, Debug)]
pub enum Act {
    /// Types this.
    Types(&'static str),
    /// Types the next good code after a while.
    Dawdles(Duration),
    Refuses(&'static str),
    Hangs,
}

/// Clones are the same person. What is not written down is answered with a good code.
#[derive(Clone, Debug)]
pub struct Phone {
    acts: Arc<Mutex<VecDeque<Act>>>,
    prompts: Arc<Mutex<Vec<String>>>,
    /// How many are being asked at the moment, and were at most.
    at_once: Arc<Mutex<(usize, usize)>>,
    codes: Arc<Mutex<VecDeque<String>>>,
    typed: Arc<Mutex<Vec<String>>>,
}

impl Phone {
    /// Its codes are good.
    pub fn of(aws: &LocalAws) -> Self {
        let codes: VecDeque<String> = (0..20).map(|number| format!("{}", 731_846 + number * 7_919)).collect();
        for code in &codes {
            aws.sts().accept_mfa_code(SERIAL, code);
        }
        Self {
            acts: Arc::default(),
            prompts: Arc::default(),
            at_once: Arc::default(),
            codes: Arc::new(Mutex::new(codes)),
            typed: Arc::default(),
        }
    }

    /// The next prompts.
    pub fn then(&self, acts: impl IntoIterator<Item = Act>) {
        self.acts.lock().unwrap().extend(acts);
    }

    /// How often somebody was asked.
    pub fn asked(&self) -> usize {
        self.prompts.lock().unwrap().len()
    }

    pub fn prompts(&self) -> Vec<String> {
        self.prompts.lock().unwrap().clone()
    }

    pub fn at_once(&self) -> usize {
        self.at_once.lock().unwrap().1
    }

    /// The secrets of this person.
    pub fn typed(&self) -> Vec<String> {
        self.typed.lock().unwrap().clone()
    }

    pub async fn answer(self, prompt: MfaPrompt) -> Result<String, Box<dyn Error + Send + Sync>> {
        self.prompts.lock().unwrap().push(prompt.to_string());
        let _busy = Busy::with(&self);
        let act = self.acts.lock().unwrap().pop_front();
        match act {
            Some(Act::Types(text)) => return Ok(self.type_in(text)),
            Some(Act::Refuses(why)) => return Err(why.into()),
            Some(Act::Hangs) => std::future::pending().await,
            Some(Act::Dawdles(time)) => tokio::time::sleep(time).await,
            None => {}
        }
        let code = self.codes.lock().unwrap().pop_front().unwrap();
        // As terminals give it.
        Ok(self.type_in(&format!(" {code}\n")))
    }

    fn type_in(&self, text: &str) -> String {
        self.typed.lock().unwrap().push(text.trim().to_owned());
        text.to_owned()
    }
}

/// Somebody is being asked; no longer, once this is dropped.
struct Busy(Phone);

impl Busy {
    fn with(phone: &Phone) -> Self {
        let mut at_once = phone.at_once.lock().unwrap();
        at_once.0 += 1;
        at_once.1 = at_once.1.max(at_once.0);
        Self(phone.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.at_once.lock().unwrap().0 -= 1;
    }
}
