//! Every key that may sign here, whoever issued it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::principal::Principal;

/// The keys of the whole local AWS, by access key id.
#[derive(Default)]
pub(super) struct Keys(Mutex<HashMap<String, Arc<Key>>>);

pub(super) struct Key {
    pub(super) secret: String,
    /// `None` for long-lived keys.
    pub(super) temporary: Option<Temporary>,
    pub(super) principal: Principal,
}

pub(super) struct Temporary {
    pub(super) token: String,
    pub(super) expiry: SystemTime,
}

impl Keys {
    pub(super) fn add(&self, access_key_id: impl Into<String>, key: Key) {
        self.map().insert(access_key_id.into(), Arc::new(key));
    }

    pub(super) fn get(&self, access_key_id: &str) -> Option<Arc<Key>> {
        self.map().get(access_key_id).cloned()
    }

    fn map(&self) -> MutexGuard<'_, HashMap<String, Arc<Key>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
