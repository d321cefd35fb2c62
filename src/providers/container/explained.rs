//! What this source looks at.

use super::{Container, FULL_URI, RELATIVE_URI, TOKEN, TOKEN_FILE};
use crate::error::Error;
use crate::explain::{Examined, Look, Next};

pub(super) async fn examine(source: &Container) -> Examined {
    let env = &source.host.env;
    let mut looks = Vec::from([RELATIVE_URI, FULL_URI, TOKEN].map(|name| Look::variable(env, name)));
    looks.push(Look::shown(env, TOKEN_FILE));
    if let Some(path) = env.path(TOKEN_FILE) {
        looks.push(Look::file(&source.host, &path, Some(TOKEN_FILE)).await);
    }
    let next = next(source).await;
    Examined::new(next).looked_at(looks)
}

async fn next(source: &Container) -> Result<Next, Error> {
    let endpoint = source.endpoint()?;
    if endpoint.address().is_some() {
        // Nothing is resolved for that.
        endpoint.resolve().await?;
    }
    let authorized = if source.authorization().await?.value.is_some() { ", with a token" } else { "" };
    Ok(Next::Ask(format!("GET {} ({}{authorized})", endpoint.shown(), endpoint.variable())))
}
