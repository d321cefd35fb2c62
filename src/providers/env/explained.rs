//! What this source looks at.

use super::{ACCESS_KEY_ID, ACCOUNT_ID, EXPIRATION, Environment, SECRET_ACCESS_KEY, SESSION_TOKEN};
use crate::explain::{Examined, Look, Next};

pub(super) fn examine(source: &Environment) -> Examined {
    let variables = [ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN, ACCOUNT_ID, EXPIRATION];
    let read = source.read().map(|_| Next::Read("access keys in variables".to_owned()));
    Examined::new(read).looked_at(variables.map(|name| Look::variable(&source.env, name)))
}
