//! What this source looks at.

use super::{Given, ROLE_ARN, SESSION_NAME, TOKEN_FILE, Token, WebIdentity, read_token};
use crate::error::Error;
use crate::explain::{Examined, Look, Next};
use crate::service::Hints;

pub(super) async fn examine(source: &WebIdentity) -> Examined {
    let host = &source.bearer.host;
    let mut looks = Vec::new();
    if source.given.is_none() {
        looks.extend([TOKEN_FILE, ROLE_ARN, SESSION_NAME].map(|name| Look::shown(&host.env, name)));
    }
    let next = match source.wanted() {
        Ok(given) => {
            if let Token::File { path, named_by } = &given.token {
                looks.push(Look::file(host, path, Some(named_by)).await);
            }
            next(source, &given, &mut looks).await
        }
        Err(error) => Err(error),
    };
    Examined::new(next).looked_at(looks)
}

async fn next(source: &WebIdentity, given: &Given, looks: &mut Vec<Look>) -> Result<Next, Error> {
    let host = &source.bearer.host;
    // A callback may have a person log in: it is asked only for credentials.
    if let Token::File { path, named_by } = &given.token {
        read_token(host, path, named_by).await?;
    }
    let hints = Hints { partition: given.role.arn().partition(), instance_region: None };
    let endpoint = source.bearer.settings.look(host).await?.sts(hints)?;
    looks.push(Look::new(given.role.arn(), format_args!("AssumeRoleWithWebIdentity, {endpoint}")));
    Ok(Next::Ask(format!("POST {} to assume {} with the token", endpoint.url, given.role.arn())))
}
