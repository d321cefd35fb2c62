//! What this source looks at.

use super::{ACCESS_KEY_ID, ACCOUNT_ID, EXPIRATION, Environment, SECRET_ACCESS_KEY, SESSION_TOKEN};
use crate::explain::{Examined, Look, Next};

pub(super) fn examine(source: &Environment) -> Examined {
    // The other names of keys only where they are set: hardly anybody knows them.
    let keys = [ACCESS_KEY_ID.as_slice(), &SECRET_ACCESS_KEY, &SESSION_TOKEN];
    let is_own_or_set = |names: &'static [&'static str]| {
        let further = names[1..].iter().filter(|name| source.env.get(name).is_some());
        names.first().into_iter().chain(further).copied()
    };
    let variables = keys.into_iter().flat_map(is_own_or_set).chain([ACCOUNT_ID, EXPIRATION]);
    let read = source.read().map(|_| Next::Read("access keys in variables".to_owned()));
    Examined::new(read).looked_at(variables.map(|name| Look::variable(&source.env, name)).collect::<Vec<_>>())
}
